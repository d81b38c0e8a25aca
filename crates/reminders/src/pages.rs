//! The panel's page about reminders: who gets what on a day ahead, what was sent, and the settings. For operators.

use std::collections::HashMap;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use db::{DbError, Tx};
use http::StatusCode;
use kernel::{CycleId, Page, PageRequest, RetailerId};
use maud::{Markup, html};
use parties::Retailer;
use serde::Deserialize;
use web::panel::{
    self, Errors, Fields, Form, Html, OperatorPanel, PageLanguage, Panel, Posted, Sheet, day, money, number, plain,
    see_other, text,
};
use web::{App, Problem, Query, once};

use crate::http::is_ahead;
use crate::preview::{PreviewCycle, PreviewItem, WhyNot, preview};
use crate::rules::{Skipped, Stage};
use crate::settings::{self, Refusal, Settings, SettingsChange};
use crate::store::{self, Filter, Reminder, State as Outcome};

web::panel_words! {
    /// The words of the page.
    enum Word {
        Reminders: "Reminders", "सम्झना";
        Day: "Day", "मिति";
        Show: "Show", "हेर्नुहोस्";
        Ahead: "Who gets what", "कसले के पाउँछ";
        AheadHint: "Today to 14 days ahead. Nothing is sent before 7 in the morning or after 8 in the evening.",
            "आजदेखि १४ दिनसम्म। बिहान ७ अघि र बेलुका ८ पछि केही पठाइँदैन।";
        WrongDay: "Today to 14 days ahead.", "आजदेखि १४ दिनसम्मको मिति।";
        Nobody: "Nobody is to be reminded of anything on this day.", "यो दिन कसैलाई सम्झाउनु छैन।";
        None: "No message", "सन्देश जाँदैन";
        Template: "After 24 hours of silence the template goes", "२४ घण्टा नलेखेकालाई यो टेम्प्लेट जान्छ";
        Bill: "Bill", "बिल";
        Vendor: "Wholesaler", "थोक बिक्रेता";
        Occasion: "Occasion", "किन";
        Open: "Open", "बाँकी";
        Due: "Due", "तिर्ने मिति";
        Settles: "Settles it", "तिर्न पुग्ने";
        What: "What becomes of it", "के हुन्छ";
        Shop: "Shop", "पसल";
        Sent: "Sent", "पठाइयो";
        WillSend: "Is named", "सन्देशमा पर्छ";
        Past: "What was sent and left out", "पठाइएका र छोडिएका";
        Settings: "Settings", "सेटिङ";
        WeeklyOn: "What stays overdue is reminded of every week.", "म्याद नाघेको बिल हरेक हप्ता सम्झाइन्छ।";
        WeeklyOff: "There are no weekly reminders.", "साप्ताहिक सम्झना छैन।";
        RanOn: "Last written for", "पछिल्लो पटक";
        Weekly: "Remind every week of what stays overdue", "म्याद नाघेको बिल हरेक हप्ता सम्झाउने";
        Change: "Change", "बदल्ने";
        Reason: "Reason", "कारण";
        ReasonHint: "It stands in the audit log.", "यो अभिलेखमा रहन्छ।";
        ReasonWrong: "1 to 500 characters.", "१ देखि ५०० अक्षर।";
        Stale: "Somebody changed the settings meanwhile. Please look and try again.",
            "यसबीचमा अरूले बदलेछन्। हेरेर फेरि गर्नुहोस्।";
        DayBefore: "The day before", "अघिल्लो दिन";
        DueToday: "Due that day", "त्यही दिन";
        Overdue3: "3 days late", "३ दिन नाघेको";
        EveryWeek: "Weekly", "साप्ताहिक";
        Broken: "After a promise", "वाचा नाघेको";
        Promised: "Promised", "तिर्ने वाचा छ";
        Disputed: "Disputed", "गुनासो खुला छ";
        Stopped: "Said stop", "बन्द गर भनेको";
        Reminded: "Reminded that day already", "त्यस दिन सम्झाइसकियो";
        Done: "Done before", "पहिल्यै भइसक्यो";
        Missed: "Missed: no server ran", "छुट्यो: सर्भर चलेन";
    }
}

/// The pages of this room.
pub fn pages() -> Router<App> {
    Router::new()
        .route("/admin/reminders", get(show))
        .route("/admin/reminders/settings", get(show_settings).post(put_settings))
}

#[derive(Deserialize)]
struct ShowQuery {
    #[serde(default)]
    on: String,
    /// The cursor of the preview.
    next: Option<String>,
    /// The cursor of what was sent.
    after: Option<String>,
}

/// What the page shows.
struct Shown {
    ahead: Page<PreviewItem>,
    past: Page<Reminder>,
    shops: HashMap<RetailerId, Retailer>,
    numbers: HashMap<CycleId, String>,
    settings: Settings,
}

/// Retailers of the preview at once.
const AHEAD: i64 = 20;

async fn show(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    Query(query): Query<ShowQuery>,
) -> Result<Html, Problem> {
    let (language, today) = (panel.language, panel.cx.today());
    let fields = Fields::of([("on", query.on)]);
    let mut errors = Errors::default();
    let asked = fields.date("on", language, &mut errors).unwrap_or(today.plus_days(1));
    if !is_ahead(today, asked) {
        errors.add("on", Word::WrongDay.text(language));
    }
    let on = if is_ahead(today, asked) { asked } else { today.plus_days(1) };
    let (ahead, past) = (PageRequest::new(Some(AHEAD), query.next), PageRequest::new(None, query.after));
    let shown = app
        .db
        .read::<_, DbError, _>(async move |tx: &mut Tx| {
            let (ahead, past) = (preview(tx, on, &ahead).await?, store::reminders(tx, Filter::default(), &past).await?);
            let shops: Vec<RetailerId> = past.items.iter().map(|reminder| reminder.retailer_id).collect();
            let cycles: Vec<CycleId> = past.items.iter().map(|reminder| reminder.cycle_id).collect();
            Ok(Shown {
                shops: parties::retailers(tx, &shops).await?,
                numbers: credit::cycle_numbers(tx, &cycles).await?,
                settings: settings::settings(tx).await?,
                ahead,
                past,
            })
        })
        .await?;
    let say = |word: Word| word.text(language);
    let asked = Fields::of([("on", on.to_string())]);
    let form = Form { fields: if errors.is_empty() { &asked } else { &fields }, errors: &errors };
    let content = html! {
        p.lead {
            (say(if shown.settings.weekly { Word::WeeklyOn } else { Word::WeeklyOff }))
            @if let Some(ran_on) = shown.settings.ran_on { " " (say(Word::RanOn)) ": " (day(ran_on)) "." }
        }
        div.actions { a.button href="/admin/reminders/settings" { (say(Word::Settings)) } }
        h2 { (say(Word::Ahead)) ": " (day(on)) }
        form.search method="get" {
            (form.input("on", say(Word::Day), "date", Some(say(Word::AheadHint))))
            button type="submit" { (say(Word::Show)) }
        }
        @if shown.ahead.items.is_empty() { p.nothing { (say(Word::Nobody)) } }
        @for item in &shown.ahead.items { (ahead_of(item, language)) }
        @if let Some(next) = &shown.ahead.next {
            p { a.button rel="next" href={ "?on=" (on) "&next=" (next) } { (panel::Shared::NextPage.text(language)) } }
        }
        h2 #past { (say(Word::Past)) }
        (past_table(&shown, language))
        (panel::next_page(language, &[("on", asked.text("on"))], shown.past.next.as_deref()))
    };
    Ok(panel.page(say(Word::Reminders), content))
}

/// What one retailer gets.
fn ahead_of(item: &PreviewItem, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let rows = item.cycles.iter().map(|cycle| {
        vec![
            html! { a href={ "/admin/cycles/" (cycle.cycle_id) } { (cycle.number) } },
            html! { (cycle.vendor_name) },
            html! { (stage(cycle.stage, language)) },
            day(cycle.due_on),
            money(cycle.outstanding),
            html! { @match cycle.cash { Some(cash) => (money(cash)), None => "–" } },
            fate(cycle, language),
        ]
    });
    html! {
        section.card {
            h3 { a href={ "/admin/retailers/" (item.retailer_id) } { (item.name) } }
            (panel::table(
                language,
                &item.name,
                &[
                    plain(say(Word::Bill)), text(say(Word::Vendor)), text(say(Word::Occasion)), text(say(Word::Due)),
                    number(say(Word::Open)), number(say(Word::Settles)), text(say(Word::What)),
                ],
                rows.collect(),
            ))
            @match &item.text {
                Some(message) => p.message {
                    @for (number, part) in message.lines().enumerate() { @if number > 0 { br; } (part) }
                },
                None => p.hint { (say(Word::None)) },
            }
            @if let Some(template) = &item.template { p.hint { (say(Word::Template)) ": " (template) } }
        }
    }
}

fn fate(cycle: &PreviewCycle, language: PageLanguage) -> Markup {
    let word = match cycle.why_not {
        None => Word::WillSend,
        Some(WhyNot::Promised) => Word::Promised,
        Some(WhyNot::Disputed) => Word::Disputed,
        Some(WhyNot::Stopped) => Word::Stopped,
        Some(WhyNot::Reminded) => Word::Reminded,
        Some(WhyNot::Done) => Word::Done,
    };
    html! { (word.text(language)) @if let Some(by) = cycle.promised_on { " " (day(by)) } }
}

fn stage(stage: Stage, language: PageLanguage) -> &'static str {
    let word = match stage {
        Stage::DayBefore => Word::DayBefore,
        Stage::Due => Word::DueToday,
        Stage::Overdue3 => Word::Overdue3,
        Stage::Weekly => Word::EveryWeek,
        Stage::BrokenPromise => Word::Broken,
    };
    word.text(language)
}

fn past_table(shown: &Shown, language: PageLanguage) -> Markup {
    let say = |word: Word| word.text(language);
    let outcome = |reminder: &Reminder| match (reminder.state, reminder.reason) {
        (Outcome::Sent, _) => Word::Sent,
        (_, Some(Skipped::Promised)) => Word::Promised,
        (_, Some(Skipped::Stopped)) => Word::Stopped,
        (_, _) => Word::Missed,
    };
    let rows = shown.past.items.iter().map(|reminder| {
        let shop = shown.shops.get(&reminder.retailer_id).map_or("–", |shop| shop.name.as_str());
        let bill = shown.numbers.get(&reminder.cycle_id).map_or("–", String::as_str);
        vec![
            day(reminder.day),
            html! { a href={ "/admin/retailers/" (reminder.retailer_id) } { (shop) } },
            html! { a href={ "/admin/cycles/" (reminder.cycle_id) } { (bill) } },
            html! { (stage(reminder.stage, language)) },
            html! { (say(outcome(reminder))) },
        ]
    });
    let columns = [
        text(say(Word::Day)),
        plain(say(Word::Shop)),
        text(say(Word::Bill)),
        text(say(Word::Occasion)),
        text(say(Word::What)),
    ];
    panel::table(language, say(Word::Past), &columns, rows.collect())
}

async fn show_settings(State(app): State<App>, OperatorPanel(panel): OperatorPanel) -> Result<Html, Problem> {
    let found = app.db.read::<_, DbError, _>(async move |tx| settings::settings(tx).await).await?;
    Ok(settings_page(&panel, &known(&found), &Errors::default()))
}

/// What the form is opened on.
fn known(settings: &Settings) -> Fields {
    let weekly = if settings.weekly { "yes" } else { "" };
    Fields::of([("weekly", weekly.to_owned()), ("version", settings.version.to_string())])
}

fn settings_page(panel: &Panel, fields: &Fields, errors: &Errors) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let say = |word: Word| word.text(language);
    let sheet = Sheet {
        panel,
        deed: say(Word::Change),
        subject: say(Word::Reminders),
        back: "/admin/reminders".to_owned(),
        hint: None,
        is_final: false,
    };
    let controls = html! {
        input type="hidden" name="version" value=(fields.text("version"));
        (form.tick("weekly", say(Word::Weekly)))
        (form.input("reason", say(Word::Reason), "text", Some(say(Word::ReasonHint))))
    };
    sheet.page(&form, &html! {}, &controls)
}

async fn put_settings(State(app): State<App>, posted: Posted) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        if !cx.actor.is_operator() {
            let detail = "your role may not do this; ask an operator";
            return Ok(Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", detail).stored());
        }
        let mut errors = Errors::default();
        let change = SettingsChange { weekly: fields.is_ticked("weekly"), reason: fields.text("reason").to_owned() };
        let seen = fields.number("version", panel.language, &mut errors);
        match settings::change_settings(tx, cx, seen, &change).await? {
            Ok(_) => return Ok(see_other("/admin/reminders")),
            Err(Refusal::Reason) => errors.add("reason", Word::ReasonWrong.text(panel.language)),
            Err(Refusal::VersionMismatch { .. }) => errors.add("", Word::Stale.text(panel.language)),
        }
        Ok(settings_page(&panel, &fields, &errors).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}
