//! Sources that are refused too often.
//!
//! Tests come from one address and say through a proxy's header which other one they speak for. Failures are forgiven by
//! the real clock, one each second: a test that fails faster than that gets there.

use std::time::{Duration, Instant};

use drawbridge::clock::{Clock, SystemRandom};
use drawbridge::sigv4::Credentials;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::desk::AUDIENCE;
use crate::harness::http::{Reply, Request};
use crate::harness::iam::trust_issuer;
use crate::harness::issuer::Issuer;
use crate::harness::{Broker, DEV, RUNTIME};

/// Failures that a source may have here.
const MOST: usize = 4;

/// A broker that puts up with little, behind a proxy.
fn strict(more: &str) -> Broker {
    Broker::configured(&format!(
        "[server]\ntrusted_proxies = [\"127.0.0.0/8\"]\n\
         [limits]\nfailures = {MOST}\nfailures_per_second = 1\n{more}"
    ))
}

/// A broker that takes an issuer's tokens, and a role that admits them.
fn with_issuers() -> (Broker, Issuer, Issuer) {
    let (one, other) = (Issuer::start(), Issuer::start());
    let entry = |issuer: &Issuer| {
        format!(
            "[[ci]]\nissuer = \"{}\"\naudience = \"{AUDIENCE}\"\n",
            issuer.url
        )
    };
    let broker = strict(&(entry(&one) + &entry(&other)));
    broker.role(DEV, "One", &trust_issuer(DEV, one.name(), json!({})));
    broker.role(DEV, "Other", &trust_issuer(DEV, other.name(), json!({})));
    (broker, one, other)
}

trait From {
    /// The request as it comes through the proxy from this address.
    fn from(self, source: &str) -> Request;
}

impl From for Request {
    fn from(self, source: &str) -> Request {
        self.with("x-forwarded-for", source)
    }
}

fn nobody() -> Credentials {
    Credentials {
        access_key_id: "AKIAQAAAAAAAAAAAAAAA".to_owned(),
        secret_access_key: "secret".to_owned().into(),
        session_token: None,
    }
}

/// A request whose key nobody has.
fn unknown_key(broker: &Broker, source: &str) -> Request {
    broker
        .signed(&nobody(), "GetCallerIdentity", &[])
        .from(source)
}

/// Sends a request until it is refused unseen, which must not take long.
#[track_caller]
fn exhaust(request: impl Fn() -> Request) -> Reply {
    let is_unseen = |reply: &Reply| reply.status == 429 || reply.text().contains("Throttling");
    let mut replies = (0..50 * MOST).map(|_| request().send());
    replies.find(is_unseen).unwrap()
}

#[track_caller]
fn is_throttling(reply: &Reply) {
    let expected = (400, "Throttling".to_owned(), "Rate exceeded".to_owned());
    assert_eq!(reply.aws_error(), expected);
    assert_eq!(reply.header("retry-after"), "1");
}

/// A signer who may do nothing.
fn signer(broker: &Broker) -> Credentials {
    broker.user(DEV, "signer", None)
}

fn events_named(broker: &Broker, name: &str) -> Vec<Value> {
    let trail = broker.trail();
    let events = trail.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["event"].clone()
    });
    events.filter(|event| event["eventName"] == name).collect()
}

#[test]
fn a_source_that_fails_too_often_is_refused_and_others_go_on() {
    let broker = strict("");
    let signer = signer(&broker);
    let good = |source: &str| {
        let request = broker.signed(&signer, "GetCallerIdentity", &[]);
        request.from(source).send()
    };
    for _ in 0..MOST {
        let reply = unknown_key(&broker, "192.0.2.1").send();
        assert_eq!(reply.aws_error().1, "InvalidClientTokenId");
    }
    is_throttling(&exhaust(|| unknown_key(&broker, "192.0.2.1")));
    // A key that holds is served all the same: who shares an address with a stranger is not shut out by him.
    for _ in 0..3 * MOST {
        unknown_key(&broker, "192.0.2.1").send();
        assert_eq!(good("192.0.2.1").status, 200);
    }
    is_throttling(&exhaust(|| unknown_key(&broker, "192.0.2.1")));
    assert_eq!(good("192.0.2.2").status, 200);
    // It is forgiven.
    let forgiven = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        let reply = unknown_key(&broker, "192.0.2.1").send();
        reply.aws_error().1 == "InvalidClientTokenId"
    });
    assert!(forgiven);
}

#[test]
fn a_throttled_answer_is_json_to_whoever_asks_for_json() {
    let broker = strict("");
    let reply = exhaust(|| unknown_key(&broker, "192.0.2.1").header("accept", "application/json"));
    assert_eq!(reply.json()["Error"]["Code"], "Throttling");
}

#[test]
fn refusing_unseen_is_quick_and_looks_nothing_up() {
    let (broker, one, _) = with_issuers();
    let token = one.token(&[("aud", json!("somebody else"))]);
    let ask = || {
        broker
            .get("/v1/creds/dev/One")
            .bearer(&token)
            .from("192.0.2.1")
    };
    exhaust(ask);
    let (hits, started) = (one.hits(), Instant::now());
    let unseen = (0..40).filter(|_| ask().send().status == 429).count();
    let each = started.elapsed() / 40;
    assert!(unseen > 20, "{unseen}");
    assert!(each < Duration::from_millis(50), "{each:?}");
    assert_eq!(one.hits(), hits);
}

#[test]
fn a_network_of_ipv6_is_one_source() {
    let broker = strict("");
    let mut host = 0;
    exhaust_each(&broker, || {
        host += 1;
        format!("2001:db8::{host:x}")
    });
    let elsewhere = unknown_key(&broker, "2001:db8:0:1::1").send();
    assert_eq!(elsewhere.aws_error().1, "InvalidClientTokenId");
}

/// Fails from one address after the other until one is refused unseen.
fn exhaust_each(broker: &Broker, mut source: impl FnMut() -> String) {
    let mut replies = (0..50 * MOST).map(|_| unknown_key(broker, &source()).send());
    let unseen = replies.any(|reply| reply.aws_error().1 == "Throttling");
    assert!(unseen);
}

#[test]
fn what_a_verified_caller_may_not_do_is_no_failure() {
    let broker = strict("");
    let signer = signer(&broker);
    for _ in 0..10 * MOST {
        let request = broker.signed(&signer, "GetFederationToken", &[("Name", "some")]);
        let reply = request.from("192.0.2.1").send();
        assert_eq!(reply.aws_error().1, "AccessDenied");
    }
}

#[test]
fn a_verified_token_that_a_role_does_not_admit_is_no_failure() {
    let (broker, one, _) = with_issuers();
    let token = one.token(&[("aud", json!(AUDIENCE))]);
    for _ in 0..3 * MOST {
        let request = broker.get("/v1/creds/dev/Other").bearer(&token);
        let reply = request.from("192.0.2.1").send();
        assert_eq!(reply.status, 403, "{}", reply.text());
        assert_eq!(broker.events(&reply.reference()).len(), 1);
    }
}

#[test]
fn what_is_granted_is_no_failure() {
    let (broker, one, _) = with_issuers();
    for _ in 0..5 * MOST {
        let token = one.token(&[("aud", json!(AUDIENCE))]);
        let request = broker.get("/v1/creds/dev/One").bearer(&token);
        assert_eq!(request.from("192.0.2.1").send().status, 200);
    }
}

/// Refused without a word about tokens or roles, at every door that takes evidence.
#[track_caller]
fn is_too_many(reply: &Reply) {
    assert_eq!(reply.status, 429);
    assert_eq!(reply.header("retry-after"), "1");
    assert_eq!(reply.json()["error"], "too_many_requests");
    assert_eq!(reply.json()["reason"], "throttled");
}

#[test]
fn the_doors_for_tokens_answer_429_in_json() {
    let (broker, _, _) = with_issuers();
    let creds = |source: &str| broker.get("/v1/creds/dev/One").bearer("x").from(source);
    is_too_many(&exhaust(|| creds("192.0.2.1")));
    let token = || {
        broker
            .post("/oauth2/token")
            .form(&[("a", "b")])
            .from("192.0.2.2")
    };
    is_too_many(&exhaust(token));
    let explain = || broker.post("/v1/explain").bearer("x").from("192.0.2.3");
    is_too_many(&exhaust(explain));
    // A failure at one door is a failure at all.
    exhaust(|| creds("192.0.2.4"));
    is_throttling(&exhaust(|| {
        creds("192.0.2.4").send();
        unknown_key(&broker, "192.0.2.4")
    }));
}

#[test]
fn callbacks_of_sign_in_answer_429_with_a_page() {
    let issuer = Issuer::start();
    let broker = strict(&format!(
        "[[idp]]\nid = \"people\"\nkind = \"oidc\"\nname = \"People\"\nissuer = \"{}\"\nclient_id = \"client\"\n",
        issuer.url
    ));
    let callback = || {
        broker
            .get("/oidc/people/callback?code=x&state=y")
            .from("192.0.2.1")
    };
    assert_eq!(callback().send().status, 403);
    let reply = exhaust(callback);
    assert!(reply.header("content-type").starts_with("text/html"));
    assert!(reply.text().contains("Too many attempts"));
    assert_eq!(reply.header("retry-after"), "1");
    // People who are signed in, or about to be, are not kept out.
    assert_eq!(broker.get("/").from("192.0.2.1").send().status, 200);
}

#[test]
fn beginning_to_sign_in_is_a_door_too() {
    let broker = strict("");
    let unknown = || broker.get("/login/nobody").from("192.0.2.1");
    assert_eq!(unknown().send().status, 404);
    assert_eq!(exhaust(unknown).header("retry-after"), "1");
}

#[test]
fn the_sign_in_endpoint_of_the_console_is_a_door_too() {
    let broker = strict("");
    let link = || {
        broker
            .get("/federation?Action=login&SigninToken=x")
            .from("192.0.2.1")
    };
    assert_eq!(link().send().status, 403);
    assert_eq!(exhaust(link).header("retry-after"), "1");
}

#[test]
fn failures_with_one_issuer_keep_its_neighbours_in() {
    let (broker, one, other) = with_issuers();
    let creds = |issuer: &Issuer, role: &str, audience: &str| {
        let token = issuer.token(&[("aud", json!(audience))]);
        let path = format!("/v1/creds/dev/{role}");
        broker.get(&path).bearer(&token).from("192.0.2.1")
    };
    let fail = || creds(&one, "One", "somebody else");
    assert_eq!(fail().send().status, 401);
    is_too_many(&exhaust(fail));
    // A good token of that issuer is good all the same.
    fail().send();
    assert_eq!(creds(&one, "One", AUDIENCE).send().status, 200);
    assert_eq!(creds(&other, "Other", AUDIENCE).send().status, 200);
    let signed = unknown_key(&broker, "192.0.2.1").send();
    assert_eq!(signed.aws_error().1, "InvalidClientTokenId");
    // The same at the STS, which counts with the same door's numbers.
    let role = format!("arn:aws:iam::{DEV}:role/One");
    let token = one.token(&[("aud", json!("somebody else"))]);
    let params = [
        ("RoleArn", &*role),
        ("RoleSessionName", "session"),
        ("WebIdentityToken", &*token),
    ];
    let sts = || {
        broker
            .sts("AssumeRoleWithWebIdentity", &params)
            .from("192.0.2.1")
    };
    is_throttling(&exhaust(sts));
}

#[test]
fn tokens_of_unknown_issuers_count_for_their_source() {
    let (broker, _, _) = with_issuers();
    let stranger = Issuer::start();
    let mut number = 0;
    let mut fail = || {
        number += 1;
        let token = stranger.token(&[("iss", json!(format!("https://{number}.example")))]);
        let request = broker.get("/v1/creds/dev/One").bearer(&token);
        request.from("192.0.2.1").send()
    };
    assert!((0..50 * MOST).any(|_| fail().status == 429));
}

#[test]
fn what_is_refused_unseen_is_told_once_with_a_count() {
    let broker = strict("");
    let mut unseen = 0;
    for _ in 0..10 * MOST {
        let reply = unknown_key(&broker, "192.0.2.1").send();
        unseen += u64::from(reply.aws_error().1 == "Throttling");
    }
    exhaust(|| unknown_key(&broker, "2001:db8::1"));
    let app = &broker.app;
    let seen = events_named(&broker, "GetCallerIdentity");
    let of_first = seen
        .iter()
        .filter(|event| event["sourceIPAddress"] == "192.0.2.1");
    assert_eq!(of_first.count() as u64, 10 * MOST as u64 - unseen);
    assert!(unseen > 0);
    app.throttle.tell(&app.audit, &*app.clock, &SystemRandom);
    app.throttle.tell(&app.audit, &*app.clock, &SystemRandom);
    let told = events_named(&broker, "RequestsThrottled");
    assert_eq!(told.len(), 2, "{told:#?}");
    assert_eq!(told[0]["sourceIPAddress"], "192.0.2.1");
    assert_eq!(told[0]["errorCode"], "Throttling");
    let extra = json!({ "reason": "throttled", "detail": { "requests": unseen } });
    assert_eq!(told[0]["additionalEventData"], extra);
    assert_eq!(told[1]["sourceIPAddress"], "2001:db8::/64");
    assert_eq!(app.throttle.refused(), unseen + 1);
}

#[test]
fn a_refusal_by_issuer_leaves_no_event_of_its_own() {
    let (broker, one, _) = with_issuers();
    let token = one.token(&[("aud", json!("somebody else"))]);
    let reply = exhaust(|| {
        broker
            .get("/v1/creds/dev/One")
            .bearer(&token)
            .from("192.0.2.1")
    });
    assert!(broker.events(&reply.reference()).is_empty());
}

#[test]
fn nodes_count_together() {
    let directory = TempDir::new().unwrap();
    let shared = format!(
        "[store]\nurl = \"sqlite://{0}/store.db\"\n[keys]\nfile = \"{0}/keys\"\n",
        directory.path().display()
    );
    let (one, two) = (strict(&shared), strict(&shared));
    let settle = |broker: &Broker| {
        let app = &broker.app;
        let now_ms = broker.clock.unix() * 1000;
        let settled = app.throttle.settle(&app.store, Instant::now(), now_ms);
        RUNTIME.block_on(settled).unwrap();
    };
    exhaust(|| unknown_key(&one, "192.0.2.1"));
    settle(&one);
    // The other has seen one failure, and learns of the rest.
    let first = unknown_key(&two, "192.0.2.1").send();
    assert_eq!(first.aws_error().1, "InvalidClientTokenId");
    settle(&two);
    is_throttling(&unknown_key(&two, "192.0.2.1").send());
    let elsewhere = unknown_key(&two, "192.0.2.2").send();
    assert_eq!(elsewhere.aws_error().1, "InvalidClientTokenId");
}

#[test]
fn a_store_that_is_down_does_not_stop_the_counting() {
    let broker = strict("");
    RUNTIME.block_on(broker.app.store.close());
    is_throttling(&exhaust(|| {
        broker.post("/").form(&[("Action", "x")]).from("192.0.2.1")
    }));
}
