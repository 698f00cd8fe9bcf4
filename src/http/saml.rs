//! The service provider's doors: our metadata, where responses arrive, and logout.
//!
//! A response arrives as a form that another site made the browser send, so the web session's cookie is not there and
//! none is looked for: what ties the response to this browser is the cookie of the sign-in it began, found by
//! `RelayState`. Reference: SAML 2.0 Bindings sections 3.4 and 3.5; security.md SAML-10, SAML-11, SAML-21.

mod logout;
mod unasked;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;
use tower_sessions::Session;

use crate::access::Call;
use crate::app::App;
use crate::broker::exchange::trail;
use crate::config::{SamlProfile, SignRequests};
use crate::http::MAX_BODY;
use crate::http::layers::{Peer, open_call};
use crate::http::login::{
    LAST_IDP, LoginError, console_event, cookie_of, from_idp, full_name, idp, named_idp,
    our_cookie, page_of, refuse, set_cookie, stale, trouble, unknown,
};
use crate::http::web_session;
use crate::identity::Identity;
use crate::idp::pending::{LIFETIME_SECONDS, cookie_name};
use crate::idp::saml::{Answer, request_key};
use crate::idp::{PendingLogin, ServiceProvider, SignIn, SignInError, SpError};
use crate::saml::SamlError;
use crate::saml::describe;

pub use logout::{slo_get, slo_post};
pub use unasked::confirm;

/// The largest form with a response in it: 512 KiB in base64, percent-encoded.
const MAX_RESPONSE_BODY: usize = 1024 * 1024;

/// Our service provider for an id, if it is one.
fn provider<'a>(app: &'a App, id: &str) -> Option<&'a ServiceProvider> {
    idp(app, id).and_then(SignIn::saml)
}

/// `GET /saml/{idp}/metadata`.
pub async fn metadata(
    State(app): State<Arc<App>>,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let id = named_idp(id);
    let Some(party) = provider(&app, &id) else {
        return page_of(&app, unknown(), "");
    };
    let written = written_metadata(&app, party).await;
    match written {
        Ok(document) => {
            let kind = HeaderValue::from_static("application/samlmetadata+xml");
            let mut response = Body::from(document).into_response();
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        Err(cause) => page_of(&app, trouble(&cause), ""),
    }
}

async fn written_metadata(app: &App, party: &ServiceProvider) -> Result<String, String> {
    let config = party.config();
    let keys = app.saml_keys.keys(app.clock.unix()).await;
    let keys = keys.map_err(|error| error.to_string())?;
    let ours: Vec<&[u8]> = keys
        .iter()
        .map(|key| key.credential.certificate_der())
        .collect();
    // AD FS encrypts for whoever publishes a key, with AES-CBC and an unsigned response around it, which SAML-18 refuses.
    let encrypts = config.profile != SamlProfile::Adfs || config.require_encryption;
    let formats = config.name_id_format.as_deref();
    let formats: Vec<&str> = formats.into_iter().collect();
    let slo_url = app.urls.absolute(&app.urls.saml_slo(&config.id));
    let described = describe::ServiceProvider {
        entity_id: &config.entity_id,
        signing: &ours,
        encryption: if encrypts { &ours } else { &[] },
        acs_url: &config.acs_url,
        slo_url: Some(&slo_url),
        name_id_formats: &formats,
        want_assertions_signed: true,
        authn_requests_signed: config.sign_requests == SignRequests::Always,
        valid_until: None,
    };
    let element = described.element().map_err(|error| error.to_string())?;
    element.canonical().map_err(|error| error.to_string())
}

/// A form of the binding: each of its parameters at most once, everything else left alone.
#[derive(Default)]
struct Message {
    request: Option<String>,
    response: Option<String>,
    relay_state: Option<String>,
}

impl Message {
    async fn read(app: &App, request: Request) -> Result<Message, LoginError> {
        let declared = request.headers().get(header::CONTENT_LENGTH);
        let declared = declared
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.parse::<usize>().ok());
        // Few are that large, and nobody has proved anything yet: only so many at once.
        let large = declared.is_some_and(|declared| declared > MAX_BODY);
        let place = match large {
            true => Some(app.large_bodies.try_acquire().map_err(|_| busy())?),
            false => None,
        };
        let most = if large { MAX_RESPONSE_BODY } else { MAX_BODY };
        let body = axum::body::to_bytes(request.into_body(), most).await;
        let body = body.map_err(|_| malformed(&SamlError::FormTooLarge))?;
        drop(place);
        let mut message = Message::default();
        for (name, value) in url::form_urlencoded::parse(&body) {
            let field = match &*name {
                "SAMLRequest" => &mut message.request,
                "SAMLResponse" => &mut message.response,
                "RelayState" => &mut message.relay_state,
                _ => continue,
            };
            if field.replace(value.into_owned()).is_some() {
                return Err(malformed(&SamlError::FormRepeated));
            }
        }
        Ok(message)
    }
}

/// `POST /saml/{idp}/acs`.
pub async fn acs(
    State(app): State<Arc<App>>,
    id: Result<Path<String>, PathRejection>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    session: Session,
    request: Request,
) -> Response {
    let mut call = open_call(&app, &headers, peer);
    let id = named_idp(id);
    console_event(&mut call, "ConsoleLogin", &id);
    let Some(party) = provider(&app, &id) else {
        return refuse(&app, call, unknown());
    };
    let message = match Message::read(&app, request).await {
        Ok(message) => message,
        Err(refusal) => return refuse(&app, call, refusal),
    };
    let relay_state = message.relay_state.unwrap_or_default();
    let spent = full_name(&app, &cookie_name(&relay_state));
    let held = cookie_of(&headers, &spent);
    let had_cookie = held.is_some();
    let now = call.unix();
    let pending =
        held.and_then(|held| PendingLogin::open(&app.ring, &held, &id, &relay_state, now));
    let response = message.response.unwrap_or_default();
    let finished = finish(&app, party, &call, &response, pending.as_ref()).await;
    let mut response = match (finished, pending) {
        (Ok(identity), Some(pending)) => {
            let return_to = pending.return_to;
            sign_in(&app, call, &session, identity, party, &return_to).await
        }
        (Ok(identity), None) => unasked::ask(&app, call, party, identity, &relay_state),
        (Err(refusal), _) => refuse(&app, call, refusal),
    };
    if had_cookie {
        let mut gone = our_cookie(&app, "", String::new(), 0);
        gone.set_name(spent);
        set_cookie(&mut response, &gone);
    }
    response
}

async fn finish(
    app: &App,
    party: &ServiceProvider,
    call: &Call,
    response: &str,
    pending: Option<&PendingLogin>,
) -> Result<Identity, LoginError> {
    let now = call.unix();
    if let Some(pending) = pending {
        let key = request_key(pending);
        let until = pending.started_at + LIFETIME_SECONDS + 1;
        match app.store.use_once("login", &key, until, now).await {
            Ok(true) => {}
            Ok(false) => {
                let refusal = stale("the request was answered before");
                let reason = SamlError::InResponseTo.reason();
                return Err(LoginError { reason, ..refusal });
            }
            Err(error) => return Err(trouble(&error.to_string())),
        }
    }
    let answer = Answer { response, pending };
    let finished = party.finish(answer, now).await;
    finished.map_err(|error| from_sp(party, error))
}

/// Signs somebody in: the event is on disk before the browser learns of it.
async fn sign_in(
    app: &App,
    mut call: Call,
    session: &Session,
    identity: Identity,
    party: &ServiceProvider,
    return_to: &str,
) -> Response {
    call.event.set("userIdentity", trail(&identity));
    let (name, id) = (party.config().name.clone(), party.config().id.clone());
    if web_session::begin(app, session, identity, name)
        .await
        .is_err()
    {
        return refuse(app, call, trouble("the session could not be stored"));
    }
    match call.granted(json!({ "ConsoleLogin": "Success" })).await {
        Ok(()) => {
            let mut response = Redirect::to(return_to).into_response();
            let year = 365 * 24 * 3600;
            set_cookie(&mut response, &our_cookie(app, LAST_IDP, id, year));
            response
        }
        Err(error) => {
            tracing::error!(%error, "nobody is signed in without a trace");
            // Best effort: the session was never told to the browser.
            let _ = web_session::end(session).await;
            page_of(app, trouble("the audit trail takes no events"), "")
        }
    }
}

/// What a refusal of the service provider becomes on a page.
fn from_sp(party: &ServiceProvider, error: SpError) -> LoginError {
    match &error {
        SpError::Refused(refusal) if refusal.is_malformed() => malformed(refusal),
        SpError::Refused(SamlError::InResponseTo | SamlError::Unsolicited | SamlError::Replay) => {
            LoginError {
                reason: error.reason(),
                ..stale(&error.to_string())
            }
        }
        SpError::Store(_) | SpError::Keys(_) | SpError::Write(_) => LoginError {
            reason: error.reason(),
            ..trouble(&error.to_string())
        },
        SpError::Metadata(_) | SpError::Refused(SamlError::Provider(_)) => LoginError {
            status: web_session::UNAVAILABLE,
            ..from_idp(&party.config().name, &SignInError::Saml(error))
        },
        SpError::Busy => busy(),
        SpError::Refused(SamlError::Disagreement) => {
            tracing::error!(
                idp = party.config().id,
                "two verifiers disagree about a response: either has a fault, or somebody looks for one"
            );
            from_idp(&party.config().name, &SignInError::Saml(error))
        }
        _ => from_idp(&party.config().name, &SignInError::Saml(error)),
    }
}

fn malformed(error: &SamlError) -> LoginError {
    let status = match error {
        SamlError::FormTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    };
    LoginError {
        status,
        reason: error.reason(),
        heading: "Sign-in could not be completed",
        sentence: "What came back from the identity provider is not a sign-in.".to_owned(),
        cause: error.to_string(),
    }
}

fn busy() -> LoginError {
    LoginError {
        status: web_session::UNAVAILABLE,
        reason: "unavailable",
        heading: "Sign-in is not available just now",
        sentence: "Too many are signing in at once. Try again in a moment.".to_owned(),
        cause: "busy".to_owned(),
    }
}
