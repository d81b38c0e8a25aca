//! The sample set of the documentation, and what an import promises as a whole.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use credit::{Cycle, CycleFilter, CycleStatus};
use import::{Kind, Order};
use kernel::{Money, PageRequest, Scope};

use crate::world::World;

fn samples() -> Vec<PathBuf> {
    vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/samples")]
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

async fn cycles(world: &World) -> Vec<Cycle> {
    let page = PageRequest::new(Some(200), None);
    let filter = CycleFilter::default();
    let mut found = world.read(async move |tx| credit::cycles(tx, Scope::All, filter, &page).await).await.items;
    found.sort_by(|one, other| one.note.cmp(&other.note));
    found
}

testkit::both_engines! {
    async fn the_sample_set_becomes_cycles(t: TestDb) {
        let world = World::new(t);
        let done = world.run(&samples(), false, |_| {}).await;
        assert!(done.report.is_clean(), "{:?}", done.refused);
        let counts = Kind::ALL.map(|kind| done.of(kind));
        assert_eq!(counts, [(2, 0, 0), (3, 0, 0), (4, 0, 0), (5, 0, 0), (4, 0, 0), (0, 0, 0)]);

        let cycles = cycles(&world).await;
        let names: Vec<&str> = cycles.iter().filter_map(|cycle| cycle.note.as_deref()).collect();
        assert_eq!(names, ["B-7", "B-8", "CRP-2082-17", "CRP-2082-31", "CRP-2082-32"]);
        let [late, paid, early, open, large] = cycles.as_slice() else { panic!("five cycles") };
        assert!(early.number.starts_with("CRP-") && early.order_id.is_none());
        assert_eq!((early.started_on.to_string(), early.due_on.to_string()), ("2025-11-02".into(), "2025-12-02".into()));
        assert_eq!((early.principal, early.outstanding), (money("25000.00"), money("12500.00")));
        assert_eq!((early.discount, early.interest, early.status), (money("500.00"), Money::ZERO, CycleStatus::PartiallyPaid));
        assert_eq!((late.outstanding, late.interest, late.discount), (money("8000.00"), money("10.00"), Money::ZERO));
        assert_eq!((paid.status, paid.closed_on.unwrap().to_string()), (CycleStatus::FullyPaid, "2025-11-01".to_owned()));
        assert_eq!((open.status, large.outstanding), (CycleStatus::Active, money("120000.00")));

        world.is_clean().await;
        let balances = world.hledger().await;
        let owed = format!("\"vendor:{}:receivable:{}\",\"NPR 32500.00\"", early.vendor_id, early.retailer_id);
        assert!(balances.contains(&owed), "{owed} is not in\n{balances}");
        let opening = format!("\"vendor:{}:opening_balances\",\"NPR -165000.00\"", early.vendor_id);
        assert!(balances.contains(&opening), "{opening} is not in\n{balances}");
    }

    async fn the_same_files_twice_change_nothing(t: TestDb) {
        let world = World::new(t);
        world.run(&samples(), false, |_| {}).await;
        let before = world.tables().await;
        let again = world.run(&samples(), false, |_| {}).await;
        assert!(again.report.is_clean(), "{:?}", again.refused);
        assert_eq!(Kind::ALL.map(|kind| again.of(kind)), [(0, 2, 0), (0, 3, 0), (0, 4, 0), (0, 5, 0), (0, 4, 0), (0, 0, 0)]);
        assert_eq!(world.tables().await, before);
    }

    async fn an_imported_cycle_goes_on_like_any_other(t: TestDb) {
        let world = World::new(t);
        world.run(&samples(), false, |_| {}).await;
        let cycle = cycles(&world).await.into_iter().find(|cycle| cycle.note.as_deref() == Some("CRP-2082-31")).unwrap();
        let cx = kernel::Context::new(&world.t.clock, &world.t.ids, kernel::Actor::Vendor(cycle.vendor_id), "test");
        let repaid = world.t.db.write(async move |tx| {
            let new = credit::NewRepayment {
                ask: credit::Ask::Principal(money("20000.00")),
                on: cx.today(),
                method: ledger::Method::Cash,
                reference: None,
            };
            credit::repay(tx, &cx, Scope::Vendor(cycle.vendor_id), cycle.id, new).await
        });
        let repaid: Result<_, db::DbError> = repaid.await;
        let repaid = repaid.unwrap().unwrap();
        // The line's terms hold for it: 5 % through day 30, and this is day 22.
        assert_eq!((repaid.repayment.settlement.cash, repaid.cycle.status), (money("19000.00"), CycleStatus::FullyPaid));
        world.is_clean().await;
    }

    async fn a_dry_run_checks_everything_and_leaves_every_table_as_it_was(t: TestDb) {
        let world = World::with_people(t).await;
        world.file("purchases.csv", "key,vendor,retailer,date,amount\nP-1,CRP,9848000001,2025-12-01,5000\n\
            P-2,CRP,9848000002,2025-12-01,5000\nP-3,CRP,9848000001,2025-12-01,-5\n");
        world.file("repayments.csv", "key,vendor,purchase,date,cash\nR-1,CRP,P-1,2025-12-02,6000\nR-2,CRP,P-1,2025-12-02,4000\n");
        world.file("later-lines.csv", "retailer,vendor,limit,balance\n9848000001,CRP,100000,900\n");
        let files = ["purchases.csv", "repayments.csv", "later-lines.csv"];
        let before = world.tables().await;
        let dry = world.dry_run(&files).await;
        assert_eq!(world.tables().await, before);
        let told = dry.told();
        assert_eq!(told, ["3 NO_CREDIT_LINE retailer C3", "4 AMOUNT amount E4", "2 OVERPAYMENT cash E2", "2 BALANCE balance D2"]);
        // What the dry run told is what becomes of it.
        let real = world.import(&files).await;
        assert_eq!(real.refused, dry.refused);
        assert_eq!(Kind::ALL.map(|kind| real.of(kind)), Kind::ALL.map(|kind| dry.of(kind)));
        assert_eq!((real.of(Kind::Purchases), real.of(Kind::Repayments)), ((1, 0, 2), (1, 0, 1)));
        world.is_clean().await;
    }

    async fn an_import_that_was_cut_off_is_finished_by_running_it_again(t: TestDb) {
        let world = World::with_people(t).await;
        let mut purchases = "key,vendor,retailer,date,amount\n".to_owned();
        let mut repayments = "key,vendor,purchase,date,cash\n".to_owned();
        for number in 0..900 {
            writeln!(purchases, "P-{number},CRP,9848000001,2025-11-{:02},{}", number % 30 + 1, number + 100).unwrap();
            writeln!(repayments, "R-{number},CRP,P-{number},2025-12-01,{}", number + 50).unwrap();
        }
        world.file("purchases.csv", purchases);
        world.file("repayments.csv", repayments);
        let files = ["purchases.csv", "repayments.csv"];
        for rows in [300, 1_000, 1_500] {
            // Dropped in the middle of a batch that comes after so many rows.
            let (seen, enough) = (Arc::new(AtomicU64::new(0)), Arc::new(tokio::sync::Notify::new()));
            let (tell_seen, tell_enough) = (seen.clone(), enough.clone());
            let tell = move |progress: import::Progress| {
                tell_seen.store(progress.rows, Ordering::SeqCst);
                if progress.rows >= rows {
                    tell_enough.notify_one();
                }
            };
            let order = Order { sources: import::sources(&world.paths(&files)).unwrap(), is_dry_run: false };
            tokio::select! {
                biased;
                () = enough.notified() => {}
                _ = import::import(&world.t.db, &world.t.clock, &world.t.ids, order, tell) => panic!("it came to its end"),
            }
            assert!((rows..1_800).contains(&seen.load(Ordering::SeqCst)));
            world.is_clean().await;
        }
        let kept = world.number("select count(*) as number from import_rows where amount_paisa <> 0").await;
        assert!((1_200..1_800).contains(&kept), "{kept}");
        let last = world.import(&files).await;
        assert!(last.report.is_clean(), "{} refused, first {:?}", last.refused.len(), last.refused.first());
        let (purchases, repayments) = (last.of(Kind::Purchases), last.of(Kind::Repayments));
        assert_eq!((purchases.0 + purchases.1, repayments.0 + repayments.1), (900, 900));
        assert!(purchases.1 >= 200 && repayments.0 > 0, "{purchases:?} {repayments:?}");
        let counts = "select cast(sum(outstanding_paisa) as bigint) as number from cycles";
        // Each purchase of n + 100 rupees was repaid by n + 50.
        assert_eq!(world.number(counts).await, 900 * 50 * 100);
        assert_eq!(world.number("select count(*) as number from cycles").await, 900);
        assert_eq!(world.number("select count(*) as number from repayments").await, 900);
        world.is_clean().await;
    }

    async fn two_imports_of_one_book_at_once_take_each_row_once(t: TestDb) {
        let world = World::with_people(t).await;
        let mut purchases = "key,vendor,retailer,date,amount\n".to_owned();
        let mut repayments = "key,vendor,purchase,date,cash\n".to_owned();
        for number in 0..450 {
            writeln!(purchases, "P-{number},CRP,9848000001,2025-11-01,1000").unwrap();
            writeln!(repayments, "R-{number},CRP,P-{number},2025-12-01,600").unwrap();
        }
        world.file("purchases.csv", purchases);
        world.file("repayments.csv", repayments);
        let files = ["purchases.csv", "repayments.csv"];
        let (one, other) = tokio::join!(world.import(&files), world.import(&files));
        for done in [&one, &other] {
            assert!(done.report.is_clean(), "{} refused, first {:?}", done.refused.len(), done.refused.first());
        }
        for kind in [Kind::Purchases, Kind::Repayments] {
            assert_eq!((one.of(kind).0 + other.of(kind).0, one.of(kind).1 + other.of(kind).1), (450, 450));
        }
        assert_eq!(world.number("select count(*) as number from repayments").await, 450);
        world.is_clean().await;
    }

    async fn balances_are_compared_with_what_was_imported(t: TestDb) {
        let world = World::with_people(t).await;
        world.file("lines.csv", "retailer,vendor,limit,balance\n9848000001,CRP,100000,\"3,000\"\n9848000002,BKT,500,10\n9848000002,CRP,1,0\n");
        world.file("purchases.csv", "key,vendor,retailer,date,amount\nP-1,CRP,9848000001,2025-12-01,5000\n");
        world.file("repayments.csv", "key,vendor,purchase,date,cash,principal\nR-1,CRP,P-1,2025-12-03,1950,2000\n");
        let files = ["lines.csv", "purchases.csv", "repayments.csv"];
        let done = world.import(&files).await;
        assert_eq!(done.told(), ["3 BALANCE balance D3"]);
        assert_eq!((done.report.mismatches, done.report.is_clean()), (1, false));
        assert!(done.refused[0].reason.contains("Rs. 10.00 is owed") && done.refused[0].reason.contains("Rs. 0.00"));
        // A balance is no part of the line: it may be mended and the file given again.
        world.file("lines.csv", "retailer,vendor,limit,balance\n9848000001,CRP,100000,2999.99\n9848000002,BKT,500,0\n");
        let again = world.import(&files).await;
        assert_eq!((again.told(), again.of(Kind::Lines)), (vec!["2 BALANCE balance D2".to_owned()], (0, 2, 0)));
    }
}
