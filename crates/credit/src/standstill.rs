//! Days in dispute: from the message to the decision a cycle's overdue days and interest stand still, and those days
//! stay out for good. Pure.

use kernel::BusinessDate;
use serde::Serialize;

/// The disputes of a cycle, as spans of days. A span holds its first day and not its last: a dispute that is decided on
/// the day of its message takes none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Standstill {
    /// Since when a dispute is open; none where none is.
    #[serde(rename = "disputedOn")]
    pub since: Option<BusinessDate>,
    /// Those that were decided.
    #[serde(skip)]
    pub ended: Vec<(BusinessDate, BusinessDate)>,
}

impl Standstill {
    /// Days past a due date on a day, without those in dispute before that day; negative before the due date.
    pub fn days_late(&self, due_on: BusinessDate, on: BusinessDate) -> i64 {
        let open = self.since.map(|since| (since, on));
        let days = |(from, to): (BusinessDate, BusinessDate)| to.min(on).days_since(from).max(0);
        let still = self.ended.iter().copied().chain(open).map(days).fold(0, i64::saturating_add);
        on.days_since(due_on).saturating_sub(still)
    }

    /// Days of the disputes that were decided.
    pub(crate) fn ended_days(&self) -> i64 {
        self.ended.iter().map(|(from, to)| to.days_since(*from)).fold(0, i64::saturating_add)
    }

    /// Ends the open dispute on a day.
    pub(crate) fn end(&mut self, on: BusinessDate) {
        self.ended.extend(self.since.take().map(|since| (since, on.max(since))));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(text: &str) -> BusinessDate {
        text.parse().unwrap()
    }

    #[test]
    fn days_in_dispute_stay_out_for_good() {
        let due = date("2026-03-31");
        let mut still = Standstill::default();
        assert_eq!(still.days_late(due, date("2026-04-05")), 5);
        still.since = Some(date("2026-04-05"));
        assert_eq!(still.days_late(due, date("2026-04-20")), 5);
        // A day before the message is as it was.
        assert_eq!(still.days_late(due, date("2026-04-03")), 3);
        still.end(date("2026-04-20"));
        assert_eq!((still.days_late(due, date("2026-04-20")), still.days_late(due, date("2026-04-21"))), (5, 6));
        assert_eq!(still.days_late(due, date("2026-04-10")), 5);
        assert_eq!(still.ended_days(), 15);
    }

    proptest! {
        #[test]
        fn late_days_never_run_faster_than_the_calendar(
            spans in proptest::collection::vec((0_i64..30, 0_i64..20), 0..4), open in proptest::option::of(0_i64..10),
            at in 0_i64..300,
        ) {
            let due = date("2026-03-31");
            let (mut still, mut day) = (Standstill::default(), date("2026-03-20"));
            for (gap, length) in spans {
                let from = day.plus_days(gap);
                day = from.plus_days(length);
                still.ended.push((from, day));
            }
            still.since = open.map(|gap| day.plus_days(gap));
            let on = date("2026-03-20").plus_days(at);
            let (today, tomorrow) = (still.days_late(due, on), still.days_late(due, on.plus_days(1)));
            prop_assert!(today <= tomorrow && tomorrow <= today + 1);
            // While a dispute is open nothing moves.
            if still.since.is_some_and(|since| since <= on) {
                prop_assert_eq!(today, tomorrow);
            }
            // Behind all disputes the due date has moved by their days.
            if still.since.is_none() && on >= day {
                prop_assert_eq!(today, on.days_since(due.plus_days(still.ended_days())));
            }
        }
    }
}
