//! The load: clients that ask until the time is up, and what they saw.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use hyper::StatusCode;
use kernel::IdGen;

use super::client::{Client, on_threads};
use super::work::Work;

/// What the clients saw.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Requests sent.
    pub(crate) sent: u64,
    /// What was accepted, by its key: the id of what came of it.
    pub(crate) accepted: HashMap<String, String>,
    /// Requests refused with a business code.
    pub(crate) refused: u64,
    /// Anything else.
    pub(crate) errors: u64,
    /// The first errors, for people.
    pub(crate) first_errors: Vec<String>,
    /// Microseconds from request to answer.
    pub(crate) latency: Histogram<u64>,
    /// How long it took.
    pub(crate) took: Duration,
}

impl Seen {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            sent: 0,
            accepted: HashMap::new(),
            refused: 0,
            errors: 0,
            first_errors: Vec::new(),
            latency: Histogram::new(3)?,
            took: Duration::ZERO,
        })
    }

    fn add(&mut self, other: Self) -> anyhow::Result<()> {
        self.sent += other.sent;
        self.accepted.extend(other.accepted);
        self.refused += other.refused;
        self.errors += other.errors;
        self.first_errors.extend(other.first_errors);
        self.first_errors.truncate(5);
        self.latency.add(other.latency)?;
        Ok(())
    }
}

/// Runs one client for each piece of work, for a time or until all is done.
pub(crate) async fn run<W: Work>(address: &str, token: &str, works: Vec<W>, time: Duration) -> anyhow::Result<Seen> {
    let (address, token) = (address.to_owned(), token.to_owned());
    let started = Instant::now();
    let deadline = started + time;
    let clients = on_threads(works, async move |work| {
        let client = Client::connect(&address, &token).await?;
        ask(client, work, deadline).await
    });
    let mut seen = Seen::new()?;
    for of_one in clients.await? {
        seen.add(of_one)?;
    }
    seen.took = started.elapsed();
    Ok(seen)
}

async fn ask(mut client: Client, mut work: impl Work, deadline: Instant) -> anyhow::Result<Seen> {
    let mut seen = Seen::new()?;
    let run = kernel::hex(&IdGen::system().random_bytes::<8>());
    while Instant::now() < deadline
        && let Some(ask) = work.next()
    {
        let key = format!("bench-{run}-{}", seen.sent);
        let sent = Instant::now();
        let answer = client.send(ask.method, &ask.path, Some(&key), ask.body).await;
        let micros = u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX);
        // Widens by itself as far as needed; only a value beyond 64 bits could fail.
        let _ = seen.latency.record(micros);
        seen.sent += 1;
        match answer {
            Ok(answer) if answer.status.is_success() => {
                let body = serde_json::from_slice(&answer.body)?;
                seen.accepted.insert(key, work.id(&body).unwrap_or_default().to_owned());
            }
            Ok(answer) if matches!(answer.status, StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY) => {
                seen.refused += 1;
            }
            Ok(answer) => {
                seen.errors += 1;
                let text = String::from_utf8_lossy(&answer.body);
                seen.first_errors.push(format!("{} {text}", answer.status));
            }
            Err(error) => {
                seen.errors += 1;
                seen.first_errors.push(format!("{error:#}"));
                client.reconnect().await?;
            }
        }
        seen.first_errors.truncate(5);
    }
    Ok(seen)
}
