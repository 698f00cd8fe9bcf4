//! What a signed document says and samael does not look at (faults 5, 6, 7, 8, 11; comments and white space).

use super::*;

const CONDITIONS: &str = "<saml:AudienceRestriction>";

/// Accepted by samael as Ann, refused by us for this reason.
#[track_caller]
fn only_samael_accepts(text: &str, error: SamlError) {
    assert_eq!(samael(text), Ok("ann".to_owned()), "{text}");
    assert_eq!(ours(text), Err(error), "{text}");
}

/// The text with what is between two marks left out, the marks included.
fn without(text: &str, from: &str, to: &str) -> String {
    let (before, rest) = text.split_once(from).unwrap();
    let (_, after) = rest.split_once(to).unwrap();
    format!("{before}{after}")
}

#[test]
fn no_conditions() {
    let text = without(&response(), "<saml:Conditions", "</saml:Conditions>");
    only_samael_accepts(&signed(&text), SamlError::ConditionsMissing);
}

#[test]
fn no_audience() {
    let text = without(&response(), CONDITIONS, "</saml:AudienceRestriction>");
    only_samael_accepts(&signed(&text), SamlError::Audience);
}

#[test]
fn one_audience_restriction_of_two_is_enough() {
    let other = "<saml:AudienceRestriction><saml:Audience>https://other.example</saml:Audience></saml:AudienceRestriction><saml:AudienceRestriction>";
    only_samael_accepts(&signed(&bent(CONDITIONS, other)), SamlError::Audience);
}

#[test]
fn issued_in_the_future() {
    let text = response();
    let (before, assertion) = text.split_at(text.find("<saml:Assertion").unwrap());
    let at = assertion.find("IssueInstant='").unwrap() + "IssueInstant='".len();
    let assertion = assertion.replacen(&assertion[at..at + 20], "2135-01-01T00:00:00Z", 1);
    let text = signed(&format!("{before}{assertion}"));
    only_samael_accepts(&text, SamlError::IssuedInFuture);
}

#[test]
fn another_version() {
    let text = bent("ID='_a' Version='2.0'", "ID='_a' Version='1.1'");
    only_samael_accepts(&signed(&text), SamlError::Version);
}

#[test]
fn the_session_has_ended() {
    let text = response();
    let at = text.find("SessionNotOnOrAfter='").unwrap() + "SessionNotOnOrAfter='".len();
    let text = text.replacen(&text[at..at + 20], "2020-01-01T00:00:00Z", 1);
    only_samael_accepts(&signed(&text), SamlError::SessionEnded);
}

#[test]
fn a_condition_that_nobody_knows() {
    let text = bent(CONDITIONS, "<saml:Condition/><saml:AudienceRestriction>");
    only_samael_accepts(&signed(&text), SamlError::ConditionsUnknown);
}

/// samael has no place for it; we hand it to the one who can keep count.
#[test]
fn one_time_use() {
    let text = bent(CONDITIONS, "<saml:OneTimeUse/><saml:AudienceRestriction>");
    let text = signed(&text);
    assert_eq!(samael(&text), Ok("ann".to_owned()));
    assert!(ours(&text).unwrap().one_time_use());
}

/// Where the assertion alone is signed, samael looks at nothing around it.
#[test]
fn a_failure_around_a_signed_assertion() {
    for (from, to, error) in [
        ("status:Success", "status:Responder", SamlError::Status),
        (
            &*format!("Destination='{ACS}'"),
            "Destination='https://other.example/acs'",
            SamlError::Destination,
        ),
        (
            &*format!("InResponseTo='{REQUEST}'"),
            "InResponseTo='_other'",
            SamlError::InResponseTo,
        ),
        (
            &*format!("<saml:Issuer>{IDP}</saml:Issuer><samlp"),
            "<saml:Issuer>https://other.example</saml:Issuer><samlp",
            SamlError::Issuer,
        ),
        (
            "ID='_r' Version='2.0'",
            "ID='_r' Version='1.1'",
            SamlError::Version,
        ),
    ] {
        only_samael_accepts(&signed(&bent(from, to)), error);
    }
    let text = without(&signed(&response()), "<samlp:Status>", "</samlp:Status>");
    only_samael_accepts(&text, SamlError::Status);
}

/// With `allow_idp_initiated` samael stops looking at `InResponseTo`, even where it is there and wrong.
#[test]
fn an_answer_to_somebody_elses_request() {
    let text = signed(&response().replace(REQUEST, "_other"));
    let mut builder = service_provider(&metadata(" use='signing'"));
    let provider = builder.allow_idp_initiated(true).build().unwrap();
    assert_eq!(ask(&provider, &text), Ok("ann".to_owned()));
    assert_eq!(ours(&text), Err(SamlError::InResponseTo));
}

/// libxml2 repairs what is broken, and reads document types.
#[test]
fn not_one_well_formed_document() {
    let text = signed(&response());
    let unclosed = text.strip_suffix("</samlp:Response>").unwrap();
    let second = format!("{text}<samlp:Response/>");
    let doctype = format!("<!DOCTYPE r [<!ENTITY e 'x'>]>{text}");
    let instruction = format!("<?go now?>{text}");
    for (text, error) in [
        (unclosed, SamlError::Malformed("an element is not closed")),
        (&second, SamlError::Malformed("there is a second root")),
        (&doctype, SamlError::Doctype),
        (&instruction, SamlError::ProcessingInstruction),
    ] {
        only_samael_accepts(text, error);
    }
}

#[test]
fn white_space_around_a_name() {
    let text = signed(&bent(">ann<", ">\n   ann\n<"));
    assert_eq!(samael(&text), Ok("\n   ann\n".to_owned()));
    assert_eq!(ours(&text).unwrap().name_id().value, "ann");
}

/// The text before a comment is not the name; and a comment is no reason to refuse.
#[test]
fn a_comment_in_a_name() {
    let text = signed(&bent(">ann<", ">ann@acme.example<!---->.evil.example<"));
    assert!(samael(&text).is_err());
    let assertion = ours(&text).unwrap();
    assert_eq!(assertion.name_id().value, "ann@acme.example.evil.example");
}
