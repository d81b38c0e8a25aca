//! Every statement of parties.

use std::collections::HashMap;

use db::{DbError, Row, Tx, Value, params};
use kernel::{Context, Instant, Page, PageRequest, RetailerId, Role, TokenId, UserId, VendorId};

use crate::identity::Waiting;
use crate::model::{Language, Party, Retailer, RetailerStatus, User, Vendor};

fn retailer(row: &Row) -> Result<Retailer, DbError> {
    Ok(Retailer {
        id: row.get("id")?,
        name: row.get("name")?,
        owner_name: row.get("owner_name")?,
        phone: row.get("phone")?,
        place: row.get("place")?,
        latitude_micro: row.get("latitude_micro")?,
        longitude_micro: row.get("longitude_micro")?,
        language: row.get("language")?,
        status: row.get("status")?,
        credit_status: row.get("credit_status")?,
        credit_reason: row.get("credit_reason")?,
        credit_cause: row.get("credit_cause")?,
        cap: row.get("cap_paisa")?,
        max_order: row.get("max_order_paisa")?,
        max_overdue_days: row.get("max_overdue_days")?,
        created_at: row.get("created_at")?,
        version: row.get("version")?,
    })
}

fn vendor(row: &Row) -> Result<Vendor, DbError> {
    Ok(Vendor {
        id: row.get("id")?,
        name: row.get("name")?,
        owner_name: row.get("owner_name")?,
        phone: row.get("phone")?,
        place: row.get("place")?,
        latitude_micro: row.get("latitude_micro")?,
        longitude_micro: row.get("longitude_micro")?,
        language: row.get("language")?,
        status: row.get("status")?,
        capacity: row.get("capacity")?,
        ceiling: row.get("ceiling_paisa")?,
        number_prefix: row.get("number_prefix")?,
        created_at: row.get("created_at")?,
        version: row.get("version")?,
    })
}

/// The retailers with these ids; unknown ones are absent.
pub async fn retailers(tx: &mut Tx, ids: &[RetailerId]) -> Result<HashMap<RetailerId, Retailer>, DbError> {
    let rows = tx.query("select * from retailers r where r.id in {1}", params![Value::list(ids)]).await?;
    rows.iter().map(|row| retailer(row).map(|found| (found.id, found))).collect()
}

/// Locks and reads the retailers with these ids, in their order; unknown ones are absent. What decides on their credit
/// begins with this.
pub async fn retailers_for_update(tx: &mut Tx, ids: &[RetailerId]) -> Result<HashMap<RetailerId, Retailer>, DbError> {
    let sql = "select r.* from retailers r where r.id in {1} order by r.id {lock r}";
    let rows = tx.query(sql, params![Value::list(ids)]).await?;
    rows.iter().map(|row| retailer(row).map(|found| (found.id, found))).collect()
}

/// Locks and reads a vendor.
pub async fn vendor_for_update(tx: &mut Tx, id: VendorId) -> Result<Option<Vendor>, DbError> {
    let row = tx.query_opt("select v.* from vendors v where v.id = $1 {lock v}", params![id]).await?;
    row.as_ref().map(vendor).transpose()
}

/// Writes the credit of a locked retailer as a whole, its cap and its guardrails, with who changed it and when. Waits for no answer.
pub async fn update_credit(tx: &mut Tx, cx: &Context, retailer: &Retailer) -> Result<(), DbError> {
    let sql = "update retailers set credit_status = $2, credit_reason = $3, credit_cause = $4, credit_changed_by = $5, \
               credit_changed_at = $6, cap_paisa = $7, version = $8, max_order_paisa = $9, max_overdue_days = $10 where id = $1";
    let values = params![
        retailer.id,
        retailer.credit_status,
        retailer.credit_reason.as_deref(),
        retailer.credit_cause,
        cx.actor,
        cx.now,
        retailer.cap,
        retailer.version,
        retailer.max_order,
        retailer.max_overdue_days,
    ];
    tx.exec(sql, values).await
}

/// The retailers whose credit is paused because something is overdue, in the order of their ids.
pub async fn paused_for_overdue(tx: &mut Tx) -> Result<Vec<RetailerId>, DbError> {
    let sql = "select r.id from retailers r where r.credit_cause = 'OVERDUE' order by r.id";
    tx.query(sql, params![]).await?.iter().map(|row| row.get("id")).collect()
}

/// Writes the ceiling of a locked vendor. Waits for no answer.
pub async fn update_ceiling(tx: &mut Tx, vendor: &Vendor) -> Result<(), DbError> {
    let sql = "update vendors set ceiling_paisa = $2, version = $3 where id = $1";
    tx.exec(sql, params![vendor.id, vendor.ceiling, vendor.version]).await
}

/// The vendors with these ids; unknown ones are absent.
pub async fn vendors(tx: &mut Tx, ids: &[VendorId]) -> Result<HashMap<VendorId, Vendor>, DbError> {
    let rows = tx.query("select * from vendors v where v.id in {1}", params![Value::list(ids)]).await?;
    rows.iter().map(|row| vendor(row).map(|found| (found.id, found))).collect()
}

/// The retailers with these phones (digits with country code), by phone; unknown ones are absent.
pub async fn retailers_by_phone(tx: &mut Tx, phones: &[String]) -> Result<HashMap<String, Retailer>, DbError> {
    let rows = tx.query("select * from retailers r where r.phone in {1}", params![Value::list(phones)]).await?;
    rows.iter().map(|row| retailer(row).map(|found| (found.phone.clone(), found))).collect()
}

/// The vendors with these number prefixes or phones, by either; unknown ones are absent.
pub async fn vendors_by_name(tx: &mut Tx, names: &[String]) -> Result<HashMap<String, Vendor>, DbError> {
    let sql = "select * from vendors v where v.number_prefix in {1} or v.phone in {1}";
    let mut found = HashMap::new();
    for row in tx.query(sql, params![Value::list(names)]).await? {
        let vendor = vendor(&row)?;
        found.insert(vendor.phone.clone(), vendor.clone());
        found.insert(vendor.number_prefix.clone(), vendor);
    }
    Ok(found)
}

/// Every vendor, active or not.
pub async fn all_vendors(tx: &mut Tx) -> Result<HashMap<VendorId, Vendor>, DbError> {
    let rows = tx.query("select * from vendors", params![]).await?;
    rows.iter().map(|row| vendor(row).map(|found| (found.id, found))).collect()
}

/// The ids of retailers behind one of them, in their order: for work that takes everybody in sets.
pub async fn retailer_ids(tx: &mut Tx, after: Option<RetailerId>, most: i64) -> Result<Vec<RetailerId>, DbError> {
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let sql = "select r.id from retailers r where r.id > $1 order by r.id limit $2";
    tx.query(sql, params![after, most]).await?.iter().map(|row| row.get("id")).collect()
}

/// How many retailers there are.
pub async fn count_retailers(tx: &mut Tx) -> Result<i64, DbError> {
    tx.query_one("select cast(count(*) as bigint) as retailers from retailers r", params![]).await?.get("retailers")
}

/// Retailers whose name or phone contains a text, in the order of their ids.
pub async fn retailers_page(tx: &mut Tx, search: Option<&str>, page: &PageRequest) -> Result<Page<Retailer>, DbError> {
    // What people type means itself: the signs of patterns lose their meaning.
    let pattern = db::containing(search.unwrap_or_default());
    let sql = "select * from retailers r where r.id > $1 \
               and (lower(r.name) like $2 escape '!' or r.phone like $2 escape '!') order by r.id limit $3";
    let after = page.after.clone().unwrap_or_default();
    let rows = tx.query(sql, params![after, pattern, page.limit.saturating_add(1)]).await?;
    let found = rows.iter().map(retailer).collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(found, page, |retailer: &Retailer| retailer.id.to_string()))
}

/// Vendors in the order of their ids.
pub async fn vendors_page(tx: &mut Tx, page: &PageRequest) -> Result<Page<Vendor>, DbError> {
    let sql = "select * from vendors v where v.id > $1 order by v.id limit $2";
    let after = page.after.clone().unwrap_or_default();
    let rows = tx.query(sql, params![after, page.limit.saturating_add(1)]).await?;
    let found = rows.iter().map(vendor).collect::<Result<_, _>>()?;
    Ok(Page::from_overfull(found, page, |vendor: &Vendor| vendor.id.to_string()))
}

/// Whose verified phone or user id an address is.
pub async fn by_address(tx: &mut Tx, address: &str) -> Result<Option<Party>, DbError> {
    let sql = "select c.retailer_id, c.vendor_id from contact_identities c \
               where c.kind in ('PHONE', 'USER_ID') and c.value = $1 and c.verified_at is not null";
    let Some(row) = tx.query_opt(sql, params![address]).await? else { return Ok(None) };
    if let Some(id) = row.get::<Option<RetailerId>>("retailer_id")? {
        return Ok(retailers(tx, &[id]).await?.remove(&id).map(Party::Retailer));
    }
    match row.get::<Option<VendorId>>("vendor_id")? {
        Some(id) => Ok(vendors(tx, &[id]).await?.remove(&id).map(Party::Vendor)),
        None => Ok(None),
    }
}

const RETAILER_COLUMNS: &[&str] = &[
    "id",
    "name",
    "owner_name",
    "phone",
    "place",
    "latitude_micro",
    "longitude_micro",
    "language",
    "status",
    "credit_status",
    "cap_paisa",
    "created_at",
    "version",
];

/// Inserts a retailer; false if the phone is taken.
pub(crate) async fn insert_retailer(tx: &mut Tx, retailer: &Retailer) -> Result<bool, DbError> {
    let row = params![
        retailer.id,
        &retailer.name,
        &retailer.owner_name,
        &retailer.phone,
        retailer.place.as_deref(),
        retailer.latitude_micro,
        retailer.longitude_micro,
        retailer.language,
        retailer.status,
        retailer.credit_status,
        retailer.cap,
        retailer.created_at,
        retailer.version
    ];
    Ok(!tx.insert_new("retailers", RETAILER_COLUMNS, vec![row], "id").await?.is_empty())
}

const VENDOR_COLUMNS: &[&str] = &[
    "id",
    "name",
    "owner_name",
    "phone",
    "place",
    "latitude_micro",
    "longitude_micro",
    "language",
    "status",
    "capacity",
    "ceiling_paisa",
    "number_prefix",
    "created_at",
    "version",
];

/// Inserts a vendor; false if the phone or the number prefix is taken.
pub(crate) async fn insert_vendor(tx: &mut Tx, vendor: &Vendor) -> Result<bool, DbError> {
    let row = params![
        vendor.id,
        &vendor.name,
        &vendor.owner_name,
        &vendor.phone,
        vendor.place.as_deref(),
        vendor.latitude_micro,
        vendor.longitude_micro,
        vendor.language,
        vendor.status,
        vendor.capacity,
        vendor.ceiling,
        &vendor.number_prefix,
        vendor.created_at,
        vendor.version
    ];
    Ok(!tx.insert_new("vendors", VENDOR_COLUMNS, vec![row], "id").await?.is_empty())
}

/// Whether a phone belongs to anyone.
pub(crate) async fn is_phone_taken(tx: &mut Tx, phone: &str) -> Result<bool, DbError> {
    let sql = "select c.value from contact_identities c where c.kind = 'PHONE' and c.value = $1";
    Ok(tx.query_opt(sql, params![phone]).await?.is_some())
}

/// Binds a phone to whose it is.
pub(crate) async fn insert_phone(
    tx: &mut Tx,
    cx: &Context,
    phone: &str,
    retailer: Option<RetailerId>,
    vendor: Option<VendorId>,
    verified_at: Option<Instant>,
) -> Result<(), DbError> {
    let columns = &["kind", "value", "retailer_id", "vendor_id", "verified_at", "created_at"];
    let row = params!["PHONE", phone, retailer, vendor, verified_at, cx.now];
    tx.insert_many("contact_identities", columns, vec![row]).await
}

/// Approves a pending retailer and its phone; false if it is not pending.
pub(crate) async fn approve(tx: &mut Tx, cx: &Context, id: RetailerId) -> Result<bool, DbError> {
    let sql = "update retailers set status = $2, version = version + 1 where id = $1 and status = $3";
    let changed = tx.change(sql, params![id, RetailerStatus::Active, RetailerStatus::Pending]).await?;
    let sql = "update contact_identities set verified_at = $2 where retailer_id = $1 and verified_at is null";
    tx.exec(sql, params![id, cx.now]).await?;
    Ok(changed == 1)
}

/// Keeps the language in which a retailer wants to be written to.
pub async fn set_retailer_language(
    tx: &mut Tx,
    cx: &Context,
    id: RetailerId,
    language: Language,
) -> Result<(), DbError> {
    let sql = "update retailers set language = $2, version = version + 1 where id = $1";
    tx.exec(sql, params![id, language]).await?;
    let after = serde_json::json!({ "language": language });
    audit::record(tx, vec![audit::Entry::new(cx, id, "retailer.language", id).after(after)]).await
}

/// Writes where a retailer's goods are brought.
pub async fn set_retailer_place(
    tx: &mut Tx,
    cx: &Context,
    id: RetailerId,
    place: &str,
    latitude_micro: i64,
    longitude_micro: i64,
) -> Result<(), DbError> {
    let sql = "update retailers set place = $2, latitude_micro = $3, longitude_micro = $4, version = version + 1 \
               where id = $1";
    tx.exec(sql, params![id, place, latitude_micro, longitude_micro]).await?;
    let after =
        serde_json::json!({ "place": place, "latitudeMicro": latitude_micro, "longitudeMicro": longitude_micro });
    audit::record(tx, vec![audit::Entry::new(cx, id, "retailer.place", id).after(after)]).await
}

/// An identity that is not verified, locked: its kind and whose it claims to be.
pub(crate) async fn waiting_identity(tx: &mut Tx, address: &str) -> Result<Option<Waiting>, DbError> {
    let sql = "select c.kind, c.retailer_id, c.vendor_id from contact_identities c \
               where c.value = $1 and c.kind in ('PHONE', 'USER_ID') and c.verified_at is null {lock c}";
    let row = tx.query_opt(sql, params![address]).await?;
    row.map(|row| {
        let is_phone = row.get::<String>("kind")? == "PHONE";
        Ok(Waiting { is_phone, retailer: row.get("retailer_id")?, vendor: row.get("vendor_id")? })
    })
    .transpose()
}

/// Says since when an identity is verified, or that it is not any more.
pub(crate) async fn set_verified(tx: &mut Tx, address: &str, at: Option<Instant>) -> Result<(), DbError> {
    let sql = "update contact_identities set verified_at = $2 where kind in ('PHONE', 'USER_ID') and value = $1";
    tx.exec(sql, params![address, at]).await
}

/// Adds an identity where there is none of this value.
pub(crate) async fn add_identity(
    tx: &mut Tx,
    cx: &Context,
    kind: &str,
    value: &str,
    of: (Option<RetailerId>, Option<VendorId>),
    verified_at: Option<Instant>,
) -> Result<(), DbError> {
    let sql = "insert into contact_identities (kind, value, retailer_id, vendor_id, verified_at, created_at) \
               values ($1, $2, $3, $4, $5, $6) on conflict (kind, value) do nothing";
    tx.exec(sql, params![kind, value, of.0, of.1, verified_at, cx.now]).await
}

/// Writes the phone that messages go to.
pub(crate) async fn set_phone(tx: &mut Tx, waiting: &Waiting, phone: &str) -> Result<(), DbError> {
    if let Some(id) = waiting.retailer {
        let sql = "update retailers set phone = $2, version = version + 1 where id = $1";
        return tx.exec(sql, params![id, phone]).await;
    }
    tx.exec("update vendors set phone = $2, version = version + 1 where id = $1", params![waiting.vendor, phone]).await
}

/// Whether a shop other than this one is reached by a phone.
pub(crate) async fn is_phone_of_another(tx: &mut Tx, waiting: &Waiting, phone: &str) -> Result<bool, DbError> {
    let sql = "select r.id from retailers r where r.phone = $1 union all select v.id from vendors v where v.phone = $1";
    let rows = tx.query(sql, params![phone]).await?;
    let own = waiting.retailer.map(|id| id.to_string()).or_else(|| waiting.vendor.map(|id| id.to_string()));
    for row in &rows {
        if Some(row.get::<String>("id")?) != own {
            return Ok(true);
        }
    }
    Ok(false)
}

fn role(text: &str) -> Result<Role, DbError> {
    match text {
        "ADMIN" => Ok(Role::Admin),
        "VENDOR" => Ok(Role::Vendor),
        "RETAILER" => Ok(Role::Retailer),
        _ => Err(DbError::Decode { column: "role", expected: "a role" }),
    }
}

const fn role_text(role: Role) -> &'static str {
    match role {
        Role::Admin => "ADMIN",
        Role::Vendor => "VENDOR",
        Role::Retailer => "RETAILER",
    }
}

fn user(row: &Row) -> Result<User, DbError> {
    Ok(User {
        id: row.get("id")?,
        login: row.get("login")?,
        password_hash: row.get("password_hash")?,
        role: role(&row.get::<String>("role")?)?,
        retailer: row.get("retailer_id")?,
        vendor: row.get("vendor_id")?,
        status: row.get("status")?,
    })
}

/// The user with a login.
pub async fn user_by_login(tx: &mut Tx, login: &str) -> Result<Option<User>, DbError> {
    let row = tx.query_opt("select * from users u where u.login = $1", params![login.to_lowercase()]).await?;
    row.as_ref().map(user).transpose()
}

/// The user with an id.
pub(crate) async fn user_by_id(tx: &mut Tx, id: UserId) -> Result<Option<User>, DbError> {
    tx.query_opt("select * from users u where u.id = $1", params![id]).await?.as_ref().map(user).transpose()
}

/// Whether anyone can sign in yet.
pub async fn has_users(tx: &mut Tx) -> Result<bool, DbError> {
    Ok(tx.query_opt("select u.id from users u limit 1", params![]).await?.is_some())
}

/// Inserts a user; false if the login is taken.
pub(crate) async fn insert_user(tx: &mut Tx, cx: &Context, user: &User) -> Result<bool, DbError> {
    let columns = &["id", "login", "password_hash", "role", "retailer_id", "vendor_id", "status", "created_at"];
    let role = role_text(user.role);
    let row = params![user.id, &user.login, &user.password_hash, role, user.retailer, user.vendor, user.status, cx.now];
    Ok(!tx.insert_new("users", columns, vec![row], "id").await?.is_empty())
}

/// Writes a new password hash; false if there is no such login.
pub(crate) async fn update_password(tx: &mut Tx, login: &str, hash: &str) -> Result<bool, DbError> {
    let sql = "update users set password_hash = $2 where login = $1";
    Ok(tx.change(sql, params![login.to_lowercase(), hash]).await? == 1)
}

/// A refresh token as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredToken {
    pub(crate) id: TokenId,
    pub(crate) family: String,
    pub(crate) user: UserId,
    pub(crate) secret_hash: String,
    pub(crate) expires_at: Instant,
    pub(crate) used_at: Option<Instant>,
    pub(crate) revoked_at: Option<Instant>,
}

/// Inserts a refresh token.
pub(crate) async fn insert_token(tx: &mut Tx, cx: &Context, token: &StoredToken) -> Result<(), DbError> {
    let columns = &["id", "family", "user_id", "secret_hash", "created_at", "expires_at"];
    let row = params![token.id, &token.family, token.user, &token.secret_hash, cx.now, token.expires_at];
    tx.insert_many("refresh_tokens", columns, vec![row]).await
}

/// A refresh token, locked.
pub(crate) async fn token_for_update(tx: &mut Tx, id: TokenId) -> Result<Option<StoredToken>, DbError> {
    let row = tx.query_opt("select * from refresh_tokens t where t.id = $1 {lock t}", params![id]).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(StoredToken {
        id: row.get("id")?,
        family: row.get("family")?,
        user: row.get("user_id")?,
        secret_hash: row.get("secret_hash")?,
        expires_at: row.get("expires_at")?,
        used_at: row.get("used_at")?,
        revoked_at: row.get("revoked_at")?,
    }))
}

/// Marks a refresh token as used.
pub(crate) async fn mark_used(tx: &mut Tx, cx: &Context, id: TokenId) -> Result<(), DbError> {
    tx.exec("update refresh_tokens set used_at = $2 where id = $1", params![id, cx.now]).await
}

/// Ends every token of a family.
pub(crate) async fn revoke_family(tx: &mut Tx, cx: &Context, family: &str) -> Result<(), DbError> {
    let sql = "update refresh_tokens set revoked_at = $2 where family = $1 and revoked_at is null";
    tx.exec(sql, params![family, cx.now]).await
}
