//! `khaacho bench nightly`: the work that goes over everybody (risk control, guardrails, credit scores, insights, reminders)
//! on retailers with two years of history, an order a week each; and how many orders are placed alone and beside it.
//!
//! The history is written as rows, without its books: what the work reads is there, and nothing that it does not read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as Stopwatch};

use anyhow::Context as _;
use db::{Db, DbError, Desk, Tx, Value, params};
use indicatif::ProgressBar;
use kernel::{Actor, BusinessDate, Clock, Context, IdGen, Money, ProductId, RetailerId, VendorId};
use orders::{Place, Wanted};
use queue::Running;
use serde::Serialize;

use super::work::Choices;
use super::world::World;
use super::{Outcome, engine, machine, server, store, world};

/// Weeks of history, with an order in each.
const WEEKS: i64 = 104;
/// Retailers of one transaction.
const SET: usize = 100;
/// Retailers who ask for their insights.
const ASKING: i64 = 1_000;
/// Who places orders beside the work.
const CLIENTS: usize = 16;
/// How long they place alone.
const ALONE: Duration = Duration::from_secs(5);
/// What is filled, and counted for the planner. It would plan for a table that was counted empty to stay so.
const FILLED: [&str; 5] = ["retailers", "credit_lines", "orders", "order_lines", "cycles"];
/// What an order comes to.
const ORDER: Money = Money::from_paisa(500_000);

/// What the bench prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    database: String,
    retailers: usize,
    orders: usize,
    /// Seconds of the first run, which writes most.
    first: Vec<(&'static str, f64)>,
    /// Seconds of a second run, as of every further hour or day.
    again: Vec<(&'static str, f64)>,
    /// Orders placed in a second by [`CLIENTS`] at the desk, alone and beside a third night.
    placed_alone: f64,
    placed_beside: f64,
    /// Milliseconds of telling a retailer its insights.
    told: f64,
    /// The most memory while it worked, and what lay there before, in MiB.
    #[serde(rename = "peakMiB")]
    peak_mib: f64,
    #[serde(rename = "beforeMiB")]
    before_mib: f64,
    said: Vec<String>,
}

fn total(parts: &[(&'static str, f64)]) -> f64 {
    parts.iter().map(|(_, seconds)| seconds).sum()
}

impl Outcome for Report {
    fn is_clean(&self) -> bool {
        true
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("{}: {} retailers, {} orders", self.database, self.retailers, self.orders)];
        for ((what, first), (_, again)) in self.first.iter().zip(&self.again) {
            lines.push(format!("  {what:<12} {first:>7.2} s, again {again:>6.2} s"));
        }
        lines.push(format!("  {:<12} {:>7.2} s, again {:>6.2} s", "together", total(&self.first), total(&self.again)));
        let share = self.placed_beside / self.placed_alone;
        lines.push(format!(
            "  placing      {:.0} orders/s alone, {:.0} beside a night: {share:.2}",
            self.placed_alone, self.placed_beside
        ));
        lines.push(format!("  telling      {:.2} ms for a retailer's insights", self.told));
        lines.push(format!("  memory       {:.0} MiB at most, {:.0} before", self.peak_mib, self.before_mib));
        lines.extend(self.said.iter().map(|said| format!("  {said}")));
        lines
    }
}

/// Fills an empty database and does the nightly work twice.
pub(super) async fn run(database: &str, retailers: usize, progress: &ProgressBar) -> anyhow::Result<Report> {
    let db = server::empty(database).await?;
    let world = Arc::new(fill(&db, retailers, progress).await?);
    progress.set_message("counting");
    db.vacuum(&FILLED).await?;
    machine::forget_peak();
    let before_mib = machine::rss_mib(std::process::id());
    progress.set_message("the first night");
    let (first, said) = night(&db).await?;
    progress.set_message("the second");
    let (again, _) = night(&db).await?;
    progress.set_message("telling insights");
    let told = tell(&db).await?;
    let (database, peak_mib) = (engine(database), machine::peak_mib());
    progress.set_message("placing alone, and beside a third");
    let (placed_alone, ()) = placed_while(&db, &world, async { tokio::time::sleep(ALONE).await }).await?;
    let (placed_beside, third) = placed_while(&db, &world, night(&db)).await?;
    third?;
    let orders = retailers.saturating_mul(usize::try_from(WEEKS)?);
    Ok(Report {
        database,
        retailers,
        orders,
        first,
        again,
        placed_alone,
        placed_beside,
        told,
        peak_mib,
        before_mib,
        said,
    })
}

type Timed = Vec<(&'static str, f64)>;

async fn night(db: &Db) -> anyhow::Result<(Timed, Vec<String>)> {
    let (clock, ids) = (Clock::system(), IdGen::system());
    let control = risk::Control { db: db.clone(), clock: clock.clone(), ids: ids.clone(), running: Running::nobody() };
    let (mut timed, mut said) = (Vec::new(), Vec::new());
    let mut add = |what: &'static str, since: Stopwatch, outcome: String| {
        timed.push((what, since.elapsed().as_secs_f64()));
        said.push(format!("{what}: {outcome}"));
    };
    let since = stopwatch();
    let done = control.run().await?;
    add("risk", since, done.to_string());
    let since = stopwatch();
    let done = control.pauses().await?;
    add("guardrails", since, done.to_string());
    let since = stopwatch();
    let done = scoring::recalculate_all(db, &clock, &ids, &control.running).await?;
    add("scores", since, done.to_string());
    let since = stopwatch();
    let done = scoring::regenerate_all(db, &clock, &ids, &control.running).await?;
    add("insights", since, done.to_string());
    let since = stopwatch();
    let done = reminders::run(db, &clock, &ids, &control.running).await?;
    add("reminders", since, done.to_string());
    Ok((timed, said))
}

/// Tells some retailers their insights, one after the other, as they ask for them, and returns the milliseconds of each.
async fn tell(db: &Db) -> anyhow::Result<f64> {
    let since = stopwatch();
    let asking = db.read(async move |tx| parties::retailer_ids(tx, None, ASKING).await).await?;
    let mut made = 0_u32;
    for id in asking {
        let text = db.read::<_, db::DbError, _>(async move |tx| {
            let shop = parties::retailers(tx, &[id]).await?.remove(&id);
            let insight = scoring::insight(tx, id).await?;
            Ok(shop.zip(insight).map(|(shop, insight)| scoring::message(shop.language, &shop.name, &insight)))
        });
        made = made.saturating_add(u32::from(text.await?.is_some_and(|text| !text.is_empty())));
    }
    Ok(since.elapsed().as_secs_f64() * 1_000.0 / f64::from(made.max(1)))
}

#[expect(clippy::disallowed_methods, reason = "a bench measures by the machine's clock")]
fn stopwatch() -> Stopwatch {
    Stopwatch::now()
}

/// Orders placed in a second while some work lasts, and what that comes to.
async fn placed_while<T>(db: &Db, world: &Arc<World>, work: impl Future<Output = T>) -> anyhow::Result<(f64, T)> {
    let desk: Arc<Desk<Place, bool, DbError>> = Arc::new(Desk::open(db, 2, async |tx: &mut Tx, set: &[Place]| {
        let outcomes = orders::place_all(tx, set).await?;
        Ok(outcomes.iter().map(|outcome| matches!(outcome, orders::Outcome::Placed(_))).collect())
    }));
    let is_over = Arc::new(AtomicBool::new(false));
    let since = stopwatch();
    let clients: Vec<_> =
        (0..CLIENTS).map(|_| tokio::spawn(client(desk.clone(), world.clone(), is_over.clone()))).collect();
    let outcome = work.await;
    is_over.store(true, Ordering::Relaxed);
    let mut placed = 0_u32;
    for client in clients {
        placed = placed.saturating_add(client.await??);
    }
    Ok((f64::from(placed) / since.elapsed().as_secs_f64(), outcome))
}

/// Places one order after another, and returns how many were placed.
async fn client(
    desk: Arc<Desk<Place, bool, DbError>>,
    world: Arc<World>,
    is_over: Arc<AtomicBool>,
) -> anyhow::Result<u32> {
    let (clock, ids, mut choices, mut placed) = (Clock::system(), IdGen::system(), Choices::new(), 0_u32);
    while !is_over.load(Ordering::Relaxed) {
        let retailer = world.retailers.get(choices.below(world.retailers.len())).context("a retailer")?;
        let vendor = world.vendors.get(choices.below(world.vendors.len())).copied();
        let products = world.three_products(choices.below(world.products.len()));
        let place = Place {
            cx: Context::new(&clock, &ids, Actor::System, "bench"),
            retailer: *retailer,
            vendor,
            mode: credit::PaymentMode::Credit,
            lines: products.map(|product_id| Wanted { product_id, quantity: 1 }).collect(),
            place: None,
            draft: None,
            retry_of: None,
            expected_total: None,
        };
        placed = placed.saturating_add(u32::from(desk.submit(place).await?));
    }
    Ok(placed)
}

/// Fills an empty database, and returns those who can order of the first two vendors.
async fn fill(db: &Db, retailers: usize, progress: &ProgressBar) -> anyhow::Result<World> {
    let vendors = world::vendors(db).await?;
    let (clock, ids) = (Clock::system(), IdGen::system());
    let products = world::products(db, &vendors).await?;
    let product = *products.first().context("a product")?;
    let mut ordering = Vec::new();
    let mut made = 0_usize;
    while made < retailers {
        let cx = Context::new(&clock, &ids, Actor::System, "bench");
        let (vendors, begin, end) = (vendors.clone(), made, retailers.min(made.saturating_add(SET)));
        let ids = ids.clone();
        let set = db.write::<_, DbError, _>(async move |tx| {
            let mut ordering = Vec::new();
            for number in begin..end {
                let at = number % vendors.len().max(1);
                let own: Vec<VendorId> = vendors.iter().cycle().skip(at).take(2).copied().collect();
                let (id, _) = world::retailer(tx, &cx, number, &own).await?;
                let history = History { retailer: id, vendors: &own, number, product, ids: &ids };
                let rows = history.rows(cx.today());
                store::insert_history(tx, rows, id).await?;
                if at == 0 {
                    ordering.push(id);
                }
            }
            Ok(ordering)
        });
        ordering.extend(set.await?);
        made = end;
        progress.set_message(format!("{made} retailers with their history"));
        progress.tick();
    }
    Ok(World { retailers: ordering, vendors: vendors.into_iter().take(2).collect(), products })
}

/// A retailer's two years, an order a week, in turn with its vendors.
struct History<'a> {
    retailer: RetailerId,
    vendors: &'a [VendorId],
    number: usize,
    product: ProductId,
    ids: &'a IdGen,
}

impl History<'_> {
    /// The rows of orders, their lines, cycles and repayments, and what is left open on each line.
    fn rows(&self, today: BusinessDate) -> store::HistoryRows {
        let mut rows = store::HistoryRows::default();
        let number = i64::try_from(self.number).unwrap_or(0);
        // One shop in ten pays late, one in a hundred very late.
        let late = match number % 100 {
            0 => 45,
            1..=9 => 4,
            _ => -3,
        };
        for (week, vendor) in (0..WEEKS).zip(self.vendors.iter().cycle()) {
            let started = today.plus_days(-7 * (WEEKS - week) + number % 7);
            let at = started.at(11, 0);
            let (order, cycle) = (self.ids.make::<kernel::OrderId>(at), self.ids.make::<kernel::CycleId>(at));
            let (due, paid) = (started.plus_days(30), started.plus_days(30 + late));
            let is_paid = paid < today;
            rows.order(params![
                self.retailer,
                order,
                order.to_string(),
                *vendor,
                "CREDIT",
                "DELIVERED",
                ORDER,
                0,
                2,
                at,
                at,
                ORDER
            ]);
            rows.line(params![self.retailer, order, 1, self.product, 5, Money::from_paisa(100_000), 5]);
            let open = if is_paid { Money::ZERO } else { ORDER };
            let closed: Value = if is_paid { paid.into() } else { Value::Null };
            let (repaid, status) = if is_paid { (ORDER, "FULLY_PAID") } else { (Money::ZERO, "ACTIVE") };
            let late_days: Value = if is_paid { late.max(0).into() } else { Value::Null };
            rows.cycle(
                params![
                    self.retailer,
                    cycle,
                    *vendor,
                    format!("N{number}-{week}"),
                    order,
                    ORDER,
                    open,
                    repaid,
                    0,
                    0,
                    status,
                    started,
                    due,
                    1,
                    closed,
                    1,
                    at,
                    due,
                    late_days
                ],
                (*vendor, open),
            );
        }
        rows
    }
}
