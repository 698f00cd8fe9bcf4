//! Root access keys of the embedded STS's accounts.

use crate::aws::ids::{AccountId, IdKind, new_id};
use crate::clock::{Random, random_bytes};
use crate::seal::{KeyRing, Purpose};
use crate::secret::Secret;
use crate::store::access_keys::{AccessKey, KeyOwner};
use crate::store::{Store, StoreError};

/// A root key with its secret: shown once, or handed to the demo's scripts.
#[derive(Clone, Debug)]
pub struct RootKey {
    /// Twelve digits.
    pub account: String,
    /// `AKIA...`.
    pub access_key_id: String,
    /// Forty letters and digits, or whatever was chosen for a seeded key.
    pub secret_access_key: Secret<String>,
}

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
pub enum RootKeyError {
    /// Not twelve digits.
    #[error("{0:?} is not an account id of twelve digits")]
    Account(String),
    /// Not `AKIA` and sixteen letters and digits.
    #[error("{0:?} is not an access key id: AKIA and sixteen characters of A-Z and 2-7, or digits")]
    KeyId(String),
    /// Nothing anyone could sign with.
    #[error("the secret is empty or longer than 128 characters")]
    Secret,
    /// The id is in use.
    #[error("the access key id is in use")]
    Taken,
    /// There is no such account here.
    #[error("there is no account {0} in the embedded STS")]
    NoAccount(String),
    /// The key cannot be sealed.
    #[error("the key ring cannot seal")]
    Seal,
    /// The store.
    #[error(transparent)]
    Store(StoreError),
}

impl RootKey {
    /// Makes a new key out of fresh random bytes; it counts only once [`RootKey::save`] has stored it.
    pub fn generate(account: &str, random: &dyn Random) -> Result<RootKey, RootKeyError> {
        let id =
            AccountId::parse(account).ok_or_else(|| RootKeyError::Account(account.to_owned()))?;
        Ok(RootKey {
            account: account.to_owned(),
            access_key_id: new_id(IdKind::LongTermKey, id, random_bytes(random)),
            secret_access_key: secret(random),
        })
    }

    /// A chosen key, for test suites that bring their own (`demo --root-key`).
    pub fn chosen(account: &str, id: &str, secret: &str) -> Result<RootKey, RootKeyError> {
        AccountId::parse(account).ok_or_else(|| RootKeyError::Account(account.to_owned()))?;
        let word = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !word || !(16..=128).contains(&id.len()) || id.starts_with("ASIA") {
            return Err(RootKeyError::KeyId(id.to_owned()));
        }
        if !(1..=128).contains(&secret.len()) {
            return Err(RootKeyError::Secret);
        }
        Ok(RootKey {
            account: account.to_owned(),
            access_key_id: id.to_owned(),
            secret_access_key: Secret::new(secret.to_owned()),
        })
    }

    /// Stores the key, its secret sealed with the key id as context.
    pub async fn save(
        &self,
        store: &Store,
        ring: &KeyRing,
        random: &dyn Random,
        now: i64,
    ) -> Result<(), RootKeyError> {
        let (id, secret) = (&self.access_key_id, &self.secret_access_key);
        let key = AccessKey {
            id: self.access_key_id.clone(),
            account: self.account.clone(),
            principal: KeyOwner::Root,
            sealed_secret: sealed(id, secret, ring, random)?,
            active: true,
            created_at: now,
        };
        store
            .create_access_key(&key, usize::MAX)
            .await
            .map_err(|error| match error {
                StoreError::AlreadyExists => RootKeyError::Taken,
                StoreError::NotFound => RootKeyError::NoAccount(self.account.clone()),
                other => RootKeyError::Store(other),
            })
    }
}

/// Forty letters and digits: neither `/` nor `+`, which people and shells get wrong.
pub(super) fn secret(random: &dyn Random) -> Secret<String> {
    let letters: Vec<u8> = (b'0'..=b'9')
        .chain(b'A'..=b'Z')
        .chain(b'a'..=b'z')
        .collect();
    let mut secret = String::with_capacity(40);
    while secret.len() < 40 {
        let bytes = random_bytes::<64>(random);
        let fair = bytes
            .iter()
            .filter(|byte| usize::from(**byte) < letters.len() * 4);
        let drawn = fair.filter_map(|byte| letters.get(usize::from(*byte) % letters.len()));
        secret.extend(
            drawn
                .take(40 - secret.len())
                .map(|letter| char::from(*letter)),
        );
    }
    Secret::new(secret)
}

/// A secret as the store keeps it: sealed, with the key id as context.
pub(super) fn sealed(
    id: &str,
    secret: &Secret<String>,
    ring: &KeyRing,
    random: &dyn Random,
) -> Result<Vec<u8>, RootKeyError> {
    let secret = secret.expose().as_bytes();
    ring.seal(Purpose::Stored, id.as_bytes(), secret, random_bytes(random))
        .map_err(|_| RootKeyError::Seal)
}

/// The root keys of an account, with their secrets where this ring opens them.
pub async fn root_keys(
    store: &Store,
    ring: &KeyRing,
    account: &str,
) -> Result<Vec<RootKey>, StoreError> {
    let keys = store.access_keys(account).await?.into_iter();
    Ok(keys
        .filter(|key| matches!(key.principal, KeyOwner::Root))
        .filter_map(|key| {
            let opened = ring.open(Purpose::Stored, key.id.as_bytes(), &key.sealed_secret);
            let secret = String::from_utf8(opened.ok()?.0).ok()?;
            Some(RootKey {
                account: key.account,
                access_key_id: key.id,
                secret_access_key: Secret::new(secret),
            })
        })
        .collect())
}
