//! CI-1 to CI-3 and what else `lint` says.

use super::*;
use crate::policy::{DocumentKind, PolicyDocument, Severity, lint};

const GITHUB: &str = "token.actions.githubusercontent.com";

fn findings(document: &Value, kind: DocumentKind) -> Vec<(Severity, &'static str)> {
    let document = PolicyDocument::parse(&document.to_string()).unwrap();
    lint(&document, kind)
        .into_iter()
        .map(|finding| (finding.severity, finding.code))
        .collect()
}

fn trusting(issuer: &str, condition: Value) -> Vec<(Severity, &'static str)> {
    let provider = format!("arn:aws:iam::111122223333:oidc-provider/{issuer}");
    let document = policy(
        json!({"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity", "Condition": condition}),
    );
    findings(&document, DocumentKind::Trust)
}

fn refused(issuer: &str, condition: Value) -> bool {
    trusting(issuer, condition).contains(&(Severity::Error, "shared-provider-unpinned"))
}

fn github(operator: &str, values: Value) -> Vec<(Severity, &'static str)> {
    trusting(
        GITHUB,
        json!({operator: {"token.actions.githubusercontent.com:sub": values}}),
    )
}

#[test]
fn trust_in_a_shared_issuer_needs_a_condition_on_the_owner() {
    assert!(refused(GITHUB, json!({})));
    assert!(refused(
        GITHUB,
        json!({"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}})
    ));
    for (operator, value) in [
        ("StringEquals", "repo:acme/app:ref:refs/heads/main"),
        ("StringLike", "repo:acme/app:ref:refs/heads/release/*"),
        ("ForAnyValue:StringLike", "repo:acme/app:environment:prod"),
        ("StringEquals", "repo:acme@123/app@456:ref:refs/heads/main"),
        ("StringLike", "repo:acme@123/app@456:environment:*"),
    ] {
        assert_eq!(github(operator, json!(value)), [], "{operator} {value}");
    }
}

#[test]
fn a_value_that_pins_no_owner_is_no_condition() {
    for value in [
        "*",
        "repo:*",
        "repo:*/*",
        "*:ref:refs/heads/main",
        "repo:acme*",
        "repo:acme-*",
        "repo:?cme/app:*",
        "?epo:acme/app:*",
        "*acme/app*",
        "repo:/app:*",
        "",
        " ",
        "environment:*",
        "repo:${aws:username}/*",
        "re*",
    ] {
        let found = github("StringLike", json!(value));
        assert!(
            found.contains(&(Severity::Error, "shared-provider-unpinned")),
            "{value} {found:?}"
        );
    }
}

#[test]
fn one_value_without_owner_spoils_the_list() {
    assert!(
        github(
            "StringLike",
            json!(["repo:acme/app:ref:refs/heads/main", "repo:*"])
        )
        .contains(&(Severity::Error, "shared-provider-unpinned"))
    );
}

#[test]
fn operators_that_admit_strangers_are_no_condition() {
    for operator in [
        "StringNotEquals",
        "StringNotLike",
        "StringEqualsIfExists",
        "StringLikeIfExists",
        "ForAnyValue:StringEqualsIfExists",
        "ForAllValues:StringEquals",
        "ForAllValues:StringLike",
        "StringEqualsIgnoreCase",
    ] {
        let found = github(operator, json!("repo:acme/app:ref:refs/heads/main"));
        assert!(
            found.contains(&(Severity::Error, "shared-provider-unpinned")),
            "{operator} {found:?}"
        );
    }
    assert!(refused(
        GITHUB,
        json!({"Null": {"token.actions.githubusercontent.com:sub": "false"}})
    ));
}

#[test]
fn a_second_condition_does_not_spoil_the_first() {
    let found = trusting(
        GITHUB,
        json!({"StringEquals": {"TOKEN.actions.githubusercontent.com:SUB": "repo:acme/app:ref:refs/heads/main"}, "StringLike": {"token.actions.githubusercontent.com:sub": "repo:*"}}),
    );
    assert_eq!(found, []);
}

#[test]
fn every_shared_issuer_is_known() {
    for (issuer, claim, good, bad) in [
        (
            "token.actions.githubusercontent.com/acme",
            "sub",
            "repo:acme/app:*",
            "repo:*",
        ),
        (
            "gitlab.com",
            "sub",
            "project_path:acme/app:ref_type:branch:ref:main",
            "project_path:acme*",
        ),
        (
            "agent.buildkite.com",
            "sub",
            "organization:acme:*",
            "organization:acme*",
        ),
        (
            "app.terraform.io",
            "sub",
            "organization:acme:project:p:workspace:w:run_phase:*",
            "organization:*",
        ),
        (
            "oidc.circleci.com/org/0f1e",
            "sub",
            "org/0f1e/project/*",
            "org/*",
        ),
        (
            "oidc.codefresh.io",
            "sub",
            "account:5f:pipeline:*",
            "account:*",
        ),
        (
            "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
            "sub",
            "{1-2}:*",
            "{*",
        ),
        (
            "vstoken.dev.azure.com/0f1e",
            "sub",
            "sc://acme/project/connection",
            "sc://*",
        ),
        (
            "oidc.vercel.com",
            "aud",
            "https://vercel.com/acme",
            "https://vercel.com/*",
        ),
        (
            "oidc.vercel.com/acme",
            "sub",
            "owner:acme:project:web:environment:production",
            "owner:*",
        ),
        ("api.pulumi.com/oidc", "aud", "acme", "*"),
    ] {
        let key = format!("{issuer}:{claim}");
        assert!(refused(issuer, json!({})), "{issuer}");
        assert!(
            !refused(issuer, json!({"StringLike": {&key: good}})),
            "{issuer} {good}"
        );
        assert!(
            refused(issuer, json!({"StringLike": {&key: bad}})),
            "{issuer} {bad}"
        );
    }
}

#[test]
fn the_refusal_names_the_missing_key() {
    let document = policy(
        json!({"Effect": "Allow", "Principal": {"Federated": format!("arn:aws:iam::111122223333:oidc-provider/{GITHUB}")}, "Action": "sts:*"}),
    );
    let document = PolicyDocument::parse(&document.to_string()).unwrap();
    let finding = &lint(&document, DocumentKind::Trust)[0];
    assert!(
        finding
            .message
            .contains("token.actions.githubusercontent.com:sub"),
        "{}",
        finding.message
    );
}

#[test]
fn other_actions_and_denials_are_no_trust_in_the_issuer() {
    let provider = format!("arn:aws:iam::111122223333:oidc-provider/{GITHUB}");
    for statement in [
        json!({"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:TagSession"}),
        json!({"Effect": "Deny", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity"}),
        json!({"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::111122223333:saml-provider/adfs"}, "Action": "sts:AssumeRoleWithSAML"}),
    ] {
        assert_eq!(
            findings(&policy(statement.clone()), DocumentKind::Trust),
            [],
            "{statement}"
        );
    }
}

#[test]
fn weak_github_subjects_are_warned_about() {
    for (value, code) in [
        ("repo:acme/*", "github-any-repository"),
        ("repo:acme/app*", "github-any-repository"),
        ("repo:acme/app:*", "github-any-ref"),
        ("repo:acme/app:ref:*", "github-any-ref"),
        ("repo:acme@1/app@2:*", "github-any-ref"),
        ("repo:acme/app:pull_request", "github-pull-request"),
        ("environment:prod", "github-custom-subject"),
        ("ref:refs/heads/main", "github-custom-subject"),
        ("repository_owner:acme:*", "github-custom-subject"),
    ] {
        assert_eq!(
            github("StringLike", json!(value)),
            [(Severity::Warning, code)],
            "{value}"
        );
    }
}

#[test]
fn a_private_issuer_without_any_condition_is_warned_about() {
    assert_eq!(
        trusting("idp.example.com", json!({})),
        [(Severity::Warning, "provider-without-condition")]
    );
    assert_eq!(
        trusting(
            "idp.example.com/x",
            json!({"StringEquals": {"idp.example.com/x:aud": "app"}})
        ),
        []
    );
}

#[test]
fn a_role_for_everybody_is_warned_about() {
    let open = |condition: Value| {
        findings(
            &policy(
                json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Condition": condition}),
            ),
            DocumentKind::Trust,
        )
    };
    assert_eq!(open(json!({})), [(Severity::Warning, "open-to-everybody")]);
    assert_eq!(
        open(json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
        []
    );
}

fn on_statement(statement: Value) -> Vec<&'static str> {
    let mut whole = json!({"Effect": "Allow", "Resource": "*"});
    if statement.get("NotAction").is_none() {
        whole["Action"] = json!("s3:*");
    }
    for (name, value) in statement.as_object().unwrap() {
        whole[name] = value.clone();
    }
    let found = findings(&policy(whole), DocumentKind::Identity);
    assert!(
        found
            .iter()
            .all(|(severity, _)| *severity == Severity::Warning)
    );
    found.into_iter().map(|(_, code)| code).collect()
}

#[test]
fn for_all_values_in_an_allow_is_warned_about_unless_the_key_must_be_there() {
    let guard = json!({"ForAllValues:StringEquals": {"aws:TagKeys": "a"}});
    assert_eq!(
        on_statement(json!({"Condition": guard})),
        ["for-all-values-in-allow"]
    );
    assert_eq!(
        on_statement(json!({"Effect": "Deny", "Condition": guard})),
        [""; 0]
    );
    assert_eq!(
        on_statement(
            json!({"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": "a"}, "Null": {"aws:tagkeys": false}}})
        ),
        [""; 0]
    );
}

#[test]
fn what_can_never_be_true_is_warned_about() {
    for (condition, code) in [
        (
            json!({"StringEquals": {"aws:TagKeys": "a"}}),
            "set-operator-missing",
        ),
        (
            json!({"StringEquals": {"accounts.google.com:amr": "a"}}),
            "set-operator-missing",
        ),
        (json!({"StringEquals": {"k": "a*"}}), "wildcard-in-equals"),
        (
            json!({"NumericEquals": {"k": "ten"}}),
            "value-never-matches",
        ),
        (json!({"DateEquals": {"k": "01T"}}), "value-never-matches"),
        (
            json!({"IpAddress": {"k": "10.0.0.0/99"}}),
            "value-never-matches",
        ),
        (json!({"BinaryEquals": {"k": "?"}}), "value-never-matches"),
        (json!({"ArnLike": {"k": "*"}}), "value-never-matches"),
        (json!({"Null": {"k": "maybe"}}), "value-never-matches"),
    ] {
        assert_eq!(
            on_statement(json!({"Condition": condition})),
            [code],
            "{condition}"
        );
    }
}

#[test]
fn open_ended_allows_are_warned_about() {
    assert_eq!(
        on_statement(json!({"NotAction": "iam:*"})),
        ["allow-not-action"]
    );
    let not_resource =
        policy(json!({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::x"}));
    assert_eq!(
        findings(&not_resource, DocumentKind::Identity),
        [(Severity::Warning, "allow-not-resource")]
    );
}

#[test]
fn a_variable_in_a_document_of_2008_is_warned_about() {
    let document = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:username}"}});
    assert_eq!(
        findings(&document, DocumentKind::Identity),
        [(Severity::Warning, "variable-without-version")]
    );
}
