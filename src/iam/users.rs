//! Users.

pub(super) mod delete;
mod tags;
mod update;

use serde_json::json;

use crate::access::{Denial, Principal};
use crate::aws::arn;
use crate::aws::constraints::ENTITY_NAME;
use crate::aws::error::{AwsError, Entity};
use crate::aws::ids::IdKind;
use crate::aws::xml::{Fields, Node};
use crate::iam::input::{self, Input};
use crate::iam::{
    Ask, Iam, Operation, PARTITION, Reply, Target, attachments, reads, shapes, writes,
};
use crate::store::StoreError;
use crate::store::access_keys::KeyOwner;
use crate::store::users::User;

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[
    writes!(create_user, "CreateUser"),
    reads!(get_user, "GetUser"),
    reads!(list_users, "ListUsers"),
    writes!(update::update_user, "UpdateUser"),
    writes!(delete::delete_user, "DeleteUser"),
    writes!(tags::tag_user, "TagUser"),
    writes!(tags::untag_user, "UntagUser"),
    reads!(tags::list_user_tags, "ListUserTags"),
];

/// Most users of one account.
const MOST_USERS: usize = 5000;

/// Whom a call is about that may leave `UserName` out.
pub(super) enum Subject {
    /// The user that was named, or that calls.
    User(User),
    /// The account's root, which calls.
    Root,
}

impl Subject {
    /// As the owner of access keys.
    pub(super) fn key_owner(&self) -> KeyOwner {
        match self {
            Subject::User(user) => KeyOwner::User(user.unique_id.clone()),
            Subject::Root => KeyOwner::Root,
        }
    }

    /// The user's name; root has none.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Subject::User(user) => Some(&user.name),
            Subject::Root => None,
        }
    }
}

impl Iam {
    /// The user a call names, where the caller may do `action` to it.
    ///
    /// One that is not there is asked about under the ARN it would have, so that only whoever may know learns that it is
    /// not there.
    pub(super) async fn user(
        &self,
        ask: &Ask<'_>,
        action: &str,
        name: &str,
    ) -> Result<User, Denial> {
        self.user_for(ask, action, name, Target::default()).await
    }

    /// The same, for a call whose permission depends on more: on tags it brings, for example.
    pub(super) async fn user_for(
        &self,
        ask: &Ask<'_>,
        action: &str,
        name: &str,
        about: Target<'_>,
    ) -> Result<User, Denial> {
        let account = ask.caller.account();
        let Some(user) = self.store().user_by_name(account, name).await? else {
            let resource = arn::iam(PARTITION, account, "user", "/", name);
            let shown = format!("user {name}");
            let target = Target {
                resource: &resource,
                shown: Some(&shown),
                ..about
            };
            self.allow(ask, action, target).await?;
            return Err(AwsError::entity_not_found(Entity::User, name).into());
        };
        let target = Target {
            resource: &user.arn,
            tags: &user.tags,
            ..about
        };
        self.allow(ask, action, target).await?;
        Ok(user)
    }

    /// The user a call names, or else the caller, where the caller may do `action` to it.
    pub(super) async fn subject(
        &self,
        ask: &Ask<'_>,
        action: &str,
        name: Option<&str>,
    ) -> Result<Subject, Denial> {
        if let Some(name) = name {
            return Ok(Subject::User(self.user(ask, action, name).await?));
        }
        match ask.caller.principal() {
            Principal::User(own) => {
                let user = self.user(ask, action, &own.user.name).await?;
                // Its name may have gone to somebody else since it was read.
                match user.unique_id == own.user.unique_id {
                    true => Ok(Subject::User(user)),
                    false => Err(AwsError::concurrent_modification().into()),
                }
            }
            Principal::Root => {
                self.allow(ask, action, Target::of(ask.caller.arn()))
                    .await?;
                Ok(Subject::Root)
            }
            Principal::Role | Principal::FederatedUser(_) => Err(AwsError::must_name_user().into()),
        }
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html>
async fn create_user(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let path = input.path();
    let name = input.name("UserName", 64);
    let boundary = input.optional_arn("PermissionsBoundary");
    let tags = input.tags();
    input.finish()?;
    let account = ask.caller.account();
    let resource = arn::iam(PARTITION, account, "user", path, name);
    let bounded: Vec<_> = boundary
        .map(|arn| ("iam:PermissionsBoundary", arn))
        .into_iter()
        .collect();
    let target = Target {
        request_tags: &tags,
        keys: &bounded,
        ..Target::of(&resource)
    };
    iam.allow(ask, "iam:CreateUser", target.clone()).await?;
    if !tags.is_empty() {
        iam.allow(ask, "iam:TagUser", target).await?;
    }
    input::check_tags(&tags)?;
    if let Some(arn) = boundary {
        attachments::check_boundary(iam, account, arn).await?;
    }
    let user = User {
        account: account.to_owned(),
        name: name.to_owned(),
        path: path.to_owned(),
        unique_id: iam.new_id(IdKind::User, account)?,
        arn: resource,
        permissions_boundary: boundary.map(str::to_owned),
        tags: input::pairs(&tags),
        created_at: ask.call.unix(),
    };
    match iam.store().create_user(&user, MOST_USERS).await {
        Ok(()) => {}
        Err(StoreError::AlreadyExists) => {
            return Err(AwsError::name_taken(Entity::User, name).into());
        }
        Err(StoreError::Conflict) => {
            return Err(AwsError::quota("UsersPerAccount", MOST_USERS).into());
        }
        Err(other) => return Err(other.into()),
    }
    ask.elements = json!({ "user": {
        "path": user.path,
        "userName": user.name,
        "userId": user.unique_id,
        "arn": user.arn,
        "createDate": shapes::trail_moment(user.created_at),
    } });
    Ok(vec![("User", Node::Fields(whole(&user)))])
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html>
async fn get_user(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = input.optional("UserName", Some(ENTITY_NAME), 1..=128);
    input.finish()?;
    let fields = match iam.subject(ask, "iam:GetUser", name).await? {
        Subject::User(user) => whole(&user),
        Subject::Root => root(iam, ask).await?,
    };
    Ok(vec![("User", Node::Fields(fields))])
}

/// Root has neither name nor path. How old the account is nobody wrote down: its oldest key stands for it.
async fn root(iam: &Iam, ask: &Ask<'_>) -> Result<Fields, StoreError> {
    let account = ask.caller.account();
    let keys = iam.store().access_keys_of(account, &KeyOwner::Root).await?;
    let oldest = keys
        .first()
        .map_or(Node::Absent, |key| shapes::moment(key.created_at));
    Ok(vec![
        ("UserId", Node::text(account)),
        ("Arn", Node::text(ask.caller.arn())),
        ("CreateDate", oldest),
    ])
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html>
async fn list_users(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let prefix = input.path_prefix();
    let page = input.page();
    input.finish()?;
    let account = ask.caller.account();
    let resource = arn::iam(PARTITION, account, "user", prefix, "");
    iam.allow(ask, "iam:ListUsers", Target::of(&resource))
        .await?;
    let mut users = iam.store().users(account).await?;
    users.retain(|user| user.path.starts_with(prefix));
    Ok(page.cut("Users", users, by_name, |user| Node::Fields(listed(&user)))?)
}

/// The key by which the store sorts users.
pub(super) fn by_name(user: &User) -> String {
    user.name.to_ascii_lowercase()
}

/// A user in a list: neither tags nor boundary.
pub(super) fn listed(user: &User) -> Fields {
    vec![
        ("Path", Node::text(&user.path)),
        ("UserName", Node::text(&user.name)),
        ("UserId", Node::text(&user.unique_id)),
        ("Arn", Node::text(&user.arn)),
        ("CreateDate", shapes::moment(user.created_at)),
    ]
}

fn whole(user: &User) -> Fields {
    let mut fields = listed(user);
    let boundary = user.permissions_boundary.as_deref();
    fields.push(("PermissionsBoundary", shapes::boundary(boundary)));
    fields.push(("Tags", shapes::tags_if_any(&user.tags)));
    fields
}
