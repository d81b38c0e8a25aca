//! A form that does one thing, on a page of its own: it is shown, carried out once, and shown again with what is wrong.

use maud::{Markup, html};

use super::form::{Errors, Fields, Form};
use super::frame::Panel;
use super::page::Html;
use super::words::{PageLanguage, Shared};

/// What stands around the fields.
#[derive(Clone, Debug)]
pub struct Sheet<'a> {
    /// Who sees it.
    pub panel: &'a Panel,
    /// What is done, which is also what the button says.
    pub deed: &'a str,
    /// To whom or what.
    pub subject: &'a str,
    /// Where one goes back to.
    pub back: String,
    /// What it means, where that is not plain.
    pub hint: Option<&'a str>,
    /// Whether it moves money or stops credit, so that a tick is asked for.
    pub is_final: bool,
}

impl Sheet<'_> {
    /// The page.
    pub fn page(&self, form: &Form<'_>, lead: &Markup, fields: &Markup) -> Html {
        self.encoded(None, form, lead, fields)
    }

    /// The page of a form that asks for a file among its fields.
    pub fn page_with_file(&self, form: &Form<'_>, lead: &Markup, fields: &Markup) -> Html {
        self.encoded(Some("multipart/form-data"), form, lead, fields)
    }

    fn encoded(&self, encoding: Option<&str>, form: &Form<'_>, lead: &Markup, fields: &Markup) -> Html {
        let language = self.panel.language;
        let content = html! {
            p { a href=(self.back) { "← " (self.subject) } }
            (lead)
            form.card.narrow method="post" enctype=[encoding] {
                (form.general_errors())
                (self.panel.hidden_fields())
                @if let Some(hint) = self.hint { p.hint { (hint) } }
                (fields)
                @if self.is_final { (form.tick("sure", Shared::Sure.text(language))) }
                div.actions {
                    button.main type="submit" .danger[self.is_final] { (self.deed) }
                    a.button href=(self.back) { (Shared::Back.text(language)) }
                }
            }
        };
        self.panel.page(&format!("{}: {}", self.deed, self.subject), content)
    }
}

impl Errors {
    /// Asks for the tick of a form that cannot be taken back.
    pub fn be_sure(&mut self, fields: &Fields, language: PageLanguage) {
        if !fields.is_ticked("sure") {
            self.add("sure", Shared::NotSure.text(language));
        }
    }
}

/// What was just done, with the ways that go on from there.
pub fn done(text: &str, ways: &[(String, &str)]) -> Markup {
    html! {
        p.notice role="status" {
            (text)
            @for (path, name) in ways { " " a href=(path) { (name) } }
        }
    }
}
