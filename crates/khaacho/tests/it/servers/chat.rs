//! A conversation as somebody tries it out: typed into `khaacho chat`, and on the panel's page of the simulator.

use std::io::Write as _;
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

use http::header;

use super::server::{Asker, Home, Server};
use super::world::World;

const SHOP: &str = "9779848000001";
const VENDOR: &str = "9779858000001";

/// `khaacho chat` with somebody at the keyboard.
struct Terminal {
    child: Child,
    keyboard: ChildStdin,
}

impl Terminal {
    fn open(home: &Home, server: &Server) -> Self {
        let mut command = home.command("chat");
        command.args(["--url", &server.address, "--as", "Shop 1"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let keyboard = child.stdin.take().unwrap();
        Self { child, keyboard }
    }

    fn type_lines(&mut self, lines: &[&str]) {
        self.keyboard.write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
    }

    /// What it showed, to the end.
    fn close(self) -> String {
        drop(self.keyboard);
        let ended = self.child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{:?}", ended.status);
        String::from_utf8(ended.stdout).unwrap()
    }
}

/// What was said between a typed line and the next one.
fn after<'t>(transcript: &'t str, line: &str) -> &'t str {
    let (_, rest) = transcript.split_once(&format!(" > {line}\n")).unwrap_or_else(|| panic!("{line}: {transcript}"));
    rest.split_once(" > ").map_or(rest, |(said, _)| said)
}

async fn chats(home: Home) {
    let server = Server::start(&home);
    let asker = Asker::new();
    World::open(&asker, &server.address, &[1_000_000]).await;
    let mut terminal = Terminal::open(&home, &server);
    terminal.type_lines(&["/people", "2 bora rice", "1", "/as karnali", "/as +9779848000001", "udharo"]);
    while !reqwest::get(format!("{}/simulator/messages?after=0", server.address))
        .await
        .unwrap()
        .text()
        .await
        .unwrap()
        .contains(VENDOR)
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    terminal.type_lines(&[
        "/as Karnali",
        "2",
        "3",
        "/clock +25d",
        "/clock soon",
        "/misbehave duplicates",
        "/misbehave off",
    ]);
    terminal.type_lines(&["/nowhere", "/quit", "never read"]);
    let told = terminal.close();
    let people = after(&told, "/people");
    assert!(
        people.contains("retailer  9779848000001  Shop 1") && people.contains("vendor    9779858000001  Karnali"),
        "{told}"
    );
    let cart = after(&told, "2 bora rice");
    assert!(cart.contains("2 bora Rice — Rs. 200.00") && cart.contains("[1] Pakka"), "{told}");
    assert!(after(&told, "1").contains("[1] Udharo"), "a number presses the button: {told}");
    assert!(after(&told, "udharo").contains("Rs. 200.00 udharo ma"), "{told}");
    let offer = after(&told, "/as Karnali");
    assert!(offer.contains("You are Karnali (vendor, 9779858000001).") && offer.contains("[1] Accept"), "{told}");
    assert!(after(&told, "3").contains("aru lai sodhchhau"), "{told}");
    assert!(after(&told, "/clock +25d").contains("It is now 20"), "{told}");
    assert!(after(&told, "/clock soon").contains("say how far, like /clock +25d"), "{told}");
    assert!(after(&told, "/misbehave duplicates").contains("until /misbehave off"), "{told}");
    assert!(after(&told, "/misbehave off").contains("All is well again."), "{told}");
    assert!(after(&told, "/nowhere").contains("there is no /nowhere"), "{told}");
    assert!(!told.contains("never read"), "{told}");

    let mut again = Terminal::open(&home, &server);
    again.type_lines(&["/misbehave duplicates", "menu", "mero order"]);
    let again = again.close();
    assert_eq!(after(&again, "menu").matches('╭').count(), 1, "what is delivered twice is answered once: {again}");
    let ahead = Asker::at(25 * 24 * 60 * 60);
    let orders = ahead.get(&server.address, "orders").await;
    assert_eq!(
        (orders["items"].as_array().unwrap().len(), &orders["items"][0]["state"]),
        (1, &"FAILED".into()),
        "{orders}"
    );
    drop(server);
    home.is_clean();
}

/// Someone at a browser.
struct Browser {
    client: reqwest::Client,
    address: String,
    cookie: String,
}

fn hidden<'p>(page: &'p str, name: &str) -> &'p str {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{name}: {page}"));
    rest.split('"').next().unwrap()
}

impl Browser {
    async fn sign_in(server: &Server, login: &str, password: &str) -> Self {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let mut browser = Self { client, address: server.address.clone(), cookie: String::new() };
        let answer = browser.send("/admin/sign-in", &format!("login={login}&password={password}")).await;
        assert_eq!(answer.status(), 303, "{login} with {password}");
        let set = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        set.split(';').next().unwrap().clone_into(&mut browser.cookie);
        browser
    }

    async fn send(&self, path: &str, form: &str) -> reqwest::Response {
        let request = self.client.post(format!("{}{path}", self.address)).body(form.to_owned());
        let request = request.header(header::ORIGIN, &self.address).header(header::COOKIE, &self.cookie);
        request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").send().await.unwrap()
    }

    async fn page(&self) -> String {
        let path = format!("{}/admin/simulator?as={SHOP}", self.address);
        let answer = self.client.get(path).header(header::COOKIE, &self.cookie).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.text().await.unwrap()
    }

    /// Sends a form of the page, and looks at the page again.
    async fn posted(&self, what: &str, fields: &str) -> String {
        let page = self.page().await;
        let (token, key) = (hidden(&page, "_csrf"), hidden(&page, "_key"));
        let form = format!("_csrf={token}&_key={key}&as={SHOP}&{fields}");
        let answer = self.send(&format!("/admin/simulator/{what}"), &form).await;
        assert_eq!(answer.status(), 303, "{what} {fields}");
        self.page().await
    }
}

async fn plays_on_the_page(home: Home) {
    let added = home.command("user").args(["add", "counter"]).output().unwrap();
    let added = String::from_utf8(added.stdout).unwrap();
    let password = added.split("password ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let server = Server::start(&home);
    let asker = Asker::new();
    World::open(&asker, &server.address, &[1_000_000]).await;
    let browser = Browser::sign_in(&server, "counter", &password).await;
    let cart = browser.posted("say", "text=2+bora+rice").await;
    assert!(cart.contains("2 bora Rice — Rs. 200.00") && cart.contains("1. Pakka"), "{cart}");
    assert!(browser.posted("say", "text=1").await.contains("1. Udharo"));
    let placed = browser.posted("say", "text=1").await;
    assert!(placed.contains("Rs. 200.00 udharo ma"), "{placed}");
    let day = |page: &str| page.rsplit("<time datetime=\"").next().unwrap()[..10].to_owned();
    let before = day(&placed);
    assert_ne!(day(&browser.posted("clock", "days=3").await), before);
    browser.posted("misbehave", "misbehave=duplicates").await;
    let menu = browser.posted("say", "text=menu").await;
    assert_eq!(menu.matches("Ke sahayog garau").count(), 1, "what is delivered twice is answered once: {menu}");
    let wrong = format!("_csrf={}&_key=x&as={SHOP}&days=soon", hidden(&menu, "_csrf"));
    let wrong = browser.send("/admin/simulator/clock", &wrong).await;
    assert!(wrong.text().await.unwrap().contains("role=\"alert\""));
    drop(server);
    home.is_clean();
}

#[tokio::test]
async fn somebody_types_into_the_terminal_sqlite() {
    chats(Home::sqlite()).await;
}

#[tokio::test]
async fn somebody_types_into_the_terminal_postgres() {
    chats(Home::postgres()).await;
}

#[tokio::test]
async fn somebody_plays_on_the_page_sqlite() {
    plays_on_the_page(Home::sqlite()).await;
}

#[tokio::test]
async fn somebody_plays_on_the_page_postgres() {
    plays_on_the_page(Home::postgres()).await;
}
