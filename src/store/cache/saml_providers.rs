//! SAML providers with their metadata read and their keys opened.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::IamCache;
use crate::saml::Certificate;
use crate::saml::decrypt::DecryptionKey;
use crate::saml::document::Limits;
use crate::saml::metadata::{IdpMetadata, Reading};
use crate::seal::{KeyRing, Purpose};
use crate::store::StoreError;
use crate::store::saml_providers::{SamlPrivateKey, SamlProvider};

/// A SAML provider with what its responses are verified and opened by.
#[derive(Debug)]
pub struct CachedSamlProvider {
    /// As stored, but without the metadata document: that may be megabytes.
    pub provider: SamlProvider,
    /// Its entity id, exactly; empty where the metadata cannot be read.
    pub entity_id: String,
    /// Its certificates for signing. None at all refuses every response.
    pub certificates: Vec<Certificate>,
    /// What opens its encrypted assertions.
    pub decryption: Vec<DecryptionKey>,
}

impl IamCache {
    /// The SAML provider with exactly this ARN. `ring` opens its private keys.
    pub async fn saml_provider(
        &self,
        arn: &str,
        ring: &KeyRing,
    ) -> Result<Option<Arc<CachedSamlProvider>>, StoreError> {
        self.through(&self.saml_providers, arn, async {
            let found = self.store.saml_provider(arn).await?;
            Ok(found.map(|provider| parsed(provider, ring)))
        })
        .await
    }

    /// The SAML providers of an account, by ARN.
    pub async fn saml_providers_of(
        &self,
        account: &str,
        ring: &KeyRing,
    ) -> Result<Arc<Vec<Arc<CachedSamlProvider>>>, StoreError> {
        let found = self.through(&self.saml_accounts, account, async {
            let mut providers = Vec::new();
            for entry in self.store.saml_providers(account).await? {
                providers.extend(self.saml_provider(&entry.arn, ring).await?);
            }
            Ok(Some(providers))
        });
        Ok(found.await?.unwrap_or_default())
    }
}

fn parsed(mut provider: SamlProvider, ring: &KeyRing) -> CachedSamlProvider {
    let document = std::mem::take(&mut provider.metadata);
    // `validUntil` does not count, as at AWS: the provider counts until somebody changes it.
    let reading = Reading {
        now: None,
        http_on_loopback: true,
        // What IAM takes, it judged before it was stored.
        limits: Limits {
            bytes: usize::MAX,
            ..Limits::METADATA
        },
        ..Reading::at(0)
    };
    let arn = &provider.arn;
    let read = IdpMetadata::read(document.as_bytes(), &reading).inspect_err(|error| {
        tracing::error!(%arn, %error, "stored metadata cannot be read, and it lets nobody in");
    });
    let read = read.map(|metadata| (metadata.entity_id, metadata.signing));
    let (entity_id, certificates) = read.unwrap_or_default();
    let keys = provider.private_keys.iter();
    let decryption = keys.filter_map(|key| {
        let opened = opened(key, ring);
        if opened.is_none() {
            tracing::error!(%arn, key = key.id, "a stored private key cannot be opened");
        }
        opened
    });
    CachedSamlProvider {
        decryption: decryption.collect(),
        entity_id,
        certificates,
        provider,
    }
}

fn opened(key: &SamlPrivateKey, ring: &KeyRing) -> Option<DecryptionKey> {
    let opened = ring.open(Purpose::Stored, key.id.as_bytes(), &key.sealed_key);
    let der = Zeroizing::new(opened.ok()?.0);
    DecryptionKey::from_der(&der).ok()
}
