//! Everything that a database holds, as text: to see that nothing has changed, or that two databases hold the same.

use std::collections::{BTreeMap, BTreeSet};

use db::{Db, DbError, Engine, Row, Value, params};

/// What is drawn for orders and cycles, and so differs between two databases that hold the same.
const DRAWN: &str = "select code from orders union select delivery_code from orders union select number from cycles";
/// A number from here on is a moment, in microseconds; no amount of a test comes near it.
const MOMENTS: i64 = 100_000_000_000_000;
/// A word with a digit in it that is as long as this is an id, a hash, a moment or a phone number.
const LONG: usize = 12;
/// The beginning of a hash, as a receipt shows it.
const PROOF: usize = 8;
/// Which block of numbers a cycle's number is drawn from.
const BLOCKS: &str = "number_blocks";

/// The rows of each table, in no order of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dump {
    tables: BTreeMap<String, Vec<Vec<Value>>>,
    drawn: BTreeSet<String>,
}

impl Dump {
    /// Reads every table.
    pub(crate) async fn of(db: &Db) -> Self {
        let names = match db.engine() {
            Engine::Sqlite => "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'",
            Engine::Postgres => "select cast(tablename as text) as name from pg_tables where schemaname = 'public'",
        };
        let read: Result<Self, DbError> = db
            .read(async move |tx| {
                let mut tables = BTreeMap::new();
                for name in tx.query(names, params![]).await? {
                    let name: String = name.get("name")?;
                    let all = format!("select * from {name}").leak();
                    let mut rows: Vec<_> = tx.query(all, params![]).await?.into_iter().map(Row::into_values).collect();
                    rows.sort_by_cached_key(|row| format!("{row:?}"));
                    tables.insert(name, rows);
                }
                let drawn = tx.query(DRAWN, params![]).await?.into_iter().flat_map(Row::into_values);
                let drawn = drawn.filter_map(|value| if let Value::Text(text) = value { Some(text) } else { None });
                Ok(Self { tables, drawn: drawn.collect() })
            })
            .await;
        read.unwrap()
    }

    /// What has changed until another one, but for what differs each time: ids, hashes, moments, times of day and what is drawn.
    pub(crate) fn changes(&self, until: &Self) -> Vec<String> {
        let mut counted: BTreeMap<String, i64> = BTreeMap::new();
        for (dump, by) in [(self, -1), (until, 1)] {
            for (table, rows) in dump.tables.iter().filter(|(table, _)| *table != BLOCKS) {
                for row in rows {
                    let shown: Vec<String> = row.iter().map(|value| until.shown(value)).collect();
                    *counted.entry(format!("{table}: {}", shown.join(" | "))).or_default() += by;
                }
            }
        }
        counted.into_iter().filter(|(_, by)| *by != 0).map(|(row, by)| format!("{by:+} {row}")).collect()
    }

    fn shown(&self, value: &Value) -> String {
        match value {
            Value::Int(number) if *number >= MOMENTS => "#".to_owned(),
            Value::Int(number) => number.to_string(),
            Value::Text(text) => text
                .replace("\\n", "\n")
                .split_inclusive(|c: char| !c.is_alphanumeric() && !"_-.:".contains(c))
                .map(|word| self.masked(word))
                .collect(),
            other => format!("{other:?}"),
        }
    }

    fn masked(&self, word: &str) -> String {
        let bare = word.trim_end_matches(|c: char| !c.is_alphanumeric());
        let is_long = bare.len() >= LONG && bare.contains(|c: char| c.is_ascii_digit());
        let is_proof = bare.len() == PROOF && bare.chars().all(|c| c.is_ascii_hexdigit());
        let differs = is_long || is_proof || bare.contains(':') || self.drawn.contains(bare);
        if differs { word.replace(bare, "#") } else { word.to_owned() }
    }
}
