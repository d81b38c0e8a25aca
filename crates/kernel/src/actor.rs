//! Who is acting, and what they may see.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{RetailerId, UserId, VendorId};

/// The three roles a signed-in person has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// An operator of the platform.
    Admin,
    /// Someone who works for a vendor.
    Vendor,
    /// Someone who works for a retailer.
    Retailer,
}

/// Who does something. Its text (`operator:usr_…`, `retailer:ret_…`) stands in the audit log and the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// An operator who is signed in.
    Operator(UserId),
    /// A vendor, by a sign-in or by WhatsApp.
    Vendor(VendorId),
    /// A retailer, by a sign-in or by WhatsApp.
    Retailer(RetailerId),
    /// The platform itself: schedules, jobs, the command line.
    System,
}

/// The text names no actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an actor: operator:usr_…, vendor:ven_…, retailer:ret_… or system is expected")]
pub struct ParseActorError;

impl Actor {
    /// What this actor may see.
    pub const fn scope(self) -> Scope {
        match self {
            Self::Operator(_) | Self::System => Scope::All,
            Self::Vendor(vendor) => Scope::Vendor(vendor),
            Self::Retailer(retailer) => Scope::Retailer(retailer),
        }
    }

    /// Whether the actor speaks for the platform.
    pub const fn is_operator(self) -> bool {
        matches!(self, Self::Operator(_) | Self::System)
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator(user) => write!(f, "operator:{user}"),
            Self::Vendor(vendor) => write!(f, "vendor:{vendor}"),
            Self::Retailer(retailer) => write!(f, "retailer:{retailer}"),
            Self::System => f.write_str("system"),
        }
    }
}

impl FromStr for Actor {
    type Err = ParseActorError;

    fn from_str(text: &str) -> Result<Self, ParseActorError> {
        match text.split_once(':') {
            Some(("operator", id)) => id.parse().map(Self::Operator).map_err(|_| ParseActorError),
            Some(("vendor", id)) => id.parse().map(Self::Vendor).map_err(|_| ParseActorError),
            Some(("retailer", id)) => id.parse().map(Self::Retailer).map_err(|_| ParseActorError),
            None if text == "system" => Ok(Self::System),
            _ => Err(ParseActorError),
        }
    }
}

/// For whom something is read: every query of a line, an order or a cycle takes one, and finds nothing outside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The whole platform.
    All,
    /// What belongs to one vendor.
    Vendor(VendorId),
    /// What belongs to one retailer.
    Retailer(RetailerId),
}

impl Scope {
    /// The retailer that the scope is limited to.
    pub const fn retailer(self) -> Option<RetailerId> {
        match self {
            Self::Retailer(retailer) => Some(retailer),
            Self::All | Self::Vendor(_) => None,
        }
    }

    /// The vendor that the scope is limited to.
    pub const fn vendor(self) -> Option<VendorId> {
        match self {
            Self::Vendor(vendor) => Some(vendor),
            Self::All | Self::Retailer(_) => None,
        }
    }

    /// Whether something of this retailer and this vendor is inside.
    pub fn includes(self, retailer: RetailerId, vendor: Option<VendorId>) -> bool {
        match self {
            Self::All => true,
            Self::Vendor(own) => vendor == Some(own),
            Self::Retailer(own) => retailer == own,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Id, IdGen, Instant};

    #[test]
    fn an_actor_is_read_back_from_its_text() {
        let ids = IdGen::seeded(7);
        let now = Instant::from_micros(0);
        for actor in [
            Actor::Operator(ids.make(now)),
            Actor::Vendor(ids.make(now)),
            Actor::Retailer(ids.make(now)),
            Actor::System,
        ] {
            assert_eq!(actor.to_string().parse(), Ok(actor));
        }
        assert!("root".parse::<Actor>().is_err());
    }

    #[test]
    fn a_scope_includes_only_its_own() {
        let (mine, other) = (RetailerId::from_bits(1), RetailerId::from_bits(2));
        let vendor = VendorId::from_bits(3);
        assert!(Scope::Retailer(mine).includes(mine, None));
        assert!(!Scope::Retailer(mine).includes(other, Some(vendor)));
        assert!(!Scope::Vendor(vendor).includes(mine, None));
        assert!(Scope::Vendor(vendor).includes(other, Some(vendor)));
    }
}
