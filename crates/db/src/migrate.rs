//! Migrations: one list of files, applied in its order, each once.
//!
//! The checksum kept with each is that of the file as written, before an engine's names are put in. Several processes
//! may start at once: on PostgreSQL the runner holds a transaction-scoped advisory lock, on SQLite it is the writer. A
//! database may know migrations that this binary does not (the version after it); they are left alone.

use kernel::Instant;
use sha2::{Digest, Sha256};

use crate::error::DbError;
use crate::sql::{Engine, translate_migration};
use crate::statistics;
use crate::tx::Tx;
use crate::{Db, Value, params};

/// One file of the list.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// The file's name, which is its identity.
    pub name: &'static str,
    /// Its text, in the words of both engines.
    pub sql: &'static str,
}

const TABLE: &str = "create table if not exists schema_migrations (name text primary key, checksum text not null, applied_at bigint not null)";

impl Db {
    /// Applies what is missing and returns the names of what was applied.
    ///
    /// # Errors
    /// [`DbError::ChangedMigration`] when an applied file has another text now; nothing is applied then.
    pub async fn migrate(&self, list: &'static [Migration], now: Instant) -> Result<Vec<&'static str>, DbError> {
        let engine = self.engine();
        self.write(async move |tx| apply(tx, engine, list, now).await).await
    }

    /// The names of the migrations of the list that this database lacks.
    pub async fn missing_migrations(&self, list: &'static [Migration]) -> Result<Vec<&'static str>, DbError> {
        let engine = self.engine();
        self.read(async move |tx| {
            let exists = match engine {
                Engine::Sqlite => "select name from sqlite_schema where name = 'schema_migrations'",
                Engine::Postgres => "select tablename as name from pg_tables where tablename = 'schema_migrations'",
            };
            let known = match tx.query_opt(exists, params![]).await? {
                Some(_) => applied(tx).await?,
                None => Vec::new(),
            };
            let is_missing = |migration: &&Migration| known.iter().all(|(name, _)| name != migration.name);
            Ok(list.iter().filter(is_missing).map(|migration| migration.name).collect())
        })
        .await
    }
}

async fn apply(
    tx: &mut Tx,
    engine: Engine,
    list: &'static [Migration],
    now: Instant,
) -> Result<Vec<&'static str>, DbError> {
    if engine == Engine::Postgres {
        // A migration takes the time it takes, and so does waiting for another process that migrates.
        tx.batch("set local statement_timeout = 0; set local lock_timeout = 0".to_owned())?;
        // The lock ends with the transaction; the number is only ours.
        let lock = "select cast(1 as bigint) as locked from pg_advisory_xact_lock(5391044211874562)";
        tx.query_one(lock, params![]).await?;
    }
    tx.batch(translate_migration(engine, TABLE))?;
    // The table must be there before a statement over it can be prepared.
    tx.query_one("select cast(1 as bigint) as one", params![]).await?;
    let known = applied(tx).await?;
    let mut done = Vec::new();
    for migration in list {
        let checksum = checksum(migration.sql);
        match known.iter().find(|(name, _)| name == migration.name) {
            Some((_, same)) if *same == checksum => {}
            Some((name, _)) => return Err(DbError::ChangedMigration(name.clone())),
            None => {
                tx.batch(translate_migration(engine, migration.sql))?;
                let record: Vec<Value> = params![migration.name, checksum, now];
                tx.exec("insert into schema_migrations (name, checksum, applied_at) values ($1, $2, $3)", record)
                    .await?;
                done.push(migration.name);
            }
        }
    }
    if engine == Engine::Sqlite && !done.is_empty() {
        statistics::assume(tx).await?;
    }
    Ok(done)
}

async fn applied(tx: &mut Tx) -> Result<Vec<(String, String)>, DbError> {
    let rows = tx.query("select name, checksum from schema_migrations", params![]).await?;
    rows.iter().map(|row| Ok((row.get("name")?, row.get("checksum")?))).collect()
}

fn checksum(text: &str) -> String {
    kernel::hex(&Sha256::digest(text.as_bytes()))
}
