//! Who asks: the caller of a request, as far as policies can tell callers apart.

use super::arn::ArnParts;
use super::json::{Json, Node};

/// The kinds of caller that policies treat differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallerKind {
    /// The root user of an account.
    Root,
    /// An IAM user, with a long-term key or a GetSessionToken session.
    User,
    /// A session of a role.
    RoleSession,
    /// A GetFederationToken session.
    FederatedUser,
    /// Somebody with an ID token or a SAML assertion and no credentials yet.
    Federated,
    /// A service acting on its own behalf.
    Service,
    /// Nobody in particular.
    Anonymous,
}

/// The caller of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    kind: CallerKind,
    /// The ARN, the provider or the service.
    name: String,
    account: Option<String>,
    /// The role of a session, with its path. Where only the session's ARN is known, the path is
    /// not.
    role_arn: Option<String>,
    issuing_user: Option<String>,
    unique_id: Option<String>,
}

impl Caller {
    fn new(kind: CallerKind, name: String) -> Self {
        let account = ArnParts::split(&name)
            .map(|parts| parts.account.to_owned())
            .filter(|account| !account.is_empty());
        Self {
            kind,
            name,
            account,
            role_arn: None,
            issuing_user: None,
            unique_id: None,
        }
    }

    /// The root user of an account.
    pub fn root(account: &str) -> Self {
        Self::new(CallerKind::Root, format!("arn:aws:iam::{account}:root"))
    }

    /// An IAM user, by ARN.
    pub fn user(arn: impl Into<String>) -> Self {
        Self::new(CallerKind::User, arn.into())
    }

    /// A role session, `arn:aws:sts::A:assumed-role/R/S`, and the ARN of its role.
    ///
    /// Session ARNs carry no path. With the role's ARN a policy's role principal is compared
    /// exactly; without it, by account and name, which are unique together.
    pub fn role_session(session_arn: impl Into<String>, role_arn: Option<String>) -> Self {
        Self {
            role_arn,
            ..Self::new(CallerKind::RoleSession, session_arn.into())
        }
    }

    /// A GetFederationToken session, `arn:aws:sts::A:federated-user/N`, and the ARN of the user who
    /// asked for it.
    pub fn federated_user(arn: impl Into<String>, issuing_user: Option<String>) -> Self {
        Self {
            issuing_user,
            ..Self::new(CallerKind::FederatedUser, arn.into())
        }
    }

    /// Somebody vouched for by an identity provider: its ARN, or one of the built-in names.
    pub fn federated(provider: impl Into<String>) -> Self {
        // The account in a provider's ARN is the provider's, and nobody's identity policies speak
        // for its people.
        Self {
            account: None,
            ..Self::new(CallerKind::Federated, provider.into())
        }
    }

    /// A service, by its principal name.
    pub fn service(name: impl Into<String>) -> Self {
        Self {
            account: None,
            ..Self::new(CallerKind::Service, name.into())
        }
    }

    /// A caller without credentials.
    pub fn anonymous() -> Self {
        Self::new(CallerKind::Anonymous, "anonymous".to_owned())
    }

    /// Adds the unique id that stored principals are compared with: `AIDA…` of the user (of the
    /// issuing user for a federated user), `AROA…` of the role.
    #[must_use]
    pub fn with_unique_id(mut self, id: impl Into<String>) -> Self {
        self.unique_id = Some(id.into());
        self
    }

    /// What kind of caller this is.
    pub fn kind(&self) -> CallerKind {
        self.kind
    }

    /// The ARN, the provider, the service, or `anonymous`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The account whose identity policies speak for the caller; `None` where there is none.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    pub(super) fn unique_id(&self) -> Option<&str> {
        self.unique_id.as_deref()
    }

    pub(super) fn issuing_user(&self) -> Option<&str> {
        self.issuing_user.as_deref()
    }

    pub(super) fn role_arn(&self) -> Option<&str> {
        self.role_arn.as_deref()
    }

    /// Whether the caller belongs to an account and needs its consent; the others have no identity
    /// side.
    pub(super) fn has_identity_side(&self) -> bool {
        matches!(
            self.kind,
            CallerKind::Root
                | CallerKind::User
                | CallerKind::RoleSession
                | CallerKind::FederatedUser
        )
    }

    /// Reads the `principal` of a simulated request: an ARN, `"anonymous"`, `{"Federated": …}` or
    /// `{"Service": …}`.
    pub(super) fn from_principal_json(node: &Node<'_>) -> Option<Self> {
        match &node.value {
            Json::String(text) if text == "anonymous" => Some(Self::anonymous()),
            Json::String(arn) => Self::from_arn(arn),
            Json::Object(members) => match members.as_slice() {
                [(kind, node)] if kind == "Federated" => Some(Self::federated(node.as_str()?)),
                [(kind, node)] if kind == "Service" => Some(Self::service(node.as_str()?)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The caller behind an ARN: a user, a session, the root of an account. A role's own ARN stands for a session of it.
    pub fn from_arn(arn: &str) -> Option<Self> {
        let parts = ArnParts::split(arn).filter(|_| arn.starts_with("arn:"))?;
        let (kind, name) = parts
            .resource
            .split_once('/')
            .unwrap_or((parts.resource, ""));
        Some(match (parts.service, kind) {
            ("iam", "root") if name.is_empty() => Self::new(CallerKind::Root, arn.to_owned()),
            _ if name.is_empty() => return None,
            ("iam", "user") => Self::user(arn),
            ("iam", "role") => Self::role_session(arn, Some(arn.to_owned())),
            ("sts", "assumed-role") => Self::role_session(arn, None),
            ("sts", "federated-user") => Self::federated_user(arn, None),
            _ => return None,
        })
    }
}
