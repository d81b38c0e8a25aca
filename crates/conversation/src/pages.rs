//! The panel's pages about conversations, for operators: who wrote, what was said, taking over, writing, giving back.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use db::{DbError, Tx};
use http::StatusCode;
use kernel::{Context, PageRequest};
use maud::{Markup, html};
use serde::Deserialize;
use web::panel::{
    self, Errors, Fields, Form, Html, OperatorPanel, PageLanguage, Panel, Posted, moment, number, plain, see_other,
    text,
};
use web::{App, Problem, Query, panel_words};

use crate::http::threads::Sending;
use crate::store;
use crate::threads::{self, Line, OpenThread, Refusal, Thread};

panel_words! {
    /// The words of these pages.
    enum Word {
        Conversations: "Conversations", "कुराकानी";
        Conversation: "Conversation", "कुराकानी";
        Who: "Who", "को";
        Unknown: "not registered", "दर्ता नभएको";
        Wrote: "Wrote last", "पछिल्लो सन्देश";
        Hands: "In whose hands", "कसको हातमा";
        Bot: "the dialogue", "स्वचालित";
        Asked: "asks for a person", "मान्छे खोज्दै";
        Operator: "an operator", "सञ्चालक";
        Waiting: "Waiting", "पर्खिरहेका";
        OnlyTaken: "Only those in a person's hands", "मान्छेको हातमा भएका मात्र";
        All: "All", "सबै";
        Stopped: "WhatsApp refuses our account: nothing is sent until somebody mends it.",
            "ह्वाट्सएपले हाम्रो खाता रोकेको छ: नमिलाएसम्म कुनै सन्देश जाँदैन।";
        Since: "Since", "यसबेलादेखि";
        WaitToGo: "Messages that wait", "पर्खिरहेका सन्देश";
        Take: "Take over", "आफैँ कुरा गर्ने";
        GiveBack: "Give back", "स्वचालितलाई फिर्ता";
        Verify: "The number is theirs", "नम्बर उहाँकै हो";
        Write: "Write", "लेख्नुहोस्";
        Send: "Send", "पठाउनुहोस्";
        Until: "Free messages until", "यतिसम्म लेख्न मिल्छ";
        Closed: "24 hours have passed since their last message: only templates can be sent now.",
            "पछिल्लो सन्देशको २४ घण्टा बित्यो: अब टेम्प्लेट मात्र पठाउन मिल्छ।";
        File: "file", "फाइल";
        Ours: "we", "हामी";
        AnotherHasIt: "Another operator has taken this conversation.", "यो कुराकानी अर्को सञ्चालकले लिनुभएको छ।";
        NotTaken: "It is with the dialogue already.", "यो स्वचालितकै हातमा छ।";
        NobodyWaits: "No number here waits to be verified.", "यहाँ पक्का गर्नुपर्ने नम्बर छैन।";
        PhoneTaken: "Another shop has this number.", "यो नम्बर अर्को पसलको हो।";
        TextLength: "Write 1 to 4096 characters.", "१ देखि ४०९६ अक्षर लेख्नुहोस्।";
        Gone: "Nobody has written from here.", "यहाँबाट कसैले लेखेको छैन।";
    }
}

/// The pages of this room.
pub fn pages() -> Router<App> {
    Router::new()
        .route("/admin/conversations", get(list))
        .route("/admin/conversations/{address}", get(show))
        .route("/admin/conversations/{address}/take", post(take))
        .route("/admin/conversations/{address}/give-back", post(give_back))
        .route("/admin/conversations/{address}/send", post(send))
        .route("/admin/conversations/{address}/verify", post(verify))
        .route("/admin/media/{id}", get(file))
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    taken: String,
    after: Option<String>,
}

async fn list(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    Query(query): Query<ListQuery>,
) -> Result<Html, Problem> {
    let (only_taken, page, language) = (query.taken == "yes", PageRequest::new(None, query.after), panel.language);
    let read = app.db.read(async move |tx| -> Result<_, DbError> {
        Ok((store::threads(tx, only_taken, &page).await?, Sending::read(tx).await?))
    });
    let (found, sending) = read.await?;
    let say = |word: Word| word.text(language);
    let columns = [text(say(Word::Who)), plain(say(Word::Wrote)), plain(say(Word::Hands)), number(say(Word::Waiting))];
    let row = |thread: &Thread| {
        vec![
            html! { a href={ "/admin/conversations/" (thread.address) } { (name(thread, language)) } },
            moment(thread.heard_at),
            hands(thread, language),
            html! { (thread.waiting) },
        ]
    };
    let kept: &[(&str, &str)] = if only_taken { &[("taken", "yes")] } else { &[] };
    let content = html! {
        @if let Some(alert) = &sending.alert {
            p.notice.bad role="alert" {
                (say(Word::Stopped)) " " (alert.why) br;
                (say(Word::Since)) " " (moment(alert.since)) ". " (say(Word::WaitToGo)) ": " (sending.waiting)
            }
        }
        div.actions {
            a.button href="/admin/conversations" { (say(Word::All)) }
            a.button href="/admin/conversations?taken=yes" { (say(Word::OnlyTaken)) }
        }
        (panel::table(language, say(Word::Conversations), &columns, found.items.iter().map(row).collect()))
        (panel::next_page(language, kept, found.next.as_deref()))
    };
    Ok(panel.page(say(Word::Conversations), content))
}

fn name(thread: &Thread, language: PageLanguage) -> Markup {
    html! {
        (thread.name.as_deref().unwrap_or(Word::Unknown.text(language))) " " small { (thread.address) }
    }
}

fn hands(thread: &Thread, language: PageLanguage) -> Markup {
    let (class, word) = match (thread.is_taken, thread.taken_by) {
        (false, _) => ("tag", Word::Bot),
        (true, None) => ("tag bad", Word::Asked),
        (true, Some(_)) => ("tag warn", Word::Operator),
    };
    html! { span class=(class) { (word.text(language)) } }
}

async fn show(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    Path(address): Path<String>,
) -> Result<Html, Problem> {
    let found = app.db.read(async move |tx| threads::open(tx, &address).await).await?;
    let open = found.ok_or_else(|| Problem::not_found("conversation"))?;
    Ok(page(&panel, &open, &Fields::default(), &Errors::default()))
}

fn page(panel: &Panel, open: &OpenThread, fields: &Fields, errors: &Errors) -> Html {
    let (thread, language, form) = (&open.thread, panel.language, Form { fields, errors });
    let say = |word: Word| word.text(language);
    let action = |deed: &str| format!("/admin/conversations/{}/{deed}", thread.address);
    let button = |deed: &str, word: Word| {
        html! { form method="post" action=(action(deed)) { (panel.hidden_fields()) button type="submit" { (say(word)) } } }
    };
    let content = html! {
        p { a href="/admin/conversations" { "← " (say(Word::Conversations)) } }
        dl.facts.card {
            dt { (say(Word::Who)) }
            dd {
                @if let Some(id) = thread.retailer_id { a href={ "/admin/retailers/" (id) } { (name(thread, language)) } }
                @else if let Some(id) = thread.vendor_id { a href={ "/admin/vendors/" (id) } { (name(thread, language)) } }
                @else { (name(thread, language)) }
            }
            dt { (say(Word::Hands)) } dd { (hands(thread, language)) }
            dt { (say(Word::Until)) } dd { (moment(open.window_until)) }
        }
        (form.general_errors())
        div.actions {
            @if thread.taken_by.is_none() { (button("take", Word::Take)) }
            @if thread.is_taken { (button("give-back", Word::GiveBack)) }
            @if thread.retailer_id.is_none() && thread.vendor_id.is_none() { (button("verify", Word::Verify)) }
        }
        (lines(&open.messages, thread, language))
        @if panel.cx.now < open.window_until {
            form.card method="post" action=(action("send")) {
                (panel.hidden_fields())
                (form.input("text", say(Word::Write), "text", None))
                div.actions { button.main type="submit" { (say(Word::Send)) } }
            }
        } @else {
            p.hint { (say(Word::Closed)) }
        }
    };
    panel.page(&format!("{}: {}", say(Word::Conversation), thread.name.as_deref().unwrap_or(&thread.address)), content)
}

fn lines(messages: &[Line], thread: &Thread, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let columns = [plain(say(Word::Wrote)), text(say(Word::Who)), plain(say(Word::Conversation))];
    let row = |line: &Line| {
        let who = if line.is_theirs { thread.name.as_deref().unwrap_or(&thread.address) } else { say(Word::Ours) };
        let state = line.state.map(|state| html! { " " small.tag { (state.as_str()) } });
        vec![
            moment(line.at),
            html! { (who) },
            html! {
                @for (number, part) in line.text.lines().enumerate() { @if number > 0 { br; } (part) }
                @if let Some(id) = &line.media_id { " " a href={ "/admin/media/" (id) } { (say(Word::File)) } }
                @if let Some(state) = state { (state) }
            },
        ]
    };
    panel::table(language, say(Word::Conversation), &columns, messages.iter().map(row).collect())
}

async fn take(
    State(app): State<App>,
    OperatorPanel(_panel): OperatorPanel,
    Path(address): Path<String>,
    posted: Posted,
) -> Response {
    deed(&app, posted, address, async |tx, cx, address, _| threads::take(tx, cx, address).await).await
}

async fn give_back(
    State(app): State<App>,
    OperatorPanel(_panel): OperatorPanel,
    Path(address): Path<String>,
    posted: Posted,
) -> Response {
    deed(&app, posted, address, async |tx, cx, address, _| threads::give_back(tx, cx, address).await).await
}

async fn send(
    State(app): State<App>,
    OperatorPanel(_panel): OperatorPanel,
    Path(address): Path<String>,
    posted: Posted,
) -> Response {
    deed(&app, posted, address, async |tx, cx, address, text| threads::send(tx, cx, address, text).await).await
}

async fn verify(
    State(app): State<App>,
    OperatorPanel(_panel): OperatorPanel,
    Path(address): Path<String>,
    posted: Posted,
) -> Response {
    deed(&app, posted, address, async |tx, cx, address, _| threads::verify(tx, cx, address).await).await
}

/// Does what a form asks for once, and shows the conversation again: with what is wrong, where it was refused.
async fn deed<F>(app: &App, posted: Posted, address: String, work: F) -> Response
where
    F: AsyncFn(&mut Tx, &Context, &str, &str) -> Result<Result<Thread, Refusal>, DbError> + Send + Sync + 'static,
{
    let Posted { panel, fields, keyed, .. } = posted;
    let cx = panel.cx.clone();
    web::once(app, keyed, cx, async move |tx, cx| {
        let Err(refusal) = work(tx, cx, &address, fields.text("text")).await? else {
            return Ok(see_other(&format!("/admin/conversations/{address}")));
        };
        let mut errors = Errors::default();
        let (field, said) = match refusal {
            Refusal::NotFound => ("", Word::Gone),
            Refusal::TakenByAnother(_) => ("", Word::AnotherHasIt),
            Refusal::NotTaken => ("", Word::NotTaken),
            Refusal::NotWaiting => ("", Word::NobodyWaits),
            Refusal::PhoneTaken => ("", Word::PhoneTaken),
            Refusal::WindowClosed(_) => ("", Word::Closed),
            Refusal::Text => ("text", Word::TextLength),
        };
        errors.add(field, said.text(panel.language));
        match threads::open(tx, &address).await? {
            Some(open) => Ok(page(&panel, &open, &fields, &errors).answer(StatusCode::CONFLICT)),
            None => Ok(Problem::not_found("conversation").stored()),
        }
    })
    .await
}

/// A file that someone sent, as a download.
async fn file(
    State(app): State<App>,
    OperatorPanel(_panel): OperatorPanel,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    crate::http::threads::download(&app, id).await
}
