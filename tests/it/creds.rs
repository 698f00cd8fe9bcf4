//! `/v1/creds/{role}`: the CI one-liner, and what a container provider fetches.

use drawbridge::clock::{Clock, SystemRandom, random_bytes};
use drawbridge::credentials::format::Format;
use drawbridge::seal::Purpose;
use drawbridge::sigv4::Credentials;
use serde_json::{Value, json};

use crate::harness::desk::{AUDIENCE, DESK};
use crate::harness::http::{Reply, Request};
use crate::harness::issuer::{Issuer, Key, encode};
use crate::harness::{Broker, DEV};

fn now() -> i64 {
    DESK.broker.clock.unix()
}

/// What the door says to a token that is spoiled like this.
fn spoiled(claims: &[(&str, Value)]) -> Reply {
    DESK.creds("deploy", &DESK.job(claims)).send()
}

/// Holds a refusal against what it must be: status, error, reason, and that it is JSON.
#[track_caller]
fn refused(reply: &Reply, status: u16, error: &str, reason: &str) {
    let body = reply.json();
    let told = (reply.status, body["error"].as_str().unwrap());
    assert_eq!(told, (status, error), "{body:#}");
    assert_eq!(body["error_description"], body["message"]);
    assert_eq!(DESK.broker.reason(reply), reason);
    assert_eq!(reply.header("cache-control"), "no-store");
}

fn credentials(answer: &Value) -> Credentials {
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    Credentials {
        access_key_id: text("AccessKeyId"),
        secret_access_key: text("SecretAccessKey").into(),
        session_token: Some(text("SessionToken").into()),
    }
}

#[test]
fn a_job_gets_credentials_that_work() {
    let reply = DESK.creds("deploy", &DESK.job(&[])).send();
    assert_eq!(
        (reply.status, reply.header("cache-control")),
        (200, "no-store")
    );
    let answer = reply.json();
    let arn = DESK.broker.who_is(&credentials(&answer));
    assert_eq!(answer["AssumedRoleArn"], json!(arn));
    let name = arn.strip_prefix(&format!("arn:aws:sts::{DEV}:assumed-role/Deploy/"));
    assert!(
        name.unwrap()
            .starts_with("repo-acme-app-ref-refs-heads-main-"),
        "{arn}"
    );
}

#[test]
fn two_subjects_never_share_a_session_name() {
    let name = |issuer: &Issuer, subject: &str| {
        let claims = [
            ("aud", json!(AUDIENCE)),
            ("sub", json!(subject)),
            ("jti", json!(subject)),
        ];
        let reply = DESK.creds("dev/OnceOnly", &issuer.token(&claims)).send();
        reply.json()["AssumedRoleArn"].as_str().unwrap().to_owned()
    };
    assert_ne!(
        name(&DESK.once, "repo:acme/app"),
        name(&DESK.once, "repo/acme:app")
    );
}

#[test]
fn every_format_has_its_text() {
    let mut all = String::new();
    let end = DESK.broker.clock.now() + time::Duration::hours(1);
    let end = drawbridge::aws::xml::timestamp(end);
    for (name, format) in Format::ALL {
        let reply = DESK
            .creds(&format!("deploy?format={name}"), &DESK.job(&[]))
            .send();
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, format.media_type())
        );
        let text = reply.text();
        let word = |text: &str| {
            let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c));
            text[..end.unwrap()].to_owned()
        };
        let after = |mark: &str| {
            let found = text
                .to_lowercase()
                .find(mark)
                .map(|at| &text[at + mark.len()..]);
            found.map(|rest| word(rest.trim_start_matches(['"', ':', '=', ' '])))
        };
        let key = text.find("ASIA").map(|at| word(&text[at..])).unwrap();
        let secret = after("secret_access_key").or_else(|| after("secretaccesskey"));
        let token = after("session_token").or_else(|| after("sessiontoken"));
        let token = token.or_else(|| after("\"token")).unwrap();
        let known = [
            (token.as_str(), "[token]"),
            (&secret.unwrap(), "[secret]"),
            (&key, "[key]"),
            (&end, "[expiration]"),
        ];
        all.push_str(&format!("--- {name}\n{}", DESK.redacted(text, &known)));
        assert!(text.ends_with('\n'), "{name}");
    }
    let session = "repo-acme-app-ref-refs-heads-main-";
    let at = all.find(session).unwrap() + session.len();
    let hash = all[at..at + 10].to_owned();
    insta::assert_snapshot!(all.replace(&hash, "[hash]"), @r#"
    --- process
    {
      "Version": 1,
      "AccessKeyId": "[key]",
      "SecretAccessKey": "[secret]",
      "SessionToken": "[token]",
      "Expiration": "[expiration]",
      "AccountId": "111111111111"
    }
    --- env
    export AWS_ACCESS_KEY_ID=[key]
    export AWS_SECRET_ACCESS_KEY=[secret]
    export AWS_SESSION_TOKEN=[token]
    export AWS_CREDENTIAL_EXPIRATION=[expiration]
    export AWS_REGION=us-east-1
    export AWS_DEFAULT_REGION=us-east-1
    export AWS_ENDPOINT_URL_STS=[broker]
    export AWS_ENDPOINT_URL_IAM=[broker]
    --- env-no-export
    AWS_ACCESS_KEY_ID=[key]
    AWS_SECRET_ACCESS_KEY=[secret]
    AWS_SESSION_TOKEN=[token]
    AWS_CREDENTIAL_EXPIRATION=[expiration]
    AWS_REGION=us-east-1
    AWS_DEFAULT_REGION=us-east-1
    AWS_ENDPOINT_URL_STS=[broker]
    AWS_ENDPOINT_URL_IAM=[broker]
    --- fish
    set -gx AWS_ACCESS_KEY_ID [key];
    set -gx AWS_SECRET_ACCESS_KEY [secret];
    set -gx AWS_SESSION_TOKEN [token];
    set -gx AWS_CREDENTIAL_EXPIRATION [expiration];
    set -gx AWS_REGION us-east-1;
    set -gx AWS_DEFAULT_REGION us-east-1;
    set -gx AWS_ENDPOINT_URL_STS [broker];
    set -gx AWS_ENDPOINT_URL_IAM [broker];
    --- powershell
    $Env:AWS_ACCESS_KEY_ID="[key]"
    $Env:AWS_SECRET_ACCESS_KEY="[secret]"
    $Env:AWS_SESSION_TOKEN="[token]"
    $Env:AWS_CREDENTIAL_EXPIRATION="[expiration]"
    $Env:AWS_REGION="us-east-1"
    $Env:AWS_DEFAULT_REGION="us-east-1"
    $Env:AWS_ENDPOINT_URL_STS="[broker]"
    $Env:AWS_ENDPOINT_URL_IAM="[broker]"
    --- windows-cmd
    set AWS_ACCESS_KEY_ID=[key]
    set AWS_SECRET_ACCESS_KEY=[secret]
    set AWS_SESSION_TOKEN=[token]
    set AWS_CREDENTIAL_EXPIRATION=[expiration]
    set AWS_REGION=us-east-1
    set AWS_DEFAULT_REGION=us-east-1
    set AWS_ENDPOINT_URL_STS=[broker]
    set AWS_ENDPOINT_URL_IAM=[broker]
    --- json
    {
      "Version": 1,
      "AccessKeyId": "[key]",
      "SecretAccessKey": "[secret]",
      "SessionToken": "[token]",
      "Expiration": "[expiration]",
      "AccountId": "111111111111",
      "RoleArn": "arn:aws:iam::111111111111:role/Deploy",
      "AssumedRoleArn": "arn:aws:sts::111111111111:assumed-role/Deploy/repo-acme-app-ref-refs-heads-main-[hash]",
      "Region": "us-east-1",
      "EndpointUrl": "[broker]",
      "Note": null
    }
    --- ini
    [deploy]
    aws_access_key_id = [key]
    aws_secret_access_key = [secret]
    aws_session_token = [token]
    region = us-east-1
    # AWS_ENDPOINT_URL_STS=[broker]
    --- dotenv
    AWS_ACCESS_KEY_ID=[key]
    AWS_SECRET_ACCESS_KEY=[secret]
    AWS_SESSION_TOKEN=[token]
    AWS_CREDENTIAL_EXPIRATION=[expiration]
    AWS_REGION=us-east-1
    AWS_DEFAULT_REGION=us-east-1
    AWS_ENDPOINT_URL_STS=[broker]
    AWS_ENDPOINT_URL_IAM=[broker]
    --- github
    echo '::add-mask::[secret]'
    echo '::add-mask::[token]'
    echo 'AWS_ACCESS_KEY_ID=[key]' >> "$GITHUB_ENV"
    echo 'AWS_SECRET_ACCESS_KEY=[secret]' >> "$GITHUB_ENV"
    echo 'AWS_SESSION_TOKEN=[token]' >> "$GITHUB_ENV"
    echo 'AWS_CREDENTIAL_EXPIRATION=[expiration]' >> "$GITHUB_ENV"
    echo 'AWS_REGION=us-east-1' >> "$GITHUB_ENV"
    echo 'AWS_DEFAULT_REGION=us-east-1' >> "$GITHUB_ENV"
    echo 'AWS_ENDPOINT_URL_STS=[broker]' >> "$GITHUB_ENV"
    echo 'AWS_ENDPOINT_URL_IAM=[broker]' >> "$GITHUB_ENV"
    --- container
    {
      "AccessKeyId": "[key]",
      "SecretAccessKey": "[secret]",
      "Token": "[token]",
      "Expiration": "[expiration]",
      "AccountId": "111111111111",
      "RoleArn": "arn:aws:iam::111111111111:role/Deploy"
    }
    "#);
}

#[test]
fn get_and_post_are_the_same() {
    let token = DESK.job(&[]);
    let post = DESK.broker.post("/v1/creds/deploy").bearer(&token).send();
    assert_eq!(post.status, 200);
    assert_eq!(DESK.creds("deploy", &token).send().status, 200);
}

#[test]
fn a_role_goes_by_its_alias_by_account_and_name_and_by_its_arn() {
    for name in [
        "deploy".to_owned(),
        "dev%2FOnceOnly".to_owned(),
        "dev/OnceOnly".to_owned(),
        format!("arn:aws:iam::{DEV}:role/Deploy"),
        format!("arn%3Aaws%3Aiam%3A%3A{DEV}%3Arole%2FDeploy"),
    ] {
        let token = match name.contains("Once") {
            true => DESK
                .once
                .token(&[("aud", json!(AUDIENCE)), ("jti", json!(name))]),
            false => DESK.job(&[]),
        };
        let reply = DESK.creds(&name, &token).send();
        assert_eq!(reply.status, 200, "{name}: {}", reply.text());
    }
}

#[test]
fn a_token_may_come_as_a_container_provider_sends_it() {
    // The text of the token file as it is: no scheme, white space around it.
    let token = DESK.job(&[]);
    for value in [
        token.clone(),
        format!("  {token} "),
        format!("bearer {token}"),
    ] {
        let request = DESK.broker.get("/v1/creds/deploy?format=container");
        let reply = request.header("authorization", &value).send();
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
}

// --- the request ----------------------------------------------------------------------------------------------------

#[test]
fn a_request_without_a_token_is_asked_for_one() {
    let bare = || DESK.broker.get("/v1/creds/deploy");
    for request in [
        bare(),
        bare().header("authorization", "Bearer"),
        bare().header("authorization", "Bearer  "),
        bare().header("authorization", "Basic YW5uOmFubg=="),
    ] {
        let reply = request.send();
        refused(&reply, 401, "missing_token", "jwt.missing");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
}

#[test]
fn a_token_in_the_query_is_not_taken() {
    let token = DESK.job(&[]);
    let reply = DESK
        .broker
        .get(&format!("/v1/creds/deploy?token={token}"))
        .send();
    refused(&reply, 400, "invalid_request", "request.invalid");
    assert!(!reply.text().contains(&token));
}

#[test]
fn two_tokens_are_refused() {
    let token = DESK.job(&[]);
    let reply = DESK.creds("deploy", &token).bearer(&token).send();
    refused(&reply, 400, "invalid_request", "request.invalid");
}

#[test]
fn unknown_repeated_and_odd_parameters_are_refused() {
    for query in [
        "format=xml",
        "format=env&format=env",
        "duration=900&duration=900",
        "duration=soon",
        "duration=-900",
        "color=red",
        "Format=env",
    ] {
        let reply = DESK
            .creds(&format!("deploy?{query}"), &DESK.job(&[]))
            .send();
        refused(&reply, 400, "invalid_request", "request.invalid");
    }
}

#[test]
fn head_takes_no_role() {
    let url = DESK.broker.absolute("/v1/creds/deploy");
    let reply = crate::harness::browser::request("HEAD", &url)
        .bearer(&DESK.job(&[]))
        .send();
    assert_eq!(reply.status, 405);
}

#[test]
fn errors_are_json_whatever_format_was_asked_for() {
    for (name, _) in Format::ALL {
        let reply = DESK
            .creds(&format!("deploy?format={name}"), "nonsense")
            .send();
        refused(&reply, 400, "invalid_request", "jwt.form");
    }
    for path in ["/v1/creds/%ff", "/v1/creds/", "/v1/creds", "/v1/other"] {
        let reply = DESK.broker.get(path).bearer(&DESK.job(&[])).send();
        assert!(
            (400..500).contains(&reply.status),
            "{path}: {}",
            reply.status
        );
        assert_eq!(reply.header("content-type"), "application/json", "{path}");
    }
    let reply = Request::new(&DESK.broker.address, "DELETE", "/v1/creds/deploy").send();
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (405, "application/json")
    );
}

#[test]
fn a_page_of_another_site_is_not_answered() {
    let good = || DESK.creds("deploy", &DESK.job(&[]));
    for request in [
        good().header("sec-fetch-site", "cross-site"),
        good().header("sec-fetch-site", "same-site"),
        good().header("origin", "https://evil.example"),
        good().header("origin", "null"),
    ] {
        refused(&request.send(), 403, "access_denied", "web.csrf");
    }
    let origin = DESK.broker.app.urls.origin().to_owned();
    for request in [
        good().header("sec-fetch-site", "none"),
        good().header("sec-fetch-site", "same-origin"),
        good().header("origin", &origin),
    ] {
        assert_eq!(request.send().status, 200);
    }
}

// --- durations ------------------------------------------------------------------------------------------------------

#[test]
fn a_duration_is_cut_to_what_the_role_allows_and_says_so() {
    for (asked, seconds, note) in [
        ("900", 900, None),
        ("15m", 900, None),
        ("2h", 7200, None),
        (
            "8h",
            7200,
            Some("Shortened to 120 minutes: the role allows no longer sessions."),
        ),
    ] {
        let reply = DESK
            .creds(&format!("deploy?duration={asked}"), &DESK.job(&[]))
            .send();
        let answer = reply.json();
        let end = time::OffsetDateTime::from_unix_timestamp(now() + seconds).unwrap();
        assert_eq!(
            answer["Expiration"],
            json!(drawbridge::aws::xml::timestamp(end)),
            "{asked}"
        );
        assert_eq!(answer["Note"], json!(note));
    }
}

#[test]
fn a_duration_out_of_range_is_refused() {
    for asked in ["899", "14m", "43201", "13h", "0"] {
        let reply = DESK
            .creds(&format!("deploy?duration={asked}"), &DESK.job(&[]))
            .send();
        refused(&reply, 400, "invalid_request", "sts.duration");
    }
}

// --- the evidence ---------------------------------------------------------------------------------------------------

#[test]
fn what_is_no_token_is_malformed() {
    let good = DESK.job(&[]);
    let (input, _) = good.rsplit_once('.').unwrap();
    let long = DESK.job(&[("x", json!("x".repeat(12_000)))]);
    for (text, reason) in [
        ("opaque", "jwt.form"),
        (input, "jwt.form"),
        (&format!("{input}."), "jwt.form"),
        (&format!("{good}="), "jwt.form"),
        // Longer than a request's head, and refused there.
        (long.as_str(), ""),
    ] {
        let reply = DESK.creds("deploy", text).send();
        match reason {
            "" => assert_eq!(reply.status, 431),
            reason => refused(&reply, 400, "invalid_request", reason),
        }
    }
}

#[test]
fn each_spoiled_claim_is_refused_with_its_reason() {
    for (claim, value, reason) in [
        ("iss", json!("https://evil.example"), "jwt.iss"),
        ("iss", json!(format!("{}/", DESK.ci.url)), "jwt.iss"),
        ("aud", json!("https://other.example"), "jwt.aud"),
        ("aud", json!([]), "jwt.aud"),
        ("exp", json!(now() - 60), "jwt.exp"),
        ("nbf", json!(now() + 61), "jwt.nbf"),
        ("iat", json!(now() + 61), "jwt.iat"),
        ("iat", json!(now() - 3661), "jwt.age"),
        ("exp", json!((now() + 600).to_string()), "jwt.exp"),
        ("sub", json!(""), "jwt.sub"),
        ("sub", json!(7), "jwt.sub"),
        ("sub", Value::Null, "jwt.sub"),
        ("aud", Value::Null, "jwt.aud"),
        ("exp", Value::Null, "jwt.exp"),
        ("iat", Value::Null, "jwt.iat"),
    ] {
        let reply = spoiled(&[(claim, value)]);
        refused(&reply, 401, "invalid_token", reason);
        let challenge = "Bearer error=\"invalid_token\"";
        assert_eq!(reply.header("www-authenticate"), challenge);
    }
}

#[test]
fn a_minute_of_clock_skew_is_forgiven_and_no_more() {
    for claims in [
        ("exp", json!(now() - 59)),
        ("nbf", json!(now() + 60)),
        ("iat", json!(now() + 60)),
        ("iat", json!(now() - 3660)),
    ] {
        assert_eq!(spoiled(&[claims]).status, 200);
    }
}

#[test]
fn each_spoiled_signature_is_refused_with_its_reason() {
    let claims = DESK.ci.with(&[("aud", json!(AUDIENCE))]);
    let impostor = Key::new("ES256", "one");
    let unknown = Key::new("ES256", "unknown");
    let mut header = DESK.ci.key.header();
    header["jwk"] = impostor.jwk();
    let none = format!(
        "{}.{}.AAAA",
        encode(r#"{"alg":"none","kid":"one"}"#),
        encode(claims.to_string())
    );
    for (token, status, error, reason) in [
        (
            impostor.sign(&claims),
            401,
            "invalid_token",
            "jwt.signature",
        ),
        (unknown.sign(&claims), 401, "invalid_token", "jwt.key"),
        (none, 401, "invalid_token", "jwt.alg"),
        (
            impostor.forge(&header, &claims.to_string()),
            400,
            "invalid_request",
            "jwt.header",
        ),
    ] {
        refused(&DESK.creds("deploy", &token).send(), status, error, reason);
    }
}

#[test]
fn an_unknown_issuer_is_refused_without_a_single_request() {
    let stranger = Issuer::start();
    let token = stranger.token(&[("aud", json!(AUDIENCE))]);
    refused(
        &DESK.creds("deploy", &token).send(),
        401,
        "invalid_token",
        "jwt.iss",
    );
    assert_eq!(stranger.hits(), 0);
}

#[test]
fn an_id_token_of_somebody_is_evidence_as_well() {
    let reply = DESK.creds("dev/Admins", &DESK.id_token(&[])).send();
    assert_eq!(reply.status, 200, "{}", reply.text());
    for (claim, value, reason) in [
        ("aud", json!(AUDIENCE), "jwt.aud"),
        ("azp", json!("another-client"), "jwt.azp"),
        ("groups", json!([7]), "oidc.groups"),
        ("_claim_names", json!({ "groups": "src1" }), "oidc.groups"),
    ] {
        let mut claims = vec![(claim, value)];
        if claim == "_claim_names" {
            claims.push(("groups", Value::Null));
        }
        let reply = DESK.creds("dev/Admins", &DESK.id_token(&claims)).send();
        refused(&reply, 401, "invalid_token", reason);
    }
}

#[test]
fn an_issuer_that_is_down_is_no_refusal_of_the_token() {
    let down = Issuer::start();
    let broker = Broker::configured(&format!("[[ci]]\nissuer = \"{}\"\n", down.url));
    down.fail_with(503);
    let token = down.token(&[("aud", json!(broker.app.urls.origin()))]);
    let reply = broker.get("/v1/creds/dev/Any").bearer(&token).send();
    assert_eq!(reply.status, 503);
    assert_eq!(reply.json()["error"], json!("temporarily_unavailable"));
    assert_eq!(reply.header("retry-after"), "2");
    assert_eq!(broker.reason(&reply), "jwt.key");
}

#[test]
fn a_token_that_counts_once_counts_once() {
    let token = |id: Value| DESK.once.token(&[("aud", json!(AUDIENCE)), ("jti", id)]);
    let ask = |token: &str| DESK.creds("dev/OnceOnly", token).send();
    let one = token(json!("counts-once"));
    assert_eq!(ask(&one).status, 200);
    refused(&ask(&one), 401, "invalid_token", "jwt.replay");
    // Another token under the same id is the same job.
    let again = DESK.once.token(&[
        ("aud", json!(AUDIENCE)),
        ("jti", json!("counts-once")),
        ("exp", json!(now() + 700)),
    ]);
    refused(&ask(&again), 401, "invalid_token", "jwt.replay");
    for id in [Value::Null, json!(""), json!(7)] {
        refused(&ask(&token(id)), 401, "invalid_token", "jwt.replay");
    }
    assert_eq!(ask(&token(json!("another"))).status, 200);
}

#[test]
fn a_token_is_never_reflected() {
    let token = DESK.job(&[("aud", json!("https://other.example"))]);
    let reply = DESK.creds("deploy", &token).send();
    assert!(!reply.text().contains(&token[token.len() - 20..]));
    assert!(!reply.text().contains("other.example"), "{}", reply.text());
}

// --- the trust policy -----------------------------------------------------------------------------------------------

#[test]
fn another_branch_is_told_the_condition_what_it_wants_and_what_it_saw() {
    let reply = spoiled(&[("sub", json!("repo:acme/app:ref:refs/heads/other"))]);
    refused(&reply, 403, "access_denied", "trust.condition");
    let known = [(reply.reference(), "[reference]")];
    let known = known
        .each_ref()
        .map(|(value, name)| (value.as_str(), *name));
    insta::assert_snapshot!(DESK.redacted(reply.text(), &known), @r#"
    {
      "error": "access_denied",
      "error_description": "The trust policy of deploy does not admit you. Condition StringEquals [ci]:sub wants repo:acme/app:ref:refs/heads/main, and saw repo:acme/app:ref:refs/heads/other.",
      "message": "The trust policy of deploy does not admit you. Condition StringEquals [ci]:sub wants repo:acme/app:ref:refs/heads/main, and saw repo:acme/app:ref:refs/heads/other.",
      "reason": "trust.condition",
      "role": "arn:aws:iam::111111111111:role/Deploy",
      "action": "sts:AssumeRoleWithWebIdentity",
      "statement": {
        "index": 0,
        "sid": "MainBranch"
      },
      "condition": {
        "operator": "StringEquals",
        "key": "[ci]:sub",
        "wanted": [
          "repo:acme/app:ref:refs/heads/main"
        ],
        "seen": [
          "repo:acme/app:ref:refs/heads/other"
        ]
      },
      "conditions": [
        {
          "operator": "StringEquals",
          "key": "[ci]:sub",
          "wanted": [
            "repo:acme/app:ref:refs/heads/main"
          ],
          "seen": [
            "repo:acme/app:ref:refs/heads/other"
          ]
        }
      ],
      "reference": "[reference]"
    }
    "#);
}

#[test]
fn a_role_that_is_not_there_looks_like_one_that_is_not_for_the_caller() {
    let token = DESK.job(&[("sub", json!("repo:acme/app:ref:refs/heads/other"))]);
    let told = |name: &str| {
        let reply = DESK.creds(name, &token).send();
        refused(&reply, 403, "access_denied", "trust.no_match");
        let cause = &DESK.broker.event(&reply)["additionalEventData"]["detail"]["cause"];
        (
            reply.told().replace(name, "[role]"),
            cause.as_str().unwrap().to_owned(),
        )
    };
    // Names of one length, as the answer repeats them.
    let (unknown, cause) = told("dev/Nobody00");
    assert_eq!(cause, "trust.no_role");
    let (stranger, cause) = told("dev/Stranger");
    assert_eq!(cause, "trust.no_match");
    assert_eq!(unknown, stranger);
    // One that keeps its conditions to itself, to somebody it knows.
    let (unknown, _) = told("dev/Nobody000");
    let (secretive, cause) = told("dev/Secretive");
    assert_eq!(cause, "trust.condition");
    assert_eq!(unknown, secretive);
}

#[test]
fn a_role_that_keeps_its_conditions_to_itself_still_takes_whom_it_admits() {
    assert_eq!(
        DESK.creds("dev/Secretive", &DESK.job(&[])).send().status,
        200
    );
}

// --- access tokens --------------------------------------------------------------------------------------------------

#[test]
fn an_access_token_of_the_exchange_is_evidence() {
    let token = DESK.access_token();
    let reply = DESK.creds("deploy", &token).send();
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[test]
fn an_access_token_is_worth_what_its_evidence_was() {
    let token = DESK.access_token();
    let reply = DESK.creds("dev/Stranger", &token).send();
    refused(&reply, 403, "access_denied", "trust.no_match");
}

#[test]
fn an_access_token_that_is_not_ours_or_was_altered_is_refused() {
    let token = DESK.access_token();
    let mut altered = token.clone().into_bytes();
    let middle = altered.len() / 2;
    altered[middle] = if altered[middle] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(altered).unwrap();
    for other in [
        altered.as_str(),
        &token[..token.len() - 1],
        "drawbridge_",
        "drawbridge_AAAA",
        "drawbridge_not/base64",
    ] {
        let reply = DESK.creds("deploy", other).send();
        refused(&reply, 401, "invalid_token", "access_token.invalid");
    }
}

#[test]
fn an_access_token_ends() {
    let sealed = |until: i64| {
        let ring = &DESK.broker.app.ring;
        let token = DESK.access_token();
        let text = token.strip_prefix("drawbridge_").unwrap();
        use base64::Engine;
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let opened = ring.open(Purpose::AccessToken, b"", &engine.decode(text).unwrap());
        let mut body: Value = serde_json::from_slice(&opened.unwrap().0).unwrap();
        body["until"] = json!(until);
        let salt = random_bytes(&SystemRandom);
        let body = body.to_string();
        let sealed = ring
            .seal(Purpose::AccessToken, b"", body.as_bytes(), salt)
            .unwrap();
        format!("drawbridge_{}", encode(sealed))
    };
    assert_eq!(DESK.creds("deploy", &sealed(now() + 1)).send().status, 200);
    let reply = DESK.creds("deploy", &sealed(now())).send();
    refused(&reply, 401, "invalid_token", "access_token.invalid");
}

#[test]
fn a_session_token_is_no_access_token() {
    // Sealed by the same ring, for another purpose.
    let role = format!("arn:aws:iam::{DEV}:role/Deploy");
    let session = DESK.broker.session_of(&role, |_| {});
    let token = format!("drawbridge_{}", session.session_token.unwrap().expose());
    let reply = DESK.creds("deploy", &token).send();
    refused(&reply, 401, "invalid_token", "access_token.invalid");
}
