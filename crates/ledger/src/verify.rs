//! Checking the journal: balance, numbers without gaps, the chain of hashes, the heads.
//!
//! The whole journal is walked in the order of retailer, vendor and number, a page of entries at a time, each page one
//! snapshot; entries that are appended meanwhile do no harm.

use std::collections::{BTreeSet, HashMap};

use db::{DbError, Tx};
use kernel::{EntryId, Money};

use crate::entry::{Entry, FIRST_HASH};
use crate::store::{self, Head};
use crate::{Pair, Place};

/// Entries read at once.
const PAGE: i64 = 1_000;

/// Something that is wrong in the journal, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// The postings of an entry do not sum to zero.
    #[error("entry {id} (number {seq} of {}) does not balance: its postings differ by {difference}", book(.pair))]
    Unbalanced {
        /// The book.
        pair: Pair,
        /// The entry's number.
        seq: i64,
        /// The entry.
        id: EntryId,
        /// What the postings sum to.
        difference: Money,
    },
    /// An entry is missing or is numbered twice.
    #[error("{} lacks entry number {expected}: number {found} follows", book(.pair))]
    Gap {
        /// The book.
        pair: Pair,
        /// The number that should follow.
        expected: i64,
        /// The number that does.
        found: i64,
    },
    /// An entry's content is not what its hash was made of.
    #[error("entry {id} (number {seq} of {}) was changed after it was written", book(.pair))]
    Changed {
        /// The book.
        pair: Pair,
        /// The entry's number.
        seq: i64,
        /// The entry.
        id: EntryId,
    },
    /// An entry does not name the hash of the one before it.
    #[error("entry {id} (number {seq} of {}) does not follow the entry before it", book(.pair))]
    BrokenChain {
        /// The book.
        pair: Pair,
        /// The entry's number.
        seq: i64,
        /// The entry.
        id: EntryId,
    },
    /// The head of a book is not its last entry.
    #[error("{} ends with entry number {last}, but its head says otherwise", book(.pair))]
    Head {
        /// The book.
        pair: Pair,
        /// The number of its last entry.
        last: i64,
    },
    /// Postings stand without their entry.
    #[error("{} has postings under number {seq}, but no such entry", book(.pair))]
    Stray {
        /// The book.
        pair: Pair,
        /// The number they stand under.
        seq: i64,
    },
}

fn book((retailer, vendor): &Pair) -> String {
    format!("the book of {retailer} with {vendor}")
}

/// How far the walk has come. [`Walk::default`] is its beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    last: Option<(Place, String)>,
}

/// What became of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// What is wrong there.
    pub findings: Vec<Finding>,
    /// Entries that were checked.
    pub entries: usize,
    /// Where to go on; nothing at the end.
    pub next: Option<Walk>,
}

/// Checks the next page of the journal. Three statements a page, two more on the last.
pub async fn verify_page(tx: &mut Tx, walk: Walk) -> Result<Verified, DbError> {
    let after = walk.last.as_ref().map(|(place, _)| *place);
    let entries = store::entries_after(tx, store::Part::All, after, PAGE).await?;
    let is_last = i64::try_from(entries.len()).unwrap_or(PAGE) < PAGE;
    let before = walk.last.iter().map(|(place, _)| (place.retailer, place.vendor));
    let pairs: BTreeSet<Pair> =
        entries.iter().map(|entry| (entry.retailer_id, entry.vendor_id)).chain(before).collect();
    let heads = store::heads_of(tx, &pairs).await?;
    let mut findings = Vec::new();
    let next = check(walk, &entries, &heads, is_last, &mut findings);
    if is_last {
        let emptied = store::emptied_books(tx).await?;
        findings.extend(emptied.into_iter().map(|pair| Finding::Head { pair, last: 0 }));
        let strays = store::stray_postings(tx).await?;
        findings.extend(strays.into_iter().map(|(pair, seq)| Finding::Stray { pair, seq }));
    }
    Ok(Verified { findings, entries: entries.len(), next: (!is_last).then_some(next) })
}

fn check(
    walk: Walk,
    entries: &[Entry],
    heads: &HashMap<Pair, Head>,
    is_last: bool,
    findings: &mut Vec<Finding>,
) -> Walk {
    let mut last = walk.last;
    for entry in entries {
        let pair = (entry.retailer_id, entry.vendor_id);
        if let Some((place, hash)) = &last
            && (place.retailer, place.vendor) != pair
        {
            check_head(place, hash, heads, findings);
            last = None;
        }
        let (before, hash_before) = last.as_ref().map_or((0, FIRST_HASH), |(place, hash)| (place.seq, hash.as_str()));
        let expected = before.saturating_add(1);
        let (seq, id) = (entry.seq, entry.id);
        if seq != expected {
            findings.push(Finding::Gap { pair, expected, found: seq });
        }
        if entry.previous_hash != hash_before {
            findings.push(Finding::BrokenChain { pair, seq, id });
        }
        if entry.hash != entry.computed_hash() {
            findings.push(Finding::Changed { pair, seq, id });
        }
        let sum = Money::sum(entry.postings.iter().map(|posting| posting.amount));
        let difference = sum.unwrap_or(Money::from_paisa(i64::MAX));
        if !difference.is_zero() {
            findings.push(Finding::Unbalanced { pair, seq, id, difference });
        }
        last = Some((Place::of(entry), entry.hash.clone()));
    }
    if let Some((place, hash)) = &last
        && is_last
    {
        check_head(place, hash, heads, findings);
    }
    Walk { last }
}

fn check_head(place: &Place, hash: &str, heads: &HashMap<Pair, Head>, findings: &mut Vec<Finding>) {
    let pair = (place.retailer, place.vendor);
    let is_right = heads.get(&pair).is_some_and(|head| head.seq == place.seq && head.last_hash == hash);
    if !is_right {
        findings.push(Finding::Head { pair, last: place.seq });
    }
}
