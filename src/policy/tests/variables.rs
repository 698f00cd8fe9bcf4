//! §4: policy variables.

use super::*;

fn home(pattern: &str, resource: &str, context: Value) -> bool {
    resource_matches(pattern, resource, context)
}

#[test]
fn a_variable_is_the_value_of_a_single_valued_key() {
    let pattern = "arn:aws:s3:::home/${aws:username}/*";
    assert!(home(
        pattern,
        "arn:aws:s3:::home/ann/x",
        json!({"aws:username": "ann"})
    ));
    assert!(home(
        pattern,
        "arn:aws:s3:::home/ann/x",
        json!({"AWS:UserName": "ann"})
    ));
    assert!(!home(
        pattern,
        "arn:aws:s3:::home/bob/x",
        json!({"aws:username": "ann"})
    ));
}

#[test]
fn an_absent_key_matches_no_resource() {
    for resource in [
        "arn:aws:s3:::home//x",
        "arn:aws:s3:::home/${aws:username}/x",
        "arn:aws:s3:::home/ann/x",
    ] {
        assert!(
            !home("arn:aws:s3:::home/${aws:username}/*", resource, json!({})),
            "{resource}"
        );
    }
}

#[test]
fn an_absent_key_with_a_default_is_the_default() {
    let pattern = "arn:aws:s3:::${aws:PrincipalTag/team, 'shared'}/*";
    assert!(home(pattern, "arn:aws:s3:::shared/x", json!({})));
    assert!(home(
        pattern,
        "arn:aws:s3:::core/x",
        json!({"aws:PrincipalTag/team": "core"})
    ));
    assert!(!home(
        pattern,
        "arn:aws:s3:::shared/x",
        json!({"aws:PrincipalTag/team": "core"})
    ));
    assert!(holds("StringEquals", json!("${x,'d'}"), json!("d")));
}

#[test]
fn a_default_is_literal() {
    assert!(!holds("StringLike", json!("${x, '*'}"), json!("a")));
    assert!(holds("StringLike", json!("${x, '*'}"), json!("*")));
}

#[test]
fn a_multivalued_key_has_no_value_as_a_variable() {
    assert!(!home(
        "arn:aws:s3:::${aws:TagKeys}",
        "arn:aws:s3:::a",
        json!({"aws:TagKeys": ["a"]})
    ));
    assert!(!home(
        "arn:aws:s3:::${aws:TagKeys, 'a'}",
        "arn:aws:s3:::a",
        json!({"aws:TagKeys": ["a"]})
    ));
}

#[test]
fn a_wildcard_out_of_a_value_is_literal() {
    let context = json!({"aws:PrincipalTag/t": "*"});
    assert!(!home(
        "arn:aws:s3:::${aws:PrincipalTag/t}",
        "arn:aws:s3:::a",
        context.clone()
    ));
    assert!(home(
        "arn:aws:s3:::${aws:PrincipalTag/t}",
        "arn:aws:s3:::*",
        context.clone()
    ));
    let statement = json!({"Condition": {"StringLike": {"k": "${aws:PrincipalTag/t}"}}});
    assert!(!allows(
        statement,
        json!({"k": "a", "aws:PrincipalTag/t": "?"})
    ));
}

#[test]
fn a_value_is_not_expanded_again() {
    let context = json!({"a": "${b}", "b": "x"});
    assert!(!home(
        "arn:aws:s3:::${a}",
        "arn:aws:s3:::x",
        context.clone()
    ));
    assert!(home("arn:aws:s3:::${a}", "arn:aws:s3:::${b}", context));
}

#[test]
fn the_three_escapes_are_their_characters() {
    assert!(holds(
        "StringLike",
        json!("${*}${?}${$}{x}"),
        json!("*?${x}")
    ));
    assert!(!holds("StringLike", json!("${*}"), json!("a")));
    assert!(holds("StringEquals", json!("a${*}b${$}"), json!("a*b$")));
    assert!(home("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/*", json!({})));
    assert!(!home("arn:aws:s3:::b/${?}", "arn:aws:s3:::b/x", json!({})));
}

#[test]
fn a_null_value_matches_nothing_and_its_negation_everything() {
    for (positive, negated) in [
        ("StringEquals", "StringNotEquals"),
        ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
        ("StringLike", "StringNotLike"),
        ("ArnEquals", "ArnNotEquals"),
        ("ArnLike", "ArnNotLike"),
    ] {
        for seen in ["", "x", "${none}", "arn:aws:iam::1:user/x"] {
            assert!(
                !holds(positive, json!("${none}"), json!(seen)),
                "{positive} {seen}"
            );
            assert!(
                holds(negated, json!("${none}"), json!(seen)),
                "{negated} {seen}"
            );
        }
        assert!(holds(
            positive,
            json!(["${none}", "arn:aws:iam::1:x"]),
            json!("arn:aws:iam::1:x")
        ));
    }
}

#[test]
fn an_empty_value_is_a_value() {
    let context = json!({"k": "a", "e": ""});
    assert!(allows(
        json!({"Condition": {"StringEquals": {"k": "a${e}"}}}),
        context.clone()
    ));
    assert!(allows(
        json!({"Condition": {"StringLike": {"k": "${e}*"}}}),
        context
    ));
}

#[test]
fn an_unterminated_variable_is_text() {
    assert!(holds("StringEquals", json!("a${k"), json!("a${k")));
    assert!(home("arn:aws:s3:::a${b", "arn:aws:s3:::a${b", json!({})));
}

#[test]
fn a_document_of_2008_has_no_variables() {
    for version in [json!({"Version": "2008-10-17"}), json!({})] {
        let decide = |seen: &str| {
            let mut document = version.clone();
            document["Statement"] = json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"k": "${aws:username}"}}});
            decide(&json!({
                "id": 0,
                "request": {"principal": USER, "action": "a:b", "resource": "*", "context": {"k": seen, "aws:username": "ann"}},
                "identityPolicies": [document],
            }))
        };
        assert_eq!(decide("ann"), "implicitDeny");
        assert_eq!(decide("${aws:username}"), "allowed");
    }
}

#[test]
fn before_the_fifth_colon_of_a_resource_there_are_no_variables() {
    let pattern = "arn:aws:iam::${aws:PrincipalAccount}:role/x";
    let context = json!({"aws:PrincipalAccount": "111122223333"});
    assert!(!home(
        pattern,
        "arn:aws:iam::111122223333:role/x",
        context.clone()
    ));
    assert!(!home(
        "arn:aws:${svc}:::x",
        "arn:aws:s3:::x",
        json!({"svc": "s3"})
    ));
    assert!(home(
        "arn:aws:s3:::${aws:PrincipalAccount}:x",
        "arn:aws:s3:::111122223333:x",
        context
    ));
}

#[test]
fn variables_stand_anywhere_in_the_values_of_arn_conditions() {
    let context = |k: &str| json!({"k": k, "aws:PrincipalAccount": "1", "aws:PrincipalArn": "arn:aws:iam::1:role/*"});
    let statement = |wanted: &str| json!({"Condition": {"ArnLike": {"k": wanted}}});
    assert!(allows(
        statement("arn:aws:iam::${aws:PrincipalAccount}:user/*"),
        context("arn:aws:iam::1:user/a/b")
    ));
    assert!(!allows(
        statement("arn:aws:iam::${aws:PrincipalAccount}:user/*"),
        context("arn:aws:iam::2:user/a")
    ));
    assert!(allows(
        statement("${aws:PrincipalArn}"),
        context("arn:aws:iam::1:role/*")
    ));
    assert!(!allows(
        statement("${aws:PrincipalArn}"),
        context("arn:aws:iam::1:role/a")
    ));
}

#[test]
fn bool_takes_variables() {
    let statement = json!({"Condition": {"Bool": {"k": "${flag}"}}});
    assert!(allows(
        statement.clone(),
        json!({"k": "True", "flag": "true"})
    ));
    assert!(!allows(
        statement.clone(),
        json!({"k": "true", "flag": "false"})
    ));
    assert!(!allows(statement, json!({"k": "true"})));
}

#[test]
fn elsewhere_a_variable_is_text_and_does_not_parse() {
    for (operator, value) in [
        ("NumericEquals", "5"),
        ("DateEquals", "2024-01-01"),
        ("BinaryEquals", "a"),
        ("IpAddress", "10.0.0.1"),
        ("Null", "false"),
    ] {
        let statement = json!({"Condition": {operator: {"k": "${v}"}}});
        assert!(
            !allows(statement, json!({"k": value, "v": value})),
            "{operator}"
        );
    }
    assert!(!allows(
        json!({"Action": "${a}"}),
        json!({"a": "s3:GetObject"})
    ));
}

#[test]
fn a_null_entry_of_not_resource_fails_closed_by_effect() {
    let not_resource = json!(["arn:aws:s3:::home/${none}/*", "arn:aws:s3:::public/*"]);
    assert!(!allows(json!({"NotResource": not_resource}), json!({})));
    let denied = |resource: &str| {
        decide(&json!({
            "id": 0,
            "request": {"principal": USER, "action": "a:b", "resource": resource, "context": {}},
            "identityPolicies": [allow_all(), policy(json!({"Effect": "Deny", "Action": "*", "NotResource": not_resource}))],
        }))
    };
    assert_eq!(denied("arn:aws:s3:::home/ann/x"), "explicitDeny");
    assert_eq!(denied("arn:aws:s3:::public/x"), "allowed");
}
