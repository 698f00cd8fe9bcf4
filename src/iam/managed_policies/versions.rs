//! Versions of policies.

use crate::aws::constraints::Pattern;
use crate::aws::error::AwsError;
use crate::aws::xml::{Fields, Node};
use crate::iam::input::Input;
use crate::iam::{Ask, Iam, Reply, Target, shapes};
use crate::store::StoreError;
use crate::store::policy_versions::PolicyVersion;

use super::create::check_document;
use super::{MOST_VERSIONS, Purpose};

/// `v1` of the number 1.
pub(super) fn id(version: i64) -> String {
    format!("v{version}")
}

/// A version that a call names, and its number; `None` for a name that no version has (`v1.a` has the form of one).
fn version<'a>(input: &mut Input<'a>) -> (&'a str, Option<i64>) {
    let value = input.params.get("VersionId").unwrap_or_default();
    let number = value.strip_prefix('v').unwrap_or_default();
    let (digits, rest) = number.split_once('.').unwrap_or((number, ""));
    let fits = digits.starts_with(|c: char| matches!(c, '1'..='9'))
        && digits.bytes().all(|b| b.is_ascii_digit())
        && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let pattern = Pattern {
        text: r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?",
        admits: if fits { |_| true } else { |_| false },
        may_be_empty: false,
    };
    let named = input.required("VersionId", Some(pattern), 0..=usize::MAX);
    (named, number.parse().ok())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicyVersion.html>
pub(super) async fn create_policy_version(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn("PolicyArn");
    let document = input.document("PolicyDocument");
    let in_force = input.boolean("SetAsDefault").unwrap_or(false);
    input.finish()?;
    let (action, more) = ("iam:CreatePolicyVersion", Target::default());
    let found = iam.managed_policy(ask, action, Purpose::Change, arn, more);
    let missing = || AwsError::policy_not_found(arn);
    found.await?.ok_or_else(missing)?;
    check_document(document)?;
    let now = ask.call.unix();
    let created = iam
        .store()
        .create_policy_version(arn, document, in_force, MOST_VERSIONS, now)
        .await;
    let version = match created {
        Ok(version) => version,
        Err(StoreError::NotFound) => return Err(missing().into()),
        Err(StoreError::Conflict) => {
            return Err(AwsError::limit_exceeded(
                "A managed policy can have up to 5 versions. Before you create a new version, you must \
                 delete an existing version.",
            )
            .into());
        }
        Err(error) => return Err(error.into()),
    };
    let version = PolicyVersion {
        version,
        document: String::new(),
        created_at: now,
    };
    let members = summary(&version, in_force);
    Ok(vec![("PolicyVersion", Node::Fields(members))])
}

/// What answers say of a version beside its document.
pub(in crate::iam) fn summary(version: &PolicyVersion, in_force: bool) -> Fields {
    vec![
        ("VersionId", Node::text(id(version.version))),
        ("IsDefaultVersion", Node::Flag(in_force)),
        ("CreateDate", shapes::moment(version.created_at)),
    ]
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html>
pub(super) async fn get_policy_version(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn("PolicyArn");
    let (named, number) = version(&mut input);
    input.finish()?;
    let (action, more) = ("iam:GetPolicyVersion", Target::default());
    let found = iam.managed_policy(ask, action, Purpose::Look, arn, more);
    let missing = || AwsError::policy_version_not_found(arn, named);
    let (policy, _) = found.await?.ok_or_else(missing)?;
    let version = match number {
        Some(number) => iam.store().policy_version(arn, number).await?,
        None => None,
    };
    let version = version.ok_or_else(missing)?;
    let in_force = version.version == policy.default_version;
    let mut members = vec![("Document", shapes::document(&version.document))];
    members.extend(summary(&version, in_force));
    Ok(vec![("PolicyVersion", Node::Fields(members))])
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicyVersions.html>
pub(super) async fn list_policy_versions(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn("PolicyArn");
    let page = input.page();
    input.finish()?;
    let (action, more) = ("iam:ListPolicyVersions", Target::default());
    let found = iam.managed_policy(ask, action, Purpose::Look, arn, more);
    let missing = || AwsError::policy_not_found(arn);
    let (policy, _) = found.await?.ok_or_else(missing)?;
    let versions = iam.store().policy_versions(arn).await?;
    // The newest comes first, so what is left to do counts upwards.
    let key = |version: &PolicyVersion| format!("{:020}", i64::MAX - version.version);
    let write = |version: PolicyVersion| {
        let in_force = version.version == policy.default_version;
        Node::Fields(summary(&version, in_force))
    };
    Ok(page.cut("Versions", versions, key, write)?)
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SetDefaultPolicyVersion.html>
pub(super) async fn set_default_policy_version(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn("PolicyArn");
    let (named, number) = version(&mut input);
    input.finish()?;
    let (action, more) = ("iam:SetDefaultPolicyVersion", Target::default());
    let found = iam.managed_policy(ask, action, Purpose::Change, arn, more);
    let missing = || AwsError::policy_version_not_found(arn, named);
    found.await?.ok_or_else(missing)?;
    let number = number.ok_or_else(missing)?;
    let now = ask.call.unix();
    match iam
        .store()
        .set_default_policy_version(arn, number, now)
        .await
    {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::NotFound) => Err(missing().into()),
        Err(error) => Err(error.into()),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicyVersion.html>
pub(super) async fn delete_policy_version(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn("PolicyArn");
    let (named, number) = version(&mut input);
    input.finish()?;
    let (action, more) = ("iam:DeletePolicyVersion", Target::default());
    let found = iam.managed_policy(ask, action, Purpose::Change, arn, more);
    found
        .await?
        .ok_or_else(|| AwsError::policy_not_found(arn))?;
    let missing = || AwsError::policy_version_not_found(arn, named);
    let number = number.ok_or_else(missing)?;
    match iam.store().delete_policy_version(arn, number).await {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::NotFound) => Err(missing().into()),
        Err(StoreError::Conflict) => {
            let message = "Cannot delete the default version of a policy.";
            Err(AwsError::delete_conflict(message).into())
        }
        Err(error) => Err(error.into()),
    }
}
