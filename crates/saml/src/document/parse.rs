//! Reading.

use std::borrow::Cow;

use super::characters::{
    all_allowed, continues_name, is_allowed, is_namespace_name, is_ncname, is_space,
};
use super::{Attribute, Declaration, Document, ElementData, Item, Limits};
use crate::SamlError;
use crate::names::{XML, XMLNS};

const BROKEN: &str = "a tag is not closed or has a malformed part";

struct Parser<'a, 'l> {
    /// What is left to read.
    rest: &'a str,
    limits: &'l Limits,
    document: Document<'a>,
    /// Elements that are open.
    open: Vec<usize>,
    /// Declarations in force, and how many there were before each open element.
    scope: Vec<(&'a str, &'a str)>,
    marks: Vec<usize>,
}

/// An attribute or declaration of the tag being read, before prefixes are looked up.
struct Raw<'a> {
    prefix: &'a str,
    local: &'a str,
    value: &'a str,
}

pub(super) fn parse<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Document<'a>, SamlError> {
    if bytes.len() > limits.bytes {
        return Err(SamlError::TooLarge("bytes"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| SamlError::Encoding)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !all_allowed(text) {
        return Err(SamlError::Character);
    }
    let mut parser = Parser {
        rest: text,
        limits,
        document: Document {
            elements: Vec::new(),
            items: Vec::new(),
            attributes: Vec::new(),
            declarations: Vec::new(),
        },
        open: Vec::new(),
        scope: Vec::new(),
        marks: Vec::new(),
    };
    parser.declaration()?;
    parser.content()?;
    Ok(parser.document)
}

/// Splits a text before its first character that does not fit.
fn split_while(text: &str, fits: impl Fn(char) -> bool) -> (&str, &str) {
    let at = text.find(|c| !fits(c)).unwrap_or(text.len());
    text.split_at_checked(at).unwrap_or((text, ""))
}

fn skip_space(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\r', '\n'])
}

/// A qualified name, as prefix and local part.
fn qualified(name: &str) -> Result<(&str, &str), SamlError> {
    let (prefix, local) = match name.split_once(':') {
        Some((prefix, local)) if is_ncname(prefix) => (prefix, local),
        Some(_) => return Err(SamlError::Malformed("a name is malformed")),
        None => ("", name),
    };
    match is_ncname(local) {
        true => Ok((prefix, local)),
        false => Err(SamlError::Malformed("a name is malformed")),
    }
}

/// Undoes references and line ends. In attributes white space becomes spaces, unless it came by reference.
fn value(raw: &str, in_attribute: bool) -> Result<Cow<'_, str>, SamlError> {
    let special = |byte: u8| match in_attribute {
        true => matches!(byte, b'&' | b'\r' | b'\n' | b'\t'),
        false => matches!(byte, b'&' | b'\r'),
    };
    if !raw.bytes().any(special) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.bytes().position(special) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(before);
        rest = match from.strip_prefix('&') {
            Some(reference) => {
                let (name, after) = reference
                    .split_once(';')
                    .ok_or(SamlError::Malformed("a reference is not closed"))?;
                out.push(referred(name)?);
                after
            }
            None => {
                out.push(if in_attribute { ' ' } else { '\n' });
                from.strip_prefix("\r\n")
                    .or_else(|| from.strip_prefix(['\r', '\n', '\t']))
                    .unwrap_or_default()
            }
        };
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

/// The character that a reference stands for.
fn referred(name: &str) -> Result<char, SamlError> {
    let number = match name.strip_prefix('#') {
        None => {
            return match name {
                "amp" => Ok('&'),
                "lt" => Ok('<'),
                "gt" => Ok('>'),
                "quot" => Ok('"'),
                "apos" => Ok('\''),
                _ if is_ncname(name) => Err(SamlError::Entity),
                _ => Err(SamlError::Malformed("a reference is malformed")),
            };
        }
        Some(number) => number,
    };
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    if digits.is_empty() || digits.len() > 8 || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(SamlError::Malformed("a reference is malformed"));
    }
    let code = u32::from_str_radix(digits, radix);
    let found = code.ok().and_then(char::from_u32);
    found.filter(|c| is_allowed(*c)).ok_or(SamlError::Character)
}

impl<'a> Parser<'a, '_> {
    /// `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`, where there is one.
    fn declaration(&mut self) -> Result<(), SamlError> {
        const FAULT: SamlError = SamlError::Malformed("the XML declaration is malformed");
        let Some(after) = self.rest.strip_prefix("<?xml") else {
            return Ok(());
        };
        if !after.starts_with([' ', '\t', '\r', '\n']) {
            // `<?xml-stylesheet ...?>` and its like.
            return Ok(());
        }
        let (inside, rest) = after.split_once("?>").ok_or(FAULT)?;
        let mut inside = inside;
        let mut place = 0;
        while !skip_space(inside).is_empty() {
            if !inside.starts_with([' ', '\t', '\r', '\n']) {
                return Err(FAULT);
            }
            let (raw, after) = self.attribute(skip_space(inside))?;
            inside = after;
            let known = ["version", "encoding", "standalone"];
            let at = known
                .iter()
                .position(|name| *name == raw.local)
                .ok_or(FAULT)?;
            if !raw.prefix.is_empty() || (at != 0 && place == 0) || at < place {
                return Err(FAULT);
            }
            place = at + 1;
            match raw.local {
                "version" if raw.value != "1.0" => {
                    return Err(SamlError::Malformed("the version of XML is not 1.0"));
                }
                "encoding" if !raw.value.eq_ignore_ascii_case("utf-8") => {
                    return Err(SamlError::Encoding);
                }
                "standalone" if !["yes", "no"].contains(&raw.value) => return Err(FAULT),
                _ => {}
            }
        }
        if place == 0 {
            return Err(FAULT);
        }
        self.rest = rest;
        Ok(())
    }

    /// Everything else.
    fn content(&mut self) -> Result<(), SamlError> {
        while !self.rest.is_empty() {
            let Some(tag) = self.rest.strip_prefix('<') else {
                self.text()?;
                continue;
            };
            if let Some(comment) = tag.strip_prefix("!--") {
                let (inside, rest) = comment
                    .split_once("--")
                    .ok_or(SamlError::Malformed("a comment is not closed"))?;
                self.rest = rest
                    .strip_prefix('>')
                    .ok_or(SamlError::Malformed("a comment holds two hyphens"))?;
                let _ = inside;
            } else if let Some(data) = tag.strip_prefix("![CDATA[") {
                let (inside, rest) = data
                    .split_once("]]>")
                    .ok_or(SamlError::Malformed("a CDATA section is not closed"))?;
                if self.open.is_empty() {
                    return Err(SamlError::Malformed("there is text outside the root"));
                }
                self.rest = rest;
                match inside.contains('\r') {
                    true => {
                        self.append(Cow::Owned(inside.replace("\r\n", "\n").replace('\r', "\n")))
                    }
                    false => self.append(Cow::Borrowed(inside)),
                }
            } else if tag.starts_with('?') {
                return Err(SamlError::ProcessingInstruction);
            } else if tag.starts_with('!') {
                return Err(match tag.starts_with("!DOCTYPE") {
                    true => SamlError::Doctype,
                    false => SamlError::Malformed("there is a declaration"),
                });
            } else if let Some(end) = tag.strip_prefix('/') {
                self.end_tag(end)?;
            } else {
                self.start_tag(tag)?;
            }
        }
        match (self.open.is_empty(), self.document.elements.is_empty()) {
            (true, false) => Ok(()),
            (true, true) => Err(SamlError::Malformed("there is no element")),
            (false, _) => Err(SamlError::Malformed("an element is not closed")),
        }
    }

    fn text(&mut self) -> Result<(), SamlError> {
        let at = self.rest.find('<').unwrap_or(self.rest.len());
        let (raw, rest) = self.rest.split_at_checked(at).unwrap_or((self.rest, ""));
        self.rest = rest;
        if self.open.is_empty() {
            return match raw.bytes().all(is_space) {
                true => Ok(()),
                false => Err(SamlError::Malformed("there is text outside the root")),
            };
        }
        if raw.contains("]]>") {
            return Err(SamlError::Malformed(
                "a text holds the end of a CDATA section",
            ));
        }
        let text = value(raw, false)?;
        self.append(text);
        Ok(())
    }

    /// Adds text, joined with the text before it.
    fn append(&mut self, text: Cow<'a, str>) {
        if text.is_empty() {
            return;
        }
        match self.document.items.last_mut() {
            Some(Item::Text(before)) => before.to_mut().push_str(&text),
            _ => self.document.items.push(Item::Text(text)),
        }
    }

    fn end_tag(&mut self, tag: &'a str) -> Result<(), SamlError> {
        let (name, rest) = split_while(tag, |c| c == ':' || continues_name(c));
        let rest = skip_space(rest)
            .strip_prefix('>')
            .ok_or(SamlError::Malformed(BROKEN))?;
        let (prefix, local) = qualified(name)?;
        let number = self
            .open
            .pop()
            .ok_or(SamlError::Malformed("an end tag has no start"))?;
        let elements = self.document.elements.len();
        let matching = self.document.elements.get_mut(number).filter(|element| {
            // Byte for byte: another prefix of the same namespace is another name here.
            element.prefix == prefix && element.local == local
        });
        let element = matching.ok_or(SamlError::Malformed("tags do not match"))?;
        element.end = elements;
        self.document.items.push(Item::Close(number));
        element.items.1 = self.document.items.len();
        let mark = self.marks.pop().unwrap_or_default();
        self.scope.truncate(mark);
        self.rest = rest;
        Ok(())
    }

    fn start_tag(&mut self, tag: &'a str) -> Result<(), SamlError> {
        let number = self.document.elements.len();
        if self.open.is_empty() && number > 0 {
            return Err(SamlError::Malformed("there is a second root"));
        }
        if number >= self.limits.elements {
            return Err(SamlError::TooLarge("elements"));
        }
        if self.open.len() >= self.limits.depth {
            return Err(SamlError::TooDeep);
        }
        let (name, mut rest) = split_while(tag, |c| c == ':' || continues_name(c));
        let (prefix, local) = qualified(name)?;
        let mut raws = Vec::new();
        let empty = loop {
            let inside = skip_space(rest);
            if let Some(after) = inside.strip_prefix('>') {
                rest = after;
                break false;
            }
            if let Some(after) = inside.strip_prefix("/>") {
                rest = after;
                break true;
            }
            if inside.len() == rest.len() {
                return Err(SamlError::Malformed(BROKEN));
            }
            if raws.len() >= self.limits.attributes {
                return Err(SamlError::TooLarge("attributes"));
            }
            let (raw, after) = self.attribute(inside)?;
            raws.push(raw);
            rest = after;
        };
        self.rest = rest;
        self.element(prefix, local, &raws)?;
        if empty {
            self.close_empty(number);
        }
        Ok(())
    }

    /// `name="value"` at the beginning of a text, the value as it stands, and what comes after it.
    fn attribute(&self, text: &'a str) -> Result<(Raw<'a>, &'a str), SamlError> {
        let (name, rest) = split_while(text, |c| c == ':' || continues_name(c));
        let rest = skip_space(rest)
            .strip_prefix('=')
            .ok_or(SamlError::Malformed(BROKEN))?;
        let rest = skip_space(rest);
        let quote = if rest.starts_with('"') { '"' } else { '\'' };
        let rest = rest
            .strip_prefix(quote)
            .ok_or(SamlError::Malformed(BROKEN))?;
        let (value, rest) = rest.split_once(quote).ok_or(SamlError::Malformed(BROKEN))?;
        if value.contains('<') {
            return Err(SamlError::Malformed("an attribute's value holds a tag"));
        }
        let (prefix, local) = qualified(name)?;
        let raw = Raw {
            prefix,
            local,
            value,
        };
        Ok((raw, rest))
    }

    /// Adds an element with its declarations and attributes.
    fn element(
        &mut self,
        prefix: &'a str,
        local: &'a str,
        raws: &[Raw<'a>],
    ) -> Result<(), SamlError> {
        let number = self.document.elements.len();
        let mark = self.scope.len();
        let first = self.document.declarations.len();
        for raw in raws {
            self.declare(raw, first)?;
        }
        if self.scope.len() > self.limits.scope {
            return Err(SamlError::TooLarge("namespace declarations"));
        }
        let declarations = (first, self.document.declarations.len());
        let from = self.document.attributes.len();
        for raw in raws {
            if raw.prefix == "xmlns" || (raw.prefix.is_empty() && raw.local == "xmlns") {
                continue;
            }
            let namespace = match raw.prefix {
                "" => "",
                prefix => self.bound(prefix)?,
            };
            let twice = self
                .document
                .attributes
                .get(from..)
                .unwrap_or_default()
                .iter()
                .any(|other| other.local == raw.local && other.namespace == namespace);
            if twice {
                return Err(SamlError::Malformed("an attribute comes twice"));
            }
            self.document.attributes.push(Attribute {
                prefix: raw.prefix,
                local: raw.local,
                namespace,
                value: value(raw.value, true)?,
            });
        }
        let namespace = match prefix {
            "" => self.in_scope("").unwrap_or_default(),
            "xmlns" => return Err(SamlError::Namespace("an element is called xmlns")),
            prefix => self.bound(prefix)?,
        };
        let opened = self.document.items.len();
        self.document.items.push(Item::Open(number));
        self.document.elements.push(ElementData {
            prefix,
            local,
            namespace,
            parent: self.open.last().copied(),
            attributes: (from, self.document.attributes.len()),
            declarations,
            end: number + 1,
            items: (opened, opened),
        });
        self.open.push(number);
        self.marks.push(mark);
        Ok(())
    }

    /// Ends an element that was written as one tag.
    fn close_empty(&mut self, number: usize) {
        self.open.pop();
        self.document.items.push(Item::Close(number));
        let end = self.document.items.len();
        if let Some(element) = self.document.elements.get_mut(number) {
            element.items.1 = end;
        }
        let mark = self.marks.pop().unwrap_or_default();
        self.scope.truncate(mark);
    }

    /// Takes a namespace declaration; anything else passes by.
    fn declare(&mut self, raw: &Raw<'a>, first: usize) -> Result<(), SamlError> {
        let prefix = match (raw.prefix, raw.local) {
            ("", "xmlns") => "",
            ("xmlns", prefix) => prefix,
            _ => return Ok(()),
        };
        // Shibboleth's metadata declares `xml` to be what it always is, which Namespaces in XML allows (section 3).
        let redundant = (prefix, raw.value) == ("xml", XML);
        if !redundant && (["xml", "xmlns"].contains(&prefix) || [XML, XMLNS].contains(&raw.value)) {
            return Err(SamlError::Namespace(
                "a reserved prefix or name is declared",
            ));
        }
        // The default namespace may be taken back; a prefix may not.
        let undeclares = prefix.is_empty() && raw.value.is_empty();
        if !undeclares && !is_namespace_name(raw.value) {
            return Err(SamlError::Namespace("a namespace name is no absolute URI"));
        }
        let here = self.document.declarations.get(first..).unwrap_or_default();
        if here.iter().any(|other| other.prefix == prefix) {
            return Err(SamlError::Malformed("an attribute comes twice"));
        }
        self.document.declarations.push(Declaration {
            prefix,
            uri: raw.value,
        });
        self.scope.push((prefix, raw.value));
        Ok(())
    }

    fn in_scope(&self, prefix: &str) -> Option<&'a str> {
        let mut declarations = self.scope.iter().rev();
        declarations
            .find(|(declared, _)| *declared == prefix)
            .map(|(_, uri)| *uri)
    }

    fn bound(&self, prefix: &str) -> Result<&'a str, SamlError> {
        match prefix {
            "xml" => Ok(XML),
            prefix => self
                .in_scope(prefix)
                .ok_or(SamlError::Namespace("a prefix is not declared")),
        }
    }
}
