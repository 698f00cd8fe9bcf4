//! The service provider's keys, as its metadata says now: it may get new ones at any time.

use http::StatusCode;
use url::Url;

use crate::demo::idp::DemoIdp;
use crate::outbound::Limits;
use crate::saml::document::{self, Document};
use crate::saml::response::Provider;
use crate::saml::{Certificate, SamlError, names, redirect};

const LIMITS: Limits = Limits {
    max_bytes: 256 * 1024,
    accept: "application/samlmetadata+xml",
};

/// The message of a query that the service provider signed.
pub(super) async fn signed_by_it(
    idp: &DemoIdp,
    unverified: redirect::Unverified,
) -> Result<redirect::Message, SamlError> {
    let certificates = certificates(idp).await;
    let holds = |algorithm, octets: &[u8], signature: &[u8]| {
        let mut certificates = certificates.iter();
        certificates.any(|certificate| certificate.verifies(algorithm, octets, signature))
    };
    Ok(unverified.verify(holds)?.message().clone())
}

/// It, as whoever checks a logout message knows a party.
pub(super) fn party<'a>(idp: &'a DemoIdp, keys: &'a [Certificate]) -> Provider<'a> {
    Provider {
        entity_id: &idp.shared.service_provider.entity_id,
        keys,
        decryption: &[],
        allow_cbc: false,
        second_opinion: false,
        allow_sha1: false,
    }
}

/// Its certificates for signing. Where it publishes none, nothing is signed by it.
pub(super) async fn certificates(idp: &DemoIdp) -> Vec<Certificate> {
    let entity_id = &idp.shared.service_provider.entity_id;
    let Ok(url) = Url::parse(entity_id) else {
        return Vec::new();
    };
    match idp.shared.outbound.get(&url, LIMITS).await {
        Ok(fetched) if fetched.status == StatusCode::OK => {
            read(&fetched.body, entity_id).unwrap_or_default()
        }
        Ok(fetched) => {
            let status = fetched.status.as_u16();
            tracing::warn!(status, "the service provider's metadata is not there");
            Vec::new()
        }
        Err(error) => {
            tracing::warn!(%error, "the service provider's metadata cannot be read");
            Vec::new()
        }
    }
}

fn read(bytes: &[u8], entity_id: &str) -> Option<Vec<Certificate>> {
    let document = Document::parse(bytes, &document::Limits::METADATA).ok()?;
    let root = document.root();
    let is_its = root.is(names::METADATA, "EntityDescriptor")
        && root.attribute("entityID") == Some(entity_id);
    let role = root.named(names::METADATA, "SPSSODescriptor").next();
    let keys = role
        .filter(|_| is_its)?
        .named(names::METADATA, "KeyDescriptor");
    let signing = keys.filter(|key| key.attribute("use") != Some("encryption"));
    let certificates = signing.flat_map(|key| key.descendants());
    let certificates = certificates.filter(|it| it.is(names::SIGNATURE, "X509Certificate"));
    Some(
        certificates
            .filter_map(|it| Certificate::from_base64(&it.text()?).ok())
            .collect(),
    )
}
