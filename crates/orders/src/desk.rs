//! The placing desk: many callers' orders as one transaction, each with its idempotency key and stored answer.

use db::{Db, DbError, Desk, Tx};
use web::{Found, Keyed, StoredAnswer};

use crate::http::answer;
use crate::place::{Place, place_all};

/// An order with the key under which its answer is kept.
#[derive(Clone, Debug)]
pub struct Placing {
    /// The order.
    pub place: Place,
    /// Its key.
    pub keyed: Keyed,
}

/// The desk where orders are placed.
pub type PlacingDesk = Desk<Placing, StoredAnswer, DbError>;

/// Opens the placing desk of a database.
pub fn open_desk(db: &Db) -> PlacingDesk {
    let clerks = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    Desk::open(db, clerks, async |tx: &mut Tx, set: &[Placing]| place_keyed(tx, set).await)
}

/// Answers what was answered before, places the rest, and stores their answers.
///
/// A key that stands twice in one set counts once: the second caller gets the first one's answer.
async fn place_keyed(tx: &mut Tx, set: &[Placing]) -> Result<Vec<StoredAnswer>, DbError> {
    let keys: Vec<&Keyed> = set.iter().map(|placing| &placing.keyed).collect();
    let found = web::find_answers(tx, &keys).await?;
    let mut answers: Vec<Option<StoredAnswer>> = found.into_iter().map(|found| found.map(Found::into_answer)).collect();
    let mut new: Vec<usize> = Vec::new();
    let mut twins: Vec<(usize, usize)> = Vec::new();
    for (index, (placing, answer)) in set.iter().zip(&answers).enumerate() {
        if answer.is_some() {
            continue;
        }
        let twin = new.iter().find(|&&first| set.get(first).is_some_and(|other| other.keyed.is_same(&placing.keyed)));
        match twin {
            Some(&first) => twins.push((index, first)),
            None => new.push(index),
        }
    }
    let places: Vec<Place> = new.iter().filter_map(|&index| Some(set.get(index)?.place.clone())).collect();
    let outcomes = place_all(tx, &places).await?;
    let mut stored = Vec::with_capacity(new.len());
    for (&index, outcome) in new.iter().zip(&outcomes) {
        let given = answer(outcome)?;
        if let (Some(placing), Some(slot)) = (set.get(index), answers.get_mut(index)) {
            stored.push((placing.keyed.clone(), given.clone()));
            *slot = Some(given);
        }
    }
    if let Some(place) = places.last() {
        web::store_answers(tx, place.cx.now, stored).await?;
    }
    for (index, first) in twins {
        let given = match (set.get(index), set.get(first)) {
            (Some(twin), Some(original)) if twin.keyed.body_hash == original.keyed.body_hash => {
                answers.get(first).cloned().flatten()
            }
            _ => Some(Found::OtherBody.into_answer()),
        };
        if let Some(slot) = answers.get_mut(index) {
            *slot = given;
        }
    }
    answers.into_iter().map(|answer| answer.ok_or(DbError::Missing("the answer of an order"))).collect()
}
