//! The world of the bench: retailers, vendors, products and lines, made through the use cases.

use anyhow::Context as _;
use catalog::{NewProduct, VendorTerms};
use credit::{Line, NewLine};
use db::Db;
use indicatif::ProgressBar;
use kernel::{Actor, Clock, Context, IdGen, Money, ProductId, RetailerId, VendorId};
use parties::{Language, NewRetailer, NewVendor};

/// Retailers, unless it is asked otherwise.
pub(crate) const RETAILERS: usize = 1_000;
/// Vendors, unless it is asked otherwise.
pub(crate) const VENDORS: usize = 10;
const PRODUCTS: usize = 30;
/// The limit of every line: nothing is refused for want of credit.
const LIMIT: Money = Money::MOST;
/// Retailers made in one transaction.
const BATCH: usize = 50;

/// Whom the clients order for, from whom, and what.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) retailers: Vec<RetailerId>,
    pub(crate) vendors: Vec<VendorId>,
    pub(crate) products: Vec<ProductId>,
}

impl World {
    /// Three different products, from one on.
    pub(crate) fn three_products(&self, first: usize) -> impl Iterator<Item = ProductId> {
        (0..3).filter_map(move |step| self.products.get((first + step * 7) % self.products.len()).copied())
    }
}

/// Makes the world in an empty database.
pub(crate) async fn make(db: &Db, progress: &ProgressBar) -> anyhow::Result<World> {
    let (clock, ids) = (Clock::system(), IdGen::system());
    let cx = Context::new(&clock, &ids, Actor::System, "bench");
    let vendors = vendors(db).await?;
    let mut world = World { products: products(db, &vendors).await?, vendors, ..World::default() };
    for batch in 0..RETAILERS / BATCH {
        let (cx, vendors) = (cx.clone(), world.vendors.clone());
        let made = db.write(async move |tx| {
            let mut retailers = Vec::with_capacity(BATCH);
            for number in 0..BATCH {
                retailers.push(retailer(tx, &cx, batch * BATCH + number, &vendors).await?.0);
            }
            Ok::<_, db::DbError>(retailers)
        });
        world.retailers.extend(made.await?);
        progress.set_message(format!("{} retailers", world.retailers.len()));
    }
    Ok(world)
}

/// Makes products that each of these vendors sells.
pub(crate) async fn products(db: &Db, vendors: &[VendorId]) -> anyhow::Result<Vec<ProductId>> {
    let (clock, ids) = (Clock::system(), IdGen::system());
    let cx = Context::new(&clock, &ids, Actor::System, "bench");
    let mut products = Vec::with_capacity(PRODUCTS);
    for number in 0..PRODUCTS {
        let new = NewProduct {
            sku: format!("BENCH-{number}"),
            name: format!("Product {number}"),
            name_ne: format!("सामान {number}"),
            unit: "bora".to_owned(),
            pack: None,
            category: "bench".to_owned(),
            aliases: Vec::new(),
        };
        let (cx, vendors) = (cx.clone(), vendors.to_vec());
        let made = db.write(async move |tx| {
            let made = match catalog::create_product(tx, &cx, &new).await? {
                Ok(made) => made,
                Err(refusal) => return Ok(Err(refusal)),
            };
            for vendor in &vendors {
                let price = Money::from_paisa(100_000);
                let terms = VendorTerms { price, stock: 1_000_000_000, minimum_quantity: 1, is_available: true };
                if let Err(refusal) =
                    catalog::put_vendor_product(tx, &cx, *vendor, made.id, &terms, &catalog::Why::COUNTED).await?
                {
                    return Ok(Err(refusal));
                }
            }
            Ok::<_, db::DbError>(Ok(made.id))
        });
        products.push(made.await?.context("a product")?);
    }
    Ok(products)
}

/// Makes the bench's vendors.
pub(crate) async fn vendors(db: &Db) -> anyhow::Result<Vec<VendorId>> {
    let (clock, ids) = (Clock::system(), IdGen::system());
    let mut vendors = Vec::with_capacity(VENDORS);
    for number in 0..VENDORS {
        let letter = |index: usize| char::from(b'A'.saturating_add(u8::try_from(index % 26).unwrap_or(0)));
        let new = NewVendor {
            name: format!("Vendor {number}"),
            owner_name: "Bench".to_owned(),
            phone: format!("97797{number:08}"),
            place: Some("Birendranagar".to_owned()),
            latitude_micro: Some(28_600_000),
            longitude_micro: Some(81_630_000),
            language: Language::English,
            number_prefix: format!("B{}{}", letter(number / 26), letter(number)),
            capacity: 10_000,
        };
        let cx = Context::new(&clock, &ids, Actor::System, "bench");
        let made = db.write(async move |tx| parties::create_vendor(tx, &cx, &new).await).await?;
        vendors.push(made.context("a vendor")?.id);
    }
    Ok(vendors)
}

/// Makes a retailer with a line at each vendor.
pub(crate) async fn retailer(
    tx: &mut db::Tx,
    cx: &Context,
    number: usize,
    vendors: &[VendorId],
) -> Result<(RetailerId, Vec<Line>), db::DbError> {
    let new = NewRetailer {
        name: format!("Retailer {number}"),
        owner_name: "Bench".to_owned(),
        phone: format!("97798{number:08}"),
        place: Some("Birendranagar".to_owned()),
        latitude_micro: Some(28_600_000),
        longitude_micro: Some(81_630_000),
        language: Language::English,
    };
    let made = parties::create_retailer(tx, cx, &new).await?.map_err(|_| refused("a retailer"))?;
    let mut lines = Vec::with_capacity(vendors.len());
    for vendor in vendors {
        let line = NewLine {
            retailer_id: made.id,
            vendor_id: *vendor,
            limit: LIMIT,
            terms_days: 30,
            max_order: None,
            max_overdue_days: 30,
            settlement: None,
        };
        lines.push(credit::create_line(tx, cx, line).await?.map_err(|_| refused("a line"))?);
    }
    Ok((made.id, lines))
}

/// A command of the bench's own that the use cases refused.
pub(crate) fn refused(what: &str) -> db::DbError {
    db::DbError::Constraint(format!("the bench cannot make {what}"))
}
