//! What the pages of credit say.

mod deeds;
mod done;

use kernel::{BusinessDate, Money};
use ledger::{Account, EntryKind, Method};
use web::panel::PageLanguage;
use web::panel_words;

use crate::check::Reason;
use crate::model::{CycleStatus, LineStatus};
use crate::refusal::Refusal;

pub(super) use deeds::{Say, adjustment, claim, dispute, payment, promise, source};
pub(super) use done::done;

panel_words! {
    /// The words of these pages.
    pub(super) enum Word {
        Lines: "Credit lines", "उधारो खाताहरू";
        Line: "Credit line", "उधारो खाता";
        Retailer: "Retailer", "पसल";
        Vendor: "Vendor", "थोक बिक्रेता";
        Owner: "Owner", "साहु";
        Phone: "Phone", "फोन";
        ShopPhone: "Phone of the shop, with country code", "पसलको फोन, देशको कोडसहित";
        NoSuchShop: "No shop has this phone.", "यो फोन भएको पसल छैन।";
        Place: "Place", "ठाउँ";
        Limit: "Limit", "सीमा";
        Outstanding: "Owed", "तिर्न बाँकी";
        Reserved: "Held for orders", "अर्डरका लागि रोकिएको";
        Available: "Available", "बाँकी उधारो";
        Status: "Status", "अवस्था";
        Overdue: "Overdue", "भाका नाघेको";
        Days: "days", "दिन";
        Position: "How the limit is used", "सीमा कसरी प्रयोग भएको छ";
        Terms: "Terms", "सर्तहरू";
        TermsVersion: "Version of discounts and interest", "छुट र ब्याजको संस्करण";
        TermsDays: "Days to pay", "तिर्ने दिन";
        MaxOverdueDays: "Days overdue before credit stops", "उधारो रोकिनुअघि भाका नाघ्ने दिन";
        MaxOrder: "Largest order", "सबैभन्दा ठूलो अर्डर";
        Discount: "Discount", "छुट";
        Interest: "Interest", "ब्याज";
        Since: "Since", "देखि";
        Cycles: "Cycles", "भाकाहरू";
        OpenCycles: "Open cycles", "बाँकी भाकाहरू";
        Cycle: "Cycle", "भाका";
        Started: "Delivered", "डेलिभरी";
        Due: "Due", "भाका मिति";
        Principal: "Principal", "साँवा";
        Open: "Open", "बाँकी";
        AllCycles: "All cycles", "सबै भाका";
        Entries: "Entries of the book", "खाताका प्रविष्टिहरू";
        Entry: "Entry", "प्रविष्टि";
        Date: "Date", "मिति";
        Kind: "Kind", "प्रकार";
        Memo: "Text", "विवरण";
        Owes: "Change of debt", "ऋणमा फेरबदल";
        RecordPayment: "Record a payment", "भुक्तानी लेख्नुहोस्";
        Change: "Change the line", "खाता फेर्नुहोस्";
        Pause: "Pause credit", "उधारो रोक्नुहोस्";
        Resume: "Resume credit", "उधारो फेरि दिनुहोस्";
        Reason: "Reason", "कारण";
        ReasonHint: "It is kept in the audit log.", "यो लेखा अभिलेखमा रहन्छ।";
        Save: "Save", "सुरक्षित गर्नुहोस्";
        Back: "Back to the line", "खातामा फर्कनुहोस्";
        Amount: "Amount in rupees", "रकम (रुपैयाँ)";
        AmountHint: "What was paid. It goes to the oldest due cycle first.", "जति तिरियो। यो सबैभन्दा पुरानो भाकामा पहिले जान्छ।";
        PaidOn: "Paid on", "तिरेको मिति";
        Method: "How", "माध्यम";
        WhichMethod: "Choose how it was paid.", "कसरी तिरियो छान्नुहोस्।";
        Reference: "Reference", "सन्दर्भ नम्बर";
        ReferenceHint: "Number of the transfer, wallet or cheque; not needed for cash.", "ट्रान्सफर, वालेट वा चेकको नम्बर; नगदमा चाहिँदैन।";
        KeepExcess: "Keep what is above the debt for later", "ऋणभन्दा बढी रकम पछिका लागि राख्नुहोस्";
        Preview: "Show where it goes", "कहाँ जान्छ हेर्नुहोस्";
        Goes: "Where it goes", "कहाँ जान्छ";
        Settles: "Settles", "घट्ने साँवा";
        Cash: "Cash", "नगद";
        Remaining: "Left open", "बाँकी रहने";
        Kept: "Kept for later", "पछिका लागि राखिने";
        TypeAmount: "Type an amount to see where it goes.", "कहाँ जान्छ हेर्न रकम लेख्नुहोस्।";
        Risk: "Risk", "जोखिम";
        Aging: "Open principal by days overdue", "भाका नाघेको दिनअनुसार बाँकी साँवा";
        AgingOn: "On", "मिति";
        Show: "Show", "देखाउनुहोस्";
        NotDue: "Not due", "भाका बाँकी";
        D1: "1–30 days", "१–३० दिन";
        D31: "31–60 days", "३१–६० दिन";
        D61: "61–90 days", "६१–९० दिन";
        D90: "Over 90 days", "९० दिनभन्दा बढी";
        Share: "Share", "अंश";
        Total: "All that is open", "जम्मा बाँकी";
        OverdueSum: "Overdue", "भाका नाघेको";
        OverdueCycles: "Overdue cycles", "भाका नाघेका";
        Stops: "No new credit now", "अहिले नयाँ उधारो छैन";
    }
}

/// The word for a role; what is none stays as it is.
pub(super) fn role(role: &str, language: PageLanguage) -> &str {
    match (role, language) {
        ("operator", PageLanguage::English) => "operator",
        ("operator", PageLanguage::Nepali) => "सञ्चालक",
        ("vendor", PageLanguage::English) => "vendor",
        ("vendor", PageLanguage::Nepali) => "थोक बिक्रेता",
        ("retailer", PageLanguage::English) => "retailer",
        ("retailer", PageLanguage::Nepali) => "पसल",
        ("system", PageLanguage::English) => "platform",
        ("system", PageLanguage::Nepali) => "प्रणाली",
        _ => role,
    }
}

/// The word for a line's status, and the class that colours it.
pub(super) const fn line_status(status: LineStatus, language: PageLanguage) -> (&'static str, &'static str) {
    match (language, status) {
        (PageLanguage::English, LineStatus::Active) => ("active", "tag good"),
        (PageLanguage::English, LineStatus::Paused) => ("paused", "tag warn"),
        (PageLanguage::English, LineStatus::Blocked) => ("blocked", "tag bad"),
        (PageLanguage::Nepali, LineStatus::Active) => ("सक्रिय", "tag good"),
        (PageLanguage::Nepali, LineStatus::Paused) => ("रोकिएको", "tag warn"),
        (PageLanguage::Nepali, LineStatus::Blocked) => ("बन्द", "tag bad"),
    }
}

/// The word for a cycle's status.
pub(super) const fn cycle_status(status: CycleStatus, language: PageLanguage) -> &'static str {
    match (language, status) {
        (PageLanguage::English, CycleStatus::Active) => "open",
        (PageLanguage::English, CycleStatus::PartiallyPaid) => "partly paid",
        (PageLanguage::English, CycleStatus::FullyPaid) => "paid",
        (PageLanguage::English, CycleStatus::Closed) => "closed",
        (PageLanguage::Nepali, CycleStatus::Active) => "बाँकी",
        (PageLanguage::Nepali, CycleStatus::PartiallyPaid) => "केही तिरेको",
        (PageLanguage::Nepali, CycleStatus::FullyPaid) => "चुक्ता",
        (PageLanguage::Nepali, CycleStatus::Closed) => "बन्द",
    }
}

/// The word for a kind of entry.
pub const fn kind(kind: EntryKind, language: PageLanguage) -> &'static str {
    match language {
        PageLanguage::English => match kind {
            EntryKind::Delivery => "Delivery",
            EntryKind::Repayment => "Repayment",
            EntryKind::CashSale => "Cash sale",
            EntryKind::Advance => "Advance",
            EntryKind::Return => "Return",
            EntryKind::Adjustment => "Adjustment",
            EntryKind::WriteOff => "Write-off",
            EntryKind::Opening => "Opening",
            EntryKind::Reversal => "Reversal",
        },
        PageLanguage::Nepali => match kind {
            EntryKind::Delivery => "डेलिभरी",
            EntryKind::Repayment => "भुक्तानी",
            EntryKind::CashSale => "नगद बिक्री",
            EntryKind::Advance => "पेश्की",
            EntryKind::Return => "फिर्ता",
            EntryKind::Adjustment => "मिलान",
            EntryKind::WriteOff => "मिनाहा",
            EntryKind::Opening => "सुरु मौज्दात",
            EntryKind::Reversal => "उल्ट्याइएको",
        },
    }
}

/// The word for a way to pay; wallets have their own names.
pub const fn method(method: Method, language: PageLanguage) -> &'static str {
    match (language, method) {
        (PageLanguage::English, Method::Cash) => "Cash",
        (PageLanguage::English, Method::Bank) => "Bank transfer",
        (PageLanguage::English, Method::Cheque) => "Cheque",
        (PageLanguage::English, Method::Other) => "Other",
        (PageLanguage::Nepali, Method::Cash) => "नगद",
        (PageLanguage::Nepali, Method::Bank) => "बैंक ट्रान्सफर",
        (PageLanguage::Nepali, Method::Cheque) => "चेक",
        (PageLanguage::Nepali, Method::Other) => "अन्य",
        (_, Method::Esewa) => "eSewa",
        (_, Method::Khalti) => "Khalti",
        (_, Method::Fonepay) => "Fonepay",
        (_, Method::Connectips) => "connectIPS",
    }
}

/// The word for an account of the chart.
pub(super) fn account(account: Account, language: PageLanguage) -> String {
    let is_english = language == PageLanguage::English;
    let (english, nepali) = match account {
        Account::Receivable => ("Receivable", "उठ्न बाँकी उधारो"),
        Account::Advances => ("Kept for retailers", "पसलको पेश्की"),
        Account::Sales => ("Sales", "बिक्री"),
        Account::Cash(way) => {
            let way = method(way, language);
            return if is_english { format!("Cash: {way}") } else { format!("नगद: {way}") };
        }
        Account::DiscountAllowed => ("Discount given", "दिएको छुट"),
        Account::InterestIncome => ("Interest earned", "पाएको ब्याज"),
        Account::Returns => ("Returns", "सामान फिर्ता"),
        Account::BadDebt => ("Bad debt", "नउठेको ऋण"),
        Account::BadDebtRecovered => ("Bad debt recovered", "पछि उठेको ऋण"),
        Account::Adjustments => ("Adjustments", "मिलान"),
        Account::Rounding => ("Rounding", "पैसाको फरक"),
        Account::OpeningBalances => ("Opening balances", "सुरु मौज्दात"),
    };
    if is_english { english.to_owned() } else { nepali.to_owned() }
}

/// Why nothing can be ordered on credit.
pub(super) const fn reason(reason: Reason, language: PageLanguage) -> &'static str {
    match language {
        PageLanguage::English => match reason {
            Reason::RetailerInactive => "the retailer is not active",
            Reason::VendorInactive => "the vendor is not active",
            Reason::CreditBlocked => "an operator blocked the retailer's credit",
            Reason::CreditPaused => "the retailer's credit is paused",
            Reason::NoCreditLine => "there is no credit line",
            Reason::LineBlocked => "this line is blocked",
            Reason::LinePaused => "this line is paused",
            Reason::OrderValueExceeded => "the order is too large",
            Reason::OverdueExceeded => "something is overdue for too long",
            Reason::InsufficientCredit => "not enough credit is left",
        },
        PageLanguage::Nepali => match reason {
            Reason::RetailerInactive => "पसल सक्रिय छैन",
            Reason::VendorInactive => "थोक बिक्रेता सक्रिय छैन",
            Reason::CreditBlocked => "सञ्चालकले पसलको उधारो बन्द गरेको छ",
            Reason::CreditPaused => "पसलको उधारो रोकिएको छ",
            Reason::NoCreditLine => "उधारो खाता छैन",
            Reason::LineBlocked => "यो खाता बन्द छ",
            Reason::LinePaused => "यो खाता रोकिएको छ",
            Reason::OrderValueExceeded => "अर्डर धेरै ठूलो छ",
            Reason::OverdueExceeded => "भाका धेरै नाघेको छ",
            Reason::InsufficientCredit => "उधारो पुग्दैन",
        },
    }
}

/// The same by the reason's code; one that is none stays as it is.
pub fn reason_of(code: &str, language: PageLanguage) -> &str {
    code.parse().map_or(code, |found| reason(found, language))
}

/// The field of a form that a refusal is about, and what it says there.
pub(super) fn refusal(refusal: &Refusal, language: PageLanguage) -> (&'static str, String) {
    let is_english = language == PageLanguage::English;
    let say = |english: String, nepali: String| if is_english { english } else { nepali };
    match refusal {
        Refusal::Overpayment { maximum_cash, .. } => {
            let most = maximum_cash.for_people();
            ("amount", say(format!("At most {most} settles everything."), format!("बढीमा {most} ले सबै चुक्ता हुन्छ।")))
        }
        Refusal::BelowMinimum { minimum_cash, .. } => {
            let least = minimum_cash.for_people();
            ("amount", say(format!("At least {least}."), format!("कम्तीमा {least} चाहिन्छ।")))
        }
        Refusal::AboveOutstanding { maximum }
        | Refusal::AboveUnapplied { maximum }
        | Refusal::AboveReturnable { maximum }
        | Refusal::AboveWrittenOff { maximum } => {
            let most = maximum.for_people();
            ("amount", say(format!("At most {most}."), format!("बढीमा {most} मिल्छ।")))
        }
        Refusal::PaymentDate { earliest, latest } => ("on", between(*earliest, *latest, is_english)),
        Refusal::DuplicateReference { amount, paid_on, .. } => {
            let amount = amount.for_people();
            let english = format!("A payment of {amount} on {paid_on} has this reference already.");
            ("reference", say(english, format!("{paid_on} को {amount} भुक्तानीमा यही सन्दर्भ छ।")))
        }
        Refusal::OnCycle { number, refusal: inner } => {
            let (field, text) = self::refusal(inner, language);
            (field, format!("{number}: {text}"))
        }
        Refusal::Field { field, right } => {
            (field_of(field), say(format!("Expected: {right}."), format!("{}।", in_nepali(right))))
        }
        other => match fixed(other) {
            Some((field, nepali)) => (field, say(format!("{}.", capitalised(&other.to_string())), nepali.to_owned())),
            None => {
                ("", say(format!("{}.", capitalised(&other.to_string())), format!("यो गर्न मिलेन ({}).", other.code())))
            }
        },
    }
}

/// The field and the Nepali text of refusals that say no amount.
const fn fixed(refusal: &Refusal) -> Option<(&'static str, &'static str)> {
    Some(match refusal {
        Refusal::ReferenceRequired => ("reference", "नगदबाहेक सन्दर्भ नम्बर चाहिन्छ।"),
        Refusal::LineExists => ("vendor", "यो थोक बिक्रेतासँग उधारो खाता पहिले नै छ।"),
        Refusal::UnknownVendor(_) => ("vendor", "यस्तो थोक बिक्रेता छैन।"),
        Refusal::CycleClosed { .. } => ("", "यो भाकामा तिर्न केही बाँकी छैन।"),
        Refusal::DisputeOpen { .. } => ("", "यो भाकाको गुनासो टुङ्गिएको छैन; पहिले त्यसको टुङ्गो लगाउनुहोस्।"),
        Refusal::DisputeDecided { .. } => ("", "यो गुनासोको टुङ्गो लागिसकेको छ।"),
        Refusal::VersionMismatch { .. } => ("", "यसबीच अरूले फेरिसके; पाना फेरि खोल्नुहोस्।"),
        Refusal::ExcessRefunded { .. } => ("", "यसको पेश्की फिर्ता दिइसकिएकाले उल्ट्याउन मिल्दैन।"),
        Refusal::PaymentReversed { .. } => ("", "यो भुक्तानी उल्ट्याइसकिएको छ।"),
        Refusal::ClaimDecided { .. } => ("", "यसको जवाफ दिइसकिएको छ।"),
        Refusal::NotAllowed { .. } => ("", "यो गर्ने अधिकार तपाईंलाई छैन।"),
        _ => return None,
    })
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// So many days.
pub(super) fn days(number: i64, language: PageLanguage) -> String {
    match language {
        PageLanguage::English => kernel::counted(number, "day"),
        PageLanguage::Nepali => format!("{number} {}", Word::Days.text(language)),
    }
}

/// Fields of the forms that are called as in JSON.
const FIELDS: &[&str] = &[
    "amount",
    "on",
    "reference",
    "reason",
    "limit",
    "termsDays",
    "maxOverdueDays",
    "maxOrder",
    "cap",
    "ceiling",
    "note",
    "dueOn",
    "orderLine",
    "sign",
    "graceDays",
];

/// The field of the form that stands for one of JSON.
fn field_of(json: &'static str) -> &'static str {
    match json {
        "principal" | "cash" => "amount",
        "lateInterestBpYear" => "interest",
        json if json.starts_with("discounts") => "discounts",
        json if FIELDS.contains(&json) => json,
        _ => "",
    }
}

/// What would be right, in Nepali.
fn in_nepali(right: &str) -> &'static str {
    match right {
        "above zero" => "शून्यभन्दा बढी हुनुपर्छ",
        "above zero, or left out" => "शून्यभन्दा बढी, वा खाली",
        "zero or more" => "शून्य वा बढी",
        "zero or more, or left out to lift it" => "शून्य वा बढी; हटाउन खाली छोड्नुहोस्",
        "0 to 365 days" => "० देखि ३६५ दिन",
        "an amount that fits" => "रकम धेरै ठूलो भयो",
        "at least what the repayments come to in cash" => "छानिएका भाकाको नगद जम्माभन्दा कम नहोस्",
        "left out where the dispute is rejected" => "अस्वीकार गर्दा खाली छोड्नुहोस्",
        "what is taken off the debt" => "कति घटाउने लेख्नुहोस्",
        "later than it is now, at most 365 days ahead" => "अहिलेको भन्दा पछि, बढीमा ३६५ दिन अगाडि",
        "at most 1000 characters" | "at most 500 characters" | "at most 100 characters" => "धेरै लामो भयो",
        "today or earlier" => "आज वा पहिलेको मिति",
        "the cycle's start or later" => "डेलिभरी भएको दिन वा पछि",
        "today to 90 days ahead" => "आजदेखि ९० दिनभित्र",
        "a line of the cycle's order" => "त्यो अर्डरमा यो क्रमको सामान छैन",
        "1 to 500 characters" => "कारण लेख्नुहोस्, बढीमा ५०० अक्षर",
        "DECREASE; only a correction increases" => "ऋण बढाउन 'सच्याइएको' छान्नुपर्छ",
        "at most 20 rows" => "बढीमा २० वटा",
        "0 to the line's days; no discount holds past the due date" => "छुटका दिन तिर्ने दिनभन्दा बढी हुँदैन",
        "0 to 5000 basis points" => "छुट ० देखि ५० प्रतिशत",
        "days rising from row to row, rates never rising" => "दिन बढ्दै जानुपर्छ, छुट बढ्नु हुँदैन",
        "0 to 1000 basis points a year, the most that the law allows" => "कानुनले वर्षको बढीमा १० प्रतिशत ब्याज दिन्छ",
        _ => "यो मिलेन",
    }
}

fn between(earliest: BusinessDate, latest: BusinessDate, is_english: bool) -> String {
    if is_english {
        format!("A day from {earliest} to {latest}.")
    } else {
        format!("{earliest} देखि {latest} सम्मको दिन।")
    }
}

/// A bill that has to be paid before an order passes.
pub(super) fn pay(number: &str, cash: Money, language: PageLanguage) -> String {
    let cash = cash.for_people();
    match language {
        PageLanguage::English => format!("Pay {cash} on {number}."),
        PageLanguage::Nepali => format!("{number} मा {cash} तिर्नुहोस्।"),
    }
}

/// The largest order that passes.
pub(super) fn at_most(most: Money, language: PageLanguage) -> String {
    let most = most.for_people();
    match language {
        PageLanguage::English => format!("Order for {most} at most."),
        PageLanguage::Nepali => format!("बढीमा {most} को अर्डर गर्नुहोस्।"),
    }
}
