//! Each rule acts once for its cause: however often it runs, however many run at once, and wherever a process that runs it
//! is killed.
//!
//! Such a process is this program itself, called for the one test that runs risk control where it is told to. `db::crash`
//! names the points at which it dies.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use db::{Db, DbError, Options, params};
use kernel::{Clock, IdGen, Instant, RetailerId};
use queue::Running;
use risk::Control;
use testkit::TestDb;

use crate::world::World;

const PROCESS: &str = "once::a_process_runs_risk_control_where_it_is_told_to";

/// What becomes of the shops, in the order in which a run does it; of one of them an alert ends.
const NAMES: [&str; 6] = ["LIFTED", "PAUSED", "RESTORED", "ALERTED", "CUT", "CALMED"];

/// Shops on which each rule has something to do once.
struct Street {
    world: World,
    shops: [RetailerId; 6],
}

impl Street {
    async fn new(t: TestDb) -> Self {
        let mut world = World::new(t).await;
        let restored = world.retailer;
        world.three_delays().await;
        assert_eq!(world.run().await.cut, 1);
        world.days(80);
        let lifted = world.next_shop(2).await;
        let late = world.bought(70, 1_000).await;
        let calmed = world.next_shop(3).await;
        let much = world.bought(1, 95_000).await;
        let done = world.run().await;
        assert_eq!((done.paused, done.alerts, done.restored), (1, 1, 0));
        world.days(10);
        for (shop, bill) in [(lifted, late), (calmed, much)] {
            world.retailer = shop;
            world.paid(bill).await;
        }
        let paused = world.next_shop(4).await;
        world.bought(61, 1_000).await;
        let alerted = world.next_shop(5).await;
        // 29 days overdue, so that it is not paused a day later; full; four times the usual was placed.
        world.bought(59, 99_000).await;
        world.placed(20, 1_000).await;
        world.placed(2, 1_000).await;
        let cut = world.next_shop(6).await;
        world.three_delays().await;
        Self { world, shops: [lifted, paused, restored, alerted, cut, calmed] }
    }

    /// What everything that the rules did has left, but for the days' scores.
    async fn left(&self) -> Vec<String> {
        const LEFT: [&str; 6] = [
            "select a.retailer_id || ' ' || a.kind || ' ' || cast(coalesce(a.before_paisa, 0) as text) || ' ' \
             || cast(coalesce(a.after_paisa, 0) as text) || ' ' || coalesce(a.ended_how, '') as it from risk_actions a",
            "select a.retailer_id || ' ' || a.category || ' ' || a.state || ' ' \
             || case when a.cause_ended_at is null then 'lasts' else 'ended' end as it from risk_alerts a",
            "select r.id || ' ' || r.credit_status || ' ' || coalesce(r.credit_cause, '') as it from retailers r",
            "select l.retailer_id || ' ' || cast(l.limit_paisa as text) || ' ' || cast(l.version as text) as it \
             from credit_lines l",
            "select m.address || ' ' || m.reason_key as it from outgoing_messages m",
            "select a.stream || ' ' || a.action as it from audit_entries a",
        ];
        let read = self.world.t.db.read::<Vec<String>, DbError, _>(async |tx| {
            let mut rows = Vec::new();
            for sql in LEFT {
                rows.extend(tx.query(sql, params![]).await?);
            }
            rows.iter().map(|row| row.get("it")).collect()
        });
        let shown = |it: String| {
            let named = self.shops.iter().zip(NAMES);
            let named = named.fold(it, |it, (id, name)| it.replace(&id.to_string(), name));
            // Behind a colon a message names an id or a moment.
            named.split(':').next().unwrap().to_owned()
        };
        let mut left: Vec<String> = read.await.unwrap().into_iter().map(shown).collect();
        left.sort();
        left
    }

    /// What a run leaves that nothing disturbs.
    async fn left_by_one(t: TestDb) -> Vec<String> {
        let street = Self::new(t).await;
        let done = street.world.run().await;
        assert_eq!((done.lifted, done.paused, done.restored, done.alerts, done.cut), (1, 1, 1, 3, 1));
        street.left().await
    }

    /// Lets processes have the database.
    async fn lent(self, to: impl AsyncFnOnce(&str)) -> Self {
        let Self { world: World { t, retailer, vendor }, shops } = self;
        let t = t.lent(to).await.unwrap();
        Self { world: World { t, retailer, vendor }, shops }
    }
}

/// Runs risk control, or its pauses alone, where `TEST_RISK_CONTROL` names what, when and on which database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_runs_risk_control_where_it_is_told_to() {
    let Ok(told) = std::env::var("TEST_RISK_CONTROL") else { return };
    let [what, now, url] = told.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
    let (clock, ids) = (Clock::manual(Instant::from_micros(now.parse().unwrap())), IdGen::system());
    let db = Db::open(&url.parse().unwrap(), &Options::default()).unwrap();
    let control = Control { db, clock, ids, running: Running::nobody() };
    match what {
        "pauses" => control.pauses().await.unwrap(),
        _ => control.run().await.unwrap(),
    };
}

/// Starts a process that does it, and dies at a point where one is named.
fn process(what: &str, now: Instant, url: &str, dies_at: Option<&str>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([PROCESS, "--exact", "--nocapture"])
        .env("TEST_RISK_CONTROL", format!("{what} {} {url}", now.micros()));
    command.envs(dies_at.map(|point| ("TEST_CRASH_AT", point)));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Dies at a point of the first write that names a shop; how many of its statements were passed.
fn dies(what: &str, now: Instant, url: &str, (shop, point): (RetailerId, &str)) -> usize {
    let mut process = process(what, now, url, Some(&format!("{shop}:{point}")));
    let told = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
    let passed = told.filter(|line| line.starts_with("passing ")).count();
    assert!(!process.wait().unwrap().success(), "{what} should have died at {point}");
    passed
}

testkit::both_engines! {
    async fn however_often_it_runs(t: TestDb) {
        let street = Street::new(t).await;
        let world = &street.world;
        world.run().await;
        let left = street.left().await;
        for hours in [0, 0, 1, 1, 22, 1] {
            world.t.clock.advance_seconds(hours * 60 * 60);
            world.control().pauses().await.unwrap();
            world.run().await;
            assert_eq!(street.left().await, left, "{hours} hours later");
        }
        // As after events, and where an operator asks for one shop.
        for shop in street.shops {
            let cx = world.operator();
            let again = world.t.db.write::<_, DbError, _>(async move |tx| {
                let in_force = risk::rules(tx).await?;
                risk::settle_pause(tx, &cx, &in_force, shop).await?;
                risk::control_one(tx, &cx, shop).await
            });
            again.await.unwrap();
        }
        assert_eq!(street.left().await, left);
    }

    async fn however_many_run_at_once(t: TestDb) {
        let street = Street::new(t).await;
        let (one, two, three) = (street.world.control(), street.world.control(), street.world.control());
        let (one, two, three, four) = tokio::join!(one.run(), two.run(), three.pauses(), three.run());
        let did = [one, two, three, four].map(Result::unwrap);
        let count = |of: fn(&risk::Done) -> usize| did.iter().map(of).sum::<usize>();
        assert_eq!([count(|done| done.lifted), count(|done| done.paused), count(|done| done.restored)], [1, 1, 1]);
        assert_eq!([count(|done| done.alerts), count(|done| done.cut)], [3, 1]);
        assert_eq!(street.left().await, Street::left_by_one(TestDb::sqlite().await.unwrap()).await);
    }

    async fn wherever_its_process_is_killed(t: TestDb) {
        let street = Street::new(t).await;
        let (now, shops) = (street.world.t.clock.now(), street.shops);
        let street = street.lent(async |url| {
            for (shop, name) in shops.into_iter().zip(NAMES).take(5) {
                let what = if name == "PAUSED" { "pauses" } else { "run" };
                let statements = dies(what, now, url, (shop, "commit"));
                assert!(statements > 0, "{name}");
                for point in 1..=statements {
                    assert_eq!(dies(what, now, url, (shop, &point.to_string())), point, "{name}");
                }
                dies(what, now, url, (shop, "answer"));
            }
            assert!(process("run", now, url, None).wait().unwrap().success());
        });
        assert_eq!(street.await.left().await, Street::left_by_one(TestDb::sqlite().await.unwrap()).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_many_processes_run_at_once_on_one_postgres() {
    let street = Street::new(TestDb::postgres().await.unwrap()).await;
    let now = street.world.t.clock.now();
    let street = street.lent(async |url| {
        for mut process in ["run", "pauses", "run", "run"].map(|what| process(what, now, url, None)) {
            assert!(process.wait().unwrap().success());
        }
    });
    assert_eq!(street.await.left().await, Street::left_by_one(TestDb::sqlite().await.unwrap()).await);
}
