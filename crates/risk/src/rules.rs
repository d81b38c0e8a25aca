//! The rules that watch over credit: six categories and the weights of the score. Pure: what they may be, and what they
//! say about a retailer.

use db::text_enum;
use routing::Hundredths;
use serde::{Deserialize, Serialize};

/// The most latest cycles that are looked at.
pub(crate) const LATEST_MOST: usize = 10;

text_enum! {
    /// What is ruled.
    pub enum Category {
        /// Limits are cut after delays one after another.
        ConsecutiveDelays = "CONSECUTIVE_DELAYS",
        /// Credit is paused when something is overdue for too long.
        OverdueBlock = "OVERDUE_BLOCK",
        /// A high score is an alert.
        HighRiskScore = "HIGH_RISK_SCORE",
        /// Much more ordered than usual is an alert.
        OrderSpike = "ORDER_SPIKE",
        /// A line that is nearly used up is an alert.
        HighUtilisation = "HIGH_UTILISATION",
        /// What was cut is given back after a clean time.
        LimitRestore = "LIMIT_RESTORE",
        /// The weights of the score's components.
        Weights = "WEIGHTS",
    }
}

/// A rule is not possible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {right}")]
pub struct BadRule {
    /// The member that is wrong.
    pub field: &'static str,
    /// What would be right.
    pub right: &'static str,
}

/// A rule has a member that it does not have, or one of another kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct BadShape {
    /// The member, as `rule.days`.
    pub field: String,
    /// What is wrong with it.
    pub why: String,
}

const fn yes() -> bool {
    true
}

macro_rules! settings {
    ($($(#[$doc:meta])* pub struct $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $usual:expr, $range:expr, $json:literal $right:literal;)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields, default)]
        pub struct $name {
            /// Whether the rule acts.
            #[serde(default = "yes")]
            pub enabled: bool,
            $($(#[$field_doc])* pub $field: $type,)*
        }
        impl Default for $name {
            fn default() -> Self {
                Self { enabled: true, $($field: $usual,)* }
            }
        }
        impl $name {
            fn checked(&self) -> Result<(), BadRule> {
                $(if !$range.contains(&self.$field) {
                    return Err(BadRule { field: $json, right: $right });
                })*
                Ok(())
            }
        }
    )*};
}

settings! {
    /// So many latest cycles paid late, one after another, cut each line's limit, once for each run of delays.
    pub struct ConsecutiveDelays {
        /// Delays; 2 to 10.
        delays: i64 = 3, (2..=10), "delays" "2 to 10 delays";
        /// What is cut, in per cent of the limit; 1 to 90.
        cut_percent: i64 = 25, (1..=90), "cutPercent" "1 to 90 per cent";
    }
    /// Something overdue for more than so many days pauses the retailer's credit.
    pub struct OverdueBlock {
        /// Days overdue that are still allowed; 1 to 365.
        days: i64 = 30, (1..=365), "days" "1 to 365 days";
        /// Whether the pause lifts by itself when its cause is gone.
        lifts_itself: bool = true, [true, false], "liftsItself" "true or false";
    }
    /// A score from here on is an alert.
    pub struct HighRiskScore {
        /// The score; 40 to 100, for below that it is low.
        score: i64 = 70, (40..=100), "score" "40 to 100: below 40 a score is low";
    }
    /// So many times the usual value ordered in 7 days is an alert.
    pub struct OrderSpike {
        /// Times the mean of 7 days over the 28 before; 2 to 100.
        times: i64 = 3, (2..=100), "times" "2 to 100 times";
    }
    /// So much used of all limits is an alert.
    pub struct HighUtilisation {
        /// Per cent of all limits; 50 to 100.
        percent: i64 = 90, (50..=100), "percent" "50 to 100 per cent";
    }
    /// So many days with nothing overdue since the cut give back what was cut.
    pub struct LimitRestore {
        /// Days; 7 to 365.
        days: i64 = 90, (7..=365), "days" "7 to 365 days";
    }
}

/// The weights of the score's components in per cent; together 100.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Weights {
    /// Of the delay.
    pub delay: i64,
    /// Of the utilisation.
    pub utilisation: i64,
    /// Of delays one after another.
    pub consecutive_delays: i64,
    /// Of a spike of orders.
    pub order_spike: i64,
}

impl Default for Weights {
    fn default() -> Self {
        Self { delay: 40, utilisation: 25, consecutive_delays: 20, order_spike: 15 }
    }
}

impl Weights {
    fn checked(&self) -> Result<(), BadRule> {
        let all = [
            ("delay", self.delay),
            ("utilisation", self.utilisation),
            ("consecutiveDelays", self.consecutive_delays),
            ("orderSpike", self.order_spike),
        ];
        if let Some((field, _)) = all.iter().find(|(_, weight)| !(0..=100).contains(weight)) {
            return Err(BadRule { field, right: "0 to 100 per cent" });
        }
        if all.iter().map(|(_, weight)| weight).sum::<i64>() != 100 {
            return Err(BadRule { field: "weights", right: "four weights that are 100 per cent together" });
        }
        Ok(())
    }
}

/// All the rules of a moment. What is left out is as it is by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Rules {
    /// When limits are cut.
    pub consecutive_delays: ConsecutiveDelays,
    /// When credit is paused.
    pub overdue_block: OverdueBlock,
    /// Which score is an alert.
    pub high_risk_score: HighRiskScore,
    /// Which spike of orders is an alert.
    pub order_spike: OrderSpike,
    /// Which utilisation is an alert.
    pub high_utilisation: HighUtilisation,
    /// When what was cut is given back.
    pub limit_restore: LimitRestore,
    /// The weights of the score.
    pub weights: Weights,
}

impl Rules {
    /// The rule of a category as JSON.
    pub fn get(&self, category: Category) -> serde_json::Value {
        let value = match category {
            Category::ConsecutiveDelays => serde_json::to_value(&self.consecutive_delays),
            Category::OverdueBlock => serde_json::to_value(&self.overdue_block),
            Category::HighRiskScore => serde_json::to_value(&self.high_risk_score),
            Category::OrderSpike => serde_json::to_value(&self.order_spike),
            Category::HighUtilisation => serde_json::to_value(&self.high_utilisation),
            Category::LimitRestore => serde_json::to_value(&self.limit_restore),
            Category::Weights => serde_json::to_value(&self.weights),
        };
        value.unwrap_or_default()
    }

    /// Sets the rule of a category from JSON.
    ///
    /// # Errors
    ///
    /// Which member is unknown or of another kind, and what is wrong with it.
    pub fn set(&mut self, category: Category, rule: serde_json::Value) -> Result<(), BadShape> {
        fn read<T: serde::de::DeserializeOwned>(rule: serde_json::Value) -> Result<T, BadShape> {
            if !rule.is_object() {
                return Err(BadShape { field: "rule".to_owned(), why: "an object with the rule's values".to_owned() });
            }
            serde_path_to_error::deserialize(rule).map_err(|error| {
                let path = error.path().to_string();
                let field = if path == "." { "rule".to_owned() } else { format!("rule.{path}") };
                BadShape { field, why: error.into_inner().to_string() }
            })
        }
        match category {
            Category::ConsecutiveDelays => self.consecutive_delays = read(rule)?,
            Category::OverdueBlock => self.overdue_block = read(rule)?,
            Category::HighRiskScore => self.high_risk_score = read(rule)?,
            Category::OrderSpike => self.order_spike = read(rule)?,
            Category::HighUtilisation => self.high_utilisation = read(rule)?,
            Category::LimitRestore => self.limit_restore = read(rule)?,
            Category::Weights => self.weights = read(rule)?,
        }
        Ok(())
    }

    /// Whether the rules can stand beside each other.
    ///
    /// # Errors
    ///
    /// The first member that is out of its range, or that contradicts another.
    pub fn checked(&self) -> Result<(), BadRule> {
        self.consecutive_delays.checked()?;
        self.overdue_block.checked()?;
        self.high_risk_score.checked()?;
        self.order_spike.checked()?;
        self.high_utilisation.checked()?;
        self.limit_restore.checked()?;
        self.weights.checked()
    }

    /// Whether a score is an alert.
    pub(crate) fn is_high(&self, total: Hundredths) -> bool {
        self.high_risk_score.enabled && total >= Hundredths::points(self.high_risk_score.score)
    }

    /// Whether so much of the usual, in hundredths, is an alert.
    pub(crate) fn is_spike(&self, spike: Option<i64>) -> bool {
        self.order_spike.enabled && spike.is_some_and(|spike| spike >= self.order_spike.times.saturating_mul(100))
    }

    /// Whether so much of all limits, in hundredths of a per cent, is an alert.
    pub(crate) const fn is_used_up(&self, utilisation: i64) -> bool {
        self.high_utilisation.enabled && utilisation >= self.high_utilisation.percent.saturating_mul(100)
    }

    /// Whether so many days overdue pause a retailer's credit.
    pub(crate) const fn pauses(&self, worst_overdue_days: i64) -> bool {
        self.overdue_block.enabled && worst_overdue_days > self.overdue_block.days
    }

    /// Whether so many delays one after another cut limits.
    pub(crate) fn cuts(&self, delays: usize) -> bool {
        self.consecutive_delays.enabled && i64::try_from(delays).is_ok_and(|is| is >= self.consecutive_delays.delays)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_as_the_page_of_risk_says_by_default() {
        let rules = Rules::default();
        assert_eq!(rules.checked(), Ok(()));
        assert!(!rules.cuts(2) && rules.cuts(3));
        assert!(!rules.pauses(30) && rules.pauses(31));
        assert!(!rules.is_high(Hundredths::new(6_999)) && rules.is_high(Hundredths::points(70)));
        assert!(!rules.is_spike(None) && !rules.is_spike(Some(299)) && rules.is_spike(Some(300)));
        assert!(!rules.is_used_up(8_999) && rules.is_used_up(9_000));
    }

    #[test]
    fn a_rule_that_is_off_says_nothing() {
        let mut rules = Rules::default();
        for category in Category::ALL.iter().filter(|category| **category != Category::Weights) {
            let mut rule = rules.get(*category);
            rule["enabled"] = false.into();
            rules.set(*category, rule).unwrap();
        }
        let full = Hundredths::FULL;
        assert!(!(rules.cuts(9) || rules.pauses(99) || rules.is_high(full) || rules.is_spike(Some(9_999))));
        assert!(!rules.is_used_up(10_000));
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_member() {
        let wrong = |category, rule: serde_json::Value| {
            let mut rules = Rules::default();
            rules.set(category, rule).map_err(|bad| bad.to_string())?;
            rules.checked().map_err(|bad| bad.field.to_owned())
        };
        let of = |category, rule| wrong(category, rule).unwrap_err();
        assert_eq!(of(Category::ConsecutiveDelays, serde_json::json!({ "delays": 1 })), "delays");
        assert_eq!(of(Category::ConsecutiveDelays, serde_json::json!({ "cutPercent": 100 })), "cutPercent");
        assert_eq!(of(Category::OverdueBlock, serde_json::json!({ "days": 0 })), "days");
        assert_eq!(of(Category::LimitRestore, serde_json::json!({ "days": 0 })), "days");
        assert!(of(Category::LimitRestore, serde_json::json!({ "weeks": 2 })).contains("weeks"));
        let weights = |delay, order_spike| {
            serde_json::json!({
                "delay": delay, "utilisation": 25, "consecutiveDelays": 20, "orderSpike": order_spike
            })
        };
        assert_eq!(wrong(Category::Weights, weights(55, 0)), Ok(()));
        assert_eq!(of(Category::Weights, weights(40, 16)), "weights");
        assert_eq!(of(Category::Weights, weights(-5, 60)), "delay");
    }
}
