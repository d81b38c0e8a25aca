//! Work that runs by the clock: offers past their deadline, drafts that nobody finished,
//! deliveries that nobody confirms, vendors' reliability.

use db::{Db, DbError};
use kernel::{Actor, Clock, Context, IdGen};

use crate::arrival::{LEEWAY, QUESTION_SECONDS, settle_silence};
use crate::draft::{expire_draft, follow_up, stale_drafts};
use crate::lifecycle::{expire_offer, remind_of_offer};
use crate::store;

/// How often offers past their deadline are looked for, in seconds. An offer is expired when its deadline is read, not
/// when this has run; the run moves the order on.
pub const OFFER_SCHEDULE: i64 = 15 * 60;

/// How often it is looked what vendors delivered and retailers say nothing about, in seconds.
pub const SILENCE_SCHEDULE: i64 = 15 * 60;

/// How often offers that end soon are looked for, in seconds.
pub const REMINDER_SCHEDULE: i64 = 5 * 60;

/// How long before its deadline a vendor is reminded of an offer, in seconds.
const REMIND_BEFORE: i64 = 30 * 60;

/// How often drafts that were left alone are looked for, in seconds.
pub const DRAFT_SCHEDULE: i64 = 6 * 60 * 60;

/// How far back expired drafts are looked for, in seconds, to be remembered: further than a server is ever down. Each is
/// remembered once all the same.
const FOLLOWED_UP: i64 = 7 * 24 * 60 * 60;

/// What one run takes from a list at a time.
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

/// Expires every draft that was left alone for a day, each in its own transaction, and returns how many there were.
pub async fn expire_drafts(db: &Db, clock: &Clock, ids: &IdGen) -> Result<usize, DbError> {
    let mut expired = 0;
    loop {
        let cx = Context::new(clock, ids, Actor::System, "schedule:drafts");
        let now = cx.now;
        let stale = db.read(async move |tx| stale_drafts(tx, now, BATCH).await).await?;
        let mut progress = 0;
        for id in stale {
            let cx = cx.clone();
            match db.write(async move |tx| expire_draft(tx, &cx, id).await).await {
                Ok(done) => progress += usize::from(done),
                Err(error) => tracing::error!(draft = %id, %error, "a draft could not expire"),
            }
        }
        expired += progress;
        if progress == 0 {
            return Ok(expired);
        }
    }
}

/// Sends one friendly message for each draft that expired since the last time, and returns how many there were.
pub async fn follow_up_drafts(db: &Db, clock: &Clock, ids: &IdGen) -> Result<usize, DbError> {
    let cx = Context::new(clock, ids, Actor::System, "schedule:follow-ups");
    let now = cx.now;
    let since = now.plus_seconds(-FOLLOWED_UP);
    let expired = db.read(async move |tx| store::expired_drafts(tx, since, now).await).await?;
    let mut asked = 0;
    for id in expired {
        let cx = cx.clone();
        match db.write(async move |tx| follow_up(tx, &cx, id).await).await {
            Ok(done) => asked += usize::from(done),
            Err(error) => tracing::error!(draft = %id, %error, "an expired draft could not be remembered"),
        }
    }
    Ok(asked)
}

/// Asks silent retailers again about what their vendors delivered, or books it where they were asked twice; each in its
/// own transaction. Returns how many there were.
pub async fn settle_silent(db: &Db, clock: &Clock, ids: &IdGen) -> Result<usize, DbError> {
    let cx = Context::new(clock, ids, Actor::System, "schedule:deliveries");
    let (once, again) = (cx.now.plus_seconds(-QUESTION_SECONDS), cx.now.plus_seconds(LEEWAY - QUESTION_SECONDS));
    let (mut settled, mut after) = (0, String::new());
    loop {
        let from = after.clone();
        let silent = db.read(async move |tx| store::silent(tx, once, again, &from, BATCH).await).await?;
        let Some(last) = silent.last() else { return Ok(settled) };
        after = last.to_string();
        for id in silent {
            let cx = cx.clone();
            match db.write(async move |tx| settle_silence(tx, &cx, id).await).await {
                Ok(done) => settled += usize::from(done),
                Err(error) => tracing::error!(order = %id, %error, "a silent delivery could not be settled"),
            }
        }
    }
}

/// Reminds vendors of offers that end soon, once each, and returns how many there were.
pub async fn remind_of_offers(db: &Db, clock: &Clock, ids: &IdGen) -> Result<usize, DbError> {
    let cx = Context::new(clock, ids, Actor::System, "schedule:offer-reminders");
    let (now, until) = (cx.now, cx.now.plus_seconds(REMIND_BEFORE));
    let (mut reminded, mut after) = (0, now);
    loop {
        let ending = db.read(async move |tx| routing::offers_ending(tx, after, until, BATCH).await).await?;
        let Some(last) = ending.last() else { return Ok(reminded) };
        after = last.deadline;
        for offer in &ending {
            let (cx, id) = (cx.clone(), offer.id);
            match db.write(async move |tx| remind_of_offer(tx, &cx, id).await).await {
                Ok(done) => reminded += usize::from(done),
                Err(error) => tracing::error!(offer = %id, %error, "a vendor could not be reminded"),
            }
        }
    }
}

/// Computes the reliability of all vendors anew.
pub async fn recompute_reliability(db: &Db, clock: &Clock) -> Result<usize, DbError> {
    let now = clock.now();
    db.write(async move |tx| routing::recompute_reliability(tx, now).await).await
}
