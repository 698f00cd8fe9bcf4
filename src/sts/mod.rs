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

use crate::aws::error::AwsError;
use crate::aws::xml::Fields;
use crate::clock::Random;
use crate::outbound::jwks::KeyCache;
use crate::seal::KeyRing;
use crate::store::StoreError;
use crate::store::cache::IamCache;

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

/// A refusal of an operation: what the caller reads, and what only the audit keeps.
#[derive(Debug)]
pub struct Denial {
    /// The answer.
    pub error: AwsError,
    /// The reason with its values.
    pub detail: Option<Value>,
}

impl From<AwsError> for Denial {
    fn from(error: AwsError) -> Denial {
        Denial {
            error,
            detail: None,
        }
    }
}

impl From<StoreError> for Denial {
    fn from(error: StoreError) -> Denial {
        tracing::error!(%error, "the store could not be asked");
        AwsError::unavailable().into()
    }
}
