//! What rollover and alarms go by.

use super::*;

fn fingerprint(read: &IdpMetadata, at: usize) -> String {
    read.signing[at].fingerprint().to_owned()
}

#[test]
fn keys_come_and_go() {
    let two = read(ADFS).unwrap();
    let mut one = two.clone();
    one.signing.truncate(1);
    assert_eq!(changes(&two, &two), []);
    assert_eq!(changes(&one, &two), [Change::NewKey(fingerprint(&two, 1))]);
    assert_eq!(
        changes(&two, &one),
        [Change::RemovedKey(fingerprint(&two, 1))]
    );
    let mut other = one.clone();
    other.signing = read(OKTA).unwrap().signing;
    assert_eq!(
        changes(&one, &other),
        [
            Change::NewKey(fingerprint(&other, 0)),
            Change::RemovedKey(fingerprint(&one, 0)),
        ]
    );
    // Their order says nothing.
    let mut turned = two.clone();
    turned.signing.reverse();
    assert_eq!(changes(&two, &turned), []);
}

#[test]
fn another_provider_or_none_to_verify_keeps_the_old() {
    let old = read(OKTA).unwrap();
    let mut new = old.clone();
    new.entity_id.push('x');
    assert_eq!(changes(&old, &new), [Change::EntityId]);
    let mut bare = old.clone();
    bare.signing.clear();
    assert_eq!(
        changes(&old, &bare),
        [Change::NoKeys, Change::RemovedKey(fingerprint(&old, 0))]
    );
    assert!(Change::EntityId.keeps_the_old() && Change::NoKeys.keeps_the_old());
    assert!(!Change::NewKey(String::new()).keeps_the_old());
}

#[test]
fn other_places_are_noticed() {
    let old = read(KEYCLOAK).unwrap();
    let mut new = old.clone();
    new.sso.pop();
    assert_eq!(changes(&old, &new), [Change::Endpoints]);
    let mut new = old.clone();
    new.slo.pop();
    new.want_authn_requests_signed = false;
    assert_eq!(
        changes(&old, &new),
        [Change::Endpoints, Change::WantAuthnRequestsSigned]
    );
    // What people are shown is no such change.
    let mut new = old.clone();
    new.display_name = Some("x".to_owned());
    assert_eq!(changes(&old, &new), []);
}
