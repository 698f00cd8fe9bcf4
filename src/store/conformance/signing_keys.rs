//! Keys that Drawbridge signs with. An emptied store keeps them, so each case has an algorithm of its own.

use super::samples::NOW;
use super::{race, refused};
use crate::store::signing_keys::StoredSigningKey;
use crate::store::{Store, StoreError};

fn key(algorithm: &str, number: usize, created_at: i64) -> StoredSigningKey {
    StoredSigningKey {
        id: format!("{algorithm}-{number}"),
        algorithm: algorithm.to_owned(),
        sealed_key: vec![0, 255, 7],
        created_at,
    }
}

async fn kept(store: &Store, algorithm: &str) -> Vec<StoredSigningKey> {
    let mut keys = store.signing_keys().await.unwrap();
    keys.retain(|key| key.algorithm == algorithm);
    keys
}

pub(super) async fn signing_keys_come_back_the_oldest_first(store: &Store) {
    let (new, old) = (key("order", 1, NOW + 1), key("order", 2, NOW));
    store.create_signing_key(&new).await.unwrap();
    store.create_signing_key(&old).await.unwrap();
    refused!(store.create_signing_key(&old).await, AlreadyExists);
    assert_eq!(kept(store, "order").await, [old, new]);
}

pub(super) async fn a_retired_key_is_gone_and_its_id_stays_taken(store: &Store) {
    let (old, new) = (key("gone", 1, NOW), key("gone", 2, NOW + 1));
    store.create_signing_key(&old).await.unwrap();
    store.create_signing_key(&new).await.unwrap();
    store.retire_signing_key(&old.id, NOW + 2).await.unwrap();
    assert_eq!(kept(store, "gone").await, [new]);
    refused!(store.retire_signing_key(&old.id, NOW + 3).await, NotFound);
    refused!(store.retire_signing_key("gone-3", NOW).await, NotFound);
    refused!(store.create_signing_key(&old).await, AlreadyExists);
}

pub(super) async fn the_last_key_of_its_algorithm_stays(store: &Store) {
    let (one, other) = (key("last", 1, NOW), key("other", 1, NOW));
    store.create_signing_key(&one).await.unwrap();
    store.create_signing_key(&other).await.unwrap();
    refused!(store.retire_signing_key(&one.id, NOW).await, Conflict);
    assert_eq!(kept(store, "last").await, [one]);
}

pub(super) async fn of_keys_retired_at_once_one_stays(store: &Store) {
    for number in 0..4 {
        let key = key("race", number, NOW);
        store.create_signing_key(&key).await.unwrap();
    }
    let retired = race(|racer| {
        let store = store.clone();
        async move {
            let id = format!("race-{}", racer % 4);
            store.retire_signing_key(&id, NOW).await
        }
    });
    let retired = retired.await;
    assert_eq!(retired.iter().filter(|result| result.is_ok()).count(), 3);
    let refused = |result: &Result<(), StoreError>| {
        matches!(
            result,
            Ok(()) | Err(StoreError::NotFound | StoreError::Conflict)
        )
    };
    assert!(retired.iter().all(refused), "{retired:?}");
    assert_eq!(kept(store, "race").await.len(), 1);
}
