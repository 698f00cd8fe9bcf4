//! `/contoso/slo`: signing out, here and at the service provider (Profiles 4.4, by redirect).
//!
//! Without a message it begins here: the session ends and the service provider is told. Like acme it does not ask
//! first.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};

use super::request::{self, Delivery, Fault, Logout};
use super::{REQUEST_SECONDS, relying_party};
use crate::demo::idp::DemoIdp;
use crate::demo::idp::browser::{error_page, see_other};
use crate::demo::idp::sign_in::Session;
use crate::http::page::html;
use crate::saml::redirect::{self, Kind, Unverified};
use crate::saml::request::{LogoutRequest, LogoutResponse, LogoutStatus};
use crate::saml::{SamlError, WriteError};

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
    match query.filter(|query| !query.is_empty()) {
        None => begin(&idp, &headers),
        Some(query) => match take(&idp, &headers, &query).await {
            Ok(response) => response,
            Err(error) => {
                tracing::info!(reason = error.reason(), "a message was refused");
                let status = match error.is_malformed() {
                    true => StatusCode::BAD_REQUEST,
                    false => StatusCode::FORBIDDEN,
                };
                let sentence =
                    "The sign-out message was not signed by the application, or cannot be read.";
                error_page(status, sentence)
            }
        },
    }
}

/// By a button of our own; messages come by redirect.
pub(in crate::demo::idp) async fn by_form(
    State(idp): State<DemoIdp>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match body.is_empty() {
        true => begin(&idp, &headers),
        false => error_page(
            StatusCode::BAD_REQUEST,
            "Sign-out messages come by redirect here.",
        ),
    }
}

/// Takes a message, which must be signed (security.md SAML-21).
async fn take(idp: &DemoIdp, headers: &HeaderMap, query: &str) -> Result<Response, SamlError> {
    let unverified = Unverified::read(query)?;
    let message = relying_party::signed_by_it(idp, unverified).await?;
    let delivery = Delivery {
        service_provider: &idp.shared.service_provider,
        endpoint: &idp.contoso("slo"),
        now: idp.unix(),
        signed: true,
    };
    let done = match message.kind {
        Kind::Request => request::logout(&message.document, &delivery)
            .and_then(|logout| end(idp, headers, &logout, message.relay_state.as_deref())),
        Kind::Response => request::logged_out(&message.document, &delivery)
            .and_then(|(request, well)| farewell(idp, &request, well)),
    };
    Ok(done.unwrap_or_else(|fault| {
        let sentence = match fault {
            Fault::Person(sentence) => sentence,
            Fault::Provider { .. } => "The sign-out message cannot be read.",
        };
        error_page(StatusCode::BAD_REQUEST, sentence)
    }))
}

/// Ends the sessions that a request names, and answers it.
fn end(
    idp: &DemoIdp,
    headers: &HeaderMap,
    logout: &Logout,
    relay_state: Option<&str>,
) -> Result<Response, Fault> {
    let memory = &idp.shared.contoso;
    if !memory.logouts.insert(idp.unix(), logout.id.clone(), ()) {
        return Err(Fault::Person("The sign-out request was used already."));
    }
    let entity_id = &idp.shared.service_provider.entity_id;
    let mut people = idp.shared.people.iter();
    // With all its qualifiers (Core 8.3.7).
    let person = people.find(|person| idp.name_of(person, entity_id) == logout.name_id);
    let is_meant = |session: &Session| {
        let indexes = &logout.session_indexes;
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
        in_response_to: &logout.id,
        status: match person {
            Some(_) => LogoutStatus::Success,
            None => LogoutStatus::Requester,
        },
    };
    let document = answer.element().and_then(|element| element.canonical());
    let mut response = go(idp, Kind::Response, document, relay_state);
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
fn farewell(idp: &DemoIdp, request: &str, well: bool) -> Result<Response, Fault> {
    let farewells = &idp.shared.contoso.farewells;
    match farewells.take(idp.unix(), request) {
        Some(()) => Ok(signed_out(idp, well)),
        None => Err(Fault::Person("Nobody asked for this answer.")),
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
