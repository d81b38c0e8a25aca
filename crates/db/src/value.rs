//! Values that go into statements and cells that come out of rows: whole numbers and texts, nothing else.

use kernel::{Actor, BusinessDate, Instant, Money, Rate};

/// One parameter or one column. Lists are for `in {n}` and multi-row inserts only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// NULL, of whatever type the column has.
    Null,
    /// BIGINT.
    Int(i64),
    /// TEXT.
    Text(String),
    /// A list of BIGINT.
    Ints(Vec<Option<i64>>),
    /// A list of TEXT.
    Texts(Vec<Option<String>>),
}

impl Value {
    /// A list of texts for `in {n}`.
    pub fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> Self {
        Self::Texts(items.into_iter().map(|item| Some(item.to_string())).collect())
    }

    /// What stands in a column that was written with it; a list stands in none.
    pub(crate) fn as_cell(&self) -> Cell<'_> {
        match self {
            Self::Int(number) => Cell::Int(*number),
            Self::Text(text) => Cell::Text(text),
            Self::Null | Self::Ints(_) | Self::Texts(_) => Cell::Null,
        }
    }

    /// Whether a text holds the character NUL, which PostgreSQL can not store.
    pub(crate) fn holds_nul(&self) -> bool {
        match self {
            Self::Text(text) => text.contains('\0'),
            Self::Texts(list) => list.iter().flatten().any(|text| text.contains('\0')),
            Self::Null | Self::Int(_) | Self::Ints(_) => false,
        }
    }

    /// Rows for `{rows n: a text, b bigint}`: a JSON array of arrays, in the order of the columns.
    pub fn rows(rows: impl IntoIterator<Item = Vec<Self>>) -> Self {
        let cell = |value: Self| match value {
            Self::Int(number) => serde_json::Value::from(number),
            Self::Text(text) => serde_json::Value::from(text),
            Self::Null | Self::Ints(_) | Self::Texts(_) => serde_json::Value::Null,
        };
        let rows = rows.into_iter().map(|row| row.into_iter().map(cell).collect::<serde_json::Value>());
        Self::Text(rows.collect::<serde_json::Value>().to_string())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<Money> for Value {
    fn from(amount: Money) -> Self {
        Self::Int(amount.paisa())
    }
}

impl From<Rate> for Value {
    fn from(rate: Rate) -> Self {
        Self::Int(i64::from(rate.basis_points()))
    }
}

impl From<Instant> for Value {
    fn from(moment: Instant) -> Self {
        Self::Int(moment.micros())
    }
}

/// What stands in one column of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// NULL.
    Null,
    /// BIGINT.
    Int(i64),
    /// TEXT.
    Text(&'a str),
}

impl From<Cell<'_>> for Value {
    fn from(cell: Cell<'_>) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Int(number) => Self::Int(number),
            Cell::Text(text) => Self::from(text),
        }
    }
}

/// What can be read from a column. The error is what was expected.
pub trait FromValue: Sized {
    /// Reads the value.
    fn from_value(value: Cell<'_>) -> Result<Self, &'static str>;
}

impl FromValue for i64 {
    fn from_value(value: Cell<'_>) -> Result<Self, &'static str> {
        match value {
            Cell::Int(number) => Ok(number),
            _ => Err("a number"),
        }
    }
}

impl FromValue for String {
    fn from_value(value: Cell<'_>) -> Result<Self, &'static str> {
        match value {
            Cell::Text(text) => Ok(text.to_owned()),
            _ => Err("a text"),
        }
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Cell<'_>) -> Result<Self, &'static str> {
        match value {
            Cell::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl FromValue for Money {
    fn from_value(value: Cell<'_>) -> Result<Self, &'static str> {
        i64::from_value(value).map(Self::from_paisa)
    }
}

impl FromValue for Rate {
    fn from_value(value: Cell<'_>) -> Result<Self, &'static str> {
        let number = i64::from_value(value)?;
        u32::try_from(number).map(Self::from_basis_points).map_err(|_| "basis points")
    }
}

impl FromValue for Instant {
    fn from_value(value: Cell<'_>) -> Result<Self, &'static str> {
        i64::from_value(value).map(Self::from_micros)
    }
}

macro_rules! as_text {
    ($($name:ty => $expected:literal),* $(,)?) => {$(
        impl From<$name> for Value {
            fn from(value: $name) -> Self {
                Self::Text(value.to_string())
            }
        }

        impl FromValue for $name {
            fn from_value(value: Cell<'_>) -> Result<Self, &'static str> {
                match value {
                    Cell::Text(text) => text.parse().map_err(|_| $expected),
                    _ => Err($expected),
                }
            }
        }
    )*};
}

as_text! {
    Actor => "an actor",
    BusinessDate => "a date",
    kernel::ClaimId => "a claim id",
    kernel::CycleId => "a cycle id",
    kernel::DecisionId => "a decision id",
    kernel::EntryId => "an entry id",
    kernel::JobId => "a job id",
    kernel::LineId => "a line id",
    kernel::MessageId => "a message id",
    kernel::MoveId => "a move id",
    kernel::OfferId => "an offer id",
    kernel::OrderId => "an order id",
    kernel::PaymentId => "a payment id",
    kernel::ProductId => "a product id",
    kernel::RepaymentId => "a repayment id",
    kernel::ActionId => "an action id",
    kernel::AdjustmentId => "an adjustment id",
    kernel::AlertId => "an alert id",
    kernel::DisputeId => "a dispute id",
    kernel::PromiseId => "a promise id",
    kernel::ReservationId => "a reservation id",
    kernel::RetailerId => "a retailer id",
    kernel::TokenId => "a token id",
    kernel::UserId => "a user id",
    kernel::VendorId => "a vendor id",
}

/// Parameters of a statement, in the order of `$1`, `$2` …: `params![order, total, now]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { ::std::vec![$($crate::Value::from($value)),*] };
}

/// Declares an enum whose values are stored and sent as fixed texts.
///
/// The crate that uses it depends on `serde` and `utoipa`.
#[macro_export]
macro_rules! text_enum {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(::serde::Serialize, ::serde::Deserialize, ::utoipa::ToSchema)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant),*
        }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The text that is stored and sent.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = &'static str;

            fn from_str(text: &str) -> ::std::result::Result<Self, &'static str> {
                match text { $($text => Ok(Self::$variant),)* _ => Err(concat!("one of: ", $($text, " "),*)) }
            }
        }

        impl ::std::convert::From<$name> for $crate::Value {
            fn from(value: $name) -> Self {
                $crate::Value::from(value.as_str())
            }
        }

        impl $crate::FromValue for $name {
            fn from_value(value: $crate::Cell<'_>) -> ::std::result::Result<Self, &'static str> {
                match value {
                    $crate::Cell::Text(text) => text.parse(),
                    _ => Err(concat!("one of: ", $($text, " "),*)),
                }
            }
        }
    };
}
/// The pattern of `like $n escape '!'` for whatever contains a text, in lower case.
pub fn containing(text: &str) -> String {
    let text = text.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{text}%")
}
