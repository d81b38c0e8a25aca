//! What runs over everybody: retailers in sets, each set in its own transaction. Running it again leaves the same. After
//! each set it is told how far it is.

use db::{Db, DbError};
use kernel::{Actor, Clock, Context, IdGen};
use queue::Running;

use crate::insights::{regenerate, regenerate_overview};
use crate::score::recalculate;
use crate::store::Cause;

/// Retailers of one transaction.
pub const SET: i64 = 500;

async fn everybody(db: &Db) -> Result<usize, DbError> {
    let retailers = db.read(async move |tx| parties::count_retailers(tx).await).await?;
    Ok(usize::try_from(retailers).unwrap_or(usize::MAX))
}

/// Computes the scores of all retailers, [`SET`] in each transaction, and returns how many there were.
pub async fn recalculate_all(db: &Db, clock: &Clock, ids: &IdGen, running: &Running) -> Result<usize, DbError> {
    let (mut done, mut after) = (0_usize, None);
    let total = everybody(db).await?;
    loop {
        running.tell(done, total, "retailers").await?;
        let cx = Context::new(clock, ids, Actor::System, "schedule:scores");
        let set = db.write(async move |tx| {
            let set = parties::retailer_ids(tx, after, SET).await?;
            if !set.is_empty() {
                recalculate(tx, &cx, &set, Cause::Daily).await?;
            }
            Ok::<_, DbError>(set)
        });
        let set = set.await?;
        let Some(last) = set.last() else { return Ok(done) };
        done = done.saturating_add(set.len());
        after = Some(*last);
    }
}

/// Computes all insights, [`SET`] retailers in each transaction and the overview last, and returns how many there were.
pub async fn regenerate_all(db: &Db, clock: &Clock, ids: &IdGen, running: &Running) -> Result<usize, DbError> {
    let (mut done, mut after) = (0_usize, None);
    let total = everybody(db).await?;
    loop {
        running.tell(done, total, "retailers").await?;
        let cx = Context::new(clock, ids, Actor::System, "schedule:insights");
        let of = cx.clone();
        let set = db.write(async move |tx| {
            let set = parties::retailer_ids(tx, after, SET).await?;
            if !set.is_empty() {
                regenerate(tx, &of, &set).await?;
            }
            Ok::<_, DbError>(set)
        });
        let set = set.await?;
        let Some(last) = set.last() else {
            db.write(async move |tx| regenerate_overview(tx, &cx).await).await?;
            return Ok(done);
        };
        done = done.saturating_add(set.len());
        after = Some(*last);
    }
}
