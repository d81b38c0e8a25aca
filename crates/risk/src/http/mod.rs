//! The routes of risk: guardrails and risk control. Each parses, opens its transaction, calls the use case and answers.

mod control;
mod guardrails;

use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{App, Problem};

use crate::refusal::Refusal;

/// The routes of this room.
#[expect(deprecated, reason = "older paths answer too")]
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(guardrails::validate_order))
        .routes(routes!(guardrails::get, guardrails::put))
        .routes(routes!(guardrails::evaluate_all))
        .routes(routes!(guardrails::at_risk))
        .routes(routes!(control::score))
        .routes(routes!(control::score_history))
        .routes(routes!(control::retailer_alerts))
        .routes(routes!(control::alerts))
        .routes(routes!(control::acknowledge))
        .routes(routes!(control::resolve))
        .routes(routes!(control::rules, control::post_rule))
        .routes(routes!(control::put_rule))
        .routes(routes!(control::rule_history))
        .routes(routes!(control::check))
        .routes(routes!(control::simulate))
        .routes(routes!(control::actions))
        .routes(routes!(control::undo))
        .routes(routes!(control::older_score))
}

/// The tag of a version.
fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// What a refusal looks like from outside.
pub(crate) fn problem(refusal: &Refusal) -> Problem {
    let detail = refusal.to_string();
    match refusal {
        Refusal::NotFound(what) => Problem::not_found(what),
        Refusal::Field { field, right } => Problem::field(*field, *right),
        Refusal::Rule(bad) => Problem::field(format!("rule.{}", bad.field), bad.right),
        Refusal::RuleShape(bad) => Problem::field(bad.field.clone(), bad.why.clone()),
        Refusal::VersionMismatch { version } => {
            Problem::new(StatusCode::PRECONDITION_FAILED, refusal.code(), detail).with("version", *version)
        }
        Refusal::AlertResolved | Refusal::ActionOver => Problem::conflict(refusal.code(), detail),
    }
}
