//! Why an order stays as it is, as the panel says it beside the field that is to blame.

use routing::OfferState;
use web::panel::{Errors, PageLanguage};

use super::words;
use crate::lifecycle::Refusal;
use crate::place::PlaceRefusal;
use crate::reroute::RerouteRefusal;

fn either(english: String, nepali: String, language: PageLanguage) -> String {
    match language {
        PageLanguage::English => english,
        PageLanguage::Nepali => nepali,
    }
}

/// Adds why an order was not moved.
pub(super) fn of_order(refusal: &Refusal, language: PageLanguage, errors: &mut Errors) {
    let (field, english, nepali) = match refusal {
        Refusal::InvalidTransition { from, .. } => {
            let state = words::state(*from, language);
            let nepali = format!("अर्डर अब \"{state}\" छ, त्यसैले यो मिल्दैन।");
            ("", format!("The order is now \"{state}\", so this is not possible."), nepali)
        }
        Refusal::OfferExpired { .. } => (
            "",
            "The time to answer is over; the order went to the next wholesaler.".to_owned(),
            "जवाफ दिने समय सकियो; अर्डर अर्को बिक्रेतालाई गयो।".to_owned(),
        ),
        Refusal::OfferAnswered { state: OfferState::Accepted } => {
            ("", "It was accepted already.".to_owned(), "यो पहिले नै स्वीकार भइसक्यो।".to_owned())
        }
        Refusal::WrongCode { left } => (
            "code",
            format!("The code is wrong. Tries left: {left}."),
            format!("कोड मिलेन। अब {left} पटक प्रयास गर्न मिल्छ।"),
        ),
        Refusal::CodeLocked => (
            "code",
            "Too many wrong codes. The shop or an operator must confirm.".to_owned(),
            "धेरै पटक गलत कोड। अब पसल वा सञ्चालकले पुष्टि गर्नुपर्छ।".to_owned(),
        ),
        other => ("", other.to_string(), "यो अर्डरमा यो काम मिल्दैन।".to_owned()),
    };
    errors.add(field, either(english, nepali, language));
}

/// Adds why an order did not go to another vendor.
pub(super) fn of_reroute(refusal: &RerouteRefusal, language: PageLanguage, errors: &mut Errors) {
    let text = match refusal {
        RerouteRefusal::Order(refusal) => return of_order(refusal, language, errors),
        RerouteRefusal::Vendor(PlaceRefusal::Check(check)) => {
            let codes: Vec<String> = check.reasons.iter().map(ToString::to_string).collect();
            codes.iter().map(|code| credit::reason_word(code, language)).collect::<Vec<_>>().join("; ")
        }
        RerouteRefusal::Vendor(PlaceRefusal::Supply { why, .. }) => words::ineligible(why, language),
        RerouteRefusal::Vendor(other) => either(other.to_string(), "यो बिक्रेताले दिन सक्दैन।".to_owned(), language),
    };
    errors.add("vendor", text);
}
