//! Checking everything: the journal's chains and balances, every line's position, the audit log's chains.

use db::{Db, DbError};
use indicatif::ProgressBar;

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
    /// Everything that is wrong, as sentences; empty where all is well.
    pub findings: Vec<String>,
}

impl Report {
    /// Whether all is well.
    pub const fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Checks everything, page by page, with memory for one page. Each page is one snapshot; beside a working server a line
/// may be checked a moment after its book.
pub async fn run(db: &Db, progress: &ProgressBar) -> Result<Report, DbError> {
    let mut report = Report::default();
    let mut walk = Some(ledger::Walk::default());
    while let Some(place) = walk.take() {
        let page = db.read(async move |tx| ledger::verify_page(tx, place.clone()).await).await?;
        report.entries = report.entries.saturating_add(count(page.entries));
        report.findings.extend(page.findings.iter().map(ToString::to_string));
        walk = page.next;
        progress.set_message(format!("{} journal entries", report.entries));
    }
    let mut after = None;
    loop {
        let place = after;
        let page = db.read(async move |tx| credit::verify_page(tx, place).await).await?;
        report.lines = report.lines.saturating_add(count(page.lines));
        report.findings.extend(page.findings.iter().map(ToString::to_string));
        progress.set_message(format!("{} journal entries, {} lines", report.entries, report.lines));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut walked = audit::Walked::default();
    while !walked.is_done {
        let place = walked.clone();
        let (broken, next) = db
            .read(async move |tx| {
                let mut place = place.clone();
                let broken = audit::verify_page(tx, &mut place).await?;
                Ok::<_, DbError>((broken, place))
            })
            .await?;
        report.findings.extend(broken.iter().map(ToString::to_string));
        report.audit_entries = next.entries;
        walked = next;
        progress.set_message(format!("{} audit entries", report.audit_entries));
    }
    Ok(report)
}
