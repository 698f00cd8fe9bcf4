//! Explanations and the nearest refusal.

use super::*;
use crate::policy::{Decision, Explanation, PolicySource, Why, explain_scenario, nearest_refusal};

const PROVIDER: &str =
    "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
const SUB: &str = "token.actions.githubusercontent.com:sub";
const AUD: &str = "token.actions.githubusercontent.com:aud";

fn exchange(trust: Value) -> Explanation {
    let line = json!({
        "id": 0,
        "request": {
            "principal": {"Federated": PROVIDER},
            "action": "sts:AssumeRoleWithWebIdentity",
            "resource": SESSION_ROLE,
            "context": {SUB: "repo:acme/app:ref:refs/heads/topic", AUD: "sts.amazonaws.com", "aws:TagKeys": ["a", "b"]},
        },
        "trustPolicy": trust,
    });
    explain_scenario(&line.to_string()).unwrap()
}

fn trusting(sid: &str, condition: Value) -> Value {
    json!({"Sid": sid, "Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition})
}

#[test]
fn every_condition_shows_what_it_wanted_and_saw() {
    let explanation = exchange(policy(json!([trusting(
        "main",
        json!({"StringEquals": {SUB: "repo:acme/app:ref:refs/heads/main", AUD: "${none}x"}, "ForAnyValue:StringLike": {"aws:TagKeys": "b*"}, "Null": {"sts:ExternalId": true}}),
    )])));
    assert_eq!(explanation.decision, Decision::ImplicitDeny);
    assert_eq!(explanation.why, Why::NoTrustAllow);
    let statement = &explanation.policies[0].statements[0];
    assert_eq!(
        (
            statement.principal_matched,
            statement.action_matched,
            statement.resource_matched,
            statement.applies
        ),
        (Some(true), true, None, false)
    );
    let conditions: Vec<_> = statement
        .conditions
        .iter()
        .map(|c| {
            (
                c.operator.as_str(),
                c.key.as_str(),
                c.wanted[0].written.as_str(),
                c.wanted[0].substituted.as_deref(),
                c.seen.clone(),
                c.held,
            )
        })
        .collect();
    let one = |value: &str| Some(vec![value.to_owned()]);
    assert_eq!(
        conditions,
        [
            (
                "StringEquals",
                SUB,
                "repo:acme/app:ref:refs/heads/main",
                Some("repo:acme/app:ref:refs/heads/main"),
                one("repo:acme/app:ref:refs/heads/topic"),
                false
            ),
            (
                "StringEquals",
                AUD,
                "${none}x",
                None,
                one("sts.amazonaws.com"),
                false
            ),
            (
                "ForAnyValue:StringLike",
                "aws:TagKeys",
                "b*",
                Some("b*"),
                Some(vec!["a".into(), "b".into()]),
                true
            ),
            ("Null", "sts:ExternalId", "true", Some("true"), None, true),
        ]
    );
}

#[test]
fn a_substituted_value_is_shown_both_ways() {
    let explanation = exchange(policy(json!([trusting(
        "v",
        json!({"StringLike": {SUB: "${token.actions.githubusercontent.com:AUD}/*"}})
    )])));
    let wanted = &explanation.policies[0].statements[0].conditions[0].wanted[0];
    assert_eq!(
        wanted.written,
        "${token.actions.githubusercontent.com:AUD}/*"
    );
    assert_eq!(wanted.substituted.as_deref(), Some("sts.amazonaws.com/*"));
}

#[test]
fn the_statement_that_decided_is_marked_once() {
    let explanation = exchange(policy(json!([
        trusting("one", json!({"StringLike": {SUB: "repo:acme/*"}})),
        trusting("two", json!({"StringLike": {SUB: "repo:*"}})),
    ])));
    assert_eq!(explanation.decision, Decision::Allowed);
    let deciding = explanation.deciding.as_ref().unwrap();
    assert_eq!(
        (deciding.source, deciding.index, deciding.sid.as_deref()),
        (PolicySource::Trust, 0, Some("one"))
    );
    let decided: Vec<_> = explanation.policies[0]
        .statements
        .iter()
        .map(|s| s.decided)
        .collect();
    assert_eq!(decided, [true, false]);
}

#[test]
fn reasons_tell_what_was_missing() {
    let why = |principal: &str, members: Value| {
        let mut line = json!({
            "id": 0,
            "request": {"principal": principal, "action": "s3:GetObject", "resource": OBJECT, "resourceAccount": ACCOUNT, "context": {}},
        });
        for (name, value) in members.as_object().unwrap() {
            line[name] = value.clone();
        }
        explain_scenario(&line.to_string()).unwrap().why
    };
    let all = json!([allow_all()]);
    let deny = policy(json!({"Effect": "Deny", "Action": "*", "Resource": "*"}));
    let trusting = policy(
        json!({"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "*", "Resource": "*"}),
    );
    assert_eq!(
        why(USER, json!({"identityPolicies": all})),
        Why::IdentityAllow
    );
    assert_eq!(
        why(USER, json!({"resourcePolicy": trusting})),
        Why::ResourceAllow
    );
    assert_eq!(why(USER, json!({"boundary": deny})), Why::ExplicitDeny);
    assert_eq!(why(USER, json!({})), Why::NoIdentityAllow);
    assert_eq!(
        why(USER, json!({"identityPolicies": all, "boundary": silent()})),
        Why::BoundarySilent
    );
    assert_eq!(
        why(
            SESSION,
            json!({"identityPolicies": all, "sessionPolicy": silent()})
        ),
        Why::SessionSilent
    );
    assert_eq!(
        why(FEDERATED_USER, json!({"identityPolicies": all})),
        Why::SessionSilent
    );
    assert_eq!(why("anonymous", json!({})), Why::NoResourceAllow);
    assert_eq!(
        why(
            SESSION,
            json!({"identityPolicies": all, "trustPolicy": trusting})
        ),
        Why::NoTrustAllow
    );
}

#[test]
fn the_nearest_refusal_is_the_statement_with_the_fewest_failing_conditions() {
    let explanation = exchange(policy(json!([
        trusting("far", json!({"StringEquals": {SUB: "x", AUD: "y"}})),
        trusting("near", json!({"StringEquals": {SUB: "repo:acme/app:ref:refs/heads/main", AUD: "sts.amazonaws.com"}})),
        {"Sid": "other", "Effect": "Allow", "Principal": {"Federated": "accounts.google.com"}, "Action": "*"},
        {"Sid": "deny", "Effect": "Deny", "Principal": {"Federated": PROVIDER}, "Action": "*", "Condition": {"StringEquals": {SUB: "z"}}},
    ])));
    let nearest = nearest_refusal(&explanation).unwrap();
    assert_eq!(
        (
            nearest.index,
            nearest.sid.as_deref(),
            nearest.action_matched
        ),
        (1, Some("near"), true)
    );
    assert_eq!(nearest.failing.len(), 1);
    assert_eq!(nearest.failing[0].key, SUB);
    assert_eq!(
        nearest.failing[0].wanted[0].written,
        "repo:acme/app:ref:refs/heads/main"
    );
}

#[test]
fn an_unrelated_caller_has_no_nearest_refusal() {
    let trust = policy(
        json!({"Effect": "Allow", "Principal": {"Federated": "accounts.google.com"}, "Action": "*"}),
    );
    assert_eq!(nearest_refusal(&exchange(trust)), None);
}

#[test]
fn a_named_caller_with_the_wrong_action_is_told_so() {
    let trust = policy(
        json!({"Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": "sts:AssumeRole"}),
    );
    let nearest = nearest_refusal(&exchange(trust)).unwrap();
    assert!(!nearest.action_matched && nearest.failing.is_empty());
}

#[test]
fn an_allowed_request_has_no_refusal() {
    assert_eq!(
        nearest_refusal(&exchange(policy(json!([trusting("a", json!({}))])))),
        None
    );
}
