//! How long a test runs: short by itself, at full length where the environment asks for it (`./test --long`).

use std::fmt::Display;
use std::str::FromStr;

/// As many as the environment variable `name` asks for; `usual` without it.
///
/// # Panics
/// Where the variable holds no number.
#[expect(clippy::panic, reason = "so a test says what is wrong")]
pub fn wanted<T>(name: &str, usual: T) -> T
where
    T: FromStr<Err: Display>,
{
    match std::env::var(name) {
        Ok(asked) => asked.parse().unwrap_or_else(|error| panic!("{name}={asked}: {error}")),
        Err(_) => usual,
    }
}
