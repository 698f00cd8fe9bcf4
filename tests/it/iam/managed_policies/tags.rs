//! Tags of policies.

use serde_json::json;

use super::{DEMO, about, about_ok, arn_of, create, every, refused, user_who_may};
use crate::harness::DEV;
use crate::harness::iam::document;

const TEAM: [(&str, &str); 2] = [("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "a")];

#[test]
fn tags_come_change_and_go() {
    let arn = create("tags-life");
    about_ok("TagPolicy", &arn, &TEAM);
    let more = [
        ("Tags.member.1.Key", "Team"),
        ("Tags.member.1.Value", "b"),
        ("Tags.member.2.Key", "TEAM"),
        ("Tags.member.2.Value", ""),
    ];
    about_ok("TagPolicy", &arn, &more);
    let listed = about_ok("ListPolicyTags", &arn, &[]);
    assert_eq!(every(&listed, "Key"), ["TEAM", "Team"]);
    assert_eq!(every(&listed, "Value"), ["", "b"]);
    let page = about_ok("ListPolicyTags", &arn, &[("MaxItems", "1")]);
    assert_eq!(every(&page, "Key"), ["TEAM"]);
    about_ok("UntagPolicy", &arn, &[("TagKeys.member.1", "Team")]);
    let listed = about_ok("ListPolicyTags", &arn, &[]);
    assert_eq!(every(&listed, "Key"), ["TEAM"]);
}

#[test]
fn tagging_names_its_tags() {
    let arn = create("tags-none");
    for (action, member) in [("TagPolicy", "tags"), ("UntagPolicy", "tagKeys")] {
        let reply = about(action, &arn, &[]);
        let text = format!(
            "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must \
             not be null"
        );
        refused(&reply, 400, "ValidationError", &text);
    }
}

#[test]
fn a_policy_has_no_more_than_fifty_tags() {
    let arn = create("tags-many");
    let names: Vec<[String; 3]> = (1..=50)
        .map(|n| {
            let at = |field: &str| format!("Tags.member.{n}.{field}");
            [at("Key"), at("Value"), format!("k{n}")]
        })
        .collect();
    let pairs = names
        .iter()
        .flat_map(|[key, value, name]| [(key.as_str(), name.as_str()), (value.as_str(), "")]);
    about_ok("TagPolicy", &arn, &pairs.collect::<Vec<_>>());
    let reply = about("TagPolicy", &arn, &TEAM);
    let text = "The number of tags has reached the maximum limit.";
    refused(&reply, 409, "LimitExceeded", text);
}

#[test]
fn tags_of_a_policy_that_is_not_there_are_not_there() {
    let arn = arn_of("tags-nowhere");
    let text = format!("Policy {arn} was not found.");
    let keys = [("TagKeys.member.1", "Team")];
    for reply in [
        about("TagPolicy", &arn, &TEAM),
        about("UntagPolicy", &arn, &keys),
        about("ListPolicyTags", &arn, &[]),
    ] {
        refused(&reply, 404, "NoSuchEntity", &text);
    }
}

#[test]
fn tagging_is_allowed_by_the_tags_there_are_and_the_tags_that_come() {
    let arn = create("tags-conditions");
    about_ok("TagPolicy", &arn, &TEAM);
    let policy = document(json!({
        "Effect": "Allow",
        "Action": "iam:*Policy",
        "Resource": "*",
        "Condition": {
            "StringEquals": { "aws:ResourceTag/Team": "a" },
            "ForAllValues:StringEquals": { "aws:TagKeys": ["cost"] },
        },
    }));
    let tagger = DEMO.user(DEV, "tags-tagger", Some(&policy));
    let tag = |key: &str| {
        let params = [
            ("PolicyArn", arn.as_str()),
            ("Tags.member.1.Key", key),
            ("Tags.member.1.Value", "x"),
        ];
        DEMO.iam(&tagger, "TagPolicy", &params).status
    };
    assert_eq!(tag("cost"), 200);
    assert_eq!(tag("Team"), 403);
    let untag = [("PolicyArn", arn.as_str()), ("TagKeys.member.1", "Team")];
    assert_eq!(DEMO.iam(&tagger, "UntagPolicy", &untag).status, 403);
}

#[test]
fn each_operation_on_tags_needs_its_permission() {
    let arn = create("tags-allowed");
    let stranger = DEMO.user(DEV, "tags-stranger", None);
    for (action, more) in [
        ("TagPolicy", TEAM.to_vec()),
        ("UntagPolicy", vec![("TagKeys.member.1", "Team")]),
        ("ListPolicyTags", Vec::new()),
    ] {
        let mut params = vec![("PolicyArn", arn.as_str())];
        params.extend(more);
        let reply = DEMO.iam(&stranger, action, &params);
        let text = format!(
            "User: arn:aws:iam::{DEV}:user/tags-stranger is not authorized to perform: iam:{action} on \
             resource: policy {arn} because no identity-based policy allows the iam:{action} action"
        );
        refused(&reply, 403, "AccessDenied", &text);
        let allowed = user_who_may(&format!("tags-{action}"), &[&format!("iam:{action}")]);
        DEMO.iam_ok(&allowed, action, &params);
    }
}
