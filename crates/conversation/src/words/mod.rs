//! What is said in a conversation, in Nepali, romanised Nepali and English: typed facts in, a message out.
//!
//! Each text is one `match` over the languages, so the compiler sees that none is missing. Every text ends with
//! something that can be done next. Names and typed words come from others and are cut with [`named`]; lists go through
//! [`fitted`], which counts what a message has no room for. A text that cannot be shown with buttons because it is too
//! long is sent without them, and what they do is typed.
//!
//! What is sent without being asked for (offers, receipts, reminders) does not live here but with what causes it; the
//! menu lives in `menu`.

mod arrival;
mod cart;
mod claims;
mod money;
mod place;
mod retailer;
mod vendor;

use catalog::Product;
use orders::OrderState;
use parties::Language::{self, English, Nepali, RomanNepali};
use whatsapp::message::{Buttons, Outgoing, Part, length, shorten};

use crate::inbound::Reply;

pub(crate) use arrival::{
    all_or_missing, counted, how_many_arrived, not_arrived, nothing_came, reminders, stands, which_arrived,
    which_is_missing,
};
pub(crate) use cart::{
    ask_quantity, ask_which, cart, cart_cancelled, change_cart, nobody_sells, nothing_in_cart, payment_mode, placed,
    refused,
};
pub(crate) use claims::{
    claim_confirmed, claim_counted_before, claim_for_team, claim_for_vendor, claim_is_more, claim_rejected,
    claims_waiting, rejection_reason, vendor_already_done, why_not_received,
};
pub(crate) use money::{
    About, claimed, confirm_claim, confirm_dispute, day_out_of_reach, dispute_reason, disputed, disputed_before,
    left_as_it_is, no_account, no_open_bill, paid_how, paid_how_much, paid_reference, paid_whom, paying, promised,
    which_bill, which_day, why_dispute,
};
pub(crate) use place::{ask_place, other_currency, place_kept, place_left};
pub(crate) use retailer::{
    cannot_cancel, help, how_to_order, not_understood, nothing_to_repeat, order_cancelled, person_will_call,
    prices_for_stranger, unknown_sender, unverified_sender, which_to_cancel,
};
pub(crate) use vendor::{
    code_locked, marked_delivered, nothing_on_the_way, offer_accepted, offer_expired, offer_rejected, order_dispatched,
    vendor_menu, vendor_orders, which_delivery, why_reject, wrong_code,
};

/// Names that one sentence lists before it counts the rest.
const NAMED: usize = 5;

/// What can be pressed under several texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Press {
    Menu,
    Order,
    Owe,
    Orders,
    Repeat,
    Help,
    Person,
    Confirm,
    Change,
    Cancel,
    Credit,
    Cash,
    Pay,
    Insights,
    Paid,
    WillPay,
    BillWrong,
    VendorOrders,
    VendorClaims,
}

impl Press {
    /// What comes back.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Menu => "menu",
            Self::Order => "menu:order",
            Self::Owe => "menu:owe",
            Self::Orders => "menu:orders",
            Self::Repeat => "menu:repeat",
            Self::Help => "menu:help",
            Self::Person => "menu:person",
            Self::Confirm => "cart:confirm",
            Self::Change => "cart:change",
            Self::Cancel => "cart:cancel",
            Self::Credit => "pay:credit",
            Self::Cash => "pay:cash",
            Self::Pay => "menu:pay",
            Self::Insights => "menu:insights",
            Self::Paid => "paid",
            Self::WillPay => "bill:promise",
            Self::BillWrong => "bill:dispute",
            Self::VendorClaims => "vendor:claims",
            Self::VendorOrders => "vendor:orders",
        }
    }

    /// What it shows: at most 20 characters, and where it answers a question, a word that is understood when typed.
    pub(crate) const fn title(self, language: Language) -> &'static str {
        match language {
            Nepali => match self {
                Self::Menu => "मेनु",
                Self::Order => "सामान अर्डर",
                Self::Owe => "मेरो हिसाब",
                Self::Orders | Self::VendorOrders => "मेरा अर्डर",
                Self::Repeat => "फेरि उही सामान",
                Self::Help => "सहयोग",
                Self::Person => "मान्छेसँग कुरा",
                Self::Confirm => "पक्का",
                Self::Change => "फेर्ने",
                Self::Cancel => "रद्द",
                Self::Credit => "उधारो",
                Self::Cash => "नगद",
                Self::Pay => "तिर्ने",
                Self::Insights => "कारोबारको झलक",
                Self::Paid => "तिरेँ",
                Self::WillPay => "पछि तिर्छु",
                Self::BillWrong => "बिल मिलेन",
                Self::VendorClaims => "तिरेँ भनेका",
            },
            RomanNepali => match self {
                Self::Menu => "Menu",
                Self::Order => "Saman order",
                Self::Owe => "Mero hisab",
                Self::Orders | Self::VendorOrders => "Mera order",
                Self::Repeat => "Pheri uhi saman",
                Self::Help => "Sahayog",
                Self::Person => "Manchhe sanga kura",
                Self::Confirm => "Pakka",
                Self::Change => "Badalne",
                Self::Cancel => "Radda",
                Self::Credit => "Udharo",
                Self::Cash => "Nagad",
                Self::Pay => "Tirne",
                Self::Insights => "Karobarko jhalak",
                Self::Paid => "Tire",
                Self::WillPay => "Pachi tirchhu",
                Self::BillWrong => "Bill milena",
                Self::VendorClaims => "Tire bhaneka",
            },
            English => match self {
                Self::Menu => "Menu",
                Self::Order => "Order goods",
                Self::Owe => "What I owe",
                Self::Orders | Self::VendorOrders => "My orders",
                Self::Repeat => "Same again",
                Self::Help => "Help",
                Self::Person => "Talk to a person",
                Self::Confirm => "Confirm",
                Self::Change => "Change",
                Self::Cancel => "Cancel",
                Self::Credit => "On credit",
                Self::Cash => "Cash",
                Self::Pay => "Pay",
                Self::Insights => "My business",
                Self::Paid => "I have paid",
                Self::WillPay => "I will pay",
                Self::BillWrong => "Bill is wrong",
                Self::VendorClaims => "Payment claims",
            },
        }
    }
}

/// A text with buttons.
pub(crate) fn ask(language: Language, body: impl Into<String>, presses: &[Press]) -> Reply {
    let buttons =
        presses.iter().fold(Buttons::new(body), |message, press| message.button(press.id(), press.title(language)));
    buttons.build()
}

/// What opens a list.
pub(crate) const fn choose(language: Language) -> &'static str {
    match language {
        Nepali => "छान्नुहोस्",
        RomanNepali => "Chhannuhos",
        English => "Choose",
    }
}

/// Lines between a head and a tail, with buttons where all of it fits; otherwise as a text without them, in which the
/// lines that do not fit are counted.
pub(crate) fn listing(language: Language, head: &str, lines: &[String], tail: &str, presses: &[Press]) -> Reply {
    let whole = paragraphs(&[head, &lines.join("\n"), tail]);
    if length(&whole) <= Part::InteractiveBody.max() {
        return ask(language, whole, presses);
    }
    let typed = match language {
        Nepali => "छोटो जवाफ लेख्नुहोला:",
        RomanNepali => "Chhoto jawaf lekhnuhola:",
        English => "Please answer with a word:",
    };
    let titles: Vec<&str> = presses.iter().map(|press| press.title(language)).collect();
    let tail = paragraphs(&[tail, &format!("{typed} {}", titles.join(" / "))]);
    // A second blank line stands beside the lines.
    let around = length(&paragraphs(&[head, &tail])).saturating_add(2);
    let shown = fitted(language, lines, Part::TextBody.max().saturating_sub(around));
    Outgoing::text(paragraphs(&[head, &shown, &tail]))
}

fn paragraphs(parts: &[&str]) -> String {
    parts.iter().copied().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// The lines where `room` characters hold them, otherwise as many as leave room for a count of the rest.
pub(crate) fn fitted(language: Language, lines: &[String], room: usize) -> String {
    let whole = lines.join("\n");
    if length(&whole) <= room {
        return whole;
    }
    let mut shown = String::new();
    for (rest, line) in (0..lines.len()).rev().zip(lines) {
        let with_line = format!("{shown}{line}\n");
        if length(&with_line).saturating_add(length(&more(language, rest))) > room {
            return shown + &more(language, rest.saturating_add(1));
        }
        shown = with_line;
    }
    shown
}

fn more(language: Language, rest: usize) -> String {
    match language {
        Nepali => format!("… र अरू {rest} वटा"),
        RomanNepali => format!("… ra aru {rest} wata"),
        English => format!("… and {rest} more"),
    }
}

/// Somebody's words within a sentence: on one line, and cut where they are long.
pub(crate) fn named(text: &str) -> String {
    shorten(&text.split_whitespace().collect::<Vec<_>>().join(" "), Part::Header)
}

/// Several names within a sentence, the first few and a count of the rest.
fn enumerated(language: Language, names: &[String]) -> String {
    let mut shown: Vec<String> = names.iter().take(NAMED).map(|name| format!("“{}”", named(name))).collect();
    let rest = names.len().saturating_sub(NAMED);
    if rest > 0 {
        shown.push(more(language, rest));
    }
    shown.join(", ")
}

/// A product's name as a person reads it.
pub(crate) fn product_name(language: Language, product: &Product) -> &str {
    match language {
        Nepali if !product.name_ne.is_empty() => &product.name_ne,
        Nepali | RomanNepali | English => &product.name,
    }
}

/// Where an order stands, as a person says it.
pub(crate) const fn state_name(language: Language, state: OrderState) -> &'static str {
    match language {
        Nepali => match state {
            OrderState::Draft => "पूरा भएको छैन",
            OrderState::Placed => "थोक पसल खोज्दै",
            OrderState::Offered => "थोक पसलको जवाफ पर्खँदै",
            OrderState::Confirmed => "तयार हुँदै",
            OrderState::Dispatched => "बाटोमा",
            OrderState::Delivered => "पुग्यो",
            OrderState::Cancelled => "रद्द भयो",
            OrderState::Failed => "हुन सकेन",
            OrderState::Expired => "समय सकियो",
        },
        RomanNepali => match state {
            OrderState::Draft => "pura bhayeko chhaina",
            OrderState::Placed => "thok pasal khojdai",
            OrderState::Offered => "thok pasal ko jawaf parkhadai",
            OrderState::Confirmed => "tayar hudai",
            OrderState::Dispatched => "batoma",
            OrderState::Delivered => "pugyo",
            OrderState::Cancelled => "radda bhayo",
            OrderState::Failed => "huna sakena",
            OrderState::Expired => "samaya sakiyo",
        },
        English => match state {
            OrderState::Draft => "not finished",
            OrderState::Placed => "looking for a wholesaler",
            OrderState::Offered => "waiting for the wholesaler",
            OrderState::Confirmed => "being prepared",
            OrderState::Dispatched => "on its way",
            OrderState::Delivered => "delivered",
            OrderState::Cancelled => "cancelled",
            OrderState::Failed => "could not be filled",
            OrderState::Expired => "ran out of time",
        },
    }
}

/// What was pressed has had its effect, or its time is over.
pub(crate) fn already_done(language: Language) -> Reply {
    let body = match language {
        Nepali => "यो काम भइसकेको छ, वा यसको समय बितिसक्यो। अरू केही चाहिए भन्नुहोला।",
        RomanNepali => "Yo kaam bhaisakeko chha, wa yasko samaya bitisakyo. Aru kehi chahiye bhannuhola.",
        English => "This is already done, or its time has passed. Is there anything else?",
    };
    ask(language, body, &[Press::Menu])
}

/// Thanks, where another message says the rest.
pub(crate) fn thanks(language: Language) -> Reply {
    Outgoing::text(match language {
        Nepali => "धन्यवाद! 🙏",
        RomanNepali => "Dhanyabad! 🙏",
        English => "Thank you! 🙏",
    })
}

/// A picture, a voice message or the like was put before a person.
pub(crate) fn kept_for_person(language: Language) -> Reply {
    let body = match language {
        Nepali => "पाएँ। यो हाम्रो टोलीले हेर्नेछ। छिटो जवाफका लागि अक्षरमा लेखेर पठाउन सक्नुहुन्छ।",
        RomanNepali => {
            "Paye. Yo hamro toli le hernechha. Chhito jawaf ko lagi akshar ma lekhera pathauna saknuhunchha."
        }
        English => "Got it. Our team will look at it. For a quick answer you can also write it in words.",
    };
    ask(language, body, &[Press::Menu])
}

#[cfg(test)]
mod tests;
