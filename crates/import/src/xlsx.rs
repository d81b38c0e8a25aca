//! Rows of a workbook's sheet, read cell by cell on a thread of their own, a few hundred rows ahead.
//!
//! Only the texts that the workbook shares between its cells are held whole. What a cell shows is taken by its value: a
//! number as its shortest decimal text, a date as `YYYY-MM-DD`. A formula is refused, whatever its last result was.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use calamine::{DataRef, Reader as _, Xlsx, XlsxCellFormula};

use crate::cells::Wrong;
use crate::source::{ImportError, RawRow};

/// Rows that wait to be taken.
const ROWS_AHEAD: usize = 256;
/// Columns that are looked at; what lies further right is nothing of ours.
const MOST_COLUMNS: u32 = 100;

type Book = Xlsx<BufReader<File>>;

fn open(path: &Path, name: &str) -> Result<Book, ImportError> {
    calamine::open_workbook(path).map_err(|error: calamine::XlsxError| broken(name, &error))
}

fn broken(name: &str, error: &calamine::XlsxError) -> ImportError {
    ImportError::Format { file: name.to_owned(), right: format!("it is no workbook that can be read ({error})") }
}

/// The names of the sheets that have cells.
pub(crate) fn sheet_names(path: &Path, name: &str) -> Result<Vec<String>, ImportError> {
    let mut book = open(path, name)?;
    let mut found = Vec::new();
    for sheet in book.sheet_names() {
        let mut cells = book.worksheet_cells_reader(&sheet).map_err(|error| broken(name, &error))?;
        if cells.next_cell().map_err(|error| broken(name, &error))?.is_some() {
            found.push(sheet);
        }
    }
    Ok(found)
}

/// The rows of a sheet.
pub(crate) fn rows(path: &Path, name: &str, sheet: &str) -> Receiver<Result<RawRow, ImportError>> {
    let (sender, receiver) = sync_channel(ROWS_AHEAD);
    let (path, name, sheet): (PathBuf, _, _) = (path.to_owned(), name.to_owned(), sheet.to_owned());
    std::thread::spawn(move || {
        if let Err(error) = send_rows(&path, &name, &sheet, &sender) {
            // Nobody listens where the import has ended already.
            let _ = sender.send(Err(error));
        }
    });
    receiver
}

fn send_rows(
    path: &Path,
    name: &str,
    sheet: &str,
    sender: &SyncSender<Result<RawRow, ImportError>>,
) -> Result<(), ImportError> {
    let mut book = open(path, name)?;
    let mut reader = book.worksheet_cells_reader(sheet).map_err(|error| broken(name, &error))?;
    let mut row = RawRow { line: 0, read: 0, cells: Vec::new() };
    while let Some(cell) = reader.next_cell_with_formula().map_err(|error| broken(name, &error))? {
        let (number, column) = cell.pos;
        let line = u64::from(number).saturating_add(1);
        if line != row.line {
            let done = std::mem::replace(&mut row, RawRow { line, read: 0, cells: Vec::new() });
            if done.line > 0 && sender.send(Ok(done)).is_err() {
                return Ok(());
            }
        }
        if column < MOST_COLUMNS {
            let place = usize::try_from(column).unwrap_or(usize::MAX);
            if row.cells.len() <= place {
                row.cells.resize(place.saturating_add(1), Ok(String::new()));
            }
            if let Some(slot) = row.cells.get_mut(place) {
                *slot = shown(&cell);
            }
        }
    }
    if row.line > 0 {
        let _ = sender.send(Ok(row));
    }
    Ok(())
}

/// What a cell shows, as text.
fn shown(cell: &XlsxCellFormula<'_>) -> Result<String, Wrong> {
    if let Some(formula) = &cell.formula {
        return Err(Wrong::new("FORMULA", format!("the cell holds the formula ={formula}"), "its value, typed in"));
    }
    match &cell.value {
        DataRef::Empty => Ok(String::new()),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Ok(text.clone()),
        DataRef::SharedString(text) => Ok((*text).to_owned()),
        DataRef::Int(number) => Ok(number.to_string()),
        DataRef::Float(number) => Ok(number.to_string()),
        DataRef::Bool(truth) => Ok(truth.to_string()),
        DataRef::DateTime(moment) => match moment.to_ymd_hms_milli() {
            (year, month, day, 0, 0, 0, 0) if moment.is_datetime() => Ok(format!("{year:04}-{month:02}-{day:02}")),
            _ => Err(Wrong::new("DATE", "the cell holds a time", "a date without a time of day")),
        },
        DataRef::Error(error) => {
            Err(Wrong::new("CELL", format!("the cell holds the error {error}"), "the value itself"))
        }
    }
}
