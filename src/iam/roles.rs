//! Roles.

use crate::access::Denial;
use crate::aws::arn;
use crate::aws::error::{AwsError, Entity};
use crate::aws::xml::{Fields, Node};
use crate::iam::input::Input;
use crate::iam::{Ask, Iam, Operation, PARTITION, Reply, Target, reads, shapes};
use crate::store::roles::Role;

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[reads!(get_role, "GetRole")];

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
        let account = ask.caller.account();
        let Some(role) = self.store().role_by_name(account, name).await? else {
            let resource = arn::role(PARTITION, account, "/", name);
            let shown = format!("role {name}");
            let target = Target {
                shown: Some(&shown),
                ..Target::of(&resource)
            };
            self.allow(ask, action, target).await?;
            return Err(AwsError::entity_not_found(Entity::Role, name).into());
        };
        let target = Target {
            tags: &role.tags,
            ..Target::of(&role.arn)
        };
        self.allow(ask, action, target).await?;
        Ok(role)
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html>
async fn get_role(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("RoleName", 64);
    input.finish()?;
    let role = iam.role(ask, "iam:GetRole", name).await?;
    Ok(vec![("Role", Node::Fields(whole(&role)))])
}

fn whole(role: &Role) -> Fields {
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
        (
            "PermissionsBoundary",
            shapes::boundary(role.permissions_boundary.as_deref()),
        ),
        ("Tags", shapes::tags_if_any(&role.tags)),
    ]
}
