//! The schedules as people know them.

use std::sync::Arc;

use kernel::Instant;
use queue::{Run, Schedule, Slots};
use serde::Serialize;

/// A schedule without its work.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    /// Its name in words.
    pub(crate) name: &'static str,
    /// Its name in addresses: the words joined.
    pub(crate) slug: String,
    pub(crate) slots: Slots,
}

/// Every schedule of the house. Clones share it.
#[derive(Clone, Debug)]
pub struct Plan(Arc<[Planned]>);

impl Plan {
    /// What the house has to do by the clock.
    pub fn of(schedules: &[Schedule]) -> Self {
        let planned = schedules.iter().map(|schedule| {
            let (name, slots) = (schedule.name(), schedule.slots());
            Planned { name, slug: name.split_whitespace().collect::<Vec<_>>().join("-"), slots }
        });
        Self(planned.collect())
    }

    pub(crate) fn all(&self) -> &[Planned] {
        &self.0
    }

    pub(crate) fn find(&self, slug: &str) -> Option<&Planned> {
        self.0.iter().find(|planned| planned.slug == slug)
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|planned| planned.name).collect()
    }
}

/// A schedule with when it runs and how its runs went.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScheduleView {
    /// Its name in words.
    pub(crate) title: &'static str,
    /// Its name in addresses.
    pub(crate) name: String,
    /// When it runs, in words.
    pub(crate) when: String,
    /// The slot that begins next.
    pub(crate) next_at: Instant,
    /// Its last runs, newest first.
    pub(crate) runs: Vec<Run>,
}

/// The schedules with their runs.
pub(crate) fn views(plan: &Plan, runs: &[Run], now: Instant) -> Vec<ScheduleView> {
    let view = |planned: &Planned| ScheduleView {
        title: planned.name,
        name: planned.slug.clone(),
        when: when(planned.slots),
        next_at: planned.slots.next(now),
        runs: runs.iter().filter(|run| run.schedule == planned.name).cloned().collect(),
    };
    plan.all().iter().map(view).collect()
}

/// When it runs, in words.
fn when(slots: Slots) -> String {
    let every = |seconds: i64| match (seconds % 3_600, seconds / 3_600, seconds / 60) {
        (0, 1, _) => "every hour".to_owned(),
        (0, hours, _) => format!("every {hours} h"),
        (_, _, minutes) => format!("every {minutes} min"),
    };
    match slots {
        Slots::Every(seconds) => every(seconds),
        Slots::EveryAfter(seconds, behind) => format!("{}, {} min past", every(seconds), behind / 60),
        Slots::DailyAt(hour, minute) => format!("daily at {hour:02}:{minute:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_when_a_schedule_runs() {
        for (slots, words) in [
            (Slots::Every(900), "every 15 min"),
            (Slots::Every(3_600), "every hour"),
            (Slots::EveryAfter(21_600, 1_800), "every 6 h, 30 min past"),
            (Slots::DailyAt(2, 5), "daily at 02:05"),
        ] {
            assert_eq!(when(slots), words);
        }
    }

    #[test]
    fn a_schedule_is_found_by_its_words_joined() {
        let schedule = Schedule::new("offers past their deadline", Slots::Every(60), || async { Ok(String::new()) });
        let plan = Plan::of(&[schedule]);
        assert_eq!(plan.find("offers-past-their-deadline").unwrap().name, "offers past their deadline");
        assert!(plan.find("offers past their deadline").is_none());
    }
}
