//! Drawbridge as an issuer: the keys it signs with, and what it publishes of them.
//!
//! The keys are made when they are first needed, sealed by the key ring, and shared by all nodes through the store.
//! Others verify with `/.well-known/openid-configuration` and `/oauth2/jwks`. [`saml`] keeps the keys that we have as a
//! party of SAML, each with its certificate.

pub mod saml;

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::{Value, json};

use crate::clock::{Random, random_bytes};
use crate::jwt::{SignError, SigningKey};
use crate::seal::{KeyRing, Purpose};
use crate::store::signing_keys::StoredSigningKey;
use crate::store::{Store, StoreError};

/// What we sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signs {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA with P-384 and SHA-384.
    Es384,
}

impl Signs {
    /// Every algorithm.
    pub const ALL: [Signs; 2] = [Signs::Rs256, Signs::Es384];

    /// As `alg` has it.
    pub fn name(self) -> &'static str {
        match self {
            Signs::Rs256 => "RS256",
            Signs::Es384 => "ES384",
        }
    }

    /// The first key of its kind.
    fn first_id(self) -> &'static str {
        match self {
            Signs::Rs256 => "RSA_0",
            Signs::Es384 => "EC384_0",
        }
    }

    fn generate(self) -> Result<SigningKey, SignError> {
        match self {
            Signs::Rs256 => SigningKey::generate_rsa(),
            Signs::Es384 => SigningKey::generate_ec384(),
        }
    }
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored key was not sealed by this key ring, or is none.
    #[error("the signing key {0} cannot be opened")]
    Unreadable(String),
    /// The library, or a token that is too large.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// The issuer.
pub struct Issuer {
    url: String,
    store: Store,
    ring: Arc<KeyRing>,
    random: Arc<dyn Random>,
    held: RwLock<Option<Arc<Vec<SigningKey>>>>,
    /// One at a time makes keys.
    making: tokio::sync::Mutex<()>,
}

/// The claim with what AWS says of a caller.
pub const AWS_CLAIM: &str = "https://sts.amazonaws.com/";

impl Issuer {
    /// The issuer of this name: the broker's public URL.
    pub fn new(url: &str, store: Store, ring: Arc<KeyRing>, random: Arc<dyn Random>) -> Issuer {
        Issuer {
            url: url.to_owned(),
            store,
            ring,
            random,
            held: RwLock::default(),
            making: tokio::sync::Mutex::new(()),
        }
    }

    /// `iss` of our tokens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A token with these claims.
    pub async fn sign(
        &self,
        signs: Signs,
        claims: &Value,
        now: i64,
    ) -> Result<String, IssuerError> {
        let keys = self.keys(now).await?;
        let mut of_kind = keys
            .iter()
            .filter(|key| key.algorithm().name() == signs.name());
        // The newest: an older one is there for tokens that are still about.
        match of_kind.next_back() {
            Some(key) => Ok(key.sign(claims)?),
            None => Err(IssuerError::Unreadable(signs.first_id().to_owned())),
        }
    }

    /// The key set for `/oauth2/jwks`.
    pub async fn key_set(&self, now: i64) -> Result<Value, IssuerError> {
        let keys = self.keys(now).await?;
        let keys: Vec<Value> = keys.iter().map(SigningKey::jwk).collect();
        Ok(json!({ "keys": keys }))
    }

    /// What `/.well-known/openid-configuration` says.
    pub fn metadata(&self, jwks_uri: &str) -> Value {
        let names: Vec<&str> = Signs::ALL.iter().map(|signs| signs.name()).collect();
        json!({
            "issuer": self.url,
            "jwks_uri": jwks_uri,
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": names,
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "jti", AWS_CLAIM],
        })
    }

    async fn keys(&self, now: i64) -> Result<Arc<Vec<SigningKey>>, IssuerError> {
        if let Some(keys) = self.held() {
            return Ok(keys);
        }
        let _one = self.making.lock().await;
        if let Some(keys) = self.held() {
            return Ok(keys);
        }
        let mut stored = self.store.signing_keys().await?;
        let has = |stored: &[StoredSigningKey], signs: Signs| {
            let mut keys = stored.iter();
            keys.any(|key| key.algorithm == signs.name())
        };
        for signs in Signs::ALL {
            if !has(&stored, signs) {
                self.make(signs, now).await?;
            }
        }
        if Signs::ALL.iter().any(|signs| !has(&stored, *signs)) {
            // Another node may have been first: what counts is what is stored.
            stored = self.store.signing_keys().await?;
        }
        let ours = |key: &&StoredSigningKey| Signs::ALL.iter().any(|it| it.name() == key.algorithm);
        let keys = stored.iter().filter(ours).map(|key| self.open(key));
        let keys = Arc::new(keys.collect::<Result<Vec<_>, _>>()?);
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(keys.clone());
        Ok(keys)
    }

    fn held(&self) -> Option<Arc<Vec<SigningKey>>> {
        let held = self.held.read();
        held.unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn make(&self, signs: Signs, now: i64) -> Result<(), IssuerError> {
        // An RSA key takes a tenth of a second and more: not on a thread that serves requests.
        let made = tokio::task::spawn_blocking(move || {
            let key = signs.generate()?;
            key.to_pkcs8()
        });
        let document = made.await.map_err(|_| SignError::Library)??;
        let id = signs.first_id();
        let salt = random_bytes(&*self.random);
        let sealed = self
            .ring
            .seal(Purpose::Stored, id.as_bytes(), document.expose(), salt);
        let key = StoredSigningKey {
            id: id.to_owned(),
            algorithm: signs.name().to_owned(),
            sealed_key: sealed.map_err(|_| IssuerError::Unreadable(id.to_owned()))?,
            created_at: now,
        };
        match self.store.create_signing_key(&key).await {
            Ok(()) | Err(StoreError::AlreadyExists) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn open(&self, key: &StoredSigningKey) -> Result<SigningKey, IssuerError> {
        let unreadable = || IssuerError::Unreadable(key.id.clone());
        let opened = self
            .ring
            .open(Purpose::Stored, key.id.as_bytes(), &key.sealed_key);
        let (document, _) = opened.map_err(|_| unreadable())?;
        SigningKey::from_pkcs8(&document).map_err(|_| unreadable())
    }
}
