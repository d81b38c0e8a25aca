//! Checking credit: every kept position computed anew from its events and compared with the journal.

use std::collections::HashMap;

use db::{DbError, Tx};
use kernel::{Money, OrderId, PaymentId, ReservationId};
use ledger::Part;

use crate::Pair;
use crate::payments::store as payments;
use crate::store::discipline;
use crate::store::totals::{self, Recount};

/// Lines checked at once.
const PAGE: i64 = 500;

/// Something that is wrong with credit, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// The kept sum of holds is not that of the active reservations.
    #[error("{} keeps {kept} as reserved, but its active reservations come to {counted}", line(.pair))]
    Reserved {
        /// The line.
        pair: Pair,
        /// What it keeps.
        kept: Money,
        /// What its reservations come to.
        counted: Money,
    },
    /// The kept debt is not that of the open cycles.
    #[error("{} keeps {kept} as outstanding, but its open cycles come to {counted}", line(.pair))]
    Outstanding {
        /// The line.
        pair: Pair,
        /// What it keeps.
        kept: Money,
        /// What its cycles come to.
        counted: Money,
    },
    /// The journal says something else than the open cycles.
    #[error("{} has open cycles of {cycles}, but its receivable in the journal is {journal}", line(.pair))]
    Receivable {
        /// The line.
        pair: Pair,
        /// What its cycles come to.
        cycles: Money,
        /// What the journal says.
        journal: Money,
    },
    /// The line's event number is not the number of its events.
    #[error("{} is at event {kept}, but {counted} events are recorded", line(.pair))]
    Events {
        /// The line.
        pair: Pair,
        /// The number it keeps.
        kept: i64,
        /// Events that are recorded.
        counted: i64,
    },
    /// A cycle's figures are not what its repayments come to.
    #[error("cycle {number} of {} does not agree with its repayments and adjustments", line(.pair))]
    Cycle {
        /// The line.
        pair: Pair,
        /// The cycle's number.
        number: String,
    },
    /// Other days overdue are kept of a cycle that ended than its dates and disputes come to.
    #[error("cycle {number} of {} keeps other days overdue than its dates come to", line(.pair))]
    Late {
        /// The line.
        pair: Pair,
        /// The cycle's number.
        number: String,
    },
    /// A payment's cash is not what became of it.
    #[error("payment {payment} on {} does not agree with its repayments", line(.pair))]
    Payment {
        /// The line.
        pair: Pair,
        /// The payment.
        payment: PaymentId,
    },
    /// The journal says something else than what is kept of the payments.
    #[error("{} keeps {kept} of its payments for later, but its advances in the journal are {journal}", line(.pair))]
    Advances {
        /// The line.
        pair: Pair,
        /// What waits for a cycle.
        kept: Money,
        /// What the journal says.
        journal: Money,
    },
    /// Credit is held for an order that no longer holds anything.
    #[error("reservation {reservation} on {} holds credit for order {order}, which holds nothing", line(.pair))]
    Orphan {
        /// The line.
        pair: Pair,
        /// The reservation.
        reservation: ReservationId,
        /// The order it names.
        order: OrderId,
    },
}

fn line((retailer, vendor): &Pair) -> String {
    format!("the line of {retailer} with {vendor}")
}

/// What became of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// What is wrong there.
    pub findings: Vec<Finding>,
    /// Lines that were checked.
    pub lines: usize,
    /// Where to go on; nothing at the end.
    pub next: Option<Pair>,
}

/// Checks the next lines of some books behind a place, in the order of retailer and vendor. Thirteen statements a page, one
/// snapshot.
pub async fn verify_page(tx: &mut Tx, part: Part, after: Option<Pair>) -> Result<Verified, DbError> {
    let lines = totals::recounts(tx, part, after, PAGE).await?;
    let is_last = i64::try_from(lines.len()).unwrap_or(PAGE) < PAGE;
    let pairs: Vec<Pair> = lines.iter().map(|line| line.pair).collect();
    let receivables = ledger::receivables(tx, &pairs).await?;
    let mut findings: Vec<Finding> = lines.iter().flat_map(|line| compare(line, &receivables)).collect();
    let drifted = totals::drifted_cycles(tx, &pairs).await?;
    let late = discipline::wrongly_late(tx, &pairs).await?;
    findings.extend(late.into_iter().map(|(pair, number)| Finding::Late { pair, number }));
    findings.extend(drifted.into_iter().map(|(pair, number)| Finding::Cycle { pair, number }));
    findings.extend(
        payments::drifted(tx, &pairs).await?.into_iter().map(|(pair, payment)| Finding::Payment { pair, payment }),
    );
    findings.extend(advances(tx, &pairs).await?);
    let orphans = totals::orphans(tx, &pairs).await?;
    findings.extend(orphans.into_iter().map(|(pair, reservation, order)| Finding::Orphan { pair, reservation, order }));
    let next = pairs.last().copied().filter(|_| !is_last);
    Ok(Verified { findings, lines: pairs.len(), next })
}

/// Lines of which something else is kept than the journal says. Two statements.
async fn advances(tx: &mut Tx, pairs: &[Pair]) -> Result<Vec<Finding>, DbError> {
    let unapplied = payments::unapplied(tx, pairs).await?;
    let advances = ledger::advances(tx, pairs).await?;
    let zero = Money::ZERO;
    let both = |pair: &Pair| {
        let (kept, journal) = (unapplied.get(pair).copied(), advances.get(pair).copied());
        (*pair, kept.unwrap_or(zero), journal.unwrap_or(zero))
    };
    let differ = pairs.iter().map(both).filter(|(_, kept, journal)| kept != journal);
    Ok(differ.map(|(pair, kept, journal)| Finding::Advances { pair, kept, journal }).collect())
}

fn compare(line: &Recount, receivables: &HashMap<Pair, Money>) -> Vec<Finding> {
    let pair = line.pair;
    let mut findings = Vec::new();
    if line.reserved != line.active_reservations {
        findings.push(Finding::Reserved { pair, kept: line.reserved, counted: line.active_reservations });
    }
    if line.outstanding != line.open_cycles {
        findings.push(Finding::Outstanding { pair, kept: line.outstanding, counted: line.open_cycles });
    }
    let journal = receivables.get(&pair).copied().unwrap_or(Money::ZERO);
    if line.open_cycles != journal {
        findings.push(Finding::Receivable { pair, cycles: line.open_cycles, journal });
    }
    if line.position_seq != line.events {
        findings.push(Finding::Events { pair, kept: line.position_seq, counted: line.events });
    }
    findings
}
