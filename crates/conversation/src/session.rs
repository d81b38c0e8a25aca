//! Where the talk with one person stands, between two messages.

use credit::PaymentMode;
use kernel::{ClaimId, CycleId, Money, OrderId, ProductId, VendorId};
use ledger::Method;
use orders::Order;
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
    /// The order that failed, or the draft that expired, whose goods the cart holds.
    #[serde(default)]
    pub retry_of: Option<OrderId>,
    /// What was written about a bill, before it was known which one.
    #[serde(default)]
    pub said: Option<String>,
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
            Step::Counting(_) => "COUNTING",
            Step::Disputing(_) => "DISPUTING",
            Step::Promising(_) => "PROMISING",
            Step::Claiming(_) => "CLAIMING",
            Step::ClaimReason(_) => "CLAIM_REASON",
        }
    }

    /// Forgets the cart and what was asked about it.
    pub fn clear_cart(&mut self) {
        self.step = Step::Idle;
        self.cart.clear();
        self.asks.clear();
        self.seen = Seen::default();
        self.draft = None;
        self.retry_of = None;
    }

    /// Leaves what was being asked about a bill: something else was wished for.
    pub fn leave(&mut self) {
        self.said = None;
        if matches!(self.step, Step::Disputing(_) | Step::Promising(_) | Step::Claiming(_)) {
            self.step = Step::Idle;
        }
    }

    /// Empties the cart for another one; its draft goes on.
    pub fn restart_cart(&mut self) {
        let draft = self.draft;
        self.clear_cart();
        self.draft = draft;
    }

    /// Puts an order's goods into the cart in place of what is in it; its draft goes on.
    pub fn refill(&mut self, order: &Order) {
        self.restart_cart();
        let lines = order.lines.iter().map(|line| CartLine { product: line.product_id, quantity: line.quantity });
        self.cart.extend(lines);
    }
}

/// What a person was told that the cart costs. It is placed for that, or asked about again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// On credit.
    #[serde(with = "kernel::sum::option", default)]
    pub on_credit: Option<Money>,
    /// For cash.
    #[serde(with = "kernel::sum::option", default)]
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
    /// What arrived of an order.
    Counting(Counting),
    /// What is wrong with this bill.
    Disputing(CycleId),
    /// By when this bill will be paid.
    Promising(CycleId),
    /// What was paid.
    Claiming(Claiming),
    /// Why the vendor has not received what was claimed.
    ClaimReason(ClaimId),
}

/// What a retailer says it paid, as far as it was said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claiming {
    /// Whom.
    pub vendor: Option<VendorId>,
    /// How much.
    pub amount: Option<Money>,
    /// How.
    pub method: Option<Method>,
    /// By what reference.
    pub reference: Option<String>,
}

/// What arrived of an order, as far as it was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counting {
    /// The order.
    pub order: OrderId,
    /// Lines by their numbers with what came of them.
    pub arrived: Vec<(i64, i64)>,
    /// The line whose quantity is being asked.
    pub line: Option<i64>,
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
