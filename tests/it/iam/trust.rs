//! Trust policies: what may be saved, whom they admit, and how they are shown.

use drawbridge::sigv4::Credentials;
use serde_json::{Value, json};

use super::roles::{make, refuses};
use super::{DEMO, root};
use crate::harness::iam::{allow, document, trust};
use crate::harness::{Broker, DEV, PROD, RUNTIME};

/// Saves a trust policy for a new role.
fn save(name: &str, text: &str) -> crate::harness::http::Reply {
    let params = [("RoleName", name), ("AssumeRolePolicyDocument", text)];
    DEMO.iam(root(), "CreateRole", &params)
}

#[track_caller]
fn malformed(name: &str, text: &str, message: &str) {
    refuses(&save(name, text), 400, "MalformedPolicyDocument", message);
    let reply = DEMO.iam(root(), "GetRole", &[("RoleName", name)]);
    assert_eq!(reply.status, 404, "nothing half-made is left");
}

/// A role that trusts this principal.
#[track_caller]
fn role_trusting(name: &str, principal: Value) -> String {
    let reply = save(name, &trust(principal, json!({})));
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.xml("Arn")
}

fn update(name: &str, text: &str) -> crate::harness::http::Reply {
    let params = [("RoleName", name), ("PolicyDocument", text)];
    DEMO.iam(root(), "UpdateAssumeRolePolicy", &params)
}

/// The trust policy of a role as it is shown.
fn shown(name: &str) -> String {
    let reply = DEMO.iam_ok(root(), "GetRole", &[("RoleName", name)]);
    let text = reply.xml("AssumeRolePolicyDocument");
    let text = percent_encoding::percent_decode_str(&text).decode_utf8();
    text.unwrap().into_owned()
}

/// A user who may assume everything, and its ARN.
fn assumer(name: &str) -> (Credentials, String) {
    let policy = allow(&["sts:*"], &["*"]);
    let who = DEMO.user(DEV, name, Some(&policy));
    (who, format!("arn:aws:iam::{DEV}:user/{name}"))
}

#[test]
fn the_language_is_checked_with_its_own_texts() {
    malformed("NotJson", "{", "This policy contains invalid Json");
    let with = |more: Value| {
        let mut statement = json!({
            "Effect": "Allow", "Principal": { "AWS": DEV }, "Action": "sts:AssumeRole",
        });
        for (name, value) in more.as_object().unwrap() {
            statement[name] = value.clone();
        }
        document(statement)
    };
    malformed(
        "WithResource",
        &with(json!({ "Resource": "*" })),
        "Has prohibited field Resource",
    );
    malformed(
        "OtherAction",
        &with(json!({ "Action": "s3:GetObject" })),
        "AssumeRole policy may only specify STS AssumeRole actions.",
    );
    malformed(
        "Star",
        &with(json!({ "Principal": "*" })),
        "AssumeRolepolicy contained an invalid principal: \"STAR\":\"*\".",
    );
    malformed(
        "FederatedStar",
        &with(json!({ "Principal": { "Federated": "*" } })),
        "Federated principals must be valid domain names or SAML metadata ARNs",
    );
}

#[test]
fn a_trust_policy_has_a_size_without_its_white_space() {
    let padded = |inside: usize, outside: usize| {
        let text = trust(
            json!({ "AWS": DEV }),
            json!({ "StringEquals": { "aws:username": "X" } }),
        );
        let left = " ".repeat(outside) + &text;
        let rest = inside.saturating_sub(text.len());
        left.replace("\"X\"", &format!("\"X{}\"", "x".repeat(rest)))
    };
    assert_eq!(save("Fits", &padded(2048, 500)).status, 200);
    refuses(
        &save("TooLarge", &padded(2049, 0)),
        409,
        "LimitExceeded",
        "Cannot exceed quota for ACLSizePerRole: 2048",
    );
}

#[test]
fn trust_in_a_shared_issuer_needs_an_owner() {
    let open = |name: &str, condition: Value| {
        let text = document(json!({
            "Effect": "Allow",
            "Principal": { "Federated": format!("arn:aws:iam::{DEV}:oidc-provider/token.actions.githubusercontent.com") },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": condition,
        }));
        save(name, &text)
    };
    let key = "token.actions.githubusercontent.com:sub";
    let reply = open("AnyRepo", json!({}));
    let (status, code, message) = reply.aws_error();
    assert_eq!((status, code.as_str()), (400, "MalformedPolicyDocument"));
    assert!(message.contains(key), "{message}");
    assert_eq!(DEMO.reason(&reply), "iam.trust.shared_issuer");
    let reply = open("WeakRepo", json!({ "StringLike": { key: "repo:acme/*" } }));
    assert_eq!(reply.status, 200, "{}", reply.text());
    let event = DEMO.event(&reply);
    let warnings = event["additionalEventData"]["warnings"].as_array();
    assert_eq!(warnings.unwrap().len(), 1, "{event:#}");
    let pinned = json!({ "StringEquals": { key: "repo:acme/app:ref:refs/heads/main" } });
    let event = DEMO.event(&open("OneRepo", pinned));
    assert!(event.get("additionalEventData").is_none(), "{event:#}");
    make("ShutAgain", &[]);
    let text = document(json!({
        "Effect": "Allow",
        "Principal": { "Federated": format!("arn:aws:iam::{DEV}:oidc-provider/gitlab.com") },
        "Action": "sts:AssumeRoleWithWebIdentity",
    }));
    let (_, code, message) = update("ShutAgain", &text).aws_error();
    assert_eq!(code, "MalformedPolicyDocument");
    assert!(message.contains("gitlab.com:sub"), "{message}");
}

#[test]
fn a_user_or_role_that_is_named_must_exist() {
    for gone in [
        format!("arn:aws:iam::{DEV}:user/gone"),
        format!("arn:aws:iam::{DEV}:role/gone"),
        format!("arn:aws:iam::{DEV}:role/developer"),
        format!("arn:aws:iam::{DEV}:role/path/Developer"),
        "arn:aws:iam::999999999999:role/Developer".to_owned(),
        "AROAQAAAAAAAAAAAAAAAA".to_owned(),
    ] {
        let message = format!("Invalid principal in policy: \"AWS\":\"{gone}\"");
        let text = trust(json!({ "AWS": [DEV, gone] }), json!({}));
        malformed("Trusting", &text, &message);
    }
}

#[test]
fn principals_of_every_account_are_found_and_accounts_need_not_be_known() {
    role_trusting(
        "Everywhere",
        json!({ "AWS": [
            format!("arn:aws:iam::{PROD}:role/ReadOnly"),
            "999999999999",
            "arn:aws:iam::888888888888:root",
            format!("arn:aws:sts::{DEV}:assumed-role/Developer/ann"),
        ] }),
    );
    let prod = DEMO.root(PROD);
    let reply = DEMO.iam_ok(prod, "GetRole", &[("RoleName", "ReadOnly")]);
    let id = reply.xml("RoleId");
    role_trusting("ById", json!({ "AWS": id }));
}

#[test]
fn a_trusted_user_gets_in_and_its_namesake_does_not() {
    let (who, arn) = assumer("trust-ann");
    let role = role_trusting("TrustsAnn", json!({ "AWS": arn }));
    assert_eq!(DEMO.assume(&who, &role, &[]).status, 200);
    let id = DEMO.user_id(DEV, "trust-ann");
    DEMO.remove_user(DEV, "trust-ann");
    // Shown by its id, so that nobody takes the next one for it.
    assert_eq!(shown("TrustsAnn"), trust(json!({ "AWS": id }), json!({})));
    let listed = DEMO.iam_ok(root(), "ListRoles", &[("MaxItems", "1000")]);
    assert!(listed.text().contains(&id));
    let (namesake, _) = assumer("trust-ann");
    let message =
        format!("User: {arn} is not authorized to perform: sts:AssumeRole on resource: {role}");
    refuses(
        &DEMO.assume(&namesake, &role, &[]),
        403,
        "AccessDenied",
        &message,
    );
    // What is shown cannot be saved again, and saving the ARN means the one who has it now.
    let message = format!("Invalid principal in policy: \"AWS\":\"{id}\"");
    let reply = update("TrustsAnn", &shown("TrustsAnn"));
    refuses(&reply, 400, "MalformedPolicyDocument", &message);
    let text = trust(json!({ "AWS": arn }), json!({}));
    assert_eq!(update("TrustsAnn", &text).status, 200);
    assert_eq!(DEMO.assume(&namesake, &role, &[]).status, 200);
    assert_eq!(shown("TrustsAnn"), text);
}

#[test]
fn a_role_made_again_is_not_the_one_that_was_trusted() {
    let caller = role_trusting("Caller", json!({ "AWS": DEV }));
    let role = role_trusting("TrustsCaller", json!({ "AWS": caller }));
    let session = DEMO.session_of(&caller, |_| {});
    assert_eq!(DEMO.assume(&session, &role, &[]).status, 200);
    DEMO.iam_ok(root(), "DeleteRole", &[("RoleName", "Caller")]);
    role_trusting("Caller", json!({ "AWS": DEV }));
    let session = DEMO.session_of(&caller, |_| {});
    assert_eq!(
        DEMO.assume(&session, &role, &[]).aws_error().1,
        "AccessDenied"
    );
    assert!(shown("TrustsCaller").contains("\"AROA"));
}

#[test]
fn a_principal_that_got_another_name_is_shown_by_it_and_stays_trusted() {
    let (who, arn) = assumer("trust-old");
    let role = role_trusting("TrustsOld", json!({ "AWS": arn }));
    DEMO.rename_user(DEV, "trust-old", "trust-new");
    let new = format!("arn:aws:iam::{DEV}:user/trust-new");
    assert_eq!(shown("TrustsOld"), trust(json!({ "AWS": new }), json!({})));
    assert_eq!(DEMO.assume(&who, &role, &[]).status, 200);
}

#[test]
fn a_changed_trust_policy_counts_at_once() {
    let (who, arn) = assumer("trust-eve");
    let role = role_trusting("Turning", json!({ "AWS": arn }));
    assert_eq!(DEMO.assume(&who, &role, &[]).status, 200);
    let denying = trust(json!({ "AWS": PROD }), json!({}));
    assert_eq!(update("Turning", &denying).status, 200);
    assert_eq!(DEMO.assume(&who, &role, &[]).aws_error().1, "AccessDenied");
}

#[test]
fn a_changed_permissions_policy_counts_for_sessions_that_are_there() {
    let (who, arn) = assumer("trust-worker");
    let role = role_trusting("Worker", json!({ "AWS": arn }));
    let session = DEMO.assume(&who, &role, &[]).credentials();
    let name = ("RoleName", "Worker");
    let get = || DEMO.iam(&session, "GetRole", &[name]).status;
    assert_eq!(get(), 403);
    let policy = allow(&["iam:GetRole"], &["*"]);
    let put = [name, ("PolicyName", "p"), ("PolicyDocument", &policy)];
    DEMO.iam_ok(root(), "PutRolePolicy", &put);
    assert_eq!(get(), 200);
    DEMO.iam_ok(root(), "DeleteRolePolicy", &[name, ("PolicyName", "p")]);
    assert_eq!(get(), 403);
}

#[test]
fn a_session_of_a_role_made_again_may_nothing() {
    let policy = allow(&["iam:GetRole"], &["*"]);
    let role = role_trusting("Reborn", json!({ "AWS": DEV }));
    let session = DEMO.session_of(&role, |_| {});
    let name = ("RoleName", "Reborn");
    DEMO.iam_ok(root(), "DeleteRole", &[name]);
    role_trusting("Reborn", json!({ "AWS": DEV }));
    let put = [name, ("PolicyName", "p"), ("PolicyDocument", &policy)];
    DEMO.iam_ok(root(), "PutRolePolicy", &put);
    assert_ne!(DEMO.iam(&session, "GetRole", &[name]).status, 200);
}

/// A configuration whose role trusts this user.
fn configured(arn: &str) -> Broker {
    let trust = trust(json!({ "AWS": arn }), json!({}));
    Broker::configured(&format!(
        "[[role]]\narn = 'arn:aws:iam::{DEV}:role/Configured'\ntrust_policy = '{trust}'\n"
    ))
}

#[test]
fn a_role_that_left_the_configuration_is_deleted_with_all_it_has() {
    let broker = configured(&format!("arn:aws:iam::{DEV}:root"));
    let policy = broker.managed_policy(DEV, "Held", &allow(&["s3:*"], &["*"]));
    broker.hold(DEV, "Configured", &policy, "Held");
    broker.provision_no_roles();
    let store = &broker.app.store;
    let role = RUNTIME.block_on(store.role_by_name(DEV, "Configured"));
    assert_eq!(role.unwrap(), None);
    let profile = RUNTIME.block_on(store.instance_profile(DEV, "Held"));
    assert_eq!(profile.unwrap().unwrap().role_id, None);
}

#[test]
fn a_role_of_the_configuration_is_tied_to_the_unique_ids_of_whom_it_trusts() {
    let reply = DEMO.iam_ok(DEMO.root(PROD), "GetRole", &[("RoleName", "ReadOnly")]);
    let shown = reply.xml("AssumeRolePolicyDocument");
    assert!(shown.contains("role%2FDeveloper"), "{shown}");
    let stored = DEMO.stored_role(PROD, "ReadOnly");
    let developer = DEMO.stored_role(DEV, "Developer");
    assert_eq!(
        stored.trust_principals,
        [(developer.arn, developer.unique_id)]
    );
}

#[test]
fn a_role_of_the_configuration_does_not_admit_who_was_not_there_at_the_start() {
    let arn = format!("arn:aws:iam::{DEV}:user/late");
    let broker = configured(&arn);
    let policy = allow(&["sts:*"], &["*"]);
    let late = broker.user(DEV, "late", Some(&policy));
    let role = format!("arn:aws:iam::{DEV}:role/Configured");
    let reply = broker.assume(&late, &role, &[]);
    assert_eq!(reply.aws_error().1, "AccessDenied");
    broker.provision_again();
    assert_eq!(broker.assume(&late, &role, &[]).status, 200);
    let version = broker.store_version();
    broker.provision_again();
    assert_eq!(broker.store_version(), version, "nothing differs");
}
