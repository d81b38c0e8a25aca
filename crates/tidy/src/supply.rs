//! What the workspace is built from, held against `deny.toml`: crates that are banned, licences, and where crates come from.
//!
//! cargo-deny reads the same file and knows more (advisories, for one); this needs nothing but cargo.

use std::{env, fs, process::Command};

use serde_json::Value;
use spdx::{Expression, ParseMode};
use toml::Table;

use crate::workspace::{keep, root};

#[test]
fn dependencies_are_what_deny_toml_allows() {
    let policy: Table = fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap();
    let banned: Vec<_> =
        policy["bans"]["deny"].as_array().unwrap().iter().map(|ban| ban["crate"].as_str().unwrap()).collect();
    let licences: Vec<_> =
        policy["licenses"]["allow"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();

    let packages = packages();
    assert!(packages.iter().any(|package| package["name"] == "tidy"), "cargo metadata does not even know this crate");
    let found: Vec<_> = packages.iter().filter_map(|package| fault(package, &banned, &licences)).collect();
    keep(
        "dependencies come from crates.io, under licences that a shop may ship, without a second TLS stack",
        "choose other features or another crate (`cargo tree -i NAME` shows who asks for it); deny.toml says what is allowed",
        &found,
    );
}

/// Every package that is built on this platform.
fn packages() -> Vec<Value> {
    let cargo = env::var("CARGO").unwrap_or("cargo".to_owned());
    let platform = format!("{}-unknown-{}-gnu", env::consts::ARCH, env::consts::OS);
    let output = Command::new(cargo)
        .args(["metadata", "--offline", "--format-version", "1", "--filter-platform", &platform])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let used: Vec<&Value> = metadata["resolve"]["nodes"].as_array().unwrap().iter().map(|node| &node["id"]).collect();
    metadata["packages"].as_array().unwrap().iter().filter(|package| used.contains(&&package["id"])).cloned().collect()
}

fn fault(package: &Value, banned: &[&str], licences: &[&str]) -> Option<String> {
    let name = package["name"].as_str()?;
    let named = |fault: String| Some(format!("{name} {}: {fault}", package["version"].as_str().unwrap_or_default()));
    if banned.contains(&name) {
        return named("banned".to_owned());
    }
    if let Some(source) = package["source"].as_str()
        && !source.contains("github.com/rust-lang/crates.io-index")
    {
        return named(format!("comes from {source}"));
    }
    let Some(licence) = package["license"].as_str() else {
        return named("names no licence".to_owned());
    };
    // Crates of old write MIT/Apache-2.0.
    let allowed = Expression::parse_mode(licence, ParseMode::LAX).is_ok_and(|expression| {
        expression.evaluate(|requirement| licences.contains(&requirement.to_string().as_str()))
    });
    if allowed { None } else { named(format!("licence {licence}")) }
}

#[test]
fn the_policy_bites() {
    let judge = |source: &str, licence: &str| {
        let package = serde_json::json!({ "name": "a", "version": "1.0.0", "source": source, "license": licence });
        fault(&package, &["b"], &["MIT", "Apache-2.0"])
    };
    let index = "registry+https://github.com/rust-lang/crates.io-index";
    assert_eq!(judge(index, "MIT/Apache-2.0"), None);
    assert_eq!(judge(index, "GPL-3.0 OR MIT"), None);
    assert!(judge(index, "MIT AND GPL-3.0").unwrap().contains("licence"));
    assert!(judge("git+https://example.com/a", "MIT").unwrap().contains("comes from"));
    assert!(fault(&serde_json::json!({ "name": "b" }), &["b"], &[]).unwrap().contains("banned"));
}
