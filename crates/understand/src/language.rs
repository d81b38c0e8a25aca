//! Which way of writing a person has: an answer in the same way is kinder than a setting.

use std::{collections::HashSet, sync::LazyLock};

use serde::{Deserialize, Serialize};

use crate::normalise::{Kind, Token, spell, tokens};

/// A language as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Language {
    /// Nepali in Devanagari.
    Nepali,
    /// Nepali in Latin letters.
    RomanNepali,
    /// English.
    English,
}

/// Words that both languages write, such as order, cancel, price, balance and help, say nothing and stand in neither list.
const ROMAN: &str = "ra ani ko ka ki lai bata ma malai mero hamro kati cha chha xa chaina ho hoina haina dinus dinu pathaidinus pathaunus pathau pathaidinu chahiyo chaiyo \
    paryo parcha garnus garnu garna gardinus garne bhayo dai bhai didi sahuji hajur namaste namaskar kaha kahile kasari ke bholi aaja hijo bora katta peti ek dui char panch das bis pachis pachas saya hajar \
    chini nun tel dal chamal aata maida alu pyaj sabun salai anda chiya dudh biskut chauchau baki udharo hisab paisa tirchu tire tireko pathaye diye bhau dam jastai pheri manche sanga kura maddat sahayog dhanyabad \
    tin tori jira masino huncha hunxa thik samma pani kehi sabai milena aayo aayena pugyo pugena saman la hai ni po yo tyo wata ota darjan sadhe";
const ENGLISH: &str = "the a i is are am my me you your we please send need want with and of to for how much what where when which much do can could would will have has \
    bags bag cartons sacks sugar salt rice oil soap eggs potato onion flour noodles biscuits tea milk water one two three four five six seven eight nine ten hello hi thanks thank owe pay paid sent tomorrow today \
    same last again wrong missing person talk some more it this that from by on at in yes no not good morning";

static WORDS: LazyLock<(HashSet<String>, HashSet<&'static str>)> = LazyLock::new(|| {
    let keys = ROMAN.split_whitespace().filter_map(|word| match spell(word) {
        Kind::Word { key, .. } => Some(key),
        _ => None,
    });
    (keys.collect(), ENGLISH.split_whitespace().collect())
});

/// The language a text is written in, or nothing where it does not show (a number, a name, one picture).
pub fn language(text: &str) -> Option<Language> {
    let pieces = tokens(text);
    let words: Vec<&Token> = pieces.iter().filter(|t| t.is_word()).collect();
    let nepali = words.iter().filter(|t| t.is_devanagari()).count();
    if nepali > 0 && nepali * 2 >= words.len() {
        return Some(Language::Nepali);
    }
    let (roman_words, english_words) = &*WORDS;
    let english = words.iter().filter(|t| english_words.contains(t.raw.as_str())).count();
    let roman =
        words.iter().filter(|t| !english_words.contains(t.raw.as_str()) && roman_words.contains(t.key())).count();
    match roman.cmp(&english) {
        std::cmp::Ordering::Greater => Some(Language::RomanNepali),
        std::cmp::Ordering::Less => Some(Language::English),
        std::cmp::Ordering::Equal => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_s_way_of_writing_shows() {
        for (text, expected) in [
            ("चिनी २ बोरा पठाइदिनुस्", Some(Language::Nepali)),
            ("chini 2 bora pathaidinus", Some(Language::RomanNepali)),
            ("mero baki kati cha?", Some(Language::RomanNepali)),
            ("please send 2 bags of sugar", Some(Language::English)),
            ("how much do i owe", Some(Language::English)),
            ("चिनी 2 bora", Some(Language::Nepali)),
            ("order cancel", None),
            ("5", None),
            ("🙏", None),
            ("lux", None),
        ] {
            assert_eq!(language(text), expected, "{text}");
        }
    }
}
