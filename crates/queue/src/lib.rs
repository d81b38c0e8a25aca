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

mod again;
mod job;
mod registry;
mod schedule;
mod store;
mod work;

pub use again::ask_again;
pub use job::{Job, JobError, NewJob, Queue};
pub use registry::{BoxedFuture, Registry};
pub use schedule::{Schedule, Slots, run_due_schedules};
pub use store::{QueueDepth, dead_jobs, depths, enqueue, retry_dead};
pub use work::{Workers, run_ready};
