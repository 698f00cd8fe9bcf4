//! Enveloped signatures, of the one profile that SAML allows (Core 5.4) and that our own reader accepts.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::names;
use crate::signing_key::Credential;
use crate::write::{DS, Element, WriteError};

const SHA256_DIGEST: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// The element with a signature over itself, by its `ID`: SHA-256, exclusive canonicalization, the certificate beside
/// it as a hint.
///
/// Whatever is added to the element afterwards breaks the signature.
///
/// # Errors
/// [`WriteError::Id`] where it has none, [`WriteError::Character`], [`WriteError::Signing`].
pub fn enveloped(element: Element, credential: &Credential) -> Result<Element, WriteError> {
    let id = element.attribute("ID").ok_or(WriteError::Id)?;
    let digest_value = digest(&SHA256, element.canonical()?.as_bytes());
    let signed_info = Element::new(DS, "SignedInfo")
        .child(method("CanonicalizationMethod", names::EXC_C14N))
        .child(method("SignatureMethod", credential.key().algorithm()))
        .child(
            Element::new(DS, "Reference")
                .attr("URI", format!("#{id}"))
                .child(
                    Element::new(DS, "Transforms")
                        .child(method("Transform", names::ENVELOPED))
                        .child(method("Transform", names::EXC_C14N)),
                )
                .child(method("DigestMethod", SHA256_DIGEST))
                .child(Element::new(DS, "DigestValue").text(STANDARD.encode(digest_value))),
        );
    let value = credential
        .key()
        .sign(signed_info.canonical()?.as_bytes())
        .map_err(|_| WriteError::Signing)?;
    let signature = Element::new(DS, "Signature")
        .child(signed_info)
        .child(Element::new(DS, "SignatureValue").text(STANDARD.encode(value)))
        .child(key_info(&credential.certificate_base64()));
    Ok(element.with_signature(signature))
}

/// `KeyInfo` with a certificate.
pub(crate) fn key_info(certificate_base64: &str) -> Element {
    let certificate = Element::new(DS, "X509Certificate").text(certificate_base64);
    Element::new(DS, "KeyInfo").child(Element::new(DS, "X509Data").child(certificate))
}

fn method(name: &'static str, algorithm: &str) -> Element {
    Element::new(DS, name).attr("Algorithm", algorithm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SigningKey;
    use crate::self_signed;
    use crate::write::{MD, SAML, SAMLP};

    fn credential() -> Credential {
        self_signed::credential(SigningKey::generate_p256().unwrap())
    }

    #[test]
    fn a_signature_comes_after_the_issuer_or_first() {
        let message = Element::new(SAMLP, "LogoutRequest")
            .attr("ID", "_1")
            .child(Element::new(SAML, "Issuer").text("us"))
            .child(Element::new(SAML, "NameID").text("alice"));
        let signed = enveloped(message, &credential()).unwrap();
        let signed = signed.canonical().unwrap();
        assert!(signed.contains("</saml:Issuer><ds:Signature "));
        let description = Element::new(MD, "EntityDescriptor")
            .attr("ID", "_2")
            .child(Element::new(MD, "SPSSODescriptor"));
        let signed = enveloped(description, &credential()).unwrap();
        let signed = signed.canonical().unwrap();
        assert!(signed.contains("ID=\"_2\"><ds:Signature "));
        assert!(signed.contains("<ds:Reference URI=\"#_2\">"));
    }

    #[test]
    fn what_has_no_id_is_not_signed() {
        let refused = enveloped(Element::new(SAMLP, "LogoutRequest"), &credential());
        assert_eq!(refused, Err(WriteError::Id));
    }
}
