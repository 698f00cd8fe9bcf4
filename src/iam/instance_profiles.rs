//! Instance profiles. Nothing here runs instances, but Terraform and others make them beside their roles.

use serde_json::json;

use crate::access::Denial;
use crate::aws::arn;
use crate::aws::error::{AwsError, Entity};
use crate::aws::ids::IdKind;
use crate::aws::xml::{Fields, Node};
use crate::iam::halt::Halt;
use crate::iam::input::{Input, check_tags, merge_tags, pairs, remove_tags};
use crate::iam::trust::Shown;
use crate::iam::{Ask, Iam, Operation, PARTITION, Reply, Target, reads, roles, shapes, writes};
use crate::store::StoreError;
use crate::store::instance_profiles::InstanceProfile;

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[
    writes!(create_instance_profile, "CreateInstanceProfile"),
    reads!(get_instance_profile, "GetInstanceProfile"),
    reads!(list_instance_profiles, "ListInstanceProfiles"),
    reads!(
        list_instance_profiles_for_role,
        "ListInstanceProfilesForRole"
    ),
    writes!(delete_instance_profile, "DeleteInstanceProfile"),
    writes!(add_role, "AddRoleToInstanceProfile"),
    writes!(remove_role, "RemoveRoleFromInstanceProfile"),
    writes!(tag_instance_profile, "TagInstanceProfile"),
    writes!(untag_instance_profile, "UntagInstanceProfile"),
    reads!(list_instance_profile_tags, "ListInstanceProfileTags"),
];

const KIND: &str = "instance-profile";
const NAME: &str = "InstanceProfileName";

impl Iam {
    /// The instance profile a call names, where the caller may do `action` to it.
    async fn instance_profile(
        &self,
        ask: &Ask<'_>,
        action: &str,
        name: &str,
        more: Target<'_>,
    ) -> Result<InstanceProfile, Denial> {
        let account = ask.caller.account();
        let Some(profile) = self.store().instance_profile(account, name).await? else {
            let resource = arn::iam(PARTITION, account, KIND, "/", name);
            let shown = format!("instance profile {name}");
            let target = Target {
                resource: &resource,
                shown: Some(&shown),
                ..more
            };
            self.allow(ask, action, target).await?;
            return Err(AwsError::instance_profile_not_found(name).into());
        };
        let target = Target {
            resource: &profile.arn,
            tags: &profile.tags,
            ..more
        };
        self.allow(ask, action, target).await?;
        Ok(profile)
    }

    /// Changes the instance profile that was found a moment ago, and only that one.
    async fn change_instance_profile(
        &self,
        found: &InstanceProfile,
        change: impl FnOnce(&mut InstanceProfile) -> Result<(), AwsError> + Send,
    ) -> Result<(), Denial> {
        let gone = || AwsError::instance_profile_not_found(&found.name);
        let store = self.store();
        let changed = store.update_instance_profile(&found.account, &found.name, |profile| {
            if profile.unique_id != found.unique_id {
                return Err(Halt::from(gone()));
            }
            Ok(change(profile)?)
        });
        changed.await.map_err(|halt| halt.denial(gone()))
    }

    /// What an answer says about instance profiles, each with the role inside.
    pub(super) async fn shown_profiles(
        &self,
        profiles: Vec<InstanceProfile>,
    ) -> Result<Vec<(InstanceProfile, Fields)>, StoreError> {
        let mut trust = Shown::new(self.store());
        let mut shown = Vec::with_capacity(profiles.len());
        for profile in profiles {
            let mut inside = Vec::new();
            if let Some(id) = &profile.role_id
                && let Some(mut role) = self.store().role_by_id(id).await?
            {
                role.trust_policy = trust.of(&role).await?;
                inside.push(Node::Fields(roles::identity(&role)));
            }
            let fields = vec![
                ("Path", Node::text(&profile.path)),
                ("InstanceProfileName", Node::text(&profile.name)),
                ("InstanceProfileId", Node::text(&profile.unique_id)),
                ("Arn", Node::text(&profile.arn)),
                ("CreateDate", shapes::moment(profile.created_at)),
                ("Roles", Node::List(inside)),
            ];
            shown.push((profile, fields));
        }
        Ok(shown)
    }

    /// A page of instance profiles: lists tell no tags.
    async fn profile_page(
        &self,
        page: &crate::iam::paging::Page,
        profiles: Vec<InstanceProfile>,
    ) -> Reply {
        let key = |(profile, _): &(InstanceProfile, Fields)| profile.name.to_ascii_lowercase();
        let shown = self.shown_profiles(profiles).await?;
        Ok(page.cut("InstanceProfiles", shown, key, |(_, fields)| {
            Node::Fields(fields)
        })?)
    }

    async fn one_profile(&self, profile: InstanceProfile, tags: Node) -> Reply {
        let shown = self.shown_profiles(vec![profile]).await?;
        let mut fields: Fields = shown.into_iter().flat_map(|(_, fields)| fields).collect();
        fields.push(("Tags", tags));
        Ok(vec![("InstanceProfile", Node::Fields(fields))])
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateInstanceProfile.html>
async fn create_instance_profile(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name(NAME, 128);
    let path = input.path();
    let tags = input.tags();
    input.finish()?;
    check_tags(&tags)?;
    let account = ask.caller.account();
    let arn = arn::iam(PARTITION, account, KIND, path, name);
    let target = Target {
        request_tags: &tags,
        ..Target::of(&arn)
    };
    iam.allow(ask, "iam:CreateInstanceProfile", target.clone())
        .await?;
    if !tags.is_empty() {
        iam.allow(ask, "iam:TagInstanceProfile", target).await?;
    }
    let profile = InstanceProfile {
        account: account.to_owned(),
        name: name.to_owned(),
        path: path.to_owned(),
        unique_id: iam.new_id(IdKind::InstanceProfile, account)?,
        arn,
        role_id: None,
        tags: pairs(&tags),
        created_at: ask.call.unix(),
    };
    match iam.store().create_instance_profile(&profile).await {
        Ok(()) => {}
        Err(StoreError::AlreadyExists) => {
            return Err(AwsError::instance_profile_exists(name).into());
        }
        Err(error) => return Err(error.into()),
    }
    ask.elements = json!({ "instanceProfile": {
        "instanceProfileName": profile.name,
        "instanceProfileId": profile.unique_id,
        "arn": profile.arn,
    } });
    let tags = shapes::tags_if_any(&profile.tags);
    iam.one_profile(profile, tags).await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetInstanceProfile.html>
async fn get_instance_profile(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name(NAME, 128);
    input.finish()?;
    let profile = iam
        .instance_profile(ask, "iam:GetInstanceProfile", name, Target::default())
        .await?;
    // This answer says so where there are none.
    let tags = shapes::tags(&profile.tags);
    iam.one_profile(profile, tags).await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfiles.html>
async fn list_instance_profiles(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let prefix = input.path_prefix();
    let page = input.page();
    input.finish()?;
    let account = ask.caller.account();
    let resource = arn::iam(PARTITION, account, KIND, prefix, "");
    iam.allow(ask, "iam:ListInstanceProfiles", Target::of(&resource))
        .await?;
    let mut profiles = iam.store().instance_profiles(account).await?;
    profiles.retain(|profile| profile.path.starts_with(prefix));
    iam.profile_page(&page, profiles).await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfilesForRole.html>
async fn list_instance_profiles_for_role(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name("RoleName", 64);
    let page = input.page();
    input.finish()?;
    let role = iam
        .role(ask, "iam:ListInstanceProfilesForRole", name)
        .await?;
    let profiles = iam
        .store()
        .instance_profiles_of_role(&role.unique_id)
        .await?;
    iam.profile_page(&page, profiles).await
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteInstanceProfile.html>
async fn delete_instance_profile(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name(NAME, 128);
    input.finish()?;
    let profile = iam
        .instance_profile(ask, "iam:DeleteInstanceProfile", name, Target::default())
        .await?;
    let store = iam.store();
    let deleted = store.delete_instance_profile(&profile.account, &profile.name);
    match deleted.await {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::Conflict) => {
            Err(AwsError::must_first("remove roles from instance profile").into())
        }
        Err(StoreError::NotFound) => Err(AwsError::instance_profile_not_found(name).into()),
        Err(error) => Err(error.into()),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html>
async fn add_role(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name(NAME, 128);
    let role_name = input.name("RoleName", 64);
    input.finish()?;
    let action = "iam:AddRoleToInstanceProfile";
    let profile = iam
        .instance_profile(ask, action, name, Target::default())
        .await?;
    // Whoever puts a role into a profile hands it to EC2.
    let passing = Target {
        keys: &[("iam:PassedToService", "ec2.amazonaws.com")],
        ..Target::default()
    };
    let role = iam
        .role_where(ask, "iam:PassRole", role_name, passing)
        .await?;
    let gone = AwsError::entity_not_found(Entity::Role, role_name);
    let change = |profile: &mut InstanceProfile| match &profile.role_id {
        Some(_) => Err(AwsError::quota("InstanceSessionsPerInstanceProfile", 1)),
        None => {
            profile.role_id = Some(role.unique_id.clone());
            Ok(())
        }
    };
    let added = iam.change_instance_profile(&profile, change).await;
    match added {
        // The role may have gone, or the profile: look which.
        Err(_) if iam.store().role_by_id(&role.unique_id).await?.is_none() => Err(gone.into()),
        Err(denial) => Err(denial),
        Ok(()) => Ok(shapes::nothing()),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveRoleFromInstanceProfile.html>
async fn remove_role(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name(NAME, 128);
    let role_name = input.name("RoleName", 64);
    input.finish()?;
    let action = "iam:RemoveRoleFromInstanceProfile";
    let profile = iam
        .instance_profile(ask, action, name, Target::default())
        .await?;
    let account = ask.caller.account();
    let role = iam.store().role_by_name(account, role_name).await?;
    let role = role.ok_or_else(|| AwsError::entity_not_found(Entity::Role, role_name))?;
    let change = |profile: &mut InstanceProfile| {
        if profile.role_id.as_ref() != Some(&role.unique_id) {
            return Err(AwsError::role_not_in_profile(&role.name, &profile.name));
        }
        profile.role_id = None;
        Ok(())
    };
    iam.change_instance_profile(&profile, change).await?;
    Ok(shapes::nothing())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagInstanceProfile.html>
async fn tag_instance_profile(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name(NAME, 128);
    let tags = input.required_tags();
    input.finish()?;
    check_tags(&tags)?;
    let target = Target {
        request_tags: &tags,
        ..Target::default()
    };
    let profile = iam
        .instance_profile(ask, "iam:TagInstanceProfile", name, target)
        .await?;
    let change = |profile: &mut InstanceProfile| merge_tags(&mut profile.tags, &tags);
    iam.change_instance_profile(&profile, change).await?;
    Ok(shapes::nothing())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagInstanceProfile.html>
async fn untag_instance_profile(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name(NAME, 128);
    let keys = input.required_tag_keys();
    input.finish()?;
    let target = Target {
        tag_keys: &keys,
        ..Target::default()
    };
    let profile = iam
        .instance_profile(ask, "iam:UntagInstanceProfile", name, target)
        .await?;
    let change = |profile: &mut InstanceProfile| {
        remove_tags(&mut profile.tags, &keys);
        Ok(())
    };
    iam.change_instance_profile(&profile, change).await?;
    Ok(shapes::nothing())
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfileTags.html>
async fn list_instance_profile_tags(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.name(NAME, 128);
    let page = input.page();
    input.finish()?;
    let profile = iam
        .instance_profile(ask, "iam:ListInstanceProfileTags", name, Target::default())
        .await?;
    Ok(shapes::tag_page(&page, profile.tags)?)
}
