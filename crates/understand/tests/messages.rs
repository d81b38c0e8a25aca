//! The examples of the specification, exactly; more messages of many kinds, with the share that is understood; and the
//! promise that no text makes it fail and that the same text gives the same answer.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test says what it expects by failing loudly, and prints its share"
)]

use std::{collections::BTreeSet, sync::LazyLock};

use proptest::prelude::*;
use serde_json::Value;
use understand::{Catalogue, History, Intent, Product, Understood, quantity, understand};

fn file(name: &str) -> Value {
    let path = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let file = file("catalogue.json");
    let products = file["products"].as_array().unwrap().iter().map(|p| Product {
        sku: text(&p["sku"]),
        name: text(&p["name"]),
        name_ne: text(&p["nameNe"]),
        unit: text(&p["unit"]),
        aliases: p["aliases"].as_array().unwrap().iter().map(text).collect(),
        pack: p["pack"]["quantity"].as_i64().map(|q| (q, text(&p["pack"]["unit"]))),
    });
    Catalogue::new(products.collect())
});

fn catalogue() -> &'static Catalogue {
    &CATALOGUE
}

/// An answer in the form of the files; the order of what is asked or unknown says nothing.
type Answer = (String, Vec<(String, Option<i64>)>, BTreeSet<Vec<String>>, BTreeSet<String>);

fn expected(message: &Value) -> Answer {
    let list = |key: &str| message[key].as_array().cloned().unwrap_or_default();
    (
        text(&message["intent"]),
        list("items").iter().map(|i| (text(&i["sku"]), i["quantity"].as_i64())).collect(),
        list("ask").iter().map(|a| a.as_array().unwrap().iter().map(text).collect()).collect(),
        list("unknown").iter().map(text).collect(),
    )
}

fn understood(catalogue: &Catalogue, history: &History, message: &str) -> Answer {
    let answer = understand(catalogue, history, message);
    (
        text(&serde_json::to_value(answer.intent).unwrap()),
        answer.items.into_iter().map(|i| (i.sku, i.quantity)).collect(),
        answer.ask.into_iter().map(|a| a.candidates).collect(),
        answer.unknown.into_iter().map(|u| u.text).collect(),
    )
}

/// The messages of a file that are understood otherwise than it says, and how many there are.
fn wrong(name: &str) -> (Vec<String>, usize) {
    let (catalogue, file) = (catalogue(), file(name));
    let messages = file["messages"].as_array().unwrap();
    let wrong = messages.iter().filter_map(|message| {
        let (wanted, got) = (expected(message), understood(catalogue, &History::default(), &text(&message["text"])));
        (wanted != got).then(|| format!("{:?}\n  wanted {wanted:?}\n  got    {got:?}", text(&message["text"])))
    });
    (wrong.collect(), messages.len())
}

#[test]
fn every_example_is_understood_as_written() {
    let (wrong, all) = wrong("messages.json");
    assert!(wrong.is_empty(), "{} of {all} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Prints the share of a file that is understood and what is not, and holds it to a floor in thousandths.
fn share(name: &str, floor: usize) {
    let (wrong, all) = wrong(name);
    let share = (all - wrong.len()) * 1000 / all;
    println!("{name}: {}.{} % of {all} messages understood; not these:\n{}", share / 10, share % 10, wrong.join("\n"));
    assert!(share >= floor, "{name}: {share} of 1000, expected {floor}:\n{}", wrong.join("\n"));
}

#[test]
fn of_more_messages_nearly_all_are_understood() {
    share("more_messages.json", 990);
}

#[test]
fn of_messages_written_after_the_rules_most_are_understood() {
    share("unseen_messages.json", 980);
}

#[test]
fn of_messages_of_every_kind_written_in_one_go_most_are_understood() {
    share("fresh_messages.json", 955);
}

fn history(preferred: &[&str], aliases: &[(&str, &str)]) -> History {
    History {
        preferred: preferred.iter().map(|s| (*s).to_owned()).collect(),
        aliases: aliases.iter().map(|(words, sku)| ((*words).to_owned(), (*sku).to_owned())).collect(),
    }
}

fn items(answer: &Understood) -> Vec<(&str, Option<i64>)> {
    answer.items.iter().map(|i| (i.sku.as_str(), i.quantity)).collect()
}

#[test]
fn what_was_bought_before_decides_between_products() {
    let catalogue = catalogue();
    let once = understand(catalogue, &history(&["SALT", "RICE-MANSULI"], &[]), "chamal 5 bora");
    assert_eq!(items(&once), [("RICE-MANSULI", Some(5))]);
    assert!(once.ask.is_empty());
    // Both were bought before: still a question, with both.
    let both = understand(catalogue, &history(&["RICE-JEERA", "RICE-MANSULI"], &[]), "chamal 5 bora");
    assert_eq!(both.ask[0].candidates, ["RICE-JEERA", "RICE-MANSULI"]);
    assert_eq!(both.ask[0].quantity, Some(5));
    // What is said counts before what was bought.
    let said = understand(catalogue, &history(&["OIL-SUNFLOWER"], &[]), "tel 2 tin");
    assert_eq!(items(&said), [("OIL-MUSTARD", Some(2))]);
    // Nothing makes a quantity that is no whole pack certain.
    assert!(understand(catalogue, &history(&["SUGAR"], &[]), "chini 30 kg").items.is_empty());
}

#[test]
fn a_retailer_s_own_words_are_names() {
    let (catalogue, own) =
        (catalogue(), history(&[], &[("seto sun", "SUGAR"), ("tel", "OIL-SOYBEAN"), ("gone", "NO-SUCH")]));
    assert_eq!(
        items(&understand(catalogue, &own, "seto sun 2 bora, tel 3 carton")),
        [("SUGAR", Some(2)), ("OIL-SOYBEAN", Some(3))]
    );
    assert!(understand(catalogue, &History::default(), "seto sun 2 bora").items.is_empty());
}

#[test]
fn a_question_carries_its_words_and_its_quantity() {
    let answer = understand(
        catalogue(),
        &History::default(),
        "tel 2 carton, dal 60 kg, chini 30 kg, unikorn 2 carton, colget chahiyo",
    );
    let asked: Vec<_> = answer.ask.iter().map(|a| (a.text.as_str(), a.quantity)).collect();
    assert_eq!(asked, [("tel", Some(2)), ("dal", Some(2)), ("chini", None), ("colget", None)]);
    let near = understand(catalogue(), &History::default(), "lakxery 2 carton, biskoot good 1 carton, nimbu 3 bora");
    assert!(near.unknown.iter().all(|u| u.nearest.len() <= 3));
}

#[test]
fn an_amount_alone_answers_for_a_product_that_is_known() {
    let catalogue = catalogue();
    for (sku, said, packs) in [
        ("SUGAR", "3", Some(3)),
        ("SUGAR", "tin bora", Some(3)),
        ("SUGAR", "100 kg dinus", Some(2)),
        ("SUGAR", "२ बोरा", Some(2)),
        ("SUGAR", "2 hoina 4", Some(4)),
        ("SUGAR", "30 kg", None),
        ("SUGAR", "0", None),
        ("SUGAR", "dherai", None),
        ("OIL-MUSTARD", "2 tin", Some(2)),
        ("OIL-MUSTARD", "tin", Some(3)),
        ("EGGS", "5 darjan", Some(2)),
        ("NO-SUCH", "3", None),
    ] {
        assert_eq!(quantity(catalogue, sku, said), packs, "{sku}: {said}");
    }
}

#[test]
fn an_empty_catalogue_knows_nothing_and_still_answers() {
    let answer = understand(&Catalogue::new(Vec::new()), &History::default(), "chini 2 bora");
    assert_eq!((answer.intent, answer.unknown[0].text.as_str()), (Intent::Order, "chini"));
    assert!(answer.unknown[0].nearest.is_empty());
}

/// Texts made of what people type and of what they should not be able to break it with.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "\\PC{0,12}",
        any::<String>(),
        "[0-9०-९.,/+*x-]{1,24}",
        "[\u{0900}-\u{097f}]{1,12}",
        "[\u{0590}-\u{06ff}\u{202a}-\u{202e}]{1,12}",
        "[\u{1f300}-\u{1faff}\u{200d}\u{fe0f}]{1,8}",
        "[\u{0000}-\u{001f}]{1,8}",
        prop::sample::select(vec![
            "chini",
            "tin",
            "tel",
            "bora",
            "hoina",
            "ra",
            "sadhe",
            "darjan",
            "saya",
            "hajar",
            "chahidaina",
            "cha",
            "gud de",
            "jira masino",
            "esewa",
            "ref",
            "kg",
            "-5",
            "2-3",
            "1.",
            "चिनी",
            "तीन",
            "टिन",
            "@",
            "rs",
            "x3",
            "cancel",
            "\n",
            ", ",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_fail_and_every_answer_makes_sense(said in any_text()) {
        let (catalogue, own) = (catalogue(), history(&["SUGAR", "OIL-MUSTARD"], &[("seto", "SUGAR")]));
        let answer = understand(catalogue, &own, &said);
        prop_assert_eq!(&answer, &understand(catalogue, &own, &said));
        for item in &answer.items {
            prop_assert!(item.quantity.is_none_or(|q| (1..=9_999).contains(&q)), "{:?}", item);
            prop_assert!(answer.intent == Intent::Price || item.quantity.is_some());
        }
        let skus: BTreeSet<&String> = answer.items.iter().map(|i| &i.sku).collect();
        prop_assert!(answer.intent == Intent::Price || skus.len() == answer.items.len());
        for ask in &answer.ask {
            prop_assert!(!ask.candidates.is_empty() && ask.candidates.is_sorted());
        }
        let _ = (quantity(catalogue, "SUGAR", &said), understand::answer(&said), understand::language(&said));
        let _ = understand::choice(&said, &[("a", "Confirm"), ("b", &said)]);
    }
}

#[test]
fn the_longest_messages_are_read_to_their_bound() {
    let catalogue = catalogue();
    for piece in
        ["🍚", "चिनी २ बोरा ", "\u{202e}שלום ", "tin ", "9", "hoina ", "gud ", "-", "क\u{94d}", "a.b.", "ek saya "]
    {
        let said: String = piece.chars().cycle().take(4_096).collect();
        let once = understand(catalogue, &History::default(), &said);
        assert_eq!(once, understand(catalogue, &History::default(), &said));
    }
}
