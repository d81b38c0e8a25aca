//! Compares what was answered with what is there.

use std::collections::HashSet;
use std::io::Write as _;

use db::{Access, Db};
use indicatif::ProgressBar;

use super::load::Seen;
use super::store;
use crate::verify;

/// Ids read at once.
const PAGE: i64 = 10_000;

/// What became of what was accepted.
pub(crate) struct Checked {
    pub(crate) lost: usize,
    pub(crate) doubled: usize,
    pub(crate) overspent: i64,
    pub(crate) findings: usize,
}

/// Compares the answers with everything that a statement lists, less what was there `before`, and verifies the books.
pub(crate) async fn check(
    database: &str,
    listed: &'static str,
    before: &HashSet<String>,
    loads: &[&Seen],
    progress: &ProgressBar,
) -> anyhow::Result<Checked> {
    let options = db::Options { access: Access::Read, ..db::Options::default() };
    let db = Db::open(&database.parse().map_err(anyhow::Error::msg)?, &options)?;
    let there = ids(&db, listed).await?;
    let answered: HashSet<&String> = loads.iter().flat_map(|seen| seen.accepted.values()).collect();
    let accepted: usize = loads.iter().map(|seen| seen.accepted.len()).sum();
    let unanswered: u64 = loads.iter().map(|seen| seen.errors).sum();
    let extra = there.iter().filter(|id| !answered.contains(id) && !before.contains(*id)).count();
    let overspent = db.read(async |tx| store::overspent_lines(tx).await).await?;
    let report = verify::run(&db, ledger::Part::All, progress).await?;
    for finding in report.findings.iter().take(10) {
        writeln!(std::io::stderr(), "{finding}")?;
    }
    Ok(Checked {
        lost: answered.iter().filter(|id| !there.contains(**id)).count(),
        // Two keys with one effect, or an effect that no key was answered with.
        doubled: (accepted - answered.len()) + extra.saturating_sub(usize::try_from(unanswered)?),
        overspent,
        findings: report.findings.len(),
    })
}

/// Every id that a statement lists.
pub(crate) async fn ids(db: &Db, listed: &'static str) -> anyhow::Result<HashSet<String>> {
    let (mut there, mut after) = (HashSet::new(), String::new());
    loop {
        let from = after.clone();
        let page = db.read(async move |tx| store::ids(tx, listed, &from, PAGE).await).await?;
        let Some(last) = page.last() else { return Ok(there) };
        after.clone_from(last);
        there.extend(page);
    }
}
