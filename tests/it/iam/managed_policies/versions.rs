//! Versions of policies.

use super::{DEMO, about, about_ok, arn_of, create, every, reading, refused, user_who_may};
use crate::harness::DEV;
use crate::harness::iam::allow;

fn next(arn: &str, more: &[(&str, &str)]) -> String {
    let document = allow(&["s3:PutObject"], &["*"]);
    let mut params = vec![("PolicyDocument", &document as &str)];
    params.extend(more);
    about_ok("CreatePolicyVersion", arn, &params).xml("VersionId")
}

#[test]
fn a_version_is_in_force_when_it_is_told_to_be() {
    let arn = create("versions-force");
    let second = about_ok(
        "CreatePolicyVersion",
        &arn,
        &[("PolicyDocument", &reading())],
    );
    assert_eq!(second.xml("VersionId"), "v2");
    assert_eq!(second.xml("IsDefaultVersion"), "false");
    assert_eq!(second.xml_if_any("Document"), None);
    let in_force = || about_ok("GetPolicy", &arn, &[]).xml("DefaultVersionId");
    assert_eq!(in_force(), "v1");
    assert_eq!(next(&arn, &[("SetAsDefault", "true")]), "v3");
    assert_eq!(in_force(), "v3");
    about_ok("SetDefaultPolicyVersion", &arn, &[("VersionId", "v2")]);
    assert_eq!(in_force(), "v2");
    let listed = about_ok("ListPolicyVersions", &arn, &[]);
    assert_eq!(every(&listed, "VersionId"), ["v3", "v2", "v1"]);
    assert_eq!(
        every(&listed, "IsDefaultVersion"),
        ["false", "true", "false"]
    );
}

#[test]
fn a_document_comes_back_byte_for_byte_percent_encoded() {
    let arn = create("versions-bytes");
    let exact = "{ \"Version\":\"2012-10-17\" ,\r\n\t\"Statement\":[{\"Effect\":\"Allow\",\
                 \"Action\":\"s3:*\",\"Resource\":\"*\"}]}";
    about_ok("CreatePolicyVersion", &arn, &[("PolicyDocument", exact)]);
    let reply = about_ok("GetPolicyVersion", &arn, &[("VersionId", "v2")]);
    let encoded = reply.xml("Document");
    assert!(encoded.starts_with("%7B%20%22Version%22%3A"), "{encoded}");
    let decoded = percent_encoding::percent_decode_str(&encoded);
    assert_eq!(decoded.decode_utf8().unwrap(), exact);
    assert_eq!(reply.xml("IsDefaultVersion"), "false");
}

#[test]
fn versions_come_in_pages_the_newest_first() {
    let arn = create("versions-pages");
    next(&arn, &[]);
    next(&arn, &[]);
    let first = about_ok("ListPolicyVersions", &arn, &[("MaxItems", "2")]);
    assert_eq!(every(&first, "VersionId"), ["v3", "v2"]);
    let marker = first.xml("Marker");
    let second = about_ok("ListPolicyVersions", &arn, &[("Marker", &marker)]);
    assert_eq!(every(&second, "VersionId"), ["v1"]);
}

#[test]
fn a_sixth_version_is_refused_and_a_number_is_not_used_again() {
    let arn = create("versions-quota");
    for _ in 0..4 {
        next(&arn, &[]);
    }
    let reply = about(
        "CreatePolicyVersion",
        &arn,
        &[("PolicyDocument", &reading())],
    );
    let text = "A managed policy can have up to 5 versions. Before you create a new version, you must \
                delete an existing version.";
    refused(&reply, 409, "LimitExceeded", text);
    about_ok("DeletePolicyVersion", &arn, &[("VersionId", "v5")]);
    assert_eq!(next(&arn, &[]), "v6");
}

#[test]
fn the_version_in_force_cannot_be_deleted() {
    let arn = create("versions-default");
    let reply = about("DeletePolicyVersion", &arn, &[("VersionId", "v1")]);
    let text = "Cannot delete the default version of a policy.";
    refused(&reply, 409, "DeleteConflict", text);
}

#[test]
fn a_version_that_is_not_there_is_said_not_to_be() {
    let arn = create("versions-none");
    for action in [
        "GetPolicyVersion",
        "SetDefaultPolicyVersion",
        "DeletePolicyVersion",
    ] {
        for version in ["v2", "v1.a", "v99999999999999999999"] {
            let reply = about(action, &arn, &[("VersionId", version)]);
            let text =
                format!("Policy {arn} version {version} does not exist or is not attachable.");
            refused(&reply, 404, "NoSuchEntity", &text);
        }
    }
}

#[test]
fn a_version_of_a_policy_that_is_not_there_is_not_there() {
    let arn = arn_of("versions-nowhere");
    let text = format!("Policy {arn} version v1 does not exist or is not attachable.");
    for action in ["GetPolicyVersion", "SetDefaultPolicyVersion"] {
        let reply = about(action, &arn, &[("VersionId", "v1")]);
        refused(&reply, 404, "NoSuchEntity", &text);
    }
    let text = format!("Policy {arn} was not found.");
    let document = reading();
    for (action, more) in [
        ("ListPolicyVersions", ("MaxItems", "1")),
        ("CreatePolicyVersion", ("PolicyDocument", &document as &str)),
        ("DeletePolicyVersion", ("VersionId", "v1")),
    ] {
        refused(&about(action, &arn, &[more]), 404, "NoSuchEntity", &text);
    }
}

#[test]
fn what_is_no_version_is_refused() {
    let arn = create("versions-form");
    for version in ["1", "v0", "v01", "v", "v1x", "v1.é"] {
        let reply = about("GetPolicyVersion", &arn, &[("VersionId", version)]);
        let text = r"1 validation error detected: Value at 'versionId' failed to satisfy constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?";
        refused(&reply, 400, "ValidationError", text);
    }
}

#[test]
fn a_malformed_version_leaves_the_policy_as_it_was() {
    let arn = create("versions-malformed");
    let more = [("PolicyDocument", "{"), ("SetAsDefault", "true")];
    let reply = about("CreatePolicyVersion", &arn, &more);
    let text = "Syntax errors in policy.";
    refused(&reply, 400, "MalformedPolicyDocument", text);
    let listed = about_ok("ListPolicyVersions", &arn, &[]);
    assert_eq!(every(&listed, "VersionId"), ["v1"]);
}

#[test]
fn each_operation_on_versions_needs_its_permission() {
    let arn = create("versions-allowed");
    next(&arn, &[]);
    let stranger = DEMO.user(DEV, "versions-stranger", None);
    let document = reading();
    for (action, name, value) in [
        ("CreatePolicyVersion", "PolicyDocument", document.as_str()),
        ("GetPolicyVersion", "VersionId", "v1"),
        ("ListPolicyVersions", "MaxItems", "9"),
        ("SetDefaultPolicyVersion", "VersionId", "v1"),
        ("DeletePolicyVersion", "VersionId", "v2"),
    ] {
        let params = [("PolicyArn", arn.as_str()), (name, value)];
        let reply = DEMO.iam(&stranger, action, &params);
        let text = format!(
            "User: arn:aws:iam::{DEV}:user/versions-stranger is not authorized to perform: \
             iam:{action} on resource: policy {arn} because no identity-based policy allows the \
             iam:{action} action"
        );
        refused(&reply, 403, "AccessDenied", &text);
        let who = format!("versions-{action}");
        let allowed = user_who_may(&who, &[&format!("iam:{action}")]);
        DEMO.iam_ok(&allowed, action, &params);
    }
}
