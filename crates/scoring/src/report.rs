//! A score as people read it: with its inputs, in sentences, with what changed and what would help.

use db::{DbError, Tx};
use kernel::{BusinessDate, Instant, Money, RetailerId, div_half_even};
use parties::Language;
use serde::Serialize;

use crate::help::{Step, what_would_help};
use crate::rules::{Band, Component, Facts, Score, UNIT, points};
use crate::store::{self, Past};
use crate::words;

/// A component of a score.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComponentReport {
    /// Which.
    pub component: Component,
    /// Percent of the score.
    pub weight: i64,
    /// 0 to 1, with six places.
    pub value: f64,
    /// What it adds to 300, with two places.
    pub points: f64,
    /// The most that it adds.
    pub most_points: i64,
    /// What it was computed from.
    pub inputs: serde_json::Value,
    /// All of it in one sentence.
    pub sentence: String,
    /// Thousandths of its bar that are filled.
    #[serde(skip)]
    pub(crate) thousandths: i64,
}

/// What changed in a component since the score before.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComponentChange {
    /// Which.
    pub component: Component,
    /// Points that it gained; negative where it lost.
    pub points: f64,
    /// The same in words.
    pub sentence: String,
}

/// What changed since the score before.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The day of that score.
    pub since: BusinessDate,
    /// What it was.
    pub score_before: i64,
    /// What changed; components that did not are left out.
    pub components: Vec<ComponentChange>,
}

/// Something that would raise the score.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HelpReport {
    /// What to do.
    pub step: Step,
    /// Points that it would add today.
    pub points: f64,
    /// The score after it.
    pub score_after: i64,
    /// The same in words.
    pub sentence: String,
}

/// A score with its reasons.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Whose it is.
    pub retailer_id: RetailerId,
    /// The day whose score it is.
    pub on: BusinessDate,
    /// 300 to 900.
    pub score: i64,
    /// What that means.
    pub band: Band,
    /// Whether there is no cycle to judge by yet.
    pub thin: bool,
    /// The score and its band in words.
    pub sentence: String,
    /// What it is made of.
    pub components: Vec<ComponentReport>,
    /// What changed since the score before; none where there is none.
    pub changes: Option<Change>,
    /// What would raise it, the most first.
    pub what_would_help: Vec<HelpReport>,
    /// When it was computed; none where it was computed for this answer.
    pub computed_at: Option<Instant>,
}

/// A number of units with so many places, as JSON writes it.
fn number(units: i128, places: u32) -> f64 {
    let one = 10_i128.saturating_pow(places);
    let scaled = units.checked_mul(one).and_then(|scaled| div_half_even(scaled, UNIT.into())).unwrap_or(0);
    let (whole, rest) = (scaled.saturating_abs().checked_div(one), scaled.saturating_abs().checked_rem(one));
    let sign = if scaled < 0 { "-" } else { "" };
    let text = format!(
        "{sign}{}.{:0width$}",
        whole.unwrap_or(0),
        rest.unwrap_or(0),
        width = usize::try_from(places).unwrap_or(2)
    );
    text.parse().unwrap_or_default()
}

/// A component's value with six places, and its points with two.
pub(crate) fn value_shown(component: Component, value: i64) -> (f64, f64) {
    (number(value.into(), 6), number(points(component, value), 2))
}

/// Units with two places, as people read them.
pub(crate) fn shown(units: i128) -> String {
    let number = number(units, 2);
    format!("{number}")
}

fn inputs(component: Component, facts: &Facts) -> serde_json::Value {
    match component {
        Component::PaymentHistory => {
            let (rated, on_time) = facts.rated_and_on_time();
            let open: Vec<_> = facts.open.iter().filter(|cycle| facts.counts(cycle)).collect();
            serde_json::json!({ "rated": rated, "onTime": on_time, "ended": facts.ended, "open": open })
        }
        Component::DebtRatio => serde_json::json!({ "limit": facts.limit, "outstanding": facts.outstanding }),
        Component::OrderVolume => serde_json::json!({ "delivered": facts.delivered }),
        Component::AccountAge => serde_json::json!({ "firstDelivery": facts.first_delivery, "days": facts.age() }),
    }
}

fn components(facts: &Facts, score: &Score, language: Language) -> Vec<ComponentReport> {
    let component = |component: Component| {
        let (value, points) = value_shown(component, score.value(component));
        ComponentReport {
            component,
            weight: component.weight(),
            value,
            points,
            most_points: component.most_points(),
            inputs: inputs(component, facts),
            sentence: words::component(language, component, facts, score),
            thousandths: score.value(component) / (UNIT / 1_000),
        }
    };
    Component::ALL.map(component).into()
}

fn changes(score: &Score, before: &Past, language: Language) -> Change {
    let change = |component: Component| {
        let of = |score: &Score| points(component, score.value(component));
        let gained = of(score).saturating_sub(of(&before.score));
        let sentence = words::change(language, component, gained);
        (component, number(gained, 2), sentence)
    };
    let components = Component::ALL.map(change).into_iter().filter(|(_, points, _)| points.abs() >= 0.01);
    let components =
        components.map(|(component, points, sentence)| ComponentChange { component, points, sentence }).collect();
    Change { since: before.on, score_before: before.score.score, components }
}

fn told(
    retailer_id: RetailerId,
    (facts, score): (&Facts, &Score),
    before: Option<&Past>,
    language: Language,
    computed_at: Option<Instant>,
) -> Report {
    let help = what_would_help(facts).into_iter().map(|help| HelpReport {
        points: number(help.gain, 2),
        score_after: help.score,
        sentence: words::help(language, &help),
        step: help.step,
    });
    Report {
        retailer_id,
        on: facts.on,
        score: score.score,
        band: score.band(),
        thin: score.is_thin,
        sentence: words::score(language, score),
        components: components(facts, score, language),
        changes: before.map(|before| changes(score, before, language)),
        what_would_help: help.collect(),
        computed_at,
    }
}

/// A retailer's score as it is kept, with its reasons; none before it was computed first. Two statements.
pub async fn report(tx: &mut Tx, retailer: RetailerId, language: Language) -> Result<Option<Report>, DbError> {
    let Some(kept) = store::kept(tx, &[retailer]).await?.remove(&retailer) else { return Ok(None) };
    let before = store::before(tx, &[retailer], kept.facts.on).await?.remove(&retailer);
    Ok(Some(told(retailer, (&kept.facts, &kept.score), before.as_ref(), language, Some(kept.at))))
}

/// A retailer's score by the end of a day, computed from the records, with its reasons. Eight statements.
pub async fn report_on(
    tx: &mut Tx,
    retailer: RetailerId,
    on: BusinessDate,
    language: Language,
) -> Result<Report, DbError> {
    let (facts, score) = crate::score::score_on(tx, retailer, on).await?;
    let before = store::before(tx, &[retailer], on).await?.remove(&retailer);
    Ok(told(retailer, (&facts, &score), before.as_ref(), language, None))
}

/// What of a whole a part is, in percent, rounded half to even; nothing of nothing.
pub(crate) fn percent(part: Money, whole: Money) -> i64 {
    let numerator = i128::from(part.paisa()).saturating_mul(100);
    div_half_even(numerator, whole.paisa().into()).and_then(|share| share.try_into().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_shown_with_the_places_that_they_have() {
        let unit = i128::from(UNIT);
        assert_eq!(
            [unit * 180, unit * 3 / 4, -unit * 5 / 2, unit / 3, 0].map(shown),
            ["180", "0.75", "-2.5", "0.33", "0"]
        );
        assert!((number(i128::from(UNIT) * 2 / 3, 6) - 0.666_667).abs() < 1e-12);
    }
}
