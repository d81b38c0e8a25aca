//! One client of the load: one connection, one request after another.

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

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
