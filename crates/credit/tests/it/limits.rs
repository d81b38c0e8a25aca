//! What holds over several lines, what stops credit, what is remembered of it, and what operators look at.

use credit::{BindingLimit, CreditChange, LineChange, LineStatus, NewLine, PaymentMode, Reason, Refusal};
use kernel::{Actor, BusinessDate, Money, PageRequest, Scope};
use ledger::Method;

use crate::world::World;

fn rupees(amount: i64) -> Money {
    Money::from_rupees(amount).unwrap()
}

fn date(text: &str) -> BusinessDate {
    text.parse().unwrap()
}

async fn change(world: &World, change: CreditChange) -> Result<parties::Retailer, Refusal> {
    let retailer = world.pair.0;
    world.write(async move |tx, cx| credit::change_credit(tx, cx, retailer, None, change, "agreed").await).await
}

/// Another vendor's line for the same retailer.
async fn second_line(world: &World, limit: Money) -> credit::Pair {
    let vendor_id = world.other_vendor();
    world.add_vendor(vendor_id, None).await;
    let new = NewLine {
        retailer_id: world.pair.0,
        vendor_id,
        limit,
        terms_days: 30,
        max_order: None,
        max_overdue_days: 30,
        settlement: None,
    };
    world.grant(new).await.unwrap();
    (world.pair.0, vendor_id)
}

testkit::both_engines! {
    async fn a_cap_over_two_lines_holds_from_the_moment_it_is_set(t: TestDb) {
        let world = World::new(t, rupees(10_000), 30, None).await;
        let pairs = [world.pair, second_line(&world, rupees(10_000)).await];
        let orders: Vec<_> = (0..40)
            .map(|index| {
                let (world, pair) = (world.clone(), pairs[index % 2]);
                tokio::spawn(async move { world.reserve(pair, world.order(), rupees(100)).await.is_ok() })
            })
            .collect();
        let capped = {
            let world = world.clone();
            tokio::spawn(async move {
                change(&world, CreditChange::Cap(Some(rupees(1_000)))).await.unwrap();
                // What was used when the answer came.
                let mut used = Money::ZERO;
                for pair in pairs {
                    used = used.plus(world.position(pair).await.reserved).unwrap();
                }
                used
            })
        };
        let at_answer = capped.await.unwrap();
        for order in orders {
            order.await.unwrap();
        }
        let mut used = Money::ZERO;
        for pair in pairs {
            used = used.plus(world.position(pair).await.reserved).unwrap();
        }
        // Nothing came on top of what stood at the answer, but up to the cap.
        assert!(used <= at_answer.max(rupees(1_000)), "{used} after {at_answer}");
        assert!(used >= rupees(1_000));
        let refused = world.reserve(pairs[1], world.order(), rupees(100)).await.unwrap_err();
        assert_eq!(refused.binding_limit, Some(BindingLimit::RetailerCap));
        assert_eq!(change(&world, CreditChange::Cap(Some(rupees(-1)))).await.unwrap_err().code(), "VALIDATION");
        assert_eq!(change(&world, CreditChange::Cap(None)).await.unwrap().cap, None);
        world.reserve(pairs[1], world.order(), rupees(100)).await.unwrap();
        assert_eq!(world.findings().await, Vec::<String>::new());
    }

    async fn a_ceiling_holds_from_the_moment_it_is_set(t: TestDb) {
        let world = World::new(t, rupees(10_000), 30, None).await;
        let vendor = world.pair.1;
        world.reserve(world.pair, world.order(), rupees(300)).await.unwrap();
        let set = async |ceiling: Option<Money>, seen: Option<i64>| {
            world.write(async move |tx, cx| credit::change_ceiling(tx, cx, vendor, seen, ceiling, "agreed").await).await
        };
        let with = set(Some(rupees(400)), None).await.unwrap();
        assert_eq!((with.ceiling, with.version), (Some(rupees(400)), 2));
        assert_eq!(set(None, Some(1)).await.unwrap_err(), Refusal::VersionMismatch { version: 2 });
        let refused = world.reserve(world.pair, world.order(), rupees(101)).await.unwrap_err();
        assert_eq!((refused.binding_limit, refused.shortfall), (Some(BindingLimit::VendorCeiling), rupees(1)));
        world.reserve(world.pair, world.order(), rupees(100)).await.unwrap();
        set(None, Some(2)).await.unwrap();
        world.reserve(world.pair, world.order(), rupees(101)).await.unwrap();
        let by_vendor = world.write(async move |tx, cx| {
            let cx = cx.acting_as(Actor::Vendor(vendor));
            credit::change_ceiling(tx, &cx, vendor, None, None, "mine").await
        }).await;
        assert_eq!(by_vendor.unwrap_err().code(), "FORBIDDEN");
    }

    async fn what_is_placed_after_a_pause_was_answered_has_seen_it(t: TestDb) {
        let world = World::new(t, rupees(100_000), 30, None).await;
        let orders: Vec<_> = (0..30)
            .map(|_| {
                let world = world.clone();
                tokio::spawn(async move { world.reserve(world.pair, world.order(), rupees(10)).await.is_ok() })
            })
            .collect();
        let paused = {
            let world = world.clone();
            tokio::spawn(async move {
                change(&world, CreditChange::Pause).await.unwrap();
                world.position(world.pair).await.reserved
            })
        };
        let at_answer = paused.await.unwrap();
        for order in orders {
            order.await.unwrap();
        }
        assert_eq!(world.position(world.pair).await.reserved, at_answer);
        let refused = world.reserve(world.pair, world.order(), rupees(10)).await.unwrap_err();
        assert_eq!((refused.reason, refused.binding_limit), (Some(Reason::CreditPaused), None));
        let blocked = change(&world, CreditChange::Block).await.unwrap();
        assert_eq!(blocked.credit_cause, Some(parties::CreditCause::Operator));
        // Again is no change.
        assert_eq!(change(&world, CreditChange::Block).await.unwrap(), blocked);
        let cash = world.check(world.pair, rupees(10), PaymentMode::Cash).await;
        assert_eq!(cash.reasons, [Reason::CreditBlocked]);
        let lifted = change(&world, CreditChange::Unpause).await.unwrap();
        assert_eq!((lifted.credit_reason, lifted.credit_cause), (None, None));
        world.reserve(world.pair, world.order(), rupees(10)).await.unwrap();
        assert_eq!(world.findings().await, Vec::<String>::new());
    }

    async fn a_line_remembers_its_changes_and_refuses_stale_ones(t: TestDb) {
        let world = World::new(t, rupees(1_000), 30, None).await;
        let (pair, vendor) = (world.pair, world.pair.1);
        let line = world.write(async move |tx, cx| credit::line_of(tx, Scope::All, pair, cx.today()).await).await.unwrap();
        let id = line.id;
        let as_vendor = async |change: LineChange| {
            world.write(async move |tx, cx| {
                let cx = cx.acting_as(Actor::Vendor(vendor));
                credit::change_line(tx, &cx, Scope::Vendor(vendor), id, change.clone()).await
            }).await
        };
        let to = |limit: i64, seen_version: Option<i64>| {
            LineChange { limit: Some(rupees(limit)), reason: "agreed".to_owned(), seen_version, ..LineChange::default() }
        };
        let status = |status| LineChange { status: Some(status), reason: "rests".to_owned(), ..LineChange::default() };
        as_vendor(to(2_000, Some(1))).await.unwrap();
        // An order is no change of conditions.
        world.reserve(pair, world.order(), rupees(10)).await.unwrap();
        assert_eq!(as_vendor(to(3_000, Some(1))).await.unwrap_err(), Refusal::VersionMismatch { version: 2 });
        as_vendor(to(3_000, Some(2))).await.unwrap();
        as_vendor(status(LineStatus::Paused)).await.unwrap();
        assert_eq!(as_vendor(status(LineStatus::Blocked)).await.unwrap_err().code(), "FORBIDDEN");
        let block = status(LineStatus::Blocked);
        world.write(async move |tx, cx| credit::change_line(tx, cx, Scope::All, id, block.clone()).await).await.unwrap();
        assert_eq!(as_vendor(status(LineStatus::Active)).await.unwrap_err().code(), "FORBIDDEN");
        let page = PageRequest::new(Some(4), None);
        let changes = world.write(async move |tx, _| credit::line_changes(tx, Scope::All, id, &page).await).await.unwrap();
        let seen: Vec<_> = changes.items.iter().map(|change| (change.version, change.reason.as_deref())).collect();
        assert_eq!(seen, [(5, Some("rests")), (4, Some("rests")), (3, Some("agreed")), (2, Some("agreed"))]);
        assert_eq!(changes.items[3].before.as_ref().unwrap()["limit"], "1000.00");
        assert_eq!(changes.items[3].after["line"]["limit"], "2000.00");
        assert_eq!(changes.items[3].actor, format!("vendor:{vendor}"));
        assert_eq!(changes.next.as_deref(), Some("2"));
    }

    async fn a_hold_past_its_deadline_does_not_count_in_reads(t: TestDb) {
        let world = World::new(t, rupees(1_000), 30, None).await;
        change(&world, CreditChange::Cap(Some(rupees(1_500)))).await.unwrap();
        let (pair, order) = (world.pair, world.order());
        let soon = world.cx().now.plus_seconds(3_600);
        world.reserve_until(pair, order, rupees(900), Some(soon)).await.unwrap();
        let kept = world.order();
        world.reserve_until(pair, kept, rupees(50), Some(soon)).await.unwrap();
        world.write(async move |tx, _| credit::keep(tx, pair.0, kept).await).await;
        assert_eq!(world.check(pair, rupees(51), PaymentMode::Credit).await.shortfall, rupees(1));
        world.go_to(date("2026-01-02"));
        let check = world.check(pair, rupees(951), PaymentMode::Credit).await;
        assert_eq!((check.available, check.shortfall), (rupees(950), rupees(1)));
        let expired = world.write(async move |tx, cx| credit::expired_holds(tx, &[pair.0], cx.now).await).await;
        assert_eq!(expired, [order]);
        let (dashboard, retailer) = world.write(async move |tx, cx| {
            let retailer = credit::retailer_credit(tx, pair.0, cx.now).await?.unwrap();
            Ok((credit::dashboard(tx, cx.now).await?, retailer))
        }).await;
        assert_eq!((dashboard.totals.reserved, dashboard.available), (rupees(50), rupees(950)));
        assert_eq!((retailer.used, retailer.lines[0].reserved), (rupees(50), rupees(50)));
        world.cancel(order).await.unwrap();
        assert_eq!(world.findings().await, Vec::<String>::new());
    }

    async fn operators_see_the_worst_lines_and_who_should_be_paused(t: TestDb) {
        let world = World::new(t, rupees(1_000), 30, None).await;
        world.go_to(date("2026-01-01"));
        let other = world.beside(rupees(2_000), 30, None, 30).await;
        for (world, amount) in [(&world, 800), (&other, 500)] {
            let order = world.order();
            world.reserve(world.pair, order, rupees(amount)).await.unwrap();
            world.deliver(order, rupees(amount)).await.unwrap();
            world.go_to(date("2026-01-11"));
        }
        let (pair, later) = (world.pair, other.pair);
        // Day 30 and 31 overdue.
        world.go_to(date("2026-03-02"));
        let evaluate = async |on: &str| {
            world.go_to(date(on));
            world.write(async move |tx, cx| credit::evaluate(tx, cx, pair.0).await).await.unwrap()
        };
        let calm = evaluate("2026-03-02").await;
        assert_eq!((calm.should_be_paused, calm.worst_overdue_days, calm.lines[0].check.allowed), (false, 30, true));
        let late = evaluate("2026-03-03").await;
        assert_eq!((late.should_be_paused, late.worst_overdue_days), (true, 31));
        assert_eq!(late.lines[0].check.reasons, [Reason::OverdueExceeded]);
        let (dashboard, cost) = world.write(async move |tx, cx| {
            let before = tx.cost().statements;
            let dashboard = credit::dashboard(tx, cx.now).await?;
            Ok((dashboard, tx.cost().statements - before))
        }).await;
        assert_eq!(cost, 7);
        let worst: Vec<_> = dashboard.worst_lines.iter().map(|line| (line.retailer_id, line.overdue_days)).collect();
        assert_eq!(worst, [(pair.0, 31), (later.0, 21)]);
        let used = dashboard.most_used_lines.iter().map(|line| (line.utilisation_bp, line.overdue, line.overdue_days));
        assert_eq!(used.collect::<Vec<_>>(), [(8_000, rupees(800), 31), (2_500, rupees(500), 21)]);
        assert_eq!(dashboard.utilisation_bp, 4_333);
        assert_eq!((dashboard.aging.d31to60, dashboard.aging.d1to30), (rupees(800), rupees(500)));
        assert_eq!(dashboard.aging.outstanding, dashboard.totals.outstanding);
        let vendor = world.write(async move |tx, cx| credit::vendor_credit(tx, pair.1, cx.now).await).await.unwrap();
        // 800 of 800 sold wait: 90 days; nothing was collected.
        assert_eq!(vendor.collection.dso_hundredths, Some(9_000));
        assert_eq!(vendor.collection.effectiveness_hundredths, Some(0));
    }

    async fn the_worst_lines_are_found_behind_one_with_many_bills(t: TestDb) {
        let world = World::new(t, rupees(1_000), 30, None).await;
        world.go_to(date("2026-01-01"));
        let bill = async |world: &World, amount: i64| {
            let order = world.order();
            world.reserve(world.pair, order, rupees(amount)).await.unwrap();
            world.deliver(order, rupees(amount)).await.unwrap();
        };
        for _ in 0..25 {
            bill(&world, 10).await;
        }
        let mut expected = vec![(world.pair.0, 0, rupees(250))];
        for number in 0..12 {
            let (other, day) = (world.beside(rupees(1_000), 30, None, 30).await, number / 2 + 1);
            world.go_to(date("2026-01-01").plus_days(day));
            bill(&other, 100 + number).await;
            expected.push((other.pair.0, day, rupees(100 + number)));
        }
        // Of those that are equally late the one that owes more comes first.
        expected.sort_by_key(|(_, day, overdue)| (*day, -overdue.paisa()));
        world.go_to(date("2026-03-01"));
        let dashboard = world.write(async move |tx, cx| credit::dashboard(tx, cx.now).await).await;
        let lines = dashboard.worst_lines.iter().map(|line| (line.retailer_id, 29 - line.overdue_days, line.overdue));
        assert_eq!(lines.collect::<Vec<_>>(), expected[..10]);
    }

    async fn past_aging_is_what_the_books_said_then(t: TestDb) {
        let world = World::new(t, rupees(10_000), 30, None).await;
        world.go_to(date("2026-01-01"));
        let order = world.order();
        world.reserve(world.pair, order, rupees(1_000)).await.unwrap();
        let cycle = world.deliver(order, rupees(1_000)).await.unwrap();
        world.go_to(date("2026-02-10"));
        let ask = credit::Ask::Principal(rupees(400));
        let new = credit::NewRepayment { ask, on: date("2026-02-10"), method: Method::Cash, reference: None };
        let paid = world.repay(cycle.id, new).await.unwrap();
        world.go_to(date("2026-02-20"));
        world.write(async move |tx, cx| {
            let adjusted = credit::NewAdjustment {
                cycle_id: cycle.id,
                kind: credit::AdjustmentKind::Return,
                sign: None,
                amount: rupees(100),
                reason: "wet".to_owned(),
            };
            credit::adjust(tx, cx, Scope::All, &adjusted).await
        }).await.unwrap();
        world.go_to(date("2026-02-25"));
        let payment = paid.repayment.payment_id;
        world.write(async move |tx, cx| credit::reverse(tx, cx, Scope::All, payment, "bounced").await).await.unwrap();
        let today = date("2026-02-25");
        let on = async |day: &str| {
            let aging = world.aging(date(day), today).await;
            (aging.not_due, aging.d1to30, aging.outstanding)
        };
        let zero = Money::ZERO;
        assert_eq!(on("2025-12-31").await, (zero, zero, zero));
        assert_eq!(on("2026-01-31").await, (rupees(1_000), zero, rupees(1_000)));
        assert_eq!(on("2026-02-09").await, (zero, rupees(1_000), rupees(1_000)));
        assert_eq!(on("2026-02-10").await, (zero, rupees(600), rupees(600)));
        assert_eq!(on("2026-02-24").await, (zero, rupees(500), rupees(500)));
        assert_eq!(on("2026-02-25").await, (zero, rupees(900), rupees(900)));
        assert_eq!(world.position(world.pair).await.outstanding, rupees(900));
        assert_eq!(world.findings().await, Vec::<String>::new());
    }
}
