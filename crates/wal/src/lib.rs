//! One write to SQLite's log for each commit.
//!
//! SQLite writes a commit to its log (WAL) page by page, the head of a page and the page apart: an order placed alone
//! changes 38 pages, which are 76 calls of the system. A connection that is opened through [`vfs`] gathers them, and writes
//! them out in one call, or one for each 128 KiB, where the commit ends. What is in the log, and when it is flushed, is the same.
//!
//! It is a VFS of SQLite (<https://www.sqlite.org/vfs.html>) in front of the one of the system, which does everything but
//! that, as its own: locks, shared memory and all other files are untouched, and connections with and without it may stand
//! side by side. This crate knows nothing of what is stored, and it is the only one with `unsafe` code, in one file.

mod gather;
mod vfs;

pub use vfs::vfs;
