//! The day that somebody names: "bholi", "shukrabar", "2 days", "15 gate", "magh 3", "2026-01-15". Pure.
//!
//! What counts days or names a day of the week is read by `understand`; here are the days of Nepal's calendar and dates.
//! What lies behind the calendar's table is not understood. Whoever names a day is told its date, so that what was meant
//! otherwise is seen.

use kernel::{Bikram, BusinessDate};
use understand::When;

/// What the months are called, in both scripts and the usual spellings.
const NAMES: [&[&str]; 12] = [
    &["baisakh", "baishakh", "वैशाख", "बैशाख"],
    &["jestha", "jeth", "जेठ", "ज्येष्ठ"],
    &["asar", "ashadh", "asadh", "असार", "आषाढ"],
    &["saun", "shrawan", "sawan", "साउन", "श्रावण"],
    &["bhadau", "bhadra", "भदौ", "भाद्र"],
    &["asoj", "ashwin", "aswin", "असोज", "आश्विन"],
    &["kartik", "कार्तिक", "कात्तिक"],
    &["mangsir", "mansir", "मंसिर", "मङ्सिर"],
    &["pus", "poush", "paush", "पुस", "पौष"],
    &["magh", "माघ"],
    &["phagun", "fagun", "falgun", "phalgun", "फागुन", "फाल्गुन"],
    &["chait", "chaitra", "चैत", "चैत्र"],
];

/// The words for a day of a month.
const DAY_WORDS: &[&str] = &["gate", "gatey", "गते"];

/// The day that a text names, on or after today where it names no year.
pub(crate) fn day(text: &str, today: BusinessDate) -> Option<BusinessDate> {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split(|letter: char| letter.is_whitespace() || ",.!?।".contains(letter)).collect();
    if let Some(date) = words.iter().find_map(|word| word.parse().ok()) {
        return Some(date);
    }
    nepali(&words, today).or_else(|| match understand::promise(text).when? {
        When::InDays(days) => Some(today.plus_days(days)),
        When::Weekday(weekday) => {
            let ahead = weekday.saturating_sub(weekday_of(today)).rem_euclid(7);
            Some(today.plus_days(if ahead == 0 { 7 } else { ahead }))
        }
    })
}

/// 1 is Monday, 7 is Sunday.
fn weekday_of(date: BusinessDate) -> i64 {
    let thursday = BusinessDate::new(1970, 1, 1);
    thursday.map_or(1, |thursday| date.days_since(thursday).saturating_add(3).rem_euclid(7).saturating_add(1))
}

/// A day of a month of Nepal's calendar: the next one of that number, in the month that is named or in any.
fn nepali(words: &[&str], today: BusinessDate) -> Option<BusinessDate> {
    let month = words.iter().find_map(|word| {
        let bare = word.trim_end_matches(['m', 'a', 'k', 'o', 'म', 'ा', 'क', 'ो']);
        NAMES.iter().position(|names| names.iter().any(|name| name == word || *name == bare))
    });
    let counted = words.iter().any(|word| DAY_WORDS.iter().any(|day| word.ends_with(day)));
    if month.is_none() && !counted {
        return None;
    }
    let number = words.iter().find_map(|word| {
        let digits = DAY_WORDS.iter().fold(*word, |word, day| word.trim_end_matches(day));
        number(digits)
    })?;
    let today_there = Bikram::of(today)?;
    let mut first = Bikram::new(today_there.year(), today_there.month(), 1)?;
    loop {
        let named = month.is_none_or(|month| month == usize::from(first.month()).saturating_sub(1));
        let there = Bikram::new(first.year(), first.month(), u8::try_from(number).ok()?);
        if let Some(found) = there.filter(|there| named && *there >= today_there) {
            return found.gregorian();
        }
        first = first.next_month()?;
    }
}

fn number(word: &str) -> Option<i64> {
    let digit = |letter: char| {
        let devanagari = u32::from(letter).checked_sub(u32::from('०')).filter(|digit| *digit < 10);
        letter.to_digit(10).or(devanagari).map(i64::from)
    };
    if word.is_empty() || word.chars().count() > 2 {
        return None;
    }
    word.chars().try_fold(0_i64, |sum, letter| Some(sum.saturating_mul(10).saturating_add(digit(letter)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_understood_in_both_calendars() {
        // A Thursday; the 17th of Poush 2082.
        let today: BusinessDate = "2026-01-01".parse().unwrap();
        for (text, date) in [
            ("aaja", Some("2026-01-01")),
            ("bholi", Some("2026-01-02")),
            ("bholi tirchu", Some("2026-01-02")),
            ("parsi samma", Some("2026-01-03")),
            ("shukrabar", Some("2026-01-02")),
            ("शुक्रबार", Some("2026-01-02")),
            ("bihibar", Some("2026-01-08")),
            ("sanibar", Some("2026-01-03")),
            ("2 days", Some("2026-01-03")),
            ("3 din ma", Some("2026-01-04")),
            ("arko hapta", Some("2026-01-08")),
            ("20 gate", Some("2026-01-04")),
            ("२० गते", Some("2026-01-04")),
            ("20gate tirchu", Some("2026-01-04")),
            ("15 gate", Some("2026-01-29")),
            ("magh 1", Some("2026-01-15")),
            ("माघ १ गते", Some("2026-01-15")),
            ("chaitra 1", Some("2026-03-15")),
            ("baisakh 1 gate", Some("2026-04-14")),
            ("2026-02-05", Some("2026-02-05")),
            ("40 gate", None),
            ("chini 2 bora", None),
            ("", None),
        ] {
            assert_eq!(day(text, today).map(|day| day.to_string()).as_deref(), date, "{text}");
        }
    }
}
