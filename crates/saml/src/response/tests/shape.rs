//! What stands where (SAML-2, SAML-3, SAML-15).

use super::*;

const STATUS: &str = "<samlp:Status><samlp:StatusCode Value='urn:oasis:names:tc:SAML:2.0:status:Success'/></samlp:Status>";
const ASSERTION_END: &str = "</saml:Assertion></samlp:Response>";

fn sample_assertion() -> String {
    let text = response();
    let from = text.find("<saml:Assertion").unwrap();
    let to = text.find("</samlp:Response>").unwrap();
    text[from..to].to_owned()
}

#[test]
fn it_is_a_response() {
    for (from, to) in [
        ("samlp:Response", "samlp:ArtifactResponse"),
        ("samlp:Response", "samlp:LogoutResponse"),
        ("samlp:Response", "samlp:response"),
    ] {
        let text = sign(&response().replace(from, to), "_r", &KEY);
        refused(&text, SamlError::Root);
    }
    let text = sign(&crate::testing::assertion(), "_a", &KEY);
    refused(&text, SamlError::Root);
    let old = response().replace("SAML:2.0:protocol", "SAML:1.0:protocol");
    refused(&sign(&old, "_r", &KEY), SamlError::Root);
}

#[test]
fn both_are_of_version_2() {
    for id in ["ID='_r'", "ID='_a'"] {
        let place = format!("{id} Version='2.0'");
        for version in ["1.1", "2.1", "2", "", " 2.0", "02.0"] {
            let to = format!("{id} Version='{version}'");
            refused_bent(&place, &to, SamlError::Version);
        }
        refused_bent(&place, id, SamlError::Version);
    }
}

#[test]
fn it_reports_success() {
    let code = "<samlp:StatusCode Value='urn:oasis:names:tc:SAML:2.0:status:Success'/>";
    for status in [
        "",
        "<samlp:Status/>",
        "<samlp:Status>Success</samlp:Status>",
        "<samlp:Status><samlp:StatusMessage>Success</samlp:StatusMessage></samlp:Status>",
        "<samlp:Status><samlp:StatusCode/></samlp:Status>",
        "<samlp:Status><samlp:StatusCode Value=''/></samlp:Status>",
        "<samlp:Status><samlp:StatusCode Value='success'/></samlp:Status>",
        "<samlp:Status><samlp:StatusCode Value='urn:oasis:names:tc:SAML:2.0:status:Responder'/></samlp:Status>",
        &STATUS.replace(code, &code.repeat(2)),
        &STATUS.replace(
            code,
            &format!("<samlp:StatusCode Value='urn:oasis:names:tc:SAML:2.0:status:Requester'>{code}</samlp:StatusCode>"),
        ),
        &STATUS.replace(code, &format!("<x xmlns='urn:x'>{code}</x>")),
    ] {
        refused_bent(STATUS, status, SamlError::Status);
    }
    let told = STATUS.replace(code, &format!("{code}<samlp:StatusMessage>fine</samlp:StatusMessage><samlp:StatusDetail><x xmlns='urn:x'/></samlp:StatusDetail>"));
    assert!(judge(&bent_whole(STATUS, &told)).is_ok());
}

/// That the sign-in failed says more than that there is nothing in it.
#[test]
fn a_failure_is_a_failure_whatever_else_is_missing() {
    let text = response()
        .replace(&sample_assertion(), "")
        .replace("status:Success", "status:Responder");
    refused(&text, SamlError::Status);
}

#[test]
fn it_holds_exactly_one_assertion() {
    let one = sample_assertion();
    refused(&bent_whole(&one, ""), SamlError::Assertions);
    let other = one.replace("ID='_a'", "ID='_b'");
    refused_bent(&one, &format!("{one}{other}"), SamlError::Assertions);
    refused_bent(&one, &format!("{other}{one}"), SamlError::Assertions);
    let sealed = "<saml:EncryptedAssertion/>";
    refused_bent(&one, &format!("{one}{sealed}"), SamlError::Assertions);
    let [two, away] = [sealed.repeat(2), String::new()];
    for to in [two, away] {
        refused(&bent_whole(&one, &to), SamlError::Assertions);
    }
}

#[test]
fn no_assertion_is_anywhere_else() {
    let other = sample_assertion().replace("ID='_a'", "ID='_b'");
    for other in [
        other.as_str(),
        "<saml:EncryptedAssertion/>",
        "<saml:Assertion/>",
    ] {
        for (from, to) in [
            (
                STATUS,
                format!("<samlp:Extensions>{other}</samlp:Extensions>{STATUS}"),
            ),
            (
                "</samlp:Status>",
                format!("<samlp:StatusDetail>{other}</samlp:StatusDetail></samlp:Status>"),
            ),
            (
                "<saml:AuthnStatement ",
                format!("<saml:Advice>{other}</saml:Advice><saml:AuthnStatement "),
            ),
            (">admins<", format!(">{other}<")),
            (
                "<saml:AudienceRestriction>",
                format!("{other}<saml:AudienceRestriction>"),
            ),
            (
                "</saml:AuthnContext>",
                format!(
                    "<saml:AuthnContextDecl>{other}</saml:AuthnContextDecl></saml:AuthnContext>"
                ),
            ),
        ] {
            refused_bent(from, &to, SamlError::Assertions);
        }
    }
}

#[test]
fn a_response_holds_nothing_else() {
    let error = SamlError::Element("Response");
    for other in [
        "<x xmlns='urn:x'/>",
        "<samlp:Response/>",
        "<saml:Subject/>",
        "<samlp:StatusCode/>",
        "text",
        "&#160;",
        "<![CDATA[text]]>",
    ] {
        refused_bent(STATUS, &format!("{other}{STATUS}"), error.clone());
        refused_bent(
            "</samlp:Response>",
            &format!("{other}</samlp:Response>"),
            error.clone(),
        );
    }
    for fine in [
        "\n\t ",
        "<!-- text -->",
        "<samlp:Extensions><x xmlns='urn:x'>y</x></samlp:Extensions>",
        "&#10;",
    ] {
        assert!(
            judge(&bent_whole(STATUS, &format!("{fine}{STATUS}"))).is_ok(),
            "{fine}"
        );
    }
}

#[test]
fn the_parts_of_a_response_come_once() {
    let error = SamlError::Element("a part of Response comes twice");
    for twice in [
        STATUS.repeat(2),
        format!("<samlp:Extensions/><samlp:Extensions/>{STATUS}"),
        format!("<saml:Issuer>{IDP}</saml:Issuer>{STATUS}"),
    ] {
        refused_bent(STATUS, &twice, error.clone());
    }
}

#[test]
fn an_assertion_holds_nothing_else() {
    let error = SamlError::Element("Assertion");
    for other in [
        "<x xmlns='urn:x'/>",
        "<saml:NameID>eve</saml:NameID>",
        "<saml:Statement/>",
        "<saml:Attribute Name='groups'/>",
        "<samlp:Status/>",
        "text",
    ] {
        refused_bent(
            ASSERTION_END,
            &format!("{other}{ASSERTION_END}"),
            error.clone(),
        );
    }
    for fine in [
        "\n",
        "<saml:Advice/>",
        "<saml:AuthzDecisionStatement/>",
        "<!-- -->",
    ] {
        assert!(
            judge(&bent(ASSERTION_END, &format!("{fine}{ASSERTION_END}"))).is_ok(),
            "{fine}"
        );
    }
}

#[test]
fn a_subject_is_one_and_has_one_name() {
    let text = response();
    let [subject, name] = ["Subject", "NameID"].map(|local| {
        let from = text.find(&format!("<saml:{local}")).unwrap();
        let end = format!("</saml:{local}>");
        text[from..text.find(&end).unwrap() + end.len()].to_owned()
    });
    for (from, local) in [(&subject, "Subject"), (&name, "NameID")] {
        refused_bent(from, "", SamlError::Element(local));
        refused_bent(from, &from.repeat(2), SamlError::Element(local));
    }
    for other in ["<saml:BaseID/>", "<saml:EncryptedID/>"] {
        refused_bent(&name, other, SamlError::Element("NameID"));
    }
}

/// What is called like ours, in no namespace or in somebody else's, is there to be mistaken for it.
#[test]
fn our_names_are_in_our_namespaces() {
    let error = SamlError::Element("a name of SAML in another namespace");
    for name in [
        "Advice",
        "Assertion",
        "Attribute",
        "AttributeStatement",
        "AttributeValue",
        "Audience",
        "AudienceRestriction",
        "AuthnContext",
        "AuthnStatement",
        "BaseID",
        "Conditions",
        "EncryptedAssertion",
        "EncryptedAttribute",
        "EncryptedID",
        "Issuer",
        "NameID",
        "OneTimeUse",
        "Subject",
        "SubjectConfirmation",
        "SubjectConfirmationData",
        "Response",
        "Status",
        "StatusCode",
        "StatusDetail",
        "CanonicalizationMethod",
        "DigestMethod",
        "DigestValue",
        "KeyInfo",
        "Manifest",
        "Reference",
        "Signature",
        "SignatureMethod",
        "SignatureValue",
        "SignedInfo",
        "X509Certificate",
    ] {
        for element in [
            format!("<x:{name} xmlns:x='urn:x'/>"),
            format!("<{name}/>"),
            format!("<samlp:{name} xmlns:samlp='urn:oasis:names:tc:SAML:1.0:protocol'/>"),
        ] {
            let to = format!("<samlp:Extensions>{element}</samlp:Extensions>{STATUS}");
            refused_bent(STATUS, &to, error.clone());
            refused_bent(">admins<", &format!(">{element}<"), error.clone());
        }
    }
}

#[test]
fn identifiers_are_names_and_come_once() {
    for id in ["", " ", "1", "a b", "-a", "a:b", "#_r", "_r "] {
        let to = format!("<samlp:Status ID='{id}'>");
        refused_bent("<samlp:Status>", &to, SamlError::Id);
    }
    for twice in ["_r", "_a"] {
        for (from, to) in [
            ("<samlp:Status>", format!("<samlp:Status ID='{twice}'>")),
            (">admins<", format!("><x xmlns='urn:x' ID='{twice}'/><")),
        ] {
            let text = response().replacen(from, &to, 1);
            // Signed first: the signer would not know which is meant.
            let signed = sign(&response(), "_a", &KEY).replacen(from, &to, 1);
            refused(&text, SamlError::Id);
            refused(&signed, SamlError::Id);
        }
    }
    assert!(judge(&bent_whole("<samlp:Status>", "<samlp:Status ID='_x'>")).is_ok());
}

#[test]
fn no_other_spelling_of_an_identifier_is_there() {
    for spelling in ["Id", "id", "iD", "xml:id", "xml:ID", "xml:Id"] {
        for value in ["_x", "_a", "_r"] {
            let status = format!("<samlp:Status {spelling}='{value}'>");
            refused_bent("<samlp:Status>", &status, SamlError::Id);
            let value = format!("><x xmlns='urn:x' {spelling}='{value}'/><");
            refused_bent(">admins<", &value, SamlError::Id);
        }
    }
    refused_bent(
        "<samlp:Status>",
        "<samlp:Status samlp:ID='_x'>",
        SamlError::Id,
    );
    // These are no identifiers of ours, nor does anybody look for them.
    let other = "><x xmlns='urn:x' xmlns:y='urn:y' y:id='1'/><";
    assert!(judge(&bent(">admins<", other)).is_ok());
}

#[test]
fn what_is_signed_has_an_identifier() {
    let signed = sign(&response(), "_a", &KEY);
    refused(&signed.replacen(" ID='_r'", "", 1), SamlError::Id);
    refused(&signed.replacen(" ID='_a'", "", 1), SamlError::Id);
    let whole = sign(&response(), "_r", &KEY);
    refused(&whole.replacen(" ID='_r'", "", 1), SamlError::Id);
    // A replay is known by it, whatever is signed.
    let nameless = response().replacen(" ID='_a'", "", 1);
    refused(&sign(&nameless, "_r", &KEY), SamlError::Id);
}
