//! Meta as the simulator plays it: what somebody says becomes a signed webhook, and what they were sent becomes status
//! events. On demand it misbehaves as the real one does: deliveries twice, out of order, late or failed statuses, people
//! without a phone number.

use std::fmt::Write as _;

use anyhow::bail;
use kernel::{IdGen, Instant};
use whatsapp::errors::documented;
use whatsapp::fake::{Courier, Person, Say, Sent, Webhook};
use whatsapp::payload::Delivery;
use whatsapp::recipient::Recipient;

use crate::config::{SIMULATOR_APP_SECRET, SIMULATOR_PHONE_NUMBER_ID};
use crate::simulator::Bubble;

/// The code of a message that cannot be delivered.
const UNDELIVERABLE: i64 = 131_026;

/// How Meta misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mischief {
    /// Every delivery comes twice.
    Duplicates,
    /// Of two messages the second comes first.
    Reorder,
    /// Statuses come backwards: read, then delivered, then sent.
    Late,
    /// Nothing arrives: every status is `failed`.
    Failed,
    /// People hide their phone: only their user id is told.
    NoPhone,
}

/// What `/misbehave` was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// From now on so, or well.
    From(Option<Mischief>),
    /// The next send is refused with this code.
    Error(i64),
}

impl Wish {
    /// Reads `duplicates`, `error 131047`, `off` and so on.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let mut words = text.split_whitespace();
        Ok(match (words.next().unwrap_or_default(), words.next()) {
            ("duplicates", None) => Self::From(Some(Mischief::Duplicates)),
            ("reorder", None) => Self::From(Some(Mischief::Reorder)),
            ("late", None) => Self::From(Some(Mischief::Late)),
            ("failed", None) => Self::From(Some(Mischief::Failed)),
            ("no-phone", None) => Self::From(Some(Mischief::NoPhone)),
            ("off", None) => Self::From(None),
            ("error", Some(code)) => match code.parse().ok().filter(|code| documented(*code).is_some()) {
                Some(code) => Self::Error(code),
                None => bail!("{code} is no documented error of WhatsApp; try 131047, 131056 or 130429"),
            },
            _ => bail!("say duplicates, reorder, late, failed, error CODE, no-phone or off"),
        })
    }
}

/// The other end of the webhook.
#[derive(Debug)]
pub struct Meta {
    courier: Courier,
    ids: IdGen,
    /// How it misbehaves now.
    pub mischief: Option<Mischief>,
    /// A delivery that is held back until the next one has gone out.
    held: Option<Webhook>,
}

impl Meta {
    /// Meta towards the server at this address.
    pub fn towards(url: &str) -> anyhow::Result<Self> {
        let courier = Courier::new(&format!("{url}/api/v1/whatsapp/webhook"), SIMULATOR_APP_SECRET)?;
        Ok(Self { courier, ids: IdGen::system(), mischief: None, held: None })
    }

    /// Somebody as a webhook names them.
    pub fn person(&self, phone: &str, name: &str) -> Person {
        let user_id = user_id(phone);
        match self.mischief {
            Some(Mischief::NoPhone) => Person::hidden(&user_id, name),
            _ => Person { user_id: Some(user_id), ..Person::phone(phone, name) },
        }
    }

    /// Somebody says something at this moment. Says whether it was delivered or is held back.
    pub async fn say(&mut self, person: &Person, say: &Say, now: Instant) -> anyhow::Result<bool> {
        let mut wamid = "wamid.chat.".to_owned();
        for byte in self.ids.random_bytes::<16>() {
            write!(wamid, "{byte:02x}")?;
        }
        let webhook = Webhook::to(SIMULATOR_PHONE_NUMBER_ID).message(person, &wamid, seconds(now), say);
        match (self.mischief, self.held.take()) {
            (Some(Mischief::Reorder), None) => {
                self.held = Some(webhook);
                return Ok(false);
            }
            (mischief, held) => {
                self.deliver(&webhook).await?;
                if mischief == Some(Mischief::Duplicates) {
                    self.deliver(&webhook).await?;
                }
                if let Some(held) = held {
                    self.deliver(&held).await?;
                }
            }
        }
        Ok(true)
    }

    /// Tells what became of messages that somebody was sent.
    pub async fn tell(&self, bubbles: &[Bubble], now: Instant) -> anyhow::Result<()> {
        let stations = match self.mischief {
            Some(Mischief::Late) => [Delivery::Read, Delivery::Delivered, Delivery::Sent],
            _ => [Delivery::Sent, Delivery::Delivered, Delivery::Read],
        };
        let sent: Vec<Sent> = bubbles.iter().filter_map(sent).collect();
        if sent.is_empty() {
            return Ok(());
        }
        let mut webhook = Webhook::to(SIMULATOR_PHONE_NUMBER_ID);
        for sent in &sent {
            if self.mischief == Some(Mischief::Failed) {
                webhook = webhook.failed(sent, UNDELIVERABLE, seconds(now));
            } else {
                webhook = stations.iter().fold(webhook, |webhook, status| webhook.status(sent, *status, seconds(now)));
            }
        }
        self.deliver(&webhook).await
    }

    async fn deliver(&self, webhook: &Webhook) -> anyhow::Result<()> {
        match self.courier.deliver(webhook).await? {
            200 => Ok(()),
            status => bail!("the webhook answered {status}"),
        }
    }
}

/// The user id that WhatsApp would give to the owner of a phone.
pub fn user_id(phone: &str) -> String {
    format!("NP.{phone}")
}

fn seconds(now: Instant) -> i64 {
    now.micros() / 1_000_000
}

/// A bubble as the fake keeps it.
fn sent(bubble: &Bubble) -> Option<Sent> {
    Some(Sent {
        wamid: bubble.wamid.clone(),
        to: Recipient::parse(&bubble.to)?,
        message: bubble.message.clone(),
        opaque: None,
        readable: bubble.readable.clone(),
        json: serde_json::Value::Null,
    })
}

/// The button or row of a bubble that a typed number presses.
pub fn press(bubble: &Bubble, text: &str) -> Option<Say> {
    Say::choose(&sent(bubble)?, text.trim().parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_one_of_those_there_are() {
        for (text, wish) in [
            ("duplicates", Wish::From(Some(Mischief::Duplicates))),
            (" no-phone ", Wish::From(Some(Mischief::NoPhone))),
            ("off", Wish::From(None)),
            ("error 131056", Wish::Error(131_056)),
        ] {
            assert_eq!(Wish::read(text).unwrap(), wish);
        }
        for text in ["", "error", "error 5", "error x", "twice", "late now"] {
            assert!(Wish::read(text).is_err(), "{text}");
        }
    }
}
