//! Numbers for cycles that are opened many at once.

use std::collections::{BTreeMap, HashMap};

use db::{DbError, Tx, Value, params};
use kernel::VendorId;

use super::cycles::{LANES, number};

/// Draws so many cycle numbers of each vendor, rising. Each lane gives a share, so that few numbers are passed over. One
/// statement.
pub(crate) async fn draw_numbers(
    tx: &mut Tx,
    wanted: &BTreeMap<VendorId, i64>,
) -> Result<HashMap<VendorId, Vec<i64>>, DbError> {
    let lanes = wanted.iter().flat_map(|(vendor, count)| {
        let turns = count.saturating_add(LANES.saturating_sub(1)).div_euclid(LANES);
        (0..LANES).map(move |lane| params![*vendor, format!("CYCLE/{lane}"), turns])
    });
    let sql = "insert into number_blocks (vendor_id, kind, next_number) select v.vendor_id, v.kind, v.turns \
               from {rows 1: vendor_id text, kind text, turns bigint} v where true \
               order by v.vendor_id, v.kind on conflict (vendor_id, kind) \
               do update set next_number = number_blocks.next_number + excluded.next_number \
               returning vendor_id, kind, next_number";
    let mut drawn: HashMap<VendorId, Vec<i64>> = HashMap::new();
    for row in tx.query(sql, params![Value::rows(lanes)]).await? {
        let (vendor, kind, last): (VendorId, String, i64) =
            (row.get("vendor_id")?, row.get("kind")?, row.get("next_number")?);
        let lane = kind.strip_prefix("CYCLE/").and_then(|lane| lane.parse().ok());
        let lane = lane.ok_or(DbError::Decode { column: "kind", expected: "a lane of cycle numbers" })?;
        let count = wanted.get(&vendor).copied().unwrap_or(0);
        let turns = count.saturating_add(LANES.saturating_sub(1)).div_euclid(LANES);
        let first = last.saturating_sub(turns).saturating_add(1);
        drawn.entry(vendor).or_default().extend((first..=last).map(|turn| number(lane, turn)));
    }
    for numbers in drawn.values_mut() {
        numbers.sort_unstable();
    }
    Ok(drawn)
}
