//! Scores as they are kept, and computed again from the records.

use credit::{AdjustmentKind, NewAdjustment};
use kernel::{BusinessDate, DisputeId, PaymentId};
use scoring::{Band, Component, Step, UNIT};

use crate::world::{Dice, World, rupees};

#[derive(Default)]
struct Made {
    payments: Vec<PaymentId>,
    disputes: Vec<DisputeId>,
    done: [u32; 9],
}

/// Does something on the retailer's lines; what is refused changes nothing.
async fn something(world: &World, dice: &mut Dice, made: &mut Made) {
    let (open, all, today) = (world.open_cycles().await, world.all_cycles().await, world.today());
    let deed = usize::try_from([0, 0, 0, 1, 1, 1, 1, 2, 3, 4, 5, 5, 6, 7, 8][usize::try_from(dice.roll(15)).unwrap()])
        .unwrap();
    let is_done = match deed {
        0 => {
            let vendor = world.vendors[usize::try_from(dice.roll(2)).unwrap()];
            world.deliver(vendor, rupees(500 + dice.roll(9_500))).await;
            true
        }
        1 => match dice.one_of(&open) {
            Some(cycle) => {
                let part = if dice.roll(3) == 0 { 2 } else { 1 };
                let principal = kernel::Money::from_paisa(cycle.outstanding.paisa() / part);
                // Often it is written down some days later.
                let on = today.plus_days(-dice.roll(4)).max(cycle.repayable_from());
                let payment = world.repay(cycle.id, principal, on).await;
                made.payments.extend(payment);
                payment.is_some()
            }
            None => false,
        },
        2 => match dice.one_of(&made.payments) {
            Some(payment) => world.reverse(*payment).await,
            None => false,
        },
        3 | 4 => match dice.one_of(if deed == 3 { &all } else { &open }) {
            Some(cycle) => {
                let kind = if deed == 3 { AdjustmentKind::Return } else { AdjustmentKind::WriteOff };
                let whole = if deed == 3 { cycle.principal } else { cycle.outstanding };
                let amount = if dice.roll(2) == 0 { whole } else { rupees(200) };
                let reason = "so it was".to_owned();
                world.adjust(NewAdjustment { cycle_id: cycle.id, kind, sign: None, amount, reason }).await.is_some()
            }
            None => false,
        },
        5 => match (dice.roll(2), dice.one_of(&open), made.disputes.pop()) {
            (0, Some(cycle), open_before) => {
                made.disputes.extend(open_before);
                let opened = world.dispute(cycle.id).await;
                made.disputes.extend(opened);
                opened.is_some()
            }
            (_, _, Some(dispute)) => {
                let amount = (dice.roll(2) == 0).then(|| rupees(100));
                let is_decided = world.decide(dispute, amount).await;
                made.disputes.extend((!is_decided).then_some(dispute));
                is_decided
            }
            _ => false,
        },
        6 => match dice.one_of(&open) {
            Some(cycle) => world.extend(cycle.id, cycle.due_on.max(today).plus_days(1 + dice.roll(10))).await,
            None => false,
        },
        7 => {
            let line = world.lines[usize::try_from(dice.roll(2)).unwrap()];
            world.limit(line, rupees(20_000 + dice.roll(200_000))).await
        }
        _ => match dice.one_of(&open) {
            Some(cycle) if dice.roll(2) == 0 => world.close(cycle.id).await,
            _ => false,
        },
    };
    made.done[deed] += u32::from(is_done);
}

testkit::both_engines! {
    async fn the_kept_score_of_every_day_is_what_the_records_come_to_later(t: TestDb) {
        let world = World::new(t).await;
        let (mut dice, mut made) = (Dice(7), Made::default());
        let first = world.today();
        let days = 130;
        for day in 1..=days {
            let date = first.plus_days(day);
            world.t.clock.set(date.at(2, 0));
            assert_eq!(world.nightly().await, 1);
            for hour in 0..dice.roll(4) {
                world.t.clock.set(date.at(9 + hour, 30));
                something(&world, &mut dice, &mut made).await;
                world.work().await;
                // The kept figures and the records say the same of now.
                let kept = world.kept().await;
                assert_eq!((kept.facts, kept.score), world.on(date).await, "on {date}");
            }
        }
        assert!(made.done.iter().all(|times| *times > 0), "everything happened: {:?}", made.done);
        assert_eq!(world.findings().await, [""; 0]);

        let history = world.history().await;
        assert!(history.len() > 50 && i64::try_from(history.len()).unwrap() <= days, "{}", history.len());
        let bands: std::collections::BTreeSet<_> = history.iter().map(|past| past.score.score / 50).collect();
        assert!(bands.len() > 2, "scores went up and down: {bands:?}");
        for day in 1..=days {
            let date = first.plus_days(day);
            let stored = history.iter().find(|past| past.on <= date).unwrap();
            let (_, then) = world.on(date).await;
            assert_eq!((stored.score.score, stored.score.is_thin), (then.score, then.is_thin), "on {date}");
            if stored.on == date {
                assert_eq!(stored.score, then, "on {date}");
            }
        }
    }

    async fn a_late_record_does_not_change_what_a_day_knew(t: TestDb) {
        let world = World::new(t).await;
        let first = world.today();
        let cycle = world.deliver(world.vendors[0], rupees(10_000)).await;
        let late = cycle.due_on.plus_days(5);
        world.t.clock.set(late.at(2, 0));
        world.nightly().await;
        let then = world.on(late).await;
        assert_eq!(then.1.value(Component::PaymentHistory), UNIT / 10 * 8);
        // Ten days later somebody brings the receipt of a payment on the due date.
        world.t.clock.set(late.plus_days(10).at(12, 0));
        world.repay(cycle.id, rupees(10_000), cycle.due_on).await.unwrap();
        world.work().await;
        assert_eq!(world.kept().await.score.value(Component::PaymentHistory), UNIT);
        assert_eq!(world.on(late).await, then, "what the day knew stays");
        assert_eq!(world.on(first.plus_days(-1)).await.1.score, 510, "no limit, no history: half of two components");
    }

    async fn a_score_is_computed_again_after_what_changes_it_and_a_twin_job_waits_once(t: TestDb) {
        let world = World::new(t).await;
        assert_eq!(world.work().await, 1, "two lines were granted, one job waited");
        assert_eq!((world.kept().await.score.score, world.history().await.len()), (600, 1));
        let cycle = world.deliver(world.vendors[0], rupees(10_000)).await;
        assert_eq!(world.work().await, 1);
        let owed = world.kept().await;
        assert_eq!(owed.facts.outstanding, rupees(10_000));
        let payment = world.repay(cycle.id, rupees(10_000), world.today()).await.unwrap();
        world.work().await;
        let paid = world.kept().await.score;
        assert!(paid.score >= owed.score.score + 120 && !paid.is_thin);
        assert!(world.reverse(payment).await);
        world.work().await;
        assert_eq!(world.kept().await.score, owed.score, "a reversal takes it back");
        assert_eq!(world.history().await.len(), 1, "a day has one score: the one by its end");
        // Running it again changes nothing.
        let before = world.history().await;
        assert_eq!((world.nightly().await, world.nightly().await), (1, 1));
        let after = world.history().await;
        assert_eq!(before[0].score, after[0].score);
    }

    async fn a_report_says_why_what_changed_and_what_would_help(t: TestDb) {
        let world = World::new(t).await;
        world.work().await;
        world.t.clock.set(world.today().plus_days(1).at(12, 0));
        world.deliver(world.vendors[0], rupees(80_000)).await;
        world.work().await;
        let retailer = world.retailer;
        let report = world.write(async move |tx, _| scoring::report(tx, retailer, parties::Language::English).await).await.unwrap();
        assert_eq!((report.score, report.band, report.thin), (621, Band::Fair, true));
        let debt = &report.components[1];
        assert_eq!(debt.sentence, "Of all limits, Rs. 2,00,000.00, Rs. 80,000.00 is owed (40 %): this is 0.86, 154.29 of 180 points.");
        assert_eq!(debt.inputs, serde_json::json!({ "limit": "200000.00", "outstanding": "80000.00" }));
        let points: Vec<_> = report.components.iter().map(|component| component.points.to_string()).collect();
        assert_eq!(points, ["120", "154.29", "46.49", "0"]);
        let changes = report.changes.unwrap();
        assert_eq!(changes.score_before, 600);
        let said: Vec<_> = changes.components.iter().map(|change| change.sentence.as_str()).collect();
        assert_eq!(said, ["Use of credit took 25.71 points.", "Order volume added 46.49 points."]);
        assert!(matches!(&report.what_would_help[0].step, Step::PayCycle { amount, .. } if *amount == rupees(80_000)));
        assert_eq!(report.what_would_help[0].score_after, 766);
        for language in parties::Language::ALL {
            let told = world.write(async move |tx, _| scoring::report(tx, retailer, *language).await).await.unwrap();
            assert!(told.components.iter().all(|component| !component.sentence.is_empty()));
        }
    }

    async fn everybody_is_computed_in_sets_by_a_constant_number_of_statements(t: TestDb) {
        let world = World::new(t).await;
        let mut ids = Vec::new();
        for _ in 0..20 {
            let id = world.cx().id();
            world.add_retailer(id).await;
            ids.push(id);
        }
        let cost = async |ids: Vec<kernel::RetailerId>| {
            world.write(async move |tx, cx| {
                scoring::recalculate(tx, cx, &ids, scoring::Cause::Daily).await?;
                Ok(tx.cost().statements)
            }).await
        };
        assert_eq!((cost(vec![ids[0]]).await, cost(ids.clone()).await), (8, 8));
        assert_eq!(world.nightly().await, 21);
        let today: BusinessDate = world.today();
        let retailer = ids[5];
        let kept = world.write(async move |tx, _| scoring::kept(tx, &[retailer]).await).await;
        assert_eq!((kept[&retailer].score.score, kept[&retailer].facts.on), (510, today));
    }
}
