//! What may be wrong with a document.

use super::*;
use crate::certificate::CertificateFault;

#[track_caller]
fn refused(text: &str, error: MetadataError) {
    assert_eq!(read(text), Err(error), "{text}");
}

#[test]
fn what_is_no_metadata_is_called_what_it_is() {
    refused("", MetadataError::Empty);
    refused(" \r\n", MetadataError::Empty);
    refused("\u{feff}", MetadataError::Empty);
    refused("{\"issuer\": 1}", MetadataError::Json);
    for page in [
        "\n<!DOCTYPE HTML><p>",
        "<html><br></html>",
        "\u{feff}<html/>",
        "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>",
    ] {
        refused(page, MetadataError::WebPage);
    }
    refused("<a/>", MetadataError::Root);
    refused(
        &GOOGLE.replace("SAML:2.0:metadata", "SAML:1.0:metadata"),
        MetadataError::Root,
    );
    assert_eq!(MetadataError::Root.reason(), "saml.provider");
}

#[test]
fn the_gate_stands_before_metadata_too() {
    let gate = |text: &str, error| refused(text, MetadataError::Document(error));
    gate(&bent(OKTA, "?><", "?><!DOCTYPE md><"), SamlError::Doctype);
    gate(
        &bent(OKTA, "?><", "?><?pi?><"),
        SamlError::ProcessingInstruction,
    );
    gate(&bent(OKTA, "http://www", "&e;"), SamlError::Entity);
    gate(&bent(OKTA, "UTF-8", "UTF-16"), SamlError::Encoding);
    gate("<a>", SamlError::Malformed("an element is not closed"));
    let wide = format!("<!--{}-->", "x".repeat(Limits::METADATA.bytes));
    gate(&(OKTA.to_owned() + &wide), SamlError::TooLarge("bytes"));
    let small = Reading {
        limits: Limits {
            elements: 3,
            ..Limits::METADATA
        },
        ..Reading::at(NOW)
    };
    assert_eq!(
        IdpMetadata::read(OKTA.as_bytes(), &small),
        Err(MetadataError::Document(SamlError::TooLarge("elements")))
    );
}

#[test]
fn without_a_signing_certificate_nothing_is_read() {
    let none = bent(OKTA, "use=\"signing\"", "use=\"encryption\"");
    refused(&none, MetadataError::NoSigningCertificate(None));
    refused(
        &none.replace("encryption", ""),
        MetadataError::NoSigningCertificate(None),
    );
    refused(
        &OKTA.replace("X509Certificate", "KeyName"),
        MetadataError::NoSigningCertificate(None),
    );
    let broken = bent(OKTA, "<ds:X509Certificate>", "<ds:X509Certificate>AAAA");
    refused(
        &broken,
        MetadataError::NoSigningCertificate(Some(CertificateFault::Malformed)),
    );
    assert_eq!(
        MetadataError::NoSigningCertificate(None).to_string(),
        "no signing certificate in the metadata"
    );
    assert_eq!(
        MetadataError::NoSigningCertificate(Some(CertificateFault::KeyType)).to_string(),
        "no signing certificate in the metadata that can be used: one holds a key that is neither RSA nor of an \
         elliptic curve"
    );
}

#[test]
fn a_key_without_a_certificate_is_noted() {
    let bare = "<md:KeyDescriptor><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:KeyName>x</ds:KeyName></ds:KeyInfo></md:KeyDescriptor><md:NameIDFormat>";
    let read = read(&bent(OKTA, "<md:NameIDFormat>", bare)).unwrap();
    assert_eq!(read.unusable, [Unusable::KeyWithoutCertificate]);
    assert_eq!(read.signing.len(), 1);
}

#[test]
fn an_authority_above_a_certificate_signs_nothing() {
    let start = GOOGLE.find("<ds:X509Certificate>").unwrap();
    let end = GOOGLE.find("</ds:X509Certificate>").unwrap() + 21;
    let authority = &GOOGLE[start..end];
    let close = "</ds:X509Certificate>";
    let chain = read(&bent(OKTA, close, &format!("{close}{authority}"))).unwrap();
    assert_eq!(chain.signing, read(OKTA).unwrap().signing);
    assert_eq!(chain.unusable, [Unusable::Chain]);
}

#[test]
fn a_certificate_counts_once_and_white_space_and_comments_do_not() {
    let close = "</ds:X509Data>";
    let start = OKTA.find("<ds:X509Data>").unwrap();
    let end = OKTA.find(close).unwrap();
    let again = format!("{close}{}{close}", &OKTA[start..end]);
    let commented = bent(
        OKTA,
        "<ds:X509Certificate>",
        "<ds:X509Certificate>\t<!-- -->\r\n ",
    );
    let twice = read(&bent(&commented, close, &again)).unwrap();
    assert_eq!(twice.signing, read(OKTA).unwrap().signing);
    assert_eq!(twice.unusable, []);
}

#[test]
fn an_entity_is_named() {
    for name in [
        "",
        " http://www.okta.example/x",
        "a\u{202e}b",
        &"x".repeat(1025),
    ] {
        let text = bent(OKTA, "http://www.okta.example/exk1fcia6d6EMsf331d8", name);
        refused(&text, MetadataError::EntityId);
    }
    refused(&bent(OKTA, "entityID", "id"), MetadataError::EntityId);
    let longest = "é".repeat(1024);
    let text = bent(
        OKTA,
        "http://www.okta.example/exk1fcia6d6EMsf331d8",
        &longest,
    );
    assert_eq!(read(&text).unwrap().entity_id, longest);
}

#[test]
fn an_identity_provider_of_saml_2_is_needed() {
    refused(&OKTA.replace("IDPSSO", "SPSSO"), MetadataError::NoProvider);
    refused(
        &bent(OKTA, "2.0:protocol", "1.1:protocol"),
        MetadataError::NoProvider,
    );
    // Neither one in an extension nor one of another namespace.
    refused(
        &OKTA
            .replace("<md:IDPSSO", "<md:Extensions><md:IDPSSO")
            .replace("IDPSSODescriptor></", "IDPSSODescriptor></md:Extensions></"),
        MetadataError::NoProvider,
    );
    refused(
        &KEYCLOAK_REALM
            .replace("<EntityD", "<Extensions><EntityD")
            .replace("</EntitiesD", "</Extensions></EntitiesD"),
        MetadataError::NoProvider,
    );
    refused(
        "<EntitiesDescriptor xmlns='urn:oasis:names:tc:SAML:2.0:metadata'/>",
        MetadataError::NoProvider,
    );
    // One that names no protocols is of the one whose metadata this is.
    assert!(read(&OKTA.replace("protocolSupportEnumeration", "other")).is_ok());
}

#[test]
fn what_is_there_twice_is_refused() {
    let start = OKTA.find("<md:IDPSSO").unwrap();
    let end = OKTA.find("</md:Entity").unwrap();
    let role = &OKTA[start..end];
    let twice = format!("{}{role}{}", &OKTA[..end], &OKTA[end..]);
    refused(&twice, MetadataError::TwoRoles);
    // An older protocol's beside it is no second one.
    assert!(read(&bent(&twice, "SAML:2.0:protocol", "SAML:1.1:protocol")).is_ok());
    let again = FEDERATION.replace("https://two.example/idp\"", "https://one.example/idp\"");
    assert_eq!(
        read_one(&again, "https://one.example/idp"),
        Err(MetadataError::Twice)
    );
}

#[test]
fn validity_ends_on_the_second() {
    let text = |until: &str| {
        bent(
            OKTA,
            "entityID",
            &format!("validUntil=\"{until}\" entityID"),
        )
    };
    // NOW is 2026-11-22T10:00:00Z.
    for over in [
        "2026-11-22T10:00:00Z",
        "2026-11-22T10:00:00",
        "2026-11-22T11:00:00+01:00",
    ] {
        refused(&text(over), MetadataError::Expired(NOW));
    }
    for good in [
        "2026-11-22T10:00:01Z",
        "2026-11-22T10:00:01",
        "2026-11-22T09:30:01-00:30",
    ] {
        assert_eq!(
            read(&text(good)).unwrap().valid_until,
            Some(NOW + 1),
            "{good}"
        );
    }
    for bad in ["", "2026-11-22", "never"] {
        refused(&text(bad), MetadataError::Time);
    }
    // The role and the group around end too.
    let role = |text: &str| {
        bent(
            text,
            "IDPSSODescriptor ",
            "IDPSSODescriptor validUntil='2020-01-01T00:00:00Z' ",
        )
    };
    assert!(matches!(read(&role(OKTA)), Err(MetadataError::Expired(_))));
    let group = bent(
        KEYCLOAK_REALM,
        "Name=",
        "validUntil='2020-01-01T00:00:00Z' Name=",
    );
    assert!(matches!(read(&group), Err(MetadataError::Expired(_))));
    let any_time = Reading {
        now: None,
        ..Reading::at(NOW)
    };
    assert!(IdpMetadata::read(group.as_bytes(), &any_time).is_ok());
}

#[test]
fn a_cache_duration_that_is_none_is_noted() {
    let read = read(&bent(OKTA, "entityID", "cacheDuration=\"3600\" entityID")).unwrap();
    assert_eq!(read.cache_duration, None);
    assert_eq!(read.unusable, [Unusable::CacheDuration]);
}

#[test]
fn endpoints_that_people_may_not_be_sent_to_are_left_out() {
    let place = "https://acme.okta.example/app/acme_drawbridge_1/exk1fcia6d6EMsf331d8/sso/saml";
    let local = bent(OKTA, place, "http://127.0.0.1:8080/sso");
    let one = read(&local).unwrap();
    assert_eq!(one.sso.len(), 1);
    assert_eq!(
        one.unusable,
        [Unusable::Endpoint(
            "SingleSignOnService",
            "http://127.0.0.1:8080/sso".to_owned()
        )]
    );
    let on_loopback = Reading {
        http_on_loopback: true,
        ..Reading::at(NOW)
    };
    let read_there = IdpMetadata::read(local.as_bytes(), &on_loopback).unwrap();
    assert_eq!((read_there.sso.len(), read_there.unusable.len()), (2, 0));
    // Where responses go counts as well.
    let elsewhere = bent(
        SIMPLESAMLPHP,
        "ResponseLocation=\"https:",
        "ResponseLocation=\"javascript:",
    );
    assert_eq!(read(&elsewhere).unwrap().slo, []);
}

#[test]
fn booleans_have_several_spellings() {
    for (text, wanted) in [
        ("true", true),
        ("1", true),
        ("True", true),
        (" true ", true),
        ("0", false),
        ("yes", false),
        ("", false),
    ] {
        let text = bent(OKTA, "Signed=\"false\"", &format!("Signed=\"{text}\""));
        assert_eq!(
            read(&text).unwrap().want_authn_requests_signed,
            wanted,
            "{text}"
        );
    }
}

#[test]
fn names_that_hide_something_are_not_shown() {
    let text = bent(SIMPLESAMLPHP, "Acme &amp; Sons", "Acme\u{202e}");
    assert_eq!(
        read(&text).unwrap().organization.as_deref(),
        Some("Acme AS")
    );
}
