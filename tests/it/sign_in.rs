//! `/login/{idp}` and `/oidc/{idp}/callback`: off to an identity provider, and back.

use std::sync::{LazyLock, Mutex, PoisonError};

use drawbridge::clock::Clock;
use serde_json::{Value, json};

use crate::harness::Broker;
use crate::harness::browser::{Browser, parameter};
use crate::harness::http::Reply;
use crate::harness::issuer::{Issuer, Key, encode};

static DEMO: LazyLock<Broker> = LazyLock::new(Broker::demo);

/// Holds a refused sign-in against what it must be, and that it signed nobody in.
#[track_caller]
fn refused(broker: &Broker, browser: &mut Browser, reply: &Reply, status: u16, reason: &str) {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert!(reply.header("content-type").starts_with("text/html"));
    assert_eq!(broker.reason(reply), reason);
    let front = browser.get(&broker.absolute("/"));
    assert!(
        front.text().contains("Sign in with"),
        "somebody is signed in"
    );
}

/// A sign-in of `ann` at the demo's provider, up to the callback that was not followed yet.
fn on_the_way_back() -> (Browser, String) {
    let mut browser = Browser::new();
    let callback = browser.authenticate(&DEMO, "/login/acme", "ann");
    (browser, callback)
}

/// The callback with one parameter changed, or (`None`) left out.
fn with(callback: &str, name: &str, value: Option<&str>) -> String {
    let mut url = url::Url::parse(callback).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    url.query_pairs_mut().clear();
    for (known, old) in pairs {
        match value {
            _ if known != name => drop(url.query_pairs_mut().append_pair(&known, &old)),
            Some(new) => drop(url.query_pairs_mut().append_pair(name, new)),
            None => {}
        }
    }
    url.to_string()
}

// --- the way through ------------------------------------------------------------------------------------------------

#[test]
fn each_person_signs_in_and_sees_their_roles() {
    for (person, offered, not_offered) in [
        (
            "ann",
            &["dev/Developer", "prod/ReadOnly", "prod/Administrator"][..],
            "dev/Support",
        ),
        ("bob", &["dev/Support"], "dev/Developer"),
        ("eve", &[], "dev/Developer"),
    ] {
        let mut browser = Browser::new();
        let done = browser.sign_in(&DEMO, person);
        assert_eq!(done.header("location"), "/");
        let page = browser.get(&DEMO.absolute("/"));
        let alias = |name: &str| page.text().contains(&format!("data-alias=\"{name}\""));
        assert!(offered.iter().all(|name| alias(name)), "{person}");
        assert!(!alias(not_offered), "{person}");
        assert_eq!(
            offered.is_empty(),
            page.text().contains("no role admits you")
        );
    }
}

#[test]
fn the_request_to_the_provider_is_a_code_flow_with_pkce_state_and_nonce() {
    let reply = Browser::new().get(&DEMO.absolute("/login/acme"));
    let away = reply.header("location");
    let get = |name| parameter(away, name);
    assert!(
        away.starts_with(&format!("{}/authorize?", DEMO.acme())),
        "{away}"
    );
    assert_eq!(
        (get("response_type"), get("code_challenge_method")),
        ("code".into(), "S256".into())
    );
    assert_eq!(get("redirect_uri"), DEMO.absolute("/oidc/acme/callback"));
    assert_eq!(get("client_id"), "drawbridge");
    assert!(get("scope").split(' ').any(|scope| scope == "openid"));
    // 256 bits each, and new each time.
    for name in ["state", "nonce", "code_challenge"] {
        let again = Browser::new().get(&DEMO.absolute("/login/acme"));
        assert_eq!(get(name).len(), 43, "{name}");
        assert_ne!(get(name), parameter(again.header("location"), name));
    }
}

#[test]
fn the_cookie_of_a_sign_in_is_for_this_browser_and_short() {
    let reply = Browser::new().get(&DEMO.absolute("/login/acme"));
    let cookie = cookie::Cookie::parse(reply.header("set-cookie")).unwrap();
    assert_eq!(cookie.http_only(), Some(true));
    assert_eq!(cookie.same_site(), Some(cookie::SameSite::Lax));
    assert_eq!(cookie.path(), Some("/"));
    assert_eq!(cookie.max_age().unwrap().whole_seconds(), 600);
    // Sealed: neither the nonce nor the verifier can be read in it.
    let nonce = parameter(reply.header("location"), "nonce");
    assert!(!cookie.value().contains(&nonce));
}

#[test]
fn only_paths_of_ours_are_returned_to() {
    let lands = |target: &str| {
        let target = url::form_urlencoded::byte_serialize(target.as_bytes()).collect::<String>();
        let mut browser = Browser::new();
        let login = format!("/login/acme?return_to={target}");
        let callback = browser.authenticate(&DEMO, &login, "ann");
        browser
            .come_from_elsewhere(&callback)
            .header("location")
            .to_owned()
    };
    assert_eq!(
        lands("/credentials?role=dev/Developer"),
        "/credentials?role=dev/Developer"
    );
    for elsewhere in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/%2f/evil.example",
        "/\t/evil.example",
        "/a\r\nset-cookie: x=y",
        "javascript:alert(1)",
        "evil.example",
        "",
    ] {
        assert_eq!(lands(elsewhere), "/", "{elsewhere:?}");
    }
}

#[test]
fn an_unknown_provider_is_a_page() {
    for path in ["/login/nobody", "/oidc/nobody/callback?state=x&code=y"] {
        let mut browser = Browser::new();
        let reply = browser.get(&DEMO.absolute(path));
        refused(&DEMO, &mut browser, &reply, 404, "oidc.unknown");
    }
}

// --- state ----------------------------------------------------------------------------------------------------------

#[test]
fn a_state_is_good_for_one_sign_in() {
    let (mut browser, callback) = on_the_way_back();
    let held = browser.clone();
    assert_eq!(browser.come_from_elsewhere(&callback).status, 303);
    // The browser has given its cookie away ...
    let again = browser.come_from_elsewhere(&callback);
    assert_eq!(
        (again.status, DEMO.reason(&again).as_str()),
        (403, "oidc.state")
    );
    // ... and one that kept it is told the same.
    let mut kept = held;
    let again = kept.come_from_elsewhere(&callback);
    refused(&DEMO, &mut kept, &again, 403, "oidc.state");
    let cause = &DEMO.event(&again)["additionalEventData"]["detail"]["cause"];
    assert_eq!(cause, "this state was used before");
}

#[test]
fn a_callback_in_another_browser_is_refused() {
    let (_, callback) = on_the_way_back();
    let mut victim = Browser::new();
    let reply = victim.come_from_elsewhere(&callback);
    refused(&DEMO, &mut victim, &reply, 403, "oidc.state");
    // Also in one that has a sign-in of its own under way.
    let (mut other, _) = on_the_way_back();
    let (_, callback) = on_the_way_back();
    let reply = other.come_from_elsewhere(&callback);
    refused(&DEMO, &mut other, &reply, 403, "oidc.state");
}

#[test]
fn a_state_that_is_missing_or_another_is_refused() {
    for state in [None, Some(""), Some("another")] {
        let (mut browser, callback) = on_the_way_back();
        let reply = browser.come_from_elsewhere(&with(&callback, "state", state));
        refused(&DEMO, &mut browser, &reply, 403, "oidc.state");
    }
}

#[test]
fn a_cookie_that_was_altered_is_refused() {
    let (mut browser, callback) = on_the_way_back();
    let name = browser
        .cookies
        .keys()
        .find(|name| name.contains("login"))
        .unwrap()
        .clone();
    let cookie = browser.cookies.get_mut(&name).unwrap();
    let altered = if cookie.ends_with('A') { "B" } else { "A" };
    cookie.replace_range(cookie.len() - 1.., altered);
    let reply = browser.come_from_elsewhere(&callback);
    refused(&DEMO, &mut browser, &reply, 403, "oidc.state");
}

#[test]
fn a_sign_in_that_took_longer_than_ten_minutes_is_refused() {
    let broker = Broker::demo();
    for (seconds, status) in [(600, 303), (601, 403)] {
        let mut browser = Browser::new();
        let away = browser.get(&broker.absolute("/login/acme"));
        broker.clock.advance(time::Duration::seconds(seconds));
        let page = browser.come_from_elsewhere(away.header("location"));
        let field = |name| crate::harness::browser::field(&page, name);
        let (handle, csrf) = (field("request"), field("csrf"));
        let fields = [
            ("request", handle.as_str()),
            ("csrf", &csrf),
            ("username", "ann"),
            ("password", "ann"),
        ];
        let back = browser.post(&format!("{}/acme/sign-in", broker.idp_url), &fields);
        let reply = browser.come_from_elsewhere(back.header("location"));
        assert_eq!(reply.status, status, "{seconds}");
    }
}

#[test]
fn two_sign_ins_in_two_tabs_do_not_disturb_each_other() {
    let mut browser = Browser::new();
    let first = browser.authenticate(&DEMO, "/login/acme", "ann");
    let second = browser.authenticate(&DEMO, "/login/acme?return_to=/why", "ann");
    assert_eq!(
        browser.come_from_elsewhere(&second).header("location"),
        "/why"
    );
    assert_eq!(browser.come_from_elsewhere(&first).header("location"), "/");
}

// --- what comes back ------------------------------------------------------------------------------------------------

#[test]
fn an_answer_of_another_issuer_is_refused() {
    for issuer in [None, Some("https://evil.example"), Some("")] {
        let (mut browser, callback) = on_the_way_back();
        let reply = browser.come_from_elsewhere(&with(&callback, "iss", issuer));
        refused(&DEMO, &mut browser, &reply, 403, "oidc.issuer_mixup");
    }
}

#[test]
fn repeated_parameters_are_refused() {
    for name in ["state", "code", "iss"] {
        let (mut browser, callback) = on_the_way_back();
        let value = parameter(&callback, name);
        let reply = browser.come_from_elsewhere(&format!("{callback}&{name}={value}"));
        refused(&DEMO, &mut browser, &reply, 400, "oidc.malformed");
    }
    let (mut browser, callback) = on_the_way_back();
    let reply = browser.come_from_elsewhere(&format!("{callback}&error=access_denied"));
    refused(&DEMO, &mut browser, &reply, 400, "oidc.malformed");
}

#[test]
fn an_error_of_the_provider_is_a_refusal_and_its_text_is_not_shown() {
    let (mut browser, callback) = on_the_way_back();
    let callback = with(&callback, "code", None);
    let text = "error=access_denied&error_description=%3Cscript%3Eevil%3C%2Fscript%3E";
    let reply = browser.come_from_elsewhere(&format!("{callback}&{text}"));
    refused(&DEMO, &mut browser, &reply, 403, "oidc.refused");
    assert!(!reply.text().contains("evil"));
    assert!(!DEMO.event(&reply).to_string().contains("evil"));
}

#[test]
fn a_code_of_another_session_is_refused() {
    // What the attacker got for themselves, put into the victim's own sign-in: the verifier does not fit.
    let (_, attackers) = on_the_way_back();
    let (mut victim, callback) = on_the_way_back();
    let code = parameter(&attackers, "code");
    let reply = victim.come_from_elsewhere(&with(&callback, "code", Some(&code)));
    refused(&DEMO, &mut victim, &reply, 403, "oidc.token");
}

#[test]
fn a_missing_or_unknown_code_is_refused() {
    for (code, reason) in [(None, "oidc.refused"), (Some("unknown"), "oidc.token")] {
        let (mut browser, callback) = on_the_way_back();
        let reply = browser.come_from_elsewhere(&with(&callback, "code", code));
        refused(&DEMO, &mut browser, &reply, 403, reason);
    }
}

// --- a provider that may be anything --------------------------------------------------------------------------------

/// A broker whose provider is ours to spoil.
struct Hostile {
    broker: Broker,
    issuer: Issuer,
    /// One sign-in at a time: the token endpoint has one answer.
    turn: Mutex<()>,
}

impl Hostile {
    fn start(more: &str) -> Hostile {
        let issuer = Issuer::start();
        let broker = Broker::configured(&format!(
            "[[idp]]\nid = \"people\"\nkind = \"oidc\"\nname = \"People\"\nissuer = \"{}\"\n\
             client_id = \"client\"\n{more}\n",
            issuer.url
        ));
        let turn = Mutex::new(());
        Hostile {
            broker,
            issuer,
            turn,
        }
    }

    /// Goes to the provider; what came along, and the browser that went.
    fn begin(&self) -> (Browser, String) {
        let mut browser = Browser::new();
        let away = browser.get(&self.broker.absolute("/login/people"));
        assert_eq!(away.status, 303, "{}", away.text());
        (browser, away.header("location").to_owned())
    }

    /// Signs in with what the token endpoint answers to this nonce.
    fn finish(&self, answer: impl FnOnce(&str) -> Value) -> (Browser, Reply) {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut browser, away) = self.begin();
        self.issuer
            .serve("/token", answer(&parameter(&away, "nonce")));
        let state = parameter(&away, "state");
        let callback = self
            .broker
            .absolute(&format!("/oidc/people/callback?code=c&state={state}"));
        let reply = browser.come_from_elsewhere(&callback);
        (browser, reply)
    }

    fn claims(&self, nonce: &str, spoiled: &[(&str, Value)]) -> Value {
        let good = [
            ("aud", json!("client")),
            ("sub", json!("ann")),
            ("name", json!("Ann")),
            ("email", json!("ann@people.example")),
            ("groups", json!(["a"])),
            ("nonce", json!(nonce)),
        ];
        self.issuer.with(&[&good, spoiled].concat())
    }

    /// Signs in with an ID token in which these claims are spoiled.
    fn with(&self, spoiled: &[(&str, Value)]) -> (Browser, Reply) {
        self.finish(|nonce| answer(&self.issuer.key.sign(&self.claims(nonce, spoiled))))
    }

    #[track_caller]
    fn refuses(&self, (mut browser, reply): (Browser, Reply), status: u16, reason: &str) {
        refused(&self.broker, &mut browser, &reply, status, reason);
    }
}

fn answer(id_token: &str) -> Value {
    json!({ "access_token": "at", "token_type": "Bearer", "id_token": id_token })
}

static HOSTILE: LazyLock<Hostile> = LazyLock::new(|| Hostile::start(""));

#[test]
fn a_provider_that_behaves_is_believed() {
    let (mut browser, reply) = HOSTILE.with(&[]);
    assert_eq!((reply.status, reply.header("location")), (303, "/"));
    assert!(
        browser
            .get(&HOSTILE.broker.absolute("/"))
            .text()
            .contains("Ann")
    );
}

#[test]
fn each_spoiled_claim_of_an_id_token_is_refused_with_its_reason() {
    let now = HOSTILE.broker.clock.unix();
    for (claim, value, reason) in [
        ("nonce", json!("another"), "oidc.nonce"),
        ("nonce", json!(""), "oidc.nonce"),
        ("iss", json!("https://evil.example"), "jwt.iss"),
        ("aud", json!("another-client"), "jwt.aud"),
        ("aud", json!(["client", "another"]), "jwt.azp"),
        ("azp", json!("another"), "jwt.azp"),
        ("exp", json!(now - 60), "jwt.exp"),
        ("iat", json!(now + 61), "jwt.iat"),
        ("nbf", json!(now + 61), "jwt.nbf"),
        ("sub", json!(""), "jwt.sub"),
        // Without these it is no ID token at all to the library that reads the answer.
        ("sub", Value::Null, "oidc.token"),
        ("iat", Value::Null, "oidc.token"),
        ("at_hash", json!("wrong"), "oidc.token"),
        ("groups", json!({ "a": 1 }), "oidc.groups"),
    ] {
        HOSTILE.refuses(HOSTILE.with(&[(claim, value)]), 403, reason);
    }
    // Leaving the nonce out altogether is no way around it.
    let without = HOSTILE.with(&[("nonce", Value::Null)]);
    assert_eq!(without.1.status, 403);
    assert!(["jwt.nonce", "oidc.nonce"].contains(&HOSTILE.broker.reason(&without.1).as_str()));
}

#[test]
fn groups_that_are_only_pointed_at_are_not_no_groups() {
    let overage = [
        ("groups", Value::Null),
        ("_claim_names", json!({ "groups": "src1" })),
    ];
    HOSTILE.refuses(HOSTILE.with(&overage), 403, "oidc.groups");
}

#[test]
fn each_spoiled_signature_of_an_id_token_is_refused_with_its_reason() {
    let impostor = Key::new("ES256", "one");
    let unknown = Key::new("ES256", "unknown");
    HOSTILE.refuses(
        HOSTILE.finish(|nonce| answer(&impostor.sign(&HOSTILE.claims(nonce, &[])))),
        403,
        "jwt.signature",
    );
    HOSTILE.refuses(
        HOSTILE.finish(|nonce| answer(&unknown.sign(&HOSTILE.claims(nonce, &[])))),
        403,
        "jwt.key",
    );
    let none = |nonce: &str| {
        let header = encode(r#"{"alg":"none"}"#);
        format!(
            "{header}.{}.AAAA",
            encode(HOSTILE.claims(nonce, &[]).to_string())
        )
    };
    HOSTILE.refuses(HOSTILE.finish(|nonce| answer(&none(nonce))), 403, "jwt.alg");
}

#[test]
fn an_answer_of_the_token_endpoint_that_is_none_is_refused() {
    let good = |nonce: &str| answer(&HOSTILE.issuer.key.sign(&HOSTILE.claims(nonce, &[])));
    let spoiled = |name: &str, value: Option<Value>| {
        HOSTILE.finish(|nonce| {
            let mut answer = good(nonce);
            let fields = answer.as_object_mut().unwrap();
            match value {
                Some(value) => drop(fields.insert(name.to_owned(), value)),
                None => drop(fields.remove(name)),
            }
            answer
        })
    };
    for (name, value) in [
        ("id_token", None),
        ("id_token", Some(json!("opaque"))),
        ("id_token", Some(json!(7))),
        ("token_type", Some(json!("mac"))),
        ("token_type", None),
        ("access_token", None),
    ] {
        let (mut browser, reply) = spoiled(name, value);
        let reason = HOSTILE.broker.reason(&reply);
        assert!(
            ["oidc.token", "jwt.form"].contains(&reason.as_str()),
            "{name}: {reason}"
        );
        refused(&HOSTILE.broker, &mut browser, &reply, 403, &reason);
    }
    HOSTILE.refuses(
        HOSTILE.finish(|_| json!({ "error": "invalid_grant" })),
        403,
        "oidc.token",
    );
}

#[test]
fn a_code_from_another_issuer_is_sent_nowhere() {
    let hostile = Hostile::start("");
    let (mut browser, away) = hostile.begin();
    let before = hostile.issuer.hits();
    let state = parameter(&away, "state");
    let path = format!("/oidc/people/callback?code=c&state={state}&iss=https://evil.example");
    let reply = browser.come_from_elsewhere(&hostile.broker.absolute(&path));
    hostile.refuses((browser, reply), 403, "oidc.issuer_mixup");
    assert_eq!(hostile.issuer.hits(), before);
}

#[test]
fn the_callback_of_another_provider_is_refused() {
    let other = Issuer::start();
    let hostile = Hostile::start(&format!(
        "[[idp]]\nid = \"other\"\nkind = \"oidc\"\nname = \"Other\"\nissuer = \"{}\"\nclient_id = \"client\"",
        other.url
    ));
    let (mut browser, away) = hostile.begin();
    let state = parameter(&away, "state");
    let path = format!("/oidc/other/callback?code=c&state={state}");
    let reply = browser.come_from_elsewhere(&hostile.broker.absolute(&path));
    hostile.refuses((browser, reply), 403, "oidc.state");
    assert_eq!(other.hits(), 0);
}

#[test]
fn what_userinfo_says_counts_only_of_the_same_person() {
    let issuer_of = |hostile: &Hostile, subject: &str| {
        let mut document = json!({
            "issuer": hostile.issuer.url,
            "jwks_uri": format!("{}/jwks", hostile.issuer.url),
            "authorization_endpoint": format!("{}/authorize", hostile.issuer.url),
            "token_endpoint": format!("{}/token", hostile.issuer.url),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        });
        document["userinfo_endpoint"] = json!(format!("{}/userinfo", hostile.issuer.url));
        hostile
            .issuer
            .serve("/.well-known/openid-configuration", document);
        let info = json!({ "sub": subject, "groups": ["admins"], "name": "From Userinfo" });
        hostile.issuer.serve("/userinfo", info);
    };
    let small = [("groups", Value::Null), ("name", Value::Null)];
    let hostile = Hostile::start("");
    issuer_of(&hostile, "ann");
    let (mut browser, reply) = hostile.with(&small);
    assert_eq!(reply.status, 303, "{}", reply.text());
    let front = browser.get(&hostile.broker.absolute("/"));
    assert!(front.text().contains("From Userinfo"));
    let hostile = Hostile::start("");
    issuer_of(&hostile, "root");
    hostile.refuses(hostile.with(&small), 403, "oidc.token");
}

#[test]
fn what_was_asked_for_must_be_seen_in_the_answer() {
    let hostile = Hostile::start("acr_values = [\"mfa\"]\nmax_age = \"5m\"");
    let now = hostile.broker.clock.unix();
    let (acr, time) = (("acr", json!("mfa")), ("auth_time", json!(now)));
    assert_eq!(hostile.with(&[acr.clone(), time.clone()]).1.status, 303);
    for other in [json!("pwd"), json!(""), json!("MFA"), Value::Null] {
        hostile.refuses(
            hostile.with(&[("acr", other), time.clone()]),
            403,
            "oidc.acr",
        );
    }
    for other in [json!(now - 361), json!(now + 1), Value::Null] {
        hostile.refuses(
            hostile.with(&[acr.clone(), ("auth_time", other)]),
            403,
            "oidc.auth_time",
        );
    }
    assert_eq!(
        hostile
            .with(&[acr, ("auth_time", json!(now - 360))])
            .1
            .status,
        303
    );
}

#[test]
fn a_provider_that_is_down_stops_nobody_else() {
    let dead = "[[idp]]\nid = \"dead\"\nkind = \"oidc\"\nname = \"Dead\"\nissuer = \"http://127.0.0.1:9\"\n\
                client_id = \"client\"";
    let hostile = Hostile::start(dead);
    let mut browser = Browser::new();
    let reply = browser.get(&hostile.broker.absolute("/login/dead"));
    refused(
        &hostile.broker,
        &mut browser,
        &reply,
        502,
        "oidc.unavailable",
    );
    let front = browser.get(&hostile.broker.absolute("/"));
    assert!(front.text().contains("did not answer last time"));
    let ready = hostile.broker.get("/readyz").send();
    assert_eq!(
        ready.json(),
        json!({ "store": "ok", "degraded_identity_providers": ["dead"] })
    );
    assert_eq!(hostile.with(&[]).1.status, 303);
}

#[test]
fn a_discovery_document_of_another_issuer_is_not_believed() {
    let hostile = Hostile::start("");
    hostile.issuer.serve(
        "/.well-known/openid-configuration",
        json!({
            "issuer": "https://evil.example",
            "jwks_uri": format!("{}/jwks", hostile.issuer.url),
            "authorization_endpoint": format!("{}/authorize", hostile.issuer.url),
            "token_endpoint": format!("{}/token", hostile.issuer.url),
        }),
    );
    let mut browser = Browser::new();
    let reply = browser.get(&hostile.broker.absolute("/login/people"));
    refused(
        &hostile.broker,
        &mut browser,
        &reply,
        502,
        "oidc.unavailable",
    );
}

#[test]
fn names_from_a_provider_stay_text() {
    let name = "<script>alert(1)</script>\" onload=\"x";
    let (mut browser, reply) = HOSTILE.with(&[("name", json!(name)), ("sub", json!("<i>ann</i>"))]);
    assert_eq!(reply.status, 303);
    for path in ["/", "/why", "/credentials?role=dev/%3Cb%3Ex"] {
        let page = browser.get(&HOSTILE.broker.absolute(path));
        assert!(page.text().contains("&#60;script&#62;") || page.text().contains("&lt;script&gt;"));
        for raw in ["<script>alert", "<i>ann", "<b>x", "\" onload"] {
            assert!(!page.text().contains(raw), "{raw} in {path}");
        }
    }
}
