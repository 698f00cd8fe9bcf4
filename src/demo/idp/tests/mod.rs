//! The provider as a browser, a relying party and a job see it.

mod acme;
mod ci;
mod contoso;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use axum::body::Body;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;
use url::Url;

use super::*;
use crate::clock::{FixedClock, SystemRandom};
use crate::jwt::{Algorithm, Audience, Expectations, KeySet, VerifiedIdToken, verify};
use crate::outbound::{Outbound, OutboundRules};

const BASE: &str = "http://127.0.0.1:8081";
const BROKER: &str = "http://127.0.0.1:8080";
const CALLBACK: &str = "http://127.0.0.1:8080/oidc/acme/callback";
/// A role that trusts `contoso`, and the provider it trusts.
const ROLE: &str = "arn:aws:iam::111111111111:role/Analyst";
const PROVIDER: &str = "arn:aws:iam::111111111111:saml-provider/contoso";
const NOW: i64 = 1_800_000_000;

struct Provider {
    clock: Arc<FixedClock>,
    idp: DemoIdp,
    cookies: BTreeMap<String, String>,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

/// RSA keys are slow to make; every provider of this process has the same.
fn some_keys() -> DemoKeys {
    static KEYS: OnceLock<tempfile::TempDir> = OnceLock::new();
    let dir = KEYS.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        DemoKeys::load_or_create(dir.path()).unwrap();
        dir
    });
    DemoKeys::load_or_create(dir.path()).unwrap()
}

fn person(name: &str, groups: &[&str]) -> Person {
    Person {
        name: name.to_owned(),
        password: Secret::new(name.to_owned()),
        display_name: name.to_uppercase(),
        email: format!("{name}@acme.example"),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
    }
}

fn outbound() -> Outbound {
    let rules = OutboundRules {
        allow_loopback_http: true,
        ..OutboundRules::default()
    };
    Outbound::new(rules).unwrap()
}

/// The service provider where the broker is at `url`.
fn service_provider(url: &str) -> ServiceProviderConfig {
    let at = |endpoint: &str| format!("{url}/saml/contoso/{endpoint}");
    ServiceProviderConfig {
        entity_id: at("metadata"),
        acs_url: at("acs"),
        slo_url: at("slo"),
    }
}

fn provider() -> Provider {
    provider_for(BROKER)
}

fn provider_for(broker: &str) -> Provider {
    let clock = Arc::new(FixedClock::at_unix(NOW));
    let client = |client_id: &str, secret: Option<&str>| ClientConfig {
        client_id: client_id.to_owned(),
        client_secret: secret.map(|secret| Secret::new(secret.to_owned())),
        redirect_uris: vec![CALLBACK.to_owned()],
    };
    let idp = DemoIdp::new(DemoIdpConfig {
        base_url: BASE.to_owned(),
        broker_url: BROKER.to_owned(),
        clients: vec![
            client("drawbridge", Some("s3cr:et+ %")),
            client("public", None),
        ],
        service_provider: service_provider(broker),
        saml_roles: vec![SamlRole {
            alias: "dev/Analyst".to_owned(),
            role_arn: ROLE.to_owned(),
            provider_arn: PROVIDER.to_owned(),
        }],
        outbound: outbound(),
        people: vec![
            person("ann", &["engineering", "admins"]),
            person("eve", &[]),
        ],
        keys: some_keys(),
        clock: clock.clone(),
        random: Arc::new(SystemRandom),
    });
    Provider {
        clock,
        idp,
        cookies: BTreeMap::new(),
    }
}

impl Provider {
    async fn send(&mut self, request: Request<Body>) -> Answer {
        let (mut head, body) = request.into_parts();
        head.headers
            .entry(header::HOST)
            .or_insert("127.0.0.1:8081".parse().unwrap());
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        if !cookies.is_empty() {
            head.headers
                .insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        }
        let router = self.idp.clone().router();
        let response = router
            .oneshot(Request::from_parts(head, body))
            .await
            .unwrap();
        let (head, body) = response.into_parts();
        for set in head.headers.get_all(header::SET_COOKIE) {
            let set = cookie::Cookie::parse(set.to_str().unwrap()).unwrap();
            assert_eq!(set.http_only(), Some(true));
            assert_eq!(set.same_site(), Some(cookie::SameSite::Lax));
            self.cookies
                .insert(set.name().to_owned(), set.value().to_owned());
        }
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8(body.into()).unwrap(),
        }
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    async fn post(
        &mut self,
        path: &str,
        form: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let mut request =
            Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(form)).unwrap()).await
    }

    fn later(&self, seconds: i64) {
        self.clock.advance(time::Duration::seconds(seconds));
    }

    /// Verifies a token as a relying party would, with the keys published at `path`.
    async fn verify(
        &mut self,
        token: &str,
        path: &str,
        audience: &str,
        algorithm: Algorithm,
    ) -> VerifiedIdToken {
        let keys = KeySet::parse(self.get(&format!("{path}/jwks")).await.body.as_bytes()).unwrap();
        assert_eq!(keys.rejected(), []);
        let issuer = format!("{BASE}{path}");
        let audiences = [audience.to_owned()];
        let expected = Expectations::new(
            &issuer,
            Audience::AnyOf(&audiences),
            std::slice::from_ref(&algorithm),
            self.clock.unix(),
        );
        verify(token, &keys, &expected).unwrap()
    }
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The parameters with which the browser is sent back to the relying party.
    fn sent_back(&self) -> BTreeMap<String, String> {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        let target = Url::parse(self.header("location")).unwrap();
        assert!(target.as_str().starts_with(CALLBACK), "{target}");
        target.query_pairs().into_owned().collect()
    }
}

#[tokio::test]
async fn the_first_page_says_what_is_here() {
    let page = provider().get("/").await;
    assert_eq!(page.status, StatusCode::OK);
    for text in [
        "Demo identity provider",
        "http://127.0.0.1:8081/acme",
        "http://127.0.0.1:8081/contoso/metadata",
        "http://127.0.0.1:8081/ci",
        BROKER,
    ] {
        assert!(page.body.contains(text), "{text}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let mut it = provider();
    for path in [
        "/",
        "/acme/authorize",
        "/acme/jwks",
        "/ci/token",
        "/nowhere",
        "/acme/userinfo",
        "/contoso/metadata",
        "/contoso/start",
        "/contoso/sso",
        "/contoso/slo",
        "/contoso/assertion",
    ] {
        let answer = it.get(path).await;
        assert!(
            answer
                .header("content-security-policy")
                .contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src 'none'"),
            "{path}"
        );
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
        let cached = ["/acme/jwks", "/contoso/metadata"].contains(&path);
        assert_eq!(
            answer.header("cache-control") == "no-store",
            !cached,
            "{path}"
        );
    }
}

#[tokio::test]
async fn another_host_name_is_answered_with_421_and_no_token() {
    let mut it = provider();
    for (host, status) in [
        ("127.0.0.1:8081", 200),
        ("localhost:9999", 200),
        ("[::1]:8081", 200),
        ("rebound.evil.example:8081", 421),
        ("127.0.0.1.evil.example", 421),
        ("", 421),
    ] {
        let request = Request::get("/ci/token")
            .header("host", host)
            .body(Body::empty())
            .unwrap();
        let answer = it.send(request).await;
        assert_eq!(answer.status.as_u16(), status, "{host}");
        assert_eq!(answer.body.contains("value"), status == 200, "{host}");
    }
}

#[tokio::test]
async fn static_files_are_here_too() {
    let page = provider().get("/static/app.css").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.header("content-type").starts_with("text/css"));
}

/// Over real connections: what the provider publishes is what the broker's own client takes.
#[tokio::test]
async fn the_key_cache_finds_both_issuers() {
    use crate::outbound::KeyCache;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let clock = Arc::new(FixedClock::at_unix(NOW));
    let idp = DemoIdp::new(DemoIdpConfig {
        base_url: base_url.clone(),
        broker_url: BROKER.to_owned(),
        clients: Vec::new(),
        service_provider: service_provider(BROKER),
        saml_roles: Vec::new(),
        outbound: outbound(),
        people: Vec::new(),
        keys: some_keys(),
        clock: clock.clone(),
        random: Arc::new(SystemRandom),
    });
    let kids = [
        idp.shared.keys.acme.key_id(),
        idp.shared.keys.ci_ec.key_id(),
    ]
    .map(str::to_owned);
    tokio::spawn(async move { axum::serve(listener, idp.router()).await.unwrap() });

    let cache = KeyCache::new(outbound(), clock);
    for (issuer, kid) in ["acme", "ci"].iter().zip(&kids) {
        let issuer = format!("{base_url}/{issuer}");
        assert!(
            cache
                .keys_with(&issuer, Some(kid))
                .await
                .unwrap()
                .has_key(kid),
            "{issuer}"
        );
    }
    let discovery = cache.discovery(&format!("{base_url}/acme")).await.unwrap();
    assert!(discovery.iss_parameter);
    assert_eq!(discovery.id_token_algorithms, ["RS256"]);
    assert_eq!(discovery.code_challenge_methods, ["S256"]);
}
