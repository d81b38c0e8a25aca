//! Slows down guessing of passwords, by the login that is tried and by the address that tries. Counted in each process.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use governor::clock::Clock as _;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::StatusCode;
use web::{ClientAddress, Problem};

/// Tries to sign in that one login has a minute.
const TRIES_OF_A_LOGIN: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");
/// Tries to sign in or to register that one address has a minute. Mobile networks put many people behind one.
const TRIES_OF_AN_ADDRESS: NonZeroU32 = NonZeroU32::new(60).expect("sixty is not zero");
/// The letters of a login that count; no user has a longer one.
const LONGEST_LOGIN: usize = 80;
/// After this many tries those whose minute is over are forgotten.
const FORGOTTEN_EVERY: u64 = 1_024;

/// The tries of the last minute. Clones share the counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Throttle(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    logins: DefaultKeyedRateLimiter<String>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    tries: AtomicU64,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            logins: RateLimiter::keyed(Quota::per_minute(TRIES_OF_A_LOGIN)),
            addresses: RateLimiter::keyed(Quota::per_minute(TRIES_OF_AN_ADDRESS)),
            tries: AtomicU64::new(0),
        }
    }
}

impl Throttle {
    /// Counts a try from an address. Comes before the login is counted, so that one address cannot use up the tries of
    /// many logins.
    pub(crate) fn by_address(&self, address: ClientAddress) -> Result<(), Problem> {
        address.0.map_or(Ok(()), |address| self.count(&self.0.addresses, &address))
    }

    /// Counts a try with a login.
    pub(crate) fn by_login(&self, login: &str) -> Result<(), Problem> {
        self.count(&self.0.logins, &login.chars().take(LONGEST_LOGIN).collect::<String>().to_lowercase())
    }

    fn count<K: Clone + Eq + Hash>(&self, counts: &DefaultKeyedRateLimiter<K>, key: &K) -> Result<(), Problem> {
        if self.0.tries.fetch_add(1, Ordering::Relaxed) % FORGOTTEN_EVERY == FORGOTTEN_EVERY - 1 {
            self.0.logins.retain_recent();
            self.0.addresses.retain_recent();
        }
        counts.check_key(key).map_err(|refused| {
            let wait = refused.wait_time_from(counts.clock().now()).as_secs().saturating_add(1);
            let detail = format!("too many tries; wait {wait} seconds");
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_TRIES", detail)
                .retry_after(u32::try_from(wait).unwrap_or(u32::MAX))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_of_any_length_and_case_is_one_of_at_most_eighty_letters() {
        let throttle = Throttle::default();
        for number in 0..10 {
            assert!(throttle.by_login(&format!("{}{number}", "Ü".repeat(80))).is_ok());
        }
        let refused = throttle.by_login(&"ü".repeat(9_999)).unwrap_err();
        assert_eq!((refused.status(), refused.code()), (StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_TRIES"));
        assert!(throttle.by_login("ü").is_ok());
    }
}
