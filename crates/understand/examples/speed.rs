//! How long one message takes against ten thousand products: `cargo run --release -p understand --example speed`.
//! The products are the brands, kinds and sizes of the trade in all combinations, so that common words are very common.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "an example that measures and prints")]

use std::time::Instant;

use understand::{Catalogue, History, Product, understand};

const KINDS: &[(&str, &str, &str)] = &[
    ("rice", "चामल", "bora"),
    ("sugar", "चिनी", "bora"),
    ("salt", "नुन", "bora"),
    ("lentils", "दाल", "bora"),
    ("oil", "तेल", "carton"),
    ("noodles", "चाउचाउ", "carton"),
    ("biscuits", "बिस्कुट", "carton"),
    ("soap", "साबुन", "carton"),
    ("tea", "चिया", "carton"),
    ("masala", "मसला", "carton"),
];
const SYLLABLES: &[&str] = &["ka", "mi", "ro", "tu", "sha", "ne", "li", "go", "ba", "du"];

fn main() {
    let mut products = Vec::new();
    for brand in 0..1000_usize {
        let syllable = |n: usize| SYLLABLES[n % 10];
        let name = format!("{}{}{}", syllable(brand), syllable(brand / 10), syllable(brand / 100));
        for (kind, kind_ne, unit) in KINDS {
            products.push(Product {
                sku: format!("{kind}-{brand}"),
                name: format!("{name} {kind} 30 kg"),
                name_ne: format!("{name} {kind_ne} ३० के.जी."),
                unit: (*unit).to_owned(),
                aliases: vec![format!("{name}ko {kind}"), format!("naya {name} {kind}")],
                pack: Some((30, "kg".to_owned())),
            });
        }
    }
    let begun = Instant::now();
    let catalogue = Catalogue::new(products);
    println!("index of {} products: {:?}", catalogue.len(), begun.elapsed());
    let long = "kamiro chamal 2 bora, tushane chini 3 bora, ".repeat(40);
    let strange: String = (0..300_usize)
        .flat_map(|n| [SYLLABLES[n % 10], SYLLABLES[n / 10 % 10], "xor", SYLLABLES[n % 7], " "])
        .collect();
    for text in [
        "tushane chini 2 bora",
        "chamal 5 bora",
        "kamiroo chaamal 2 bora, tuushanee nuun 1 bora, golibba sabun 3 karton",
        "unicorn 2 carton",
        "mero baki kati cha?",
        "esewa bata 5000 pathaye ref 8KD92",
        long.as_str(),
        strange.as_str(),
    ] {
        let runs = 200_u32;
        let begun = Instant::now();
        for _ in 0..runs {
            std::hint::black_box(understand(&catalogue, &History::default(), std::hint::black_box(text)));
        }
        let shown: String = text.chars().take(60).collect();
        println!("{:>12?}  {shown}", begun.elapsed() / runs);
    }
}
