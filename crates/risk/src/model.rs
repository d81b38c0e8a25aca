//! What the rules did and raised.

use db::text_enum;
use kernel::{ActionId, AlertId, BusinessDate, Context, CycleId, Instant, LineId, Money, RetailerId, VendorId};
use serde::Serialize;

use crate::cause::Cause;
use crate::rules::Category;

text_enum! {
    /// What a rule does by itself.
    pub enum ActionKind {
        /// Pauses a retailer's credit.
        Pause = "PAUSE",
        /// Cuts a line's limit.
        Cut = "CUT",
        /// Gives back what was cut of a line's limit.
        Restore = "RESTORE",
    }
}

text_enum! {
    /// How an action ended.
    pub enum Ending {
        /// The pause lifted by itself when its cause was gone.
        Lifted = "LIFTED",
        /// An operator undid it.
        Undone = "UNDONE",
        /// What was cut was given back.
        Restored = "RESTORED",
        /// Somebody else changed the limit, which counts from then on.
        Overridden = "OVERRIDDEN",
    }
}

/// What a rule did, with all that it decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Action {
    /// Its id.
    pub id: ActionId,
    /// To whom.
    pub retailer_id: RetailerId,
    /// Whose line it changed.
    pub vendor_id: Option<VendorId>,
    /// The line that it changed.
    pub line_id: Option<LineId>,
    /// What.
    pub kind: ActionKind,
    /// By which rule.
    pub category: Category,
    /// By which version of it; 0 is the default.
    pub rule_version: i64,
    /// The cycles that caused it.
    pub cycles: Vec<CycleId>,
    /// The limit before.
    pub before: Option<Money>,
    /// The limit after.
    pub after: Option<Money>,
    /// The version that the line got by it.
    #[serde(skip)]
    pub line_version: Option<i64>,
    /// What it decided on.
    pub cause: Cause,
    /// When.
    pub at: Instant,
    /// When it ended.
    pub ended_at: Option<Instant>,
    /// How.
    pub ended_how: Option<Ending>,
}

text_enum! {
    /// What people did about an alert.
    pub enum AlertState {
        /// Nothing.
        Open = "OPEN",
        /// Somebody has seen it.
        Acknowledged = "ACKNOWLEDGED",
        /// Somebody has dealt with it.
        Resolved = "RESOLVED",
    }
}

/// What a person should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// About whom.
    pub retailer_id: RetailerId,
    /// The rule that raised it.
    pub category: Category,
    /// Its version; 0 is the default.
    pub rule_version: i64,
    /// What people did about it.
    pub state: AlertState,
    /// What it is about.
    pub cause: Cause,
    /// When it was raised.
    pub at: Instant,
    /// When its cause was gone; until then the same cause raises no other.
    pub cause_ended_at: Option<Instant>,
    /// Who has seen it.
    pub acknowledged_by: Option<String>,
    /// When.
    pub acknowledged_at: Option<Instant>,
    /// Who dealt with it.
    pub resolved_by: Option<String>,
    /// When.
    pub resolved_at: Option<Instant>,
    /// What they noted.
    pub note: Option<String>,
    /// Counts the changes, for If-Match.
    pub version: i64,
}

/// How far a clock that is put right may go back without the day's work being done again.
const SET_BACK_MOST_SECONDS: i64 = 24 * 60 * 60;

/// Whether the clock was set back behind this moment by a day or less, so that its day comes again.
pub(crate) fn comes_again(at: Instant, now: Instant) -> bool {
    (1..=SET_BACK_MOST_SECONDS).contains(&at.seconds_since(now))
}

/// The day by which a retailer is judged: today, or the one on which something was done that comes again.
pub(crate) fn judged_on(cx: &Context, earlier: &[Action]) -> BusinessDate {
    let again = earlier.iter().map(|action| action.at).filter(|at| comes_again(*at, cx.now));
    again.map(Instant::business_date).chain([cx.today()]).max().unwrap_or_else(|| cx.today())
}
