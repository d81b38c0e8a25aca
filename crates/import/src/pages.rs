//! The panel's page on which a vendor's list is taken at once: a CSV file or an XLSX workbook, or cells copied from a
//! spreadsheet.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use kernel::VendorId;
use maud::{Markup, html};
use web::panel::{self, Errors, Fields, Form, Html, Panel, Posted, Sheet, plain, text};
use web::{App, PathId, Problem, once_long, panel_words};

use crate::http::read;
use crate::report::Refused;
use crate::source::ImportError;
use crate::upload::Uploaded;

panel_words! {
    /// The words of this page.
    enum Word {
        Upload: "Take the list", "सूची राख्नुहोस्";
        Stock: "Stock and prices", "मौज्दात र मूल्य";
        Rows: "Rows", "पङ्क्तिहरू";
        File: "File (XLSX or CSV)", "फाइल (XLSX वा CSV)";
        Hint: "The first row names the columns: sku, price, stock, and where you like minimum_quantity and available (yes or no).",
            "पहिलो पङ्क्तिमा स्तम्भको नाम लेख्नुहोस्: sku, price, stock, र चाहे minimum_quantity र available (yes वा no)।";
        RowsHint: "Or copy the cells of your spreadsheet and paste them here.", "वा आफ्नो स्प्रेडसिटका कोठा कपी गरेर यहाँ टाँस्नुहोस्।";
        Choose: "Choose a file, or paste rows.", "फाइल छान्नुहोस्, वा पङ्क्ति टाँस्नुहोस्।";
        Strict: "Take nothing where one row is wrong", "एउटा पङ्क्ति गलत भए केही नराख्ने";
        Unreadable: "This is no list that can be read", "यो सूची पढ्न सकिएन";
        Taken: "taken", "राखिएका";
        Unchanged: "as it was", "उस्तै रहेका";
        Refused: "refused", "नमिलेका";
        Line: "Row", "पङ्क्ति";
        Column: "Column", "स्तम्भ";
        Why: "Why", "किन";
        Right: "What would be right", "के ठीक हुन्छ";
        Nothing: "Nothing was taken, because some rows are wrong.", "केही पङ्क्ति गलत भएकाले केही राखिएन।";
    }
}

/// What a file may be.
const KINDS: &str = ".xlsx,.csv,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The pages of this room.
pub fn pages() -> Router<App> {
    Router::new().route("/admin/stock/{vendor}/upload", get(show).post(take))
}

fn is_foreign(panel: &Panel, vendor: VendorId) -> bool {
    panel.cx.actor.scope().vendor().is_some_and(|own| own != vendor)
}

/// The form.
async fn show(panel: Panel, PathId(vendor): PathId<VendorId>) -> Result<Html, Problem> {
    if is_foreign(&panel, vendor) {
        return Err(Problem::not_found("vendor"));
    }
    Ok(page(&panel, vendor, &Fields::default(), &Errors::default(), &html! {}))
}

fn page(panel: &Panel, vendor: VendorId, fields: &Fields, errors: &Errors, lead: &Markup) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let say = |word: Word| word.text(language);
    let sheet = Sheet {
        panel,
        deed: say(Word::Upload),
        subject: say(Word::Stock),
        back: format!("/admin/stock?vendor={vendor}"),
        hint: Some(say(Word::Hint)),
        is_final: false,
    };
    let controls = html! {
        (form.file("file", say(Word::File), KINDS, None))
        div.field {
            label for="rows" { (say(Word::Rows)) }
            textarea id="rows" name="rows" rows="10" spellcheck="false" aria-describedby="rows-hint" { (fields.text("rows")) }
            p.hint id="rows-hint" { (say(Word::RowsHint)) }
        }
        (form.tick("strict", say(Word::Strict)))
    };
    sheet.page_with_file(&form, lead, &controls)
}

/// Cells that were copied from a spreadsheet come with tabs between them; each becomes a quoted cell of a CSV row.
fn as_csv(rows: &str) -> String {
    if !rows.lines().next().is_some_and(|first| first.contains('\t')) {
        return rows.to_owned();
    }
    let line = |line: &str| {
        let cells: Vec<String> = line.split('\t').map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
        cells.join(",")
    };
    rows.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Takes the list.
async fn take(State(app): State<App>, PathId(vendor): PathId<VendorId>, posted: Posted) -> Response {
    let Posted { panel, fields, file, keyed, .. } = posted;
    if is_foreign(&panel, vendor) {
        return Problem::not_found("vendor").into_response();
    }
    let Some(rows) = file.or_else(|| fields.filled("rows").map(|rows| as_csv(rows).into())) else {
        let mut errors = Errors::default();
        errors.add("file", Word::Choose.text(panel.language));
        let sheet = page(&panel, vendor, &fields, &errors, &html! {});
        return (StatusCode::UNPROCESSABLE_ENTITY, sheet).into_response();
    };
    let list = match read(rows, panel.cx.today()).await {
        Ok(list) => Ok(list),
        Err(ImportError::Database(error)) => return Problem::from(error).into_response(),
        Err(error) => Err(format!("{}: {error}", Word::Unreadable.text(panel.language))),
    };
    let list = Arc::new(list);
    once_long(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
        let list = match &*list {
            Ok(list) => list,
            Err(wrong) => {
                let mut errors = Errors::default();
                errors.add("", wrong.clone());
                return Ok(page(&panel, vendor, &fields, &errors, &html! {}).answer(unprocessable));
            }
        };
        if parties::vendors(tx, &[vendor]).await?.is_empty() {
            return Ok(Problem::not_found("vendor").stored());
        }
        let strict = fields.is_ticked("strict");
        let told = list.take(tx, cx, vendor, strict).await?;
        let status = if told.refused.is_empty() { StatusCode::OK } else { unprocessable };
        let lead = report(&panel, &told, strict);
        let rest = if told.refused.is_empty() { Fields::default() } else { fields.clone() };
        Ok(page(&panel, vendor, &rest, &Errors::default(), &lead).answer(status))
    })
    .await
}

fn report(panel: &Panel, told: &Uploaded, strict: bool) -> Markup {
    let say = |word: Word| word.text(panel.language);
    let columns = [text(say(Word::Line)), plain(say(Word::Column)), plain(say(Word::Why)), text(say(Word::Right))];
    let row = |refused: &Refused| {
        vec![
            html! { (refused.line) },
            html! { (refused.column.as_deref().unwrap_or("–")) },
            html! { (refused.reason) },
            html! { (refused.right) },
        ]
    };
    html! {
        div role="status" {
            dl.figures {
                div { dt { (say(Word::Taken)) } dd { (told.taken) } }
                div { dt { (say(Word::Unchanged)) } dd { (told.unchanged) } }
                div { dt { (say(Word::Refused)) } dd { (told.refused.len()) } }
            }
            @if strict && !told.refused.is_empty() { p { (say(Word::Nothing)) } }
        }
        @if !told.refused.is_empty() {
            (panel::table(panel.language, say(Word::Refused), &columns, told.refused.iter().map(row).collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_a_spreadsheet_become_a_file() {
        assert_eq!(as_csv("sku,price\nRICE,1"), "sku,price\nRICE,1");
        let copied = "sku\tprice\tstock\nRICE\t1,00,000.00\t5\r\nSAY \"HI\"\t1\t\n";
        assert_eq!(
            as_csv(copied),
            "\"sku\",\"price\",\"stock\"\n\"RICE\",\"1,00,000.00\",\"5\"\n\"SAY \"\"HI\"\"\",\"1\",\"\""
        );
    }
}
