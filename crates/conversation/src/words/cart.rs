//! What a retailer is told about a cart: what was understood, what it costs, how it is paid, what became of it.

use std::collections::HashSet;

use catalog::Product;
use credit::{Check, OverdueCycle, PaymentMode, Reason, Remedy};
use kernel::{Money, ProductId};
use orders::{Order, PlaceRefusal, Preview, Wanted};
use parties::Language::{self, English, Nepali, RomanNepali};
use parties::Vendor;
use whatsapp::message::{Buttons, List, Part, length, shorten};

use super::{Press, ask, choose, enumerated, listing, more, named, product_name};
use crate::brain::Index;
use crate::inbound::Reply;

/// Bills that a text names before it counts the rest.
const NAMED_BILLS: usize = 3;
/// Rows of products in a list; the tenth is for something else.
const ROWS_OF_PRODUCTS: usize = 9;
/// Rows of lines in a list; the others are for the next ones and for giving up.
const ROWS_OF_LINES: usize = 8;

/// Asks how much of a product is wanted.
pub(crate) fn ask_quantity(language: Language, product: &Product, typed: &str) -> Reply {
    let (name, unit) = (named(product_name(language, product)), catalog::unit_name(language, &product.unit));
    let typed = named(typed);
    let heard = if typed.is_empty() { String::new() } else { format!("“{typed}”\n") };
    let body = match language {
        Nepali => format!("{heard}{name}: कति {unit} चाहियो? अंक मात्र लेखे पनि हुन्छ।"),
        RomanNepali => format!("{heard}{name}: kati {unit} chahiyo? Anka matra lekhe pani hunchha."),
        English => format!("{heard}{name}: how many {unit} do you need? A number is enough."),
    };
    ask(language, body, &[Press::Cancel])
}

/// Asks which of several products was meant: with buttons where their names fit on them, otherwise with a list.
pub(crate) fn ask_which(language: Language, several: &[&Product], typed: &str) -> Reply {
    let typed = named(typed);
    if several.is_empty() {
        let heard = std::slice::from_ref(&typed);
        return nothing_in_cart(language, if typed.is_empty() { &[] } else { heard });
    }
    let heard = if typed.is_empty() { String::new() } else { format!("“{typed}”: ") };
    let body = match language {
        Nepali => format!("{heard}यीमध्ये कुन चाहियो?"),
        RomanNepali => format!("{heard}yi madhye kun chahiyo?"),
        English => format!("{heard}which of these do you mean?"),
    };
    let id = |product: &Product| format!("ask:{}", product.sku);
    let fits = |name: &&str| length(name) <= Part::ButtonTitle.max();
    let names: HashSet<&str> = several.iter().map(|product| product_name(language, product)).filter(fits).collect();
    if several.len() <= Part::Buttons.max() && names.len() == several.len() {
        let buttons = several
            .iter()
            .fold(Buttons::new(body), |message, product| message.button(id(product), product_name(language, product)));
        return buttons.build();
    }
    let (other, type_it) = match language {
        Nepali => ("अर्कै सामान", "नाम र कति चाहियो, लेख्ने"),
        RomanNepali => ("Arkai saman", "Naam ra kati chahiyo, lekhne"),
        English => ("Something else", "Write its name and how much"),
    };
    let list = several.iter().take(ROWS_OF_PRODUCTS).fold(List::new(body, choose(language)), |list, product| {
        let name = product_name(language, product);
        let whole = shorten(name, Part::RowDescription);
        list.row(id(product), shorten(name, Part::RowTitle), (length(name) > Part::RowTitle.max()).then_some(&whole))
    });
    list.row(Press::Order.id(), other, Some(type_it)).build()
}

fn not_found(language: Language, unknown: &[String]) -> Option<String> {
    if unknown.is_empty() {
        return None;
    }
    let names = enumerated(language, unknown);
    Some(match language {
        Nepali => format!("हामीसँग भेटिएन: {names}"),
        RomanNepali => format!("Hami sanga bhetiyena: {names}"),
        English => format!("We do not have: {names}"),
    })
}

/// Nothing of what was typed can be ordered.
pub(crate) fn nothing_in_cart(language: Language, unknown: &[String]) -> Reply {
    let heard = not_found(language, unknown).map(|text| format!("{text}\n")).unwrap_or_default();
    let body = match language {
        Nepali => format!("{heard}के चाहियो, अर्कै शब्दमा लेख्नुहोला। जस्तै: ५ बोरा चिनी"),
        RomanNepali => format!("{heard}Ke chahiyo, arkai shabda ma lekhnuhola. Jastai: 5 bora chini"),
        English => format!("{heard}Please write what you need in other words. For example: 5 bora sugar"),
    };
    ask(language, body, &[Press::Person, Press::Menu])
}

/// What was understood, with prices and total.
pub(crate) fn cart(
    language: Language,
    index: &Index,
    lines: &[Wanted],
    preview: &Preview,
    unknown: &[String],
) -> Reply {
    let shown: Vec<String> = lines.iter().map(|line| cart_line(language, index, line, preview)).collect();
    let title = match language {
        Nepali => "तपाईंको अर्डर:",
        RomanNepali => "Tapaiko order:",
        English => "Your order:",
    };
    let head = match not_found(language, unknown) {
        Some(missing) => format!("{missing}\n\n{title}"),
        None => title.to_owned(),
    };
    let Some(total) = preview.total.filter(|_| preview.lacking.is_empty()) else {
        return listing(language, &head, &shown, what_is_lacking(language, preview), &UNSOLD);
    };
    let total = total.for_people();
    let tail = match language {
        Nepali => format!("जम्मा: *{total}*\nठीक छ?"),
        RomanNepali => format!("Jamma: *{total}*\nThik chha?"),
        English => format!("Total: *{total}*\nIs this right?"),
    };
    listing(language, &head, &shown, &tail, &[Press::Confirm, Press::Change, Press::Cancel])
}

/// What can be done with a cart that nobody sells.
const UNSOLD: [Press; 3] = [Press::Change, Press::Cancel, Press::Person];

fn cart_line(language: Language, index: &Index, line: &Wanted, preview: &Preview) -> String {
    let Wanted { product_id, quantity } = line;
    let (count, name) = quantity_of(language, index, line);
    let what = format!("• {count} {name}");
    if preview.lacking.contains(product_id) {
        return match language {
            Nepali => format!("{what} — यति अहिले पाइँदैन"),
            RomanNepali => format!("{what} — yati ahile paidaina"),
            English => format!("{what} — not that much to be had now"),
        };
    }
    match preview.prices.get(product_id).and_then(|price| price.times(*quantity).ok()) {
        Some(price) => format!("{what} — {}", price.for_people()),
        None => what,
    }
}

const fn what_is_lacking(language: Language, preview: &Preview) -> &'static str {
    let is_split = preview.lacking.is_empty();
    match language {
        Nepali if is_split => "यी सबै सामान एउटै थोक पसलमा छैनन्। थोरै-थोरै गरी दुई अर्डर गर्न सक्नुहुन्छ।",
        RomanNepali if is_split => {
            "Yi sabai saman eutai thok pasal ma chhainan. Thorai thorai gari dui order garna saknuhunchha."
        }
        English if is_split => "No single wholesaler has all of this. You can make two smaller orders of it.",
        Nepali => "“फेर्ने” थिचेर नपाइने सामान घटाउन वा हटाउन सक्नुहुन्छ।",
        RomanNepali => "“Badalne” thichera napaine saman ghatauna wa hatauna saknuhunchha.",
        English => "Press “Change” to take less of it, or to leave it out.",
    }
}

/// No vendor can take the cart: what nobody has is named.
pub(crate) fn nobody_sells(language: Language, index: &Index, preview: &Preview) -> Reply {
    let head = match language {
        Nepali => "माफ गर्नुहोला, यो अर्डर अहिले कसैले पुर्‍याउन सक्दैन।",
        RomanNepali => "Maaf garnuhola, yo order ahile kasaile puryauna sakdaina.",
        English => "Sorry, nobody can supply this order right now.",
    };
    let lacking = preview.lacking.iter().map(|id| format!("• {}", name_of(language, index, *id)));
    listing(language, head, &lacking.collect::<Vec<_>>(), what_is_lacking(language, preview), &UNSOLD)
}

fn name_of(language: Language, index: &Index, product: ProductId) -> String {
    index.by_id(product).map_or_else(|| product.to_string(), |product| product_name(language, product).to_owned())
}

/// Asks how it is paid, with what credit there is; where credit cannot be had, why, and what would help.
pub(crate) fn payment_mode(language: Language, preview: &Preview) -> Reply {
    if let Some(check) = preview.check.as_ref().filter(|check| !check.allowed) {
        return stopped(language, check, PaymentMode::Credit);
    }
    let total = preview.total.unwrap_or_default().for_people();
    let available = preview.check.as_ref().map(|check| check.available).unwrap_or_default().for_people();
    let body = match language {
        Nepali => format!("कसरी तिर्नुहुन्छ?\nउधारोमा {total} हुन्छ; तपाईंले {available} सम्म उधारो लिन मिल्छ।"),
        RomanNepali => {
            format!("Kasari tirnuhunchha?\nUdharo ma {total} hunchha; tapaile {available} samma udharo lina milchha.")
        }
        English => format!("How would you like to pay?\nOn credit it is {total}; you have {available} of credit left."),
    };
    ask(language, body, &[Press::Credit, Press::Cash, Press::Cancel])
}

/// The order costs something else by now; how it is paid is asked again.
fn price_changed(language: Language, was: Money, total: Money) -> Reply {
    let (was, total) = (was.for_people(), total.for_people());
    let body = match language {
        Nepali => format!("यसबीच मूल्य फेरियो: पहिले {was} थियो, अहिले {total} छ।\nअहिलेको मूल्यमा पठाऊँ?"),
        RomanNepali => {
            format!("Yasbich mulya pheriyo: pahile {was} thiyo, ahile {total} chha.\nAhile ko mulya ma pathau?")
        }
        English => {
            format!("The price has changed meanwhile: it was {was}, now it is {total}.\nShall we order at this price?")
        }
    };
    ask(language, body, &[Press::Credit, Press::Cash, Press::Cancel])
}

/// An order was placed; or nobody could take it, and it can be tried again.
pub(crate) fn placed(language: Language, order: &Order, vendor: Option<&Vendor>) -> Reply {
    let (code, total) = (&order.code, order.total.for_people());
    let Some(vendor) = vendor else {
        let (body, retry) = match language {
            Nepali => (format!("माफ गर्नुहोला, अर्डर {code} अहिले कुनै थोक पसलले पुर्‍याउन सकेन। केही तिर्नुपर्दैन।"), "फेरि प्रयास"),
            RomanNepali => (
                format!("Maaf garnuhola, order {code} ahile kunai thok pasal le puryauna sakena. Kehi tirnupardaina."),
                "Pheri prayas",
            ),
            English => (
                format!("Sorry, no wholesaler can supply order {code} right now. There is nothing to pay."),
                "Try again",
            ),
        };
        let (person, menu) = (Press::Person, Press::Menu);
        return Buttons::new(body)
            .button(format!("order:retry:{}", order.id), retry)
            .button(person.id(), person.title(language))
            .button(menu.id(), menu.title(language))
            .build();
    };
    let vendor = named(&vendor.name);
    let is_credit = order.payment_mode == PaymentMode::Credit;
    let (body, cancel) = match language {
        Nepali => {
            let mode = if is_credit { "उधारोमा" } else { "नगदमा" };
            (
                format!("भयो! अर्डर *{code}*, {total} {mode}।\n{vendor} लाई सोधेका छौं, जवाफ आउनेबित्तिकै खबर गर्छौं।"),
                "अर्डर रद्द",
            )
        }
        RomanNepali => {
            let mode = if is_credit { "udharo ma" } else { "nagad ma" };
            let body = format!(
                "Bhayo! Order *{code}*, {total} {mode}.\n{vendor} lai sodheka chhau, jawaf aaune bittikai khabar \
                 garchhau."
            );
            (body, "Order radda")
        }
        English => {
            let mode = if is_credit { "on credit" } else { "for cash" };
            let body = format!(
                "Done! Order *{code}*, {total} {mode}.\nWe have asked {vendor} and will tell you as soon as they answer."
            );
            (body, "Cancel order")
        }
    };
    let orders = Press::Orders;
    Buttons::new(body)
        .button(orders.id(), orders.title(language))
        .button(format!("order:cancel:{}", order.id), cancel)
        .build()
}

/// An order was refused: why, and what would help.
pub(crate) fn refused(language: Language, index: &Index, refusal: &PlaceRefusal, mode: PaymentMode) -> Reply {
    let change = [Press::Change, Press::Cancel, Press::Person];
    let (body, presses) = match refusal {
        PlaceRefusal::Check(check) => return stopped(language, check, mode),
        PlaceRefusal::UnknownProduct(product) => {
            let name = named(&name_of(language, index, *product));
            let body = match language {
                Nepali => format!("{name} अब पाइँदैन। “फेर्ने” थिचेर यसलाई हटाउनुहोला।"),
                RomanNepali => format!("{name} aba paidaina. “Badalne” thichera yaslai hataunuhola."),
                English => format!("{name} is no longer sold. Press “Change” to leave it out."),
            };
            (body, change)
        }
        PlaceRefusal::TotalChanged { expected, total } => return price_changed(language, *expected, *total),
        PlaceRefusal::Field { field, .. } if field == "lines" => {
            let most = orders::MOST_LINES;
            let body = match language {
                Nepali => format!("एउटा अर्डरमा बढीमा {most} थरी सामान अट्छ। केही हटाएर फेरि लेख्नुहोला।"),
                RomanNepali => {
                    format!("Euta order ma badhima {most} thari saman atchha. Kehi hataera pheri lekhnuhola.")
                }
                English => {
                    format!("One order takes up to {most} different goods. Please leave some out and write it again.")
                }
            };
            (body, change)
        }
        PlaceRefusal::Field { .. } | PlaceRefusal::TooLarge => {
            let body = match language {
                Nepali => "यो अर्डर एकैपटकका लागि धेरै ठूलो भयो। सानो बनाएर फेरि लेख्नुहोला।",
                RomanNepali => "Yo order ekai patak ko lagi dherai thulo bhayo. Sano banayera pheri lekhnuhola.",
                English => "This is too much for one order. Please make it smaller and write it again.",
            };
            (body.to_owned(), change)
        }
        PlaceRefusal::DraftGone => {
            let body = match language {
                Nepali => "यो अर्डर पहिल्यै गइसक्यो, वा धेरै बेर पर्खेर बन्द भयो। चाहिए फेरि लेख्नुहोला।",
                RomanNepali => {
                    "Yo order pahilyai gaisakyo, wa dherai ber parkhera banda bhayo. Chahiye pheri lekhnuhola."
                }
                English => "This order was placed already, or waited too long and was closed. You can write it again.",
            };
            (body.to_owned(), [Press::Orders, Press::Order, Press::Menu])
        }
        PlaceRefusal::Supply { .. } | PlaceRefusal::UnknownVendor(_) | PlaceRefusal::UnknownRetailer(_) => {
            let body = match language {
                Nepali => "माफ गर्नुहोला, थोक पसलले यो अर्डर अहिले पुर्‍याउन सक्दैन। सामान वा परिमाण फेरेर हेर्न सक्नुहुन्छ।",
                RomanNepali => {
                    "Maaf garnuhola, thok pasal le yo order ahile puryauna sakdaina. Saman wa pariman pherera herna \
                     saknuhunchha."
                }
                English => {
                    "Sorry, the wholesaler cannot supply this order right now. You can try other goods or quantities."
                }
            };
            (body.to_owned(), change)
        }
    };
    ask(language, body, &presses)
}

/// Why the order check says no, and what would help.
fn stopped(language: Language, check: &Check, mode: PaymentMode) -> Reply {
    let needs_person = check.reason.is_some_and(|reason| reason <= Reason::CreditBlocked);
    let on_credit = mode == PaymentMode::Credit && !needs_person;
    let head = match language {
        Nepali if on_credit => "यो अर्डर अहिले उधारोमा मिलेन:",
        RomanNepali if on_credit => "Yo order ahile udharo ma milena:",
        English if on_credit => "This order cannot go on credit right now:",
        Nepali => "यो अर्डर अहिले हुन सकेन:",
        RomanNepali => "Yo order ahile huna sakena:",
        English => "This order cannot be placed right now:",
    };
    // Where only a person can help, what else stands in the way does not matter yet.
    let reasons = check.reasons.iter().filter(|reason| !needs_person || **reason <= Reason::CreditBlocked);
    let why: Vec<String> = reasons.map(|reason| format!("• {}", why(language, *reason, check))).collect();
    let help = match &check.remedy {
        Some(Remedy::OrderForCash) => cash_instead(language).to_owned(),
        Some(Remedy::Steps { pay, at_most }) => {
            let mut steps: Vec<String> = pay.iter().take(NAMED_BILLS).map(|bill| pay_bill(language, bill)).collect();
            let rest = pay.len().saturating_sub(NAMED_BILLS);
            if rest > 0 {
                steps.push(more(language, rest));
            }
            steps.extend(at_most.map(|most| up_to(language, most, !pay.is_empty())));
            steps.push(cash_instead(language).to_owned());
            steps.join("\n")
        }
        None => match language {
            Nepali => "हाम्रो टोलीसँग कुरा गर्नुहोस्, मिलाउन सहयोग गर्छौं।",
            RomanNepali => "Hamro toli sanga kura garnuhos, milauna sahayog garchhau.",
            English => "Please talk to our team; we will help to sort it out.",
        }
        .to_owned(),
    };
    let first = if on_credit { Press::Cash } else { Press::Person };
    listing(language, head, &why, &help, &[first, Press::Change, Press::Cancel])
}

fn up_to(language: Language, most: Money, is_after_paying: bool) -> String {
    let most = most.for_people();
    match language {
        Nepali if is_after_paying => format!("त्यसपछि {most} सम्मको अर्डर उधारोमा हुन्छ।"),
        RomanNepali if is_after_paying => format!("Tyaspachi {most} samma ko order udharo ma hunchha."),
        English if is_after_paying => format!("After that, an order of up to {most} can go on credit."),
        Nepali => format!("{most} सम्मको अर्डर उधारोमा हुन्छ।"),
        RomanNepali => format!("{most} samma ko order udharo ma hunchha."),
        English => format!("An order of up to {most} can go on credit."),
    }
}

const fn cash_instead(language: Language) -> &'static str {
    match language {
        Nepali => "नगदमा भने अहिल्यै अर्डर गर्न सक्नुहुन्छ।",
        RomanNepali => "Nagad ma bhane ahilyai order garna saknuhunchha.",
        English => "You can order for cash right away.",
    }
}

fn pay_bill(language: Language, bill: &OverdueCycle) -> String {
    let (number, cash) = (named(&bill.number), bill.cash.for_people());
    match language {
        Nepali => format!("बिल {number} मा {cash} तिरे उधारो फेरि खुल्न सहयोग हुन्छ।"),
        RomanNepali => format!("Bill {number} ma {cash} tire udharo pheri khulna sahayog hunchha."),
        English => format!("Paying {cash} on bill {number} helps to open your credit again."),
    }
}

fn why(language: Language, reason: Reason, check: &Check) -> String {
    let (available, missing) = (check.available.or_zero().for_people(), check.shortfall.for_people());
    let fixed = match language {
        Nepali => match reason {
            Reason::RetailerInactive => "तपाईंको खाता अहिले चालु छैन।",
            Reason::VendorInactive => "थोक पसलले अहिले अर्डर लिइरहेको छैन।",
            Reason::CreditBlocked => "तपाईंको खाताबाट अर्डर अहिले रोकिएको छ।",
            Reason::CreditPaused => "तपाईंको उधारो अहिलेलाई रोकिएको छ।",
            Reason::NoCreditLine => "यस थोक पसलसँग तपाईंको उधारो खाता अझै खुलेको छैन।",
            Reason::LineBlocked => "यस थोक पसलको उधारो अहिले बन्द छ।",
            Reason::LinePaused => "यस थोक पसलको उधारो केही समयलाई रोकिएको छ।",
            Reason::OrderValueExceeded => "एकपटकमा उधारो लिन मिल्नेभन्दा अर्डर ठूलो भयो।",
            Reason::OverdueExceeded => "एउटा पुरानो बिल तिर्न बाँकी छ।",
            Reason::InsufficientCredit => return format!("उधारो {available} सम्म मात्र मिल्छ, {missing} पुगेन।"),
        },
        RomanNepali => match reason {
            Reason::RetailerInactive => "Tapaiko khata ahile chalu chhaina.",
            Reason::VendorInactive => "Thok pasal le ahile order liirakheko chhaina.",
            Reason::CreditBlocked => "Tapaiko khata bata order ahile rokiyeko chha.",
            Reason::CreditPaused => "Tapaiko udharo ahile lai rokiyeko chha.",
            Reason::NoCreditLine => "Yas thok pasal sanga tapaiko udharo khata ajhai khuleko chhaina.",
            Reason::LineBlocked => "Yas thok pasal ko udharo ahile banda chha.",
            Reason::LinePaused => "Yas thok pasal ko udharo kehi samaya lai rokiyeko chha.",
            Reason::OrderValueExceeded => "Ek patak ma udharo lina milne bhanda order thulo bhayo.",
            Reason::OverdueExceeded => "Euta purano bill tirna baki chha.",
            Reason::InsufficientCredit => return format!("Udharo {available} samma matra milchha, {missing} pugena."),
        },
        English => match reason {
            Reason::RetailerInactive => "Your account is not active at the moment.",
            Reason::VendorInactive => "The wholesaler is not taking orders at the moment.",
            Reason::CreditBlocked => "Ordering from your account is on hold.",
            Reason::CreditPaused => "Your credit is paused for now.",
            Reason::NoCreditLine => "You do not have a credit account with this wholesaler yet.",
            Reason::LineBlocked => "Credit with this wholesaler is closed at the moment.",
            Reason::LinePaused => "Credit with this wholesaler is paused for a while.",
            Reason::OrderValueExceeded => "The order is larger than one order on credit may be.",
            Reason::OverdueExceeded => "An older bill is still to be paid.",
            Reason::InsufficientCredit => return format!("You have {available} of credit left; {missing} is missing."),
        },
    };
    fixed.to_owned()
}

/// The cart was given up.
pub(crate) fn cart_cancelled(language: Language) -> Reply {
    let body = match language {
        Nepali => "ठीक छ, यो अर्डर छाड्यौं। चाहिएको बेला फेरि लेख्नुहोला।",
        RomanNepali => "Thik chha, yo order chhadyau. Chahiyeko bela pheri lekhnuhola.",
        English => "All right, we have dropped this order. Write whenever you need something.",
    };
    ask(language, body, &[Press::Order, Press::Menu])
}

/// The lines of the cart from one on, each of which can be left out; what is written instead changes the cart.
pub(crate) fn change_cart(language: Language, index: &Index, lines: &[Wanted], from: usize) -> Reply {
    let body = match language {
        Nepali => "के फेरौँ? हटाउने सामान सूचीबाट छान्नुहोस्, वा फेरिने मात्र लेख्नुहोस्, जस्तै: ३ बोरा चिनी। अरू जस्ताको तस्तै रहन्छ।",
        RomanNepali => {
            "Ke pherau? Hataune saman suchi bata chhannuhos, wa pherine matra lekhnuhos, jastai: 3 bora chini. Aru \
             jastako tastai rahanchha."
        }
        English => {
            "What shall I change? Choose from the list what to leave out, or write only what changes, like: 3 bora \
             sugar. The rest stays as it is."
        }
    };
    let from = if from < lines.len() { from } else { 0 };
    let shown = lines.iter().skip(from).take(ROWS_OF_LINES);
    let list = shown.fold(List::new(body, choose(language)), |list, line| {
        let (quantity, name) = quantity_of(language, index, line);
        let is_cut = length(&name) > Part::RowTitle.max();
        let about = if is_cut { format!("{quantity} {name}") } else { quantity };
        let (title, about) = (shorten(&name, Part::RowTitle), shorten(&about, Part::RowDescription));
        list.row(format!("cart:drop:{}", line.product_id), title, Some(&about))
    });
    let next = from.saturating_add(ROWS_OF_LINES);
    let list = if next < lines.len() {
        let (more, rest) = match language {
            Nepali => ("अरू सामान", "बाँकी"),
            RomanNepali => ("Aru saman", "baki"),
            English => ("More goods", "more"),
        };
        let rest = format!("{} {rest}", lines.len().saturating_sub(next));
        list.row(format!("cart:change:{next}"), more, Some(&rest))
    } else {
        list
    };
    list.row(Press::Cancel.id(), Press::Cancel.title(language), None).build()
}

/// `3 bora`, and `Sugar`.
fn quantity_of(language: Language, index: &Index, line: &Wanted) -> (String, String) {
    let Wanted { product_id, quantity } = line;
    index.by_id(*product_id).map_or_else(
        || (format!("{quantity} ×"), product_id.to_string()),
        |product| {
            let (unit, name) = (catalog::unit_name(language, &product.unit), product_name(language, product));
            (format!("{quantity} {unit}"), name.to_owned())
        },
    )
}
