//! Roles.

use serde_json::json;

use super::{DEMO, root};
use crate::harness::http::Reply;
use crate::harness::iam::{allow, document, trust};
use crate::harness::{Broker, DEV, PROD};

/// Holds a refusal against what it must be.
#[track_caller]
pub fn refuses(reply: &Reply, status: u16, code: &str, message: &str) {
    let expected = (status, code.to_owned(), message.to_owned());
    assert_eq!(reply.aws_error(), expected);
}

/// A trust policy that lets the dev account in.
pub fn trusting_dev() -> String {
    trust(json!({ "AWS": DEV }), json!({}))
}

/// Makes a role through the API.
#[track_caller]
pub fn make(name: &str, more: &[(&str, &str)]) -> Reply {
    let trust = trusting_dev();
    let mut params = vec![("RoleName", name), ("AssumeRolePolicyDocument", &trust)];
    params.extend(more);
    DEMO.iam_ok(root(), "CreateRole", &params)
}

/// Creates a role of which the answer matters.
fn create(name: &str, more: &[(&str, &str)]) -> Reply {
    let trust = trusting_dev();
    let mut params = vec![("RoleName", name), ("AssumeRolePolicyDocument", &trust)];
    params.extend(more);
    DEMO.iam(root(), "CreateRole", &params)
}

/// The result of an answer, without what differs each time.
fn result(reply: &Reply) -> String {
    let text = reply.text().replace(&reply.reference(), "[request id]");
    let id = reply.xml("RoleId");
    let when = reply.xml("CreateDate");
    let text = text.replace(&id, "[role id]").replace(&when, "[now]");
    text.replace(&reply.xml("AssumeRolePolicyDocument"), "[trust]")
}

#[test]
fn a_role_is_answered_with_its_trust_policy_percent_encoded() {
    let reply = DEMO.iam_ok(root(), "GetRole", &[("RoleName", "developer")]);
    assert_eq!(reply.xml("RoleName"), "Developer");
    assert!(reply.xml("AssumeRolePolicyDocument").starts_with("%7B"));
}

#[test]
fn a_created_role_is_answered_without_description_and_duration() {
    let boundary = DEMO.managed_policy(DEV, "RolesEdge", &allow(&["s3:*"], &["*"]));
    let reply = make(
        "Whole",
        &[
            ("Path", "/teams/a/"),
            ("Description", "builds things"),
            ("MaxSessionDuration", "7200"),
            ("PermissionsBoundary", &boundary),
            ("Tags.member.1.Key", "Team"),
            ("Tags.member.1.Value", "a"),
        ],
    );
    insta::assert_snapshot!(result(&reply), @r#"
    <CreateRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
      <CreateRoleResult>
        <Role>
          <Path>/teams/a/</Path>
          <RoleName>Whole</RoleName>
          <RoleId>[role id]</RoleId>
          <Arn>arn:aws:iam::111111111111:role/teams/a/Whole</Arn>
          <CreateDate>[now]</CreateDate>
          <AssumeRolePolicyDocument>[trust]</AssumeRolePolicyDocument>
          <PermissionsBoundary>
            <PermissionsBoundaryType>Policy</PermissionsBoundaryType>
            <PermissionsBoundaryArn>arn:aws:iam::111111111111:policy/RolesEdge</PermissionsBoundaryArn>
          </PermissionsBoundary>
          <Tags>
            <member>
              <Key>Team</Key>
              <Value>a</Value>
            </member>
          </Tags>
        </Role>
      </CreateRoleResult>
      <ResponseMetadata>
        <RequestId>[request id]</RequestId>
      </ResponseMetadata>
    </CreateRoleResponse>
    "#);
    let reply = DEMO.iam_ok(root(), "GetRole", &[("RoleName", "whole")]);
    insta::assert_snapshot!(result(&reply), @r#"
    <GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
      <GetRoleResult>
        <Role>
          <Path>/teams/a/</Path>
          <RoleName>Whole</RoleName>
          <RoleId>[role id]</RoleId>
          <Arn>arn:aws:iam::111111111111:role/teams/a/Whole</Arn>
          <CreateDate>[now]</CreateDate>
          <AssumeRolePolicyDocument>[trust]</AssumeRolePolicyDocument>
          <Description>builds things</Description>
          <MaxSessionDuration>7200</MaxSessionDuration>
          <PermissionsBoundary>
            <PermissionsBoundaryType>Policy</PermissionsBoundaryType>
            <PermissionsBoundaryArn>arn:aws:iam::111111111111:policy/RolesEdge</PermissionsBoundaryArn>
          </PermissionsBoundary>
          <Tags>
            <member>
              <Key>Team</Key>
              <Value>a</Value>
            </member>
          </Tags>
          <RoleLastUsed/>
        </Role>
      </GetRoleResult>
      <ResponseMetadata>
        <RequestId>[request id]</RequestId>
      </ResponseMetadata>
    </GetRoleResponse>
    "#);
    let listed = DEMO.iam_ok(root(), "ListRoles", &[("PathPrefix", "/teams/a/")]);
    insta::assert_snapshot!(result(&listed), @r#"
    <ListRolesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
      <ListRolesResult>
        <IsTruncated>false</IsTruncated>
        <Roles>
          <member>
            <Path>/teams/a/</Path>
            <RoleName>Whole</RoleName>
            <RoleId>[role id]</RoleId>
            <Arn>arn:aws:iam::111111111111:role/teams/a/Whole</Arn>
            <CreateDate>[now]</CreateDate>
            <AssumeRolePolicyDocument>[trust]</AssumeRolePolicyDocument>
            <Description>builds things</Description>
            <MaxSessionDuration>7200</MaxSessionDuration>
          </member>
        </Roles>
      </ListRolesResult>
      <ResponseMetadata>
        <RequestId>[request id]</RequestId>
      </ResponseMetadata>
    </ListRolesResponse>
    "#);
}

#[test]
fn a_used_role_says_when_and_where() {
    let name = ("RoleName", "LastUsed");
    let arn = make("LastUsed", &[]).xml("Arn");
    let session = DEMO.session_of(&arn, |_| {});
    DEMO.iam(&session, "GetRole", &[name]);
    let reply = DEMO.iam_ok(root(), "GetRole", &[name]);
    assert!(reply.text().contains("<RoleLastUsed>"), "{}", reply.text());
    assert_eq!(reply.xml("Region"), "us-east-1");
}

#[test]
fn a_trust_policy_comes_back_byte_for_byte() {
    let text = format!(
        "{{ \"Version\":\"2012-10-17\",\r\n\t\"Statement\": [{{\"Effect\":\"Allow\",\"Principal\":\
         {{\"AWS\":\"{DEV}\"}},\"Action\":\"sts:AssumeRole\",\"Sid\":\"\u{e4}+ %~\"}}]}} "
    );
    let params = [
        ("RoleName", "Bytes"),
        ("AssumeRolePolicyDocument", text.as_str()),
    ];
    DEMO.iam_ok(root(), "CreateRole", &params);
    let reply = DEMO.iam_ok(root(), "GetRole", &[("RoleName", "Bytes")]);
    let shown = reply.xml("AssumeRolePolicyDocument");
    let shown = percent_encoding::percent_decode_str(&shown).decode_utf8();
    assert_eq!(shown.unwrap(), text);
}

#[test]
fn a_role_name_is_taken_whatever_its_case_and_path() {
    make("Taken", &[]);
    refuses(
        &create("tAKEN", &[("Path", "/other/")]),
        409,
        "EntityAlreadyExists",
        "Role with name tAKEN already exists.",
    );
}

#[test]
fn everything_wrong_with_the_input_is_said_at_once() {
    let long = "x".repeat(65);
    let params = [
        ("RoleName", long.as_str()),
        ("MaxSessionDuration", "3599"),
        ("Path", "x"),
    ];
    refuses(
        &DEMO.iam(root(), "CreateRole", &params),
        400,
        "ValidationError",
        r"4 validation errors detected: Value at 'path' failed to satisfy constraint: Member must satisfy regular expression pattern: (\u002F)|(\u002F[\u0021-\u007E]+\u002F); Value at 'assumeRolePolicyDocument' failed to satisfy constraint: Member must not be null; Value at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than or equal to 3600; Value at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64",
    );
}

#[test]
fn a_user_without_permission_learns_no_role() {
    let bob = DEMO.user(DEV, "roles-bob", None);
    let who = format!("User: arn:aws:iam::{DEV}:user/roles-bob is not authorized to perform:");
    let because =
        |action: &str| format!("because no identity-based policy allows the {action} action");
    let of = |name| format!("arn:aws:iam::{DEV}:role/{name}");
    let trust = trusting_dev();
    for (action, more, resource) in [
        (
            "CreateRole",
            ("AssumeRolePolicyDocument", trust.as_str()),
            of("Developer"),
        ),
        ("GetRole", ("x", ""), of("Developer")),
        ("UpdateRole", ("Description", ""), of("Developer")),
        (
            "UpdateRoleDescription",
            ("Description", ""),
            of("Developer"),
        ),
        (
            "UpdateAssumeRolePolicy",
            ("PolicyDocument", "{}"),
            of("Developer"),
        ),
        ("DeleteRole", ("x", ""), of("Developer")),
        ("TagRole", ("Tags", ""), of("Developer")),
        ("UntagRole", ("TagKeys", ""), of("Developer")),
        ("ListRoleTags", ("x", ""), of("Developer")),
        ("ListRoles", ("PathPrefix", "/a/"), of("a/")),
    ] {
        let reply = DEMO.iam(&bob, action, &[("RoleName", "Developer"), more]);
        let because = because(&format!("iam:{action}"));
        let message = format!("{who} iam:{action} on resource: {resource} {because}");
        refuses(&reply, 403, "AccessDenied", &message);
    }
    let reply = DEMO.iam(&bob, "GetRole", &[("RoleName", "None")]);
    let because = because("iam:GetRole");
    let message = format!("{who} iam:GetRole on resource: role None {because}");
    refuses(&reply, 403, "AccessDenied", &message);
}

#[test]
fn a_user_with_permission_makes_roles_under_its_path() {
    let allowed = allow(&["iam:CreateRole"], &["arn:aws:iam::*:role/team/*"]);
    let ann = DEMO.user(DEV, "roles-ann", Some(&allowed));
    let trust = trusting_dev();
    let params = |path| {
        [
            ("RoleName", "OfTeam"),
            ("Path", path),
            ("AssumeRolePolicyDocument", trust.as_str()),
        ]
    };
    let reply = DEMO.iam(&ann, "CreateRole", &params("/"));
    assert_eq!(reply.aws_error().1, "AccessDenied");
    DEMO.iam_ok(&ann, "CreateRole", &params("/team/"));
}

#[test]
fn tags_of_a_new_role_need_the_permission_to_tag() {
    let allowed = document(json!([
        { "Effect": "Allow", "Action": "iam:CreateRole", "Resource": "*" },
        { "Effect": "Allow", "Action": "iam:TagRole", "Resource": "*",
          "Condition": { "StringEquals": { "aws:RequestTag/Team": "a" } } },
    ]));
    let ann = DEMO.user(DEV, "roles-tagger", Some(&allowed));
    let trust = trusting_dev();
    let params = |name, value| {
        [
            ("RoleName", name),
            ("AssumeRolePolicyDocument", trust.as_str()),
            ("Tags.member.1.Key", "Team"),
            ("Tags.member.1.Value", value),
        ]
    };
    let reply = DEMO.iam(&ann, "CreateRole", &params("TaggedB", "b"));
    refuses(
        &reply,
        403,
        "AccessDenied",
        &format!(
            "User: arn:aws:iam::{DEV}:user/roles-tagger is not authorized to perform: iam:TagRole on resource: arn:aws:iam::{DEV}:role/TaggedB because no identity-based policy allows the iam:TagRole action"
        ),
    );
    DEMO.iam_ok(&ann, "CreateRole", &params("TaggedA", "a"));
}

#[test]
fn a_boundary_can_be_demanded_of_whoever_makes_roles() {
    let boundary = DEMO.managed_policy(DEV, "RolesDemanded", &allow(&["s3:*"], &["*"]));
    let allowed = document(json!({
        "Effect": "Allow", "Action": "iam:CreateRole", "Resource": "*",
        "Condition": { "StringEquals": { "iam:PermissionsBoundary": boundary } },
    }));
    let ann = DEMO.user(DEV, "roles-bounded", Some(&allowed));
    let trust = trusting_dev();
    let mut params = vec![
        ("RoleName", "Demanded"),
        ("AssumeRolePolicyDocument", trust.as_str()),
    ];
    let reply = DEMO.iam(&ann, "CreateRole", &params);
    assert_eq!(reply.aws_error().1, "AccessDenied");
    params.push(("PermissionsBoundary", &boundary));
    DEMO.iam_ok(&ann, "CreateRole", &params);
}

#[test]
fn a_boundary_that_is_not_there_bounds_no_role() {
    let arn = format!("arn:aws:iam::{DEV}:policy/none");
    refuses(
        &create("Unbounded", &[("PermissionsBoundary", &arn)]),
        404,
        "NoSuchEntity",
        &format!("Scope ARN: {arn} does not exist or is not attachable."),
    );
    let reply = DEMO.iam(root(), "GetRole", &[("RoleName", "Unbounded")]);
    assert_eq!(reply.status, 404, "nothing half-made is left");
}

#[test]
fn a_role_of_another_account_is_not_there() {
    let reply = DEMO.iam(root(), "GetRole", &[("RoleName", "ReadOnly")]);
    refuses(
        &reply,
        404,
        "NoSuchEntity",
        "The role with name ReadOnly cannot be found.",
    );
    let reply = DEMO.iam_ok(DEMO.root(PROD), "GetRole", &[("RoleName", "ReadOnly")]);
    assert!(reply.xml("Arn").contains(PROD));
}

#[test]
fn a_tag_key_to_remove_is_told_all_that_it_must_be() {
    make("UntagForm", &[]);
    let long = "k".repeat(129);
    for key in [long.as_str(), "no!", ""] {
        let params = [("RoleName", "UntagForm"), ("TagKeys.member.1", key)];
        refuses(
            &DEMO.iam(root(), "UntagRole", &params),
            400,
            "ValidationError",
            r"1 validation error detected: Value at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+, Member must not be null]",
        );
    }
}

#[test]
fn what_an_update_does_not_name_stays() {
    make("Updated", &[("Description", "before")]);
    let params = [("RoleName", "updated"), ("MaxSessionDuration", "43200")];
    let reply = DEMO.iam_ok(root(), "UpdateRole", &params);
    assert!(reply.text().contains("\n  <UpdateRoleResult/>\n"));
    let reply = DEMO.iam_ok(root(), "GetRole", &[("RoleName", "Updated")]);
    assert_eq!(reply.xml("Description"), "before");
    assert_eq!(reply.xml("MaxSessionDuration"), "43200");
    let params = [("RoleName", "Updated"), ("Description", "after")];
    let reply = DEMO.iam_ok(root(), "UpdateRoleDescription", &params);
    assert_eq!(reply.xml("Description"), "after");
    assert_eq!(reply.xml_if_any("MaxSessionDuration"), None);
    let params = [("RoleName", "Updated"), ("Description", "")];
    DEMO.iam_ok(root(), "UpdateRole", &params);
    let reply = DEMO.iam_ok(root(), "GetRole", &[("RoleName", "Updated")]);
    assert_eq!(reply.xml_if_any("Description"), None);
}

#[test]
fn a_role_that_is_not_there_cannot_be_changed_or_deleted() {
    for (action, more) in [
        ("UpdateRole", ("Description", "")),
        ("UpdateRoleDescription", ("Description", "")),
        ("UpdateAssumeRolePolicy", ("PolicyDocument", "{}")),
        ("DeleteRole", ("x", "")),
        ("TagRole", ("Tags", "")),
        ("UntagRole", ("TagKeys", "")),
        ("ListRoleTags", ("x", "")),
    ] {
        let reply = DEMO.iam(root(), action, &[("RoleName", "Nowhere"), more]);
        let message = "The role with name Nowhere cannot be found.";
        refuses(&reply, 404, "NoSuchEntity", message);
    }
}

#[test]
fn a_role_with_anything_attached_is_not_deleted() {
    make("Laden", &[]);
    let role = ("RoleName", "Laden");
    let policy = allow(&["s3:*"], &["*"]);
    let arn = DEMO.managed_policy(DEV, "RolesLaden", &policy);
    let put = [role, ("PolicyName", "p"), ("PolicyDocument", &policy)];
    let profile = ("InstanceProfileName", "Laden");
    DEMO.iam_ok(root(), "PutRolePolicy", &put);
    DEMO.iam_ok(root(), "AttachRolePolicy", &[role, ("PolicyArn", &arn)]);
    DEMO.iam_ok(root(), "CreateInstanceProfile", &[profile]);
    DEMO.iam_ok(root(), "AddRoleToInstanceProfile", &[profile, role]);
    let conflicts = |what: &str| {
        let message = format!("Cannot delete entity, must {what} first.");
        let reply = DEMO.iam(root(), "DeleteRole", &[role]);
        refuses(&reply, 409, "DeleteConflict", &message);
    };
    conflicts("remove roles from instance profile");
    DEMO.iam_ok(root(), "RemoveRoleFromInstanceProfile", &[profile, role]);
    conflicts("detach all policies");
    DEMO.iam_ok(root(), "DetachRolePolicy", &[role, ("PolicyArn", &arn)]);
    conflicts("delete policies");
    DEMO.iam_ok(root(), "DeleteRolePolicy", &[role, ("PolicyName", "P")]);
    let reply = DEMO.iam_ok(root(), "DeleteRole", &[role]);
    assert!(!reply.text().contains("Result"));
}

#[test]
fn roles_are_listed_by_name_a_page_at_a_time() {
    for name in ["b", "A", "c"] {
        make(&format!("page-{name}"), &[("Path", "/pages/")]);
    }
    let mut names = Vec::new();
    let mut marker = String::new();
    loop {
        let mut params = vec![("PathPrefix", "/pages"), ("MaxItems", "2")];
        if !marker.is_empty() {
            params.push(("Marker", &marker));
        }
        let reply = DEMO.iam_ok(root(), "ListRoles", &params);
        let found = reply.text().split("<RoleName>").skip(1);
        names.extend(found.map(|rest| rest.split('<').next().unwrap().to_owned()));
        match reply.xml_if_any("Marker") {
            Some(next) => marker = next,
            None => {
                assert_eq!(reply.xml("IsTruncated"), "false");
                break;
            }
        }
        assert_eq!(reply.xml("IsTruncated"), "true");
    }
    assert_eq!(names, ["page-A", "page-b", "page-c"]);
}

#[test]
fn a_marker_of_nobodys_is_refused() {
    for marker in ["!", "AA"] {
        let reply = DEMO.iam(root(), "ListRoles", &[("Marker", marker)]);
        refuses(&reply, 400, "ValidationError", "Invalid Marker.");
    }
}

#[test]
fn tags_are_added_replaced_and_taken_away_ignoring_case() {
    make("Tagged", &[]);
    let tag = |key, value| {
        let tag = [("Tags.member.1.Key", key), ("Tags.member.1.Value", value)];
        DEMO.iam_ok(root(), "TagRole", &[("RoleName", "Tagged"), tag[0], tag[1]]);
    };
    let tags = || {
        let params = [("RoleName", "Tagged"), ("MaxItems", "1")];
        let reply = DEMO.iam_ok(root(), "ListRoleTags", &params);
        (
            reply.xml_if_any("Key"),
            reply.xml_if_any("Value"),
            reply.xml_if_any("Marker"),
        )
    };
    tag("Team", "a");
    tag("Zone", "z");
    tag("TEAM", "");
    let (key, value, marker) = tags();
    assert_eq!(
        (key.unwrap().as_str(), value.unwrap().as_str()),
        ("TEAM", "")
    );
    let params = [
        ("RoleName", "Tagged"),
        ("MaxItems", "1"),
        ("Marker", marker.as_deref().unwrap()),
    ];
    let reply = DEMO.iam_ok(root(), "ListRoleTags", &params);
    assert_eq!(reply.xml("Key"), "Zone");
    assert_eq!(reply.xml("IsTruncated"), "false");
    let untag = [
        ("RoleName", "Tagged"),
        ("TagKeys.member.1", "team"),
        ("TagKeys.member.2", "nothing"),
    ];
    DEMO.iam_ok(root(), "UntagRole", &untag);
    assert_eq!(tags().0.as_deref(), Some("Zone"));
}

#[test]
fn fifty_tags_are_enough() {
    make("Many", &[]);
    let tag = |from: usize, to: usize| {
        let names: Vec<[String; 2]> = (from..to)
            .map(|n| {
                let at = n - from + 1;
                [
                    format!("Tags.member.{at}.Key"),
                    format!("Tags.member.{at}.Value"),
                ]
            })
            .collect();
        let keys: Vec<String> = (from..to).map(|n| format!("key{n}")).collect();
        let mut params = vec![("RoleName", "Many")];
        for ([key, value], name) in names.iter().zip(&keys) {
            params.push((key, name));
            params.push((value, ""));
        }
        DEMO.iam(root(), "TagRole", &params)
    };
    assert_eq!(tag(0, 50).status, 200);
    refuses(
        &tag(50, 51),
        409,
        "LimitExceeded",
        "The number of tags has reached the maximum limit.",
    );
}

#[test]
fn odd_tags_are_refused() {
    make("OddTags", &[]);
    let tag = |params: &[(&str, &str)]| {
        let mut all = vec![("RoleName", "OddTags")];
        all.extend(params);
        DEMO.iam(root(), "TagRole", &all)
    };
    refuses(
        &tag(&[]),
        400,
        "ValidationError",
        "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must not be null",
    );
    for reserved in ["aws:", "drawbridge:"] {
        let key = format!("{}source", reserved.to_uppercase());
        refuses(
            &tag(&[("Tags.member.1.Key", &key), ("Tags.member.1.Value", "")]),
            400,
            "InvalidInput",
            &format!("Tag keys must not begin with {reserved}"),
        );
    }
    refuses(
        &tag(&[
            ("Tags.member.1.Key", "a"),
            ("Tags.member.1.Value", ""),
            ("Tags.member.2.Key", "A"),
            ("Tags.member.2.Value", ""),
        ]),
        400,
        "InvalidInput",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    );
    let reply = DEMO.iam(root(), "UntagRole", &[("RoleName", "OddTags")]);
    refuses(
        &reply,
        400,
        "ValidationError",
        "1 validation error detected: Value at 'tagKeys' failed to satisfy constraint: Member must not be null",
    );
}

#[test]
fn roles_of_the_demo_are_everybodys_to_change_and_stay_changed() {
    let name = ("RoleName", "Support");
    let changed = [name, ("Description", "changed")];
    DEMO.iam_ok(root(), "UpdateRole", &changed);
    DEMO.provision_again();
    let role = DEMO.iam_ok(root(), "GetRole", &[name]);
    assert_eq!(role.xml("Description"), "changed");
}

#[test]
fn a_role_of_the_configuration_is_read_and_not_changed() {
    let trust = trusting_dev();
    let broker = Broker::configured(&format!(
        "[[role]]\narn = 'arn:aws:iam::{DEV}:role/Developer'\ntrust_policy = '{trust}'\n"
    ));
    let policy = allow(&["*"], &["*"]);
    let admin = broker.user(DEV, "admin", Some(&policy));
    let name = ("RoleName", "Developer");
    broker.iam_ok(&admin, "ListRoleTags", &[name]);
    broker.iam_ok(&admin, "ListRolePolicies", &[name]);
    broker.iam_ok(&admin, "ListAttachedRolePolicies", &[name]);
    let arn = broker.managed_policy(DEV, "RolesFixed", &policy);
    for (action, more) in [
        ("UpdateRole", vec![("Description", "")]),
        ("UpdateRoleDescription", vec![("Description", "")]),
        (
            "UpdateAssumeRolePolicy",
            vec![("PolicyDocument", trust.as_str())],
        ),
        ("DeleteRole", vec![]),
        ("TagRole", vec![("Tags", "")]),
        ("UntagRole", vec![("TagKeys.member.1", "drawbridge:source")]),
        (
            "PutRolePolicy",
            vec![("PolicyName", "p"), ("PolicyDocument", policy.as_str())],
        ),
        ("DeleteRolePolicy", vec![("PolicyName", "p")]),
        ("AttachRolePolicy", vec![("PolicyArn", arn.as_str())]),
        ("DetachRolePolicy", vec![("PolicyArn", arn.as_str())]),
        (
            "PutRolePermissionsBoundary",
            vec![("PermissionsBoundary", arn.as_str())],
        ),
        ("DeleteRolePermissionsBoundary", vec![]),
    ] {
        let params: Vec<_> = std::iter::once(name).chain(more).collect();
        refuses(
            &broker.iam(&admin, action, &params),
            400,
            "UnmodifiableEntity",
            "Cannot perform the operation on the protected role 'Developer' - this role is only modifiable by the configuration of Drawbridge",
        );
    }
}

#[test]
fn the_trail_has_what_was_asked_and_what_was_made() {
    let reply = make("Trailed", &[]);
    let event = DEMO.event(&reply);
    assert_eq!(event["eventSource"], "iam.amazonaws.com");
    assert_eq!(event["requestParameters"]["roleName"], "Trailed");
    assert_eq!(event["responseElements"]["role"]["arn"], reply.xml("Arn"));
    assert_eq!(event["readOnly"], false);
}
