//! `POST /oauth2/token`: RFC 8693 token exchange.

use drawbridge::sigv4::Credentials;
use serde_json::{Value, json};

use crate::harness::DEV;
use crate::harness::desk::{AUDIENCE, DESK};
use crate::harness::http::Reply;

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// Holds a refusal against what it must be.
#[track_caller]
fn refused(reply: &Reply, status: u16, error: &str, reason: &str) {
    let body = reply.json();
    let told = (reply.status, body["error"].as_str().unwrap());
    assert_eq!(told, (status, error), "{body:#}");
    assert_eq!(DESK.broker.reason(reply), reason);
    assert_eq!(reply.header("cache-control"), "no-store");
}

#[test]
fn a_token_is_exchanged_for_credentials_and_a_token_of_ours() {
    let reply = DESK.exchange(&DESK.job(&[]), &[]);
    assert_eq!(
        (reply.status, reply.header("cache-control")),
        (200, "no-store")
    );
    assert_eq!(reply.header("pragma"), "no-cache");
    let mut answer = reply.json();
    let text = |name: &str| answer["credentials"][name].as_str().unwrap().to_owned();
    let credentials = Credentials {
        access_key_id: text("AccessKeyId"),
        secret_access_key: text("SecretAccessKey").into(),
        session_token: Some(text("SessionToken").into()),
    };
    let arn = DESK.broker.who_is(&credentials);
    assert!(
        arn.starts_with(&format!("arn:aws:sts::{DEV}:assumed-role/Deploy/")),
        "{arn}"
    );
    answer["access_token"] = json!("[access token]");
    for name in [
        "AccessKeyId",
        "SecretAccessKey",
        "SessionToken",
        "Expiration",
    ] {
        answer["credentials"][name] = json!(format!("[{name}]"));
    }
    insta::assert_snapshot!(format!("{answer:#}"), @r#"
    {
      "access_token": "[access token]",
      "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
      "token_type": "Bearer",
      "expires_in": 3600,
      "role": "arn:aws:iam::111111111111:role/Deploy",
      "note": null,
      "credentials": {
        "Version": 1,
        "AccessKeyId": "[AccessKeyId]",
        "SecretAccessKey": "[SecretAccessKey]",
        "SessionToken": "[SessionToken]",
        "Expiration": "[Expiration]",
        "AccountId": "111111111111"
      }
    }
    "#);
}

#[test]
fn a_role_goes_by_its_arn_as_resource_or_its_alias_as_audience() {
    let arn = format!("arn:aws:iam::{DEV}:role/Deploy");
    for fields in [
        &[("audience", ""), ("resource", arn.as_str())][..],
        &[("audience", &arn)],
    ] {
        assert_eq!(
            DESK.exchange(&DESK.job(&[]), fields).status,
            200,
            "{fields:?}"
        );
    }
}

#[test]
fn every_kind_of_subject_token_is_named_as_what_it_is() {
    let id_token = [(
        "subject_token_type",
        "urn:ietf:params:oauth:token-type:id_token",
    )];
    assert_eq!(DESK.exchange(&DESK.job(&[]), &id_token).status, 200);
    let access_token = [
        ("subject_token_type", ACCESS_TOKEN),
        ("requested_token_type", ACCESS_TOKEN),
    ];
    assert_eq!(
        DESK.exchange(&DESK.access_token(), &access_token).status,
        200
    );
}

#[test]
fn each_spoiled_field_is_refused() {
    for (fields, error) in [
        (&[("grant_type", "")][..], "invalid_request"),
        (
            &[("grant_type", "client_credentials")],
            "unsupported_grant_type",
        ),
        (&[("subject_token", "")], "invalid_request"),
        (&[("subject_token", "  ")], "invalid_request"),
        (&[("subject_token_type", "")], "invalid_request"),
        (
            &[(
                "subject_token_type",
                "urn:ietf:params:oauth:token-type:saml2",
            )],
            "invalid_request",
        ),
        (
            &[(
                "requested_token_type",
                "urn:ietf:params:oauth:token-type:jwt",
            )],
            "invalid_request",
        ),
        (&[("actor_token", "x")], "invalid_request"),
        (&[("audience", "")], "invalid_request"),
        (
            &[("audience", ""), ("resource", "https://example.com")],
            "invalid_target",
        ),
        (
            &[("resource", "arn:aws:iam::111111111111:role/Deploy")],
            "invalid_request",
        ),
        (&[("duration", "soon")], "invalid_request"),
    ] {
        let reply = DESK.exchange(&DESK.job(&[]), fields);
        refused(&reply, 400, error, "request.invalid");
    }
}

#[test]
fn a_duration_out_of_range_is_refused() {
    for duration in ["899", "13h"] {
        let reply = DESK.exchange(&DESK.job(&[]), &[("duration", duration)]);
        refused(&reply, 400, "invalid_request", "sts.duration");
    }
}

#[test]
fn a_repeated_field_is_refused() {
    let body = "grant_type=a&grant_type=b";
    let request = DESK.broker.post("/oauth2/token");
    let reply = request
        .body("application/x-www-form-urlencoded", body)
        .send();
    refused(&reply, 400, "invalid_request", "request.invalid");
}

#[test]
fn a_form_over_the_limit_is_refused() {
    let request = DESK.broker.post("/oauth2/token");
    let body = format!("x={}", "x".repeat(256 * 1024));
    let reply = request
        .body("application/x-www-form-urlencoded", &body)
        .send();
    refused(&reply, 413, "invalid_request", "request.invalid");
}

#[test]
fn tokens_in_the_query_are_not_looked_at() {
    let token = DESK.job(&[]);
    let target = format!("/oauth2/token?subject_token={token}");
    let request = DESK.broker.post(&target);
    let fields = [
        (
            "grant_type",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
        ("audience", "deploy"),
    ];
    let reply = request.form(&fields).send();
    refused(&reply, 400, "invalid_request", "request.invalid");
    assert!(!reply.text().contains(&token));
}

#[test]
fn get_gives_no_tokens() {
    assert_eq!(DESK.broker.get("/oauth2/token").send().status, 405);
}

#[test]
fn evidence_that_does_not_hold_is_an_invalid_grant() {
    let now = drawbridge::clock::Clock::unix(&*DESK.broker.clock);
    for (token, reason) in [
        ("opaque".to_owned(), "jwt.form"),
        (
            DESK.job(&[("iss", json!("https://evil.example"))]),
            "jwt.iss",
        ),
        (
            DESK.job(&[("aud", json!("https://other.example"))]),
            "jwt.aud",
        ),
        (DESK.job(&[("exp", json!(now - 60))]), "jwt.exp"),
        (DESK.job(&[("sub", Value::Null)]), "jwt.sub"),
        ("drawbridge_AAAA".to_owned(), "access_token.invalid"),
        (
            DESK.once
                .token(&[("aud", json!(AUDIENCE)), ("jti", Value::Null)]),
            "jwt.replay",
        ),
    ] {
        let reply = DESK.exchange(&token, &[]);
        refused(&reply, 400, "invalid_grant", reason);
        assert!(!reply.text().contains(&token));
    }
}

#[test]
fn a_role_that_does_not_admit_the_evidence_is_an_invalid_target() {
    let token = DESK.job(&[("sub", json!("repo:acme/app:ref:refs/heads/other"))]);
    let reply = DESK.exchange(&token, &[]);
    refused(&reply, 400, "invalid_target", "trust.condition");
    assert_eq!(
        reply.json()["condition"]["seen"],
        json!(["repo:acme/app:ref:refs/heads/other"])
    );
}

#[test]
fn a_role_that_is_not_there_looks_like_one_that_is_not_for_the_caller() {
    let told = |name: &str| {
        let reply = DESK.exchange(&DESK.job(&[]), &[("audience", name)]);
        refused(&reply, 400, "invalid_target", "trust.no_match");
        reply.told().replace(name, "[role]")
    };
    assert_eq!(told("dev/Nobody00"), told("dev/Stranger"));
}

#[test]
fn a_page_of_another_site_is_not_answered() {
    let request = DESK
        .broker
        .post("/oauth2/token")
        .form(&[("grant_type", "x")]);
    for request in [
        request.clone().header("origin", "https://evil.example"),
        request.clone().header("sec-fetch-site", "cross-site"),
    ] {
        refused(&request.send(), 403, "access_denied", "web.csrf");
    }
}

#[test]
fn the_access_token_ends_within_an_hour_and_with_its_evidence() {
    let answer = DESK.exchange(&DESK.job(&[]), &[]).json();
    assert_eq!(answer["expires_in"], json!(3600));
    assert_eq!(answer["token_type"], json!("Bearer"));
}
