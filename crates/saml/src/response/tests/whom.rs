//! Who it is from, where it goes, and what it answers (SAML-9, 10, 11, 15).

use super::*;

const ISSUER: &str = "<saml:Issuer>https://idp.example/saml</saml:Issuer>";
const OUTER: &str = "<saml:Issuer>https://idp.example/saml</saml:Issuer><samlp:Status>";
const INNER: &str = "<saml:Issuer>https://idp.example/saml</saml:Issuer><saml:Subject>";

/// The sample with one of its issuers spelled otherwise, signed as it can be.
fn issued(place: &str, issuer: &str) -> String {
    let text = response().replacen(place, &place.replace(ISSUER, issuer), 1);
    // Where the signer finds its place all the same.
    sign(&text, if place == OUTER { "_a" } else { "_r" }, &KEY)
}

#[test]
fn the_assertion_is_the_providers() {
    for other in [
        "https://other.example",
        "https://idp.example/saml/",
        "https://IDP.example/saml",
        "idp",
    ] {
        let text = issued(INNER, &ISSUER.replace(IDP, other));
        refused(&text, SamlError::Issuer);
    }
    let twice = ISSUER.repeat(2);
    refused(&issued(INNER, &twice), SamlError::Element("Issuer"));
    let text = sign(&response(), "_r", &KEY).replacen(INNER, "<saml:Subject>", 1);
    refused(&text, SamlError::SignatureInvalid);
}

#[test]
fn an_assertion_without_an_issuer_is_nobodys() {
    let text = response().replacen(INNER, "<saml:Subject>", 1);
    refused(&sign(&text, "_r", &KEY), SamlError::Element("Issuer"));
}

#[test]
fn the_response_is_the_providers_if_it_says() {
    let other = issued(OUTER, &ISSUER.replace(IDP, "https://other.example"));
    refused(&other, SamlError::Issuer);
    assert!(judge_as(&other, |it| it.response_issuer = false).is_ok());
    assert!(judge(&issued(OUTER, "")).is_ok());
    let empty = issued(OUTER, "<saml:Issuer></saml:Issuer>");
    refused(&empty, SamlError::Issuer);
    let spaced = "<saml:Issuer Format='urn:oasis:names:tc:SAML:2.0:nameid-format:entity'>\n https://idp.example/saml\n</saml:Issuer>";
    assert!(judge(&issued(OUTER, spaced)).is_ok());
    assert!(judge(&issued(INNER, spaced)).is_ok());
}

/// A response of one provider at the door of another (mix-up).
#[test]
fn another_providers_response_is_refused_by_its_name() {
    refused(&bent(IDP, "https://other.example"), SamlError::Issuer);
    let both = response().replace(IDP, "https://other.example");
    refused(&sign(&both, "_a", &OTHER), SamlError::Issuer);
}

/// Who would be refused for the issuer is refused before any signature is looked at.
#[test]
fn the_issuer_comes_before_the_signature() {
    let text = sign(&response(), "_a", &OTHER);
    refused(&text, SamlError::SignatureInvalid);
    let text = text.replacen(IDP, "https://other.example", 1);
    refused(&text, SamlError::Issuer);
}

#[test]
fn a_response_goes_where_it_says() {
    let place = format!("Destination='{ACS}'");
    for elsewhere in [
        "https://other.example/acs",
        "",
        "https://sso.example.com/saml/contoso/acs/",
    ] {
        refused_bent(
            &place,
            &format!("Destination='{elsewhere}'"),
            SamlError::Destination,
        );
    }
    refused(&bent_whole(&place, ""), SamlError::Destination);
    // Only a signed response must say.
    assert!(judge(&bent(&place, "")).is_ok());
    let both = response().replacen(&place, "", 1);
    let both = sign(&sign(&both, "_a", &KEY), "_r", &KEY);
    refused(&both, SamlError::Destination);
}

#[test]
fn a_destination_counts_as_far_as_it_is_asked_for() {
    let place = format!("Destination='{ACS}'");
    let (none, other) = (
        bent_whole(&place, ""),
        bent_whole(&place, "Destination='x'"),
    );
    let ours = [ACS.to_owned()];
    let asked = |text: &str, destination| {
        let mut expectations = expectations();
        expectations.destination = destination;
        verify(text.as_bytes(), &provider(), &expectations).map(|_| ())
    };
    assert_eq!(asked(&none, Expected::OneOfIfPresent(&ours)), Ok(()));
    assert_eq!(
        asked(&other, Expected::OneOfIfPresent(&ours)),
        Err(SamlError::Destination)
    );
    assert_eq!(asked(&none, Expected::Anything), Ok(()));
    assert_eq!(asked(&other, Expected::Anything), Ok(()));
}

#[test]
fn a_response_answers_our_request() {
    let place = format!("InResponseTo='{REQUEST}'><saml:Issuer>");
    for other in ["", "_other", "_Request", " _request"] {
        let to = format!("InResponseTo='{other}'><saml:Issuer>");
        refused_bent(&place, &to, SamlError::InResponseTo);
    }
    refused_bent(&place, "><saml:Issuer>", SamlError::InResponseTo);
}

#[test]
fn an_answer_to_nothing_must_be_allowed() {
    let unasked = response().replace(&format!(" InResponseTo='{REQUEST}'"), "");
    let unasked = sign(&unasked, "_a", &KEY);
    let as_if = |text: &str, answers| judge_as(text, |it| it.in_response_to = answers);
    let nothing = |allowed| InResponseTo::Nothing { allowed };
    assert_eq!(as_if(&unasked, nothing(false)), Err(SamlError::Unsolicited));
    assert_eq!(
        as_if(&unasked, nothing(true)).unwrap().in_response_to(),
        None
    );
    assert!(as_if(&unasked, InResponseTo::Anything).is_ok());
    // What says to be an answer is one, and nobody asked.
    let answer = sign(&response(), "_a", &KEY);
    for allowed in [false, true] {
        assert_eq!(
            as_if(&answer, nothing(allowed)),
            Err(SamlError::InResponseTo)
        );
    }
    assert!(as_if(&answer, InResponseTo::Anything).is_ok());
    let outside = bent(
        &format!(" InResponseTo='{REQUEST}'><saml:Issuer>"),
        "><saml:Issuer>",
    );
    assert_eq!(as_if(&outside, nothing(true)), Err(SamlError::InResponseTo));
    let inside = bent(&format!(" InResponseTo='{REQUEST}'/>"), "/>");
    assert_eq!(as_if(&inside, nothing(true)), Err(SamlError::InResponseTo));
}
