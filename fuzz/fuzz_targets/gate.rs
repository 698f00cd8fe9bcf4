//! The gate and the canonical form: nothing panics, what is let through has one canonical form, and another strict
//! reader reads it the same way.
#![no_main]

use drawbridge_saml::document::{Document, Element, Limits};
use drawbridge_saml::testing::properties::canonical_form_is_the_same_tree;
use libfuzzer_sys::fuzz_target;
use roxmltree::{Node, ParsingOptions};

fuzz_target!(|bytes: &[u8]| {
    let pick = bytes.iter().rev().take(6).fold(0_usize, |pick, byte| {
        pick.wrapping_mul(251).wrapping_add(usize::from(*byte))
    });
    // roxmltree keeps a carriage return that stands before a reference.
    if canonical_form_is_the_same_tree(bytes, pick) && !bytes.contains(&b'\r') {
        another_reader_agrees(bytes);
    }
});

fn another_reader_agrees(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).expect("the gate lets no other encoding through");
    let ours = Document::parse(bytes, &Limits::MESSAGE).expect("it was let through");
    let options = ParsingOptions {
        nodes_limit: u32::MAX,
        ..ParsingOptions::default()
    };
    let theirs = roxmltree::Document::parse_with_options(text, options)
        .unwrap_or_else(|error| panic!("we let through what another refuses: {error}"));
    let mut elements = theirs.descendants().filter(Node::is_element);
    for element in ours.root().descendants() {
        let other = elements.next().expect("as many elements");
        assert_eq!(element.local(), other.tag_name().name());
        assert_eq!(
            element.namespace(),
            other.tag_name().namespace().unwrap_or_default()
        );
        assert_eq!(attributes(element), their_attributes(other));
        let texts: String = other
            .children()
            .filter(Node::is_text)
            .filter_map(|it| it.text())
            .collect();
        if let Some(text) = element.text() {
            assert_eq!(text, texts);
        }
    }
    assert!(elements.next().is_none(), "as many elements");
}

fn attributes(element: Element<'_>) -> Vec<(&str, &str, &str)> {
    let all = element.attributes().iter();
    all.map(|it| (it.namespace(), it.local(), it.value()))
        .collect()
}

fn their_attributes<'a>(node: Node<'a, '_>) -> Vec<(&'a str, &'a str, &'a str)> {
    node.attributes()
        .map(|it| (it.namespace().unwrap_or_default(), it.name(), it.value()))
        .collect()
}
