//! The chart of accounts of one book, and how money moves.

use std::fmt;
use std::str::FromStr;

use db::{Cell, FromValue, Value, text_enum};

text_enum! {
    /// How money was paid.
    pub enum Method {
        /// Notes and coins.
        Cash = "CASH",
        /// A bank transfer.
        Bank = "BANK",
        /// A cheque.
        Cheque = "CHEQUE",
        /// The eSewa wallet.
        Esewa = "ESEWA",
        /// The Khalti wallet.
        Khalti = "KHALTI",
        /// Fonepay.
        Fonepay = "FONEPAY",
        /// connectIPS.
        Connectips = "CONNECTIPS",
        /// Anything else.
        Other = "OTHER",
    }
}

/// An account of the vendor's chart, as one book sees it. Its text (`receivable`, `cash:ESEWA`) stands in the postings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// What the retailer owes; principal only.
    Receivable,
    /// What the retailer paid ahead.
    Advances,
    /// Goods sold, VAT included.
    Sales,
    /// Money received by a method.
    Cash(Method),
    /// Discount given for early repayment.
    DiscountAllowed,
    /// Interest on late repayment.
    InterestIncome,
    /// Goods that came back.
    Returns,
    /// Debt that was given up.
    BadDebt,
    /// Debt that was given up and came in after all.
    BadDebtRecovered,
    /// Corrections.
    Adjustments,
    /// Paisa that no principal matches.
    Rounding,
    /// What stood open before the platform.
    OpeningBalances,
}

/// The text names no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an account of the chart")]
pub struct ParseAccountError;

/// The accounts with a fixed text; cash has one for each method.
const FIXED: &[(Account, &str)] = &[
    (Account::Receivable, "receivable"),
    (Account::Advances, "advances"),
    (Account::Sales, "sales"),
    (Account::DiscountAllowed, "discount_allowed"),
    (Account::InterestIncome, "interest_income"),
    (Account::Returns, "returns"),
    (Account::BadDebt, "bad_debt"),
    (Account::BadDebtRecovered, "bad_debt_recovered"),
    (Account::Adjustments, "adjustments"),
    (Account::Rounding, "rounding"),
    (Account::OpeningBalances, "opening_balances"),
];

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Cash(method) = self {
            return write!(f, "cash:{method}");
        }
        f.write_str(FIXED.iter().find(|(account, _)| account == self).map_or("", |(_, text)| text))
    }
}

impl FromStr for Account {
    type Err = ParseAccountError;

    fn from_str(text: &str) -> Result<Self, ParseAccountError> {
        if let Some(method) = text.strip_prefix("cash:") {
            return method.parse().map(Self::Cash).map_err(|_| ParseAccountError);
        }
        FIXED.iter().find(|(_, known)| *known == text).map(|(account, _)| *account).ok_or(ParseAccountError)
    }
}

impl From<Account> for Value {
    fn from(account: Account) -> Self {
        Self::Text(account.to_string())
    }
}

impl FromValue for Account {
    fn from_value(value: Cell<'_>) -> Result<Self, &'static str> {
        match value {
            Cell::Text(text) => text.parse().map_err(|_| "an account"),
            _ => Err("an account"),
        }
    }
}

impl serde::Serialize for Account {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_back_from_its_text() {
        let cash = Method::ALL.iter().map(|method| Account::Cash(*method));
        for account in FIXED.iter().map(|(account, _)| *account).chain(cash) {
            assert!(!account.to_string().is_empty());
            assert_eq!(account.to_string().parse(), Ok(account));
            assert_eq!(Account::from_value(Cell::Text(&account.to_string())), Ok(account));
            assert_eq!(serde_json::to_value(account).unwrap(), account.to_string());
        }
        assert_eq!(Account::from_value(Cell::Int(1)), Err("an account"));
        assert!("cash:GOLD".parse::<Account>().is_err() && "".parse::<Account>().is_err());
    }
}
