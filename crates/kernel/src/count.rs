//! Counted things in English.

/// A number and what it counts, in the singular for one: `1 day`, `7 days`.
pub fn counted(number: i64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular() {
        assert_eq!([0, 1, 2].map(|days| counted(days, "day")), ["0 days", "1 day", "2 days"]);
    }
}
