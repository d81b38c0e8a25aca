//! Retailers, vendors, users.

use db::text_enum;
use kernel::{Instant, Money, RetailerId, Role, UserId, VendorId};
use serde::{Deserialize, Serialize};

text_enum! {
    /// A person's own way of writing.
    pub enum Language {
        /// Nepali in Devanagari.
        Nepali = "NE",
        /// Nepali in Latin letters.
        RomanNepali = "RNE",
        /// English.
        English = "EN",
    }
}

text_enum! {
    /// Whether a retailer may order.
    pub enum RetailerStatus {
        /// It registered and waits for an operator.
        Pending = "PENDING",
        /// It may.
        Active = "ACTIVE",
        /// It may not.
        Inactive = "INACTIVE",
    }
}

text_enum! {
    /// Whether a vendor takes orders.
    pub enum VendorStatus {
        /// It does.
        Active = "ACTIVE",
        /// It does not.
        Inactive = "INACTIVE",
    }
}

impl VendorStatus {
    /// Whether the vendor takes orders.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Active)
    }
}

text_enum! {
    /// The credit of a retailer as a whole.
    pub enum CreditStatus {
        /// New credit is given.
        Active = "ACTIVE",
        /// No new credit for now.
        Paused = "PAUSED",
        /// An operator stopped everything.
        Blocked = "BLOCKED",
    }
}

text_enum! {
    /// What paused a retailer's credit.
    pub enum CreditCause {
        /// An operator.
        Operator = "OPERATOR",
        /// Overdue cycles.
        Overdue = "OVERDUE",
    }
}

text_enum! {
    /// Whether a user may sign in.
    pub enum UserStatus {
        /// It may.
        Active = "ACTIVE",
        /// It may not.
        Inactive = "INACTIVE",
    }
}

/// A shop that buys, and owes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Retailer {
    /// Its id.
    pub id: RetailerId,
    /// The shop's name.
    pub name: String,
    /// The owner's name.
    pub owner_name: String,
    /// The phone with country code, digits only: the WhatsApp id.
    pub phone: String,
    /// Where it is, in words.
    pub place: Option<String>,
    /// Millionths of a degree north.
    pub latitude_micro: Option<i64>,
    /// Millionths of a degree east.
    pub longitude_micro: Option<i64>,
    /// Its way of writing.
    pub language: Language,
    /// Whether it may order.
    pub status: RetailerStatus,
    /// Its credit as a whole.
    pub credit_status: CreditStatus,
    /// Why the credit has that status.
    pub credit_reason: Option<String>,
    /// What caused it.
    pub credit_cause: Option<CreditCause>,
    /// The most it may use over all its lines, where that is set.
    pub cap: Option<Money>,
    /// The most it may order at once on credit, whatever its lines allow, where that is set.
    pub max_order: Option<Money>,
    /// Days overdue after which it gets no new credit, whatever its lines allow, where that is set.
    pub max_overdue_days: Option<i64>,
    /// When it registered.
    pub created_at: Instant,
    /// Counts the changes, for If-Match.
    pub version: i64,
}

/// A wholesaler that sells, and is owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Vendor {
    /// Its id.
    pub id: VendorId,
    /// The business's name.
    pub name: String,
    /// The owner's name.
    pub owner_name: String,
    /// The phone with country code, digits only: the WhatsApp id.
    pub phone: String,
    /// Where it is, in words.
    pub place: Option<String>,
    /// Millionths of a degree north.
    pub latitude_micro: Option<i64>,
    /// Millionths of a degree east.
    pub longitude_micro: Option<i64>,
    /// Its way of writing.
    pub language: Language,
    /// Whether it takes orders.
    pub status: VendorStatus,
    /// Open orders that fill its day; at least 1.
    pub capacity: i64,
    /// The most it lends over all its lines, where that is set.
    pub ceiling: Option<Money>,
    /// What the numbers of its cycles begin with, as in `CRP-101`.
    pub number_prefix: String,
    /// When it was invited.
    pub created_at: Instant,
    /// Counts the changes, for If-Match.
    pub version: i64,
}

/// A WhatsApp sender that is known.
#[derive(Clone, Debug)]
pub enum Party {
    /// A retailer.
    Retailer(Retailer),
    /// A vendor.
    Vendor(Vendor),
}

/// Someone who can sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The id.
    pub id: UserId,
    /// The name to sign in with, in lower case.
    pub login: String,
    /// The hash of the password (argon2id, PHC string).
    pub password_hash: String,
    /// The role.
    pub role: Role,
    /// The retailer of a retailer's user.
    pub retailer: Option<RetailerId>,
    /// The vendor of a vendor's user.
    pub vendor: Option<VendorId>,
    /// Whether it may sign in.
    pub status: UserStatus,
}

/// A retailer to be registered.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRetailer {
    /// The shop's name; 1 to 120 characters.
    pub name: String,
    /// The owner's name; 1 to 120 characters.
    pub owner_name: String,
    /// The phone with country code.
    pub phone: String,
    /// Where it is, in words.
    #[serde(default)]
    pub place: Option<String>,
    /// Millionths of a degree north.
    #[serde(default)]
    pub latitude_micro: Option<i64>,
    /// Millionths of a degree east.
    #[serde(default)]
    pub longitude_micro: Option<i64>,
    /// Its way of writing; romanised Nepali where it is left out.
    #[serde(default = "roman_nepali")]
    pub language: Language,
}

/// A vendor to be created.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewVendor {
    /// The business's name; 1 to 120 characters.
    pub name: String,
    /// The owner's name; 1 to 120 characters.
    pub owner_name: String,
    /// The phone with country code.
    pub phone: String,
    /// Where it is, in words.
    #[serde(default)]
    pub place: Option<String>,
    /// Millionths of a degree north.
    #[serde(default)]
    pub latitude_micro: Option<i64>,
    /// Millionths of a degree east.
    #[serde(default)]
    pub longitude_micro: Option<i64>,
    /// Its way of writing; romanised Nepali where it is left out.
    #[serde(default = "roman_nepali")]
    pub language: Language,
    /// What the numbers of its cycles begin with: 2 to 6 capital letters, unique.
    pub number_prefix: String,
    /// Open orders that fill its day; 20 where it is left out.
    #[serde(default = "usual_capacity")]
    pub capacity: i64,
}

const fn roman_nepali() -> Language {
    Language::RomanNepali
}

const fn usual_capacity() -> i64 {
    20
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A field is out of its bounds.
    #[error("{field}: {right}")]
    Field {
        /// The field's name in JSON.
        field: &'static str,
        /// What would be right.
        right: &'static str,
    },
    /// The phone belongs to someone.
    #[error("this phone is registered already")]
    PhoneTaken,
    /// The number prefix belongs to another vendor.
    #[error("this number prefix belongs to another vendor")]
    PrefixTaken,
    /// The login belongs to someone.
    #[error("this login is taken")]
    LoginTaken,
    /// No such retailer.
    #[error("there is no such retailer")]
    NotFound,
    /// Login or password are wrong.
    #[error("login or password are wrong")]
    WrongCredentials,
    /// The refresh token is unknown, used or ended.
    #[error("the refresh token is not valid; sign in again")]
    WrongToken,
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Field { .. } => "VALIDATION",
            Self::PhoneTaken => "PHONE_TAKEN",
            Self::PrefixTaken => "NUMBER_PREFIX_TAKEN",
            Self::LoginTaken => "LOGIN_TAKEN",
            Self::NotFound => "NOT_FOUND",
            Self::WrongCredentials => "WRONG_CREDENTIALS",
            Self::WrongToken => "WRONG_REFRESH_TOKEN",
        }
    }
}
