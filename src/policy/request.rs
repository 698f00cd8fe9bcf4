//! What is judged: a request, and the policies that bear on it.

use super::caller::Caller;
use super::context::RequestContext;
use super::document::PolicyDocument;

/// A request to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// `service:Action`
    pub action: &'a str,
    /// The ARN of what is asked for; `*` for actions that have no resource.
    pub resource: &'a str,
    /// Who owns the resource. Where this is unknown, the account in the ARN does; where there is
    /// none, the caller's.
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
    /// Whether that is the trust policy of a role, which is always needed and names no resource. A
    /// role without one trusts nobody.
    pub resource_is_trust: bool,
    /// The session policies; `None` when the session was made without. An empty list limits
    /// everything.
    pub session: Option<&'a [NamedPolicy<'a>]>,
    /// The permissions boundary of the caller, or of its role.
    pub boundary: Option<NamedPolicy<'a>>,
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

impl PolicySource {
    /// Whether statements of such a policy name the callers they are about.
    pub(super) fn has_principal(self) -> bool {
        matches!(self, Self::Resource | Self::Trust)
    }
}
