//! The pure rules of credit as one machine: any sequence of commands on a line keeps what is guaranteed.
//!
//! The machine keeps a position as the store does, by adding up what each event does to it, and beside it the events, the
//! cycles and the receivable of the journal. After each command all of them agree. What only a store can get wrong (locks,
//! rows, keys) is the subject of the tests in `tests/it`. There are as many runs as proptest is used to;
//! `TEST_MACHINE_RUNS=20000` (`./test --long`) asks for that many.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{
    BusinessDate, Clock, Context, CycleId, Id as _, IdGen, Money, OrderId, PaymentId, Rate, RepaymentId, RetailerId,
    VendorId,
};
use ledger::{Account, Balanced, Method, NewEntry};
use proptest::prelude::*;

use crate::adjustments::{self, AdjustmentKind, Change, Sign};
use crate::check::{CheckFacts, LineFacts, Measure, PaymentMode, check};
use crate::model::{Cycle, CycleStatus, LineStatus};
use crate::payments::rules::{self, Named, Open, Plan, Spread};
use crate::payments::{Payment, PaymentStatus, Repayment, Source, journal};
use crate::returns::{self, Goods};
use crate::terms::{Ask, CycleFacts, Discount, LARGEST_DISCOUNT, SettlementTerms, settle};

/// Shares are per mille and may be above the whole; places are taken round and round.
#[derive(Clone, Debug)]
enum Command {
    Reserve(i64),
    Release(usize),
    Deliver { hold: usize, share: i64, days_ago: i64 },
    Repay { cycle: usize, by_cash: bool, share: i64, days_ago: i64 },
    Pay { share: i64, days_ago: i64, keep_excess: bool },
    Reverse(usize),
    Adjust { cycle: usize, kind: AdjustmentKind, rises: bool, share: i64 },
    Dispute(usize),
    Decide(usize),
    Limit(i64),
    Cap(Option<i64>),
    Status(LineStatus),
    Pass(i64),
}

/// What moved a position.
#[derive(Clone, Copy, Debug)]
enum Event {
    Held(Money),
    GivenBack(Money),
    Delivered { held: Money, principal: Money },
    Repaid(Money),
    Reopened(Money),
    Adjusted(Money),
}

type Position = (Money, Money);

/// What an event does to what is reserved and outstanding.
fn moved((reserved, outstanding): Position, event: Event) -> Position {
    let (by, owed) = match event {
        Event::Held(amount) => (amount, Money::ZERO),
        Event::GivenBack(amount) => (amount.negated().unwrap(), Money::ZERO),
        Event::Delivered { held, principal } => (held.negated().unwrap(), principal),
        Event::Repaid(principal) => (Money::ZERO, principal.negated().unwrap()),
        Event::Reopened(principal) => (Money::ZERO, principal),
        Event::Adjusted(amount) => (Money::ZERO, amount),
    };
    (reserved.plus(by).unwrap(), outstanding.plus(owed).unwrap())
}

/// A payment and what each cycle took of it.
struct Paid {
    amount: Money,
    kept: Money,
    parts: Vec<(usize, Repayment)>,
    is_reversed: bool,
}

struct Machine {
    today: BusinessDate,
    terms: SettlementTerms,
    limit: Money,
    cap: Option<Money>,
    status: LineStatus,
    kept: Position,
    events: Vec<Event>,
    holds: Vec<Option<Money>>,
    cycles: Vec<Open>,
    payments: Vec<Paid>,
    /// What came back of each cycle.
    returned: BTreeMap<usize, Money>,
    written_off: BTreeSet<usize>,
    ids: IdGen,
    receivable: Money,
    advances: Money,
}

fn first() -> BusinessDate {
    "2026-01-01".parse().unwrap()
}

fn part(whole: Money, share: i64) -> Money {
    Money::from_paisa(whole.paisa() * share / 1_000)
}

fn whose() -> (RetailerId, VendorId) {
    (RetailerId::from_bits(1), VendorId::from_bits(2))
}

impl Machine {
    fn new(limit: i64, terms: SettlementTerms) -> Self {
        Self {
            today: first().plus_days(10),
            terms,
            limit: Money::from_paisa(limit),
            cap: None,
            status: LineStatus::Active,
            kept: (Money::ZERO, Money::ZERO),
            events: vec![],
            holds: vec![],
            cycles: vec![],
            payments: vec![],
            returned: BTreeMap::new(),
            written_off: BTreeSet::new(),
            ids: IdGen::seeded(1),
            receivable: Money::ZERO,
            advances: Money::ZERO,
        }
    }

    fn happen(&mut self, event: Event) {
        self.kept = moved(self.kept, event);
        self.events.push(event);
    }

    /// An entry is balanced by its making; what it does to the receivable and to advances counts here.
    fn post(&mut self, postings: &Balanced) {
        for (account, balance) in [(Account::Receivable, &mut self.receivable), (Account::Advances, &mut self.advances)]
        {
            let of = postings.postings().iter().filter(|posting| posting.account == account);
            *balance = balance.plus(Money::sum(of.map(|posting| posting.amount)).unwrap()).unwrap();
        }
    }

    fn context(&self) -> Context {
        Context::new(&Clock::manual(self.today.start()), &self.ids, kernel::Actor::System, "test")
    }

    /// The parts of standing payments that went to a cycle.
    fn standing(&self, place: usize) -> Vec<(PaymentId, Repayment)> {
        let payments = self.payments.iter().enumerate().filter(|(_, paid)| !paid.is_reversed);
        let parts = payments.flat_map(|(at, paid)| paid.parts.iter().map(move |(of, part)| (at, *of, part)));
        parts.filter(|(_, of, _)| *of == place).map(|(at, _, part)| (payment_id(at), part.clone())).collect()
    }

    fn used(&self) -> Money {
        self.kept.0.plus(self.kept.1).unwrap()
    }

    fn do_it(&mut self, command: &Command) {
        match command {
            Command::Reserve(amount) => self.reserve(Money::from_paisa(*amount)),
            Command::Release(hold) => self.release(*hold),
            Command::Deliver { hold, share, days_ago } => self.deliver(*hold, *share, *days_ago),
            Command::Repay { cycle, by_cash, share, days_ago } => self.repay(*cycle, *by_cash, *share, *days_ago),
            Command::Pay { share, days_ago, keep_excess } => {
                let owed = Money::sum(self.cycles.iter().map(|open| open.cycle.outstanding)).unwrap();
                let amount = Some(part(owed, *share));
                let on = self.today.plus_days(-days_ago);
                self.pay(&Spread { amount, named: None, on, keep_excess: *keep_excess });
            }
            Command::Reverse(payment) => self.reverse(*payment),
            Command::Adjust { cycle, kind, rises, share } => self.adjust(*cycle, *kind, *rises, *share),
            Command::Dispute(cycle) => {
                let today = self.today;
                if let Some(open) = self.open_cycle(*cycle) {
                    open.cycle.standstill.since.get_or_insert(today);
                }
            }
            Command::Decide(cycle) => {
                let today = self.today;
                if let Some(open) = self.open_cycle(*cycle) {
                    open.cycle.standstill.end(today);
                }
            }
            Command::Limit(limit) => self.limit = Money::from_paisa(*limit),
            Command::Cap(cap) => self.cap = cap.map(Money::from_paisa),
            Command::Status(status) => self.status = *status,
            Command::Pass(days) => self.today = self.today.plus_days(*days),
        }
    }

    fn open_cycle(&mut self, at: usize) -> Option<&mut Open> {
        let count = self.cycles.len().max(1);
        self.cycles.get_mut(at % count)
    }

    fn reserve(&mut self, amount: Money) {
        let worst = self.cycles.iter().map(|open| open.cycle.overdue_days(self.today)).max().unwrap_or(0);
        let line = LineFacts {
            status: self.status,
            measure: Measure { limit: self.limit, used: self.used() },
            max_order: None,
            max_overdue_days: 30,
            worst_overdue_days: worst,
            overdue: vec![],
        };
        let facts = CheckFacts {
            is_retailer_active: true,
            retailer_credit: LineStatus::Active,
            retailer_cap: self.cap.map(|limit| Measure { limit, used: self.used() }),
            is_vendor_active: true,
            vendor_ceiling: None,
            line: Some(line),
        };
        if check(&facts, amount, PaymentMode::Credit).allowed {
            self.happen(Event::Held(amount));
            self.holds.push(Some(amount));
            assert!(self.used() <= self.limit && self.cap.is_none_or(|cap| self.used() <= cap));
            assert!(self.status == LineStatus::Active && worst <= 30);
        }
    }

    fn take_hold(&mut self, at: usize) -> Option<Money> {
        let count = self.holds.len().max(1);
        self.holds.get_mut(at % count).and_then(Option::take)
    }

    fn release(&mut self, at: usize) {
        if let Some(amount) = self.take_hold(at) {
            self.happen(Event::GivenBack(amount));
        }
    }

    fn deliver(&mut self, at: usize, share: i64, days_ago: i64) {
        let Some(held) = self.take_hold(at) else { return };
        let principal = part(held, share).max(Money::from_paisa(1));
        let cycle = opened(self.cycles.len(), principal, self.today.plus_days(-days_ago));
        self.cycles.push(Open { cycle, terms: self.terms.clone() });
        let sides = vec![(Account::Receivable, principal), (Account::Sales, principal.negated().unwrap())];
        self.post(&Balanced::new(sides).unwrap());
        self.happen(Event::Delivered { held, principal });
    }

    fn repay(&mut self, at: usize, by_cash: bool, share: i64, days_ago: i64) {
        let on = self.today.plus_days(-days_ago);
        let Some(Open { cycle, .. }) = self.open_cycle(at) else { return };
        let amount = part(cycle.outstanding, share);
        let ask = if by_cash { Ask::Cash(amount) } else { Ask::Principal(amount) };
        let named = Some(vec![Named { cycle: cycle.id, ask }]);
        self.pay(&Spread { amount: None, named, on, keep_excess: false });
    }

    fn pay(&mut self, spread: &Spread) {
        let Ok(plan) = rules::allocate(&self.cycles, spread, (first(), self.today)) else { return };
        let Plan { amount, shares, kept } = plan;
        let cash = Money::sum(shares.iter().map(|share| share.settlement.cash)).unwrap();
        assert_eq!(cash.plus(kept).unwrap(), amount);
        let payment = payment(amount, spread.on);
        let mut parts = Vec::new();
        for share in shares {
            let place = self.cycles.iter().position(|open| open.cycle.id == share.cycle.id).unwrap();
            let before = &self.cycles[place].cycle;
            assert!(spread.on >= before.repayable_from() && spread.on <= self.today);
            let after = rules::repaid(before, &share.settlement, spread.on).unwrap();
            let entry = journal(&payment, before, &share.settlement, (Source::Cash, spread.on)).unwrap();
            self.post(&entry.postings);
            self.happen(Event::Repaid(share.settlement.principal));
            self.cycles[place].cycle = after;
            parts.push((place, repayment(self.ids.make(self.today.start()), &share, spread.on)));
        }
        self.advances = self.advances.minus(kept).unwrap();
        self.payments.push(Paid { amount, kept, parts, is_reversed: false });
    }

    /// Takes a payment back, with entries that say the opposite.
    fn reverse(&mut self, at: usize) {
        let count = self.payments.len().max(1);
        let Some(paid) = self.payments.get_mut(at % count).filter(|paid| !paid.is_reversed) else { return };
        paid.is_reversed = true;
        self.advances = self.advances.plus(paid.kept).unwrap();
        let parts = paid.parts.clone();
        for place in parts.iter().map(|(of, _)| *of).collect::<BTreeSet<_>>() {
            let back: Vec<_> = parts.iter().filter(|(of, _)| *of == place).map(|(_, part)| part).collect();
            let last = self
                .standing(place)
                .iter()
                .filter(|(_, part)| part.principal.is_positive())
                .map(|(_, part)| part.paid_on)
                .max();
            let after = rules::reopened(&self.cycles[place].cycle, &back, last).unwrap();
            let principal = Money::sum(back.iter().map(|part| part.principal)).unwrap();
            self.receivable = self.receivable.plus(principal).unwrap();
            self.happen(Event::Reopened(principal));
            self.cycles[place].cycle = after;
        }
    }

    fn adjust(&mut self, at: usize, kind: AdjustmentKind, rises: bool, share: i64) {
        let (today, place) = (self.today, at % self.cycles.len().max(1));
        let Some(Open { cycle, .. }) = self.cycles.get(place).cloned() else { return };
        let sign = if rises { Sign::Increase } else { Sign::Decrease };
        let goods = Goods {
            returned: self.returned.get(&place).copied().unwrap_or(Money::ZERO),
            is_written_off: self.written_off.contains(&place),
            paid: returns::standing(&self.standing(place)).unwrap(),
        };
        let whole = if kind == AdjustmentKind::Return { cycle.principal } else { cycle.outstanding };
        let amount = part(whole, share);
        let Ok((amount, backs)) = adjustments::decide(&cycle, &goods, kind, sign, amount) else { return };
        let change = Change { kind, amount, backs, dispute: None, reason: String::new() };
        self.cycles[place].cycle = adjustments::adjusted(&cycle, &change, today).unwrap();
        for NewEntry { postings, .. } in adjustments::entries_of(&cycle, &change, today).unwrap() {
            self.post(&postings);
        }
        self.happen(Event::Adjusted(amount));
        for back in change.backs {
            let part = back.part_of(&self.context(), &cycle, kernel::EntryId::from_bits(1)).unwrap();
            self.happen(Event::Repaid(part.principal));
            let mut payments = self.payments.iter_mut().enumerate();
            let (_, paid) = payments.find(|(at, _)| payment_id(*at) == back.payment).unwrap();
            paid.kept = paid.kept.minus(part.cash).unwrap();
            paid.parts.push((place, part));
        }
        if kind == AdjustmentKind::Return {
            self.returned.insert(place, goods.returned.minus(amount).unwrap());
        } else if kind == AdjustmentKind::WriteOff {
            self.written_off.insert(place);
        }
    }

    /// What holds after every command.
    fn is_sound(&self) {
        let replayed = self.events.iter().fold((Money::ZERO, Money::ZERO), |position, event| moved(position, *event));
        let held = Money::sum(self.holds.iter().copied().flatten()).unwrap();
        let owed = Money::sum(self.cycles.iter().map(|open| open.cycle.outstanding)).unwrap();
        assert_eq!((replayed, self.kept, self.receivable), (self.kept, (held, owed), owed));
        for (place, Open { cycle, .. }) in self.cycles.iter().enumerate() {
            let parts: Vec<_> = self.standing(place).into_iter().map(|(_, part)| part).collect();
            let sum = |of: fn(&Repayment) -> Money| Money::sum(parts.iter().map(of)).unwrap();
            let [repaid, discount, interest] =
                [sum(|part| part.principal), sum(|part| part.discount), sum(|part| part.interest)];
            assert_eq!((cycle.repaid, cycle.discount, cycle.interest), (repaid, discount, interest));
            let repayments = || parts.iter().filter(|part| part.source == Source::Cash);
            assert_eq!(cycle.last_repayment_on, repayments().map(|part| part.paid_on).max());
            let left = cycle.principal.minus(cycle.repaid).unwrap().plus(cycle.adjusted).unwrap();
            assert_eq!(cycle.outstanding, left);
            assert!(!left.is_negative() && !cycle.repaid.is_negative());
            assert!(!cycle.interest.is_negative() && cycle.interest <= cycle.principal);
            // What a return takes back is rounded, by half a paisa at most on each repayment.
            let rounded = Money::from_paisa(i64::try_from(repayments().count()).unwrap());
            let most = LARGEST_DISCOUNT.of(cycle.repaid).unwrap().plus(rounded).unwrap();
            assert!(!cycle.discount.is_negative() && cycle.discount <= most);
            assert_eq!(cycle.status, CycleStatus::of(left, cycle.principal));
            assert_eq!(cycle.closed_on.is_some(), left.is_zero());
        }
        for paid in self.payments.iter().filter(|paid| !paid.is_reversed) {
            let used = Money::sum(paid.parts.iter().map(|(_, part)| part.cash)).unwrap();
            assert_eq!(used.plus(paid.kept).unwrap(), paid.amount);
        }
        let kept = self.payments.iter().filter(|paid| !paid.is_reversed).map(|paid| paid.kept);
        assert_eq!(Money::sum(kept).unwrap(), self.advances.negated().unwrap());
    }
}

fn opened(place: usize, principal: Money, started_on: BusinessDate) -> Cycle {
    let number = u128::try_from(place).unwrap() + 101;
    let (retailer_id, vendor_id) = whose();
    Cycle {
        id: CycleId::from_bits(number),
        retailer_id,
        vendor_id,
        number: format!("CRP-{number}"),
        order_id: Some(OrderId::from_bits(number)),
        started_on,
        due_on: started_on.plus_days(30),
        created_at: started_on.start(),
        ..adjustments::tests::cycle(principal.paisa(), principal.paisa())
    }
}

/// The id of the payment in this place.
fn payment_id(place: usize) -> PaymentId {
    PaymentId::from_bits(u128::try_from(place).unwrap())
}

fn payment(amount: Money, paid_on: BusinessDate) -> Payment {
    let (retailer_id, vendor_id) = whose();
    Payment {
        id: PaymentId::from_bits(1),
        retailer_id,
        vendor_id,
        amount,
        method: Method::Cash,
        reference: None,
        paid_on,
        status: PaymentStatus::Recorded,
        unapplied: Money::ZERO,
        refunded: Money::ZERO,
        recorded_by: kernel::Actor::System,
        created_at: paid_on.start(),
        reversed_on: None,
        reversal_reason: None,
    }
}

fn repayment(id: RepaymentId, share: &rules::Share, paid_on: BusinessDate) -> Repayment {
    let paid = share.settlement;
    Repayment {
        id,
        cycle_id: share.cycle.id,
        number: share.cycle.number.clone(),
        source: Source::Cash,
        principal: paid.principal,
        discount: paid.discount,
        interest: paid.interest,
        cash: paid.cash,
        rounding: paid.rounding,
        paid_on,
        entry_id: kernel::EntryId::from_bits(1),
        undoes: None,
        reversed_on: None,
    }
}

fn terms() -> impl Strategy<Value = SettlementTerms> {
    (0_u32..=5_000, 0_u32..=1_000, 0_i64..5).prop_map(|(discount, interest, grace_days)| SettlementTerms {
        discounts: vec![Discount { through_day: 30, rate: Rate::from_basis_points(discount) }],
        late_interest_bp_year: Rate::from_basis_points(interest),
        grace_days,
    })
}

fn command() -> impl Strategy<Value = Command> {
    let (place, share, back) = (0_usize..20, || prop_oneof![Just(1_000_i64), 0_i64..=1_050], || 0_i64..4);
    let kind = proptest::sample::select(AdjustmentKind::ALL);
    prop_oneof![
        5 => (1_i64..60_000).prop_map(Command::Reserve),
        1 => place.clone().prop_map(Command::Release),
        4 => (place.clone(), 1_i64..=1_000, back())
            .prop_map(|(hold, share, days_ago)| Command::Deliver { hold, share, days_ago }),
        4 => (place.clone(), any::<bool>(), share(), back())
            .prop_map(|(cycle, by_cash, share, days_ago)| Command::Repay { cycle, by_cash, share, days_ago }),
        2 => (share(), back(), any::<bool>())
            .prop_map(|(share, days_ago, keep_excess)| Command::Pay { share, days_ago, keep_excess }),
        1 => place.clone().prop_map(Command::Reverse),
        1 => (place.clone(), kind, any::<bool>(), share())
            .prop_map(|(cycle, kind, rises, share)| Command::Adjust { cycle, kind, rises, share }),
        1 => place.clone().prop_map(Command::Dispute),
        1 => place.prop_map(Command::Decide),
        1 => (0_i64..200_000).prop_map(Command::Limit),
        1 => proptest::option::of(0_i64..200_000).prop_map(Command::Cap),
        1 => proptest::sample::select(LineStatus::ALL).prop_map(Command::Status),
        2 => (0_i64..40).prop_map(Command::Pass),
    ]
}

fn runs() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: testkit::wanted("TEST_MACHINE_RUNS", usual.cases), ..usual }
}

proptest! {
    #![proptest_config(runs())]

    #[test]
    fn any_sequence_of_commands_keeps_what_is_guaranteed(
        limit in 0_i64..200_000, terms in terms(), commands in proptest::collection::vec(command(), 1..60),
    ) {
        let mut machine = Machine::new(limit, terms);
        for command in &commands {
            machine.do_it(command);
            machine.is_sound();
        }
    }

    /// Each rounding is off by half a paisa at most, so that is all that parts can gain or lose.
    #[test]
    fn repaying_in_parts_costs_what_repaying_at_once_does_but_for_the_roundings(
        terms in terms(), parts in proptest::collection::vec(100_i64..40_000, 1..12), age in 0_i64..900,
    ) {
        let on = first().plus_days(age);
        let whole = Money::from_paisa(parts.iter().sum());
        let mut cycle = opened(0, whole, first());
        let settled = |facts: &CycleFacts, principal| settle(facts, &terms, Ask::Principal(principal), on).unwrap();
        let at_once = settled(&cycle.facts(), whole);
        for part in &parts {
            let paid = settled(&cycle.facts(), Money::from_paisa(*part));
            cycle = rules::repaid(&cycle, &paid, on).unwrap();
        }
        prop_assert_eq!((cycle.outstanding, cycle.repaid, cycle.status), (Money::ZERO, whole, CycleStatus::FullyPaid));
        let most = i64::try_from(parts.len() + 1).unwrap() / 2;
        prop_assert!((cycle.discount.paisa() - at_once.discount.paisa()).abs() <= most);
        prop_assert!((cycle.interest.paisa() - at_once.interest.paisa()).abs() <= most);
    }
}
