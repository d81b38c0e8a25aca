//! The server that is driven: another process, so that its CPU and memory are its own.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use db::Db;
use kernel::{Clock, IdGen, Role};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use web::{Auth, Caller};

/// Whether the server works on its queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Background {
    /// As in life.
    Works,
    /// No: messages stay where they can be counted.
    Rests,
}

/// A running server, and what signs in to it.
pub(crate) struct Server {
    child: Child,
    pub(crate) pid: u32,
    pub(crate) address: String,
    /// An operator's access token.
    pub(crate) token: String,
}

impl Server {
    /// Starts a server.
    pub(crate) async fn start(database: &str, background: Background) -> anyhow::Result<Self> {
        let secret = kernel::hex(&IdGen::system().random_bytes::<32>());
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", "--database", database, "--listen", "127.0.0.1:0"])
            .env("KHAACHO_SIMULATOR", "true")
            .env("KHAACHO_BACKGROUND", (background == Background::Works).to_string())
            .env("KHAACHO_TOKEN_SECRET", &secret)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let pid = child.id().context("the server has ended")?;
        let stdout = child.stdout.take().context("the server has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let address = loop {
            let Some(line) = lines.next_line().await? else { bail!("the server ended before it listened") };
            if let Some(address) = line.strip_prefix("listening on http://") {
                break address.to_owned();
            }
        };
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let clock = Clock::system();
        let caller =
            Caller { user: IdGen::system().make(clock.now()), role: Role::Admin, retailer: None, vendor: None };
        let token = Auth::new(&secret, clock).issue(caller)?.0;
        Ok(Self { child, pid, address, token })
    }

    /// Lets it drain and end.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        Command::new("kill").args(["-TERM", &self.pid.to_string()]).status().await?;
        let ended = tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await;
        anyhow::ensure!(ended.context("the server did not end")??.success(), "the server ended with an error");
        Ok(())
    }
}

/// Opens a database to write to, which no server may hold meanwhile.
pub(crate) fn open(database: &str) -> anyhow::Result<Db> {
    Ok(Db::open(&database.parse().map_err(anyhow::Error::msg)?, &db::Options::default())?)
}

/// Opens an empty database with its tables.
pub(crate) async fn empty(database: &str) -> anyhow::Result<Db> {
    let db = open(database)?;
    db.migrate(schema::MIGRATIONS, Clock::system().now()).await?;
    if !db.read(async |tx| parties::all_vendors(tx).await).await?.is_empty() {
        bail!("the bench needs an empty database; this one holds something already");
    }
    Ok(db)
}
