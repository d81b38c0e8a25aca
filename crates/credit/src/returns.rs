//! Goods that come back: what of them falls off the debt, and what of them had been paid and is given back.
//!
//! What is open falls off first. The rest takes back what was paid, the newest repayment first, because that one would
//! not have been owed had the goods come back before. Of a repayment of principal `p` with discount `d` of which `x` has
//! been taken back altogether, the retailer has got back `x − round(d × x ÷ p)`, rounded half to even: the cash really
//! paid for those goods. The rule is on the sum, so returning in parts gives what returning at once does, and returning
//! all of it gives exactly `p − d`. Interest and rounding stay with the vendor.
//!
//! What is given back waits on its payment like any other excess: it is applied, refunded, and falls with the payment
//! where that is reversed.

use std::collections::BTreeMap;

use db::{DbError, Tx};
use kernel::{Context, EntryId, Money, Overflow, PaymentId, RepaymentId};

use crate::adjustments::AdjustmentKind;
use crate::model::Cycle;
use crate::payments::store::{add_unapplied, insert_repayments};
use crate::payments::{Repayment, Source, repayments_of_cycle};
use crate::refusal::Refusal;
use crate::store::{adjustments, broken};

/// What the past says about the goods of a cycle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Goods {
    /// The price of what came back before.
    pub(crate) returned: Money,
    /// Whether something of the cycle was given up: nothing was paid for those goods.
    pub(crate) is_written_off: bool,
    /// The repayments that stand, the oldest first.
    pub(crate) paid: Vec<Paid>,
}

/// A repayment of the cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paid {
    pub(crate) payment: PaymentId,
    pub(crate) part: RepaymentId,
    /// Principal that it settled.
    pub(crate) principal: Money,
    /// The discount on it.
    pub(crate) discount: Money,
    /// What of the principal was taken back since.
    pub(crate) taken_back: Money,
}

/// What a return takes back of one repayment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Back {
    pub(crate) payment: PaymentId,
    /// The repayment that it undoes.
    pub(crate) part: RepaymentId,
    pub(crate) principal: Money,
    /// The share of its discount, which is not given back.
    pub(crate) discount: Money,
}

impl Back {
    /// What the retailer gets back.
    pub(crate) fn cash(&self) -> Result<Money, Overflow> {
        self.principal.minus(self.discount)
    }

    /// The part of the payment that it is, with its figures negative.
    pub(crate) fn part_of(&self, cx: &Context, cycle: &Cycle, entry_id: EntryId) -> Result<Repayment, Overflow> {
        Ok(Repayment {
            id: cx.id(),
            cycle_id: cycle.id,
            number: cycle.number.clone(),
            source: Source::Return,
            principal: self.principal.negated()?,
            discount: self.discount.negated()?,
            interest: Money::ZERO,
            cash: self.cash()?.negated()?,
            rounding: Money::ZERO,
            paid_on: cx.today(),
            entry_id,
            undoes: Some(self.part),
            reversed_on: None,
        })
    }
}

impl Paid {
    /// The discount on so much of it.
    fn discount_on(&self, principal: Money) -> Result<Money, Overflow> {
        self.discount.scaled(principal.paisa().into(), self.principal.paisa().into())
    }

    fn take_back(&self, principal: Money) -> Result<Back, Overflow> {
        let (before, after) = (self.taken_back, self.taken_back.plus(principal)?);
        let discount = self.discount_on(after)?.minus(self.discount_on(before)?)?;
        Ok(Back { payment: self.payment, part: self.part, principal, discount })
    }
}

/// The most that can come back: goods that did not yet, as far as they are open or were paid.
fn returnable(cycle: &Cycle, goods: &Goods) -> Result<Money, Overflow> {
    let paid = if goods.is_written_off { Money::ZERO } else { cycle.repaid };
    Ok(cycle.principal.minus(goods.returned)?.min(cycle.outstanding.plus(paid)?))
}

/// What a return of goods at this price takes back of the repayments; nothing while all of it is open.
pub(crate) fn take_back(cycle: &Cycle, goods: &Goods, amount: Money) -> Result<Vec<Back>, Refusal> {
    let maximum = returnable(cycle, goods)?;
    if amount > maximum {
        return Err(Refusal::AboveReturnable { maximum });
    }
    let mut left = amount.minus(cycle.outstanding)?.or_zero();
    let mut backs = Vec::new();
    for paid in goods.paid.iter().rev() {
        let share = left.min(paid.principal.minus(paid.taken_back)?);
        if share.is_positive() {
            backs.push(paid.take_back(share)?);
            left = left.minus(share)?;
        }
    }
    Ok(backs)
}

/// What the past says about the goods of a cycle whose line is locked. Two statements.
pub(crate) async fn goods(tx: &mut Tx, cycle: &Cycle) -> Result<Goods, DbError> {
    let mut goods = Goods::default();
    for adjustment in adjustments::of_cycle(tx, cycle.retailer_id, cycle.id).await? {
        match adjustment.kind {
            AdjustmentKind::Return => goods.returned = goods.returned.minus(adjustment.amount).map_err(broken)?,
            AdjustmentKind::WriteOff => goods.is_written_off = true,
            AdjustmentKind::Dispute | AdjustmentKind::Correction => {}
        }
    }
    goods.paid = standing(&repayments_of_cycle(tx, cycle).await?).map_err(broken)?;
    Ok(goods)
}

/// The repayments that stand, each with what of it was taken back.
pub(crate) fn standing(parts: &[(PaymentId, Repayment)]) -> Result<Vec<Paid>, Overflow> {
    let parts = || parts.iter().filter(|(_, part)| part.reversed_on.is_none());
    let paid = |(payment, part): &(PaymentId, Repayment)| {
        let backs = parts().filter(|(_, back)| back.undoes == Some(part.id)).map(|(_, back)| back.principal);
        let (payment, principal, discount) = (*payment, part.principal, part.discount);
        Ok(Paid { payment, part: part.id, principal, discount, taken_back: Money::sum(backs)?.negated()? })
    };
    parts().filter(|(_, part)| part.principal.is_positive()).map(paid).collect()
}

/// Writes what a return takes back of repayments, each with its journal entry, and answers what it gives back. Two
/// statements where there is any, which wait for no answer.
pub(crate) async fn give_back(
    tx: &mut Tx,
    cx: &Context,
    cycle: &Cycle,
    backs: impl Iterator<Item = (&Back, EntryId)>,
) -> Result<Money, DbError> {
    let (mut parts, mut amounts) = (Vec::new(), BTreeMap::<PaymentId, Money>::new());
    for (back, entry) in backs {
        let (part, cash) = (back.part_of(cx, cycle, entry).map_err(broken)?, back.cash().map_err(broken)?);
        let waits = amounts.entry(back.payment).or_insert(Money::ZERO);
        *waits = waits.plus(cash).map_err(broken)?;
        parts.push((back.payment, part));
    }
    if !parts.is_empty() {
        insert_repayments(tx, cx, cycle.pair(), &parts).await?;
        add_unapplied(tx, cycle.vendor_id, &amounts).await?;
    }
    Money::sum(amounts.into_values()).map_err(broken)
}

#[cfg(test)]
mod tests {
    use kernel::Id as _;
    use proptest::prelude::*;

    use super::*;
    use crate::adjustments::{Change, Sign, adjusted, decide, tests::cycle};

    fn paisa(amount: i64) -> Money {
        Money::from_paisa(amount)
    }

    fn paid(place: u128, principal: i64, discount: i64) -> Paid {
        let (payment, part) = (PaymentId::from_bits(place), RepaymentId::from_bits(place));
        Paid { payment, part, principal: paisa(principal), discount: paisa(discount), taken_back: Money::ZERO }
    }

    /// Returns goods, as the store does it, and answers what was given back.
    fn give_back(cycle: &mut Cycle, goods: &mut Goods, amount: i64) -> Result<i64, Refusal> {
        let (amount, backs) = decide(cycle, goods, AdjustmentKind::Return, Sign::Decrease, paisa(amount))?;
        for back in &backs {
            let paid = goods.paid.iter_mut().find(|paid| paid.part == back.part).unwrap();
            paid.taken_back = paid.taken_back.plus(back.principal).unwrap();
            assert!(paid.taken_back <= paid.principal && !back.discount.is_negative());
        }
        goods.returned = goods.returned.minus(amount).unwrap();
        let cash = Money::sum(backs.iter().map(|back| back.cash().unwrap())).unwrap();
        let change = Change { kind: AdjustmentKind::Return, amount, backs, dispute: None, reason: String::new() };
        *cycle = adjusted(cycle, &change, cycle.started_on).unwrap();
        Ok(cash.paisa())
    }

    #[test]
    fn what_was_paid_last_is_given_back_first_and_never_more_than_was_paid() {
        // 1 000.00, of which 600.00 were paid for 570.00 and then 300.00 in full.
        let mut goods = Goods { paid: vec![paid(1, 60_000, 3_000), paid(2, 30_000, 0)], ..Goods::default() };
        let mut cycle = cycle(100_000, 10_000);
        cycle.discount = paisa(3_000);
        assert_eq!(give_back(&mut cycle, &mut goods, 20_000), Ok(10_000));
        assert_eq!((cycle.outstanding, cycle.repaid, cycle.discount), (Money::ZERO, paisa(80_000), paisa(3_000)));
        assert_eq!(give_back(&mut cycle, &mut goods, 30_000), Ok(20_000 + 9_500));
        assert_eq!(give_back(&mut cycle, &mut goods, 50_001), Err(Refusal::AboveReturnable { maximum: paisa(50_000) }));
        assert_eq!(give_back(&mut cycle, &mut goods, 50_000), Ok(47_500));
        assert_eq!((cycle.repaid, cycle.discount, cycle.adjusted), (Money::ZERO, Money::ZERO, paisa(-100_000)));
    }

    #[test]
    fn nothing_is_given_back_for_what_was_given_up() {
        let mut goods = Goods { is_written_off: true, paid: vec![paid(1, 30_000, 0)], ..Goods::default() };
        let mut closed = cycle(100_000, 0);
        closed.repaid = paisa(30_000);
        let refused = give_back(&mut closed, &mut goods, 1);
        assert_eq!(refused, Err(Refusal::AboveReturnable { maximum: Money::ZERO }));
    }

    proptest! {
        #[test]
        fn returning_in_parts_gives_what_returning_at_once_does(
            parts in proptest::collection::vec((1_i64..5_000, 0_i64..=5_000), 1..5), open in 0_i64..3_000,
            cuts in proptest::collection::vec(1_i64..4_000, 1..12),
        ) {
            let repayment = |(place, (principal, rate)): (usize, &(i64, i64))| {
                let discount = paisa(*principal).scaled((*rate).into(), 10_000).unwrap();
                paid(u128::try_from(place).unwrap(), *principal, discount.paisa())
            };
            let goods = Goods { paid: parts.iter().enumerate().map(repayment).collect(), ..Goods::default() };
            let repaid: i64 = parts.iter().map(|(principal, _)| principal).sum();
            let mut before = cycle(repaid + open, open);
            before.discount = Money::sum(goods.paid.iter().map(|paid| paid.discount)).unwrap();
            let (mut cycle, mut bit_by_bit) = (before.clone(), goods.clone());
            let (mut returned, mut given) = (0, 0);
            for cut in cuts {
                let amount = cut.min(repaid + open - returned);
                if amount > 0 {
                    given += give_back(&mut cycle, &mut bit_by_bit, amount).unwrap();
                    returned += amount;
                }
            }
            let (mut at_once, mut whole) = (before.clone(), goods.clone());
            prop_assert_eq!(give_back(&mut at_once, &mut whole, returned), Ok(given));
            prop_assert_eq!(&whole, &bit_by_bit);
            let rest = repaid + open - returned;
            if rest > 0 {
                given += give_back(&mut cycle, &mut bit_by_bit, rest).unwrap();
            }
            // All of it: exactly the cash that was paid for the principal.
            prop_assert_eq!(given, repaid - before.discount.paisa());
            prop_assert_eq!((cycle.repaid, cycle.discount), (Money::ZERO, Money::ZERO));
        }
    }
}
