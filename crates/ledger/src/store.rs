//! Every statement of the journal.

use std::collections::{BTreeSet, HashMap};

use db::{DbError, Row, Tx, Value, params};
use kernel::{Instant, Money};

use crate::account::Account;
use crate::entry::{Entry, FIRST_HASH, Posting};
use crate::{Pair, Place};

/// The head of a book's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) seq: i64,
    pub(crate) last_hash: String,
}

fn pairs_value<'a>(pairs: impl IntoIterator<Item = &'a Pair>) -> Value {
    Value::rows(pairs.into_iter().map(|(retailer, vendor)| params![*retailer, *vendor]))
}

fn pair(row: &Row) -> Result<Pair, DbError> {
    Ok((row.get("retailer_id")?, row.get("vendor_id")?))
}

fn heads(rows: &[Row]) -> Result<HashMap<Pair, Head>, DbError> {
    rows.iter().map(|row| Ok((pair(row)?, Head { seq: row.get("seq")?, last_hash: row.get("last_hash")? }))).collect()
}

/// Creates the books that do not exist, in order. Waits for no answer.
pub(crate) async fn create_books(tx: &mut Tx, pairs: &BTreeSet<Pair>, now: Instant) -> Result<(), DbError> {
    let sql = "insert into books (retailer_id, vendor_id, seq, last_hash, created_at) \
               select v.retailer_id, v.vendor_id, 0, cast($2 as text), cast($3 as bigint) \
               from {rows 1: retailer_id text, vendor_id text} v where true \
               order by v.retailer_id, v.vendor_id on conflict (retailer_id, vendor_id) do nothing";
    tx.exec(sql, params![pairs_value(pairs), FIRST_HASH, now]).await
}

/// Locks and reads the heads of books, in their order; missing books are absent.
pub(crate) async fn heads_for_update(tx: &mut Tx, pairs: &BTreeSet<Pair>) -> Result<HashMap<Pair, Head>, DbError> {
    let sql = "select b.retailer_id, b.vendor_id, b.seq, b.last_hash \
               from {rows 1: retailer_id text, vendor_id text} v \
               join books b on b.retailer_id = v.retailer_id and b.vendor_id = v.vendor_id \
               order by b.retailer_id, b.vendor_id {lock b}";
    heads(&tx.query(sql, params![pairs_value(pairs)]).await?)
}

/// Reads the heads of books.
pub(crate) async fn heads_of(tx: &mut Tx, pairs: &BTreeSet<Pair>) -> Result<HashMap<Pair, Head>, DbError> {
    let sql = "select b.retailer_id, b.vendor_id, b.seq, b.last_hash \
               from {rows 1: retailer_id text, vendor_id text} v \
               join books b on b.retailer_id = v.retailer_id and b.vendor_id = v.vendor_id";
    heads(&tx.query(sql, params![pairs_value(pairs)]).await?)
}

/// Books whose head speaks of entries while there are none.
pub(crate) async fn emptied_books(tx: &mut Tx) -> Result<Vec<Pair>, DbError> {
    let sql = "select b.retailer_id, b.vendor_id from books b where b.seq > 0 and not exists \
               (select 1 from journal_entries e where e.retailer_id = b.retailer_id and e.vendor_id = b.vendor_id) \
               order by b.retailer_id, b.vendor_id limit 1000";
    tx.query(sql, params![]).await?.iter().map(pair).collect()
}

/// Postings that belong to no entry.
pub(crate) async fn stray_postings(tx: &mut Tx) -> Result<Vec<(Pair, i64)>, DbError> {
    let sql = "select distinct p.retailer_id, p.vendor_id, p.seq from postings p where not exists \
               (select 1 from journal_entries e where e.retailer_id = p.retailer_id and e.vendor_id = p.vendor_id \
               and e.seq = p.seq) order by p.retailer_id, p.vendor_id, p.seq limit 1000";
    tx.query(sql, params![]).await?.iter().map(|row| Ok((pair(row)?, row.get("seq")?))).collect()
}

/// Moves the heads on. Waits for no answer.
pub(crate) async fn set_heads(tx: &mut Tx, heads: &HashMap<Pair, Head>) -> Result<(), DbError> {
    let rows =
        heads.iter().map(|((retailer, vendor), head)| params![*retailer, *vendor, head.seq, head.last_hash.as_str()]);
    let sql = "update books set seq = v.seq, last_hash = v.last_hash \
               from {rows 1: retailer_id text, vendor_id text, seq bigint, last_hash text} v \
               where books.retailer_id = v.retailer_id and books.vendor_id = v.vendor_id";
    tx.exec(sql, params![Value::rows(rows)]).await
}

const ENTRY_COLUMNS: &[&str] = &[
    "retailer_id",
    "vendor_id",
    "seq",
    "id",
    "kind",
    "business_date",
    "recorded_at",
    "actor",
    "order_id",
    "cycle_id",
    "payment_id",
    "reverses",
    "memo",
    "previous_hash",
    "hash",
];

/// Inserts entries with their postings. Waits for no answer.
pub(crate) async fn insert(tx: &mut Tx, entries: Vec<Entry>) -> Result<(), DbError> {
    let mut postings = Vec::new();
    for entry in &entries {
        for (number, posting) in (1_i64..).zip(&entry.postings) {
            postings.push(params![
                entry.retailer_id,
                entry.vendor_id,
                entry.seq,
                number,
                posting.account,
                posting.amount
            ]);
        }
    }
    let rows = entries.into_iter().map(|entry| {
        params![
            entry.retailer_id,
            entry.vendor_id,
            entry.seq,
            entry.id,
            entry.kind,
            entry.business_date,
            entry.recorded_at,
            entry.actor,
            entry.order_id,
            entry.cycle_id,
            entry.payment_id,
            entry.reverses,
            entry.memo,
            entry.previous_hash,
            entry.hash,
        ]
    });
    tx.insert_many("journal_entries", ENTRY_COLUMNS, rows.collect()).await?;
    let columns = &["retailer_id", "vendor_id", "seq", "number", "account", "amount_paisa"];
    tx.insert_many("postings", columns, postings).await
}

fn entry(row: &Row) -> Result<Entry, DbError> {
    Ok(Entry {
        retailer_id: row.get("retailer_id")?,
        vendor_id: row.get("vendor_id")?,
        seq: row.get("seq")?,
        id: row.get("id")?,
        kind: row.get("kind")?,
        business_date: row.get("business_date")?,
        recorded_at: row.get("recorded_at")?,
        actor: row.get("actor")?,
        order_id: row.get("order_id")?,
        cycle_id: row.get("cycle_id")?,
        payment_id: row.get("payment_id")?,
        reverses: row.get("reverses")?,
        memo: row.get("memo")?,
        postings: Vec::new(),
        previous_hash: row.get("previous_hash")?,
        hash: row.get("hash")?,
    })
}

/// Which entries are walked through.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// All books.
    All,
    /// The books of one vendor.
    Vendor(kernel::VendorId),
    /// The books of one retailer.
    Retailer(kernel::RetailerId),
    /// One book.
    Book(Pair),
}

/// The next entries behind a place, in the order of retailer, vendor and number, with their postings. Two statements.
pub(crate) async fn entries_after(
    tx: &mut Tx,
    part: Part,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Entry>, DbError> {
    let (retailer, vendor, seq) = match after {
        Some(place) => (place.retailer.to_string(), place.vendor.to_string(), place.seq),
        None => (String::new(), String::new(), 0),
    };
    let rows = match part {
        Part::All => {
            let sql = "select * from journal_entries e where (e.retailer_id, e.vendor_id, e.seq) > ($1, $2, $3) \
                       order by e.retailer_id, e.vendor_id, e.seq limit $4";
            tx.query(sql, params![retailer, vendor, seq, limit]).await?
        }
        Part::Vendor(only) => {
            // The books of a vendor are found by its books' rows; entries are kept by retailer first.
            let sql = "select e.* from books b join journal_entries e on e.retailer_id = b.retailer_id \
                       and e.vendor_id = b.vendor_id where b.vendor_id = $4 and b.retailer_id >= $1 \
                       and (e.retailer_id > $1 or e.seq > $2) \
                       order by e.retailer_id, e.vendor_id, e.seq limit $3";
            tx.query(sql, params![retailer, seq, limit, only]).await?
        }
        Part::Retailer(only) => {
            let sql = "select * from journal_entries e where e.retailer_id = $1 \
                       and (e.vendor_id, e.seq) > ($2, $3) order by e.vendor_id, e.seq limit $4";
            tx.query(sql, params![only, vendor, seq, limit]).await?
        }
        Part::Book((retailer, vendor)) => {
            let sql = "select * from journal_entries e where e.retailer_id = $1 and e.vendor_id = $2 and e.seq > $3 \
                       order by e.seq limit $4";
            tx.query(sql, params![retailer, vendor, seq, limit]).await?
        }
    };
    with_postings(tx, &rows).await
}

/// The entries of a payment in one book, in their order. Two statements.
pub(crate) async fn entries_of_payment(
    tx: &mut Tx,
    (retailer, vendor): Pair,
    payment: kernel::PaymentId,
) -> Result<Vec<Entry>, DbError> {
    let sql = "select * from journal_entries e where e.retailer_id = $1 and e.vendor_id = $2 and e.payment_id = $3 \
               order by e.seq";
    let rows = tx.query(sql, params![retailer, vendor, payment]).await?;
    with_postings(tx, &rows).await
}

/// The entries of a retailer before one of them, the newest first; an empty vendor is any. Two statements.
pub(crate) async fn entries_before(
    tx: &mut Tx,
    retailer: kernel::RetailerId,
    vendor: &str,
    before: &str,
    limit: i64,
) -> Result<Vec<Entry>, DbError> {
    let sql = "select * from journal_entries e where e.retailer_id = $1 and ($2 = '' or e.vendor_id = $2) \
               and e.id < $3 order by e.id desc limit $4";
    let rows = tx.query(sql, params![retailer, vendor, before, limit]).await?;
    with_postings(tx, &rows).await
}

/// Reads entries with their postings. One statement where there are any.
async fn with_postings(tx: &mut Tx, rows: &[Row]) -> Result<Vec<Entry>, DbError> {
    let mut entries: Vec<Entry> = rows.iter().map(entry).collect::<Result<_, _>>()?;
    let wanted = entries.iter().map(|entry| params![entry.retailer_id, entry.vendor_id, entry.seq]);
    let sql = "select p.retailer_id, p.vendor_id, p.seq, p.account, p.amount_paisa \
               from {rows 1: retailer_id text, vendor_id text, seq bigint} v join postings p \
               on p.retailer_id = v.retailer_id and p.vendor_id = v.vendor_id and p.seq = v.seq \
               order by p.retailer_id, p.vendor_id, p.seq, p.number";
    let mut postings: HashMap<(Pair, i64), Vec<Posting>> = HashMap::new();
    if !entries.is_empty() {
        for row in &tx.query(sql, params![Value::rows(wanted)]).await? {
            let posting = Posting { account: row.get("account")?, amount: row.get("amount_paisa")? };
            postings.entry((pair(row)?, row.get("seq")?)).or_default().push(posting);
        }
    }
    for entry in &mut entries {
        let key = ((entry.retailer_id, entry.vendor_id), entry.seq);
        entry.postings = postings.remove(&key).unwrap_or_default();
    }
    Ok(entries)
}

/// The balance of each account of a book.
pub(crate) async fn balances(tx: &mut Tx, (retailer, vendor): Pair) -> Result<Vec<(Account, Money)>, DbError> {
    let sql = "select p.account, cast(sum(p.amount_paisa) as bigint) as balance from postings p \
               where p.retailer_id = $1 and p.vendor_id = $2 group by p.account order by p.account";
    let rows = tx.query(sql, params![retailer, vendor]).await?;
    rows.iter().map(|row| Ok((row.get("account")?, row.get("balance")?))).collect()
}

/// What stands on an account of each book; books without a posting there are absent.
pub(crate) async fn balances_on(
    tx: &mut Tx,
    pairs: &BTreeSet<Pair>,
    account: Account,
) -> Result<HashMap<Pair, Money>, DbError> {
    let sql = "select p.retailer_id, p.vendor_id, cast(sum(p.amount_paisa) as bigint) as balance \
               from {rows 1: retailer_id text, vendor_id text} v join postings p \
               on p.retailer_id = v.retailer_id and p.vendor_id = v.vendor_id and p.account = $2 \
               group by p.retailer_id, p.vendor_id";
    let rows = tx.query(sql, params![pairs_value(pairs), account]).await?;
    rows.iter().map(|row| Ok((pair(row)?, row.get("balance")?))).collect()
}
