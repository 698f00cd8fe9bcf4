//! The gate: a strict reader of XML, and the tree that everything else looks at.
//!
//! It reads UTF-8, one root, and nothing that could make two readers disagree: no document type, no processing
//! instructions, no entities but the five, no odd namespace names, no characters that hide. Comments are dropped and
//! the text around them joined, as canonicalization does. Everything is bounded before it is done (security.md
//! SAML-2), and reading is linear in the size of the document.
//!
//! Elements stand in document order, so an element and all that is in it are one range of the arena.
//!
//! Reference: XML 1.0 (fifth edition), Namespaces in XML 1.0.

mod characters;
mod parse;

pub(crate) use characters::is_ncname;

use std::borrow::Cow;

use crate::SamlError;

/// What a document may have at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes.
    pub bytes: usize,
    /// Elements.
    pub elements: usize,
    /// Elements inside each other.
    pub depth: usize,
    /// Attributes and namespace declarations of one element.
    pub attributes: usize,
    /// Namespace declarations in force at one place.
    pub scope: usize,
}

impl Limits {
    /// For messages.
    pub const MESSAGE: Limits = Limits {
        bytes: 512 * 1024,
        elements: 5_000,
        depth: 64,
        attributes: 64,
        scope: 128,
    };

    /// For metadata: federations describe hundreds of providers in one document (SAML-19).
    pub const METADATA: Limits = Limits {
        bytes: 4 * 1024 * 1024,
        elements: 200_000,
        ..Limits::MESSAGE
    };
}

/// A well-formed document.
#[derive(Debug)]
pub struct Document<'a> {
    elements: Vec<ElementData<'a>>,
    items: Vec<Item<'a>>,
    attributes: Vec<Attribute<'a>>,
    declarations: Vec<Declaration<'a>>,
}

/// What stands in a document, in order.
#[derive(Debug)]
pub(crate) enum Item<'a> {
    /// The element of this number begins.
    Open(usize),
    /// Text, never empty, never beside other text.
    Text(Cow<'a, str>),
    /// The element of this number ends.
    Close(usize),
}

/// An attribute that is no namespace declaration.
#[derive(Debug)]
pub struct Attribute<'a> {
    prefix: &'a str,
    local: &'a str,
    namespace: &'a str,
    value: Cow<'a, str>,
}

impl Attribute<'_> {
    /// The prefix, empty where there is none.
    pub fn prefix(&self) -> &str {
        self.prefix
    }

    /// The name without its prefix.
    pub fn local(&self) -> &str {
        self.local
    }

    /// The namespace name, empty where there is no prefix.
    pub fn namespace(&self) -> &str {
        self.namespace
    }

    /// The value, normalized as XML says.
    pub fn value(&self) -> &str {
        &self.value
    }
}

#[derive(Debug)]
struct Declaration<'a> {
    /// Empty for the default namespace.
    prefix: &'a str,
    /// Empty where the default namespace is taken back.
    uri: &'a str,
}

#[derive(Debug)]
struct ElementData<'a> {
    prefix: &'a str,
    local: &'a str,
    namespace: &'a str,
    parent: Option<usize>,
    attributes: (usize, usize),
    declarations: (usize, usize),
    /// One after the last element inside.
    end: usize,
    /// Of its `Open`, and one after its `Close`.
    items: (usize, usize),
}

/// An element of a document.
#[derive(Clone, Copy, Debug)]
pub struct Element<'d> {
    document: &'d Document<'d>,
    number: usize,
}

impl PartialEq for Element<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.document, other.document) && self.number == other.number
    }
}

impl<'a> Document<'a> {
    /// Reads a document.
    ///
    /// # Errors
    /// The refusals of `saml.xml.*`.
    pub fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Document<'a>, SamlError> {
        parse::parse(bytes, limits)
    }

    /// The outermost element.
    pub fn root(&self) -> Element<'_> {
        Element {
            document: self,
            number: 0,
        }
    }
}

impl<'d> Element<'d> {
    fn at(self, number: usize) -> Element<'d> {
        Element { number, ..self }
    }

    /// Its record. The arena holds every number that an `Element` is made with, and never shrinks.
    fn data(self) -> Option<&'d ElementData<'d>> {
        self.document.elements.get(self.number)
    }

    /// The name without its prefix.
    pub fn local(self) -> &'d str {
        self.data().map_or("", |data| data.local)
    }

    /// The prefix, empty where there is none.
    pub fn prefix(self) -> &'d str {
        self.data().map_or("", |data| data.prefix)
    }

    /// The namespace name, empty where there is none.
    pub fn namespace(self) -> &'d str {
        self.data().map_or("", |data| data.namespace)
    }

    /// Whether this is its name.
    pub fn is(self, namespace: &str, local: &str) -> bool {
        self.local() == local && self.namespace() == namespace
    }

    /// What it stands in; `None` for the root.
    pub fn parent(self) -> Option<Element<'d>> {
        let parent = self.data()?.parent?;
        Some(self.at(parent))
    }

    /// Its attributes, in order, without namespace declarations.
    pub fn attributes(self) -> &'d [Attribute<'d>] {
        let range = self.data().map(|data| data.attributes);
        range
            .and_then(|(from, to)| self.document.attributes.get(from..to))
            .unwrap_or_default()
    }

    /// The value of an attribute without a prefix.
    pub fn attribute(self, local: &str) -> Option<&'d str> {
        let mut attributes = self.attributes().iter();
        attributes
            .find(|attribute| attribute.prefix.is_empty() && attribute.local == local)
            .map(|attribute| &*attribute.value)
    }

    /// The elements directly inside, in order.
    pub fn children(self) -> impl Iterator<Item = Element<'d>> {
        let end = self.data().map_or(0, |data| data.end);
        let first = (self.number + 1 < end).then(|| self.at(self.number + 1));
        std::iter::successors(first, move |child| {
            let next = child.data()?.end;
            (next < end).then(|| child.at(next))
        })
    }

    /// The elements directly inside that have this name.
    pub fn named(self, namespace: &str, local: &str) -> impl Iterator<Item = Element<'d>> {
        self.children()
            .filter(move |child| child.is(namespace, local))
    }

    /// This element and all inside, in document order.
    pub fn descendants(self) -> impl Iterator<Item = Element<'d>> {
        let end = self.data().map_or(0, |data| data.end);
        (self.number..end).map(move |number| self.at(number))
    }

    /// Whether another element is this one or inside it.
    pub fn contains(self, other: Element<'_>) -> bool {
        let end = self.data().map_or(0, |data| data.end);
        std::ptr::eq(self.document, other.document) && (self.number..end).contains(&other.number)
    }

    /// What stands in it, itself included.
    pub(crate) fn items(self) -> &'d [Item<'d>] {
        let range = self.data().map(|data| data.items);
        range
            .and_then(|(from, to)| self.document.items.get(from..to))
            .unwrap_or_default()
    }

    /// The element of a number of this document.
    pub(crate) fn sibling(self, number: usize) -> Element<'d> {
        self.at(number)
    }

    /// The text of an element that holds nothing else; `None` where it holds elements.
    pub fn text(self) -> Option<Cow<'d, str>> {
        match self.items() {
            [Item::Open(_), Item::Close(_)] => Some(Cow::Borrowed("")),
            [Item::Open(_), Item::Text(text), Item::Close(_)] => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }

    /// Whether it holds text beside or between elements, white space apart.
    pub fn has_stray_text(self) -> bool {
        let mut depth = 0_usize;
        self.items().iter().any(|item| {
            match item {
                Item::Open(_) => depth += 1,
                Item::Close(_) => depth = depth.saturating_sub(1),
                Item::Text(text) => return depth == 1 && !text.bytes().all(characters::is_space),
            }
            false
        })
    }

    /// What a prefix is bound to here; `""` asks for the default namespace. `None` where it is bound to nothing.
    pub(crate) fn lookup(self, prefix: &str) -> Option<&'d str> {
        let mut here = Some(self);
        while let Some(element) = here {
            if let Some(uri) = element.declared(prefix) {
                return Some(uri).filter(|uri| !uri.is_empty());
            }
            here = element.parent();
        }
        None
    }

    /// A prefix that is declared here or around, as the document spells it.
    pub(crate) fn spelled(self, prefix: &str) -> Option<&'d str> {
        let mut here = Some(self);
        while let Some(element) = here {
            let (from, to) = element.data()?.declarations;
            let declarations = self.document.declarations.get(from..to)?;
            let found = declarations.iter().find(|it| it.prefix == prefix);
            if let Some(declaration) = found {
                return Some(declaration.prefix);
            }
            here = element.parent();
        }
        None
    }

    /// What this very element declares a prefix to be; the default namespace may be declared as `""`.
    pub(crate) fn declared(self, prefix: &str) -> Option<&'d str> {
        let (from, to) = self.data()?.declarations;
        let mut declarations = self.document.declarations.get(from..to)?.iter();
        declarations
            .find(|declaration| declaration.prefix == prefix)
            .map(|declaration| declaration.uri)
    }
}

#[cfg(test)]
mod tests;
