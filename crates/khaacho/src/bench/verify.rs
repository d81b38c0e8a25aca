//! `khaacho bench verify`: how fast the journal is checked, and with how much memory.

use std::time::{Duration, Instant as Stopwatch};

use anyhow::{Context as _, bail};
use db::{Access, Db};
use indicatif::{ProgressBar, ProgressStyle};
use kernel::{Actor, Clock, Context, IdGen, Money};
use ledger::{Account, Balanced, EntryKind, Method, NewEntry, Pair, Part};
use serde::Serialize;

use super::floor::rate;
use super::{Outcome, engine, machine};
use crate::verify;

/// Entries posted in one transaction while the journal is made.
const SET: usize = 5_000;
/// Books of one vendor.
const OF_A_VENDOR: usize = 100;

/// What the bench prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    database: String,
    entries: u64,
    books: usize,
    posted_per_second: f64,
    verified_per_second: f64,
    /// The most memory that checking had, in MiB, the program itself included.
    #[serde(rename = "peakMiB")]
    peak_mib: f64,
    exported_per_second: f64,
    #[serde(rename = "exportedMiB")]
    exported_mib: u64,
    #[serde(rename = "exportingPeakMiB")]
    exporting_peak_mib: f64,
    findings: u64,
}

impl Outcome for Report {
    fn is_clean(&self) -> bool {
        self.findings == 0
    }

    fn lines(&self) -> Vec<String> {
        vec![
            format!("{}: {} entries in {} books", self.database, self.entries, self.books),
            format!("  posted/s            {:.0}", self.posted_per_second),
            format!("  verified/s          {:.0}", self.verified_per_second),
            format!("  peak MiB            {:.1}", self.peak_mib),
            format!("  exported/s          {:.0}", self.exported_per_second),
            format!("  exported MiB        {}", self.exported_mib),
            format!("  peak MiB exporting  {:.1}", self.exporting_peak_mib),
            format!("  findings            {}", self.findings),
        ]
    }
}

/// Makes a journal in an empty database, checks it and exports it.
pub(super) async fn run(database: &str, entries: usize, books: usize) -> anyhow::Result<Report> {
    let url = database.parse().map_err(anyhow::Error::msg)?;
    let took = {
        let db = Db::open(&url, &db::Options::default())?;
        make(&db, entries, books.max(1)).await?
    };
    let db = Db::open(&url, &db::Options { access: Access::Read, ..db::Options::default() })?;
    machine::forget_peak();
    let started = Stopwatch::now();
    let report = verify::run(&db, Part::All, &bar("checking", 0)).await?;
    let verified = started.elapsed();
    let peak_mib = machine::peak_mib();
    machine::forget_peak();
    let (started, mut sink) = (Stopwatch::now(), Counted(0));
    crate::export::write_journal(&db, Part::All, &mut sink, &ProgressBar::hidden()).await?;
    Ok(Report {
        database: engine(database),
        entries: report.entries,
        books,
        posted_per_second: rate(entries, took),
        verified_per_second: rate(usize::try_from(report.entries)?, verified),
        peak_mib,
        exported_per_second: rate(entries, started.elapsed()),
        exported_mib: sink.0 >> 20,
        exporting_peak_mib: machine::peak_mib(),
        findings: report.found,
    })
}

/// Takes an export and keeps its length.
struct Counted(u64);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += u64::try_from(bytes.len()).unwrap_or(0);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn bar(what: &'static str, length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {bar:32} {pos}/{len} {per_sec} {elapsed}");
    let bar = ProgressBar::new(u64::try_from(length).unwrap_or(0));
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message(what)
}

/// Deliveries, each repaid with a discount by the entry that follows it, over all books in turn.
async fn make(db: &Db, entries: usize, books: usize) -> anyhow::Result<Duration> {
    let (clock, ids) = (Clock::system(), IdGen::system());
    db.migrate(schema::MIGRATIONS, clock.now()).await?;
    let plan = db.read(async |tx| ledger::plan(tx, Part::All, ledger::Plan::default()).await).await?;
    if plan.stretches().is_none_or(|stretches| stretches.iter().any(|stretch| stretch.entries > 0)) {
        bail!("the bench needs an empty database");
    }
    let now = clock.now();
    let vendors: Vec<_> = (0..books.div_ceil(OF_A_VENDOR)).map(|_| ids.make(now)).collect();
    let book = |number: usize| Some((ids.make(now), *vendors.get(number / OF_A_VENDOR)?));
    let pairs: Vec<Pair> = (0..books).filter_map(book).collect();
    let (progress, started) = (bar("posting", entries), Stopwatch::now());
    let mut made = 0;
    while made < entries {
        let set = SET.min(entries - made);
        let cx = Context::new(&clock, &ids, Actor::System, "bench");
        let new: Option<Vec<NewEntry>> =
            (made..made + set).map(|number| entry(&cx, *pairs.get(number / 2 % pairs.len())?, number)).collect();
        let new = new.context("an entry of the bench")?;
        db.write(async move |tx| ledger::post(tx, &cx, new.clone()).await.map(|_| ())).await?;
        made += set;
        progress.set_position(u64::try_from(made)?);
    }
    progress.finish_and_clear();
    Ok(started.elapsed())
}

fn entry(cx: &Context, (retailer, vendor): Pair, number: usize) -> Option<NewEntry> {
    let paisa = |amount: i64| Money::from_paisa(amount);
    let principal = 100_000 + i64::try_from(number / 2 % 9_000).ok()? * 100;
    let discount = principal / 20;
    let is_delivery = number.is_multiple_of(2);
    let sides = if is_delivery {
        vec![(Account::Receivable, paisa(principal)), (Account::Sales, paisa(-principal))]
    } else {
        vec![
            (Account::Cash(Method::Esewa), paisa(principal - discount)),
            (Account::DiscountAllowed, paisa(discount)),
            (Account::Receivable, paisa(-principal)),
        ]
    };
    Some(NewEntry {
        retailer,
        vendor,
        kind: if is_delivery { EntryKind::Delivery } else { EntryKind::Repayment },
        business_date: cx.today(),
        order: is_delivery.then(|| cx.id()),
        cycle: Some(cx.id()),
        payment: (!is_delivery).then(|| cx.id()),
        reverses: None,
        memo: format!("BEN-{}", number / 2),
        postings: Balanced::new(sides).ok()?,
    })
}
