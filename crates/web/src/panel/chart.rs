//! Pictures as inline SVG. Colours come from the style sheet; the numbers stand beside each picture as text or a table.

use std::fmt::Write as _;

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

/// So many columns keep their names on a small screen.
const FEW: usize = 3;

/// Columns side by side. The largest is as high as the picture.
pub fn columns(title: &str, parts: &[Part<'_>]) -> Markup {
    let most = parts.iter().map(|part| part.amount).max().unwrap_or(Money::ZERO);
    let width = STEP.saturating_mul(i64::try_from(parts.len()).unwrap_or(0));
    let class = if parts.len() > FEW { "columns" } else { "columns few" };
    html! {
        figure.chart {
            svg viewBox={ "0 0 " (width) " " (HEIGHT + 60) } role="img" aria-label=(title) class=(class) {
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

/// A place on a line.
#[derive(Clone, Debug)]
pub struct Point {
    /// How far to the right it stands; only differences count.
    pub at: i64,
    /// How high it stands.
    pub height: i64,
    /// What it is called where it is named: the first and the last are.
    pub label: String,
}

/// A line through points from left to right, between a lowest and a highest value that are named beside it. It keeps its
/// height until the next point, as what is true until something changes does.
pub fn line(title: &str, described: &str, (low, high): (i64, i64), points: &[Point]) -> Markup {
    let first = points.first().map_or(0, |point| point.at);
    let span = points.last().map_or(1, |point| point.at.saturating_sub(first)).max(1);
    let x = |at: i64| 40 + at.saturating_sub(first).saturating_mul(920) / span;
    let y = |height: i64| {
        let share = height.clamp(low, high).saturating_sub(low).saturating_mul(HEIGHT);
        20 + HEIGHT - share / high.saturating_sub(low).max(1)
    };
    let mut path = String::new();
    for point in points {
        let way = if path.is_empty() { format!("M{}", x(point.at)) } else { format!(" H{}", x(point.at)) };
        let up = if path.is_empty() { " " } else { " V" };
        let _ = write!(path, "{way}{up}{}", y(point.height));
    }
    html! {
        figure.chart {
            svg viewBox={ "0 0 1000 " (HEIGHT + 60) } role="img" class="columns" {
                title { (title) }
                desc { (described) }
                @for value in [low, high] {
                    line class="axis" x1="40" x2="960" y1=(y(value)) y2=(y(value)) {}
                    text class="value" x="36" y=(y(value) + 6) text-anchor="end" { (value) }
                }
                path class="drawn" d=(path) {}
                @if let Some(last) = points.last() {
                    circle class="end" cx=(x(last.at)) cy=(y(last.height)) r="6" {}
                }
                @if let [first, .., last] = points {
                    text class="name" x="40" y=(HEIGHT + 50) { (first.label) }
                    text class="name" x="960" y=(HEIGHT + 50) text-anchor="end" { (last.label) }
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
    fn a_line_stays_in_its_frame_and_goes_on_level() {
        let point = |at, height| Point { at, height, label: format!("day {at}") };
        let shown = line("Score", "<up>", (300, 900), &[point(5, 300), point(10, 600), point(15, 2_000)]).into_string();
        assert!(shown.contains("M40 180 H500 V100 H960 V20"), "{shown}");
        assert!(shown.contains("<title>Score</title><desc>&lt;up&gt;</desc>") && shown.contains("day 15"), "{shown}");
        let one = line("Score", "", (300, 900), &[point(5, 600)]).into_string();
        assert!(one.contains("M40 100") && !one.contains("day 5"), "{one}");
        assert!(line("Score", "", (0, 0), &[]).into_string().contains("d=\"\""));
    }

    #[test]
    fn large_amounts_are_short() {
        let of = |rupees: i64| short(Money::from_rupees(rupees).unwrap());
        assert_eq!((of(950), of(12_340), of(125_000)), ("950".to_owned(), "12.3k".to_owned(), "1.2L".to_owned()));
    }
}
