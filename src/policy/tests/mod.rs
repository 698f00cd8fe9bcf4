//! The language against its reference: one file per part of it, each test named for the fact it
//! proves.
//!
//! Most tests speak through [`simulate`](super::simulate()), so that they read as the documents and
//! requests they are about.

mod conditions;
mod decisions;
mod dice;
mod explanations;
mod grammar;
mod lints;
mod matching;
mod oracle;
mod properties;
mod simulation;
mod traps;
mod trust;
mod validation;
mod variables;

use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";
const USER: &str = "arn:aws:iam::111122223333:user/ann";
const ROOT: &str = "arn:aws:iam::111122223333:root";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/app/s";
const SESSION_ROLE: &str = "arn:aws:iam::111122223333:role/team/app";
const FEDERATED_USER: &str = "arn:aws:sts::111122223333:federated-user/bob";
const OTHER_ACCOUNT: &str = "444455556666";
const OBJECT: &str = "arn:aws:s3:::bucket/key";

/// The decision on a line, which must be one.
fn decide(line: &Value) -> String {
    let answer = answer(&line.to_string());
    answer["decision"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer} for {line}"))
        .to_owned()
}

/// The answer to a line of text.
fn answer(line: &str) -> Value {
    serde_json::from_str(&super::simulate(line)).unwrap()
}

/// A document of version 2012 with these statements.
fn policy(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// A policy that allows everything.
fn allow_all() -> Value {
    policy(json!({"Effect": "Allow", "Action": "*", "Resource": "*"}))
}

/// A policy that says nothing about what the tests ask.
fn silent() -> Value {
    policy(json!({"Effect": "Allow", "Action": "other:Thing", "Resource": "*"}))
}

/// Whether an identity policy with this statement allows the user `s3:GetObject` on an object.
fn allows(statement: Value, context: Value) -> bool {
    let mut whole = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    for (name, value) in statement.as_object().unwrap() {
        if name == "NotAction" || name == "NotResource" {
            whole.as_object_mut().unwrap().remove(&name[3..]);
        }
        whole[name] = value.clone();
    }
    let decision = decide(&json!({
        "id": 0,
        "request": {"principal": USER, "action": "s3:GetObject", "resource": OBJECT, "resourceAccount": ACCOUNT, "context": context},
        "identityPolicies": [policy(whole)],
    }));
    decision == "allowed"
}

/// Whether a condition holds on a request whose key `k` has this value; null is an absent key.
fn holds(operator: &str, wanted: Value, seen: Value) -> bool {
    let context = if seen.is_null() {
        json!({})
    } else {
        json!({"k": seen})
    };
    allows(json!({"Condition": {operator: {"k": wanted}}}), context)
}

/// Whether a resource pattern of an identity policy matches a request's resource.
fn resource_matches(pattern: &str, resource: &str, context: Value) -> bool {
    let decision = decide(&json!({
        "id": 0,
        "request": {"principal": USER, "action": "s3:GetObject", "resource": resource, "resourceAccount": ACCOUNT, "context": context},
        "identityPolicies": [policy(json!({"Effect": "Allow", "Action": "*", "Resource": pattern}))],
    }));
    decision == "allowed"
}
