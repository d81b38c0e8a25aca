//! Jobs and the queues they wait in.

use db::{DbError, Tx, text_enum};
use kernel::{Context, Instant, JobId};

use crate::store;

/// Tries before a job is dead.
pub(crate) const TRIES: i64 = 3;

text_enum! {
    /// The queues of the house.
    pub enum Queue {
        /// Outgoing messages, in order per recipient.
        Whatsapp = "whatsapp",
        /// Credit scores.
        CreditScore = "credit-score",
        /// Routing and later vendors.
        OrderRouting = "order-routing",
        /// Reminders.
        PaymentReminders = "payment-reminders",
        /// Large exports.
        ReportGeneration = "report-generation",
        /// Incoming messages, stock, status.
        OrderProcessing = "order-processing",
    }
}

impl Queue {
    /// Jobs of the queue that one process works on at once.
    pub const fn concurrency(self) -> usize {
        match self {
            Self::Whatsapp | Self::OrderProcessing => 5,
            Self::OrderRouting | Self::PaymentReminders => 3,
            Self::CreditScore => 2,
            Self::ReportGeneration => 1,
        }
    }
}

/// A job to be queued.
#[derive(Clone, Debug)]
pub struct NewJob {
    pub(crate) id: JobId,
    pub(crate) queue: Queue,
    pub(crate) kind: &'static str,
    pub(crate) payload: serde_json::Value,
    pub(crate) unique_key: Option<String>,
    pub(crate) order_key: Option<String>,
    pub(crate) position: i64,
    pub(crate) run_at: Instant,
    /// From when its wait counts; none where it waits for a moment of the clock.
    pub(crate) wait_from: Option<Instant>,
    pub(crate) created_at: Instant,
}

impl NewJob {
    /// A job that can run at once.
    pub fn new(cx: &Context, queue: Queue, kind: &'static str, payload: serde_json::Value) -> Self {
        Self {
            id: cx.id(),
            queue,
            kind,
            payload,
            unique_key: None,
            order_key: None,
            position: cx.now.micros(),
            run_at: cx.now,
            wait_from: Some(cx.now),
            created_at: cx.now,
        }
    }

    /// Queued only if no job with this key waits: jobs of one key do the same work, so one that waits stands for all.
    pub fn unique_key(mut self, key: impl Into<String>) -> Self {
        self.unique_key = Some(key.into());
        self
    }

    /// Runs after every earlier job with this key, one at a time.
    pub fn order_key(mut self, key: impl Into<String>) -> Self {
        self.order_key = Some(key.into());
        self
    }

    /// Its place among the jobs of its order key; the moment of queueing where it is not given.
    pub const fn position(mut self, position: i64) -> Self {
        self.position = position;
        self
    }

    /// Not before this moment of the clock.
    pub const fn run_at(mut self, moment: Instant) -> Self {
        self.run_at = moment;
        self.wait_from = None;
        self
    }
}

/// A job that a worker holds.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Its queue.
    pub queue: Queue,
    /// What is to be done.
    pub kind: String,
    /// With what.
    pub payload: serde_json::Value,
    /// Counts the tries, this one included.
    pub attempts: i64,
    pub(crate) fence: i64,
}

impl Job {
    /// Whether a failure of this try leaves the job dead.
    pub const fn is_last_try(&self) -> bool {
        self.attempts >= TRIES
    }

    /// Writes how far the work is, in a transaction of the worker's own; false if the job is another worker's now.
    pub async fn tell(&self, tx: &mut Tx, done: i64, total: i64, saying: &str) -> Result<bool, DbError> {
        store::tell(tx, self, done, total, saying).await
    }

    /// Whether this worker holds the job still. The job is locked, so what the transaction writes after a yes is written
    /// under the lease: for work outside that writes its results in parts.
    pub async fn is_held(&self, tx: &mut Tx) -> Result<bool, DbError> {
        store::is_held(tx, self).await
    }

    /// A text of the payload.
    pub fn text(&self, member: &str) -> Result<&str, JobError> {
        let text = self.payload.get(member).and_then(serde_json::Value::as_str);
        text.ok_or_else(|| JobError::Dead(format!("the job has no text {member:?}")))
    }

    /// An id of the payload.
    pub fn id<I: std::str::FromStr<Err = kernel::ParseIdError>>(&self, member: &str) -> Result<I, JobError> {
        self.text(member)?.parse().map_err(|error: I::Err| JobError::Dead(format!("{member}: {error}")))
    }
}

/// Why a job is not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobError {
    /// It may succeed later; tried again after a growing pause, a bounded number of times.
    #[error("{0}")]
    Retry(String),
    /// The store had no time for it; tried again a moment later, and does not count as a try.
    #[error("{0}")]
    Busy(String),
    /// It is to be tried at this moment; does not count as a try.
    #[error("{1}")]
    RetryAt(Instant, String),
    /// It will never succeed; an operator has to look.
    #[error("{0}")]
    Dead(String),
}

impl From<DbError> for JobError {
    fn from(error: DbError) -> Self {
        if error.is_transient() { Self::Busy(error.to_string()) } else { Self::Retry(error.to_string()) }
    }
}
