//! What retailers and vendors are told of what the rules did, calmly and with thanks, in their language.

use std::collections::HashMap;

use kernel::{Instant, Money, VendorId, counted};
use notify::{NewMessage, Recipient};
use parties::{Language, Retailer, Vendor};
use whatsapp::message::{Outgoing, Template};

use crate::cause::Cause;
use crate::model::{Action, ActionKind};
use crate::rules::Weights;
use crate::score::Score;

/// The language that templates are registered in: Nepali is not among those WhatsApp offers.
const TEMPLATE_LANGUAGE: &str = "en";

fn message(reason_key: String, to: Recipient, text: String, template: Template) -> Option<NewMessage> {
    let template = template.build().inspect_err(|error| tracing::error!(%error, reason_key, "a template does not fit"));
    let content = Outgoing::text(text).inspect_err(|error| tracing::error!(%error, reason_key, "a text does not fit"));
    Some(NewMessage { reason_key, to, content: content.ok()?, template: template.ok() })
}

fn to_retailer(retailer: &Retailer) -> Recipient {
    Recipient { address: retailer.phone.clone(), retailer: Some(retailer.id), vendor: None }
}

/// New credit waits until what is overdue is paid.
pub(crate) fn paused(retailer: &Retailer, action: &Action) -> Option<NewMessage> {
    let Cause::Overdue { numbers, .. } = &action.cause else { return None };
    let bills = numbers.join(", ");
    let text = match retailer.language {
        Language::Nepali => format!(
            "{} ज्यू, नमस्ते 🙏\n{bills} को म्याद धेरै दिनअघि सकिएकाले नयाँ उधारो केही समय रोकिएको छ। नगदमा अर्डर गर्न सकिन्छ। \
             तिरेपछि उधारो आफैं खुल्छ। केही मिलाउनुपर्ने भए यहीं लेख्नुहोला।",
            retailer.owner_name
        ),
        Language::RomanNepali => format!(
            "{} jyu, namaste 🙏\n{bills} ko myad dherai din aghi sakieko le naya udharo kehi samaya rokieko chha. \
             Nagad ma order garna sakinchha. Tirepachhi udharo aafai khulchha. Kehi milaunu parne bhaye yahi \
             lekhnuhola.",
            retailer.owner_name
        ),
        Language::English => format!(
            "Dear {}, {bills} has been due for long, so new credit waits for a while. You can order for cash, and credit \
             opens by itself once it is paid. If something should be sorted out, please write to us here. Thank you.",
            retailer.owner_name
        ),
    };
    let template = Template::new("credit_paused_v1", TEMPLATE_LANGUAGE).param(&retailer.owner_name).param(&bills);
    message(format!("paused:{}", action.id), to_retailer(retailer), text, template)
}

/// New credit is open again.
pub(crate) fn lifted(retailer: &Retailer, at: Instant) -> Option<NewMessage> {
    let text = match retailer.language {
        Language::Nepali => format!("{} ज्यू, धन्यवाद! 🙏 तपाईंको उधारो फेरि खुल्यो।", retailer.owner_name),
        Language::RomanNepali => format!("{} jyu, dhanyabad! 🙏 Tapaiko udharo pheri khulyo.", retailer.owner_name),
        Language::English => format!("Thank you, {}. Your credit is open again. 🙏", retailer.owner_name),
    };
    let template = Template::new("credit_open_v1", TEMPLATE_LANGUAGE).param(&retailer.owner_name);
    message(format!("lifted:{}:{}", retailer.id, at.micros()), to_retailer(retailer), text, template)
}

/// The limits of some lines are others now: one message to the retailer, one to each vendor.
pub(crate) fn limits_changed(
    retailer: &Retailer,
    vendors: &HashMap<VendorId, Vendor>,
    actions: &[Action],
) -> Vec<NewMessage> {
    let of = |action: &Action| Some((vendors.get(&action.vendor_id?)?, action.before?, action.after?));
    let Some(first) = actions.first() else { return Vec::new() };
    let is_cut = first.kind == ActionKind::Cut;
    let each: Vec<String> = actions
        .iter()
        .filter_map(of)
        .map(|(vendor, before, after)| format!("{}: {} → {}", vendor.name, before.for_people(), after.for_people()))
        .collect();
    let (list, language) = (each.join("\n"), retailer.language);
    let text = match (language, is_cut) {
        (Language::Nepali, true) => {
            format!("नमस्ते 🙏 पछिल्ला बिल ढिला भएकाले उधारोको सीमा घटेको छ:\n{list}\nसमयमा तिर्दै गएपछि यो आफैं पहिलेजस्तै हुन्छ।")
        }
        (Language::RomanNepali, true) => format!(
            "Namaste 🙏 Pachhilla bill dhila bhayekale udharo ko seema ghateko chha:\n{list}\nSamaya ma tirdai gayepachhi \
             yo aafai pahile jastai hunchha."
        ),
        (Language::English, true) => format!(
            "Your latest bills were late, so your credit limit is lower for now:\n{list}\nWhen bills are paid in time, it \
             comes back by itself. Thank you. 🙏"
        ),
        (Language::Nepali, false) => format!("बधाई छ! 🙏 समयमा तिर्नुभएकोमा धन्यवाद। उधारोको सीमा पहिलेजस्तै भयो:\n{list}"),
        (Language::RomanNepali, false) => {
            format!("Badhai chha! 🙏 Samaya ma tirnubhaekoma dhanyabad. Udharo ko seema pahile jastai bhayo:\n{list}")
        }
        (Language::English, false) => {
            format!("Thank you for paying in time! 🙏 Your credit limit is back:\n{list}")
        }
    };
    let sum = |of: fn(&Action) -> Option<Money>| {
        Money::sum(actions.iter().filter_map(of)).unwrap_or(Money::ZERO).for_people()
    };
    let (before, after) = (sum(|action| action.before), sum(|action| action.after));
    let template = Template::new("limit_changed_v1", TEMPLATE_LANGUAGE).param(&before).param(&after);
    let own = message(format!("limits:{}", first.id), to_retailer(retailer), text, template);
    let theirs = actions.iter().filter_map(|action| {
        let (vendor, before, after) = of(action)?;
        vendor_told(retailer, vendor, action, (before, after))
    });
    own.into_iter().chain(theirs).collect()
}

fn vendor_told(
    retailer: &Retailer,
    vendor: &Vendor,
    action: &Action,
    (before, after): (Money, Money),
) -> Option<NewMessage> {
    let (shop, before, after) = (&retailer.name, before.for_people(), after.for_people());
    let why = action.cause.sentence(vendor.language);
    let text = match vendor.language {
        Language::Nepali => format!("{shop} को उधारो सीमा {before} बाट {after} भयो। {why}"),
        Language::RomanNepali => format!("{shop} ko udharo seema {before} bata {after} bhayo. {why}"),
        Language::English => format!("The credit limit of {shop} is {after} now; it was {before}. {why}"),
    };
    let template =
        Template::new("line_limit_changed_v1", TEMPLATE_LANGUAGE).param(shop).param(&before).param(&after).param(&why);
    let to = Recipient { address: vendor.phone.clone(), retailer: None, vendor: Some(vendor.id) };
    message(format!("limit:{}", action.id), to, text, template)
}

/// One sentence for each component of a score: its value, its weight and what it comes from.
pub(crate) fn component_sentences(score: &Score, weights: &Weights, language: Language) -> Vec<String> {
    let (facts, parts) = (&score.facts, score.components);
    let (used, limit) = (facts.used.for_people(), facts.limit.for_people());
    let (days, delays) = (facts.worst_overdue_days, facts.consecutive_delays);
    let (placed, usual) = (facts.placed.for_people(), facts.usual().for_people());
    let said = match language {
        Language::Nepali => [
            format!("सबैभन्दा पुरानो बिलको म्याद नाघेको {days} दिन"),
            format!("{limit} को सीमामध्ये {used} चलेको"),
            format!("पछिल्ला {delays} बिल लगातार ढिला"),
            format!("७ दिनमा {placed} अर्डर, सधैंको {usual}"),
        ],
        Language::RomanNepali => [
            format!("sabai bhanda purano bill ko myad nagheko {days} din"),
            format!("{limit} ko seema madhye {used} chaleko"),
            format!("pachhilla {delays} bill lagatar dhila"),
            format!("7 din ma {placed} order, sadhaiko {usual}"),
        ],
        Language::English => [
            format!("the oldest bill is {} overdue", counted(days, "day")),
            format!("{used} of {limit} is used"),
            format!("{delays} of the latest bills were late, one after another"),
            format!("{placed} was ordered in 7 days, {usual} is usual"),
        ],
    };
    let names = match language {
        Language::Nepali => ["ढिलाइ", "चलेको उधारो", "लगातार ढिलाइ", "अर्डरको उछाल"],
        Language::RomanNepali => ["Dhilai", "Chaleko udharo", "Lagatar dhilai", "Order ko uchhal"],
        Language::English => ["Delay", "Utilisation", "Consecutive delays", "Order spike"],
    };
    let values = [
        (parts.delay, weights.delay),
        (parts.utilisation, weights.utilisation),
        (parts.consecutive_delays, weights.consecutive_delays),
        (parts.order_spike, weights.order_spike),
    ];
    let each = names.into_iter().zip(values).zip(said);
    each.map(|((name, (value, weight)), said)| format!("{name} {value} × {weight} %: {said}.")).collect()
}
