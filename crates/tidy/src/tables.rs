//! Which types the columns of the schema have.

use std::fs;

use crate::workspace::{crates, files, keep, shown};

/// What may begin a line of a table that is no column.
const NOT_COLUMNS: &[&str] = &["primary", "unique", "foreign", "check", "constraint"];

#[test]
fn columns_are_bigint_or_text() {
    let mut found = Vec::new();
    let mut columns = 0;
    for folder in crates() {
        for path in files(&folder.join("migrations"), &[".sql"]) {
            for column in columns_of(&fs::read_to_string(&path).unwrap()) {
                columns += 1;
                if !["bigint", "text"].contains(&column.kind.as_str()) {
                    found.push(format!("{}:{}: {} {}", shown(&path), column.line, column.name, column.kind));
                }
            }
        }
    }
    assert!(columns > 0, "no column was found: the reader of migrations no longer understands them");
    keep(
        "one text of SQL runs on both engines: columns are BIGINT or TEXT",
        "money in paisa, instants in microseconds and flags as BIGINT; dates, ids, enums (with a check) and JSON as TEXT",
        &found,
    );
}

#[derive(Debug, PartialEq)]
struct Column {
    line: usize,
    name: String,
    kind: String,
}

/// The columns that `create table` and `alter table … add` of a migration make.
fn columns_of(sql: &str) -> Vec<Column> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut in_table = false;
    let mut words: Vec<(usize, String)> = Vec::new();
    for (number, line) in sql.to_lowercase().lines().enumerate() {
        let code = line.split("--").next().unwrap_or_default();
        let spaced = code.replace('(', " ( ").replace(')', " ) ").replace(',', " , ").replace(';', " ; ");
        for word in spaced.split_whitespace() {
            let ends_item = depth == 1 && [",", ")"].contains(&word) || depth == 0 && word == ";";
            if ends_item {
                found.extend(column(&words, in_table));
            }
            match word {
                "(" if depth == 0 => {
                    in_table = words.first().is_some_and(|(_, first)| first == "create")
                        && words.iter().any(|(_, word)| word == "table");
                    words.clear();
                }
                _ if ends_item => words.clear(),
                _ => words.push((number + 1, word.to_owned())),
            }
            match word {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                ";" => in_table = false,
                _ => {}
            }
        }
    }
    found
}

fn column(words: &[(usize, String)], in_table: bool) -> Option<Column> {
    let texts: Vec<&str> = words.iter().map(|(_, word)| word.as_str()).collect();
    let (name, kind) = match texts.as_slice() {
        ["alter", "table", _, "add", "column", name, kind, ..] | ["alter", "table", _, "add", name, kind, ..] => {
            (*name, *kind)
        }
        [name, kind, ..] if in_table => (*name, *kind),
        _ => return None,
    };
    let line = words.first()?.0;
    (!NOT_COLUMNS.contains(&name)).then(|| Column { line, name: name.to_owned(), kind: kind.to_owned() })
}

#[test]
fn columns_are_found_where_they_stand() {
    let sql = "create table lines (\n  id text primary key, -- a note, with a comma\n  limit_paisa BIGINT not null check (limit_paisa in (1, 2)),\n\
               \x20 opened date,\n  primary key (id, opened)\n) {clustered};\ncreate index by_date on lines (id, opened);\n\
               alter table lines add column note varchar;\n";
    let found: Vec<_> = columns_of(sql).into_iter().map(|c| format!("{} {} {}", c.line, c.name, c.kind)).collect();
    assert_eq!(found, ["2 id text", "3 limit_paisa bigint", "4 opened date", "8 note varchar"]);
}
