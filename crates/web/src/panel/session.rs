//! Panel sessions: an opaque cookie of 256 bits, stored as its hash, that ends when it is not used for 12 hours.
//!
//! Each sign-in makes a new cookie and ends the session whose cookie came with it, so that nobody can be given a session
//! that another knows.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::{Cookie, SameSite};
use db::{Db, DbError, Tx};
use http::{HeaderMap, HeaderValue, header};
use kernel::{Context, Instant, UserId};
use sha2::{Digest as _, Sha256};

use super::frame::Panel;
use super::store::{self, Stored};
use super::words::PageLanguage;

/// A session that is not used for this long ends.
pub const IDLE_SECONDS: i64 = 12 * 60 * 60;
/// The use of a session is written down at most this often.
const SEEN_SECONDS: i64 = 60;

fn hash(token: &str) -> String {
    kernel::hex(&Sha256::digest(token.as_bytes()))
}

/// Whether the request came without encryption to this very machine, where a `Secure` cookie would not come back.
fn is_local(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = if host.starts_with('[') { host.split(']').next() } else { host.split(':').next() };
    let is_forwarded = headers.contains_key("x-forwarded-proto");
    !is_forwarded && matches!(name, Some("localhost" | "127.0.0.1" | "[::1"))
}

/// With its prefix a browser takes the cookie only from this host, over HTTPS.
fn name(headers: &HeaderMap) -> &'static str {
    if is_local(headers) { "khaacho" } else { "__Host-khaacho" }
}

/// The cookie that a request carries.
pub(super) fn token(headers: &HeaderMap) -> Option<String> {
    let wanted = name(headers);
    let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = texts.flat_map(|text| Cookie::split_parse(text.to_owned()).filter_map(Result::ok));
    cookies.find(|cookie| cookie.name() == wanted).map(|cookie| cookie.value().to_owned())
}

/// The header that gives a browser its session, or with no token takes it away.
pub fn session_cookie(headers: &HeaderMap, token: Option<&str>) -> Option<HeaderValue> {
    let mut cookie = Cookie::new(name(headers), token.unwrap_or_default().to_owned());
    cookie.set_path("/");
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Lax);
    cookie.set_secure(!is_local(headers));
    let ends = if token.is_none() { "; Max-Age=0" } else { "" };
    HeaderValue::from_str(&format!("{cookie}{ends}")).ok()
}

/// The session of a request, where it has one that goes on.
pub(super) async fn load(db: &Db, headers: &HeaderMap, now: Instant) -> Result<Option<Stored>, DbError> {
    let Some(token) = token(headers) else { return Ok(None) };
    let hash = hash(&token);
    let found = db.read(async move |tx| store::find(tx, &hash, now.plus_seconds(-IDLE_SECONDS)).await).await?;
    if let Some(session) = found.as_ref().filter(|session| now.seconds_since(session.seen_at) >= SEEN_SECONDS) {
        let hash = session.token_hash.clone();
        db.write(async move |tx| store::touch(tx, &hash, now).await).await?;
    }
    Ok(found)
}

/// Begins a session of someone whose password was right, ends the one that the request carried, and returns the token for
/// [`session_cookie`].
pub async fn begin(
    tx: &mut Tx,
    cx: &Context,
    carried: Option<&str>,
    user: UserId,
    language: PageLanguage,
) -> Result<String, DbError> {
    end(tx, carried).await?;
    store::delete_ended(tx, cx.now.plus_seconds(-IDLE_SECONDS)).await?;
    let token = URL_SAFE_NO_PAD.encode(cx.random_bytes::<32>());
    let csrf = URL_SAFE_NO_PAD.encode(cx.random_bytes::<32>());
    store::insert(tx, &hash(&token), user, &csrf, language, cx.now).await?;
    Ok(token)
}

/// Ends the session of a cookie.
pub async fn end(tx: &mut Tx, token: Option<&str>) -> Result<(), DbError> {
    match token {
        Some(token) => store::delete(tx, &hash(token)).await,
        None => Ok(()),
    }
}

/// Ends every session of a user, as when its password changes.
pub async fn end_all_of(tx: &mut Tx, user: UserId) -> Result<(), DbError> {
    store::delete_of(tx, user).await
}

/// Lets a session go on from a moment, for whoever moved the clock.
pub async fn go_on(tx: &mut Tx, panel: &Panel, now: Instant) -> Result<(), DbError> {
    store::touch(tx, &panel.session.token_hash, now).await
}

/// Keeps the language that someone chose.
pub async fn set_language(tx: &mut Tx, token: Option<&str>, language: PageLanguage) -> Result<(), DbError> {
    match token {
        Some(token) => store::set_language(tx, &hash(token), language).await,
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn only_this_very_machine_gets_a_cookie_without_encryption() {
        let cookie = |pairs| session_cookie(&headers(pairs), Some("abc")).unwrap().to_str().unwrap().to_owned();
        assert_eq!(cookie(&[("host", "127.0.0.1:8080")]), "khaacho=abc; HttpOnly; SameSite=Lax; Path=/");
        assert_eq!(cookie(&[("host", "[::1]:8080")]), cookie(&[("host", "localhost")]));
        let secure = "__Host-khaacho=abc; HttpOnly; SameSite=Lax; Secure; Path=/";
        assert_eq!(cookie(&[("host", "panel.example")]), secure);
        assert_eq!(cookie(&[("host", "localhost.evil.example")]), secure);
        assert_eq!(cookie(&[("host", "127.0.0.1"), ("x-forwarded-proto", "https")]), secure);
        assert_eq!(cookie(&[]), secure);
    }

    #[test]
    fn the_cookie_of_the_session_is_found_among_others() {
        let of = |text| token(&headers(&[("host", "localhost"), ("cookie", text)]));
        assert_eq!(of("a=b; khaacho=tok; c=d"), Some("tok".to_owned()));
        assert_eq!(of("__Host-khaacho=tok"), None);
    }
}
