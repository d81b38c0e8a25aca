//! What a message says of a payment: how much, by what way, with what reference; and of a promise: how much and when.
//! Only what is written is taken; nothing is guessed. Whether money came does NOT live here.

use serde::{Deserialize, Serialize};

use crate::{
    lexicon::{Cue, signs},
    normalise::{Kind, MILLI, Token, digit, tokens},
    numbers::{Number, number_at},
    units::Units,
};

/// The smallest number that is an amount of money by itself, in thousandths of a rupee.
const SMALLEST: i64 = 10 * MILLI;
/// The largest, in thousandths of a rupee: a hundred million.
const LARGEST: i64 = 100_000_000 * MILLI;

/// A way to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Method {
    /// eSewa wallet.
    Esewa,
    /// Khalti wallet.
    Khalti,
    /// IME Pay wallet.
    ImePay,
    /// Fonepay, by QR as a rule.
    Fonepay,
    /// connectIPS.
    ConnectIps,
    /// A transfer or deposit at a bank.
    Bank,
    /// A cheque.
    Cheque,
    /// Cash.
    Cash,
}

/// What somebody says they have paid.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// The amount in paisa.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_paisa: Option<i64>,
    /// The way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// The reference as typed, in capitals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// When somebody says they will pay, seen from the day of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum When {
    /// In so many days; 0 is today.
    InDays(i64),
    /// The next such day of the week; 1 is Monday, 7 is Sunday.
    Weekday(i64),
}

/// What somebody says they will pay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Promise {
    /// The amount in paisa.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_paisa: Option<i64>,
    /// The day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
}

/// Reads a claim.
pub(crate) fn claim(text: &str) -> Claim {
    let reference = reference(text);
    let without = reference.as_ref().map_or_else(|| text.to_owned(), |r| text.replace(r.as_str(), " "));
    let pieces = tokens(&without);
    Claim { amount_paisa: amount(&pieces), method: method(&pieces), reference: reference.map(|r| r.to_uppercase()) }
}

/// Reads a promise.
pub(crate) fn promise(text: &str) -> Promise {
    let pieces = tokens(text);
    Promise { amount_paisa: amount(&pieces), when: when(&pieces) }
}

/// The amount in paisa: the number beside a word for money, else the largest that is no day or hour.
fn amount(pieces: &[Token]) -> Option<i64> {
    let units = Units::default();
    let is_money = |at: Option<usize>| at.and_then(|i| pieces.get(i)).is_some_and(|t| signs(t).contains(&Cue::Money));
    let mut found: Vec<(bool, i64)> = Vec::new();
    let mut at = 0;
    while at < pieces.len() {
        let Some((number, end)) = number_at(pieces, at, &units) else {
            at += 1;
            continue;
        };
        let before = at
            .checked_sub(1)
            .map(|i| if pieces.get(i).is_some_and(|t| t.is_mark('.')) { i.saturating_sub(1) } else { i });
        let is_time = pieces.get(end).is_some_and(|t| day_unit(t).is_some() || t.key() == "baje" || t.key() == "gate");
        let is_bare_ten = pieces.get(at).is_some_and(|t| matches!(t.kind, Kind::Digits { len, .. } if len >= 9));
        if let Number::One(milli) = number
            && (SMALLEST..=LARGEST).contains(&milli)
            && !is_time
            && !is_bare_ten
        {
            found.push((is_money(before) || is_money(Some(end)), milli));
        }
        at = end;
    }
    found.into_iter().max().map(|(_, milli)| milli / (MILLI / 100))
}

fn method(pieces: &[Token]) -> Option<Method> {
    const NAMES: &[(&str, Method)] = &[
        ("eseba", Method::Esewa),
        ("iseba", Method::Esewa),
        ("kalti", Method::Khalti),
        ("fonepai", Method::Fonepay),
        ("fonpe", Method::Fonepay),
        ("fonpai", Method::Fonepay),
        ("konectip", Method::ConnectIps),
        ("imepai", Method::ImePay),
        ("ime", Method::ImePay),
        ("ceque", Method::Cheque),
        ("cek", Method::Cheque),
        ("kas", Method::Cash),
        ("nagad", Method::Cash),
        ("bank", Method::Bank),
        ("bengk", Method::Bank),
        ("baingk", Method::Bank),
        ("bain", Method::Bank),
        ("mobilebanking", Method::Bank),
        ("deposit", Method::Bank),
    ];
    pieces.iter().find_map(|t| {
        NAMES
            .iter()
            .find(|(name, _)| t.key() == *name || (name.len() >= 4 && t.key().starts_with(name)))
            .map(|(_, m)| *m)
    })
}

/// The reference as typed: what follows a word for it, else a chunk of letters and digits mixed.
fn reference(text: &str) -> Option<String> {
    const WORDS: &[&str] = &[
        "ref",
        "reference",
        "refno",
        "txn",
        "txnid",
        "txnno",
        "transaction",
        "trx",
        "trxid",
        "utr",
        "voucher",
        "slip",
        "code",
        "रेफ",
        "कोड",
    ];
    const BETWEEN: &[&str] = &["no", "id", "number", "num", "code", "is", "ho", "नम्बर"];
    let chunks: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, ':' | '#' | '=' | ',' | '(' | ')'))
        .map(|c| c.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|c| !c.is_empty())
        .collect();
    let has_digit = |c: &str| c.chars().any(|c| digit(c).is_some());
    let is_code = |c: &str| {
        has_digit(c) && (4..=40).contains(&c.chars().count()) && c.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let named = chunks.iter().position(|c| WORDS.contains(&c.to_lowercase().as_str())).and_then(|at| {
        let after = chunks.get(at + 1..)?;
        after
            .iter()
            .find(|c| !BETWEEN.contains(&c.to_lowercase().as_str()) && !WORDS.contains(&c.to_lowercase().as_str()))
            .filter(|c| is_code(c))
    });
    let mixed = || {
        chunks.iter().find(|c| {
            let letters = c.chars().filter(char::is_ascii_alphabetic).count();
            let switches =
                c.chars().zip(c.chars().skip(1)).filter(|(a, b)| a.is_ascii_digit() != b.is_ascii_digit()).count();
            let is_word_and_number =
                switches == 1 && tokens(c).iter().any(|t| t.is_word() && (!signs(t).is_empty() || t.raw == "k"));
            is_code(c) && letters > 0 && c.chars().count() >= 5 && !is_word_and_number
        })
    };
    named.or_else(mixed).map(|c| (*c).to_owned())
}

/// The day: a number of days or weeks, a word for a day, or a day of the week.
fn when(pieces: &[Token]) -> Option<When> {
    let units = Units::default();
    let counted = pieces.iter().enumerate().find_map(|(at, _)| {
        let (number, end) = number_at(pieces, at, &units)?;
        let days = day_unit(pieces.get(end)?)?;
        match number {
            Number::One(milli) | Number::Each(milli) => {
                Some(When::InDays((milli / MILLI).saturating_mul(days).min(3650)))
            }
            Number::Range => None,
        }
    });
    let named = || {
        pieces.iter().find_map(|t| {
            Some(match t.key() {
                "aja" | "aj" | "toda" | "todai" => When::InDays(0),
                "boli" | "tomorau" | "tomorov" | "tomorob" | "tomorou" | "tmrv" | "tmrb" | "tomorow" => When::InDays(1),
                "parsi" => When::InDays(2),
                "nikorsi" => When::InDays(3),
                "hapta" | "vek" | "bik" | "bek" => When::InDays(7),
                "sombar" | "mondai" => When::Weekday(1),
                "mangalbar" | "tuesdai" => When::Weekday(2),
                "budabar" | "budbar" | "bednesdai" => When::Weekday(3),
                "bihibar" | "tursdai" => When::Weekday(4),
                "sukrabar" | "fridai" => When::Weekday(5),
                "sanibar" | "saturdai" => When::Weekday(6),
                "aitabar" | "sundai" => When::Weekday(7),
                _ => return None,
            })
        })
    };
    counted.or_else(named)
}

fn day_unit(token: &Token) -> Option<i64> {
    match token.key() {
        "din" | "dai" | "dais" => Some(1),
        "hapta" | "bik" | "biks" => Some(7),
        "mahina" | "mont" | "monts" => Some(30),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paid(text: &str) -> (Option<i64>, Option<Method>, Option<String>) {
        let claim = claim(text);
        (claim.amount_paisa, claim.method, claim.reference)
    }

    #[test]
    fn a_claim_says_amount_way_and_reference() {
        let code = |c: &str| Some(c.to_owned());
        assert_eq!(paid("esewa bata 5000 pathaye ref 8KD92"), (Some(500_000), Some(Method::Esewa), code("8KD92")));
        assert_eq!(paid("paid Rs. 12,500.50 via fonepay"), (Some(1_250_050), Some(Method::Fonepay), None));
        assert_eq!(
            paid("5 hajar pathaidiye khalti ma, txn id: 77AB21"),
            (Some(500_000), Some(Method::Khalti), code("77AB21"))
        );
        assert_eq!(paid("इसेवाबाट ५००० पठाएँ"), (Some(500_000), Some(Method::Esewa), None));
        assert_eq!(paid("bank ma 5k jamma gare ref no 998877"), (Some(500_000), Some(Method::Bank), code("998877")));
        assert_eq!(paid("rs 3000 cash diye"), (Some(300_000), Some(Method::Cash), None));
        assert_eq!(paid("5000rs tire"), (Some(500_000), None, None));
    }

    #[test]
    fn a_promise_says_amount_and_day() {
        let on = |text: &str| promise(text).when;
        assert_eq!(on("bholi tirchu"), Some(When::InDays(1)));
        assert_eq!(on("म पर्सि तिर्छु"), Some(When::InDays(2)));
        assert_eq!(on("sukrabar tirchu"), Some(When::Weekday(5)));
        assert_eq!(on("will pay on Friday"), Some(When::Weekday(5)));
        assert_eq!(on("will pay tomorrow"), Some(When::InDays(1)));
        assert_eq!(on("3 din ma tirchu"), Some(When::InDays(3)));
        assert_eq!(on("dui hapta pachi tirchu"), Some(When::InDays(14)));
        assert_eq!(promise("bholi 5000 tirchu").amount_paisa, Some(500_000));
    }
}
