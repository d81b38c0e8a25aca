//! The server dies in the middle of each kind of job, twice: before its work commits, and after it before anybody is told.
//! Started again on what it left it has done, in the end, what a house does in which nobody dies.

use db::{Access, Db, DbError, Options};
use http::Method;
use kernel::{Actor, Clock, Context, IdGen};
use khaacho::config::{SIMULATOR_APP_SECRET, SIMULATOR_PHONE_NUMBER_ID};
use queue::{JobFilter, NewJob, Queue};
use serde_json::json;
use whatsapp::fake::{Person, Say, Signed, Webhook as Delivery};
use whatsapp::payload::{Media, MediaKind};

use super::server::{Asker, Home, Server};
use super::world::{PRICE_PAISA, World};

/// Longer than a lease.
const LEASE_SECONDS: u32 = 70;
const WHO: &str = "9779848000001";

/// What a house is left with.
#[derive(Debug, PartialEq, Eq)]
struct Left {
    heard: usize,
    said: usize,
    files: usize,
    offers: usize,
    jobs: usize,
}

fn image() -> Say {
    let (id, mime) = ("4711".to_owned(), Some("image/jpeg".to_owned()));
    Say::Media(Media { kind: MediaKind::Image, id, mime, caption: None, filename: None, is_voice: false })
}

struct House {
    home: Home,
    asker: Asker,
    is_deadly: bool,
    deaths: usize,
}

/// What makes a job of a kind, and the queue that the job is in.
const KINDS: [(&str, Queue); 4] = [
    (notify::SEND_JOB, Queue::Whatsapp),
    (conversation::MESSAGE_JOB, Queue::OrderProcessing),
    (conversation::MEDIA_JOB, Queue::OrderProcessing),
    (orders::NEXT_VENDOR_JOB, Queue::OrderRouting),
];

impl House {
    fn write(&self) -> Db {
        Db::open(&self.home.url.parse().unwrap(), &Options { access: Access::Serve, ..Options::default() }).unwrap()
    }

    async fn hears(&self, server: &Server, wamid: &str, say: &Say) {
        let at = Clock::system().now().micros() / 1_000_000;
        let delivery = Delivery::to(SIMULATOR_PHONE_NUMBER_ID).message(&Person::phone(WHO, "Shop"), wamid, at, say);
        let Signed { body, signature } = delivery.signed(SIMULATOR_APP_SECRET);
        let request = reqwest::Client::new().post(format!("{}/api/v1/whatsapp/webhook", server.address));
        let answer = request.header(whatsapp::signature::HEADER, signature).body(body).send().await.unwrap();
        assert!(answer.status().is_success());
    }

    /// Holds every queue, and queues what only a schedule would; no server runs.
    async fn hold_all(&self, order: Option<String>) {
        let cx = Context::new(&Clock::system(), &IdGen::system(), Actor::System, "test");
        let db = self.write();
        let held = db.write::<_, DbError, _>(async move |tx| {
            for queue in Queue::ALL {
                queue::pause(tx, &cx, *queue, "one at a time").await?;
            }
            let jobs = order
                .iter()
                .map(|order| NewJob::new(&cx, Queue::OrderRouting, orders::NEXT_VENDOR_JOB, json!({ "order": order })));
            queue::enqueue(tx, &cx, jobs.collect()).await
        });
        held.await.unwrap();
    }

    /// What the first job of a kind works on.
    async fn subject(&self, kind: &str, queue: Queue) -> String {
        let filter = JobFilter { state: None, kind: Some(kind.to_owned()) };
        let page = kernel::PageRequest::default();
        let jobs = self.home.read().read(async move |tx| queue::jobs(tx, queue, &filter, &page).await).await.unwrap();
        let payload = &jobs.items.first().unwrap_or_else(|| panic!("no job of the kind {kind}")).payload;
        let named = ["message", "wamid", "order"].iter().find_map(|member| payload[*member].as_str());
        let named = named.or_else(|| payload["media"]["id"].as_str());
        named.unwrap_or_else(|| panic!("{payload}")).to_owned()
    }

    /// Lets the leases of those who died run out, and a queue go on.
    async fn go_on(&self, server: &Server, queue: Queue, key: &str) {
        let ahead = json!({ "advanceSeconds": LEASE_SECONDS }).to_string();
        let client = reqwest::Client::new();
        let moved =
            client.post(format!("{}/simulator/clock", server.address)).header("content-type", "application/json");
        assert!(moved.body(ahead).send().await.unwrap().status().is_success());
        // It may die of it before it answers.
        self.asker.ask(&server.address, Method::POST, &format!("queues/{queue}/resume"), key, &json!({})).await;
    }

    /// Makes a job of the kind and dies in it.
    async fn has(&mut self, number: usize, world: &World) {
        let (kind, queue) = KINDS[number];
        let server = Server::quiet(&self.home, None);
        let mut order = None;
        match kind {
            notify::SEND_JOB | orders::NEXT_VENDOR_JOB => {
                let placed = self.asker.made(&server.address, "orders", world.order(0)).await;
                order = (kind == orders::NEXT_VENDOR_JOB).then(|| placed["id"].as_str().unwrap().to_owned());
            }
            conversation::MESSAGE_JOB => self.hears(&server, "wamid.text", &Say::Text("namaste".to_owned())).await,
            _ => self.hears(&server, "wamid.image", &image()).await,
        }
        server.kill();
        self.hold_all(order).await;
        if !self.is_deadly {
            return;
        }
        let subject = self.subject(kind, queue).await;
        for point in ["commit", "answer"] {
            let mut server = Server::dying(&self.home, &format!("{subject}:{point}"));
            self.go_on(&server, queue, &format!("{kind}-{point}")).await;
            assert!(!server.last_words().is_empty(), "{kind} at {point}");
            self.deaths += 1;
            self.hold_all(None).await;
        }
    }

    /// Does what is left to do.
    async fn ends(&self) -> Left {
        let server = Server::start(&self.home);
        for queue in Queue::ALL {
            self.go_on(&server, *queue, &format!("end-{queue}")).await;
        }
        // At night the run of reminders leaves a job for the morning.
        let jobs = "select cast(count(*) as bigint) as n from jobs where kind <> 'reminders.run'";
        for _ in 0..600 {
            if self.home.count(jobs).await == 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        let left = Left {
            heard: self.home.count("select cast(count(*) as bigint) as n from incoming_messages").await,
            said: self.home.count("select cast(count(*) as bigint) as n from outgoing_messages").await,
            files: self.home.count("select cast(count(*) as bigint) as n from media_files").await,
            offers: self.home.count("select cast(count(*) as bigint) as n from offers").await,
            jobs: self.home.count(jobs).await,
        };
        server.terminate();
        assert!(server.ended_well());
        self.home.is_clean();
        left
    }
}

async fn lived(home: Home, is_deadly: bool) -> (Left, usize) {
    let mut house = House { home, asker: Asker::new(), is_deadly, deaths: 0 };
    let server = Server::quiet(&house.home, None);
    let world = World::open(&house.asker, &server.address, &[10 * PRICE_PAISA]).await;
    server.kill();
    for number in 0..KINDS.len() {
        house.has(number, &world).await;
    }
    (house.ends().await, house.deaths)
}

async fn deaths_change_nothing(homes: [Home; 2]) {
    let [quiet, deadly] = homes;
    let (expected, _) = lived(quiet, false).await;
    let (left, deaths) = lived(deadly, true).await;
    assert_eq!(deaths, 2 * KINDS.len());
    assert_eq!(left, expected);
    assert_eq!((left.jobs, left.heard), (0, 2));
    assert!(left.said > 2 && left.files == 1, "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_death_in_each_kind_of_job_changes_nothing_on_sqlite() {
    deaths_change_nothing([Home::sqlite(), Home::sqlite()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_death_in_each_kind_of_job_changes_nothing_on_postgres() {
    deaths_change_nothing([Home::postgres(), Home::postgres()]).await;
}
