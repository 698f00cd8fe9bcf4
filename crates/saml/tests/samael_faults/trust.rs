//! Keys, algorithms and metadata (faults 4, 9, 12, 14).

use samael::crypto::{Crypto, CryptoProvider};
use samael::schema::CipherValue;

use super::*;

/// No key for signing, and samael no longer asks for signatures: anybody is anybody.
#[test]
fn a_provider_without_a_signing_key() {
    let forged = bent(">ann<", ">root<");
    let provider = service_provider(&metadata(" use='encryption'"));
    assert_eq!(
        ask(&provider.build().unwrap(), &forged),
        Ok("root".to_owned())
    );
    assert_eq!(ours(&forged), Err(SamlError::SignatureMissing));
    let without = judge(&forged, &[]);
    assert_eq!(
        without,
        Err(SamlError::Provider("it has no certificate for signing"))
    );
}

/// Metadata of a federation, or a login page in its place, becomes a provider without name and keys; then see above.
#[test]
fn metadata_that_is_none() {
    let federation = format!(
        "<EntitiesDescriptor xmlns='urn:oasis:names:tc:SAML:2.0:metadata'>{}</EntitiesDescriptor>",
        metadata("")
    );
    let forged = bent(">ann<", ">root<");
    let forged = forged.replace(
        &format!("<saml:Issuer>{IDP}</saml:Issuer>"),
        "<saml:Issuer></saml:Issuer>",
    );
    for text in [&*federation, "<html><body>Sign in</body></html>"] {
        let provider = service_provider(text);
        let provider = provider.build().unwrap();
        assert_eq!(provider.idp_metadata.entity_id, None);
        assert_eq!(ask(&provider, &forged), Ok("root".to_owned()));
    }
    assert_eq!(ours(&forged), Err(SamlError::Issuer));
}

/// By default samael accepts every algorithm that libxmlsec1 knows.
#[test]
fn sha1_by_default() {
    let text = include_str!("../data/signed/sha1.xml");
    let pem = include_str!("../data/signed/rsa.crt");
    let certificates = Certificate::from_pem(pem).unwrap();
    let der = samael::crypto::CertificateDer::from(certificates[0].der().to_vec());
    let mode = samael::crypto::ReduceMode::PreDigest;
    assert!(Crypto::reduce_xml_to_signed(text, &[der], mode).is_ok());
    let provider = Provider {
        entity_id: "https://idp.example.com/metadata",
        keys: &certificates,
        decryption: &[],
        allow_sha1: false,
        allow_cbc: false,
        second_opinion: true,
    };
    let anything = Expectations {
        now: 0,
        skew: 0,
        not_before: false,
        max_age: None,
        response_issuer: false,
        in_response_to: InResponseTo::Anything,
        recipient: Expected::Anything,
        destination: Expected::Anything,
        audience: Expected::Anything,
        signed_assertion: false,
        authn_contexts: &[],
        authenticated_since: None,
        encrypted: false,
    };
    let found = verify(text.as_bytes(), &provider, &anything);
    assert_eq!(found, Err(SamlError::SignatureAlgorithm));
}

/// The public key as the secret of an HMAC: everybody has it.
#[test]
fn an_hmac_with_the_public_key() {
    let text = signed(&response());
    let text = text.replacen(
        KEY.key().algorithm(),
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        1,
    );
    assert!(samael(&text).is_err());
    refused_at_once(&text, SamlError::SignatureAlgorithm);
}

/// `PT1H` is the usual one.
#[test]
fn a_cache_duration_in_metadata() {
    let text = metadata("").replacen(
        "<IDPSSODescriptor ",
        "<IDPSSODescriptor cacheDuration='PT1H' ",
        1,
    );
    assert!(text.parse::<EntityDescriptor>().is_err());
}

/// A ciphertext shorter than its initialization vector.
#[test]
fn decryption_panics() {
    let value = CipherValue {
        value: "AAAA".to_owned(),
    };
    let method = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
    let asked = std::panic::catch_unwind(|| {
        Crypto::decrypt_assertion_value_info(&value, method, &[0; 16]).is_ok()
    });
    assert!(asked.is_err());
}
