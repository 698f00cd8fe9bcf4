//! May this caller: the policy engine, asked with everything that counts.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::access::{Caller, Principal};
use crate::credentials::RoleSession;
use crate::policy::{
    self, Decision, Explanation, NamedPolicy, NearestRefusal, Policies, PolicyDocument,
    PolicySource, Request, RequestContext, Why,
};
use crate::store::StoreError;
use crate::store::cache::{CachedPolicy, CachedRole, CachedUser, DENY_ALL, IamCache};

/// A decision against the caller, with what it rests on.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Stable reason code: `trust.no_match`, `trust.condition`, `trust.denied`, `policy.no_match` or `policy.denied`; `cut_off` where no policy was asked.
    pub reason: &'static str,
    /// The action that was refused.
    pub action: String,
    /// The statement that came closest and what failed in it; `None` for a caller that no statement of
    /// the role's trust policy names at all.
    pub nearest: Option<Box<NearestRefusal>>,
    /// The whole decision taken apart; `None` where nobody asked the engine.
    pub explanation: Option<Box<Explanation>>,
}

impl Refusal {
    /// For the audit, and for administrators.
    pub fn detail(&self) -> Value {
        json!({ "action": self.action, "nearest": self.nearest })
    }
}

/// The caller's own side of a decision: its identity policies and what caps them.
#[derive(Clone, Debug, Default)]
pub struct IdentitySide {
    of: Holder,
    session: Option<Vec<Arc<CachedPolicy>>>,
}

/// Whose policies they are; shared with the cache, not copied.
#[derive(Clone, Debug, Default)]
enum Holder {
    #[default]
    Nobody,
    /// Root behind a federated user: everything, and the session policies limit it.
    Root(CachedPolicy),
    User(Arc<CachedUser>),
    Role(Arc<CachedRole>),
}

impl Holder {
    fn root() -> Holder {
        PolicyDocument::parse(ALLOW_ALL).map_or(Holder::Nobody, |document| {
            let name = "root".to_owned();
            Holder::Root(CachedPolicy { name, document })
        })
    }
}

impl IdentitySide {
    /// Of a federated caller, and of root: there is none.
    pub fn none() -> IdentitySide {
        IdentitySide::default()
    }

    /// Reads the policies that apply to a caller now: a role session re-reads its role with every call.
    pub async fn of(cache: &IamCache, caller: &Caller) -> Result<IdentitySide, StoreError> {
        let session = caller.session();
        let of = match (caller.principal(), session) {
            (Principal::Root, _) => return IdentitySide::root_task(cache, session).await,
            (Principal::User(user), _) => {
                let of = Holder::User(user.clone());
                return Ok(IdentitySide { of, session: None });
            }
            (Principal::FederatedUser(Some(user)), _) => Holder::User(user.clone()),
            (Principal::FederatedUser(None), _) => Holder::root(),
            (Principal::Role, Some(session)) => {
                let role = cache.role(&session.role_arn).await?;
                // A role made again under the same name is another role.
                let role = role.filter(|role| role.role.unique_id == session.role_id);
                role.map_or(Holder::Nobody, Holder::Role)
            }
            (Principal::Role, None) => Holder::Nobody,
        };
        let Some(session) = session.filter(|session| session.is_limited()) else {
            return Ok(IdentitySide { of, session: None });
        };
        let mut limits = Vec::new();
        // A limit that cannot be read might hold a Deny: then nothing at all is allowed.
        let nothing = |name: &str| {
            let document = PolicyDocument::parse(DENY_ALL).ok();
            let name = name.to_owned();
            document.map(|document| Arc::new(CachedPolicy { name, document }))
        };
        if let Some(text) = &session.inline_policy {
            let name = "session policy".to_owned();
            limits.extend(match PolicyDocument::parse(text) {
                Ok(document) => Some(Arc::new(CachedPolicy { name, document })),
                Err(_) => nothing(&name),
            });
        }
        for arn in &session.policy_arns {
            let found = cache.managed_policy(arn).await?;
            limits.extend(found.or_else(|| nothing(arn)));
        }
        Ok(IdentitySide {
            of,
            session: Some(limits),
        })
    }

    /// Root itself needs no policy; a session of AssumeRoot is held to its task.
    async fn root_task(
        cache: &IamCache,
        session: Option<&RoleSession>,
    ) -> Result<IdentitySide, StoreError> {
        let Some(task) = session.and_then(|session| session.task.as_deref()) else {
            return Ok(IdentitySide::none());
        };
        // AWS's tasks deny everything but themselves and allow nothing, so they stand beside what root may do. Of one
        // that is not there no such list is left, and an empty one limits everything.
        let limits = match (cache.managed_policy(task).await?, Holder::root()) {
            (Some(task), Holder::Root(everything)) => vec![Arc::new(everything), task],
            _ => Vec::new(),
        };
        Ok(IdentitySide {
            of: Holder::Nobody,
            session: Some(limits),
        })
    }

    fn policies(&self) -> &[CachedPolicy] {
        match &self.of {
            Holder::Nobody => &[],
            Holder::Root(policy) => std::slice::from_ref(policy),
            Holder::User(user) => &user.policies,
            Holder::Role(role) => &role.policies,
        }
    }

    fn boundary(&self) -> Option<&CachedPolicy> {
        match &self.of {
            Holder::Nobody | Holder::Root(_) => None,
            Holder::User(user) => user.boundary.as_ref(),
            Holder::Role(role) => role.boundary.as_ref(),
        }
    }
}

/// What root may do, where it is not root itself that asks.
const ALLOW_ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

fn named(policy: &CachedPolicy) -> NamedPolicy<'_> {
    NamedPolicy {
        name: &policy.name,
        document: &policy.document,
    }
}

/// One question to the engine about assuming a role, put together once for deciding and explaining.
struct Question<'a> {
    caller: &'a policy::Caller,
    action: &'a str,
    role: &'a CachedRole,
    trust: &'a PolicyDocument,
    context: &'a RequestContext,
    identity: Vec<NamedPolicy<'a>>,
    session: Option<Vec<NamedPolicy<'a>>>,
    boundary: Option<NamedPolicy<'a>>,
}

impl<'a> Question<'a> {
    /// `None` for a role whose trust policy cannot be read: it admits nobody.
    fn new(
        caller: &'a policy::Caller,
        side: &'a IdentitySide,
        action: &'a str,
        role: &'a CachedRole,
        context: &'a RequestContext,
    ) -> Option<Question<'a>> {
        let limits = side.session.as_ref();
        Some(Question {
            caller,
            action,
            role,
            trust: role.trust.as_ref()?,
            context,
            identity: side.policies().iter().map(named).collect(),
            session: limits.map(|limits| limits.iter().map(|limit| named(limit)).collect()),
            boundary: side.boundary().map(named),
        })
    }

    fn ask<T>(&self, question: impl Fn(&Request<'_>, &Policies<'_>) -> T) -> T {
        let policies = Policies {
            identity: &self.identity,
            resource: Some(NamedPolicy {
                name: "trust policy",
                document: self.trust,
            }),
            resource_is_trust: true,
            session: self.session.as_deref(),
            boundary: self.boundary,
        };
        let request = Request {
            caller: self.caller,
            action: self.action,
            resource: &self.role.role.arn,
            resource_account: Some(&self.role.role.account),
            context: self.context,
        };
        question(&request, &policies)
    }
}

/// Whether a role's trust policy and the caller's own side admit this action on the role.
pub fn assume(
    caller: &policy::Caller,
    side: &IdentitySide,
    action: &str,
    role: &CachedRole,
    context: &RequestContext,
) -> Result<(), Refusal> {
    let refused = |reason, nearest, explanation| Refusal {
        reason,
        action: action.to_owned(),
        nearest,
        explanation,
    };
    let Some(question) = Question::new(caller, side, action, role, context) else {
        return Err(refused("trust.no_match", None, None));
    };
    let decision = question.ask(|request, policies| policy::evaluate(request, policies).decision);
    if decision == Decision::Allowed {
        return Ok(());
    }
    let explanation = question.ask(policy::explain);
    if decision == Decision::ExplicitDeny {
        return Err(refused("trust.denied", None, Some(Box::new(explanation))));
    }
    let nearest = policy::nearest_refusal(&explanation).map(Box::new);
    // A statement that names the caller and not the action, or a caller whose own side does not allow it, is no
    // condition that failed.
    let reason = match &nearest {
        Some(nearest) if !nearest.failing.is_empty() => "trust.condition",
        _ => "trust.no_match",
    };
    Err(refused(reason, nearest, Some(Box::new(explanation))))
}

/// Every statement and condition of that decision, with the values seen.
pub fn explain_assume(
    caller: &policy::Caller,
    side: &IdentitySide,
    action: &str,
    role: &CachedRole,
    context: &RequestContext,
) -> Option<Explanation> {
    let question = Question::new(caller, side, action, role, context)?;
    Some(question.ask(policy::explain))
}

/// What a call is about, for a decision without a policy of the resource's own: all of IAM, and the STS
/// operations that no role answers.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    /// `iam:GetRole`.
    pub action: &'a str,
    /// The ARN, or `*` where the action has none.
    pub resource: &'a str,
    /// The account that owns the resource.
    pub account: &'a str,
    /// The condition keys.
    pub context: &'a RequestContext,
}

/// Why an [`Act`] is refused, with AWS's half sentence about it.
#[derive(Clone, Debug)]
pub struct ActRefusal {
    /// For the audit.
    pub refusal: Refusal,
    /// `because no identity-based policy allows the iam:GetRole action`.
    pub because: String,
    /// The condition keys it was judged with.
    pub context: RequestContext,
}

/// Whether the caller's own policies allow an action.
pub fn act(
    caller: &policy::Caller,
    side: &IdentitySide,
    act: Act<'_>,
) -> Result<(), Box<ActRefusal>> {
    let identity: Vec<_> = side.policies().iter().map(named).collect();
    let limits = side.session.as_ref();
    let limits: Option<Vec<_>> = limits.map(|limits| limits.iter().map(|one| named(one)).collect());
    let policies = Policies {
        identity: &identity,
        resource: None,
        resource_is_trust: false,
        session: limits.as_deref(),
        boundary: side.boundary().map(named),
    };
    let request = Request {
        caller,
        action: act.action,
        resource: act.resource,
        resource_account: Some(act.account),
        context: act.context,
    };
    let outcome = policy::evaluate(&request, &policies);
    let action = act.action;
    let (reason, because) = match outcome.decision {
        Decision::Allowed => return Ok(()),
        Decision::ExplicitDeny => {
            let source = outcome.deciding.as_ref().map(|statement| statement.source);
            let kind = match source {
                Some(PolicySource::Boundary) => "a permissions boundary",
                Some(PolicySource::Session) => "a session policy",
                _ => "an identity-based policy",
            };
            ("policy.denied", format!("with an explicit deny in {kind}"))
        }
        Decision::ImplicitDeny => {
            let kind = match outcome.why {
                Why::BoundarySilent => "permissions boundary",
                Why::SessionSilent => "session policy",
                _ => "identity-based policy",
            };
            let text = format!("because no {kind} allows the {action} action");
            ("policy.no_match", text)
        }
    };
    let explanation = policy::explain(&request, &policies);
    Err(Box::new(ActRefusal {
        refusal: Refusal {
            reason,
            action: action.to_owned(),
            nearest: policy::nearest_refusal(&explanation).map(Box::new),
            explanation: Some(Box::new(explanation)),
        },
        because,
        context: act.context.clone(),
    }))
}
