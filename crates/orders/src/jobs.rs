//! Work that runs by the clock: offers past their deadline, vendors' reliability.

use db::{Db, DbError};
use kernel::{Actor, Clock, Context, IdGen};

use crate::lifecycle::expire_offer;

/// How often offers past their deadline are looked for, in seconds. An offer is expired when its deadline is read, not
/// when this has run; the run moves the order on.
pub const OFFER_SCHEDULE: i64 = 15 * 60;

/// Offers that one run takes from the list at a time.
const BATCH: i64 = 200;

/// Moves every order whose offer has passed its deadline to the next vendor, each in its own transaction, and returns
/// how many there were. One that fails is logged and does not stop the rest.
pub async fn expire_offers(db: &Db, clock: &Clock, ids: &IdGen) -> Result<usize, DbError> {
    let mut moved = 0;
    loop {
        let cx = Context::new(clock, ids, Actor::System, "schedule:offers");
        let now = cx.now;
        let expired = db.read(async move |tx| routing::expired_offers(tx, now, BATCH).await).await?;
        let mut progress = 0;
        for offer in &expired {
            let (cx, id) = (cx.clone(), offer.id);
            let outcome = db.write(async move |tx| expire_offer(tx, &cx, id).await).await;
            match outcome {
                Ok(_) => progress += 1,
                Err(error) => tracing::error!(offer = %id, %error, "an expired offer could not be moved on"),
            }
        }
        moved += progress;
        if progress == 0 || expired.len() < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            return Ok(moved);
        }
    }
}

/// Computes the reliability of all vendors anew.
pub async fn recompute_reliability(db: &Db, clock: &Clock) -> Result<usize, DbError> {
    let now = clock.now();
    db.write(async move |tx| routing::recompute_reliability(tx, now).await).await
}
