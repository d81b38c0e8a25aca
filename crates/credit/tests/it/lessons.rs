//! What went wrong in systems like this one, each as a test that says the lesson.

use credit::{Ask, Cycle, NewPayment, NewRepayment, PaymentMode, Reason, SettlementTerms, Spread};
use kernel::{BusinessDate, Money, Rate, Scope};
use ledger::Method;

use crate::world::World;

fn rupees(amount: i64) -> Money {
    Money::from_rupees(amount).unwrap()
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn date(text: &str) -> BusinessDate {
    text.parse().unwrap()
}

/// Another cycle of this many rupees that begins today.
async fn deliver(world: &World, amount: i64) -> Cycle {
    let order = world.order();
    world.reserve(world.pair, order, rupees(amount)).await.unwrap();
    world.deliver(order, rupees(amount)).await.unwrap()
}

/// 5 % through 31 March for what begins on 1 March, 10 % a year afterwards.
async fn lending(t: testkit::TestDb) -> World {
    let terms =
        SettlementTerms { late_interest_bp_year: Rate::from_basis_points(1_000), ..SettlementTerms::standard(30) };
    let world = World::new(t, rupees(10_000), 30, Some(terms)).await;
    world.go_to(date("2026-03-01"));
    world
}

async fn repay(world: &World, cycle: &Cycle, principal: Money, on: &str) -> credit::Repaid {
    world.go_to(date(on));
    let ask = Ask::Principal(principal);
    world.repay(cycle.id, NewRepayment { ask, on: date(on), method: Method::Cash, reference: None }).await.unwrap()
}

testkit::both_engines! {
    /// A balance was checked without what was in flight: six holds of 1 000 were accepted on 5 000.
    async fn what_is_ordered_counts_before_it_is_delivered(t: TestDb) {
        let world = World::new(t, rupees(5_000), 30, None).await;
        for _ in 0..5 {
            world.reserve(world.pair, world.order(), rupees(1_000)).await.unwrap();
        }
        let refused = world.reserve(world.pair, world.order(), rupees(1_000)).await.unwrap_err();
        assert_eq!((refused.reasons, refused.available), (vec![Reason::InsufficientCredit], Money::ZERO));
    }

    /// The amount of the order itself was counted twice in its own check.
    async fn an_order_counts_once_in_its_own_check(t: TestDb) {
        let world = World::new(t, rupees(100), 30, None).await;
        world.reserve(world.pair, world.order(), rupees(60)).await.unwrap();
        let refused = world.reserve(world.pair, world.order(), rupees(60)).await.unwrap_err();
        assert_eq!((refused.available, refused.shortfall), (rupees(40), rupees(20)));
    }

    /// An order was closed, another one made, and the first one opened again beyond the limit.
    async fn whatever_holds_credit_again_is_checked_again(t: TestDb) {
        let world = World::new(t, rupees(100), 30, None).await;
        let (first, second) = (world.order(), world.order());
        world.reserve(world.pair, first, rupees(60)).await.unwrap();
        world.cancel(first).await.unwrap();
        world.reserve(world.pair, second, rupees(60)).await.unwrap();
        let refused = world.reserve(world.pair, first, rupees(60)).await.unwrap_err();
        assert_eq!((refused.reasons, refused.shortfall), (vec![Reason::InsufficientCredit], rupees(20)));
    }

    /// A limit was held on some ways into an order and not on others.
    async fn what_is_shown_is_what_decides(t: TestDb) {
        let world = lending(t).await;
        deliver(&world, 4_000).await;
        world.reserve(world.pair, world.order(), rupees(5_000)).await.unwrap();
        for amount in [1, 999, 1_000, 1_001, 20_000] {
            let shown = world.check(world.pair, rupees(amount), PaymentMode::Credit).await;
            let order = world.order();
            match world.reserve(world.pair, order, rupees(amount)).await {
                Ok(()) => {
                    assert!(shown.allowed);
                    world.cancel(order).await.unwrap();
                }
                Err(decided) => assert_eq!(shown, decided),
            }
            assert_eq!(shown.allowed, amount <= 1_000);
        }
        // An overdue bill, too, stops both.
        world.go_to(date("2026-06-01"));
        let shown = world.check(world.pair, rupees(1), PaymentMode::Credit).await;
        assert_eq!(shown.reasons, [Reason::OverdueExceeded]);
        assert_eq!(world.reserve(world.pair, world.order(), rupees(1)).await, Err(shown));
    }

    /// A discount came out differently once a part had been paid.
    async fn a_discount_follows_from_principal_date_and_terms_alone(t: TestDb) {
        let world = lending(t).await;
        let (touched, whole) = (deliver(&world, 1_000).await, deliver(&world, 1_000).await);
        repay(&world, &touched, rupees(400), "2026-03-10").await;
        let rest = repay(&world, &touched, rupees(600), "2026-03-31").await;
        let same = repay(&world, &whole, rupees(600), "2026-03-31").await;
        assert_eq!(rest.repayment.settlement, same.repayment.settlement);
        assert_eq!(rest.repayment.settlement.discount, rupees(30));
    }

    /// Interest was counted from the last payment, or vanished when principal was paid first.
    async fn interest_of_each_part_counts_from_the_due_date(t: TestDb) {
        let world = lending(t).await;
        let cycle = deliver(&world, 7_300).await;
        let first = repay(&world, &cycle, rupees(3_650), "2026-04-10").await;
        let second = repay(&world, &cycle, rupees(3_650), "2026-04-20").await;
        assert_eq!(first.repayment.settlement.interest, rupees(10));
        assert_eq!(second.repayment.settlement.interest, rupees(20));
        assert_eq!(second.cycle.interest, rupees(30));
    }

    /// Half a rupee stayed open that nobody could pay or write off.
    async fn a_rest_below_the_smallest_repayment_can_be_paid(t: TestDb) {
        let world = lending(t).await;
        let cycle = deliver(&world, 100).await;
        repay(&world, &cycle, money("99.50"), "2026-04-01").await;
        let rest = repay(&world, &cycle, money("0.50"), "2026-04-01").await;
        assert_eq!((rest.cycle.outstanding, rest.cycle.closed_on), (Money::ZERO, Some(date("2026-04-01"))));
    }

    /// Reminders of overdue bills went out on the day on which they were due.
    async fn a_bill_is_overdue_from_the_day_after_its_due_date(t: TestDb) {
        let world = lending(t).await;
        let cycle = deliver(&world, 100).await;
        assert_eq!(cycle.due_on, date("2026-03-31"));
        assert_eq!(["2026-03-31", "2026-04-01"].map(|day| cycle.overdue_days(date(day))), [0, 1]);
        for (day, late) in [("2026-03-31", Money::ZERO), ("2026-04-01", rupees(100))] {
            let aging = world.aging(date(day), date(day)).await;
            assert_eq!((aging.d1to30, aging.outstanding), (late, rupees(100)));
        }
    }

    /// Whether somebody is overdue hung on when it was last looked at, and a part payment skipped a step.
    async fn whether_credit_stops_follows_from_the_days_past_due_today(t: TestDb) {
        let world = lending(t).await;
        let cycle = deliver(&world, 1_000).await;
        let allowed = async |day: &str| {
            world.go_to(date(day));
            world.check(world.pair, rupees(1), PaymentMode::Credit).await.allowed
        };
        assert!(allowed("2026-04-30").await);
        assert!(!allowed("2026-05-01").await);
        repay(&world, &cycle, rupees(999), "2026-05-02").await;
        assert!(!allowed("2026-05-02").await);
        repay(&world, &cycle, rupees(1), "2026-05-02").await;
        assert!(allowed("2026-05-02").await);
    }

    /// A reversal with the date of what it reverses rewrote a month that was closed.
    async fn a_reversal_carries_its_own_date_and_leaves_the_past_as_it_was(t: TestDb) {
        let world = lending(t).await;
        deliver(&world, 1_000).await;
        world.go_to(date("2026-03-20"));
        let spread = Spread { amount: Some(rupees(475)), named: None, on: date("2026-03-20"), keep_excess: false };
        let new = NewPayment {
            pair: world.pair, spread, method: Method::Cheque, reference: Some("000123".to_owned()),
        };
        let paid = world.write(async move |tx, cx| credit::record(tx, cx, Scope::All, &new).await).await.unwrap();
        world.go_to(date("2026-04-15"));
        let closed = world.aging(date("2026-03-31"), date("2026-04-15")).await;
        assert_eq!(closed.outstanding, rupees(500));
        let id = paid.payment.payment.id;
        let reversed = world.write(async move |tx, cx| credit::reverse(tx, cx, Scope::All, id, "bounced").await).await;
        assert_eq!(reversed.unwrap().into_inner().payment.reversed_on, Some(date("2026-04-15")));
        assert_eq!(world.aging(date("2026-03-31"), date("2026-04-15")).await, closed);
        assert_eq!(world.aging(date("2026-04-15"), date("2026-04-15")).await.outstanding, rupees(1_000));
        assert_eq!(world.findings().await, Vec::<String>::new());
    }
}
