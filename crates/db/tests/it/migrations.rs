//! Migrations are applied once, in order, and never silently changed.

use db::{Db, DbError, Migration, Options, params};

use crate::world::{NOW, TABLES, World, both};

const MORE: &[Migration] = &[
    TABLES[0],
    TABLES[1],
    Migration {
        name: "0003_more",
        sql: "create table more (id text primary key);\ncreate index things_by_number on things (number);",
    },
];

const CHANGED: &[Migration] = &[
    Migration { name: "0000_new", sql: "create table never (id text primary key);" },
    Migration { name: "0001_counters", sql: "create table counters (id text primary key, n bigint);" },
];

const BROKEN: &[Migration] = &[
    TABLES[0],
    TABLES[1],
    Migration { name: "0003_good", sql: "create table good (id text primary key);" },
    Migration { name: "0004_bad", sql: "create table good (id text primary key);" },
];

const RENAMED: &[Migration] = &[
    TABLES[0],
    TABLES[1],
    Migration {
        name: "0003_rename",
        sql: "alter table things rename column words to saying;\nalter table things add column size bigint;",
    },
];

both! {
    async fn each_is_applied_once(w: World) {
        assert_eq!(w.db.migrate(TABLES, NOW).await, Ok(vec![]));
        assert_eq!(w.db.missing_migrations(MORE).await, Ok(vec!["0003_more"]));
        assert_eq!(w.db.migrate(MORE, NOW).await, Ok(vec!["0003_more"]));
        assert_eq!(w.db.missing_migrations(MORE).await, Ok(vec![]));
        // An older program leaves alone what it does not know.
        assert_eq!(w.db.migrate(TABLES, NOW).await, Ok(vec![]));
        w.db.write(async |tx| tx.exec("insert into more (id) values ('a')", params![]).await).await.unwrap();
    }

    async fn a_changed_text_is_refused_and_nothing_is_applied(w: World) {
        let refused = w.db.migrate(CHANGED, NOW).await;
        assert_eq!(refused, Err(DbError::ChangedMigration("0001_counters".to_owned())));
        w.db.read(async |tx| tx.query("select id from never", params![]).await).await.unwrap_err();
        assert_eq!(w.db.missing_migrations(CHANGED).await, Ok(vec!["0000_new"]));
    }

    async fn a_list_that_fails_leaves_nothing(w: World) {
        let failed = w.db.migrate(BROKEN, NOW).await;
        assert!(matches!(failed, Err(DbError::Engine(_))), "{failed:?}");
        assert_eq!(w.db.missing_migrations(BROKEN).await, Ok(vec!["0003_good", "0004_bad"]));
        w.db.read(async |tx| tx.query("select id from good", params![]).await).await.unwrap_err();
    }

    async fn many_may_migrate_at_once(w: World) {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let db = match w.db.engine() {
                db::Engine::Sqlite => w.db.clone(),
                db::Engine::Postgres => Db::open(&w.url, &Options::default()).unwrap(),
            };
            tasks.spawn(async move { db.migrate(MORE, NOW).await.unwrap().len() });
        }
        let applied: usize = tasks.join_all().await.into_iter().sum();
        assert_eq!(applied, 1);
    }

    async fn a_statement_prepared_before_sees_the_new_schema(w: World) {
        let all = async || w.db.read(async |tx| {
            // Two readers of SQLite, some connections to PostgreSQL: each may hold the old statement.
            tx.query("select * from things where id = 'a'", params![]).await
        }).await.unwrap();
        w.db.write(async |tx| tx.exec("insert into things (id, number, words) values ('a', 1, 'w')", params![]).await).await.unwrap();
        for _ in 0..20 {
            assert_eq!(all().await[0].get::<String>("words"), Ok("w".to_owned()));
        }
        w.db.migrate(RENAMED, NOW).await.unwrap();
        for _ in 0..20 {
            let found = all().await;
            assert_eq!(found[0].get::<String>("saying"), Ok("w".to_owned()));
            assert_eq!(found[0].get::<Option<i64>>("size"), Ok(None));
            w.db.write(async |tx| tx.query("select * from things where id = 'a'", params![]).await).await.unwrap();
        }
    }
}
