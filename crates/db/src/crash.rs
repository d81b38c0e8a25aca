//! Deaths on demand, for the tests that prove that a command has its whole effect or none. A release build never looks
//! whether it is to die.
//!
//! `TEST_CRASH_AT=TEXT:POINT` ends the process at once, without a goodbye, in the write one of whose statements is given
//! TEXT: the idempotency key of a command, which is looked up first. POINT is a number, and the process ends before that
//! statement of the write, counted from the one with TEXT; or `commit`, and it ends before COMMIT; or `answer`, and it ends
//! after COMMIT and before anybody is told. What is passed is told on stderr, so that a test knows the points by name.
//! What only reads passes none.

use std::fmt::Arguments;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::value::Value;

/// The text and the point.
static WANTED: LazyLock<Option<(String, String)>> = LazyLock::new(|| {
    let wanted = if cfg!(debug_assertions) { std::env::var("TEST_CRASH_AT").ok()? } else { return None };
    let (text, point) = wanted.rsplit_once(':')?;
    Some((text.to_owned(), point.to_owned()))
});

/// The write goes to its COMMIT, and the process is to end behind it.
static ENDS_AFTER_COMMIT: AtomicBool = AtomicBool::new(false);

/// How many statements of one write were passed, from the one with the text on; none of what only reads.
#[derive(Debug)]
pub(crate) struct Passed(Option<u64>);

impl Passed {
    /// Of a transaction that has not begun.
    pub(crate) const fn none(only_reads: bool) -> Self {
        Self(if only_reads { None } else { Some(0) })
    }

    /// Before a statement that is given `params`.
    pub(crate) fn statement<'v>(&mut self, what: Arguments<'_>, params: impl IntoIterator<Item = &'v Value>) {
        let (Some((text, point)), Some(passed)) = (&*WANTED, &mut self.0) else { return };
        let mut params = params.into_iter();
        if *passed > 0 || params.any(|value| matches!(value, Value::Text(held) if held.contains(text))) {
            *passed = passed.saturating_add(1);
            tell(format_args!("{passed}: {what}"));
            end_where(*point == passed.to_string());
        }
    }

    /// After the last statement, before COMMIT.
    pub(crate) fn commit(&self) {
        let Some((_, point)) = &*WANTED else { return };
        if self.0.is_some_and(|passed| passed > 0) {
            end_where(point == "commit");
            ENDS_AFTER_COMMIT.store(point == "answer", Ordering::SeqCst);
        }
    }
}

/// After a COMMIT, before whoever waits for it is told.
pub(crate) fn answer() {
    end_where(ENDS_AFTER_COMMIT.load(Ordering::SeqCst));
}

#[expect(clippy::print_stderr, reason = "for the test alone, and at once: the process may be about to end")]
fn tell(what: Arguments<'_>) {
    eprintln!("passing {what}");
}

fn end_where(is_here: bool) {
    if is_here {
        std::process::abort();
    }
}
