//! Drawbridge as a SAML identity provider: what it publishes, what it signs, that an STS takes it, and how its keys
//! are rotated.

use std::process::Command;
use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use drawbridge::clock::{Clock, Random, SystemRandom};
use drawbridge::identity::{EvidenceKind, Identity};
use drawbridge::issuer::saml::PUBLISHED_BEFORE_USE;
use drawbridge::issuer::saml::assertions::{
    Assertions, KnownBy, RelyingSts, SignedAssertion, Wanted,
};
use drawbridge::saml::metadata::{IdpMetadata, Reading};
use drawbridge::saml::names;
use serde_json::json;
use tempfile::TempDir;
use time::Duration;

use crate::harness::assertion::trust_saml;
use crate::harness::http::Reply;
use crate::harness::{Broker, DEV, RUNTIME};
use crate::postgres::in_ci;

static DESK: LazyLock<Desk> = LazyLock::new(Desk::start);

/// A broker whose own STS trusts it as a SAML provider, and a role for whoever it vouches for.
struct Desk {
    broker: Broker,
    provider: String,
    role: String,
}

impl Desk {
    fn start() -> Desk {
        let broker = Broker::demo();
        let provider = format!("arn:aws:iam::{DEV}:saml-provider/Itself");
        let document = metadata(&broker);
        let fields = [("Name", "Itself"), ("SAMLMetadataDocument", &document)];
        broker.iam_ok(broker.root(DEV), "CreateSAMLProvider", &fields);
        let trust = trust_saml(&provider, json!({}));
        let role = broker.role(DEV, "Vouched", &trust);
        Desk {
            broker,
            provider,
            role,
        }
    }

    fn now(&self) -> i64 {
        self.broker.clock.unix()
    }

    fn ann(&self) -> Identity {
        Identity {
            provider: "acme".to_owned(),
            kind: EvidenceKind::Oidc,
            issuer: "https://acme.example".to_owned(),
            subject: "ann-1".to_owned(),
            audience: "drawbridge".to_owned(),
            display_name: "Ann".to_owned(),
            email: Some("ann@acme.example".to_owned()),
            groups: Vec::new(),
            claims: Default::default(),
            sts_claims: Default::default(),
            issued_at: self.now() - 100,
            valid_until: self.now() + 7200,
            key_id: None,
            token_id: None,
            saml: None,
            evidence_sha256: String::new(),
        }
    }

    /// An assertion for the role.
    fn sign(&self) -> SignedAssertion {
        let sts = RelyingSts::aws("aws").unwrap();
        let wanted = Wanted {
            identity: &self.ann(),
            sts: &sts,
            role_arn: &self.role,
            provider_arn: &self.provider,
            duration: Some(1800),
            source_identity: Some("ann@acme.example"),
            tags: &[],
            transitive_tag_keys: &[],
            known_by: KnownBy::Persistent,
        };
        let signed = self.broker.app.assertions.sign(&wanted, self.now());
        RUNTIME.block_on(signed).unwrap()
    }

    /// Presents an assertion for a role; the answer may be a refusal.
    fn present(&self, signed: &SignedAssertion, role: &str) -> Reply {
        let fields = [
            ("RoleArn", role),
            ("PrincipalArn", self.provider.as_str()),
            ("SAMLAssertion", signed.parameter.expose()),
        ];
        self.broker.sts("AssumeRoleWithSAML", &fields).send()
    }

    fn advance(&self, seconds: i64) {
        self.broker.clock.advance(Duration::seconds(seconds));
    }
}

fn metadata(broker: &Broker) -> String {
    let reply = broker.get("/saml/idp/metadata").send();
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.text().to_owned()
}

/// Our metadata as whoever trusts us reads it.
fn published(broker: &Broker) -> IdpMetadata {
    let reading = Reading {
        http_on_loopback: true,
        ..Reading::at(broker.clock.unix())
    };
    IdpMetadata::read(metadata(broker).as_bytes(), &reading).unwrap()
}

#[test]
fn our_metadata_is_published_for_anybody() {
    let broker = &DESK.broker;
    let reply = broker.get("/saml/idp/metadata").send();
    assert_eq!(reply.header("content-type"), "application/samlmetadata+xml");
    assert_eq!(reply.header("cache-control"), "public, max-age=3600");
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert_eq!(reply.header("set-cookie"), "");
    let read = published(broker);
    assert_eq!(read.entity_id, broker.absolute("/saml/idp/metadata"));
    let sso = read.sso_by(names::REDIRECT).unwrap();
    assert_eq!(sso.location, broker.absolute("/"));
    assert!(!read.want_authn_requests_signed);
    let persistent = format!("{}persistent", names::NAMEID_FORMAT);
    assert_eq!(
        read.name_id_formats,
        [persistent.as_str(), names::EMAIL_ADDRESS]
    );
    assert_eq!(read.signing.len(), 1);
    // It is the identity provider's key, not the service provider's.
    let others = RUNTIME.block_on(broker.app.saml_keys.keys(DESK.now()));
    let others = others.unwrap();
    assert_ne!(
        read.signing[0].der(),
        others[0].credential.certificate_der()
    );
}

#[test]
fn an_assertion_of_ours_is_worth_a_session_of_its_role() {
    let signed = DESK.sign();
    let reply = DESK.present(&signed, &DESK.role);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let session = format!("arn:aws:sts::{DEV}:assumed-role/Vouched/ann@acme.example");
    assert_eq!(DESK.broker.who_is(&reply.credentials()), session);
    assert_eq!(reply.xml("SourceIdentity"), "ann@acme.example");
    assert_eq!(reply.xml("SubjectType"), "persistent");
    assert_eq!(reply.xml("Issuer"), DESK.broker.app.assertions.entity_id());
    assert_eq!(reply.xml("Audience"), "https://signin.aws.amazon.com/saml");
    // The trail has what tells it again, and not the assertion itself.
    let event = DESK.broker.event(&reply);
    assert_eq!(event["userIdentity"]["tokenId"], signed.id);
    assert_eq!(event["userIdentity"]["tokenSha256"], signed.sha256);
    let written = signed.parameter.expose().get(..200).unwrap();
    assert!(!DESK.broker.trail().contains(written));
}

#[test]
fn an_assertion_of_ours_is_for_one_role() {
    let trust = trust_saml(&DESK.provider, json!({}));
    let other = DESK.broker.role(DEV, "VouchedToo", &trust);
    let reply = DESK.present(&DESK.sign(), &other);
    let message =
        "SAML Assertion doesn't contain the requested Role and Metadata in the attributes";
    let code = "InvalidIdentityToken";
    DESK.broker
        .refuses(&reply, 400, code, message, "saml.attributes.role");
}

#[test]
fn an_assertion_of_ours_is_good_once() {
    let signed = DESK.sign();
    assert_eq!(DESK.present(&signed, &DESK.role).status, 200);
    let reply = DESK.present(&signed, &DESK.role);
    let (code, message) = ("InvalidIdentityToken", "Response has already been used");
    DESK.broker
        .refuses(&reply, 400, code, message, "saml.replay");
}

#[test]
fn an_assertion_of_ours_lasts_five_minutes() {
    let desk = Desk::start();
    let (early, late) = (desk.sign(), desk.sign());
    desk.advance(299);
    assert_eq!(desk.present(&early, &desk.role).status, 200);
    desk.advance(1);
    assert_eq!(desk.now(), late.ends_at);
    let reply = desk.present(&late, &desk.role);
    let (status, code, _) = reply.aws_error();
    assert_eq!((status, code.as_str()), (400, "ExpiredTokenException"));
    assert!(desk.broker.reason(&reply).starts_with("saml."));
}

#[test]
fn a_key_is_published_for_a_day_before_it_signs() {
    let desk = Desk::start();
    let first = desk.sign().key_id;
    // Another process over the same store: the command.
    let other: Assertions = {
        let app = &desk.broker.app;
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        drawbridge::app::assertions(&app.urls, &app.store, &app.ring, &random)
    };
    let added = desk.now();
    let second = RUNTIME.block_on(other.keys().add(added)).unwrap();
    assert_eq!(published(&desk.broker).signing.len(), 1);
    desk.advance(60);
    let both = published(&desk.broker);
    assert_eq!(both.signing.len(), 2);
    // Whoever trusts us reads it again in time.
    let document = metadata(&desk.broker);
    let fields = [
        ("SAMLProviderArn", desk.provider.as_str()),
        ("SAMLMetadataDocument", &document),
    ];
    let root = desk.broker.root(DEV);
    desk.broker.iam_ok(root, "UpdateSAMLProvider", &fields);

    desk.advance(added + PUBLISHED_BEFORE_USE - 1 - desk.now());
    let signed = desk.sign();
    assert_eq!(signed.key_id, first);
    assert_eq!(desk.present(&signed, &desk.role).status, 200);
    desk.advance(1);
    let signed = desk.sign();
    assert_eq!(signed.key_id, second);
    assert_eq!(desk.present(&signed, &desk.role).status, 200);

    let now = desk.now();
    RUNTIME
        .block_on(other.keys().retire(&first, false, now))
        .unwrap();
    desk.advance(60);
    let left = published(&desk.broker).signing;
    assert_eq!(left, [both.signing[1].clone()]);
}

#[test]
fn the_program_xmlsec1_accepts_both_signatures() {
    if Command::new("xmlsec1").arg("--version").output().is_err() {
        assert!(!in_ci(), "xmlsec1 is needed in CI");
        eprintln!("\n*** NOT JUDGED BY XMLSEC1: it is not installed ***\n");
        return;
    }
    let directory = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let signed = DESK.sign();
    let response = STANDARD.decode(signed.parameter.expose()).unwrap();
    let text = String::from_utf8(response).unwrap();
    let certificate = STANDARD.encode(published(&DESK.broker).signing[0].der());
    let pem = format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n");
    let certificate = write("certificate.pem", pem.as_bytes());
    let verify = |document: &std::path::Path, parent: &str| {
        let place = format!("//*[local-name()='{parent}']/*[local-name()='Signature']");
        let judged = Command::new("xmlsec1")
            .args([
                "--verify",
                "--enabled-key-data",
                "key-name",
                "--pubkey-cert-pem",
            ])
            .arg(&certificate)
            .args([
                "--id-attr:ID",
                "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
            ])
            .args([
                "--id-attr:ID",
                "urn:oasis:names:tc:SAML:2.0:protocol:Response",
            ])
            .args(["--node-xpath", &place])
            .arg(document)
            .output()
            .unwrap();
        judged.status.success()
    };
    let document = write("response.xml", text.as_bytes());
    let spoiled = text.replace("Vouched", "Trusted");
    let spoiled = write("spoiled.xml", spoiled.as_bytes());
    for parent in ["Response", "Assertion"] {
        assert!(verify(&document, parent), "{parent}");
        assert!(!verify(&spoiled, parent), "{parent}");
    }
}
