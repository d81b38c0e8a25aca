//! Whoever changes books, positions, cycles or the audit log behind the house's back is found out by `verify`, and the
//! place is named.

use db::{DbError, Engine, Value, params};
use indicatif::ProgressBar;
use ledger::Part;

use super::trade::Trade;

async fn findings(trade: &Trade, part: Part) -> Vec<String> {
    khaacho::verify::run(&trade.t.db, part, &ProgressBar::hidden()).await.unwrap().findings
}

async fn meddle(trade: &Trade, sql: String) {
    let sql: &'static str = String::leak(sql);
    let done: Result<(), DbError> = trade.t.db.write(async move |tx| tx.exec(sql, params![]).await).await;
    done.unwrap();
}

async fn one(trade: &Trade, sql: &'static str) -> db::Row {
    trade.t.db.read::<_, DbError, _>(async move |tx| tx.query_one(sql, params![]).await).await.unwrap()
}

/// Every column of a table, and whether it holds texts.
async fn columns(trade: &Trade, table: &'static str) -> Vec<(String, bool)> {
    let sql = match trade.t.db.engine() {
        Engine::Sqlite => "select name, type from pragma_table_info($1) order by cid",
        Engine::Postgres => {
            "select cast(column_name as text) as name, cast(data_type as text) as type \
             from information_schema.columns where table_name = $1 and table_schema = current_schema() \
             order by ordinal_position"
        }
    };
    let rows = trade.t.db.read::<_, DbError, _>(async move |tx| tx.query(sql, params![table]).await).await.unwrap();
    let column = |row: &db::Row| {
        (row.get::<String>("name").unwrap(), row.get::<String>("type").unwrap().eq_ignore_ascii_case("text"))
    };
    rows.iter().map(column).collect()
}

testkit::both_engines! {
    async fn a_position_and_a_cycle_that_drifted_are_named(t: TestDb) {
        let mut trade = Trade::open(t, 5).await;
        for _ in 0..40 {
            trade.day().await;
        }
        assert_eq!(findings(&trade, Part::All).await, Vec::<String>::new());
        let row = one(&trade, "select l.retailer_id, l.vendor_id, c.number from credit_lines l join cycles c \
                               on c.retailer_id = l.retailer_id and c.vendor_id = l.vendor_id \
                               where c.outstanding_paisa > 200 order by c.id limit 1").await;
        let (retailer, vendor, number) =
            (row.get::<String>("retailer_id").unwrap(), row.get::<String>("vendor_id").unwrap(), row.get::<String>("number").unwrap());
        let line = format!("the line of {retailer} with {vendor}");
        let of_line = format!("retailer_id = '{retailer}' and vendor_id = '{vendor}'");
        let cases = [
            ("credit_lines", "outstanding_paisa", "+ 100", "as outstanding"),
            ("credit_lines", "outstanding_paisa", "- 100", "as outstanding"),
            ("credit_lines", "reserved_paisa", "+ 1", "as reserved"),
            ("credit_lines", "position_seq", "+ 1", "is at event"),
            ("cycles", "outstanding_paisa", "- 100", "open cycles"),
            ("cycles", "outstanding_paisa", "+ 100", "open cycles"),
            ("cycles", "principal_paisa", "+ 100", "does not agree with its"),
            ("cycles", "repaid_paisa", "+ 100", "does not agree with its"),
            ("cycles", "discount_paisa", "+ 100", "does not agree with its"),
            ("cycles", "interest_paisa", "+ 100", "does not agree with its"),
        ];
        let parts = [Part::All, Part::Vendor(vendor.parse().unwrap()), Part::Retailer(retailer.parse().unwrap()),
                     Part::Book((retailer.parse().unwrap(), vendor.parse().unwrap()))];
        for (table, column, change, words) in cases {
            let place = if table == "cycles" { format!("number = '{number}'") } else { of_line.clone() };
            meddle(&trade, format!("update {table} set {column} = {column} {change} where {place}")).await;
            for part in parts {
                let found = findings(&trade, part).await;
                let is_named = found.iter().any(|finding| finding.contains(&line) && finding.contains(words));
                assert!(is_named, "{table}.{column} {change} in {part:?}: {found:?}");
                assert!(found.iter().all(|finding| finding.contains(&line)), "nothing else: {found:?}");
            }
            let back = if change.starts_with('+') { change.replace('+', "-") } else { change.replace('-', "+") };
            meddle(&trade, format!("update {table} set {column} = {column} {back} where {place}")).await;
        }
        assert_eq!(findings(&trade, Part::All).await, Vec::<String>::new());
        // Another line is not touched by what is wrong with this one.
        let other = trade.lines.iter().find(|(_, own, _)| own.to_string() != retailer).unwrap();
        meddle(&trade, format!("update credit_lines set reserved_paisa = 1 where {of_line}")).await;
        assert_eq!(findings(&trade, Part::Book((other.1, other.2))).await, Vec::<String>::new());
    }

    async fn what_an_order_says_arrived_is_counted_anew(t: TestDb) {
        let mut trade = Trade::open(t, 8).await;
        for _ in 0..10 {
            trade.day().await;
        }
        let row = one(&trade, "select o.id, o.delivered_paisa from orders o where o.delivered_paisa > 100 order by o.id limit 1").await;
        let (order, paisa): (String, i64) = (row.get("id").unwrap(), row.get("delivered_paisa").unwrap());
        let shown = |paisa| kernel::Money::from_paisa(paisa).to_string();
        for (change, kept, counted) in [
            (format!("delivered_paisa = {}", paisa + 1), shown(paisa + 1), shown(paisa)),
            ("delivered_paisa = null".to_owned(), "nothing".to_owned(), shown(paisa)),
            (format!("delivered_paisa = {paisa}, state = 'DISPATCHED'"), shown(paisa), "nothing".to_owned()),
        ] {
            meddle(&trade, format!("update orders set {change} where id = '{order}'")).await;
            let expected = format!("{order} keeps {kept} as delivered, its lines come to {counted}");
            assert_eq!(findings(&trade, Part::All).await, [expected]);
        }
        meddle(&trade, format!("update orders set state = 'DELIVERED' where id = '{order}'")).await;
        assert_eq!(findings(&trade, Part::All).await, Vec::<String>::new());
    }

    async fn a_hold_for_nothing_is_named(t: TestDb) {
        let mut trade = Trade::open(t, 6).await;
        for _ in 0..10 {
            trade.day().await;
        }
        let row = one(&trade, "select r.id, r.order_id, r.retailer_id, r.vendor_id, r.amount_paisa from reservations r \
                               order by r.id limit 1").await;
        let text = |column: &'static str| row.get::<String>(column).unwrap();
        let of_line = format!("retailer_id = '{}' and vendor_id = '{}'", text("retailer_id"), text("vendor_id"));
        let amount: i64 = row.get("amount_paisa").unwrap();
        // A hold that somebody revives keeps the line's sums right, and still belongs to nothing.
        meddle(&trade, format!("update reservations set state = 'ACTIVE' where id = '{}'", text("id"))).await;
        meddle(&trade, format!("update credit_lines set reserved_paisa = reserved_paisa + {amount} where {of_line}")).await;
        let found = findings(&trade, Part::All).await;
        let expected = format!("reservation {} on the line of {}", text("id"), text("retailer_id"));
        assert!(found.len() == 1 && found[0].starts_with(&expected) && found[0].contains(&text("order_id")), "{found:?}");
    }

    async fn a_change_of_any_column_of_an_audit_entry_is_named(t: TestDb) {
        let mut trade = Trade::open(t, 7).await;
        for _ in 0..10 {
            trade.day().await;
        }
        let stream = trade.lines[0].1.to_string();
        let all = columns(&trade, "audit_entries").await;
        assert_eq!(all.len(), 12, "{all:?}");
        for (column, is_text) in all {
            let place = format!("stream = '{stream}' and seq = 2");
            let sql: &'static str = String::leak(format!("select {column} as kept from audit_entries where {place}"));
            let row = one(&trade, sql).await;
            let kept = if is_text { row.get::<Option<String>>("kept").unwrap().into() } else { Value::from(row.get::<i64>("kept").unwrap()) };
            let literal = |value: &Value| match value {
                Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
                Value::Int(number) => number.to_string(),
                _ => "null".to_owned(),
            };
            let changed = match &kept {
                Value::Text(text) => Value::from(format!("{text}x")),
                Value::Int(number) => Value::from(number + 1_000),
                _ => Value::from(""),
            };
            meddle(&trade, format!("update audit_entries set {column} = {} where {place}", literal(&changed))).await;
            let found = findings(&trade, Part::All).await;
            let is_named = found.iter().any(|finding| finding.starts_with(&format!("audit {stream}: entry 2 "))
                || finding.starts_with(&format!("audit {stream}: the content of entry 2 ")));
            assert!(is_named, "{column}: {found:?}");
            let own = findings(&trade, Part::Retailer(trade.lines[0].1)).await;
            assert!(own.iter().any(|finding| finding.contains(&stream)), "{column}: {own:?}");
            let place = match column.as_str() {
                "stream" => format!("stream = '{stream}x' and seq = 2"),
                "seq" => format!("stream = '{stream}' and seq = 1002"),
                _ => place,
            };
            meddle(&trade, format!("update audit_entries set {column} = {} where {place}", literal(&kept))).await;
            assert_eq!(findings(&trade, Part::All).await, Vec::<String>::new(), "{column}");
        }
        meddle(&trade, format!("delete from audit_entries where stream = '{stream}' and seq = 1")).await;
        let found = findings(&trade, Part::All).await;
        assert_eq!(found, [format!("audit {stream}: entry 1 is missing; 2 stands in its place")]);
    }
}
