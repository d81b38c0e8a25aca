//! Which reminder a cycle gets on a day, and which it missed. Pure.
//!
//! A stage is a distance from the day behind which the cycle is late, and that day moves by disputes and extensions. So
//! it is asked anew every day what that day is, and nothing is counted on from an earlier run.

use db::text_enum;
use kernel::BusinessDate;

text_enum! {
    /// The occasion of a reminder.
    pub enum Stage {
        /// The day before it is due.
        DayBefore = "DAY_BEFORE",
        /// The due date.
        Due = "DUE",
        /// Three days after it.
        Overdue3 = "OVERDUE_3",
        /// Every week after that.
        Weekly = "WEEKLY",
        /// The day after the day by which it was promised.
        BrokenPromise = "BROKEN_PROMISE",
    }
}

text_enum! {
    /// Why a stage was left out.
    pub enum Skipped {
        /// The server did not run on its day.
        Missed = "MISSED",
        /// The retailer had promised to pay by then.
        Promised = "PROMISED",
        /// The retailer does not want reminders.
        Stopped = "STOPPED",
    }
}

/// The third stage comes so many days after the due date.
const LATE: i64 = 3;
/// Days between the weekly ones.
const WEEK: i64 = 7;
/// Weeks for which there are weekly ones.
const WEEKS: i64 = 104;
/// Days without a server that are looked back on.
const LOOKED_BACK: i64 = 30;

/// What the rules know of an open cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The day behind which it is late: the due date, moved by days in dispute.
    pub late_from: BusinessDate,
    /// The day by which it was promised last.
    pub promised_on: Option<BusinessDate>,
    /// Whether a dispute is open.
    pub is_disputed: bool,
    /// The day on which it came onto the platform.
    pub opened_on: BusinessDate,
}

/// A stage of a cycle. The turn tells the weeks and the broken promises of one cycle apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Turn {
    /// The occasion.
    pub stage: Stage,
    /// Which time: the week, the promised day; empty where there is one.
    pub turn: String,
}

impl Turn {
    fn once(stage: Stage) -> Self {
        Self { stage, turn: String::new() }
    }
}

/// What a day is for a cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Quiet,
    /// It is reminded of.
    Remind(Turn),
    /// It would be, but for a promise.
    Promised(Turn, BusinessDate),
    /// It would be, but for a dispute.
    Disputed(Turn),
}

/// What a day is for an open cycle.
pub fn look(cycle: &Facts, day: BusinessDate, weekly: bool) -> Verdict {
    let late = day.days_since(cycle.late_from);
    let broken = cycle.promised_on.filter(|promised| promised.plus_days(1) == day);
    let turn = match late {
        -1 => Turn::once(Stage::DayBefore),
        0 => Turn::once(Stage::Due),
        LATE => Turn::once(Stage::Overdue3),
        _ if weekly && late > LATE && late.saturating_sub(LATE).rem_euclid(WEEK) == 0 && week(late) <= WEEKS => {
            Turn { stage: Stage::Weekly, turn: week(late).to_string() }
        }
        _ => match broken {
            Some(promised) => Turn { stage: Stage::BrokenPromise, turn: promised.to_string() },
            None => return Verdict::Quiet,
        },
    };
    if cycle.is_disputed {
        return Verdict::Disputed(turn);
    }
    match cycle.promised_on.filter(|promised| day <= *promised) {
        Some(promised) => Verdict::Promised(turn, promised),
        None => Verdict::Remind(turn),
    }
}

fn week(late: i64) -> i64 {
    late.saturating_sub(LATE).div_euclid(WEEK)
}

/// The days between the last run and today on which no server ran.
pub fn missed_days(ran_on: Option<BusinessDate>, today: BusinessDate) -> Vec<BusinessDate> {
    let Some(ran_on) = ran_on else { return Vec::new() };
    let from = ran_on.plus_days(1).max(today.plus_days(-LOOKED_BACK));
    (0..today.days_since(from).max(0)).map(|days| from.plus_days(days)).collect()
}

/// The stages that a cycle had on days without a server and that were its own: it was there, and not promised.
pub fn missed(cycle: &Facts, days: &[BusinessDate], weekly: bool) -> Vec<(Turn, BusinessDate)> {
    let there = days.iter().filter(|day| **day >= cycle.opened_on);
    there
        .filter_map(|day| match look(cycle, *day, weekly) {
            Verdict::Remind(turn) => Some((turn, *day)),
            _ => None,
        })
        .collect()
}

/// The days by which cycles can have a stage on one of these days.
pub fn due_days(days: &[BusinessDate], weekly: bool) -> credit::DueDays {
    let weeks = if weekly { WEEKS } else { 0 };
    let offsets: Vec<i64> = [1, 0, -LATE]
        .into_iter()
        .chain((1..=weeks).map(|week| (-LATE).saturating_sub(week.saturating_mul(WEEK))))
        .collect();
    let mut late_from: Vec<BusinessDate> =
        days.iter().flat_map(|day| offsets.iter().map(|offset| day.plus_days(*offset))).collect();
    late_from.sort_unstable();
    late_from.dedup();
    credit::DueDays { late_from, promised_on: days.iter().map(|day| day.plus_days(-1)).collect() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> BusinessDate {
        text.parse().unwrap()
    }

    const fn cycle(late_from: BusinessDate) -> Facts {
        Facts { late_from, promised_on: None, is_disputed: false, opened_on: late_from }
    }

    fn stages(cycle: &Facts, weekly: bool) -> Vec<(i64, String)> {
        let named = |turn: Turn| format!("{}{}", turn.stage, turn.turn);
        (-40..40)
            .filter_map(|days| match look(cycle, cycle.late_from.plus_days(days), weekly) {
                Verdict::Remind(turn) => Some((days, named(turn))),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn each_stage_has_its_day() {
        let plain = cycle(date("2026-01-31"));
        let shown =
            |weekly| stages(&plain, weekly).iter().map(|(day, name)| format!("{day} {name}")).collect::<Vec<_>>();
        assert_eq!(shown(false), ["-1 DAY_BEFORE", "0 DUE", "3 OVERDUE_3"]);
        assert_eq!(
            shown(true),
            [
                "-1 DAY_BEFORE",
                "0 DUE",
                "3 OVERDUE_3",
                "10 WEEKLY1",
                "17 WEEKLY2",
                "24 WEEKLY3",
                "31 WEEKLY4",
                "38 WEEKLY5"
            ]
        );
    }

    #[test]
    fn a_promise_is_waited_for_and_a_broken_one_is_said_once() {
        let due = date("2026-01-31");
        let promised = |days: i64| Facts { promised_on: Some(due.plus_days(days)), ..cycle(due) };
        let shown =
            |days| stages(&promised(days), false).iter().map(|(day, name)| format!("{day} {name}")).collect::<Vec<_>>();
        assert_eq!(shown(5), ["6 BROKEN_PROMISE2026-02-05"]);
        // The day after is a stage of its own: one reminder.
        assert_eq!(shown(2), ["3 OVERDUE_3"]);
        assert_eq!(shown(-2), ["-1 DAY_BEFORE", "0 DUE", "3 OVERDUE_3"]);
        assert_eq!(shown(-10), ["-9 BROKEN_PROMISE2026-01-21", "-1 DAY_BEFORE", "0 DUE", "3 OVERDUE_3"]);
        assert_eq!(look(&promised(5), due, false), Verdict::Promised(Turn::once(Stage::Due), date("2026-02-05")));
    }

    #[test]
    fn a_disputed_cycle_gets_none() {
        let disputed = Facts { is_disputed: true, ..cycle(date("2026-01-31")) };
        assert_eq!(stages(&disputed, true), []);
        assert_eq!(look(&disputed, date("2026-01-31"), false), Verdict::Disputed(Turn::once(Stage::Due)));
    }

    #[test]
    fn only_days_without_a_server_are_missed() {
        let plain = Facts { opened_on: date("2026-01-01"), ..cycle(date("2026-01-31")) };
        let days = missed_days(Some(date("2026-01-29")), date("2026-02-04"));
        assert_eq!(days.len(), 5);
        let named = |days: &[BusinessDate], facts: &Facts| {
            missed(facts, days, false).iter().map(|(turn, day)| format!("{day} {}", turn.stage)).collect::<Vec<_>>()
        };
        assert_eq!(named(&days, &plain), ["2026-01-30 DAY_BEFORE", "2026-01-31 DUE", "2026-02-03 OVERDUE_3"]);
        let young = Facts { opened_on: date("2026-01-31"), ..plain };
        assert_eq!(named(&days, &young), ["2026-01-31 DUE", "2026-02-03 OVERDUE_3"]);
        let promised = Facts { promised_on: Some(date("2026-02-01")), ..plain };
        assert_eq!(named(&days, &promised), ["2026-02-02 BROKEN_PROMISE", "2026-02-03 OVERDUE_3"]);
        assert_eq!(missed_days(Some(date("2026-02-03")), date("2026-02-04")), []);
        assert_eq!(missed_days(Some(date("2026-02-04")), date("2026-02-04")), []);
        assert_eq!(missed_days(None, date("2026-02-04")), []);
        assert_eq!(missed_days(Some(date("2025-01-01")), date("2026-02-04")).len(), 30);
    }

    proptest! {
        #[test]
        fn whoever_has_a_stage_is_found(
            late in -200_i64..200, promised in proptest::option::of(-30_i64..30), weekly: bool, back in 0_i64..20,
        ) {
            let today = date("2026-06-15");
            let facts = Facts {
                late_from: today.plus_days(-late), promised_on: promised.map(|days| today.plus_days(days)),
                is_disputed: false, opened_on: date("2026-01-01"),
            };
            let mut days = missed_days(Some(today.plus_days(-back - 1)), today);
            prop_assert_eq!(days.len(), usize::try_from(back).unwrap());
            days.push(today);
            let by = due_days(&days, weekly);
            let is_found = by.late_from.contains(&facts.late_from)
                || facts.promised_on.is_some_and(|promised| by.promised_on.contains(&promised));
            for day in days {
                if look(&facts, day, weekly) != Verdict::Quiet {
                    prop_assert!(is_found, "{day}");
                }
            }
        }
    }
}
