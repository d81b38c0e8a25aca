//! What the pages of orders say.

use credit::{PaymentMode, ReservationState};
use routing::{Ineligible, OfferState};
use web::panel::PageLanguage;
use web::panel_words;

use crate::OrderState;

panel_words! {
    /// The words of these pages.
    pub(super) enum Word {
        Orders: "Orders", "अर्डरहरू";
        Order: "Order", "अर्डर";
        Retailer: "Retailer", "पसल";
        Vendor: "Vendor", "थोक बिक्रेता";
        Total: "Total", "जम्मा";
        Paid: "Paid", "कसरी तिर्ने";
        State: "State", "अवस्था";
        AnyState: "any", "जुनसुकै";
        Search: "Code of the order, or phone of the shop", "अर्डरको कोड वा पसलको फोन";
        Find: "Search", "खोज्नुहोस्";
        Placed: "Begun", "सुरु";
        Since: "In this state since", "यो अवस्थामा";
        Place: "Goes to", "पुर्‍याउने ठाउँ";
        Reason: "Reason", "कारण";
        Again: "Tries again", "फेरि प्रयास";
        Earlier: "an earlier order", "पहिलेको अर्डर";
        Lines: "What was ordered", "के अर्डर भयो";
        Product: "Product", "सामान";
        Quantity: "Ordered", "अर्डर गरेको";
        Arrived: "Arrived", "पुगेको";
        Price: "Price of one", "एउटाको मूल्य";
        Amount: "Amount", "रकम";
        Log: "What happened", "के भयो";
        When: "When", "कहिले";
        Who: "Who", "कसले";
        Held: "Held on credit", "उधारोमा रोकिएको";
        Reservation: "Reservation", "रोकिएको उधारो";
        Reservations: "Held for orders", "अर्डरका लागि रोकिएको";
        Ended: "Ended", "टुङ्गिएको";
        Cycle: "Cycle", "भाका";
        Entry: "Entry of the book", "खाताको प्रविष्टि";
        Line: "Credit line", "उधारो खाता";
        Offers: "Offers", "प्रस्तावहरू";
        Until: "Answer until", "जवाफ दिने समय";
        Answered: "Answered", "जवाफ";
        Decision: "Why it went there", "किन त्यहाँ गयो";
        Score: "Score", "अङ्क";
        Chosen: "chosen", "छानिएको";
        ByRetailer: "retailer", "पसल";
        ByVendor: "vendor", "थोक बिक्रेता";
        Operator: "operator", "सञ्चालक";
        System: "platform", "प्रणाली";
        Back: "Back to the line", "उधारो खातामा फर्कनुहोस्";
    }
}

/// The word for a state.
pub(super) const fn state(state: OrderState, language: PageLanguage) -> &'static str {
    let (english, nepali) = match state {
        OrderState::Draft => ("draft", "मस्यौदा"),
        OrderState::Placed => ("placed", "अर्डर भएको"),
        OrderState::Offered => ("before the vendor", "बिक्रेतासामु"),
        OrderState::Confirmed => ("confirmed", "स्वीकृत"),
        OrderState::Dispatched => ("on the way", "बाटोमा"),
        OrderState::Delivered => ("delivered", "पुगेको"),
        OrderState::Cancelled => ("cancelled", "रद्द"),
        OrderState::Failed => ("failed", "असफल"),
        OrderState::Expired => ("expired", "म्याद नाघेको"),
    };
    either(english, nepali, language)
}

const fn either(english: &'static str, nepali: &'static str, language: PageLanguage) -> &'static str {
    match language {
        PageLanguage::English => english,
        PageLanguage::Nepali => nepali,
    }
}

/// The word for how it is paid.
pub(super) const fn mode(mode: PaymentMode, language: PageLanguage) -> &'static str {
    match mode {
        PaymentMode::Credit => either("on credit", "उधारोमा", language),
        PaymentMode::Cash => either("in cash", "नगदमा", language),
    }
}

/// The word for what became of a reservation.
pub(super) const fn held(state: ReservationState, language: PageLanguage) -> &'static str {
    match state {
        ReservationState::Active => either("held", "रोकिएको", language),
        ReservationState::Released => either("given back", "फुकाइएको", language),
        ReservationState::Converted => either("turned into a cycle", "भाका बनेको", language),
    }
}

/// The word for what became of an offer.
pub(super) const fn offer(state: OfferState, language: PageLanguage) -> &'static str {
    match state {
        OfferState::Open => either("open", "जवाफ बाँकी", language),
        OfferState::Accepted => either("accepted", "स्वीकृत", language),
        OfferState::Rejected => either("rejected", "अस्वीकृत", language),
        OfferState::Expired => either("expired", "म्याद नाघेको", language),
        OfferState::Withdrawn => either("withdrawn", "फिर्ता लिइएको", language),
    }
}

/// Why a vendor could not take an order.
pub(super) fn ineligible(why: &Ineligible, language: PageLanguage) -> String {
    let is_english = language == PageLanguage::English;
    match why {
        Ineligible::AlreadyAsked => either("was asked before", "पहिले सोधिसकेको", language).to_owned(),
        Ineligible::NotSold { line } if is_english => format!("does not sell line {line}"),
        Ineligible::NotSold { line } => format!("{line} नम्बरको सामान बेच्दैन"),
        Ineligible::BelowMinimum { line, minimum } if is_english => format!("sells line {line} from {minimum} on"),
        Ineligible::BelowMinimum { line, minimum } => format!("{line} नम्बरको सामान कम्तीमा {minimum} चाहिन्छ"),
        Ineligible::NotEnoughStock { line, free } if is_english => format!("has {free} of line {line}"),
        Ineligible::NotEnoughStock { line, free } => format!("{line} नम्बरको सामान {free} मात्र छ"),
        Ineligible::OrderCheck { reasons } => {
            let reasons = reasons.iter().map(|code| credit::reason_word(code, language)).collect::<Vec<_>>();
            reasons.join("; ")
        }
    }
}
