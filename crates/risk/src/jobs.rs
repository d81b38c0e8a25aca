//! Risk control over all retailers, or over one: scores, alerts, cuts, restores, the automatic pause.
//!
//! All retailers are walked in sets, each in a transaction of its own: a set is read in nine statements, and written only
//! where something changed. What a rule would do is decided once more behind the retailer's locks, one retailer at a
//! time, so that two runs at once, or one behind a crash, do it once.

use std::collections::HashMap;

use db::{Db, DbError, Tx};
use kernel::{Actor, BusinessDate, Clock, Context, IdGen, RetailerId};

use crate::alerts::settle_alerts;
use crate::facts::{Known, gather};
use crate::limits::{has_cuts_to_settle, has_restores_to_settle, settle_cuts, settle_restores};
use crate::model::ActionKind;
use crate::pause::{Evaluated, settle_pause};
use crate::score::{Score, score};
use crate::store::{self, InForce};

/// Retailers of a set.
const SET: i64 = 500;

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
    let earlier = store::actions_with_cause(tx, &cuts, ActionKind::Cut).await?;
    cuts.retain(|id| {
        let earlier = earlier.get(id).map(Vec::as_slice).unwrap_or_default();
        now.get(id).is_some_and(|(_, known)| has_cuts_to_settle(in_force, &known.behaviour, earlier))
    });
    let looked_at = now.len();
    let scores: HashMap<RetailerId, Score> = now.into_iter().map(|(id, (score, _))| (id, score)).collect();
    let alerts = settle_alerts(tx, cx, in_force, &scores).await?;
    Ok(ToDo { cuts, done: Done { retailers: looked_at, scores: changed.len(), alerts, ..Done::default() } })
}

/// Those of the next set of retailers with cuts that need a closer look, behind the last one of the set.
async fn restores_due(
    tx: &mut Tx,
    in_force: &InForce,
    after: Option<RetailerId>,
    today: BusinessDate,
) -> Result<(Option<RetailerId>, Vec<RetailerId>), DbError> {
    let set = store::cut_retailers(tx, after, SET).await?;
    let cuts = store::running_cuts(tx, &set).await?;
    let pairs = cuts.values().flatten().filter_map(|cut| Some((cut.retailer_id, cut.vendor_id?))).collect::<Vec<_>>();
    let lines = credit::lines(tx, &pairs, today).await?;
    let is_due =
        |id: &RetailerId| cuts.get(id).is_some_and(|cuts| has_restores_to_settle(in_force, cuts, &lines, today));
    Ok((set.last().copied(), set.iter().copied().filter(is_due).collect()))
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
        loop {
            let set = self.db.read(async move |tx| parties::retailer_ids(tx, after, SET).await).await?;
            let Some(last) = set.last() else { return Ok(done) };
            after = Some(*last);
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
            let mut after = None;
            loop {
                let today = self.clock.now().business_date();
                let before = today.plus_days(in_force.rules.overdue_block.days.saturating_neg());
                let set = self.db.read(async move |tx| {
                    if is_paused {
                        parties::paused_for_overdue(tx, after, SET).await
                    } else {
                        credit::late_retailers(tx, before, after, SET).await
                    }
                });
                let set = set.await?;
                let Some(last) = set.last() else { break };
                after = Some(*last);
                for id in set {
                    let (cx, rules) = (self.context("schedule:pause"), in_force.clone());
                    match self.db.write(async move |tx| settle_pause(tx, &cx, &rules, id).await).await {
                        Ok(evaluated) => done.add(Done { retailers: 1, ..Done::paused(evaluated) }),
                        Err(error) => tracing::error!(retailer = %id, %error, "a pause could not be settled"),
                    }
                }
            }
        }
        Ok(done)
    }

    async fn restores(&self, in_force: &InForce) -> Result<Done, DbError> {
        let (mut done, mut after) = (Done::default(), None);
        loop {
            let (rules, today) = (in_force.clone(), self.clock.now().business_date());
            let (last, due) = self.db.read(async move |tx| restores_due(tx, &rules, after, today).await).await?;
            let Some(last) = last else { return Ok(done) };
            after = Some(last);
            for id in due {
                let (cx, rules) = (self.context("schedule:risk"), in_force.clone());
                match self.db.write(async move |tx| settle_restores(tx, &cx, &rules, id).await).await {
                    Ok(restored) => done.restored = done.restored.saturating_add(restored),
                    Err(error) => tracing::error!(retailer = %id, %error, "a limit could not be given back"),
                }
            }
        }
    }
}
