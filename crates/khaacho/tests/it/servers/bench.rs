//! The bench drives a server and finds its books right; how fast it was is for people to read.

use std::process::ExitStatus;

use db::{Db, DbError, Options, params};
use serde_json::Value;

use super::server::{Asker, Home, Server};

/// What `bench place` with two clients for a second ends with and prints.
fn place(home: &Home, arguments: &[&str]) -> (ExitStatus, Value) {
    let mut command = home.command("bench");
    command.args(["place", "--clients", "2", "--seconds", "1", "--json"]).args(arguments);
    let placed = command.output().unwrap();
    let told = String::from_utf8_lossy(&placed.stderr);
    let figures = serde_json::from_slice(&placed.stdout).unwrap_or_else(|_| panic!("{}: {told}", placed.status));
    (placed.status, figures)
}

/// The figures are these, in JSON.
fn are(figures: &Value, names: &[&str], wanted: &Value) {
    for name in names {
        assert_eq!(figures[name], *wanted, "{name}: {figures}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_that_were_placed_are_counted_and_found_again() {
    let home = Home::sqlite();
    let (status, figures) = place(&home, &[]);
    assert!(status.success(), "{figures}");
    are(&figures, &["refused", "errors", "lost", "doubled", "overspent", "findings"], &0.into());
    are(&figures, &["sent"], &figures["accepted"]);
    are(&figures, &["database"], &"sqlite".into());
    for some in [
        "/accepted",
        "/ordersPerSecond",
        "/p50Ms",
        "/p99Ms",
        "/serverCpuSecondsPer1000",
        "/rssMiB",
        "/floor/commitsPerSecond",
        "/floor/rawOrdersPerSecond",
        "/floor/httpPerSecond",
    ] {
        let figure = figures.pointer(some).and_then(Value::as_f64);
        assert!(figure.is_some_and(|figure| figure > 0.0), "{some}: {figures}");
    }

    let server = Server::start(&home);
    let token = Asker::new().token;
    let (status, figures) = place(&home, &["--url", &server.address, "--token", &token]);
    assert!(status.success(), "{figures}");
    are(&figures, &["refused", "errors", "lost", "doubled", "overspent"], &0.into());
    are(&figures, &["sent"], &figures["accepted"]);
    are(&figures, &["findings", "serverCpuSecondsPer1000", "rssMiB"], &Value::Null);
    server.terminate();
    assert!(server.ended_well());

    // What is on the lines now is more than they may hold.
    let db = Db::open(&home.url.parse().unwrap(), &Options::default()).unwrap();
    let cut = db.write(async |tx| tx.exec("update credit_lines set limit_paisa = 1", params![]).await);
    cut.await.unwrap_or_else(|error: DbError| panic!("{error}"));
    drop(db);
    let server = Server::start(&home);
    let (status, figures) = place(&home, &["--url", &server.address, "--token", &token]);
    assert_eq!(status.code(), Some(3), "{figures}");
    are(&figures, &["refused"], &figures["sent"]);
    are(&figures, &["accepted", "errors", "lost", "doubled"], &0.into());
    assert!(figures["overspent"].as_i64().is_some_and(|lines| lines > 0), "{figures}");
}
