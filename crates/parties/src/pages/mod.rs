//! The panel's pages about who there is: signing in and out, the language, the list of retailers, entering new ones.

mod enter;
mod words;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use db::DbError;
use http::{StatusCode, header};
use kernel::{PageRequest, Role};
use maud::{Markup, html};
use serde::Deserialize;
use web::panel::{
    self, Errors, Fields, Form, Guest, Html, OperatorPanel, PageLanguage, Panel, Posted, PostedByGuest, plain,
    see_other, text,
};
use web::{App, ClientAddress, Problem, Query};

use crate::http::Guard;
use crate::model::{Retailer, RetailerStatus};
use crate::store;
use words::Word;

/// Where someone is after signing in.
const START: &str = "/admin/lines";

/// The pages of this room.
pub fn pages(guard: &Guard) -> Router<App> {
    Router::new()
        .route("/admin", get(async |_: Panel| see_other(START)))
        .route("/admin/sign-in", get(show_sign_in).post(sign_in))
        .route("/admin/sign-out", post(sign_out))
        .route("/admin/language", post(choose_language))
        .route("/admin/retailers", get(list_retailers))
        .route("/admin/retailers/new", get(enter::show_retailer).post(enter::enter_retailer))
        .route("/admin/vendors/new", get(enter::show_vendor).post(enter::enter_vendor))
        .layer(Extension(guard.clone()))
}

#[derive(Deserialize)]
struct SignInQuery {
    #[serde(default)]
    next: String,
}

async fn show_sign_in(guest: Guest, Query(query): Query<SignInQuery>) -> Html {
    sign_in_page(&guest, &Fields::of([("next", query.next)]), &Errors::default())
}

fn sign_in_page(guest: &Guest, fields: &Fields, errors: &Errors) -> Html {
    let (say, form) = (|word: Word| word.text(guest.language), Form { fields, errors });
    let content = html! {
        form.card.narrow method="post" action={ "/admin/sign-in?language=" (guest.language) } {
            (form.general_errors())
            input type="hidden" name="next" value=(fields.text("next"));
            (form.input("login", say(Word::Login), "text", None))
            (form.input("password", say(Word::Password), "password", None))
            button.main type="submit" { (say(Word::SignIn)) }
        }
    };
    guest.page(say(Word::SignIn), content)
}

/// Where to go after signing in: a page of the panel, never another site.
fn inside(next: &str) -> &str {
    let is_inside = next.starts_with("/admin/") && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_inside { next } else { START }
}

async fn sign_in(
    State(app): State<App>,
    Extension(guard): Extension<Guard>,
    address: ClientAddress,
    PostedByGuest { guest, fields, headers }: PostedByGuest,
) -> Result<Response, Problem> {
    let (login, password) = (fields.text("login").to_owned(), fields.text("password"));
    let user = match guard.user(&app, address, login, password).await {
        Ok(user) if user.role == Role::Retailer => Err((StatusCode::FORBIDDEN, Word::NoPanel)),
        Ok(user) => Ok(user),
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => Err((problem.status(), Word::Wrong)),
        Err(problem) if problem.status() == StatusCode::TOO_MANY_REQUESTS => {
            Err((problem.status(), Word::TooManyTries))
        }
        Err(problem) => return Err(problem),
    };
    let user = match user {
        Ok(user) => user,
        Err((status, word)) => {
            let mut errors = Errors::default();
            errors.add("", word.text(guest.language));
            return Ok((status, sign_in_page(&guest, &fields, &errors)).into_response());
        }
    };
    let (cx, carried, language) = (guest.cx, guest.token, guest.language);
    let begun = app
        .db
        .write::<_, DbError, _>(async move |tx| panel::begin(tx, &cx, carried.as_deref(), user.id, language).await);
    let cookie = panel::session_cookie(&headers, Some(&begun.await?));
    Ok(with_cookie(see_other(inside(fields.text("next"))).into_response(), cookie))
}

fn with_cookie(mut response: Response, cookie: Option<::http::HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

async fn sign_out(
    State(app): State<App>,
    guest: Guest,
    headers: ::http::HeaderMap,
    _posted: Posted,
) -> Result<Response, Problem> {
    let token = guest.token;
    app.db.write(async move |tx| panel::end(tx, token.as_deref()).await).await?;
    Ok(with_cookie(see_other("/admin/sign-in").into_response(), panel::session_cookie(&headers, None)))
}

async fn choose_language(State(app): State<App>, guest: Guest, posted: Posted) -> Result<Response, Problem> {
    let language: PageLanguage = posted.fields.text("language").parse().unwrap_or(guest.language);
    let token = guest.token;
    app.db.write(async move |tx| panel::set_language(tx, token.as_deref(), language).await).await?;
    Ok(see_other(inside(posted.fields.text("back"))).into_response())
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default)]
    search: String,
    after: Option<String>,
}

async fn list_retailers(
    State(app): State<App>,
    OperatorPanel(panel): OperatorPanel,
    Query(query): Query<ListQuery>,
) -> Result<Html, Problem> {
    let ListQuery { search, after } = query;
    let (wanted, page) = (search.clone(), PageRequest::new(None, after));
    let found = app.db.read(async move |tx| store::retailers_page(tx, Some(wanted.trim()), &page).await).await?;
    let say = |word: Word| word.text(panel.language);
    let columns = [
        text(say(Word::Shop)),
        plain(say(Word::Owner)),
        plain(say(Word::Phone)),
        plain(say(Word::Place)),
        plain(say(Word::Status)),
    ];
    let rows = found.items.iter().map(|retailer| row(retailer, panel.language)).collect();
    let fields = Fields::of([("search", search.clone())]);
    let form = Form { fields: &fields, errors: &Errors::default() };
    let content = html! {
        div.actions { a.button href="/admin/retailers/new" { (say(Word::NewRetailer)) } }
        form.search method="get" role="search" {
            (form.input("search", say(Word::Search), "search", None))
            button type="submit" { (say(Word::Find)) }
        }
        (panel::table(panel.language, say(Word::Retailers), &columns, rows))
        (panel::next_page(panel.language, &[("search", &search)], found.next.as_deref()))
    };
    Ok(panel.page(say(Word::Retailers), content))
}

fn row(retailer: &Retailer, language: PageLanguage) -> Vec<Markup> {
    let class = match retailer.status {
        RetailerStatus::Pending => "tag warn",
        RetailerStatus::Active => "tag good",
        RetailerStatus::Inactive => "tag",
    };
    vec![
        html! { a href={ "/admin/retailers/" (retailer.id) } { (retailer.name) } },
        html! { (retailer.owner_name) },
        html! { "+" (retailer.phone) },
        html! { (retailer.place.as_deref().unwrap_or("–")) },
        html! { span class=(class) { (words::status(retailer.status).text(language)) } },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_signing_in_nobody_leaves_the_panel() {
        assert_eq!(inside("/admin/lines/lin_1?after=x"), "/admin/lines/lin_1?after=x");
        for elsewhere in
            ["", "//evil.example", "https://evil.example", "/admin.evil", "/admin/\\evil", "/admin/\r\nx: y"]
        {
            assert_eq!(inside(elsewhere), START);
        }
    }
}
