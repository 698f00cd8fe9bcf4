//! A policy is made, seen and deleted.

use serde_json::json;

use super::{DEMO, about, about_ok, arn_of, create, every, reading, refused, root, user_who_may};
use crate::harness::DEV;
use crate::harness::http::Reply;
use crate::harness::iam::{allow, document};

fn create_with(name: &str, document: &str, more: &[(&str, &str)]) -> Reply {
    let mut params = vec![("PolicyName", name), ("PolicyDocument", document)];
    params.extend(more);
    DEMO.iam(root(), "CreatePolicy", &params)
}

#[test]
fn a_policy_comes_back_as_it_was_created() {
    let more = [
        ("Path", "/teams/a/"),
        ("Description", "reads things"),
        ("Tags.member.1.Key", "Team"),
        ("Tags.member.1.Value", "a"),
    ];
    let made = create_with("life-whole", &reading(), &more);
    assert_eq!(made.status, 200, "{}", made.text());
    let arn = made.xml("Arn");
    assert_eq!(arn, format!("arn:aws:iam::{DEV}:policy/teams/a/life-whole"));
    assert!(made.xml("PolicyId").starts_with("ANPA"));
    assert_eq!(made.xml("DefaultVersionId"), "v1");
    assert_eq!(made.xml_if_any("Description"), None);
    let found = about_ok("GetPolicy", &arn, &[]);
    for (name, value) in [
        ("PolicyName", "life-whole"),
        ("Path", "/teams/a/"),
        ("AttachmentCount", "0"),
        ("PermissionsBoundaryUsageCount", "0"),
        ("IsAttachable", "true"),
        ("Description", "reads things"),
        ("Key", "Team"),
        ("Value", "a"),
    ] {
        assert_eq!(found.xml(name), value);
    }
    assert_eq!(found.xml("PolicyId"), made.xml("PolicyId"));
    assert_eq!(found.xml("CreateDate"), found.xml("UpdateDate"));
}

#[test]
fn a_policy_name_is_taken_ignoring_case() {
    create("life-taken");
    let again = create_with("LIFE-Taken", &reading(), &[("Path", "/other/")]);
    let text = "A policy called LIFE-Taken already exists. Duplicate names are not allowed.";
    refused(&again, 409, "EntityAlreadyExists", text);
}

#[test]
fn a_path_without_a_closing_slash_is_refused() {
    for path in ["/a", "a/", "//", "/a//b/", "/a b/", ""] {
        let reply = create_with("life-path", &reading(), &[("Path", path)]);
        let (status, code, message) = reply.aws_error();
        assert_eq!((status, code.as_str()), (400, "ValidationError"), "{path}");
        let text = r"Value at 'path' failed to satisfy constraint: Member must satisfy regular expression pattern: ((/[A-Za-z0-9\.,\+@=_-]+)*)/";
        assert!(message.contains(text), "{message}");
    }
}

#[test]
fn a_document_without_a_version_is_malformed() {
    let text = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let reply = create_with("life-version", text, &[]);
    let text = "Policy document must be version 2012-10-17 or greater.";
    refused(&reply, 400, "MalformedPolicyDocument", text);
}

#[test]
fn a_statement_id_with_a_space_is_malformed() {
    let text = document(json!({"Sid": "a b", "Effect": "Allow", "Action": "*", "Resource": "*"}));
    let reply = create_with("life-sid", &text, &[]);
    let text = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the \
                regular expression [0-9A-Za-z]*";
    refused(&reply, 400, "MalformedPolicyDocument", text);
}

#[test]
fn a_document_is_measured_without_its_white_space() {
    let of_size = |size: usize| {
        let frame = allow(&["s3:GetObject"], &[""]).len();
        let arn = "arn:aws:s3:::".to_owned();
        let filler = "x".repeat(size - frame - arn.len());
        allow(&["s3:GetObject"], &[&(arn + &filler)])
    };
    let fits = of_size(6144).replace("\"Statement\"", "\n   \"Statement\"");
    let reply = create_with("life-fits", &fits, &[]);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let reply = create_with("life-large", &of_size(6145), &[]);
    let text = "Cannot exceed quota for PolicySize: 6144";
    refused(&reply, 409, "LimitExceeded", text);
}

#[test]
fn a_tag_key_is_there_once_but_keys_may_differ_by_case_alone() {
    let twice = [
        ("Tags.member.1.Key", "Team"),
        ("Tags.member.1.Value", "a"),
        ("Tags.member.2.Key", "Team"),
        ("Tags.member.2.Value", "b"),
    ];
    let reply = create_with("life-tags", &reading(), &twice);
    let text = "Duplicate tag keys found.";
    refused(&reply, 400, "InvalidInput", text);
    let nothing = about("GetPolicy", &arn_of("life-tags"), &[]);
    assert_eq!(nothing.status, 404);
    let two = [
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "a"),
        ("Tags.member.2.Key", "TEAM"),
        ("Tags.member.2.Value", "b"),
    ];
    let reply = create_with("life-tags", &reading(), &two);
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[test]
fn creating_needs_the_permission_and_tagging_needs_another() {
    let nobody = user_who_may("life-nobody", &["iam:GetPolicy"]);
    let params = [
        ("PolicyName", "life-allowed"),
        ("PolicyDocument", &reading() as &str),
    ];
    let reply = DEMO.iam(&nobody, "CreatePolicy", &params);
    let text = format!(
        "User: arn:aws:iam::{DEV}:user/life-nobody is not authorized to perform: iam:CreatePolicy on \
         resource: policy life-allowed because no identity-based policy allows the iam:CreatePolicy \
         action"
    );
    refused(&reply, 403, "AccessDenied", &text);
    let creator = user_who_may("life-creator", &["iam:CreatePolicy"]);
    let mut tagged = params.to_vec();
    tagged.extend([("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")]);
    let reply = DEMO.iam(&creator, "CreatePolicy", &tagged);
    let text = format!(
        "User: arn:aws:iam::{DEV}:user/life-creator is not authorized to perform: iam:TagPolicy on \
         resource: policy life-allowed because no identity-based policy allows the iam:TagPolicy action"
    );
    refused(&reply, 403, "AccessDenied", &text);
    DEMO.iam_ok(&creator, "CreatePolicy", &params);
}

#[test]
fn a_permission_may_be_for_one_path_alone() {
    let resource = format!("arn:aws:iam::{DEV}:policy/mine/*");
    let creator = DEMO.user(
        DEV,
        "life-pather",
        Some(&allow(&["iam:CreatePolicy"], &[&resource])),
    );
    let call = |path: &str| {
        let document = reading();
        let params = [
            ("PolicyName", "life-pathed"),
            ("PolicyDocument", &document as &str),
            ("Path", path),
        ];
        DEMO.iam(&creator, "CreatePolicy", &params).status
    };
    assert_eq!(call("/yours/"), 403);
    assert_eq!(call("/mine/"), 200);
}

#[test]
fn a_policy_that_is_not_there_is_told_to_whoever_may_ask() {
    let arn = arn_of("life-nowhere");
    let text = format!("Policy {arn} was not found.");
    refused(&about("GetPolicy", &arn, &[]), 404, "NoSuchEntity", &text);
    refused(
        &about("DeletePolicy", &arn, &[]),
        404,
        "NoSuchEntity",
        &text,
    );
    let stranger = DEMO.user(DEV, "life-stranger", None);
    let there = create("life-there");
    for arn in [arn, there] {
        let reply = DEMO.iam(&stranger, "GetPolicy", &[("PolicyArn", &arn)]);
        let text = format!(
            "User: arn:aws:iam::{DEV}:user/life-stranger is not authorized to perform: iam:GetPolicy \
             on resource: policy {arn} because no identity-based policy allows the iam:GetPolicy action"
        );
        refused(&reply, 403, "AccessDenied", &text);
    }
}

#[test]
fn what_is_no_arn_of_a_policy_is_refused() {
    let reply = about("GetPolicy", "arn:aws:iam:nonsense", &[]);
    let text = "Invalid ARN:  Could not be parsed!";
    refused(&reply, 400, "ValidationError", text);
    let reply = about("GetPolicy", "not-an-arn-at-all-really", &[]);
    refused(&reply, 400, "ValidationError", text);
    let arn = format!("arn:aws:iam::{DEV}:role/Developer");
    let text = format!("ARN {arn} is not valid.");
    refused(&about("GetPolicy", &arn, &[]), 400, "InvalidInput", &text);
}

#[test]
fn a_policy_of_another_account_cannot_be_reached() {
    let arn = DEMO.managed_policy("222222222222", "life-foreign", &reading());
    let reply = about("GetPolicy", &arn, &[]);
    let text = format!(
        "User: arn:aws:iam::{DEV}:root is not authorized to perform: iam:GetPolicy on resource: \
         policy {arn} because no resource-based policy allows the iam:GetPolicy action"
    );
    refused(&reply, 403, "AccessDenied", &text);
}

#[test]
fn a_deleted_policy_is_gone_and_its_name_is_free() {
    let arn = create("life-gone");
    about_ok("DeletePolicy", &arn, &[]);
    assert_eq!(about("GetPolicy", &arn, &[]).status, 404);
    create("life-gone");
}

#[test]
fn an_attached_policy_cannot_be_deleted() {
    let arn = create("life-attached");
    let role = DEMO.role(DEV, "life-attached", &reading());
    DEMO.attach(&role, &arn);
    about_ok(
        "CreatePolicyVersion",
        &arn,
        &[("PolicyDocument", &reading())],
    );
    let text = "Cannot delete a policy attached to entities.";
    refused(
        &about("DeletePolicy", &arn, &[]),
        409,
        "DeleteConflict",
        text,
    );
}

#[test]
fn a_policy_with_several_versions_cannot_be_deleted() {
    let arn = create("life-versions");
    about_ok(
        "CreatePolicyVersion",
        &arn,
        &[("PolicyDocument", &reading())],
    );
    let text = "This policy has more than one version. Before you delete a policy, you must delete the \
                policy's versions. The default version is deleted with the policy.";
    refused(
        &about("DeletePolicy", &arn, &[]),
        409,
        "DeleteConflict",
        text,
    );
}

#[test]
fn deleting_needs_the_permission() {
    let arn = create("life-kept");
    let reader = user_who_may("life-reader", &["iam:Get*", "iam:List*"]);
    let reply = DEMO.iam(&reader, "DeletePolicy", &[("PolicyArn", &arn)]);
    let text = format!(
        "User: arn:aws:iam::{DEV}:user/life-reader is not authorized to perform: iam:DeletePolicy on \
         resource: policy {arn} because no identity-based policy allows the iam:DeletePolicy action"
    );
    refused(&reply, 403, "AccessDenied", &text);
    let deleter = user_who_may("life-deleter", &["iam:DeletePolicy"]);
    DEMO.iam_ok(&deleter, "DeletePolicy", &[("PolicyArn", &arn)]);
}

#[test]
fn policies_are_listed_by_scope_and_path_in_pages() {
    for name in ["life-list-b", "life-List-A", "life-list-c"] {
        let made = create_with(name, &reading(), &[("Path", "/life-list/")]);
        assert_eq!(made.status, 200, "{}", made.text());
    }
    let list = |more: &[(&str, &str)]| {
        let mut params = vec![("PathPrefix", "/life-list/")];
        params.extend(more);
        DEMO.iam_ok(root(), "ListPolicies", &params)
    };
    let all = list(&[]);
    let names = ["life-List-A", "life-list-b", "life-list-c"];
    assert_eq!(every(&all, "PolicyName"), names);
    assert_eq!(all.xml("IsTruncated"), "false");
    assert_eq!(all.xml_if_any("Tags"), None);
    assert!(every(&list(&[("Scope", "AWS")]), "PolicyName").is_empty());
    assert_eq!(every(&list(&[("Scope", "Local")]), "PolicyName"), names);
    let first = list(&[("MaxItems", "2")]);
    assert_eq!(every(&first, "PolicyName"), names[..2]);
    assert_eq!(first.xml("IsTruncated"), "true");
    let second = list(&[("MaxItems", "2"), ("Marker", &first.xml("Marker"))]);
    assert_eq!(every(&second, "PolicyName"), names[2..]);
    assert_eq!(second.xml_if_any("Marker"), None);
}

#[test]
fn listing_needs_the_permission() {
    let stranger = DEMO.user(DEV, "life-lister", None);
    let reply = DEMO.iam(&stranger, "ListPolicies", &[]);
    let text = format!(
        "User: arn:aws:iam::{DEV}:user/life-lister is not authorized to perform: iam:ListPolicies on \
         resource: policy path / because no identity-based policy allows the iam:ListPolicies action"
    );
    refused(&reply, 403, "AccessDenied", &text);
}

#[test]
fn an_unknown_scope_is_refused() {
    let reply = DEMO.iam(root(), "ListPolicies", &[("Scope", "Mine")]);
    let text = "1 validation error detected: Value at 'scope' failed to satisfy constraint: Member must \
                satisfy enum value set";
    refused(&reply, 400, "ValidationError", text);
}
