//! AssumeRoleWithWebIdentity: a role for whoever an OIDC provider vouches for. Unsigned.
//!
//! Checks, in the order that AWS's answers show: constraints, session policies, the token's form, the
//! provider in the role's own account, audience, times, key and signature, the claims meant for STS,
//! the trust policy, the role's longest session, the packed size.
//!
//! Reference: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>

use serde_json::json;

use crate::access::Call;
use crate::aws::arn::{self, Arn};
use crate::aws::error::AwsError;
use crate::aws::query::Params;
use crate::aws::sts::{AssumeRoleWithWebIdentity, AssumedRoleUser, WebIdentityOutput};
use crate::identity::condition_claims;
use crate::jwt::{self, Algorithm, Audience, Expectations, JwtError, Leeway, VerifiedIdToken};
use crate::outbound::jwks::KeyError;
use crate::store::oidc_providers::OidcProvider;
use crate::sts::grant::{self, Ask, Evidence, Federated, GrantError};
use crate::sts::session::{self, Packed};
use crate::sts::token_claims::TokenClaims;
use crate::sts::{Answer, Denial, EmbeddedSts};

/// What the STS takes from registered providers (sts.md section 6.1, security.md JWT-1).
pub const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::Rs256,
    Algorithm::Rs384,
    Algorithm::Rs512,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
];

fn denied() -> AwsError {
    AwsError::federated_not_authorized(grant::WEB_IDENTITY)
}

impl EmbeddedSts {
    /// Runs the operation.
    pub async fn assume_role_with_web_identity(
        &self,
        call: &mut Call,
        params: &Params,
    ) -> Result<Answer, Denial> {
        let input = AssumeRoleWithWebIdentity::read(params)?;
        record(call, &input, &TokenClaims::default());
        let role_arn = Arn::parse(&input.role_arn)
            .filter(|arn| arn.role_name().is_some())
            .ok_or_else(AwsError::request_arn_invalid)?;
        let account = &role_arn.account;
        call.event.set("recipientAccountId", json!(account));
        call.event.set(
            "resources",
            json!([{ "ARN": input.role_arn, "accountId": account, "type": "AWS::IAM::Role" }]),
        );
        EmbeddedSts::check_policy_form(&input.policies)?;
        refuse_oauth_providers(input.provider_id.as_deref())?;
        let (token, provider) = self.verify(call, input.token.expose(), account).await?;
        let asserted = TokenClaims::read(token.claims())?;
        if asserted != TokenClaims::default() {
            record(call, &input, &asserted);
        }
        EmbeddedSts::check_asserted(&asserted)?;
        if asserted.roles.is_some() && !asserted.names_role(&input.role_arn) {
            return Err(AwsError::invalid_identity_token(
                "sts.claims.roles",
                "The target role ARN is not present in the roles claim of the identity token",
            )
            .into());
        }
        let federated = Federated {
            provider_arn: provider.arn.clone(),
            account: provider.account.clone(),
            issuer: token.issuer().to_owned(),
            subject: token.subject().to_owned(),
            known_as: token.subject().to_owned(),
            audience: token.audience().to_owned(),
            evidence: Evidence::Oidc(condition_claims(token.claims())),
            asserted,
            issued_at: token.issued_at().min(call.unix()),
            lasts: None,
        };
        let found = self.cache.role(&input.role_arn).await?;
        let unknown = found.is_none();
        let role = found.unwrap_or_else(|| self.decoy.clone());
        let packed = Packed::measure(&federated.asserted.tags, &input.policies);
        let duration = input.duration.unwrap_or(session::DEFAULT_DURATION);
        let policies = input.policies.clone();
        let ask = Ask {
            session_name: input.session_name.clone(),
            duration,
            policies: input.policies,
            offered_source_identity: None,
            ends_by: None,
        };
        let granted = self
            .grant(call, &role, &federated, ask)
            .map_err(|error| match error {
                GrantError::Refused(_) if unknown => denied().because("trust.no_role").into(),
                GrantError::Refused(refusal) => {
                    let context = federated.context(call, &role, &input.session_name, duration);
                    let (error, arn) = (denied(), &input.role_arn);
                    Denial::of(error, &refusal, arn, account, &context)
                }
                GrantError::TooLong => AwsError::duration_over_role().into(),
                GrantError::Internal(error) => error.into(),
            })?;
        self.check_managed_policies(&policies, account).await?;
        let overhead = session::federation_overhead(&federated.subject);
        let user = AssumedRoleUser {
            assumed_role_id: granted.user_id,
            arn: granted.arn,
        };
        let mut elements = session::trail_elements(&granted.credentials, &user);
        if let Some(elements) = elements.as_object_mut() {
            elements.insert("provider".to_owned(), json!(federated.provider_arn));
            elements.insert("audience".to_owned(), json!(federated.audience));
            elements.insert(
                "subjectFromWebIdentityToken".to_owned(),
                json!(federated.subject),
            );
        }
        let output = WebIdentityOutput {
            credentials: session::wire_credentials(&granted.credentials),
            user,
            packed_policy_size: (packed.within_budget()? + overhead).min(100),
            subject: federated.subject,
            provider: federated.provider_arn,
            audience: federated.audience,
            source_identity: granted.source_identity,
        };
        Ok(Answer {
            fields: output.fields(),
            elements,
            grants: true,
        })
    }

    /// Verifies a web identity token for the providers of an account.
    async fn verify(
        &self,
        call: &mut Call,
        token: &str,
        account: &str,
    ) -> Result<(VerifiedIdToken, std::sync::Arc<OidcProvider>), Denial> {
        let unverified = jwt::read(token).map_err(|error| refusal(&error))?;
        let issuer = unverified.issuer.as_str();
        // Exact match with what the account registered; nothing is fetched because a token says so.
        let registered = self.cache.oidc_provider(account, issuer).await?;
        let Some(provider) = registered.filter(|it| !arn::is_reserved_issuer(&it.url)) else {
            let shown = issuer.strip_prefix("https://").unwrap_or(issuer);
            let shown: String = crate::audit::clean(shown).chars().take(255).collect();
            return Err(AwsError::invalid_identity_token(
                "jwt.iss",
                format!("No OpenIDConnect provider found in your account for https://{shown}"),
            )
            .into());
        };
        call.issuer = Some(provider.url.clone());
        let key_id = unverified.key_id.as_deref();
        let keys = match self.keys.cached(&provider.url, key_id) {
            Some(keys) => keys,
            None => {
                let fetched = self.keys.keys_with(&provider.url, key_id).await;
                fetched.map_err(|error| key_refusal(&error))?
            }
        };
        let discovery = self.keys.discovery(&provider.url).await;
        let discovery = discovery.map_err(|error| key_refusal(&error))?;
        let advertised = &discovery.id_token_algorithms;
        // Of what the STS takes, what the issuer says it signs with (JWT-1).
        let allowed: Vec<Algorithm> = ALGORITHMS
            .into_iter()
            .filter(|it| advertised.is_empty() || advertised.iter().any(|name| name == it.name()))
            .collect();
        let expectations = Expectations {
            // AWS allows its clock and the issuer's to differ by five minutes, both ways.
            leeway: Leeway::STS,
            ..Expectations::new(
                &provider.url,
                Audience::Sts(&provider.client_ids),
                &allowed,
                call.unix(),
            )
        };
        let verified = jwt::verify(token, &keys, &expectations).map_err(|error| refusal(&error))?;
        let subject = verified.subject();
        call.event.set(
            "userIdentity",
            json!({
                "type": "WebIdentityUser",
                "principalId": format!("{}:{}:{subject}", provider.arn, verified.audience()),
                "userName": subject,
                "identityProvider": provider.arn,
                "tokenId": verified.token_id(),
                "keyId": verified.key_id(),
                "tokenSha256": base64url(&verified.sha256()),
            }),
        );
        Ok((verified, provider))
    }
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// `requestParameters` of the event, with what the token claims for its session.
fn record(call: &mut Call, input: &AssumeRoleWithWebIdentity, asserted: &TokenClaims) {
    let tags = asserted.tags.iter();
    let tags: serde_json::Map<_, _> = tags
        .map(|tag| (tag.key.clone(), json!(tag.value)))
        .collect();
    call.event.set(
        "requestParameters",
        json!({
            "roleArn": input.role_arn,
            "roleSessionName": input.session_name,
            "durationSeconds": input.duration,
            "principalTags": tags,
            "transitiveTagKeys": asserted.transitive_tag_keys,
            "sourceIdentity": asserted.source_identity,
        }),
    );
}

/// The two OAuth 2.0 providers have tokens of their own kinds; what comes here is a JWT.
fn refuse_oauth_providers(provider_id: Option<&str>) -> Result<(), AwsError> {
    match provider_id {
        None => Ok(()),
        Some("www.amazon.com") => Err(AwsError::invalid_identity_token(
            "sts.provider_id",
            "Provided Token is not a Login With Amazon token",
        )),
        Some("graph.facebook.com") => Err(AwsError::idp_rejected_claim()),
        Some(_) => Err(denied().because("sts.provider_id")),
    }
}

fn key_refusal(error: &KeyError) -> AwsError {
    tracing::warn!(%error, "the keys of an identity provider are not to be had");
    if error.is_transient() {
        AwsError::idp_communication()
    } else {
        AwsError::invalid_identity_token("jwt.key", AwsError::NO_VERIFICATION_KEY)
    }
}

/// The AWS answer to a token that did not hold (sts.md sections 6.2 and 6.3).
fn refusal(error: &JwtError) -> AwsError {
    let token = |message: String| AwsError::invalid_identity_token(error.reason(), message);
    match error {
        JwtError::MissingClaim(claim) => token(format!("Missing a required claim: {claim}")),
        JwtError::EmptyAudience => token("Claim is not allowed to be empty: aud".to_owned()),
        JwtError::MissingAuthorizedParty => token(
            "Token audience contains more than one audience while authorized party is not present"
                .to_owned(),
        ),
        JwtError::WrongAudience | JwtError::WrongAuthorizedParty => {
            token(AwsError::INCORRECT_AUDIENCE.to_owned())
        }
        JwtError::InvalidTimestamp(_) => token("Invalid timestamp in token claims.".to_owned()),
        JwtError::Expired {
            now_minus_leeway,
            exp,
        } => AwsError::expired_identity_token(format!(
            "Token expired: current date/time {now_minus_leeway} must be before the expiration \
             date/time {exp}"
        )),
        JwtError::NotYetValid {
            now_plus_leeway,
            nbf,
        } => token(format!(
            "Token not yet valid: current date/time {now_plus_leeway} must be after or equal to \
             the not-before date/time {nbf}"
        )),
        JwtError::IssuedInFuture { iat } => token(format!("Token issued in the future: {iat}")),
        other => match other.reason() {
            "jwt.key" | "jwt.signature" | "jwt.alg" => {
                token(AwsError::NO_VERIFICATION_KEY.to_owned())
            }
            _ => token(AwsError::NOT_A_JWT.to_owned()),
        },
    }
}
