//! Assertions that only the provider's private key opens.

use aws_lc_rs::cipher::{AES_256, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use drawbridge::clock::{SystemRandom, random_bytes};
use drawbridge::saml::encrypt::{Content, KeyTransport, Recipient};
use drawbridge::saml::{SigningKey, testing};
use serde_json::json;

use super::{Desk, LAX, STRICT};
use crate::harness::DEV;
use crate::harness::assertion::trust_saml;
use crate::harness::http::Reply;

struct Sealed<'d> {
    desk: &'d Desk,
    key: SigningKey,
    provider: String,
    role: String,
}

impl Sealed<'_> {
    fn at<'d>(desk: &'d Desk, name: &str, mode: &str) -> Sealed<'d> {
        let key = SigningKey::generate().unwrap();
        let sealed = desk.broker.sealed_key(&format!("SAMLPK{name}"), &key);
        let provider = desk
            .broker
            .saml_provider_with(DEV, name, &desk.idp, |provider| {
                provider.private_keys = vec![sealed];
                provider.encryption_mode = mode.to_owned();
            });
        let role = desk
            .broker
            .role(DEV, name, &trust_saml(&provider, json!({})));
        Sealed {
            desk,
            key,
            provider,
            role,
        }
    }

    fn signed(&self) -> String {
        let response = self.desk.response_for(&self.role, &[]);
        self.desk
            .idp
            .sign(&response.replace(&self.desk.provider, &self.provider))
    }

    fn encrypted(&self, key: &SigningKey, content: Content, transport: KeyTransport) -> Reply {
        let info = key.public_key_info().unwrap();
        let recipient = Recipient::of_key(&info, content, transport).unwrap();
        self.present(&testing::encrypt(&self.signed(), &recipient))
    }

    fn present(&self, response: &str) -> Reply {
        self.desk
            .broker
            .assume_with_saml(response, &self.provider, &self.role, &[])
    }
}

#[test]
fn an_encrypted_assertion_is_opened_with_the_providers_key() {
    for desk in [&*STRICT, &*LAX] {
        let sealed = Sealed::at(desk, "Sealed", "Allowed");
        for content in [Content::Aes128Gcm, Content::Aes256Gcm] {
            for transport in [KeyTransport::OaepSha1, KeyTransport::OaepSha256] {
                desk.takes(&sealed.encrypted(&sealed.key, content, transport));
            }
        }
        desk.takes(&sealed.present(&sealed.signed()));
    }
}

#[test]
fn an_assertion_for_another_key_is_refused() {
    for desk in [&*STRICT, &*LAX] {
        let sealed = Sealed::at(desk, "Opaque", "Allowed");
        let other = SigningKey::generate().unwrap();
        let reply = sealed.encrypted(&other, Content::Aes256Gcm, KeyTransport::OaepSha1);
        desk.cannot_read(&reply, "saml.decrypt");
    }
}

#[test]
fn what_must_be_encrypted_and_is_not_is_refused() {
    for desk in [&*STRICT, &*LAX] {
        let sealed = Sealed::at(desk, "Required", "Required");
        let reply = sealed.encrypted(&sealed.key, Content::Aes256Gcm, KeyTransport::OaepSha1);
        desk.takes(&reply);
        desk.cannot_read(&sealed.present(&sealed.signed()), "saml.decrypt");
    }
}

/// An `EncryptedAssertion` in AES-256-CBC, as older products make them.
fn in_cbc(response: &str, key: &SigningKey) -> String {
    let end = "</saml:Assertion>";
    let from = response.find("<saml:Assertion").unwrap();
    let to = response.find(end).unwrap() + end.len();
    let content: [u8; 32] = random_bytes(&SystemRandom);
    let cipher = UnboundCipherKey::new(&AES_256, &content).unwrap();
    let mut text = response.as_bytes()[from..to].to_vec();
    let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(cipher).unwrap();
    let context = cipher.encrypt(&mut text).unwrap();
    let iv: &[u8] = (&context).try_into().unwrap();
    let info = key.public_key_info().unwrap();
    let public = OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(&info).unwrap());
    let public = public.unwrap();
    let mut wrapped = vec![0; public.ciphertext_size()];
    let algorithm = &OAEP_SHA1_MGF1SHA1;
    let wrapped = public
        .encrypt(algorithm, &content, &mut wrapped, None)
        .unwrap();
    let (wrapped, value) = (
        STANDARD.encode(wrapped),
        STANDARD.encode([iv, &text].concat()),
    );
    let encryption = "http://www.w3.org/2001/04/xmlenc#";
    let sealed = format!(
        "<saml:EncryptedAssertion><xenc:EncryptedData xmlns:xenc='{encryption}' Type='{encryption}Element'><xenc:EncryptionMethod Algorithm='{encryption}aes256-cbc'/><ds:KeyInfo xmlns:ds='http://www.w3.org/2000/09/xmldsig#'><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm='{encryption}rsa-oaep-mgf1p'/><xenc:CipherData><xenc:CipherValue>{wrapped}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{value}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>"
    );
    format!("{}{sealed}{}", &response[..from], &response[to..])
}

#[test]
fn cbc_is_for_compatibility_and_in_a_signed_response_alone() {
    let desk = &*LAX;
    let sealed = Sealed::at(desk, "Blocks", "Allowed");
    let response = in_cbc(&sealed.signed(), &sealed.key);
    desk.takes(&sealed.present(&desk.idp.sign_response(&response)));
    // What anybody may change would tell by its refusals what it became.
    desk.cannot_read(&sealed.present(&response), "saml.decrypt");
    let desk = &*STRICT;
    let sealed = Sealed::at(desk, "Blocks", "Allowed");
    let response = in_cbc(&sealed.signed(), &sealed.key);
    let reply = sealed.present(&desk.idp.sign_response(&response));
    desk.cannot_read(&reply, "saml.decrypt");
}
