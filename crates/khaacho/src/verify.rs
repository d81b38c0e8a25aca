//! Checking everything, or a vendor's part, or a line's: the journal's chains and balances, every line's position, the
//! audit log's chains, the stock of vendors, the reminders that cycles count, what orders say arrived.
//!
//! The journal is checked by [`AT_ONCE`] readers side by side, a stretch of some thousand entries each; lines and audit
//! log follow, beside each other. Memory holds a page of each reader, the plan of the stretches and at most
//! [`MOST_FINDINGS`] findings. Every stretch and every page is one snapshot; beside a working server a line may be
//! checked a moment after its book.

use db::{Db, DbError};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use indicatif::ProgressBar;
use kernel::Money;
use ledger::Part;

/// Findings that are kept; further ones are only counted.
const MOST_FINDINGS: usize = 1_000;
/// Stretches of the journal in work at once.
const AT_ONCE: usize = 4;

/// What a check found.
#[derive(Clone, Debug, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Journal entries checked.
    pub entries: u64,
    /// Credit lines checked.
    pub lines: u64,
    /// Audit entries checked.
    pub audit_entries: u64,
    /// How many things are wrong.
    pub found: u64,
    /// What is wrong, as sentences: of each book its first bad entry; empty where all is well.
    pub findings: Vec<String>,
}

impl Report {
    /// Whether all is well.
    pub const fn is_clean(&self) -> bool {
        self.found == 0
    }

    fn add(&mut self, finding: &impl ToString) {
        self.found = self.found.saturating_add(1);
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(finding.to_string());
        }
    }
}

fn count(number: impl TryInto<u64>) -> u64 {
    number.try_into().unwrap_or(u64::MAX)
}

/// Checks some books, their lines and their audit streams.
pub async fn run(db: &Db, part: Part, progress: &ProgressBar) -> Result<Report, DbError> {
    let mut report = journal(db, part, progress).await?;
    progress.set_message("lines and audit log");
    let (lines, audit, counted) = tokio::try_join!(lines(db, part), audit(db, part), counts(db, part))?;
    report.lines = lines.lines;
    report.audit_entries = audit.audit_entries;
    for checked in [lines, audit, counted] {
        report.found = report.found.saturating_add(checked.found);
        report.findings.extend(checked.findings);
    }
    report.findings.truncate(MOST_FINDINGS);
    Ok(report)
}

/// Checks the journal of some books.
pub(crate) async fn journal(db: &Db, part: Part, progress: &ProgressBar) -> Result<Report, DbError> {
    let mut plan = ledger::Plan::default();
    let stretches = loop {
        plan = db.read(async move |tx| ledger::plan(tx, part, plan.clone()).await).await?;
        if let Some(stretches) = plan.stretches() {
            break stretches.to_vec();
        }
    };
    progress.set_length(stretches.iter().map(|stretch| count(stretch.entries)).sum());
    progress.set_message("journal entries");
    let mut checked = stream::iter(stretches)
        .map(|stretch| db.read(async move |tx| ledger::verify(tx, &stretch).await))
        .buffered(AT_ONCE);
    let mut report = Report::default();
    let mut last_bad = None;
    while let Some(stretch) = checked.try_next().await? {
        report.entries = report.entries.saturating_add(count(stretch.entries));
        progress.set_position(report.entries);
        for finding in stretch.findings {
            // A book that is cut in two may have a fault in each part; the first one names the book.
            let book = Some((finding.retailer.clone(), finding.vendor.clone()));
            if last_bad != book {
                report.add(&finding);
                last_bad = book;
            }
        }
    }
    Ok(report)
}

async fn lines(db: &Db, part: Part) -> Result<Report, DbError> {
    let (mut report, mut after) = (Report::default(), None);
    loop {
        let page = db.read(async move |tx| credit::verify_page(tx, part, after).await).await?;
        report.lines = report.lines.saturating_add(count(page.lines));
        for finding in &page.findings {
            report.add(finding);
        }
        after = page.next;
        if after.is_none() {
            return Ok(report);
        }
    }
}

/// What is kept beside the rows that it is counted from. It belongs to no book: it is checked where everything is.
async fn counts(db: &Db, part: Part) -> Result<Report, DbError> {
    let mut report = Report::default();
    if !matches!(part, Part::All) {
        return Ok(report);
    }
    let most = i64::try_from(MOST_FINDINGS).unwrap_or(i64::MAX);
    for (vendor, product, stock, moved) in db.read(async move |tx| catalog::wrong_stock(tx, most).await).await? {
        report.add(&format!("{vendor} has {stock} of {product} in store, its moves come to {moved}"));
    }
    for (cycle, kept, sent) in db.read(async move |tx| reminders::miscounted(tx, most).await).await? {
        report.add(&format!("{cycle} keeps {kept} reminders, {sent} were sent"));
    }
    let shown = |paisa: Option<Money>| paisa.map_or_else(|| "nothing".to_owned(), |paisa| paisa.to_string());
    for (order, kept, counted) in db.read(async move |tx| orders::wrong_deliveries(tx, most).await).await? {
        report.add(&format!("{order} keeps {} as delivered, its lines come to {}", shown(kept), shown(counted)));
    }
    Ok(report)
}

async fn audit(db: &Db, part: Part) -> Result<Report, DbError> {
    let mut report = Report::default();
    let mut walked = match part {
        Part::All => audit::Walked::default(),
        Part::Vendor(vendor) => audit::Walked::of_stream(vendor),
        Part::Retailer(retailer) | Part::Book((retailer, _)) => audit::Walked::of_stream(retailer),
    };
    while !walked.is_done {
        let place = walked.clone();
        let page = db.read(async move |tx| {
            let mut place = place.clone();
            let broken = audit::verify_page(tx, &mut place).await?;
            Ok::<_, DbError>((broken, place))
        });
        let (broken, next) = page.await?;
        for broken in &broken {
            report.add(broken);
        }
        walked = next;
    }
    report.audit_entries = walked.entries;
    Ok(report)
}
