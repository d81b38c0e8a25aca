//! PostgreSQL is restarted under load, in good order and as after a crash, while the server and its clients go on: what was
//! answered is there once, what was refused has done nothing, and nobody has to start the server again.
#![expect(clippy::print_stdout, reason = "what was tried is for whoever reads a failure")]

use testkit::postgres;

use super::load::Load;
use super::server::{Home, Server};

const RESTARTS: usize = 6;
/// Answers between two restarts.
const BETWEEN: usize = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_restarted_under_load_loses_nothing_that_was_answered() {
    let database = postgres::Server::start().unwrap();
    database.create_database("khaacho").unwrap();
    let mut load = Load::open(Home::at(database.url("khaacho"))).await;
    let mut server = Server::start(&load.home);
    let clients = load.begin(&server);
    for restart in 1..=RESTARTS {
        load.reaches(load.answered() + BETWEEN).await;
        // Every other time as after a crash: connections break in the middle of whatever they do.
        if restart % 2 == 0 {
            database.kill().unwrap();
        }
        database.restart().unwrap();
    }
    load.reaches(load.answered() + BETWEEN).await;
    assert!(server.is_there());
    server.terminate();
    let (_, carried_out) = load.gather(clients).await;
    assert!(server.ended_well());
    assert_eq!(carried_out, 0, "every client insisted, so everything that was carried out was answered");

    let server = Server::start(&load.home);
    let outcome = load.settle(&server).await;
    load.ask_everything_again(&server).await;
    load.is_not_overspent(&server).await;
    server.terminate();
    assert!(server.ended_well());
    load.home.is_clean();
    println!("{outcome:?}, {RESTARTS} restarts of PostgreSQL");
    assert!(outcome.accepted > RESTARTS * BETWEEN / 5 && outcome.repaid > 0 && outcome.refused > 0, "{outcome:?}");
}
