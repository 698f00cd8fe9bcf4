//! Assertions that only the provider's private key opens.

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
