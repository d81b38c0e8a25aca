//! The ends of a server: told to, it answers what it began and takes nothing new; where another one serves the file
//! already, it says so instead of serving.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::load::Load;
use super::server::{Asker, Home, Server};

/// A command of which the server has begun to read the body.
struct HalfSent {
    stream: TcpStream,
    rest: String,
}

impl HalfSent {
    async fn send(asker: &Asker, server: &Server) -> Self {
        let mut stream = TcpStream::connect(server.host()).await.unwrap();
        let body = json!({ "sku": "DAL", "name": "Lentils", "nameNe": "दाल", "unit": "bora" }).to_string();
        let head = format!(
            "POST /api/v1/products HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\nidempotency-key: half-sent\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
            server.host(),
            asker.token,
            body.len(),
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // The server asks for the body when the command is in work, and not before.
        let go_on = b"HTTP/1.1 100 Continue\r\n\r\n";
        let mut told = vec![0; go_on.len()];
        stream.read_exact(&mut told).await.unwrap();
        assert_eq!(told, go_on);
        Self { stream, rest: body }
    }

    /// The rest, and the whole answer; the server closes the connection behind it.
    async fn finish(mut self) -> String {
        self.stream.write_all(self.rest.as_bytes()).await.unwrap();
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

/// Whether nobody can connect any more, before long.
async fn is_closed(server: &Server) -> bool {
    for _ in 0..1_000 {
        if TcpStream::connect(server.host()).await.is_err() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

async fn told_to_end(home: Home) {
    let mut load = Load::open(home).await;
    let mut server = Server::start(&load.home);
    let clients = load.begin(&server);
    load.reaches(200).await;
    let half_sent = HalfSent::send(&Asker::new(), &server).await;
    server.terminate();
    assert!(is_closed(&server).await, "it goes on listening");
    assert!(server.is_there(), "it did not wait for the command that it had begun");
    let answer = half_sent.finish().await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert!(server.ended_well());
    let (_, carried_out) = load.gather(clients).await;
    assert_eq!(carried_out, 1, "only the half-sent command was carried out beside what the clients were answered");

    let server = Server::start(&load.home);
    let outcome = load.settle(&server).await;
    load.ask_everything_again(&server).await;
    server.terminate();
    assert!(server.ended_well());
    load.home.is_clean();
    assert!(outcome.accepted > 50, "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_end_it_answers_what_it_began_on_sqlite() {
    told_to_end(Home::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_end_it_answers_what_it_began_on_postgres() {
    told_to_end(Home::postgres()).await;
}

/// A SQLite file has one serving process; the second one is told what to do instead.
#[tokio::test]
async fn a_second_process_on_the_same_file_is_refused() {
    let home = Home::sqlite();
    let first = Server::start(&home);
    let second = home.serve_and_wait();
    let told = String::from_utf8(second.stderr).unwrap();
    assert!(!second.status.success());
    assert!(told.contains("another khaacho process") && told.contains("PostgreSQL"), "{told}");
    first.terminate();
    assert!(first.ended_well());
}
