//! Keys and algorithms of the attacker's choice.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use drawbridge_saml::testing::{Manner, sign, sign_as};

use super::*;

fn key_info(inside: &str) -> Manner {
    Manner {
        after: format!("<ds:KeyInfo>{inside}</ds:KeyInfo>"),
        ..Manner::PLAIN
    }
}

fn own_certificate() -> String {
    format!(
        "<ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data>",
        OWN.certificate_base64()
    )
}

#[test]
fn no_signature_at_all() {
    let text = bent(">ann<", ">root<");
    refused(&text, SamlError::SignatureMissing);
    let text = changed(&signed(&response()), signature(&signed(&response())), "");
    // Each signing is the same: RSA of this kind knows no chance.
    refused(text, SamlError::SignatureMissing);
    let elsewhere = "<x:Signature xmlns:x='urn:x'/><saml:Subject>";
    let text = bent("<saml:Subject>", elsewhere);
    refused(
        text,
        SamlError::Element("a name of SAML in another namespace"),
    );
}

#[test]
fn an_empty_signature() {
    let text = bent(
        "<saml:Subject>",
        "<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/><saml:Subject>",
    );
    refused(
        text,
        SamlError::SignatureProfile("Signature has other parts"),
    );
    let text = signed(&response());
    let value = part(&text, "<ds:SignatureValue>", "</ds:SignatureValue>");
    refused(
        changed(&text, value, "<ds:SignatureValue/>"),
        SamlError::SignatureInvalid,
    );
    let digest = part(&text, "<ds:DigestValue>", "</ds:DigestValue>");
    refused(
        changed(&text, digest, "<ds:DigestValue/>"),
        SamlError::SignatureInvalid,
    );
}

/// "Certificate faking": signed with a key of one's own, and the certificate put in.
#[test]
fn a_certificate_of_ones_own() {
    let text = bent(">ann<", ">root<");
    for id in ["_a", "_r"] {
        refused(sign(&text, id, &OWN), SamlError::SignatureInvalid);
        let text = sign_as(&text, id, &OWN, &key_info(&own_certificate()));
        refused(text, SamlError::SignatureInvalid);
    }
}

#[test]
fn a_bare_key_of_ones_own() {
    let value = "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AAAA</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>";
    let der = "<e:DEREncodedKeyValue xmlns:e='http://www.w3.org/2009/xmldsig11#'>AAAA</e:DEREncodedKeyValue>";
    for inside in [value, der] {
        let text = sign_as(&response(), "_a", &OWN, &key_info(inside));
        refused(text, SamlError::SignatureInvalid);
    }
}

/// The provider's certificate beside one's own signature, or one's own beside the provider's.
#[test]
fn somebody_elses_certificate() {
    let theirs = format!(
        "<ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data>",
        KEY.certificate_base64()
    );
    for inside in [theirs.clone(), format!("{}{theirs}", own_certificate())] {
        let text = sign_as(&response(), "_a", &OWN, &key_info(&inside));
        refused(text, SamlError::SignatureInvalid);
    }
    is_ann(sign_as(
        &response(),
        "_a",
        &KEY,
        &key_info(&own_certificate()),
    ));
}

#[test]
fn a_name_of_a_key_instead_of_a_key() {
    let names = "<ds:KeyName>../../etc/passwd</ds:KeyName><ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=idp.example</ds:X509IssuerName><ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data><ds:PGPData/><ds:SPKIData/><ds:MgmtData/>";
    refused(
        sign_as(&response(), "_a", &OWN, &key_info(names)),
        SamlError::SignatureInvalid,
    );
    is_ann(sign_as(&response(), "_a", &KEY, &key_info(names)));
}

#[test]
fn a_second_signature_by_ones_own_key() {
    let good = signed(&response());
    refused(sign(&good, "_r", &OWN), SamlError::SignatureInvalid);
    let whole = sign(&sign(&response(), "_a", &OWN), "_r", &KEY);
    refused(whole, SamlError::SignatureInvalid);
    let (ours, theirs) = (signature(&good).to_owned(), sign(&response(), "_a", &OWN));
    let two = SamlError::SignatureProfile("an element has two signatures");
    for both in [
        format!("{ours}{}", signature(&theirs)),
        format!("{}{ours}", signature(&theirs)),
    ] {
        refused(changed(&good, &ours, &both), two.clone());
    }
}

/// The public key as the secret of an HMAC: everybody has it (CVE-2022-39299 and many before).
#[test]
fn an_hmac_with_the_public_key() {
    const RSA: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        KEY.certificate_base64()
    );
    let info = KEY.key().public_key_info().unwrap();
    for secret in [pem.as_bytes(), KEY.certificate_der(), &info, b""] {
        for (uri, algorithm) in [
            (
                "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
                hmac::HMAC_SHA256,
            ),
            (
                "http://www.w3.org/2001/04/xmldsig-more#hmac-sha512",
                hmac::HMAC_SHA512,
            ),
            (
                "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
                hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            ),
        ] {
            let text = bent(">ann<", ">root<");
            let text = sign_as(&text, "_a", &OWN, &Manner::edited(RSA, uri));
            let info = part(&text, "<ds:SignedInfo>", "</ds:SignedInfo>");
            let canonical = changed(
                info,
                "<ds:SignedInfo>",
                "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">",
            );
            let tag = hmac::sign(&hmac::Key::new(algorithm, secret), canonical.as_bytes());
            let value = part(&text, "<ds:SignatureValue>", "</ds:SignatureValue>");
            let forged = STANDARD.encode(tag.as_ref());
            let forged = format!("<ds:SignatureValue>{forged}</ds:SignatureValue>");
            refused(
                changed(&text, value, &forged),
                SamlError::SignatureAlgorithm,
            );
        }
    }
}

/// One bit of an HMAC is guessed at once (CVE-2009-0217).
#[test]
fn a_shortened_hmac() {
    for length in ["0", "1", "8", "-1", "99999999999"] {
        let text = signed(&response());
        let text = changed(
            &text,
            "></ds:SignatureMethod>",
            &format!("><ds:HMACOutputLength>{length}</ds:HMACOutputLength></ds:SignatureMethod>"),
        );
        refused(&text, SamlError::SignatureAlgorithm);
        let hmac = "http://www.w3.org/2000/09/xmldsig#hmac-sha1";
        refused(
            changed(&text, KEY.key().algorithm(), hmac),
            SamlError::SignatureAlgorithm,
        );
    }
}

#[test]
fn weak_and_unknown_algorithms() {
    let text = signed(&response());
    for method in [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2009/xmldsig11#dsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
        "none",
        "",
    ] {
        refused(
            changed(&text, KEY.key().algorithm(), method),
            SamlError::SignatureAlgorithm,
        );
    }
    for digest in [
        "http://www.w3.org/2000/09/xmldsig#sha1",
        "http://www.w3.org/2001/04/xmldsig-more#md5",
        "",
    ] {
        let text = changed(&text, "http://www.w3.org/2001/04/xmlenc#sha256", digest);
        refused(text, SamlError::SignatureAlgorithm);
    }
}

/// A signature of another kind under the name of an allowed one; numbers out of range.
#[test]
fn values_that_no_key_makes() {
    let text = signed(&response());
    let value = part(&text, "<ds:SignatureValue>", "</ds:SignatureValue>");
    for bytes in [
        vec![0; 256],
        vec![0xff; 256],
        vec![0; 1],
        vec![1; 255],
        vec![1; 257],
        vec![0; 100_000],
        vec![0; 64],
    ] {
        let forged = format!(
            "<ds:SignatureValue>{}</ds:SignatureValue>",
            STANDARD.encode(bytes)
        );
        for method in ["rsa-sha256", "rsa-sha512", "ecdsa-sha256", "ecdsa-sha512"] {
            let text = changed(&text, value, &forged);
            let text = changed(
                &text,
                "xmldsig-more#rsa-sha256",
                &format!("xmldsig-more#{method}"),
            );
            refused(text, SamlError::SignatureInvalid);
        }
    }
    // "Psychic signatures": zero is neither r nor s (CVE-2022-21449).
    let elliptic = testing::credential(SigningKey::generate_p256().unwrap());
    let keys = [Certificate::from_der(elliptic.certificate_der()).unwrap()];
    let text = sign(&response(), "_a", &elliptic);
    let value = part(&text, "<ds:SignatureValue>", "</ds:SignatureValue>");
    let zero = format!(
        "<ds:SignatureValue>{}</ds:SignatureValue>",
        STANDARD.encode([0; 64])
    );
    let forged = changed(&text, value, &zero);
    assert_eq!(judge_with(&text, &keys).map(|_| ()), Ok(()));
    assert_eq!(judge_with(&forged, &keys), Err(SamlError::SignatureInvalid));
}
