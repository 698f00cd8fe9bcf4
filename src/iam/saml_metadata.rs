//! The metadata document of a SAML provider: of one identity provider, with a certificate to verify it by.
//!
//! The reader is the one that reads the metadata of those who sign people in; what AWS says of what it refuses is
//! here. Stricter than AWS, which also takes metadata without a certificate for signing, or with one around a short
//! key: assertions of such a provider could never be verified (SAML-1).

use crate::aws::error::AwsError;
use crate::saml::document::{Document, Limits};
use crate::saml::metadata::{IdpMetadata, MetadataError, Reading};
use crate::saml::{CertificateFault, names};

/// As many bytes as AWS takes characters, and elements for what one provider can say of itself (SAML-2).
const LIMITS: Limits = Limits {
    bytes: 10_000_000,
    elements: 10_000,
    ..Limits::METADATA
};

/// Reads the metadata document of one SAML 2.0 identity provider. Its `validUntil` does not count, as it does not at
/// AWS, where a provider counts for a hundred years.
///
/// # Errors
/// `InvalidInput`, with AWS's sentences.
pub fn read(document: &str) -> Result<IdpMetadata, AwsError> {
    let unparsable = || AwsError::invalid_input("Could not parse metadata");
    let document = Document::parse(document.as_bytes(), &LIMITS).map_err(|_| unparsable())?;
    if !document.root().is(names::METADATA, "EntityDescriptor") {
        return Err(unparsable());
    }
    let reading = Reading {
        entity_id: None,
        now: None,
        http_on_loopback: true,
        signed_by: None,
        limits: LIMITS,
    };
    let read = IdpMetadata::of(&document, &reading).map_err(|error| match error {
        MetadataError::NoProvider => AwsError::invalid_input(
            "SAML Providers must reference at least one SAML assertion issuer.",
        ),
        // A certificate that is none is a fault of the document, not the want of one.
        MetadataError::NoSigningCertificate(fault) if fault != Some(CertificateFault::Malformed) => {
            AwsError::invalid_input(
                "Could not parse metadata: the identity provider has no X.509 certificate for signing.",
            )
        }
        _ => unparsable(),
    })?;
    // One that is good does not make up for another.
    let mut faults = read.unusable.iter().filter_map(|it| it.certificate_fault());
    match faults.any(|fault| fault == CertificateFault::Malformed) {
        true => Err(unparsable()),
        false => Ok(read),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::saml::names::{METADATA, SIGNATURE};

    /// Of an elliptic curve, made for this file.
    const CERTIFICATE: &str = "MIIBgjCCASmgAwIBAgIUaM5xk/4We0K0sdlzc+tfa1009kcwCgYIKoZIzj0EAwIwFjEUMBIGA1UEAwwLaWRwLmV4YW1wbGUwIBcNMjYxMTIyMDczNzIwWhgPMjEyNjEwMjkwNzM3MjBaMBYxFDASBgNVBAMMC2lkcC5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEfpmhIns4RP1VannrzBj2myvl3ed3/KnAaFNXGiLlUCyGkyXGMIHv5kojzLFhhddrkKZaBdjKw4JpqeecKTskaNTMFEwHQYDVR0OBBYEFIOaAc8/iDDnAg3vgO/1mYgm87Y1MB8GA1UdIwQYMBaAFIOaAc8/iDDnAg3vgO/1mYgm87Y1MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgCzBGodX4axEXssDWo8igSwOD3gY6SoeOAwNXbTI6IZACIDhG0SCpsTM69r60x5LM3ic5RcCTr2V3n4gJaDQU1FSg";

    fn metadata(idp: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<EntityDescriptor xmlns=\"{METADATA}\" entityID=\"https://idp.example\">{idp}</EntityDescriptor>"
        )
    }

    fn idp(keys: &str) -> String {
        metadata(&format!("<IDPSSODescriptor>{keys}</IDPSSODescriptor>"))
    }

    fn key(purpose: &str, certificate: &str) -> String {
        format!(
            "<KeyDescriptor{purpose}><KeyInfo xmlns=\"{SIGNATURE}\"><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
        )
    }

    fn good() -> String {
        idp(&key(" use=\"signing\"", CERTIFICATE))
    }

    #[track_caller]
    fn refused(document: &str, message: &str) {
        let error = read(document).unwrap_err();
        assert_eq!((error.code, &*error.message), ("InvalidInput", message));
    }

    const UNPARSABLE: &str = "Could not parse metadata";

    #[test]
    fn metadata_with_a_certificate_for_signing_may_be_kept() {
        read(&good()).unwrap();
        read(&idp(&key("", CERTIFICATE))).unwrap();
        read(&format!("\u{feff}{}", good())).unwrap();
        read(&good().replace("<IDP", "<!-- it's \"mine\" <a> --><IDP")).unwrap();
        // White space and comments inside do not count.
        let (one, two) = CERTIFICATE.split_at(100);
        read(&idp(&key("", &format!("\n  {one}\n<!-- x -->{two} ")))).unwrap();
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for bad in [
            "",
            "x",
            "<EntityDescriptor>",
            &good().replace("</X509Data>", ""),
        ] {
            refused(bad, UNPARSABLE);
        }
        refused(&format!("{}<more/>", good()), UNPARSABLE);
        refused(&good().replace("https://idp", "&other;"), UNPARSABLE);
        refused(&good().replace("https://idp", "\u{1}"), UNPARSABLE);
    }

    #[test]
    fn another_root_is_refused() {
        refused(
            &good().replace("EntityDescriptor", "EntitiesDescriptor"),
            UNPARSABLE,
        );
        refused(&good().replace(METADATA, "urn:other"), UNPARSABLE);
        refused(&good().replace("entityID", "entity"), UNPARSABLE);
        refused(&good().replace("https://idp.example", ""), UNPARSABLE);
        refused(
            &good().replace("https://idp.example", &"x".repeat(1025)),
            UNPARSABLE,
        );
        // A group of one is for those who sign people in; AWS wants the entity itself.
        let group = good().replacen(
            "?>",
            &format!("?><EntitiesDescriptor xmlns=\"{METADATA}\">"),
            1,
        );
        refused(&(group + "</EntitiesDescriptor>"), UNPARSABLE);
    }

    #[test]
    fn an_entity_that_is_no_identity_provider_is_refused() {
        let message = "SAML Providers must reference at least one SAML assertion issuer.";
        refused(&metadata(""), message);
        refused(&good().replace("IDPSSO", "SPSSO"), message);
    }

    #[test]
    fn an_identity_provider_without_a_certificate_for_signing_is_refused() {
        let message =
            "Could not parse metadata: the identity provider has no X.509 certificate for signing.";
        refused(&idp(""), message);
        refused(&idp(&key(" use=\"encryption\"", CERTIFICATE)), message);
        refused(&good().replace(SIGNATURE, "urn:other"), message);
    }

    #[test]
    fn a_certificate_that_is_none_is_refused() {
        let whole = STANDARD.decode(CERTIFICATE).unwrap();
        let mut longer = whole.clone();
        longer.push(0);
        for bad in [
            "",
            "!!",
            "aaaa",
            &STANDARD.encode(&whole[1..]),
            &STANDARD.encode(&whole[..whole.len() - 1]),
            &STANDARD.encode(longer),
            &STANDARD.encode([0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0]),
        ] {
            refused(&idp(&key("", bad)), UNPARSABLE);
        }
        // One that is good does not make up for another.
        refused(&idp(&(key("", CERTIFICATE) + &key("", "aaaa"))), UNPARSABLE);
    }

    #[test]
    fn a_key_that_could_never_verify_is_none() {
        // Ed25519, made for this file.
        let ed25519 = "MIIBQjCB9aADAgECAhRW/6YC6Ag8VwHvZB5CztlrEUg7vDAFBgMrZXAwFjEUMBIGA1UEAwwLaWRwLmV4YW1wbGUwIBcNMjYxMTIyMTA1OTMwWhgPMjEyNjEwMjkxMDU5MzBaMBYxFDASBgNVBAMMC2lkcC5leGFtcGxlMCowBQYDK2VwAyEAbZN+jcG4/evLJmimVNsQOiG28T3ZFPc85PONs9nBGbOjUzBRMB0GA1UdDgQWBBRtHfPq9cIsQpS71277HJaxlZi2DDAfBgNVHSMEGDAWgBRtHfPq9cIsQpS71277HJaxlZi2DDAPBgNVHRMBAf8EBTADAQH/MAUGAytlcANBACEVOzD9I9U/XOaCs+mtNv/LYngiiE+9ywSBGl5O6hDYps2psVQnj8BaguuHIui5ZgIpbmz2IaeY/ayi0TtzlA0=";
        refused(
            &idp(&key("", ed25519)),
            "Could not parse metadata: the identity provider has no X.509 certificate for signing.",
        );
        // Beside one that can it does no harm.
        let both = read(&idp(&(key("", CERTIFICATE) + &key("", ed25519)))).unwrap();
        assert_eq!(both.signing.len(), 1);
    }

    #[test]
    fn validity_does_not_count() {
        let old = good().replace("entityID", "validUntil=\"2001-01-01T00:00:00Z\" entityID");
        assert!(read(&old).is_ok());
    }

    #[test]
    fn document_types_and_processing_instructions_are_refused() {
        let declared = |inner: &str| good().replacen("?>", &format!("?>{inner}"), 1);
        refused(&declared("<!DOCTYPE x [<!ENTITY e 'v'>]>"), UNPARSABLE);
        refused(&declared("<?php x ?>"), UNPARSABLE);
        refused(&good().replace("<IDP", "<?pi?><IDP"), UNPARSABLE);
    }

    #[test]
    fn bombs_are_refused_at_once() {
        let started = std::time::Instant::now();
        let million = 1_000_000;
        let deep = "<a>".repeat(million / 2);
        refused(&metadata(&deep), UNPARSABLE);
        let deep = format!("{}{}", "<a>".repeat(64), "</a>".repeat(64));
        refused(&good().replace("<IDP", &format!("{deep}<IDP")), UNPARSABLE);
        let many = "<a/>".repeat(10_000);
        refused(&good().replace("<IDP", &format!("{many}<IDP")), UNPARSABLE);
        let wide: String = (0..200_000).map(|i| format!(" a{i}='>'")).collect();
        refused(
            &good().replace("<IDP", &format!("<a{wide}/><IDP")),
            UNPARSABLE,
        );
        let named: String = (0..60).map(|i| format!(" xmlns:n{i}='urn:x'")).collect();
        let named = format!("<a{named}>").repeat(3) + &"</a>".repeat(3);
        refused(&good().replace("<IDP", &format!("{named}<IDP")), UNPARSABLE);
        refused(&"<".repeat(million), UNPARSABLE);
        refused(&"<a b='".repeat(million), UNPARSABLE);
        assert!(started.elapsed() < std::time::Duration::from_secs(5));
    }
}
