//! Values and failures as they stand on the line between the house and the server.

use std::error::Error as _;
use std::sync::Arc;

use deadpool_postgres::{HookError, PoolError};
use tokio_postgres::Statement;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, IsNull, ToSql, Type};

use crate::error::{DbError, wrong_count};
use crate::row::{Answer, Row};
use crate::value::{Cell, Value};

/// What the server says of a prepared statement whose tables have changed.
pub(super) const STALE_PLAN: &str = "cached plan must not change result type";

/// Refuses values that a statement can not take before any of them is sent.
pub(super) fn fits(statement: &Statement, params: &[Value], sql: &str) -> Result<(), DbError> {
    let types = statement.params();
    if params.len() != types.len() {
        return Err(wrong_count(params.len(), types.len(), sql));
    }
    for (value, kind) in params.iter().zip(types) {
        if value.holds_nul() {
            return Err(DbError::Constraint("a text holds the character NUL".to_owned()));
        }
        let takes = match value {
            Value::Null => true,
            Value::Int(number) => *kind == Type::INT8 || (*kind == Type::INT4 && i32::try_from(*number).is_ok()),
            Value::Text(_) => ![Type::INT8, Type::INT4].contains(kind),
            Value::Ints(_) => *kind == Type::INT8_ARRAY,
            Value::Texts(_) => *kind == Type::TEXT_ARRAY,
        };
        if !takes {
            return Err(DbError::Engine(format!("{value:?} cannot be sent as {kind} in: {sql}")));
        }
    }
    Ok(())
}

/// Turns rows into one array a column, of the types that the statement names.
pub(super) fn by_column(types: &[Type], rows: Vec<Vec<Value>>, sql: &str) -> Result<Vec<Value>, DbError> {
    let column = |kind: &Type| match *kind {
        Type::INT8_ARRAY => Value::Ints(Vec::with_capacity(rows.len())),
        _ => Value::Texts(Vec::with_capacity(rows.len())),
    };
    let mut columns: Vec<Value> = types.iter().map(column).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            match (column, value) {
                (Value::Ints(list), Value::Int(number)) => list.push(Some(number)),
                (Value::Texts(list), Value::Text(text)) => list.push(Some(text)),
                (Value::Ints(list), Value::Null) => list.push(None),
                (Value::Texts(list), Value::Null) => list.push(None),
                (_, value) => {
                    return Err(DbError::Engine(format!("{value:?} has another type than its column in: {sql}")));
                }
            }
        }
    }
    Ok(columns)
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) if *ty == Type::INT4 => i32::try_from(*number)?.to_sql(ty, out),
            Self::Int(number) if *ty == Type::INT8 => number.to_sql(ty, out),
            Self::Text(text) if *ty == Type::JSONB => {
                // The binary form of jsonb is a version byte and the text.
                out.extend_from_slice(&[1]);
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
            Self::Text(text) if *ty != Type::INT8 && *ty != Type::INT4 => text.to_sql(ty, out),
            Self::Ints(list) if *ty == Type::INT8_ARRAY => list.to_sql(ty, out),
            Self::Texts(list) if *ty == Type::TEXT_ARRAY => list.to_sql(ty, out),
            other => Err(format!("{other:?} cannot be sent as {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Binary
    }

    tokio_postgres::types::to_sql_checked!();
}

pub(super) fn read(rows: &[tokio_postgres::Row], columns: Arc<[String]>) -> Result<Vec<Row>, DbError> {
    let failed = |error: tokio_postgres::Error| classify(&error, "");
    let mut answer = Answer::new(columns);
    for row in rows {
        for (index, column) in row.columns().iter().enumerate() {
            answer.push(match *column.type_() {
                Type::INT8 => row.try_get::<_, Option<i64>>(index).map_err(failed)?.map_or(Cell::Null, Cell::Int),
                Type::TEXT | Type::VARCHAR | Type::NAME => {
                    row.try_get::<_, Option<&str>>(index).map_err(failed)?.map_or(Cell::Null, Cell::Text)
                }
                ref other => {
                    let name = column.name();
                    let right = format!("column {name} is {other}; cast it to bigint or text in the statement");
                    return Err(DbError::Engine(right));
                }
            });
        }
    }
    Ok(answer.into_rows())
}

pub(super) fn pool_failure(error: &PoolError) -> DbError {
    match error {
        PoolError::Timeout(_) => DbError::Busy,
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
            classify(error, "connecting")
        }
        error => DbError::LostConnection(error.to_string()),
    }
}

pub(super) fn explain(error: &tokio_postgres::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

pub(super) fn classify(error: &tokio_postgres::Error, sql: &str) -> DbError {
    let Some(answer) = error.as_db_error() else {
        // Without an answer of the server the connection is gone, unless the error arose before anything was sent.
        let is_local = error.source().is_some_and(|cause| !cause.is::<std::io::Error>()) && !error.is_closed();
        let text = format!("{} in: {sql}", explain(error));
        return if is_local { DbError::Engine(text) } else { DbError::LostConnection(text) };
    };
    let text = format!("{}: {} in: {sql}", answer.code().code(), answer.message());
    match answer.code() {
        &SqlState::UNIQUE_VIOLATION => DbError::Duplicate(answer.constraint().unwrap_or_default().to_owned()),
        &SqlState::FOREIGN_KEY_VIOLATION
        | &SqlState::CHECK_VIOLATION
        | &SqlState::NOT_NULL_VIOLATION
        | &SqlState::CHARACTER_NOT_IN_REPERTOIRE
        | &SqlState::UNTRANSLATABLE_CHARACTER => DbError::Constraint(answer.message().to_owned()),
        &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => DbError::Contention(text),
        &SqlState::FEATURE_NOT_SUPPORTED if answer.message() == STALE_PLAN => DbError::Contention(text),
        &SqlState::LOCK_NOT_AVAILABLE | &SqlState::QUERY_CANCELED | &SqlState::TOO_MANY_CONNECTIONS => DbError::Busy,
        &SqlState::ADMIN_SHUTDOWN
        | &SqlState::CRASH_SHUTDOWN
        | &SqlState::CANNOT_CONNECT_NOW
        | &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => DbError::LostConnection(text),
        _ => DbError::Engine(text),
    }
}
