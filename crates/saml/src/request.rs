//! Requests and logout messages that we send (Core 3.4.1, 3.7; Profiles 4.1.4.1, 4.4.4).
//!
//! Each is an [`Element`] without a signature: for the redirect binding it goes to [`crate::redirect::url`], which
//! signs the query; for a form it goes to [`crate::sign::enveloped`] first.

use crate::issue::name_id;
use crate::names;
use crate::response::NameId;
use crate::write::{Element, SAML, SAMLP, WriteError, instant};

/// A request to sign somebody in.
#[derive(Debug, Clone, Copy)]
pub struct AuthnRequest<'a> {
    /// `ID`: an NCName of at least 128 random bits (security.md GEN-7).
    pub id: &'a str,
    /// `IssueInstant`, seconds since 1970.
    pub issued_at: i64,
    /// Our entity id.
    pub issuer: &'a str,
    /// The endpoint that it is sent to.
    pub destination: &'a str,
    /// Where the answer is to be posted.
    pub acs_url: &'a str,
    /// The format of name that we want; `None`: whatever the provider likes.
    pub name_id_format: Option<&'a str>,
    /// Whether the person must sign in anew.
    pub force_authn: bool,
    /// Ways to sign in of which one is needed; none: any.
    pub authn_contexts: &'a [String],
}

impl AuthnRequest<'_> {
    /// The message, unsigned.
    ///
    /// # Errors
    /// [`WriteError::Time`].
    pub fn element(&self) -> Result<Element, WriteError> {
        let force = self.force_authn.then_some("true");
        let policy = Element::new(SAMLP, "NameIDPolicy")
            .attr("AllowCreate", "true")
            .maybe_attr("Format", self.name_id_format);
        let message = message("AuthnRequest", self.id, self.issued_at, self.destination)?
            .attr("AssertionConsumerServiceURL", self.acs_url)
            .attr("ProtocolBinding", names::POST)
            .maybe_attr("ForceAuthn", force);
        Ok(message
            .child(Element::new(SAML, "Issuer").text(self.issuer))
            .child(policy)
            .children(requested_context(self.authn_contexts)))
    }
}

/// `exact`: one of these very classes. What "better" would mean is left to each provider.
fn requested_context(contexts: &[String]) -> Option<Element> {
    let classes = contexts
        .iter()
        .map(|context| Element::new(SAML, "AuthnContextClassRef").text(context));
    (!contexts.is_empty()).then(|| {
        Element::new(SAMLP, "RequestedAuthnContext")
            .attr("Comparison", "exact")
            .children(classes)
    })
}

/// A request to end somebody's sessions.
#[derive(Debug, Clone, Copy)]
pub struct LogoutRequest<'a> {
    /// `ID`: an NCName of at least 128 random bits.
    pub id: &'a str,
    /// `IssueInstant`, seconds since 1970.
    pub issued_at: i64,
    /// Our entity id.
    pub issuer: &'a str,
    /// The endpoint that it is sent to.
    pub destination: &'a str,
    /// When it ends to be valid, seconds since 1970.
    pub not_on_or_after: i64,
    /// Whom, exactly as the assertion said: an identity provider compares the qualifiers as well.
    pub name_id: &'a NameId,
    /// Which session; `None`: all of them.
    pub session_index: Option<&'a str>,
}

impl LogoutRequest<'_> {
    /// The message, unsigned.
    ///
    /// # Errors
    /// [`WriteError::Time`].
    pub fn element(&self) -> Result<Element, WriteError> {
        let index = self.session_index;
        let index = index.map(|index| Element::new(SAMLP, "SessionIndex").text(index));
        let message = message("LogoutRequest", self.id, self.issued_at, self.destination)?
            .attr("NotOnOrAfter", instant(self.not_on_or_after)?);
        Ok(message
            .child(Element::new(SAML, "Issuer").text(self.issuer))
            .child(name_id(self.name_id))
            .children(index))
    }
}

/// How a logout went (Core 3.2.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogoutStatus {
    /// Every session that it named has ended.
    Success,
    /// The request was not acceptable.
    Requester,
    /// It was, and we failed.
    Responder,
}

/// The answer to a logout request.
#[derive(Debug, Clone, Copy)]
pub struct LogoutResponse<'a> {
    /// `ID`: an NCName of at least 128 random bits.
    pub id: &'a str,
    /// `IssueInstant`, seconds since 1970.
    pub issued_at: i64,
    /// Our entity id.
    pub issuer: &'a str,
    /// The endpoint that it is sent to.
    pub destination: &'a str,
    /// The request that it answers.
    pub in_response_to: &'a str,
    /// How it went.
    pub status: LogoutStatus,
}

impl LogoutResponse<'_> {
    /// The message, unsigned.
    ///
    /// # Errors
    /// [`WriteError::Time`].
    pub fn element(&self) -> Result<Element, WriteError> {
        let status = match self.status {
            LogoutStatus::Success => names::SUCCESS,
            LogoutStatus::Requester => "urn:oasis:names:tc:SAML:2.0:status:Requester",
            LogoutStatus::Responder => "urn:oasis:names:tc:SAML:2.0:status:Responder",
        };
        let code = Element::new(SAMLP, "StatusCode").attr("Value", status);
        let message = message("LogoutResponse", self.id, self.issued_at, self.destination)?
            .attr("InResponseTo", self.in_response_to);
        Ok(message
            .child(Element::new(SAML, "Issuer").text(self.issuer))
            .child(Element::new(SAMLP, "Status").child(code)))
    }
}

fn message(
    name: &'static str,
    id: &str,
    issued_at: i64,
    destination: &str,
) -> Result<Element, WriteError> {
    Ok(Element::new(SAMLP, name)
        .attr("ID", id)
        .attr("Version", "2.0")
        .attr("IssueInstant", instant(issued_at)?)
        .attr("Destination", destination))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: AuthnRequest<'_> = AuthnRequest {
        id: "_1",
        issued_at: 1_772_366_400,
        issuer: "us",
        destination: "https://idp/sso",
        acs_url: "https://us/acs",
        name_id_format: None,
        force_authn: false,
        authn_contexts: &[],
    };

    #[test]
    fn a_request_asks_for_what_is_configured_and_no_more() {
        assert_eq!(
            PLAIN.element().unwrap().canonical().unwrap(),
            "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             AssertionConsumerServiceURL=\"https://us/acs\" Destination=\"https://idp/sso\" ID=\"_1\" \
             IssueInstant=\"2026-03-01T12:00:00Z\" \
             ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Version=\"2.0\">\
             <saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">us</saml:Issuer>\
             <samlp:NameIDPolicy AllowCreate=\"true\"></samlp:NameIDPolicy></samlp:AuthnRequest>"
        );
        let contexts = ["urn:mfa".to_owned(), "urn:card".to_owned()];
        let request = AuthnRequest {
            name_id_format: Some("urn:format"),
            force_authn: true,
            authn_contexts: &contexts,
            ..PLAIN
        };
        let written = request.element().unwrap().canonical().unwrap();
        assert!(written.contains(" ForceAuthn=\"true\" "));
        let (_, rest) = written.split_once("</saml:Issuer>").unwrap();
        assert_eq!(
            rest,
            "<samlp:NameIDPolicy AllowCreate=\"true\" Format=\"urn:format\"></samlp:NameIDPolicy>\
             <samlp:RequestedAuthnContext Comparison=\"exact\">\
             <saml:AuthnContextClassRef xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">urn:mfa\
             </saml:AuthnContextClassRef>\
             <saml:AuthnContextClassRef xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">urn:card\
             </saml:AuthnContextClassRef></samlp:RequestedAuthnContext></samlp:AuthnRequest>"
        );
    }

    #[test]
    fn a_logout_names_the_person_with_all_that_qualifies_them() {
        let alice = NameId {
            value: "alice".to_owned(),
            format: Some("urn:f".to_owned()),
            name_qualifier: Some("q".to_owned()),
            sp_name_qualifier: Some("sq".to_owned()),
        };
        let request = LogoutRequest {
            id: "_2",
            issued_at: 1_772_366_400,
            issuer: "us",
            destination: "https://idp/slo",
            not_on_or_after: 1_772_366_700,
            name_id: &alice,
            session_index: Some("s1"),
        };
        let written = request.element().unwrap().canonical().unwrap();
        assert_eq!(
            written,
            "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             Destination=\"https://idp/slo\" ID=\"_2\" IssueInstant=\"2026-03-01T12:00:00Z\" \
             NotOnOrAfter=\"2026-03-01T12:05:00Z\" Version=\"2.0\">\
             <saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">us</saml:Issuer>\
             <saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" Format=\"urn:f\" \
             NameQualifier=\"q\" SPNameQualifier=\"sq\">alice</saml:NameID>\
             <samlp:SessionIndex>s1</samlp:SessionIndex></samlp:LogoutRequest>"
        );
        let everywhere = LogoutRequest {
            session_index: None,
            ..request
        };
        let written = everywhere.element().unwrap().canonical().unwrap();
        assert!(!written.contains("SessionIndex"));
    }

    #[test]
    fn an_answer_says_how_it_went() {
        for (status, word) in [
            (LogoutStatus::Success, "Success"),
            (LogoutStatus::Requester, "Requester"),
            (LogoutStatus::Responder, "Responder"),
        ] {
            let response = LogoutResponse {
                id: "_3",
                issued_at: 1_772_366_400,
                issuer: "us",
                destination: "https://idp/slo",
                in_response_to: "_2",
                status,
            };
            let written = response.element().unwrap().canonical().unwrap();
            assert!(written.contains(" InResponseTo=\"_2\" "));
            assert!(written.ends_with(&format!(
                "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:{word}\">\
                 </samlp:StatusCode></samlp:Status></samlp:LogoutResponse>"
            )));
        }
    }
}
