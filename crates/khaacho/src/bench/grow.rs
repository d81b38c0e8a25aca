//! `khaacho bench grow`: what an order costs where more and more lie already.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use indicatif::ProgressBar;
use serde::Serialize;

use super::check::{Checked, check};
use super::history::{self, Until};
use super::load;
use super::report::millis;
use super::server::{Background, Server, empty, open};
use super::work::{Choices, Placing, Shape};
use super::{LoadFlags, Outcome, engine, floor, store, world};

/// Orders of the first step; each further one has ten times as many.
const FIRST: usize = 10_000;

/// Each tenth order is delivered and repaid, the others are cancelled, so that a million are made in a bearable time.
const fn fate(number: usize) -> Until {
    if number.is_multiple_of(10) { Until::Repaid } else { Until::Cancelled }
}

/// What a growing database cost.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    database: String,
    clients: usize,
    steps: Vec<Step>,
    /// Orders a second of the last step, of those of the first.
    kept: f64,
    /// The same, each measured by what bare SQL wrote beside it: the machine may be another an hour later.
    kept_beside_floor: f64,
    lost: usize,
    doubled: usize,
    overspent: i64,
    findings: usize,
    errors: u64,
}

/// Placing with so many orders there already.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    orders: usize,
    orders_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    /// Orders' rows that bare SQL writes a second to a fresh SQLite file right after the step.
    raw_orders_per_second: f64,
    /// Orders that were made a second, with their ends, to come here.
    made_per_second: f64,
}

/// Grows an empty database, and places orders at each step.
pub(crate) async fn run(
    database: &str,
    most: usize,
    flags: &LoadFlags,
    progress: &ProgressBar,
) -> anyhow::Result<Report> {
    let world = Arc::new(world::make(&empty(database).await?, progress).await?);
    let (mut there, mut made_orders) = (0, HashSet::new());
    let (mut steps, mut loads) = (Vec::new(), Vec::new());
    let sizes = std::iter::successors(Some(FIRST.min(most)), |size| (*size < most).then(|| (size * 10).min(most)));
    for orders in sizes {
        let started = Instant::now();
        let missing = orders.saturating_sub(there);
        let made = history::make(&open(database)?, &world, missing, fate, progress).await?;
        let made_per_second = floor::rate(made.orders.len(), started.elapsed());
        made_orders.extend(made.orders.iter().map(ToString::to_string));
        progress.set_message(format!("placing beside {orders} orders"));
        let server = Server::start(database, Background::Rests).await?;
        let placing = || Placing { world: Arc::clone(&world), shape: Shape::Named, choices: Choices::new() };
        let works = (0..flags.clients).map(|_| placing()).collect();
        let seen = load::run(&server.address, &server.token, works, flags.time()).await?;
        server.stop().await?;
        steps.push(Step {
            orders,
            orders_per_second: floor::rate(seen.accepted.len(), seen.took),
            p50_ms: millis(&seen, 0.5),
            p99_ms: millis(&seen, 0.99),
            raw_orders_per_second: floor::raw_orders(database).await?.unwrap_or_default(),
            made_per_second,
        });
        there = orders + seen.accepted.len();
        loads.push(seen);
    }
    progress.set_message("checking");
    let seen: Vec<_> = loads.iter().collect();
    let checked = check(database, store::ORDERS, &made_orders, &seen, progress).await?;
    Ok(report(engine(database), flags.clients, steps, &checked, loads.iter().map(|seen| seen.errors).sum()))
}

fn report(database: String, clients: usize, steps: Vec<Step>, checked: &Checked, errors: u64) -> Report {
    let kept = |of: fn(&Step) -> f64| match (steps.first(), steps.last()) {
        (Some(first), Some(last)) => of(last) / of(first),
        _ => 0.0,
    };
    let kept_beside_floor = kept(|step| step.orders_per_second / step.raw_orders_per_second);
    let kept = kept(|step| step.orders_per_second);
    let Checked { lost, doubled, overspent, findings } = *checked;
    Report { database, clients, steps, kept, kept_beside_floor, lost, doubled, overspent, findings, errors }
}

impl Outcome for Report {
    fn lines(&self) -> Vec<String> {
        let head = format!("{} with {} clients", self.database, self.clients);
        let mut lines = vec![head, "  there already  orders/s  p50 ms  p99 ms   raw/s  made/s".to_owned()];
        lines.extend(self.steps.iter().map(|step| {
            let Step { orders, orders_per_second, p50_ms, p99_ms, raw_orders_per_second, made_per_second } = step;
            format!(
                "  {orders:>13}  {orders_per_second:>8.0}  {p50_ms:>6.2}  {p99_ms:>6.2}  {raw_orders_per_second:>6.0}  \
                 {made_per_second:>6.0}"
            )
        }));
        lines.push(format!("  last of first       {:.2}", self.kept));
        lines.push(format!("  each of its raw/s   {:.2}", self.kept_beside_floor));
        lines.push(format!("  lost, doubled       {}, {}", self.lost, self.doubled));
        lines.push(format!("  overspent, findings {}, {}", self.overspent, self.findings));
        lines
    }

    fn is_clean(&self) -> bool {
        self.lost + self.doubled + self.findings == 0 && self.overspent == 0 && self.errors == 0
    }
}
