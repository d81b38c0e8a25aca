//! Checking the journal: balance, numbers without gaps, the chain of hashes, the heads, postings without an entry.
//!
//! The journal is cut into [`Stretch`]es of about [`STRETCH`] entries, which together cover every place where an entry
//! could stand, also where someone put one that no book knows. A stretch may begin within a book: the hash before its
//! first entry is the one that is kept there, and whether that one is right is for the stretch before to say. So
//! stretches can be checked side by side, each in one snapshot; entries that are appended meanwhile do no harm.
//!
//! Rows are compared as they lie in the database and never read as ids, dates or amounts: a text that is no id is a
//! finding like any other.
//!
//! A chain shows that nothing inside a book was changed, and the head that nothing was cut off. Whoever can write to the
//! database could compute a whole book anew with its head; that is shown by any hash that left the house before: on a
//! receipt, in an exported journal.
//!
//! Statements: [`plan`] 1; [`verify`] 3 for every [`PAGE`] entries, 1 more where a stretch begins within a book.

use db::{DbError, Row, Tx};
use kernel::Money;

use crate::Part;
use crate::entry::{FIRST_HASH, HASH_FORMAT, content_hash};
use crate::store::{self, Mark};

/// Entries read at once.
const PAGE: i64 = 1_000;
/// Entries of a stretch.
const STRETCH: i64 = 20_000;
/// Heads read at once while planning.
const HEADS: i64 = 5_000;
/// The most stretches of one book, whatever its head says of its length.
const MOST_OF_A_BOOK: i64 = 1_000;
/// Sorts behind every id.
const BEHIND_ALL: &str = "\u{10ffff}";

/// The first thing that is wrong with a book.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the book of {retailer} with {vendor}: entry {seq}{} {wrong}", named(.id.as_deref()))]
pub struct Finding {
    /// The book's retailer, as it stands there.
    pub retailer: String,
    /// The book's vendor, as it stands there.
    pub vendor: String,
    /// The entry's number.
    pub seq: i64,
    /// The entry's id, where there is an entry.
    pub id: Option<String>,
    /// What is wrong with it.
    pub wrong: Wrong,
}

fn named(id: Option<&str>) -> String {
    id.map(|id| format!(" ({id})")).unwrap_or_default()
}

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It is missing.
    #[error("is missing; entry {found} stands in its place")]
    Missing {
        /// The number that is there.
        found: i64,
    },
    /// It and all behind it are missing.
    #[error("is missing, and whatever followed: the book's head says that it ends with entry {head}")]
    CutOff {
        /// The last number by the head.
        head: i64,
    },
    /// It does not carry the hash of the entry before.
    #[error("does not follow the entry before it")]
    Unlinked,
    /// Its postings do not sum to zero.
    #[error("does not balance: its postings differ by {0}")]
    Unbalanced(Money),
    /// Its content is not what its hash was made of.
    #[error("was changed after it was written")]
    Changed,
    /// Its postings are not numbered 1, 2, 3.
    #[error("has postings that are not numbered in their order")]
    Misnumbered,
    /// It has postings but is not there.
    #[error("has postings, but is not there")]
    Stray,
    /// The book's head has another hash.
    #[error("is the last, but the book's head has another hash")]
    OtherHead,
    /// It stands behind the end that the head names.
    #[error("stands behind the end of the book: its head says entry {head}")]
    Behind {
        /// The last number by the head.
        head: i64,
    },
    /// The book has no head.
    #[error("stands in a book that was never opened")]
    NoHead,
}

/// A part of the journal in its order of retailer, vendor and number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    after: Mark,
    upto: Mark,
    /// About how many entries it has.
    pub entries: i64,
}

impl Stretch {
    /// The whole journal.
    pub fn everything() -> Self {
        Self { after: Mark::default(), upto: Mark::of(BEHIND_ALL, BEHIND_ALL, i64::MAX), entries: 0 }
    }
}

/// How far planning has come. [`Plan::default`] is its beginning.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    stretches: Vec<Stretch>,
    last_head: Mark,
    /// Where the open stretch begins, and how many entries it has.
    cut: Mark,
    filled: i64,
    is_whole: bool,
}

impl Plan {
    /// The stretches, in their order, once the plan is whole.
    pub fn stretches(&self) -> Option<&[Stretch]> {
        self.is_whole.then_some(&self.stretches)
    }

    fn cut_at(&mut self, upto: Mark) {
        let (after, entries) = (std::mem::replace(&mut self.cut, upto.clone()), std::mem::take(&mut self.filled));
        self.stretches.push(Stretch { after, upto, entries });
    }

    fn add(&mut self, head: &Mark, is_apart: bool) {
        let at = |seq| Mark::of(&head.retailer, &head.vendor, seq);
        if is_apart {
            self.cut = at(i64::MIN);
        }
        let most = STRETCH.max(head.seq / MOST_OF_A_BOOK);
        let mut planned = 0_i64;
        while head.seq.saturating_sub(planned) > most.saturating_sub(self.filled) {
            planned = planned.saturating_add(most.saturating_sub(self.filled));
            self.filled = most;
            self.cut_at(at(planned));
        }
        self.filled = self.filled.saturating_add(head.seq.saturating_sub(planned)).max(0);
        if is_apart {
            self.cut_at(at(i64::MAX));
        }
    }
}

/// Goes on planning; call it until the plan has its [stretches](Plan::stretches).
pub async fn plan(tx: &mut Tx, part: Part, mut plan: Plan) -> Result<Plan, DbError> {
    let mut heads = store::heads_after(tx, part, &plan.last_head, HEADS).await?;
    if let Part::Book((retailer, vendor)) = part
        && heads.is_empty()
    {
        // A book that is asked for by name is looked at even where somebody took its head away.
        heads.push(Mark::of(&retailer.to_string(), &vendor.to_string(), 0));
    }
    for head in &heads {
        plan.add(head, part != Part::All);
    }
    plan.is_whole = i64::try_from(heads.len()).unwrap_or(HEADS) < HEADS;
    if part == Part::All && plan.is_whole {
        plan.cut_at(Stretch::everything().upto);
    }
    plan.last_head = heads.into_iter().next_back().unwrap_or(plan.last_head);
    Ok(plan)
}

/// What became of a stretch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// The first fault of each book in its part of the stretch, in their order.
    pub findings: Vec<Finding>,
    /// Entries that were checked.
    pub entries: i64,
}

/// Checks a stretch.
pub async fn verify(tx: &mut Tx, stretch: &Stretch) -> Result<Verified, DbError> {
    let mut after = stretch.after.clone();
    let mut check = Check::default();
    if let Some((seq, hash)) = store::end_up_to(tx, &after).await? {
        check.last = Some((Mark { seq, ..after.clone() }, hash));
    }
    loop {
        let entries = store::raw_entries(tx, &after, &stretch.upto, PAGE).await?;
        let count = i64::try_from(entries.len()).unwrap_or(PAGE);
        let end = match entries.last().filter(|_| count == PAGE) {
            Some(last) => mark(last)?,
            None => stretch.upto.clone(),
        };
        let postings = store::raw_postings(tx, &after, &end).await?;
        let heads = store::raw_heads(tx, &after, &end).await?;
        check.page(&entries, &postings, &heads, &end)?;
        check.done.entries = check.done.entries.saturating_add(count);
        if count < PAGE {
            return Ok(check.done);
        }
        after = end;
    }
}

fn mark(row: &Row) -> Result<Mark, DbError> {
    Ok(Mark { retailer: row.get("retailer_id")?, vendor: row.get("vendor_id")?, seq: row.get("seq")? })
}

/// Rows in their order, taken from the front.
type Rest<'a> = std::iter::Peekable<std::slice::Iter<'a, Row>>;

#[derive(Default)]
struct Check {
    /// The last entry of the book in hand, with its hash.
    last: Option<(Mark, String)>,
    done: Verified,
    /// Room for the content of an entry.
    buffer: Vec<u8>,
}

impl Check {
    fn page(&mut self, entries: &[Row], postings: &[Row], heads: &[Row], end: &Mark) -> Result<(), DbError> {
        let (mut postings, mut heads) = (postings.iter().peekable(), heads.iter().peekable());
        for row in entries {
            let place = mark(row)?;
            self.strays(&mut postings, Some(&place))?;
            if self.last.as_ref().is_none_or(|(last, _)| !last.is_in_book_of(&place)) {
                self.end_books(&mut heads, Some(&place))?;
            }
            let mut own = Vec::with_capacity(4);
            while let Some(posting) = postings.next_if(|posting| is_at(posting, &place)) {
                own.push((posting.get("number")?, required(posting, "account")?, posting.get("amount_paisa")?));
            }
            let wrong = self.entry(&place, row, &own)?;
            let hash = required(row, "hash")?.to_owned();
            if let Some((wrong, seq)) = wrong {
                let id = row.get("id").ok().filter(|_| seq == place.seq);
                self.report(&Mark { seq, ..place.clone() }, id, wrong);
            }
            self.last = Some((place, hash));
        }
        self.strays(&mut postings, None)?;
        // The book that goes on behind the page is not at its end; it has no head among these.
        let goes_on = self.last.take_if(|(last, _)| end.seq < i64::MAX && last.is_in_book_of(end));
        self.end_books(&mut heads, None)?;
        self.last = goes_on;
        Ok(())
    }

    /// What is wrong with an entry, and with the entry of which number.
    fn entry(
        &mut self,
        place: &Mark,
        row: &Row,
        postings: &[(i64, &str, i64)],
    ) -> Result<Option<(Wrong, i64)>, DbError> {
        let (before, hash_before) = self.last.as_ref().map_or((0, FIRST_HASH), |(last, hash)| (last.seq, hash));
        let expected = before.saturating_add(1);
        if place.seq != expected {
            return Ok(Some((Wrong::Missing { found: place.seq }, expected)));
        }
        let previous_hash = required(row, "previous_hash")?;
        if previous_hash != hash_before {
            return Ok(Some((Wrong::Unlinked, place.seq)));
        }
        let sides: Vec<_> = postings.iter().map(|(_, account, paisa)| (account, paisa)).collect();
        let content = (
            HASH_FORMAT,
            &place.retailer,
            &place.vendor,
            place.seq,
            required(row, "id")?,
            required(row, "kind")?,
            required(row, "business_date")?,
            row.get::<i64>("recorded_at")?,
            required(row, "actor")?,
            row.text("order_id")?,
            row.text("cycle_id")?,
            row.text("payment_id")?,
            row.text("reverses")?,
            required(row, "memo")?,
            sides,
            previous_hash,
        );
        let hash = content_hash(&content, &mut self.buffer);
        let difference = Money::sum(postings.iter().map(|(.., paisa)| Money::from_paisa(*paisa)));
        // A sum that does not fit is that of no entry.
        let difference = difference.unwrap_or(Money::from_paisa(i64::MAX));
        let wrong = if !difference.is_zero() {
            Some(Wrong::Unbalanced(difference))
        } else if !is_hex_of(required(row, "hash")?, &hash) {
            Some(Wrong::Changed)
        } else if !postings.iter().map(|(number, ..)| *number).eq((1..).take(postings.len())) {
            Some(Wrong::Misnumbered)
        } else {
            None
        };
        Ok(wrong.map(|wrong| (wrong, place.seq)))
    }

    /// Reports the postings before a place, whose entries are not there.
    fn strays(&mut self, postings: &mut Rest<'_>, place: Option<&Mark>) -> Result<(), DbError> {
        let is_before = |row: &&Row| {
            let Some(place) = place else { return true };
            let end = (Some(place.retailer.as_str()), Some(place.vendor.as_str()), place.seq);
            let at = || Ok::<_, DbError>((row.text("retailer_id")?, row.text("vendor_id")?, row.get("seq")?));
            at().is_ok_and(|at| at < end)
        };
        while let Some(stray) = postings.next_if(is_before) {
            self.report(&mark(stray)?, None, Wrong::Stray);
        }
        Ok(())
    }

    /// Ends the book in hand, and those before a place that have a head and no entries.
    fn end_books(&mut self, heads: &mut Rest<'_>, place: Option<&Mark>) -> Result<(), DbError> {
        let last = self.last.take();
        let is_before = |row: &&Row| {
            let before = |at: &Mark, place: &Mark| (&at.retailer, &at.vendor) < (&place.retailer, &place.vendor);
            place.is_none_or(|place| mark(row).is_ok_and(|at| before(&at, place)))
        };
        let mut has_head = false;
        while let Some(head) = heads.next_if(is_before) {
            let at = mark(head)?;
            let own = last.as_ref().filter(|(last, _)| last.is_in_book_of(&at));
            has_head |= own.is_some();
            let (seq, hash) = own.map_or((0, FIRST_HASH), |(last, hash)| (last.seq, hash));
            let next = Mark { seq: seq.saturating_add(1), ..at.clone() };
            if at.seq > seq {
                self.report(&next, None, Wrong::CutOff { head: at.seq });
            } else if at.seq < seq {
                let first = Mark { seq: at.seq.saturating_add(1), ..at.clone() };
                self.report(&first, None, Wrong::Behind { head: at.seq });
            } else if required(head, "last_hash")? != hash {
                self.report(&at, None, Wrong::OtherHead);
            }
        }
        if let Some((last, _)) = last.filter(|_| !has_head) {
            self.report(&last, None, Wrong::NoHead);
        }
        Ok(())
    }

    /// Keeps the first fault of each book.
    fn report(&mut self, place: &Mark, id: Option<String>, wrong: Wrong) {
        let Mark { retailer, vendor, seq } = place.clone();
        let is_first =
            self.done.findings.last().is_none_or(|last| (&last.retailer, &last.vendor) != (&retailer, &vendor));
        if is_first {
            self.done.findings.push(Finding { retailer, vendor, seq, id, wrong });
        }
    }
}

fn required<'a>(row: &'a Row, column: &'static str) -> Result<&'a str, DbError> {
    row.text(column)?.ok_or(DbError::Decode { column, expected: "a text" })
}

fn is_at(row: &Row, place: &Mark) -> bool {
    let is = |column, text: &str| row.text(column).is_ok_and(|found| found == Some(text));
    row.get("seq") == Ok(place.seq) && is("vendor_id", &place.vendor) && is("retailer_id", &place.retailer)
}

/// Whether a text is the hexadecimal form of a hash.
fn is_hex_of(text: &str, hash: &[u8; 32]) -> bool {
    let digit = |number: u8| b"0123456789abcdef".get(usize::from(number)).copied().unwrap_or(b'0');
    text.bytes().eq(hash.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]))
}
