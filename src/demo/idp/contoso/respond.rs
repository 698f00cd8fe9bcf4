//! Responses: written, signed, and on a page that posts them (Bindings 3.5).

use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{StatusCode, header};
use url::Url;

use super::request::{SignOn, Status};
use super::{PASSWORD, SKEW_SECONDS};
use crate::demo::idp::layers::policy_with_form_to;
use crate::demo::idp::sign_in::{SESSION_SECONDS, Session};
use crate::demo::idp::{DemoIdp, Person};
use crate::demo::pages::IdpSendPage;
use crate::http::page::html;
use crate::saml::issue::{Attribute, Signed, Statement, issue};
use crate::saml::sign;
use crate::saml::write::{Element, SAML, SAMLP, WriteError, instant};

/// How long a response may be on its way.
const RESPONSE_SECONDS: i64 = 300;

/// A service provider and what it asked for.
pub(super) struct Audience<'a> {
    pub(super) entity_id: &'a str,
    pub(super) acs_url: &'a str,
    pub(super) in_response_to: Option<&'a str>,
}

/// Sends the browser back with a response about whoever is signed in.
pub(super) fn send(idp: &DemoIdp, sign_on: &SignOn, session: &Session) -> Response {
    let sp = &idp.shared.service_provider;
    let audience = Audience {
        entity_id: &sp.entity_id,
        acs_url: &sp.acs_url,
        in_response_to: sign_on.request_id.as_deref(),
    };
    let Some(person) = idp.person(&session.person) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let response = response_about(idp, person, session, &audience, &attributes_of(person));
    post(idp, response, sign_on.relay_state.as_deref())
}

/// Sends the browser back with the reason why nobody is signed in.
pub(super) fn send_failure(
    idp: &DemoIdp,
    request_id: &str,
    relay_state: Option<&str>,
    status: Status,
) -> Response {
    post(idp, failure(idp, request_id, status), relay_state)
}

/// A response, signed inside and outside.
pub(super) fn response_about(
    idp: &DemoIdp,
    person: &Person,
    session: &Session,
    audience: &Audience<'_>,
    attributes: &[Attribute],
) -> Result<String, WriteError> {
    let now = idp.unix();
    let statement = Statement {
        response_id: &idp.message_id(),
        assertion_id: &idp.message_id(),
        issuer: &idp.contoso_entity_id(),
        destination: audience.acs_url,
        recipient: audience.acs_url,
        audience: audience.entity_id,
        in_response_to: audience.in_response_to,
        issued_at: now,
        not_before: now - SKEW_SECONDS,
        not_on_or_after: now + RESPONSE_SECONDS,
        name_id: &idp.name_of(person, audience.entity_id),
        authn_instant: session.auth_time,
        authn_context: PASSWORD,
        session_index: Some(&session.index),
        session_not_on_or_after: Some(session.auth_time + SESSION_SECONDS),
        attributes,
        one_time_use: false,
    };
    issue(&statement, &idp.shared.keys.contoso, Signed::Both, None)
}

/// What is said of a person, under the names of the X.500 profile, and the groups twice: some look for `groups`,
/// AWS makes `saml:edupersonaffiliation` of the other.
pub(super) fn attributes_of(person: &Person) -> Vec<Attribute> {
    const URI: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
    const BASIC: &str = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic";
    let one = |text: &str| vec![text.to_owned()];
    let groups = || person.groups.clone();
    let said = [
        (
            "urn:oid:0.9.2342.19200300.100.1.1",
            URI,
            "uid",
            one(&person.name),
        ),
        (
            "urn:oid:0.9.2342.19200300.100.1.3",
            URI,
            "mail",
            one(&person.email),
        ),
        (
            "urn:oid:2.16.840.1.113730.3.1.241",
            URI,
            "displayName",
            one(&person.display_name),
        ),
        (
            "urn:oid:1.3.6.1.4.1.5923.1.1.1.1",
            URI,
            "eduPersonAffiliation",
            groups(),
        ),
        ("groups", BASIC, "groups", groups()),
    ];
    let attribute = |(name, format, friendly, values): (&str, &str, &str, Vec<String>)| Attribute {
        name: name.to_owned(),
        name_format: Some(format.to_owned()),
        friendly_name: Some(friendly.to_owned()),
        values,
    };
    let attributes = said.into_iter().map(attribute);
    // An attribute without values says that there are none; not saying it is what others do.
    attributes.filter(|it| !it.values.is_empty()).collect()
}

/// A response without an assertion (Core 3.2.2.2).
fn failure(idp: &DemoIdp, request_id: &str, status: Status) -> Result<String, WriteError> {
    let status_code = |name: &str| {
        let value = format!("urn:oasis:names:tc:SAML:2.0:status:{name}");
        Element::new(SAMLP, "StatusCode").attr("Value", value)
    };
    let (whose, why) = match status {
        Status::NoAuthnContext => ("Responder", "NoAuthnContext"),
        Status::NoPassive => ("Responder", "NoPassive"),
        Status::InvalidNameIdPolicy => ("Requester", "InvalidNameIDPolicy"),
        Status::RequestUnsupported => ("Requester", "RequestUnsupported"),
    };
    let status = status_code(whose).child(status_code(why));
    let response = Element::new(SAMLP, "Response")
        .attr("ID", idp.message_id())
        .attr("Version", "2.0")
        .attr("IssueInstant", instant(idp.unix())?)
        .attr("Destination", &idp.shared.service_provider.acs_url)
        .attr("InResponseTo", request_id)
        .child(Element::new(SAML, "Issuer").text(idp.contoso_entity_id()))
        .child(Element::new(SAMLP, "Status").child(status));
    sign::enveloped(response, &idp.shared.keys.contoso)?.canonical()
}

/// The page that posts a response to the service provider: by itself, or by a button where there are no scripts.
fn post(
    idp: &DemoIdp,
    response: Result<String, WriteError>,
    relay_state: Option<&str>,
) -> Response {
    let target = &idp.shared.service_provider.acs_url;
    let (Ok(response), Ok(url)) = (response, Url::parse(target)) else {
        tracing::error!("a SAML response could not be made");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut hidden = vec![("SAMLResponse".to_owned(), STANDARD.encode(response))];
    if let Some(state) = relay_state {
        hidden.push(("RelayState".to_owned(), state.to_owned()));
    }
    let page = IdpSendPage {
        idp_name: "Contoso".to_owned(),
        client_name: "drawbridge".to_owned(),
        target: target.clone(),
        hidden,
    };
    let mut response = html(StatusCode::OK, page);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy_with_form_to(&url));
    response
}
