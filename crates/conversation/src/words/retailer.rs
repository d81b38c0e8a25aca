//! What a retailer is told apart from the cart.

use orders::Order;
use parties::Language::{self, English, Nepali, RomanNepali};
use whatsapp::message::{Buttons, List, Outgoing, Part, length, shorten};

use super::{Press, ask, choose, enumerated, fitted, state_name};
use crate::inbound::Reply;
use crate::menu::prices_head;

/// The first answer to someone who is not registered.
pub(crate) fn unknown_sender(language: Language) -> Reply {
    let ask = ask_for_prices(language);
    Outgoing::text(match language {
        Nepali => format!("नमस्ते! यो नम्बर हामीकहाँ दर्ता भएको छैन। {}\n\n{ask}", how_to_join(language)),
        RomanNepali => format!("Namaste! Yo number hamikaha darta bhayeko chhaina. {}\n\n{ask}", how_to_join(language)),
        English => format!("Hello! This number is not registered with us yet. {}\n\n{ask}", how_to_join(language)),
    })
}

/// The first answer to a number or id that waits for an operator to verify it.
pub(crate) fn unverified_sender(language: Language) -> Reply {
    let ask = ask_for_prices(language);
    Outgoing::text(match language {
        Nepali => format!("नमस्ते! तपाईंको नम्बर फेरिएको छ। {}\n\n{ask}", how_to_be_verified(language)),
        RomanNepali => format!("Namaste! Tapaiko number pheriyeko chha. {}\n\n{ask}", how_to_be_verified(language)),
        English => format!("Hello! Your number has changed. {}\n\n{ask}", how_to_be_verified(language)),
    })
}

/// What goods cost, and how to be let in to order them.
pub(crate) fn prices_for_stranger(language: Language, lines: &[String], is_waiting: bool) -> Reply {
    let join = if is_waiting { how_to_be_verified(language) } else { how_to_join(language) };
    let head = prices_head(language);
    let around = length(head).saturating_add(length(join)).saturating_add(4);
    let shown = fitted(language, lines, Part::TextBody.max().saturating_sub(around));
    Outgoing::text(format!("{head}\n{shown}\n\n{join}"))
}

const fn how_to_join(language: Language) -> &'static str {
    match language {
        Nepali => "अर्डर गर्न आफ्नो थोक पसल वा हाम्रो टोलीलाई यो नम्बर दर्ता गरिदिन भन्नुहोला। त्यसपछि यहीँबाट अर्डर गर्न सक्नुहुन्छ।",
        RomanNepali => {
            "Order garna afno thok pasal wa hamro toli lai yo number darta garidina bhannuhola. Tyaspachhi yahi bata \
             order garna saknuhunchha."
        }
        English => "To order, please ask your wholesaler or our team to add it. After that you can order right here.",
    }
}

const fn how_to_be_verified(language: Language) -> &'static str {
    match language {
        Nepali => "हाम्रो टोलीले पक्का गरेपछि यहीँबाट अर्डर गर्न सक्नुहुन्छ। छिट्टै सम्पर्क गर्छौँ।",
        RomanNepali => "Hamro toli le pakka garepachhi yahi bata order garna saknuhunchha. Chhittai samparka garchhau.",
        English => "As soon as our team has checked it you can order right here. We will be in touch shortly.",
    }
}

const fn ask_for_prices(language: Language) -> &'static str {
    match language {
        Nepali => "भाउ भने अहिल्यै सोध्न सक्नुहुन्छ, जस्तै: चिनीको भाउ",
        RomanNepali => "Bhau bhane ahilyai sodhna saknuhunchha, jastai: chini ko bhau",
        English => "You can ask for prices already, for example: price of sugar",
    }
}

/// How goods are ordered.
pub(crate) fn how_to_order(language: Language) -> Reply {
    let body = match language {
        Nepali => "के-के चाहियो, कति चाहियो, लेख्नुहोस्। जस्तै:\n५ बोरा चिनी, २ टिन तोरीको तेल",
        RomanNepali => "Ke ke chahiyo, kati chahiyo, lekhnuhos. Jastai:\n5 bora chini, 2 tin tori ko tel",
        English => "Write what you need and how much. For example:\n5 bora sugar, 2 tin mustard oil",
    };
    ask(language, body, &[Press::Repeat, Press::Menu])
}

/// What can be written.
pub(crate) fn help(language: Language) -> Reply {
    let body = match language {
        Nepali => {
            "सजिलो छ, साथीलाई जस्तै लेख्नुहोस्:\n• “५ बोरा चिनी” — सामान अर्डर\n• “चिनीको भाउ” — आजको मूल्य\n• “अर्डर कहाँ पुग्यो” — अर्डरको खबर\n• “मेरो \
             हिसाब” — कति तिर्न बाँकी\n• “फेरि उही” — अघिल्लो अर्डर फेरि\n• “रद्द” — अर्डर नगर्ने\n\nबटनको सट्टा अंक वा शब्द लेखे पनि हुन्छ।"
        }
        RomanNepali => {
            "Sajilo chha, sathi lai jastai lekhnuhos:\n• “5 bora chini” — saman order\n• “chini ko bhau” — aaja ko \
             mulya\n• “order kaha pugyo” — order ko khabar\n• “mero hisab” — kati tirna baki\n• “pheri uhi” — aghillo \
             order pheri\n• “cancel” — order nagarne\n\nButton ko satta anka wa shabda lekhe pani hunchha."
        }
        English => {
            "It is easy, write as you would to a friend:\n• “5 bora sugar” — order goods\n• “price of sugar” — today's \
             prices\n• “where is my order” — news of your order\n• “how much do I owe” — your account\n• “same again” — \
             the last order again\n• “cancel” — stop an order\n\nYou can type a number or a word instead of pressing."
        }
    };
    ask(language, body, &[Press::Order, Press::Owe, Press::Person])
}

/// Nothing was understood; the products that come nearest are named.
pub(crate) fn not_understood(language: Language, nearest: &[String]) -> Reply {
    let names = enumerated(language, nearest);
    let body = match language {
        Nepali if nearest.is_empty() => {
            "माफ गर्नुहोला, मैले बुझिनँ। सामान चाहिए “५ बोरा चिनी” जस्तै लेख्नुहोस्, वा तलबाट छान्नुहोस्।".to_owned()
        }
        RomanNepali if nearest.is_empty() => {
            "Maaf garnuhola, maile bujhina. Saman chahiye “5 bora chini” jastai lekhnuhos, wa tala bata chhannuhos."
                .to_owned()
        }
        English if nearest.is_empty() => {
            "Sorry, I did not understand. To order, write something like “5 bora sugar”, or choose below.".to_owned()
        }
        Nepali => format!("माफ गर्नुहोला, त्यो भेटिएन। हामीसँग यी छन्: {names}\nनाम र कति चाहियो, लेख्नुहोस्।"),
        RomanNepali => {
            format!("Maaf garnuhola, tyo bhetiyena. Hami sanga yi chhan: {names}\nNaam ra kati chahiyo, lekhnuhos.")
        }
        English => format!("Sorry, we do not have that. We do have: {names}\nWrite the name and how much you need."),
    };
    ask(language, body, &[Press::Help, Press::Person, Press::Menu])
}

/// A person takes over.
pub(crate) fn person_will_call(language: Language) -> Reply {
    Outgoing::text(match language {
        Nepali => "हुन्छ। हाम्रो टोलीको मान्छेले तपाईंसँग यहीँ कुरा गर्नेछ। त्यसअघि नै अर्डर गर्न “मेनु” लेख्नुहोस्।",
        RomanNepali => {
            "Hunchha. Hamro toli ko manchhe le tapai sanga yahi kura garnechha. Tyas aghi nai order garna “menu” lekhnuhos."
        }
        English => {
            "Of course. Someone from our team will write to you here. To go on ordering before that, write “menu”."
        }
    })
}

/// There is no order that could be repeated.
pub(crate) fn nothing_to_repeat(language: Language) -> Reply {
    let body = match language {
        Nepali => "अहिलेसम्म दोहोर्‍याउने अर्डर छैन। पहिलो अर्डर गरौँ?",
        RomanNepali => "Ahile samma dohoryaune order chhaina. Pahilo order garau?",
        English => "There is no earlier order to repeat yet. Shall we make the first one?",
    };
    ask(language, body, &[Press::Order, Press::Menu])
}

/// An order was cancelled at the retailer's wish.
pub(crate) fn order_cancelled(language: Language, code: &str) -> Reply {
    let body = match language {
        Nepali => format!("अर्डर {code} रद्द भयो। यसको केही तिर्नुपर्दैन।"),
        RomanNepali => format!("Order {code} radda bhayo. Yasko kehi tirnupardaina."),
        English => format!("Order {code} is cancelled. There is nothing to pay for it."),
    };
    ask(language, body, &[Press::Order, Press::Menu])
}

/// The order is on its way, or has ended.
pub(crate) fn cannot_cancel(language: Language) -> Reply {
    let body = match language {
        Nepali => "यो अर्डर यहाँबाट रद्द गर्न मिलेन: सामान बाटोमा छ वा अर्डर सकिइसक्यो। चाहिए हाम्रो टोलीले मिलाइदिन्छ।",
        RomanNepali => {
            "Yo order yaha bata radda garna milena: saman batoma chha wa order sakiisakyo. Chahiye hamro toli le \
             milaidinchha."
        }
        English => {
            "This order cannot be cancelled here: the goods are on their way, or it has ended. Our team can help."
        }
    };
    ask(language, body, &[Press::Person, Press::Orders])
}

/// Asks which open order is to be cancelled.
pub(crate) fn which_to_cancel(language: Language, open: &[Order]) -> Reply {
    let id = |order: &Order| format!("order:cancel:{}", order.id);
    match open {
        [] => {
            let body = match language {
                Nepali => "अहिले रद्द गर्नुपर्ने कुनै अर्डर छैन।",
                RomanNepali => "Ahile radda garnuparne kunai order chhaina.",
                English => "There is no open order to cancel.",
            };
            ask(language, body, &[Press::Orders, Press::Menu])
        }
        [order] => {
            let (code, total) = (&order.code, order.total.for_people());
            let (body, cancel, keep) = match language {
                Nepali => (format!("अर्डर {code} ({total}) रद्द गरौँ?"), "रद्द गर्ने", "रहन दिने"),
                RomanNepali => (format!("Order {code} ({total}) radda garau?"), "Radda garne", "Rahana dine"),
                English => (format!("Shall I cancel order {code} ({total})?"), "Cancel it", "Keep it"),
            };
            Buttons::new(body).button(id(order), cancel).button(Press::Menu.id(), keep).build()
        }
        several => {
            let body = match language {
                Nepali => "कुन अर्डर रद्द गरौँ?",
                RomanNepali => "Kun order radda garau?",
                English => "Which order shall I cancel?",
            };
            let list = several.iter().take(Part::Rows.max()).fold(List::new(body, choose(language)), |list, order| {
                let about = format!("{}, {}", order.total.for_people(), state_name(language, order.state));
                list.row(id(order), shorten(&order.code, Part::RowTitle), Some(&shorten(&about, Part::RowDescription)))
            });
            list.build()
        }
    }
}
