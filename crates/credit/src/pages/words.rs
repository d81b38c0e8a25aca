//! What the pages of credit say.

use kernel::BusinessDate;
use ledger::{EntryKind, Method};
use web::panel::PageLanguage;
use web::panel_words;

use crate::check::Reason;
use crate::model::{CycleStatus, LineStatus};
use crate::refusal::Refusal;

panel_words! {
    /// The words of these pages.
    pub(super) enum Word {
        Lines: "Credit lines", "उधारो खाताहरू";
        Line: "Credit line", "उधारो खाता";
        Retailer: "Retailer", "पसल";
        Vendor: "Vendor", "थोक बिक्रेता";
        Owner: "Owner", "साहु";
        Phone: "Phone", "फोन";
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
        PaymentDone: "The payment is recorded.", "भुक्तानी लेखियो।";
        ChangeDone: "The change is saved.", "फेरबदल सुरक्षित भयो।";
        PauseDone: "Credit on this line is paused.", "यो खाताको उधारो रोकियो।";
        ResumeDone: "Credit on this line is given again.", "यो खातामा फेरि उधारो दिइन्छ।";
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
        OverdueCycles: "Overdue cycles, first page", "भाका नाघेका, पहिलो पाना";
        Stops: "No new credit now", "अहिले नयाँ उधारो छैन";
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
pub(super) const fn kind(kind: EntryKind, language: PageLanguage) -> &'static str {
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
pub(super) const fn method(method: Method, language: PageLanguage) -> &'static str {
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
            Reason::InsufficientCredit => "no credit is left",
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
            Reason::InsufficientCredit => "उधारो बाँकी छैन",
        },
    }
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
        Refusal::PaymentDate { earliest, latest } => ("on", between(*earliest, *latest, is_english)),
        Refusal::ReferenceRequired => (
            "reference",
            say("Only cash goes without a reference.".to_owned(), "नगदबाहेक सन्दर्भ नम्बर चाहिन्छ।".to_owned()),
        ),
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
            (field_of(field), say(format!("Expected: {right}."), format!("यो मिलेन ({right})।")))
        }
        other => ("", say(format!("{other}."), format!("यो गर्न मिलेन ({other})।"))),
    }
}

/// The field of the form that stands for one of JSON.
fn field_of(json: &str) -> &'static str {
    match json {
        "amount" => "amount",
        "on" => "on",
        "reference" => "reference",
        "reason" => "reason",
        "limit" => "limit",
        "termsDays" => "termsDays",
        "maxOverdueDays" => "maxOverdueDays",
        "maxOrder" => "maxOrder",
        _ => "",
    }
}

fn between(earliest: BusinessDate, latest: BusinessDate, is_english: bool) -> String {
    if is_english {
        format!("A day from {earliest} to {latest}.")
    } else {
        format!("{earliest} देखि {latest} सम्मको दिन।")
    }
}
