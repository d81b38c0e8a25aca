//! What retailers and vendors are told about their orders, in Nepali, romanised Nepali and English.
//!
//! Each text is one `match` over the languages, so the compiler sees that none is missing. Texts are bounded by the
//! builders of `whatsapp`; long lists of lines are cut with a count of the rest.

mod reminders;
mod taken_away;

use std::collections::HashMap;

use catalog::Product;
use credit::Cycle;
use db::{DbError, Tx};
use kernel::{Actor, Instant, Money, ProductId};
use notify::{NewMessage, Recipient};
use parties::{Language, Retailer, Vendor};
use routing::Offer;
use whatsapp::message::{Buttons, Outgoing, Template};

pub(crate) use taken_away::taken_away;

use crate::deliver::Proof;
use crate::facts::Facts;
use crate::{Order, OrderLine};

pub(crate) use self::reminders::{arrived, follow_up, not_arrived, offer_ends};

/// Lines that a message names before it counts the rest.
const NAMED_LINES: usize = 15;
/// The language that templates are registered in: Nepali is not among those WhatsApp offers.
const TEMPLATE_LANGUAGE: &str = "en";

/// Everyone an order concerns, and what it is about.
#[derive(Debug)]
pub(crate) struct People {
    retailer: Retailer,
    vendor: Option<Vendor>,
    products: HashMap<ProductId, Product>,
}

/// Reads everyone an order concerns. Three statements.
pub(crate) async fn people(tx: &mut Tx, order: &Order) -> Result<People, DbError> {
    let retailer = parties::retailers(tx, &[order.retailer_id]).await?.remove(&order.retailer_id);
    let vendor = match order.vendor_id {
        Some(id) => parties::vendors(tx, &[id]).await?.remove(&id),
        None => None,
    };
    let ids: Vec<ProductId> = order.lines.iter().map(|line| line.product_id).collect();
    let products = catalog::products(tx, &ids).await?;
    Ok(People { retailer: retailer.ok_or(DbError::Missing("retailer"))?, vendor, products })
}

fn to_retailer(retailer: &Retailer) -> Recipient {
    Recipient { address: retailer.phone.clone(), retailer: Some(retailer.id), vendor: None }
}

fn to_vendor(vendor: &Vendor) -> Recipient {
    Recipient { address: vendor.phone.clone(), retailer: None, vendor: Some(vendor.id) }
}

/// None of these answers a message, so each has its template for when the person has not written for a day.
fn message(
    reason_key: String,
    to: Recipient,
    content: Result<Outgoing, whatsapp::message::MessageError>,
    template: Template,
) -> Option<NewMessage> {
    let template = template.build().inspect_err(|error| tracing::error!(%error, reason_key, "a template does not fit"));
    match content {
        Ok(content) => Some(NewMessage { reason_key, to, content, template: template.ok() }),
        Err(error) => {
            tracing::error!(%error, reason_key, "a message does not fit the limits and is not sent");
            None
        }
    }
}

/// A product's name as a person reads it.
fn name(language: Language, product: &Product) -> &str {
    match language {
        Language::Nepali => &product.name_ne,
        Language::RomanNepali | Language::English => &product.name,
    }
}

/// The lines of an order, one a line: `• 10 bora Jeera Masino rice 25 kg`.
fn listed(language: Language, products: &HashMap<ProductId, Product>, lines: &[OrderLine]) -> String {
    let mut listed: Vec<String> = lines
        .iter()
        .take(NAMED_LINES)
        .map(|line| match products.get(&line.product_id) {
            Some(product) => {
                let unit = catalog::unit_name(language, &product.unit);
                format!("• {} {unit} {}", line.quantity, name(language, product))
            }
            None => format!("• {} × {}", line.quantity, line.product_id),
        })
        .collect();
    let rest = lines.len().saturating_sub(NAMED_LINES);
    if rest > 0 {
        listed.push(match language {
            Language::Nepali => format!("… र अरू {rest} वटा"),
            Language::RomanNepali => format!("… ra aru {rest} wata"),
            Language::English => format!("… and {rest} more"),
        });
    }
    listed.join("\n")
}

fn clock_time(moment: Instant) -> String {
    let (hour, minute) = moment.kathmandu_time();
    format!("{hour:02}:{minute:02}")
}

/// The offer to a vendor, with what, where, how much and until when.
pub(crate) fn offer(facts: &Facts, order: &Order, offer: &Offer) -> Option<NewMessage> {
    let vendor = facts.vendors.get(&offer.vendor_id)?;
    let retailer = facts.retailers.get(&order.retailer_id)?;
    let language = vendor.language;
    let lines = listed(language, &facts.products, &order.lines);
    let (shop, code, total) = (&retailer.name, &order.code, order.total.for_people());
    let place = order.place.text.as_deref().unwrap_or("—");
    let until = clock_time(offer.deadline);
    let mode = order.payment_mode;
    let (body, accept, reject) = match language {
        Language::Nepali => (
            format!(
                "नयाँ अर्डर {code}\n{shop}, {place}\n\n{lines}\n\nजम्मा: {total} ({})\n{until} बजेसम्म जवाफ दिनुहोला।",
                if mode == credit::PaymentMode::Credit { "उधारो" } else { "नगद" }
            ),
            "स्वीकार",
            "अस्वीकार",
        ),
        Language::RomanNepali => (
            format!(
                "Naya order {code}\n{shop}, {place}\n\n{lines}\n\nJamma: {total} ({})\n{until} baje samma jawaf dinuhola.",
                if mode == credit::PaymentMode::Credit { "udharo" } else { "nagad" }
            ),
            "Swikar",
            "Aswikar",
        ),
        Language::English => (
            format!(
                "New order {code}\n{shop}, {place}\n\n{lines}\n\nTotal: {total} (on {})\nPlease answer by {until}.",
                if mode == credit::PaymentMode::Credit { "credit" } else { "cash" }
            ),
            "Accept",
            "Reject",
        ),
    };
    let (accept_id, reject_id) = (format!("offer:accept:{}", offer.id), format!("offer:reject:{}", offer.id));
    let content = Buttons::new(body).button(&accept_id, accept).button(&reject_id, reject).build();
    let template = Template::new("order_offer_v1", TEMPLATE_LANGUAGE)
        .param(code)
        .param(shop)
        .param(&total)
        .param(&until)
        .payload(accept_id)
        .payload(reject_id);
    message(format!("offer:{}", offer.id), to_vendor(vendor), content, template)
}

/// Another vendor is asked instead: the retailer is told who, and what it costs there.
pub(crate) fn next_vendor(facts: &Facts, order: &Order, offer: &Offer, before: Money) -> Option<NewMessage> {
    let retailer = facts.retailers.get(&order.retailer_id)?;
    let vendor = &facts.vendors.get(&offer.vendor_id)?.name;
    let (code, total, was) = (&order.code, order.total.for_people(), before.for_people());
    let costs_the_same = order.total == before;
    let (body, cancel) = match retailer.language {
        Language::Nepali => {
            let price = if costs_the_same {
                String::new()
            } else {
                format!(" त्यहाँ {total} पर्छ ({was} थियो)।")
            };
            (format!("अर्डर {code} अघिल्लो पसलबाट आउन सकेन, अब {vendor} लाई सोधेका छौं।{price}"), "अर्डर रद्द")
        }
        Language::RomanNepali => {
            let price = if costs_the_same { String::new() } else { format!(" Tyaha {total} parchha ({was} thiyo).") };
            (
                format!("Order {code} aghillo pasal bata aauna sakena, aba {vendor} lai sodheka chhau.{price}"),
                "Order radda",
            )
        }
        Language::English => {
            let price = if costs_the_same { String::new() } else { format!(" It costs {total} there, not {was}.") };
            (
                format!("The wholesaler could not supply order {code}; now we have asked {vendor}.{price}"),
                "Cancel order",
            )
        }
    };
    let cancel_id = format!("order:cancel:{}", order.id);
    let content = Buttons::new(body).button(&cancel_id, cancel).build();
    let template = Template::new("order_next_vendor_v1", TEMPLATE_LANGUAGE)
        .param(code)
        .param(vendor)
        .param(&total)
        .payload(cancel_id);
    message(format!("order:{}:next_vendor:{}", order.id, order.last_event), to_retailer(retailer), content, template)
}

/// The vendor took the order: the retailer is told.
pub(crate) fn confirmed(people: &People, order: &Order) -> Vec<NewMessage> {
    let Some(vendor) = &people.vendor else { return Vec::new() };
    let (code, total, vendor_name) = (&order.code, order.total.for_people(), &vendor.name);
    let body = match people.retailer.language {
        Language::Nepali => format!("{vendor_name} ले तपाईंको अर्डर {code} ({total}) लिनुभयो। सामान निस्किएपछि खबर गर्छौं।"),
        Language::RomanNepali => {
            format!("{vendor_name} le tapaiko order {code} ({total}) linubhayo. Saman niskiyepachi khabar garchhau.")
        }
        Language::English => {
            format!("{vendor_name} has taken your order {code} ({total}). We will tell you when it is on its way.")
        }
    };
    let key = format!("order:{}:confirmed:{}", order.id, order.last_event);
    let template = Template::new("order_confirmed_v1", TEMPLATE_LANGUAGE).param(vendor_name).param(code).param(&total);
    message(key, to_retailer(&people.retailer), Outgoing::text(body), template).into_iter().collect()
}

/// Nobody could take the order: the retailer is told what can be done.
pub(crate) fn no_vendor(people: &People, order: &Order) -> Vec<NewMessage> {
    let code = &order.code;
    let (body, retry) = match people.retailer.language {
        Language::Nepali => (
            format!(
                "माफ गर्नुहोला, अर्डर {code} अहिले कुनै पसलले पुर्‍याउन सकेन। केही रोकिएको वा काटिएको छैन। पछि फेरि प्रयास गर्न सक्नुहुन्छ।"
            ),
            "फेरि प्रयास",
        ),
        Language::RomanNepali => (
            format!(
                "Maaf garnuhola, order {code} ahile kunai pasal le puryauna sakena. Kehi rokiyeko chhaina. Pachi pheri \
                 prayas garna saknuhunchha."
            ),
            "Pheri prayas",
        ),
        Language::English => (
            format!(
                "Sorry, no wholesaler can supply order {code} right now. Nothing is held or owed for it. You can try \
                 again later."
            ),
            "Try again",
        ),
    };
    let again = format!("order:retry:{}", order.id);
    let content = Buttons::new(body).button(&again, retry).build();
    let template = Template::new("order_failed_v1", TEMPLATE_LANGUAGE).param(code).payload(again);
    let key = format!("order:{}:no_vendor", order.id);
    message(key, to_retailer(&people.retailer), content, template).into_iter().collect()
}

/// The order is on its way: the retailer gets the code to tell whoever delivers.
pub(crate) fn dispatched(people: &People, order: &Order) -> Vec<NewMessage> {
    let Some(delivery_code) = &order.delivery_code else { return Vec::new() };
    let (code, lines) = (&order.code, listed(people.retailer.language, &people.products, &order.lines));
    let (body, received) = match people.retailer.language {
        Language::Nepali => (
            format!(
                "अर्डर {code} बाटोमा छ।\n\n{lines}\n\nसामान गनेर ठीक भएपछि ल्याउने मान्छेलाई यो कोड भन्नुहोला: *{delivery_code}*\nवा तलको बटन थिच्नुहोला।"
            ),
            "सामान पाएँ",
        ),
        Language::RomanNepali => (
            format!(
                "Order {code} batoma chha.\n\n{lines}\n\nSaman ganera thik bhayepachi lyaune manchhelai yo code \
                 bhannuhola: *{delivery_code}*\nWa tala ko button thichnuhola."
            ),
            "Saman paye",
        ),
        Language::English => (
            format!(
                "Order {code} is on its way.\n\n{lines}\n\nCount the goods, and if all is well tell this code to whoever \
                 brings them: *{delivery_code}*\nOr press the button below."
            ),
            "Received",
        ),
    };
    let content = Buttons::new(body).button(format!("order:received:{}", order.id), received).build();
    let template = Template::new("delivery_code_v1", TEMPLATE_LANGUAGE)
        .param(code)
        .param(delivery_code)
        .payload(format!("order:received:{}", order.id));
    let key = format!("order:{}:dispatched", order.id);
    message(key, to_retailer(&people.retailer), content, template).into_iter().collect()
}

/// What the receipt of a delivery on credit says.
#[derive(Debug)]
pub(crate) struct Receipt {
    /// The cycle that it opened.
    pub(crate) cycle: Cycle,
    /// What paying all of it early saves.
    pub(crate) saving: Money,
    /// The last day on which it saves that much.
    pub(crate) saving_until: kernel::BusinessDate,
    /// The hash of the journal entry.
    pub(crate) entry_hash: String,
}

/// The goods arrived: the retailer gets the receipt, the vendor hears of it.
pub(crate) fn delivered(
    people: &People,
    order: &Order,
    amount: Money,
    receipt: Option<&Receipt>,
    proof: &Proof,
) -> Vec<NewMessage> {
    let mut messages = Vec::new();
    let body = match receipt {
        Some(receipt) => credit_receipt(people.retailer.language, order, receipt),
        None => cash_receipt(people.retailer.language, order, amount),
    };
    let is_silent = *proof == Proof::Silence;
    let body = if is_silent { format!("{}\n\n{body}", by_silence(people.retailer.language)) } else { body };
    let received = |name| Template::new(name, TEMPLATE_LANGUAGE).param(&order.code).param(&amount.for_people());
    let template = match receipt {
        Some(receipt) => received("receipt_v1").param(&Language::English.date(receipt.cycle.due_on)),
        None => received("cash_receipt_v1"),
    };
    let key = format!("order:{}:receipt", order.id);
    messages.extend(message(key, to_retailer(&people.retailer), Outgoing::text(body), template));
    if let Some(vendor) = &people.vendor {
        let (code, shop, total) = (&order.code, &people.retailer.name, amount.for_people());
        let body = match vendor.language {
            Language::Nepali if is_silent => {
                format!("{shop} ले दुई दिनसम्म केही भन्नुभएन, अर्डर {code} बुझिएको मानियो: {total}।")
            }
            Language::RomanNepali if is_silent => {
                format!("{shop} le dui din samma kehi bhannubhayena, order {code} bujhiyeko maniyo: {total}.")
            }
            Language::English if is_silent => {
                format!("{shop} said nothing for two days, so order {code} counts as received: {total}.")
            }
            Language::Nepali => format!("{shop} ले अर्डर {code} बुझ्नुभयो: {total}।"),
            Language::RomanNepali => format!("{shop} le order {code} bujhnubhayo: {total}."),
            Language::English => format!("{shop} has received order {code}: {total}."),
        };
        let key = format!("order:{}:delivered", order.id);
        let template = Template::new("order_received_v1", TEMPLATE_LANGUAGE).param(shop).param(code).param(&total);
        messages.extend(message(key, to_vendor(vendor), Outgoing::text(body), template));
    }
    messages
}

/// Why a delivery counts that nobody confirmed, and what can still be done.
const fn by_silence(language: Language) -> &'static str {
    match language {
        Language::Nepali => "दुई पटक सोध्दा जवाफ नआएकाले सबै सामान आएको मानियो। केही नमिले “बिल मिलेन” लेख्नुहोला।",
        Language::RomanNepali => {
            "Dui patak sodhda jawaf naayekole sabai saman aayeko maniyo. Kehi namile “bill milena” lekhnuhola."
        }
        Language::English => {
            "We asked twice and heard nothing, so all of it counts as received. If something is wrong, write “bill is \
             wrong”."
        }
    }
}

fn credit_receipt(language: Language, order: &Order, receipt: &Receipt) -> String {
    let cycle = &receipt.cycle;
    let (code, number, owed) = (&order.code, &cycle.number, cycle.outstanding.for_people());
    let due = language.date(cycle.due_on);
    let saving =
        receipt.saving.is_positive().then(|| (receipt.saving.for_people(), language.date(receipt.saving_until)));
    let proof: String = receipt.entry_hash.chars().take(8).collect();
    match language {
        Language::Nepali => {
            let saving = saving.map(|(saved, until)| format!("\n{until} भित्र तिरे {saved} छुट पाउनुहुन्छ।"));
            format!(
                "धन्यवाद! अर्डर {code} बुझियो।\nबिल {number}: {owed}\nतिर्ने मिति: {due}{}\nप्रमाण: {proof}",
                saving.unwrap_or_default()
            )
        }
        Language::RomanNepali => {
            let saving = saving.map(|(saved, until)| format!("\n{until} bhitra tire {saved} chhut paunuhunchha."));
            format!(
                "Dhanyabad! Order {code} bujhiyo.\nBill {number}: {owed}\nTirne miti: {due}{}\nPraman: {proof}",
                saving.unwrap_or_default()
            )
        }
        Language::English => {
            let saving = saving.map(|(saved, until)| format!("\nPay by {until} and save {saved}."));
            format!(
                "Thank you! Order {code} is received.\nBill {number}: {owed}\nDue on {due}{}\nProof: {proof}",
                saving.unwrap_or_default()
            )
        }
    }
}

fn cash_receipt(language: Language, order: &Order, amount: Money) -> String {
    let (code, total) = (&order.code, amount.for_people());
    match language {
        Language::Nepali => format!("धन्यवाद! अर्डर {code} बुझियो र {total} नगद तिरियो।"),
        Language::RomanNepali => format!("Dhanyabad! Order {code} bujhiyo ra {total} nagad tiriyo."),
        Language::English => format!("Thank you! Order {code} is received, and {total} paid in cash."),
    }
}

/// The order was cancelled or failed: everyone but the one who did it is told.
pub(crate) fn ended(people: &People, by: Actor, order: &Order) -> Vec<NewMessage> {
    let code = &order.code;
    let body = |language| match language {
        Language::Nepali => format!("अर्डर {code} रद्द भयो। यसका लागि केही रोकिएको वा तिर्नुपर्ने छैन।"),
        Language::RomanNepali => format!("Order {code} radda bhayo. Yasko lagi kehi rokiyeko wa tirnuparne chhaina."),
        Language::English => format!("Order {code} is cancelled. Nothing is held or owed for it."),
    };
    let template = Template::new("order_ended_v1", TEMPLATE_LANGUAGE).param(code);
    let mut messages = Vec::new();
    if by != Actor::Retailer(order.retailer_id) {
        let key = format!("order:{}:ended:retailer", order.id);
        let content = Outgoing::text(body(people.retailer.language));
        messages.extend(message(key, to_retailer(&people.retailer), content, template.clone()));
    }
    if let Some(vendor) = &people.vendor
        && by != Actor::Vendor(vendor.id)
    {
        let key = format!("order:{}:ended:vendor", order.id);
        messages.extend(message(key, to_vendor(vendor), Outgoing::text(body(vendor.language)), template));
    }
    messages
}
