//! What a use case is told about the world: the time, who acts, and where ids come from.

use std::sync::Arc;

use crate::actor::Actor;
use crate::clock::Clock;
use crate::id::{Id, IdGen};
use crate::time::{BusinessDate, Instant};

/// One request, message or job as the use cases see it. The time stands still inside it.
#[derive(Clone, Debug)]
pub struct Context {
    /// The moment at which the work began.
    pub now: Instant,
    /// Who does it.
    pub actor: Actor,
    /// The id that ties logs, audit entries and answers of one request together.
    pub request: Arc<str>,
    ids: IdGen,
}

impl Context {
    /// A context for work that begins now.
    pub fn new(clock: &Clock, ids: &IdGen, actor: Actor, request: impl Into<Arc<str>>) -> Self {
        Self { now: clock.now(), actor, request: request.into(), ids: ids.clone() }
    }

    /// The business date of [`Context::now`].
    pub fn today(&self) -> BusinessDate {
        self.now.business_date()
    }

    /// A new id.
    pub fn id<T: Id>(&self) -> T {
        self.ids.make(self.now)
    }

    /// Unguessable bytes.
    pub fn random_bytes<const N: usize>(&self) -> [u8; N] {
        self.ids.random_bytes()
    }

    /// The same work done in another's name, as when a message speaks for a retailer.
    #[must_use]
    pub fn acting_as(&self, actor: Actor) -> Self {
        Self { actor, ..self.clone() }
    }
}
