//! Under which conditions the assertion is good (SAML-13).

use super::*;

fn restriction(audiences: &[&str]) -> String {
    let audiences: String = audiences
        .iter()
        .map(|it| format!("<saml:Audience>{it}</saml:Audience>"))
        .collect();
    format!("<saml:AudienceRestriction>{audiences}</saml:AudienceRestriction>")
}

/// A response under these conditions.
fn under(conditions: &str) -> String {
    bent(&restriction(&[SP]), conditions)
}

const OTHER_SP: &str = "https://other.example/metadata";

#[test]
fn there_are_some() {
    let text = response();
    let from = text.find("<saml:Conditions").unwrap();
    let to = text.find("<saml:AuthnStatement").unwrap();
    let conditions = &text[from..to];
    refused_bent(conditions, "", SamlError::ConditionsMissing);
    let twice = conditions.repeat(2);
    refused_bent(conditions, &twice, SamlError::Element("Conditions"));
}

#[test]
fn we_are_the_audience() {
    for audience in [
        OTHER_SP,
        "https://sso.example.com/saml/contoso/metadata/",
        "https://SSO.example.com/saml/contoso/metadata",
        "https://sso.example.com/saml/contoso",
        "sso.example.com",
    ] {
        refused(&under(&restriction(&[audience])), SamlError::Audience);
    }
    refused(&under(""), SamlError::Audience);
    refused(&under(&restriction(&[])), SamlError::Audience);
}

#[test]
fn any_audience_of_a_restriction_will_do() {
    let spaced = format!("\n {SP}\n");
    for audiences in [&[OTHER_SP, SP][..], &[SP, OTHER_SP], &[&spaced], &[SP, SP]] {
        let found = judge(&under(&restriction(audiences))).unwrap();
        assert_eq!(
            found.audiences(),
            audiences.iter().map(|it| it.trim()).collect::<Vec<_>>()
        );
    }
}

#[test]
fn every_restriction_holds() {
    let (ours, theirs) = (restriction(&[SP]), restriction(&[OTHER_SP]));
    for restrictions in [
        format!("{ours}{theirs}"),
        format!("{theirs}{ours}"),
        format!("{ours}{}", restriction(&[])),
    ] {
        refused(&under(&restrictions), SamlError::Audience);
    }
    let both = format!("{ours}{}", restriction(&[OTHER_SP, SP]));
    assert!(judge(&under(&both)).is_ok());
}

#[test]
fn an_audience_counts_as_far_as_it_is_asked_for() {
    let ours = [SP.to_owned()];
    let asked = |text: &str, audience| {
        let mut expectations = expectations();
        expectations.audience = audience;
        verify(text.as_bytes(), &provider(), &expectations).map(|_| ())
    };
    let (none, theirs) = (under(""), under(&restriction(&[OTHER_SP])));
    assert_eq!(asked(&none, Expected::OneOfIfPresent(&ours)), Ok(()));
    assert_eq!(
        asked(&theirs, Expected::OneOfIfPresent(&ours)),
        Err(SamlError::Audience)
    );
    for text in [none, theirs, under(&restriction(&[]))] {
        assert_eq!(asked(&text, Expected::Anything), Ok(()));
    }
}

#[test]
fn a_condition_that_we_do_not_know_refuses() {
    let ours = restriction(&[SP]);
    for unknown in [
        "<saml:Condition/>",
        "<saml:Condition xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xmlns:d='urn:d' xsi:type='d:DelegationRestrictionType'/>",
        "<x:Weather xmlns:x='urn:x'/>",
        "<saml:DoNotCacheCondition/>",
    ] {
        refused(
            &under(&format!("{ours}{unknown}")),
            SamlError::ConditionsUnknown,
        );
        refused(
            &under(&format!("{unknown}{ours}")),
            SamlError::ConditionsUnknown,
        );
    }
}

#[test]
fn one_time_use_is_told() {
    assert!(!judge(&under(&restriction(&[SP]))).unwrap().one_time_use());
    let once = format!("<saml:OneTimeUse/>{}", restriction(&[SP]));
    assert!(judge(&under(&once)).unwrap().one_time_use());
}

/// It is about assertions that we would issue from this one.
#[test]
fn proxies_are_no_business_of_ours() {
    let proxy = "<saml:ProxyRestriction Count='0'><saml:Audience>https://x.example</saml:Audience></saml:ProxyRestriction>";
    let found = judge(&under(&format!("{}{proxy}", restriction(&[SP])))).unwrap();
    assert_eq!(found.audiences(), [SP]);
}
