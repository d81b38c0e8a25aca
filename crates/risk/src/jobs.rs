//! Risk control over all retailers, or over one: scores, alerts, cuts, restores, the automatic pause.
//!
//! All retailers are walked in sets, each in a transaction of its own: a set is read in five statements, and written only
//! where something changed. What a rule would do is decided once more behind the retailer's locks, one retailer at a
//! time, so that two runs at once, or one behind a crash, do it once.

use std::collections::HashMap;

use db::{Db, DbError, Tx};
use kernel::{Actor, Clock, Context, IdGen, RetailerId};
use queue::Running;

use crate::alerts::settle_alerts;
use crate::facts::{Known, gather};
use crate::limits::{settle_cuts, settle_restores};
use crate::pause::{Evaluated, settle_pause};
use crate::score::{Score, score};
use crate::store::{self, InForce};

/// Retailers of a set.
const SET: i64 = 500;
/// Retailers looked at one by one between two words of how far that is.
const TOLD_EACH: usize = 50;

/// What a run found and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Done {
    /// Retailers that were looked at.
    pub retailers: usize,
    /// Scores that are others now.
    pub scores: usize,
    /// Alerts that were raised.
    pub alerts: usize,
    /// Lines whose limit was cut.
    pub cut: usize,
    /// Lines that got theirs back.
    pub restored: usize,
    /// Retailers whose credit was paused.
    pub paused: usize,
    /// Retailers whose pause was lifted.
    pub lifted: usize,
}

impl Done {
    fn add(&mut self, other: Self) {
        let Self { retailers, scores, alerts, cut, restored, paused, lifted } = other;
        self.retailers = self.retailers.saturating_add(retailers);
        self.scores = self.scores.saturating_add(scores);
        self.alerts = self.alerts.saturating_add(alerts);
        self.cut = self.cut.saturating_add(cut);
        self.restored = self.restored.saturating_add(restored);
        self.paused = self.paused.saturating_add(paused);
        self.lifted = self.lifted.saturating_add(lifted);
    }

    fn paused(evaluated: Evaluated) -> Self {
        Self {
            paused: usize::from(evaluated == Evaluated::Paused),
            lifted: usize::from(evaluated == Evaluated::Lifted),
            ..Self::default()
        }
    }
}

impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { retailers, scores, alerts, cut, restored, paused, lifted } = self;
        write!(
            f,
            "{retailers} retailers, {scores} scores changed, {alerts} alerts, {cut} limits cut, {restored} given back, \
             {paused} paused, {lifted} lifted"
        )
    }
}

/// The scores of these retailers as they are now, without writing any.
pub(crate) async fn scores_now(
    tx: &mut Tx,
    in_force: &InForce,
    retailers: &[RetailerId],
    now: kernel::Instant,
) -> Result<HashMap<RetailerId, (Score, Known)>, DbError> {
    let known = gather(tx, retailers, now).await?;
    let scored = known.into_iter().map(|(id, known)| (id, (score(&known.facts, &in_force.rules.weights), known)));
    Ok(scored.collect())
}

/// Who of a set needs a closer look.
#[derive(Debug, Default)]
struct ToDo {
    cuts: Vec<RetailerId>,
    done: Done,
}

/// Scores a set and settles its alerts.
async fn control_set(tx: &mut Tx, cx: &Context, in_force: &InForce, retailers: &[RetailerId]) -> Result<ToDo, DbError> {
    let now = scores_now(tx, in_force, retailers, cx.now).await?;
    let before = store::scores(tx, retailers).await?;
    let mut changed: Vec<(RetailerId, Score)> = now
        .iter()
        .filter(|(id, (score, _))| before.get(*id) != Some(score))
        .map(|(id, (score, _))| (*id, score.clone()))
        .collect();
    changed.sort_by_key(|(id, _)| *id);
    store::put_scores(tx, cx.now, &changed).await?;
    let mut cuts: Vec<RetailerId> = now
        .iter()
        .filter(|(_, (_, known))| in_force.rules.cuts(known.behaviour.consecutive_delays()))
        .map(|(id, _)| *id)
        .collect();
    cuts.sort();
    let looked_at = now.len();
    let scores: HashMap<RetailerId, Score> = now.into_iter().map(|(id, (score, _))| (id, score)).collect();
    let alerts = settle_alerts(tx, cx, in_force, &scores).await?;
    Ok(ToDo { cuts, done: Done { retailers: looked_at, scores: changed.len(), alerts, ..Done::default() } })
}

/// Everything about one retailer, in the caller's transaction.
pub async fn control_one(tx: &mut Tx, cx: &Context, id: RetailerId) -> Result<Done, DbError> {
    let in_force = store::rules(tx).await?;
    let mut done = Done::paused(settle_pause(tx, cx, &in_force, id).await?);
    done.restored = settle_restores(tx, cx, &in_force, id).await?;
    done.cut = settle_cuts(tx, cx, &in_force, id).await?;
    done.add(control_set(tx, cx, &in_force, &[id]).await?.done);
    Ok(done)
}

/// Risk control by the clock, over a database.
#[derive(Clone, Debug)]
pub struct Control {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Ids.
    pub ids: IdGen,
    /// Where it says how far it is.
    pub running: Running,
}

impl Control {
    fn context(&self, request: &'static str) -> Context {
        Context::new(&self.clock, &self.ids, Actor::System, request)
    }

    async fn rules(&self) -> Result<InForce, DbError> {
        self.db.read(async |tx| store::rules(tx).await).await
    }

    /// Scores, alerts, cuts, restores and pauses of all retailers.
    ///
    /// # Errors
    ///
    /// The database cannot be read. A retailer that fails is logged and does not stop the rest.
    pub async fn run(&self) -> Result<Done, DbError> {
        let in_force = self.rules().await?;
        let (mut done, mut after) = (self.pauses().await?, None);
        done.add(self.restores(&in_force).await?);
        let retailers = self.db.read(async |tx| parties::count_retailers(tx).await).await?;
        let (total, mut scored) = (usize::try_from(retailers).unwrap_or(usize::MAX), 0_usize);
        loop {
            self.running.tell(scored, total, "retailers scored").await?;
            let set = self.db.read(async move |tx| parties::retailer_ids(tx, after, SET).await).await?;
            let Some(last) = set.last() else { return Ok(done) };
            after = Some(*last);
            scored = scored.saturating_add(set.len());
            let (cx, rules) = (self.context("schedule:risk"), in_force.clone());
            let todo = self.db.write(async move |tx| control_set(tx, &cx, &rules, &set).await).await?;
            done.add(todo.done);
            for id in todo.cuts {
                let (cx, rules) = (self.context("schedule:risk"), in_force.clone());
                match self.db.write(async move |tx| settle_cuts(tx, &cx, &rules, id).await).await {
                    Ok(cut) => done.cut = done.cut.saturating_add(cut),
                    Err(error) => tracing::error!(retailer = %id, %error, "limits could not be cut"),
                }
            }
        }
    }

    /// The automatic pause over all retailers: those that are late and those that are paused for it.
    ///
    /// # Errors
    ///
    /// The database cannot be read. A retailer that fails is logged and does not stop the rest.
    pub async fn pauses(&self) -> Result<Done, DbError> {
        let in_force = self.rules().await?;
        let mut done = Done::default();
        for is_paused in [true, false] {
            let today = self.clock.now().business_date();
            let before = today.plus_days(in_force.rules.overdue_block.days.saturating_neg());
            let (retailers, saying) = if is_paused {
                let paused = self.db.read(async |tx| parties::paused_for_overdue(tx).await);
                (paused.await?, "paused retailers looked at")
            } else {
                let late = self.db.read(async move |tx| credit::late_retailers(tx, before).await);
                (late.await?, "late retailers looked at")
            };
            for (number, id) in retailers.iter().copied().enumerate() {
                self.tell(number, retailers.len(), saying).await?;
                let (cx, rules) = (self.context("schedule:pause"), in_force.clone());
                match self.db.write(async move |tx| settle_pause(tx, &cx, &rules, id).await).await {
                    Ok(evaluated) => done.add(Done { retailers: 1, ..Done::paused(evaluated) }),
                    Err(error) => tracing::error!(retailer = %id, %error, "a pause could not be settled"),
                }
            }
        }
        Ok(done)
    }

    /// Tells how far work on one retailer after the other is, once in so many.
    async fn tell(&self, done: usize, total: usize, saying: &str) -> Result<(), DbError> {
        if done.is_multiple_of(TOLD_EACH) {
            self.running.tell(done, total, saying).await?;
        }
        Ok(())
    }

    async fn restores(&self, in_force: &InForce) -> Result<Done, DbError> {
        let mut done = Done::default();
        let retailers = self.db.read(async |tx| store::cut_retailers(tx).await).await?;
        for (number, id) in retailers.iter().copied().enumerate() {
            self.tell(number, retailers.len(), "cut limits looked at").await?;
            let (cx, rules) = (self.context("schedule:risk"), in_force.clone());
            match self.db.write(async move |tx| settle_restores(tx, &cx, &rules, id).await).await {
                Ok(restored) => done.restored = done.restored.saturating_add(restored),
                Err(error) => tracing::error!(retailer = %id, %error, "a limit could not be given back"),
            }
        }
        Ok(done)
    }
}
