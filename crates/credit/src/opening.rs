//! Opening a book: the purchases that stood open on paper before the platform.
//!
//! An opening cycle belongs to no order and holds no reservation: the debt exists already, so it is taken even where it
//! lies above the line's limit, which then leaves nothing available. It is journaled against opening balances on the day
//! of the purchase, so that aging is right on past dates too, and keeps the line's days and settlement terms.
//!
//! What was paid on it since is recorded with `record_repayment`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use audit::Entry;
use db::{DbError, Tx};
use kernel::{BusinessDate, Context, Money, VendorId};
use ledger::{Account, Balanced, EntryKind, NewEntry};

use crate::Pair;
use crate::discipline::score_again;
use crate::model::{Cycle, CycleStatus, Line};
use crate::refusal::Refusal;
use crate::store::lines::Move;
use crate::store::{broken, cycles, lines, openings};

/// A purchase that stood open before the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOpening {
    /// Whose it is.
    pub line: Pair,
    /// What was bought on credit, all of it.
    pub principal: Money,
    /// The day of the purchase.
    pub started_on: BusinessDate,
    /// How the paper book names it.
    pub note: String,
}

/// Opens cycles for purchases from before the platform, each accepted or refused on its own, in their order.
pub async fn open_cycles(
    tx: &mut Tx,
    cx: &Context,
    new: &[NewOpening],
) -> Result<Vec<Result<Cycle, Refusal>>, DbError> {
    let mut lines = lines::locked(tx, &new.iter().map(|opening| opening.line).collect()).await?;
    let decided: Vec<_> = new.iter().map(|opening| decide(cx, &mut lines, opening)).collect();
    let mut names = Names::draw(tx, decided.iter().flatten().map(|(line, _)| line.vendor_id)).await?;
    let mut opened = Vec::with_capacity(new.len());
    for decision in &decided {
        opened.push(match decision {
            Ok((line, opening)) => Ok(cycle(cx, line, opening, names.next(line.vendor_id)?)),
            Err(refusal) => Err(refusal.clone()),
        });
    }
    let cycles: Vec<Cycle> = opened.iter().flatten().cloned().collect();
    let seqs = decided.iter().flatten().map(|(line, _)| line.position_seq);
    record(tx, cx, &cycles, &seqs.collect::<Vec<_>>()).await?;
    Ok(opened)
}

/// Whether a purchase is taken; if so, the line after it.
fn decide<'a>(
    cx: &Context,
    lines: &mut HashMap<Pair, Line>,
    opening: &'a NewOpening,
) -> Result<(Line, &'a NewOpening), Refusal> {
    let line = lines.get_mut(&opening.line).ok_or(Refusal::NotFound("credit line"))?;
    if !cx.actor.scope().includes(line.retailer_id, Some(line.vendor_id)) || cx.actor.scope().retailer().is_some() {
        return Err(Refusal::NotAllowed { who: "the vendor or an operator" });
    }
    if !opening.principal.is_positive() {
        return Err(Refusal::Field { field: "principal", right: "above zero" });
    }
    if opening.started_on > cx.today() {
        return Err(Refusal::Field { field: "startedOn", right: "today or earlier" });
    }
    let too_much = Refusal::Field { field: "principal", right: "an amount that fits" };
    line.outstanding = line.outstanding.plus(opening.principal).map_err(|_| too_much)?;
    line.position_seq = line.position_seq.saturating_add(1);
    Ok((line.clone(), opening))
}

/// The numbers that new cycles get, by vendor.
struct Names(HashMap<VendorId, (String, std::vec::IntoIter<i64>)>);

impl Names {
    async fn draw(tx: &mut Tx, wanted: impl Iterator<Item = VendorId>) -> Result<Self, DbError> {
        let mut counts: BTreeMap<VendorId, i64> = BTreeMap::new();
        for vendor in wanted {
            let count = counts.entry(vendor).or_default();
            *count = count.saturating_add(1);
        }
        if counts.is_empty() {
            return Ok(Self(HashMap::new()));
        }
        let vendors = parties::vendors(tx, &counts.keys().copied().collect::<Vec<_>>()).await?;
        let mut drawn = openings::draw_numbers(tx, &counts).await?;
        let of_vendor = |(id, vendor): (VendorId, parties::Vendor)| {
            (id, (vendor.number_prefix, drawn.remove(&id).unwrap_or_default().into_iter()))
        };
        Ok(Self(vendors.into_iter().map(of_vendor).collect()))
    }

    fn next(&mut self, vendor: VendorId) -> Result<String, DbError> {
        let (prefix, numbers) = self.0.get_mut(&vendor).ok_or(DbError::Missing("the vendor of a credit line"))?;
        let number = numbers.next().ok_or(DbError::Missing("a number for a cycle"))?;
        Ok(format!("{prefix}-{number}"))
    }
}

fn cycle(cx: &Context, line: &Line, opening: &NewOpening, number: String) -> Cycle {
    Cycle {
        id: cx.id(),
        retailer_id: line.retailer_id,
        vendor_id: line.vendor_id,
        number,
        order_id: None,
        principal: opening.principal,
        outstanding: opening.principal,
        repaid: Money::ZERO,
        discount: Money::ZERO,
        interest: Money::ZERO,
        status: CycleStatus::Active,
        started_on: opening.started_on,
        due_on: opening.started_on.plus_days(line.terms_days),
        terms_version: line.terms_version,
        adjusted: Money::ZERO,
        adjusted_on: None,
        standstill: crate::standstill::Standstill::default(),
        promised_on: None,
        reminders_sent: 0,
        last_repayment_on: None,
        closed_on: None,
        note: Some(opening.note.clone()),
        version: 1,
        created_at: cx.now,
    }
}

/// Writes the cycles, their journal entries, the lines' positions and the audit entries. `seqs` are the numbers of the
/// events on their lines.
async fn record(tx: &mut Tx, cx: &Context, opened: &[Cycle], seqs: &[i64]) -> Result<(), DbError> {
    if opened.is_empty() {
        return Ok(());
    }
    cycles::insert(tx, opened).await?;
    let entries = opened.iter().map(journal_entry).collect::<Result<_, _>>()?;
    ledger::post(tx, cx, entries).await?;
    let moves = opened.iter().zip(seqs).map(|(cycle, &seq)| Move {
        pair: cycle.pair(),
        reserved: Money::ZERO,
        outstanding: cycle.principal,
        seq,
        at: cx.now,
    });
    lines::move_positions(tx, &moves.collect::<Vec<_>>()).await?;
    let audited = opened.iter().map(|cycle| {
        let after = serde_json::json!({
            "vendorId": cycle.vendor_id, "number": cycle.number, "principal": cycle.principal,
            "startedOn": cycle.started_on, "note": cycle.note,
        });
        Entry::new(cx, cycle.retailer_id, "cycle.opened", cycle.id).after(after)
    });
    audit::record(tx, audited.collect()).await?;
    score_again(tx, cx, opened.iter().map(|cycle| cycle.retailer_id).collect::<BTreeSet<_>>()).await
}

fn journal_entry(cycle: &Cycle) -> Result<NewEntry, DbError> {
    let minus = cycle.principal.negated().map_err(broken)?;
    let postings = Balanced::new(vec![(Account::Receivable, cycle.principal), (Account::OpeningBalances, minus)]);
    Ok(NewEntry {
        retailer: cycle.retailer_id,
        vendor: cycle.vendor_id,
        kind: EntryKind::Opening,
        business_date: cycle.started_on,
        order: None,
        cycle: Some(cycle.id),
        payment: None,
        reverses: None,
        memo: cycle.number.clone(),
        postings: postings.map_err(|error| DbError::Constraint(error.to_string()))?,
    })
}
