//! Where the time comes from.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::time::Instant;

/// The time source: the machine's clock, or one that a test or the demo moves by hand. Clones share it.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
    Shifted(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until it is moved.
    pub fn manual(start: Instant) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(start.micros()))))
    }

    /// The machine's clock, which a simulation can move ahead with [`Clock::advance_seconds`].
    pub fn shiftable() -> Self {
        Self(Source::Shifted(Arc::new(AtomicI64::new(0))))
    }

    /// The time now.
    pub fn now(&self) -> Instant {
        match &self.0 {
            Source::System => system_now(),
            Source::Manual(micros) => Instant::from_micros(micros.load(Ordering::Acquire)),
            Source::Shifted(shift) => {
                Instant::from_micros(system_now().micros().saturating_add(shift.load(Ordering::Acquire)))
            }
        }
    }

    /// Moves a manual or shiftable clock ahead; the machine's own stays as it is.
    pub fn advance_seconds(&self, seconds: i64) {
        let micros = seconds.saturating_mul(1_000_000);
        match &self.0 {
            Source::System => {}
            Source::Manual(cell) | Source::Shifted(cell) => {
                cell.fetch_add(micros, Ordering::AcqRel);
            }
        }
    }

    /// Sets a manual clock to a moment; the others stay as they are.
    pub fn set(&self, now: Instant) {
        if let Source::Manual(micros) = &self.0 {
            micros.store(now.micros(), Ordering::Release);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one door to the machine's clock")]
fn system_now() -> Instant {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Instant::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_by_hand() {
        let clock = Clock::manual(Instant::from_micros(5));
        let shared = clock.clone();
        clock.advance_seconds(2);
        assert_eq!(shared.now().micros(), 2_000_005);
        shared.set(Instant::from_micros(1));
        assert_eq!(clock.now().micros(), 1);
    }

    #[test]
    fn a_shifted_clock_runs_ahead() {
        let clock = Clock::shiftable();
        clock.advance_seconds(86_400);
        assert!(clock.now().seconds_since(Clock::system().now()) >= 86_399);
    }
}
