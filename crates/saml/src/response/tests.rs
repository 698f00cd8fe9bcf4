//! What is refused, and why: one good response, spoilt in one thing at a time, and signed all the same.
//!
//! Values have a folder of their own there: they are about reading rather than refusing.

mod authn;
mod conditions;
mod confirmations;
mod profile;
mod shape;
mod times;
mod trust;
mod values;
mod whom;

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

/// A response bent before all of it is signed.
fn bent_whole(from: &str, to: &str) -> String {
    let text = response();
    assert!(text.contains(from), "{from}");
    sign(&text.replacen(from, to, 1), "_r", &KEY)
}

/// Refused for this reason, whether the assertion is signed or the response around it.
#[track_caller]
fn refused_bent(from: &str, to: &str, error: SamlError) {
    refused(&bent(from, to), error.clone());
    refused(&bent_whole(from, to), error);
}

/// Judged otherwise than usual.
fn judge_as(
    text: &str,
    change: impl FnOnce(&mut Expectations<'_>),
) -> Result<VerifiedAssertion, SamlError> {
    let mut expectations = expectations();
    change(&mut expectations);
    verify(text.as_bytes(), &provider(), &expectations)
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
