//! What a process holds at this moment, and what it counts. Leases are renewed while the process lives; counts are added
//! up here and written every few seconds, so that jobs need not share a row.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Instant, JobId};
use parking_lot::Mutex;

use crate::job::{Job, Queue};

/// What became of jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) done: i64,
    pub(crate) failed: i64,
    pub(crate) dead: i64,
}

#[derive(Debug, Default)]
pub(crate) struct Held(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    jobs: BTreeMap<JobId, i64>,
    counts: BTreeMap<Queue, Counts>,
    paused: BTreeSet<Queue>,
    last_beat: Option<Instant>,
}

impl Held {
    pub(crate) fn take(&self, jobs: &[Job]) {
        self.0.lock().jobs.extend(jobs.iter().map(|job| (job.id, job.fence)));
    }

    pub(crate) fn leave(&self, jobs: &[Job]) {
        let mut state = self.0.lock();
        for job in jobs {
            // The same job may be held anew, by a later fence.
            if state.jobs.get(&job.id) == Some(&job.fence) {
                state.jobs.remove(&job.id);
            }
        }
    }

    pub(crate) fn jobs(&self) -> Vec<(JobId, i64)> {
        self.0.lock().jobs.iter().map(|(id, fence)| (*id, *fence)).collect()
    }

    pub(crate) fn count(&self, queue: Queue, add: impl FnOnce(&mut Counts)) {
        add(self.0.lock().counts.entry(queue).or_default());
    }

    /// Hands over what was counted since the last time.
    pub(crate) fn counted(&self) -> Vec<(Queue, Counts)> {
        std::mem::take(&mut self.0.lock().counts).into_iter().collect()
    }

    /// Counts again what could not be written.
    pub(crate) fn uncounted(&self, counted: &[(Queue, Counts)]) {
        for (queue, more) in counted {
            self.count(*queue, |counts| {
                counts.done = counts.done.saturating_add(more.done);
                counts.failed = counts.failed.saturating_add(more.failed);
                counts.dead = counts.dead.saturating_add(more.dead);
            });
        }
    }

    pub(crate) fn set_paused(&self, paused: BTreeSet<Queue>) {
        self.0.lock().paused = paused;
    }

    pub(crate) fn is_paused(&self, queue: Queue) -> bool {
        self.0.lock().paused.contains(&queue)
    }

    /// Notes that it is now, and says whether the clock was set back since the last time; also the first time.
    pub(crate) fn is_set_back(&self, now: Instant) -> bool {
        let before = self.0.lock().last_beat.replace(now);
        before.is_none_or(|before| now < before)
    }
}
