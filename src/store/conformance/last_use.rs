//! When keys and roles were last used.

use super::samples::{NOW, access_key, accounts};
use crate::store::Store;
use crate::store::access_keys::KeyOwner;
use crate::store::last_use::{LastUse, UseKind};

fn used(at: i64, region: &str) -> LastUse {
    LastUse {
        at,
        region: region.to_owned(),
        service: "sts".to_owned(),
    }
}

pub(super) async fn the_latest_use_stands(store: &Store) {
    let before = store.version().await.unwrap();
    let key = UseKind::AccessKey;
    assert_eq!(store.last_use(key, "AKIAONE").await.unwrap(), None);
    for (at, region) in [(NOW, "us-east-1"), (NOW + 5, "eu-west-1"), (NOW + 4, "x")] {
        let one = used(at, region);
        store.note_use(key, "AKIAONE", &one).await.unwrap();
    }
    let found = store.last_use(key, "AKIAONE").await.unwrap();
    assert_eq!(found, Some(used(NOW + 5, "eu-west-1")));
    // In another kind the same id is something else.
    let role = store.last_use(UseKind::Role, "AKIAONE").await.unwrap();
    assert_eq!(role, None);
    assert_eq!(store.version().await.unwrap(), before);
}

pub(super) async fn a_deleted_key_was_never_used(store: &Store) {
    accounts(store).await;
    let key = access_key("AKIAONE", KeyOwner::Root);
    store.create_access_key(&key, 1).await.unwrap();
    let one = used(NOW, "us-east-1");
    let kind = UseKind::AccessKey;
    store.note_use(kind, "AKIAONE", &one).await.unwrap();
    store.delete_access_key("AKIAONE").await.unwrap();
    assert_eq!(store.last_use(kind, "AKIAONE").await.unwrap(), None);
}
