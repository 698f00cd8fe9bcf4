//! Assertions for the eyes of one recipient (XML Encryption 1.1): a fresh AES-GCM key, wrapped by RSA-OAEP.
//!
//! What has no integrity of its own (AES-CBC) and what can be asked as an oracle (RSA with PKCS #1 v1.5) is not
//! written (security.md SAML-18).

use aws_lc_rs::aead::{
    AES_128_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, NONCE_LEN, Nonce, UnboundKey,
};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPublicEncryptingKey,
    PublicEncryptingKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use der::{Decode, Encode};
use x509_cert::Certificate;
use zeroize::Zeroizing;

use crate::names;
use crate::signing_key::KeyError;
use crate::write::{DS, Element, SAML, WriteError, XENC, XENC11};

/// What the assertion is encrypted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Content {
    /// AES-256-GCM.
    #[default]
    Aes256Gcm,
    /// AES-128-GCM.
    Aes128Gcm,
}

/// What the content's key is wrapped with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyTransport {
    /// RSA-OAEP with SHA-1 and its MGF1 (`rsa-oaep-mgf1p`): what everybody reads. SHA-1 need not resist collisions
    /// here.
    #[default]
    OaepSha1,
    /// RSA-OAEP with SHA-256 and MGF1 of SHA-256 (`xmlenc11#rsa-oaep`).
    OaepSha256,
}

/// Whom an assertion is encrypted for, and how.
#[derive(Debug)]
pub struct Recipient {
    key: OaepPublicEncryptingKey,
    content: Content,
    transport: KeyTransport,
}

impl Recipient {
    /// Of a public key (`SubjectPublicKeyInfo`, DER).
    ///
    /// # Errors
    /// [`KeyError::Key`] if it is not RSA of at least 2048 bits.
    pub fn of_key(
        public_key_info: &[u8],
        content: Content,
        transport: KeyTransport,
    ) -> Result<Self, KeyError> {
        let key = PublicEncryptingKey::from_der(public_key_info)
            .and_then(|key| Ok(OaepPublicEncryptingKey::new(key)?))
            .map_err(|_| KeyError::Key)?;
        Ok(Self {
            key,
            content,
            transport,
        })
    }

    /// Of a certificate, in DER. Its names and dates do not matter.
    ///
    /// # Errors
    /// [`KeyError::Certificate`], [`KeyError::Key`].
    pub fn of_certificate(
        certificate: &[u8],
        content: Content,
        transport: KeyTransport,
    ) -> Result<Self, KeyError> {
        let certificate = Certificate::from_der(certificate).map_err(|_| KeyError::Certificate)?;
        let info = certificate.tbs_certificate.subject_public_key_info;
        let info = info.to_der().map_err(|_| KeyError::Certificate)?;
        Self::of_key(&info, content, transport)
    }
}

/// `EncryptedAssertion` with the assertion, signature and all, that only the recipient can open.
///
/// Content key and nonce are drawn here and are no arguments: a pair that serves twice would give both assertions
/// away.
///
/// # Errors
/// [`WriteError::Character`], [`WriteError::Id`], [`WriteError::Encryption`].
pub fn encrypted(assertion: &Element, recipient: &Recipient) -> Result<Element, WriteError> {
    seal(assertion.canonical()?.into_bytes(), recipient)
}

/// The same for any bytes.
pub(crate) fn seal(content: Vec<u8>, recipient: &Recipient) -> Result<Element, WriteError> {
    let mut content = Zeroizing::new(content);
    let algorithm = recipient.content.algorithm();
    let mut key = Zeroizing::new(vec![0; algorithm.key_len()]);
    let mut nonce = [0; NONCE_LEN];
    let random = SystemRandom::new();
    let unusable = |_| WriteError::Encryption;
    random.fill(&mut key).map_err(unusable)?;
    random.fill(&mut nonce).map_err(unusable)?;

    let sealer = UnboundKey::new(algorithm, &key).map_err(unusable)?;
    let tag = LessSafeKey::new(sealer)
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::empty(),
            content.as_mut_slice(),
        )
        .map_err(unusable)?;
    // XML Encryption 1.1 section 5.2.4: the nonce, the ciphertext, the tag.
    let cipher = [&nonce, content.as_slice(), tag.as_ref()].concat();

    let mut room = vec![0; recipient.key.ciphertext_size()];
    let wrapped = recipient
        .key
        .encrypt(recipient.transport.algorithm(), &key, &mut room, None)
        .map_err(unusable)?;

    let method = Element::new(XENC, "EncryptionMethod").attr("Algorithm", recipient.content.name());
    let encrypted_key = Element::new(XENC, "EncryptedKey")
        .child(recipient.transport.method())
        .child(cipher_data(wrapped));
    Ok(Element::new(SAML, "EncryptedAssertion").child(
        Element::new(XENC, "EncryptedData")
            .attr("Type", format!("{}Element", names::ENCRYPTION))
            .child(method)
            .child(Element::new(DS, "KeyInfo").child(encrypted_key))
            .child(cipher_data(&cipher)),
    ))
}

impl Content {
    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::Aes256Gcm => &AES_256_GCM,
            Self::Aes128Gcm => &AES_128_GCM,
        }
    }

    /// The algorithm's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aes256Gcm => "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            Self::Aes128Gcm => "http://www.w3.org/2009/xmlenc11#aes128-gcm",
        }
    }
}

impl KeyTransport {
    fn algorithm(self) -> &'static OaepAlgorithm {
        match self {
            Self::OaepSha1 => &OAEP_SHA1_MGF1SHA1,
            Self::OaepSha256 => &OAEP_SHA256_MGF1SHA256,
        }
    }

    /// The algorithm's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::OaepSha1 => "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
            Self::OaepSha256 => "http://www.w3.org/2009/xmlenc11#rsa-oaep",
        }
    }

    /// `EncryptionMethod` of a message, with its hashes spelt out, defaults or not (XML Encryption 1.1 section 5.5.2).
    fn method(self) -> Element {
        let digest = |name: &str| Element::new(DS, "DigestMethod").attr("Algorithm", name);
        let method = Element::new(XENC, "EncryptionMethod").attr("Algorithm", self.name());
        match self {
            Self::OaepSha1 => method.child(digest("http://www.w3.org/2000/09/xmldsig#sha1")),
            Self::OaepSha256 => method
                .child(digest("http://www.w3.org/2001/04/xmlenc#sha256"))
                .child(
                    Element::new(XENC11, "MGF")
                        .attr("Algorithm", "http://www.w3.org/2009/xmlenc11#mgf1sha256"),
                ),
        }
    }
}

fn cipher_data(bytes: &[u8]) -> Element {
    let value = Element::new(XENC, "CipherValue").text(STANDARD.encode(bytes));
    Element::new(XENC, "CipherData").child(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SigningKey;
    use aws_lc_rs::rsa::{OaepPrivateDecryptingKey, PrivateDecryptingKey};

    fn assertion() -> Element {
        Element::new(SAML, "Assertion").attr("ID", "_a").text("é")
    }

    /// Opens it as the recipient does.
    fn opened(document: &str, key: &SigningKey, recipient: &Recipient) -> Vec<u8> {
        let document = roxmltree::Document::parse(document).unwrap();
        let values: Vec<_> = document
            .descendants()
            .filter(|node| node.has_tag_name("CipherValue"))
            .map(|node| STANDARD.decode(node.text().unwrap()).unwrap())
            .collect();
        let [wrapped, cipher] = values.as_slice() else {
            panic!("a wrapped key and a content");
        };
        let opener = PrivateDecryptingKey::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
        let opener = OaepPrivateDecryptingKey::new(opener).unwrap();
        let mut room = vec![0; opener.min_output_size()];
        let key = opener
            .decrypt(recipient.transport.algorithm(), wrapped, &mut room, None)
            .unwrap();
        let key = UnboundKey::new(recipient.content.algorithm(), key).unwrap();
        let (nonce, content) = cipher.split_at(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).unwrap();
        let mut content = content.to_vec();
        LessSafeKey::new(key)
            .open_in_place(nonce, Aad::empty(), &mut content)
            .unwrap()
            .to_vec()
    }

    #[test]
    fn the_recipient_opens_every_combination() {
        let key = SigningKey::generate().unwrap();
        let info = key.public_key_info().unwrap();
        for content in [Content::Aes256Gcm, Content::Aes128Gcm] {
            for transport in [KeyTransport::OaepSha1, KeyTransport::OaepSha256] {
                let recipient = Recipient::of_key(&info, content, transport).unwrap();
                let document = encrypted(&assertion(), &recipient).unwrap();
                let document = document.canonical().unwrap();
                assert!(document.contains(content.name()) && document.contains(transport.name()));
                let expected = assertion().canonical().unwrap().into_bytes();
                assert_eq!(opened(&document, &key, &recipient), expected);
            }
        }
    }

    #[test]
    fn sha_256_is_spelt_out_for_both_hashes() {
        let method = KeyTransport::OaepSha256.method().canonical().unwrap();
        assert_eq!(
            method,
            "<xenc:EncryptionMethod xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\" \
             Algorithm=\"http://www.w3.org/2009/xmlenc11#rsa-oaep\">\
             <ds:DigestMethod xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" \
             Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod>\
             <xenc11:MGF xmlns:xenc11=\"http://www.w3.org/2009/xmlenc11#\" \
             Algorithm=\"http://www.w3.org/2009/xmlenc11#mgf1sha256\"></xenc11:MGF>\
             </xenc:EncryptionMethod>"
        );
    }

    #[test]
    fn no_two_are_alike() {
        let key = SigningKey::generate().unwrap();
        let info = key.public_key_info().unwrap();
        let recipient = Recipient::of_key(&info, Content::default(), KeyTransport::default());
        let recipient = recipient.unwrap();
        let [one, other] = [0, 1].map(|_| encrypted(&assertion(), &recipient).unwrap());
        assert_ne!(one, other);
    }

    #[test]
    fn only_rsa_can_be_encrypted_for() {
        let of = |info: &[u8]| {
            Recipient::of_key(info, Content::default(), KeyTransport::default()).unwrap_err()
        };
        let curve = SigningKey::generate_p256().unwrap();
        assert_eq!(of(&curve.public_key_info().unwrap()), KeyError::Key);
        assert_eq!(of(b""), KeyError::Key);
        let refused = Recipient::of_certificate(b"", Content::default(), KeyTransport::default());
        assert_eq!(refused.unwrap_err(), KeyError::Certificate);
    }
}
