use super::*;
use proptest::prelude::*;

fn parse(text: &str) -> Result<Document<'_>, SamlError> {
    Document::parse(text.as_bytes(), &Limits::MESSAGE)
}

#[track_caller]
fn refused(text: &str, reason: &str) {
    let error = parse(text).unwrap_err();
    assert_eq!(error.reason(), reason, "{text:?}: {error}");
}

#[test]
fn a_tree_has_names_attributes_and_text() {
    let text = "\u{feff}<?xml version='1.0' encoding=\"utf-8\" standalone='no'?>\n<!-- a --><p:a xmlns:p='urn:p' xmlns='urn:d' x='1' p:x='2' xml:lang='en'><b>t<!-- c -->u</b>\n<p:c/></p:a> <!-- z -->";
    let document = parse(text).unwrap();
    let root = document.root();
    assert!(root.is("urn:p", "a"));
    assert_eq!(root.attribute("x"), Some("1"));
    assert_eq!(root.attributes()[1].namespace(), "urn:p");
    assert_eq!(root.attributes()[2].namespace(), crate::names::XML);
    let children: Vec<_> = root.children().collect();
    assert!(children[0].is("urn:d", "b") && children[1].is("urn:p", "c"));
    assert_eq!(children[0].text().unwrap(), "tu");
    assert_eq!(children[1].text().unwrap(), "");
    assert_eq!(root.text(), None);
    assert!(!root.has_stray_text());
    assert_eq!(children[1].parent(), Some(root));
    assert_eq!(root.descendants().count(), 3);
    assert!(root.contains(children[1]) && !children[0].contains(children[1]));
}

#[test]
fn a_default_namespace_can_be_taken_back() {
    let document = parse("<a xmlns='urn:d'><b xmlns=''><c/></b><d/></a>").unwrap();
    let names: Vec<_> = document
        .root()
        .descendants()
        .map(Element::namespace)
        .collect();
    assert_eq!(names, ["urn:d", "", "", "urn:d"]);
    assert_eq!(document.root().lookup(""), Some("urn:d"));
}

#[test]
fn line_ends_and_white_space_are_normalized_and_references_are_not() {
    let document = parse("<a x='1\r\n2\r3\n4\t5&#13;&#xA;&#9;6'>\r\nx\ry&#13;&lt;&gt;&amp;&quot;&apos;&#x1F600;<![CDATA[\r\n<&]]></a>").unwrap();
    let root = document.root();
    assert_eq!(root.attribute("x"), Some("1 2 3 4 5\r\n\t6"));
    assert_eq!(root.text().unwrap(), "\nx\ny\r<>&\"'\u{1f600}\n<&");
}

#[test]
fn what_is_not_well_formed_is_refused() {
    for text in [
        "",
        " ",
        "x",
        "<a>",
        "</a>",
        "<a></b>",
        "<a><b></a></b>",
        "<a/><b/>",
        "<a/>x",
        "x<a/>",
        "<a b></a>",
        "<a b=1/>",
        "<a b='1'c='2'/>",
        "<a b='1' b='2'/>",
        "<a b='<'/>",
        "<a b='1/>",
        "< a/>",
        "<a/ >",
        "<1/>",
        "<a:/>",
        "<:a/>",
        "<a:b:c xmlns:a='urn:a'/>",
        "<a>]]></a>",
        "<a>&</a>",
        "<a>&lt</a>",
        "<a>&#;</a>",
        "<a>&#x;</a>",
        "<a>&#xZ;</a>",
        "<a>&#X41;</a>",
        "<a>& amp;</a>",
        "<!-- a -- b --><a/>",
        "<!-- a",
        "<!-- a ---><a/>",
        "<a><![CDATA[</a>",
        "<![CDATA[ ]]><a/>",
        "<!ELEMENT a ANY><a/>",
        "<a",
        "<a b='1'",
        "<a b",
        "<a b=",
        "</",
        "<",
        "<a></a b='1'>",
        "<?xml version='1.1'?><a/>",
        "<?xml encoding='UTF-8'?><a/>",
        "<?xml version='1.0' x='y'?><a/>",
        "<?xml version='1.0' standalone='maybe'?><a/>",
        "<?xml version='1.0' standalone='no' encoding='UTF-8'?><a/>",
        "<?xml version='1.0' version='1.0'?><a/>",
        "<?xml version='1.0'encoding='UTF-8'?><a/>",
        "<?xml version='1.0'",
        "<a xmlns:p='urn:x' xmlns:q='urn:x' p:y='1' q:y='2'/>",
        "<a xmlns='urn:x' xmlns='urn:y'/>",
        "<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
        "<p:a xmlns:p='urn:x' xmlns:q='urn:x'></q:a>",
        "<a>\u{2028}<</a>",
    ] {
        refused(text, "saml.xml.malformed");
    }
}

#[test]
fn other_encodings_are_refused() {
    refused(
        "<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
        "saml.xml.encoding",
    );
    refused(
        "<?xml version='1.0' encoding='UTF-16'?><a/>",
        "saml.xml.encoding",
    );
    for bytes in [
        &b"<a>\xff</a>"[..],
        b"\xff\xfe<\0a\0/\0>\0",
        b"<a>\xc0\xbc</a>",
        b"<a>\xed\xa0\x80</a>",
    ] {
        let error = Document::parse(bytes, &Limits::MESSAGE).unwrap_err();
        assert_eq!(error, SamlError::Encoding);
    }
}

#[test]
fn document_types_entities_and_instructions_are_refused() {
    refused("<!DOCTYPE a><a/>", "saml.xml.doctype");
    refused(
        "<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "saml.xml.doctype",
    );
    refused("<a><!DOCTYPE b></a>", "saml.xml.doctype");
    refused("<a>&b;</a>", "saml.xml.entity");
    refused("<a b='&nbsp;'/>", "saml.xml.entity");
    refused("<?xml-stylesheet href='x'?><a/>", "saml.xml.pi");
    refused("<a><?b?></a>", "saml.xml.pi");
    refused("<a/><?b?>", "saml.xml.pi");
    refused(" <?xml version='1.0'?><a/>", "saml.xml.pi");
}

#[test]
fn characters_that_hide_are_refused() {
    for c in [
        '\0',
        '\u{1}',
        '\u{b}',
        '\u{1f}',
        '\u{7f}',
        '\u{85}',
        '\u{9f}',
        '\u{fdd0}',
        '\u{fffe}',
        '\u{ffff}',
        '\u{1fffe}',
        '\u{10ffff}',
    ] {
        refused(&format!("<a>{c}</a>"), "saml.xml.character");
        refused(&format!("<a b='{c}'/>"), "saml.xml.character");
        refused(&format!("<a>&#{};</a>", u32::from(c)), "saml.xml.character");
    }
    refused("<a>&#xD800;</a>", "saml.xml.character");
    refused("<a>&#x110000;</a>", "saml.xml.character");
    assert!(parse("<a>\u{feff}é\u{10fffd}</a>").is_ok());
}

#[test]
fn odd_namespaces_are_refused() {
    for text in [
        "<a xmlns:x='1'/>",
        "<a xmlns='1'/>",
        "<a xmlns:x=''/>",
        "<a xmlns:x='../x'/>",
        "<a xmlns='urn:a b'/>",
        "<a xmlns='urn:é'/>",
        "<a xmlns='urn:a&amp;b'/>",
        "<a xmlns='urn:&#97;'/>",
        "<a xmlns=' urn:a'/>",
        "<a xmlns='urn:a\n'/>",
        "<a xmlns='urn:'/>",
        "<a xmlns=':a'/>",
        "<a xmlns='1a:b'/>",
        "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns:xml='urn:x'/>",
        "<a xmlns:xmlns='urn:x'/>",
        "<a xmlns:b='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
        "<b:a/>",
        "<a b:c='1'/>",
        "<xmlns:a/>",
        "<a><b xmlns:c='urn:c'/><c:d/></a>",
    ] {
        refused(text, "saml.xml.namespace");
    }
}

#[test]
fn everything_is_bounded() {
    let nested = |depth| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(parse(&nested(64)).is_ok());
    refused(&nested(65), "saml.xml.depth");
    assert!(parse(&format!("<a>{}</a>", "<b/>".repeat(4999))).is_ok());
    refused(&format!("<a>{}</a>", "<b/>".repeat(5000)), "saml.xml.size");
    let wide = |count: usize| {
        let attributes: String = (0..count).map(|i| format!(" b{i}=''")).collect();
        format!("<a{attributes}/>")
    };
    assert!(parse(&wide(64)).is_ok());
    refused(&wide(65), "saml.xml.size");
    let declaring = |levels: usize| {
        let tags: String = (0..levels)
            .map(|i| format!("<a xmlns:n{i}='urn:{i}' xmlns:m{i}='urn:{i}' xmlns:o{i}='urn:x'>"))
            .collect();
        tags + &"</a>".repeat(levels)
    };
    assert!(parse(&declaring(42)).is_ok());
    refused(&declaring(43), "saml.xml.size");
    refused(
        &format!("<a>{}</a>", "x".repeat(512 * 1024)),
        "saml.xml.size",
    );
}

/// Bombs of every kind end within the time of a blink.
#[test]
fn hostile_shapes_cost_no_more_than_their_size() {
    let size = 500 * 1024;
    let deep = "<a>".repeat(63) + &"<b c:d='' xmlns:c='urn:c'/>".repeat(4000);
    let attributes: String = (0..63).map(|i| format!(" a{i}=''")).collect();
    let shapes = [
        "<".repeat(size),
        "<a ".repeat(size / 3),
        "<a b='".repeat(size / 6),
        "<a>&".repeat(size / 4),
        format!("<a>{}", "&#65;".repeat(size / 5)),
        format!("<a>{}", "<!---->x".repeat(size / 8)),
        format!("<a>{}", "]]".repeat(size / 2)),
        format!("<a>{}", "<![CDATA[x]]>".repeat(size / 13)),
        format!("<!--{}", "-".repeat(size)),
        deep,
        format!("<a>{}", format!("<b{attributes}/>").repeat(900)),
    ];
    for shape in shapes {
        let started = std::time::Instant::now();
        let _ = parse(&shape);
        // Far above what it takes even unoptimized on a busy machine, far below anything quadratic.
        assert!(started.elapsed().as_secs() < 3, "{}", &shape[..20]);
    }
}

proptest! {
    #[test]
    fn no_text_at_all_makes_it_panic(text in "[<>/a-c:='\"&;#x0-9!\\[\\]\\-? \r\n\\PC]{0,200}") {
        let _ = parse(&text);
    }

    /// What we accept, another strict reader reads the same way. (No carriage returns: it keeps one before a reference.)
    #[test]
    fn another_reader_agrees(text in "<a>([a-c \n]|<b x='[a\t&;lt]{0,4}'/>|<!--[a-]{0,3}-->|&lt;|&#[0-9]{1,3};|\\]\\]>|<!\\[CDATA\\[[a<]{0,3}\\]\\]>){0,12}</a>") {
        let other = roxmltree::Document::parse(&text);
        if let Ok(ours) = parse(&text) {
            let theirs = other.unwrap();
            let mine: String = ours.root().items().iter().filter_map(|item| match item { Item::Text(t) => Some(&**t), _ => None }).collect();
            let other: String = theirs.root_element().descendants().filter(|n| n.is_text()).filter_map(|n| n.text()).collect();
            prop_assert_eq!(mine, other);
            let values = |e: Element<'_>| e.attribute("x").map(str::to_owned);
            let mine: Vec<_> = ours.root().descendants().map(values).collect();
            let other: Vec<_> = theirs.root_element().descendants().filter(|n| n.is_element()).map(|n| n.attribute("x").map(str::to_owned)).collect();
            prop_assert_eq!(mine, other);
        }
    }
}
