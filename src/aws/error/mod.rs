//! Every error that the AWS doors answer: one table of code, status and text.
//!
//! Texts are AWS's, word for word where they are known (clients match on them), so that a correction is
//! made here and nowhere else. Sources: the STS and IAM service models, recorded answers, and for the
//! SigV4 family the texts that public tools quote. What only IAM says stands in `iam`,
//! what only AssumeRoleWithSAML says in `saml`.

mod iam;
mod saml;

use std::borrow::Cow;

pub use iam::Entity;

/// An answer that refuses, as AWS words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsError {
    /// The `<Code>`.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The `<Message>`.
    pub message: Cow<'static, str>,
    /// The stable reason code for the audit; never on the wire.
    pub reason: &'static str,
}

fn error(
    code: &'static str,
    status: u16,
    reason: &'static str,
    message: impl Into<Cow<'static, str>>,
) -> AwsError {
    AwsError {
        code,
        status,
        message: message.into(),
        reason,
    }
}

impl AwsError {
    /// `Sender` for the caller's faults, `Receiver` for ours.
    pub fn fault(&self) -> &'static str {
        if self.status >= 500 {
            "Receiver"
        } else {
            "Sender"
        }
    }

    /// The same refusal with a finer reason for the audit.
    pub fn because(mut self, reason: &'static str) -> AwsError {
        self.reason = reason;
        self
    }

    // --- protocol -------------------------------------------------------------------------------

    /// The request could not be read as a query-protocol request.
    pub fn malformed_input(message: impl Into<Cow<'static, str>>) -> AwsError {
        error("MalformedInput", 400, "query.malformed", message)
    }

    /// A body, header or parameter over our limits.
    pub fn too_large(limit_bytes: usize) -> AwsError {
        error(
            "RequestEntityTooLarge",
            413,
            "query.size",
            format!("Request body is larger than the limit of {limit_bytes} bytes."),
        )
    }

    /// No `Action` at all.
    pub fn missing_action() -> AwsError {
        error(
            "MissingAction",
            400,
            "query.action.missing",
            "The request is missing an action or a required parameter.",
        )
    }

    /// An operation that this version of the API does not have.
    pub fn invalid_action(action: &str, version: &str) -> AwsError {
        error(
            "InvalidAction",
            400,
            "query.action.unknown",
            format!("Could not find operation {action} for version {version}"),
        )
    }

    /// A version that neither STS nor IAM has.
    pub fn no_such_version(version: &str) -> AwsError {
        error(
            "NoSuchVersion",
            400,
            "query.version",
            format!("The requested version ( {version} ) is not valid."),
        )
    }

    // --- authentication (sts.md section 2) --------------------------------------------------------

    /// No credentials.
    pub fn missing_authentication_token() -> AwsError {
        error(
            "MissingAuthenticationToken",
            403,
            "sigv4.missing",
            "Request is missing Authentication Token",
        )
    }

    /// An `Authorization` header with parts missing or wrong; `clauses` are AWS's sentences.
    pub fn incomplete_signature(clauses: impl Into<Cow<'static, str>>) -> AwsError {
        error("IncompleteSignature", 400, "sigv4.incomplete", clauses)
    }

    /// An unknown or inactive key, or a session token that is not this key's.
    pub fn invalid_client_token_id() -> AwsError {
        error(
            "InvalidClientTokenId",
            403,
            "sigv4.key",
            "The security token included in the request is invalid.",
        )
    }

    /// A session that has ended.
    pub fn expired_token() -> AwsError {
        error(
            "ExpiredToken",
            403,
            "sigv4.session.expired",
            "The security token included in the request is expired",
        )
    }

    /// The signature is not the one we compute.
    pub fn signature_does_not_match() -> AwsError {
        error(
            "SignatureDoesNotMatch",
            403,
            "sigv4.signature",
            "The request signature we calculated does not match the signature you provided. \
             Check your AWS Secret Access Key and signing method. Consult the service \
             documentation for details.",
        )
    }

    /// A signature refused for its date or scope, with the text that says so.
    pub fn signature_scope(message: impl Into<Cow<'static, str>>) -> AwsError {
        error("SignatureDoesNotMatch", 403, "sigv4.scope", message)
    }

    /// Headers that must be signed and were not.
    pub fn unsigned_headers(names: &str) -> AwsError {
        error(
            "AccessDenied",
            403,
            "sigv4.headers.unsigned",
            format!("There were headers present in the request which were not signed: {names}"),
        )
    }

    // --- validation (sts.md section 3) ------------------------------------------------------------

    /// One or several constraints violated.
    pub fn validation(message: impl Into<Cow<'static, str>>) -> AwsError {
        error("ValidationError", 400, "sts.validation", message)
    }

    /// A text that should be an ARN and is none.
    pub fn invalid_arn(value: &str) -> AwsError {
        error(
            "ValidationError",
            400,
            "sts.arn",
            format!("{value} is invalid"),
        )
    }

    /// An ARN, but not of a role.
    pub fn request_arn_invalid() -> AwsError {
        error("ValidationError", 400, "sts.arn", "Request ARN is invalid")
    }

    /// Tag keys equal ignoring case.
    pub fn duplicate_tags() -> AwsError {
        error(
            "InvalidParameterValue",
            400,
            "sts.tags.duplicate",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        )
    }

    /// A transitive key that is not among the tags.
    pub fn transitive_key_not_a_tag() -> AwsError {
        error(
            "InvalidParameterValue",
            400,
            "sts.tags.transitive",
            "The specified transitive tag key must be included in the requested tags.",
        )
    }

    /// A tag that the calling session carries as transitive.
    pub fn transitive_conflict() -> AwsError {
        error(
            "InvalidParameterValue",
            400,
            "sts.tags.inherited",
            "One of the specified transitive tag keys can't be set because it conflicts with a \
             transitive tag key from the calling session.",
        )
    }

    /// A tag key in AWS's own namespace.
    pub fn reserved_tag() -> AwsError {
        error(
            "InvalidParameterValue",
            400,
            "sts.tags.reserved",
            "Tag keys must not begin with aws:",
        )
    }

    /// A policy that the language does not admit; `message` names the first problem.
    pub fn malformed_policy(message: impl Into<Cow<'static, str>>) -> AwsError {
        error("MalformedPolicyDocument", 400, "sts.policy", message)
    }

    /// Session policies over their budget.
    pub fn packed_policy(percent: u32) -> AwsError {
        error(
            "PackedPolicyTooLarge",
            400,
            "sts.packed",
            format!(
                "Packed policy consumes {percent}% of allotted space, please use smaller policy."
            ),
        )
    }

    /// Session tags over their budget.
    pub fn packed_tags(percent: u32) -> AwsError {
        error(
            "PackedPolicyTooLarge",
            400,
            "sts.packed",
            format!("Packed size of session tags consumes {percent}% of allotted space."),
        )
    }

    /// Longer than the role allows.
    pub fn duration_over_role() -> AwsError {
        error(
            "ValidationError",
            400,
            "sts.duration.role",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    }

    /// Longer than a chained session may be.
    pub fn duration_chained() -> AwsError {
        error(
            "ValidationError",
            400,
            "sts.duration.chained",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by \
             role chaining.",
        )
    }

    /// A parameter that we know and do not offer yet.
    pub fn unsupported_parameter(name: &str) -> AwsError {
        error(
            "InvalidParameterValue",
            400,
            "sts.unsupported",
            format!("The parameter {name} is not supported."),
        )
    }

    // --- authorization ----------------------------------------------------------------------------

    /// A signed caller that may not, in AWS's words and without a reason.
    pub fn not_authorized(caller: &str, action: &str, resource: &str) -> AwsError {
        error(
            "AccessDenied",
            403,
            "trust.no_match",
            format!(
                "User: {caller} is not authorized to perform: {action} on resource: {resource}"
            ),
        )
    }

    /// A federated caller that may not: no caller, no reason.
    pub fn federated_not_authorized(action: &'static str) -> AwsError {
        error(
            "AccessDenied",
            403,
            "trust.no_match",
            format!("Not authorized to perform {action}"),
        )
    }

    /// Root keys take no roles.
    pub fn root_may_not_assume() -> AwsError {
        error(
            "AccessDenied",
            403,
            "trust.root",
            "Roles may not be assumed by root accounts.",
        )
    }

    /// An operation that only long-term keys may call.
    pub fn with_session_credentials(operation: &'static str) -> AwsError {
        error(
            "AccessDenied",
            403,
            "sts.session",
            format!("Cannot call {operation} with session credentials"),
        )
    }

    /// A message that is not ours, altered, too old, or not the caller's to open.
    pub fn invalid_authorization_message() -> AwsError {
        error(
            "InvalidAuthorizationMessageException",
            400,
            "sts.message",
            "The message is not a valid encoded authorization message.",
        )
    }

    /// An account that has not switched outbound web identity federation on.
    pub fn outbound_federation_disabled() -> AwsError {
        error(
            "OutboundWebIdentityFederationDisabledException",
            403,
            "sts.outbound.disabled",
            "OutboundWebIdentityFederation is disabled.",
        )
    }

    /// An algorithm of the right length that no token of ours is signed with.
    pub fn signing_algorithm_not_supported() -> AwsError {
        AwsError::validation(
            "Requested SigningAlgorithm is not supported. See the GetWebIdentityToken \
             documentation for supported algorithms",
        )
    }

    /// A target of AssumeRoot that is neither an account nor its root.
    pub fn target_principal_invalid() -> AwsError {
        AwsError::validation("Request must contain a valid target principal")
            .because("sts.root.target")
    }

    /// A policy that is no task of AssumeRoot.
    pub fn task_policy_invalid() -> AwsError {
        AwsError::validation("Request must contain valid AWS managed task policy ARN")
            .because("sts.root.task")
    }

    /// A federated user that asks for a token of its own.
    pub fn no_token_for_federated_users() -> AwsError {
        error(
            "AccessDenied",
            403,
            "sts.outbound.federated",
            "GetWebIdentityToken does not support federated user sessions",
        )
    }

    /// A token that would live longer than the session that asks for it.
    pub fn session_duration_escalation() -> AwsError {
        error(
            "SessionDurationEscalationException",
            403,
            "sts.outbound.duration",
            "Requested token expiry time must be before the original session's expiry time.",
        )
    }

    /// A token that would be larger than anybody has to accept.
    pub fn jwt_payload_too_large() -> AwsError {
        error(
            "JWTPayloadSizeExceededException",
            400,
            "sts.outbound.size",
            "JWT payload exceeds maximum allowed size",
        )
    }

    /// MFA parameters that could not be checked.
    pub fn mfa_unknown() -> AwsError {
        error(
            "AccessDenied",
            403,
            "sts.mfa",
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your \
             MFA serial number is valid and associated with this user.",
        )
    }

    /// A one-time code that is wrong, stale or used. The text ends in a space.
    pub fn mfa_wrong_code() -> AwsError {
        error(
            "AccessDenied",
            403,
            "sts.mfa.code",
            "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
        )
    }

    /// One of serial number and code without the other.
    pub fn mfa_incomplete() -> AwsError {
        error(
            "AccessDenied",
            403,
            "sts.mfa",
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time \
             pass code.",
        )
    }

    // --- web identity (sts.md section 6) ----------------------------------------------------------

    /// A web identity token refused, with the text that says why.
    pub fn invalid_identity_token(
        reason: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> AwsError {
        error("InvalidIdentityToken", 400, reason, message)
    }

    /// A web identity token that is too old. The wire code carries the suffix.
    pub fn expired_identity_token(message: impl Into<Cow<'static, str>>) -> AwsError {
        error("ExpiredTokenException", 400, "jwt.exp", message)
    }

    /// An OAuth 2.0 provider that would say no.
    pub fn idp_rejected_claim() -> AwsError {
        error(
            "IDPRejectedClaim",
            403,
            "sts.provider_id",
            "The identity provider rejected the token.",
        )
    }

    /// The identity provider could not be reached just now; SDKs retry this one.
    pub fn idp_communication() -> AwsError {
        error(
            "IDPCommunicationError",
            400,
            "jwt.key",
            "Failed to communicate with your identity provider. Please try again.",
        )
    }

    /// Text of a token that is no JWT.
    pub const NOT_A_JWT: &str = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
    /// Text of every trouble with keys and signatures; two spaces as AWS has them.
    pub const NO_VERIFICATION_KEY: &str = "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements";
    /// Text of an audience that is not registered.
    pub const INCORRECT_AUDIENCE: &str = "Incorrect token audience";

    // --- ours -------------------------------------------------------------------------------------

    /// Something of ours failed; the cause is in the log.
    pub fn internal() -> AwsError {
        error(
            "InternalFailure",
            500,
            "internal",
            "The request processing has failed because of an unknown error, exception or failure.",
        )
    }

    /// A request that took longer than we wait.
    pub fn too_slow() -> AwsError {
        error(
            "RequestTimeout",
            408,
            "slow",
            "The request was not completed in time.",
        )
    }

    /// A request for another server.
    pub fn wrong_host() -> AwsError {
        error(
            "MisdirectedRequest",
            421,
            "web.host",
            "This server does not answer for that host name.",
        )
    }

    /// Something we depend on is down; SDKs retry this.
    pub fn unavailable() -> AwsError {
        error(
            "ServiceUnavailable",
            503,
            "unavailable",
            "The request has failed due to a temporary failure of the server.",
        )
    }

    /// The name CloudTrail gives this error: the exception's shape name where STS models one.
    pub fn trail_name(&self) -> &'static str {
        match self.code {
            "MalformedPolicyDocument" => "MalformedPolicyDocumentException",
            "PackedPolicyTooLarge" => "PackedPolicyTooLargeException",
            "InvalidIdentityToken" => "InvalidIdentityTokenException",
            "IDPRejectedClaim" => "IDPRejectedClaimException",
            "IDPCommunicationError" => "IDPCommunicationErrorException",
            "NoSuchEntity" => "NoSuchEntityException",
            "EntityAlreadyExists" => "EntityAlreadyExistsException",
            "DeleteConflict" => "DeleteConflictException",
            "LimitExceeded" => "LimitExceededException",
            "ConcurrentModification" => "ConcurrentModificationException",
            "InvalidInput" => "InvalidInputException",
            "UnmodifiableEntity" => "UnmodifiableEntityException",
            "InvalidAuthenticationCode" => "InvalidAuthenticationCodeException",
            "InvalidUserType" => "InvalidUserTypeException",
            "PasswordPolicyViolation" => "PasswordPolicyViolationException",
            "FeatureEnabled" => "FeatureEnabledException",
            "FeatureDisabled" => "FeatureDisabledException",
            other => other,
        }
    }
}

impl std::fmt::Display for AwsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for AwsError {}
