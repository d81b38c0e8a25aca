//! What retailers are told about their credit, in Nepali, romanised Nepali and English.
//!
//! Each text is one `match` over the languages, so the compiler sees that none is missing.

use kernel::Money;
use notify::{NewMessage, Recipient};
use parties::{Language, Retailer};
use whatsapp::message::{Outgoing, Template};

use crate::disputes::{Dispute, DisputeStatus};
use crate::model::Cycle;
use crate::payments::{Claim, Done, Payment, Source};
use crate::terms::Settlement;

/// The language that templates are registered in: Nepali is not among those WhatsApp offers.
const TEMPLATE_LANGUAGE: &str = "en";
/// Characters of a journal entry's hash that a person can compare.
const SHOWN_HASH: usize = 8;

/// What was paid and when, what it saved or cost, what is left on each cycle and on the line, what is kept, and the mark of its
/// journal entry.
pub(crate) fn receipt(retailer: &Retailer, done: &Done) -> Option<NewMessage> {
    let sum = |of: fn(&Settlement) -> Money| Money::sum(done.parts.iter().map(|part| of(&part.settlement))).ok();
    let numbers = done.parts.iter().map(|part| part.cycle.number.as_str()).collect::<Vec<_>>().join(", ");
    let (payment, language) = (&done.payment, retailer.language);
    let cash = if done.source == Source::Advance { sum(|paid| paid.cash)? } else { payment.amount };
    let cash = cash.for_people();
    let mut lines = vec![match (language, done.parts.is_empty()) {
        (Language::Nepali, false) => format!("{numbers} मा {cash} बुझियो। धन्यवाद।"),
        (Language::RomanNepali, false) => format!("{numbers} ma {cash} bujhiyo. Dhanyabad."),
        (Language::English, false) => format!("Received {cash} on {numbers}. Thank you."),
        (Language::Nepali, true) => format!("{cash} बुझियो। धन्यवाद।"),
        (Language::RomanNepali, true) => format!("{cash} bujhiyo. Dhanyabad."),
        (Language::English, true) => format!("Received {cash}. Thank you."),
    }];
    let paid_on = language.date(payment.paid_on);
    lines.push(match language {
        Language::Nepali => format!("तिरेको मिति: {paid_on}"),
        Language::RomanNepali => format!("Tireko miti: {paid_on}"),
        Language::English => format!("Paid on: {paid_on}"),
    });
    let (discount, interest) = (sum(|paid| paid.discount)?, sum(|paid| paid.interest)?);
    lines.extend(discount.is_positive().then(|| {
        let discount = discount.for_people();
        match language {
            Language::Nepali => format!("छुट: {discount}"),
            Language::RomanNepali => format!("Chhut: {discount}"),
            Language::English => format!("Discount: {discount}"),
        }
    }));
    lines.extend(interest.is_positive().then(|| {
        let interest = interest.for_people();
        match language {
            Language::Nepali => format!("ब्याज: {interest}"),
            Language::RomanNepali => format!("Byaj: {interest}"),
            Language::English => format!("Interest: {interest}"),
        }
    }));
    lines.extend(done.parts.iter().map(|part| left_on(language, &part.cycle)));
    lines.extend(payment.unapplied.is_positive().then(|| {
        let kept = payment.unapplied.for_people();
        match language {
            Language::Nepali => format!("पेस्की जम्मा: {kept}"),
            Language::RomanNepali => format!("Peski jamma: {kept}"),
            Language::English => format!("Kept for later: {kept}"),
        }
    }));
    let available = done.line.position().ok()?.available.for_people();
    let mark: String = done.hash.chars().take(SHOWN_HASH).collect();
    lines.push(match language {
        Language::Nepali => format!("अब लिन मिल्ने उधारो: {available}\nरसिद: {mark}"),
        Language::RomanNepali => format!("Aba lina milne udharo: {available}\nRasid: {mark}"),
        Language::English => format!("Credit available: {available}\nReceipt: {mark}"),
    });
    let left = Money::sum(done.parts.iter().map(|part| part.cycle.outstanding)).ok()?.for_people();
    let on = if numbers.is_empty() { "-" } else { numbers.as_str() };
    let template =
        Template::new("repayment_receipt_v1", TEMPLATE_LANGUAGE).param(&cash).param(on).param(&left).param(&mark);
    message(retailer, format!("receipt:{}", done.hash), lines.join("\n"), template)
}

fn left_on(language: Language, cycle: &Cycle) -> String {
    let (number, left) = (&cycle.number, cycle.outstanding.for_people());
    match language {
        Language::Nepali => format!("{number} मा बाँकी: {left}"),
        Language::RomanNepali => format!("{number} ma banki: {left}"),
        Language::English => format!("Left on {number}: {left}"),
    }
}

/// That a payment was taken back, why, and what is open again.
pub(crate) fn reversed(retailer: &Retailer, payment: &Payment, reopened: &[Cycle]) -> Option<NewMessage> {
    let (cash, language) = (payment.amount.for_people(), retailer.language);
    let why = payment.reversal_reason.as_deref().unwrap_or_default();
    let mut lines = vec![match language {
        Language::Nepali => format!("{cash} को भुक्तानी रद्द भयो। कारण: {why}"),
        Language::RomanNepali => format!("{cash} ko bhuktani radda bhayo. Karan: {why}"),
        Language::English => format!("The payment of {cash} was taken back. Reason: {why}"),
    }];
    lines.extend(reopened.iter().map(|cycle| left_on(language, cycle)));
    let template = Template::new("payment_reversed_v1", TEMPLATE_LANGUAGE).param(&cash).param(why);
    message(retailer, format!("reversed:{}", payment.id), lines.join("\n"), template)
}

/// That what the retailer said it paid was not found, and why.
pub(crate) fn claim_rejected(retailer: &Retailer, claim: &Claim) -> Option<NewMessage> {
    let (cash, why) = (claim.amount.for_people(), claim.reason.as_deref().unwrap_or_default());
    let text = match retailer.language {
        Language::Nepali => format!("तपाईंले तिरेको भन्नुभएको {cash} पुष्टि हुन सकेन। कारण: {why}"),
        Language::RomanNepali => format!("Tapaile tireko bhannubhaeko {cash} pusti huna sakena. Karan: {why}"),
        Language::English => format!("The payment of {cash} that you told us of was not confirmed. Reason: {why}"),
    };
    let template = Template::new("claim_answered_v1", TEMPLATE_LANGUAGE).param(&cash).param(why);
    message(retailer, format!("claim:{}", claim.id), text, template)
}

/// None of these answers a message, so each has its template for when the person has not written for a day.
fn message(retailer: &Retailer, reason_key: String, text: String, template: Template) -> Option<NewMessage> {
    let template = template.build().inspect_err(|error| tracing::error!(%error, reason_key, "a template does not fit"));
    match Outgoing::text(text) {
        Ok(content) => Some(NewMessage {
            reason_key,
            to: Recipient { address: retailer.phone.clone(), retailer: Some(retailer.id), vendor: None },
            content,
            template: template.ok(),
        }),
        Err(error) => {
            tracing::error!(%error, reason_key, "a message does not fit the limits and is not sent");
            None
        }
    }
}

/// How a dispute was decided, what came off, and what is left.
pub(crate) fn dispute_decided(
    retailer: &Retailer,
    cycle: &Cycle,
    dispute: &Dispute,
    taken_off: Option<Money>,
) -> Option<NewMessage> {
    let (number, left) = (&cycle.number, cycle.outstanding.for_people());
    let why = dispute.decision.as_deref().unwrap_or_default();
    let off = taken_off.and_then(|amount| amount.negated().ok()).unwrap_or(Money::ZERO).for_people();
    let text = match (retailer.language, dispute.status) {
        (Language::Nepali, DisputeStatus::Upheld) => {
            format!("{number}: तपाईंको गुनासो ठीक ठहरियो। {off} घटाइयो। कारण: {why}\nबाँकी: {left}")
        }
        (Language::RomanNepali, DisputeStatus::Upheld) => {
            format!("{number}: tapaiko gunaso thik thahariyo. {off} ghataiyo. Karan: {why}\nBanki: {left}")
        }
        (Language::English, DisputeStatus::Upheld) => {
            format!("{number}: you were right. {off} was taken off. Reason: {why}\nLeft: {left}")
        }
        (Language::Nepali, _) => format!("{number}: तपाईंको गुनासो हेर्‍यौं, रकम उस्तै रह्यो। कारण: {why}\nबाँकी: {left}"),
        (Language::RomanNepali, _) => {
            format!("{number}: tapaiko gunaso heryau, rakam ustai rahyo. Karan: {why}\nBanki: {left}")
        }
        (Language::English, _) => {
            format!("{number}: we looked into it, and the amount stays. Reason: {why}\nLeft: {left}")
        }
    };
    let template = if dispute.status == DisputeStatus::Upheld {
        Template::new("dispute_upheld_v1", TEMPLATE_LANGUAGE).param(number).param(&off).param(&left).param(why)
    } else {
        Template::new("dispute_rejected_v1", TEMPLATE_LANGUAGE).param(number).param(&left).param(why)
    };
    message(retailer, format!("dispute:{}", dispute.id), text, template)
}
