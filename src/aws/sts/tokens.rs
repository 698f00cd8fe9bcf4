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
        let length = listed.len();
        let mut audience = Vec::new();
        for (place, value) in listed.into_iter().enumerate().take(16) {
            c.required(&format!("audience.{}.member", place + 1), value);
            audience.extend(value.map(str::to_owned));
        }
        c.count_shown("audience", &audience, length, 10);
        c.elements("audience", &audience, 1..=1000);
        let algorithm = params.get("SigningAlgorithm");
        c.required("signingAlgorithm", algorithm);
        c.text("signingAlgorithm", algorithm, None, 5..=5, Echo::Shown);
        let seconds = params.integer("DurationSeconds")?;
        c.number("durationSeconds", seconds, 60..=3600);
        let tags = tags(params, &mut c)?;
        c.finish()?;
        let algorithm = algorithm.unwrap_or_default();
        if !["RS256", "ES384"].contains(&algorithm) {
            return Err(AwsError::signing_algorithm_not_supported());
        }
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
            "Requested SigningAlgorithm is not supported. See the GetWebIdentityToken documentation for supported algorithms"
        );
        assert!(token("Audience.member.1=a&SigningAlgorithm=RS256").is_ok());
    }

    #[test]
    fn ten_audiences_are_enough() {
        let many: String = (1..=11)
            .map(|n| format!("Audience.member.{n}=a{n}&"))
            .collect();
        let error = token(&format!("{many}SigningAlgorithm=RS256")).unwrap_err();
        assert_eq!(
            error.message,
            "1 validation error detected: Value '[a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11]' at 'audience' failed to satisfy constraint: Member must have length less than or equal to 10"
        );
    }

    #[test]
    fn an_audience_out_of_bounds_is_told_with_the_whole_list() {
        let error = token("Audience.member.1=&SigningAlgorithm=RS256").unwrap_err();
        assert_eq!(
            error.message,
            "1 validation error detected: Value '[]' at 'audience' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 1000, Member must have length greater than or equal to 1]"
        );
        let same = token("Audience.member.1=a&Audience.member.2=a&SigningAlgorithm=RS256");
        assert_eq!(same.unwrap().audience, ["a", "a"]);
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
