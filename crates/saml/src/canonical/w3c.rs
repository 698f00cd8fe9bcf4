//! The examples of the recommendations, and what becomes of those that the gate refuses.
//!
//! Canonical XML 1.0 has most of them (section 3). What is inclusive about it we do not write, but a list of all prefixes
//! comes to the same; and without a document type no attribute has a default or a type, which is said where it shows.
//!
//! Reference: <https://www.w3.org/TR/2001/REC-xml-c14n-20010315>,
//! <https://www.w3.org/TR/2002/REC-xml-exc-c14n-20020718/> (also RFC 3741).

use super::exclusive;
use crate::SamlError;
use crate::document::{Document, Limits};

fn read(text: &str) -> Result<Document<'_>, SamlError> {
    Document::parse(text.as_bytes(), &Limits::MESSAGE)
}

/// The canonical form of the element of a name.
fn part(text: &str, local: &str, inclusive: &[&str]) -> String {
    let document = read(text).unwrap();
    let mut found = document.root().descendants();
    let apex = found.find(|element| element.local() == local).unwrap();
    String::from_utf8(exclusive(apex, None, inclusive)).unwrap()
}

fn whole(text: &str) -> String {
    part(text, "doc", &[])
}

/// Canonical XML section 3.1: processing instructions, comments, outside of the document element.
#[test]
fn outside_of_the_document_element() {
    const WHOLE: &str = "<?xml version=\"1.0\"?>\n\n<?xml-stylesheet   href=\"doc.xsl\"\n   type=\"text/xsl\"   ?>\n\n<!DOCTYPE doc SYSTEM \"doc.dtd\">\n\n<doc>Hello, world!<!-- Comment 1 --></doc>\n\n<?pi-without-data     ?>\n\n<!-- Comment 2 -->\n\n<!-- Comment 3 -->";
    const TYPE: &str = "<!DOCTYPE doc SYSTEM \"doc.dtd\">";
    const STYLE: &str = "<?xml-stylesheet   href=\"doc.xsl\"\n   type=\"text/xsl\"   ?>";
    const AFTER: &str = "<?pi-without-data     ?>";
    let error = |text: &str| read(text).unwrap_err();
    assert_eq!(error(WHOLE), SamlError::ProcessingInstruction);
    let text = WHOLE.replace(STYLE, "");
    assert_eq!(error(&text), SamlError::Doctype);
    let text = text.replace(TYPE, "");
    assert_eq!(error(&text), SamlError::ProcessingInstruction);
    let text = text.replace(AFTER, "");
    assert_eq!(whole(&text), "<doc>Hello, world!</doc>");
}

/// Canonical XML section 3.2: white space in content.
#[test]
fn white_space_in_content() {
    const DOCUMENT: &str = "<doc>\n   <clean>   </clean>\n   <dirty>   A   B   </dirty>\n   <mixed>\n      A\n      <clean>   </clean>\n      B\n      <dirty>   A   B   </dirty>\n      C\n   </mixed>\n</doc>";
    assert_eq!(whole(DOCUMENT), DOCUMENT);
    // However lines end.
    assert_eq!(whole(&DOCUMENT.replace('\n', "\r\n")), DOCUMENT);
    assert_eq!(whole(&DOCUMENT.replace('\n', "\r")), DOCUMENT);
}

/// Canonical XML section 3.3: start and end tags.
#[test]
fn start_and_end_tags() {
    const TYPE: &str = "<!DOCTYPE doc [<!ATTLIST e9 attr CDATA \"default\">]>\n";
    const DOCUMENT: &str = "<doc>\n   <e1   />\n   <e2   ></e2>\n   <e3    name = \"elem3\"   id=\"elem3\"    />\n   <e4    name=\"elem4\"   id=\"elem4\"    ></e4>\n   <e5 a:attr=\"out\" b:attr=\"sorted\" attr2=\"all\" attr=\"I'm\"\n       xmlns:b=\"http://www.ietf.org\" \n       xmlns:a=\"http://www.w3.org\"\n       xmlns=\"http://example.org\"/>\n   <e6 xmlns=\"\" xmlns:a=\"http://www.w3.org\">\n       <e7 xmlns=\"http://www.ietf.org\">\n           <e8 xmlns=\"\" xmlns:a=\"http://www.w3.org\">\n               <e9 xmlns=\"\" xmlns:a=\"http://www.ietf.org\"/>\n           </e8>\n       </e7>\n   </e6>\n</doc>";
    let with_type = format!("{TYPE}{DOCUMENT}");
    assert_eq!(read(&with_type).unwrap_err(), SamlError::Doctype);
    // Without the type, e9 has no attribute by default.
    const CANONICAL: &str = "<doc>\n   <e1></e1>\n   <e2></e2>\n   <e3 id=\"elem3\" name=\"elem3\"></e3>\n   <e4 id=\"elem4\" name=\"elem4\"></e4>\n   <e5 xmlns=\"http://example.org\" xmlns:a=\"http://www.w3.org\" xmlns:b=\"http://www.ietf.org\" attr=\"I'm\" attr2=\"all\" b:attr=\"sorted\" a:attr=\"out\"></e5>\n   <e6 xmlns:a=\"http://www.w3.org\">\n       <e7 xmlns=\"http://www.ietf.org\">\n           <e8 xmlns=\"\">\n               <e9 xmlns:a=\"http://www.ietf.org\"></e9>\n           </e8>\n       </e7>\n   </e6>\n</doc>";
    assert_eq!(part(DOCUMENT, "doc", &["", "a", "b"]), CANONICAL);
    // Exclusively, what is declared and not used is gone.
    let used = CANONICAL
        .replace("<e6 xmlns:a=\"http://www.w3.org\">", "<e6>")
        .replace("<e9 xmlns:a=\"http://www.ietf.org\">", "<e9>");
    assert_eq!(whole(DOCUMENT), used);
}

/// Canonical XML section 3.4: character modifications and character references.
#[test]
fn characters_and_references_to_them() {
    const TYPE: &str = "<!DOCTYPE doc [\n<!ATTLIST normId id ID #IMPLIED>\n<!ATTLIST normNames attr NMTOKENS #IMPLIED>\n]>\n";
    const DOCUMENT: &str = "<doc>\n   <text>First line&#x0d;&#10;Second line</text>\n   <value>&#x32;</value>\n   <compute><![CDATA[value>\"0\" && value<\"10\" ?\"valid\":\"error\"]]></compute>\n   <compute expr='value>\"0\" &amp;&amp; value&lt;\"10\" ?\"valid\":\"error\"'>valid</compute>\n   <norm attr=' &apos;   &#x20;&#13;&#xa;&#9;   &apos; '/>\n   <normNames attr='   A   &#x20;&#13;&#xa;&#9;   B   '/>\n   <normId id=' &apos;   &#x20;&#13;&#xa;&#9;   &apos; '/>\n</doc>";
    let with_type = format!("{TYPE}{DOCUMENT}");
    assert_eq!(read(&with_type).unwrap_err(), SamlError::Doctype);
    // Without the type, normNames and normId hold text like any other, with all its spaces.
    const CANONICAL: &str = "<doc>\n   <text>First line&#xD;\nSecond line</text>\n   <value>2</value>\n   <compute>value&gt;\"0\" &amp;&amp; value&lt;\"10\" ?\"valid\":\"error\"</compute>\n   <compute expr=\"value>&quot;0&quot; &amp;&amp; value&lt;&quot;10&quot; ?&quot;valid&quot;:&quot;error&quot;\">valid</compute>\n   <norm attr=\" '    &#xD;&#xA;&#x9;   ' \"></norm>\n   <normNames attr=\"   A    &#xD;&#xA;&#x9;   B   \"></normNames>\n   <normId id=\" '    &#xD;&#xA;&#x9;   ' \"></normId>\n</doc>";
    assert_eq!(whole(DOCUMENT), CANONICAL);
}

/// Canonical XML section 3.5: entity references.
#[test]
fn entities() {
    const TYPE: &str = "<!DOCTYPE doc [\n<!ATTLIST doc attrExtEnt ENTITY #IMPLIED>\n<!ENTITY ent1 \"Hello\">\n<!ENTITY ent2 SYSTEM \"world.txt\">\n<!ENTITY entExt SYSTEM \"earth.gif\" NDATA gif>\n<!NOTATION gif SYSTEM \"viewgif.exe\">\n]>\n";
    const DOCUMENT: &str = "<doc attrExtEnt=\"entExt\">\n   &ent1;, &ent2;!\n</doc>\n\n<!-- Let world.txt contain \"world\" (excluding the quotes) -->";
    let with_type = format!("{TYPE}{DOCUMENT}");
    assert_eq!(read(&with_type).unwrap_err(), SamlError::Doctype);
    assert_eq!(read(DOCUMENT).unwrap_err(), SamlError::Entity);
}

/// Canonical XML section 3.6: UTF-8.
#[test]
fn utf_8() {
    const DOCUMENT: &str = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<doc>&#169;</doc>";
    assert_eq!(read(DOCUMENT).unwrap_err(), SamlError::Encoding);
    let text = DOCUMENT.replace("ISO-8859-1", "UTF-8");
    assert_eq!(whole(&text).as_bytes(), b"<doc>\xc2\xa9</doc>");
}

/// Exclusive canonicalization section 2.1: what is around does not show.
#[test]
fn an_envelope_does_not_show() {
    const ALONE: &str = "<n1:elem1 xmlns:n1=\"http://b.example\">\n    content\n</n1:elem1>";
    let enveloped = format!("<n0:pdu xmlns:n0=\"http://a.example\">\n   {ALONE}\n</n0:pdu>");
    assert_eq!(part(ALONE, "elem1", &[]), ALONE);
    assert_eq!(part(&enveloped, "elem1", &[]), ALONE);
    // Inclusively it would.
    let inclusive = ALONE.replace(" xmlns:n1", " xmlns:n0=\"http://a.example\" xmlns:n1");
    assert_eq!(part(&enveloped, "elem1", &["n0", "n1"]), inclusive);
}

/// Exclusive canonicalization section 2.2: out of one envelope into another.
#[test]
fn another_envelope_does_not_show_either() {
    const FIRST: &str = "<n0:local xmlns:n0=\"foo:bar\"\n          xmlns:n3=\"ftp://example.org\">\n   <n1:elem2 xmlns:n1=\"http://example.net\"\n             xml:lang=\"en\">\n       <n3:stuff xmlns:n3=\"ftp://example.org\"/>\n   </n1:elem2>\n</n0:local>";
    const SECOND: &str = "<n2:pdu xmlns:n1=\"http://example.com\"\n        xmlns:n2=\"http://foo.example\"\n        xml:lang=\"fr\"\n        xml:space=\"retain\">\n   <n1:elem2 xmlns:n1=\"http://example.net\"\n             xml:lang=\"en\">\n       <n3:stuff xmlns:n3=\"ftp://example.org\"/>\n   </n1:elem2>\n</n2:pdu>";
    const EXCLUSIVE: &str = "<n1:elem2 xmlns:n1=\"http://example.net\" xml:lang=\"en\">\n       <n3:stuff xmlns:n3=\"ftp://example.org\"></n3:stuff>\n   </n1:elem2>";
    assert_eq!(part(FIRST, "elem2", &[]), EXCLUSIVE);
    assert_eq!(part(SECOND, "elem2", &[]), EXCLUSIVE);

    // As Canonical XML has the first: everything in force, on the outermost element.
    assert_eq!(
        part(FIRST, "elem2", &["n0", "n1", "n2", "n3"]),
        "<n1:elem2 xmlns:n0=\"foo:bar\" xmlns:n1=\"http://example.net\" xmlns:n3=\"ftp://example.org\" xml:lang=\"en\">\n       <n3:stuff></n3:stuff>\n   </n1:elem2>"
    );
    // And the second, but that no list of prefixes brings attributes of `xml:` along (section 3).
    assert_eq!(
        part(SECOND, "elem2", &["n0", "n1", "n2", "n3"]),
        "<n1:elem2 xmlns:n1=\"http://example.net\" xmlns:n2=\"http://foo.example\" xml:lang=\"en\">\n       <n3:stuff xmlns:n3=\"ftp://example.org\"></n3:stuff>\n   </n1:elem2>"
    );
}

/// Exclusive canonicalization section 3: an `InclusiveNamespaces PrefixList`, the default namespace among it.
#[test]
fn a_list_of_prefixes_is_inclusive_for_these_alone() {
    const DOCUMENT: &str = "<soap:Envelope xmlns:soap=\"http://soap.example\" xmlns:dsig=\"http://dsig.example\" xmlns:unused=\"http://unused.example\" xmlns=\"http://default.example\"><soap:Body><dsig:Object><child xmlns:soap=\"http://soap.example/2\"/></dsig:Object></soap:Body></soap:Envelope>";
    assert_eq!(
        part(DOCUMENT, "Body", &["dsig", "soap", ""]),
        "<soap:Body xmlns=\"http://default.example\" xmlns:dsig=\"http://dsig.example\" xmlns:soap=\"http://soap.example\"><dsig:Object><child xmlns:soap=\"http://soap.example/2\"></child></dsig:Object></soap:Body>"
    );
    assert_eq!(
        part(DOCUMENT, "Body", &[]),
        "<soap:Body xmlns:soap=\"http://soap.example\"><dsig:Object xmlns:dsig=\"http://dsig.example\"><child xmlns=\"http://default.example\"></child></dsig:Object></soap:Body>"
    );
    assert_eq!(
        part(DOCUMENT, "Object", &["unused"]),
        "<dsig:Object xmlns:dsig=\"http://dsig.example\" xmlns:unused=\"http://unused.example\"><child xmlns=\"http://default.example\"></child></dsig:Object>"
    );
}
