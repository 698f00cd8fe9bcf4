//! What goes on, what stops, and what comes back by itself when something that Drawbridge depends on fails.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use drawbridge::sigv4::Credentials;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::harness::browser::{Browser, request};
use crate::harness::desk::AUDIENCE;
use crate::harness::http::{Reply, Request};
use crate::harness::iam::trust_issuer;
use crate::harness::issuer::Issuer;
use crate::harness::{Broker, DEV, PROD, RUNTIME};

// --- the store ------------------------------------------------------------------------------------------------------

/// Within two seconds, with half a second for a busy machine.
#[track_caller]
fn soon(started: Instant) {
    let elapsed = started.elapsed();
    assert!(elapsed < Duration::from_millis(2500), "{elapsed:?}");
}

#[test]
fn without_its_store_a_broker_verifies_and_does_not_issue() {
    let broker = Broker::demo();
    let developer = format!("arn:aws:iam::{DEV}:role/Developer");
    let session = broker.session_of(&developer, |_| {});
    let (mut signed_in, mut signing_in) = (Browser::new(), Browser::new());
    signed_in.sign_in(&broker, "ann");
    let callback = signing_in.authenticate(&broker, "/login/acme", "ann");
    let job = broker.job("ref=refs/heads/main");
    RUNTIME.block_on(broker.app.store.close());

    // A session that was issued holds: nothing has to be looked up.
    let arn = format!("arn:aws:sts::{DEV}:assumed-role/Developer/session");
    assert_eq!(broker.who_is(&session), arn);
    assert_eq!(broker.get("/healthz").send().status, 200);

    let started = Instant::now();
    let readonly = format!("arn:aws:iam::{PROD}:role/ReadOnly");
    for reply in [
        broker.assume(&session, &readonly, &[]),
        broker.assume_with(&job, &format!("arn:aws:iam::{DEV}:role/Deploy"), &[]),
    ] {
        let message = "The request has failed due to a temporary failure of the server.";
        broker.refuses(&reply, 503, "ServiceUnavailable", message, "unavailable");
    }
    let reply = broker.get("/v1/creds/deploy").bearer(&job).send();
    assert_eq!((reply.status, reply.header("retry-after")), (503, "2"));
    assert_eq!(reply.json()["error"], json!("temporarily_unavailable"));
    let reply = signing_in.come_from_elsewhere(&callback);
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert_eq!(signed_in.get(&broker.absolute("/")).status, 503);
    let ready = broker.get("/readyz").send();
    assert_eq!(
        (ready.status, ready.json()["store"].as_str()),
        (503, Some("unavailable"))
    );
    soon(started);
}

#[test]
fn a_token_that_counts_once_does_not_count_while_that_cannot_be_noted() {
    let issuer = Issuer::start();
    let broker = Broker::configured(&format!(
        "[[ci]]\nissuer = \"{}\"\naudience = \"{AUDIENCE}\"\nreplay = \"refuse\"\n",
        issuer.url
    ));
    broker.role(DEV, "Once", &trust_issuer(DEV, issuer.name(), json!({})));
    let token = |id: &str| issuer.token(&[("aud", json!(AUDIENCE)), ("jti", json!(id))]);
    let ask = |id: &str| broker.get("/v1/creds/dev/Once").bearer(&token(id)).send();
    // Everything it takes is known now ...
    assert_eq!(ask("one").status, 200);
    RUNTIME.block_on(broker.app.store.close());
    // ... but for whether the token was used.
    let started = Instant::now();
    assert_eq!(ask("two").status, 503);
    soon(started);
}

// --- identity providers ---------------------------------------------------------------------------------------------

#[test]
fn an_issuer_that_hangs_holds_nobody_up() {
    // It accepts connections and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    let issuer = Issuer::start();
    let broker = Broker::configured("");
    for url in [&silent_url, &issuer.url] {
        broker.provider(DEV, url, &["sts.amazonaws.com"]);
    }
    let role = broker.role(DEV, "Quick", &trust_issuer(DEV, issuer.name(), json!({})));
    let name = silent_url.strip_prefix("http://").unwrap();
    let slow = broker.role(DEV, "Slow", &trust_issuer(DEV, name, json!({})));
    std::thread::scope(|threads| {
        let waiting = threads.spawn(|| {
            let started = Instant::now();
            let token = issuer.token(&[("iss", json!(silent_url))]);
            let reply = broker.assume_with(&token, &slow, &[]);
            (reply.aws_error().1, started.elapsed())
        });
        for _ in 0..20 {
            let started = Instant::now();
            assert_eq!(
                broker.assume_with(&issuer.token(&[]), &role, &[]).status,
                200
            );
            assert!(started.elapsed() < Duration::from_secs(2));
        }
        let (code, waited) = waiting.join().unwrap();
        assert_eq!(code, "IDPCommunicationError");
        assert!(waited < Duration::from_secs(5), "{waited:?}");
    });
}

// --- the process ----------------------------------------------------------------------------------------------------

/// The real program as a process of its own.
struct Process {
    child: Child,
    facts: Value,
}

impl Process {
    /// Starts a demo in `data`; `limit` is the most blocks that a file of its may have.
    fn demo(data: &Path, limit: &str) -> Process {
        let program = env!("CARGO_BIN_EXE_drawbridge");
        let script = format!(
            "trap '' XFSZ; ulimit -f {limit}; \
             exec '{program}' demo --data \"$0\" --listen 127.0.0.1:0 --idp-listen 127.0.0.1:0"
        );
        let mut child = Command::new("sh")
            .args(["-c", &script, data.to_str().unwrap()])
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // The first screen is there when everything else is.
        let mut screen = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = screen.find(|line| line.as_ref().is_ok_and(|line| line.contains("Ctrl-C")));
        assert!(ready.is_some(), "the demo did not start");
        let facts = std::fs::read(data.join("demo.json")).unwrap();
        Process {
            child,
            facts: serde_json::from_slice(&facts).unwrap(),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.facts["url"].as_str().unwrap())
    }

    fn job(&self) -> String {
        let url = format!("{}/ci/token", self.facts["idp_url"].as_str().unwrap());
        let reply = request("GET", &url).send();
        reply.json()["value"].as_str().unwrap().to_owned()
    }

    fn creds(&self) -> Reply {
        request("GET", &self.url("/v1/creds/deploy"))
            .bearer(&self.job())
            .send()
    }

    fn root(&self) -> Credentials {
        let root = &self.facts["accounts"][0]["root"];
        Credentials {
            access_key_id: root["access_key_id"].as_str().unwrap().to_owned(),
            secret_access_key: root["secret_access_key"]
                .as_str()
                .unwrap()
                .to_owned()
                .into(),
            session_token: None,
        }
    }

    fn sts(&self, who: &Credentials, fields: &[(&str, &str)]) -> Request {
        use drawbridge::clock::{Clock, SystemClock};
        let request = request("POST", &self.url("/")).form(fields);
        request.sign_for("us-east-1", "sts", who, SystemClock.now())
    }

    fn whoami(&self, who: &Credentials) -> Reply {
        let fields = [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")];
        self.sts(who, &fields).send()
    }

    fn signal(&mut self, name: &str) -> std::process::ExitStatus {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .unwrap();
        assert!(sent.success());
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn session(answer: &Value) -> Credentials {
    let text = |name: &str| answer[name].as_str().unwrap().to_owned();
    Credentials {
        access_key_id: text("AccessKeyId"),
        secret_access_key: text("SecretAccessKey").into(),
        session_token: Some(text("SessionToken").into()),
    }
}

#[test]
fn a_killed_broker_loses_nothing_that_it_acknowledged() {
    let data = TempDir::new().unwrap();
    let mut granted = Vec::new();
    for _ in 0..3 {
        let mut process = Process::demo(data.path(), "unlimited");
        // Whoever had a session before the crash has it after.
        for session in &granted {
            assert_eq!(process.whoami(session).status, 200);
        }
        for _ in 0..5 {
            granted.push(session(&process.creds().json()));
        }
        process.signal("KILL");
    }
    let trail = std::fs::read_to_string(data.path().join("drawbridge-audit.jsonl")).unwrap();
    let mut previous = "0".repeat(64);
    for line in trail.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        assert_eq!(entry["previous"], json!(previous));
        let digest = Sha256::digest(line);
        previous = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    }
    for session in granted {
        assert!(
            trail.contains(&session.access_key_id),
            "a grant without an event"
        );
    }
}

#[test]
fn a_broker_that_is_told_to_stop_stops_well() {
    let data = TempDir::new().unwrap();
    let mut process = Process::demo(data.path(), "unlimited");
    assert_eq!(process.creds().status, 200);
    assert!(process.signal("TERM").success());
}

#[test]
fn without_room_for_the_trail_nothing_is_issued_and_verifying_goes_on() {
    let data = TempDir::new().unwrap();
    let process = Process::demo(data.path(), "4096");
    let before = session(&process.creds().json());
    // Fill the trail with refusals: each tells the tags that it was asked for.
    let (root, long) = (process.root(), "v".repeat(256));
    let names: Vec<[String; 2]> = (1..=50)
        .map(|i| {
            [
                format!("Tags.member.{i}.Key"),
                format!("Tags.member.{i}.Value"),
            ]
        })
        .collect();
    let keys: Vec<String> = (1..=50).map(|i| format!("key{i}")).collect();
    let mut fields = vec![
        ("Action", "AssumeRole"),
        ("Version", "2011-06-15"),
        ("RoleArn", "arn:aws:iam::111111111111:role/Developer"),
        ("RoleSessionName", "session"),
    ];
    for ([key, value], name) in names.iter().zip(&keys) {
        fields.extend([
            (key.as_str(), name.as_str()),
            (value.as_str(), long.as_str()),
        ]);
    }
    // Full is what has no room for a small one either, several times in a row.
    let (mut tries, mut refusals) = (0, 0);
    while refusals < 3 {
        tries += 1;
        assert!(tries < 1000, "the trail was never full");
        refusals = match process.creds().status {
            200 => 0,
            _ => refusals + 1,
        };
        if refusals == 0 {
            assert_eq!(process.sts(&root, &fields).send().status, 403);
        }
    }

    let reply = process.creds();
    assert_eq!(
        (reply.status, reply.json()["error"].as_str()),
        (503, Some("temporarily_unavailable"))
    );
    assert!(!reply.text().contains("ASIA"));
    let token = process.job();
    let assume = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", "arn:aws:iam::111111111111:role/Deploy"),
        ("RoleSessionName", "session"),
        ("WebIdentityToken", token.as_str()),
    ];
    let reply = request("POST", &process.url("/")).form(&assume).send();
    assert_eq!(
        (reply.status, reply.aws_error().1.as_str()),
        (503, "ServiceUnavailable")
    );
    assert_eq!(reply.xml_if_any("SessionToken"), None);
    assert_eq!(process.whoami(&before).status, 200);

    // Room again, and it issues again, without a restart.
    let trail = data.path().join("drawbridge-audit.jsonl");
    std::fs::OpenOptions::new()
        .write(true)
        .open(trail)
        .unwrap()
        .set_len(0)
        .unwrap();
    assert_eq!(process.creds().status, 200);
}
