//! Comments, CDATA and references in values; junk around and between.

use super::*;

/// Who reads only the text before a comment reads another name (CVE-2017-11427 and its kin). The signature holds: comments
/// are no part of it.
#[test]
fn a_comment_in_a_name() {
    let text = signed(&bent(">ann<", ">ann@acme.example.evil.example<"));
    for cut in ["<!---->", "<!-- x -->", "<![CDATA[]]>"] {
        let text = changed(
            &text,
            "ann@acme.example.evil",
            &format!("ann@acme.example{cut}.evil"),
        );
        let found = judge(text.as_bytes()).unwrap();
        assert_eq!(found.name_id().value, "ann@acme.example.evil.example");
    }
}

#[test]
fn a_comment_in_a_value() {
    let text = signed(&response());
    for (from, to) in [
        (">engineering<", "><!-- root -->engin<!---->eering<"),
        (">engineering<", "><![CDATA[engineering]]><"),
        (">engineering<", ">&#101;ngineerin&#x67;<"),
        (
            ">engineering<",
            "><!--</saml:AttributeValue><saml:AttributeValue>root-->engineering<",
        ),
        (">ann<", "><!--root-->ann<"),
        (">ann<", "><![CDATA[a]]>nn<"),
        (IDP, "https://idp<!-- -->.example/saml"),
    ] {
        is_ann(changed(&text, from, to));
    }
}

#[test]
fn markup_in_cdata_is_text() {
    let text = signed(&bent(
        ">ann<",
        "><![CDATA[root</saml:NameID><saml:NameID>]]>ann<",
    ));
    let found = judge(text.as_bytes()).unwrap();
    assert_eq!(found.name_id().value, "root</saml:NameID><saml:NameID>ann");
    let broken = SamlError::Malformed("a text holds the end of a CDATA section");
    refused(bent(">ann<", ">ann]]><"), broken);
    refused(
        bent(">ann<", "><![CDATA[ann<"),
        SamlError::Malformed("a CDATA section is not closed"),
    );
    let malformed = judge(bent(">ann<", "><![cdata[ann]]><").as_bytes()).unwrap_err();
    assert_eq!(malformed.reason(), "saml.xml.malformed");
}

#[test]
fn comments_that_are_none() {
    for comment in [
        "<!-- -- -->",
        "<!--->",
        "<!-- --->",
        "<!- x ->",
        "<!-- x",
        "<! -- -->",
    ] {
        let found = judge(bent(">ann<", &format!(">ann{comment}<")).as_bytes());
        assert_eq!(
            found.unwrap_err().reason(),
            "saml.xml.malformed",
            "{comment}"
        );
    }
}

#[test]
fn text_between_elements() {
    let text = signed(&response());
    for junk in ["x", "&#160;", "&#x200B;", "<![CDATA[x]]>"] {
        let response = changed(&text, "<samlp:Status>", &format!("{junk}<samlp:Status>"));
        refused(response, SamlError::Element("Response"));
        let end = changed(
            &text,
            "</samlp:Response>",
            &format!("{junk}</samlp:Response>"),
        );
        refused(end, SamlError::Element("Response"));
        let inside = changed(
            &text,
            "</saml:Assertion>",
            &format!("{junk}</saml:Assertion>"),
        );
        refused(inside, SamlError::Element("Assertion"));
        let subject = changed(&text, "<saml:NameID ", &format!("{junk}<saml:NameID "));
        refused(subject, SamlError::SignatureInvalid);
    }
}

#[test]
fn anything_around_the_root() {
    let text = signed(&response());
    for fine in ["\n", "<!-- junk -->", " \t\r\n<!---->"] {
        is_ann(format!("{fine}{text}"));
        is_ann(format!("{text}{fine}"));
    }
    let outside = SamlError::Malformed("there is text outside the root");
    for junk in [
        "x",
        "&amp;",
        "\u{a0}",
        "]]>",
        "<![CDATA[]]>",
        "<![CDATA[ ]]>",
    ] {
        refused(format!("{junk}{text}"), outside.clone());
        refused(format!("{text}{junk}"), outside.clone());
    }
    let second = SamlError::Malformed("there is a second root");
    refused(format!("{text}{text}"), second.clone());
    refused(format!("{text}<x/>"), second.clone());
    refused(format!("<x/>{text}"), second);
    refused(
        format!("{text}</samlp:Response>"),
        SamlError::Malformed("an end tag has no start"),
    );
    refused(
        format!("\n<?xml version='1.0'?>{text}"),
        SamlError::ProcessingInstruction,
    );
}

/// White space between the elements of a signed part is signed too; around it, it is nobody's.
#[test]
fn white_space_between_elements() {
    let text = signed(&response());
    is_ann(changed(&text, "<samlp:Status>", "\n\t <samlp:Status>"));
    is_ann(changed(&text, "<saml:Assertion ", "\r\n<saml:Assertion "));
    refused(
        changed(&text, "<saml:Subject>", "\n<saml:Subject>"),
        SamlError::SignatureInvalid,
    );
    refused(
        changed(&text, ">ann<", ">ann <"),
        SamlError::SignatureInvalid,
    );
    refused(
        changed(&text, ">ann<", ">ann&#13;<"),
        SamlError::SignatureInvalid,
    );
    // In tags it is nothing.
    is_ann(changed(&text, "</saml:Subject>", "</saml:Subject\n >"));
}
