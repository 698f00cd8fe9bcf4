//! MFA devices.

use super::samples::{DEV, NOW, PROD, accounts, tag, user};
use super::{race, refused};
use crate::store::mfa_devices::{MfaDevice, SPENT_STEP, Synchronized};
use crate::store::{Store, StoreError};

const MOST: usize = 2;

fn device(account: &str, name: &str) -> MfaDevice {
    MfaDevice {
        serial: format!("arn:aws:iam::{account}:mfa/{name}"),
        account: account.to_owned(),
        name: name.to_owned(),
        path: "/".to_owned(),
        sealed_seed: vec![0, 255, b'\'', 7],
        user_id: None,
        enabled_at: None,
        drift: 0,
        tags: vec![tag("Team", "a")],
        created_at: NOW,
    }
}

/// Codes that nobody else uses.
fn codes(of: u8) -> Synchronized {
    let (first, second) = ([of; 32], [of.wrapping_add(128); 32]);
    Synchronized {
        drift: -2,
        spent: [first, second],
        until: NOW + 120,
    }
}

/// Two accounts, a user of the first, and a device of that account.
async fn ann_and_a_phone(store: &Store) -> (String, String) {
    accounts(store).await;
    let ann = user(DEV, "ann");
    store.create_user(&ann, 9).await.unwrap();
    let phone = device(DEV, "phone");
    store.create_mfa_device(&phone).await.unwrap();
    (ann.unique_id, phone.serial)
}

async fn assign(store: &Store, phone: &str, user: &str, of: u8) -> Result<(), StoreError> {
    let codes = codes(of);
    let assigned = store.assign_mfa_device(phone, user, MOST, &codes, NOW + 5);
    assigned.await
}

pub(super) async fn a_device_comes_back_as_it_was_created(store: &Store) {
    accounts(store).await;
    let (b, a) = (device(DEV, "b"), device(DEV, "A"));
    store.create_mfa_device(&b).await.unwrap();
    store.create_mfa_device(&a).await.unwrap();
    store.create_mfa_device(&device(PROD, "b")).await.unwrap();
    let found = store.mfa_device(&b.serial).await.unwrap();
    assert_eq!(found.as_ref(), Some(&b));
    assert_eq!(store.mfa_devices(DEV).await.unwrap(), [a, b]);
    assert_eq!(store.mfa_device("arn:none").await.unwrap(), None);
}

pub(super) async fn a_device_name_is_unique_in_its_account_ignoring_case(store: &Store) {
    accounts(store).await;
    store
        .create_mfa_device(&device(DEV, "Phone"))
        .await
        .unwrap();
    refused!(
        store.create_mfa_device(&device(DEV, "phone")).await,
        AlreadyExists
    );
    refused!(
        store
            .create_mfa_device(&device("333333333333", "phone"))
            .await,
        NotFound
    );
}

pub(super) async fn a_device_is_assigned_resynchronised_and_taken_back(store: &Store) {
    let (ann, phone) = ann_and_a_phone(store).await;
    let assigned = assign(store, &phone, &ann, 1);
    assigned.await.unwrap();
    let found = store.mfa_device(&phone).await.unwrap().unwrap();
    assert_eq!(found.user_id.as_deref(), Some(ann.as_str()));
    assert_eq!((found.enabled_at, found.drift), (Some(NOW + 5), -2));
    assert_eq!(store.mfa_devices_of(&ann).await.unwrap(), [found]);
    refused!(store.delete_mfa_device(&phone).await, Conflict);
    let further = Synchronized {
        drift: 7,
        ..codes(2)
    };
    store
        .resync_mfa_device(&phone, &ann, &further)
        .await
        .unwrap();
    let found = store.mfa_device(&phone).await.unwrap().unwrap();
    assert_eq!(found.drift, 7);
    store.unassign_mfa_device(&phone, &ann).await.unwrap();
    let found = store.mfa_device(&phone).await.unwrap().unwrap();
    assert_eq!(found, device(DEV, "phone"));
    store.delete_mfa_device(&phone).await.unwrap();
    assert_eq!(store.mfa_device(&phone).await.unwrap(), None);
}

pub(super) async fn a_device_of_somebody_else_is_left_alone(store: &Store) {
    let (ann, phone) = ann_and_a_phone(store).await;
    let ben = user(DEV, "ben");
    store.create_user(&ben, 9).await.unwrap();
    let stranger = user(PROD, "ann");
    store.create_user(&stranger, 9).await.unwrap();
    let ben = ben.unique_id.as_str();
    let foreign = assign(store, &phone, &stranger.unique_id, 1);
    refused!(foreign.await, NotFound);
    let first = assign(store, &phone, &ann, 1);
    first.await.unwrap();
    let second = assign(store, &phone, ben, 2);
    refused!(second.await, Conflict);
    refused!(
        store.resync_mfa_device(&phone, ben, &codes(3)).await,
        NotFound
    );
    refused!(store.unassign_mfa_device(&phone, ben).await, NotFound);
    refused!(store.unassign_mfa_device("arn:none", ben).await, NotFound);
    refused!(store.delete_mfa_device("arn:none").await, NotFound);
    // What was refused spent nothing.
    for code in [codes(2), codes(3)] {
        let [first, _] = code.spent;
        let unused = store.use_once(SPENT_STEP, &first, NOW + 120, NOW).await;
        assert!(unused.unwrap());
    }
}

pub(super) async fn a_user_has_so_many_devices_and_no_more(store: &Store) {
    let (ann, _) = ann_and_a_phone(store).await;
    let all = race(|racer| {
        let (store, ann) = (store.clone(), ann.clone());
        async move {
            let one = device(DEV, &format!("d{racer}"));
            store.create_mfa_device(&one).await.unwrap();
            assign(&store, &one.serial, &ann, u8::try_from(racer).unwrap()).await
        }
    })
    .await;
    assert_eq!(all.iter().filter(|done| done.is_ok()).count(), MOST);
    assert_eq!(store.mfa_devices_of(&ann).await.unwrap().len(), MOST);
    for refusal in all.into_iter().filter(Result::is_err) {
        refused!(refusal, Conflict);
    }
}

pub(super) async fn codes_that_were_used_assign_nothing(store: &Store) {
    let (ann, phone) = ann_and_a_phone(store).await;
    let [_, second] = codes(1).spent;
    let used = store.use_once(SPENT_STEP, &second, NOW + 120, NOW).await;
    assert!(used.unwrap());
    let assigned = assign(store, &phone, &ann, 1);
    refused!(assigned.await, AlreadyExists);
    assert!(store.mfa_devices_of(&ann).await.unwrap().is_empty());
    let fresh = assign(store, &phone, &ann, 2);
    fresh.await.unwrap();
    let [first, _] = codes(2).spent;
    let again = store.use_once(SPENT_STEP, &first, NOW + 120, NOW).await;
    assert!(!again.unwrap(), "what assigned the device is spent");
    let resync = store.resync_mfa_device(&phone, &ann, &codes(2)).await;
    refused!(resync, AlreadyExists);
}

pub(super) async fn tags_of_a_device_are_changed_where_they_stand(store: &Store) {
    let (_, phone) = ann_and_a_phone(store).await;
    let change = |tags: &mut Vec<(String, String)>| {
        tags.push(tag("b", ""));
        Ok::<_, StoreError>(())
    };
    store.update_mfa_device_tags(&phone, change).await.unwrap();
    let found = store.mfa_device(&phone).await.unwrap().unwrap();
    assert_eq!(found.tags, [tag("Team", "a"), tag("b", "")]);
    refused!(
        store.update_mfa_device_tags("arn:none", change).await,
        NotFound
    );
}
