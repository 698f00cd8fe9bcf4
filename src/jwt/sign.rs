//! Signing our own tokens: the keys of the issuer, their public half as a JWK, and their ids.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Algorithm, MAX_TOKEN_BYTES};
use crate::secret::Secret;

/// A private key that signs tokens with one algorithm: RS256, ES256 or ES384.
pub struct SigningKey {
    pair: Pair,
    jwk: Value,
    key_id: String,
}

enum Pair {
    Rsa(RsaKeyPair),
    Es256(EcdsaKeyPair),
    Es384(EcdsaKeyPair),
}

/// Why a key could not be made or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// Not a PKCS #8 document of an RSA, P-256 or P-384 key.
    #[error("not a PKCS #8 key of a supported type")]
    UnknownKey,
    /// The claims are not a JSON object.
    #[error("claims are a JSON object")]
    NotAnObject,
    /// The token would be longer than anybody has to accept.
    #[error("the token would be longer than {MAX_TOKEN_BYTES} bytes")]
    TooLarge,
    /// The library failed.
    #[error("the key could not be used")]
    Library,
}

impl SigningKey {
    /// A new RSA key of 2048 bits, for RS256.
    pub fn generate_rsa() -> Result<Self, SignError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| SignError::Library)?;
        Self::new(Pair::Rsa(pair))
    }

    /// A new P-256 key, for ES256.
    pub fn generate_ec() -> Result<Self, SignError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_| SignError::Library)?;
        Self::new(Pair::Es256(pair))
    }

    /// A new P-384 key, for ES384.
    pub fn generate_ec384() -> Result<Self, SignError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING)
            .map_err(|_| SignError::Library)?;
        Self::new(Pair::Es384(pair))
    }

    /// The key in a PKCS #8 document; its type decides the algorithm.
    pub fn from_pkcs8(document: &[u8]) -> Result<Self, SignError> {
        let curve =
            |curve: &'static EcdsaSigningAlgorithm| EcdsaKeyPair::from_pkcs8(curve, document).ok();
        let pair = curve(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map(Pair::Es256)
            .or_else(|| curve(&ECDSA_P384_SHA384_FIXED_SIGNING).map(Pair::Es384))
            .or_else(|| RsaKeyPair::from_pkcs8(document).ok().map(Pair::Rsa));
        Self::new(pair.ok_or(SignError::UnknownKey)?)
    }

    /// The key as a PKCS #8 document.
    pub fn to_pkcs8(&self) -> Result<Secret<Vec<u8>>, SignError> {
        let document = match &self.pair {
            Pair::Rsa(pair) => pair.as_der().map(|it| it.as_ref().to_vec()),
            Pair::Es256(pair) | Pair::Es384(pair) => {
                pair.to_pkcs8v1().map(|it| it.as_ref().to_vec())
            }
        };
        document.map(Secret::new).map_err(|_| SignError::Library)
    }

    fn new(pair: Pair) -> Result<Self, SignError> {
        let required = match &pair {
            Pair::Rsa(pair) => {
                let (n, e) =
                    rsa_components(pair.public_key().as_ref()).ok_or(SignError::Library)?;
                json!({"e": encode(e), "kty": "RSA", "n": encode(n)})
            }
            Pair::Es256(pair) => curve_members("P-256", pair.public_key().as_ref())?,
            Pair::Es384(pair) => curve_members("P-384", pair.public_key().as_ref())?,
        };
        // RFC 7638: the required members, in this order and without white space, which is how they were written above.
        let key_id = encode(Sha256::digest(required.to_string()));
        let mut key = Self {
            pair,
            jwk: required,
            key_id,
        };
        key.jwk["kid"] = json!(key.key_id);
        key.jwk["alg"] = json!(key.algorithm().name());
        key.jwk["use"] = json!("sig");
        Ok(key)
    }

    /// The RFC 7638 thumbprint of the public key.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The algorithm it signs with.
    pub fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Rsa(_) => Algorithm::Rs256,
            Pair::Es256(_) => Algorithm::Es256,
            Pair::Es384(_) => Algorithm::Es384,
        }
    }

    /// The public key as an entry of a key set, with `kid`, `alg` and `use`.
    pub fn jwk(&self) -> Value {
        self.jwk.clone()
    }

    /// A compact token with these claims, under the header `{"alg", "kid", "typ": "JWT"}`.
    pub fn sign(&self, claims: &Value) -> Result<String, SignError> {
        if !claims.is_object() {
            return Err(SignError::NotAnObject);
        }
        let header = json!({"alg": self.algorithm().name(), "kid": self.key_id, "typ": "JWT"});
        let mut token = format!(
            "{}.{}",
            encode(header.to_string()),
            encode(claims.to_string())
        );
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        if token.len() > MAX_TOKEN_BYTES {
            return Err(SignError::TooLarge);
        }
        Ok(token)
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(|_| SignError::Library)?;
                Ok(signature)
            }
            Pair::Es256(pair) | Pair::Es384(pair) => pair
                .sign(&random, message)
                .map(|it| it.as_ref().to_vec())
                .map_err(|_| SignError::Library),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("key_id", &self.key_id)
            .field("algorithm", &self.algorithm())
            .finish_non_exhaustive()
    }
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// An uncompressed point is a 4 and two coordinates of one length.
fn curve_members(curve: &str, point: &[u8]) -> Result<Value, SignError> {
    let (first, coordinates) = point.split_first().ok_or(SignError::Library)?;
    if *first != 4 {
        return Err(SignError::Library);
    }
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    Ok(json!({"crv": curve, "kty": "EC", "x": encode(x), "y": encode(y)}))
}

/// Modulus and exponent of an `RSAPublicKey` (RFC 8017 §A.1.1), without the sign bytes of their integers.
fn rsa_components(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, _) = element(der, 0x30)?;
    let (n, rest) = element(sequence, 0x02)?;
    let (e, _) = element(rest, 0x02)?;
    let magnitude = |integer: &'_ [u8]| integer.iter().take_while(|&&byte| byte == 0).count();
    Some((n.get(magnitude(n)..)?, e.get(magnitude(e)..)?))
}

/// The content of the first DER element, which must have this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[actual, short], rest) = der.split_first_chunk::<2>()?;
    if actual != tag {
        return None;
    }
    let (length, rest) = match short {
        0..=0x7f => (usize::from(short), rest),
        0x81 => rest
            .split_first()
            .map(|(&length, rest)| (usize::from(length), rest))?,
        0x82 => rest
            .split_first_chunk::<2>()
            .map(|(&length, rest)| (usize::from(u16::from_be_bytes(length)), rest))?,
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::testing::{self, NOW};
    use crate::jwt::{Audience, Expectations, JwtError, verify};

    fn claims() -> Value {
        json!({"iss": "https://us.example", "sub": "ann", "aud": "sts", "iat": NOW, "exp": NOW + 60})
    }

    fn keys() -> [SigningKey; 3] {
        [
            SigningKey::generate_rsa(),
            SigningKey::generate_ec(),
            SigningKey::generate_ec384(),
        ]
        .map(Result::unwrap)
    }

    #[test]
    fn what_we_sign_we_verify() {
        for key in keys() {
            let token = key.sign(&claims()).unwrap();
            let keys = testing::key_set([key.jwk()]);
            let algorithms = [key.algorithm()];
            let expected = Expectations::new(
                "https://us.example",
                Audience::RelyingParty("sts"),
                &algorithms,
                NOW,
            );
            let verified = verify(&token, &keys, &expected).unwrap();
            assert_eq!(verified.key_id(), Some(key.key_id()));
            assert_eq!(Value::Object(verified.claims().clone()), claims());
        }
    }

    #[test]
    fn the_header_names_algorithm_key_and_type() {
        let key = SigningKey::generate_ec().unwrap();
        let token = key.sign(&claims()).unwrap();
        let header = testing::decode_json(token.split_once('.').unwrap().0);
        assert_eq!(
            header,
            json!({"alg": "ES256", "kid": key.key_id(), "typ": "JWT"})
        );
    }

    #[test]
    fn a_key_survives_pkcs8() {
        for key in keys() {
            let again = SigningKey::from_pkcs8(key.to_pkcs8().unwrap().expose()).unwrap();
            assert_eq!(again.key_id(), key.key_id());
            assert_eq!(again.algorithm(), key.algorithm());
            assert_eq!(again.jwk(), key.jwk());
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(
            SigningKey::from_pkcs8(b"").unwrap_err(),
            SignError::UnknownKey
        );
        assert_eq!(
            SigningKey::from_pkcs8(&[0x30, 0x80, 0, 0]).unwrap_err(),
            SignError::UnknownKey
        );
    }

    #[test]
    fn the_key_id_is_the_thumbprint_of_rfc_7638() {
        let required = json!({"e": "AQAB", "kty": "RSA", "n": testing::RFC7638_MODULUS});
        let thumbprint = encode(Sha256::digest(required.to_string()));
        assert_eq!(thumbprint, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        for key in keys() {
            let mut required = key.jwk();
            for member in ["kid", "alg", "use"] {
                required.as_object_mut().unwrap().remove(member);
            }
            assert_eq!(encode(Sha256::digest(required.to_string())), key.key_id());
        }
    }

    #[test]
    fn the_jwk_has_nothing_private() {
        for key in keys() {
            for (name, _) in key.jwk().as_object().unwrap() {
                assert!(
                    ["kty", "n", "e", "crv", "x", "y", "kid", "alg", "use"]
                        .contains(&name.as_str()),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let key = SigningKey::generate_ec().unwrap();
        assert_eq!(
            format!("{key:?}"),
            format!(
                "SigningKey {{ key_id: {:?}, algorithm: Es256, .. }}",
                key.key_id()
            )
        );
    }

    #[test]
    fn only_an_object_is_signed() {
        let key = SigningKey::generate_ec().unwrap();
        assert_eq!(key.sign(&json!(["a"])), Err(SignError::NotAnObject));
    }

    #[test]
    fn a_token_that_nobody_would_read_is_not_made() {
        let key = SigningKey::generate_ec().unwrap();
        assert_eq!(
            key.sign(&json!({"a": "a".repeat(16 * 1024)})),
            Err(SignError::TooLarge)
        );
    }

    #[test]
    fn a_signature_under_a_changed_claim_does_not_hold() {
        let key = SigningKey::generate_ec().unwrap();
        let (token, other) = (
            key.sign(&claims()).unwrap(),
            key.sign(&json!({"sub": "eve"})).unwrap(),
        );
        let (input, _) = token.rsplit_once('.').unwrap();
        let (_, signature) = other.rsplit_once('.').unwrap();
        let expected = Expectations::new(
            "https://us.example",
            Audience::RelyingParty("sts"),
            &Algorithm::ALL,
            NOW,
        );
        let refused = verify(
            &format!("{input}.{signature}"),
            &testing::key_set([key.jwk()]),
            &expected,
        );
        assert_eq!(refused.unwrap_err(), JwtError::BadSignature);
    }
}
