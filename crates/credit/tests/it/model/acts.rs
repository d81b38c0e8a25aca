//! What each command does to the naive credit, and what it is answered. Nothing where the command names a thing that was
//! never made.

use super::commands::{Answer, Change, Command, Kind, Pair, Status, Step, Terms};
use super::naive::{Cycle, DONE, Dispute, Held, Hold, Line, Naive, refused};

impl Naive {
    pub(super) fn act(&mut self, step: Step, command: &Command) -> Option<Answer> {
        Some(match command {
            Command::Grant { pair, limit, days, terms } => self.grant(*pair, *limit, *days, terms.clone()),
            Command::Change { pair, change } => self.change(*pair, change)?,
            Command::Cap { retailer, cap } if cap.is_none_or(|cap| cap >= 0) => {
                self.retailers[*retailer].cap = *cap;
                DONE
            }
            Command::Ceiling { vendor, ceiling } if ceiling.is_none_or(|ceiling| ceiling >= 0) => {
                self.ceilings[*vendor] = *ceiling;
                DONE
            }
            Command::Cap { .. } | Command::Ceiling { .. } => refused("VALIDATION", vec![]),
            Command::Stop { retailer, status } => {
                self.retailers[*retailer].status = *status;
                DONE
            }
            Command::Pass { days } => {
                self.today += days;
                DONE
            }
            Command::Reserve { order, pair, amount, until } => self.reserve(step, *order, *pair, *amount, *until)?,
            Command::Release { order } => self.release(*order)?,
            Command::Deliver { order, amount, on } => self.deliver(*order, *amount, *on)?,
            Command::Repay { cycle, ask, slip } => {
                let pair = self.cycles.get(cycle)?.pair;
                self.pay(step, pair, None, Some(&[(*cycle, *ask)]), slip)?
            }
            Command::Pay { pair, amount, slip } => self.pay(step, *pair, Some(*amount), None, slip)?,
            Command::PayNamed { pair, amount, parts, slip } => self.pay(step, *pair, *amount, Some(parts), slip)?,
            Command::Recover { cycle, amount, slip } => self.recover(step, *cycle, *amount, slip)?,
            Command::Apply { payment, amount } => self.apply(*payment, *amount)?,
            Command::Refund { payment, amount } => self.refund(*payment, *amount)?,
            Command::Reverse { payment } => self.reverse(*payment)?,
            Command::Adjust { cycle, kind, rises, amount } => self.adjust(*cycle, *kind, *rises, *amount)?,
            Command::Dispute { cycle } => self.dispute(step, *cycle)?,
            Command::Decide { dispute, upheld, amount } => self.decide(*dispute, *upheld, *amount)?,
            Command::Close { cycle } => self.close(*cycle)?,
            Command::Extend { cycle, due } => self.extend(*cycle, *due)?,
        })
    }

    fn grant(&mut self, pair: Pair, limit: i64, days: i64, terms: Option<Terms>) -> Answer {
        let terms = terms.unwrap_or_else(|| Terms { discounts: vec![(days, 500)], yearly: 0, grace: 0 });
        if limit < 0 || !are_lawful(&terms, days) {
            return refused("VALIDATION", vec![]);
        }
        if self.lines.contains_key(&pair) {
            return refused("LINE_EXISTS", vec![]);
        }
        let (granted, status) = (self.today, Status::Active);
        self.lines.insert(pair, Line { granted, limit, days, max_order: None, max_overdue: 30, status, terms });
        DONE
    }

    fn change(&mut self, pair: Pair, change: &Change) -> Option<Answer> {
        let line = self.lines.get_mut(&pair)?;
        let mut after = line.clone();
        after.limit = change.limit.unwrap_or(line.limit);
        after.days = change.days.unwrap_or(line.days);
        after.max_overdue = change.max_overdue.unwrap_or(line.max_overdue);
        after.status = change.status.unwrap_or(line.status);
        after.max_order = change.max_order.or(line.max_order).filter(|most| *most != 0);
        let is_new = |terms: &Terms| are_lawful(terms, after.days);
        if after.limit < 0 || after.max_order.is_some_and(|most| most < 0) || !change.terms.iter().all(is_new) {
            return Some(refused("VALIDATION", vec![]));
        }
        after.terms = change.terms.clone().unwrap_or(after.terms);
        *line = after;
        Some(DONE)
    }

    /// The order check and the hold. Who finds too little credit first gives back the retailer's expired holds.
    fn reserve(
        &mut self,
        step: Step,
        order: Option<Step>,
        pair: Pair,
        amount: i64,
        until: Option<i64>,
    ) -> Option<Answer> {
        if let Some(earlier) = order {
            let last = self.orders.get(&earlier)?.last()?;
            if last.state != Held::Released || last.pair.0 != pair.0 {
                return None;
            }
        }
        if self.check(pair, amount, false).0.contains(&"INSUFFICIENT_CREDIT") {
            let today = self.today;
            let slips = self.slips;
            for hold in self.orders.values_mut().flatten().filter(|hold| hold.pair.0 == pair.0) {
                let is_late = hold.until.is_some_and(|until| until < today + i64::from(!slips));
                if hold.state == Held::Active && is_late {
                    hold.state = Held::Released;
                }
            }
        }
        let (reasons, left, _) = self.check(pair, amount, false);
        if !reasons.is_empty() {
            return Some(refused(&reasons.join(" "), vec![left, (amount - left).max(0)]));
        }
        let hold = Hold { pair, amount, until, state: Held::Active };
        self.orders.entry(order.unwrap_or(step)).or_default().push(hold);
        Some(DONE)
    }

    fn release(&mut self, order: Step) -> Option<Answer> {
        let hold = self.orders.get_mut(&order)?.last_mut()?;
        if hold.state == Held::Converted {
            return Some(refused("RESERVATION_CONVERTED", vec![]));
        }
        hold.state = Held::Released;
        Some(Ok(vec![hold.amount]))
    }

    /// The offer is accepted and delivered; one that has expired is given back instead.
    fn deliver(&mut self, order: Step, amount: i64, on: i64) -> Option<Answer> {
        let hold = self.orders.get(&order)?.last()?.clone();
        if hold.state == Held::Active && self.has_expired(&hold) {
            return self.release(order);
        }
        if hold.state == Held::Released {
            return Some(refused("RESERVATION_RELEASED", vec![]));
        }
        if hold.state == Held::Converted {
            let first = self.cycles.get(&order)?;
            return Some(Ok(vec![first.principal, first.start, first.due]));
        }
        let kept = self.orders.get_mut(&order)?.last_mut()?;
        kept.until = None;
        if amount > hold.amount {
            return Some(refused("ABOVE_RESERVED", vec![hold.amount]));
        }
        if amount <= 0 || on > self.today {
            return Some(refused("VALIDATION", vec![]));
        }
        kept.state = Held::Converted;
        let line = &self.lines[&hold.pair];
        let cycle = Cycle {
            pair: hold.pair,
            number: 0,
            principal: amount,
            start: on,
            due: on + line.days,
            terms: line.terms.clone(),
            parts: vec![],
            adjusted: vec![],
            disputes: vec![],
            is_closed: false,
        };
        let answer = Ok(vec![cycle.principal, cycle.start, cycle.due]);
        self.cycles.insert(order, cycle);
        self.post(hold.pair, "receivable", "sales", amount);
        Some(answer)
    }

    fn adjust(&mut self, step: Step, kind: Kind, rises: bool, amount: i64) -> Option<Answer> {
        let (today, cycle) = (self.today, self.cycles.get_mut(&step)?);
        let open = cycle.outstanding();
        if amount <= 0 || (rises && kind != Kind::Correction) {
            return Some(refused("VALIDATION", vec![]));
        }
        if rises && open == 0 {
            return Some(refused("CYCLE_CLOSED", vec![]));
        }
        let is_return = kind == Kind::Return;
        let most = if is_return { cycle.returnable() } else { open };
        if !rises && amount > most {
            return Some(refused(if is_return { "ABOVE_RETURNABLE" } else { "ABOVE_OUTSTANDING" }, vec![most]));
        }
        let (by, pair) = (if rises { amount } else { -amount }, cycle.pair);
        let backs = cycle.take_back((-by - open).max(0), today);
        cycle.adjusted.push((by, today, kind));
        let left = cycle.outstanding();
        let account = match kind {
            Kind::Return => "returns",
            Kind::WriteOff => "bad_debt",
            Kind::Dispute | Kind::Correction => "adjustments",
        };
        self.post(pair, "receivable", account, by);
        let mut advance = 0;
        for back in backs {
            self.post_part(pair, &back, "advances", 1);
            self.payments.get_mut(&back.payment)?.unapplied -= back.cash();
            advance -= back.cash();
        }
        Some(Ok(vec![left, advance]))
    }

    fn dispute(&mut self, step: Step, of: Step) -> Option<Answer> {
        let (today, cycle) = (self.today, self.cycles.get_mut(&of)?);
        if !cycle.is_open() {
            return Some(refused("CYCLE_CLOSED", vec![]));
        }
        if cycle.is_disputed() {
            return Some(refused("DISPUTE_OPEN", vec![]));
        }
        cycle.disputes.push((today, None));
        self.disputes.insert(step, Dispute { cycle: of, upheld: None });
        Some(DONE)
    }

    fn decide(&mut self, step: Step, upheld: bool, amount: Option<i64>) -> Option<Answer> {
        let Dispute { cycle: of, upheld: before } = self.disputes.get(&step)?.clone();
        match before {
            Some(before) if before == upheld => return Some(DONE),
            Some(_) => return Some(refused("DISPUTE_DECIDED", vec![])),
            None => {}
        }
        let open = self.cycles.get(&of)?.outstanding();
        match (upheld, amount) {
            (true, Some(amount)) => {
                if let refusal @ Err(_) = self.adjust(of, Kind::Dispute, false, amount)? {
                    return Some(refusal);
                }
            }
            (true, None) if open == 0 => {}
            (false, None) => {}
            (true, None) | (false, Some(_)) => return Some(refused("VALIDATION", vec![])),
        }
        self.cycles.get_mut(&of)?.disputes.last_mut()?.1 = Some(self.today);
        self.disputes.get_mut(&step)?.upheld = Some(upheld);
        Some(DONE)
    }

    fn close(&mut self, step: Step) -> Option<Answer> {
        let cycle = self.cycles.get(&step)?;
        match cycle.status() {
            "CLOSED" => return Some(DONE),
            "FULLY_PAID" => return Some(refused("CYCLE_CLOSED", vec![])),
            _ if cycle.is_disputed() => return Some(refused("DISPUTE_OPEN", vec![])),
            _ => {}
        }
        let open = cycle.outstanding();
        let written = self.adjust(step, Kind::WriteOff, false, open)?;
        self.cycles.get_mut(&step)?.is_closed = true;
        Some(written.and(DONE))
    }

    fn extend(&mut self, step: Step, due: i64) -> Option<Answer> {
        let (today, cycle) = (self.today, self.cycles.get_mut(&step)?);
        if !cycle.is_open() {
            return Some(refused("CYCLE_CLOSED", vec![]));
        }
        if due <= cycle.due || due > today + 365 {
            return Some(refused("VALIDATION", vec![]));
        }
        cycle.due = due;
        Some(DONE)
    }
}

/// No discount past the due date, above a half, or rising; no interest above the law's.
fn are_lawful(terms: &Terms, days: i64) -> bool {
    let rows = &terms.discounts;
    rows.iter().all(|(day, rate)| (0..=days).contains(day) && (0..=5_000).contains(rate))
        && rows.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 >= pair[1].1)
        && (0..=1_000).contains(&terms.yearly)
        && (0..=365).contains(&terms.grace)
        && (0..=365).contains(&days)
}
