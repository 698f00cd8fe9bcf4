//! What we write, our own strict reader accepts, and reads what we meant.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use drawbridge_saml::describe::IdentityProvider;
use drawbridge_saml::issue::{Attribute, Signed, Statement, issue};
use drawbridge_saml::metadata::Reading;
use drawbridge_saml::names::{POST, REDIRECT};
use drawbridge_saml::response::{Expectations, Expected, InResponseTo, NameId, Provider, verify};
use drawbridge_saml::self_signed::{Subject, self_signed};
use drawbridge_saml::{Certificate, Credential, IdpMetadata, SamlError, SigningKey};

const NOW: i64 = 1_772_366_400;

fn credential(key: SigningKey) -> Credential {
    let subject = Subject {
        common_name: "idp.example.com",
        serial: *b"0123456789abcdef",
        not_before: NOW,
        not_after: NOW + 86_400,
    };
    let certificate = self_signed(&key, &subject).unwrap();
    Credential::new(key, certificate).unwrap()
}

/// The metadata of a provider with these credentials, read back.
fn published(credentials: &[&Credential]) -> IdpMetadata {
    let certificates: Vec<_> = credentials.iter().map(|it| it.certificate_der()).collect();
    let provider = IdentityProvider {
        entity_id: "https://idp.example.com/metadata?a=1&b=2",
        signing: &certificates,
        sso_url: "https://idp.example.com/sso?a=1&b=2",
        slo_url: Some("https://idp.example.com/slo"),
        name_id_formats: &["urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"],
        want_authn_requests_signed: true,
        valid_until: Some(NOW + 60),
    };
    let document = provider.element().unwrap().canonical().unwrap();
    IdpMetadata::read(document.as_bytes(), &Reading::at(NOW)).unwrap()
}

fn alice() -> NameId {
    NameId {
        value: "alice é 漢 <&>\"' ]]>".to_owned(),
        format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()),
        name_qualifier: Some("https://idp.example.com/?a=1&b=2".to_owned()),
        sp_name_qualifier: Some("https://sp.example.com".to_owned()),
    }
}

#[test]
fn what_we_issue_is_what_we_accept() {
    for key in [SigningKey::generate(), SigningKey::generate_p256()] {
        let credential = credential(key.unwrap());
        let metadata = published(&[&credential]);
        let alice = alice();
        let attributes = [Attribute {
            name: "groups".to_owned(),
            values: vec!["a & b".to_owned(), "<c>".to_owned()],
            ..Attribute::default()
        }];
        let statement = Statement {
            response_id: "_response",
            assertion_id: "_assertion",
            issuer: &metadata.entity_id,
            destination: "https://sp.example.com/acs?a=1&b=2",
            recipient: "https://sp.example.com/acs?a=1&b=2",
            audience: "https://sp.example.com",
            in_response_to: Some("_request"),
            issued_at: NOW,
            not_before: NOW - 60,
            not_on_or_after: NOW + 300,
            name_id: &alice,
            authn_instant: NOW - 400,
            authn_context: "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
            session_index: Some("_session"),
            session_not_on_or_after: Some(NOW + 3_600),
            attributes: &attributes,
            one_time_use: true,
        };
        let acs = [statement.recipient.to_owned()];
        let audience = [statement.audience.to_owned()];
        let contexts = [statement.authn_context.to_owned()];
        let expectations = Expectations {
            now: NOW,
            skew: 0,
            not_before: true,
            max_age: Some(300),
            response_issuer: true,
            in_response_to: InResponseTo::Request("_request"),
            recipient: Expected::OneOf(&acs),
            destination: Expected::OneOf(&acs),
            audience: Expected::OneOf(&audience),
            signed_assertion: false,
            authn_contexts: &contexts,
            authenticated_since: None,
            encrypted: false,
        };
        let provider = Provider {
            entity_id: &metadata.entity_id,
            keys: &metadata.signing,
            decryption: &[],
            allow_cbc: false,
            second_opinion: cfg!(feature = "samael"),
            allow_sha1: false,
        };
        for signed in [Signed::Assertion, Signed::Response, Signed::Both] {
            let document = issue(&statement, &credential, signed, None).unwrap();
            let read = verify(document.as_bytes(), &provider, &expectations).unwrap();
            assert_eq!(read.name_id(), &alice);
            assert_eq!(read.values("groups"), Some(&attributes[0].values[..]));
            assert_eq!(read.id(), "_assertion");
            assert_eq!(read.issued_at(), NOW);
            assert_eq!(read.authn().instant, NOW - 400);
            assert_eq!(read.authn().session_ends_at, Some(NOW + 3_600));
            assert_eq!(read.authn().session_index.as_deref(), Some("_session"));
            assert!(read.one_time_use());
            // The last second counts, and the end is the first moment that does not.
            let at = |now| {
                verify(
                    document.as_bytes(),
                    &provider,
                    &Expectations {
                        now,
                        ..expectations
                    },
                )
            };
            assert!(at(NOW + 299).is_ok());
            assert!(matches!(
                at(NOW + 300).unwrap_err(),
                SamlError::ConditionsExpired | SamlError::ConfirmationExpired
            ));
        }
    }
}

#[test]
fn what_we_publish_is_what_others_read() {
    let old = credential(SigningKey::generate().unwrap());
    let new = credential(SigningKey::generate().unwrap());
    let metadata = published(&[&old, &new]);
    assert_eq!(
        metadata.entity_id,
        "https://idp.example.com/metadata?a=1&b=2"
    );
    let keys: Vec<_> = metadata.signing.iter().map(Certificate::der).collect();
    assert_eq!(keys, [old.certificate_der(), new.certificate_der()]);
    for binding in [REDIRECT, POST] {
        let sso = metadata.sso_by(binding).unwrap();
        assert_eq!(sso.location, "https://idp.example.com/sso?a=1&b=2");
        let slo = metadata.slo_by(binding).unwrap();
        assert_eq!(slo.location, "https://idp.example.com/slo");
    }
}
