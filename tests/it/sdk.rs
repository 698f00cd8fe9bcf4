//! The AWS SDK for Rust against the STS door: what Amazon's own client sends is taken, what comes back it understands.

use std::sync::LazyLock;

use aws_sdk_sts::Client;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sts::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_sts::operation::RequestId;
use aws_sdk_sts::types::{PolicyDescriptorType, Tag};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use drawbridge::clock::Clock;
use drawbridge::sigv4;
use serde_json::json;

use crate::harness::assertion::{AWS, SamlIdp, trust_saml};
use crate::harness::{Broker, DEV, PROD, RUNTIME};

static DEMO: LazyLock<Broker> = LazyLock::new(Broker::demo);

fn client(who: Option<Credentials>) -> Client {
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .endpoint_url(DEMO.app.urls.origin())
        .retry_config(RetryConfig::disabled());
    Client::from_conf(match who {
        Some(who) => config.credentials_provider(who).build(),
        None => config.build(),
    })
}

fn as_sdk(who: &sigv4::Credentials) -> Credentials {
    let token = who
        .session_token
        .as_ref()
        .map(|token| token.expose().clone());
    let secret = who.secret_access_key.expose().clone();
    Credentials::new(&who.access_key_id, secret, token, None, "test")
}

fn root() -> Client {
    client(Some(as_sdk(DEMO.root(DEV))))
}

fn role(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:role/{name}")
}

fn developer() -> Client {
    client(Some(as_sdk(
        &DEMO.session_of(&role(DEV, "Developer"), |_| {}),
    )))
}

fn of(credentials: &aws_sdk_sts::types::Credentials) -> Client {
    client(Some(Credentials::new(
        credentials.access_key_id(),
        credentials.secret_access_key(),
        Some(credentials.session_token().to_owned()),
        None,
        "test",
    )))
}

#[test]
fn root_learns_who_it_is() {
    let answer = RUNTIME
        .block_on(root().get_caller_identity().send())
        .unwrap();
    assert_eq!(answer.account(), Some(DEV));
    assert_eq!(
        answer.arn(),
        Some(format!("arn:aws:iam::{DEV}:root").as_str())
    );
    assert_eq!(answer.request_id().unwrap().len(), 36);
}

#[test]
fn an_assertion_takes_its_role_without_a_signature() {
    let idp = SamlIdp::new("https://sdk.example/saml");
    let provider = DEMO.saml_provider("Sdk", &idp);
    let role = DEMO.role(DEV, "BySaml", &trust_saml(&provider, json!({})));
    let (pair, name, roles) = (
        format!("{role},{provider}"),
        format!("{AWS}RoleSessionName"),
        format!("{AWS}Role"),
    );
    let attributes: [(&str, &[&str]); 2] = [(&roles, &[&pair]), (&name, &["sdk"])];
    let response = idp.sign(&idp.response(DEMO.clock.unix(), &attributes));
    let asked = client(None)
        .assume_role_with_saml()
        .role_arn(&role)
        .principal_arn(&provider)
        .saml_assertion(STANDARD.encode(response));
    let answer = RUNTIME.block_on(asked.send()).unwrap();
    assert_eq!(answer.subject(), Some("ann"));
    assert_eq!(answer.subject_type(), Some("persistent"));
    assert_eq!(answer.issuer(), Some(idp.entity_id.as_str()));
    let who = of(answer.credentials().unwrap()).get_caller_identity();
    let who = RUNTIME.block_on(who.send()).unwrap();
    assert_eq!(who.arn(), answer.assumed_role_user().map(|user| user.arn()));
    let asked = client(None)
        .assume_role_with_saml()
        .role_arn(&role)
        .principal_arn(&provider)
        .saml_assertion("!!!!");
    let refused = RUNTIME
        .block_on(asked.send())
        .unwrap_err()
        .into_service_error();
    assert!(refused.is_invalid_identity_token_exception());
}

#[test]
fn a_job_takes_its_role_without_a_signature() {
    let token = DEMO.job("ref=refs/heads/main");
    let asked = client(None)
        .assume_role_with_web_identity()
        .role_arn(role(DEV, "Deploy"))
        .role_session_name("job")
        // As a token file ends.
        .web_identity_token(format!("{token}\n"));
    let answer = RUNTIME.block_on(asked.send()).unwrap();
    let arn = format!("arn:aws:sts::{DEV}:assumed-role/Deploy/job");
    assert_eq!(answer.assumed_role_user().unwrap().arn(), arn);
    let credentials = answer.credentials().unwrap();
    assert_eq!(credentials.expiration().secs(), DEMO.clock.unix() + 3600);
    let who = RUNTIME
        .block_on(of(credentials).get_caller_identity().send())
        .unwrap();
    assert_eq!(who.arn(), Some(arn.as_str()));
}

#[test]
fn roles_chain_with_everything_that_an_sdk_can_pass() {
    let policy = DEMO.managed_policy(PROD, "Sdk", &crate::harness::iam::allow(&["s3:*"], &["*"]));
    let trust = crate::harness::iam::trust(
        serde_json::json!({ "AWS": role(DEV, "Developer") }),
        serde_json::json!({ "StringEquals": {
            "sts:ExternalId": "a:b/c-d", "aws:RequestTag/Team": "Größe & <Maß>",
        } }),
    );
    let arn = DEMO.role(PROD, "Sdk", &trust);
    DEMO.role_policy(
        DEV,
        "Developer",
        &crate::harness::iam::allow(&["sts:*"], &[&arn]),
    );
    let asked = developer()
        .assume_role()
        .role_arn(&arn)
        .role_session_name("sdk+=,.@-")
        .external_id("a:b/c-d")
        .duration_seconds(900)
        .tags(
            Tag::builder()
                .key("Team")
                .value("Größe & <Maß>")
                .build()
                .unwrap(),
        )
        .tags(Tag::builder().key("Empty").value("").build().unwrap())
        .transitive_tag_keys("Team")
        .source_identity("ann")
        .policy_arns(PolicyDescriptorType::builder().arn(policy).build())
        .policy(crate::harness::iam::allow(&["s3:Get*"], &["*"]));
    let answer = RUNTIME.block_on(asked.send());
    // `<`, `&` and `>` are no characters of a tag: that, too, the SDK can tell.
    let error = answer.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("ValidationError"));
    assert!(
        error.message().unwrap().contains("'tags.1.member.value'"),
        "{error}"
    );

    let trust = crate::harness::iam::trust(
        serde_json::json!({ "AWS": role(DEV, "Developer") }),
        serde_json::json!({ "StringEquals": { "aws:RequestTag/Team": "Größe + Maß" } }),
    );
    let arn = DEMO.role(PROD, "SdkToo", &trust);
    DEMO.role_policy(
        DEV,
        "Developer",
        &crate::harness::iam::allow(&["sts:*"], &["*"]),
    );
    let asked = developer()
        .assume_role()
        .role_arn(&arn)
        .role_session_name("sdk+=,.@-")
        .duration_seconds(900)
        .tags(
            Tag::builder()
                .key("Team")
                .value("Größe + Maß")
                .build()
                .unwrap(),
        )
        .tags(Tag::builder().key("Empty").value("").build().unwrap())
        .transitive_tag_keys("Team")
        .source_identity("ann")
        .policy(crate::harness::iam::allow(&["s3:Get*"], &["*"]));
    let answer = RUNTIME.block_on(asked.send());
    let answer = answer.unwrap_or_else(|error| panic!("{}", DisplayErrorContext(error)));
    assert_eq!(answer.source_identity(), Some("ann"));
    let credentials = answer.credentials().unwrap();
    assert_eq!(credentials.expiration().secs(), DEMO.clock.unix() + 900);
    let who = RUNTIME
        .block_on(of(credentials).get_caller_identity().send())
        .unwrap();
    let arn = format!("arn:aws:sts::{PROD}:assumed-role/SdkToo/sdk+=,.@-");
    assert_eq!(who.arn(), Some(arn.as_str()));
}

#[test]
fn the_providers_of_the_sdk_take_roles_by_themselves() {
    use aws_config::sts::AssumeRoleProvider;
    use aws_sdk_sts::config::ProvideCredentials;
    let session = DEMO.session_of(&role(DEV, "Developer"), |_| {});
    let credentials = RUNTIME.block_on(async {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(DEMO.app.urls.origin())
            .credentials_provider(as_sdk(&session))
            .load()
            .await;
        let provider = AssumeRoleProvider::builder(role(PROD, "ReadOnly"))
            .session_name("provider")
            .configure(&config)
            .build_from_provider(as_sdk(&session))
            .await;
        provider.provide_credentials().await.unwrap()
    });
    let who = RUNTIME
        .block_on(client(Some(credentials)).get_caller_identity().send())
        .unwrap();
    let arn = format!("arn:aws:sts::{PROD}:assumed-role/ReadOnly/provider");
    assert_eq!(who.arn(), Some(arn.as_str()));
}

#[test]
fn refusals_are_the_errors_that_the_sdk_models() {
    let asked = |token: &str| {
        client(None)
            .assume_role_with_web_identity()
            .role_arn(role(DEV, "Deploy"))
            .role_session_name("job")
            .web_identity_token(token)
    };
    let error = RUNTIME
        .block_on(asked("opaque").send())
        .unwrap_err()
        .into_service_error();
    assert!(error.is_invalid_identity_token_exception(), "{error}");
    let token = DEMO.job("ref=refs/heads/main");
    let error = RUNTIME
        .block_on(asked(&token).policy("{").send())
        .unwrap_err()
        .into_service_error();
    assert!(error.is_malformed_policy_document_exception(), "{error}");

    let issuer = crate::harness::issuer::Issuer::start();
    DEMO.provider(DEV, &issuer.url, &["sts.amazonaws.com"]);
    let expired = issuer.token(&[("exp", serde_json::json!(DEMO.clock.unix() - 600))]);
    let error = RUNTIME
        .block_on(asked(&expired).send())
        .unwrap_err()
        .into_service_error();
    assert!(error.is_expired_token_exception(), "{error}");
    let down = crate::harness::issuer::Issuer::start();
    DEMO.provider(DEV, &down.url, &["sts.amazonaws.com"]);
    down.fail_with(503);
    let error = RUNTIME
        .block_on(asked(&down.token(&[])).send())
        .unwrap_err()
        .into_service_error();
    assert!(error.is_idp_communication_error_exception(), "{error}");

    let other = DEMO.job("ref=refs/heads/other");
    let error = RUNTIME.block_on(asked(&other).send()).unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 403);
    let error = error.into_service_error();
    assert_eq!(error.code(), Some("AccessDenied"));
    let message = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
    assert_eq!(error.message(), Some(message));
    assert_eq!(error.meta().request_id().unwrap().len(), 36);
}

#[test]
fn an_expired_session_is_what_the_sdk_takes_it_for() {
    let ended = DEMO.session_of(&role(DEV, "Developer"), |session| {
        session.expires_at = DEMO.clock.unix();
    });
    let asked = client(Some(as_sdk(&ended))).get_caller_identity();
    let error = RUNTIME
        .block_on(asked.send())
        .unwrap_err()
        .into_service_error();
    assert_eq!(error.code(), Some("ExpiredToken"));
}
