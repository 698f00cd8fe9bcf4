//! The embedded STS: one operation per file, each read from top to bottom.
//!
//! An operation takes its checked input (`aws::sts`), asks `access`, applies the limits the reference
//! gives, and mints. `session` holds what the issuing operations share (duration, tags, policies, packed
//! size), `grant` the one way by which a federated identity becomes a session, whichever door it came
//! through. Nothing is written per issue but the audit event, and that by the door.
//!
//! Reference: STS 2011-06-15.

pub mod assume_role;
pub mod assume_role_with_web_identity;
pub mod get_access_key_info;
pub mod get_caller_identity;
pub mod grant;
pub mod session;
pub mod token_claims;

use std::sync::Arc;

use serde_json::Value;

pub use crate::access::Denial;
use crate::aws::xml::Fields;
use crate::clock::Random;
use crate::outbound::jwks::KeyCache;
use crate::policy::PolicyDocument;
use crate::seal::KeyRing;
use crate::store::cache::{CachedRole, IamCache};
use crate::store::roles::Role;

/// How an operation wants its caller to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// By Signature Version 4.
    Signed,
    /// By a token in the request; signatures that clients send along are ignored.
    Token,
}

/// An operation that this STS answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// See [`assume_role`].
    AssumeRole,
    /// See [`assume_role_with_web_identity`].
    AssumeRoleWithWebIdentity,
    /// See [`get_access_key_info`].
    GetAccessKeyInfo,
    /// See [`get_caller_identity`].
    GetCallerIdentity,
}

/// Every operation: its name, and how its caller is known.
pub const OPERATIONS: [(&str, Operation, Authentication); 4] = [
    ("AssumeRole", Operation::AssumeRole, Authentication::Signed),
    (
        "AssumeRoleWithWebIdentity",
        Operation::AssumeRoleWithWebIdentity,
        Authentication::Token,
    ),
    (
        "GetAccessKeyInfo",
        Operation::GetAccessKeyInfo,
        Authentication::Signed,
    ),
    (
        "GetCallerIdentity",
        Operation::GetCallerIdentity,
        Authentication::Signed,
    ),
];

/// What CloudTrail calls read-only: everything but GetSessionToken, GetFederationToken and AssumeRoot.
pub fn is_read_only(_operation: Operation) -> bool {
    true
}

/// The embedded STS with what it stands on.
#[derive(Clone)]
pub struct EmbeddedSts {
    /// Roles, users, providers.
    pub cache: Arc<IamCache>,
    /// Seals session tokens.
    pub ring: Arc<KeyRing>,
    /// Keys of identity providers.
    pub keys: KeyCache,
    /// Key ids and salts.
    pub random: Arc<dyn Random>,
    /// Asked in place of a role that is not there, so that the answer takes as long (STS-2).
    pub decoy: Arc<CachedRole>,
}

/// A role that admits nobody.
pub fn decoy() -> Arc<CachedRole> {
    let role = Role {
        account: "000000000000".to_owned(),
        name: "nobody".to_owned(),
        path: "/".to_owned(),
        unique_id: String::new(),
        arn: "arn:aws:iam::000000000000:role/nobody".to_owned(),
        trust_policy: String::new(),
        description: String::new(),
        max_session_duration: 0,
        permissions_boundary: None,
        alias: None,
        production: false,
        explain: false,
        tags: Vec::new(),
        created_at: 0,
        trust_principals: Vec::new(),
    };
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":{"AWS":"*"},
        "Action":"sts:*","Condition":{"StringEquals":{"aws:PrincipalAccount":"000000000000"}}}}"#;
    Arc::new(CachedRole {
        role,
        account_name: String::new(),
        trust: PolicyDocument::parse(trust).ok(),
        policies: Vec::new(),
        boundary: None,
    })
}

/// What an operation answers.
#[derive(Debug)]
pub struct Answer {
    /// The members of the result.
    pub fields: Fields,
    /// `responseElements` of the audit event; never a secret.
    pub elements: Value,
    /// Whether credentials leave with it: then the audit event must be on disk first.
    pub grants: bool,
}
