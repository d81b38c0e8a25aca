//! What a retailer is reminded of, in Nepali, romanised Nepali and English: calm, thankful, never a threat.
//!
//! A message names as many bills as fit into it, [`NAMED`] at the most, due first, and sums the rest up. Outside the 24
//! hours a template goes in its place, that of the most pressing bill.

use kernel::{BusinessDate, Money, RetailerId};
use notify::{NewMessage, Recipient};
use parties::{Language, Retailer};
use whatsapp::message::{Outgoing, Part, Template, shorten};

use crate::plan::{Bill, totals};
use crate::rules::Stage;

/// Bills that a message names before it sums up the rest.
const NAMED: usize = 15;
/// The language that templates are registered in: Nepali is not among those WhatsApp offers.
const TEMPLATE_LANGUAGE: &str = "en";

/// Why a message is sent: one for each retailer and day.
pub(crate) fn reason_key(retailer: RetailerId, day: BusinessDate) -> String {
    format!("reminder:{retailer}:{day}")
}

/// The message that names these bills; none where there are none.
pub(crate) fn reminder(retailer: &Retailer, bills: &[Bill], day: BusinessDate) -> Option<NewMessage> {
    if bills.is_empty() {
        return None;
    }
    let key = reason_key(retailer.id, day);
    let fitting =
        (0..=NAMED.min(bills.len())).rev().find_map(|named| Outgoing::text(body(retailer, bills, named, day)).ok());
    let Some(content) = fitting else {
        tracing::error!(key, "a reminder does not fit the limits and is not sent");
        return None;
    };
    let template = template(retailer, bills, day).build();
    let template = template.inspect_err(|error| tracing::error!(%error, key, "a template does not fit")).ok();
    let to = Recipient { address: retailer.phone.clone(), retailer: Some(retailer.id), vendor: None };
    Some(NewMessage { reason_key: key, to, content, template })
}

fn body(retailer: &Retailer, bills: &[Bill], named: usize, day: BusinessDate) -> String {
    let (language, shop) = (retailer.language, &retailer.name);
    let mut parts = vec![match language {
        Language::Nepali => format!("नमस्ते {shop}! सँगै व्यापार गर्नुभएकोमा धन्यवाद। तपाईंको हिसाबको सानो सम्झना:"),
        Language::RomanNepali => {
            format!("Namaste {shop}! Sangai byapar garnubhaekoma dhanyabad. Tapaiko hisab ko sano samjhana:")
        }
        Language::English => format!("Namaste {shop}! Thank you for your business. A small reminder of your account:"),
    }];
    let (shown, rest) = bills.split_at_checked(named).unwrap_or((bills, &[]));
    parts.extend(shown.iter().map(|bill| line(language, bill, day)));
    if !rest.is_empty() {
        let (count, sum) = (rest.len(), totals(rest).0.for_people());
        parts.push(match language {
            Language::Nepali => format!("… र अरू {count} वटा, {sum}"),
            Language::RomanNepali => format!("… ra aru {count} wata, {sum}"),
            Language::English => format!("… and {count} more, {sum}"),
        });
    }
    if bills.len() > 1 {
        let (open, cash) = totals(bills);
        let (open, cash, today) = (open.for_people(), cash.for_people(), language.date(day));
        parts.push(match language {
            Language::Nepali => format!("जम्मा बाँकी: {open}\n{today} मा सबै तिर्दा: {cash}"),
            Language::RomanNepali => format!("Jamma baki: {open}\n{today} ma sabai tirda: {cash}"),
            Language::English => format!("In all: {open}\nAll of it, paid on {today}: {cash}"),
        });
    }
    parts.push(how_to_pay(language).to_owned());
    parts.join("\n\n")
}

/// A bill: its number, the vendor, what is open, the due date, and what settles it that day.
fn line(language: Language, bill: &Bill, day: BusinessDate) -> String {
    let Bill { cycle, vendor, whole, .. } = bill;
    // A name is cut as the longest that WhatsApp shows in one line, so that no one name crowds out the bills.
    let (number, vendor, open) = (&cycle.number, shorten(vendor, Part::Header), cycle.outstanding.for_people());
    let (due_on, cash) = (cycle.late_from(), whole.cash.for_people());
    let due = language.date(due_on);
    let today = language.date(day);
    let late = day.days_since(due_on);
    let when = match (language, late) {
        (Language::Nepali, -1) => format!("तिर्ने मिति भोलि, {due}"),
        (Language::Nepali, 0) => format!("तिर्ने मिति आज, {due}"),
        (Language::Nepali, _) => format!("तिर्ने मिति {due}"),
        (Language::RomanNepali, -1) => format!("Tirne miti bholi, {due}"),
        (Language::RomanNepali, 0) => format!("Tirne miti aaja, {due}"),
        (Language::RomanNepali, _) => format!("Tirne miti {due}"),
        (Language::English, -1) => format!("Due tomorrow, {due}"),
        (Language::English, 0) => format!("Due today, {due}"),
        (Language::English, 1..) => format!("Was due on {due}"),
        (Language::English, _) => format!("Due on {due}"),
    };
    let with = with(language, whole.discount, whole.interest);
    let settles = match language {
        Language::Nepali => format!("{today} मा तिर्दा: {cash}{with}"),
        Language::RomanNepali => format!("{today} ma tirda: {cash}{with}"),
        Language::English => format!("Paid on {today}: {cash}{with}"),
    };
    format!("• {number}, {vendor}: {open}\n{when}\n{settles}")
}

/// The discount or the interest in what settles a bill.
fn with(language: Language, discount: Money, interest: Money) -> String {
    let (off, on_top) = (discount.for_people(), interest.for_people());
    match (language, discount.is_positive(), interest.is_positive()) {
        (_, false, false) => String::new(),
        (Language::Nepali, true, _) => format!(" (छुट {off})"),
        (Language::RomanNepali, true, _) => format!(" (chhut {off})"),
        (Language::English, true, _) => format!(" (you save {off})"),
        (Language::Nepali, false, true) => format!(" (ब्याज {on_top} सहित)"),
        (Language::RomanNepali, false, true) => format!(" (byaj {on_top} sahit)"),
        (Language::English, false, true) => format!(" (with interest {on_top})"),
    }
}

const fn how_to_pay(language: Language) -> &'static str {
    match language {
        Language::Nepali => {
            "थोक पसललाई सिधै तिर्न सक्नुहुन्छ: नगद, बैंक, eSewa, Khalti वा Fonepay। तिरेपछि यहाँ लेख्नुहोस्, जस्तै “५००० तिरेँ”। केही दिन चाहिए “शुक्रबार तिर्छु” लेख्नुहोस्, बिल नमिले पनि भन्नुहोस्। धन्यवाद!\n\nसम्झना नचाहिए “बन्द” लेख्नुहोस्।"
        }
        Language::RomanNepali => {
            "Thok pasal lai sidhai tirna saknuhunchha: nagad, bank, eSewa, Khalti wa Fonepay. Tirepachi yaha lekhnuhos, \
             jastai “5000 tire”. Kehi din chahiye “shukrabar tirchu” lekhnuhos, bill namile pani bhannuhos. Dhanyabad!\
             \n\nSamjhana nachahiye “stop” lekhnuhos."
        }
        Language::English => {
            "You pay the wholesaler directly: cash, bank, eSewa, Khalti or Fonepay. Tell us here when you have, for \
             example “paid 5000”. If you need some days, write “I will pay on Friday”; if a bill is wrong, tell us. \
             Thank you!\n\nWrite “stop” to get no reminders."
        }
    }
}

/// The template in place of the message, by the most pressing bill.
fn template(retailer: &Retailer, bills: &[Bill], day: BusinessDate) -> Template {
    let (open, cash) = totals(bills);
    let what = match bills {
        [bill] => format!("bill {} of {}", bill.cycle.number, shorten(&bill.vendor, Part::Header)),
        bills => format!("{} bills", bills.len()),
    };
    let due = bills.iter().map(|bill| bill.cycle.late_from()).fold(day.plus_days(1), BusinessDate::min);
    let is = |stage: Stage| bills.iter().any(|bill| bill.turn.stage == stage);
    let name = if due < day {
        "payment_overdue_v1"
    } else if is(Stage::Due) {
        "payment_due_today_v1"
    } else {
        "payment_due_soon_v1"
    };
    Template::new(name, TEMPLATE_LANGUAGE)
        .param(&retailer.name)
        .param(&what)
        .param(&open.for_people())
        .param(&Language::English.date(due))
        .param(&cash.for_people())
}

#[cfg(test)]
mod tests;
