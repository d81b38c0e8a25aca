//! The queues, one queue with its jobs, and what is done to a queue.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use kernel::{Page, PageRequest};
use maud::{Markup, html};
use queue::{JobFilter, JobView, Queue, QueueStats};
use serde::Deserialize;
use web::panel::{
    self, Errors, Fields, Form, Html, OperatorPanel, PageLanguage, Panel, Posted, Sheet, moment, number, plain,
    see_other, text,
};
use web::{App, PathId, Problem, Query, once};

use super::words::{self, Why, Word};
use super::{ago, bar};
use crate::deeds;
use crate::http::JobState;

/// The queues.
pub(super) async fn list(State(app): State<App>, OperatorPanel(panel): OperatorPanel) -> Result<Html, Problem> {
    let now = panel.cx.now;
    let all = app.db.read(async move |tx| queue::stats(tx, now).await).await?;
    let language = panel.language;
    let say = |word: Word| word.text(language);
    let columns = [
        plain(say(Word::Queue)),
        plain(say(Word::State)),
        number(say(Word::Ready)),
        number(say(Word::Delayed)),
        number(say(Word::Running)),
        number(say(Word::Dead)),
        text(say(Word::Oldest)),
        number(say(Word::DoneToday)),
    ];
    let row = |stats: &QueueStats| {
        vec![
            html! { a href={ "/admin/queues/" (stats.queue) } { (stats.queue) } " " span.soft { (words::queue(stats.queue, language)) } },
            held(stats, language),
            html! { (stats.ready) },
            html! { (stats.delayed) },
            html! { (stats.running) },
            html! { @if stats.dead > 0 { strong { (stats.dead) } } @else { "0" } },
            html! { (stats.oldest_ready_at.map_or("–".to_owned(), |then| ago(then, now))) },
            html! { (stats.done_in_a_day) },
        ]
    };
    let content = html! {
        (panel::table(language, say(Word::Queues), &columns, all.iter().map(row).collect()))
        p { a href="/admin/schedules" { (say(Word::Schedules)) " →" } }
    };
    Ok(panel.page(say(Word::Queues), content))
}

fn held(stats: &QueueStats, language: PageLanguage) -> Markup {
    html! {
        @if stats.paused.is_some() { span.tag.bad { (Word::HeldTag.text(language)) } }
        @else { span.tag.good { (Word::GoesOn.text(language)) } }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct JobQuery {
    #[serde(default)]
    state: String,
    #[serde(default)]
    kind: String,
    after: Option<String>,
    done: Option<String>,
}

/// One queue with its jobs.
pub(super) async fn show(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    PathId(queue): PathId<Queue>,
    Query(query): Query<JobQuery>,
) -> Result<Html, Problem> {
    let wanted =
        [JobState::Ready, JobState::Running, JobState::Dead].into_iter().find(|one| one.as_str() == query.state);
    let fields = Fields::of([("state", query.state), ("kind", query.kind)]);
    let filter = JobFilter {
        state: wanted.map(|state| state.as_str().to_owned()),
        kind: fields.filled("kind").map(str::to_owned),
    };
    let (cx, page) = (panel.cx.clone(), PageRequest::new(None, query.after));
    let read = app.db.read::<_, db::DbError, _>(async move |tx| {
        Ok((deeds::stats_of(tx, &cx, queue).await?, queue::jobs(tx, queue, &filter, &page).await?))
    });
    let (stats, jobs) = read.await?;
    let language = panel.language;
    let content = html! {
        p { a href="/admin/queues" { "← " (Word::Queues.text(language)) } }
        @if query.done.is_some() { (panel::done(Word::Done.text(language), &[])) }
        (figures(&stats, &panel))
        (search(&fields, language))
        (table(&jobs, queue, &panel))
        (panel::next_page(language, &[("state", fields.text("state")), ("kind", fields.text("kind"))], jobs.next.as_deref()))
    };
    Ok(panel.page(&format!("{}: {queue}", Word::Queue.text(language)), content))
}

fn figures(stats: &QueueStats, panel: &Panel) -> Markup {
    let language = panel.language;
    let say = |word: Word| word.text(language);
    let path = |deed: &str| format!("/admin/queues/{}/{deed}", stats.queue);
    html! {
        p.lead { (words::queue(stats.queue, language)) " " (held(stats, language)) }
        @if let Some(pause) = &stats.paused {
            p.notice.warn {
                (say(Word::HeldBy)) " " (pause.actor) ", " (say(Word::Since)) " " (moment(pause.at)) ": " (pause.reason)
            }
        }
        dl.figures {
            div { dt { (say(Word::Ready)) } dd { (stats.ready) } }
            div { dt { (say(Word::Delayed)) } dd { (stats.delayed) } }
            div { dt { (say(Word::Running)) } dd { (stats.running) } }
            div { dt { (say(Word::Dead)) } dd { (stats.dead) } }
            div { dt { (say(Word::DoneLately)) } dd { (stats.done_in_two_hours) } }
            div { dt { (say(Word::DoneToday)) } dd { (stats.done_in_a_day) } }
            div { dt { (say(Word::FailedToday)) } dd { (stats.failed_in_a_day) } }
            div { dt { (say(Word::Concurrency)) } dd { (stats.concurrency) } }
        }
        div.actions {
            @if stats.paused.is_some() { a.button.main href=(path("resume")) { (say(Word::Resume)) } }
            @else { a.button href=(path("pause")) { (say(Word::Pause)) } }
            @if stats.dead > 0 {
                a.button href=(path("retry")) { (say(Word::RetryAll)) }
                a.button href=(path("clean")) { (say(Word::Clean)) }
            }
        }
    }
}

fn search(fields: &Fields, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let form = Form { fields, errors: &Errors::default() };
    let states = [
        ("", say(Word::AllStates)),
        ("READY", say(Word::Ready)),
        ("RUNNING", say(Word::Running)),
        ("DEAD", say(Word::Dead)),
    ];
    html! {
        form.search method="get" {
            (form.select("state", say(Word::State), &states, None))
            (form.input("kind", say(Word::Kind), "text", None))
            button type="submit" { (say(Word::Show)) }
        }
    }
}

fn table(jobs: &Page<JobView>, queue: Queue, panel: &Panel) -> Markup {
    let language = panel.language;
    let say = |word: Word| word.text(language);
    let columns = [
        text(say(Word::Kind)),
        plain(say(Word::State)),
        text(say(Word::Queued)),
        number(say(Word::Tries)),
        plain(say(Word::Error)),
    ];
    let row = |job: &JobView| {
        let class = if job.state == "DEAD" { "tag bad" } else { "tag" };
        vec![
            html! { a href={ "/admin/queues/" (queue) "/jobs/" (job.id) } { (job.kind) } },
            html! {
                span class=(class) { (words::state(&job.state, language)) }
                @if let Some(progress) = &job.progress { " " (bar(progress)) }
            },
            moment(job.created_at),
            html! { (job.attempts) },
            html! { (job.last_error.as_deref().unwrap_or("–")) },
        ]
    };
    panel::table(language, say(Word::Jobs), &columns, jobs.items.iter().map(row).collect())
}

/// What is done to a queue, as the address names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Deed {
    Pause,
    Resume,
    Retry,
    Clean,
}

/// The form of a deed.
pub(super) async fn form(
    OperatorPanel(panel): OperatorPanel,
    PathId((queue, deed)): PathId<(Queue, Deed)>,
) -> Result<Html, Problem> {
    Ok(sheet(&panel, queue, deed, &Fields::of([("days", "30".to_owned())]), &Errors::default()))
}

fn sheet(panel: &Panel, queue: Queue, deed: Deed, fields: &Fields, errors: &Errors) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let say = |word: Word| word.text(language);
    let (word, hint) = match deed {
        Deed::Pause => (Word::Pause, Some(Word::PauseHint)),
        Deed::Resume => (Word::Resume, None),
        Deed::Retry => (Word::RetryAll, Some(Word::RetryAllHint)),
        Deed::Clean => (Word::Clean, Some(Word::CleanHint)),
    };
    let sheet = Sheet {
        panel,
        deed: say(word),
        subject: queue.as_str(),
        back: format!("/admin/queues/{queue}"),
        hint: hint.map(say),
        is_final: deed == Deed::Clean,
    };
    let kind = || form.input("kind", say(Word::Kind), "text", Some(say(Word::OfKind)));
    let fields = match deed {
        Deed::Pause => form.input("reason", say(Word::Reason), "text", None),
        Deed::Resume => html! {},
        Deed::Retry => kind(),
        Deed::Clean => html! {
            (form.input("days", say(Word::OlderThan), "number", Some(say(Word::OlderThanHint))))
            (kind())
        },
    };
    sheet.page(&form, &html! {}, &fields)
}

/// Does it.
pub(super) async fn act(
    State(app): State<App>,
    PathId((queue, deed)): PathId<(Queue, Deed)>,
    OperatorPanel(_): OperatorPanel,
    posted: Posted,
) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        let (language, kind) = (panel.language, fields.filled("kind"));
        let mut errors = Errors::default();
        let days = if deed == Deed::Clean { fields.number("days", language, &mut errors) } else { None };
        if days.is_some_and(|days| !(0..=36_500).contains(&days)) {
            errors.add("days", Why::Days.text(language));
        }
        match deed {
            Deed::Pause => errors.require(&fields, "reason", language),
            Deed::Clean => errors.be_sure(&fields, language),
            Deed::Resume | Deed::Retry => {}
        }
        if errors.is_empty() {
            let done = match deed {
                Deed::Pause => deeds::pause(tx, cx, queue, fields.text("reason")).await?.map(drop),
                Deed::Resume => deeds::resume(tx, cx, queue).await?.map(drop),
                Deed::Retry => deeds::retry_all(tx, cx, queue, kind).await.map(|_| Ok(()))?,
                Deed::Clean => deeds::clean(tx, cx, queue, kind, days.unwrap_or(0)).await.map(|_| Ok(()))?,
            };
            match done {
                Ok(()) => return Ok(see_other(&format!("/admin/queues/{queue}?done=yes"))),
                Err(refusal) => errors.add("", Why::from(refusal).text(language)),
            }
        }
        Ok(sheet(&panel, queue, deed, &fields, &errors).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}
