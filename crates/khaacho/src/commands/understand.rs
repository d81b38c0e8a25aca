//! `khaacho understand`: what messages mean against a catalogue, one line of JSON for each.
//!
//! It reads standard input and needs no database: the same text and catalogue give the same answer on any machine.

use std::io::{BufRead, BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use understand::{Catalogue, History, Intent, Item, Product};

/// The flags of the command.
#[derive(Clone, Debug, clap::Args)]
pub struct Flags {
    /// The products, as JSON: `{"products": [{"sku", "name", "nameNe", "unit", "aliases", "pack"}]}`.
    #[arg(long, value_name = "FILE")]
    catalogue: PathBuf,
    /// Each line is a JSON string, so that a message may have several lines.
    #[arg(long)]
    json_lines: bool,
}

/// A file of products.
#[derive(Deserialize)]
struct File {
    products: Vec<Listed>,
}

/// A product as the file lists it; what else is said of it is passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    sku: String,
    name: String,
    #[serde(default)]
    name_ne: Option<String>,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    pack: Option<Pack>,
}

/// What one unit of a product holds.
#[derive(Deserialize)]
struct Pack {
    quantity: i64,
    unit: String,
}

/// A line of the answer.
#[derive(Serialize)]
struct Answer {
    intent: Intent,
    items: Vec<Item>,
    ask: Vec<Vec<String>>,
    unknown: Vec<String>,
}

/// Answers every line of standard input.
pub fn run(flags: &Flags) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(&flags.catalogue)
        .with_context(|| format!("{} cannot be read", flags.catalogue.display()))?;
    let catalogue = catalogue(&text).with_context(|| format!("{} is no catalogue", flags.catalogue.display()))?;
    let mut out = BufWriter::new(std::io::stdout());
    answer_lines(&catalogue, flags.json_lines, std::io::stdin().lock(), &mut out)
}

fn catalogue(text: &str) -> anyhow::Result<Catalogue> {
    let File { products } = serde_json::from_str(text)?;
    let product = |listed: Listed| Product {
        sku: listed.sku,
        name: listed.name,
        name_ne: listed.name_ne.unwrap_or_default(),
        unit: listed.unit,
        aliases: listed.aliases,
        pack: listed.pack.map(|pack| (pack.quantity, pack.unit)),
    };
    Ok(Catalogue::new(products.into_iter().map(product).collect()))
}

/// Answers in the order of the lines, each as soon as it is read, so that it can be talked to through a pipe.
fn answer_lines(
    catalogue: &Catalogue,
    is_json: bool,
    mut lines: impl BufRead,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let (history, mut raw) = (History::default(), Vec::new());
    for number in 1.. {
        raw.clear();
        if lines.read_until(b'\n', &mut raw)? == 0 {
            break;
        }
        // A byte that is no UTF-8 spoils its own letter and nothing else.
        let line = String::from_utf8_lossy(&raw);
        let line = line.trim_end_matches(['\n', '\r']);
        let text: String = if is_json {
            serde_json::from_str(line).with_context(|| format!("line {number} is no JSON string"))?
        } else {
            line.to_owned()
        };
        let understood = understand::understand(catalogue, &history, &text);
        let answer = Answer {
            intent: understood.intent,
            items: understood.items,
            ask: understood.ask.into_iter().map(|ask| ask.candidates).collect(),
            unknown: understood.unknown.into_iter().map(|unknown| unknown.text).collect(),
        };
        serde_json::to_writer(&mut *out, &answer)?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRODUCTS: &str = include_str!("../../data/catalogue.json");

    fn answers(is_json: bool, input: &[u8]) -> anyhow::Result<String> {
        let mut out = Vec::new();
        answer_lines(&catalogue(PRODUCTS)?, is_json, input, &mut out)?;
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn each_line_is_answered_by_a_line() {
        let said = "chini 2 bora, unicorn 1 carton\ntel 2 carton\nchini ko bhau kati ho\n\nnamaste \u{fffd}";
        let expected = concat!(
            r#"{"intent":"ORDER","items":[{"sku":"SUGAR","quantity":2}],"ask":[],"unknown":["unicorn"]}"#,
            "\n",
            r#"{"intent":"ORDER","items":[],"ask":[["OIL-SOYBEAN","OIL-SUNFLOWER"]],"unknown":[]}"#,
            "\n",
            r#"{"intent":"PRICE","items":[{"sku":"SUGAR"}],"ask":[],"unknown":[]}"#,
            "\n",
            r#"{"intent":"UNKNOWN","items":[],"ask":[],"unknown":[]}"#,
            "\n",
            r#"{"intent":"GREETING","items":[],"ask":[],"unknown":[]}"#,
            "\n",
        );
        assert_eq!(answers(false, said.as_bytes()).unwrap(), expected);
        assert_eq!(answers(false, b"chini 2 bora\xff\r\n").unwrap().lines().count(), 1);
    }

    #[test]
    fn a_message_of_several_lines_is_one_json_string() {
        let told = answers(true, b"\"chini 2 bora\\nnun 1 bora\"\n").unwrap();
        assert!(told.contains(r#"{"sku":"SUGAR","quantity":2},{"sku":"SALT","quantity":1}"#), "{told}");
        assert!(answers(true, b"\"namaste\"\nchini\n").unwrap_err().to_string().contains("line 2"));
    }

    #[test]
    fn a_file_that_is_no_catalogue_is_said_to_be_none() {
        assert!(catalogue("[]").is_err() && catalogue(r#"{"products": [{"name": "x"}]}"#).is_err());
    }
}
