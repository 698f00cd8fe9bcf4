//! A policy comes, and goes.

use crate::aws::arn;
use crate::aws::error::AwsError;
use crate::aws::ids::IdKind;
use crate::aws::xml::Node;
use crate::iam::input::{Input, check_reserved, pairs};
use crate::iam::{Ask, Iam, PARTITION, Reply, Target, exact_tags, shapes};
use crate::policy::{self, limits};
use crate::store::StoreError;
use crate::store::managed_policies::ManagedPolicy;
use crate::store::policy_usage::PolicyUsage;

use super::{MOST_POLICIES, Purpose};

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html>
pub(super) async fn create_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("PolicyName", 128);
    let path = super::path(&mut input, "Path").unwrap_or("/");
    let document = input.document("PolicyDocument");
    let description = input.description().unwrap_or_default();
    let tags = input.tags();
    input.finish()?;

    let account = ask.caller.account().to_owned();
    let arn = arn::iam(PARTITION, &account, "policy", path, name);
    let shown = format!("policy {name}");
    let target = Target {
        resource: &arn,
        shown: Some(&shown),
        request_tags: &tags,
        ..Target::default()
    };
    iam.allow(ask, "iam:CreatePolicy", target.clone()).await?;
    if !tags.is_empty() {
        iam.allow(ask, "iam:TagPolicy", target).await?;
    }
    exact_tags::check(&tags)?;
    check_reserved(&tags)?;
    check_document(document)?;

    let now = ask.call.unix();
    let policy = ManagedPolicy {
        unique_id: iam.new_id(IdKind::ManagedPolicy, &account)?,
        account,
        name: name.to_owned(),
        path: path.to_owned(),
        arn,
        description: description.to_owned(),
        tags: pairs(&tags),
        created_at: now,
        updated_at: now,
        default_version: 1,
    };
    let created = iam
        .store()
        .create_managed_policy(&policy, document, MOST_POLICIES)
        .await;
    match created {
        Ok(()) => {}
        Err(StoreError::AlreadyExists) => return Err(AwsError::policy_exists(name).into()),
        Err(StoreError::Conflict) => {
            return Err(AwsError::quota("PoliciesPerAccount", MOST_POLICIES).into());
        }
        Err(error) => return Err(error.into()),
    }
    let mut members = super::members(&policy, PolicyUsage::default());
    members.push(("Tags", shapes::tags_if_any(&policy.tags)));
    Ok(vec![("Policy", Node::Fields(members))])
}

/// What a document of a managed policy must be.
pub(super) fn check_document(document: &str) -> Result<(), AwsError> {
    policy::validate_managed(document)
        .map_err(|error| AwsError::malformed_policy(error.to_string()))?;
    match limits::document_size(document) > limits::MANAGED_POLICY {
        true => Err(AwsError::quota("PolicySize", limits::MANAGED_POLICY)),
        false => Ok(()),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html>
pub(super) async fn delete_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn("PolicyArn");
    input.finish()?;
    let more = Target::default();
    let found = iam.managed_policy(ask, "iam:DeletePolicy", Purpose::Change, arn, more);
    let missing = || AwsError::policy_not_found(arn);
    found.await?.ok_or_else(missing)?;
    match iam.store().delete_managed_policy(arn).await {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::NotFound) => Err(missing().into()),
        Err(StoreError::Conflict) => {
            let entities = iam.store().policy_entities(ask.caller.account(), arn);
            let message = match entities.await?.is_empty() {
                true => {
                    "This policy has more than one version. Before you delete a policy, you must delete \
                     the policy's versions. The default version is deleted with the policy."
                }
                false => "Cannot delete a policy attached to entities.",
            };
            Err(AwsError::delete_conflict(message).into())
        }
        Err(error) => Err(error.into()),
    }
}
