//! What a message wants, from the signs in it and from what was read of products. The order of the rules is the order
//! of what must not be missed: a person, a cancellation and money before goods, goods before small talk.

use crate::{
    Intent,
    lexicon::Cue,
    normalise::MILLI,
    parse::{Line, Read, What},
};

/// The smallest number that is taken for an amount of money where none is marked as such.
const SMALLEST_PAYMENT: i64 = 50 * MILLI;

/// Words of a message in which a number beside a strange word still counts it.
const SHORT_MESSAGE: usize = 5;

/// Decides.
pub(crate) fn decide(read: &Read) -> Intent {
    let facts = Facts::of(read);
    facts
        .person_or_end()
        .or_else(|| facts.money())
        .or_else(|| facts.goods())
        .or_else(|| facts.questions())
        .unwrap_or_else(|| facts.talk())
}

/// Whether a line has an amount. A number beside a strange word is one only with a unit or in a short message: in a long
/// one it is talk.
fn is_counted(line: &Line, words: usize) -> bool {
    line.amount.as_ref().is_some_and(|amount| {
        matches!(line.what, What::Products { .. }) || amount.unit.is_some() || words <= SHORT_MESSAGE
    })
}

/// What the rules look at.
struct Facts<'r> {
    read: &'r Read,
    /// Something has an amount.
    counted: bool,
    /// A product has an amount.
    counted_product: bool,
    /// A product is named.
    product: bool,
}

impl<'r> Facts<'r> {
    fn of(read: &'r Read) -> Self {
        let is_product = |what: &What| matches!(what, What::Products { .. });
        Self {
            read,
            counted: read.lines.iter().any(|l| is_counted(l, read.words)),
            counted_product: read.lines.iter().any(|l| l.amount.is_some() && is_product(&l.what)),
            product: read.lines.iter().any(|l| is_product(&l.what)),
        }
    }

    fn has(&self, cue: Cue) -> bool {
        self.read.cues.contains(&cue)
    }

    fn any(&self, cues: &[Cue]) -> bool {
        cues.iter().any(|cue| self.has(*cue))
    }

    fn asks_price(&self) -> bool {
        let offers = self.counted_product && self.has(Cue::Money) && !self.has(Cue::HowMuch);
        (self.has(Cue::Price) && !offers) || (self.has(Cue::HowMuch) && self.product)
    }

    /// A person, an order that is not wanted, or how this works.
    fn person_or_end(&self) -> Option<Intent> {
        if self.any(&[Cue::Person, Cue::Talk]) && !self.counted_product {
            return Some(Intent::Human);
        }
        if self.has(Cue::Cancel) && !(self.counted_product && self.has(Cue::Want)) {
            return Some(Intent::Cancel);
        }
        if self.has(Cue::NotWanted) && !self.product {
            return Some(Intent::Cancel);
        }
        let asks_how = self.has(Cue::How) && !self.product && !self.any(&[Cue::HowMuch, Cue::Price]);
        asks_how.then_some(Intent::Help)
    }

    /// Money that was paid or will be.
    fn money(&self) -> Option<Intent> {
        if self.has(Cue::HowMuch) || self.counted_product {
            return None;
        }
        let money = self.any(&[Cue::Money, Cue::Method]);
        let amount = self.read.largest >= SMALLEST_PAYMENT;
        let paid = self.has(Cue::Paid) && (money || self.has(Cue::ByMe) || amount || self.read.words <= 3);
        let gave = self.any(&[Cue::Gave, Cue::Did]) && money;
        if (paid || gave) && !self.any(&[Cue::Wrong, Cue::WillPay]) {
            return Some(Intent::PaymentClaim);
        }
        let will_give =
            self.has(Cue::Will) && (money || self.has(Cue::Pay) || (self.has(Cue::Day) && amount && !self.product));
        let will_pay = self.has(Cue::WillPay) || will_give || (self.has(Cue::Pay) && self.has(Cue::Day));
        will_pay.then_some(Intent::Promise)
    }

    /// A complaint, the last order again, or goods with their amounts.
    fn goods(&self) -> Option<Intent> {
        if self.is_complaint() {
            return Some(Intent::Dispute);
        }
        if self.has(Cue::Repeat) || (self.has(Cue::Like) && self.any(&[Cue::Before, Cue::Again, Cue::Same])) {
            return Some(Intent::Repeat);
        }
        if !self.counted {
            return None;
        }
        Some(if self.asks_price() && !self.has(Cue::Want) { Intent::Price } else { Intent::Order })
    }

    /// Something is wrong, came short, was never ordered, or is too much on the bill.
    fn is_complaint(&self) -> bool {
        let short = self.has(Cue::Less) && self.any(&[Cue::Came, Cue::Is]);
        let came =
            (self.counted || self.read.largest > 0) && self.any(&[Cue::Came, Cue::NotArrived]) && !self.has(Cue::Want);
        let never = self.has(Cue::Denied) && self.has(Cue::ByMe) && self.any(&[Cue::Did, Cue::Order]);
        let bill = self.has(Cue::Bill) && self.any(&[Cue::More, Cue::Less, Cue::Denied, Cue::Correction]);
        self.has(Cue::Wrong) || short || came || never || bill
    }

    /// Where something is, what it costs, what is owed, what can be done.
    fn questions(&self) -> Option<Intent> {
        let own_order = self.has(Cue::Order) && self.has(Cue::Mine) && self.read.words <= 3 && !self.has(Cue::Want);
        if self.has(Cue::Status) || (!self.product && (self.is_where() || own_order)) {
            return Some(Intent::OrderStatus);
        }
        let again = self.any(&[Cue::Again, Cue::Order, Cue::Goods, Cue::Want, Cue::Before]) || self.read.words == 1;
        if !self.product && ((self.has(Cue::Same) && again) || (self.has(Cue::Before) && self.has_last_order())) {
            return Some(Intent::Repeat);
        }
        if self.asks_price() && (self.product || !self.has(Cue::Owed)) {
            return Some(Intent::Price);
        }
        if (self.has(Cue::Owed) || (self.has(Cue::HowMuch) && self.has(Cue::Money))) && !self.product {
            return Some(Intent::Balance);
        }
        let asks_what =
            self.has(Cue::What) && !self.has(Cue::Is) && self.read.strays == 0 && self.read.lines.is_empty();
        if self.has(Cue::Help) || (self.any(&[Cue::What, Cue::How]) && self.has(Cue::Possible)) || asks_what {
            return Some(Intent::Help);
        }
        (self.product && !self.has(Cue::Want) && self.any(&[Cue::Is, Cue::Possible])).then_some(Intent::Price)
    }

    /// The last order, or the goods of last time once more.
    fn has_last_order(&self) -> bool {
        self.has(Cue::Order) || (self.has(Cue::Goods) && self.has(Cue::Again))
    }

    fn is_where(&self) -> bool {
        let thing = self.any(&[Cue::Order, Cue::Goods]);
        let asks = self.any(&[Cue::Where, Cue::When, Cue::Arrived]) || (self.has(Cue::HowMuch) && self.has(Cue::Day));
        (thing && asks)
            || (self.has(Cue::Order) && self.has(Cue::Mine) && self.has(Cue::What))
            || (self.has(Cue::Arrived) && self.any(&[Cue::Where, Cue::When]))
            || self.has(Cue::NotArrived)
    }

    /// A product or an order without amounts, a greeting, or nothing that is known.
    fn talk(&self) -> Intent {
        let read = self.read;
        if self.product && (self.any(&[Cue::Want, Cue::Order]) || read.words <= 2 * read.naming) {
            return Intent::Order;
        }
        let wants = self.has(Cue::Want) && (self.any(&[Cue::Order, Cue::Goods]) || read.words <= 8);
        if wants || self.has(Cue::Order) {
            return Intent::Order;
        }
        let how_are_you =
            read.strays == 0 && read.lines.is_empty() && read.words <= 4 && self.has(Cue::What) && self.has(Cue::Is);
        if (self.has(Cue::Greeting) && read.strays <= 1) || read.greets_in_pictures || how_are_you {
            return Intent::Greeting;
        }
        Intent::Unknown
    }
}
