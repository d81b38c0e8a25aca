//! Serving: the database, the house, the listener, the background, and an orderly end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use conversation::Webhook;
use db::{Access, Db};
use kernel::{Actor, Clock, Context, IdGen, Role};
use parties::Secrets;
use queue::{Scheduler, Workers};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use whatsapp::client::{Client, Settings as ClientSettings};
use whatsapp::fake::FakeGraph;

use crate::config::{Config, SIMULATOR_APP_SECRET, SIMULATOR_PHONE_NUMBER_ID};
use crate::house::{self, Settings};
use crate::meta::Meta;
use crate::metrics::{self, Meter};
use crate::simulator::{self, Simulator};
use crate::templates::TEMPLATES;

/// How long requests and jobs in work may take to end.
const DRAIN: Duration = Duration::from_secs(20);
/// The login of the first operator.
pub const FIRST_LOGIN: &str = "admin";

/// A running server.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its database.
    pub db: Db,
    stopping: CancellationToken,
    serving: JoinHandle<std::io::Result<()>>,
    schedules: Option<Scheduler>,
    workers: Option<Workers>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server({})", self.address)
    }
}

impl Server {
    /// Stops listening, lets requests and jobs in work end, and closes the database.
    pub async fn stop(self) {
        self.stopping.cancel();
        if tokio::time::timeout(DRAIN, self.serving).await.is_err() {
            tracing::warn!("requests in work were cut off");
        }
        let schedules = async {
            match self.schedules {
                Some(schedules) => schedules.drain(DRAIN).await,
                None => true,
            }
        };
        let jobs = async {
            match self.workers {
                Some(workers) => workers.drain(DRAIN).await,
                None => true,
            }
        };
        if let (false, _) | (_, false) = tokio::join!(schedules, jobs) {
            tracing::warn!("jobs in work were cut off; they will be given back");
        }
    }
}

/// Opens the database of a configuration for serving, with every table.
pub async fn open_database(config: &Config, clock: &Clock) -> anyhow::Result<Db> {
    let db = Db::open(&config.database_url()?, &config.database_options(Access::Serve))?;
    let applied = db.migrate(schema::MIGRATIONS, clock.now()).await.context("migrating the database")?;
    if !applied.is_empty() {
        tracing::info!(migrations = applied.len(), "the database has new tables");
    }
    Ok(db)
}

/// Starts a server by its configuration.
pub async fn start(config: Config) -> anyhow::Result<Server> {
    let clock = if config.simulator { Clock::shiftable() } else { Clock::system() };
    let db = open_database(&config, &clock).await?;
    start_with(config, db, clock).await
}

/// Starts a server over an open database.
pub async fn start_with(config: Config, db: Db, clock: Clock) -> anyhow::Result<Server> {
    let ids = IdGen::system();
    let meter = Meter::start(config.metrics_token.as_deref())?;
    first_operator(&db, &clock, &ids).await?;
    let (webhook, client, graph) = whatsapp(&config, &ids).await?;
    let settings =
        Settings { token_secret: token_secret(&config, &ids)?, webhook, most_requests: config.most_requests };
    let listener = TcpListener::bind(config.address()?)
        .await
        .with_context(|| format!("listening at {}; another program may have the port", config.listen))?;
    let address = listener.local_addr()?;
    let simulator = match graph {
        Some(graph) => {
            let meta = Arc::new(Mutex::new(Meta::towards(&format!("http://{address}"))?));
            Some(Simulator { graph, clock: clock.clone(), db: db.clone(), meta })
        }
        None => None,
    };
    let pages = simulator.clone().map(simulator::pages);
    let house = house::build_with(&db, &clock, &ids, client, &settings, pages);
    let mut router = house.router.merge(metrics::routes(meter.clone(), house.app));
    if let Some(simulator) = simulator {
        router = router.merge(simulator::routes(simulator));
    }
    let stopping = CancellationToken::new();
    tokio::spawn(meter.keep(stopping.clone()));
    let serving = tokio::spawn(web::serve(listener, router, stopping.clone().cancelled_owned()));
    let (workers, schedules) = if config.background {
        let workers = Workers::start(&db, &clock, &ids, &house.registry);
        (Some(workers), Some(Scheduler::start(&db, &clock, house.schedules)))
    } else {
        (None, None)
    };
    Ok(Server { address, db, stopping, serving, schedules, workers })
}

/// The webhook's secrets and the client that sends: Meta's, or the fake's in simulator mode.
async fn whatsapp(config: &Config, ids: &IdGen) -> anyhow::Result<(Webhook, Client, Option<FakeGraph>)> {
    if config.simulator {
        let run = kernel::hex(&ids.random_bytes::<4>());
        let graph = FakeGraph::start(SIMULATOR_PHONE_NUMBER_ID, "simulator", &run).await?;
        for template in TEMPLATES {
            graph.approve(template.approved());
        }
        let webhook =
            Webhook { app_secret: Arc::from(SIMULATOR_APP_SECRET), verify_token: Arc::from(SIMULATOR_APP_SECRET) };
        return Ok((webhook, Client::new(graph.settings())?, Some(graph)));
    }
    let (Some(app_secret), Some(verify_token), Some(token), Some(number)) = (
        config.whatsapp_app_secret.as_deref(),
        config.whatsapp_verify_token.as_deref(),
        config.whatsapp_access_token.as_deref(),
        config.whatsapp_phone_number_id.as_deref(),
    ) else {
        bail!(
            "WhatsApp is not configured: set KHAACHO_WHATSAPP_APP_SECRET, KHAACHO_WHATSAPP_VERIFY_TOKEN, \
             KHAACHO_WHATSAPP_ACCESS_TOKEN and KHAACHO_WHATSAPP_PHONE_NUMBER_ID, or KHAACHO_SIMULATOR=true to try \
             things out without it"
        );
    };
    let mut settings = ClientSettings::new(number, token);
    if let Some(api) = &config.whatsapp_api {
        settings.base_url.clone_from(api);
    }
    let webhook = Webhook { app_secret: Arc::from(app_secret), verify_token: Arc::from(verify_token) };
    Ok((webhook, Client::new(settings)?, None))
}

fn token_secret(config: &Config, ids: &IdGen) -> anyhow::Result<String> {
    match &config.token_secret {
        Some(secret) if secret.len() >= 32 => Ok(secret.clone()),
        Some(_) => bail!("token_secret must have at least 32 characters"),
        None => Ok(kernel::hex(&ids.random_bytes::<32>())),
    }
}

/// Creates the first operator in an empty database and prints the password, once.
async fn first_operator(db: &Db, clock: &Clock, ids: &IdGen) -> anyhow::Result<()> {
    if db.read(async |tx| parties::has_users(tx).await).await? {
        return Ok(());
    }
    let cx = Context::new(clock, ids, Actor::System, "first-start");
    let password = kernel::hex(&cx.random_bytes::<12>());
    let hash = Secrets::default().hash(&cx, &password).await??;
    let created = db
        .write(async move |tx| parties::create_user(tx, &cx, FIRST_LOGIN, hash.clone(), Role::Admin, None, None).await)
        .await?;
    // Another process on the same database may have been first.
    if created.is_ok() {
        print_line(&format!(
            "The first operator is {FIRST_LOGIN:?} with the password {password}\nIt is shown this once."
        ));
    }
    Ok(())
}

/// Prints for people; scripts read the API.
#[expect(clippy::print_stdout, reason = "the command line talks to people here")]
pub fn print_line(text: &str) {
    println!("{text}");
}

/// Ends when the process is told to: SIGTERM, or Ctrl-C.
pub async fn told_to_stop() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(error) => {
            tracing::error!(%error, "SIGTERM cannot be heard");
            let _ = tokio::signal::ctrl_c().await;
            return;
        }
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
