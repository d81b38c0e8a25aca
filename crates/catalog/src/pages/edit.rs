//! Changing a product, and taking it out of the catalogue.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use kernel::ProductId;
use maud::html;
use serde::Deserialize;
use web::panel::{self, Errors, Fields, Form, Html, OperatorPanel, Panel, Posted, Sheet, see_other};
use web::{App, PathId, Problem, Query, once};

use super::words::Word;
use super::{controls, wish, wrong};
use crate::products::{ProductChange, change_product};
use crate::{Product, ProductStatus, Refusal, store};

#[derive(Deserialize)]
pub(super) struct DoneQuery {
    #[serde(default)]
    done: String,
}

/// The form, which is also the product's page.
pub(super) async fn show(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    PathId(id): PathId<ProductId>,
    Query(query): Query<DoneQuery>,
) -> Result<Html, Problem> {
    let found = app.db.read(async move |tx| store::products(tx, &[id]).await).await?.remove(&id);
    let product = found.ok_or_else(|| Problem::not_found("product"))?;
    Ok(page(&panel, &product, &kept(&product), &Errors::default(), !query.done.is_empty()))
}

fn kept(product: &Product) -> Fields {
    let pack = product.pack.as_ref();
    Fields::of([
        ("name", product.name.clone()),
        ("nameNe", product.name_ne.clone()),
        ("unit", product.unit.clone()),
        ("pack", pack.map(|pack| pack.quantity.to_string()).unwrap_or_default()),
        ("packUnit", pack.map(|pack| pack.unit.clone()).unwrap_or_default()),
        ("category", product.category.clone()),
        ("aliases", product.aliases.join(", ")),
        ("status", product.status.to_string()),
    ])
}

fn page(panel: &Panel, product: &Product, fields: &Fields, errors: &Errors, is_done: bool) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let say = |word: Word| word.text(language);
    let sheet = Sheet {
        panel,
        deed: say(Word::Edit),
        subject: &product.sku,
        back: "/admin/products".to_owned(),
        hint: None,
        is_final: false,
    };
    let lead = html! { @if is_done { (panel::done(say(Word::Saved), &[])) } };
    let states = [("ACTIVE", say(Word::Active)), ("INACTIVE", say(Word::Inactive))];
    let fields = html! {
        // Where somebody else was faster, the form that comes back stands on what holds now.
        input type="hidden" name="version" value=(product.version);
        (controls(&form, language))
        (form.select("status", say(Word::Status), &states, Some(say(Word::InactiveHint))))
    };
    sheet.page(&form, &lead, &fields)
}

/// Saves the product.
pub(super) async fn save(State(app): State<App>, PathId(id): PathId<ProductId>, posted: Posted) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        if !cx.actor.is_operator() {
            let detail = "only operators may do this";
            return Ok(Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", detail).stored());
        }
        let Some(product) = store::products(tx, &[id]).await?.remove(&id) else {
            return Ok(Problem::not_found("product").stored());
        };
        let (mut errors, language) = (Errors::default(), panel.language);
        let new = wish(&fields, language, &mut errors);
        let change = ProductChange {
            name: Some(new.name),
            name_ne: Some(new.name_ne),
            unit: Some(new.unit),
            pack: Some(new.pack),
            category: Some(new.category),
            aliases: Some(new.aliases),
            status: Some(fields.text("status").parse().unwrap_or(ProductStatus::Active)),
            seen_version: fields.text("version").parse().ok(),
        };
        let mut shown = fields.clone();
        if errors.is_empty() {
            match change_product(tx, cx, id, &change).await? {
                Ok(_) => return Ok(see_other(&format!("/admin/products/{id}?done=yes"))),
                Err(Refusal::VersionMismatch { .. }) => {
                    errors.add("", Word::Stale.text(language));
                    shown = kept(&product);
                }
                Err(Refusal::Field { field, right }) => errors.add(field, wrong(right, language)),
                Err(other) => errors.add("", other.to_string()),
            }
        }
        Ok(page(&panel, &product, &shown, &errors, false).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}
