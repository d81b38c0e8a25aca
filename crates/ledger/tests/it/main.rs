//! The journal on both engines, over several pages and under several writers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing loudly")]

mod tampering;

use std::collections::HashSet;
use std::process::Command;
use std::sync::Arc;

use db::DbError;
use kernel::{Actor, Context, Money, PageRequest, Scope};
use ledger::{Account, Balanced, EntryKind, Finding, NewEntry, Pair, Part, Plan};
use testkit::TestDb;

fn sale(pair: Pair, cx: &Context, number: i64) -> NewEntry {
    let amount = Money::from_paisa(number);
    let postings =
        Balanced::new(vec![(Account::Receivable, amount), (Account::Sales, amount.negated().unwrap())]).unwrap();
    NewEntry {
        retailer: pair.0,
        vendor: pair.1,
        kind: EntryKind::Delivery,
        business_date: cx.today(),
        order: None,
        cycle: None,
        payment: None,
        reverses: None,
        memo: format!("sale {number}; of \"rice\"\n"),
        postings,
    }
}

fn context(t: &TestDb) -> Context {
    Context::new(&t.clock, &t.ids, Actor::System, "test")
}

/// Posts this many entries to each book, all books in turn.
async fn fill(t: &TestDb, pairs: &[Pair], entries: i64) {
    let (cx, pairs) = (context(t), pairs.to_vec());
    let filled = t.db.write(async move |tx| {
        let new = (1..=entries).flat_map(|number| pairs.iter().map(move |pair| (*pair, number)));
        let posted = ledger::post(tx, &cx, new.map(|(pair, number)| sale(pair, &cx, number)).collect()).await?;
        let ids: HashSet<_> = posted.iter().map(|posted| posted.id).collect();
        assert_eq!(ids.len(), posted.len());
        Ok::<_, DbError>(())
    });
    filled.await.unwrap();
}

/// What is wrong with a part, and how many entries were looked at.
async fn verify_part(t: &TestDb, part: Part) -> (i64, Vec<Finding>) {
    let mut plan = Plan::default();
    while plan.stretches().is_none() {
        plan = t.db.read(async move |tx| ledger::plan(tx, part, plan.clone()).await).await.unwrap();
    }
    let (mut entries, mut findings) = (0, Vec::new());
    for stretch in plan.stretches().unwrap().to_vec() {
        let found = t.db.read(async move |tx| ledger::verify(tx, &stretch).await).await.unwrap();
        entries += found.entries;
        findings.extend(found.findings);
    }
    (entries, findings)
}

async fn verify(t: &TestDb) -> (i64, Vec<Finding>) {
    verify_part(t, Part::All).await
}

async fn export(t: &TestDb, part: Part) -> (String, usize) {
    let (mut text, mut pages, mut after) = (ledger::export_header().to_owned(), 0, None);
    loop {
        let page = t.db.read(async move |tx| ledger::export_page(tx, part, after).await).await.unwrap();
        text.push_str(&page.text);
        pages += 1;
        after = page.next;
        if after.is_none() {
            return (text, pages);
        }
    }
}

fn hledger(journal: &str, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.journal");
    std::fs::write(&path, journal).unwrap();
    let output = Command::new("hledger").arg("-f").arg(&path).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

testkit::both_engines! {
    async fn many_pages_are_walked_without_a_gap(t: TestDb) {
        let now = t.clock.now();
        let (retailers, vendors): ([_; 2], [_; 2]) =
            ([t.ids.make(now), t.ids.make(now)], [t.ids.make(now), t.ids.make(now)]);
        let pairs = [(retailers[0], vendors[0]), (retailers[0], vendors[1]), (retailers[1], vendors[0])];
        // 750 entries a book: pages of 1 000 end within books, and books within pages.
        fill(&t, &pairs, 750).await;
        let (entries, findings) = verify(&t).await;
        assert_eq!((entries, findings), (2_250, Vec::new()));
        for (part, books, pages) in [
            (Part::All, 3, 3), (Part::Vendor(vendors[0]), 2, 2), (Part::Vendor(vendors[1]), 1, 1),
            (Part::Retailer(retailers[0]), 2, 2), (Part::Book(pairs[2]), 1, 1),
        ] {
            assert_eq!(verify_part(&t, part).await, (i64::try_from(books).unwrap() * 750, Vec::new()));
            let (journal, written) = export(&t, part).await;
            assert_eq!(written, pages);
            assert_eq!(journal.matches("; id: ent_").count(), books * 750);
            hledger(&journal, &["check", "--strict"]);
            let totals = hledger(&journal, &["balance", "--flat", "--no-total", "receivable"]);
            assert_eq!(totals.matches("NPR 2816.25").count(), books, "{totals}");
        }
    }

    async fn writers_at_once_leave_one_chain(t: TestDb) {
        let now = t.clock.now();
        let pairs: Vec<Pair> = (0..3).map(|_| (t.ids.make(now), t.ids.make(now))).collect();
        let t = Arc::new(t);
        let writers: Vec<_> = (0..20)
            .map(|writer| {
                let (t, mut pairs) = (t.clone(), pairs.clone());
                // Each names the books in another order; none may wait for another in a circle.
                pairs.rotate_left(writer % 3);
                tokio::spawn(async move { fill(&t, &pairs, 5).await })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(verify(&t).await.1, Vec::new());
        for (retailer, vendor) in pairs {
            let (mut after, mut seqs) = (None, Vec::new());
            loop {
                let page = PageRequest::new(Some(30), after);
                let read = t.db.read(async move |tx| ledger::entries(tx, Scope::All, retailer, vendor, &page).await);
                let found = read.await.unwrap();
                seqs.extend(found.items.iter().map(|entry| entry.seq));
                after = found.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seqs, (1..=100).collect::<Vec<_>>());
        }
    }

    async fn a_stranger_sees_nothing_of_a_book(t: TestDb) {
        let now = t.clock.now();
        let pairs: [Pair; 2] = [(t.ids.make(now), t.ids.make(now)), (t.ids.make(now), t.ids.make(now))];
        let cx = context(&t);
        let opened = t.db.write(async move |tx| {
            ledger::post(tx, &cx, vec![sale(pairs[1], &cx, 7)]).await?;
            let stranger = Scope::Retailer(pairs[0].0);
            assert!(ledger::balances(tx, stranger, pairs[1].0, pairs[1].1).await?.is_empty());
            assert!(ledger::entries(tx, stranger, pairs[1].0, pairs[1].1, &PageRequest::default()).await?.items.is_empty());
            ledger::receivables(tx, &pairs).await
        });
        let receivables = opened.await.unwrap();
        assert_eq!(receivables.get(&pairs[1]), Some(&Money::from_paisa(7)));
        assert_eq!(receivables.len(), 1);
        assert_eq!(verify(&t).await.1, Vec::new());
    }
}
