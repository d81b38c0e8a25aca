//! One job, and what is done to it.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use kernel::JobId;
use maud::{Markup, html};
use queue::{Failure, JobView, Queue};
use serde::Deserialize;
use web::panel::{
    self, Errors, Fields, Form, Html, OperatorPanel, Panel, Posted, Sheet, moment, number, plain, see_other, text,
};
use web::{App, PathId, Problem, Query, once};

use super::bar;
use super::words::{self, Why, Word};
use crate::deeds::{self, Refusal};

#[derive(Debug, Deserialize)]
pub(super) struct DoneQuery {
    done: Option<String>,
}

async fn found(app: &App, queue: Queue, id: JobId) -> Result<JobView, Problem> {
    let job = app.db.read(async move |tx| deeds::job_of(tx, Some(queue), id).await).await?;
    job.ok_or_else(|| Refusal::UnknownJob.into())
}

/// One job.
pub(super) async fn show(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    PathId((queue, id)): PathId<(Queue, JobId)>,
    Query(query): Query<DoneQuery>,
) -> Result<Html, Problem> {
    let job = found(&app, queue, id).await?;
    let language = panel.language;
    let say = |word: Word| word.text(language);
    let path = format!("/admin/queues/{queue}/jobs/{id}");
    let columns = [text(say(Word::When)), number(say(Word::Tries)), plain(say(Word::Error))];
    let row = |failure: &Failure| vec![moment(failure.at), html! { (failure.attempt) }, html! { (failure.error) }];
    let content = html! {
        p { a href={ "/admin/queues/" (queue) } { "← " (queue) } }
        @if query.done.is_some() { (panel::done(say(Word::Done), &[])) }
        (facts(&job, &panel))
        div.actions {
            @if job.state == "DEAD" { a.button.main href={ (path) "/retry" } { (say(Word::Retry)) } }
            @if job.state != "RUNNING" { a.button href={ (path) "/delete" } { (say(Word::Delete)) } }
        }
        h2 { (say(Word::Errors)) }
        (panel::table(language, say(Word::Errors), &columns, job.errors.iter().rev().map(row).collect()))
    };
    Ok(panel.page(&format!("{}: {}", say(Word::Job), job.kind), content))
}

fn facts(job: &JobView, panel: &Panel) -> Markup {
    let language = panel.language;
    let say = |word: Word| word.text(language);
    let class = if job.state == "DEAD" { "tag bad" } else { "tag" };
    html! {
        dl.facts.card {
            dt { (say(Word::State)) } dd { span class=(class) { (words::state(&job.state, language)) } }
            dt { (say(Word::Queued)) } dd { (moment(job.created_at)) }
            dt { (say(Word::RunsAt)) } dd { (moment(job.run_at)) }
            dt { (say(Word::Tries)) } dd { (job.attempts) }
            @if let Some(progress) = &job.progress { dt { (say(Word::Progress)) } dd { (bar(progress)) } }
            @if let Some(error) = &job.last_error { dt { (say(Word::Error)) } dd { (error) } }
            @if let Some(key) = &job.unique_key { dt { (say(Word::UniqueKey)) } dd { code { (key) } } }
            @if let Some(key) = &job.order_key { dt { (say(Word::OrderKey)) } dd { code { (key) } } }
            dt { (say(Word::Payload)) } dd { code { (job.payload) } }
        }
    }
}

/// What is done to a job, as the address names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Deed {
    Retry,
    Delete,
}

/// The form of a deed.
pub(super) async fn form(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    PathId((queue, id, deed)): PathId<(Queue, JobId, Deed)>,
) -> Result<Html, Problem> {
    let job = found(&app, queue, id).await?;
    Ok(sheet(&panel, &job, deed, &Fields::default(), &Errors::default()))
}

fn sheet(panel: &Panel, job: &JobView, deed: Deed, fields: &Fields, errors: &Errors) -> Html {
    let language = panel.language;
    let (word, hint) = match deed {
        Deed::Retry => (Word::Retry, Word::RetryHint),
        Deed::Delete => (Word::Delete, Word::DeleteHint),
    };
    let sheet = Sheet {
        panel,
        deed: word.text(language),
        subject: &job.kind,
        back: format!("/admin/queues/{}/jobs/{}", job.queue, job.id),
        hint: Some(hint.text(language)),
        is_final: deed == Deed::Delete,
    };
    sheet.page(&Form { fields, errors }, &facts(job, panel), &html! {})
}

/// Does it.
pub(super) async fn act(
    State(app): State<App>,
    PathId((queue, id, deed)): PathId<(Queue, JobId, Deed)>,
    OperatorPanel(_): OperatorPanel,
    posted: Posted,
) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        let Some(job) = deeds::job_of(tx, Some(queue), id).await? else {
            return Ok(Problem::from(Refusal::UnknownJob).stored());
        };
        let mut errors = Errors::default();
        if deed == Deed::Delete {
            errors.be_sure(&fields, panel.language);
        }
        if errors.is_empty() {
            let (done, place) = match deed {
                Deed::Retry => (deeds::retry(tx, cx, Some(queue), id).await?, format!("/jobs/{id}")),
                Deed::Delete => (deeds::delete(tx, cx, queue, id).await?, String::new()),
            };
            match done {
                Ok(_) => return Ok(see_other(&format!("/admin/queues/{queue}{place}?done=yes"))),
                Err(refusal) => errors.add("", Why::from(refusal).text(panel.language)),
            }
        }
        Ok(sheet(&panel, &job, deed, &fields, &errors).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}
