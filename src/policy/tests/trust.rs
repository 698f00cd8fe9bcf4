//! §6.5 and §6.6: taking a role.

use super::*;
use crate::policy::{
    Caller, Decision, NamedPolicy, Policies, PolicyDocument, Request, RequestContext, evaluate,
};

const ROLE: &str = "arn:aws:iam::111122223333:role/target";
const PROVIDER: &str =
    "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";

fn trust(principal: Value, action: &str) -> Value {
    policy(json!({"Effect": "Allow", "Principal": principal, "Action": action}))
}

/// A request to take the role, which trusts this principal.
fn take(principal: Value, trusted: Value) -> Value {
    json!({
        "id": 0,
        "request": {"principal": principal, "action": "sts:AssumeRole", "resource": ROLE, "resourceAccount": ACCOUNT, "context": {}},
        "trustPolicy": trust(trusted, "sts:AssumeRole"),
    })
}

fn take_as_admin(principal: Value, trusted: Value) -> Value {
    let mut line = take(principal, trusted);
    line["identityPolicies"] = json!([allow_all()]);
    line
}

#[test]
fn an_administrator_may_not_take_a_role_that_does_not_trust_him() {
    assert_eq!(
        decide(&take_as_admin(json!(USER), json!({"AWS": SESSION_ROLE}))),
        "implicitDeny"
    );
}

#[test]
fn a_role_does_not_trust_itself() {
    let session = json!("arn:aws:sts::111122223333:assumed-role/target/s");
    assert_eq!(
        decide(&take_as_admin(session, json!({"AWS": USER}))),
        "implicitDeny"
    );
}

#[test]
fn trust_in_the_caller_itself_is_enough() {
    assert_eq!(decide(&take(json!(USER), json!({"AWS": USER}))), "allowed");
    assert_eq!(
        decide(&take(json!(SESSION), json!({"AWS": SESSION}))),
        "allowed"
    );
    assert_eq!(decide(&take(json!(USER), json!({"AWS": "*"}))), "allowed");
    let mut line = take(json!(USER), json!({"AWS": USER}));
    line["boundary"] = silent();
    assert_eq!(decide(&line), "allowed");
}

#[test]
fn trust_in_the_role_is_limited_by_boundary_and_session_policy() {
    let line = take(json!(SESSION), json!({"AWS": SESSION_ROLE}));
    assert_eq!(decide(&line), "allowed");
    for limit in ["boundary", "sessionPolicy"] {
        let mut limited = line.clone();
        limited[limit] = silent();
        assert_eq!(decide(&limited), "implicitDeny", "{limit}");
    }
}

#[test]
fn trust_in_the_account_passes_the_question_on() {
    assert_eq!(
        decide(&take(json!(USER), json!({"AWS": ACCOUNT}))),
        "implicitDeny"
    );
    let line = take_as_admin(json!(USER), json!({"AWS": ROOT}));
    assert_eq!(decide(&line), "allowed");
    let mut limited = line;
    limited["boundary"] = silent();
    assert_eq!(decide(&limited), "implicitDeny");
}

#[test]
fn from_another_account_both_sides_must_say_yes() {
    let stranger = "arn:aws:iam::444455556666:user/eve";
    for trusted in [
        json!({"AWS": OTHER_ACCOUNT}),
        json!({"AWS": stranger}),
        json!({"AWS": "*"}),
    ] {
        assert_eq!(
            decide(&take(json!(stranger), trusted.clone())),
            "implicitDeny",
            "{trusted}"
        );
        assert_eq!(
            decide(&take_as_admin(json!(stranger), trusted.clone())),
            "allowed",
            "{trusted}"
        );
    }
    assert_eq!(
        decide(&take_as_admin(json!(stranger), json!({"AWS": ACCOUNT}))),
        "implicitDeny"
    );
}

#[test]
fn root_users_cannot_take_roles() {
    for trusted in [json!({"AWS": ROOT}), json!({"AWS": "*"})] {
        assert_eq!(decide(&take_as_admin(json!(ROOT), trusted)), "implicitDeny");
    }
    let mut denied = take(json!(ROOT), json!({"AWS": ROOT}));
    denied["trustPolicy"] = policy(json!({"Effect": "Deny", "Principal": "*", "Action": "*"}));
    assert_eq!(decide(&denied), "explicitDeny");
}

#[test]
fn anonymous_callers_cannot_take_roles() {
    for trusted in [json!("*"), json!({"AWS": "*"})] {
        assert_eq!(decide(&take(json!("anonymous"), trusted)), "implicitDeny");
    }
}

fn exchange(action: &str, trusted: Value, trusted_action: &str) -> String {
    decide(&json!({
        "id": 0,
        "request": {"principal": {"Federated": PROVIDER}, "action": action, "resource": ROLE, "resourceAccount": ACCOUNT, "context": {}},
        "trustPolicy": trust(trusted, trusted_action),
    }))
}

#[test]
fn a_web_identity_needs_the_trust_policy_alone() {
    let federated = json!({"Federated": PROVIDER});
    assert_eq!(
        exchange(
            "sts:AssumeRoleWithWebIdentity",
            federated.clone(),
            "sts:AssumeRoleWithWebIdentity"
        ),
        "allowed"
    );
    assert_eq!(
        exchange(
            "sts:AssumeRoleWithWebIdentity",
            json!({"Federated": [PROVIDER, "accounts.google.com"]}),
            "sts:*"
        ),
        "allowed"
    );
    let other = json!({"Federated": "arn:aws:iam::444455556666:oidc-provider/token.actions.githubusercontent.com"});
    assert_eq!(
        exchange(
            "sts:AssumeRoleWithWebIdentity",
            other,
            "sts:AssumeRoleWithWebIdentity"
        ),
        "implicitDeny"
    );
    assert_eq!(
        exchange("sts:TagSession", federated, "sts:AssumeRoleWithWebIdentity"),
        "implicitDeny"
    );
}

#[test]
fn assume_role_does_not_cover_the_federated_actions() {
    let federated = json!({"Federated": PROVIDER});
    assert_eq!(
        exchange(
            "sts:AssumeRoleWithWebIdentity",
            federated.clone(),
            "sts:AssumeRole"
        ),
        "implicitDeny"
    );
    assert_eq!(
        exchange(
            "sts:AssumeRoleWithSAML",
            federated.clone(),
            "sts:AssumeRole"
        ),
        "implicitDeny"
    );
    assert_eq!(
        exchange("sts:AssumeRoleWithSAML", federated, "sts:AssumeRole*"),
        "allowed"
    );
}

#[test]
fn every_aws_principal_is_nobody_with_a_token_only() {
    assert_eq!(
        exchange(
            "sts:AssumeRoleWithWebIdentity",
            json!({"AWS": "*"}),
            "sts:*"
        ),
        "implicitDeny"
    );
    assert_eq!(
        exchange(
            "sts:AssumeRoleWithWebIdentity",
            json!({"AWS": ACCOUNT}),
            "sts:*"
        ),
        "implicitDeny"
    );
    assert_eq!(
        exchange("sts:AssumeRoleWithWebIdentity", json!("*"), "sts:*"),
        "allowed"
    );
    let service = json!({"Service": "a.amazonaws.com"});
    assert_eq!(
        decide(&take(service.clone(), json!({"AWS": "*"}))),
        "implicitDeny"
    );
    assert_eq!(decide(&take(service.clone(), service)), "allowed");
}

#[test]
fn a_trust_policy_names_no_resource() {
    let mut line = take(json!(USER), json!({"AWS": USER}));
    line["trustPolicy"]["Statement"]["Resource"] = json!("arn:aws:s3:::other");
    assert_eq!(decide(&line), "allowed");
}

#[test]
fn not_principal_opens_no_trust_policy() {
    let mut line = take_as_admin(json!(USER), json!({"AWS": USER}));
    line["trustPolicy"] =
        policy(json!({"Effect": "Allow", "NotPrincipal": {"AWS": SESSION_ROLE}, "Action": "*"}));
    assert_eq!(decide(&line), "implicitDeny");
}

#[test]
fn a_caller_with_its_role_arn_is_compared_by_path() {
    let decide = |role_arn: &str, entry: &str| {
        let caller = Caller::role_session(SESSION, Some(role_arn.to_owned()));
        judge(&caller, &document(entry)) == Decision::Allowed
    };
    assert!(decide(SESSION_ROLE, SESSION_ROLE));
    assert!(!decide(SESSION_ROLE, "arn:aws:iam::111122223333:role/app"));
    assert!(decide(SESSION_ROLE, SESSION));
}

fn document(principal: &str) -> PolicyDocument {
    PolicyDocument::parse(&trust(json!({ "AWS": principal }), "sts:AssumeRole").to_string())
        .unwrap()
}

fn judge(caller: &Caller, document: &PolicyDocument) -> Decision {
    let context = RequestContext::new();
    let request = Request {
        caller,
        action: "sts:AssumeRole",
        resource: ROLE,
        resource_account: Some(ACCOUNT),
        context: &context,
    };
    let resource = Some(NamedPolicy {
        name: "trust",
        document,
    });
    evaluate(
        &request,
        &Policies {
            resource,
            resource_is_trust: true,
            ..Policies::default()
        },
    )
    .decision
}

#[test]
fn a_role_without_trust_policy_trusts_nobody() {
    let everything = PolicyDocument::parse(&allow_all().to_string()).unwrap();
    let (caller, context) = (Caller::user(USER), RequestContext::new());
    let request = Request {
        caller: &caller,
        action: "sts:AssumeRole",
        resource: ROLE,
        resource_account: None,
        context: &context,
    };
    let identity = [NamedPolicy {
        name: "admin",
        document: &everything,
    }];
    let policies = Policies {
        identity: &identity,
        resource_is_trust: true,
        ..Policies::default()
    };
    assert_eq!(
        evaluate(&request, &policies).decision,
        Decision::ImplicitDeny
    );
}

#[test]
fn a_stored_principal_is_its_unique_id() {
    const ID: &str = "AIDAEXAMPLE0000000001";
    let stored = document(USER).with_principal_ids(|arn| (arn == USER).then_some(ID));
    let ann = Caller::user(USER).with_unique_id(ID);
    let recreated = Caller::user(USER).with_unique_id("AIDAEXAMPLE0000000002");
    let renamed = Caller::user("arn:aws:iam::111122223333:user/anna").with_unique_id(ID);
    assert_eq!(judge(&ann, &stored), Decision::Allowed);
    assert_eq!(judge(&recreated, &stored), Decision::ImplicitDeny);
    assert_eq!(judge(&Caller::user(USER), &stored), Decision::ImplicitDeny);
    assert_eq!(judge(&renamed, &stored), Decision::Allowed);
}

#[test]
fn a_stored_role_is_its_unique_id() {
    const ID: &str = "AROAEXAMPLE0000000001";
    let stored = document(SESSION_ROLE).with_principal_ids(|_| Some(ID));
    let session =
        |id: &str| Caller::role_session(SESSION, Some(SESSION_ROLE.to_owned())).with_unique_id(id);
    assert_eq!(judge(&session(ID), &stored), Decision::Allowed);
    assert_eq!(
        judge(&session("AROAEXAMPLE0000000002"), &stored),
        Decision::ImplicitDeny
    );
}

#[test]
fn accounts_sessions_and_providers_are_not_resolved() {
    for principal in [ACCOUNT, ROOT, SESSION, FEDERATED_USER, "*"] {
        assert!(
            document(principal)
                .principals()
                .all(|entry| !entry.is_user_or_role_arn()),
            "{principal}"
        );
    }
    assert!(
        document(USER)
            .principals()
            .all(|entry| entry.is_user_or_role_arn())
    );
}

#[test]
fn a_bare_unique_id_covers_nobody_of_another_id() {
    let dangling = document("AIDAEXAMPLE0000000001");
    assert!(dangling.principals().all(|entry| entry.is_unique_id()));
    assert_eq!(
        judge(
            &Caller::user(USER).with_unique_id("AIDAEXAMPLE0000000002"),
            &dangling
        ),
        Decision::ImplicitDeny
    );
}

#[test]
fn a_deleted_principal_is_shown_by_its_id_and_nothing_else_changes() {
    let source = r#"{"Statement": [ {"Action":"sts:AssumeRole","Principal":{"AWS":["arn:aws:iam::1:root", "arn:aws:iam::111122223333:user\/ann","111122223333"]}, "Effect":"Allow"},
  {"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::111122223333:user/ann"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"k":"arn:aws:iam::111122223333:user/ann"}}}]}"#;
    let document = PolicyDocument::parse(source).unwrap();
    let shown = document.source_showing(|arn| (arn == USER).then_some("AIDAEXAMPLE0000000001"));
    let expected = r#"{"Statement": [ {"Action":"sts:AssumeRole","Principal":{"AWS":["arn:aws:iam::1:root", "AIDAEXAMPLE0000000001","111122223333"]}, "Effect":"Allow"},
  {"Effect":"Deny","Principal":{"AWS":"AIDAEXAMPLE0000000001"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"k":"arn:aws:iam::111122223333:user/ann"}}}]}"#;
    assert_eq!(shown, expected);
    assert_eq!(document.source_showing(|_| None), source);
}
