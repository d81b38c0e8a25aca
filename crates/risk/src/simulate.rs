//! What-if over all retailers: their histories are read in sets and played twice, with the rules that are asked for and
//! with those in force.

use std::collections::BTreeMap;

use db::{Db, DbError};
use kernel::{BusinessDate, Instant, RetailerId};
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::rules::{BadShape, Category, Rules};
use crate::store;
use crate::what_if::{History, Outcome, play};

/// Retailers of a set.
const SET: i64 = 200;
/// The usual and the longest span, in days.
const USUAL_DAYS: i64 = 180;
const MOST_DAYS: i64 = 1_100;
/// Days before the span whose orders say what is usual.
const BASELINE_DAYS: i64 = 36;
/// Retailers that are listed, those first on whom the rules would have worked most.
const LISTED: usize = 200;

/// What is to be played.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WhatIf {
    /// The rules by category, each with the values that `PUT risk-control/rules/{category}` takes; what is left out is
    /// as it is by default.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub rules: BTreeMap<String, serde_json::Value>,
    /// The first day; 180 days before the last where it is left out.
    #[serde(default)]
    pub from: Option<BusinessDate>,
    /// The last day; today where it is left out.
    #[serde(default)]
    pub to: Option<BusinessDate>,
    /// Only this retailer.
    #[serde(default)]
    pub retailer_id: Option<RetailerId>,
}

/// A month under both sets of rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Month {
    /// The month, as `2026-03`.
    pub month: String,
    /// With the rules that were asked for.
    pub asked: Outcome,
    /// With those in force.
    pub in_force: Outcome,
}

/// A retailer on whom the rules would have worked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Touched {
    /// The retailer.
    pub retailer_id: RetailerId,
    /// The shop's name.
    pub name: String,
    /// With the rules that were asked for.
    pub asked: Outcome,
    /// With those in force.
    pub in_force: Outcome,
}

/// What the rules would have done, beside what those in force would have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Played {
    /// The rules that were asked for.
    pub rules: Rules,
    /// The first day.
    pub from: BusinessDate,
    /// The last day.
    pub to: BusinessDate,
    /// Retailers that were played.
    pub retailers: i64,
    /// Altogether, with the rules that were asked for.
    pub asked: Outcome,
    /// Altogether, with those in force.
    pub in_force: Outcome,
    /// By month.
    pub months: Vec<Month>,
    /// How many retailers either would have worked on.
    pub touched_count: i64,
    /// The first 200 of them, those with most stopped, paused and cut first.
    pub touched: Vec<Touched>,
}

/// Plays rules over the stored history. Nothing is done. Five statements for each 200 retailers.
///
/// # Errors
///
/// The database cannot be read; the inner error says which member is wrong.
pub async fn simulate(db: &Db, asked: WhatIf, now: Instant) -> Result<Result<Played, Refusal>, DbError> {
    let today = now.business_date();
    let to = asked.to.unwrap_or(today);
    let from = asked.from.unwrap_or_else(|| to.plus_days(USUAL_DAYS.saturating_neg()));
    if to > today {
        return Ok(Err(Refusal::Field { field: "to", right: "today or earlier" }));
    }
    if !(0..=MOST_DAYS).contains(&to.days_since(from)) {
        return Ok(Err(Refusal::Field { field: "from", right: "up to 1100 days before the last day" }));
    }
    let rules = match asked_rules(asked.rules) {
        Ok(rules) => rules,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let in_force = db.read(async |tx| store::rules(tx).await).await?.rules;
    let mut whole = Played {
        rules,
        from,
        to,
        retailers: 0,
        asked: Outcome::default(),
        in_force: Outcome::default(),
        months: Vec::new(),
        touched_count: 0,
        touched: Vec::new(),
    };
    let mut months: BTreeMap<String, (Outcome, Outcome)> = BTreeMap::new();
    let mut after = None;
    loop {
        let only = asked.retailer_id;
        let set = db.read(async move |tx| match only {
            Some(id) => Ok(parties::retailers(tx, &[id]).await?.into_keys().collect()),
            None => parties::active_ids(tx, after, SET).await,
        });
        let set: Vec<RetailerId> = set.await?;
        let Some(last) = set.last().copied() else { break };
        after = Some(last);
        let histories = db.read::<_, DbError, _>(async move |tx| {
            let past = credit::past(tx, &set, from).await?;
            let begun = from.plus_days(BASELINE_DAYS.saturating_neg()).start();
            let placed = orders::placed_days(tx, &set, begun, to.plus_days(1).start()).await?;
            let names = parties::retailers(tx, &set).await?;
            Ok((past, placed, names))
        });
        let (past, placed, names) = histories.await?;
        for (id, past) in past {
            let placed = placed.get(&id).cloned().unwrap_or_default();
            let history = History { past: &past, placed: &placed, today };
            let both = [&whole.rules, &in_force].map(|rules| play(history, rules, from, to));
            let name = names.get(&id).map(|retailer| retailer.name.clone()).unwrap_or_default();
            whole.count(Touched { retailer_id: id, name, asked: sum(&both[0]), in_force: sum(&both[1]) });
            let [asked, in_force] = both;
            for (month, outcome) in asked {
                months.entry(month).or_default().0.add(&outcome);
            }
            for (month, outcome) in in_force {
                months.entry(month).or_default().1.add(&outcome);
            }
        }
        if only.is_some() {
            break;
        }
    }
    whole.months = months.into_iter().map(|(month, (asked, in_force))| Month { month, asked, in_force }).collect();
    whole.shorten(LISTED);
    Ok(Ok(whole))
}

fn asked_rules(asked: BTreeMap<String, serde_json::Value>) -> Result<Rules, Refusal> {
    let mut rules = Rules::default();
    for (name, rule) in asked {
        let field = format!("rules.{name}");
        let Ok(category) = name.parse::<Category>() else {
            return Err(BadShape { field, why: "a category of risk-control/rules".to_owned() }.into());
        };
        rules.set(category, rule).map_err(|bad| {
            let member = bad.field.trim_start_matches("rule");
            BadShape { field: format!("{field}{member}"), why: bad.why }
        })?;
    }
    rules.checked()?;
    Ok(rules)
}

fn sum(months: &BTreeMap<String, Outcome>) -> Outcome {
    let mut all = Outcome::default();
    for month in months.values() {
        all.add(month);
    }
    all
}

impl Played {
    fn count(&mut self, retailer: Touched) {
        self.retailers = self.retailers.saturating_add(1);
        self.asked.add(&retailer.asked);
        self.in_force.add(&retailer.in_force);
        if retailer.asked.is_nothing() && retailer.in_force.is_nothing() {
            return;
        }
        self.touched_count = self.touched_count.saturating_add(1);
        self.touched.push(retailer);
        if self.touched.len() >= LISTED.saturating_mul(8) {
            self.shorten(LISTED);
        }
    }

    fn shorten(&mut self, most: usize) {
        let weight = |touched: &Touched| {
            let of = |outcome: &Outcome| (outcome.stopped_amount, outcome.paused_days, outcome.cuts);
            of(&touched.asked).max(of(&touched.in_force))
        };
        self.touched.sort_by(|a, b| weight(b).cmp(&weight(a)).then_with(|| a.retailer_id.cmp(&b.retailer_id)));
        self.touched.truncate(most);
    }
}
