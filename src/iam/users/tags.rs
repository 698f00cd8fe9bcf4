//! Tags of users.

use crate::aws::error::{AwsError, Entity};
use crate::iam::halt::Halt;
use crate::iam::input::{self, Input};
use crate::iam::{Ask, Iam, Reply, Target, shapes};
use crate::store::StoreError;
use crate::store::users::User;

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagUser.html>
pub(super) async fn tag_user(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("UserName", 128);
    input.list_required("Tags");
    let tags = input.tags();
    input.finish()?;
    let about = Target {
        request_tags: &tags,
        ..Target::default()
    };
    let user = iam.user_for(ask, "iam:TagUser", name, about).await?;
    input::check_tags(&tags)?;
    retag(iam, &user, |stored| input::merge_tags(stored, &tags)).await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagUser.html>
pub(super) async fn untag_user(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("UserName", 128);
    input.list_required("TagKeys");
    let keys = input.tag_keys();
    input.finish()?;
    let about = Target {
        tag_keys: &keys,
        ..Target::default()
    };
    let user = iam.user_for(ask, "iam:UntagUser", name, about).await?;
    let take_away = |stored: &mut Vec<_>| {
        input::remove_tags(stored, &keys);
        Ok(())
    };
    retag(iam, &user, take_away).await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUserTags.html>
pub(super) async fn list_user_tags(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("UserName", 128);
    let page = input.page();
    input.finish()?;
    let user = iam.user(ask, "iam:ListUserTags", name).await?;
    Ok(shapes::tag_page(&page, user.tags)?)
}

/// Changes the tags that are stored now, which may be others than those that were asked about.
async fn retag(
    iam: &Iam,
    user: &User,
    change: impl FnOnce(&mut Vec<(String, String)>) -> Result<(), AwsError> + Send,
) -> Reply {
    let changed = iam
        .store()
        .update_user(&user.account, &user.name, |stored| {
            if stored.unique_id != user.unique_id {
                return Err(Halt::Store(StoreError::NotFound));
            }
            Ok(change(&mut stored.tags)?)
        });
    let missing = || AwsError::entity_not_found(Entity::User, &user.name);
    changed.await.map_err(|halt| halt.denial(missing()))?;
    Ok(shapes::nothing())
}
