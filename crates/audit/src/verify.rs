//! Checking the chains: sequence, links and hashes, page by page, with memory for one page.

use db::{DbError, Tx};

use crate::store;
use crate::{FIRST_HASH, Recorded};

/// Entries that one page reads.
const PAGE: i64 = 5_000;

/// How far a check has come. Begin with the default.
#[derive(Clone, Debug, Default)]
pub struct Walked {
    /// The last entry: its stream and number.
    pub place: (String, i64),
    /// Its hash.
    pub hash: String,
    /// Entries checked so far.
    pub entries: u64,
    /// Whether everything was checked.
    pub is_done: bool,
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
    /// The end of a stream is missing.
    #[error("audit {stream}: the stream ends at entry {found}, its head says {expected}")]
    End {
        /// The stream.
        stream: String,
        /// What the head says.
        expected: i64,
        /// The last entry.
        found: i64,
    },
}

/// Checks the next page of all streams.
pub async fn verify_page(tx: &mut Tx, walked: &mut Walked) -> Result<Vec<Broken>, DbError> {
    let entries = store::entries_after(tx, &walked.place, PAGE).await?;
    walked.is_done = i64::try_from(entries.len()).unwrap_or(i64::MAX) < PAGE;
    let until = if walked.is_done { "~".to_owned() } else { last_stream(&entries) };
    let heads = store::heads_after(tx, &walked.place.0, &until).await?;
    let mut broken = Vec::new();
    let end = |stream: &String, found: i64, hash: &str| match heads.get(stream) {
        Some((expected, last)) if *expected != found || last != hash => {
            Some(Broken::End { stream: stream.clone(), expected: *expected, found })
        }
        _ => None,
    };
    for entry in entries {
        if entry.stream != walked.place.0 {
            broken.extend(end(&walked.place.0, walked.place.1, &walked.hash));
            walked.place = (entry.stream.clone(), 0);
            FIRST_HASH.clone_into(&mut walked.hash);
        }
        broken.extend(check(walked, &entry));
        walked.place.1 = entry.seq;
        walked.hash = entry.hash;
        walked.entries = walked.entries.saturating_add(1);
    }
    if walked.is_done {
        broken.extend(end(&walked.place.0, walked.place.1, &walked.hash));
    }
    Ok(broken)
}

fn last_stream(entries: &[Recorded]) -> String {
    entries.last().map(|entry| entry.stream.clone()).unwrap_or_default()
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
