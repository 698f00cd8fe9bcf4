//! The part of the table that only AssumeRoleWithSAML says (sts.md section 7).

use std::borrow::Cow;

use super::AwsError;

/// What AWS's own service for assertions appends to what it says.
fn by_service(sentence: &str, request_id: &str) -> String {
    format!(
        "{sentence} (Service: AWSOpenIdDiscoveryService; Status Code: 400; Error Code: \
         AuthSamlInvalidSamlResponseException; Request ID: {request_id}; Proxy: null)"
    )
}

impl AwsError {
    /// A response whose form is wrong, whatever it is: AWS calls all of it base64.
    pub fn saml_response_invalid(reason: &'static str, request_id: &str) -> AwsError {
        let text = by_service("Invalid base64 SAMLResponse", request_id);
        AwsError::invalid_identity_token(reason, text)
    }

    /// An assertion that is not signed itself.
    pub fn saml_assertion_unsigned(reason: &'static str, request_id: &str) -> AwsError {
        let sentence = "Response (with optional signature) must contain an assertion with a mandatory signature";
        AwsError::invalid_identity_token(reason, by_service(sentence, request_id))
    }

    /// A signature that does not hold, or is none that we take.
    pub fn saml_signature_invalid(reason: &'static str) -> AwsError {
        AwsError::invalid_identity_token(reason, "Response signature invalid")
    }

    /// A response whose time is over.
    pub fn saml_expired(reason: &'static str) -> AwsError {
        AwsError::expired_identity_token("Response has expired").because(reason)
    }

    /// A response that was issued too long ago.
    pub fn saml_too_old(reason: &'static str) -> AwsError {
        AwsError::expired_identity_token("Token must be redeemed within 5 minutes of issuance")
            .because(reason)
    }

    /// A response of somebody else.
    pub fn saml_issuer(reason: &'static str) -> AwsError {
        AwsError::invalid_identity_token(reason, "Issuer not present in specified provider")
    }

    /// A provider that the account does not have.
    pub fn saml_no_provider() -> AwsError {
        AwsError::invalid_identity_token(
            "saml.provider.missing",
            "Specified provider doesn't exist",
        )
    }

    /// A provider whose metadata cannot be used.
    pub fn saml_provider_unusable(reason: &'static str) -> AwsError {
        AwsError::invalid_identity_token(reason, "Could not parse metadata")
    }

    /// A role that the provider did not give together with itself.
    pub fn saml_role_not_given() -> AwsError {
        AwsError::invalid_identity_token(
            "saml.attributes.role",
            "SAML Assertion doesn't contain the requested Role and Metadata in the attributes",
        )
    }

    /// An attribute in AWS's name that cannot be used, with the text that says why.
    pub fn saml_attribute(reason: &'static str, message: impl Into<Cow<'static, str>>) -> AwsError {
        AwsError::invalid_identity_token(reason, message)
    }

    // What AWS's API does not check has no text there. The audience has one of the sign-in page.

    /// An assertion for somebody else.
    pub fn saml_audience(reason: &'static str) -> AwsError {
        AwsError::invalid_identity_token(reason, "Response does not contain the required audience.")
    }

    /// An assertion that is to be delivered elsewhere.
    pub fn saml_recipient(reason: &'static str) -> AwsError {
        AwsError::invalid_identity_token(
            reason,
            "Response does not contain the required recipient.",
        )
    }

    /// A response whose time has not come.
    pub fn saml_not_yet(reason: &'static str) -> AwsError {
        AwsError::invalid_identity_token(reason, "Response is not yet valid")
    }

    /// An assertion for one use, used before.
    pub fn saml_replay(reason: &'static str) -> AwsError {
        AwsError::invalid_identity_token(reason, "Response has already been used")
    }
}
