//! The decision: which statements apply, and what follows from them.
//!
//! A statement applies when its principal (where the document has one), action, resource (not in a trust policy) and all its
//! conditions match. Every statement is looked at for a Deny; the order of statements and documents never matters.

use std::borrow::Cow;

use super::arn::{ResourceName, ShortArn};
use super::caller::{Caller, CallerKind};
use super::context::RequestContext;
use super::document::{Effect, PolicyDocument, Statement};
use super::principal::Coverage;

/// A request to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// `service:Action`
    pub action: &'a str,
    /// The ARN of what is asked for; `*` for actions that have no resource.
    pub resource: &'a str,
    /// Who owns the resource. Where this is unknown, the account in the ARN does; where there is none, the caller's.
    pub resource_account: Option<&'a str>,
    /// The condition keys.
    pub context: &'a RequestContext,
}

/// A document and the name it goes by in outcomes and explanations.
#[derive(Debug, Clone, Copy)]
pub struct NamedPolicy<'a> {
    /// The policy's name or ARN.
    pub name: &'a str,
    /// The policy.
    pub document: &'a PolicyDocument,
}

/// All policies that bear on a request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Policies<'a> {
    /// The permissions policies of the caller, or of its role.
    pub identity: &'a [NamedPolicy<'a>],
    /// The policy of the resource.
    pub resource: Option<NamedPolicy<'a>>,
    /// Whether that is the trust policy of a role, which is always needed and names no resource.
    pub resource_is_trust: bool,
    /// The session policies; `None` when the session was made without. An empty list limits everything.
    pub session: Option<&'a [NamedPolicy<'a>]>,
    /// The permissions boundary of the caller, or of its role.
    pub boundary: Option<NamedPolicy<'a>>,
}

/// What is decided, in the words of SimulatePrincipalPolicy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Decision {
    /// Permitted.
    Allowed,
    /// A statement refuses.
    ExplicitDeny,
    /// Nothing permits, or not everything that must.
    ImplicitDeny,
}

impl Decision {
    /// The word itself: `allowed`, `explicitDeny` or `implicitDeny`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::ExplicitDeny => "explicitDeny",
            Self::ImplicitDeny => "implicitDeny",
        }
    }
}

/// The role that a document plays in a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PolicySource {
    /// A permissions policy of the caller.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// A session policy.
    Session,
    /// The policy of the resource.
    Resource,
    /// The trust policy of the role.
    Trust,
}

/// A statement among the policies of a request.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StatementRef<'a> {
    /// What kind of policy it is in.
    pub source: PolicySource,
    /// The name of that policy.
    pub policy: Cow<'a, str>,
    /// Its place in the document, from 0.
    pub index: usize,
    /// Its `Sid`.
    pub sid: Option<Cow<'a, str>>,
}

impl StatementRef<'_> {
    /// The same, for keeping longer than the policies.
    pub fn into_owned(self) -> StatementRef<'static> {
        StatementRef {
            source: self.source,
            policy: Cow::Owned(self.policy.into_owned()),
            index: self.index,
            sid: self.sid.map(|sid| Cow::Owned(sid.into_owned())),
        }
    }
}

/// What allowed the request, or what was missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    /// A statement denies.
    ExplicitDeny,
    /// The resource's policy allows, and that is enough.
    ResourceAllow,
    /// The caller's policies allow, and the resource's where it must.
    IdentityAllow,
    /// No permissions policy of the caller allows.
    NoIdentityAllow,
    /// The resource is in another account, and its policy does not allow.
    NoResourceAllow,
    /// The role's trust policy does not allow.
    NoTrustAllow,
    /// The permissions boundary does not allow.
    BoundarySilent,
    /// The session policies do not allow, or a federated user has none.
    SessionSilent,
    /// Root users cannot assume roles.
    RootCannotAssumeRole,
}

/// A decision with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome<'a> {
    /// The decision.
    pub decision: Decision,
    /// The statement that denied or, where one alone did, that allowed.
    pub deciding: Option<StatementRef<'a>>,
    /// The reason.
    pub why: Why,
}

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

    // Service control policies would be two more sets here: their Deny with the others, and a set without an Allow an
    // implicit deny before all that follows, for every caller but services.
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
        trust: policies.resource_is_trust && policies.resource.is_some(),
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
        // Roles are taken by somebody: `*` in a trust policy opens nothing to callers without a name.
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
            // Inside the account an identity policy alone is never enough to take a role, not even an administrator's.
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

/// What one set of documents says.
#[derive(Default)]
struct Verdict<'a> {
    deny: Option<StatementRef<'a>>,
    allow: Option<(Coverage, StatementRef<'a>)>,
}

/// A request as the statements see it.
pub(super) struct View<'r> {
    request: &'r Request<'r>,
    resource: ResourceName<'r>,
    has_boundary: bool,
    trust: bool,
}

impl<'r> View<'r> {
    pub(super) fn new(request: &'r Request<'_>, policies: &Policies<'_>) -> Self {
        Self {
            request,
            resource: ResourceName::new(request.resource),
            has_boundary: policies.boundary.is_some(),
            trust: policies.resource_is_trust,
        }
    }

    /// What the resource's policy is.
    pub(super) fn resource_source(&self) -> PolicySource {
        if self.trust {
            PolicySource::Trust
        } else {
            PolicySource::Resource
        }
    }

    fn same_account(&self) -> bool {
        let owner = self
            .request
            .resource_account
            .filter(|account| !account.is_empty())
            .or(self.resource.account());
        match (self.request.caller.account(), owner) {
            (Some(caller), Some(owner)) => caller == owner,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }

    fn judge<'a>(&self, source: PolicySource, policies: &[NamedPolicy<'a>]) -> Verdict<'a> {
        let mut verdict = Verdict::default();
        for policy in policies {
            for (index, statement) in policy.document.statements().iter().enumerate() {
                // An Allow that cannot improve on the one we have need not be looked at; a Deny always must.
                let enough = matches!(verdict.allow, Some((Coverage::Direct, _)));
                if statement.effect() == Effect::Allow && enough {
                    continue;
                }
                let Some(coverage) = self.applies(statement, source) else {
                    continue;
                };
                let found = || StatementRef {
                    source,
                    policy: Cow::Borrowed(policy.name),
                    index,
                    sid: statement.sid().map(Cow::Borrowed),
                };
                match statement.effect() {
                    Effect::Deny => {
                        verdict.deny = Some(found());
                        return verdict;
                    }
                    Effect::Allow => {
                        if verdict
                            .allow
                            .as_ref()
                            .is_none_or(|(had, _)| *had < coverage)
                        {
                            verdict.allow = Some((coverage, found()));
                        }
                    }
                }
            }
        }
        verdict
    }

    /// How the statement covers the caller, if it applies at all.
    fn applies(&self, statement: &Statement, source: PolicySource) -> Option<Coverage> {
        let context = self.request.context;
        if !self.covers_action(statement) {
            return None;
        }
        let coverage = self.coverage(statement, source)?;
        let holds = self.covers_resource(statement, source)
            && statement
                .conditions()
                .iter()
                .all(|condition| condition.holds(context));
        holds.then_some(coverage)
    }

    pub(super) fn covers_action(&self, statement: &Statement) -> bool {
        statement.covers_action(self.request.action, self.request.context)
    }

    /// How the statement covers the caller. `Principal` in an identity document is ignored: whose policy it is says who is
    /// meant. A statement without `Principal` in any other covers nobody.
    pub(super) fn coverage(&self, statement: &Statement, source: PolicySource) -> Option<Coverage> {
        if !has_principal(source) {
            return Some(Coverage::Direct);
        }
        let element = statement.principal()?;
        if element.negated {
            match statement.effect() {
                // Not accepted when a trust policy is saved, and so not an opening when it is there nevertheless.
                Effect::Allow if source == PolicySource::Trust => return None,
                // AWS: a Deny with NotPrincipal hits callers with a boundary, whatever the list says.
                Effect::Deny if self.has_boundary => return Some(Coverage::Direct),
                _ => {}
            }
        }
        element.coverage(self.request.caller, source == PolicySource::Trust)
    }

    /// Whether the statement speaks of the resource; a trust policy speaks of its role and nothing else.
    pub(super) fn covers_resource(&self, statement: &Statement, source: PolicySource) -> bool {
        let short = match source {
            PolicySource::Trust => return true,
            PolicySource::Resource => ShortArn::OnlyWithWildcard,
            _ => ShortArn::Completed,
        };
        statement.covers_resource(self.resource, short, self.request.context)
    }
}

/// Whether statements of such a policy name the callers they are about.
pub(super) fn has_principal(source: PolicySource) -> bool {
    matches!(source, PolicySource::Resource | PolicySource::Trust)
}
