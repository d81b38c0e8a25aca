//! The panel's pages about scores and insights, for operators: a retailer's score with its reasons and its history, its
//! insights with the message it gets, and everybody together.

mod insights;
mod score;
mod words;

use axum::Router;
use axum::routing::{get, post};
use parties::Language;
use web::App;
use web::panel::PageLanguage;

/// The pages of this room.
pub fn pages() -> Router<App> {
    Router::new()
        .route("/admin/retailers/{id}/score", get(score::show))
        .route("/admin/retailers/{id}/insights", get(insights::of_retailer))
        .route("/admin/insights", get(insights::overview))
        .route("/admin/insights/regenerate", post(insights::regenerate))
}

/// The language of sentences on a page.
const fn sentences(language: PageLanguage) -> Language {
    match language {
        PageLanguage::Nepali => Language::Nepali,
        PageLanguage::English => Language::English,
    }
}
