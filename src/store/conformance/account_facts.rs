//! Aliases and settings of accounts.

use super::samples::{
    DEV, NOW, PROD, access_key, accounts, full_role, managed_policy, provider, role, user,
};
use super::{is_already_exists, race, refused};
use crate::store::Store;
use crate::store::access_keys::KeyOwner;
use crate::store::accounts::AccountCounts;

pub(super) async fn a_fact_is_kept_replaced_and_forgotten(store: &Store) {
    accounts(store).await;
    let known = async |account: &str| store.account_fact(account, "colour").await.unwrap();
    assert_eq!(known(DEV).await, None);
    store.put_account_fact(DEV, "colour", "red").await.unwrap();
    store.put_account_fact(DEV, "colour", "blue").await.unwrap();
    assert_eq!(known(DEV).await.as_deref(), Some("blue"));
    assert_eq!(known(PROD).await, None);
    refused!(
        store.create_account_fact(DEV, "colour", "green").await,
        AlreadyExists
    );
    store.delete_account_fact(DEV, "colour").await.unwrap();
    refused!(store.delete_account_fact(DEV, "colour").await, NotFound);
    store
        .create_account_fact(DEV, "colour", "green")
        .await
        .unwrap();
    assert_eq!(known(DEV).await.as_deref(), Some("green"));
    let nowhere = store.put_account_fact("999999999999", "colour", "red");
    refused!(nowhere.await, NotFound);
}

pub(super) async fn an_alias_belongs_to_one_account(store: &Store) {
    accounts(store).await;
    store.put_account_alias(DEV, "acme").await.unwrap();
    refused!(store.put_account_alias(PROD, "acme").await, AlreadyExists);
    store.put_account_alias(DEV, "acme").await.unwrap();
    store.put_account_alias(DEV, "acme-dev").await.unwrap();
    store.put_account_alias(PROD, "acme").await.unwrap();
    let alias = store.account_alias(DEV).await.unwrap();
    assert_eq!(alias.as_deref(), Some("acme-dev"));
    refused!(store.delete_account_alias(DEV, "acme").await, NotFound);
    store.delete_account_alias(DEV, "acme-dev").await.unwrap();
    assert_eq!(store.account_alias(DEV).await.unwrap(), None);
}

pub(super) async fn one_of_many_accounts_gets_an_alias(store: &Store) {
    accounts(store).await;
    let results = race(|racer| {
        let (store, account) = (store.clone(), [DEV, PROD][racer % 2]);
        async move { (account, store.put_account_alias(account, "acme").await) }
    })
    .await;
    let winners: Vec<&str> = results
        .iter()
        .filter(|(_, result)| result.is_ok())
        .map(|(account, _)| *account)
        .collect();
    assert!(winners.windows(2).all(|two| two.first() == two.last()));
    assert!(!winners.is_empty());
    let others = results.iter().filter(|(_, result)| result.is_err());
    assert!(
        others
            .into_iter()
            .all(|(_, result)| is_already_exists(result))
    );
}

pub(super) async fn an_account_counts_what_is_its_own(store: &Store) {
    accounts(store).await;
    assert_eq!(
        store.account_counts(DEV).await.unwrap(),
        AccountCounts::default()
    );
    store.create_role(&full_role()).await.unwrap();
    store.create_role(&role(PROD, "Other")).await.unwrap();
    store.create_user(&user(DEV, "ann"), 9).await.unwrap();
    let policy = managed_policy("Reading");
    store.create_managed_policy(&policy, "{}", 9).await.unwrap();
    let second = store.create_policy_version(&policy.arn, "{}", false, 5, NOW);
    second.await.unwrap();
    let key = access_key("AKIAONE", KeyOwner::Root);
    store.create_access_key(&key, 9).await.unwrap();
    store
        .create_oidc_provider(&provider("idp.example.com"), 9)
        .await
        .unwrap();
    let expected = AccountCounts {
        users: 1,
        roles: 1,
        policies: 1,
        policy_versions: 2,
        providers: 1,
        root_access_keys: 1,
        ..AccountCounts::default()
    };
    assert_eq!(store.account_counts(DEV).await.unwrap(), expected);
}
