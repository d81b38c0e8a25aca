//! The page around every page.

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use kernel::{Bikram, BusinessDate, Instant, Money};
use maud::{DOCTYPE, Markup, html};

use super::frame::{Guest, Panel, Visit};
use super::words::{PageLanguage, Shared};
use super::{assets, form};
use crate::StoredAnswer;

/// What htmx may do: no inline styles, no code from texts, nothing but the answer to its own page.
const HTMX_CONFIG: &str =
    r#"{"includeIndicatorStyles":false,"allowEval":false,"selfRequestsOnly":true,"historyCacheSize":0}"#;

/// A whole page, or the part of one that a script asked for.
#[derive(Clone, Debug)]
pub struct Html(pub(super) String);

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], self.0).into_response()
    }
}

impl Html {
    /// A part of a page.
    pub fn part(markup: Markup) -> Self {
        Self(markup.into_string())
    }

    /// The page as the answer to a form.
    pub fn answer(self, status: StatusCode) -> StoredAnswer {
        StoredAnswer { status: status.as_u16(), headers: Vec::new(), body: self.0 }
            .header("content-type", "text/html; charset=utf-8")
    }
}

/// The answer to a form that was done: go and look.
pub fn see_other(path: &str) -> StoredAnswer {
    StoredAnswer { status: StatusCode::SEE_OTHER.as_u16(), headers: Vec::new(), body: String::new() }
        .header("location", path)
}

/// An amount as people read it.
pub fn money(amount: Money) -> Markup {
    html! { span.money { (amount.for_people()) } }
}

/// A date, with that of Bikram Sambat beside it where its table has it.
pub fn day(date: BusinessDate) -> Markup {
    html! {
        time datetime=(date) {
            (date)
            @if let Some(there) = Bikram::of(date) { " " small title="वि.सं. · Bikram Sambat" { "(" (there) ")" } }
        }
    }
}

/// A moment, as the clock in Kathmandu shows it.
pub fn moment(at: Instant) -> Markup {
    let (hour, minute) = at.kathmandu_time();
    html! { time datetime=(at) { (at.business_date()) " " (format!("{hour:02}:{minute:02}")) } }
}

impl Panel {
    /// A page of someone who is signed in.
    pub fn page(&self, title: &str, content: Markup) -> Html {
        whole(&self.visit, title, content)
    }
}

impl Guest {
    /// A page of anyone.
    pub fn page(&self, title: &str, content: Markup) -> Html {
        whole(&self.visit, title, content)
    }
}

/// The page of a problem.
pub(super) fn problem(visit: &Visit, status: StatusCode) -> Html {
    let (title, text) = match status {
        StatusCode::NOT_FOUND => (Shared::NotFoundTitle, Shared::NotFound),
        StatusCode::FORBIDDEN => (Shared::ForbiddenTitle, Shared::Forbidden),
        StatusCode::CONFLICT => (Shared::ConflictTitle, Shared::Conflict),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => (Shared::BusyTitle, Shared::Busy),
        status if status.is_client_error() => (Shared::BadTitle, Shared::Bad),
        _ => (Shared::BrokenTitle, Shared::Broken),
    };
    let language = visit.language();
    let content = html! {
        p { (text.text(language)) }
        p { a.button href="/admin" { (Shared::Home.text(language)) } }
    };
    whole(visit, title.text(language), content)
}

fn whole(visit: &Visit, title: &str, content: Markup) -> Html {
    let language = visit.language();
    let page = html! {
        (DOCTYPE)
        html lang=(language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="htmx-config" content=(HTMX_CONFIG);
                title { (title) " · Khaacho" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(assets::STYLE_PATH);
                script src=(assets::HTMX_PATH) defer {}
            }
            body {
                a.skip href="#content" { (Shared::Skip.text(language)) }
                header.top {
                    a.brand href="/admin" { "Khaacho" }
                    (menu(visit))
                    div.who { (language_switch(visit)) (sign_out(visit)) }
                }
                main #content tabindex="-1" {
                    h1 { (title) }
                    (content)
                }
            }
        }
    };
    Html(page.into_string())
}

fn menu(visit: &Visit) -> Markup {
    let language = visit.language();
    html! {
        @if visit.session().is_some() {
            nav aria-label=(Shared::Menu.text(language)) {
                @for item in visit.menu() {
                    @let is_here = visit.path().starts_with(item.path);
                    a href=(item.path) aria-current=[is_here.then_some("page")] { (item.label(language)) }
                }
            }
        }
    }
}

fn language_switch(visit: &Visit) -> Markup {
    let other: PageLanguage = visit.language().other();
    html! {
        @match visit.session() {
            Some(session) => form method="post" action="/admin/language" {
                (form::token(session))
                input type="hidden" name="language" value=(other);
                input type="hidden" name="back" value=(visit.path());
                button.quiet type="submit" lang=(other.tag()) { (other.name()) }
            },
            None => a.quiet href={ "?language=" (other) } lang=(other.tag()) { (other.name()) },
        }
    }
}

fn sign_out(visit: &Visit) -> Markup {
    html! {
        @if let Some(session) = visit.session() {
            form method="post" action="/admin/sign-out" {
                (form::token(session))
                button.quiet type="submit" title=(session.login) { (Shared::SignOut.text(visit.language())) }
            }
        }
    }
}
