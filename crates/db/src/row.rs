//! Rows, which own their values and are read by column name.

use std::sync::Arc;

use crate::error::DbError;
use crate::value::{FromValue, Value};

/// One row of an answer.
#[derive(Clone, Debug)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

impl Row {
    pub(crate) fn new(columns: Arc<[String]>, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// Every value, in the order of the statement's columns.
    pub fn into_values(self) -> Vec<Value> {
        self.values
    }

    /// The value of a column.
    ///
    /// # Errors
    /// [`DbError::Decode`] when the statement has no such column or it holds something else.
    pub fn get<T: FromValue>(&self, column: &'static str) -> Result<T, DbError> {
        T::from_value(self.value(column)?).map_err(|expected| DbError::Decode { column, expected })
    }

    /// The text of a column where it stands; nothing where it is NULL.
    ///
    /// # Errors
    /// [`DbError::Decode`] when the statement has no such column or it holds a number.
    pub fn text(&self, column: &'static str) -> Result<Option<&str>, DbError> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            _ => Err(DbError::Decode { column, expected: "a text" }),
        }
    }

    fn value(&self, column: &'static str) -> Result<&Value, DbError> {
        let index = self.columns.iter().position(|name| name == column);
        let value = index.and_then(|index| self.values.get(index));
        value.ok_or(DbError::Decode { column, expected: "a column of the statement" })
    }
}
