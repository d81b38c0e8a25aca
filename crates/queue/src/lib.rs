//! Durable work in the same database: a job is queued in the transaction that causes it, so none is lost and none is a
//! ghost.
//!
//! ```text
//! enqueue    READY, in the caller's transaction; unique while READY, where a key is given
//! claim      READY → RUNNING with a lease and a new fence; of one order key only the first, and one at a time
//! inside     the job's effect and its removal are one transaction: the effect happens exactly once
//! outside    work that leaves the building, then removal: at least once, so it is idempotent by its own key
//! retry      READY again after a growing pause; DEAD after the last try, with its error
//! small      as inside, but many in one transaction; where one fails, each in its own
//! ```
//!
//! A process renews the leases of what it holds; a worker that dies lets its lease run out, and the job is READY again, or
//! DEAD where that was its last try; the fence keeps the old worker, should it wake up, from finishing what was given to
//! another, and from telling how far it is. A dead job holds back no other of its order key. Queues can be held. Schedules
//! are runs under a lease, one row a slot. What a job does lives in the rooms; what operators do has its audit entries in
//! the crate above.
//!
//! Bounds: up to 256 jobs claimed at a time where they are done fast, else as many as may be in work; small jobs 64 in a
//! transaction; errors 2000 characters each; counts 30 days; 400 runs of each schedule.
//!
//! Statements: enqueuing any number 1, which waits for no answer (1 that waits where keys are unique); a claim 3 for all
//! that it takes; a finish 1, of a set of small jobs 2; a look that finds nothing 2 of a read; every 5 s a process reads
//! the queues that are held, and writes 2 for all leases and 1 a queue for its counts.

mod again;
mod held;
mod job;
mod registry;
mod schedule;
mod store;
mod work;

pub use again::ask_again;
pub use job::{Job, JobError, NewJob, Queue};
pub use registry::{BoxedFuture, Registry};
pub use schedule::{Running, Schedule, Scheduler, Slots, run_due_schedules};
pub use store::{
    Failure, JobFilter, JobView, Pause, Progress, QueueDepth, QueueStats, Run, Standing, ask_for_run, clean, dead_jobs,
    delete_job, depths, enqueue, find_job, jobs, last_runs, last_successes, pause, resume, retry_all_dead, retry_dead,
    stats,
};
pub use work::{Workers, run_ready};

/// How long a worker, or the run of a schedule, may be silent before its work is given to another.
pub(crate) const LEASE_SECONDS: i64 = 60;
