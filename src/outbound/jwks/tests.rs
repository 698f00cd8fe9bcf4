//! The cache against servers that are slow, dead, hostile or merely rotating.

use std::time::Instant;

use serde_json::{Value, json};

use super::*;
use crate::clock::FixedClock;
use crate::outbound::test_server::{Answer, TestServer, loopback_outbound};

struct Issuer {
    server: TestServer,
    clock: Arc<FixedClock>,
    cache: KeyCache,
    issuer: String,
}

const DISCOVERY: &str = "/i/.well-known/openid-configuration";

fn key(kid: &str) -> Value {
    // RFC 7515 A.3's public key.
    json!({
        "kty": "EC", "crv": "P-256", "kid": kid,
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    })
}

fn keys(kids: &[&str]) -> Vec<u8> {
    let keys: Vec<_> = kids.iter().map(|kid| key(kid)).collect();
    json!({ "keys": keys }).to_string().into_bytes()
}

/// An issuer with the key `a`, and a cache that knows nothing yet.
async fn issuer() -> Issuer {
    let server = TestServer::start().await;
    let clock = Arc::new(FixedClock::at_unix(1_800_000_000));
    let issuer = server.url() + "/i";
    let document = json!({"issuer": issuer, "jwks_uri": server.url() + "/keys"});
    server.answer(DISCOVERY, Answer::ok(document.to_string()));
    server.answer("/keys", Answer::ok(keys(&["a"])));
    let cache = KeyCache::new(loopback_outbound(), clock.clone());
    Issuer {
        server,
        clock,
        cache,
        issuer,
    }
}

impl Issuer {
    async fn with(&self, kid: &str) -> Result<Arc<KeySet>, KeyError> {
        self.cache.keys_with(&self.issuer, Some(kid)).await
    }

    fn cached(&self, kid: &str) -> bool {
        self.cache.cached(&self.issuer, Some(kid)).is_some()
    }

    fn later(&self, seconds: i64) {
        self.clock.advance(time::Duration::seconds(seconds));
    }

    fn fetches(&self) -> usize {
        self.server.asked("/keys")
    }

    /// Waits for what goes on in the background.
    async fn until(&self, done: impl Fn(&Issuer) -> bool) {
        let start = Instant::now();
        while !done(self) {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "it never happened"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn keys_are_fetched_once_and_then_known() {
    let it = issuer().await;
    assert!(!it.cached("a"));
    assert!(it.with("a").await.unwrap().has_key("a"));
    assert!(it.cached("a"));
    assert!(it.with("a").await.is_ok());
    assert_eq!((it.server.asked(DISCOVERY), it.fetches()), (1, 1));
    assert_eq!(
        it.cache.discovery(&it.issuer).await.unwrap().issuer,
        it.issuer
    );
    assert_eq!(it.server.asked(DISCOVERY), 1);
}

#[tokio::test]
async fn many_first_callers_share_one_fetch() {
    let it = issuer().await;
    let asking: Vec<_> = (0..200)
        .map(|_| {
            let (cache, issuer) = (it.cache.clone(), it.issuer.clone());
            tokio::spawn(async move { cache.keys(&issuer).await.is_ok() })
        })
        .collect();
    for asked in asking {
        assert!(asked.await.unwrap());
    }
    assert_eq!(it.fetches(), 1);
}

#[tokio::test]
async fn ten_thousand_random_key_ids_cause_two_fetches() {
    let it = issuer().await;
    it.with("a").await.unwrap();
    let mut longest = Duration::ZERO;
    for n in 0..10_000 {
        let keys = it.with(&format!("random-{n}")).await.unwrap();
        assert!(keys.has_key("a"));
        let start = Instant::now();
        assert!(it.cached("a"));
        longest = longest.max(start.elapsed());
    }
    assert_eq!(it.fetches(), 2);
    assert_eq!(it.server.asked(DISCOVERY), 1);
    assert!(longest < Duration::from_millis(100), "{longest:?}");
}

#[tokio::test]
async fn a_new_key_is_found_at_once_and_the_next_after_thirty_seconds() {
    let it = issuer().await;
    it.with("a").await.unwrap();
    it.server.answer("/keys", Answer::ok(keys(&["a", "b"])));
    assert!(it.with("b").await.unwrap().has_key("b"));
    it.server.answer("/keys", Answer::ok(keys(&["b", "c"])));
    it.later(29);
    assert!(!it.with("c").await.unwrap().has_key("c"));
    it.later(1);
    assert!(it.with("c").await.unwrap().has_key("c"));
    assert!(
        !it.cached("a"),
        "a withdrawn key is gone with the fetch that shows it"
    );
    assert_eq!(it.fetches(), 3);
}

#[tokio::test]
async fn an_unknown_key_id_delays_nobody_whose_key_is_known() {
    let it = issuer().await;
    it.with("a").await.unwrap();
    it.server
        .answer("/keys", Answer::Hang(Duration::from_secs(30)));
    let (cache, issuer) = (it.cache.clone(), it.issuer.clone());
    let other = tokio::spawn(async move { cache.keys_with(&issuer, Some("unknown")).await.err() });
    it.until(|it| it.fetches() == 2).await;
    let start = Instant::now();
    for _ in 0..1_000 {
        assert!(it.with("a").await.is_ok());
    }
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(other.await.unwrap(), Some(KeyError::Slow));
}

#[tokio::test]
async fn a_hanging_issuer_is_given_up_within_five_seconds_and_asked_once() {
    let it = issuer().await;
    it.server
        .answer(DISCOVERY, Answer::Hang(Duration::from_secs(60)));
    let start = Instant::now();
    let asking: Vec<_> = (0..1_000)
        .map(|_| {
            let (cache, issuer) = (it.cache.clone(), it.issuer.clone());
            tokio::spawn(async move { cache.keys(&issuer).await.unwrap_err() })
        })
        .collect();
    let mut busy = 0;
    for asked in asking {
        match asked.await.unwrap() {
            KeyError::Busy => busy += 1,
            other => assert_eq!(other, KeyError::Slow),
        }
    }
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    assert!(busy >= 500, "only so many may wait: {busy}");

    let start = Instant::now();
    assert_eq!(it.with("a").await.unwrap_err(), KeyError::Slow);
    assert!(
        start.elapsed() < Duration::from_millis(100),
        "who comes later waits no longer"
    );
    assert_eq!(it.server.asked(DISCOVERY), 1);
}

#[tokio::test]
async fn stale_keys_are_used_while_they_are_refreshed_behind_the_scenes() {
    let it = issuer().await;
    let age = vec![("cache-control", "max-age=600".to_owned())];
    it.server
        .answer("/keys", Answer::Plain(200, age, keys(&["a"])));
    it.with("a").await.unwrap();
    it.later(599);
    assert!(it.cached("a"));
    assert_eq!(it.fetches(), 1);
    it.server.answer("/keys", Answer::ok(keys(&["a", "b"])));
    it.later(1);
    assert!(it.cached("a"));
    it.until(|it| it.cached("b")).await;
    assert_eq!((it.server.asked(DISCOVERY), it.fetches()), (2, 2));
}

#[tokio::test]
async fn a_failing_issuer_keeps_its_last_good_keys_for_a_day() {
    let it = issuer().await;
    it.with("a").await.unwrap();
    it.server.answer(DISCOVERY, Answer::status(500));
    it.later(24 * 3600 - 1);
    assert!(it.with("a").await.is_ok());
    it.until(|it| it.cache.last_failure(&it.issuer).is_some())
        .await;
    assert!(it.with("a").await.is_ok());
    it.later(1);
    assert!(!it.cached("a"));
    assert_eq!(
        it.with("a").await.unwrap_err(),
        KeyError::Discovery(DiscoveryError::Status(500))
    );
}

#[tokio::test]
async fn a_failure_is_remembered_briefly_and_recovery_noticed() {
    let it = issuer().await;
    it.server.answer("/keys", Answer::status(503));
    for _ in 0..100 {
        let error = it.with("a").await.unwrap_err();
        assert_eq!(error, KeyError::Status(503));
        assert!(error.is_transient());
    }
    assert_eq!(it.fetches(), 1);
    it.later(2);
    assert!(it.with("a").await.is_err());
    assert_eq!(it.fetches(), 2);
    it.server.answer("/keys", Answer::ok(keys(&["a"])));
    it.later(15);
    assert!(it.with("a").await.is_ok());
    assert_eq!(it.cache.last_failure(&it.issuer), None);
}

#[tokio::test]
async fn an_unknown_key_id_at_a_failing_issuer_is_answered_with_the_failure() {
    let it = issuer().await;
    it.with("a").await.unwrap();
    it.server.answer("/keys", Answer::status(503));
    assert_eq!(it.with("b").await.unwrap_err(), KeyError::Status(503));
    assert_eq!(it.with("c").await.unwrap_err(), KeyError::Status(503));
    assert!(it.with("a").await.is_ok());
    assert_eq!(it.fetches(), 2);
}

#[tokio::test]
async fn what_is_no_key_set_is_a_lasting_error_and_spoils_nothing_known() {
    let it = issuer().await;
    it.with("a").await.unwrap();
    let wrong = [
        Answer::ok("<html>sign in</html>"),
        Answer::ok(json!({"keys": []}).to_string()),
        Answer::ok(vec![b' '; 10 << 20]),
        Answer::Endless(10 << 20),
        Answer::Plain(302, vec![("location", it.server.url())], Vec::new()),
    ];
    for answer in wrong {
        it.server.answer("/keys", answer);
        it.later(60);
        let error = it.with("b").await.unwrap_err();
        assert!(!error.is_transient(), "{error}");
        assert!(it.cached("a"));
    }
}

#[tokio::test]
async fn another_issuers_document_is_refused() {
    let it = issuer().await;
    let document = json!({"issuer": "https://evil.example", "jwks_uri": it.server.url() + "/keys"});
    it.server
        .answer(DISCOVERY, Answer::ok(document.to_string()));
    let error = it.with("a").await.unwrap_err();
    assert!(
        matches!(error, KeyError::Discovery(DiscoveryError::Issuer { .. })),
        "{error}"
    );
    assert!(!error.is_transient());
    assert_eq!(it.fetches(), 0);
}

#[tokio::test]
async fn a_clock_that_jumps_back_keeps_nothing_beyond_its_time_and_blocks_nothing() {
    let it = issuer().await;
    it.with("a").await.unwrap();
    it.later(-24 * 3600);
    assert!(it.cached("a"));
    assert!(it.with("b").await.is_ok());
    it.later(48 * 3600);
    assert!(!it.cached("a"));
    assert!(it.with("a").await.is_ok());
}

#[tokio::test]
async fn a_forgotten_issuer_is_fetched_anew() {
    let it = issuer().await;
    it.with("a").await.unwrap();
    it.cache.forget(&it.issuer);
    assert!(!it.cached("a"));
    assert!(it.with("a").await.is_ok());
    assert_eq!(it.fetches(), 2);
}

#[tokio::test]
async fn the_number_of_issuers_is_bounded_and_the_one_in_use_stays() {
    let it = issuer().await;
    it.with("a").await.unwrap();
    for n in 0..2 * MAX_ISSUERS {
        it.cache.shared.entry(&format!("https://{n}.example"));
        assert!(it.cached("a"));
    }
    let entries = it.cache.shared.entries.read().unwrap();
    assert_eq!(entries.len(), MAX_ISSUERS);
}
