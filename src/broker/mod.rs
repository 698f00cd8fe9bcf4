//! From an identity to credentials; knows no identity providers.
//!
//! `roles` says which roles an identity may take, and why not the others. `exchange` is the one path by
//! which anybody gets credentials, whatever door they came through. `console_link` turns credentials into
//! a link that signs a browser in, and back.

pub mod console_link;
pub mod exchange;
pub mod roles;

use std::sync::Arc;

use crate::aws::arn;
use crate::identity::{Identity, SamlName};
use crate::store::StoreError;
use crate::store::cache::{CachedRole, CachedSamlProvider};
use crate::sts::EmbeddedSts;
use crate::sts::grant::{Evidence, Federated};
use crate::sts::saml::attributes::SamlAttributes;
use crate::sts::saml::keys;
use crate::sts::token_claims::TokenClaims;

/// The broker with the STS it exchanges at.
#[derive(Clone)]
pub struct Broker {
    /// The embedded STS.
    pub sts: EmbeddedSts,
}

impl Broker {
    /// The role that a name stands for: an ARN, an alias, or `account/Role`.
    pub async fn role(&self, name: &str) -> Result<Option<Arc<CachedRole>>, StoreError> {
        if name.starts_with("arn:") {
            return self.sts.cache.role(name).await;
        }
        let catalog = self.sts.cache.catalog().await?;
        match catalog.named(name) {
            Some(arn) => self.sts.cache.role(arn).await,
            None => Ok(None),
        }
    }

    /// The identity as the trust policies of an account see it: once for each provider of the account's own that
    /// vouches for it. None where the account does not know its issuer.
    async fn federated(
        &self,
        identity: &Identity,
        account: &str,
    ) -> Result<Vec<Federated>, StoreError> {
        match &identity.saml {
            Some(name) => self.by_saml(identity, name, account).await,
            None => Ok(self.by_oidc(identity, account).await?.into_iter().collect()),
        }
    }

    /// By the account's OIDC provider for the issuer, if that provider knows the audience.
    async fn by_oidc(
        &self,
        identity: &Identity,
        account: &str,
    ) -> Result<Option<Federated>, StoreError> {
        let provider = self
            .sts
            .cache
            .oidc_provider(account, &identity.issuer)
            .await?;
        let provider = provider.filter(|known| {
            known.client_ids.contains(&identity.audience) && !arn::is_reserved_issuer(&known.url)
        });
        // Claims for STS that cannot be read are refused, not left out: they may be what limits.
        let asserted = TokenClaims::read(&identity.sts_claims);
        let (Some(provider), Ok(asserted)) = (provider, asserted) else {
            return Ok(None);
        };
        Ok(Some(Federated {
            provider_arn: provider.arn.clone(),
            account: provider.account.clone(),
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            known_as: identity.subject.clone(),
            audience: identity.audience.clone(),
            evidence: Evidence::Oidc(identity.claims.clone()),
            asserted,
            issued_at: identity.issued_at,
            lasts: None,
        }))
    }

    /// By each of the account's SAML providers with the issuer's entity id whose metadata holds the very certificate
    /// that verified the assertion.
    async fn by_saml(
        &self,
        identity: &Identity,
        name: &SamlName,
        account: &str,
    ) -> Result<Vec<Federated>, StoreError> {
        let sts = &self.sts;
        let providers = sts.cache.saml_providers_of(account, &sts.ring).await?;
        let vouches = |known: &&Arc<CachedSamlProvider>| {
            let mut certificates = known.certificates.iter();
            known.entity_id == identity.issuer
                && certificates.any(|it| identity.key_id.as_deref() == Some(it.fingerprint()))
        };
        let federated = |known: &Arc<CachedSamlProvider>| {
            let attributes = || {
                let claims = identity.claims.iter();
                claims.map(|(name, value)| (name.as_str(), value.values()))
            };
            let arn = &known.provider.arn;
            // As above: what cannot be read may be what limits.
            let said = SamlAttributes::read(attributes(), arn).ok()?;
            let keys = keys::of_attributes(attributes()).ok()?;
            Some(Federated {
                provider_arn: arn.clone(),
                account: account.to_owned(),
                issuer: identity.issuer.clone(),
                subject: name.value.clone(),
                known_as: identity.subject.clone(),
                audience: identity.audience.clone(),
                evidence: Evidence::Saml {
                    format: name.format.clone(),
                    keys,
                },
                asserted: said.asserted,
                issued_at: identity.issued_at,
                lasts: said.session_duration,
            })
        };
        Ok(providers
            .iter()
            .filter(vouches)
            .filter_map(federated)
            .collect())
    }
}
