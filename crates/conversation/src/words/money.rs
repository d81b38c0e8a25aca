//! What is said about bills that are wrong, promises to pay and payments that somebody says were made.

use credit::{Cycle, Standing};
use kernel::{BusinessDate, Money};
use ledger::Method;
use parties::Language::{self, English, Nepali, RomanNepali};
use parties::Vendor;
use whatsapp::message::{Buttons, List, Part, shorten};

use super::{Press, ask, choose, more, named};
use crate::inbound::Reply;

/// Rows of a list before the rest is counted.
pub(super) const ROWS: usize = 10;

/// What a bill is talked about for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// It is wrong.
    Dispute,
    /// It will be paid.
    Promise,
}

impl About {
    /// As it stands in what is pressed.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Dispute => "dispute",
            Self::Promise => "promise",
        }
    }
}

/// What can be done about money: it was paid, it will be, a bill is wrong.
pub(crate) fn paying(language: Language) -> Reply {
    let body = match language {
        Nepali => {
            "थोक पसललाई सिधै तिर्न सक्नुहुन्छ: नगद, बैंक, eSewa, Khalti वा Fonepay। तिरेपछि यहाँ भन्नुहोस्, थोक पसलले पक्का गरेपछि हिसाबबाट घट्छ।"
        }
        RomanNepali => {
            "Thok pasal lai sidhai tirna saknuhunchha: nagad, bank, eSewa, Khalti wa Fonepay. Tirepachi yaha bhannuhos, \
             thok pasal le pakka garepachi hisab bata ghatchha."
        }
        English => {
            "You pay the wholesaler directly: cash, bank, eSewa, Khalti or Fonepay. Tell us here when you have; once they \
             confirm it, it comes off your account."
        }
    };
    ask(language, body, &[Press::Paid, Press::WillPay, Press::BillWrong])
}

/// There is no bill to talk about.
pub(crate) fn no_open_bill(language: Language) -> Reply {
    let body = match language {
        Nepali => "अहिले तपाईंको कुनै बिल बाँकी छैन। अरू कुरा भए हाम्रो टोलीसँग कुरा गर्नुहोला।",
        RomanNepali => "Ahile tapaiko kunai bill baki chhaina. Aru kura bhaye hamro toli sanga kura garnuhola.",
        English => "You have no open bill now. If it is about something else, please talk to our team.",
    };
    ask(language, body, &[Press::Orders, Press::Person, Press::Menu])
}

/// Asks which of several bills is meant.
pub(crate) fn which_bill(language: Language, about: About, bills: &[Cycle]) -> Reply {
    let body = match (language, about) {
        (Nepali, About::Dispute) => "कुन बिल मिलेन?",
        (RomanNepali, About::Dispute) => "Kun bill milena?",
        (English, About::Dispute) => "Which bill is wrong?",
        (Nepali, About::Promise) => "कुन बिल तिर्नुहुन्छ?",
        (RomanNepali, About::Promise) => "Kun bill tirnuhunchha?",
        (English, About::Promise) => "Which bill will you pay?",
    };
    let rest = bills.len().saturating_sub(ROWS);
    let body = if rest > 0 { format!("{body}\n{}", more(language, rest)) } else { body.to_owned() };
    let list = bills.iter().take(ROWS).fold(List::new(body, choose(language)), |list, bill| {
        let about_it = format!("{}, {}", bill.outstanding.for_people(), language.date(bill.due_on));
        let id = format!("bill:{}:{}", about.id(), bill.id);
        list.row(id, shorten(&bill.number, Part::RowTitle), Some(&shorten(&about_it, Part::RowDescription)))
    });
    list.build()
}

fn dispute_id(bill: &Cycle, reason: &str) -> String {
    format!("dispute:{}:{reason}", bill.id)
}

/// Asks what is wrong with a bill: a button, or words.
pub(crate) fn why_dispute(language: Language, bill: &Cycle) -> Reply {
    let (number, owed) = (named(&bill.number), bill.outstanding.for_people());
    let (body, goods, amount, other) = match language {
        Nepali => (
            format!("बिल {number} ({owed}) मा के मिलेन? छान्नुहोस्, वा आफ्नै शब्दमा लेख्नुहोस्।"),
            "सामान मिलेन",
            "रकम मिलेन",
            "मेरो अर्डर होइन",
        ),
        RomanNepali => (
            format!("Bill {number} ({owed}) ma ke milena? Chhannuhos, wa afnai shabda ma lekhnuhos."),
            "Saman milena",
            "Rakam milena",
            "Mero order hoina",
        ),
        English => (
            format!("What is wrong with bill {number} ({owed})? Choose, or write it in your own words."),
            "The goods",
            "The amount",
            "Not my order",
        ),
    };
    Buttons::new(body)
        .button(dispute_id(bill, "GOODS"), goods)
        .button(dispute_id(bill, "AMOUNT"), amount)
        .button(dispute_id(bill, "NOT_MINE"), other)
        .build()
}

/// A reason that was pressed, as it is written down.
pub(crate) fn dispute_reason(language: Language, reason: &str) -> &'static str {
    match (reason, language) {
        ("GOODS", Nepali) => "सामान कम वा बिग्रिएको",
        ("GOODS", RomanNepali) => "Saman kam wa bigriyeko",
        ("GOODS", English) => "Goods missing or damaged",
        ("AMOUNT", Nepali) => "रकम मिलेन",
        ("AMOUNT", RomanNepali) => "Rakam milena",
        ("AMOUNT", English) => "The amount is wrong",
        (_, Nepali) => "मैले मगाएको होइन",
        (_, RomanNepali) => "Maile magayeko hoina",
        (_, English) => "I did not order it",
    }
}

/// Asks whether what was written is what is wrong with a bill.
pub(crate) fn confirm_dispute(language: Language, bill: &Cycle, said: &str) -> Reply {
    let (number, owed, said) = (named(&bill.number), bill.outstanding.for_people(), named(said));
    let (body, yes, other) = match language {
        Nepali => (format!("बिल {number} ({owed}) मिलेन भनेर टिपौँ?\n“{said}”"), "हो, टिप्नुहोस्", "अर्कै कारण"),
        RomanNepali => {
            (format!("Bill {number} ({owed}) milena bhanera tipau?\n“{said}”"), "Ho, tipnuhos", "Arkai karan")
        }
        English => {
            (format!("Shall we note that bill {number} ({owed}) is wrong?\n“{said}”"), "Yes, note it", "Another reason")
        }
    };
    let menu = Press::Menu;
    Buttons::new(body)
        .button(dispute_id(bill, "SAID"), yes)
        .button(dispute_id(bill, "OTHER"), other)
        .button(menu.id(), menu.title(language))
        .build()
}

/// A dispute is open.
pub(crate) fn disputed(language: Language, bill: &Cycle) -> Reply {
    let number = named(&bill.number);
    let body = match language {
        Nepali => format!("टिप्यौं। बिल {number} हाम्रो टोलीले हेरेर खबर गर्छ। त्यतिन्जेल यसको दिन र ब्याज रोकिन्छ।"),
        RomanNepali => {
            format!("Tipyau. Bill {number} hamro toli le herera khabar garchha. Tyatinjel yasko din ra byaj rokinchha.")
        }
        English => format!(
            "Noted. Our team looks into bill {number} and will tell you. Until then its days and interest stand still."
        ),
    };
    ask(language, body, &[Press::Owe, Press::Person, Press::Menu])
}

/// The bill is being looked into already.
pub(crate) fn disputed_before(language: Language) -> Reply {
    let body = match language {
        Nepali => "यो बिल पहिल्यै टिपिएको छ, हाम्रो टोलीले हेर्दैछ। नयाँ कुरा भए मान्छेसँगै भन्नुहोला।",
        RomanNepali => {
            "Yo bill pahilyai tipiyeko chha, hamro toli le herdai chha. Naya kura bhaye manchhe sangai bhannuhola."
        }
        English => "This bill is noted already, and our team is looking into it. Tell a person if there is more to it.",
    };
    ask(language, body, &[Press::Person, Press::Owe, Press::Menu])
}

fn promise_id(bill: &Cycle, day: BusinessDate) -> String {
    format!("promise:{}:{day}", bill.id)
}

fn days(language: Language, body: String, bill: &Cycle, today: BusinessDate) -> Reply {
    let (tomorrow, three, week) = match language {
        Nepali => ("भोलि", "३ दिनमा", "१ हप्तामा"),
        RomanNepali => ("Bholi", "3 din ma", "1 hapta ma"),
        English => ("Tomorrow", "In 3 days", "In a week"),
    };
    Buttons::new(body)
        .button(promise_id(bill, today.plus_days(1)), tomorrow)
        .button(promise_id(bill, today.plus_days(3)), three)
        .button(promise_id(bill, today.plus_days(7)), week)
        .build()
}

/// Asks by when a bill will be paid.
pub(crate) fn which_day(language: Language, bill: &Cycle, today: BusinessDate) -> Reply {
    let (number, owed) = (named(&bill.number), bill.outstanding.for_people());
    let body = match language {
        Nepali => format!("बिल {number} ({owed}) कहिले तिर्नुहुन्छ? छान्नुहोस्, वा लेख्नुहोस्, जस्तै “शुक्रबार”, “१५ गते”।"),
        RomanNepali => format!(
            "Bill {number} ({owed}) kahile tirnuhunchha? Chhannuhos, wa lekhnuhos, jastai “shukrabar”, “15 gate”."
        ),
        English => {
            format!("When will you pay bill {number} ({owed})? Choose, or write it, like “Friday”, “in 5 days”.")
        }
    };
    days(language, body, bill, today)
}

/// The day has passed, or is too far away.
pub(crate) fn day_out_of_reach(language: Language, bill: &Cycle, today: BusinessDate) -> Reply {
    let last = language.date(today.plus_days(90));
    let body = match language {
        Nepali => format!("आजदेखि {last} सम्मको दिन भन्नुहोला।"),
        RomanNepali => format!("Aaja dekhi {last} samma ko din bhannuhola."),
        English => format!("Please name a day from today to {last}."),
    };
    days(language, body, bill, today)
}

/// A promise was written down.
pub(crate) fn promised(language: Language, bill: &Cycle, on: BusinessDate) -> Reply {
    let (number, owed, on) = (named(&bill.number), bill.outstanding.for_people(), language.date(on));
    let (body, other) = match language {
        Nepali => (format!("धन्यवाद! बिल {number} ({owed}) {on} सम्म तिर्ने भनेर टिप्यौं।"), "अर्कै दिन"),
        RomanNepali => (format!("Dhanyabad! Bill {number} ({owed}) {on} samma tirne bhanera tipyau."), "Arkai din"),
        English => (format!("Thank you! We noted that bill {number} ({owed}) will be paid by {on}."), "Another day"),
    };
    let (owe, menu) = (Press::Owe, Press::Menu);
    Buttons::new(body)
        .button(format!("bill:promise:{}", bill.id), other)
        .button(owe.id(), owe.title(language))
        .button(menu.id(), menu.title(language))
        .build()
}

/// What was begun is dropped.
pub(crate) fn left_as_it_is(language: Language) -> Reply {
    let body = match language {
        Nepali => "ठीक छ, केही टिपेनौं। हिसाब जस्ताको तस्तै छ।",
        RomanNepali => "Thik chha, kehi tipenau. Hisab jasta ko tastai chha.",
        English => "All right, nothing was noted. Your account is as it was.",
    };
    ask(language, body, &[Press::Owe, Press::Menu])
}

/// There is nobody whom the retailer could have paid.
pub(crate) fn no_account(language: Language) -> Reply {
    let body = match language {
        Nepali => "तपाईंको कुनै थोक पसलसँग उधारो खाता छैन, त्यसैले यहाँ टिप्ने भुक्तानी छैन। कुरा अर्कै भए टोलीलाई भन्नुहोला।",
        RomanNepali => {
            "Tapaiko kunai thok pasal sanga udharo khata chhaina, tyasaile yaha tipne bhuktani chhaina. Kura arkai bhaye \
             toli lai bhannuhola."
        }
        English => {
            "You have no credit account with a wholesaler, so there is no payment to note. If it is something else, tell \
             our team."
        }
    };
    ask(language, body, &[Press::Person, Press::Menu])
}

/// Asks which vendor was paid.
pub(crate) fn paid_whom(language: Language, vendors: &[&Vendor]) -> Reply {
    let body = match language {
        Nepali => "कुन थोक पसललाई तिर्नुभयो?",
        RomanNepali => "Kun thok pasal lai tirnubhayo?",
        English => "Which wholesaler did you pay?",
    };
    let list = vendors.iter().take(ROWS).fold(List::new(body, choose(language)), |list, vendor| {
        list.row(format!("paid:vendor:{}", vendor.id), shorten(&named(&vendor.name), Part::RowTitle), None)
    });
    list.build()
}

/// Asks how much was paid; what settles the next bill today is one press away.
pub(crate) fn paid_how_much(language: Language, standing: &Standing) -> Reply {
    let vendor = named(&standing.vendor.name);
    let body = match language {
        Nepali => format!("{vendor} लाई कति तिर्नुभयो? रकम लेख्नुहोस्, जस्तै 5000"),
        RomanNepali => format!("{vendor} lai kati tirnubhayo? Rakam lekhnuhos, jastai 5000"),
        English => format!("How much did you pay {vendor}? Write the amount, like 5000"),
    };
    let settles = standing.next_due.as_ref().map(|(_, settlement)| settlement.cash).filter(|cash| cash.is_positive());
    let message = Buttons::new(body);
    let message = match settles {
        Some(cash) => {
            message.button(format!("paid:amount:{}", cash.paisa()), shorten(&cash.for_people(), Part::ButtonTitle))
        }
        None => message,
    };
    message.button("paid:cancel", Press::Cancel.title(language)).build()
}

/// What a way to pay is called.
const fn method_name(language: Language, method: Method) -> &'static str {
    match (method, language) {
        (Method::Cash, Nepali) => "नगद",
        (Method::Cash, RomanNepali) => "Nagad",
        (Method::Cash, English) => "Cash",
        (Method::Bank, Nepali) => "बैंक",
        (Method::Bank, _) => "Bank",
        (Method::Cheque, Nepali) => "चेक",
        (Method::Cheque, _) => "Cheque",
        (Method::Esewa, _) => "eSewa",
        (Method::Khalti, _) => "Khalti",
        (Method::Fonepay, _) => "Fonepay",
        (Method::Connectips, _) => "connectIPS",
        (Method::Other, Nepali) => "अरू",
        (Method::Other, RomanNepali) => "Aru",
        (Method::Other, English) => "Other",
    }
}

/// Asks how it was paid.
pub(crate) fn paid_how(language: Language) -> Reply {
    let body = match language {
        Nepali => "कसरी तिर्नुभयो?",
        RomanNepali => "Kasari tirnubhayo?",
        English => "How did you pay?",
    };
    let list = Method::ALL.iter().fold(List::new(body, choose(language)), |list, method| {
        list.row(format!("paid:method:{method}"), method_name(language, *method), None)
    });
    list.build()
}

/// Asks for the reference of a payment.
pub(crate) fn paid_reference(language: Language, method: Method) -> Reply {
    let by = method_name(language, method);
    let body = match language {
        Nepali if method == Method::Cheque => "चेकको नम्बर लेख्नुहोला। त्यसैबाट थोक पसलले चिन्छ।".to_owned(),
        RomanNepali if method == Method::Cheque => {
            "Cheque ko number lekhnuhola. Tyasai bata thok pasal le chinchha.".to_owned()
        }
        English if method == Method::Cheque => {
            "Please write the number of the cheque, so that the wholesaler can find it.".to_owned()
        }
        Nepali => format!("{by} को रेफरेन्स नम्बर लेख्नुहोला। त्यसैबाट थोक पसलले चिन्छ।"),
        RomanNepali => format!("{by} ko reference number lekhnuhola. Tyasai bata thok pasal le chinchha."),
        English => {
            format!("Please write the reference number of the {by} payment, so that the wholesaler can find it.")
        }
    };
    Buttons::new(body)
        .button("paid:again", Press::Change.title(language))
        .button("paid:cancel", Press::Cancel.title(language))
        .build()
}

/// `eSewa, 8KD92`.
pub(super) fn by(language: Language, method: Method, reference: Option<&str>) -> String {
    let name = method_name(language, method);
    reference.map_or_else(|| name.to_owned(), |reference| format!("{name}, {}", named(reference)))
}

/// Asks whether what was understood of a payment is right.
pub(crate) fn confirm_claim(
    language: Language,
    vendor: &Vendor,
    amount: Money,
    method: Method,
    reference: Option<&str>,
) -> Reply {
    let (vendor, amount, by) = (named(&vendor.name), amount.for_people(), by(language, method, reference));
    let body = match language {
        Nepali => format!("{vendor} लाई {amount} तिर्नुभयो ({by})। ठीक छ?"),
        RomanNepali => format!("{vendor} lai {amount} tirnubhayo ({by}). Thik chha?"),
        English => format!("You paid {amount} to {vendor} ({by}). Is this right?"),
    };
    Buttons::new(body)
        .button("paid:send", Press::Confirm.title(language))
        .button("paid:again", Press::Change.title(language))
        .button("paid:cancel", Press::Cancel.title(language))
        .build()
}

/// The vendor was asked whether it has the money.
pub(crate) fn claimed(language: Language, vendor: &Vendor, amount: Money) -> Reply {
    let (vendor, amount) = (named(&vendor.name), amount.for_people());
    let body = match language {
        Nepali => format!("टिप्यौं: {amount}। {vendor} ले पाएको पक्का गरेपछि हिसाबबाट घट्छ र रसिद आउँछ।"),
        RomanNepali => {
            format!("Tipyau: {amount}. {vendor} le payeko pakka garepachi hisab bata ghatchha ra rasid aaunchha.")
        }
        English => {
            format!("Noted: {amount}. When {vendor} confirms it, it comes off your account and you get the receipt.")
        }
    };
    ask(language, body, &[Press::Owe, Press::Menu])
}
