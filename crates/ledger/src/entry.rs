//! Journal entries: their content, their balance, their hash.

use db::text_enum;
use kernel::{Actor, BusinessDate, CycleId, EntryId, Instant, Money, OrderId, Overflow, PaymentId};
use kernel::{RetailerId, VendorId};
use ring::digest::{SHA256, digest};
use serde::Serialize;

use crate::account::Account;

/// The hash before the first entry of a book.
pub const FIRST_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

text_enum! {
    /// What an entry records.
    pub enum EntryKind {
        /// A delivery on credit.
        Delivery = "DELIVERY",
        /// A repayment, with any discount and interest.
        Repayment = "REPAYMENT",
        /// A cash sale, delivered and paid.
        CashSale = "CASH_SALE",
        /// Money kept, refunded or applied as an advance.
        Advance = "ADVANCE",
        /// Goods that came back.
        Return = "RETURN",
        /// A correction or an upheld dispute.
        Adjustment = "ADJUSTMENT",
        /// Debt given up, or recovered later.
        WriteOff = "WRITE_OFF",
        /// What stood open before the platform.
        Opening = "OPENING",
        /// An earlier entry with its sides swapped.
        Reversal = "REVERSAL",
    }
}

/// One side of an entry: a debit is positive, a credit negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Posting {
    /// Where it is posted.
    #[schema(value_type = String, example = "receivable")]
    pub account: Account,
    /// How much; never zero.
    pub amount: Money,
}

/// Postings that sum to zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balanced(Vec<Posting>);

/// Why postings are no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbalanced {
    /// Debits and credits differ by this much.
    #[error("the postings of an entry differ by {0}")]
    Difference(Money),
    /// Nothing is posted.
    #[error("an entry posts at least something")]
    Empty,
    /// The amounts are too large to add.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

impl Balanced {
    /// Postings that sum to zero; sides of no money are left out.
    pub fn new(sides: Vec<(Account, Money)>) -> Result<Self, Unbalanced> {
        let postings: Vec<Posting> = sides
            .into_iter()
            .filter(|(_, amount)| !amount.is_zero())
            .map(|(account, amount)| Posting { account, amount })
            .collect();
        if postings.is_empty() {
            return Err(Unbalanced::Empty);
        }
        let difference = Money::sum(postings.iter().map(|posting| posting.amount))?;
        if difference.is_zero() { Ok(Self(postings)) } else { Err(Unbalanced::Difference(difference)) }
    }

    /// Its postings, none of which is zero.
    pub fn postings(&self) -> &[Posting] {
        &self.0
    }
}

/// An entry to be posted.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// The book's retailer.
    pub retailer: RetailerId,
    /// The book's vendor.
    pub vendor: VendorId,
    /// What it records.
    pub kind: EntryKind,
    /// The day by which it counts.
    pub business_date: BusinessDate,
    /// The order it belongs to.
    pub order: Option<OrderId>,
    /// The cycle it belongs to.
    pub cycle: Option<CycleId>,
    /// The payment it belongs to.
    pub payment: Option<PaymentId>,
    /// The entry it reverses.
    pub reverses: Option<EntryId>,
    /// What people read.
    pub memo: String,
    /// What it posts.
    pub postings: Balanced,
}

/// An entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The book's retailer.
    pub retailer_id: RetailerId,
    /// The book's vendor.
    pub vendor_id: VendorId,
    /// Its number in the book, from 1 without gaps.
    pub seq: i64,
    /// Its id.
    pub id: EntryId,
    /// What it records.
    pub kind: EntryKind,
    /// The day by which it counts.
    pub business_date: BusinessDate,
    /// When it was written.
    pub recorded_at: Instant,
    /// Who caused it.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub actor: Actor,
    /// The order it belongs to.
    pub order_id: Option<OrderId>,
    /// The cycle it belongs to.
    pub cycle_id: Option<CycleId>,
    /// The payment it belongs to.
    pub payment_id: Option<PaymentId>,
    /// The entry it reverses.
    pub reverses: Option<EntryId>,
    /// What people read.
    pub memo: String,
    /// What it posts.
    pub postings: Vec<Posting>,
    /// The hash of the entry before it; [`FIRST_HASH`] for the first.
    pub previous_hash: String,
    /// Its own hash.
    pub hash: String,
}

fn as_text<T: ToString, S: serde::Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&value.to_string())
}

impl Entry {
    /// The entry that takes this one back: its sides swapped, on the day on which that happens.
    ///
    /// # Errors
    /// [`Unbalanced`] when this one does not balance, or an amount has no opposite.
    pub fn reversal(&self, on: BusinessDate) -> Result<NewEntry, Unbalanced> {
        let swapped = |posting: &Posting| Ok((posting.account, posting.amount.negated()?));
        let sides = self.postings.iter().map(swapped).collect::<Result<_, Overflow>>()?;
        Ok(NewEntry {
            retailer: self.retailer_id,
            vendor: self.vendor_id,
            kind: EntryKind::Reversal,
            business_date: on,
            order: self.order_id,
            cycle: self.cycle_id,
            payment: self.payment_id,
            reverses: Some(self.id),
            memo: self.memo.clone(),
            postings: Balanced::new(sides)?,
        })
    }

    /// The [hash](content_hash) of its content and of the hash before it, in hex.
    pub fn computed_hash(&self) -> String {
        let postings: Vec<_> = self.postings.iter().map(|posting| (posting.account, posting.amount.paisa())).collect();
        let content = (
            HASH_FORMAT,
            self.retailer_id,
            self.vendor_id,
            self.seq,
            self.id,
            self.kind,
            self.business_date,
            self.recorded_at.micros(),
            self.actor.to_string(),
            self.order_id,
            self.cycle_id,
            self.payment_id,
            self.reverses,
            &self.memo,
            postings,
            &self.previous_hash,
        );
        kernel::hex(&content_hash(&content, &mut Vec::new()))
    }
}

/// What the content of every entry begins with.
pub(crate) const HASH_FORMAT: &str = "khaacho journal 1";

/// The hash of an entry: SHA-256 over a JSON array without spaces, which holds in this order [`HASH_FORMAT`], retailer,
/// vendor, sequence number, id, kind, business date, microseconds of recording, actor, order, cycle, payment, reversed
/// entry (each null where there is none), memo, an array of `[account, paisa]` for each posting in its order, and the
/// previous hash. `buffer` is room for the array, so that whoever hashes many entries asks for it once.
pub(crate) fn content_hash(content: &impl Serialize, buffer: &mut Vec<u8>) -> [u8; 32] {
    buffer.clear();
    // Texts and numbers always have their JSON; should writing fail all the same, the hash is that of no entry.
    let written = serde_json::to_writer(&mut *buffer, content);
    if written.is_err() {
        buffer.clear();
    }
    let mut hash = [0; 32];
    // The digest of `ring`: of a quarter less time than portable code where the processor has no instruction for it.
    hash.copy_from_slice(digest(&SHA256, buffer).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use kernel::Id as _;
    use proptest::prelude::*;

    use super::*;
    use crate::account::Method;

    #[test]
    fn only_balanced_postings_are_an_entry() {
        let paisa = Money::from_paisa;
        let sides = |debit, credit| vec![(Account::Receivable, paisa(debit)), (Account::Sales, paisa(credit))];
        assert_eq!(Balanced::new(sides(500, -500)).unwrap().postings().len(), 2);
        assert_eq!(Balanced::new(sides(500, -499)), Err(Unbalanced::Difference(paisa(1))));
        assert_eq!(Balanced::new(sides(0, 0)), Err(Unbalanced::Empty));
        assert_eq!(Balanced::new(sides(i64::MAX, 1)), Err(Unbalanced::Overflow(Overflow)));
    }

    fn delivered() -> Entry {
        let posting = |account, paisa| Posting { account, amount: Money::from_paisa(paisa) };
        Entry {
            retailer_id: RetailerId::from_bits(1),
            vendor_id: VendorId::from_bits(2),
            seq: 7,
            id: EntryId::from_bits(3),
            kind: EntryKind::Return,
            business_date: "2026-03-10".parse().unwrap(),
            recorded_at: Instant::from_micros(1_773_100_000_000_000),
            actor: Actor::System,
            order_id: None,
            cycle_id: Some(CycleId::from_bits(4)),
            payment_id: None,
            reverses: None,
            memo: "KAR-101".to_owned(),
            postings: vec![posting(Account::Returns, 500), posting(Account::Receivable, -500)],
            previous_hash: FIRST_HASH.to_owned(),
            hash: String::new(),
        }
    }

    #[test]
    fn the_hash_is_over_the_content_as_it_is_described() {
        let entry = delivered();
        let content = format!(
            "[\"khaacho journal 1\",\"{}\",\"{}\",7,\"{}\",\"RETURN\",\"2026-03-10\",1773100000000000,\"system\",null,\"{}\",null,null,\
             \"KAR-101\",[[\"returns\",500],[\"receivable\",-500]],\"{FIRST_HASH}\"]",
            entry.retailer_id,
            entry.vendor_id,
            entry.id,
            entry.cycle_id.unwrap(),
        );
        let digest = digest(&SHA256, content.as_bytes());
        assert_eq!(entry.computed_hash(), kernel::hex(digest.as_ref()));
        assert_eq!(serde_json::to_value(&entry).unwrap()["actor"], "system");
    }

    #[test]
    fn a_reversal_swaps_the_sides_and_names_what_it_takes_back() {
        let (entry, on) = (delivered(), "2026-03-12".parse().unwrap());
        let back = entry.reversal(on).unwrap();
        assert_eq!((back.kind, back.reverses, back.business_date), (EntryKind::Reversal, Some(entry.id), on));
        assert_eq!((back.cycle, &back.memo), (entry.cycle_id, &entry.memo));
        let sides: Vec<_> = back.postings.postings().iter().map(|side| (side.account, side.amount.paisa())).collect();
        assert_eq!(sides, [(Account::Returns, -500), (Account::Receivable, 500)]);
    }

    proptest! {
        #[test]
        fn what_is_built_sums_to_zero(amounts in proptest::collection::vec(-1_000_000_i64..1_000_000, 1..6)) {
            let mut sides: Vec<_> =
                amounts.iter().map(|paisa| (Account::Cash(Method::Cash), Money::from_paisa(*paisa))).collect();
            let rest = Money::sum(sides.iter().map(|side| side.1)).unwrap().negated().unwrap();
            sides.push((Account::Rounding, rest));
            if let Ok(balanced) = Balanced::new(sides) {
                let sum = Money::sum(balanced.postings().iter().map(|posting| posting.amount)).unwrap();
                prop_assert!(sum.is_zero() && balanced.postings().iter().all(|posting| !posting.amount.is_zero()));
            } else {
                prop_assert!(amounts.iter().all(|paisa| *paisa == 0));
            }
        }
    }
}
