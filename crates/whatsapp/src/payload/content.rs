//! What does a message say? Each documented type as one variant.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{optional, text, whole_number};
use crate::errors::ApiError;

/// The content of a message from a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Typed text.
    Text {
        /// As typed.
        body: String,
    },
    /// A press on a reply button of a session message.
    ButtonReply {
        /// The id we gave the button.
        id: String,
        /// The title it showed.
        title: String,
    },
    /// A choice from a list message.
    ListReply {
        /// The id we gave the row.
        id: String,
        /// The title it showed.
        title: String,
        /// The description it showed.
        description: Option<String>,
    },
    /// A press on a quick reply of a template.
    TemplateButton {
        /// The payload we sent with the template.
        payload: String,
        /// The title it showed.
        text: String,
    },
    /// A cart from the catalogue. The prices of the message are left out on purpose: they are the sender's word.
    Order {
        /// The lines of the cart, in its order.
        items: Vec<CartItem>,
        /// What was typed with the cart.
        note: Option<String>,
        /// The currencies its prices are in.
        #[serde(default)]
        currencies: Vec<String>,
    },
    /// A place on the map.
    Location {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
        /// The name of the place, when it has one.
        name: Option<String>,
        /// Its address, when it has one.
        address: Option<String>,
    },
    /// A picture, recording, film, file or sticker.
    Media(Media),
    /// Cards from the address book; also the answer to a request for the person's own number.
    Contacts {
        /// The cards.
        contacts: Vec<SharedContact>,
    },
    /// An emoji put on a message.
    Reaction {
        /// The message it was put on.
        wamid: String,
        /// The emoji; `None` when it was taken away.
        emoji: Option<String>,
    },
    /// Something happened to the person's account.
    System {
        /// What happened, such as `user_changed_number`.
        change: String,
        /// The number the person has now, when that is what changed.
        new_phone: Option<String>,
        /// Meta's sentence about it.
        body: String,
    },
    /// A filled-in flow.
    FlowReply {
        /// The name of the flow.
        name: Option<String>,
        /// Its fields, as the JSON text it came in.
        response_json: String,
    },
    /// Something the API does not pass on, such as a poll.
    Unsupported {
        /// Why not.
        errors: Vec<ApiError>,
    },
    /// A type this crate does not know yet.
    Unknown {
        /// Its name, with the inner one after a slash for interactive messages.
        kind: String,
    },
}

/// A line of a cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartItem {
    /// The `product_retailer_id` of the catalogue.
    pub sku: String,
    /// How many, as the sender's client says; not checked here.
    pub quantity: i64,
}

/// A file on Meta's servers. It can be fetched by its id for seven days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Which sort.
    pub kind: MediaKind,
    /// Meta's id of the file.
    pub id: String,
    /// Its MIME type, such as `audio/ogg; codecs=opus`.
    pub mime: Option<String>,
    /// The text under it.
    pub caption: Option<String>,
    /// The file name of a document.
    pub filename: Option<String>,
    /// Whether it was recorded in the chat.
    pub is_voice: bool,
}

/// The sorts of files a message can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A recording, spoken or not.
    Audio,
    /// A film.
    Video,
    /// A file.
    Document,
    /// A sticker.
    Sticker,
}

/// A card from an address book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedContact {
    /// The name on the card.
    pub name: Option<String>,
    /// Its numbers: the `wa_id` where there is one, otherwise as written on the card.
    pub phones: Vec<String>,
}

pub(super) fn read(message: &Value) -> Result<Content, String> {
    let kind = text(message, "type")?;
    let part = &message[kind.as_str()];
    Ok(match kind.as_str() {
        "text" => Content::Text { body: part["body"].as_str().ok_or("no text body")?.to_owned() },
        "interactive" => interactive(part)?,
        "button" => Content::TemplateButton { payload: text(part, "payload")?, text: text(part, "text")? },
        "order" => order(part)?,
        "location" => Content::Location {
            latitude: degrees(&part["latitude"]).ok_or("no latitude")?,
            longitude: degrees(&part["longitude"]).ok_or("no longitude")?,
            name: optional(part, "name"),
            address: optional(part, "address"),
        },
        "image" => media(part, MediaKind::Image)?,
        "audio" => media(part, MediaKind::Audio)?,
        "video" => media(part, MediaKind::Video)?,
        "document" => media(part, MediaKind::Document)?,
        "sticker" => media(part, MediaKind::Sticker)?,
        "contacts" => Content::Contacts { contacts: members(part).map(shared_contact).collect() },
        "reaction" => Content::Reaction { wamid: text(part, "message_id")?, emoji: optional(part, "emoji") },
        "system" => Content::System {
            change: text(part, "type")?,
            new_phone: optional(part, "wa_id"),
            body: optional(part, "body").unwrap_or_default(),
        },
        "unsupported" | "unknown" => {
            Content::Unsupported { errors: members(&message["errors"]).filter_map(ApiError::read).collect() }
        }
        _ => Content::Unknown { kind },
    })
}

fn interactive(part: &Value) -> Result<Content, String> {
    let kind = text(part, "type")?;
    let reply = &part[kind.as_str()];
    Ok(match kind.as_str() {
        "button_reply" => Content::ButtonReply { id: text(reply, "id")?, title: text(reply, "title")? },
        "list_reply" => Content::ListReply {
            id: text(reply, "id")?,
            title: text(reply, "title")?,
            description: optional(reply, "description"),
        },
        "nfm_reply" => {
            Content::FlowReply { name: optional(reply, "name"), response_json: text(reply, "response_json")? }
        }
        _ => Content::Unknown { kind: format!("interactive/{kind}") },
    })
}

fn order(part: &Value) -> Result<Content, String> {
    let line = |item: &Value| -> Result<CartItem, String> {
        let quantity = whole_number(&item["quantity"]).ok_or("a cart line without a whole quantity")?;
        Ok(CartItem { sku: text(item, "product_retailer_id")?, quantity })
    };
    let items = members(&part["product_items"]).map(line).collect::<Result<Vec<_>, _>>()?;
    if items.is_empty() {
        return Err("a cart without lines".to_owned());
    }
    let mut currencies: Vec<String> =
        members(&part["product_items"]).filter_map(|item| optional(item, "currency")).collect();
    currencies.sort();
    currencies.dedup();
    Ok(Content::Order { items, note: optional(part, "text"), currencies })
}

fn media(part: &Value, kind: MediaKind) -> Result<Content, String> {
    Ok(Content::Media(Media {
        kind,
        id: text(part, "id")?,
        mime: optional(part, "mime_type"),
        caption: optional(part, "caption"),
        filename: optional(part, "filename"),
        is_voice: part["voice"].as_bool().unwrap_or(false),
    }))
}

fn shared_contact(card: &Value) -> SharedContact {
    let number = |phone: &Value| optional(phone, "wa_id").or_else(|| optional(phone, "phone"));
    SharedContact {
        name: optional(&card["name"], "formatted_name"),
        phones: members(&card["phones"]).filter_map(number).collect(),
    }
}

/// Degrees, documented as a number, accepted as a string.
fn degrees(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|degrees| degrees.is_finite())
}

fn members(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Reads `message`, stores it as JSON, and reads that again: both must be the same.
    fn stored(message: &Value) -> Content {
        let content = read(message).unwrap();
        let again: Content = serde_json::from_str(&serde_json::to_string(&content).unwrap()).unwrap();
        assert_eq!(again, content);
        content
    }

    #[test]
    fn presses_and_choices() {
        assert_eq!(
            stored(&json!({"type": "interactive", "interactive": {"type": "list_reply",
                "list_reply": {"id": "sku_12", "title": "Mansuli 25kg", "description": "NPR 2,150"}}})),
            Content::ListReply {
                id: "sku_12".into(),
                title: "Mansuli 25kg".into(),
                description: Some("NPR 2,150".into())
            }
        );
        assert_eq!(
            stored(&json!({"type": "interactive", "interactive": {"type": "button_reply",
                "button_reply": {"id": "confirm:ord_1", "title": "Confirm"}}})),
            Content::ButtonReply { id: "confirm:ord_1".into(), title: "Confirm".into() }
        );
        assert_eq!(
            stored(&json!({"type": "button", "button": {"payload": "PAY_NOW", "text": "Pay now"}})),
            Content::TemplateButton { payload: "PAY_NOW".into(), text: "Pay now".into() }
        );
        assert_eq!(
            stored(&json!({"type": "interactive", "interactive": {"type": "nfm_reply",
                "nfm_reply": {"name": "flow", "body": "Sent", "response_json": "{\"a\":1}"}}})),
            Content::FlowReply { name: Some("flow".into()), response_json: "{\"a\":1}".into() }
        );
    }

    #[test]
    fn a_cart_is_read_without_its_prices() {
        for quantity in [json!(2), json!("2")] {
            for price in [json!(30), json!("7.99"), json!(7.99), json!(null)] {
                let cart = json!({"type": "order", "order": {"catalog_id": "1", "text": "", "product_items":
                    [{"product_retailer_id": "di9ozbzfi4", "quantity": quantity, "item_price": price, "currency": "USD"}]}});
                let items = vec![CartItem { sku: "di9ozbzfi4".into(), quantity: 2 }];
                assert_eq!(stored(&cart), Content::Order { items, note: None, currencies: vec!["USD".into()] });
            }
        }
        for bad in [json!(2.5), json!("two"), json!(null)] {
            let cart =
                json!({"type": "order", "order": {"product_items": [{"product_retailer_id": "x", "quantity": bad}]}});
            assert_eq!(read(&cart), Err("a cart line without a whole quantity".into()));
        }
        assert_eq!(read(&json!({"type": "order", "order": {}})), Err("a cart without lines".into()));
    }

    #[test]
    fn places_files_cards_and_reactions() {
        assert_eq!(
            stored(
                &json!({"type": "location", "location": {"latitude": 28.6, "longitude": "81.6", "name": "", "address": "Bazaar"}})
            ),
            Content::Location { latitude: 28.6, longitude: 81.6, name: None, address: Some("Bazaar".into()) }
        );
        let voice = json!({"type": "audio", "audio": {"mime_type": "audio/ogg; codecs=opus", "sha256": "x", "id": "77", "voice": true}});
        let Content::Media(media) = stored(&voice) else { panic!() };
        assert_eq!((media.kind, media.id.as_str(), media.is_voice), (MediaKind::Audio, "77", true));
        for (kind, expected) in [
            ("image", MediaKind::Image),
            ("video", MediaKind::Video),
            ("document", MediaKind::Document),
            ("sticker", MediaKind::Sticker),
        ] {
            let Content::Media(media) = stored(&json!({"type": kind, kind: {"id": 5, "caption": "bill"}})) else {
                panic!()
            };
            assert_eq!((media.kind, media.id.as_str(), media.caption.as_deref()), (expected, "5", Some("bill")));
        }
        let cards = json!({"type": "contacts", "contacts": [{"name": {"formatted_name": "Lucía Gómez"},
            "phones": [{"phone": "+1 (983) 555-2319", "wa_id": "19835552319"}, {"phone": "+977 1"}]}]});
        let phones = vec!["19835552319".into(), "+977 1".into()];
        assert_eq!(
            stored(&cards),
            Content::Contacts { contacts: vec![SharedContact { name: Some("Lucía Gómez".into()), phones }] }
        );
        assert_eq!(
            stored(&json!({"type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": "👍"}})),
            Content::Reaction { wamid: "wamid.1".into(), emoji: Some("👍".into()) }
        );
        assert_eq!(
            stored(&json!({"type": "reaction", "reaction": {"message_id": "wamid.1"}})),
            Content::Reaction { wamid: "wamid.1".into(), emoji: None }
        );
    }

    #[test]
    fn what_is_not_for_us_is_still_named() {
        let changed = json!({"type": "system", "system": {"body": "moved", "wa_id": "12195555358", "type": "user_changed_number"}});
        assert_eq!(
            stored(&changed),
            Content::System {
                change: "user_changed_number".into(),
                new_phone: Some("12195555358".into()),
                body: "moved".into()
            }
        );
        let poll = json!({"type": "unsupported", "errors": [{"code": 131_051, "title": "Message type unknown"}]});
        let Content::Unsupported { errors } = stored(&poll) else { panic!() };
        assert_eq!(errors[0].code, 131_051);
        assert_eq!(stored(&json!({"type": "poll"})), Content::Unknown { kind: "poll".into() });
        assert_eq!(
            stored(&json!({"type": "interactive", "interactive": {"type": "call"}})),
            Content::Unknown { kind: "interactive/call".into() }
        );
        for bad in
            [json!({}), json!({"type": "text"}), json!({"type": "image", "image": {}}), json!({"type": 5, "5": 1})]
        {
            assert!(!matches!(read(&bad), Ok(Content::Text { .. } | Content::Media(_))), "{bad}");
        }
    }
}
