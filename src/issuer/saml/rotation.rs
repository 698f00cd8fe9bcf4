//! Adding and retiring keys, by command.
//!
//! A key goes through three stages: published, so that others learn of it; signing; kept, because somebody may still
//! know only this one, or have encrypted something for it. Then it is retired, and its private half erased.
//!
//! Reference: security.md ISS-1.

use super::{HeldKey, PUBLISHED_BEFORE_USE, SamlKeys, signing};
use crate::issuer::IssuerError;
use crate::store::StoreError;

/// What a key does just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Is published, and signs from this moment on (seconds since 1970) if no newer one does by then.
    Published(i64),
    /// Signs.
    Signs,
    /// Signed before; is published and opens what is encrypted for it.
    Kept,
}

/// The stage of each key, in their order: the oldest first.
pub fn stages(keys: &[HeldKey], now: i64) -> Vec<Stage> {
    let active = signing(keys, now).map(|key| key.id.as_str());
    let stage = |key: &HeldKey| match key.created_at + PUBLISHED_BEFORE_USE {
        _ if active == Some(key.id.as_str()) => Stage::Signs,
        from if from > now => Stage::Published(from),
        _ => Stage::Kept,
    };
    keys.iter().map(stage).collect()
}

/// Why keys are as they were.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The configuration gives the key.
    #[error("the configuration gives this key, and the store keeps none")]
    Given,
    /// There is no such key of this party.
    #[error("there is no key {0}")]
    Unknown(String),
    /// There is no other.
    #[error("{0} is the only key")]
    Last(String),
    /// It is what we sign with.
    #[error("{0} is the key that signs")]
    Signs(String),
    /// The store, the key ring, the library.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
}

impl From<StoreError> for RotationError {
    fn from(error: StoreError) -> RotationError {
        RotationError::Issuer(error.into())
    }
}

impl SamlKeys {
    /// Whether the configuration gives the key.
    pub fn is_given(&self) -> bool {
        self.given
    }

    /// Adds a key, or makes the first; its id. It is published as soon as the nodes have looked, and signs
    /// [`PUBLISHED_BEFORE_USE`] later.
    ///
    /// # Errors
    /// [`RotationError::Given`], [`RotationError::Issuer`].
    pub async fn add(&self, now: i64) -> Result<String, RotationError> {
        if self.given {
            return Err(RotationError::Given);
        }
        let made = self.make(now).await?;
        // The ids of retired keys stay taken.
        let mut number = 1;
        while !self.keep(&self.numbered(number), &made, now).await? {
            number += 1;
        }
        self.forget();
        Ok(self.numbered(number))
    }

    /// Retires a key: it is published no more, opens nothing, and is erased.
    ///
    /// The one that signs is not retired unless it was `stolen`. Then the one that will sign next does so at once,
    /// though not everybody may know it yet.
    ///
    /// # Errors
    /// Every [`RotationError`].
    pub async fn retire(&self, id: &str, stolen: bool, now: i64) -> Result<(), RotationError> {
        if self.given {
            return Err(RotationError::Given);
        }
        self.forget();
        let keys = self.existing().await?;
        let named = || id.to_owned();
        if !keys.iter().any(|key| key.id == id) {
            return Err(RotationError::Unknown(named()));
        }
        if keys.len() == 1 {
            return Err(RotationError::Last(named()));
        }
        if !stolen && signing(&keys, now).is_some_and(|key| key.id == id) {
            return Err(RotationError::Signs(named()));
        }
        match self.store.retire_signing_key(id, now).await {
            Ok(()) => Ok(()),
            Err(StoreError::NotFound) => Err(RotationError::Unknown(named())),
            Err(StoreError::Conflict) => Err(RotationError::Last(named())),
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::FixedRandom;
    use crate::issuer::saml::{Party, REFRESH_SECONDS};
    use crate::saml::testing;
    use crate::seal::KeyRing;
    use crate::store::Store;

    const NOW: i64 = 1_772_366_400;

    struct Desk {
        store: Store,
        ring: Arc<KeyRing>,
        _directory: tempfile::TempDir,
    }

    impl Desk {
        async fn new() -> Desk {
            let directory = tempfile::tempdir().unwrap();
            let url = format!("sqlite:{}", directory.path().join("store").display());
            let store = Store::open(&url).unwrap();
            store.migrate().await.unwrap();
            let ring = KeyRing::parse(&KeyRing::generate([1; 32], 0)).unwrap();
            Desk {
                store,
                ring: Arc::new(ring),
                _directory: directory,
            }
        }

        /// The keys as one node or one command holds them.
        fn node(&self, party: Party) -> SamlKeys {
            let random = Arc::new(FixedRandom::new(1));
            let (store, ring) = (self.store.clone(), self.ring.clone());
            SamlKeys::new(party, "sso.example.com", store, ring, random)
        }
    }

    async fn ids(keys: &SamlKeys, now: i64) -> Vec<String> {
        let keys = keys.keys(now).await.unwrap();
        keys.iter().map(|key| key.id.clone()).collect()
    }

    #[tokio::test]
    async fn a_key_is_published_then_signs_and_is_kept_until_it_is_retired() {
        let desk = Desk::new().await;
        let keys = desk.node(Party::IdentityProvider);
        assert_eq!(keys.add(NOW).await.unwrap(), "saml-idp-1");
        // Nobody knows another one.
        let stages_at = async |now: i64| stages(&keys.keys(now).await.unwrap(), now);
        assert_eq!(stages_at(NOW).await, [Stage::Signs]);
        let added = NOW + 1000;
        assert_eq!(keys.add(added).await.unwrap(), "saml-idp-2");
        let from = added + PUBLISHED_BEFORE_USE;
        assert_eq!(
            stages_at(from - 1).await,
            [Stage::Signs, Stage::Published(from)]
        );
        assert_eq!(stages_at(from).await, [Stage::Kept, Stage::Signs]);
        keys.retire("saml-idp-1", false, from).await.unwrap();
        assert_eq!(ids(&keys, from).await, ["saml-idp-2"]);
        // An id is used once.
        assert_eq!(keys.add(from).await.unwrap(), "saml-idp-3");
    }

    #[tokio::test]
    async fn the_key_that_signs_is_not_retired_unless_it_was_stolen() {
        let desk = Desk::new().await;
        let keys = desk.node(Party::IdentityProvider);
        keys.add(NOW).await.unwrap();
        let refused = keys.retire("saml-idp-1", true, NOW).await;
        assert!(matches!(refused, Err(RotationError::Last(id)) if id == "saml-idp-1"));
        keys.add(NOW + 1).await.unwrap();
        let refused = keys.retire("saml-idp-1", false, NOW + 1).await;
        assert!(matches!(refused, Err(RotationError::Signs(id)) if id == "saml-idp-1"));
        keys.retire("saml-idp-1", true, NOW + 1).await.unwrap();
        let left = keys.keys(NOW + 1).await.unwrap();
        assert_eq!(stages(&left, NOW + 1), [Stage::Signs]);
        assert_eq!(left[0].id, "saml-idp-2");
    }

    #[tokio::test]
    async fn only_a_key_of_this_party_is_retired() {
        let desk = Desk::new().await;
        let (idp, sp) = (
            desk.node(Party::IdentityProvider),
            desk.node(Party::ServiceProvider),
        );
        idp.add(NOW).await.unwrap();
        sp.add(NOW).await.unwrap();
        sp.add(NOW + 1).await.unwrap();
        for id in ["saml-sp-2", "saml-idp-9"] {
            let refused = idp.retire(id, false, NOW).await;
            assert!(matches!(refused, Err(RotationError::Unknown(it)) if it == id));
        }
    }

    #[tokio::test]
    async fn a_key_of_the_configuration_is_not_rotated_here() {
        let desk = Desk::new().await;
        let credential = testing::credential(crate::saml::SigningKey::generate_p256().unwrap());
        let keys = desk.node(Party::ServiceProvider).give(credential);
        assert!(matches!(keys.add(NOW).await, Err(RotationError::Given)));
        let refused = keys.retire("saml-sp-configured", true, NOW).await;
        assert!(matches!(refused, Err(RotationError::Given)));
        assert_eq!(
            ids(&keys, NOW + PUBLISHED_BEFORE_USE).await,
            ["saml-sp-configured"]
        );
    }

    #[tokio::test]
    async fn a_node_notices_within_a_minute_what_the_command_did() {
        let desk = Desk::new().await;
        let (node, command) = (
            desk.node(Party::IdentityProvider),
            desk.node(Party::IdentityProvider),
        );
        assert_eq!(ids(&node, NOW).await, ["saml-idp-1"]);
        command.add(NOW).await.unwrap();
        assert_eq!(ids(&node, NOW + REFRESH_SECONDS - 1).await, ["saml-idp-1"]);
        let both = ["saml-idp-1", "saml-idp-2"];
        assert_eq!(ids(&node, NOW + REFRESH_SECONDS).await, both);
        const { assert!(REFRESH_SECONDS <= 60) };
    }

    #[tokio::test]
    async fn keys_are_as_they_were_while_the_store_is_down() {
        let desk = Desk::new().await;
        let node = desk.node(Party::IdentityProvider);
        let before = node.keys(NOW).await.unwrap();
        desk.store.close().await;
        let after = node.keys(NOW + 3600).await.unwrap();
        assert!(Arc::ptr_eq(&before, &after));
    }
}
