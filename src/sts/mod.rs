//! The embedded STS: one operation per file, each read from top to bottom.
//!
//! An operation takes its checked input (`aws::sts`), asks `access`, applies the limits the reference
//! gives, and mints. `session` holds what the issuing operations share (duration, tags, policies, packed
//! size), `grant` the one way by which a federated identity becomes a session, whichever door it came
//! through. Nothing is written per issue but the audit event, and that by the door.
//!
//! Reference: STS 2011-06-15.

pub mod assume_role;
pub mod assume_role_with_saml;
pub mod assume_role_with_web_identity;
pub mod assume_root;
pub mod authorization_message;
pub mod decode_authorization_message;
pub mod get_access_key_info;
pub mod get_caller_identity;
pub mod get_delegated_access_token;
pub mod get_federation_token;
pub mod get_session_token;
pub mod get_web_identity_token;
pub mod grant;
pub mod mfa;
pub mod saml;
pub mod session;
pub mod token_claims;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

pub use crate::access::Denial;
use crate::access::authorize::{self, Act, ActRefusal, IdentitySide};
use crate::access::{Call, Caller, Principal};
use crate::aws::error::AwsError;
use crate::aws::sts::Mfa;
use crate::aws::xml::Fields;
use crate::clock::Random;
use crate::issuer::Issuer;
use crate::outbound::jwks::KeyCache;
use crate::policy::{PolicyDocument, RequestContext};
use crate::seal::KeyRing;
use crate::store::StoreError;
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

/// An operation of the STS, each in the file of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the API's own")]
pub enum Operation {
    AssumeRole,
    AssumeRoleWithSaml,
    AssumeRoleWithWebIdentity,
    AssumeRoot,
    DecodeAuthorizationMessage,
    GetAccessKeyInfo,
    GetCallerIdentity,
    GetDelegatedAccessToken,
    GetFederationToken,
    GetSessionToken,
    GetWebIdentityToken,
}

use Authentication::{Signed, Token};

/// Every operation: its name, and how its caller is known.
#[rustfmt::skip]
pub const OPERATIONS: [(&str, Operation, Authentication); 11] = [
    ("AssumeRole", Operation::AssumeRole, Signed),
    ("AssumeRoleWithSAML", Operation::AssumeRoleWithSaml, Token),
    ("AssumeRoleWithWebIdentity", Operation::AssumeRoleWithWebIdentity, Token),
    ("AssumeRoot", Operation::AssumeRoot, Signed),
    ("DecodeAuthorizationMessage", Operation::DecodeAuthorizationMessage, Signed),
    ("GetAccessKeyInfo", Operation::GetAccessKeyInfo, Signed),
    ("GetCallerIdentity", Operation::GetCallerIdentity, Signed),
    ("GetDelegatedAccessToken", Operation::GetDelegatedAccessToken, Signed),
    ("GetFederationToken", Operation::GetFederationToken, Signed),
    ("GetSessionToken", Operation::GetSessionToken, Signed),
    ("GetWebIdentityToken", Operation::GetWebIdentityToken, Signed),
];

/// What CloudTrail calls read-only: also most operations that issue.
pub fn is_read_only(operation: Operation) -> bool {
    !matches!(
        operation,
        Operation::GetSessionToken | Operation::GetFederationToken | Operation::AssumeRoot
    )
}

/// What is missing in an operation that is answered in part.
pub fn partly(operation: Operation) -> Option<&'static str> {
    match operation {
        Operation::GetDelegatedAccessToken => {
            Some("everybody is refused, as at AWS an account that is not enrolled")
        }
        _ => None,
    }
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
    /// Signs web identity tokens.
    pub issuer: Arc<Issuer>,
    /// For each account of an organization, its management account.
    pub management: Arc<HashMap<String, String>>,
    /// Key ids and salts.
    pub random: Arc<dyn Random>,
    /// How assertions are judged.
    pub saml: Arc<saml::SamlRules>,
    /// Asked in place of a role that is not there, so that the answer takes as long (STS-2).
    pub decoy: Arc<CachedRole>,
}

impl EmbeddedSts {
    /// The condition keys of a signed call that no role answers.
    fn context(&self, call: &Call, caller: &Caller) -> RequestContext {
        let mut context = call.context(caller.account());
        caller.describe(&mut context);
        context
    }

    /// Asks whether the caller's own policies allow `action`. STS appends no reason to its refusals.
    async fn allow(
        &self,
        caller: &Caller,
        action: &str,
        resource: &str,
        context: &RequestContext,
    ) -> Result<(), Denial> {
        let decided = self.decide(caller, action, resource, context).await?;
        decided.map_err(|refused| {
            let error = AwsError::not_authorized(caller.arn(), action, resource);
            let account = caller.account();
            Denial::of(error, &refused.refusal, resource, account, context)
        })
    }

    /// The same with AWS's half sentence about the kind of policy, which the newest of the operations append.
    async fn allow_or_say_why(
        &self,
        caller: &Caller,
        action: &str,
        resource: &str,
        context: &RequestContext,
    ) -> Result<(), Denial> {
        let decided = self.decide(caller, action, resource, context).await?;
        decided.map_err(|refused| {
            let error = AwsError::not_allowed(caller.arn(), action, resource, &refused.because);
            let account = caller.account();
            Denial::of(error, &refused.refusal, resource, account, context)
        })
    }

    async fn decide(
        &self,
        caller: &Caller,
        action: &str,
        resource: &str,
        context: &RequestContext,
    ) -> Result<Result<(), Box<ActRefusal>>, StoreError> {
        let side = IdentitySide::of(&self.cache, caller).await?;
        let act = Act {
            action,
            resource,
            account: caller.account(),
            context,
        };
        Ok(authorize::act(&caller.for_policy(), &side, act))
    }

    /// Checks the code that a call carries; answers when. Only users have devices.
    async fn checked_mfa(
        &self,
        call: &Call,
        caller: &Caller,
        mfa: &Mfa,
    ) -> Result<Option<i64>, Denial> {
        let (serial, code) = (mfa.serial_number.as_deref(), mfa.token_code.as_ref());
        match (caller.principal(), serial, code) {
            (_, None, None) => Ok(None),
            (Principal::User(user), serial, code) => self.check_mfa(call, user, serial, code).await,
            (_, Some(_), Some(_)) => Err(AwsError::mfa_unknown().into()),
            _ => Err(AwsError::mfa_incomplete().into()),
        }
    }
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
