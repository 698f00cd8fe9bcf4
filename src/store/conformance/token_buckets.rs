//! Token buckets.

use std::time::Duration;

use super::race;
use super::samples::NOW;
use crate::store::Store;
use crate::store::token_buckets::Bucket;

/// One token in ten seconds.
const FIVE: Bucket = Bucket {
    kind: "test",
    capacity: 5,
    fills_in: Duration::from_secs(50),
};
const AT: i64 = NOW * 1000;

async fn takes(store: &Store, key: u8, at: i64) -> bool {
    store.take_token(&FIVE, &[key; 32], at).await.unwrap()
}

async fn empty(store: &Store, key: u8, at: i64) {
    assert_eq!(drain(store, key, 5, at).await, 0.0);
}

async fn drain(store: &Store, key: u8, tokens: u32, at: i64) -> f64 {
    let left = store.drain_tokens(&FIVE, &[([key; 32], tokens)], at).await;
    left.unwrap()[0]
}

pub(super) async fn a_bucket_gives_what_it_holds_and_fills_again(store: &Store) {
    for _ in 0..5 {
        assert!(takes(store, 1, AT).await);
    }
    assert!(!takes(store, 1, AT).await);
    assert!(takes(store, 2, AT).await, "another key, another bucket");
    assert!(!takes(store, 1, AT + 9_999).await);
    assert!(takes(store, 1, AT + 10_000).await);
    assert!(!takes(store, 1, AT + 10_000).await);
    // It never holds more than it holds.
    for _ in 0..5 {
        assert!(takes(store, 1, AT + 1_000_000).await);
    }
    assert!(!takes(store, 1, AT + 1_000_000).await);
}

pub(super) async fn an_empty_bucket_fills_however_often_it_is_asked(store: &Store) {
    empty(store, 1, AT).await;
    let mut taken = 0;
    for step in 0..100 {
        taken += i32::from(takes(store, 1, AT + step * 200).await);
    }
    assert_eq!(taken, 1, "twenty seconds but one step");
}

pub(super) async fn a_token_put_back_can_be_taken_again(store: &Store) {
    empty(store, 1, AT).await;
    store.put_token_back(&FIVE, &[1; 32], AT).await.unwrap();
    assert!(takes(store, 1, AT).await);
    assert!(!takes(store, 1, AT).await);
    // A full one stays full, and one that is not there is full anyway.
    store.put_token_back(&FIVE, &[2; 32], AT).await.unwrap();
    assert_eq!(drain(store, 2, 0, AT).await, 5.0);
    store.put_token_back(&FIVE, &[2; 32], AT).await.unwrap();
    assert_eq!(drain(store, 2, 0, AT).await, 5.0);
}

pub(super) async fn draining_takes_what_there_is_and_tells_what_is_left(store: &Store) {
    assert_eq!(drain(store, 1, 2, AT).await, 3.0);
    assert_eq!(drain(store, 1, 0, AT).await, 3.0);
    assert_eq!(drain(store, 1, 9, AT).await, 0.0);
    assert_eq!(drain(store, 1, 0, AT + 25_000).await, 2.5);
    let both = [([1; 32], 1), ([2; 32], 9)];
    let left = store.drain_tokens(&FIVE, &both, AT + 25_000).await;
    assert_eq!(left.unwrap(), [1.5, 0.0]);
}

pub(super) async fn many_takers_of_a_bucket_get_no_more_than_it_holds(store: &Store) {
    let taken = race(|_| {
        let store = store.clone();
        async move { takes(&store, 1, AT).await }
    })
    .await;
    assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 5);
}

pub(super) async fn a_clock_that_steps_back_neither_fills_nor_locks_a_bucket(store: &Store) {
    empty(store, 1, AT).await;
    assert!(!takes(store, 1, AT - 20_000).await);
    assert!(takes(store, 1, AT - 50_000).await, "an hour is no lock-out");
    assert_eq!(drain(store, 1, 0, AT - 50_000).await, 4.0);
}

pub(super) async fn buckets_that_are_full_again_are_deleted(store: &Store) {
    empty(store, 1, AT).await;
    empty(store, 2, AT + 1).await;
    assert_eq!(store.purge_token_buckets(AT + 1).await.unwrap(), 1);
    assert_eq!(drain(store, 1, 0, AT + 1).await, 5.0);
    assert_eq!(drain(store, 2, 0, AT + 1).await, 0.0);
}

pub(super) async fn buckets_do_not_increase_the_version(store: &Store) {
    let before = store.version().await.unwrap();
    empty(store, 1, AT).await;
    takes(store, 1, AT).await;
    store.put_token_back(&FIVE, &[1; 32], AT).await.unwrap();
    store.purge_token_buckets(AT + 1).await.unwrap();
    assert_eq!(store.version().await.unwrap(), before);
}
