//! The statements of one transaction, its values and its failures.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode};

use super::Worker;
use crate::error::{DbError, wrong_count};
use crate::row::{Answer, Row};
use crate::sql::{Dialect, Insert, Literal};
use crate::tx::Stopwatch;
use crate::value::{Cell, Value};

/// The statements of one transaction.
pub(crate) struct Session {
    connection: Arc<Mutex<Connection>>,
    dialect: Arc<Dialect>,
    slow: Duration,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session")
    }
}

thread_local! {
    /// Column names by statement, so that the rows of one statement share them. They are compared at each use, because a
    /// migration may have changed what `*` stands for.
    static COLUMNS: RefCell<HashMap<Literal, Arc<[String]>>> = RefCell::default();
}

impl Session {
    pub(super) fn new(worker: &Worker) -> Self {
        let Worker { connection, dialect, slow } = worker;
        Self { connection: connection.clone(), dialect: dialect.clone(), slow: *slow }
    }

    pub(crate) fn query(&self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, DbError> {
        self.rows(self.dialect.statement(sql), params)
    }

    fn rows(&self, sql: &'static str, params: &[Value]) -> Result<Vec<Row>, DbError> {
        let watch = Stopwatch::start(self.slow);
        let connection = self.connection.lock();
        let mut statement = connection.prepare_cached(sql).map_err(|error| in_statement(&error, sql))?;
        bind(&mut statement, params, sql)?;
        let mut answer: Option<Answer> = None;
        let mut found = statement.raw_query();
        while let Some(row) = found.next().map_err(|error| in_statement(&error, sql))? {
            // Only a statement that has taken its first step knows the columns of today's schema.
            let answer = answer.get_or_insert_with(|| Answer::new(columns_of(sql, row.as_ref())));
            for index in 0..answer.width() {
                answer.push(read(row.get_ref(index).map_err(|error| in_statement(&error, sql))?)?);
            }
        }
        let rows = answer.map(Answer::into_rows).unwrap_or_default();
        watch.stop(sql, rows.len());
        Ok(rows)
    }

    pub(crate) fn change(&self, sql: &'static str, params: &[Value]) -> Result<u64, DbError> {
        let sql = self.dialect.statement(sql);
        let watch = Stopwatch::start(self.slow);
        let connection = self.connection.lock();
        let mut statement = connection.prepare_cached(sql).map_err(|error| in_statement(&error, sql))?;
        bind(&mut statement, params, sql)?;
        let changed = statement.raw_execute().map_err(|error| in_statement(&error, sql))?;
        watch.stop(sql, changed);
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    pub(crate) fn insert(
        &self,
        table: &'static str,
        columns: &'static [&'static str],
        rows: &[Vec<Value>],
    ) -> Result<(), DbError> {
        let sql = self.dialect.insert(Insert { table, columns, returning: None }, &[]);
        self.each(sql, rows, |_, _| ())
    }

    /// Answers from the rows that were given: a `returning` clause would build a table for each of them.
    pub(crate) fn insert_new(
        &self,
        table: &'static str,
        columns: &'static [&'static str],
        returning: &'static str,
        rows: &[Vec<Value>],
    ) -> Result<Vec<Row>, DbError> {
        let sql = self.dialect.insert(Insert { table, columns, returning: Some(returning) }, &[]);
        let names: Arc<[String]> = returning.split(',').map(|name| name.trim().to_owned()).collect();
        let places: Option<Vec<usize>> =
            names.iter().map(|name| columns.iter().position(|column| column == name)).collect();
        let places = places.ok_or_else(|| DbError::Engine(format!("{returning} are not all inserted into {table}")))?;
        let mut new = Answer::new(names);
        self.each(sql, rows, |row, changed| {
            if changed > 0 {
                for place in &places {
                    new.push(row.get(*place).map_or(Cell::Null, Value::as_cell));
                }
            }
        })?;
        Ok(new.into_rows())
    }

    /// Runs a statement for each row and tells how many rows it changed.
    fn each(&self, sql: &str, rows: &[Vec<Value>], mut done: impl FnMut(&[Value], usize)) -> Result<(), DbError> {
        let watch = Stopwatch::start(self.slow);
        let connection = self.connection.lock();
        let mut statement = connection.prepare_cached(sql).map_err(|error| in_statement(&error, sql))?;
        for row in rows {
            bind(&mut statement, row, sql)?;
            let changed = statement.raw_execute().map_err(|error| in_statement(&error, sql))?;
            done(row, changed);
        }
        watch.stop(sql, rows.len());
        Ok(())
    }

    pub(crate) fn batch(&self, sql: &str) -> Result<(), DbError> {
        self.connection.lock().execute_batch(sql).map_err(|error| failure(&error))
    }

    pub(crate) fn savepoint(&self, depth: u32) -> Result<(), DbError> {
        self.batch(&format!("savepoint part_{depth}"))
    }

    pub(crate) fn release(&self, depth: u32) -> Result<(), DbError> {
        self.batch(&format!("release part_{depth}"))
    }

    pub(crate) fn undo(&self, depth: u32) -> Result<(), DbError> {
        self.batch(&format!("rollback to part_{depth}; release part_{depth}"))
    }
}

fn columns_of(sql: &'static str, statement: &rusqlite::Statement<'_>) -> Arc<[String]> {
    COLUMNS.with_borrow_mut(|known| {
        let same = known.get(&Literal(sql)).filter(|columns| columns.iter().eq(statement.column_names()));
        if let Some(columns) = same {
            return columns.clone();
        }
        let columns: Arc<[String]> = statement.column_names().map(ToOwned::to_owned).collect();
        known.insert(Literal(sql), columns.clone());
        columns
    })
}

fn bind(statement: &mut rusqlite::Statement<'_>, params: &[Value], sql: &str) -> Result<(), DbError> {
    // SQLite would take a missing value for NULL.
    if params.len() != statement.parameter_count() {
        return Err(wrong_count(params.len(), statement.parameter_count(), sql));
    }
    for (index, value) in params.iter().enumerate() {
        if value.holds_nul() {
            return Err(DbError::Constraint("a text holds the character NUL".to_owned()));
        }
        let bound = statement.raw_bind_parameter(index.saturating_add(1), value);
        bound.map_err(|error| in_statement(&error, sql))?;
    }
    Ok(())
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let json = |list: serde_json::Value| ToSqlOutput::from(list.to_string());
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Int(number) => ToSqlOutput::Borrowed(ValueRef::Integer(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Ints(list) => json(serde_json::json!(list)),
            Self::Texts(list) => json(serde_json::json!(list)),
        })
    }
}

fn read(value: ValueRef<'_>) -> Result<Cell<'_>, DbError> {
    match value {
        ValueRef::Null => Ok(Cell::Null),
        ValueRef::Integer(number) => Ok(Cell::Int(number)),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).map_err(|error| DbError::Engine(error.to_string()))?;
            Ok(Cell::Text(text))
        }
        ValueRef::Real(_) | ValueRef::Blob(_) => {
            Err(DbError::Engine("a column holds something that is neither a number nor a text".to_owned()))
        }
    }
}

fn in_statement(error: &rusqlite::Error, sql: &str) -> DbError {
    match failure(error) {
        DbError::Engine(why) => DbError::Engine(format!("{why} in: {sql}")),
        other => other,
    }
}

pub(super) fn failure(error: &rusqlite::Error) -> DbError {
    let rusqlite::Error::SqliteFailure(cause, message) = error else {
        return DbError::Engine(error.to_string());
    };
    let text = message.clone().unwrap_or_else(|| cause.to_string());
    match (cause.code, cause.extended_code) {
        (
            ErrorCode::ConstraintViolation,
            rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY,
        ) => DbError::Duplicate(text),
        (ErrorCode::ConstraintViolation, _) => DbError::Constraint(text),
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => DbError::Busy,
        (ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::OutOfMemory, _) => DbError::RolledBack(text),
        _ => DbError::Engine(text),
    }
}
