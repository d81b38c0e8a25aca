//! Did Meta really send this body?
//!
//! Meta signs every webhook with HMAC-SHA256 under the app secret and sends `X-Hub-Signature-256: sha256=<64 lower-case hex>`. The
//! digest is over the bytes as sent, in which non-ASCII characters are written `\uXXXX`: verify the raw body before it is
//! parsed, and never a body that was parsed and written again.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The request header that carries the signature.
pub const HEADER: &str = "x-hub-signature-256";

const PREFIX: &str = "sha256=";

/// Why a body is not taken as Meta's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The receiver holds no app secret, so nothing can be verified.
    #[error("no app secret is set")]
    NoSecret,
    /// The header is absent.
    #[error("the signature header is missing")]
    Missing,
    /// The header does not begin with `sha256=`.
    #[error("the signature does not begin with sha256=")]
    Prefix,
    /// What follows the prefix is not 64 hexadecimal digits.
    #[error("the signature is not 64 hexadecimal digits")]
    Malformed,
    /// The digest is of another body or made with another secret.
    #[error("the signature does not match the body")]
    Mismatch,
}

/// The header value that belongs to `body`: `sha256=` and 64 lower-case hexadecimal digits.
pub fn sign(secret: &str, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        unreachable!("HMAC takes a key of any length");
    };
    mac.update(body);
    mac.finalize().into_bytes().iter().fold(PREFIX.to_owned(), |mut text, byte| {
        for nibble in [byte >> 4, byte & 0x0f] {
            text.extend(char::from_digit(u32::from(nibble), 16));
        }
        text
    })
}

/// Accepts `body` when `header`, the value of [`HEADER`], was made from exactly these bytes with `secret`.
/// The digests are compared in constant time.
pub fn verify(secret: &str, header: Option<&str>, body: &[u8]) -> Result<(), SignatureError> {
    if secret.is_empty() {
        return Err(SignatureError::NoSecret);
    }
    let given = header.ok_or(SignatureError::Missing)?;
    let digest = given.strip_prefix(PREFIX).ok_or(SignatureError::Prefix)?;
    if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(SignatureError::Malformed);
    }
    let expected = sign(secret, body);
    if bool::from(expected.as_bytes().ct_eq(given.as_bytes())) { Ok(()) } else { Err(SignatureError::Mismatch) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "khaacho-test-app-secret";
    const BODY: &[u8] = include_bytes!("../tests/data/text.json");
    const SIGNED: &str = "sha256=1a851e2355c83c0287a1d722ed7b417a0f42e74ce2d984e69b7a6cf049c3de2f";

    #[test]
    fn the_published_vector_is_reproduced() {
        assert_eq!(BODY.len(), 487);
        assert_eq!(sign(SECRET, BODY), SIGNED);
        assert_eq!(verify(SECRET, Some(SIGNED), BODY), Ok(()));
    }

    #[test]
    fn the_same_document_with_its_escapes_resolved_is_refused() {
        let parsed: serde_json::Value = serde_json::from_slice(BODY).unwrap();
        let name = parsed.pointer("/entry/0/changes/0/value/contacts/0/profile/name").unwrap().as_str().unwrap();
        let text = std::str::from_utf8(BODY).unwrap();
        let escaped: String = name.encode_utf16().fold(String::new(), |text, unit| match unit {
            0x20 => text + " ",
            unit => text + &format!("\\u{unit:04x}"),
        });
        let resolved = text.replace(&escaped, name);
        assert_eq!(resolved.len(), 463);
        assert!(sign(SECRET, resolved.as_bytes()).starts_with("sha256=be62885f"));
        assert_eq!(verify(SECRET, Some(SIGNED), resolved.as_bytes()), Err(SignatureError::Mismatch));
    }

    #[test]
    fn each_fault_has_its_name() {
        let bare = SIGNED.strip_prefix("sha256=").unwrap();
        let upper = format!("sha256={}", bare.to_uppercase());
        for (header, fault) in [
            (None, SignatureError::Missing),
            (Some(bare), SignatureError::Prefix),
            (Some("sha1=1a851e23"), SignatureError::Prefix),
            (Some("sha256="), SignatureError::Malformed),
            (Some("sha256=sha256="), SignatureError::Malformed),
            (Some(&SIGNED[..SIGNED.len() - 1]), SignatureError::Malformed),
            (Some(&SIGNED.replace('f', "g")), SignatureError::Malformed),
            (Some(&SIGNED.replace("1a85", "1a86")), SignatureError::Mismatch),
            (Some(&upper), SignatureError::Mismatch),
        ] {
            assert_eq!(verify(SECRET, header, BODY), Err(fault), "{header:?}");
        }
        assert_eq!(verify("another-secret", Some(SIGNED), BODY), Err(SignatureError::Mismatch));
        assert_eq!(verify("", Some(&sign("", BODY)), BODY), Err(SignatureError::NoSecret));
    }
}
