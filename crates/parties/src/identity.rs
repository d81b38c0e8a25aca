//! How a WhatsApp sender becomes known: user ids beside verified phones, numbers that change, and an operator's word.

use audit::Entry;
use db::{DbError, Tx};
use kernel::{Context, RetailerId, VendorId};

use crate::model::{Language, Party, Refusal};
use crate::store;

/// An identity that an operator has to verify, and whose it claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) is_phone: bool,
    pub(crate) retailer: Option<RetailerId>,
    pub(crate) vendor: Option<VendorId>,
}

impl Waiting {
    fn stream(&self) -> String {
        self.retailer.map(|id| id.to_string()).or_else(|| self.vendor.map(|id| id.to_string())).unwrap_or_default()
    }
}

/// Remembers the user id that WhatsApp names beside a verified phone: messages that come without the phone are then
/// known too. One that is known already stays as it is.
pub async fn link_user_id(
    tx: &mut Tx,
    cx: &Context,
    user_id: &str,
    retailer: Option<RetailerId>,
    vendor: Option<VendorId>,
) -> Result<(), DbError> {
    store::add_identity(tx, cx, "USER_ID", user_id, (retailer, vendor), Some(cx.now)).await
}

/// A person has another number now. Neither the old nor the new one is verified until an operator says so: a number can
/// go to a stranger.
pub async fn number_changed(tx: &mut Tx, cx: &Context, old: &str, new: &str) -> Result<(), DbError> {
    let of = match store::by_address(tx, old).await? {
        Some(Party::Retailer(retailer)) => (Some(retailer.id), None),
        Some(Party::Vendor(vendor)) => (None, Some(vendor.id)),
        None => return Ok(()),
    };
    store::set_verified(tx, old, None).await?;
    store::add_identity(tx, cx, "PHONE", new, of, None).await?;
    let waiting = Waiting { is_phone: true, retailer: of.0, vendor: of.1 };
    let stream = waiting.stream();
    let after = serde_json::json!({ "phone": new });
    let entry = Entry::new(cx, &stream, "contact.number_changed", &stream).before(serde_json::json!({ "phone": old }));
    audit::record(tx, vec![entry.after(after)]).await
}

/// The language of whom an identity claims to be that waits for an operator.
pub async fn waiting_language(tx: &mut Tx, address: &str) -> Result<Option<Language>, DbError> {
    let Some(waiting) = store::waiting_identity(tx, address).await? else { return Ok(None) };
    if let Some(id) = waiting.retailer {
        return Ok(store::retailers(tx, &[id]).await?.remove(&id).map(|retailer| retailer.language));
    }
    let Some(id) = waiting.vendor else { return Ok(None) };
    Ok(store::vendors(tx, &[id]).await?.remove(&id).map(|vendor| vendor.language))
}

/// An operator says that an identity is whose it claims to be. A phone becomes the one that messages go to.
pub async fn verify_address(tx: &mut Tx, cx: &Context, address: &str) -> Result<Result<(), Refusal>, DbError> {
    let Some(waiting) = store::waiting_identity(tx, address).await? else { return Ok(Err(Refusal::NotFound)) };
    if waiting.is_phone && store::is_phone_of_another(tx, &waiting, address).await? {
        return Ok(Err(Refusal::PhoneTaken));
    }
    store::set_verified(tx, address, Some(cx.now)).await?;
    if waiting.is_phone {
        store::set_phone(tx, &waiting, address).await?;
    }
    let stream = waiting.stream();
    let after = serde_json::json!({ "address": address });
    audit::record(tx, vec![Entry::new(cx, &stream, "contact.verified", &stream).after(after)]).await?;
    Ok(Ok(()))
}
