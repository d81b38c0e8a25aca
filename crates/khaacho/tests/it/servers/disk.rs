//! The disk is full for a while: what cannot be written is refused whole and asked again, and the server goes on by itself
//! when there is room.

use std::path::Path;
use std::time::Duration;

use super::load::Load;
use super::server::{Home, LONGEST, Server};

/// Bytes after which no file grows: some forty orders of the log, and more than the database.
const ROOM: u64 = 8 << 20;
/// Answers wanted after the log could not grow.
const AFTERWARDS: usize = 100;

async fn reaches(log: &Path, bytes: u64) -> bool {
    let reached = async {
        while std::fs::metadata(log).map_or(0, |log| log.len()) < bytes {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(LONGEST, reached).await.is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing() {
    let mut load = Load::open(Home::sqlite()).await;
    let log = format!("{}-wal", load.home.url.trim_start_matches("sqlite:"));
    let server = Server::with_files_up_to(&load.home, ROOM);
    let clients = load.begin(&server);
    assert!(reaches(log.as_ref(), ROOM).await, "the log did not reach its end");
    load.reaches(load.answered() + AFTERWARDS).await;
    assert_eq!(std::fs::metadata(&log).unwrap().len(), ROOM, "the log grew beyond the disk");
    server.kill();
    let (unanswered, carried_out) = load.gather(clients).await;
    assert!(carried_out <= unanswered, "{carried_out} of {unanswered}");
    load.home.is_clean();
    let server = Server::start(&load.home);
    load.settle(&server).await;
    load.ask_everything_again(&server).await;
    server.terminate();
    assert!(server.ended_well());
    load.home.is_clean();
}
