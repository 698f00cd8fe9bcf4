//! How the person signed in (SAML-14, 20).

use super::*;

const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";

fn statement() -> String {
    let text = response();
    let from = text.find("<saml:AuthnStatement").unwrap();
    let to = text.find("<saml:AttributeStatement").unwrap();
    text[from..to].to_owned()
}

#[test]
fn an_assertion_says_it_once() {
    refused_bent(&statement(), "", SamlError::AuthnStatementMissing);
    let twice = statement().repeat(2);
    refused_bent(&statement(), &twice, SamlError::Element("AuthnStatement"));
}

#[test]
fn it_was_one_of_the_ways_that_were_asked_for() {
    let text = sign(&response(), "_a", &KEY);
    let asked = |text: &str, contexts: &[&str]| {
        let contexts: Vec<_> = contexts.iter().map(|it| (*it).to_owned()).collect();
        let mut expectations = expectations();
        expectations.authn_contexts = &contexts;
        let found = verify(text.as_bytes(), &provider(), &expectations);
        found.map(|it| it.authn().context.clone())
    };
    let password = Ok(Some(PASSWORD.to_owned()));
    assert_eq!(asked(&text, &[]), password);
    assert_eq!(asked(&text, &[PASSWORD]), password);
    assert_eq!(asked(&text, &["urn:mfa", PASSWORD]), password);
    for other in [
        "urn:mfa",
        "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
        "",
    ] {
        assert_eq!(asked(&text, &[other]), Err(SamlError::AuthnContext));
    }
    let class = format!("<saml:AuthnContextClassRef>{PASSWORD}</saml:AuthnContextClassRef>");
    let silent = bent(&class, "");
    assert_eq!(asked(&silent, &[]), Ok(None));
    assert_eq!(asked(&silent, &[PASSWORD]), Err(SamlError::AuthnContext));
    let without = bent(
        &format!("<saml:AuthnContext>{class}</saml:AuthnContext>"),
        "",
    );
    assert_eq!(asked(&without, &[PASSWORD]), Err(SamlError::AuthnContext));
    let spaced = bent(PASSWORD, &format!("\n  {PASSWORD} "));
    assert_eq!(asked(&spaced, &[PASSWORD]), password);
}

#[test]
fn the_session_at_the_provider_may_have_a_name() {
    let found = judge(&bent(" SessionIndex='_s'", "")).unwrap();
    assert_eq!(found.authn().session_index, None);
    let found = judge(&bent(" SessionIndex='_s'", " SessionIndex='a &amp; b'")).unwrap();
    assert_eq!(found.authn().session_index.as_deref(), Some("a & b"));
}
