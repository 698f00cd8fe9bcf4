//! Rows to begin with.

use crate::store::Store;
use crate::store::access_keys::{AccessKey, KeyOwner};
use crate::store::accounts::Account;
use crate::store::inline_policies::{InlinePolicy, PolicyOwner};
use crate::store::managed_policies::ManagedPolicy;
use crate::store::oidc_providers::OidcProvider;
use crate::store::revocations::{Revocation, RevocationKind};
use crate::store::roles::Role;
use crate::store::users::User;

pub(super) const DEV: &str = "111111111111";
pub(super) const PROD: &str = "222222222222";

/// A Sunday in November 2026, in seconds since 1970.
pub(super) const NOW: i64 = 1_794_700_800;

/// The two accounts of the demo.
pub(super) async fn accounts(store: &Store) {
    for (id, name) in [(DEV, "dev"), (PROD, "prod")] {
        let (id, name) = (id.to_owned(), name.to_owned());
        store.put_account(&Account { id, name }).await.unwrap();
    }
}

pub(super) fn role(account: &str, name: &str) -> Role {
    Role {
        account: account.to_owned(),
        name: name.to_owned(),
        path: "/".to_owned(),
        unique_id: format!("AROA{account}{name}"),
        arn: format!("arn:aws:iam::{account}:role/{name}"),
        trust_policy: r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned(),
        description: String::new(),
        max_session_duration: 3600,
        permissions_boundary: None,
        alias: None,
        production: false,
        explain: true,
        tags: Vec::new(),
        created_at: NOW,
        trust_principals: Vec::new(),
    }
}

/// A role in which nothing is left at its default.
pub(super) fn full_role() -> Role {
    Role {
        path: "/teams/a/".to_owned(),
        arn: format!("arn:aws:iam::{DEV}:role/teams/a/Developer"),
        trust_policy: "{ \"Version\" : \"2012-10-17\",\n\t\"Statement\": [] } ü".to_owned(),
        description: "builds 'things'; DROP TABLE iam_role".to_owned(),
        max_session_duration: 43200,
        permissions_boundary: Some(format!("arn:aws:iam::{DEV}:policy/Edge")),
        alias: Some("dev/Developer".to_owned()),
        production: true,
        explain: false,
        tags: vec![tag("Team", "a"), tag("cost", ""), tag("ä", "\"quoted\"")],
        trust_principals: vec![(
            "arn:aws:iam::111111111111:user/ann".to_owned(),
            "AIDAQAAAAAAAAAAAAAAAA".to_owned(),
        )],
        ..role(DEV, "Developer")
    }
}

pub(super) fn tag(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

pub(super) fn user(account: &str, name: &str) -> User {
    User {
        account: account.to_owned(),
        name: name.to_owned(),
        path: "/".to_owned(),
        unique_id: format!("AIDA{account}{name}"),
        arn: format!("arn:aws:iam::{account}:user/{name}"),
        permissions_boundary: None,
        tags: vec![tag("Team", "a")],
        created_at: NOW,
    }
}

pub(super) fn access_key(id: &str, principal: KeyOwner) -> AccessKey {
    AccessKey {
        id: id.to_owned(),
        account: DEV.to_owned(),
        principal,
        sealed_secret: vec![0, 255, b'\'', 7],
        active: true,
        created_at: NOW,
    }
}

pub(super) fn provider(host: &str) -> OidcProvider {
    OidcProvider {
        account: DEV.to_owned(),
        arn: format!("arn:aws:iam::{DEV}:oidc-provider/{host}"),
        url: format!("https://{host}"),
        client_ids: vec!["sts.amazonaws.com".to_owned()],
        thumbprints: vec!["6938fd4d98bab03faadb97b34396831e3780aea1".to_owned()],
        tags: vec![tag("Key", "1"), tag("key", "2")],
        created_at: NOW,
    }
}

pub(super) fn managed_policy(name: &str) -> ManagedPolicy {
    ManagedPolicy {
        account: DEV.to_owned(),
        name: name.to_owned(),
        path: "/".to_owned(),
        unique_id: format!("ANPA{name}"),
        arn: format!("arn:aws:iam::{DEV}:policy/{name}"),
        description: String::new(),
        tags: Vec::new(),
        created_at: NOW,
        updated_at: NOW,
        default_version: 1,
    }
}

pub(super) fn inline(name: &str, document: &str) -> InlinePolicy {
    InlinePolicy {
        name: name.to_owned(),
        document: document.to_owned(),
    }
}

pub(super) fn revocation(id: &str, issued_before: i64) -> Revocation {
    Revocation {
        kind: RevocationKind::Principal,
        id: id.to_owned(),
        issued_before,
        revoked_by: "ann".to_owned(),
        revoked_at: issued_before,
    }
}

/// The role's policies.
pub(super) fn of_role(role: &Role) -> PolicyOwner {
    PolicyOwner::Role(role.unique_id.clone())
}

/// The user's policies.
pub(super) fn of_user(user: &User) -> PolicyOwner {
    PolicyOwner::User(user.unique_id.clone())
}
