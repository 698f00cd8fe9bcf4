//! Tokens of our own: who gets one, what it says, and that others can verify it with what we publish.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use drawbridge::sigv4::Credentials;
use serde_json::{Value, json};

use crate::harness::http::Reply;
use crate::harness::iam::allow;
use crate::harness::{Broker, DEV, PROD};

static DEMO: LazyLock<Broker> = LazyLock::new(|| {
    let demo = Broker::demo();
    demo.iam_ok(demo.root(DEV), "EnableOutboundWebIdentityFederation", &[]);
    demo
});

const PLAIN: [(&str, &str); 2] = [
    ("Audience.member.1", "https://api.example"),
    ("SigningAlgorithm", "ES384"),
];

fn token(who: &Credentials, params: &[(&str, &str)]) -> Reply {
    DEMO.signed(who, "GetWebIdentityToken", params).send()
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn permitted(name: &str) -> Credentials {
    let policy = allow(
        &["sts:GetWebIdentityToken", "sts:TagGetWebIdentityToken"],
        &["*"],
    );
    DEMO.user(DEV, name, Some(&policy))
}

#[test]
fn a_token_says_who_the_caller_is() {
    let mut params = PLAIN.to_vec();
    params.push(("Tags.member.1.Key", "Job"));
    params.push(("Tags.member.1.Value", "7"));
    let reply = token(&permitted("token-user"), &params);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let claims = part(&reply.xml("WebIdentityToken"), 1);
    let arn = format!("arn:aws:iam::{DEV}:user/token-user");
    assert_eq!(claims["iss"], DEMO.absolute(""));
    assert_eq!(claims["sub"], arn);
    assert_eq!(claims["aud"], "https://api.example");
    let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(life, 300);
    let ours = &claims["https://sts.amazonaws.com/"];
    assert_eq!(ours["aws_account"], DEV);
    assert_eq!(ours["request_tags"], json!({ "Job": "7" }));
    assert!(claims.get("nbf").is_none());
}

#[test]
fn the_published_keys_verify_it_with_either_algorithm() {
    let metadata = DEMO.get("/.well-known/openid-configuration").send().json();
    assert_eq!(metadata["issuer"], DEMO.absolute(""));
    assert_eq!(metadata["jwks_uri"], DEMO.absolute("/oauth2/jwks"));
    let claims = metadata["claims_supported"].as_array().unwrap();
    assert!(claims.contains(&json!("https://sts.amazonaws.com/")));
    let user = permitted("token-keys");
    for algorithm in ["RS256", "ES384"] {
        let params = [("Audience.member.1", "a"), ("SigningAlgorithm", algorithm)];
        let token = token(&user, &params).xml("WebIdentityToken");
        let header = part(&token, 0);
        assert_eq!(header["alg"], algorithm);
        let set = DEMO.get("/oauth2/jwks").send().json();
        let keys = set["keys"].as_array().unwrap();
        let key = keys.iter().find(|key| key["kid"] == header["kid"]);
        assert!(verifies(key.unwrap(), &token), "{algorithm}");
    }
}

/// Verifies with the crypto library alone, from the JWK's numbers.
fn verifies(key: &Value, token: &str) -> bool {
    use aws_lc_rs::signature::{
        ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
        UnparsedPublicKey,
    };
    let number = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    match key["kty"].as_str().unwrap() {
        "RSA" => {
            let (n, e) = (number("n"), number("e"));
            let key = RsaPublicKeyComponents { n: &n, e: &e };
            let rule = &RSA_PKCS1_2048_8192_SHA256;
            key.verify(rule, message.as_bytes(), &signature).is_ok()
        }
        _ => {
            let point = [vec![4], number("x"), number("y")].concat();
            let key = UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point);
            key.verify(message.as_bytes(), &signature).is_ok()
        }
    }
}

#[test]
fn a_session_of_a_role_is_its_role() {
    let role = format!("arn:aws:iam::{DEV}:role/Administrators");
    let policy = allow(&["sts:GetWebIdentityToken"], &["*"]);
    let trust = crate::harness::iam::trust(json!({ "AWS": DEV }), json!({}));
    DEMO.role(DEV, "Administrators", &trust);
    DEMO.role_policy(DEV, "Administrators", &policy);
    let session = DEMO.session_of(&role, |_| {});
    let reply = token(&session, &PLAIN);
    assert_eq!(part(&reply.xml("WebIdentityToken"), 1)["sub"], role);
}

#[test]
fn a_token_never_outlives_the_session_that_asks() {
    let policy = allow(&["sts:GetWebIdentityToken"], &["*"]);
    let trust = crate::harness::iam::trust(json!({ "AWS": DEV }), json!({}));
    let role = DEMO.role(DEV, "ShortLived", &trust);
    DEMO.role_policy(DEV, "ShortLived", &policy);
    let session = DEMO.session_of(&role, |session| {
        session.expires_at = session.issued_at + 200;
    });
    let reply = token(&session, &PLAIN);
    let message = "Requested token expiry time must be before the original session's expiry time.";
    let code = "SessionDurationEscalationException";
    DEMO.refuses(&reply, 403, code, message, "sts.outbound.duration");
    let mut params = PLAIN.to_vec();
    params.push(("DurationSeconds", "100"));
    assert_eq!(token(&session, &params).status, 200);
}

#[test]
fn asking_needs_a_permission_and_tagging_another() {
    let user = DEMO.user(DEV, "token-nobody", None);
    let reply = token(&user, &PLAIN);
    let message = format!(
        "User: arn:aws:iam::{DEV}:user/token-nobody is not authorized to perform: \
         sts:GetWebIdentityToken on resource: arn:aws:sts::{DEV}:self because no identity-based \
         policy allows the sts:GetWebIdentityToken action"
    );
    DEMO.refuses(&reply, 403, "AccessDenied", &message, "policy.no_match");
    let policy = allow(&["sts:GetWebIdentityToken"], &["*"]);
    let user = DEMO.user(DEV, "token-untagged", Some(&policy));
    let mut params = PLAIN.to_vec();
    params.push(("Tags.member.1.Key", "Job"));
    params.push(("Tags.member.1.Value", "7"));
    let (_, _, message) = token(&user, &params).aws_error();
    assert!(message.contains("sts:TagGetWebIdentityToken"), "{message}");
}

#[test]
fn the_audience_is_a_condition_key() {
    let policy = crate::harness::iam::document(json!({
        "Effect": "Allow",
        "Action": "sts:GetWebIdentityToken",
        "Resource": "*",
        "Condition": { "ForAllValues:StringEquals": { "sts:IdentityTokenAudience": "https://api.example" } },
    }));
    let user = DEMO.user(DEV, "token-audience", Some(&policy));
    assert_eq!(token(&user, &PLAIN).status, 200);
    let other = [("Audience.member.1", "https://other.example"), PLAIN[1]];
    assert_eq!(token(&user, &other).status, 403);
}

#[test]
fn an_account_that_did_not_switch_it_on_gets_none() {
    let reply = token(DEMO.root(PROD), &PLAIN);
    let message = "OutboundWebIdentityFederation is disabled.";
    let code = "OutboundWebIdentityFederationDisabledException";
    DEMO.refuses(&reply, 403, code, message, "sts.outbound.disabled");
}

#[test]
fn a_session_says_when_it_ends_and_who_is_behind_it() {
    let trust = crate::harness::iam::trust(json!({ "AWS": DEV }), json!({}));
    let role = DEMO.role(DEV, "TokenSource", &trust);
    let policy = allow(&["sts:GetWebIdentityToken"], &["*"]);
    DEMO.role_policy(DEV, "TokenSource", &policy);
    let mut ends = 0;
    let session = DEMO.session_of(&role, |session| {
        session.source_identity = Some("alice".to_owned());
        ends = session.expires_at;
    });
    let claims = part(&token(&session, &PLAIN).xml("WebIdentityToken"), 1);
    let ours = &claims["https://sts.amazonaws.com/"];
    assert_eq!(ours["source_identity"], "alice");
    let ends = time::OffsetDateTime::from_unix_timestamp(ends).unwrap();
    let ends = ends.format(&time::format_description::well_known::Rfc3339);
    assert_eq!(ours["original_session_exp"], ends.unwrap());
    let lasting = part(&token(DEMO.root(DEV), &PLAIN).xml("WebIdentityToken"), 1);
    let lasting = &lasting["https://sts.amazonaws.com/"];
    assert!(lasting.get("original_session_exp").is_none(), "{lasting}");
}

#[test]
fn a_token_ends_at_a_millisecond() {
    let reply = token(&permitted("token-millis"), &PLAIN);
    let until = reply.xml("Expiration");
    let (_, fraction) = until.rsplit_once('.').unwrap();
    assert_eq!(fraction.len(), "000Z".len(), "{until}");
}

#[test]
fn a_federated_user_gets_none() {
    let all = allow(&["sts:*"], &["*"]);
    let user = DEMO.user(DEV, "token-federator", Some(&all));
    let params = [("Name", "probe"), ("Policy", all.as_str())];
    let federated = DEMO.signed(&user, "GetFederationToken", &params).send();
    let reply = token(&federated.credentials(), &PLAIN);
    let message = "GetWebIdentityToken does not support federated user sessions";
    DEMO.refuses(
        &reply,
        403,
        "AccessDenied",
        message,
        "sts.outbound.federated",
    );
}

#[test]
fn a_policy_may_name_the_caller_itself() {
    let itself = format!("arn:aws:sts::{DEV}:self");
    let user = DEMO.user(
        DEV,
        "token-itself",
        Some(&allow(&["sts:GetWebIdentityToken"], &[&itself])),
    );
    assert_eq!(token(&user, &PLAIN).status, 200);
}

#[test]
fn a_denial_names_the_kind_of_policy() {
    let denied = crate::harness::iam::document(json!([
        { "Effect": "Allow", "Action": "sts:*", "Resource": "*" },
        { "Effect": "Deny", "Action": "sts:GetWebIdentityToken", "Resource": "*" },
    ]));
    let user = DEMO.user(DEV, "token-denied", Some(&denied));
    let message = format!(
        "User: arn:aws:iam::{DEV}:user/token-denied is not authorized to perform: \
         sts:GetWebIdentityToken on resource: arn:aws:sts::{DEV}:self with an explicit deny in an \
         identity-based policy"
    );
    DEMO.refuses(
        &token(&user, &PLAIN),
        403,
        "AccessDenied",
        &message,
        "policy.denied",
    );
}

#[test]
fn tags_of_a_token_may_carry_any_name() {
    let mut params = PLAIN.to_vec();
    params.push(("Tags.member.1.Key", "aws:test"));
    params.push(("Tags.member.1.Value", "reserved"));
    let reply = token(&permitted("token-reserved"), &params);
    let claims = part(&reply.xml("WebIdentityToken"), 1);
    let tags = &claims["https://sts.amazonaws.com/"]["request_tags"];
    assert_eq!(*tags, json!({ "aws:test": "reserved" }));
    params.push(("Tags.member.2.Key", "AWS:test"));
    params.push(("Tags.member.2.Value", "x"));
    let reply = token(&permitted("token-twice"), &params);
    let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
    DEMO.refuses(
        &reply,
        400,
        "InvalidParameterValue",
        message,
        "sts.tags.duplicate",
    );
}

#[test]
fn the_algorithm_is_one_of_two() {
    let user = permitted("token-algorithm");
    let params = [PLAIN[0], ("SigningAlgorithm", "HS256")];
    let message = "Requested SigningAlgorithm is not supported. See the GetWebIdentityToken \
                   documentation for supported algorithms";
    let (status, code, told) = token(&user, &params).aws_error();
    assert_eq!(
        (status, code.as_str(), told.as_str()),
        (400, "ValidationError", message)
    );
}
