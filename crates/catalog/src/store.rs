//! Every statement of the catalogue.

use std::collections::{BTreeMap, HashMap};

use db::{DbError, Row, Tx, Value, params};
use kernel::{Instant, Page, PageRequest, ProductId, VendorId};

use crate::{Pack, Product, StockChange, VendorProduct};

mod moves;

pub use moves::{moves, past_prices, wrong_stock};
pub(crate) use moves::{put_vendor_products, record_moves, record_prices};

fn product(row: &Row) -> Result<Product, DbError> {
    let aliases: String = row.get("aliases")?;
    let pack = match (row.get::<Option<i64>>("pack_quantity")?, row.get::<Option<String>>("pack_unit")?) {
        (Some(quantity), Some(unit)) => Some(Pack { quantity, unit }),
        _ => None,
    };
    Ok(Product {
        id: row.get("id")?,
        sku: row.get("sku")?,
        name: row.get("name")?,
        name_ne: row.get("name_ne")?,
        unit: row.get("unit")?,
        pack,
        category: row.get("category")?,
        aliases: serde_json::from_str(&aliases)
            .map_err(|_| DbError::Decode { column: "aliases", expected: "a JSON list of texts" })?,
        status: row.get("status")?,
        version: row.get("version")?,
    })
}

fn vendor_product(row: &Row) -> Result<VendorProduct, DbError> {
    Ok(VendorProduct {
        vendor: row.get("vendor_id")?,
        product: row.get("product_id")?,
        price: row.get("price_paisa")?,
        stock: row.get("stock")?,
        held: row.get("held")?,
        minimum_quantity: row.get("minimum_quantity")?,
        is_available: row.get::<i64>("is_available")? == 1,
    })
}

fn by_key(rows: &[Row]) -> Result<HashMap<(VendorId, ProductId), VendorProduct>, DbError> {
    rows.iter().map(|row| vendor_product(row).map(|found| ((found.vendor, found.product), found))).collect()
}

/// The products with these ids; unknown ones are absent.
pub async fn products(tx: &mut Tx, ids: &[ProductId]) -> Result<HashMap<ProductId, Product>, DbError> {
    let rows = tx.query("select * from products p where p.id in {1}", params![Value::list(ids)]).await?;
    rows.iter().map(|row| product(row).map(|found| (found.id, found))).collect()
}

/// The products with these SKUs; unknown ones are absent.
pub async fn products_by_sku(tx: &mut Tx, skus: &[String]) -> Result<HashMap<String, Product>, DbError> {
    let rows = tx.query("select * from products p where p.sku in {1}", params![Value::list(skus)]).await?;
    rows.iter().map(|row| product(row).map(|found| (found.sku.clone(), found))).collect()
}

/// Every product that can be ordered, by SKU.
pub async fn active_products(tx: &mut Tx) -> Result<Vec<Product>, DbError> {
    let rows = tx.query("select * from products where status = 'ACTIVE' order by sku", params![]).await?;
    rows.iter().map(product).collect()
}

/// Products whose SKU, name or alias contains a text, by SKU; the page's cursor is the last SKU.
pub async fn list(tx: &mut Tx, search: &str, page: &PageRequest) -> Result<Page<Product>, DbError> {
    let pattern = db::containing(search);
    let after = page.after.clone().unwrap_or_default();
    let sql = "select * from products p where p.sku > $1 and (lower(p.sku) like $2 escape '!' or lower(p.name) like $2 escape '!' \
               or p.name_ne like $2 escape '!' or lower(p.aliases) like $2 escape '!') order by p.sku limit $3";
    let rows = tx.query(sql, params![after, pattern, page.limit.saturating_add(1)]).await?;
    let found = rows.iter().map(product).collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(found, page, |product: &Product| product.sku.clone()))
}

const PRODUCT_COLUMNS: &[&str] = &[
    "id",
    "sku",
    "name",
    "name_ne",
    "unit",
    "pack_quantity",
    "pack_unit",
    "category",
    "aliases",
    "status",
    "created_at",
    "version",
];

/// Inserts a product; false if its SKU is taken.
pub(crate) async fn insert_product(tx: &mut Tx, product: &Product, now: Instant) -> Result<bool, DbError> {
    let row = params![
        product.id,
        &product.sku,
        &product.name,
        &product.name_ne,
        &product.unit,
        product.pack.as_ref().map(|pack| pack.quantity),
        product.pack.as_ref().map(|pack| pack.unit.clone()),
        &product.category,
        serde_json::json!(product.aliases).to_string(),
        product.status,
        now,
        product.version,
    ];
    Ok(!tx.insert_new("products", PRODUCT_COLUMNS, vec![row], "id").await?.is_empty())
}

/// Locks and reads a product.
pub(crate) async fn product_for_update(tx: &mut Tx, id: ProductId) -> Result<Option<Product>, DbError> {
    let found = tx.query_opt("select * from products p where p.id = $1 {lock p}", params![id]).await?;
    found.as_ref().map(product).transpose()
}

/// Writes a product over what stood there.
pub(crate) async fn update_product(tx: &mut Tx, product: &Product) -> Result<(), DbError> {
    let sql = "update products set name = $2, name_ne = $3, unit = $4, pack_quantity = $5, pack_unit = $6, \
               category = $7, aliases = $8, status = $9, version = $10 where id = $1";
    let values = params![
        product.id,
        &product.name,
        &product.name_ne,
        &product.unit,
        product.pack.as_ref().map(|pack| pack.quantity),
        product.pack.as_ref().map(|pack| pack.unit.clone()),
        &product.category,
        serde_json::json!(product.aliases).to_string(),
        product.status,
        product.version,
    ];
    tx.exec(sql, values).await
}

/// What the vendors sell of these products, without locking.
pub async fn selling(
    tx: &mut Tx,
    products: &[ProductId],
) -> Result<HashMap<(VendorId, ProductId), VendorProduct>, DbError> {
    let sql = "select * from vendor_products p where p.product_id in {1}";
    by_key(&tx.query(sql, params![Value::list(products)]).await?)
}

/// Locks and reads what every vendor sells of these products, in the order of vendor and product.
pub async fn selling_for_update(
    tx: &mut Tx,
    products: &[ProductId],
) -> Result<HashMap<(VendorId, ProductId), VendorProduct>, DbError> {
    let sql = "select * from vendor_products p where p.product_id in {1} order by p.vendor_id, p.product_id {lock p}";
    by_key(&tx.query(sql, params![Value::list(products)]).await?)
}

/// Locks and reads these vendor products, in the order of vendor and product.
pub async fn stock_for_update(
    tx: &mut Tx,
    keys: &[(VendorId, ProductId)],
) -> Result<HashMap<(VendorId, ProductId), VendorProduct>, DbError> {
    let keys: std::collections::BTreeSet<_> = keys.iter().collect();
    let wanted = Value::rows(keys.into_iter().map(|(vendor, product)| params![*vendor, *product]));
    let sql = "select p.* from {rows 1: vendor_id text, product_id text} v join vendor_products p \
               on p.vendor_id = v.vendor_id and p.product_id = v.product_id order by p.vendor_id, p.product_id {lock p}";
    by_key(&tx.query(sql, params![wanted]).await?)
}

/// Changes stock and what is held of it, for a caller that holds the rows' locks and has checked them. One statement.
pub async fn change_stock(tx: &mut Tx, changes: &[StockChange], now: Instant) -> Result<(), DbError> {
    let mut sums: BTreeMap<(VendorId, ProductId), (i64, i64)> = BTreeMap::new();
    for change in changes {
        let sum = sums.entry((change.vendor, change.product)).or_default();
        *sum = (sum.0.saturating_add(change.stock), sum.1.saturating_add(change.held));
    }
    sums.retain(|_, sum| *sum != (0, 0));
    if sums.is_empty() {
        return Ok(());
    }
    let rows =
        Value::rows(sums.into_iter().map(|((vendor, product), (stock, held))| params![vendor, product, stock, held]));
    let sql = "update vendor_products set stock = vendor_products.stock + v.stock, \
               held = vendor_products.held + v.held, updated_at = $2 \
               from {rows 1: vendor_id text, product_id text, stock bigint, held bigint} v \
               where vendor_products.vendor_id = v.vendor_id and vendor_products.product_id = v.product_id";
    tx.exec(sql, params![rows, now]).await
}

/// Every product of a vendor with the product itself, by SKU; the cursor is the last SKU.
pub async fn of_vendor(
    tx: &mut Tx,
    vendor: VendorId,
    page: &PageRequest,
) -> Result<Page<(Product, VendorProduct)>, DbError> {
    let sql = "select p.*, s.vendor_id, s.product_id, s.price_paisa, s.stock, s.held, s.minimum_quantity, \
               s.is_available from vendor_products s join products p on p.id = s.product_id \
               where s.vendor_id = $1 and p.sku > $2 order by p.sku limit $3";
    let after = page.after.clone().unwrap_or_default();
    let rows = tx.query(sql, params![vendor, after, page.limit.saturating_add(1)]).await?;
    let found = rows.iter().map(|row| Ok((product(row)?, vendor_product(row)?))).collect::<Result<_, DbError>>()?;
    Ok(Page::from_overfull(found, page, |(product, _): &(Product, VendorProduct)| product.sku.clone()))
}

/// What every vendor asks for everything that is sold now.
pub async fn current_prices(tx: &mut Tx) -> Result<Vec<VendorProduct>, DbError> {
    let sql = "select p.* from vendor_products p where p.is_available = 1";
    tx.query(sql, params![]).await?.iter().map(vendor_product).collect()
}

/// How many products can be ordered and how often they were changed: while this is the same, so is the catalogue.
pub async fn version(tx: &mut Tx) -> Result<(i64, i64), DbError> {
    let sql = "select cast(count(*) as bigint) as products, cast(coalesce(sum(version), 0) as bigint) as changes \
               from products where status = 'ACTIVE'";
    let row = tx.query_one(sql, params![]).await?;
    Ok((row.get("products")?, row.get("changes")?))
}
