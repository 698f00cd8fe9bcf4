//! AssumeRoleWithWebIdentity: one good token, spoiled one thing at a time.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use drawbridge::clock::Clock;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::http::Reply;
use crate::harness::iam::{document, trust_issuer};
use crate::harness::issuer::{Issuer, Key, encode};
use crate::harness::{Broker, DEV, PROD};

static DEMO: LazyLock<Broker> = LazyLock::new(Broker::demo);
static ISSUER: LazyLock<Issuer> = LazyLock::new(|| {
    let issuer = Issuer::start();
    DEMO.provider(DEV, &issuer.url, &["sts.amazonaws.com", "second"]);
    issuer
});
/// A role that takes everybody whom the issuer vouches for.
static ROLE: LazyLock<String> = LazyLock::new(|| {
    let trust = trust_issuer(DEV, ISSUER.name(), json!({}));
    DEMO.role(DEV, "Anybody", &trust)
});

const NOT_A_JWT: &str = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";
const NO_KEY: &str = "Couldn't retrieve verification key from your identity provider,  please reference \
    AssumeRoleWithWebIdentity documentation for requirements";
const DENIED: &str = "Not authorized to perform sts:AssumeRoleWithWebIdentity";

fn now() -> i64 {
    DEMO.clock.unix()
}

fn spoiled(claims: &[(&str, Value)]) -> Reply {
    DEMO.assume_with(&ISSUER.token(claims), &ROLE, &[])
}

#[track_caller]
fn invalid(reply: &Reply, message: &str, reason: &str) {
    DEMO.refuses(reply, 400, "InvalidIdentityToken", message, reason);
}

#[track_caller]
fn denied(reply: &Reply, reason: &str) {
    DEMO.refuses(reply, 403, "AccessDenied", DENIED, reason);
}

/// A role for one test, which trusts the issuer under a condition.
fn role_if(name: &str, condition: Value) -> String {
    DEMO.role(DEV, name, &trust_issuer(DEV, ISSUER.name(), condition))
}

/// A role for one test, which lets these actions be taken.
fn role_for(name: &str, actions: &[&str]) -> String {
    let provider = format!("arn:aws:iam::{DEV}:oidc-provider/{}", ISSUER.name());
    let statement =
        json!({ "Effect": "Allow", "Principal": { "Federated": provider }, "Action": actions });
    DEMO.role(DEV, name, &document(statement))
}

/// Whether a role that asks for this takes a token with these claims.
fn admits(name: &str, condition: Value, claims: &[(&str, Value)]) -> bool {
    let role = role_if(name, condition);
    let reply = DEMO.assume_with(&ISSUER.token(claims), &role, &[]);
    match reply.status {
        200 => true,
        _ => {
            denied(&reply, "trust.condition");
            false
        }
    }
}

fn key(claim: &str) -> String {
    format!("{}:{claim}", ISSUER.name())
}

// --- the good token -------------------------------------------------------------------------------------------------

#[test]
fn a_good_token_becomes_a_session() {
    let reply = spoiled(&[]);
    let session = reply.credentials();
    let mut text = reply.text().replace(&reply.reference(), "[request id]");
    let id = reply.xml("AssumedRoleId");
    for (value, name) in [
        (session.access_key_id.as_str(), "[access key id]"),
        (session.secret_access_key.expose(), "[secret access key]"),
        (
            session.session_token.as_ref().unwrap().expose(),
            "[session token]",
        ),
        (&reply.xml("Expiration"), "[expiration]"),
        (id.split_once(':').unwrap().0, "[role id]"),
        (ISSUER.name(), "[issuer]"),
    ] {
        text = text.replace(value, name);
    }
    insta::assert_snapshot!(text, @r#"
    <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
      <AssumeRoleWithWebIdentityResult>
        <SubjectFromWebIdentityToken>repo:acme/app:ref:refs/heads/main</SubjectFromWebIdentityToken>
        <Audience>sts.amazonaws.com</Audience>
        <AssumedRoleUser>
          <AssumedRoleId>[role id]:session</AssumedRoleId>
          <Arn>arn:aws:sts::111111111111:assumed-role/Anybody/session</Arn>
        </AssumedRoleUser>
        <Credentials>
          <AccessKeyId>[access key id]</AccessKeyId>
          <SecretAccessKey>[secret access key]</SecretAccessKey>
          <SessionToken>[session token]</SessionToken>
          <Expiration>[expiration]</Expiration>
        </Credentials>
        <PackedPolicySize>25</PackedPolicySize>
        <Provider>arn:aws:iam::111111111111:oidc-provider/[issuer]</Provider>
      </AssumeRoleWithWebIdentityResult>
      <ResponseMetadata>
        <RequestId>[request id]</RequestId>
      </ResponseMetadata>
    </AssumeRoleWithWebIdentityResponse>
    "#);
    assert_eq!(
        DEMO.who_is(&session),
        format!("arn:aws:sts::{DEV}:assumed-role/Anybody/session")
    );
}

#[test]
fn every_algorithm_of_the_reference_is_taken() {
    for algorithm in ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"] {
        let issuer = Issuer::start();
        let key = Key::new(algorithm, "key");
        issuer.publish(&[&key]);
        DEMO.provider(DEV, &issuer.url, &["sts.amazonaws.com"]);
        let trust = trust_issuer(DEV, issuer.name(), json!({}));
        let role = DEMO.role(DEV, &format!("With{algorithm}"), &trust);
        let reply = DEMO.assume_with(&key.sign(&issuer.claims()), &role, &[]);
        assert_eq!(reply.status, 200, "{algorithm}: {}", reply.text());
    }
}

#[test]
fn the_newline_at_the_end_of_a_token_file_does_no_harm() {
    let token = format!("{}\n", ISSUER.token(&[]));
    assert_eq!(DEMO.assume_with(&token, &ROLE, &[]).status, 200);
}

#[test]
fn a_signature_that_came_along_is_ignored() {
    let token = ISSUER.token(&[]);
    let fields = [
        ("RoleArn", ROLE.as_str()),
        ("RoleSessionName", "session"),
        ("WebIdentityToken", &token),
    ];
    let request = DEMO.sts("AssumeRoleWithWebIdentity", &fields);
    for authorization in ["garbage", "AWS4-HMAC-SHA256 Credential=x"] {
        let request = request.clone().header("authorization", authorization);
        assert_eq!(request.send().status, 200, "{authorization}");
    }
}

#[test]
fn a_session_may_outlive_its_token() {
    let role = DEMO.role_with(
        DEV,
        "Long",
        &trust_issuer(DEV, ISSUER.name(), json!({})),
        |role| {
            role.max_session_duration = 7200;
        },
    );
    let token = ISSUER.token(&[("exp", json!(now() + 60))]);
    let reply = DEMO.assume_with(&token, &role, &[("DurationSeconds", "7200")]);
    let asked = time::OffsetDateTime::from_unix_timestamp(now() + 7200).unwrap();
    assert_eq!(
        reply.xml("Expiration"),
        drawbridge::aws::xml::timestamp(asked)
    );
}

#[test]
fn a_session_may_not_outlive_what_the_role_allows() {
    let reply = DEMO.assume_with(&ISSUER.token(&[]), &ROLE, &[("DurationSeconds", "3601")]);
    let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    DEMO.refuses(&reply, 400, "ValidationError", message, "sts.duration.role");
}

// --- claims ---------------------------------------------------------------------------------------------------------

#[test]
fn the_first_missing_claim_is_named() {
    let required = ["iss", "sub", "aud", "iat", "exp"];
    for (place, claim) in required.iter().enumerate() {
        let gone: Vec<_> = required[place..]
            .iter()
            .map(|claim| (*claim, Value::Null))
            .collect();
        let message = format!("Missing a required claim: {claim}");
        invalid(&spoiled(&gone), &message, &format!("jwt.{claim}"));
    }
}

#[test]
fn a_numeric_subject_is_turned_into_text() {
    let reply = spoiled(&[("sub", json!(4711))]);
    assert_eq!(reply.xml("SubjectFromWebIdentityToken"), "4711");
}

#[test]
fn a_subject_that_can_be_none_is_refused() {
    for subject in [
        json!(""),
        json!("a\nb"),
        json!("x".repeat(256)),
        json!(["a"]),
        json!(1.5),
    ] {
        invalid(&spoiled(&[("sub", subject)]), NOT_A_JWT, "jwt.sub");
    }
    // `null` cannot be left in by `spoiled`.
    let claims = ISSUER
        .with(&[("sub", json!("@"))])
        .to_string()
        .replace("\"@\"", "null");
    let token = ISSUER.key.forge(&ISSUER.key.header(), &claims);
    invalid(&DEMO.assume_with(&token, &ROLE, &[]), NOT_A_JWT, "jwt.sub");
}

#[test]
fn an_audience_may_be_an_array_of_one() {
    let reply = spoiled(&[("aud", json!(["second"]))]);
    assert_eq!(reply.xml("Audience"), "second");
}

#[test]
fn an_audience_that_is_not_registered_is_refused() {
    for audience in [
        json!("other"),
        json!(""),
        json!("STS.amazonaws.com"),
        json!(["other"]),
    ] {
        let reply = spoiled(&[("aud", audience)]);
        invalid(&reply, "Incorrect token audience", "jwt.aud");
    }
}

#[test]
fn a_token_for_nobody_is_refused() {
    let reply = spoiled(&[("aud", json!([]))]);
    invalid(&reply, "Claim is not allowed to be empty: aud", "jwt.aud");
}

#[test]
fn several_audiences_need_an_authorized_party() {
    let several = ("aud", json!(["sts.amazonaws.com", "second"]));
    let message =
        "Token audience contains more than one audience while authorized party is not present";
    invalid(&spoiled(std::slice::from_ref(&several)), message, "jwt.azp");
    let reply = spoiled(&[several, ("azp", json!("second"))]);
    assert_eq!(reply.xml("Audience"), "second");
}

#[test]
fn an_authorized_party_alone_is_matched() {
    let elsewhere = ("aud", json!("other"));
    let reply = spoiled(&[elsewhere, ("azp", json!("second"))]);
    assert_eq!(reply.xml("Audience"), "second");
    for party in ["other", ""] {
        let reply = spoiled(&[("azp", json!(party))]);
        invalid(&reply, "Incorrect token audience", "jwt.azp");
    }
}

#[test]
fn a_provider_without_audiences_refuses_all() {
    let issuer = Issuer::start();
    DEMO.provider(DEV, &issuer.url, &[]);
    let role = DEMO.role(
        DEV,
        "NoAudience",
        &trust_issuer(DEV, issuer.name(), json!({})),
    );
    let reply = DEMO.assume_with(&issuer.token(&[]), &role, &[]);
    invalid(&reply, "Incorrect token audience", "jwt.aud");
}

// --- times ----------------------------------------------------------------------------------------------------------

#[test]
fn a_token_holds_until_five_minutes_after_its_end() {
    assert_eq!(spoiled(&[("exp", json!(now() - 299))]).status, 200);
    let (shifted, exp) = (now() - 300, now() - 300);
    let message = format!(
        "Token expired: current date/time {shifted} must be before the expiration date/time {exp}"
    );
    let reply = spoiled(&[("exp", json!(exp))]);
    DEMO.refuses(&reply, 400, "ExpiredTokenException", &message, "jwt.exp");
}

#[test]
fn a_token_holds_from_five_minutes_before_its_beginning() {
    assert_eq!(spoiled(&[("nbf", json!(now() + 300))]).status, 200);
    let (shifted, nbf) = (now() + 300, now() + 301);
    let message = format!(
        "Token not yet valid: current date/time {shifted} must be after or equal to the \
         not-before date/time {nbf}"
    );
    invalid(&spoiled(&[("nbf", json!(nbf))]), &message, "jwt.nbf");
}

#[test]
fn a_token_of_the_future_is_refused() {
    assert_eq!(spoiled(&[("iat", json!(now() + 300))]).status, 200);
    let iat = now() + 301;
    let message = format!("Token issued in the future: {iat}");
    invalid(&spoiled(&[("iat", json!(iat))]), &message, "jwt.iat");
}

#[test]
fn times_are_whole_json_numbers() {
    for claim in ["iat", "exp", "nbf"] {
        for time in [
            json!((now() + 60).to_string()),
            json!(now() as f64 + 0.5),
            json!("soon"),
            json!(-1),
            json!([now()]),
            json!(1_u64 << 53),
        ] {
            let reply = spoiled(&[(claim, time)]);
            invalid(
                &reply,
                "Invalid timestamp in token claims.",
                &format!("jwt.{claim}"),
            );
        }
    }
}

// --- the form -------------------------------------------------------------------------------------------------------

#[test]
fn what_is_no_signed_token_is_refused() {
    let good = ISSUER.token(&[]);
    let (input, signature) = good.rsplit_once('.').unwrap();
    let (header, claims) = input.split_once('.').unwrap();
    for text in [
        "an-opaque-access-token".to_owned(),
        format!("{header}.{claims}"),
        format!("{header}.{claims}."),
        format!("{good}.AAAA"),
        format!("{header}.{claims}.{signature}=="),
        format!("{header} .{claims}.{signature}"),
        format!(
            "{header}.{}.{signature}",
            STANDARD.encode("{\"a\":\"??>>\"}")
        ),
        format!("{header}.{}.{signature}", encode("[]")),
        format!("{header}.{}.{signature}", encode("{}{}")),
    ] {
        invalid(&DEMO.assume_with(&text, &ROLE, &[]), NOT_A_JWT, "jwt.form");
    }
}

#[test]
fn a_repeated_claim_is_refused() {
    let claims = ISSUER
        .claims()
        .to_string()
        .replacen('{', "{\"sub\":\"somebody-else\",", 1);
    let token = ISSUER.key.forge(&ISSUER.key.header(), &claims);
    invalid(&DEMO.assume_with(&token, &ROLE, &[]), NOT_A_JWT, "jwt.form");
}

#[test]
fn a_token_that_brings_its_own_key_or_rules_is_refused() {
    for (member, value, reason) in [
        ("crit", json!(["exp"]), "jwt.header"),
        ("jwk", ISSUER.key.jwk(), "jwt.header"),
        ("jku", json!(format!("{}/jwks", ISSUER.url)), "jwt.header"),
        ("x5u", json!("https://example.com/c"), "jwt.header"),
        ("x5c", json!(["MIIB"]), "jwt.header"),
        ("zip", json!("DEF"), "jwt.header"),
        ("b64", json!(false), "jwt.header"),
        ("kid", json!("k".repeat(257)), "jwt.header"),
        ("typ", json!("logout+jwt"), "jwt.typ"),
        ("typ", json!("at+jwt"), "jwt.typ"),
    ] {
        let mut header = ISSUER.key.header();
        header[member] = value;
        let token = ISSUER.key.forge(&header, &ISSUER.claims().to_string());
        invalid(&DEMO.assume_with(&token, &ROLE, &[]), NOT_A_JWT, reason);
    }
}

#[test]
fn a_token_over_the_limit_is_refused() {
    let token = ISSUER.token(&[("filling", json!("x".repeat(13_000)))]);
    invalid(&DEMO.assume_with(&token, &ROLE, &[]), NOT_A_JWT, "jwt.size");
    let reply = DEMO.assume_with(&"x".repeat(20_001), &ROLE, &[]);
    let message = "1 validation error detected: Value at 'webIdentityToken' failed to satisfy constraint: Member must \
         have length less than or equal to 20000";
    DEMO.refuses(&reply, 400, "ValidationError", message, "sts.validation");
}

// --- algorithms and keys --------------------------------------------------------------------------------------------

#[test]
fn an_unsigned_token_is_refused_however_it_is_spelled() {
    for name in ["none", "None", "NONE"] {
        let header = json!({ "alg": name, "kid": "one" });
        let token = ISSUER.key.forge(&header, &ISSUER.claims().to_string());
        invalid(&DEMO.assume_with(&token, &ROLE, &[]), NO_KEY, "jwt.alg");
    }
}

#[test]
fn a_public_key_is_no_hmac_secret() {
    let header = json!({ "alg": "HS256", "kid": "one" });
    let input = format!(
        "{}.{}",
        encode(header.to_string()),
        encode(ISSUER.claims().to_string())
    );
    for secret in [
        ISSUER.key.jwk().to_string(),
        String::new(),
        "sts.amazonaws.com".to_owned(),
    ] {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(input.as_bytes());
        let token = format!("{input}.{}", encode(mac.finalize().into_bytes()));
        invalid(&DEMO.assume_with(&token, &ROLE, &[]), NO_KEY, "jwt.alg");
    }
}

#[test]
fn an_algorithm_that_is_not_the_keys_is_refused() {
    let mut header = ISSUER.key.header();
    header["alg"] = json!("RS256");
    let token = ISSUER.key.forge(&header, &ISSUER.claims().to_string());
    invalid(&DEMO.assume_with(&token, &ROLE, &[]), NO_KEY, "jwt.key");
    let key = Key::new("PS256", "one");
    let reply = DEMO.assume_with(&key.sign(&ISSUER.claims()), &ROLE, &[]);
    invalid(&reply, NO_KEY, "jwt.alg");
}

#[test]
fn a_signature_by_another_key_is_refused() {
    let impostor = Key::new("ES256", "one");
    let reply = DEMO.assume_with(&impostor.sign(&ISSUER.claims()), &ROLE, &[]);
    invalid(&reply, NO_KEY, "jwt.signature");
}

#[test]
fn claims_under_the_signature_of_others_are_refused() {
    let (good, other) = (ISSUER.token(&[]), ISSUER.token(&[("sub", json!("root"))]));
    let (_, signature) = good.rsplit_once('.').unwrap();
    let (input, _) = other.rsplit_once('.').unwrap();
    let reply = DEMO.assume_with(&format!("{input}.{signature}"), &ROLE, &[]);
    invalid(&reply, NO_KEY, "jwt.signature");
}

#[test]
fn a_key_that_nobody_published_is_refused() {
    let unknown = Key::new("ES256", "unknown");
    let reply = DEMO.assume_with(&unknown.sign(&ISSUER.claims()), &ROLE, &[]);
    invalid(&reply, NO_KEY, "jwt.key");
}

/// An issuer of its own for a test that changes its keys, with a role for everybody it vouches for.
fn another_issuer(role: &str) -> (Issuer, String) {
    let issuer = Issuer::start();
    DEMO.provider(DEV, &issuer.url, &["sts.amazonaws.com"]);
    let role = DEMO.role(DEV, role, &trust_issuer(DEV, issuer.name(), json!({})));
    (issuer, role)
}

#[test]
fn a_token_without_a_key_id_needs_the_only_key() {
    let (issuer, role) = another_issuer("WithoutKeyId");
    for header in [
        json!({ "alg": "ES256" }),
        json!({ "alg": "ES256", "kid": "" }),
    ] {
        let token = issuer.key.forge(&header, &issuer.claims().to_string());
        assert_eq!(DEMO.assume_with(&token, &role, &[]).status, 200, "{header}");
    }
    let (issuer, role) = another_issuer("AmbiguousKey");
    issuer.publish(&[&issuer.key, &Key::new("ES256", "two")]);
    let token = issuer
        .key
        .forge(&json!({ "alg": "ES256" }), &issuer.claims().to_string());
    invalid(&DEMO.assume_with(&token, &role, &[]), NO_KEY, "jwt.key");
}

#[test]
fn a_rotated_key_is_fetched_at_once() {
    let (mut issuer, role) = another_issuer("Rotation");
    assert_eq!(DEMO.assume_with(&issuer.token(&[]), &role, &[]).status, 200);
    let old = issuer.token(&[]);
    issuer.key = Key::new("ES256", "two");
    issuer.publish(&[&issuer.key]);
    assert_eq!(DEMO.assume_with(&issuer.token(&[]), &role, &[]).status, 200);
    // What was withdrawn counts no more once that is known.
    invalid(&DEMO.assume_with(&old, &role, &[]), NO_KEY, "jwt.key");
}

#[test]
fn many_unknown_keys_cause_one_fetch() {
    let (issuer, role) = another_issuer("Flood");
    assert_eq!(DEMO.assume_with(&issuer.token(&[]), &role, &[]).status, 200);
    let before = issuer.hits();
    for i in 0..50 {
        let mut header = issuer.key.header();
        header["kid"] = json!(format!("random-{i}"));
        let token = issuer.key.forge(&header, &issuer.claims().to_string());
        invalid(&DEMO.assume_with(&token, &role, &[]), NO_KEY, "jwt.key");
    }
    assert!(
        issuer.hits() <= before + 1,
        "{} fetches",
        issuer.hits() - before
    );
    assert_eq!(DEMO.assume_with(&issuer.token(&[]), &role, &[]).status, 200);
}

// --- issuers --------------------------------------------------------------------------------------------------------

#[test]
fn an_unknown_issuer_is_refused_without_a_single_request() {
    let stranger = Issuer::start();
    let reply = DEMO.assume_with(&stranger.token(&[]), &ROLE, &[]);
    let message = format!(
        "No OpenIDConnect provider found in your account for https://{}",
        stranger.url
    );
    invalid(&reply, &message, "jwt.iss");
    assert_eq!(stranger.hits(), 0);
}

#[test]
fn an_issuer_is_compared_exactly() {
    for issuer in [
        format!("{}/", ISSUER.url),
        ISSUER.url.replace("127.0.0.1", "localhost"),
        ISSUER.url.replace("http://", "HTTP://"),
        ISSUER.name().to_owned(),
    ] {
        let reply = spoiled(&[("iss", json!(issuer))]);
        assert_eq!(DEMO.reason(&reply), "jwt.iss", "{issuer}");
        assert_eq!(reply.aws_error().1, "InvalidIdentityToken");
    }
}

#[test]
fn a_provider_of_another_account_does_not_count() {
    let role = DEMO.role(
        PROD,
        "Elsewhere",
        &trust_issuer(DEV, ISSUER.name(), json!({})),
    );
    let reply = DEMO.assume_with(&ISSUER.token(&[]), &role, &[]);
    assert_eq!(reply.aws_error().0, 400);
    assert_eq!(DEMO.reason(&reply), "jwt.iss");
}

#[test]
fn an_issuer_that_is_down_may_be_asked_again() {
    let (issuer, role) = another_issuer("Down");
    issuer.fail_with(503);
    let reply = DEMO.assume_with(&issuer.token(&[]), &role, &[]);
    let message = "Failed to communicate with your identity provider. Please try again.";
    DEMO.refuses(&reply, 400, "IDPCommunicationError", message, "jwt.key");
    let dead = "http://127.0.0.1:9";
    DEMO.provider(DEV, dead, &["sts.amazonaws.com"]);
    let reply = DEMO.assume_with(&issuer.token(&[("iss", json!(dead))]), &role, &[]);
    DEMO.refuses(&reply, 400, "IDPCommunicationError", message, "jwt.key");
}

#[test]
fn an_issuer_whose_answers_are_of_no_use_is_refused() {
    let (issuer, role) = another_issuer("NotFound");
    issuer.fail_with(404);
    invalid(
        &DEMO.assume_with(&issuer.token(&[]), &role, &[]),
        NO_KEY,
        "jwt.key",
    );
    let (issuer, role) = another_issuer("Garbage");
    issuer.serve("/jwks", json!({ "keys": "none" }));
    invalid(
        &DEMO.assume_with(&issuer.token(&[]), &role, &[]),
        NO_KEY,
        "jwt.key",
    );
    let (issuer, role) = another_issuer("Pretender");
    let document = json!({ "issuer": ISSUER.url, "jwks_uri": format!("{}/jwks", issuer.url) });
    issuer.serve("/.well-known/openid-configuration", document);
    invalid(
        &DEMO.assume_with(&issuer.token(&[]), &role, &[]),
        NO_KEY,
        "jwt.key",
    );
}

#[test]
fn an_issuer_that_fails_later_stops_nobody_whose_key_is_known() {
    let (issuer, role) = another_issuer("FailsLater");
    assert_eq!(DEMO.assume_with(&issuer.token(&[]), &role, &[]).status, 200);
    issuer.fail_with(500);
    assert_eq!(DEMO.assume_with(&issuer.token(&[]), &role, &[]).status, 200);
}

#[test]
fn keys_with_one_id_are_both_dropped() {
    let (issuer, role) = another_issuer("OneId");
    issuer.publish(&[&issuer.key, &Key::new("ES256", "one")]);
    invalid(
        &DEMO.assume_with(&issuer.token(&[]), &role, &[]),
        NO_KEY,
        "jwt.key",
    );
}

#[test]
fn a_key_for_encryption_does_not_verify() {
    let (issuer, role) = another_issuer("Encryption");
    for (member, value) in [("use", json!("enc")), ("key_ops", json!(["encrypt"]))] {
        let mut jwk = issuer.key.jwk();
        jwk[member] = value;
        issuer.serve("/jwks", json!({ "keys": [jwk] }));
        invalid(
            &DEMO.assume_with(&issuer.token(&[]), &role, &[]),
            NO_KEY,
            "jwt.key",
        );
    }
}

// --- the trust policy -----------------------------------------------------------------------------------------------

#[test]
fn a_role_that_trusts_somebody_else_looks_like_one_that_is_not_there() {
    let elsewhere = DEMO.role(
        DEV,
        "Elsewhere",
        &trust_issuer(DEV, "idp.example", json!({})),
    );
    let failing = role_if("Failing", json!({ "StringEquals": { key("sub"): "x" } }));
    let unknown = format!("arn:aws:iam::{DEV}:role/Nobody");
    let token = ISSUER.token(&[]);
    let reply = |role: &str| DEMO.assume_with(&token, role, &[]);
    let (elsewhere, failing, unknown) = (reply(&elsewhere), reply(&failing), reply(&unknown));
    denied(&elsewhere, "trust.no_match");
    denied(&failing, "trust.condition");
    denied(&unknown, "trust.no_role");
    assert_eq!(unknown.told(), elsewhere.told());
    assert_eq!(unknown.told(), failing.told());
}

#[test]
fn an_explicit_deny_wins() {
    let provider = format!("arn:aws:iam::{DEV}:oidc-provider/{}", ISSUER.name());
    let statement = |effect: &str| {
        json!({
            "Effect": effect, "Principal": { "Federated": provider },
            "Action": "sts:AssumeRoleWithWebIdentity",
        })
    };
    let both = document(json!([statement("Allow"), statement("Deny")]));
    let role = DEMO.role(DEV, "Denied", &both);
    denied(
        &DEMO.assume_with(&ISSUER.token(&[]), &role, &[]),
        "trust.denied",
    );
}

#[test]
fn everybody_of_aws_is_not_everybody_of_an_issuer() {
    let trust = document(json!({
        "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "sts:*",
    }));
    let role = DEMO.role(DEV, "EverybodyOfAws", &trust);
    denied(
        &DEMO.assume_with(&ISSUER.token(&[]), &role, &[]),
        "trust.no_match",
    );
}

#[test]
fn an_arn_that_is_no_roles_is_refused() {
    for arn in [
        "arn:aws:iam::111111111111:user/ann",
        "arn:aws:s3:::a-bucket-of-mine",
    ] {
        let reply = DEMO.assume_with(&ISSUER.token(&[]), arn, &[]);
        DEMO.refuses(
            &reply,
            400,
            "ValidationError",
            "Request ARN is invalid",
            "sts.arn",
        );
    }
}

#[test]
fn the_oauth_providers_have_tokens_of_their_own_kind() {
    let asked = |provider| DEMO.assume_with(&ISSUER.token(&[]), &ROLE, &[("ProviderId", provider)]);
    let message = "Provided Token is not a Login With Amazon token";
    invalid(&asked("www.amazon.com"), message, "sts.provider_id");
    let reply = asked("graph.facebook.com");
    assert_eq!(
        (reply.status, reply.xml("Code")),
        (403, "IDPRejectedClaim".to_owned())
    );
    denied(&asked("accounts.google.com"), "sts.provider_id");
}

// --- condition keys -------------------------------------------------------------------------------------------------

#[test]
fn the_registered_claims_are_condition_keys() {
    let condition = json!({ "StringEquals": {
        key("sub"): "repo:acme/app:ref:refs/heads/main",
        key("aud"): "second",
        key("azp"): "second",
        key("oaud"): ["a", "b"],
    }, "ForAllValues:StringEquals": { key("amr"): ["pwd", "otp"] }, "Null": { key("amr"): "false" } });
    let claims = [
        ("aud", json!(["a", "b"])),
        ("azp", json!("second")),
        ("amr", json!(["pwd", "otp"])),
    ];
    // `oaud` has two values here, so a set operator is wanted for it.
    assert!(!admits(
        "RegisteredStrict",
        condition.clone(),
        &[("aud", json!("second"))]
    ));
    let mut any = condition;
    any["StringEquals"]
        .as_object_mut()
        .unwrap()
        .remove(&key("oaud"));
    any["ForAnyValue:StringEquals"] = json!({ key("oaud"): "b" });
    assert!(admits("Registered", any, &claims));
}

#[test]
fn every_scalar_claim_is_a_condition_key() {
    let condition = json!({
        "StringEquals": { key("repository"): "acme/app", key("run"): "7" },
        "Bool": { key("protected"): "true" },
        "NumericLessThan": { key("attempt"): "3" },
    });
    let claims = [
        ("repository", json!("acme/app")),
        ("run", json!(7)),
        ("protected", json!(true)),
        ("attempt", json!(2)),
    ];
    assert!(admits("Scalars", condition.clone(), &claims));
    assert!(!admits("ScalarsMissing", condition, &claims[..3]));
}

#[test]
fn a_list_of_scalars_is_a_multivalued_condition_key() {
    let condition = json!({ "ForAnyValue:StringEquals": { key("groups"): "admins" } });
    let groups = |groups: Value| [("groups", groups)];
    assert!(admits(
        "Groups",
        condition.clone(),
        &groups(json!(["a", "admins"]))
    ));
    assert!(!admits(
        "OtherGroups",
        condition.clone(),
        &groups(json!(["a", "b"]))
    ));
    assert!(!admits(
        "NestedGroups",
        condition.clone(),
        &groups(json!([["admins"]]))
    ));
    assert!(!admits("NoGroups", condition, &[]));
}

#[test]
fn of_claims_that_differ_by_case_alone_neither_counts() {
    let condition = json!({ "StringEquals": { key("team"): "blue" } });
    let team = ("team", json!("blue"));
    assert!(admits(
        "Team",
        condition.clone(),
        std::slice::from_ref(&team)
    ));
    assert!(!admits("Teams", condition, &[team, ("Team", json!("red"))]));
    // As a condition key the long s is an s.
    let condition = json!({ "StringEquals": { key("groups"): "admins" } });
    let claims = [
        ("groups", json!("staff")),
        ("group\u{17f}", json!("admins")),
    ];
    assert!(!admits("LongS", condition, &claims));
}

#[test]
fn a_claim_cannot_stand_in_for_a_registered_one() {
    let condition = json!({ "StringEquals": { key("sub"): "root" } });
    for (role, name) in [("Upper", "SUB"), ("Title", "Sub")] {
        let spoiled = [(name, json!("root"))];
        assert!(!admits(role, condition.clone(), &spoiled));
    }
    let condition = json!({ "StringEquals": { key("aud"): "admin" } });
    assert!(!admits("ClaimAud", condition, &[("AUD", json!("admin"))]));
}

#[test]
fn claims_never_become_keys_of_aws() {
    let condition = json!({ "StringEquals": { "aws:PrincipalTag/admin": "yes" } });
    let claims = [
        ("aws:PrincipalTag/admin", json!("yes")),
        ("PrincipalTag/admin", json!("yes")),
    ];
    assert!(!admits("NoTag", condition, &claims));
    let condition = json!({ "StringEquals": { "aws:SourceIp": "10.0.0.1" } });
    assert!(!admits(
        "NoSourceIp",
        condition,
        &[("aws:SourceIp", json!("10.0.0.1"))]
    ));
}

#[test]
fn a_federated_caller_has_the_keys_that_were_recorded() {
    let provider = format!("arn:aws:iam::{DEV}:oidc-provider/{}", ISSUER.name());
    let condition = json!({
        "StringEquals": {
            "aws:PrincipalAccount": DEV,
            "aws:PrincipalType": "User",
            "aws:userid": provider,
            "sts:RoleSessionName": "session",
        },
        "IpAddress": { "aws:SourceIp": "127.0.0.1/32" },
        "Bool": { "aws:SecureTransport": "false" },
        "Null": { "aws:PrincipalArn": "true", "sts:ExternalId": "true", "aws:username": "true" },
    });
    assert!(admits("Recorded", condition, &[]));
}

#[test]
fn a_forwarding_header_changes_no_source_address() {
    let role = role_if(
        "Source",
        json!({ "IpAddress": { "aws:SourceIp": "10.1.2.3/32" } }),
    );
    let token = ISSUER.token(&[]);
    let fields = [
        ("RoleArn", role.as_str()),
        ("RoleSessionName", "session"),
        ("WebIdentityToken", &token),
    ];
    let request = DEMO.sts("AssumeRoleWithWebIdentity", &fields);
    let request = request
        .header("x-forwarded-for", "10.1.2.3")
        .header("x-real-ip", "10.1.2.3");
    denied(&request.send(), "trust.condition");
}

// --- what a token says to the STS itself ----------------------------------------------------------------------------

const TAGS: &str = "https://aws.amazon.com/tags";

fn tags(tags: Value, transitive: Value) -> (&'static str, Value) {
    (
        TAGS,
        json!({ "principal_tags": tags, "transitive_tag_keys": transitive }),
    )
}

#[test]
fn session_tags_need_leave_of_the_trust_policy() {
    let claims = [tags(json!({ "Team": ["eng"] }), json!(["Team"]))];
    denied(
        &DEMO.assume_with(&ISSUER.token(&claims), &ROLE, &[]),
        "trust.no_match",
    );
    let role = role_for(
        "Tagged",
        &["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
    );
    let reply = DEMO.assume_with(&ISSUER.token(&claims), &role, &[]);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let flat = [
        (
            "https://aws.amazon.com/tags/principal_tags/Team",
            json!("eng"),
        ),
        (
            "https://aws.amazon.com/tags/transitive_tag_keys",
            json!(["Team"]),
        ),
    ];
    assert_eq!(
        DEMO.assume_with(&ISSUER.token(&flat), &role, &[]).status,
        200
    );
}

#[test]
fn session_tags_are_condition_keys_of_the_request() {
    let provider = format!("arn:aws:iam::{DEV}:oidc-provider/{}", ISSUER.name());
    let trust = document(json!({
        "Effect": "Allow", "Principal": { "Federated": provider },
        "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
        "Condition": {
            "StringEquals": { "aws:RequestTag/Team": "eng" },
            "ForAllValues:StringEquals": { "aws:TagKeys": ["Team"], "sts:TransitiveTagKeys": ["Team"] },
        },
    }));
    let role = DEMO.role(DEV, "RequestTags", &trust);
    let with = |team: &str| [tags(json!({ "Team": [team] }), json!(["Team"]))];
    assert_eq!(
        DEMO.assume_with(&ISSUER.token(&with("eng")), &role, &[])
            .status,
        200
    );
    denied(
        &DEMO.assume_with(&ISSUER.token(&with("ops")), &role, &[]),
        "trust.condition",
    );
}

#[test]
fn malformed_tags_are_refused() {
    let message = "principal_tags passed in claim is not in correct format.";
    for claim in [
        tags(json!({ "Team": "eng" }), json!([])),
        tags(json!({ "Team": ["a", "b"] }), json!([])),
        tags(json!({ "Team": [7] }), json!([])),
        tags(json!(["Team"]), json!([])),
        tags(json!({ "": ["x"] }), json!([])),
        tags(json!({ "Team": ["x".repeat(257)] }), json!([])),
        tags(json!({ "Team": ["eng"] }), json!("Team")),
        (TAGS, json!("Team=eng")),
    ] {
        invalid(&spoiled(&[claim]), message, "sts.claims.tags");
    }
}

#[test]
fn tags_that_contradict_each_other_are_refused() {
    for (claim, reason) in [
        (
            tags(json!({ "Team": ["a"], "team": ["b"] }), json!([])),
            "sts.tags.duplicate",
        ),
        (
            tags(json!({ "Team": ["a"] }), json!(["Other"])),
            "sts.tags.transitive",
        ),
        (
            tags(json!({ "aws:Team": ["a"] }), json!([])),
            "sts.tags.reserved",
        ),
    ] {
        let reply = spoiled(&[claim]);
        assert_eq!(reply.aws_error().1, "InvalidParameterValue");
        assert_eq!(DEMO.reason(&reply), reason);
    }
}

const SOURCE_IDENTITY: &str = "https://aws.amazon.com/source_identity";

#[test]
fn a_source_identity_needs_leave_of_the_trust_policy() {
    let claims = [(SOURCE_IDENTITY, json!("alice"))];
    denied(
        &DEMO.assume_with(&ISSUER.token(&claims), &ROLE, &[]),
        "trust.no_match",
    );
    let role = role_for(
        "Sourced",
        &["sts:AssumeRoleWithWebIdentity", "sts:SetSourceIdentity"],
    );
    let reply = DEMO.assume_with(&ISSUER.token(&claims), &role, &[]);
    assert_eq!(reply.xml("SourceIdentity"), "alice");
}

#[test]
fn a_malformed_source_identity_is_refused() {
    let message = "Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with \"aws:\"";
    for text in [
        json!("a"),
        json!("aws:x"),
        json!("a b"),
        json!("é".repeat(3)),
        json!(["alice"]),
    ] {
        invalid(
            &spoiled(&[(SOURCE_IDENTITY, text)]),
            message,
            "sts.claims.source_identity",
        );
    }
}

const ROLES: &str = "https://aws.amazon.com/roles";

#[test]
fn an_issuer_may_limit_its_subject_to_roles() {
    let other = format!("arn:aws:iam::{DEV}:role/Other");
    for claim in [
        json!([*ROLE]),
        json!(format!("junk; {} ", *ROLE)),
        json!([other, *ROLE]),
    ] {
        assert_eq!(spoiled(&[(ROLES, claim)]).status, 200);
    }
    for (claim, message) in [
        (
            json!([other]),
            "The target role ARN is not present in the roles claim of the identity token",
        ),
        (
            json!(["junk"]),
            "The roles claim contains no valid role ARNs",
        ),
        (json!([]), "The roles claim contains no valid role ARNs"),
        (json!(7), "The roles claim is not in a supported format"),
        (json!([7]), "The roles claim is not in a supported format"),
    ] {
        invalid(&spoiled(&[(ROLES, claim)]), message, "sts.claims.roles");
    }
}

#[test]
fn a_trust_policy_can_ask_that_the_issuer_named_the_role() {
    let role = role_if(
        "ByIdp",
        json!({ "Bool": { "sts:RoleAuthorizedByIdp": "true" } }),
    );
    denied(
        &DEMO.assume_with(&ISSUER.token(&[]), &role, &[]),
        "trust.condition",
    );
    let token = ISSUER.token(&[(ROLES, json!([role]))]);
    assert_eq!(DEMO.assume_with(&token, &role, &[]).status, 200);
}

// --- session policies -----------------------------------------------------------------------------------------------

#[test]
fn a_malformed_session_policy_is_refused() {
    for policy in ["{", "[]", r#"{"Statement":[]"#] {
        let reply = DEMO.assume_with(&ISSUER.token(&[]), &ROLE, &[("Policy", policy)]);
        let (status, code, _) = reply.aws_error();
        assert_eq!(
            (status, code.as_str()),
            (400, "MalformedPolicyDocument"),
            "{policy}"
        );
        assert_eq!(DEMO.reason(&reply), "sts.policy");
    }
}

#[test]
fn a_session_policy_over_the_limit_is_refused() {
    let policy = format!(
        "{{\"Version\":\"2012-10-17\",\"Statement\":[]{}}}",
        " ".repeat(2048)
    );
    let reply = DEMO.assume_with(&ISSUER.token(&[]), &ROLE, &[("Policy", &policy)]);
    let (status, code, message) = reply.aws_error();
    assert_eq!((status, code.as_str()), (400, "ValidationError"));
    assert!(
        message.ends_with("Member must have length less than or equal to 2048"),
        "{message}"
    );
}

#[test]
fn a_managed_session_policy_must_exist() {
    let arn = format!("arn:aws:iam::{DEV}:policy/Nothing");
    let reply = DEMO.assume_with(
        &ISSUER.token(&[]),
        &ROLE,
        &[("PolicyArns.member.1.arn", &arn)],
    );
    let message = format!("Policy {arn} does not exist or is not attachable.");
    DEMO.refuses(
        &reply,
        400,
        "MalformedPolicyDocument",
        &message,
        "sts.policy",
    );
}
