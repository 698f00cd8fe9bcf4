use super::*;
use crate::policy::{self, DocumentKind, Severity};

fn form(fields: &[(&str, &str)]) -> Form {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(fields);
    Form::read(text.finish().as_bytes()).unwrap()
}

fn read(kind: Kind, fields: &[(&str, &str)]) -> Result<Who, Problems> {
    Who::read(kind, &form(fields), |issuer| {
        format!("audience of {issuer}")
    })
}

const GITHUB: [(&str, &str); 8] = [
    ("owner", "acme"),
    ("repository", "app"),
    ("scope", "branch"),
    ("scope_name", "main"),
    ("form", "both"),
    ("owner_id", "11"),
    ("repository_id", "22"),
    ("issuer", "https://token.actions.githubusercontent.com"),
];

/// Fields with some of them changed.
fn with<'a>(
    fields: &[(&'a str, &'a str)],
    changed: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let kept = fields
        .iter()
        .filter(|(name, _)| !changed.iter().any(|(known, _)| known == name));
    kept.chain(changed).copied().collect()
}

fn statement(kind: Kind, fields: &[(&str, &str)]) -> Value {
    let trust = read(kind, fields).unwrap().trust("111111111111");
    let document = policy::validate(&trust.to_string(), DocumentKind::Trust).unwrap();
    let findings = policy::lint(&document, DocumentKind::Trust);
    assert!(
        findings
            .iter()
            .all(|found| found.severity != Severity::Error),
        "{findings:?}"
    );
    trust["Statement"][0].clone()
}

#[test]
fn a_repository_is_named_with_and_without_numbers() {
    let provider = "token.actions.githubusercontent.com";
    assert_eq!(
        statement(
            Kind::GitHub,
            &with(&GITHUB, &[("audience", "sts.amazonaws.com")])
        ),
        json!({
            "Sid": "GitHubActions",
            "Effect": "Allow",
            "Principal": { "Federated": format!("arn:aws:iam::111111111111:oidc-provider/{provider}") },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { "StringEquals": {
                format!("{provider}:aud"): "sts.amazonaws.com",
                format!("{provider}:sub"): [
                    "repo:acme/app:ref:refs/heads/main",
                    "repo:acme@11/app@22:ref:refs/heads/main",
                ],
            } },
        })
    );
}

#[test]
fn every_scope_of_github_has_its_subject() {
    let subject = |changed: &[(&'static str, &'static str)]| {
        let changed = [&[("form", "names")], changed].concat();
        let statement = statement(Kind::GitHub, &with(&GITHUB, &changed));
        let key = "token.actions.githubusercontent.com:sub";
        let operators = statement["Condition"].as_object().unwrap();
        let found = operators.iter().find(|(_, keys)| keys.get(key).is_some());
        let (operator, keys) = found.unwrap();
        (operator.clone(), keys[key].as_str().unwrap().to_owned())
    };
    let is = |text: &str| ("StringEquals".to_owned(), text.to_owned());
    let like = |text: &str| ("StringLike".to_owned(), text.to_owned());
    assert_eq!(subject(&[]), is("repo:acme/app:ref:refs/heads/main"));
    assert_eq!(
        subject(&[("scope", "tag"), ("scope_name", "v1.0")]),
        is("repo:acme/app:ref:refs/tags/v1.0")
    );
    assert_eq!(
        subject(&[("scope", "environment"), ("scope_name", "prod: eu")]),
        is("repo:acme/app:environment:prod%3A eu")
    );
    assert_eq!(
        subject(&[("scope", "pull_request")]),
        is("repo:acme/app:pull_request")
    );
    assert_eq!(subject(&[("scope", "any")]), like("repo:acme/app:*"));
    assert_eq!(
        subject(&[("scope_name", "release/*")]),
        like("repo:acme/app:ref:refs/heads/release/*")
    );
}

#[test]
fn numbers_alone_are_one_subject() {
    let statement = statement(Kind::GitHub, &with(&GITHUB, &[("form", "ids")]));
    let key = "token.actions.githubusercontent.com:sub";
    assert_eq!(
        statement["Condition"]["StringEquals"][key],
        "repo:acme@11/app@22:ref:refs/heads/main"
    );
}

#[test]
fn the_audience_is_the_providers_where_none_is_given() {
    let statement = statement(Kind::GitHub, &GITHUB);
    assert_eq!(
        statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:aud"],
        "audience of https://token.actions.githubusercontent.com"
    );
}

#[test]
fn a_gitlab_project_is_named_with_its_branch() {
    let fields = [
        ("project", "/acme/platform/app/"),
        ("scope", "branch"),
        ("scope_name", "main"),
        ("issuer", "https://gitlab.com/"),
        ("audience", "https://sso.example.com"),
    ];
    assert_eq!(
        statement(Kind::GitLab, &fields)["Condition"],
        json!({ "StringEquals": {
            "gitlab.com:aud": "https://sso.example.com",
            "gitlab.com:sub": "project_path:acme/platform/app:ref_type:branch:ref:main",
        } })
    );
    let tag = statement(
        Kind::GitLab,
        &with(&fields, &[("scope", "tag"), ("scope_name", "v1")]),
    );
    assert_eq!(
        tag["Condition"]["StringEquals"]["gitlab.com:sub"],
        "project_path:acme/platform/app:ref_type:tag:ref:v1"
    );
    let any = statement(Kind::GitLab, &with(&fields, &[("scope", "any")]));
    assert_eq!(
        any["Condition"]["StringLike"]["gitlab.com:sub"],
        "project_path:acme/platform/app:*"
    );
}

#[test]
fn a_service_account_is_named_with_its_namespace() {
    let fields = [
        ("issuer", "https://k8s.example.com/id/X"),
        ("namespace", "production"),
        ("service_account", "app"),
        ("audience", "sts.amazonaws.com"),
    ];
    assert_eq!(
        statement(Kind::Kubernetes, &fields)["Condition"],
        json!({ "StringEquals": {
            "k8s.example.com/id/X:aud": "sts.amazonaws.com",
            "k8s.example.com/id/X:sub": "system:serviceaccount:production:app",
        } })
    );
}

#[test]
fn a_group_is_one_of_a_list() {
    let fields = [
        ("issuer", "https://example.okta.com"),
        ("group", "Site Reliability"),
        ("claim", "groups"),
        ("audience", "0oa1"),
    ];
    let group = statement(Kind::Oidc, &fields);
    assert_eq!(
        group["Condition"],
        json!({
            "StringEquals": { "example.okta.com:aud": "0oa1" },
            "ForAnyValue:StringEquals": { "example.okta.com:groups": "Site Reliability" },
        })
    );
    assert_eq!(
        group["Action"],
        json!(["sts:AssumeRoleWithWebIdentity", "sts:SetSourceIdentity"])
    );
    let one = statement(
        Kind::Oidc,
        &with(&fields, &[("claim", "email"), ("group", "a@b.example")]),
    );
    assert_eq!(
        one["Condition"],
        json!({ "StringEquals": {
            "example.okta.com:aud": "0oa1",
            "example.okta.com:email": "a@b.example",
        } })
    );
}

#[test]
fn a_saml_group_is_held_against_its_attribute_and_the_recipient() {
    let fields = [
        ("provider", "contoso"),
        ("attribute", "saml:edupersonaffiliation"),
        ("value", "staff"),
        ("recipient", "https://signin.aws.amazon.com/saml"),
    ];
    let group = statement(Kind::Saml, &fields);
    assert_eq!(
        group["Principal"]["Federated"],
        "arn:aws:iam::111111111111:saml-provider/contoso"
    );
    assert_eq!(group["Action"], "sts:AssumeRoleWithSAML");
    assert_eq!(
        group["Condition"],
        json!({
            "StringEquals": { "saml:aud": "https://signin.aws.amazon.com/saml" },
            "ForAnyValue:StringEquals": { "saml:edupersonaffiliation": "staff" },
        })
    );
    let subject = statement(Kind::Saml, &with(&fields, &[("attribute", "saml:sub")]));
    assert_eq!(subject["Condition"]["StringEquals"]["saml:sub"], "staff");
    let two = "https://signin.aws.amazon.com/saml, https://sso.example.com/saml/contoso/acs";
    let two = statement(Kind::Saml, &with(&fields, &[("recipient", two)]));
    assert_eq!(
        two["Condition"]["StringEquals"]["saml:aud"],
        json!([
            "https://signin.aws.amazon.com/saml",
            "https://sso.example.com/saml/contoso/acs"
        ])
    );
    let none = with(&fields, &[("recipient", " , ")]);
    assert_eq!(wrong(Kind::Saml, &none), ["recipient"]);
}

#[test]
fn the_recipient_of_a_saml_form_is_one_that_the_sts_takes() {
    let fields = Kind::Saml.fields().iter();
    let mut recipients = fields.filter(|field| field.name == "recipient");
    let initial = recipients.next().unwrap().initial;
    assert!(crate::config::is_aws_saml_endpoint(initial));
}

/// The fields that a form is refused for.
fn wrong(kind: Kind, fields: &[(&str, &str)]) -> Vec<&'static str> {
    let problems = read(kind, fields).unwrap_err();
    problems.into_iter().map(|(field, _)| field).collect()
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let all = [
        "owner",
        "repository",
        "scope_name",
        "owner_id",
        "repository_id",
        "issuer",
    ];
    assert_eq!(wrong(Kind::GitHub, &[]), all);
}

#[test]
fn a_wildcard_that_nobody_asked_for_is_refused() {
    for field in ["owner", "repository", "owner_id", "issuer", "audience"] {
        assert_eq!(
            wrong(Kind::GitHub, &with(&GITHUB, &[(field, "ac*")])).first(),
            Some(&field)
        );
    }
    for value in ["a?c", "${aws:username}", "a\nb", "a b", "\u{2713}"] {
        assert_eq!(
            wrong(Kind::GitHub, &with(&GITHUB, &[("scope_name", value)])),
            ["scope_name"]
        );
    }
}

#[test]
fn names_of_other_shapes_are_refused() {
    assert_eq!(
        wrong(Kind::GitHub, &with(&GITHUB, &[("repository", "acme/app")])),
        ["repository"]
    );
    assert_eq!(
        wrong(Kind::GitHub, &with(&GITHUB, &[("owner", "a:b")])),
        ["owner"]
    );
    for issuer in ["gitlab.com", "ftp://x", "https://x/?q=1", "https://x/#y"] {
        assert_eq!(
            wrong(Kind::GitHub, &with(&GITHUB, &[("issuer", issuer)])),
            ["issuer"],
            "{issuer}"
        );
    }
    assert_eq!(
        wrong(
            Kind::GitLab,
            &[
                ("project", "app"),
                ("scope", "any"),
                ("issuer", "https://g.example")
            ]
        ),
        ["project"]
    );
    let pod = [
        ("issuer", "https://k.example"),
        ("namespace", "Prod"),
        ("service_account", "a:b"),
    ];
    assert_eq!(
        wrong(Kind::Kubernetes, &pod),
        ["namespace", "service_account"]
    );
    let group = [
        ("issuer", "https://i.example"),
        ("group", "g"),
        ("claim", "aud"),
    ];
    assert_eq!(wrong(Kind::Oidc, &group), ["claim"]);
    let saml = [
        ("provider", "a/b"),
        ("attribute", "aws:username"),
        ("value", "v"),
        ("recipient", "r"),
    ];
    assert_eq!(wrong(Kind::Saml, &saml), ["provider", "attribute"]);
}
