use std::sync::LazyLock;

use aws_lc_rs::cipher::{PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OaepAlgorithm,
    OaepPublicEncryptingKey, PublicEncryptingKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::encrypt::{self, KeyTransport, Recipient};
use crate::response::{Expectations, Expected, InResponseTo, Provider, verify};
use crate::testing::{ACS, IDP, NOW, REQUEST, SP, assertion, credential, response, sign};
use crate::{Certificate, Credential, SigningKey, VerifiedAssertion};

mod envelope;
mod key;
mod mutated;
mod plain_text;

/// The provider's.
static KEY: LazyLock<Credential> = LazyLock::new(|| credential(SigningKey::generate().unwrap()));
static KEYS: LazyLock<Vec<Certificate>> =
    LazyLock::new(|| vec![Certificate::from_der(KEY.certificate_der()).unwrap()]);
/// What it encrypts for.
static OURS: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate().unwrap());
static OPENER: LazyLock<[DecryptionKey; 1]> = LazyLock::new(|| [DecryptionKey::of(&OURS).unwrap()]);
static ACCEPTED: LazyLock<[Vec<String>; 2]> =
    LazyLock::new(|| [vec![ACS.to_owned()], vec![SP.to_owned()]]);

const OAEP: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const OAEP_11: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
const CBC: [(&str, usize); 3] = [
    ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", 16),
    ("http://www.w3.org/2001/04/xmlenc#aes192-cbc", 24),
    ("http://www.w3.org/2001/04/xmlenc#aes256-cbc", 32),
];
const GCM: [(&str, usize); 3] = [
    ("http://www.w3.org/2009/xmlenc11#aes128-gcm", 16),
    ("http://www.w3.org/2009/xmlenc11#aes192-gcm", 24),
    ("http://www.w3.org/2009/xmlenc11#aes256-gcm", 32),
];

fn provider() -> Provider<'static> {
    Provider {
        entity_id: IDP,
        keys: &KEYS,
        decryption: &*OPENER,
        allow_sha1: false,
        allow_cbc: false,
        second_opinion: cfg!(feature = "samael"),
    }
}

fn expectations() -> Expectations<'static> {
    Expectations {
        now: NOW,
        skew: 60,
        not_before: true,
        max_age: Some(300),
        response_issuer: true,
        in_response_to: InResponseTo::Request(REQUEST),
        recipient: Expected::OneOf(&ACCEPTED[0]),
        destination: Expected::OneOf(&ACCEPTED[0]),
        audience: Expected::OneOf(&ACCEPTED[1]),
        signed_assertion: false,
        authn_contexts: &[],
        authenticated_since: None,
        encrypted: true,
    }
}

fn judge(text: &str) -> Result<VerifiedAssertion, SamlError> {
    verify(text.as_bytes(), &provider(), &expectations())
}

#[track_caller]
fn opens(text: &str) {
    let assertion = judge(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert!(assertion.encrypted());
    assert_eq!(assertion.name_id().value, "ann");
}

/// Both the refusal and its one reason.
#[track_caller]
fn refused(text: &str) {
    let error = judge(text).unwrap_err();
    assert_eq!(error, SamlError::Decrypt, "{text}");
    assert_eq!(error.reason(), "saml.decrypt");
}

fn signed_assertion() -> String {
    sign(&assertion(), "_a", &KEY)
}

/// An `EncryptedAssertion` in the response's place for it.
fn carry(encrypted: &str) -> String {
    response().replace(&assertion(), encrypted)
}

/// A content key by its length: that it is no secret does not matter here.
fn content_key(length: usize) -> Vec<u8> {
    vec![7; length]
}

/// The bytes of `CipherValue` for any content algorithm.
fn cipher(uri: &str, key: &[u8], plain: &[u8]) -> Vec<u8> {
    match Content::named(uri, true).unwrap() {
        Content::Gcm(algorithm) => {
            let sealer = aws_lc_rs::aead::UnboundKey::new(algorithm, key).unwrap();
            let nonce = aws_lc_rs::aead::Nonce::assume_unique_for_key([3; 12]);
            let mut sealed = plain.to_vec();
            aws_lc_rs::aead::LessSafeKey::new(sealer)
                .seal_in_place_append_tag(nonce, aws_lc_rs::aead::Aad::empty(), &mut sealed)
                .unwrap();
            [&[3; 12], sealed.as_slice()].concat()
        }
        Content::Cbc(algorithm, _) => {
            let key = UnboundCipherKey::new(algorithm, key).unwrap();
            let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).unwrap();
            let mut sealed = plain.to_vec();
            let context = key.encrypt(&mut sealed).unwrap();
            let first: &[u8] = (&context).try_into().unwrap();
            [first, sealed.as_slice()].concat()
        }
    }
}

/// A key wrapped for somebody.
fn wrapped(
    key: &[u8],
    recipient: &SigningKey,
    algorithm: &'static OaepAlgorithm,
    label: Option<&[u8]>,
) -> Vec<u8> {
    let info = recipient.public_key_info().unwrap();
    let public = PublicEncryptingKey::from_der(&info).unwrap();
    let public = OaepPublicEncryptingKey::new(public).unwrap();
    let mut room = vec![0; public.ciphertext_size()];
    public.encrypt(algorithm, key, &mut room, label).unwrap();
    room
}

fn cipher_data(value: &[u8]) -> String {
    format!(
        "<xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData>",
        STANDARD.encode(value)
    )
}

/// `EncryptedKey` with an `EncryptionMethod` of this algorithm that holds `inside`.
fn encrypted_key(algorithm: &str, inside: &str, value: &[u8]) -> String {
    format!(
        "<xenc:EncryptedKey Id='_k'><xenc:EncryptionMethod Algorithm='{algorithm}'>{inside}</xenc:EncryptionMethod>{}</xenc:EncryptedKey>",
        cipher_data(value)
    )
}

/// `EncryptedAssertion`: content of an algorithm, what `KeyInfo` holds, what stands beside.
fn encrypted(content: &str, cipher: &[u8], within: &str, beside: &str) -> String {
    format!(
        "<saml:EncryptedAssertion xmlns:xenc='http://www.w3.org/2001/04/xmlenc#' xmlns:xenc11='http://www.w3.org/2009/xmlenc11#' xmlns:ds='http://www.w3.org/2000/09/xmldsig#'><xenc:EncryptedData Id='_d' Type='http://www.w3.org/2001/04/xmlenc#Element'><xenc:EncryptionMethod Algorithm='{content}'/><ds:KeyInfo>{within}</ds:KeyInfo>{}</xenc:EncryptedData>{beside}</saml:EncryptedAssertion>",
        cipher_data(cipher)
    )
}

/// For us, in the plainest way.
fn sealed_as(content: &str, length: usize, plain: &[u8]) -> String {
    let key = content_key(length);
    let value = wrapped(&key, &OURS, &OAEP_SHA1_MGF1SHA1, None);
    let within = encrypted_key(OAEP, "", &value);
    encrypted(content, &cipher(content, &key, plain), &within, "")
}

fn sealed(plain: &str) -> String {
    sealed_as(GCM[2].0, GCM[2].1, plain.as_bytes())
}

#[test]
fn what_we_write_opens() {
    let info = OURS.public_key_info().unwrap();
    for content in [encrypt::Content::Aes128Gcm, encrypt::Content::Aes256Gcm] {
        for transport in [KeyTransport::OaepSha1, KeyTransport::OaepSha256] {
            let recipient = Recipient::of_key(&info, content, transport).unwrap();
            let text = sign(&response(), "_a", &KEY);
            let text = crate::testing::encrypt(&text, &recipient);
            assert!(!text.contains("ann</"));
            opens(&text);
            opens(&sign(&text, "_r", &KEY));
        }
    }
}

#[test]
fn aes_gcm_opens_with_every_length_of_key() {
    for (uri, length) in GCM {
        opens(&carry(&sealed_as(
            uri,
            length,
            signed_assertion().as_bytes(),
        )));
    }
}

#[test]
fn any_signature_that_covers_the_assertion_will_do() {
    // Signed, then encrypted, in a response that nobody signed (Okta); in one that is signed too (Entra); the response
    // alone.
    let inside = carry(&sealed(&signed_assertion()));
    opens(&inside);
    opens(&sign(&inside, "_r", &KEY));
    let outside = carry(&sealed(&assertion()));
    opens(&sign(&outside, "_r", &KEY));
    // Anybody can encrypt for us.
    assert_eq!(judge(&outside), Err(SamlError::SignatureMissing));
}

#[test]
fn the_signature_of_the_assertion_can_be_asked_for() {
    let strict = Expectations {
        signed_assertion: true,
        ..expectations()
    };
    let judge = |text: &str| verify(text.as_bytes(), &provider(), &strict);
    assert!(judge(&carry(&sealed(&signed_assertion()))).is_ok());
    let outside = sign(&carry(&sealed(&assertion())), "_r", &KEY);
    assert_eq!(judge(&outside), Err(SamlError::SignatureMissing));
}

#[test]
fn a_signature_within_must_hold() {
    let other = credential(SigningKey::generate().unwrap());
    let inside = carry(&sealed(&sign(&assertion(), "_a", &other)));
    assert_eq!(judge(&inside), Err(SamlError::SignatureInvalid));
    // Also where the response is signed as it should be.
    let both = sign(&inside, "_r", &KEY);
    assert_eq!(judge(&both), Err(SamlError::SignatureInvalid));
}

#[test]
fn aes_cbc_opens_only_where_allowed_and_within_a_signed_response() {
    let allowing = Provider {
        allow_cbc: true,
        ..provider()
    };
    for (uri, length) in CBC {
        let unsigned = carry(&sealed_as(uri, length, signed_assertion().as_bytes()));
        let signed = sign(&unsigned, "_r", &KEY);
        refused(&unsigned);
        refused(&signed);
        let judge = |text: &str| verify(text.as_bytes(), &allowing, &expectations());
        assert_eq!(judge(&unsigned), Err(SamlError::Decrypt));
        assert_eq!(judge(&signed).unwrap().name_id().value, "ann");
    }
}

#[test]
fn plain_assertions_can_be_refused() {
    let plain = sign(&response(), "_a", &KEY);
    let error = judge(&plain).unwrap_err();
    assert_eq!(error, SamlError::NotEncrypted);
    assert_eq!(error.reason(), "saml.decrypt");
    let either = Expectations {
        encrypted: false,
        ..expectations()
    };
    for text in [plain, carry(&sealed(&signed_assertion()))] {
        assert!(verify(text.as_bytes(), &provider(), &either).is_ok());
    }
}
