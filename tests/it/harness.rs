//! The real program on free ports, in one line, and what its clients need to talk to it.
//!
//! Tests that change nothing another test could notice share one broker for each module ([`Broker::demo`] in a
//! `LazyLock`); the others start their own. Its clock stands still at the moment of the start, so that answers with times
//! in them are known to the second, and moves when a test says so.

pub mod assertion;
pub mod browser;
pub mod desk;
pub mod http;
pub mod iam;
pub mod issuer;
pub mod phone;
pub mod saml;
pub mod saml_idp;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use drawbridge::app::App;
use drawbridge::audit::{AuditEvent, Outcome};
use drawbridge::aws::ids::AccountId;
use drawbridge::clock::{Clock, FixedClock, SystemClock, SystemRandom, random_bytes};
use drawbridge::config;
use drawbridge::credentials::{RoleSession, SessionKind, mint};
use drawbridge::demo::idp::DemoKeys;
use drawbridge::demo::{Demo, DemoOptions, screen};
use drawbridge::sigv4::Credentials;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use self::http::{Reply, Request};

pub const DEV: &str = "111111111111";
pub const PROD: &str = "222222222222";

/// Where everything runs that is not a test.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
});

/// A running broker.
pub struct Broker {
    pub app: Arc<App>,
    pub clock: Arc<FixedClock>,
    /// Base URL of the demo's identity provider; empty where there is none.
    pub idp_url: String,
    /// `host:port`.
    pub address: String,
    pub data: PathBuf,
    /// What `demo.json` has of it; `null` where it is not the demo.
    pub facts: Value,
    roots: Vec<(String, Credentials)>,
}

/// A directory of this run alone. Those of earlier runs are swept away.
fn directory() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("it");
        std::fs::create_dir_all(&root).unwrap();
        for entry in root.read_dir().unwrap().flatten() {
            let run = Path::new("/proc").join(entry.file_name());
            if !run.exists() {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
        root.join(std::process::id().to_string())
    });
    let directory = ROOT.join(COUNT.fetch_add(1, Ordering::SeqCst).to_string());
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

/// Gives a demo the keys of the first one: making RSA keys is most of what a start costs.
fn share_keys(data: &Path) {
    static KEYS: LazyLock<PathBuf> = LazyLock::new(|| {
        let keys = directory();
        DemoKeys::load_or_create(&keys).unwrap();
        keys
    });
    for entry in KEYS.read_dir().unwrap().flatten() {
        std::fs::copy(entry.path(), data.join(entry.file_name())).unwrap();
    }
}

/// When the tests began, in epoch seconds. Every clock of theirs stands there until a test moves it: what one issues
/// just now is just now for all others, however slow the machine is.
pub static BEGAN: LazyLock<i64> = LazyLock::new(|| SystemClock.unix());

fn still() -> Arc<FixedClock> {
    Arc::new(FixedClock::at_unix(*BEGAN))
}

impl Broker {
    /// The demo.
    pub fn demo() -> Broker {
        Broker::demo_with(|_| {})
    }

    /// The demo, started with other options.
    pub fn demo_with(change: impl FnOnce(&mut DemoOptions)) -> Broker {
        let free = "127.0.0.1:0".parse().unwrap();
        let mut options = DemoOptions {
            data: directory(),
            listen: free,
            idp_listen: free,
            reset_endpoint: false,
            root_keys: Vec::new(),
        };
        change(&mut options);
        share_keys(&options.data);
        let clock = still();
        let random = Arc::new(SystemRandom);
        let built = RUNTIME.block_on(Demo::build(&options, clock.clone(), random));
        let demo = built.unwrap();
        let roots = demo.root_keys.iter().map(|key| {
            let credentials = Credentials {
                access_key_id: key.access_key_id.clone(),
                secret_access_key: key.secret_access_key.clone(),
                session_token: None,
            };
            (key.account.clone(), credentials)
        });
        let broker = Broker {
            app: demo.app.clone(),
            clock,
            idp_url: demo.idp_url.clone(),
            address: demo.app.config.listen.to_string(),
            facts: screen::facts(&demo),
            data: options.data,
            roots: roots.collect(),
        };
        RUNTIME.spawn(demo.serve(std::future::pending()));
        broker
    }

    /// A broker with the demo's accounts and whatever else the configuration says.
    pub fn configured(more: &str) -> Broker {
        Broker::known_as(None, more)
    }

    /// The same, known to people by another URL than its address.
    pub fn known_as(public_url: Option<&str>, more: &str) -> Broker {
        let data = directory();
        let listener = RUNTIME.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let public_url = public_url.map_or_else(|| format!("http://{address}"), str::to_owned);
        // All tests are one source, and most of what they do is refused.
        let limits = match more.contains("[limits]") {
            true => "",
            false => "[limits]\nfailures = 10000\nfailures_per_second = 1000\n",
        };
        let text = format!(
            "public_url = \"{public_url}\"\nlisten = \"{address}\"\n\
             [metrics]\nlisten = \"\"\n\
             {limits}\
             [[sts]]\nid = \"local\"\nkind = \"embedded\"\n\
             accounts = [{{ id = \"{DEV}\", name = \"dev\" }}, {{ id = \"{PROD}\", name = \"prod\" }}]\n\
             {more}"
        );
        let config = config::parse(&text, &data, &|_| None, Vec::new(), true);
        let config = config.unwrap_or_else(|problems| panic!("{problems}"));
        let clock = still();
        let app = App::build(config, clock.clone(), Arc::new(SystemRandom));
        let app = Arc::new(RUNTIME.block_on(app).unwrap());
        let router = drawbridge::http::router(app.clone());
        let serve = drawbridge::http::server::serve(listener, router, 1000, std::future::pending());
        RUNTIME.spawn(serve);
        Broker {
            app,
            clock,
            idp_url: String::new(),
            address,
            data,
            facts: Value::Null,
            roots: Vec::new(),
        }
    }

    /// Issuer of the demo's people.
    pub fn acme(&self) -> String {
        format!("{}/acme", self.idp_url)
    }

    /// A path as an absolute URL.
    pub fn absolute(&self, path: &str) -> String {
        self.app.urls.absolute(path)
    }

    /// Issuer of the demo's job tokens.
    pub fn ci(&self) -> String {
        format!("{}/ci", self.idp_url)
    }

    pub fn get(&self, target: &str) -> Request {
        Request::new(&self.address, "GET", target)
    }

    pub fn post(&self, target: &str) -> Request {
        Request::new(&self.address, "POST", target)
    }

    /// An STS request as it is before it is signed.
    pub fn sts(&self, action: &str, params: &[(&str, &str)]) -> Request {
        let mut fields = vec![("Action", action), ("Version", "2011-06-15")];
        fields.extend(params);
        self.post("/").form(&fields)
    }

    /// An STS request, signed.
    pub fn signed(&self, who: &Credentials, action: &str, params: &[(&str, &str)]) -> Request {
        self.sign(self.sts(action, params), who)
    }

    /// Signs a request as SDKs do, now.
    pub fn sign(&self, request: Request, who: &Credentials) -> Request {
        request.sign_for("us-east-1", "sts", who, self.clock.now())
    }

    /// Calls IAM, signed; the answer may be a refusal.
    pub fn iam(&self, who: &Credentials, action: &str, params: &[(&str, &str)]) -> Reply {
        let mut fields = vec![("Action", action), ("Version", "2010-05-08")];
        fields.extend(params);
        let request = self.post("/").form(&fields);
        let now = self.clock.now();
        request.sign_for("us-east-1", "iam", who, now).send()
    }

    /// Calls IAM, and it must work.
    #[track_caller]
    pub fn iam_ok(&self, who: &Credentials, action: &str, params: &[(&str, &str)]) -> Reply {
        let reply = self.iam(who, action, params);
        assert_eq!(reply.status, 200, "{action}: {}", reply.text());
        reply
    }

    /// Assumes a role; the answer may be a refusal.
    pub fn assume(&self, who: &Credentials, role: &str, params: &[(&str, &str)]) -> Reply {
        let mut fields = vec![("RoleArn", role)];
        if !params.iter().any(|(name, _)| *name == "RoleSessionName") {
            fields.push(("RoleSessionName", "session"));
        }
        fields.extend(params);
        self.signed(who, "AssumeRole", &fields).send()
    }

    /// Assumes a role with a token; the answer may be a refusal.
    pub fn assume_with(&self, token: &str, role: &str, params: &[(&str, &str)]) -> Reply {
        let mut fields = vec![("RoleArn", role), ("WebIdentityToken", token)];
        if !params.iter().any(|(name, _)| *name == "RoleSessionName") {
            fields.push(("RoleSessionName", "session"));
        }
        fields.extend(params);
        self.sts("AssumeRoleWithWebIdentity", &fields).send()
    }

    /// Whom these credentials speak for.
    #[track_caller]
    pub fn who_is(&self, who: &Credentials) -> String {
        let reply = self.signed(who, "GetCallerIdentity", &[]).send();
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.xml("Arn")
    }

    /// The root key of a demo account.
    pub fn root(&self, account: &str) -> &Credentials {
        let found = self.roots.iter().find(|(of, _)| of == account);
        &found.unwrap().1
    }

    /// Credentials of a session that was made as the test says, without asking any policy.
    pub fn session_of(&self, role_arn: &str, spoil: impl FnOnce(&mut RoleSession)) -> Credentials {
        let account = role_arn.split(':').nth(4).unwrap();
        let role = RUNTIME.block_on(self.app.cache.role(role_arn)).unwrap();
        let now = self.clock.unix();
        let mut session = RoleSession {
            kind: SessionKind::Role,
            access_key_id: String::new(),
            account: account.to_owned(),
            role_arn: role_arn.to_owned(),
            role_id: role.map_or_else(String::new, |role| role.role.unique_id.clone()),
            session_name: "session".to_owned(),
            issued_at: now,
            expires_at: now + 3600,
            inline_policy: None,
            policy_arns: Vec::new(),
            tags: Vec::new(),
            transitive_tag_keys: Vec::new(),
            source_identity: None,
            federation: std::collections::BTreeMap::new(),
            federated_provider: None,
            vouched_for: None,
            chained: false,
            mfa_at: None,
            task: None,
        };
        spoil(&mut session);
        let account = AccountId::parse(account).unwrap();
        let made = mint(
            &self.app.ring,
            account,
            session,
            random_bytes(&SystemRandom),
        )
        .unwrap();
        Credentials {
            access_key_id: made.access_key_id,
            secret_access_key: made.secret_access_key,
            session_token: Some(made.session_token),
        }
    }

    /// A job token of the demo's CI platform.
    #[track_caller]
    pub fn job(&self, query: &str) -> String {
        let url = format!("{}/ci/token?{query}", self.idp_url);
        let reply = browser::request("GET", &url).send();
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["value"].as_str().unwrap().to_owned()
    }

    /// Every line of the audit trail so far.
    pub fn trail(&self) -> String {
        // Events are written in order, so what is closed before this one is on disk when this one is.
        let now = self.clock.now();
        let barrier = AuditEvent::open(&self.app.audit, "barrier", "barrier", now, "::1", None);
        let written = barrier.close_durably(Outcome::Granted(Value::Null));
        RUNTIME.block_on(written).unwrap();
        let mut trail = std::fs::read_to_string(&self.app.config.audit.file).unwrap();
        // What another test is causing may be half written.
        trail.truncate(trail.rfind('\n').map_or(0, |end| end + 1));
        trail
    }

    /// The events of one request.
    pub fn events(&self, reference: &str) -> Vec<Value> {
        let lines = self.trail();
        let lines = lines.lines().map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["event"].clone()
        });
        lines
            .filter(|event| event["requestID"] == json!(reference))
            .collect()
    }

    /// The one event of an answer.
    #[track_caller]
    pub fn event(&self, reply: &Reply) -> Value {
        let events = self.events(&reply.reference());
        assert_eq!(events.len(), 1, "{events:#?}");
        events.into_iter().next().unwrap()
    }

    /// The reason code that the audit has for a refusal.
    #[track_caller]
    pub fn reason(&self, reply: &Reply) -> String {
        let event = self.event(reply);
        let reason = event["additionalEventData"]["reason"].as_str();
        reason
            .unwrap_or_else(|| panic!("no reason in {event:#}"))
            .to_owned()
    }

    /// Holds a refusal of the AWS door against what it must be, its reason in the audit included.
    #[track_caller]
    pub fn refuses(&self, reply: &Reply, status: u16, code: &str, message: &str, reason: &str) {
        let expected = (status, code.to_owned(), message.to_owned());
        assert_eq!(reply.aws_error(), expected);
        assert_eq!(self.reason(reply), reason);
    }
}
