//! `khaacho verify` and `khaacho export` as people and scripts run them, on a file of its own.

use std::path::Path;
use std::process::{Command, Output};

use db::{DatabaseUrl, Db, DbError, Options, params};
use kernel::{Actor, Clock, Context, IdGen, Instant, Money};
use ledger::{Account, Balanced, EntryKind, NewEntry, Pair};
use serde_json::Value;

const ENTRIES: i64 = 30;

fn khaacho(database: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let url = format!("sqlite:{}", database.display());
    let ran = Command::new(env!("CARGO_BIN_EXE_khaacho")).args(["--database", &url]).args(arguments).output();
    let Output { status, stdout, stderr } = ran.unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// Two books of a vendor, in a file that nobody has open.
async fn books(database: &Path) -> Pair {
    let (clock, ids) = (Clock::manual(Instant::from_micros(1_767_248_100_000_000)), IdGen::seeded(3));
    let db = Db::open(&DatabaseUrl::Sqlite(database.to_owned()), &Options::default()).unwrap();
    db.migrate(schema::MIGRATIONS, clock.now()).await.unwrap();
    let cx = Context::new(&clock, &ids, Actor::System, "test");
    let new = parties::NewVendor {
        name: "Wholesaler".to_owned(),
        owner_name: "Maya".to_owned(),
        phone: "9779852000001".to_owned(),
        place: None,
        latitude_micro: None,
        longitude_micro: None,
        language: parties::Language::English,
        number_prefix: "WHO".to_owned(),
        capacity: 10,
    };
    let at = cx.clone();
    let vendor = db.write(async move |tx| parties::create_vendor(tx, &at, &new).await).await.unwrap().unwrap().id;
    let pairs: [Pair; 2] = [(cx.id(), vendor), (cx.id(), vendor)];
    let sale = move |cx: &Context, number: i64| NewEntry {
        retailer: pairs[usize::try_from(number % 2).unwrap()].0,
        vendor,
        kind: EntryKind::CashSale,
        business_date: cx.today(),
        order: None,
        cycle: None,
        payment: None,
        reverses: None,
        memo: format!("sale {number}"),
        postings: Balanced::new(vec![
            (Account::Cash(ledger::Method::Cash), Money::from_paisa(number)),
            (Account::Sales, Money::from_paisa(-number)),
        ])
        .unwrap(),
    };
    let posted = db.write(async move |tx| {
        ledger::post(tx, &cx, (1..=ENTRIES).map(|number| sale(&cx, number)).collect()).await.map(|_| ())
    });
    posted.await.unwrap();
    pairs[1]
}

#[tokio::test]
async fn exit_codes_mean_something() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("books.db");
    let pair = books(&database).await;
    let vendor = pair.1.to_string();
    let (code, out, _) = khaacho(&database, &["verify"]);
    assert_eq!((code, out.as_str()), (Some(0), "clean: 30 journal entries, 0 credit lines, 1 audit entries\n"));
    let (code, out, _) = khaacho(&database, &["verify", "--json", "--vendor", &vendor]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &report["entries"], &report["found"]), (Some(0), &Value::from(30), &Value::from(0)));

    let other = IdGen::seeded(9).make::<kernel::VendorId>(Instant::from_micros(0)).to_string();
    let missing = folder.path().join("nothing.db");
    let line = ["verify", "--vendor", &vendor, "--line", "lin_00000000000000000000000000"];
    for (database, arguments) in
        [(&database, &["verify", "--vendor", &other][..]), (&missing, &["verify"]), (&database, &line)]
    {
        let (code, out, told) = khaacho(database, arguments);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}: {told}");
        assert!(!told.is_empty());
    }

    let url = DatabaseUrl::Sqlite(database.clone());
    let db = Db::open(&url, &Options::default()).unwrap();
    let changed: Result<(), DbError> = db
        .write(async move |tx| {
            let sql = "update journal_entries set memo = 'gift' where retailer_id = $1 and seq in (4, 9)";
            tx.exec(sql, params![pair.0]).await
        })
        .await;
    changed.unwrap();
    drop(db);
    let (code, out, _) = khaacho(&database, &["verify"]);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!((code, lines.len()), (Some(1), 2), "{out}");
    assert!(lines[0].starts_with(&format!("the book of {} with {vendor}: entry 4 (ent_", pair.0)), "{out}");
    assert!(lines[0].ends_with("was changed after it was written") && lines[1].starts_with("1 findings: 30 journal"));
    let (code, out, _) = khaacho(&database, &["verify", "--json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, report["findings"].as_array().unwrap().len()), (Some(1), 1));
}

#[tokio::test]
async fn the_journal_goes_to_a_file_or_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let (database, file) = (folder.path().join("books.db"), folder.path().join("books.journal"));
    let vendor = books(&database).await.1.to_string();
    let (code, piped, told) = khaacho(&database, &["export", "journal"]);
    assert_eq!((code, piped.matches("CASH_SALE").count()), (Some(0), 30), "{told}");
    let (code, out, _) =
        khaacho(&database, &["export", "journal", "--vendor", &vendor, "--output", file.to_str().unwrap()]);
    assert_eq!((code, out.as_str()), (Some(0), ""));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), piped);
    let (code, out, _) = khaacho(&database, &["export", "journal", "--line", "lin_00000000000000000000000000"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
}

#[test]
fn the_templates_are_printed_for_whatsapp() {
    let (code, printed, said) = khaacho(Path::new("nowhere.db"), &["export", "templates"]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let templates: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(templates.len(), khaacho::templates::TEMPLATES.len());
    assert_eq!((&templates[0]["name"], &templates[0]["category"]), (&"order_offer_v1".into(), &"UTILITY".into()));
    assert!(!Path::new("nowhere.db").exists());
}
