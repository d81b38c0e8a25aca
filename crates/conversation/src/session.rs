//! Where the talk with one person stands, between two messages.

use credit::PaymentMode;
use kernel::{Money, OrderId, ProductId};
use parties::Language;
use serde::{Deserialize, Serialize};

/// The talk with one address.
#[derive(Clone, Debug)]
pub struct Session {
    /// The person's own way of writing.
    pub language: Language,
    /// What is open between us.
    pub state: State,
}

/// What a conversation keeps between two messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// What is being asked.
    pub step: Step,
    /// What is in the cart.
    #[serde(default)]
    pub cart: Vec<CartLine>,
    /// Questions about the cart that wait for their turn.
    #[serde(default)]
    pub asks: Vec<Question>,
    /// The totals that were shown for the cart.
    #[serde(default)]
    pub seen: Seen,
    /// The draft order that keeps the cart.
    #[serde(default)]
    pub draft: Option<OrderId>,
    /// What could be pressed in the last reply: id and title. Typing the number or the words is the same.
    #[serde(default)]
    pub options: Vec<(String, String)>,
}

impl State {
    /// The step's name as the table shows it.
    pub fn step_name(&self) -> &'static str {
        match self.step {
            Step::Idle => "IDLE",
            Step::Asking => "ASKING",
            Step::Confirming => "CONFIRMING",
            Step::Paying => "PAYING",
            Step::RejectReason(_) => "REJECT_REASON",
        }
    }

    /// Forgets the cart and what was asked about it.
    pub fn clear_cart(&mut self) {
        self.step = Step::Idle;
        self.cart.clear();
        self.asks.clear();
        self.seen = Seen::default();
        self.draft = None;
    }
}

/// What a person was told that the cart costs. It is placed for that, or asked about again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// On credit.
    pub on_credit: Option<Money>,
    /// For cash.
    pub for_cash: Option<Money>,
}

impl Seen {
    /// The total for a payment mode.
    pub const fn total(&mut self, mode: PaymentMode) -> &mut Option<Money> {
        match mode {
            PaymentMode::Credit => &mut self.on_credit,
            PaymentMode::Cash => &mut self.for_cash,
        }
    }
}

/// What is being asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Nothing.
    #[default]
    Idle,
    /// The first of [`State::asks`].
    Asking,
    /// Whether the cart is right.
    Confirming,
    /// On credit or for cash.
    Paying,
    /// Why the vendor rejects this offer.
    RejectReason(kernel::OfferId),
}

/// One line of the cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    /// The product.
    pub product: ProductId,
    /// Whole units.
    pub quantity: i64,
}

/// Something about the cart that has to be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What was typed.
    pub text: String,
    /// The products that fit; one, where only the quantity is not clear.
    pub candidates: Vec<ProductId>,
    /// The quantity, where it was said.
    pub quantity: Option<i64>,
}
