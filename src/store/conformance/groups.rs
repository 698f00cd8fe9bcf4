//! Groups, who is in them, and what keeps a group from being deleted.

use super::samples::{DEV, NOW, PROD, accounts, inline, managed_policy, user};
use super::{race, refused};
use crate::store::groups::Group;
use crate::store::inline_policies::PolicyOwner;
use crate::store::ties::Tie;
use crate::store::{Store, StoreError};

const ANY: usize = usize::MAX;

fn group(account: &str, name: &str) -> Group {
    Group {
        account: account.to_owned(),
        name: name.to_owned(),
        path: "/".to_owned(),
        unique_id: format!("AGPA{account}{name}"),
        arn: format!("arn:aws:iam::{account}:group/{name}"),
        created_at: NOW,
    }
}

pub(super) async fn a_group_is_created_found_and_listed(store: &Store) {
    refused!(store.create_group(&group(DEV, "Ops"), ANY).await, NotFound);
    accounts(store).await;
    let (ops, builders) = (group(DEV, "Ops"), group(DEV, "builders"));
    store.create_group(&ops, ANY).await.unwrap();
    store.create_group(&builders, ANY).await.unwrap();
    store.create_group(&group(PROD, "Ops"), ANY).await.unwrap();
    let again = Group {
        unique_id: "AGPAOTHER".to_owned(),
        ..group(DEV, "OPS")
    };
    refused!(store.create_group(&again, ANY).await, AlreadyExists);
    let found = store.group_by_name(DEV, "oPS").await.unwrap();
    assert_eq!(found.as_ref(), Some(&ops));
    assert_eq!(store.group_by_name(DEV, "Op").await.unwrap(), None);
    assert_eq!(store.groups(DEV).await.unwrap(), [builders, ops]);
}

pub(super) async fn an_account_takes_so_many_groups(store: &Store) {
    accounts(store).await;
    store.create_group(&group(PROD, "Other"), 1).await.unwrap();
    store.create_group(&group(DEV, "One"), 2).await.unwrap();
    store.create_group(&group(DEV, "Two"), 2).await.unwrap();
    refused!(store.create_group(&group(DEV, "Three"), 2).await, Conflict);
    // A name that is taken is said to be taken, full or not.
    refused!(
        store.create_group(&group(DEV, "Two"), 2).await,
        AlreadyExists
    );
    assert_eq!(store.groups(DEV).await.unwrap().len(), 2);
}

pub(super) async fn a_group_is_moved_and_keeps_its_users(store: &Store) {
    accounts(store).await;
    let (ops, ann) = (group(DEV, "Ops"), user(DEV, "ann"));
    store.create_group(&ops, ANY).await.unwrap();
    store.create_group(&group(DEV, "Taken"), ANY).await.unwrap();
    store.create_user(&ann, ANY).await.unwrap();
    let id = &ops.unique_id;
    store.add_to_group(id, &ann.unique_id, ANY).await.unwrap();
    let arn = "arn:aws:iam::111111111111:group/a/TAKEN";
    let onto = store.move_group(id, "TAKEN", "/a/", arn).await;
    refused!(onto, AlreadyExists);
    let gone = store.move_group("AGPANONE", "X", "/", "arn:x").await;
    refused!(gone, NotFound);
    let moved = Group {
        name: "Operators".to_owned(),
        path: "/a/".to_owned(),
        arn: "arn:aws:iam::111111111111:group/a/Operators".to_owned(),
        ..ops.clone()
    };
    store
        .move_group(id, &moved.name, &moved.path, &moved.arn)
        .await
        .unwrap();
    assert_eq!(store.group_by_name(DEV, "Ops").await.unwrap(), None);
    assert_eq!(store.groups_of(&ann.unique_id).await.unwrap(), [moved]);
}

pub(super) async fn a_user_joins_once_and_leaves(store: &Store) {
    accounts(store).await;
    let (ops, other) = (group(DEV, "Ops"), group(DEV, "builders"));
    let (bob, ann) = (user(DEV, "bob"), user(DEV, "Ann"));
    for group in [&ops, &other] {
        store.create_group(group, ANY).await.unwrap();
    }
    for user in [&bob, &ann] {
        store.create_user(user, ANY).await.unwrap();
        let id = &user.unique_id;
        store.add_to_group(&ops.unique_id, id, 1).await.unwrap();
    }
    let before = store.version().await.unwrap();
    let again = store.add_to_group(&ops.unique_id, &ann.unique_id, 1).await;
    again.unwrap();
    let stranger = store
        .remove_from_group(&other.unique_id, &ann.unique_id)
        .await;
    stranger.unwrap();
    assert_eq!(store.version().await.unwrap(), before);
    let members = store.group_members(&ops.unique_id).await.unwrap();
    assert_eq!(members, [ann.clone(), bob]);
    store
        .add_to_group(&other.unique_id, &ann.unique_id, 2)
        .await
        .unwrap();
    let groups = store.groups_of(&ann.unique_id).await.unwrap();
    assert_eq!(groups, [other.clone(), ops.clone()]);
    store
        .remove_from_group(&ops.unique_id, &ann.unique_id)
        .await
        .unwrap();
    let groups = store.groups_of(&ann.unique_id).await.unwrap();
    assert_eq!(groups, [other]);
}

pub(super) async fn a_membership_needs_both_sides(store: &Store) {
    accounts(store).await;
    let (ops, ann) = (group(DEV, "Ops"), user(DEV, "ann"));
    store.create_group(&ops, ANY).await.unwrap();
    store.create_user(&ann, ANY).await.unwrap();
    let no_user = store.add_to_group(&ops.unique_id, "AIDANONE", ANY).await;
    refused!(no_user, NotFound);
    let no_group = store.add_to_group("AGPANONE", &ann.unique_id, ANY).await;
    refused!(no_group, NotFound);
}

pub(super) async fn of_many_groups_at_once_a_user_joins_so_many(store: &Store) {
    accounts(store).await;
    let ann = user(DEV, "ann");
    store.create_user(&ann, ANY).await.unwrap();
    let done = race(|racer| {
        let (store, ann) = (store.clone(), ann.unique_id.clone());
        async move {
            let group = group(DEV, &format!("G{racer}"));
            store.create_group(&group, ANY).await?;
            store.add_to_group(&group.unique_id, &ann, 10).await
        }
    })
    .await;
    assert_eq!(done.iter().filter(|joined| joined.is_ok()).count(), 10);
    for late in done.into_iter().filter(Result::is_err) {
        refused!(late, Conflict);
    }
    assert_eq!(store.groups_of(&ann.unique_id).await.unwrap().len(), 10);
}

pub(super) async fn a_group_with_users_or_policies_cannot_be_deleted(store: &Store) {
    accounts(store).await;
    let (ops, ann, policy) = (group(DEV, "Ops"), user(DEV, "ann"), managed_policy("Read"));
    let id = ops.unique_id.as_str();
    let owner = PolicyOwner::Group(id.to_owned());
    store.create_group(&ops, ANY).await.unwrap();
    store.create_user(&ann, ANY).await.unwrap();
    store.create_managed_policy(&policy, "{}", 9).await.unwrap();
    store.add_to_group(id, &ann.unique_id, ANY).await.unwrap();
    let doc = inline("inline", "{}");
    store.put_inline_policy(&owner, &doc).await.unwrap();
    store.attach_policy(&owner, &policy.arn).await.unwrap();
    refused!(store.delete_group(id).await, Conflict);
    let tie = store.tie_of_group(id).await.unwrap();
    assert_eq!(tie, Some(Tie::AttachedPolicies));
    store.detach_policy(&owner, &policy.arn).await.unwrap();
    let tie = store.tie_of_group(id).await.unwrap();
    assert_eq!(tie, Some(Tie::InlinePolicies));
    store.delete_inline_policy(&owner, "inline").await.unwrap();
    let tie = store.tie_of_group(id).await.unwrap();
    assert_eq!(tie, Some(Tie::Membership));
    refused!(store.delete_group(id).await, Conflict);
    store.remove_from_group(id, &ann.unique_id).await.unwrap();
    assert_eq!(store.tie_of_group(id).await.unwrap(), None);
    store.delete_group(id).await.unwrap();
    refused!(store.delete_group(id).await, NotFound);
}

pub(super) async fn every_change_to_groups_increases_the_version(store: &Store) {
    accounts(store).await;
    let (ops, ann) = (group(DEV, "Ops"), user(DEV, "ann"));
    store.create_user(&ann, ANY).await.unwrap();
    let before = store.version().await.unwrap();
    let id = &ops.unique_id;
    let changes = async {
        store.create_group(&ops, ANY).await?;
        store.add_to_group(id, &ann.unique_id, ANY).await?;
        store.move_group(id, "Ops2", "/", "arn:ops2").await?;
        store.remove_from_group(id, &ann.unique_id).await?;
        store.delete_group(id).await?;
        Ok::<_, StoreError>(())
    };
    changes.await.unwrap();
    assert_eq!(store.version().await.unwrap(), before + 5);
}
