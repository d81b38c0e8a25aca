//! The HTTP machine: problem details, extractors, idempotency, limits, request ids, health, OpenAPI.
//!
//! Rooms give `pub fn routes() -> OpenApiRouter<App>`; the binary merges them and wraps them in [`finish`]. A handler
//! takes what it needs as arguments, and its access rule is one of them: [`Operator`], [`VendorOrOperator`],
//! [`Member`] or [`Public`]. No business route lives here.
//!
//! A client that hangs up stops waiting, not the transaction: those run on threads of the `db` machine.

mod address;
mod auth;
mod extract;
mod health;
mod idempotency;
mod layers;
mod openapi;
pub mod panel;
mod problem;
mod signing;
mod store;

use std::sync::Arc;

use db::{Db, Migration};
use kernel::{Actor, Clock, Context, IdGen};

pub use address::ClientAddress;
pub use auth::{ACCESS_SECONDS, Auth, Caller};
pub use extract::{
    Body, IfMatch, KeyedBody, KeyedBytes, Member, Operator, PathId, Public, Query, SignedIn, VendorOrOperator,
};
pub use health::{is_ready, routes as health_routes};
pub use idempotency::{Found, Keyed, StoredAnswer, forget_old_answers, once, once_long};
pub use layers::{RequestId, finish, serve};
pub use openapi::{Example, Examples, PageQuery, document, routes as openapi_routes};
pub use problem::Problem;
pub use store::{find_answers, store_answers};

/// What every handler works on. Clones share it.
#[derive(Clone, Debug)]
pub struct App {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Ids and random bytes.
    pub ids: IdGen,
    /// Access tokens.
    pub auth: Auth,
    /// The migrations that a ready database has.
    pub migrations: &'static [Migration],
}

impl App {
    /// The context of work that begins now.
    pub fn context(&self, actor: Actor, request: impl Into<Arc<str>>) -> Context {
        Context::new(&self.clock, &self.ids, actor, request)
    }
}
