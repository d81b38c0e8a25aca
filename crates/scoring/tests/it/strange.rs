//! Retailers and clocks that are out of the ordinary: what is computed is kept, read again and told.

use credit::{AdjustmentKind, NewAdjustment};
use kernel::Money;
use scoring::{Band, Kept};

use crate::world::{World, rupees};

/// A night: score and insights, the text in every language, and the overview.
async fn night(world: &World) -> (Kept, scoring::Insight, scoring::KeptOverview) {
    world.nightly().await;
    scoring::regenerate_all(&world.t.db, &world.t.clock, &world.t.ids, &queue::Running::nobody()).await.unwrap();
    let (kept, id) = (world.kept().await, world.retailer);
    assert_eq!((kept.facts.clone(), kept.score), world.on(world.today()).await);
    let insight = world.write(async move |tx, _| scoring::insight(tx, id).await).await.unwrap();
    for language in parties::Language::ALL {
        let text = scoring::message(*language, "Laxmi Kirana", &insight);
        assert!((1..1_024).contains(&text.chars().count()), "{text}");
    }
    let overview = world.write(async |tx, _| scoring::overview(tx).await).await.unwrap();
    (kept, insight, overview)
}

testkit::both_engines! {
    async fn without_history_and_without_a_limit(t: TestDb) {
        let world = World::new(t).await;
        let (kept, insight, _) = night(&world).await;
        assert_eq!((kept.score.score, kept.score.is_thin, kept.score.band()), (600, true, Band::Fair));
        assert_eq!((insight.figures.utilisation_bp, insight.figures.on_time_bp), (Some(0), None));
        world.deliver(world.vendors[0], rupees(1_000)).await;
        for line in world.lines.clone() {
            assert!(world.limit(line, Money::ZERO).await);
        }
        let (kept, insight, _) = night(&world).await;
        // Half for the payment history and for the debts without a limit; log10(1.018) of the volume.
        assert_eq!((kept.score.score, kept.score.is_thin), (511, true));
        assert_eq!((insight.figures.utilisation_bp, insight.figures.outstanding), (None, rupees(1_000)));
    }

    async fn two_lines_of_the_largest_amount(t: TestDb) {
        let world = World::new(t).await;
        for (line, vendor) in world.lines.clone().into_iter().zip(world.vendors) {
            assert!(world.limit(line, Money::MOST).await);
            world.deliver(vendor, Money::MOST).await;
        }
        let twice = Money::MOST.plus(Money::MOST).unwrap();
        let (kept, insight, overview) = night(&world).await;
        assert_eq!((kept.facts.limit, kept.facts.outstanding, kept.facts.delivered), (twice, twice, twice));
        assert_eq!((insight.figures.this_month.value, insight.figures.outstanding), (twice, twice));
        assert_eq!((overview.overview.limit, overview.overview.outstanding), (twice, twice));
        let id = world.retailer;
        let report = world.write(async move |tx, _| scoring::report(tx, id, parties::Language::English).await).await;
        assert!(report.is_some());
        // Both are paid late, and count together.
        world.t.clock.advance_seconds(20 * 86_400);
        for cycle in world.open_cycles().await {
            world.repay(cycle.id, Money::MOST, world.today()).await.unwrap();
        }
        let (kept, ..) = night(&world).await;
        assert_eq!(kept.facts.ended.d1to7, twice);
    }

    async fn what_was_returned_whole_is_not_rated_and_what_was_given_up_counts_nothing(t: TestDb) {
        let world = World::new(t).await;
        let returned = world.deliver(world.vendors[0], rupees(1_000)).await;
        let new = NewAdjustment {
            cycle_id: returned.id,
            kind: AdjustmentKind::Return,
            sign: None,
            amount: rupees(1_000),
            reason: "all of it was wet".to_owned(),
        };
        world.adjust(new).await.unwrap();
        assert!(night(&world).await.0.score.is_thin);
        for kind in [None, Some(AdjustmentKind::WriteOff)] {
            let cycle = world.deliver(world.vendors[0], rupees(1_000)).await;
            let Some(kind) = kind else {
                assert!(world.close(cycle.id).await);
                continue;
            };
            let (cycle_id, amount, reason) = (cycle.id, rupees(1_000), "gone".to_owned());
            world.adjust(NewAdjustment { cycle_id, kind, sign: None, amount, reason }).await.unwrap();
        }
        let (kept, insight, _) = night(&world).await;
        assert_eq!((kept.score.is_thin, kept.score.values[0], insight.figures.on_time_bp), (false, 0, Some(0)));
        assert_eq!(kept.facts.ended.written_off, rupees(2_000));
    }

    async fn ten_years_of_orders_and_nothing_for_a_year(t: TestDb) {
        let world = World::new(t).await;
        let today = world.today();
        for month in (13..120).rev() {
            let day = today.plus_days(-30 * month);
            world.t.clock.set(day.at(12, 0));
            let cycle = world.deliver(world.vendors[0], rupees(2_000)).await;
            world.repay(cycle.id, rupees(2_000), day).await.unwrap();
        }
        world.t.clock.set(today.at(12, 0));
        let (kept, insight, _) = night(&world).await;
        // Nothing to judge by, nothing owed, nothing delivered lately, and as old as counts.
        assert_eq!((kept.score.is_thin, kept.score.score), (true, 660));
        assert_eq!((insight.figures.this_month.orders, insight.figures.average_order, insight.figures.on_time_bp), (0, None, None));
    }

    async fn a_clock_that_is_set_back_by_a_day_leaves_one_score_a_day(t: TestDb) {
        let world = World::new(t).await;
        let first = world.today();
        world.deliver(world.vendors[0], rupees(90_000)).await;
        // Another limit every night, so that the score is another one.
        for (night, day) in (1..).zip([1, 2, 1, 2, 3, 2, 3, 4]) {
            world.t.clock.set(first.plus_days(day).at(2, 0));
            assert!(world.limit(world.lines[0], rupees(100_000 - 5_000 * night)).await);
            world.nightly().await;
            scoring::regenerate_all(&world.t.db, &world.t.clock, &world.t.ids, &queue::Running::nobody()).await.unwrap();
        }
        night(&world).await;
        let days: Vec<_> = world.history().await.into_iter().map(|past| past.on).collect();
        let mut once = days.clone();
        once.sort();
        once.dedup();
        once.reverse();
        assert_eq!((days.len(), days), (once.len().max(4), once));
    }

    async fn a_clock_that_was_a_year_ahead_leaves_no_score_behind(t: TestDb) {
        let world = World::new(t).await;
        let today = world.today();
        world.deliver(world.vendors[0], rupees(90_000)).await;
        world.t.clock.set(today.plus_days(365).at(2, 0));
        let (ahead, insight, _) = night(&world).await;
        assert_eq!((ahead.facts.on, insight.figures.overdue), (today.plus_days(365), rupees(90_000)));
        // By the night's run, and by what an event asks for.
        world.t.clock.set(today.at(13, 0));
        let (back, insight, _) = night(&world).await;
        assert_eq!((back.facts.on, insight.figures.overdue), (today, Money::ZERO));
        world.t.clock.set(today.plus_days(365).at(2, 0));
        world.nightly().await;
        world.t.clock.set(today.at(14, 0));
        assert!(world.limit(world.lines[0], rupees(95_000)).await);
        world.work().await;
        assert_eq!(world.kept().await.facts.on, today);
    }
}
