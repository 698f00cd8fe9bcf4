//! AssumeRole: who may take which role, for how long, and what travels down a chain.

use std::sync::LazyLock;

use drawbridge::clock::Clock;
use drawbridge::identity::ClaimValue;
use drawbridge::sigv4::Credentials;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::harness::http::Reply;
use crate::harness::iam::{allow, document, trust};
use crate::harness::{Broker, DEV, PROD, RUNTIME};

static DEMO: LazyLock<Broker> = LazyLock::new(Broker::demo);

const EVERY_ROLE: [&str; 1] = ["*"];
const ASSUMING: [&str; 3] = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];

fn user_arn(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:user/{name}")
}

fn role_arn(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/{name}")
}

/// A user of DEV whose own policies allow every role.
fn willing(name: &str) -> Credentials {
    DEMO.user(DEV, name, Some(&allow(&ASSUMING, &EVERY_ROLE)))
}

/// A role of PROD that trusts that user.
fn trusting(name: &str, user: &str) -> String {
    DEMO.role(
        PROD,
        name,
        &trust(json!({ "AWS": user_arn(DEV, user) }), json!({})),
    )
}

#[track_caller]
fn refused_to(reply: &Reply, caller: &str, action: &str, role: &str, reason: &str) {
    let message =
        format!("User: {caller} is not authorized to perform: {action} on resource: {role}");
    DEMO.refuses(reply, 403, "AccessDenied", &message, reason);
}

/// What an answer says but for the role's name, for comparing what is said about two roles.
fn told(reply: &Reply, role: &str) -> String {
    let name = role.rsplit('/').next().unwrap();
    let told = reply.told().replace(name, "[role]");
    // Of other lengths by no more than the names are.
    let length = reply.text().len() - name.len();
    told.replace(reply.header("content-length"), &length.to_string())
}

#[test]
fn what_is_answered_has_the_recorded_layout() {
    let user = willing("layout");
    let reply = DEMO.assume(&user, &trusting("Layout", "layout"), &[]);
    let session = reply.credentials();
    let mut text = reply.text().replace(&reply.reference(), "[request id]");
    let id = reply.xml("AssumedRoleId");
    let token = session.session_token.as_ref().unwrap().expose();
    for (value, name) in [
        (session.access_key_id.as_str(), "[access key id]"),
        (session.secret_access_key.expose(), "[secret access key]"),
        (token, "[session token]"),
        (&reply.xml("Expiration"), "[expiration]"),
        (id.split_once(':').unwrap().0, "[role id]"),
    ] {
        text = text.replace(value, name);
    }
    insta::assert_snapshot!(text, @r#"
    <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
      <AssumeRoleResult>
        <Credentials>
          <AccessKeyId>[access key id]</AccessKeyId>
          <SecretAccessKey>[secret access key]</SecretAccessKey>
          <SessionToken>[session token]</SessionToken>
          <Expiration>[expiration]</Expiration>
        </Credentials>
        <AssumedRoleUser>
          <AssumedRoleId>[role id]:session</AssumedRoleId>
          <Arn>arn:aws:sts::222222222222:assumed-role/Layout/session</Arn>
        </AssumedRoleUser>
      </AssumeRoleResult>
      <ResponseMetadata>
        <RequestId>[request id]</RequestId>
      </ResponseMetadata>
    </AssumeRoleResponse>
    "#);
}

// --- both sides -----------------------------------------------------------------------------------------------------

#[test]
fn within_an_account_being_named_by_the_trust_policy_is_enough() {
    let user = DEMO.user(DEV, "named", None);
    let role = DEMO.role(
        DEV,
        "Named",
        &trust(json!({ "AWS": user_arn(DEV, "named") }), json!({})),
    );
    let session = DEMO.assume(&user, &role, &[]).credentials();
    let arn = format!("arn:aws:sts::{DEV}:assumed-role/Named/session");
    assert_eq!(DEMO.who_is(&session), arn);
}

#[test]
fn within_an_account_that_is_named_as_a_whole_the_callers_policies_decide() {
    let role = DEMO.role(DEV, "OfAccount", &trust(json!({ "AWS": DEV }), json!({})));
    let willing = DEMO.user(DEV, "willing", Some(&allow(&["sts:AssumeRole"], &[&role])));
    assert_eq!(DEMO.assume(&willing, &role, &[]).status, 200);
    let bare = DEMO.user(DEV, "bare", None);
    let reply = DEMO.assume(&bare, &role, &[]);
    refused_to(
        &reply,
        &user_arn(DEV, "bare"),
        "sts:AssumeRole",
        &role,
        "trust.no_match",
    );
}

#[test]
fn across_accounts_both_sides_must_allow() {
    let role = trusting("BothSides", "both-sides");
    let arn = user_arn(DEV, "both-sides");
    let user = DEMO.user(DEV, "both-sides", None);
    // The role trusts, the caller's own account does not allow.
    let reply = DEMO.assume(&user, &role, &[]);
    refused_to(&reply, &arn, "sts:AssumeRole", &role, "trust.no_match");
    // The caller's account allows, the role does not trust.
    let other = willing("other-side");
    let reply = DEMO.assume(&other, &role, &[]);
    let arn = user_arn(DEV, "other-side");
    refused_to(&reply, &arn, "sts:AssumeRole", &role, "trust.no_match");
    // Neither.
    let neither = DEMO.user(DEV, "neither-side", None);
    let reply = DEMO.assume(&neither, &role, &[]);
    let arn = user_arn(DEV, "neither-side");
    refused_to(&reply, &arn, "sts:AssumeRole", &role, "trust.no_match");
    // Both.
    let both = willing("both");
    assert_eq!(
        DEMO.assume(&both, &trusting("Both", "both"), &[]).status,
        200
    );
}

#[test]
fn a_deny_on_either_side_wins() {
    let policy = document(json!([
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*" },
    ]));
    let user = DEMO.user(DEV, "denied", Some(&policy));
    let role = trusting("DeniedByUser", "denied");
    let reply = DEMO.assume(&user, &role, &[]);
    refused_to(
        &reply,
        &user_arn(DEV, "denied"),
        "sts:AssumeRole",
        &role,
        "trust.denied",
    );

    let user = willing("denied-by-role");
    let policy = document(json!([
        { "Effect": "Allow", "Principal": { "AWS": DEV }, "Action": "sts:AssumeRole" },
        {
            "Effect": "Deny", "Principal": { "AWS": user_arn(DEV, "denied-by-role") },
            "Action": "sts:AssumeRole",
        },
    ]));
    let role = DEMO.role(PROD, "DeniedByRole", &policy);
    assert_eq!(DEMO.reason(&DEMO.assume(&user, &role, &[])), "trust.denied");
}

#[test]
fn a_boundary_caps_what_the_callers_policies_allow() {
    let edge = DEMO.managed_policy(DEV, "Edge", &allow(&["s3:*"], &["*"]));
    let policy = allow(&ASSUMING, &EVERY_ROLE);
    let user = DEMO.user_with(DEV, "bounded", Some(&policy), |user| {
        user.permissions_boundary = Some(edge);
    });
    let role = trusting("Bounded", "bounded");
    assert_eq!(
        DEMO.reason(&DEMO.assume(&user, &role, &[])),
        "trust.no_match"
    );
}

#[test]
fn an_unknown_role_looks_like_one_that_does_not_trust() {
    let user = willing("curious");
    let untrusting = DEMO.role(DEV, "Untrusting", &trust(json!({ "AWS": PROD }), json!({})));
    let broken = DEMO.role(DEV, "Broken", "not a policy");
    let unknown = role_arn(DEV, "Unknown");
    let replies = [&untrusting, &broken, &unknown].map(|role| DEMO.assume(&user, role, &[]));
    let arn = user_arn(DEV, "curious");
    let reasons = ["trust.no_match", "trust.no_match", "trust.no_role"];
    for ((reply, role), reason) in replies
        .iter()
        .zip([&untrusting, &broken, &unknown])
        .zip(reasons)
    {
        refused_to(reply, &arn, "sts:AssumeRole", role, reason);
    }
    assert_eq!(told(&replies[0], &untrusting), told(&replies[2], &unknown));
    assert_eq!(told(&replies[1], &broken), told(&replies[2], &unknown));
}

#[test]
fn an_unknown_account_looks_like_a_role_that_does_not_trust() {
    let role = role_arn("999999999999", "Any");
    let reply = DEMO.assume(&willing("elsewhere"), &role, &[]);
    let arn = user_arn(DEV, "elsewhere");
    refused_to(&reply, &arn, "sts:AssumeRole", &role, "trust.no_role");
}

#[test]
fn root_may_take_no_role() {
    let role = DEMO.role(DEV, "ForRoot", &trust(json!({ "AWS": DEV }), json!({})));
    let reply = DEMO.assume(DEMO.root(DEV), &role, &[]);
    let message = "Roles may not be assumed by root accounts.";
    DEMO.refuses(&reply, 403, "AccessDenied", message, "trust.root");
}

#[test]
fn a_session_arn_has_no_path() {
    let user = willing("path");
    let policy = trust(json!({ "AWS": user_arn(DEV, "path") }), json!({}));
    let role = DEMO.role_with(PROD, "Deep", &policy, |role| {
        role.path = "/teams/a/".to_owned();
        role.arn = format!("arn:aws:iam::{PROD}:role/teams/a/Deep");
    });
    let session = DEMO.assume(&user, &role, &[]).credentials();
    let arn = format!("arn:aws:sts::{PROD}:assumed-role/Deep/session");
    assert_eq!(DEMO.who_is(&session), arn);
    // And the role is found by its whole ARN alone.
    let reply = DEMO.assume(&user, &role_arn(PROD, "Deep"), &[]);
    assert_eq!(DEMO.reason(&reply), "trust.no_role");
}

// --- conditions -----------------------------------------------------------------------------------------------------

/// Whether a role of PROD that asks for this takes a user of DEV.
fn admits(name: &str, condition: Value, params: &[(&str, &str)]) -> Reply {
    let user = DEMO.user_with(DEV, name, Some(&allow(&ASSUMING, &EVERY_ROLE)), |user| {
        user.tags = vec![("Team".to_owned(), "eng".to_owned())];
    });
    let policy = trust(json!({ "AWS": user_arn(DEV, name) }), condition);
    let role = DEMO.role(PROD, &format!("For-{name}"), &policy);
    DEMO.assume(&user, &role, params)
}

#[test]
fn an_external_id_is_refused_absent_and_wrong_in_the_same_words() {
    let condition = json!({ "StringEquals": { "sts:ExternalId": "Tenant-4711" } });
    let user = willing("external");
    let policy = trust(json!({ "AWS": user_arn(DEV, "external") }), condition);
    let role = DEMO.role(PROD, "External", &policy);
    let with = |id: &str| DEMO.assume(&user, &role, &[("ExternalId", id)]);
    let absent = DEMO.assume(&user, &role, &[]);
    let arn = user_arn(DEV, "external");
    for reply in [
        &absent,
        &with("tenant-4711"),
        &with("Tenant-4711x"),
        &with("Tenant-471"),
    ] {
        refused_to(reply, &arn, "sts:AssumeRole", &role, "trust.condition");
        assert_eq!(reply.told(), absent.told());
    }
    assert_eq!(with("Tenant-4711").status, 200);
    // And somebody without any part in it learns no more.
    let other = willing("external-other");
    let reply = DEMO.assume(&other, &role, &[("ExternalId", "Tenant-4711")]);
    let arn = user_arn(DEV, "external-other");
    refused_to(&reply, &arn, "sts:AssumeRole", &role, "trust.no_match");
}

#[test]
fn the_facts_of_a_user_are_condition_keys() {
    let condition = json!({
        "StringEquals": {
            "aws:PrincipalTag/Team": "eng",
            "aws:username": "facts",
            "aws:PrincipalAccount": DEV,
            "aws:PrincipalType": "User",
            "sts:RoleSessionName": "session",
        },
        "ArnEquals": { "aws:PrincipalArn": user_arn(DEV, "facts") },
        "IpAddress": { "aws:SourceIp": "127.0.0.1" },
        "Bool": { "aws:SecureTransport": "false", "aws:ViaAWSService": "false" },
        "Null": { "sts:ExternalId": "true", "aws:TokenIssueTime": "true" },
    });
    assert_eq!(admits("facts", condition, &[]).status, 200);
}

#[test]
fn a_long_term_key_says_nothing_about_mfa() {
    let asked = |operator: &str| json!({ operator: { "aws:MultiFactorAuthPresent": "false" } });
    let reply = admits("no-mfa", asked("Bool"), &[]);
    assert_eq!(DEMO.reason(&reply), "trust.condition");
    assert_eq!(
        admits("no-mfa-if-exists", asked("BoolIfExists"), &[]).status,
        200
    );
}

#[test]
fn tags_of_the_request_are_not_tags_of_the_caller() {
    let tags = [
        ("Tags.member.1.Key", "Level"),
        ("Tags.member.1.Value", "high"),
    ];
    let asked = |key: &str| json!({ "StringEquals": { key: "high" } });
    let reply = admits("principal-tag", asked("aws:PrincipalTag/Level"), &tags);
    assert_eq!(DEMO.reason(&reply), "trust.condition");
    assert_eq!(
        admits("request-tag", asked("aws:RequestTag/Level"), &tags).status,
        200
    );
}

#[test]
fn the_tags_of_the_role_are_condition_keys() {
    let user = willing("resource-tag");
    let condition = json!({ "StringEquals": { "aws:ResourceTag/Env": "test" } });
    let policy = trust(json!({ "AWS": user_arn(DEV, "resource-tag") }), condition);
    let tagged = |name: &str, value: &str| {
        DEMO.role_with(PROD, name, &policy, |role| {
            role.tags = vec![("Env".to_owned(), value.to_owned())];
        })
    };
    assert_eq!(
        DEMO.assume(&user, &tagged("EnvTest", "test"), &[]).status,
        200
    );
    let reply = DEMO.assume(&user, &tagged("EnvProd", "prod"), &[]);
    assert_eq!(DEMO.reason(&reply), "trust.condition");
}

// --- durations ------------------------------------------------------------------------------------------------------

fn ends(reply: &Reply) -> i64 {
    let text = reply.xml("Expiration");
    let format = time::format_description::well_known::Rfc3339;
    let end = OffsetDateTime::parse(&text, &format).unwrap();
    end.unix_timestamp() - DEMO.clock.unix()
}

#[test]
fn a_session_lasts_an_hour_or_as_asked_up_to_what_the_role_allows() {
    let user = willing("durations");
    let policy = trust(json!({ "AWS": user_arn(DEV, "durations") }), json!({}));
    let role = DEMO.role_with(PROD, "Durations", &policy, |role| {
        role.max_session_duration = 7200;
    });
    assert_eq!(ends(&DEMO.assume(&user, &role, &[])), 3600);
    for seconds in [900, 7200] {
        let text = seconds.to_string();
        let reply = DEMO.assume(&user, &role, &[("DurationSeconds", &text)]);
        assert_eq!(ends(&reply), seconds);
    }
    let reply = DEMO.assume(&user, &role, &[("DurationSeconds", "7201")]);
    let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    DEMO.refuses(&reply, 400, "ValidationError", message, "sts.duration.role");
}

#[test]
fn a_role_that_does_not_trust_tells_nothing_about_its_durations() {
    let user = willing("nosy");
    let role = DEMO.role(PROD, "Nosy", &trust(json!({ "AWS": PROD }), json!({})));
    let reply = DEMO.assume(&user, &role, &[("DurationSeconds", "43200")]);
    assert_eq!(DEMO.reason(&reply), "trust.no_match");
}

// --- chains ---------------------------------------------------------------------------------------------------------

/// A session of a role of DEV that may take every role, and the ARN it is known by.
fn first(name: &str, params: &[(&str, &str)]) -> Credentials {
    let user = willing(&format!("of-{name}"));
    let policy = trust(
        json!({ "AWS": user_arn(DEV, &format!("of-{name}")) }),
        json!({}),
    );
    let role = DEMO.role(DEV, name, &policy);
    DEMO.role_policy(DEV, name, &allow(&ASSUMING, &EVERY_ROLE));
    let reply = DEMO.assume(&user, &role, params);
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.credentials()
}

/// A role of PROD that trusts that role.
fn second(name: &str, first: &str, condition: Value) -> String {
    DEMO.role_with(
        PROD,
        name,
        &trust(json!({ "AWS": role_arn(DEV, first) }), condition),
        |role| {
            role.max_session_duration = 43200;
        },
    )
}

#[test]
fn a_chained_session_lasts_an_hour_at_most() {
    let session = first("Chain1", &[]);
    let role = second("Chain2", "Chain1", json!({}));
    let reply = DEMO.assume(&session, &role, &[("DurationSeconds", "3600")]);
    assert_eq!(ends(&reply), 3600);
    let reply = DEMO.assume(&session, &role, &[("DurationSeconds", "3601")]);
    let message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
    DEMO.refuses(
        &reply,
        400,
        "ValidationError",
        message,
        "sts.duration.chained",
    );
}

#[test]
fn a_trust_policy_may_name_one_session() {
    let session = first("OneSession", &[("RoleSessionName", "ann")]);
    let other = first("OtherSession", &[("RoleSessionName", "bob")]);
    let arn = format!("arn:aws:sts::{DEV}:assumed-role/OneSession/ann");
    let role = DEMO.role(PROD, "ForAnn", &trust(json!({ "AWS": arn }), json!({})));
    assert_eq!(DEMO.assume(&session, &role, &[]).status, 200);
    assert_eq!(
        DEMO.reason(&DEMO.assume(&other, &role, &[])),
        "trust.no_match"
    );
}

#[test]
fn a_session_is_known_by_the_arn_of_its_role() {
    let session = first("Known", &[]);
    let condition = json!({
        "ArnEquals": { "aws:PrincipalArn": role_arn(DEV, "Known") },
        "StringEquals": { "aws:PrincipalType": "AssumedRole" },
        "StringLike": { "aws:userid": "AROA*:session" },
        "Bool": { "aws:MultiFactorAuthPresent": "false" },
        "Null": { "aws:username": "true" },
    });
    let reply = DEMO.assume(&session, &second("KnowsIt", "Known", condition), &[]);
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[test]
fn sessions_from_before_a_moment_can_be_denied() {
    let session = first("Revoked", &[]);
    let policy = |name: &str, seconds: i64| {
        let moment = DEMO.clock.now() + time::Duration::seconds(seconds);
        let moment = drawbridge::aws::xml::timestamp(moment);
        let principal = json!({ "AWS": role_arn(DEV, "Revoked") });
        let statements = document(json!([
            { "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" },
            {
                "Effect": "Deny", "Principal": principal, "Action": "sts:AssumeRole",
                "Condition": { "DateLessThan": { "aws:TokenIssueTime": moment } },
            },
        ]));
        DEMO.role(PROD, name, &statements)
    };
    assert_eq!(
        DEMO.assume(&session, &policy("RevokedBefore", 0), &[])
            .status,
        200
    );
    let reply = DEMO.assume(&session, &policy("RevokedAfter", 1), &[]);
    assert_eq!(DEMO.reason(&reply), "trust.denied");
}

#[test]
fn a_role_made_again_under_its_name_is_another_role() {
    let session = first("MadeAgain", &[]);
    let next = second("AfterMadeAgain", "MadeAgain", json!({}));
    assert_eq!(DEMO.assume(&session, &next, &[]).status, 200);
    RUNTIME.block_on(async {
        let store = &DEMO.app.store;
        let role = store.role_by_name(DEV, "MadeAgain").await.unwrap().unwrap();
        let owner = drawbridge::store::inline_policies::PolicyOwner::Role(role.unique_id.clone());
        store.delete_inline_policy(&owner, "inline").await.unwrap();
        store.delete_role(DEV, "MadeAgain").await.unwrap();
    });
    DEMO.role(DEV, "MadeAgain", &trust(json!({ "AWS": DEV }), json!({})));
    DEMO.role_policy(DEV, "MadeAgain", &allow(&ASSUMING, &EVERY_ROLE));
    let reply = DEMO.assume(&session, &next, &[]);
    assert_eq!(reply.aws_error().1, "AccessDenied");
}

#[test]
fn what_a_provider_vouched_for_stays_known_down_the_chain() {
    let session = first("Federated", &[]);
    let spoiled = DEMO.session_of(&role_arn(DEV, "Federated"), |session| {
        let subject = ClaimValue::One("ann".to_owned());
        session
            .federation
            .insert("idp.example:sub".to_owned(), subject);
        session.federated_provider = Some("arn:aws:iam::1:oidc-provider/idp.example".to_owned());
    });
    let condition = json!({
        "StringEquals": { "idp.example:sub": "ann" },
        "Null": { "aws:FederatedProvider": "false" },
    });
    let role = second("AfterFederated", "Federated", condition);
    assert_eq!(DEMO.assume(&spoiled, &role, &[]).status, 200);
    assert_eq!(
        DEMO.reason(&DEMO.assume(&session, &role, &[])),
        "trust.condition"
    );
}

// --- tags -----------------------------------------------------------------------------------------------------------

const TEAM: [(&str, &str); 2] = [
    ("Tags.member.1.Key", "Team"),
    ("Tags.member.1.Value", "eng"),
];
const TRANSITIVE: [(&str, &str); 1] = [("TransitiveTagKeys.member.1", "Team")];

#[test]
fn tags_need_leave_of_their_own_on_both_sides() {
    let only = document(json!({
        "Effect": "Allow", "Principal": { "AWS": user_arn(DEV, "untagged") }, "Action": "sts:AssumeRole",
    }));
    let user = willing("untagged");
    let role = DEMO.role(PROD, "Untagged", &only);
    assert_eq!(DEMO.assume(&user, &role, &[]).status, 200);
    let reply = DEMO.assume(&user, &role, &TEAM);
    refused_to(
        &reply,
        &user_arn(DEV, "untagged"),
        "sts:TagSession",
        &role,
        "trust.no_match",
    );
    let user = DEMO.user(
        DEV,
        "tagless",
        Some(&allow(&["sts:AssumeRole"], &EVERY_ROLE)),
    );
    let role = trusting("Tagless", "tagless");
    let reply = DEMO.assume(&user, &role, &TEAM);
    refused_to(
        &reply,
        &user_arn(DEV, "tagless"),
        "sts:TagSession",
        &role,
        "trust.no_match",
    );
}

#[test]
fn tags_are_weighed_and_the_weight_is_told() {
    let user = willing("weighed");
    let role = trusting("Weighed", "weighed");
    let plain = DEMO.assume(&user, &role, &[]);
    assert_eq!(plain.xml_if_any("PackedPolicySize"), None);
    assert_eq!(
        DEMO.assume(&user, &role, &TEAM).xml("PackedPolicySize"),
        "2"
    );
    let value = "v".repeat(250);
    let keys: Vec<String> = (1..=9)
        .flat_map(|i| {
            [
                format!("Tags.member.{i}.Key"),
                format!("Tags.member.{i}.Value"),
            ]
        })
        .collect();
    let names: Vec<String> = (1..=9).map(|i| format!("k{i}")).collect();
    let fields: Vec<(&str, &str)> = keys
        .chunks(2)
        .zip(&names)
        .flat_map(|(pair, name)| [(pair[0].as_str(), name.as_str()), (&pair[1], &value)])
        .collect();
    let reply = DEMO.assume(&user, &role, &fields);
    let message = "Packed size of session tags consumes 499% of allotted space.";
    DEMO.refuses(&reply, 400, "PackedPolicyTooLarge", message, "sts.packed");
}

#[test]
fn tags_that_contradict_each_other_are_refused() {
    let user = willing("contradicting");
    let role = trusting("Contradicting", "contradicting");
    let again = [("Tags.member.2.Key", "TEAM"), ("Tags.member.2.Value", "x")];
    let reply = DEMO.assume(&user, &role, &[TEAM, again].concat());
    let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
    DEMO.refuses(
        &reply,
        400,
        "InvalidParameterValue",
        message,
        "sts.tags.duplicate",
    );
    // As a condition key the long s is an s, so these two would be one there.
    let folded = [
        ("Tags.member.1.Key", "costs"),
        ("Tags.member.1.Value", "x"),
        ("Tags.member.2.Key", "cost\u{17f}"),
        ("Tags.member.2.Value", "y"),
    ];
    let reply = DEMO.assume(&user, &role, &folded);
    DEMO.refuses(
        &reply,
        400,
        "InvalidParameterValue",
        message,
        "sts.tags.duplicate",
    );
    let reply = DEMO.assume(&user, &role, &TRANSITIVE);
    let message = "The specified transitive tag key must be included in the requested tags.";
    DEMO.refuses(
        &reply,
        400,
        "InvalidParameterValue",
        message,
        "sts.tags.transitive",
    );
    let reserved = [
        ("Tags.member.1.Key", "AWS:Team"),
        ("Tags.member.1.Value", "x"),
    ];
    let reply = DEMO.assume(&user, &role, &reserved);
    assert_eq!(DEMO.reason(&reply), "sts.tags.reserved");
}

#[test]
fn a_transitive_tag_travels_down_the_chain_and_another_does_not() {
    let local = [
        ("Tags.member.2.Key", "Local"),
        ("Tags.member.2.Value", "here"),
    ];
    let params = [&TEAM[..], &TRANSITIVE, &local].concat();
    let session = first("Tagged1", &params);
    // The caller's tags, of both kinds.
    let asked = json!({ "StringEquals": {
        "aws:PrincipalTag/Team": "eng", "aws:PrincipalTag/Local": "here",
        // An inherited tag stands in for the role's own.
        "aws:ResourceTag/Team": "eng",
    } });
    let next = second("Tagged2", "Tagged1", asked);
    DEMO.role_policy(PROD, "Tagged2", &allow(&ASSUMING, &EVERY_ROLE));
    let session = DEMO.assume(&session, &next, &[]).credentials();
    // One step on, the transitive one is left.
    let condition = json!({
        "StringEquals": { "aws:PrincipalTag/Team": "eng" },
        "Null": { "aws:PrincipalTag/Local": "true" },
    });
    let policy = trust(json!({ "AWS": role_arn(PROD, "Tagged2") }), condition);
    let last = DEMO.role(DEV, "Tagged3", &policy);
    let reply = DEMO.assume(&session, &last, &[]);
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[test]
fn an_inherited_tag_cannot_be_set_again() {
    let session = first("Inherited1", &[&TEAM[..], &TRANSITIVE].concat());
    let role = second("Inherited2", "Inherited1", json!({}));
    let again = [
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "ops"),
    ];
    let reply = DEMO.assume(&session, &role, &again);
    let message = "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key \
         from the calling session.";
    DEMO.refuses(
        &reply,
        400,
        "InvalidParameterValue",
        message,
        "sts.tags.inherited",
    );
}

#[test]
fn an_inherited_tag_needs_leave_as_a_passed_one_does() {
    let session = first("Leave1", &[&TEAM[..], &TRANSITIVE].concat());
    let only = document(json!({
        "Effect": "Allow", "Principal": { "AWS": role_arn(DEV, "Leave1") }, "Action": "sts:AssumeRole",
    }));
    let role = DEMO.role(PROD, "Leave2", &only);
    let reply = DEMO.assume(&session, &role, &[]);
    let caller = format!("arn:aws:sts::{DEV}:assumed-role/Leave1/session");
    refused_to(&reply, &caller, "sts:TagSession", &role, "trust.no_match");
}

// --- source identity ------------------------------------------------------------------------------------------------

#[test]
fn a_source_identity_needs_leave_of_its_own_on_both_sides() {
    let only = document(json!({
        "Effect": "Allow", "Principal": { "AWS": user_arn(DEV, "nameless") },
        "Action": "sts:AssumeRole",
    }));
    let user = willing("nameless");
    let role = DEMO.role(PROD, "Nameless", &only);
    let source = [("SourceIdentity", "ann")];
    let reply = DEMO.assume(&user, &role, &source);
    let arn = user_arn(DEV, "nameless");
    refused_to(
        &reply,
        &arn,
        "sts:SetSourceIdentity",
        &role,
        "trust.no_match",
    );
    let user = DEMO.user(
        DEV,
        "half-named",
        Some(&allow(&["sts:AssumeRole"], &EVERY_ROLE)),
    );
    let role = trusting("HalfNamed", "half-named");
    let reply = DEMO.assume(&user, &role, &source);
    let arn = user_arn(DEV, "half-named");
    refused_to(
        &reply,
        &arn,
        "sts:SetSourceIdentity",
        &role,
        "trust.no_match",
    );
}

#[test]
fn a_source_identity_stays_down_the_chain_whoever_asks_for_another() {
    let session = first("Source1", &[("SourceIdentity", "ann")]);
    let role = second(
        "Source2",
        "Source1",
        json!({ "StringEquals": { "sts:SourceIdentity": "ann" } }),
    );
    for params in [&[][..], &[("SourceIdentity", "ann")]] {
        let reply = DEMO.assume(&session, &role, params);
        assert_eq!(reply.xml("SourceIdentity"), "ann");
    }
    let reply = DEMO.assume(&session, &role, &[("SourceIdentity", "bob")]);
    let caller = format!("arn:aws:sts::{DEV}:assumed-role/Source1/session");
    refused_to(
        &reply,
        &caller,
        "sts:SetSourceIdentity",
        &role,
        "trust.source_identity",
    );
}

#[test]
fn an_inherited_source_identity_needs_leave_again() {
    let session = first("SourceLeave1", &[("SourceIdentity", "ann")]);
    let only = document(json!({
        "Effect": "Allow", "Principal": { "AWS": role_arn(DEV, "SourceLeave1") },
        "Action": "sts:AssumeRole",
    }));
    let role = DEMO.role(PROD, "SourceLeave2", &only);
    let reply = DEMO.assume(&session, &role, &[]);
    let caller = format!("arn:aws:sts::{DEV}:assumed-role/SourceLeave1/session");
    refused_to(
        &reply,
        &caller,
        "sts:SetSourceIdentity",
        &role,
        "trust.no_match",
    );
}

#[test]
fn a_source_identity_of_the_aws_namespace_is_refused() {
    let user = willing("aws-source");
    let role = trusting("AwsSource", "aws-source");
    let reply = DEMO.assume(&user, &role, &[("SourceIdentity", "aws:ann")]);
    assert_eq!(reply.aws_error().1, "ValidationError");
}

// --- session policies -----------------------------------------------------------------------------------------------

#[test]
fn a_session_policy_limits_what_the_session_may_take() {
    let nothing = allow(&["s3:GetObject"], &["*"]);
    let limited = first("Limited", &[("Policy", &nothing)]);
    let role = second("BeyondLimit", "Limited", json!({}));
    assert_eq!(
        DEMO.reason(&DEMO.assume(&limited, &role, &[])),
        "trust.no_match"
    );
    let everything = first("Unlimited", &[("Policy", &allow(&["*"], &["*"]))]);
    let role = second("WithinLimit", "Unlimited", json!({}));
    assert_eq!(DEMO.assume(&everything, &role, &[]).status, 200);
}

#[test]
fn a_session_policy_never_widens() {
    let user = willing("widening");
    let policy = trust(json!({ "AWS": user_arn(DEV, "widening") }), json!({}));
    let role = DEMO.role(DEV, "Powerless", &policy);
    let everything = allow(&["*"], &["*"]);
    let session = DEMO
        .assume(&user, &role, &[("Policy", &everything)])
        .credentials();
    let next = second("AfterPowerless", "Powerless", json!({}));
    assert_eq!(
        DEMO.reason(&DEMO.assume(&session, &next, &[])),
        "trust.no_match"
    );
}

#[test]
fn a_managed_session_policy_stays_live() {
    let arn = DEMO.managed_policy(DEV, "Live", &allow(&["sts:*"], &["*"]));
    let session = first("LivePolicy", &[("PolicyArns.member.1.arn", &arn)]);
    let role = second("AfterLive", "LivePolicy", json!({}));
    assert_eq!(DEMO.assume(&session, &role, &[]).status, 200);
    let other = allow(&["s3:*"], &["*"]);
    let version = [
        ("PolicyArn", arn.as_str()),
        ("PolicyDocument", &other),
        ("SetAsDefault", "true"),
    ];
    DEMO.iam_ok(DEMO.root(DEV), "CreatePolicyVersion", &version);
    assert_eq!(
        DEMO.reason(&DEMO.assume(&session, &role, &[])),
        "trust.no_match"
    );
}

#[test]
fn a_managed_session_policy_must_be_of_the_roles_account() {
    let user = willing("foreign-policy");
    let role = trusting("ForeignPolicy", "foreign-policy");
    let arn = DEMO.managed_policy(DEV, "Foreign", &allow(&["*"], &["*"]));
    let reply = DEMO.assume(&user, &role, &[("PolicyArns.member.1.arn", &arn)]);
    let message = format!("Policy {arn} does not exist or is not attachable.");
    DEMO.refuses(
        &reply,
        400,
        "MalformedPolicyDocument",
        &message,
        "sts.policy",
    );
}

#[test]
fn session_policies_over_their_length_are_refused() {
    let user = willing("long-policy");
    let role = trusting("LongPolicy", "long-policy");
    let policy = format!("{}{}", allow(&["*"], &["*"]), " ".repeat(2048));
    let reply = DEMO.assume(&user, &role, &[("Policy", &policy)]);
    let (status, code, message) = reply.aws_error();
    assert_eq!((status, code.as_str()), (400, "PackedPolicyTooLarge"));
    assert!(message.starts_with("Packed policy consumes 1"), "{message}");
}

// --- what is not offered --------------------------------------------------------------------------------------------

#[test]
fn mfa_that_cannot_be_checked_is_refused() {
    let user = willing("mfa");
    let role = trusting("Mfa", "mfa");
    let serial = [("SerialNumber", "arn:aws:iam::111111111111:mfa/phone")];
    let code = [("TokenCode", "123456")];
    let incomplete = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.";
    let unknown = "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number \
         is valid and associated with this user.";
    for (params, message) in [
        (&serial[..], incomplete),
        (&code, incomplete),
        (&[serial[0], code[0]], unknown),
    ] {
        let reply = DEMO.assume(&user, &role, params);
        DEMO.refuses(&reply, 403, "AccessDenied", message, "sts.mfa");
    }
}

#[test]
fn provided_contexts_are_refused_and_never_ignored() {
    let user = DEMO.user(DEV, "contexts", Some(&allow(&["sts:*"], &EVERY_ROLE)));
    let context = [
        (
            "ProvidedContexts.member.1.ProviderArn",
            "arn:aws:iam::aws:contextProvider/X",
        ),
        ("ProvidedContexts.member.1.ContextAssertion", "abcd"),
    ];
    let role = trusting("Contextless", "contexts");
    let reply = DEMO.assume(&user, &role, &context);
    let arn = user_arn(DEV, "contexts");
    refused_to(&reply, &arn, "sts:SetContext", &role, "trust.no_match");
    let policy = document(json!({
        "Effect": "Allow", "Principal": { "AWS": arn }, "Action": "sts:*",
    }));
    let role = DEMO.role(PROD, "Contexts", &policy);
    let reply = DEMO.assume(&user, &role, &context);
    let message = "The parameter ProvidedContexts is not supported.";
    DEMO.refuses(
        &reply,
        400,
        "InvalidParameterValue",
        message,
        "sts.unsupported",
    );
}
