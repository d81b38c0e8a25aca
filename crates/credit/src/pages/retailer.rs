//! One retailer with its lines. A vendor sees the retailers that it gives credit to, with its own line.

use axum::extract::State;
use kernel::{PageRequest, RetailerId};
use maud::html;
use web::panel::{Html, Panel, day};
use web::{App, PathId, Problem};

use super::words::Word;
use super::{Names, lines::table_of};
use crate::model::Line;
use crate::store::lines::{LineFilter, lines_page};

/// One retailer.
pub(super) async fn show(
    State(app): State<App>,
    panel: Panel,
    PathId(id): PathId<RetailerId>,
) -> Result<Html, Problem> {
    let (actor, today) = (panel.cx.actor, panel.cx.today());
    let (retailer, lines, names) = app
        .db
        .read::<_, Problem, _>(async move |tx| {
            let filter = LineFilter { retailer: Some(id), vendor: None };
            let page = PageRequest::new(Some(PageRequest::MOST), None);
            let lines = lines_page(tx, actor.scope(), filter, &page, today).await?.items;
            let pairs: Vec<_> = lines.iter().map(Line::pair).collect();
            let names = Names::of(tx, &pairs).await?;
            let is_known = actor.is_operator() || !lines.is_empty();
            let retailer = parties::retailers(tx, &[id]).await?.remove(&id).filter(|_| is_known);
            Ok((retailer.ok_or_else(|| Problem::not_found("retailer"))?, lines, names))
        })
        .await?;
    let language = panel.language;
    let say = |word: Word| word.text(language);
    let content = html! {
        dl.facts.card {
            dt { (say(Word::Owner)) } dd { (retailer.owner_name) }
            dt { (say(Word::Phone)) } dd { a href={ "tel:+" (retailer.phone) } { "+" (retailer.phone) } }
            @if let Some(place) = &retailer.place { dt { (say(Word::Place)) } dd { (place) } }
            dt { (say(Word::Since)) } dd { (day(retailer.created_at.business_date())) }
            @if let Some(why) = &retailer.credit_reason { dt { (say(Word::Stops)) } dd { (why) } }
        }
        h2 { (say(Word::Lines)) }
        (table_of(&lines, &names, language))
    };
    Ok(panel.page(&retailer.name, content))
}
