//! Why the catalogue stays as it is.

use kernel::VendorId;

/// Why the catalogue stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The SKU belongs to another product.
    #[error("the SKU {0} belongs to another product")]
    SkuTaken(String),
    /// No such product.
    #[error("there is no product {0}")]
    UnknownProduct(String),
    /// No such vendor, or none that the caller may see.
    #[error("there is no vendor {0}")]
    UnknownVendor(VendorId),
    /// The product was changed since the caller saw it.
    #[error("the product is at version {version}; read it again and decide anew")]
    VersionMismatch {
        /// Its version now.
        version: i64,
    },
    /// A field is out of its bounds.
    #[error("{field}: {right}")]
    Field {
        /// The field's name in JSON.
        field: &'static str,
        /// What would be right.
        right: &'static str,
    },
    /// The stock would be less than what orders hold.
    #[error("orders hold {held} of this product; the stock cannot go below that")]
    StockHeld {
        /// Units that orders hold.
        held: i64,
    },
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SkuTaken(_) => "SKU_TAKEN",
            Self::UnknownProduct(_) => "PRODUCT_NOT_FOUND",
            Self::UnknownVendor(_) => "VENDOR_NOT_FOUND",
            Self::VersionMismatch { .. } => "VERSION_MISMATCH",
            Self::Field { .. } => "VALIDATION",
            Self::StockHeld { .. } => "STOCK_HELD",
        }
    }
}
