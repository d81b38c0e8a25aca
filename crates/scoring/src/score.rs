//! Gathering facts, computing scores, keeping them.

use std::collections::{HashMap, HashSet};

use credit::Discipline;
use db::{DbError, Tx};
use kernel::{BusinessDate, Context, Instant, RetailerId};
use orders::Volume;

use crate::rules::{Component, Facts, Score, VOLUME_DAYS, points};
use crate::store::{self, Cause, Kept};

fn facts_of(
    on: BusinessDate,
    retailer: RetailerId,
    disciplines: &mut HashMap<RetailerId, Discipline>,
    volumes: &HashMap<RetailerId, Volume>,
) -> Facts {
    let Discipline { ended, open, limit, outstanding } = disciplines.remove(&retailer).unwrap_or_default();
    let Volume { delivered, first } = volumes.get(&retailer).copied().unwrap_or_default();
    Facts { on, ended, open, limit, outstanding, delivered, first_delivery: first }
}

/// The facts of today, by the kept figures. Four statements.
async fn facts(tx: &mut Tx, retailers: &[RetailerId], today: BusinessDate) -> Result<Vec<Facts>, DbError> {
    let mut disciplines = credit::disciplines(tx, retailers, today).await?;
    let volumes = orders::volumes(tx, retailers, today, VOLUME_DAYS).await?;
    Ok(retailers.iter().map(|retailer| facts_of(today, *retailer, &mut disciplines, &volumes)).collect())
}

/// What a retailer's score was by the end of a day, with its facts, from the records: journal, repayments, adjustments,
/// disputes, changes of limits and due dates. Today it is what it would be if nothing more happened.
pub async fn score_on(tx: &mut Tx, retailer: RetailerId, on: BusinessDate) -> Result<(Facts, Score), DbError> {
    let mut disciplines = credit::disciplines_then(tx, &[retailer], on).await?;
    let volumes = orders::volumes(tx, &[retailer], on, VOLUME_DAYS).await?;
    let facts = facts_of(on, retailer, &mut disciplines, &volumes);
    let score = Score::of(&facts);
    Ok((facts, score))
}

/// Whether people would see another score: the number, the mark, or a whole point of a component.
fn differs(one: &Score, other: &Score) -> bool {
    let whole = |score: &Score| {
        Component::ALL.map(|component| {
            kernel::div_half_even(points(component, score.value(component)), crate::rules::UNIT.into())
        })
    };
    (one.score, one.is_thin, whole(one)) != (other.score, other.is_thin, whole(other))
}

/// When the scores of retailers were computed that a look found.
pub(crate) type Seen = HashMap<RetailerId, Instant>;

/// Scores as they were computed at a moment, and which of them people would see another score in.
#[derive(Clone, Debug)]
pub(crate) struct Computed {
    scores: Vec<Kept>,
    is_new: HashSet<RetailerId>,
}

/// Computes the scores of retailers without keeping them.
pub(crate) async fn compute(tx: &mut Tx, cx: &Context, retailers: &[RetailerId]) -> Result<Computed, DbError> {
    let today = cx.today();
    let facts = facts(tx, retailers, today).await?;
    let before = store::before(tx, retailers, today).await?;
    let scores = retailers.iter().zip(facts).map(|(retailer, facts)| Kept {
        retailer: *retailer,
        score: Score::of(&facts),
        facts,
        at: cx.now,
    });
    let scores: Vec<Kept> = scores.collect();
    let is_new = |kept: &&Kept| before.get(&kept.retailer).is_none_or(|past| differs(&past.score, &kept.score));
    let is_new = scores.iter().filter(is_new).map(|kept| kept.retailer).collect();
    Ok(Computed { scores, is_new })
}

impl Computed {
    /// Without the retailers of whom a score is kept that was not there at a look before this was computed: whoever
    /// wrote it knew more. The clock is not asked: one that was set back would keep every score from ahead of it.
    pub(crate) async fn as_seen(&self, tx: &mut Tx, seen: &Seen) -> Result<Self, DbError> {
        let retailers: Vec<RetailerId> = self.scores.iter().map(|kept| kept.retailer).collect();
        let kept = store::computed_at(tx, &retailers).await?;
        let is_as_seen = |score: &&Kept| kept.get(&score.retailer) == seen.get(&score.retailer);
        Ok(Self { scores: self.scores.iter().filter(is_as_seen).cloned().collect(), is_new: self.is_new.clone() })
    }
}

/// Keeps scores; what is kept of the day already is replaced.
pub(crate) async fn keep(tx: &mut Tx, cx: &Context, computed: Computed, cause: Cause) -> Result<Vec<Kept>, DbError> {
    let Computed { scores, is_new } = computed;
    let retailers: Vec<RetailerId> = scores.iter().map(|kept| kept.retailer).collect();
    store::keep(tx, &scores).await?;
    let new = scores.iter().filter(|kept| is_new.contains(&kept.retailer));
    store::write_day(tx, &retailers, cx.today(), new, cause).await?;
    Ok(scores)
}

/// Computes the scores of retailers and keeps them; what is kept of the day already is replaced.
pub async fn recalculate(
    tx: &mut Tx,
    cx: &Context,
    retailers: &[RetailerId],
    cause: Cause,
) -> Result<Vec<Kept>, DbError> {
    let computed = compute(tx, cx, retailers).await?;
    keep(tx, cx, computed, cause).await
}

/// Computes the score of a retailer again, as a job asks for it. One that is not known has none.
pub async fn score_again(tx: &mut Tx, cx: &Context, retailer: RetailerId) -> Result<(), DbError> {
    if parties::retailers(tx, &[retailer]).await?.contains_key(&retailer) {
        recalculate(tx, cx, &[retailer], Cause::Event).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::UNIT;

    #[test]
    fn a_day_is_written_when_people_would_see_another_score() {
        let score = |payment, age| {
            let values = [payment, UNIT, 0, age];
            Score { score: crate::rules::total(values), is_thin: false, values }
        };
        let before = score(UNIT, 0);
        assert!(!differs(&before, &before) && !differs(&before, &score(UNIT, UNIT / 150)), "0.4 points");
        assert!(differs(&before, &score(UNIT, UNIT / 50)), "1.2 points");
        // A point that goes from one component to another leaves the number.
        assert!(differs(&score(UNIT, 0), &score(UNIT - UNIT / 80, UNIT / 20)));
        assert!(differs(&before, &Score { is_thin: true, ..before }));
    }

    testkit::both_engines! {
        async fn what_an_event_scored_since_a_look_is_left_alone(t: TestDb) {
            let cx = |seconds| {
                t.clock.advance_seconds(seconds);
                Context::new(&t.clock, &t.ids, kernel::Actor::System, "test")
            };
            let (look, event): (Context, Context) = (cx(0), cx(-60));
            let ids: Vec<RetailerId> = vec![look.id(), look.id()];
            let done = t.db.write::<_, DbError, _>(async move |tx| {
                for (number, id) in ids.iter().enumerate() {
                    testkit::add_retailer(tx, *id, &format!("97798480000{number}"), "EN", look.now).await?;
                }
                let seen = store::computed_at(tx, &ids).await?;
                let computed = compute(tx, &look, &ids).await?;
                recalculate(tx, &event, ids.get(..1).unwrap_or_default(), Cause::Event).await?;
                let left = computed.as_seen(tx, &seen).await?;
                Ok((left.scores.iter().map(|kept| kept.retailer).collect::<Vec<_>>(), ids.clone()))
            });
            let (left, ids) = done.await.unwrap();
            assert_eq!(left, ids.get(1..).unwrap_or_default());
        }
    }
}
