//! The server is killed under load, at random moments, and started again on what it left: what was answered is there
//! once, what was not is settled by asking again with the same key, and nothing is overspent.
#![expect(clippy::print_stdout, reason = "the seed and what was tried are for whoever reads a failure")]

use std::time::Duration;

use kernel::IdGen;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::load::Load;
use super::server::{Home, Server};

const ROUNDS: usize = 50;

async fn killed_under_load(home: Home) {
    let seed = u64::from_le_bytes(IdGen::system().random_bytes());
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut load = Load::open(home).await;
    let (mut rounds_cut_off, mut unanswered_of_all, mut carried_out_of_all) = (0, 0, 0);
    for round in 1..=ROUNDS {
        let server = Server::start(&load.home);
        load.ask_again(&server).await;
        load.is_not_overspent(&server).await;
        // In the other rounds what was cut off is asked again under load, and may be cut off again.
        if round % 2 == 0 {
            load.settle(&server).await;
        }
        let clients = load.begin(&server);
        // By the clock and by answers: a slow machine would have nothing to lose yet.
        let wanted = load.answered() + random.random_range(0..40);
        tokio::time::sleep(Duration::from_millis(random.random_range(20..=300))).await;
        load.reaches(wanted).await;
        server.kill();
        let (unanswered, carried_out) = load.gather(clients).await;
        assert!(carried_out <= unanswered, "round {round}: {carried_out} of {unanswered}");
        rounds_cut_off += usize::from(unanswered > 0);
        (unanswered_of_all, carried_out_of_all) = (unanswered_of_all + unanswered, carried_out_of_all + carried_out);
        if round % 10 == 0 {
            load.home.is_clean();
        }
    }
    let server = Server::start(&load.home);
    let outcome = load.settle(&server).await;
    load.ask_everything_again(&server).await;
    server.terminate();
    assert!(server.ended_well());
    load.home.is_clean();
    println!(
        "{outcome:?}, {rounds_cut_off} rounds cut off, {unanswered_of_all} unanswered, {carried_out_of_all} of them carried out"
    );
    assert!(
        outcome.accepted > 5 * ROUNDS && outcome.repaid > ROUNDS && outcome.refused > ROUNDS,
        "too little was tried"
    );
    assert!(rounds_cut_off > ROUNDS / 2, "the server was not killed under load");
    assert!(carried_out_of_all > 0, "no command was carried out without its answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_under_load_on_sqlite() {
    killed_under_load(Home::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_under_load_on_postgres() {
    killed_under_load(Home::postgres()).await;
}
