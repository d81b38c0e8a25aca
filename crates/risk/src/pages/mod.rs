//! The panel's pages about risk: who is at risk, alerts, what the rules did, the rules, what-if. For operators.

mod deeds;
mod rule;
mod watch;
mod what_if;
mod words;

use axum::Router;
use axum::routing::get;
use http::StatusCode;
use parties::Language;
use web::panel::{Errors, PageLanguage};
use web::{App, Problem};

use self::words::Word;
use crate::refusal::Refusal;

/// The pages of this room.
pub fn pages() -> Router<App> {
    Router::new()
        .route("/admin/watch", get(watch::show))
        .route("/admin/watch/rules/{category}", get(rule::show).post(rule::put))
        .route("/admin/watch/alerts/{id}/{deed}", get(deeds::show_alert).post(deeds::change_alert))
        .route("/admin/watch/actions/{id}/undo", get(deeds::show_undo).post(deeds::undo))
        .route("/admin/what-if", get(what_if::show))
}

/// The language of sentences on a page.
const fn spoken(language: PageLanguage) -> Language {
    match language {
        PageLanguage::English => Language::English,
        PageLanguage::Nepali => Language::Nepali,
    }
}

fn not_for_you() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", "your role may not do this; ask an operator")
}

/// Puts a refusal beside what it is about.
fn add(errors: &mut Errors, refusal: &Refusal, language: PageLanguage) {
    match refusal {
        Refusal::Field { field, .. } => errors.add(*field, Word::LongWrong.text(language)),
        Refusal::Rule(bad) => errors.add(bad.field, bad.right),
        Refusal::VersionMismatch { .. } => errors.add("", Word::Stale.text(language)),
        Refusal::AlertResolved => errors.add("", Word::AlreadyResolved.text(language)),
        Refusal::ActionOver => errors.add("", Word::Over.text(language)),
        Refusal::RuleShape(_) | Refusal::NotFound(_) => errors.add("", refusal.to_string()),
    }
}
