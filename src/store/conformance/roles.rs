//! Accounts, roles and users.

use super::samples::{
    DEV, PROD, access_key, accounts, full_role, inline, managed_policy, of_role, of_user, provider,
    role, tag, user,
};
use super::{is_already_exists, race, refused};
use crate::store::access_keys::KeyOwner;
use crate::store::accounts::Account;
use crate::store::roles::Role;
use crate::store::{Store, StoreError};

pub(super) async fn an_account_is_put_renamed_and_listed(store: &Store) {
    assert_eq!(store.account(DEV).await.unwrap(), None);
    accounts(store).await;
    let renamed = Account {
        id: DEV.to_owned(),
        name: "Développement".to_owned(),
    };
    store.put_account(&renamed).await.unwrap();
    assert_eq!(store.account(DEV).await.unwrap().as_ref(), Some(&renamed));
    let accounts = store.accounts().await.unwrap();
    let ids: Vec<&str> = accounts.iter().map(|account| account.id.as_str()).collect();
    assert_eq!(ids, [DEV, PROD]);
}

pub(super) async fn a_role_comes_back_as_it_was_created(store: &Store) {
    accounts(store).await;
    for role in [full_role(), role(DEV, "Plain")] {
        store.create_role(&role).await.unwrap();
        let found = store.role_by_arn(&role.arn).await.unwrap();
        assert_eq!(found, Some(role));
    }
}

pub(super) async fn a_role_is_found_ignoring_case(store: &Store) {
    accounts(store).await;
    let role = full_role();
    store.create_role(&role).await.unwrap();
    let shouted = role.arn.to_uppercase();
    let found = store.role_by_arn(&shouted).await.unwrap();
    assert_eq!(found.as_ref(), Some(&role));
    let found = store.role_by_name(DEV, "dEVELOPER").await.unwrap();
    assert_eq!(found.as_ref(), Some(&role));
    assert_eq!(store.role_by_name(PROD, "Developer").await.unwrap(), None);
    // The path is part of the ARN and not of the name.
    let elsewhere = format!("arn:aws:iam::{DEV}:role/Developer");
    assert_eq!(store.role_by_arn(&elsewhere).await.unwrap(), None);
}

pub(super) async fn a_role_name_is_unique_in_its_account_ignoring_case(store: &Store) {
    accounts(store).await;
    store.create_role(&role(DEV, "Deploy")).await.unwrap();
    let mut same = role(DEV, "dePLOY");
    refused!(store.create_role(&same).await, AlreadyExists);
    same.path = "/elsewhere/".to_owned();
    same.arn = format!("arn:aws:iam::{DEV}:role/elsewhere/dePLOY");
    refused!(store.create_role(&same).await, AlreadyExists);
    store.create_role(&role(PROD, "dePLOY")).await.unwrap();
}

pub(super) async fn an_alias_is_unique_in_the_store_and_exact(store: &Store) {
    accounts(store).await;
    let with_alias = |account, name, alias: &str| Role {
        alias: Some(alias.to_owned()),
        ..role(account, name)
    };
    let first = with_alias(DEV, "One", "deploy");
    store.create_role(&first).await.unwrap();
    refused!(
        store.create_role(&with_alias(PROD, "Two", "deploy")).await,
        AlreadyExists
    );
    let other_case = with_alias(PROD, "Three", "Deploy");
    store.create_role(&other_case).await.unwrap();
    let found = store.role_by_alias("deploy").await.unwrap();
    assert_eq!(found, Some(first));
    let found = store.role_by_alias("Deploy").await.unwrap();
    assert_eq!(found, Some(other_case));
    assert_eq!(store.role_by_alias("DEPLOY").await.unwrap(), None);
    // Roles without one do not collide, and an update cannot take one either.
    store.create_role(&role(DEV, "Four")).await.unwrap();
    store.create_role(&role(DEV, "Five")).await.unwrap();
    let take = store
        .update_role::<StoreError>(DEV, "Five", |role| {
            role.alias = Some("deploy".to_owned());
            Ok(())
        })
        .await;
    refused!(take, AlreadyExists);
}

pub(super) async fn a_role_needs_its_account(store: &Store) {
    refused!(store.create_role(&role(DEV, "Deploy")).await, NotFound);
    refused!(
        store.create_user(&user(DEV, "ann"), usize::MAX).await,
        NotFound
    );
    let key = access_key("AKIAONE", KeyOwner::Root);
    refused!(store.create_access_key(&key, usize::MAX).await, NotFound);
    let provider = provider("idp.example.com");
    refused!(store.create_oidc_provider(&provider, 100).await, NotFound);
    refused!(store.upsert_oidc_provider(&provider).await, NotFound);
}

pub(super) async fn roles_are_listed_in_one_order_on_every_engine(store: &Store) {
    accounts(store).await;
    for name in ["b", "A", "a-b", "B_c", "ab", "a_b", "Z"] {
        store.create_role(&role(DEV, name)).await.unwrap();
    }
    store.create_role(&role(PROD, "other")).await.unwrap();
    let roles = store.roles(DEV).await.unwrap();
    let names: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
    assert_eq!(names, ["A", "a-b", "a_b", "ab", "b", "B_c", "Z"]);
}

pub(super) async fn roles_are_read_a_page_at_a_time_in_that_order(store: &Store) {
    accounts(store).await;
    for name in ["b", "A", "a-b", "B_c", "ab", "a_b", "Z"] {
        store.create_role(&role(DEV, name)).await.unwrap();
    }
    store.create_role(&full_role()).await.unwrap();
    store.create_role(&role(PROD, "other")).await.unwrap();
    assert_eq!(store.role_count(DEV).await.unwrap(), 8);
    let mut names: Vec<String> = Vec::new();
    loop {
        let after = names.last().cloned().unwrap_or_default();
        let page = store.roles_after(DEV, "/", &after, 3).await.unwrap();
        assert!(page.len() <= 3);
        if page.is_empty() {
            break;
        }
        names.extend(page.into_iter().map(|role| role.name));
    }
    assert_eq!(
        names,
        ["A", "a-b", "a_b", "ab", "b", "B_c", "Developer", "Z"]
    );
    let of_teams = store.roles_after(DEV, "/teams/", "", 9).await.unwrap();
    assert_eq!(of_teams, [full_role()]);
    // The prefix is text, not a pattern.
    assert!(
        store
            .roles_after(DEV, "/t_", "", 9)
            .await
            .unwrap()
            .is_empty()
    );
}

pub(super) async fn a_role_keeps_what_an_update_makes_of_it(store: &Store) {
    accounts(store).await;
    store.create_role(&role(DEV, "Developer")).await.unwrap();
    let full = full_role();
    let wanted = Role {
        path: "/".to_owned(),
        arn: format!("arn:aws:iam::{DEV}:role/Developer"),
        ..full.clone()
    };
    let updated = store
        .update_role::<StoreError>(DEV, "DEVELOPER", |role| {
            *role = full;
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(updated, wanted);
    let found = store.role_by_name(DEV, "Developer").await.unwrap();
    assert_eq!(found, Some(wanted));
    refused!(
        store
            .update_role::<StoreError>(DEV, "Nobody", |_| Ok(()))
            .await,
        NotFound
    );
}

pub(super) async fn an_update_cannot_change_what_identifies_a_role(store: &Store) {
    accounts(store).await;
    let before = role(DEV, "Developer");
    store.create_role(&before).await.unwrap();
    let updated = store
        .update_role::<StoreError>(DEV, "Developer", |role| {
            role.account = PROD.to_owned();
            role.name = "Administrator".to_owned();
            role.path = "/x/".to_owned();
            role.unique_id = "AROAOTHER".to_owned();
            role.arn = "arn:aws:iam::222222222222:role/Administrator".to_owned();
            role.created_at = 0;
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(updated, before);
    let found = store.role_by_arn(&before.arn).await.unwrap();
    assert_eq!(found, Some(before));
}

pub(super) async fn a_failed_update_leaves_the_role_as_it_was(store: &Store) {
    #[derive(Debug)]
    enum TagError {
        TooMany,
        Store,
    }
    impl From<StoreError> for TagError {
        fn from(_: StoreError) -> TagError {
            TagError::Store
        }
    }
    accounts(store).await;
    let before = role(DEV, "Developer");
    store.create_role(&before).await.unwrap();
    let failed = store
        .update_role(DEV, "Developer", |role| {
            role.tags.push(tag("one", "too many"));
            Err(TagError::TooMany)
        })
        .await;
    assert!(matches!(failed, Err(TagError::TooMany)), "{failed:?}");
    let nobody = store
        .update_role(DEV, "Nobody", |_| Err(TagError::TooMany))
        .await;
    assert!(matches!(nobody, Err(TagError::Store)), "{nobody:?}");
    let found = store.role_by_arn(&before.arn).await.unwrap();
    assert_eq!(found, Some(before));
}

pub(super) async fn updates_of_one_role_at_once_are_all_kept(store: &Store) {
    accounts(store).await;
    store.create_role(&role(DEV, "Developer")).await.unwrap();
    let done = race(|racer| {
        let store = store.clone();
        async move {
            store
                .update_role::<StoreError>(DEV, "Developer", |role| {
                    role.tags.push(tag(&format!("tag{racer:02}"), ""));
                    Ok(())
                })
                .await
        }
    })
    .await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    let role = store.role_by_name(DEV, "Developer").await.unwrap();
    let mut tags = role.unwrap().tags;
    tags.sort();
    let wanted: Vec<_> = (0..done.len())
        .map(|racer| tag(&format!("tag{racer:02}"), ""))
        .collect();
    assert_eq!(tags, wanted);
}

pub(super) async fn one_of_many_creators_of_a_role_wins(store: &Store) {
    accounts(store).await;
    let created = race(|racer| {
        let store = store.clone();
        let role = Role {
            unique_id: format!("AROA{racer}"),
            ..role(DEV, "Deploy")
        };
        async move { store.create_role(&role).await }
    })
    .await;
    assert_eq!(created.iter().filter(|created| created.is_ok()).count(), 1);
    let refusals = created.iter().filter(|created| created.is_err());
    assert!(refusals.into_iter().all(is_already_exists), "{created:?}");
    assert_eq!(store.roles(DEV).await.unwrap().len(), 1);
}

pub(super) async fn a_role_with_policies_cannot_be_deleted(store: &Store) {
    accounts(store).await;
    let (role, policy) = (role(DEV, "Developer"), managed_policy("Reading"));
    let owner = of_role(&role);
    store.create_role(&role).await.unwrap();
    store
        .put_inline_policy(&owner, &inline("p", "{}"))
        .await
        .unwrap();
    refused!(store.delete_role(DEV, "Developer").await, Conflict);
    store.delete_inline_policy(&owner, "p").await.unwrap();
    store.create_managed_policy(&policy, "{}", 9).await.unwrap();
    store.attach_policy(&owner, &policy.arn).await.unwrap();
    refused!(store.delete_role(DEV, "Developer").await, Conflict);
    store.detach_policy(&owner, &policy.arn).await.unwrap();
    store.delete_role(DEV, "DEVELOPER").await.unwrap();
    refused!(store.delete_role(DEV, "Developer").await, NotFound);
    assert_eq!(store.role_by_arn(&role.arn).await.unwrap(), None);
}

pub(super) async fn a_user_is_created_found_and_listed(store: &Store) {
    accounts(store).await;
    let (ann, bob) = (user(DEV, "ann"), user(DEV, "Bob"));
    store.create_user(&bob, usize::MAX).await.unwrap();
    store.create_user(&ann, usize::MAX).await.unwrap();
    store
        .create_user(&user(PROD, "ann"), usize::MAX)
        .await
        .unwrap();
    refused!(
        store.create_user(&user(DEV, "ANN"), usize::MAX).await,
        AlreadyExists
    );
    let found = store.user_by_name(DEV, "Ann").await.unwrap();
    assert_eq!(found.as_ref(), Some(&ann));
    let found = store.user(&ann.unique_id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&ann));
    assert_eq!(store.user("AIDANONE").await.unwrap(), None);
    assert_eq!(store.users(DEV).await.unwrap(), [ann, bob]);
}

pub(super) async fn a_user_can_be_renamed_but_not_onto_another(store: &Store) {
    accounts(store).await;
    let ann = user(DEV, "ann");
    store.create_user(&ann, usize::MAX).await.unwrap();
    store
        .create_user(&user(DEV, "bob"), usize::MAX)
        .await
        .unwrap();
    let rename = |name: &'static str| {
        store.update_user::<StoreError>(DEV, "ann", move |user| {
            user.name = name.to_owned();
            user.arn = format!("arn:aws:iam::{DEV}:user/{name}");
            user.unique_id = "AIDAOTHER".to_owned();
            Ok(())
        })
    };
    refused!(rename("BOB").await, AlreadyExists);
    let renamed = rename("anna").await.unwrap();
    assert_eq!(renamed.unique_id, ann.unique_id);
    assert_eq!(store.user_by_name(DEV, "ann").await.unwrap(), None);
    let found = store.user_by_name(DEV, "Anna").await.unwrap();
    assert_eq!(found, Some(renamed));
}

pub(super) async fn a_user_with_keys_or_policies_cannot_be_deleted(store: &Store) {
    accounts(store).await;
    let ann = user(DEV, "ann");
    store.create_user(&ann, usize::MAX).await.unwrap();
    let key = access_key("AKIAONE", KeyOwner::User(ann.unique_id.clone()));
    store.create_access_key(&key, usize::MAX).await.unwrap();
    refused!(store.delete_user(DEV, "ann").await, Conflict);
    store.delete_access_key(&key.id).await.unwrap();
    store
        .put_inline_policy(&of_user(&ann), &inline("p", "{}"))
        .await
        .unwrap();
    refused!(store.delete_user(DEV, "ann").await, Conflict);
    store
        .delete_inline_policy(&of_user(&ann), "P")
        .await
        .unwrap();
    store.delete_user(DEV, "ANN").await.unwrap();
    refused!(store.delete_user(DEV, "ann").await, NotFound);
}

pub(super) async fn no_row_is_found_by_text_that_no_row_can_hold(store: &Store) {
    accounts(store).await;
    store.create_role(&role(DEV, "Developer")).await.unwrap();
    let odd = "Developer\0";
    assert_eq!(store.role_by_name(DEV, odd).await.unwrap(), None);
    assert_eq!(store.role_by_arn(odd).await.unwrap(), None);
    assert_eq!(store.role_by_alias(odd).await.unwrap(), None);
    assert_eq!(store.user_by_name(DEV, odd).await.unwrap(), None);
    assert_eq!(store.access_key(odd).await.unwrap(), None);
    assert_eq!(store.oidc_provider(odd).await.unwrap(), None);
    assert_eq!(store.account(odd).await.unwrap(), None);
    // And the connection that was asked still works.
    assert_eq!(store.roles(DEV).await.unwrap().len(), 1);
}

pub(super) async fn quotes_and_controls_are_data(store: &Store) {
    accounts(store).await;
    for (number, text) in [
        "'; DROP TABLE account; --",
        "\\",
        "\u{7f}\u{1}",
        "$1",
        "🌉",
        "%_",
    ]
    .into_iter()
    .enumerate()
    {
        let role = Role {
            description: text.to_owned(),
            alias: Some(text.to_owned()),
            tags: vec![tag(text, text)],
            ..role(DEV, &format!("R{number}"))
        };
        store.create_role(&role).await.unwrap();
        let found = store.role_by_alias(text).await.unwrap();
        assert_eq!(found, Some(role));
    }
}
