//! The command line.

mod books;
mod chat;
mod import;
mod understand;
mod user;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use db::{Access, Db};
use indicatif::{ProgressBar, ProgressStyle};
use kernel::Clock;

use crate::config::{CommonFlags, Config};
use crate::serve::{self, print_line};
use crate::{bench, demo};

/// B2B ordering and trade credit over WhatsApp.
#[derive(Parser)]
#[command(name = "khaacho", version, about)]
struct Arguments {
    #[command(flatten)]
    common: CommonFlags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API, the webhook and the background work.
    Serve,
    /// Fill an invented Surkhet and serve it, with the simulator.
    Demo(demo::Flags),
    /// Be a retailer or a vendor in the terminal.
    Chat(chat::Flags),
    /// Check books, positions and the audit log.
    Verify(books::VerifyFlags),
    /// Bring the database's tables up to date.
    Migrate,
    /// Create operators and set passwords.
    User(user::Flags),
    /// Print what others can read.
    #[command(subcommand)]
    Export(books::Export),
    /// Take over a paper balance book from CSV or XLSX files.
    Import(import::Flags),
    /// Say what messages mean, one a line, against a catalogue.
    Understand(understand::Flags),
    /// Measure.
    Bench(bench::Flags),
}

/// Runs the command that was asked for. Exit codes: 0 well, 1 it could not be done, 2 the arguments are wrong, 3 a bench's
/// own check found something; of `verify`: 0 all is well, 1 something is wrong, 2 it could not be checked; of
/// `import`: 0 all taken, 1 something refused, 2 it could not run.
pub async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let failed = if matches!(arguments.command, Command::Import(_)) { import::COULD_NOT_RUN } else { 1 };
    match run(arguments).await {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "khaacho: {error:#}");
            ExitCode::from(failed)
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(&arguments.common)?;
    log_to_stderr(&config);
    match arguments.command {
        Command::Serve => serve_until_told(config).await?,
        Command::Demo(flags) => demo::run(config, flags).await?,
        Command::Chat(flags) => chat::run(config, flags).await?,
        Command::Verify(flags) => return Ok(books::verify(&config, flags).await),
        Command::Migrate => {
            let clock = Clock::system();
            let db = Db::open(&config.database_url()?, &config.database_options(Access::Serve))?;
            let applied = db.migrate(schema::MIGRATIONS, clock.now()).await?;
            match applied.as_slice() {
                [] => print_line("Every table is up to date."),
                names => print_line(&format!("Applied {}.", names.join(", "))),
            }
        }
        Command::Import(flags) => return import::run(&config, flags).await,
        Command::Understand(flags) => understand::run(&flags)?,
        Command::User(flags) => user::run(config, flags).await?,
        Command::Export(what) => books::export(&config, what).await?,
        Command::Bench(flags) => return bench::run(config, &arguments.common, flags).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve_until_told(config: Config) -> anyhow::Result<()> {
    let server = serve::start(config).await?;
    print_line(&format!("listening on http://{}", server.address));
    serve::told_to_stop().await;
    server.stop().await;
    Ok(())
}

/// A spinner with a message, on terminals only.
pub(crate) fn spinner() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
    ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

fn log_to_stderr(config: &Config) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("KHAACHO_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,khaacho=info,rejections=info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let installed = if config.log_format == "json" { builder.json().try_init() } else { builder.try_init() };
    if let Err(error) = installed {
        let _ = writeln!(std::io::stderr(), "khaacho: logs cannot be written: {error}");
    }
}
