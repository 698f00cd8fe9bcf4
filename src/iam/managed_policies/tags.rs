//! Tags of policies.

use crate::aws::error::AwsError;
use crate::iam::halt::Halt;
use crate::iam::input::{Input, check_reserved};
use crate::iam::{Ask, Iam, Reply, Target, exact_tags, shapes};

use super::Purpose;

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagPolicy.html>
pub(super) async fn tag_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn("PolicyArn");
    input.list_required("Tags");
    let tags = input.tags();
    input.finish()?;
    let more = Target {
        request_tags: &tags,
        ..Target::default()
    };
    let found = iam.managed_policy(ask, "iam:TagPolicy", Purpose::Change, arn, more);
    found
        .await?
        .ok_or_else(|| AwsError::policy_not_found(arn))?;
    exact_tags::check(&tags)?;
    check_reserved(&tags)?;
    change(iam, arn, |stored| exact_tags::merge(stored, &tags)).await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagPolicy.html>
pub(super) async fn untag_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn("PolicyArn");
    input.list_required("TagKeys");
    let keys = input.tag_keys();
    input.finish()?;
    let more = Target {
        tag_keys: &keys,
        ..Target::default()
    };
    let found = iam.managed_policy(ask, "iam:UntagPolicy", Purpose::Change, arn, more);
    found
        .await?
        .ok_or_else(|| AwsError::policy_not_found(arn))?;
    change(iam, arn, |stored| {
        exact_tags::remove(stored, &keys);
        Ok(())
    })
    .await
}

async fn change(
    iam: &Iam,
    arn: &str,
    change_tags: impl FnOnce(&mut Vec<(String, String)>) -> Result<(), AwsError> + Send,
) -> Reply {
    let changed = iam
        .store()
        .update_policy_tags(arn, |stored| change_tags(stored).map_err(Halt::from));
    match changed.await {
        Ok(()) => Ok(shapes::nothing()),
        Err(halt) => Err(halt.denial(AwsError::policy_not_found(arn))),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicyTags.html>
pub(super) async fn list_policy_tags(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn("PolicyArn");
    let page = input.page();
    input.finish()?;
    let (action, more) = ("iam:ListPolicyTags", Target::default());
    let found = iam.managed_policy(ask, action, Purpose::Look, arn, more);
    let missing = || AwsError::policy_not_found(arn);
    let (policy, _) = found.await?.ok_or_else(missing)?;
    Ok(shapes::tag_page(&page, policy.tags)?)
}
