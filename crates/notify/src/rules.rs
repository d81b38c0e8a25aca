//! What follows from an error, and how the whole sender slows down. Pure.

use kernel::Instant;
use whatsapp::client::SendError;
use whatsapp::errors::{PAIR_PAUSE_SECONDS, Policy};

/// How long a person may be written to freely after their last message.
const WINDOW_SECONDS: i64 = 24 * 60 * 60;
/// How long a fault of WhatsApp's own is waited out; after that the queue's few tries are left.
const PATIENCE_SECONDS: i64 = 12 * 60 * 60;
/// The longest pause before a message is tried again, and before everyone is.
const PAUSE_MOST_SECONDS: i64 = 10 * 60;
const SLOW_MOST_SECONDS: i64 = 60;
/// The pause after WhatsApp has refused the account itself.
pub(crate) const STOPPED_SECONDS: i64 = 5 * 60;

/// Whether a person may be written to freely.
pub(crate) fn is_window_open(heard_at: Option<Instant>, now: Instant) -> bool {
    heard_at.is_some_and(|heard| now.seconds_since(heard) < WINDOW_SECONDS)
}

/// Until when a person may be written to freely.
pub(crate) const fn window_until(heard_at: Instant) -> Instant {
    heard_at.plus_seconds(WINDOW_SECONDS)
}

/// When nobody is disturbed, in hours of Kathmandu: from the first to the second.
const DAY: (i64, i64) = (7, 20);

/// The moment itself by day; at night the next morning.
pub(crate) fn by_day(now: Instant) -> Instant {
    let today = now.business_date();
    let (morning, evening) = (today.at(DAY.0, 0), today.at(DAY.1, 0));
    if now < morning {
        morning
    } else if now < evening {
        now
    } else {
        today.plus_days(1).at(DAY.0, 0)
    }
}

/// What is known of a message that was refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tried {
    /// Since it was written.
    pub(crate) age_seconds: i64,
    /// Tries that count, this one included.
    pub(crate) attempts: i64,
    /// Whether the queue gives it no other.
    pub(crate) is_last: bool,
    /// Whether there is a template to send in its place.
    pub(crate) has_template: bool,
}

/// What the sender does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Everyone waits, longer each time; the message is sent then.
    Slow,
    /// Everyone waits until a person has acted; looked at again every few minutes.
    Stop,
    /// The messages to this person wait so many seconds.
    Wait(i64),
    /// The same, and somebody has to look at the account.
    WaitAndAlert(i64),
    /// One of the queue's tries, after its pause.
    TryAgain,
    /// The template is sent instead.
    Template,
    /// It may have left: only a status event tells.
    Unknown,
    /// It will not arrive.
    GiveUp,
    /// It will not arrive as it is; an operator may mend what is wrong and try again.
    LayAside,
}

/// What follows from an error.
pub(crate) fn step(error: &SendError, tried: Tried) -> Step {
    // No connection is nobody's fault in particular, so it takes no try from any message.
    if matches!(error, SendError::NotConnected(_)) {
        return Step::Slow;
    }
    match error.policy() {
        Policy::Retry { slow_all: true } => Step::Slow,
        // Half the message's age: the pauses grow by half, without a count that would have to be kept.
        Policy::Retry { slow_all: false } if tried.age_seconds < PATIENCE_SECONDS => {
            Step::Wait((tried.age_seconds / 2).clamp(2, PAUSE_MOST_SECONDS))
        }
        Policy::Retry { slow_all: false } if !tried.is_last => Step::TryAgain,
        Policy::RetryOnce if tried.attempts <= 1 => Step::TryAgain,
        Policy::DelayRecipient => Step::Wait(PAIR_PAUSE_SECONDS),
        Policy::PauseInessential => Step::WaitAndAlert(STOPPED_SECONDS),
        Policy::StopAndAlert => Step::Stop,
        Policy::SwitchToTemplate if tried.has_template => Step::Template,
        Policy::UnknownOutcome => Step::Unknown,
        Policy::SwitchToTemplate | Policy::Permanent => Step::GiveUp,
        Policy::Retry { slow_all: false } | Policy::RetryOnce | Policy::DeadLetter => Step::LayAside,
    }
}

/// Until when nobody is sent to. Each process keeps its own; the limits are WhatsApp's and it says when they are passed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    until: Instant,
    pause_seconds: i64,
    /// Whether an alert may stand: of this process, or of one before it.
    is_alerting: bool,
}

impl Pace {
    pub(crate) const FREE: Self = Self { until: Instant::from_micros(0), pause_seconds: 1, is_alerting: true };

    /// Until when to wait, if at all.
    pub(crate) fn held(self, now: Instant) -> Option<Instant> {
        (now < self.until).then_some(self.until)
    }

    /// Slows down, twice as long as the last time. Those that were on their way at the same time count once.
    pub(crate) fn slow(&mut self, now: Instant) -> Instant {
        if self.held(now).is_none() {
            self.until = now.plus_seconds(self.pause_seconds);
            self.pause_seconds = self.pause_seconds.saturating_mul(2).min(SLOW_MOST_SECONDS);
        }
        self.until
    }

    /// An alert stands from now on.
    pub(crate) const fn alert(&mut self) {
        self.is_alerting = true;
    }

    /// Stops for some minutes.
    pub(crate) fn stop(&mut self, now: Instant) -> Instant {
        self.until = self.until.max(now.plus_seconds(STOPPED_SECONDS));
        self.until
    }

    /// A message was taken: the next pause is a short one again. Says whether an alert may stand that is over now.
    pub(crate) const fn taken(&mut self) -> bool {
        self.pause_seconds = Self::FREE.pause_seconds;
        std::mem::replace(&mut self.is_alerting, false)
    }
}

#[cfg(test)]
mod tests {
    use whatsapp::errors::ApiError;

    use super::*;

    const NEW: Tried = Tried { age_seconds: 0, attempts: 1, is_last: false, has_template: false };

    fn after(code: i64, tried: Tried) -> Step {
        step(&SendError::Refused(ApiError::read(&serde_json::json!({ "code": code })).unwrap()), tried)
    }

    #[test]
    fn at_night_a_message_waits_for_the_morning() {
        let day: kernel::BusinessDate = "2026-03-26".parse().unwrap();
        let of = |hour, minute| by_day(day.at(hour, minute));
        assert_eq!([of(0, 0), of(6, 59)], [day.at(7, 0); 2]);
        assert_eq!([of(7, 0), of(19, 59)], [day.at(7, 0), day.at(19, 59)]);
        assert_eq!([of(20, 0), of(23, 59)], [day.plus_days(1).at(7, 0); 2]);
    }

    #[test]
    fn each_documented_error_has_its_step() {
        let table: &[(&[i64], Step)] = &[
            (&[0, 190, 3, 10, 200, 299, 131_031, 368, 131_042], Step::Stop),
            (&[1, 2, 131_000, 131_016, 132_069], Step::Wait(2)),
            (&[4, 80_007, 130_429, 131_057], Step::Slow),
            (&[131_056], Step::Wait(6)),
            (&[131_048], Step::WaitAndAlert(300)),
            (&[131_026, 131_049, 130_472, 130_497, 33, 100, 131_062, 131_047], Step::GiveUp),
            (&[131_052, 131_053], Step::TryAgain),
            (&[131_051, 132_000, 132_001, 132_005, 132_012, 132_015, 133_010], Step::LayAside),
        ];
        for (codes, expected) in table {
            for code in *codes {
                assert_eq!(after(*code, NEW), *expected, "{code}");
            }
        }
        assert_eq!(after(131_047, Tried { has_template: true, ..NEW }), Step::Template);
        assert_eq!(after(131_053, Tried { attempts: 2, ..NEW }), Step::LayAside);
        assert_eq!(step(&SendError::NotConnected(String::new()), NEW), Step::Slow);
        assert_eq!(step(&SendError::Unknown(String::new()), NEW), Step::Unknown);
    }

    #[test]
    fn pauses_grow_with_the_message_and_end() {
        let aged = |age_seconds| after(2, Tried { age_seconds, ..NEW });
        assert_eq!(
            [aged(3), aged(60), aged(1_000), aged(PATIENCE_SECONDS - 1)].map(Some),
            [2, 30, 500, 600].map(|n| Some(Step::Wait(n)))
        );
        assert_eq!(aged(PATIENCE_SECONDS), Step::TryAgain);
        assert_eq!(after(2, Tried { age_seconds: PATIENCE_SECONDS, is_last: true, ..NEW }), Step::LayAside);
    }

    #[test]
    fn everyone_slows_down_together_and_is_free_after_a_success() {
        let at = |seconds: i64| Instant::from_micros(0).plus_seconds(seconds);
        let mut pace = Pace::FREE;
        assert_eq!(pace.held(at(1)), None);
        assert_eq!([pace.slow(at(10)), pace.slow(at(10))], [at(11), at(11)], "five at once are one reason");
        assert_eq!((pace.held(at(10)), pace.held(at(11))), (Some(at(11)), None));
        assert_eq!([pace.slow(at(20)), pace.slow(at(30))], [at(22), at(34)]);
        for round in 0..9 {
            pace.slow(at(1_000 * round + 1_000));
        }
        assert_eq!(pace.slow(at(20_000)), at(20_060));
        assert!(pace.taken(), "one of a process before this one may stand");
        assert!(!pace.taken());
        pace.alert();
        assert!(pace.taken());
        assert_eq!(pace.slow(at(30_000)), at(30_001));
        assert_eq!((pace.stop(at(30_000)), pace.held(at(30_299))), (at(30_300), Some(at(30_300))));
    }

    #[test]
    fn the_window_is_open_for_a_day() {
        let heard = Instant::from_micros(7);
        assert!(is_window_open(Some(heard), heard.plus_seconds(WINDOW_SECONDS - 1)));
        assert!(!is_window_open(Some(heard), heard.plus_seconds(WINDOW_SECONDS)));
        assert!(!is_window_open(None, heard));
    }
}
