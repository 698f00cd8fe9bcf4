//! Which roles an identity may take, and why not the others.
//!
//! There is no second list: the trust policy is asked for every role that names the identity's provider,
//! with the very context that the exchange would use.

use std::collections::HashSet;
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
            let ways = self.federated(identity, &account.id).await?;
            let mut seen = HashSet::new();
            for way in &ways {
                for arn in catalog.trusting(&way.provider_arn) {
                    if !seen.insert(arn) {
                        continue;
                    }
                    let role = self.sts.cache.role(arn).await?;
                    candidates.extend(role.and_then(|role| {
                        let way = best_way(call, identity, &ways, &role)?;
                        Some(candidate(call, identity, way, role, explain))
                    }));
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
        let ways = self.federated(identity, &role.role.account).await?;
        let way = best_way(call, identity, &ways, &role);
        Ok(way.map(|way| candidate(call, identity, way, role.clone(), true)))
    }
}

/// Of the providers that vouch for an identity, the one by which a role admits it; else one that the role's trust policy
/// names. `None` where they all keep the identity from the role.
pub(super) fn best_way<'a>(
    call: &Call,
    identity: &Identity,
    ways: &'a [Federated],
    role: &Arc<CachedRole>,
) -> Option<&'a Federated> {
    let mut open = ways.iter().filter(|way| !way.is_kept_from(role));
    if ways.len() < 2 {
        return open.next();
    }
    let name = identity.session_name();
    let nearest = |way: &&Federated| {
        let context = way.context(call, role, &name, DEFAULT_DURATION);
        match grant::admits(way, role, way.action(), &context) {
            Ok(()) => 2,
            Err(refusal) => i32::from(refusal.nearest.is_some()),
        }
    };
    // The first of the best.
    open.rev().max_by_key(nearest)
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
                federated.action(),
                &role,
                &context,
            )
        })
        .flatten();
    Candidate {
        verdict: grant::admits(federated, &role, federated.action(), &context),
        role,
        explanation,
    }
}
