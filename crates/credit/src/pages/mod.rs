//! The panel's pages about credit: lines, what is done on one, retailers with their lines, risk. Each gathers in one
//! transaction through the same use cases as `http`, and shows.

mod answers;
mod change;
mod check;
mod claim;
mod cycle;
mod cycle_deeds;
mod grant;
mod history;
mod lines;
mod payment;
mod payments;
mod retailer;
mod retailer_deeds;
mod risk;
mod sheet;
mod terms_form;
mod vendors;
mod words;

use axum::Router;
use axum::routing::{get, post};
use kernel::{Money, RetailerId, VendorId};
use maud::{Markup, html};
use parties::{Retailer, Vendor};
use web::App;
use web::panel::PageLanguage;

use crate::model::Line;

pub use words::{kind as entry_kind_word, method as method_word, reason_of as reason_word};

/// The pages of this room.
pub fn pages() -> Router<App> {
    Router::new()
        .route("/admin/lines", get(lines::list))
        .route("/admin/lines/new", get(grant::show).post(grant::grant))
        .route("/admin/lines/{id}", get(lines::show))
        .route("/admin/lines/{id}/history", get(history::show))
        .route("/admin/lines/{id}/cycles", get(lines::cycles))
        .route("/admin/lines/{id}/entries", get(lines::entries))
        .route("/admin/lines/{id}/payment", get(payment::show).post(payment::record))
        .route("/admin/lines/{id}/payment/preview", post(payment::preview))
        .route("/admin/lines/{id}/change", get(change::show).post(change::change))
        .route("/admin/lines/{id}/pause", post(change::pause))
        .route("/admin/lines/{id}/claim", get(claim::show).post(claim::enter))
        .route("/admin/check", get(check::show))
        .route("/admin/cycles/{id}", get(cycle::show))
        .route("/admin/cycles/{id}/{deed}", get(cycle_deeds::show).post(cycle_deeds::act))
        .route("/admin/payments", get(payments::list))
        .route("/admin/payments/{id}", get(payments::show))
        .route("/admin/payments/{id}/{deed}", get(payments::form).post(payments::act))
        .route("/admin/claims", get(answers::list_claims))
        .route("/admin/claims/{id}", get(answers::show))
        .route("/admin/claims/{id}/{verdict}", get(answers::form).post(answers::act))
        .route("/admin/disputes", get(answers::list_disputes))
        .route("/admin/retailers/{id}", get(retailer::show))
        .route("/admin/retailers/{id}/evaluate", get(retailer::evaluate))
        .route("/admin/retailers/{id}/{deed}", get(retailer_deeds::show).post(retailer_deeds::act))
        .route("/admin/vendors", get(vendors::list))
        .route("/admin/vendors/{id}", get(vendors::show))
        .route("/admin/vendors/{id}/ceiling", get(vendors::ceiling).post(vendors::put_ceiling))
        .route("/admin/books", get(vendors::books))
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
    html! { @if days > 0 { span.tag.bad { (words::days(days, language)) } } @else { "–" } }
}

/// Who did something, as people say it; the id stays for those who look it up.
fn actor(text: &str, language: PageLanguage) -> Markup {
    let (role, _) = text.split_once(':').unwrap_or((text, ""));
    html! { span title=(text) { (words::role(role, language)) } }
}
