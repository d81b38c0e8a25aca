//! Every statement of the journal.

use std::collections::{BTreeSet, HashMap};

use db::{DbError, Row, Tx, Value, params};
use kernel::{BusinessDate, CycleId, Instant, Money, RetailerId, VendorId};

use crate::account::Account;
use crate::entry::{Entry, FIRST_HASH, Posting};
use crate::{Pair, Part, Place};

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

/// The entries of an order in its book, in their order. Two statements, the first of which walks through the book.
pub(crate) async fn entries_of_order(
    tx: &mut Tx,
    (retailer, vendor): Pair,
    order: kernel::OrderId,
) -> Result<Vec<Entry>, DbError> {
    let sql = "select * from journal_entries e where e.retailer_id = $1 and e.vendor_id = $2 and e.order_id = $3 \
               order by e.seq";
    let rows = tx.query(sql, params![retailer, vendor, order]).await?;
    with_postings(tx, &rows).await
}

/// The entry of a book with this id.
pub(crate) async fn entry_by_id(
    tx: &mut Tx,
    (retailer, vendor): Pair,
    id: kernel::EntryId,
) -> Result<Option<Entry>, DbError> {
    let sql = "select * from journal_entries e where e.retailer_id = $1 and e.vendor_id = $2 and e.id = $3";
    let rows = tx.query(sql, params![retailer, vendor, id]).await?;
    Ok(with_postings(tx, &rows).await?.into_iter().next())
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

/// The entries of a book behind a place of its statement, which is in the order of business date and number, up to a date,
/// with their postings. Two statements.
pub(crate) async fn entries_by_date(
    tx: &mut Tx,
    (retailer, vendor): Pair,
    (date, seq): (&str, i64),
    to: &str,
    limit: i64,
) -> Result<Vec<Entry>, DbError> {
    let sql = "select * from journal_entries e where e.retailer_id = $1 and e.vendor_id = $2 \
               and (e.business_date, e.seq) > ($3, $4) and e.business_date <= $5 \
               order by e.business_date, e.seq limit $6";
    let rows = tx.query(sql, params![retailer, vendor, date, seq, to, limit]).await?;
    with_postings(tx, &rows).await
}

/// What is owed by a book's entries before a date, up to a place of its statement, and at the end of another date.
pub(crate) async fn receivable_sums(
    tx: &mut Tx,
    (retailer, vendor): Pair,
    from: &str,
    (date, seq): (&str, i64),
    to: &str,
) -> Result<[Money; 3], DbError> {
    let sql = "select \
               cast(coalesce(sum(case when e.business_date < $3 then p.amount_paisa else 0 end), 0) as bigint) as opening, \
               cast(coalesce(sum(case when (e.business_date, e.seq) <= ($4, $5) then p.amount_paisa else 0 end), 0) \
               as bigint) as before, \
               cast(coalesce(sum(case when e.business_date <= $6 then p.amount_paisa else 0 end), 0) as bigint) as closing \
               from journal_entries e join postings p on p.retailer_id = e.retailer_id and p.vendor_id = e.vendor_id \
               and p.seq = e.seq and p.account = 'receivable' where e.retailer_id = $1 and e.vendor_id = $2";
    let row = tx.query_one(sql, params![retailer, vendor, from, date, seq, to]).await?;
    Ok([row.get("opening")?, row.get("before")?, row.get("closing")?])
}

/// Debits and credits of every account of some books at the end of a business date, by account.
pub(crate) async fn totals(tx: &mut Tx, part: Part, on: BusinessDate) -> Result<Vec<(Account, Money, Money)>, DbError> {
    macro_rules! totals {
        ($books:literal) => {
            concat!(
                "select p.account, \
                 cast(sum(case when p.amount_paisa > 0 then p.amount_paisa else 0 end) as bigint) as debit, \
                 cast(sum(case when p.amount_paisa < 0 then -p.amount_paisa else 0 end) as bigint) as credit from ",
                $books,
                " journal_entries e on e.retailer_id = b.retailer_id and e.vendor_id = b.vendor_id \
                 and e.business_date <= $1 \
                 join postings p on p.retailer_id = e.retailer_id and p.vendor_id = e.vendor_id and p.seq = e.seq \
                 group by p.account order by p.account"
            )
        };
    }
    let rows = match part {
        Part::All => tx.query(totals!("books b join"), params![on]).await?,
        Part::Vendor(only) => {
            let sql = totals!("(select * from books where vendor_id = $2) b join");
            tx.query(sql, params![on, only]).await?
        }
        Part::Retailer(only) => {
            let sql = totals!("(select * from books where retailer_id = $2) b join");
            tx.query(sql, params![on, only]).await?
        }
        Part::Book((retailer, vendor)) => {
            let sql = totals!("(select * from books where retailer_id = $2 and vendor_id = $3) b join");
            tx.query(sql, params![on, retailer, vendor]).await?
        }
    };
    rows.iter().map(|row| Ok((row.get("account")?, row.get("debit")?, row.get("credit")?))).collect()
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

/// The debt of each cycle on which something was open at the end of a business date, by the entries of that date or
/// earlier, of one retailer, one vendor or all. Walks their entries. One
/// statement.
pub async fn receivable_by_cycle(
    tx: &mut Tx,
    retailer: Option<RetailerId>,
    vendor: Option<VendorId>,
    on: BusinessDate,
) -> Result<Vec<(CycleId, Money)>, DbError> {
    let sql = "select e.cycle_id, cast(sum(p.amount_paisa) as bigint) as open from journal_entries e join postings p \
               on p.retailer_id = e.retailer_id and p.vendor_id = e.vendor_id and p.seq = e.seq \
               where p.account = 'receivable' and e.cycle_id is not null and e.business_date <= $3 \
               and ($1 = '' or e.retailer_id = $1) and ($2 = '' or e.vendor_id = $2) \
               group by e.cycle_id having sum(p.amount_paisa) <> 0";
    let retailer = retailer.map(|id| id.to_string()).unwrap_or_default();
    let vendor = vendor.map(|id| id.to_string()).unwrap_or_default();
    let rows = tx.query(sql, params![retailer, vendor, on]).await?;
    rows.iter().map(|row| Ok((row.get("cycle_id")?, row.get("open")?))).collect()
}

/// A place in the order of the journal in the database's own texts, which need not be ids where someone meddled.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub(crate) retailer: String,
    pub(crate) vendor: String,
    pub(crate) seq: i64,
}

impl Mark {
    pub(crate) fn of(retailer: &str, vendor: &str, seq: i64) -> Self {
        Self { retailer: retailer.to_owned(), vendor: vendor.to_owned(), seq }
    }

    pub(crate) fn is_in_book_of(&self, other: &Self) -> bool {
        self.retailer == other.retailer && self.vendor == other.vendor
    }
}

/// The heads of a part's books behind a place, for planning: retailer, vendor and number.
pub(crate) async fn heads_after(tx: &mut Tx, part: Part, after: &Mark, most: i64) -> Result<Vec<Mark>, DbError> {
    let (from, vendor) = (after.retailer.as_str(), after.vendor.as_str());
    let rows = match part {
        Part::All => {
            let sql = "select b.retailer_id, b.vendor_id, b.seq from books b where (b.retailer_id, b.vendor_id) > ($1, $2) \
                       order by b.retailer_id, b.vendor_id limit $3";
            tx.query(sql, params![from, vendor, most]).await?
        }
        Part::Vendor(only) => {
            let sql = "select b.retailer_id, b.vendor_id, b.seq from books b where b.vendor_id = $1 \
                       and b.retailer_id > $2 order by b.retailer_id limit $3";
            tx.query(sql, params![only, from, most]).await?
        }
        Part::Retailer(only) => {
            let sql = "select b.retailer_id, b.vendor_id, b.seq from books b where b.retailer_id = $1 \
                       and b.vendor_id > $2 order by b.vendor_id limit $3";
            tx.query(sql, params![only, vendor, most]).await?
        }
        Part::Book((retailer, only)) => {
            let sql = "select b.retailer_id, b.vendor_id, b.seq from books b where b.retailer_id = $1 \
                       and b.vendor_id = $2 and b.vendor_id > $3 limit $4";
            tx.query(sql, params![retailer, only, vendor, most]).await?
        }
    };
    let mark =
        |row: &Row| Ok(Mark { retailer: row.get("retailer_id")?, vendor: row.get("vendor_id")?, seq: row.get("seq")? });
    rows.iter().map(mark).collect()
}

/// The last entry of a book up to a place: its number and hash.
pub(crate) async fn end_up_to(tx: &mut Tx, place: &Mark) -> Result<Option<(i64, String)>, DbError> {
    let sql = "select e.seq, e.hash from journal_entries e where e.retailer_id = $1 and e.vendor_id = $2 \
               and e.seq <= $3 order by e.seq desc limit 1";
    let row = tx.query_opt(sql, params![&place.retailer, &place.vendor, place.seq]).await?;
    row.map(|row| Ok((row.get("seq")?, row.get("hash")?))).transpose()
}

/// Entries between two places, without the first and with the last, as they lie there.
pub(crate) async fn raw_entries(tx: &mut Tx, after: &Mark, upto: &Mark, most: i64) -> Result<Vec<Row>, DbError> {
    let sql = "select * from journal_entries e where (e.retailer_id, e.vendor_id, e.seq) > ($1, $2, $3) \
               and (e.retailer_id, e.vendor_id, e.seq) <= ($4, $5, $6) \
               order by e.retailer_id, e.vendor_id, e.seq limit $7";
    let (from, to) = ((&after.retailer, &after.vendor, after.seq), (&upto.retailer, &upto.vendor, upto.seq));
    tx.query(sql, params![from.0, from.1, from.2, to.0, to.1, to.2, most]).await
}

/// The postings between two places.
pub(crate) async fn raw_postings(tx: &mut Tx, after: &Mark, upto: &Mark) -> Result<Vec<Row>, DbError> {
    let sql = "select * from postings p where (p.retailer_id, p.vendor_id, p.seq) > ($1, $2, $3) \
               and (p.retailer_id, p.vendor_id, p.seq) <= ($4, $5, $6) \
               order by p.retailer_id, p.vendor_id, p.seq, p.number";
    let (from, to) = ((&after.retailer, &after.vendor, after.seq), (&upto.retailer, &upto.vendor, upto.seq));
    tx.query(sql, params![from.0, from.1, from.2, to.0, to.1, to.2]).await
}

/// The heads of the books that end between two places: from the book of the first to that of the last, which is among
/// them where the last place is its end.
pub(crate) async fn raw_heads(tx: &mut Tx, after: &Mark, upto: &Mark) -> Result<Vec<Row>, DbError> {
    let sql = if upto.seq == i64::MAX {
        "select b.retailer_id, b.vendor_id, b.seq, b.last_hash from books b \
         where (b.retailer_id, b.vendor_id) >= ($1, $2) and (b.retailer_id, b.vendor_id) <= ($3, $4) \
         order by b.retailer_id, b.vendor_id"
    } else {
        "select b.retailer_id, b.vendor_id, b.seq, b.last_hash from books b \
         where (b.retailer_id, b.vendor_id) >= ($1, $2) and (b.retailer_id, b.vendor_id) < ($3, $4) \
         order by b.retailer_id, b.vendor_id"
    };
    tx.query(sql, params![&after.retailer, &after.vendor, &upto.retailer, &upto.vendor]).await
}
