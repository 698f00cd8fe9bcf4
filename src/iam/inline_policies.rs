//! Policies that belong to one user, role or group: one implementation for the three.

use crate::aws::error::{AwsError, Entity};
use crate::aws::xml::Node;
use crate::iam::halt::Halt;
use crate::iam::input::Input;
use crate::iam::{Ask, Iam, Operation, Reply, reads, shapes, writes};
use crate::policy::{self, DocumentKind, limits};
use crate::store::StoreError;
use crate::store::inline_policies::InlinePolicy;

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[
    writes!(put_user_policy, "PutUserPolicy"),
    reads!(get_user_policy, "GetUserPolicy"),
    writes!(delete_user_policy, "DeleteUserPolicy"),
    reads!(list_user_policies, "ListUserPolicies"),
    writes!(put_role_policy, "PutRolePolicy"),
    reads!(get_role_policy, "GetRolePolicy"),
    writes!(delete_role_policy, "DeleteRolePolicy"),
    reads!(list_role_policies, "ListRolePolicies"),
    writes!(put_group_policy, "PutGroupPolicy"),
    reads!(get_group_policy, "GetGroupPolicy"),
    writes!(delete_group_policy, "DeleteGroupPolicy"),
    reads!(list_group_policies, "ListGroupPolicies"),
];

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html>
async fn put_user_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    put(iam, ask, Entity::User, "iam:PutUserPolicy").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUserPolicy.html>
async fn get_user_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    get(iam, ask, Entity::User, "iam:GetUserPolicy").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPolicy.html>
async fn delete_user_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    delete(iam, ask, Entity::User, "iam:DeleteUserPolicy").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUserPolicies.html>
async fn list_user_policies(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    list(iam, ask, Entity::User, "iam:ListUserPolicies").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html>
async fn put_role_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    put(iam, ask, Entity::Role, "iam:PutRolePolicy").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html>
async fn get_role_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    get(iam, ask, Entity::Role, "iam:GetRolePolicy").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePolicy.html>
async fn delete_role_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    delete(iam, ask, Entity::Role, "iam:DeleteRolePolicy").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRolePolicies.html>
async fn list_role_policies(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    list(iam, ask, Entity::Role, "iam:ListRolePolicies").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutGroupPolicy.html>
async fn put_group_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    put(iam, ask, Entity::Group, "iam:PutGroupPolicy").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetGroupPolicy.html>
async fn get_group_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    get(iam, ask, Entity::Group, "iam:GetGroupPolicy").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroupPolicy.html>
async fn delete_group_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    delete(iam, ask, Entity::Group, "iam:DeleteGroupPolicy").await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroupPolicies.html>
async fn list_group_policies(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    list(iam, ask, Entity::Group, "iam:ListGroupPolicies").await
}

/// `UserName`, `RoleName`, `GroupName`, and how long it may be.
fn owner_name(entity: Entity) -> (&'static str, usize) {
    match entity {
        Entity::User => ("UserName", 128),
        Entity::Role => ("RoleName", 64),
        Entity::Group => ("GroupName", 128),
    }
}

/// Characters without white space that all policies of one owner may have together.
fn most_characters(entity: Entity) -> usize {
    match entity {
        Entity::User => limits::USER_INLINE_POLICIES,
        Entity::Role => limits::ROLE_INLINE_POLICIES,
        Entity::Group => limits::GROUP_INLINE_POLICIES,
    }
}

async fn put(iam: &Iam, ask: &mut Ask<'_>, entity: Entity, action: &str) -> Reply {
    let (parameter, longest) = owner_name(entity);
    let mut input = Input::new(ask.params);
    let owner = input.name(parameter, longest);
    let name = input.name("PolicyName", 128);
    let document = input.document("PolicyDocument");
    input.finish()?;
    let holder = iam.holder(ask, entity, action, owner, &[]).await?;
    holder.may_change()?;
    policy::validate(document, DocumentKind::Identity)
        .map_err(|error| AwsError::malformed_policy(error.to_string()))?;
    let most = most_characters(entity);
    let too_large = || AwsError::inline_policies_too_large(most, entity, &holder.name);
    let fits = |policies: &[InlinePolicy]| {
        let sizes = policies.iter().map(|one| &one.document);
        let all: usize = sizes.map(|text| limits::document_size(text)).sum();
        match all > most {
            true => Err(Halt::from(too_large())),
            false => Ok(()),
        }
    };
    let policy = InlinePolicy {
        name: name.to_owned(),
        document: document.to_owned(),
    };
    let store = iam.store();
    let put = store.put_inline_policy_within(&holder.owner, &policy, fits);
    put.await.map_err(|halt| halt.denial(holder.gone()))?;
    Ok(shapes::nothing())
}

async fn get(iam: &Iam, ask: &mut Ask<'_>, entity: Entity, action: &str) -> Reply {
    let (parameter, longest) = owner_name(entity);
    let mut input = Input::new(ask.params);
    let owner = input.name(parameter, longest);
    let name = input.name("PolicyName", 128);
    input.finish()?;
    let holder = iam.holder(ask, entity, action, owner, &[]).await?;
    let policies = iam.store().inline_policies(&holder.owner).await?;
    let mut policies = policies.into_iter();
    let Some(found) = policies.find(|policy| policy.name.eq_ignore_ascii_case(name)) else {
        return Err(AwsError::inline_policy_not_found(entity, name).into());
    };
    Ok(vec![
        (parameter, Node::Text(holder.name)),
        // As it was asked for, whatever its case: so does AWS.
        ("PolicyName", Node::text(name)),
        ("PolicyDocument", shapes::document(&found.document)),
    ])
}

async fn delete(iam: &Iam, ask: &mut Ask<'_>, entity: Entity, action: &str) -> Reply {
    let (parameter, longest) = owner_name(entity);
    let mut input = Input::new(ask.params);
    let owner = input.name(parameter, longest);
    let name = input.name("PolicyName", 128);
    input.finish()?;
    let holder = iam.holder(ask, entity, action, owner, &[]).await?;
    holder.may_change()?;
    match iam.store().delete_inline_policy(&holder.owner, name).await {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::NotFound) => Err(AwsError::inline_policy_not_found(entity, name).into()),
        Err(error) => Err(error.into()),
    }
}

async fn list(iam: &Iam, ask: &mut Ask<'_>, entity: Entity, action: &str) -> Reply {
    let (parameter, longest) = owner_name(entity);
    let mut input = Input::new(ask.params);
    let owner = input.name(parameter, longest);
    let page = input.page();
    input.finish()?;
    let holder = iam.holder(ask, entity, action, owner, &[]).await?;
    let policies = iam.store().inline_policies(&holder.owner).await?;
    let names = policies.into_iter().map(|policy| policy.name).collect();
    let key = |name: &String| name.to_ascii_lowercase();
    Ok(page.cut("PolicyNames", names, key, Node::Text)?)
}
