//! An issuer's key set, RFC 7517 §5: which keys of it may verify, and which one a token means.

use std::collections::HashMap;

use serde_json::Value;

use super::compact::Header;
use super::jwk::Jwk;
use super::{Algorithm, JwtError, KeyFault, json};

/// The longest document that is read, in bytes.
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// The most keys a set may have.
const MAX_KEYS: usize = 64;

/// The usable public keys of one issuer, parsed once.
#[derive(Default)]
pub struct KeySet {
    keys: Vec<Jwk>,
    /// Places in `keys`; one `kid` may stand for several keys of different types.
    by_id: HashMap<String, Vec<usize>>,
    rejected: Vec<RejectedKey>,
}

/// A key of the set that is not used, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedKey {
    /// Its `kid`, if that much could be read.
    pub kid: Option<String>,
    /// What is wrong with it.
    pub why: KeyFault,
}

/// Why a document is not a key set. A fault of a single key is no such reason: see [`KeySet::rejected`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwksError {
    /// Longer than 256 KiB.
    #[error("the key set is longer than 256 KiB")]
    TooLarge,
    /// Not a JSON object, or one with repeated members.
    #[error("the key set is not a JSON object with unique members")]
    NotJson,
    /// Without an array `keys`.
    #[error("the key set has no array `keys`")]
    NoKeys,
    /// More than 64 keys.
    #[error("the key set has more than 64 keys")]
    TooManyKeys,
}

impl KeySet {
    /// Reads a JWKS document; keys that may not be used are left out and listed in [`rejected`](Self::rejected).
    pub fn parse(json: &[u8]) -> Result<Self, JwksError> {
        if json.len() > MAX_DOCUMENT_BYTES {
            return Err(JwksError::TooLarge);
        }
        let document = json::object(json).map_err(|_| JwksError::NotJson)?;
        let Some(Value::Array(entries)) = document.get("keys") else {
            return Err(JwksError::NoKeys);
        };
        if entries.len() > MAX_KEYS {
            return Err(JwksError::TooManyKeys);
        }
        let (mut keys, mut rejected) = (Vec::new(), Vec::new());
        for entry in entries {
            match Jwk::read(entry) {
                Ok(key) => keys.push(key),
                Err(why) => {
                    let kid = entry.get("kid").and_then(Value::as_str).map(str::to_owned);
                    rejected.push(RejectedKey { kid, why });
                }
            }
        }
        let (keys, duplicates) = without_duplicates(keys);
        rejected.extend(duplicates);
        let mut by_id: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, key) in keys.iter().enumerate() {
            if let Some(kid) = &key.key_id {
                by_id.entry(kid.clone()).or_default().push(place);
            }
        }
        Ok(Self {
            keys,
            by_id,
            rejected,
        })
    }

    /// Whether a usable key has this id.
    pub fn has_key(&self, kid: &str) -> bool {
        self.by_id.contains_key(kid)
    }

    /// How many keys are usable.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key is usable, so that no token of the issuer can be verified.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The keys that are not used, for whoever runs `check` and for the log.
    pub fn rejected(&self) -> &[RejectedKey] {
        &self.rejected
    }

    /// The ids of RSA keys whose exponent is not 65537: used, but worth a warning.
    pub fn unusual_exponents(&self) -> impl Iterator<Item = Option<&str>> {
        self.keys
            .iter()
            .filter(|key| key.unusual_exponent)
            .map(|key| key.key_id.as_deref())
    }

    /// The one key that the header can mean.
    pub(super) fn choose(&self, header: &Header) -> Result<&Jwk, JwtError> {
        let Some(kid) = &header.key_id else {
            return self.only_key_for(header.algorithm);
        };
        match self.by_id.get(kid) {
            Some(places) => places
                .iter()
                .filter_map(|&place| self.keys.get(place))
                .find(|key| key.serves(header.algorithm))
                .ok_or_else(|| JwtError::KeyDoesNotFit { kid: kid.clone() }),
            None if self.rejected.iter().any(|it| it.kid.as_ref() == Some(kid)) => {
                Err(JwtError::RejectedKey { kid: kid.clone() })
            }
            None => Err(JwtError::UnknownKey {
                kid: Some(kid.clone()),
            }),
        }
    }

    /// A token without `kid` is fine while there is no doubt.
    fn only_key_for(&self, algorithm: Algorithm) -> Result<&Jwk, JwtError> {
        let mut candidates = self.keys.iter().filter(|key| key.serves(algorithm));
        match (candidates.next(), candidates.next()) {
            (Some(key), None) => Ok(key),
            (None, _) => Err(JwtError::UnknownKey { kid: None }),
            (Some(_), Some(_)) => Err(JwtError::AmbiguousKey),
        }
    }
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<_> = self.keys.iter().map(|key| key.key_id.as_deref()).collect();
        f.debug_struct("KeySet")
            .field("keys", &ids)
            .field("rejected", &self.rejected)
            .finish()
    }
}

/// Taking the first or the last of two keys of one name would let their order decide, so neither is taken.
fn without_duplicates(keys: Vec<Jwk>) -> (Vec<Jwk>, Vec<RejectedKey>) {
    let names: Vec<_> = keys
        .iter()
        .map(|key| (key.key_id.clone(), key.key_type))
        .collect();
    let shared = |key: &Jwk| {
        key.key_id.is_some()
            && names
                .iter()
                .filter(|(kid, kty)| *kid == key.key_id && *kty == key.key_type)
                .count()
                > 1
    };
    let (dropped, kept): (Vec<_>, Vec<_>) = keys.into_iter().partition(shared);
    let rejected = dropped
        .into_iter()
        .map(|key| RejectedKey {
            kid: key.key_id,
            why: KeyFault::DuplicateKeyId,
        })
        .collect();
    (kept, rejected)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jwt::testing;

    fn parse(keys: Value) -> KeySet {
        KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
    }

    fn rsa(kid: &str) -> Value {
        json!({"kty": "RSA", "kid": kid, "n": testing::RFC7638_MODULUS, "e": "AQAB"})
    }

    fn ec(kid: &str) -> Value {
        let mut key = testing::rfc7515_es256_key();
        key["kid"] = json!(kid);
        key
    }

    fn header(algorithm: Algorithm, kid: Option<&str>) -> Header {
        Header {
            algorithm,
            key_id: kid.map(str::to_owned),
        }
    }

    fn chosen(
        set: &KeySet,
        algorithm: Algorithm,
        kid: Option<&str>,
    ) -> Result<Option<String>, JwtError> {
        set.choose(&header(algorithm, kid))
            .map(|key| key.key_id.clone())
    }

    #[test]
    fn a_key_is_found_by_its_id() {
        let set = parse(json!([rsa("a"), ec("b")]));
        assert_eq!(
            chosen(&set, Algorithm::Es256, Some("b")),
            Ok(Some("b".into()))
        );
        assert!(set.has_key("a") && !set.has_key("c"));
        assert_eq!(set.rejected(), []);
    }

    #[test]
    fn an_unknown_key_id_is_told_apart() {
        let set = parse(json!([rsa("a")]));
        let unknown = JwtError::UnknownKey {
            kid: Some("A".into()),
        };
        assert_eq!(chosen(&set, Algorithm::Rs256, Some("A")), Err(unknown));
    }

    #[test]
    fn a_key_of_another_type_does_not_fit() {
        let set = parse(json!([rsa("a"), ec("b")]));
        let refused = JwtError::KeyDoesNotFit { kid: "a".into() };
        assert_eq!(chosen(&set, Algorithm::Es256, Some("a")), Err(refused));
    }

    #[test]
    fn a_key_with_another_algorithm_does_not_fit() {
        let mut key = rsa("a");
        key["alg"] = json!("RS512");
        let set = parse(json!([key]));
        assert_eq!(
            chosen(&set, Algorithm::Rs256, Some("a")),
            Err(JwtError::KeyDoesNotFit { kid: "a".into() })
        );
        assert_eq!(
            chosen(&set, Algorithm::Rs256, None),
            Err(JwtError::UnknownKey { kid: None })
        );
        assert!(chosen(&set, Algorithm::Rs512, Some("a")).is_ok());
    }

    #[test]
    fn without_key_id_the_only_key_that_fits_is_taken() {
        let set = parse(json!([rsa("a"), ec("b")]));
        assert_eq!(chosen(&set, Algorithm::Rs256, None), Ok(Some("a".into())));
        assert_eq!(
            chosen(&set, Algorithm::Es384, None),
            Err(JwtError::UnknownKey { kid: None })
        );
    }

    #[test]
    fn without_key_id_two_keys_that_fit_are_refused() {
        let set = parse(json!([rsa("a"), rsa("b")]));
        assert_eq!(
            chosen(&set, Algorithm::Rs256, None),
            Err(JwtError::AmbiguousKey)
        );
    }

    #[test]
    fn a_key_without_id_serves_only_tokens_without_id() {
        let mut key = rsa("a");
        key.as_object_mut().unwrap().remove("kid");
        let set = parse(json!([key]));
        assert_eq!(chosen(&set, Algorithm::Rs256, None), Ok(None));
        assert_eq!(
            chosen(&set, Algorithm::Rs256, Some("a")),
            Err(JwtError::UnknownKey {
                kid: Some("a".into())
            })
        );
    }

    #[test]
    fn two_keys_of_one_id_and_type_are_both_dropped() {
        let set = parse(json!([rsa("a"), rsa("a"), rsa("b")]));
        let duplicate = RejectedKey {
            kid: Some("a".into()),
            why: KeyFault::DuplicateKeyId,
        };
        assert_eq!(set.rejected(), [duplicate.clone(), duplicate]);
        assert!(!set.has_key("a") && set.has_key("b"));
        assert_eq!(
            chosen(&set, Algorithm::Rs256, Some("a")),
            Err(JwtError::RejectedKey { kid: "a".into() })
        );
    }

    #[test]
    fn two_keys_of_one_id_and_different_types_are_both_used() {
        let set = parse(json!([rsa("a"), ec("a")]));
        assert!(chosen(&set, Algorithm::Rs256, Some("a")).is_ok());
        assert!(chosen(&set, Algorithm::Es256, Some("a")).is_ok());
    }

    #[test]
    fn a_bad_key_does_not_spoil_the_others() {
        let hmac = json!({"kty": "oct", "kid": "h", "k": "AAAA"});
        let set = parse(json!([hmac, 7, rsa("a")]));
        assert_eq!(
            set.rejected(),
            [
                RejectedKey {
                    kid: Some("h".into()),
                    why: KeyFault::Symmetric
                },
                RejectedKey {
                    kid: None,
                    why: KeyFault::NotAnObject
                },
            ]
        );
        assert!(chosen(&set, Algorithm::Rs256, Some("a")).is_ok());
        assert_eq!(
            chosen(&set, Algorithm::Rs256, Some("h")),
            Err(JwtError::RejectedKey { kid: "h".into() })
        );
    }

    #[test]
    fn unusual_exponents_are_listed() {
        let mut key = rsa("a");
        key["e"] = json!("Aw");
        let set = parse(json!([key, rsa("b")]));
        assert_eq!(set.unusual_exponents().collect::<Vec<_>>(), [Some("a")]);
    }

    #[test]
    fn sixty_four_keys_and_no_more() {
        let keys =
            |count: usize| json!((0..count).map(|it| ec(&it.to_string())).collect::<Vec<_>>());
        assert_eq!(parse(keys(64)).len(), 64);
        let many = json!({ "keys": keys(65) }).to_string();
        assert_eq!(
            KeySet::parse(many.as_bytes()).unwrap_err(),
            JwksError::TooManyKeys
        );
    }

    #[test]
    fn a_document_beyond_the_limit_is_refused_unread() {
        let padded = |length: usize| format!("{{\"keys\":[]}}{}", " ".repeat(length - 11));
        assert!(KeySet::parse(padded(256 * 1024).as_bytes()).is_ok());
        assert_eq!(
            KeySet::parse(padded(256 * 1024 + 1).as_bytes()).unwrap_err(),
            JwksError::TooLarge
        );
    }

    #[test]
    fn what_is_no_key_set_is_refused() {
        for (document, why) in [
            ("", JwksError::NotJson),
            ("[]", JwksError::NotJson),
            ("<html>", JwksError::NotJson),
            (r#"{"keys":[],"keys":[]}"#, JwksError::NotJson),
            (r#"{"keys":[{"kid":"a","kid":"b"}]}"#, JwksError::NotJson),
            ("{}", JwksError::NoKeys),
            (r#"{"keys":{}}"#, JwksError::NoKeys),
        ] {
            assert_eq!(
                KeySet::parse(document.as_bytes()).unwrap_err(),
                why,
                "{document}"
            );
        }
    }
}
