//! A database of one test's own with a few small tables.

use db::{DatabaseUrl, Db, DbError, Migration, Options, Tx, params};
use kernel::Instant;

/// The tables that the tests use.
pub const TABLES: &[Migration] = &[
    Migration {
        name: "0001_counters",
        sql: "create table counters (\n  id text primary key,\n  n bigint not null check (n >= 0)\n);",
    },
    Migration {
        name: "0002_things",
        sql: "create table things (\n  id text primary key,\n  number bigint,\n  words text\n);\n\
              create table parts (\n  thing text not null references things (id),\n  id text not null,\n  primary key (thing, id)\n) {clustered};",
    },
];

pub const NOW: Instant = Instant::from_micros(1_767_248_100_000_000);

/// An open database with the tables. The file or the server's database goes with it.
pub struct World {
    pub db: Db,
    pub url: DatabaseUrl,
    pub home: Home,
}

/// What is removed at the end.
pub enum Home {
    Folder { _folder: tempfile::TempDir },
    Server { _database: testkit::postgres::TestDatabase },
}

impl World {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join("test.db"));
        Self::open(url, &Options::default(), Home::Folder { _folder: folder }).await
    }

    pub async fn postgres() -> Self {
        Self::postgres_with(&Options::default()).await
    }

    pub async fn postgres_with(options: &Options) -> Self {
        let database = testkit::postgres::fresh_database().unwrap();
        let url = DatabaseUrl::Postgres(database.url.clone());
        Self::open(url, options, Home::Server { _database: database }).await
    }

    async fn open(url: DatabaseUrl, options: &Options, home: Home) -> Self {
        let db = Db::open(&url, options).unwrap();
        db.migrate(TABLES, NOW).await.unwrap();
        Self { db, url, home }
    }

    pub async fn counter(&self, id: &'static str) -> Option<i64> {
        counter(&self.db, id).await
    }
}

/// Makes of each test one for SQLite and one for PostgreSQL.
macro_rules! both {
    ($(async fn $name:ident($w:ident: World) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports, reason = "a test may need nothing of what stands around it")]
            use super::*;

            async fn holds($w: World) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                holds(World::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                holds(World::postgres().await).await;
            }
        }
    )*};
}
pub(crate) use both;

pub async fn counter(db: &Db, id: &'static str) -> Option<i64> {
    let row = db.read(async move |tx| tx.query_opt("select n from counters where id = $1", params![id]).await);
    row.await.unwrap().map(|row| row.get("n").unwrap())
}

/// Sets a counter anew.
pub async fn put(tx: &mut Tx, id: &str, n: i64) -> Result<(), DbError> {
    tx.exec("insert into counters (id, n) values ($1, $2)", params![id, n]).await
}

/// Adds to a counter and answers what it stands at.
pub async fn add(tx: &mut Tx, id: &str, n: i64) -> Result<i64, DbError> {
    let sql = "insert into counters (id, n) values ($1, $2) on conflict (id) do update set n = counters.n + excluded.n returning n";
    tx.query_one(sql, params![id, n]).await?.get("n")
}
