//! Checking the chains: sequence, links, hashes and ends, page by page, with memory for one page.
//!
//! A chain proves that nothing inside it was changed, and its head that nothing was cut off. Someone who can write to the
//! database could rewrite a whole stream with its head; only a copy of the head kept elsewhere would show that.

use std::collections::{BTreeMap, BTreeSet};

use db::{DbError, Tx};

use crate::{FIRST_HASH, Recorded, store};

/// Entries that one page reads.
const PAGE: i64 = 5_000;

/// How far a check has come. Begin with the default for all streams, or with [`Walked::of_stream`] for one.
#[derive(Clone, Debug, Default)]
pub struct Walked {
    /// The last entry: its stream and number.
    place: (String, i64),
    /// Its hash.
    hash: String,
    is_of_one: bool,
    /// Entries checked so far.
    pub entries: u64,
    /// Whether everything was checked.
    pub is_done: bool,
}

impl Walked {
    /// The beginning of the check of one stream.
    pub fn of_stream(stream: impl ToString) -> Self {
        Self { place: (stream.to_string(), 0), hash: FIRST_HASH.to_owned(), is_of_one: true, ..Self::default() }
    }
}

/// The first thing that is wrong with a stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An entry is missing or stands in the wrong place.
    #[error("audit {stream}: entry {expected} is missing; {found} stands in its place")]
    Gap {
        /// The stream.
        stream: String,
        /// The number that should follow.
        expected: i64,
        /// The number that does.
        found: i64,
    },
    /// An entry does not follow the one before it.
    #[error("audit {stream}: entry {seq} does not follow the entry before it")]
    Link {
        /// The stream.
        stream: String,
        /// The entry.
        seq: i64,
    },
    /// An entry's content was changed.
    #[error("audit {stream}: the content of entry {seq} was changed after it was recorded")]
    Content {
        /// The stream.
        stream: String,
        /// The entry.
        seq: i64,
    },
    /// The end of a stream is missing, or its head is not that of its last entry.
    #[error("audit {stream}: the stream ends at entry {found}, its head says {expected} or has another hash")]
    End {
        /// The stream.
        stream: String,
        /// What the head says; 0 where there is no head.
        expected: i64,
        /// The last entry; 0 where there is none.
        found: i64,
    },
}

/// Checks the next page. Two statements.
pub async fn verify_page(tx: &mut Tx, walked: &mut Walked) -> Result<Vec<Broken>, DbError> {
    let entries = if walked.is_of_one {
        let after = if walked.entries == 0 { i64::MIN } else { walked.place.1 };
        store::entries_of(tx, &walked.place.0, after, PAGE).await?
    } else {
        store::entries_after(tx, &walked.place, PAGE).await?
    };
    walked.is_done = i64::try_from(entries.len()).unwrap_or(i64::MAX) < PAGE;
    // The last stream of a full page may go on in the next one.
    let unfinished = entries.last().filter(|_| !walked.is_done).map(|entry| entry.stream.clone());
    let heads = match unfinished {
        Some(_) if walked.is_of_one => BTreeMap::new(),
        None if walked.is_of_one => store::head(tx, &walked.place.0).await?,
        unfinished => store::heads(tx, &walked.place.0, unfinished.as_deref()).await?,
    };
    let mut broken = Vec::new();
    let mut ends = BTreeMap::new();
    for entry in entries {
        if entry.stream != walked.place.0 {
            end_stream(walked, &mut ends);
            walked.place = (entry.stream.clone(), 0);
            FIRST_HASH.clone_into(&mut walked.hash);
        }
        broken.extend(check(walked, &entry));
        walked.place.1 = entry.seq;
        walked.hash = entry.hash;
        walked.entries = walked.entries.saturating_add(1);
    }
    if walked.is_done {
        end_stream(walked, &mut ends);
    }
    broken.extend(check_ends(&heads, &ends));
    Ok(broken)
}

/// Where streams end: the last number and hash by stream.
type Ends = BTreeMap<String, (i64, String)>;

fn end_stream(walked: &Walked, ends: &mut Ends) {
    // Before the first entry of all there is no stream.
    if walked.place.1 > 0 {
        ends.insert(walked.place.0.clone(), (walked.place.1, walked.hash.clone()));
    }
}

/// Every head belongs to the last entry of its stream, and every stream has a head.
fn check_ends(heads: &Ends, ends: &Ends) -> Vec<Broken> {
    let nothing = (0, FIRST_HASH.to_owned());
    let streams: BTreeSet<&String> = heads.keys().chain(ends.keys()).collect();
    let differs = |stream: &String| {
        let (head, end) = (heads.get(stream).unwrap_or(&nothing), ends.get(stream).unwrap_or(&nothing));
        (head != end).then(|| Broken::End { stream: stream.clone(), expected: head.0, found: end.0 })
    };
    streams.into_iter().filter_map(differs).collect()
}

fn check(walked: &Walked, entry: &Recorded) -> Option<Broken> {
    let (stream, expected) = (entry.stream.clone(), walked.place.1.saturating_add(1));
    if entry.seq != expected {
        return Some(Broken::Gap { stream, expected, found: entry.seq });
    }
    if entry.previous_hash != walked.hash {
        return Some(Broken::Link { stream, seq: entry.seq });
    }
    (entry.computed_hash() != entry.hash).then_some(Broken::Content { stream, seq: entry.seq })
}
