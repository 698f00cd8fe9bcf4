//! AssumeRoleWithSAML: the operation's form. Assertions cannot be verified yet, so every one is refused.
//!
//! Reference: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html>

use serde_json::json;

use crate::access::Call;
use crate::aws::arn::Arn;
use crate::aws::error::AwsError;
use crate::aws::query::Params;
use crate::aws::sts::AssumeRoleWithSaml;
use crate::sts::{Answer, Denial, EmbeddedSts};

impl EmbeddedSts {
    /// Runs the operation as far as it goes: constraints, ARNs, session policies.
    pub async fn assume_role_with_saml(
        &self,
        call: &mut Call,
        params: &Params,
    ) -> Result<Answer, Denial> {
        let input = AssumeRoleWithSaml::read(params)?;
        call.event.set(
            "requestParameters",
            json!({
                "roleArn": input.role_arn,
                "principalArn": input.principal_arn,
                "durationSeconds": input.duration,
            }),
        );
        let role = Arn::parse(&input.role_arn);
        let role = role.filter(|arn| arn.role_name().is_some());
        role.ok_or_else(AwsError::request_arn_invalid)?;
        EmbeddedSts::check_policy_form(&input.policies)?;
        Err(AwsError::invalid_identity_token(
            "saml.unverified",
            "SAML assertions cannot be verified by this version of Drawbridge.",
        )
        .into())
    }
}
