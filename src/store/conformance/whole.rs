//! The store as one thing: versions, races, restarts, key rings, the reset.

use std::future::Future;

use super::samples::{
    DEV, NOW, access_key, accounts, full_role, inline, managed_policy, of_role, of_user, provider,
    revocation, role, user,
};
use super::{RACERS, race, refused};
use crate::store::access_keys::KeyOwner;
use crate::store::{Store, StoreError};

pub(super) async fn migrating_twice_does_nothing(store: &Store) {
    store.migrate().await.unwrap();
    let before = store.version().await.unwrap();
    store.migrate().await.unwrap();
    assert_eq!(store.version().await.unwrap(), before);
}

/// Asserts that a change increased the version, and by one.
macro_rules! moves_the_version {
    ($store:expr, $change:expr) => {
        let before = $store.version().await.unwrap();
        $change.await.unwrap();
        let after = $store.version().await.unwrap();
        assert_eq!(after, before + 1, "after {}", stringify!($change));
    };
}

pub(super) async fn every_change_to_what_decides_increases_the_version(store: &Store) {
    accounts(store).await;
    let (role, user, policy) = (full_role(), user(DEV, "ann"), managed_policy("Reading"));
    let inline = inline("inline", "{}");
    let key = access_key("AKIAONE", KeyOwner::Root);
    let provider = provider("idp.example.com");
    moves_the_version!(store, store.create_role(&role));
    moves_the_version!(
        store,
        store.update_role::<StoreError>(DEV, &role.name, |_| Ok(()))
    );
    moves_the_version!(store, store.put_inline_policy(&of_role(&role), &inline));
    moves_the_version!(
        store,
        store.delete_inline_policy(&of_role(&role), &inline.name)
    );
    moves_the_version!(store, store.create_managed_policy(&policy, "{}", 9));
    moves_the_version!(
        store,
        store.create_policy_version(&policy.arn, "{}", false, 5, NOW)
    );
    moves_the_version!(store, store.set_default_policy_version(&policy.arn, 2, NOW));
    moves_the_version!(store, store.delete_policy_version(&policy.arn, 1));
    moves_the_version!(
        store,
        store.update_policy_tags::<StoreError>(&policy.arn, |_| Ok(()))
    );
    moves_the_version!(store, store.attach_policy(&of_role(&role), &policy.arn));
    moves_the_version!(store, store.detach_policy(&of_role(&role), &policy.arn));
    moves_the_version!(store, store.delete_managed_policy(&policy.arn));
    moves_the_version!(store, store.delete_role(DEV, &role.name));
    moves_the_version!(store, store.create_user(&user, usize::MAX));
    moves_the_version!(
        store,
        store.update_user::<StoreError>(DEV, &user.name, |_| Ok(()))
    );
    moves_the_version!(store, store.delete_user(DEV, &user.name));
    moves_the_version!(store, store.create_access_key(&key, usize::MAX));
    moves_the_version!(store, store.set_access_key_active(&key.id, false));
    moves_the_version!(store, store.delete_access_key(&key.id));
    moves_the_version!(store, store.create_oidc_provider(&provider, 100));
    moves_the_version!(store, store.upsert_oidc_provider(&provider));
    moves_the_version!(
        store,
        store.update_oidc_provider::<StoreError>(&provider.arn, |_| Ok(()))
    );
    moves_the_version!(store, store.delete_oidc_provider(&provider.arn));
    moves_the_version!(store, store.revoke(&revocation("ann", NOW)));
    moves_the_version!(store, store.forget_revocations(NOW));
    moves_the_version!(store, accounts_once(store));
}

async fn accounts_once(store: &Store) -> Result<(), StoreError> {
    let account = store.account(DEV).await?.ok_or(StoreError::NotFound)?;
    store.put_account(&account).await
}

pub(super) async fn what_is_refused_does_not_increase_the_version(store: &Store) {
    accounts(store).await;
    store.create_role(&role(DEV, "Developer")).await.unwrap();
    let before = store.version().await.unwrap();
    refused!(
        store.create_role(&role(DEV, "Developer")).await,
        AlreadyExists
    );
    refused!(store.delete_role(DEV, "Nobody").await, NotFound);
    refused!(store.delete_access_key("AKIANONE").await, NotFound);
    assert_eq!(store.forget_revocations(NOW).await.unwrap(), 0);
    assert_eq!(store.version().await.unwrap(), before);
}

pub(super) async fn one_use_values_and_web_sessions_do_not_increase_the_version(store: &Store) {
    let before = store.version().await.unwrap();
    store
        .use_once("jti", &[1; 32], NOW + 60, NOW)
        .await
        .unwrap();
    store
        .put_once("login", &[1; 32], b"x", NOW + 60)
        .await
        .unwrap();
    store.take_once("login", &[1; 32], NOW).await.unwrap();
    store.purge_once(NOW).await.unwrap();
    assert_eq!(store.version().await.unwrap(), before);
}

pub(super) async fn versions_of_changes_at_once_are_all_counted(store: &Store) {
    accounts(store).await;
    let before = store.version().await.unwrap();
    let done = race(|racer| {
        let store = store.clone();
        async move { store.create_role(&role(DEV, &format!("R{racer}"))).await }
    })
    .await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    let counted = store.version().await.unwrap() - before;
    assert_eq!(usize::try_from(counted).unwrap(), RACERS);
}

pub(super) async fn a_change_whose_caller_went_away_leaves_nothing_and_blocks_nobody(
    store: &Store,
) {
    accounts(store).await;
    let before = store.version().await.unwrap();
    for _ in 0..2 * RACERS {
        let mut change = store.change().await.unwrap();
        change
            .run(sqlx::query("DELETE FROM account"))
            .await
            .unwrap();
        drop(change);
    }
    // Cut off in the middle of whatever it was doing.
    for steps in 0..8 {
        let (store, role) = (store.clone(), role(DEV, &format!("Cut{steps}")));
        let task = tokio::spawn(async move { store.create_role(&role).await });
        for _ in 0..steps {
            tokio::task::yield_now().await;
        }
        task.abort();
        let _ = task.await;
    }
    assert_eq!(store.accounts().await.unwrap().len(), 2);
    store.create_role(&role(DEV, "After")).await.unwrap();
    let roles = store.roles(DEV).await.unwrap().len();
    let counted = store.version().await.unwrap() - before;
    assert_eq!(
        usize::try_from(counted).unwrap(),
        roles,
        "each role that is there was counted, and nothing else"
    );
}

pub(super) async fn one_of_many_key_rings_is_bound(store: &Store) {
    // The reset keeps the binding, so the suite's first ring may be there from an earlier run.
    let rings = race(|racer| {
        let store = store.clone();
        async move { store.bind_key_ring(&format!("ring {racer}")).await }
    })
    .await;
    assert_eq!(rings.iter().filter(|bound| bound.is_ok()).count(), 1);
    for refusal in rings.into_iter().filter(Result::is_err) {
        refused!(refusal, Conflict);
    }
    let bound = store.key_ring_fingerprint().await.unwrap().unwrap();
    store.bind_key_ring(&bound).await.unwrap();
}

pub(super) async fn a_key_ring_is_followed_by_its_successor_alone(store: &Store) {
    let bound = store.key_ring_fingerprint().await.unwrap().unwrap();
    refused!(store.rebind_key_ring("another", "next").await, Conflict);
    store.rebind_key_ring(&bound, "next").await.unwrap();
    refused!(store.bind_key_ring(&bound).await, Conflict);
    store.bind_key_ring("next").await.unwrap();
}

pub(super) async fn a_reset_empties_the_store_and_increases_the_version(store: &Store) {
    fill(store).await;
    let before = store.version().await.unwrap();
    store.reset().await.unwrap();
    assert!(store.version().await.unwrap() > before);
    assert!(store.accounts().await.unwrap().is_empty());
    assert!(store.roles(DEV).await.unwrap().is_empty());
    assert!(store.users(DEV).await.unwrap().is_empty());
    assert!(store.managed_policies(DEV).await.unwrap().is_empty());
    assert!(store.access_keys(DEV).await.unwrap().is_empty());
    assert!(store.oidc_providers(DEV).await.unwrap().is_empty());
    assert!(store.revocations().await.unwrap().is_empty());
    let owner = of_role(&full_role());
    assert!(store.inline_policies(&owner).await.unwrap().is_empty());
    assert!(store.attached_policies(&owner).await.unwrap().is_empty());
    assert!(store.use_once("jti", &[1; 32], NOW, NOW).await.unwrap());
    let taken = store.take_once("login", &[1; 32], NOW).await.unwrap();
    assert_eq!(taken, None);
    assert_eq!(
        store.key_ring_fingerprint().await.unwrap().as_deref(),
        Some("next"),
        "the process that resets still has its keys"
    );
}

/// One of everything, acknowledged.
async fn fill(store: &Store) {
    accounts(store).await;
    let (role, user, policy) = (full_role(), user(DEV, "ann"), managed_policy("Reading"));
    let inline = inline("inline", "{}");
    let key = access_key("AKIAONE", KeyOwner::User(user.unique_id.clone()));
    store.create_role(&role).await.unwrap();
    store.create_user(&user, usize::MAX).await.unwrap();
    store
        .put_inline_policy(&of_role(&role), &inline)
        .await
        .unwrap();
    store
        .put_inline_policy(&of_user(&user), &inline)
        .await
        .unwrap();
    store.create_managed_policy(&policy, "{}", 9).await.unwrap();
    store
        .attach_policy(&of_role(&role), &policy.arn)
        .await
        .unwrap();
    store.create_access_key(&key, usize::MAX).await.unwrap();
    store
        .create_oidc_provider(&provider("idp.example.com"), 100)
        .await
        .unwrap();
    store.revoke(&revocation("ann", NOW)).await.unwrap();
    store
        .use_once("jti", &[1; 32], NOW + 60, NOW)
        .await
        .unwrap();
    store
        .put_once("login", &[1; 32], b"pending", NOW + 60)
        .await
        .unwrap();
}

pub(super) async fn the_store_answers_a_ping_and_is_not_changed_by_it(store: &Store) {
    let before = store.version().await.unwrap();
    store.ping().await.unwrap();
    assert_eq!(store.version().await.unwrap(), before);
}

pub(super) async fn what_was_acknowledged_is_there_after_a_restart<Opening>(
    store: &Store,
    open: &impl Fn() -> Opening,
) where
    Opening: Future<Output = Store>,
{
    fill(store).await;
    let version = store.version().await.unwrap();
    store.close().await;
    let store = open().await;
    store.migrate().await.unwrap();
    assert_eq!(store.version().await.unwrap(), version);
    assert_eq!(store.accounts().await.unwrap().len(), 2);
    let role = full_role();
    let found = store.role_by_alias("dev/Developer").await.unwrap();
    assert_eq!(found.as_ref(), Some(&role));
    assert_eq!(
        store.inline_policies(&of_role(&role)).await.unwrap().len(),
        1
    );
    assert_eq!(
        store
            .attached_policies(&of_role(&role))
            .await
            .unwrap()
            .len(),
        1
    );
    assert_eq!(store.users(DEV).await.unwrap(), [user(DEV, "ann")]);
    assert!(store.access_key("AKIAONE").await.unwrap().is_some());
    assert_eq!(store.oidc_providers(DEV).await.unwrap().len(), 1);
    assert_eq!(store.revocations().await.unwrap(), [revocation("ann", NOW)]);
    let again = store
        .use_once("jti", &[1; 32], NOW + 60, NOW)
        .await
        .unwrap();
    assert!(!again, "a restart must not make a used value new");
    let taken = store.take_once("login", &[1; 32], NOW).await.unwrap();
    assert_eq!(taken.as_deref(), Some(&b"pending"[..]));
    store.close().await;
}

pub(super) async fn a_closed_store_is_unavailable(store: &Store) {
    store.close().await;
    let read = store.role_by_arn("arn:aws:iam::111111111111:role/x").await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    let written = store.use_once("jti", &[1; 32], NOW, NOW).await;
    assert!(
        matches!(written, Err(StoreError::Unavailable(_))),
        "{written:?}"
    );
}
