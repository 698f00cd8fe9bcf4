//! One-use values and web sessions.

use std::sync::Arc;

use sqlx::Row;
use time::{Duration, OffsetDateTime};
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::ExpiredDeletion;

use super::samples::NOW;
use super::{is_already_exists, race, refused};
use crate::clock::{Clock, FixedClock};
use crate::store::Store;
use crate::store::once::{KeyHash, REMEMBERED_AFTER_EXPIRY};
use crate::store::web_sessions::WebSessionStore;

const KEY: KeyHash = [7; 32];

pub(super) async fn a_value_is_used_once(store: &Store) {
    assert!(!store.was_used("jti", &KEY).await.unwrap());
    assert!(store.use_once("jti", &KEY, NOW + 60, NOW).await.unwrap());
    assert!(store.was_used("jti", &KEY).await.unwrap());
    assert!(!store.use_once("jti", &KEY, NOW + 60, NOW).await.unwrap());
    assert!(!store.use_once("jti", &KEY, NOW + 90, NOW).await.unwrap());
    let other = store.use_once("jti", &[8; 32], NOW + 60, NOW).await;
    assert!(other.unwrap());
}

pub(super) async fn kinds_do_not_see_each_other(store: &Store) {
    assert!(store.use_once("jti", &KEY, NOW + 60, NOW).await.unwrap());
    assert!(
        store
            .use_once("console", &KEY, NOW + 60, NOW)
            .await
            .unwrap()
    );
    store.put_once("login", &KEY, b"a", NOW + 60).await.unwrap();
    assert_eq!(store.take_once("code", &KEY, NOW).await.unwrap(), None);
    let taken = store.take_once("login", &KEY, NOW).await.unwrap();
    assert_eq!(taken.as_deref(), Some(&b"a"[..]));
}

pub(super) async fn one_of_many_users_of_a_value_wins(store: &Store) {
    for round in 0..8 {
        let used = race(|_| {
            let store = store.clone();
            async move { store.use_once("jti", &[round; 32], NOW + 60, NOW).await }
        })
        .await;
        let winners = used.into_iter().filter(|used| *used.as_ref().unwrap());
        assert_eq!(winners.count(), 1);
    }
}

pub(super) async fn a_used_value_is_remembered_until_its_horizon(store: &Store) {
    let remembered = i64::try_from(REMEMBERED_AFTER_EXPIRY.as_secs()).unwrap();
    let horizon = NOW + remembered;
    assert!(store.use_once("jti", &KEY, NOW, NOW - 60).await.unwrap());
    // A node whose clock is a day ahead purges; the clock is put right; the token comes again.
    assert_eq!(store.purge_once(NOW - 60 + 24 * 3600).await.unwrap(), 0);
    assert!(!store.use_once("jti", &KEY, NOW, NOW - 30).await.unwrap());
    assert_eq!(store.purge_once(horizon).await.unwrap(), 0);
    assert!(!store.use_once("jti", &KEY, NOW, horizon).await.unwrap());
    assert_eq!(store.purge_once(horizon + 1).await.unwrap(), 1);
    assert!(!store.use_once("jti", &KEY, NOW, horizon + 1).await.unwrap());
}

pub(super) async fn a_value_beyond_the_horizon_cannot_be_used(store: &Store) {
    let remembered = i64::try_from(REMEMBERED_AFTER_EXPIRY.as_secs()).unwrap();
    let (at, after) = (NOW + remembered, NOW + remembered + 1);
    assert!(!store.use_once("jti", &KEY, NOW, after).await.unwrap());
    assert!(store.use_once("jti", &KEY, NOW, at).await.unwrap());
}

pub(super) async fn a_pending_value_is_taken_once(store: &Store) {
    let body = [0, 255, b'\'', 10];
    store
        .put_once("login", &KEY, &body, NOW + 60)
        .await
        .unwrap();
    let taken = store.take_once("login", &KEY, NOW).await.unwrap();
    assert_eq!(taken.as_deref(), Some(&body[..]));
    assert_eq!(store.take_once("login", &KEY, NOW).await.unwrap(), None);
}

pub(super) async fn one_of_many_takers_of_a_value_wins(store: &Store) {
    for round in 0..8 {
        let key = [round; 32];
        store.put_once("login", &key, b"x", NOW + 60).await.unwrap();
        let taken = race(|_| {
            let store = store.clone();
            async move { store.take_once("login", &key, NOW).await }
        })
        .await;
        let winners = taken.into_iter().filter_map(|taken| taken.unwrap());
        assert_eq!(winners.count(), 1);
    }
}

pub(super) async fn a_pending_value_cannot_be_taken_at_its_expiry(store: &Store) {
    store.put_once("login", &KEY, b"x", NOW).await.unwrap();
    assert_eq!(store.take_once("login", &KEY, NOW).await.unwrap(), None);
    // It is gone: a clock that steps back does not revive it.
    assert_eq!(store.take_once("login", &KEY, NOW - 1).await.unwrap(), None);
    store.put_once("login", &KEY, b"x", NOW).await.unwrap();
    assert_eq!(store.purge_once(NOW - 1).await.unwrap(), 0);
    let taken = store.take_once("login", &KEY, NOW - 1).await.unwrap();
    assert_eq!(taken.as_deref(), Some(&b"x"[..]));
    store.put_once("login", &KEY, b"x", NOW).await.unwrap();
    assert_eq!(store.purge_once(NOW).await.unwrap(), 1);
}

pub(super) async fn a_pending_value_is_not_overwritten(store: &Store) {
    store
        .put_once("login", &KEY, b"first", NOW + 60)
        .await
        .unwrap();
    refused!(
        store.put_once("login", &KEY, b"second", NOW + 60).await,
        AlreadyExists
    );
    let taken = store.take_once("login", &KEY, NOW).await.unwrap();
    assert_eq!(taken.as_deref(), Some(&b"first"[..]));
    let put = race(|_| {
        let store = store.clone();
        async move { store.put_once("login", &KEY, b"x", NOW + 60).await }
    })
    .await;
    assert_eq!(put.iter().filter(|put| put.is_ok()).count(), 1);
    let refusals = put.iter().filter(|put| put.is_err());
    assert!(refusals.into_iter().all(is_already_exists));
}

/// Sessions at a standing clock, "sealed" so that a test can tell and a reader of the table cannot.
fn sessions(store: &Store) -> (WebSessionStore, Arc<FixedClock>) {
    let clock = Arc::new(FixedClock::at_unix(NOW));
    let turned = |bytes: &[u8]| bytes.iter().map(|byte| !byte).collect::<Vec<u8>>();
    let seal = move |body: &[u8]| [b"sealed:".to_vec(), turned(body)].concat();
    let open = move |sealed: &[u8]| sealed.strip_prefix(b"sealed:").map(turned);
    let sessions =
        WebSessionStore::new(store.clone(), clock.clone(), Arc::new(seal), Arc::new(open));
    (sessions, clock)
}

fn record(id: i128) -> Record {
    Record {
        id: Id(id),
        data: [("who".to_owned(), "ann".into())].into(),
        expiry_date: OffsetDateTime::from_unix_timestamp(NOW + 3600).unwrap(),
    }
}

pub(super) async fn a_web_session_is_created_loaded_saved_and_deleted(store: &Store) {
    let (sessions, _) = sessions(store);
    let mut record = record(i128::MIN);
    sessions.create(&mut record).await.unwrap();
    assert_eq!(record.id, Id(i128::MIN));
    let loaded = sessions.load(&record.id).await.unwrap();
    assert_eq!(loaded.as_ref(), Some(&record));
    record.data.insert("roles".to_owned(), 3.into());
    record.expiry_date += Duration::hours(1);
    sessions.save(&record).await.unwrap();
    let loaded = sessions.load(&record.id).await.unwrap();
    assert_eq!(loaded.as_ref(), Some(&record));
    sessions.delete(&record.id).await.unwrap();
    assert_eq!(sessions.load(&record.id).await.unwrap(), None);
    sessions.delete(&record.id).await.unwrap();
}

pub(super) async fn the_database_learns_neither_the_id_nor_the_body_of_a_web_session(
    store: &Store,
) {
    let (sessions, _) = sessions(store);
    let mut record = record(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
    sessions.create(&mut record).await.unwrap();
    let rows = store.read(sqlx::query("SELECT * FROM web_session")).await;
    let rows = rows.unwrap();
    assert_eq!(rows.len(), 1);
    let columns: Vec<&str> = rows[0].columns().iter().map(sqlx::Column::name).collect();
    assert_eq!(columns, ["id_hash", "body", "expires_at"]);
    let hash: Vec<u8> = rows[0].try_get("id_hash").unwrap();
    let body: Vec<u8> = rows[0].try_get("body").unwrap();
    assert_eq!(hash.len(), 32);
    let id = record.id.0.to_le_bytes();
    for bytes in [&hash, &body] {
        assert!(!bytes.windows(id.len()).any(|window| window == id));
        assert!(!bytes.windows(3).any(|window| window == b"ann"));
    }
}

pub(super) async fn a_new_web_session_gets_another_id_when_its_own_is_taken(store: &Store) {
    let (sessions, _) = sessions(store);
    let (mut first, mut second) = (record(1), record(1));
    second.data.clear();
    sessions.create(&mut first).await.unwrap();
    sessions.create(&mut second).await.unwrap();
    assert_ne!(first.id, second.id);
    assert_eq!(sessions.load(&first.id).await.unwrap(), Some(first));
    assert_eq!(sessions.load(&second.id).await.unwrap(), Some(second));
}

pub(super) async fn a_deleted_web_session_is_not_brought_back_by_saving(store: &Store) {
    let (sessions, _) = sessions(store);
    let mut record = record(1);
    sessions.create(&mut record).await.unwrap();
    let mut late = sessions.load(&record.id).await.unwrap().unwrap();
    sessions.delete(&record.id).await.unwrap();
    late.data.insert("late".to_owned(), true.into());
    sessions.save(&late).await.unwrap();
    assert_eq!(sessions.load(&record.id).await.unwrap(), None);
}

pub(super) async fn a_web_session_ends_at_its_expiry(store: &Store) {
    let (sessions, clock) = sessions(store);
    let mut record = record(1);
    sessions.create(&mut record).await.unwrap();
    clock.set(record.expiry_date - Duration::nanoseconds(1));
    assert!(sessions.load(&record.id).await.unwrap().is_some());
    clock.set(record.expiry_date);
    assert_eq!(sessions.load(&record.id).await.unwrap(), None);
    // Moving the row's expiry does not move the session's.
    let later = sqlx::query("UPDATE web_session SET expires_at = expires_at + 9999");
    assert_eq!(store.write(later).await.unwrap(), 1);
    assert_eq!(sessions.load(&record.id).await.unwrap(), None);
}

pub(super) async fn a_body_moved_to_another_web_session_is_no_session(store: &Store) {
    let (sessions, _) = sessions(store);
    let (mut anns, mut eves) = (record(1), record(2));
    sessions.create(&mut anns).await.unwrap();
    sessions.create(&mut eves).await.unwrap();
    let moved = sqlx::query("UPDATE web_session SET body = (SELECT body FROM web_session LIMIT 1)");
    assert_eq!(store.write(moved).await.unwrap(), 2);
    let loaded = [
        sessions.load(&anns.id).await.unwrap(),
        sessions.load(&eves.id).await.unwrap(),
    ];
    let alive = loaded.iter().flatten().count();
    assert_eq!(alive, 1, "the body's own session, and not the other");
}

pub(super) async fn a_web_session_whose_body_does_not_open_is_no_session(store: &Store) {
    let (sessions, _) = sessions(store);
    let mut record = record(1);
    sessions.create(&mut record).await.unwrap();
    for body in [&b"old key"[..], b"sealed:not JSON"] {
        let spoil = sqlx::query("UPDATE web_session SET body = $1").bind(body);
        store.write(spoil).await.unwrap();
        assert_eq!(sessions.load(&record.id).await.unwrap(), None);
    }
}

pub(super) async fn expired_web_sessions_are_deleted_and_others_stay(store: &Store) {
    let (sessions, clock) = sessions(store);
    let (mut early, mut late) = (record(1), record(2));
    late.expiry_date += Duration::SECOND;
    sessions.create(&mut early).await.unwrap();
    sessions.create(&mut late).await.unwrap();
    clock.set(early.expiry_date);
    assert_eq!(clock.unix(), NOW + 3600);
    sessions.delete_expired().await.unwrap();
    let rows = store.read(sqlx::query("SELECT * FROM web_session")).await;
    assert_eq!(rows.unwrap().len(), 1);
    assert_eq!(sessions.load(&late.id).await.unwrap(), Some(late));
}
