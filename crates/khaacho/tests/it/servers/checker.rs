//! Whether what clients saw at once can be explained by doing it one after another (linearizability).
//!
//! Each answer has the moments of its question and its arrival. An order explains a history if a plain sequential thing,
//! asked in that order, gives every answer, and nothing stands before something that was answered before it was asked.
//! All orders are tried depth first, as Wing and Gong do it; a set of answers that led nowhere from a state is not tried
//! again (Lowe). How long that takes grows with how much happens at once, not with the length of the history.

use std::collections::{BTreeSet, HashSet};
use std::hash::Hash;

/// An answer that somebody got.
#[derive(Clone, Debug)]
pub(crate) struct Seen<W> {
    pub(crate) asked: u64,
    pub(crate) answered: u64,
    pub(crate) what: W,
}

/// Which answers are explained: all before `first`, and some beyond it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Explained {
    first: usize,
    beyond: BTreeSet<usize>,
}

impl Explained {
    fn with(&self, at: usize) -> Self {
        let mut more = self.clone();
        more.beyond.insert(at);
        while more.beyond.remove(&more.first) {
            more.first += 1;
        }
        more
    }

    /// What may come next: whatever was asked before any of the rest was answered.
    fn next<W>(&self, history: &[Seen<W>]) -> Vec<usize> {
        let (mut next, mut earliest) = (Vec::new(), u64::MAX);
        for (at, seen) in history.iter().enumerate().skip(self.first) {
            if self.beyond.contains(&at) {
                continue;
            }
            if seen.asked > earliest {
                break;
            }
            earliest = earliest.min(seen.answered);
            next.push(at);
        }
        next
    }
}

/// A place in the search: the state there, and what is left to try from it.
struct Place<S> {
    state: S,
    explained: Explained,
    untried: Vec<usize>,
}

/// Finds out whether some order explains a history that begins with a state; `step` says what state an answer leads to, or
/// that it cannot be given there. Otherwise the answers of which none could come next when the most were explained.
pub(crate) fn explain<S, W>(
    mut history: Vec<Seen<W>>,
    first: S,
    step: impl Fn(&S, &W) -> Option<S>,
) -> Result<(), Vec<Seen<W>>>
where
    S: Clone + Eq + Hash,
    W: Clone,
{
    history.sort_by_key(|seen| seen.asked);
    let begin = Explained::default();
    let (mut known, mut most, mut stuck) = (HashSet::new(), 0, begin.next(&history));
    let mut places = vec![Place { state: first, untried: stuck.clone(), explained: begin }];
    while let Some(place) = places.last_mut() {
        if place.explained.first == history.len() {
            return Ok(());
        }
        let Some(at) = place.untried.pop() else {
            places.pop();
            continue;
        };
        let Some(state) = step(&place.state, &history[at].what) else { continue };
        let explained = place.explained.with(at);
        if !known.insert((explained.clone(), state.clone())) {
            continue;
        }
        let untried = explained.next(&history);
        places.push(Place { state, explained, untried: untried.clone() });
        if places.len() > most {
            (most, stuck) = (places.len(), untried);
        }
    }
    Err(stuck.into_iter().map(|at| history[at].clone()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number that is written and read.
    #[derive(Clone, Copy, Debug)]
    enum Cell {
        Wrote(i64),
        Read(i64),
    }

    fn holds(history: &[(u64, u64, Cell)]) -> bool {
        let history = history.iter().map(|&(asked, answered, what)| Seen { asked, answered, what }).collect();
        let step = |state: &i64, what: &Cell| match *what {
            Cell::Wrote(value) => Some(value),
            Cell::Read(value) => (value == *state).then_some(value),
        };
        explain(history, 0, step).is_ok()
    }

    #[test]
    fn what_was_done_one_after_another_is_explained() {
        assert!(holds(&[]));
        assert!(holds(&[(0, 1, Cell::Read(0)), (2, 3, Cell::Wrote(5)), (4, 5, Cell::Read(5))]));
    }

    #[test]
    fn what_overlaps_may_have_been_in_either_order() {
        for seen in [0, 5] {
            assert!(holds(&[(0, 9, Cell::Wrote(5)), (1, 2, Cell::Read(seen))]));
        }
        // Two that write at once, and two that see them in turn.
        let writes = [(0, 9, Cell::Wrote(5)), (0, 9, Cell::Wrote(6))];
        assert!(holds(&[writes[0], writes[1], (1, 2, Cell::Read(6)), (3, 4, Cell::Read(5))]));
    }

    #[test]
    fn an_old_value_after_the_new_one_was_answered_is_refused() {
        assert!(!holds(&[(0, 1, Cell::Wrote(5)), (2, 3, Cell::Read(0))]));
        // Nor may it come back once one reader has seen the new one.
        assert!(!holds(&[(0, 9, Cell::Wrote(5)), (1, 2, Cell::Read(5)), (3, 4, Cell::Read(0))]));
        let writes = [(0, 9, Cell::Wrote(5)), (0, 9, Cell::Wrote(6))];
        let reads = [(1, 2, Cell::Read(6)), (3, 4, Cell::Read(5)), (5, 6, Cell::Read(6))];
        assert!(!holds(&[writes[0], writes[1], reads[0], reads[1], reads[2]]));
    }

    #[test]
    fn a_value_that_nobody_wrote_is_refused_with_the_answers_that_do_not_fit() {
        assert!(!holds(&[(0, 9, Cell::Wrote(5)), (1, 2, Cell::Read(7))]));
        let history = vec![
            Seen { asked: 0, answered: 1, what: Cell::Wrote(5) },
            Seen { asked: 2, answered: 3, what: Cell::Read(6) },
        ];
        let step = |(): &(), what: &Cell| matches!(what, Cell::Wrote(_)).then_some(());
        assert_eq!(explain(history, (), step).unwrap_err()[0].asked, 2);
    }

    #[test]
    fn a_long_history_of_many_at_once_is_decided() {
        // Eight write at any time: a search without a memory would try all their orders.
        let mut history: Vec<_> = (0..400).map(|at| (at * 10, at * 10 + 75, Cell::Wrote(1))).collect();
        history.push((5_000, 5_001, Cell::Read(1)));
        assert!(holds(&history));
        history.push((5_002, 5_003, Cell::Read(2)));
        assert!(!holds(&history));
    }
}
