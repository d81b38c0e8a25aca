//! Typed answers to what has just been asked: a choice among titles by number or by words, and the short answers to
//! buttons. A text that is no answer is answered with `None`, so that it can be understood as a message.

use serde::{Deserialize, Serialize};

use crate::{
    lexicon::{Cue, signs},
    matching::joined,
    normalise::{Kind, MILLI, Token, spell, stem, tokens},
    numbers::{Number, number_at},
    units::Units,
};

/// Words that an answer may have; a longer text is a message.
const LONGEST: usize = 6;

/// A short answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Answer {
    /// Yes, right, confirm.
    Yes,
    /// No.
    No,
    /// Change something.
    Change,
    /// Cancel.
    Cancel,
    /// On credit.
    Credit,
    /// In cash.
    Cash,
    /// A vendor takes an order.
    Accept,
    /// A vendor refuses an order.
    Reject,
    /// Everything was received.
    AllReceived,
    /// Some of it was not.
    SomeMissing,
    /// The menu.
    Menu,
    /// One step back.
    Back,
    /// No more messages, please.
    Stop,
    /// Messages again.
    Start,
}

const ANSWERS: &[(Answer, &str)] = &[
    (
        Answer::Yes,
        "yes|y|yeah|yep|yup|ok|okay|okey|sure|right|correct|confirm|confirmed|confirm gara|confirm gardinus|ho|hajur|hunchha|huncha|hunxa|hoo|thik cha|thik xa|thikcha|theek|thik|thikai cha|pakka|milyo|hola|haan|ha|huss|hus|hawas|la|हो|हुन्छ|ठीक छ|ठिक छ|पक्का|हजुर|कन्फर्म|हस्|हवस्|अँ",
    ),
    (Answer::No, "no|n|nope|nah|hoina|haina|hoena|hudaina|hunna|pardaina|chaina|chhaina|होइन|हैन|हुँदैन|पर्दैन|छैन"),
    (
        Answer::Change,
        "change|edit|modify|badalne|badlane|badla|badalnus|pherbadal|pher|milaune|sachyaune|change garne|change garnus|change gardinus|बदल्ने|परिवर्तन|फेर्ने|बदल्नुस्|सच्याउने|चेन्ज",
    ),
    (
        Answer::Cancel,
        "cancel|radda|cancel garne|cancel gardinus|cancel gara|cancel order|radda garnus|nachahine|chahidaina|roknus|रद्द|रद्द गर्नुस्|क्यान्सल|चाहिँदैन",
    ),
    (
        Answer::Credit,
        "credit|udharo|udhaar|udhar|on credit|credit ma|udharo ma|kredit|baki ma|pay later|उधारो|उधारोमा|क्रेडिट",
    ),
    (Answer::Cash, "cash|nagad|cash ma|nagad ma|cash on delivery|cod|kyas|cash dinchu|नगद|नगदमा|क्यास"),
    (Answer::Accept, "accept|accepted|swikar|linchu|pathauchu|accept gare|accept garchu|sakchu|स्वीकार|लिन्छु|एक्सेप्ट"),
    (
        Answer::Reject,
        "reject|rejected|aswikar|lina sakdina|sakdina|stock chaina|maal chaina|saman chaina|reject garchu|अस्वीकार|सक्दिन|रिजेक्ट",
    ),
    (
        Answer::AllReceived,
        "all received|received all|received|sabai payo|sabai paye|sabai aayo|saman paye|sabai pugyo|saman aayo|paye|payo|sabai cha|all ok|सबै आयो|सबै पाएँ|पाएँ|सबै पुग्यो",
    ),
    (
        Answer::SomeMissing,
        "some missing|missing|kehi aayena|kehi chaina|kam aayo|kehi kam|sabai aayena|pugena|some not received|not all|केही आएन|केही छैन|कम आयो|सबै आएन|पुगेन",
    ),
    (Answer::Menu, "menu|main menu|start menu|list|meenu|मेनु|मेन्यु"),
    (Answer::Back, "back|pachadi|pharka|farka|go back|agadi ko|पछाडि|फर्क"),
    (
        Answer::Stop,
        "stop|unsubscribe|band gara|banda garnus|message banda|message napathaunu|napathaunus|opt out|बन्द|बन्द गर्नुस्|नपठाउनुस्",
    ),
    (Answer::Start, "start|subscribe|suru|suru garnus|feri pathaunus|opt in|सुरु|सुरु गर्नुस्"),
];

/// Politeness that may stand around an answer.
const AROUND: &[&str] = &[
    "dai", "bai", "sir", "madam", "hajur", "pls", "plj", "please", "plis", "na", "ni", "hai", "la", "nai", "ta", "ji",
    "ju", "sahuji", "order", "it", "garnus", "gardinus", "garne",
];

/// The answer that a text is, if it is one and nothing else.
pub fn answer(text: &str) -> Option<Answer> {
    let pieces: Vec<Token> = tokens(text).into_iter().filter(|t| !matches!(t.kind, Kind::Mark(_))).collect();
    if pieces.is_empty() {
        return pictured(text);
    }
    if pieces.len() > LONGEST {
        return None;
    }
    let said: Vec<&str> = pieces.iter().map(Token::key).collect();
    let bare: Vec<&str> = said.iter().copied().filter(|key| !AROUND.contains(key)).collect();
    exactly(&said).or_else(|| exactly(&bare)).or_else(|| {
        // "hoina, cancel gara" and "yes yes" say one thing; "ho, 3 bora" says more than an answer.
        let mut single = bare.iter().map(|word| exactly(&[*word]));
        let first = single.next().flatten()?;
        single.all(|next| next == Some(first)).then_some(first)
    })
}

fn exactly(words: &[&str]) -> Option<Answer> {
    let said = words.join(" ");
    let is = |phrase: &str| {
        let keys: Vec<String> = phrase.split(' ').map(key_of).collect();
        keys.join(" ") == said
    };
    (!said.is_empty())
        .then(|| ANSWERS.iter().find(|(_, phrases)| phrases.split('|').any(is)).map(|(a, _)| *a))
        .flatten()
}

fn key_of(word: &str) -> String {
    match spell(word) {
        Kind::Word { key, .. } => key,
        _ => String::new(),
    }
}

fn pictured(text: &str) -> Option<Answer> {
    let first = text.chars().find(|c| !c.is_whitespace())?;
    match first {
        '👍' | '✅' | '✔' | '☑' | '👌' => Some(Answer::Yes),
        '👎' | '❌' | '✖' | '🚫' => Some(Answer::No),
        _ => None,
    }
}

/// The option that a text chooses: by its number ("2", "२", "dui", "2."), by its title, or by words that only one title
/// has. `options` are pairs of an id and a title, in the order they were shown.
pub fn choice<'o>(text: &str, options: &[(&'o str, &str)]) -> Option<&'o str> {
    let pieces = tokens(text);
    if let Some(at) = position(&pieces) {
        return at.checked_sub(1).and_then(|i| options.get(i)).map(|(id, _)| *id);
    }
    let said: Vec<String> = words(&pieces.iter().filter(|t| !says_nothing(t)).cloned().collect::<Vec<_>>());
    if said.is_empty() || said.len() > 12 {
        return None;
    }
    let titles: Vec<(&'o str, Vec<String>)> = options.iter().map(|(id, title)| (*id, words(&tokens(title)))).collect();
    let whole = said.concat();
    if let Some((id, _)) = titles.iter().find(|(_, title)| title.concat() == whole) {
        return Some(id);
    }
    only(&titles, |title| said.iter().all(|word| title.contains(word)))
        .or_else(|| {
            // Strange words are left out if at least half is of one title only.
            let known: Vec<&String> =
                said.iter().filter(|word| titles.iter().any(|(_, title)| title.contains(word))).collect();
            let enough = !known.is_empty() && known.len() * 2 >= said.len();
            enough.then(|| only(&titles, |title| known.iter().all(|word| title.contains(word)))).flatten()
        })
        .or_else(|| {
            only(&titles, |title| {
                said.iter().all(|word| word.len() >= 3 && title.iter().any(|t| t.starts_with(word.as_str())))
            })
        })
}

/// Words around a choice: "the soybean one please".
fn says_nothing(token: &Token) -> bool {
    token.is_word() && (signs(token).contains(&Cue::Filler) || matches!(token.raw.as_str(), "one" | "wala"))
}

fn only<'o>(titles: &[(&'o str, Vec<String>)], fits: impl Fn(&[String]) -> bool) -> Option<&'o str> {
    let mut fitting = titles.iter().filter(|(_, title)| fits(title));
    let (id, _) = fitting.next()?;
    fitting.next().is_none().then_some(*id)
}

/// The number that the whole text is, with "no.", "#" or a point around it.
fn position(pieces: &[Token]) -> Option<usize> {
    let pieces: Vec<Token> = pieces
        .iter()
        .filter(|t| !matches!(t.kind, Kind::Mark(_)) && !matches!(t.key(), "no" | "nambar" | "number" | "option"))
        .cloned()
        .collect();
    let (number, end) = number_at(&pieces, 0, &Units::default())?;
    let rest_is_polite =
        pieces.get(end..).unwrap_or_default().iter().all(|t| t.is_word() && signs(t).contains(&Cue::Filler));
    match number {
        Number::One(milli) if milli % MILLI == 0 && rest_is_polite => usize::try_from(milli / MILLI).ok(),
        _ => None,
    }
}

/// The words of a title that tell it apart, in the spelling that all titles and answers share.
fn words(pieces: &[Token]) -> Vec<String> {
    pieces
        .iter()
        .filter(|t| !matches!(t.kind, Kind::Mark(_)))
        .map(|t| if t.is_word() { joined(&[stem(t.key())]) } else { t.raw.clone() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_answers_are_known_in_three_languages() {
        for (answered, texts) in [
            (
                Answer::Yes,
                &[
                    "yes",
                    "ho",
                    "huncha",
                    "hunxa",
                    "हुन्छ",
                    "OK!",
                    "thik cha",
                    "confirm",
                    "👍",
                    "ho dai",
                    "हजुर",
                    "yes please",
                ][..],
            ),
            (Answer::No, &["no", "hoina", "haina", "होइन", "👎", "hoina hoina"]),
            (Answer::Change, &["change", "badalne", "बदल्ने", "change garnus"]),
            (Answer::Cancel, &["cancel", "रद्द गर्नुस्", "cancel gardinus", "radda"]),
            (Answer::Credit, &["udharo", "credit", "उधारो", "udharo ma"]),
            (Answer::Cash, &["cash", "nagad", "नगद", "cash on delivery"]),
            (Answer::Accept, &["accept", "स्वीकार"]),
            (Answer::Reject, &["reject", "stock chaina", "saman chaina"]),
            (Answer::AllReceived, &["sabai aayo", "all received", "सबै पाएँ"]),
            (Answer::SomeMissing, &["kam aayo", "some missing"]),
            (Answer::Stop, &["stop", "STOP", "बन्द गर्नुस्"]),
            (Answer::Menu, &["menu", "मेनु"]),
        ] {
            for text in texts {
                assert_eq!(answer(text), Some(answered), "{text}");
            }
        }
        for text in ["", "chini 2 bora", "hoina 3 bora", "yes 2 bora chini", "namaste", "???"] {
            assert_eq!(answer(text), None, "{text}");
        }
    }

    #[test]
    fn an_option_is_chosen_by_number_or_by_its_words() {
        let options = [("a", "Soybean oil 12 × 1 litre"), ("b", "Sunflower oil 12 × 1 litre"), ("c", "Confirm order")];
        for (text, id) in [
            ("2", Some("b")),
            ("२", Some("b")),
            ("dui", Some("b")),
            ("2.", Some("b")),
            ("ek", Some("a")),
            ("no. 3", Some("c")),
            ("sunflower", Some("b")),
            ("suryamukhi tel", Some("b")),
            ("सूर्यमुखी", Some("b")),
            ("the soybean one", Some("a")),
            ("confirm", Some("c")),
            ("sunflower oil 12 × 1 litre", Some("b")),
            ("oil", None),
            ("4", None),
            ("0", None),
            ("", None),
            ("chini 2 bora", None),
        ] {
            assert_eq!(choice(text, &options), id, "{text}");
        }
    }
}
