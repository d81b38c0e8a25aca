//! Bills, shops and clocks that are out of the ordinary.

use credit::{AdjustmentKind, NewAdjustment};
use kernel::{BusinessDate, CycleId, Money, Scope};
use testkit::both_engines;

use crate::world::{World, rupees};

impl World {
    async fn adjusted(&self, cycle_id: CycleId, kind: AdjustmentKind) {
        let new = NewAdjustment { cycle_id, kind, sign: None, amount: rupees(5_000), reason: "so it was".to_owned() };
        self.write(async move |tx, cx| credit::adjust(tx, cx, Scope::All, &new).await).await.unwrap();
    }
}

both_engines! {
    async fn what_was_closed_written_off_or_returned_whole_gets_none(t: TestDb) {
        let w = World::new(t);
        let [closed, written_off, returned, open] = [
            w.one("2026-01-31").await.1,
            w.one("2026-01-31").await.1,
            w.one("2026-01-31").await.1,
            w.one("2026-01-31").await.1,
        ];
        w.at("2026-01-30", 9);
        w.write(async move |tx, cx| credit::close(tx, cx, Scope::All, closed, "moved away").await).await.unwrap();
        w.adjusted(written_off, AdjustmentKind::WriteOff).await;
        w.adjusted(returned, AdjustmentKind::Return).await;
        w.run_through("2026-01-30", 10).await;
        let rows = w.rows().await;
        assert_eq!((rows.len(), rows.iter().all(|row| row.cycle_id == open)), (3, true), "{rows:?}");
    }

    async fn two_bills_of_the_largest_amount_stand_in_one_message(t: TestDb) {
        let w = World::new(t);
        let due: BusinessDate = "2026-01-31".parse().unwrap();
        let (shop, vendors) = (w.shop("EN").await, [w.wholesaler("KAR").await, w.wholesaler("BHE").await]);
        for vendor in vendors {
            w.line(shop, vendor).await;
            w.bill(shop, vendor, due, Money::MOST.paisa() / 100).await;
        }
        let ahead = w.write(async move |tx, _| reminders::preview(tx, due, &kernel::PageRequest::default()).await).await;
        assert_eq!(ahead.items.len(), 1);
        w.at("2026-01-31", 10);
        assert_eq!((w.run().await.cycles, w.run().await.cycles), (2, 0));
        let (_, text) = w.messages().await.remove(0);
        let twice = Money::MOST.plus(Money::MOST).unwrap().for_people();
        assert!(text.contains(&twice), "{twice} in {text}");
    }

    async fn a_bill_is_reminded_of_for_two_years_and_one_of_ten_years_ago_is_let_be(t: TestDb) {
        let w = World::new(t);
        let (shop, vendor) = (w.shop("NE").await, w.wholesaler("KAR").await);
        w.line(shop, vendor).await;
        w.bill(shop, vendor, "2015-12-31".parse().unwrap(), 10).await;
        w.bill(shop, vendor, "2024-01-04".parse().unwrap(), 10).await;
        w.weekly(true).await;
        w.run_through("2026-01-02", 14).await;
        assert_eq!(w.shown().await, ["2026-01-04 WEEKLY104 SENT"]);
    }

    async fn a_clock_that_is_set_back_by_a_day_sends_nothing_twice_and_loses_nothing(t: TestDb) {
        let w = World::new(t);
        w.at("2026-01-20", 9);
        for due_on in ["2026-01-30", "2026-01-31", "2026-02-01"] {
            w.one(due_on).await;
        }
        for day in ["2026-01-29", "2026-01-30", "2026-01-29", "2026-01-30", "2026-01-31", "2026-01-30", "2026-01-31"] {
            w.at(day, 10);
            w.run().await;
        }
        w.run_through("2026-02-01", 5).await;
        let mut shown = w.shown().await;
        shown.sort();
        let expected = [
            "2026-01-29 DAY_BEFORE SENT", "2026-01-30 DAY_BEFORE SENT", "2026-01-30 DUE SENT", "2026-01-31 DAY_BEFORE SENT",
            "2026-01-31 DUE SENT", "2026-02-01 DUE SENT", "2026-02-02 OVERDUE_3 SENT", "2026-02-03 OVERDUE_3 SENT",
            "2026-02-04 OVERDUE_3 SENT",
        ];
        assert_eq!(shown, expected);
        assert_eq!(w.messages().await.len(), 9);
    }
}
