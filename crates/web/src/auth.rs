//! Access tokens: who is calling. JWT signed with HMAC-SHA256, valid for 15 minutes.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use kernel::{Actor, Clock, Instant, RetailerId, Role, UserId, VendorId};
use serde::{Deserialize, Serialize};

use crate::signing;

/// How long an access token is valid.
pub const ACCESS_SECONDS: i64 = 15 * 60;

/// Issues and verifies access tokens. Clones share the keys.
#[derive(Clone)]
pub struct Auth {
    keys: Arc<(EncodingKey, DecodingKey)>,
    clock: Clock,
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Auth")
    }
}

/// Who signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The user.
    #[serde(rename = "sub")]
    pub user: UserId,
    /// The role.
    pub role: Role,
    /// The retailer of a retailer's user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retailer: Option<RetailerId>,
    /// The vendor of a vendor's user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<VendorId>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    #[serde(flatten)]
    caller: Caller,
    exp: i64,
    iat: i64,
}

impl Caller {
    /// The actor that the caller is. A vendor's or retailer's user without its vendor or retailer is none.
    pub fn actor(&self) -> Option<Actor> {
        match (self.role, self.retailer, self.vendor) {
            (Role::Admin, None, None) => Some(Actor::Operator(self.user)),
            (Role::Vendor, None, Some(vendor)) => Some(Actor::Vendor(vendor)),
            (Role::Retailer, Some(retailer), None) => Some(Actor::Retailer(retailer)),
            _ => None,
        }
    }
}

impl Auth {
    /// Keys from a secret of at least 32 characters.
    pub fn new(secret: &str, clock: Clock) -> Self {
        signing::install();
        let keys = (EncodingKey::from_secret(secret.as_bytes()), DecodingKey::from_secret(secret.as_bytes()));
        Self { keys: Arc::new(keys), clock }
    }

    /// A token for a caller, and when it ends.
    pub fn issue(&self, caller: Caller) -> Result<(String, Instant), jsonwebtoken::errors::Error> {
        let now = self.clock.now();
        let ends = now.plus_seconds(ACCESS_SECONDS);
        let seconds = |moment: Instant| moment.micros() / 1_000_000;
        let claims = Claims { caller, exp: seconds(ends), iat: seconds(now) };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.keys.0)?;
        Ok((token, ends))
    }

    /// The caller of a token that is ours and has not ended.
    pub fn verify(&self, token: &str) -> Option<Caller> {
        let mut validation = Validation::new(Algorithm::HS256);
        // The time is compared below, by the clock that the house runs on.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.keys.1, &validation).ok()?.claims;
        let now = self.clock.now().micros() / 1_000_000;
        (now < claims.exp).then_some(claims.caller)
    }
}

#[cfg(test)]
mod tests {
    use kernel::Id;

    use super::*;

    #[test]
    fn a_token_ends_after_a_quarter_of_an_hour() {
        let clock = Clock::manual(Instant::from_micros(1_763_692_200_000_000));
        let auth = Auth::new("0123456789abcdef0123456789abcdef", clock.clone());
        let caller = Caller { user: UserId::from_bits(7), role: Role::Admin, retailer: None, vendor: None };
        let (token, _) = auth.issue(caller).unwrap();
        assert_eq!(auth.verify(&token), Some(caller));
        assert_eq!(Auth::new("another secret of thirty-two chars", clock.clone()).verify(&token), None);
        assert_eq!(auth.verify(&format!("{token}x")), None);
        clock.advance_seconds(ACCESS_SECONDS);
        assert_eq!(auth.verify(&token), None);
    }
}
