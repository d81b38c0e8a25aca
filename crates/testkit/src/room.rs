//! A database of one test's own on either engine, with a clock that is moved by hand and ids that repeat.

use std::io;

use db::{DatabaseUrl, Db, DbError, Options};
use kernel::{Clock, IdGen, Instant};

use crate::{postgres, wanted};

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
    home: Home,
}

/// Where the database lives, for as long as it is open.
#[derive(Debug)]
enum Home {
    Folder(tempfile::TempDir),
    Server(postgres::TestDatabase),
}

impl Home {
    fn url(&self) -> String {
        match self {
            Self::Folder(folder) => format!("sqlite:{}", folder.path().join("test.db").display()),
            Self::Server(database) => database.url.clone(),
        }
    }
}

impl TestDb {
    /// On SQLite, in a file.
    pub async fn sqlite() -> io::Result<Self> {
        let t = Self::open(Home::Folder(tempfile::tempdir()?), Clock::manual(START), IdGen::seeded(7))?;
        t.db.migrate(schema::MIGRATIONS, START).await.map_err(io::Error::other)?;
        Ok(t)
    }

    /// On the run's PostgreSQL server.
    pub async fn postgres() -> io::Result<Self> {
        let fill = async |url| {
            let db = Db::open(&DatabaseUrl::Postgres(url), &Options::default())?;
            db.migrate(schema::MIGRATIONS, START).await.map(|_| ())
        };
        let filled = async |url| fill(url).await.map_err(|error: DbError| io::Error::other(error));
        let database = postgres::prepared_database(TEMPLATE, filled).await?;
        Self::open(Home::Server(database), Clock::manual(START), IdGen::seeded(7))
    }

    fn open(home: Home, clock: Clock, ids: IdGen) -> io::Result<Self> {
        let url: DatabaseUrl = home.url().parse().map_err(io::Error::other)?;
        let db = Db::open(&url, &Options::default()).map_err(io::Error::other)?;
        Ok(Self { db, clock, ids, home })
    }

    /// [`wanted`] on SQLite, a fifth of it on PostgreSQL, where every statement is a round trip; never less than `usual`.
    pub fn wanted(&self, name: &str, usual: usize) -> usize {
        let asked = wanted(name, usual);
        match self.home {
            Home::Folder(_) => asked,
            Home::Server(_) => usual.max(asked / 5),
        }
    }

    /// Closes the database, lets other processes have it under its URL, and opens it again: on SQLite one process at a
    /// time has the file.
    pub async fn lent(self, to: impl AsyncFnOnce(&str)) -> io::Result<Self> {
        let Self { db, clock, ids, home } = self;
        drop(db);
        to(&home.url()).await;
        Self::open(home, clock, ids)
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
