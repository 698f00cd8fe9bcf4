//! `/saml/{idp}/…`: the service provider's doors, with an identity provider whose key the tests hold.

mod logout;
mod metadata;
mod profiles;
mod refusals;
mod sign_in;
mod unasked;

use drawbridge_saml::certificate::Certificate;

use crate::harness::saml_idp::Federation;

/// The certificates that our own metadata publishes.
fn our_certificates(federation: &Federation) -> Vec<Certificate> {
    let reply = federation.broker.get("/saml/contoso/metadata").send();
    let found = reply.text().split("<ds:X509Certificate>").skip(1);
    found
        .map(|rest| Certificate::from_base64(rest.split_once('<').unwrap().0).unwrap())
        .collect()
}
