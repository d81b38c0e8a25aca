//! What is said about what arrived, and about orders that are tried again.

use kernel::OrderId;
use orders::{Order, OrderLine};
use parties::Language::{self, English, Nepali, RomanNepali};
use whatsapp::message::{Buttons, List, Part, length, shorten};

use super::{Press, ask, choose, listing, more, named, product_name, state_name};
use crate::brain::Index;
use crate::inbound::Reply;

/// Rows of lines in a list; the tenth ends the counting.
const ROWS_OF_LINES: usize = 9;

fn id(what: &str, order: OrderId) -> String {
    format!("order:{what}:{order}")
}

/// Whether all of it came: what it needs to say so, or that something is missing.
pub(crate) fn all_or_missing(language: Language, order: &Order) -> Reply {
    let code = &order.code;
    let (body, all, missing, nothing) = match language {
        Nepali => (format!("अर्डर {code} को सबै सामान पाउनुभयो?"), "सबै पाएँ", "केही पुगेन", "आएकै छैन"),
        RomanNepali => {
            (format!("Order {code} ko sabai saman paunubhayo?"), "Sabai paye", "Kehi pugena", "Aayekai chhaina")
        }
        English => (format!("Did you get everything of order {code}?"), "All of it", "Some is missing", "Nothing came"),
    };
    Buttons::new(body)
        .button(id("all", order.id), all)
        .button(id("missing", order.id), missing)
        .button(id("nothing", order.id), nothing)
        .build()
}

fn name(language: Language, index: &Index, line: &OrderLine) -> String {
    let product = index.by_id(line.product_id);
    product.map_or_else(|| line.product_id.to_string(), |product| product_name(language, product).to_owned())
}

fn unit(language: Language, index: &Index, line: &OrderLine) -> String {
    index
        .by_id(line.product_id)
        .map(|product| catalog::unit_name(language, &product.unit))
        .unwrap_or_default()
        .to_owned()
}

/// How much of a line was ordered, and came where that was said: `8 of 10 bora`.
fn amount(language: Language, index: &Index, line: &OrderLine, arrived: &[(i64, i64)]) -> String {
    let (ordered, unit) = (line.quantity, unit(language, index, line));
    match (arrived.iter().find(|(number, _)| *number == line.number), language) {
        (None, _) => format!("{ordered} {unit}"),
        (Some((_, came)), Nepali) => format!("{ordered} मध्ये {came} {unit} आयो"),
        (Some((_, came)), RomanNepali) => format!("{ordered} madhye {came} {unit} aayo"),
        (Some((_, came)), English) => format!("{came} of {ordered} {unit} came"),
    }
}

/// Asks which lines came short: by a list, or in words.
pub(crate) fn which_is_missing(language: Language, index: &Index, order: &Order, arrived: &[(i64, i64)]) -> Reply {
    let (body, done, all) = match language {
        Nepali => ("कुन सामान कम आयो? छान्नुहोस्, वा कति आयो लेख्नुहोस्, जस्तै “चिनी २”।", "यति नै हो", "सबै आएको रहेछ"),
        RomanNepali => (
            "Kun saman kam aayo? Chhannuhos, wa kati aayo lekhnuhos, jastai “chini 2”.",
            "Yati nai ho",
            "Sabai aayeko rahechha",
        ),
        English => {
            ("Which goods came short? Choose, or write how much came, like “sugar 2”.", "That is all", "All of it came")
        }
    };
    let rest = order.lines.len().saturating_sub(ROWS_OF_LINES);
    let body = if rest > 0 { format!("{body}\n{}", more(language, rest)) } else { body.to_owned() };
    let list = order.lines.iter().take(ROWS_OF_LINES).fold(List::new(body, choose(language)), |list, line| {
        let name = name(language, index, line);
        let about = amount(language, index, line, arrived);
        let about = if length(&name) > Part::RowTitle.max() { format!("{about}: {name}") } else { about };
        let (title, about) = (shorten(&name, Part::RowTitle), shorten(&about, Part::RowDescription));
        list.row(format!("order:line:{}:{}", order.id, line.number), title, Some(&about))
    });
    let (what, title) = if arrived.is_empty() { ("all", all) } else { ("counted", done) };
    list.row(id(what, order.id), title, None).build()
}

/// Asks how much of one line came.
pub(crate) fn how_many_arrived(language: Language, index: &Index, order: &Order, line: &OrderLine) -> Reply {
    let (name, unit, ordered) = (named(&name(language, index, line)), unit(language, index, line), line.quantity);
    let (body, none, others) = match language {
        Nepali => (
            format!("{name}: अर्डर {ordered} {unit} को थियो। कति {unit} आयो? 0 देखि {ordered} सम्मको अंक लेख्नुहोला।"),
            "केही आएन",
            "अर्कै सामान",
        ),
        RomanNepali => (
            format!(
                "{name}: order {ordered} {unit} ko thiyo. Kati {unit} aayo? 0 dekhi {ordered} samma ko anka lekhnuhola."
            ),
            "Kehi aayena",
            "Arkai saman",
        ),
        English => (
            format!("{name}: {ordered} {unit} were ordered. How many came? Please write a number from 0 to {ordered}."),
            "None of it",
            "Other goods",
        ),
    };
    Buttons::new(body)
        .button(format!("order:none:{}:{}", order.id, line.number), none)
        .button(id("missing", order.id), others)
        .build()
}

/// What came short, to be confirmed, or to be gone on with.
pub(crate) fn counted(language: Language, index: &Index, order: &Order, arrived: &[(i64, i64)]) -> Reply {
    let is_named = |line: &&OrderLine| arrived.iter().any(|(number, _)| *number == line.number);
    let lines = order.lines.iter().filter(is_named);
    let lines: Vec<String> = lines
        .map(|line| format!("• {}: {}", named(&name(language, index, line)), amount(language, index, line, arrived)))
        .collect();
    let (head, tail) = match language {
        Nepali => (format!("अर्डर {}:", order.code), "अरू सबै सामान आयो। ठीक छ?"),
        RomanNepali => (format!("Order {}:", order.code), "Aru sabai saman aayo. Thik chha?"),
        English => (format!("Order {}:", order.code), "Everything else came. Is this right?"),
    };
    let (yes, others) = match language {
        Nepali => ("ठीक छ", "अरू पनि कम छ"),
        RomanNepali => ("Thik chha", "Aru pani kam chha"),
        English => ("Yes, right", "More is missing"),
    };
    let shown = super::fitted(language, &lines, Part::InteractiveBody.max().saturating_sub(200));
    Buttons::new(format!("{head}\n\n{shown}\n\n{tail}"))
        .button(id("counted", order.id), yes)
        .button(id("missing", order.id), others)
        .build()
}

/// Every line was counted as not arrived: then nothing was delivered.
pub(crate) fn nothing_came(language: Language, order: OrderId) -> Reply {
    let (body, nothing, count) = match language {
        Nepali => ("केही पनि आएको छैन भने “आएकै छैन” थिच्नुहोला, थोक पसललाई खबर गर्छौं।", "आएकै छैन", "फेरि गन्ने"),
        RomanNepali => (
            "Kehi pani aayeko chhaina bhane “Aayekai chhaina” thichnuhola, thok pasal lai khabar garchhau.",
            "Aayekai chhaina",
            "Pheri ganne",
        ),
        English => {
            ("If nothing came at all, press “Nothing came” and we tell the wholesaler.", "Nothing came", "Count again")
        }
    };
    Buttons::new(body).button(id("nothing", order), nothing).button(id("missing", order), count).build()
}

/// Nothing came: the vendor is told, and nothing is owed.
pub(crate) fn not_arrived(language: Language, order: &Order) -> Reply {
    let code = &order.code;
    let body = match language {
        Nepali => {
            format!("बुझेँ। अर्डर {code} को सामान आएको छैन भनेर टिप्यौं; केही तिर्नुपर्दैन। आएपछि कोड भन्नुहोला, वा हामीलाई लेख्नुहोला।")
        }
        RomanNepali => format!(
            "Bujhe. Order {code} ko saman aayeko chhaina bhanera tipyau; kehi tirnupardaina. Aayepachi code bhannuhola, wa \
             hamilai lekhnuhola."
        ),
        English => format!(
            "I see. We noted that order {code} has not come; there is nothing to pay. When it comes, tell the code, or \
             write to us."
        ),
    };
    ask(language, body, &[Press::Person, Press::Orders])
}

/// Asks which of several orders on their way has arrived.
pub(crate) fn which_arrived(language: Language, several: &[Order]) -> Reply {
    let body = match language {
        Nepali => "कुन अर्डरको सामान आयो?",
        RomanNepali => "Kun order ko saman aayo?",
        English => "Which order has come?",
    };
    let list = several.iter().take(Part::Rows.max()).fold(List::new(body, choose(language)), |list, order| {
        let total = order.total.for_people();
        list.row(id("received", order.id), shorten(&order.code, Part::RowTitle), Some(&total))
    });
    list.build()
}

/// An order that goes on already, as it stands.
pub(crate) fn stands(language: Language, order: &Order) -> Reply {
    let (code, total, state) = (&order.code, order.total.for_people(), state_name(language, order.state));
    let line = match language {
        Nepali => format!("यो अर्डर {code} भइसकेको छ ({total}): {state}।"),
        RomanNepali => format!("Yo order {code} bhaisakeko chha ({total}): {state}."),
        English => format!("This is order {code} already ({total}): {state}."),
    };
    listing(language, &line, &[], "", &[Press::Orders, Press::Order, Press::Menu])
}

/// No more reminders from now on, or reminders again.
pub(crate) fn reminders(language: Language, wanted: bool) -> Reply {
    let (body, press, title) = if wanted {
        let body = match language {
            Nepali => "हुन्छ, अब सम्झाउने सन्देश फेरि पठाउँछौं।",
            RomanNepali => "Hunchha, aba samjhaune sandesh pheri pathauchhau.",
            English => "All right, we will send you reminders again.",
        };
        let title = match language {
            Nepali => "बन्द गर्ने",
            RomanNepali => "Banda garne",
            English => "Stop reminders",
        };
        (body, crate::inbound::STOP, title)
    } else {
        let body = match language {
            Nepali => "हुन्छ, अब सम्झाउने सन्देश पठाउँदैनौं। तपाईंको अर्डर र हिसाबको खबर मात्र आउँछ।",
            RomanNepali => {
                "Hunchha, aba samjhaune sandesh pathaudainau. Tapaiko order ra hisab ko khabar matra aaunchha."
            }
            English => "All right, no more reminders. You only hear about your orders and your account.",
        };
        let title = match language {
            Nepali => "फेरि पठाउने",
            RomanNepali => "Pheri pathaune",
            English => "Send them again",
        };
        (body, crate::inbound::START, title)
    };
    Buttons::new(body).button(press, title).button(Press::Menu.id(), Press::Menu.title(language)).build()
}
