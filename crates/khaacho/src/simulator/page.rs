//! The simulator in the panel: someone's telephone with its bubbles and buttons, the clock, and how WhatsApp misbehaves.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, response::IntoResponse};
use conversation::OpenThread;
use db::DbError;
use maud::{Markup, html};
use serde::Deserialize;
use web::panel::{
    self, Errors, Fields, Form, Html, OperatorPanel, PageLanguage, Panel, Posted, moment, plain, see_other, text,
};
use web::{App, Problem, Query, panel_words};
use whatsapp::fake::{Behaviour, Say};
use whatsapp::recipient::Recipient;

use super::{Player, Simulator, bubbles, players};
use crate::meta::{Mischief, Wish, press, user_id};

/// How long an answer is waited for before the page is shown.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(50);

panel_words! {
    /// The words of this page.
    enum Word {
        Simulator: "Simulator", "अभ्यास";
        Person: "Be someone", "को बन्ने";
        Phone: "Telephone of", "फोन";
        Say: "Say something", "केही भन्नुहोस्";
        Send: "Send", "पठाउनुहोस्";
        When: "When", "कहिले";
        Who: "Who", "को";
        What: "What", "के";
        Platform: "Khaacho", "खाचो";
        Clock: "Days ahead", "कति दिन अगाडि";
        Now: "It is", "अहिले";
        Move: "Move the clock", "समय सार्नुहोस्";
        Misbehave: "WhatsApp misbehaves", "ह्वाट्सएप बिग्रिएको";
        Well: "not at all", "ठिक छ";
        Error: "error: code of the next refusal", "त्रुटि: अर्को अस्वीकारको कोड";
        Set: "Let it be so", "यस्तै होस्";
        Nobody: "There is nobody to be yet.", "अहिले कोही छैन।";
        Wrong: "That cannot be done: choose again.", "त्यो मिलेन: फेरि छान्नुहोस्।";
    }
}

/// What WhatsApp can do, as the form and `/misbehave` name it.
const MISCHIEFS: &[(&str, Option<Mischief>)] = &[
    ("off", None),
    ("duplicates", Some(Mischief::Duplicates)),
    ("reorder", Some(Mischief::Reorder)),
    ("late", Some(Mischief::Late)),
    ("failed", Some(Mischief::Failed)),
    ("no-phone", Some(Mischief::NoPhone)),
];

/// The page of the simulator, which is there in simulator mode only.
pub fn pages(simulator: Simulator) -> Router<App> {
    Router::new()
        .route("/admin/simulator", get(show))
        .route("/admin/simulator/say", post(say))
        .route("/admin/simulator/clock", post(advance))
        .route("/admin/simulator/misbehave", post(misbehave))
        .layer(Extension(simulator))
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default, rename = "as")]
    phone: String,
}

async fn show(
    OperatorPanel(panel): OperatorPanel,
    State(app): State<App>,
    Extension(simulator): Extension<Simulator>,
    Query(asked): Query<Asked>,
) -> Result<Html, Problem> {
    page(&app, &simulator, &panel, &asked.phone, &Errors::default()).await
}

async fn page(app: &App, simulator: &Simulator, panel: &Panel, phone: &str, errors: &Errors) -> Result<Html, Problem> {
    let people = players(&app.db).await?;
    let language = panel.language;
    let say = |word: Word| word.text(language);
    let me = people.iter().find(|player| player.phone == phone).or_else(|| people.first());
    let Some(me) = me else { return Ok(panel.page(say(Word::Simulator), html! { p { (say(Word::Nobody)) } })) };
    let mischief = simulator.meta.lock().await.mischief;
    let address = if mischief == Some(Mischief::NoPhone) { user_id(&me.phone) } else { me.phone.clone() };
    let wanted = address.clone();
    let thread = app.db.read::<_, DbError, _>(async move |tx| conversation::open_thread(tx, &wanted).await).await?;
    let mischief_name = MISCHIEFS.iter().find(|(_, value)| *value == mischief).map_or("off", |(name, _)| *name);
    let fields =
        Fields::of([("as", me.phone.clone()), ("misbehave", mischief_name.to_owned()), ("days", "1".to_owned())]);
    let form = Form { fields: &fields, errors };
    let names: Vec<(&str, &str)> = people.iter().map(|player| (player.phone.as_str(), player.name.as_str())).collect();
    let mischiefs: Vec<(&str, &str)> =
        MISCHIEFS.iter().map(|(name, _)| (*name, if *name == "off" { say(Word::Well) } else { *name })).collect();
    let hidden = || html! { (panel.hidden_fields()) input type="hidden" name="as" value=(me.phone); };
    let content = html! {
        (form.general_errors())
        form.search method="get" {
            (form.select("as", say(Word::Person), &names, None))
            button type="submit" { (say(Word::Person)) }
        }
        h2 { (say(Word::Phone)) " " (me.name) " " small { "+" (me.phone) } }
        @if let Some(thread) = &thread { (lines(thread, me, language)) }
        (buttons(simulator, &address, &hidden))
        form.card method="post" action="/admin/simulator/say" {
            (hidden())
            (form.input("text", say(Word::Say), "text", None))
            div.actions { button.main type="submit" { (say(Word::Send)) } }
        }
        form.card method="post" action="/admin/simulator/clock" {
            (hidden())
            p { (say(Word::Now)) " " (moment(panel.cx.now)) }
            (form.input("days", say(Word::Clock), "number", None))
            div.actions { button type="submit" { (say(Word::Move)) } }
        }
        form.card method="post" action="/admin/simulator/misbehave" {
            (hidden())
            (form.select("misbehave", say(Word::Misbehave), &mischiefs, None))
            (form.input("code", say(Word::Error), "number", None))
            div.actions { button type="submit" { (say(Word::Set)) } }
        }
    };
    Ok(panel.page(say(Word::Simulator), content))
}

fn lines(thread: &OpenThread, me: &Player, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let columns = [plain(say(Word::When)), text(say(Word::Who)), plain(say(Word::What))];
    let rows = thread.messages.iter().map(|line| {
        let who = if line.is_theirs { me.name.as_str() } else { say(Word::Platform) };
        let parts = line.text.lines().enumerate();
        vec![moment(line.at), html! { (who) }, html! { @for (number, part) in parts { @if number > 0 { br; } (part) } }]
    });
    panel::table(language, say(Word::Phone), &columns, rows.collect())
}

/// What can be pressed under the last bubble.
fn buttons(simulator: &Simulator, address: &str, hidden: &impl Fn() -> Markup) -> Markup {
    let last = bubbles(&simulator.graph, 0).into_iter().rev().find(|bubble| bubble.to == address);
    let titles: Vec<String> =
        last.iter().flat_map(|last| last.message.choices()).map(|choice| choice.title.to_owned()).collect();
    html! {
        div.actions {
            @for (number, title) in (1..).zip(&titles) {
                form method="post" action="/admin/simulator/say" {
                    (hidden())
                    input type="hidden" name="text" value=(number.to_string());
                    button type="submit" { (number) ". " (title) }
                }
            }
        }
    }
}

fn back(phone: &str) -> Response {
    see_other(&format!("/admin/simulator?as={phone}")).into_response()
}

async fn refused(app: &App, simulator: &Simulator, posted: &Posted) -> Result<Response, Problem> {
    let mut errors = Errors::default();
    errors.add("", Word::Wrong.text(posted.panel.language));
    Ok(page(app, simulator, &posted.panel, posted.fields.text("as"), &errors).await?.into_response())
}

async fn say(
    OperatorPanel(_panel): OperatorPanel,
    State(app): State<App>,
    Extension(simulator): Extension<Simulator>,
    posted: Posted,
) -> Result<Response, Problem> {
    let (phone, words) = (posted.fields.text("as").to_owned(), posted.fields.text("text").to_owned());
    let Some(me) = players(&app.db).await?.into_iter().find(|player| player.phone == phone) else {
        return refused(&app, &simulator, &posted).await;
    };
    if words.is_empty() {
        return refused(&app, &simulator, &posted).await;
    }
    let mut meta = simulator.meta.lock().await;
    let person = meta.person(&me.phone, &me.name);
    let address = person.recipient().as_ref().map(Recipient::as_str).unwrap_or_default().to_owned();
    let before = bubbles(&simulator.graph, 0);
    let pressed = before.iter().rev().find(|bubble| bubble.to == address).and_then(|last| press(last, &words));
    let said = pressed.unwrap_or(Say::Text(words));
    match meta.say(&person, &said, app.clock.now()).await {
        Ok(true) => {}
        Ok(false) => return Ok(back(&phone)),
        Err(error) => {
            tracing::warn!(%error, "the simulator could not deliver a webhook");
            return refused(&app, &simulator, &posted).await;
        }
    }
    let mut waited = Duration::ZERO;
    while waited < PATIENCE {
        let new: Vec<_> =
            bubbles(&simulator.graph, before.len()).into_iter().filter(|bubble| bubble.to == address).collect();
        if !new.is_empty() {
            if let Err(error) = meta.tell(&new, app.clock.now()).await {
                tracing::warn!(%error, "the simulator could not deliver a status");
            }
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
        waited = waited.saturating_add(LOOK_EVERY);
    }
    Ok(back(&phone))
}

async fn advance(
    OperatorPanel(_panel): OperatorPanel,
    State(app): State<App>,
    Extension(simulator): Extension<Simulator>,
    posted: Posted,
) -> Result<Response, Problem> {
    let days = posted.fields.text("days").parse::<u16>().ok().filter(|days| *days <= 3_650);
    let Some(days) = days else { return refused(&app, &simulator, &posted).await };
    simulator.clock.advance_seconds(i64::from(days).saturating_mul(24 * 60 * 60));
    let (panel, now) = (posted.panel.clone(), simulator.clock.now());
    app.db.write(async move |tx| web::panel::go_on(tx, &panel, now).await).await?;
    Ok(back(posted.fields.text("as")))
}

async fn misbehave(
    OperatorPanel(_panel): OperatorPanel,
    State(app): State<App>,
    Extension(simulator): Extension<Simulator>,
    posted: Posted,
) -> Result<Response, Problem> {
    let wish = match posted.fields.filled("code") {
        Some(code) => Wish::read(&format!("error {code}")),
        None => Wish::read(posted.fields.text("misbehave")),
    };
    match wish {
        Ok(Wish::From(mischief)) => simulator.meta.lock().await.mischief = mischief,
        Ok(Wish::Error(code)) => simulator.graph.next(1, Behaviour::Refuse(code)),
        Err(_) => return refused(&app, &simulator, &posted).await,
    }
    Ok(back(posted.fields.text("as")))
}
