//! Who there is: retailers, vendors, the people who sign in, and how a WhatsApp sender is known.
//!
//! Statements: reading any number of retailers or vendors 1; a sender 1; signing in 2 and a write; refreshing 2 and 2
//! writes. Passwords are hashed outside of transactions. What a retailer owes does not live here.

mod http;
mod identity;
mod login;
mod model;
mod pages;
mod register;
mod store;
mod throttle;

pub use http::{Guard, routes};
pub use identity::{link_user_id, number_changed, verify_address, waiting_language};
pub use login::{Secrets, Session, create_user, logout, refresh, set_password};
pub use model::{
    CreditCause, CreditStatus, Language, NewRetailer, NewVendor, Party, Refusal, Retailer, RetailerStatus, User,
    UserStatus, Vendor, VendorStatus,
};
pub use pages::pages;
pub use register::{approve_retailer, create_retailer, create_vendor};
pub use store::{
    active_ids, all_vendors, by_address, count_retailers, has_users, paused_for_overdue, retailer_ids, retailers, retailers_by_phone,
    retailers_for_update, retailers_page, set_retailer_language, set_retailer_place, update_ceiling, update_credit,
    user_by_login, vendor_for_update, vendors, vendors_by_name, vendors_page,
};
