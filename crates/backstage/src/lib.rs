//! What operators see and do of the queues and schedules: how full they are, what failed and why, holding a queue, trying
//! again, cleaning, running a schedule now. The machine itself is the crate `queue`; here are its routes, its pages, and
//! the audit entries of what is done by hand.
//!
//! ```text
//! deeds.rs   what an operator does, each with its entry in the stream of the platform
//! plan.rs    the schedules as people know them: name, slug, when
//! http.rs    /api/v1/queues, /api/v1/schedules, /api/v1/health/ready
//! pages      /admin/queues, /admin/schedules
//! ```
//!
//! Statements: how the queues go 3 reads, over all jobs that are not done; a page of jobs 1; a deed 2 to 3, and 3 for its
//! audit entry. What is done to dead jobs of a queue takes a few thousand of them at a time.

mod deeds;
mod http;
mod pages;
mod plan;

pub use http::routes;
pub use pages::pages;
pub use plan::Plan;
