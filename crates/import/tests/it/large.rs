//! A file of many rows: every one is taken, and memory does not grow with them.
//!
//! Rows are 100 000 on SQLite and a tenth of that on PostgreSQL; `TEST_IMPORT_ROWS=1000000` (`./test --long`) asks for
//! that many on both.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use import::Kind;
use testkit::TestDb;

use crate::world::World;

/// The most memory that the process has held, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn purchases(world: &World, rows: u64) {
    let mut retailers = "phone,name,owner\n".to_owned();
    let mut lines = "retailer,vendor,limit\n".to_owned();
    for number in 0..1_000 {
        writeln!(retailers, "97798480{number:05},Shop {number},Owner").unwrap();
        writeln!(lines, "97798480{number:05},CRP,100000").unwrap();
    }
    world.file("vendors.csv", "prefix,phone,name,owner\nCRP,9858000001,Chaulagain,Hari\n");
    world.file("retailers.csv", retailers);
    world.file("lines.csv", lines);
    let file = std::fs::File::create(world.folder.path().join("purchases.csv")).unwrap();
    let mut file = std::io::BufWriter::new(file);
    writeln!(file, "key,vendor,retailer,date,amount").unwrap();
    for row in 0..rows {
        // One in a thousand is wrong.
        let amount = if row % 1_000 == 7 { "12.345" } else { "\"1,250.50\"" };
        writeln!(file, "P-{row},CRP,97798480{:05},2025-{:02}-15,{amount}", row % 1_000, row % 12 + 1).unwrap();
    }
    file.flush().unwrap();
}

async fn imports(t: TestDb, rows: u64) {
    let world = World::new(t);
    purchases(&world, rows);
    let (before, begun) = (peak_kib(), began());
    let done = world.import(&["vendors.csv", "retailers.csv", "lines.csv", "purchases.csv"]).await;
    let (peak, took) = (peak_kib(), took(begun));
    #[expect(clippy::print_stdout, reason = "the figures are for reading")]
    {
        println!("{rows} rows in {took:?}; {} MiB at most, {} before", peak / 1_024, before / 1_024);
    }
    assert_eq!(done.of(Kind::Purchases), (rows - rows / 1_000, 0, rows / 1_000));
    assert!(peak - before < 150 * 1_024, "{} MiB more", (peak - before) / 1_024);
    let cycles = world.number("select count(*) as number from cycles").await;
    assert_eq!(u64::try_from(cycles).unwrap(), rows - rows / 1_000);
}

#[expect(clippy::disallowed_methods, reason = "the time of the machine is what is measured")]
fn began() -> std::time::Instant {
    std::time::Instant::now()
}

fn took(begun: std::time::Instant) -> Duration {
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    imports(TestDb::sqlite().await.unwrap(), testkit::wanted("TEST_IMPORT_ROWS", 100_000)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    imports(TestDb::postgres().await.unwrap(), testkit::wanted("TEST_IMPORT_ROWS", 10_000)).await;
}
