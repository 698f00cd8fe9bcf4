//! Which roles an identity may take, and why not the others.
//!
//! There is no second list: the trust policy is asked for every role that names the identity's provider,
//! with the very context that the exchange would use.

use std::sync::Arc;

use crate::access::authorize::{self, IdentitySide};
use crate::access::{Call, Refusal};
use crate::broker::Broker;
use crate::identity::Identity;
use crate::policy::{self, Explanation};
use crate::store::StoreError;
use crate::store::cache::CachedRole;
use crate::sts::grant::{self, Federated};
use crate::sts::session::DEFAULT_DURATION;

/// A role and what its trust policy says to an identity.
pub struct Candidate {
    /// The role.
    pub role: Arc<CachedRole>,
    /// Admitted, or why not.
    pub verdict: Result<(), Refusal>,
    /// Every statement and condition, with the values seen.
    pub explanation: Option<Explanation>,
}

impl Candidate {
    /// Whether the identity may learn of the role: it is admitted, or a statement is about its provider
    /// and the role does not keep its conditions to itself. Every other role is as good as not there.
    pub fn is_tellable(&self) -> bool {
        let explained = self.explanation.iter().flat_map(|e| &e.policies);
        let mut statements = explained.flat_map(|policy| &policy.statements);
        self.verdict.is_ok()
            || (self.role.role.explain && statements.any(|s| s.principal_matched == Some(true)))
    }
}

/// All roles whose trust policies name the identity's provider, in the order of accounts and names.
pub struct Candidates(pub Vec<Candidate>);

impl Candidates {
    /// Those that admit the identity.
    pub fn offered(&self) -> impl Iterator<Item = &Arc<CachedRole>> {
        let admitted = self.0.iter().filter(|candidate| candidate.verdict.is_ok());
        admitted.map(|candidate| &candidate.role)
    }
}

impl Broker {
    /// Asks every role that might admit the identity. `explain` adds every condition, for people.
    pub async fn candidates(
        &self,
        call: &Call,
        identity: &Identity,
        explain: bool,
    ) -> Result<Candidates, StoreError> {
        let catalog = self.sts.cache.catalog().await?;
        let mut candidates = Vec::new();
        for account in &catalog.accounts {
            let Some(federated) = self.federated(identity, &account.id).await? else {
                continue;
            };
            for arn in catalog.trusting(&federated.provider_arn) {
                if let Some(role) = self.sts.cache.role(arn).await? {
                    candidates.push(candidate(call, identity, &federated, role, explain));
                }
            }
        }
        Ok(Candidates(candidates))
    }

    /// Asks one role. `None` where its account does not know the identity's provider at all.
    pub async fn candidate(
        &self,
        call: &Call,
        identity: &Identity,
        role: Arc<CachedRole>,
    ) -> Result<Option<Candidate>, StoreError> {
        let federated = self.federated(identity, &role.role.account).await?;
        Ok(federated.map(|federated| candidate(call, identity, &federated, role, true)))
    }
}

fn candidate(
    call: &Call,
    identity: &Identity,
    federated: &Federated,
    role: Arc<CachedRole>,
    explain: bool,
) -> Candidate {
    let name = identity.session_name();
    let context = federated.context(call, &role, &name, DEFAULT_DURATION);
    let explanation = explain
        .then(|| {
            let caller = policy::Caller::federated(&federated.provider_arn);
            authorize::explain_assume(
                &caller,
                &IdentitySide::none(),
                grant::ACTION,
                &role,
                &context,
            )
        })
        .flatten();
    Candidate {
        verdict: grant::admits(federated, &role, grant::ACTION, &context),
        role,
        explanation,
    }
}
