//! One-time codes, as the operations of the STS verify them.

use std::sync::LazyLock;

use drawbridge::access::Call;
use drawbridge::access::call::Source;
use drawbridge::aws::error::AwsError;
use drawbridge::clock::{Clock, SystemRandom};
use drawbridge::sigv4::Credentials;
use serde_json::json;
use time::Duration;

use crate::harness::iam::{allow, trust};
use crate::harness::phone::Phone;
use crate::harness::{Broker, DEV, RUNTIME};

/// The broker of those tests that leave its clock alone.
static DEMO: LazyLock<Broker> = LazyLock::new(Broker::demo);

const UNKNOWN: &str = "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.";
const WRONG: &str = "MultiFactorAuthentication failed with invalid MFA one time pass code. ";
const INCOMPLETE: &str =
    "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.";

type Checked = Result<Option<i64>, AwsError>;

/// Asks as an operation of the STS does.
fn check(broker: &Broker, user: &str, serial: Option<&str>, code: Option<&str>) -> Checked {
    RUNTIME.block_on(async {
        let source = Source {
            ip: [127, 0, 0, 1].into(),
            secure: false,
            user_agent: None,
        };
        let app = &broker.app;
        let call = Call::open(&app.audit, &*app.clock, &SystemRandom, source);
        let found = app.store.user_by_name(DEV, user).await.unwrap().unwrap();
        let user = app
            .cache
            .user(DEV, &found.unique_id)
            .await
            .unwrap()
            .unwrap();
        let code = code.map(|code| code.to_owned().into());
        let checked = app
            .broker
            .sts
            .check_mfa(&call, &user, serial, code.as_ref())
            .await;
        call.answered(serde_json::Value::Null).unwrap();
        checked.map_err(|denial| denial.error)
    })
}

fn asks(broker: &Broker, user: &str, phone: &Phone, steps: i64) -> Checked {
    let code = broker.code(phone, steps);
    check(broker, user, Some(&phone.serial), Some(&code))
}

#[track_caller]
fn passes(broker: &Broker, checked: Checked) {
    assert_eq!(checked.unwrap(), Some(broker.clock.unix()));
}

#[track_caller]
fn refuses(checked: Checked, message: &str, reason: &str) {
    let AwsError {
        code,
        status,
        message: told,
        reason: noted,
    } = checked.unwrap_err();
    assert_eq!((status, code, &*told), (403, "AccessDenied", message));
    assert_eq!(noted, reason);
}

/// A user with a device.
fn user(broker: &Broker, name: &str) -> Phone {
    broker.user(DEV, name, None);
    broker.phone_of(broker.root(DEV), name, name)
}

#[test]
fn nothing_asked_is_nothing_verified() {
    DEMO.user(DEV, "asks-nothing", None);
    assert_eq!(check(&DEMO, "asks-nothing", None, None).unwrap(), None);
}

#[test]
fn serial_number_and_code_come_together() {
    let phone = user(&DEMO, "asks-half");
    let code = DEMO.code(&phone, 0);
    refuses(
        check(&DEMO, "asks-half", None, Some(&code)),
        INCOMPLETE,
        "sts.mfa",
    );
    let serial = Some(phone.serial.as_str());
    refuses(
        check(&DEMO, "asks-half", serial, None),
        INCOMPLETE,
        "sts.mfa",
    );
}

#[test]
fn a_code_counts_one_step_early_and_one_step_late_and_no_further() {
    let phone = user(&DEMO, "asks-window");
    for steps in [-2, 2, -3, 10] {
        refuses(
            asks(&DEMO, "asks-window", &phone, steps),
            WRONG,
            "sts.mfa.code",
        );
    }
    let phone = user(&DEMO, "asks-early");
    passes(&DEMO, asks(&DEMO, "asks-early", &phone, 1));
    passes(&DEMO, asks(&DEMO, "asks-early", &phone, 0));
    let broker = Broker::demo();
    let phone = user(&broker, "late");
    broker.clock.advance(Duration::seconds(60));
    passes(&broker, asks(&broker, "late", &phone, -1));
}

#[test]
fn a_code_counts_once() {
    let phone = user(&DEMO, "asks-twice");
    passes(&DEMO, asks(&DEMO, "asks-twice", &phone, 0));
    refuses(
        asks(&DEMO, "asks-twice", &phone, 0),
        WRONG,
        "sts.mfa.reused",
    );
    passes(&DEMO, asks(&DEMO, "asks-twice", &phone, 1));
}

#[test]
fn the_codes_that_gave_the_device_to_its_user_are_spent() {
    let phone = user(&DEMO, "asks-spent");
    refuses(
        asks(&DEMO, "asks-spent", &phone, -1),
        WRONG,
        "sts.mfa.reused",
    );
}

#[test]
fn of_many_who_send_one_code_at_once_one_passes() {
    let phone = user(&DEMO, "asks-race");
    let code = DEMO.code(&phone, 0);
    let racers: Vec<_> = (0..8)
        .map(|_| {
            let (serial, code) = (phone.serial.clone(), code.clone());
            std::thread::spawn(move || {
                check(&DEMO, "asks-race", Some(&serial), Some(&code)).is_ok()
            })
        })
        .collect();
    let passed = racers
        .into_iter()
        .filter_map(|racer| racer.join().unwrap().then_some(()));
    assert_eq!(passed.count(), 1);
}

#[test]
fn a_device_that_is_not_there_is_unknown() {
    DEMO.user(DEV, "asks-none", None);
    let serial = format!("arn:aws:iam::{DEV}:mfa/none");
    refuses(
        check(&DEMO, "asks-none", Some(&serial), Some("123456")),
        UNKNOWN,
        "sts.mfa",
    );
}

#[test]
fn a_device_of_somebody_else_or_of_nobody_is_unknown() {
    let phone = user(&DEMO, "asks-owner");
    DEMO.user(DEV, "asks-thief", None);
    refuses(asks(&DEMO, "asks-thief", &phone, 0), UNKNOWN, "sts.mfa");
    let free = DEMO.phone(DEMO.root(DEV), "asks-free");
    refuses(asks(&DEMO, "asks-owner", &free, 0), UNKNOWN, "sts.mfa");
    passes(&DEMO, asks(&DEMO, "asks-owner", &phone, 0));
}

#[test]
fn a_device_taken_away_is_unknown() {
    let phone = user(&DEMO, "asks-gone");
    let params = [("UserName", "asks-gone"), ("SerialNumber", &*phone.serial)];
    DEMO.iam_ok(DEMO.root(DEV), "DeactivateMFADevice", &params);
    refuses(asks(&DEMO, "asks-gone", &phone, 0), UNKNOWN, "sts.mfa");
}

#[test]
fn after_five_failures_even_the_right_code_is_refused_until_a_try_comes_back() {
    let broker = Broker::demo();
    let phone = user(&broker, "guesser");
    let guess = |code: &str| check(&broker, "guesser", Some(&phone.serial), Some(code));
    let wrong = match broker.code(&phone, 0).as_str() {
        "000000" => "000001",
        _ => "000000",
    };
    for _ in 0..5 {
        refuses(guess(wrong), WRONG, "sts.mfa.code");
    }
    refuses(
        asks(&broker, "guesser", &phone, 0),
        UNKNOWN,
        "sts.mfa.tries",
    );
    broker.clock.advance(Duration::seconds(59));
    refuses(
        asks(&broker, "guesser", &phone, 0),
        UNKNOWN,
        "sts.mfa.tries",
    );
    broker.clock.advance(Duration::seconds(1));
    passes(&broker, asks(&broker, "guesser", &phone, 0));
    // What was right took nothing.
    passes(&broker, asks(&broker, "guesser", &phone, 1));
    // Another device of another user was never concerned.
    let other = user(&broker, "bystander");
    passes(&broker, asks(&broker, "bystander", &other, 0));
}

#[test]
fn right_codes_do_not_use_up_tries() {
    let broker = Broker::demo();
    let phone = user(&broker, "busy");
    for _ in 0..12 {
        passes(&broker, asks(&broker, "busy", &phone, 0));
        broker.clock.advance(Duration::seconds(30));
    }
}

#[test]
fn resynchronising_moves_the_window() {
    let phone = user(&DEMO, "asks-ahead");
    refuses(asks(&DEMO, "asks-ahead", &phone, 12), WRONG, "sts.mfa.code");
    let root = DEMO.root(DEV);
    let moved = DEMO.pair(root, "ResyncMFADevice", &phone, "asks-ahead", [9, 10]);
    assert_eq!(moved.status, 200);
    refuses(
        asks(&DEMO, "asks-ahead", &phone, 10),
        WRONG,
        "sts.mfa.reused",
    );
    passes(&DEMO, asks(&DEMO, "asks-ahead", &phone, 11));
    refuses(asks(&DEMO, "asks-ahead", &phone, 12), WRONG, "sts.mfa.code");
    refuses(asks(&DEMO, "asks-ahead", &phone, 0), WRONG, "sts.mfa.code");
}

#[test]
fn a_window_moved_back_brings_no_code_back() {
    let phone = user(&DEMO, "asks-back");
    let root = DEMO.root(DEV);
    let resync = |steps| {
        let moved = DEMO.pair(root, "ResyncMFADevice", &phone, "asks-back", steps);
        assert_eq!(moved.status, 200);
    };
    resync([19, 20]);
    passes(&DEMO, asks(&DEMO, "asks-back", &phone, 21));
    resync([-20, -19]);
    resync([17, 18]);
    refuses(
        asks(&DEMO, "asks-back", &phone, 19),
        WRONG,
        "sts.mfa.reused",
    );
}

#[test]
fn a_clock_that_was_off_when_the_device_was_assigned_is_allowed_for() {
    let root = DEMO.root(DEV);
    DEMO.user(DEV, "asks-slow", None);
    let phone = DEMO.phone(root, "asks-slow");
    let enabled = DEMO.pair(root, "EnableMFADevice", &phone, "asks-slow", [2, 3]);
    assert_eq!(enabled.status, 200);
    // The phone is three steps ahead; one of them may have been the time it took to type.
    passes(&DEMO, asks(&DEMO, "asks-slow", &phone, 1));
    refuses(asks(&DEMO, "asks-slow", &phone, 3), WRONG, "sts.mfa.reused");
    refuses(asks(&DEMO, "asks-slow", &phone, 4), WRONG, "sts.mfa.code");
}

/// A role that wants MFA, of anybody in the account.
fn careful_role(broker: &Broker, name: &str) -> String {
    let condition = json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } });
    let trust = trust(
        json!({ "AWS": format!("arn:aws:iam::{DEV}:root") }),
        condition,
    );
    broker.role(DEV, name, &trust)
}

/// A user with a device who may assume any role.
fn signer(broker: &Broker, name: &str) -> (Credentials, Phone) {
    let policy = allow(&["sts:AssumeRole", "iam:ListMFADevices"], &["*"]);
    let key = broker.user(DEV, name, Some(&policy));
    let phone = broker.phone_of(broker.root(DEV), name, name);
    (key, phone)
}

#[test]
fn a_role_that_wants_mfa_is_assumed_with_a_code_and_not_without() {
    let role = careful_role(&DEMO, "Careful");
    let (key, phone) = signer(&DEMO, "careful");
    let plain = DEMO.assume(&key, &role, &[]);
    let message = format!(
        "User: arn:aws:iam::{DEV}:user/careful is not authorized to perform: sts:AssumeRole on resource: {role}"
    );
    assert_eq!(plain.aws_error(), (403, "AccessDenied".to_owned(), message));
    let code = DEMO.code(&phone, 0);
    let mfa = [("SerialNumber", &*phone.serial), ("TokenCode", &*code)];
    let session = DEMO.assume(&key, &role, &mfa).credentials();
    assert!(DEMO.who_is(&session).contains("assumed-role/Careful/"));
    let again = DEMO.assume(&key, &role, &mfa);
    DEMO.refuses(&again, 403, "AccessDenied", WRONG, "sts.mfa.reused");
    assert!(!DEMO.trail().contains(&format!("\"{code}\"")));
}

#[test]
fn a_code_used_for_one_operation_is_used_for_all() {
    let role = careful_role(&DEMO, "Twice");
    let (key, phone) = signer(&DEMO, "twice");
    let code = DEMO.code(&phone, 0);
    let mfa = [("SerialNumber", &*phone.serial), ("TokenCode", &*code)];
    let session = DEMO.signed(&key, "GetSessionToken", &mfa).send();
    let session = session.credentials();
    let again = DEMO.assume(&key, &role, &mfa);
    DEMO.refuses(&again, 403, "AccessDenied", WRONG, "sts.mfa.reused");
    // The session carries what was verified: to a role, and into IAM.
    assert_eq!(DEMO.assume(&session, &role, &[]).status, 200);
    let listed = DEMO.iam_ok(&session, "ListMFADevices", &[]);
    assert_eq!(listed.xml("SerialNumber"), phone.serial);
}

#[test]
fn a_wrong_code_makes_no_session_even_where_none_is_wanted() {
    let (key, phone) = signer(&DEMO, "wrongly");
    let code = DEMO.code(&phone, 5);
    let mfa = [("SerialNumber", &*phone.serial), ("TokenCode", &*code)];
    let reply = DEMO.signed(&key, "GetSessionToken", &mfa).send();
    DEMO.refuses(&reply, 403, "AccessDenied", WRONG, "sts.mfa.code");
}
