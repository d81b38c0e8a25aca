//! What stands in a cell: amounts, dates, phones, percents, names. Pure.
//!
//! People type Devanagari digits and group by lakh; both are read. What could be meant in two ways is refused: `5,50` is
//! no amount, `1e5` is none, and a cell that a spreadsheet would compute is never taken for its text.

use kernel::{BusinessDate, Money, MoneyError, Rate};

/// Why a cell is refused, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) code: &'static str,
    pub(crate) reason: String,
    pub(crate) right: String,
}

impl Wrong {
    pub(crate) fn new(code: &'static str, reason: impl Into<String>, right: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), right: right.into() }
    }
}

/// The first date that can be meant.
const FIRST_YEAR: &str = "2000-01-01";
/// Years of Bikram Sambat are 56 or 57 ahead.
const BIKRAM_SAMBAT_FROM: &str = "2056-01-01";

/// Devanagari digits as the digits of all programs.
pub(crate) fn plain_digits(text: &str) -> String {
    let plain = |letter: char| match letter {
        '०'..='९' => u32::from(letter)
            .checked_sub(u32::from('०'))
            .and_then(|digit| char::from_digit(digit, 10))
            .unwrap_or(letter),
        _ => letter,
    };
    text.chars().map(plain).collect()
}

/// Whether a spreadsheet would compute the cell instead of showing it.
pub(crate) fn is_formula(text: &str) -> bool {
    let mut letters = text.chars();
    match letters.next() {
        Some('=' | '@') => true,
        Some('+' | '-') => letters.next().is_some_and(char::is_alphabetic),
        _ => false,
    }
}

/// An amount above zero.
pub(crate) fn amount(text: &str) -> Result<Money, Wrong> {
    let amount = amount_or_zero(text)?;
    if amount.is_zero() {
        return Err(Wrong::new("AMOUNT", "the amount is zero", "an amount above zero, or leave the row out"));
    }
    Ok(amount)
}

/// An amount that may be nothing.
pub(crate) fn amount_or_zero(text: &str) -> Result<Money, Wrong> {
    let right = "rupees with at most two decimals, like 5000, 5000.50 or 1,00,000.00";
    let refuse = |reason: &str| Wrong::new("AMOUNT", format!("{text:?} {reason}"), right);
    let plain = ungrouped(&plain_digits(text)).ok_or_else(|| refuse("has commas that group no thousands or lakhs"))?;
    if plain.starts_with('-') {
        return Err(refuse("is negative"));
    }
    plain.parse().map_err(|error| match error {
        MoneyError::TooPrecise => refuse("has more than two decimals"),
        MoneyError::TooLarge => refuse("is too large: above ten arba"),
        MoneyError::Malformed if is_scientific(&plain) => refuse("is in scientific notation"),
        MoneyError::Malformed => refuse("is no amount"),
    })
}

/// Whether a text is a number with an exponent, such as `1e5`.
fn is_scientific(text: &str) -> bool {
    text.split_once(['e', 'E']).is_some_and(|(number, _)| number.ends_with(|letter: char| letter.is_ascii_digit()))
}

/// The text without commas that group the whole rupees by thousands or by lakh; nothing where they group neither.
fn ungrouped(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    if fraction.is_some_and(|fraction| fraction.contains(',')) {
        return None;
    }
    let groups: Vec<&str> = whole.trim_start_matches('-').split(',').collect();
    if let [first, middle @ .., last] = groups.as_slice() {
        let by = |size: usize| (1..=size).contains(&first.len()) && middle.iter().all(|group| group.len() == size);
        if last.len() != 3 || !(by(2) || by(3)) {
            return None;
        }
    }
    Some(text.replace(',', ""))
}

/// A date of the Gregorian calendar that is not ahead of today.
pub(crate) fn date(text: &str, today: BusinessDate) -> Result<BusinessDate, Wrong> {
    let right = format!("a date written YYYY-MM-DD, from {FIRST_YEAR} to {today}");
    let date: BusinessDate =
        plain_digits(text).parse().map_err(|_| Wrong::new("DATE", format!("{text:?} is no date"), right.clone()))?;
    let written = date.to_string();
    if date > today {
        let calendar = if written.as_str() >= BIKRAM_SAMBAT_FROM { "; is it Bikram Sambat?" } else { "" };
        return Err(Wrong::new("DATE", format!("{text} is ahead of today{calendar}"), right));
    }
    if written.as_str() < FIRST_YEAR {
        return Err(Wrong::new("DATE", format!("{text} is too long ago"), right));
    }
    Ok(date)
}

/// The digits of a phone with country code; a mobile number of Nepal may come without.
pub(crate) fn phone(text: &str) -> Result<String, Wrong> {
    let plain = plain_digits(text);
    let digits: String = plain.chars().filter(char::is_ascii_digit).collect();
    let is_written_well = plain.chars().all(|letter| letter.is_ascii_digit() || " +-()".contains(letter));
    if !is_written_well || !(8..=15).contains(&digits.len()) {
        let right = "a phone like +977 9848000001 or 9848000001";
        return Err(Wrong::new("PHONE", format!("{text:?} is no phone"), right));
    }
    let is_local = digits.len() == 10 && digits.starts_with('9') && !plain.contains('+');
    Ok(if is_local { format!("977{digits}") } else { digits })
}

/// A vendor: the prefix of its numbers, or its phone.
pub(crate) fn vendor(text: &str) -> Result<String, Wrong> {
    let is_prefix = (2..=6).contains(&text.len()) && text.bytes().all(|letter| letter.is_ascii_alphabetic());
    if is_prefix {
        return Ok(text.to_ascii_uppercase());
    }
    phone(text).map_err(|_| Wrong::new("VENDOR", format!("{text:?} names no vendor"), "its number prefix or its phone"))
}

/// Whole days, or another count.
pub(crate) fn whole_number(text: &str, least: i64, most: i64) -> Result<i64, Wrong> {
    let number = plain_digits(text).parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| Wrong::new("NUMBER", format!("{text:?} is not accepted"), format!("{least} to {most}")))
}

/// A number of units, which may be grouped by thousands or lakhs.
pub(crate) fn units(text: &str, least: i64) -> Result<i64, Wrong> {
    let number = ungrouped(&plain_digits(text)).and_then(|plain| plain.parse().ok());
    let number = number.filter(|number| (least..=1_000_000_000).contains(number));
    number.ok_or_else(|| {
        Wrong::new("NUMBER", format!("{text:?} is no number of units"), format!("whole units, {least} or more"))
    })
}

/// Yes or no, in the words of a spreadsheet.
pub(crate) fn yes_or_no(text: &str) -> Result<bool, Wrong> {
    match plain_digits(text).to_lowercase().as_str() {
        "yes" | "y" | "true" | "1" | "छ" | "हो" => Ok(true),
        "no" | "n" | "false" | "0" | "छैन" | "होइन" => Ok(false),
        _ => Err(Wrong::new("WORD", format!("{text:?} is neither yes nor no"), "yes or no")),
    }
}

/// A percentage with at most two decimals, which are basis points.
pub(crate) fn percent(text: &str, most: Rate) -> Result<Rate, Wrong> {
    let right = format!("a percentage from 0 to {} with at most two decimals", most.basis_points() / 100);
    let plain = plain_digits(text.trim_end_matches('%').trim_end());
    let rate = plain.parse::<Money>().ok().and_then(|rate| u32::try_from(rate.paisa()).ok());
    let rate = rate.map(Rate::from_basis_points).filter(|rate| *rate <= most);
    rate.ok_or_else(|| Wrong::new("PERCENT", format!("{text:?} is not accepted"), right))
}

/// A text of so many characters.
pub(crate) fn text(text: &str, most: usize) -> Result<String, Wrong> {
    if text.chars().count() > most {
        return Err(Wrong::new("TEXT", "the text is too long", format!("at most {most} characters")));
    }
    Ok(text.to_owned())
}

/// One of the words of an enum, in any case.
pub(crate) fn word<T: std::str::FromStr>(text: &str, all: &[impl ToString]) -> Result<T, Wrong> {
    let words = || all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let found = text.to_uppercase().parse();
    found.map_err(|_| Wrong::new("WORD", format!("{text:?} is not known here"), format!("one of {}", words())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rupees(text: &str) -> String {
        amount(text).map_or_else(|wrong| wrong.reason, |amount| amount.to_string())
    }

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, meant) in [
            ("5000", "5000.00"),
            ("5000.5", "5000.50"),
            ("1,00,000.00", "100000.00"),
            ("1,234,567.89", "1234567.89"),
            ("12,34,567", "1234567.00"),
            ("१,२०,०००.५०", "120000.50"),
            ("999", "999.00"),
            ("0.01", "0.01"),
        ] {
            assert_eq!(rupees(text), meant);
        }
    }

    #[test]
    fn what_is_no_amount_is_refused_with_its_reason() {
        for (text, reason) in [
            ("5.125", "more than two decimals"),
            ("-5", "negative"),
            ("-1,000", "negative"),
            ("0", "zero"),
            ("0.00", "zero"),
            ("1e5", "scientific"),
            ("1.5E+3", "scientific"),
            ("99999999999999999999", "too large"),
            ("10,00,00,00,000.01", "too large"),
            ("5,50", "commas"),
            ("1,0000", "commas"),
            ("1,00,00", "commas"),
            ("1,000,00,000", "commas"),
            (",100", "commas"),
            ("5.000,50", "commas"),
            ("Rs 500", "no amount"),
            ("5 000", "no amount"),
            ("५००१.", "no amount"),
            ("+5", "no amount"),
        ] {
            assert!(rupees(text).contains(reason), "{text}: {}", rupees(text));
        }
    }

    #[test]
    fn dates_lie_between_the_first_year_and_today() {
        let today: BusinessDate = "2026-01-01".parse().unwrap();
        let said = |text| date(text, today).map_or_else(|wrong| wrong.reason, |date| date.to_string());
        assert_eq!(said("2025-12-31"), "2025-12-31");
        assert_eq!(said("२०२५-१२-३१"), "2025-12-31");
        assert!(said("2026-01-02").ends_with("is ahead of today"));
        assert!(said("2082-05-12").ends_with("is it Bikram Sambat?"));
        assert!(said("1999-12-31").ends_with("too long ago"));
        for text in ["31/12/2025", "2025-2-3", "2025-02-30", "45943"] {
            assert!(said(text).ends_with("is no date"), "{text}");
        }
    }

    #[test]
    fn phones_and_vendors_are_found_however_they_are_written() {
        for text in ["9848011111", "+977 9848-011111", "977 (984) 8011111", "९८४८०१११११"] {
            assert_eq!(phone(text).unwrap(), "9779848011111", "{text}");
        }
        assert!(phone("98480").is_err() && phone("call Ram").is_err() && phone("9848011111; 2").is_err());
        assert_eq!(
            (vendor("crp").unwrap(), vendor("9858012345").unwrap()),
            ("CRP".to_owned(), "9779858012345".to_owned())
        );
        assert!(vendor("Chaulagain").is_err());
    }

    #[test]
    fn units_are_whole_and_yes_is_said_in_many_ways() {
        for (text, meant) in [("0", 0), ("१,००,०००", 100_000), ("1,234", 1_234), ("12", 12)] {
            assert_eq!(units(text, 0).unwrap(), meant, "{text}");
        }
        for text in ["0", "-1", "1.5", "1,2", "", "many", "2000000000"] {
            assert!(units(text, 1).is_err(), "{text}");
        }
        assert_eq!(["Yes", "छैन", "TRUE", "०"].map(|text| yes_or_no(text).unwrap()), [true, false, true, false]);
        assert!(yes_or_no("maybe").is_err());
    }

    #[test]
    fn what_a_spreadsheet_would_compute_is_a_formula() {
        for text in ["=1+1", "=SUM(A1:A3)", "@SUM(1)", "+A1", "-B2*3"] {
            assert!(is_formula(text), "{text}");
        }
        for text in ["+977 9848011111", "-500", "Ram = Sita", "", "CRP-17"] {
            assert!(!is_formula(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_amount_is_read_back_from_what_people_see(paisa in 1_i64..=1_000_000_000_000) {
            let money = Money::from_paisa(paisa);
            prop_assert_eq!(amount(&money.to_string()), Ok(money));
            prop_assert_eq!(amount(money.for_people().trim_start_matches("Rs. ")), Ok(money));
        }

        #[test]
        fn nothing_that_is_typed_makes_it_panic(text in "[0-9,.eE+०-९ -]{0,24}") {
            let _ = (amount(&text), phone(&text), percent(&text, Rate::from_basis_points(5_000)));
            let _ = date(&text, "2026-01-01".parse().unwrap());
        }
    }
}
