//! The panel's pages about the catalogue: what can be ordered, for operators; and what vendors sell of it.

mod edit;
mod stock;
mod words;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use kernel::PageRequest;
use maud::{Markup, html};
use serde::Deserialize;
use web::panel::{
    self, Errors, Fields, Form, Html, OperatorPanel, PageLanguage, Panel, Posted, Sheet, plain, see_other, text,
};
use web::{App, Problem, Query, once};

use self::words::Word;
use crate::{NewProduct, Pack, Product, ProductStatus, Refusal, create_product, store};

/// The pages of this room.
pub fn pages() -> Router<App> {
    Router::new()
        .route("/admin/products", get(list))
        .route("/admin/products/new", get(show).post(add))
        .route("/admin/products/{id}", get(edit::show).post(edit::save))
        .route("/admin/stock", get(stock::list))
        .route("/admin/stock/{vendor}/new", get(stock::new).post(stock::add))
        .route("/admin/stock/{vendor}/{product}", get(stock::show).post(stock::change))
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    search: String,
    #[serde(default)]
    done: String,
    after: Option<String>,
}

/// The catalogue.
async fn list(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    Query(query): Query<ListQuery>,
) -> Result<Html, Problem> {
    let (search, page) = (query.search.trim().to_owned(), PageRequest::new(None, query.after));
    let wanted = search.clone();
    let found = app.db.read(async move |tx| store::list(tx, &wanted, &page).await).await?;
    let language = panel.language;
    let say = |word: Word| word.text(language);
    let columns = [
        text(say(Word::Name)),
        plain(say(Word::NameNe)),
        plain(say(Word::Sku)),
        text(say(Word::Unit)),
        plain(say(Word::Pack)),
        plain(say(Word::Category)),
        plain(say(Word::Status)),
    ];
    let rows = found.items.iter().map(|product| row(product, language)).collect();
    let fields = Fields::of([("search", search.clone())]);
    let form = Form { fields: &fields, errors: &Errors::default() };
    let content = html! {
        @if query.done == "product" { (panel::done(say(Word::Added), &[])) }
        div.actions { a.button href="/admin/products/new" { (say(Word::NewProduct)) } }
        form.search method="get" role="search" {
            (form.input("search", say(Word::Search), "search", None))
            button type="submit" { (say(Word::Find)) }
        }
        (panel::table(language, say(Word::Products), &columns, rows))
        (panel::next_page(language, &[("search", &search)], found.next.as_deref()))
    };
    Ok(panel.page(say(Word::Products), content))
}

fn row(product: &Product, language: PageLanguage) -> Vec<Markup> {
    let is_active = product.status == ProductStatus::Active;
    let status = if is_active { Word::Active } else { Word::Inactive };
    vec![
        html! { a href={ "/admin/products/" (product.id) } { (product.name) } },
        html! { span lang="ne" { (product.name_ne) } },
        html! { (product.sku) },
        html! { (product.unit) },
        html! { @if let Some(pack) = &product.pack { (pack.quantity) " " (pack.unit) } @else { "–" } },
        html! { (product.category) },
        html! { span.tag .good[is_active] { (status.text(language)) } },
    ]
}

/// The form.
async fn show(OperatorPanel(panel): OperatorPanel) -> Html {
    page(&panel, &Fields::of([("category", "general".to_owned())]), &Errors::default())
}

fn page(panel: &Panel, fields: &Fields, errors: &Errors) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let say = |word: Word| word.text(language);
    let sheet = Sheet {
        panel,
        deed: say(Word::NewProduct),
        subject: say(Word::Products),
        back: "/admin/products".to_owned(),
        hint: None,
        is_final: false,
    };
    let controls = html! {
        (form.input("sku", say(Word::Sku), "text", Some(say(Word::SkuHint))))
        (controls(&form, language))
    };
    sheet.page(&form, &html! {}, &controls)
}

/// What can be said of a product, its short name apart.
fn controls(form: &Form<'_>, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    html! {
        (form.input("name", say(Word::Name), "text", None))
        (form.input("nameNe", say(Word::NameNe), "text", None))
        (form.input("unit", say(Word::Unit), "text", Some(say(Word::UnitHint))))
        (form.input("pack", say(Word::PackQuantity), "number", Some(say(Word::PackHint))))
        (form.input("packUnit", say(Word::PackUnit), "text", None))
        (form.input("category", say(Word::Category), "text", None))
        (form.input("aliases", say(Word::Aliases), "text", Some(say(Word::AliasesHint))))
    }
}

/// What the fields say; what is wrong with them is added to the errors.
fn wish(fields: &Fields, language: PageLanguage, errors: &mut Errors) -> NewProduct {
    for name in ["name", "nameNe", "unit", "category"] {
        errors.require(fields, name, language);
    }
    let (quantity, unit) = (fields.number("pack", language, errors), fields.filled("packUnit"));
    if fields.filled("pack").is_some() != unit.is_some() {
        errors.add("pack", Word::PackHint.text(language));
    }
    let text = |name: &str| fields.text(name).to_owned();
    let aliases = fields.text("aliases").split(',').map(str::trim).filter(|alias| !alias.is_empty());
    NewProduct {
        sku: text("sku"),
        name: text("name"),
        name_ne: text("nameNe"),
        unit: text("unit"),
        pack: quantity.zip(unit).map(|(quantity, unit)| Pack { quantity, unit: unit.to_owned() }),
        category: text("category"),
        aliases: aliases.map(str::to_owned).collect(),
    }
}

/// Adds the product.
async fn add(State(app): State<App>, posted: Posted) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        if !cx.actor.is_operator() {
            let detail = "only operators may do this";
            return Ok(Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", detail).stored());
        }
        let mut errors = Errors::default();
        errors.require(&fields, "sku", panel.language);
        let new = wish(&fields, panel.language, &mut errors);
        if errors.is_empty() {
            match create_product(tx, cx, &new).await? {
                Ok(_) => return Ok(see_other("/admin/products?done=product")),
                Err(Refusal::SkuTaken(_)) => errors.add("sku", Word::Taken.text(panel.language)),
                Err(Refusal::Field { field, right }) => errors.add(field, wrong(right, panel.language)),
                Err(other) => errors.add("", other.to_string()),
            }
        }
        Ok(page(&panel, &fields, &errors).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}

fn wrong(right: &str, language: PageLanguage) -> String {
    if language == PageLanguage::English {
        return format!("Expected: {right}.");
    }
    let nepali = match right {
        "1 to 120 characters" => "१ देखि १२० अक्षर",
        "1 to 40 characters" => "१ देखि ४० अक्षर",
        "1 to 20 characters" => "१ देखि २० अक्षर",
        "1 to 200 characters" => "१ देखि २०० अक्षर",
        "at least 1" => "कम्तीमा १",
        "0 to 1000000000 units" => "० वा बढी एकाइ",
        "1 to 1000000000 units; a count may be 0" => "१ वा बढी एकाइ; गनेको भए ० पनि",
        "so many that at most 1000000000 are in store" => "यति धेरै राख्न मिल्दैन",
        "above zero and at most 1000000000.00" => "शून्यभन्दा बढी रकम",
        "at most 50, each 1 to 80 characters" => "बढीमा ५० वटा, हरेक १ देखि ८० अक्षर",
        _ => "शून्यभन्दा बढी सङ्ख्या र एकाइ",
    };
    format!("{nepali}।")
}
