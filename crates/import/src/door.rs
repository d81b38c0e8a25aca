//! The way in: reads the sources row by row, opens a transaction for each batch, and keeps the report.

use std::collections::HashSet;
use std::sync::Arc;

use db::{Db, DbError};
use kernel::{Actor, BusinessDate, Clock, Context, IdGen, Money};

use crate::apply::{self, Outcome};
use crate::cells::Wrong;
use crate::report::{Refused, Report};
use crate::rows::{Kind, Row};
use crate::source::{Fault, ImportError, RawRow, RawRows, Source};

/// Rows of a transaction.
const BATCH: usize = 200;

/// What is to be imported.
#[derive(Clone, Debug)]
pub struct Order {
    /// From where, in the order in which it is taken.
    pub sources: Vec<Source>,
    /// Whether everything is checked and nothing kept.
    pub is_dry_run: bool,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that were read.
    pub read: u64,
    /// Rows that were looked at.
    pub rows: u64,
    /// Rows that were refused.
    pub refused: u64,
}

/// Imports, batch by batch; `tell` hears how far it is after each.
pub async fn import(
    db: &Db,
    clock: &Clock,
    ids: &IdGen,
    order: Order,
    tell: impl Fn(Progress) + Send + Sync + 'static,
) -> Result<Report, ImportError> {
    let context = || Context::new(clock, ids, Actor::System, "import");
    if order.is_dry_run {
        let cx = context();
        let work = async move |tx: &mut db::Tx| {
            let mut walk = Walk::new(&tell, cx.today())?;
            walk.all(&order, async |step| carry_out(tx, &cx, &step).await.map_err(ImportError::from)).await?;
            // The report is all that leaves: an error undoes the rest.
            Err::<(), Stop>(Stop::Checked(Box::new(walk.report)))
        };
        return match db.write(work).await {
            Err(Stop::Checked(report)) => Ok(*report),
            Err(Stop::Failed(error)) => Err(error),
            Ok(()) => Err(ImportError::Database(DbError::Missing("the report of a dry run"))),
        };
    }
    let mut walk = Walk::new(&tell, context().today())?;
    walk.all(&order, async |step| {
        let (cx, step) = (context(), Arc::new(step));
        let again = (cx.clone(), step.clone());
        let done = db.write(async move |tx| carry_out(tx, &cx, &step).await).await;
        // Whether a batch was kept whose commit was cut off is told by its keys.
        match done {
            Err(DbError::CommitUnknown) => {
                let (cx, step) = again;
                Ok(db.write(async move |tx| carry_out(tx, &cx, &step).await).await?)
            }
            done => Ok(done?),
        }
    })
    .await?;
    Ok(walk.report)
}

/// Why the transaction of a dry run ends.
enum Stop {
    Checked(Box<Report>),
    Failed(ImportError),
}

impl From<DbError> for Stop {
    fn from(error: DbError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ImportError> for Stop {
    fn from(error: ImportError) -> Self {
        Self::Failed(error)
    }
}

/// What one transaction does.
#[derive(Debug)]
enum Step {
    /// Takes rows of one kind whose keys differ.
    Take(Vec<Row>),
    /// Compares the balances of lines.
    Compare(Vec<Row>),
}

async fn carry_out(tx: &mut db::Tx, cx: &Context, step: &Step) -> Result<Vec<Outcome>, DbError> {
    match step {
        Step::Take(rows) => apply::rows(tx, cx, rows).await,
        Step::Compare(rows) => {
            let sums = apply::balances(tx, rows).await?;
            Ok(rows.iter().zip(sums).map(|(row, sum)| compared(row, sum)).collect())
        }
    }
}

fn compared(row: &Row, sum: Option<Money>) -> Outcome {
    let (Row::Line { balance: Some(said), .. }, Some(sum)) = (row, sum) else { return Outcome::Known };
    if *said == sum {
        return Outcome::Known;
    }
    let (said, sum) = (said.for_people(), sum.for_people());
    let reason = format!("the book says that {said} is owed, the imported purchases and repayments come to {sum}");
    Outcome::Refused(Some("balance"), Wrong::new("BALANCE", reason, format!("the missing rows, or {sum}")))
}

/// One read row: what it says, or what is wrong with it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) raw: RawRow,
    pub(crate) row: Result<Row, Fault>,
}

impl Entry {
    pub(crate) fn read(source: &Source, raw: RawRow, today: BusinessDate) -> Self {
        let row = source.cells(&raw).and_then(|cells| Row::read(source.kind, cells, today));
        Self { raw, row }
    }
}

impl Refused {
    pub(crate) fn of(source: &Source, raw: &RawRow, fault: &Fault) -> Self {
        Self {
            file: source.name.clone(),
            line: raw.line,
            column: fault.column.map(str::to_owned),
            cell: fault.cell.clone(),
            code: fault.wrong.code.to_owned(),
            reason: fault.wrong.reason.clone(),
            right: fault.wrong.right.clone(),
        }
    }
}

/// The walk over all sources.
struct Walk<'a> {
    report: Report,
    tell: &'a (dyn Fn(Progress) + Send + Sync),
    today: BusinessDate,
    progress: Progress,
}

impl<'a> Walk<'a> {
    fn new(tell: &'a (dyn Fn(Progress) + Send + Sync), today: BusinessDate) -> Result<Self, ImportError> {
        let report = Report::new().map_err(in_report)?;
        Ok(Self { report, tell, today, progress: Progress::default() })
    }

    async fn all(
        &mut self,
        order: &Order,
        mut carry_out: impl AsyncFnMut(Step) -> Result<Vec<Outcome>, ImportError>,
    ) -> Result<(), ImportError> {
        let mut before = 0_u64;
        for source in &order.sources {
            let mut batches = Batches::of(source, self.today)?;
            while let Some(entries) = batches.next()? {
                let read = entries.last().map_or(0, |entry| entry.raw.read);
                let outcomes = carry_out(Step::Take(said(&entries))).await?;
                self.note(source, &entries, outcomes)?;
                self.progress.read = before.saturating_add(read);
                (self.tell)(self.progress);
            }
            before = before.saturating_add(source.size);
        }
        for source in order.sources.iter().filter(|source| source.kind == Kind::Lines) {
            let mut batches = Batches::of(source, self.today)?;
            while let Some(mut entries) = batches.next()? {
                entries.retain(|entry| matches!(entry.row, Ok(Row::Line { balance: Some(_), .. })));
                let outcomes = carry_out(Step::Compare(said(&entries))).await?;
                for (entry, outcome) in entries.iter().zip(outcomes) {
                    if let Outcome::Refused(column, wrong) = outcome {
                        self.report.mismatches = self.report.mismatches.saturating_add(1);
                        self.write(source, &entry.raw, &at_column(source, &entry.raw, column, wrong))?;
                    }
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, source: &Source, entries: &[Entry], outcomes: Vec<Outcome>) -> Result<(), ImportError> {
        let mut outcomes = outcomes.into_iter();
        for entry in entries {
            let outcome = match &entry.row {
                Ok(_) => outcomes.next().ok_or(DbError::Missing("the outcome of a row"))?,
                Err(_) => Outcome::Known,
            };
            let fault = match (&entry.row, outcome) {
                (Err(fault), _) => Some(fault.clone()),
                (Ok(_), Outcome::Refused(column, wrong)) => Some(at_column(source, &entry.raw, column, wrong)),
                (Ok(_), Outcome::Taken) => {
                    count(&mut self.report.counts.entry(source.kind).or_default().taken);
                    None
                }
                (Ok(_), Outcome::Known) => {
                    count(&mut self.report.counts.entry(source.kind).or_default().known);
                    None
                }
            };
            count(&mut self.progress.rows);
            if let Some(fault) = fault {
                count(&mut self.report.counts.entry(source.kind).or_default().refused);
                count(&mut self.progress.refused);
                self.write(source, &entry.raw, &fault)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, source: &Source, raw: &RawRow, fault: &Fault) -> Result<(), ImportError> {
        let refused = Refused::of(source, raw, fault);
        self.report.write(&refused).map_err(in_report)
    }
}

fn in_report(error: std::io::Error) -> ImportError {
    ImportError::Unreadable { file: "the temporary file of the report".to_owned(), error }
}

fn count(number: &mut u64) {
    *number = number.saturating_add(1);
}

pub(crate) fn said(entries: &[Entry]) -> Vec<Row> {
    entries.iter().filter_map(|entry| entry.row.as_ref().ok().cloned()).collect()
}

pub(crate) fn at_column(source: &Source, raw: &RawRow, column: Option<&'static str>, wrong: Wrong) -> Fault {
    match (source.cells(raw), column) {
        (Ok(cells), Some(column)) => cells.fault(column, wrong),
        (_, column) => Fault { column, cell: None, wrong },
    }
}

/// The rows of a source in batches, none of which holds a key twice.
struct Batches<'a> {
    source: &'a Source,
    rows: RawRows,
    today: BusinessDate,
    /// Read already; its key is in the batch before it.
    held: Option<Entry>,
}

impl<'a> Batches<'a> {
    fn of(source: &'a Source, today: BusinessDate) -> Result<Self, ImportError> {
        Ok(Self { source, rows: source.rows()?, today, held: None })
    }

    fn next(&mut self) -> Result<Option<Vec<Entry>>, ImportError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut keys = HashSet::new();
        while entries.len() < BATCH {
            let entry = match self.held.take() {
                Some(entry) => entry,
                None => match self.rows.next() {
                    Some(raw) => Entry::read(self.source, raw?, self.today),
                    None => break,
                },
            };
            let key = entry.row.as_ref().ok().map(|row| (row.vendor().map(str::to_owned), row.key().to_owned()));
            if key.is_some_and(|key| !keys.insert(key)) {
                self.held = Some(entry);
                break;
            }
            entries.push(entry);
        }
        Ok((!entries.is_empty()).then_some(entries))
    }
}
