//! Users.

use drawbridge::sigv4::Credentials;
use drawbridge::store::users::User;
use serde_json::json;

use super::{DEMO, root};
use crate::harness::http::Reply;
use crate::harness::iam::{allow, document, trust};
use crate::harness::{DEV, PROD, RUNTIME};

fn arn(path_and_name: &str) -> String {
    format!("arn:aws:iam::{DEV}:user/{path_and_name}")
}

fn create(name: &str, more: &[(&str, &str)]) -> Reply {
    let fields = [&[("UserName", name)], more].concat();
    DEMO.iam(root(), "CreateUser", &fields)
}

/// A user for one test.
fn made(name: &str) {
    ok(&create(name, &[]));
}

/// Does something to a user, as root.
fn on(name: &str, action: &str, more: &[(&str, &str)]) -> Reply {
    let fields = [&[("UserName", name)], more].concat();
    DEMO.iam(root(), action, &fields)
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
    format!("The user with name {name} cannot be found.")
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
        "User: {} is not authorized to perform: iam:{action} on resource: {resource} \
         because no identity-based policy allows the iam:{action} action",
        arn(who)
    )
}

#[test]
fn a_user_comes_back_as_it_was_created() {
    let boundary = DEMO.managed_policy(DEV, "edge-of-users", &allow(&["*"], &["*"]));
    let more = [
        ("Path", "/teams/a/"),
        ("PermissionsBoundary", &boundary),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "a"),
    ];
    let created = create("Whole", &more);
    ok(&created);
    let got = on("wHOLE", "GetUser", &[]);
    ok(&got);
    for reply in [&created, &got] {
        assert_eq!(reply.xml("Path"), "/teams/a/");
        assert_eq!(reply.xml("UserName"), "Whole");
        assert_eq!(reply.xml("Arn"), arn("teams/a/Whole"));
        assert_eq!(reply.xml("PermissionsBoundaryType"), "Policy");
        assert_eq!(reply.xml("PermissionsBoundaryArn"), boundary);
        assert_eq!(reply.xml("Key"), "team");
        assert_eq!(reply.xml("Value"), "a");
    }
    let id = created.xml("UserId");
    assert!(id.starts_with("AIDA") && id.len() == 21, "{id}");
    assert_eq!(got.xml("UserId"), id);
    assert_eq!(got.xml("CreateDate"), created.xml("CreateDate"));
    let event = DEMO.event(&created);
    assert_eq!(event["responseElements"]["user"]["userId"], json!(id));
}

#[test]
fn a_user_name_is_taken_ignoring_case() {
    made("Taken");
    let reply = create("tAKEN", &[("Path", "/other/")]);
    let message = "User with name tAKEN already exists.";
    refused(&reply, 409, "EntityAlreadyExists", message);
    made("Other-name-taker");
    let onto = on(
        "Other-name-taker",
        "UpdateUser",
        &[("NewUserName", "TAKEN")],
    );
    let message = "User with name TAKEN already exists.";
    refused(&onto, 409, "EntityAlreadyExists", message);
}

#[test]
fn everything_that_is_wrong_with_a_new_user_is_said_at_once() {
    let reply = create("a/b", &[("Path", "x"), ("PermissionsBoundary", "short")]);
    let message = r"3 validation errors detected: Value at 'path' failed to satisfy constraint: Member must satisfy regular expression pattern: (\u002F)|(\u002F[\u0021-\u007E]+\u002F); Value at 'permissionsBoundary' failed to satisfy constraint: Member must have length greater than or equal to 20; Value at 'userName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+";
    refused(&reply, 400, "ValidationError", message);
    let long = "n".repeat(65);
    let message = "1 validation error detected: Value at 'userName' failed to satisfy constraint: Member must have length less than or equal to 64";
    refused(&create(&long, &[]), 400, "ValidationError", message);
    let none = DEMO.iam(root(), "CreateUser", &[]);
    let message = "1 validation error detected: Value at 'userName' failed to satisfy constraint: Member must not be null";
    refused(&none, 400, "ValidationError", message);
}

#[test]
fn a_boundary_must_be_a_policy_that_is_there() {
    let gone = format!("arn:aws:iam::{DEV}:policy/gone");
    let reply = create("bounded-by-nothing", &[("PermissionsBoundary", &gone)]);
    let message = format!("Scope ARN: {gone} does not exist or is not attachable.");
    refused(&reply, 404, "NoSuchEntity", &message);
    let foreign = DEMO.managed_policy(PROD, "edge-of-prod", &allow(&["*"], &["*"]));
    let reply = create("bounded-by-nothing", &[("PermissionsBoundary", &foreign)]);
    let message = format!("Scope ARN: {foreign} does not exist or is not attachable.");
    refused(&reply, 404, "NoSuchEntity", &message);
    let role = format!("arn:aws:iam::{DEV}:role/Developer");
    let reply = create("bounded-by-nothing", &[("PermissionsBoundary", &role)]);
    let message = format!("ARN {role} is not valid.");
    refused(&reply, 400, "InvalidInput", &message);
    let reply = on("bounded-by-nothing", "GetUser", &[]);
    refused(&reply, 404, "NoSuchEntity", &missing("bounded-by-nothing"));
}

#[test]
fn an_account_has_five_thousand_users() {
    let user = |n: usize| User {
        account: PROD.to_owned(),
        name: format!("many-{n}"),
        path: "/many/".to_owned(),
        unique_id: format!("AIDAMANY{n}"),
        arn: format!("arn:aws:iam::{PROD}:user/many/many-{n}"),
        permissions_boundary: None,
        tags: Vec::new(),
        created_at: 0,
    };
    let broker = crate::harness::Broker::demo();
    RUNTIME.block_on(async {
        let there = broker.app.store.users(PROD).await.unwrap().len();
        for n in there..5000 {
            broker.app.store.create_user(&user(n), 5000).await.unwrap();
        }
    });
    let reply = broker.iam(broker.root(PROD), "CreateUser", &[("UserName", "more")]);
    let message = "Cannot exceed quota for UsersPerAccount: 5000";
    refused(&reply, 409, "LimitExceeded", message);
}

#[test]
fn a_user_may_be_made_by_whoever_may_make_it_there() {
    let policy = allow(&["iam:CreateUser"], &[&arn("made/*")]);
    let maker = DEMO.user(DEV, "user-maker", Some(&policy));
    let make = |name: &str, more: &[(&str, &str)]| {
        let fields = [&[("UserName", name)], more].concat();
        DEMO.iam(&maker, "CreateUser", &fields)
    };
    ok(&make("by-the-maker", &[("Path", "/made/")]));
    let reply = make("by-the-maker-2", &[]);
    let message = not_allowed("user-maker", "CreateUser", &arn("by-the-maker-2"));
    refused(&reply, 403, "AccessDenied", &message);
    let tagged = [
        ("Path", "/made/"),
        ("Tags.member.1.Key", "k"),
        ("Tags.member.1.Value", "v"),
    ];
    let reply = make("by-the-maker-3", &tagged);
    let message = not_allowed("user-maker", "TagUser", &arn("made/by-the-maker-3"));
    refused(&reply, 403, "AccessDenied", &message);
}

#[test]
fn a_boundary_is_a_condition_key() {
    let boundary = DEMO.managed_policy(DEV, "edge-asked-for", &allow(&["*"], &["*"]));
    let policy = document(json!({
        "Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*",
        "Condition": { "StringEquals": { "iam:PermissionsBoundary": boundary } },
    }));
    let maker = DEMO.user(DEV, "bounded-maker", Some(&policy));
    let reply = DEMO.iam(&maker, "CreateUser", &[("UserName", "unbounded-made")]);
    let message = not_allowed("bounded-maker", "CreateUser", &arn("unbounded-made"));
    refused(&reply, 403, "AccessDenied", &message);
    let fields = [
        ("UserName", "bounded-made"),
        ("PermissionsBoundary", boundary.as_str()),
    ];
    ok(&DEMO.iam(&maker, "CreateUser", &fields));
}

#[test]
fn whoever_may_not_ask_learns_nothing_of_a_user() {
    made("asked-about");
    let stranger = DEMO.user(DEV, "asking-stranger", None);
    let ask = |name: &str| DEMO.iam(&stranger, "GetUser", &[("UserName", name)]);
    let message = not_allowed("asking-stranger", "GetUser", &arn("asked-about"));
    refused(&ask("asked-about"), 403, "AccessDenied", &message);
    let message = not_allowed("asking-stranger", "GetUser", "user not-there");
    refused(&ask("not-there"), 403, "AccessDenied", &message);
    let allowed = DEMO.user(DEV, "asking-friend", Some(&allow(&["iam:Get*"], &["*"])));
    let reply = DEMO.iam(&allowed, "GetUser", &[("UserName", "not-there")]);
    refused(&reply, 404, "NoSuchEntity", &missing("not-there"));
}

#[test]
fn a_user_is_itself_where_no_name_is_given() {
    let policy = allow(&["iam:GetUser"], &[&arn("self-asking")]);
    let own = DEMO.user(DEV, "self-asking", Some(&policy));
    let reply = DEMO.iam(&own, "GetUser", &[]);
    ok(&reply);
    assert_eq!(reply.xml("Arn"), arn("self-asking"));
}

#[test]
fn root_is_answered_without_name_and_path() {
    let reply = DEMO.iam(root(), "GetUser", &[]);
    ok(&reply);
    assert_eq!(reply.xml("UserId"), DEV);
    assert_eq!(reply.xml("Arn"), format!("arn:aws:iam::{DEV}:root"));
    assert!(reply.xml("CreateDate").ends_with('Z'));
    assert_eq!(reply.xml_if_any("UserName"), None);
    assert_eq!(reply.xml_if_any("Path"), None);
}

/// A session of a role that may do everything.
fn session() -> Credentials {
    static ONCE: std::sync::Once = std::sync::Once::new();
    let name = "UserAsker";
    ONCE.call_once(|| {
        DEMO.role(DEV, name, &trust(json!({ "AWS": DEV }), json!({})));
        DEMO.role_policy(DEV, name, &allow(&["iam:*"], &["*"]));
    });
    DEMO.session_of(&format!("arn:aws:iam::{DEV}:role/{name}"), |_| {})
}

#[test]
fn a_session_of_a_role_must_say_which_user_it_means() {
    let message = "Must specify userName when calling with non-User credentials";
    for action in ["GetUser", "ListAccessKeys", "CreateAccessKey"] {
        let reply = DEMO.iam(&session(), action, &[]);
        refused(&reply, 400, "ValidationError", message);
    }
    made("named-by-session");
    let fields = [("UserName", "named-by-session")];
    ok(&DEMO.iam(&session(), "GetUser", &fields));
}

#[test]
fn users_are_listed_in_pages_by_name_under_a_path() {
    for name in ["b-listed", "A-listed", "c-listed"] {
        let more = [
            ("Path", "/listed/"),
            ("Tags.member.1.Key", "k"),
            ("Tags.member.1.Value", "v"),
        ];
        ok(&create(name, &more));
    }
    let list = |more: &[(&str, &str)]| {
        let fields = [&[("PathPrefix", "/listed/")], more].concat();
        DEMO.iam_ok(root(), "ListUsers", &fields)
    };
    let whole = list(&[]);
    assert_eq!(
        all(&whole, "UserName"),
        ["A-listed", "b-listed", "c-listed"]
    );
    assert_eq!(whole.xml("IsTruncated"), "false");
    assert_eq!(whole.xml_if_any("Marker"), None);
    assert_eq!(whole.xml_if_any("Tags"), None);
    let first = list(&[("MaxItems", "2")]);
    assert_eq!(all(&first, "UserName"), ["A-listed", "b-listed"]);
    assert_eq!(first.xml("IsTruncated"), "true");
    let rest = list(&[("Marker", &first.xml("Marker"))]);
    assert_eq!(all(&rest, "UserName"), ["c-listed"]);
    assert_eq!(rest.xml("IsTruncated"), "false");
}

#[test]
fn listing_users_is_allowed_by_path() {
    let policy = allow(&["iam:ListUsers"], &[&arn("teams/*")]);
    let lister = DEMO.user(DEV, "user-lister", Some(&policy));
    let fields = [("PathPrefix", "/teams/")];
    ok(&DEMO.iam(&lister, "ListUsers", &fields));
    let reply = DEMO.iam(&lister, "ListUsers", &[]);
    let message = not_allowed("user-lister", "ListUsers", &arn(""));
    refused(&reply, 403, "AccessDenied", &message);
}

#[test]
fn a_renamed_user_keeps_id_keys_and_policies() {
    let policy = allow(&["iam:GetUser", "iam:UpdateUser"], &["*"]);
    let who = DEMO.user(DEV, "before-rename", Some(&policy));
    let before = DEMO.iam_ok(&who, "GetUser", &[]);
    let fields = [
        ("UserName", "Before-Rename"),
        ("NewPath", "/new/"),
        ("NewUserName", "after-rename"),
    ];
    ok(&DEMO.iam(&who, "UpdateUser", &fields));
    let after = DEMO.iam_ok(&who, "GetUser", &[]);
    assert_eq!(after.xml("UserName"), "after-rename");
    assert_eq!(after.xml("Path"), "/new/");
    assert_eq!(after.xml("Arn"), arn("new/after-rename"));
    assert_eq!(after.xml("UserId"), before.xml("UserId"));
    assert_eq!(DEMO.who_is(&who), arn("new/after-rename"));
    let reply = on("before-rename", "GetUser", &[]);
    refused(&reply, 404, "NoSuchEntity", &missing("before-rename"));
}

#[test]
fn a_user_name_may_change_its_case() {
    made("case-changes");
    let fields = [("NewUserName", "Case-Changes")];
    ok(&on("case-changes", "UpdateUser", &fields));
    let reply = on("case-changes", "GetUser", &[]);
    assert_eq!(reply.xml("UserName"), "Case-Changes");
}

#[test]
fn renaming_takes_the_permission_on_both_names() {
    made("from-here");
    let policy = allow(&["iam:UpdateUser"], &[&arn("from-here"), &arn("to-there")]);
    let mover = DEMO.user(DEV, "mover", Some(&policy));
    let rename = |from: &str, to: &str| {
        let fields = [("UserName", from), ("NewUserName", to)];
        DEMO.iam(&mover, "UpdateUser", &fields)
    };
    let reply = rename("from-here", "to-elsewhere");
    let message = not_allowed("mover", "UpdateUser", &arn("to-elsewhere"));
    refused(&reply, 403, "AccessDenied", &message);
    ok(&rename("from-here", "to-there"));
    let reply = rename("mover", "to-there-2");
    let message = not_allowed("mover", "UpdateUser", &arn("mover"));
    refused(&reply, 403, "AccessDenied", &message);
}

#[test]
fn operations_on_a_user_that_is_not_there_say_so() {
    let message = missing("nobody");
    let tag = [("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
    for (action, more) in [
        ("GetUser", &[][..]),
        ("UpdateUser", &[("NewPath", "/x/")]),
        ("DeleteUser", &[]),
        ("TagUser", &tag),
        ("UntagUser", &[("TagKeys.member.1", "k")]),
        ("ListUserTags", &[]),
        ("ListGroupsForUser", &[]),
        ("ListAccessKeys", &[]),
        ("CreateAccessKey", &[]),
    ] {
        refused(&on("nobody", action, more), 404, "NoSuchEntity", &message);
    }
}

#[test]
fn each_operation_on_a_user_needs_its_permission() {
    made("untouched");
    let stranger = DEMO.user(DEV, "user-stranger", None);
    let tag = [("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
    for (action, more) in [
        ("UpdateUser", &[("NewPath", "/x/")][..]),
        ("DeleteUser", &[]),
        ("TagUser", &tag),
        ("UntagUser", &[("TagKeys.member.1", "k")]),
        ("ListUserTags", &[]),
        ("ListGroupsForUser", &[]),
    ] {
        let fields = [&[("UserName", "untouched")], more].concat();
        let reply = DEMO.iam(&stranger, action, &fields);
        let message = not_allowed("user-stranger", action, &arn("untouched"));
        refused(&reply, 403, "AccessDenied", &message);
    }
}

#[test]
fn a_user_is_deleted_once_nothing_hangs_on_it() {
    let who = DEMO.user(DEV, "tied", Some(&allow(&["*"], &["*"])));
    let delete = || on("tied", "DeleteUser", &[]);
    let message = "Cannot delete entity, must delete access keys first.";
    refused(&delete(), 409, "DeleteConflict", message);
    let key = [("AccessKeyId", who.access_key_id.as_str())];
    ok(&on("tied", "DeleteAccessKey", &key));
    let message = "Cannot delete entity, must delete policies first.";
    refused(&delete(), 409, "DeleteConflict", message);
    let inline = [("PolicyName", "inline")];
    ok(&on("tied", "DeleteUserPolicy", &inline));
    DEMO.iam_ok(root(), "CreateGroup", &[("GroupName", "ties")]);
    let member = [("GroupName", "ties")];
    ok(&on("tied", "AddUserToGroup", &member));
    ok(&on(
        "tied",
        "CreateLoginProfile",
        &[("Password", "correct horse")],
    ));
    let message = "Cannot delete entity, must remove users from group first.";
    refused(&delete(), 409, "DeleteConflict", message);
    ok(&on("tied", "RemoveUserFromGroup", &member));
    let message = "Cannot delete entity, must delete login profile first.";
    refused(&delete(), 409, "DeleteConflict", message);
    ok(&on("tied", "DeleteLoginProfile", &[]));
    ok(&delete());
    refused(&delete(), 404, "NoSuchEntity", &missing("tied"));
}

#[test]
fn an_attached_policy_keeps_a_user() {
    made("attached-tied");
    let arn = DEMO.managed_policy(DEV, "tie-of-user", &allow(&["*"], &["*"]));
    ok(&on(
        "attached-tied",
        "AttachUserPolicy",
        &[("PolicyArn", &arn)],
    ));
    let message = "Cannot delete entity, must detach all policies first.";
    let reply = on("attached-tied", "DeleteUser", &[]);
    refused(&reply, 409, "DeleteConflict", message);
}

#[test]
fn tags_are_merged_listed_by_key_and_taken_away_ignoring_case() {
    made("tagged");
    let tags = [
        ("Tags.member.1.Key", "Team"),
        ("Tags.member.1.Value", "a"),
        ("Tags.member.2.Key", "cost"),
        ("Tags.member.2.Value", ""),
    ];
    ok(&on("tagged", "TagUser", &tags));
    let more = [("Tags.member.1.Key", "TEAM"), ("Tags.member.1.Value", "b")];
    ok(&on("tagged", "TagUser", &more));
    let listed = on("tagged", "ListUserTags", &[]);
    assert_eq!(all(&listed, "Key"), ["TEAM", "cost"]);
    assert_eq!(all(&listed, "Value"), ["b", ""]);
    assert_eq!(listed.xml("IsTruncated"), "false");
    let first = on("tagged", "ListUserTags", &[("MaxItems", "1")]);
    assert_eq!(all(&first, "Key"), ["TEAM"]);
    let next = [("Marker", &*first.xml("Marker"))];
    assert_eq!(all(&on("tagged", "ListUserTags", &next), "Key"), ["cost"]);
    ok(&on("tagged", "UntagUser", &[("TagKeys.member.1", "team")]));
    assert_eq!(all(&on("tagged", "ListUserTags", &[]), "Key"), ["cost"]);
}

#[test]
fn tag_keys_differ_by_more_than_case() {
    made("tagged-twice");
    let tags = [
        ("Tags.member.1.Key", "k"),
        ("Tags.member.1.Value", "1"),
        ("Tags.member.2.Key", "K"),
        ("Tags.member.2.Value", "2"),
    ];
    let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
    let reply = on("tagged-twice", "TagUser", &tags);
    refused(&reply, 400, "InvalidInput", message);
    let reply = create("never-made", &tags);
    refused(&reply, 400, "InvalidInput", message);
    // As a condition key the long s is an s: neither beside the other nor after it are they two tags.
    let tags = [
        ("Tags.member.1.Key", "costs"),
        ("Tags.member.1.Value", "1"),
        ("Tags.member.2.Key", "cost\u{17f}"),
        ("Tags.member.2.Value", "2"),
    ];
    let reply = on("tagged-twice", "TagUser", &tags);
    refused(&reply, 400, "InvalidInput", message);
    for key in ["costs", "cost\u{17f}"] {
        let tag = [("Tags.member.1.Key", key), ("Tags.member.1.Value", "1")];
        assert_eq!(on("tagged-twice", "TagUser", &tag).status, 200);
    }
    let listed = on("tagged-twice", "ListUserTags", &[]);
    assert_eq!(all(&listed, "Key"), ["cost\u{17f}"]);
    let gone = [("TagKeys.member.1", "COSTS")];
    assert_eq!(on("tagged-twice", "UntagUser", &gone).status, 200);
    let listed = on("tagged-twice", "ListUserTags", &[]);
    assert!(all(&listed, "Key").is_empty());
}

#[test]
fn a_user_has_fifty_tags() {
    made("tagged-much");
    let names: Vec<_> = (1..=50)
        .map(|n| {
            (
                format!("Tags.member.{n}.Key"),
                format!("Tags.member.{n}.Value"),
                format!("k{n}"),
            )
        })
        .collect();
    let tags = names
        .iter()
        .flat_map(|(key, value, name)| [(key.as_str(), name.as_str()), (value.as_str(), "")]);
    let tags: Vec<_> = tags.collect();
    ok(&on("tagged-much", "TagUser", &tags));
    let more = [("Tags.member.1.Key", "k51"), ("Tags.member.1.Value", "")];
    let reply = on("tagged-much", "TagUser", &more);
    let message = "The number of tags has reached the maximum limit.";
    refused(&reply, 409, "LimitExceeded", message);
    let again = [("Tags.member.1.Key", "K50"), ("Tags.member.1.Value", "new")];
    ok(&on("tagged-much", "TagUser", &again));
}

#[test]
fn tagging_needs_tags() {
    made("tagged-with-nothing");
    let message = "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must not be null";
    let reply = on("tagged-with-nothing", "TagUser", &[]);
    refused(&reply, 400, "ValidationError", message);
    let message = "1 validation error detected: Value at 'tagKeys' failed to satisfy constraint: Member must not be null";
    let reply = on("tagged-with-nothing", "UntagUser", &[]);
    refused(&reply, 400, "ValidationError", message);
}

#[test]
fn tags_of_user_and_request_are_condition_keys() {
    let policy = document(json!({
        "Effect": "Allow", "Action": "iam:TagUser", "Resource": "*",
        "Condition": { "StringEquals": {
            "aws:ResourceTag/team": "a",
            "aws:RequestTag/stage": "test",
        } },
    }));
    let tagger = DEMO.user(DEV, "tagger", Some(&policy));
    let team = [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "a")];
    ok(&create("tag-team-a", &team));
    made("tag-team-none");
    let tag = |name: &str, value: &str| {
        let fields = [
            ("UserName", name),
            ("Tags.member.1.Key", "stage"),
            ("Tags.member.1.Value", value),
        ];
        DEMO.iam(&tagger, "TagUser", &fields)
    };
    ok(&tag("tag-team-a", "test"));
    let message = not_allowed("tagger", "TagUser", &arn("tag-team-a"));
    refused(&tag("tag-team-a", "prod"), 403, "AccessDenied", &message);
    let message = not_allowed("tagger", "TagUser", &arn("tag-team-none"));
    refused(&tag("tag-team-none", "test"), 403, "AccessDenied", &message);
}
