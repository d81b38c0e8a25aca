//! How does a message from a person read as plain text? For operators and transcripts; nothing of it is trusted.

use super::{Content, MediaKind};

impl Content {
    /// The message in words: what was typed or pressed, or in brackets what it is.
    pub fn readable(&self) -> String {
        match self {
            Self::Text { body } => body.clone(),
            Self::ButtonReply { title, .. } | Self::ListReply { title, .. } => format!("[{title}]"),
            Self::TemplateButton { text, .. } => format!("[{text}]"),
            Self::Order { items, note, .. } => {
                let lines = items.iter().map(|item| format!("{} × {}", item.quantity, item.sku));
                lines.chain(note.clone()).collect::<Vec<_>>().join("\n")
            }
            Self::Location { latitude, longitude, name, address } => {
                let words = [name.as_deref(), address.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(", ");
                format!("[location {latitude:.5}, {longitude:.5}] {words}").trim_end().to_owned()
            }
            Self::Media(media) => {
                let kind = match media.kind {
                    MediaKind::Image => "picture",
                    MediaKind::Audio if media.is_voice => "voice message",
                    MediaKind::Audio => "recording",
                    MediaKind::Video => "film",
                    MediaKind::Document => "document",
                    MediaKind::Sticker => "sticker",
                };
                let words = [media.filename.as_deref(), media.caption.as_deref()];
                let words = words.into_iter().flatten().collect::<Vec<_>>().join(": ");
                format!("[{kind}] {words}").trim_end().to_owned()
            }
            Self::Contacts { contacts } => {
                let card = |card: &super::SharedContact| {
                    format!("[contact] {} {}", card.name.as_deref().unwrap_or_default(), card.phones.join(", "))
                };
                contacts.iter().map(card).collect::<Vec<_>>().join("\n")
            }
            Self::Reaction { emoji: Some(emoji), .. } => format!("[reaction] {emoji}"),
            Self::Reaction { emoji: None, .. } => "[reaction taken away]".to_owned(),
            Self::System { body, .. } => format!("[system] {body}"),
            Self::FlowReply { response_json, .. } => format!("[form] {response_json}"),
            Self::Unsupported { .. } => "[a message that WhatsApp does not pass on]".to_owned(),
            Self::Unknown { kind } => format!("[a message of the kind {kind}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CartItem, Media, SharedContact};
    use super::*;

    #[test]
    fn each_kind_reads_as_what_it_is() {
        let media = Media {
            kind: MediaKind::Document,
            id: "7".into(),
            mime: None,
            caption: Some("bill".into()),
            filename: Some("a.pdf".into()),
            is_voice: false,
        };
        let card = SharedContact { name: Some("Hari".into()), phones: vec!["977".into()] };
        let items = vec![CartItem { sku: "RICE".into(), quantity: 2 }];
        for (content, text) in [
            (Content::Text { body: "नमस्ते".into() }, "नमस्ते"),
            (Content::ButtonReply { id: "a".into(), title: "Confirm".into() }, "[Confirm]"),
            (Content::Media(media), "[document] a.pdf: bill"),
            (
                Content::Location { latitude: 28.6, longitude: 81.6, name: None, address: Some("Bazaar".into()) },
                "[location 28.60000, 81.60000] Bazaar",
            ),
            (Content::Order { items, note: None, currencies: Vec::new() }, "2 × RICE"),
            (Content::Contacts { contacts: vec![card] }, "[contact] Hari 977"),
            (Content::Reaction { wamid: "w".into(), emoji: Some("👍".into()) }, "[reaction] 👍"),
            (Content::Unknown { kind: "poll".into() }, "[a message of the kind poll]"),
        ] {
            assert_eq!(content.readable(), text);
        }
    }
}
