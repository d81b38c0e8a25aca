//! Durable work in the same database: a job is queued in the transaction that causes it, so none is lost and none is a
//! ghost.
//!
//! ```text
//! enqueue    READY, in the caller's transaction; unique while READY, where a key is given
//! claim      READY → RUNNING with a lease and a new fence; of one order key only the first, and one at a time
//! inside     the job's effect and its removal are one transaction: the effect happens exactly once
//! outside    work that leaves the building, then removal: at least once, so it is idempotent by its own key
//! retry      READY again after a growing pause; DEAD after the last try, with its error
//! ```
//!
//! A worker that dies lets its lease run out, and the job is READY again, or DEAD where that was its last try; the fence
//! keeps the old worker, should it wake up, from finishing what was given to another. A dead job holds back no other of
//! its order key. What a job does lives in the rooms.
//!
//! Statements: enqueuing any number 1, which waits for no answer (1 that waits where keys are unique); a claim 4 for up
//! to a queue's concurrency, 2 of them waited for; a finish 1; a look that finds nothing 2 of a read.

mod held;
mod job;
mod registry;
mod schedule;
mod store;
mod work;

pub use job::{Job, JobError, NewJob, Queue};
pub use registry::{BoxedFuture, Registry};
pub use schedule::{Running, Schedule, Scheduler, Slots, run_due_schedules};
pub use store::{
    Failure, JobFilter, JobView, Pause, Progress, QueueDepth, QueueStats, Run, Standing, ask_for_run, clean, dead_jobs,
    delete_job, depths, enqueue, find_job, jobs, last_runs, pause, resume, retry_all_dead, retry_dead, stats,
};
pub use work::{Workers, run_ready};

/// How long a worker, or the run of a schedule, may be silent before its work is given to another.
pub(crate) const LEASE_SECONDS: i64 = 60;
