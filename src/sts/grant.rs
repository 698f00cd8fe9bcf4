//! From a verified federated identity to a session: the trust decision and what follows from it.
//!
//! AssumeRoleWithWebIdentity and the broker's exchange both come through here, so a portal can never
//! offer what the STS would refuse, nor the other way round.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::access::authorize::{self, IdentitySide};
use crate::access::{Call, Refusal};
use crate::aws::arn;
use crate::aws::error::AwsError;
use crate::aws::sts::{SessionPolicies, Tag};
use crate::credentials::{RoleSession, SessionCredentials, SessionKind};
use crate::identity::ClaimValue;
use crate::policy::{self, RequestContext};
use crate::store::cache::CachedRole;
use crate::sts::EmbeddedSts;
use crate::sts::session::{check_tags, describe_tags, overlay};
use crate::sts::token_claims::TokenClaims;

/// The action a trust policy must allow.
pub const ACTION: &str = "sts:AssumeRoleWithWebIdentity";

/// A federated identity as the trust decision sees it. Build it from verified evidence only.
#[derive(Clone, Debug)]
pub struct Federated {
    /// ARN of the OIDC provider in the role's account.
    pub provider_arn: String,
    /// Account of that provider.
    pub account: String,
    /// Prefix of its condition keys: the issuer without scheme.
    pub prefix: String,
    /// `sub`.
    pub subject: String,
    /// `azp` where present, else the `aud` that matched.
    pub audience: String,
    /// All scalar claims and lists of scalars.
    pub claims: BTreeMap<String, ClaimValue>,
    /// What the token says to STS itself.
    pub asserted: TokenClaims,
    /// Epoch seconds of the evidence's issue.
    pub issued_at: i64,
}

/// What is asked for beside the role.
#[derive(Clone, Debug)]
pub struct Ask {
    /// A legal session name.
    pub session_name: String,
    /// Seconds; already held to the caller's limits.
    pub duration: i64,
    /// Further limits.
    pub policies: SessionPolicies,
    /// A source identity to set where the trust policy lets it be set. One that the token itself claims
    /// must be allowed.
    pub offered_source_identity: Option<String>,
}

/// A session, made.
#[derive(Debug)]
pub struct Granted {
    /// Its credentials.
    pub credentials: SessionCredentials,
    /// Its ARN.
    pub arn: String,
    /// `AROA...:session`.
    pub user_id: String,
    /// Set where it was claimed, or offered and allowed.
    pub source_identity: Option<String>,
}

/// Why no session was made.
#[derive(Debug)]
pub enum GrantError {
    /// The trust policy does not admit the identity.
    Refused(Refusal),
    /// It does, but not for so long.
    TooLong,
    /// Our own trouble.
    Internal(AwsError),
}

impl From<Refusal> for GrantError {
    fn from(refusal: Refusal) -> GrantError {
        GrantError::Refused(refusal)
    }
}

/// Claims whose condition keys have a meaning of their own.
const REGISTERED: [&str; 5] = ["aud", "sub", "azp", "amr", "oaud"];

impl Federated {
    /// The context of the trust decision (sts.md section 8.4).
    pub fn context(
        &self,
        call: &Call,
        role: &CachedRole,
        session_name: &str,
        duration: i64,
    ) -> RequestContext {
        let mut context = call.context(&role.role.account);
        context.set("aws:PrincipalAccount", self.account.clone());
        context.set("aws:PrincipalType", "User");
        context.set("aws:userid", self.provider_arn.clone());
        context.set("aws:FederatedProvider", self.provider_arn.clone());
        context.set("sts:RoleSessionName", session_name);
        context.set("sts:DurationSeconds", duration.to_string());
        let by_idp = self.asserted.names_role(&role.role.arn);
        context.set("sts:RoleAuthorizedByIdp", by_idp.to_string());
        for (key, value) in &role.role.tags {
            context.set(&format!("aws:ResourceTag/{key}"), value.clone());
            context.set(&format!("iam:ResourceTag/{key}"), value.clone());
        }
        describe_tags(
            &mut context,
            &self.asserted.tags,
            &self.asserted.transitive_tag_keys,
        );
        let key = |claim: &str| format!("{}:{claim}", self.prefix);
        // Keys compare ignoring case. A claim `SUB` must not stand in for `sub`, and of two claims that
        // differ by case alone neither counts.
        let names = self.claims.keys();
        let lowered: Vec<_> = names.map(|name| policy::fold(name)).collect();
        for ((name, value), low) in self.claims.iter().zip(&lowered) {
            let ambiguous = lowered.iter().filter(|other| *other == low).count() > 1;
            if ambiguous || REGISTERED.contains(&low.as_ref()) {
                continue;
            }
            match value {
                ClaimValue::One(one) => context.set(&key(name), one.clone()),
                ClaimValue::Many(many) => context.set_many(&key(name), many.clone()),
            }
        }
        context.set(&key("sub"), self.subject.clone());
        context.set(&key("aud"), self.audience.clone());
        match self.claims.get("aud") {
            Some(ClaimValue::One(one)) => context.set(&key("oaud"), one.clone()),
            Some(ClaimValue::Many(many)) => context.set_many(&key("oaud"), many.clone()),
            None => {}
        }
        if let Some(ClaimValue::One(azp)) = self.claims.get("azp") {
            context.set(&key("azp"), azp.clone());
        }
        match self.claims.get("amr") {
            Some(ClaimValue::Many(amr)) => context.set_many(&key("amr"), amr.clone()),
            Some(ClaimValue::One(amr)) => context.set_many(&key("amr"), vec![amr.clone()]),
            None => {}
        }
        context
    }

    /// The condition keys that outlive the trust decision.
    fn lasting(&self) -> BTreeMap<String, ClaimValue> {
        let key = |claim: &str| format!("{}:{claim}", self.prefix);
        let mut lasting = BTreeMap::from([
            (key("sub"), ClaimValue::One(self.subject.clone())),
            (key("aud"), ClaimValue::One(self.audience.clone())),
        ]);
        if let Some(amr) = self.claims.get("amr") {
            lasting.insert(key("amr"), amr.clone());
        }
        lasting
    }
}

/// Whether a role's trust policy admits this identity for an action.
pub fn admits(
    federated: &Federated,
    role: &Arc<CachedRole>,
    action: &str,
    context: &RequestContext,
) -> Result<(), Refusal> {
    let caller = policy::Caller::federated(&federated.provider_arn);
    authorize::assume(&caller, &IdentitySide::none(), action, role, context)
}

impl EmbeddedSts {
    /// Decides, and makes the session. The refusal's detail is for the audit and for whoever may know.
    pub fn grant(
        &self,
        call: &Call,
        role: &Arc<CachedRole>,
        federated: &Federated,
        ask: Ask,
    ) -> Result<Granted, GrantError> {
        self.not_cut_off(federated)?;
        let context = federated.context(call, role, &ask.session_name, ask.duration);
        admits(federated, role, ACTION, &context)?;
        let asserted = &federated.asserted;
        if !asserted.tags.is_empty() {
            admits(federated, role, "sts:TagSession", &context)?;
        }
        let source_identity = match &asserted.source_identity {
            Some(claimed) => {
                let mut context = context.clone();
                context.set("sts:SourceIdentity", claimed.clone());
                admits(federated, role, "sts:SetSourceIdentity", &context)?;
                // The trust policy may also bind AssumeRole itself to the source identity.
                admits(federated, role, ACTION, &context)?;
                Some(claimed.clone())
            }
            None => ask.offered_source_identity.clone().filter(|offered| {
                let mut context = context.clone();
                context.set("sts:SourceIdentity", offered.clone());
                admits(federated, role, "sts:SetSourceIdentity", &context).is_ok()
                    && admits(federated, role, ACTION, &context).is_ok()
            }),
        };
        if ask.duration > role.role.max_session_duration {
            return Err(GrantError::TooLong);
        }
        let session = self.session(call, role, federated, ask, source_identity.clone());
        let (arn, user_id) = (session.arn(), session.user_id());
        let credentials = self.mint(session).map_err(GrantError::Internal)?;
        Ok(Granted {
            credentials,
            arn,
            user_id,
            source_identity,
        })
    }

    /// Refuses evidence that an administrator cut off: neither it nor what was made of it opens a new session.
    fn not_cut_off(&self, federated: &Federated) -> Result<(), Refusal> {
        let (issuer, subject) = (&federated.prefix, &federated.subject);
        match self.cache.is_cut_off(issuer, subject, federated.issued_at) {
            true => Err(Refusal {
                reason: "cut_off",
                action: ACTION.to_owned(),
                nearest: None,
                explanation: None,
            }),
            false => Ok(()),
        }
    }

    fn session(
        &self,
        call: &Call,
        role: &CachedRole,
        federated: &Federated,
        ask: Ask,
        source_identity: Option<String>,
    ) -> RoleSession {
        let role_tags = role.role.tags.iter().map(|(key, value)| Tag {
            key: key.clone(),
            value: value.clone(),
        });
        RoleSession {
            kind: SessionKind::Role,
            access_key_id: String::new(),
            account: role.role.account.clone(),
            role_arn: role.role.arn.clone(),
            role_id: role.role.unique_id.clone(),
            session_name: ask.session_name,
            issued_at: call.unix(),
            expires_at: call.unix() + ask.duration,
            inline_policy: ask.policies.inline,
            policy_arns: ask.policies.arns,
            tags: overlay(role_tags.collect(), federated.asserted.tags.iter().cloned()),
            transitive_tag_keys: federated.asserted.transitive_tag_keys.clone(),
            source_identity,
            federation: federated.lasting(),
            federated_provider: Some(federated.provider_arn.clone()),
            chained: false,
            mfa_at: None,
            task: None,
        }
    }

    /// Checks what a token claims for its session before any policy is asked.
    pub fn check_asserted(asserted: &TokenClaims) -> Result<(), AwsError> {
        check_tags(&asserted.tags, &asserted.transitive_tag_keys, &[])
    }
}

/// The prefix of an issuer's condition keys.
pub fn prefix(issuer: &str) -> String {
    arn::provider_name(issuer)
}
