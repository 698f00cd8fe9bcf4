//! The policies of AWS.

use super::{DEMO, about, about_ok, every, reading, refused, root};
use crate::harness::DEV;

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

#[test]
fn the_policies_of_aws_are_there_for_everybody() {
    let reply = DEMO.iam_ok(root(), "ListPolicies", &[("Scope", "AWS")]);
    let names = every(&reply, "PolicyName");
    for name in [
        "AdministratorAccess",
        "PowerUserAccess",
        "ReadOnlyAccess",
        "ViewOnlyAccess",
        "SecurityAudit",
        "AmazonS3FullAccess",
        "AmazonS3ReadOnlyAccess",
        "IAMFullAccess",
        "IAMReadOnlyAccess",
    ] {
        assert!(names.contains(&name.to_owned()), "{name}");
    }
    let tasks = [("Scope", "AWS"), ("PathPrefix", "/root-task/")];
    let reply = DEMO.iam_ok(root(), "ListPolicies", &tasks);
    let expected = [
        "IAMAuditRootUserCredentials",
        "IAMCreateRootUserPassword",
        "IAMDeleteRootUserCredentials",
        "S3UnlockBucketPolicy",
        "SQSUnlockQueuePolicy",
    ];
    assert_eq!(every(&reply, "PolicyName"), expected);
}

#[test]
fn a_policy_of_aws_can_be_looked_at() {
    let found = about_ok("GetPolicy", ADMINISTRATOR, &[]);
    assert_eq!(found.xml("PolicyId"), "ANPAIWMBCKSKIEE64ZLYK");
    assert_eq!(found.xml("CreateDate"), "2015-02-06T18:39:46Z");
    let version = [("VersionId", found.xml("DefaultVersionId"))];
    let version = version
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let reply = about_ok("GetPolicyVersion", ADMINISTRATOR, &version);
    assert!(reply.xml("Document").starts_with("%7B"));
    let arn = "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess";
    assert_eq!(
        about_ok("GetPolicy", arn, &[]).xml("Path"),
        "/job-function/"
    );
}

#[test]
fn a_policy_of_aws_can_be_changed_by_nobody() {
    let document = reading();
    for (action, more) in [
        ("DeletePolicy", vec![]),
        (
            "CreatePolicyVersion",
            vec![("PolicyDocument", document.as_str())],
        ),
        ("SetDefaultPolicyVersion", vec![("VersionId", "v1")]),
        ("DeletePolicyVersion", vec![("VersionId", "v1")]),
        (
            "TagPolicy",
            vec![("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")],
        ),
        ("UntagPolicy", vec![("TagKeys.member.1", "k")]),
    ] {
        let reply = about(action, ADMINISTRATOR, &more);
        let text = format!(
            "User: arn:aws:iam::{DEV}:root is not authorized to perform: iam:{action} on resource: \
             policy {ADMINISTRATOR} because no resource-based policy allows the iam:{action} action"
        );
        refused(&reply, 403, "AccessDenied", &text);
    }
}

#[test]
fn a_policy_of_aws_that_is_not_there_is_not_found() {
    let arn = "arn:aws:iam::aws:policy/AmazonEverythingFullAccess";
    let text = format!("Policy {arn} was not found.");
    refused(&about("GetPolicy", arn, &[]), 404, "NoSuchEntity", &text);
}
