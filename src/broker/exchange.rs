//! The exchange: the one path from an identity to credentials.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::access::{Call, Refusal};
use crate::aws::error::AwsError;
use crate::aws::sts::{AssumedRoleUser, SessionPolicies};
use crate::broker::Broker;
use crate::broker::roles::best_way;
use crate::credentials::SessionCredentials;
use crate::identity::{EvidenceKind, Identity};
use crate::store::StoreError;
use crate::store::cache::CachedRole;
use crate::sts::grant::{self, Ask, GrantError};
use crate::sts::session::{Packed, trail_elements};
use crate::sts::{Denial, EmbeddedSts};

/// Seconds below which nobody may ask.
pub const LEAST_DURATION: i64 = 900;
/// Seconds above which nobody may ask.
pub const MOST_DURATION: i64 = 43200;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct ExchangeRequest {
    /// An ARN, an alias, or `account/Role`.
    pub role: String,
    /// Seconds; clamped down to what the role and the login allow.
    pub duration: Option<i64>,
    /// Further limits.
    pub policies: SessionPolicies,
}

/// What came of it.
#[derive(Debug)]
pub struct Exchanged {
    /// The credentials. They may leave only after the call's event is on disk.
    pub credentials: SessionCredentials,
    /// The role taken.
    pub role: Arc<CachedRole>,
    /// The session's ARN.
    pub session_arn: String,
    /// Why they end sooner than was asked, if they do.
    pub clamped: Option<String>,
    /// `responseElements` of the event.
    pub elements: Value,
}

/// Why nothing came of it.
#[derive(Debug)]
pub enum ExchangeError {
    /// No such role. What the caller reads must not differ from [`ExchangeError::Refused`] by a role
    /// that does not know them.
    NoRole,
    /// The role's trust policy does not admit the identity.
    Refused {
        /// What it rests on.
        refusal: Refusal,
        /// The role.
        role: Arc<CachedRole>,
    },
    /// The login has ended.
    LoginEnded,
    /// A duration outside the limits.
    Duration,
    /// Something else about the request, in AWS's words.
    Invalid(Denial),
    /// The store cannot be asked.
    Unavailable(StoreError),
}

impl From<StoreError> for ExchangeError {
    fn from(error: StoreError) -> ExchangeError {
        ExchangeError::Unavailable(error)
    }
}

impl From<AwsError> for ExchangeError {
    fn from(error: AwsError) -> ExchangeError {
        ExchangeError::Invalid(error.into())
    }
}

impl ExchangeError {
    /// The stable reason code for the audit.
    pub fn reason(&self) -> &'static str {
        match self {
            ExchangeError::NoRole => "trust.no_role",
            ExchangeError::Refused { refusal, .. } => refusal.reason,
            ExchangeError::LoginEnded => "web.session",
            ExchangeError::Duration => "sts.duration",
            ExchangeError::Invalid(denial) => denial.error.reason,
            ExchangeError::Unavailable(_) => "unavailable",
        }
    }

    /// What a caller with verified evidence may learn: the refusal, if the role names the caller's
    /// provider and does not keep its conditions to itself.
    pub fn tellable(&self) -> Option<(&Refusal, &CachedRole)> {
        match self {
            ExchangeError::Refused { refusal, role }
                if refusal.nearest.is_some() && role.role.explain =>
            {
                Some((refusal, role))
            }
            _ => None,
        }
    }

    /// For the audit event.
    pub fn detail(&self) -> Option<Value> {
        match self {
            ExchangeError::Refused { refusal, .. } => Some(refusal.detail()),
            ExchangeError::Invalid(denial) => denial.detail.clone(),
            _ => None,
        }
    }
}

/// `userIdentity` of events about a federated identity.
pub fn trail(identity: &Identity) -> Value {
    let Identity {
        issuer,
        audience,
        subject,
        ..
    } = identity;
    let (kind, id) = match &identity.saml {
        // The name qualifier is of an account's provider; here there is none yet.
        Some(_) => ("SAMLUser", format!("{issuer}:{subject}")),
        None => ("WebIdentityUser", format!("{issuer}:{audience}:{subject}")),
    };
    let mut trail = json!({
        "type": kind,
        "principalId": id,
        "userName": identity.display_name,
        "identityProvider": identity.issuer,
        "tokenId": identity.token_id,
        "keyId": identity.key_id,
        "tokenSha256": identity.evidence_sha256,
    });
    if identity.saml.as_ref().is_some_and(|name| name.sha1) {
        trail["warnings"] = json!(["saml.signature.sha1"]);
    }
    trail
}

impl Broker {
    /// Exchanges an identity for the credentials of a role.
    pub async fn exchange(
        &self,
        call: &mut Call,
        identity: &Identity,
        request: ExchangeRequest,
    ) -> Result<Exchanged, ExchangeError> {
        let (name, action) = match identity.saml {
            Some(_) => ("AssumeRoleWithSAML", grant::SAML),
            None => ("AssumeRoleWithWebIdentity", grant::WEB_IDENTITY),
        };
        call.about(name, true);
        call.event.set("userIdentity", trail(identity));
        call.event.set(
            "requestParameters",
            json!({ "role": request.role, "durationSeconds": request.duration }),
        );
        let legal = LEAST_DURATION..=MOST_DURATION;
        if request
            .duration
            .is_some_and(|asked| !legal.contains(&asked))
        {
            return Err(ExchangeError::Duration);
        }
        let left = identity.valid_until - call.unix();
        if left <= 0 {
            return Err(ExchangeError::LoginEnded);
        }
        let role = self
            .role(&request.role)
            .await?
            .ok_or(ExchangeError::NoRole)?;
        let account = role.role.account.clone();
        call.event.set("recipientAccountId", json!(account));
        call.event.set(
            "resources",
            json!([{ "ARN": role.role.arn, "accountId": account, "type": "AWS::IAM::Role" }]),
        );
        let unknown_provider = || ExchangeError::Refused {
            refusal: Refusal {
                reason: "trust.no_match",
                action: action.to_owned(),
                nearest: None,
                explanation: None,
            },
            role: role.clone(),
        };
        let ways = self.federated(identity, &account).await?;
        let federated = best_way(call, identity, &ways, &role).ok_or_else(unknown_provider)?;
        EmbeddedSts::check_policy_form(&request.policies)?;
        EmbeddedSts::check_asserted(&federated.asserted)?;
        let asked = request.duration.unwrap_or(federated.usual_duration());
        let (duration, clamped) = clamp(asked, role.role.max_session_duration, left, identity.kind);
        let packed = Packed::measure(&federated.asserted.tags, &request.policies);
        let name = identity.session_name();
        let policies = request.policies.clone();
        let ask = Ask {
            session_name: name.clone(),
            duration,
            policies: request.policies,
            offered_source_identity: Some(name),
            // The duration is clamped already.
            ends_by: None,
        };
        let granted = self
            .sts
            .grant(call, &role, federated, ask)
            .map_err(|error| match error {
                GrantError::Refused(refusal) => ExchangeError::Refused {
                    refusal,
                    role: role.clone(),
                },
                GrantError::TooLong => AwsError::duration_over_role().into(),
                GrantError::Internal(error) => error.into(),
            })?;
        let managed = self.sts.check_managed_policies(&policies, &account).await;
        managed.map_err(ExchangeError::Invalid)?;
        packed.within_budget()?;
        let user = AssumedRoleUser {
            assumed_role_id: granted.user_id,
            arn: granted.arn.clone(),
        };
        Ok(Exchanged {
            elements: trail_elements(&granted.credentials, &user),
            credentials: granted.credentials,
            role,
            session_arn: granted.arn,
            clamped,
        })
    }
}

/// Shortens what was asked to what the role and the login allow, and says so.
fn clamp(asked: i64, role: i64, left: i64, kind: EvidenceKind) -> (i64, Option<String>) {
    let duration = asked.min(role).min(left);
    if duration == asked {
        return (duration, None);
    }
    let minutes = duration.div_euclid(60).max(1);
    let cause = match kind {
        _ if role <= left => "the role allows no longer sessions",
        EvidenceKind::Oidc | EvidenceKind::Saml => "your sign-in ends then",
        EvidenceKind::Ci => "the evidence counts no longer",
    };
    (
        duration,
        Some(format!("Shortened to {minutes} minutes: {cause}.")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_clamped_down_and_say_why() {
        let oidc = EvidenceKind::Oidc;
        assert_eq!(clamp(3600, 43200, 43200, oidc), (3600, None));
        let (seconds, why) = clamp(7200, 3600, 43200, oidc);
        assert_eq!(seconds, 3600);
        assert_eq!(
            why.as_deref(),
            Some("Shortened to 60 minutes: the role allows no longer sessions.")
        );
        let (seconds, why) = clamp(7200, 43200, 600, oidc);
        assert_eq!(seconds, 600);
        assert!(why.is_some_and(|why| why.contains("sign-in ends")));
    }
}
