//! What runs over everybody, in sets: each is read and computed beside the writing of the one before, and kept in a
//! transaction of its own, so that nobody who writes waits for more than the rows of a set. What an event
//! computed meanwhile stays. Running it again leaves the same. After each set it is told how far it is.

use db::{Db, DbError, Tx};
use kernel::{Actor, Clock, Context, IdGen, Instant, RetailerId};
use queue::Running;

use crate::insights::{self, Figures};
use crate::score::{self, Computed, Seen};
use crate::store::{self, Cause};

/// Retailers of one transaction.
pub const SET: i64 = 500;

async fn everybody(db: &Db) -> Result<usize, DbError> {
    let retailers = db.read(async move |tx| parties::count_retailers(tx).await).await?;
    Ok(usize::try_from(retailers).unwrap_or(usize::MAX))
}

/// Computes the scores of all retailers, [`SET`] in each transaction, and returns how many are kept.
pub async fn recalculate_all(db: &Db, clock: &Clock, ids: &IdGen, running: &Running) -> Result<usize, DbError> {
    let (mut done, total) = (0_usize, everybody(db).await?);
    let read = |after| {
        let cx = Context::new(clock, ids, Actor::System, "schedule:scores");
        db.read(async move |tx| {
            let set = parties::retailer_ids(tx, after, SET).await?;
            let Some(last) = set.last() else { return Ok(None) };
            let seen = store::computed_at(tx, &set).await?;
            Ok::<_, DbError>(Some((*last, (seen, score::compute(tx, &cx, &set).await?, cx.clone(), set.len()))))
        })
    };
    let work = |(seen, computed, cx, of_set): (Seen, Computed, Context, usize)| {
        done = done.saturating_add(of_set);
        let so_far = done;
        async move {
            let keep = async move |tx: &mut Tx| {
                let computed = computed.as_seen(tx, &seen).await?;
                score::keep(tx, &cx, computed, Cause::Daily).await
            };
            let kept = db.write(keep).await?;
            running.tell(so_far, total, "retailers").await?;
            Ok::<_, DbError>(kept.len())
        }
    };
    Ok(db::walk(read, work).await?.into_iter().sum())
}

/// Computes all insights, [`SET`] retailers in each transaction and the overview last, and returns how many are kept.
pub async fn regenerate_all(db: &Db, clock: &Clock, ids: &IdGen, running: &Running) -> Result<usize, DbError> {
    let (mut done, total) = (0_usize, everybody(db).await?);
    let read = |after| {
        let cx = Context::new(clock, ids, Actor::System, "schedule:insights");
        db.read(async move |tx| {
            let set = parties::retailer_ids(tx, after, SET).await?;
            let Some(last) = set.last() else { return Ok(None) };
            Ok::<_, DbError>(Some((*last, (insights::compute(tx, &cx, &set).await?, cx.now))))
        })
    };
    let work = |(figures, at): (Vec<(RetailerId, Figures)>, Instant)| {
        let kept = figures.len();
        done = done.saturating_add(kept);
        let so_far = done;
        async move {
            db.write(async move |tx| insights::keep(tx, &figures, at).await).await?;
            running.tell(so_far, total, "retailers").await?;
            Ok::<_, DbError>(kept)
        }
    };
    let kept = db::walk(read, work).await?;
    let cx = Context::new(clock, ids, Actor::System, "schedule:insights");
    db.write(async move |tx| insights::regenerate_overview(tx, &cx).await).await?;
    Ok(kept.into_iter().sum())
}
