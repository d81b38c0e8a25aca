//! What became of an import. Refused rows wait in a temporary file, so that a file of nothing but mistakes needs no more
//! memory than a good one.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Seek as _, Write as _};

use serde::{Deserialize, Serialize};

use crate::rows::Kind;

/// A row that was not taken, or a balance that does not agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// The file, or the workbook and its sheet.
    pub file: String,
    /// The line, as an editor or a spreadsheet counts.
    pub line: u64,
    /// The column, where it is one cell's fault.
    pub column: Option<String>,
    /// What a spreadsheet calls that cell.
    pub cell: Option<String>,
    /// The stable code.
    pub code: String,
    /// Why.
    pub reason: String,
    /// What would be right.
    pub right: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}", self.file, self.line)?;
        if let Some(column) = &self.column {
            write!(f, ", {column}")?;
        }
        if let Some(cell) = &self.cell {
            write!(f, " ({cell})")?;
        }
        write!(f, ": {}. Right: {}", self.reason, self.right)
    }
}

/// What became of the rows of a kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Rows that were taken now.
    pub taken: u64,
    /// Rows that had been taken before.
    pub known: u64,
    /// Rows that were refused.
    pub refused: u64,
}

/// What became of an import.
#[derive(Debug)]
pub struct Report {
    /// By kind.
    pub counts: BTreeMap<Kind, Counts>,
    /// Lines whose imported rows do not come to the balance that their file says.
    pub mismatches: u64,
    refused: BufWriter<File>,
}

impl Report {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { counts: BTreeMap::new(), mismatches: 0, refused: BufWriter::new(tempfile::tempfile()?) })
    }

    pub(crate) fn write(&mut self, refused: &Refused) -> io::Result<()> {
        serde_json::to_writer(&mut self.refused, refused)?;
        self.refused.write_all(b"\n")
    }

    /// Whether every row was taken and every balance agrees.
    pub fn is_clean(&self) -> bool {
        self.mismatches == 0 && self.refused_rows() == 0
    }

    /// How many rows were refused.
    pub fn refused_rows(&self) -> u64 {
        self.counts.values().map(|counts| counts.refused).sum()
    }

    /// Each refused row, and after them each balance that does not agree, in the order of the files.
    pub fn refused(&mut self) -> io::Result<impl Iterator<Item = io::Result<Refused>>> {
        self.refused.flush()?;
        let mut file = self.refused.get_ref().try_clone()?;
        file.rewind()?;
        Ok(BufReader::new(file).lines().map(|line| Ok(serde_json::from_str(&line?)?)))
    }
}
