//! Credit as its page in docs/behaviour states it, in memory and in the simplest way that is right: nothing is kept that
//! can be added up from what happened, and nothing is clever. None of the product's rules is used here.

use std::collections::BTreeMap;

use super::commands::{self, Answer, Ask, Kind, PARTIES, Pair, Plain, Seen, Status, Step, Terms};

#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) granted: i64,
    pub(super) limit: i64,
    pub(super) days: i64,
    pub(super) max_order: Option<i64>,
    pub(super) max_overdue: i64,
    pub(super) status: Status,
    pub(super) terms: Terms,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    Active,
    Released,
    /// The cycle has the order's step.
    Converted,
}

#[derive(Clone, Debug)]
pub(super) struct Hold {
    pub(super) pair: Pair,
    pub(super) amount: i64,
    /// The day from which it does not count any more.
    pub(super) until: Option<i64>,
    pub(super) state: Held,
}

/// A part of a payment that a cycle took.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    pub(super) payment: Step,
    pub(super) on: i64,
    pub(super) principal: i64,
    pub(super) discount: i64,
    pub(super) interest: i64,
    pub(super) rounding: i64,
    pub(super) is_advance: bool,
    /// Cash for what was written off; then it settles nothing.
    pub(super) recovered: i64,
    /// The place of the part that it takes back, because goods came back; its figures are negative.
    pub(super) undoes: Option<usize>,
    pub(super) is_reversed: bool,
}

impl Part {
    pub(super) fn cash(&self) -> i64 {
        self.principal - self.discount + self.interest + self.rounding + self.recovered
    }
}

#[derive(Clone, Debug)]
pub(super) struct Cycle {
    pub(super) pair: Pair,
    /// Drawn by the store; only their order matters here.
    pub(super) number: i64,
    pub(super) principal: i64,
    pub(super) start: i64,
    pub(super) due: i64,
    pub(super) terms: Terms,
    pub(super) parts: Vec<Part>,
    /// Amount, day and kind.
    pub(super) adjusted: Vec<(i64, i64, Kind)>,
    /// First day and the day of the decision, if it was decided.
    pub(super) disputes: Vec<(i64, Option<i64>)>,
    pub(super) is_closed: bool,
}

impl Cycle {
    fn standing(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| !part.is_reversed)
    }

    pub(super) fn outstanding(&self) -> i64 {
        let repaid: i64 = self.standing().map(|part| part.principal).sum();
        self.principal - repaid + self.adjusted.iter().map(|(amount, ..)| amount).sum::<i64>()
    }

    /// What was written off and has not come in since, and the day of the last of it.
    pub(super) fn lost(&self) -> (i64, i64) {
        let written_off = || self.adjusted.iter().filter(|(.., kind)| *kind == Kind::WriteOff);
        let came: i64 = self.standing().map(|part| part.recovered).sum();
        let lost: i64 = written_off().map(|(amount, ..)| -amount).sum();
        (lost - came, written_off().map(|(_, on, _)| *on).max().unwrap_or(0))
    }

    /// The price of goods that can come back: what did not, and is open or was paid. Nothing was paid for what was
    /// given up.
    pub(super) fn returnable(&self) -> i64 {
        let of = |kind| self.adjusted.iter().filter(move |(.., of)| *of == kind).map(|(amount, ..)| amount);
        let repaid: i64 = self.standing().map(|part| part.principal).sum();
        let paid = if of(Kind::WriteOff).next().is_some() { 0 } else { repaid };
        (self.principal + of(Kind::Return).sum::<i64>()).min(self.outstanding() + paid)
    }

    /// Takes back so much principal of what was paid, the last payment first, each with its share of the discount.
    pub(super) fn take_back(&mut self, mut left: i64, on: i64) -> Vec<Part> {
        let mut backs = Vec::new();
        for (place, part) in self.parts.iter().enumerate().rev().filter(|(_, part)| part.principal > 0) {
            let undone = self.standing().filter(|back| back.undoes == Some(place));
            let before: i64 = undone.map(|back| -back.principal).sum();
            let share = if part.is_reversed { 0 } else { left.min(part.principal - before) };
            if share == 0 {
                continue;
            }
            left -= share;
            let discount_on = |principal: i64| half_even(part.discount * principal, part.principal);
            let discount = discount_on(before + share) - discount_on(before);
            backs.push(Part {
                on,
                principal: -share,
                discount: -discount,
                interest: 0,
                rounding: 0,
                is_advance: true,
                undoes: Some(place),
                ..part.clone()
            });
        }
        assert_eq!(left, 0);
        self.parts.extend(backs.clone());
        backs
    }

    pub(super) fn interest(&self) -> i64 {
        self.standing().map(|part| part.interest).sum()
    }

    pub(super) fn status(&self) -> &'static str {
        match self.outstanding() {
            0 if self.is_closed => "CLOSED",
            0 => "FULLY_PAID",
            open if open < self.principal => "PARTIALLY_PAID",
            _ => "ACTIVE",
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.outstanding() > 0
    }

    pub(super) fn is_disputed(&self) -> bool {
        self.disputes.iter().any(|(_, decided)| decided.is_none())
    }

    /// The first day on which a repayment may be dated.
    pub(super) fn earliest(&self) -> i64 {
        let repaid = self.standing().filter(|part| part.principal > 0);
        let events = repaid.map(|part| part.on).chain(self.adjusted.iter().map(|(_, on, _)| *on));
        events.fold(self.start, i64::max)
    }

    /// Days after the due date, less the days in dispute before the day.
    fn late(&self, on: i64) -> i64 {
        let in_dispute = |(from, decided): &(i64, Option<i64>)| (*from..decided.unwrap_or(on).min(on)).count();
        let still: usize = self.disputes.iter().map(in_dispute).sum();
        on - self.due - i64::try_from(still).unwrap()
    }

    fn overdue_days(&self, today: i64) -> i64 {
        if self.is_open() { self.late(today).max(0) } else { 0 }
    }

    /// What so much principal comes to on a day.
    pub(super) fn priced(&self, principal: i64, on: i64) -> (i64, i64) {
        let row = self.terms.discounts.iter().find(|(day, _)| *day >= on - self.start);
        let rate = row.filter(|_| on <= self.due).map_or(0, |(_, rate)| *rate);
        let discount = half_even(principal * rate, 10_000);
        let days = (self.late(on) - self.terms.grace).max(0);
        let interest = half_even(principal * self.terms.yearly * days, 3_650_000);
        (discount, interest.min(self.principal - self.interest()))
    }

    pub(super) fn cash(&self, principal: i64, on: i64) -> i64 {
        let (discount, interest) = self.priced(principal, on);
        principal - discount + interest
    }

    /// What is settled where this much is asked for.
    pub(super) fn settle(&self, ask: Ask, on: i64) -> Result<Part, (String, Vec<i64>)> {
        let open = self.outstanding();
        let most = self.cash(open, on);
        let asked = match ask {
            Ask::Principal(principal) if principal > open => None,
            Ask::Principal(principal) => Some((principal.max(0), 0)),
            Ask::Cash(cash) if cash > most => None,
            Ask::Cash(cash) => {
                let largest = (0..=open).rev().find(|principal| self.cash(*principal, on) <= cash).unwrap_or(0);
                Some((largest, cash - self.cash(largest, on)))
            }
        };
        let Some((principal, rounding)) = asked else { return refused("OVERPAYMENT", vec![open, most]) };
        let smallest = open.min(100);
        if principal < smallest || principal == 0 {
            return refused("BELOW_MINIMUM", vec![smallest, self.cash(smallest, on)]);
        }
        let (discount, interest) = self.priced(principal, on);
        Ok(Part { on, principal, discount, interest, rounding, ..Part::default() })
    }
}

#[derive(Clone, Debug)]
pub(super) struct Payment {
    pub(super) pair: Pair,
    pub(super) amount: i64,
    pub(super) on: i64,
    pub(super) reference: Option<usize>,
    pub(super) unapplied: i64,
    pub(super) refunded: i64,
    pub(super) reversed_on: Option<i64>,
}

#[derive(Clone, Debug)]
pub(super) struct Dispute {
    pub(super) cycle: Step,
    /// Whether it was upheld, once it is decided.
    pub(super) upheld: Option<bool>,
}

#[derive(Clone, Debug)]
pub(super) struct Retailer {
    pub(super) cap: Option<i64>,
    pub(super) status: Status,
}

#[derive(Clone, Debug)]
pub(super) struct Naive {
    pub(super) today: i64,
    pub(super) retailers: [Retailer; PARTIES],
    pub(super) ceilings: [Option<i64>; PARTIES],
    pub(super) lines: BTreeMap<Pair, Line>,
    /// The last one counts.
    pub(super) orders: BTreeMap<Step, Vec<Hold>>,
    pub(super) cycles: BTreeMap<Step, Cycle>,
    pub(super) payments: BTreeMap<Step, Payment>,
    pub(super) disputes: BTreeMap<Step, Dispute>,
    /// The balance of every account of every book.
    pub(super) books: BTreeMap<(Pair, &'static str), i64>,
    /// Takes a hold to count at its deadline still, to see that so small a slip is found.
    pub(super) slips: bool,
}

impl Naive {
    pub(super) fn new(slips: bool) -> Self {
        let retailer = Retailer { cap: None, status: Status::Active };
        Self {
            today: 0,
            retailers: [retailer.clone(), retailer],
            ceilings: [None; PARTIES],
            lines: BTreeMap::new(),
            orders: BTreeMap::new(),
            cycles: BTreeMap::new(),
            payments: BTreeMap::new(),
            disputes: BTreeMap::new(),
            books: BTreeMap::new(),
            slips,
        }
    }

    fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.orders.values().flatten().filter(|hold| hold.state == Held::Active)
    }

    pub(super) fn has_expired(&self, hold: &Hold) -> bool {
        hold.until.is_some_and(|until| if self.slips { until < self.today } else { until <= self.today })
    }

    /// What is reserved and outstanding on the lines of these pairs; a plain read leaves out what has expired.
    fn used(&self, of: impl Fn(Pair) -> bool, is_plain: bool) -> (i64, i64) {
        let counts = |hold: &&Hold| of(hold.pair) && !(is_plain && self.has_expired(hold));
        let reserved = self.holds().filter(counts).map(|hold| hold.amount).sum();
        let cycles = self.cycles.values().filter(|cycle| of(cycle.pair));
        (reserved, cycles.map(Cycle::outstanding).sum())
    }

    /// What line, cap and ceiling leave, where they are there.
    fn limits(&self, pair: Pair, is_plain: bool) -> Vec<(i64, &'static str)> {
        let left = |limit: i64, (reserved, outstanding): (i64, i64)| limit - reserved - outstanding;
        let line = self.lines.get(&pair).map(|line| left(line.limit, self.used(|of| of == pair, is_plain)));
        let cap = self.retailers[pair.0].cap.map(|cap| left(cap, self.used(|of| of.0 == pair.0, is_plain)));
        let ceiling = self.ceilings[pair.1].map(|most| left(most, self.used(|of| of.1 == pair.1, is_plain)));
        let limits = [(line, "LINE"), (cap, "RETAILER_CAP"), (ceiling, "VENDOR_CEILING")];
        limits.into_iter().filter_map(|(left, which)| left.map(|left| (left, which))).collect()
    }

    /// The least of them; nothing is left without a line.
    fn left(&self, pair: Pair, is_plain: bool) -> (i64, &'static str) {
        let mut limits = self.limits(pair, is_plain);
        if !self.lines.contains_key(&pair) {
            limits.insert(0, (0, "LINE"));
        }
        limits.into_iter().min_by_key(|(left, _)| *left).unwrap()
    }

    pub(super) fn worst_overdue(&self, pair: Pair) -> i64 {
        let cycles = self.cycles.values().filter(|cycle| cycle.pair == pair);
        cycles.map(|cycle| cycle.overdue_days(self.today)).max().unwrap_or(0)
    }

    /// The order check on credit: every reason against it, and what is left by which limit.
    pub(super) fn check(&self, pair: Pair, amount: i64, is_plain: bool) -> (Vec<&'static str>, i64, &'static str) {
        let (left, binding) = self.left(pair, is_plain);
        let (retailer, line) = (&self.retailers[pair.0], self.lines.get(&pair));
        let is = |status| line.is_some_and(|line| line.status == status);
        let rules = [
            ("CREDIT_BLOCKED", retailer.status == Status::Blocked),
            ("CREDIT_PAUSED", retailer.status == Status::Paused),
            ("NO_CREDIT_LINE", line.is_none()),
            ("LINE_BLOCKED", is(Status::Blocked)),
            ("LINE_PAUSED", is(Status::Paused)),
            ("ORDER_VALUE_EXCEEDED", line.and_then(|line| line.max_order).is_some_and(|most| amount > most)),
            ("OVERDUE_EXCEEDED", line.is_some_and(|line| self.worst_overdue(pair) > line.max_overdue)),
            ("INSUFFICIENT_CREDIT", self.limits(pair, is_plain).iter().any(|(left, _)| amount > *left)),
        ];
        (rules.into_iter().filter(|(_, fails)| *fails).map(|(reason, _)| reason).collect(), left, binding)
    }

    pub(super) fn seen(&self, plain: Option<Pair>) -> Seen {
        let line = |(pair, line): (&Pair, &Line)| {
            let (reserved, outstanding) = self.used(|of| of == *pair, false);
            let (limit, available) = (line.limit, line.limit - reserved - outstanding);
            let overdue_days = self.worst_overdue(*pair);
            (*pair, commands::Line { limit, reserved, outstanding, available, overdue_days })
        };
        let cycle = |(step, cycle): (&Step, &Cycle)| {
            let of = |part: fn(&Part) -> i64| cycle.standing().map(part).sum();
            let seen = commands::Cycle {
                principal: cycle.principal,
                outstanding: cycle.outstanding(),
                repaid: of(|part| part.principal),
                discount: of(|part| part.discount),
                interest: of(|part| part.interest),
                adjusted: cycle.adjusted.iter().map(|(amount, ..)| amount).sum(),
                status: cycle.status().to_owned(),
                due: cycle.due,
                overdue_days: cycle.overdue_days(self.today),
            };
            (*step, seen)
        };
        let payment = |(step, payment): (&Step, &Payment)| {
            let Payment { amount, unapplied, refunded, reversed_on, .. } = *payment;
            (*step, commands::Payment { amount, unapplied, refunded, is_reversed: reversed_on.is_some() })
        };
        let plain = plain.filter(|pair| self.lines.contains_key(pair)).map(|pair| {
            let (reserved, outstanding) = self.used(|of| of == pair, true);
            let (reasons, available, binding) = self.check(pair, 1, true);
            Plain { reserved, outstanding, available, binding: binding.to_owned(), reasons: reasons.join(" ") }
        });
        Seen {
            lines: self.lines.iter().map(line).collect(),
            plain,
            cycles: self.cycles.iter().map(cycle).collect(),
            payments: self.payments.iter().map(payment).collect(),
        }
    }

    /// Both sides of an entry.
    pub(super) fn post(&mut self, pair: Pair, debit: &'static str, credit: &'static str, amount: i64) {
        *self.books.entry((pair, debit)).or_default() += amount;
        *self.books.entry((pair, credit)).or_default() -= amount;
    }
}

pub(super) fn refused<T>(code: &str, figures: Vec<i64>) -> Result<T, (String, Vec<i64>)> {
    Err((code.to_owned(), figures))
}

/// The answer without figures.
pub(super) const DONE: Answer = Ok(Vec::new());

/// The quotient of two numbers that are not negative, rounded half to even.
fn half_even(numerator: i64, denominator: i64) -> i64 {
    let (below, rest) = (numerator / denominator, numerator % denominator);
    let is_up = rest * 2 > denominator || (rest * 2 == denominator && below % 2 == 1);
    below + i64::from(is_up)
}
