//! What is said about places and foreign money.

use parties::Language::{self, English, Nepali, RomanNepali};
use whatsapp::message::Buttons;

use super::{Press, ask, named};
use crate::inbound::Reply;

/// Whether a place on the map is where goods are brought from now on.
pub(crate) fn ask_place(language: Language, place: &str, wamid: &str) -> Reply {
    let place = named(place);
    let (body, yes, no) = match language {
        Nepali => (format!("{place}\n\nअबदेखि सामान यहीँ पुर्‍याउने हो?"), "हो, यहीँ", "होइन"),
        RomanNepali => (format!("{place}\n\nAbadekhi saman yahi puryaune ho?"), "Ho, yahi", "Hoina"),
        English => (format!("{place}\n\nShall we bring your goods here from now on?"), "Yes, here", "No"),
    };
    Buttons::new(body).button(format!("place:yes:{wamid}"), yes).button("place:no", no).build()
}

/// The place is kept.
pub(crate) fn place_kept(language: Language, place: &str) -> Reply {
    let place = named(place);
    let body = match language {
        Nepali => format!("ठिक छ। अबदेखि सामान यहाँ आउँछ: {place}"),
        RomanNepali => format!("Thik chha. Abadekhi saman yaha aunchha: {place}"),
        English => format!("Good. From now on your goods come here: {place}"),
    };
    ask(language, &body, &[Press::Order, Press::Menu])
}

/// The place stays as it was.
pub(crate) fn place_left(language: Language) -> Reply {
    let body = match language {
        Nepali => "हुन्छ, सामान पहिलेकै ठाउँमा आउँछ।",
        RomanNepali => "Hunchha, saman pahile kai thau ma aunchha.",
        English => "All right, your goods come to the same place as before.",
    };
    ask(language, body, &[Press::Order, Press::Menu])
}

/// A cart named prices in other money: what counts is the price list.
pub(crate) fn other_currency(language: Language, currency: &str) -> String {
    let currency = named(currency);
    match language {
        Nepali => format!("कार्टमा {currency} मा मूल्य थियो; यहाँ रुपैयाँको आजको मूल्य लाग्छ।"),
        RomanNepali => format!("Cart ma {currency} ma mulya thiyo; yaha rupaiya ko aaja ko mulya lagchha."),
        English => format!("The cart had prices in {currency}; ours in rupees of today count."),
    }
}
