//! Documents for tests: a plain response as text, to be bent at will, and a signer that signs whatever it is given.

pub mod properties;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::algorithm::DigestAlgorithm;
use crate::canonical::exclusive;
use crate::document::{Document, Limits};
use crate::encrypt::{Recipient, seal};
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
}

impl Manner {
    /// As it is done.
    pub const PLAIN: Manner = Manner {
        prefixes: None,
        after: String::new(),
        uri: None,
    };
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
/// Where the text is no document or has no such element.
pub fn sign_as(text: &str, id: &str, credential: &Credential, manner: &Manner) -> String {
    let document = match Document::parse(text.as_bytes(), &Limits::METADATA) {
        Ok(document) => document,
        Err(error) => panic!("{error}: {text}"),
    };
    let mut elements = document.root().descendants();
    let Some(element) = elements.find(|it| it.attribute("ID") == Some(id)) else {
        panic!("no element has the ID {id}");
    };
    let prefixes: Vec<&str> = match &manner.prefixes {
        Some(list) => list
            .split(' ')
            .map(|it| if it == "#default" { "" } else { it })
            .collect(),
        None => Vec::new(),
    };
    let bytes = exclusive(element, None, &prefixes);
    let digest = STANDARD.encode(DigestAlgorithm::Sha256.digest(&bytes));
    let list = match &manner.prefixes {
        Some(list) => format!(
            "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"{list}\"></ec:InclusiveNamespaces>"
        ),
        None => String::new(),
    };
    let own = format!("#{id}");
    let uri = manner.uri.as_deref().unwrap_or(&own);
    let info = format!(
        "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"{}\"></ds:SignatureMethod><ds:Reference URI=\"{uri}\"><ds:Transforms><ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform><ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">{list}</ds:Transform></ds:Transforms><ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>",
        credential.key().algorithm()
    );
    let value = credential.key().sign(info.as_bytes());
    let value = STANDARD.encode(value.unwrap_or_else(|error| panic!("{error}")));
    let signature = format!(
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{info}<ds:SignatureValue>{value}</ds:SignatureValue>{}</ds:Signature>",
        manner.after
    );
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
    format!("{before}{signature}{after}")
}
