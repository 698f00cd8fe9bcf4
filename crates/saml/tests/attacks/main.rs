//! Known attacks on SAML, by name, each with the one refusal that it meets. None gets in, none makes us call, open, loop
//! or panic.
//!
//! - [`wrapping`]: a genuine signature and a forged assertion in one document (XSW1 to XSW8 and the rest).
//! - [`keys`]: keys and algorithms of the attacker's choice.
//! - [`reach`]: documents that ask to fetch, open, transform or compute.
//! - [`entities`]: document types, entities and instructions.
//! - [`names`]: identifiers, prefixes, namespaces and attributes that two readers take for two things.
//! - [`text`]: comments, CDATA and references in values; junk around and between.
//! - [`octets`]: encodings, characters, base64, and documents cut short.
//! - [`sizes`]: documents that are huge, deep or wide.
//!
//! What samael does with some of these is in `samael_faults`. Here the second opinion is asked as well, where it is
//! built: none of this gets as far.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod entities;
mod keys;
mod names;
mod octets;
mod reach;
mod sizes;
mod text;
mod wrapping;

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use drawbridge_saml::response::{Expectations, Expected, InResponseTo, Provider, verify};
use drawbridge_saml::testing::{self, ACS, IDP, NOW, REQUEST, SP, response};
use drawbridge_saml::{Certificate, Credential, SamlError, SigningKey, VerifiedAssertion};

/// The provider's key.
static KEY: LazyLock<Credential> =
    LazyLock::new(|| testing::credential(SigningKey::generate().unwrap()));
/// The attacker's.
static OWN: LazyLock<Credential> =
    LazyLock::new(|| testing::credential(SigningKey::generate().unwrap()));
static KEYS: LazyLock<Vec<Certificate>> =
    LazyLock::new(|| vec![Certificate::from_der(KEY.certificate_der()).unwrap()]);
static OURS: LazyLock<[Vec<String>; 2]> =
    LazyLock::new(|| [vec![ACS.to_owned()], vec![SP.to_owned()]]);

/// The sample bent, which must change it.
fn bent(from: &str, to: &str) -> String {
    changed(&response(), from, to)
}

/// A text with one place changed, which must be there.
fn changed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}: {text}");
    text.replacen(from, to, 1)
}

/// With its assertion signed by the provider.
fn signed(text: &str) -> String {
    testing::sign(text, "_a", &KEY)
}

/// With all of it signed by the provider.
fn signed_whole(text: &str) -> String {
    testing::sign(text, "_r", &KEY)
}

fn judge(bytes: &[u8]) -> Result<VerifiedAssertion, SamlError> {
    judge_with(bytes, &KEYS)
}

fn judge_with(
    bytes: impl AsRef<[u8]>,
    keys: &[Certificate],
) -> Result<VerifiedAssertion, SamlError> {
    let provider = Provider {
        entity_id: IDP,
        keys,
        decryption: &[],
        allow_sha1: false,
        allow_cbc: false,
        second_opinion: cfg!(feature = "samael"),
    };
    let expectations = Expectations {
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
    };
    verify(bytes.as_ref(), &provider, &expectations)
}

/// Refused for this reason, without much work.
#[track_caller]
fn refused(document: impl AsRef<[u8]>, error: SamlError) {
    let document = document.as_ref();
    let started = Instant::now();
    let found = judge(document);
    // It takes about a millisecond; the machine may be busy with something else for a while.
    let took = started.elapsed();
    let shown = String::from_utf8_lossy(document);
    let shown = shown.get(..4000).unwrap_or(&shown);
    assert_eq!(found, Err(error), "{shown}");
    assert!(took < Duration::from_secs(2), "{took:?}: {shown}");
}

/// Let in as Ann, which is who the signature is about, with the groups that it gives her.
#[track_caller]
fn is_ann(document: impl AsRef<[u8]>) {
    let document = document.as_ref();
    let found = judge(document);
    let shown = String::from_utf8_lossy(document);
    let found = found.unwrap_or_else(|error| panic!("{error:?}: {shown}"));
    assert_eq!(found.name_id().value, "ann", "{shown}");
    assert_eq!(found.id(), "_a", "{shown}");
    let groups = found.values("groups").unwrap();
    assert_eq!(groups, ["engineering", "admins"], "{shown}");
}

/// From the first of one mark to the first of another, both included.
fn part<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let from = text.find(from).unwrap();
    let rest = &text[from..];
    &rest[..rest.find(to).unwrap() + to.len()]
}

fn assertion(text: &str) -> &str {
    part(text, "<saml:Assertion", "</saml:Assertion>")
}

fn signature(text: &str) -> &str {
    part(text, "<ds:Signature ", "</ds:Signature>")
}

#[test]
fn the_genuine_ones_get_in() {
    is_ann(signed(&response()));
    is_ann(signed_whole(&response()));
    is_ann(signed_whole(&signed(&response())));
}
