//! The words as they are read, and that they fit.

use credit::{Ask, Cycle, CycleStatus, SettlementTerms, Standstill, settle};
use kernel::{Id as _, Instant, Rate, VendorId};
use parties::{CreditStatus, RetailerStatus};
use whatsapp::message::length;

use super::*;
use crate::rules::Turn;

const TODAY: &str = "2026-01-31";

fn date(text: &str) -> BusinessDate {
    text.parse().unwrap()
}

fn retailer(language: Language) -> Retailer {
    Retailer {
        id: RetailerId::from_bits(2),
        name: "Laxmi Kirana".to_owned(),
        owner_name: "Laxmi".to_owned(),
        phone: "9779800000001".to_owned(),
        place: None,
        latitude_micro: None,
        longitude_micro: None,
        language,
        status: RetailerStatus::Active,
        credit_status: CreditStatus::Active,
        credit_reason: None,
        credit_cause: None,
        cap: None,
        max_order: None,
        max_overdue_days: None,
        created_at: Instant::from_micros(0),
        version: 1,
    }
}

fn bill(number: &str, vendor: &str, paisa: i64, due_on: &str, stage: Stage) -> Bill {
    let (principal, due_on) = (Money::from_paisa(paisa), date(due_on));
    let terms =
        SettlementTerms { late_interest_bp_year: Rate::from_basis_points(1_000), ..SettlementTerms::standard(30) };
    let cycle = Cycle {
        id: kernel::CycleId::from_bits(1),
        retailer_id: RetailerId::from_bits(2),
        vendor_id: VendorId::from_bits(3),
        number: number.to_owned(),
        order_id: None,
        principal,
        outstanding: principal,
        repaid: Money::ZERO,
        discount: Money::ZERO,
        interest: Money::ZERO,
        status: CycleStatus::Active,
        started_on: due_on.plus_days(-30),
        due_on,
        terms_version: 1,
        adjusted: Money::ZERO,
        adjusted_on: None,
        standstill: Standstill::default(),
        promised_on: None,
        last_repayment_on: None,
        closed_on: None,
        reminders_sent: 0,
        note: None,
        version: 1,
        created_at: Instant::from_micros(0),
    };
    let whole = settle(&cycle.facts(), &terms, Ask::Principal(principal), date(TODAY)).unwrap();
    Bill { cycle, vendor: vendor.to_owned(), turn: Turn { stage, turn: String::new() }, whole }
}

fn three() -> Vec<Bill> {
    vec![
        bill("BHE-230", "Bheri Suppliers", 365_000, "2026-01-28", Stage::Overdue3),
        bill("KAR-102", "Karnali Traders", 2_750_000, "2026-01-31", Stage::Due),
        bill("KAR-110", "Karnali Traders", 12_000_000, "2026-02-01", Stage::DayBefore),
    ]
}

fn readable(message: &NewMessage) -> String {
    let template = message.template.as_ref().map(Outgoing::readable).unwrap_or_default();
    format!("{}\n-- or, outside the 24 hours --\n{template}", message.content.readable())
}

#[test]
fn a_reminder_is_calm_and_says_everything_in_each_language() {
    for language in [Language::Nepali, Language::RomanNepali, Language::English] {
        let message = reminder(&retailer(language), &three(), date(TODAY)).unwrap();
        insta::assert_snapshot!(format!("three_bills_{language}"), readable(&message));
        let message = reminder(&retailer(language), &three()[1..2], date(TODAY)).unwrap();
        insta::assert_snapshot!(format!("one_bill_{language}"), readable(&message));
    }
}

#[test]
fn two_hundred_bills_of_the_longest_names_fit_and_are_all_counted() {
    let name = "Shree Karnali Pashupati Himalaya General Merchants and Order Suppliers ".repeat(3);
    let bills: Vec<Bill> = (0..200)
        .map(|number| bill(&format!("KARNALI-{}", 10_000 + number), &name, 10_000_000_000 + number, TODAY, Stage::Due))
        .collect();
    for language in [Language::Nepali, Language::RomanNepali, Language::English] {
        let mut shop = retailer(language);
        shop.name = name.chars().take(200).collect();
        let message = reminder(&shop, &bills, date(TODAY)).unwrap();
        let Outgoing::Text { body } = &message.content else { panic!("a text") };
        assert!(length(body) <= Part::TextBody.max(), "{}", length(body));
        let named = body.matches("KARNALI-").count();
        assert!(named >= 5, "{named} named");
        assert!(body.contains(&format!(" {} ", 200 - named)), "the rest of {named} is counted: {body}");
        let rest: i64 = (i64::try_from(named).unwrap()..200).map(|number| 10_000_000_000 + number).sum();
        assert!(body.contains(&Money::from_paisa(rest).for_people()), "the rest is summed up");
        assert!(message.template.is_some(), "the template fits");
    }
}

#[test]
fn nothing_to_name_is_no_message_and_the_most_pressing_bill_chooses_the_template() {
    assert!(reminder(&retailer(Language::English), &[], date(TODAY)).is_none());
    let named = |bills: &[Bill]| match reminder(&retailer(Language::English), bills, date(TODAY)).unwrap().template {
        Some(Outgoing::Template(template)) => template.name,
        other => panic!("{other:?}"),
    };
    assert_eq!(named(&three()), "payment_overdue_v1");
    assert_eq!(named(&three()[1..]), "payment_due_today_v1");
    assert_eq!(named(&three()[2..]), "payment_due_soon_v1");
}
