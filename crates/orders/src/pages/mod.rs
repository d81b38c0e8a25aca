//! The panel's pages about orders, and about what credit says of them: reservations and statements. The latter live here
//! because orders is the lowest room that knows what people call orders, cycles and payments. What is done with an
//! order is in `deeds`; the others only show.

mod board;
mod deeds;
mod list;
mod order;
mod refusals;
mod reservations;
mod statement;
mod why;
mod words;

use std::collections::HashMap;

use axum::Router;
use axum::routing::get;
use db::{DbError, Tx};
use kernel::{RetailerId, VendorId};
use maud::{Markup, html};
use parties::{Retailer, Vendor};
use web::App;
use web::panel::PageLanguage;

use crate::OrderState;

/// The pages of this room.
pub fn pages() -> Router<App> {
    Router::new()
        .route("/admin/lines/{id}/statement", get(statement::show))
        .route("/admin/lines/{id}/reservations", get(reservations::list))
        .route("/admin/reservations/{id}", get(reservations::show))
        .route("/admin/orders", get(list::show))
        .route("/admin/orders/{id}", get(order::show))
        .route("/admin/orders/{id}/{deed}", get(deeds::show).post(deeds::act))
        .route("/admin/board", get(board::show))
}

/// Who is spoken of.
struct Names {
    retailers: HashMap<RetailerId, Retailer>,
    vendors: HashMap<VendorId, Vendor>,
}

impl Names {
    async fn of(tx: &mut Tx, retailers: &[RetailerId], vendors: &[VendorId]) -> Result<Self, DbError> {
        let retailers = parties::retailers(tx, retailers).await?;
        Ok(Self { retailers, vendors: parties::vendors(tx, vendors).await? })
    }

    fn retailer(&self, id: RetailerId) -> &str {
        self.retailers.get(&id).map_or("–", |retailer| &retailer.name)
    }

    fn vendor(&self, id: Option<VendorId>) -> &str {
        id.and_then(|id| self.vendors.get(&id)).map_or("–", |vendor| &vendor.name)
    }
}

fn product_name(product: &catalog::Product, language: PageLanguage) -> &str {
    match language {
        PageLanguage::Nepali => &product.name_ne,
        PageLanguage::English => &product.name,
    }
}

fn state_tag(state: OrderState, language: PageLanguage) -> Markup {
    let class = match state {
        OrderState::Delivered => "tag good",
        OrderState::Cancelled | OrderState::Failed | OrderState::Expired => "tag bad",
        OrderState::Offered | OrderState::Confirmed | OrderState::Dispatched => "tag warn",
        OrderState::Draft | OrderState::Placed => "tag",
    };
    html! { span class=(class) { (words::state(state, language)) } }
}
