//! §9: what others got wrong, one test for each.

use super::*;
use crate::policy::{DocumentKind, PolicyError, validate};

#[test]
fn trap_1_a_deny_after_an_allow_in_the_same_document_wins() {
    let line = json!({
        "id": 0,
        "request": {"principal": USER, "action": "s3:GetObject", "resource": OBJECT, "context": {}},
        "identityPolicies": [policy(json!([
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"},
        ]))],
    });
    assert_eq!(decide(&line), "explicitDeny");
}

#[test]
fn trap_2_an_unresolved_variable_is_not_empty() {
    assert!(!resource_matches(
        "arn:aws:s3:::home/${aws:username}*",
        "arn:aws:s3:::home/bob",
        json!({})
    ));
    assert!(!holds("StringEquals", json!("${aws:username}"), json!("")));
}

#[test]
fn trap_3_string_not_equals_with_a_list_is_none_of_them() {
    assert!(!holds("StringNotEquals", json!(["a", "b"]), json!("b")));
}

#[test]
fn trap_4_a_deny_with_string_not_equals_hits_an_absent_key() {
    let line = json!({
        "id": 0,
        "request": {"principal": USER, "action": "a:b", "resource": "*", "context": {}},
        "identityPolicies": [allow_all(), policy(json!({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"k": "v"}}}))],
    });
    assert_eq!(decide(&line), "explicitDeny");
}

#[test]
fn trap_5_arn_equals_takes_wildcards() {
    assert!(holds(
        "ArnEquals",
        json!("arn:aws:iam::*:role/x*"),
        json!("arn:aws:iam::1:role/xy")
    ));
}

#[test]
fn trap_6_for_all_values_is_true_of_an_absent_key() {
    assert!(holds("ForAllValues:StringEquals", json!("a"), json!(null)));
}

#[test]
fn trap_7_bool_takes_json_booleans_and_any_case() {
    assert!(holds("Bool", json!(true), json!("True")));
    assert!(holds("Bool", json!("True"), json!("true")));
}

#[test]
fn trap_8_all_zeros_is_all_of_ipv4() {
    assert!(holds("IpAddress", json!("0.0.0.0/0"), json!("203.0.113.7")));
    assert!(!holds(
        "IpAddress",
        json!("0.0.0.0/0"),
        json!("2001:db8::7")
    ));
}

#[test]
fn trap_9_epoch_and_iso_dates_compare() {
    assert!(holds(
        "DateLessThan",
        json!("1704067201"),
        json!("2024-01-01T00:00:00Z")
    ));
    assert!(holds(
        "DateGreaterThan",
        json!("2024-01-01T00:00:00Z"),
        json!("1704067201")
    ));
}

#[test]
fn trap_10_a_document_of_2008_takes_a_variable_for_text() {
    let line = json!({
        "id": 0,
        "request": {"principal": USER, "action": "a:b", "resource": "arn:aws:s3:::home/ann", "context": {"aws:username": "ann"}},
        "identityPolicies": [{"Version": "2008-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::home/${aws:username}"}}],
    });
    assert_eq!(decide(&line), "implicitDeny");
}

#[test]
fn trap_11_assume_role_does_not_cover_a_web_identity() {
    let line = json!({
        "id": 0,
        "request": {"principal": {"Federated": "accounts.google.com"}, "action": "sts:AssumeRoleWithWebIdentity", "resource": SESSION_ROLE, "context": {}},
        "trustPolicy": policy(json!({"Effect": "Allow", "Principal": {"Federated": "accounts.google.com"}, "Action": "sts:AssumeRole"})),
    });
    assert_eq!(decide(&line), "implicitDeny");
}

#[test]
fn trap_12_role_arn_and_session_arn_differ_under_a_session_policy() {
    let line = |entry: &str| {
        json!({
            "id": 0,
            "request": {"principal": SESSION, "action": "s3:GetObject", "resource": OBJECT, "resourceAccount": ACCOUNT, "context": {}},
            "resourcePolicy": policy(json!({"Effect": "Allow", "Principal": {"AWS": entry}, "Action": "*", "Resource": "*"})),
            "sessionPolicy": silent(),
        })
    };
    assert_eq!(decide(&line(SESSION_ROLE)), "implicitDeny");
    assert_eq!(decide(&line(SESSION)), "allowed");
}

#[test]
fn trap_13_a_prefix_admits_the_neighbour_and_equals_admits_nobody() {
    assert!(holds(
        "StringLike",
        json!("repo:acme*"),
        json!("repo:acme-evil/app:ref:refs/heads/main")
    ));
    assert!(!holds(
        "StringEquals",
        json!("repo:acme/app:*"),
        json!("repo:acme/app:ref:refs/heads/main")
    ));
}

#[test]
fn trap_14_condition_keys_ignore_case() {
    let statement =
        json!({"Condition": {"ForAnyValue:StringEquals": {"SAML:eduPersonAffiliation": "staff"}}});
    assert!(allows(
        statement,
        json!({"saml:edupersonaffiliation": ["student", "staff"]})
    ));
}

#[test]
fn trap_15_a_bare_star_is_refused_in_a_trust_policy_and_every_aws_principal_is_not() {
    let trust = |principal: Value| {
        policy(json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}))
            .to_string()
    };
    assert_eq!(
        validate(&trust(json!("*")), DocumentKind::Trust).unwrap_err(),
        PolicyError::StarPrincipal
    );
    assert!(validate(&trust(json!({"AWS": "*"})), DocumentKind::Trust).is_ok());
}

// Trap 16, the role that was deleted and made again: `trust::a_stored_role_is_its_unique_id`.

#[test]
fn trap_17_a_duplicate_key_is_no_policy() {
    let line = format!(
        r#"{{"id":"x","request":{{"principal":"{USER}","action":"a:b","resource":"*","context":{{}}}},"identityPolicies":[{{"Statement":{{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}}}}]}}"#
    );
    let answer = answer(&line);
    assert_eq!(answer["id"], "x");
    assert!(answer["error"].is_string(), "{answer}");
}

#[test]
fn trap_18_a_role_with_a_path_covers_its_sessions() {
    let line = |entry: &str| {
        json!({
            "id": 0,
            "request": {"principal": "arn:aws:sts::111122223333:assumed-role/app/s", "action": "s3:GetObject", "resource": OBJECT, "resourceAccount": ACCOUNT, "context": {}},
            "resourcePolicy": policy(json!({"Effect": "Allow", "Principal": {"AWS": entry}, "Action": "*", "Resource": "*"})),
        })
    };
    assert_eq!(
        decide(&line("arn:aws:iam::111122223333:role/team/app")),
        "allowed"
    );
    assert_eq!(
        decide(&line("arn:aws:iam::111122223333:role/app/team")),
        "implicitDeny"
    );
    assert_eq!(
        decide(&line("arn:aws:iam::111122223333:role/team/App")),
        "implicitDeny"
    );
}
