//! Long-lived access keys of users, and of root.

use serde_json::json;

use crate::access::Denial;
use crate::aws::arn;
use crate::aws::constraints::{ENTITY_NAME, Pattern, WORD};
use crate::aws::error::{AwsError, Entity};
use crate::aws::ids::IdKind;
use crate::aws::xml::Node;
use crate::iam::input::Input;
use crate::iam::users::Subject;
use crate::iam::{Ask, Iam, Operation, PARTITION, Reply, Target, reads, root_keys, shapes, writes};
use crate::store::StoreError;
use crate::store::access_keys::{AccessKey, KeyOwner};
use crate::store::last_use::UseKind;

/// The operations of this noun.
pub(super) const OPERATIONS: &[Operation] = &[
    writes!(create_access_key, "CreateAccessKey"),
    reads!(list_access_keys, "ListAccessKeys"),
    writes!(update_access_key, "UpdateAccessKey"),
    writes!(delete_access_key, "DeleteAccessKey"),
    reads!(get_access_key_last_used, "GetAccessKeyLastUsed"),
];

/// Most keys of one user, and of root.
const MOST_KEYS: usize = 2;

const KEY_ID: Pattern = Pattern {
    text: r"[\w]+",
    may_be_empty: false,
    ..WORD
};

fn user_name<'a>(input: &mut Input<'a>) -> Option<&'a str> {
    input.optional("UserName", Some(ENTITY_NAME), 1..=128)
}

fn status(active: bool) -> &'static str {
    match active {
        true => "Active",
        false => "Inactive",
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html>
///
/// The secret is in this answer and nowhere else, the trail included.
async fn create_access_key(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = user_name(&mut input);
    input.finish()?;
    let subject = iam.subject(ask, "iam:CreateAccessKey", name).await?;
    let account = ask.caller.account();
    let id = iam.new_id(IdKind::LongTermKey, account)?;
    let secret = root_keys::secret(&*iam.random);
    let sealed = root_keys::sealed(&id, &secret, &iam.ring, &*iam.random);
    let key = AccessKey {
        id,
        account: account.to_owned(),
        principal: subject.key_owner(),
        sealed_secret: sealed.map_err(|_| AwsError::internal())?,
        active: true,
        created_at: ask.call.unix(),
    };
    let creation = iam.store().create_access_key(&key, MOST_KEYS);
    // Root's answer must have a name as well.
    let owner = subject.name().unwrap_or("root");
    match creation.await {
        Ok(()) => {}
        Err(StoreError::Conflict) => {
            return Err(AwsError::quota("AccessKeysPerUser", MOST_KEYS).into());
        }
        Err(StoreError::NotFound) => {
            return Err(AwsError::entity_not_found(Entity::User, owner).into());
        }
        Err(StoreError::AlreadyExists) => return Err(AwsError::internal().into()),
        Err(other) => return Err(other.into()),
    }
    ask.elements = json!({ "accessKey": {
        "accessKeyId": key.id,
        "status": status(true),
        "userName": owner,
        "createDate": shapes::trail_moment(key.created_at),
    } });
    let fields = vec![
        ("UserName", Node::text(owner)),
        ("AccessKeyId", Node::text(&key.id)),
        ("Status", Node::text(status(true))),
        ("SecretAccessKey", Node::text(secret.expose())),
        ("CreateDate", shapes::moment(key.created_at)),
    ];
    Ok(vec![("AccessKey", Node::Fields(fields))])
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html>
async fn list_access_keys(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = user_name(&mut input);
    let page = input.page();
    input.finish()?;
    let subject = iam.subject(ask, "iam:ListAccessKeys", name).await?;
    let owner = subject.key_owner();
    let keys = iam
        .store()
        .access_keys_of(ask.caller.account(), &owner)
        .await?;
    let by_age = |key: &AccessKey| format!("{:020} {}", key.created_at, key.id);
    Ok(page.cut("AccessKeyMetadata", keys, by_age, |key| {
        Node::Fields(vec![
            ("UserName", Node::optional(subject.name())),
            ("AccessKeyId", Node::text(key.id)),
            ("Status", Node::text(status(key.active))),
            ("CreateDate", shapes::moment(key.created_at)),
        ])
    })?)
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html>
async fn update_access_key(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = user_name(&mut input);
    let id = input.required("AccessKeyId", Some(KEY_ID), 16..=128);
    let wanted = ask.params.get("Status");
    input.constraints.required("status", wanted);
    input.one_of("Status", &["Active", "Inactive", "Expired"]);
    input.finish()?;
    let subject = iam.subject(ask, "iam:UpdateAccessKey", name).await?;
    if wanted == Some("Expired") {
        return Err(AwsError::invalid_input("An access key cannot be set to Expired.").into());
    }
    must_own(iam, ask, &subject, id).await?;
    let active = wanted == Some("Active");
    match iam.store().set_access_key_active(id, active).await {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::NotFound) => Err(AwsError::access_key_not_found(id).into()),
        Err(other) => Err(other.into()),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html>
async fn delete_access_key(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let name = user_name(&mut input);
    let id = input.required("AccessKeyId", Some(KEY_ID), 16..=128);
    input.finish()?;
    let subject = iam.subject(ask, "iam:DeleteAccessKey", name).await?;
    must_own(iam, ask, &subject, id).await?;
    match iam.store().delete_access_key(id).await {
        Ok(()) => Ok(shapes::nothing()),
        Err(StoreError::NotFound) => Err(AwsError::access_key_not_found(id).into()),
        Err(other) => Err(other.into()),
    }
}

/// A key of anybody else is no key.
async fn must_own(iam: &Iam, ask: &Ask<'_>, subject: &Subject, id: &str) -> Result<(), Denial> {
    let key = iam.store().access_key(id).await?;
    let owner = subject.key_owner();
    let own = |key: &AccessKey| key.account == ask.caller.account() && key.principal == owner;
    match key.as_ref().is_some_and(own) {
        true => Ok(()),
        false => Err(AwsError::access_key_not_found(id).into()),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html>
///
/// AWS answers an unknown key as one that the caller may not ask about, so that nobody can try ids: so does this.
async fn get_access_key_last_used(iam: &Iam, ask: &mut Ask<'_>) -> Reply {
    let mut input = Input::new(ask.params);
    let id = input.required("AccessKeyId", Some(KEY_ID), 16..=128);
    input.finish()?;
    let action = "iam:GetAccessKeyLastUsed";
    let account = ask.caller.account();
    let shown = format!("access key {id}");
    let unknown = || AwsError::no_such_key_to_see(ask.caller.arn(), id);
    let root = arn::root(PARTITION, account);
    let key = iam.store().access_key(id).await?;
    let Some(key) = key.filter(|key| key.account == account) else {
        // Those who may not ask at all hear of that, as about any other key.
        let target = Target {
            shown: Some(&shown),
            ..Target::of(&root)
        };
        iam.allow(ask, action, target).await?;
        return Err(unknown().into());
    };
    let user = match &key.principal {
        KeyOwner::Root => None,
        KeyOwner::User(unique_id) => {
            let user = iam.store().user(unique_id).await?;
            Some(user.ok_or_else(unknown)?)
        }
    };
    let target = Target {
        resource: user.as_ref().map_or(&root, |user| &user.arn),
        shown: Some(&shown),
        tags: user.as_ref().map_or(&[], |user| &user.tags),
        ..Target::default()
    };
    iam.allow(ask, action, target).await?;
    let last = iam.last_use(UseKind::AccessKey, id).await?;
    let word = |known: Option<&String>| known.map_or_else(|| "N/A".to_owned(), Clone::clone);
    let last_used = vec![
        (
            "LastUsedDate",
            last.as_ref()
                .map_or(Node::Absent, |last| shapes::moment(last.at)),
        ),
        (
            "ServiceName",
            Node::text(word(last.as_ref().map(|last| &last.service))),
        ),
        (
            "Region",
            Node::text(word(last.as_ref().map(|last| &last.region))),
        ),
    ];
    Ok(vec![
        ("UserName", Node::optional(user.map(|user| user.name))),
        ("AccessKeyLastUsed", Node::Fields(last_used)),
    ])
}
