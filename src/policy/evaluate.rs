//! The decision: what follows from the statements that apply.
//!
//! One Deny anywhere decides. Otherwise the sides that must agree are asked: inside an account the
//! resource's policy or the identity's, across accounts both, to take a role always its trust
//! policy; boundary and session policies limit all but what is granted to the caller by name.

use super::caller::{Caller, CallerKind};
use super::outcome::{Decision, Outcome, Why};
use super::principal::Coverage;
use super::request::{Policies, PolicySource, Request};
use super::view::{Verdict, View};

/// Judges a request.
pub fn evaluate<'a>(request: &Request<'_>, policies: &Policies<'a>) -> Outcome<'a> {
    let view = View::new(request, policies);
    let identity = view.judge(PolicySource::Identity, policies.identity);
    let boundary = policies
        .boundary
        .map(|policy| view.judge(PolicySource::Boundary, &[policy]));
    let session = policies
        .session
        .map(|set| view.judge(PolicySource::Session, set));
    let resource = policies
        .resource
        .map(|policy| view.judge(view.resource_source(), &[policy]))
        .unwrap_or_default();

    // Service control policies would be two more sets here: their Deny with the others, and a set
    // without an Allow an implicit deny before all that follows, for every caller but services.
    let sets = [
        Some(&identity),
        boundary.as_ref(),
        session.as_ref(),
        Some(&resource),
    ];
    if let Some(deny) = sets.into_iter().flatten().find_map(|set| set.deny.clone()) {
        return Outcome {
            decision: Decision::ExplicitDeny,
            deciding: Some(deny),
            why: Why::ExplicitDeny,
        };
    }

    let sides = Sides {
        identity_allows: identity.allow.is_some() || request.caller.kind() == CallerKind::Root,
        caps: caps(request.caller, boundary.as_ref(), session.as_ref()),
        same_account: view.same_account(),
        trust: policies.resource_is_trust,
        resource: resource.allow.as_ref().map(|(coverage, _)| *coverage),
    };
    let result = sides.decide(request);
    let deciding = match result {
        Ok(Why::ResourceAllow) => resource.allow.map(|(_, statement)| statement),
        Ok(_) => identity.allow.map(|(_, statement)| statement),
        Err(_) => None,
    };
    let (decision, why) = match result {
        Ok(why) => (Decision::Allowed, why),
        Err(why) => (Decision::ImplicitDeny, why),
    };
    Outcome {
        decision,
        deciding,
        why,
    }
}

/// What the sets of policies say when none of them denies.
struct Sides {
    identity_allows: bool,
    /// Whether boundary and session policies let pass what others allow.
    caps: Result<(), Why>,
    same_account: bool,
    trust: bool,
    resource: Option<Coverage>,
}

impl Sides {
    fn decide(&self, request: &Request<'_>) -> Result<Why, Why> {
        let caller = request.caller;
        let silent = if self.trust {
            Why::NoTrustAllow
        } else {
            Why::NoResourceAllow
        };
        if self.trust
            && caller.kind() == CallerKind::Root
            && request.action.eq_ignore_ascii_case("sts:AssumeRole")
        {
            return Err(Why::RootCannotAssumeRole);
        }
        // Roles are taken by somebody: `*` in a trust policy opens nothing to callers without a
        // name.
        if !caller.has_identity_side() {
            let nobody = self.trust && caller.kind() == CallerKind::Anonymous;
            return match self.resource {
                Some(_) if !nobody => Ok(Why::ResourceAllow),
                _ => Err(silent),
            };
        }
        match (self.same_account, self.resource) {
            (true, Some(Coverage::Direct)) => Ok(Why::ResourceAllow),
            (true, Some(Coverage::RoleOrUser)) => self.caps.map(|()| Why::ResourceAllow),
            // Inside the account an identity policy alone is never enough to take a role, not even
            // an administrator's.
            (true, None) if self.trust => Err(silent),
            (true, None | Some(Coverage::Account)) | (false, Some(_)) => self.identity_and_caps(),
            (false, None) => Err(silent),
        }
    }

    fn identity_and_caps(&self) -> Result<Why, Why> {
        if !self.identity_allows {
            return Err(Why::NoIdentityAllow);
        }
        self.caps.map(|()| Why::IdentityAllow)
    }
}

fn caps(
    caller: &Caller,
    boundary: Option<&Verdict<'_>>,
    session: Option<&Verdict<'_>>,
) -> Result<(), Why> {
    if boundary.is_some_and(|set| set.allow.is_none()) {
        return Err(Why::BoundarySilent);
    }
    match session {
        Some(set) if set.allow.is_none() => Err(Why::SessionSilent),
        // A GetFederationToken session without a policy has no permissions of its own.
        None if caller.kind() == CallerKind::FederatedUser => Err(Why::SessionSilent),
        _ => Ok(()),
    }
}
