//! Risk control over all retailers, or over one: scores, alerts, cuts, restores, the automatic pause.
//!
//! All retailers are walked in sets: a set is read in eight statements beside the writing of the one before, and written,
//! in a transaction of its own, only where something changed. What a rule would do is decided once more behind the retailer's locks, each
//! retailer in a transaction of its own, several at once, so that two runs at once, or one behind a crash, do it once.

use std::collections::HashMap;

use db::{Db, DbError, Tx};
use futures_util::stream::{self, StreamExt};
use kernel::{Actor, BusinessDate, Clock, Context, IdGen, RetailerId};
use queue::Running;

use crate::alerts::{Alerts, alerts};
use crate::facts::{Known, gather};
use crate::limits::{has_cuts_to_settle, has_restores_to_settle, settle_cuts, settle_restores};
use crate::model::ActionKind;
use crate::pause::{Evaluated, settle_pause};
use crate::score::{Score, score};
use crate::store::{self, InForce};

/// Retailers of a set.
const SET: i64 = 500;
/// Retailers with cuts whose cuts and lines are read together.
const CLOSER: usize = 500;
/// Retailers settled between two words of how far that is.
const TOLD_EACH: usize = 50;
/// Retailers that are settled at once, each in a transaction of its own: they share commits.
const AT_ONCE: usize = 8;

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

    fn of_pause(evaluated: Evaluated) -> Self {
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

/// What is to be written about a set, and who of it needs a closer look.
#[derive(Debug, Default)]
struct Looked {
    retailers: usize,
    before: HashMap<RetailerId, Score>,
    changed: Vec<(RetailerId, Score)>,
    alerts: Alerts,
    cuts: Vec<RetailerId>,
}

impl Looked {
    fn has_news(&self) -> bool {
        !self.changed.is_empty() || self.alerts.has_news()
    }
}

/// Looks at a set: its scores, alerts and runs of delays.
async fn look(tx: &mut Tx, cx: &Context, in_force: &InForce, retailers: &[RetailerId]) -> Result<Looked, DbError> {
    let before = store::scores(tx, retailers).await?;
    let now = scores_now(tx, in_force, retailers, cx.now).await?;
    let mut changed: Vec<(RetailerId, Score)> = now
        .iter()
        .filter(|(id, (score, _))| before.get(*id) != Some(score))
        .map(|(id, (score, _))| (*id, score.clone()))
        .collect();
    changed.sort_by_key(|(id, _)| *id);
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
    let alerts = alerts(tx, cx, in_force, &scores).await?;
    Ok(Looked { retailers: looked_at, before, changed, alerts, cuts })
}

/// Writes what is new about a set; where somebody scored a retailer since this look, that counts. The clock is not asked:
/// one that was set back would keep every score that was computed ahead of it.
async fn note(tx: &mut Tx, cx: &Context, looked: &Looked) -> Result<Done, DbError> {
    let ids: Vec<RetailerId> = looked.changed.iter().map(|(id, _)| *id).collect();
    let kept = store::scores(tx, &ids).await?;
    let is_as_seen = |id| kept.get(id) == looked.before.get(id);
    let changed: Vec<_> = looked.changed.iter().filter(|(id, _)| is_as_seen(id)).cloned().collect();
    store::put_scores(tx, cx.now, &changed).await?;
    let alerts = looked.alerts.settle(tx, cx).await?;
    Ok(Done { retailers: looked.retailers, scores: changed.len(), alerts, ..Done::default() })
}

/// The retailers with cuts that need a closer look.
async fn restores_due(tx: &mut Tx, in_force: &InForce, today: BusinessDate) -> Result<Vec<RetailerId>, DbError> {
    let mut due = Vec::new();
    for set in store::cut_retailers(tx).await?.chunks(CLOSER) {
        let cuts = store::running_cuts(tx, set).await?;
        let pairs: Vec<_> = cuts.values().flatten().filter_map(|cut| Some((cut.retailer_id, cut.vendor_id?))).collect();
        let lines = credit::lines(tx, &pairs, today).await?;
        let is_due =
            |id: &&RetailerId| cuts.get(*id).is_some_and(|cuts| has_restores_to_settle(in_force, cuts, &lines, today));
        due.extend(set.iter().filter(is_due));
    }
    Ok(due)
}

/// What is settled of one retailer behind its locks.
#[derive(Clone, Copy, Debug)]
enum Settled {
    /// The automatic pause of its credit.
    Pause,
    /// Its limits that are given back.
    Restores,
    /// Its limits that are cut.
    Cuts,
}

impl Settled {
    /// The request in whose name it is done by the clock.
    const fn request(self) -> &'static str {
        match self {
            Self::Pause => "schedule:pause",
            Self::Restores | Self::Cuts => "schedule:risk",
        }
    }

    async fn settle(self, tx: &mut Tx, cx: &Context, in_force: &InForce, id: RetailerId) -> Result<Done, DbError> {
        Ok(match self {
            Self::Pause => Done::of_pause(settle_pause(tx, cx, in_force, id).await?),
            Self::Restores => Done { restored: settle_restores(tx, cx, in_force, id).await?, ..Done::default() },
            Self::Cuts => Done { cut: settle_cuts(tx, cx, in_force, id).await?, ..Done::default() },
        })
    }
}

/// Everything about one retailer, in the caller's transaction.
pub async fn control_one(tx: &mut Tx, cx: &Context, id: RetailerId) -> Result<Done, DbError> {
    let in_force = store::rules(tx).await?;
    let mut done = Done::default();
    for what in [Settled::Pause, Settled::Restores, Settled::Cuts] {
        done.add(what.settle(tx, cx, &in_force, id).await?);
    }
    let looked = look(tx, cx, &in_force, &[id]).await?;
    done.add(note(tx, cx, &looked).await?);
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
        let mut done = self.pauses().await?;
        done.add(self.restores(&in_force).await?);
        let retailers = self.db.read(async |tx| parties::count_retailers(tx).await).await?;
        let (total, mut scored) = (usize::try_from(retailers).unwrap_or(usize::MAX), 0_usize);
        let read = |after| {
            let (cx, rules) = (self.context("schedule:risk"), in_force.clone());
            self.db.read(async move |tx| {
                let set = parties::retailer_ids(tx, after, SET).await?;
                let Some(last) = set.last() else { return Ok(None) };
                Ok::<_, DbError>(Some((*last, (set.len(), look(tx, &cx, &rules, &set).await?, cx.clone()))))
            })
        };
        let work = |(of_set, looked, cx): (usize, Looked, Context)| {
            scored = scored.saturating_add(of_set);
            self.settle(looked, cx, &in_force, (scored, total))
        };
        for of_set in db::walk(read, work).await? {
            done.add(of_set);
        }
        Ok(done)
    }

    /// Writes what a look at a set has found, and settles the limits of those who need it.
    async fn settle(
        &self,
        mut looked: Looked,
        cx: Context,
        in_force: &InForce,
        (scored, total): (usize, usize),
    ) -> Result<Done, DbError> {
        let (retailers, late) = (looked.retailers, std::mem::take(&mut looked.cuts));
        let mut done = Done { retailers, ..Done::default() };
        if looked.has_news() {
            done = self.db.write(async move |tx| note(tx, &cx, &looked).await).await?;
        }
        done.add(self.each(&late, Settled::Cuts, in_force, None).await?);
        self.running.tell(scored, total, "retailers scored").await?;
        Ok(done)
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
            let settled = self.each(&retailers, Settled::Pause, &in_force, Some(saying)).await?;
            done.add(Done { retailers: retailers.len(), ..settled });
        }
        Ok(done)
    }

    async fn restores(&self, in_force: &InForce) -> Result<Done, DbError> {
        let (rules, today) = (in_force.clone(), self.clock.now().business_date());
        let due = self.db.read(async move |tx| restores_due(tx, &rules, today).await).await?;
        self.each(&due, Settled::Restores, in_force, Some("cut limits looked at")).await
    }

    /// Settles that of each of these retailers, several at once, and tells how far it is.
    async fn each(
        &self,
        retailers: &[RetailerId],
        what: Settled,
        in_force: &InForce,
        saying: Option<&str>,
    ) -> Result<Done, DbError> {
        let mut all = Done::default();
        let mut settled = stream::iter(retailers.iter().copied())
            .map(|id| self.settle_one(id, what, in_force))
            .buffer_unordered(AT_ONCE);
        let mut looked_at = 0_usize;
        while let Some(done) = settled.next().await {
            if let Some(saying) = saying
                && looked_at.is_multiple_of(TOLD_EACH)
            {
                self.running.tell(looked_at, retailers.len(), saying).await?;
            }
            all.add(done);
            looked_at = looked_at.saturating_add(1);
        }
        Ok(all)
    }

    /// Settles that of one retailer, or logs why not.
    async fn settle_one(&self, id: RetailerId, what: Settled, in_force: &InForce) -> Done {
        let (cx, rules) = (self.context(what.request()), in_force.clone());
        let settled = self.db.write(async move |tx| what.settle(tx, &cx, &rules, id).await).await;
        settled.unwrap_or_else(|error| {
            tracing::error!(retailer = %id, ?what, %error, "a retailer could not be settled");
            Done::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    testkit::both_engines! {
        async fn what_an_event_scored_since_a_look_is_left_alone(t: TestDb) {
            let cx = Context::new(&t.clock, &t.ids, Actor::System, "test");
            let (vendor_id, ids): (kernel::VendorId, Vec<RetailerId>) = (cx.id(), vec![cx.id(), cx.id()]);
            let done = t.db.write::<_, DbError, _>(async move |tx| {
                testkit::add_vendor(tx, vendor_id, "977984800009", "KAR", cx.now).await?;
                for (number, id) in ids.iter().enumerate() {
                    testkit::add_retailer(tx, *id, &format!("97798480000{number}"), "EN", cx.now).await?;
                    let limit = kernel::Money::from_paisa(10_000_000);
                    let line = credit::NewLine {
                        retailer_id: *id,
                        vendor_id,
                        limit,
                        terms_days: 30,
                        max_order: None,
                        max_overdue_days: 30,
                        settlement: None,
                    };
                    credit::create_line(tx, &cx, line).await?.unwrap();
                }
                let in_force = store::rules(tx).await?;
                let looked = look(tx, &cx, &in_force, &ids).await?;
                let event = look(tx, &cx, &in_force, ids.get(..1).unwrap_or_default()).await?;
                let by_event = note(tx, &cx, &event).await?;
                Ok([by_event.scores, note(tx, &cx, &looked).await?.scores])
            });
            assert_eq!(done.await.unwrap(), [1, 1], "two would write over what the event found");
        }
    }
}
