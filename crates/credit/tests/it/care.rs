//! What is done to a cycle beside repaying it: adjustments, disputes, promises, extending, closing.

use credit::{
    AdjustmentKind, Ask, Cycle, CycleChange, CycleStatus, Decision, Dispute, DisputeStatus, NewAdjustment, NewDispute,
    NewPromise, NewRepayment, Refusal, SettlementTerms, Sign,
};
use db::params;
use kernel::{Actor, BusinessDate, DisputeId, Money, Rate, Scope};
use ledger::{Account, Method};

use crate::world::World;

fn rupees(amount: i64) -> Money {
    Money::from_rupees(amount).unwrap()
}

fn date(text: &str) -> BusinessDate {
    text.parse().unwrap()
}

/// A world at 2026-03-01 with a cycle of this many rupees, 30 days, 10 % a year when late.
async fn owing(t: testkit::TestDb, amount: i64) -> (World, Cycle) {
    let terms =
        SettlementTerms { late_interest_bp_year: Rate::from_basis_points(1_000), ..SettlementTerms::standard(30) };
    let world = World::new(t, rupees(100_000), 30, Some(terms)).await;
    world.go_to(date("2026-03-01"));
    let order = world.order();
    world.reserve(world.pair, order, rupees(amount)).await.unwrap();
    let cycle = world.deliver(order, rupees(amount)).await.unwrap();
    (world, cycle)
}

fn in_cash(principal: i64, on: &str) -> NewRepayment {
    NewRepayment { ask: Ask::Principal(rupees(principal)), on: date(on), method: Method::Cash, reference: None }
}

async fn adjust(world: &World, cycle: &Cycle, kind: AdjustmentKind, sign: Sign, amount: i64) -> Result<Cycle, Refusal> {
    let new = NewAdjustment {
        cycle_id: cycle.id,
        kind,
        sign: Some(sign),
        amount: rupees(amount),
        reason: "as agreed".to_owned(),
    };
    let done = world.write(async move |tx, cx| credit::adjust(tx, cx, Scope::All, &new).await).await;
    done.map(|done| done.cycle)
}

async fn dispute(world: &World, cycle: &Cycle) -> Result<Dispute, Refusal> {
    let id = cycle.id;
    let new = NewDispute { order_line: None, reason: "two sacks were wet".to_owned() };
    world.write(async move |tx, cx| credit::dispute(tx, cx, Scope::All, id, &new).await).await
}

async fn decide(world: &World, id: DisputeId, upheld: bool, amount: Option<i64>) -> Result<Dispute, Refusal> {
    let decision = Decision { upheld, amount: amount.map(rupees), reason: "seen".to_owned() };
    world.write(async move |tx, cx| credit::decide_dispute(tx, cx, Scope::All, id, &decision).await).await
}

async fn balance(world: &World, account: Account) -> Money {
    let (retailer, vendor) = world.pair;
    let balances = world.write(async move |tx, _| ledger::balances(tx, Scope::All, retailer, vendor).await).await;
    balances.iter().find(|balance| balance.account == account).map_or(Money::ZERO, |balance| balance.balance)
}

testkit::both_engines! {
    async fn adjustments_change_the_debt_and_the_journal_as_the_table_says(t: TestDb) {
        let (world, cycle) = owing(t, 1_000).await;
        let returned = adjust(&world, &cycle, AdjustmentKind::Return, Sign::Decrease, 100).await.unwrap();
        assert_eq!((returned.outstanding, returned.status), (rupees(900), CycleStatus::PartiallyPaid));
        let risen = adjust(&world, &cycle, AdjustmentKind::Correction, Sign::Increase, 300).await.unwrap();
        assert_eq!((risen.outstanding, risen.status), (rupees(1_200), CycleStatus::Active));
        let conceded = adjust(&world, &cycle, AdjustmentKind::Dispute, Sign::Decrease, 50).await.unwrap();
        assert_eq!((conceded.adjusted, world.position(world.pair).await.outstanding), (rupees(150), rupees(1_150)));
        let refused = adjust(&world, &cycle, AdjustmentKind::WriteOff, Sign::Decrease, 1_151).await.unwrap_err();
        assert_eq!(refused, Refusal::AboveOutstanding { maximum: rupees(1_150) });
        let other_sign = adjust(&world, &cycle, AdjustmentKind::Return, Sign::Increase, 1).await.unwrap_err();
        assert_eq!(other_sign.code(), "VALIDATION");
        let gone = adjust(&world, &cycle, AdjustmentKind::WriteOff, Sign::Decrease, 1_150).await.unwrap();
        assert_eq!((gone.status, gone.closed_on), (CycleStatus::FullyPaid, Some(date("2026-03-01"))));
        let again = adjust(&world, &cycle, AdjustmentKind::Correction, Sign::Increase, 1).await.unwrap_err();
        assert_eq!(again.code(), "CYCLE_CLOSED");
        assert_eq!(balance(&world, Account::Returns).await, rupees(100));
        assert_eq!(balance(&world, Account::Adjustments).await, rupees(-250));
        assert_eq!(balance(&world, Account::BadDebt).await, rupees(1_150));
        assert_eq!(balance(&world, Account::Receivable).await, Money::ZERO);
        assert_eq!(world.position(world.pair).await.available, rupees(100_000));
        assert_eq!(world.findings().await, Vec::<String>::new());
        // What is adjusted behind our back is found.
        world.meddle("update adjustments set amount_paisa = amount_paisa - 1 where kind = 'RETURN'").await;
        assert_eq!(world.findings().await.len(), 1);
    }

    async fn adjusting_at_once_never_takes_more_than_is_open(t: TestDb) {
        let (world, cycle) = owing(t, 1_000).await;
        let tasks: Vec<_> = (0..12)
            .map(|_| {
                let (world, cycle) = (world.clone(), cycle.clone());
                tokio::spawn(async move {
                    adjust(&world, &cycle, AdjustmentKind::Return, Sign::Decrease, 300).await.is_ok()
                })
            })
            .collect();
        let mut done = 0;
        for task in tasks {
            done += usize::from(task.await.unwrap());
        }
        assert_eq!((done, world.cycle(cycle.id).await.outstanding), (3, rupees(100)));
        assert_eq!(world.findings().await, Vec::<String>::new());
    }

    async fn a_repayment_is_not_dated_before_an_adjustment(t: TestDb) {
        let (world, cycle) = owing(t, 1_000).await;
        world.go_to(date("2026-03-10"));
        adjust(&world, &cycle, AdjustmentKind::Return, Sign::Decrease, 100).await.unwrap();
        let refused = world.repay(cycle.id, in_cash(100, "2026-03-09")).await.unwrap_err();
        let (earliest, latest) = (date("2026-03-10"), date("2026-03-10"));
        assert_eq!(refused, Refusal::PaymentDate { earliest, latest });
        world.repay(cycle.id, in_cash(100, "2026-03-10")).await.unwrap();
        assert_eq!(world.findings().await, Vec::<String>::new());
    }

    async fn days_in_dispute_bear_no_interest_and_stay_out_for_good(t: TestDb) {
        // Due on 2026-03-31; 3650 at 10 % a year is one rupee a day.
        let (world, cycle) = owing(t, 3_650).await;
        let interest = async |world: &World, on: &str| {
            let quote = world.quote(cycle.id, Ask::Principal(rupees(3_650)), date(on)).await.unwrap();
            quote.settlement.interest
        };
        world.go_to(date("2026-04-05"));
        assert_eq!(interest(&world, "2026-04-25").await, rupees(25));
        let open = dispute(&world, &cycle).await.unwrap();
        let twice = dispute(&world, &cycle).await.unwrap_err();
        assert_eq!(twice, Refusal::DisputeOpen { dispute: open.id });
        assert_eq!(interest(&world, "2026-04-25").await, rupees(5));
        world.go_to(date("2026-05-05"));
        let pair = world.pair;
        let late = world.write(async move |tx, cx| credit::line_of(tx, Scope::All, pair, cx.today()).await).await;
        let late = late.unwrap();
        assert_eq!((late.worst_overdue_days, late.overdue.len()), (5, 0));
        // Repaying is allowed; the discount is long gone, and five days bear interest.
        let paid = world.repay(cycle.id, in_cash(365, "2026-05-05")).await.unwrap();
        assert_eq!(paid.repayment.settlement.interest, Money::from_paisa(50));
        let decided = decide(&world, open.id, true, Some(1_000)).await.unwrap();
        assert_eq!((decided.status, decided.decided_on), (DisputeStatus::Upheld, Some(date("2026-05-05"))));
        // The same decision again is no news; another one is refused.
        assert_eq!(decide(&world, open.id, true, Some(1_000)).await.unwrap().adjustment_id, decided.adjustment_id);
        let other = decide(&world, open.id, false, None).await.unwrap_err();
        assert_eq!(other, Refusal::DisputeDecided { status: DisputeStatus::Upheld });
        let after = world.cycle(cycle.id).await;
        assert_eq!((after.outstanding, after.standstill.since), (rupees(2_285), None));
        world.go_to(date("2026-05-15"));
        assert_eq!(after.overdue_days(date("2026-05-15")), 15);
        let aging = world.aging(date("2026-05-15"), date("2026-05-15")).await;
        assert_eq!((aging.d1to30, aging.outstanding), (rupees(2_285), rupees(2_285)));
        assert_eq!(world.findings().await, Vec::<String>::new());
        let told = world.write(async |tx, _| {
            tx.query("select id from outgoing_messages where reason_key like 'dispute:%'", params![]).await
        }).await;
        assert_eq!(told.len(), 1);
    }

    async fn a_dispute_is_the_retailers_and_its_decision_an_operators(t: TestDb) {
        let (world, cycle) = owing(t, 1_000).await;
        let ((retailer, vendor), cycle_again) = (world.pair, &cycle.clone());
        let new = NewDispute { order_line: Some(7), reason: "wet".to_owned() };
        let refused = world.write(async move |tx, cx| {
            let as_vendor = cx.acting_as(Actor::Vendor(vendor));
            let first = credit::dispute(tx, &as_vendor, Scope::Vendor(vendor), cycle.id, &new).await?.unwrap_err();
            let stranger = Scope::Retailer(cx.id());
            let second = credit::dispute(tx, cx, stranger, cycle.id, &new).await?.unwrap_err();
            let as_retailer = cx.acting_as(Actor::Retailer(retailer));
            let third = credit::dispute(tx, &as_retailer, Scope::Retailer(retailer), cycle.id, &new).await?.unwrap_err();
            Ok([first.code(), second.code(), third.code()])
        }).await;
        assert_eq!(refused, ["FORBIDDEN", "NOT_FOUND", "VALIDATION"]);
        let open = dispute(&world, cycle_again).await.unwrap();
        let refused = world.write(async move |tx, cx| {
            let as_vendor = cx.acting_as(Actor::Vendor(vendor));
            let decision = Decision { upheld: false, amount: None, reason: "no".to_owned() };
            Ok(credit::decide_dispute(tx, &as_vendor, Scope::All, open.id, &decision).await?.unwrap_err().code())
        }).await;
        assert_eq!(refused, "FORBIDDEN");
        assert_eq!(decide(&world, open.id, true, None).await.unwrap_err().code(), "VALIDATION");
        assert_eq!(decide(&world, open.id, false, Some(1)).await.unwrap_err().code(), "VALIDATION");
        assert_eq!(decide(&world, open.id, true, Some(1_001)).await.unwrap_err().code(), "ABOVE_OUTSTANDING");
        assert_eq!(decide(&world, open.id, false, None).await.unwrap().status, DisputeStatus::Rejected);
    }

    async fn a_due_date_only_moves_on_and_the_reason_is_kept(t: TestDb) {
        let (world, cycle) = owing(t, 1_000).await;
        let (id, vendor) = (cycle.id, world.pair.1);
        let extend = |due_on: &str, reason: Option<&str>| CycleChange {
            due_on: Some(date(due_on)),
            note: None,
            reason: reason.map(str::to_owned),
        };
        let change = async |world: &World, version: Option<i64>, change: CycleChange| {
            world.write(async move |tx, cx| credit::change_cycle(tx, cx, Scope::All, id, version, &change).await).await
        };
        assert_eq!(change(&world, None, extend("2026-04-15", None)).await.unwrap_err().code(), "VALIDATION");
        assert_eq!(change(&world, None, extend("2026-03-31", Some("x"))).await.unwrap_err().code(), "VALIDATION");
        let stale = change(&world, Some(7), extend("2026-04-15", Some("strike"))).await.unwrap_err();
        assert_eq!(stale, Refusal::VersionMismatch { version: 1 });
        let moved = change(&world, Some(1), extend("2026-04-15", Some("strike"))).await.unwrap();
        assert_eq!((moved.due_on, moved.version), (date("2026-04-15"), 2));
        let note = CycleChange { note: Some(" calls on Fridays ".to_owned()), ..CycleChange::default() };
        assert_eq!(change(&world, None, note).await.unwrap().note.as_deref(), Some("calls on Fridays"));
        let by_vendor = world.write(async move |tx, cx| {
            let cx = cx.acting_as(Actor::Vendor(vendor));
            credit::change_cycle(tx, &cx, Scope::Vendor(vendor), id, None, &extend("2026-05-15", Some("x"))).await
        }).await;
        assert_eq!(by_vendor.unwrap_err().code(), "FORBIDDEN");
        world.go_to(date("2026-04-16"));
        assert_eq!(world.cycle(id).await.overdue_days(date("2026-04-16")), 1);
        let aging = world.aging(date("2026-04-16"), date("2026-04-16")).await;
        assert_eq!(aging.d1to30, rupees(1_000));
    }

    async fn closing_writes_the_rest_off_once(t: TestDb) {
        let (world, cycle) = owing(t, 1_000).await;
        let id = cycle.id;
        world.repay(id, in_cash(400, "2026-03-01")).await.unwrap();
        let close = async |world: &World| {
            world.write(async move |tx, cx| credit::close(tx, cx, Scope::All, id, "moved away").await).await
        };
        let open = dispute(&world, &cycle).await.unwrap();
        assert_eq!(close(&world).await.unwrap_err(), Refusal::DisputeOpen { dispute: open.id });
        decide(&world, open.id, false, None).await.unwrap();
        let closed = close(&world).await.unwrap();
        assert_eq!((closed.status, closed.outstanding, closed.adjusted), (CycleStatus::Closed, Money::ZERO, rupees(-600)));
        assert_eq!(close(&world).await.unwrap(), closed);
        assert_eq!(balance(&world, Account::BadDebt).await, rupees(600));
        assert_eq!(world.repay(id, in_cash(1, "2026-03-01")).await.unwrap_err().code(), "CYCLE_CLOSED");
        assert_eq!(world.position(world.pair).await.available, rupees(100_000));
        assert_eq!(world.findings().await, Vec::<String>::new());
    }

    async fn promises_are_remembered_kept_or_broken(t: TestDb) {
        let (world, cycle) = owing(t, 1_000).await;
        let id = cycle.id;
        let promise = async |world: &World, on: &str| {
            let new = NewPromise { on: date(on), note: None };
            world.write(async move |tx, cx| credit::promise(tx, cx, Scope::All, id, &new).await).await
        };
        assert_eq!(promise(&world, "2026-02-28").await.unwrap_err().code(), "VALIDATION");
        promise(&world, "2026-03-05").await.unwrap();
        world.go_to(date("2026-03-04"));
        promise(&world, "2026-03-10").await.unwrap();
        world.go_to(date("2026-03-12"));
        promise(&world, "2026-03-20").await.unwrap();
        world.repay(id, in_cash(1_000, "2026-03-12")).await.unwrap();
        assert_eq!(world.cycle(id).await.promised_on, Some(date("2026-03-20")));
        assert_eq!(world.promises(id).await, ["REPLACED", "BROKEN", "KEPT"]);
        assert_eq!(promise(&world, "2026-03-20").await.unwrap_err().code(), "CYCLE_CLOSED");
    }
}
