//! Access keys: making, listing, switching, deleting, and when they were last used.

use drawbridge::clock::Clock;
use drawbridge::sigv4::Credentials;
use drawbridge::store::last_use::UseKind;
use serde_json::json;

use super::{DEMO, root};
use crate::harness::http::Reply;
use crate::harness::iam::{allow, trust};
use crate::harness::{Broker, DEV, PROD, RUNTIME};

/// Does something to the keys of a user, as root.
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

/// The texts of all elements of this name.
fn all(reply: &Reply, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let pieces = reply.text().split(&open).skip(1);
    pieces
        .map(|piece| piece.split(&close).next().unwrap().to_owned())
        .collect()
}

/// The credentials of a new key.
#[track_caller]
fn credentials(reply: &Reply) -> Credentials {
    ok(reply);
    Credentials {
        access_key_id: reply.xml("AccessKeyId"),
        secret_access_key: reply.xml("SecretAccessKey").into(),
        session_token: None,
    }
}

const INVALID: &str = "The security token included in the request is invalid.";

#[test]
fn a_new_key_signs_and_its_secret_is_shown_once() {
    made("key-owner");
    let created = on("Key-Owner", "CreateAccessKey", &[]);
    let key = credentials(&created);
    assert_eq!(created.xml("UserName"), "key-owner");
    assert_eq!(created.xml("Status"), "Active");
    let secret = created.xml("SecretAccessKey");
    assert_eq!(secret.len(), 40);
    assert!(secret.bytes().all(|b| b.is_ascii_alphanumeric()));
    let id = &key.access_key_id;
    assert!(id.starts_with("AKIA") && id.len() == 20, "{id}");
    let who = format!("arn:aws:iam::{DEV}:user/key-owner");
    assert_eq!(DEMO.who_is(&key), who);
    let listed = on("key-owner", "ListAccessKeys", &[]);
    assert_eq!(listed.xml("AccessKeyId"), *id);
    assert_eq!(listed.xml("UserName"), "key-owner");
    assert_eq!(listed.xml("Status"), "Active");
    assert_eq!(listed.xml("CreateDate"), created.xml("CreateDate"));
    assert!(!listed.text().contains(&secret));
    let event = DEMO.event(&created);
    let element = &event["responseElements"]["accessKey"];
    assert_eq!(element["accessKeyId"], json!(id));
    assert_eq!(element["userName"], json!("key-owner"));
    assert_eq!(element["status"], json!("Active"));
    assert!(!DEMO.trail().contains(&secret));
}

#[test]
fn a_user_has_two_keys() {
    made("two-keys");
    ok(&on("two-keys", "CreateAccessKey", &[]));
    ok(&on("two-keys", "CreateAccessKey", &[]));
    let reply = on("two-keys", "CreateAccessKey", &[]);
    let message = "Cannot exceed quota for AccessKeysPerUser: 2";
    refused(&reply, 409, "LimitExceeded", message);
    let first = on("two-keys", "ListAccessKeys", &[("MaxItems", "1")]);
    assert_eq!(all(&first, "AccessKeyId").len(), 1);
    let next = [("Marker", &*first.xml("Marker"))];
    let rest = on("two-keys", "ListAccessKeys", &next);
    assert_eq!(all(&rest, "AccessKeyId").len(), 1);
    assert_ne!(rest.xml("AccessKeyId"), first.xml("AccessKeyId"));
    assert_eq!(rest.xml("IsTruncated"), "false");
}

#[test]
fn a_key_stops_at_once_when_it_is_switched_off_or_deleted() {
    made("switched");
    let key = credentials(&on("switched", "CreateAccessKey", &[]));
    let id = ("AccessKeyId", key.access_key_id.as_str());
    let who = || DEMO.signed(&key, "GetCallerIdentity", &[]).send();
    ok(&who());
    ok(&on(
        "switched",
        "UpdateAccessKey",
        &[id, ("Status", "Inactive")],
    ));
    refused(&who(), 403, "InvalidClientTokenId", INVALID);
    let listed = on("switched", "ListAccessKeys", &[]);
    assert_eq!(listed.xml("Status"), "Inactive");
    ok(&on(
        "switched",
        "UpdateAccessKey",
        &[id, ("Status", "Active")],
    ));
    ok(&who());
    ok(&on("switched", "DeleteAccessKey", &[id]));
    refused(&who(), 403, "InvalidClientTokenId", INVALID);
    let listed = on("switched", "ListAccessKeys", &[]);
    assert!(listed.text().contains("<AccessKeyMetadata/>"));
}

#[test]
fn a_key_of_somebody_else_is_not_found() {
    made("key-holder");
    made("key-seeker");
    let key = credentials(&on("key-holder", "CreateAccessKey", &[]));
    let elsewhere = DEMO.user(PROD, "key-elsewhere", None).access_key_id;
    for id in [
        key.access_key_id.as_str(),
        &elsewhere,
        "AKIANOTTHEREATALL00",
    ] {
        let id = ("AccessKeyId", id);
        let message = format!("The Access Key with id {} cannot be found.", id.1);
        let reply = on("key-seeker", "DeleteAccessKey", &[id]);
        refused(&reply, 404, "NoSuchEntity", &message);
        let reply = on(
            "key-seeker",
            "UpdateAccessKey",
            &[id, ("Status", "Inactive")],
        );
        refused(&reply, 404, "NoSuchEntity", &message);
    }
}

#[test]
fn what_is_wrong_with_a_key_id_or_status_is_said() {
    let fields = [("AccessKeyId", "AKIA-"), ("Status", "Asleep")];
    let reply = on("Asleep!", "UpdateAccessKey", &fields);
    let message = r"4 validation errors detected: Value at 'accessKeyId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w]+; Value at 'accessKeyId' failed to satisfy constraint: Member must have length greater than or equal to 16; Value at 'userName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+; Value at 'status' failed to satisfy constraint: Member must satisfy enum value set";
    refused(&reply, 400, "ValidationError", message);
    made("never-expires");
    let key = credentials(&on("never-expires", "CreateAccessKey", &[]));
    let id = ("AccessKeyId", key.access_key_id.as_str());
    let reply = on(
        "never-expires",
        "UpdateAccessKey",
        &[id, ("Status", "Expired")],
    );
    let message = "An access key cannot be set to Expired.";
    refused(&reply, 400, "InvalidInput", message);
    let reply = on("never-expires", "UpdateAccessKey", &[id]);
    let message = "1 validation error detected: Value at 'status' failed to satisfy constraint: Member must not be null";
    refused(&reply, 400, "ValidationError", message);
}

#[test]
fn a_user_keeps_its_own_keys_without_naming_itself() {
    let own = format!("arn:aws:iam::{DEV}:user/own-keys");
    let who = DEMO.user(DEV, "own-keys", Some(&allow(&["iam:*AccessKey*"], &[&own])));
    let created = DEMO.iam_ok(&who, "CreateAccessKey", &[]);
    assert_eq!(created.xml("UserName"), "own-keys");
    let listed = DEMO.iam_ok(&who, "ListAccessKeys", &[]);
    assert_eq!(all(&listed, "AccessKeyId").len(), 2);
    let id = created.xml("AccessKeyId");
    let fields = [("AccessKeyId", id.as_str()), ("Status", "Inactive")];
    DEMO.iam_ok(&who, "UpdateAccessKey", &fields);
    DEMO.iam_ok(&who, "DeleteAccessKey", &fields[..1]);
}

#[test]
fn root_keeps_its_own_keys() {
    let broker = Broker::demo();
    let who = broker.root(PROD);
    let created = broker.iam_ok(who, "CreateAccessKey", &[]);
    let key = credentials(&created);
    assert_eq!(created.xml("UserName"), "root");
    let root_arn = format!("arn:aws:iam::{PROD}:root");
    assert_eq!(broker.who_is(&key), root_arn);
    let listed = broker.iam_ok(who, "ListAccessKeys", &[]);
    let ids = all(&listed, "AccessKeyId");
    assert!(ids.contains(&key.access_key_id) && ids.contains(&who.access_key_id));
    assert_eq!(listed.xml_if_any("UserName"), None);
    let reply = broker.iam(who, "CreateAccessKey", &[]);
    let message = "Cannot exceed quota for AccessKeysPerUser: 2";
    refused(&reply, 409, "LimitExceeded", message);
    let id = [("AccessKeyId", key.access_key_id.as_str())];
    let used = broker.iam_ok(who, "GetAccessKeyLastUsed", &id);
    assert_eq!(used.xml("ServiceName"), "sts");
    assert_eq!(used.xml_if_any("UserName"), None);
    broker.iam_ok(who, "DeleteAccessKey", &id);
}

#[test]
fn each_operation_on_keys_needs_its_permission() {
    made("key-target");
    let key = credentials(&on("key-target", "CreateAccessKey", &[]));
    let stranger = DEMO.user(DEV, "key-stranger", None);
    let id = ("AccessKeyId", key.access_key_id.as_str());
    for (action, more) in [
        ("CreateAccessKey", &[][..]),
        ("ListAccessKeys", &[]),
        ("UpdateAccessKey", &[id, ("Status", "Inactive")]),
        ("DeleteAccessKey", &[id]),
    ] {
        let fields = [&[("UserName", "key-target")], more].concat();
        let reply = DEMO.iam(&stranger, action, &fields);
        let message = format!(
            "User: arn:aws:iam::{DEV}:user/key-stranger is not authorized to perform: iam:{action} on resource: arn:aws:iam::{DEV}:user/key-target because no identity-based policy allows the iam:{action} action"
        );
        refused(&reply, 403, "AccessDenied", &message);
    }
}

fn last_used(id: &str) -> Reply {
    DEMO.iam(root(), "GetAccessKeyLastUsed", &[("AccessKeyId", id)])
}

#[test]
fn a_use_is_seen_at_once_with_region_and_service() {
    made("seen");
    let key = credentials(&on("seen", "CreateAccessKey", &[]));
    let never = last_used(&key.access_key_id);
    ok(&never);
    assert_eq!(never.xml("UserName"), "seen");
    assert_eq!(never.xml("ServiceName"), "N/A");
    assert_eq!(never.xml("Region"), "N/A");
    assert_eq!(never.xml_if_any("LastUsedDate"), None);
    let request = DEMO.sts("GetCallerIdentity", &[]);
    let now = DEMO.clock.now();
    ok(&request.sign_for("eu-central-1", "sts", &key, now).send());
    let used = last_used(&key.access_key_id);
    assert_eq!(used.xml("ServiceName"), "sts");
    assert_eq!(used.xml("Region"), "eu-central-1");
    let day = used.xml("LastUsedDate");
    assert_eq!(day.len(), "2026-09-11T11:48:26Z".len());
    // A signature that does not hold is no use.
    let mut forged = key.clone();
    forged.secret_access_key = "not-the-secret".to_owned().into();
    let request = DEMO.sts("GetCallerIdentity", &[]);
    let reply = request.sign_for("us-west-2", "sts", &forged, now).send();
    assert_eq!(reply.status, 403);
    let used = last_used(&key.access_key_id);
    assert_eq!(used.xml("Region"), "eu-central-1");
    // Refused by policy is a use all the same.
    assert_eq!(DEMO.iam(&key, "ListUsers", &[]).status, 403);
    assert_eq!(last_used(&key.access_key_id).xml("ServiceName"), "iam");
}

#[test]
fn what_was_used_lasts_in_the_store() {
    let broker = Broker::demo();
    let who = broker.user(DEV, "lasting", None);
    broker.who_is(&who);
    let id = &who.access_key_id;
    let stored = || RUNTIME.block_on(broker.app.store.last_use(UseKind::AccessKey, id));
    let flush = || {
        let writing = broker.app.iam.last_uses.flush(&broker.app.store);
        RUNTIME.block_on(writing).unwrap();
    };
    flush();
    let first = stored().unwrap().unwrap();
    assert_eq!(
        (first.service.as_str(), first.region.as_str()),
        ("sts", "us-east-1")
    );
    let fields = [("AccessKeyId", id.as_str())];
    let told = broker.iam_ok(broker.root(DEV), "GetAccessKeyLastUsed", &fields);
    assert_eq!(told.xml("ServiceName"), "sts");
    assert_eq!(broker.iam(&who, "ListUsers", &[]).status, 403);
    assert_eq!(stored().unwrap().unwrap(), first);
    flush();
    assert_eq!(stored().unwrap().unwrap().service, "iam");
}

#[test]
fn a_call_of_a_session_is_a_use_of_its_role() {
    let arn = DEMO.role(DEV, "UsedWorker", &trust(json!({ "AWS": DEV }), json!({})));
    let role = RUNTIME.block_on(DEMO.app.store.role_by_name(DEV, "UsedWorker"));
    let id = role.unwrap().unwrap().unique_id;
    let used = || RUNTIME.block_on(DEMO.app.iam.role_last_used(&id)).unwrap();
    assert_eq!(used(), None);
    DEMO.who_is(&DEMO.session_of(&arn, |_| {}));
    assert_eq!(used(), Some((DEMO.clock.unix(), "us-east-1".to_owned())));
}

#[test]
fn a_key_that_one_may_not_ask_about_is_told_from_none_by_nothing() {
    made("secretive");
    let key = credentials(&on("secretive", "CreateAccessKey", &[]));
    let elsewhere = DEMO.user(PROD, "key-far-away", None).access_key_id;
    let stranger = DEMO.user(DEV, "last-use-stranger", None);
    let message = |id: &str| {
        format!(
            "User: arn:aws:iam::{DEV}:user/last-use-stranger is not authorized to perform: iam:GetAccessKeyLastUsed on resource: access key {id} because no identity-based policy allows the iam:GetAccessKeyLastUsed action"
        )
    };
    for id in [&key.access_key_id, &elsewhere, "AKIANOTTHEREATALL00"] {
        let reply = DEMO.iam(&stranger, "GetAccessKeyLastUsed", &[("AccessKeyId", id)]);
        let message = message(id);
        refused(&reply, 403, "AccessDenied", &message);
    }
    // Nor may root ask about keys that are not its account's.
    for id in [elsewhere.as_str(), "AKIANOTTHEREATALL00"] {
        let message = format!(
            "User: arn:aws:iam::{DEV}:root is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key {id}"
        );
        refused(&last_used(id), 403, "AccessDenied", &message);
    }
}
