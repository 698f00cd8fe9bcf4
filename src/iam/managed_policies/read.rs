//! Looking at policies.

use crate::aws::error::AwsError;
use crate::aws::xml::Node;
use crate::iam::aws_managed::OWNER;
use crate::iam::input::Input;
use crate::iam::{Ask, Iam, Reply, Target, shapes};
use crate::store::managed_policies::ManagedPolicy;
use crate::store::policy_usage::PolicyUsage;

use super::Purpose;

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicy.html>
pub(super) async fn get_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn("PolicyArn");
    input.finish()?;
    let more = Target::default();
    let found = iam.managed_policy(ask, "iam:GetPolicy", Purpose::Look, arn, more);
    let missing = || AwsError::policy_not_found(arn);
    let (policy, _) = found.await?.ok_or_else(missing)?;
    let entities = iam.store().policy_entities(ask.caller.account(), arn);
    let mut usage = PolicyUsage::default();
    for entity in entities.await? {
        match entity.bounded {
            true => usage.boundaries += 1,
            false => usage.attachments += 1,
        }
    }
    let mut members = super::members(&policy, usage);
    let description = Some(policy.description).filter(|text| !text.is_empty());
    members.push(("Description", Node::optional(description)));
    // This answer says so where there are none; Terraform reads it.
    members.push(("Tags", shapes::tags(&policy.tags)));
    Ok(vec![("Policy", Node::Fields(members))])
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicies.html>
pub(super) async fn list_policies(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let scope = input.one_of("Scope", &["All", "AWS", "Local"]);
    let only_attached = input.boolean("OnlyAttached").unwrap_or(false);
    let prefix = super::path(&mut input, "PathPrefix").unwrap_or("/");
    let usage_filter = input.one_of(
        "PolicyUsageFilter",
        &["PermissionsPolicy", "PermissionsBoundary"],
    );
    let page = input.page();
    input.finish()?;
    let shown = format!("policy path {prefix}");
    let target = Target {
        shown: Some(&shown),
        ..Target::of("*")
    };
    iam.allow(ask, "iam:ListPolicies", target).await?;

    let account = ask.caller.account();
    let mut policies = Vec::new();
    if scope != Some("AWS") {
        policies.extend(iam.store().managed_policies(account).await?);
    }
    if scope != Some("Local") {
        policies.extend(iam.store().managed_policies(OWNER).await?);
    }
    let all_usage = iam.store().policy_usage(account).await?;
    let usage_of = |policy: &ManagedPolicy| all_usage.get(&policy.arn).copied().unwrap_or_default();
    policies.retain(|policy| {
        let usage = usage_of(policy);
        let used = match usage_filter {
            Some("PermissionsPolicy") => usage.attachments > 0,
            Some(_) => usage.boundaries > 0,
            None => true,
        };
        let attached = match usage_filter {
            Some("PermissionsBoundary") => usage.boundaries > 0,
            _ => usage.attachments > 0,
        };
        policy.path.starts_with(prefix) && used && (attached || !only_attached)
    });
    policies.sort_by_key(key);
    let write = |policy: ManagedPolicy| Node::Fields(super::members(&policy, usage_of(&policy)));
    Ok(page.cut("Policies", policies, key, write)?)
}

/// The order of lists: names are unique within an account, and here are two. (An ARN would not fit into a marker.)
fn key(policy: &ManagedPolicy) -> String {
    format!("{} {}", policy.name.to_ascii_lowercase(), policy.account)
}
