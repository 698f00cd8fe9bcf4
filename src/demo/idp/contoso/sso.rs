//! `/contoso/sso`: somebody comes to sign in (Profiles 4.1). `/contoso/start`: the same, asked for by nobody.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use super::relying_party;
use super::request::{self, Delivery, Fault, SignOn, Status};
use super::respond::{send, send_failure};
use crate::demo::idp::DemoIdp;
use crate::demo::idp::browser::error_page;
use crate::demo::idp::params::Params;
use crate::saml::document::{Document, Limits};
use crate::saml::names::SIGNATURE;
use crate::saml::redirect::{Kind, Unverified};
use crate::saml::{SamlError, form};

/// A message as it came, its signature checked where it had one.
struct Received {
    document: Vec<u8>,
    relay_state: Option<String>,
    signed: bool,
}

/// By redirect (Bindings 3.4).
pub(in crate::demo::idp) async fn by_redirect(
    State(idp): State<DemoIdp>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match from_query(&idp, &query.unwrap_or_default()).await {
        Ok(received) => begin(&idp, &headers, received),
        Err(error) => refuse(&error),
    }
}

/// By form (Bindings 3.5).
pub(in crate::demo::idp) async fn by_form(
    State(idp): State<DemoIdp>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match from_form(&body) {
        Ok(received) => begin(&idp, &headers, received),
        Err(error) => refuse(&error),
    }
}

/// `GET /contoso/start?RelayState=`: a response that nobody asked for, for whoever takes such.
pub(in crate::demo::idp) async fn start(
    State(idp): State<DemoIdp>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let Ok(params) = Params::parse(query.as_bytes()) else {
        return error_page(StatusCode::BAD_REQUEST, "A parameter came twice.");
    };
    let sign_on = SignOn {
        request_id: None,
        relay_state: params.text("RelayState").map(str::to_owned),
        force: false,
        passive: false,
    };
    go_on(&idp, &headers, sign_on)
}

/// `POST /contoso/sign-in`: name and password.
pub(in crate::demo::idp) async fn sign_in(
    State(idp): State<DemoIdp>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let sign_ins = &idp.shared.contoso.sign_ins;
    match sign_ins.take_form(&idp, &headers, &body) {
        Ok(welcome) => {
            let mut response = send(&idp, &welcome.errand, &welcome.session);
            sign_ins.remember(&mut response, &welcome.handle);
            response
        }
        Err(refusal) => *refusal,
    }
}

/// A request need not be signed; one that is must be signed by the service provider.
async fn from_query(idp: &DemoIdp, query: &str) -> Result<Received, SamlError> {
    let unverified = Unverified::read(query)?;
    if unverified.kind() != Kind::Request {
        return Err(SamlError::FormParameter("SAMLRequest"));
    }
    let signed = unverified.is_signed();
    let message = match signed {
        true => relying_party::signed_by_it(idp, unverified).await?,
        false => unverified.unsigned()?,
    };
    Ok(Received {
        document: message.document,
        relay_state: message.relay_state,
        signed,
    })
}

fn from_form(body: &[u8]) -> Result<Received, SamlError> {
    let params = Params::parse(body).map_err(|_| SamlError::FormRepeated)?;
    let value = params.get("SAMLRequest");
    let document = form::decode(value.ok_or(SamlError::FormParameter("SAMLRequest"))?)?;
    // A signature that nobody looks at is worse than none: signed requests come by redirect.
    let has_signature = Document::parse(&document, &Limits::MESSAGE)?
        .root()
        .named(SIGNATURE, "Signature")
        .next()
        .is_some();
    if has_signature {
        return Err(SamlError::SignatureProfile("by redirect alone"));
    }
    Ok(Received {
        document,
        relay_state: params.get("RelayState").map(str::to_owned),
        signed: false,
    })
}

fn refuse(error: &SamlError) -> Response {
    tracing::info!(reason = error.reason(), "a message was refused");
    let status = match error.is_malformed() {
        true => StatusCode::BAD_REQUEST,
        false => StatusCode::FORBIDDEN,
    };
    let sentence = "The sign-in request cannot be read, or was not signed by the application.";
    error_page(status, sentence)
}

fn begin(idp: &DemoIdp, headers: &HeaderMap, received: Received) -> Response {
    let delivery = Delivery {
        service_provider: &idp.shared.service_provider,
        endpoint: &idp.contoso("sso"),
        now: idp.unix(),
        signed: received.signed,
    };
    let relay_state = received.relay_state.clone();
    match request::sign_on(&received.document, received.relay_state, &delivery) {
        Ok(sign_on) => go_on(idp, headers, sign_on),
        Err(Fault::Person(sentence)) => error_page(StatusCode::BAD_REQUEST, sentence),
        Err(Fault::Provider { request_id, status }) => {
            send_failure(idp, &request_id, relay_state.as_deref(), status)
        }
    }
}

fn go_on(idp: &DemoIdp, headers: &HeaderMap, sign_on: SignOn) -> Response {
    let sign_ins = &idp.shared.contoso.sign_ins;
    let session = sign_ins.session(idp.unix(), headers);
    match session.filter(|_| !sign_on.force) {
        Some(session) => send(idp, &sign_on, &session),
        None => match (&sign_on.request_id, sign_on.passive) {
            (Some(id), true) => {
                send_failure(idp, id, sign_on.relay_state.as_deref(), Status::NoPassive)
            }
            _ => sign_ins.show_form(idp, headers, sign_on),
        },
    }
}
