//! Keys, and how content keys are wrapped for them.

use super::*;
use crate::KeyError;

const SHA1: &str = "<ds:DigestMethod Algorithm='http://www.w3.org/2000/09/xmldsig#sha1'/>";
const SHA256: &str = "<ds:DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha256'/>";
const SHA384: &str = "<ds:DigestMethod Algorithm='http://www.w3.org/2001/04/xmldsig-more#sha384'/>";
const MGF_SHA1: &str = "<xenc11:MGF Algorithm='http://www.w3.org/2009/xmlenc11#mgf1sha1'/>";
const MGF_SHA256: &str = "<xenc11:MGF Algorithm='http://www.w3.org/2009/xmlenc11#mgf1sha256'/>";
const MGF_SHA384: &str = "<xenc11:MGF Algorithm='http://www.w3.org/2009/xmlenc11#mgf1sha384'/>";

/// A response whose content key was wrapped like this, and says that it was like that.
fn carried(value: &[u8], algorithm: &str, inside: &str) -> String {
    let (uri, length) = GCM[2];
    let content = cipher(uri, &content_key(length), signed_assertion().as_bytes());
    carry(&encrypted(
        uri,
        &content,
        &encrypted_key(algorithm, inside, value),
        "",
    ))
}

fn even(algorithm: &'static OaepAlgorithm, label: Option<&[u8]>) -> Vec<u8> {
    wrapped(&content_key(32), &OURS, algorithm, label)
}

#[test]
fn oaep_with_one_hash_opens() {
    let old = even(&OAEP_SHA1_MGF1SHA1, None);
    for (algorithm, inside) in [
        (OAEP, String::new()),
        (OAEP, SHA1.to_owned()),
        (OAEP_11, String::new()),
        (OAEP_11, SHA1.to_owned()),
        (OAEP_11, MGF_SHA1.to_owned()),
        (OAEP_11, format!("{SHA1}{MGF_SHA1}")),
        (OAEP_11, format!("{MGF_SHA1}{SHA1}")),
    ] {
        opens(&carried(&old, algorithm, &inside));
    }
    let new = even(&OAEP_SHA256_MGF1SHA256, None);
    opens(&carried(&new, OAEP_11, &format!("{SHA256}{MGF_SHA256}")));
    // What is said is what is done.
    refused(&carried(&new, OAEP_11, ""));
    refused(&carried(&old, OAEP_11, &format!("{SHA256}{MGF_SHA256}")));
}

#[test]
fn a_label_counts() {
    let labelled = even(&OAEP_SHA1_MGF1SHA1, Some(b"label"));
    let label = "<xenc:OAEPparams>bGFiZWw=</xenc:OAEPparams>";
    opens(&carried(&labelled, OAEP, label));
    opens(&carried(&labelled, OAEP, &format!("{SHA1}{label}")));
    refused(&carried(&labelled, OAEP, ""));
    let other = "<xenc:OAEPparams>bGFiZWwK</xenc:OAEPparams>";
    refused(&carried(&labelled, OAEP, other));
    let plain = even(&OAEP_SHA1_MGF1SHA1, None);
    refused(&carried(&plain, OAEP, label));
    opens(&carried(&plain, OAEP, "<xenc:OAEPparams/>"));
}

/// OpenSSL on the other side: aws-lc has one hash for both.
#[cfg(feature = "samael")]
#[test]
fn oaep_with_two_hashes_opens() {
    use openssl::encrypt::Encrypter;
    use openssl::hash::MessageDigest;
    use openssl::pkey::PKey;
    use openssl::rsa::Padding;

    let mixed = |digest, mask, label: &[u8]| {
        let key = PKey::public_key_from_der(&OURS.public_key_info().unwrap()).unwrap();
        let mut encrypter = Encrypter::new(&key).unwrap();
        encrypter.set_rsa_padding(Padding::PKCS1_OAEP).unwrap();
        encrypter.set_rsa_oaep_md(digest).unwrap();
        encrypter.set_rsa_mgf1_md(mask).unwrap();
        if !label.is_empty() {
            encrypter.set_rsa_oaep_label(label).unwrap();
        }
        let mut value = vec![0; encrypter.encrypt_len(&content_key(32)).unwrap()];
        encrypter.encrypt(&content_key(32), &mut value).unwrap();
        value
    };
    let (sha1, sha256) = (MessageDigest::sha1(), MessageDigest::sha256());
    let value = mixed(sha256, sha1, b"");
    opens(&carried(&value, OAEP, SHA256));
    opens(&carried(&value, OAEP_11, SHA256));
    opens(&carried(&value, OAEP_11, &format!("{SHA256}{MGF_SHA1}")));
    refused(&carried(&value, OAEP, SHA1));
    let value = mixed(sha1, sha256, b"");
    opens(&carried(&value, OAEP_11, MGF_SHA256));
    refused(&carried(&value, OAEP_11, &format!("{SHA256}{MGF_SHA1}")));
    let value = mixed(sha256, sha1, b"label");
    let label = "<xenc:OAEPparams>bGFiZWw=</xenc:OAEPparams>";
    opens(&carried(&value, OAEP, &format!("{SHA256}{label}")));
    refused(&carried(&value, OAEP, SHA256));
}

/// SHA-256 for the label, SHA-1 for the mask, made by OpenSSL for the key beside it.
#[cfg(not(feature = "samael"))]
#[test]
fn oaep_with_two_hashes_is_refused() {
    let read = |inside: &str| {
        let text = format!(
            "<xenc:EncryptionMethod xmlns:xenc='http://www.w3.org/2001/04/xmlenc#' xmlns:ds='http://www.w3.org/2000/09/xmldsig#' Algorithm='{OAEP}'>{inside}</xenc:EncryptionMethod>"
        );
        let document =
            crate::document::Document::parse(text.as_bytes(), &crate::document::Limits::MESSAGE)
                .unwrap();
        Transport::read(document.root()).unwrap()
    };
    for algorithm in [&OAEP_SHA1_MGF1SHA1, &OAEP_SHA256_MGF1SHA256] {
        assert!(
            OPENER[0]
                .unwrap(&read(SHA256), &even(algorithm, None))
                .is_none()
        );
    }
    assert!(
        OPENER[0]
            .unwrap(&read(SHA1), &even(&OAEP_SHA1_MGF1SHA1, None))
            .is_some()
    );
}

#[test]
fn what_is_not_oaep_of_ours_is_refused() {
    let value = even(&OAEP_SHA1_MGF1SHA1, None);
    opens(&carried(&value, OAEP, SHA1));
    for (algorithm, inside) in [
        ("http://www.w3.org/2001/04/xmlenc#rsa-1_5", String::new()),
        ("http://www.w3.org/2001/04/xmlenc#kw-aes256", String::new()),
        ("", String::new()),
        (OAEP, SHA384.to_owned()),
        (OAEP, format!("{SHA1}{SHA1}")),
        (OAEP, "<ds:DigestMethod/>".to_owned()),
        (OAEP, SHA1.replace("/>", ">x</ds:DigestMethod>")),
        (
            OAEP,
            SHA1.replace("ds:", "xenc:")
                .replace("xenc:DigestMethod", "xenc:Digest"),
        ),
        // The name says which mask, and says it alone.
        (OAEP, MGF_SHA1.to_owned()),
        (OAEP_11, MGF_SHA384.to_owned()),
        (OAEP_11, format!("{MGF_SHA1}{MGF_SHA1}")),
        (OAEP, "<xenc:OAEPparams>?</xenc:OAEPparams>".to_owned()),
        (OAEP, "<xenc:OAEPparams/><xenc:OAEPparams/>".to_owned()),
        (OAEP, "<xenc:KeySize>256</xenc:KeySize>".to_owned()),
        (OAEP, "x".to_owned()),
    ] {
        refused(&carried(&value, algorithm, &inside));
    }
    let sha384 = even(&OAEP_SHA384_MGF1SHA384, None);
    refused(&carried(&sha384, OAEP_11, &format!("{SHA384}{MGF_SHA384}")));
}

/// Without `CipherValue` of the wrapped key being what it must be.
#[test]
fn a_wrapped_key_that_is_none_is_refused() {
    let value = even(&OAEP_SHA1_MGF1SHA1, None);
    for bad in [
        &[] as &[u8],
        &[0],
        &value[1..],
        &[&value, &[0_u8][..]].concat(),
        &[0; 256],
        &[255; 256],
        &[1; 4096],
    ] {
        refused(&carried(bad, OAEP, ""));
    }
}

#[test]
fn the_length_of_the_key_must_be_the_algorithms() {
    for (uri, length) in GCM {
        let content = cipher(uri, &content_key(length), signed_assertion().as_bytes());
        let with = |key: usize| {
            let value = wrapped(&content_key(key), &OURS, &OAEP_SHA1_MGF1SHA1, None);
            carry(&encrypted(
                uri,
                &content,
                &encrypted_key(OAEP, "", &value),
                "",
            ))
        };
        opens(&with(length));
        for other in [0, 1, 16, 24, 32, 48] {
            if other != length {
                refused(&with(other));
            }
        }
    }
}

#[test]
fn every_key_of_ours_is_tried_up_to_the_most() {
    let other = || DecryptionKey::of(&SigningKey::generate().unwrap()).unwrap();
    let text = carry(&sealed(&signed_assertion()));
    let mut keys: Vec<_> = (1..MOST_KEYS).map(|_| other()).collect();
    let judge = |keys: &[DecryptionKey]| {
        let provider = Provider {
            decryption: keys,
            ..provider()
        };
        verify(text.as_bytes(), &provider, &expectations())
    };
    assert_eq!(judge(&[]), Err(SamlError::Decrypt));
    assert_eq!(judge(&keys), Err(SamlError::Decrypt));
    keys.push(DecryptionKey::of(&OURS).unwrap());
    assert!(judge(&keys).is_ok());
    keys.insert(0, other());
    assert_eq!(judge(&keys), Err(SamlError::Decrypt));
}

#[test]
fn a_key_is_read_from_every_form_it_is_kept_in() {
    let pkcs8 = OURS.to_pkcs8().unwrap();
    // PKCS #8 of RSA is 26 bytes around PKCS #1.
    let old = &pkcs8[26..];
    let pem = |label, der| der::pem::encode_string(label, der::pem::LineEnding::LF, der).unwrap();
    let text = carry(&sealed(&signed_assertion()));
    for key in [
        DecryptionKey::from_der(&pkcs8),
        DecryptionKey::from_der(old),
        DecryptionKey::from_pem(&pem("PRIVATE KEY", &pkcs8)),
        DecryptionKey::from_pem(&pem("RSA PRIVATE KEY", old)),
    ] {
        let provider = Provider {
            decryption: &[key.unwrap()],
            ..provider()
        };
        assert!(verify(text.as_bytes(), &provider, &expectations()).is_ok());
    }
    let refused = DecryptionKey::from_pem(&pem("ENCRYPTED PRIVATE KEY", &pkcs8)).unwrap_err();
    assert_eq!(refused, KeyError::Pem("no private key"));
    assert_eq!(DecryptionKey::from_der(b"").unwrap_err(), KeyError::Key);
}

#[test]
fn only_rsa_opens() {
    let curve = SigningKey::generate_p256().unwrap();
    assert_eq!(DecryptionKey::of(&curve).unwrap_err(), KeyError::NotRsa);
    let der = curve.to_pkcs8().unwrap();
    assert_eq!(DecryptionKey::from_der(&der).unwrap_err(), KeyError::NotRsa);
}

#[test]
fn debug_shows_nothing_of_the_key() {
    assert_eq!(format!("{:?}", OPENER[0]), "DecryptionKey(***)");
}
