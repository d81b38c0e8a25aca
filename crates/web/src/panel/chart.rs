//! Pictures as inline SVG. Colours come from the style sheet; the numbers stand beside each picture as text or a table.

use kernel::Money;
use maud::{Markup, html};

/// What is drawn of one thing.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// What it is called.
    pub label: &'a str,
    /// How much it is; what is negative is drawn as nothing.
    pub amount: Money,
    /// The class that colours it.
    pub class: &'static str,
}

/// A share of a length, rounded down; zero of nothing.
fn share(amount: Money, whole: Money, length: i64) -> i64 {
    if !whole.is_positive() {
        return 0;
    }
    let scaled = amount.or_zero().min(whole).scaled(i128::from(length), i128::from(whole.paisa()));
    scaled.map_or(length, Money::paisa)
}

/// One bar of parts side by side, against a whole, with its legend.
pub fn bar(title: &str, whole: Money, parts: &[Part<'_>]) -> Markup {
    let shares = parts.iter().map(|part| Share {
        label: part.label,
        class: part.class,
        width: share(part.amount, whole, FULL),
        shown: part.amount.for_people(),
    });
    stack(title, &shares.collect::<Vec<_>>())
}

/// The width of a bar.
const FULL: i64 = 1_000;

/// A part of a bar.
#[derive(Clone, Debug)]
pub struct Share<'a> {
    /// What it is called.
    pub label: &'a str,
    /// The class that colours it.
    pub class: &'static str,
    /// Thousandths of the bar; what does not fit is cut.
    pub width: i64,
    /// What stands beside its name.
    pub shown: String,
}

/// One bar of parts side by side, with its legend.
pub fn stack(title: &str, parts: &[Share<'_>]) -> Markup {
    let drawn = parts.iter().scan(0_i64, |at, part| {
        let (x, width) = (*at, part.width.clamp(0, FULL.saturating_sub(*at)));
        *at = x.saturating_add(width);
        Some((part, x, width))
    });
    html! {
        figure.chart {
            svg viewBox="0 0 1000 40" preserveAspectRatio="none" role="img" aria-label=(title) class="bar" {
                rect class="track" x="0" y="0" width=(FULL) height="40" {}
                @for (part, x, width) in drawn {
                    rect class=(part.class) x=(x) y="0" width=(width) height="40" {}
                }
            }
            figcaption.legend {
                @for part in parts {
                    span.key { span class={ "dot " (part.class) } {} (part.label) " " strong { (part.shown) } }
                }
            }
        }
    }
}

/// The height of the columns, and the width of one with its gap.
const HEIGHT: i64 = 160;
const STEP: i64 = 120;

/// Columns side by side. The largest is as high as the picture.
pub fn columns(title: &str, parts: &[Part<'_>]) -> Markup {
    let most = parts.iter().map(|part| part.amount).max().unwrap_or(Money::ZERO);
    let width = STEP.saturating_mul(i64::try_from(parts.len()).unwrap_or(0));
    html! {
        figure.chart {
            svg viewBox={ "0 0 " (width) " " (HEIGHT + 60) } role="img" aria-label=(title) class="columns" {
                line class="axis" x1="0" x2=(width) y1=(HEIGHT + 26) y2=(HEIGHT + 26) {}
                @for (x, part) in (0..).step_by(120).zip(parts) {
                    @let height = share(part.amount, most, HEIGHT);
                    rect class=(part.class) x=(x + 16) y=(HEIGHT + 26 - height) width=(STEP - 32) height=(height) rx="4" {}
                    text class="value" x=(x + 60) y=(HEIGHT + 18 - height) text-anchor="middle" { (short(part.amount)) }
                    text class="name" x=(x + 60) y=(HEIGHT + 48) text-anchor="middle" { (part.label) }
                }
            }
        }
    }
}

/// An amount in a few letters: whole rupees, thousands or lakhs with one place.
fn short(amount: Money) -> String {
    let rupees = amount.or_zero().paisa() / 100;
    let one_place = |unit: i64, name: &str| format!("{}.{}{name}", rupees / unit, rupees % unit * 10 / unit);
    match rupees {
        ..1_000 => rupees.to_string(),
        1_000..100_000 => one_place(1_000, "k"),
        100_000.. => one_place(100_000, "L"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_never_leave_the_picture() {
        let of = |amount, whole| share(Money::from_paisa(amount), Money::from_paisa(whole), 1_000);
        assert_eq!((of(25, 100), of(0, 100), of(-5, 100), of(300, 100), of(5, 0)), (250, 0, 0, 1_000, 0));
        assert_eq!(of(i64::MAX, i64::MAX), 1_000);
    }

    #[test]
    fn a_bar_is_never_wider_than_its_track() {
        let part = |amount| Part { label: "x", amount: Money::from_paisa(amount), class: "one" };
        let shown = bar("Used", Money::from_paisa(100), &[part(80), part(50)]).into_string();
        assert!(
            shown.contains("x=\"0\" y=\"0\" width=\"800\"") && shown.contains("x=\"800\" y=\"0\" width=\"200\""),
            "{shown}"
        );
    }

    #[test]
    fn large_amounts_are_short() {
        let of = |rupees: i64| short(Money::from_rupees(rupees).unwrap());
        assert_eq!((of(950), of(12_340), of(125_000)), ("950".to_owned(), "12.3k".to_owned(), "1.2L".to_owned()));
    }
}
