//! What a vendor is told.

use kernel::OfferId;
use orders::{Order, OrderState};
use parties::Language::{self, English, Nepali, RomanNepali};
use whatsapp::message::{Buttons, List, Outgoing, Part, shorten};

use super::{Press, ask, choose, fitted, named, state_name};
use crate::inbound::Reply;

/// Room for the lines of a text whose head and tail take the rest of 1 024 characters.
const ROOM_FOR_ORDERS: usize = 800;

/// What a vendor can do.
pub(crate) fn vendor_menu(language: Language, name: &str) -> Reply {
    let name = named(name);
    let body = match language {
        Nepali => {
            format!("नमस्ते {name}! नयाँ अर्डर आउनेबित्तिकै यहीँ पठाउँछौं। सामान पुर्‍याएपछि पसलेले भनेको ४ अंकको कोड यहाँ लेख्नुहोला।")
        }
        RomanNepali => format!(
            "Namaste {name}! Naya order aaune bittikai yahi pathauchhau. Saman puryayepachi pasale le bhaneko 4 anka ko \
             code yaha lekhnuhola."
        ),
        English => format!(
            "Hello {name}! New orders come to you here as soon as they are placed. After a delivery, write the shop's \
             4-digit code here."
        ),
    };
    ask(language, body, &[Press::VendorOrders, Press::VendorClaims])
}

fn dispatch_id(order: &Order) -> String {
    format!("order:dispatch:{}", order.id)
}

/// What marks an order as sent.
const fn sent_title(language: Language) -> &'static str {
    match language {
        Nepali => "सामान पठाएँ",
        RomanNepali => "Saman pathaye",
        English => "Goods are sent",
    }
}

/// The vendor took an order.
pub(crate) fn offer_accepted(language: Language, order: &Order) -> Reply {
    let (code, total) = (&order.code, order.total.for_people());
    let body = match language {
        Nepali => format!("धन्यवाद! अर्डर {code} ({total}) तपाईंको भयो। सामान निस्किएपछि तलको बटन थिच्नुहोला।"),
        RomanNepali => {
            format!("Dhanyabad! Order {code} ({total}) tapaiko bhayo. Saman niskiyepachi tala ko button thichnuhola.")
        }
        English => format!("Thank you! Order {code} ({total}) is yours. Press the button when the goods have left."),
    };
    let dispatched = sent_title(language);
    let orders = Press::VendorOrders;
    Buttons::new(body).button(dispatch_id(order), dispatched).button(orders.id(), orders.title(language)).build()
}

/// Asks why an offer is rejected.
pub(crate) fn why_reject(language: Language, offer: OfferId) -> Reply {
    let (body, no_stock, closed, too_far) = match language {
        Nepali => ("ठीक छ। कारण के हो? अर्कै भए लेख्नुहोला।", "सामान छैन", "पसल बन्द छ", "धेरै टाढा"),
        RomanNepali => {
            ("Thik chha. Karan ke ho? Arkai bhaye lekhnuhola.", "Saman chhaina", "Pasal banda chha", "Dherai tadha")
        }
        English => ("All right. What is the reason? If it is another one, write it.", "No stock", "Closed", "Too far"),
    };
    let id = |reason: &str| format!("offer:why:{offer}:{reason}");
    Buttons::new(body)
        .button(id("NO_STOCK"), no_stock)
        .button(id("CLOSED"), closed)
        .button(id("TOO_FAR"), too_far)
        .build()
}

/// The vendor did not take an order.
pub(crate) fn offer_rejected(language: Language) -> Reply {
    let body = match language {
        Nepali => "खबर गर्नुभएकोमा धन्यवाद। यो अर्डर अरूलाई सोध्छौं।",
        RomanNepali => "Khabar garnubhayekoma dhanyabad. Yo order aru lai sodhchhau.",
        English => "Thank you for telling us. We will ask someone else for this order.",
    };
    ask(language, body, &[Press::VendorOrders])
}

/// The offer's deadline has passed.
pub(crate) fn offer_expired(language: Language) -> Reply {
    let body = match language {
        Nepali => "यो अर्डरको जवाफ दिने समय बितिसक्यो। अर्को अर्डर आउनेबित्तिकै पठाउँछौं।",
        RomanNepali => "Yo order ko jawaf dine samaya bitisakyo. Arko order aaune bittikai pathauchhau.",
        English => "The time to answer this order has passed. We will send you the next one as soon as it comes.",
    };
    ask(language, body, &[Press::VendorOrders])
}

/// What marks an order as delivered.
const fn delivered_title(language: Language) -> &'static str {
    match language {
        Nepali => "सामान पुर्‍याएँ",
        RomanNepali => "Saman puryaye",
        English => "Delivered",
    }
}

fn delivered_id(order: &Order) -> String {
    format!("order:delivered:{}", order.id)
}

/// The vendor sent the goods.
pub(crate) fn order_dispatched(language: Language, order: &Order) -> Reply {
    let code = &order.code;
    let body = match language {
        Nepali => format!(
            "अर्डर {code} बाटोमा। सामान बुझाउँदा पसलेले भनेको ४ अंकको कोड यहाँ लेख्नुहोला, जस्तै “{code} 1234”। कोड नपाए तलको बटन थिच्नुहोला।"
        ),
        RomanNepali => format!(
            "Order {code} batoma. Saman bujhauda pasale le bhaneko 4 anka ko code yaha lekhnuhola, jastai “{code} 1234”. \
             Code napaye tala ko button thichnuhola."
        ),
        English => format!(
            "Order {code} is on its way. When you hand over the goods, write the shop's 4-digit code here, like “{code} \
             1234”. Without the code, press the button."
        ),
    };
    let orders = Press::VendorOrders;
    Buttons::new(body)
        .button(delivered_id(order), delivered_title(language))
        .button(orders.id(), orders.title(language))
        .build()
}

/// The vendor's word that an order was delivered is put before the shop.
pub(crate) fn marked_delivered(language: Language, order: &Order) -> Reply {
    let code = &order.code;
    let body = match language {
        Nepali => format!("धन्यवाद! अर्डर {code} पुगेको हो भनेर पसललाई सोधेका छौं। जवाफ नआए दुई दिनपछि पुगेको मानिन्छ।"),
        RomanNepali => format!(
            "Dhanyabad! Order {code} pugeko ho bhanera pasal lai sodheka chhau. Jawaf naaye dui din pachi pugeko maninchha."
        ),
        English => format!(
            "Thank you! We have asked the shop about order {code}. Without an answer it counts as delivered in two days."
        ),
    };
    ask(language, body, &[Press::VendorOrders])
}

/// A delivery code came, but nothing is on the way.
pub(crate) fn nothing_on_the_way(language: Language) -> Reply {
    let body = match language {
        Nepali => "अहिले तपाईंको कुनै अर्डर बाटोमा छैन। पहिले अर्डर खोलेर “सामान पठाएँ” छान्नुहोला।",
        RomanNepali => "Ahile tapaiko kunai order batoma chhaina. Pahile order kholera “Saman pathaye” chhannuhola.",
        English => "None of your orders is on its way now. Please open the order and mark its goods as sent first.",
    };
    ask(language, body, &[Press::VendorOrders])
}

/// A delivery code came, and several orders are on the way.
pub(crate) fn which_delivery(language: Language, on_the_way: &[Order]) -> Reply {
    let example = on_the_way.first().map_or("ABC234", |order| order.code.as_str());
    let lines: Vec<String> = on_the_way.iter().map(|order| line(language, order)).collect();
    let lines = fitted(language, &lines, ROOM_FOR_ORDERS);
    Outgoing::text(match language {
        Nepali => format!("यो कोड कुन अर्डरको हो? अर्डरको कोडसँगै लेख्नुहोला, जस्तै “{example} 1234”।\n\n{lines}"),
        RomanNepali => {
            format!("Yo code kun order ko ho? Order ko code sangai lekhnuhola, jastai “{example} 1234”.\n\n{lines}")
        }
        English => {
            format!(
                "Which order is this code for? Please write it with the order's code, like “{example} 1234”.\n\n{lines}"
            )
        }
    })
}

/// The delivery code is wrong.
pub(crate) fn wrong_code(language: Language, left: i64) -> Reply {
    if left <= 0 {
        return code_locked(language);
    }
    let body = match language {
        Nepali => format!("यो कोड मिलेन। पसलेसँग फेरि सोधेर लेख्नुहोला। अझै {left} पटक लेख्न सक्नुहुन्छ।"),
        RomanNepali => {
            format!("Yo code milena. Pasale sanga pheri sodhera lekhnuhola. Ajhai {left} patak lekhna saknuhunchha.")
        }
        English => format!("This code is not right. Please ask the shop again and write it. {left} tries are left."),
    };
    ask(language, body, &[Press::VendorOrders])
}

/// The delivery code was wrong too often.
pub(crate) fn code_locked(language: Language) -> Reply {
    let body = match language {
        Nepali => "कोड धेरै पटक मिलेन। पसलेले आफ्नो “सामान पाएँ” बटन थिचे पनि हुन्छ, नत्र हाम्रो टोलीले हेरेर मिलाइदिन्छ।",
        RomanNepali => {
            "Code dherai patak milena. Pasale le afno “Saman paye” button thiche pani hunchha, natra hamro toli le herera \
             milaidinchha."
        }
        English => {
            "The code was not right too many times. The shop can press its “Received” button instead, or our team will \
             look at it."
        }
    };
    ask(language, body, &[Press::VendorOrders])
}

fn line(language: Language, order: &Order) -> String {
    format!("• {} — {}, {}", order.code, state_name(language, order.state), order.total.for_people())
}

/// The vendor's open orders. Those that are being prepared can be marked as sent, those on their way as delivered.
pub(crate) fn vendor_orders(language: Language, open: &[Order]) -> Reply {
    let (head, none, sent) = match language {
        Nepali => (
            "तपाईंका अहिलेका अर्डर:",
            "अहिले कुनै अर्डर बाँकी छैन। नयाँ अर्डर आउनेबित्तिकै पठाउँछौं।",
            "सामान पठाएको वा पुर्‍याएको भए छान्नुहोला।",
        ),
        RomanNepali => (
            "Tapaika ahile ka order:",
            "Ahile kunai order baki chhaina. Naya order aaune bittikai pathauchhau.",
            "Saman pathayeko wa puryayeko bhaye chhannuhola.",
        ),
        English => (
            "Your open orders:",
            "You have no open order now. We will send you new ones as soon as they come.",
            "Choose an order when its goods have been sent or delivered.",
        ),
    };
    if open.is_empty() {
        return Outgoing::text(none);
    }
    let lines: Vec<String> = open.iter().map(|order| line(language, order)).collect();
    let lines = fitted(language, &lines, ROOM_FOR_ORDERS);
    // The orders stand newest first; what has waited longest is to be sent first, then what is on its way.
    let of = |state: OrderState| open.iter().rev().filter(move |order| order.state == state);
    let waiting = of(OrderState::Confirmed).chain(of(OrderState::Dispatched)).take(Part::Rows.max());
    let list = waiting.fold(List::new(format!("{head}\n\n{lines}\n\n{sent}"), choose(language)), |list, order| {
        let (id, what) = match order.state {
            OrderState::Confirmed => (dispatch_id(order), sent_title(language)),
            _ => (delivered_id(order), delivered_title(language)),
        };
        let about = shorten(&format!("{what}: {}", order.total.for_people()), Part::RowDescription);
        list.row(id, shorten(&order.code, Part::RowTitle), Some(&about))
    });
    if list.sections.is_empty() { Outgoing::text(format!("{head}\n\n{lines}")) } else { list.build() }
}
