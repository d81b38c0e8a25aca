//! Numbers as people say them: words in Nepali of either script and in English, halves, dozens, hundreds and thousands,
//! and ranges. What is counted does NOT live here.
//!
//! Some words are a number only in their place: `tin` is three and a tin, `cha` is six and "is", `sathi` is sixty and a
//! friend. Those are read as numbers where a unit follows.

use std::{collections::HashMap, sync::LazyLock};

use crate::{
    normalise::{HUGE, Kind, MILLI, Token, spell},
    units::{self, Units},
};

/// A number that was said, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    /// One value.
    One(i64),
    /// From one value to another: nobody can deliver that, so it is asked.
    Range,
    /// The same value for each of several products ("2-2 bora").
    Each(i64),
}

/// What a number word does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Its own value.
    Value(i64),
    /// A value in thousandths (a half, one and a half).
    Milli(i64),
    /// Added to the number after it, in thousandths (sadhe = and a half).
    Before(i64),
    /// Multiplies what stands before it.
    Times(i64),
}

const VALUES: &[(i64, &str)] = &[
    (0, "sunya sunna zero शून्य"),
    (1, "ek euta eauta yeuta yuta one एक एउटा एकवटा यौटा"),
    (2, "dui duita duitaa duyi dwi two दुई दुइ दुइटा दुईटा"),
    (3, "tin teen tinta tinota tinwata three तीन तिन तीनवटा"),
    (4, "char chaar charta charota four चार चारवटा"),
    (5, "panch paanch pach paach panchta panchota five पाँच पांच पाच"),
    (6, "chha chhaa chaa six chhata chhawota छ छः छवटा"),
    (7, "sat saat seven saatota सात"),
    (8, "aath ath aat eight आठ"),
    (9, "nau naw nine नौ"),
    (10, "das dash dus dasota ten दस दश"),
    (11, "eghara egaara aghara eleven एघार"),
    (12, "bahra barha baahra bara baara twelve बाह्र बार्ह"),
    (13, "tehra terha tera thirteen तेह्र"),
    (14, "chaudha chaudh fourteen चौध"),
    (15, "pandhra pandra pandhara pandrah fifteen पन्ध्र पन्द्र"),
    (16, "sohra sora sorha sixteen सोह्र"),
    (17, "satra sattra satara seventeen सत्र"),
    (18, "athara atharha athhara eighteen अठार"),
    (19, "unnais unais nineteen उन्नाइस"),
    (20, "bis bees twenty बीस बिस"),
    (21, "ekkais ekais एक्काइस"),
    (22, "bais baais बाइस"),
    (23, "teis tais तेइस"),
    (24, "chaubis चौबीस चौबिस"),
    (25, "pachis pachchis pacchis पच्चीस पच्चिस"),
    (26, "chabbis chhabbis छब्बीस छब्बिस"),
    (27, "sattais satais सत्ताइस"),
    (28, "atthais athais अट्ठाइस"),
    (29, "unantis unatis उनन्तीस"),
    (30, "tis tees thirty तीस तिस"),
    (31, "ektis एकतीस"),
    (32, "battis बत्तीस"),
    (33, "tettis tetis तेत्तीस"),
    (34, "chauntis chautis चौंतीस"),
    (35, "paintis पैंतीस पैँतीस"),
    (36, "chattis chhattis छत्तीस"),
    (37, "saintis सैंतीस"),
    (38, "athtis अठतीस"),
    (39, "unanchalis उनन्चालीस"),
    (40, "chalis chaalis forty चालीस चालिस"),
    (45, "paintalis पैंतालीस"),
    (48, "athchalis अठचालीस"),
    (50, "pachas pachaas fifty पचास"),
    (55, "pachpanna पचपन्न"),
    (60, "saathi sathi sixty साठी"),
    (65, "painsatthi paisathi पैंसट्ठी"),
    (70, "sattari seventy सत्तरी"),
    (72, "bahattar बहत्तर"),
    (75, "pachahattar pachattar पचहत्तर"),
    (80, "assi asi eighty असी अस्सी"),
    (90, "nabbe nabbay ninety नब्बे"),
    (95, "panchanabbe पन्चानब्बे"),
];

const HALVES: &[(Part, &str)] = &[
    (Part::Milli(500), "aadha adha half आधा"),
    (Part::Milli(1500), "dedh der dedha डेढ"),
    (Part::Milli(2500), "adhai adhaai arhai अढाई"),
    (Part::Before(500), "sadhe saadhe sade साढे साँढे"),
    (Part::Before(250), "sawa सवा"),
    (Part::Before(-250), "paune पौने"),
];

const TIMES: &[(i64, &str)] = &[
    (12, "darjan darzan dozen dozens dorjan दर्जन"),
    (100, "saya say saye sae hundred सय"),
    (1000, "hajar hazar hajaar thousand k हजार"),
    (100_000, "lakh laakh lac lakhs लाख"),
];

/// The value words by their light spelling, Devanagari also as typed (साठी is sixty where साथी is a friend).
static WORDS: LazyLock<HashMap<String, Part>> = LazyLock::new(|| {
    let values = VALUES.iter().map(|(value, words)| (Part::Value(*value), *words));
    let times = TIMES.iter().map(|(value, words)| (Part::Times(*value), *words));
    let mut all = HashMap::new();
    for (part, words) in values.chain(HALVES.iter().copied()).chain(times) {
        for word in words.split(' ') {
            all.entry(word.to_owned()).or_insert(part);
            if let Kind::Word { light, key } = spell(word) {
                all.entry(light).or_insert(part);
                if key.len() >= 5 {
                    all.entry(key).or_insert(part);
                }
            }
        }
    }
    all
});

/// Words that are also something else, unless a unit follows: is, friend, outside (bahira), edge, and letters.
const ONLY_BEFORE_A_UNIT: &[&str] = &["ca", "sathi", "bara", "tera", "asi", "tais", "bais", "sora", "der", "sunna"];

/// How a number begins and how many tokens it takes.
pub(crate) fn number_at(tokens: &[Token], at: usize, units: &Units) -> Option<(Number, usize)> {
    let (first, mut end) = value_at(tokens, at, units, false)?;
    let joined =
        |i: usize| tokens.get(i).is_some_and(|t| t.is_mark('-') || t.is_mark('/') || t.is_mark('~') || is_to(t));
    let by_word = tokens.get(at).is_some_and(Token::is_word);
    let second = if joined(end) {
        value_at(tokens, end + 1, units, true)
    } else if by_word && tokens.get(end).is_some_and(Token::is_word) {
        value_at(tokens, end, units, true)
    } else {
        None
    };
    let number = match second {
        Some((value, next)) if value == first => {
            end = next;
            Number::Each(first)
        }
        Some((value, next)) if value > first => {
            end = next;
            Number::Range
        }
        _ => Number::One(first),
    };
    Some((number, end))
}

fn is_to(token: &Token) -> bool {
    matches!(token.key(), "deki" | "to" | "ki" | "or")
}

/// One value: `5`, `sadhe dui`, `ek saya pachas`, `5 hajar`, `2 darjan`, in thousandths.
fn value_at(tokens: &[Token], at: usize, units: &Units, is_second: bool) -> Option<(i64, usize)> {
    let (mut current, mut end) = simple_at(tokens, at, units)?;
    let (mut total, mut scale) = (0_i64, i64::MAX);
    loop {
        while let Some(Part::Times(times)) = part(tokens.get(end)) {
            if tokens.get(end).is_some_and(|t| t.raw == "k" && t.spaced) {
                break;
            }
            current = current.saturating_mul(times).min(HUGE);
            scale = times;
            end += 1;
        }
        total = total.saturating_add(current).min(HUGE);
        let smaller = simple_at(tokens, end, units).filter(|(value, next)| {
            let tens =
                current % (10 * MILLI) == 0 && (20 * MILLI..100 * MILLI).contains(&current) && *value < 10 * MILLI;
            let hundreds = scale != i64::MAX && scale >= 100 && *value < scale.saturating_mul(MILLI);
            let spoken = tokens.get(end).is_some_and(Token::is_word) || part(tokens.get(*next)).is_some();
            spoken && (tens || hundreds) && !is_second
        });
        match smaller {
            Some((value, next)) => (current, end) = (value, next),
            None => return Some((total, end)),
        }
    }
}

/// Digits, a number word, or a half with its number.
fn simple_at(tokens: &[Token], at: usize, units: &Units) -> Option<(i64, usize)> {
    let token = tokens.get(at)?;
    if let Kind::Digits { milli, .. } = token.kind {
        let half = tokens.get(at + 1).is_some_and(|t| t.is_mark('/')) && milli == MILLI;
        if half && let Some(Kind::Digits { milli: 2000, .. }) = tokens.get(at + 2).map(|t| &t.kind) {
            return Some((MILLI / 2, at + 3));
        }
        return Some((milli, at + 1));
    }
    let unit_follows = tokens.get(at + 1).is_some_and(|t| units.of(t).is_some());
    // An article before a unit counts one of it.
    if unit_follows && matches!(token.raw.as_str(), "a" | "an") {
        return Some((MILLI, at + 1));
    }
    match part(Some(token))? {
        Part::Value(_) if ONLY_BEFORE_A_UNIT.contains(&token.light()) && !unit_follows && !is_plain_sixty(token) => {
            None
        }
        Part::Value(_) if token.raw == "now" => None,
        Part::Value(_) if units::is_tin(token) && !tin_is_three(tokens, at, units) => None,
        Part::Value(value) => Some((value.saturating_mul(MILLI), at + 1)),
        Part::Milli(value) => Some((value, at + 1)),
        Part::Before(more) => simple_at(tokens, at + 1, units).map(|(value, end)| (value.saturating_add(more), end)),
        Part::Times(times @ (12 | 100 | 1000)) if unit_follows || times == 12 => {
            Some((times.saturating_mul(MILLI), at + 1))
        }
        Part::Times(_) => None,
    }
}

fn is_plain_sixty(token: &Token) -> bool {
    token.raw == "साठी"
}

fn part(token: Option<&Token>) -> Option<Part> {
    let token = token?;
    let word = |spelling: &str| WORDS.get(spelling).copied();
    if !token.is_word() {
        return None;
    }
    word(&token.raw)
        .or_else(|| word(token.light()))
        .or_else(|| (token.key().len() >= 5).then(|| word(token.key())).flatten())
}

/// Whether `tin` here counts: something countable follows it and it does not itself follow a count, or it opens a phrase.
fn tin_is_three(tokens: &[Token], at: usize, units: &Units) -> bool {
    let counted = at.checked_sub(1).and_then(|i| tokens.get(i)).is_some_and(|t| {
        matches!(t.kind, Kind::Digits { .. }) || matches!(part(Some(t)), Some(Part::Value(_) | Part::Times(_)))
    });
    let next = tokens.get(at + 1);
    let before_unit = next.is_some_and(|t| units.of(t).is_some() || matches!(part(Some(t)), Some(Part::Times(_))));
    let before_digits = next.is_some_and(|t| matches!(t.kind, Kind::Digits { .. }));
    before_unit || !(counted || before_digits)
}

/// Whether a token is a word for a number wherever it stands.
pub(crate) fn is_number_word(token: &Token) -> bool {
    part(Some(token)).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::tokens;

    fn read(text: &str) -> Option<Number> {
        number_at(&tokens(text), 0, &Units::default()).map(|(number, _)| number)
    }

    #[test]
    fn words_and_digits_say_the_same() {
        for (text, value) in [
            ("ek", 1),
            ("पन्ध्र", 15),
            ("pachas", 50),
            ("pachis", 25),
            ("ek saya pachas", 150),
            ("dui hajar panch saya", 2500),
            ("5 hajar", 5000),
            ("5k", 5000),
            ("twenty five", 25),
            ("2 darjan", 24),
            ("१०", 10),
        ] {
            assert_eq!(read(text), Some(Number::One(value * MILLI)), "{text}");
        }
        assert_eq!(read("sadhe dui"), Some(Number::One(2500)));
        assert_eq!(read("1/2"), Some(Number::One(500)));
    }

    #[test]
    fn ranges_are_not_a_value() {
        for text in ["2-3 bora", "dui tin bora", "2 dekhi 4", "das pandhra bora"] {
            assert_eq!(read(text), Some(Number::Range), "{text}");
        }
        assert_eq!(read("2-2 bora"), Some(Number::Each(2000)));
        assert_eq!(read("dui dui bora"), Some(Number::Each(2000)));
    }

    #[test]
    fn tin_is_three_before_a_unit_and_a_tin_after_a_count() {
        assert_eq!(number_at(&tokens("tin bora"), 0, &Units::default()), Some((Number::One(3000), 1)));
        assert_eq!(number_at(&tokens("4 tin"), 0, &Units::default()), Some((Number::One(4000), 1)));
        assert_eq!(number_at(&tokens("dui tin tel"), 0, &Units::default()), Some((Number::One(2000), 1)));
        assert_eq!(number_at(&tokens("tin tin tel"), 0, &Units::default()), Some((Number::One(3000), 1)));
        assert_eq!(read("cha bora"), Some(Number::One(6000)));
        assert_eq!(read("cha"), None);
    }
}
