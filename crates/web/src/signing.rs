//! The cryptography of access tokens: HMAC-SHA256 by ring, which TLS brings already. The providers that come with
//! `jsonwebtoken` bring RSA and elliptic curves along, which nothing here signs with.

use jsonwebtoken::Algorithm;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{self, Signer, Verifier};
use ring::hmac::{self, HMAC_SHA256, Key};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| Ok(Hs256::new(*algorithm, key.as_bytes())?),
    verifier_factory: |algorithm, key| Ok(Hs256::new(*algorithm, key.try_get_as_bytes()?)?),
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes this provider the one of the process.
pub(crate) fn install() {
    // Only the first call has an effect; a later one finds this very provider in its place.
    let _ = PROVIDER.install_default();
}

struct Hs256(Key);

impl Hs256 {
    fn new(algorithm: Algorithm, secret: &[u8]) -> Result<Box<Self>, Error> {
        if algorithm == Algorithm::HS256 {
            Ok(Box::new(Self(Key::new(HMAC_SHA256, secret))))
        } else {
            Err(ErrorKind::InvalidAlgorithm.into())
        }
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        hmac::verify(&self.0, message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, EncodingKey};

    use super::*;

    /// The example of RFC 7515, appendix A.1.
    #[test]
    fn the_signature_is_that_of_the_standard() {
        install();
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow==";
        let message = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                       eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let expected = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let signing = EncodingKey::from_urlsafe_base64_secret(key).unwrap();
        assert_eq!(jsonwebtoken::crypto::sign(message.as_bytes(), &signing, Algorithm::HS256).unwrap(), expected);

        let verifying = DecodingKey::from_secret(signing.as_bytes());
        let verify = |signature: &str, message: &str| {
            jsonwebtoken::crypto::verify(signature, message.as_bytes(), &verifying, Algorithm::HS256).unwrap()
        };
        assert!(verify(expected, message));
        assert!(!verify(expected, &message.replace("Jpc3", "Jpc2")));
        assert!(!verify(&format!("e{}", &expected[1..]), message) && !verify("", message));
        assert!(jsonwebtoken::crypto::sign(b"", &signing, Algorithm::HS512).is_err());
    }
}
