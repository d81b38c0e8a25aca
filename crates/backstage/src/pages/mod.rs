//! The panel's pages about queues and schedules, for operators.

use axum::response::Redirect;
use axum::routing::get;
use axum::{Extension, Router};
use kernel::Instant;
use maud::{Markup, html};
use queue::Progress;
use web::App;

use crate::plan::Plan;

mod jobs;
mod queues;
mod schedules;
mod words;

/// The pages.
pub fn pages(plan: Plan) -> Router<App> {
    Router::new()
        .route("/admin/queues", get(queues::list))
        .route("/admin/queues/{queue}", get(queues::show))
        .route("/admin/queues/{queue}/{deed}", get(queues::form).post(queues::act))
        .route("/admin/queues/{queue}/jobs/{id}", get(jobs::show))
        .route("/admin/queues/{queue}/jobs/{id}/{deed}", get(jobs::form).post(jobs::act))
        .route("/admin/schedules", get(schedules::list))
        // Who changes the language on the answer to a wish comes back by its address.
        .route("/admin/schedules/{name}/run", get(async || Redirect::to("/admin/schedules")).post(schedules::run))
        .layer(Extension(plan))
}

/// How far long work is.
fn bar(progress: &Progress) -> Markup {
    html! {
        progress max=(progress.total.max(1)) value=(progress.done) { (progress.done) " / " (progress.total) }
        " " (progress.done) " / " (progress.total) " " (progress.saying)
    }
}

/// How long ago something was, in the largest unit that fits.
fn ago(then: Instant, now: Instant) -> String {
    let seconds = now.seconds_since(then).max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}
