//! The texts about what arrived and what is tried again, and what they are made of.

use orders::OrderLine;

use super::*;

/// An order of every product of a world.
fn large_order(world: &World) -> Order {
    let line = |(number, product_id): (i64, ProductId)| OrderLine {
        number,
        product_id,
        quantity: 99_999,
        unit_price: money(1_234_567),
        delivered_quantity: None,
    };
    let mut order = order(1, "DISPATCHED");
    order.lines = (1..).zip(world.ids()).map(line).collect();
    order
}

pub(super) fn texts(language: Language, world: &World) -> Vec<(&'static str, Reply)> {
    let index = Index::new((1, 1), world.products());
    let order = large_order(world);
    let arrived: Vec<(i64, i64)> = order.lines.iter().map(|line| (line.number, 99_998)).collect();
    let lines = order.lines.first().unwrap();
    vec![
        ("all or missing", all_or_missing(language, &order)),
        ("which is missing", which_is_missing(language, &index, &order, &[])),
        ("which else is missing", which_is_missing(language, &index, &order, &arrived)),
        ("how many arrived", how_many_arrived(language, &index, &order, lines)),
        ("counted", counted(language, &index, &order, &arrived)),
        ("nothing came", nothing_came(language, order.id)),
        ("not arrived", not_arrived(language, &order)),
        ("which arrived", which_arrived(language, &world.orders("DISPATCHED"))),
        ("stands", stands(language, &order)),
        ("no reminders", reminders(language, false)),
        ("reminders", reminders(language, true)),
        ("marked delivered", marked_delivered(language, &order)),
    ]
}

#[test]
fn what_came_short_is_shown_and_the_rest_can_be_written() {
    let index = Index::new((1, 1), LARGE.products());
    let order = large_order(&LARGE);
    let list = which_is_missing(English, &index, &order, &[]).unwrap();
    assert_eq!(list.choices().len(), 10);
    assert!(list.readable().contains("… and 191 more") && list.readable().contains("All of it came"));
    let again = which_is_missing(English, &index, &order, &[(1, 5)]).unwrap();
    assert_eq!(again.choices().last().map(|choice| choice.id.starts_with("order:counted:")), Some(true));
    assert!(again.readable().contains("5 of 99999 bora came"), "{}", again.readable());
}

fn claim(number: u32) -> credit::Claim {
    credit::Claim {
        id: kernel::ClaimId::from_bits(u128::from(number)),
        retailer_id: kernel::RetailerId::from_bits(1),
        vendor_id: VendorId::from_bits(1),
        amount: money(12_345_670),
        method: ledger::Method::Esewa,
        reference: Some("8KD92".repeat(20)),
        paid_on: "2026-03-26".parse().unwrap(),
        status: credit::ClaimStatus::Open,
        reason: None,
        payment_id: None,
        created_at: Instant::from_micros(0),
        decided_at: None,
    }
}

pub(super) fn money_texts(language: Language, world: &World) -> Vec<(&'static str, Reply)> {
    let (typed, bill, today) = (world.typed(), cycle(1), "2026-03-26".parse().unwrap());
    let bills: Vec<Cycle> = (1..=world.count).map(cycle).collect();
    let (seller, reference) = (vendor(&typed), "8KD92".repeat(20));
    let sellers =
        (1..=world.count).map(|number| Vendor { id: VendorId::from_bits(u128::from(number)), ..seller.clone() });
    let sellers: Vec<Vendor> = sellers.collect();
    let sellers: Vec<&Vendor> = sellers.iter().collect();
    let claims: Vec<credit::Claim> = (1..=world.count).map(claim).collect();
    let waiting: Vec<(&credit::Claim, &str)> = claims.iter().map(|claim| (claim, typed.as_str())).collect();
    let claim = claim(1);
    let standings = world.standings();
    let esewa = ledger::Method::Esewa;
    vec![
        ("paying", paying(language)),
        ("no open bill", no_open_bill(language)),
        ("which bill is wrong", which_bill(language, About::Dispute, &bills)),
        ("which bill is paid", which_bill(language, About::Promise, &bills)),
        ("why dispute", why_dispute(language, &bill)),
        ("confirm dispute", confirm_dispute(language, &bill, &typed)),
        ("disputed", disputed(language, &bill)),
        ("disputed before", disputed_before(language)),
        ("which day", which_day(language, &bill, today)),
        ("no such day", day_out_of_reach(language, &bill, today)),
        ("promised", promised(language, &bill, today)),
        ("left", left_as_it_is(language)),
        ("no account", no_account(language)),
        ("paid whom", paid_whom(language, &sellers)),
        ("paid how much", paid_how_much(language, &standings[1])),
        ("paid how much of nothing", paid_how_much(language, &standings[0])),
        ("paid how", paid_how(language)),
        ("reference", paid_reference(language, esewa)),
        ("right", confirm_claim(language, &seller, claim.amount, esewa, Some(&reference))),
        ("claimed", claimed(language, &seller, claim.amount)),
        ("claim", claim_for_vendor(language, &typed, &claim).0),
        ("vendor already", vendor_already_done(language)),
        ("confirmed", claim_confirmed(language, claim.amount)),
        ("is more", claim_is_more(language, claim.id, claim.amount)),
        ("counted before", claim_counted_before(language, claim.id)),
        ("for the team", claim_for_team(language, claim.id)),
        ("why not received", why_not_received(language, claim.id)),
        ("rejected claim", claim_rejected(language)),
        ("no claims", claims_waiting(language, &[])),
        ("claims", claims_waiting(language, &waiting)),
    ]
}

#[test]
fn a_claim_reaches_a_vendor_who_has_not_written_as_a_template() {
    let (content, template) = claim_for_vendor(English, "Laxmi Kirana", &claim(1));
    let ids = |outgoing: &Outgoing| outgoing.choices().iter().map(|choice| choice.id.to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(&content.unwrap()), ids(&template.unwrap()));
}
