//! Who may depend on whom, and the shape of a crate's folder.

use std::fs;

use toml::{Table, Value};

use crate::workspace::{crates, files, keep, shown};

/// From the ground up. A crate may use whatever stands on a lower floor than its own, and nothing beside or above it. The
/// place of a new crate is decided here.
const FLOORS: &[&[&str]] = &[
    &["kernel", "wal"],
    &["db", "whatsapp", "understand"],
    &["schema", "web"],
    &["queue"],
    &["audit", "notify"],
    &["parties"],
    &["catalog", "ledger"],
    &["pricing", "credit"],
    &["routing"],
    &["orders"],
    &["backstage", "risk", "reminders", "scoring", "reports", "import"],
    &["conversation"],
    &["khaacho"],
];

/// They stand beside the house and may use all of it. Only tests may use them.
const BESIDE: &[&str] = &["testkit", "tidy"];

fn floor(name: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&name))
}

/// What is wrong with the manifest of the crate `name`, read against the floors.
fn faults(name: &str, manifest: &Table) -> Vec<String> {
    let beside = BESIDE.contains(&name);
    if floor(name).is_none() && !beside {
        return vec![format!("{name} has no place in FLOORS (crates/tidy/src/floors.rs)")];
    }
    let mut found = Vec::new();
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let Some(Value::Table(dependencies)) = manifest.get(section) else {
            continue;
        };
        for (other, how) in dependencies {
            let shared = how.as_table().is_some_and(|how| {
                how.get("workspace") == Some(&Value::Boolean(true))
                    && how.keys().all(|key| key == "workspace" || key == "optional")
            });
            if !shared {
                found.push(format!("{name} → {other}: not `{other}.workspace = true`"));
            }
            if BESIDE.contains(&other.as_str()) {
                if section != "dev-dependencies" && !beside {
                    found.push(format!("{name} → {other}: outside [dev-dependencies]"));
                }
            } else if let Some(theirs) = floor(other)
                && !beside
                && floor(name).is_some_and(|ours| theirs >= ours)
            {
                found.push(format!("{name} → {other}: {other} does not stand below {name}"));
            }
        }
    }
    found
}

#[test]
fn a_crate_uses_only_what_stands_below_it() {
    let mut found = Vec::new();
    for folder in crates() {
        let manifest = folder.join("Cargo.toml");
        let table: Table = fs::read_to_string(&manifest).unwrap().parse().unwrap();
        let name = table["package"]["name"].as_str().unwrap();
        if folder.file_name().unwrap() != name {
            found.push(format!("{}: the package is called {name}", shown(&manifest)));
        }
        found.extend(faults(name, &table).iter().map(|fault| format!("{}: {fault}", shown(&manifest))));
    }
    keep(
        "calls go one way, down, and every dependency has one version and one set of features",
        "move the type down, pass a value in, or enqueue a job; write `x.workspace = true` and keep features in the root Cargo.toml",
        &found,
    );
}

#[test]
fn a_crate_has_one_binary_of_integration_tests() {
    let mut found = Vec::new();
    for folder in crates() {
        let tests = folder.join("tests");
        let mut binaries: Vec<_> = files(&tests, &[".rs"])
            .into_iter()
            .filter(|file| file.parent() == Some(&tests) || file == &file.parent().unwrap().join("main.rs"))
            .collect();
        binaries.retain(|file| file.strip_prefix(&tests).unwrap().components().count() <= 2);
        if binaries.len() > 1 {
            found.push(binaries.iter().map(|file| shown(file)).collect::<Vec<_>>().join(", "));
        }
    }
    keep(
        "a crate has one binary of integration tests: each is linked anew",
        "make them modules of tests/it/main.rs",
        &found,
    );
}

#[test]
fn the_law_of_floors_bites() {
    let judge = |name, manifest: &str| faults(name, &manifest.parse().unwrap()).join("; ");
    assert_eq!(judge("credit", "[dependencies]\nledger.workspace = true"), "");
    assert_eq!(judge("credit", "[dev-dependencies]\ntestkit.workspace = true"), "");
    assert!(judge("credit", "[dependencies]\norders.workspace = true").contains("orders does not stand below credit"));
    assert!(judge("credit", "[dependencies]\ntestkit.workspace = true").contains("outside [dev-dependencies]"));
    assert!(judge("credit", "[dependencies]\nserde = \"1\"").contains("not `serde.workspace = true`"));
    assert!(judge("cellar", "").contains("no place"));
}
