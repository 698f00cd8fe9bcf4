//! What belongs to users: how many there may be, their keys, their passwords, and what keeps them from being deleted.

use super::samples::{DEV, NOW, PROD, access_key, accounts, inline, managed_policy, of_user, user};
use super::{race, refused};
use crate::store::Store;
use crate::store::access_keys::KeyOwner;
use crate::store::groups::Group;
use crate::store::login_profiles::LoginProfile;
use crate::store::ties::Tie;

const ANY: usize = usize::MAX;

fn profile(user_id: &str) -> LoginProfile {
    LoginProfile {
        user_id: user_id.to_owned(),
        reset_required: true,
        created_at: NOW,
    }
}

pub(super) async fn an_account_takes_so_many_users(store: &Store) {
    accounts(store).await;
    store.create_user(&user(PROD, "zoe"), 1).await.unwrap();
    store.create_user(&user(DEV, "ann"), 2).await.unwrap();
    store.create_user(&user(DEV, "bob"), 2).await.unwrap();
    refused!(store.create_user(&user(DEV, "eve"), 2).await, Conflict);
    refused!(store.create_user(&user(DEV, "bob"), 2).await, AlreadyExists);
    assert_eq!(store.users(DEV).await.unwrap().len(), 2);
}

pub(super) async fn of_many_keys_at_once_an_owner_gets_so_many(store: &Store) {
    accounts(store).await;
    let ann = user(DEV, "ann");
    store.create_user(&ann, ANY).await.unwrap();
    for owner in [KeyOwner::Root, KeyOwner::User(ann.unique_id)] {
        let done = race(|racer| {
            let (store, owner) = (store.clone(), owner.clone());
            async move {
                let id = format!("AKIA{owner:?}{racer}");
                store.create_access_key(&access_key(&id, owner), 2).await
            }
        })
        .await;
        assert_eq!(done.iter().filter(|made| made.is_ok()).count(), 2);
        for late in done.into_iter().filter(Result::is_err) {
            refused!(late, Conflict);
        }
        let keys = store.access_keys_of(DEV, &owner).await.unwrap();
        assert_eq!(keys.len(), 2);
        assert!(keys.iter().all(|key| key.principal == owner));
        let elsewhere = store.access_keys_of(PROD, &owner).await.unwrap();
        assert!(elsewhere.is_empty());
    }
    assert_eq!(store.access_keys(DEV).await.unwrap().len(), 4);
}

pub(super) async fn a_login_profile_lives_and_dies(store: &Store) {
    accounts(store).await;
    let ann = user(DEV, "ann");
    let id = ann.unique_id.as_str();
    refused!(store.create_login_profile(&profile(id)).await, NotFound);
    store.create_user(&ann, ANY).await.unwrap();
    assert_eq!(store.login_profile(id).await.unwrap(), None);
    refused!(store.set_reset_required(id, false).await, NotFound);
    refused!(store.delete_login_profile(id).await, NotFound);
    store.create_login_profile(&profile(id)).await.unwrap();
    refused!(
        store.create_login_profile(&profile(id)).await,
        AlreadyExists
    );
    store.set_reset_required(id, false).await.unwrap();
    let found = store.login_profile(id).await.unwrap();
    let changed = LoginProfile {
        reset_required: false,
        ..profile(id)
    };
    assert_eq!(found, Some(changed));
    store.delete_login_profile(id).await.unwrap();
    assert_eq!(store.login_profile(id).await.unwrap(), None);
}

pub(super) async fn what_hangs_on_a_user_is_told_in_one_order(store: &Store) {
    accounts(store).await;
    let (ann, policy) = (user(DEV, "ann"), managed_policy("Read"));
    let (id, owner) = (ann.unique_id.as_str(), of_user(&ann));
    let group = Group {
        account: DEV.to_owned(),
        name: "Ops".to_owned(),
        path: "/".to_owned(),
        unique_id: "AGPAOPS".to_owned(),
        arn: "arn:aws:iam::111111111111:group/Ops".to_owned(),
        created_at: NOW,
    };
    let key = access_key("AKIAANN", KeyOwner::User(id.to_owned()));
    store.create_user(&ann, ANY).await.unwrap();
    store.create_group(&group, ANY).await.unwrap();
    store.create_managed_policy(&policy, "{}", 9).await.unwrap();
    store.create_login_profile(&profile(id)).await.unwrap();
    store.add_to_group("AGPAOPS", id, ANY).await.unwrap();
    let doc = inline("inline", "{}");
    store.put_inline_policy(&owner, &doc).await.unwrap();
    store.attach_policy(&owner, &policy.arn).await.unwrap();
    store.create_access_key(&key, ANY).await.unwrap();
    device(store, id).await;

    let tied = async |expected: Option<Tie>| {
        assert_eq!(store.tie_of_user(id).await.unwrap(), expected);
        if expected.is_some() {
            refused!(store.delete_user(DEV, "ann").await, Conflict);
        }
    };
    tied(Some(Tie::AccessKeys)).await;
    store.delete_access_key("AKIAANN").await.unwrap();
    tied(Some(Tie::MfaDevices)).await;
    let mut change = store.change().await.unwrap();
    let gone = sqlx::query("DELETE FROM mfa_device");
    change.run(gone).await.unwrap();
    change.commit().await.unwrap();
    tied(Some(Tie::AttachedPolicies)).await;
    store.detach_policy(&owner, &policy.arn).await.unwrap();
    tied(Some(Tie::InlinePolicies)).await;
    store.delete_inline_policy(&owner, "inline").await.unwrap();
    tied(Some(Tie::Membership)).await;
    store.remove_from_group("AGPAOPS", id).await.unwrap();
    tied(Some(Tie::LoginProfile)).await;
    store.delete_login_profile(id).await.unwrap();
    tied(None).await;
    store.delete_user(DEV, "ann").await.unwrap();
}

/// A device of this user, in the table itself: what else a device is does not matter here.
async fn device(store: &Store, user_id: &str) {
    let mut change = store.change().await.unwrap();
    let statement = sqlx::query(
        "INSERT INTO mfa_device (serial, account, name, name_key, path, sealed_seed, user_id, drift, tags, created_at)
         VALUES ('arn:mfa', $1, 'd', 'd', '/', $2, $3, 0, '[]', 0)",
    );
    let statement = statement.bind(DEV).bind(&b"seed"[..]).bind(user_id);
    change.run(statement).await.unwrap();
    change.commit().await.unwrap();
}
