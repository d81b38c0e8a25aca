//! Payments in the naive credit: spreading, applying, refunding, reversing.

use super::commands::{Answer, Ask, Pair, Slip, Step};
use super::naive::{DONE, Naive, Part, Payment, refused};

/// The parts by their cycles, and what is kept.
type Plan = (Vec<(Step, Part)>, i64);

impl Naive {
    pub(super) fn pay(
        &mut self,
        step: Step,
        pair: Pair,
        amount: Option<i64>,
        named: Option<&[(Step, Ask)]>,
        slip: &Slip,
    ) -> Option<Answer> {
        let granted = self.lines.get(&pair)?.granted;
        if let Some(refusal) = self.duplicate(pair, slip) {
            return Some(refusal);
        }
        let plan = match self.plan(pair, amount, named, slip.on, slip.keep_excess, granted)? {
            Ok(plan) => plan,
            Err(refusal) => return Some(Err(refusal)),
        };
        let (parts, kept) = plan;
        let cash: i64 = parts.iter().map(|(_, part)| part.cash()).sum();
        let payment = Payment {
            pair,
            amount: cash + kept,
            on: slip.on,
            reference: slip.reference,
            unapplied: kept,
            refunded: 0,
            reversed_on: None,
        };
        self.payments.insert(step, payment);
        self.post(pair, self.till(step), "advances", kept);
        Some(Ok(self.take(step, parts, false)))
    }

    /// Money for what was written off of a cycle on which nothing is open.
    pub(super) fn recover(&mut self, step: Step, of: Step, amount: i64, slip: &Slip) -> Option<Answer> {
        let (today, cycle) = (self.today, self.cycles.get(&of)?);
        let pair = cycle.pair;
        if let Some(refusal) = self.duplicate(pair, slip) {
            return Some(refusal);
        }
        let (lost, since) = cycle.lost();
        if cycle.is_open() {
            return Some(refused("CYCLE_OPEN", vec![]));
        }
        if amount <= 0 {
            return Some(refused("VALIDATION", vec![]));
        }
        if amount > lost {
            return Some(refused("ABOVE_WRITTEN_OFF", vec![lost]));
        }
        if slip.on < since || slip.on > today {
            return Some(refused("PAYMENT_DATE", vec![since, today]));
        }
        let (reference, on) = (slip.reference, slip.on);
        let payment = Payment { pair, amount, on, reference, unapplied: 0, refunded: 0, reversed_on: None };
        self.payments.insert(step, payment);
        let part = Part { payment: step, on, recovered: amount, ..Part::default() };
        self.post_part(pair, &part, self.till(step), 1);
        self.cycles.get_mut(&of)?.parts.push(part);
        Some(Ok(vec![amount]))
    }

    fn duplicate(&self, pair: Pair, slip: &Slip) -> Option<Answer> {
        let reference = slip.reference?;
        let is_same = |payment: &&Payment| payment.pair.1 == pair.1 && payment.reference == Some(reference);
        let first = self.payments.values().find(is_same)?;
        Some(refused("DUPLICATE_REFERENCE", vec![first.amount, first.on]))
    }

    /// The account that the payment's cash is in.
    fn till(&self, payment: Step) -> &'static str {
        if self.payments[&payment].reference.is_some() { "cash:ESEWA" } else { "cash:CASH" }
    }

    /// Gives the parts to their cycles and answers the figures of each.
    fn take(&mut self, payment: Step, parts: Vec<(Step, Part)>, is_advance: bool) -> Vec<i64> {
        let from = if is_advance { "advances" } else { self.till(payment) };
        let mut figures = Vec::new();
        for (step, part) in parts {
            let part = Part { payment, is_advance, ..part };
            let cycle = self.cycles.get_mut(&step).unwrap();
            cycle.parts.push(part.clone());
            let (pair, left) = (cycle.pair, cycle.outstanding());
            figures.extend([i64::try_from(step).unwrap(), part.principal, part.discount, part.interest]);
            figures.extend([part.rounding, part.cash(), left]);
            self.post_part(pair, &part, from, 1);
        }
        figures
    }

    pub(super) fn post_part(&mut self, pair: Pair, part: &Part, from: &'static str, sign: i64) {
        self.post(pair, from, "receivable", sign * (part.principal - part.discount));
        self.post(pair, "discount_allowed", "receivable", sign * part.discount);
        self.post(pair, from, "interest_income", sign * part.interest);
        self.post(pair, from, "rounding", sign * part.rounding);
        self.post(pair, from, "bad_debt_recovered", sign * part.recovered);
    }

    fn plan(
        &self,
        pair: Pair,
        amount: Option<i64>,
        named: Option<&[(Step, Ask)]>,
        on: i64,
        keep: bool,
        granted: i64,
    ) -> Option<Result<Plan, (String, Vec<i64>)>> {
        if amount.is_some_and(|amount| amount <= 0) {
            return Some(refused("VALIDATION", vec![]));
        }
        let plan = match named {
            Some(named) => self.by_name(pair, amount, named, on, keep)?,
            None if on > self.today => {
                let open = self.cycles.values().filter(|cycle| cycle.pair == pair && cycle.is_open());
                let earliest = open.map(|cycle| cycle.start).fold(granted, i64::min);
                return Some(refused("PAYMENT_DATE", vec![earliest, self.today]));
            }
            None => self.oldest_first(pair, amount?, on, keep),
        };
        Some(match plan {
            Ok((parts, _)) if parts.is_empty() && on < granted => refused("PAYMENT_DATE", vec![granted, self.today]),
            plan => plan,
        })
    }

    fn check_date(&self, cycle: Step, on: i64) -> Result<(), (String, Vec<i64>)> {
        let earliest = self.cycles[&cycle].earliest();
        if on < earliest || on > self.today { refused("PAYMENT_DATE", vec![earliest, self.today]) } else { Ok(()) }
    }

    fn by_name(
        &self,
        pair: Pair,
        amount: Option<i64>,
        named: &[(Step, Ask)],
        on: i64,
        keep: bool,
    ) -> Option<Result<Plan, (String, Vec<i64>)>> {
        if named.iter().any(|(cycle, _)| !self.cycles.contains_key(cycle)) {
            return None;
        }
        let mut parts: Vec<(Step, Part)> = Vec::new();
        for (step, ask) in named {
            let cycle = &self.cycles[step];
            if cycle.pair != pair || parts.iter().any(|(other, _)| other == step) {
                return Some(refused("VALIDATION", vec![]));
            }
            if cycle.status() == "CLOSED" {
                return Some(refused("CYCLE_CLOSED", vec![]));
            }
            match self.check_date(*step, on).and_then(|()| cycle.settle(*ask, on)) {
                Ok(part) => parts.push((*step, part)),
                Err(refusal) => return Some(Err(refusal)),
            }
        }
        let cash: i64 = parts.iter().map(|(_, part)| part.cash()).sum();
        let kept = amount.unwrap_or(cash) - cash;
        if named.is_empty() || kept < 0 || (kept > 0 && !keep) {
            return Some(refused("VALIDATION", vec![]));
        }
        Some(Ok((parts, kept)))
    }

    /// By due date and number, without disputed cycles and those that began later. What one cannot take goes to the next;
    /// only the last paisa is rounding.
    fn oldest_first(&self, pair: Pair, amount: i64, on: i64, keep: bool) -> Result<Plan, (String, Vec<i64>)> {
        let mut turns: Vec<_> = self.cycles.iter().filter(|(_, cycle)| cycle.pair == pair && cycle.is_open()).collect();
        turns.retain(|(_, cycle)| !cycle.is_disputed() && cycle.start <= on);
        turns.sort_by_key(|(_, cycle)| (cycle.due, cycle.number));
        let (mut left, mut parts, mut too_small) = (amount, Vec::<(Step, Part)>::new(), None);
        // What is lost on a cycle that took all it could and stays open, or one paisa that no cycle is small enough for.
        let mut unmatched = None;
        for (step, cycle) in turns {
            if left == 0 {
                break;
            }
            let open = cycle.outstanding();
            let part = match cycle.settle(Ask::Cash(left.min(cycle.cash(open, on))), on) {
                Ok(part) => part,
                Err(refusal) => {
                    assert_eq!(refusal.0, "BELOW_MINIMUM");
                    too_small.get_or_insert(refusal);
                    continue;
                }
            };
            self.check_date(*step, on)?;
            left -= part.cash() - part.rounding;
            if part.principal < open {
                unmatched = Some(left);
            }
            parts.push((*step, Part { rounding: 0, ..part }));
        }
        let is_more_owed = unmatched.is_some() || too_small.is_some();
        if let Some((_, last)) = parts.last_mut().filter(|_| is_more_owed && left <= unmatched.unwrap_or(1)) {
            last.rounding = left;
            left = 0;
        }
        if left > 0 && !keep {
            let principal = parts.iter().map(|(_, part)| part.principal).sum();
            let cash = parts.iter().map(|(_, part)| part.cash()).sum();
            return too_small.map_or_else(|| refused("OVERPAYMENT", vec![principal, cash]), Err);
        }
        Ok((parts, left))
    }

    fn check_unapplied(payment: &Payment, amount: Option<i64>) -> Result<(), (String, Vec<i64>)> {
        if let Some(on) = payment.reversed_on {
            return refused("PAYMENT_REVERSED", vec![on]);
        }
        if amount.is_some_and(|amount| amount <= 0) {
            return refused("VALIDATION", vec![]);
        }
        if payment.unapplied == 0 || amount.is_some_and(|amount| amount > payment.unapplied) {
            return refused("ABOVE_UNAPPLIED", vec![payment.unapplied]);
        }
        Ok(())
    }

    pub(super) fn apply(&mut self, step: Step, amount: Option<i64>) -> Option<Answer> {
        let payment = self.payments.get(&step)?;
        if let Err(refusal) = Self::check_unapplied(payment, amount) {
            return Some(Err(refusal));
        }
        let (kept, pair) = (payment.unapplied, payment.pair);
        let asked = amount.unwrap_or(kept);
        let (parts, left) = match self.oldest_first(pair, asked, self.today, amount.is_none()) {
            Ok(plan) => plan,
            Err(refusal) => return Some(Err(refusal)),
        };
        if parts.is_empty() {
            return Some(refused("OVERPAYMENT", vec![0, 0]));
        }
        self.payments.get_mut(&step)?.unapplied -= asked - left;
        Some(Ok(self.take(step, parts, true)))
    }

    pub(super) fn refund(&mut self, step: Step, amount: Option<i64>) -> Option<Answer> {
        let payment = self.payments.get_mut(&step)?;
        if let Err(refusal) = Self::check_unapplied(payment, amount) {
            return Some(Err(refusal));
        }
        let (amount, pair) = (amount.unwrap_or(payment.unapplied), payment.pair);
        payment.unapplied -= amount;
        payment.refunded += amount;
        self.post(pair, "advances", "cash:CASH", amount);
        Some(DONE)
    }

    /// Everything that came of the payment is taken back, once.
    pub(super) fn reverse(&mut self, step: Step) -> Option<Answer> {
        let (today, payment) = (self.today, self.payments.get_mut(&step)?);
        if payment.reversed_on.is_some() {
            return Some(DONE);
        }
        if payment.refunded > 0 {
            return Some(refused("EXCESS_REFUNDED", vec![payment.refunded]));
        }
        payment.reversed_on = Some(today);
        // What was applied since came out of what had been kept.
        let (mut kept, pair) = (payment.unapplied, payment.pair);
        payment.unapplied = 0;
        let mut back = Vec::new();
        for cycle in self.cycles.values_mut() {
            for part in cycle.parts.iter_mut().filter(|part| part.payment == step && !part.is_reversed) {
                part.is_reversed = true;
                back.push(part.clone());
            }
            cycle.is_closed &= !cycle.is_open();
        }
        kept += back.iter().filter(|part| part.is_advance).map(Part::cash).sum::<i64>();
        let till = self.till(step);
        self.post(pair, till, "advances", -kept);
        for part in back {
            self.post_part(pair, &part, if part.is_advance { "advances" } else { till }, -1);
        }
        Some(DONE)
    }
}
