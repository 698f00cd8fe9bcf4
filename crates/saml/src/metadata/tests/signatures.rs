//! Signed metadata: xmlsec1 signed it, or we do.

use super::*;
use crate::testing::{Manner, credential, sign, sign_as};
use crate::{Credential, SigningKey};

fn certificate(pem: &str) -> Vec<Certificate> {
    Certificate::from_pem(pem).unwrap()
}

fn adfs() -> Vec<Certificate> {
    certificate(include_str!("../../../tests/data/metadata/adfs.crt"))
}

fn signed(text: &str, by: &[Certificate]) -> Result<IdpMetadata, MetadataError> {
    let reading = Reading {
        signed_by: Some(by),
        ..Reading::at(NOW)
    };
    IdpMetadata::read(text.as_bytes(), &reading)
}

#[test]
fn what_products_sign_verifies() {
    assert!(signed(ADFS, &adfs()).is_ok());
    let entra = certificate(include_str!("../../../tests/data/metadata/entra.crt"));
    assert!(signed(ENTRA, &entra).is_ok());
    let federation = certificate(include_str!("../../../tests/data/metadata/federation.crt"));
    let document = Document::parse(FEDERATION.as_bytes(), &Limits::METADATA).unwrap();
    let by = verify_signature(&document, &federation).unwrap();
    assert_eq!(by.fingerprint(), federation[0].fingerprint());
}

#[test]
fn another_certificate_or_none_verifies_nothing() {
    let invalid = Err(MetadataError::Signature(SamlError::SignatureInvalid));
    let other = certificate(include_str!("../../../tests/data/metadata/entra.crt"));
    assert_eq!(signed(ADFS, &other), invalid);
    assert_eq!(signed(ADFS, &[]), invalid);
    // One of several is enough.
    assert!(signed(ADFS, &[other, adfs()].concat()).is_ok());
}

#[test]
fn what_was_changed_after_is_refused() {
    let invalid = Err(MetadataError::Signature(SamlError::SignatureInvalid));
    let other = bent(ADFS, "contoso.example/adfs/ls/", "evil.example/adfs/ls/");
    assert_eq!(signed(&other, &adfs()), invalid);
    let added = bent(ADFS, "<ContactPerson", " <ContactPerson");
    assert_eq!(signed(&added, &adfs()), invalid);
    // Without the certificate of the configuration nobody asks.
    assert!(read(&other).is_ok());
}

#[test]
fn what_is_not_signed_is_refused_where_it_must_be() {
    assert_eq!(signed(OKTA, &adfs()), Err(MetadataError::Unsigned));
    // A signed entity in a group that is not is somebody's entity in somebody else's group.
    let body = ADFS.strip_prefix("<?xml version=\"1.0\"?>").unwrap_or(ADFS);
    let group = format!("<EntitiesDescriptor xmlns='{METADATA}'>{body}</EntitiesDescriptor>");
    assert!(read(&group).is_ok());
    assert_eq!(signed(&group, &adfs()), Err(MetadataError::Unsigned));
}

/// A small signed document, with something after `SignatureValue` and other manners.
fn made(text: &str, credential: &Credential, manner: &Manner) -> String {
    // The signer puts a signature behind the first issuer.
    let signed = sign_as(text, "_m", credential, manner);
    assert!(signed.contains("<ds:Signature "));
    signed
}

#[test]
fn the_profile_of_signatures_is_that_of_messages() {
    let key = credential(SigningKey::generate().unwrap());
    let keys = [Certificate::from_der(key.certificate_der()).unwrap()];
    let entity = bent(
        OKTA,
        "<md:EntityDescriptor",
        "<md:EntityDescriptor ID=\"_m\"",
    );
    let entity = bent(&entity, "<md:IDPSSO", "<md:Issuer></md:Issuer><md:IDPSSO");
    let entity = entity.split_once("?>").unwrap().1.trim_end().to_owned();
    let plain = made(&entity, &key, &Manner::PLAIN);
    assert!(signed(&plain, &keys).is_ok());
    let refused = |text: &str, why: SamlError| {
        assert_eq!(
            signed(text, &keys),
            Err(MetadataError::Signature(why)),
            "{text}"
        );
    };
    let whole_document = Manner {
        uri: Some(String::new()),
        ..Manner::PLAIN
    };
    refused(
        &made(&entity, &key, &whole_document),
        SamlError::SignatureProfile("the reference is not to the signed element"),
    );
    let retrieval = Manner {
        after: "<ds:KeyInfo><ds:RetrievalMethod URI='http://169.254.169.254/'/></ds:KeyInfo>"
            .to_owned(),
        ..Manner::PLAIN
    };
    refused(
        &made(&entity, &key, &retrieval),
        SamlError::SignatureProfile("a signature holds more than itself"),
    );
    let two = sign(&plain, "_m", &key);
    refused(
        &two,
        SamlError::SignatureProfile("an element has two signatures"),
    );
    // Two of one name, in any spelling, leave open which was meant.
    for id in ["ID='_m'", "Id='_m'", "id='_m'", "xml:id='_m'", "ID='1'"] {
        refused(
            &bent(
                &plain,
                "<md:IDPSSODescriptor",
                &format!("<md:IDPSSODescriptor {id}"),
            ),
            SamlError::Id,
        );
    }
    let unnamed = bent(&plain, " ID=\"_m\"", "");
    refused(&unnamed, SamlError::Id);
    let sha1 = plain.replace(
        "2001/04/xmldsig-more#rsa-sha256",
        "2000/09/xmldsig#rsa-sha1",
    );
    refused(&sha1, SamlError::SignatureAlgorithm);
    // What the signature covers may carry signatures of its own.
    let inner = made(&entity, &key, &Manner::PLAIN);
    let group = format!(
        "<EntitiesDescriptor xmlns='{METADATA}' ID='_g'><Issuer></Issuer>{inner}</EntitiesDescriptor>"
    );
    assert!(signed(&sign(&group, "_g", &key), &keys).is_ok());
}
