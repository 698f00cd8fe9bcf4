//! Metadata of our own: what others need to know to trust us (Metadata 2.4).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::encrypt::{Content, KeyTransport};
use crate::names;
use crate::sign::key_info;
use crate::write::{Element, MD, WriteError, instant};

/// Us as a service provider.
#[derive(Debug, Clone, Copy)]
pub struct ServiceProvider<'a> {
    /// Our entity id.
    pub entity_id: &'a str,
    /// Certificates that we sign with, in DER; several while keys are rolled over.
    pub signing: &'a [&'a [u8]],
    /// Certificates to encrypt assertions for, in DER; none: we want them in the clear.
    pub encryption: &'a [&'a [u8]],
    /// Where responses are posted.
    pub acs_url: &'a str,
    /// Where logout goes, by redirect and by form.
    pub slo_url: Option<&'a str>,
    /// Formats of name that we understand, the best first.
    pub name_id_formats: &'a [&'a str],
    /// Whether the assertion itself must be signed.
    pub want_assertions_signed: bool,
    /// Whether our requests are signed.
    pub authn_requests_signed: bool,
    /// Until when this may be relied on, seconds since 1970.
    pub valid_until: Option<i64>,
}

/// Us as an identity provider.
#[derive(Debug, Clone, Copy)]
pub struct IdentityProvider<'a> {
    /// Our entity id.
    pub entity_id: &'a str,
    /// Certificates that we sign with, in DER; several while keys are rolled over.
    pub signing: &'a [&'a [u8]],
    /// Where requests go, by redirect and by form.
    pub sso_url: &'a str,
    /// Where logout goes, by redirect and by form.
    pub slo_url: Option<&'a str>,
    /// Formats of name that we give, the best first.
    pub name_id_formats: &'a [&'a str],
    /// Whether requests must be signed.
    pub want_authn_requests_signed: bool,
    /// Until when this may be relied on, seconds since 1970.
    pub valid_until: Option<i64>,
}

impl ServiceProvider<'_> {
    /// The document's root, unsigned.
    ///
    /// # Errors
    /// [`WriteError::Time`].
    pub fn element(&self) -> Result<Element, WriteError> {
        let encryption = self.encryption.iter();
        let role = Element::new(MD, "SPSSODescriptor")
            .attr("protocolSupportEnumeration", names::PROTOCOL)
            .attr(
                "WantAssertionsSigned",
                self.want_assertions_signed.to_string(),
            )
            .attr(
                "AuthnRequestsSigned",
                self.authn_requests_signed.to_string(),
            )
            .children(self.signing.iter().map(|der| key("signing", der)))
            .children(encryption.map(|der| key("encryption", der).children(methods())))
            .children(by_both("SingleLogoutService", self.slo_url))
            .children(formats(self.name_id_formats))
            .child(
                endpoint("AssertionConsumerService", names::POST, self.acs_url)
                    .attr("index", "0")
                    .attr("isDefault", "true"),
            );
        Ok(entity(self.entity_id, self.valid_until)?.child(role))
    }
}

impl IdentityProvider<'_> {
    /// The document's root, unsigned.
    ///
    /// # Errors
    /// [`WriteError::Time`].
    pub fn element(&self) -> Result<Element, WriteError> {
        let signed = self.want_authn_requests_signed.to_string();
        let role = Element::new(MD, "IDPSSODescriptor")
            .attr("protocolSupportEnumeration", names::PROTOCOL)
            .attr("WantAuthnRequestsSigned", signed)
            .children(self.signing.iter().map(|der| key("signing", der)))
            .children(by_both("SingleLogoutService", self.slo_url))
            .children(formats(self.name_id_formats))
            .children(by_both("SingleSignOnService", Some(self.sso_url)));
        Ok(entity(self.entity_id, self.valid_until)?.child(role))
    }
}

fn entity(entity_id: &str, valid_until: Option<i64>) -> Result<Element, WriteError> {
    let valid_until = valid_until.map(instant).transpose()?;
    Ok(Element::new(MD, "EntityDescriptor")
        .attr("entityID", entity_id)
        .maybe_attr("validUntil", valid_until.as_deref()))
}

/// Each key says what it is for: one without `use` is for everything.
fn key(usage: &str, certificate: &[u8]) -> Element {
    Element::new(MD, "KeyDescriptor")
        .attr("use", usage)
        .child(key_info(&STANDARD.encode(certificate)))
}

/// What we can open, the best first. Without it some providers choose AES-CBC or PKCS #1 v1.5, which we refuse.
///
/// By name alone, without the hashes of RSA-OAEP: older releases of Keycloak read no metadata with a child here
/// (keycloak/keycloak#12585), and by the schemas of SAML, whose wildcard is strict, `MGF` may not be here.
fn methods() -> impl Iterator<Item = Element> {
    let contents = [Content::Aes256Gcm, Content::Aes128Gcm].map(Content::name);
    let transports = [KeyTransport::OaepSha256, KeyTransport::OaepSha1].map(KeyTransport::name);
    let names = contents.into_iter().chain(transports);
    names.map(|name| Element::new(MD, "EncryptionMethod").attr("Algorithm", name))
}

fn by_both(name: &'static str, url: Option<&str>) -> Vec<Element> {
    let bindings = [names::REDIRECT, names::POST];
    url.map(|url| bindings.map(|binding| endpoint(name, binding, url)))
        .into_iter()
        .flatten()
        .collect()
}

fn endpoint(name: &'static str, binding: &str, url: &str) -> Element {
    Element::new(MD, name)
        .attr("Binding", binding)
        .attr("Location", url)
}

fn formats(formats: &[&str]) -> impl Iterator<Item = Element> {
    formats
        .iter()
        .map(|format| Element::new(MD, "NameIDFormat").text(*format))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line per element with its attributes and text, long names cut short, `KeyInfo` left out.
    fn outline(element: Result<Element, WriteError>) -> Vec<String> {
        let written = element.unwrap().canonical().unwrap();
        let document = roxmltree::Document::parse(&written).unwrap();
        let line = |node: roxmltree::Node<'_, '_>| {
            let mut line = node.tag_name().name().to_owned();
            for attribute in node.attributes() {
                let value = attribute.value().rsplit(['#', ':']).next().unwrap();
                line.push_str(&format!(" {}={value}", attribute.name()));
            }
            line + " " + node.text().unwrap_or_default()
        };
        document
            .descendants()
            .filter(|node| node.is_element())
            .filter(|node| !matches!(node.tag_name().name(), "KeyInfo" | "X509Data"))
            .map(|node| line(node).trim_end().to_owned())
            .collect()
    }

    #[test]
    fn a_service_provider_says_what_each_key_is_for() {
        let provider = ServiceProvider {
            entity_id: "us",
            signing: &[b"one"],
            encryption: &[b"two"],
            acs_url: "/acs",
            slo_url: Some("/slo"),
            name_id_formats: &["urn:f"],
            want_assertions_signed: true,
            authn_requests_signed: false,
            valid_until: None,
        };
        assert_eq!(
            outline(provider.element()),
            [
                "EntityDescriptor entityID=us",
                "SPSSODescriptor AuthnRequestsSigned=false WantAssertionsSigned=true protocolSupportEnumeration=protocol",
                "KeyDescriptor use=signing",
                "X509Certificate b25l",
                "KeyDescriptor use=encryption",
                "X509Certificate dHdv",
                "EncryptionMethod Algorithm=aes256-gcm",
                "EncryptionMethod Algorithm=aes128-gcm",
                "EncryptionMethod Algorithm=rsa-oaep",
                "EncryptionMethod Algorithm=rsa-oaep-mgf1p",
                "SingleLogoutService Binding=HTTP-Redirect Location=/slo",
                "SingleLogoutService Binding=HTTP-POST Location=/slo",
                "NameIDFormat urn:f",
                "AssertionConsumerService Binding=HTTP-POST Location=/acs index=0 isDefault=true",
            ]
        );
        let written = provider.element().unwrap().canonical().unwrap();
        assert!(written.contains("<md:KeyDescriptor use=\"signing\"><ds:KeyInfo xmlns:ds="));
    }

    #[test]
    fn an_identity_provider_shows_every_key_it_signs_with() {
        let provider = IdentityProvider {
            entity_id: "us",
            signing: &[b"old", b"new"],
            sso_url: "/sso",
            slo_url: None,
            name_id_formats: &["urn:f", "urn:g"],
            want_authn_requests_signed: false,
            valid_until: Some(1_772_366_400),
        };
        assert_eq!(
            outline(provider.element()),
            [
                "EntityDescriptor entityID=us validUntil=00Z",
                "IDPSSODescriptor WantAuthnRequestsSigned=false protocolSupportEnumeration=protocol",
                "KeyDescriptor use=signing",
                "X509Certificate b2xk",
                "KeyDescriptor use=signing",
                "X509Certificate bmV3",
                "NameIDFormat urn:f",
                "NameIDFormat urn:g",
                "SingleSignOnService Binding=HTTP-Redirect Location=/sso",
                "SingleSignOnService Binding=HTTP-POST Location=/sso",
            ]
        );
        let written = provider.element().unwrap().canonical().unwrap();
        assert!(written.contains(" validUntil=\"2026-03-01T12:00:00Z\">"));
    }
}
