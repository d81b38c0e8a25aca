//! Who is to be told what on a day, and who is not and why: gathered in sets, decided in memory, nothing written.

use std::collections::{BTreeMap, HashMap};

use credit::{Ask, Cycle, Settlement, settle};
use db::{DbError, Tx};
use kernel::{BusinessDate, CycleId, Instant, Money, RetailerId, VendorId};
use notify::{NewMessage, NotToRemind};
use parties::Retailer;

use crate::rules::{self, Facts, Turn, Verdict};
use crate::settings::Settings;
use crate::store;
use crate::words;

/// A cycle that is reminded of.
#[derive(Clone, Debug)]
pub(crate) struct Bill {
    pub(crate) cycle: Cycle,
    pub(crate) vendor: String,
    pub(crate) turn: Turn,
    /// What settling all of it costs on that day.
    pub(crate) whole: Settlement,
}

/// Why a cycle with a stage on the day is not reminded of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Because {
    /// It was promised by this day.
    Promised(BusinessDate),
    /// A dispute is open.
    Disputed,
    /// The retailer said "stop".
    Stopped,
    /// The retailer was reminded of something on that day already.
    Reminded,
    /// This stage was sent or left out before.
    Done,
}

/// A cycle that is not reminded of.
#[derive(Clone, Debug)]
pub(crate) struct Left {
    pub(crate) cycle: Cycle,
    pub(crate) vendor: String,
    pub(crate) turn: Turn,
    pub(crate) because: Because,
}

/// A retailer on a day.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) retailer: Retailer,
    /// What the message names, due first.
    pub(crate) bills: Vec<Bill>,
    /// What it does not.
    pub(crate) left: Vec<Left>,
    /// What was missed while no server ran, with its day.
    pub(crate) missed: Vec<(Cycle, Turn, BusinessDate)>,
}

impl Plan {
    /// The message, where there is something to name.
    pub(crate) fn message(&self, day: BusinessDate) -> Option<NewMessage> {
        words::reminder(&self.retailer, &self.bills, day)
    }
}

fn facts(cycle: &Cycle) -> Facts {
    Facts {
        late_from: cycle.late_from(),
        promised_on: cycle.promised_on,
        is_disputed: cycle.standstill.since.is_some(),
        opened_on: cycle.created_at.business_date(),
    }
}

/// The day of a plan: what is set, and the days before it on which no server ran.
#[derive(Clone, Debug)]
pub(crate) struct Day {
    pub(crate) on: BusinessDate,
    pub(crate) weekly: bool,
    pub(crate) missed: Vec<BusinessDate>,
}

impl Day {
    /// Today, with what was missed.
    pub(crate) fn today(settings: &Settings, now: Instant) -> Self {
        let on = now.business_date();
        Self { on, weekly: settings.weekly, missed: rules::missed_days(settings.ran_on, on) }
    }

    /// A day that is looked at beforehand.
    pub(crate) const fn ahead(settings: &Settings, on: BusinessDate) -> Self {
        Self { on, weekly: settings.weekly, missed: Vec::new() }
    }

    /// The days by which cycles are looked for.
    pub(crate) fn due_days(&self) -> credit::DueDays {
        let days: Vec<BusinessDate> = self.missed.iter().copied().chain([self.on]).collect();
        rules::due_days(&days, self.weekly)
    }
}

/// Plans a day for these retailers, who are read already. Five statements.
pub(crate) async fn plan(
    tx: &mut Tx,
    retailers: HashMap<RetailerId, Retailer>,
    day: &Day,
) -> Result<Vec<Plan>, DbError> {
    let ids: Vec<RetailerId> = retailers.keys().copied().collect();
    let mut cycles = credit::open_cycles_by(tx, &ids, &day.due_days()).await?;
    cycles.sort_by(|(one, _), (other, _)| {
        let key = |cycle: &Cycle| (cycle.due_on, cycle.number.chars().count());
        key(one).cmp(&key(other)).then_with(|| one.number.cmp(&other.number)).then(one.id.cmp(&other.id))
    });
    let cycle_ids: Vec<CycleId> = cycles.iter().map(|(cycle, _)| cycle.id).collect();
    let done = store::done(tx, &ids, &cycle_ids).await?;
    let mut vendor_ids: Vec<VendorId> = cycles.iter().map(|(cycle, _)| cycle.vendor_id).collect();
    vendor_ids.sort_unstable();
    vendor_ids.dedup();
    let vendors = parties::vendors(tx, &vendor_ids).await?;
    let addresses: Vec<&str> = retailers.values().map(|retailer| retailer.phone.as_str()).collect();
    let unreached = notify::not_to_remind(tx, &addresses, day.on).await?;
    let mut plans: BTreeMap<RetailerId, Plan> = retailers
        .into_iter()
        .map(|(id, retailer)| (id, Plan { retailer, bills: Vec::new(), left: Vec::new(), missed: Vec::new() }))
        .collect();
    for (cycle, terms) in cycles {
        let Some(plan) = plans.get_mut(&cycle.retailer_id) else { continue };
        let known = facts(&cycle);
        let missed = rules::missed(&known, &day.missed, day.weekly).into_iter();
        let missed = missed.filter(|(turn, _)| !done.contains(&(cycle.id, turn.clone())));
        plan.missed.extend(missed.map(|(turn, day)| (cycle.clone(), turn, day)));
        let unreached = unreached.get(&plan.retailer.phone).copied();
        let (turn, because) = match rules::look(&known, day.on, day.weekly) {
            Verdict::Quiet => continue,
            Verdict::Remind(turn) => (turn, unreached.map(Because::from)),
            Verdict::Promised(turn, by) => (turn, Some(Because::Promised(by))),
            Verdict::Disputed(turn) => (turn, Some(Because::Disputed)),
        };
        let is_done = done.contains(&(cycle.id, turn.clone()));
        let vendor = vendors.get(&cycle.vendor_id).map_or_else(String::new, |vendor| vendor.name.clone());
        if let Some(because) = if is_done { Some(Because::Done) } else { because } {
            plan.left.push(Left { cycle, vendor, turn, because });
            continue;
        }
        let whole = settle(&cycle.facts(), &terms, Ask::Principal(cycle.outstanding), day.on);
        let whole = whole.map_err(|_| DbError::Constraint("a cycle can not be settled".to_owned()))?;
        plan.bills.push(Bill { cycle, vendor, turn, whole });
    }
    Ok(plans.into_values().collect())
}

impl From<NotToRemind> for Because {
    fn from(why: NotToRemind) -> Self {
        match why {
            NotToRemind::Stopped => Self::Stopped,
            NotToRemind::Reminded => Self::Reminded,
        }
    }
}

/// What all of these together leave open, and what settles them that day.
pub(crate) fn totals(bills: &[Bill]) -> (Money, Money) {
    let sum = |of: fn(&Bill) -> Money| Money::sum(bills.iter().map(of)).unwrap_or(Money::from_paisa(i64::MAX));
    (sum(|bill| bill.cycle.outstanding), sum(|bill| bill.whole.cash))
}
