//! A line to the server that breaks where it hurts most.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The message that ends a transaction, as it stands on the line: its kind, its length, its text.
const COMMIT: &[u8] = b"Q\0\0\0\x0bcommit\0";

const WHOLE: u8 = 0;
const BREAK_BEFORE: u8 = 1;
const BREAK_AFTER: u8 = 2;

/// Passes everything on until it is told to break at the next COMMIT.
pub struct Proxy {
    pub url: String,
    mode: Arc<AtomicU8>,
}

impl Proxy {
    /// A proxy before the server of `url`.
    pub async fn before(url: &str) -> Self {
        let (start, rest) = url.split_once('@').unwrap();
        let (server, database) = rest.split_once('/').unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("{start}@{}/{database}", listener.local_addr().unwrap());
        let mode = Arc::new(AtomicU8::new(WHOLE));
        let (server, shared) = (server.to_owned(), mode.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(pass(client, server, shared.clone()));
            }
        });
        Self { url, mode }
    }

    /// The next COMMIT does not reach the server.
    pub fn break_before_commit(&self) {
        self.mode.store(BREAK_BEFORE, Ordering::SeqCst);
    }

    /// The next COMMIT reaches the server, its answer does not come back.
    pub fn break_after_commit(&self) {
        self.mode.store(BREAK_AFTER, Ordering::SeqCst);
    }

    /// Whether the break has happened.
    pub fn is_whole(&self) -> bool {
        self.mode.load(Ordering::SeqCst) == WHOLE
    }
}

/// Both directions of one connection, until one side ends it or it is broken.
async fn pass(mut client: TcpStream, mut server: TcpStream, mode: Arc<AtomicU8>) {
    let (mut sent, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut sent) => {
                let Ok(length @ 1..) = read else { return };
                let commit = sent[..length].windows(COMMIT.len()).position(|part| part == COMMIT);
                let broken = if commit.is_some() { mode.swap(WHOLE, Ordering::SeqCst) } else { WHOLE };
                let end = if broken == BREAK_BEFORE { commit.unwrap() } else { length };
                if server.write_all(&sent[..end]).await.is_err() || broken == BREAK_BEFORE {
                    return;
                }
                if broken == BREAK_AFTER {
                    // The answer says that it is done; it goes no further.
                    let _ = server.read(&mut answered).await;
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                if client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}
