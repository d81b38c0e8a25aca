//! What can be seen of credit in the store.

use std::collections::BTreeMap;

use credit::{CycleFilter, PaymentFilter, PaymentStatus};
use db::DbError;
use kernel::{Money, PageRequest, Scope};

use super::commands::{Cycle, Line, Pair, Payment, Plain, Seen, Step};
use super::store::{Shop, words};

impl Shop {
    /// Lines, cycles and payments, and one of the lines as plain reads show it.
    pub(super) async fn seen(&self, plain: Option<Pair>) -> Result<Seen, DbError> {
        let pairs: Vec<_> = self.lines.keys().map(|pair| (*pair, self.pair(*pair))).collect();
        let plain_line = plain.and_then(|pair| self.lines.get(&pair).copied());
        let (retailers, today) = (self.retailers, self.world.today());
        let read = self.world.try_write(async move |tx, cx| {
            let asked: Vec<_> = pairs.iter().map(|(_, pair)| *pair).collect();
            let found = credit::lines(tx, &asked, today).await?;
            let lines: Vec<_> = pairs.iter().map(|(name, pair)| (*name, found[pair].clone())).collect();
            let plain = match plain_line {
                Some(line) => credit::availability(tx, Scope::All, line, cx.now).await?,
                None => None,
            };
            let (mut cycles, mut payments) = (Vec::new(), Vec::new());
            let page = PageRequest::new(Some(PageRequest::MOST), None);
            for retailer in retailers {
                let filter = CycleFilter { retailer: Some(retailer), ..CycleFilter::default() };
                cycles.extend(credit::cycles(tx, Scope::All, filter, &page).await?.items);
                let filter = PaymentFilter { retailer: Some(retailer), ..PaymentFilter::default() };
                payments.extend(credit::payments(tx, Scope::All, filter, &page).await?.items);
            }
            Ok((lines, plain, cycles, payments))
        });
        let (lines, plain, cycles, payments) = read.await?;
        Ok(Seen {
            lines: lines.iter().map(|(pair, line)| (*pair, seen_line(line))).collect(),
            plain: plain.as_ref().map(seen_plain),
            cycles: named(&self.cycles, cycles.iter().map(|cycle| (cycle.id, self.seen_cycle(cycle)))),
            payments: named(&self.payments, payments.iter().map(|payment| (payment.id, seen_payment(payment)))),
        })
    }

    fn seen_cycle(&self, cycle: &credit::Cycle) -> Cycle {
        Cycle {
            principal: cycle.principal.paisa(),
            outstanding: cycle.outstanding.paisa(),
            repaid: cycle.repaid.paisa(),
            discount: cycle.discount.paisa(),
            interest: cycle.interest.paisa(),
            adjusted: cycle.adjusted.paisa(),
            status: cycle.status.to_string(),
            due: self.day(cycle.due_on),
            overdue_days: cycle.overdue_days(self.date(self.today)),
        }
    }

    /// The balances of a book that are not zero, by account.
    pub(super) async fn book(&self, pair: Pair) -> Result<BTreeMap<String, i64>, DbError> {
        let (retailer, vendor) = self.pair(pair);
        let read = self.world.try_write(async move |tx, _| ledger::balances(tx, Scope::All, retailer, vendor).await);
        let balances = read.await?;
        let balances = balances.iter().map(|balance| (balance.account.to_string(), balance.balance.paisa()));
        Ok(balances.filter(|(_, balance)| *balance != 0).collect())
    }
}

/// Things by the steps that made them; one that no command made stands under a step that there is not.
fn named<Id: PartialEq, T>(names: &BTreeMap<Step, Id>, things: impl Iterator<Item = (Id, T)>) -> Vec<(Step, T)> {
    let name = |id: &Id| names.iter().find(|(_, named)| *named == id).map_or(Step::MAX, |(step, _)| *step);
    let mut found: Vec<_> = things.map(|(id, thing)| (name(&id), thing)).collect();
    found.sort_by_key(|(step, _)| *step);
    found
}

fn seen_line(line: &credit::Line) -> Line {
    let position = line.position().unwrap();
    let [limit, reserved, outstanding, available] =
        [position.limit, position.reserved, position.outstanding, position.available].map(Money::paisa);
    Line { limit, reserved, outstanding, available, overdue_days: line.worst_overdue_days }
}

fn seen_plain(plain: &credit::Availability) -> Plain {
    Plain {
        reserved: plain.reserved.paisa(),
        outstanding: plain.outstanding.paisa(),
        available: plain.available.paisa(),
        binding: plain.binding_limit.to_string(),
        reasons: words(&plain.reasons),
    }
}

fn seen_payment(payment: &credit::Payment) -> Payment {
    let [amount, unapplied, refunded] = [payment.amount, payment.unapplied, payment.refunded].map(Money::paisa);
    Payment { amount, unapplied, refunded, is_reversed: payment.status == PaymentStatus::Reversed }
}
