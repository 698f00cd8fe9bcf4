//! Whether a metadata document may be kept: well-formed, of one identity provider, with a certificate to verify it by.
//!
//! A gate and no more: it returns nothing, and whoever needs the certificates reads the document anew. Stricter than
//! AWS, which also takes metadata without a certificate for signing: assertions of such a provider could never be
//! verified (SAML-1).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node, NodeType, ParsingOptions};

use crate::aws::error::AwsError;

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
/// Elements, texts and comments together (SAML-2).
const MOST_NODES: u32 = 10_000;
/// Elements inside each other.
const MOST_DEPTH: usize = 64;
/// Attributes of one element; the reader compares each with each.
const MOST_ATTRIBUTES: usize = 64;
/// Namespace declarations of the whole document; every element repeats those around it.
const MOST_NAMESPACES: usize = 1000;

/// Refuses what is no metadata document of one SAML 2.0 identity provider.
pub fn check(document: &str) -> Result<(), AwsError> {
    let unparsable = || AwsError::invalid_input("Could not parse metadata");
    within_limits(document).ok_or_else(unparsable)?;
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    let tree = Document::parse_with_options(document, options).map_err(|_| unparsable())?;
    let odd = |node: Node<'_, '_>| {
        node.node_type() == NodeType::PI || node.ancestors().nth(MOST_DEPTH + 1).is_some()
    };
    let root = tree.root_element();
    let entity = root.attribute("entityID").unwrap_or_default();
    if tree.descendants().any(odd)
        || !root.has_tag_name((METADATA, "EntityDescriptor"))
        || entity.is_empty()
        || entity.chars().count() > 1024
    {
        return Err(unparsable());
    }
    let idp = root
        .children()
        .find(|node| node.has_tag_name((METADATA, "IDPSSODescriptor")));
    let idp = idp.ok_or_else(|| {
        AwsError::invalid_input("SAML Providers must reference at least one SAML assertion issuer.")
    })?;
    let signing = |node: &Node<'_, '_>| {
        node.has_tag_name((METADATA, "KeyDescriptor"))
            && node
                .attribute("use")
                .is_none_or(|purpose| purpose == "signing")
    };
    let certificates = idp.children().filter(signing).flat_map(|key| {
        let inside = key.descendants();
        inside.filter(|node| node.has_tag_name((SIGNATURE, "X509Certificate")))
    });
    let mut count = 0;
    for certificate in certificates {
        is_certificate(&text_of(certificate)).ok_or_else(unparsable)?;
        count += 1;
    }
    match count {
        0 => Err(AwsError::invalid_input(
            "Could not parse metadata: the identity provider has no X.509 certificate for signing.",
        )),
        _ => Ok(()),
    }
}

/// All text of an element joined: a comment must not cut it short (SAML-17).
fn text_of(node: Node<'_, '_>) -> String {
    let texts = node.children().filter(Node::is_text);
    texts.filter_map(|text| text.text()).collect()
}

/// What the reader itself does not bound, counted before it reads: attributes and namespace declarations, whose
/// number it pays for squared. Processing instructions and document types end here as well.
fn within_limits(document: &str) -> Option<()> {
    let document = document.strip_prefix('\u{feff}').unwrap_or(document);
    let mut rest = match document.strip_prefix("<?xml ") {
        Some(declaration) => declaration.split_once("?>")?.1,
        None => document,
    };
    let mut namespaces = 0;
    while let Some((_, tag)) = rest.split_once('<') {
        rest = if let Some(comment) = tag.strip_prefix("!--") {
            comment.split_once("-->")?.1
        } else if let Some(text) = tag.strip_prefix("![CDATA[") {
            text.split_once("]]>")?.1
        } else if tag.starts_with(['!', '?']) {
            return None;
        } else {
            let (attributes, declarations, rest) = skip_tag(tag)?;
            namespaces += declarations;
            if attributes > MOST_ATTRIBUTES || namespaces > MOST_NAMESPACES {
                return None;
            }
            rest
        };
    }
    Some(())
}

/// Attributes and namespace declarations of the tag that begins here, and what comes after it.
fn skip_tag(mut rest: &str) -> Option<(usize, usize, &str)> {
    let (mut attributes, mut declarations) = (0, 0);
    loop {
        let at = rest.find(['"', '\'', '>'])?;
        let (name, from) = rest.split_at(at);
        let mut after = from.chars();
        let quote = after.next()?;
        if quote == '>' {
            return Some((attributes, declarations, after.as_str()));
        }
        attributes += 1;
        declarations += usize::from(name.contains("xmlns"));
        rest = after.as_str().split_once(quote)?.1;
    }
}

/// Whether this is base64 of one DER `Certificate`: a sequence of the signed part, an algorithm and a signature, and
/// nothing after it. What the certificate says is for whoever verifies with it.
fn is_certificate(text: &str) -> Option<()> {
    let text: String = text.split_ascii_whitespace().collect();
    let der = STANDARD.decode(text).ok()?;
    let (body, rest) = element(0x30, &der)?;
    let (signed, after) = element(0x30, body)?;
    let (_, after) = element(0x30, after)?;
    let (_, after) = element(0x03, after)?;
    (rest.is_empty() && after.is_empty() && !signed.is_empty()).then_some(())
}

/// The content of the DER element of this tag at the beginning, and what comes after it.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, der) = der.split_first()?;
    let (first, mut der) = der.split_first()?;
    let mut length = usize::from(*first);
    if length >= 0x80 {
        let bytes = length - 0x80;
        let (digits, rest) = der.split_at_checked(bytes)?;
        if bytes > 3 {
            return None;
        }
        length = digits
            .iter()
            .fold(0, |length, byte| length << 8 | usize::from(*byte));
        der = rest;
    }
    (*found == tag).then(|| der.split_at_checked(length))?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of an elliptic curve, made for this file.
    const CERTIFICATE: &str = "MIIBgjCCASmgAwIBAgIUaM5xk/4We0K0sdlzc+tfa1009kcwCgYIKoZIzj0EAwIwFjEUMBIGA1UEAwwLaWRwLmV4YW1wbGUwIBcNMjYxMTIyMDczNzIwWhgPMjEyNjEwMjkwNzM3MjBaMBYxFDASBgNVBAMMC2lkcC5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEfpmhIns4RP1VannrzBj2myvl3ed3/KnAaFNXGiLlUCyGkyXGMIHv5kojzLFhhddrkKZaBdjKw4JpqeecKTskaNTMFEwHQYDVR0OBBYEFIOaAc8/iDDnAg3vgO/1mYgm87Y1MB8GA1UdIwQYMBaAFIOaAc8/iDDnAg3vgO/1mYgm87Y1MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgCzBGodX4axEXssDWo8igSwOD3gY6SoeOAwNXbTI6IZACIDhG0SCpsTM69r60x5LM3ic5RcCTr2V3n4gJaDQU1FSg";

    fn metadata(idp: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<EntityDescriptor xmlns=\"{METADATA}\" entityID=\"https://idp.example\">{idp}</EntityDescriptor>"
        )
    }

    fn idp(keys: &str) -> String {
        metadata(&format!("<IDPSSODescriptor>{keys}</IDPSSODescriptor>"))
    }

    fn key(purpose: &str, certificate: &str) -> String {
        format!(
            "<KeyDescriptor{purpose}><KeyInfo xmlns=\"{SIGNATURE}\"><X509Data><X509Certificate>{certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
        )
    }

    fn good() -> String {
        idp(&key(" use=\"signing\"", CERTIFICATE))
    }

    #[track_caller]
    fn refused(document: &str, message: &str) {
        let error = check(document).unwrap_err();
        assert_eq!((error.code, &*error.message), ("InvalidInput", message));
    }

    const UNPARSABLE: &str = "Could not parse metadata";

    #[test]
    fn metadata_with_a_certificate_for_signing_may_be_kept() {
        check(&good()).unwrap();
        check(&idp(&key("", CERTIFICATE))).unwrap();
        check(&format!("\u{feff}{}", good())).unwrap();
        check(&good().replace("<IDP", "<!-- it's \"mine\" <a> --><IDP")).unwrap();
        // White space and comments inside do not count.
        let (one, two) = CERTIFICATE.split_at(100);
        check(&idp(&key("", &format!("\n  {one}\n<!-- x -->{two} ")))).unwrap();
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for bad in [
            "",
            "x",
            "<EntityDescriptor>",
            &good().replace("</X509Data>", ""),
        ] {
            refused(bad, UNPARSABLE);
        }
        refused(&format!("{}<more/>", good()), UNPARSABLE);
        refused(&good().replace("https://idp", "&other;"), UNPARSABLE);
        refused(&good().replace("https://idp", "\u{1}"), UNPARSABLE);
    }

    #[test]
    fn another_root_is_refused() {
        refused(
            &good().replace("EntityDescriptor", "EntitiesDescriptor"),
            UNPARSABLE,
        );
        refused(&good().replace(METADATA, "urn:other"), UNPARSABLE);
        refused(&good().replace("entityID", "entity"), UNPARSABLE);
        refused(&good().replace("https://idp.example", ""), UNPARSABLE);
        refused(
            &good().replace("https://idp.example", &"x".repeat(1025)),
            UNPARSABLE,
        );
    }

    #[test]
    fn an_entity_that_is_no_identity_provider_is_refused() {
        let message = "SAML Providers must reference at least one SAML assertion issuer.";
        refused(&metadata(""), message);
        refused(&good().replace("IDPSSO", "SPSSO"), message);
    }

    #[test]
    fn an_identity_provider_without_a_certificate_for_signing_is_refused() {
        let message =
            "Could not parse metadata: the identity provider has no X.509 certificate for signing.";
        refused(&idp(""), message);
        refused(&idp(&key(" use=\"encryption\"", CERTIFICATE)), message);
        refused(&good().replace(SIGNATURE, "urn:other"), message);
    }

    #[test]
    fn a_certificate_that_is_none_is_refused() {
        let whole = STANDARD.decode(CERTIFICATE).unwrap();
        let mut longer = whole.clone();
        longer.push(0);
        for bad in [
            "",
            "!!",
            "aaaa",
            &STANDARD.encode(&whole[1..]),
            &STANDARD.encode(&whole[..whole.len() - 1]),
            &STANDARD.encode(longer),
            &STANDARD.encode([0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0]),
        ] {
            refused(&idp(&key("", bad)), UNPARSABLE);
        }
        // One that is good does not make up for another.
        refused(&idp(&(key("", CERTIFICATE) + &key("", "aaaa"))), UNPARSABLE);
    }

    #[test]
    fn document_types_and_processing_instructions_are_refused() {
        let declared = |inner: &str| good().replacen("?>", &format!("?>{inner}"), 1);
        refused(&declared("<!DOCTYPE x [<!ENTITY e 'v'>]>"), UNPARSABLE);
        refused(&declared("<?php x ?>"), UNPARSABLE);
        refused(&good().replace("<IDP", "<?pi?><IDP"), UNPARSABLE);
    }

    #[test]
    fn bombs_are_refused_at_once() {
        let started = std::time::Instant::now();
        let million = 1_000_000;
        let deep = "<a>".repeat(million / 2);
        refused(&metadata(&deep), UNPARSABLE);
        let deep = format!("{}{}", "<a>".repeat(64), "</a>".repeat(64));
        refused(&good().replace("<IDP", &format!("{deep}<IDP")), UNPARSABLE);
        let many = "<a/>".repeat(10_000);
        refused(&good().replace("<IDP", &format!("{many}<IDP")), UNPARSABLE);
        let wide: String = (0..200_000).map(|i| format!(" a{i}='>'")).collect();
        refused(
            &good().replace("<IDP", &format!("<a{wide}/><IDP")),
            UNPARSABLE,
        );
        let named: String = (0..1001)
            .map(|i| format!("<a xmlns:n{i}='urn:x'/>"))
            .collect();
        refused(&good().replace("<IDP", &format!("{named}<IDP")), UNPARSABLE);
        refused(&"<".repeat(million), UNPARSABLE);
        refused(&"<a b='".repeat(million), UNPARSABLE);
        assert!(started.elapsed() < std::time::Duration::from_secs(5));
    }
}
