//! Changing a rule, with its earlier versions.

use axum::extract::State;
use axum::response::Response;
use db::DbError;
use http::StatusCode;
use kernel::PageRequest;
use maud::{Markup, html};
use serde_json::{Map, Value};
use web::panel::{
    self, Errors, Fields, Form, Html, OperatorPanel, Panel, Posted, Sheet, moment, plain, see_other, text,
};
use web::{App, PathId, Problem, once};

use super::words::{self, Word};
use super::{add, not_for_you};
use crate::changes::change_rule;
use crate::rules::{Category, Rules};
use crate::store::{self, RuleVersion};

/// The values of a rule as a form has them.
pub(super) fn known(rule: &Value, prefix: &str, mut into: Vec<(String, String)>) -> Vec<(String, String)> {
    let each = rule.as_object().into_iter().flatten().map(|(name, value)| {
        let text = match value {
            Value::Bool(true) => "yes".to_owned(),
            Value::Bool(false) => String::new(),
            value => value.to_string(),
        };
        (format!("{prefix}{name}"), text)
    });
    into.extend(each);
    into
}

/// The values of a category that a form says; what is wrong is added to the errors.
pub(super) fn asked(
    category: Category,
    (fields, prefix): (&Fields, &str),
    language: panel::PageLanguage,
    errors: &mut Errors,
) -> Value {
    let usual = Rules::default().get(category);
    let each = usual.as_object().into_iter().flatten().map(|(name, value)| {
        let field = format!("{prefix}{name}");
        let said = match value {
            Value::Bool(_) => Value::Bool(fields.is_ticked(&field)),
            value => fields.number(&field, language, errors).map_or_else(|| value.clone(), Value::from),
        };
        (name.clone(), said)
    });
    Value::Object(each.collect::<Map<_, _>>())
}

/// The controls of a rule.
pub(super) fn controls(category: Category, form: &Form<'_>, prefix: &str, language: panel::PageLanguage) -> Markup {
    let usual = Rules::default().get(category);
    html! {
        @for (name, value) in usual.as_object().into_iter().flatten() {
            @if let Some(word) = words::value(category, name) {
                @let field = format!("{prefix}{name}");
                @if value.is_boolean() { (form.tick(&field, word.text(language))) }
                @else { (form.input(&field, word.text(language), "numeric", None)) }
            }
        }
    }
}

fn page(panel: &Panel, category: Category, history: &[RuleVersion], fields: &Fields, errors: &Errors) -> Html {
    let (language, form) = (panel.language, Form { fields, errors });
    let say = |word: Word| word.text(language);
    let sheet = Sheet {
        panel,
        deed: say(Word::Change),
        subject: say(words::category(category)),
        back: "/admin/watch#rules".to_owned(),
        hint: None,
        is_final: false,
    };
    let rows = history.iter().map(|version| {
        vec![
            html! { (version.version) },
            html! { (super::watch::values(category, &version.rule, language)) },
            html! { (version.reason.as_deref().unwrap_or_default()) },
            html! { @if let Some(at) = version.at { (moment(at)) } },
        ]
    });
    let columns = [plain(say(Word::Version)), text(say(Word::Values)), text(say(Word::Reason)), text(say(Word::When))];
    let lead = html! {
        @if !history.is_empty() {
            h2 { (say(Word::History)) }
            (panel::table(language, say(Word::History), &columns, rows.collect()))
        }
    };
    let fields = html! {
        input type="hidden" name="version" value=(fields.text("version"));
        (controls(category, &form, "", language))
        (form.input("reason", say(Word::Reason), "text", Some(say(Word::ReasonHint))))
    };
    sheet.page(&form, &lead, &fields)
}

/// The form, open on what is in force.
pub(super) async fn show(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    PathId(category): PathId<Category>,
) -> Result<Html, Problem> {
    let found = app.db.read::<_, DbError, _>(async move |tx| {
        Ok((store::rules(tx).await?, store::rule_history(tx, category, &PageRequest::default()).await?))
    });
    let (in_force, history) = found.await?;
    let version = ("version".to_owned(), in_force.version(category).to_string());
    let known = Fields::from(known(&in_force.rules.get(category), "", vec![version]));
    Ok(page(&panel, category, &history.items, &known, &Errors::default()))
}

pub(super) async fn put(State(app): State<App>, PathId(category): PathId<Category>, posted: Posted) -> Response {
    let Posted { panel, fields, keyed, .. } = posted;
    once(&app, keyed, panel.cx.clone(), async move |tx, cx| {
        if !cx.actor.is_operator() {
            return Ok(not_for_you().stored());
        }
        let (mut errors, language) = (Errors::default(), panel.language);
        let seen = fields.number("version", language, &mut errors);
        let rule = asked(category, (&fields, ""), language, &mut errors);
        if errors.is_empty() {
            match change_rule(tx, cx, (category, seen), rule, fields.text("reason")).await? {
                Ok(_) => return Ok(see_other("/admin/watch#rules")),
                Err(refusal) => add(&mut errors, &refusal, language),
            }
        }
        let history = store::rule_history(tx, category, &PageRequest::default()).await?;
        Ok(page(&panel, category, &history.items, &fields, &errors).answer(StatusCode::UNPROCESSABLE_ENTITY))
    })
    .await
}
