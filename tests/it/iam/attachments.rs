//! Attached policies and permissions boundaries.

use serde_json::json;

use super::roles::{make, refuses};
use super::{DEMO, root};
use crate::harness::http::Reply;
use crate::harness::iam::{allow, document};
use crate::harness::{DEV, PROD};

/// Calls `action` for a user or role.
fn call(action: &str, owner: (&str, &str), more: &[(&str, &str)]) -> Reply {
    let mut params = vec![owner];
    params.extend(more);
    DEMO.iam(root(), action, &params)
}

/// A managed policy of the dev account.
fn policy(name: &str) -> String {
    DEMO.managed_policy(DEV, name, &allow(&["s3:*"], &["*"]))
}

/// The names that a list of attached policies has.
#[track_caller]
fn names(reply: &Reply) -> Vec<String> {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let found = reply.text().split("<PolicyName>").skip(1);
    let name = |rest: &str| rest.split('<').next().unwrap().to_owned();
    found.map(name).collect()
}

/// Attached, listed and detached.
fn comes_and_goes(kind: &str, owner: (&str, &str)) {
    let arns = ["b", "A", "c"].map(|name| policy(&format!("Attached{kind}-{name}")));
    let attach = format!("Attach{kind}Policy");
    for arn in arns.iter().chain(&arns) {
        let reply = call(&attach, owner, &[("PolicyArn", arn)]);
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let list = format!("ListAttached{kind}Policies");
    let page = call(&list, owner, &[("MaxItems", "2")]);
    let (first, second) = (format!("Attached{kind}-A"), format!("Attached{kind}-b"));
    assert_eq!(names(&page), [first, second]);
    assert_eq!(page.xml("PolicyArn"), arns[1]);
    let marker = page.xml("Marker");
    let page = call(&list, owner, &[("Marker", &marker)]);
    assert_eq!(names(&page), [format!("Attached{kind}-c")]);
    assert!(names(&call(&list, owner, &[("PathPrefix", "/other/")])).is_empty());
    let detach = format!("Detach{kind}Policy");
    let last = [("PolicyArn", arns[2].as_str())];
    assert_eq!(call(&detach, owner, &last).status, 200);
    refuses(
        &call(&detach, owner, &last),
        404,
        "NoSuchEntity",
        &format!("Policy {} was not found.", arns[2]),
    );
    assert_eq!(names(&call(&list, owner, &[])).len(), 2);
}

#[test]
fn policies_are_attached_to_a_role_and_detached() {
    make("AttachRole", &[]);
    comes_and_goes("Role", ("RoleName", "attachROLE"));
}

#[test]
fn policies_are_attached_to_a_user_and_detached() {
    DEMO.user(DEV, "attach-user", None);
    comes_and_goes("User", ("UserName", "attach-user"));
}

#[test]
fn policies_are_attached_to_a_group_and_detached() {
    DEMO.iam_ok(root(), "CreateGroup", &[("GroupName", "AttachGroup")]);
    comes_and_goes("Group", ("GroupName", "attachGROUP"));
}

#[test]
fn ten_policies_are_attached_to_one_entity_and_no_more() {
    make("AttachTen", &[]);
    DEMO.user(DEV, "attach-ten", None);
    DEMO.iam_ok(root(), "CreateGroup", &[("GroupName", "AttachTen")]);
    for (kind, owner) in [
        ("Role", ("RoleName", "AttachTen")),
        ("User", ("UserName", "attach-ten")),
        ("Group", ("GroupName", "AttachTen")),
    ] {
        let action = format!("Attach{kind}Policy");
        let arns: Vec<String> = (0..11).map(|n| policy(&format!("Ten{kind}{n}"))).collect();
        let attach = |number: usize| call(&action, owner, &[("PolicyArn", &arns[number])]);
        for number in 0..10 {
            assert_eq!(attach(number).status, 200);
        }
        refuses(
            &attach(10),
            409,
            "LimitExceeded",
            &format!("Cannot exceed quota for PoliciesPer{kind}: 10"),
        );
        assert_eq!(attach(9).status, 200, "it is attached already");
    }
}

#[test]
fn a_policy_of_aws_is_attached_and_bounds_like_any_other() {
    make("AttachAws", &[]);
    let owner = ("RoleName", "AttachAws");
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let reply = call("AttachRolePolicy", owner, &[("PolicyArn", arn)]);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let put = [("PermissionsBoundary", arn)];
    assert_eq!(call("PutRolePermissionsBoundary", owner, &put).status, 200);
    let listed = call("ListAttachedRolePolicies", owner, &[]);
    assert_eq!(names(&listed), ["ReadOnlyAccess"]);
    assert_eq!(listed.xml("PolicyArn"), arn);
}

#[test]
fn a_policy_that_is_not_the_accounts_is_not_there() {
    make("AttachForeign", &[]);
    let owner = ("RoleName", "AttachForeign");
    let foreign = DEMO.managed_policy(PROD, "Foreign", &allow(&["*"], &["*"]));
    for arn in [foreign, format!("arn:aws:iam::{DEV}:policy/none")] {
        refuses(
            &call("AttachRolePolicy", owner, &[("PolicyArn", &arn)]),
            404,
            "NoSuchEntity",
            &format!("Policy {arn} does not exist or is not attachable."),
        );
        refuses(
            &call("DetachRolePolicy", owner, &[("PolicyArn", &arn)]),
            404,
            "NoSuchEntity",
            &format!("Policy {arn} was not found."),
        );
        let boundary = [("PermissionsBoundary", arn.as_str())];
        refuses(
            &call("PutRolePermissionsBoundary", owner, &boundary),
            404,
            "NoSuchEntity",
            &format!("Scope ARN: {arn} does not exist or is not attachable."),
        );
    }
}

#[test]
fn an_arn_of_something_else_is_refused() {
    make("AttachOdd", &[]);
    let owner = ("RoleName", "AttachOdd");
    for (arn, code) in [
        ("arn:aws:iam::111111111111:role/Developer", "InvalidInput"),
        ("a-policy-name-and-no-arn", "ValidationError"),
    ] {
        let message = format!("ARN {arn} is not valid.");
        for action in ["AttachRolePolicy", "DetachRolePolicy"] {
            let reply = call(action, owner, &[("PolicyArn", arn)]);
            refuses(&reply, 400, code, &message);
        }
        let reply = call(
            "PutRolePermissionsBoundary",
            owner,
            &[("PermissionsBoundary", arn)],
        );
        refuses(&reply, 400, code, &message);
    }
    refuses(
        &call("AttachRolePolicy", owner, &[("PolicyArn", "short")]),
        400,
        "ValidationError",
        "1 validation error detected: Value at 'policyArn' failed to satisfy constraint: Member must have length greater than or equal to 20",
    );
    refuses(
        &call("ListAttachedRolePolicies", owner, &[("PathPrefix", "/a//")]),
        400,
        "ValidationError",
        r"1 validation error detected: Value at 'pathPrefix' failed to satisfy constraint: Member must satisfy regular expression pattern: ((/[A-Za-z0-9\.,\+@=_-]+)*)/",
    );
}

#[test]
fn nothing_is_attached_to_who_is_not_there() {
    let arn = policy("AttachNobody");
    let attach = ("PolicyArn", arn.as_str());
    let bound = ("PermissionsBoundary", arn.as_str());
    for (kind, lower) in [("User", "user"), ("Role", "role")] {
        let name = format!("{kind}Name");
        let message = format!("The {lower} with name Nowhere cannot be found.");
        for (action, more) in [
            (format!("Attach{kind}Policy"), attach),
            (format!("Detach{kind}Policy"), attach),
            (format!("ListAttached{kind}Policies"), attach),
            (format!("Put{kind}PermissionsBoundary"), bound),
            (format!("Delete{kind}PermissionsBoundary"), bound),
        ] {
            let reply = call(&action, (&name, "Nowhere"), &[more]);
            refuses(&reply, 404, "NoSuchEntity", &message);
        }
    }
}

#[test]
fn a_group_has_attachments_and_no_boundary() {
    let arn = policy("AttachNoGroup");
    let owner = ("GroupName", "Nowhere");
    for action in [
        "AttachGroupPolicy",
        "DetachGroupPolicy",
        "ListAttachedGroupPolicies",
    ] {
        let reply = call(action, owner, &[("PolicyArn", &arn)]);
        let message = "The group with name Nowhere cannot be found.";
        refuses(&reply, 404, "NoSuchEntity", message);
    }
    let reply = call("PutGroupPermissionsBoundary", owner, &[]);
    assert_eq!(reply.aws_error().1, "InvalidAction");
}

#[test]
fn a_user_without_permission_attaches_nothing() {
    make("AttachShut", &[]);
    let bob = DEMO.user(DEV, "attach-bob", None);
    let arn = policy("AttachShut");
    DEMO.iam_ok(root(), "CreateGroup", &[("GroupName", "AttachShut")]);
    for (kind, name, lower) in [
        ("User", "attach-bob", "user"),
        ("Role", "AttachShut", "role"),
        ("Group", "AttachShut", "group"),
    ] {
        for action in [
            format!("Attach{kind}Policy"),
            format!("Detach{kind}Policy"),
            format!("ListAttached{kind}Policies"),
            format!("Put{kind}PermissionsBoundary"),
            format!("Delete{kind}PermissionsBoundary"),
        ] {
            if action.ends_with("Boundary") && kind == "Group" {
                continue;
            }
            let parameter = format!("{kind}Name");
            let params = [
                (parameter.as_str(), name),
                ("PolicyArn", &arn),
                ("PermissionsBoundary", &arn),
            ];
            let reply = DEMO.iam(&bob, &action, &params);
            let message = format!(
                "User: arn:aws:iam::{DEV}:user/attach-bob is not authorized to perform: iam:{action} on resource: arn:aws:iam::{DEV}:{lower}/{name} because no identity-based policy allows the iam:{action} action"
            );
            refuses(&reply, 403, "AccessDenied", &message);
        }
    }
}

#[test]
fn which_policy_may_be_attached_can_be_limited() {
    make("AttachLimited", &[]);
    let (good, bad) = (policy("AttachGood"), policy("AttachBad"));
    let allowed = document(json!({
        "Effect": "Allow", "Action": ["iam:AttachRolePolicy", "iam:DetachRolePolicy"], "Resource": "*",
        "Condition": { "ArnEquals": { "iam:PolicyARN": good } },
    }));
    let ann = DEMO.user(DEV, "attach-ann", Some(&allowed));
    let attach = |action, arn: &str| {
        let params = [("RoleName", "AttachLimited"), ("PolicyArn", arn)];
        DEMO.iam(&ann, action, &params).status
    };
    assert_eq!(attach("AttachRolePolicy", &good), 200);
    assert_eq!(attach("AttachRolePolicy", &bad), 403);
    assert_eq!(attach("DetachRolePolicy", &bad), 403);
    assert_eq!(attach("DetachRolePolicy", &good), 200);
}

#[test]
fn a_boundary_bounds_a_user_from_the_next_request_on() {
    let everything = allow(&["*"], &["*"]);
    let who = DEMO.user(DEV, "bound-user", Some(&everything));
    let owner = ("UserName", "bound-user");
    let may = || DEMO.iam(&who, "GetRole", &[("RoleName", "Developer")]);
    assert_eq!(may().status, 200);
    let edge = policy("BoundUser");
    let put = [("PermissionsBoundary", edge.as_str())];
    assert_eq!(call("PutUserPermissionsBoundary", owner, &put).status, 200);
    refuses(
        &may(),
        403,
        "AccessDenied",
        &format!(
            "User: arn:aws:iam::{DEV}:user/bound-user is not authorized to perform: iam:GetRole on resource: arn:aws:iam::{DEV}:role/Developer because no permissions boundary allows the iam:GetRole action"
        ),
    );
    // Deleting one that is not there is no mistake.
    for _ in 0..2 {
        let reply = call("DeleteUserPermissionsBoundary", owner, &[]);
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    assert_eq!(may().status, 200);
}

#[test]
fn a_boundary_of_a_role_is_shown_replaced_and_deleted() {
    make("BoundRole", &[]);
    let owner = ("RoleName", "boundrole");
    let get = || DEMO.iam_ok(root(), "GetRole", &[owner]);
    for name in ["BoundOne", "BoundTwo"] {
        let edge = policy(name);
        let put = [("PermissionsBoundary", edge.as_str())];
        assert_eq!(call("PutRolePermissionsBoundary", owner, &put).status, 200);
        assert_eq!(get().xml("PermissionsBoundaryType"), "Policy");
        assert_eq!(get().xml("PermissionsBoundaryArn"), edge);
    }
    assert_eq!(
        call("DeleteRolePermissionsBoundary", owner, &[]).status,
        200
    );
    assert_eq!(get().xml_if_any("PermissionsBoundary"), None);
}

#[test]
fn which_boundary_may_be_put_and_taken_away_can_be_limited() {
    make("BoundLimited", &[]);
    let (good, bad) = (policy("BoundGood"), policy("BoundBad"));
    let allowed = document(json!({
        "Effect": "Allow",
        "Action": ["iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary"],
        "Resource": "*",
        "Condition": { "StringEquals": { "iam:PermissionsBoundary": good } },
    }));
    let ann = DEMO.user(DEV, "bound-ann", Some(&allowed));
    let role = ("RoleName", "BoundLimited");
    let put = |arn: &str| {
        let params = [role, ("PermissionsBoundary", arn)];
        DEMO.iam(&ann, "PutRolePermissionsBoundary", &params).status
    };
    let delete = || {
        DEMO.iam(&ann, "DeleteRolePermissionsBoundary", &[role])
            .status
    };
    assert_eq!(put(&bad), 403);
    assert_eq!(put(&good), 200);
    assert_eq!(delete(), 200, "it is the boundary that is there");
    let other = [("PermissionsBoundary", bad.as_str())];
    assert_eq!(call("PutRolePermissionsBoundary", role, &other).status, 200);
    assert_eq!(delete(), 403);
}
