//! The second opinion: libxmlsec1, by samael, about a message that our own verifier has accepted.
//!
//! A fault in one verifier forges nothing if another one, by other people, on another parser, must agree. It is asked
//! last: libxml2 and libxmlsec1 fetch URLs, open files, run XSLT and repair broken documents before they look at a
//! signature, so they see only what the gate has let through and what verified under a key of the provider. This file
//! does not rely on its caller for that: [`agree`] looks once more, with a reader of its own, and hands over nothing
//! that refers or transforms beyond the one profile (security.md SAML-4).
//!
//! No type of samael leaves this file, and only one call of it is made: the one that hands back the verified bytes and
//! has no way to accept without looking. Everything else there (metadata, requests, the checks of a response) is ours.
//!
//! What libxmlsec1 has to say about a failure it writes to stderr, which only unsafe code could prevent. Nobody without
//! the provider's key gets it to say anything: what others send is refused before.

use std::panic::{AssertUnwindSafe, catch_unwind};

use roxmltree::Node;
use samael::crypto::{
    AllowedSignatureAlgorithm as Algorithm, CertificateDer, Crypto, CryptoProvider, ReduceMode,
};

use crate::names::{
    ASSERTION, ENVELOPED, EXC_C14N, PROTOCOL, SCHEMA_INSTANCE, SIGNATURE, SIGNATURE_11,
};
use crate::{SamlError, VerifiedAssertion};

/// The digests that go with them are those of the same lengths. samael knows no RSA-PSS, nor does libxmlsec1 1.2.
const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::RsaSha256,
    Algorithm::RsaSha384,
    Algorithm::RsaSha512,
    Algorithm::EcdsaSha256,
    Algorithm::EcdsaSha384,
    Algorithm::EcdsaSha512,
];
const SHA1: [&str; 3] = [
    "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
    "http://www.w3.org/2000/09/xmldsig#sha1",
];

/// What libxmlsec1 says that the signed bytes are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Opinion {
    /// An assertion, or a response with one.
    Assertion(Statement),
    /// A response whose assertion is encrypted. About what is in it this opinion says nothing: a signature in there is
    /// asked about when it is open.
    Encrypted,
}

/// What an assertion says, read from libxmlsec1's own output. White space around values is trimmed, and several
/// attributes of one name are one, as in [`VerifiedAssertion`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    /// `ID`.
    pub(crate) id: String,
    /// `Issuer`.
    pub(crate) issuer: String,
    /// `NameID`.
    pub(crate) name_id: String,
    /// Its `Format`, where there is one.
    pub(crate) name_id_format: Option<String>,
    /// Names and values, both in order.
    pub(crate) attributes: Vec<(String, Vec<String>)>,
}

impl Opinion {
    /// Whether this is the very assertion that our verifier read.
    pub(crate) fn confirms(&self, assertion: &VerifiedAssertion) -> bool {
        let said = match self {
            Opinion::Assertion(said) => said,
            Opinion::Encrypted => return assertion.encrypted(),
        };
        let attributes = assertion.attributes().iter();
        let attributes = attributes.map(|attribute| (&attribute.name, &attribute.values));
        said.id == assertion.id()
            && said.issuer == assertion.issuer()
            && said.name_id == assertion.name_id().value
            && said.name_id_format == assertion.name_id().format
            && attributes.eq(said.attributes.iter().map(|(name, values)| (name, values)))
    }
}

/// Has libxmlsec1 verify every signature of a document, and says what they cover. The certificates are those whose keys
/// our verifier found to fit; their dates and what else is in them are not looked at.
///
/// The document is a response as it was received, or an assertion alone: one that was signed before it was encrypted is
/// decrypted by us and handed over as a document of its own.
///
/// Blocks for about a millisecond of computing, at most about a hundred for a document of the greatest size, and cannot be
/// cancelled: the caller is off the async threads and lets only so many in at once (SAML-8). Any number of threads may
/// be in here.
///
/// # Errors
/// [`SamlError::Disagreement`] when libxmlsec1 refuses or cannot say, panics included; [`SamlError::SignatureAlgorithm`]
/// for one that it is not to judge or does not know.
pub(crate) fn agree(
    document: &[u8],
    certificates_der: &[&[u8]],
    allow_sha1: bool,
) -> Result<Opinion, SamlError> {
    let document = std::str::from_utf8(document).map_err(|_| SamlError::Disagreement)?;
    let allowed = inspect(document, allow_sha1)?;
    let certificates = certificates_der.iter();
    let certificates: Vec<_> = certificates
        .map(|der| CertificateDer::from(der.to_vec()))
        .collect();
    let reduced = unless_it_panics(|| {
        Crypto::reduce_xml_to_signed_with_allowed_algorithms(
            document,
            &certificates,
            // The bytes that were digested, rather than a tree pruned to match them: the other modes answer with
            // a document of libxml2's making, in time quadratic in its size.
            ReduceMode::PreDigest,
            allowed,
        )
        .map_err(|_| SamlError::Disagreement)
    })?;
    read(&reduced)
}

/// What panics has not agreed.
fn unless_it_panics<T>(ask: impl FnOnce() -> Result<T, SamlError>) -> Result<T, SamlError> {
    catch_unwind(AssertUnwindSafe(ask)).unwrap_or(Err(SamlError::Disagreement))
}

/// Looks at what libxmlsec1 would act on before it knows whose it is, and names the algorithms that it may accept.
/// `None` means any, for samael has no word for SHA-1; the methods have then been looked at here alone.
fn inspect(document: &str, allow_sha1: bool) -> Result<Option<&'static [Algorithm]>, SamlError> {
    // Without a document type, entities or a second root, as the default is.
    let tree = roxmltree::Document::parse(document).map_err(|_| SamlError::Disagreement)?;
    let mut nodes = tree.root().descendants();
    if nodes.any(|node| node.is_pi()) {
        return Err(SamlError::Disagreement);
    }
    let (mut sha1, mut signatures) = (false, 0);
    let named = |node: &Node<'_, '_>| is(node, SIGNATURE, "Signature");
    for signature in tree.root().descendants().filter(named) {
        signatures += 1;
        for part in signature.children().filter(Node::is_element) {
            match local(&part, SIGNATURE) {
                "SignedInfo" => {}
                "SignatureValue" => continue,
                "KeyInfo" => {
                    let mut inside = part.descendants();
                    let leads_away = |node: Node<'_, '_>| {
                        is(&node, SIGNATURE, "RetrievalMethod")
                            || is(&node, SIGNATURE_11, "KeyInfoReference")
                    };
                    match inside.any(leads_away) {
                        true => return Err(SamlError::Disagreement),
                        false => continue,
                    }
                }
                // `Object` first of all, whose `Manifest` has references of its own.
                _ => return Err(SamlError::Disagreement),
            }
            for node in part.descendants().filter(Node::is_element) {
                let algorithm = node.attribute("Algorithm").unwrap_or_default();
                let fine = match local(&node, SIGNATURE) {
                    "SignedInfo" | "Transforms" | "DigestValue" => true,
                    "CanonicalizationMethod" => algorithm == EXC_C14N,
                    "Transform" => [ENVELOPED, EXC_C14N].contains(&algorithm),
                    "Reference" => is_local(node.attribute("URI")),
                    "SignatureMethod" | "DigestMethod" => {
                        let old = SHA1.contains(&algorithm);
                        if (old && !allow_sha1) || (!old && !is_known(algorithm)) {
                            return Err(SamlError::SignatureAlgorithm);
                        }
                        sha1 |= old;
                        true
                    }
                    _ => is(&node, EXC_C14N, "InclusiveNamespaces"),
                };
                if !fine {
                    return Err(SamlError::Disagreement);
                }
            }
        }
    }
    match (signatures, sha1) {
        (1 | 2, false) => Ok(Some(&ALGORITHMS)),
        (1 | 2, true) => Ok(None),
        _ => Err(SamlError::Disagreement),
    }
}

/// Whether a reference stays within the document, by an `ID` and not by a pointer that computes.
fn is_local(uri: Option<&str>) -> bool {
    let id = uri
        .and_then(|uri| uri.strip_prefix('#'))
        .unwrap_or_default();
    !id.is_empty() && !id.contains(['(', ')', '#', '/', ' '])
}

fn is_known(algorithm: &str) -> bool {
    ALGORITHMS
        .iter()
        .any(|known| [known.signature_uri(), known.digest_uri()].contains(&algorithm))
}

fn is(node: &Node<'_, '_>, namespace: &str, name: &str) -> bool {
    local(node, namespace) == name
}

/// The name of an element within a namespace; empty where it is no element of it.
fn local<'d>(node: &Node<'_, 'd>, namespace: &str) -> &'d str {
    match node.tag_name().namespace() == Some(namespace) {
        true => node.tag_name().name(),
        false => "",
    }
}

/// Reads what libxmlsec1 digested. A parser that is neither ours nor libxml2's: what all three read alike is what was
/// meant.
fn read(reduced: &str) -> Result<Opinion, SamlError> {
    let tree = roxmltree::Document::parse(reduced).map_err(|_| SamlError::Disagreement)?;
    let root = tree.root_element();
    let mut assertions = root
        .descendants()
        .filter(|node| is(node, ASSERTION, "Assertion"));
    let assertion = assertions.next();
    let sealed = root
        .children()
        .filter(|node| is(node, ASSERTION, "EncryptedAssertion"));
    let response = is(&root, PROTOCOL, "Response");
    match (assertion, assertions.next(), sealed.count()) {
        (Some(one), None, 0) if one == root || (response && one.parent() == Some(root)) => {
            statement(&one).map(Opinion::Assertion)
        }
        (None, None, 1) if response => Ok(Opinion::Encrypted),
        _ => Err(SamlError::Disagreement),
    }
}

fn statement(assertion: &Node<'_, '_>) -> Result<Statement, SamlError> {
    let name_id = only(&only(assertion, "Subject")?, "NameID")?;
    let mut attributes: Vec<(String, Vec<String>)> = Vec::new();
    let statements = assertion
        .children()
        .filter(|node| is(node, ASSERTION, "AttributeStatement"));
    let elements = statements
        .flat_map(|statement| statement.children())
        .filter(|node| is(node, ASSERTION, "Attribute"));
    for element in elements {
        let name = needed(element.attribute("Name").map(trimmed))?;
        let values = element
            .children()
            .filter(|node| is(node, ASSERTION, "AttributeValue"))
            .filter_map(|node| value(&node));
        match attributes.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => known.extend(values),
            None => attributes.push((name, values.collect())),
        }
    }
    Ok(Statement {
        id: needed(assertion.attribute("ID"))?,
        issuer: needed(Some(&text(&only(assertion, "Issuer")?)))?,
        name_id: needed(Some(&text(&name_id)))?,
        name_id_format: name_id.attribute("Format").map(trimmed).map(str::to_owned),
        attributes,
    })
}

/// The one child of that name.
fn only<'a, 'i>(parent: &Node<'a, 'i>, name: &str) -> Result<Node<'a, 'i>, SamlError> {
    let mut found = parent.children().filter(|node| is(node, ASSERTION, name));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        _ => Err(SamlError::Disagreement),
    }
}

fn needed(value: Option<&str>) -> Result<String, SamlError> {
    let value = value.filter(|value| !value.is_empty());
    value.map(str::to_owned).ok_or(SamlError::Disagreement)
}

/// What a value of an attribute says, if it is one that we read: text, or a name and nothing else.
fn value(node: &Node<'_, '_>) -> Option<String> {
    let nil = node.attribute((SCHEMA_INSTANCE, "nil"));
    if nil.is_some_and(|nil| nil == "true" || nil == "1") {
        return None;
    }
    let elements: Vec<_> = node.children().filter(Node::is_element).collect();
    match elements.as_slice() {
        [] => Some(text(node)),
        [name] if is(name, ASSERTION, "NameID") && text(node) == text(name) => Some(text(name)),
        _ => None,
    }
}

/// All text in an element, without the white space around it.
fn text(node: &Node<'_, '_>) -> String {
    let parts = node.descendants().filter(Node::is_text);
    let joined: String = parts.filter_map(|part| part.text()).collect();
    trimmed(&joined).to_owned()
}

fn trimmed(value: &str) -> &str {
    value.trim_matches([' ', '\t', '\r', '\n'])
}

#[cfg(test)]
mod tests;
