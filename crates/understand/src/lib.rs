//! What people type, understood by rules: a text, a catalogue and a retailer's history in; an intent, the products with
//! their quantities, what must be asked and what is not known out. The same input always gives the same answer.
//!
//! Shape: `normalise` makes one spelling of many, `numbers` and `units` read amounts, `lexicon` knows the words around
//! the products, `matching` finds products by their words, `signs` and `parse` put phrases together,
//! `resolve` says which product and how many, `intents` decides what is
//! wanted, `claims` reads payments and promises; `answers` and `language` are for the dialogue. All of it is pure.
//!
//! What does not live here: prices, stock, sessions, the steps of the dialogue, and every store. The texts that are sent
//! do not either.
//!
//! Bounds: 4 096 characters of a text are read; quantities are 1 to 9 999. No text makes it fail.

mod answers;
mod claims;
mod intents;
mod language;
mod lexicon;
mod matching;
mod normalise;
mod numbers;
mod parse;
mod resolve;
mod signs;
mod units;

use serde::{Deserialize, Serialize};

pub use answers::{Answer, answer, choice};
pub use claims::{Claim, Method, Promise, When};
pub use language::{Language, language};
pub use matching::Catalogue;

/// The largest quantity that is taken without asking, in packs.
pub const MAX_QUANTITY: i64 = 9_999;

/// A product as matching sees it: its names, what it is sold in and what one pack holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Product {
    /// The stock-keeping unit, the product's identity.
    pub sku: String,
    /// The name in English or romanised Nepali; sizes in it ("25 kg", "12 × 1 litre") are understood.
    pub name: String,
    /// The name in Devanagari, or empty.
    pub name_ne: String,
    /// What quantities count: bora, carton, tin, crate …
    pub unit: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// What one unit holds, such as `(50, "kg")`.
    pub pack: Option<(i64, String)>,
}

/// What is known of the retailer who writes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// SKUs the retailer bought before: where several products fit and one of them is here, it is meant.
    pub preferred: Vec<String>,
    /// The retailer's own words for products, with the SKU they confirmed.
    pub aliases: Vec<(String, String)>,
}

/// What a message wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Intent {
    /// Goods.
    Order,
    /// The last order again, at today's prices.
    Repeat,
    /// What something costs.
    Price,
    /// What is owed, or what is left of the limit.
    Balance,
    /// "I have paid."
    PaymentClaim,
    /// "I will pay."
    Promise,
    /// Something is wrong with goods or a bill.
    Dispute,
    /// Where an order is.
    OrderStatus,
    /// Take an order back.
    Cancel,
    /// How this works.
    Help,
    /// A greeting or thanks, and nothing else.
    Greeting,
    /// A person instead of this.
    Human,
    /// None of these.
    Unknown,
}

/// A product that is certain, with its quantity in packs (none where a price is asked).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// The product.
    pub sku: String,
    /// How many, 1 to [`MAX_QUANTITY`]; always there in an order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i64>,
}

/// A phrase that several products fit, or whose quantity is missing or makes no sense (then there is one candidate).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ask {
    /// The products it can mean, sorted by SKU; never empty.
    pub candidates: Vec<String>,
    /// The quantity in packs, where it is certain whichever product is chosen.
    pub quantity: Option<i64>,
    /// The words as typed.
    pub text: String,
}

/// A phrase that names no product of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// The words as typed, in lower case, without the quantity.
    pub text: String,
    /// Up to three SKUs whose names come nearest, best first.
    pub nearest: Vec<String>,
}

/// What a message means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Understood {
    /// What is wanted.
    pub intent: Intent,
    /// The certain products, in the order they were named. Filled for orders, repeats and prices only.
    pub items: Vec<Item>,
    /// What is to be asked, in the order it was named.
    pub ask: Vec<Ask>,
    /// What is not in the catalogue.
    pub unknown: Vec<Unknown>,
    /// What was paid, if that is the intent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// What will be paid and when, if that is the intent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promise: Option<Promise>,
}

/// Understands one message.
pub fn understand(catalogue: &Catalogue, history: &History, text: &str) -> Understood {
    let read = parse::read(catalogue, history, text);
    let intent = intents::decide(&read);
    let (items, ask, unknown) = match intent {
        Intent::Order | Intent::Repeat => read.ordered(catalogue, history),
        Intent::Price => read.priced(catalogue, history),
        _ => Default::default(),
    };
    Understood {
        intent,
        items,
        ask,
        unknown,
        claim: (intent == Intent::PaymentClaim).then(|| claims::claim(text)),
        promise: (intent == Intent::Promise).then(|| claims::promise(text)),
    }
}

/// What a text says of a payment, where it is known already that it is about one.
pub fn claim(text: &str) -> Claim {
    claims::claim(text)
}

/// What a text says of a promise, where it is known already that it is about one.
pub fn promise(text: &str) -> Promise {
    claims::promise(text)
}

/// The quantity of a product that is known already, from an answer such as "3", "tin bora" or "100 kg": whole packs from
/// 1 to [`MAX_QUANTITY`], or nothing.
pub fn quantity(catalogue: &Catalogue, sku: &str, text: &str) -> Option<i64> {
    parse::quantity(catalogue, sku, text)
}
