//! Inputs of the operations that take or make tokens and messages.

use super::{SessionPolicies, Tag, duration, role_arn, session_policies, tags, well_formed};
use crate::aws::constraints::{ARN, Constraints, Echo};
use crate::aws::error::AwsError;
use crate::aws::query::Params;
use crate::secret::Secret;

/// Input of AssumeRoleWithSAML.
#[derive(Debug)]
pub struct AssumeRoleWithSaml {
    /// The role asked for.
    pub role_arn: String,
    /// The SAML provider.
    pub principal_arn: String,
    /// The response, in base64.
    pub assertion: Secret<String>,
    /// Limits chosen by the caller.
    pub policies: SessionPolicies,
    /// Seconds.
    pub duration: Option<i64>,
}

impl AssumeRoleWithSaml {
    /// Reads and checks the members of the request.
    pub fn read(params: &Params) -> Result<AssumeRoleWithSaml, AwsError> {
        let mut c = Constraints::default();
        let role_arn = role_arn(params, &mut c);
        let principal = params.get("PrincipalArn");
        c.required("principalArn", principal);
        c.text("principalArn", principal, Some(ARN), 20..=2048, Echo::Shown);
        let assertion = params.get("SAMLAssertion");
        c.required("sAMLAssertion", assertion);
        c.text("sAMLAssertion", assertion, None, 4..=100_000, Echo::Hidden);
        let policies = session_policies(params, &mut c, 2048)?;
        let duration = duration(params, &mut c)?;
        c.finish()?;
        let principal = principal.unwrap_or_default();
        well_formed(role_arn)?;
        well_formed(principal)?;
        for arn in &policies.arns {
            well_formed(arn)?;
        }
        Ok(AssumeRoleWithSaml {
            role_arn: role_arn.to_owned(),
            principal_arn: principal.to_owned(),
            assertion: Secret::new(assertion.unwrap_or_default().to_owned()),
            policies,
            duration,
        })
    }
}

/// Input of DecodeAuthorizationMessage.
#[derive(Debug)]
pub struct DecodeAuthorizationMessage {
    /// As it came with a refusal.
    pub message: String,
}

impl DecodeAuthorizationMessage {
    /// Reads and checks the members of the request.
    pub fn read(params: &Params) -> Result<DecodeAuthorizationMessage, AwsError> {
        let mut c = Constraints::default();
        let message = params.get("EncodedMessage");
        c.required("encodedMessage", message);
        c.text("encodedMessage", message, None, 1..=10_240, Echo::Hidden);
        c.finish()?;
        Ok(DecodeAuthorizationMessage {
            message: message.unwrap_or_default().to_owned(),
        })
    }
}

/// Input of GetWebIdentityToken.
#[derive(Debug)]
pub struct GetWebIdentityToken {
    /// Whom the token is for: one to ten.
    pub audience: Vec<String>,
    /// `RS256` or `ES384`.
    pub algorithm: String,
    /// Seconds, 60 to 3600.
    pub duration: Option<i64>,
    /// `request_tags` of the token.
    pub tags: Vec<Tag>,
}

impl GetWebIdentityToken {
    /// Reads and checks the members of the request.
    pub fn read(params: &Params) -> Result<GetWebIdentityToken, AwsError> {
        let mut c = Constraints::default();
        let listed = params.strings("Audience")?;
        if listed.is_empty() {
            c.required("audience", None);
        }
        c.count("audience", listed.len(), 10);
        let mut audience = Vec::new();
        for (place, value) in listed.into_iter().enumerate().take(16) {
            let name = format!("audience.{}.member", place + 1);
            c.required(&name, value);
            c.text(&name, value, None, 1..=1000, Echo::Shown);
            audience.extend(value.map(str::to_owned));
        }
        let algorithm = params.get("SigningAlgorithm");
        c.required("signingAlgorithm", algorithm);
        c.text("signingAlgorithm", algorithm, None, 5..=5, Echo::Shown);
        let seconds = params.integer("DurationSeconds")?;
        c.number("durationSeconds", seconds, 60..=3600);
        let tags = tags(params, &mut c)?;
        c.finish()?;
        let algorithm = algorithm.unwrap_or_default();
        let mut c = Constraints::default();
        c.one_of("signingAlgorithm", Some(algorithm), &["RS256", "ES384"]);
        c.finish()?;
        Ok(GetWebIdentityToken {
            audience,
            algorithm: algorithm.to_owned(),
            duration: seconds,
            tags,
        })
    }
}

/// Input of GetDelegatedAccessToken.
#[derive(Debug)]
pub struct GetDelegatedAccessToken;

impl GetDelegatedAccessToken {
    /// Reads and checks the members of the request.
    pub fn read(params: &Params) -> Result<GetDelegatedAccessToken, AwsError> {
        let mut c = Constraints::default();
        c.required("tradeInToken", params.get("TradeInToken"));
        c.finish()?;
        Ok(GetDelegatedAccessToken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> Result<GetWebIdentityToken, AwsError> {
        GetWebIdentityToken::read(&Params::parse("", text.as_bytes()).unwrap())
    }

    #[test]
    fn a_token_is_for_somebody_and_signed_somehow() {
        let error = token("").unwrap_err();
        assert_eq!(
            error.message,
            "2 validation errors detected: Value null at 'audience' failed to satisfy constraint: Member must not be null; Value null at 'signingAlgorithm' failed to satisfy constraint: Member must not be null"
        );
        let error = token("Audience.member.1=a&SigningAlgorithm=HS256").unwrap_err();
        assert_eq!(
            error.message,
            "1 validation error detected: Value 'HS256' at 'signingAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [RS256, ES384]"
        );
        assert!(token("Audience.member.1=a&SigningAlgorithm=RS256").is_ok());
    }

    #[test]
    fn ten_audiences_are_enough() {
        let many: String = (1..=11)
            .map(|n| format!("Audience.member.{n}=a{n}&"))
            .collect();
        let error = token(&format!("{many}SigningAlgorithm=RS256")).unwrap_err();
        assert!(error.message.contains("'audience'"), "{}", error.message);
    }

    #[test]
    fn an_assertion_is_never_echoed() {
        let text = "RoleArn=arn:aws:iam::111111111111:role/x&SAMLAssertion=abc\
                    &PrincipalArn=arn:aws:iam::111111111111:saml-provider/x";
        let params = Params::parse("", text.as_bytes()).unwrap();
        let error = AssumeRoleWithSaml::read(&params).unwrap_err();
        assert!(!error.message.contains("abc"), "{}", error.message);
    }
}
