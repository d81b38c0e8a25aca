//! Why something about risk is not done.

use crate::rules::{BadRule, BadShape};

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such thing.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A member is not right.
    #[error("{field}: {right}")]
    Field {
        /// Which.
        field: &'static str,
        /// What would be right.
        right: &'static str,
    },
    /// A rule is not right.
    #[error("rule.{}: {}", .0.field, .0.right)]
    Rule(BadRule),
    /// A rule has members that it does not have, or of another kind.
    #[error(transparent)]
    RuleShape(#[from] BadShape),
    /// Somebody else changed it meanwhile.
    #[error("it was changed meanwhile; read it again")]
    VersionMismatch {
        /// The version it has now.
        version: i64,
    },
    /// The alert was dealt with.
    #[error("the alert is resolved already")]
    AlertResolved,
    /// What a rule did is over, or cannot be undone.
    #[error("this is over, or cannot be undone; change the limit instead")]
    ActionOver,
}

impl Refusal {
    /// Its stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "NOT_FOUND",
            Self::Field { .. } | Self::Rule(_) | Self::RuleShape(_) => "VALIDATION",
            Self::VersionMismatch { .. } => "VERSION_MISMATCH",
            Self::AlertResolved => "ALERT_RESOLVED",
            Self::ActionOver => "ACTION_OVER",
        }
    }
}

impl From<BadRule> for Refusal {
    fn from(bad: BadRule) -> Self {
        Self::Rule(bad)
    }
}
