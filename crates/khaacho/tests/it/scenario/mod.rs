//! Money told as stories that an accountant can read, played over HTTP on both engines.
//!
//! The stories lie in `tests/data/scenarios`; [`language`] says what can be told. The worked examples of `credit.json` are
//! translated into the same steps. After each story the books are verified, and hledger reads them.

mod examples;
mod language;
mod runner;

use std::path::Path;
use std::{fs, io};

use kernel::Money;
use testkit::TestDb;

use self::runner::play;
use crate::e2e::books_agree;
use crate::support::shop::Shop;

/// The stories, by the names of their files.
fn stories() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scenarios");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut stories: Vec<(String, String)> = files
        .filter(|file| file.extension().is_some_and(|extension| extension == "txt"))
        .map(|file| (file.file_stem().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&file).unwrap()))
        .collect();
    stories.sort_unstable();
    stories
}

/// What is wrong with stories, each played in a house of its own that `open` opens.
async fn faults(stories: &[(String, String)], open: impl AsyncFn() -> io::Result<TestDb>) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, text) in stories {
        let told = match language::parse(text) {
            Ok(told) => told,
            Err(unreadable) => {
                faults.push(format!("{name}: {unreadable}"));
                continue;
            }
        };
        let shop = Shop::open(open().await.unwrap()).await;
        faults.extend(play(&shop, &told).await.iter().map(|fault| format!("{name}: {fault}")));
        shop.is_clean().await;
        books_balance(&shop).await;
    }
    faults
}

/// hledger finds on all books together what the lines say is owed.
async fn books_balance(shop: &Shop) {
    let lines = shop.get("credit/lines?limit=200").await;
    assert!(lines["next"].is_null());
    let lines = lines["items"].as_array().unwrap().iter();
    let owed = lines.map(|line| line["outstanding"].as_str().unwrap().parse::<Money>().unwrap().paisa());
    books_agree(shop, owed.sum()).await;
}

async fn every_story(open: impl AsyncFn() -> io::Result<TestDb>) {
    let stories = stories();
    assert!(stories.len() >= 18, "{}", stories.len());
    let faults = faults(&stories, open).await;
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

async fn every_worked_example(open: impl AsyncFn() -> io::Result<TestDb>) {
    let examples = examples::stories();
    assert_eq!(examples.len(), 6);
    let faults = faults(&examples, open).await;
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[tokio::test]
async fn every_story_comes_out_on_sqlite() {
    every_story(TestDb::sqlite).await;
}

#[tokio::test]
async fn every_story_comes_out_on_postgres() {
    every_story(TestDb::postgres).await;
}

#[tokio::test]
async fn every_worked_example_comes_out_on_sqlite() {
    every_worked_example(TestDb::sqlite).await;
}

#[tokio::test]
async fn every_worked_example_comes_out_on_postgres() {
    every_worked_example(TestDb::postgres).await;
}

#[tokio::test]
async fn a_story_that_is_wrong_is_told_with_its_line() {
    let story = "line L1 R1 V1 limit 100\n\
                 order O1 R1 V1 60 -> refused INSUFFICIENT_CREDIT\n\
                 expect R1 V1 reserved 61 available 40\n\
                 order O2 R1 V1 50\n\
                 deliver O1 -> status FULLY_PAID\n";
    let faults = faults(&[("wrong".to_owned(), story.to_owned())], TestDb::sqlite).await;
    let lines: Vec<&str> = faults.iter().map(|fault| fault.split(':').nth(1).unwrap().trim()).collect();
    assert_eq!(lines, ["line 2", "line 3", "line 4", "line 5"], "{faults:#?}");
    assert!(faults[1].contains("reserved is 60.00, not 61"), "{faults:#?}");
}
