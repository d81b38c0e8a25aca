//! Which writes to a log are kept, and until when.

/// Bytes before a page of the log (<https://www.sqlite.org/fileformat2.html#walformat>, 4.1).
const HEAD: usize = 24;
/// Bytes kept at most: more of a call SQLite's VFS would write in several, and of a multiple of 128 KiB nothing
/// (`seekAndWriteFd` in its `os_unix.c`).
const KEPT_MOST: usize = 0x1_ffff;

/// Writes that follow one another, as one.
///
/// Nothing is kept of a transaction that was committed: its last page, which SQLite marks in the page's head, takes along what
/// was kept, before anybody is told that it stands. A write that does not follow the one before is not kept.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    kept: Vec<u8>,
    /// Where the last write ended, in bytes from the file's start; what is kept ends there.
    end: usize,
    /// Whether the next write is the last page of a commit.
    is_last: bool,
}

impl Gathered {
    /// Takes a write of `bytes` at `at`. `out` is called with what is to be written now, in the order in which it was taken.
    ///
    /// # Errors
    /// What `out` answers; then nothing is kept.
    pub(crate) fn write<E>(
        &mut self,
        bytes: &[u8],
        at: usize,
        mut out: impl FnMut(&[u8], usize) -> Result<(), E>,
    ) -> Result<(), E> {
        let ends = self.is_last;
        self.is_last = bytes.len() == HEAD && bytes.get(4..8).is_some_and(|pages_after| pages_after != [0; 4]);
        let follows = at == self.end;
        if !follows || self.kept.len().saturating_add(bytes.len()) > KEPT_MOST {
            self.flush(&mut out)?;
        }
        self.end = at.saturating_add(bytes.len());
        if !follows {
            return out(bytes, at);
        }
        self.kept.extend_from_slice(bytes);
        if ends { self.flush(out) } else { Ok(()) }
    }

    /// Writes out what is kept.
    ///
    /// # Errors
    /// What `out` answers; then nothing is kept.
    pub(crate) fn flush<E>(&mut self, mut out: impl FnMut(&[u8], usize) -> Result<(), E>) -> Result<(), E> {
        if self.kept.is_empty() {
            return Ok(());
        }
        let written = out(&self.kept, self.end.saturating_sub(self.kept.len()));
        self.kept.clear();
        written
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn head(pages_after: u32) -> Vec<u8> {
        let mut head = vec![7; HEAD];
        head[4..8].copy_from_slice(&pages_after.to_be_bytes());
        head
    }

    /// The calls that writes lead to, by place and length.
    fn calls(gathered: &mut Gathered, writes: &[(Vec<u8>, usize)]) -> Vec<(usize, usize)> {
        let mut calls = Vec::new();
        for (bytes, at) in writes {
            let done = gathered.write(bytes, *at, |bytes, at| {
                calls.push((at, bytes.len()));
                Ok::<_, Infallible>(())
            });
            done.unwrap();
        }
        calls
    }

    #[test]
    fn a_commit_is_one_call() {
        let page = vec![1; 4096];
        let mut gathered = Gathered::default();
        let begins = calls(&mut gathered, &[(vec![9; 32], 0), (head(0), 32), (page.clone(), 56)]);
        assert_eq!(begins, []);
        let ends = calls(&mut gathered, &[(head(12), 4152), (page.clone(), 4176)]);
        assert_eq!(ends, [(0, 32 + 2 * 4120)]);
        let next = calls(&mut gathered, &[(head(13), 8272), (page, 8296)]);
        assert_eq!(next, [(8272, 4120)]);
    }

    #[test]
    fn what_does_not_follow_is_written_at_once_behind_what_is_kept() {
        let mut gathered = Gathered { end: 100, ..Gathered::default() };
        assert_eq!(calls(&mut gathered, &[(vec![1; 10], 100), (vec![2; 5], 50)]), [(100, 10), (50, 5)]);
        assert_eq!(calls(&mut gathered, &[(head(0), 200)]), [(200, HEAD)]);
    }

    #[test]
    fn no_call_is_larger_than_128_kib() {
        let mut gathered = Gathered::default();
        let pages: Vec<_> = (0..70).map(|page| (vec![0; 4096], page * 4096)).collect();
        assert_eq!(calls(&mut gathered, &pages), [(0, 31 * 4096), (31 * 4096, 31 * 4096)]);
    }

    #[test]
    fn what_could_not_be_written_is_forgotten() {
        let writes = [(head(0), 0), (vec![1; 4096], 24), (head(9), 4120), (vec![2; 4096], 4144), (head(0), 900)];
        // The file refuses at the end of a commit, at a write elsewhere, and at all.
        for refused in 0..2 {
            let mut gathered = Gathered::default();
            let mut calls_left = refused;
            let mut out = |_: &[u8], _| {
                calls_left -= 1;
                if calls_left < 0 { Err("full") } else { Ok(()) }
            };
            let failed = writes.iter().find(|(bytes, at)| gathered.write(bytes, *at, &mut out).is_err());
            assert!(failed.is_some());
            assert_eq!(gathered.flush(|_, _| Err("kept")), Ok(()));
            // The transaction is undone, and the next one is written in its place.
            assert_eq!(calls(&mut gathered, &[(head(1), 0), (vec![2; 512], HEAD)]), [(0, HEAD), (HEAD, 512)]);
        }
    }

    proptest! {
        /// However writes fall, the file ends as if each had been made at once, and so it does at each end of a commit.
        #[test]
        fn the_file_is_the_same(
            writes in vec((0_usize..5, prop_oneof![Just(HEAD), Just(32), Just(512)], any::<u8>(), any::<bool>()), 1..60),
        ) {
            let (mut plain, mut file) = (vec![0; 40_000], vec![0; 40_000]);
            let mut gathered = Gathered::default();
            let (mut end, mut was_last) = (0, false);
            for (jump, length, fill, follows) in writes {
                let at = if follows { end } else { jump * 100 };
                let bytes = vec![fill % 2; length];
                plain[at..at + length].copy_from_slice(&bytes);
                gathered.write(&bytes, at, |bytes, at| {
                    file[at..at + bytes.len()].copy_from_slice(bytes);
                    Ok::<_, Infallible>(())
                }).unwrap();
                if was_last {
                    prop_assert!(plain == file, "a commit is kept back");
                }
                was_last = length == HEAD && fill % 2 == 1;
                end = at + length;
            }
            gathered.flush(|bytes, at| {
                file[at..at + bytes.len()].copy_from_slice(bytes);
                Ok::<_, Infallible>(())
            }).unwrap();
            prop_assert!(plain == file);
        }
    }
}
