//! `POST /v1/explain`: why not?

use serde_json::{Value, json};

use crate::harness::DEV;
use crate::harness::desk::DESK;
use crate::harness::http::{Reply, Request};

fn ask(token: &str, body: &str) -> Reply {
    request(body).bearer(token).send()
}

fn request(body: &str) -> Request {
    DESK.broker
        .post("/v1/explain")
        .body("application/json", body)
}

/// A job that no role admits.
fn other_branch() -> String {
    DESK.job(&[("sub", json!("repo:acme/app:ref:refs/heads/other"))])
}

#[track_caller]
fn refused(reply: &Reply, status: u16, error: &str, reason: &str) {
    let body = reply.json();
    let told = (reply.status, body["error"].as_str().unwrap());
    assert_eq!(told, (status, error), "{body:#}");
    assert_eq!(DESK.broker.reason(reply), reason);
}

#[test]
fn every_condition_of_a_role_is_explained() {
    let reply = ask(&other_branch(), r#"{"role": "deploy"}"#);
    assert_eq!(
        (reply.status, reply.header("cache-control")),
        (200, "no-store")
    );
    insta::assert_snapshot!(DESK.redacted(reply.text(), &[]), @r#"
    {
      "identity": {
        "provider": "[ci]",
        "issuer": "[ci]",
        "subject": "repo:acme/app:ref:refs/heads/other",
        "audience": "https://sso.example.com",
        "groups": []
      },
      "roles": [
        {
          "role": "deploy",
          "arn": "arn:aws:iam::111111111111:role/Deploy",
          "admitted": false,
          "decision": "implicitDeny",
          "reason": "trust.condition",
          "statements": [
            {
              "index": 0,
              "sid": "MainBranch",
              "effect": "Allow",
              "applies": false,
              "decided": false,
              "principalMatched": true,
              "coveredAs": "direct",
              "actionMatched": true,
              "resourceMatched": null,
              "conditions": [
                {
                  "operator": "StringEquals",
                  "key": "[ci]:sub",
                  "wanted": [
                    {
                      "written": "repo:acme/app:ref:refs/heads/main",
                      "substituted": "repo:acme/app:ref:refs/heads/main"
                    }
                  ],
                  "seen": [
                    "repo:acme/app:ref:refs/heads/other"
                  ],
                  "multivalued": false,
                  "held": false
                }
              ]
            }
          ]
        }
      ]
    }
    "#);
}

#[test]
fn an_admitted_caller_is_told_so() {
    let answer = ask(&DESK.job(&[]), r#"{"role": "deploy"}"#).json();
    let role = &answer["roles"][0];
    assert_eq!(
        (&role["admitted"], &role["reason"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(
        role["arn"],
        json!(format!("arn:aws:iam::{DEV}:role/Deploy"))
    );
}

#[test]
fn without_a_role_every_candidate_is_explained_and_nobody_elses() {
    for body in ["", "{}", " \n"] {
        let answer = ask(&other_branch(), body).json();
        let roles = answer["roles"].as_array().unwrap();
        let names: Vec<_> = roles
            .iter()
            .map(|role| role["role"].as_str().unwrap())
            .collect();
        // Not `Stranger`, which knows another issuer, and not `Secretive`, which keeps its conditions to itself.
        assert_eq!(names, ["deploy"], "{body:?}");
    }
    let answer = ask(&DESK.job(&[]), "").json();
    let names: Vec<_> = answer["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| &role["role"])
        .collect();
    // Whom it admits, a secretive role tells so.
    assert_eq!(names, ["deploy", "dev/Secretive"]);
}

#[test]
fn a_role_that_is_not_there_looks_like_one_that_is_not_for_the_caller() {
    let token = other_branch();
    let told = |name: &str| {
        let reply = ask(&token, &json!({ "role": name }).to_string());
        assert_eq!(reply.status, 200);
        reply.text().replace(name, "[role]")
    };
    let arn = |name: &str| format!("arn:aws:iam::{DEV}:role/{name}");
    let unknown = told("dev/Nobody");
    for name in ["dev/Stranger", "dev/Secretive"] {
        assert_eq!(told(name), unknown, "{name}");
    }
    for name in [arn("Nobody"), arn("Stranger"), arn("Secretive")] {
        assert_eq!(told(&name), unknown, "{name}");
    }
}

#[test]
fn only_verified_evidence_is_explained() {
    refused(&request("").send(), 401, "missing_token", "jwt.missing");
    refused(&ask("opaque", ""), 400, "invalid_request", "jwt.form");
    let token = DESK.job(&[("aud", json!("https://other.example"))]);
    refused(&ask(&token, ""), 401, "invalid_token", "jwt.aud");
}

#[test]
fn an_access_token_is_evidence_as_well() {
    assert_eq!(ask(&DESK.access_token(), "").status, 200);
}

#[test]
fn a_body_that_is_no_question_is_refused() {
    for body in [
        "[]",
        "deploy",
        "{\"role\": 7}",
        "{\"Role\": \"deploy\"}",
        "{\"role\": \"a\"",
        "{} {}",
    ] {
        refused(
            &ask(&DESK.job(&[]), body),
            400,
            "invalid_request",
            "request.invalid",
        );
    }
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let body = json!({ "role": "x".repeat(256 * 1024) }).to_string();
    refused(
        &ask(&DESK.job(&[]), &body),
        413,
        "invalid_request",
        "request.invalid",
    );
}

#[test]
fn a_page_of_another_site_is_not_answered() {
    let reply = request("")
        .bearer(&DESK.job(&[]))
        .header("origin", "https://evil.example")
        .send();
    refused(&reply, 403, "access_denied", "web.csrf");
}

#[test]
fn explaining_issues_nothing_and_leaves_an_event() {
    let reply = ask(&DESK.job(&[]), "");
    assert!(!reply.text().contains("ASIA"));
    let trail = DESK.broker.trail();
    let mine = trail.lines().filter(|line| line.contains("ExplainRoles"));
    assert!(mine.count() >= 1);
    assert_eq!(DESK.broker.get("/v1/explain").send().status, 405);
}
