//! Clients of the load: each one connection, one request after another.

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use futures_util::future::try_join_all;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::Builder;

/// A connection that is kept open.
pub(crate) struct Client {
    address: String,
    token: String,
    connection: SendRequest<Full<Bytes>>,
}

/// An answer: its status and its body.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Client {
    /// Connects to `ADDRESS:PORT` and sends the token with every request.
    pub(crate) async fn connect(address: &str, token: &str) -> anyhow::Result<Self> {
        let connection = open(address).await?;
        Ok(Self { address: address.to_owned(), token: token.to_owned(), connection })
    }

    /// Sends one request and waits for the whole answer.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: String,
    ) -> anyhow::Result<Answer> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.address.as_str())
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let request = request.body(Full::new(Bytes::from(body)))?;
        self.connection.ready().await?;
        let answer = self.connection.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok(Answer { status, body })
    }

    /// Opens the connection anew, after it broke.
    pub(crate) async fn reconnect(&mut self) -> anyhow::Result<()> {
        self.connection = open(&self.address).await?;
        Ok(())
    }
}

/// Runs a client for each item, on as many threads as there are processors. A client stays on its thread, so that its answer
/// does not wait for another thread to wake up. What they return comes in no order.
pub(crate) async fn on_threads<T, R, F>(items: Vec<T>, client: F) -> anyhow::Result<Vec<R>>
where
    T: Send + 'static,
    R: Send + 'static,
    F: AsyncFn(T) -> anyhow::Result<R> + Clone + Send + 'static,
{
    let threads = std::thread::available_parallelism()?.get();
    let mut shares: Vec<Vec<T>> = Vec::new();
    shares.resize_with(threads.min(items.len()), Vec::new);
    for (item, share) in items.into_iter().zip((0..shares.len()).cycle()) {
        shares[share].push(item);
    }
    let threads = shares.into_iter().map(|items| {
        let client = client.clone();
        tokio::task::spawn_blocking(move || {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(try_join_all(items.into_iter().map(|item| client(item))))
        })
    });
    let mut returned = Vec::new();
    for thread in threads.collect::<Vec<_>>() {
        returned.extend(thread.await??);
    }
    Ok(returned)
}

async fn open(address: &str) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = tokio::time::timeout(Duration::from_secs(5), TcpStream::connect(address))
        .await
        .with_context(|| format!("{address} did not answer"))??;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        // The connection ends with its client; what ends it early shows in the next request.
        let _ = connection.await;
    });
    Ok(sender)
}
