//! The shape of a response: what stands where, before anything is believed (SAML-2, SAML-3).

use std::collections::HashSet;

use crate::SamlError;
use crate::document::{Document, Element, is_ncname};
use crate::names::{ASSERTION, ENCRYPTION, PROTOCOL, SIGNATURE, SUCCESS, XML};
use crate::signature;

/// Names that mean something here. In another namespace they are there to be mistaken for it.
const ASSERTION_NAMES: [&str; 20] = [
    "Advice",
    "Assertion",
    "Attribute",
    "AttributeStatement",
    "AttributeValue",
    "Audience",
    "AudienceRestriction",
    "AuthnContext",
    "AuthnStatement",
    "BaseID",
    "Conditions",
    "EncryptedAssertion",
    "EncryptedAttribute",
    "EncryptedID",
    "Issuer",
    "NameID",
    "OneTimeUse",
    "Subject",
    "SubjectConfirmation",
    "SubjectConfirmationData",
];
const PROTOCOL_NAMES: [&str; 4] = ["Response", "Status", "StatusCode", "StatusDetail"];
const SIGNATURE_NAMES: [&str; 11] = [
    "CanonicalizationMethod",
    "DigestMethod",
    "DigestValue",
    "KeyInfo",
    "Manifest",
    "Reference",
    "Signature",
    "SignatureMethod",
    "SignatureValue",
    "SignedInfo",
    "X509Certificate",
];

/// A response and what it carries.
pub(super) struct Shape<'d> {
    pub(super) response: Element<'d>,
    pub(super) assertion: Carried<'d>,
}

/// The one assertion.
pub(super) enum Carried<'d> {
    Plain(Element<'d>),
    Encrypted(Element<'d>),
}

impl<'d> Shape<'d> {
    pub(super) fn read(document: &'d Document<'d>) -> Result<Shape<'d>, SamlError> {
        let response = document.root();
        if !response.is(PROTOCOL, "Response") {
            return Err(SamlError::Root);
        }
        if response.attribute("Version") != Some("2.0") {
            return Err(SamlError::Version);
        }
        names(response)?;
        ids(response)?;
        parts(response)?;
        // A failure carries no assertion, and that it is one says more than that there is none.
        status(response)?;
        let plain: Vec<_> = response.named(ASSERTION, "Assertion").collect();
        let encrypted: Vec<_> = response.named(ASSERTION, "EncryptedAssertion").collect();
        let assertion = match (plain.as_slice(), encrypted.as_slice()) {
            ([one], []) => Carried::Plain(*one),
            ([], [one]) => Carried::Encrypted(*one),
            _ => return Err(SamlError::Assertions),
        };
        let count = |local| {
            let all = response.descendants();
            all.filter(|it| it.is(ASSERTION, local)).count()
        };
        if count("Assertion") + count("EncryptedAssertion") != 1 {
            return Err(SamlError::Assertions);
        }
        match assertion {
            Carried::Plain(assertion) => {
                signature::only_in(response, &[response, assertion])?;
                is_whole(assertion)?;
            }
            Carried::Encrypted(_) => signature::only_in(response, &[response])?,
        }
        Ok(Shape {
            response,
            assertion,
        })
    }
}

/// The checks of an assertion that was encrypted, once it is a document of its own.
pub(super) fn assertion_alone(assertion: Element<'_>) -> Result<(), SamlError> {
    if !assertion.is(ASSERTION, "Assertion") {
        return Err(SamlError::Root);
    }
    names(assertion)?;
    ids(assertion)?;
    signature::only_in(assertion, &[assertion])?;
    let mut inside = assertion.descendants().skip(1);
    if inside.any(|it| it.is(ASSERTION, "Assertion") || it.is(ASSERTION, "EncryptedAssertion")) {
        return Err(SamlError::Assertions);
    }
    is_whole(assertion)
}

/// Refuses our names in other namespaces.
fn names(root: Element<'_>) -> Result<(), SamlError> {
    for element in root.descendants() {
        let (namespace, local) = (element.namespace(), element.local());
        let home = if ASSERTION_NAMES.contains(&local) {
            ASSERTION
        } else if PROTOCOL_NAMES.contains(&local) {
            PROTOCOL
        } else if SIGNATURE_NAMES.contains(&local) {
            SIGNATURE
        } else {
            continue;
        };
        if namespace != home {
            return Err(SamlError::Element("a name of SAML in another namespace"));
        }
    }
    Ok(())
}

/// Refuses identifiers that are no names, come twice, or are spelled so that another reader might take them for one.
fn ids(root: Element<'_>) -> Result<(), SamlError> {
    let mut seen = HashSet::new();
    for element in root.descendants() {
        // XML Encryption calls its own `Id`; everything else that is like `ID` is there to be mistaken for it.
        let encryption = element.namespace() == ENCRYPTION;
        for attribute in element.attributes() {
            let id = match (attribute.namespace(), attribute.local()) {
                ("", "ID") => true,
                ("", "Id") if encryption => true,
                ("", local) | (XML, local) if local.eq_ignore_ascii_case("id") => {
                    return Err(SamlError::Id);
                }
                // libxmlsec1 looks at names without their namespaces.
                (_, "ID") => return Err(SamlError::Id),
                _ => false,
            };
            if id && (!is_ncname(attribute.value()) || !seen.insert(attribute.value())) {
                return Err(SamlError::Id);
            }
        }
    }
    match root.attribute("ID") {
        Some(_) => Ok(()),
        None => Err(SamlError::Id),
    }
}

/// What a response may hold directly, each at most once but assertions, which are counted elsewhere.
fn parts(response: Element<'_>) -> Result<(), SamlError> {
    const KNOWN: [(&str, &str); 6] = [
        (ASSERTION, "Issuer"),
        (SIGNATURE, "Signature"),
        (PROTOCOL, "Extensions"),
        (PROTOCOL, "Status"),
        (ASSERTION, "Assertion"),
        (ASSERTION, "EncryptedAssertion"),
    ];
    known(response, &KNOWN, "Response")?;
    for (namespace, local) in [
        (ASSERTION, "Issuer"),
        (PROTOCOL, "Extensions"),
        (PROTOCOL, "Status"),
    ] {
        if response.named(namespace, local).nth(1).is_some() {
            return Err(SamlError::Element("a part of Response comes twice"));
        }
    }
    Ok(())
}

/// The top status must be there and be success (SAML-15).
fn status(response: Element<'_>) -> Result<(), SamlError> {
    let status = response.named(PROTOCOL, "Status").next();
    let mut codes = status
        .ok_or(SamlError::Status)?
        .named(PROTOCOL, "StatusCode");
    match (codes.next(), codes.next()) {
        (Some(code), None) if code.attribute("Value") == Some(SUCCESS) => Ok(()),
        _ => Err(SamlError::Status),
    }
}

/// What an assertion may hold directly.
fn is_whole(assertion: Element<'_>) -> Result<(), SamlError> {
    const KNOWN: [(&str, &str); 8] = [
        (ASSERTION, "Issuer"),
        (SIGNATURE, "Signature"),
        (ASSERTION, "Subject"),
        (ASSERTION, "Conditions"),
        (ASSERTION, "Advice"),
        (ASSERTION, "AuthnStatement"),
        (ASSERTION, "AttributeStatement"),
        (ASSERTION, "AuthzDecisionStatement"),
    ];
    if assertion.attribute("Version") != Some("2.0") {
        return Err(SamlError::Version);
    }
    known(assertion, &KNOWN, "Assertion")
}

fn known(parent: Element<'_>, names: &[(&str, &str)], what: &'static str) -> Result<(), SamlError> {
    let mut children = parent.children();
    let all = children.all(|child| names.contains(&(child.namespace(), child.local())));
    match all && !parent.has_stray_text() {
        true => Ok(()),
        false => Err(SamlError::Element(what)),
    }
}
