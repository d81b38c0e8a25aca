//! The routes of credit: lines, the order check, cycles and repayments, aging. Each parses, opens one transaction, calls
//! the use case and answers.

mod care;
mod cycles;
mod limits;
mod lines;

use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::{App, Problem};

use crate::refusal::Refusal;

/// The routes of this room.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(lines::list, lines::create))
        .routes(routes!(lines::get, lines::change))
        .routes(routes!(lines::available))
        .routes(routes!(lines::pause))
        .routes(routes!(lines::unpause))
        .routes(routes!(lines::history))
        .routes(routes!(limits::pause))
        .routes(routes!(limits::unpause))
        .routes(routes!(limits::put_cap))
        .routes(routes!(limits::put_ceiling))
        .routes(routes!(limits::dashboard))
        .routes(routes!(limits::retailer))
        .routes(routes!(limits::vendor))
        .routes(routes!(limits::evaluate))
        .routes(routes!(lines::reservations))
        .routes(routes!(lines::cycles))
        .routes(routes!(lines::entries))
        .routes(routes!(lines::check))
        .routes(routes!(lines::reservation))
        .routes(routes!(cycles::list))
        .routes(routes!(cycles::get, care::change))
        .routes(routes!(cycles::quote))
        .routes(routes!(cycles::repay))
        .routes(routes!(cycles::recover))
        .routes(routes!(cycles::aging))
        .routes(routes!(care::close_cycle))
        .routes(routes!(care::dispute_cycle))
        .routes(routes!(care::promise_cycle))
        .routes(routes!(care::events))
        .routes(routes!(care::disputes))
        .routes(routes!(care::decide))
        .routes(routes!(care::create_adjustment))
        .merge(crate::payments::routes())
}

/// The tag of a version.
fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// What a refusal looks like from outside.
pub fn problem(refusal: &Refusal) -> Problem {
    let detail = refusal.to_string();
    let unprocessable = |field: &str| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, refusal.code(), detail.clone()).with("field", field)
    };
    let conflict = || Problem::conflict(refusal.code(), detail.clone());
    match refusal {
        Refusal::NotFound(what) => Problem::not_found(what),
        Refusal::NotAllowed { .. } => Problem::new(StatusCode::FORBIDDEN, refusal.code(), detail),
        Refusal::Field { field, right } => Problem::field(*field, *right),
        Refusal::UnknownRetailer(_) => unprocessable("retailerId"),
        Refusal::UnknownVendor(_) => unprocessable("vendorId"),
        Refusal::ReferenceRequired => unprocessable("reference"),
        Refusal::PaymentDate { earliest, latest } => {
            unprocessable("on").with("earliest", earliest.to_string()).with("latest", latest.to_string())
        }
        Refusal::Overpayment { maximum, maximum_cash } => {
            conflict().with("maximum", maximum.to_string()).with("maximumCash", maximum_cash.to_string())
        }
        Refusal::BelowMinimum { minimum, minimum_cash } => {
            conflict().with("minimum", minimum.to_string()).with("minimumCash", minimum_cash.to_string())
        }
        Refusal::OnCycle { number, refusal } => problem(refusal).with("cycle", number.clone()),
        Refusal::FieldOf { field, right } => Problem::field(field.clone(), *right),
        Refusal::ExcessRefunded { refunded } => conflict().with("refunded", refunded.to_string()),
        Refusal::PaymentReversed { on } => conflict().with("reversedOn", on.to_string()),
        Refusal::AboveUnapplied { maximum }
        | Refusal::AboveOutstanding { maximum }
        | Refusal::AboveReturnable { maximum }
        | Refusal::AboveWrittenOff { maximum } => conflict().with("maximum", maximum.to_string()),
        Refusal::ClaimDecided { status } => conflict().with("answer", status.to_string()),
        Refusal::DuplicateReference { first, amount, paid_on } => conflict()
            .with("paymentId", first.to_string())
            .with("amount", amount.to_string())
            .with("paidOn", paid_on.to_string()),
        Refusal::CycleClosed { status, .. } => conflict().with("status", status.to_string()),
        Refusal::DisputeOpen { dispute } => conflict().with("disputeId", dispute.to_string()),
        Refusal::DisputeDecided { status } => conflict().with("status", status.to_string()),
        Refusal::VersionMismatch { version } => {
            Problem::new(StatusCode::PRECONDITION_FAILED, refusal.code(), detail).with("version", *version)
        }
        Refusal::AgreedCash { least, most } => {
            unprocessable("cash").with("minimumCash", least.to_string()).with("maximumCash", most.to_string())
        }
        Refusal::AboveReserved { reserved } => conflict().with("maximum", reserved.to_string()),
        Refusal::LineExists
        | Refusal::ReservationConverted
        | Refusal::ReservationReleased
        | Refusal::CycleOpen { .. } => conflict(),
    }
}
