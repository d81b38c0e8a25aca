//! What does Meta send us? Webhooks in its exact JSON, escaped and signed as it does.

use std::fmt;

use serde_json::{Map, Value, json};

use super::Sent;
use crate::client::install_crypto;
use crate::errors::documented;
use crate::message::Outgoing;
use crate::payload::{Delivery, Media, MediaKind};
use crate::recipient::Recipient;
use crate::signature;

/// Somebody who writes to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their number, digits only; `None` when they hide it.
    pub phone: Option<String>,
    /// Their business-scoped user id; `None` as in webhooks from before 2026.
    pub user_id: Option<String>,
    /// The name of their profile.
    pub name: String,
}

impl Person {
    /// Somebody known by number.
    pub fn phone(number: &str, name: &str) -> Self {
        let digits = number.chars().filter(char::is_ascii_digit).collect();
        Self { phone: Some(digits), user_id: None, name: name.to_owned() }
    }

    /// Somebody with a username who hides their number.
    pub fn hidden(user_id: &str, name: &str) -> Self {
        Self { phone: None, user_id: Some(user_id.to_owned()), name: name.to_owned() }
    }

    /// Where an answer to them goes.
    pub fn recipient(&self) -> Option<Recipient> {
        let phone = self.phone.clone().map(Recipient::Phone);
        phone.or_else(|| self.user_id.clone().map(Recipient::UserId))
    }
}

/// A line of a cart, with the price the sender's phone shows, which is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartLine {
    /// The `product_retailer_id`.
    pub sku: String,
    /// How many.
    pub quantity: i64,
    /// The claimed price of one, in whole rupees.
    pub price: i64,
}

/// What somebody says or presses.
#[derive(Debug, Clone, PartialEq)]
pub enum Say {
    /// Typed text.
    Text(String),
    /// A press on a reply button of the message `context`.
    Button {
        /// The message with the button.
        context: String,
        /// The id of the button.
        id: String,
        /// Its title.
        title: String,
    },
    /// A choice from the list of the message `context`.
    Row {
        /// The message with the list.
        context: String,
        /// The id of the row.
        id: String,
        /// Its title.
        title: String,
        /// Its description.
        description: Option<String>,
    },
    /// A press on a quick reply of the template `context`.
    TemplateButton {
        /// The template message.
        context: String,
        /// The payload of the quick reply.
        payload: String,
        /// Its title.
        text: String,
    },
    /// A cart from the catalogue.
    Order(Vec<CartLine>),
    /// A place.
    Location {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
        /// The name of the place; may be empty.
        name: String,
        /// Its address; may be empty.
        address: String,
    },
    /// A picture, recording, film, file or sticker.
    Media(Media),
    /// An emoji on the message `wamid`.
    Reaction {
        /// The message.
        wamid: String,
        /// The emoji.
        emoji: String,
    },
    /// The person has a new number. Comes without a profile.
    ChangedNumber {
        /// The new one, digits only.
        new_phone: String,
    },
    /// Something the API does not pass on.
    Unsupported,
    /// Any other message: its `type` and the field of that name, for what this enum does not know.
    Other {
        /// The `type`.
        kind: String,
        /// The field of that name.
        part: Value,
    },
}

impl Say {
    /// Presses what [`readable`](Outgoing::readable) shows as `[number]` on a message that was sent; `None` if there is no such thing.
    pub fn choose(sent: &Sent, number: usize) -> Option<Self> {
        let choices = sent.message.choices();
        let choice = choices.get(number.checked_sub(1)?)?;
        let (context, id, title) = (sent.wamid.clone(), choice.id.to_owned(), choice.title.to_owned());
        Some(match &sent.message {
            Outgoing::Text { .. } => return None,
            Outgoing::Buttons(_) => Self::Button { context, id, title },
            Outgoing::List(_) => Self::Row { context, id, title, description: choice.description.map(str::to_owned) },
            Outgoing::Template(_) => Self::TemplateButton { context, payload: id, text: title },
        })
    }

    /// The `type`, and the field of that name.
    fn part(&self) -> (&str, Value) {
        match self {
            Self::Text(body) => ("text", json!({"body": body})),
            Self::Button { id, title, .. } => {
                ("interactive", json!({"type": "button_reply", "button_reply": {"id": id, "title": title}}))
            }
            Self::Row { id, title, description, .. } => {
                let mut reply = json!({"id": id, "title": title});
                if let Some(description) = description {
                    reply["description"] = json!(description);
                }
                ("interactive", json!({"type": "list_reply", "list_reply": reply}))
            }
            Self::TemplateButton { payload, text, .. } => ("button", json!({"payload": payload, "text": text})),
            Self::Order(lines) => {
                let item = |line: &CartLine| {
                    let CartLine { sku, quantity, price } = line;
                    json!({"product_retailer_id": sku, "quantity": quantity, "item_price": price, "currency": "NPR"})
                };
                let items: Vec<Value> = lines.iter().map(item).collect();
                ("order", json!({"catalog_id": "194836987003835", "text": "", "product_items": items}))
            }
            Self::Location { latitude, longitude, name, address } => {
                ("location", json!({"latitude": latitude, "longitude": longitude, "name": name, "address": address}))
            }
            Self::Media(media) => (media_type(media.kind), media_part(media)),
            Self::Reaction { wamid, emoji } => ("reaction", json!({"message_id": wamid, "emoji": emoji})),
            Self::ChangedNumber { new_phone } => {
                let body = format!("User changed to {new_phone}");
                ("system", json!({"body": body, "wa_id": new_phone, "type": "user_changed_number"}))
            }
            Self::Unsupported => ("unsupported", Value::Null),
            Self::Other { kind, part } => (kind, part.clone()),
        }
    }

    fn context(&self) -> Option<&str> {
        match self {
            Self::Button { context, .. } | Self::Row { context, .. } | Self::TemplateButton { context, .. } => {
                Some(context)
            }
            _ => None,
        }
    }
}

fn media_type(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "image",
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
        MediaKind::Document => "document",
        MediaKind::Sticker => "sticker",
    }
}

fn media_part(media: &Media) -> Value {
    let mut part = json!({"id": media.id, "sha256": "SfInY0gGKTsJlUWbwxC1k+FAD0FZHvzwfpvO0zX0GUI="});
    for (key, text) in [("mime_type", &media.mime), ("caption", &media.caption), ("filename", &media.filename)] {
        if let Some(text) = text {
            part[key] = json!(text);
        }
    }
    if media.kind == MediaKind::Audio {
        part["voice"] = json!(media.is_voice);
    }
    part
}

/// A webhook in the making: any number of messages, statuses and errors for one of our numbers, sent as one body.
#[derive(Debug, Clone)]
pub struct Webhook {
    phone_number_id: String,
    contacts: Vec<Value>,
    messages: Vec<Value>,
    statuses: Vec<Value>,
    errors: Vec<Value>,
}

impl Webhook {
    /// An empty one for the number with this id.
    pub fn to(phone_number_id: &str) -> Self {
        let phone_number_id = phone_number_id.to_owned();
        Self { phone_number_id, contacts: vec![], messages: vec![], statuses: vec![], errors: vec![] }
    }

    /// Adds a message, with its own id, sent at `at` in Unix seconds.
    #[must_use]
    pub fn message(mut self, from: &Person, wamid: &str, at: i64, say: &Say) -> Self {
        let (kind, part) = say.part();
        let mut message = json!({"id": wamid, "timestamp": at.to_string(), "type": kind});
        if !part.is_null() {
            message[kind] = part;
        }
        if *say == Say::Unsupported {
            let (title, details) = ("Message type unknown", "Message type is currently not supported.");
            let error = json!({"code": 131_051, "title": title, "message": title, "error_data": {"details": details}});
            message["errors"] = json!([error]);
        }
        if let Some(context) = say.context() {
            message["context"] = json!({"from": "15550783881", "id": context});
        }
        let mut contact = json!({"profile": {"name": from.name}});
        if let Some(phone) = &from.phone {
            message["from"] = json!(phone);
            contact["wa_id"] = json!(phone);
        }
        if let Some(user_id) = &from.user_id {
            message["from_user_id"] = json!(user_id);
            contact["user_id"] = json!(user_id);
        }
        if !matches!(say, Say::ChangedNumber { .. }) && !self.contacts.contains(&contact) {
            self.contacts.push(contact);
        }
        self.messages.push(message);
        self
    }

    /// Adds the news that a message got as far as `status` at `at`, in Unix seconds. For a failure use [`failed`](Self::failed).
    #[must_use]
    pub fn status(mut self, sent: &Sent, status: Delivery, at: i64) -> Self {
        let word = match status {
            Delivery::Sent => "sent",
            Delivery::Delivered => "delivered",
            Delivery::Read => "read",
            Delivery::Failed => "failed",
        };
        let mut event = json!({"id": sent.wamid, "status": word, "timestamp": at.to_string()});
        match &sent.to {
            Recipient::Phone(digits) => event["recipient_id"] = json!(digits),
            Recipient::UserId(id) => event["recipient_user_id"] = json!(id),
        }
        if let Some(opaque) = &sent.opaque {
            event["biz_opaque_callback_data"] = json!(opaque);
        }
        if matches!(status, Delivery::Sent | Delivery::Delivered) {
            let category = if matches!(sent.message, Outgoing::Template(_)) { "utility" } else { "service" };
            event["pricing"] =
                json!({"billable": true, "pricing_model": "PMP", "type": "regular", "category": category});
        }
        self.statuses.push(event);
        self
    }

    /// Adds the news that a message failed at `at`, in Unix seconds, with this error code.
    #[must_use]
    pub fn failed(self, sent: &Sent, code: i64, at: i64) -> Self {
        let mut webhook = self.status(sent, Delivery::Failed, at);
        if let Some(event) = webhook.statuses.last_mut() {
            event["errors"] = json!([error(code)]);
        }
        webhook
    }

    /// Adds an error that belongs to no message.
    #[must_use]
    pub fn error(mut self, code: i64) -> Self {
        self.errors.push(error(code));
        self
    }

    /// The document. Messages, statuses and errors stand in changes of their own, as Meta sends them.
    pub fn to_json(&self) -> Value {
        let change = |list: &str, members: &[Value], contacts: &[Value]| {
            let mut value = Map::new();
            value.insert("messaging_product".into(), json!("whatsapp"));
            let metadata = json!({"display_phone_number": "15550783881", "phone_number_id": self.phone_number_id});
            value.insert("metadata".into(), metadata);
            if !contacts.is_empty() {
                value.insert("contacts".into(), json!(contacts));
            }
            value.insert(list.into(), json!(members));
            json!({"field": "messages", "value": value})
        };
        let lists: [(&str, &[Value], &[Value]); 3] = [
            ("messages", &self.messages, &self.contacts),
            ("statuses", &self.statuses, &[]),
            ("errors", &self.errors, &[]),
        ];
        let filled = lists.into_iter().filter(|(_, members, _)| !members.is_empty());
        let changes: Vec<Value> = filled.map(|(list, members, contacts)| change(list, members, contacts)).collect();
        json!({"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": changes}]})
    }

    /// The bytes Meta would send: everything beyond ASCII as `\uXXXX`.
    pub fn body(&self) -> Vec<u8> {
        escaped(&self.to_json()).into_bytes()
    }

    /// The bytes and their signature.
    pub fn signed(&self, secret: &str) -> Signed {
        signed(secret, self.body())
    }
}

fn error(code: i64) -> Value {
    let title = documented(code).map_or("Unknown error", |known| known.title);
    json!({"code": code, "title": title, "message": title, "error_data": {"details": title},
        "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"})
}

/// `document` as JSON text in ASCII: other characters become `\uXXXX` with lower-case digits, in pairs where UTF-16 needs two.
pub fn escaped(document: &Value) -> String {
    let mut text = String::new();
    for character in document.to_string().chars() {
        if character.is_ascii() {
            text.push(character);
            continue;
        }
        text.extend(character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
    }
    text
}

/// A body with the signature that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The raw body.
    pub body: Vec<u8>,
    /// The value of the header [`signature::HEADER`].
    pub signature: String,
}

/// Signs any body.
pub fn signed(secret: &str, body: Vec<u8>) -> Signed {
    let signature = signature::sign(secret, &body);
    Signed { body, signature }
}

/// Delivers webhooks to one address, signed with one secret. It delivers once: repeating and reordering is up to the caller.
#[derive(Clone)]
pub struct Courier {
    http: reqwest::Client,
    url: String,
    secret: String,
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Courier({})", self.url)
    }
}

impl Courier {
    /// A courier to the webhook at `url`.
    pub fn new(url: &str, secret: &str) -> Result<Self, reqwest::Error> {
        install_crypto();
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { http, url: url.to_owned(), secret: secret.to_owned() })
    }

    /// Delivers a webhook and gives the HTTP status of the answer. Everything but 200 makes Meta deliver again.
    pub async fn deliver(&self, webhook: &Webhook) -> Result<u16, reqwest::Error> {
        let Signed { body, signature } = webhook.signed(&self.secret);
        let request = self.http.post(&self.url).header("content-type", "application/json");
        let response = request.header(signature::HEADER, signature).body(body).send().await?;
        Ok(response.status().as_u16())
    }
}
