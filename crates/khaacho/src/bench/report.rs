//! What a run of the load prints.

use std::time::Duration;

use serde::Serialize;

use super::Outcome;
use super::floor::{Floor, rate};
use super::load::Seen;

/// What was done in a second.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::enum_variant_names, reason = "the names of the figures")]
pub(crate) enum PerSecond {
    OrdersPerSecond(f64),
    DeliveriesPerSecond(f64),
    RepaymentsPerSecond(f64),
}

/// What a run of the load measured.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    pub(crate) database: String,
    pub(crate) clients: usize,
    #[serde(flatten)]
    pub(crate) per_second: PerSecond,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) sent: u64,
    pub(crate) accepted: usize,
    pub(crate) refused: u64,
    pub(crate) errors: u64,
    /// Accepted, and not there.
    pub(crate) lost: Option<usize>,
    /// There, and never answered as accepted, less those whose answer was an error.
    pub(crate) doubled: Option<usize>,
    /// Lines with more on them than their limit.
    pub(crate) overspent: Option<i64>,
    /// What `verify` found.
    pub(crate) findings: Option<usize>,
    pub(crate) server_cpu_seconds_per1000: Option<f64>,
    /// CPU seconds a second of all other processes; PostgreSQL is among them, and a server that we did not start.
    pub(crate) other_cpu: f64,
    #[serde(rename = "rssMiB")]
    pub(crate) rss_mib: Option<f64>,
    pub(crate) floor: Floor,
}

impl Report {
    /// What the clients saw; what is found out afterwards is still missing.
    pub(crate) fn of(seen: &Seen, clients: usize, per_second: fn(f64) -> PerSecond, floor: Floor) -> Self {
        Self {
            database: String::new(),
            clients,
            per_second: per_second(rate(seen.accepted.len(), seen.took)),
            p50_ms: millis(seen, 0.5),
            p99_ms: millis(seen, 0.99),
            sent: seen.sent,
            accepted: seen.accepted.len(),
            refused: seen.refused,
            errors: seen.errors,
            lost: None,
            doubled: None,
            overspent: None,
            findings: None,
            server_cpu_seconds_per1000: None,
            other_cpu: 0.0,
            rss_mib: None,
            floor,
        }
    }
}

/// A quantile of the answers' times in milliseconds.
pub(crate) fn millis(seen: &Seen, quantile: f64) -> f64 {
    rate(usize::try_from(seen.latency.value_at_quantile(quantile)).unwrap_or(0), Duration::from_secs(1_000))
}

impl Outcome for Report {
    fn lines(&self) -> Vec<String> {
        let shown = |number: Option<f64>| number.map_or("-".to_owned(), |number| format!("{number:.2}"));
        let counted = |number: Option<usize>| number.map_or("-".to_owned(), |number| number.to_string());
        let overspent = self.overspent.map_or("-".to_owned(), |number| number.to_string());
        let (what, number) = match self.per_second {
            PerSecond::OrdersPerSecond(number) => ("orders/s", number),
            PerSecond::DeliveriesPerSecond(number) => ("deliveries/s", number),
            PerSecond::RepaymentsPerSecond(number) => ("repayments/s", number),
        };
        vec![
            format!("{} with {} clients", self.database, self.clients),
            format!("  {what:<19} {number:.0}"),
            format!("  p50, p99 ms         {:.2}, {:.2}", self.p50_ms, self.p99_ms),
            format!("  sent, accepted      {}, {}", self.sent, self.accepted),
            format!("  refused, errors     {}, {}", self.refused, self.errors),
            format!("  lost, doubled       {}, {}", counted(self.lost), counted(self.doubled)),
            format!("  overspent, findings {overspent}, {}", counted(self.findings)),
            format!("  server CPU s/1000   {}", shown(self.server_cpu_seconds_per1000)),
            format!("  others' CPU         {:.2} cores", self.other_cpu),
            format!("  server MiB          {}", shown(self.rss_mib)),
            "floor".to_owned(),
            format!("  commits/s           {:.0}", self.floor.commits),
            format!("  raw orders/s        {}", shown(self.floor.raw_orders)),
            format!("  HTTP/s              {:.0}", self.floor.http),
            format!("  pgbench TPC-B/s     {}", shown(self.floor.pgbench)),
        ]
    }

    fn is_clean(&self) -> bool {
        [self.lost, self.doubled, self.findings].iter().all(|count| count.unwrap_or(0) == 0)
            && self.overspent.unwrap_or(0) == 0
            && self.errors == 0
    }
}
