//! Everything that decides about access in an account, in one list.

use crate::aws::xml::{Fields, Node};
use crate::iam::aws_managed::OWNER;
use crate::iam::input::Input;
use crate::iam::managed_policies;
use crate::iam::trust::Shown;
use crate::iam::{Ask, Iam, Reply, Target, shapes};
use crate::store::StoreError;
use crate::store::groups::Group;
use crate::store::inline_policies::PolicyOwner;
use crate::store::managed_policies::ManagedPolicy;
use crate::store::policy_usage::PolicyUsage;
use crate::store::roles::Role;
use crate::store::users::User;

/// The kinds that can be asked for, as `Filter` names them.
const KINDS: [&str; 5] = [
    "User",
    "Role",
    "Group",
    "LocalManagedPolicy",
    "AWSManagedPolicy",
];

/// One of the things that the answer describes.
enum Item {
    User(User),
    Group(Group),
    Role(Role),
    Policy(ManagedPolicy, PolicyUsage),
}

impl Item {
    /// The order of the answer: kind by kind, then by name.
    fn key(&self) -> String {
        let (kind, name, of) = match self {
            Item::User(user) => (1, &user.name, ""),
            Item::Group(group) => (2, &group.name, ""),
            Item::Role(role) => (3, &role.name, ""),
            Item::Policy(policy, _) => (4, &policy.name, policy.account.as_str()),
        };
        format!("{kind}{} {of}", name.to_ascii_lowercase())
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>
pub(super) async fn get_account_authorization_details(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let filter = input.strings("Filter", None, 0..=usize::MAX);
    for (place, kind) in filter.iter().enumerate() {
        let member = format!("filter.{}.member", place + 1);
        input.constraints.one_of(&member, Some(kind), &KINDS);
    }
    let page = input.page();
    input.finish()?;
    let action = "iam:GetAccountAuthorizationDetails";
    iam.allow(ask, action, Target::of("*")).await?;

    let items = items(iam, ask.caller.account(), &filter).await?;
    let part = page.part(items, Item::key)?;
    let mut lists: [Vec<Node>; 4] = Default::default();
    let [users, groups, roles, policies] = &mut lists;
    let mut trust = Shown::new(iam.store());
    for item in part.items {
        match item {
            Item::User(user) => users.push(Node::Fields(of_user(iam, user).await?)),
            Item::Group(group) => groups.push(Node::Fields(of_group(iam, group).await?)),
            Item::Role(mut role) => {
                role.trust_policy = trust.of(&role).await?;
                roles.push(Node::Fields(of_role(iam, role).await?));
            }
            Item::Policy(policy, usage) => {
                policies.push(Node::Fields(of_policy(iam, policy, usage).await?));
            }
        }
    }
    let [users, groups, roles, policies] = lists;
    let mut answer = vec![
        ("UserDetailList", Node::List(users)),
        ("GroupDetailList", Node::List(groups)),
        ("RoleDetailList", Node::List(roles)),
        ("Policies", Node::List(policies)),
    ];
    answer.extend(part.members);
    Ok(answer)
}

/// All that is asked for, in order. Of AWS's policies those that are in use here.
async fn items(iam: &Iam, account: &str, filter: &[String]) -> Result<Vec<Item>, StoreError> {
    let wanted = |kind: &str| filter.is_empty() || filter.iter().any(|named| named == kind);
    let store = iam.store();
    let mut items = Vec::new();
    if wanted("User") {
        items.extend(store.users(account).await?.into_iter().map(Item::User));
    }
    if wanted("Group") {
        items.extend(store.groups(account).await?.into_iter().map(Item::Group));
    }
    if wanted("Role") {
        items.extend(store.roles(account).await?.into_iter().map(Item::Role));
    }
    let mut policies = Vec::new();
    let usage = store.policy_usage(account).await?;
    if wanted("LocalManagedPolicy") {
        policies.extend(store.managed_policies(account).await?);
    }
    if wanted("AWSManagedPolicy") {
        let mut of_aws = store.managed_policies(OWNER).await?;
        of_aws.retain(|policy| usage.contains_key(&policy.arn));
        policies.extend(of_aws);
    }
    items.extend(policies.into_iter().map(|policy| {
        let usage = usage.get(&policy.arn).copied().unwrap_or_default();
        Item::Policy(policy, usage)
    }));
    items.sort_by_key(Item::key);
    Ok(items)
}

async fn inline(iam: &Iam, owner: &PolicyOwner) -> Result<Node, StoreError> {
    let policies = iam.store().inline_policies(owner).await?;
    let policies = policies.into_iter().map(|policy| {
        Node::Fields(vec![
            ("PolicyName", Node::text(policy.name)),
            ("PolicyDocument", shapes::document(&policy.document)),
        ])
    });
    Ok(Node::List(policies.collect()))
}

async fn attached(iam: &Iam, owner: &PolicyOwner) -> Result<Node, StoreError> {
    let policies = iam.store().attached_policies(owner).await?;
    let policies = policies.into_iter().map(|policy| {
        Node::Fields(vec![
            ("PolicyName", Node::text(policy.name)),
            ("PolicyArn", Node::text(policy.arn)),
        ])
    });
    Ok(Node::List(policies.collect()))
}

async fn of_user(iam: &Iam, user: User) -> Result<Fields, StoreError> {
    let owner = PolicyOwner::User(user.unique_id.clone());
    let groups = iam.store().groups_of(&user.unique_id).await?;
    let groups = groups.into_iter().map(|group| Node::text(group.name));
    let boundary = user.permissions_boundary.as_deref();
    Ok(vec![
        ("Path", Node::text(user.path)),
        ("UserName", Node::text(user.name)),
        ("UserId", Node::text(user.unique_id)),
        ("Arn", Node::text(user.arn)),
        ("CreateDate", shapes::moment(user.created_at)),
        ("UserPolicyList", inline(iam, &owner).await?),
        ("GroupList", Node::List(groups.collect())),
        ("AttachedManagedPolicies", attached(iam, &owner).await?),
        ("PermissionsBoundary", shapes::boundary(boundary)),
        ("Tags", shapes::tags(&user.tags)),
    ])
}

async fn of_group(iam: &Iam, group: Group) -> Result<Fields, StoreError> {
    let owner = PolicyOwner::Group(group.unique_id.clone());
    Ok(vec![
        ("Path", Node::text(group.path)),
        ("GroupName", Node::text(group.name)),
        ("GroupId", Node::text(group.unique_id)),
        ("Arn", Node::text(group.arn)),
        ("CreateDate", shapes::moment(group.created_at)),
        ("GroupPolicyList", inline(iam, &owner).await?),
        ("AttachedManagedPolicies", attached(iam, &owner).await?),
    ])
}

async fn of_role(iam: &Iam, role: Role) -> Result<Fields, StoreError> {
    let owner = PolicyOwner::Role(role.unique_id.clone());
    let profiles = iam
        .store()
        .instance_profiles_of_role(&role.unique_id)
        .await?;
    let profiles = iam.shown_profiles(profiles).await?;
    let profiles = profiles.into_iter().map(|(_, fields)| Node::Fields(fields));
    let boundary = role.permissions_boundary.as_deref();
    let last_used = iam.role_last_used(&role.unique_id).await?;
    let last_used = last_used.map_or_else(Fields::new, |(at, region)| {
        vec![
            ("LastUsedDate", shapes::moment(at)),
            ("Region", Node::text(region)),
        ]
    });
    Ok(vec![
        ("Path", Node::text(role.path)),
        ("RoleName", Node::text(role.name)),
        ("RoleId", Node::text(role.unique_id)),
        ("Arn", Node::text(role.arn)),
        ("CreateDate", shapes::moment(role.created_at)),
        (
            "AssumeRolePolicyDocument",
            shapes::document(&role.trust_policy),
        ),
        ("InstanceProfileList", Node::List(profiles.collect())),
        ("RolePolicyList", inline(iam, &owner).await?),
        ("AttachedManagedPolicies", attached(iam, &owner).await?),
        ("PermissionsBoundary", shapes::boundary(boundary)),
        ("Tags", shapes::tags(&role.tags)),
        ("RoleLastUsed", Node::Fields(last_used)),
    ])
}

async fn of_policy(
    iam: &Iam,
    policy: ManagedPolicy,
    usage: PolicyUsage,
) -> Result<Fields, StoreError> {
    let versions = iam.store().policy_versions(&policy.arn).await?;
    let versions = versions.into_iter().map(|version| {
        let in_force = version.version == policy.default_version;
        let mut fields = vec![("Document", shapes::document(&version.document))];
        fields.extend(managed_policies::version_members(&version, in_force));
        Node::Fields(fields)
    });
    let versions = Node::List(versions.collect());
    let mut fields = managed_policies::members(&policy, usage);
    fields.push(("PolicyVersionList", versions));
    Ok(fields)
}
