//! Which code does which kind of job.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use db::Tx;
use kernel::Context;

use crate::job::{Job, JobError};

/// The future of a transactional job. It lives on a database thread and need not be `Send`.
pub type BoxedFuture<'a> = Pin<Box<dyn Future<Output = Result<(), JobError>> + 'a>>;
type BoxedOutside = Pin<Box<dyn Future<Output = Result<(), JobError>> + Send>>;

type Inside = dyn for<'a> Fn(&'a mut Tx, &'a Context, &'a Job) -> BoxedFuture<'a> + Send + Sync;
type Outside = dyn Fn(Context, Job) -> BoxedOutside + Send + Sync;

#[derive(Clone)]
pub(crate) enum Handler {
    Inside(Arc<Inside>),
    Outside(Arc<Outside>),
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

    /// A kind that leaves the building: it runs outside of any transaction and may run more than once.
    pub fn outside<F, W>(mut self, kind: &'static str, work: F) -> Self
    where
        F: Fn(Context, Job) -> W + Send + Sync + 'static,
        W: Future<Output = Result<(), JobError>> + Send + 'static,
    {
        self.0.insert(kind, Handler::Outside(Arc::new(move |cx, job| Box::pin(work(cx, job)))));
        self
    }

    pub(crate) fn find(&self, kind: &str) -> Option<Handler> {
        self.0.get(kind).cloned()
    }
}
