//! Forms: what was typed, what is wrong with it, and that it comes from our own page.

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts as _, Multipart, Request};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use kernel::{BusinessDate, Money};
use maud::{Markup, html};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::frame::{Guest, Panel, is_by_script};
use super::store::Stored;
use super::words::{PageLanguage, Shared};
use crate::{App, Keyed, Problem};

/// The largest form without a file.
const LARGEST_FORM: usize = 64 * 1024;
/// The largest file in a form.
const LARGEST_FILE: usize = 4 * 1024 * 1024;

/// What stands in a form, by the names of its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

/// What is wrong with which field; the field is `""` where no single one is to blame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errors(Vec<(String, String)>);

impl From<Vec<(String, String)>> for Fields {
    fn from(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }
}

impl Fields {
    /// Fields with what they begin with.
    pub fn of<const N: usize>(fields: [(&str, String); N]) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The fields as a query, without the question mark.
    pub fn query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    fn parse(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// What stands in a field, without spaces around it; nothing where the field is missing.
    pub fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.trim())
    }

    /// What stands in a field, where something does.
    pub fn filled(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// These fields, and those of `others` that are not among them.
    pub fn or(mut self, others: Self) -> Self {
        let missing = others.0.into_iter().filter(|(name, _)| !self.0.iter().any(|(own, _)| own == name));
        let missing = missing.collect::<Vec<_>>();
        self.0.extend(missing);
        self
    }

    /// Whether a box is ticked.
    pub fn is_ticked(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    fn parsed<T>(&self, name: &str, wrong: Shared, language: PageLanguage, errors: &mut Errors) -> Option<T>
    where
        T: std::str::FromStr,
    {
        // People write amounts the way they read them.
        let parsed = self.filled(name)?.replace(',', "").parse().ok();
        if parsed.is_none() {
            errors.add(name, wrong.text(language));
        }
        parsed
    }

    /// The amount in a field; one that is none is an error, an empty field is not.
    pub fn money(&self, name: &str, language: PageLanguage, errors: &mut Errors) -> Option<Money> {
        self.parsed(name, Shared::WrongAmount, language, errors)
    }

    /// The date in a field; one that is none is an error, an empty field is not.
    pub fn date(&self, name: &str, language: PageLanguage, errors: &mut Errors) -> Option<BusinessDate> {
        self.parsed(name, Shared::WrongDate, language, errors)
    }

    /// The whole number in a field; one that is none is an error, an empty field is not.
    pub fn number(&self, name: &str, language: PageLanguage, errors: &mut Errors) -> Option<i64> {
        self.parsed(name, Shared::WrongNumber, language, errors)
    }
}

impl Errors {
    /// Adds what is wrong with a field.
    pub fn add(&mut self, field: impl Into<String>, text: impl Into<String>) {
        self.0.push((field.into(), text.into()));
    }

    /// Adds that a field has to be filled in, where it is empty.
    pub fn require(&mut self, fields: &Fields, name: &str, language: PageLanguage) {
        if fields.text(name).is_empty() {
            self.add(name, Shared::Required.text(language));
        }
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All that is wrong.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, text)| text.as_str())
    }

    fn of<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(wrong, _)| wrong == field).map(|(_, text)| text.as_str())
    }
}

/// A form as it is shown: what stands in it, and what is wrong next to it.
#[derive(Clone, Copy, Debug)]
pub struct Form<'a> {
    /// What stands in it.
    pub fields: &'a Fields,
    /// What is wrong.
    pub errors: &'a Errors,
}

impl Form<'_> {
    fn field(
        &self,
        name: &str,
        label: &str,
        hint: Option<&str>,
        control: impl Fn(Option<String>, bool) -> Markup,
    ) -> Markup {
        let texts: Vec<&str> = self.errors.of(name).collect();
        let (error_id, hint_id) = (format!("{name}-error"), format!("{name}-hint"));
        let described = match (texts.is_empty(), hint) {
            (true, None) => None,
            (true, Some(_)) => Some(hint_id.clone()),
            (false, None) => Some(error_id.clone()),
            (false, Some(_)) => Some(format!("{error_id} {hint_id}")),
        };
        html! {
            div.field {
                label for=(name) { (label) }
                (control(described, !texts.is_empty()))
                @if !texts.is_empty() { p.error id=(error_id) { @for text in &texts { (text) " " } } }
                @if let Some(hint) = hint { p.hint id=(hint_id) { (hint) } }
            }
        }
    }

    /// A field to type in; `kind` is the type of the HTML input, `decimal` for amounts.
    pub fn input(&self, name: &str, label: &str, kind: &str, hint: Option<&str>) -> Markup {
        let is_amount = kind == "decimal";
        // A password is never sent back.
        let value = Some(self.fields.text(name)).filter(|_| kind != "password");
        let complete = match kind {
            "password" => "current-password",
            _ if name == "login" => "username",
            _ => "off",
        };
        self.field(name, label, hint, |described, is_wrong| {
            html! {
                input id=(name) name=(name) type=(if is_amount { "text" } else { kind }) value=[value]
                    inputmode=[is_amount.then_some("decimal")] autocomplete=(complete)
                    aria-describedby=[described] aria-invalid=[is_wrong.then_some("true")];
            }
        })
    }

    /// A choice.
    pub fn select(&self, name: &str, label: &str, options: &[(&str, &str)], hint: Option<&str>) -> Markup {
        let chosen = self.fields.text(name);
        self.field(name, label, hint, |described, is_wrong| {
            html! {
                select id=(name) name=(name) aria-describedby=[described] aria-invalid=[is_wrong.then_some("true")] {
                    @for (value, text) in options { option value=(value) selected[*value == chosen] { (text) } }
                }
            }
        })
    }

    /// A file to choose; `kinds` are the endings of names and the media types it may have.
    pub fn file(&self, name: &str, label: &str, kinds: &str, hint: Option<&str>) -> Markup {
        self.field(name, label, hint, |described, is_wrong| {
            html! {
                input id=(name) name=(name) type="file" accept=(kinds)
                    aria-describedby=[described] aria-invalid=[is_wrong.then_some("true")];
            }
        })
    }

    /// A box to tick.
    pub fn tick(&self, name: &str, label: &str) -> Markup {
        let texts: Vec<&str> = self.errors.of(name).collect();
        let error_id = format!("{name}-error");
        let (described, is_wrong) = ((!texts.is_empty()).then_some(&error_id), !texts.is_empty());
        html! {
            div.tick {
                input id=(name) name=(name) type="checkbox" value="yes" checked[self.fields.is_ticked(name)]
                    aria-describedby=[described] aria-invalid=[is_wrong.then_some("true")];
                label for=(name) { (label) }
            }
            @if is_wrong { p.error id=(error_id) { @for text in &texts { (text) " " } } }
        }
    }

    /// What is wrong with no single field.
    pub fn general_errors(&self) -> Markup {
        html! { @for text in self.errors.of("") { p.notice.bad role="alert" { (text) } } }
    }
}

/// The hidden field that only our own pages can fill in.
pub(super) fn token(session: &Stored) -> Markup {
    html! { input type="hidden" name="_csrf" value=(session.csrf); }
}

impl Panel {
    /// The hidden fields of a form that changes something: the session's token, and a key that makes it happen once.
    pub fn hidden_fields(&self) -> Markup {
        html! {
            (token(&self.session))
            input type="hidden" name="_key" value=(kernel::hex(&self.cx.random_bytes::<16>()));
        }
    }
}

/// A form that someone who is signed in sent from our own page.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Who sent it.
    pub panel: Panel,
    /// What stands in it.
    pub fields: Fields,
    /// The file that was chosen, where the form asks for one.
    pub file: Option<Bytes>,
    /// Its key, for [`crate::once`].
    pub keyed: Keyed,
    /// Whether a script wants only the part of the page that changes.
    pub by_script: bool,
}

/// A form that anyone sent from our own page.
#[derive(Clone, Debug)]
pub struct PostedByGuest {
    /// Who sent it.
    pub guest: Guest,
    /// What stands in it.
    pub fields: Fields,
    /// The headers it came with, for [`super::session_cookie`].
    pub headers: HeaderMap,
}

fn refused() -> Problem {
    let detail = "the form does not come from a page of this session; load the page again";
    Problem::new(StatusCode::FORBIDDEN, "FORM_REFUSED", detail)
}

/// A browser says with each form which site it comes from; what says nothing is no browser.
fn from_here(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    match (origin, text(header::HOST)) {
        (Some(origin), Some(host)) if origin.eq_ignore_ascii_case(host) => Ok(()),
        _ => Err(refused()),
    }
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", "the form is too large")
}

async fn body(request: Request, largest: usize) -> Result<Bytes, Problem> {
    axum::body::to_bytes(request.into_body(), largest).await.map_err(|_| too_large())
}

/// What stands in a form and the file in it; the file is the part that has a file name, and is left out where none was
/// chosen.
async fn read(request: Request) -> Result<(Fields, Option<Bytes>), Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).cloned();
    let Some(kind) = kind.filter(|kind| kind.as_bytes().starts_with(b"multipart/form-data")) else {
        return Ok((Fields::parse(&body(request, LARGEST_FORM).await?), None));
    };
    let mut whole = Request::new(Body::from(body(request, LARGEST_FORM + LARGEST_FILE).await?));
    whole.headers_mut().insert(header::CONTENT_TYPE, kind);
    axum::extract::DefaultBodyLimit::disable().apply(&mut whole);
    let unreadable = || {
        Problem::new(StatusCode::BAD_REQUEST, "MALFORMED_FORM", "the form is cut short or not as a browser sends it")
    };
    let mut parts = Multipart::from_request(whole, &()).await.map_err(|_| unreadable())?;
    let (mut fields, mut file) = (Vec::new(), None);
    while let Some(part) = parts.next_field().await.map_err(|_| unreadable())? {
        let (name, is_file) = (part.name().unwrap_or_default().to_owned(), part.file_name().is_some());
        let bytes = part.bytes().await.map_err(|_| unreadable())?;
        if is_file {
            file = Some(bytes).filter(|bytes| !bytes.is_empty());
        } else {
            fields.push((name, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    Ok((Fields(fields), file))
}

/// A hash of what a form says, whichever way it was sent: what stands between its parts differs each time.
fn hash(fields: &Fields, file: Option<&Bytes>) -> String {
    let mut said = form_urlencoded::Serializer::new(String::new());
    said.extend_pairs(&fields.0);
    let mut hash = Sha256::new_with_prefix(said.finish());
    hash.update(file.map_or(&[][..], |file| file));
    kernel::hex(&hash.finalize())
}

impl FromRequest<App> for PostedByGuest {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (mut parts, rest) = request.into_parts();
        from_here(&parts.headers)?;
        let guest = Guest::from_request_parts(&mut parts, app).await?;
        let headers = parts.headers.clone();
        let fields = Fields::parse(&body(Request::from_parts(parts, rest), LARGEST_FORM).await?);
        Ok(Self { guest, fields, headers })
    }
}

impl FromRequest<App> for Posted {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (mut parts, rest) = request.into_parts();
        let panel = Panel::from_request_parts(&mut parts, app).await?;
        from_here(&parts.headers)?;
        let by_script = is_by_script(&parts.headers);
        let route = format!("POST {}", parts.uri.path());
        let (fields, file) = read(Request::from_parts(parts, rest)).await?;
        if !bool::from(fields.text("_csrf").as_bytes().ct_eq(panel.session.csrf.as_bytes())) {
            return Err(refused());
        }
        let keyed = Keyed {
            actor: panel.cx.actor.to_string(),
            route,
            key: fields.text("_key").chars().take(64).collect(),
            body_hash: hash(&fields, file.as_ref()),
        };
        Ok(Self { panel, fields, file, keyed, by_script })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_the_way_it_is_meant() {
        let fields = Fields::parse(b"amount=1%2C00%2C000.50&on=2026-01-05&wrong=ten&empty=+&keep=yes");
        let (language, mut errors) = (PageLanguage::English, Errors::default());
        assert_eq!(fields.money("amount", language, &mut errors), Some(Money::from_paisa(10_000_050)));
        assert_eq!(fields.date("on", language, &mut errors).map(|on| on.to_string()), Some("2026-01-05".to_owned()));
        assert_eq!(fields.money("empty", language, &mut errors), None);
        assert!(errors.is_empty() && fields.is_ticked("keep") && !fields.is_ticked("gone"));
        assert_eq!(fields.number("wrong", language, &mut errors), None);
        errors.require(&fields, "empty", language);
        let shown = Form { fields: &fields, errors: &errors }.input("wrong", "Days", "text", None).into_string();
        assert!(shown.contains("aria-invalid=\"true\"") && shown.contains("A whole number."), "{shown}");
        assert_eq!(errors.of("empty").count(), 1);
    }

    #[test]
    fn what_is_typed_is_escaped() {
        let fields = Fields::of([("name", "\"><script>alert(1)</script>".to_owned())]);
        let shown =
            Form { fields: &fields, errors: &Errors::default() }.input("name", "Name", "text", None).into_string();
        assert!(!shown.contains("<script>"), "{shown}");
    }

    #[test]
    fn only_our_own_pages_send_forms() {
        let of = |origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "panel.example:8080".parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            from_here(&headers).is_ok()
        };
        assert!(of(Some("https://panel.example:8080")));
        for wrong in [None, Some("null"), Some("https://panel.example"), Some("https://evil.example")] {
            assert!(!of(wrong), "{wrong:?}");
        }
    }
}
