//! What a vendor is told of payments that shops say they made, and what it answers.

use credit::Claim;
use kernel::{ClaimId, Money};
use parties::Language::{self, English, Nepali, RomanNepali};
use whatsapp::message::{Buttons, List, MessageError, Outgoing, Part, Template, shorten};

use super::money::{ROWS, by};
use super::{Press, ask, choose, fitted, named};
use crate::inbound::Reply;

/// The language that templates are registered in.
const TEMPLATE_LANGUAGE: &str = "en";

/// A retailer says that it paid: the vendor confirms it or not. The text, and the template that stands in for it.
pub(crate) fn claim_for_vendor(
    language: Language,
    shop: &str,
    claim: &Claim,
) -> (Reply, Result<Outgoing, MessageError>) {
    let (shop, amount) = (named(shop), claim.amount.for_people());
    let by = by(language, claim.method, claim.reference.as_deref());
    let (body, yes, no) = match language {
        Nepali => (format!("{shop} ले {amount} तिरेँ भन्नुभयो ({by})। पाउनुभयो?"), "पाएँ", "पाएको छैन"),
        RomanNepali => (format!("{shop} le {amount} tire bhannubhayo ({by}). Paunubhayo?"), "Paye", "Payeko chhaina"),
        English => {
            (format!("{shop} says they paid {amount} ({by}). Have you received it?"), "Received", "Not received")
        }
    };
    let (confirm, reject) = (format!("claim:confirm:{}", claim.id), format!("claim:reject:{}", claim.id));
    let content = Buttons::new(body).button(&confirm, yes).button(&reject, no).build();
    let template = Template::new("payment_claim_v1", TEMPLATE_LANGUAGE).param(&shop).param(&amount).param(&by);
    (content, template.payload(confirm).payload(reject).build())
}

/// What was pressed has had its effect.
pub(crate) fn vendor_already_done(language: Language) -> Reply {
    let body = match language {
        Nepali => "यो काम भइसकेको छ।",
        RomanNepali => "Yo kaam bhaisakeko chha.",
        English => "This is done already.",
    };
    ask(language, body, &[Press::VendorClaims, Press::VendorOrders])
}

/// The vendor has the money.
pub(crate) fn claim_confirmed(language: Language, amount: Money) -> Reply {
    let amount = amount.for_people();
    let body = match language {
        Nepali => format!("धन्यवाद! {amount} बुझेको टिप्यौं र पसललाई रसिद पठायौं।"),
        RomanNepali => format!("Dhanyabad! {amount} bujheko tipyau ra pasal lai rasid pathayau."),
        English => format!("Thank you! {amount} is noted as received, and the shop gets its receipt."),
    };
    ask(language, body, &[Press::VendorClaims, Press::VendorOrders])
}

/// More was paid than is owed.
pub(crate) fn claim_is_more(language: Language, claim: ClaimId, owed: Money) -> Reply {
    let owed = owed.for_people();
    let (body, keep, no) = match language {
        Nepali => (format!("आज तिर्न बाँकी {owed} मात्र छ। बढी रकम अर्को बिलका लागि जम्मा राखौँ?"), "जम्मा राख्ने", "पाएको छैन"),
        RomanNepali => (
            format!("Aaja tirna baki {owed} matra chha. Badhi rakam arko bill ko lagi jamma rakhau?"),
            "Jamma rakhne",
            "Payeko chhaina",
        ),
        English => (
            format!("Only {owed} is owed today. Shall we keep the rest for the next bill?"),
            "Keep the rest",
            "Not received",
        ),
    };
    Buttons::new(body).button(format!("claim:keep:{claim}"), keep).button(format!("claim:reject:{claim}"), no).build()
}

/// A payment of this reference was written down before.
pub(crate) fn claim_counted_before(language: Language, claim: ClaimId) -> Reply {
    let (body, no) = match language {
        Nepali => ("यो रेफरेन्सको भुक्तानी पहिल्यै टिपिएको छ। दोहोरिएको भए “होइन” थिच्नुहोला।", "होइन, दोहोरियो"),
        RomanNepali => (
            "Yo reference ko bhuktani pahilyai tipiyeko chha. Dohoriyeko bhaye “hoina” thichnuhola.",
            "Hoina, dohoriyo",
        ),
        English => ("A payment with this reference is noted already. If it came twice here, press “No”.", "No, twice"),
    };
    let claims = Press::VendorClaims;
    Buttons::new(body)
        .button(format!("claim:why:{claim}:TWICE"), no)
        .button(claims.id(), claims.title(language))
        .build()
}

/// The claim cannot be counted as it is; the team looks at it.
pub(crate) fn claim_for_team(language: Language, claim: ClaimId) -> Reply {
    let (body, no) = match language {
        Nepali => ("यो भुक्तानी यहाँबाट टिप्न मिलेन। हाम्रो टोलीले हेरेर मिलाउँछ।", "पाएको छैन"),
        RomanNepali => ("Yo bhuktani yaha bata tipna milena. Hamro toli le herera milaunchha.", "Payeko chhaina"),
        English => ("This payment cannot be noted from here. Our team will look at it.", "Not received"),
    };
    let claims = Press::VendorClaims;
    Buttons::new(body).button(format!("claim:reject:{claim}"), no).button(claims.id(), claims.title(language)).build()
}

/// Asks why a claim is not true.
pub(crate) fn why_not_received(language: Language, claim: ClaimId) -> Reply {
    let (body, nothing, amount) = match language {
        Nepali => ("ठीक छ। पसललाई के भनौँ? अर्कै भए लेख्नुहोला।", "पैसा आएको छैन", "रकम फरक छ"),
        RomanNepali => {
            ("Thik chha. Pasal lai ke bhanau? Arkai bhaye lekhnuhola.", "Paisa aayeko chhaina", "Rakam pharak chha")
        }
        English => (
            "All right. What shall we tell the shop? If it is something else, write it.",
            "Nothing came",
            "Other amount",
        ),
    };
    Buttons::new(body)
        .button(format!("claim:why:{claim}:NOTHING"), nothing)
        .button(format!("claim:why:{claim}:AMOUNT"), amount)
        .build()
}

/// Why a claim is not true, as its retailer reads it.
pub(crate) fn rejection_reason(language: Language, reason: &str) -> &'static str {
    match (reason, language) {
        ("AMOUNT", Nepali) => "रकम फरक छ",
        ("AMOUNT", RomanNepali) => "rakam pharak chha",
        ("AMOUNT", English) => "the amount is another one",
        ("TWICE", Nepali) => "यो भुक्तानी पहिल्यै टिपिएको छ",
        ("TWICE", RomanNepali) => "yo bhuktani pahilyai tipiyeko chha",
        ("TWICE", English) => "this payment is noted already",
        (_, Nepali) => "पैसा आइपुगेको छैन",
        (_, RomanNepali) => "paisa aaipugeko chhaina",
        (_, English) => "the money has not come",
    }
}

/// The retailer is told that the vendor has not received it.
pub(crate) fn claim_rejected(language: Language) -> Reply {
    let body = match language {
        Nepali => "खबर गर्नुभएकोमा धन्यवाद। पसललाई भन्यौं; हिसाब जस्ताको तस्तै छ।",
        RomanNepali => "Khabar garnubhayekoma dhanyabad. Pasal lai bhanyau; hisab jasta ko tastai chha.",
        English => "Thank you for telling us. We have told the shop; the account stays as it is.",
    };
    ask(language, body, &[Press::VendorClaims, Press::VendorOrders])
}

/// The claims that wait for the vendor.
pub(crate) fn claims_waiting(language: Language, claims: &[(&Claim, &str)]) -> Reply {
    if claims.is_empty() {
        let body = match language {
            Nepali => "अहिले पक्का गर्नुपर्ने कुनै भुक्तानी छैन।",
            RomanNepali => "Ahile pakka garnuparne kunai bhuktani chhaina.",
            English => "There is no payment to confirm now.",
        };
        return ask(language, body, &[Press::VendorOrders]);
    }
    let head = match language {
        Nepali => "पसलहरूले तिरेँ भनेका:",
        RomanNepali => "Pasalharu le tire bhaneka:",
        English => "Shops say they paid:",
    };
    let line = |(claim, shop): &(&Claim, &str)| format!("• {}: {}", named(shop), claim.amount.for_people());
    let lines: Vec<String> = claims.iter().map(line).collect();
    let body = format!("{head}\n\n{}", fitted(language, &lines, Part::InteractiveBody.max().saturating_sub(100)));
    let list = claims.iter().take(ROWS).fold(List::new(body, choose(language)), |list, (claim, shop)| {
        let title = shorten(&claim.amount.for_people(), Part::RowTitle);
        list.row(format!("claim:show:{}", claim.id), title, Some(&shorten(&named(shop), Part::RowDescription)))
    });
    list.build()
}
