//! What the forms of credit have in common: where a refusal is shown, who is sent away, what is said afterwards.

use http::StatusCode;
use maud::{Markup, html};
use web::Problem;
use web::panel::{self, Errors, Fields, PageLanguage};

use super::words::{self, Say};
use crate::refusal::Refusal;

/// Puts a refusal beside the field that it is about.
pub(super) fn add(errors: &mut Errors, refusal: &Refusal, language: PageLanguage) {
    let (field, text) = words::refusal(refusal, language);
    errors.add(field, text);
}

/// The page is not for this role.
pub(super) fn forbidden() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", "only operators may do this")
}

/// What was just done on the page with this path, as a word of the address says, and the way back or on.
pub(super) fn done(word: &str, path: &str, language: PageLanguage) -> Markup {
    let way = match word {
        "change" | "pause" | "block" | "resume" => Some(("change", Say::Again)),
        "note" | "promise" | "cap" | "ceiling" => Some((word, Say::Again)),
        "dispute" => Some(("decide", Say::Decide)),
        "apply" => Some(("reverse", Say::Reverse)),
        "pause-all" | "block-all" => Some(("resume", Say::ResumeAll)),
        "resume-all" => Some(("pause", Say::PauseAll)),
        _ => None,
    };
    let ways: Vec<(String, &str)> =
        way.map(|(page, name)| (format!("{path}/{page}"), name.text(language))).into_iter().collect();
    html! { @if let Some(text) = words::done(word, language) { (panel::done(text, &ways)) } }
}

/// What a form that changes something was opened on, and what holds now where that is no longer the same.
#[derive(Clone, Copy)]
pub(super) struct Now<'a> {
    /// What was typed, with the version that was seen.
    pub(super) fields: &'a Fields,
    /// What holds now, where somebody changed it since the form was opened.
    pub(super) stale: Option<&'a Fields>,
    pub(super) language: PageLanguage,
}

impl Now<'_> {
    /// That somebody was faster.
    pub(super) fn notice(&self) -> Markup {
        html! { @if self.stale.is_some() { p.notice.warn role="alert" { (Say::Stale.text(self.language)) } } }
    }

    /// What holds now, to stand beside what was typed, where the two differ.
    pub(super) fn beside(&self, name: &str) -> Option<String> {
        let holds = self.stale?.text(name);
        (holds != self.fields.text(name)).then(|| format!("{}: {holds}", Say::HoldsNow.text(self.language)))
    }

    /// The hidden version: the one that was seen, and once what holds now is shown, that.
    pub(super) fn version(&self) -> Markup {
        html! { input type="hidden" name="version" value=(self.stale.unwrap_or(self.fields).text("version")); }
    }
}
