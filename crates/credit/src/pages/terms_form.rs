//! Settlement terms as people type them: `15:5, 30:2` is five percent through day 15, then two through day 30.

use kernel::{Money, Rate};
use maud::{Markup, html};
use web::panel::{Errors, Fields, Form, PageLanguage};

use super::sheet::Now;
use super::words::Say;
use crate::terms::{Discount, SettlementTerms};

/// A percentage in hundredths is its basis points, which is how an amount in rupees counts its paisa.
fn rate_of(percent: &str) -> Option<Rate> {
    let hundredths: Money = percent.trim().trim_end_matches('%').trim().parse().ok()?;
    u32::try_from(hundredths.paisa()).ok().map(Rate::from_basis_points)
}

fn percent(rate: Rate) -> String {
    let basis_points = rate.basis_points();
    match (basis_points / 100, basis_points % 100) {
        (whole, 0) => whole.to_string(),
        (whole, hundredths) => format!("{whole}.{hundredths:02}"),
    }
}

fn discounts_of(text: &str) -> Option<Vec<Discount>> {
    let rows = text.split(',').map(str::trim).filter(|row| !row.is_empty());
    rows.map(|row| {
        let (day, percent) = row.split_once(':')?;
        Some(Discount { through_day: day.trim().parse().ok()?, rate: rate_of(percent)? })
    })
    .collect()
}

/// What the fields begin with.
pub(super) fn known(terms: &SettlementTerms) -> Fields {
    let rows: Vec<String> =
        terms.discounts.iter().map(|row| format!("{}:{}", row.through_day, percent(row.rate))).collect();
    Fields::of([
        ("discounts", rows.join(", ")),
        ("interest", percent(terms.late_interest_bp_year)),
        ("graceDays", terms.grace_days.to_string()),
    ])
}

/// Whether the fields began with these terms.
pub(super) fn is_known(terms: &SettlementTerms, began: &Fields) -> bool {
    let now = known(terms);
    ["discounts", "interest", "graceDays"].iter().all(|name| now.text(name) == began.text(name))
}

/// The fields, with what holds now beside them where they are stale.
pub(super) fn controls(form: &Form<'_>, language: PageLanguage, now: Option<&Now<'_>>) -> Markup {
    let say = |say: Say| say.text(language);
    let beside = |name: &str| now.and_then(|now| now.beside(name));
    let discounts = beside("discounts");
    html! {
        h2 { (say(Say::Settlement)) }
        (form.input("discounts", say(Say::DiscountRows), "text", Some(discounts.as_deref().unwrap_or(say(Say::DiscountHint)))))
        (form.input("interest", say(Say::InterestPercent), "decimal", beside("interest").as_deref()))
        (form.input("graceDays", say(Say::GraceDays), "number", beside("graceDays").as_deref()))
    }
}

/// The terms in the fields; nothing where something is wrong with them, which is added to the errors.
pub(super) fn read(fields: &Fields, language: PageLanguage, errors: &mut Errors) -> Option<SettlementTerms> {
    let discounts = discounts_of(fields.text("discounts"));
    if discounts.is_none() {
        errors.add("discounts", Say::WrongDiscounts.text(language));
    }
    let interest = fields.filled("interest").map_or(Some(Rate::ZERO), rate_of);
    if interest.is_none() {
        errors.add("interest", Say::WrongPercent.text(language));
    }
    let grace_days = fields.number("graceDays", language, errors).unwrap_or(0);
    Some(SettlementTerms { discounts: discounts?, late_interest_bp_year: interest?, grace_days })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_read_back_the_way_they_are_shown() {
        let fields = Fields::of([
            ("discounts", "15:5, 30 : 2.5%".to_owned()),
            ("interest", "10".to_owned()),
            ("graceDays", "3".to_owned()),
        ]);
        let mut errors = Errors::default();
        let terms = read(&fields, PageLanguage::English, &mut errors).unwrap();
        let row = |through_day, rate| Discount { through_day, rate: Rate::from_basis_points(rate) };
        assert_eq!(terms.discounts, vec![row(15, 500), row(30, 250)]);
        assert_eq!((terms.late_interest_bp_year.basis_points(), terms.grace_days), (1_000, 3));
        assert_eq!(known(&terms).text("discounts"), "15:5, 30:2.50");
        assert_eq!(read(&known(&terms), PageLanguage::English, &mut errors), Some(terms));
        assert!(errors.is_empty());
    }

    #[test]
    fn what_is_no_terms_is_said_beside_its_field() {
        for (name, value) in [("discounts", "fifteen"), ("discounts", "15:-5"), ("interest", "1.005")] {
            let mut errors = Errors::default();
            assert_eq!(read(&Fields::of([(name, value.to_owned())]), PageLanguage::Nepali, &mut errors), None);
            assert_eq!(errors.texts().count(), 1, "{name}={value}");
        }
    }
}
