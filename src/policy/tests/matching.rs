//! §3: how actions, resources and values match.

use super::*;

#[test]
fn actions_match_as_a_whole_and_without_case() {
    for (pattern, matches) in [
        ("*", true),
        ("s3:*", true),
        ("S3:getobject", true),
        ("s3:Get*", true),
        ("s3:G?tObject", true),
        ("s3:Get?bject*", true),
        ("*:*", true),
        ("*GetObject", true),
        ("s*t", true),
        ("s3:**", true),
        ("s3:Get", false),
        ("s3:GetObject?", false),
        ("3:GetObject", false),
        ("s3:GetObjectAcl", false),
        ("ec2:*", false),
        ("s3:Get.*", false),
        ("", false),
        ("${*}", false),
    ] {
        assert_eq!(
            allows(json!({ "Action": pattern }), json!({})),
            matches,
            "{pattern}"
        );
        assert_eq!(
            allows(json!({ "NotAction": pattern }), json!({})),
            !matches,
            "not {pattern}"
        );
    }
}

#[test]
fn not_action_applies_only_if_no_entry_matches() {
    assert!(allows(json!({"NotAction": ["a:b", "s3:Put*"]}), json!({})));
    assert!(!allows(json!({"NotAction": ["a:b", "s3:get*"]}), json!({})));
}

#[test]
fn resources_match_part_by_part_and_with_case() {
    for (pattern, resource, matches) in [
        ("*", "arn:aws:s3:::b/k", true),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b:c", true),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/", true),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b", false),
        ("arn:aws:s3:::B/*", "arn:aws:s3:::b/k", false),
        ("arn:aws:s3:::?", "arn:aws:s3:::é", true),
        ("arn:aws:s3:::b/?", "arn:aws:s3:::b//", true),
        ("arn:aws:s3:::b/?", "arn:aws:s3:::b/ab", false),
        ("arn:*:s3:::b/k", "arn:aws:s3:::b/k", true),
        ("arn:aws:*:::b/k", "arn:aws:s3:::b/k", true),
        // `*` never crosses into another part.
        ("arn:aws:s3*", "arn:aws:s3:::b/k", true),
        ("arn:*:b/k", "arn:aws:s3:::b/k", false),
        ("arn:aws:sns:*:t", "arn:aws:sns:eu-west-1:1:t", false),
        ("arn:aws:sns:*:*:t", "arn:aws:sns:eu-west-1:1:t", true),
        ("arn:aws:sns:*:*:t", "arn:aws:sns:eu-west-1:1:x:t", false),
        ("arn:aws:sns:*:*:*t", "arn:aws:sns:eu-west-1:1:x:t", true),
        // The sixth part keeps its colons, and `*` crosses them.
        (
            "arn:aws:lambda:*:*:function:f*",
            "arn:aws:lambda:r:1:function:f:v:1",
            true,
        ),
        ("arn:aws:s3:::b/*/z", "arn:aws:s3:::b/x/y/z", true),
        ("arn:aws:s3:::a\nb?", "arn:aws:s3:::a\nb\n", true),
        ("arn:aws:s3:::b.k", "arn:aws:s3:::bxk", false),
        ("arn:aws:s3:::[ab]", "arn:aws:s3:::a", false),
        ("b/k", "arn:aws:s3:::b/k", false),
    ] {
        assert_eq!(
            resource_matches(pattern, resource, json!({})),
            matches,
            "{pattern} {resource}"
        );
    }
}

#[test]
fn a_request_without_resource_is_matched_by_a_star_alone() {
    for (pattern, matches) in [
        ("*", true),
        ("**", true),
        ("arn:aws:s3:::*", false),
        ("arn:*:*:*:*:*", false),
        ("?", false),
    ] {
        assert_eq!(
            resource_matches(pattern, "*", json!({})),
            matches,
            "{pattern}"
        );
    }
    assert!(resource_matches("*", "not an arn", json!({})));
    assert!(!resource_matches("arn:aws:s3:::*", "not an arn", json!({})));
}

#[test]
fn a_short_arn_of_an_identity_document_is_completed_with_stars() {
    for (pattern, matches) in [
        ("arn:aws:sqs", true),
        ("arn:aws:sqs:eu-west-1", true),
        ("arn:aws:sqs:eu-west-1:1", true),
        ("arn:aws:sqs:", false),
        ("arn:aws:s3", false),
        ("arn:aws:sqs:us-east-1", false),
        ("arn:aws", true),
        ("arn", false),
        ("a*", false),
    ] {
        assert_eq!(
            resource_matches(pattern, "arn:aws:sqs:eu-west-1:1:q", json!({})),
            matches,
            "{pattern}"
        );
    }
}

#[test]
fn a_short_arn_of_a_resource_policy_needs_a_wildcard() {
    for (pattern, expected) in [
        ("arn:aws:sqs", "implicitDeny"),
        ("arn:aws:sqs:eu-*", "allowed"),
        ("arn:aws:sq?", "allowed"),
        ("arn:aws:s3*", "implicitDeny"),
        ("arn:aws:sqs:*:*:*", "allowed"),
    ] {
        let line = json!({
            "id": 0,
            "request": {"principal": USER, "action": "sqs:SendMessage", "resource": "arn:aws:sqs:eu-west-1:111122223333:q", "resourceAccount": ACCOUNT, "context": {}},
            "resourcePolicy": policy(json!({"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "*", "Resource": pattern})),
        });
        assert_eq!(decide(&line), expected, "{pattern}");
    }
}

#[test]
fn not_resource_applies_only_if_no_entry_matches() {
    assert!(allows(
        json!({"NotResource": ["arn:aws:s3:::other/*"]}),
        json!({})
    ));
    assert!(!allows(
        json!({"NotResource": ["arn:aws:s3:::other/*", "arn:aws:s3:::bucket/*"]}),
        json!({})
    ));
    assert!(!allows(json!({"NotResource": "*"}), json!({})));
}

#[test]
fn globs_are_anchored_and_take_characters() {
    for (pattern, text, matches) in [
        ("", "", true),
        ("", "a", false),
        ("*", "", true),
        ("?", "", false),
        ("a*", "ba", false),
        ("*a", "ab", false),
        ("*ab", "aab", true),
        ("a*b*c", "axxbyyc", true),
        ("a*b*c", "axxbyy", false),
        ("*a?c*", "xxabacabc", true),
        ("?*?", "a", false),
        ("?*?", "ab", true),
        ("*?*?*", "é", false),
        ("*?*?*", "éé", true),
        ("*😀", "a😀", true),
        ("?", "😀", true),
        ("??", "😀", false),
        ("*aab", "aaaab", true),
        ("a\\*", "a\\b", true),
        ("[a-z]", "b", false),
        ("a.c", "abc", false),
        ("(a|b)", "a", false),
    ] {
        assert_eq!(
            holds("StringLike", json!(pattern), json!(text)),
            matches,
            "{pattern} {text}"
        );
    }
}

#[test]
fn equals_takes_wildcards_literally() {
    assert!(holds("StringEquals", json!("a*"), json!("a*")));
    assert!(!holds("StringEquals", json!("a*"), json!("ab")));
    assert!(!holds("StringEqualsIgnoreCase", json!("a?"), json!("AB")));
}

#[test]
fn case_follows_the_operator() {
    assert!(!holds("StringEquals", json!("Ann"), json!("ann")));
    assert!(!holds("StringLike", json!("Ann*"), json!("ann")));
    assert!(holds("StringEqualsIgnoreCase", json!("ÄNN"), json!("änn")));
    assert!(!holds(
        "StringEqualsIgnoreCase",
        json!("straße"),
        json!("STRASSE")
    ));
}

#[test]
fn condition_keys_ignore_case_and_values_do_not() {
    let statement = json!({"Condition": {"StringEquals": {"aws:PrincipalTag/Team": "Core"}}});
    assert!(allows(
        statement.clone(),
        json!({"AWS:principaltag/TEAM": "Core"})
    ));
    assert!(!allows(statement, json!({"aws:PrincipalTag/Team": "core"})));
}
