//! What was answered is kept, whole and once, when the process or the server dies.
//!
//! A child process runs many small transactions and prints a line after each answer; its parent kills it at any moment and
//! looks at what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::hash::BuildHasher as _;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::Duration;

use db::{DatabaseUrl, Db, DbError, Options, Tx, params};
use testkit::postgres::Server;
use tokio::task::JoinSet;

use crate::world::{NOW, TABLES, add};

const URL: &str = "DB_CRASH_URL";
const ROUND: &str = "DB_CRASH_ROUND";
const ROUNDS: u64 = 20;
const CALLERS: usize = 32;

async fn small_transaction(tx: &mut Tx, id: &str, count: &str) -> Result<(), DbError> {
    tx.exec("insert into things (id) values ($1)", params![id]).await?;
    tx.nested(async |tx| {
        tx.insert_many("parts", &["thing", "id"], vec![params![id, "one"], params![id, "two"]]).await?;
        add(tx, count, 1).await.map(|_| ())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    // Only the tests below give it something to do.
    let Ok(url) = env::var(URL) else { return };
    let url: DatabaseUrl = url.parse().unwrap();
    let round = env::var(ROUND).unwrap();
    let db = Db::open(&url, &Options::default()).unwrap();
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (db, round) = (db.clone(), round.clone());
        callers.spawn(async move {
            for n in 0.. {
                let id = format!("{round}-{caller}-{n}");
                let own = id.clone();
                // Several callers count in one row.
                let count = format!("count {}", caller % 4);
                // Where the server is gone nobody answered for this name, and the next goes under another.
                if db.write(async move |tx| small_transaction(tx, &own, &count).await).await.is_ok() {
                    println!("answered {id} .");
                }
            }
        });
    }
    callers.join_all().await;
}

/// A child, and the thread that reads what it says.
struct Running {
    child: Child,
    reader: JoinHandle<BTreeSet<String>>,
}

/// Starts the child and waits until it has been answered once.
fn start(url: String, round: u64) -> Running {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "crash::child", "--nocapture"]).env(URL, url).env(ROUND, round.to_string());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let (first, answered_once) = channel();
    let reader = std::thread::spawn(move || {
        let mut answered = BTreeSet::new();
        let mut line = String::new();
        while lines.read_line(&mut line).unwrap() > 0 {
            // The last line may be cut off, and the first follows what the test harness says.
            let words: Vec<_> = line.split(' ').collect();
            if let [.., _, id, ".\n"] = words[..] {
                answered.insert(id.to_owned());
                let _ = first.send(());
            }
            line.clear();
        }
        answered
    });
    answered_once.recv().expect("the child ended by itself");
    Running { child, reader }
}

/// Kills the child and returns the ids that it was answered for.
fn kill(mut running: Running) -> BTreeSet<String> {
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    running.reader.join().unwrap()
}

fn random(round: u64, below: u64) -> u64 {
    std::hash::RandomState::new().hash_one(round) % below
}

/// Every answer is there, nothing is there by half, and what is there without an answer was under way.
async fn check(url: &DatabaseUrl, answered: &BTreeSet<String>, under_way_most: usize) {
    let db = Db::open(url, &Options::default()).unwrap();
    let (things, parts, total) = db
        .read(async |tx| {
            let things = tx.query("select id from things", params![]).await?;
            let parts =
                tx.query("select thing, cast(count(*) as bigint) as n from parts group by thing", params![]).await?;
            let total = tx.query_one("select cast(sum(n) as bigint) as n from counters", params![]).await?;
            Ok::<_, DbError>((things, parts, total))
        })
        .await
        .unwrap();
    let things: BTreeSet<String> = things.iter().map(|row| row.get("id").unwrap()).collect();
    let parts: BTreeMap<String, i64> =
        parts.iter().map(|row| (row.get("thing").unwrap(), row.get("n").unwrap())).collect();
    let lost: Vec<_> = answered.difference(&things).collect();
    assert!(lost.is_empty(), "answered and gone: {lost:?}");
    assert!(parts.values().all(|n| *n == 2) && parts.keys().eq(&things), "something is there by half");
    assert_eq!(total.get::<i64>("n").unwrap(), i64::try_from(things.len()).unwrap());
    assert!(things.len() <= answered.len() + under_way_most, "{} of {}", things.len(), answered.len());
}

/// Each round may leave one transaction of each caller without its answer, and each death of a server two: the one that
/// was under way and the one after it, should its commit have been lost as well.
fn under_way(rounds: u64, deaths_of_servers: u64) -> usize {
    usize::try_from(rounds + 2 * deaths_of_servers).unwrap() * CALLERS
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_the_process_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().join("crash.db"));
    Db::open(&url, &Options::default()).unwrap().migrate(TABLES, NOW).await.unwrap();
    let mut answered = BTreeSet::new();
    for round in 0..ROUNDS {
        let running = start(url.to_string(), round);
        std::thread::sleep(Duration::from_millis(random(round, 150)));
        answered.extend(kill(running));
        check(&url, &answered, under_way(round + 1, 0)).await;
    }
    assert!(answered.len() > 500, "{}", answered.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_process_and_server_on_postgres() {
    let server = Server::start().unwrap();
    let address = server.url("postgres");
    let url = DatabaseUrl::Postgres(address.clone());
    Db::open(&url, &Options::default()).unwrap().migrate(TABLES, NOW).await.unwrap();
    let mut answered = BTreeSet::new();
    for round in 0..ROUNDS {
        let running = start(address.clone(), round);
        std::thread::sleep(Duration::from_millis(random(round, 300)));
        // Every other time it is the server that dies first, and the child works on with the next.
        if round % 2 == 0 {
            server.kill().unwrap();
            server.restart().unwrap();
            std::thread::sleep(Duration::from_millis(random(round, 300)));
        }
        answered.extend(kill(running));
        check(&url, &answered, under_way(round + 1, round / 2 + 1)).await;
    }
    assert!(answered.len() > 500, "{}", answered.len());
}
