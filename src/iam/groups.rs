//! Groups, and who is in them. Their policies are in `inline_policies` and `attachments`.

mod members;

use serde_json::json;

use crate::access::Denial;
use crate::aws::arn;
use crate::aws::constraints::ENTITY_NAME;
use crate::aws::error::{AwsError, Entity};
use crate::aws::ids::IdKind;
use crate::aws::xml::{Fields, Node};
use crate::iam::input::Input;
use crate::iam::{Ask, Iam, Operation, PARTITION, Reply, Target, reads, shapes, users, writes};
use crate::store::StoreError;
use crate::store::groups::Group;

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[
    writes!(create_group, "CreateGroup"),
    reads!(get_group, "GetGroup"),
    reads!(list_groups, "ListGroups"),
    writes!(update_group, "UpdateGroup"),
    writes!(delete_group, "DeleteGroup"),
    writes!(members::add_user_to_group, "AddUserToGroup"),
    writes!(members::remove_user_from_group, "RemoveUserFromGroup"),
    reads!(members::list_groups_for_user, "ListGroupsForUser"),
];

/// Most groups of one account.
const MOST_GROUPS: usize = 300;

impl Iam {
    /// The group a call names, where the caller may do `action` to it.
    ///
    /// One that is not there is asked about under the ARN it would have, so that only whoever may know learns that it is
    /// not there.
    pub(super) async fn group(
        &self,
        ask: &Ask<'_>,
        action: &str,
        name: &str,
    ) -> Result<Group, Denial> {
        self.group_for(ask, action, name, Target::default()).await
    }

    /// The same, for a call whose permission depends on more: on the policy it attaches, for example.
    pub(super) async fn group_for(
        &self,
        ask: &Ask<'_>,
        action: &str,
        name: &str,
        about: Target<'_>,
    ) -> Result<Group, Denial> {
        let account = ask.caller.account();
        let Some(group) = self.store().group_by_name(account, name).await? else {
            let resource = arn::iam(PARTITION, account, "group", "/", name);
            let shown = format!("group {name}");
            let target = Target {
                resource: &resource,
                shown: Some(&shown),
                ..about
            };
            self.allow(ask, action, target).await?;
            return Err(AwsError::entity_not_found(Entity::Group, name).into());
        };
        let target = Target {
            resource: &group.arn,
            ..about
        };
        self.allow(ask, action, target).await?;
        Ok(group)
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateGroup.html>
async fn create_group(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let path = input.path();
    let name = input.name("GroupName", 128);
    input.finish()?;
    let account = ask.caller.account();
    let resource = arn::iam(PARTITION, account, "group", path, name);
    iam.allow(ask, "iam:CreateGroup", Target::of(&resource))
        .await?;
    let group = Group {
        account: account.to_owned(),
        name: name.to_owned(),
        path: path.to_owned(),
        unique_id: iam.new_id(IdKind::Group, account)?,
        arn: resource,
        created_at: ask.call.unix(),
    };
    match iam.store().create_group(&group, MOST_GROUPS).await {
        Ok(()) => {}
        Err(StoreError::AlreadyExists) => {
            return Err(AwsError::name_taken(Entity::Group, name).into());
        }
        Err(StoreError::Conflict) => {
            return Err(AwsError::quota("GroupsPerAccount", MOST_GROUPS).into());
        }
        Err(other) => return Err(other.into()),
    }
    ask.elements = json!({ "group": {
        "path": group.path,
        "groupName": group.name,
        "groupId": group.unique_id,
        "arn": group.arn,
        "createDate": shapes::trail_moment(group.created_at),
    } });
    Ok(vec![("Group", Node::Fields(whole(&group)))])
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetGroup.html>
async fn get_group(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("GroupName", 128);
    let page = input.page();
    input.finish()?;
    let group = iam.group(ask, "iam:GetGroup", name).await?;
    let members = iam.store().group_members(&group.unique_id).await?;
    let mut fields = vec![("Group", Node::Fields(whole(&group)))];
    fields.extend(page.cut("Users", members, users::by_name, |user| {
        Node::Fields(users::listed(&user))
    })?);
    Ok(fields)
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroups.html>
async fn list_groups(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let prefix = input.path_prefix();
    let page = input.page();
    input.finish()?;
    let account = ask.caller.account();
    let resource = arn::iam(PARTITION, account, "group", prefix, "");
    iam.allow(ask, "iam:ListGroups", Target::of(&resource))
        .await?;
    let mut groups = iam.store().groups(account).await?;
    groups.retain(|group| group.path.starts_with(prefix));
    Ok(page.cut("Groups", groups, by_name, |group| {
        Node::Fields(whole(&group))
    })?)
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateGroup.html>
///
/// The permission is needed on the ARN that was and on the ARN that will be.
async fn update_group(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("GroupName", 128);
    let new_path = input.path_named("NewPath");
    let new_name = input.optional("NewGroupName", Some(ENTITY_NAME), 1..=128);
    input.finish()?;
    let group = iam.group(ask, "iam:UpdateGroup", name).await?;
    let path = new_path.unwrap_or(&group.path);
    let new_name = new_name.unwrap_or(&group.name);
    let moved = arn::iam(PARTITION, &group.account, "group", path, new_name);
    iam.allow(ask, "iam:UpdateGroup", Target::of(&moved))
        .await?;
    let change = iam
        .store()
        .move_group(&group.unique_id, new_name, path, &moved);
    match change.await {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::AlreadyExists) => Err(AwsError::name_taken(Entity::Group, new_name).into()),
        Err(StoreError::NotFound) => Err(AwsError::entity_not_found(Entity::Group, name).into()),
        Err(other) => Err(other.into()),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroup.html>
async fn delete_group(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("GroupName", 128);
    input.finish()?;
    let group = iam.group(ask, "iam:DeleteGroup", name).await?;
    match iam.store().delete_group(&group.unique_id).await {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::NotFound) => Err(AwsError::entity_not_found(Entity::Group, name).into()),
        Err(StoreError::Conflict) => {
            let tie = iam.store().tie_of_group(&group.unique_id).await?;
            Err(users::delete::tied_by(tie).into())
        }
        Err(other) => Err(other.into()),
    }
}

/// The key by which the store sorts groups.
fn by_name(group: &Group) -> String {
    group.name.to_ascii_lowercase()
}

fn whole(group: &Group) -> Fields {
    vec![
        ("Path", Node::text(&group.path)),
        ("GroupName", Node::text(&group.name)),
        ("GroupId", Node::text(&group.unique_id)),
        ("Arn", Node::text(&group.arn)),
        ("CreateDate", shapes::moment(group.created_at)),
    ]
}
