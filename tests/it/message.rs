//! The encoded authorization message: it opens to the explanation, for whoever may know.

use std::sync::LazyLock;

use drawbridge::sigv4::Credentials;
use serde_json::{Value, json};

use crate::harness::http::Reply;
use crate::harness::iam::{allow, trust};
use crate::harness::{Broker, DEV, PROD};

static DEMO: LazyLock<Broker> = LazyLock::new(Broker::demo);

const HEADER: &str = "x-drawbridge-authorization-message";

fn decode(who: &Credentials, message: &str) -> Reply {
    let params = [("EncodedMessage", message)];
    DEMO.signed(who, "DecodeAuthorizationMessage", &params)
        .send()
}

#[track_caller]
fn decoded(who: &Credentials, message: &str) -> Value {
    let reply = decode(who, message);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let text = reply.xml("DecodedMessage").replace("&quot;", "\"");
    serde_json::from_str(&text).unwrap()
}

/// A refusal of a role of `account` whose external id was wrong.
fn refused(account: &str, user: &str) -> Reply {
    let who = DEMO.user(DEV, user, Some(&allow(&["sts:AssumeRole"], &["*"])));
    let wanted = json!({ "StringEquals": { "sts:ExternalId": "right-id" } });
    let arn = format!("arn:aws:iam::{DEV}:user/{user}");
    let role = DEMO.role(account, user, &trust(json!({ "AWS": arn }), wanted));
    let reply = DEMO.assume(&who, &role, &[("ExternalId", "wrong-id")]);
    assert_eq!(reply.status, 403);
    reply
}

#[test]
fn a_message_opens_to_the_explanation() {
    let reply = refused(DEV, "message-opens");
    let told = decoded(DEMO.root(DEV), reply.header(HEADER));
    assert_eq!(told["allowed"], false);
    assert_eq!(told["explicitDeny"], false);
    let context = &told["context"];
    assert_eq!(context["action"], "sts:AssumeRole");
    assert_eq!(
        context["principal"]["arn"],
        format!("arn:aws:iam::{DEV}:user/message-opens")
    );
    let keys = context["conditions"]["items"].as_array().unwrap();
    let external = json!({
        "key": "sts:externalid",
        "values": { "items": [{ "value": "wrong-id" }] },
    });
    assert!(keys.contains(&external), "{context}");
    let policies = told["drawbridge"]["explanation"]["policies"].to_string();
    assert!(policies.contains("right-id"), "{policies}");
    assert_eq!(told["drawbridge"]["request"], reply.reference());
    assert_eq!(told["drawbridge"]["reason"], "trust.condition");
}

#[test]
fn opening_needs_a_permission() {
    let reply = refused(DEV, "message-needs");
    let user = DEMO.user(DEV, "message-nobody", None);
    let answer = decode(&user, reply.header(HEADER));
    let message = format!(
        "User: arn:aws:iam::{DEV}:user/message-nobody is not authorized to perform: \
         sts:DecodeAuthorizationMessage on resource: *"
    );
    DEMO.refuses(&answer, 403, "AccessDenied", &message, "policy.no_match");
    let policy = allow(&["sts:DecodeAuthorizationMessage"], &["*"]);
    let user = DEMO.user(DEV, "message-reader", Some(&policy));
    assert_eq!(decode(&user, reply.header(HEADER)).status, 200);
}

#[test]
fn only_the_account_of_the_resource_opens_it_and_reads_its_own_policies() {
    let reply = refused(PROD, "message-across");
    let answer = decode(DEMO.root(DEV), reply.header(HEADER));
    let message = "The message is not a valid encoded authorization message.";
    let code = "InvalidAuthorizationMessageException";
    DEMO.refuses(&answer, 400, code, message, "sts.message");
    let told = decoded(DEMO.root(PROD), reply.header(HEADER));
    let policies = told["drawbridge"]["explanation"]["policies"]
        .as_array()
        .unwrap();
    assert_eq!(policies.len(), 1, "{told}");
    assert_eq!(policies[0]["source"], "trust");
}

#[test]
fn what_is_not_a_message_is_refused() {
    let reply = refused(DEV, "message-altered");
    let good = reply.header(HEADER);
    let mut altered = good.to_owned();
    let last = altered.pop().unwrap();
    altered.push(if last == 'A' { 'B' } else { 'A' });
    let code = "InvalidAuthorizationMessageException";
    for message in ["x", "not/base64", &good[..good.len() - 8], &altered] {
        assert_eq!(decode(DEMO.root(DEV), message).aws_error().1, code);
    }
}

#[test]
fn a_message_of_iam_opens_too_and_an_explicit_deny_is_said() {
    let policy = crate::harness::iam::document(json!([
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Sid": "Never", "Effect": "Deny", "Action": "iam:GetRole", "Resource": "*" },
    ]));
    let user = DEMO.user(DEV, "message-iam", Some(&policy));
    let reply = DEMO.iam(&user, "GetRole", &[("RoleName", "Developer")]);
    let arn = format!("arn:aws:iam::{DEV}:role/Developer");
    let message = format!(
        "User: arn:aws:iam::{DEV}:user/message-iam is not authorized to perform: iam:GetRole on \
         resource: {arn} with an explicit deny in an identity-based policy"
    );
    DEMO.refuses(&reply, 403, "AccessDenied", &message, "policy.denied");
    let told = decoded(DEMO.root(DEV), reply.header(HEADER));
    assert_eq!(told["explicitDeny"], true);
    let policies = told["drawbridge"]["explanation"]["policies"].to_string();
    assert!(policies.contains("Never"), "{policies}");
}

#[test]
fn all_messages_are_of_one_length() {
    let here = refused(DEV, "message-length");
    let who = DEMO.user(DEV, "message-other", Some(&allow(&["sts:*"], &["*"])));
    let missing = format!("arn:aws:iam::{DEV}:role/there-is-none");
    let gone = DEMO.assume(&who, &missing, &[]);
    assert_eq!(here.header(HEADER).len(), gone.header(HEADER).len());
    let told = decoded(DEMO.root(DEV), gone.header(HEADER));
    assert_eq!(told["drawbridge"]["reason"], "trust.no_role");
    assert_eq!(told["drawbridge"]["explanation"], Value::Null);
}

#[test]
fn a_message_of_a_web_identity_opens_for_the_owner_of_the_role() {
    let role = format!("arn:aws:iam::{DEV}:role/Deploy");
    let token = DEMO.job("repository=acme/app&ref=refs/heads/other");
    let reply = DEMO.assume_with(&token, &role, &[]);
    assert_eq!(reply.status, 403, "{}", reply.text());
    let told = decoded(DEMO.root(DEV), reply.header(HEADER));
    assert_eq!(told["drawbridge"]["reason"], "trust.condition");
}
