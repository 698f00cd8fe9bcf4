//! Managed policies and their versions.
//!
//! A policy belongs to an account, or to AWS (`aws_managed`): what is AWS's can be seen by everybody and changed by
//! nobody. Policies of another account can be neither.

mod create;
mod entities;
mod read;
mod tags;
mod versions;

use crate::access::Denial;
use crate::aws::arn::Arn;
use crate::aws::constraints::Pattern;
use crate::aws::error::AwsError;
use crate::aws::xml::{Fields, Node};
use crate::iam::aws_managed::OWNER;
use crate::iam::input::Input;
use crate::iam::{Ask, Iam, Operation, PARTITION, Target, reads, shapes, writes};
use crate::store::managed_policies::ManagedPolicy;
use crate::store::policy_usage::PolicyUsage;

pub(super) use versions::summary as version_members;

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[
    writes!(create::create_policy, "CreatePolicy"),
    reads!(read::get_policy, "GetPolicy"),
    reads!(read::list_policies, "ListPolicies"),
    writes!(create::delete_policy, "DeletePolicy"),
    writes!(versions::create_policy_version, "CreatePolicyVersion"),
    reads!(versions::get_policy_version, "GetPolicyVersion"),
    reads!(versions::list_policy_versions, "ListPolicyVersions"),
    writes!(
        versions::set_default_policy_version,
        "SetDefaultPolicyVersion"
    ),
    writes!(versions::delete_policy_version, "DeletePolicyVersion"),
    reads!(entities::list_entities_for_policy, "ListEntitiesForPolicy"),
    writes!(tags::tag_policy, "TagPolicy"),
    writes!(tags::untag_policy, "UntagPolicy"),
    reads!(tags::list_policy_tags, "ListPolicyTags"),
];

/// Policies of its own that an account may have.
const MOST_POLICIES: usize = 1500;
/// Versions that a policy may have.
pub(super) const MOST_VERSIONS: usize = 5;

/// What an operation does to the policy it names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Those of AWS are open to everybody.
    Look,
    /// Those of AWS are closed to everybody.
    Change,
}

impl Iam {
    /// The policy a call names, with its document in force, where the caller may do `action` to it; `None` for one that
    /// is not there. `more` are the parts of the question that come from the request.
    async fn managed_policy(
        &self,
        ask: &Ask<'_>,
        action: &str,
        purpose: Purpose,
        arn: &str,
        more: Target<'_>,
    ) -> Result<Option<(ManagedPolicy, String)>, Denial> {
        let account = ask.caller.account();
        let owner = owner(arn)?;
        let reachable = owner == account || owner == OWNER;
        let found = match reachable {
            true => self.store().managed_policy(arn).await?,
            false => None,
        };
        let shown = format!("policy {arn}");
        let target = Target {
            resource: arn,
            shown: Some(&shown),
            tags: found.as_ref().map_or(&[], |(policy, _)| &policy.tags),
            ..more
        };
        self.allow(ask, action, target).await?;
        if owner == account || (reachable && purpose == Purpose::Look) {
            return Ok(found);
        }
        // It is somebody else's, and no managed policy has a policy of its own that could let anybody in.
        let because = format!("because no resource-based policy allows the {action} action");
        Err(AwsError::not_allowed(ask.caller.arn(), action, &shown, &because).into())
    }
}

/// The account in the ARN of a managed policy.
fn owner(arn: &str) -> Result<String, AwsError> {
    let parsed = Arn::parse(arn).ok_or_else(AwsError::unparsable_arn)?;
    let of_policy = parsed.partition == PARTITION
        && parsed.service == "iam"
        && parsed.region.is_empty()
        && parsed.resource.starts_with("policy/");
    match of_policy {
        true => Ok(parsed.account),
        false => Err(AwsError::invalid_input(format!("ARN {arn} is not valid."))),
    }
}

/// A path of policies, which is narrower than others: every part between two slashes is there.
fn path<'a>(input: &mut Input<'a>, parameter: &str) -> Option<&'a str> {
    let part = |part: &str| {
        let admitted = |c: char| c.is_ascii_alphanumeric() || ".,+@=_-".contains(c);
        !part.is_empty() && part.chars().all(admitted)
    };
    let value = input.params.get(parameter)?;
    let inner = value.strip_prefix('/').map(|rest| rest.strip_suffix('/'));
    let fits = value == "/" || matches!(inner, Some(Some(inner)) if inner.split('/').all(part));
    let pattern = Pattern {
        text: r"((/[A-Za-z0-9\.,\+@=_-]+)*)/",
        admits: if fits { |_| true } else { |_| false },
        may_be_empty: false,
    };
    input.optional(parameter, Some(pattern), 1..=512)
}

/// The members of a policy that all answers have, in the order of the reference.
pub(super) fn members(policy: &ManagedPolicy, usage: PolicyUsage) -> Fields {
    vec![
        ("PolicyName", Node::text(&policy.name)),
        ("PolicyId", Node::text(&policy.unique_id)),
        ("Arn", Node::text(&policy.arn)),
        ("Path", Node::text(&policy.path)),
        (
            "DefaultVersionId",
            Node::text(versions::id(policy.default_version)),
        ),
        ("AttachmentCount", Node::Number(usage.attachments)),
        (
            "PermissionsBoundaryUsageCount",
            Node::Number(usage.boundaries),
        ),
        ("IsAttachable", Node::Flag(true)),
        ("CreateDate", shapes::moment(policy.created_at)),
        ("UpdateDate", shapes::moment(policy.updated_at)),
    ]
}
