//! What samael 0.0.22 over libxmlsec1 gets wrong when it is used alone, each with a document that shows it, and what our
//! own verifier says about that document. The verifier comes first, so none of these ever reaches samael; the half of
//! each test that asks samael is there to know that the document is a real one. When that half fails, samael has mended
//! something: take the line out, keep ours.
//!
//! - [`reach`]: what a document makes libxmlsec1 do before anybody knows who sent it.
//! - [`trust`]: keys, algorithms, metadata; a signature check that is left out.
//! - [`content`]: what a signed document says and samael does not look at.
//! - [`wrapping`]: a genuine signature around, beside or inside a forged assertion.
//!
//! Faults that are about no response are where the thing itself is tested: identifiers of requests, metadata that we
//! write, logout. Replay is the store's. What libxmlsec1 prints to stderr is `second_opinion`'s to tell.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod content;
mod reach;
mod trust;
mod wrapping;

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use drawbridge_saml::response::{Expectations, Expected, InResponseTo, Provider, verify};
use drawbridge_saml::testing::{self, ACS, IDP, NOW, REQUEST, SP};
use drawbridge_saml::{Certificate, Credential, SamlError, SigningKey, VerifiedAssertion};
use samael::crypto::AllowedSignatureAlgorithm;
use samael::metadata::EntityDescriptor;
use samael::service_provider::{ServiceProvider, ServiceProviderBuilder};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

static KEY: LazyLock<Credential> =
    LazyLock::new(|| testing::credential(SigningKey::generate().unwrap()));
static KEYS: LazyLock<Vec<Certificate>> =
    LazyLock::new(|| vec![Certificate::from_der(KEY.certificate_der()).unwrap()]);
static OURS: LazyLock<[Vec<String>; 2]> =
    LazyLock::new(|| [vec![ACS.to_owned()], vec![SP.to_owned()]]);

/// How far the samples' time is from the machine's, in seconds: samael looks at the clock itself.
static SHIFT: LazyLock<i64> = LazyLock::new(|| {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(now.as_secs()).unwrap() - NOW
});

/// A sample response, issued half a minute ago by the clock of the machine.
fn response() -> String {
    let mut text = testing::response();
    for stamp in ["09:59:00", "09:59:30", "10:04:30", "18:00:00"] {
        let stamp = format!("2026-11-22T{stamp}Z");
        let then = OffsetDateTime::parse(&stamp, &Rfc3339).unwrap();
        let then = then + time::Duration::seconds(*SHIFT);
        text = text.replace(&stamp, &format!("§{}", then.format(&Rfc3339).unwrap()));
    }
    text.replace('§', "")
}

/// The sample bent, which must change it.
fn bent(from: &str, to: &str) -> String {
    let text = response();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

/// With its assertion signed.
fn signed(text: &str) -> String {
    testing::sign(text, "_a", &KEY)
}

/// What we say.
fn ours(text: &str) -> Result<VerifiedAssertion, SamlError> {
    judge(text, &KEYS)
}

fn judge(text: &str, keys: &[Certificate]) -> Result<VerifiedAssertion, SamlError> {
    let provider = Provider {
        entity_id: IDP,
        keys,
        decryption: &[],
        allow_sha1: false,
        allow_cbc: false,
        second_opinion: true,
    };
    let expectations = Expectations {
        now: NOW + *SHIFT,
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
    verify(text.as_bytes(), &provider, &expectations)
}

/// We refuse, for this reason, before anything costly: whatever a document asks for, it gets 50 ms at most.
#[track_caller]
fn refused_at_once(text: &str, error: SamlError) {
    let asked = (0..3).map(|_| {
        let started = Instant::now();
        assert_eq!(ours(text), Err(error.clone()), "{text}");
        started.elapsed()
    });
    // The machine may be busy with something else for a while.
    let took = asked.min().unwrap();
    assert!(took < Duration::from_millis(50), "{took:?}: {text}");
}

/// Metadata of the provider, its one key for this use.
fn metadata(key_use: &str) -> String {
    format!(
        "<EntityDescriptor xmlns='urn:oasis:names:tc:SAML:2.0:metadata' entityID='{IDP}'><IDPSSODescriptor protocolSupportEnumeration='urn:oasis:names:tc:SAML:2.0:protocol'><KeyDescriptor{key_use}><ds:KeyInfo xmlns:ds='http://www.w3.org/2000/09/xmldsig#'><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor><SingleSignOnService Binding='urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect' Location='https://idp.example/sso'/></IDPSSODescriptor></EntityDescriptor>",
        KEY.certificate_base64()
    )
}

/// samael as its documentation has it, with metadata of this provider.
fn service_provider(metadata: &str) -> ServiceProviderBuilder {
    let mut builder = ServiceProviderBuilder::default();
    builder
        .entity_id(SP.to_owned())
        .acs_url(ACS.to_owned())
        .idp_metadata(metadata.parse::<EntityDescriptor>().unwrap());
    builder
}

/// Whom samael takes the sender to be: with a good key, and the algorithms that we allow.
fn samael(text: &str) -> Result<String, String> {
    let mut builder = service_provider(&metadata(" use='signing'"));
    builder.allowed_signature_algorithms(vec![AllowedSignatureAlgorithm::RsaSha256]);
    ask(&builder.build().unwrap(), text)
}

fn ask(provider: &ServiceProvider, text: &str) -> Result<String, String> {
    let found = provider.parse_xml_response(text, Some(&[REQUEST]));
    let assertion = found.map_err(|error| error.to_string())?;
    let subject = assertion.subject.ok_or("no subject")?;
    Ok(subject.name_id.ok_or("no name")?.value)
}

/// Whether this libxmlsec1 does whatever a document asks for. Later ones keep to the document itself.
fn does_as_it_is_told() -> bool {
    let libraries = drawbridge_saml::SECOND_OPINION.unwrap_or_default();
    let version = libraries
        .strip_prefix("libxmlsec1 1.2.")
        .unwrap_or_default();
    let patch = version.split(',').next().unwrap_or_default().parse();
    let found = patch.is_ok_and(|patch: u32| patch < 43);
    if !found {
        println!("skipped: {libraries} is not what does this");
    }
    found
}

#[test]
fn the_sample_is_good_for_both() {
    let text = signed(&response());
    assert_eq!(ours(&text).unwrap().name_id().value, "ann");
    assert_eq!(samael(&text), Ok("ann".to_owned()));
    let text = testing::sign(&response(), "_r", &KEY);
    assert_eq!(ours(&text).unwrap().name_id().value, "ann");
    assert_eq!(samael(&text), Ok("ann".to_owned()));
}
