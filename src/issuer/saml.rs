//! Our keys as a party of SAML: as the service provider that people sign in to, and as the identity provider that
//! other STSs trust.
//!
//! A key comes with a certificate, signed by itself and good for ten years: parties pin it. They are made when they
//! are first needed, sealed by the key ring, and shared by all nodes through the store.
//!
//! **Rotation** (`rotation`, by command). A new key is published at once and signs only when it has been published for
//! [`PUBLISHED_BEFORE_USE`], so that whoever reads our metadata daily knows it by then; the one before is published
//! until it is retired. Every node looks again after [`REFRESH_SECONDS`].
//!
//! [`assertions`] is what the identity provider's keys are for.

pub mod assertions;
mod attributes;
pub mod rotation;

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::clock::{Random, random_bytes};
use crate::issuer::IssuerError;
use crate::jwt::SignError;
use crate::saml::self_signed::{Subject, self_signed};
use crate::saml::{Credential, KeyError, SigningKey};
use crate::seal::{KeyRing, Purpose};
use crate::store::signing_keys::StoredSigningKey;
use crate::store::{Store, StoreError};

/// Seconds for which a key is published before it signs (security.md ISS-1).
pub const PUBLISHED_BEFORE_USE: i64 = 24 * 3600;
/// Seconds after which a node looks whether a key was added or retired.
pub const REFRESH_SECONDS: i64 = 45;
/// Seconds for which a certificate is good.
const GOOD_FOR: i64 = 10 * 365 * 24 * 3600;
/// Seconds by which its beginning lies before it was made, for clocks that are behind.
const BEGUN_BEFORE: i64 = 24 * 3600;

/// As whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The service provider: signs requests, opens encrypted assertions.
    ServiceProvider,
    /// The identity provider: signs assertions for other STSs.
    IdentityProvider,
}

impl Party {
    /// Both.
    pub const ALL: [Party; 2] = [Party::ServiceProvider, Party::IdentityProvider];

    /// As the store has it.
    pub fn name(self) -> &'static str {
        match self {
            Party::ServiceProvider => "saml-sp",
            Party::IdentityProvider => "saml-idp",
        }
    }
}

/// A key with what there is to know about it.
pub struct HeldKey {
    /// `saml-sp-1`.
    pub id: String,
    /// Seconds since 1970.
    pub created_at: i64,
    /// The key and its certificate.
    pub credential: Credential,
}

/// All keys of a party, the oldest first; never none.
pub type HeldKeys = Arc<Vec<HeldKey>>;

/// The keys of one party.
pub struct SamlKeys {
    party: Party,
    /// Whose certificate: a host name.
    common_name: String,
    store: Store,
    ring: Arc<KeyRing>,
    random: Arc<dyn Random>,
    held: RwLock<Option<Held>>,
    /// One at a time makes keys.
    making: tokio::sync::Mutex<()>,
    /// Given by the configuration: then the store keeps none.
    given: bool,
}

/// Keys as a node holds them.
struct Held {
    keys: HeldKeys,
    /// When the store was asked for them, seconds since 1970.
    read_at: i64,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    key: String,
    certificate: String,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl SamlKeys {
    /// Keys that the store keeps.
    pub fn new(
        party: Party,
        host: &str,
        store: Store,
        ring: Arc<KeyRing>,
        random: Arc<dyn Random>,
    ) -> SamlKeys {
        SamlKeys {
            party,
            common_name: host.chars().take(64).collect(),
            store,
            ring,
            random,
            held: RwLock::default(),
            making: tokio::sync::Mutex::new(()),
            given: false,
        }
    }

    /// The one key that the configuration gives, instead of any of the store.
    pub fn give(self, credential: Credential) -> SamlKeys {
        let key = HeldKey {
            id: format!("{}-configured", self.party.name()),
            created_at: 0,
            credential,
        };
        let held = Held {
            keys: Arc::new(vec![key]),
            read_at: 0,
        };
        SamlKeys {
            held: RwLock::new(Some(held)),
            given: true,
            ..self
        }
    }

    /// Every key that is published, the oldest first; made where there is none yet. Where the store does not answer,
    /// they are as they were.
    ///
    /// # Errors
    /// The store, the key ring, the library.
    pub async fn keys(&self, now: i64) -> Result<HeldKeys, IssuerError> {
        if let Some(keys) = self.fresh(now) {
            return Ok(keys);
        }
        let _one = self.making.lock().await;
        if let Some(keys) = self.fresh(now) {
            return Ok(keys);
        }
        let keys = match (self.read(now).await, self.held()) {
            (Ok(keys), _) => keys,
            (Err(error), Some(keys)) => {
                tracing::warn!(party = self.party.name(), %error, "our SAML keys could not be read again");
                keys
            }
            (Err(error), None) => return Err(error),
        };
        let held = Held {
            keys: keys.clone(),
            read_at: now,
        };
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(held);
        Ok(keys)
    }

    /// What is held and was asked for a moment ago; what was given stays.
    fn fresh(&self, now: i64) -> Option<HeldKeys> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let fresh =
            |held: &&Held| self.given || (0..REFRESH_SECONDS).contains(&(now - held.read_at));
        held.as_ref().filter(fresh).map(|held| held.keys.clone())
    }

    fn held(&self) -> Option<HeldKeys> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().map(|held| held.keys.clone())
    }

    async fn read(&self, now: i64) -> Result<HeldKeys, IssuerError> {
        let mut stored = self.stored().await?;
        if stored.is_empty() {
            let first = self.make(now).await?;
            // Another node may be first: what counts is what is stored.
            self.keep(&self.numbered(1), &first, now).await?;
            stored = self.stored().await?;
        }
        if stored.is_empty() {
            return Err(IssuerError::Unreadable(self.party.name().to_owned()));
        }
        self.opened(&stored)
    }

    fn numbered(&self, number: u32) -> String {
        format!("{}-{number}", self.party.name())
    }

    /// The keys that there are, without making any: for looking.
    ///
    /// # Errors
    /// The store, the key ring.
    pub async fn existing(&self) -> Result<HeldKeys, IssuerError> {
        match self.held() {
            Some(keys) => Ok(keys),
            None => self.opened(&self.stored().await?),
        }
    }

    /// Asks the store at the next need.
    fn forget(&self) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn opened(&self, stored: &[StoredSigningKey]) -> Result<HeldKeys, IssuerError> {
        let keys = stored.iter().map(|key| self.open(key));
        Ok(Arc::new(keys.collect::<Result<Vec<_>, _>>()?))
    }

    async fn stored(&self) -> Result<Vec<StoredSigningKey>, StoreError> {
        let mut stored = self.store.signing_keys().await?;
        stored.retain(|key| key.algorithm == self.party.name());
        Ok(stored)
    }

    async fn make(&self, now: i64) -> Result<Kept, IssuerError> {
        let (common_name, serial) = (self.common_name.clone(), random_bytes(&*self.random));
        // An RSA key takes a tenth of a second and more: not on a thread that serves requests.
        let made = tokio::task::spawn_blocking(move || {
            let key = SigningKey::generate()?;
            let subject = Subject {
                common_name: &common_name,
                serial,
                not_before: now - BEGUN_BEFORE,
                not_after: now + GOOD_FOR,
            };
            let certificate = self_signed(&key, &subject)?;
            Ok::<_, KeyError>(Kept {
                key: STANDARD.encode(key.to_pkcs8()?),
                certificate: STANDARD.encode(certificate),
            })
        });
        let made = made.await.map_err(|_| SignError::Library)?;
        Ok(made.map_err(|_| SignError::Library)?)
    }

    /// Keeps a key under an id; `false` where the id is taken.
    async fn keep(&self, id: &str, kept: &Kept, now: i64) -> Result<bool, IssuerError> {
        let unreadable = || IssuerError::Unreadable(id.to_owned());
        let body = serde_json::to_vec(kept).map_err(|_| unreadable())?;
        let body = Zeroizing::new(body);
        let salt = random_bytes(&*self.random);
        let sealed = self.ring.seal(Purpose::Stored, id.as_bytes(), &body, salt);
        let key = StoredSigningKey {
            id: id.to_owned(),
            algorithm: self.party.name().to_owned(),
            sealed_key: sealed.map_err(|_| unreadable())?,
            created_at: now,
        };
        match self.store.create_signing_key(&key).await {
            Ok(()) => Ok(true),
            Err(StoreError::AlreadyExists) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn open(&self, key: &StoredSigningKey) -> Result<HeldKey, IssuerError> {
        let unreadable = || IssuerError::Unreadable(key.id.clone());
        let opened = self
            .ring
            .open(Purpose::Stored, key.id.as_bytes(), &key.sealed_key);
        let (body, _) = opened.map_err(|_| unreadable())?;
        let kept: Kept = serde_json::from_slice(&body).map_err(|_| unreadable())?;
        let decoded = |text: &str| STANDARD.decode(text).map_err(|_| unreadable());
        let signing = SigningKey::from_der(&decoded(&kept.key)?).map_err(|_| unreadable())?;
        let credential = Credential::new(signing, decoded(&kept.certificate)?);
        Ok(HeldKey {
            id: key.id.clone(),
            created_at: key.created_at,
            credential: credential.map_err(|_| unreadable())?,
        })
    }
}

/// The key to sign with: the newest that has been published for long enough, or the first of all.
pub fn signing(keys: &[HeldKey], now: i64) -> Option<&HeldKey> {
    let published = |key: &&HeldKey| key.created_at <= now - PUBLISHED_BEFORE_USE;
    keys.iter().rfind(published).or_else(|| keys.first())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FixedRandom;

    async fn keys(store: &Store, ring: &Arc<KeyRing>) -> SamlKeys {
        SamlKeys::new(
            Party::ServiceProvider,
            "sso.example.com",
            store.clone(),
            ring.clone(),
            Arc::new(FixedRandom::new(1)),
        )
    }

    #[tokio::test]
    async fn a_key_is_made_once_and_kept_with_its_certificate() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("store").display());
        let store = Store::open(&url).unwrap();
        store.migrate().await.unwrap();
        let ring = KeyRing::parse(&KeyRing::generate([1; 32], 0)).unwrap();
        let ring = Arc::new(ring);
        let first = keys(&store, &ring).await;
        let (one, two) = tokio::join!(first.keys(1_000_000), first.keys(1_000_000));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one.len(), 1);
        assert!(Arc::ptr_eq(&one, &two));
        let again = keys(&store, &ring).await.keys(2_000_000).await.unwrap();
        assert_eq!(
            again[0].credential.certificate_der(),
            one[0].credential.certificate_der()
        );
        assert_eq!(
            (again[0].id.as_str(), again[0].created_at),
            ("saml-sp-1", 1_000_000)
        );
        // The other ring of a store that was copied.
        let other = KeyRing::parse(&KeyRing::generate([2; 32], 0)).unwrap();
        let error = keys(&store, &Arc::new(other)).await.keys(0).await;
        assert!(matches!(error, Err(IssuerError::Unreadable(id)) if id == "saml-sp-1"));
    }

    #[test]
    fn a_new_key_signs_only_when_everybody_may_know_it() {
        let credential = || crate::saml::testing::credential(SigningKey::generate_p256().unwrap());
        let key = |id: &str, created_at| HeldKey {
            id: id.to_owned(),
            created_at,
            credential: credential(),
        };
        let keys = [key("a", 0), key("b", 1000)];
        let chosen = |now| signing(&keys, now).unwrap().id.as_str();
        assert_eq!(chosen(0), "a");
        assert_eq!(chosen(1000 + PUBLISHED_BEFORE_USE - 1), "a");
        assert_eq!(chosen(1000 + PUBLISHED_BEFORE_USE), "b");
    }
}
