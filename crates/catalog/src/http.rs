//! Products, and what vendors sell of them, over HTTP.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use db::DbError;
use http::StatusCode;
use kernel::{Money, Page, ProductId, VendorId};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{App, KeyedBody, Member, Operator, PageQuery, PathId, Problem, Query, StoredAnswer, VendorOrOperator};

use crate::vendor_products::{NewProduct, Refusal, create_product, put_vendor_product};
use crate::{Product, VendorProduct, VendorTerms, store};

/// The routes of this room.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get)).routes(routes!(vendor_list, put))
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match &refusal {
            Refusal::Field { field, right } => Self::field(*field, *right),
            Refusal::UnknownProduct(_) => Self::field("productId", "a product of the catalogue"),
            Refusal::UnknownVendor(_) => Self::not_found("vendor"),
            Refusal::SkuTaken(_) => Self::conflict(refusal.code(), refusal.to_string()),
            Refusal::StockHeld { held } => Self::conflict(refusal.code(), refusal.to_string()).with("held", *held),
        }
    }
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ProductQuery {
    /// A part of the SKU or a name.
    search: Option<String>,
    /// At most this many.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// The catalogue, by SKU.
#[utoipa::path(get, path = "/api/v1/products", tag = "catalogue", params(ProductQuery), responses((status = 200, body = Page<Product>)))]
async fn list(
    State(app): State<App>,
    _: Member,
    Query(query): Query<ProductQuery>,
) -> Result<Json<Page<Product>>, Problem> {
    let page = kernel::PageRequest::new(query.limit, query.after);
    let search = query.search.unwrap_or_default();
    Ok(Json(app.db.read(async move |tx| store::list(tx, &search, &page).await).await?))
}

/// Adds a product.
#[utoipa::path(
    post, path = "/api/v1/products", tag = "catalogue", request_body = NewProduct,
    params(("Idempotency-Key" = String, Header)), responses((status = 201, body = Product), (status = 409, description = "`SKU_TAKEN`"))
)]
async fn create(State(app): State<App>, _: Operator, request: KeyedBody<NewProduct>) -> Response {
    let KeyedBody { keyed, body, cx } = request;
    web::once(&app, keyed, cx, async move |tx, cx| match create_product(tx, cx, &body).await? {
        Ok(product) => StoredAnswer::json(StatusCode::CREATED, &product),
        Err(refusal) => Ok(Problem::from(refusal).stored()),
    })
    .await
}

/// One product.
#[utoipa::path(get, path = "/api/v1/products/{id}", tag = "catalogue", params(("id" = ProductId, Path)), responses((status = 200, body = Product), (status = 404)))]
async fn get(State(app): State<App>, _: Member, PathId(id): PathId<ProductId>) -> Result<Json<Product>, Problem> {
    let found = app.db.read(async move |tx| store::products(tx, &[id]).await).await?.remove(&id);
    found.map(Json).ok_or_else(|| Problem::not_found("product"))
}

/// What a vendor sells of a product, as it is shown.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct Sold {
    /// The product.
    product: Product,
    /// The price of one unit, VAT included.
    price: Money,
    /// Units in the vendor's store.
    stock: i64,
    /// Units of it that undelivered orders hold.
    held: i64,
    /// The smallest quantity that is sold.
    minimum_quantity: i64,
    /// Whether it is sold now.
    is_available: bool,
}

fn sold((product, sold): (Product, VendorProduct)) -> Sold {
    Sold {
        product,
        price: sold.price,
        stock: sold.stock,
        held: sold.held,
        minimum_quantity: sold.minimum_quantity,
        is_available: sold.is_available,
    }
}

fn foreign(cx: &kernel::Context, vendor: VendorId) -> Result<(), Problem> {
    match cx.actor.scope().vendor() {
        Some(own) if own != vendor => Err(Problem::not_found("vendor")),
        _ => Ok(()),
    }
}

/// What a vendor sells, by SKU.
#[utoipa::path(get, path = "/api/v1/vendors/{id}/products", tag = "catalogue", params(("id" = VendorId, Path), PageQuery), responses((status = 200, body = Page<Sold>)))]
async fn vendor_list(
    State(app): State<App>,
    VendorOrOperator(cx): VendorOrOperator,
    PathId(vendor): PathId<VendorId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Sold>>, Problem> {
    foreign(&cx, vendor)?;
    let page = query.page();
    let found = app.db.read(async move |tx| store::of_vendor(tx, vendor, &page).await).await?;
    Ok(Json(found.map(sold)))
}

#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PutSold {
    /// The product.
    product_id: ProductId,
    /// Price, stock and conditions.
    terms: VendorTerms,
}

/// Sets what a vendor asks and has of one product.
#[utoipa::path(
    put, path = "/api/v1/vendors/{id}/products", tag = "catalogue", request_body = PutSold,
    params(("id" = VendorId, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200), (status = 404), (status = 409, description = "`STOCK_HELD` with `held`"))
)]
async fn put(
    State(app): State<App>,
    VendorOrOperator(cx): VendorOrOperator,
    PathId(vendor): PathId<VendorId>,
    request: KeyedBody<PutSold>,
) -> Response {
    use axum::response::IntoResponse as _;
    if let Err(problem) = foreign(&cx, vendor) {
        return problem.into_response();
    }
    let KeyedBody { keyed, body, cx } = request;
    web::once(&app, keyed, cx, async move |tx, cx| {
        match put_vendor_product(tx, cx, vendor, body.product_id, &body.terms).await? {
            Ok(set) => {
                let product = store::products(tx, &[set.product]).await?.remove(&set.product);
                let product = product.ok_or(DbError::Missing("product"))?;
                StoredAnswer::json(StatusCode::OK, &sold((product, set)))
            }
            Err(refusal) => Ok(Problem::from(refusal).stored()),
        }
    })
    .await
}
