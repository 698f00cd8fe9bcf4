//! XML signature wrapping: the signature holds for one thing, and another is read.
//!
//! The names are those of SAML Raider, after Somorovsky et al., "On Breaking SAML: Be Whoever You Want to Be" (2012).
//! What we hand back is the element whose bytes were digested, so none of these can forge; that junk around a signature is
//! refused outright comes on top.

use super::*;

/// A forged assertion: root instead of Ann, and another `ID`.
fn evil() -> String {
    let text = bent(">ann<", ">root<");
    changed(assertion(&text), "ID='_a'", "ID='_e'")
}

/// A forged response with the forged assertion.
fn evil_response() -> String {
    let text = changed(&response(), assertion(&response()), &evil());
    changed(&text, "ID='_r'", "ID='_f'")
}

/// The genuine response with its signed assertion, and that assertion, its signature, and what the signature covers.
fn genuine() -> (String, String, String, String) {
    let text = signed(&response());
    let good = assertion(&text).to_owned();
    let signature = signature(&good).to_owned();
    let bare = changed(&good, &signature, "");
    (text, good, signature, bare)
}

/// With something after the issuer of an assertion or a response, where its signature stands.
fn with_signature(text: &str, signature: &str) -> String {
    changed(
        text,
        "</saml:Issuer>",
        &format!("</saml:Issuer>{signature}"),
    )
}

fn inside(signature: &str, what: &str) -> String {
    changed(
        signature,
        "</ds:Signature>",
        &format!("{what}</ds:Signature>"),
    )
}

/// The genuine response, signed as a whole; its signature; the response without it.
fn genuine_whole() -> (String, String, String) {
    let text = signed_whole(&response());
    let signature = signature(&text).to_owned();
    let bare = changed(&text, &signature, "");
    (text, signature, bare)
}

#[test]
fn xsw1_the_response_within_its_signature_within_a_forged_one() {
    let (_, signature, bare) = genuine_whole();
    let text = with_signature(&evil_response(), &inside(&signature, &bare));
    refused(&text, SamlError::Assertions);
    let object = format!("<ds:Object>{bare}</ds:Object>");
    let text = with_signature(&evil_response(), &inside(&signature, &object));
    refused(&text, SamlError::Assertions);
}

#[test]
fn xsw2_the_response_before_its_signature_within_a_forged_one() {
    let (_, signature, bare) = genuine_whole();
    for beside in [format!("{bare}{signature}"), format!("{signature}{bare}")] {
        let text = with_signature(&evil_response(), &beside);
        refused(&text, SamlError::Element("Response"));
    }
}

#[test]
fn xsw3_a_forged_assertion_before_the_signed_one() {
    let (text, good, ..) = genuine();
    refused(
        changed(&text, &good, &format!("{}{good}", evil())),
        SamlError::Assertions,
    );
    refused(
        changed(&text, &good, &format!("{good}{}", evil())),
        SamlError::Assertions,
    );
}

#[test]
fn xsw4_the_signed_assertion_within_a_forged_one() {
    let (text, good, ..) = genuine();
    let end = "</saml:Assertion>";
    for around in [
        changed(&evil(), end, &format!("{good}{end}")),
        with_signature(&evil(), &good),
        changed(&evil(), "<saml:Issuer>", &format!("{good}<saml:Issuer>")),
    ] {
        refused(changed(&text, &good, &around), SamlError::Assertions);
    }
}

#[test]
fn xsw5_the_signature_in_a_forged_assertion_and_the_signed_one_after_it() {
    let (text, good, signature, bare) = genuine();
    let forged = with_signature(&evil(), &signature);
    refused(
        changed(&text, &good, &format!("{forged}{bare}")),
        SamlError::Assertions,
    );
    refused(
        changed(&text, &good, &format!("{bare}{forged}")),
        SamlError::Assertions,
    );
}

#[test]
fn xsw6_the_signed_assertion_in_its_signature_in_a_forged_one() {
    let (text, good, signature, bare) = genuine();
    let forged = with_signature(&evil(), &inside(&signature, &bare));
    refused(changed(&text, &good, &forged), SamlError::Assertions);
}

#[test]
fn xsw7_a_forged_assertion_in_extensions() {
    let (text, _, signature, bare) = genuine();
    let other = bare.replace("ID='_a'", "ID='_b'");
    for hidden in [evil(), with_signature(&evil(), &signature), other] {
        let extensions = format!("<samlp:Extensions>{hidden}</samlp:Extensions><samlp:Status>");
        refused(
            changed(&text, "<samlp:Status>", &extensions),
            SamlError::Assertions,
        );
    }
}

#[test]
fn xsw8_the_signed_assertion_in_an_object_of_its_signature_in_a_forged_one() {
    let (text, good, signature, bare) = genuine();
    let object = format!("<ds:Object>{bare}</ds:Object>");
    let forged = with_signature(&evil(), &inside(&signature, &object));
    refused(changed(&text, &good, &forged), SamlError::Assertions);
}

#[test]
fn the_signed_assertion_put_away_and_a_forged_one_in_its_place() {
    let (text, good, signature, _) = genuine();
    let text = changed(&text, &good, &evil());
    for (from, to) in [
        (
            "<samlp:Status>",
            format!("<samlp:Extensions>{good}</samlp:Extensions><samlp:Status>"),
        ),
        (
            "</samlp:Status>",
            format!("<samlp:StatusDetail>{good}</samlp:StatusDetail></samlp:Status>"),
        ),
        (
            "<saml:AuthnStatement ",
            format!("<saml:Advice>{good}</saml:Advice><saml:AuthnStatement "),
        ),
        (">admins<", format!(">{good}<")),
        ("</saml:NameID>", format!("</saml:NameID>{good}")),
        (
            "</saml:AuthnContext>",
            format!("<saml:AuthnContextDecl>{good}</saml:AuthnContextDecl></saml:AuthnContext>"),
        ),
        (
            "</saml:Issuer>",
            format!(
                "</saml:Issuer>{}",
                inside(&signature, &format!("<ds:KeyInfo>{good}</ds:KeyInfo>"))
            ),
        ),
    ] {
        refused(changed(&text, from, &to), SamlError::Assertions);
    }
}

#[test]
fn a_forged_assertion_put_beside_the_signed_one_in_every_wrapper() {
    let (text, good, ..) = genuine();
    for (from, to) in [
        (
            "<samlp:Status>",
            format!(
                "<samlp:Extensions>{}</samlp:Extensions><samlp:Status>",
                evil()
            ),
        ),
        (
            "</samlp:Status>",
            format!(
                "<samlp:StatusDetail>{}</samlp:StatusDetail></samlp:Status>",
                evil()
            ),
        ),
        (
            "</saml:Assertion>",
            format!("</saml:Assertion><x xmlns='urn:x'>{}</x>", evil()),
        ),
    ] {
        let error = match to.contains("urn:x") {
            true => SamlError::Element("Response"),
            false => SamlError::Assertions,
        };
        refused(changed(&text, from, &to), error);
    }
    let two = format!("{good}<saml:EncryptedAssertion/>");
    refused(changed(&text, &good, &two), SamlError::Assertions);
}

#[test]
fn a_response_in_a_response() {
    let (whole, ..) = genuine_whole();
    let forged = evil_response();
    for (from, to) in [
        (
            "<samlp:Status>",
            format!("<samlp:Extensions>{whole}</samlp:Extensions><samlp:Status>"),
        ),
        (
            "</samlp:Status>",
            format!("<samlp:StatusDetail>{whole}</samlp:StatusDetail></samlp:Status>"),
        ),
        (">admins<", format!(">{whole}<")),
    ] {
        refused(changed(&forged, from, &to), SamlError::Assertions);
    }
    // The forged one in the genuine one, where nothing of it is signed.
    let (text, ..) = genuine();
    let hidden = format!("<samlp:Extensions>{forged}</samlp:Extensions><samlp:Status>");
    refused(
        changed(&text, "<samlp:Status>", &hidden),
        SamlError::Assertions,
    );
    // Without an assertion it is what Extensions may hold: nothing to anybody.
    let hidden = changed(&hidden, &evil(), "");
    is_ann(changed(&text, "<samlp:Status>", &hidden));
}

/// What was signed for the response does not hold for the assertion, nor the other way round.
#[test]
fn a_signature_moved_to_the_other_place() {
    const WHY: SamlError =
        SamlError::SignatureProfile("the reference is not to the signed element");
    let (text, good, signature, bare) = genuine();
    let moved = with_signature(&changed(&text, &good, &bare), &signature);
    refused(moved, WHY);
    let (_, signature, bare) = genuine_whole();
    let inner = with_signature(assertion(&bare), &signature);
    refused(changed(&bare, assertion(&bare), &inner), WHY);
    // A forged assertion that bears the signed one's name.
    let forged = changed(&evil(), "ID='_e'", "ID='_a'");
    let (text, good, signature, _) = genuine();
    let text = changed(&text, &good, &with_signature(&forged, &signature));
    refused(text, SamlError::SignatureInvalid);
}

/// A failure that is genuinely signed, with a forged assertion in a decoy of its signature, or anywhere.
#[test]
fn a_signed_failure_around_a_forged_assertion() {
    let failure = bent("status:Success", "status:Responder");
    let failure = signed_whole(&changed(&failure, assertion(&response()), ""));
    refused(&failure, SamlError::Status);
    let signature = signature(&failure);
    let decoy = inside(signature, &format!("<ds:Object>{}</ds:Object>", evil()));
    for forged in [
        changed(&failure, signature, &format!("{signature}{decoy}")),
        changed(&failure, signature, &format!("{decoy}{signature}")),
        changed(&failure, signature, &decoy),
        changed(
            &failure,
            "</samlp:Response>",
            &format!("{}</samlp:Response>", evil()),
        ),
    ] {
        refused(&forged, SamlError::Status);
        let success = changed(&forged, "status:Responder", "status:Success");
        let error = judge(success.as_bytes()).unwrap_err();
        let expected = match forged.contains("<ds:Object>") {
            true => SamlError::Assertions,
            false => SamlError::SignatureInvalid,
        };
        assert_eq!(error, expected);
    }
}

/// Wherever in a forged response something genuine may stand, and wherever in a genuine one something forged: nobody is
/// let in. With the forged `ID`s as they are, and with those of the genuine ones.
#[test]
fn no_place_is_a_good_one() {
    let (text, good, signature, bare) = genuine();
    let (whole, outer, bare_whole) = genuine_whole();
    let forged = changed(&text, &good, &evil());
    let stolen = changed(&text, &good, &with_signature(&evil(), &signature));
    let stolen_whole = with_signature(&evil_response(), &outer);
    let mut tried = 0;
    for (around, what) in [
        (&forged, &good),
        (&forged, &signature),
        (&stolen, &bare),
        (&stolen, &good),
        (&stolen_whole, &bare_whole),
        (&stolen_whole, &whole),
        (&stolen_whole, &assertion(&bare_whole).to_owned()),
        (&text, &evil()),
        (&text, &evil_response()),
        (&text, &stolen),
        (&whole, &evil()),
        (&whole, &evil_response()),
    ] {
        for same in [false, true] {
            let around = match same {
                true => around
                    .replace("ID='_e'", "ID='_a'")
                    .replace("ID='_f'", "ID='_r'"),
                false => around.clone(),
            };
            let tags: Vec<_> = around.match_indices('<').map(|(at, _)| at).collect();
            for at in tags {
                let text = format!("{}{what}{}", &around[..at], &around[at..]);
                let found = judge(text.as_bytes());
                assert!(found.is_err(), "{found:?}: {text}");
                tried += 1;
            }
        }
    }
    assert!(tried > 1000, "{tried}");
}
