mod changes;
mod documents;
mod products;
mod signatures;

use super::*;
use crate::testing::NOW;

const ADFS: &str = include_str!("../../tests/data/metadata/adfs.xml");
const ENTRA: &str = include_str!("../../tests/data/metadata/entra.xml");
const FEDERATION: &str = include_str!("../../tests/data/metadata/federation.xml");
const GOOGLE: &str = include_str!("../../tests/data/metadata/google.xml");
const KEYCLOAK: &str = include_str!("../../tests/data/metadata/keycloak.xml");
const KEYCLOAK_REALM: &str = include_str!("../../tests/data/metadata/keycloak-realm.xml");
const OKTA: &str = include_str!("../../tests/data/metadata/okta.xml");
const PING: &str = include_str!("../../tests/data/metadata/ping.xml");
const SHIBBOLETH: &str = include_str!("../../tests/data/metadata/shibboleth.xml");
const SIMPLESAMLPHP: &str = include_str!("../../tests/data/metadata/simplesamlphp.xml");

fn read(text: &str) -> Result<IdpMetadata, MetadataError> {
    IdpMetadata::read(text.as_bytes(), &Reading::at(NOW))
}

fn read_one(text: &str, entity_id: &str) -> Result<IdpMetadata, MetadataError> {
    let reading = Reading {
        entity_id: Some(entity_id),
        ..Reading::at(NOW)
    };
    IdpMetadata::read(text.as_bytes(), &reading)
}

/// One document with one thing different.
#[track_caller]
fn bent(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}
