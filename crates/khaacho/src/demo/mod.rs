//! `khaacho demo`: a believable Surkhet, filled through the real use cases with a moving clock, and served.

mod fill;
mod people;

use anyhow::Context as _;
use db::DatabaseUrl;
use kernel::{Clock, PageRequest};

use crate::config::Config;
use crate::serve::{self, print_line};

/// The login and password of the demo's operator. They exist in demo data only.
pub const DEMO_LOGIN: &str = "demo";
/// See [`DEMO_LOGIN`].
pub const DEMO_PASSWORD: &str = "demo-surkhet";

/// The flags of the command.
#[derive(Clone, Debug, clap::Args)]
pub struct Flags {
    /// Fill the database and end, without serving it.
    #[arg(long)]
    fill_only: bool,
}

/// Fills the database, unless it is filled already, and serves it with the simulator.
pub async fn run(mut config: Config, flags: Flags) -> anyhow::Result<()> {
    config.simulator = true;
    if config.database == Config::default().database {
        "sqlite:khaacho-demo.db".clone_into(&mut config.database);
    }
    let clock = Clock::shiftable();
    let db = serve::open_database(&config, &clock).await?;
    let first_page = PageRequest::new(Some(1), None);
    let known = db.read(async move |tx| parties::retailers_page(tx, None, &first_page).await).await?;
    if known.items.is_empty() {
        fill::fill(&db, clock.now()).await.context("filling the demo")?;
    } else {
        print_line(&format!("{} is filled already.", config.database));
    }
    if flags.fill_only {
        return Ok(());
    }
    let database: DatabaseUrl = config.database_url()?;
    let server = serve::start_with(config, db, clock).await?;
    let url = format!("http://{}", server.address);
    print_line(&format!(
        "\nSurkhet is open ({database}).\n\n\
         Look:   {url}/admin                      the panel: sign in as {DEMO_LOGIN} with {DEMO_PASSWORD}\n\
         Read:   {url}/docs                       the API, to read and to try\n\
         Sign in: curl -s {url}/api/v1/auth/login -H 'content-type: application/json' \
         -d '{{\"login\":\"{DEMO_LOGIN}\",\"password\":\"{DEMO_PASSWORD}\"}}'\n\
         Chat:   khaacho chat --url {url} --as 'Ram Kirana'\n\
         then type:  10 bora jeera masino, 5 carton waiwai\n\
         and be the wholesaler:  /as Karnali Traders\n\n\
         Ctrl-C ends it."
    ));
    serve::told_to_stop().await;
    server.stop().await;
    Ok(())
}
