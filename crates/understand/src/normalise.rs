//! From what was typed to words that can be compared: one spelling for the many spellings of a sound.
//!
//! A text becomes [`Token`]s. A word token carries two spellings besides its own: `light` (Devanagari turned into Latin
//! with the final vowel that is not spoken dropped; long vowels short; ch/c/x, y/i, w/v, z/j, ph/f, sh/s as one) and
//! `key` (also without the breath after a consonant, and v as b). Lists of known words are kept in both, so that a list
//! needs a word once. What a word means does NOT live here.
//!
//! Bounds: at most [`MAX_CHARS`] characters are read, so the cost of a message has a ceiling.

use unicode_normalization::UnicodeNormalization as _;

/// How much of a message is read, in characters; WhatsApp's own limit for a text body.
pub(crate) const MAX_CHARS: usize = 4096;

/// One thousandth of a piece: quantities are counted in these, so that halves need no floating point.
pub(crate) const MILLI: i64 = 1000;

/// A number too large to be meant; larger ones are read as this.
pub(crate) const HUGE: i64 = 1_000_000_000_000_000;

/// One piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// As typed, in lower case.
    pub(crate) raw: String,
    /// What kind of piece it is.
    pub(crate) kind: Kind,
    /// A space or the beginning of the text stands before it.
    pub(crate) spaced: bool,
    /// It is the first piece of its line.
    pub(crate) starts_line: bool,
}

/// The kinds of pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Letters of one script.
    Word {
        /// The spelling for lists of numbers and units.
        light: String,
        /// The spelling for everything else.
        key: String,
    },
    /// A number in digits of either script, in thousandths, and how many digits it had.
    Digits {
        /// The value in thousandths, at most [`HUGE`].
        milli: i64,
        /// Digits typed.
        len: usize,
    },
    /// A punctuation mark that means something; a line break is `\n`.
    Mark(char),
}

impl Token {
    /// The spelling for lists of numbers and units; empty for what is no word.
    pub(crate) fn light(&self) -> &str {
        match &self.kind {
            Kind::Word { light, .. } => light,
            _ => "",
        }
    }

    /// The spelling for everything else; empty for what is no word.
    pub(crate) fn key(&self) -> &str {
        match &self.kind {
            Kind::Word { key, .. } => key,
            _ => "",
        }
    }

    /// Whether this is the given mark.
    pub(crate) fn is_mark(&self, mark: char) -> bool {
        self.kind == Kind::Mark(mark)
    }

    /// Whether this is a word.
    pub(crate) fn is_word(&self) -> bool {
        matches!(self.kind, Kind::Word { .. })
    }

    /// Whether the word was typed in Devanagari.
    pub(crate) fn is_devanagari(&self) -> bool {
        self.raw.chars().any(is_devanagari)
    }
}

/// Cuts a text into its pieces.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> =
        text.nfkc().flat_map(char::to_lowercase).filter(|c| !is_invisible(*c)).take(MAX_CHARS).collect();
    let mut tokens = Vec::new();
    let (mut at, mut spaced, mut starts_line) = (0, true, true);
    while let Some(&c) = chars.get(at) {
        let rest = chars.get(at..).unwrap_or_default();
        let (kind, len) = if digit(c).is_some() {
            number(rest)
        } else if is_letter(c) {
            word(rest)
        } else {
            (mark(c).map(Kind::Mark), 1)
        };
        if let Some(kind) = kind {
            let is_break = kind == Kind::Mark('\n');
            tokens.push(Token { raw: rest.iter().take(len).collect(), kind, spaced, starts_line });
            spaced = is_break;
            starts_line = is_break;
        } else {
            spaced = true;
        }
        at += len;
    }
    tokens
}

/// The comparable spellings of one word.
pub(crate) fn spell(word: &str) -> Kind {
    let latin = if word.chars().any(is_devanagari) { latin(word) } else { word.to_owned() };
    let light = light(&latin);
    let key = key(&light);
    Kind::Word { light, key }
}

/// A key without the endings that change nothing: -ko, -ka, -ki (of), -haru and -s (several).
pub(crate) fn stem(key: &str) -> &str {
    let mut stem = key;
    for (ending, keeps) in [("haru", 3), ("aru", 3), ("ko", 3), ("ka", 4), ("ki", 4), ("s", 3)] {
        if let Some(rest) = stem.strip_suffix(ending)
            && rest.len() >= keeps
        {
            stem = rest;
        }
    }
    stem
}

/// The consonants of a word: vowels are what people spell most freely.
pub(crate) fn skeleton(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, 'a' | 'e' | 'i' | 'o' | 'u')).collect()
}

/// The value of a digit of either script.
pub(crate) fn digit(c: char) -> Option<u32> {
    match c {
        '0'..='9' => c.to_digit(10),
        '०'..='९' => u32::from(c).checked_sub(u32::from('०')),
        _ => None,
    }
}

fn is_devanagari(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{97f}')
}

fn is_letter(c: char) -> bool {
    (c.is_alphabetic() || is_devanagari(c)) && digit(c).is_none() && !matches!(c, '।' | '॥' | '॰')
}

/// Joiners, direction marks and other characters that are typed by keyboards, not by people.
fn is_invisible(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\'' | '’' | '‘')
}

fn mark(c: char) -> Option<char> {
    match c {
        '\n' | ',' | ';' | '|' | '/' | '+' | '&' | '?' | '!' | '.' | '-' | ':' | '=' | '*' | '@' | '(' | ')' | '#'
        | '~' => Some(c),
        '\r' | '\u{2028}' | '\u{2029}' => Some('\n'),
        '।' | '॥' => Some('.'),
        '–' | '—' | '−' | '‐' => Some('-'),
        '×' => Some('*'),
        '،' | '、' => Some(','),
        '⁄' => Some('/'),
        _ => None,
    }
}

/// A number at the beginning: digits with a decimal point, or grouped by commas (12,500 and 1,25,000).
fn number(chars: &[char]) -> (Option<Kind>, usize) {
    let run = |from: usize| chars.get(from..).unwrap_or_default().iter().take_while(|c| digit(**c).is_some()).count();
    let mut len = run(0);
    let mut groups = vec![(0, len)];
    if len <= 3 {
        let mut end = len;
        while chars.get(end) == Some(&',') && matches!(run(end + 1), 2 | 3) {
            let size = run(end + 1);
            groups.push((end + 1, size));
            end += 1 + size;
        }
        while groups.len() > 1 && groups.last().is_some_and(|(_, size)| *size != 3) {
            groups.pop();
        }
        len = groups.last().map_or(len, |(from, size)| from + size);
    }
    let digits: Vec<u32> =
        groups.iter().flat_map(|(from, size)| chars.iter().skip(*from).take(*size)).filter_map(|c| digit(*c)).collect();
    let append = |value: i64, d: u32| value.saturating_mul(10).saturating_add(i64::from(d)).min(HUGE);
    let mut milli = digits.iter().fold(0, |value, d| append(value, *d)).saturating_mul(MILLI);
    if chars.get(len) == Some(&'.') && run(len + 1) > 0 {
        let decimals = run(len + 1);
        let mut scale = MILLI / 10;
        for d in chars.iter().skip(len + 1).take(decimals.min(3)).filter_map(|c| digit(*c)) {
            milli = milli.saturating_add(i64::from(d).saturating_mul(scale));
            scale /= 10;
        }
        len += 1 + decimals;
    }
    (Some(Kind::Digits { milli: milli.min(HUGE), len: digits.len() }), len)
}

/// A word at the beginning: letters of one script; short abbreviations keep together across their points (के.जी., k.g.).
fn word(chars: &[char]) -> (Option<Kind>, usize) {
    let nepali = chars.first().is_some_and(|c| is_devanagari(*c));
    let run = |from: usize| {
        let letters = chars.get(from..).unwrap_or_default().iter();
        letters.take_while(|c| is_letter(**c) && is_devanagari(**c) == nepali).count()
    };
    let mut len = run(0);
    let mut letters: String = chars.iter().take(len).collect();
    let mut last = len;
    while last <= 2 && chars.get(len) == Some(&'.') && (1..=2).contains(&run(len + 1)) {
        last = run(len + 1);
        letters.extend(chars.iter().skip(len + 1).take(last));
        len += 1 + last;
    }
    (Some(spell(&letters)), len)
}

/// Devanagari in Latin letters, as it is spoken: the vowel that a consonant carries by itself is dropped at the end.
fn latin(word: &str) -> String {
    let chars: Vec<char> = word.chars().filter(|c| !matches!(c, '\u{93c}' | 'ऽ')).collect();
    let mut out = String::with_capacity(word.len());
    for (at, &c) in chars.iter().enumerate() {
        let next = chars.get(at + 1).copied();
        match (consonant(c), vowel(c)) {
            (Some(_), _) if c == 'ज' && next == Some('्') && chars.get(at + 2) == Some(&'ञ') => out.push('g'),
            (Some(_), _) if c == 'ञ' && out.ends_with('g') => {
                out.push('y');
                carry(&mut out, next, chars.len(), at);
            }
            (Some(sound), _) => {
                out.push_str(sound);
                let after_conjunct = at > 0 && chars.get(at - 1) == Some(&'्');
                let spoken_last = chars.len() == 1 || (c == 'छ' && after_conjunct);
                if spoken_last && next.is_none() {
                    out.push('a');
                } else {
                    carry(&mut out, next, chars.len(), at);
                }
            }
            (None, Some(sound)) => out.push_str(sound),
            (None, None) if c == 'ं' || (c == 'ँ' && next.is_some()) => out.push('n'),
            (None, None) if is_devanagari(c) => {}
            (None, None) => out.push(c),
        }
    }
    out
}

/// Adds the vowel that a consonant carries by itself, unless another follows or the word ends.
fn carry(out: &mut String, next: Option<char>, len: usize, at: usize) {
    let own_vowel_follows = next.is_some_and(|n| matches!(n, 'ा'..='्' | 'ॢ'));
    if !own_vowel_follows && (at + 1 < len) {
        out.push('a');
    }
}

fn consonant(c: char) -> Option<&'static str> {
    Some(match c {
        'क' => "k",
        'ख' => "kh",
        'ग' => "g",
        'घ' => "gh",
        'ङ' => "ng",
        'च' => "ch",
        'छ' => "chh",
        'ज' => "j",
        'झ' => "jh",
        'ञ' | 'ण' | 'न' | 'ऩ' => "n",
        'ट' | 'त' => "t",
        'ठ' | 'थ' => "th",
        'ड' | 'द' => "d",
        'ढ' | 'ध' => "dh",
        'प' => "p",
        'फ' => "ph",
        'ब' => "b",
        'भ' => "bh",
        'म' => "m",
        'य' => "y",
        'र' | 'ऱ' => "r",
        'ल' | 'ळ' => "l",
        'व' => "v",
        'श' | 'ष' => "sh",
        'स' => "s",
        'ह' => "h",
        _ => return None,
    })
}

fn vowel(c: char) -> Option<&'static str> {
    Some(match c {
        'अ' | 'आ' | 'ा' => "a",
        'इ' | 'ई' | 'ि' | 'ी' => "i",
        'उ' | 'ऊ' | 'ु' | 'ू' => "u",
        'ऋ' | 'ृ' => "ri",
        'ए' | 'े' => "e",
        'ऐ' | 'ै' => "ai",
        'ओ' | 'ो' | 'ऑ' | 'ॉ' => "o",
        'औ' | 'ौ' => "au",
        _ => return None,
    })
}

/// One spelling for vowels short and long and for the letters that people take one for another.
fn light(latin: &str) -> String {
    let chars: Vec<char> = latin.chars().collect();
    let is_vowel = |c: Option<&char>| c.is_some_and(|c| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y'));
    let mut out = String::with_capacity(latin.len());
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let next = chars.get(at + 1);
        let (sound, used) = match (c, next) {
            ('a', Some('a')) => ("a", 2),
            ('e', Some('e')) | ('i', Some('i')) => ("i", 2),
            ('o', Some('o')) | ('u', Some('u')) => ("u", 2),
            ('o', Some('w')) if !is_vowel(chars.get(at + 2)) => ("au", 2),
            ('c', Some('h')) if chars.get(at + 2) == Some(&'h') => ("c", 3),
            ('c', Some('h')) => ("c", 2),
            ('c', Some('k')) => ("k", 2),
            ('c', Some('e' | 'i' | 'y')) => ("c", 1),
            ('c' | 'q', _) => ("k", 1),
            ('x', None) if at == 0 => ("x", 1),
            ('x', Some(n)) if at > 0 && is_vowel(chars.get(at - 1)) && !is_vowel(Some(n)) => ("ks", 1),
            ('x', None) if is_vowel(chars.get(at - 1)) => ("ks", 1),
            ('x', _) => ("c", 1),
            ('p', Some('h')) => ("f", 2),
            ('s', Some('h')) => ("s", 2),
            ('y', _) => ("i", 1),
            ('w', _) => ("v", 1),
            ('z', _) => ("j", 1),
            _ => ("", 1),
        };
        if sound.is_empty() {
            push_once(&mut out, c);
        } else {
            sound.chars().for_each(|c| push_once(&mut out, c));
        }
        at += used;
    }
    out
}

/// The light spelling without the breath after a consonant, and with v as b.
fn key(light: &str) -> String {
    let mut out = String::with_capacity(light.len());
    for c in light.chars() {
        let breath = c == 'h' && out.chars().last().is_some_and(|p| !matches!(p, 'a' | 'e' | 'i' | 'o' | 'u' | 'h'));
        if !breath {
            push_once(&mut out, if c == 'v' { 'b' } else { c });
        }
    }
    out
}

fn push_once(out: &mut String, c: char) {
    if !out.ends_with(c) {
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        tokens(text).iter().map(|t| t.key().to_owned()).collect()
    }

    #[test]
    fn spellings_of_one_word_are_one_key() {
        for same in [
            "chini cheeni chinee चिनी cini",
            "aata atta आटा ata",
            "pyaj piyaj pyaaz प्याज",
            "waiwai वाइवाइ vaivai",
            "ghiu घिउ giu",
            "phul ful फूल fool",
            "jeera jira zeera जीरा",
            "chamal चामल chaamal",
            "chha छ xa cha",
            "kartun kartoon कार्टुन",
            "pathaidinus पठाइदिनुस् pathaaidinus",
        ] {
            let keys = keys(same);
            assert!(keys.iter().all(|k| k == &keys[0]), "{same}: {keys:?}");
        }
    }

    #[test]
    fn numbers_are_read_in_either_script_and_with_groups() {
        let value = |text: &str| match tokens(text)[0].kind {
            Kind::Digits { milli, .. } => milli,
            _ => panic!("{text} is no number"),
        };
        assert_eq!(value("१२"), 12_000);
        assert_eq!(value("12,500"), 12_500_000);
        assert_eq!(value("1,25,000"), 125_000_000);
        assert_eq!(value("2.25"), 2_250);
        assert_eq!(value("2,nun"), 2_000);
        assert_eq!(value("99999999999999999999"), HUGE);
    }

    #[test]
    fn abbreviations_stay_together_and_sentences_come_apart() {
        assert_eq!(keys("२५ के.जी."), ["", "keji", ""]);
        assert_eq!(keys("chini.nun"), ["cini", "", "nun"]);
        assert_eq!(keys("5kg"), ["", "kg"]);
    }
}
