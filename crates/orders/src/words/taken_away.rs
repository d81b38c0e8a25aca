//! What a vendor is told when an operator gives its order to another.

use parties::Language;
use whatsapp::message::{Outgoing, Template};

use super::{NewMessage, People, TEMPLATE_LANGUAGE, message, to_vendor};
use crate::Order;

/// An operator took the order from the vendor.
pub(crate) fn taken_away(people: &People, order: &Order) -> Vec<NewMessage> {
    let Some(vendor) = &people.vendor else { return Vec::new() };
    let code = &order.code;
    let body = match vendor.language {
        Language::Nepali => format!("अर्डर {code} अब तपाईंकहाँ छैन, हामीले अर्को बिक्रेतालाई दियौं। सामान नपठाउनुहोस्।"),
        Language::RomanNepali => {
            format!("Order {code} aba tapaikaha chhaina, hamile arko bikretalai diyau. Saman napathaunuhos.")
        }
        Language::English => {
            format!("Order {code} is no longer with you: we gave it to another wholesaler. Please do not send it.")
        }
    };
    let key = format!("order:{}:taken_away:{}", order.id, order.last_event);
    let template = Template::new("order_taken_away_v1", TEMPLATE_LANGUAGE).param(code);
    message(key, to_vendor(vendor), Outgoing::text(body), template).into_iter().collect()
}
