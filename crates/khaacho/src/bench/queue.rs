//! `khaacho bench queue`: how fast real workers do small jobs, and what one job costs before and after very many.
//!
//! Jobs that are done are deleted, so the second figure says whether what they leave behind holds the next one up. Each job
//! writes one row under its own number: a job that ran twice would fail on it, and one that was lost would be missed.

use std::time::{Duration, Instant as Stopwatch};

use anyhow::bail;
use db::{Db, DbError};
use indicatif::ProgressBar;
use kernel::{Actor, Clock, Context, IdGen, PageRequest};
use queue::{JobError, JobFilter, NewJob, Queue, Registry, Workers};
use serde::Serialize;

use super::floor::rate;
use super::{Outcome, engine, store};

/// The queue that is measured: five jobs at once.
const QUEUE: Queue = Queue::OrderProcessing;
/// Jobs queued in one transaction.
const SET: usize = 2_000;
/// Jobs that are timed one by one.
const SINGLE: usize = 100;
/// How often it is looked whether all is done.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What the bench prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    database: String,
    jobs: usize,
    queued_per_second: f64,
    /// Small jobs, many in one transaction.
    done_per_second: f64,
    alone: usize,
    /// Jobs that each have a transaction of their own.
    alone_per_second: f64,
    /// One job by itself, from the look for it to its end: the median, in milliseconds, before all others.
    first_millis: f64,
    /// The same after all others.
    last_millis: f64,
    /// Effects that are missing.
    missing: i64,
    /// Jobs that are dead: their effect was there already.
    dead: usize,
}

impl Outcome for Report {
    fn is_clean(&self) -> bool {
        self.missing == 0 && self.dead == 0
    }

    fn lines(&self) -> Vec<String> {
        vec![
            format!("{}: {} small jobs, {} alone", self.database, self.jobs, self.alone),
            format!("  queued/s            {:.0}", self.queued_per_second),
            format!("  small jobs/s        {:.0}", self.done_per_second),
            format!("  jobs alone/s        {:.0}", self.alone_per_second),
            format!("  one job, ms         {:.2} before, {:.2} after", self.first_millis, self.last_millis),
            format!("  effects missing     {}", self.missing),
            format!("  jobs dead           {}", self.dead),
        ]
    }
}

/// Does jobs in an empty database.
pub(super) async fn run(database: &str, jobs: usize, progress: &ProgressBar) -> anyhow::Result<Report> {
    let url = database.parse().map_err(anyhow::Error::msg)?;
    let db = Db::open(&url, &db::Options::default())?;
    let run = Run { db, clock: Clock::system(), ids: IdGen::system(), registry: registry() };
    run.db.migrate(schema::MIGRATIONS, run.clock.now()).await?;
    if run.count().await? > 0 || !run.is_idle().await? {
        bail!("the database is not empty");
    }
    progress.set_message("one by one");
    let first_millis = run.single("small", 0).await?;
    progress.set_message("queuing");
    let started = Stopwatch::now();
    run.queue("small", SINGLE..SINGLE.saturating_add(jobs)).await?;
    let queued = started.elapsed();
    progress.set_message("small jobs");
    let done = run.work().await?;
    let alone = (jobs / 10).max(1);
    let begin = SINGLE.saturating_add(jobs);
    run.queue("alone", begin..begin.saturating_add(alone)).await?;
    progress.set_message("jobs alone");
    let done_alone = run.work().await?;
    let end = begin.saturating_add(alone);
    let last_millis = run.single("small", end).await?;
    let expected = i64::try_from(end.saturating_add(SINGLE))?;
    Ok(Report {
        database: engine(database),
        jobs,
        queued_per_second: rate(jobs, queued),
        done_per_second: rate(jobs, done),
        alone,
        alone_per_second: rate(alone, done_alone),
        first_millis,
        last_millis,
        missing: expected.saturating_sub(run.count().await?),
        dead: run.dead().await?,
    })
}

/// Leaves the number of the job.
async fn effect(tx: &mut db::Tx, job: &queue::Job) -> Result<(), JobError> {
    let number = job.payload.get("number").and_then(serde_json::Value::as_i64);
    let number = number.ok_or_else(|| JobError::Dead("the job has no number".to_owned()))?;
    store::one_row(tx, number).await.map_err(|error| match error {
        DbError::Duplicate(_) => JobError::Dead("its effect was there already".to_owned()),
        error => error.into(),
    })
}

fn registry() -> Registry {
    Registry::default()
        .small("small", |tx, _, job| Box::pin(effect(tx, job)))
        .inside("alone", |tx, _, job| Box::pin(effect(tx, job)))
}

struct Run {
    db: Db,
    clock: Clock,
    ids: IdGen,
    registry: Registry,
}

impl Run {
    async fn queue(&self, kind: &'static str, numbers: std::ops::Range<usize>) -> anyhow::Result<()> {
        let numbers: Vec<usize> = numbers.collect();
        for set in numbers.chunks(SET) {
            let cx = Context::new(&self.clock, &self.ids, Actor::System, "bench");
            let job = |number: &usize| NewJob::new(&cx, QUEUE, kind, serde_json::json!({ "number": number }));
            let jobs: Vec<NewJob> = set.iter().map(job).collect();
            let queued = self.db.write(async move |tx| queue::enqueue(tx, &cx, jobs.clone()).await);
            queued.await.map_err(anyhow::Error::from)?;
        }
        Ok(())
    }

    /// The median of one job after the other, in milliseconds.
    async fn single(&self, kind: &'static str, begin: usize) -> anyhow::Result<f64> {
        let mut times = Vec::with_capacity(SINGLE);
        for number in begin..begin.saturating_add(SINGLE) {
            self.queue(kind, number..number.saturating_add(1)).await?;
            let started = Stopwatch::now();
            queue::run_ready(&self.db, &self.clock, &self.ids, &self.registry).await?;
            times.push(started.elapsed());
        }
        times.sort();
        Ok(times.get(SINGLE / 2).map_or(0.0, |time| time.as_secs_f64() * 1_000.0))
    }

    /// Has real workers do everything, and says how long they took.
    async fn work(&self) -> anyhow::Result<Duration> {
        let started = Stopwatch::now();
        let workers = Workers::start(&self.db, &self.clock, &self.ids, &self.registry);
        while !self.is_idle().await? {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let took = started.elapsed();
        workers.drain(Duration::from_secs(20)).await;
        Ok(took)
    }

    /// Whether nothing waits and nothing is at work: dead jobs stay.
    async fn is_idle(&self) -> anyhow::Result<bool> {
        for state in ["READY", "RUNNING"] {
            let (page, filter) =
                (PageRequest::new(Some(1), None), JobFilter { state: Some(state.to_owned()), kind: None });
            let found = self.db.read(async move |tx| queue::jobs(tx, QUEUE, &filter, &page).await).await?;
            if !found.items.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn dead(&self) -> anyhow::Result<usize> {
        let page = PageRequest::new(Some(PageRequest::MOST), None);
        Ok(self.db.read(async move |tx| queue::dead_jobs(tx, &page).await).await?.items.len())
    }

    async fn count(&self) -> anyhow::Result<i64> {
        Ok(self.db.read(async |tx| store::rows_written(tx).await).await?)
    }
}
