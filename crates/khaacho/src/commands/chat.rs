//! `khaacho chat`: the WhatsApp conversation in the terminal, against a running server or a local file.
//!
//! What is typed goes through the signed webhook as Meta would send it; what comes back is what the simulator's fake
//! Graph API recorded.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, bail};
use kernel::IdGen;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use whatsapp::fake::{Courier, Person, Say, Sent, Webhook};
use whatsapp::recipient::Recipient;

use crate::config::{Config, SIMULATOR_APP_SECRET, SIMULATOR_PHONE_NUMBER_ID};
use crate::serve::print_line;
use crate::simulator::{Advance, Bubble, Player};

/// How long an answer is waited for after something was said.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the server is asked for new messages.
const LOOK_EVERY: Duration = Duration::from_millis(100);

const HELP: &str = "\
  type a message as you would on the phone; a number presses that button
  /as NAME     be someone else (a part of the name, or a number from /who)
  /who         who there is
  /clock +25d  move the server's clock ahead (d days, h hours, m minutes)
  /help        this
  /quit        leave";

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
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        chat.prompt()?;
        let Some(line) = lines.next_line().await? else { break };
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
    courier: Courier,
    players: Vec<Player>,
    me: usize,
    seen: usize,
    last: Option<Bubble>,
    ids: IdGen,
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
        let courier = Courier::new(&format!("{url}/api/v1/whatsapp/webhook"), SIMULATOR_APP_SECRET)?;
        let mut chat =
            Self { url: url.to_owned(), http, courier, players, me: 0, seen: 0, last: None, ids: IdGen::system() };
        chat.seen = chat.bubbles().await?.last().map_or(0, |bubble| bubble.seq);
        Ok(chat)
    }

    fn me(&self) -> anyhow::Result<&Player> {
        self.players.get(self.me).context("nobody is chosen")
    }

    fn be(&mut self, wanted: Option<&str>) -> anyhow::Result<()> {
        let is_meant = |player: &Player, wanted: &str| {
            player.phone == wanted || player.name.to_lowercase().contains(&wanted.to_lowercase())
        };
        let found = match wanted {
            None => self.players.iter().position(|player| player.role == "retailer"),
            Some(wanted) => match wanted.parse::<usize>() {
                Ok(number) if (1..=self.players.len()).contains(&number) => number.checked_sub(1),
                _ => self.players.iter().position(|player| is_meant(player, wanted)),
            },
        };
        self.me = found.context("nobody has that name; /who lists everyone")?;
        self.last = None;
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
            ("/who", _) => {
                for (number, player) in (1..).zip(&self.players) {
                    print_line(&format!("  {number:>3}  {:<8}  {}  {}", player.role, player.phone, player.name));
                }
                Ok(())
            }
            ("/clock", step) => self.move_clock(step.trim()).await,
            ("/help", _) => {
                print_line(HELP);
                Ok(())
            }
            (command, _) if command.starts_with('/') => bail!("there is no {command}; /help lists what there is"),
            _ => self.say(line).await,
        }
    }

    async fn say(&mut self, text: &str) -> anyhow::Result<()> {
        let me = self.me()?.clone();
        let pressed = self.last.as_ref().and_then(|last| press(last, text));
        let say = pressed.unwrap_or_else(|| Say::Text(text.to_owned()));
        let clock = self.move_clock_by(0).await?;
        let wamid = format!("wamid.chat.{:032x}", u128::from_le_bytes(self.ids.random_bytes()));
        let seconds = clock.micros() / 1_000_000;
        let person = Person::phone(&me.phone, &me.name);
        let webhook = Webhook::to(SIMULATOR_PHONE_NUMBER_ID).message(&person, &wamid, seconds, &say);
        let status = self.courier.deliver(&webhook).await?;
        if status != 200 {
            bail!("the webhook answered {status}");
        }
        self.show_new(Some(PATIENCE)).await
    }

    async fn move_clock(&mut self, step: &str) -> anyhow::Result<()> {
        let step = step.trim_start_matches('+');
        let (number, unit) = step.split_at(step.len().saturating_sub(1));
        let seconds = match unit {
            "d" => 86_400,
            "h" => 3_600,
            "m" => 60,
            _ => bail!("say how far, like /clock +25d, +3h or +10m"),
        };
        let number: u32 = number.parse().context("say how far, like /clock +25d")?;
        let now = self.move_clock_by(number.checked_mul(seconds).context("that is too far ahead")?).await?;
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

    /// Shows what came for me, and says in a word what came for others. Waits for something where a time is given.
    async fn show_new(&mut self, patience: Option<Duration>) -> anyhow::Result<()> {
        let rounds = patience.map_or(1, |patience| patience.as_millis() / LOOK_EVERY.as_millis());
        let phone = self.me()?.phone.clone();
        for _ in 0..rounds {
            let new = self.bubbles().await?;
            let is_answered = new.iter().any(|bubble| bubble.to == phone);
            for bubble in new {
                self.seen = bubble.seq;
                if bubble.to == phone {
                    print_line(&framed(&bubble.readable));
                    self.last = Some(bubble);
                } else {
                    let name = self.players.iter().find(|player| player.phone == bubble.to);
                    let name = name.map_or(bubble.to.as_str(), |player| player.name.as_str());
                    print_line(&format!("  (a message for {name})"));
                }
            }
            if patience.is_none() || is_answered {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        print_line("  (no answer yet; press enter to look again)");
        Ok(())
    }
}

/// The button or row that a typed number presses.
fn press(last: &Bubble, text: &str) -> Option<Say> {
    let number: usize = text.trim().parse().ok()?;
    let sent = Sent {
        wamid: last.wamid.clone(),
        to: Recipient::parse(&last.to)?,
        message: last.message.clone(),
        opaque: None,
        readable: last.readable.clone(),
        json: serde_json::Value::Null,
    };
    Say::choose(&sent, number)
}

/// A bubble: the text between two lines, indented.
fn framed(text: &str) -> String {
    let width = text.lines().map(|line| line.chars().count()).max().unwrap_or(0).clamp(10, 72);
    let rule = "─".repeat(width);
    let body = text.lines().collect::<Vec<_>>().join("\n    │ ");
    format!("    ╭{rule}\n    │ {body}\n    ╰{rule}")
}
