//! The `Principal` element: whom a statement of a trust or resource policy names, and as what.
//!
//! *As what* matters. Inside an account a statement that names the user is enough by itself, one that names the role leaves
//! boundaries and session policies in force, and one that names the account only passes the
//! question on to its policies.

use std::ops::Range;

use super::arn::ArnParts;
use super::caller::{Caller, CallerKind};

/// How a statement covers a caller, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Coverage {
    /// Through the caller's account.
    Account,
    /// Through the role of the session, or the user who asked for the federated session.
    RoleOrUser,
    /// As part of everybody, or by the caller's own name.
    Direct,
}

/// A `Principal` or `NotPrincipal` element.
#[derive(Debug, Clone)]
pub(super) struct PrincipalElement {
    pub(super) negated: bool,
    pub(super) entries: Vec<PrincipalEntry>,
}

/// One value of the element.
#[derive(Debug, Clone)]
pub struct PrincipalEntry {
    pub(super) kind: EntryKind,
    /// The value as written.
    pub(super) text: Box<str>,
    /// Where the value stands in the document, quotes included.
    pub(super) span: Range<usize>,
    /// The unique id that the ARN had when the document was saved.
    bound: Option<Box<str>>,
}

/// The type of an entry and what its text says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EntryKind {
    /// `"Principal": "*"`
    Everyone,
    /// `{"AWS": "*"}`
    EveryAws,
    /// An account number or `…:root`; the number.
    Account(Box<str>),
    User,
    Role {
        partition: Box<str>,
        account: Box<str>,
        name: Box<str>,
    },
    RoleSession,
    FederatedUser,
    /// The id of a user or role, which reads show once the ARN is gone.
    UniqueId,
    Federated,
    Service,
    CanonicalUser,
    /// `{"AWS": …}` with something that is none of the above; it covers nobody.
    Unknown,
}

impl PrincipalElement {
    /// How the element covers the caller; `None` when it does not.
    pub(super) fn coverage(&self, caller: &Caller, in_trust_policy: bool) -> Option<Coverage> {
        let named = self
            .entries
            .iter()
            .filter_map(|entry| entry.coverage(caller, in_trust_policy))
            .max();
        match (self.negated, named) {
            (false, named) => named,
            // Everybody whom no entry names. An entry of any kind counts, the account too.
            (true, None) => Some(Coverage::Direct),
            (true, Some(_)) => None,
        }
    }
}

impl PrincipalEntry {
    pub(super) fn everyone(span: Range<usize>) -> Self {
        Self {
            kind: EntryKind::Everyone,
            text: "*".into(),
            span,
            bound: None,
        }
    }

    /// An entry under one of the four types; `None` for another type.
    pub(super) fn new(principal_type: &str, text: &str, span: Range<usize>) -> Option<Self> {
        let kind = match principal_type {
            "AWS" => aws_entry(text),
            "Federated" => EntryKind::Federated,
            "Service" => EntryKind::Service,
            "CanonicalUser" => EntryKind::CanonicalUser,
            _ => return None,
        };
        Some(Self {
            kind,
            text: text.into(),
            span,
            bound: None,
        })
    }

    /// The value as the document writes it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the entry is a user's or a role's ARN, which a trust policy stores as the unique id.
    pub fn is_user_or_role_arn(&self) -> bool {
        matches!(self.kind, EntryKind::User | EntryKind::Role { .. })
    }

    /// Whether the entry is a bare unique id (`AIDA…`, `AROA…`): a principal that has been deleted.
    pub fn is_unique_id(&self) -> bool {
        self.kind == EntryKind::UniqueId
    }

    pub(super) fn bind(&mut self, id: &str) {
        self.bound = Some(id.into());
    }

    fn coverage(&self, caller: &Caller, in_trust_policy: bool) -> Option<Coverage> {
        let by_name = |kind| caller.kind() == kind && caller.name() == &*self.text;
        // A principal that was resolved is its id: whoever has the same name today may be somebody
        // else.
        let is = |matches_by_arn: bool| match (&self.bound, caller.unique_id()) {
            (None, _) => matches_by_arn,
            (Some(bound), Some(id)) => **bound == *id,
            (Some(_), None) => false,
        };
        let direct = |covered: bool| covered.then_some(Coverage::Direct);
        match (&self.kind, caller.kind()) {
            (EntryKind::Everyone, _) => Some(Coverage::Direct),
            // Somebody with nothing but a token, or a service, is no AWS principal when it comes to
            // taking a role.
            (EntryKind::EveryAws, CallerKind::Federated | CallerKind::Service) => {
                direct(!in_trust_policy)
            }
            (EntryKind::EveryAws, _) => Some(Coverage::Direct),
            (EntryKind::Account(account), _) => {
                (caller.account() == Some(account)).then_some(Coverage::Account)
            }
            (EntryKind::User, CallerKind::User) => direct(is(by_name(CallerKind::User))),
            (EntryKind::User, CallerKind::FederatedUser) => {
                is(caller.issuing_user() == Some(&self.text)).then_some(Coverage::RoleOrUser)
            }
            (
                EntryKind::Role {
                    partition,
                    account,
                    name,
                },
                CallerKind::RoleSession,
            ) => {
                let same_role = match caller.role_arn() {
                    Some(arn) => *arn == *self.text,
                    None => session_role(caller.name())
                        .is_some_and(|role| role == (partition, account, name)),
                };
                is(same_role).then_some(Coverage::RoleOrUser)
            }
            (EntryKind::RoleSession, _) => direct(by_name(CallerKind::RoleSession)),
            (EntryKind::FederatedUser, _) => direct(by_name(CallerKind::FederatedUser)),
            (EntryKind::UniqueId, kind) if caller.unique_id() == Some(&self.text) => match kind {
                CallerKind::User => Some(Coverage::Direct),
                CallerKind::RoleSession | CallerKind::FederatedUser => Some(Coverage::RoleOrUser),
                _ => None,
            },
            (EntryKind::Federated, _) => direct(by_name(CallerKind::Federated)),
            (EntryKind::Service, _) => direct(by_name(CallerKind::Service)),
            (
                EntryKind::User
                | EntryKind::Role { .. }
                | EntryKind::UniqueId
                | EntryKind::CanonicalUser
                | EntryKind::Unknown,
                _,
            ) => None,
        }
    }
}

/// The role that a session's ARN names: partition, account and name.
fn session_role(session_arn: &str) -> Option<(&str, &str, &str)> {
    let parts = ArnParts::split(session_arn)?;
    let mut path = parts.resource.split('/');
    match (path.next(), path.next()) {
        (Some("assumed-role"), Some(name)) => Some((parts.partition, parts.account, name)),
        _ => None,
    }
}

fn aws_entry(text: &str) -> EntryKind {
    if text == "*" {
        return EntryKind::EveryAws;
    }
    if is_account(text) {
        return EntryKind::Account(text.into());
    }
    if is_unique_id(text) {
        return EntryKind::UniqueId;
    }
    // Wildcards mean nothing in a principal: an ARN with one names nobody, whatever it was meant to
    // name.
    let parts = match ArnParts::split(text) {
        Some(parts)
            if text.starts_with("arn:")
                && is_account(parts.account)
                && !text.contains(['*', '?']) =>
        {
            parts
        }
        _ => return EntryKind::Unknown,
    };
    let (kind, name) = parts
        .resource
        .split_once('/')
        .unwrap_or((parts.resource, ""));
    match (parts.service, kind) {
        ("iam", "root") if name.is_empty() => EntryKind::Account(parts.account.into()),
        _ if name.is_empty() => EntryKind::Unknown,
        ("iam", "user") => EntryKind::User,
        ("iam", "role") => EntryKind::Role {
            partition: parts.partition.into(),
            account: parts.account.into(),
            // Names are unique in an account, whatever their path.
            name: name.rsplit('/').next().unwrap_or_default().into(),
        },
        ("sts", "assumed-role") if name.contains('/') => EntryKind::RoleSession,
        ("sts", "federated-user") => EntryKind::FederatedUser,
        _ => EntryKind::Unknown,
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_unique_id(text: &str) -> bool {
    (text.starts_with("AIDA") || text.starts_with("AROA"))
        && (16..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
