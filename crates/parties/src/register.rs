//! Registering retailers and vendors. A retailer that registers by itself waits for an operator's approval.

use audit::Entry;
use db::{DbError, Tx};
use kernel::{Actor, Context, RetailerId};

use crate::model::{CreditStatus, NewRetailer, NewVendor, Refusal, Retailer, RetailerStatus, Vendor, VendorStatus};
use crate::store;

const DEGREE: i64 = 1_000_000;

fn check_name(field: &'static str, name: &str) -> Result<(), Refusal> {
    let is_right = (1..=120).contains(&name.trim().chars().count());
    if is_right { Ok(()) } else { Err(Refusal::Field { field, right: "1 to 120 characters" }) }
}

/// The digits of a phone with country code, as WhatsApp names it.
fn phone_digits(phone: &str) -> Result<String, Refusal> {
    let is_written_well = phone.chars().all(|letter| letter.is_ascii_digit() || " +-()".contains(letter));
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    if is_written_well && (8..=15).contains(&digits.len()) {
        Ok(digits)
    } else {
        Err(Refusal::Field { field: "phone", right: "a phone with country code, like +977 9848000001" })
    }
}

fn check_place(place: Option<&str>, latitude_micro: Option<i64>, longitude_micro: Option<i64>) -> Result<(), Refusal> {
    if place.is_some_and(|place| place.chars().count() > 200) {
        return Err(Refusal::Field { field: "place", right: "at most 200 characters" });
    }
    if latitude_micro.is_some() != longitude_micro.is_some() {
        return Err(Refusal::Field { field: "latitudeMicro", right: "both degrees or none" });
    }
    if latitude_micro.is_some_and(|degrees| !(-90 * DEGREE..=90 * DEGREE).contains(&degrees)) {
        return Err(Refusal::Field { field: "latitudeMicro", right: "-90000000 to 90000000" });
    }
    if longitude_micro.is_some_and(|degrees| !(-180 * DEGREE..=180 * DEGREE).contains(&degrees)) {
        return Err(Refusal::Field { field: "longitudeMicro", right: "-180000000 to 180000000" });
    }
    Ok(())
}

/// Registers a retailer. An operator's is active at once and its phone verified; anyone else's waits for approval.
pub async fn create_retailer(
    tx: &mut Tx,
    cx: &Context,
    new: &NewRetailer,
) -> Result<Result<Retailer, Refusal>, DbError> {
    let checked = check_name("name", &new.name)
        .and_then(|()| check_name("ownerName", &new.owner_name))
        .and_then(|()| check_place(new.place.as_deref(), new.latitude_micro, new.longitude_micro))
        .and_then(|()| phone_digits(&new.phone));
    let phone = match checked {
        Ok(phone) => phone,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let is_approved = cx.actor.is_operator();
    let retailer = Retailer {
        // One that registers itself acts under the id that it gets.
        id: if let Actor::Retailer(own) = cx.actor { own } else { cx.id() },
        name: new.name.trim().to_owned(),
        owner_name: new.owner_name.trim().to_owned(),
        phone,
        place: new.place.clone(),
        latitude_micro: new.latitude_micro,
        longitude_micro: new.longitude_micro,
        language: new.language,
        status: if is_approved { RetailerStatus::Active } else { RetailerStatus::Pending },
        credit_status: CreditStatus::Active,
        credit_reason: None,
        credit_cause: None,
        cap: None,
        max_order: None,
        max_overdue_days: None,
        created_at: cx.now,
        version: 1,
    };
    if store::is_phone_taken(tx, &retailer.phone).await? || !store::insert_retailer(tx, &retailer).await? {
        return Ok(Err(Refusal::PhoneTaken));
    }
    let verified_at = is_approved.then_some(cx.now);
    store::insert_phone(tx, cx, &retailer.phone, Some(retailer.id), None, verified_at).await?;
    let entry = Entry::new(cx, retailer.id, "retailer.created", retailer.id).after(serde_json::json!(retailer));
    audit::record(tx, vec![entry]).await?;
    Ok(Ok(retailer))
}

/// Approves a retailer that waits for it. Approving twice answers the same retailer.
pub async fn approve_retailer(tx: &mut Tx, cx: &Context, id: RetailerId) -> Result<Result<Retailer, Refusal>, DbError> {
    let was_pending = store::approve(tx, cx, id).await?;
    let Some(retailer) = store::retailers(tx, &[id]).await?.remove(&id) else { return Ok(Err(Refusal::NotFound)) };
    if was_pending {
        let entry = Entry::new(cx, id, "retailer.approved", id);
        audit::record(tx, vec![entry]).await?;
    }
    Ok(Ok(retailer))
}

/// Creates a vendor.
pub async fn create_vendor(tx: &mut Tx, cx: &Context, new: &NewVendor) -> Result<Result<Vendor, Refusal>, DbError> {
    let checked = check_name("name", &new.name)
        .and_then(|()| check_name("ownerName", &new.owner_name))
        .and_then(|()| check_place(new.place.as_deref(), new.latitude_micro, new.longitude_micro))
        .and_then(|()| phone_digits(&new.phone));
    let phone = match checked {
        Ok(phone) => phone,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let prefix = &new.number_prefix;
    if !(2..=6).contains(&prefix.len()) || !prefix.bytes().all(|letter| letter.is_ascii_uppercase()) {
        return Ok(Err(Refusal::Field { field: "numberPrefix", right: "2 to 6 capital letters" }));
    }
    if !(1..=10_000).contains(&new.capacity) {
        return Ok(Err(Refusal::Field { field: "capacity", right: "1 to 10000 open orders" }));
    }
    let vendor = Vendor {
        id: cx.id(),
        name: new.name.trim().to_owned(),
        owner_name: new.owner_name.trim().to_owned(),
        phone,
        place: new.place.clone(),
        latitude_micro: new.latitude_micro,
        longitude_micro: new.longitude_micro,
        language: new.language,
        status: VendorStatus::Active,
        capacity: new.capacity,
        ceiling: None,
        number_prefix: prefix.clone(),
        created_at: cx.now,
        version: 1,
    };
    if store::is_phone_taken(tx, &vendor.phone).await? {
        return Ok(Err(Refusal::PhoneTaken));
    }
    if !store::insert_vendor(tx, &vendor).await? {
        return Ok(Err(Refusal::PrefixTaken));
    }
    store::insert_phone(tx, cx, &vendor.phone, None, Some(vendor.id), Some(cx.now)).await?;
    let entry = Entry::new(cx, vendor.id, "vendor.created", vendor.id).after(serde_json::json!(vendor));
    audit::record(tx, vec![entry]).await?;
    Ok(Ok(vendor))
}
