//! Posting: entries are numbered, chained and written, however many at once.

use std::collections::BTreeSet;

use db::{DbError, Tx};
use kernel::{Context, EntryId};

use crate::entry::{Entry, NewEntry};
use crate::{Pair, store};

/// What an entry got when it was posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// Its id.
    pub id: EntryId,
    /// Its number in the book.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
}

/// Posts entries in their order, and answers each in its place. Locks the heads of their books in order; a missing book
/// is opened.
pub async fn post(tx: &mut Tx, cx: &Context, entries: Vec<NewEntry>) -> Result<Vec<Posted>, DbError> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let pairs: BTreeSet<Pair> = entries.iter().map(|entry| (entry.retailer, entry.vendor)).collect();
    let mut heads = store::heads_for_update(tx, &pairs).await?;
    if heads.len() < pairs.len() {
        store::create_books(tx, &pairs, cx.now).await?;
        heads = store::heads_for_update(tx, &pairs).await?;
    }
    let mut chained = Vec::with_capacity(entries.len());
    let mut posted = Vec::with_capacity(entries.len());
    for new in entries {
        let head = heads.get_mut(&(new.retailer, new.vendor)).ok_or(DbError::Missing("the head of a book"))?;
        let mut entry = Entry {
            retailer_id: new.retailer,
            vendor_id: new.vendor,
            seq: head.seq.saturating_add(1),
            id: cx.id(),
            kind: new.kind,
            business_date: new.business_date,
            recorded_at: cx.now,
            actor: cx.actor,
            order_id: new.order,
            cycle_id: new.cycle,
            payment_id: new.payment,
            reverses: new.reverses,
            memo: new.memo,
            postings: new.postings.postings().to_vec(),
            previous_hash: std::mem::take(&mut head.last_hash),
            hash: String::new(),
        };
        entry.hash = entry.computed_hash();
        head.seq = entry.seq;
        head.last_hash.clone_from(&entry.hash);
        posted.push(Posted { id: entry.id, seq: entry.seq, hash: entry.hash.clone() });
        chained.push(entry);
    }
    store::insert(tx, chained).await?;
    store::set_heads(tx, &heads).await?;
    Ok(posted)
}
