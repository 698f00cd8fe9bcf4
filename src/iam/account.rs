//! The account itself: alias, summary, credential report, password policy, preferences, authorization details.

mod aliases;
mod credential_report;
mod details;
mod outbound;
mod password_policy;
mod preferences;
mod summary;

use crate::iam::{Operation, reads, writes};

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[
    writes!(aliases::create_account_alias, "CreateAccountAlias"),
    reads!(aliases::list_account_aliases, "ListAccountAliases"),
    writes!(aliases::delete_account_alias, "DeleteAccountAlias"),
    reads!(summary::get_account_summary, "GetAccountSummary"),
    reads!(
        details::get_account_authorization_details,
        "GetAccountAuthorizationDetails"
    ),
    writes!(
        credential_report::generate_credential_report,
        "GenerateCredentialReport"
    ),
    reads!(
        credential_report::get_credential_report,
        "GetCredentialReport"
    ),
    reads!(
        password_policy::get_account_password_policy,
        "GetAccountPasswordPolicy"
    ),
    writes!(
        password_policy::update_account_password_policy,
        "UpdateAccountPasswordPolicy"
    ),
    writes!(
        password_policy::delete_account_password_policy,
        "DeleteAccountPasswordPolicy"
    ),
    writes!(
        preferences::set_security_token_service_preferences,
        "SetSecurityTokenServicePreferences"
    ),
    writes!(
        outbound::enable_outbound_web_identity_federation,
        "EnableOutboundWebIdentityFederation"
    ),
    reads!(
        outbound::get_outbound_web_identity_federation_info,
        "GetOutboundWebIdentityFederationInfo"
    ),
    writes!(
        outbound::disable_outbound_web_identity_federation,
        "DisableOutboundWebIdentityFederation"
    ),
];
