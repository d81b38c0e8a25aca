//! The words of a line, read one after the other.

use std::str::FromStr;

/// Those that are still to be read. What stands in quotes is one word.
pub(super) struct Words<'a> {
    left: Vec<&'a str>,
}

impl<'a> Words<'a> {
    pub(super) fn of(line: &'a str) -> Self {
        let parts = line.split('"').enumerate();
        let words =
            parts.flat_map(|(place, part)| if place % 2 == 1 { vec![part] } else { part.split_whitespace().collect() });
        Self { left: words.collect() }
    }

    pub(super) fn left(&self) -> usize {
        self.left.len()
    }

    pub(super) fn next(&mut self, what: &str) -> Result<&'a str, String> {
        if self.left.is_empty() { Err(format!("{what} is missing")) } else { Ok(self.left.remove(0)) }
    }

    pub(super) fn name(&mut self, what: &str) -> Result<String, String> {
        self.next(what).map(str::to_owned)
    }

    pub(super) fn read<T: FromStr>(&mut self, what: &str) -> Result<T, String> {
        let word = self.next(what)?;
        word.parse().map_err(|_| format!("{word:?} is not {what}"))
    }

    /// Reads the next word where it is of that kind.
    pub(super) fn try_read<T: FromStr>(&mut self) -> Option<T> {
        let read = self.left.first()?.parse().ok()?;
        self.left.remove(0);
        Some(read)
    }

    /// Reads a word if it stands next.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let is_next = self.left.first() == Some(&word);
        if is_next {
            self.left.remove(0);
        }
        is_next
    }

    /// Reads what follows a word, where that word stands next.
    pub(super) fn after<T: FromStr>(&mut self, word: &str, what: &str) -> Result<Option<T>, String> {
        if self.take(word) { self.read(what).map(Some) } else { Ok(None) }
    }

    /// A count behind a plus.
    pub(super) fn ahead(&mut self) -> Result<i64, String> {
        let word = self.next("a number ahead, like +25")?;
        let ahead = word.strip_prefix('+').and_then(|count| count.parse().ok()).filter(|count| *count > 0);
        ahead.ok_or_else(|| format!("{word:?} is not a number ahead, like +25"))
    }

    pub(super) fn end(&self) -> Result<(), String> {
        self.left.first().map_or(Ok(()), |word| Err(format!("{word:?} is one word too many")))
    }
}
