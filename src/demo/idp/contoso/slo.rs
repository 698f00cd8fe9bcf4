//! `/contoso/slo`: signing out, here and at the service provider (Profiles 4.4). Ours go by redirect.
//!
//! Without a message it begins here: the session ends and the service provider is told. Like acme it does not ask
//! first.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};

use super::relying_party::{certificates, party};
use super::{REQUEST_SECONDS, SKEW_SECONDS};
use crate::demo::idp::DemoIdp;
use crate::demo::idp::browser::{error_page, see_other};
use crate::demo::idp::params::Params;
use crate::demo::idp::sign_in::Session;
use crate::http::page::html;
use crate::saml::logout::{self, LogoutKind, Place, VerifiedLogout};
use crate::saml::redirect::{self, Kind};
use crate::saml::request::{LogoutRequest, LogoutResponse, LogoutStatus};
use crate::saml::response::NameId;
use crate::saml::{SamlError, WriteError, form};

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"{% extends "idp_base.html" %}
{% block title %}Signed out{% endblock %}
{% block content %}
<div class="head">
  <h1>You are signed out of Contoso</h1>
  <p class="soft">{% if elsewhere %}The next sign-in asks for your password again.{% else %}The application could not sign you out.{% endif %} <a href="{{ broker }}">Go to Drawbridge</a></p>
</div>
{% endblock %}
"#
)]
struct SignedOutPage {
    broker: String,
    elsewhere: bool,
}

/// By redirect, or by nothing at all.
pub(in crate::demo::idp) async fn by_redirect(
    State(idp): State<DemoIdp>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(query) = query.filter(|query| !query.is_empty()) else {
        return begin(&idp, &headers);
    };
    let keys = certificates(&idp).await;
    let (party, endpoint) = (party(&idp, &keys), idp.contoso("slo"));
    let verified = logout::by_redirect(&query, &party, place(&idp, &endpoint));
    take(&idp, &headers, verified)
}

/// By form, or by a button of our own that sends nothing.
pub(in crate::demo::idp) async fn by_form(
    State(idp): State<DemoIdp>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if body.is_empty() {
        return begin(&idp, &headers);
    }
    let keys = certificates(&idp).await;
    let (party, endpoint) = (party(&idp, &keys), idp.contoso("slo"));
    let read = || {
        let params = Params::parse(&body).map_err(|_| SamlError::FormRepeated)?;
        let (kind, value) = match (params.get("SAMLRequest"), params.get("SAMLResponse")) {
            (Some(value), None) => (Kind::Request, value),
            (None, Some(value)) => (Kind::Response, value),
            _ => return Err(SamlError::FormParameter("SAMLRequest")),
        };
        let relay_state = params.get("RelayState").map(str::to_owned);
        let document = form::decode(value)?;
        logout::by_form(kind, &document, relay_state, &party, place(&idp, &endpoint))
    };
    take(&idp, &headers, read())
}

fn place<'a>(idp: &DemoIdp, destination: &'a str) -> Place<'a> {
    Place {
        now: idp.unix(),
        skew: SKEW_SECONDS,
        destination,
    }
}

fn take(
    idp: &DemoIdp,
    headers: &HeaderMap,
    verified: Result<VerifiedLogout, SamlError>,
) -> Response {
    let done = verified.and_then(|verified| match verified.kind() {
        LogoutKind::Request {
            name_id,
            session_indexes,
        } => end(idp, headers, &verified, name_id, session_indexes),
        LogoutKind::Response {
            in_response_to,
            success,
        } => farewell(idp, in_response_to, *success),
    });
    done.unwrap_or_else(|error| {
        let status = match error.is_malformed() {
            true => StatusCode::BAD_REQUEST,
            false => StatusCode::FORBIDDEN,
        };
        error_page(status, format!("Signing out did not work: {error}."))
    })
}

/// Ends the sessions that a request names, and answers it.
fn end(
    idp: &DemoIdp,
    headers: &HeaderMap,
    verified: &VerifiedLogout,
    name_id: &NameId,
    indexes: &[String],
) -> Result<Response, SamlError> {
    let memory = &idp.shared.contoso;
    let id = verified.id().to_owned();
    if !memory.logouts.insert(idp.unix(), id, ()) {
        return Err(SamlError::Replay);
    }
    let entity_id = &idp.shared.service_provider.entity_id;
    let mut people = idp.shared.people.iter();
    // With all its qualifiers (Core 8.3.7).
    let person = people.find(|person| idp.name_of(person, entity_id) == *name_id);
    let is_meant = |session: &Session| {
        person.is_some_and(|person| person.name == session.person)
            && (indexes.is_empty() || indexes.contains(&session.index))
    };
    let here = memory.sign_ins.session(idp.unix(), headers);
    memory.sign_ins.end_where(is_meant);
    let answer = LogoutResponse {
        id: &idp.message_id(),
        issued_at: idp.unix(),
        issuer: &idp.contoso_entity_id(),
        destination: &idp.shared.service_provider.slo_url,
        in_response_to: verified.id(),
        status: match person {
            Some(_) => LogoutStatus::Success,
            None => LogoutStatus::Requester,
        },
    };
    let document = answer.element().and_then(|element| element.canonical());
    let mut response = go(idp, Kind::Response, document, verified.relay_state());
    if here.as_ref().is_some_and(is_meant) {
        memory.sign_ins.forget(&mut response);
    }
    Ok(response)
}

/// Ends the session of this browser and tells the service provider, where somebody was signed in.
fn begin(idp: &DemoIdp, headers: &HeaderMap) -> Response {
    let memory = &idp.shared.contoso;
    let now = idp.unix();
    let Some(session) = memory.sign_ins.sign_out(now, headers) else {
        return signed_out(idp, true);
    };
    let service_provider = &idp.shared.service_provider;
    let Some(person) = idp.person(&session.person) else {
        return signed_out(idp, true);
    };
    let id = idp.message_id();
    let request = LogoutRequest {
        id: &id,
        issued_at: now,
        issuer: &idp.contoso_entity_id(),
        destination: &service_provider.slo_url,
        not_on_or_after: now + REQUEST_SECONDS,
        name_id: &idp.name_of(person, &service_provider.entity_id),
        session_index: Some(&session.index),
    };
    let document = request.element().and_then(|element| element.canonical());
    memory.farewells.insert(now, id.clone(), ());
    let mut response = go(idp, Kind::Request, document, None);
    memory.sign_ins.forget(&mut response);
    response
}

/// The service provider has answered.
fn farewell(idp: &DemoIdp, request: &str, well: bool) -> Result<Response, SamlError> {
    let farewells = &idp.shared.contoso.farewells;
    match farewells.take(idp.unix(), request) {
        Some(()) => Ok(signed_out(idp, well)),
        None => Err(SamlError::InResponseTo),
    }
}

fn signed_out(idp: &DemoIdp, elsewhere: bool) -> Response {
    let broker = idp.shared.broker_url.clone();
    html(StatusCode::OK, SignedOutPage { broker, elsewhere })
}

fn go(
    idp: &DemoIdp,
    kind: Kind,
    document: Result<String, WriteError>,
    relay_state: Option<&str>,
) -> Response {
    let endpoint = &idp.shared.service_provider.slo_url;
    let key = Some(idp.shared.keys.contoso.key());
    match document.and_then(|document| redirect::url(endpoint, kind, &document, relay_state, key)) {
        Ok(url) => see_other(&url),
        Err(error) => {
            tracing::error!(%error, "a logout message could not be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
