//! The bench drives a server of its own and finds its books right; how fast it was is for people to read.

use std::process::{Command, Stdio};

use serde_json::Value;

#[test]
fn orders_that_were_placed_are_counted_and_found_again() {
    let placed = Command::new(env!("CARGO_BIN_EXE_khaacho"))
        .args(["bench", "place", "--clients", "2", "--seconds", "1", "--json"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&placed.stderr);
    assert!(placed.status.success(), "{}: {told}", placed.status);
    let figures: Value = serde_json::from_slice(&placed.stdout).unwrap();
    let figure =
        |name: &str| figures.pointer(name).and_then(Value::as_f64).unwrap_or_else(|| panic!("{name}: {figures}"));
    for none in ["refused", "errors", "lost", "doubled", "overspent", "findings"] {
        assert_eq!(figures[none], 0, "{none}: {figures}");
    }
    assert_eq!(figures["sent"], figures["accepted"], "{figures}");
    assert_eq!(figures["database"], "sqlite");
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
        assert!(figure(some) > 0.0, "{some}: {figures}");
    }
}
