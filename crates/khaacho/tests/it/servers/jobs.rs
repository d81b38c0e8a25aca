//! The server dies in the middle of each kind of job, twice: before its work commits, and after it before anybody is told.
//! Started again on what it left it has done, in the end, what a house does in which nobody dies.

use db::{Access, Db, DbError, Options, params};
use http::Method;
use kernel::{Actor, Clock, Context, IdGen};
use khaacho::config::{SIMULATOR_APP_SECRET, SIMULATOR_PHONE_NUMBER_ID};
use queue::{JobFilter, NewJob, Queue};
use serde_json::json;
use whatsapp::fake::{Person, Say, Signed, Webhook as Delivery};
use whatsapp::payload::{Media, MediaKind};

use super::server::{Asker, Home, Server};
use super::world::{PRICE_PAISA, World};
use crate::support::shop::Shop;

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
    scores: usize,
    insights: usize,
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
const KINDS: [(&str, Queue); 7] = [
    (notify::SEND_JOB, Queue::Whatsapp),
    (conversation::MESSAGE_JOB, Queue::OrderProcessing),
    (conversation::MEDIA_JOB, Queue::OrderProcessing),
    (orders::NEXT_VENDOR_JOB, Queue::OrderRouting),
    (credit::SCORE_JOB, Queue::CreditScore),
    (scoring::INSIGHTS_JOB, Queue::ReportGeneration),
    (reminders::RUN_JOB, Queue::PaymentReminders),
];
/// Everything that runs by the clock.
const SCHEDULES: usize = 13;

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

    /// Lets what runs by the clock run once, so that what dies is a job.
    async fn lets_schedules_run(&self) {
        let server = Server::start(&self.home);
        let done = "select cast(count(distinct schedule) as bigint) as n from schedule_slots where state = 'DONE'";
        for _ in 0..600 {
            if self.home.count(done).await == SCHEDULES {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert_eq!(self.home.count(done).await, SCHEDULES);
        server.terminate();
        assert!(server.ended_well());
    }

    /// Holds every queue; no server runs.
    async fn hold_all(&self) {
        let cx = Context::new(&Clock::system(), &IdGen::system(), Actor::System, "test");
        let db = self.write();
        let held = db.write::<_, DbError, _>(async move |tx| {
            for queue in Queue::ALL {
                queue::pause(tx, &cx, *queue, "one at a time").await?;
            }
            Ok(())
        });
        held.await.unwrap();
    }

    /// Queues what only a schedule or another room would; no server runs.
    async fn queues(&self, kind: &'static str, queue: Queue, payload: serde_json::Value) {
        let cx = Context::new(&Clock::system(), &IdGen::system(), Actor::System, "test");
        let db = self.write();
        let queued = db.write::<_, DbError, _>(async move |tx| {
            let key = format!("test:{kind}");
            queue::enqueue(tx, &cx, vec![NewJob::new(&cx, queue, kind, payload.clone()).unique_key(key)]).await?;
            // What has run today by the clock already does all of it again.
            tx.exec("update reminder_settings set ran_on = null", params![]).await
        });
        queued.await.unwrap();
    }

    /// What the first job of a kind works on, as it stands in what the job writes.
    async fn subject(&self, kind: &str, queue: Queue, world: &World) -> String {
        match kind {
            // It computes everybody.
            scoring::INSIGHTS_JOB => return world.shops[0].0.clone(),
            // It leaves a job of its kind behind, should it be cut off.
            reminders::RUN_JOB => return kind.to_owned(),
            _ => {}
        }
        let filter = JobFilter { state: None, kind: Some(kind.to_owned()) };
        let page = kernel::PageRequest::default();
        let jobs = self.home.read().read(async move |tx| queue::jobs(tx, queue, &filter, &page).await).await.unwrap();
        let payload = &jobs.items.first().unwrap_or_else(|| panic!("no job of the kind {kind}")).payload;
        let named = ["message", "wamid", "order", "retailer"].iter().find_map(|member| payload[*member].as_str());
        let named = named.or_else(|| payload["media"]["id"].as_str());
        named.unwrap_or_else(|| panic!("{payload}")).to_owned()
    }

    /// Lets the leases of those who died run out.
    async fn leases_run_out(&self, server: &Server) {
        let ahead = json!({ "advanceSeconds": LEASE_SECONDS }).to_string();
        let client = reqwest::Client::new();
        let moved =
            client.post(format!("{}/simulator/clock", server.address)).header("content-type", "application/json");
        assert!(moved.body(ahead).send().await.unwrap().status().is_success());
    }

    async fn go_on(&self, server: &Server, queue: Queue, key: &str) {
        // It may die of it before it answers.
        self.asker.ask(&server.address, Method::POST, &format!("queues/{queue}/resume"), key, &json!({})).await;
    }

    /// Makes a job of the kind and dies in it.
    async fn has(&mut self, number: usize, world: &World) {
        let (kind, queue) = KINDS[number];
        let server = Server::quiet(&self.home, None);
        let mut payload = None;
        match kind {
            notify::SEND_JOB | orders::NEXT_VENDOR_JOB => {
                let placed = self.asker.made(&server.address, "orders", world.order(0)).await;
                payload = (kind == orders::NEXT_VENDOR_JOB).then(|| json!({ "order": placed["id"] }));
            }
            conversation::MESSAGE_JOB => self.hears(&server, "wamid.text", &Say::Text("namaste".to_owned())).await,
            conversation::MEDIA_JOB => self.hears(&server, "wamid.image", &image()).await,
            credit::SCORE_JOB => payload = Some(json!({ "retailer": world.shops[0].0 })),
            scoring::INSIGHTS_JOB | reminders::RUN_JOB => payload = Some(json!({})),
            _ => panic!("nothing makes a job of the kind {kind}"),
        }
        server.kill();
        self.hold_all().await;
        if let Some(payload) = payload {
            self.queues(kind, queue, payload).await;
        }
        if !self.is_deadly {
            return;
        }
        let subject = self.subject(kind, queue, world).await;
        for point in ["commit", "answer"] {
            let mut server = Server::dying(&self.home, &format!("{subject}:{point}"));
            self.leases_run_out(&server).await;
            self.go_on(&server, queue, &format!("{kind}-{point}")).await;
            assert!(!server.last_words().is_empty(), "{kind} at {point}");
            self.deaths += 1;
            self.hold_all().await;
        }
    }

    /// Does what is left to do.
    async fn ends(&self) -> Left {
        let server = Server::start(&self.home);
        // Before anything goes on: a job that is being done would lose its lease by it.
        self.leases_run_out(&server).await;
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
            scores: self.home.count("select cast(count(*) as bigint) as n from credit_scores").await,
            insights: self.home.count("select cast(count(*) as bigint) as n from insights").await,
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
    house.lets_schedules_run().await;
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
    assert_eq!((left.scores, left.insights), (1, 1), "one shop");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_job_of_the_house_dies_here() {
    let shop = Shop::open(testkit::TestDb::sqlite().await.unwrap()).await;
    let mut dying = KINDS.map(|(kind, _)| kind);
    dying.sort_unstable();
    assert_eq!(shop.house.registry.kinds(), dying);
    assert_eq!(shop.house.schedules.len(), SCHEDULES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_death_in_each_kind_of_job_changes_nothing_on_sqlite() {
    deaths_change_nothing([Home::sqlite(), Home::sqlite()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_death_in_each_kind_of_job_changes_nothing_on_postgres() {
    deaths_change_nothing([Home::postgres(), Home::postgres()]).await;
}
