//! The commands on the product and its store, and what can be seen there afterwards.

use std::collections::BTreeMap;

use credit::{
    AdjustmentKind, CreditChange, CycleChange, Decision, Discount, LineChange, LineStatus, Named, NewAdjustment,
    NewDispute, NewLine, NewPayment, NewRecovery, NewRepayment, PaymentWithRepayments, Reason, Recorded, Refund,
    Refusal, SettlementTerms, Sign, Spread,
};
use db::DbError;
use kernel::{BusinessDate, CycleId, DisputeId, LineId, Money, OrderId, PaymentId, Rate, RetailerId, Scope, VendorId};
use ledger::Method;

use super::commands::{Answer, Ask, Change, Command, Kind, PARTIES, Pair, Slip, Status, Step, Terms};
use crate::world::World;

/// Retailers and vendors of one run, and the things that its commands made.
pub(super) struct Shop {
    pub(super) world: World,
    pub(super) first: BusinessDate,
    pub(super) today: i64,
    pub(super) retailers: [RetailerId; PARTIES],
    pub(super) vendors: [VendorId; PARTIES],
    pub(super) lines: BTreeMap<Pair, LineId>,
    pub(super) orders: BTreeMap<Step, (OrderId, RetailerId)>,
    pub(super) cycles: BTreeMap<Step, CycleId>,
    pub(super) payments: BTreeMap<Step, PaymentId>,
    pub(super) disputes: BTreeMap<Step, DisputeId>,
    /// The numbers that were drawn for cycles.
    pub(super) numbers: BTreeMap<Step, i64>,
}

fn money(paisa: i64) -> Money {
    Money::from_paisa(paisa)
}

fn rate(basis_points: i64) -> Rate {
    Rate::from_basis_points(basis_points.try_into().unwrap())
}

fn settlement(terms: &Terms) -> SettlementTerms {
    let row = |(through_day, points): &(i64, i64)| Discount { through_day: *through_day, rate: rate(*points) };
    SettlementTerms {
        discounts: terms.discounts.iter().map(row).collect(),
        late_interest_bp_year: rate(terms.yearly),
        grace_days: terms.grace,
    }
}

const fn status(status: Status) -> LineStatus {
    match status {
        Status::Active => LineStatus::Active,
        Status::Paused => LineStatus::Paused,
        Status::Blocked => LineStatus::Blocked,
    }
}

fn ask(ask: Ask) -> credit::Ask {
    match ask {
        Ask::Principal(paisa) => credit::Ask::Principal(money(paisa)),
        Ask::Cash(paisa) => credit::Ask::Cash(money(paisa)),
    }
}

fn paid_by(slip: &Slip) -> (Method, Option<String>) {
    match slip.reference {
        Some(number) => (Method::Esewa, Some(format!("ref {number}"))),
        None => (Method::Cash, None),
    }
}

fn why() -> String {
    "as agreed".to_owned()
}

impl Shop {
    pub(super) async fn open(world: &World) -> Self {
        let first: BusinessDate = "2026-01-01".parse().unwrap();
        world.go_to(first);
        let retailers = [world.other_retailer(), world.other_retailer()];
        let vendors = [world.other_vendor(), world.other_vendor()];
        for (retailer, vendor) in retailers.into_iter().zip(vendors) {
            world.add_retailer(retailer, None).await;
            world.add_vendor(vendor, None).await;
        }
        let (lines, orders, cycles, payments, disputes, numbers) = Default::default();
        let world = world.clone();
        Self { world, first, today: 0, retailers, vendors, lines, orders, cycles, payments, disputes, numbers }
    }

    pub(super) fn pair(&self, pair: Pair) -> credit::Pair {
        (self.retailers[pair.0], self.vendors[pair.1])
    }

    pub(super) fn date(&self, day: i64) -> BusinessDate {
        self.first.plus_days(day)
    }

    pub(super) fn day(&self, date: BusinessDate) -> i64 {
        date.days_since(self.first)
    }

    fn cycle_step(&self, id: CycleId) -> i64 {
        let found = self.cycles.iter().find(|(_, cycle)| **cycle == id).unwrap();
        i64::try_from(*found.0).unwrap()
    }

    fn refused<T>(&self, refusal: &Refusal) -> Result<T, (String, Vec<i64>)> {
        let figures = match refusal {
            Refusal::OnCycle { refusal, .. } => return self.refused(refusal),
            Refusal::Overpayment { maximum, maximum_cash } => vec![maximum.paisa(), maximum_cash.paisa()],
            Refusal::BelowMinimum { minimum, minimum_cash } => vec![minimum.paisa(), minimum_cash.paisa()],
            Refusal::AboveReserved { reserved: most }
            | Refusal::AboveOutstanding { maximum: most }
            | Refusal::AboveReturnable { maximum: most }
            | Refusal::AboveWrittenOff { maximum: most }
            | Refusal::AboveUnapplied { maximum: most }
            | Refusal::ExcessRefunded { refunded: most } => vec![most.paisa()],
            Refusal::PaymentDate { earliest, latest } => vec![self.day(*earliest), self.day(*latest)],
            Refusal::DuplicateReference { amount, paid_on, .. } => vec![amount.paisa(), self.day(*paid_on)],
            Refusal::PaymentReversed { on } => vec![self.day(*on)],
            _ => vec![],
        };
        Err((refusal.code().to_owned(), figures))
    }

    fn answer<T>(&self, result: Result<T, Refusal>, figures: impl FnOnce(T) -> Vec<i64>) -> Answer {
        result.map(figures).or_else(|refusal| self.refused(&refusal))
    }

    /// A command on things that are there.
    pub(super) async fn act(&mut self, step: Step, command: &Command) -> Result<Answer, DbError> {
        match command {
            Command::Pass { days } => {
                self.today += days;
                self.world.go_to(self.date(self.today));
                Ok(Ok(vec![]))
            }
            Command::Grant { .. }
            | Command::Change { .. }
            | Command::Cap { .. }
            | Command::Ceiling { .. }
            | Command::Stop { .. } => self.limit(command).await,
            Command::Reserve { order, pair, amount, until } => {
                self.reserve(order.unwrap_or(step), *pair, *amount, *until).await
            }
            Command::Release { order } => self.release(*order, "CANCELLED").await,
            Command::Deliver { order, amount, on } => self.deliver(*order, *amount, *on).await,
            Command::Repay { cycle, ask, slip } => self.repay(step, *cycle, *ask, slip).await,
            Command::Pay { pair, amount, slip } => self.pay(step, *pair, Some(*amount), None, slip).await,
            Command::PayNamed { pair, amount, parts, slip } => self.pay(step, *pair, *amount, Some(parts), slip).await,
            Command::Recover { cycle, amount, slip } => self.recover(step, *cycle, *amount, slip).await,
            Command::Apply { .. } | Command::Refund { .. } | Command::Reverse { .. } => self.after(command).await,
            Command::Adjust { .. }
            | Command::Dispute { .. }
            | Command::Decide { .. }
            | Command::Close { .. }
            | Command::Extend { .. } => self.care(step, command).await,
        }
    }

    async fn limit(&mut self, command: &Command) -> Result<Answer, DbError> {
        let result = match command.clone() {
            Command::Grant { pair, limit, days, terms } => {
                let (retailer_id, vendor_id) = self.pair(pair);
                let (limit, settlement) = (money(limit), terms.as_ref().map(settlement));
                let (max_order, max_overdue_days) = (None, 30);
                let new = NewLine {
                    retailer_id,
                    vendor_id,
                    limit,
                    terms_days: days,
                    max_order,
                    max_overdue_days,
                    settlement,
                };
                let granted =
                    self.world.try_write(async move |tx, cx| credit::create_line(tx, cx, new.clone()).await).await?;
                granted.map(|line| {
                    self.lines.insert(pair, line.id);
                })
            }
            Command::Change { pair, change } => {
                let (id, change) = (self.lines[&pair], line_change(&change));
                let changed = self
                    .world
                    .try_write(async move |tx, cx| credit::change_line(tx, cx, Scope::All, id, change.clone()).await);
                changed.await?.map(drop)
            }
            Command::Ceiling { vendor, ceiling } => {
                let (id, ceiling) = (self.vendors[vendor], ceiling.map(money));
                let changed = self
                    .world
                    .try_write(async move |tx, cx| credit::change_ceiling(tx, cx, id, None, ceiling, &why()).await);
                changed.await?.map(drop)
            }
            Command::Cap { retailer, cap } => self.change_credit(retailer, CreditChange::Cap(cap.map(money))).await?,
            Command::Stop { retailer, status } => {
                let change = match status {
                    Status::Active => CreditChange::Unpause,
                    Status::Paused => CreditChange::Pause,
                    Status::Blocked => CreditChange::Block,
                };
                self.change_credit(retailer, change).await?
            }
            other => unreachable!("{other:?}"),
        };
        Ok(self.answer(result, |()| vec![]))
    }

    async fn change_credit(&self, retailer: usize, change: CreditChange) -> Result<Result<(), Refusal>, DbError> {
        let id = self.retailers[retailer];
        let changed =
            self.world.try_write(async move |tx, cx| credit::change_credit(tx, cx, id, None, change, &why()).await);
        Ok(changed.await?.map(drop))
    }

    /// As the orders' room does it: who finds too little credit gives back what has expired and decides again.
    async fn reserve(&mut self, name: Step, pair: Pair, amount: i64, until: Option<i64>) -> Result<Answer, DbError> {
        let order = self.orders.get(&name).map_or_else(|| self.world.order(), |(order, _)| *order);
        let (of, until) = (self.pair(pair), until.map(|day| self.date(day).at(12, 0)));
        let mut taken = self.world.reserve_until(of, order, money(amount), until).await;
        if taken.as_ref().is_err_and(|check| check.reasons.contains(&Reason::InsufficientCredit)) {
            let expire = async move |tx: &mut db::Tx, cx: &kernel::Context| {
                for order in credit::expired_holds(tx, &[of.0], cx.now).await? {
                    credit::release(tx, cx, of.0, order, "EXPIRED").await?.unwrap();
                }
                Ok(())
            };
            self.world.try_write(expire).await?;
            taken = self.world.reserve_until(of, order, money(amount), until).await;
        }
        Ok(match taken {
            Ok(()) => {
                self.orders.insert(name, (order, of.0));
                Ok(vec![])
            }
            Err(check) => Err((words(&check.reasons), vec![check.available.paisa(), check.shortfall.paisa()])),
        })
    }

    async fn release(&self, name: Step, reason: &'static str) -> Result<Answer, DbError> {
        let (order, retailer) = self.orders[&name];
        let released =
            self.world.try_write(async move |tx, cx| credit::release(tx, cx, retailer, order, reason).await).await?;
        Ok(self.answer(released, |hold| vec![hold.amount.paisa()]))
    }

    /// The offer is accepted and delivered; one that has expired is given back instead.
    async fn deliver(&mut self, name: Step, amount: i64, on: i64) -> Result<Answer, DbError> {
        let (order, retailer) = self.orders[&name];
        let expired =
            self.world.try_write(async move |tx, cx| credit::expired_holds(tx, &[retailer], cx.now).await).await?;
        if expired.contains(&order) {
            return self.release(name, "EXPIRED").await;
        }
        let (amount, on) = (money(amount), self.date(on));
        let delivered = self
            .world
            .try_write(async move |tx, cx| {
                credit::keep(tx, retailer, order).await?;
                credit::convert(tx, cx, retailer, order, amount, on).await
            })
            .await?;
        if let Ok(cycle) = &delivered {
            self.cycles.insert(name, cycle.id);
            let number = cycle.number.rsplit('-').next().unwrap().parse().unwrap();
            self.numbers.insert(name, number);
        }
        Ok(self.answer(delivered, |cycle| {
            vec![cycle.principal.paisa(), self.day(cycle.started_on), self.day(cycle.due_on)]
        }))
    }

    async fn repay(&mut self, step: Step, cycle: Step, part: Ask, slip: &Slip) -> Result<Answer, DbError> {
        let (method, reference) = paid_by(slip);
        let new = NewRepayment { ask: ask(part), on: self.date(slip.on), method, reference };
        let id = self.cycles[&cycle];
        let repaid =
            self.world.try_write(async move |tx, cx| credit::repay(tx, cx, Scope::All, id, new.clone()).await).await?;
        if let Ok(repaid) = &repaid {
            self.payments.insert(step, repaid.repayment.payment_id);
        }
        Ok(self.answer(repaid, |repaid| {
            let paid = repaid.repayment.settlement;
            let amounts = [paid.principal, paid.discount, paid.interest, paid.rounding, paid.cash];
            let amounts = amounts.into_iter().chain([repaid.cycle.outstanding]).map(Money::paisa);
            std::iter::once(i64::try_from(cycle).unwrap()).chain(amounts).collect()
        }))
    }

    async fn pay(
        &mut self,
        step: Step,
        pair: Pair,
        amount: Option<i64>,
        parts: Option<&[(Step, Ask)]>,
        slip: &Slip,
    ) -> Result<Answer, DbError> {
        let (method, reference) = paid_by(slip);
        let name = |(cycle, part): &(Step, Ask)| Named { cycle: self.cycles[cycle], ask: ask(*part) };
        let named = parts.map(|parts| parts.iter().map(name).collect());
        let (amount, on, keep_excess) = (amount.map(money), self.date(slip.on), slip.keep_excess);
        let spread = Spread { amount, named, on, keep_excess };
        let new = NewPayment { pair: self.pair(pair), spread, method, reference };
        let recorded = self.world.try_write(async move |tx, cx| credit::record(tx, cx, Scope::All, &new).await).await?;
        if let Ok(recorded) = &recorded {
            self.payments.insert(step, recorded.payment.payment.id);
        }
        Ok(self.answer(recorded, |recorded| self.parts(&recorded)))
    }

    async fn recover(&mut self, step: Step, cycle: Step, amount: i64, slip: &Slip) -> Result<Answer, DbError> {
        let (id, (method, reference)) = (self.cycles[&cycle], paid_by(slip));
        let new = NewRecovery { amount: money(amount), on: self.date(slip.on), method, reference };
        let came =
            self.world.try_write(async move |tx, cx| credit::recover(tx, cx, Scope::All, id, &new).await).await?;
        if let Ok(recorded) = &came {
            self.payments.insert(step, recorded.payment.payment.id);
        }
        Ok(self.answer(came, |recorded| vec![recorded.payment.payment.amount.paisa()]))
    }

    fn parts(&self, recorded: &Recorded) -> Vec<i64> {
        let PaymentWithRepayments { repayments, .. } = &recorded.payment;
        let mut figures = Vec::new();
        // The parts that were made now are the last ones.
        for (part, cycle) in repayments.iter().zip(&recorded.cycles) {
            let amounts = [part.principal, part.discount, part.interest, part.rounding, part.cash, cycle.outstanding];
            figures.push(self.cycle_step(part.cycle_id));
            figures.extend(amounts.map(Money::paisa));
        }
        figures
    }

    /// What becomes of a payment after it was recorded.
    async fn after(&self, command: &Command) -> Result<Answer, DbError> {
        let world = &self.world;
        match *command {
            Command::Apply { payment, amount } => {
                let (id, amount) = (self.payments[&payment], amount.map(money));
                let applied = world
                    .try_write(async move |tx, cx| credit::apply(tx, cx, Scope::All, id, amount, None).await)
                    .await?;
                Ok(self.answer(applied, |recorded| self.parts(&recorded)))
            }
            Command::Refund { payment, amount } => {
                let refund = Refund { amount: amount.map(money), method: Method::Cash, reference: None };
                let id = self.payments[&payment];
                let refunded =
                    world.try_write(async move |tx, cx| credit::refund(tx, cx, Scope::All, id, &refund).await).await?;
                Ok(self.answer(refunded, |_| vec![]))
            }
            Command::Reverse { payment } => {
                let id = self.payments[&payment];
                let reversed = world
                    .try_write(async move |tx, cx| credit::reverse(tx, cx, Scope::All, id, "it bounced").await)
                    .await?;
                Ok(self.answer(reversed, |_| vec![]))
            }
            ref other => unreachable!("{other:?}"),
        }
    }

    /// What is done to a cycle beside paying it.
    async fn care(&mut self, step: Step, command: &Command) -> Result<Answer, DbError> {
        let world = &self.world;
        match *command {
            Command::Adjust { cycle, kind, rises, amount } => {
                let new = adjustment(self.cycles[&cycle], kind, rises, amount);
                let adjusted =
                    world.try_write(async move |tx, cx| credit::adjust(tx, cx, Scope::All, &new).await).await?;
                Ok(self.answer(adjusted, |adjusted| {
                    [adjusted.cycle.outstanding, adjusted.adjustment.advance].map(Money::paisa).to_vec()
                }))
            }
            Command::Dispute { cycle } => {
                let (id, new) = (self.cycles[&cycle], NewDispute { order_line: None, reason: why() });
                let opened =
                    world.try_write(async move |tx, cx| credit::dispute(tx, cx, Scope::All, id, &new).await).await?;
                if let Ok(dispute) = &opened {
                    self.disputes.insert(step, dispute.id);
                }
                Ok(self.answer(opened, |_| vec![]))
            }
            Command::Decide { dispute, upheld, amount } => {
                let decision = Decision { upheld, amount: amount.map(money), reason: why() };
                let id = self.disputes[&dispute];
                let decided = world
                    .try_write(async move |tx, cx| credit::decide_dispute(tx, cx, Scope::All, id, &decision).await)
                    .await?;
                Ok(self.answer(decided, |_| vec![]))
            }
            Command::Close { cycle } => {
                let id = self.cycles[&cycle];
                let closed =
                    world.try_write(async move |tx, cx| credit::close(tx, cx, Scope::All, id, &why()).await).await?;
                Ok(self.answer(closed, |_| vec![]))
            }
            Command::Extend { cycle, due } => {
                let change = CycleChange { due_on: Some(self.date(due)), note: None, reason: Some(why()) };
                let id = self.cycles[&cycle];
                let changed = world
                    .try_write(async move |tx, cx| credit::change_cycle(tx, cx, Scope::All, id, None, &change).await)
                    .await?;
                Ok(self.answer(changed, |_| vec![]))
            }
            ref other => unreachable!("{other:?}"),
        }
    }
}

fn adjustment(cycle_id: CycleId, kind: Kind, rises: bool, amount: i64) -> NewAdjustment {
    let kind = match kind {
        Kind::Return => AdjustmentKind::Return,
        Kind::Dispute => AdjustmentKind::Dispute,
        Kind::WriteOff => AdjustmentKind::WriteOff,
        Kind::Correction => AdjustmentKind::Correction,
    };
    let sign = if rises { Sign::Increase } else { Sign::Decrease };
    NewAdjustment { cycle_id, kind, sign: Some(sign), amount: money(amount), reason: why() }
}

fn line_change(change: &Change) -> LineChange {
    LineChange {
        limit: change.limit.map(money),
        terms_days: change.days,
        max_order: change.max_order.map(money),
        max_overdue_days: change.max_overdue,
        status: change.status.map(status),
        settlement: change.terms.as_ref().map(settlement),
        reason: why(),
        seen_version: None,
    }
}

pub(super) fn words(reasons: &[Reason]) -> String {
    reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
