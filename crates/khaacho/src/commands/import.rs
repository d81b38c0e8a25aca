//! `khaacho import`: vendors, retailers, lines, open purchases and past repayments from files.

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use import::{ImportError, Order, Report};
use indicatif::{ProgressBar, ProgressStyle};
use kernel::{Clock, IdGen};

use crate::config::Config;
use crate::serve::open_database;

/// Something was refused.
const SOME_REFUSED: u8 = 1;
/// Nothing, or not everything, could be looked at.
pub(super) const COULD_NOT_RUN: u8 = 2;

/// The flags of the command.
#[derive(Clone, Debug, clap::Args)]
pub struct Flags {
    /// CSV files, XLSX workbooks, or folders of them. A file or sheet is named by what it holds: vendors, retailers,
    /// lines, purchases, repayments or catalogue.
    #[arg(required = true, value_name = "FILE")]
    paths: Vec<PathBuf>,
    /// Check everything and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command. Exit codes: 0 every row was taken, 1 some were refused or a balance does not agree, 2 it could not
/// run.
pub async fn run(config: &Config, flags: Flags) -> anyhow::Result<ExitCode> {
    let mut out = BufWriter::new(std::io::stdout());
    let sources = match import::sources(&flags.paths) {
        Ok(sources) => sources,
        Err(errors) => return could_not_run(&mut out, &errors, flags.json),
    };
    let (clock, ids) = (Clock::system(), IdGen::system());
    let db = open_database(config, &clock).await?;
    let progress = bar(sources.iter().map(|source| source.size).sum());
    let order = Order { sources, is_dry_run: flags.dry_run };
    let told = progress.clone();
    let done = import::import(&db, &clock, &ids, order, move |now| {
        told.set_position(now.read);
        told.set_message(format!("{} rows, {} refused", now.rows, now.refused));
    });
    let done = done.await;
    progress.finish_and_clear();
    let mut report = match done {
        Ok(report) => report,
        Err(error) => return could_not_run(&mut out, &[error], flags.json),
    };
    if flags.json {
        write_json(&mut out, &mut report, flags.dry_run)?;
    } else {
        write_text(&mut out, &mut report, flags.dry_run)?;
    }
    out.flush()?;
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(SOME_REFUSED) })
}

fn could_not_run(out: &mut impl Write, errors: &[ImportError], is_json: bool) -> anyhow::Result<ExitCode> {
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    if is_json {
        writeln!(out, "{}", serde_json::json!({ "errors": texts }))?;
        out.flush()?;
    }
    for text in texts {
        writeln!(std::io::stderr(), "khaacho: {text}")?;
    }
    Ok(ExitCode::from(COULD_NOT_RUN))
}

fn write_text(out: &mut impl Write, report: &mut Report, is_dry_run: bool) -> anyhow::Result<()> {
    for refused in report.refused()? {
        writeln!(out, "{}", refused?)?;
    }
    for (kind, counts) in &report.counts {
        let verb = if is_dry_run { "would be taken" } else { "taken" };
        let (taken, known, refused) = (counts.taken, counts.known, counts.refused);
        writeln!(out, "{}: {taken} {verb}, {known} known already, {refused} refused", kind.name())?;
    }
    if report.mismatches > 0 {
        writeln!(out, "balances that do not agree: {}", report.mismatches)?;
    }
    if is_dry_run {
        writeln!(out, "This was a dry run: nothing was written.")?;
    }
    Ok(())
}

/// One document, written piece by piece: there may be a million refused rows.
fn write_json(out: &mut impl Write, report: &mut Report, is_dry_run: bool) -> anyhow::Result<()> {
    let counts = serde_json::to_string(&report.counts)?;
    write!(out, "{{\"dryRun\":{is_dry_run},\"counts\":{counts},\"mismatches\":{},\"refused\":[", report.mismatches)?;
    for (number, refused) in report.refused()?.enumerate() {
        let comma = if number == 0 { "" } else { "," };
        write!(out, "{comma}\n{}", serde_json::to_string(&refused?)?)?;
    }
    writeln!(out, "]}}")?;
    Ok(())
}

fn bar(bytes: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("importing {bar:32} {bytes:>10}/{total_bytes} {msg} {elapsed}, {eta} left");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
