//! Exclusive XML Canonicalization 1.0, without comments: the bytes that signatures are made over.
//!
//! Comments are not in the tree any more. What is rendered follows the output's own ancestors, not the input's: a
//! declaration is written where its prefix is first used, and again only where it means something else.
//!
//! Reference: <https://www.w3.org/TR/xml-exc-c14n/>, and Canonical XML 1.0 for how nodes are written.

use crate::document::{Attribute, Element, Item};
use crate::names::XML;

/// Writes an element and all that is in it, less one element (the enveloped signature). `inclusive` are the prefixes
/// of `InclusiveNamespaces`, the default namespace as `""`: they are treated as inclusive canonicalization would.
pub(crate) fn exclusive(
    apex: Element<'_>,
    without: Option<Element<'_>>,
    inclusive: &[&str],
) -> Vec<u8> {
    let mut writer = Writer {
        out: Vec::with_capacity(4096),
        rendered: Vec::new(),
        marks: Vec::new(),
        inclusive,
    };
    let mut left_out = 0_usize;
    for item in apex.items() {
        match item {
            Item::Open(number) => {
                let element = apex.sibling(*number);
                if left_out > 0 || without == Some(element) {
                    left_out += 1;
                } else {
                    writer.open(element, element == apex);
                }
            }
            Item::Close(number) => match left_out {
                0 => writer.close(apex.sibling(*number)),
                _ => left_out -= 1,
            },
            Item::Text(text) => {
                if left_out == 0 {
                    writer.text(text);
                }
            }
        }
    }
    writer.out
}

struct Writer<'d, 'p> {
    out: Vec<u8>,
    /// What the output has declared, innermost last; the default namespace as `""`.
    rendered: Vec<(&'d str, &'d str)>,
    /// How much of it there was before each open element.
    marks: Vec<usize>,
    inclusive: &'p [&'p str],
}

impl<'d> Writer<'d, '_> {
    fn open(&mut self, element: Element<'d>, is_apex: bool) {
        self.marks.push(self.rendered.len());
        let mark = self.rendered.len();
        self.declare(element.prefix(), element.namespace());
        for attribute in element.attributes() {
            if !attribute.prefix().is_empty() && attribute.namespace() != XML {
                self.declare(attribute.prefix(), attribute.namespace());
            }
        }
        for prefix in self.inclusive {
            // A prefix means here what it meant outside, unless this very element says otherwise.
            let uri = match is_apex {
                true => element.lookup(prefix),
                false => element.declared(prefix),
            };
            if let (Some(uri), Some(prefix)) = (uri, element.spelled(prefix)) {
                self.declare(prefix, uri);
            }
        }
        let mut declared = self.rendered.split_off(mark);
        declared.sort_unstable();
        self.out.push(b'<');
        self.name(element);
        for (prefix, uri) in &declared {
            self.out.extend_from_slice(b" xmlns");
            if !prefix.is_empty() {
                self.out.push(b':');
                self.out.extend_from_slice(prefix.as_bytes());
            }
            self.out.extend_from_slice(b"=\"");
            // A namespace name holds nothing that would have to be escaped (the gate).
            self.out.extend_from_slice(uri.as_bytes());
            self.out.push(b'"');
        }
        self.rendered.append(&mut declared);
        let mut attributes: Vec<&Attribute<'_>> = element.attributes().iter().collect();
        attributes.sort_unstable_by_key(|it| (it.namespace(), it.local()));
        for attribute in attributes {
            self.out.push(b' ');
            if !attribute.prefix().is_empty() {
                self.out.extend_from_slice(attribute.prefix().as_bytes());
                self.out.push(b':');
            }
            self.out.extend_from_slice(attribute.local().as_bytes());
            self.out.extend_from_slice(b"=\"");
            self.value(attribute.value());
            self.out.push(b'"');
        }
        self.out.push(b'>');
    }

    /// Renders a declaration unless the output has it already.
    fn declare(&mut self, prefix: &'d str, uri: &'d str) {
        if prefix == "xml" {
            return;
        }
        let mut rendered = self.rendered.iter().rev();
        let before = rendered.find(|(other, _)| *other == prefix);
        let before = before.map(|(_, uri)| *uri);
        // No default namespace, and none to take back.
        if before == Some(uri) || (before.is_none() && uri.is_empty()) {
            return;
        }
        self.rendered.push((prefix, uri));
    }

    fn close(&mut self, element: Element<'_>) {
        self.out.extend_from_slice(b"</");
        self.name(element);
        self.out.push(b'>');
        let mark = self.marks.pop().unwrap_or_default();
        self.rendered.truncate(mark);
    }

    fn name(&mut self, element: Element<'_>) {
        if !element.prefix().is_empty() {
            self.out.extend_from_slice(element.prefix().as_bytes());
            self.out.push(b':');
        }
        self.out.extend_from_slice(element.local().as_bytes());
    }

    fn text(&mut self, text: &str) {
        for byte in text.bytes() {
            match byte {
                b'&' => self.out.extend_from_slice(b"&amp;"),
                b'<' => self.out.extend_from_slice(b"&lt;"),
                b'>' => self.out.extend_from_slice(b"&gt;"),
                b'\r' => self.out.extend_from_slice(b"&#xD;"),
                byte => self.out.push(byte),
            }
        }
    }

    fn value(&mut self, value: &str) {
        for byte in value.bytes() {
            match byte {
                b'&' => self.out.extend_from_slice(b"&amp;"),
                b'<' => self.out.extend_from_slice(b"&lt;"),
                b'"' => self.out.extend_from_slice(b"&quot;"),
                b'\t' => self.out.extend_from_slice(b"&#x9;"),
                b'\n' => self.out.extend_from_slice(b"&#xA;"),
                b'\r' => self.out.extend_from_slice(b"&#xD;"),
                byte => self.out.push(byte),
            }
        }
    }
}

#[cfg(test)]
mod w3c;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Document, Limits};
    use proptest::prelude::*;

    fn parse(text: &str) -> Document<'_> {
        Document::parse(text.as_bytes(), &Limits::MESSAGE).unwrap()
    }

    fn whole(text: &str) -> String {
        String::from_utf8(exclusive(parse(text).root(), None, &[])).unwrap()
    }

    fn part(text: &str, local: &str, inclusive: &[&str]) -> String {
        let document = parse(text);
        let mut found = document.root().descendants();
        let apex = found.find(|element| element.local() == local).unwrap();
        String::from_utf8(exclusive(apex, None, inclusive)).unwrap()
    }

    /// The example of the recommendation, section 2.2.
    #[test]
    fn the_surroundings_do_not_show() {
        let first = "<n0:pdu xmlns:n0='http://a.example'><n1:elem1 xmlns:n1='http://b.example'>content</n1:elem1></n0:pdu>";
        let second = "<n2:pdu xmlns:n1=\"http://example.com\" xmlns:n2=\"http://foo.example\" xml:lang=\"fr\" xml:space=\"retain\"><n1:elem2 xmlns:n0=\"http://foo.bar\" xml:lang=\"en\"><n3:stuff xmlns:n3=\"ftp://example.org\"/></n1:elem2></n2:pdu>";
        assert_eq!(
            part(first, "elem1", &[]),
            "<n1:elem1 xmlns:n1=\"http://b.example\">content</n1:elem1>"
        );
        assert_eq!(
            part(second, "elem2", &[]),
            "<n1:elem2 xmlns:n1=\"http://example.com\" xml:lang=\"en\"><n3:stuff xmlns:n3=\"ftp://example.org\"></n3:stuff></n1:elem2>"
        );
    }

    #[test]
    fn declarations_stand_where_they_are_first_used_and_only_there() {
        let text = "<a xmlns='urn:d' xmlns:p='urn:p' xmlns:q='urn:q'><p:b q:x='1'><p:c xmlns:p='urn:p'/><p:d xmlns:p='urn:other'/></p:b><e xmlns=''><f xmlns='urn:d'/></e></a>";
        assert_eq!(
            whole(text),
            "<a xmlns=\"urn:d\"><p:b xmlns:p=\"urn:p\" xmlns:q=\"urn:q\" q:x=\"1\"><p:c></p:c><p:d xmlns:p=\"urn:other\"></p:d></p:b><e xmlns=\"\"><f xmlns=\"urn:d\"></f></e></a>"
        );
        assert_eq!(part(text, "e", &[]), "<e><f xmlns=\"urn:d\"></f></e>");
    }

    #[test]
    fn inclusive_prefixes_come_along_unused() {
        let text = "<a xmlns='urn:d' xmlns:p='urn:p' xmlns:q='urn:q'><q:b><c xmlns:p='urn:new'/><c xmlns=''/></q:b></a>";
        assert_eq!(
            part(text, "b", &["p", "", "nowhere"]),
            "<q:b xmlns=\"urn:d\" xmlns:p=\"urn:p\" xmlns:q=\"urn:q\"><c xmlns:p=\"urn:new\"></c><c xmlns=\"\"></c></q:b>"
        );
        assert_eq!(
            part(text, "b", &[]),
            "<q:b xmlns:q=\"urn:q\"><c xmlns=\"urn:d\"></c><c></c></q:b>"
        );
    }

    #[test]
    fn names_are_ordered_by_what_they_mean() {
        assert_eq!(
            whole(
                "<a xmlns:z='urn:1' xmlns:b='urn:2' z:x='1' b:x='2' y='3' b='4' xml:id='5' xmlns='urn:0'/>"
            ),
            "<a xmlns=\"urn:0\" xmlns:b=\"urn:2\" xmlns:z=\"urn:1\" b=\"4\" y=\"3\" xml:id=\"5\" z:x=\"1\" b:x=\"2\"></a>"
        );
    }

    #[test]
    fn what_xml_always_is_need_not_be_said() {
        let text = "<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='en'/>";
        assert_eq!(whole(text), "<a xml:lang=\"en\"></a>");
    }

    #[test]
    fn what_must_be_escaped_is() {
        let text = "<a b='&lt;>&amp;&quot;\"&#9;&#10;&#13;\u{a0}'>&lt;&gt;&amp;\"'&#13;\t\r\n<!-- c --><![CDATA[<]]></a>";
        assert_eq!(
            whole(text),
            "<a b=\"&lt;>&amp;&quot;&quot;&#x9;&#xA;&#xD;\u{a0}\">&lt;&gt;&amp;\"'&#xD;\t\n&lt;</a>"
        );
    }

    #[test]
    fn one_element_can_be_left_out() {
        let document = parse("<a>x<s>y<t/></s>z</a>");
        let signature = document.root().children().next();
        let bytes = exclusive(document.root(), signature, &[]);
        assert_eq!(bytes, b"<a>xz</a>");
    }

    /// Any document of few names, with declarations everywhere.
    fn tree() -> impl Strategy<Value = String> {
        let leaf = "([a-c]|&lt;|&#13;|&amp;|\\]|&gt;){0,3}";
        let element = |inside: BoxedStrategy<String>| {
            let prefix = prop_oneof![Just(""), Just("p:"), Just("q:")];
            let declared = prop_oneof![
                Just(""),
                Just(" xmlns=''"),
                Just(" xmlns='urn:d'"),
                Just(" xmlns:p='urn:p2'"),
                Just(" xmlns:q='urn:p'"),
            ];
            let attribute = prop_oneof![
                Just(""),
                Just(" x='&#10;&quot;\t'"),
                Just(" p:x='1' x='2'"),
                Just(" q:y='>'"),
            ];
            let children = prop::collection::vec(inside, 0..4);
            (prefix, declared, attribute, children).prop_map(
                |(prefix, declared, attribute, children)| {
                    format!(
                        "<{prefix}e{declared}{attribute}>{}</{prefix}e>",
                        children.concat()
                    )
                },
            )
        };
        let nested = leaf.prop_recursive(4, 24, 4, move |inner| element(inner.boxed()));
        nested.prop_map(|inside| format!("<r xmlns:p='urn:p' xmlns:q='urn:q'>{inside}</r>"))
    }

    fn shape(document: &Document<'_>) -> Vec<String> {
        let items = document.root().items().iter();
        items
            .map(|item| match item {
                Item::Open(number) => {
                    let element = document.root().sibling(*number);
                    let mut attributes: Vec<_> = element
                        .attributes()
                        .iter()
                        .map(|it| (it.namespace(), it.local(), it.value()))
                        .collect();
                    attributes.sort_unstable();
                    format!("{}|{}|{attributes:?}", element.namespace(), element.local())
                }
                Item::Text(text) => text.to_string(),
                Item::Close(_) => "/".to_owned(),
            })
            .collect()
    }

    proptest! {
        /// Two trees with one canonical form would be one signature for two meanings.
        #[test]
        fn the_canonical_form_reads_as_the_same_tree(text in tree()) {
            let document = parse(&text);
            let bytes = exclusive(document.root(), None, &[]);
            let again = Document::parse(&bytes, &Limits::MESSAGE).unwrap();
            prop_assert_eq!(shape(&document), shape(&again));
            // And it is a fixed point.
            prop_assert_eq!(exclusive(again.root(), None, &[]), bytes);
        }
    }
}
