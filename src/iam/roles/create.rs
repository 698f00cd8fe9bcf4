//! Making a role.

use serde_json::json;

use crate::aws::arn;
use crate::aws::error::{AwsError, Entity};
use crate::aws::ids::IdKind;
use crate::aws::xml::Node;
use crate::iam::input::{Input, check_tags, pairs};
use crate::iam::{Ask, Iam, PARTITION, Reply, Target, attachments, trust};
use crate::store::StoreError;
use crate::store::roles::Role;

/// Most roles of an account. AWS stops at 1000 unless asked; here people bring an organisation's hundred thousand into
/// one store, and the number only has to stop what runs away.
const MOST_ROLES: usize = 200_000;

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>
pub(super) async fn create_role(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let path = input.path();
    let name = input.name("RoleName", 64);
    let trust_policy = input.document("AssumeRolePolicyDocument");
    let description = input.description();
    let duration = input.integer("MaxSessionDuration", 3600..=43200);
    let boundary = input.optional_arn("PermissionsBoundary");
    let tags = input.tags();
    input.finish()?;
    check_tags(&tags)?;

    let account = ask.caller.account();
    let arn = arn::role(PARTITION, account, path, name);
    let key = boundary.map(|arn| ("iam:PermissionsBoundary", arn));
    let target = Target {
        request_tags: &tags,
        keys: key.as_slice(),
        ..Target::of(&arn)
    };
    iam.allow(ask, "iam:CreateRole", target.clone()).await?;
    if !tags.is_empty() {
        iam.allow(ask, "iam:TagRole", target).await?;
    }

    let trust = trust::check(iam.store(), trust_policy).await?;
    if let Some(boundary) = boundary {
        attachments::check_boundary(iam, account, boundary).await?;
    }
    // Beside the transaction: counting takes a while where there are many, and one too many does no harm.
    let roles = iam.store().role_count(account).await?;
    if usize::try_from(roles).unwrap_or(MOST_ROLES) >= MOST_ROLES {
        return Err(AwsError::quota("RolesPerAccount", MOST_ROLES).into());
    }
    let role = Role {
        account: account.to_owned(),
        name: name.to_owned(),
        path: path.to_owned(),
        unique_id: iam.new_id(IdKind::Role, account)?,
        arn,
        trust_policy: trust_policy.to_owned(),
        description: description.unwrap_or_default().to_owned(),
        max_session_duration: duration.unwrap_or(3600),
        permissions_boundary: boundary.map(str::to_owned),
        alias: None,
        production: false,
        explain: true,
        tags: pairs(&tags),
        created_at: ask.call.unix(),
        trust_principals: trust.principals.clone(),
    };
    match iam.store().create_role(&role).await {
        Ok(()) => {}
        Err(StoreError::AlreadyExists) => {
            return Err(AwsError::name_taken(Entity::Role, name).into());
        }
        Err(error) => return Err(error.into()),
    }
    trust.note_warnings(ask.call);
    ask.elements = json!({ "role": {
        "path": role.path,
        "roleName": role.name,
        "roleId": role.unique_id,
        "arn": role.arn,
    } });
    let mut answer = super::identity(&role);
    answer.extend(super::details(&role));
    Ok(vec![("Role", Node::Fields(answer))])
}
