//! Keeps the laws of the house that a machine can keep.
//!
//! There is nothing here but tests, which read the workspace as text. Each names the file, the line, the law and what to do
//! instead. A law that needs judgement (is this the right room, does this comment help) is for a reader, not for here.

#[cfg(test)]
mod floors;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod supply;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod workspace;
