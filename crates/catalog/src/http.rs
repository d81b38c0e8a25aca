//! Products, and what vendors sell of them, over HTTP.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use db::{DbError, Tx};
use http::StatusCode;
use kernel::{Context, Money, Page, ProductId, VendorId};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{
    App, IfMatch, KeyedBody, Member, Operator, PageQuery, PathId, Problem, Query, StoredAnswer, VendorOrOperator,
};

use crate::moves::{MoveReason, PastPrice, StockMove, Why};
use crate::products::{NewProduct, ProductChange, change_product, create_product};
use crate::vendor_products::{move_stock, put_vendor_product};
use crate::{Product, ProductStatus, Refusal, VendorProduct, VendorTerms, store};

/// The routes of this room.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, remove))
        .routes(routes!(vendor_list, put))
        .routes(routes!(moves, add_move))
        .routes(routes!(prices))
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match &refusal {
            Refusal::Field { field, right } => Self::field(*field, *right),
            Refusal::UnknownProduct(_) => Self::not_found("product"),
            Refusal::UnknownVendor(_) => Self::not_found("vendor"),
            Refusal::SkuTaken(_) => Self::conflict(refusal.code(), refusal.to_string()),
            Refusal::VersionMismatch { version } => {
                let problem = Self::new(StatusCode::PRECONDITION_FAILED, refusal.code(), refusal.to_string());
                problem.with("version", *version)
            }
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

fn etag(product: &Product) -> String {
    format!("\"{}\"", product.version)
}

/// One product. Its `ETag` is the version for `If-Match`.
#[utoipa::path(get, path = "/api/v1/products/{id}", tag = "catalogue", params(("id" = ProductId, Path)), responses((status = 200, body = Product), (status = 404)))]
async fn get(
    State(app): State<App>,
    _: Member,
    PathId(id): PathId<ProductId>,
) -> Result<([(&'static str, String); 1], Json<Product>), Problem> {
    let found = app.db.read(async move |tx| store::products(tx, &[id]).await).await?.remove(&id);
    let product = found.ok_or_else(|| Problem::not_found("product"))?;
    Ok(([("etag", etag(&product))], Json(product)))
}

async fn changed(tx: &mut Tx, cx: &Context, id: ProductId, change: &ProductChange) -> Result<StoredAnswer, DbError> {
    match change_product(tx, cx, id, change).await? {
        Ok(product) => Ok(StoredAnswer::json(StatusCode::OK, &product)?.header("etag", etag(&product))),
        Err(refusal) => Ok(Problem::from(refusal).stored()),
    }
}

/// Changes a product; what is left out stays.
#[utoipa::path(
    patch, path = "/api/v1/products/{id}", tag = "catalogue", request_body = ProductChange,
    params(
        ("id" = ProductId, Path), ("Idempotency-Key" = String, Header),
        ("If-Match" = Option<String>, Header, description = "The version that was seen.")
    ),
    responses(
        (status = 200, body = Product), (status = 404), (status = 412, description = "`VERSION_MISMATCH` with `version`.")
    )
)]
async fn change(
    State(app): State<App>,
    _: Operator,
    PathId(id): PathId<ProductId>,
    IfMatch(seen_version): IfMatch,
    KeyedBody { keyed, body, cx }: KeyedBody<ProductChange>,
) -> Response {
    let change = ProductChange { seen_version, ..body };
    web::once(&app, keyed, cx, async move |tx, cx| changed(tx, cx, id, &change).await).await
}

/// Takes a product out of the catalogue: it becomes `INACTIVE`, orders that name it keep it. Doing it again changes
/// nothing, so that it needs no key.
#[utoipa::path(
    delete, path = "/api/v1/products/{id}", tag = "catalogue",
    params(("id" = ProductId, Path), ("If-Match" = Option<String>, Header, description = "The version that was seen.")),
    responses(
        (status = 200, body = Product), (status = 404), (status = 412, description = "`VERSION_MISMATCH` with `version`.")
    )
)]
async fn remove(
    State(app): State<App>,
    Operator(cx): Operator,
    PathId(id): PathId<ProductId>,
    IfMatch(seen_version): IfMatch,
) -> Result<StoredAnswer, Problem> {
    let change = ProductChange { status: Some(ProductStatus::Inactive), seen_version, ..ProductChange::default() };
    Ok(app.db.write(async move |tx| changed(tx, &cx, id, &change).await).await?)
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

fn foreign(cx: &Context, vendor: VendorId) -> Result<(), Problem> {
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
    /// Why the stock is another than before; `COUNTED` where it is left out.
    #[serde(default = "counted")]
    reason: MoveReason,
    /// What else is to be said of that.
    #[serde(default)]
    note: Option<String>,
}

const fn counted() -> MoveReason {
    MoveReason::Counted
}

/// Sets what a vendor asks and has of one product.
#[utoipa::path(
    put, path = "/api/v1/vendors/{id}/products", tag = "catalogue", request_body = PutSold,
    params(("id" = VendorId, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = Sold), (status = 404), (status = 409, description = "`STOCK_HELD` with `held`"))
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
    let why = Why { reason: body.reason, note: body.note };
    web::once(&app, keyed, cx, async move |tx, cx| {
        match put_vendor_product(tx, cx, vendor, body.product_id, &body.terms, &why).await? {
            Ok(set) => shown(tx, set).await,
            Err(Refusal::UnknownProduct(_)) => Ok(Problem::field("productId", "a product of the catalogue").stored()),
            Err(refusal) => Ok(Problem::from(refusal).stored()),
        }
    })
    .await
}

async fn shown(tx: &mut Tx, set: VendorProduct) -> Result<StoredAnswer, DbError> {
    let product = store::products(tx, &[set.product]).await?.remove(&set.product);
    let product = product.ok_or(DbError::Missing("product"))?;
    StoredAnswer::json(StatusCode::OK, &sold((product, set)))
}

/// What one vendor sells of one product.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SoldPath {
    id: VendorId,
    product_id: ProductId,
}

/// Every change of what a vendor has of a product, newest first.
#[utoipa::path(
    get, path = "/api/v1/vendors/{id}/products/{productId}/moves", tag = "catalogue",
    params(("id" = VendorId, Path), ("productId" = ProductId, Path), PageQuery),
    responses((status = 200, body = Page<StockMove>), (status = 404))
)]
async fn moves(
    State(app): State<App>,
    VendorOrOperator(cx): VendorOrOperator,
    PathId(SoldPath { id, product_id }): PathId<SoldPath>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<StockMove>>, Problem> {
    foreign(&cx, id)?;
    let page = query.page();
    Ok(Json(app.db.read(async move |tx| store::moves(tx, id, product_id, &page).await).await?))
}

/// What a vendor asked for a product, newest first.
#[utoipa::path(
    get, path = "/api/v1/vendors/{id}/products/{productId}/prices", tag = "catalogue",
    params(("id" = VendorId, Path), ("productId" = ProductId, Path), PageQuery),
    responses((status = 200, body = Page<PastPrice>), (status = 404))
)]
async fn prices(
    State(app): State<App>,
    VendorOrOperator(cx): VendorOrOperator,
    PathId(SoldPath { id, product_id }): PathId<SoldPath>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<PastPrice>>, Problem> {
    foreign(&cx, id)?;
    let page = query.page();
    Ok(Json(app.db.read(async move |tx| store::past_prices(tx, id, product_id, &page).await).await?))
}

#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewMove {
    /// How many units came in, went out, or (`COUNTED`) are in store.
    quantity: i64,
    /// Why.
    reason: MoveReason,
    /// What else is to be said; 1 to 200 characters.
    #[serde(default)]
    note: Option<String>,
}

/// Moves stock by hand. Unlike setting it, this is right however many units orders take meanwhile.
#[utoipa::path(
    post, path = "/api/v1/vendors/{id}/products/{productId}/moves", tag = "catalogue", request_body = NewMove,
    params(("id" = VendorId, Path), ("productId" = ProductId, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = Sold), (status = 404), (status = 409, description = "`STOCK_HELD` with `held`"))
)]
async fn add_move(
    State(app): State<App>,
    VendorOrOperator(cx): VendorOrOperator,
    PathId(SoldPath { id, product_id }): PathId<SoldPath>,
    KeyedBody { keyed, body, cx: by }: KeyedBody<NewMove>,
) -> Result<Response, Problem> {
    foreign(&cx, id)?;
    let why = Why { reason: body.reason, note: body.note };
    let answer = web::once(&app, keyed, by, async move |tx, cx| {
        match move_stock(tx, cx, id, product_id, body.quantity, &why).await? {
            Ok(set) => shown(tx, set).await,
            Err(refusal) => Ok(Problem::from(refusal).stored()),
        }
    });
    Ok(answer.await)
}
