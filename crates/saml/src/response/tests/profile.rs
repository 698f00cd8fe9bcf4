//! The one profile of signatures (SAML-4): each of these holds, and is refused for how it is made.

use super::*;
use crate::testing::{Manner, complete, sign_as};

const INFO: &str = "<ds:SignedInfo>";
const REFERENCE: &str = "<ds:Reference ";
const TRANSFORMS: &str = "<ds:Transforms>";
const ENVELOPED: &str = "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>";
const EXCLUSIVE: &str =
    "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform>";
const VALUE_END: &str = "</ds:SignatureValue>";

/// The sample, its assertion or all of it signed in some manner.
fn made(manner: &Manner) -> [String; 2] {
    ["_a", "_r"].map(|id| sign_as(&response(), id, &KEY, manner))
}

#[track_caller]
fn not_made(from: &str, to: &str, why: &'static str) {
    for text in made(&Manner::edited(from, to)) {
        refused(&text, SamlError::SignatureProfile(why));
    }
}

#[track_caller]
fn may_be_made(manner: &Manner) {
    for text in made(manner) {
        let found = judge(&text);
        assert!(found.is_ok(), "{found:?}: {text}");
    }
}

#[test]
fn a_signature_has_its_parts_and_nothing_else() {
    const WHY: &str = "Signature has other parts";
    for other in [
        "<x xmlns='urn:x'/>",
        "<ds:SignatureValue></ds:SignatureValue>",
        "<saml:Issuer>https://idp.example/saml</saml:Issuer>",
        "<ds:DigestValue/>",
        "<ds:KeyInfo/><ds:KeyInfo/>",
        "text",
    ] {
        not_made(VALUE_END, &format!("{VALUE_END}{other}"), WHY);
        not_made(INFO, &format!("{other}{INFO}"), WHY);
    }
    // Two of what is signed, in either order.
    let second = "<ds:SignedInfo/>";
    not_made(INFO, &format!("{second}{INFO}"), WHY);
    not_made(VALUE_END, &format!("{VALUE_END}{second}"), WHY);
    not_made(INFO, "<ds:KeyInfo/><ds:SignedInfo>", WHY);
    may_be_made(&Manner::edited(INFO, "\n<!-- here -->\n<ds:SignedInfo>"));
}

#[test]
fn a_signature_is_whole() {
    for text in made(&Manner::PLAIN) {
        let cut = |from: &str, to: &str| {
            let (before, rest) = text.split_once(from).unwrap();
            let (_, after) = rest.split_once(to).unwrap();
            format!("{before}{after}")
        };
        let why = SamlError::SignatureProfile;
        for (from, to) in [
            (INFO, "</ds:SignedInfo>"),
            ("<ds:SignatureValue>", VALUE_END),
        ] {
            refused(&cut(from, to), why("Signature has other parts"));
        }
        for part in ["CanonicalizationMethod", "SignatureMethod", "Reference"] {
            let text = cut(&format!("<ds:{part}"), &format!("</ds:{part}>"));
            refused(&text, why("SignedInfo has other parts"));
        }
        for part in ["Transforms", "DigestMethod", "DigestValue"] {
            let text = cut(&format!("<ds:{part}"), &format!("</ds:{part}>"));
            refused(&text, why("Reference has other parts"));
        }
    }
}

#[test]
fn what_is_signed_has_its_parts_and_nothing_else() {
    const WHY: &str = "SignedInfo has other parts";
    for other in ["<x xmlns='urn:x'/>", "text", "<ds:KeyInfo/>"] {
        not_made(INFO, &format!("{INFO}{other}"), WHY);
        not_made(REFERENCE, &format!("{other}{REFERENCE}"), WHY);
    }
    let method = "<ds:SignatureMethod ";
    not_made(
        method,
        &format!("<ds:SignatureMethod Algorithm='x'/>{method}"),
        WHY,
    );
    let reference = "<ds:Reference URI='#_a'/>";
    not_made(REFERENCE, &format!("{reference}{REFERENCE}"), WHY);
    not_made(
        "</ds:Reference>",
        &format!("</ds:Reference>{reference}"),
        WHY,
    );
}

#[test]
fn a_reference_has_its_parts_and_nothing_else() {
    const WHY: &str = "Reference has other parts";
    for other in ["<x xmlns='urn:x'/>", "text", "<ds:Transforms/>"] {
        not_made(
            "<ds:DigestMethod ",
            &format!("{other}<ds:DigestMethod "),
            WHY,
        );
        not_made("</ds:Reference>", &format!("{other}</ds:Reference>"), WHY);
    }
    not_made(TRANSFORMS, &format!("<ds:DigestValue/>{TRANSFORMS}"), WHY);
}

#[test]
fn a_reference_is_to_the_signed_element() {
    const WHY: &str = "the reference is not to the signed element";
    for uri in [
        "",
        "#",
        "_a",
        "_r",
        "#_other",
        "#_A",
        "# _a",
        "##_a",
        "#_a ",
        "#xpointer(/)",
        "#xpointer(id('_a'))",
        "http://idp.example/#_a",
        "file:///etc/passwd",
        "cid:_a",
    ] {
        let manner = Manner {
            uri: Some(uri.to_owned()),
            ..Manner::PLAIN
        };
        for text in made(&manner) {
            refused(&text, SamlError::SignatureProfile(WHY));
        }
    }
    not_made(" URI=\"#_", " Uri=\"#_", "an attribute is not allowed");
    let [inner, outer] = ["#_r", "#_a"].map(|uri| Manner {
        uri: Some(uri.to_owned()),
        ..Manner::PLAIN
    });
    refused(
        &sign_as(&response(), "_a", &KEY, &inner),
        SamlError::SignatureProfile(WHY),
    );
    refused(
        &sign_as(&response(), "_r", &KEY, &outer),
        SamlError::SignatureProfile(WHY),
    );
    for text in made(&Manner::PLAIN) {
        let (before, rest) = text.split_once(" URI=\"#_").unwrap();
        let text = format!("{before}{}", &rest[2..]);
        refused(&text, SamlError::SignatureProfile(WHY));
    }
}

#[test]
fn the_transforms_are_those_two_in_that_order() {
    const WHY: &str = "other transforms";
    let pair = format!("{ENVELOPED}{EXCLUSIVE}");
    let other = |uri: &str| format!("<ds:Transform Algorithm=\"{uri}\"></ds:Transform>");
    for transforms in [
        String::new(),
        ENVELOPED.to_owned(),
        EXCLUSIVE.to_owned(),
        format!("{EXCLUSIVE}{ENVELOPED}"),
        format!("{ENVELOPED}{ENVELOPED}"),
        format!("{ENVELOPED}{ENVELOPED}{EXCLUSIVE}"),
        format!("{pair}{EXCLUSIVE}"),
        format!(
            "{pair}{}",
            other("http://www.w3.org/TR/1999/REC-xslt-19991116")
        ),
        format!(
            "{ENVELOPED}{}",
            other("http://www.w3.org/2001/10/xml-exc-c14n#WithComments")
        ),
        format!(
            "{ENVELOPED}{}",
            other("http://www.w3.org/TR/2001/REC-xml-c14n-20010315")
        ),
        format!(
            "{ENVELOPED}{}",
            other("http://www.w3.org/2006/12/xml-c14n11")
        ),
        format!(
            "{}{EXCLUSIVE}",
            other("http://www.w3.org/TR/1999/REC-xpath-19991116")
        ),
        format!(
            "{}{EXCLUSIVE}",
            other("http://www.w3.org/2002/06/xmldsig-filter2")
        ),
        format!(
            "{}{EXCLUSIVE}",
            other("http://www.w3.org/2000/09/xmldsig#base64")
        ),
        format!("{}{EXCLUSIVE}", other("")),
        format!("{ENVELOPED}text{EXCLUSIVE}"),
        format!("{ENVELOPED}<x xmlns='urn:x'/>{EXCLUSIVE}"),
        format!("{ENVELOPED}<ds:XPath>1</ds:XPath>"),
        pair.replacen(
            "></ds:Transform>",
            "><ds:XPath>1</ds:XPath></ds:Transform>",
            1,
        ),
        pair.replacen("></ds:Transform>", ">text</ds:Transform>", 1),
    ] {
        not_made(&pair, &transforms, WHY);
    }
    let foreign = pair
        .replace("ds:", "x:")
        .replacen(' ', " xmlns:x='urn:x' ", 1);
    not_made(
        &pair,
        &foreign.replacen("<x:Transform A", "<x:Transform xmlns:x='urn:x' A", 1),
        WHY,
    );
    may_be_made(&Manner::edited(
        &pair,
        &format!("\n{ENVELOPED}<!-- and -->{EXCLUSIVE}\t"),
    ));
}

#[test]
fn the_canonicalization_is_the_exclusive_one() {
    let method = "CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"";
    for other in [
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
        "http://www.w3.org/2006/12/xml-c14n11",
        "http://www.w3.org/2001/10/xml-exc-c14n",
        "",
    ] {
        let to = format!("CanonicalizationMethod Algorithm=\"{other}\"");
        not_made(method, &to, "another canonicalization");
    }
    not_made(method, "CanonicalizationMethod", "another canonicalization");
}

#[test]
fn nothing_has_other_attributes() {
    const WHY: &str = "an attribute is not allowed";
    for local in [
        "Signature",
        "SignedInfo",
        "CanonicalizationMethod",
        "SignatureMethod",
        "Reference",
        "Transforms",
        "Transform Algorithm",
        "DigestMethod",
    ] {
        for attribute in [
            "Type='x'",
            "Encoding='x'",
            "xml:lang='en'",
            "xmlns:x='urn:x' x:Algorithm='y'",
        ] {
            let (element, rest) = local.split_once(' ').unwrap_or((local, ""));
            let to = format!("<ds:{element} {attribute} {rest}");
            not_made(&format!("<ds:{local}"), &to, WHY);
        }
    }
    not_made(EXCLUSIVE, &EXCLUSIVE.replace(" A", " Type='x' A"), WHY);
    for local in ["DigestValue", "SignatureValue"] {
        let from = format!("<ds:{local}");
        not_made(&from, &format!("{from} Type='x'"), WHY);
    }
}

#[test]
fn values_are_base64_and_nothing_else() {
    const WHY: &str = "a value is not base64";
    for local in ["DigestValue", "SignatureValue"] {
        let from = format!("<ds:{local}>");
        for other in [
            "A",
            "-",
            "=",
            "\u{a0}",
            "<x xmlns='urn:x'/>",
            "<x xmlns='urn:x'>AAAA</x>",
        ] {
            not_made(&from, &format!("{from}{other}"), WHY);
        }
        let spaced = format!("{from}\n \t<!-- here --><![CDATA[]]>&#13;&#10;");
        may_be_made(&Manner::edited(&from, &spaced));
    }
    for text in made(&Manner::PLAIN) {
        let last = format!("={VALUE_END}");
        let bare = text.replacen(&last, VALUE_END, 1);
        assert_ne!(bare, text);
        refused(&bare, SamlError::SignatureProfile(WHY));
        let empty = text.split_once("<ds:SignatureValue>").unwrap();
        let empty = format!(
            "{}<ds:SignatureValue>{VALUE_END}{}",
            empty.0,
            empty.1.split_once(VALUE_END).unwrap().1
        );
        refused(&empty, SamlError::SignatureInvalid);
    }
}

/// saml-engines.md N2: what two implementations read as two things.
#[test]
fn prefixes_are_listed_in_one_way() {
    const WHY: &str = "InclusiveNamespaces is not acceptable";
    let seventeen = (0..17).map(|it| format!("p{it}")).collect::<Vec<_>>();
    let (sixteen, seventeen) = (seventeen[1..].join(" "), seventeen.join(" "));
    for list in [
        " xs",
        "xs ",
        "xs  xsi",
        "xs&#9;xsi",
        "xs&#10;xsi",
        "a:b",
        "1",
        "#Default",
        "default#",
        "xml",
        "xmlns",
        "xs,xsi",
        " ",
        "*",
        &seventeen,
    ] {
        let method = EXCLUSIVE.replace(
            "></",
            &format!("><ec:InclusiveNamespaces xmlns:ec='http://www.w3.org/2001/10/xml-exc-c14n#' PrefixList='{list}'/></"),
        );
        not_made(EXCLUSIVE, &method, WHY);
    }
    for list in [
        "xs",
        "#default",
        "saml samlp",
        "xs xs",
        "",
        "nowhere #default saml",
        "xs\txsi",
        &sixteen,
    ] {
        may_be_made(&Manner {
            prefixes: Some(list.to_owned()),
            ..Manner::PLAIN
        });
        // Of what is signed as well.
        let method =
            "CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">";
        may_be_made(&Manner::edited(
            method,
            &format!(
                "{method}<ec:InclusiveNamespaces xmlns:ec='http://www.w3.org/2001/10/xml-exc-c14n#' PrefixList='{list}'/>"
            ),
        ));
    }
}

#[test]
fn prefixes_are_listed_once_and_alone() {
    const WHY: &str = "InclusiveNamespaces is not acceptable";
    let list = "<ec:InclusiveNamespaces xmlns:ec='http://www.w3.org/2001/10/xml-exc-c14n#' PrefixList='xs'/>";
    for inside in [
        list.repeat(2),
        format!("{list}text"),
        format!("text{list}"),
        "text".to_owned(),
        format!("{list}<x xmlns='urn:x'/>"),
        list.replace("InclusiveNamespaces", "Inclusive"),
        list.replace("xml-exc-c14n#'", "xml-exc-c14n'"),
        list.replace("/>", ">xs</ec:InclusiveNamespaces>"),
        list.replace("/>", "><x xmlns='urn:x'/></ec:InclusiveNamespaces>"),
        list.replace(" PrefixList='xs'", ""),
        list.replace(" PrefixList", " Prefixes"),
        list.replace("/>", " Type='x'/>"),
        list.replace(" PrefixList", " ec:PrefixList"),
    ] {
        let method = EXCLUSIVE.replace("></", &format!(">{inside}</"));
        not_made(EXCLUSIVE, &method, WHY);
        let method =
            "CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">";
        not_made(method, &format!("{method}{inside}"), WHY);
    }
}

#[test]
fn methods_hold_nothing() {
    for inside in [
        "text",
        "<x xmlns='urn:x'/>",
        "<ds:HMACOutputLength>8</ds:HMACOutputLength>",
    ] {
        for end in ["</ds:SignatureMethod>", "</ds:DigestMethod>"] {
            for text in made(&Manner::edited(end, &format!("{inside}{end}"))) {
                refused(&text, SamlError::SignatureAlgorithm);
            }
        }
    }
    may_be_made(&Manner::edited(
        "</ds:SignatureMethod>",
        "\n<!-- none --></ds:SignatureMethod>",
    ));
    may_be_made(&Manner::edited("</ds:DigestMethod>", " </ds:DigestMethod>"));
}

#[test]
fn an_element_has_one_signature() {
    const WHY: &str = "an element has two signatures";
    for text in made(&Manner::PLAIN) {
        let from = text.find("<ds:Signature ").unwrap();
        let end = "</ds:Signature>";
        let to = text.find(end).unwrap() + end.len();
        let one = &text[from..to];
        for two in [
            one.repeat(2),
            format!("{one}<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/>"),
        ] {
            let text = text.replacen(one, &two, 1);
            refused(&text, SamlError::SignatureProfile(WHY));
        }
    }
}

#[test]
fn signatures_are_in_their_places() {
    const WHY: &str = "a signature is out of place";
    let signature = "<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/>";
    for (from, to) in [
        (
            "<samlp:Status>",
            format!("<samlp:Extensions>{signature}</samlp:Extensions><samlp:Status>"),
        ),
        ("<samlp:StatusCode", format!("{signature}<samlp:StatusCode")),
        ("<saml:NameID", format!("{signature}<saml:NameID")),
        (
            "<saml:SubjectConfirmationData",
            format!("{signature}<saml:SubjectConfirmationData"),
        ),
        (
            "<saml:AudienceRestriction>",
            format!("{signature}<saml:AudienceRestriction>"),
        ),
        (
            "<saml:AuthnStatement ",
            format!("<saml:Advice>{signature}</saml:Advice><saml:AuthnStatement "),
        ),
        (">admins<", format!(">{signature}<")),
    ] {
        refused_bent(from, &to, SamlError::SignatureProfile(WHY));
    }
    let inside = Manner {
        after: format!("<ds:KeyInfo>{signature}</ds:KeyInfo>"),
        ..Manner::PLAIN
    };
    for text in made(&inside) {
        refused(&text, SamlError::SignatureProfile(WHY));
    }
}

/// The order within its element is the schema's business; what is signed does not depend on it.
#[test]
fn a_signature_may_come_last() {
    let whole = sign(&response(), "_a", &KEY);
    let from = whole.find("<ds:Signature ").unwrap();
    let end = "</ds:Signature>";
    let to = whole.find(end).unwrap() + end.len();
    let one = whole[from..to].to_owned();
    let last = whole.replacen(&one, "", 1).replacen(
        "</saml:Assertion>",
        &format!("{one}</saml:Assertion>"),
        1,
    );
    assert!(judge(&last).is_ok());
}

#[test]
fn key_info_leads_nowhere() {
    const WHY: &str = "a signature holds more than itself";
    for inside in [
        "<ds:RetrievalMethod URI='http://127.0.0.1:1/'/>",
        "<ds:RetrievalMethod URI='#_a' Type='http://www.w3.org/2000/09/xmldsig#X509Data'/>",
        "<ds:X509Data><ds:RetrievalMethod URI='file:///etc/passwd'/></ds:X509Data>",
        "<ds:Object/>",
        "<ds:Manifest/>",
        "<ds:SignatureProperties/>",
        "<e:KeyInfoReference xmlns:e='http://www.w3.org/2009/xmldsig11#' URI='#_a'/>",
    ] {
        let manner = Manner {
            after: format!("<ds:KeyInfo>{inside}</ds:KeyInfo>"),
            ..Manner::PLAIN
        };
        for text in made(&manner) {
            refused(&text, SamlError::SignatureProfile(WHY));
        }
    }
    for after in [
        "<ds:Object/>",
        "<ds:Object Encoding='x'>y</ds:Object>",
        "<ds:Manifest/>",
    ] {
        let manner = Manner {
            after: after.to_owned(),
            ..Manner::PLAIN
        };
        for text in made(&manner) {
            refused(&text, SamlError::SignatureProfile(WHY));
        }
    }
}

#[test]
fn key_info_may_say_whose_key_it_was() {
    for inside in [
        "",
        "<ds:KeyName>key</ds:KeyName>",
        "<ds:X509Data><ds:X509SubjectName>CN=idp</ds:X509SubjectName><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>",
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AAAA</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>",
    ] {
        may_be_made(&Manner {
            after: format!("<ds:KeyInfo>{inside}</ds:KeyInfo>"),
            ..Manner::PLAIN
        });
    }
}

/// How it is spelled is nobody's business: the prefix, the default namespace, quotes, white space, comments.
#[test]
fn a_signature_may_be_spelled_in_any_way() {
    let template = "<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'>\n <SignedInfo >\r\n<CanonicalizationMethod\n Algorithm = 'http://www.w3.org/2001/10/xml-exc-c14n#'/><!-- x --><SignatureMethod Algorithm='http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'/><Reference URI='&#35;_a'><Transforms><Transform Algorithm='http://www.w3.org/2000/09/xmldsig#enveloped-signature'/><Transform Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'/></Transforms><DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha256'/><DigestValue>\n@D:_a@\n</DigestValue></Reference></SignedInfo><SignatureValue>\n@S:_a@</SignatureValue></Signature>";
    let place = "</saml:Issuer><saml:Subject>";
    let text = response().replacen(place, &format!("</saml:Issuer>{template}<saml:Subject>"), 1);
    assert!(judge(&complete(&text, &KEY)).is_ok());
}
