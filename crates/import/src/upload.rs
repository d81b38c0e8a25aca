//! A vendor's list that is uploaded: read whole, then taken in one transaction.

use std::io::Write as _;

use db::{DbError, Tx};
use kernel::{BusinessDate, Context, VendorId};
use serde::Serialize;

use crate::apply::Outcome;
use crate::cells::Wrong;
use crate::door::{Entry, at_column, said};
use crate::report::Refused;
use crate::rows::Kind;
use crate::sold;
use crate::source::{Fault, ImportError, Source};

/// Rows of an upload; a longer list is imported by the command.
const MOST_ROWS: usize = 5_000;

/// A list that was read.
#[derive(Debug)]
pub(crate) struct Upload {
    source: Source,
    entries: Vec<Entry>,
}

/// What became of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Uploaded {
    /// Rows that changed something.
    pub(crate) taken: usize,
    /// Rows that say what stood there already.
    pub(crate) unchanged: usize,
    /// Rows that were refused, with line, column, reason and what would be right.
    pub(crate) refused: Vec<Refused>,
}

impl Upload {
    /// Reads a CSV file or a workbook.
    pub(crate) fn read(bytes: &[u8], today: BusinessDate) -> Result<Self, ImportError> {
        let unreadable = |error| ImportError::Unreadable { file: Kind::Catalogue.name().to_owned(), error };
        let mut file = tempfile::NamedTempFile::new().map_err(unreadable)?;
        file.write_all(bytes).map_err(unreadable)?;
        let source = Source::of_kind(Kind::Catalogue, file.path())?;
        let mut entries = Vec::new();
        for raw in source.rows()? {
            if entries.len() == MOST_ROWS {
                let right = format!("it has more than {MOST_ROWS} rows; send them in parts");
                return Err(ImportError::Format { file: source.name, right });
            }
            entries.push(Entry::read(&source, raw?, today));
        }
        Ok(Self { source, entries })
    }

    /// Takes the rows for a vendor; with `strict` none where one is refused.
    pub(crate) async fn take(
        &self,
        tx: &mut Tx,
        cx: &Context,
        vendor: VendorId,
        strict: bool,
    ) -> Result<Uploaded, DbError> {
        let rows = said(&self.entries);
        let taken = tx.nested(async |tx| {
            let told = self.told(sold::rows(tx, cx, Some(vendor), &rows).await?);
            if strict && !told.refused.is_empty() { Err(Undone::Strict(told)) } else { Ok(told) }
        });
        match taken.await {
            Ok(told) => Ok(told),
            Err(Undone::Strict(told)) => Ok(Uploaded { taken: 0, unchanged: 0, ..told }),
            Err(Undone::Failed(error)) => Err(error),
        }
    }

    fn told(&self, outcomes: Vec<Outcome>) -> Uploaded {
        let mut told = Uploaded { taken: 0, unchanged: 0, refused: Vec::new() };
        let mut outcomes = outcomes.into_iter();
        for Entry { raw, row } in &self.entries {
            let fault = match row {
                Err(fault) => fault.clone(),
                Ok(_) => match outcomes.next() {
                    Some(Outcome::Taken) => {
                        told.taken = told.taken.saturating_add(1);
                        continue;
                    }
                    Some(Outcome::Known) => {
                        told.unchanged = told.unchanged.saturating_add(1);
                        continue;
                    }
                    Some(Outcome::Refused(column, wrong)) => at_column(&self.source, raw, column, wrong),
                    None => Fault { column: None, cell: None, wrong: Wrong::new("ROW", "it was not looked at", "") },
                },
            };
            told.refused.push(Refused::of(&self.source, raw, &fault));
        }
        told
    }
}

/// Why nothing of a list is kept.
enum Undone {
    Strict(Uploaded),
    Failed(DbError),
}

impl From<DbError> for Undone {
    fn from(error: DbError) -> Self {
        Self::Failed(error)
    }
}
