use kernel::{Id as _, Instant, OrderId, Rate, RetailerId, VendorId};
use proptest::prelude::*;

use super::*;
use crate::terms::{Discount, SMALLEST_REPAYMENT};

fn date(text: &str) -> BusinessDate {
    text.parse().unwrap()
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn today() -> BusinessDate {
    date("2026-06-01")
}

fn bounds() -> (BusinessDate, BusinessDate) {
    (date("2026-01-01"), today())
}

fn open(number: u32, principal: Money, started_on: BusinessDate, discount: u32, interest: u32) -> Open {
    let cycle = Cycle {
        id: CycleId::from_bits(number.into()),
        retailer_id: RetailerId::from_bits(1),
        vendor_id: VendorId::from_bits(2),
        number: format!("CRP-{number}"),
        order_id: Some(OrderId::from_bits(number.into())),
        principal,
        outstanding: principal,
        repaid: Money::ZERO,
        discount: Money::ZERO,
        interest: Money::ZERO,
        status: CycleStatus::Active,
        started_on,
        due_on: started_on.plus_days(30),
        terms_version: 1,
        adjusted: Money::ZERO,
        adjusted_on: None,
        standstill: crate::standstill::Standstill::default(),
        promised_on: None,
        reminders_sent: 0,
        last_repayment_on: None,
        closed_on: None,
        note: None,
        version: 1,
        created_at: Instant::from_micros(0),
    };
    let discounts = vec![Discount { through_day: 30, rate: Rate::from_basis_points(discount) }];
    let late_interest_bp_year = Rate::from_basis_points(interest);
    Open { cycle, terms: SettlementTerms { discounts, late_interest_bp_year, grace_days: 0 } }
}

/// Rs. 1 000 from 1 May (5 % until the end of May, due then) and Rs. 500 from 20 May.
fn two() -> Vec<Open> {
    vec![open(101, money("1000.00"), date("2026-05-02"), 500, 0), open(99, money("500.00"), date("2026-05-20"), 500, 0)]
}

fn cash(amount: &str) -> Spread {
    Spread { amount: Some(money(amount)), named: None, on: today(), keep_excess: false }
}

fn parts(plan: &Plan) -> Vec<(&str, String, String)> {
    let part = |share: &Share| (share.settlement.principal.to_string(), share.settlement.cash.to_string());
    plan.shares.iter().map(|share| (share.cycle.number.as_str(), part(share).0, part(share).1)).collect()
}

fn part(number: &str, principal: &str, cash: &str) -> (String, String, String) {
    (number.to_owned(), principal.to_owned(), cash.to_owned())
}

fn same(plan: &Plan, expected: &[(String, String, String)]) {
    let expected: Vec<_> = expected.iter().map(|(n, p, c)| (n.as_str(), p.clone(), c.clone())).collect();
    assert_eq!(parts(plan), expected);
}

fn inner(refusal: Refusal) -> (String, Refusal) {
    match refusal {
        Refusal::OnCycle { number, refusal } => (number, *refusal),
        other => panic!("{other}"),
    }
}

#[test]
fn the_oldest_due_is_first_and_the_rest_goes_to_the_next() {
    let plan = allocate(&two(), &cash("1045.00"), bounds()).unwrap();
    same(&plan, &[part("CRP-101", "1000.00", "950.00"), part("CRP-99", "100.00", "95.00")]);
    assert_eq!(plan.kept, Money::ZERO);
    // Of two that are due on one day, the smaller number: 99 before 101.
    let twins =
        vec![open(101, money("10.00"), date("2026-05-02"), 0, 0), open(99, money("10.00"), date("2026-05-02"), 0, 0)];
    same(
        &allocate(&twins, &cash("12.00"), bounds()).unwrap(),
        &[part("CRP-99", "10.00", "10.00"), part("CRP-101", "2.00", "2.00")],
    );
}

#[test]
fn only_the_last_paisa_is_rounding() {
    // 950.00 settles the first; the paisa is too little for the second.
    let plan = allocate(&two(), &cash("950.01"), bounds()).unwrap();
    same(&plan, &[part("CRP-101", "1000.00", "950.01")]);
    assert_eq!(plan.shares[0].settlement.rounding, money("0.01"));
    // Half a rupee is money: it is not rounded away but refused, or kept.
    let short = allocate(&two(), &cash("950.50"), bounds()).unwrap_err();
    let (minimum, minimum_cash) = (money("1.00"), money("0.95"));
    assert_eq!(inner(short), ("CRP-99".to_owned(), Refusal::BelowMinimum { minimum, minimum_cash }));
    let kept = allocate(&two(), &Spread { keep_excess: true, ..cash("950.50") }, bounds()).unwrap();
    assert_eq!(kept.kept, money("0.50"));
}

#[test]
fn what_matches_no_principal_is_rounding_or_the_next_ones() {
    // A year late at 10 %: 100.14 costs 110.15 and 100.15 costs 110.17.
    let mut open = vec![open(101, money("1000.00"), date("2025-05-02"), 0, 1_000)];
    let plan = allocate(&open, &cash("110.16"), bounds()).unwrap();
    same(&plan, &[part("CRP-101", "100.14", "110.16")]);
    assert_eq!((plan.shares[0].settlement.rounding, plan.kept), (money("0.01"), Money::ZERO));
    // Where a paisa is all that another owes, it is not rounded away.
    open.push(self::open(102, money("0.01"), date("2026-05-20"), 0, 0));
    let plan = allocate(&open, &cash("110.16"), bounds()).unwrap();
    same(&plan, &[part("CRP-101", "100.14", "110.15"), part("CRP-102", "0.01", "0.01")]);
    assert!(plan.shares.iter().all(|share| share.settlement.rounding.is_zero()), "{plan:?}");
}

#[test]
fn who_owes_nothing_yet_nothing_more_or_is_in_dispute_gets_no_turn() {
    let paid = |open: &[Open]| allocate(open, &Spread { keep_excess: true, ..cash("1425.00") }, bounds()).unwrap();
    let first = [part("CRP-101", "1000.00", "950.00")];
    let mut settled = two();
    settled[1].cycle.outstanding = Money::ZERO;
    let mut disputed = two();
    disputed[1].cycle.standstill.since = Some(date("2026-05-25"));
    for open in [settled, disputed] {
        let plan = paid(&open);
        same(&plan, &first);
        assert_eq!(plan.kept, money("475.00"));
    }
    let early = Spread { on: date("2026-05-19"), keep_excess: true, ..cash("1425.00") };
    let plan = allocate(&two(), &early, bounds()).unwrap();
    same(&plan, &first);
    assert_eq!(plan.kept, money("475.00"), "what begins tomorrow is not paid today");
}

#[test]
fn more_than_is_owed_is_refused_with_the_maximum_or_kept() {
    let (maximum, maximum_cash) = (money("1500.00"), money("1425.00"));
    let refused = allocate(&two(), &cash("1425.01"), bounds());
    assert_eq!(refused, Err(Refusal::Overpayment { maximum, maximum_cash }));
    let all = allocate(&two(), &cash("1425.00"), bounds()).unwrap();
    assert!(all.shares.iter().all(|share| share.settlement.principal == share.cycle.outstanding));
    let kept = allocate(&two(), &Spread { keep_excess: true, ..cash("2000.00") }, bounds()).unwrap();
    assert_eq!((kept.kept, kept.shares), (money("575.00"), all.shares));
    let nothing = allocate(&[], &cash("1.00"), bounds());
    assert_eq!(nothing, Err(Refusal::Overpayment { maximum: Money::ZERO, maximum_cash: Money::ZERO }));
}

#[test]
fn dates_have_their_bounds() {
    let on = |on, open: &[Open]| allocate(open, &Spread { on: date(on), ..cash("100.00") }, bounds());
    // What began later gets no turn.
    same(&on("2026-05-19", &two()).unwrap(), &[part("CRP-101", "105.26", "100.00")]);
    let dates = |from| Refusal::PaymentDate { earliest: date(from), latest: today() };
    assert_eq!(on("2026-06-02", &two()), Err(dates("2026-01-01")));
    let mut later = two();
    later[0].cycle.last_repayment_on = Some(date("2026-05-25"));
    assert_eq!(inner(on("2026-05-24", &later).unwrap_err()), ("CRP-101".to_owned(), dates("2026-05-25")));
    on("2026-05-25", &later).unwrap();
    let kept = |on| allocate(&[], &Spread { on: date(on), keep_excess: true, ..cash("100.00") }, bounds());
    assert_eq!(kept("2025-12-31"), Err(dates("2026-01-01")));
    assert_eq!(kept("2026-01-01").unwrap().kept, money("100.00"));
}

#[test]
fn named_cycles_take_what_is_named() {
    let named = |parts: &[(u32, Ask)]| {
        let named = parts.iter().map(|(number, ask)| Named { cycle: CycleId::from_bits((*number).into()), ask: *ask });
        Spread { amount: None, named: Some(named.collect()), on: today(), keep_excess: false }
    };
    let (fifty, all) = (Ask::Cash(money("50.00")), Ask::Principal(money("500.00")));
    let plan = allocate(&two(), &named(&[(99, all), (101, fifty)]), bounds()).unwrap();
    same(&plan, &[part("CRP-99", "500.00", "475.00"), part("CRP-101", "52.63", "50.00")]);
    assert_eq!(plan.amount, money("525.00"));
    let field = |wish: &Spread| match allocate(&two(), wish, bounds()).unwrap_err() {
        Refusal::Field { field, .. } => field.to_owned(),
        Refusal::FieldOf { field, .. } => field,
        other => panic!("{other}"),
    };
    assert_eq!(field(&named(&[(99, fifty), (7, fifty)])), "repayments[1].cycleId");
    assert_eq!(field(&named(&[(99, fifty), (99, fifty)])), "repayments[1].cycleId");
    assert_eq!(field(&named(&[])), "repayments");
    let with = |amount, keep_excess| Spread { amount: Some(money(amount)), keep_excess, ..named(&[(99, fifty)]) };
    assert_eq!(field(&with("49.99", true)), "amount");
    assert_eq!(field(&with("50.01", false)), "amount");
    assert_eq!(field(&with("0.00", false)), "amount");
    assert_eq!(allocate(&two(), &with("60.00", true), bounds()).unwrap().kept, money("10.00"));
    let over = allocate(&two(), &named(&[(99, Ask::Principal(money("500.01")))]), bounds()).unwrap_err();
    assert_eq!(inner(over).1.code(), "OVERPAYMENT");
}

fn cycles() -> impl Strategy<Value = Vec<Open>> {
    let one = (1_i64..300_000, 0_i64..120, 0_u32..=5_000, 0_u32..=1_000, 0_i64..=100);
    proptest::collection::vec(one, 1..6).prop_map(|cycles| {
        let one = |(number, (principal, age, discount, interest, repaid)): (u32, (i64, i64, u32, u32, i64))| {
            let start = today().plus_days(-age);
            let mut open = open(number, Money::from_paisa(principal), start, discount, interest);
            open.cycle.outstanding = Money::from_paisa(principal - principal * repaid / 100);
            open
        };
        (101..).zip(cycles).map(one).collect()
    })
}

/// The cycles after a plan.
fn after(open: &[Open], plan: &Plan) -> Vec<Open> {
    let mut open = open.to_vec();
    for share in &plan.shares {
        let one = open.iter_mut().find(|one| one.cycle.id == share.cycle.id).unwrap();
        one.cycle = repaid(&one.cycle, &share.settlement, today()).unwrap();
    }
    open
}

fn paisa(of: impl Fn(&Settlement) -> Money, plan: &Plan) -> i64 {
    plan.shares.iter().map(|share| of(&share.settlement).paisa()).sum()
}

proptest! {
    #[test]
    fn the_parts_add_up_and_nothing_is_overpaid(
        open in cycles(), amount in 1_i64..1_500_000, keep_excess: bool,
    ) {
        let wish = Spread { amount: Some(Money::from_paisa(amount)), named: None, on: today(), keep_excess };
        match allocate(&open, &wish, bounds()) {
            Ok(plan) => {
                prop_assert_eq!(paisa(|paid| paid.cash, &plan) + plan.kept.paisa(), amount);
                prop_assert!(keep_excess || plan.kept.is_zero());
                for (place, share) in plan.shares.iter().enumerate() {
                    let paid = &share.settlement;
                    prop_assert!(paid.principal <= share.cycle.outstanding);
                    prop_assert!(paid.principal >= SMALLEST_REPAYMENT.min(share.cycle.outstanding));
                    let due = paid.principal.minus(paid.discount).unwrap().plus(paid.interest).unwrap();
                    prop_assert_eq!(due.plus(paid.rounding).unwrap(), paid.cash);
                    prop_assert!(paid.rounding <= money("0.01"));
                    prop_assert!(paid.rounding.is_zero() || place + 1 == plan.shares.len());
                }
                let due: Vec<_> = plan.shares.iter().map(|share| share.cycle.due_on).collect();
                prop_assert!(due.is_sorted());
                // Something is kept only where nothing is owed, or too little for what is owed.
                let owed = after(&open, &plan).iter().any(|open| open.cycle.outstanding.is_positive());
                prop_assert!(plan.kept < SMALLEST_REPAYMENT.scaled(2, 1).unwrap() || !owed);
            }
            Err(Refusal::Overpayment { maximum, maximum_cash }) => {
                prop_assert!(!keep_excess && maximum_cash < Money::from_paisa(amount));
                let owed = Money::sum(open.iter().map(|open| open.cycle.outstanding)).unwrap();
                prop_assert_eq!(maximum, owed);
                if maximum_cash.is_positive() {
                    let all = Spread { amount: Some(maximum_cash), ..wish };
                    let plan = allocate(&open, &all, bounds()).unwrap();
                    prop_assert!(after(&open, &plan).iter().all(|open| open.cycle.outstanding.is_zero()));
                }
            }
            Err(refusal) => prop_assert_eq!(inner(refusal).1.code(), "BELOW_MINIMUM"),
        }
    }

    #[test]
    fn paying_in_parts_is_paying_at_once_but_for_the_last_paisa(
        open in cycles(), amounts in proptest::collection::vec(100_i64..200_000, 2..5),
    ) {
        let wish = |amount| Spread {
            amount: Some(Money::from_paisa(amount)), named: None, on: today(), keep_excess: false,
        };
        let Ok(once) = allocate(&open, &wish(amounts.iter().sum()), bounds()) else { return Ok(()) };
        let (mut rest, mut principal, mut made) = (open.clone(), 0, 0);
        for amount in &amounts {
            let Ok(plan) = allocate(&rest, &wish(*amount), bounds()) else { return Ok(()) };
            principal += paisa(|paid| paid.principal, &plan);
            made += i64::try_from(plan.shares.len()).unwrap();
            rest = after(&rest, &plan);
        }
        // A part gains or loses half a paisa of discount and of interest, and its rounding; at half price a paisa of
        // cash is two of principal. What would leave less than the smallest repayment open goes to the next cycle, so up to
        // that much may be settled at another cycle's price.
        let difference = (principal - paisa(|paid| paid.principal, &once)).abs();
        prop_assert!(difference <= 4 * (made + 1) + SMALLEST_REPAYMENT.paisa(), "{difference} over {made} parts");
    }

    #[test]
    fn what_is_reversed_is_open_again(open in cycles(), amount in 100_i64..600_000) {
        let wish =
            Spread { amount: Some(Money::from_paisa(amount)), named: None, on: today(), keep_excess: true };
        let Ok(plan) = allocate(&open, &wish, bounds()) else { return Ok(()) };
        for share in &plan.shares {
            let paid = repaid(&share.cycle, &share.settlement, today()).unwrap();
            let part = Repayment {
                id: kernel::RepaymentId::from_bits(1),
                cycle_id: paid.id,
                number: paid.number.clone(),
                source: crate::payments::Source::Cash,
                principal: share.settlement.principal,
                discount: share.settlement.discount,
                interest: share.settlement.interest,
                cash: share.settlement.cash,
                rounding: share.settlement.rounding,
                paid_on: today(),
                entry_id: kernel::EntryId::from_bits(1),
                undoes: None,
                reversed_on: None,
            };
            let back = reopened(&paid, &[&part], None).unwrap();
            prop_assert_eq!((back.outstanding, back.repaid), (share.cycle.outstanding, share.cycle.repaid));
            prop_assert_eq!((back.discount, back.interest), (share.cycle.discount, share.cycle.interest));
            prop_assert_eq!((paid.version, back.version), (share.cycle.version + 1, share.cycle.version + 2));
            let is_whole = back.outstanding == back.principal;
            let status = if is_whole { CycleStatus::Active } else { CycleStatus::PartiallyPaid };
            prop_assert_eq!((back.status, back.closed_on), (status, None));
        }
    }
}
