//! What any rules would have done over the stored history, without acting.
//!
//! Each retailer is played day by day, with its cycles as they went: on each day the rules see what they would have seen
//! in the morning. An order that they would have stopped stays in the history all the same, since nobody knows what would
//! have happened instead; limits are those of now. Of what would have been stopped, what was later overdue is *saved*,
//! and what was paid in time are *lost sales*; the rest is not due yet. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use credit::{Past, PastCycle};
use kernel::{BusinessDate, CycleId, Money, VendorId};
use serde::{Deserialize, Serialize};

use crate::rules::{LATEST_MOST, Rules};
use crate::score::{Facts, score};

/// What the rules would have done in a month, or altogether.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Pauses.
    pub pauses: i64,
    /// Days on which a retailer would have been paused.
    pub paused_days: i64,
    /// Cuts of a retailer's limits.
    pub cuts: i64,
    /// Times that they would have been given back.
    pub restores: i64,
    /// Alerts of a high score.
    pub high_scores: i64,
    /// Alerts of a spike of orders.
    pub spikes: i64,
    /// Alerts of limits that are nearly used up.
    pub used_up: i64,
    /// Delivered orders on credit that would have been stopped.
    pub stopped: i64,
    /// What they came to.
    pub stopped_amount: Money,
    /// Of that, what was later overdue.
    pub saved: Money,
    /// Of that, what was paid in time.
    pub lost: Money,
    /// Of that, what is not due yet.
    pub undecided: Money,
}

impl Outcome {
    /// Adds another.
    pub(crate) fn add(&mut self, other: &Self) {
        let count = |mine: &mut i64, theirs: i64| *mine = mine.saturating_add(theirs);
        let money = |mine: &mut Money, theirs: Money| *mine = mine.plus(theirs).unwrap_or(*mine);
        count(&mut self.pauses, other.pauses);
        count(&mut self.paused_days, other.paused_days);
        count(&mut self.cuts, other.cuts);
        count(&mut self.restores, other.restores);
        count(&mut self.high_scores, other.high_scores);
        count(&mut self.spikes, other.spikes);
        count(&mut self.used_up, other.used_up);
        count(&mut self.stopped, other.stopped);
        money(&mut self.stopped_amount, other.stopped_amount);
        money(&mut self.saved, other.saved);
        money(&mut self.lost, other.lost);
        money(&mut self.undecided, other.undecided);
    }

    /// Whether the rules would have done anything.
    pub(crate) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What a retailer's history holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History<'a> {
    /// Its cycles and limits.
    pub(crate) past: &'a Past,
    /// What it placed on each day.
    pub(crate) placed: &'a HashMap<BusinessDate, Money>,
    /// The day up to which the history is known.
    pub(crate) today: BusinessDate,
}

/// What lasts from one day to the next.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a state of its own that lasts")]
struct Lasting {
    is_paused: bool,
    /// The cycles of the run of delays that was cut last.
    cut_run: BTreeSet<CycleId>,
    /// Since when limits are cut, and what is left of each in a hundred, one factor a cut.
    cut_on: Option<BusinessDate>,
    kept: Vec<i64>,
    is_high: bool,
    is_spike: bool,
    is_used_up: bool,
}

/// Plays rules over a retailer's history from one day to another, both included; by month, as `2026-03`.
pub(crate) fn play(
    history: History<'_>,
    rules: &Rules,
    from: BusinessDate,
    to: BusinessDate,
) -> BTreeMap<String, Outcome> {
    let mut months: BTreeMap<String, Outcome> = BTreeMap::new();
    let mut lasting = Lasting::default();
    let mut day = from;
    while day <= to {
        let outcome = one_day(history, rules, day, &mut lasting);
        if !outcome.is_nothing() {
            let month: String = day.to_string().chars().take(7).collect();
            months.entry(month).or_default().add(&outcome);
        }
        day = day.plus_days(1);
    }
    months
}

fn one_day(history: History<'_>, rules: &Rules, day: BusinessDate, lasting: &mut Lasting) -> Outcome {
    let yesterday = day.plus_days(-1);
    let cycles = || history.past.cycles.iter().filter(|cycle| cycle.started_on < day);
    let open = || cycles().filter(|cycle| cycle.ended_on.is_none_or(|ended| ended >= day));
    let worst = open().map(|cycle| day.days_since(cycle.late_from)).max().unwrap_or(0).max(0);
    let mut outcome = Outcome::default();
    let pauses = rules.pauses(worst);
    outcome.pauses = i64::from(pauses && !lasting.is_paused);
    lasting.is_paused = pauses || (lasting.is_paused && !rules.overdue_block.lifts_itself);
    outcome.paused_days = i64::from(lasting.is_paused);
    let run = late_run(cycles(), day);
    settle_limits(rules, (day, worst), &run, lasting, &mut outcome);
    let used = Money::sum(open().map(|cycle| cycle.open_on(yesterday))).unwrap_or(Money::ZERO);
    let limit =
        Money::sum(history.past.limits.values().map(|limit| kept(*limit, &lasting.kept))).unwrap_or(Money::ZERO);
    let placed = |from: i64, to: i64| {
        let days = (from..to).filter_map(|ago| history.placed.get(&day.plus_days(ago.saturating_neg())).copied());
        Money::sum(days).unwrap_or(Money::ZERO)
    };
    let facts = Facts {
        worst_overdue_days: worst,
        limit,
        used,
        consecutive_delays: i64::try_from(run.len()).unwrap_or(i64::MAX),
        placed: placed(1, 8),
        placed_before: placed(8, 36),
    };
    let total = score(&facts, &rules.weights).total;
    let begins = |lasts: &mut bool, is: bool| i64::from(!std::mem::replace(lasts, is) && is);
    outcome.high_scores = begins(&mut lasting.is_high, rules.is_high(total));
    outcome.spikes = begins(&mut lasting.is_spike, rules.is_spike(facts.spike()));
    outcome.used_up = begins(&mut lasting.is_used_up, rules.is_used_up(facts.utilisation()));
    for cycle in history.past.cycles.iter().filter(|cycle| cycle.started_on == day) {
        if lasting.is_paused || is_above_cut(history.past, cycle, day, &lasting.kept) {
            stop(cycle, history.today, &mut outcome);
        }
    }
    outcome
}

/// The latest cycles of a day that were late, one after another from the newest due.
fn late_run<'a>(cycles: impl Iterator<Item = &'a PastCycle>, day: BusinessDate) -> Vec<&'a PastCycle> {
    let has_ended = |cycle: &PastCycle| cycle.ended_on.is_some_and(|ended| ended < day);
    let counts = |cycle: &&PastCycle| if has_ended(cycle) { !cycle.is_returned } else { cycle.due_on < day };
    let mut latest: Vec<&PastCycle> = cycles.filter(counts).collect();
    latest.sort_by(|a, b| b.due_on.cmp(&a.due_on).then_with(|| a.number.cmp(&b.number)));
    let is_late = |cycle: &&PastCycle| cycle.ended_on.filter(|ended| *ended < day).unwrap_or(day) > cycle.late_from;
    latest.into_iter().take(LATEST_MOST).take_while(is_late).collect()
}

/// Cuts once for each run of delays, and gives back after a clean time.
fn settle_limits(
    rules: &Rules,
    (day, worst): (BusinessDate, i64),
    run: &[&PastCycle],
    lasting: &mut Lasting,
    outcome: &mut Outcome,
) {
    let is_same_run = run.iter().any(|cycle| lasting.cut_run.contains(&cycle.id));
    if rules.cuts(run.len()) && !is_same_run {
        lasting.cut_run = run.iter().map(|cycle| cycle.id).collect();
        lasting.kept.push(100_i64.saturating_sub(rules.consecutive_delays.cut_percent));
        lasting.cut_on = Some(day);
        outcome.cuts = 1;
    }
    if worst > 0 && lasting.cut_on.is_some() {
        lasting.cut_on = Some(day);
    }
    let clean_days = lasting.cut_on.map_or(0, |since| day.days_since(since));
    if rules.limit_restore.enabled && !lasting.kept.is_empty() && clean_days >= rules.limit_restore.days {
        lasting.kept.clear();
        lasting.cut_on = None;
        outcome.restores = 1;
    }
}

/// A limit after cuts, in whole rupees.
fn kept(limit: Money, cuts: &[i64]) -> Money {
    cuts.iter().fold(limit, |limit, kept| {
        let left = limit.paisa().saturating_mul(*kept) / 10_000;
        Money::from_rupees(left).unwrap_or(Money::ZERO)
    })
}

/// Whether a cut limit would have been too small for an order that the line's own limit was large enough for.
fn is_above_cut(past: &Past, of: &PastCycle, day: BusinessDate, cuts: &[i64]) -> bool {
    if cuts.is_empty() {
        return false;
    }
    let limit = limit_of(past, of.vendor);
    let beside = past.cycles.iter().filter(|cycle| cycle.vendor == of.vendor && cycle.started_on < day);
    let used = Money::sum(beside.map(|cycle| cycle.open_on(day.plus_days(-1)))).unwrap_or(Money::ZERO);
    let needed = used.plus(of.principal).unwrap_or(Money::from_paisa(i64::MAX));
    needed > kept(limit, cuts) && needed <= limit
}

fn limit_of(past: &Past, vendor: VendorId) -> Money {
    past.limits.get(&vendor).copied().unwrap_or(Money::ZERO)
}

/// Counts an order that would have been stopped, by what became of it.
fn stop(cycle: &PastCycle, today: BusinessDate, outcome: &mut Outcome) {
    outcome.stopped = outcome.stopped.saturating_add(1);
    let add = |sum: &mut Money, amount: Money| *sum = sum.plus(amount).unwrap_or(*sum);
    add(&mut outcome.stopped_amount, cycle.principal);
    if cycle.was_late(today) {
        let late = cycle.open_on(cycle.late_from);
        add(&mut outcome.saved, late);
        add(&mut outcome.lost, cycle.principal.minus(late).unwrap_or(Money::ZERO));
    } else if cycle.ended_on.is_some() {
        add(&mut outcome.lost, cycle.principal);
    } else {
        add(&mut outcome.undecided, cycle.principal);
    }
}

#[cfg(test)]
mod tests {
    use kernel::Id as _;

    use super::*;

    fn date(text: &str) -> BusinessDate {
        text.parse().unwrap()
    }

    fn rupees(amount: i64) -> Money {
        Money::from_rupees(amount).unwrap()
    }

    /// A cycle of 1 000 rupees over 30 days that began so many days after the first of January and was paid so many days
    /// after it was due.
    fn cycle(number: u128, began: i64, paid_late: Option<i64>) -> PastCycle {
        let started_on = date("2026-01-01").plus_days(began);
        let due_on = started_on.plus_days(30);
        let ended_on = paid_late.map(|late| due_on.plus_days(late));
        PastCycle {
            id: CycleId::from_bits(number),
            number: format!("CRP-{number}"),
            vendor: VendorId::from_bits(1),
            principal: rupees(1_000),
            started_on,
            due_on,
            late_from: due_on,
            ended_on,
            is_returned: false,
            less: ended_on.map(|on| (on, rupees(1_000))).into_iter().collect(),
        }
    }

    fn played(cycles: Vec<PastCycle>, rules: &Rules) -> Outcome {
        let past = Past { cycles, limits: HashMap::from([(VendorId::from_bits(1), rupees(10_000))]) };
        let history = History { past: &past, placed: &HashMap::new(), today: date("2026-12-31") };
        let mut all = Outcome::default();
        for month in play(history, rules, date("2026-01-01"), date("2026-12-31")).values() {
            all.add(month);
        }
        all
    }

    #[test]
    fn an_order_during_a_pause_is_stopped_and_counted_by_what_became_of_it() {
        // The first is paid 40 days late: from day 61 to day 70 the shop would have been paused.
        let cycles = vec![cycle(1, 0, Some(40)), cycle(2, 65, Some(5)), cycle(3, 66, Some(0)), cycle(4, 80, Some(0))];
        let outcome = played(cycles, &Rules::default());
        assert_eq!((outcome.pauses, outcome.paused_days, outcome.stopped), (1, 10, 2));
        assert_eq!((outcome.saved, outcome.lost, outcome.undecided), (rupees(1_000), rupees(1_000), Money::ZERO));

        let mut lenient = Rules::default();
        lenient.overdue_block.days = 60;
        let outcome = played(vec![cycle(1, 0, Some(40)), cycle(2, 65, Some(5))], &lenient);
        assert_eq!((outcome.pauses, outcome.stopped), (0, 0));
    }

    #[test]
    fn a_run_of_delays_cuts_once_and_a_clean_time_gives_it_back() {
        let late = |number, began| cycle(number, began, Some(3));
        let cycles = vec![late(1, 0), late(2, 10), late(3, 20), late(4, 30), cycle(5, 40, Some(0))];
        let outcome = played(cycles, &Rules::default());
        assert_eq!((outcome.cuts, outcome.restores, outcome.pauses), (1, 1, 0));
    }

    #[test]
    fn a_bill_whose_goods_all_went_back_is_no_delay() {
        let late = |number, began| cycle(number, began, Some(3));
        let returned = PastCycle { is_returned: true, ..late(2, 10) };
        assert_eq!(played(vec![late(1, 0), returned, late(3, 20)], &Rules::default()).cuts, 0);
        assert_eq!(played(vec![late(1, 0), late(2, 10), late(3, 20)], &Rules::default()).cuts, 1);
    }

    #[test]
    fn an_order_above_a_cut_limit_would_have_been_stopped() {
        let mut cycles: Vec<PastCycle> = (1..=3).map(|n| cycle(n, i64::try_from(n).unwrap(), Some(2))).collect();
        let mut large = cycle(4, 60, Some(-1));
        large.principal = rupees(8_000);
        cycles.push(large);
        let outcome = played(cycles, &Rules::default());
        assert_eq!((outcome.stopped, outcome.stopped_amount, outcome.lost), (1, rupees(8_000), rupees(8_000)));
    }

    #[test]
    fn what_is_used_up_is_one_alert_as_long_as_it_lasts() {
        let mut large = cycle(1, 0, Some(-5));
        large.principal = rupees(9_500);
        large.less = vec![(large.ended_on.unwrap(), rupees(9_500))];
        let outcome = played(vec![large], &Rules::default());
        assert_eq!((outcome.used_up, outcome.high_scores, outcome.spikes), (1, 0, 0));
    }
}
