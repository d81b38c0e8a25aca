//! How does the fake answer a request?

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::check::{self, Request};
use super::part::Complaint;
use super::{Approved, Behaviour, DAY_SECONDS, FakeGraph, Sent};
use crate::errors::documented;
use crate::message::{Outgoing, Template};
use crate::recipient::Recipient;

/// Characters of a template's body with its values.
const TEMPLATE_BODY: usize = 1024;

pub(super) fn router(fake: FakeGraph) -> Router {
    let unknown = || async { refusal(&Complaint::new(100, "unknown path")) };
    Router::new()
        .route("/{version}/{phone_number_id}/messages", post(messages))
        .route("/{version}/{media_id}", get(about_media))
        .route("/{version}/media/{media_id}", get(media))
        .fallback(unknown)
        .with_state(fake)
}

/// Where a file lies, as Meta says it.
async fn about_media(
    State(fake): State<FakeGraph>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    match fake.media(&id, &headers) {
        Ok(bytes) => {
            let base = fake.shared.base_url.get().cloned().unwrap_or_default();
            let url = format!("{base}/media/{id}");
            axum::Json(json!({"messaging_product": "whatsapp", "url": url, "file_size": bytes.len(), "id": id}))
                .into_response()
        }
        Err(complaint) => refusal(&complaint),
    }
}

async fn media(State(fake): State<FakeGraph>, Path((_, id)): Path<(String, String)>, headers: HeaderMap) -> Response {
    fake.media(&id, &headers).map_or_else(|complaint| refusal(&complaint), IntoResponse::into_response)
}

async fn messages(
    State(fake): State<FakeGraph>,
    Path((version, phone_number_id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match fake.take(&version, &phone_number_id, &headers, &body) {
        Err(complaint) => refusal(&complaint),
        Ok(Taken::Read) => axum::Json(json!({"success": true})).into_response(),
        Ok(Taken::Sent(sent, behaviour)) => answer(&sent, behaviour).await,
    }
}

async fn answer(sent: &Sent, behaviour: Behaviour) -> Response {
    match behaviour {
        Behaviour::Delay(time) => tokio::time::sleep(time).await,
        Behaviour::Drop => return hang_up(),
        Behaviour::Garble => return (StatusCode::BAD_GATEWAY, "<html>502 Bad Gateway</html>").into_response(),
        Behaviour::Accept | Behaviour::Refuse(_) => {}
    }
    let contact = match &sent.to {
        Recipient::Phone(digits) => json!({"input": digits, "wa_id": digits}),
        Recipient::UserId(id) => json!({"input": id, "user_id": id}),
    };
    let message = json!({"id": sent.wamid, "message_status": "accepted"});
    axum::Json(json!({"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]})).into_response()
}

/// A body that fails before its first byte: the server closes the connection without having written anything.
fn hang_up() -> Response {
    let failing = futures_util::stream::once(async { Err::<Bytes, _>(std::io::Error::other("dropped on purpose")) });
    Body::from_stream(failing).into_response()
}

/// The error as the Graph API writes it, with the HTTP status that belongs to its code.
fn refusal(complaint: &Complaint) -> Response {
    let known = documented(complaint.code);
    let title = known.map_or("Unknown error", |known| known.title);
    let status = known.and_then(|known| StatusCode::from_u16(known.http).ok()).unwrap_or(StatusCode::BAD_REQUEST);
    let error = json!({
        "message": format!("(#{}) {title}", complaint.code),
        "type": "OAuthException",
        "code": complaint.code,
        "error_data": {"messaging_product": "whatsapp", "details": complaint.details},
        "fbtrace_id": "AFakeTraceOfTheSimulator",
    });
    (status, axum::Json(json!({"error": error}))).into_response()
}

/// What became of a request that was in order.
enum Taken {
    Read,
    Sent(Box<Sent>, Behaviour),
}

impl FakeGraph {
    fn check_token(&self, headers: &HeaderMap) -> Result<(), Complaint> {
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let is_right =
            authorization.and_then(|value| value.strip_prefix("Bearer ")) == Some(self.shared.token.as_str());
        if is_right { Ok(()) } else { Err(Complaint::new(190, "Invalid OAuth access token")) }
    }

    fn media(&self, id: &str, headers: &HeaderMap) -> Result<Vec<u8>, Complaint> {
        self.check_token(headers)?;
        let found = self.shared.state.lock().media.get(id).cloned();
        found.ok_or_else(|| Complaint::new(100, format!("Object with ID '{id}' does not exist")))
    }

    fn take(&self, version: &str, number: &str, headers: &HeaderMap, body: &[u8]) -> Result<Taken, Complaint> {
        self.check_token(headers)?;
        if !is_version(version) {
            return Err(Complaint::new(100, format!("unknown version {version}")));
        }
        if number != self.shared.phone_number_id {
            return Err(Complaint::new(100, format!("Object with ID '{number}' does not exist")));
        }
        let json: Value =
            serde_json::from_slice(body).map_err(|error| Complaint::new(100, format!("not JSON: {error}")))?;
        let request = check::request(&json).inspect_err(|complaint| {
            self.shared.state.lock().malformed.push(format!("{}: {json}", complaint.details));
        })?;
        match request {
            Request::Read { wamid } => {
                self.shared.state.lock().read.push(wamid);
                Ok(Taken::Read)
            }
            Request::Send { to, message, opaque } => self.accept(to, message, opaque, json),
        }
    }

    fn accept(
        &self,
        to: Recipient,
        message: Outgoing,
        opaque: Option<String>,
        json: Value,
    ) -> Result<Taken, Complaint> {
        let mut state = self.shared.state.lock();
        let behaviour = state.next.pop_front().or(state.usual).unwrap_or(Behaviour::Accept);
        if let Behaviour::Refuse(code) = behaviour {
            return Err(Complaint::new(code, "refused on request"));
        }
        let readable = match &message {
            Outgoing::Template(template) if !state.approved.is_empty() => approved(&state.approved, template)?,
            Outgoing::Template(_) => message.readable(),
            _ => {
                let last_heard = state.last_heard.get(&to).copied();
                if state.now.as_ref().is_some_and(|now| last_heard.is_none_or(|at| now() - at >= DAY_SECONDS)) {
                    let details = "more than 24 hours have passed since the recipient last wrote";
                    return Err(Complaint::new(131_047, details));
                }
                message.readable()
            }
        };
        state.accepted += 1;
        let wamid = format!("wamid.{}.{}", self.shared.run, state.accepted);
        let sent = Sent { wamid, to, message, opaque, readable, json };
        state.sent.push(sent.clone());
        // An error means that nobody is subscribed.
        let _ = self.shared.news.send(sent.clone());
        Ok(Taken::Sent(Box::new(sent), behaviour))
    }
}

/// Whether the text has the shape `v23.0`.
fn is_version(text: &str) -> bool {
    let numbers = text.strip_prefix('v').and_then(|rest| rest.split_once('.'));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    numbers.is_some_and(|(major, minor)| all_digits(major) && all_digits(minor))
}

/// The text of an approved template with its values, and its quick replies by their titles.
fn approved(all: &[Approved], template: &Template) -> Result<String, Complaint> {
    let known = all.iter().find(|known| known.name == template.name && known.language == template.language);
    let known = known.ok_or_else(|| {
        Complaint::new(132_001, format!("template name ({}) does not exist in {}", template.name, template.language))
    })?;
    let wanted = (1..=100).take_while(|number| known.body.contains(&placeholder(*number))).count();
    let found = template.params.len();
    if wanted != found {
        return Err(Complaint::new(132_000, format!("body: expected {wanted} parameters, got {found}")));
    }
    if template.payloads.len() > known.quick_replies.len() {
        return Err(Complaint::new(132_000, format!("the template has {} quick replies", known.quick_replies.len())));
    }
    // One value may look like another's placeholder, so the text is put together from its pieces.
    let mut text = String::new();
    let mut rest = known.body.as_str();
    while let Some((before, value, after)) = first_placeholder(rest, &template.params) {
        text.push_str(before);
        text.push_str(value);
        rest = after;
    }
    text.push_str(rest);
    let length = text.chars().count();
    if length > TEMPLATE_BODY {
        return Err(Complaint::new(132_005, format!("the text is {length} characters long with its values")));
    }
    let replies = (1..).zip(&known.quick_replies).map(|(number, title)| format!("\n[{number}] {title}"));
    text.extend(replies);
    Ok(text)
}

fn placeholder(number: usize) -> String {
    format!("{{{{{number}}}}}")
}

fn first_placeholder<'t>(text: &'t str, params: &'t [String]) -> Option<(&'t str, &'t str, &'t str)> {
    let cut = |(number, param): (usize, &'t String)| {
        let (before, after) = text.split_once(&placeholder(number))?;
        Some((before, param.as_str(), after))
    };
    (1..).zip(params).filter_map(cut).min_by_key(|(before, ..)| before.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_in_once() {
        let due = Approved {
            name: "due".into(),
            language: "en".into(),
            body: "{{1}} owes {{2}}, {{1}}!".into(),
            quick_replies: vec!["I will pay".into()],
        };
        let message = Template::new("due", "en").param("{{2}}").param("NPR 5").payload("P");
        assert_eq!(approved(std::slice::from_ref(&due), &message).unwrap(), "{{2}} owes NPR 5, {{2}}!\n[1] I will pay");
        let code = |message: &Template| approved(std::slice::from_ref(&due), message).unwrap_err().code;
        assert_eq!(code(&Template::new("due", "en").param("a")), 132_000);
        assert_eq!(code(&Template::new("due", "en").param("a").param("b").payload("P").payload("Q")), 132_000);
        assert_eq!(code(&Template::new("due", "ne").param("a").param("b")), 132_001);
    }

    #[test]
    fn a_version_is_a_version() {
        assert!(is_version("v23.0") && is_version("v25.1"));
        assert!(!["23.0", "v23", "v.0", "vx.0", ""].into_iter().any(is_version));
    }
}
