//! The summary and the authorization details.

use drawbridge::sigv4::Credentials;

use super::{DEMO, refused, root};
use crate::harness::http::Reply;
use crate::harness::iam::allow;
use crate::harness::{Broker, DEV};

/// A number of the summary.
#[track_caller]
pub fn summary(reply: &Reply, key: &str) -> i64 {
    let (_, rest) = reply
        .text()
        .split_once(&format!("<key>{key}</key>"))
        .unwrap();
    let (_, rest) = rest.split_once("<value>").unwrap();
    rest.split('<').next().unwrap().parse().unwrap()
}

/// The part of an answer between `<name>` and `</name>`, without looking inside.
fn part<'a>(reply: &'a Reply, name: &str) -> &'a str {
    let (_, rest) = reply.text().split_once(&format!("<{name}>")).unwrap();
    rest.split_once(&format!("</{name}>")).unwrap().0
}

fn count(text: &str, what: &str) -> usize {
    text.matches(what).count()
}

/// A broker with a user in a group, a role and a policy, each holding something.
fn furnished() -> (Broker, Credentials) {
    let broker = Broker::demo();
    let who = broker.root(DEV).clone();
    let call = |action: &str, params: &[(&str, &str)]| broker.iam_ok(&who, action, params);
    let policy = broker.managed_policy(DEV, "Reading", &allow(&["s3:Get*"], &["*"]));
    broker.user(DEV, "ann", Some(&allow(&["s3:*"], &["*"])));
    call("CreateGroup", &[("GroupName", "readers")]);
    let member = [("GroupName", "readers"), ("UserName", "ann")];
    call("AddUserToGroup", &member);
    broker.attach(&format!("arn:aws:iam::{DEV}:group/readers"), &policy);
    call("CreateInstanceProfile", &[("InstanceProfileName", "box")]);
    let inside = [("InstanceProfileName", "box"), ("RoleName", "Developer")];
    call("AddRoleToInstanceProfile", &inside);
    let administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
    broker.attach(&format!("arn:aws:iam::{DEV}:user/ann"), administrator);
    (broker, who)
}

#[test]
fn a_summary_counts_what_there_is_and_what_there_may_be() {
    let (broker, who) = furnished();
    let reply = broker.iam_ok(&who, "GetAccountSummary", &[]);
    for (key, number) in [
        ("Users", 1),
        ("Groups", 1),
        ("Policies", 1),
        ("PolicyVersionsInUse", 1),
        ("InstanceProfiles", 1),
        ("AccountAccessKeysPresent", 1),
        ("UsersQuota", 5000),
        ("VersionsPerPolicyQuota", 5),
        ("PolicySizeQuota", 6144),
        ("GlobalEndpointTokenVersion", 1),
    ] {
        assert_eq!(summary(&reply, key), number, "{key}");
    }
    assert!(summary(&reply, "Roles") > 1);
    assert!(summary(&reply, "Providers") > 0);
}

#[test]
fn the_details_hold_everything_that_decides_about_access() {
    let (broker, who) = furnished();
    let reply = broker.iam_ok(&who, "GetAccountAuthorizationDetails", &[]);
    let users = part(&reply, "UserDetailList");
    assert!(users.contains("<UserName>ann</UserName>"), "{users}");
    assert!(users.contains("<PolicyName>inline</PolicyName>"));
    assert!(users.contains("<member>readers</member>"));
    assert!(users.contains("<PolicyArn>arn:aws:iam::aws:policy/AdministratorAccess</PolicyArn>"));
    let groups = part(&reply, "GroupDetailList");
    assert!(
        groups.contains("<PolicyName>Reading</PolicyName>"),
        "{groups}"
    );
    let roles = part(&reply, "RoleDetailList");
    assert!(roles.contains("<RoleName>Developer</RoleName>"));
    assert!(roles.contains("<InstanceProfileName>box</InstanceProfileName>"));
    assert!(roles.contains("<AssumeRolePolicyDocument>%7B"));
    let policies = part(&reply, "Policies");
    assert!(policies.contains("<PolicyName>Reading</PolicyName>"));
    assert!(policies.contains("<VersionId>v1</VersionId>"));
    assert!(policies.contains("<Document>%7B"));
    // Of AWS's policies those that somebody has here.
    assert!(policies.contains("<PolicyName>AdministratorAccess</PolicyName>"));
    assert!(!policies.contains("<PolicyName>SecurityAudit</PolicyName>"));
}

#[test]
fn the_details_are_filtered_by_kind() {
    let (broker, who) = furnished();
    let filter = [
        ("Filter.member.1", "Group"),
        ("Filter.member.2", "LocalManagedPolicy"),
    ];
    let reply = broker.iam_ok(&who, "GetAccountAuthorizationDetails", &filter);
    assert!(reply.text().contains("<UserDetailList/>"));
    assert!(reply.text().contains("<RoleDetailList/>"));
    assert_eq!(count(part(&reply, "GroupDetailList"), "<GroupName>"), 1);
    assert_eq!(count(part(&reply, "Policies"), "<PolicyId>"), 1);
}

#[test]
fn the_details_come_in_pages_over_all_kinds() {
    let (broker, who) = furnished();
    let page =
        |params: &[(&str, &str)]| broker.iam_ok(&who, "GetAccountAuthorizationDetails", params);
    let whole = page(&[]);
    let ids = |reply: &Reply| {
        let kinds = ["UserId", "GroupId", "RoleId", "PolicyId"];
        let text = reply.text();
        // Roles inside instance profiles are no items of their own.
        let kinds = kinds.map(|kind| count(text, &format!("<{kind}>")));
        kinds.iter().sum::<usize>() - count(text, "<InstanceProfileName>")
    };
    let (mut seen, mut marker) = (0, String::new());
    loop {
        let reply = match marker.is_empty() {
            true => page(&[("MaxItems", "2")]),
            false => page(&[("MaxItems", "2"), ("Marker", &marker)]),
        };
        assert!(ids(&reply) <= 2);
        seen += ids(&reply);
        match reply.xml_if_any("Marker") {
            Some(next) => marker = next,
            None => break,
        }
    }
    assert_eq!(seen, ids(&whole));
}

#[test]
fn an_unknown_kind_is_refused() {
    let filter = [("Filter.member.1", "Robot")];
    let reply = DEMO.iam(root(), "GetAccountAuthorizationDetails", &filter);
    let text = "1 validation error detected: Value at 'filter.1.member' failed to satisfy constraint: \
                Member must satisfy enum value set";
    refused(&reply, 400, "ValidationError", text);
}

#[test]
fn a_root_session_is_held_to_its_task() {
    let arn = format!("arn:aws:iam::{DEV}:root");
    let session = |task: &str| {
        DEMO.session_of(&arn, |session| {
            session.kind = drawbridge::credentials::SessionKind::Root;
            session.task = Some(format!("arn:aws:iam::aws:policy/root-task/{task}"));
        })
    };
    let auditor = session("IAMAuditRootUserCredentials");
    DEMO.iam_ok(&auditor, "GetAccountSummary", &[]);
    let reply = DEMO.iam(&auditor, "ListAccountAliases", &[]);
    let text = format!(
        "User: {arn} is not authorized to perform: iam:ListAccountAliases on resource: * with an \
         explicit deny in a session policy"
    );
    refused(&reply, 403, "AccessDenied", &text);
    // A task that is not there leaves nothing.
    let reply = DEMO.iam(&session("NoSuchTask"), "GetAccountSummary", &[]);
    assert_eq!(reply.status, 403);
}
