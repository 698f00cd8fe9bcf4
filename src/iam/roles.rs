//! Roles.

mod change;
mod create;

use crate::access::Denial;
use crate::aws::arn;
use crate::aws::error::{AwsError, Entity};
use crate::aws::xml::{Fields, Node};
use crate::iam::input::Input;
use crate::iam::trust::Shown;
use crate::iam::{Ask, Iam, Operation, PARTITION, Reply, Target, holders, reads, shapes, writes};
use crate::store::StoreError;
use crate::store::inline_policies::PolicyOwner;
use crate::store::roles::Role;

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[
    writes!(create::create_role, "CreateRole"),
    reads!(get_role, "GetRole"),
    reads!(list_roles, "ListRoles"),
    writes!(change::update_role, "UpdateRole"),
    writes!(change::update_role_description, "UpdateRoleDescription"),
    writes!(change::update_assume_role_policy, "UpdateAssumeRolePolicy"),
    writes!(delete_role, "DeleteRole"),
    writes!(change::tag_role, "TagRole"),
    writes!(change::untag_role, "UntagRole"),
    reads!(list_role_tags, "ListRoleTags"),
];

impl Iam {
    /// The role a call names, where the caller may do `action` to it.
    ///
    /// One that is not there is asked about under the ARN it would have, so that only whoever may know learns that it is
    /// not there.
    pub(super) async fn role(
        &self,
        ask: &Ask<'_>,
        action: &str,
        name: &str,
    ) -> Result<Role, Denial> {
        self.role_where(ask, action, name, Target::default()).await
    }

    /// The same, with more to say about the request: its tags, its condition keys.
    pub(super) async fn role_where(
        &self,
        ask: &Ask<'_>,
        action: &str,
        name: &str,
        more: Target<'_>,
    ) -> Result<Role, Denial> {
        let account = ask.caller.account();
        let Some(role) = self.store().role_by_name(account, name).await? else {
            let resource = arn::role(PARTITION, account, "/", name);
            let shown = format!("role {name}");
            let target = Target {
                resource: &resource,
                shown: Some(&shown),
                ..more
            };
            self.allow(ask, action, target).await?;
            return Err(AwsError::entity_not_found(Entity::Role, name).into());
        };
        let target = Target {
            resource: &role.arn,
            tags: &role.tags,
            ..more
        };
        self.allow(ask, action, target).await?;
        Ok(role)
    }

    /// The role with its trust policy as it is shown.
    async fn shown(&self, mut role: Role) -> Result<Role, StoreError> {
        role.trust_policy = Shown::new(self.store()).of(&role).await?;
        Ok(role)
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html>
async fn get_role(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("RoleName", 64);
    input.finish()?;
    let role = iam.role(ask, "iam:GetRole", name).await?;
    // A structure without members for a role that nobody has used.
    let last_used = match iam.role_last_used(&role.unique_id).await? {
        Some((at, region)) => vec![
            ("LastUsedDate", shapes::moment(at)),
            ("Region", Node::Text(region)),
        ],
        None => Fields::new(),
    };
    let mut answer = whole(&iam.shown(role).await?);
    answer.push(("RoleLastUsed", Node::Fields(last_used)));
    Ok(vec![("Role", Node::Fields(answer))])
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html>
async fn list_roles(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let prefix = input.path_prefix();
    let page = input.page();
    input.finish()?;
    let account = ask.caller.account();
    let resource = arn::role(PARTITION, account, prefix, "");
    iam.allow(ask, "iam:ListRoles", Target::of(&resource))
        .await?;
    let after = page.after()?;
    let store = iam.store();
    let mut roles = store
        .roles_after(account, prefix, &after, page.most + 1)
        .await?;
    let mut shown = Shown::new(store);
    for role in &mut roles {
        role.trust_policy = shown.of(role).await?;
    }
    let key = |role: &Role| role.name.to_ascii_lowercase();
    let write = |role: Role| Node::Fields(listed(&role));
    Ok(page.cut("Roles", roles, key, write)?)
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html>
async fn delete_role(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("RoleName", 64);
    input.finish()?;
    let role = iam.role(ask, "iam:DeleteRole", name).await?;
    holders::may_change(&role.tags, &role.name)?;
    let deleted = iam.store().delete_role(&role.account, &role.name).await;
    match deleted {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::NotFound) => Err(AwsError::entity_not_found(Entity::Role, name).into()),
        Err(StoreError::Conflict) => Err(what_is_left(iam, &role).await?.into()),
        Err(error) => Err(error.into()),
    }
}

/// Why a role cannot be deleted yet, in the order in which AWS looks.
async fn what_is_left(iam: &Iam, role: &Role) -> Result<AwsError, StoreError> {
    let store = iam.store();
    let owner = PolicyOwner::Role(role.unique_id.clone());
    let profiles = store.instance_profiles_of_role(&role.unique_id).await?;
    if !profiles.is_empty() {
        return Ok(AwsError::must_first("remove roles from instance profile"));
    }
    if !store.attached_policies(&owner).await?.is_empty() {
        return Ok(AwsError::must_first("detach all policies"));
    }
    if !store.inline_policies(&owner).await?.is_empty() {
        return Ok(AwsError::must_first("delete policies"));
    }
    // Whatever it was has gone in between.
    Ok(AwsError::concurrent_modification())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoleTags.html>
async fn list_role_tags(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("RoleName", 64);
    let page = input.page();
    input.finish()?;
    let role = iam.role(ask, "iam:ListRoleTags", name).await?;
    Ok(shapes::tag_page(&page, role.tags)?)
}

/// A role as lists and other answers have it: without tags, boundary and last use.
pub(super) fn listed(role: &Role) -> Fields {
    let description = Some(role.description.as_str()).filter(|text| !text.is_empty());
    let mut fields = identity(role);
    fields.push(("Description", Node::optional(description)));
    fields.push((
        "MaxSessionDuration",
        Node::Number(role.max_session_duration),
    ));
    fields
}

/// What every answer says about a role.
pub(super) fn identity(role: &Role) -> Fields {
    vec![
        ("Path", Node::text(&role.path)),
        ("RoleName", Node::text(&role.name)),
        ("RoleId", Node::text(&role.unique_id)),
        ("Arn", Node::text(&role.arn)),
        ("CreateDate", shapes::moment(role.created_at)),
        (
            "AssumeRolePolicyDocument",
            shapes::document(&role.trust_policy),
        ),
    ]
}

/// What only answers about one role say.
fn details(role: &Role) -> Fields {
    let boundary = role.permissions_boundary.as_deref();
    vec![
        ("PermissionsBoundary", shapes::boundary(boundary)),
        ("Tags", shapes::tags_if_any(&role.tags)),
    ]
}

fn whole(role: &Role) -> Fields {
    let mut fields = listed(role);
    fields.extend(details(role));
    fields
}
