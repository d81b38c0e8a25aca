//! What is done with an order in the panel, each on a form of its own. A vendor does what is a vendor's to do with its own
//! orders, an operator everything.

use std::fmt::Write as _;

use axum::extract::State;
use axum::response::Response;
use db::{DbError, Tx, text_enum};
use http::StatusCode;
use kernel::{Actor, Context, OrderId, VendorId};
use maud::{Markup, html};
use routing::OfferState;
use serde::Deserialize;
use web::panel::{Errors, Fields, Form, Html, PageLanguage, Panel, Posted, Sheet, see_other};
use web::{App, PathId, Problem, StoredAnswer, once};

use super::words::{self, Word};
use super::{Names, refusals};
use crate::arrival::mark_delivered;
use crate::deliver::{Arrived, Proof, deliver};
use crate::reroute::{override_vendor, recommendations, reroute};
use crate::rules::{OrderState, may_follow};
use crate::{Order, lifecycle, store};

text_enum! {
    /// What can be done, by the last part of the address.
    pub enum Deed {
        /// The vendor takes the order.
        Accept = "accept",
        /// The vendor does not.
        Reject = "reject",
        /// The goods leave the vendor.
        Dispatch = "dispatch",
        /// The goods have arrived.
        Deliver = "deliver",
        /// The vendor says that they have, without the code; the shop is asked.
        Ask = "ask",
        /// The vendor goes back on it.
        Withdraw = "withdraw",
        /// Another vendor, by the scores.
        Route = "route",
        /// Another vendor, by choice.
        Override = "override",
        /// It ends.
        Cancel = "cancel",
        /// It ends for a reason that is nobody's wish.
        Fail = "fail",
    }
}

impl Deed {
    /// What it is called.
    pub(super) const fn word(self) -> Word {
        match self {
            Self::Accept => Word::Accept,
            Self::Reject => Word::Reject,
            Self::Dispatch => Word::Dispatch,
            Self::Deliver => Word::Deliver,
            Self::Ask => Word::Ask,
            Self::Withdraw => Word::Withdraw,
            Self::Route => Word::Route,
            Self::Override => Word::Override,
            Self::Cancel => Word::Cancel,
            Self::Fail => Word::Fail,
        }
    }

    const fn hint(self) -> Word {
        match self {
            Self::Accept => Word::AcceptHint,
            Self::Reject | Self::Withdraw | Self::Route => Word::GoesOnHint,
            Self::Dispatch => Word::DispatchHint,
            Self::Deliver => Word::DeliverHint,
            Self::Ask => Word::AskHint,
            Self::Override => Word::OverrideHint,
            Self::Cancel | Self::Fail => Word::EndsHint,
        }
    }

    const fn asks_why(self) -> bool {
        !matches!(self, Self::Accept | Self::Dispatch | Self::Deliver | Self::Ask)
    }

    /// Whether an actor can do it to an order where it stands.
    fn is_possible(self, order: &Order, actor: Actor) -> bool {
        let (state, is_operator) = (order.state, actor.is_operator());
        match self {
            Self::Accept | Self::Reject => state == OrderState::Offered,
            Self::Deliver => state == OrderState::Dispatched,
            Self::Ask => state == OrderState::Dispatched && order.vendor_delivered_at.is_none(),
            Self::Withdraw => state == OrderState::Confirmed && !is_operator,
            Self::Route | Self::Override => {
                is_operator && matches!(state, OrderState::Placed | OrderState::Offered | OrderState::Confirmed)
            }
            Self::Cancel if is_operator => may_follow(state, OrderState::Cancelled),
            Self::Dispatch | Self::Cancel => state == OrderState::Confirmed,
            Self::Fail => is_operator && may_follow(state, OrderState::Failed),
        }
    }
}

/// What can be done with an order now.
pub(super) fn possible(order: &Order, actor: Actor) -> impl Iterator<Item = Deed> {
    Deed::ALL.iter().copied().filter(move |deed| deed.is_possible(order, actor))
}

/// The ways to what can be done.
pub(super) fn ways(order: &Order, panel: &Panel) -> Markup {
    let mut deeds = possible(order, panel.cx.actor).peekable();
    html! {
        @if deeds.peek().is_some() {
            div.actions {
                @for (place, deed) in deeds.enumerate() {
                    a.button .main[place == 0] href={ "/admin/orders/" (order.id) "/" (deed) } { (deed.word().text(panel.language)) }
                }
            }
        }
    }
}

#[derive(Clone, Copy, Deserialize)]
pub(super) struct Place {
    id: OrderId,
    deed: Deed,
}

/// An order as its form needs it.
struct Seen {
    order: Order,
    products: Vec<String>,
    vendors: Vec<(VendorId, String)>,
}

impl Seen {
    async fn find(tx: &mut Tx, cx: &Context, language: PageLanguage, place: Place) -> Result<Option<Self>, DbError> {
        let scope = cx.actor.scope();
        let Some(order) = store::find(tx, scope, place.id).await? else { return Ok(None) };
        let ids: Vec<_> = order.lines.iter().map(|line| line.product_id).collect();
        let known = catalog::products(tx, &ids).await?;
        let name = |id| known.get(&id).map_or("–", |product| super::product_name(product, language)).to_owned();
        let products = ids.into_iter().map(name).collect();
        let mut vendors = Vec::new();
        if place.deed == Deed::Override
            && let Some(weighed) = recommendations(tx, cx, scope, place.id).await?
        {
            let ids: Vec<VendorId> = weighed.candidates.iter().map(|candidate| candidate.vendor_id).collect();
            let names = Names::of(tx, &[], &ids).await?;
            for candidate in weighed.candidates {
                let mut text = names.vendor(Some(candidate.vendor_id)).to_owned();
                if let Some(score) = candidate.score {
                    let _ = write!(text, " – {score}");
                }
                if let Some(total) = candidate.total {
                    let _ = write!(text, " – {}", total.for_people());
                }
                if let Some(why) = &candidate.ineligible {
                    let _ = write!(text, " – {}", words::ineligible(why, language));
                }
                vendors.push((candidate.vendor_id, text));
            }
        }
        Ok(Some(Self { order, products, vendors }))
    }
}

/// The form of a deed.
pub(super) async fn show(State(app): State<App>, panel: Panel, PathId(place): PathId<Place>) -> Result<Html, Problem> {
    let (cx, language) = (panel.cx.clone(), panel.language);
    let found = app.db.read::<_, DbError, _>(async move |tx| Seen::find(tx, &cx, language, place).await).await?;
    let seen = found.filter(|seen| place.deed.is_possible(&seen.order, panel.cx.actor));
    let seen = seen.ok_or_else(|| Problem::not_found("order"))?;
    Ok(page(&panel, place.deed, &seen, &Fields::default(), &Errors::default()))
}

fn page(panel: &Panel, deed: Deed, seen: &Seen, fields: &Fields, errors: &Errors) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let say = |word: Word| word.text(language);
    let subject = format!("{} {}", say(Word::Order), seen.order.code);
    let sheet = Sheet {
        panel,
        deed: say(deed.word()),
        subject: &subject,
        back: format!("/admin/orders/{}", seen.order.id),
        hint: Some(say(deed.hint())),
        is_final: deed == Deed::Deliver,
    };
    let vendors: Vec<(String, &str)> = seen.vendors.iter().map(|(id, text)| (id.to_string(), text.as_str())).collect();
    let vendors: Vec<(&str, &str)> = vendors.iter().map(|(id, text)| (id.as_str(), *text)).collect();
    let controls = html! {
        @if deed == Deed::Override { (form.select("vendor", say(Word::Vendor), &vendors, None)) }
        @if deed == Deed::Deliver {
            (form.input("code", say(Word::Code), "text", Some(say(Word::CodeHint))))
            @if panel.cx.actor.is_operator() { (form.input("reason", say(Word::Reason), "text", Some(say(Word::WithoutCode)))) }
            details {
                summary { (say(Word::Short)) }
                p.hint { (say(Word::ShortHint)) }
                @for (line, name) in seen.order.lines.iter().zip(&seen.products) {
                    (form.input(&format!("arrived-{}", line.number), &format!("{name} ({})", line.quantity), "number", None))
                }
            }
        }
        @if deed.asks_why() { (form.input("reason", say(Word::Reason), "text", None)) }
    };
    let lead = html! { p { (super::state_tag(seen.order.state, language)) " " (web::panel::money(seen.order.total)) } };
    sheet.page(&form, &lead, &controls)
}

/// Does it.
pub(super) async fn act(State(app): State<App>, PathId(place): PathId<Place>, posted: Posted) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        let Some(seen) = Seen::find(tx, cx, panel.language, place).await? else {
            return Ok(Problem::not_found("order").stored());
        };
        let mut errors = Errors::default();
        if carry_out(tx, cx, place.deed, &seen.order, &fields, &mut errors, panel.language).await? {
            return Ok(see_other(&format!("/admin/orders/{}?done={}", place.id, place.deed)));
        }
        Ok(answer(&panel, place.deed, &seen, &fields, &errors))
    })
    .await
}

fn answer(panel: &Panel, deed: Deed, seen: &Seen, fields: &Fields, errors: &Errors) -> StoredAnswer {
    page(panel, deed, seen, fields, errors).answer(StatusCode::UNPROCESSABLE_ENTITY)
}

/// Whether it was done; what is wrong is added to the errors.
async fn carry_out(
    tx: &mut Tx,
    cx: &Context,
    deed: Deed,
    order: &Order,
    fields: &Fields,
    errors: &mut Errors,
    language: PageLanguage,
) -> Result<bool, DbError> {
    if deed.asks_why() {
        errors.require(fields, "reason", language);
    }
    let arrived = if deed == Deed::Deliver { arrived(order, fields, errors, language) } else { Vec::new() };
    if deed == Deed::Deliver {
        errors.be_sure(fields, language);
        let is_enough =
            fields.filled("code").is_some() || (cx.actor.is_operator() && fields.filled("reason").is_some());
        if !is_enough {
            errors.require(fields, "code", language);
        }
    }
    if !errors.is_empty() {
        return Ok(false);
    }
    let (scope, id, reason) = (cx.actor.scope(), order.id, fields.text("reason"));
    let done = match deed {
        Deed::Accept | Deed::Reject => {
            let offers = routing::offers_of_order(tx, order.retailer_id, id).await?;
            let open = offers.iter().find(|offer| offer.state == OfferState::Open).map(|offer| offer.id);
            match (open, deed) {
                (None, _) => {
                    Err(lifecycle::Refusal::InvalidTransition { from: order.state, to: OrderState::Confirmed })
                }
                (Some(offer), Deed::Accept) => lifecycle::accept(tx, cx, scope, offer).await?,
                (Some(offer), _) => lifecycle::reject(tx, cx, scope, offer, reason).await?,
            }
        }
        Deed::Dispatch => lifecycle::dispatch(tx, cx, scope, id).await?,
        Deed::Ask => mark_delivered(tx, cx, scope, id).await?,
        Deed::Withdraw => lifecycle::withdraw(tx, cx, scope, id, reason).await?,
        Deed::Cancel => lifecycle::cancel(tx, cx, scope, id, reason).await?,
        Deed::Fail => lifecycle::fail(tx, cx, scope, id, reason).await?,
        Deed::Route => reroute(tx, cx, id, reason).await?,
        Deed::Override => {
            let Ok(vendor) = fields.text("vendor").parse() else {
                errors.require(&Fields::default(), "vendor", language);
                return Ok(false);
            };
            let done = override_vendor(tx, cx, id, vendor, reason).await?;
            return Ok(done.map_err(|refusal| refusals::of_reroute(&refusal, language, errors)).is_ok());
        }
        Deed::Deliver => {
            let proof = match fields.filled("code") {
                Some(code) => Proof::Code(code.to_owned()),
                None => Proof::Operator(reason.to_owned()),
            };
            deliver(tx, cx, scope, id, &proof, &arrived).await?.map(|delivered| delivered.order)
        }
    };
    Ok(done.map_err(|refusal| refusals::of_order(&refusal, language, errors)).is_ok())
}

/// The lines that did not arrive whole; an empty field is a whole line.
fn arrived(order: &Order, fields: &Fields, errors: &mut Errors, language: PageLanguage) -> Vec<Arrived> {
    let lines = order.lines.iter().filter_map(|line| {
        let quantity = fields.number(&format!("arrived-{}", line.number), language, errors)?;
        Some(Arrived { number: line.number, quantity })
    });
    lines.collect()
}
