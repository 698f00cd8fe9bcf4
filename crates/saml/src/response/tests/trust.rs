//! Whose signature counts, and what it must cover (SAML-1, 5, 6, 7, 9; keys of SAML-19).

use super::*;
use crate::testing::{Manner, sign_as};

#[test]
fn what_nobody_signed_is_refused() {
    refused(&response(), SamlError::SignatureMissing);
}

#[test]
fn what_another_key_signed_is_refused() {
    refused(
        &sign(&response(), "_a", &OTHER),
        SamlError::SignatureInvalid,
    );
    let both = sign(&sign(&response(), "_a", &KEY), "_r", &OTHER);
    refused(&both, SamlError::SignatureInvalid);
    let both = sign(&sign(&response(), "_a", &OTHER), "_r", &KEY);
    refused(&both, SamlError::SignatureInvalid);
}

#[test]
fn what_was_changed_after_is_refused() {
    let signed = sign(&response(), "_a", &KEY);
    for (from, to) in [
        ("ann<", "eve<"),
        ("engineering", "administration"),
        ("10:04:30", "10:05:30"),
    ] {
        refused(&signed.replace(from, to), SamlError::SignatureInvalid);
    }
}

#[test]
fn a_provider_without_keys_accepts_nothing() {
    let provider = Provider {
        keys: &[],
        ..provider()
    };
    let error = verify(response().as_bytes(), &provider, &expectations()).unwrap_err();
    assert_eq!(error.reason(), "saml.provider");
}

#[test]
fn the_assertion_itself_can_be_asked_to_be_signed() {
    let asked = |text: &str| judge_as(text, |it| it.signed_assertion = true);
    let outer = sign(&response(), "_r", &KEY);
    assert_eq!(asked(&outer), Err(SamlError::SignatureMissing));
    assert!(asked(&sign(&response(), "_a", &KEY)).is_ok());
    let both = sign(&sign(&response(), "_a", &KEY), "_r", &KEY);
    assert!(asked(&both).is_ok());
}

#[test]
fn an_encrypted_assertion_can_be_asked_for() {
    let text = sign(&response(), "_a", &KEY);
    let found = judge_as(&text, |it| it.encrypted = true);
    assert_eq!(found, Err(SamlError::NotEncrypted));
}

#[test]
fn any_key_of_the_provider_will_do() {
    let other = Certificate::from_der(OTHER.certificate_der()).unwrap();
    let both = [KEYS[0].clone(), other];
    let rolling = Provider {
        keys: &both,
        ..provider()
    };
    for (credential, certificate) in [(&*KEY, &both[0]), (&*OTHER, &both[1])] {
        let text = sign(&response(), "_a", credential);
        let found = verify(text.as_bytes(), &rolling, &expectations()).unwrap();
        assert_eq!(found.key_fingerprint(), certificate.fingerprint());
    }
    // Each of two signatures by its own.
    let text = sign(&sign(&response(), "_a", &KEY), "_r", &OTHER);
    let found = verify(text.as_bytes(), &rolling, &expectations()).unwrap();
    assert_eq!(found.key_fingerprint(), both[0].fingerprint());
}

#[test]
fn a_key_in_the_document_is_nobodys() {
    let own = Manner {
        after: format!(
            "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>",
            OTHER.certificate_base64()
        ),
        ..Manner::PLAIN
    };
    for id in ["_a", "_r"] {
        let text = sign_as(&response(), id, &OTHER, &own);
        refused(&text, SamlError::SignatureInvalid);
        // Nor does a wrong one spoil what a right one made.
        assert!(judge(&sign_as(&response(), id, &KEY, &own)).is_ok());
    }
}

#[test]
fn a_key_fits_its_algorithm() {
    let credential = credential(SigningKey::generate_p256().unwrap());
    let keys = [Certificate::from_der(credential.certificate_der()).unwrap()];
    let elliptic = Provider {
        keys: &keys,
        ..provider()
    };
    let text = sign(&response(), "_a", &credential);
    assert!(verify(text.as_bytes(), &elliptic, &expectations()).is_ok());
    refused(&text, SamlError::SignatureInvalid);
    let text = sign(&response(), "_a", &KEY);
    let found = verify(text.as_bytes(), &elliptic, &expectations());
    assert_eq!(found, Err(SamlError::SignatureInvalid));
    // The same signature under the name of the other.
    let ec = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
    let renamed = text.replacen(KEY.key().algorithm(), ec, 1);
    refused(&renamed, SamlError::SignatureInvalid);
}

const RSA: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const DIGEST: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

#[test]
fn the_algorithms_are_those_of_today() {
    for method in [
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
        "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
        "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1",
        "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1",
    ] {
        for digest in [
            DIGEST,
            "http://www.w3.org/2001/04/xmldsig-more#sha384",
            "http://www.w3.org/2001/04/xmlenc#sha512",
        ] {
            let manner = Manner {
                edits: [(RSA, method), (DIGEST, digest)]
                    .map(|(from, to)| (from.to_owned(), to.to_owned()))
                    .to_vec(),
                ..Manner::PLAIN
            };
            let found = judge(&sign_as(&response(), "_a", &KEY, &manner));
            assert!(found.is_ok_and(|it| !it.used_sha1()), "{method} {digest}");
        }
    }
}

#[test]
fn no_other_algorithm_is_one() {
    for method in [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-ripemd160",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha224",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2009/xmldsig11#dsa-sha256",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2007/05/xmldsig-more#sha1-rsa-MGF1",
        "http://www.w3.org/2007/05/xmldsig-more#rsa-pss",
        "http://www.w3.org/2001/04/xmldsig-more#RSA-SHA256",
        "http://www.w3.org/2000/09/xmldsig#rsa-sha256",
        "rsa-sha256",
        "",
    ] {
        let text = sign_as(&response(), "_a", &KEY, &Manner::edited(RSA, method));
        refused(&text, SamlError::SignatureAlgorithm);
    }
    for digest in [
        "http://www.w3.org/2000/09/xmldsig#sha1",
        "http://www.w3.org/2001/04/xmldsig-more#md5",
        "http://www.w3.org/2001/04/xmldsig-more#sha224",
        "http://www.w3.org/2001/04/xmlenc#ripemd160",
        "http://www.w3.org/2001/04/xmldsig-more#sha256",
        "",
    ] {
        let text = sign_as(&response(), "_a", &KEY, &Manner::edited(DIGEST, digest));
        refused(&text, SamlError::SignatureAlgorithm);
    }
}

/// Documents that xmlsec1 signed with SHA-1 (`tests/data/signed/sign`).
#[test]
fn sha1_must_be_allowed_and_is_told() {
    let keys = Certificate::from_pem(include_str!("../../../tests/data/signed/rsa.crt")).unwrap();
    let asked = |text: &str, allow_sha1| {
        let provider = Provider {
            entity_id: "https://idp.example.com/metadata",
            keys: &keys,
            allow_sha1,
            ..provider()
        };
        let anything = Expectations {
            not_before: false,
            max_age: None,
            in_response_to: InResponseTo::Anything,
            recipient: Expected::Anything,
            destination: Expected::Anything,
            audience: Expected::Anything,
            now: 0,
            ..expectations()
        };
        let found = verify(text.as_bytes(), &provider, &anything);
        found.map(|it| it.used_sha1())
    };
    for text in [
        include_str!("../../../tests/data/signed/sha1.xml"),
        include_str!("../../../tests/data/signed/sha1-digest.xml"),
    ] {
        assert_eq!(asked(text, false), Err(SamlError::SignatureAlgorithm));
        assert_eq!(asked(text, true), Ok(true));
        let spoilt = text.replacen("admins", "admin5", 1);
        assert_eq!(asked(&spoilt, true), Err(SamlError::SignatureInvalid));
    }
    for text in [
        include_str!("../../../tests/data/signed/assertion.xml"),
        include_str!("../../../tests/data/signed/both.xml"),
        include_str!("../../../tests/data/signed/sha384.xml"),
        include_str!("../../../tests/data/signed/sha512.xml"),
    ] {
        assert_eq!(asked(text, false), Ok(false));
        assert_eq!(asked(text, true), Ok(false));
    }
}

#[test]
fn without_a_second_verifier_there_is_no_second_opinion() {
    let text = sign(&response(), "_a", &KEY);
    let asked = Provider {
        second_opinion: true,
        ..provider()
    };
    let found = verify(text.as_bytes(), &asked, &expectations());
    match cfg!(feature = "samael") {
        true => assert!(found.is_ok()),
        false => assert_eq!(
            found,
            Err(SamlError::Provider("this program has no second verifier"))
        ),
    }
    let alone = Provider {
        second_opinion: false,
        ..provider()
    };
    assert!(verify(text.as_bytes(), &alone, &expectations()).is_ok());
}

/// That both accept is not enough: they must read the same.
#[cfg(feature = "samael")]
#[test]
fn two_readings_are_no_agreement() {
    use super::agreement::{Opinion, agreed};
    let verified = judge(&sign(&response(), "_a", &KEY)).unwrap();
    assert_eq!(agreed(&[], verified.clone()), Ok(verified.clone()));
    let other = agreed(&[Opinion::Encrypted], verified);
    assert_eq!(other, Err(SamlError::Disagreement));
}
