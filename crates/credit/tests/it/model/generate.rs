//! Random commands that are likely to matter, from a seed: the same seed gives the same ones.

use super::commands::{Ask, Change, Command, Kind, PARTIES, Pair, Slip, Status, Step, Terms};
use super::naive::{Held, Naive};

/// A small source of numbers (SplitMix64).
#[derive(Clone, Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from the first to the last.
    fn roll(&mut self, first: i64, last: i64) -> i64 {
        let sides = u64::try_from(last - first + 1).unwrap();
        first + i64::try_from(self.next() % sides).unwrap()
    }

    fn one_in(&mut self, sides: i64) -> bool {
        self.roll(1, sides) == 1
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        let last = i64::try_from(of.len()).unwrap() - 1;
        (last >= 0).then(|| of[usize::try_from(self.roll(0, last)).unwrap()].clone())
    }

    fn party(&mut self) -> usize {
        usize::try_from(self.roll(0, 1)).unwrap() % PARTIES
    }

    /// An amount about a whole: all of it, a paisa more or less, a part, next to nothing, nothing.
    fn amount(&mut self, whole: i64) -> i64 {
        match self.roll(0, 11) {
            0..=2 => whole,
            3 => whole + 1,
            4 => whole - 1,
            5 => self.roll(0, 101),
            _ => self.roll(0, whole.max(1)),
        }
    }

    fn terms(&mut self, days: i64) -> Terms {
        let first = self.roll(0, 5_000);
        let mut discounts = vec![(self.roll(0, days), first)];
        if self.one_in(2) {
            discounts.push((self.roll(discounts[0].0, days), self.roll(0, first)));
        }
        let yearly = if self.one_in(12) { 1_001 } else { self.roll(0, 1_000) };
        Terms { discounts, yearly, grace: self.roll(0, 3) }
    }
}

/// The next command of a run.
pub(super) fn next(dice: &mut Dice, naive: &Naive, step: Step) -> Command {
    if let Some(pair) = [(0, 0), (0, 1), (1, 0)].get(step) {
        let days = dice.roll(0, 40);
        let terms = dice.one_in(2).then(|| Terms { yearly: 1_000, ..dice.terms(days) });
        return Command::Grant { pair: *pair, limit: dice.roll(20_000, 150_000), days, terms };
    }
    // Half of the runs have a cap, and half a ceiling, from the beginning.
    if step == 3 && dice.one_in(2) {
        return Command::Cap { retailer: 0, cap: Some(dice.roll(20_000, 150_000)) };
    }
    if step == 4 && dice.one_in(2) {
        return Command::Ceiling { vendor: 0, ceiling: Some(dice.roll(20_000, 150_000)) };
    }
    let made = match dice.roll(0, 99) {
        0..=15 => Some(reserve(dice, naive)),
        16..=21 => release(dice, naive),
        22..=37 => deliver(dice, naive),
        38..=52 => repay(dice, naive),
        53..=61 => Some(pay(dice, naive)),
        62..=66 => pay_named(dice, naive),
        67..=74 => after(dice, naive),
        75..=78 => adjust(dice, naive),
        79 => recover(dice, naive),
        80..=85 => care(dice, naive),
        86..=91 => Some(limit(dice)),
        _ => Some(pass(dice, naive)),
    };
    made.unwrap_or_else(|| reserve(dice, naive))
}

/// Some days, or to the deadline of a hold, which is when it matters.
fn pass(dice: &mut Dice, naive: &Naive) -> Command {
    let active = naive.orders.values().filter_map(|holds| holds.last()).filter(|hold| hold.state == Held::Active);
    let deadlines: Vec<i64> = active.filter_map(|hold| hold.until).filter(|until| *until > naive.today).collect();
    let deadline = dice.pick(&deadlines).filter(|_| dice.one_in(2)).map(|until| until - naive.today);
    Command::Pass { days: deadline.or_else(|| dice.pick(&[0, 1, 1, 2, 5, 10, 30, 45])).unwrap() }
}

fn any_pair(dice: &mut Dice) -> Pair {
    // One of the four has no line unless a command grants it.
    if dice.one_in(3) { (dice.party(), dice.party()) } else { (0, dice.party()) }
}

fn orders(naive: &Naive, state: Held) -> Vec<Step> {
    let is = |step: &Step| naive.orders[step].last().is_some_and(|hold| hold.state == state);
    naive.orders.keys().copied().filter(is).collect()
}

fn any_cycle(dice: &mut Dice, naive: &Naive) -> Option<Step> {
    let open: Vec<Step> = naive.cycles.keys().copied().filter(|step| naive.cycles[step].is_open()).collect();
    let all: Vec<Step> = naive.cycles.keys().copied().collect();
    if dice.one_in(6) { dice.pick(&all) } else { dice.pick(&open) }
}

fn reserve(dice: &mut Dice, naive: &Naive) -> Command {
    let (order, pair) = (dice.pick(&orders(naive, Held::Released)).filter(|_| dice.one_in(4)), any_pair(dice));
    let left = naive.check(pair, 1, false).1;
    let amount = if dice.one_in(3) { dice.amount(left.max(1)) } else { dice.roll(1, 30_000) };
    let until = dice.one_in(3).then(|| naive.today + dice.roll(0, 3));
    Command::Reserve { order, pair, amount: amount.max(1), until }
}

fn release(dice: &mut Dice, naive: &Naive) -> Option<Command> {
    let all: Vec<Step> = naive.orders.keys().copied().collect();
    let active = orders(naive, Held::Active);
    let order = if dice.one_in(3) { dice.pick(&all) } else { dice.pick(&active) };
    order.map(|order| Command::Release { order })
}

fn deliver(dice: &mut Dice, naive: &Naive) -> Option<Command> {
    let all: Vec<Step> = naive.orders.keys().copied().collect();
    let active = orders(naive, Held::Active);
    let order = if dice.one_in(5) { dice.pick(&all) } else { dice.pick(&active) }?;
    let held = naive.orders[&order].last()?.amount;
    let amount = if dice.one_in(3) { dice.amount(held) } else { held };
    let on = naive.today + if dice.one_in(20) { 1 } else { -dice.roll(0, 2) };
    Some(Command::Deliver { order, amount, on })
}

fn slip(dice: &mut Dice, naive: &Naive) -> Slip {
    let on = naive.today + [0, 0, 0, -1, -2, -7, -25, 1][usize::try_from(dice.roll(0, 7)).unwrap()];
    let reference = dice.one_in(3).then(|| usize::try_from(dice.roll(0, 9)).unwrap());
    Slip { on, reference, keep_excess: dice.one_in(3) }
}

fn part(dice: &mut Dice, naive: &Naive, cycle: Step, on: i64) -> Ask {
    let cycle = &naive.cycles[&cycle];
    let open = cycle.outstanding();
    if dice.one_in(2) { Ask::Principal(dice.amount(open)) } else { Ask::Cash(dice.amount(cycle.cash(open, on))) }
}

fn repay(dice: &mut Dice, naive: &Naive) -> Option<Command> {
    let (cycle, mut slip) = (any_cycle(dice, naive)?, slip(dice, naive));
    // What was paid while a dispute was open and is recorded after its decision.
    let dispute = dice.pick(&naive.cycles[&cycle].disputes).filter(|_| dice.one_in(2));
    if let Some((from, Some(decided))) = dispute {
        slip.on = dice.roll(from, decided);
    }
    Some(Command::Repay { cycle, ask: part(dice, naive, cycle, slip.on), slip })
}

fn pay(dice: &mut Dice, naive: &Naive) -> Command {
    let owing = any_cycle(dice, naive).filter(|_| !dice.one_in(6)).map(|cycle| naive.cycles[&cycle].pair);
    let (pair, slip) = (owing.unwrap_or_else(|| any_pair(dice)), slip(dice, naive));
    let open = naive.cycles.values().filter(|cycle| cycle.pair == pair && cycle.is_open());
    let owed: i64 = open.map(|cycle| cycle.cash(cycle.outstanding(), slip.on)).sum();
    let more = if slip.keep_excess && dice.one_in(2) { dice.roll(0, 20_000) } else { 0 };
    Command::Pay { pair, amount: dice.amount(owed) + more, slip }
}

fn pay_named(dice: &mut Dice, naive: &Naive) -> Option<Command> {
    let (first, slip) = (any_cycle(dice, naive)?, slip(dice, naive));
    let pair = naive.cycles[&first].pair;
    let beside: Vec<Step> = naive.cycles.keys().copied().filter(|step| naive.cycles[step].pair == pair).collect();
    let mut parts = vec![(first, part(dice, naive, first, slip.on))];
    if let Some(second) = dice.pick(&beside) {
        parts.push((second, part(dice, naive, second, slip.on)));
    }
    let amount = dice.one_in(4).then(|| dice.roll(0, 60_000));
    Some(Command::PayNamed { pair, amount, parts, slip })
}

fn after(dice: &mut Dice, naive: &Naive) -> Option<Command> {
    let all: Vec<Step> = naive.payments.keys().copied().collect();
    let waiting: Vec<Step> = all.iter().copied().filter(|step| naive.payments[step].unapplied > 0).collect();
    let payment = if dice.one_in(3) { dice.pick(&all) } else { dice.pick(&waiting).or_else(|| dice.pick(&all)) }?;
    let amount = dice.one_in(3).then(|| dice.amount(naive.payments[&payment].unapplied));
    Some(match dice.roll(0, 5) {
        0..=2 => Command::Apply { payment, amount },
        3 => Command::Refund { payment, amount },
        _ => Command::Reverse { payment },
    })
}

fn adjust(dice: &mut Dice, naive: &Naive) -> Option<Command> {
    let kinds = [Kind::Return, Kind::Return, Kind::Dispute, Kind::WriteOff, Kind::Correction, Kind::Correction];
    let (kind, rises) = (dice.pick(&kinds)?, dice.one_in(3));
    let all: Vec<Step> = naive.cycles.keys().copied().collect();
    let is_return = kind == Kind::Return;
    // What comes back was often paid.
    let cycle = if is_return && dice.one_in(2) { dice.pick(&all) } else { any_cycle(dice, naive) }?;
    let of = &naive.cycles[&cycle];
    let amount = dice.amount(if is_return { of.returnable() } else { of.outstanding() });
    Some(Command::Adjust { cycle, kind, rises: rises && !(is_return && dice.one_in(2)), amount })
}

/// Now and then for a cycle of which nothing was written off.
fn recover(dice: &mut Dice, naive: &Naive) -> Option<Command> {
    let all: Vec<Step> = naive.cycles.keys().copied().collect();
    let lost = |step: &Step| naive.cycles[step].lost().0 > 0 && !naive.cycles[step].is_open();
    let given_up: Vec<Step> = all.iter().copied().filter(lost).collect();
    let cycle = if dice.one_in(5) { dice.pick(&all) } else { dice.pick(&given_up) }?;
    Some(Command::Recover { cycle, amount: dice.amount(naive.cycles[&cycle].lost().0), slip: slip(dice, naive) })
}

fn care(dice: &mut Dice, naive: &Naive) -> Option<Command> {
    let cycle = any_cycle(dice, naive)?;
    Some(match dice.roll(0, 5) {
        0 | 1 => Command::Dispute { cycle },
        2 | 3 => {
            let disputes: Vec<Step> = naive.disputes.keys().copied().collect();
            let dispute = dice.pick(&disputes)?;
            let upheld = dice.one_in(2);
            let open = naive.cycles[&naive.disputes[&dispute].cycle].outstanding();
            // Most say an amount where they are upheld and none where they are not.
            let amount = if dice.one_in(8) == upheld { None } else { Some(dice.amount(open)) };
            Command::Decide { dispute, upheld, amount }
        }
        4 => Command::Close { cycle },
        _ => Command::Extend { cycle, due: naive.cycles[&cycle].due + dice.roll(-1, 20) },
    })
}

fn limit(dice: &mut Dice) -> Command {
    let pair = any_pair(dice);
    let amount = (!dice.one_in(3)).then(|| dice.roll(-1, 120_000));
    let status = dice.pick(&[Status::Active, Status::Active, Status::Active, Status::Paused, Status::Blocked]).unwrap();
    match dice.roll(0, 7) {
        0 => Command::Cap { retailer: pair.0, cap: amount },
        1 => Command::Ceiling { vendor: pair.1, ceiling: amount },
        2 => Command::Stop { retailer: pair.0, status },
        3 => Command::Change { pair, change: Change { status: Some(status), ..Change::default() } },
        4 => Command::Change { pair, change: Change { limit: Some(dice.roll(-1, 150_000)), ..Change::default() } },
        5 => {
            let (max_order, max_overdue) = (Some(dice.roll(-1, 60_000)), Some(dice.roll(0, 30)));
            let max_order = if dice.one_in(2) { Some(0) } else { max_order };
            Command::Change { pair, change: Change { max_order, max_overdue, ..Change::default() } }
        }
        6 => {
            let days = dice.roll(0, 40);
            let terms = Some(dice.terms(days));
            Command::Change { pair, change: Change { days: Some(days), terms, ..Change::default() } }
        }
        _ => Command::Grant { pair, limit: dice.roll(0, 100_000), days: dice.roll(0, 40), terms: None },
    }
}
