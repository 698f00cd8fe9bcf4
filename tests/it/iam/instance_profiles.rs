//! Instance profiles.

use serde_json::json;

use super::roles::{make, refuses};
use super::{DEMO, root};
use crate::harness::DEV;
use crate::harness::http::Reply;
use crate::harness::iam::{allow, document};

/// Calls `action` for an instance profile.
fn call(action: &str, name: &str, more: &[(&str, &str)]) -> Reply {
    let mut params = vec![("InstanceProfileName", name)];
    params.extend(more);
    DEMO.iam(root(), action, &params)
}

#[track_caller]
fn ok(action: &str, name: &str, more: &[(&str, &str)]) -> Reply {
    let reply = call(action, name, more);
    assert_eq!(reply.status, 200, "{action}: {}", reply.text());
    reply
}

fn not_there(name: &str) -> String {
    format!("Instance Profile {name} cannot be found.")
}

#[test]
fn an_instance_profile_is_made_filled_emptied_and_deleted() {
    make("ProfileRole", &[("Description", "inside")]);
    let role = ("RoleName", "ProfileRole");
    let tags = [
        ("Path", "/web/"),
        ("Tags.member.1.Key", "Team"),
        ("Tags.member.1.Value", "a"),
    ];
    let made = ok("CreateInstanceProfile", "Profile", &tags);
    let shown = made.text().replace(&made.reference(), "[request id]");
    let shown = shown.replace(&made.xml("InstanceProfileId"), "[id]");
    let shown = shown.replace(&made.xml("CreateDate"), "[now]");
    insta::assert_snapshot!(shown, @r#"
    <CreateInstanceProfileResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
      <CreateInstanceProfileResult>
        <InstanceProfile>
          <Path>/web/</Path>
          <InstanceProfileName>Profile</InstanceProfileName>
          <InstanceProfileId>[id]</InstanceProfileId>
          <Arn>arn:aws:iam::111111111111:instance-profile/web/Profile</Arn>
          <CreateDate>[now]</CreateDate>
          <Roles/>
          <Tags>
            <member>
              <Key>Team</Key>
              <Value>a</Value>
            </member>
          </Tags>
        </InstanceProfile>
      </CreateInstanceProfileResult>
      <ResponseMetadata>
        <RequestId>[request id]</RequestId>
      </ResponseMetadata>
    </CreateInstanceProfileResponse>
    "#);
    assert!(made.xml("InstanceProfileId").starts_with("AIPA"));
    ok("AddRoleToInstanceProfile", "profile", &[role]);
    let got = ok("GetInstanceProfile", "PROFILE", &[]);
    assert_eq!(got.xml("RoleName"), "ProfileRole");
    assert_eq!(got.xml_if_any("Description"), None);
    assert_eq!(got.xml_if_any("MaxSessionDuration"), None);
    let of_role = DEMO.iam_ok(root(), "ListInstanceProfilesForRole", &[role]);
    assert_eq!(of_role.xml("InstanceProfileName"), "Profile");
    assert_eq!(of_role.xml_if_any("Tags"), None);
    let listed = DEMO.iam_ok(root(), "ListInstanceProfiles", &[("PathPrefix", "/web/")]);
    assert_eq!(listed.xml("RoleName"), "ProfileRole");

    let message = "Cannot delete entity, must remove roles from instance profile first.";
    let reply = call("DeleteInstanceProfile", "Profile", &[]);
    refuses(&reply, 409, "DeleteConflict", message);
    ok("RemoveRoleFromInstanceProfile", "Profile", &[role]);
    let reply = call("RemoveRoleFromInstanceProfile", "Profile", &[role]);
    let message = "Role ProfileRole in Instance Profile Profile cannot be found.";
    refuses(&reply, 404, "NoSuchEntity", message);
    let of_role = DEMO.iam_ok(root(), "ListInstanceProfilesForRole", &[role]);
    assert!(of_role.text().contains("<InstanceProfiles/>"));
    ok("DeleteInstanceProfile", "Profile", &[]);
    let reply = call("GetInstanceProfile", "Profile", &[]);
    refuses(&reply, 404, "NoSuchEntity", &not_there("Profile"));
}

#[test]
fn a_name_is_taken_whatever_its_case() {
    ok("CreateInstanceProfile", "ProfileTaken", &[]);
    refuses(
        &call("CreateInstanceProfile", "PROFILETaken", &[("Path", "/x/")]),
        409,
        "EntityAlreadyExists",
        "Instance Profile PROFILETaken already exists.",
    );
}

#[test]
fn one_role_fits_in() {
    make("ProfileOne", &[]);
    make("ProfileTwo", &[]);
    ok("CreateInstanceProfile", "ProfileFull", &[]);
    ok(
        "AddRoleToInstanceProfile",
        "ProfileFull",
        &[("RoleName", "ProfileOne")],
    );
    for role in ["ProfileOne", "ProfileTwo"] {
        refuses(
            &call(
                "AddRoleToInstanceProfile",
                "ProfileFull",
                &[("RoleName", role)],
            ),
            409,
            "LimitExceeded",
            "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
        );
    }
    let reply = call(
        "RemoveRoleFromInstanceProfile",
        "ProfileFull",
        &[("RoleName", "ProfileTwo")],
    );
    let message = "Role ProfileTwo in Instance Profile ProfileFull cannot be found.";
    refuses(&reply, 404, "NoSuchEntity", message);
}

#[test]
fn what_is_not_there_cannot_be_put_together() {
    ok("CreateInstanceProfile", "ProfileLonely", &[]);
    let got = ok("GetInstanceProfile", "ProfileLonely", &[]);
    assert!(got.text().contains("<Tags/>"), "{}", got.text());
    let nobody = [("RoleName", "Nowhere")];
    for action in ["AddRoleToInstanceProfile", "RemoveRoleFromInstanceProfile"] {
        refuses(
            &call(action, "ProfileLonely", &nobody),
            404,
            "NoSuchEntity",
            "The role with name Nowhere cannot be found.",
        );
    }
    for (action, more) in [
        ("AddRoleToInstanceProfile", ("RoleName", "Developer")),
        ("RemoveRoleFromInstanceProfile", ("RoleName", "Developer")),
        ("DeleteInstanceProfile", ("x", "")),
        ("TagInstanceProfile", ("Tags", "")),
        ("UntagInstanceProfile", ("TagKeys", "")),
        ("ListInstanceProfileTags", ("x", "")),
    ] {
        let reply = call(action, "Nowhere", &[more]);
        refuses(&reply, 404, "NoSuchEntity", &not_there("Nowhere"));
    }
    let reply = DEMO.iam(root(), "ListInstanceProfilesForRole", &nobody);
    let message = "The role with name Nowhere cannot be found.";
    refuses(&reply, 404, "NoSuchEntity", message);
}

#[test]
fn who_adds_a_role_must_be_allowed_to_pass_it() {
    make("ProfilePassed", &[]);
    ok("CreateInstanceProfile", "ProfilePassing", &[]);
    let adds =
        json!({ "Effect": "Allow", "Action": "iam:AddRoleToInstanceProfile", "Resource": "*" });
    let passes = json!({
        "Effect": "Allow", "Action": "iam:PassRole",
        "Resource": format!("arn:aws:iam::{DEV}:role/ProfilePassed"),
        "Condition": { "StringEquals": { "iam:PassedToService": "ec2.amazonaws.com" } },
    });
    let bob = DEMO.user(DEV, "profile-bob", Some(&document(json!([adds]))));
    let ann = DEMO.user(DEV, "profile-ann", Some(&document(json!([adds, passes]))));
    let params = [
        ("InstanceProfileName", "ProfilePassing"),
        ("RoleName", "ProfilePassed"),
    ];
    refuses(
        &DEMO.iam(&bob, "AddRoleToInstanceProfile", &params),
        403,
        "AccessDenied",
        &format!(
            "User: arn:aws:iam::{DEV}:user/profile-bob is not authorized to perform: iam:PassRole on resource: arn:aws:iam::{DEV}:role/ProfilePassed because no identity-based policy allows the iam:PassRole action"
        ),
    );
    DEMO.iam_ok(&ann, "AddRoleToInstanceProfile", &params);
}

#[test]
fn a_user_without_permission_learns_no_instance_profile() {
    ok("CreateInstanceProfile", "ProfileShut", &[]);
    let bob = DEMO.user(DEV, "profile-eve", None);
    let arn = |name: &str| format!("arn:aws:iam::{DEV}:instance-profile/{name}");
    let role = ("RoleName", "Developer");
    for (action, more, resource) in [
        ("CreateInstanceProfile", role, arn("ProfileShut")),
        ("GetInstanceProfile", role, arn("ProfileShut")),
        ("DeleteInstanceProfile", role, arn("ProfileShut")),
        ("AddRoleToInstanceProfile", role, arn("ProfileShut")),
        ("RemoveRoleFromInstanceProfile", role, arn("ProfileShut")),
        ("TagInstanceProfile", ("Tags", ""), arn("ProfileShut")),
        ("UntagInstanceProfile", ("TagKeys", ""), arn("ProfileShut")),
        ("ListInstanceProfileTags", role, arn("ProfileShut")),
        ("ListInstanceProfiles", role, arn("")),
        (
            "ListInstanceProfilesForRole",
            role,
            format!("arn:aws:iam::{DEV}:role/Developer"),
        ),
    ] {
        let params = [("InstanceProfileName", "ProfileShut"), more];
        let reply = DEMO.iam(&bob, action, &params);
        let message = format!(
            "User: arn:aws:iam::{DEV}:user/profile-eve is not authorized to perform: iam:{action} on resource: {resource} because no identity-based policy allows the iam:{action} action"
        );
        refuses(&reply, 403, "AccessDenied", &message);
    }
}

#[test]
fn a_user_with_permission_makes_instance_profiles() {
    let allowed = allow(
        &["iam:*InstanceProfile*"],
        &["arn:aws:iam::*:instance-profile/team/*"],
    );
    let ann = DEMO.user(DEV, "profile-maker", Some(&allowed));
    let params = [("InstanceProfileName", "OfTeam"), ("Path", "/team/")];
    DEMO.iam_ok(&ann, "CreateInstanceProfile", &params);
    let reply = DEMO.iam_ok(&ann, "ListInstanceProfiles", &[("PathPrefix", "/team/")]);
    assert_eq!(reply.xml("InstanceProfileName"), "OfTeam");
}

#[test]
fn instance_profiles_have_tags() {
    ok("CreateInstanceProfile", "ProfileTags", &[]);
    let tag = [("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "a")];
    ok("TagInstanceProfile", "ProfileTags", &tag);
    let tags = ok("ListInstanceProfileTags", "ProfileTags", &[]);
    assert_eq!(tags.xml("Key"), "Team");
    let untag = [("TagKeys.member.1", "TEAM")];
    ok("UntagInstanceProfile", "ProfileTags", &untag);
    let tags = ok("ListInstanceProfileTags", "ProfileTags", &[]);
    assert!(tags.text().contains("<Tags/>"));
    for (action, member) in [
        ("TagInstanceProfile", "tags"),
        ("UntagInstanceProfile", "tagKeys"),
    ] {
        let message = format!(
            "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must not be null"
        );
        let reply = call(action, "ProfileTags", &[]);
        refuses(&reply, 400, "ValidationError", &message);
    }
}

#[test]
fn instance_profiles_are_listed_a_page_at_a_time() {
    for name in ["b", "A", "c"] {
        ok("CreateInstanceProfile", name, &[("Path", "/paged/")]);
    }
    let list = |more: (&str, &str)| {
        let params = [("PathPrefix", "/paged/"), ("MaxItems", "2"), more];
        DEMO.iam_ok(root(), "ListInstanceProfiles", &params)
    };
    let first = list(("x", ""));
    assert_eq!(first.xml("InstanceProfileName"), "A");
    assert_eq!(first.xml("IsTruncated"), "true");
    let second = list(("Marker", &first.xml("Marker")));
    assert_eq!(second.xml("InstanceProfileName"), "c");
    assert_eq!(second.xml_if_any("Marker"), None);
}
