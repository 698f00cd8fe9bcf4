//! What a judgement says: the decision, the statement behind it, and the reason.

use std::borrow::Cow;

use super::request::PolicySource;

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
