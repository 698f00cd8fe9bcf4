//! Metadata: nothing panics, what is read can be used, and what must be signed is as it was signed.
#![no_main]

use std::sync::LazyLock;

use drawbridge_saml::metadata::{IdpMetadata, Reading, changes};
use drawbridge_saml::{Certificate, MetadataError};
use libfuzzer_sys::fuzz_target;

const ADFS: &str = include_str!("../../crates/saml/tests/data/metadata/adfs.xml");
static KEYS: LazyLock<Vec<Certificate>> = LazyLock::new(|| {
    let pem = include_str!("../../crates/saml/tests/data/metadata/adfs.crt");
    Certificate::from_pem(pem).expect("a certificate")
});
static SIGNED: LazyLock<IdpMetadata> =
    LazyLock::new(|| read(ADFS.as_bytes(), Some(&KEYS)).expect("it is genuine"));

fn read(bytes: &[u8], signed_by: Option<&[Certificate]>) -> Result<IdpMetadata, MetadataError> {
    // An odd length asks for one provider of many.
    let reading = Reading {
        entity_id: (bytes.len() % 2 == 1).then_some("https://one.example/idp"),
        signed_by,
        ..Reading::at(1_795_341_600)
    };
    IdpMetadata::read(bytes, &reading).or_else(|error| match error {
        MetadataError::Absent(_) => IdpMetadata::read(
            bytes,
            &Reading {
                entity_id: None,
                ..reading
            },
        ),
        error => Err(error),
    })
}

fuzz_target!(|bytes: &[u8]| {
    match read(bytes, None) {
        Ok(read) => {
            assert!(!read.entity_id.is_empty() && !read.signing.is_empty());
            for endpoint in read.sso.iter().chain(&read.slo) {
                for place in [&*endpoint.location, endpoint.for_responses()] {
                    assert!(
                        place
                            .get(..8)
                            .is_some_and(|it| it.eq_ignore_ascii_case("https://"))
                    );
                    assert!(!place.contains(['#', '"', '<', ' ', '\\']));
                }
            }
            assert_eq!(changes(&read, &read), []);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(read) = read(bytes, Some(&KEYS)) {
        assert_eq!(read, *SIGNED);
    }
});
