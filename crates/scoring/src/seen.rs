//! Who read a retailer's score: an entry in its audit stream for each reading, by whomever.
//!
//! The entry is durable before anybody is answered. It is written behind the reading in a transaction of its own, so that
//! a score that is computed from the records holds no writer up.

use db::{Db, DbError};
use kernel::{BusinessDate, Context, RetailerId};
use serde_json::{Value, json};

use crate::store::HistoryFilter;

/// What was read of a score.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// The score with its reasons; without a day as it is kept.
    Score(Option<BusinessDate>),
    /// Scores of the history.
    History(HistoryFilter),
    /// The page of the panel: the score as it is kept and the newest of the history.
    Page,
}

impl Part {
    fn told(self) -> Value {
        match self {
            Self::Score(None) => json!({ "part": "SCORE" }),
            Self::Score(Some(on)) => json!({ "part": "SCORE", "on": on }),
            Self::History(HistoryFilter { from, to }) => json!({ "part": "HISTORY", "from": from, "to": to }),
            Self::Page => json!({ "part": "PAGE" }),
        }
    }
}

/// Records that the context's actor has read it.
pub(crate) async fn record(db: &Db, cx: Context, retailer: RetailerId, part: Part) -> Result<(), DbError> {
    let entry = audit::Entry::new(&cx, retailer, "score.read", retailer).after(part.told());
    db.write(async move |tx| audit::record(tx, vec![entry.clone()]).await).await
}
