//! The schedules.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};
use queue::{Run, Standing};
use serde::Deserialize;
use web::panel::{self, Html, OperatorPanel, PageLanguage, Panel, Posted, moment, plain, see_other, text};
use web::{App, Problem, Query, once};

use super::bar;
use super::words::{self, Why, Word};
use crate::deeds::{self, Refusal};
use crate::plan::{Plan, ScheduleView, views};

/// Runs of each schedule that are shown.
const SHOWN: i64 = 5;

#[derive(Debug, Deserialize)]
pub(super) struct AskedQuery {
    done: Option<String>,
}

/// Every schedule.
pub(super) async fn list(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    Extension(plan): Extension<Plan>,
    Query(query): Query<AskedQuery>,
) -> Result<Html, Problem> {
    let runs = read(&app, &plan).await?;
    let notice = html! {
        @if query.done.is_some() { (panel::done(Word::AskedFor.text(panel.language), &[])) }
    };
    Ok(page(&panel, &plan, &runs, &notice))
}

async fn read(app: &App, plan: &Plan) -> Result<Vec<Run>, Problem> {
    let names = plan.names();
    Ok(app.db.read(async move |tx| queue::last_runs(tx, &names, SHOWN).await).await?)
}

fn page(panel: &Panel, plan: &Plan, runs: &[Run], notice: &Markup) -> Html {
    let language = panel.language;
    let say = |word: Word| word.text(language);
    let columns = [
        plain(say(Word::Schedule)),
        text(say(Word::When)),
        text(say(Word::LastRun)),
        plain(say(Word::Result)),
        text(say(Word::NextRun)),
        plain(say(Word::RunNow)),
    ];
    let row = |view: &ScheduleView| {
        let last = view.runs.first();
        let is_open = last.is_some_and(|run| matches!(run.state, Standing::Wanted | Standing::Running));
        vec![
            html! { (words::schedule(view.title, language)) },
            html! { (view.when) },
            last.map_or_else(|| html! { (say(Word::NotYet)) }, |run| moment(run.started_at)),
            html! {
                @if let Some(run) = last { (result(run, language)) }
                @if view.runs.len() > 1 {
                    details {
                        summary { (say(Word::Earlier)) }
                        @for run in view.runs.iter().skip(1) { p { (moment(run.started_at)) " " (result(run, language)) } }
                    }
                }
            },
            moment(view.next_at),
            html! {
                @if !is_open {
                    form method="post" action={ "/admin/schedules/" (view.name) "/run" } {
                        (panel.hidden_fields())
                        button type="submit" aria-label={ (say(Word::RunNow)) ": " (words::schedule(view.title, language)) } { (say(Word::RunNow)) }
                    }
                } @else { "–" }
            },
        ]
    };
    let rows = views(plan, runs, panel.cx.now).iter().map(row).collect();
    let content = html! {
        p { a href="/admin/queues" { "← " (say(Word::Queues)) } }
        (notice)
        (panel::table(language, say(Word::Schedules), &columns, rows))
    };
    panel.page(say(Word::Schedules), content)
}

fn result(run: &Run, language: PageLanguage) -> Markup {
    let class = match run.state {
        Standing::Done => "tag good",
        Standing::Failed => "tag bad",
        Standing::Wanted | Standing::Running => "tag warn",
    };
    html! {
        span class=(class) { (words::standing(run.state, language)) }
        @if run.asked_by.is_some() { " " span.soft { (Word::ByHand.text(language)) } }
        @if let Some(outcome) = &run.outcome { " " (outcome) }
        @if let (None, Some(progress)) = (&run.outcome, &run.progress) { " " (bar(progress)) }
    }
}

/// Asks for a run now.
pub(super) async fn run(
    State(app): State<App>,
    Path(slug): Path<String>,
    Extension(plan): Extension<Plan>,
    OperatorPanel(_): OperatorPanel,
    posted: Posted,
) -> Response {
    let Posted { panel, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        match deeds::run_now(tx, cx, plan.find(&slug).map(|planned| planned.name)).await? {
            Ok(()) => Ok(see_other("/admin/schedules?done=yes")),
            Err(Refusal::UnknownSchedule) => Ok(Problem::from(Refusal::UnknownSchedule).stored()),
            Err(refusal) => {
                let runs = queue::last_runs(tx, &plan.names(), SHOWN).await?;
                let notice = html! { p.notice.warn role="alert" { (Why::from(refusal).text(panel.language)) } };
                Ok(page(&panel, &plan, &runs, &notice).answer(StatusCode::UNPROCESSABLE_ENTITY))
            }
        }
    })
    .await
}
