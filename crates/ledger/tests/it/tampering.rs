//! Whoever changes the journal behind the house's back is found out, whatever column it is, and the first bad entry of
//! each book is named.

use db::{DbError, Engine, Value, params};
use kernel::Money;
use ledger::{FIRST_HASH, Finding, Pair, Part, Wrong};
use testkit::TestDb;

use crate::{fill, verify, verify_part};

/// Entries of each book.
const LENGTH: i64 = 12;

async fn meddle(t: &TestDb, sql: String, params: Vec<Value>) {
    // The store takes statements that live as long as the program; a test may leak one.
    let sql: &'static str = String::leak(sql);
    let done: Result<(), DbError> = t.db.write(async move |tx| tx.exec(sql, params.clone()).await).await;
    done.unwrap();
}

/// Three books; the second is meddled with, between two that are sound.
async fn three_books(t: &TestDb) -> [Pair; 3] {
    let now = t.clock.now();
    let mut pairs: [Pair; 3] = std::array::from_fn(|_| (t.ids.make(now), t.ids.make(now)));
    pairs.sort();
    fill(t, &pairs, LENGTH).await;
    assert_eq!(verify(t).await, (3 * LENGTH, Vec::new()));
    pairs
}

/// The columns of a table, and whether each holds texts.
async fn columns(t: &TestDb, table: &'static str) -> Vec<(String, bool)> {
    let sql = match t.db.engine() {
        Engine::Sqlite => "select name, type from pragma_table_info($1) order by cid",
        Engine::Postgres => {
            "select cast(column_name as text) as name, cast(data_type as text) as type \
             from information_schema.columns where table_name = $1 and table_schema = current_schema() \
             order by ordinal_position"
        }
    };
    let rows = t.db.read::<_, DbError, _>(async move |tx| tx.query(sql, params![table]).await).await.unwrap();
    let column = |row: &db::Row| {
        (row.get::<String>("name").unwrap(), row.get::<String>("type").unwrap().eq_ignore_ascii_case("text"))
    };
    rows.iter().map(column).collect()
}

fn named(findings: &[Finding], pair: Pair) -> Option<(i64, Wrong)> {
    let (retailer, vendor) = (pair.0.to_string(), pair.1.to_string());
    let mut own = findings.iter().filter(|found| found.retailer == retailer && found.vendor == vendor);
    let first = own.next().map(|found| (found.seq, found.wrong));
    assert!(own.next().is_none(), "a book is named once: {findings:?}");
    first
}

/// Changes one thing, looks, and brings it back: what `verify` says of the book.
async fn after(t: &TestDb, pair: Pair, change: &str, back: &str) -> Option<(i64, Wrong)> {
    let of_book = |sql: &str| sql.replace("{book}", "retailer_id = $1 and vendor_id = $2");
    meddle(t, of_book(change), params![pair.0, pair.1]).await;
    let (_, findings) = verify(t).await;
    let found = named(&findings, pair);
    assert_eq!(named(&verify_part(t, Part::Book(pair)).await.1, pair), found, "{change}");
    assert_eq!(named(&verify_part(t, Part::Vendor(pair.1)).await.1, pair), found, "{change}");
    for part in back.split("; ") {
        meddle(t, of_book(part), params![pair.0, pair.1]).await;
    }
    assert_eq!(verify(t).await, (3 * LENGTH, Vec::new()), "{back}");
    found
}

/// What is found where a column of entry 7 was changed.
fn expected_of(column: &str, new: &Value) -> (i64, Wrong) {
    match column {
        "seq" if *new == Value::Int(-5) => (1, Wrong::Missing { found: -5 }),
        // The entry is elsewhere; its postings stay behind.
        "retailer_id" | "vendor_id" | "seq" => (7, Wrong::Stray),
        "previous_hash" => (7, Wrong::Unlinked),
        _ => (7, Wrong::Changed),
    }
}

testkit::both_engines! {
    async fn a_change_of_any_column_of_an_entry_is_named(t: TestDb) {
        let [_, pair, _] = three_books(&t).await;
        let all = columns(&t, "journal_entries").await;
        assert_eq!(all.len(), 15, "{all:?}");
        for (column, is_text) in all {
            // A key takes the row elsewhere, so it is found again by its id, which is as unique.
            let id = "(select min(id) from journal_entries where retailer_id = $1 and vendor_id = $2 and seq = 7)";
            let row = t.db.read::<_, DbError, _>(async move |tx| {
                let sql = "select * from journal_entries where retailer_id = $1 and vendor_id = $2 and seq = 7";
                tx.query_one(sql, params![pair.0, pair.1]).await
            });
            let row = row.await.unwrap();
            let entry: String = row.get("id").unwrap();
            let (changed, kept) = if is_text {
                let kept = row.text(String::leak(column.clone())).unwrap();
                (vec![kept.map_or("x".to_owned(), |text| format!("{text}x")), String::new()], Value::from(kept))
            } else {
                (vec!["-5".to_owned(), "70".to_owned()], Value::from(row.get::<i64>(String::leak(column.clone())).unwrap()))
            };
            for new in changed {
                let new = if is_text { Value::from(new) } else { Value::from(new.parse::<i64>().unwrap()) };
                let sql = format!("update journal_entries set {column} = $3 where id = {id}");
                meddle(&t, sql, params![pair.0, pair.1, new.clone()]).await;
                let found = named(&verify(&t).await.1, pair);
                assert_eq!(found, Some(expected_of(&column, &new)), "{column} = {new:?}");
                let key = if column == "id" { new } else { Value::from(entry.as_str()) };
                meddle(&t, format!("update journal_entries set {column} = $1 where id = $2"), params![kept.clone(), key]).await;
                assert_eq!(verify(&t).await, (3 * LENGTH, Vec::new()), "{column}");
            }
        }
    }

    async fn a_change_of_any_column_of_a_posting_is_named(t: TestDb) {
        let [_, pair, _] = three_books(&t).await;
        let all = columns(&t, "postings").await;
        assert_eq!(all.len(), 6, "{all:?}");
        for (column, is_text) in all {
            let (new, back, expected) = match column.as_str() {
                "retailer_id" | "vendor_id" => ("'x'", if column == "vendor_id" { "$2" } else { "$1" }, Wrong::Unbalanced(Money::from_paisa(7))),
                "seq" => ("70", "7", Wrong::Unbalanced(Money::from_paisa(7))),
                "number" => ("0", "2", Wrong::Changed),
                "account" => ("'advances'", "'sales'", Wrong::Changed),
                "amount_paisa" => ("-8", "-7", Wrong::Unbalanced(Money::from_paisa(-1))),
                other => panic!("{other} is new: {is_text}"),
            };
            let place = "account = 'sales' and seq = 7 and retailer_id = $1 and vendor_id = $2";
            meddle(&t, format!("update postings set {column} = {new} where {place}"), params![pair.0, pair.1]).await;
            assert_eq!(named(&verify(&t).await.1, pair), Some((7, expected)), "{column}");
            let place = match column.as_str() {
                "retailer_id" => "retailer_id = 'x' and vendor_id = $2",
                "vendor_id" => "vendor_id = 'x' and retailer_id = $1",
                "seq" => "seq = 70 and retailer_id = $1 and vendor_id = $2",
                "account" => "account = 'advances' and retailer_id = $1 and vendor_id = $2",
                _ => place,
            };
            // Both parameters are bound, whichever of them the row is found by.
            let sql = format!("update postings set {column} = {back} where {place} and $1 <> '' and $2 <> ''");
            meddle(&t, sql, params![pair.0, pair.1]).await;
            assert_eq!(verify(&t).await, (3 * LENGTH, Vec::new()), "{column}");
        }
        // The same order under other numbers leaves the content as it was.
        let found = after(
            &t, pair,
            "update postings set number = 3 where {book} and seq = 7 and number = 2",
            "update postings set number = 2 where {book} and seq = 7 and number = 3",
        );
        assert_eq!(found.await, Some((7, Wrong::Misnumbered)));
        let double = "insert into postings (retailer_id, vendor_id, seq, number, account, amount_paisa) \
                      select p.retailer_id, p.vendor_id, p.seq, p.number + 2, p.account, p.amount_paisa from postings p \
                      where p.{book} and p.seq = 7".replace("p.{book}", "{book}");
        let found = after(&t, pair, &double, "delete from postings where {book} and seq = 7 and number > 2");
        assert_eq!(found.await, Some((7, Wrong::Changed)));
    }

    async fn a_missing_a_swapped_and_a_new_entry_are_named(t: TestDb) {
        let pairs = three_books(&t).await;
        let pair = pairs[1];
        meddle(&t, "create table kept as select * from journal_entries".to_owned(), params![]).await;
        meddle(&t, "create table kept_postings as select * from postings".to_owned(), params![]).await;
        meddle(&t, "create table kept_books as select * from books".to_owned(), params![]).await;
        let number = |from: &str, to: &str| format!("update journal_entries set seq = {to} where {{book}} and seq = {from}");
        let postings = |sql: &str| sql.replace("journal_entries", "postings");
        let (one, two) = (number("5", "99"), number("6", "5"));
        let copy = |seq: &str, id: &str, previous: &str, hash: &str| {
            format!(
                "insert into journal_entries select retailer_id, vendor_id, {seq}, {id}, kind, business_date, recorded_at, \
                 actor, order_id, cycle_id, payment_id, reverses, memo, {previous}, {hash} from kept where {{book}} and seq = 12"
            )
        };
        let cases: Vec<(Vec<String>, i64, Wrong)> = vec![
            (vec!["delete from journal_entries where {book} and seq = 5".to_owned()], 5, Wrong::Stray),
            (
                vec!["delete from journal_entries where {book} and seq = 5".to_owned(),
                     "delete from postings where {book} and seq = 5".to_owned()],
                5, Wrong::Missing { found: 6 },
            ),
            (
                vec!["delete from journal_entries where {book} and seq > 9".to_owned(),
                     "delete from postings where {book} and seq > 9".to_owned()],
                10, Wrong::CutOff { head: 12 },
            ),
            (
                vec!["delete from journal_entries where {book}".to_owned(), "delete from postings where {book}".to_owned()],
                1, Wrong::CutOff { head: 12 },
            ),
            (
                vec![one.clone(), two.clone(), number("99", "6"), postings(&one), postings(&two), postings(&number("99", "6"))],
                5, Wrong::Unlinked,
            ),
            // Postings of two entries change places, which keeps every entry in balance.
            (vec![postings(&one), postings(&two), postings(&number("99", "6"))], 5, Wrong::Changed),
            (vec![copy("13", "'ent_x'", "hash", "'x'")], 13, Wrong::Changed),
            (vec![copy("13", "'ent_x'", "previous_hash", "'x'")], 13, Wrong::Unlinked),
            (vec![copy("14", "'ent_x'", "hash", "hash")], 13, Wrong::Missing { found: 14 }),
            (vec![copy("0", "'ent_x'", "hash", "hash")], 1, Wrong::Missing { found: 0 }),
            (vec!["update books set seq = 11 where {book}".to_owned()], 12, Wrong::Behind { head: 11 }),
            (vec!["update books set seq = 13 where {book}".to_owned()], 13, Wrong::CutOff { head: 13 }),
            (vec![format!("update books set seq = {} where {{book}}", i64::MAX)], 13, Wrong::CutOff { head: i64::MAX }),
            (vec!["update books set last_hash = 'x' where {book}".to_owned()], 12, Wrong::OtherHead),
        ];
        let restore = async |t: &TestDb| {
            for (table, kept) in [("journal_entries", "kept"), ("postings", "kept_postings"), ("books", "kept_books")] {
                meddle(t, format!("delete from {table}"), params![]).await;
                meddle(t, format!("insert into {table} select * from {kept}"), params![]).await;
            }
        };
        for (steps, seq, wrong) in cases {
            for step in &steps {
                meddle(&t, step.replace("{book}", "retailer_id = $1 and vendor_id = $2"), params![pair.0, pair.1]).await;
            }
            let (_, findings) = verify(&t).await;
            assert_eq!(named(&findings, pair), Some((seq, wrong)), "{steps:?}");
            assert_eq!(findings.len(), 1, "the other books are sound: {findings:?}");
            assert_eq!(named(&verify_part(&t, Part::Book(pair)).await.1, pair), Some((seq, wrong)), "{steps:?}");
            restore(&t).await;
            assert_eq!(verify(&t).await, (3 * LENGTH, Vec::new()));
        }
        // A book without its head, and one that was never opened.
        meddle(&t, "delete from books where retailer_id = $1 and vendor_id = $2".to_owned(), params![pair.0, pair.1]).await;
        assert_eq!(named(&verify(&t).await.1, pair), Some((12, Wrong::NoHead)));
        assert_eq!(named(&verify_part(&t, Part::Book(pair)).await.1, pair), Some((12, Wrong::NoHead)));
        restore(&t).await;
        // A book computed anew from its first entry holds within itself, and differs from what was kept elsewhere.
        let hash = "select last_hash from books where retailer_id = $1 and vendor_id = $2";
        let head = t.db.read::<_, DbError, _>(async move |tx| tx.query_one(hash, params![pair.0, pair.1]).await);
        assert_ne!(head.await.unwrap().get::<String>("last_hash").unwrap(), FIRST_HASH);
    }

    async fn a_book_longer_than_a_stretch_is_checked_whole(t: TestDb) {
        let now = t.clock.now();
        let mut pairs: Vec<Pair> = (0..3).map(|_| (t.ids.make(now), t.ids.make(now))).collect();
        pairs.sort();
        let long = pairs[1];
        fill(&t, &[pairs[0], pairs[2]], 10).await;
        for _ in 0..3 {
            fill(&t, &[long], 7_000).await;
        }
        assert_eq!(verify(&t).await, (21_020, Vec::new()));
        // The cut lies behind entry 19 990: on it, behind it, and in both stretches of the book.
        for (seqs, found) in [("19990", vec![19_990]), ("19991", vec![19_991]), ("19990, 21000", vec![19_990, 21_000])] {
            let sql = |memo: &str| {
                let book = "retailer_id = $1 and vendor_id = $2";
                format!("update journal_entries set memo = {memo} where {book} and seq in ({seqs})")
            };
            meddle(&t, sql("memo || 'x'"), params![long.0, long.1]).await;
            let (entries, findings) = verify(&t).await;
            assert_eq!((entries, findings.iter().map(|found| found.seq).collect::<Vec<_>>()), (21_020, found));
            meddle(&t, sql("substr(memo, 1, length(memo) - 1)"), params![long.0, long.1]).await;
        }
        // The entry before a cut is gone, with its postings: the stretch behind it says so.
        for table in ["journal_entries", "postings"] {
            let sql = format!("delete from {table} where retailer_id = $1 and vendor_id = $2 and seq = 19990");
            meddle(&t, sql, params![long.0, long.1]).await;
        }
        let (entries, findings) = verify(&t).await;
        let found: Vec<_> = findings.iter().map(|found| (found.seq, found.wrong)).collect();
        assert_eq!((entries, found), (21_019, vec![(19_990, Wrong::Missing { found: 19_991 })]));
    }
}
