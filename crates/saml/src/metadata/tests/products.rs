//! What products publish.

use super::*;
use crate::certificate::CertificateFault;
use crate::names::{POST, REDIRECT};

/// Binding and location of endpoints, the bindings short.
fn places(endpoints: &[Endpoint]) -> Vec<(&str, &str)> {
    let short = |it: &'_ Endpoint| it.binding.rfind(':').map_or(0, |at| at + 1);
    endpoints
        .iter()
        .map(|it| (it.binding.get(short(it)..).unwrap(), &*it.location))
        .collect()
}

fn formats(read: &IdpMetadata) -> Vec<&str> {
    let all = read.name_id_formats.iter();
    all.map(|it| it.rsplit(':').next().unwrap()).collect()
}

#[test]
fn ad_fs() {
    let read = read(ADFS).unwrap();
    assert_eq!(
        read.entity_id,
        "http://adfs.contoso.example/adfs/services/trust"
    );
    // Two keys of the identity provider; those of the other roles and for encryption do not count.
    assert_eq!((read.signing.len(), read.unusable.len()), (2, 0));
    let ls = "https://adfs.contoso.example/adfs/ls/";
    let both = [("HTTP-Redirect", ls), ("HTTP-POST", ls)];
    assert_eq!(places(&read.sso), both);
    assert_eq!(places(&read.slo), both);
    assert_eq!(formats(&read), ["emailAddress", "persistent", "transient"]);
    assert!(!read.want_authn_requests_signed);
    assert_eq!((read.valid_until, read.cache_duration), (None, None));
}

#[test]
fn entra_id() {
    assert!(ENTRA.starts_with('\u{feff}'));
    let read = read(ENTRA).unwrap();
    let tenant = "11f7a5c2-8a2b-4a5c-9c0e-7b1d2f3e4a5b";
    assert_eq!(
        read.entity_id,
        format!("https://sts.windows.example/{tenant}/")
    );
    assert_eq!((read.signing.len(), read.unusable.len()), (2, 0));
    let place = format!("https://login.microsoftonline.example/{tenant}/saml2");
    assert_eq!(
        places(&read.sso),
        [("HTTP-Redirect", &*place), ("HTTP-POST", &place)]
    );
    assert_eq!(places(&read.slo), [("HTTP-Redirect", &*place)]);
}

#[test]
fn okta() {
    let read = read(OKTA).unwrap();
    assert_eq!(
        read.entity_id,
        "http://www.okta.example/exk1fcia6d6EMsf331d8"
    );
    assert_eq!((read.signing.len(), read.unusable.len()), (1, 0));
    let place = "https://acme.okta.example/app/acme_drawbridge_1/exk1fcia6d6EMsf331d8/sso/saml";
    assert_eq!(read.sso_by(POST).unwrap().location, place);
    assert_eq!(read.sso_by(REDIRECT).unwrap().location, place);
    assert_eq!(read.slo, []);
    assert_eq!(formats(&read), ["unspecified", "emailAddress"]);
}

#[test]
fn google() {
    let read = read(GOOGLE).unwrap();
    assert_eq!(
        read.entity_id,
        "https://accounts.google.example/o/saml2?idpid=C01abcd23"
    );
    assert_eq!(read.valid_until, Some(1_953_022_425));
    assert_eq!(
        read.sso_by(REDIRECT).unwrap().location,
        "https://accounts.google.example/o/saml2/idp?idpid=C01abcd23"
    );
}

#[test]
fn keycloak() {
    let one = read(KEYCLOAK).unwrap();
    assert_eq!(one.entity_id, "https://keycloak.example/realms/acme");
    assert_eq!((one.signing.len(), one.unusable.len()), (1, 0));
    assert!(one.want_authn_requests_signed);
    let place = "https://keycloak.example/realms/acme/protocol/saml";
    let bindings = ["HTTP-POST", "HTTP-Redirect", "SOAP", "HTTP-Artifact"];
    assert_eq!(places(&one.sso), bindings.map(|it| (it, place)));
    assert_eq!(one.slo.len(), 4);
    // A realm is a group of one, with other prefixes.
    assert_eq!(read(KEYCLOAK_REALM).unwrap(), one);
    assert_eq!(read_one(KEYCLOAK_REALM, &one.entity_id).unwrap(), one);
}

#[test]
fn shibboleth() {
    let read = read(SHIBBOLETH).unwrap();
    assert_eq!(read.entity_id, "https://idp.uni.example/idp/shibboleth");
    // The second is of an elliptic curve. That of the attribute authority is none of ours.
    assert_eq!((read.signing.len(), read.unusable.len()), (2, 0));
    assert_eq!(read.display_name.as_deref(), Some("University of Example"));
    assert_eq!(read.valid_until, Some(1_893_456_000));
    let bindings: Vec<_> = places(&read.sso).into_iter().map(|it| it.0).collect();
    assert_eq!(
        bindings,
        [
            "AuthnRequest",
            "HTTP-POST",
            "HTTP-POST-SimpleSign",
            "HTTP-Redirect"
        ]
    );
    assert_eq!(read.slo, [], "it is in a comment");
}

#[test]
fn simplesamlphp() {
    let read = read(SIMPLESAMLPHP).unwrap();
    assert_eq!((read.signing.len(), read.unusable.len()), (1, 0));
    assert_eq!(read.organization.as_deref(), Some("Acme & Sons"));
    assert_eq!(read.display_name, None);
    let logout = read.slo_by(REDIRECT).unwrap();
    let at = "https://login.acme.example/simplesaml/saml2/idp/";
    assert_eq!(logout.location, format!("{at}SingleLogoutService.php"));
    assert_eq!(logout.for_responses(), format!("{at}LogoutResponse.php"));
}

#[test]
fn ping() {
    let read = read(PING).unwrap();
    assert!(read.want_authn_requests_signed, "it says 1");
    assert_eq!(read.cache_duration, Some(3600), "the shorter of two");
    // The first has no use, and a name and a bare key beside the certificate.
    assert_eq!(read.signing.len(), 1);
    let plain = "http://ping.acme.example/idp/SLO.saml2".to_owned();
    assert_eq!(
        read.unusable,
        [
            Unusable::Certificate(CertificateFault::Key),
            Unusable::Endpoint("SingleLogoutService", plain),
        ]
    );
    assert_eq!(
        read.unusable[0].to_string(),
        "a signing certificate holds a key that is too short (RSA needs 2048 bits) or not valid"
    );
    assert_eq!(
        places(&read.slo),
        [("HTTP-POST", "https://ping.acme.example/idp/SLO.saml2")]
    );
}

#[test]
fn a_federation() {
    assert_eq!(read(FEDERATION), Err(MetadataError::Several(2)));
    assert_eq!(
        MetadataError::Several(2).to_string(),
        "the metadata describes 2 identity providers; say which one by its entity id"
    );
    let one = read_one(FEDERATION, "https://one.example/idp").unwrap();
    assert_eq!(one.valid_until, Some(1_796_551_200));
    assert_eq!(one.cache_duration, Some(6 * 3600));
    // Of a group inside, which ends earlier.
    let two = read_one(FEDERATION, "https://two.example/idp").unwrap();
    assert_eq!(two.entity_id, "https://two.example/idp");
    assert_eq!(two.valid_until, Some(1_796_083_200));
    assert_ne!(one.signing, two.signing);
    // Neither a service provider nor one of SAML 1.1 alone, nor a part or another spelling of a name.
    let refused = |entity_id| read_one(FEDERATION, entity_id).unwrap_err();
    assert_eq!(
        refused("https://sp.example/shibboleth"),
        MetadataError::NoProvider
    );
    assert_eq!(
        refused("https://old.example/idp"),
        MetadataError::NoProvider
    );
    for absent in [
        "https://one.example",
        "https://One.example/idp",
        "https://one.example/idp/",
        "",
    ] {
        assert_eq!(refused(absent), MetadataError::Absent(2));
    }
}
