//! What comes out must be an assertion, as strictly as if it had come in the open; and if not, it is the one refusal.

use super::*;

/// In a signed response, so that no signature is missing.
fn carried(plain: &[u8]) -> String {
    let (uri, length) = GCM[2];
    sign(&carry(&sealed_as(uri, length, plain)), "_r", &KEY)
}

fn bent(from: &str, to: &str) -> String {
    let text = assertion();
    assert!(text.contains(from), "{from}");
    carried(text.replacen(from, to, 1).as_bytes())
}

#[test]
fn an_assertion_may_come_with_what_xml_allows_around_it() {
    opens(&carried(assertion().as_bytes()));
    let declared = format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n<!-- c -->{}\n",
        assertion()
    );
    opens(&carried(declared.as_bytes()));
}

#[test]
fn what_is_no_document_is_refused() {
    for plain in ["", " ", "ann", "<", "<a>", "<a/><a/>", "\0\0\0\0"] {
        refused(&carried(plain.as_bytes()));
    }
    refused(&carried(&[0xff; 64]));
    let whole = assertion();
    refused(&carried(&whole.as_bytes()[..whole.len() - 1]));
    refused(&carried(format!("{whole}{whole}").as_bytes()));
    refused(&carried(format!("<!DOCTYPE a>{whole}").as_bytes()));
    refused(&carried(format!("<?a b?>{whole}").as_bytes()));
    refused(&bent("ann", "&ann;"));
    refused(&bent("ann", "a\u{202e}nn\u{1}"));
    let utf16: Vec<u8> = whole.encode_utf16().flat_map(u16::to_le_bytes).collect();
    refused(&carried(&utf16));
}

/// The namespaces of the response are not those of what was encrypted: the assertion must stand alone.
#[test]
fn prefixes_that_only_the_response_declares_are_refused() {
    refused(&bent(
        " xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion'",
        "",
    ));
}

#[test]
fn what_is_no_assertion_is_refused() {
    refused(&carried(response().as_bytes()));
    refused(&carried(
        sealed(&assertion())
            .replace(
                "<saml:E",
                "<saml:E xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion' ",
            )
            .as_bytes(),
    ));
    refused(&carried(
        assertion()
            .replace("saml:Assertion", "saml:Claim")
            .as_bytes(),
    ));
    refused(&carried(
        assertion()
            .replace("SAML:2.0:assertion", "SAML:1.0:assertion")
            .as_bytes(),
    ));
}

#[test]
fn an_assertion_in_an_assertion_is_refused() {
    let second = assertion().replace("'_a'", "'_b'");
    let advice = format!("<saml:Advice>{second}</saml:Advice><saml:AuthnStatement ");
    refused(&bent("<saml:AuthnStatement ", &advice));
    // The genuine one, signed, within one that is not.
    let genuine = signed_assertion();
    let forged = assertion().replace("'_a'", "'_b'").replace("ann<", "eve<");
    let forged = forged.replacen(
        "<saml:AuthnStatement ",
        &format!("<saml:Advice>{genuine}</saml:Advice><saml:AuthnStatement "),
        1,
    );
    refused(&carried(forged.as_bytes()));
    refused(&carry(&sealed(&forged)));
}

#[test]
fn signatures_and_identifiers_are_looked_at_as_in_the_open() {
    refused(&bent(" ID='_a'", ""));
    refused(&bent(" ID='_a'", " ID='_a' id='_a'"));
    refused(&bent(" ID='_a'", " ID='a b'"));
    refused(&bent("Version='2.0'", "Version='1.1'"));
    refused(&bent("<saml:Subject>", "<saml:Subject ID='_a'>"));
    refused(&bent("<saml:Subject>", "text<saml:Subject>"));
    refused(&bent(
        "<saml:Subject>",
        "<x:Subject xmlns:x='urn:x'/><saml:Subject>",
    ));
    // In a place where other elements may stand, so that it is its name that counts.
    refused(&bent(">admins<", "><x:Assertion xmlns:x='urn:x'/><"));
    let moved = signed_assertion();
    let at = moved.find("<ds:Signature ").unwrap();
    let end = moved.find("</ds:Signature>").unwrap() + 15;
    let signature = &moved[at..end];
    let moved = moved.replace(signature, "");
    let moved = moved.replace("<saml:Subject>", &format!("<saml:Subject>{signature}"));
    refused(&carried(moved.as_bytes()));
    // Nothing is looked up from in there either.
    let retrieval = "<ds:KeyInfo xmlns:ds='http://www.w3.org/2000/09/xmldsig#'><ds:RetrievalMethod URI='#_k'/></ds:KeyInfo>";
    refused(&bent(
        "<saml:AuthnStatement ",
        &format!("<saml:Advice>{retrieval}</saml:Advice><saml:AuthnStatement "),
    ));
}

/// As large as a message may be, and larger inside than a document may be.
#[test]
fn what_is_too_much_is_refused() {
    let padding = |inside: &str| {
        assertion().replacen(
            "<saml:AuthnStatement ",
            &format!("<saml:Advice>{inside}</saml:Advice><saml:AuthnStatement "),
            1,
        )
    };
    let large = |plain: &str| carry(&sealed(plain));
    let signed = |plain: &str| sign(&large(plain), "_r", &KEY);
    opens(&signed(&padding(&"<a/>".repeat(4_000))));
    refused(&signed(&padding(&"<a/>".repeat(6_000))));
    refused(&signed(&padding(&format!(
        "{}{}",
        "<a>".repeat(70),
        "</a>".repeat(70)
    ))));
    // The message itself is measured before anything is opened.
    let error = judge(&large(&padding(&"x".repeat(400 * 1024)))).unwrap_err();
    assert_eq!(error.reason(), "saml.xml.size");
}
