//! Responses of our own: what an identity provider sends (Core 3.3.3, Profiles 4.1.4.2).
//!
//! [`issue`] does it all: build, sign, encrypt, sign around it. [`assertion`] and [`response`] are its parts, for
//! whoever needs a document that we would not send.

use crate::encrypt::{self, Recipient};
use crate::names;
use crate::response::NameId;
use crate::sign;
use crate::signing_key::Credential;
use crate::write::{Element, SAML, SAMLP, WriteError, instant};

/// What a response says. All times are seconds since 1970.
#[derive(Clone)]
pub struct Statement<'a> {
    /// `ID` of the response: an NCName of at least 128 random bits.
    pub response_id: &'a str,
    /// `ID` of the assertion, another one.
    pub assertion_id: &'a str,
    /// Who issues both: our entity id.
    pub issuer: &'a str,
    /// `Destination`: where the response is posted to.
    pub destination: &'a str,
    /// `Recipient` of the bearer confirmation: the same endpoint, as a rule.
    pub recipient: &'a str,
    /// The one audience: the entity id of the service provider.
    pub audience: &'a str,
    /// The request that is answered; `None`: nobody asked.
    pub in_response_to: Option<&'a str>,
    /// `IssueInstant` of both.
    pub issued_at: i64,
    /// From when the conditions hold.
    pub not_before: i64,
    /// When conditions and confirmation end: the first moment at which they no longer hold.
    pub not_on_or_after: i64,
    /// Whom it is about.
    pub name_id: &'a NameId,
    /// When the person signed in.
    pub authn_instant: i64,
    /// How they did: `AuthnContextClassRef`.
    pub authn_context: &'a str,
    /// The session here, for logout.
    pub session_index: Option<&'a str>,
    /// When the session ends.
    pub session_not_on_or_after: Option<i64>,
    /// What else is said of the person; none: no `AttributeStatement`.
    pub attributes: &'a [Attribute],
    /// Whether it may be used only once (`OneTimeUse`).
    pub one_time_use: bool,
}

/// One attribute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attribute {
    /// `Name`.
    pub name: String,
    /// `NameFormat`, where it matters.
    pub name_format: Option<String>,
    /// `FriendlyName`, for people.
    pub friendly_name: Option<String>,
    /// In order.
    pub values: Vec<String>,
}

/// Which of the two carries a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Signed {
    /// The assertion alone.
    Assertion,
    /// The response around it alone.
    Response,
    /// Both (security.md SAML-23).
    #[default]
    Both,
}

/// A response as it is posted, before base64: signed, and encrypted for a recipient if there is one. The assertion is
/// signed before it is encrypted, and the response after.
///
/// # Errors
/// Every [`WriteError`] but those of the redirect binding.
pub fn issue(
    statement: &Statement<'_>,
    credential: &Credential,
    signed: Signed,
    recipient: Option<&Recipient>,
) -> Result<String, WriteError> {
    // An id that serves twice is one that a signature refers to twice.
    if statement.response_id == statement.assertion_id {
        return Err(WriteError::Id);
    }
    let mut assertion = assertion(statement)?;
    if signed != Signed::Response {
        assertion = sign::enveloped(assertion, credential)?;
    }
    if let Some(recipient) = recipient {
        assertion = encrypt::encrypted(&assertion, recipient)?;
    }
    let mut response = response(statement, assertion)?;
    if signed != Signed::Assertion {
        response = sign::enveloped(response, credential)?;
    }
    response.canonical()
}

/// The `Response` around an assertion, in the clear or encrypted; unsigned.
///
/// # Errors
/// [`WriteError::Time`].
pub fn response(statement: &Statement<'_>, assertion: Element) -> Result<Element, WriteError> {
    let success = Element::new(SAMLP, "StatusCode").attr("Value", names::SUCCESS);
    Ok(Element::new(SAMLP, "Response")
        .attr("ID", statement.response_id)
        .attr("Version", "2.0")
        .attr("IssueInstant", instant(statement.issued_at)?)
        .attr("Destination", statement.destination)
        .maybe_attr("InResponseTo", statement.in_response_to)
        .child(Element::new(SAML, "Issuer").text(statement.issuer))
        .child(Element::new(SAMLP, "Status").child(success))
        .child(assertion))
}

/// The `Assertion`, unsigned.
///
/// # Errors
/// [`WriteError::Time`].
pub fn assertion(statement: &Statement<'_>) -> Result<Element, WriteError> {
    Ok(Element::new(SAML, "Assertion")
        .attr("ID", statement.assertion_id)
        .attr("Version", "2.0")
        .attr("IssueInstant", instant(statement.issued_at)?)
        .child(Element::new(SAML, "Issuer").text(statement.issuer))
        .child(subject(statement)?)
        .child(conditions(statement)?)
        .child(authn_statement(statement)?)
        .children(attribute_statement(statement.attributes)))
}

fn subject(statement: &Statement<'_>) -> Result<Element, WriteError> {
    let data = Element::new(SAML, "SubjectConfirmationData")
        .attr("NotOnOrAfter", instant(statement.not_on_or_after)?)
        .attr("Recipient", statement.recipient)
        .maybe_attr("InResponseTo", statement.in_response_to);
    let confirmation = Element::new(SAML, "SubjectConfirmation")
        .attr("Method", names::BEARER)
        .child(data);
    Ok(Element::new(SAML, "Subject")
        .child(name_id(statement.name_id))
        .child(confirmation))
}

/// `NameID` with all that qualifies it.
pub(crate) fn name_id(name_id: &NameId) -> Element {
    Element::new(SAML, "NameID")
        .maybe_attr("Format", name_id.format.as_deref())
        .maybe_attr("NameQualifier", name_id.name_qualifier.as_deref())
        .maybe_attr("SPNameQualifier", name_id.sp_name_qualifier.as_deref())
        .text(&name_id.value)
}

fn conditions(statement: &Statement<'_>) -> Result<Element, WriteError> {
    let audience = Element::new(SAML, "Audience").text(statement.audience);
    let one_time_use = statement.one_time_use;
    Ok(Element::new(SAML, "Conditions")
        .attr("NotBefore", instant(statement.not_before)?)
        .attr("NotOnOrAfter", instant(statement.not_on_or_after)?)
        .child(Element::new(SAML, "AudienceRestriction").child(audience))
        .children(one_time_use.then(|| Element::new(SAML, "OneTimeUse"))))
}

fn authn_statement(statement: &Statement<'_>) -> Result<Element, WriteError> {
    let session_ends = statement.session_not_on_or_after.map(instant).transpose()?;
    let class = Element::new(SAML, "AuthnContextClassRef").text(statement.authn_context);
    Ok(Element::new(SAML, "AuthnStatement")
        .attr("AuthnInstant", instant(statement.authn_instant)?)
        .maybe_attr("SessionIndex", statement.session_index)
        .maybe_attr("SessionNotOnOrAfter", session_ends.as_deref())
        .child(Element::new(SAML, "AuthnContext").child(class)))
}

/// Values are without `xsi:type`: strings are what everybody takes them for, and a prefix in a value is one that
/// exclusive canonicalization does not see.
fn attribute_statement(attributes: &[Attribute]) -> Option<Element> {
    let elements = attributes.iter().map(|attribute| {
        let values = attribute.values.iter();
        Element::new(SAML, "Attribute")
            .attr("Name", &attribute.name)
            .maybe_attr("NameFormat", attribute.name_format.as_deref())
            .maybe_attr("FriendlyName", attribute.friendly_name.as_deref())
            .children(values.map(|value| Element::new(SAML, "AttributeValue").text(value)))
    });
    (!attributes.is_empty()).then(|| Element::new(SAML, "AttributeStatement").children(elements))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SigningKey;
    use crate::self_signed;

    fn credential() -> Credential {
        self_signed::credential(SigningKey::generate_p256().unwrap())
    }

    fn alice() -> NameId {
        NameId {
            value: "alice".to_owned(),
            format: Some(format!("{}persistent", names::NAMEID_FORMAT)),
            name_qualifier: None,
            sp_name_qualifier: Some("sp".to_owned()),
        }
    }

    fn statement(name_id: &NameId) -> Statement<'_> {
        Statement {
            response_id: "_r",
            assertion_id: "_a",
            issuer: "idp",
            destination: "https://sp/acs",
            recipient: "https://sp/acs",
            audience: "sp",
            in_response_to: Some("_q"),
            issued_at: 1_772_366_400,
            not_before: 1_772_366_340,
            not_on_or_after: 1_772_366_700,
            name_id,
            authn_instant: 1_772_366_000,
            authn_context: "urn:password",
            session_index: Some("_s"),
            session_not_on_or_after: Some(1_772_370_000),
            attributes: &[],
            one_time_use: false,
        }
    }

    /// The elements in order of the document, as `parent/name`, without those of signatures.
    fn shape(document: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(document).unwrap();
        document
            .descendants()
            .filter(roxmltree::Node::is_element)
            .filter(|node| {
                let mut around = node.ancestors().skip(1);
                !around.any(|above| above.has_tag_name((names::SIGNATURE, "Signature")))
            })
            .map(|node| node.tag_name().name().to_owned())
            .collect()
    }

    #[test]
    fn a_response_has_its_parts_in_the_order_of_the_schema() {
        let alice = alice();
        let attributes = [Attribute {
            name: "groups".to_owned(),
            values: vec!["a".to_owned(), "b".to_owned()],
            ..Attribute::default()
        }];
        let statement = Statement {
            attributes: &attributes,
            one_time_use: true,
            ..statement(&alice)
        };
        let document = issue(&statement, &credential(), Signed::default(), None).unwrap();
        assert_eq!(
            shape(&document).join(" "),
            "Response Issuer Signature Status StatusCode \
             Assertion Issuer Signature Subject NameID SubjectConfirmation SubjectConfirmationData \
             Conditions AudienceRestriction Audience OneTimeUse \
             AuthnStatement AuthnContext AuthnContextClassRef \
             AttributeStatement Attribute AttributeValue AttributeValue"
        );
    }

    #[test]
    fn what_is_not_given_is_not_written() {
        let alice = NameId {
            format: None,
            sp_name_qualifier: None,
            ..alice()
        };
        let statement = Statement {
            in_response_to: None,
            session_index: None,
            session_not_on_or_after: None,
            ..statement(&alice)
        };
        let document = assertion(&statement).unwrap().canonical().unwrap();
        assert_eq!(
            document,
            "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_a\" \
             IssueInstant=\"2026-03-01T12:00:00Z\" Version=\"2.0\"><saml:Issuer>idp</saml:Issuer>\
             <saml:Subject><saml:NameID>alice</saml:NameID>\
             <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">\
             <saml:SubjectConfirmationData NotOnOrAfter=\"2026-03-01T12:05:00Z\" Recipient=\"https://sp/acs\">\
             </saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject>\
             <saml:Conditions NotBefore=\"2026-03-01T11:59:00Z\" NotOnOrAfter=\"2026-03-01T12:05:00Z\">\
             <saml:AudienceRestriction><saml:Audience>sp</saml:Audience></saml:AudienceRestriction>\
             </saml:Conditions><saml:AuthnStatement AuthnInstant=\"2026-03-01T11:53:20Z\"><saml:AuthnContext>\
             <saml:AuthnContextClassRef>urn:password</saml:AuthnContextClassRef></saml:AuthnContext>\
             </saml:AuthnStatement></saml:Assertion>"
        );
    }

    #[test]
    fn signatures_are_where_they_were_asked_for() {
        let alice = alice();
        let statement = statement(&alice);
        let credential = credential();
        for (signed, response, assertion) in [
            (Signed::Assertion, false, true),
            (Signed::Response, true, false),
            (Signed::Both, true, true),
        ] {
            let document = issue(&statement, &credential, signed, None).unwrap();
            assert_eq!(document.contains("URI=\"#_r\""), response, "{signed:?}");
            assert_eq!(document.contains("URI=\"#_a\""), assertion, "{signed:?}");
        }
    }

    #[test]
    fn an_id_serves_once() {
        let alice = alice();
        let twice = Statement {
            assertion_id: "_r",
            ..statement(&alice)
        };
        let refused = issue(&twice, &credential(), Signed::Both, None);
        assert_eq!(refused, Err(WriteError::Id));
    }

    #[test]
    fn a_name_that_xml_cannot_hold_is_not_issued() {
        let odd = NameId {
            value: "root\0.example".to_owned(),
            ..alice()
        };
        let refused = issue(&statement(&odd), &credential(), Signed::Both, None);
        assert_eq!(refused, Err(WriteError::Character));
    }
}
