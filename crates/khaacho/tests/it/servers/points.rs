//! The server dies at each point of each command that moves money: before each of its statements, before COMMIT, and after
//! it before the answer. Each time it is started again on what it left, and asked again with the same key. Until COMMIT
//! that is, row for row, what was there before; after it the whole effect, once, as in a house where nobody dies.
//!
//! `db::crash` names the points. A run takes some of each command, drawn by its seed; `TEST_CRASH_POINTS=all` takes all.
#![expect(clippy::print_stdout, reason = "the seed and the points are for whoever reads a failure")]

use db::Db;
use http::Method;
use kernel::IdGen;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;

use super::dump::Dump;
use super::server::{Answer, Asker, Home, Server};
use super::story;

/// Before how many statements of a command a short run dies.
const SOME: usize = 1;

/// A command of the story.
pub(super) struct Command {
    pub(super) name: &'static str,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) body: Value,
}

impl Command {
    fn key(&self) -> String {
        self.name.replace(' ', "-")
    }
}

/// Who tells the story to a server: once without a death, and once with them.
pub(super) struct Teller {
    home: Home,
    /// Reads beside the servers, whether one runs or not.
    db: Db,
    pub(super) asker: Asker,
    /// One at a time serves a file.
    server: Option<Server>,
    /// Draws the points; None where nobody dies.
    random: Option<StdRng>,
    /// What each command has changed.
    changed: Vec<(&'static str, Vec<String>)>,
    deaths: usize,
}

impl Teller {
    fn new(home: Home, random: Option<StdRng>) -> Self {
        let server = Some(Server::quiet(&home, None));
        let db = home.read();
        Self { home, db, asker: Asker::new(), server, random, changed: Vec::new(), deaths: 0 }
    }

    pub(super) fn address(&self) -> &str {
        &self.server.as_ref().unwrap().address
    }

    /// Ends the server and starts another one, which ends at a point where one is given.
    fn restart(&mut self, ends_at: Option<&str>) {
        drop(self.server.take());
        self.server = Some(Server::quiet(&self.home, ends_at));
    }

    async fn ask(&self, command: &Command) -> Option<Answer> {
        let Command { method, path, body, .. } = command;
        self.asker.ask(self.address(), method.clone(), path, &command.key(), body).await
    }

    /// A command in which nobody dies.
    pub(super) async fn asks(&self, command: Command) -> Value {
        let answer = self.ask(&command).await.unwrap();
        assert!(answer.status.is_success(), "{}: {}", command.name, answer.body);
        answer.json()
    }

    /// A command in which the server dies, at one point after the other; what it was answered in the end.
    pub(super) async fn dies(&mut self, command: Command) -> Value {
        let before = Dump::of(&self.db).await;
        if let Some(mut random) = self.random.take() {
            let done = self.dies_at_points(&command, &before, &mut random).await;
            self.ask(&command).await.unwrap();
            self.holds(&done, &command, "asked again after COMMIT").await;
            self.home.is_clean();
            self.random = Some(random);
        }
        let answer = self.ask(&command).await.unwrap();
        assert!(!answer.status.is_server_error(), "{}: {}", command.name, answer.body);
        let changes = before.changes(&Dump::of(&self.db).await);
        assert!(!changes.is_empty(), "{} has done nothing", command.name);
        self.changed.push((command.name, changes));
        answer.json()
    }

    /// What there is after the last death.
    async fn dies_at_points(&mut self, command: &Command, before: &Dump, random: &mut StdRng) -> Dump {
        let statements = self.dies_at(command, "commit").await;
        self.holds(before, command, "died before COMMIT").await;
        let all: Vec<usize> = (1..=statements.len()).collect();
        let points = match std::env::var("TEST_CRASH_POINTS") {
            Ok(asked) if asked == "all" => all,
            Ok(asked) => panic!("TEST_CRASH_POINTS={asked}: all is expected"),
            Err(_) => (0..SOME).map(|_| all[random.random_range(0..all.len())]).collect(),
        };
        for point in points {
            let passed = self.dies_at(command, &point.to_string()).await;
            assert_eq!(passed, statements[..point], "{}", command.name);
            self.holds(before, command, passed.last().unwrap()).await;
        }
        self.dies_at(command, "answer").await;
        let done = Dump::of(&self.db).await;
        self.restart(None);
        done
    }

    /// Starts a server that dies at this point of the command, and gives it the command. What it passed until then.
    async fn dies_at(&mut self, command: &Command, point: &str) -> Vec<String> {
        self.restart(Some(&format!("{}:{point}", command.key())));
        let answer = self.ask(command).await;
        assert_eq!(answer, None, "{} was answered, and should have died at {point}", command.name);
        let passed = self.server.as_mut().unwrap().last_words();
        let last = passed.last().unwrap();
        match point {
            "commit" => println!("{}: died before COMMIT, after {last}", command.name),
            "answer" => println!("{}: died after COMMIT, before the answer", command.name),
            _ => println!("{}: died before {last}", command.name),
        }
        self.deaths += 1;
        passed
    }

    /// The database holds, row for row, what it held.
    async fn holds(&self, expected: &Dump, command: &Command, when: &str) {
        let now = Dump::of(&self.db).await;
        assert!(now == *expected, "{}: {when}: {:#?}", command.name, expected.changes(&now));
    }
}

async fn dies_at_each_point(home: fn() -> Home) {
    let seed = u64::from_le_bytes(IdGen::system().random_bytes());
    println!("seed {seed}");
    let mut lived = Teller::new(home(), None);
    story::tell(&mut lived).await;
    lived.home.is_clean();
    let mut died = Teller::new(home(), Some(StdRng::seed_from_u64(seed)));
    story::tell(&mut died).await;
    println!("{} deaths in {} commands", died.deaths, died.changed.len());
    assert_eq!(died.changed.len(), lived.changed.len());
    for (died, lived) in died.changed.iter().zip(&lived.changed) {
        assert_eq!(died, lived);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_death_at_any_point_leaves_all_or_nothing_on_sqlite() {
    dies_at_each_point(Home::sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_death_at_any_point_leaves_all_or_nothing_on_postgres() {
    dies_at_each_point(Home::postgres).await;
}
