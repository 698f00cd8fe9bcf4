//! How the assertion may be delivered (SAML-10, 12).

use super::*;

const BEARER: &str = "<saml:SubjectConfirmation Method='urn:oasis:names:tc:SAML:2.0:cm:bearer'>";

/// The sample's one confirmation.
fn one() -> String {
    let text = response();
    let from = text.find("<saml:SubjectConfirmation ").unwrap();
    let to = text.find("</saml:Subject>").unwrap();
    text[from..to].to_owned()
}

/// A response whose subject is confirmed like this.
fn confirmed(confirmations: &str) -> String {
    bent(&one(), confirmations)
}

/// The one confirmation, bent.
fn other(from: &str, to: &str) -> String {
    let one = one();
    assert!(one.contains(from), "{from}");
    one.replacen(from, to, 1)
}

#[test]
fn there_is_one() {
    refused(&confirmed(""), SamlError::ConfirmationMissing);
}

#[test]
fn it_is_for_whoever_bears_it() {
    for method in [
        "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key",
        "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches",
        "urn:oasis:names:tc:SAML:2.0:cm:Bearer",
        "bearer",
        "",
    ] {
        let text = confirmed(&other("urn:oasis:names:tc:SAML:2.0:cm:bearer", method));
        refused(&text, SamlError::ConfirmationMissing);
    }
    let text = confirmed(&other(
        " Method='urn:oasis:names:tc:SAML:2.0:cm:bearer'",
        "",
    ));
    refused(&text, SamlError::ConfirmationMissing);
}

#[test]
fn it_has_data() {
    let bare = format!("{BEARER}</saml:SubjectConfirmation>");
    refused(&confirmed(&bare), SamlError::ConfirmationMissing);
    let recipient = " Recipient='https://sso.example.com/saml/contoso/acs'";
    let end = "NotOnOrAfter='2026-11-22T10:04:30Z' ";
    for (without, error) in [
        (recipient, SamlError::ConfirmationNoRecipient),
        (end, SamlError::ConfirmationNoEnd),
    ] {
        refused(&confirmed(&other(without, "")), error);
    }
    let data = "</saml:SubjectConfirmation>";
    let twice = format!("<saml:SubjectConfirmationData/>{data}");
    let error = SamlError::Element("SubjectConfirmationData");
    refused(&confirmed(&other(data, &twice)), error);
}

#[test]
fn it_is_for_this_endpoint() {
    for recipient in [
        "https://sso.example.com/saml/contoso/acs/",
        "https://sso.example.com/saml/contoso",
        "https://sso.example.com/saml/other/acs",
        "HTTPS://sso.example.com/saml/contoso/acs",
        "https://sso.example.com:443/saml/contoso/acs",
        " https://sso.example.com/saml/contoso/acs",
        "",
    ] {
        let text = confirmed(&other(ACS, recipient));
        refused(&text, SamlError::ConfirmationRecipient);
        let found = judge_as(&text, |it| it.recipient = Expected::Anything).unwrap();
        assert_eq!(found.recipient(), recipient);
    }
    let two = ["https://other.example/acs".to_owned(), ACS.to_owned()];
    let text = sign(&response(), "_a", &KEY);
    let mut expectations = expectations();
    expectations.recipient = Expected::OneOf(&two);
    let found = verify(text.as_bytes(), &provider(), &expectations);
    assert_eq!(found.unwrap().recipient(), ACS);
    // Who it is for is needed even where anybody will do.
    let text = confirmed(&other(&format!(" Recipient='{ACS}'"), ""));
    let found = judge_as(&text, |it| it.recipient = Expected::Anything);
    assert_eq!(found, Err(SamlError::ConfirmationNoRecipient));
}

#[test]
fn any_one_that_holds_will_do() {
    let (good, late) = (one(), other("10:04:30", "09:00:00"));
    let elsewhere = other(ACS, "https://other.example/acs");
    let proof = other("cm:bearer", "cm:holder-of-key");
    for confirmations in [
        format!("{late}{good}"),
        format!("{good}{late}"),
        format!("{elsewhere}{proof}{good}"),
    ] {
        let found = judge(&confirmed(&confirmations)).unwrap();
        assert_eq!(found.recipient(), ACS);
        assert_eq!(
            found.confirmations(),
            confirmations.matches("Method=").count()
        );
    }
    for (confirmations, error) in [
        (format!("{elsewhere}{late}"), SamlError::ConfirmationExpired),
        (
            format!("{late}{elsewhere}"),
            SamlError::ConfirmationRecipient,
        ),
        (format!("{late}{proof}"), SamlError::ConfirmationExpired),
    ] {
        refused(&confirmed(&confirmations), error);
    }
}

#[test]
fn none_of_them_answers_another_request() {
    let good = one();
    let another = other(REQUEST, "_another");
    let unasked = other(&format!(" InResponseTo='{REQUEST}'"), "");
    for confirmations in [
        another.clone(),
        unasked.clone(),
        format!("{good}{another}"),
        format!("{another}{good}"),
        format!("{good}{unasked}"),
    ] {
        refused(&confirmed(&confirmations), SamlError::InResponseTo);
    }
    // What is not for the bearer answers for itself.
    let proof = another.replace("cm:bearer", "cm:holder-of-key");
    assert!(judge(&confirmed(&format!("{good}{proof}"))).is_ok());
}

/// Where it was sent from says nothing: people sit behind proxies.
#[test]
fn addresses_are_ignored() {
    let text = confirmed(&other(" Recipient", " Address='192.0.2.1' Recipient"));
    assert!(judge(&text).is_ok());
}

#[test]
fn data_may_hold_more() {
    let text = confirmed(&other(
        "'/></saml:SubjectConfirmation>",
        "'><x xmlns='urn:x'/>text</saml:SubjectConfirmationData></saml:SubjectConfirmation>",
    ));
    assert!(judge(&text).is_ok());
}
