//! Cutting off: one session, one principal, one role, one person, one identity provider, on every node.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use drawbridge::access::Call;
use drawbridge::access::authenticate::caller_of;
use drawbridge::access::call::Source;
use drawbridge::clock::{Clock, SystemRandom};
use drawbridge::credentials::{RoleSession, SessionKind};
use drawbridge::http::house;
use drawbridge::iam::cut_off::CutOff;
use drawbridge::sigv4::Credentials;
use drawbridge::store::revocations::Revocation;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::browser::Browser;
use crate::harness::desk::AUDIENCE;
use crate::harness::http::Reply;
use crate::harness::iam::{allow, document, trust_issuer};
use crate::harness::issuer::Issuer;
use crate::harness::{Broker, DEV, PROD, RUNTIME};
use crate::postgres::Postgres;

/// Makes the dev account the one that stands over all.
const OVER: &str = "management_account = \"111111111111\"\n";

/// What an attempt came to: the cut or the refusal, and its reference.
struct Attempt {
    reference: String,
    result: Result<Revocation, (String, String)>,
}

/// Cuts somebody off in the name of these session credentials, as the console does.
fn cut(broker: &Broker, who: &Credentials, whom: CutOff<'_>) -> Attempt {
    let app = &broker.app;
    let token = who.session_token.as_ref().unwrap().expose();
    let (session, _) =
        RoleSession::open(&app.ring, &who.access_key_id, token, broker.clock.unix()).unwrap();
    RUNTIME.block_on(async {
        let caller = caller_of(&app.cache, session).await.unwrap();
        let source = Source {
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            secure: false,
            user_agent: None,
        };
        let mut call = Call::open(&app.audit, &*app.clock, &SystemRandom, source);
        let reference = call.request_id.clone();
        let result = app.iam.cut_off(&mut call, &caller, whom).await;
        let result = match result {
            Ok(made) => {
                call.granted(Value::Null).await.unwrap();
                Ok(made)
            }
            Err(denial) => {
                let told = (
                    denial.error.code.to_owned(),
                    denial.error.message.to_string(),
                );
                call.refused_with(&denial.error, denial.detail);
                Err(told)
            }
        };
        Attempt { reference, result }
    })
}

#[track_caller]
fn refused(attempt: &Attempt, code: &str, message: &str) {
    let told = attempt.result.as_ref().unwrap_err();
    assert_eq!((told.0.as_str(), told.1.as_str()), (code, message));
}

/// A session that may cut off anybody of the dev account.
fn guard(broker: &Broker) -> Credentials {
    guard_on(broker, "Guard", "*")
}

/// A session that may cut off what this pattern covers.
fn guard_on(broker: &Broker, name: &str, resource: &str) -> Credentials {
    guard_of(broker, DEV, name, resource)
}

fn guard_of(broker: &Broker, account: &str, name: &str, resource: &str) -> Credentials {
    let trust = document(json!({
        "Effect": "Allow",
        "Principal": { "AWS": format!("arn:aws:iam::{account}:root") },
        "Action": "sts:AssumeRole",
    }));
    let role = broker.role(account, name, &trust);
    let policy = allow(&["drawbridge:CutOff"], &[resource]);
    broker.role_policy(account, name, &policy);
    broker.session_of(&role, |session| session.session_name = "eve".to_owned())
}

/// A role that an issuer's subjects may take.
fn open_role(broker: &Broker, name: &str, issuer: &str) -> String {
    broker.role(DEV, name, &trust_issuer(DEV, issuer, json!({})))
}

fn asked(broker: &Broker, who: &Credentials) -> Reply {
    broker.signed(who, "GetCallerIdentity", &[]).send()
}

#[track_caller]
fn is_over(broker: &Broker, who: &Credentials) {
    let reply = asked(broker, who);
    assert_eq!(reply.aws_error().1, "ExpiredToken");
    assert_eq!(broker.reason(&reply), "sigv4.session.revoked");
}

/// Lets a moment pass, so that what is made now is made after the cut.
fn later(broker: &Broker) {
    broker.clock.advance(time::Duration::seconds(2));
}

// --- sessions -------------------------------------------------------------------------------------------------------

#[test]
fn one_session_is_cut_off_and_its_sister_is_not() {
    let broker = Broker::configured("");
    let role = open_role(&broker, "Deploy", "idp.example");
    let (one, two) = (
        broker.session_of(&role, |_| {}),
        broker.session_of(&role, |_| {}),
    );
    let attempt = cut(
        &broker,
        &guard(&broker),
        CutOff::Session(&one.access_key_id),
    );
    assert!(attempt.result.is_ok());
    is_over(&broker, &one);
    assert_eq!(asked(&broker, &two).status, 200);
}

#[test]
fn every_session_of_a_role_is_cut_off_and_new_ones_count() {
    let broker = Broker::configured("");
    let role = open_role(&broker, "Deploy", "idp.example");
    let other = open_role(&broker, "Other", "idp.example");
    let old = broker.session_of(&role, |_| {});
    let others = broker.session_of(&other, |_| {});
    cut(&broker, &guard(&broker), CutOff::Role(&role))
        .result
        .unwrap();
    is_over(&broker, &old);
    assert_eq!(asked(&broker, &others).status, 200);
    later(&broker);
    let new = broker.session_of(&role, |_| {});
    assert_eq!(asked(&broker, &new).status, 200);
    is_over(&broker, &old);
}

#[test]
fn sessions_of_one_name_are_cut_off() {
    let broker = Broker::configured("");
    let role = open_role(&broker, "Deploy", "idp.example");
    let named =
        |name: &str| broker.session_of(&role, |session| name.clone_into(&mut session.session_name));
    let (ann, bob) = (named("ann"), named("bob"));
    // However the role is spelled.
    let arn = format!("arn:aws:sts::{DEV}:assumed-role/DEPLOY/ann");
    cut(&broker, &guard(&broker), CutOff::Principal(&arn))
        .result
        .unwrap();
    is_over(&broker, &ann);
    assert_eq!(asked(&broker, &bob).status, 200);
}

#[test]
fn the_sessions_of_a_user_are_cut_off_and_its_key_stays() {
    let broker = Broker::configured("");
    let key = broker.user(DEV, "ann", None);
    let user = RUNTIME.block_on(broker.app.store.user_by_name(DEV, "ann"));
    let user = user.unwrap().unwrap();
    let session = broker.session_of(&user.arn, |session| {
        session.kind = SessionKind::User;
        session.role_id = user.unique_id.clone();
    });
    assert_eq!(asked(&broker, &session).status, 200);
    let arn = user.arn.replace("ann", "ANN");
    cut(&broker, &guard(&broker), CutOff::Principal(&arn))
        .result
        .unwrap();
    is_over(&broker, &session);
    assert_eq!(asked(&broker, &key).status, 200);
}

#[test]
fn another_name_brings_nobody_back_who_was_cut_off() {
    let broker = Broker::configured("");
    broker.user(DEV, "ann", None);
    let find = |name: &str| {
        let user = RUNTIME.block_on(broker.app.store.user_by_name(DEV, name));
        user.unwrap().unwrap()
    };
    let user = find("ann");
    let of = |kind| {
        broker.session_of(&user.arn, |session| {
            session.kind = kind;
            session.role_id = user.unique_id.clone();
        })
    };
    let sessions = [of(SessionKind::User), of(SessionKind::FederatedUser)];
    let rename = |from: &str, to: &str| {
        let change = broker.app.store.update_user(DEV, from, |user| {
            user.arn = user.arn.replace(from, to);
            user.name = to.to_owned();
            Ok::<(), drawbridge::store::StoreError>(())
        });
        RUNTIME.block_on(change).unwrap();
        RUNTIME.block_on(broker.app.cache.refresh()).unwrap();
    };
    // Made under one name, cut off under another, tried under a third.
    rename("ann", "bea");
    for session in &sessions {
        assert_eq!(asked(&broker, session).status, 200);
    }
    let arn = find("bea").arn;
    cut(&broker, &guard(&broker), CutOff::Principal(&arn))
        .result
        .unwrap();
    rename("bea", "cy");
    for session in &sessions {
        is_over(&broker, session);
    }
}

#[test]
fn a_deny_by_the_time_of_issue_cuts_off_as_at_aws() {
    let broker = Broker::demo();
    let trust = trust_issuer(DEV, "idp.example", json!({}));
    let role = broker.role(DEV, "Revoked", &trust);
    broker.role_policy(DEV, "Revoked", &allow(&["iam:*"], &["*"]));
    let old = broker.session_of(&role, |_| {});
    let get = |who: &Credentials| broker.iam(who, "GetRole", &[("RoleName", "Revoked")]);
    assert_eq!(get(&old).status, 200);
    later(&broker);
    // What the console of AWS writes for "Revoke active sessions".
    let now = drawbridge::aws::xml::timestamp(broker.clock.now());
    let deny = document(json!({
        "Effect": "Deny",
        "Action": ["*"],
        "Resource": ["*"],
        "Condition": { "DateLessThan": { "aws:TokenIssueTime": now } },
    }));
    let fields = [
        ("RoleName", "Revoked"),
        ("PolicyName", "AWSRevokeOlderSessions"),
        ("PolicyDocument", &deny),
    ];
    broker.iam_ok(broker.root(DEV), "PutRolePolicy", &fields);
    let reply = get(&old);
    let message = format!(
        "User: arn:aws:sts::{DEV}:assumed-role/Revoked/session is not authorized to perform: iam:GetRole on \
         resource: {role} with an explicit deny in an identity-based policy"
    );
    assert_eq!(reply.aws_error(), (403, "AccessDenied".to_owned(), message));
    assert_eq!(get(&broker.session_of(&role, |_| {})).status, 200);
}

// --- what sessions are made from ------------------------------------------------------------------------------------

/// A broker that takes tokens of one issuer, a role for them, and an access token made of one.
struct Door {
    broker: Broker,
    issuer: Issuer,
    role: String,
}

impl Door {
    fn start() -> Door {
        let issuer = Issuer::start();
        let broker = Broker::configured(&format!(
            "{OVER}[[ci]]\nissuer = \"{}\"\naudience = \"{AUDIENCE}\"\n",
            issuer.url
        ));
        let role = open_role(&broker, "Job", issuer.name());
        Door {
            broker,
            issuer,
            role,
        }
    }

    /// A job's token, issued now.
    fn job(&self, subject: &str) -> String {
        let now = self.broker.clock.unix();
        self.issuer.token(&[
            ("aud", json!(AUDIENCE)),
            ("sub", json!(subject)),
            ("iat", json!(now)),
            ("exp", json!(now + 600)),
        ])
    }

    fn exchange(&self, token: &str, kind: &str) -> Reply {
        let fields = [
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ),
            ("subject_token", token),
            ("subject_token_type", kind),
            ("audience", "dev/Job"),
        ];
        self.broker.post("/oauth2/token").form(&fields).send()
    }

    /// An access token made of a job's.
    fn access_token(&self, job: &str) -> String {
        let reply = self.exchange(job, "urn:ietf:params:oauth:token-type:jwt");
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["access_token"].as_str().unwrap().to_owned()
    }

    fn creds(&self, token: &str) -> Reply {
        self.broker.get("/v1/creds/dev/Job").bearer(token).send()
    }

    /// That neither a job's token nor what was made of it opens anything any more.
    #[track_caller]
    fn is_shut(&self, job: &str, access: &str) {
        for token in [job, access] {
            let reply = self.creds(token);
            let answer = reply.json();
            assert_eq!(
                (reply.status, &answer["error"]),
                (401, &json!("invalid_token"))
            );
            assert_eq!(answer["reason"], "cut_off");
            let message = "This sign-in was cut off by an administrator. Sign in again.";
            assert_eq!(answer["message"], message);
            assert_eq!(self.broker.reason(&reply), "cut_off");
        }
        let kind = "urn:ietf:params:oauth:token-type:access_token";
        let reply = self.exchange(access, kind);
        assert_eq!(
            (reply.status, &reply.json()["error"]),
            (400, &json!("invalid_grant"))
        );
        let reply = self.broker.assume_with(job, &self.role, &[]);
        let message = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
        self.broker
            .refuses(&reply, 403, "AccessDenied", message, "cut_off");
    }

    #[track_caller]
    fn is_open(&self, job: &str, access: &str) {
        assert_eq!(self.creds(job).status, 200);
        assert_eq!(self.creds(access).status, 200);
        assert_eq!(self.broker.assume_with(job, &self.role, &[]).status, 200);
    }
}

#[test]
fn what_rests_on_an_identity_provider_is_cut_off_with_it() {
    let door = Door::start();
    let (broker, url) = (&door.broker, door.issuer.url.as_str());
    let job = door.job("a");
    let access = door.access_token(&job);
    let session = broker.assume_with(&job, &door.role, &[]).credentials();
    door.is_open(&job, &access);
    let arn = format!("arn:aws:iam::{DEV}:oidc-provider/{}", door.issuer.name());
    let guard = guard(broker);
    for idp in [url, &arn] {
        cut(broker, &guard, CutOff::Idp(idp)).result.unwrap();
        door.is_shut(&job, &access);
        is_over(broker, &session);
        later(broker);
    }
    // Whoever the provider vouches for anew gets in.
    let job = door.job("a");
    door.is_open(&job, &door.access_token(&job));
}

#[test]
fn one_subject_is_cut_off_and_the_others_are_not() {
    let door = Door::start();
    let broker = &door.broker;
    let (job_a, job_b) = (door.job("repo: a"), door.job("repo: b"));
    let (access_a, access_b) = (door.access_token(&job_a), door.access_token(&job_b));
    let session_a = broker.assume_with(&job_a, &door.role, &[]).credentials();
    let session_b = broker.assume_with(&job_b, &door.role, &[]).credentials();
    let whom = CutOff::Subject {
        issuer: &door.issuer.url,
        subject: "repo: a",
    };
    cut(broker, &guard(broker), whom).result.unwrap();
    door.is_shut(&job_a, &access_a);
    is_over(broker, &session_a);
    door.is_open(&job_b, &access_b);
    assert_eq!(asked(broker, &session_b).status, 200);
}

#[test]
fn a_token_of_an_issuer_whose_clock_is_ahead_is_not_behind_the_cut() {
    let door = Door::start();
    let broker = &door.broker;
    let now = broker.clock.unix();
    let ahead = [
        ("aud", json!(AUDIENCE)),
        ("iat", json!(now + 50)),
        ("exp", json!(now + 600)),
    ];
    let job = door.issuer.token(&ahead);
    let access = door.access_token(&job);
    cut(broker, &guard(broker), CutOff::Idp(&door.issuer.url))
        .result
        .unwrap();
    later(broker);
    let reply = door.creds(&access);
    assert_eq!(
        (reply.status, &reply.json()["reason"]),
        (401, &json!("cut_off"))
    );
}

#[test]
fn a_person_who_was_cut_off_must_sign_in_anew() {
    let broker = Broker::demo();
    let acme = broker.acme();
    let (mut ann, mut bob) = (Browser::new(), Browser::new());
    ann.sign_in(&broker, "ann");
    bob.sign_in(&broker, "bob");
    let front = broker.absolute("/");
    let is_in = |browser: &mut Browser| !browser.get(&front).text().contains("Sign in with");
    assert!(is_in(&mut ann) && is_in(&mut bob));
    // In the demo, prod stands over all.
    let guard = guard_of(&broker, PROD, "Guard", "*");
    let whom = CutOff::Subject {
        issuer: &acme,
        subject: "ann",
    };
    cut(&broker, &guard, whom).result.unwrap();
    assert!(!is_in(&mut ann) && is_in(&mut bob));
    later(&broker);
    assert!(!is_in(&mut ann), "the session is gone, not asleep");
    let mut ann = Browser::new();
    ann.sign_in(&broker, "ann");
    assert!(is_in(&mut ann));
    cut(&broker, &guard, CutOff::Idp(&acme)).result.unwrap();
    assert!(!is_in(&mut ann) && !is_in(&mut bob));
}

// --- two nodes ------------------------------------------------------------------------------------------------------

/// Cuts off at one node, and holds the other, which keeps house as a server does, to the second.
fn share(directory: &TempDir, url: &str) {
    let issuer = Issuer::start();
    let keys = directory.path().join("drawbridge-keys");
    let start = || {
        Broker::configured(&format!(
            "{OVER}[store]\nurl = \"{url}\"\n[keys]\nfile = \"{}\"\n\
             [[ci]]\nissuer = \"{}\"\naudience = \"{AUDIENCE}\"\n",
            keys.display(),
            issuer.url
        ))
    };
    let (one, two) = (start(), start());
    // Their clocks agree.
    two.clock.set(one.clock.now());
    let entered = RUNTIME.enter();
    let house = house::keep(&two.app);
    drop(entered);
    let role = open_role(&one, "Shared", issuer.name());
    let guard = guard(&one);
    let now = one.clock.unix();
    let job = issuer.token(&[
        ("aud", json!(AUDIENCE)),
        ("iat", json!(now)),
        ("exp", json!(now + 600)),
    ]);
    let until = |done: &dyn Fn() -> bool| {
        let started = Instant::now();
        while !done() {
            assert!(
                started.elapsed() < Duration::from_secs(3),
                "not within a second"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        started.elapsed()
    };
    // The other node knows the role.
    until(&|| two.assume_with(&job, &role, &[]).status == 403 || asked_creds(&two, &job) == 200);
    let session = one.session_of(&role, |_| {});
    assert_eq!(asked(&two, &session).status, 200);
    cut(&one, &guard, CutOff::Session(&session.access_key_id))
        .result
        .unwrap();
    let took = until(&|| asked(&two, &session).status == 403);
    assert!(took < Duration::from_millis(1500), "{took:?}");

    assert_eq!(asked_creds(&two, &job), 200);
    cut(&one, &guard, CutOff::Idp(&issuer.url)).result.unwrap();
    let took = until(&|| asked_creds(&two, &job) == 401);
    assert!(took < Duration::from_millis(1500), "{took:?}");
    house.abort();
}

fn asked_creds(broker: &Broker, token: &str) -> u16 {
    let reply = broker.get("/v1/creds/dev/Shared").bearer(token).send();
    reply.status
}

#[test]
fn a_cut_at_one_node_counts_at_the_other_over_sqlite() {
    let directory = TempDir::new().unwrap();
    let url = format!("sqlite://{}", directory.path().join("store.db").display());
    share(&directory, &url);
}

#[test]
fn a_cut_at_one_node_counts_at_the_other_over_postgresql() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let directory = TempDir::new().unwrap();
    share(&directory, &server.url());
}

// --- who may --------------------------------------------------------------------------------------------------------

fn not_allowed(name: &str, on: &str, kind: &str) -> String {
    format!(
        "User: arn:aws:sts::{DEV}:assumed-role/{name}/eve is not authorized to perform: drawbridge:CutOff on \
         resource: {on} because no {kind} policy allows the drawbridge:CutOff action"
    )
}

#[test]
fn cutting_off_needs_the_permission_on_whom_it_is_about() {
    let broker = Broker::configured("");
    let role = open_role(&broker, "Deploy", "idp.example");
    let session = broker.session_of(&role, |_| {});
    let key = session.access_key_id.as_str();
    let nobody = guard_on(&broker, "Nobody", "arn:aws:iam::111111111111:role/None");
    let user = format!("arn:aws:iam::{DEV}:user/none");
    let issuer = "https://idp.example";
    for (whom, on) in [
        (CutOff::Role(&role), role.as_str()),
        // The permission is asked for on the role as it is spelled, not as the call spells it.
        (CutOff::Role(&role.replace("Deploy", "DEPLOY")), &role),
        (CutOff::Principal(&user), &user),
        (CutOff::Idp(issuer), "*"),
        (
            CutOff::Subject {
                issuer,
                subject: "a",
            },
            "*",
        ),
        (
            CutOff::Session(key),
            &format!("arn:aws:sts::{DEV}:session/{key}"),
        ),
    ] {
        let message = not_allowed("Nobody", on, "identity-based");
        refused(&cut(&broker, &nobody, whom), "AccessDenied", &message);
    }
    assert_eq!(asked(&broker, &session).status, 200);
    // With the permission on the one role, that one.
    let guard = guard_on(&broker, "OneRole", &role);
    cut(&broker, &guard, CutOff::Role(&role)).result.unwrap();
    is_over(&broker, &session);
}

#[test]
fn nobody_cuts_off_in_another_account() {
    let broker = Broker::configured("");
    let trust = trust_issuer(PROD, "idp.example", json!({}));
    let theirs = broker.role(PROD, "Deploy", &trust);
    let session = broker.session_of(&theirs, |_| {});
    let guard = guard(&broker);
    let key = session.access_key_id.as_str();
    for (whom, on) in [
        (CutOff::Role(&theirs), theirs.as_str()),
        (
            CutOff::Session(key),
            &format!("arn:aws:sts::{PROD}:session/{key}"),
        ),
    ] {
        let message = not_allowed("Guard", on, "resource-based");
        refused(&cut(&broker, &guard, whom), "AccessDenied", &message);
    }
    assert_eq!(asked(&broker, &session).status, 200);
}

#[test]
fn what_reaches_every_account_takes_the_account_that_stands_over_all() {
    let issuer = "https://idp.example";
    let arn = format!("arn:aws:iam::{DEV}:oidc-provider/idp.example");
    let person = CutOff::Subject {
        issuer,
        subject: "a",
    };
    let wide = [person, CutOff::Idp(issuer), CutOff::Idp(&arn)];
    let message = format!(
        "User: arn:aws:sts::{DEV}:assumed-role/Guard/eve is not authorized to perform: drawbridge:CutOff on \
         resource: * because it reaches every account and this one does not stand over them"
    );
    // Nobody stands over several accounts by default, and the one that does is not this one.
    let theirs = format!("management_account = \"{PROD}\"\n");
    for more in ["", &theirs] {
        let broker = Broker::configured(more);
        let guard = guard(&broker);
        for whom in wide {
            let attempt = cut(&broker, &guard, whom);
            refused(&attempt, "AccessDenied", &message);
            let event = &broker.events(&attempt.reference)[0];
            assert_eq!(event["additionalEventData"]["reason"], "cut_off.account");
        }
        let cuts = RUNTIME.block_on(broker.app.store.revocations());
        assert!(cuts.unwrap().is_empty());
    }
    let broker = Broker::configured(OVER);
    let guard = guard(&broker);
    for whom in wide {
        cut(&broker, &guard, whom).result.unwrap();
    }
}

#[test]
fn whoever_is_not_there_cannot_be_cut_off() {
    let broker = Broker::configured("");
    let guard = guard(&broker);
    let (role, user) = (
        format!("arn:aws:iam::{DEV}:role/None"),
        format!("arn:aws:iam::{DEV}:user/none"),
    );
    let session = format!("arn:aws:sts::{DEV}:assumed-role/None/ann");
    for whom in [
        CutOff::Role(&role),
        CutOff::Principal(&user),
        CutOff::Principal(&session),
    ] {
        let (CutOff::Role(arn) | CutOff::Principal(arn)) = whom else {
            continue;
        };
        let message = format!("{arn} cannot be found.");
        refused(&cut(&broker, &guard, whom), "NoSuchEntity", &message);
    }
}

#[test]
fn what_names_nobody_is_refused() {
    let broker = Broker::configured("");
    let guard = guard(&broker);
    let user = format!("arn:aws:iam::{DEV}:user/ann");
    for key in ["", "ASIA", "AKIAQNZGKIQY56JQ7WML", "ASIAIOSFODNN7EXAMPLE"] {
        let message = "This is no access key id of a session.";
        let attempt = cut(&broker, &guard, CutOff::Session(key));
        refused(&attempt, "ValidationError", message);
    }
    let role = format!("arn:aws:iam::{DEV}:role/None");
    for whom in [
        CutOff::Role(&user),
        CutOff::Role("x"),
        CutOff::Principal(&role),
        CutOff::Principal("x"),
        CutOff::Idp(&user),
    ] {
        let (CutOff::Role(text) | CutOff::Principal(text) | CutOff::Idp(text)) = whom else {
            continue;
        };
        let message = format!("{text} is invalid");
        refused(&cut(&broker, &guard, whom), "ValidationError", &message);
    }
}

#[test]
fn the_trail_and_the_store_say_who_cut_off_whom() {
    let broker = Broker::configured("");
    let role = open_role(&broker, "Deploy", "idp.example");
    let attempt = cut(&broker, &guard(&broker), CutOff::Role(&role));
    let made = attempt.result.unwrap();
    let eve = format!("arn:aws:sts::{DEV}:assumed-role/Guard/eve");
    assert_eq!(
        (made.id.as_str(), made.revoked_by.as_str()),
        (role.as_str(), eve.as_str())
    );
    assert_eq!(made.issued_before, broker.clock.unix() + 1);
    let events = broker.events(&attempt.reference);
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!(event["eventName"], "CutOff");
    assert_eq!(event["userIdentity"]["arn"], json!(eve));
    assert_eq!(
        event["requestParameters"],
        json!({ "kind": "role", "id": role })
    );
    let nobody = guard_on(&broker, "Nobody", "arn:aws:iam::111111111111:role/None");
    let attempt = cut(&broker, &nobody, CutOff::Role(&role));
    let event = &broker.events(&attempt.reference)[0];
    assert_eq!(event["errorCode"], "AccessDenied");
}
