mod recovery;

use std::collections::{HashMap, HashSet};

use catalog::{Product, ProductStatus};
use credit::{
    Check, CheckFacts, Cycle, CycleStatus, Line, LineFacts, LineStatus, Measure, OverdueCycle, PaymentMode, Settlement,
    Standing,
};
use kernel::{Id, Instant, Money, OfferId, ProductId, Rate, VendorId};
use orders::{Order, PlaceRefusal, Preview, Wanted};
use parties::{Vendor, VendorStatus};
use understand::Answer;

use super::*;
use crate::brain::Index;
use crate::inbound::written_language;
use crate::menu;

const LONG: &str =
    "Shri Pashupatinath refined sunflower and mustard oil, double filtered, family pack of the best sort";
const LONG_NE: &str = "श्री पशुपतिनाथ शुद्ध तोरी र सूर्यमुखीको तेल, दुई पटक छानिएको, परिवारका लागि ठूलो प्याक, उत्तम गुणस्तर";

/// What the texts are made of: so many products, cycles and orders, with names of some length.
struct World {
    count: u32,
    name: &'static str,
    name_ne: &'static str,
}

const SMALL: World = World { count: 2, name: "Sugar", name_ne: "चिनी" };
const LARGE: World = World { count: 200, name: LONG, name_ne: LONG_NE };

impl World {
    fn ids(&self) -> Vec<ProductId> {
        (1..=self.count).map(|number| ProductId::from_bits(u128::from(number))).collect()
    }

    fn products(&self) -> Vec<Product> {
        let product = |id: ProductId| Product {
            id,
            sku: format!("SKU-{id}"),
            name: self.name.to_owned(),
            name_ne: self.name_ne.to_owned(),
            unit: "bora".to_owned(),
            pack: None,
            category: "general".to_owned(),
            aliases: Vec::new(),
            status: ProductStatus::Active,
            version: 1,
        };
        self.ids().into_iter().map(product).collect()
    }

    fn lines(&self) -> Vec<Wanted> {
        self.ids().into_iter().map(|product_id| Wanted { product_id, quantity: 99_999 }).collect()
    }

    fn preview(&self, lacking: &[ProductId], check: Option<Check>) -> Preview {
        let is_sold = lacking.is_empty();
        Preview {
            vendor: is_sold.then(|| VendorId::from_bits(1)),
            total: is_sold.then_some(money(123_456_700)),
            prices: self.ids().into_iter().map(|id| (id, money(1_234_567))).collect(),
            check,
            lacking: lacking.to_vec(),
        }
    }

    fn orders(&self, state: &str) -> Vec<Order> {
        (1..=self.count).map(|number| order(u128::from(number), state)).collect()
    }

    /// What is typed: as long as a message may be, over several lines.
    fn typed(&self) -> String {
        vec![self.name; usize::try_from(self.count).unwrap()].join("\n")
    }

    fn check(&self, on_credit: bool) -> Check {
        let bill = |number: u32| OverdueCycle {
            number: format!("CRP-{number}"),
            due_on: "2026-01-01".parse().unwrap(),
            outstanding: money(500_000),
            cash: money(475_000),
        };
        let facts = CheckFacts {
            is_retailer_active: on_credit,
            retailer_credit: LineStatus::Active,
            retailer_cap: None,
            is_vendor_active: true,
            vendor_ceiling: None,
            line: Some(LineFacts {
                status: LineStatus::Active,
                measure: Measure { limit: money(2_000_000), used: money(500_000) },
                max_order: Some(money(1_000_000)),
                max_overdue_days: 30,
                worst_overdue_days: 31,
                overdue: (101..=100 + self.count).map(bill).collect(),
            }),
        };
        credit::check(&facts, money(3_000_000), PaymentMode::Credit)
    }

    fn standings(&self) -> Vec<Standing> {
        let standing = |number: u32| {
            let due = (cycle(number), settlement(i64::from(number % 3)));
            Standing {
                vendor: vendor(self.name),
                line: line(),
                available: money(-5),
                is_open: number.is_multiple_of(2),
                next_due: (number != 1).then_some(due),
            }
        };
        (1..=self.count).map(standing).collect()
    }
}

fn money(paisa: i64) -> Money {
    Money::from_paisa(paisa)
}

fn order(bits: u128, state: &str) -> Order {
    serde_json::from_value(serde_json::json!({
        "id": kernel::OrderId::from_bits(bits), "retailerId": kernel::RetailerId::from_bits(1), "code": "AB23CD",
        "vendorId": null, "paymentMode": "CREDIT", "state": state, "total": "12345.67", "place": {}, "reason": null,
        "retryOf": null, "createdAt": "2026-03-26T04:15:00Z", "stateAt": "2026-03-26T04:15:00Z",
        "vendorDeliveredAt": null, "lines": [],
    }))
    .unwrap()
}

fn vendor(name: &str) -> Vendor {
    Vendor {
        id: VendorId::from_bits(1),
        name: name.to_owned(),
        owner_name: name.to_owned(),
        phone: "9779848000001".to_owned(),
        place: None,
        latitude_micro: None,
        longitude_micro: None,
        language: English,
        status: VendorStatus::Active,
        capacity: 20,
        ceiling: None,
        number_prefix: "CRP".to_owned(),
        created_at: Instant::from_micros(0),
        version: 1,
    }
}

fn line() -> Line {
    Line {
        id: kernel::LineId::from_bits(1),
        retailer_id: kernel::RetailerId::from_bits(1),
        vendor_id: VendorId::from_bits(1),
        limit: money(10_000_000),
        terms_days: 30,
        status: LineStatus::Active,
        status_reason: None,
        max_order: None,
        max_overdue_days: 30,
        terms_version: 1,
        reserved: Money::ZERO,
        outstanding: money(500_000),
        position_seq: 1,
        version: 1,
        created_at: Instant::from_micros(0),
        updated_at: Instant::from_micros(0),
        oldest_due_on: None,
        worst_overdue_days: 0,
        overdue: Vec::new(),
    }
}

fn cycle(number: u32) -> Cycle {
    Cycle {
        id: kernel::CycleId::from_bits(u128::from(number)),
        retailer_id: kernel::RetailerId::from_bits(1),
        vendor_id: VendorId::from_bits(1),
        number: format!("CRP-{number}"),
        order_id: Some(kernel::OrderId::from_bits(1)),
        principal: money(500_000),
        outstanding: money(500_000),
        repaid: Money::ZERO,
        discount: Money::ZERO,
        interest: Money::ZERO,
        status: CycleStatus::Active,
        started_on: "2026-03-01".parse().unwrap(),
        due_on: "2026-03-31".parse().unwrap(),
        terms_version: 1,
        adjusted: Money::ZERO,
        adjusted_on: None,
        standstill: credit::Standstill::default(),
        promised_on: None,
        reminders_sent: 0,
        last_repayment_on: None,
        closed_on: None,
        note: None,
        version: 1,
        created_at: Instant::from_micros(0),
    }
}

/// With a discount (0), with interest (1), with neither (2).
fn settlement(kind: i64) -> Settlement {
    let (discount, interest) = match kind {
        0 => (money(25_000), Money::ZERO),
        1 => (Money::ZERO, money(1_000)),
        _ => (Money::ZERO, Money::ZERO),
    };
    Settlement {
        principal: money(500_000),
        discount_rate: Rate::ZERO,
        discount,
        interest_days: 0,
        interest,
        rounding: Money::ZERO,
        cash: money(500_000).minus(discount).unwrap().plus(interest).unwrap(),
    }
}

fn cart_texts(language: Language, world: &World) -> Vec<(&'static str, Reply)> {
    let index = Index::new((1, 1), world.products());
    let (products, lines, typed) = (world.products(), world.lines(), world.typed());
    let some: Vec<&Product> = products.iter().collect();
    let unknown = vec![typed.clone(); 7];
    let (sold, unsold) = (world.preview(&[], None), world.preview(&world.ids(), None));
    let nobody = Preview { vendor: None, total: None, ..world.preview(&[], None) };
    let refused_by = |on_credit| PlaceRefusal::Check(Box::new(world.check(on_credit)));
    let refuse = |refusal: &PlaceRefusal| refused(language, &index, refusal, PaymentMode::Credit);
    let field = PlaceRefusal::Field { field: "lines".to_owned(), right: "1 to 200 lines" };
    let supply = PlaceRefusal::Supply { line: 1, why: routing::Ineligible::NotSold { line: 1 } };
    vec![
        ("quantity", ask_quantity(language, some[0], &typed)),
        ("which", ask_which(language, &some, &typed)),
        ("which of none", ask_which(language, &[], "")),
        ("nothing", nothing_in_cart(language, &[])),
        ("nothing known", nothing_in_cart(language, &unknown)),
        ("cart", cart(language, &index, &lines, &sold, &[])),
        ("cart with unknown", cart(language, &index, &lines, &sold, &unknown)),
        ("cart that lacks", cart(language, &index, &lines, &unsold, &unknown)),
        ("cart that nobody has", cart(language, &index, &lines, &nobody, &[])),
        ("nobody sells", nobody_sells(language, &index, &unsold)),
        ("nobody sells all", nobody_sells(language, &index, &nobody)),
        ("pay", payment_mode(language, &sold)),
        ("pay for cash", payment_mode(language, &world.preview(&[], Some(world.check(true))))),
        ("placed", placed(language, &order(1, "OFFERED"), Some(&vendor(&typed)))),
        ("failed", placed(language, &order(1, "FAILED"), None)),
        ("refused", refuse(&refused_by(true))),
        ("refused for good", refuse(&refused_by(false))),
        ("no such product", refuse(&PlaceRefusal::UnknownProduct(some[0].id))),
        ("another price", refuse(&PlaceRefusal::TotalChanged { expected: Money::MOST, total: Money::MOST })),
        ("too much", refuse(&PlaceRefusal::TooLarge)),
        ("too many", refuse(&field)),
        ("no draft", refuse(&PlaceRefusal::DraftGone)),
        ("no supply", refuse(&supply)),
        ("cancelled", cart_cancelled(language)),
        ("change", change_cart(language, &index, &lines, 0)),
        ("change the rest", change_cart(language, &index, &lines, 192)),
    ]
}

fn other_texts(language: Language, world: &World) -> Vec<(&'static str, Reply)> {
    let typed = world.typed();
    let names = vec![typed.clone(); 7];
    let (confirmed, on_the_way) = (world.orders("CONFIRMED"), world.orders("DISPATCHED"));
    let one = order(1, "CONFIRMED");
    let offer = OfferId::from_bits(1);
    vec![
        ("already", already_done(language)),
        ("thanks", thanks(language)),
        ("kept", kept_for_person(language)),
        ("how", how_to_order(language)),
        ("help", help(language)),
        ("not understood", not_understood(language, &[])),
        ("nearest", not_understood(language, &names)),
        ("person", person_will_call(language)),
        ("nothing to repeat", nothing_to_repeat(language)),
        ("order cancelled", order_cancelled(language, "AB23CD")),
        ("cannot cancel", cannot_cancel(language)),
        ("cancel none", which_to_cancel(language, &[])),
        ("cancel one", which_to_cancel(language, std::slice::from_ref(&one))),
        ("cancel which", which_to_cancel(language, &confirmed)),
        ("vendor menu", vendor_menu(language, &typed)),
        ("accepted", offer_accepted(language, &one)),
        ("why", why_reject(language, offer)),
        ("rejected", offer_rejected(language)),
        ("expired", offer_expired(language)),
        ("dispatched", order_dispatched(language, &one)),
        ("none on the way", nothing_on_the_way(language)),
        ("which delivery", which_delivery(language, &on_the_way)),
        ("wrong code", wrong_code(language, 4)),
        ("locked", code_locked(language)),
        ("vendor has none", vendor_orders(language, &[])),
        ("vendor orders", vendor_orders(language, &confirmed)),
        ("vendor has sent all", vendor_orders(language, &on_the_way)),
    ]
}

fn menu_texts(language: Language, world: &World) -> Vec<(&'static str, Reply)> {
    let index = Index::new((1, 1), world.products());
    let ids = world.ids();
    let spans: HashMap<ProductId, (Money, Money)> =
        ids.iter().skip(1).map(|id| (*id, (money(1_234_567), money(2_345_678)))).collect();
    vec![
        ("menu", menu::main(language, &world.typed())),
        ("owes none", menu::owed(language, &[])),
        ("owes", menu::owed(language, &world.standings())),
        ("no orders", menu::last_orders(language, &[])),
        ("orders", menu::last_orders(language, &world.orders("DELIVERED"))),
        ("prices", menu::price_list(language, &index, &ids, &spans)),
        ("which price", menu::which_price(language)),
    ]
}

fn every_text(language: Language, world: &World) -> Vec<(&'static str, Reply)> {
    let mut texts = cart_texts(language, world);
    texts.extend(other_texts(language, world));
    texts.extend(menu_texts(language, world));
    texts.extend(recovery::texts(language, world));
    texts.extend(recovery::money_texts(language, world));
    texts
}

#[test]
fn every_text_is_within_the_limits() {
    for language in Language::ALL {
        for world in [&SMALL, &LARGE] {
            for (name, reply) in every_text(*language, world) {
                assert!(reply.is_ok(), "{language} {name}: {reply:?}");
            }
        }
    }
    for (name, reply) in every_text(English, &SMALL) {
        let is_plain = matches!(reply.unwrap(), Outgoing::Text { .. });
        let says_all = ["thanks", "person", "which delivery", "vendor has none"].contains(&name);
        assert_eq!(is_plain, says_all, "{name} has nothing to press");
    }
}

#[test]
fn no_two_languages_say_the_same() {
    let is_devanagari = |text: &str| text.chars().any(|letter| ('\u{900}'..='\u{97f}').contains(&letter));
    let all = Language::ALL.iter().map(|language| every_text(*language, &SMALL)).collect::<Vec<_>>();
    for at in 0..all[0].len() {
        let said: Vec<String> = all.iter().map(|texts| texts[at].1.as_ref().unwrap().readable()).collect();
        let name = all[0][at].0;
        assert_eq!(said.iter().collect::<HashSet<_>>().len(), 3, "{name}: {said:?}");
        for (language, text) in Language::ALL.iter().zip(&said) {
            // The menu offers the other languages in their own letters.
            if name != "menu" {
                assert_eq!(is_devanagari(text), *language == Nepali, "{language} {name}: {text}");
            }
        }
    }
}

#[test]
fn a_stranger_is_answered_in_the_language_they_wrote() {
    let said: HashSet<String> =
        ["मलाई चिनी चाहियो", "malai 5 bora chini pathaidinus", "please send me 5 bags of sugar"]
            .iter()
            .map(|text| unknown_sender(written_language(text).unwrap()).unwrap().readable())
            .collect();
    assert_eq!(said.len(), 3, "{said:?}");
}

#[test]
fn a_stranger_sees_what_has_room_and_is_told_how_to_join() {
    for (language, joins) in [(Nepali, "दर्ता"), (RomanNepali, "darta"), (English, "wholesaler")] {
        let lines = vec![format!("• {LONG_NE}"); 100];
        let shown = prices_for_stranger(language, &lines, false).unwrap().readable();
        assert!(shown.contains(joins) && shown.contains(&more(language, 100 - shown.matches('•').count())), "{shown}");
        assert_ne!(prices_for_stranger(language, &lines, true).unwrap().readable(), shown);
        assert!(unknown_sender(language).unwrap().readable().contains(joins));
        assert!(unverified_sender(language).is_ok());
    }
}

#[test]
fn what_a_button_says_is_understood_when_it_is_typed() {
    for language in Language::ALL {
        for (press, answer) in [
            (Press::Confirm, Answer::Yes),
            (Press::Change, Answer::Change),
            (Press::Cancel, Answer::Cancel),
            (Press::Credit, Answer::Credit),
            (Press::Cash, Answer::Cash),
        ] {
            assert_eq!(understand::answer(press.title(*language)), Some(answer), "{language} {press:?}");
        }
    }
}

#[test]
fn a_large_cart_names_what_fits_counts_the_rest_and_is_answered_by_typing() {
    let index = Index::new((1, 1), LARGE.products());
    for language in Language::ALL {
        let reply = cart(*language, &index, &LARGE.lines(), &LARGE.preview(&[], None), &[]).unwrap();
        let Outgoing::Text { body } = reply else { panic!("a text without buttons") };
        let named = body.matches('•').count();
        assert!(named > 20 && body.contains(&format!(" {} ", 200 - named)), "{named} of 200 in {body}");
        assert!(body.contains("Rs. 12,34,567.00") && body.contains(Press::Confirm.title(*language)), "{body}");
    }
    let few: Vec<String> = ["one", "two", "three", "four", "five"].map(str::to_owned).to_vec();
    assert_eq!(fitted(English, &few, 23), "one\ntwo\nthree\nfour\nfive");
    assert_eq!(fitted(English, &few, 22), "one\ntwo\n… and 3 more");
    assert_eq!(fitted(English, &few, 20), "one\ntwo\n… and 3 more");
    assert_eq!(fitted(English, &few, 19), "one\n… and 4 more");
    assert_eq!(fitted(English, &[], 0), "");
}

#[test]
fn a_cart_shows_its_prices_and_its_total() {
    let index = Index::new((1, 1), SMALL.products());
    let lines = [Wanted { product_id: SMALL.ids()[0], quantity: 3 }];
    let preview = Preview {
        prices: HashMap::from([(SMALL.ids()[0], money(455_000))]),
        total: Some(money(1_365_000)),
        ..SMALL.preview(&[], None)
    };
    let said = cart(Nepali, &index, &lines, &preview, &["kerosene".to_owned()]).unwrap().readable();
    assert_eq!(
        said,
        "हामीसँग भेटिएन: “kerosene”\n\nतपाईंको अर्डर:\n\n• 3 बोरा चिनी — Rs. 13,650.00\n\nजम्मा: *Rs. 13,650.00*\nठीक छ?\n[1] पक्का\n[2] \
         फेर्ने\n[3] रद्द"
    );
}

#[test]
fn a_refusal_says_why_and_what_would_help() {
    let said = payment_mode(English, &SMALL.preview(&[], Some(SMALL.check(true)))).unwrap().readable();
    for part in [
        "larger than one order on credit may be",
        "older bill is still to be paid",
        "Rs. 15,000.00 of credit left; Rs. 15,000.00 is missing",
        "Paying Rs. 4,750.00 on bill CRP-101",
        "After that, an order of up to Rs. 10,000.00 can go on credit",
        "[1] Cash",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let index = Index::new((1, 1), SMALL.products());
    let refusal = PlaceRefusal::Check(Box::new(SMALL.check(false)));
    let said = refused(English, &index, &refusal, PaymentMode::Cash).unwrap().readable();
    assert!(
        said.contains("not active") && !said.contains("missing") && said.contains("[1] Talk to a person"),
        "{said}"
    );
    assert!(!said.contains("for cash"), "{said}");
}

#[test]
fn products_with_long_names_are_told_apart_by_a_list() {
    let (short, long) = (SMALL.products(), LARGE.products());
    let which = |products: &[Product], count: usize| {
        ask_which(RomanNepali, &products.iter().take(count).collect::<Vec<_>>(), "tel").unwrap()
    };
    let mut differing = short.clone();
    differing[1].name = "Salt".to_owned();
    assert!(matches!(which(&differing, 2), Outgoing::Buttons(_)));
    assert!(matches!(which(&short, 2), Outgoing::List(_)), "two products of one name");
    let many = which(&long, 200);
    assert_eq!(many.choices().len(), 10);
    assert_eq!(many.choices().last().map(|choice| choice.id), Some("menu:order"));
    assert!(many.choices()[0].description.is_some_and(|whole| whole.starts_with(LONG.split(',').next().unwrap())));
}

#[test]
fn an_account_shows_what_settles_the_next_bill_today() {
    let said = menu::owed(English, &SMALL.standings()).unwrap().readable();
    assert!(said.contains("*Sugar*\nTo pay: Rs. 5,000.00\nCredit: on hold for now"), "{said}");
    let bill = "Credit: Rs. 0.00 left\nBill CRP-2: Rs. 5,000.00, due on 2026-03-31 (17 Chaitra 2082). Rs. 5,000.00 settles it today.";
    assert!(said.contains(bill), "{said}");
}
