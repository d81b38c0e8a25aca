//! `khaacho import` as people and scripts run it: exit codes, reports, and what SIGKILL leaves.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use db::{Access, Db, DbError, Options, params};
use serde_json::{Value, json};

use super::server::Home;

fn import(home: &Home, arguments: &[&str]) -> Output {
    home.command("import").args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stdout)))
}

fn samples() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/samples").display().to_string()
}

#[test]
fn the_exit_code_and_the_report_say_what_became_of_it() {
    let home = Home::sqlite();
    let dry = import(&home, &["--dry-run", &samples()]);
    assert_eq!(dry.status.code(), Some(0), "{}", text(&dry.stderr));
    assert!(text(&dry.stdout).ends_with(
        "repayments: 4 would be taken, 0 known already, 0 refused\nThis was a dry run: nothing was written.\n"
    ));
    let taken = import(&home, &[&samples()]);
    assert_eq!(taken.status.code(), Some(0), "{}", text(&taken.stderr));
    assert!(text(&taken.stdout).contains("purchases: 5 taken, 0 known already, 0 refused\n"));
    home.is_clean();

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("purchases.csv");
    std::fs::write(&file, "key,vendor,retailer,date,amount\nP-1,CRP,9848011111,2025-12-01,5.125\n").unwrap();
    let file = file.display().to_string();
    let refused = import(&home, &[&file]);
    assert_eq!(refused.status.code(), Some(1));
    let line = "purchases.csv, line 2, amount (E2): \"5.125\" has more than two decimals. Right: rupees with";
    assert!(text(&refused.stdout).starts_with(line), "{}", text(&refused.stdout));
    let refused = import(&home, &["--json", &file, &samples()]);
    assert_eq!(refused.status.code(), Some(1));
    let told = report(&refused);
    assert_eq!(told["counts"]["purchases"], json!({ "taken": 0, "known": 5, "refused": 1 }));
    let row = &told["refused"][0];
    assert_eq!((&row["file"], &row["line"], &row["column"]), (&json!("purchases.csv"), &json!(2), &json!("amount")));
    assert_eq!((&row["cell"], &row["code"]), (&json!("E2"), &json!("AMOUNT")));
    assert_eq!((&told["dryRun"], &told["mismatches"]), (&json!(false), &json!(0)));
}

#[test]
fn what_could_not_run_has_an_exit_code_of_its_own() {
    let home = Home::sqlite();
    let missing = import(&home, &["--json", "nowhere/purchases.csv", "nowhere/lines.csv"]);
    assert_eq!(missing.status.code(), Some(2));
    assert_eq!(report(&missing)["errors"].as_array().unwrap().len(), 2);
    assert!(text(&missing.stderr).contains("purchases.csv cannot be read"));
    assert_eq!(import(&home, &[]).status.code(), Some(2));
    let nowhere = home.command("import").args([samples(), "--config".to_owned(), "nowhere.toml".to_owned()]).output();
    assert_eq!(nowhere.unwrap().status.code(), Some(2));
}

/// Rows of the two largest kinds that are kept.
async fn kept(home: &Home) -> i64 {
    let url = home.url.parse().unwrap();
    let Ok(db) = Db::open(&url, &Options { access: Access::Read, ..Options::default() }) else { return 0 };
    let sql = "select count(*) as number from import_rows where amount_paisa <> 0";
    // There is no such table before the first start has made it.
    let counted: Result<i64, DbError> =
        db.read(async move |tx| tx.query_one(sql, params![]).await?.get("number")).await;
    counted.unwrap_or(0)
}

async fn is_finished_after_kills(home: Home) {
    const ROWS: i64 = 1_500;
    let folder = tempfile::tempdir().unwrap();
    let mut purchases = "key,vendor,retailer,date,amount\n".to_owned();
    let mut repayments = "key,vendor,purchase,date,cash\n".to_owned();
    for number in 0..ROWS {
        writeln!(purchases, "P-{number},CRP,9848033333,2025-11-01,1000").unwrap();
        writeln!(repayments, "R-{number},CRP,P-{number},2025-12-01,400").unwrap();
    }
    let file = |name: &str, content: &str| std::fs::write(folder.path().join(name), content).unwrap();
    file("lines.csv", &format!("retailer,vendor,limit,balance\n9848033333,CRP,50000,{}\n", ROWS * 600));
    file("purchases.csv", &purchases);
    file("repayments.csv", &repayments);
    let path = folder.path().display().to_string();
    assert_eq!(import(&home, &[&samples()]).status.code(), Some(0));
    let before = kept(&home).await;
    for wanted in [300, 1_200, 1_900] {
        let mut child = home.command("import").arg(&path).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while kept(&home).await < before + wanted {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it could be killed");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        home.is_clean();
    }
    let last = import(&home, &["--json", &path]);
    assert_eq!(last.status.code(), Some(0), "{}", text(&last.stdout));
    let counts = report(&last)["counts"].clone();
    let number = |kind: &str, what: &str| counts[kind][what].as_i64().unwrap();
    for kind in ["purchases", "repayments"] {
        assert_eq!(number(kind, "taken") + number(kind, "known"), ROWS, "{counts}");
    }
    assert!(number("purchases", "known") >= 300 && number("repayments", "taken") > 0, "{counts}");
    assert_eq!(kept(&home).await - before, ROWS * 2);
    home.is_clean();
    let again = report(&import(&home, &["--json", &path]));
    assert_eq!(again["counts"]["repayments"], json!({ "taken": 0, "known": ROWS, "refused": 0 }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_is_killed_is_finished_on_sqlite() {
    is_finished_after_kills(Home::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_that_is_killed_is_finished_on_postgres() {
    is_finished_after_kills(Home::postgres()).await;
}
