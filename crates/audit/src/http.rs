//! The routes of the audit log, for operators. There is none that changes it.

use axum::Json;
use axum::extract::State;
use kernel::{BusinessDate, Page, PageRequest, RetailerId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{App, Operator, PathId, Problem, Query};

use crate::Recorded;
use crate::store::{Filter, credit_page, find};

/// The routes of the audit log.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(of_retailer)).routes(routes!(all_credit))
}

/// Which entries are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AuditQuery {
    /// Only this action, such as `line.changed`.
    action: Option<String>,
    /// Only what this actor did: `operator:usr_…`, `vendor:ven_…`, `retailer:ret_…` or `system`.
    actor: Option<String>,
    /// From this business date.
    from: Option<BusinessDate>,
    /// Up to this business date, with it.
    to: Option<BusinessDate>,
    /// At most this many, 1 to 200; 50 where it is left out.
    limit: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
}

impl AuditQuery {
    fn split(self) -> (Filter, PageRequest) {
        let Self { action, actor, from, to, limit, after } = self;
        (Filter { action, actor, from, to }, PageRequest::new(limit, after))
    }
}

/// What was done to a retailer and what is its own, newest first.
#[utoipa::path(
    get, path = "/api/v1/admin/audit/{retailerId}", tag = "audit",
    params(("retailerId" = RetailerId, Path), AuditQuery), responses((status = 200, body = Page<Recorded>))
)]
async fn of_retailer(
    State(app): State<App>,
    _operator: Operator,
    PathId(retailer): PathId<RetailerId>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Page<Recorded>>, Problem> {
    let (filter, page) = query.split();
    app.db.read(async move |tx| Ok(Json(find(tx, &retailer.to_string(), &filter, &page).await?))).await
}

/// What was done to anyone's credit, newest first.
#[utoipa::path(
    get, path = "/api/v1/admin/audit/credit/all", tag = "audit", params(AuditQuery),
    responses((status = 200, body = Page<Recorded>))
)]
async fn all_credit(
    State(app): State<App>,
    _operator: Operator,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Page<Recorded>>, Problem> {
    let (filter, page) = query.split();
    app.db.read(async move |tx| Ok(Json(credit_page(tx, &filter, &page).await?))).await
}
