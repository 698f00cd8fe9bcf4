//! Sign-in that nobody here asked for (IdP-initiated, security.md SAML-11).
//!
//! Whoever can make a browser send a form could sign it in as themselves and wait for what its person does next. So a
//! response that was not asked for signs nobody in: it leads to a page that says who it would be, and a click there,
//! in this very browser, does.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use tower_sessions::Session;

use super::{provider, sign_in};
use crate::access::Call;
use crate::app::App;
use crate::broker::exchange::trail;
use crate::clock::{random_bytes, random_token};
use crate::http::form::Form;
use crate::http::layers::{Peer, is_cross_site, open_call};
use crate::http::login::{
    LoginError, console_event, cookie_of, forged, full_name, named_idp, our_cookie, refuse,
    set_cookie, stale, trouble, unknown,
};
use crate::http::page;
use crate::http::pages::ConfirmSignInPage;
use crate::http::web_session;
use crate::identity::Identity;
use crate::idp::ServiceProvider;
use crate::idp::pending::LIFETIME_SECONDS;
use crate::saml::SamlError;
use crate::seal::Purpose;
use crate::secret::Secret;

/// Ties the page to this browser.
const COOKIE: &str = "drawbridge-confirm";
/// What the ticket is sealed for.
const TICKET: &[u8] = b"saml confirm";

/// Who is to be confirmed; sealed in the page's form.
#[derive(Serialize, Deserialize)]
struct Ticket {
    idp: String,
    identity: Identity,
    return_to: String,
    /// The cookie's value.
    browser: String,
    started_at: i64,
}

/// Where a `RelayState` leads: where the entry allows it to, or else to the portal. Providers send one of their own
/// with every response that nobody asked for.
fn target(app: &App, party: &ServiceProvider, relay_state: &str) -> String {
    let mut allowed = party.config().relay_targets.iter();
    match allowed.find(|target| *target == relay_state) {
        Some(path) if path.starts_with('/') => path.clone(),
        Some(role) => app.urls.credentials(role),
        None => "/".to_owned(),
    }
}

/// A confirmation that does not count.
fn refused(cause: &str) -> LoginError {
    LoginError {
        reason: SamlError::Unsolicited.reason(),
        ..stale(cause)
    }
}

/// Asks whoever is there whether they are who the response says.
pub(super) fn ask(
    app: &App,
    mut call: Call,
    party: &ServiceProvider,
    identity: Identity,
    relay_state: &str,
) -> Response {
    let return_to = target(app, party, relay_state);
    call.event.set("userIdentity", trail(&identity));
    let id = party.config().id.clone();
    let ticket = Ticket {
        idp: id.clone(),
        identity,
        return_to,
        browser: random_token(&*app.random, 32),
        started_at: call.unix(),
    };
    let body = serde_json::to_vec(&ticket).unwrap_or_default();
    let salt = random_bytes(&*app.random);
    let Ok(sealed) = app.ring.seal(Purpose::PendingLogin, TICKET, &body, salt) else {
        return refuse(app, call, trouble("the confirmation could not be sealed"));
    };
    let _ = call.answered(json!({ "ConsoleLogin": "AwaitsConfirmation" }));
    let page = ConfirmSignInPage {
        chrome: web_session::chrome(app, "Sign in", None),
        idp_name: party.config().name.clone(),
        name: ticket.identity.display_name.clone(),
        subject: ticket.identity.subject.clone(),
        action: app.urls.saml_confirm(&id),
        ticket: URL_SAFE_NO_PAD.encode(sealed),
    };
    let mut response = page::html(StatusCode::OK, page);
    let cookie = our_cookie(app, COOKIE, ticket.browser, LIFETIME_SECONDS);
    set_cookie(&mut response, &cookie);
    response
}

/// `POST /saml/{idp}/confirm`.
pub async fn confirm(
    State(app): State<Arc<App>>,
    id: Result<Path<String>, PathRejection>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    session: Session,
    form: Form,
) -> Response {
    let mut call = open_call(&app, &headers, peer);
    let id = named_idp(id);
    console_event(&mut call, "ConsoleLogin", &id);
    let Some(party) = provider(&app, &id) else {
        return refuse(&app, call, unknown());
    };
    let told = headers.contains_key("sec-fetch-site") || headers.contains_key("origin");
    if !told || is_cross_site(&app, &headers) {
        return refuse(&app, call, forged());
    }
    let now = call.unix();
    let opened = open(&app, &id, &headers, form.get("ticket"), now);
    let Some(ticket) = opened else {
        let refusal = refused("the confirmation is none of this browser, or it is too late");
        return refuse(&app, call, refusal);
    };
    let key: [u8; 32] = Sha256::digest(ticket.browser.as_bytes()).into();
    let until = ticket.started_at + LIFETIME_SECONDS + 1;
    match app.store.use_once("saml-confirm", &key, until, now).await {
        Ok(true) => {}
        Ok(false) => return refuse(&app, call, refused("it was confirmed before")),
        Err(error) => return refuse(&app, call, trouble(&error.to_string())),
    }
    let return_to = ticket.return_to;
    let mut response = sign_in(&app, call, &session, ticket.identity, party, &return_to).await;
    set_cookie(&mut response, &our_cookie(&app, COOKIE, String::new(), 0));
    response
}

fn open(
    app: &App,
    id: &str,
    headers: &HeaderMap,
    ticket: Option<&str>,
    now: i64,
) -> Option<Ticket> {
    let sealed = URL_SAFE_NO_PAD.decode(ticket?).ok()?;
    let (body, _) = app.ring.open(Purpose::PendingLogin, TICKET, &sealed).ok()?;
    let ticket: Ticket = serde_json::from_slice(&body).ok()?;
    let cookie = cookie_of(headers, &full_name(app, COOKIE))?;
    let same_browser = Secret::new(cookie) == Secret::new(ticket.browser.clone());
    let fresh = (ticket.started_at..=ticket.started_at + LIFETIME_SECONDS).contains(&now);
    (same_browser && fresh && ticket.idp == id).then_some(ticket)
}
