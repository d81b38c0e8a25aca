//! Shops, rules and clocks that are out of the ordinary.

use credit::{AdjustmentKind, NewAdjustment};
use kernel::{BusinessDate, CycleId, Money, Scope, VendorId};
use risk::{Category, Refusal, WhatIf};

use crate::world::{World, rupees};

impl World {
    async fn changed<T: Send + 'static, R: std::fmt::Debug + Send + 'static>(
        &self,
        change: impl AsyncFn(&mut db::Tx, &kernel::Context) -> Result<Result<T, R>, db::DbError> + Send + 'static,
    ) -> T {
        let cx = self.operator();
        self.t.db.write::<_, db::DbError, _>(async move |tx| change(tx, &cx).await).await.unwrap().unwrap()
    }

    async fn adjusted(&self, cycle_id: CycleId, kind: AdjustmentKind, amount: i64) {
        let new = NewAdjustment { cycle_id, kind, sign: None, amount: rupees(amount), reason: "so it was".to_owned() };
        self.changed(async move |tx, cx| credit::adjust(tx, cx, Scope::All, &new).await).await;
    }

    async fn closed(&self, cycle: CycleId) {
        self.changed(async move |tx, cx| credit::close(tx, cx, Scope::All, cycle, "moved away").await).await;
    }

    /// Another vendor lends to the shop.
    async fn lends_too(&self, limit: Money) -> VendorId {
        let retailer_id = self.retailer;
        let seller = parties::NewVendor {
            name: "Bheri Stores".to_owned(),
            owner_name: "Maya".to_owned(),
            phone: "9779811000099".to_owned(),
            place: None,
            latitude_micro: None,
            longitude_micro: None,
            language: parties::Language::English,
            number_prefix: "BHE".to_owned(),
            capacity: 20,
        };
        let vendor = self.changed(async move |tx, cx| parties::create_vendor(tx, cx, &seller).await).await.id;
        self.changed(async move |tx, cx| {
            let line = credit::NewLine {
                retailer_id,
                vendor_id: vendor,
                limit,
                terms_days: 30,
                max_order: None,
                max_overdue_days: 30,
                settlement: None,
            };
            credit::create_line(tx, cx, line).await
        })
        .await;
        vendor
    }

    fn goes_to(&self, day: BusinessDate) {
        self.t.clock.set(day.at(12, 0));
    }
}

testkit::both_engines! {
    async fn two_lines_of_the_largest_amount_go_through_everything(t: TestDb) {
        let mut world = World::new(t).await;
        let first = world.vendor;
        world.change_limit(Money::MOST.paisa() / 100).await;
        let second = world.lends_too(Money::MOST).await;
        for vendor in [first, second] {
            world.vendor = vendor;
            for days_ago in [35, 34, 33] {
                let cycle = world.bought(days_ago, 1_000).await;
                world.paid(cycle).await;
            }
            world.bought(1, Money::MOST.paisa() / 100).await;
        }
        // Both limits are cut by a quarter, and both lines are above theirs.
        let done = world.run().await;
        assert_eq!((done.scores, done.alerts, done.cut), (1, 1, 2));
        let (cx, id) = (world.operator(), world.retailer);
        world.t.db.write::<_, db::DbError, _>(async move |tx| risk::control_one(tx, &cx, id).await).await.unwrap();
        let twice = Money::MOST.plus(Money::MOST).unwrap();
        assert!(matches!(world.alerts().await[0].cause, risk::Cause::Utilisation { used, limit } if (used, limit) == (twice, twice)));
        let now = world.t.clock.now();
        let played = risk::simulate(&world.t.db, WhatIf::default(), now).await.unwrap().unwrap();
        assert_eq!(played.retailers, 1);
        world.days(90);
        assert_eq!(world.run().await.paused, 1);
    }

    async fn what_was_returned_whole_is_no_delay_and_what_was_closed_or_written_off_is_one(t: TestDb) {
        let world = World::new(t).await;
        let [returned, closed, written_off] =
            [world.bought(40, 100).await, world.bought(39, 100).await, world.bought(38, 100).await];
        world.adjusted(returned, AdjustmentKind::Return, 100).await;
        world.closed(closed).await;
        world.adjusted(written_off, AdjustmentKind::WriteOff, 100).await;
        let run = world.run().await;
        assert_eq!((run.cut, run.paused), (0, 0), "two delays");
        let late = world.bought(37, 100).await;
        world.paid(late).await;
        assert_eq!(world.run().await.cut, 1, "three");
    }

    async fn ten_years_of_bills_and_one_that_was_never_paid(t: TestDb) {
        let world = World::new(t).await;
        let forgotten = world.bought(3_650, 10).await;
        for month in 1..120 {
            let cycle = world.bought(3_650 - 30 * month, 100).await;
            world.paid(cycle).await;
        }
        let done = world.run().await;
        assert_eq!((done.cut, done.paused), (1, 1));
        assert_eq!(world.actions().await[0].cycles, [forgotten]);
        let (now, today) = (world.t.clock.now(), world.today());
        let asked = WhatIf { from: Some(today.plus_days(-365)), ..WhatIf::default() };
        assert_eq!(risk::simulate(&world.t.db, asked, now).await.unwrap().unwrap().touched.len(), 1);
        world.paid(forgotten).await;
        let done = world.run().await;
        assert_eq!((done.lifted, done.cut), (1, 0));
    }

    async fn rules_that_cannot_be_leave_nothing_behind(t: TestDb) {
        let world = World::new(t).await;
        let weights = |delay: i64| serde_json::json!({ "delay": delay, "utilisation": 25, "consecutiveDelays": 20, "orderSpike": 15 });
        let cases = [
            (Category::Weights, weights(41), "weights"),
            (Category::Weights, weights(39), "weights"),
            (Category::Weights, weights(-10), "delay"),
            (Category::Weights, weights(i64::MAX), "delay"),
            (Category::HighRiskScore, serde_json::json!({ "score": 39 }), "score"),
            (Category::HighUtilisation, serde_json::json!({ "percent": 101 }), "percent"),
            (Category::OrderSpike, serde_json::json!({ "times": 1 }), "times"),
            (Category::LimitRestore, serde_json::json!({ "days": 366 }), "days"),
            (Category::ConsecutiveDelays, serde_json::json!({ "delays": 3, "cutPercent": 0 }), "cutPercent"),
            (Category::OverdueBlock, serde_json::json!({ "days": 30, "timeZone": "Asia/Nowhere" }), "rule.timeZone"),
            (Category::OverdueBlock, serde_json::json!({ "days": 30, "quietFrom": "25:00" }), "rule.quietFrom"),
            (Category::OverdueBlock, serde_json::json!("never"), "rule"),
        ];
        for (category, rule, expected) in cases {
            let cx = world.operator();
            let asked = rule.clone();
            let changed = world.t.db.write::<_, db::DbError, _>(async move |tx| {
                risk::change_rule(tx, &cx, (category, None), asked.clone(), "a trial").await
            });
            let field = match changed.await.unwrap() {
                Err(Refusal::Rule(bad)) => bad.field.to_owned(),
                Err(Refusal::RuleShape(bad)) => bad.field,
                other => panic!("{rule}: {other:?}"),
            };
            assert_eq!(field, expected, "{rule}");
        }
        let in_force = world.t.db.read::<_, db::DbError, _>(async |tx| risk::rules(tx).await).await.unwrap();
        assert_eq!(in_force, risk::InForce::default());
    }

    async fn a_clock_that_is_set_back_by_a_day_does_nothing_twice(t: TestDb) {
        let mut world = World::new(t).await;
        // Overdue for 31 days; then three bills that are late since today; then one that is full since today.
        let paused = world.bought(61, 100).await;
        let today = world.today();
        let late = world.next_shop(2).await;
        for _ in 0..3 {
            world.bought(31, 100).await;
        }
        world.next_shop(3).await;
        world.bought(59, 100_000).await;
        let done = world.run().await;
        assert_eq!((done.paused, done.cut, done.alerts), (1, 1, 2));
        let texts = world.texts().await.len();
        for day in [today.plus_days(-1), today, today.plus_days(-1), today.plus_days(1)] {
            world.goes_to(day);
            let done = world.run().await;
            assert_eq!((done.paused, done.lifted, done.cut, done.restored, done.alerts), (0, 0, 0, 0, 0), "on {day}");
            assert_eq!(world.texts().await.len(), texts, "on {day}");
        }
        // What is paid on the day that comes again is seen at once.
        world.goes_to(today);
        world.paid(paused).await;
        assert_eq!(world.run().await.lifted, 1);
        assert!(world.actions().await.iter().any(|action| action.retailer_id == late && action.ended_at.is_none()));
    }

    async fn a_clock_that_was_a_year_ahead_is_put_right_at_once(t: TestDb) {
        let world = World::new(t).await;
        world.bought(1, 100).await;
        let today = world.today();
        world.goes_to(today.plus_days(365));
        assert_eq!(world.run().await.paused, 1);
        world.goes_to(today);
        let back = world.run().await;
        assert_eq!((back.lifted, back.scores), (1, 1));
    }
}
