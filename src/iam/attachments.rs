//! Managed policies attached to users, roles and groups, and the boundaries of users and roles.

use crate::access::Denial;
use crate::aws::arn::Arn;
use crate::aws::constraints::Pattern;
use crate::aws::error::{AwsError, Entity};
use crate::aws::xml::Node;
use crate::iam::holders::Holder;
use crate::iam::input::Input;
use crate::iam::{Ask, Iam, Operation, Reply, reads, shapes, writes};
use crate::store::StoreError;
use crate::store::managed_policies::AttachedPolicy;
use crate::store::roles::Role;
use crate::store::users::User;

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[
    writes!(attach_user_policy, "AttachUserPolicy"),
    writes!(detach_user_policy, "DetachUserPolicy"),
    reads!(list_attached_user_policies, "ListAttachedUserPolicies"),
    writes!(attach_role_policy, "AttachRolePolicy"),
    writes!(detach_role_policy, "DetachRolePolicy"),
    reads!(list_attached_role_policies, "ListAttachedRolePolicies"),
    writes!(attach_group_policy, "AttachGroupPolicy"),
    writes!(detach_group_policy, "DetachGroupPolicy"),
    reads!(list_attached_group_policies, "ListAttachedGroupPolicies"),
    writes!(put_user_boundary, "PutUserPermissionsBoundary"),
    writes!(delete_user_boundary, "DeleteUserPermissionsBoundary"),
    writes!(put_role_boundary, "PutRolePermissionsBoundary"),
    writes!(delete_role_boundary, "DeleteRolePermissionsBoundary"),
];

/// Most managed policies attached to one user, role or group.
const MOST_ATTACHED: usize = 10;

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachUserPolicy.html>
async fn attach_user_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    attach(iam, ask, Entity::User, "iam:AttachUserPolicy").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachUserPolicy.html>
async fn detach_user_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    detach(iam, ask, Entity::User, "iam:DetachUserPolicy").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedUserPolicies.html>
async fn list_attached_user_policies(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    list(iam, ask, Entity::User, "iam:ListAttachedUserPolicies").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html>
async fn attach_role_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    attach(iam, ask, Entity::Role, "iam:AttachRolePolicy").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachRolePolicy.html>
async fn detach_role_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    detach(iam, ask, Entity::Role, "iam:DetachRolePolicy").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedRolePolicies.html>
async fn list_attached_role_policies(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    list(iam, ask, Entity::Role, "iam:ListAttachedRolePolicies").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachGroupPolicy.html>
async fn attach_group_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    attach(iam, ask, Entity::Group, "iam:AttachGroupPolicy").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachGroupPolicy.html>
async fn detach_group_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    detach(iam, ask, Entity::Group, "iam:DetachGroupPolicy").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedGroupPolicies.html>
async fn list_attached_group_policies(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    list(iam, ask, Entity::Group, "iam:ListAttachedGroupPolicies").await
}

/// The name of whom a call is about, of as many characters as the operation takes.
fn name_of<'a>(input: &mut Input<'a>, entity: Entity) -> &'a str {
    let most = if entity == Entity::Group { 128 } else { 64 };
    input.name(&format!("{}Name", entity.capital()), most)
}

/// A policy that callers of an account may attach: one of the account's own, or one of AWS's.
async fn is_attachable(iam: &Iam, account: &str, arn: &str) -> Result<bool, StoreError> {
    let found = iam.store().managed_policy(arn).await?;
    Ok(found.is_some_and(|(policy, _)| policy.account == account || policy.account == "aws"))
}

fn check_arn(arn: &str) -> Result<(), AwsError> {
    let policy = Arn::parse(arn).filter(|arn| arn.service == "iam");
    match policy.is_some_and(|arn| arn.resource.starts_with("policy/")) {
        true => Ok(()),
        false => Err(AwsError::not_a_policy_arn(arn)),
    }
}

async fn attach(iam: &Iam, ask: &mut Ask<'_>, entity: Entity, action: &str) -> Reply {
    let mut input = Input::new(ask.params);
    let name = name_of(&mut input, entity);
    let arn = input.arn("PolicyArn");
    input.finish()?;
    let keys = [("iam:PolicyARN", arn)];
    let holder = iam.holder(ask, entity, action, name, &keys).await?;
    holder.may_change()?;
    check_arn(arn)?;
    if !is_attachable(iam, ask.caller.account(), arn).await? {
        return Err(AwsError::policy_not_attachable(arn).into());
    }
    let store = iam.store();
    let attached = store.attach_policy_within(&holder.owner, arn, MOST_ATTACHED);
    match attached.await {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::Conflict) => {
            let quota = format!("PoliciesPer{}", entity.capital());
            Err(AwsError::quota(&quota, MOST_ATTACHED).into())
        }
        // One of the two went while the call was on its way.
        Err(StoreError::NotFound) => Err(AwsError::policy_not_attachable(arn).into()),
        Err(error) => Err(error.into()),
    }
}

async fn detach(iam: &Iam, ask: &mut Ask<'_>, entity: Entity, action: &str) -> Reply {
    let mut input = Input::new(ask.params);
    let name = name_of(&mut input, entity);
    let arn = input.arn("PolicyArn");
    input.finish()?;
    let keys = [("iam:PolicyARN", arn)];
    let holder = iam.holder(ask, entity, action, name, &keys).await?;
    holder.may_change()?;
    check_arn(arn)?;
    match iam.store().detach_policy(&holder.owner, arn).await {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::NotFound) => Err(AwsError::policy_not_found(arn).into()),
        Err(error) => Err(error.into()),
    }
}

/// `((/[A-Za-z0-9\.,\+@=_-]+)*)/`
fn policy_path_prefix<'a>(input: &mut Input<'a>) -> &'a str {
    let prefix = Pattern {
        text: r"((/[A-Za-z0-9\.,\+@=_-]+)*)/",
        admits: |c| c.is_ascii_alphanumeric() || "/.,+@=_-".contains(c),
        may_be_empty: false,
    };
    let value = input.params.get("PathPrefix").unwrap_or("/");
    let framed = value.starts_with('/') && value.ends_with('/') && !value.contains("//");
    let pattern = match framed {
        true => prefix,
        false => Pattern {
            admits: |_| false,
            ..prefix
        },
    };
    let given = input.optional("PathPrefix", Some(pattern), 1..=512);
    given.unwrap_or("/")
}

async fn list(iam: &Iam, ask: &mut Ask<'_>, entity: Entity, action: &str) -> Reply {
    let mut input = Input::new(ask.params);
    let name = name_of(&mut input, entity);
    let prefix = policy_path_prefix(&mut input);
    let page = input.page();
    input.finish()?;
    let holder = iam.holder(ask, entity, action, name, &[]).await?;
    let mut attached = iam.store().attached_policies(&holder.owner).await?;
    attached.retain(|policy| {
        let resource = policy.arn.splitn(6, ':').nth(5).unwrap_or_default();
        let path = resource.strip_prefix("policy").unwrap_or_default();
        path.starts_with(prefix)
    });
    // A name is unique among AWS's and among the account's, and a space is less than any letter of a name.
    let key = |policy: &AttachedPolicy| {
        let account = policy.arn.split(':').nth(4).unwrap_or_default();
        format!("{} {account}", policy.name.to_ascii_lowercase())
    };
    attached.sort_by_key(key);
    let write = |policy: AttachedPolicy| {
        Node::Fields(vec![
            ("PolicyName", Node::Text(policy.name)),
            ("PolicyArn", Node::Text(policy.arn)),
        ])
    };
    Ok(page.cut("AttachedPolicies", attached, key, write)?)
}

/// Whether a policy may bound a user or role of an account.
pub(super) async fn check_boundary(iam: &Iam, account: &str, arn: &str) -> Result<(), Denial> {
    check_arn(arn)?;
    match is_attachable(iam, account, arn).await? {
        true => Ok(()),
        false => Err(AwsError::boundary_not_attachable(arn).into()),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPermissionsBoundary.html>
async fn put_user_boundary(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    put_boundary(iam, ask, Entity::User, "iam:PutUserPermissionsBoundary").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPermissionsBoundary.html>
async fn delete_user_boundary(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    delete_boundary(iam, ask, Entity::User, "iam:DeleteUserPermissionsBoundary").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePermissionsBoundary.html>
async fn put_role_boundary(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    put_boundary(iam, ask, Entity::Role, "iam:PutRolePermissionsBoundary").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePermissionsBoundary.html>
async fn delete_role_boundary(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    delete_boundary(iam, ask, Entity::Role, "iam:DeleteRolePermissionsBoundary").await
}

async fn put_boundary(iam: &Iam, ask: &mut Ask<'_>, entity: Entity, action: &str) -> Reply {
    let mut input = Input::new(ask.params);
    let name = name_of(&mut input, entity);
    let arn = input.arn("PermissionsBoundary");
    input.finish()?;
    let keys = [("iam:PermissionsBoundary", arn)];
    let holder = iam.holder(ask, entity, action, name, &keys).await?;
    holder.may_change()?;
    check_boundary(iam, ask.caller.account(), arn).await?;
    bound(iam, ask, &holder, Some(arn)).await
}

/// One that is not there is deleted without a word.
async fn delete_boundary(iam: &Iam, ask: &mut Ask<'_>, entity: Entity, action: &str) -> Reply {
    let mut input = Input::new(ask.params);
    let name = name_of(&mut input, entity);
    input.finish()?;
    let holder = iam.holder(ask, entity, action, name, &[]).await?;
    holder.may_change()?;
    bound(iam, ask, &holder, None).await
}

async fn bound(iam: &Iam, ask: &Ask<'_>, holder: &Holder, arn: Option<&str>) -> Reply {
    let (store, account) = (iam.store(), ask.caller.account());
    let boundary = arn.map(str::to_owned);
    let done = match holder.entity {
        Entity::Role => {
            let change = |role: &mut Role| {
                same(&role.unique_id, holder)?;
                role.permissions_boundary = boundary;
                Ok(())
            };
            let changed = store.update_role(account, &holder.name, change).await;
            changed.map(drop)
        }
        Entity::User => {
            let change = |user: &mut User| {
                same(&user.unique_id, holder)?;
                user.permissions_boundary = boundary;
                Ok(())
            };
            let changed = store.update_user(account, &holder.name, change).await;
            changed.map(drop)
        }
        // Groups have no boundary, and no operation asks for one.
        Entity::Group => Err(StoreError::NotFound),
    };
    match done {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::NotFound) => Err(holder.gone().into()),
        Err(error) => Err(error.into()),
    }
}

/// Deleted and made again while the caller was being asked about, it is another one.
fn same(unique_id: &str, holder: &Holder) -> Result<(), StoreError> {
    match unique_id == holder.owner.id() {
        true => Ok(()),
        false => Err(StoreError::NotFound),
    }
}
