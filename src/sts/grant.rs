//! From a verified federated identity to a session: the trust decision and what follows from it.
//!
//! AssumeRoleWithWebIdentity, AssumeRoleWithSAML and the broker's exchange all come through here, so a portal can
//! never offer what the STS would refuse, nor the other way round.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::access::authorize::{self, IdentitySide};
use crate::access::{Call, Refusal};
use crate::aws::arn;
use crate::aws::error::AwsError;
use crate::aws::sts::{SessionPolicies, Tag};
use crate::credentials::{RoleSession, SessionCredentials, SessionKind, VouchedFor};
use crate::identity::ClaimValue;
use crate::policy::{self, RequestContext};
use crate::store::cache::CachedRole;
use crate::sts::EmbeddedSts;
use crate::sts::saml::keys::{self, AttributeKeys};
use crate::sts::session::{DEFAULT_DURATION, check_tags, describe_tags, overlay};
use crate::sts::token_claims::TokenClaims;

/// The action a trust policy must allow to whom an OIDC provider vouches for.
pub const WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";
/// The action a trust policy must allow to whom a SAML provider vouches for.
pub const SAML: &str = "sts:AssumeRoleWithSAML";
/// Roles of this beginning belong to AWS's IAM Identity Center, which alone hands them out at AWS.
const RESERVED_ROLES: &str = "AWSReservedSSO_";

/// A federated identity as the trust decision sees it. Build it from verified evidence only.
#[derive(Clone, Debug)]
pub struct Federated {
    /// ARN of the provider in the role's account.
    pub provider_arn: String,
    /// Account of that provider.
    pub account: String,
    /// The issuer, exactly; of SAML the entity id.
    pub issuer: String,
    /// `sub`; of SAML the `NameID`.
    pub subject: String,
    /// The name under which the person is known here, and cut off: the subject, unless something stands for it.
    pub known_as: String,
    /// `azp` where present, else the `aud` that matched; of SAML the `Recipient`.
    pub audience: String,
    /// What else the evidence says.
    pub evidence: Evidence,
    /// What it says to STS itself.
    pub asserted: TokenClaims,
    /// Epoch seconds of the evidence's issue.
    pub issued_at: i64,
    /// Seconds that a session shall last at most where nobody asks for a duration: `SessionDuration`.
    pub lasts: Option<i64>,
}

/// What a provider says about a subject, as its kind of provider says it.
#[derive(Clone, Debug)]
pub enum Evidence {
    /// An ID token: all scalar claims and lists of scalars.
    Oidc(BTreeMap<String, ClaimValue>),
    /// An assertion.
    Saml {
        /// `Format` of the `NameID`.
        format: Option<String>,
        /// What its attributes are as condition keys.
        keys: AttributeKeys,
    },
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
    /// Epoch seconds at which the session ends whatever its duration: `SessionNotOnOrAfter`.
    pub ends_by: Option<i64>,
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
    /// The action a trust policy must allow.
    pub fn action(&self) -> &'static str {
        match &self.evidence {
            Evidence::Oidc(_) => WEB_IDENTITY,
            Evidence::Saml { .. } => SAML,
        }
    }

    /// Seconds of a session when nobody says; the provider can only shorten it.
    pub fn usual_duration(&self) -> i64 {
        self.lasts
            .map_or(DEFAULT_DURATION, |lasts| lasts.min(DEFAULT_DURATION))
    }

    /// Whether the provider itself keeps its subject from a role: it names roles, and this is none of them.
    pub fn is_kept_from(&self, role: &CachedRole) -> bool {
        self.asserted.roles.is_some() && !self.asserted.names_role(&role.role.arn)
    }

    /// `saml:namequalifier`, of a SAML provider.
    pub fn name_qualifier(&self) -> String {
        keys::name_qualifier(&self.issuer, &self.account, self.provider_name())
    }

    fn provider_name(&self) -> &str {
        let name = self.provider_arn.split_once('/');
        name.map_or("", |(_, name)| name)
    }

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
        for (key, value) in &role.role.tags {
            context.set(&format!("aws:ResourceTag/{key}"), value.clone());
            context.set(&format!("iam:ResourceTag/{key}"), value.clone());
        }
        describe_tags(
            &mut context,
            &self.asserted.tags,
            &self.asserted.transitive_tag_keys,
        );
        match &self.evidence {
            Evidence::Oidc(claims) => {
                let by_idp = self.asserted.names_role(&role.role.arn);
                context.set("sts:RoleAuthorizedByIdp", by_idp.to_string());
                self.describe_claims(claims, &mut context);
            }
            Evidence::Saml { format, keys } => {
                self.describe_assertion(format.as_deref(), keys, &mut context);
            }
        }
        context
    }

    /// The condition keys of a token: those of its issuer.
    fn describe_claims(&self, claims: &BTreeMap<String, ClaimValue>, context: &mut RequestContext) {
        let prefix = prefix(&self.issuer);
        let key = |claim: &str| format!("{prefix}:{claim}");
        // Keys compare ignoring case. A claim `SUB` must not stand in for `sub`, and of two claims that
        // differ by case alone neither counts.
        let names = claims.keys();
        let lowered: Vec<_> = names.map(|name| policy::fold(name)).collect();
        for ((name, value), low) in claims.iter().zip(&lowered) {
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
        match claims.get("aud") {
            Some(ClaimValue::One(one)) => context.set(&key("oaud"), one.clone()),
            Some(ClaimValue::Many(many)) => context.set_many(&key("oaud"), many.clone()),
            None => {}
        }
        if let Some(ClaimValue::One(azp)) = claims.get("azp") {
            context.set(&key("azp"), azp.clone());
        }
        match claims.get("amr") {
            Some(ClaimValue::Many(amr)) => context.set_many(&key("amr"), amr.clone()),
            Some(ClaimValue::One(amr)) => context.set_many(&key("amr"), vec![amr.clone()]),
            None => {}
        }
    }

    /// The condition keys of an assertion.
    fn describe_assertion(
        &self,
        format: Option<&str>,
        attributes: &AttributeKeys,
        context: &mut RequestContext,
    ) {
        for (name, value) in attributes {
            context.insert(&format!("saml:{name}"), value.clone());
        }
        // After the attributes: none of them may stand in for what was verified.
        context.set("saml:aud", self.audience.clone());
        context.set("saml:iss", self.issuer.clone());
        context.set("saml:sub", self.subject.clone());
        context.set("saml:sub_type", keys::subject_type(format));
        context.set("saml:namequalifier", self.name_qualifier());
        let document = format!("{}/{}", self.account, self.provider_name());
        context.set("saml:doc", document);
    }

    /// The condition keys that outlive the trust decision.
    fn lasting(&self) -> BTreeMap<String, ClaimValue> {
        let one = |text: &str| ClaimValue::One(text.to_owned());
        match &self.evidence {
            Evidence::Oidc(claims) => {
                let prefix = prefix(&self.issuer);
                let key = |claim: &str| format!("{prefix}:{claim}");
                let mut lasting = BTreeMap::from([
                    (key("sub"), one(&self.subject)),
                    (key("aud"), one(&self.audience)),
                ]);
                if let Some(amr) = claims.get("amr") {
                    lasting.insert(key("amr"), amr.clone());
                }
                lasting
            }
            Evidence::Saml { format, .. } => {
                let key = |name: &str| format!("saml:{name}");
                BTreeMap::from([
                    (key("sub"), one(&self.subject)),
                    (key("sub_type"), one(keys::subject_type(format.as_deref()))),
                    (key("namequalifier"), one(&self.name_qualifier())),
                ])
            }
        }
    }
}

/// Whether a role's trust policy admits this identity for an action.
pub fn admits(
    federated: &Federated,
    role: &Arc<CachedRole>,
    action: &str,
    context: &RequestContext,
) -> Result<(), Refusal> {
    not_reserved(federated, role)?;
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
        let action = federated.action();
        let context = federated.context(call, role, &ask.session_name, ask.duration);
        admits(federated, role, action, &context)?;
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
                admits(federated, role, action, &context)?;
                Some(claimed.clone())
            }
            None => ask.offered_source_identity.clone().filter(|offered| {
                let mut context = context.clone();
                context.set("sts:SourceIdentity", offered.clone());
                admits(federated, role, "sts:SetSourceIdentity", &context).is_ok()
                    && admits(federated, role, action, &context).is_ok()
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
        let Federated {
            issuer, issued_at, ..
        } = federated;
        let cut = |issuer: &str, subject: &str| self.cache.is_cut_off(issuer, subject, *issued_at);
        let mut cut_off = cut(issuer, &federated.subject) || cut(issuer, &federated.known_as);
        if let Evidence::Saml { .. } = federated.evidence {
            // A SAML provider is cut off by its ARN as well.
            cut_off |= cut(&federated.provider_arn, &federated.subject);
        }
        match cut_off {
            true => Err(unasked("cut_off", federated.action())),
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
        let ends_at = call.unix() + ask.duration;
        let vouched_for = match &federated.evidence {
            Evidence::Oidc(_) => None,
            Evidence::Saml { .. } => Some(VouchedFor {
                issuer: federated.issuer.clone(),
                subject: federated.known_as.clone(),
            }),
        };
        RoleSession {
            kind: SessionKind::Role,
            access_key_id: String::new(),
            account: role.role.account.clone(),
            role_arn: role.role.arn.clone(),
            role_id: role.role.unique_id.clone(),
            session_name: ask.session_name,
            issued_at: call.unix(),
            expires_at: ask.ends_by.map_or(ends_at, |by| ends_at.min(by)),
            inline_policy: ask.policies.inline,
            policy_arns: ask.policies.arns,
            tags: overlay(role_tags.collect(), federated.asserted.tags.iter().cloned()),
            transitive_tag_keys: federated.asserted.transitive_tag_keys.clone(),
            source_identity,
            federation: federated.lasting(),
            federated_provider: Some(federated.provider_arn.clone()),
            vouched_for,
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

/// Refuses to hand out by SAML what only IAM Identity Center may, whatever its trust policy says.
fn not_reserved(federated: &Federated, role: &CachedRole) -> Result<(), Refusal> {
    match &federated.evidence {
        Evidence::Saml { .. } if role.role.name.starts_with(RESERVED_ROLES) => {
            Err(unasked("trust.reserved", federated.action()))
        }
        _ => Ok(()),
    }
}

/// A refusal for which no policy was asked.
fn unasked(reason: &'static str, action: &str) -> Refusal {
    Refusal {
        reason,
        action: action.to_owned(),
        nearest: None,
        explanation: None,
    }
}

/// The prefix of an issuer's condition keys.
fn prefix(issuer: &str) -> String {
    arn::provider_name(issuer)
}
