//! Inline and managed policies.

use super::samples::{DEV, NOW, accounts, full_role, inline, managed_policy, of_role, role};
use super::{race, refused};
use crate::store::inline_policies::{InlinePolicy, PolicyOwner};
use crate::store::{Store, StoreError};

pub(super) async fn an_inline_policy_is_replaced_ignoring_case(store: &Store) {
    accounts(store).await;
    let role = role(DEV, "Developer");
    let owner = of_role(&role);
    store.create_role(&role).await.unwrap();
    let exact = "{ \"Version\":\"2012-10-17\" ,\r\n\"Statement\":[]}";
    store
        .put_inline_policy(&owner, &inline("b", "{}"))
        .await
        .unwrap();
    store
        .put_inline_policy(&owner, &inline("Reading", "{}"))
        .await
        .unwrap();
    store
        .put_inline_policy(&owner, &inline("READING", exact))
        .await
        .unwrap();
    let policies = store.inline_policies(&owner).await.unwrap();
    assert_eq!(policies, [inline("b", "{}"), inline("READING", exact)]);
    // A user with the same unique id would be somebody else.
    let other = PolicyOwner::User(role.unique_id.clone());
    assert!(store.inline_policies(&other).await.unwrap().is_empty());
    refused!(store.delete_inline_policy(&owner, "none").await, NotFound);
    store.delete_inline_policy(&owner, "reading").await.unwrap();
    assert_eq!(store.inline_policies(&owner).await.unwrap().len(), 1);
}

pub(super) async fn a_policy_needs_its_owner(store: &Store) {
    accounts(store).await;
    let (nobody, policy) = (of_role(&role(DEV, "Nobody")), managed_policy("Reading"));
    store.create_managed_policy(&policy, "{}", 9).await.unwrap();
    let put = store.put_inline_policy(&nobody, &inline("p", "{}")).await;
    refused!(put, NotFound);
    refused!(store.attach_policy(&nobody, &policy.arn).await, NotFound);
    let somebody = role(DEV, "Somebody");
    store.create_role(&somebody).await.unwrap();
    let attached = store.attach_policy(&of_role(&somebody), "arn:none").await;
    refused!(attached, NotFound);
}

/// At most four characters in all.
fn four(policies: &[InlinePolicy]) -> Result<(), StoreError> {
    let all: usize = policies.iter().map(|policy| policy.document.len()).sum();
    match all > 4 {
        true => Err(StoreError::Conflict),
        false => Ok(()),
    }
}

pub(super) async fn inline_policies_are_put_only_where_they_fit(store: &Store) {
    accounts(store).await;
    let role = role(DEV, "Developer");
    let owner = of_role(&role);
    store.create_role(&role).await.unwrap();
    let put = async |name: &str, document: &str| {
        let policy = inline(name, document);
        store.put_inline_policy_within(&owner, &policy, four).await
    };
    put("a", "1234").await.unwrap();
    // What is replaced does not count.
    put("A", "123").await.unwrap();
    refused!(put("b", "12").await, Conflict);
    put("b", "1").await.unwrap();
    let policies = store.inline_policies(&owner).await.unwrap();
    assert_eq!(policies, [inline("A", "123"), inline("b", "1")]);
}

pub(super) async fn one_of_two_policies_that_do_not_fit_together_is_put(store: &Store) {
    accounts(store).await;
    let role = role(DEV, "Developer");
    store.create_role(&role).await.unwrap();
    let done = race(|racer| {
        let (store, owner) = (store.clone(), of_role(&role));
        async move {
            let policy = inline(&format!("p{racer}"), "123");
            store.put_inline_policy_within(&owner, &policy, four).await
        }
    })
    .await;
    assert_eq!(done.iter().filter(|put| put.is_ok()).count(), 1);
}

pub(super) async fn an_owner_has_so_many_attached_policies_and_no_more(store: &Store) {
    accounts(store).await;
    let role = role(DEV, "Developer");
    let owner = of_role(&role);
    store.create_role(&role).await.unwrap();
    let (one, two, three) = (
        managed_policy("one"),
        managed_policy("two"),
        managed_policy("three"),
    );
    for policy in [&one, &two, &three] {
        store.create_managed_policy(policy, "{}", 9).await.unwrap();
    }
    for policy in [&one, &two, &one] {
        let attached = store.attach_policy_within(&owner, &policy.arn, 2).await;
        attached.unwrap();
    }
    let third = store.attach_policy_within(&owner, &three.arn, 2).await;
    refused!(third, Conflict);
    assert_eq!(store.attached_policies(&owner).await.unwrap().len(), 2);
}

pub(super) async fn attached_policies_answer_the_documents_in_force(store: &Store) {
    accounts(store).await;
    let (role, reading, writing) = (
        role(DEV, "Developer"),
        managed_policy("Reading"),
        managed_policy("awriting"),
    );
    let owner = of_role(&role);
    store.create_role(&role).await.unwrap();
    for (policy, document) in [(&reading, "r1"), (&writing, "w1")] {
        store
            .create_managed_policy(policy, document, 9)
            .await
            .unwrap();
    }
    for policy in [&reading, &reading, &writing] {
        store.attach_policy(&owner, &policy.arn).await.unwrap();
    }
    store
        .create_policy_version(&reading.arn, "r2", true, 5, NOW)
        .await
        .unwrap();
    let attached = store.attached_policies(&owner).await.unwrap();
    let seen: Vec<(&str, &str)> = attached
        .iter()
        .map(|policy| (policy.name.as_str(), policy.document.as_str()))
        .collect();
    assert_eq!(seen, [("awriting", "w1"), ("Reading", "r2")]);
    store.detach_policy(&owner, &reading.arn).await.unwrap();
    refused!(store.detach_policy(&owner, &reading.arn).await, NotFound);
    assert_eq!(store.attached_policies(&owner).await.unwrap().len(), 1);
}

pub(super) async fn a_managed_policy_in_use_cannot_be_deleted(store: &Store) {
    accounts(store).await;
    let policy = managed_policy("Edge");
    store.create_managed_policy(&policy, "{}", 9).await.unwrap();
    let bounded = full_role();
    assert_eq!(bounded.permissions_boundary.as_ref(), Some(&policy.arn));
    store.create_role(&bounded).await.unwrap();
    refused!(store.delete_managed_policy(&policy.arn).await, Conflict);
    store.delete_role(DEV, &bounded.name).await.unwrap();
    let plain = role(DEV, "Plain");
    store.create_role(&plain).await.unwrap();
    store
        .attach_policy(&of_role(&plain), &policy.arn)
        .await
        .unwrap();
    refused!(store.delete_managed_policy(&policy.arn).await, Conflict);
    store
        .detach_policy(&of_role(&plain), &policy.arn)
        .await
        .unwrap();
    store.delete_managed_policy(&policy.arn).await.unwrap();
    refused!(store.delete_managed_policy(&policy.arn).await, NotFound);
    assert_eq!(store.managed_policy(&policy.arn).await.unwrap(), None);
}
