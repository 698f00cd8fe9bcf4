//! Changing a role: its description, its longest session, whom it trusts, its tags.

use crate::access::Denial;
use crate::aws::error::{AwsError, Entity};
use crate::aws::xml::{self, Node};
use crate::iam::halt::Halt;
use crate::iam::input::{Input, check_tags, merge_tags, remove_tags};
use crate::iam::{Ask, Iam, Reply, Target, holders, shapes, trust};
use crate::store::roles::Role;

impl Iam {
    /// Changes the role that was found a moment ago, and only that one.
    pub(in crate::iam) async fn change_role(
        &self,
        found: &Role,
        change: impl FnOnce(&mut Role) -> Result<(), AwsError> + Send,
    ) -> Result<Role, Denial> {
        holders::may_change(&found.tags, &found.name)?;
        let gone = || AwsError::entity_not_found(Entity::Role, &found.name);
        let store = self.store();
        let changed = store.update_role(&found.account, &found.name, |role| {
            // Deleted and made again while the caller was being asked about: another role.
            if role.unique_id != found.unique_id {
                return Err(Halt::from(gone()));
            }
            Ok(change(role)?)
        });
        changed.await.map_err(|halt| halt.denial(gone()))
    }
}

/// What is not given stays as it is.
///
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html>
pub(super) async fn update_role(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("RoleName", 64);
    let description = input.description();
    let duration = input.integer("MaxSessionDuration", 3600..=43200);
    input.finish()?;
    let role = iam.role(ask, "iam:UpdateRole", name).await?;
    let change = |role: &mut Role| {
        if let Some(description) = description {
            role.description = description.to_owned();
        }
        role.max_session_duration = duration.unwrap_or(role.max_session_duration);
        Ok(())
    };
    iam.change_role(&role, change).await?;
    Ok(xml::empty_result())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRoleDescription.html>
pub(super) async fn update_role_description(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("RoleName", 64);
    let description = input.required_description();
    input.finish()?;
    let role = iam.role(ask, "iam:UpdateRoleDescription", name).await?;
    let change = |role: &mut Role| {
        role.description = description.to_owned();
        Ok(())
    };
    let role = iam.change_role(&role, change).await?;
    let role = iam.shown(role).await?;
    // Like the answer about a new role, this one is silent about the longest session.
    let mut answer = super::identity(&role);
    let description = Some(role.description.as_str()).filter(|text| !text.is_empty());
    answer.push(("Description", Node::optional(description)));
    answer.extend(super::details(&role));
    Ok(vec![("Role", Node::Fields(answer))])
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html>
pub(super) async fn update_assume_role_policy(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("RoleName", 64);
    let document = input.document("PolicyDocument");
    input.finish()?;
    let role = iam.role(ask, "iam:UpdateAssumeRolePolicy", name).await?;
    holders::may_change(&role.tags, &role.name)?;
    let trust = trust::check(iam.store(), document).await?;
    trust.note_warnings(ask.call);
    let change = |role: &mut Role| {
        role.trust_policy = document.to_owned();
        role.trust_principals = trust.principals;
        Ok(())
    };
    iam.change_role(&role, change).await?;
    Ok(shapes::nothing())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagRole.html>
pub(super) async fn tag_role(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("RoleName", 64);
    let tags = input.required_tags();
    input.finish()?;
    check_tags(&tags)?;
    let target = Target {
        request_tags: &tags,
        ..Target::default()
    };
    let role = iam.role_where(ask, "iam:TagRole", name, target).await?;
    iam.change_role(&role, |role| merge_tags(&mut role.tags, &tags))
        .await?;
    Ok(shapes::nothing())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagRole.html>
pub(super) async fn untag_role(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("RoleName", 64);
    let keys = input.required_tag_keys();
    input.finish()?;
    let target = Target {
        tag_keys: &keys,
        ..Target::default()
    };
    let role = iam.role_where(ask, "iam:UntagRole", name, target).await?;
    let change = |role: &mut Role| {
        remove_tags(&mut role.tags, &keys);
        Ok(())
    };
    iam.change_role(&role, change).await?;
    Ok(shapes::nothing())
}
