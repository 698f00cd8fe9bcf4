//! Who is in which group.

use super::{by_name, whole};
use crate::access::Denial;
use crate::aws::error::{AwsError, Entity};
use crate::aws::xml::Node;
use crate::iam::input::Input;
use crate::iam::{Ask, Iam, Reply, shapes};
use crate::store::StoreError;
use crate::store::groups::Group;
use crate::store::users::User;

/// Most groups of one user.
const MOST_GROUPS: usize = 10;

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddUserToGroup.html>
pub(super) async fn add_user_to_group(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let group_name = input.name("GroupName", 128);
    let user_name = input.name("UserName", 128);
    input.finish()?;
    let (group, user) = both(iam, ask, "iam:AddUserToGroup", group_name, user_name).await?;
    let adding = iam
        .store()
        .add_to_group(&group.unique_id, &user.unique_id, MOST_GROUPS);
    match adding.await {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::Conflict) => Err(AwsError::quota("GroupsPerUser", MOST_GROUPS).into()),
        // One of the two went just now.
        Err(StoreError::NotFound) => Err(AwsError::concurrent_modification().into()),
        Err(other) => Err(other.into()),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveUserFromGroup.html>
///
/// A user that is not in the group is taken out of it without complaint, as at AWS.
pub(super) async fn remove_user_from_group(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let group_name = input.name("GroupName", 128);
    let user_name = input.name("UserName", 128);
    input.finish()?;
    let action = "iam:RemoveUserFromGroup";
    let (group, user) = both(iam, ask, action, group_name, user_name).await?;
    iam.store()
        .remove_from_group(&group.unique_id, &user.unique_id)
        .await?;
    Ok(shapes::nothing())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroupsForUser.html>
pub(super) async fn list_groups_for_user(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("UserName", 128);
    let page = input.page();
    input.finish()?;
    let user = iam.user(ask, "iam:ListGroupsForUser", name).await?;
    let groups = iam.store().groups_of(&user.unique_id).await?;
    Ok(page.cut("Groups", groups, by_name, |group| {
        Node::Fields(whole(&group))
    })?)
}

/// The permission is on the group, so the user is only looked up. Where neither is there, the user is missed.
async fn both(
    iam: &Iam,
    ask: &Ask<'_>,
    action: &str,
    group: &str,
    user: &str,
) -> Result<(Group, User), Denial> {
    let group = match iam.group(ask, action, group).await {
        Err(denial) if denial.error.code != "NoSuchEntity" => return Err(denial),
        answer => answer,
    };
    let found = iam.store().user_by_name(ask.caller.account(), user).await?;
    let found = found.ok_or_else(|| AwsError::entity_not_found(Entity::User, user))?;
    Ok((group?, found))
}
