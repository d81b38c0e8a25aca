//! What people are asked or reminded of: unfinished carts, deliveries that nobody confirmed, offers that end soon.

use kernel::Instant;
use notify::NewMessage;
use parties::Language;
use routing::Offer;
use whatsapp::message::{Buttons, Template};

use super::{People, TEMPLATE_LANGUAGE, clock_time, listed, message, to_retailer, to_vendor};
use crate::Order;

/// A cart was left unfinished and has expired: the retailer is asked once whether it is still wanted.
pub(crate) fn follow_up(people: &People, order: &Order) -> Vec<NewMessage> {
    let shop = &people.retailer.name;
    let lines = listed(people.retailer.language, &people.products, &order.lines);
    let (body, again) = match people.retailer.language {
        Language::Nepali => (
            format!(
                "नमस्ते {shop}! तपाईंको यो अर्डर आधैमा रह्यो:\n\n{lines}\n\nअझै चाहिन्छ? तलको बटन थिच्नुभयो भने आजको भाउमा देखाउँछौं। नचाहिए केही गर्नुपर्दैन।"
            ),
            "फेरि देखाउने",
        ),
        Language::RomanNepali => (
            format!(
                "Namaste {shop}! Tapaiko yo order aadhai ma rahyo:\n\n{lines}\n\nAjhai chahinchha? Tala ko button thichnubhayo bhane aaja ko bhau ma dekhauchhau. Nachahiye kehi garnupardaina."
            ),
            "Pheri dekhaune",
        ),
        Language::English => (
            format!(
                "Hello {shop}! This order was left half-way:\n\n{lines}\n\nStill need it? Press the button and we show it at today's prices. If not, there is nothing to do."
            ),
            "Show it again",
        ),
    };
    let restore = format!("order:restore:{}", order.id);
    let content = Buttons::new(body).button(&restore, again).build();
    let first = order.lines.first().into_iter();
    let first = first.map(|line| listed(Language::English, &people.products, std::slice::from_ref(line)));
    let goods: String = first.map(|line| line.trim_start_matches("• ").to_owned()).collect();
    let rest = order.lines.len().saturating_sub(1);
    let goods = if rest > 0 { format!("{goods} and {rest} more") } else { goods };
    let template = Template::new("draft_follow_up_v1", TEMPLATE_LANGUAGE).param(shop).param(&goods).payload(restore);
    let key = format!("draft:{}:follow_up", order.id);
    message(key, to_retailer(&people.retailer), content, template).into_iter().collect()
}

/// The vendor says that the order was delivered: the retailer is asked, the second time with what follows from silence.
pub(crate) fn arrived(people: &People, order: &Order, said_at: Instant, time: u8) -> Vec<NewMessage> {
    let Some(vendor) = &people.vendor else { return Vec::new() };
    let (code, vendor, is_again) = (&order.code, &vendor.name, time > 1);
    let (body, all, missing, nothing) = match people.retailer.language {
        Language::Nepali => {
            let again = if is_again {
                "\n\nभोलिसम्म केही नभन्नुभए सबै आएको मान्छौं।"
            } else {
                ""
            };
            (format!("{vendor} ले अर्डर {code} पुर्‍याएँ भन्नुभयो। सबै सामान पाउनुभयो?{again}"), "सबै पाएँ", "केही पुगेन", "आएकै छैन")
        }
        Language::RomanNepali => {
            let again = if is_again { "\n\nBholi samma kehi nabhannubhaye sabai aayeko manchhau." } else { "" };
            (
                format!("{vendor} le order {code} puryaye bhannubhayo. Sabai saman paunubhayo?{again}"),
                "Sabai paye",
                "Kehi pugena",
                "Aayekai chhaina",
            )
        }
        Language::English => {
            let again =
                if is_again { "\n\nIf we hear nothing by tomorrow, we take it that all of it came." } else { "" };
            (
                format!("{vendor} says that order {code} was delivered. Did you get all of it?{again}"),
                "All of it",
                "Some is missing",
                "Nothing came",
            )
        }
    };
    let id = |what: &str| format!("order:{what}:{}", order.id);
    let ids = [id("all"), id("missing"), id("nothing")];
    let content = [all, missing, nothing]
        .into_iter()
        .zip(&ids)
        .fold(Buttons::new(body), |message, (title, id)| message.button(id, title))
        .build();
    let template = Template::new("delivery_question_v1", TEMPLATE_LANGUAGE).param(vendor).param(code);
    let template = ids.into_iter().fold(template, Template::payload);
    let key = format!("order:{}:arrived:{}:{time}", order.id, said_at.micros());
    message(key, to_retailer(&people.retailer), content, template).into_iter().collect()
}

/// The retailer says that nothing came: the vendor is told.
pub(crate) fn not_arrived(people: &People, order: &Order, said_at: Instant) -> Vec<NewMessage> {
    let Some(vendor) = &people.vendor else { return Vec::new() };
    let (code, shop) = (&order.code, &people.retailer.name);
    let (body, delivered) = match vendor.language {
        Language::Nepali => {
            (format!("{shop} ले अर्डर {code} को सामान अझै पाएको छैन भन्नुभयो। पुगेपछि तलको बटन थिच्नुहोला।"), "सामान पुर्‍याएँ")
        }
        Language::RomanNepali => (
            format!(
                "{shop} le order {code} ko saman ajhai payeko chhaina bhannubhayo. Pugepachi tala ko button thichnuhola."
            ),
            "Saman puryaye",
        ),
        Language::English => (
            format!("{shop} says that order {code} has not come yet. Press the button when it is delivered."),
            "Delivered",
        ),
    };
    let again = format!("order:delivered:{}", order.id);
    let content = Buttons::new(body).button(&again, delivered).build();
    let template = Template::new("not_arrived_v1", TEMPLATE_LANGUAGE).param(shop).param(code).payload(again);
    let key = format!("order:{}:not_arrived:{}", order.id, said_at.micros());
    message(key, to_vendor(vendor), content, template).into_iter().collect()
}

/// An offer ends soon: its vendor is reminded.
pub(crate) fn offer_ends(people: &People, order: &Order, offer: &Offer) -> Vec<NewMessage> {
    let Some(vendor) = &people.vendor else { return Vec::new() };
    let (code, shop, total) = (&order.code, &people.retailer.name, order.total.for_people());
    let until = clock_time(offer.deadline);
    let (body, accept, reject) = match vendor.language {
        Language::Nepali => (
            format!("अर्डर {code} ({shop}, {total}) ले तपाईंको जवाफ पर्खेको छ। {until} बजेपछि अर्को पसललाई सोध्छौं।"),
            "स्वीकार",
            "अस्वीकार",
        ),
        Language::RomanNepali => (
            format!(
                "Order {code} ({shop}, {total}) le tapaiko jawaf parkheko chha. {until} bajepachi arko pasal lai sodhchhau."
            ),
            "Swikar",
            "Aswikar",
        ),
        Language::English => (
            format!("Order {code} ({shop}, {total}) waits for your answer. After {until} we ask another wholesaler."),
            "Accept",
            "Reject",
        ),
    };
    let (accept_id, reject_id) = (format!("offer:accept:{}", offer.id), format!("offer:reject:{}", offer.id));
    let content = Buttons::new(body).button(&accept_id, accept).button(&reject_id, reject).build();
    let template = Template::new("offer_reminder_v1", TEMPLATE_LANGUAGE)
        .param(code)
        .param(shop)
        .param(&total)
        .param(&until)
        .payload(accept_id)
        .payload(reject_id);
    message(format!("offer:{}:reminder", offer.id), to_vendor(vendor), content, template).into_iter().collect()
}
