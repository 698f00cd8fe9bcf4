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
use crate::identity::Identity;
use crate::store::StoreError;
use crate::store::cache::CachedRole;
use crate::sts::EmbeddedSts;
use crate::sts::grant::{Federated, prefix};
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

    /// The identity as the trust policies of an account see it: by the account's own OIDC provider for
    /// its issuer, if that provider knows the audience. `None` where the account does not.
    async fn federated(
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
            prefix: prefix(&identity.issuer),
            subject: identity.subject.clone(),
            audience: identity.audience.clone(),
            claims: identity.claims.clone(),
            asserted,
            issued_at: identity.issued_at,
        }))
    }
}
