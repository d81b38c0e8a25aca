//! Every statement of scores.

use std::collections::HashMap;

use db::{DbError, Row, Tx, Value, params, text_enum};
use kernel::{BusinessDate, Instant, Page, PageRequest, RetailerId};

use crate::rules::{Facts, Score};

text_enum! {
    /// Why a score was computed.
    pub enum Cause {
        /// A day began.
        Daily = "DAILY",
        /// Something happened: a delivery, a repayment, its reversal, a limit.
        Event = "EVENT",
    }
}

/// A retailer's score as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Whose it is.
    pub retailer: RetailerId,
    /// What it was computed from.
    pub facts: Facts,
    /// The score.
    pub score: Score,
    /// When it was computed.
    pub at: Instant,
}

/// A score of the history: that of a day and of the days after it up to the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// The day.
    pub on: BusinessDate,
    /// The score.
    pub score: Score,
    /// Why it was computed.
    pub cause: Cause,
    /// When it was computed.
    pub at: Instant,
}

/// The scores of retailers as they are kept. One statement.
pub async fn kept(tx: &mut Tx, retailers: &[RetailerId]) -> Result<HashMap<RetailerId, Kept>, DbError> {
    let sql = "select s.retailer_id, s.facts, s.computed_at from credit_scores s where s.retailer_id in {1}";
    let read = |row: &Row| {
        let text: String = row.get("facts")?;
        let facts = serde_json::from_str(&text).map_err(|_| DbError::Decode { column: "facts", expected: "facts" })?;
        let kept =
            Kept { retailer: row.get("retailer_id")?, score: Score::of(&facts), facts, at: row.get("computed_at")? };
        Ok((kept.retailer, kept))
    };
    tx.query(sql, params![Value::list(retailers)]).await?.iter().map(read).collect()
}

/// When the scores of these retailers were computed, their rows locked by a writer; one without a score is absent. One
/// statement.
pub(crate) async fn computed_at(
    tx: &mut Tx,
    retailers: &[RetailerId],
) -> Result<HashMap<RetailerId, Instant>, DbError> {
    let sql = "select s.retailer_id, s.computed_at from credit_scores s where s.retailer_id in {1} \
               order by s.retailer_id {lock s}";
    let rows = tx.query(sql, params![Value::list(retailers)]).await?;
    rows.iter().map(|row| Ok((row.get("retailer_id")?, row.get("computed_at")?))).collect()
}

/// Keeps scores in the place of those that were kept. One statement, which waits for no answer.
pub(crate) async fn keep(tx: &mut Tx, scores: &[Kept]) -> Result<(), DbError> {
    let row = |kept: &Kept| {
        params![
            kept.retailer,
            kept.facts.on,
            kept.score.score,
            kept.score.band(),
            i64::from(kept.score.is_thin),
            serde_json::json!(kept.facts).to_string(),
            kept.at
        ]
    };
    let sql = "insert into credit_scores (retailer_id, on_date, score, band, is_thin, facts, computed_at) \
               select v.retailer_id, v.on_date, v.score, v.band, v.is_thin, v.facts, v.computed_at from \
               {rows 1: retailer_id text, on_date text, score bigint, band text, is_thin bigint, facts text, computed_at bigint} v \
               where true on conflict (retailer_id) do update set on_date = excluded.on_date, score = excluded.score, \
               band = excluded.band, is_thin = excluded.is_thin, facts = excluded.facts, computed_at = excluded.computed_at";
    tx.exec(sql, params![Value::rows(scores.iter().map(row))]).await
}

fn past(row: &Row) -> Result<Past, DbError> {
    let values = [row.get("payment_value")?, row.get("debt_value")?, row.get("volume_value")?, row.get("age_value")?];
    let score = Score { score: row.get("score")?, is_thin: row.get::<i64>("is_thin")? != 0, values };
    Ok(Past { on: row.get("on_date")?, score, cause: row.get("cause")?, at: row.get("computed_at")? })
}

/// The last score of each retailer's history before a day. One statement.
pub(crate) async fn before(
    tx: &mut Tx,
    retailers: &[RetailerId],
    day: BusinessDate,
) -> Result<HashMap<RetailerId, Past>, DbError> {
    let sql = "select h.* from {rows 1: retailer_id text} v join credit_score_history h \
               on h.retailer_id = v.retailer_id and h.on_date = (select max(n.on_date) from credit_score_history n \
               where n.retailer_id = v.retailer_id and n.on_date < $2)";
    let rows = Value::rows(retailers.iter().map(|id| params![*id]));
    tx.query(sql, params![rows, day]).await?.iter().map(|row| Ok((row.get("retailer_id")?, past(row)?))).collect()
}

/// Writes a day of the history anew: what was written of it for these retailers goes, and the scores that are given
/// come. Two statements, which wait for no answer.
pub(crate) async fn write_day(
    tx: &mut Tx,
    retailers: &[RetailerId],
    day: BusinessDate,
    scores: impl Iterator<Item = &Kept>,
    cause: Cause,
) -> Result<(), DbError> {
    let sql = "delete from credit_score_history where retailer_id in {1} and on_date = $2";
    tx.exec(sql, params![Value::list(retailers), day]).await?;
    let columns = &[
        "retailer_id",
        "on_date",
        "score",
        "is_thin",
        "payment_value",
        "debt_value",
        "volume_value",
        "age_value",
        "cause",
        "computed_at",
    ];
    let row = |kept: &Kept| {
        let [payment, debt, volume, age] = kept.score.values;
        let (score, is_thin) = (kept.score.score, i64::from(kept.score.is_thin));
        params![kept.retailer, day, score, is_thin, payment, debt, volume, age, cause, kept.at]
    };
    tx.insert_many("credit_score_history", columns, scores.map(row).collect()).await
}

/// Which days of a history are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistoryFilter {
    /// Not before this day.
    pub from: Option<BusinessDate>,
    /// Not behind this day.
    pub to: Option<BusinessDate>,
}

/// A retailer's scores, the newest first; the cursor is the last day. One statement.
pub async fn history(
    tx: &mut Tx,
    retailer: RetailerId,
    filter: HistoryFilter,
    page: &PageRequest,
) -> Result<Page<Past>, DbError> {
    let sql = "select h.* from credit_score_history h where h.retailer_id = $1 and h.on_date >= $2 and h.on_date <= $3 \
               and h.on_date < $4 order by h.on_date desc limit $5";
    // Behind every date there is a tilde.
    let date = |date: Option<BusinessDate>, otherwise: &str| date.map_or(otherwise.to_owned(), |date| date.to_string());
    let after = page.after.clone().unwrap_or_else(|| "~".to_owned());
    let values = params![retailer, date(filter.from, ""), date(filter.to, "~"), after, page.limit.saturating_add(1)];
    let found = tx.query(sql, values).await?.iter().map(past).collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(found, page, |past: &Past| past.on.to_string()))
}
