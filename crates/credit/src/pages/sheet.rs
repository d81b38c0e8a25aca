//! A form that does one thing, on a page of its own: it is shown, carried out once, and shown again with what is wrong.

use http::StatusCode;
use maud::{Markup, html};
use web::Problem;
use web::panel::{Errors, Fields, Form, Html, PageLanguage, Panel};

use super::words::{self, Say};
use crate::refusal::Refusal;

/// What stands around the fields.
pub(super) struct Sheet<'a> {
    /// Who sees it.
    pub(super) panel: &'a Panel,
    /// What is done, which is also what the button says.
    pub(super) deed: &'a str,
    /// To whom or what.
    pub(super) subject: &'a str,
    /// Where one goes back to.
    pub(super) back: String,
    /// What it means, where that is not plain.
    pub(super) hint: Option<&'a str>,
    /// Whether it moves money or stops credit, so that a tick is asked for.
    pub(super) is_final: bool,
}

impl Sheet<'_> {
    /// The page.
    pub(super) fn page(&self, form: &Form<'_>, lead: &Markup, fields: &Markup) -> Html {
        let language = self.panel.language;
        let content = html! {
            p { a href=(self.back) { "← " (self.subject) } }
            (lead)
            form.card.narrow method="post" {
                (form.general_errors())
                (self.panel.hidden_fields())
                @if let Some(hint) = self.hint { p.hint { (hint) } }
                (fields)
                @if self.is_final { (form.tick("sure", Say::Sure.text(language))) }
                div.actions {
                    button.main type="submit" .danger[self.is_final] { (self.deed) }
                    a.button href=(self.back) { (Say::BackToList.text(language)) }
                }
            }
        };
        self.panel.page(&format!("{}: {}", self.deed, self.subject), content)
    }
}

/// Asks for the tick of a form that cannot be taken back.
pub(super) fn be_sure(fields: &Fields, errors: &mut Errors, language: PageLanguage) {
    if !fields.is_ticked("sure") {
        errors.add("sure", Say::NotSure.text(language));
    }
}

/// Puts a refusal beside the field that it is about.
pub(super) fn add(errors: &mut Errors, refusal: &Refusal, language: PageLanguage) {
    let (field, text) = words::refusal(refusal, language);
    errors.add(field, text);
}

/// What was just done, as a word of the address says.
pub(super) fn done(word: &str, language: PageLanguage) -> Markup {
    html! { @if !word.is_empty() { p.notice role="status" { (Say::Done.text(language)) } } }
}

/// The page is not for this role.
pub(super) fn forbidden() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", "only operators may do this")
}
