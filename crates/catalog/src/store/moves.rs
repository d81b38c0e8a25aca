//! Every statement of stock moves and of the price history.

use db::{DbError, Row, Tx, Value, params};
use kernel::{Context, EntryId, Page, PageRequest, ProductId, VendorId};

use crate::VendorProduct;
use crate::moves::{PastPrice, StockMove};

/// Writes moves; those that move nothing are none.
pub(crate) async fn record_moves(tx: &mut Tx, moves: Vec<StockMove>) -> Result<(), DbError> {
    let columns = &["vendor_id", "product_id", "id", "change", "stock", "reason", "note", "order_id", "actor", "at"];
    let rows = moves.into_iter().filter(|one| one.change != 0).map(|one| {
        let StockMove { id, vendor_id, product_id, change, stock, reason, note, order_id, actor, at } = one;
        params![vendor_id, product_id, id, change, stock, reason, note, order_id, actor, at]
    });
    tx.insert_many("stock_moves", columns, rows.collect()).await
}

fn stock_move(row: &Row) -> Result<StockMove, DbError> {
    Ok(StockMove {
        id: row.get("id")?,
        vendor_id: row.get("vendor_id")?,
        product_id: row.get("product_id")?,
        change: row.get("change")?,
        stock: row.get("stock")?,
        reason: row.get("reason")?,
        note: row.get("note")?,
        order_id: row.get("order_id")?,
        actor: row.get("actor")?,
        at: row.get("at")?,
    })
}

/// The moves of a vendor's product, newest first.
pub async fn moves(
    tx: &mut Tx,
    vendor: VendorId,
    product: ProductId,
    page: &PageRequest,
) -> Result<Page<StockMove>, DbError> {
    let sql = "select * from stock_moves m where m.vendor_id = $1 and m.product_id = $2 \
               and ($3 = '' or m.id < $3) order by m.id desc limit $4";
    let after = page.after.clone().unwrap_or_default();
    let rows = tx.query(sql, params![vendor, product, after, page.limit.saturating_add(1)]).await?;
    let found = rows.iter().map(stock_move).collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(found, page, |one: &StockMove| one.id.to_string()))
}

/// Writes prices into the history, from now on.
pub(crate) async fn record_prices(tx: &mut Tx, cx: &Context, priced: Vec<VendorProduct>) -> Result<(), DbError> {
    let columns = &["vendor_id", "product_id", "changed_at", "id", "price_paisa", "actor"];
    let rows = priced.into_iter().map(|sold| {
        let id: EntryId = cx.id();
        params![sold.vendor, sold.product, cx.now, id, sold.price, cx.actor]
    });
    tx.insert_many("price_history", columns, rows.collect()).await
}

/// What a vendor asked for a product, newest first.
pub async fn past_prices(
    tx: &mut Tx,
    vendor: VendorId,
    product: ProductId,
    page: &PageRequest,
) -> Result<Page<PastPrice>, DbError> {
    let sql = "select * from price_history h where h.vendor_id = $1 and h.product_id = $2 \
               and ($3 = '' or h.id < $3) order by h.id desc limit $4";
    let after = page.after.clone().unwrap_or_default();
    let rows = tx.query(sql, params![vendor, product, after, page.limit.saturating_add(1)]).await?;
    let found = rows.iter().map(|row| {
        let price = PastPrice { price: row.get("price_paisa")?, actor: row.get("actor")?, at: row.get("changed_at")? };
        Ok((row.get::<EntryId>("id")?, price))
    });
    let page =
        Page::from_overfull(found.collect::<Result<_, DbError>>()?, page, |(id, _): &(EntryId, _)| id.to_string());
    Ok(page.map(|(_, price)| price))
}

/// Writes what vendors ask and have, over what stood there.
pub(crate) async fn put_vendor_products(
    tx: &mut Tx,
    rows: &[(Option<VendorProduct>, VendorProduct)],
    now: kernel::Instant,
) -> Result<(), DbError> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = Value::rows(rows.iter().map(|(_, sold)| {
        let available = i64::from(sold.is_available);
        params![sold.vendor, sold.product, sold.price, sold.stock, sold.minimum_quantity, available]
    }));
    let sql = "insert into vendor_products (vendor_id, product_id, price_paisa, stock, held, minimum_quantity, \
               is_available, updated_at) select v.vendor_id, v.product_id, v.price_paisa, v.stock, 0, \
               v.minimum_quantity, v.is_available, cast($2 as bigint) from {rows 1: vendor_id text, product_id text, \
               price_paisa bigint, stock bigint, minimum_quantity bigint, is_available bigint} v where true \
               on conflict (vendor_id, product_id) do update set price_paisa = excluded.price_paisa, \
               stock = excluded.stock, minimum_quantity = excluded.minimum_quantity, \
               is_available = excluded.is_available, updated_at = excluded.updated_at";
    tx.exec(sql, params![rows, now]).await
}

/// Vendor products whose moves do not add up to what is in store, with both numbers.
pub async fn wrong_stock(tx: &mut Tx, most: i64) -> Result<Vec<(VendorId, ProductId, i64, i64)>, DbError> {
    let sql = "select p.vendor_id, p.product_id, p.stock, \
               cast(coalesce((select sum(m.change) from stock_moves m where m.vendor_id = p.vendor_id \
               and m.product_id = p.product_id), 0) as bigint) as moved from vendor_products p \
               where p.stock <> coalesce((select sum(m.change) from stock_moves m where m.vendor_id = p.vendor_id \
               and m.product_id = p.product_id), 0) order by p.vendor_id, p.product_id limit $1";
    let rows = tx.query(sql, params![most]).await?;
    rows.iter()
        .map(|row| Ok((row.get("vendor_id")?, row.get("product_id")?, row.get("stock")?, row.get("moved")?)))
        .collect()
}
