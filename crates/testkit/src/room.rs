//! A database of one test's own on either engine, with a clock that is moved by hand and ids that repeat.

use std::io;

use db::{DatabaseUrl, Db, DbError, Options};
use kernel::{Clock, IdGen, Instant};

use crate::postgres;

/// The template that has every table.
const TEMPLATE: &str = "with_tables";
/// 2026-01-01 12:00 in Kathmandu, when every test begins.
const START: Instant = Instant::from_micros(1_767_248_100_000_000);

/// What the test of a room stands on. The database goes with this value.
#[derive(Debug)]
pub struct TestDb {
    /// A database with every table.
    pub db: Db,
    /// Stands still until the test moves it; begins at noon of 2026-01-01 in Kathmandu.
    pub clock: Clock,
    /// The source of ids, the same in every run.
    pub ids: IdGen,
    _home: Home,
}

/// Where the database lives, for as long as it is open.
#[derive(Debug)]
enum Home {
    Folder { _folder: tempfile::TempDir },
    Server { _database: postgres::TestDatabase },
}

impl TestDb {
    /// On SQLite, in a file.
    pub async fn sqlite() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let url = DatabaseUrl::Sqlite(folder.path().join("test.db"));
        let db = Db::open(&url, &Options::default()).map_err(io::Error::other)?;
        db.migrate(schema::MIGRATIONS, START).await.map_err(io::Error::other)?;
        Ok(Self::new(db, Home::Folder { _folder: folder }))
    }

    /// On the run's PostgreSQL server.
    pub async fn postgres() -> io::Result<Self> {
        let fill = async |url| {
            let db = Db::open(&DatabaseUrl::Postgres(url), &Options::default())?;
            db.migrate(schema::MIGRATIONS, START).await.map(|_| ())
        };
        let filled = async |url| fill(url).await.map_err(|error: DbError| io::Error::other(error));
        let database = postgres::prepared_database(TEMPLATE, filled).await?;
        let url = DatabaseUrl::Postgres(database.url.clone());
        let db = Db::open(&url, &Options::default()).map_err(io::Error::other)?;
        Ok(Self::new(db, Home::Server { _database: database }))
    }

    fn new(db: Db, home: Home) -> Self {
        Self { db, clock: Clock::manual(START), ids: IdGen::seeded(7), _home: home }
    }
}

/// Makes of each test one for SQLite and one for PostgreSQL:
/// `both_engines! { async fn a_fact_holds(t: TestDb) { … } }`. The crate that uses it has `tokio` among its
/// dev-dependencies.
#[macro_export]
macro_rules! both_engines {
    ($($(#[$doc:meta])* async fn $name:ident($t:ident: TestDb) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            #[allow(unused_imports, reason = "a test may need nothing of what stands around it")]
            use super::*;

            async fn holds($t: $crate::TestDb) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                holds($crate::TestDb::sqlite().await.unwrap()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                holds($crate::TestDb::postgres().await.unwrap()).await;
            }
        }
    )*};
}
