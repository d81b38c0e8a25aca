//! What handlers take: who calls, the body, the query, ids of the path, the idempotency key. Every failure is a problem
//! that names the field.

use axum::extract::{FromRequest, FromRequestParts, Path, Query as AxumQuery, Request};
use bytes::Bytes;
use http::request::Parts;
use http::{StatusCode, header};
use kernel::{Actor, Context, Role};
use serde::de::{DeserializeOwned, IgnoredAny};
use sha2::{Digest, Sha256};

use crate::idempotency::Keyed;
use crate::{App, Caller, Problem, RequestId};

fn caller(parts: &Parts, app: &App) -> Result<Caller, Problem> {
    let refused = || {
        let detail = "sign in at POST /api/v1/auth/login and send the access token as `Authorization: Bearer …`";
        Problem::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", detail)
    };
    let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(refused)?;
    app.auth.verify(token).ok_or_else(refused)
}

/// The context of a signed-in caller with one of the roles.
fn allowed(parts: &Parts, app: &App, roles: &[Role]) -> Result<(Caller, Context), Problem> {
    let caller = caller(parts, app)?;
    let actor = caller.actor().filter(|_| roles.contains(&caller.role)).ok_or_else(|| {
        Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", "your role may not do this; ask an operator")
    })?;
    Ok((caller, app.context(actor, request_id(parts))))
}

fn request_id(parts: &Parts) -> String {
    parts.extensions.get::<RequestId>().map(|id| id.0.to_string()).unwrap_or_default()
}

/// An operator's context.
#[derive(Clone, Debug)]
pub struct Operator(pub Context);

/// A vendor's or an operator's context.
#[derive(Clone, Debug)]
pub struct VendorOrOperator(pub Context);

/// The context of anyone who is signed in.
#[derive(Clone, Debug)]
pub struct Member(pub Context);

/// Anyone who is signed in, with the claims of the token.
#[derive(Clone, Debug)]
pub struct SignedIn(pub Caller, pub Context);

/// The context of a route that anyone may use; the actor is the platform.
#[derive(Clone, Debug)]
pub struct Public(pub Context);

impl FromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        allowed(parts, app, &[Role::Admin]).map(|(_, cx)| Self(cx))
    }
}

impl FromRequestParts<App> for VendorOrOperator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        allowed(parts, app, &[Role::Admin, Role::Vendor]).map(|(_, cx)| Self(cx))
    }
}

impl FromRequestParts<App> for Member {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        allowed(parts, app, &[Role::Admin, Role::Vendor, Role::Retailer]).map(|(_, cx)| Self(cx))
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        allowed(parts, app, &[Role::Admin, Role::Vendor, Role::Retailer]).map(|(caller, cx)| Self(caller, cx))
    }
}

impl FromRequestParts<App> for Public {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Ok(Self(app.context(Actor::System, request_id(parts))))
    }
}

/// A JSON body.
#[derive(Clone, Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let bytes = raw(request, app, &["application/json"]).await?;
        parse(&bytes).map(Self)
    }
}

async fn raw(request: Request, app: &App, kinds: &[&str]) -> Result<Bytes, Problem> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = content_type.and_then(|value| value.split(';').next()).map(str::trim);
    if !kind.is_some_and(|kind| kinds.iter().any(|known| kind.eq_ignore_ascii_case(known))) {
        let detail = format!("send the body with `Content-Type: {}`", kinds.join("` or `"));
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", detail));
    }
    Bytes::from_request(request, app).await.map_err(|rejection| {
        let status = axum::response::IntoResponse::into_response(rejection).status();
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            Problem::new(status, "BODY_TOO_LARGE", "the body is larger than this route takes")
        } else {
            Problem::new(StatusCode::BAD_REQUEST, "BODY_UNREADABLE", "the body did not arrive whole")
        }
    })
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let inner = error.inner();
        // Where a name is expected and the value is of another kind, serde_json says "expected value", as if the syntax
        // were wrong.
        let is_other_kind = inner.is_syntax() && serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
        if (inner.is_syntax() || inner.is_eof()) && !is_other_kind {
            return Problem::new(StatusCode::BAD_REQUEST, "MALFORMED_JSON", format!("the body is not JSON: {inner}"));
        }
        let (path, text) = (error.path().to_string(), inner.to_string());
        let text = match text.split(" at line ").next() {
            Some(text) if !is_other_kind => text,
            _ => "a value of another kind is expected",
        };
        Problem::field(field_of(&path, text).unwrap_or_else(|| "body".to_owned()), text)
    })?;
    json.end().map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, "MALFORMED_JSON", format!("something follows the JSON body: {error}"))
    })?;
    // Serde takes a list for the members in their order, so that `[]` would be a body with nothing but optional ones.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::field("body", "an object is expected"));
    }
    Ok(parsed)
}

/// The field that is to blame: serde reports a field that is missing, unknown or given twice at its parent, with the name
/// between backticks.
fn field_of(path: &str, text: &str) -> Option<String> {
    let parent = if path == "." { "" } else { path };
    let is_about_child =
        ["missing", "unknown", "duplicate"].iter().any(|how| text.starts_with(&format!("{how} field")));
    let child = text.split('`').nth(1).filter(|_| is_about_child);
    match child {
        Some(child) if parent.is_empty() => Some(child.to_owned()),
        Some(child) if parent.rsplit('.').next() == Some(child) => Some(parent.to_owned()),
        Some(child) => Some(format!("{parent}.{child}")),
        None if parent.is_empty() => None,
        None => Some(parent.to_owned()),
    }
}

/// Parameters of the query.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        AxumQuery::<T>::try_from_uri(&parts.uri).map(|query| Self(query.0)).map_err(|rejection| {
            let text = rejection.body_text();
            let text = text.rsplit_once("query string: ").map_or(text.as_str(), |(_, why)| why).to_owned();
            let (path, right) = text.split_once(": ").unwrap_or((".", &text));
            Problem::field(field_of(path, right).unwrap_or_else(|| "query".to_owned()), right)
        })
    }
}

/// An id of the path. One that is no id of its kind names nothing, and so is not found.
#[derive(Clone, Copy, Debug)]
pub struct PathId<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, app).await;
        path.map(|path| Self(path.0)).map_err(|_| Problem::not_found("object; its id has another form"))
    }
}

/// The version that the caller saw, from `If-Match: "7"`; none where the header is left out or is `*`.
#[derive(Clone, Copy, Debug)]
pub struct IfMatch(pub Option<i64>);

impl FromRequestParts<App> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else { return Ok(Self(None)) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let version = text.trim_matches('"').parse().ok();
        let right = "the version that you saw, as in `If-Match: \"7\"`";
        version.map(|version| Self(Some(version))).ok_or_else(|| Problem::field("If-Match", right))
    }
}

/// A JSON body with the required `Idempotency-Key`.
#[derive(Clone, Debug)]
pub struct KeyedBody<T> {
    /// The key, with what it is bound to.
    pub keyed: Keyed,
    /// The body.
    pub body: T,
    /// The caller's context.
    pub cx: Context,
}

/// The longest key.
const LONGEST_KEY: usize = 200;

impl<T: DeserializeOwned> FromRequest<App> for KeyedBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let KeyedBytes { keyed, bytes, cx } = keyed_bytes(request, app, &["application/json"]).await?;
        Ok(Self { keyed, body: parse(&bytes)?, cx })
    }
}

/// A file as the body, with the required `Idempotency-Key`.
#[derive(Clone, Debug)]
pub struct KeyedBytes {
    /// The key, with what it is bound to.
    pub keyed: Keyed,
    /// The body.
    pub bytes: Bytes,
    /// The caller's context.
    pub cx: Context,
}

/// What a list of rows may be sent as.
const TABLES: &[&str] = &[
    "text/csv",
    "application/csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/octet-stream",
];

impl FromRequest<App> for KeyedBytes {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        keyed_bytes(request, app, TABLES).await
    }
}

async fn keyed_bytes(request: Request, app: &App, kinds: &[&str]) -> Result<KeyedBytes, Problem> {
    let (parts, body) = request.into_parts();
    let (_, cx) = allowed(&parts, app, &[Role::Admin, Role::Vendor, Role::Retailer])?;
    let key = key(&parts)?;
    let route = format!("{} {}", parts.method, parts.uri.path());
    let bytes = raw(Request::from_parts(parts, body), app, kinds).await?;
    let body_hash = kernel::hex(&Sha256::digest(&bytes));
    Ok(KeyedBytes { keyed: Keyed { actor: cx.actor.to_string(), route, key, body_hash }, bytes, cx })
}

fn key(parts: &Parts) -> Result<String, Problem> {
    let key = parts.headers.get("idempotency-key").map(|value| value.to_str().map(str::trim));
    match key {
        Some(Ok(key)) if !key.is_empty() && key.len() <= LONGEST_KEY => Ok(key.to_owned()),
        Some(_) => Err(Problem::field("Idempotency-Key", "1 to 200 visible characters of ASCII")),
        None => {
            let detail = "send an `Idempotency-Key` header, new for each command and the same when you ask again";
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "IDEMPOTENCY_KEY_REQUIRED", detail)
                .with("field", "Idempotency-Key"))
        }
    }
}
