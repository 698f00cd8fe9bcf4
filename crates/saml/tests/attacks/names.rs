//! Identifiers, prefixes, namespaces and attributes that two readers take for two things.

use super::*;

#[test]
fn an_identifier_that_comes_twice() {
    for text in [signed(&response()), signed_whole(&response())] {
        for id in ["_a", "_r"] {
            for (from, to) in [
                ("<samlp:Status>", format!("<samlp:Status ID='{id}'>")),
                (
                    "<samlp:StatusCode ",
                    format!("<samlp:StatusCode ID=\"{id}\" "),
                ),
                ("<saml:Subject>", format!("<saml:Subject ID='{id}'>")),
            ] {
                refused(changed(&text, from, &to), SamlError::Id);
            }
        }
    }
}

#[test]
fn an_identifier_by_another_name() {
    let text = signed(&response());
    for name in ["Id", "id", "iD", "xml:id", "xml:ID"] {
        for id in ["_a", "_e"] {
            let to = format!("<samlp:Status {name}='{id}'>");
            refused(changed(&text, "<samlp:Status>", &to), SamlError::Id);
        }
        // The signed element's own, another than it has.
        let to = format!("<saml:Assertion {name}='_e' ");
        refused(changed(&text, "<saml:Assertion ", &to), SamlError::Id);
    }
    // One of another namespace, which libxmlsec1 takes for one of ours.
    for id in ["_a", "_e"] {
        let to = format!("<samlp:Status samlp:ID='{id}'>");
        refused(changed(&text, "<samlp:Status>", &to), SamlError::Id);
    }
    // These nobody looks for.
    for to in [
        "<samlp:Status saml:id='_a'>",
        "<samlp:Status saml:Id='_a'>",
        "<samlp:Status AssertionID='_a' ResponseID='_r'>",
    ] {
        is_ann(changed(&text, "<samlp:Status>", to));
    }
}

/// What a prefix means outside is not what it means inside: the signature is over names with their namespaces.
#[test]
fn a_prefix_bound_anew_around_what_is_signed() {
    let bare = response().replacen(
        "<saml:Assertion xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion'",
        "<saml:Assertion",
        1,
    );
    let text = signed(&bare);
    is_ann(&text);
    let other = "xmlns:saml='urn:oasis:names:tc:SAML:1.0:assertion'";
    let text = changed(
        &text,
        "xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion'",
        other,
    );
    refused(
        text,
        SamlError::Element("a name of SAML in another namespace"),
    );
}

#[test]
fn a_prefix_bound_anew_within_what_is_signed() {
    let text = signed(&response());
    for (from, to) in [
        ("<saml:NameID ", "<saml:NameID xmlns:x='urn:x' "),
        (
            "<saml:AttributeValue>",
            "<saml:AttributeValue xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion'>",
        ),
        ("<saml:AttributeValue>", "<saml:AttributeValue xmlns=''>"),
    ] {
        // It declares what is declared or not used: canonically nothing.
        is_ann(changed(&text, from, to));
    }
    for (from, to) in [
        (
            "<saml:AttributeValue>",
            "<saml:AttributeValue xmlns:y='urn:y' y:z=''>",
        ),
        ("<saml:Attribute Name", "<saml:Attribute saml:Name"),
        ("<saml:Attribute Name", "<saml:Attribute xml:lang='en' Name"),
    ] {
        refused(changed(&text, from, to), SamlError::SignatureInvalid);
    }
    let foreign = changed(&text, "<saml:NameID ", "<saml:NameID xmlns:saml='urn:x' ");
    refused(
        foreign,
        SamlError::Element("a name of SAML in another namespace"),
    );
    let default = text
        .replacen(
            "<saml:NameID ",
            "<NameID xmlns='urn:oasis:names:tc:SAML:2.0:assertion' ",
            1,
        )
        .replacen("</saml:NameID>", "</NameID>", 1);
    refused(default, SamlError::SignatureInvalid);
}

/// Types of values are named by prefixes that exclusive canonicalization does not see.
#[test]
fn a_prefix_in_a_value_bound_anew_outside() {
    let typed = "<saml:AttributeValue xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type='xs:string'>engineering";
    let text = changed(
        &response(),
        "<samlp:Response ",
        "<samlp:Response xmlns:xs='http://www.w3.org/2001/XMLSchema' ",
    );
    let text = signed(&changed(&text, "<saml:AttributeValue>engineering", typed));
    is_ann(&text);
    is_ann(changed(
        &text,
        "http://www.w3.org/2001/XMLSchema'",
        "urn:evil'",
    ));
}

/// A list of prefixes takes them into what is signed, or out of it; either way the signature says which.
#[test]
fn a_list_of_prefixes_changed_after() {
    use drawbridge_saml::testing::{Manner, sign_as};
    let text = bent(
        "<samlp:Response ",
        "<samlp:Response xmlns:xs='http://www.w3.org/2001/XMLSchema' ",
    );
    let listed = Manner {
        prefixes: Some("xs".to_owned()),
        ..Manner::PLAIN
    };
    let text = sign_as(&text, "_a", &KEY, &listed);
    is_ann(&text);
    refused(
        changed(&text, "http://www.w3.org/2001/XMLSchema'", "urn:evil'"),
        SamlError::SignatureInvalid,
    );
    refused(
        changed(&text, "PrefixList=\"xs\"", "PrefixList=\"xs saml\""),
        SamlError::SignatureInvalid,
    );
    refused(
        changed(&text, "PrefixList=\"xs\"", "PrefixList=\"\""),
        SamlError::SignatureInvalid,
    );
    // And the digest changed with it: then SignedInfo is another.
    let plain = signed(&changed(&text, signature(&text), ""));
    let digest = part(&plain, "<ds:DigestValue>", "</ds:DigestValue>");
    let text = changed(
        &text,
        part(&text, "<ds:DigestValue>", "</ds:DigestValue>"),
        digest,
    );
    refused(
        changed(&text, "PrefixList=\"xs\"", "PrefixList=\"\""),
        SamlError::SignatureInvalid,
    );
}

#[test]
fn namespaces_that_readers_disagree_about() {
    let text = signed(&response());
    for declaration in [
        "xmlns:xml='urn:x'",
        "xmlns:x='http://www.w3.org/XML/1998/namespace'",
        "xmlns:xmlns='urn:x'",
        "xmlns:x='http://www.w3.org/2000/xmlns/'",
        "xmlns='http://www.w3.org/2000/xmlns/'",
        "xmlns:x=''",
        "xmlns:x='relative'",
        "xmlns:x='urn:&#120;'",
        "xmlns:x='urn:a&amp;b'",
        "xmlns:x='urn: '",
        "xmlns:x=' urn:x'",
        "xmlns:x='urn:é'",
    ] {
        let to = format!("<samlp:Response {declaration} ");
        let error = judge(changed(&text, "<samlp:Response ", &to).as_bytes()).unwrap_err();
        assert_eq!(error.reason(), "saml.xml.namespace", "{declaration}");
    }
    for (from, to) in [
        ("<samlp:Status>", "<samlp:Status y:z='1'>"),
        ("</samlp:Status>", "<y:z/></samlp:Status>"),
    ] {
        let error = SamlError::Namespace("a prefix is not declared");
        refused(changed(&text, from, to), error);
    }
}

#[test]
fn attributes_that_come_twice() {
    let text = signed(&response());
    let twice = SamlError::Malformed("an attribute comes twice");
    for (from, to) in [
        ("<samlp:Response ", "<samlp:Response ID='_f' "),
        ("<samlp:Response ", "<samlp:Response xmlns:samlp='urn:x' "),
        ("<samlp:Status>", "<samlp:Status a='1' a='1'>"),
        (
            "<samlp:Status>",
            "<samlp:Status xmlns:x='urn:x' xmlns:y='urn:x' x:a='1' y:a='2'>",
        ),
        ("<saml:NameID ", "<saml:NameID Format='urn:x' "),
        ("<saml:Attribute Name", "<saml:Attribute Name='roles' Name"),
    ] {
        refused(changed(&text, from, to), twice.clone());
    }
    // One of a namespace beside one of none are two.
    is_ann(changed(
        &text,
        "<samlp:Status>",
        "<samlp:Status a='1' saml:a='2' samlp:a='3'>",
    ));
}

/// Their order means nothing, to the signature either.
#[test]
fn attributes_in_another_order() {
    let text = signed(&response());
    let sorted = "ID='_a' Version='2.0' IssueInstant='2026-11-22T09:59:30Z'><saml:Issuer>";
    let other = "IssueInstant=\"2026-11-22T09:59:30Z\"\n Version='2.0'\tID='_a' ><saml:Issuer>";
    is_ann(changed(&text, sorted, other));
}

#[test]
fn values_of_attributes_that_change_with_their_name() {
    let text = signed(&response());
    refused(
        changed(&text, "Name='groups'", "Name='Groups'"),
        SamlError::SignatureInvalid,
    );
    refused(
        changed(&text, "Name='groups'", "FriendlyName='groups' Name='mail2'"),
        SamlError::SignatureInvalid,
    );
    let two = "</saml:Attribute><saml:Attribute Name='groups'><saml:AttributeValue>root</saml:AttributeValue></saml:Attribute>";
    refused(
        changed(&text, "</saml:Attribute>", two),
        SamlError::SignatureInvalid,
    );
    let statement = "</saml:AttributeStatement><saml:AttributeStatement><saml:Attribute Name='groups'><saml:AttributeValue>root</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>";
    refused(
        changed(&text, "</saml:AttributeStatement>", statement),
        SamlError::SignatureInvalid,
    );
}
