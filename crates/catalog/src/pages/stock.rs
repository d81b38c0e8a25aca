//! What a vendor sells: its prices and stock, why they changed, and changing them. A vendor keeps its own list, an operator
//! anyone's.

use axum::extract::State;
use axum::response::Response;
use db::{DbError, Tx};
use http::StatusCode;
use kernel::{Context, Page, PageRequest, ProductId, VendorId};
use maud::{Markup, html};
use serde::Deserialize;
use web::panel::{
    self, Errors, Fields, Form, Html, PageLanguage, Panel, Posted, Sheet, moment, money, number, plain, see_other, text,
};
use web::{App, PathId, Problem, Query, once};

use super::words::Word;
use super::wrong;
use crate::moves::{MoveReason, PastPrice, StockMove, Why};
use crate::vendor_products::{move_stock, put_vendor_product};
use crate::{Product, Refusal, VendorProduct, VendorTerms, store};

/// Moves and prices that a product's page shows.
const HISTORY: i64 = 20;

#[derive(Deserialize)]
pub(super) struct ListQuery {
    vendor: Option<VendorId>,
    #[serde(default)]
    done: String,
    after: Option<String>,
}

/// The vendor whose list is meant, where the visitor may see it.
fn own(panel: &Panel, asked: Option<VendorId>) -> Result<Option<VendorId>, Problem> {
    match (panel.cx.actor.scope().vendor(), asked) {
        (Some(own), Some(asked)) if own != asked => Err(Problem::not_found("vendor")),
        (Some(own), _) => Ok(Some(own)),
        (None, asked) => Ok(asked),
    }
}

/// A vendor's list; an operator chooses whose.
pub(super) async fn list(
    State(app): State<App>,
    panel: Panel,
    Query(query): Query<ListQuery>,
) -> Result<Html, Problem> {
    let (vendor, page) = (own(&panel, query.vendor)?, PageRequest::new(None, query.after));
    let is_operator = panel.cx.actor.is_operator();
    let found = app.db.read::<_, DbError, _>(async move |tx| {
        let vendors = if is_operator { parties::all_vendors(tx).await? } else { std::collections::HashMap::new() };
        let sold = match vendor {
            Some(vendor) => store::of_vendor(tx, vendor, &page).await?,
            None => Page { items: Vec::new(), next: None },
        };
        Ok((vendors, sold))
    });
    let (vendors, sold) = found.await?;
    let language = panel.language;
    let say = |word: Word| word.text(language);
    let mut names: Vec<(String, String)> = vendors.values().map(|one| (one.name.clone(), one.id.to_string())).collect();
    names.sort();
    let options: Vec<(&str, &str)> = names.iter().map(|(name, id)| (id.as_str(), name.as_str())).collect();
    let chosen = vendor.map(|vendor| vendor.to_string()).unwrap_or_default();
    let fields = Fields::of([("vendor", chosen.clone())]);
    let form = Form { fields: &fields, errors: &Errors::default() };
    let content = html! {
        @if !query.done.is_empty() { (panel::done(say(Word::Saved), &[])) }
        @if is_operator {
            form.search method="get" {
                (form.select("vendor", say(Word::Vendor), &options, None))
                button type="submit" { (say(Word::Find)) }
            }
        }
        @if let Some(vendor) = vendor {
            div.actions {
                a.button.main href={ "/admin/stock/" (vendor) "/new" } { (say(Word::AddToList)) }
                a.button href={ "/admin/stock/" (vendor) "/upload" } { (say(Word::Upload)) }
            }
            (table(&sold, vendor, language))
            (panel::next_page(language, &[("vendor", &chosen)], sold.next.as_deref()))
        }
    };
    Ok(panel.page(say(Word::Stock), content))
}

fn name(product: &Product, language: PageLanguage) -> &str {
    match language {
        PageLanguage::English => &product.name,
        PageLanguage::Nepali => &product.name_ne,
    }
}

fn table(sold: &Page<(Product, VendorProduct)>, vendor: VendorId, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let columns = [
        text(say(Word::Product)),
        number(say(Word::Price)),
        number(say(Word::InStore)),
        number(say(Word::Held)),
        number(say(Word::Minimum)),
        plain(say(Word::Status)),
    ];
    let row = |(product, sold): &(Product, VendorProduct)| {
        let status = if sold.is_available { Word::Available } else { Word::NotAvailable };
        vec![
            html! { a href={ "/admin/stock/" (vendor) "/" (product.id) } { (name(product, language)) } " " span.soft { (product.unit) } },
            money(sold.price),
            html! { (sold.stock) },
            html! { @if sold.held == 0 { "–" } @else { (sold.held) } },
            html! { @if sold.minimum_quantity == 1 { "–" } @else { (sold.minimum_quantity) } },
            html! { span.tag .good[sold.is_available] { (status.text(language)) } },
        ]
    };
    panel::table(language, say(Word::Stock), &columns, sold.items.iter().map(row).collect())
}

#[derive(Clone, Copy, Deserialize)]
pub(super) struct Place {
    vendor: VendorId,
    product: ProductId,
}

#[derive(Deserialize)]
pub(super) struct DoneQuery {
    #[serde(default)]
    done: String,
}

/// One product of a list with its history.
struct Seen {
    product: Product,
    sold: VendorProduct,
    moves: Vec<StockMove>,
    prices: Vec<PastPrice>,
}

impl Seen {
    async fn find(tx: &mut Tx, place: Place) -> Result<Option<Self>, DbError> {
        let Place { vendor, product } = place;
        let sold = store::selling(tx, &[product]).await?.remove(&(vendor, product));
        let known = store::products(tx, &[product]).await?.remove(&product);
        let Some((sold, product)) = sold.zip(known) else { return Ok(None) };
        let page = PageRequest::new(Some(HISTORY), None);
        let moves = store::moves(tx, vendor, product.id, &page).await?.items;
        let prices = store::past_prices(tx, vendor, product.id, &page).await?.items;
        Ok(Some(Self { product, sold, moves, prices }))
    }
}

/// One product of a vendor's list.
pub(super) async fn show(
    State(app): State<App>,
    panel: Panel,
    PathId(place): PathId<Place>,
    Query(query): Query<DoneQuery>,
) -> Result<Html, Problem> {
    own(&panel, Some(place.vendor))?;
    let found = app.db.read(async move |tx| Seen::find(tx, place).await).await?;
    let seen = found.ok_or_else(|| Problem::not_found("product"))?;
    let done = html! { @if !query.done.is_empty() { (panel::done(Word::Saved.text(panel.language), &[])) } };
    Ok(page(&panel, &seen, &kept(&seen), &Errors::default(), &done))
}

/// What the fields begin with.
fn kept(seen: &Seen) -> Fields {
    Fields::of([
        ("price", seen.sold.price.to_string()),
        ("minimum", seen.sold.minimum_quantity.to_string()),
        ("available", if seen.sold.is_available { "yes".to_owned() } else { String::new() }),
    ])
}

fn page(panel: &Panel, seen: &Seen, fields: &Fields, errors: &Errors, lead: &Markup) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let say = |word: Word| word.text(language);
    let reasons: Vec<(&str, &str)> =
        [MoveReason::Received, MoveReason::Counted, MoveReason::Lost, MoveReason::Returned, MoveReason::Sold]
            .iter()
            .map(|reason| (reason.as_str(), reason_word(*reason).text(language)))
            .collect();
    let content = html! {
        (lead)
        p { a href={ "/admin/stock?vendor=" (seen.sold.vendor) } { "← " (say(Word::Stock)) } }
        dl.figures {
            div { dt { (say(Word::InStore)) } dd { (seen.sold.stock) " " (seen.product.unit) } }
            div { dt { (say(Word::Held)) } dd { (seen.sold.held) } }
            div { dt { (say(Word::Price)) } dd { (money(seen.sold.price)) } }
        }
        (form.general_errors())
        div.columns-2 {
            form.card method="post" {
                h2 { (say(Word::MoveStock)) }
                (panel.hidden_fields())
                input type="hidden" name="what" value="move";
                (form.select("reason", say(Word::Reason), &reasons, None))
                (form.input("quantity", say(Word::Quantity), "number", Some(say(Word::QuantityHint))))
                (form.input("note", say(Word::Note), "text", None))
                div.actions { button.main type="submit" { (say(Word::MoveStock)) } }
            }
            form.card method="post" {
                h2 { (say(Word::Terms)) }
                (panel.hidden_fields())
                input type="hidden" name="what" value="terms";
                (form.input("price", say(Word::Price), "decimal", Some(say(Word::PriceHint))))
                (form.input("minimum", say(Word::Minimum), "number", None))
                (form.tick("available", say(Word::SellNow)))
                div.actions { button.main type="submit" { (say(Word::Save)) } }
            }
        }
        h2 { (say(Word::Moves)) }
        (moves(&seen.moves, language))
        h2 { (say(Word::Prices)) }
        (prices(&seen.prices, language))
    };
    panel.page(name(&seen.product, language), content)
}

const fn reason_word(reason: MoveReason) -> Word {
    match reason {
        MoveReason::Received => Word::Received,
        MoveReason::Returned => Word::Returned,
        MoveReason::Sold => Word::SoldOut,
        MoveReason::Lost => Word::Lost,
        MoveReason::Counted => Word::Counted,
        MoveReason::Uploaded => Word::Uploaded,
    }
}

fn moves(moves: &[StockMove], language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let columns = [
        text(say(Word::When)),
        plain(say(Word::Reason)),
        number(say(Word::Change)),
        number(say(Word::InStore)),
        plain(say(Word::Note)),
    ];
    let row = |one: &StockMove| {
        vec![
            moment(one.at),
            html! {
                @if let Some(order) = one.order_id { a href={ "/admin/orders/" (order) } { (say(reason_word(one.reason))) } }
                @else { (say(reason_word(one.reason))) }
            },
            html! { @if one.change > 0 { "+" } (one.change) },
            html! { (one.stock) },
            html! { (one.note.as_deref().unwrap_or("–")) },
        ]
    };
    panel::table(language, say(Word::Moves), &columns, moves.iter().map(row).collect())
}

fn prices(prices: &[PastPrice], language: PageLanguage) -> Markup {
    let columns = [text(Word::When.text(language)), number(Word::Price.text(language))];
    let row = |one: &PastPrice| vec![moment(one.at), money(one.price)];
    panel::table(language, Word::Prices.text(language), &columns, prices.iter().map(row).collect())
}

/// Changes one product of a vendor's list: its stock, or its terms.
pub(super) async fn change(State(app): State<App>, PathId(place): PathId<Place>, posted: Posted) -> Response {
    use axum::response::IntoResponse as _;
    let Posted { panel, fields, keyed, .. } = posted;
    if let Err(problem) = own(&panel, Some(place.vendor)) {
        return problem.into_response();
    }
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        let Some(seen) = Seen::find(tx, place).await? else { return Ok(Problem::not_found("product").stored()) };
        let (mut errors, language) = (Errors::default(), panel.language);
        let is_move = fields.text("what") == "move";
        let done = if is_move {
            moved(tx, cx, place, &fields, &mut errors, language).await?
        } else {
            set(tx, cx, place, &fields, &mut errors, language).await?
        };
        if done {
            return Ok(see_other(&format!("/admin/stock/{}/{}?done=yes", place.vendor, place.product)));
        }
        // What was typed into one form stands beside what the other begins with.
        let shown = if is_move { fields.clone().or(kept(&seen)) } else { fields.clone() };
        Ok(page(&panel, &seen, &shown, &errors, &html! {}).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}

async fn moved(
    tx: &mut Tx,
    cx: &Context,
    place: Place,
    fields: &Fields,
    errors: &mut Errors,
    language: PageLanguage,
) -> Result<bool, DbError> {
    errors.require(fields, "quantity", language);
    let quantity = fields.number("quantity", language, errors);
    let reason = fields.text("reason").parse().unwrap_or(MoveReason::Counted);
    let Some(quantity) = quantity.filter(|_| errors.is_empty()) else { return Ok(false) };
    let why = Why { reason, note: fields.filled("note").map(str::to_owned) };
    let done = move_stock(tx, cx, place.vendor, place.product, quantity, &why).await?;
    Ok(done.map_err(|refusal| told(&refusal, "quantity", errors, language)).is_ok())
}

/// The terms of the form, with the stock as it is.
async fn set(
    tx: &mut Tx,
    cx: &Context,
    place: Place,
    fields: &Fields,
    errors: &mut Errors,
    language: PageLanguage,
) -> Result<bool, DbError> {
    let key = (place.vendor, place.product);
    let before = store::stock_for_update(tx, &[key]).await?.remove(&key);
    let Some(terms) = terms(fields, before.map_or(0, |before| before.stock), errors, language) else {
        return Ok(false);
    };
    let done = put_vendor_product(tx, cx, place.vendor, place.product, &terms, &Why::COUNTED).await?;
    Ok(done.map_err(|refusal| told(&refusal, "price", errors, language)).is_ok())
}

fn terms(fields: &Fields, stock: i64, errors: &mut Errors, language: PageLanguage) -> Option<VendorTerms> {
    errors.require(fields, "price", language);
    let price = fields.money("price", language, errors);
    let minimum = fields.number("minimum", language, errors).unwrap_or(1);
    let price = price.filter(|_| errors.is_empty())?;
    Some(VendorTerms { price, stock, minimum_quantity: minimum, is_available: fields.is_ticked("available") })
}

fn told(refusal: &Refusal, usual: &str, errors: &mut Errors, language: PageLanguage) {
    match refusal {
        Refusal::StockHeld { held } if language == PageLanguage::English => {
            errors.add(usual, format!("Orders hold {held} of it; the stock cannot go below that."));
        }
        Refusal::StockHeld { held } => {
            errors.add(usual, format!("अर्डरले {held} रोकेको छ; मौज्दात त्योभन्दा कम हुँदैन।"));
        }
        Refusal::Field { field: "minimumQuantity", right } => errors.add("minimum", wrong(right, language)),
        Refusal::Field { field, right } => errors.add(*field, wrong(right, language)),
        other => errors.add("", other.to_string()),
    }
}

/// The form that puts a product on a vendor's list.
pub(super) async fn new(panel: Panel, PathId(vendor): PathId<VendorId>) -> Result<Html, Problem> {
    own(&panel, Some(vendor))?;
    let fields = Fields::of([("minimum", "1".to_owned()), ("available", "yes".to_owned())]);
    Ok(new_page(&panel, vendor, &fields, &Errors::default()))
}

fn new_page(panel: &Panel, vendor: VendorId, fields: &Fields, errors: &Errors) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let say = |word: Word| word.text(language);
    let sheet = Sheet {
        panel,
        deed: say(Word::AddToList),
        subject: say(Word::Stock),
        back: format!("/admin/stock?vendor={vendor}"),
        hint: None,
        is_final: false,
    };
    let controls = html! {
        (form.input("sku", say(Word::Sku), "text", Some(say(Word::SkuHint))))
        (form.input("price", say(Word::Price), "decimal", Some(say(Word::PriceHint))))
        (form.input("stock", say(Word::InStore), "number", None))
        (form.input("minimum", say(Word::Minimum), "number", None))
        (form.tick("available", say(Word::SellNow)))
    };
    sheet.page(&form, &html! {}, &controls)
}

/// Puts a product on a vendor's list.
pub(super) async fn add(State(app): State<App>, PathId(vendor): PathId<VendorId>, posted: Posted) -> Response {
    use axum::response::IntoResponse as _;
    let Posted { panel, fields, keyed, .. } = posted;
    if let Err(problem) = own(&panel, Some(vendor)) {
        return problem.into_response();
    }
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        let (mut errors, language) = (Errors::default(), panel.language);
        errors.require(&fields, "sku", language);
        errors.require(&fields, "stock", language);
        let stock = fields.number("stock", language, &mut errors).unwrap_or(0);
        let terms = terms(&fields, stock, &mut errors, language);
        let sku = fields.text("sku").to_uppercase();
        let product =
            store::products_by_sku(tx, &[sku.clone(), fields.text("sku").to_owned()]).await?.into_values().next();
        if product.is_none() && !sku.is_empty() {
            errors.add("sku", Word::NoSuchProduct.text(language));
        }
        if let Some((product, terms)) = product.zip(terms).filter(|_| errors.is_empty()) {
            match put_vendor_product(tx, cx, vendor, product.id, &terms, &Why::COUNTED).await? {
                Ok(_) => return Ok(see_other(&format!("/admin/stock/{vendor}/{}?done=yes", product.id))),
                Err(refusal) => told(&refusal, "stock", &mut errors, language),
            }
        }
        Ok(new_page(&panel, vendor, &fields, &errors).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}
