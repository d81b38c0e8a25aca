//! `khaacho verify` and `khaacho export`: the books checked, and printed for a program that is not ours.

use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use db::{Access, Db};
use indicatif::{ProgressBar, ProgressStyle};
use kernel::{Clock, LineId, Scope, VendorId};
use ledger::Part;

use super::spinner;
use crate::config::Config;
use crate::serve::print_line;
use crate::templates::TEMPLATES;
use crate::{export, verify};

/// Which books are meant; all of them where none is named.
#[derive(Clone, Debug, clap::Args)]
#[group(multiple = false)]
pub(crate) struct Books {
    /// Only the books of this vendor.
    #[arg(long, value_name = "ID")]
    vendor: Option<VendorId>,
    /// Only the book of this credit line.
    #[arg(long, value_name = "ID")]
    line: Option<LineId>,
}

impl Books {
    async fn part(&self, db: &Db) -> anyhow::Result<Part> {
        let today = Clock::system().now().business_date();
        if let Some(id) = self.line {
            let line = db.read(async move |tx| credit::line(tx, Scope::All, id, today).await).await?;
            return Ok(Part::Book(line.with_context(|| format!("there is no credit line {id}"))?.pair()));
        }
        if let Some(id) = self.vendor {
            let known = db.read(async move |tx| parties::vendors(tx, &[id]).await).await?;
            anyhow::ensure!(known.contains_key(&id), "there is no vendor {id}");
            return Ok(Part::Vendor(id));
        }
        Ok(Part::All)
    }
}

/// The flags of `verify`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct VerifyFlags {
    #[command(flatten)]
    books: Books,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// What is exported.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum Export {
    /// The journal in hledger's syntax.
    Journal {
        #[command(flatten)]
        books: Books,
        /// Write to this file instead of the standard output.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// The templates to register with WhatsApp, a JSON object a line.
    Templates,
}

fn open(config: &Config) -> anyhow::Result<Db> {
    Ok(Db::open(&config.database_url()?, &config.database_options(Access::Read))?)
}

/// Checks the books: 0 all is well, 1 something is wrong, 2 they could not be checked.
pub(crate) async fn verify(config: &Config, flags: VerifyFlags) -> ExitCode {
    match try_verify(config, flags).await {
        Ok(report) if report.is_clean() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "khaacho: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn try_verify(config: &Config, flags: VerifyFlags) -> anyhow::Result<verify::Report> {
    let db = open(config)?;
    let part = flags.books.part(&db).await?;
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len} {msg}  {per_sec} {elapsed}");
    let progress = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let report = verify::run(&db, part, &progress).await?;
    progress.finish_and_clear();
    if flags.json {
        print_line(&serde_json::to_string(&report)?);
        return Ok(report);
    }
    for finding in &report.findings {
        print_line(finding);
    }
    let verdict = if report.is_clean() { "clean".to_owned() } else { format!("{} findings", report.found) };
    print_line(&format!(
        "{verdict}: {} journal entries, {} credit lines, {} audit entries",
        report.entries, report.lines, report.audit_entries
    ));
    Ok(report)
}

/// Prints what was asked for.
pub(crate) async fn export(config: &Config, what: Export) -> anyhow::Result<()> {
    let Export::Journal { books, output } = what else {
        for template in TEMPLATES {
            print_line(&template.registration().to_string());
        }
        return Ok(());
    };
    let db = open(config)?;
    let part = books.part(&db).await?;
    let progress = spinner();
    if let Some(path) = output {
        let file = std::fs::File::create(&path).with_context(|| path.display().to_string())?;
        let mut out = BufWriter::new(file);
        export::write_journal(&db, part, &mut out, &progress).await?;
        out.into_inner()?.sync_all()?;
    } else {
        export::write_journal(&db, part, &mut std::io::stdout(), &progress).await?;
    }
    progress.finish_and_clear();
    Ok(())
}
