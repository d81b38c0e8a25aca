//! Bikram Sambat, the calendar that people in Nepal live by: for display beside the Gregorian date, and for days that are
//! named by it. Pure.
//!
//! Its months have no rule. The sun's way decides their lengths and the Panchanga Nirnayak Samiti publishes them a year
//! ahead, so there is a table, and outside of it there is no such date: whoever shows one shows the Gregorian date alone.
//!
//! The table is that of the npm package bikram-sambat 1.8.1 (medic/bikram-sambat). Its years 2000 to 2083 were compared
//! with the PyPI packages nepali-datetime 1.0.8.5, nepali 1.2.0, bikram 2.1.4, bsdatetime 1.0.1 and django-bikram-sambat
//! 0.4.0, and with npm's nepali-date-converter 3.4.0. They agree but for three years: 2062, whose first two months are 31
//! and 31 days in half of them; 2082 in an old `bikram`, and 2083 in an old `bsdatetime`, both since corrected elsewhere
//! after the printed calendars. 2084 is as most of them and Hamro Patro have it, and is to be looked at again when it is
//! published; from 2085 on they all part, so the table ends there.

use std::fmt;

use crate::BusinessDate;

/// The first year of the table, and the Gregorian day on which it begins.
const FIRST_YEAR: i16 = 2000;
const BEGINS: (i16, i8, i8) = (1943, 4, 14);

/// Days of the months, year by year.
const MONTHS: &[[u8; 12]] = &[
    [30, 32, 31, 32, 31, 30, 30, 30, 29, 30, 29, 31],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 31, 32, 32, 31, 30, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 29, 30, 31],
    [30, 32, 31, 32, 31, 30, 30, 30, 29, 30, 29, 31],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 31, 32, 32, 31, 30, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 29, 30, 31],
    [31, 31, 31, 32, 31, 31, 29, 30, 30, 29, 29, 31],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 31, 32, 32, 31, 30, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 29, 30, 31],
    [31, 31, 31, 32, 31, 31, 29, 30, 30, 29, 30, 30],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 31, 32, 32, 31, 30, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 29, 30, 31],
    [31, 31, 31, 32, 31, 31, 29, 30, 30, 29, 30, 30],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 30, 29, 31],
    [31, 31, 31, 32, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 30, 29, 31],
    [31, 31, 31, 32, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 29, 30, 31],
    [30, 32, 31, 32, 31, 30, 30, 30, 29, 30, 29, 31],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 31, 32, 31, 32, 30, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 29, 30, 31],
    [30, 32, 31, 32, 31, 30, 30, 30, 29, 30, 29, 31],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 31, 32, 32, 31, 30, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 29, 30, 31],
    [30, 32, 31, 32, 31, 31, 29, 30, 30, 29, 29, 31],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 31, 32, 32, 31, 30, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 29, 30, 31],
    [31, 31, 31, 32, 31, 31, 29, 30, 30, 29, 30, 30],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 31, 32, 32, 31, 30, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 29, 30, 31],
    [31, 31, 31, 32, 31, 31, 29, 30, 30, 29, 30, 30],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 29, 30, 31],
    [31, 31, 31, 32, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 30, 29, 31],
    [31, 31, 31, 32, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 30, 29, 31],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 31, 32, 31, 32, 30, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 29, 30, 31],
    [30, 32, 31, 32, 31, 30, 30, 30, 29, 30, 29, 31],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 31, 32, 32, 31, 30, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 29, 30, 31],
    [30, 32, 31, 32, 31, 31, 29, 30, 29, 30, 29, 31],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 31, 32, 32, 31, 30, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 29, 30, 31],
    [31, 31, 31, 32, 31, 31, 29, 30, 30, 29, 29, 31],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 31, 32, 32, 31, 30, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 29, 30, 31],
    [31, 31, 31, 32, 31, 31, 29, 30, 30, 29, 30, 30],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 29, 30, 31],
    [31, 31, 31, 32, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 30, 29, 31],
    [31, 31, 31, 32, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 29, 30, 30],
    [31, 32, 31, 32, 31, 30, 30, 30, 29, 30, 29, 31],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 31, 32, 31, 31, 31, 30, 29, 30, 29, 30, 30],
    [31, 31, 32, 31, 31, 30, 30, 30, 29, 30, 30, 30],
];

const NEPALI: [&str; 12] = ["वैशाख", "जेठ", "असार", "साउन", "भदौ", "असोज", "कात्तिक", "मंसिर", "पुस", "माघ", "फागुन", "चैत"];
const ROMAN: [&str; 12] =
    ["Baisakh", "Jeth", "Asar", "Saun", "Bhadau", "Asoj", "Kattik", "Mangsir", "Pus", "Magh", "Phagun", "Chait"];
const ENGLISH: [&str; 12] = [
    "Baisakh", "Jestha", "Asar", "Shrawan", "Bhadra", "Ashwin", "Kartik", "Mangsir", "Poush", "Magh", "Falgun",
    "Chaitra",
];

/// The month with which a fiscal year begins: Shrawan.
const FISCAL_MONTH: u8 = 4;

/// A date of Bikram Sambat that the table knows, written `2082-09-17`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bikram {
    year: i16,
    month: u8,
    day: u8,
}

/// Nepal's fiscal year, from the 1st of Shrawan, written `2082/83`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FiscalYear(i16);

impl Bikram {
    /// The date with this year, month (1 is Baisakh) and day, if the table has it.
    pub fn new(year: i16, month: u8, day: u8) -> Option<Self> {
        let length = lengths(year)?.get(usize::from(month.checked_sub(1)?))?;
        (1..=*length).contains(&day).then_some(Self { year, month, day })
    }

    /// What a day is in Bikram Sambat; none outside the table.
    pub fn of(date: BusinessDate) -> Option<Self> {
        let begins = BusinessDate::new(BEGINS.0, BEGINS.1, BEGINS.2).ok()?;
        let mut left = date.days_since(begins);
        if left < 0 {
            return None;
        }
        let mut year = FIRST_YEAR;
        for lengths in MONTHS {
            let days = lengths.iter().copied().map(i64::from).fold(0, i64::saturating_add);
            if left >= days {
                left = left.saturating_sub(days);
                year = year.saturating_add(1);
                continue;
            }
            for (month, length) in (1_u8..).zip(lengths) {
                if left < i64::from(*length) {
                    let day = u8::try_from(left.saturating_add(1)).ok()?;
                    return Some(Self { year, month, day });
                }
                left = left.saturating_sub(i64::from(*length));
            }
        }
        None
    }

    /// The day that this date is.
    pub fn gregorian(self) -> Option<BusinessDate> {
        let begins = BusinessDate::new(BEGINS.0, BEGINS.1, BEGINS.2).ok()?;
        let years = usize::try_from(self.year.saturating_sub(FIRST_YEAR)).ok()?;
        let months = lengths(self.year)?.iter().take(usize::from(self.month.saturating_sub(1)));
        let whole = MONTHS.iter().take(years).flatten().chain(months);
        let before = whole.copied().map(i64::from).fold(0, i64::saturating_add);
        Some(begins.plus_days(before.saturating_add(i64::from(self.day)).saturating_sub(1)))
    }

    /// The year.
    pub const fn year(self) -> i16 {
        self.year
    }

    /// The month; 1 is Baisakh.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month.
    pub const fn day(self) -> u8 {
        self.day
    }

    /// The first day of the next month, if the table has it.
    pub fn next_month(self) -> Option<Self> {
        match self.month {
            12 => Self::new(self.year.checked_add(1)?, 1, 1),
            month => Self::new(self.year, month.checked_add(1)?, 1),
        }
    }

    /// As it is written in Nepali: `१७ पुस २०८२`.
    pub fn nepali(self) -> String {
        nepali_digits(&self.worded(&NEPALI))
    }

    /// As it is written in romanised Nepali: `17 Pus 2082`.
    pub fn roman(self) -> String {
        self.worded(&ROMAN)
    }

    /// As it is written in English: `17 Poush 2082`.
    pub fn english(self) -> String {
        self.worded(&ENGLISH)
    }

    /// The fiscal year in which it lies.
    pub const fn fiscal_year(self) -> FiscalYear {
        FiscalYear(if self.month < FISCAL_MONTH { self.year.saturating_sub(1) } else { self.year })
    }

    fn worded(self, names: &[&str; 12]) -> String {
        let name = names.get(usize::from(self.month.saturating_sub(1))).copied().unwrap_or_default();
        format!("{} {name} {}", self.day, self.year)
    }
}

fn lengths(year: i16) -> Option<&'static [u8; 12]> {
    MONTHS.get(usize::try_from(year.checked_sub(FIRST_YEAR)?).ok()?)
}

impl fmt::Display for Bikram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Display for FiscalYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:02}", self.0, self.0.saturating_add(1).rem_euclid(100))
    }
}

/// The same text with its digits in Devanagari.
pub fn nepali_digits(text: &str) -> String {
    let nepali = |digit: u32| u32::from('०').checked_add(digit).and_then(char::from_u32);
    text.chars().map(|letter| letter.to_digit(10).and_then(nepali).unwrap_or(letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> BusinessDate {
        text.parse().unwrap()
    }

    #[test]
    fn known_days_are_what_they_were() {
        for (gregorian, bikram) in [
            // New years, from printed calendars.
            ("1943-04-14", (2000, 1, 1)),
            ("2023-04-14", (2080, 1, 1)),
            ("2024-04-13", (2081, 1, 1)),
            ("2025-04-14", (2082, 1, 1)),
            ("2026-04-14", (2083, 1, 1)),
            // The first of the republic's days, the earthquake, the constitution.
            ("2008-05-28", (2065, 2, 15)),
            ("2015-04-25", (2072, 1, 12)),
            ("2015-09-20", (2072, 6, 3)),
            // Democracy day and the 24th of April 2006.
            ("1951-02-18", (2007, 11, 7)),
            ("2006-04-24", (2063, 1, 11)),
            ("2026-01-01", (2082, 9, 17)),
            ("2026-06-24", (2083, 3, 10)),
        ] {
            let (year, month, day) = bikram;
            assert_eq!(Bikram::of(date(gregorian)), Bikram::new(year, month, day), "{gregorian}");
            assert!(Bikram::new(year, month, day).is_some(), "{gregorian}");
        }
    }

    #[test]
    fn every_day_of_the_table_goes_there_and_back() {
        let (mut day, mut at) = (date("1943-04-14"), Bikram::new(2000, 1, 1).unwrap());
        let mut count = 0;
        loop {
            assert_eq!(Bikram::of(day), Some(at));
            assert_eq!(at.gregorian(), Some(day));
            count += 1;
            let next = Bikram::new(at.year, at.month, at.day + 1).or_else(|| at.next_month());
            let Some(next) = next else { break };
            assert!(next > at);
            (day, at) = (day.plus_days(1), next);
        }
        assert_eq!(count, MONTHS.iter().flatten().map(|length| i64::from(*length)).sum::<i64>());
        assert_eq!((day, at.to_string().as_str()), (date("2028-04-12"), "2084-12-30"));
        assert_eq!(Bikram::of(day.plus_days(1)), None);
        assert_eq!(Bikram::of(date("1943-04-13")), None);
    }

    #[test]
    fn every_year_has_the_days_of_a_year() {
        for year in MONTHS {
            assert!((365..=366).contains(&year.iter().map(|length| i64::from(*length)).sum::<i64>()), "{year:?}");
            assert!(year.iter().all(|length| (29..=32).contains(length)), "{year:?}");
        }
    }

    #[test]
    fn dates_that_are_not_there_are_none() {
        for (year, month, day) in [(1999, 1, 1), (2085, 1, 1), (2082, 0, 1), (2082, 13, 1), (2082, 8, 30), (2082, 1, 0)]
        {
            assert_eq!(Bikram::new(year, month, day), None, "{year} {month} {day}");
        }
    }

    #[test]
    fn it_is_written_as_people_write_it() {
        let day = Bikram::of(date("2026-01-01")).unwrap();
        assert_eq!(day.nepali(), "१७ पुस २०८२");
        assert_eq!(day.roman(), "17 Pus 2082");
        assert_eq!(day.english(), "17 Poush 2082");
        assert_eq!(nepali_digits("Rs. 1,00,950.70"), "Rs. १,००,९५०.७०");
    }

    #[test]
    fn a_fiscal_year_begins_with_shrawan() {
        for (day, year) in [
            ("2025-07-16", "2081/82"),
            ("2025-07-17", "2082/83"),
            ("2026-04-13", "2082/83"),
            ("2026-04-14", "2082/83"),
            ("2026-07-16", "2082/83"),
            ("2026-07-17", "2083/84"),
            ("2043-01-01", ""),
        ] {
            let found = Bikram::of(date(day)).map(|day| day.fiscal_year().to_string()).unwrap_or_default();
            assert_eq!(found, year, "{day}");
        }
        assert_eq!(FiscalYear(2099).to_string(), "2099/00");
    }
}
