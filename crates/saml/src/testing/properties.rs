//! What holds for any bytes at all. A property that does not hold panics: fuzzing and tests look for that.

use crate::canonical::exclusive;
use crate::document::{Document, Element, Item, Limits};

/// For canonical forms, which escape more than what they came from and declare namespaces where they are used.
const WIDE: Limits = Limits {
    bytes: usize::MAX,
    elements: usize::MAX,
    depth: usize::MAX,
    attributes: usize::MAX,
    scope: usize::MAX,
};

/// The canonical form of whatever the gate lets through reads as the same tree, and is its own canonical form; so it
/// is for any element within, with any prefixes declared along, and with any element left out. Two trees with one
/// canonical form would be one signature for two meanings (saml-engines: the price of our own canonicalization).
///
/// Whether the gate let it through.
///
/// # Panics
/// Where it does not hold.
pub fn canonical_form_is_the_same_tree(bytes: &[u8], pick: usize) -> bool {
    let Ok(document) = Document::parse(bytes, &Limits::MESSAGE) else {
        return false;
    };
    let root = document.root();
    same(root, None, &[]);
    let count = root.descendants().count();
    let apex = root.descendants().nth(pick % count).unwrap_or(root);
    let inside = apex.descendants().count();
    let without = apex.descendants().skip(1).nth(pick / count % inside);
    let mut prefixes: Vec<&str> = root.descendants().map(Element::prefix).collect();
    prefixes.sort_unstable();
    prefixes.dedup();
    prefixes.retain(|prefix| *prefix != "xml");
    prefixes.truncate(16);
    same(apex, without, &[]);
    same(apex, without, &prefixes);
    true
}

fn same(apex: Element<'_>, without: Option<Element<'_>>, prefixes: &[&str]) {
    let form = exclusive(apex, without, prefixes);
    let again = match Document::parse(&form, &WIDE) {
        Ok(again) => again,
        Err(error) => panic!("a canonical form is refused: {error}"),
    };
    let (one, two) = (tree(apex, without), tree(again.root(), None));
    assert_eq!(one, two, "a canonical form reads as another tree");
    let twice = exclusive(again.root(), None, prefixes);
    // Prefixes that are declared around the apex are declared on it afterwards, so that both say the same.
    assert!(twice == form, "a canonical form has another canonical form");
}

/// What a tree says, each line a node; text that an element was taken out of is joined, as a reader joins it.
fn tree(apex: Element<'_>, without: Option<Element<'_>>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut in_text = false;
    let mut left_out = 0_usize;
    for item in apex.items() {
        match item {
            Item::Open(number) => {
                let element = apex.sibling(*number);
                if left_out > 0 || without == Some(element) {
                    left_out += 1;
                    continue;
                }
                let mut attributes: Vec<_> = element
                    .attributes()
                    .iter()
                    .map(|it| (it.namespace(), it.local(), it.prefix(), it.value()))
                    .collect();
                attributes.sort_unstable();
                let name = (element.namespace(), element.prefix(), element.local());
                lines.push(format!("{name:?} {attributes:?}"));
                in_text = false;
            }
            Item::Close(_) if left_out > 0 => left_out -= 1,
            Item::Close(_) => {
                lines.push("/".to_owned());
                in_text = false;
            }
            Item::Text(_) if left_out > 0 => {}
            Item::Text(text) => match lines.last_mut() {
                Some(last) if in_text => last.push_str(text),
                _ => {
                    lines.push(text.to_string());
                    in_text = true;
                }
            },
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_document_has_one_canonical_form(
            text in "<a xmlns:p='urn:p'>(x|\r\n?|&#13;|]]&gt;|<!---->|<p:b p:c='\t&#9;\"&lt;' c=\"'\"|/>|<b xmlns='urn:[de]'>|</b>|<b xmlns=''>|<!\\[CDATA\\[\r<&>\\]\\]>|<c xml:lang='' xmlns:q='urn:q'/>){0,9}</a>",
            pick in any::<usize>(),
        ) {
            canonical_form_is_the_same_tree(text.as_bytes(), pick);
        }
    }

    #[test]
    fn documents_of_products_have_one_canonical_form() {
        let documents = [
            &include_bytes!("../../tests/data/signed/both.xml")[..],
            include_bytes!("../../tests/data/metadata/adfs.xml"),
            include_bytes!("../../tests/data/metadata/shibboleth.xml"),
        ];
        for document in documents {
            for pick in 0..200 {
                assert!(canonical_form_is_the_same_tree(document, pick * 37));
            }
        }
    }
}
