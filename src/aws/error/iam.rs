//! The part of the table that only IAM says (sts.md section 13.4).

use std::borrow::Cow;

use super::{AwsError, error};

/// What IAM is asked to find or make, in the words of its errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entity {
    /// `user`
    User,
    /// `role`
    Role,
    /// `group`
    Group,
}

impl Entity {
    /// `role`, as it stands in ARNs too.
    pub fn lower(self) -> &'static str {
        match self {
            Entity::User => "user",
            Entity::Role => "role",
            Entity::Group => "group",
        }
    }

    /// `Role`
    pub fn capital(self) -> &'static str {
        match self {
            Entity::User => "User",
            Entity::Role => "Role",
            Entity::Group => "Group",
        }
    }
}

impl AwsError {
    // --- 404 ------------------------------------------------------------------------------------

    /// Something that is not there, with the text that says what.
    pub fn no_such_entity(message: impl Into<Cow<'static, str>>) -> AwsError {
        error("NoSuchEntity", 404, "iam.not_found", message)
    }

    /// `The role with name X cannot be found.`
    pub fn entity_not_found(entity: Entity, name: &str) -> AwsError {
        let kind = entity.lower();
        AwsError::no_such_entity(format!("The {kind} with name {name} cannot be found."))
    }

    /// `The role policy with name P cannot be found.`
    pub fn inline_policy_not_found(entity: Entity, name: &str) -> AwsError {
        let kind = entity.lower();
        AwsError::no_such_entity(format!(
            "The {kind} policy with name {name} cannot be found."
        ))
    }

    /// `Policy arn:... was not found.`: on get, delete and detach.
    pub fn policy_not_found(arn: &str) -> AwsError {
        AwsError::no_such_entity(format!("Policy {arn} was not found."))
    }

    /// `Policy arn:... does not exist or is not attachable.`: on attach and on asking for a version.
    pub fn policy_not_attachable(arn: &str) -> AwsError {
        AwsError::no_such_entity(format!("Policy {arn} does not exist or is not attachable."))
    }

    /// `Policy arn:... version v2 does not exist or is not attachable.`
    pub fn policy_version_not_found(arn: &str, version: &str) -> AwsError {
        AwsError::no_such_entity(format!(
            "Policy {arn} version {version} does not exist or is not attachable."
        ))
    }

    /// A managed policy that is not there, as a permissions boundary.
    pub fn boundary_not_attachable(arn: &str) -> AwsError {
        AwsError::no_such_entity(format!(
            "Scope ARN: {arn} does not exist or is not attachable."
        ))
    }

    /// `Instance Profile X cannot be found.`
    pub fn instance_profile_not_found(name: &str) -> AwsError {
        AwsError::no_such_entity(format!("Instance Profile {name} cannot be found."))
    }

    /// `The Access Key with id AKIA... cannot be found.`
    pub fn access_key_not_found(id: &str) -> AwsError {
        AwsError::no_such_entity(format!("The Access Key with id {id} cannot be found."))
    }

    /// `Login Profile for User X cannot be found.`
    pub fn login_profile_not_found(user: &str) -> AwsError {
        AwsError::no_such_entity(format!("Login Profile for User {user} cannot be found."))
    }

    // --- 409 ------------------------------------------------------------------------------------

    /// A name that is taken, with the text that says which.
    pub fn entity_exists(message: impl Into<Cow<'static, str>>) -> AwsError {
        error("EntityAlreadyExists", 409, "iam.exists", message)
    }

    /// `Role with name X already exists.`
    pub fn name_taken(entity: Entity, name: &str) -> AwsError {
        let kind = entity.capital();
        AwsError::entity_exists(format!("{kind} with name {name} already exists."))
    }

    /// `A policy called P already exists. Duplicate names are not allowed.`
    pub fn policy_exists(name: &str) -> AwsError {
        AwsError::entity_exists(format!(
            "A policy called {name} already exists. Duplicate names are not allowed."
        ))
    }

    /// `Login Profile for user X already exists.`
    pub fn login_profile_exists(user: &str) -> AwsError {
        AwsError::entity_exists(format!("Login Profile for user {user} already exists."))
    }

    /// Something that others still depend on.
    pub fn delete_conflict(message: impl Into<Cow<'static, str>>) -> AwsError {
        error("DeleteConflict", 409, "iam.conflict", message)
    }

    /// Something that is deleted before what it holds: `must detach all policies first.`
    pub fn must_first(what: &str) -> AwsError {
        AwsError::delete_conflict(format!("Cannot delete entity, must {what} first."))
    }

    /// `Instance Profile X already exists.`
    pub fn instance_profile_exists(name: &str) -> AwsError {
        AwsError::entity_exists(format!("Instance Profile {name} already exists."))
    }

    /// All inline policies of one owner together are too large.
    pub fn inline_policies_too_large(most: usize, entity: Entity, name: &str) -> AwsError {
        let kind = entity.lower();
        AwsError::limit_exceeded(format!(
            "Maximum policy size of {most} bytes exceeded for {kind} {name}"
        ))
    }

    /// A quota, with AWS's sentence about it.
    pub fn limit_exceeded(message: impl Into<Cow<'static, str>>) -> AwsError {
        error("LimitExceeded", 409, "iam.limit", message)
    }

    /// `Cannot exceed quota for ROLESPERACCOUNT: 1000`, and its kin.
    pub fn quota(name: &str, most: usize) -> AwsError {
        AwsError::limit_exceeded(format!("Cannot exceed quota for {name}: {most}"))
    }

    /// `Role R in Instance Profile P cannot be found.`
    pub fn role_not_in_profile(role: &str, profile: &str) -> AwsError {
        AwsError::no_such_entity(format!(
            "Role {role} in Instance Profile {profile} cannot be found."
        ))
    }

    /// Somebody else changed the same thing at the same time.
    pub fn concurrent_modification() -> AwsError {
        error(
            "ConcurrentModification",
            409,
            "iam.concurrent",
            "The request was rejected because multiple requests to change this object were \
             submitted simultaneously. Wait a few minutes and submit your request again.",
        )
    }

    // --- 400 ------------------------------------------------------------------------------------

    /// `InvalidInput`, with its text.
    pub fn invalid_input(message: impl Into<Cow<'static, str>>) -> AwsError {
        error("InvalidInput", 400, "iam.input", message)
    }

    /// Tag keys of an IAM resource that are equal ignoring case.
    pub fn duplicate_resource_tags() -> AwsError {
        AwsError::invalid_input(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        )
    }

    /// An ARN, but not of a policy; or no ARN at all, which has another code.
    pub fn not_a_policy_arn(arn: &str) -> AwsError {
        let text = format!("ARN {arn} is not valid.");
        match arn.starts_with("arn:") {
            true => AwsError::invalid_input(text),
            false => AwsError::validation(text),
        }
    }

    /// A call about the caller's own user, by a caller that is no user.
    pub fn must_name_user() -> AwsError {
        AwsError::validation("Must specify userName when calling with non-User credentials")
    }

    /// A password that the account's password policy does not admit.
    pub fn password_policy_violation() -> AwsError {
        error(
            "PasswordPolicyViolation",
            400,
            "iam.password",
            "Password does not conform to the account password policy.",
        )
    }

    /// A password change by a caller that is no user.
    pub fn invalid_user_type() -> AwsError {
        error(
            "InvalidUserType",
            400,
            "iam.user_type",
            "Only IAM Users can change their own password",
        )
    }

    /// An ARN that is none.
    pub fn unparsable_arn() -> AwsError {
        AwsError::validation("Invalid ARN:  Could not be parsed!")
    }

    /// A virtual device where only a security key will do.
    pub fn not_a_security_key() -> AwsError {
        AwsError::validation(
            "The MFA device serial number sent in the request is invalid or not supported by this \
             API. Currently, only hardware FIDO security keys are supported. Please use the \
             compatible device or API.",
        )
    }

    /// The path of an MFA device.
    pub fn invalid_path() -> AwsError {
        AwsError::validation(
            "The specified value for path is invalid. It must begin and end with / and contain only \
             alphanumeric characters and/or / characters.",
        )
    }

    /// A marker that no answer of ours gave out.
    pub fn invalid_marker() -> AwsError {
        AwsError::validation("Invalid Marker.")
    }

    /// Something that belongs to AWS, or to the configuration file.
    pub fn unmodifiable(message: impl Into<Cow<'static, str>>) -> AwsError {
        error("UnmodifiableEntity", 400, "iam.unmodifiable", message)
    }

    /// A role that the configuration made; AWS words it so for roles that only AWS may change.
    pub fn protected_role(name: &str) -> AwsError {
        AwsError::unmodifiable(format!(
            "Cannot perform the operation on the protected role '{name}' - this role is only \
             modifiable by the configuration of Drawbridge"
        ))
    }

    /// Outbound federation, where it is on already.
    pub fn feature_enabled(account: &str) -> AwsError {
        let text = format!("Outbound identity federation is already enabled for account {account}");
        error("FeatureEnabled", 409, "iam.feature", text)
    }

    /// Outbound federation, where it is not on.
    pub fn feature_disabled(account: &str) -> AwsError {
        let text = format!("Outbound identity federation is disabled for account {account}");
        error("FeatureDisabled", 404, "iam.feature", text)
    }

    /// Outbound federation, where it is off and shall be switched off.
    pub fn feature_already_disabled(account: &str) -> AwsError {
        let text =
            format!("Outbound identity federation is already disabled for account {account}");
        error("FeatureDisabled", 404, "iam.feature", text)
    }

    // --- 410 ------------------------------------------------------------------------------------

    /// A credential report that nobody has asked for; AWS says no more.
    pub fn report_not_present() -> AwsError {
        error("ReportNotPresent", 410, "iam.not_found", "")
    }

    /// A credential report that is too old to be shown.
    pub fn report_expired() -> AwsError {
        error("ReportExpired", 410, "iam.not_found", "")
    }

    // --- 403 ------------------------------------------------------------------------------------

    /// A one-time code, on enabling or resynchronising a device.
    pub fn invalid_authentication_code() -> AwsError {
        error(
            "InvalidAuthenticationCode",
            403,
            "iam.mfa.code",
            "Authentication code for device is not valid.",
        )
    }

    /// A user who has a device and changes their own devices without having used one. Recorded in 2026; the reason is
    /// AWS-2023-001.
    pub fn mfa_required_for_own_devices() -> AwsError {
        error(
            "AccessDenied",
            403,
            "iam.mfa.session",
            "To complete this action, please ensure that you are authenticated with an MFA device \
             that is enabled for this user.",
        )
    }

    /// A caller whose own policies do not allow the call; `because` is AWS's half sentence.
    pub fn not_allowed(caller: &str, action: &str, resource: &str, because: &str) -> AwsError {
        error(
            "AccessDenied",
            403,
            "policy.no_match",
            format!(
                "User: {caller} is not authorized to perform: {action} on resource: {resource} \
                 {because}"
            ),
        )
    }

    /// An access key that is not the account's, in words of its own: no colon, and no reason.
    pub fn no_such_key_to_see(caller: &str, id: &str) -> AwsError {
        let text = format!(
            "User: {caller} is not authorized to perform iam:GetAccessKeyLastUsed on resource: access \
             key {id}"
        );
        error("AccessDenied", 403, "policy.no_match", text)
    }

    /// Too many tries; SDKs wait and try again.
    pub fn throttled() -> AwsError {
        error("Throttling", 400, "throttled", "Rate exceeded")
    }
}
