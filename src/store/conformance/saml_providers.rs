//! SAML providers.

use super::samples::{DEV, NOW, PROD, accounts, tag};
use super::{race, refused};
use crate::store::saml_providers::{SamlPrivateKey, SamlProvider, SamlProviderEntry};
use crate::store::{Store, StoreError};

fn key(id: &str, created_at: i64) -> SamlPrivateKey {
    SamlPrivateKey {
        id: id.to_owned(),
        sealed_key: vec![0, 255, b'\'', 7],
        created_at,
    }
}

fn provider(name: &str) -> SamlProvider {
    SamlProvider {
        account: DEV.to_owned(),
        name: name.to_owned(),
        arn: format!("arn:aws:iam::{DEV}:saml-provider/{name}"),
        uuid: format!("SAMLSP{name}"),
        metadata: "<x a='ü'>\r\n\t&amp; </x>".to_owned(),
        encryption_mode: "Allowed".to_owned(),
        tags: vec![tag("Key", "1"), tag("key", "2")],
        created_at: NOW,
        private_keys: vec![key(&format!("SAMLPK{name}"), NOW)],
    }
}

pub(super) async fn a_saml_provider_lives_and_dies(store: &Store) {
    accounts(store).await;
    let (okta, acme) = (provider("Okta"), provider("Acme"));
    store.create_saml_provider(&okta, 2).await.unwrap();
    store.create_saml_provider(&acme, 2).await.unwrap();
    let found = store.saml_provider(&okta.arn).await.unwrap();
    assert_eq!(found.as_ref(), Some(&okta));
    let near = okta.arn.to_lowercase();
    assert_eq!(store.saml_provider(&near).await.unwrap(), None);
    let entry = |provider: &SamlProvider| SamlProviderEntry {
        arn: provider.arn.clone(),
        created_at: NOW,
    };
    let listed = store.saml_providers(DEV).await.unwrap();
    assert_eq!(listed, [entry(&acme), entry(&okta)]);
    assert!(store.saml_providers(PROD).await.unwrap().is_empty());
    store.delete_saml_provider(&okta.arn).await.unwrap();
    refused!(store.delete_saml_provider(&okta.arn).await, NotFound);
    assert_eq!(store.saml_provider(&okta.arn).await.unwrap(), None);
    // With its keys: both ids are free again.
    store.create_saml_provider(&okta, 2).await.unwrap();
}

pub(super) async fn a_saml_provider_is_unique_by_name_and_one_of_so_many(store: &Store) {
    refused!(
        store.create_saml_provider(&provider("Okta"), 3).await,
        NotFound
    );
    accounts(store).await;
    let done = race(|racer| {
        let store = store.clone();
        let provider = provider(&format!("P{racer}"));
        async move { store.create_saml_provider(&provider, 3).await }
    })
    .await;
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 3);
    let more = provider("More");
    refused!(store.create_saml_provider(&more, 3).await, Conflict);
    let known = store.saml_providers(DEV).await.unwrap().remove(0);
    let mut same = store.saml_provider(&known.arn).await.unwrap().unwrap();
    same.uuid = "SAMLSPOTHER".to_owned();
    refused!(store.create_saml_provider(&same, 9).await, AlreadyExists);
}

pub(super) async fn a_saml_provider_keeps_what_an_update_makes_of_it(store: &Store) {
    accounts(store).await;
    let mut okta = provider("Okta");
    store.create_saml_provider(&okta, 9).await.unwrap();
    let updated = store
        .update_saml_provider::<StoreError>(&okta.arn, |stored| {
            stored.metadata = "<other/>".to_owned();
            stored.encryption_mode = "Required".to_owned();
            stored.tags.clear();
            stored.private_keys = vec![key("SAMLPKB", NOW + 2), key("SAMLPKA", NOW + 1)];
            // What identifies it stays.
            stored.name = "Evil".to_owned();
            stored.uuid = "SAMLSPEVIL".to_owned();
            stored.created_at = 0;
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!((updated.name.as_str(), updated.created_at), ("Okta", NOW));
    okta.metadata = "<other/>".to_owned();
    okta.encryption_mode = "Required".to_owned();
    okta.tags.clear();
    okta.private_keys = vec![key("SAMLPKA", NOW + 1), key("SAMLPKB", NOW + 2)];
    let found = store.saml_provider(&okta.arn).await.unwrap();
    assert_eq!(found.as_ref(), Some(&okta));
    let stopped = store
        .update_saml_provider(&okta.arn, |stored| {
            stored.private_keys.clear();
            Err(StoreError::Conflict)
        })
        .await;
    refused!(stopped, Conflict);
    let found = store.saml_provider(&okta.arn).await.unwrap();
    assert_eq!(found.as_ref(), Some(&okta));
    let nobody = store
        .update_saml_provider::<StoreError>("arn:none", |_| Ok(()))
        .await;
    refused!(nobody, NotFound);
}

pub(super) async fn keys_added_to_a_saml_provider_at_once_are_all_kept(store: &Store) {
    accounts(store).await;
    let okta = provider("Okta");
    store.create_saml_provider(&okta, 9).await.unwrap();
    let before = store.version().await.unwrap();
    let done = race(|racer| {
        let (store, arn) = (store.clone(), okta.arn.clone());
        async move {
            store
                .update_saml_provider::<StoreError>(&arn, |stored| {
                    stored
                        .private_keys
                        .push(key(&format!("SAMLPK{racer}"), NOW));
                    Ok(())
                })
                .await
        }
    })
    .await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    let found = store.saml_provider(&okta.arn).await.unwrap().unwrap();
    assert_eq!(found.private_keys.len(), 1 + done.len());
    let moved = i64::try_from(done.len()).unwrap();
    assert_eq!(store.version().await.unwrap(), before + moved);
}
