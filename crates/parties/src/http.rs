//! Signing in, retailers, vendors.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use db::DbError;
use http::StatusCode;
use kernel::{Instant, Page, RetailerId, Role, UserId, VendorId};
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{
    App, Body, Caller, ClientAddress, KeyedBody, Operator, PageQuery, PathId, Problem, Public, Query, SignedIn,
    StoredAnswer,
};

use crate::login::{Secrets, Session};
use crate::model::{NewRetailer, NewVendor, Refusal, Retailer, User, UserStatus, Vendor};
use crate::throttle::Throttle;
use crate::{login, register, store};

/// What passwords go through, wherever someone signs in: few are hashed at once, and tries are counted together.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    secrets: Secrets,
    throttle: Throttle,
}

impl Guard {
    /// The active user with this login and this password.
    pub(crate) async fn user(
        &self,
        app: &App,
        address: ClientAddress,
        login: String,
        password: &str,
    ) -> Result<User, Problem> {
        self.throttle.by_address(address)?;
        self.throttle.by_login(&login)?;
        let user = app.db.read(async move |tx| store::user_by_login(tx, &login).await).await?;
        let hash = user.as_ref().map(|user| user.password_hash.as_str());
        let is_right = self.secrets.matches(password, hash).await?;
        let is_welcome = |user: &User| is_right && user.status == UserStatus::Active;
        user.filter(is_welcome).ok_or_else(|| Refusal::WrongCredentials.into())
    }
}

/// The routes of this room.
pub fn routes(guard: &Guard) -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sign_in))
        .routes(routes!(refresh))
        .routes(routes!(sign_out))
        .routes(routes!(profile))
        .routes(routes!(sign_up))
        .routes(routes!(list_retailers, create_retailer))
        .routes(routes!(get_retailer))
        .routes(routes!(approve_retailer))
        .routes(routes!(list_vendors, create_vendor))
        .layer(Extension(guard.clone()))
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match &refusal {
            Refusal::Field { field, right } => return Self::field(*field, *right),
            Refusal::NotFound => return Self::not_found("retailer"),
            Refusal::WrongCredentials | Refusal::WrongToken => StatusCode::UNAUTHORIZED,
            _ => StatusCode::CONFLICT,
        };
        Self::new(status, refusal.code(), refusal.to_string())
    }
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SignIn {
    /// The name to sign in with.
    login: String,
    /// The password.
    password: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RefreshToken {
    /// The refresh token of the last answer.
    refresh_token: String,
}

#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct Tokens {
    /// Sent as `Authorization: Bearer …`.
    access_token: String,
    /// When the access token ends.
    access_ends: Instant,
    /// Gets the next tokens, once.
    refresh_token: String,
    /// When the refresh token ends.
    refresh_ends: Instant,
}

fn tokens(app: &App, session: Session) -> Result<Json<Tokens>, Problem> {
    let user = &session.user;
    let caller = Caller { user: user.id, role: user.role, retailer: user.retailer, vendor: user.vendor };
    let (access_token, access_ends) = app.auth.issue(caller).map_err(|error| {
        tracing::error!(%error, "an access token cannot be signed");
        Problem::busy()
    })?;
    let Session { refresh_token, refresh_ends, .. } = session;
    Ok(Json(Tokens { access_token, access_ends, refresh_token, refresh_ends }))
}

/// Signs in.
#[utoipa::path(
    post, path = "/api/v1/auth/login", tag = "auth", request_body = SignIn, security(()),
    responses((status = 200, body = Tokens), (status = 401, description = "`WRONG_CREDENTIALS`"), (status = 429, description = "`TOO_MANY_TRIES`"))
)]
async fn sign_in(
    State(app): State<App>,
    Public(cx): Public,
    Extension(guard): Extension<Guard>,
    address: ClientAddress,
    Body(body): Body<SignIn>,
) -> Result<Json<Tokens>, Problem> {
    let user = guard.user(&app, address, body.login, &body.password).await?;
    let session = app.db.write(async move |tx| login::begin(tx, &cx, user.clone()).await).await?;
    tokens(&app, session)
}

/// Exchanges a refresh token.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", tag = "auth", request_body = RefreshToken, security(()),
    responses((status = 200, body = Tokens), (status = 401, description = "`WRONG_REFRESH_TOKEN`"))
)]
async fn refresh(
    State(app): State<App>,
    Public(cx): Public,
    Body(body): Body<RefreshToken>,
) -> Result<Json<Tokens>, Problem> {
    let session = app.db.write(async move |tx| login::refresh(tx, &cx, &body.refresh_token).await).await?;
    tokens(&app, session?)
}

/// Signs out.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "auth", request_body = RefreshToken, security(()), responses((status = 204)))]
async fn sign_out(
    State(app): State<App>,
    Public(cx): Public,
    Body(body): Body<RefreshToken>,
) -> Result<StatusCode, Problem> {
    app.db.write(async move |tx| login::logout(tx, &cx, &body.refresh_token).await).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct Profile {
    /// The user.
    user_id: UserId,
    /// The role.
    role: Role,
    /// The retailer of a retailer's user.
    retailer: Option<Retailer>,
    /// The vendor of a vendor's user.
    vendor: Option<Vendor>,
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/auth/profile", tag = "auth", responses((status = 200, body = Profile)))]
async fn profile(State(app): State<App>, SignedIn(caller, _): SignedIn) -> Result<Json<Profile>, Problem> {
    let found = app.db.read(async move |tx| {
        let retailers: Vec<RetailerId> = caller.retailer.into_iter().collect();
        let vendors: Vec<VendorId> = caller.vendor.into_iter().collect();
        let retailer = store::retailers(tx, &retailers).await?.into_values().next();
        let vendor = store::vendors(tx, &vendors).await?.into_values().next();
        Ok::<_, DbError>(Profile { user_id: caller.user, role: caller.role, retailer, vendor })
    });
    Ok(Json(found.await?))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SignUp {
    /// The shop.
    retailer: NewRetailer,
    /// The name to sign in with.
    login: String,
    /// The password; 10 to 200 characters.
    password: String,
}

/// Registers a retailer and its user. An operator approves it before it can order.
#[utoipa::path(
    post, path = "/api/v1/auth/register", tag = "auth", request_body = SignUp, security(()),
    responses((status = 201, body = Retailer), (status = 409, description = "`PHONE_TAKEN`, `LOGIN_TAKEN`"), (status = 429, description = "`TOO_MANY_TRIES`"))
)]
async fn sign_up(
    State(app): State<App>,
    Public(cx): Public,
    Extension(guard): Extension<Guard>,
    address: ClientAddress,
    Body(body): Body<SignUp>,
) -> Result<Response, Problem> {
    guard.throttle.by_address(address)?;
    let hash = guard.secrets.hash(&cx, &body.password).await??;
    let created = app.db.write(async move |tx| {
        tx.nested(async |tx| {
            let cx = cx.acting_as(kernel::Actor::Retailer(cx.id()));
            let retailer = match register::create_retailer(tx, &cx, &body.retailer).await? {
                Ok(retailer) => retailer,
                Err(refusal) => return Err(Failed::Refused(refusal)),
            };
            let user = login::create_user(tx, &cx, &body.login, hash.clone(), Role::Retailer, Some(retailer.id), None);
            match user.await? {
                Ok(_) => Ok(retailer),
                Err(refusal) => Err(Failed::Refused(refusal)),
            }
        })
        .await
    });
    match created.await {
        Ok(retailer) => Ok((StatusCode::CREATED, Json(retailer)).into_response()),
        Err(Failed::Refused(refusal)) => Err(refusal.into()),
        Err(Failed::Db(error)) => Err(error.into()),
    }
}

/// A refusal that undoes what was written before it, or a failure.
enum Failed {
    Refused(Refusal),
    Db(DbError),
}

impl From<DbError> for Failed {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct RetailerQuery {
    /// A part of the name or the phone.
    search: Option<String>,
    /// At most this many.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Retailers.
#[utoipa::path(get, path = "/api/v1/retailers", tag = "parties", params(RetailerQuery), responses((status = 200, body = Page<Retailer>)))]
async fn list_retailers(
    State(app): State<App>,
    _: Operator,
    Query(query): Query<RetailerQuery>,
) -> Result<Json<Page<Retailer>>, Problem> {
    let page = kernel::PageRequest::new(query.limit, query.after);
    let search = query.search;
    let found = app.db.read(async move |tx| store::retailers_page(tx, search.as_deref(), &page).await);
    Ok(Json(found.await?))
}

fn created<T: Serialize>(outcome: Result<T, Refusal>) -> Result<StoredAnswer, DbError> {
    match outcome {
        Ok(body) => StoredAnswer::json(StatusCode::CREATED, &body),
        Err(refusal) => Ok(Problem::from(refusal).stored()),
    }
}

/// Creates an active retailer.
#[utoipa::path(
    post, path = "/api/v1/retailers", tag = "parties", request_body = NewRetailer,
    params(("Idempotency-Key" = String, Header)), responses((status = 201, body = Retailer), (status = 409, description = "`PHONE_TAKEN`"))
)]
async fn create_retailer(State(app): State<App>, _: Operator, request: KeyedBody<NewRetailer>) -> Response {
    let KeyedBody { keyed, body, cx } = request;
    web::once(&app, keyed, cx, async move |tx, cx| created(register::create_retailer(tx, cx, &body).await?)).await
}

/// One retailer.
#[utoipa::path(get, path = "/api/v1/retailers/{id}", tag = "parties", params(("id" = RetailerId, Path)), responses((status = 200, body = Retailer), (status = 404)))]
async fn get_retailer(
    State(app): State<App>,
    _: Operator,
    PathId(id): PathId<RetailerId>,
) -> Result<Json<Retailer>, Problem> {
    let found = app.db.read(async move |tx| store::retailers(tx, &[id]).await).await?.remove(&id);
    found.map(Json).ok_or_else(|| Problem::not_found("retailer"))
}

/// Approves a retailer that registered.
#[utoipa::path(post, path = "/api/v1/retailers/{id}/approve", tag = "parties", params(("id" = RetailerId, Path)), responses((status = 200, body = Retailer), (status = 404)))]
async fn approve_retailer(
    State(app): State<App>,
    Operator(cx): Operator,
    PathId(id): PathId<RetailerId>,
) -> Result<Json<Retailer>, Problem> {
    let approved = app.db.write(async move |tx| register::approve_retailer(tx, &cx, id).await).await?;
    Ok(Json(approved?))
}

/// Vendors.
#[utoipa::path(get, path = "/api/v1/vendors", tag = "parties", params(PageQuery), responses((status = 200, body = Page<Vendor>)))]
async fn list_vendors(
    State(app): State<App>,
    _: Operator,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Vendor>>, Problem> {
    let page = query.page();
    Ok(Json(app.db.read(async move |tx| store::vendors_page(tx, &page).await).await?))
}

/// Creates a vendor.
#[utoipa::path(
    post, path = "/api/v1/vendors", tag = "parties", request_body = NewVendor,
    params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = Vendor), (status = 409, description = "`PHONE_TAKEN`, `NUMBER_PREFIX_TAKEN`"))
)]
async fn create_vendor(State(app): State<App>, _: Operator, request: KeyedBody<NewVendor>) -> Response {
    let KeyedBody { keyed, body, cx } = request;
    web::once(&app, keyed, cx, async move |tx, cx| created(register::create_vendor(tx, cx, &body).await?)).await
}
