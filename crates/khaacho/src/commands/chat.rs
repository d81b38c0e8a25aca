//! `khaacho chat`: the WhatsApp conversation in the terminal, against a running server or a local file.
//!
//! What is typed goes through the signed webhook as Meta would send it ([`crate::meta`]); what comes back is what the
//! simulator's fake Graph API recorded. Several people can be played in one session: what comes for those who are not at
//! the phone waits for them. Where the input is no terminal it is printed too, so that the output reads as a transcript.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use whatsapp::fake::Say;

use crate::config::Config;
use crate::meta::{Meta, Wish, press, user_id};
use crate::serve::print_line;
use crate::simulator::{Advance, Bubble, Player, Refuse};

/// How long an answer is waited for after something was said.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the server is asked for new messages.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Characters of a line in a bubble.
const WIDTH: usize = 64;

const HELP: &str = "\
  type a message as you would on the phone; a number presses that button
  /as NAME_OR_PHONE   be someone else: a part of the name, a number from /people, or any phone
  /people             who there is, and who has unread messages
  /clock +25d         move the server's clock ahead (d days, h hours, m minutes)
  /misbehave WHAT     let WhatsApp misbehave: duplicates, reorder, late, failed, error CODE, no-phone, off
  /help               this
  /quit               leave";

/// The flags of the command.
#[derive(Clone, Debug, clap::Args)]
pub struct Flags {
    /// The server to talk to; where it is left out, the one of this configuration, else the local file is served.
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Who to be: a part of a shop's or wholesaler's name, or a phone.
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<String>,
}

/// Runs the conversation until the input ends.
pub async fn run(config: Config, flags: Flags) -> anyhow::Result<()> {
    let url = flags.url.clone().unwrap_or_else(|| format!("http://{}", config.listen));
    let local = if flags.url.is_none() && !answers(&url).await {
        print_line(&format!("No server answers at {url}; serving {} for this conversation.", config.database));
        let mut config = config;
        config.simulator = true;
        "127.0.0.1:0".clone_into(&mut config.listen);
        Some(crate::serve::start(config).await?)
    } else {
        None
    };
    let url = local.as_ref().map_or(url, |server| format!("http://{}", server.address));
    let mut chat = Chat::open(&url).await?;
    chat.be(flags.name.as_deref())?;
    print_line(&format!("{HELP}\n"));
    let is_typed = std::io::stdin().is_terminal();
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        chat.prompt()?;
        let Some(line) = lines.next_line().await? else { break };
        if !is_typed {
            print_line(&line);
        }
        match line.trim() {
            "" => chat.show_new(None).await?,
            "/quit" => break,
            line => {
                if let Err(error) = chat.line(line).await {
                    print_line(&format!("  {error:#}"));
                }
            }
        }
    }
    print_line("");
    if let Some(server) = local {
        server.stop().await;
    }
    Ok(())
}

async fn answers(url: &str) -> bool {
    match client() {
        Ok(client) => {
            client.get(format!("{url}/simulator/players")).send().await.is_ok_and(|a| a.status().is_success())
        }
        Err(_) => false,
    }
}

fn client() -> anyhow::Result<reqwest::Client> {
    whatsapp::client::install_crypto();
    Ok(reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?)
}

struct Chat {
    url: String,
    http: reqwest::Client,
    meta: Meta,
    players: Vec<Player>,
    me: usize,
    /// Messages of the fake that were looked at.
    seen: usize,
    /// What came for whom and was not shown yet, by phone.
    unread: BTreeMap<String, Vec<Bubble>>,
    /// What each was shown last: a number presses something there.
    last: BTreeMap<String, Bubble>,
}

impl Chat {
    async fn open(url: &str) -> anyhow::Result<Self> {
        let http = client()?;
        let players: Vec<Player> = http
            .get(format!("{url}/simulator/players"))
            .send()
            .await
            .with_context(|| format!("no server answers at {url}"))?
            .error_for_status()
            .context("the server runs without the simulator; start it with `khaacho demo` or with simulator = true")?
            .json()
            .await?;
        if players.is_empty() {
            bail!("there is nobody to be yet: fill the database with `khaacho demo` first");
        }
        let (unread, last) = (BTreeMap::new(), BTreeMap::new());
        let meta = Meta::towards(url)?;
        let mut chat = Self { url: url.to_owned(), http, meta, players, me: 0, seen: 0, unread, last };
        chat.seen = chat.bubbles().await?.last().map_or(0, |bubble| bubble.seq);
        Ok(chat)
    }

    fn me(&self) -> anyhow::Result<&Player> {
        self.players.get(self.me).context("nobody is chosen")
    }

    /// Becomes someone else; a phone of nobody makes a stranger.
    fn be(&mut self, wanted: Option<&str>) -> anyhow::Result<()> {
        self.me = match wanted {
            None => self.players.iter().position(|player| player.role == "retailer").unwrap_or(0),
            Some(wanted) => {
                if let Some(found) = find(&self.players, wanted) {
                    found
                } else {
                    let phone = phone(wanted).context("nobody has that name; /people lists everyone")?;
                    let (name, role) = (format!("+{phone}"), "stranger".to_owned());
                    self.players.push(Player { phone, name, role });
                    self.players.len().saturating_sub(1)
                }
            }
        };
        let me = self.me()?;
        print_line(&format!("You are {} ({}, {}).", me.name, me.role, me.phone));
        Ok(())
    }

    fn prompt(&self) -> anyhow::Result<()> {
        let mut out = std::io::stdout();
        write!(out, "{} > ", self.me()?.name)?;
        out.flush()?;
        Ok(())
    }

    async fn line(&mut self, line: &str) -> anyhow::Result<()> {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("/as", name) => {
                self.be(Some(name.trim()))?;
                self.show_new(None).await
            }
            ("/people", _) => {
                self.look().await?;
                for (number, player) in (1..).zip(&self.players) {
                    let unread = self.unread.get(&player.phone).map_or(0, Vec::len);
                    let unread = if unread == 0 { String::new() } else { format!("  ({unread} unread)") };
                    print_line(&format!(
                        "  {number:>3}  {:<8}  {}  {}{unread}",
                        player.role, player.phone, player.name
                    ));
                }
                Ok(())
            }
            ("/clock", step) => self.move_clock(step.trim()).await,
            ("/misbehave", wish) => self.misbehave(wish).await,
            ("/help", _) => {
                print_line(HELP);
                Ok(())
            }
            (command, _) if command.starts_with('/') => bail!("there is no {command}; /help lists what there is"),
            _ => self.say(line).await,
        }
    }

    async fn misbehave(&mut self, wish: &str) -> anyhow::Result<()> {
        match Wish::read(wish)? {
            Wish::From(mischief) => {
                self.meta.mischief = mischief;
                print_line(if mischief.is_some() {
                    "  So be it, until /misbehave off."
                } else {
                    "  All is well again."
                });
            }
            Wish::Error(code) => {
                let url = format!("{}/simulator/refuse", self.url);
                self.http.post(url).json(&Refuse { code }).send().await?.error_for_status()?;
                print_line(&format!("  The next message will be refused with {code}."));
            }
        }
        Ok(())
    }

    async fn say(&mut self, text: &str) -> anyhow::Result<()> {
        let me = self.me()?.clone();
        let pressed = self.last.get(&me.phone).and_then(|last| press(last, text));
        let say = pressed.unwrap_or_else(|| Say::Text(text.to_owned()));
        let now = self.move_clock_by(0).await?;
        let person = self.meta.person(&me.phone, &me.name);
        if self.meta.say(&person, &say, now).await? {
            self.show_new(Some(PATIENCE)).await
        } else {
            print_line("  (on its way; the next message will overtake it)");
            Ok(())
        }
    }

    async fn move_clock(&mut self, step: &str) -> anyhow::Result<()> {
        let now = self.move_clock_by(step_seconds(step)?).await?;
        print_line(&format!("  It is now {now}."));
        Ok(())
    }

    async fn move_clock_by(&self, seconds: u32) -> anyhow::Result<kernel::Instant> {
        let body = Advance { advance_seconds: seconds };
        let answer = self.http.post(format!("{}/simulator/clock", self.url)).json(&body).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    async fn bubbles(&self) -> anyhow::Result<Vec<Bubble>> {
        let url = format!("{}/simulator/messages?after={}", self.url, self.seen);
        Ok(self.http.get(url).send().await?.error_for_status()?.json().await?)
    }

    /// Lays what is new before whom it is for.
    async fn look(&mut self) -> anyhow::Result<()> {
        for bubble in self.bubbles().await? {
            self.seen = bubble.seq;
            let is_theirs = |player: &&Player| player.phone == bubble.to || user_id(&player.phone) == bubble.to;
            let phone = self.players.iter().find(is_theirs).map_or(&bubble.to, |player| &player.phone).clone();
            self.unread.entry(phone).or_default().push(bubble);
        }
        Ok(())
    }

    /// Shows what came for me, and says in a word what waits for others. Waits for something where a time is given.
    async fn show_new(&mut self, patience: Option<Duration>) -> anyhow::Result<()> {
        let rounds = patience.map_or(1, |patience| patience.as_millis() / LOOK_EVERY.as_millis());
        let phone = self.me()?.phone.clone();
        for _ in 0..rounds {
            self.look().await?;
            if patience.is_none() || self.unread.contains_key(&phone) {
                return self.show(&phone).await;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        print_line("  (no answer yet; press enter to look again)");
        Ok(())
    }

    async fn show(&mut self, phone: &str) -> anyhow::Result<()> {
        let mine = self.unread.remove(phone).unwrap_or_default();
        for bubble in &mine {
            print_line(&framed(&bubble.readable));
            self.last.insert(phone.to_owned(), bubble.clone());
        }
        for (other, waiting) in &self.unread {
            let name = self.players.iter().find(|player| player.phone == *other).map_or(other, |player| &player.name);
            print_line(&format!("  ({} for {name}; /as {other})", waiting.len()));
        }
        let now = self.move_clock_by(0).await?;
        self.meta.tell(&mine, now).await
    }
}

/// The one whose number, phone or name this is.
fn find(players: &[Player], wanted: &str) -> Option<usize> {
    if let Some(number) = wanted.parse::<usize>().ok().filter(|number| (1..=players.len()).contains(number)) {
        return number.checked_sub(1);
    }
    let (digits, lower) = (phone(wanted), wanted.to_lowercase());
    let is_meant = |player: &Player| match &digits {
        Some(digits) => player.phone == *digits,
        None => !lower.is_empty() && player.name.to_lowercase().contains(&lower),
    };
    players.iter().position(is_meant)
}

/// The digits of what is written as a phone.
fn phone(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_phone = text.chars().all(|letter| letter.is_ascii_digit() || " +-()".contains(letter));
    (is_phone && (8..=15).contains(&digits.len())).then_some(digits)
}

/// The seconds of `+25d`, `+3h` or `+10m`.
fn step_seconds(step: &str) -> anyhow::Result<u32> {
    const HOW: &str = "say how far, like /clock +25d, +3h or +10m";
    let step = step.trim_start_matches('+');
    let unit = step.chars().next_back().context(HOW)?;
    let seconds = match unit {
        'd' => 86_400,
        'h' => 3_600,
        'm' => 60,
        _ => bail!(HOW),
    };
    let number: u32 = step.trim_end_matches(unit).parse().context(HOW)?;
    number.checked_mul(seconds).context("that is too far ahead")
}

/// A bubble: the text between two lines, indented, its long lines broken between words.
fn framed(text: &str) -> String {
    let lines: Vec<String> = text.lines().flat_map(broken).collect();
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0).clamp(10, WIDTH);
    let rule = "─".repeat(width.saturating_add(1));
    format!("    ╭{rule}\n    │ {}\n    ╰{rule}", lines.join("\n    │ "))
}

fn broken(line: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        let Some(last) = lines.last_mut() else { break };
        if !last.is_empty() && last.chars().count().saturating_add(word.chars().count()) >= WIDTH {
            lines.push(word.to_owned());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn player(phone: &str, name: &str) -> Player {
        Player { phone: phone.to_owned(), name: name.to_owned(), role: "retailer".to_owned() }
    }

    #[test]
    fn people_are_found_by_number_name_and_phone() {
        let players = [player("9779848000001", "Ram Store"), player("9779848000002", "Sita Pasal")];
        for (wanted, found) in [
            ("2", Some(1)),
            ("sita", Some(1)),
            ("+977 9848000001", Some(0)),
            ("9779848000003", None),
            ("hari", None),
            ("", None),
            ("3", None),
        ] {
            assert_eq!(find(&players, wanted), found, "{wanted}");
        }
        assert_eq!(phone("ram"), None);
    }

    #[test]
    fn a_step_of_the_clock_is_days_hours_or_minutes() {
        assert_eq!((step_seconds("+25d").unwrap(), step_seconds("3h").unwrap()), (2_160_000, 10_800));
        for wrong in ["", "+", "25", "d", "+5 years", "+99999999d", "+1दिन"] {
            assert!(step_seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_bubble_breaks_long_lines_between_words() {
        assert_eq!(framed("Namaste\n[1] Menu"), "    ╭───────────\n    │ Namaste\n    │ [1] Menu\n    ╰───────────");
        let long = framed(&"word ".repeat(30));
        assert!(long.lines().all(|line| line.chars().count() <= WIDTH + 6), "{long}");
    }
}
