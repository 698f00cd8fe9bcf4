//! Access keys, identity providers and revocations.

use super::samples::{DEV, NOW, PROD, access_key, accounts, provider, revocation, user};
use super::{race, refused};
use crate::store::access_keys::KeyOwner;
use crate::store::revocations::{Revocation, RevocationKind};
use crate::store::{Store, StoreError};

pub(super) async fn an_access_key_lives_and_dies(store: &Store) {
    accounts(store).await;
    let ann = user(DEV, "ann");
    store.create_user(&ann, usize::MAX).await.unwrap();
    let root = access_key("AKIAROOT", KeyOwner::Root);
    let mut anns = access_key("AKIAANN", KeyOwner::User(ann.unique_id.clone()));
    anns.created_at = NOW + 1;
    store.create_access_key(&anns, usize::MAX).await.unwrap();
    store.create_access_key(&root, usize::MAX).await.unwrap();
    refused!(
        store.create_access_key(&root, usize::MAX).await,
        AlreadyExists
    );
    let found = store.access_key("AKIAROOT").await.unwrap();
    assert_eq!(found.as_ref(), Some(&root));
    assert_eq!(store.access_key("akiaroot").await.unwrap(), None);
    store.set_access_key_active("AKIAANN", false).await.unwrap();
    anns.active = false;
    assert_eq!(store.access_keys(DEV).await.unwrap(), [root, anns]);
    assert!(store.access_keys(PROD).await.unwrap().is_empty());
    refused!(
        store.set_access_key_active("AKIANONE", true).await,
        NotFound
    );
    store.delete_access_key("AKIAROOT").await.unwrap();
    refused!(store.delete_access_key("AKIAROOT").await, NotFound);
    assert_eq!(store.access_key("AKIAROOT").await.unwrap(), None);
}

pub(super) async fn an_access_key_needs_a_user_of_its_account(store: &Store) {
    accounts(store).await;
    let nobody = access_key("AKIAONE", KeyOwner::User("AIDANONE".to_owned()));
    refused!(store.create_access_key(&nobody, usize::MAX).await, NotFound);
    let stranger = user(PROD, "ann");
    store.create_user(&stranger, usize::MAX).await.unwrap();
    let foreign = access_key("AKIATWO", KeyOwner::User(stranger.unique_id));
    refused!(
        store.create_access_key(&foreign, usize::MAX).await,
        NotFound
    );
}

pub(super) async fn an_oidc_provider_is_found_by_arn_and_by_url(store: &Store) {
    accounts(store).await;
    let (acme, other) = (provider("acme.example.com/x"), provider("b.example.com"));
    store.create_oidc_provider(&other, 100).await.unwrap();
    store.create_oidc_provider(&acme, 100).await.unwrap();
    let found = store.oidc_provider(&acme.arn).await.unwrap();
    assert_eq!(found.as_ref(), Some(&acme));
    let found = store.oidc_provider_by_url(DEV, &acme.url).await.unwrap();
    assert_eq!(found.as_ref(), Some(&acme));
    for near in [
        "https://acme.example.com/x/",
        "http://acme.example.com/x",
        "https://ACME.example.com/x",
        "acme.example.com/x",
    ] {
        let found = store.oidc_provider_by_url(DEV, near).await.unwrap();
        assert_eq!(found, None, "{near}");
    }
    let found = store.oidc_provider_by_url(PROD, &acme.url).await.unwrap();
    assert_eq!(found, None);
    let listed = store.oidc_providers(DEV).await.unwrap();
    assert_eq!(listed, [acme.clone(), other]);
    store.delete_oidc_provider(&acme.arn).await.unwrap();
    refused!(store.delete_oidc_provider(&acme.arn).await, NotFound);
    assert_eq!(store.oidc_provider(&acme.arn).await.unwrap(), None);
}

pub(super) async fn an_oidc_provider_is_unique_by_arn_and_by_url(store: &Store) {
    accounts(store).await;
    let acme = provider("acme.example.com");
    store.create_oidc_provider(&acme, 100).await.unwrap();
    let mut plain = acme.clone();
    plain.url = "http://acme.example.com".to_owned();
    refused!(store.create_oidc_provider(&plain, 100).await, AlreadyExists);
    let mut elsewhere = provider("elsewhere.example.com");
    elsewhere.url.clone_from(&acme.url);
    refused!(
        store.create_oidc_provider(&elsewhere, 100).await,
        AlreadyExists
    );
    refused!(store.upsert_oidc_provider(&elsewhere).await, AlreadyExists);
}

pub(super) async fn an_account_has_so_many_oidc_providers_and_no_more(store: &Store) {
    accounts(store).await;
    let done = race(|racer| {
        let store = store.clone();
        let provider = provider(&format!("{racer}.example.com"));
        async move { store.create_oidc_provider(&provider, 3).await }
    })
    .await;
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 3);
    assert_eq!(store.oidc_providers(DEV).await.unwrap().len(), 3);
    let more = provider("more.example.com");
    refused!(store.create_oidc_provider(&more, 3).await, Conflict);
    let same = store.oidc_providers(DEV).await.unwrap().remove(0);
    refused!(store.create_oidc_provider(&same, 3).await, AlreadyExists);
}

pub(super) async fn an_upserted_oidc_provider_keeps_its_creation(store: &Store) {
    accounts(store).await;
    let mut acme = provider("acme.example.com");
    store.upsert_oidc_provider(&acme).await.unwrap();
    acme.client_ids = vec!["one".to_owned(), "two".to_owned()];
    acme.thumbprints.clear();
    acme.url = "http://acme.example.com".to_owned();
    acme.created_at = NOW + 9;
    store.upsert_oidc_provider(&acme).await.unwrap();
    acme.created_at = NOW;
    assert_eq!(store.oidc_providers(DEV).await.unwrap(), [acme]);
}

pub(super) async fn client_ids_added_at_once_are_all_kept(store: &Store) {
    accounts(store).await;
    let acme = provider("acme.example.com");
    store.create_oidc_provider(&acme, 100).await.unwrap();
    let done = race(|racer| {
        let (store, arn) = (store.clone(), acme.arn.clone());
        async move {
            store
                .update_oidc_provider::<StoreError>(&arn, |provider| {
                    provider.client_ids.push(format!("client {racer}"));
                    provider.url = "https://evil.example.com".to_owned();
                    Ok(())
                })
                .await
        }
    })
    .await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    let found = store.oidc_provider(&acme.arn).await.unwrap().unwrap();
    assert_eq!(found.client_ids.len(), 1 + done.len());
    assert_eq!(
        found.url, acme.url,
        "an update adds to it, and moves it not"
    );
    let nobody = store
        .update_oidc_provider::<StoreError>("arn:none", |_| Ok(()))
        .await;
    refused!(nobody, NotFound);
}

pub(super) async fn a_later_revocation_stands_and_an_earlier_one_does_not(store: &Store) {
    let first = revocation("ann", NOW);
    let earlier = Revocation {
        revoked_by: "eve".to_owned(),
        ..revocation("ann", NOW - 100)
    };
    let later = Revocation {
        revoked_by: "bob".to_owned(),
        ..revocation("ann", NOW + 100)
    };
    store.revoke(&first).await.unwrap();
    store.revoke(&earlier).await.unwrap();
    assert_eq!(store.revocations().await.unwrap(), [first]);
    store.revoke(&later).await.unwrap();
    // The same id in another kind names something else.
    let kinds = [
        RevocationKind::Session,
        RevocationKind::Role,
        RevocationKind::Idp,
    ];
    let others = kinds.map(|kind| Revocation {
        kind,
        ..revocation("ann", NOW)
    });
    for other in &others {
        store.revoke(other).await.unwrap();
    }
    let [session, role, idp] = others;
    let all = store.revocations().await.unwrap();
    assert_eq!(all, [later, session, role, idp]);
}

pub(super) async fn revocations_with_nothing_left_to_cut_are_forgotten(store: &Store) {
    store.revoke(&revocation("ann", NOW)).await.unwrap();
    store.revoke(&revocation("bob", NOW + 1)).await.unwrap();
    assert_eq!(store.forget_revocations(NOW - 1).await.unwrap(), 0);
    assert_eq!(store.forget_revocations(NOW).await.unwrap(), 1);
    let left = store.revocations().await.unwrap();
    assert_eq!(left, [revocation("bob", NOW + 1)]);
}
