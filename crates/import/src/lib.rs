//! Import: a shop's paper balance book turned into cycles.
//!
//! ```text
//! files        vendors, retailers, lines, purchases, repayments; CSV, or sheets of an XLSX workbook
//! row          one line of a file; known by its own reference key, taken at most once
//! report       what was taken, and each refused row with file, line, column, reason and what would be right
//! ```
//!
//! Every header is read before anything is written. Then the rows are read one after another and taken in batches, each
//! one transaction in which the rows' keys are recorded too: an import that was cut off is finished by running it again,
//! and the same file a second time changes nothing. A refused row never stops the rest. A dry run does all of it in one
//! transaction and undoes it. Memory holds a batch; refused rows wait in a temporary file.
//!
//! What a line, a purchase or a repayment is, and what refuses it, does not live here: rows go through the use cases of
//! `parties` and `credit`. How progress and report are shown is the roof's.

mod apply;
mod cells;
mod csv;
mod door;
mod http;
mod pages;
mod report;
mod rows;
mod sold;
mod source;
mod store;
mod upload;
mod xlsx;

pub use door::{Order, Progress, import};
pub use http::routes;
pub use pages::pages;
pub use report::{Counts, Refused, Report};
pub use rows::Kind;
pub use source::{ImportError, Source, sources};
