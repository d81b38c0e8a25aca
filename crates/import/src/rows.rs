//! What the rows of each kind of file say. Pure.

use credit::{LARGEST_DISCOUNT, LEGAL_INTEREST};
use kernel::{BusinessDate, Money, Rate};
use ledger::Method;
use parties::Language;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::cells::{
    amount, amount_or_zero, date, percent, phone, plain_digits, text, units, vendor, whole_number, word, yes_or_no,
};
use crate::source::{Cells, Fault};

/// What the rows of a file are, in the order in which they are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Wholesalers.
    Vendors,
    /// Shops.
    Retailers,
    /// What a wholesaler lets a shop owe.
    Lines,
    /// Purchases on credit that are on paper.
    Purchases,
    /// What was paid on them.
    Repayments,
    /// What wholesalers sell, at which price, with how much in store. Unlike the others it may be imported again and
    /// again: what it says holds from then on.
    Catalogue,
}

/// A column, and whether it has to be there.
type Column = (&'static str, bool);

impl Kind {
    /// All of them, in their order.
    pub const ALL: [Self; 6] =
        [Self::Vendors, Self::Retailers, Self::Lines, Self::Purchases, Self::Repayments, Self::Catalogue];

    /// The word that names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vendors => "vendors",
            Self::Retailers => "retailers",
            Self::Lines => "lines",
            Self::Purchases => "purchases",
            Self::Repayments => "repayments",
            Self::Catalogue => "catalogue",
        }
    }

    /// The kind that the name of a file or a sheet ends in.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let last = name.rsplit(|letter: char| !letter.is_alphanumeric()).find(|word| !word.is_empty())?;
        Self::ALL.into_iter().find(|kind| kind.name() == last)
    }

    pub(crate) const fn columns(self) -> &'static [Column] {
        match self {
            Self::Vendors => &[
                ("prefix", true),
                ("phone", true),
                ("name", true),
                ("owner", true),
                ("place", false),
                ("language", false),
                ("capacity", false),
            ],
            Self::Retailers => {
                &[("phone", true), ("name", true), ("owner", true), ("place", false), ("language", false)]
            }
            Self::Lines => &[
                ("retailer", true),
                ("vendor", true),
                ("limit", true),
                ("terms_days", false),
                ("max_order", false),
                ("max_overdue_days", false),
                ("discount_percent", false),
                ("interest_percent", false),
                ("balance", false),
            ],
            Self::Purchases => &[("key", true), ("vendor", true), ("retailer", true), ("date", true), ("amount", true)],
            Self::Repayments => &[
                ("key", true),
                ("vendor", true),
                ("purchase", true),
                ("date", true),
                ("cash", true),
                ("principal", false),
                ("method", false),
                ("reference", false),
            ],
            Self::Catalogue => &[
                ("vendor", false),
                ("sku", true),
                ("price", true),
                ("stock", true),
                ("minimum_quantity", false),
                ("available", false),
            ],
        }
    }

    /// The columns as people read them: those that may be left out in brackets.
    pub(crate) fn described_columns(self) -> String {
        let described = self.columns().iter().map(
            |(name, is_needed)| {
                if *is_needed { (*name).to_owned() } else { format!("[{name}]") }
            },
        );
        described.collect::<Vec<_>>().join(", ")
    }
}

/// A shop or a wholesaler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Person {
    pub(crate) phone: String,
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) place: Option<String>,
    pub(crate) language: Language,
}

/// What one row says. Its JSON is what a row is recognised by, so fields are only ever added where they may be absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Row {
    Vendor {
        prefix: String,
        capacity: i64,
        person: Person,
    },
    Retailer {
        person: Person,
    },
    Line {
        retailer: String,
        vendor: String,
        limit: Money,
        terms_days: i64,
        max_order: Option<Money>,
        max_overdue_days: i64,
        discount: Rate,
        interest: Rate,
        /// Compared at the end, and not a part of the line.
        #[serde(skip)]
        balance: Option<Money>,
    },
    Purchase {
        key: String,
        vendor: String,
        retailer: String,
        date: BusinessDate,
        amount: Money,
    },
    Repayment {
        key: String,
        vendor: String,
        purchase: String,
        date: BusinessDate,
        cash: Money,
        principal: Money,
        method: Method,
        reference: Option<String>,
    },
    Sold {
        /// Left out where the whole list is one vendor's.
        vendor: Option<String>,
        sku: String,
        price: Money,
        stock: i64,
        /// What is left out stays as it is, or as it begins.
        minimum_quantity: Option<i64>,
        is_available: Option<bool>,
    },
}

const USUAL_CAPACITY: i64 = 20;
const USUAL_DAYS: i64 = 30;
const USUAL_DISCOUNT: Rate = Rate::from_basis_points(500);
const LONGEST_KEY: usize = 60;
const LONGEST_NAME: usize = 120;
const LONGEST_PLACE: usize = 200;
const LONGEST_REFERENCE: usize = 100;

impl Row {
    /// What the cells of a row say.
    pub(crate) fn read(kind: Kind, cells: Cells<'_>, today: BusinessDate) -> Result<Self, Fault> {
        match kind {
            Kind::Vendors => Ok(Self::Vendor {
                prefix: cells.required("prefix", |cell| text(&cell.to_ascii_uppercase(), LONGEST_KEY))?,
                capacity: cells.optional("capacity", |cell| whole_number(cell, 1, 10_000))?.unwrap_or(USUAL_CAPACITY),
                person: person(cells)?,
            }),
            Kind::Retailers => Ok(Self::Retailer { person: person(cells)? }),
            Kind::Lines => line(cells),
            Kind::Purchases => Ok(Self::Purchase {
                key: cells.required("key", key)?,
                vendor: cells.required("vendor", vendor)?,
                retailer: cells.required("retailer", phone)?,
                date: cells.required("date", |cell| date(cell, today))?,
                amount: cells.required("amount", amount)?,
            }),
            Kind::Repayments => {
                let cash = cells.required("cash", amount)?;
                Ok(Self::Repayment {
                    key: cells.required("key", key)?,
                    vendor: cells.required("vendor", vendor)?,
                    purchase: cells.required("purchase", key)?,
                    date: cells.required("date", |cell| date(cell, today))?,
                    cash,
                    // What the paper book says: so much was paid, and so much less is owed.
                    principal: cells.optional("principal", amount)?.unwrap_or(cash),
                    method: cells.optional("method", |cell| word(cell, Method::ALL))?.unwrap_or(Method::Cash),
                    reference: cells.optional("reference", |cell| text(cell, LONGEST_REFERENCE))?,
                })
            }
            Kind::Catalogue => Ok(Self::Sold {
                vendor: cells.optional("vendor", vendor)?,
                sku: cells.required("sku", |cell| text(cell, LONGEST_KEY))?,
                price: cells.required("price", amount)?,
                stock: cells.required("stock", |cell| units(cell, 0))?,
                minimum_quantity: cells.optional("minimum_quantity", |cell| units(cell, 1))?,
                is_available: cells.optional("available", yes_or_no)?,
            }),
        }
    }

    /// The vendor that the row names.
    pub(crate) fn vendor(&self) -> Option<&str> {
        match self {
            Self::Vendor { .. } | Self::Retailer { .. } => None,
            Self::Sold { vendor, .. } => vendor.as_deref(),
            Self::Line { vendor, .. } | Self::Purchase { vendor, .. } | Self::Repayment { vendor, .. } => Some(vendor),
        }
    }

    /// The phone of the retailer that the row names.
    pub(crate) fn retailer(&self) -> Option<&str> {
        match self {
            Self::Line { retailer, .. } | Self::Purchase { retailer, .. } => Some(retailer),
            Self::Vendor { .. } | Self::Retailer { .. } | Self::Repayment { .. } | Self::Sold { .. } => None,
        }
    }

    /// What the row is known by among those of its kind and vendor.
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Vendor { prefix, .. } => prefix,
            Self::Retailer { person } => &person.phone,
            Self::Line { retailer, .. } => retailer,
            Self::Purchase { key, .. } | Self::Repayment { key, .. } => key,
            Self::Sold { sku, .. } => sku,
        }
    }

    /// How the store names the kind.
    pub(crate) const fn stored_kind(&self) -> &'static str {
        match self {
            Self::Vendor { .. } => "VENDOR",
            Self::Retailer { .. } => "RETAILER",
            Self::Line { .. } => "LINE",
            Self::Purchase { .. } => "PURCHASE",
            Self::Repayment { .. } => "REPAYMENT",
            Self::Sold { .. } => "CATALOGUE",
        }
    }

    /// The hash of what it says, however that is written.
    pub(crate) fn content_hash(&self) -> String {
        kernel::hex(&Sha256::digest(serde_json::json!(self).to_string()))
    }
}

/// A key as people write it in a book, with plain digits.
fn key(cell: &str) -> Result<String, crate::cells::Wrong> {
    text(&plain_digits(cell), LONGEST_KEY)
}

fn person(cells: Cells<'_>) -> Result<Person, Fault> {
    Ok(Person {
        phone: cells.required("phone", phone)?,
        name: cells.required("name", |cell| text(cell, LONGEST_NAME))?,
        owner: cells.required("owner", |cell| text(cell, LONGEST_NAME))?,
        place: cells.optional("place", |cell| text(cell, LONGEST_PLACE))?,
        language: cells.optional("language", |cell| word(cell, Language::ALL))?.unwrap_or(Language::RomanNepali),
    })
}

fn line(cells: Cells<'_>) -> Result<Row, Fault> {
    let days = |cell: &str| whole_number(cell, 0, 365);
    Ok(Row::Line {
        retailer: cells.required("retailer", phone)?,
        vendor: cells.required("vendor", vendor)?,
        limit: cells.required("limit", amount_or_zero)?,
        terms_days: cells.optional("terms_days", days)?.unwrap_or(USUAL_DAYS),
        max_order: cells.optional("max_order", amount)?,
        max_overdue_days: cells.optional("max_overdue_days", days)?.unwrap_or(USUAL_DAYS),
        discount: cells.optional("discount_percent", |cell| percent(cell, LARGEST_DISCOUNT))?.unwrap_or(USUAL_DISCOUNT),
        interest: cells.optional("interest_percent", |cell| percent(cell, LEGAL_INTEREST))?.unwrap_or(Rate::ZERO),
        balance: cells.optional("balance", amount_or_zero)?,
    })
}
