//! Managed policies: their versions, and who uses them.

use super::refused;
use super::samples::{DEV, NOW, PROD, accounts, managed_policy, of_role, of_user, role, tag, user};
use super::{is_already_exists, race};
use crate::store::managed_policies::ManagedPolicy;
use crate::store::policy_usage::{EntityKind, PolicyUsage};
use crate::store::{Store, StoreError};

/// Makes one with the document `v1`.
async fn made(store: &Store, name: &str) -> ManagedPolicy {
    let policy = managed_policy(name);
    store.create_managed_policy(&policy, "v1", 9).await.unwrap();
    policy
}

async fn numbers(store: &Store, policy: &ManagedPolicy) -> Vec<i64> {
    let versions = store.policy_versions(&policy.arn).await.unwrap();
    versions.iter().map(|version| version.version).collect()
}

pub(super) async fn a_managed_policy_comes_back_as_it_was_created(store: &Store) {
    accounts(store).await;
    let mut policy = managed_policy("Reading");
    policy.path = "/teams/a/".to_owned();
    policy.arn = format!("arn:aws:iam::{DEV}:policy/teams/a/Reading");
    policy.description = "reads 'things'".to_owned();
    policy.tags = vec![tag("Team", "a"), tag("cost", "")];
    policy.updated_at = NOW + 1;
    assert_eq!(store.managed_policy(&policy.arn).await.unwrap(), None);
    let exact = "{ \"Version\":\"2012-10-17\" ,\r\n\"Statement\":[]} ü";
    store
        .create_managed_policy(&policy, exact, 9)
        .await
        .unwrap();
    let found = store.managed_policy(&policy.arn).await.unwrap();
    assert_eq!(found, Some((policy.clone(), exact.to_owned())));
    assert_eq!(store.managed_policies(DEV).await.unwrap(), [policy]);
    assert!(store.managed_policies(PROD).await.unwrap().is_empty());
}

pub(super) async fn a_managed_policy_name_is_unique_in_its_account_ignoring_case(store: &Store) {
    accounts(store).await;
    made(store, "Reading").await;
    let mut same_name = managed_policy("READING");
    same_name.path = "/teams/".to_owned();
    same_name.arn = format!("arn:aws:iam::{DEV}:policy/teams/READING");
    refused!(
        store.create_managed_policy(&same_name, "{}", 9).await,
        AlreadyExists
    );
    let mut elsewhere = managed_policy("Reading");
    elsewhere.account = PROD.to_owned();
    elsewhere.arn = format!("arn:aws:iam::{PROD}:policy/Reading");
    elsewhere.unique_id = "ANPAELSEWHERE".to_owned();
    store
        .create_managed_policy(&elsewhere, "{}", 9)
        .await
        .unwrap();
}

pub(super) async fn an_account_has_no_more_managed_policies_than_it_may(store: &Store) {
    accounts(store).await;
    made(store, "One").await;
    let (two, three) = (managed_policy("Two"), managed_policy("Three"));
    store.create_managed_policy(&two, "{}", 2).await.unwrap();
    refused!(store.create_managed_policy(&three, "{}", 2).await, Conflict);
    assert_eq!(store.managed_policies(DEV).await.unwrap().len(), 2);
}

pub(super) async fn one_of_many_creators_of_a_managed_policy_wins(store: &Store) {
    accounts(store).await;
    let results = race(|racer| {
        let store = store.clone();
        let mut policy = managed_policy("Reading");
        policy.unique_id = format!("ANPA{racer}");
        async move { store.create_managed_policy(&policy, "{}", 9).await }
    })
    .await;
    assert_eq!(results.iter().filter(|one| one.is_ok()).count(), 1);
    let others = results.iter().filter(|one| one.is_err());
    assert!(others.into_iter().all(is_already_exists));
}

pub(super) async fn a_managed_policy_has_versions_and_one_is_in_force(store: &Store) {
    accounts(store).await;
    let policy = made(store, "Reading").await;
    let arn = &policy.arn;
    let second = store.create_policy_version(arn, "v2", false, 5, NOW + 1);
    assert_eq!(second.await.unwrap(), 2);
    let in_force = || async {
        let found = store.managed_policy(arn).await.unwrap();
        let (policy, document) = found.unwrap();
        (policy.default_version, document, policy.updated_at)
    };
    assert_eq!(in_force().await, (1, "v1".to_owned(), NOW + 1));
    let third = store.create_policy_version(arn, "v3", true, 5, NOW + 2);
    assert_eq!(third.await.unwrap(), 3);
    assert_eq!(in_force().await, (3, "v3".to_owned(), NOW + 2));
    store
        .set_default_policy_version(arn, 2, NOW + 3)
        .await
        .unwrap();
    assert_eq!(in_force().await, (2, "v2".to_owned(), NOW + 3));
    assert_eq!(numbers(store, &policy).await, [3, 2, 1]);
    let one = store.policy_version(arn, 2).await.unwrap().unwrap();
    assert_eq!((one.document.as_str(), one.created_at), ("v2", NOW + 1));
    assert_eq!(store.policy_version(arn, 4).await.unwrap(), None);
    let nine = store.set_default_policy_version(arn, 9, NOW);
    refused!(nine.await, NotFound);
    let nowhere = store.create_policy_version("arn:none", "v1", true, 5, NOW);
    refused!(nowhere.await, NotFound);
}

pub(super) async fn a_version_number_is_not_used_again(store: &Store) {
    accounts(store).await;
    let policy = made(store, "Reading").await;
    for _ in 0..2 {
        let next = store.create_policy_version(&policy.arn, "{}", false, 5, NOW);
        let next = next.await.unwrap();
        store
            .delete_policy_version(&policy.arn, next)
            .await
            .unwrap();
    }
    let next = store.create_policy_version(&policy.arn, "{}", false, 5, NOW);
    assert_eq!(next.await.unwrap(), 4);
    assert_eq!(numbers(store, &policy).await, [4, 1]);
}

pub(super) async fn versions_created_at_once_stop_at_the_quota(store: &Store) {
    accounts(store).await;
    let policy = made(store, "Reading").await;
    let results = race(|_| {
        let (store, arn) = (store.clone(), policy.arn.clone());
        async move { store.create_policy_version(&arn, "{}", false, 5, NOW).await }
    })
    .await;
    assert_eq!(results.iter().filter(|one| one.is_ok()).count(), 4);
    for result in results.into_iter().filter(Result::is_err) {
        refused!(result, Conflict);
    }
    assert_eq!(numbers(store, &policy).await, [5, 4, 3, 2, 1]);
}

pub(super) async fn the_version_in_force_cannot_be_deleted(store: &Store) {
    accounts(store).await;
    let policy = made(store, "Reading").await;
    refused!(store.delete_policy_version(&policy.arn, 1).await, Conflict);
    refused!(store.delete_policy_version(&policy.arn, 2).await, NotFound);
}

pub(super) async fn a_managed_policy_with_several_versions_cannot_be_deleted(store: &Store) {
    accounts(store).await;
    let policy = made(store, "Reading").await;
    let arn = &policy.arn;
    let second = store.create_policy_version(arn, "{}", false, 5, NOW);
    second.await.unwrap();
    refused!(store.delete_managed_policy(arn).await, Conflict);
    store.delete_policy_version(arn, 2).await.unwrap();
    store.delete_managed_policy(arn).await.unwrap();
    assert!(store.policy_versions(arn).await.unwrap().is_empty());
}

pub(super) async fn tags_of_a_managed_policy_are_changed_or_left(store: &Store) {
    accounts(store).await;
    let policy = made(store, "Reading").await;
    let changed = store.update_policy_tags::<StoreError>(&policy.arn, |tags| {
        tags.push(tag("Team", "a"));
        Ok(())
    });
    changed.await.unwrap();
    let failed = store.update_policy_tags(&policy.arn, |tags| {
        tags.clear();
        Err(StoreError::Conflict)
    });
    refused!(failed.await, Conflict);
    let (found, _) = store.managed_policy(&policy.arn).await.unwrap().unwrap();
    assert_eq!(found.tags, [tag("Team", "a")]);
    let nowhere = store.update_policy_tags::<StoreError>("arn:none", |_| Ok(()));
    refused!(nowhere.await, NotFound);
}

pub(super) async fn seeded_policies_are_written_once_and_corrected(store: &Store) {
    accounts(store).await;
    let of_aws = |version: i64| ManagedPolicy {
        account: "aws".to_owned(),
        arn: "arn:aws:iam::aws:policy/Reading".to_owned(),
        default_version: version,
        ..managed_policy("Reading")
    };
    store
        .seed_managed_policies(&[(of_aws(7), "seven")])
        .await
        .unwrap();
    let reader = role(DEV, "Reader");
    store.create_role(&reader).await.unwrap();
    let arn = of_aws(7).arn;
    store.attach_policy(&of_role(&reader), &arn).await.unwrap();
    let before = store.version().await.unwrap();
    store
        .seed_managed_policies(&[(of_aws(7), "seven")])
        .await
        .unwrap();
    assert_eq!(store.version().await.unwrap(), before);
    store
        .seed_managed_policies(&[(of_aws(8), "eight")])
        .await
        .unwrap();
    let found = store.managed_policy(&arn).await.unwrap();
    assert_eq!(found, Some((of_aws(8), "eight".to_owned())));
    assert_eq!(numbers(store, &of_aws(8)).await, [8]);
    let attached = store.attached_policies(&of_role(&reader)).await.unwrap();
    assert_eq!(attached.first().unwrap().document, "eight");
}

pub(super) async fn a_policy_is_used_in_the_account_that_is_asked_about(store: &Store) {
    accounts(store).await;
    let policy = made(store, "Edge").await;
    let arn = &policy.arn;
    let (reader, mut bounded) = (role(DEV, "zReader"), role(PROD, "Bounded"));
    bounded.permissions_boundary = Some(arn.clone());
    store.create_role(&reader).await.unwrap();
    store.create_role(&bounded).await.unwrap();
    let mut ann = user(DEV, "ann");
    ann.permissions_boundary = Some(arn.clone());
    store.create_user(&ann, usize::MAX).await.unwrap();
    store.attach_policy(&of_role(&reader), arn).await.unwrap();
    store.attach_policy(&of_user(&ann), arn).await.unwrap();

    let usage = store.policy_usage(DEV).await.unwrap();
    let twice = PolicyUsage {
        attachments: 2,
        boundaries: 1,
    };
    assert_eq!(usage.get(arn), Some(&twice));
    let usage = store.policy_usage(PROD).await.unwrap();
    assert_eq!(usage.get(arn).unwrap().attachments, 0);
    assert_eq!(usage.get(arn).unwrap().boundaries, 1);

    let entities = store.policy_entities(DEV, arn).await.unwrap();
    let mut seen: Vec<(EntityKind, &str, bool)> = entities
        .iter()
        .map(|one| (one.kind, one.name.as_str(), one.bounded))
        .collect();
    seen.sort_by_key(|(_, name, bounded)| (name.to_string(), *bounded));
    let expected = [
        (EntityKind::User, "ann", false),
        (EntityKind::User, "ann", true),
        (EntityKind::Role, "zReader", false),
    ];
    assert_eq!(seen, expected);
}
