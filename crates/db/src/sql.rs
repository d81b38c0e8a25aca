//! One text of SQL for two engines.
//!
//! Statements are static texts with parameters `$1 …` and four markers, the whole of the dialect:
//!
//! | marker | PostgreSQL | SQLite |
//! | --- | --- | --- |
//! | `{lock p}` | `for update of p`; nothing where the transaction only reads | nothing: writers are serial |
//! | `{free p}` | the same, passing over rows that others have locked | nothing |
//! | `in {1}` | `= any($1)` | `in (select value from json_each(?1))` |
//! | `{rows 1: a text, b bigint}` | a derived table from a JSON array of arrays | the same by `json_each` |
//!
//! PostgreSQL's planner expects a hundred rows of a JSON array and so reads a small table whole to find one of its rows.
//! The condition on each row, which always holds, makes it expect one, and take the key: plans are made once, often while
//! a table is still small, and what is looked up by a key is then found by it when there are millions.
//!
//! `$n` becomes `?n` on SQLite, where `$1` would be a *name* numbered by first appearance. Translated texts are kept for
//! the life of the process; their number is about that of the statements in the source.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::{Hash, Hasher};

use parking_lot::RwLock;

/// The two engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// SQLite, inside the process.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

/// The texts of one engine.
#[derive(Debug)]
pub(crate) struct Dialect {
    engine: Engine,
    /// Whether locks are taken: a transaction that only reads goes without, so that what decides can be read too.
    locks: bool,
    statements: RwLock<HashMap<Literal, &'static str>>,
    inserts: RwLock<HashMap<Insert, &'static str>>,
}

/// A static text as a key: known by where it lies, so that looking one up does not read hundreds of bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Literal(pub(crate) &'static str);

impl PartialEq for Literal {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Literal {}

impl Hash for Literal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_ptr().hash(state);
    }
}

/// A multi-row insert as the driver writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Insert {
    pub(crate) table: &'static str,
    pub(crate) columns: &'static [&'static str],
    /// What is returned of the rows that were new; duplicates are passed over then.
    pub(crate) returning: Option<&'static str>,
}

impl Hash for Insert {
    /// The table tells nearly all of them apart.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.table, self.columns.len()).hash(state);
    }
}

impl Dialect {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine, locks: engine == Engine::Postgres, statements: RwLock::default(), inserts: RwLock::default() }
    }

    /// The texts of transactions that only read.
    pub(crate) fn reading(engine: Engine) -> Self {
        Self { locks: false, ..Self::new(engine) }
    }

    /// The engine's text of a statement.
    pub(crate) fn statement(&self, sql: &'static str) -> &'static str {
        if let Some(text) = self.statements.read().get(&Literal(sql)) {
            return text;
        }
        let text: &'static str = String::leak(translate(self.engine, self.locks, sql));
        self.statements.write().insert(Literal(sql), text);
        text
    }

    /// The engine's text of an insert that was written before.
    pub(crate) fn known_insert(&self, insert: Insert) -> Option<&'static str> {
        self.inserts.read().get(&insert).copied()
    }

    /// The engine's text of an insert; `is_text` tells each column's type where the text depends on it.
    pub(crate) fn insert(&self, insert: Insert, is_text: &[bool]) -> &'static str {
        if let Some(text) = self.known_insert(insert) {
            return text;
        }
        let text: &'static str = String::leak(self.write_insert(insert, is_text));
        self.inserts.write().insert(insert, text);
        text
    }

    fn write_insert(&self, insert: Insert, is_text: &[bool]) -> String {
        let mut sql = format!("insert into {} ({}) ", insert.table, insert.columns.join(", "));
        let numbered =
            |one: &dyn Fn(usize) -> String| (1..=insert.columns.len()).map(one).collect::<Vec<_>>().join(", ");
        let _ = match self.engine {
            Engine::Sqlite => write!(sql, "values ({})", numbered(&|n| format!("?{n}"))),
            Engine::Postgres => {
                let array = |n: usize| {
                    let is_text = n.checked_sub(1).and_then(|index| is_text.get(index)).copied().unwrap_or(true);
                    format!("${n}::{}[]", if is_text { "text" } else { "bigint" })
                };
                write!(sql, "select * from unnest({})", numbered(&array))
            }
        };
        if let Some(returning) = insert.returning {
            sql.push_str(" on conflict do nothing");
            if self.engine == Engine::Postgres {
                let _ = write!(sql, " returning {returning}");
            }
        }
        sql
    }
}

fn translate(engine: Engine, locks: bool, sql: &str) -> String {
    let spelled = if engine == Engine::Sqlite { spell_out(sql) } else { sql.to_owned() };
    let sql = spelled.as_str();
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(at) = rest.find(['\'', '$', '{']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        rest = if let Some(literal) = from.strip_prefix('\'') {
            let end = literal.find('\'').map_or(literal.len(), |end| end.saturating_add(1));
            let (literal, after) = literal.split_at(end);
            let _ = write!(out, "'{literal}");
            after
        } else if let Some(after) = from.strip_prefix('$') {
            out.push(if engine == Engine::Sqlite { '?' } else { '$' });
            after
        } else {
            let (marker, after) = from.split_once('}').unwrap_or((from, ""));
            write_marker(engine, locks, marker.trim_start_matches('{'), &mut out);
            after
        };
    }
    out.push_str(rest);
    out
}

fn write_marker(engine: Engine, locks: bool, marker: &str, out: &mut String) {
    let postgres = engine == Engine::Postgres;
    if let Some(alias) = marker.strip_prefix("lock ") {
        if locks {
            let _ = write!(out, "for update of {alias}");
        }
    } else if let Some(alias) = marker.strip_prefix("free ") {
        if locks {
            let _ = write!(out, "for update of {alias} skip locked");
        }
    } else if let Some((number, columns)) = marker.strip_prefix("rows ").and_then(|rest| rest.split_once(':')) {
        let cells = columns.split(',').enumerate().map(|(index, column)| {
            let (name, kind) = column.trim().split_once(' ').unwrap_or((column.trim(), "text"));
            if postgres {
                format!("cast(value ->> {index} as {kind}) as {name}")
            } else {
                format!("json_extract(value, '$[{index}]') as {name}")
            }
        });
        let cells = cells.collect::<Vec<_>>().join(", ");
        let _ = if postgres {
            let rows = format!("jsonb_array_elements(cast(${number} as jsonb))");
            write!(out, "(select {cells} from {rows} where jsonb_typeof(value) = 'array')")
        } else {
            write!(out, "(select {cells} from json_each(?{number}))")
        };
    } else if postgres {
        // The text before ends in `in `; an array is compared by `= any`.
        out.truncate(out.trim_end().len());
        out.truncate(out.len().saturating_sub("in".len()));
        let _ = write!(out, "= any(${marker})");
    } else {
        let _ = write!(out, "(select value from json_each(?{marker}))");
    }
}

/// The engine's text of a migration: BIGINT and TEXT become what the engine calls them, and tables are strict.
///
/// `{clustered}` behind a table's last bracket keeps it in the order of its primary key on SQLite (`without rowid`).
pub(crate) fn translate_migration(engine: Engine, sql: &str) -> String {
    let words = |text: &str, from: &str, to: &str| {
        text.split(' ').map(|word| replace_word(word, from, to)).collect::<Vec<_>>().join(" ")
    };
    match engine {
        Engine::Postgres => words(&sql.replace(" {clustered}", ""), "text", "text collate \"C\""),
        Engine::Sqlite => {
            let sql = spell_out(sql);
            let statements = sql.split(';').map(|statement| {
                // Strict tables do not know the name, wherever a column is declared.
                let statement = words(statement, "bigint", "integer");
                if !statement.contains("create table") {
                    return statement;
                }
                match statement.strip_suffix(" {clustered}") {
                    Some(table) => format!("{table} strict, without rowid"),
                    None => format!("{statement} strict"),
                }
            });
            statements.collect::<Vec<_>>().join(";")
        }
    }
}

/// Writes `a in ('x', 'y')` as `(a = 'x' or a = 'y')`, and `a not in` as `not` of it: SQLite builds a table for a list
/// whenever it is asked, for each row that a CHECK or the condition of an index looks at, which was more than half of the
/// time that placing an order took.
/// Conditions of indexes and of the queries that are to use them are written alike, so both are spelled out.
fn spell_out(sql: &str) -> String {
    const LIST: &str = " in ('";
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(at) = rest.find(LIST) {
        let (before, from) = rest.split_at(at);
        let (list, after) = from.split_once(')').unwrap_or((from, ""));
        let (before, not) = before.strip_suffix(" not").map_or((before, ""), |before| (before, "not "));
        // What a function gives is not asked for twice.
        if before.ends_with(')') {
            let _ = write!(out, "{before} {not}{})", list.trim_start());
            rest = after;
            continue;
        }
        let begins = before.rfind(|before: char| !before.is_alphanumeric() && !"_.".contains(before));
        let (before, column) = before.split_at(begins.map_or(0, |at| at.saturating_add(1)));
        let equal: Vec<String> =
            list.trim_start_matches(" in (").split(", ").map(|literal| format!("{column} = {literal}")).collect();
        let _ = write!(out, "{before}{not}({})", equal.join(" or "));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Replaces a column type, which stands between a space and a space, a comma, a bracket or the end of the line.
fn replace_word(word: &str, from: &str, to: &str) -> String {
    match word.strip_prefix(from) {
        Some(tail) if !tail.starts_with(|next: char| next.is_alphanumeric() || next == '_') => format!("{to}{tail}"),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_engine_reads_its_own_text() {
        let sql = "select a from t p where b in {1} and c = $2 and d = '$3 {x}' order by a {lock p}";
        assert_eq!(
            Dialect::new(Engine::Postgres).statement(sql),
            "select a from t p where b = any($1) and c = $2 and d = '$3 {x}' order by a for update of p"
        );
        assert_eq!(
            Dialect::reading(Engine::Postgres).statement(sql),
            "select a from t p where b = any($1) and c = $2 and d = '$3 {x}' order by a "
        );
        assert_eq!(
            Dialect::new(Engine::Sqlite).statement(sql),
            "select a from t p where b in (select value from json_each(?1)) and c = ?2 and d = '$3 {x}' order by a "
        );
    }

    #[test]
    fn only_free_rows_are_taken_where_a_statement_says_so() {
        let sql = "select a from t p {free p}";
        let says = |dialect: Dialect| dialect.statement(sql).to_owned();
        assert_eq!(says(Dialect::new(Engine::Postgres)), "select a from t p for update of p skip locked");
        assert_eq!(says(Dialect::reading(Engine::Postgres)), "select a from t p ");
        assert_eq!(says(Dialect::new(Engine::Sqlite)), "select a from t p ");
    }

    #[test]
    fn rows_become_a_derived_table() {
        let sql = "update t set n = n + v.n from {rows 1: id text, n bigint} v where t.id = v.id";
        assert_eq!(
            Dialect::new(Engine::Postgres).statement(sql),
            "update t set n = n + v.n from (select cast(value ->> 0 as text) as id, cast(value ->> 1 as bigint) as n \
             from jsonb_array_elements(cast($1 as jsonb)) where jsonb_typeof(value) = 'array') v where t.id = v.id"
        );
        assert_eq!(
            Dialect::new(Engine::Sqlite).statement(sql),
            "update t set n = n + v.n from (select json_extract(value, '$[0]') as id, json_extract(value, '$[1]') as n \
             from json_each(?1)) v where t.id = v.id"
        );
    }

    #[test]
    fn lists_of_literals_are_spelled_out_for_sqlite() {
        let sql = "select a from t p where p.b in ('X', 'Y') and c in {1} and (d in ('Z')) \
                   and substr(a, 1, 1) in ('Q', 'R')";
        assert_eq!(Dialect::new(Engine::Postgres).statement(sql), sql.replace("in {1}", "= any($1)"));
        assert_eq!(
            Dialect::new(Engine::Sqlite).statement(sql),
            "select a from t p where (p.b = 'X' or p.b = 'Y') and c in (select value from json_each(?1)) and ((d = 'Z')) \
             and substr(a, 1, 1) in ('Q', 'R')"
        );
        assert_eq!(
            Dialect::new(Engine::Sqlite)
                .statement("select a from t p where p.b not in ('X', 'Y') and f(a) not in ('Q', 'R')"),
            "select a from t p where not (p.b = 'X' or p.b = 'Y') and f(a) not in ('Q', 'R')"
        );
        let table = "create table t (a text check (a in ('X', 'Y')));";
        assert_eq!(
            translate_migration(Engine::Sqlite, table),
            "create table t (a text check ((a = 'X' or a = 'Y'))) strict;"
        );
    }

    #[test]
    fn migrations_name_types_of_the_engine() {
        let sql = "create table t (\n  id text primary key,\n  text_size bigint not null\n) {clustered};\ncreate index i on t (id);";
        assert_eq!(
            translate_migration(Engine::Sqlite, sql),
            "create table t (\n  id text primary key,\n  text_size integer not null\n) strict, without rowid;\ncreate index i on t (id);"
        );
        assert_eq!(
            translate_migration(Engine::Postgres, sql),
            "create table t (\n  id text collate \"C\" primary key,\n  text_size bigint not null\n);\ncreate index i on t (id);"
        );
    }
}
