//! Sessions of users, of root, and of federated users: how long, who may ask, and what they may do.

use std::sync::LazyLock;

use drawbridge::sigv4::Credentials;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::harness::http::Reply;
use crate::harness::iam::{allow, document, trust};
use crate::harness::{Broker, DEV};

static DEMO: LazyLock<Broker> = LazyLock::new(Broker::demo);

const VOUCHING: [&str; 2] = ["sts:GetFederationToken", "sts:TagSession"];

fn session_of(who: &Credentials, params: &[(&str, &str)]) -> Reply {
    DEMO.signed(who, "GetSessionToken", params).send()
}

fn federation(who: &Credentials, name: &str, params: &[(&str, &str)]) -> Reply {
    let mut fields = vec![("Name", name)];
    fields.extend(params);
    DEMO.signed(who, "GetFederationToken", &fields).send()
}

/// Seconds until the answer's credentials end.
#[track_caller]
fn lasts(reply: &Reply) -> i64 {
    let until = OffsetDateTime::parse(&reply.xml("Expiration"), &Rfc3339).unwrap();
    (until - drawbridge::clock::Clock::now(&*DEMO.clock)).whole_seconds()
}

fn get_role(who: &Credentials) -> Reply {
    DEMO.iam(who, "GetRole", &[("RoleName", "Developer")])
}

#[test]
fn a_session_of_a_user_is_the_user() {
    let user = DEMO.user(DEV, "session-self", None);
    let session = session_of(&user, &[]).credentials();
    assert_eq!(DEMO.who_is(&session), DEMO.who_is(&user));
    let whose = DEMO.signed(&session, "GetCallerIdentity", &[]).send();
    assert!(whose.xml("UserId").starts_with("AIDA"));
}

#[test]
fn a_session_of_root_is_root() {
    let session = session_of(DEMO.root(DEV), &[]).credentials();
    assert_eq!(DEMO.who_is(&session), format!("arn:aws:iam::{DEV}:root"));
}

#[test]
fn a_user_gets_twelve_hours_unless_it_asks_for_others() {
    let user = DEMO.user(DEV, "session-long", None);
    assert_eq!(lasts(&session_of(&user, &[])), 43_200);
    let longest = [("DurationSeconds", "129600")];
    assert_eq!(lasts(&session_of(&user, &longest)), 129_600);
    let shortest = [("DurationSeconds", "900")];
    assert_eq!(lasts(&session_of(&user, &shortest)), 900);
}

#[test]
fn root_gets_an_hour_whatever_it_asks_for() {
    let root = DEMO.root(DEV);
    assert_eq!(lasts(&session_of(root, &[])), 3600);
    assert_eq!(
        lasts(&session_of(root, &[("DurationSeconds", "129600")])),
        3600
    );
    assert_eq!(lasts(&session_of(root, &[("DurationSeconds", "900")])), 900);
}

#[test]
fn a_session_of_a_user_needs_no_permission_and_no_policy_can_deny_it() {
    let nothing = document(json!({ "Effect": "Deny", "Action": "*", "Resource": "*" }));
    let user = DEMO.user(DEV, "session-denied", Some(&nothing));
    assert_eq!(session_of(&user, &[]).status, 200);
}

#[test]
fn sessions_make_no_sessions_of_users() {
    let user = DEMO.user(DEV, "session-twice", None);
    let own = session_of(&user, &[]).credentials();
    let role = DEMO.session_of(&format!("arn:aws:iam::{DEV}:role/Deploy"), |_| {});
    for session in [own, role] {
        let reply = session_of(&session, &[]);
        let message = "Cannot call GetSessionToken with session credentials";
        DEMO.refuses(&reply, 403, "AccessDenied", message, "sts.session");
        let reply = federation(&session, "Bob", &[]);
        let message = "Cannot call GetFederationToken with session credentials";
        DEMO.refuses(&reply, 403, "AccessDenied", message, "sts.session");
    }
}

#[test]
fn a_session_without_mfa_is_a_stranger_to_iam() {
    let user = DEMO.user(DEV, "session-iam", Some(&allow(&["iam:*"], &["*"])));
    assert_eq!(get_role(&user).status, 200);
    let session = session_of(&user, &[]).credentials();
    let reply = get_role(&session);
    let message = "The security token included in the request is invalid.";
    DEMO.refuses(&reply, 403, "InvalidClientTokenId", message, "iam.session");
}

#[test]
fn one_of_serial_number_and_code_is_not_enough() {
    let user = DEMO.user(DEV, "session-half", None);
    let message = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.";
    let serial = format!("arn:aws:iam::{DEV}:mfa/none");
    for half in [("TokenCode", "123456"), ("SerialNumber", serial.as_str())] {
        let reply = session_of(&user, &[half]);
        DEMO.refuses(&reply, 403, "AccessDenied", message, "sts.mfa");
    }
}

#[test]
fn root_has_no_device_to_show() {
    let serial = format!("arn:aws:iam::{DEV}:mfa/none");
    let params = [("TokenCode", "123456"), ("SerialNumber", serial.as_str())];
    let (status, code, _) = session_of(DEMO.root(DEV), &params).aws_error();
    assert_eq!((status, code.as_str()), (403, "AccessDenied"));
}

#[test]
fn a_role_taken_from_a_session_of_a_user_is_not_chained() {
    let policy = allow(&["sts:AssumeRole"], &["*"]);
    let user = DEMO.user(DEV, "session-role", Some(&policy));
    let arn = format!("arn:aws:iam::{DEV}:user/session-role");
    let role = DEMO.role_with(
        DEV,
        "SessionRole",
        &trust(json!({ "AWS": arn }), json!({})),
        |role| role.max_session_duration = 7200,
    );
    let session = session_of(&user, &[]).credentials();
    let reply = DEMO.assume(&session, &role, &[("DurationSeconds", "7200")]);
    assert_eq!(lasts(&reply), 7200);
}

#[test]
fn a_long_term_key_has_no_mfa_key_at_all_and_a_session_says_false() {
    let policy = allow(&["sts:AssumeRole"], &["*"]);
    let user = DEMO.user(DEV, "session-mfa-key", Some(&policy));
    let arn = format!("arn:aws:iam::{DEV}:user/session-mfa-key");
    let no_mfa = json!({ "Bool": { "aws:MultiFactorAuthPresent": "false" } });
    let role = DEMO.role(DEV, "NoMfa", &trust(json!({ "AWS": arn }), no_mfa));
    assert_eq!(DEMO.assume(&user, &role, &[]).status, 403);
    let session = session_of(&user, &[]).credentials();
    assert_eq!(DEMO.assume(&session, &role, &[]).status, 200);
}

#[test]
fn a_federated_user_is_named_by_its_account_and_name() {
    let user = DEMO.user(DEV, "voucher", Some(&allow(&VOUCHING, &["*"])));
    let reply = federation(&user, "Bob", &[]);
    assert_eq!(reply.xml("FederatedUserId"), format!("{DEV}:Bob"));
    assert_eq!(reply.xml("PackedPolicySize"), "0");
    assert_eq!(lasts(&reply), 43_200);
    let bob = reply.credentials();
    let whose = DEMO.signed(&bob, "GetCallerIdentity", &[]).send();
    assert_eq!(
        whose.xml("Arn"),
        format!("arn:aws:sts::{DEV}:federated-user/Bob")
    );
    assert_eq!(whose.xml("UserId"), format!("{DEV}:Bob"));
    assert_eq!(whose.xml("Account"), DEV);
}

#[test]
fn vouching_needs_a_permission_on_the_name() {
    let only_ann = format!("arn:aws:sts::{DEV}:federated-user/Ann");
    let policy = allow(&["sts:GetFederationToken"], &[&only_ann]);
    let user = DEMO.user(DEV, "voucher-ann", Some(&policy));
    assert_eq!(federation(&user, "Ann", &[]).status, 200);
    let reply = federation(&user, "Bob", &[]);
    let message = format!(
        "User: arn:aws:iam::{DEV}:user/voucher-ann is not authorized to perform: \
         sts:GetFederationToken on resource: arn:aws:sts::{DEV}:federated-user/Bob"
    );
    DEMO.refuses(&reply, 403, "AccessDenied", &message, "policy.no_match");
}

#[test]
fn tagging_a_federated_user_needs_its_own_permission() {
    let policy = allow(&["sts:GetFederationToken"], &["*"]);
    let user = DEMO.user(DEV, "voucher-tags", Some(&policy));
    let tags = [("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "a")];
    let reply = federation(&user, "Bob", &tags);
    let message = format!(
        "User: arn:aws:iam::{DEV}:user/voucher-tags is not authorized to perform: \
         sts:TagSession on resource: arn:aws:sts::{DEV}:federated-user/Bob"
    );
    DEMO.refuses(&reply, 403, "AccessDenied", &message, "policy.no_match");
}

#[test]
fn root_vouches_for_an_hour() {
    let reply = federation(DEMO.root(DEV), "Bob", &[("DurationSeconds", "7200")]);
    assert_eq!(lasts(&reply), 3600);
}

#[test]
fn federated_users_are_strangers_to_iam_and_take_no_roles() {
    let everything = allow(&["*"], &["*"]);
    let user = DEMO.user(DEV, "voucher-all", Some(&everything));
    let policy = [("Policy", everything.as_str())];
    let bob = federation(&user, "Bob", &policy).credentials();
    let reply = get_role(&bob);
    let message = "The security token included in the request is invalid.";
    DEMO.refuses(&reply, 403, "InvalidClientTokenId", message, "iam.session");

    let arn = format!("arn:aws:iam::{DEV}:user/voucher-all");
    let bob_arn = format!("arn:aws:sts::{DEV}:federated-user/Bob");
    let role = DEMO.role(
        DEV,
        "ForFederated",
        &trust(json!({ "AWS": [arn, bob_arn] }), json!({})),
    );
    assert_eq!(DEMO.assume(&user, &role, &[]).status, 200);
    let reply = DEMO.assume(&bob, &role, &[]);
    let message =
        format!("User: {bob_arn} is not authorized to perform: sts:AssumeRole on resource: {role}");
    DEMO.refuses(&reply, 403, "AccessDenied", &message, "sts.session");
}

#[test]
fn a_federated_user_may_do_what_user_and_session_policy_both_allow() {
    let user_policy = allow(
        &["sts:GetFederationToken", "sts:DecodeAuthorizationMessage"],
        &["*"],
    );
    let user = DEMO.user(DEV, "voucher-both", Some(&user_policy));
    let decode = |who: &Credentials| {
        let params = [("EncodedMessage", "nothing")];
        DEMO.signed(who, "DecodeAuthorizationMessage", &params)
            .send()
            .aws_error()
            .1
    };
    let session = allow(&["sts:DecodeAuthorizationMessage"], &["*"]);
    let both = federation(&user, "Both", &[("Policy", &session)]).credentials();
    assert_eq!(decode(&both), "InvalidAuthorizationMessageException");
    let none = federation(&user, "None", &[]).credentials();
    assert_eq!(decode(&none), "AccessDenied");
    let other = allow(&["s3:*"], &["*"]);
    let other = federation(&user, "Other", &[("Policy", &other)]).credentials();
    assert_eq!(decode(&other), "AccessDenied");
}

#[test]
fn policies_and_tags_of_a_federated_user_are_held_to_their_limits() {
    let user = DEMO.user(DEV, "voucher-limits", Some(&allow(&VOUCHING, &["*"])));
    let reply = federation(&user, "Bob", &[("Policy", "{}")]);
    assert_eq!(reply.aws_error().1, "MalformedPolicyDocument");
    let long = "x".repeat(256);
    let tags: Vec<_> = (1..=3)
        .flat_map(|n| {
            [
                (format!("Tags.member.{n}.Key"), format!("k{n}")),
                (format!("Tags.member.{n}.Value"), long.clone()),
            ]
        })
        .collect();
    let tags: Vec<_> = tags.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let reply = federation(&user, "Bob", &tags);
    let message = "Packed size of session tags consumes 171% of allotted space.";
    DEMO.refuses(&reply, 400, "PackedPolicyTooLarge", message, "sts.packed");
}

#[test]
fn delegation_is_answered_as_to_an_account_that_is_not_enrolled() {
    let root = DEMO.root(DEV);
    let params = [("TradeInToken", "token")];
    let reply = DEMO.signed(root, "GetDelegatedAccessToken", &params).send();
    let message = format!(
        "User: arn:aws:iam::{DEV}:root is not authorized to perform: \
         sts:GetDelegatedAccessToken on resource: *"
    );
    DEMO.refuses(&reply, 403, "AccessDenied", &message, "sts.delegation");
}
