//! Which code does which kind of job.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use db::Tx;
use kernel::Context;

use crate::job::{Job, JobError};

/// The future of a transactional job. It lives on a database thread and need not be `Send`.
pub type BoxedFuture<'a> = Pin<Box<dyn Future<Output = Result<(), JobError>> + 'a>>;
type BoxedOutside = Pin<Box<dyn Future<Output = Result<(), JobError>> + Send>>;

/// How long one try of work outside may take where its kind says nothing else.
const OUTSIDE_MOST: Duration = Duration::from_secs(55);

pub(crate) type Inside = dyn for<'a> Fn(&'a mut Tx, &'a Context, &'a Job) -> BoxedFuture<'a> + Send + Sync;
type Outside = dyn Fn(Context, Job) -> BoxedOutside + Send + Sync;

#[derive(Clone)]
pub(crate) enum Handler {
    Inside(Arc<Inside>),
    /// As inside, but many in one transaction.
    Small(Arc<Inside>),
    /// With how long a try may take.
    Outside(Arc<Outside>, Duration),
}

/// Handlers by kind of job.
#[derive(Clone, Default)]
pub struct Registry(HashMap<&'static str, Handler>);

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Registry {
    /// A kind whose whole effect is in the database: it runs in the transaction that removes the job.
    pub fn inside<F>(mut self, kind: &'static str, work: F) -> Self
    where
        F: for<'a> Fn(&'a mut Tx, &'a Context, &'a Job) -> BoxedFuture<'a> + Send + Sync + 'static,
    {
        self.0.insert(kind, Handler::Inside(Arc::new(work)));
        self
    }

    /// A kind inside whose effect is a few rows: jobs that lie one behind the other share a transaction. Where one of
    /// them fails, all of them run again, each in its own.
    pub fn small<F>(mut self, kind: &'static str, work: F) -> Self
    where
        F: for<'a> Fn(&'a mut Tx, &'a Context, &'a Job) -> BoxedFuture<'a> + Send + Sync + 'static,
    {
        self.0.insert(kind, Handler::Small(Arc::new(work)));
        self
    }

    /// A kind that leaves the building: it runs outside of any transaction and may run more than once.
    pub fn outside<F, W>(self, kind: &'static str, work: F) -> Self
    where
        F: Fn(Context, Job) -> W + Send + Sync + 'static,
        W: Future<Output = Result<(), JobError>> + Send + 'static,
    {
        self.outside_within(kind, OUTSIDE_MOST, work)
    }

    /// A kind that leaves the building and may take this long. One that takes longer is ended and tried again.
    pub fn outside_within<F, W>(mut self, kind: &'static str, most: Duration, work: F) -> Self
    where
        F: Fn(Context, Job) -> W + Send + Sync + 'static,
        W: Future<Output = Result<(), JobError>> + Send + 'static,
    {
        self.0.insert(kind, Handler::Outside(Arc::new(move |cx, job| Box::pin(work(cx, job))), most));
        self
    }

    /// Every kind that is known, by name.
    pub fn kinds(&self) -> Vec<&'static str> {
        let mut kinds: Vec<_> = self.0.keys().copied().collect();
        kinds.sort_unstable();
        kinds
    }

    pub(crate) fn find(&self, kind: &str) -> Option<Handler> {
        self.0.get(kind).cloned()
    }
}
