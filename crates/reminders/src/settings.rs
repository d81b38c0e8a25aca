//! What operators set about reminders.

use audit::Entry;
use db::{DbError, Tx};
use kernel::{BusinessDate, Context};
use serde::{Deserialize, Serialize};

use crate::store;

/// Characters of a reason.
const LONGEST_REASON: usize = 500;

/// What is set, and how far reminders have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Whether what stays overdue is reminded of every week.
    pub weekly: bool,
    /// The last day whose reminders were all written.
    pub ran_on: Option<BusinessDate>,
    /// Counts the changes, for If-Match.
    pub version: i64,
}

/// A change of the settings.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettingsChange {
    /// Whether what stays overdue is reminded of every week.
    pub weekly: bool,
    /// Why; 1 to 500 characters.
    pub reason: String,
}

/// Why a change is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The reason is missing or too long.
    #[error("the reason has 1 to 500 characters")]
    Reason,
    /// Somebody changed them since they were seen.
    #[error("the settings were changed since they were seen")]
    VersionMismatch {
        /// The version that they have now.
        version: i64,
    },
}

/// What is set. One statement.
pub async fn settings(tx: &mut Tx) -> Result<Settings, DbError> {
    store::settings(tx).await
}

/// Changes the settings, with a reason. What is so already stays as it is. Two statements, audit apart.
pub async fn change_settings(
    tx: &mut Tx,
    cx: &Context,
    seen_version: Option<i64>,
    change: &SettingsChange,
) -> Result<Result<Settings, Refusal>, DbError> {
    let reason = change.reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        return Ok(Err(Refusal::Reason));
    }
    let before = store::settings_for_update(tx).await?;
    if seen_version.is_some_and(|seen| seen != before.version) {
        return Ok(Err(Refusal::VersionMismatch { version: before.version }));
    }
    if before.weekly == change.weekly {
        return Ok(Ok(before));
    }
    let after = Settings { weekly: change.weekly, version: before.version.saturating_add(1), ..before };
    store::put_weekly(tx, &after).await?;
    let entry = Entry::new(cx, audit::PLATFORM, "reminders.settings", "reminders")
        .before(serde_json::json!({ "weekly": before.weekly }))
        .after(serde_json::json!({ "weekly": after.weekly }))
        .reason(reason);
    audit::record(tx, vec![entry]).await?;
    Ok(Ok(after))
}
