//! The panel's pages about credit: lines, what is done on one, retailers with their lines, risk. Each gathers in one
//! transaction through the same use cases as `http`, and shows.

mod change;
mod lines;
mod payment;
mod retailer;
mod risk;
mod words;

use axum::Router;
use axum::routing::{get, post};
use kernel::{Money, RetailerId, VendorId};
use maud::{Markup, html};
use parties::{Retailer, Vendor};
use web::App;
use web::panel::PageLanguage;

use crate::model::Line;

/// The pages of this room.
pub fn pages() -> Router<App> {
    Router::new()
        .route("/admin/lines", get(lines::list))
        .route("/admin/lines/{id}", get(lines::show))
        .route("/admin/lines/{id}/cycles", get(lines::cycles))
        .route("/admin/lines/{id}/entries", get(lines::entries))
        .route("/admin/lines/{id}/payment", get(payment::show).post(payment::record))
        .route("/admin/lines/{id}/payment/preview", post(payment::preview))
        .route("/admin/lines/{id}/change", get(change::show).post(change::change))
        .route("/admin/lines/{id}/pause", post(change::pause))
        .route("/admin/retailers/{id}", get(retailer::show))
        .route("/admin/risk", get(risk::show))
}

/// Who a line is between, as far as is known.
struct Names {
    retailers: std::collections::HashMap<RetailerId, Retailer>,
    vendors: std::collections::HashMap<VendorId, Vendor>,
}

impl Names {
    async fn of(tx: &mut db::Tx, pairs: &[crate::Pair]) -> Result<Self, db::DbError> {
        let retailers: Vec<RetailerId> = pairs.iter().map(|pair| pair.0).collect();
        let vendors: Vec<VendorId> = pairs.iter().map(|pair| pair.1).collect();
        Ok(Self {
            retailers: parties::retailers(tx, &retailers).await?,
            vendors: parties::vendors(tx, &vendors).await?,
        })
    }

    fn retailer(&self, id: RetailerId) -> &str {
        self.retailers.get(&id).map_or("–", |retailer| &retailer.name)
    }

    fn vendor(&self, id: VendorId) -> &str {
        self.vendors.get(&id).map_or("–", |vendor| &vendor.name)
    }
}

/// What is left of a line; nothing where the limit was cut below what is used.
fn available(line: &Line) -> Money {
    line.position().map_or(Money::ZERO, |position| position.available)
}

fn status_tag(line: &Line, language: PageLanguage) -> Markup {
    let (word, class) = words::line_status(line.status, language);
    html! { span class=(class) { (word) } }
}

fn overdue_tag(days: i64, language: PageLanguage) -> Markup {
    html! { @if days > 0 { span.tag.bad { (days) " " (words::Word::Days.text(language)) } } @else { "–" } }
}
