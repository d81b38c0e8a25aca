//! Every statement of insights.

use std::collections::HashMap;

use db::{DbError, Row, Tx, Value, params};
use kernel::{Instant, RetailerId};

use super::{Figures, Insight, KeptOverview, Overview};
use crate::rules::Band;

fn json<T: serde::de::DeserializeOwned>(row: &Row) -> Result<T, DbError> {
    let text: String = row.get("figures")?;
    serde_json::from_str(&text).map_err(|_| DbError::Decode { column: "figures", expected: "figures" })
}

/// Keeps figures in the place of those that were kept. One statement, which waits for no answer.
pub(crate) async fn keep(tx: &mut Tx, figures: &[(RetailerId, Figures)], at: Instant) -> Result<(), DbError> {
    let rows = figures.iter().map(|(retailer, figures)| params![*retailer, serde_json::json!(figures).to_string(), at]);
    let sql = "insert into insights (retailer_id, figures, computed_at) select v.retailer_id, v.figures, v.computed_at \
               from {rows 1: retailer_id text, figures text, computed_at bigint} v where true \
               on conflict (retailer_id) do update set figures = excluded.figures, computed_at = excluded.computed_at";
    tx.exec(sql, params![Value::rows(rows)]).await
}

/// Keeps the overview in the place of the one that was kept. Waits for no answer.
pub(super) async fn keep_overview(tx: &mut Tx, overview: &Overview, at: Instant) -> Result<(), DbError> {
    let sql = "insert into system_insights (id, figures, computed_at) values (1, $1, $2) \
               on conflict (id) do update set figures = excluded.figures, computed_at = excluded.computed_at";
    tx.exec(sql, params![serde_json::json!(overview).to_string(), at]).await
}

pub(super) async fn insight(tx: &mut Tx, retailer: RetailerId) -> Result<Option<Insight>, DbError> {
    let sql = "select i.figures, i.computed_at from insights i where i.retailer_id = $1";
    let row = tx.query_opt(sql, params![retailer]).await?;
    row.map(|row| Ok(Insight { retailer_id: retailer, figures: json(&row)?, computed_at: row.get("computed_at")? }))
        .transpose()
}

pub(super) async fn overview(tx: &mut Tx) -> Result<Option<KeptOverview>, DbError> {
    let row = tx.query_opt("select s.figures, s.computed_at from system_insights s where s.id = 1", params![]).await?;
    row.map(|row| Ok(KeptOverview { overview: json(&row)?, computed_at: row.get("computed_at")? })).transpose()
}

/// How many retailers have a score of each band. One statement.
pub(super) async fn bands(tx: &mut Tx) -> Result<HashMap<Band, i64>, DbError> {
    let sql = "select s.band, cast(count(*) as bigint) as retailers from credit_scores s group by s.band";
    tx.query(sql, params![]).await?.iter().map(|row| Ok((row.get("band")?, row.get("retailers")?))).collect()
}
