//! Queries: nothing panics, nothing inflates beyond its bounds, and what is signed is as it was signed.
#![no_main]

use std::sync::LazyLock;

use drawbridge_saml::Certificate;
use drawbridge_saml::redirect::{MAX_MESSAGE_BYTES, MAX_RATIO, Unverified};
use libfuzzer_sys::fuzz_target;

/// Made by `redirect::url` with the key of the certificate.
const SIGNED: &str = include_str!("../seeds/redirect/signed");
static KEY: LazyLock<Certificate> = LazyLock::new(|| {
    let pem = include_str!("../../crates/saml/tests/data/signed/rsa.crt");
    Certificate::from_pem(pem).expect("a certificate").remove(0)
});

fn signed(query: &str) -> Option<(Vec<u8>, Option<String>)> {
    let read = Unverified::read(query).ok()?;
    let verified =
        read.verify(|algorithm, octets, signature| KEY.verifies(algorithm, octets, signature));
    let verified = verified.ok()?;
    let message = verified.message();
    Some((message.document.clone(), message.relay_state.clone()))
}

fuzz_target!(|query: &str| {
    if let Ok(read) = Unverified::read(query)
        && let Ok(message) = read.unsigned()
    {
        assert!(message.document.len() <= MAX_MESSAGE_BYTES);
        assert!(message.document.len() <= query.len() * MAX_RATIO);
    }
    if let Some(read) = signed(query) {
        assert_eq!(Some(read), signed(SIGNED));
    }
});
