//! The key ring: master keys with ids, one of them active, and the keys derived from them.

use std::collections::BTreeMap;

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::secret::Secret;

/// What a derived key is for. Each purpose has its own key, so a value never opens for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Session tokens of the embedded STS.
    SessionToken,
    /// Secret access keys of sessions, computed from the key id.
    SessionSecret,
    /// Bodies of portal sessions in the store.
    WebSession,
    /// The cookie of the portal session.
    WebCookie,
    /// State between redirect and callback, in a cookie.
    PendingLogin,
    /// Access tokens of the token exchange.
    AccessToken,
    /// Sign-in tokens of the console link.
    SigninToken,
    /// The embedded console's session cookie.
    ConsoleSession,
    /// Long-lived secrets at rest.
    Stored,
    /// Encoded authorization messages.
    AuthorizationMessage,
}

impl Purpose {
    /// All purposes, in the order of their declaration.
    pub const ALL: [Purpose; 10] = [
        Purpose::SessionToken,
        Purpose::SessionSecret,
        Purpose::WebSession,
        Purpose::WebCookie,
        Purpose::PendingLogin,
        Purpose::AccessToken,
        Purpose::SigninToken,
        Purpose::ConsoleSession,
        Purpose::Stored,
        Purpose::AuthorizationMessage,
    ];

    fn label(self) -> &'static str {
        match self {
            Purpose::SessionToken => "drawbridge/1/session-token",
            Purpose::SessionSecret => "drawbridge/1/session-secret",
            Purpose::WebSession => "drawbridge/1/web-session",
            Purpose::WebCookie => "drawbridge/1/web-cookie",
            Purpose::PendingLogin => "drawbridge/1/pending-login",
            Purpose::AccessToken => "drawbridge/1/access-token",
            Purpose::SigninToken => "drawbridge/1/signin-token",
            Purpose::ConsoleSession => "drawbridge/1/console-session",
            Purpose::Stored => "drawbridge/1/stored",
            Purpose::AuthorizationMessage => "drawbridge/1/authorization-message",
        }
    }
}

/// What is wrong with a ring.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RingError {
    /// Not the JSON form of a ring.
    #[error("the key ring is not readable: {0}")]
    Form(String),
    /// No key may seal.
    #[error("the key ring has no active key")]
    NoActiveKey,
    /// A key whose secret is not 32 bytes.
    #[error("key {0} of the ring is not 32 bytes of base64url")]
    KeyLength(u32),
    /// Two keys with one id.
    #[error("the key ring has two keys with the id {0}")]
    DuplicateId(u32),
}

/// Whether a key of the ring may still seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// Seals and opens. The one with the highest id seals.
    Active,
    /// Opens what it sealed before.
    Retired,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyForm {
    id: u32,
    state: KeyState,
    created: i64,
    key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RingForm {
    version: u32,
    keys: Vec<KeyForm>,
}

struct RingKey {
    state: KeyState,
    derived: BTreeMap<Purpose, Secret<[u8; 32]>>,
}

/// Master keys by id, with the derived keys of every purpose at hand.
pub struct KeyRing {
    keys: BTreeMap<u32, RingKey>,
    active: u32,
    fingerprint: String,
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// HMAC-SHA256. The key may have any length, so this cannot fail.
pub(super) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl KeyRing {
    /// The JSON text of a new ring with one active key.
    pub fn generate(random: [u8; 32], created_unix: i64) -> Secret<String> {
        let form = RingForm {
            version: 1,
            keys: vec![KeyForm {
                id: 1,
                state: KeyState::Active,
                created: created_unix,
                key: base64url(&random),
            }],
        };
        Secret::new(serde_json::to_string_pretty(&form).unwrap_or_default() + "\n")
    }

    /// Reads a ring from its JSON text.
    pub fn parse(text: &Secret<String>) -> Result<KeyRing, RingError> {
        use base64::Engine;
        let form: RingForm = serde_json::from_str(text.expose())
            // serde_json quotes what it stumbles over; only the place may be told.
            .map_err(|e| RingError::Form(format!("line {}, column {}", e.line(), e.column())))?;
        let mut keys = BTreeMap::new();
        for key in &form.keys {
            let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
                .decode(&key.key)
                .ok()
                .filter(|bytes| bytes.len() == 32)
                .ok_or(RingError::KeyLength(key.id))?;
            let derive = |label: &str| hmac_sha256(&bytes, &[label.as_bytes()]);
            let derived = Purpose::ALL
                .iter()
                .map(|purpose| (*purpose, Secret::new(derive(purpose.label()))))
                .collect();
            let state = key.state;
            if keys.insert(key.id, RingKey { state, derived }).is_some() {
                return Err(RingError::DuplicateId(key.id));
            }
        }
        let active = keys
            .iter()
            .filter(|(_, key)| key.state == KeyState::Active)
            .map(|(id, _)| *id)
            .max()
            .ok_or(RingError::NoActiveKey)?;
        let first = form.keys.iter().map(|key| key.id).min().unwrap_or(active);
        // The fingerprint is of the oldest key alone, so that adding keys keeps it.
        let oldest = keys
            .get(&first)
            .and_then(|key| key.derived.get(&Purpose::Stored));
        let fingerprint = oldest
            .map(|key| Sha256::digest(key.expose()))
            .map_or(String::new(), |digest| base64url(&digest));
        Ok(KeyRing {
            keys,
            active,
            fingerprint,
        })
    }

    /// The id of the key that seals now.
    pub fn active(&self) -> u32 {
        self.active
    }

    /// The id of the oldest key, retired or not.
    pub fn oldest(&self) -> u32 {
        self.keys.keys().next().copied().unwrap_or(self.active)
    }

    /// Names the ring without telling anything about it: two nodes with one ring have one fingerprint.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The derived key of a purpose, or `None` for an id that the ring does not have.
    pub fn key(&self, id: u32, purpose: Purpose) -> Option<&Secret<[u8; 32]>> {
        self.keys.get(&id)?.derived.get(&purpose)
    }
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "KeyRing({} keys, active {})",
            self.keys.len(),
            self.active
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(keys: &str) -> Result<KeyRing, RingError> {
        KeyRing::parse(&Secret::new(format!(r#"{{"version":1,"keys":[{keys}]}}"#)))
    }

    fn key(id: u32, state: &str, byte: u8) -> String {
        let text = base64url(&[byte; 32]);
        format!(r#"{{"id":{id},"state":"{state}","created":0,"key":"{text}"}}"#)
    }

    #[test]
    fn the_newest_active_key_seals() {
        let keys = [
            key(1, "active", 1),
            key(2, "active", 2),
            key(3, "retired", 3),
        ]
        .join(",");
        assert_eq!(ring(&keys).unwrap().active(), 2);
    }

    #[test]
    fn a_ring_without_an_active_key_is_refused() {
        assert_eq!(
            ring(&key(1, "retired", 1)).unwrap_err(),
            RingError::NoActiveKey
        );
        assert_eq!(ring("").unwrap_err(), RingError::NoActiveKey);
    }

    #[test]
    fn two_keys_with_one_id_are_refused() {
        let keys = [key(1, "active", 1), key(1, "active", 2)].join(",");
        assert_eq!(ring(&keys).unwrap_err(), RingError::DuplicateId(1));
    }

    #[test]
    fn a_short_key_is_refused_and_not_shown() {
        let short = r#"{"id":7,"state":"active","created":0,"key":"c2VjcmV0"}"#;
        let error = ring(short).unwrap_err();
        assert_eq!(error, RingError::KeyLength(7));
        assert!(!error.to_string().contains("c2VjcmV0"));
    }

    #[test]
    fn purposes_have_different_keys_and_rings_different_fingerprints() {
        let one = ring(&key(1, "active", 1)).unwrap();
        let other = ring(&key(1, "active", 2)).unwrap();
        let a = one.key(1, Purpose::SessionToken).unwrap();
        let b = one.key(1, Purpose::WebSession).unwrap();
        assert_ne!(a.expose(), b.expose());
        assert_ne!(one.fingerprint(), other.fingerprint());
        let grown = ring(&[key(1, "active", 1), key(2, "active", 9)].join(",")).unwrap();
        assert_eq!(one.fingerprint(), grown.fingerprint());
    }
}
