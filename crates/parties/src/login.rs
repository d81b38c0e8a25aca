//! Signing in: passwords by argon2id, access tokens by `web::Auth`, refresh tokens that are used once.
//!
//! A refresh token is `tok_….SECRET`; only the secret's SHA-256 is stored. Using one a second time means that it was
//! copied, and ends its whole family.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use audit::Entry;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::{DbError, Tx};
use kernel::{Context, Instant, RetailerId, Role, TokenId, UserId, VendorId};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;

use crate::model::{Refusal, User, UserStatus};
use crate::store::{self, StoredToken};

/// How long a refresh token lives.
const REFRESH_SECONDS: i64 = 30 * 86_400;
/// Passwords that are hashed at once: each takes 19 MiB and tens of milliseconds.
const HASHES_AT_ONCE: usize = 2;
/// The shortest and the longest password.
const PASSWORD_LENGTH: std::ops::RangeInclusive<usize> = 10..=200;

/// The hash of no password; an unknown login must not answer faster than a wrong password.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$6x0PfgcH7Oq8sDq4zAvS0cP0mXGkTSk0hW0y3o1v0mY";

/// Hashes and checks passwords, on threads of their own and few at once. Clones share the limit.
#[derive(Clone, Debug)]
pub struct Secrets(Arc<Semaphore>);

impl Default for Secrets {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(HASHES_AT_ONCE)))
    }
}

impl Secrets {
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, DbError> {
        let _permit = self.0.acquire().await.map_err(|_| DbError::Busy)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| DbError::Panicked)
    }

    /// The hash of a new password (argon2id with its default costs, PHC string).
    pub async fn hash(&self, cx: &Context, password: &str) -> Result<Result<String, Refusal>, DbError> {
        if !PASSWORD_LENGTH.contains(&password.chars().count()) {
            return Ok(Err(Refusal::Field { field: "password", right: "10 to 200 characters" }));
        }
        let (password, salt) = (password.to_owned(), cx.random_bytes::<16>());
        let hashed = self.run(move || {
            Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).map(|hash| hash.to_string())
        });
        hashed.await?.map(Ok).map_err(|error| DbError::Engine(format!("a password cannot be hashed: {error}")))
    }

    /// Whether a password is the one that was hashed. With no hash it takes as long, and is not.
    pub(crate) async fn matches(&self, password: &str, hash: Option<&str>) -> Result<bool, DbError> {
        let (password, is_known) = (password.to_owned(), hash.is_some());
        let hash = hash.unwrap_or(NOBODY).to_owned();
        self.run(move || {
            let is_right = PasswordHash::new(&hash)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
            is_right && is_known
        })
        .await
    }
}

/// Someone who has signed in.
#[derive(Clone, Debug)]
pub struct Session {
    /// The user.
    pub user: User,
    /// The token that gets the next access token, once.
    pub refresh_token: String,
    /// When it ends.
    pub refresh_ends: Instant,
}

/// Creates someone who can sign in.
pub async fn create_user(
    tx: &mut Tx,
    cx: &Context,
    login: &str,
    password_hash: String,
    role: Role,
    retailer: Option<RetailerId>,
    vendor: Option<VendorId>,
) -> Result<Result<UserId, Refusal>, DbError> {
    let login = login.trim().to_lowercase();
    if !(3..=80).contains(&login.len()) || login.contains(char::is_whitespace) {
        return Ok(Err(Refusal::Field { field: "login", right: "3 to 80 characters without spaces" }));
    }
    let user = User { id: cx.id(), login, password_hash, role, retailer, vendor, status: UserStatus::Active };
    if !store::insert_user(tx, cx, &user).await? {
        return Ok(Err(Refusal::LoginTaken));
    }
    let after = serde_json::json!({ "login": user.login, "role": user.role });
    audit::record(tx, vec![Entry::new(cx, audit::PLATFORM, "user.created", user.id).after(after)]).await?;
    Ok(Ok(user.id))
}

/// Sets a new password and ends the panel sessions that began with the old one.
pub async fn set_password(tx: &mut Tx, cx: &Context, login: &str, hash: &str) -> Result<Result<(), Refusal>, DbError> {
    if !store::update_password(tx, login, hash).await? {
        return Ok(Err(Refusal::NotFound));
    }
    if let Some(user) = store::user_by_login(tx, login).await? {
        web::panel::end_all_of(tx, user.id).await?;
    }
    audit::record(tx, vec![Entry::new(cx, audit::PLATFORM, "user.password", login)]).await?;
    Ok(Ok(()))
}

/// Begins a session of someone whose password was right.
pub(crate) async fn begin(tx: &mut Tx, cx: &Context, user: User) -> Result<Session, DbError> {
    let family = kernel::hex(&cx.random_bytes::<16>());
    new_session(tx, cx, user, family).await
}

async fn new_session(tx: &mut Tx, cx: &Context, user: User, family: String) -> Result<Session, DbError> {
    let secret = URL_SAFE_NO_PAD.encode(cx.random_bytes::<32>());
    let token = StoredToken {
        id: cx.id(),
        family,
        user: user.id,
        secret_hash: kernel::hex(&Sha256::digest(secret.as_bytes())),
        expires_at: cx.now.plus_seconds(REFRESH_SECONDS),
        used_at: None,
        revoked_at: None,
    };
    store::insert_token(tx, cx, &token).await?;
    let refresh_token = format!("{}.{secret}", token.id);
    Ok(Session { user, refresh_token, refresh_ends: token.expires_at })
}

async fn valid(tx: &mut Tx, cx: &Context, token: &str) -> Result<Option<StoredToken>, DbError> {
    let parsed = token.split_once('.').and_then(|(id, secret)| Some((id.parse::<TokenId>().ok()?, secret)));
    let Some((id, secret)) = parsed else { return Ok(None) };
    let Some(stored) = store::token_for_update(tx, id).await? else { return Ok(None) };
    let hash = kernel::hex(&Sha256::digest(secret.as_bytes()));
    if !bool::from(hash.as_bytes().ct_eq(stored.secret_hash.as_bytes())) {
        return Ok(None);
    }
    if stored.used_at.is_some() {
        store::revoke_family(tx, cx, &stored.family).await?;
        return Ok(None);
    }
    Ok(Some(stored).filter(|stored| stored.revoked_at.is_none() && cx.now < stored.expires_at))
}

/// Exchanges a refresh token for a new one.
pub async fn refresh(tx: &mut Tx, cx: &Context, token: &str) -> Result<Result<Session, Refusal>, DbError> {
    let Some(stored) = valid(tx, cx, token).await? else { return Ok(Err(Refusal::WrongToken)) };
    store::mark_used(tx, cx, stored.id).await?;
    let user = store::user_by_id(tx, stored.user).await?.filter(|user| user.status == UserStatus::Active);
    match user {
        Some(user) => new_session(tx, cx, user, stored.family).await.map(Ok),
        None => Ok(Err(Refusal::WrongToken)),
    }
}

/// Ends a session: its refresh token and all that came of the same sign-in.
pub async fn logout(tx: &mut Tx, cx: &Context, token: &str) -> Result<(), DbError> {
    match valid(tx, cx, token).await? {
        Some(stored) => store::revoke_family(tx, cx, &stored.family).await,
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_costs_as_much_as_anybody() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let anybody =
            Argon2::default().hash_password_with_salt(b"a password of somebody", b"sixteen bytes ok").unwrap();
        assert_eq!(
            (nobody.algorithm.as_str(), nobody.version, nobody.params.to_string()),
            (anybody.algorithm.as_str(), anybody.version, anybody.params.to_string()),
        );
        assert!(Argon2::default().verify_password(b"a password", &nobody).is_err());
        assert_eq!(nobody.hash.unwrap().as_bytes().len(), anybody.hash.unwrap().as_bytes().len());
    }
}
