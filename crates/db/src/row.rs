//! Rows, which are read by column name.
//!
//! The rows of an answer share it: its texts lie behind one another in one string, so that reading many rows costs few
//! allocations. A row that is kept keeps the whole answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::DbError;
use crate::value::{Cell, FromValue, Value};

/// A cell; of a text, where it lies among the answer's texts.
#[derive(Clone, Copy, Debug)]
enum Kept {
    Null,
    Int(i64),
    Text { from: usize, to: usize },
}

/// The rows of one statement, as they are read.
#[derive(Debug)]
pub(crate) struct Answer {
    columns: Arc<[String]>,
    kept: Vec<Kept>,
    texts: String,
    /// The column that is asked for next, if they are asked for in their order.
    next: AtomicUsize,
}

impl Answer {
    pub(crate) const fn new(columns: Arc<[String]>) -> Self {
        Self { columns, kept: Vec::new(), texts: String::new(), next: AtomicUsize::new(0) }
    }

    /// How many columns a row has.
    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// Adds the next cell: rows one after another, each by its columns.
    pub(crate) fn push(&mut self, cell: Cell<'_>) {
        let kept = match cell {
            Cell::Null => Kept::Null,
            Cell::Int(number) => Kept::Int(number),
            Cell::Text(text) => {
                let from = self.texts.len();
                self.texts.push_str(text);
                Kept::Text { from, to: self.texts.len() }
            }
        };
        self.kept.push(kept);
    }

    /// The place of a column among a row's.
    fn place_of(&self, column: &str) -> Option<usize> {
        let next = self.next.load(Ordering::Relaxed);
        let is_it = |place: &usize| self.columns.get(*place).is_some_and(|name| name == column);
        let place = Some(next).filter(is_it).or_else(|| self.columns.iter().position(|name| name == column))?;
        self.next.store(place.saturating_add(1), Ordering::Relaxed);
        Some(place)
    }

    /// The rows.
    pub(crate) fn into_rows(self) -> Vec<Row> {
        let (width, cells) = (self.width().max(1), self.kept.len());
        let answer = Arc::new(self);
        (0..cells).step_by(width).map(|first| Row { answer: answer.clone(), first }).collect()
    }
}

/// One row of an answer.
#[derive(Clone, Debug)]
pub struct Row {
    answer: Arc<Answer>,
    /// The place of its first cell.
    first: usize,
}

impl Row {
    /// Every value, in the order of the statement's columns.
    pub fn into_values(self) -> Vec<Value> {
        (0..self.answer.width()).filter_map(|place| self.cell(place)).map(Value::from).collect()
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
            Cell::Null => Ok(None),
            Cell::Text(text) => Ok(Some(text)),
            Cell::Int(_) => Err(DbError::Decode { column, expected: "a text" }),
        }
    }

    fn value(&self, column: &'static str) -> Result<Cell<'_>, DbError> {
        let cell = self.answer.place_of(column).and_then(|place| self.cell(place));
        cell.ok_or(DbError::Decode { column, expected: "a column of the statement" })
    }

    fn cell(&self, place: usize) -> Option<Cell<'_>> {
        Some(match *self.answer.kept.get(self.first.checked_add(place)?)? {
            Kept::Null => Cell::Null,
            Kept::Int(number) => Cell::Int(number),
            Kept::Text { from, to } => Cell::Text(self.answer.texts.get(from..to)?),
        })
    }
}
