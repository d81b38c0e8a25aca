//! The load: clients that place orders until the time is up, and what they saw.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use hyper::{Method, StatusCode};
use kernel::IdGen;

use super::client::Client;
use super::world::World;

/// Which orders are placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Any retailer with any vendor, the vendor named.
    Named,
    /// Any retailer; routing chooses the vendor.
    Routed,
    /// One retailer with one vendor.
    Hot,
}

/// What the clients saw.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Requests sent.
    pub(crate) sent: u64,
    /// Orders accepted, by their key: the order's id.
    pub(crate) accepted: HashMap<String, String>,
    /// Orders refused with a business code.
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

/// Runs `clients` clients for a time.
pub(crate) async fn run(
    address: &str,
    token: &str,
    world: &World,
    shape: Shape,
    clients: usize,
    time: Duration,
) -> anyhow::Result<Seen> {
    let mut tasks = Vec::with_capacity(clients);
    let started = Instant::now();
    let deadline = started + time;
    for number in 0..clients {
        let mut client = Client::connect(address, token).await?;
        let (world, ids) = (world.clone(), IdGen::system());
        tasks.push(tokio::spawn(async move { place(&mut client, &world, &ids, shape, number, deadline).await }));
    }
    let mut seen = Seen::new()?;
    for task in tasks {
        seen.add(task.await??)?;
    }
    seen.took = started.elapsed();
    Ok(seen)
}

/// A small generator for choices that need not be unguessable (xorshift64*, Vigna 2016).
struct Choices(u64);

impl Choices {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap_or(0) % bound.max(1)
    }
}

async fn place(
    client: &mut Client,
    world: &World,
    ids: &IdGen,
    shape: Shape,
    number: usize,
    deadline: Instant,
) -> anyhow::Result<Seen> {
    let mut seen = Seen::new()?;
    let mut choices = Choices(u64::from_le_bytes(ids.random_bytes()) | 1);
    let run = u64::from_le_bytes(ids.random_bytes());
    while Instant::now() < deadline {
        let key = format!("bench-{run:x}-{number}-{}", seen.sent);
        let body = order(world, shape, &mut choices);
        let sent = Instant::now();
        let answer = client.send(Method::POST, "/api/v1/orders", Some(&key), body).await;
        let micros = u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX);
        // Widens by itself as far as needed; only a value beyond 64 bits could fail.
        let _ = seen.latency.record(micros);
        seen.sent += 1;
        match answer {
            Ok(answer) if answer.status == StatusCode::CREATED => {
                let order: serde_json::Value = serde_json::from_slice(&answer.body)?;
                let id = order["id"].as_str().unwrap_or_default().to_owned();
                seen.accepted.insert(key, id);
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

/// Three different products of one order, with the retailer and, unless it is routed, the vendor.
fn order(world: &World, shape: Shape, choices: &mut Choices) -> String {
    let (retailer, vendor) = match shape {
        Shape::Hot => (0, 0),
        Shape::Named | Shape::Routed => (choices.below(world.retailers.len()), choices.below(world.vendors.len())),
    };
    let first = choices.below(world.products.len());
    let lines: Vec<serde_json::Value> = (0..3)
        .filter_map(|step| world.products.get((first + step * 7) % world.products.len()))
        .map(|product| serde_json::json!({ "productId": product, "quantity": 1 }))
        .collect();
    let mut body = serde_json::json!({
        "retailerId": world.retailers.get(retailer), "paymentMode": "CREDIT", "lines": lines,
    });
    if shape != Shape::Routed
        && let Some(vendor) = world.vendors.get(vendor)
    {
        body["vendorId"] = serde_json::json!(vendor);
    }
    body.to_string()
}
