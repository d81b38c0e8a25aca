//! Values go in and come out the same on both engines.

use std::collections::BTreeSet;

use db::{DbError, Tx, Value, params};

use crate::world::{World, both};

async fn thing(tx: &mut Tx, id: &str, number: Option<i64>, words: Option<&str>) -> Result<(), DbError> {
    tx.exec("insert into things (id, number, words) values ($1, $2, $3)", params![id, number, words]).await
}

async fn ids(tx: &mut Tx, sql: &'static str, params: Vec<Value>) -> Result<Vec<String>, DbError> {
    tx.query(sql, params).await?.iter().map(|row| row.get("id")).collect()
}

both! {
    async fn parameters_may_come_out_of_order_and_again(w: World) {
        w.db.write(async |tx| {
            tx.exec("insert into things (words, id, number) values ($3, $1, $2)", params!["a", 7, "seven"]).await?;
            let sql = "select id from things where words = $2 and number = $1 and $2 = words and id <> $3 and $1 = number";
            assert_eq!(ids(tx, sql, params![7, "seven", "b"]).await?, ["a"]);
            Ok::<_, DbError>(())
        }).await.unwrap();
    }

    async fn a_wrong_number_of_parameters_is_refused(w: World) {
        for given in [params!["a"], params!["a", 1, "b"]] {
            let given = std::sync::Arc::new(given);
            let error = w.db.write(async move |tx| {
                tx.exec("insert into things (id, number) values ($1, $2)", given.to_vec()).await
            }).await.unwrap_err();
            assert!(matches!(&error, DbError::Engine(why) if why.contains("for 2 parameters")), "{error:?}");
        }
        assert_eq!(w.db.read(async |tx| ids(tx, "select id from things", params![]).await).await.unwrap(), [""; 0]);
    }

    async fn a_value_of_another_type_is_refused(w: World) {
        let wrong = w.db.write(async |tx| {
            thing(tx, "a", None, None).await?;
            tx.exec("insert into things (id, number) values ($1, $2)", params!["b", "many"]).await
        }).await;
        wrong.unwrap_err();
        let wrong = w.db.write(async |tx| {
            let rows = vec![params!["a", 1], params!["b", "many"]];
            tx.insert_many("things", &["id", "number"], rows).await
        }).await;
        wrong.unwrap_err();
        let short = w.db.write(async |tx| {
            tx.insert_many("things", &["id", "number"], vec![params!["a", 1], params!["b"]]).await
        }).await;
        short.unwrap_err();
        assert_eq!(w.db.read(async |tx| ids(tx, "select id from things", params![]).await).await.unwrap(), [""; 0]);
    }

    async fn lists_of_texts_and_numbers(w: World) {
        w.db.write(async |tx| {
            for (id, number) in [("a", 1), ("b", 2), ("c", 3), ("d", 4)] {
                thing(tx, id, Some(number), None).await?;
            }
            let by_id = "select id from things where id in {1} order by id";
            let by_number = "select id from things where number in {2} and id <> $1 order by id";
            assert_eq!(ids(tx, by_id, vec![Value::list(["d", "a", "x"])]).await?, ["a", "d"]);
            assert_eq!(ids(tx, by_id, vec![Value::Texts(vec![])]).await?, [""; 0]);
            let numbers = Value::Ints(vec![Some(2), Some(4), None, Some(i64::MAX)]);
            assert_eq!(ids(tx, by_number, vec!["b".into(), numbers]).await?, ["d"]);
            assert_eq!(ids(tx, by_number, vec!["b".into(), Value::Ints(vec![])]).await?, [""; 0]);
            let none = "select id from things where id not in (select id from things where id in {1}) order by id";
            assert_eq!(ids(tx, none, vec![Value::list(["a"])]).await?, ["b", "c", "d"]);
            Ok::<_, DbError>(())
        }).await.unwrap();
    }

    async fn rows_of_values(w: World) {
        w.db.write(async |tx| {
            for id in ["a", "b", "c"] {
                thing(tx, id, Some(1), None).await?;
            }
            let rows = Value::rows([
                params!["a", i64::MAX - 1, "नमस्ते \"quoted\" \\ \n"],
                params!["b", -5, Value::Null],
                params!["none", 1, "x"],
            ]);
            let sql = "update things set number = things.number + v.more, words = v.words \
                       from {rows 1: id text, more bigint, words text} v where things.id = v.id";
            assert_eq!(tx.change(sql, vec![rows]).await?, 2);
            let found = tx.query("select id, number, words from things order by id", params![]).await?;
            assert_eq!(found[0].get::<i64>("number")?, i64::MAX);
            assert_eq!(found[0].get::<String>("words")?, "नमस्ते \"quoted\" \\ \n");
            assert_eq!(found[1].get::<i64>("number")?, -4);
            assert_eq!(found[1].get::<Option<String>>("words")?, None);
            assert_eq!(found[2].get::<i64>("number")?, 1);
            let none = "select v.id from {rows 1: id text} v";
            assert_eq!(ids(tx, none, vec![Value::rows([])]).await?, [""; 0]);
            Ok::<_, DbError>(())
        }).await.unwrap();
    }

    async fn null_fits_every_column(w: World) {
        w.db.write(async |tx| {
            thing(tx, "a", None, None).await?;
            thing(tx, "b", Some(0), Some("")).await?;
            tx.change("update things set number = $2 where id = $1", params!["b", Value::Null]).await?;
            let found = tx.query("select id, number, words from things order by id", params![]).await?;
            assert_eq!(found[0].get::<Option<i64>>("number")?, None);
            assert_eq!(found[0].get::<Option<String>>("words")?, None);
            assert_eq!(found[1].get::<Option<i64>>("number")?, None);
            assert_eq!(found[1].get::<String>("words")?, "");
            let wrong = found[0].get::<i64>("number");
            assert_eq!(wrong, Err(DbError::Decode { column: "number", expected: "a number" }));
            let absent = found[0].get::<i64>("count");
            assert_eq!(absent, Err(DbError::Decode { column: "count", expected: "a column of the statement" }));
            Ok::<_, DbError>(())
        }).await.unwrap();
    }

    async fn many_rows_with_a_column_of_nothing(w: World) {
        w.db.write(async |tx| {
            let rows = (0..2_000).map(|n| params![format!("id{n:04}"), n, Value::Null]).collect();
            tx.insert_many("things", &["id", "number", "words"], rows).await?;
            tx.insert_many("things", &["id", "words"], vec![]).await?;
            let sql = "select cast(count(*) as bigint) as n, cast(count(words) as bigint) as worded, cast(sum(number) as bigint) as total from things";
            let found = tx.query_one(sql, params![]).await?;
            assert_eq!((found.get("n"), found.get("worded"), found.get("total")), (Ok(2_000_i64), Ok(0_i64), Ok(1_999_000_i64)));
            Ok::<_, DbError>(())
        }).await.unwrap();
    }

    async fn new_rows_are_told_from_old_ones(w: World) {
        w.db.write(async |tx| {
            thing(tx, "b", Some(2), None).await?;
            let rows = ["a", "b", "c", "c"].into_iter().zip(1..).map(|(id, n)| params![id, n]).collect();
            let new = tx.insert_new("things", &["id", "number"], rows, "id, number").await?;
            let new: BTreeSet<(String, i64)> = new.iter().map(|row| (row.get("id").unwrap(), row.get("number").unwrap())).collect();
            assert_eq!(new, BTreeSet::from([("a".to_owned(), 1), ("c".to_owned(), 3)]));
            assert_eq!(tx.insert_new("things", &["id", "number"], vec![params!["b", 9]], "id").await?.len(), 0);
            assert_eq!(tx.insert_new("things", &["id", "number"], vec![], "id").await?.len(), 0);
            let kept = tx.query_one("select number from things where id = 'b'", params![]).await?;
            assert_eq!(kept.get::<i64>("number")?, 2);
            Ok::<_, DbError>(())
        }).await.unwrap();
    }

    async fn texts_are_ordered_by_their_bytes(w: World) {
        w.db.write(async |tx| {
            let mut texts = ["a", "B", "aa", "Z", "é", "z", "~", "नेपाल", "चामल", "🌾", "_", "a b", "A", ""];
            for text in texts {
                thing(tx, text, None, Some(text)).await?;
            }
            let found = tx.query("select words from things order by words", params![]).await?;
            let found: Vec<String> = found.iter().map(|row| row.get("words").unwrap()).collect();
            texts.sort_unstable_by_key(|text| text.as_bytes());
            assert_eq!(found, texts);
            let last = tx.query_one("select max(words) as words from things where words < $1", params!["a"]).await?;
            assert_eq!(last.get::<String>("words")?, "_");
            Ok::<_, DbError>(())
        }).await.unwrap();
    }

    async fn long_texts_and_every_character_but_nul(w: World) {
        w.db.write(async |tx| {
            let long = "धान 🌾 rice\t\u{1}\u{7f}\u{fffd}\u{10ffff}".repeat(40_000);
            assert!(long.len() > 1_000_000);
            thing(tx, "long", Some(i64::MIN), Some(&long)).await?;
            tx.insert_many("things", &["id", "words"], vec![params!["many", long.as_str()]]).await?;
            let found = tx.query("select words from things where words in {1}", vec![Value::list([&long])]).await?;
            assert_eq!(found.len(), 2);
            assert!(found.iter().all(|row| row.get::<String>("words").unwrap() == long));
            let smallest = tx.query_one("select number from things where number = $1", params![i64::MIN]).await?;
            assert_eq!(smallest.get::<i64>("number")?, i64::MIN);
            Ok::<_, DbError>(())
        }).await.unwrap();
        let single = w.db.write(async |tx| thing(tx, "nul", None, Some("a\0b")).await).await;
        let many = w.db.write(async |tx| tx.insert_many("things", &["id"], vec![params!["a\0b"]]).await).await;
        for refused in [single, many] {
            assert!(matches!(refused, Err(DbError::Constraint(_))), "{refused:?}");
        }
    }

    async fn changes_are_counted(w: World) {
        w.db.write(async |tx| {
            for id in ["a", "b", "c"] {
                thing(tx, id, Some(1), None).await?;
            }
            assert_eq!(tx.change("update things set number = 2 where id <> $1", params!["a"]).await?, 2);
            assert_eq!(tx.change("update things set number = 3 where id = $1", params!["x"]).await?, 0);
            assert_eq!(tx.change("delete from things where number < $1", params![3]).await?, 3);
            let missing = tx.query_one("select id from things", params![]).await;
            assert_eq!(missing.unwrap_err(), DbError::Missing("select id from things"));
            Ok::<_, DbError>(())
        }).await.unwrap();
    }
}
