//! How much there is of everything in an account, and how much there may be.

use crate::aws::xml::Node;
use crate::iam::{Ask, Iam, Reply, Target};
use crate::policy::limits;
use crate::store::account_facts::GLOBAL_TOKEN_VERSION;

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html>
pub(super) async fn get_account_summary(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let action = "iam:GetAccountSummary";
    iam.allow(ask, action, Target::of("*")).await?;
    let account = ask.caller.account();
    let counts = iam.store().account_counts(account).await?;
    let version = iam.store().account_fact(account, GLOBAL_TOKEN_VERSION);
    let version = match version.await?.as_deref() {
        Some("v2Token") => 2,
        _ => 1,
    };
    let size = |limit: usize| i64::try_from(limit).unwrap_or(i64::MAX);
    let map = [
        ("AccessKeysPerUserQuota", 2),
        (
            "AccountAccessKeysPresent",
            i64::from(counts.root_access_keys > 0),
        ),
        // Root has neither device nor password nor certificate here.
        ("AccountMFAEnabled", 0),
        ("AccountPasswordPresent", 0),
        ("AccountSigningCertificatesPresent", 0),
        ("AssumeRolePolicySizeQuota", size(limits::TRUST_POLICY)),
        ("AttachedPoliciesPerGroupQuota", 10),
        ("AttachedPoliciesPerRoleQuota", 10),
        ("AttachedPoliciesPerUserQuota", 10),
        ("GlobalEndpointTokenVersion", version),
        ("GroupPolicySizeQuota", size(limits::GROUP_INLINE_POLICIES)),
        ("Groups", counts.groups),
        ("GroupsPerUserQuota", 10),
        ("GroupsQuota", 300),
        ("InstanceProfiles", counts.instance_profiles),
        ("InstanceProfilesQuota", 1000),
        ("MFADevices", counts.mfa_devices),
        ("MFADevicesInUse", counts.mfa_devices_in_use),
        ("Policies", counts.policies),
        ("PoliciesQuota", 1500),
        ("PolicySizeQuota", size(limits::MANAGED_POLICY)),
        ("PolicyVersionsInUse", counts.policy_versions),
        ("PolicyVersionsInUseQuota", 10_000),
        ("Providers", counts.providers),
        ("RolePolicySizeQuota", size(limits::ROLE_INLINE_POLICIES)),
        ("Roles", counts.roles),
        ("RolesQuota", 1000),
        ("ServerCertificates", 0),
        ("ServerCertificatesQuota", 20),
        ("SigningCertificatesPerUserQuota", 2),
        ("UserPolicySizeQuota", size(limits::USER_INLINE_POLICIES)),
        ("Users", counts.users),
        ("UsersQuota", 5000),
        ("VersionsPerPolicyQuota", 5),
    ];
    let map = map.map(|(name, number)| (name.to_owned(), Node::Number(number)));
    Ok(vec![("SummaryMap", Node::Map(map.into()))])
}
