//! XML that needs no canonicaliser: what is written is already in exclusive canonical form.
//!
//! An [`Element`] is a small tree of names known at compile time and of texts that are not. [`Element::canonical`]
//! writes it as Exclusive XML Canonicalization 1.0 without comments would, so that the bytes which are signed are the
//! bytes which are sent (security.md SAML-20). Escaping is not a step that somebody may forget: there is no other way
//! to put a text into the tree. A character that XML 1.0 cannot hold is an error and is never dropped, as dropping it
//! would turn one name into another.

use std::fmt;

use time::OffsetDateTime;
use time::macros::format_description;

use crate::names;

/// Why a message could not be written. The sentences hold no values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A character that XML 1.0 cannot hold, not even escaped (XML 1.0 section 2.2).
    #[error("a value holds a character that XML cannot hold")]
    Character,
    /// A time outside the years 0 to 9999.
    #[error("a time cannot be written")]
    Time,
    /// An identifier that is no NCName of ASCII, is missing, or serves twice.
    #[error("an identifier is not acceptable")]
    Id,
    /// `RelayState` longer than the 80 bytes that Bindings 3.4.3 allows.
    #[error("the relay state is too long")]
    RelayState,
    /// An endpoint to which no query can be added.
    #[error("the endpoint is not acceptable")]
    Endpoint,
    /// The key did not sign.
    #[error("the message cannot be signed")]
    Signing,
    /// The recipient's key did not encrypt.
    #[error("the assertion cannot be encrypted")]
    Encryption,
}

/// A namespace and the prefix we always write it with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Namespace {
    /// Never empty: we write no default namespace.
    pub prefix: &'static str,
    /// The namespace's name.
    pub uri: &'static str,
}

/// Protocol messages.
pub const SAMLP: Namespace = Namespace {
    prefix: "samlp",
    uri: names::PROTOCOL,
};
/// Assertions.
pub const SAML: Namespace = Namespace {
    prefix: "saml",
    uri: names::ASSERTION,
};
/// Metadata.
pub const MD: Namespace = Namespace {
    prefix: "md",
    uri: names::METADATA,
};
/// XML Signature.
pub const DS: Namespace = Namespace {
    prefix: "ds",
    uri: names::SIGNATURE,
};
/// XML Encryption.
pub const XENC: Namespace = Namespace {
    prefix: "xenc",
    uri: names::ENCRYPTION,
};
/// XML Encryption 1.1.
pub const XENC11: Namespace = Namespace {
    prefix: "xenc11",
    uri: names::ENCRYPTION_11,
};

/// An element with its attributes, which are all without a prefix, and its children.
#[derive(Clone, PartialEq, Eq)]
pub struct Element {
    namespace: Namespace,
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    children: Vec<Node>,
}

#[derive(Clone, PartialEq, Eq)]
enum Node {
    Element(Element),
    Text(String),
}

impl Element {
    /// An empty element.
    pub fn new(namespace: Namespace, name: &'static str) -> Self {
        Self {
            namespace,
            name,
            attributes: Vec::new(),
            children: Vec::new(),
        }
    }

    /// With an attribute, in place of one of the same name.
    #[must_use]
    pub fn attr(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.retain(|(existing, _)| *existing != name);
        self.attributes.push((name, value.into()));
        self
    }

    /// With an attribute where there is a value.
    #[must_use]
    pub fn maybe_attr(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.attr(name, value),
            None => self,
        }
    }

    /// With a text after what is there.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.children.push(Node::Text(text.into()));
        self
    }

    /// With a child after what is there.
    #[must_use]
    pub fn child(mut self, child: Element) -> Self {
        self.children.push(Node::Element(child));
        self
    }

    /// With children after what is there; an `Option` is a list as well.
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.children
            .extend(children.into_iter().map(Node::Element));
        self
    }

    /// The attribute's value.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        attributes
            .find(|(existing, _)| *existing == name)
            .map(|(_, value)| value.as_str())
    }

    /// With a signature where the schemas of SAML want it: after the issuer, or first where there is none.
    #[must_use]
    pub(crate) fn with_signature(mut self, signature: Element) -> Self {
        let issued = matches!(self.children.first(), Some(Node::Element(child))
            if child.namespace == SAML && child.name == "Issuer");
        self.children
            .insert(usize::from(issued), Node::Element(signature));
        self
    }

    /// The document, or the part of one, in exclusive canonical form: as it is sent, and as it is digested.
    ///
    /// # Errors
    /// [`WriteError::Character`], [`WriteError::Id`].
    pub fn canonical(&self) -> Result<String, WriteError> {
        let mut out = String::new();
        self.write(&mut out, &mut Vec::new())?;
        Ok(out)
    }

    /// `in_scope`: what the elements around this one have declared in the output.
    fn write(&self, out: &mut String, in_scope: &mut Vec<Namespace>) -> Result<(), WriteError> {
        let Namespace { prefix, uri } = self.namespace;
        let name = self.name;
        out.push_str(&format!("<{prefix}:{name}"));
        // Exclusive canonicalization 3: a prefix is declared where it is first used, and again where its meaning in
        // the output is another.
        let bound = in_scope.iter().rfind(|outer| outer.prefix == prefix);
        let declares = bound != Some(&self.namespace);
        if declares {
            in_scope.push(self.namespace);
            out.push_str(&format!(" xmlns:{prefix}=\""));
            escape(out, uri, ATTRIBUTE)?;
            out.push('"');
        }
        // Without prefixes, the order by namespace and local name is the order of the names.
        let mut attributes: Vec<_> = self.attributes.iter().collect();
        attributes.sort_by_key(|(name, _)| *name);
        for (name, value) in attributes {
            if *name == "ID" && !is_id(value) {
                return Err(WriteError::Id);
            }
            out.push_str(&format!(" {name}=\""));
            escape(out, value, ATTRIBUTE)?;
            out.push('"');
        }
        out.push('>');
        for child in &self.children {
            match child {
                Node::Element(child) => child.write(out, in_scope)?,
                Node::Text(text) => escape(out, text, TEXT)?,
            }
        }
        out.push_str(&format!("</{prefix}:{name}>"));
        if declares {
            in_scope.pop();
        }
        Ok(())
    }
}

/// The name alone: what an element holds may be an assertion.
impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}:{} ..>", self.namespace.prefix, self.name)
    }
}

/// What canonical form escapes, and how (Canonical XML 1.0 section 2.3).
type Escapes = &'static [(char, &'static str)];

const TEXT: Escapes = &[
    ('&', "&amp;"),
    ('<', "&lt;"),
    ('>', "&gt;"),
    ('\r', "&#xD;"),
];

const ATTRIBUTE: Escapes = &[
    ('&', "&amp;"),
    ('<', "&lt;"),
    ('"', "&quot;"),
    ('\t', "&#x9;"),
    ('\n', "&#xA;"),
    ('\r', "&#xD;"),
];

fn escape(out: &mut String, text: &str, escapes: Escapes) -> Result<(), WriteError> {
    for c in text.chars() {
        match escapes.iter().find(|(escaped, _)| *escaped == c) {
            Some((_, reference)) => out.push_str(reference),
            None if is_xml(c) => out.push(c),
            None => return Err(WriteError::Character),
        }
    }
    Ok(())
}

/// `Char` of XML 1.0 section 2.2; surrogates are no `char`.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..) && !matches!(c, '\u{FFFE}' | '\u{FFFF}')
}

/// An NCName of ASCII: an `ID` must be an NCName, and no program trips over these.
pub(crate) fn is_id(id: &str) -> bool {
    id.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && id
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// `2026-03-01T12:00:00Z` (Core 1.3.3: UTC, and we write no fractions), of seconds since 1970.
///
/// # Errors
/// [`WriteError::Time`].
pub fn instant(seconds: i64) -> Result<String, WriteError> {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    let instant = OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| WriteError::Time)?;
    match instant.year() {
        0..=9999 => instant.format(&format).map_err(|_| WriteError::Time),
        _ => Err(WriteError::Time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(value: &str) -> Element {
        Element::new(SAML, "AttributeValue")
            .attr("Name", value)
            .text(value)
    }

    proptest! {
        #[test]
        fn any_text_of_unicode_comes_back_as_it_was(value in any::<String>()) {
            let written = of(&value).canonical();
            if value.chars().all(is_xml) {
                let written = written.unwrap();
                let document = roxmltree::Document::parse(&written).unwrap();
                let root = document.root_element();
                prop_assert_eq!(root.attribute("Name"), Some(value.as_str()));
                prop_assert_eq!(root.text().unwrap_or_default(), value.as_str());
            } else {
                prop_assert_eq!(written, Err(WriteError::Character));
            }
        }

        #[test]
        fn text_full_of_marks_comes_back_as_it_was(value in "[\\r\\n\\t<>&\"' ;#x\\]-]{0,40}") {
            let written = of(&value).canonical().unwrap();
            let document = roxmltree::Document::parse(&written).unwrap();
            prop_assert_eq!(document.root_element().attribute("Name"), Some(value.as_str()));
            prop_assert_eq!(document.root_element().text().unwrap_or_default(), value.as_str());
        }
    }

    #[test]
    fn what_xml_cannot_hold_is_an_error() {
        for c in [
            '\0', '\u{8}', '\u{B}', '\u{C}', '\u{1F}', '\u{FFFE}', '\u{FFFF}',
        ] {
            let text = Element::new(SAML, "NameID").text(format!("a{c}b"));
            assert_eq!(text.canonical(), Err(WriteError::Character), "{c:?}");
            let attribute = Element::new(SAML, "NameID").attr("Format", format!("a{c}b"));
            assert_eq!(attribute.canonical(), Err(WriteError::Character), "{c:?}");
        }
        for c in [
            '\t',
            '\n',
            '\r',
            ' ',
            '\u{D7FF}',
            '\u{E000}',
            '\u{FFFD}',
            '\u{10FFFF}',
        ] {
            assert!(of(&c.to_string()).canonical().is_ok(), "{c:?}");
        }
    }

    #[test]
    fn marks_are_written_as_canonical_form_wants_them() {
        let written = of("<&>\"'\t\n\r").canonical().unwrap();
        assert_eq!(
            written,
            "<saml:AttributeValue xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
             Name=\"&lt;&amp;>&quot;'&#x9;&#xA;&#xD;\">&lt;&amp;&gt;\"'\t\n&#xD;</saml:AttributeValue>"
        );
    }

    #[test]
    fn a_namespace_is_declared_where_it_is_first_used_and_attributes_are_in_order() {
        let other = Namespace {
            prefix: "saml",
            uri: "urn:other",
        };
        let inner = Element::new(SAML, "A").child(Element::new(other, "B"));
        let element = Element::new(SAMLP, "Response")
            .attr("b", "1")
            .attr("a", "2")
            .attr("B", "3")
            .attr("b", "4")
            .children([inner, Element::new(SAMLP, "C")])
            .child(Element::new(SAML, "D"));
        assert_eq!(
            element.canonical().unwrap(),
            "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" B=\"3\" a=\"2\" b=\"4\">\
             <saml:A xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"><saml:B xmlns:saml=\"urn:other\">\
             </saml:B></saml:A><samlp:C></samlp:C>\
             <saml:D xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"></saml:D></samlp:Response>"
        );
    }

    #[test]
    fn an_id_is_a_name() {
        for id in ["_1", "a", "id-8.b_C"] {
            assert!(Element::new(SAMLP, "R").attr("ID", id).canonical().is_ok());
        }
        for id in ["", "1a", "-a", "a b", "a:b", "é", "a\""] {
            let element = Element::new(SAMLP, "R").attr("ID", id);
            assert_eq!(element.canonical(), Err(WriteError::Id), "{id:?}");
        }
    }

    #[test]
    fn times_are_of_utc_and_of_four_digits() {
        assert_eq!(instant(1_772_366_400).unwrap(), "2026-03-01T12:00:00Z");
        assert_eq!(instant(253_402_300_799).unwrap(), "9999-12-31T23:59:59Z");
        assert_eq!(instant(253_402_300_800), Err(WriteError::Time));
        assert_eq!(instant(-62_167_219_201), Err(WriteError::Time));
        assert_eq!(instant(i64::MAX), Err(WriteError::Time));
    }

    #[test]
    fn debug_shows_no_values() {
        assert_eq!(format!("{:?}", of("secret")), "<saml:AttributeValue ..>");
    }
}
