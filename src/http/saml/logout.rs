//! Single logout, as the provider's messages arrive.
//!
//! A request ends the session of this browser, if it is one of those that the provider names, and is answered by
//! redirect. One that arrives in a form comes without the session's cookie, as every form of another site does, so
//! the browser is sent here once more before anything is ended.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, RawQuery, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower_sessions::Session;

use super::{Message, from_sp, malformed, provider};
use crate::access::Call;
use crate::app::App;
use crate::broker::exchange::trail;
use crate::clock::random_bytes;
use crate::http::layers::{Peer, open_call};
use crate::http::login::{console_event, named_idp, refuse, trouble, unknown};
use crate::http::page;
use crate::http::pages::SignedOutPage;
use crate::http::web_session;
use crate::idp::ServiceProvider;
use crate::idp::saml::LoggedOut;
use crate::saml::SamlError;
use crate::saml::redirect::Kind;
use crate::saml::response::NameId;
use crate::seal::Purpose;

/// What a verified request is sealed for on its way back here.
const AGAIN: &[u8] = b"saml logout";
/// Seconds for which it counts.
const LIFETIME: i64 = 60;

/// A verified request, on its way back here with the browser's own cookies.
#[derive(Serialize, Deserialize)]
struct Again {
    idp: String,
    name: String,
    format: Option<String>,
    name_qualifier: Option<String>,
    sp_name_qualifier: Option<String>,
    session_indexes: Vec<String>,
    request: String,
    relay_state: Option<String>,
    started_at: i64,
}

/// `GET /saml/{idp}/slo`: a message in the query, or one that came in a form before.
pub async fn slo_get(
    State(app): State<Arc<App>>,
    id: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    session: Session,
) -> Response {
    let mut call = open_call(&app, &headers, peer);
    let id = named_idp(id);
    console_event(&mut call, "SignOut", &id);
    let Some(party) = provider(&app, &id) else {
        return refuse(&app, call, unknown());
    };
    let query = query.unwrap_or_default();
    let now = call.unix();
    let told = match query.strip_prefix("again=") {
        Some(sealed) => match open(&app, &id, sealed, now) {
            Some(told) => told,
            None => return refuse(&app, call, malformed(&SamlError::FormBase64)),
        },
        None => match party.logout_by_redirect(&query, now).await {
            Ok(told) => told,
            Err(error) => return refuse(&app, call, from_sp(party, error)),
        },
    };
    end(&app, call, party, &session, told).await
}

/// `POST /saml/{idp}/slo`.
pub async fn slo_post(
    State(app): State<Arc<App>>,
    id: Result<Path<String>, PathRejection>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let mut call = open_call(&app, &headers, peer);
    let id = named_idp(id);
    console_event(&mut call, "SignOut", &id);
    let Some(party) = provider(&app, &id) else {
        return refuse(&app, call, unknown());
    };
    let message = match Message::read(&app, request).await {
        Ok(message) => message,
        Err(refusal) => return refuse(&app, call, refusal),
    };
    let (kind, value) = match (message.request, message.response) {
        (Some(value), None) => (Kind::Request, value),
        (None, Some(value)) => (Kind::Response, value),
        _ => {
            let error = SamlError::FormParameter("SAMLRequest");
            return refuse(&app, call, malformed(&error));
        }
    };
    let now = call.unix();
    let relay_state = message.relay_state;
    let told = party.logout_by_form(kind, &value, relay_state, now).await;
    match told {
        Err(error) => refuse(&app, call, from_sp(party, error)),
        Ok(LoggedOut::Answered { success }) => {
            let _ = call.answered(json!({ "SignOut": "Success" }));
            signed_out(&app, party, success)
        }
        Ok(LoggedOut::Asked {
            name_id,
            session_indexes,
            request,
            relay_state,
        }) => {
            let again = Again {
                idp: id.clone(),
                name: name_id.value,
                format: name_id.format,
                name_qualifier: name_id.name_qualifier,
                sp_name_qualifier: name_id.sp_name_qualifier,
                session_indexes,
                request,
                relay_state,
                started_at: now,
            };
            let body = serde_json::to_vec(&again).unwrap_or_default();
            let salt = random_bytes(&*app.random);
            match app.ring.seal(Purpose::PendingLogin, AGAIN, &body, salt) {
                Ok(sealed) => {
                    let _ = call.answered(json!({ "SignOut": "Verified" }));
                    let path = app.urls.saml_slo(&id);
                    let sealed = URL_SAFE_NO_PAD.encode(sealed);
                    Redirect::to(&format!("{path}?again={sealed}")).into_response()
                }
                Err(_) => refuse(&app, call, trouble("the logout could not be sealed")),
            }
        }
    }
}

fn open(app: &App, id: &str, sealed: &str, now: i64) -> Option<LoggedOut> {
    let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let (body, _) = app.ring.open(Purpose::PendingLogin, AGAIN, &sealed).ok()?;
    let again: Again = serde_json::from_slice(&body).ok()?;
    let fresh = (again.started_at..=again.started_at + LIFETIME).contains(&now);
    (fresh && again.idp == id).then_some(LoggedOut::Asked {
        name_id: NameId {
            value: again.name,
            format: again.format,
            name_qualifier: again.name_qualifier,
            sp_name_qualifier: again.sp_name_qualifier,
        },
        session_indexes: again.session_indexes,
        request: again.request,
        relay_state: again.relay_state,
    })
}

/// Ends this browser's session where the provider means it, and answers.
async fn end(
    app: &App,
    mut call: Call,
    party: &ServiceProvider,
    session: &Session,
    told: LoggedOut,
) -> Response {
    let (request, relay_state) = match &told {
        LoggedOut::Answered { success } => {
            let _ = call.answered(json!({ "SignOut": "Success" }));
            return signed_out(app, party, *success);
        }
        LoggedOut::Asked {
            request,
            relay_state,
            ..
        } => (request.clone(), relay_state.clone()),
    };
    let held = match web_session::current(app, session).await {
        Ok(held) => held,
        Err(_) => return refuse(app, call, trouble("the session could not be read")),
    };
    // A provider ends sessions that it began, and nobody else's.
    let meant = held.filter(|held| {
        let name = held.identity.saml.as_ref();
        held.identity.provider == party.config().id && name.is_some_and(|name| told.covers(name))
    });
    if let Some(held) = meant {
        call.event.set("userIdentity", trail(&held.identity));
        if web_session::end(session).await.is_err() {
            return refuse(app, call, trouble("the session could not be deleted"));
        }
    }
    let now = call.unix();
    let answer = party.answer_logout(&request, relay_state.as_deref(), &*app.random, now);
    match answer.await {
        Ok(url) => {
            let _ = call.answered(Value::Null);
            Redirect::to(&url).into_response()
        }
        Err(error) => refuse(app, call, from_sp(party, error)),
    }
}

fn signed_out(app: &App, party: &ServiceProvider, everywhere: bool) -> Response {
    let name = party.config().name.clone();
    let page = SignedOutPage {
        chrome: web_session::chrome(app, "Signed out", None),
        idp_name: (!everywhere).then_some(name),
        next: None,
    };
    page::html(StatusCode::OK, page)
}
