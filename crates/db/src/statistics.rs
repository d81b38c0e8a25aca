//! What SQLite's planner is told about the tables: assumptions, the same in every file.
//!
//! Without statistics SQLite takes any key whose first column is given to find about ten rows, and so prefers a
//! primary key of which it knows one column to an index of which it knows all: "the repayments of this payment" walked
//! through all repayments of the shop. Statistics of the file's own rows would mend that once there are rows, and let
//! plans change under way. So each key is described as it will be in a grown file, by the names of its columns
//! (<https://sqlite.org/lang_analyze.html#fixed_results_of_analyze>).

use std::fmt::Write as _;

use crate::error::DbError;
use crate::params;
use crate::tx::Tx;

/// Rows of a table, and of an index with a condition.
const ROWS: u64 = 1_000_000;
const ROWS_ON_CONDITION: u64 = 10_000;

/// Every column of every key, in their order.
const KEYS: &str = "select t.name as tbl, i.name as idx, i.origin, i.\"unique\" as is_unique, i.partial, \
     t.sql like '%without rowid%' as is_clustered, coalesce(c.name, 'computed_on') as col \
     from sqlite_schema t, pragma_index_list(t.name) i, pragma_index_info(i.name) c \
     where t.type = 'table' and t.name not like 'sqlite_%' order by t.name, i.seq, c.seqno";

/// How many values a column has in a grown file; an expression, which has no name, has as many as a day.
fn values(column: &str) -> u64 {
    match column {
        "vendor_id" => 20,
        "retailer_id" => 5_000,
        column if column == "id" || column.ends_with("_id") => 200_000,
        column if column.ends_with("_at") || column.ends_with("_on") => 50_000,
        "seq" | "number" | "code" | "key" | "reference_key" | "unique_key" | "phone" | "address" | "stream" => 50_000,
        _ => 5,
    }
}

/// One key and, for each number of its leading columns, the rows that one value of them finds.
struct Key {
    table: String,
    name: String,
    is_unique: bool,
    rows: u64,
    columns: Vec<String>,
}

impl Key {
    /// The row of `sqlite_stat1`.
    fn described(&self) -> String {
        let (mut text, mut left) = (self.rows.to_string(), self.rows);
        for (place, column) in self.columns.iter().enumerate() {
            let is_whole = self.is_unique && place.saturating_add(1) == self.columns.len();
            left = if is_whole { 1 } else { left.checked_div(values(column)).unwrap_or(1).max(2) };
            let _ = write!(text, " {left}");
        }
        // A key whose first column is not given is never the right one here.
        text.push_str(" noskipscan");
        text
    }
}

/// Describes every key anew, after the schema has changed.
pub(crate) async fn assume(tx: &mut Tx) -> Result<(), DbError> {
    let mut keys: Vec<Key> = Vec::new();
    for row in tx.query(KEYS, params![]).await? {
        let (table, index): (String, String) = (row.get("tbl")?, row.get("idx")?);
        let is_table = row.get::<i64>("is_clustered")? == 1 && row.get::<String>("origin")? == "pk";
        let (name, column) = (if is_table { table.clone() } else { index }, row.get("col")?);
        match keys.last_mut().filter(|key| key.table == table && key.name == name) {
            Some(key) => key.columns.push(column),
            None => keys.push(Key {
                table,
                name,
                is_unique: row.get::<i64>("is_unique")? == 1,
                rows: if row.get::<i64>("partial")? == 1 { ROWS_ON_CONDITION } else { ROWS },
                columns: vec![column],
            }),
        }
    }
    // The first makes the table, the last lets this connection read it; others read it with the changed schema.
    tx.batch("analyze sqlite_schema".to_owned())?;
    tx.batch("delete from sqlite_stat1".to_owned())?;
    for key in &keys {
        let row = params![key.table.clone(), key.name.clone(), key.described()];
        tx.exec("insert into sqlite_stat1 (tbl, idx, stat) values ($1, $2, $3)", row).await?;
    }
    tx.batch("analyze sqlite_schema".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_narrows_by_each_of_its_columns_and_a_unique_one_to_a_single_row() {
        let columns = ["retailer_id", "status", "id"].map(str::to_owned).to_vec();
        let (table, name) = ("t".to_owned(), "t".to_owned());
        let mut key = Key { table, name, is_unique: true, rows: ROWS, columns };
        assert_eq!(key.described(), "1000000 200 40 1 noskipscan");
        (key.is_unique, key.rows) = (false, ROWS_ON_CONDITION);
        assert_eq!(key.described(), "10000 2 2 2 noskipscan");
    }
}
