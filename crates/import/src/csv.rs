//! Rows of a CSV file, one physical line each: UTF-8, with or without BOM, lines ended by LF or CRLF.
//!
//! No field of an import holds a line break. A quote that is not closed on its line is therefore a mistake of that line
//! alone, its number is always the one an editor shows, and memory holds one line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use crate::cells::Wrong;
use crate::source::{ImportError, RawRow};

/// Bytes that a line may have.
const LONGEST: u64 = 64 * 1024;

/// The lines of a file as rows.
pub(crate) struct CsvRows {
    reader: BufReader<File>,
    name: String,
    line: u64,
    bytes: u64,
}

impl CsvRows {
    pub(crate) fn open(path: &Path, name: &str) -> Result<Self, ImportError> {
        let unreadable = |error| ImportError::Unreadable { file: name.to_owned(), error };
        let mut reader = BufReader::new(File::open(path).map_err(unreadable)?);
        let start = reader.fill_buf().map_err(unreadable)?;
        if start.starts_with(&[0xFF, 0xFE]) || start.starts_with(&[0xFE, 0xFF]) {
            let right = "it is UTF-16; save it as \"CSV UTF-8\"".to_owned();
            return Err(ImportError::Format { file: name.to_owned(), right });
        }
        let bom = if start.starts_with(&[0xEF, 0xBB, 0xBF]) { 3 } else { 0 };
        reader.consume(bom);
        Ok(Self { reader, name: name.to_owned(), line: 0, bytes: 0 })
    }

    fn read(&mut self) -> Result<Option<RawRow>, ImportError> {
        let mut line = Vec::new();
        let unreadable = |error| ImportError::Unreadable { file: self.name.clone(), error };
        let count = (&mut self.reader).take(LONGEST).read_until(b'\n', &mut line).map_err(unreadable)?;
        if count == 0 {
            return Ok(None);
        }
        self.line = self.line.saturating_add(1);
        let mut taken = count;
        let is_too_long = !line.ends_with(b"\n") && u64::try_from(count).is_ok_and(|count| count == LONGEST);
        if is_too_long {
            taken = taken.saturating_add(skip_line(&mut self.reader).map_err(unreadable)?);
        }
        self.bytes = self.bytes.saturating_add(u64::try_from(taken).unwrap_or(0));
        while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            line.pop();
        }
        let cells = if is_too_long {
            vec![Err(Wrong::new("LINE", "the line is longer than 64 KiB", "a row of this file's columns"))]
        } else {
            split(&line)
        };
        Ok(Some(RawRow { line: self.line, read: self.bytes, cells }))
    }
}

impl Iterator for CsvRows {
    type Item = Result<RawRow, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// Passes over what is left of a line.
fn skip_line(reader: &mut impl BufRead) -> std::io::Result<usize> {
    let mut skipped = 0_usize;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(skipped);
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let count = end.map_or(buffer.len(), |end| end.saturating_add(1));
        reader.consume(count);
        skipped = skipped.saturating_add(count);
        if end.is_some() {
            return Ok(skipped);
        }
    }
}

fn split(line: &[u8]) -> Vec<Result<String, Wrong>> {
    if has_open_quote(line) {
        let reason = "a quote is opened and not closed on this line";
        return vec![Err(Wrong::new("QUOTE", reason, "both quotes on one line; no cell holds a line break"))];
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(line.len().clamp(64, 8 * 1024))
        .from_reader(line);
    let mut record = csv::ByteRecord::new();
    match reader.read_byte_record(&mut record) {
        Ok(_) => record.iter().map(decode).collect(),
        Err(error) => vec![Err(Wrong::new("LINE", error.to_string(), "cells between commas"))],
    }
}

/// Whether a quoted cell is still open at the end of a line. A quote inside an unquoted cell is a sign like any other.
fn has_open_quote(line: &[u8]) -> bool {
    #[derive(PartialEq)]
    enum At {
        Start,
        Plain,
        Quoted,
        Quote,
    }
    let after = |at: At, byte: &u8| match (at, byte) {
        (At::Quoted, b'"') => At::Quote,
        (At::Quoted, _) | (At::Start | At::Quote, b'"') => At::Quoted,
        (_, b',') => At::Start,
        _ => At::Plain,
    };
    line.iter().fold(At::Start, after) == At::Quoted
}

fn decode(cell: &[u8]) -> Result<String, Wrong> {
    let text = std::str::from_utf8(cell).map_err(|error| {
        let byte = cell.get(error.valid_up_to()).copied().unwrap_or_default();
        let reason = format!(
            "byte 0x{byte:02X} is not UTF-8; the file, or this line of it, is in another encoding such as Windows-1252"
        );
        Wrong::new("ENCODING", reason, "save the file as \"CSV UTF-8\"")
    })?;
    Ok(text.to_owned())
}
