//! Two nodes that share a store and a key ring and nothing else.

use std::time::{Duration, Instant};

use drawbridge::clock::Clock;
use drawbridge::store::revocations::{Revocation, RevocationKind};
use serde_json::json;
use tempfile::TempDir;

use crate::harness::desk::AUDIENCE;
use crate::harness::iam::trust_issuer;
use crate::harness::issuer::Issuer;
use crate::harness::{Broker, DEV, RUNTIME};
use crate::postgres::Postgres;

/// Two brokers over the store at this URL.
fn two(directory: &TempDir, url: &str, issuer: &Issuer) -> (Broker, Broker) {
    let keys = directory.path().join("drawbridge-keys");
    let start = || {
        Broker::configured(&format!(
            "[store]\nurl = \"{url}\"\n[keys]\nfile = \"{}\"\n\
             [[ci]]\nissuer = \"{}\"\naudience = \"{AUDIENCE}\"\nreplay = \"refuse\"\n",
            keys.display(),
            issuer.url
        ))
    };
    (start(), start())
}

/// What must hold on every engine.
fn share(directory: &TempDir, url: &str) {
    let issuer = Issuer::start();
    let (one, two) = two(directory, url, &issuer);
    let role = one.role(DEV, "Shared", &trust_issuer(DEV, issuer.name(), json!({})));
    RUNTIME.block_on(two.app.cache.refresh()).unwrap();
    let token = |id: &str| issuer.token(&[("aud", json!(AUDIENCE)), ("jti", json!(id))]);

    // A session of one holds at the other, with nothing looked up.
    let session = one.session_of(&role, |_| {});
    let arn = format!("arn:aws:sts::{DEV}:assumed-role/Shared/session");
    assert_eq!(two.who_is(&session), arn);

    // A token that counts once counts once for both, whichever comes first.
    let ask = |broker: &Broker, token: &str| {
        broker
            .get("/v1/creds/dev/Shared")
            .bearer(token)
            .send()
            .status
    };
    let once = token("once");
    assert_eq!((ask(&one, &once), ask(&two, &once)), (200, 401));
    let raced = token("raced");
    let granted = std::thread::scope(|threads| {
        let asked: Vec<_> = [&one, &two, &one, &two, &one, &two]
            .map(|broker| threads.spawn(|| ask(broker, &raced)))
            .into_iter()
            .collect();
        let statuses = asked.into_iter().map(|asked| asked.join().unwrap());
        statuses.filter(|status| *status == 200).count()
    });
    assert_eq!(granted, 1);

    // What is cut off at one is cut off at the other within five seconds.
    let cut = Revocation {
        kind: RevocationKind::Role,
        id: role,
        issued_before: one.clock.unix() + 1,
        revoked_by: "test".to_owned(),
        revoked_at: one.clock.unix(),
    };
    RUNTIME.block_on(one.app.store.revoke(&cut)).unwrap();
    let started = Instant::now();
    // As the house does every second.
    RUNTIME.block_on(two.app.cache.refresh()).unwrap();
    let reply = two.signed(&session, "GetCallerIdentity", &[]).send();
    assert_eq!(reply.aws_error().1, "ExpiredToken");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn two_nodes_over_sqlite_are_one_broker() {
    let directory = TempDir::new().unwrap();
    let url = format!("sqlite://{}", directory.path().join("store.db").display());
    share(&directory, &url);
}

#[test]
fn two_nodes_over_postgresql_are_one_broker() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let directory = TempDir::new().unwrap();
    share(&directory, &server.url());
}
