mod values;

use std::sync::LazyLock;

use super::*;
use crate::testing::{ACS, IDP, NOW, REQUEST, SP, credential, response, sign};
use crate::{Credential, SigningKey};

static KEY: LazyLock<Credential> = LazyLock::new(|| credential(SigningKey::generate().unwrap()));
static OTHER: LazyLock<Credential> = LazyLock::new(|| credential(SigningKey::generate().unwrap()));
static KEYS: LazyLock<Vec<Certificate>> =
    LazyLock::new(|| vec![Certificate::from_der(KEY.certificate_der()).unwrap()]);
static OURS: LazyLock<[Vec<String>; 2]> =
    LazyLock::new(|| [vec![ACS.to_owned()], vec![SP.to_owned()]]);

fn provider() -> Provider<'static> {
    Provider {
        entity_id: IDP,
        keys: &KEYS,
        decryption: &[],
        allow_sha1: false,
        allow_cbc: false,
        second_opinion: cfg!(feature = "samael"),
    }
}

fn expectations() -> Expectations<'static> {
    Expectations {
        now: NOW,
        skew: 60,
        not_before: true,
        max_age: Some(300),
        response_issuer: true,
        in_response_to: InResponseTo::Request(REQUEST),
        recipient: Expected::OneOf(&OURS[0]),
        destination: Expected::OneOf(&OURS[0]),
        audience: Expected::OneOf(&OURS[1]),
        signed_assertion: false,
        authn_contexts: &[],
        authenticated_since: None,
        encrypted: false,
    }
}

fn judge(text: &str) -> Result<VerifiedAssertion, SamlError> {
    verify(text.as_bytes(), &provider(), &expectations())
}

#[track_caller]
fn refused(text: &str, error: SamlError) {
    assert_eq!(judge(text), Err(error), "{text}");
}

/// A response bent before its assertion is signed.
fn bent(from: &str, to: &str) -> String {
    let text = response();
    assert!(text.contains(from), "{from}");
    sign(&text.replacen(from, to, 1), "_a", &KEY)
}

#[test]
fn a_signed_assertion_is_read() {
    let signed = [
        sign(&response(), "_a", &KEY),
        sign(&response(), "_r", &KEY),
        sign(&sign(&response(), "_a", &KEY), "_r", &KEY),
    ];
    for text in signed {
        let assertion = judge(&text).unwrap();
        assert_eq!((assertion.issuer(), assertion.id()), (IDP, "_a"));
        assert_eq!(assertion.name_id().value, "ann");
        assert_eq!(assertion.recipient(), ACS);
        assert_eq!(assertion.audiences(), [SP]);
        assert_eq!(assertion.in_response_to(), Some(REQUEST));
        assert_eq!(assertion.issued_at(), NOW - 30);
        assert_eq!(assertion.ends_at(), NOW + 270);
        assert_eq!(assertion.authn().instant, NOW - 60);
        assert_eq!(assertion.authn().session_ends_at, Some(NOW + 8 * 3600));
        assert_eq!(
            assertion.values("groups").unwrap(),
            ["engineering", "admins"]
        );
        assert_eq!(assertion.key_fingerprint(), KEYS[0].fingerprint());
        assert!(!assertion.used_sha1() && !assertion.encrypted() && !assertion.one_time_use());
    }
}

#[test]
fn what_nobody_signed_is_refused() {
    refused(&response(), SamlError::SignatureMissing);
}

#[test]
fn what_another_key_signed_is_refused() {
    refused(
        &sign(&response(), "_a", &OTHER),
        SamlError::SignatureInvalid,
    );
    let both = sign(&sign(&response(), "_a", &KEY), "_r", &OTHER);
    refused(&both, SamlError::SignatureInvalid);
    let both = sign(&sign(&response(), "_a", &OTHER), "_r", &KEY);
    refused(&both, SamlError::SignatureInvalid);
}

#[test]
fn what_was_changed_after_is_refused() {
    let signed = sign(&response(), "_a", &KEY);
    for (from, to) in [
        ("ann<", "eve<"),
        ("engineering", "administration"),
        ("10:04:30", "10:05:30"),
    ] {
        refused(&signed.replace(from, to), SamlError::SignatureInvalid);
    }
}

#[test]
fn a_provider_without_keys_accepts_nothing() {
    let provider = Provider {
        keys: &[],
        ..provider()
    };
    let error = verify(response().as_bytes(), &provider, &expectations()).unwrap_err();
    assert_eq!(error.reason(), "saml.provider");
}

#[test]
fn another_providers_response_is_refused_by_its_name() {
    refused(&bent(IDP, "https://other.example"), SamlError::Issuer);
    let both = response().replace(IDP, "https://other.example");
    refused(&sign(&both, "_a", &OTHER), SamlError::Issuer);
}
