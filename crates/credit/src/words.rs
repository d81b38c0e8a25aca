//! What retailers are told about their credit, in Nepali, romanised Nepali and English.
//!
//! Each text is one `match` over the languages, so the compiler sees that none is missing.

use notify::{NewMessage, Recipient};
use parties::{Language, Retailer};
use whatsapp::message::{Outgoing, Template};

use crate::repay::Repaid;

/// The language that templates are registered in: Nepali is not among those WhatsApp offers.
const TEMPLATE_LANGUAGE: &str = "en";
/// Characters of a journal entry's hash that a person can compare.
const SHOWN_HASH: usize = 8;

/// What was paid, what it saved or cost, what is left on the cycle and on the line, and the mark of its journal entry.
pub(crate) fn receipt(retailer: &Retailer, repaid: &Repaid) -> Option<NewMessage> {
    let (paid, cycle) = (&repaid.repayment.settlement, &repaid.cycle);
    let (cash, number, left) = (paid.cash.for_people(), &cycle.number, cycle.outstanding.for_people());
    let available = repaid.position.available.for_people();
    let (discount, interest) = (paid.discount.for_people(), paid.interest.for_people());
    let mark: String = repaid.entry_hash.chars().take(SHOWN_HASH).collect();
    let mut lines = match retailer.language {
        Language::Nepali => vec![format!("{number} मा {cash} बुझियो। धन्यवाद।")],
        Language::RomanNepali => vec![format!("{number} ma {cash} bujhiyo. Dhanyabad.")],
        Language::English => vec![format!("Received {cash} on {number}. Thank you.")],
    };
    if paid.discount.is_positive() {
        lines.push(match retailer.language {
            Language::Nepali => format!("छुट: {discount}"),
            Language::RomanNepali => format!("Chhut: {discount}"),
            Language::English => format!("Discount: {discount}"),
        });
    }
    if paid.interest.is_positive() {
        lines.push(match retailer.language {
            Language::Nepali => format!("ब्याज: {interest}"),
            Language::RomanNepali => format!("Byaj: {interest}"),
            Language::English => format!("Interest: {interest}"),
        });
    }
    lines.push(match retailer.language {
        Language::Nepali => format!("{number} मा बाँकी: {left}\nअब लिन मिल्ने उधारो: {available}\nरसिद: {mark}"),
        Language::RomanNepali => {
            format!("{number} ma banki: {left}\nAba lina milne udharo: {available}\nRasid: {mark}")
        }
        Language::English => format!("Left on {number}: {left}\nCredit available: {available}\nReceipt: {mark}"),
    });
    let reason_key = format!("receipt:{}", repaid.repayment.id);
    let template =
        Template::new("repayment_receipt_v1", TEMPLATE_LANGUAGE).param(&cash).param(number).param(&left).param(&mark);
    match Outgoing::text(lines.join("\n")) {
        Ok(content) => Some(NewMessage {
            reason_key,
            to: Recipient { address: retailer.phone.clone(), retailer: Some(retailer.id), vendor: None },
            content,
            template: template.build().ok(),
        }),
        Err(error) => {
            tracing::error!(%error, reason_key, "a receipt does not fit the limits and is not sent");
            None
        }
    }
}
