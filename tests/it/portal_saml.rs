//! Roles for people whom a SAML provider vouches for: the exchange of the portal, by the very provider of an account.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use drawbridge::access::Call;
use drawbridge::access::call::Source;
use drawbridge::broker::exchange::{ExchangeError, ExchangeRequest, Exchanged};
use drawbridge::clock::{Clock, SystemRandom};
use drawbridge::credentials::RoleSession;
use drawbridge::identity::{ClaimValue, EvidenceKind, Identity, SamlName};
use drawbridge::saml::Certificate;
use drawbridge::store::cuts::subject_id;
use drawbridge::store::revocations::{Revocation, RevocationKind};
use serde_json::{Value, json};

use crate::harness::assertion::{AWS, SamlIdp, trust_saml};
use crate::harness::{Broker, DEV, PROD, RUNTIME};

const ACS: &str = "https://sso.example.com/saml/contoso/acs";
const AFFILIATION: &str = "urn:oid:1.3.6.1.4.1.5923.1.1.1.1";

struct Desk {
    broker: Broker,
    idp: SamlIdp,
    provider: String,
}

static DESK: LazyLock<Desk> = LazyLock::new(Desk::start);

impl Desk {
    fn start() -> Desk {
        let broker = Broker::configured("");
        let idp = SamlIdp::new("https://contoso.example/saml");
        let provider = broker.saml_provider("contoso", &idp);
        Desk {
            broker,
            idp,
            provider,
        }
    }

    /// Ann, as sign-in makes her of an assertion with these attributes.
    fn ann(&self, attributes: &[(&str, &[&str])]) -> Identity {
        let now = self.broker.clock.unix();
        let certificate = Certificate::from_der(self.idp.credential.certificate_der()).unwrap();
        let claims = attributes.iter().map(|(name, values)| {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            ((*name).to_owned(), ClaimValue::Many(values))
        });
        Identity {
            provider: "contoso".to_owned(),
            kind: EvidenceKind::Saml,
            issuer: self.idp.entity_id.clone(),
            subject: "4711".to_owned(),
            audience: ACS.to_owned(),
            display_name: "Ann".to_owned(),
            email: Some("ann@contoso.example".to_owned()),
            groups: vec!["engineering".to_owned()],
            claims: claims.collect(),
            sts_claims: serde_json::Map::new(),
            issued_at: now,
            valid_until: now + 36_000,
            key_id: Some(certificate.fingerprint().to_owned()),
            token_id: Some("_a".to_owned()),
            saml: Some(SamlName {
                value: "ann".to_owned(),
                is_subject: false,
                format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()),
                name_qualifier: None,
                sp_name_qualifier: None,
                session_index: None,
                sha1: false,
            }),
            evidence_sha256: "hash".to_owned(),
        }
    }

    fn role_if(&self, name: &str, condition: Value) -> String {
        self.broker
            .role(DEV, name, &trust_saml(&self.provider, condition))
    }

    fn call(&self) -> Call {
        let app = &self.broker.app;
        let source = Source {
            ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            secure: false,
            user_agent: None,
        };
        Call::open(&app.audit, &*app.clock, &SystemRandom, source)
    }

    /// The exchange and its event.
    fn exchange(
        &self,
        identity: &Identity,
        role: &str,
        duration: Option<i64>,
    ) -> (Result<Exchanged, ExchangeError>, Value) {
        let mut call = self.call();
        let reference = call.request_id.clone();
        let request = ExchangeRequest {
            role: role.to_owned(),
            duration,
            ..ExchangeRequest::default()
        };
        let made = RUNTIME.block_on(async {
            let made = self
                .broker
                .app
                .broker
                .exchange(&mut call, identity, request)
                .await;
            let elements = made
                .as_ref()
                .map_or(Value::Null, |made| made.elements.clone());
            call.granted(elements).await.unwrap();
            made
        });
        let event = self.broker.events(&reference).remove(0);
        (made, event)
    }

    #[track_caller]
    fn taken(&self, identity: &Identity, role: &str) -> RoleSession {
        let made = self.exchange(identity, role, None).0.unwrap();
        let token = made.credentials.session_token.expose();
        let (ring, now) = (&self.broker.app.ring, self.broker.clock.unix());
        RoleSession::open(ring, &made.credentials.access_key_id, token, now)
            .unwrap()
            .0
    }

    #[track_caller]
    fn refused(&self, identity: &Identity, role: &str, reason: &str) {
        let error = self.exchange(identity, role, None).0.unwrap_err();
        assert_eq!(error.reason(), reason);
    }

    /// The roles that the portal offers, by name.
    fn offered(&self, identity: &Identity) -> Vec<String> {
        let (broker, call) = (&self.broker.app.broker, self.call());
        let candidates = RUNTIME.block_on(broker.candidates(&call, identity, false));
        let candidates = candidates.unwrap();
        call.unseen();
        let offered = candidates.offered();
        offered.map(|role| role.role.name.clone()).collect()
    }
}

#[test]
fn a_role_admits_by_the_attributes_of_awss_table() {
    let desk = &*DESK;
    let staff = json!({ "ForAnyValue:StringEquals": { "saml:edupersonaffiliation": "staff" } });
    let role = desk.role_if("Staff", staff);
    let staff = desk.ann(&[(AFFILIATION, &["member", "staff"])]);
    let session = desk.taken(&staff, &role);
    assert_eq!(session.session_name, staff.session_name());
    // Readable, and still nobody else's with that address.
    assert!(session.session_name.starts_with("ann@contoso.example-"));
    assert_eq!(
        session.federated_provider.as_deref(),
        Some(desk.provider.as_str())
    );
    assert_eq!(
        session.federation["saml:sub"],
        ClaimValue::One("ann".to_owned())
    );
    let student = desk.ann(&[(AFFILIATION, &["student"])]);
    desk.refused(&student, &role, "trust.condition");
    assert!(desk.offered(&staff).contains(&"Staff".to_owned()));
    assert!(!desk.offered(&student).contains(&"Staff".to_owned()));
}

#[test]
fn keys_are_those_of_the_sts() {
    let desk = &*DESK;
    let qualifier =
        drawbridge::sts::saml::keys::name_qualifier(&desk.idp.entity_id, DEV, "contoso");
    let role = desk.role_if(
        "Keys",
        json!({ "StringEquals": {
            "saml:aud": ACS,
            "saml:iss": desk.idp.entity_id,
            "saml:sub": "ann",
            "saml:sub_type": "persistent",
            "saml:doc": format!("{DEV}/contoso"),
            "saml:namequalifier": qualifier,
        }}),
    );
    desk.taken(&desk.ann(&[]), &role);
}

#[test]
fn the_event_is_that_of_saml() {
    let desk = &*DESK;
    let role = desk.role_if("Event", json!({}));
    let (_, event) = desk.exchange(&desk.ann(&[]), &role, None);
    assert_eq!(event["eventName"], "AssumeRoleWithSAML");
    assert_eq!(event["userIdentity"]["type"], "SAMLUser");
    assert_eq!(event["userIdentity"]["tokenSha256"], "hash");
}

#[test]
fn only_a_provider_with_the_very_certificate_vouches() {
    let desk = &*DESK;
    let role = desk.role_if("Certified", json!({}));
    let ann = desk.ann(&[]);
    desk.taken(&ann, &role);
    let other_key = Identity {
        key_id: Some("0".repeat(64)),
        ..ann.clone()
    };
    desk.refused(&other_key, &role, "trust.no_match");
    let no_key = Identity {
        key_id: None,
        ..ann.clone()
    };
    desk.refused(&no_key, &role, "trust.no_match");
    let other_issuer = Identity {
        issuer: "https://contoso.example/SAML".to_owned(),
        ..ann.clone()
    };
    desk.refused(&other_issuer, &role, "trust.no_match");
    assert!(desk.offered(&other_key).is_empty());
    // Another account does not know the provider at all.
    let there = desk
        .broker
        .role(PROD, "There", &trust_saml(&desk.provider, json!({})));
    desk.refused(&ann, &there, "trust.no_match");
}

#[test]
fn what_the_assertion_says_to_aws_counts_as_at_the_sts() {
    let desk = &*DESK;
    let (one, two) = (
        desk.role_if("One", json!({})),
        desk.role_if("Two", json!({})),
    );
    let name = |name: &str| format!("{AWS}{name}");
    let pair = format!("{one},{}", desk.provider);
    let (roles, tag, source, lasts, transitive) = (
        name("Role"),
        name("PrincipalTag:Team"),
        name("SourceIdentity"),
        name("SessionDuration"),
        name("TransitiveTagKeys"),
    );
    let ann = desk.ann(&[
        (&roles, &[&pair]),
        (&tag, &["eng"]),
        (&transitive, &["Team"]),
        (&source, &["ann-of-contoso"]),
        (&lasts, &["900"]),
    ]);
    let session = desk.taken(&ann, &one);
    assert_eq!(session.expires_at - session.issued_at, 900);
    assert_eq!(session.source_identity.as_deref(), Some("ann-of-contoso"));
    assert_eq!(session.tags[0].value, "eng");
    assert_eq!(session.transitive_tag_keys, ["Team"]);
    let (asked, _) = desk.exchange(&ann, &one, Some(1800));
    let ends = asked.unwrap().credentials.expires.unix_timestamp();
    assert_eq!(ends - desk.broker.clock.unix(), 1800);
    // The provider names roles, and this is none of them.
    desk.refused(&ann, &two, "trust.no_match");
    assert_eq!(desk.offered(&ann), ["One"]);
    // What cannot be read may be what limits.
    let spoiled = desk.ann(&[(&lasts, &["soon"])]);
    desk.refused(&spoiled, &one, "trust.no_match");
    let spoiled = desk.ann(&[("urn:oid:1.3.6.1.4.1.5923.1.1.1.5", &["a", "b"])]);
    desk.refused(&spoiled, &one, "trust.no_match");
}

#[test]
fn of_two_providers_the_one_that_the_role_trusts_counts() {
    let desk = &*DESK;
    let other = desk.broker.saml_provider("zweiter", &desk.idp);
    let role = desk
        .broker
        .role(DEV, "Second", &trust_saml(&other, json!({})));
    let session = desk.taken(&desk.ann(&[]), &role);
    assert_eq!(session.federated_provider, Some(other));
    let first = desk.role_if("First", json!({}));
    let session = desk.taken(&desk.ann(&[]), &first);
    assert_eq!(session.federated_provider.as_ref(), Some(&desk.provider));
}

#[test]
fn a_session_ends_with_the_sign_in() {
    let desk = &*DESK;
    let role = desk.role_if("Ending", json!({}));
    let ann = desk.ann(&[]);
    let ann = Identity {
        valid_until: desk.broker.clock.unix() + 600,
        ..ann
    };
    let session = desk.taken(&ann, &role);
    assert_eq!(session.expires_at, ann.valid_until);
}

#[test]
fn a_person_known_by_an_attribute_can_be_cut_off_by_both_names() {
    let desk = Desk::start();
    let role = desk.role_if("Cut", json!({}));
    let issuer = &desk.idp.entity_id;
    for (kind, id) in [
        (RevocationKind::Principal, subject_id(issuer, "4711")),
        (RevocationKind::Principal, subject_id(issuer, "ann")),
        (RevocationKind::Idp, desk.provider.clone()),
    ] {
        let ann = desk.ann(&[]);
        let session = desk.taken(&ann, &role);
        assert!(!desk.broker.app.cache.is_revoked(&session));
        RUNTIME.block_on(async {
            let now = desk.broker.clock.unix();
            let cut = Revocation {
                kind,
                id: id.clone(),
                issued_before: now + 1,
                revoked_by: "test".to_owned(),
                revoked_at: now,
            };
            desk.broker.app.store.revoke(&cut).await.unwrap();
            desk.broker.app.cache.refresh().await.unwrap();
        });
        assert!(desk.broker.app.cache.is_revoked(&session), "{id}");
        desk.refused(&ann, &role, "cut_off");
        desk.broker.clock.advance(time::Duration::seconds(60));
    }
}

#[test]
fn reserved_roles_are_not_offered() {
    let desk = &*DESK;
    let role = desk.role_if("AWSReservedSSO_Admin_0123456789abcdef", json!({}));
    desk.refused(&desk.ann(&[]), &role, "trust.reserved");
    let offered = desk.offered(&desk.ann(&[]));
    assert!(!offered.iter().any(|name| name.starts_with("AWSReserved")));
}
