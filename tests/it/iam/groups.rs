//! Groups, and who is in them.

use drawbridge::store::groups::Group;
use drawbridge::store::inline_policies::{InlinePolicy, PolicyOwner};
use serde_json::json;

use super::{DEMO, root};
use crate::harness::http::Reply;
use crate::harness::iam::{allow, document};
use crate::harness::{Broker, DEV, PROD, RUNTIME};

fn arn(path_and_name: &str) -> String {
    format!("arn:aws:iam::{DEV}:group/{path_and_name}")
}

/// Does something to a group, as root.
fn on(name: &str, action: &str, more: &[(&str, &str)]) -> Reply {
    let fields = [&[("GroupName", name)], more].concat();
    DEMO.iam(root(), action, &fields)
}

fn made(name: &str) {
    ok(&on(name, "CreateGroup", &[]));
}

fn with_user(name: &str) {
    DEMO.iam_ok(root(), "CreateUser", &[("UserName", name)]);
}

fn owner(name: &str) -> PolicyOwner {
    let group = RUNTIME.block_on(DEMO.app.store.group_by_name(DEV, name));
    PolicyOwner::Group(group.unwrap().unwrap().unique_id)
}

/// Gives a group a policy of its own.
fn policy(group: &str, name: &str, document: &str) {
    let policy = InlinePolicy {
        name: name.to_owned(),
        document: document.to_owned(),
    };
    let owner = owner(group);
    RUNTIME.block_on(async {
        let store = &DEMO.app.store;
        store.put_inline_policy(&owner, &policy).await.unwrap();
        DEMO.app.cache.refresh().await.unwrap();
    });
}

#[track_caller]
fn ok(reply: &Reply) {
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str, message: &str) {
    let expected = (status, code.to_owned(), message.to_owned());
    assert_eq!(reply.aws_error(), expected);
}

fn missing(name: &str) -> String {
    format!("The group with name {name} cannot be found.")
}

/// The texts of all elements of this name.
fn all(reply: &Reply, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let pieces = reply.text().split(&open).skip(1);
    pieces
        .map(|piece| piece.split(&close).next().unwrap().to_owned())
        .collect()
}

fn not_allowed(who: &str, action: &str, resource: &str) -> String {
    format!(
        "User: arn:aws:iam::{DEV}:user/{who} is not authorized to perform: iam:{action} on resource: {resource} \
         because no identity-based policy allows the iam:{action} action"
    )
}

#[test]
fn a_group_comes_back_as_it_was_created() {
    let created = on("Whole", "CreateGroup", &[("Path", "/teams/")]);
    ok(&created);
    let got = on("wHOLE", "GetGroup", &[]);
    for reply in [&created, &got] {
        assert_eq!(reply.xml("GroupName"), "Whole");
        assert_eq!(reply.xml("Path"), "/teams/");
        assert_eq!(reply.xml("Arn"), arn("teams/Whole"));
        assert_eq!(reply.xml("CreateDate"), created.xml("CreateDate"));
    }
    let id = created.xml("GroupId");
    assert!(id.starts_with("AGPA") && id.len() == 21, "{id}");
    assert_eq!(got.xml("GroupId"), id);
    assert!(got.text().contains("<Users/>"), "{}", got.text());
    assert_eq!(got.xml("IsTruncated"), "false");
    let event = DEMO.event(&created);
    assert_eq!(event["responseElements"]["group"]["groupId"], json!(id));
}

#[test]
fn a_group_name_is_taken_ignoring_case() {
    made("taken-group");
    let reply = on("TAKEN-group", "CreateGroup", &[]);
    let message = "Group with name TAKEN-group already exists.";
    refused(&reply, 409, "EntityAlreadyExists", message);
    made("group-taker");
    let reply = on(
        "group-taker",
        "UpdateGroup",
        &[("NewGroupName", "Taken-group")],
    );
    let message = "Group with name Taken-group already exists.";
    refused(&reply, 409, "EntityAlreadyExists", message);
}

#[test]
fn everything_that_is_wrong_with_a_new_group_is_said_at_once() {
    let reply = on("a b", "CreateGroup", &[("Path", "/x")]);
    let message = r"2 validation errors detected: Value at 'path' failed to satisfy constraint: Member must satisfy regular expression pattern: (\u002F)|(\u002F[\u0021-\u007E]+\u002F); Value at 'groupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+";
    refused(&reply, 400, "ValidationError", message);
}

#[test]
fn an_account_has_three_hundred_groups() {
    let broker = Broker::demo();
    RUNTIME.block_on(async {
        for n in 0..300 {
            let group = Group {
                account: PROD.to_owned(),
                name: format!("many-{n}"),
                path: "/".to_owned(),
                unique_id: format!("AGPAMANY{n}"),
                arn: format!("arn:aws:iam::{PROD}:group/many-{n}"),
                created_at: 0,
            };
            broker.app.store.create_group(&group, 300).await.unwrap();
        }
    });
    let who = broker.root(PROD);
    let reply = broker.iam(who, "CreateGroup", &[("GroupName", "more")]);
    let message = "Cannot exceed quota for GroupsPerAccount: 300";
    refused(&reply, 409, "LimitExceeded", message);
}

#[test]
fn groups_are_listed_in_pages_by_name_under_a_path() {
    for name in ["b-listed", "A-listed", "c-listed"] {
        ok(&on(name, "CreateGroup", &[("Path", "/listed/")]));
    }
    let list = |more: &[(&str, &str)]| {
        let fields = [&[("PathPrefix", "/listed/")], more].concat();
        DEMO.iam_ok(root(), "ListGroups", &fields)
    };
    let first = list(&[("MaxItems", "2")]);
    assert_eq!(all(&first, "GroupName"), ["A-listed", "b-listed"]);
    assert_eq!(first.xml("IsTruncated"), "true");
    let rest = list(&[("Marker", &first.xml("Marker"))]);
    assert_eq!(all(&rest, "GroupName"), ["c-listed"]);
    assert_eq!(rest.xml_if_any("Marker"), None);
}

#[test]
fn users_of_a_group_and_groups_of_a_user_are_listed_in_pages() {
    for name in ["first-group", "Second-group"] {
        made(name);
        for user in ["b-member", "A-member"] {
            if name == "first-group" {
                with_user(user);
            }
            ok(&on(name, "AddUserToGroup", &[("UserName", user)]));
        }
    }
    // Again: nothing happens.
    let again = [("UserName", "A-MEMBER")];
    ok(&on("FIRST-group", "AddUserToGroup", &again));
    let got = on("first-group", "GetGroup", &[]);
    assert_eq!(all(&got, "UserName"), ["A-member", "b-member"]);
    let first = on("first-group", "GetGroup", &[("MaxItems", "1")]);
    assert_eq!(all(&first, "UserName"), ["A-member"]);
    let next = [("Marker", &*first.xml("Marker"))];
    let rest = on("first-group", "GetGroup", &next);
    assert_eq!(rest.xml("GroupName"), "first-group");
    assert_eq!(all(&rest, "UserName"), ["b-member"]);
    let groups = |more: &[(&str, &str)]| {
        let fields = [&[("UserName", "a-member")], more].concat();
        DEMO.iam_ok(root(), "ListGroupsForUser", &fields)
    };
    let names = all(&groups(&[]), "GroupName");
    assert_eq!(names, ["first-group", "Second-group"]);
    let first = groups(&[("MaxItems", "1")]);
    assert_eq!(all(&first, "GroupName"), ["first-group"]);
    let rest = groups(&[("Marker", &first.xml("Marker"))]);
    assert_eq!(all(&rest, "GroupName"), ["Second-group"]);
}

#[test]
fn a_user_is_in_ten_groups() {
    with_user("joiner");
    let user = [("UserName", "joiner")];
    for n in 0..10 {
        made(&format!("joined-{n}"));
        ok(&on(&format!("joined-{n}"), "AddUserToGroup", &user));
    }
    made("joined-too-many");
    let reply = on("joined-too-many", "AddUserToGroup", &user);
    let message = "Cannot exceed quota for GroupsPerUser: 10";
    refused(&reply, 409, "LimitExceeded", message);
    ok(&on("joined-0", "AddUserToGroup", &user));
    ok(&on("joined-0", "RemoveUserFromGroup", &user));
    ok(&on("joined-too-many", "AddUserToGroup", &user));
}

#[test]
fn membership_needs_both_and_leaving_where_one_is_not_is_nothing() {
    made("lonely");
    with_user("outsider");
    let outsider = [("UserName", "outsider")];
    ok(&on("lonely", "RemoveUserFromGroup", &outsider));
    for action in ["AddUserToGroup", "RemoveUserFromGroup"] {
        let reply = on("lonely", action, &[("UserName", "no-user")]);
        let message = "The user with name no-user cannot be found.";
        refused(&reply, 404, "NoSuchEntity", message);
        let reply = on("no-group", action, &outsider);
        refused(&reply, 404, "NoSuchEntity", &missing("no-group"));
        // Where neither is there, the user is missed.
        let reply = on("no-group", action, &[("UserName", "no-user")]);
        refused(&reply, 404, "NoSuchEntity", message);
    }
}

#[test]
fn a_policy_of_a_group_counts_for_its_users_at_once() {
    made("readers");
    let own = allow(&["iam:GetGroup"], &[&arn("readers")]);
    let who = DEMO.user(DEV, "reader", Some(&own));
    policy("readers", "inline", &allow(&["iam:ListGroups"], &["*"]));
    let list = || DEMO.iam(&who, "ListGroups", &[]);
    let message = not_allowed("reader", "ListGroups", &arn(""));
    refused(&list(), 403, "AccessDenied", &message);
    let user = [("UserName", "reader")];
    ok(&on("readers", "AddUserToGroup", &user));
    ok(&list());
    let got = RUNTIME.block_on(async {
        let store = &DEMO.app.store;
        let id = store.user_by_name(DEV, "reader").await.unwrap().unwrap();
        DEMO.app.cache.user(DEV, &id.unique_id).await.unwrap()
    });
    let names: Vec<_> = got
        .unwrap()
        .policies
        .iter()
        .map(|p| p.name.clone())
        .collect();
    assert_eq!(names, ["inline", "inline (group readers)"]);
    ok(&DEMO.iam(&who, "GetGroup", &[("GroupName", "readers")]));
    ok(&on("readers", "RemoveUserFromGroup", &user));
    refused(&list(), 403, "AccessDenied", &message);
}

#[test]
fn a_deny_of_a_group_stops_its_users() {
    made("stopped");
    let who = DEMO.user(DEV, "stopped-user", Some(&allow(&["iam:*"], &["*"])));
    let deny = json!({ "Effect": "Deny", "Action": "iam:ListGroups", "Resource": "*" });
    policy("stopped", "no", &document(deny));
    let user = [("UserName", "stopped-user")];
    ok(&DEMO.iam(&who, "ListGroups", &[]));
    ok(&on("stopped", "AddUserToGroup", &user));
    let reply = DEMO.iam(&who, "ListGroups", &[]);
    let message = format!(
        "User: arn:aws:iam::{DEV}:user/stopped-user is not authorized to perform: iam:ListGroups on resource: {} with an explicit deny in an identity-based policy",
        arn("")
    );
    refused(&reply, 403, "AccessDenied", &message);
}

#[test]
fn a_moved_group_keeps_its_id_and_users() {
    made("old-group");
    with_user("stays");
    ok(&on("old-group", "AddUserToGroup", &[("UserName", "stays")]));
    let before = on("old-group", "GetGroup", &[]);
    let fields = [("NewPath", "/new/"), ("NewGroupName", "New-group")];
    ok(&on("old-group", "UpdateGroup", &fields));
    let after = on("new-group", "GetGroup", &[]);
    assert_eq!(after.xml("Arn"), arn("new/New-group"));
    assert_eq!(after.xml("GroupId"), before.xml("GroupId"));
    assert_eq!(all(&after, "UserName"), ["stays"]);
    let reply = on("old-group", "GetGroup", &[]);
    refused(&reply, 404, "NoSuchEntity", &missing("old-group"));
}

#[test]
fn moving_a_group_takes_the_permission_on_both_names() {
    made("group-here");
    let own = allow(&["iam:UpdateGroup"], &[&arn("group-here")]);
    let who = DEMO.user(DEV, "group-mover", Some(&own));
    let fields = [("GroupName", "group-here"), ("NewPath", "/there/")];
    let reply = DEMO.iam(&who, "UpdateGroup", &fields);
    let message = not_allowed("group-mover", "UpdateGroup", &arn("there/group-here"));
    refused(&reply, 403, "AccessDenied", &message);
}

#[test]
fn a_group_is_deleted_once_nothing_hangs_on_it() {
    made("tied-group");
    with_user("tied-member");
    let user = [("UserName", "tied-member")];
    ok(&on("tied-group", "AddUserToGroup", &user));
    policy("tied-group", "inline", &allow(&["*"], &["*"]));
    let managed = DEMO.managed_policy(DEV, "tie-of-group", &allow(&["*"], &["*"]));
    let (store, owner) = (&DEMO.app.store, owner("tied-group"));
    RUNTIME
        .block_on(store.attach_policy(&owner, &managed))
        .unwrap();
    let delete = || on("tied-group", "DeleteGroup", &[]);
    let message = "Cannot delete entity, must detach all policies first.";
    refused(&delete(), 409, "DeleteConflict", message);
    RUNTIME
        .block_on(store.detach_policy(&owner, &managed))
        .unwrap();
    let message = "Cannot delete entity, must delete policies first.";
    refused(&delete(), 409, "DeleteConflict", message);
    RUNTIME
        .block_on(store.delete_inline_policy(&owner, "inline"))
        .unwrap();
    let message = "Cannot delete entity, must remove users from group first.";
    refused(&delete(), 409, "DeleteConflict", message);
    ok(&on("tied-group", "RemoveUserFromGroup", &user));
    ok(&delete());
    refused(&delete(), 404, "NoSuchEntity", &missing("tied-group"));
}

#[test]
fn each_operation_on_a_group_needs_its_permission() {
    made("closed");
    with_user("closed-out");
    let stranger = DEMO.user(DEV, "group-stranger", None);
    let user = [("UserName", "closed-out")];
    for (action, more) in [
        ("GetGroup", &[][..]),
        ("UpdateGroup", &[("NewPath", "/x/")]),
        ("DeleteGroup", &[]),
        ("AddUserToGroup", &user),
        ("RemoveUserFromGroup", &user),
    ] {
        for (name, shown) in [
            ("closed", arn("closed")),
            ("not-there", "group not-there".to_owned()),
        ] {
            let fields = [&[("GroupName", name)], more].concat();
            let reply = DEMO.iam(&stranger, action, &fields);
            let message = not_allowed("group-stranger", action, &shown);
            refused(&reply, 403, "AccessDenied", &message);
        }
    }
    let reply = DEMO.iam(&stranger, "CreateGroup", &[("GroupName", "fresh")]);
    let message = not_allowed("group-stranger", "CreateGroup", &arn("fresh"));
    refused(&reply, 403, "AccessDenied", &message);
}

#[test]
fn operations_on_a_group_that_is_not_there_say_so() {
    for (action, more) in [
        ("GetGroup", &[][..]),
        ("UpdateGroup", &[("NewPath", "/x/")]),
        ("DeleteGroup", &[]),
    ] {
        let reply = on("nothing", action, more);
        refused(&reply, 404, "NoSuchEntity", &missing("nothing"));
    }
}
