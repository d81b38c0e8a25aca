//! The route of the ledger: the trial balance.

use axum::Json;
use axum::extract::State;
use kernel::{BusinessDate, VendorId};
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{App, Problem, Query, VendorOrOperator};

use crate::Part;
use crate::statement::{self, TrialBalance};

/// The routes of this room.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(trial_balance))
}

/// Whose books, and when.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TrialBalanceQuery {
    /// The vendor; its own where a vendor leaves it out, all vendors where an operator does.
    vendor_id: Option<VendorId>,
    /// The business date at whose end the books are looked at; today where it is left out.
    on: Option<BusinessDate>,
}

/// What stands on every account of a vendor.
#[utoipa::path(
    get, path = "/api/v1/ledger/trial-balance", tag = "ledger", params(TrialBalanceQuery),
    responses((status = 200, body = TrialBalance), (status = 404))
)]
async fn trial_balance(
    State(app): State<App>,
    VendorOrOperator(cx): VendorOrOperator,
    Query(query): Query<TrialBalanceQuery>,
) -> Result<Json<TrialBalance>, Problem> {
    let scope = cx.actor.scope();
    let part = match query.vendor_id {
        Some(vendor) if scope.vendor().is_none_or(|own| own == vendor) => Part::Vendor(vendor),
        Some(_) => return Err(Problem::not_found("vendor")),
        None => scope.into(),
    };
    let on = query.on.unwrap_or_else(|| cx.today());
    app.db.read(async move |tx| Ok(Json(statement::trial_balance(tx, part, on).await?))).await
}
