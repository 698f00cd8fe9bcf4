//! Console passwords, of which only that there is one is known.

use serde_json::json;

use super::{DEMO, root};
use crate::harness::http::Reply;
use crate::harness::iam::{allow, trust};
use crate::harness::{Broker, DEV, PROD, RUNTIME};

fn on(name: &str, action: &str, more: &[(&str, &str)]) -> Reply {
    let fields = [&[("UserName", name)], more].concat();
    DEMO.iam(root(), action, &fields)
}

fn made(name: &str) {
    DEMO.iam_ok(root(), "CreateUser", &[("UserName", name)]);
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

const PASSWORD: (&str, &str) = ("Password", "correct horse battery");

#[test]
fn a_login_profile_lives_and_dies() {
    made("signs-in");
    let missing = "Login Profile for User signs-in cannot be found.";
    for (action, more) in [
        ("GetLoginProfile", &[][..]),
        ("UpdateLoginProfile", &[PASSWORD]),
        ("DeleteLoginProfile", &[]),
    ] {
        let reply = on("Signs-In", action, more);
        refused(&reply, 404, "NoSuchEntity", missing);
    }
    let reset = ("PasswordResetRequired", "true");
    let created = on("signs-in", "CreateLoginProfile", &[PASSWORD, reset]);
    let got = on("signs-in", "GetLoginProfile", &[]);
    for reply in [&created, &got] {
        ok(reply);
        assert_eq!(reply.xml("UserName"), "signs-in");
        assert_eq!(reply.xml("PasswordResetRequired"), "true");
        assert_eq!(reply.xml("CreateDate"), created.xml("CreateDate"));
    }
    let reply = on("signs-in", "CreateLoginProfile", &[PASSWORD]);
    let message = "Login Profile for user signs-in already exists.";
    refused(&reply, 409, "EntityAlreadyExists", message);
    // What is not named stays.
    ok(&on("signs-in", "UpdateLoginProfile", &[PASSWORD]));
    let got = on("signs-in", "GetLoginProfile", &[]);
    assert_eq!(got.xml("PasswordResetRequired"), "true");
    let reset = ("PasswordResetRequired", "false");
    ok(&on("signs-in", "UpdateLoginProfile", &[reset]));
    let got = on("signs-in", "GetLoginProfile", &[]);
    assert_eq!(got.xml("PasswordResetRequired"), "false");
    ok(&on("signs-in", "DeleteLoginProfile", &[]));
    let reply = on("signs-in", "GetLoginProfile", &[]);
    refused(&reply, 404, "NoSuchEntity", missing);
}

#[test]
fn a_password_is_nowhere_to_be_found() {
    made("keeps-quiet");
    let password = ("Password", "never-to-be-seen-1");
    let reply = on("keeps-quiet", "CreateLoginProfile", &[password]);
    ok(&reply);
    let event = DEMO.event(&reply);
    let shown = &event["requestParameters"]["password"];
    assert_eq!(*shown, json!("HIDDEN_DUE_TO_SECURITY_REASONS"));
    let who = DEMO.user(DEV, "keeps-quiet-too", Some(&allow(&["iam:*"], &["*"])));
    ok(&on("keeps-quiet-too", "CreateLoginProfile", &[PASSWORD]));
    let fields = [
        ("OldPassword", "never-to-be-seen-2"),
        ("NewPassword", "never-to-be-seen-3"),
    ];
    ok(&DEMO.iam(&who, "ChangePassword", &fields));
    assert!(!DEMO.trail().contains("never-to-be-seen"));
    for entry in DEMO.data.read_dir().unwrap().flatten() {
        let bytes = std::fs::read(entry.path()).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("never-to-be-seen"), "{entry:?}");
    }
}

#[test]
fn a_password_is_needed_and_must_be_writable() {
    made("passes");
    let reply = on("passes", "CreateLoginProfile", &[]);
    let message = "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must not be null";
    refused(&reply, 400, "ValidationError", message);
    let reply = on("passes", "CreateLoginProfile", &[("Password", "a\u{7}")]);
    let message = r"1 validation error detected: Value at 'password' failed to satisfy constraint: Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+";
    refused(&reply, 400, "ValidationError", message);
}

#[test]
fn a_password_is_held_against_the_policy_of_the_account() {
    let broker = Broker::demo();
    let who = broker.root(PROD);
    let policy = json!({ "MinimumPasswordLength": 14, "RequireNumbers": true }).to_string();
    let fact = broker
        .app
        .store
        .put_account_fact(PROD, "password_policy", &policy);
    RUNTIME.block_on(fact).unwrap();
    let own = broker.user(PROD, "held", Some(&allow(&["iam:*"], &["*"])));
    let with = |action: &str, password: &str| {
        let fields = [("UserName", "held"), ("Password", password)];
        broker.iam(who, action, &fields)
    };
    let change = |password: &str| {
        let fields = [("OldPassword", "x"), ("NewPassword", password)];
        broker.iam(&own, "ChangePassword", &fields)
    };
    let message = "Password does not conform to the account password policy.";
    for weak in ["2short", "long enough but no number"] {
        let reply = with("CreateLoginProfile", weak);
        refused(&reply, 400, "PasswordPolicyViolation", message);
    }
    let event = broker.event(&with("CreateLoginProfile", "2short"));
    assert_eq!(
        event["errorCode"],
        json!("PasswordPolicyViolationException")
    );
    ok(&with("CreateLoginProfile", "long enough and 1 number"));
    let reply = with("UpdateLoginProfile", "2short");
    refused(&reply, 400, "PasswordPolicyViolation", message);
    refused(&change("2short"), 400, "PasswordPolicyViolation", message);
    ok(&change("another one of 24 characters"));
}

#[test]
fn a_user_changes_its_own_password() {
    let own = format!("arn:aws:iam::{DEV}:user/changes");
    let who = DEMO.user(
        DEV,
        "changes",
        Some(&allow(&["iam:ChangePassword"], &[&own])),
    );
    let fields = [("OldPassword", "old one"), ("NewPassword", "new one")];
    let change = || DEMO.iam(&who, "ChangePassword", &fields);
    let message = "Login Profile for User changes cannot be found.";
    refused(&change(), 404, "NoSuchEntity", message);
    let reset = ("PasswordResetRequired", "true");
    ok(&on("changes", "CreateLoginProfile", &[PASSWORD, reset]));
    ok(&change());
    let got = on("changes", "GetLoginProfile", &[]);
    assert_eq!(got.xml("PasswordResetRequired"), "false");
    let stranger = DEMO.user(DEV, "changes-not", None);
    let reply = DEMO.iam(&stranger, "ChangePassword", &fields);
    let message = format!(
        "User: arn:aws:iam::{DEV}:user/changes-not is not authorized to perform: iam:ChangePassword on resource: arn:aws:iam::{DEV}:user/changes-not because no identity-based policy allows the iam:ChangePassword action"
    );
    refused(&reply, 403, "AccessDenied", &message);
}

#[test]
fn only_a_user_has_a_password_to_change() {
    let role = DEMO.role(DEV, "Passworder", &trust(json!({ "AWS": DEV }), json!({})));
    DEMO.role_policy(DEV, "Passworder", &allow(&["iam:*"], &["*"]));
    let session = DEMO.session_of(&role, |_| {});
    let fields = [("OldPassword", "old one"), ("NewPassword", "new one")];
    let message = "Only IAM Users can change their own password";
    for who in [root(), &session] {
        let reply = DEMO.iam(who, "ChangePassword", &fields);
        refused(&reply, 400, "InvalidUserType", message);
    }
    let message = "Must specify userName when calling with non-User credentials";
    for who in [root(), &session] {
        for (action, more) in [
            ("CreateLoginProfile", &[PASSWORD][..]),
            ("GetLoginProfile", &[]),
            ("DeleteLoginProfile", &[]),
        ] {
            let reply = DEMO.iam(who, action, more);
            refused(&reply, 400, "ValidationError", message);
        }
    }
}

#[test]
fn each_operation_on_a_login_profile_needs_its_permission() {
    made("profiled");
    let stranger = DEMO.user(DEV, "profile-stranger", None);
    for (action, more) in [
        ("CreateLoginProfile", &[PASSWORD][..]),
        ("GetLoginProfile", &[]),
        ("UpdateLoginProfile", &[PASSWORD]),
        ("DeleteLoginProfile", &[]),
    ] {
        let fields = [&[("UserName", "profiled")], more].concat();
        let reply = DEMO.iam(&stranger, action, &fields);
        let message = format!(
            "User: arn:aws:iam::{DEV}:user/profile-stranger is not authorized to perform: iam:{action} on resource: arn:aws:iam::{DEV}:user/profiled because no identity-based policy allows the iam:{action} action"
        );
        refused(&reply, 403, "AccessDenied", &message);
        let reply = on("nobody-profiled", action, more);
        let message = "The user with name nobody-profiled cannot be found.";
        refused(&reply, 404, "NoSuchEntity", message);
    }
}
