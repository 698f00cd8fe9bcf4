//! Documents for tests: a plain response as text, to be bent at will, and a signer that signs whatever it is given.

pub mod properties;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::algorithm::DigestAlgorithm;
use crate::canonical::exclusive;
use crate::document::{Document, Element, Limits};
use crate::encrypt::{Recipient, seal};
use crate::names::SIGNATURE;
use crate::self_signed::{Subject, self_signed};
use crate::{Credential, SigningKey};

/// When the samples are fresh: 2026-11-22T10:00:00Z.
pub const NOW: i64 = 1_795_341_600;
/// The entity id of the samples' provider.
pub const IDP: &str = "https://idp.example/saml";
/// The entity id of the samples' service provider.
pub const SP: &str = "https://sso.example.com/saml/contoso/metadata";
/// Where the samples are delivered.
pub const ACS: &str = "https://sso.example.com/saml/contoso/acs";
/// The request that the samples answer.
pub const REQUEST: &str = "_request";

/// A response about Ann, issued half a minute ago and good for five. Single quotes make it easy to bend by `replace`.
pub fn response() -> String {
    format!(
        "<samlp:Response xmlns:samlp='urn:oasis:names:tc:SAML:2.0:protocol' xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion' ID='_r' Version='2.0' IssueInstant='2026-11-22T09:59:30Z' Destination='{ACS}' InResponseTo='{REQUEST}'><saml:Issuer>{IDP}</saml:Issuer><samlp:Status><samlp:StatusCode Value='urn:oasis:names:tc:SAML:2.0:status:Success'/></samlp:Status>{}</samlp:Response>",
        assertion()
    )
}

/// The assertion in it. Its prefix is declared here too, so that it can be a document of its own.
pub fn assertion() -> String {
    format!(
        "<saml:Assertion xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion' ID='_a' Version='2.0' IssueInstant='2026-11-22T09:59:30Z'><saml:Issuer>{IDP}</saml:Issuer><saml:Subject><saml:NameID Format='urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'>ann</saml:NameID><saml:SubjectConfirmation Method='urn:oasis:names:tc:SAML:2.0:cm:bearer'><saml:SubjectConfirmationData NotOnOrAfter='2026-11-22T10:04:30Z' Recipient='{ACS}' InResponseTo='{REQUEST}'/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore='2026-11-22T09:59:00Z' NotOnOrAfter='2026-11-22T10:04:30Z'><saml:AudienceRestriction><saml:Audience>{SP}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant='2026-11-22T09:59:00Z' SessionIndex='_s' SessionNotOnOrAfter='2026-11-22T18:00:00Z'><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name='groups'><saml:AttributeValue>engineering</saml:AttributeValue><saml:AttributeValue>admins</saml:AttributeValue></saml:Attribute><saml:Attribute Name='mail'><saml:AttributeValue>ann@acme.example</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion>"
    )
}

/// A response with its assertion encrypted, signatures in it and all. To sign the response itself comes after.
///
/// # Panics
/// Where there is no assertion, or one that does not begin with `<saml:Assertion`.
pub fn encrypt(text: &str, recipient: &Recipient) -> String {
    let end = "</saml:Assertion>";
    let (Some(from), Some(to)) = (text.find("<saml:Assertion"), text.find(end)) else {
        panic!("no assertion: {text}");
    };
    let (before, rest) = text.split_at_checked(from).unwrap_or_default();
    let (assertion, after) = rest
        .split_at_checked(to + end.len() - from)
        .unwrap_or_default();
    let sealed = seal(assertion.as_bytes().to_vec(), recipient);
    let sealed = sealed.and_then(|sealed| sealed.canonical());
    let sealed = sealed.unwrap_or_else(|error| panic!("{error}"));
    format!("{before}{sealed}{after}")
}

/// A key with its certificate, made anew.
///
/// # Panics
/// Where the library makes no keys.
pub fn credential(key: SigningKey) -> Credential {
    let subject = Subject {
        common_name: "idp.example",
        serial: [7; 16],
        not_before: NOW - 86400,
        not_after: NOW + 10 * 365 * 86400,
    };
    let made = self_signed(&key, &subject).and_then(|der| Credential::new(key, der));
    made.unwrap_or_else(|error| panic!("{error}"))
}

/// How to sign, for signatures that no provider should make.
#[derive(Clone, Debug)]
pub struct Manner {
    /// `PrefixList` of the second transform; none: no `InclusiveNamespaces`.
    pub prefixes: Option<String>,
    /// What to put after `SignatureValue`: `KeyInfo`, or what does not belong there.
    pub after: String,
    /// Where the reference leads; none: to the element, as it must.
    pub uri: Option<String>,
    /// Texts of the signature, each once and with what takes its place, before it is made: it holds all the same.
    pub edits: Vec<(String, String)>,
}

impl Manner {
    /// As it is done.
    pub const PLAIN: Manner = Manner {
        prefixes: None,
        after: String::new(),
        uri: None,
        edits: Vec::new(),
    };

    /// With one text of the signature changed before it is made.
    pub fn edited(from: &str, to: &str) -> Manner {
        Manner {
            edits: vec![(from.to_owned(), to.to_owned())],
            ..Manner::PLAIN
        }
    }
}

/// Signs the element with this `ID`, the signature directly behind its issuer.
///
/// # Panics
/// Where the text is no document or has no such element.
pub fn sign(text: &str, id: &str, credential: &Credential) -> String {
    sign_as(text, id, credential, &Manner::PLAIN)
}

/// Signs, in some manner.
///
/// # Panics
/// Where the text is no document, has no such element, or nothing to edit.
pub fn sign_as(text: &str, id: &str, credential: &Credential, manner: &Manner) -> String {
    let list = match &manner.prefixes {
        Some(list) => format!(
            "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"{list}\"></ec:InclusiveNamespaces>"
        ),
        None => String::new(),
    };
    let own = format!("#{id}");
    let uri = manner.uri.as_deref().unwrap_or(&own);
    let mut signature = format!(
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"{}\"></ds:SignatureMethod><ds:Reference URI=\"{uri}\"><ds:Transforms><ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform><ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">{list}</ds:Transform></ds:Transforms><ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>@D:{id}@</ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue>@S:{id}@</ds:SignatureValue>{}</ds:Signature>",
        credential.key().algorithm(),
        manner.after
    );
    for (from, to) in &manner.edits {
        assert!(signature.contains(from.as_str()), "no {from}: {signature}");
        signature = signature.replacen(from.as_str(), to, 1);
    }
    // Behind the first issuer after the element's own tag.
    let from = [format!("ID='{id}'"), format!("ID=\"{id}\"")]
        .iter()
        .find_map(|it| text.find(it.as_str()))
        .unwrap_or_else(|| panic!("the ID {id} is not written plainly"));
    let rest = text.get(from..).unwrap_or_default();
    let end = rest.find("Issuer>").unwrap_or_else(|| panic!("no issuer"));
    let close = rest.get(end + 7..).unwrap_or_default();
    let close = close.find("Issuer>").unwrap_or_else(|| panic!("no issuer"));
    let at = from + end + 7 + close + 7;
    let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
    complete(&format!("{before}{signature}{after}"), credential)
}

/// Makes the signatures of a document that has them already but for their values: `@D:x@` in the place of the digest and
/// `@S:x@` in that of the signature, where `x` is the `ID` of the signed element. Each is made as it says of itself, the
/// inner ones first.
///
/// # Panics
/// Where the text is no document.
pub fn complete(text: &str, credential: &Credential) -> String {
    let mut text = text.to_owned();
    while let Some((place, value)) = missing(&text, credential) {
        text = text.replacen(&place, &value, 1);
    }
    text
}

/// The last place that is still to be filled, and with what.
fn missing(text: &str, credential: &Credential) -> Option<(String, String)> {
    let document = match Document::parse(text.as_bytes(), &Limits::METADATA) {
        Ok(document) => document,
        Err(error) => panic!("{error}: {text}"),
    };
    let elements: Vec<_> = document.root().descendants().collect();
    let signatures = elements
        .iter()
        .rev()
        .filter(|it| it.is(SIGNATURE, "Signature"));
    for signature in signatures {
        let parent = signature.parent()?;
        let id = parent.attribute("ID").unwrap_or_default();
        let [digest, value] = ["D", "S"].map(|kind| format!("@{kind}:{id}@"));
        if text.contains(&digest) {
            let method = algorithm(*signature, "DigestMethod");
            let method = DigestAlgorithm::from_uri(method).unwrap_or(DigestAlgorithm::Sha256);
            let bytes = exclusive(
                parent,
                Some(*signature),
                &prefixes(*signature, "Transforms"),
            );
            return Some((digest, STANDARD.encode(method.digest(&bytes))));
        }
        let mut inside = signature.descendants();
        let info = inside.find(|it| it.is(SIGNATURE, "SignedInfo"));
        if let (true, Some(info)) = (text.contains(&value), info) {
            let message = exclusive(info, None, &prefixes(info, "CanonicalizationMethod"));
            let made = signed(credential, algorithm(info, "SignatureMethod"), &message);
            return Some((value, STANDARD.encode(made)));
        }
    }
    None
}

/// The `Algorithm` of the first element of that name.
fn algorithm<'d>(element: Element<'d>, local: &str) -> &'d str {
    let mut inside = element.descendants();
    let method = inside.find(|it| it.is(SIGNATURE, local));
    method
        .and_then(|it| it.attribute("Algorithm"))
        .unwrap_or_default()
}

/// What the first `PrefixList` within the first element of that name says.
fn prefixes<'d>(element: Element<'d>, local: &str) -> Vec<&'d str> {
    let mut inside = element.descendants();
    let method = inside.find(|it| it.is(SIGNATURE, local));
    let mut inside = method.into_iter().flat_map(|it| it.descendants());
    let list = inside.find_map(|it| it.attribute("PrefixList"));
    let tokens = list.into_iter().flat_map(|list| list.split(' '));
    tokens
        .map(|it| if it == "#default" { "" } else { it })
        .collect()
}

/// A signature as the algorithm has it, where it is one of RSA; otherwise as the key does it.
fn signed(credential: &Credential, algorithm: &str, message: &[u8]) -> Vec<u8> {
    use aws_lc_rs::signature as rsa;
    let (_, name) = algorithm.split_once('#').unwrap_or_default();
    let encoding: &dyn rsa::RsaEncoding = match name {
        "rsa-sha384" => &rsa::RSA_PKCS1_SHA384,
        "rsa-sha512" => &rsa::RSA_PKCS1_SHA512,
        "sha256-rsa-MGF1" => &rsa::RSA_PSS_SHA256,
        "sha384-rsa-MGF1" => &rsa::RSA_PSS_SHA384,
        "sha512-rsa-MGF1" => &rsa::RSA_PSS_SHA512,
        _ => {
            let made = credential.key().sign(message);
            return made.unwrap_or_else(|error| panic!("{error}"));
        }
    };
    let der = credential.key().to_pkcs8();
    let der = der.unwrap_or_else(|error| panic!("{error}"));
    let pair = rsa::RsaKeyPair::from_pkcs8(&der);
    let pair = pair.unwrap_or_else(|error| panic!("{error}"));
    let mut made = vec![0; pair.public_modulus_len()];
    let chance = aws_lc_rs::rand::SystemRandom::new();
    match pair.sign(encoding, &chance, message, &mut made) {
        Ok(()) => made,
        Err(error) => panic!("{error}"),
    }
}
