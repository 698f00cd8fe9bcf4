//! Responses: whatever is done to one that was genuinely signed, either it is refused or the person is the same.
//!
//! An input that begins with `<` is a document. Any other is a program of edits: its first byte chooses a document that
//! xmlsec1 signed, the rest is for [`drawbridge_fuzz::edited`].
#![no_main]

use std::sync::LazyLock;

use drawbridge_saml::response::{
    Expectations, Expected, InResponseTo, Provider, VerifiedAssertion, verify,
};
use drawbridge_saml::{Certificate, SamlError};
use libfuzzer_sys::{Corpus, fuzz_target};

macro_rules! signed {
    ($($name:literal)*) => {
        [$(include_str!(concat!("../../crates/saml/tests/data/signed/", $name))),*]
    };
}

static DOCUMENTS: [&str; 6] = signed!(
    "assertion.xml" "response.xml" "both.xml" "ecdsa.xml" "sha384.xml" "sha512.xml"
);
static KEYS: LazyLock<Vec<Certificate>> = LazyLock::new(|| {
    let pems = signed!("rsa.crt" "ec.crt");
    let read = pems.iter().map(|pem| Certificate::from_pem(pem));
    read.map(|it| it.expect("a certificate").remove(0))
        .collect()
});
static ACS: LazyLock<Vec<String>> = LazyLock::new(|| vec!["https://sp.example.com/acs".to_owned()]);
static SP: LazyLock<Vec<String>> =
    LazyLock::new(|| vec!["https://sp.example.com/metadata".to_owned()]);
static PERSON: LazyLock<String> =
    LazyLock::new(|| person(&judge(DOCUMENTS[0]).expect("it is genuine")));

fn judge(document: &str) -> Result<VerifiedAssertion, SamlError> {
    let provider = Provider {
        entity_id: "https://idp.example.com/metadata",
        keys: &KEYS,
        decryption: &[],
        allow_cbc: false,
        second_opinion: false,
        allow_sha1: false,
    };
    let expectations = Expectations {
        // 2026-11-01T12:01:00Z.
        now: 1_793_534_460,
        skew: 60,
        not_before: true,
        max_age: Some(300),
        response_issuer: true,
        in_response_to: InResponseTo::Request("_request"),
        recipient: Expected::OneOf(&ACS),
        destination: Expected::OneOf(&ACS),
        audience: Expected::OneOf(&SP),
        signed_assertion: false,
        authn_contexts: &[],
        authenticated_since: None,
        encrypted: false,
    };
    verify(document.as_bytes(), &provider, &expectations)
}

/// Everything that is believed of an assertion.
fn person(it: &VerifiedAssertion) -> String {
    format!(
        "{} {} {:?} {} {:?} {:?} {} {} {:?} {:?} {} {}",
        it.issuer(),
        it.id(),
        it.name_id(),
        it.recipient(),
        it.audiences(),
        it.in_response_to(),
        it.issued_at(),
        it.ends_at(),
        it.authn(),
        it.attributes(),
        it.one_time_use(),
        it.confirmations(),
    )
}

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let document = match bytes {
        [b'<' | 0xef, ..] => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => return Corpus::Reject,
        },
        [which, program @ ..] => {
            let document = DOCUMENTS[usize::from(*which) % DOCUMENTS.len()];
            drawbridge_fuzz::edited(document, program)
        }
        [] => return Corpus::Reject,
    };
    if let Ok(verified) = judge(&document) {
        assert_eq!(person(&verified), *PERSON, "{document}");
    }
    Corpus::Keep
});
