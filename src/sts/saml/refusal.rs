//! From a refusal to AWS's words for it (sts.md section 7.1).

use crate::aws::error::AwsError;
use crate::saml::SamlError;

/// The AWS answer to an assertion that did not hold.
pub fn refusal(error: &SamlError, request_id: &str) -> AwsError {
    let reason = error.reason();
    match error {
        SamlError::SignatureMissing => AwsError::saml_assertion_unsigned(reason, request_id),
        SamlError::SignatureProfile(_)
        | SamlError::SignatureAlgorithm
        | SamlError::SignatureInvalid
        | SamlError::Disagreement => AwsError::saml_signature_invalid(reason),
        SamlError::Issuer => AwsError::saml_issuer(reason),
        SamlError::ConfirmationExpired | SamlError::ConditionsExpired | SamlError::SessionEnded => {
            AwsError::saml_expired(reason)
        }
        SamlError::TooOld => AwsError::saml_too_old(reason),
        SamlError::ConfirmationNotYet | SamlError::ConditionsNotYet | SamlError::IssuedInFuture => {
            AwsError::saml_not_yet(reason)
        }
        SamlError::ConfirmationRecipient | SamlError::Destination => {
            AwsError::saml_recipient(reason)
        }
        SamlError::Audience => AwsError::saml_audience(reason),
        SamlError::Replay => AwsError::saml_replay(reason),
        SamlError::Provider(_) => AwsError::saml_provider_unusable(reason),
        _ => AwsError::saml_response_invalid(reason, request_id),
    }
}
