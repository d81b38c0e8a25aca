//! Every statement of panel sessions.

use db::{DbError, Row, Tx, params};
use kernel::{Instant, Role, UserId, VendorId};

use super::words::PageLanguage;

/// A session as it is stored, with its user as it is now.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) token_hash: String,
    pub(super) user: UserId,
    pub(super) login: String,
    pub(super) role: Role,
    pub(super) vendor: Option<VendorId>,
    pub(super) csrf: String,
    pub(super) language: PageLanguage,
    pub(super) seen_at: Instant,
}

fn read(row: &Row) -> Result<Stored, DbError> {
    let role = match row.get::<String>("role")?.as_str() {
        "ADMIN" => Role::Admin,
        "VENDOR" => Role::Vendor,
        _ => return Err(DbError::Decode { column: "role", expected: "ADMIN or VENDOR" }),
    };
    Ok(Stored {
        token_hash: row.get("token_hash")?,
        user: row.get("user_id")?,
        login: row.get("login")?,
        role,
        vendor: row.get("vendor_id")?,
        csrf: row.get("csrf")?,
        language: row.get("language")?,
        seen_at: row.get("seen_at")?,
    })
}

/// The session of a cookie that was used after a moment. The user is read beside it, so that whoever may not sign in any
/// more is out at once.
pub(super) async fn find(tx: &mut Tx, token_hash: &str, after: Instant) -> Result<Option<Stored>, DbError> {
    let sql = "select s.*, u.login, u.role, u.vendor_id from panel_sessions s join users u on u.id = s.user_id \
               where s.token_hash = $1 and s.seen_at > $2 and u.status = 'ACTIVE' and u.role <> 'RETAILER'";
    tx.query_opt(sql, params![token_hash, after]).await?.as_ref().map(read).transpose()
}

/// Inserts a session.
pub(super) async fn insert(
    tx: &mut Tx,
    token_hash: &str,
    user: UserId,
    csrf: &str,
    language: PageLanguage,
    now: Instant,
) -> Result<(), DbError> {
    let columns = &["token_hash", "user_id", "csrf", "language", "created_at", "seen_at"];
    tx.insert_many("panel_sessions", columns, vec![params![token_hash, user, csrf, language, now, now]]).await
}

/// Notes that a session was used.
pub(super) async fn touch(tx: &mut Tx, token_hash: &str, now: Instant) -> Result<(), DbError> {
    tx.exec("update panel_sessions set seen_at = $2 where token_hash = $1", params![token_hash, now]).await
}

/// Writes the language of a session.
pub(super) async fn set_language(tx: &mut Tx, token_hash: &str, language: PageLanguage) -> Result<(), DbError> {
    tx.exec("update panel_sessions set language = $2 where token_hash = $1", params![token_hash, language]).await
}

/// Deletes a session.
pub(super) async fn delete(tx: &mut Tx, token_hash: &str) -> Result<(), DbError> {
    tx.exec("delete from panel_sessions where token_hash = $1", params![token_hash]).await
}

/// Deletes every session of a user.
pub(super) async fn delete_of(tx: &mut Tx, user: UserId) -> Result<(), DbError> {
    tx.exec("delete from panel_sessions where user_id = $1", params![user]).await
}

/// Deletes the sessions that were not used after a moment.
pub(super) async fn delete_ended(tx: &mut Tx, after: Instant) -> Result<(), DbError> {
    tx.exec("delete from panel_sessions where seen_at <= $1", params![after]).await
}
