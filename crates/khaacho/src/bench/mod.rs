//! `khaacho bench`: what this machine does, with what it could do at all beside it.
//!
//! `place`, `deliver` and `repay` are one run ([`load`]) with different [`work`]: a world is [made](history) through the
//! use cases, a server of its own is driven over HTTP, and what it answered is compared with what is in the database.
//! `grow` places orders where more and more lie already, `dashboard` times what is looked at, `webhooks` what people write,
//! `queue` what workers do and `verify` the check of books.

#![expect(
    clippy::float_arithmetic,
    clippy::disallowed_methods,
    reason = "figures of a bench, never money or a decision"
)]

mod check;
mod client;
mod floor;
mod grow;
mod history;
mod load;
mod machine;
mod nightly;
mod queue;
mod reads;
mod report;
mod run;
mod server;
mod store;
mod verify;
mod webhooks;
mod work;
mod world;

use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;

use self::run::Task;
use self::work::Shape;
use crate::commands::spinner;
use crate::config::{CommonFlags, Config};
use crate::serve::print_line;

/// The flags of the command.
#[derive(Clone, Debug, clap::Args)]
pub struct Flags {
    #[command(subcommand)]
    what: What,
}

/// How heavy the load is.
#[derive(Clone, Debug, clap::Args)]
struct LoadFlags {
    /// Clients, each with one connection and one request at a time.
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// How long.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

impl LoadFlags {
    fn time(&self) -> Duration {
        Duration::from_secs(self.seconds.max(1))
    }
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// Place orders on credit: key, order, three items, reservation, stock, audit, message.
    ///
    /// Starts a server on a fresh temporary SQLite file, or on the empty --database that is named, or drives the one at
    /// --url with a token.
    Place {
        #[command(flatten)]
        load: LoadFlags,
        /// Everything on one line.
        #[arg(long, conflicts_with = "routed")]
        hot: bool,
        /// Let routing choose the vendor.
        #[arg(long)]
        routed: bool,
        /// Drive this server instead of starting one; it must hold the bench's world already.
        #[arg(long, requires = "token")]
        url: Option<String>,
        /// An operator's access token for --url.
        #[arg(long)]
        token: Option<String>,
    },
    /// Confirm deliveries on credit: order, conversion, cycle, journal, stock, audit, messages.
    Deliver {
        #[command(flatten)]
        load: LoadFlags,
        /// Dispatched orders that are made before; the run ends with them.
        #[arg(long, default_value_t = 6_000)]
        orders: usize,
    },
    /// Repay parts of bills: settlement, payment, position, journal, audit, message.
    Repay {
        #[command(flatten)]
        load: LoadFlags,
        /// Everything on one bill.
        #[arg(long)]
        hot: bool,
    },
    /// Place orders where 10 000, 100 000 … lie already, a tenth of them delivered and repaid, the others cancelled.
    Grow {
        #[command(flatten)]
        load: LoadFlags,
        /// The orders of the last step.
        #[arg(long, default_value_t = 1_000_000)]
        orders: usize,
    },
    /// Time what is looked at: the risk dashboard, the order check, a quote, a statement.
    Dashboard {
        /// Retailers, each with a line and two bills; several sizes by commas.
        #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000")]
        retailers: Vec<usize>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Deliver what people write in bursts, everything twice and shuffled: each message is handled once and in order.
    Webhooks {
        /// Deliveries a second.
        #[arg(long, default_value_t = 100)]
        rate: usize,
        /// How long.
        #[arg(long, default_value_t = 120)]
        seconds: u64,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Do small jobs with real workers: each effect happens once, and what is done holds nothing up.
    Queue {
        /// Jobs that lie ready; a tenth as many follow that each have a transaction of their own.
        #[arg(long, default_value_t = 100_000)]
        jobs: usize,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Do the work that goes over everybody, on retailers with two years of history.
    Nightly {
        /// Retailers.
        #[arg(long, default_value_t = 10_000)]
        retailers: usize,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Check and export a journal, made in a fresh temporary SQLite file or in the empty --database that is named.
    Verify {
        /// Journal entries.
        #[arg(long, default_value_t = 1_000_000)]
        entries: usize,
        /// Books that they are spread over.
        #[arg(long, default_value_t = 1_000)]
        books: usize,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// What a bench measured.
trait Outcome: Serialize {
    /// For people.
    fn lines(&self) -> Vec<String>;
    /// Whether nothing was lost, doubled, overspent or found.
    fn is_clean(&self) -> bool;
}

/// Runs a bench. The exit code is 3 where what it did is not clean.
pub async fn run(config: Config, common: &CommonFlags, flags: Flags) -> anyhow::Result<ExitCode> {
    let (_folder, database) = database(&config, common)?;
    let progress = spinner();
    match flags.what {
        What::Place { load, url: Some(url), token: Some(token), hot, routed } => {
            show(&run::running(&url, &token, shape(hot, routed), &load).await?, load.json)
        }
        What::Place { load, hot, routed, .. } => {
            show(&run::own(&database, Task::Place(shape(hot, routed)), &load, &progress).await?, load.json)
        }
        What::Deliver { load, orders } => {
            show(&run::own(&database, Task::Deliver { orders }, &load, &progress).await?, load.json)
        }
        What::Repay { load, hot } => {
            show(&run::own(&database, Task::Repay { hot }, &load, &progress).await?, load.json)
        }
        What::Grow { load, orders } => show(&grow::run(&database, orders, &load, &progress).await?, load.json),
        What::Dashboard { retailers, json } => show(&reads::run(&database, &retailers, &progress).await?, json),
        What::Webhooks { rate, seconds, json } => {
            let time = Duration::from_secs(seconds.max(1));
            show(&webhooks::run(&database, rate, time, &progress).await?, json)
        }
        What::Queue { jobs, json } => show(&queue::run(&database, jobs, &progress).await?, json),
        What::Nightly { retailers, json } => show(&nightly::run(&database, retailers, &progress).await?, json),
        What::Verify { entries, books, json } => show(&verify::run(&database, entries, books).await?, json),
    }
}

const fn shape(hot: bool, routed: bool) -> Shape {
    match (hot, routed) {
        (true, _) => Shape::Hot,
        (_, true) => Shape::Routed,
        _ => Shape::Named,
    }
}

fn show(outcome: &impl Outcome, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        print_line(&serde_json::to_string(outcome)?);
    } else {
        outcome.lines().iter().for_each(|line| print_line(line));
    }
    Ok(if outcome.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

/// The database that is named, or a fresh file, which goes with its folder.
fn database(config: &Config, common: &CommonFlags) -> anyhow::Result<(tempfile::TempDir, String)> {
    let folder = tempfile::tempdir()?;
    let fresh = format!("sqlite:{}", folder.path().join("bench.db").display());
    let is_named = common.database.is_some() || std::env::var_os("KHAACHO_DATABASE").is_some();
    Ok((folder, if is_named { config.database.clone() } else { fresh }))
}

/// The engine of a database, without what could hold a password.
fn engine(database: &str) -> String {
    database.split(':').next().unwrap_or_default().to_owned()
}
