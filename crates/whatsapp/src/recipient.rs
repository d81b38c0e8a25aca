//! Who a message comes from and goes to: a phone number, or since 2026 a business-scoped user id (BSUID).
//!
//! A person with a username may hide their number from us. The id is then all we have; it belongs to one business and changes
//! with the number. Whether an identity is *verified* is not known here.
//!
//! `Debug` of both types shows no more of a number than its last four digits, because debug output ends in logs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a message goes. Stored as `{"phone":"9779848000001"}` or `{"user_id":"NP.13491208655302741918"}`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// A `wa_id`: country code and number, digits only, without `+`. Sent as `to`.
    Phone(String),
    /// A business-scoped user id. Sent as `recipient`; one put into `to` would be dropped without a word.
    UserId(String),
}

impl Recipient {
    /// A phone number in any usual spelling (`+977 984-8000001`), kept as its digits.
    pub fn phone(number: &str) -> Self {
        Self::Phone(number.chars().filter(char::is_ascii_digit).collect())
    }

    /// Reads what a person or a webhook gives as an address: a business-scoped user id, or a number of 5 to 15 digits with
    /// an optional `+`. `None` when it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        if is_user_id(text) {
            return Some(Self::UserId(text.to_owned()));
        }
        let digits = text.strip_prefix('+').unwrap_or(text);
        let plausible = (5..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        plausible.then(|| Self::Phone(digits.to_owned()))
    }

    /// The digits or the id, for keys and comparisons. Not for logs: use `Debug` or [`masked`] there.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Phone(text) | Self::UserId(text) => text,
        }
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phone(digits) => write!(f, "Phone({})", masked(digits)),
            Self::UserId(id) => write!(f, "UserId({})", masked(id)),
        }
    }
}

/// Who wrote a message, as far as the webhook says. At least one of the two identities is present.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sender {
    /// The `wa_id`, digits only; absent for people who hide their number.
    pub phone: Option<String>,
    /// The business-scoped user id; absent in webhooks from before April 2026.
    pub user_id: Option<String>,
    /// The name in the person's WhatsApp profile. Anyone can choose any name: it identifies nobody.
    pub name: Option<String>,
}

impl Sender {
    /// Where an answer goes: to the phone when it is known, because `to` is understood by every version of the API.
    pub fn recipient(&self) -> Option<Recipient> {
        let phone = self.phone.clone().map(Recipient::Phone);
        phone.or_else(|| self.user_id.clone().map(Recipient::UserId))
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("phone", &self.phone.as_deref().map(masked))
            .field("user_id", &self.user_id.as_deref().map(masked))
            .field("name", &self.name)
            .finish()
    }
}

/// The last four characters of a number or id, as logs may show them: `…0001`.
pub fn masked(text: &str) -> String {
    let tail = text.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
    format!("…{}", &text[tail..])
}

/// Whether `text` has the shape of a business-scoped user id: `^[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}$`.
pub fn is_user_id(text: &str) -> bool {
    let Some((country, rest)) = text.split_once('.') else {
        return false;
    };
    let rest = rest.strip_prefix("ENT.").unwrap_or(rest);
    country.len() == 2
        && country.bytes().all(|byte| byte.is_ascii_uppercase())
        && (1..=128).contains(&rest.len())
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_number_or_a_user_id() {
        assert_eq!(Recipient::parse("+9779848000001"), Some(Recipient::Phone("9779848000001".into())));
        assert_eq!(
            Recipient::parse("NP.13491208655302741918"),
            Some(Recipient::UserId("NP.13491208655302741918".into()))
        );
        assert_eq!(Recipient::parse("NP.ENT.abc"), Some(Recipient::UserId("NP.ENT.abc".into())));
        for neither in ["", "ram", "np.134", "NP.", "NP.a b", "NP.ENT.", "1234", "+97798x8000001", &"9".repeat(16)] {
            assert_eq!(Recipient::parse(neither), None, "{neither}");
        }
        assert_eq!(Recipient::phone("+977 984-8000001"), Recipient::Phone("9779848000001".into()));
    }

    #[test]
    fn debug_output_hides_all_but_four_digits() {
        let sender = Sender { phone: Some("9779848000001".into()), user_id: Some("NP.134912086".into()), name: None };
        let shown = format!("{sender:?} {:?}", sender.recipient());
        assert!(shown.contains("…0001") && shown.contains("…2086"), "{shown}");
        assert!(!shown.contains("984800") && !shown.contains("13491"), "{shown}");
        assert_eq!(masked("१२३"), "…१२३");
    }

    #[test]
    fn a_recipient_is_stored_and_read_back() {
        let user = Recipient::UserId("NP.1".into());
        assert_eq!(serde_json::to_string(&user).unwrap(), r#"{"user_id":"NP.1"}"#);
        assert_eq!(serde_json::from_str::<Recipient>(r#"{"phone":"977"}"#).unwrap(), Recipient::Phone("977".into()));
    }
}
