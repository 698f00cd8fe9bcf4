//! Policies to simulate, and where they come from.

use crate::access::Denial;
use crate::aws::arn::Arn;
use crate::aws::error::{AwsError, Entity};
use crate::iam::aws_managed::OWNER;
use crate::iam::input::Input;
use crate::iam::{Ask, Iam, PARTITION, Target};
use crate::policy::PolicyDocument;
use crate::store::cache::DENY_ALL;
use crate::store::inline_policies::PolicyOwner;
use crate::store::{Store, StoreError};

use super::foreign;

/// A policy, and what answers call it.
pub(super) struct Source {
    /// `SourcePolicyId`: the name of the policy; of an inline one, `user_NAME_POLICY`.
    pub(super) id: String,
    /// `SourcePolicyType`.
    pub(super) kind: &'static str,
    pub(super) document: PolicyDocument,
    identity: Identity,
}

/// What a call names to leave a policy out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Identity {
    /// It came with the call.
    Input,
    Managed(String),
    /// Kind of the owner, its name, the policy's name.
    Inline(String, String, String),
    /// The boundary, whichever it is.
    Boundary,
}

impl Source {
    pub(super) fn input(id: String, kind: &'static str, document: PolicyDocument) -> Source {
        Source {
            id,
            kind,
            document,
            identity: Identity::Input,
        }
    }

    fn managed(arn: &str, text: &str) -> Option<Source> {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let of_aws = arn.contains(&format!("::{OWNER}:"));
        Some(Source {
            id: name.to_owned(),
            kind: if of_aws {
                "aws-managed"
            } else {
                "user-managed"
            },
            document: read(text)?,
            identity: Identity::Managed(arn.to_owned()),
        })
    }
}

/// A stored text that does not parse might hold a Deny: then nothing at all is allowed, here as in earnest.
fn read(text: &str) -> Option<PolicyDocument> {
    let document = PolicyDocument::parse(text);
    document.or_else(|_| PolicyDocument::parse(DENY_ALL)).ok()
}

/// All that is simulated on the caller's side.
#[derive(Default)]
pub(super) struct Sources {
    pub(super) policies: Vec<Source>,
    pub(super) boundary: Option<Source>,
}

impl Sources {
    /// Leaves policies out.
    pub(super) fn exclude(&mut self, excluded: &[Identity]) {
        self.policies
            .retain(|source| !excluded.contains(&source.identity));
        if excluded.contains(&Identity::Boundary) {
            self.boundary = None;
        }
    }

    /// Adds what a user, group or role holds itself.
    async fn add(
        &mut self,
        store: &Store,
        kind: &'static str,
        name: &str,
        owner: &PolicyOwner,
    ) -> Result<(), StoreError> {
        for policy in store.inline_policies(owner).await? {
            let Some(document) = read(&policy.document) else {
                continue;
            };
            self.policies.push(Source {
                id: format!("{kind}_{name}_{}", policy.name),
                kind,
                document,
                identity: Identity::Inline(kind.to_owned(), name.to_owned(), policy.name),
            });
        }
        for policy in store.attached_policies(owner).await? {
            self.policies
                .extend(Source::managed(&policy.arn, &policy.document));
        }
        Ok(())
    }

    async fn bound(&mut self, store: &Store, arn: Option<&str>) -> Result<(), StoreError> {
        if let Some(arn) = arn {
            let found = store.managed_policy(arn).await?;
            let text = found.map_or_else(|| DENY_ALL.to_owned(), |(_, text)| text);
            self.boundary = Source::managed(arn, &text);
        }
        Ok(())
    }
}

/// `PolicyExclusionList`.
pub(super) fn exclusions(input: &mut Input<'_>) -> Result<Vec<Identity>, AwsError> {
    let members = input.params.members("PolicyExclusionList")?;
    input
        .constraints
        .count("policyExclusionList", members.len(), 256);
    let excluded = members.iter().flatten().filter_map(|member| {
        let field = |name: &str| member.get(name).map(|value| (*value).to_owned());
        let inline = |name: &str| field(&format!("InlinePolicyIdentifier.{name}"));
        if field("PolicyType").as_deref() == Some("permission-boundary") {
            return Some(Identity::Boundary);
        }
        match field("PolicyArn") {
            Some(arn) => Some(Identity::Managed(arn)),
            None => Some(Identity::Inline(
                inline("AttachmentType")?,
                inline("AttachmentName")?,
                inline("PolicyName")?,
            )),
        }
    });
    Ok(excluded.collect())
}

impl Iam {
    /// The policies of the user, group or role with this ARN, where the caller may do `action` to it: of a user those of
    /// its groups too.
    pub(super) async fn policies_of(
        &self,
        ask: &Ask<'_>,
        action: &str,
        arn: &str,
    ) -> Result<Sources, Denial> {
        let (account, entity, name) = named(arn)?;
        if account != ask.caller.account() {
            self.allow(ask, action, Target::of(arn)).await?;
            return Err(foreign(ask, action, arn));
        }
        let store = self.store();
        let mut sources = Sources::default();
        let missing = || AwsError::entity_not_found(entity, &name);
        match entity {
            Entity::User => {
                let found = store.user_by_name(&account, &name).await?;
                let found = found.filter(|user| user.arn == arn);
                let tags = found.as_ref().map_or(&[][..], |user| &user.tags);
                self.allow(
                    ask,
                    action,
                    Target {
                        tags,
                        ..Target::of(arn)
                    },
                )
                .await?;
                let user = found.ok_or_else(missing)?;
                let owner = PolicyOwner::User(user.unique_id.clone());
                sources.add(store, "user", &user.name, &owner).await?;
                for group in store.groups_of(&user.unique_id).await? {
                    let owner = PolicyOwner::Group(group.unique_id);
                    sources.add(store, "group", &group.name, &owner).await?;
                }
                let boundary = user.permissions_boundary.as_deref();
                sources.bound(store, boundary).await?;
            }
            Entity::Role => {
                let found = store.role_by_name(&account, &name).await?;
                let found = found.filter(|role| role.arn == arn);
                let tags = found.as_ref().map_or(&[][..], |role| &role.tags);
                self.allow(
                    ask,
                    action,
                    Target {
                        tags,
                        ..Target::of(arn)
                    },
                )
                .await?;
                let role = found.ok_or_else(missing)?;
                let owner = PolicyOwner::Role(role.unique_id.clone());
                sources.add(store, "role", &role.name, &owner).await?;
                let boundary = role.permissions_boundary.as_deref();
                sources.bound(store, boundary).await?;
            }
            Entity::Group => {
                let found = store.group_by_name(&account, &name).await?;
                self.allow(ask, action, Target::of(arn)).await?;
                let found = found.filter(|group| group.arn == arn);
                let group = found.ok_or_else(missing)?;
                let owner = PolicyOwner::Group(group.unique_id);
                sources.add(store, "group", &group.name, &owner).await?;
            }
        }
        Ok(sources)
    }
}

/// Account, kind and name in the ARN of a user, group or role.
fn named(arn: &str) -> Result<(String, Entity, String), AwsError> {
    let unclear = || {
        AwsError::invalid_input(format!(
            "Invalid Entity Arn: {arn} does not clearly define entity type and name."
        ))
    };
    let parsed = Arn::parse(arn).ok_or_else(unclear)?;
    let (kind, path) = parsed.resource.split_once('/').ok_or_else(unclear)?;
    let name = path.rsplit('/').next().unwrap_or_default();
    let entity = match kind {
        "user" => Entity::User,
        "group" => Entity::Group,
        "role" => Entity::Role,
        _ => return Err(unclear()),
    };
    if parsed.service != "iam" || parsed.partition != PARTITION || name.is_empty() {
        return Err(unclear());
    }
    Ok((parsed.account, entity, name.to_owned()))
}
