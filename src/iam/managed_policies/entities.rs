//! Who uses a policy.

use crate::aws::error::AwsError;
use crate::aws::xml::{Fields, Node};
use crate::iam::input::Input;
use crate::iam::{Ask, Iam, Reply, Target};
use crate::store::policy_usage::{EntityKind, PolicyEntity};

use super::Purpose;

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListEntitiesForPolicy.html>
pub(super) async fn list_entities_for_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let arn = input.arn("PolicyArn");
    // The last two can be asked for and answer nobody: no policy is attached to a policy.
    let kinds = [
        "User",
        "Role",
        "Group",
        "LocalManagedPolicy",
        "AWSManagedPolicy",
    ];
    let kind = input.one_of("EntityFilter", &kinds);
    let prefix = input.path_named("PathPrefix").unwrap_or("/");
    let usage = input.one_of(
        "PolicyUsageFilter",
        &["PermissionsPolicy", "PermissionsBoundary"],
    );
    let page = input.page();
    input.finish()?;
    let (action, more) = ("iam:ListEntitiesForPolicy", Target::default());
    let found = iam.managed_policy(ask, action, Purpose::Look, arn, more);
    found
        .await?
        .ok_or_else(|| AwsError::policy_not_found(arn))?;

    let account = ask.caller.account();
    let mut entities = iam.store().policy_entities(account, arn).await?;
    entities.retain(|entity| {
        let of_kind = kind.is_none_or(|kind| kind == word(entity.kind));
        let of_usage = usage.is_none_or(|usage| (usage == "PermissionsBoundary") == entity.bounded);
        of_kind && of_usage && entity.path.starts_with(prefix)
    });
    // One that is both attached to it and bounded by it is one entity.
    entities.sort_by_key(key);
    entities.dedup_by_key(|entity| entity.unique_id.clone());
    let mut lists: [Vec<Node>; 3] = Default::default();
    let [groups, users, roles] = &mut lists;
    // One page counts all three lists together.
    let mut answer = Fields::new();
    let paged = page.part(entities, key)?;
    for entity in paged.items {
        let (list, name, id) = match entity.kind {
            EntityKind::Group => (&mut *groups, "GroupName", "GroupId"),
            EntityKind::User => (&mut *users, "UserName", "UserId"),
            EntityKind::Role => (&mut *roles, "RoleName", "RoleId"),
        };
        list.push(Node::Fields(vec![
            (name, Node::text(entity.name)),
            (id, Node::text(entity.unique_id)),
        ]));
    }
    let [groups, users, roles] = lists;
    answer.push(("PolicyGroups", Node::List(groups)));
    answer.push(("PolicyUsers", Node::List(users)));
    answer.push(("PolicyRoles", Node::List(roles)));
    answer.extend(paged.members);
    Ok(answer)
}

fn word(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::Group => "Group",
        EntityKind::User => "User",
        EntityKind::Role => "Role",
    }
}

/// The order of the list: kind by kind, because a user and a role may have one name.
fn key(entity: &PolicyEntity) -> String {
    let name = entity.name.to_ascii_lowercase();
    format!("{} {name}", word(entity.kind))
}
