//! Drawbridge as a SAML identity provider: what it publishes, what it signs, and that an STS takes it.

use std::sync::LazyLock;

use drawbridge::clock::Clock;
use drawbridge::saml::metadata::{IdpMetadata, Reading};
use drawbridge::saml::names;

use crate::harness::{Broker, DEV, RUNTIME};

static DEMO: LazyLock<Broker> = LazyLock::new(Broker::demo);

/// Our metadata as whoever trusts us reads it.
fn published(broker: &Broker) -> IdpMetadata {
    let reply = broker.get("/saml/idp/metadata").send();
    assert_eq!(reply.status, 200, "{}", reply.text());
    let reading = Reading {
        http_on_loopback: true,
        ..Reading::at(broker.clock.unix())
    };
    IdpMetadata::read(reply.text().as_bytes(), &reading).unwrap()
}

#[test]
fn our_metadata_is_published_for_anybody() {
    let reply = DEMO.get("/saml/idp/metadata").send();
    assert_eq!(reply.header("content-type"), "application/samlmetadata+xml");
    assert_eq!(reply.header("cache-control"), "public, max-age=3600");
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert_eq!(reply.header("set-cookie"), "");
    let read = published(&DEMO);
    assert_eq!(read.entity_id, DEMO.absolute("/saml/idp/metadata"));
    let sso = read.sso_by(names::REDIRECT).unwrap();
    assert_eq!(sso.location, DEMO.absolute("/"));
    assert!(!read.want_authn_requests_signed);
    let persistent = format!("{}persistent", names::NAMEID_FORMAT);
    assert_eq!(read.name_id_formats, [&persistent, names::EMAIL_ADDRESS]);
    assert_eq!(read.signing.len(), 1);
    // It is the identity provider's key, not the service provider's.
    let others = RUNTIME.block_on(DEMO.app.saml_keys.keys(DEMO.clock.unix()));
    let others = others.unwrap();
    assert_ne!(
        read.signing[0].der(),
        others[0].credential.certificate_der()
    );
}

#[test]
fn our_metadata_can_be_registered_as_a_saml_provider() {
    let document = DEMO.get("/saml/idp/metadata").send();
    let fields = [
        ("Name", "Itself"),
        ("SAMLMetadataDocument", document.text()),
    ];
    DEMO.iam_ok(DEMO.root(DEV), "CreateSAMLProvider", &fields);
}
