//! Where rows come from: which files and sheets there are, what their columns are, and their rows.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::cells::{Wrong, is_formula};
use crate::csv::CsvRows;
use crate::rows::Kind;
use crate::xlsx;

/// Why nothing, or nothing more, is imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file that cannot be read.
    #[error("{file} cannot be read: {error}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the machine says.
        error: std::io::Error,
    },
    /// A file that is something else.
    #[error("{file}: {right}")]
    Format {
        /// The file, or the sheet of a workbook.
        file: String,
        /// What it is, and what would be right.
        right: String,
    },
    /// Columns that are missing, twice there, or unknown.
    #[error("{file}, line {line}: {wrong}; the columns are {columns}")]
    Columns {
        /// The file, or the sheet of a workbook.
        file: String,
        /// The line of the header.
        line: u64,
        /// What is wrong.
        wrong: String,
        /// The columns that there are.
        columns: String,
    },
    /// The database failed. What was taken before stays.
    #[error(transparent)]
    Database(#[from] db::DbError),
}

/// A row as it stands in the file.
#[derive(Clone, Debug)]
pub(crate) struct RawRow {
    /// The number that an editor or a spreadsheet shows.
    pub(crate) line: u64,
    /// Bytes of the file up to its end, where they are known.
    pub(crate) read: u64,
    pub(crate) cells: Vec<Result<String, Wrong>>,
}

impl RawRow {
    fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.as_ref().is_ok_and(|text| text.trim().is_empty()))
    }
}

pub(crate) type RawRows = Box<dyn Iterator<Item = Result<RawRow, ImportError>>>;

/// A file or a sheet whose columns are right.
#[derive(Clone, Debug)]
pub struct Source {
    /// What its rows are.
    pub kind: Kind,
    /// How the report names it.
    pub name: String,
    /// Its size in bytes, or that of the workbook.
    pub size: u64,
    path: PathBuf,
    sheet: Option<String>,
    header_line: u64,
    /// Of each place in a row the column; nothing where the header is blank.
    columns: Vec<Option<&'static str>>,
}

/// The sources that paths name: CSV files, workbooks, and folders of both, in the order in which they are taken. Every
/// header is read here; all that is wrong with any of them is told at once.
pub fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, Vec<ImportError>> {
    let mut found = Vec::new();
    let mut wrong = Vec::new();
    for path in paths {
        match in_path(path) {
            Ok(sources) => {
                for source in sources {
                    match source {
                        Ok(source) => found.push(source),
                        Err(error) => wrong.push(error),
                    }
                }
            }
            Err(error) => wrong.push(error),
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    // Stable: files of one kind keep the order in which they were named.
    found.sort_by_key(|source| source.kind);
    Ok(found)
}

type Found = Vec<Result<Source, ImportError>>;

fn in_path(path: &Path) -> Result<Found, ImportError> {
    let unreadable = |error| ImportError::Unreadable { file: path.display().to_string(), error };
    if !path.is_dir() {
        return in_file(path);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if is_csv(&file) || is_workbook(&file) {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        let right = "there is no CSV or XLSX file in this folder".to_owned();
        return Err(ImportError::Format { file: path.display().to_string(), right });
    }
    let mut found = Vec::new();
    for file in files {
        found.extend(in_file(&file)?);
    }
    Ok(found)
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|own| own.eq_ignore_ascii_case(ending))
}

fn is_csv(path: &Path) -> bool {
    has_ending(path, "csv")
}

fn is_workbook(path: &Path) -> bool {
    // A spreadsheet's own lock file beside the workbook that it has open.
    let is_lock = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("~$"));
    has_ending(path, "xlsx") && !is_lock
}

fn in_file(path: &Path) -> Result<Found, ImportError> {
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    if is_workbook(path) {
        let sheets = xlsx::sheet_names(path, &name)?;
        if sheets.is_empty() {
            return Err(ImportError::Format { file: name, right: "no sheet of the workbook has a cell".to_owned() });
        }
        return Ok(sheets
            .into_iter()
            .map(|sheet| Source::open(path, format!("{name}!{sheet}"), Some(sheet)))
            .collect());
    }
    if is_csv(path) {
        return Ok(vec![Source::open(path, name, None)]);
    }
    Err(ImportError::Format { file: name, right: "only files that end in .csv and .xlsx are imported".to_owned() })
}

impl Source {
    /// A file of one kind, whatever it is called: a workbook, of which the first sheet with cells is taken, or CSV.
    pub(crate) fn of_kind(kind: Kind, path: &Path) -> Result<Self, ImportError> {
        let mut start = [0_u8; 4];
        let name = kind.name().to_owned();
        let unreadable = |error| ImportError::Unreadable { file: kind.name().to_owned(), error };
        let read = fs::File::open(path).and_then(|mut file| file.read(&mut start)).map_err(unreadable)?;
        let sheet = match start.get(..read) {
            Some(b"PK\x03\x04") => {
                let first = xlsx::sheet_names(path, &name)?.into_iter().next();
                let right = || "no sheet of the workbook has a cell".to_owned();
                Some(first.ok_or_else(|| ImportError::Format { file: name.clone(), right: right() })?)
            }
            _ => None,
        };
        Self::opened(kind, path, sheet.clone().unwrap_or(name), sheet)
    }

    fn open(path: &Path, name: String, sheet: Option<String>) -> Result<Self, ImportError> {
        let called = sheet
            .clone()
            .unwrap_or_else(|| path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned()));
        let Some(kind) = Kind::named(&called) else {
            let kinds = Kind::ALL.map(Kind::name).join(", ");
            let what = if sheet.is_some() { "a sheet" } else { "a file" };
            let right =
                format!("what its rows are is not known; {what} is named by one of {kinds}, alone or at the end");
            return Err(ImportError::Format { file: name, right });
        };
        Self::opened(kind, path, name, sheet)
    }

    fn opened(kind: Kind, path: &Path, name: String, sheet: Option<String>) -> Result<Self, ImportError> {
        let size = fs::metadata(path).map_or(0, |about| about.len());
        let mut source = Self { kind, name, size, path: path.to_owned(), sheet, header_line: 0, columns: Vec::new() };
        source.read_header()?;
        Ok(source)
    }

    fn read_header(&mut self) -> Result<(), ImportError> {
        for row in self.raw_rows()? {
            let row = row?;
            if row.is_blank() {
                continue;
            }
            self.header_line = row.line;
            self.columns = header(self.kind, &row).map_err(|wrong| ImportError::Columns {
                file: self.name.clone(),
                line: row.line,
                wrong,
                columns: self.kind.described_columns(),
            })?;
            return Ok(());
        }
        let right = format!("it is empty; its first line names the columns {}", self.kind.described_columns());
        Err(ImportError::Format { file: self.name.clone(), right })
    }

    fn raw_rows(&self) -> Result<RawRows, ImportError> {
        Ok(match &self.sheet {
            Some(sheet) => Box::new(xlsx::rows(&self.path, &self.name, sheet).into_iter()),
            None => Box::new(CsvRows::open(&self.path, &self.name)?),
        })
    }

    /// The rows below the header that are not blank.
    pub(crate) fn rows(&self) -> Result<RawRows, ImportError> {
        let header_line = self.header_line;
        let is_row = move |row: &Result<RawRow, ImportError>| {
            row.as_ref().map_or(true, |row| row.line > header_line && !row.is_blank())
        };
        Ok(Box::new(self.raw_rows()?.filter(is_row)))
    }

    /// The cells of a row by their columns; wrong where the row does not fit the header.
    pub(crate) fn cells<'a>(&'a self, row: &'a RawRow) -> Result<Cells<'a>, Fault> {
        let cells = Cells { columns: &self.columns, row };
        if let [Err(wrong)] = row.cells.as_slice() {
            return Err(Fault { column: None, cell: None, wrong: wrong.clone() });
        }
        for (place, cell) in row.cells.iter().enumerate() {
            let is_named = self.columns.get(place).is_some_and(Option::is_some);
            if !is_named && cell.as_ref().map_or(true, |text| !text.trim().is_empty()) {
                let wrong = Wrong::new("CELLS", "the cell stands under no column", "as many cells as the header has");
                return Err(Fault { column: None, cell: Some(cell_name(place, row.line)), wrong });
            }
        }
        // A spreadsheet leaves out what is empty at the end of a row; a CSV file does not.
        if self.sheet.is_none() && row.cells.len() < self.columns.len() {
            let reason = format!("the row has {} cells, the header {}", row.cells.len(), self.columns.len());
            let wrong = Wrong::new("CELLS", reason, "as many cells as the header has");
            return Err(Fault { column: None, cell: None, wrong });
        }
        Ok(cells)
    }
}

/// The columns of a header, or what is wrong with it.
fn header(kind: Kind, row: &RawRow) -> Result<Vec<Option<&'static str>>, String> {
    let mut columns: Vec<Option<&'static str>> = Vec::new();
    for cell in &row.cells {
        let text = cell.as_ref().map_err(|wrong| wrong.reason.clone())?;
        let name = text.trim().to_lowercase().replace([' ', '-'], "_");
        if name.is_empty() {
            columns.push(None);
            continue;
        }
        let Some((known, _)) = kind.columns().iter().find(|(known, _)| *known == name) else {
            let hint = if name.contains([';', '\t']) { ", which is not separated by commas" } else { "" };
            return Err(format!("there is no column {:?}{hint}", text.trim()));
        };
        if columns.contains(&Some(known)) {
            return Err(format!("the column {known} is there twice"));
        }
        columns.push(Some(known));
    }
    let missing = kind.columns().iter().filter(|(name, is_needed)| *is_needed && !columns.contains(&Some(name)));
    let missing: Vec<&str> = missing.map(|(name, _)| *name).collect();
    if missing.is_empty() { Ok(columns) } else { Err(format!("without {}", missing.join(", "))) }
}

/// What is wrong with a row, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) column: Option<&'static str>,
    pub(crate) cell: Option<String>,
    pub(crate) wrong: Wrong,
}

/// The cells of a row by the names of their columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cells<'a> {
    columns: &'a [Option<&'static str>],
    row: &'a RawRow,
}

impl Cells<'_> {
    pub(crate) fn fault(&self, column: &'static str, wrong: Wrong) -> Fault {
        let place = self.columns.iter().position(|own| *own == Some(column));
        Fault { column: Some(column), cell: place.map(|place| cell_name(place, self.row.line)), wrong }
    }

    fn text(&self, column: &'static str) -> Result<&str, Wrong> {
        let place = self.columns.iter().position(|own| *own == Some(column));
        let text = match place.and_then(|place| self.row.cells.get(place)) {
            None => return Ok(""),
            Some(cell) => cell.as_ref().map_err(Clone::clone)?.trim(),
        };
        if text.chars().any(char::is_control) {
            let reason = "the cell holds a line break or another control character";
            return Err(Wrong::new("TEXT", reason, "one line of plain text"));
        }
        if is_formula(text) {
            return Err(Wrong::new("FORMULA", format!("the cell holds the formula {text}"), "its value, typed in"));
        }
        Ok(text)
    }

    /// What a cell means; nothing where it is empty.
    pub(crate) fn optional<T>(
        &self,
        column: &'static str,
        read: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Result<Option<T>, Fault> {
        let meant = self.text(column).and_then(|text| if text.is_empty() { Ok(None) } else { read(text).map(Some) });
        meant.map_err(|wrong| self.fault(column, wrong))
    }

    /// What a cell means that may not be empty.
    pub(crate) fn required<T>(
        &self,
        column: &'static str,
        read: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Result<T, Fault> {
        let meant = self.optional(column, read)?;
        meant.ok_or_else(|| self.fault(column, Wrong::new("EMPTY", "the cell is empty", "a value")))
    }
}

/// What a spreadsheet calls a cell, such as `C5`.
pub(crate) fn cell_name(place: usize, line: u64) -> String {
    let mut letters = Vec::new();
    let mut rest = place;
    loop {
        letters.push(u8::try_from(rest.rem_euclid(26)).map_or('?', |letter| char::from(b'A'.saturating_add(letter))));
        match rest.div_euclid(26).checked_sub(1) {
            Some(next) => rest = next,
            None => break,
        }
    }
    format!("{}{line}", letters.iter().rev().collect::<String>())
}
