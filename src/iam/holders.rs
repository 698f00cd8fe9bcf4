//! Users, roles and groups as holders of policies: found and asked about alike, for inline policies, attachments and
//! boundaries.

use crate::access::Denial;
use crate::aws::arn;
use crate::aws::error::{AwsError, Entity};
use crate::iam::provision::is_configured;
use crate::iam::{Ask, Iam, PARTITION, Target};
use crate::store::StoreError;
use crate::store::inline_policies::PolicyOwner;

/// Somebody who holds policies.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    /// Which kind.
    pub entity: Entity,
    /// Whose policies they are, for the store.
    pub owner: PolicyOwner,
    /// As it is spelt.
    pub name: String,
    arn: String,
    tags: Vec<(String, String)>,
    boundary: Option<String>,
}

impl Holder {
    /// Refuses what only the configuration may change.
    pub fn may_change(&self) -> Result<(), AwsError> {
        may_change(&self.tags, &self.name)
    }

    /// It is not there any more.
    pub fn gone(&self) -> AwsError {
        AwsError::entity_not_found(self.entity, &self.name)
    }
}

/// Refuses a change to a role that the configuration made: the next start would undo it.
pub(super) fn may_change(tags: &[(String, String)], name: &str) -> Result<(), AwsError> {
    match is_configured(tags) {
        true => Err(AwsError::protected_role(name)),
        false => Ok(()),
    }
}

impl Iam {
    /// The user, role or group a call names, where the caller may do `action` to it under these condition keys.
    ///
    /// `iam:PermissionsBoundary` is the boundary it has, unless the keys say which one it is to get.
    pub(super) async fn holder(
        &self,
        ask: &Ask<'_>,
        entity: Entity,
        action: &str,
        name: &str,
        keys: &[(&'static str, &str)],
    ) -> Result<Holder, Denial> {
        let account = ask.caller.account();
        let Some(holder) = self.find_holder(account, entity, name).await? else {
            // Only whoever may know learns that it is not there.
            let resource = arn::iam(PARTITION, account, entity.lower(), "/", name);
            let shown = format!("{} {name}", entity.lower());
            let target = Target {
                shown: Some(&shown),
                keys,
                ..Target::of(&resource)
            };
            self.allow(ask, action, target).await?;
            return Err(AwsError::entity_not_found(entity, name).into());
        };
        let held = holder.boundary.as_deref();
        let mut all: Vec<_> = held
            .map(|arn| ("iam:PermissionsBoundary", arn))
            .into_iter()
            .collect();
        all.extend(keys);
        let target = Target {
            tags: &holder.tags,
            keys: &all,
            ..Target::of(&holder.arn)
        };
        self.allow(ask, action, target).await?;
        Ok(holder)
    }

    async fn find_holder(
        &self,
        account: &str,
        entity: Entity,
        name: &str,
    ) -> Result<Option<Holder>, StoreError> {
        let store = self.store();
        Ok(match entity {
            Entity::Role => {
                let role = store.role_by_name(account, name).await?;
                role.map(|role| Holder {
                    entity,
                    owner: PolicyOwner::Role(role.unique_id),
                    name: role.name,
                    arn: role.arn,
                    tags: role.tags,
                    boundary: role.permissions_boundary,
                })
            }
            Entity::User => {
                let user = store.user_by_name(account, name).await?;
                user.map(|user| Holder {
                    entity,
                    owner: PolicyOwner::User(user.unique_id),
                    name: user.name,
                    arn: user.arn,
                    tags: user.tags,
                    boundary: user.permissions_boundary,
                })
            }
            Entity::Group => {
                let group = store.group_by_name(account, name).await?;
                group.map(|group| Holder {
                    entity,
                    owner: PolicyOwner::Group(group.unique_id),
                    name: group.name,
                    arn: group.arn,
                    tags: Vec::new(),
                    boundary: None,
                })
            }
        })
    }
}
