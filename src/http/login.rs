//! Sign-in with OIDC: off to the identity provider, and back.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use cookie::{Cookie, SameSite};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tower_sessions::Session;

use crate::access::Call;
use crate::app::App;
use crate::audit::clean;
use crate::broker::exchange::trail;
use crate::clock::uuid_v4;
use crate::http::form::{Form, Link};
use crate::http::layers::{Peer, open_call};
use crate::http::page;
use crate::http::pages::{Action, ErrorPage, SignedOutPage};
use crate::http::throttle::Failed;
use crate::http::web_session::{self, is_genuine};
use crate::idp::oidc::Callback;
use crate::idp::pending::{LIFETIME_SECONDS, cookie_name, safe_return};
use crate::idp::{PendingLogin, RelyingParty, SignIn, SignInError};

/// Which identity provider this browser signed in with last; its name is nothing to hide.
pub const LAST_IDP: &str = "drawbridge-last-idp";

/// A sign-in that is refused, for its page and its event.
pub(super) struct LoginError {
    pub(super) status: StatusCode,
    pub(super) reason: &'static str,
    pub(super) heading: &'static str,
    pub(super) sentence: String,
    pub(super) cause: String,
}

pub(super) fn idp<'a>(app: &'a App, id: &str) -> Option<&'a SignIn> {
    app.idps.iter().find(|idp| idp.id() == id)
}

/// The provider a path names. A path that is no text names none.
pub(super) fn named_idp(id: Result<Path<String>, PathRejection>) -> String {
    id.map(|Path(id)| id).unwrap_or_default()
}

fn named(headers: &HeaderMap, name: &str) -> Option<String> {
    let texts = headers.get_all(header::COOKIE).iter();
    texts
        .filter_map(|text| text.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| Cookie::parse(pair.trim().to_owned()).ok())
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}

/// The value of a cookie that the browser sent.
pub fn cookie_of(headers: &HeaderMap, name: &str) -> Option<String> {
    named(headers, name)
}

/// Adds a `Set-Cookie` header. The value of an empty one is removed at the browser.
pub fn set_cookie(response: &mut Response, cookie: &Cookie<'_>) {
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// A cookie of ours. Over https its name gets the `__Host-` prefix, which pins it to this very host.
pub fn our_cookie(app: &App, name: &str, value: String, seconds: i64) -> Cookie<'static> {
    Cookie::build((full_name(app, name), value))
        .http_only(true)
        .secure(app.urls.secure())
        .same_site(SameSite::Lax)
        .path("/")
        .max_age(time::Duration::seconds(seconds))
        .build()
}

/// A cookie's name with its prefix.
pub fn full_name(app: &App, name: &str) -> String {
    match app.urls.secure() {
        true => format!("__Host-{name}"),
        false => name.to_owned(),
    }
}

/// `GET /login/{idp}`.
pub async fn begin(
    State(app): State<Arc<App>>,
    id: Result<Path<String>, PathRejection>,
    wanted: Link,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Response {
    let mut call = open_call(&app, &headers, peer);
    let id = named_idp(id);
    console_event(&mut call, "BeginSignIn", &id);
    let Some(party) = idp(&app, &id) else {
        return refuse(&app, call, unknown());
    };
    let return_to = safe_return(wanted.get("return_to"));
    let begun = party.begin(&*app.random, call.unix(), return_to).await;
    let (url, pending) = match begun {
        Ok(begun) => begun,
        Err(error) => return refuse(&app, call, from_idp(party.name(), &error)),
    };
    let Some(sealed) = pending.seal(&app.ring, &*app.random) else {
        return refuse(&app, call, trouble("the login could not be sealed"));
    };
    // Nothing was asked of us but an address, and anybody may ask: an event for each would let them fill the disk. The
    // trail begins where the provider sends the browser back.
    call.unseen();
    let mut response = Redirect::to(url.as_str()).into_response();
    let name = cookie_name(&pending.state);
    let mut cookie = our_cookie(&app, &name, sealed.expose().clone(), LIFETIME_SECONDS);
    // A SAML response comes as a form of another site. The cookie is worth nothing but to match it (WEB-1).
    if party.saml().is_some() && app.urls.secure() {
        cookie.set_same_site(SameSite::None);
    }
    set_cookie(&mut response, &cookie);
    response
}

/// `GET /oidc/{idp}/callback`.
pub async fn callback(
    State(app): State<Arc<App>>,
    id: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    session: Session,
) -> Response {
    let mut call = open_call(&app, &headers, peer);
    let id = named_idp(id);
    console_event(&mut call, "ConsoleLogin", &id);
    let Some(party) = idp(&app, &id).and_then(SignIn::oidc) else {
        return refuse(&app, call, unknown());
    };
    let query = query.unwrap_or_default();
    let state = match parameter(&query, "state") {
        Ok(state) => state.unwrap_or_default(),
        Err(refusal) => return refuse(&app, call, refusal),
    };
    let spent = full_name(&app, &cookie_name(&state));
    let finished = finish(&app, party, &call, &query, &state, &headers).await;
    let mut response = match finished {
        Ok((pending, identity)) => {
            call.event.set("userIdentity", trail(&identity));
            let name = party.config().name.clone();
            if web_session::begin(&app, &session, identity, name)
                .await
                .is_err()
            {
                return refuse(&app, call, trouble("the session could not be stored"));
            }
            // Being signed in is worth something: the event must be on disk first.
            match call.granted(json!({ "ConsoleLogin": "Success" })).await {
                Ok(()) => {
                    let mut response = Redirect::to(&pending.return_to).into_response();
                    let year = 365 * 24 * 3600;
                    set_cookie(&mut response, &our_cookie(&app, LAST_IDP, id, year));
                    response
                }
                Err(error) => {
                    tracing::error!(%error, "nobody is signed in without a trace");
                    // Best effort: the session was never told to the browser.
                    let _ = web_session::end(&session).await;
                    page_of(&app, trouble("the audit trail takes no events"), "")
                }
            }
        }
        Err(refusal) => refuse(&app, call, refusal),
    };
    let mut gone = our_cookie(&app, "", String::new(), 0);
    gone.set_name(spent);
    set_cookie(&mut response, &gone);
    response
}

async fn finish(
    app: &App,
    party: &RelyingParty,
    call: &Call,
    query: &str,
    state: &str,
    headers: &HeaderMap,
) -> Result<(PendingLogin, crate::identity::Identity), LoginError> {
    let now = call.unix();
    let id = &party.config().id;
    let callback = Callback {
        code: parameter(query, "code")?,
        issuer: parameter(query, "iss")?,
        error: parameter(query, "error")?.map(|code| clean(&code).chars().take(64).collect()),
    };
    if callback.code.is_some() && callback.error.is_some() {
        return Err(malformed("both a code and an error came back"));
    }
    let held = cookie_of(headers, &full_name(app, &cookie_name(state)));
    let pending = held.and_then(|held| PendingLogin::open(&app.ring, &held, id, state, now));
    let pending = pending.ok_or_else(|| stale("no login of this browser has this state"))?;
    let key: [u8; 32] = Sha256::digest(state.as_bytes()).into();
    let until = pending.started_at + LIFETIME_SECONDS + 1;
    match app.store.use_once("login", &key, until, now).await {
        Ok(true) => {}
        Ok(false) => return Err(stale("this state was used before")),
        Err(error) => return Err(trouble(&error.to_string())),
    }
    let finished = party.finish(&pending, callback, now).await;
    let identity = finished.map_err(|error| from_idp(&party.config().name, &error.into()))?;
    Ok((pending, identity))
}

/// `POST /signout`.
pub async fn sign_out(
    State(app): State<Arc<App>>,
    session: Session,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let mut call = open_call(&app, &headers, peer);
    console_event(&mut call, "SignOut", "");
    let held = match web_session::current(&app, &session).await {
        Ok(held) => held,
        Err(_) => return refuse(&app, call, trouble("the session could not be read")),
    };
    let Some(held) = held else {
        // Nobody signs out: that anybody can do, as often as they like.
        call.unseen();
        return Redirect::to("/").into_response();
    };
    if !is_genuine(&app, &headers, &held.csrf, form.get("csrf")) {
        return refuse(&app, call, forged());
    }
    call.event.set("userIdentity", trail(&held.identity));
    if web_session::end(&session).await.is_err() {
        return refuse(&app, call, trouble("the session could not be deleted"));
    }
    let now = call.unix();
    let _ = call.answered(Value::Null);
    let party = idp(&app, &held.identity.provider).and_then(SignIn::saml);
    let next = match party {
        Some(party) => {
            let begun = party.begin_logout(&held.identity, &*app.random, now).await;
            // Here they are signed out, whatever becomes of the rest; the page says which.
            begun.unwrap_or_else(|error| {
                tracing::warn!(%error, "the identity provider is not told of a sign-out");
                None
            })
        }
        None => None,
    };
    let page = SignedOutPage {
        chrome: web_session::chrome(&app, "Signed out", None),
        idp_name: Some(held.idp_name),
        next: next.clone(),
    };
    let mut response = page::html(StatusCode::OK, page);
    // Not a redirect: a form may lead to nobody else's origin (the content security policy says so).
    let onward = next.and_then(|url| HeaderValue::from_str(&format!("0; url={url}")).ok());
    if let Some(onward) = onward {
        response.headers_mut().insert(header::REFRESH, onward);
    }
    response
}

pub(super) fn console_event(call: &mut Call, name: &str, idp: &str) {
    call.about(name, false);
    call.event.set("eventSource", json!("signin.amazonaws.com"));
    call.event.set("eventType", json!("AwsConsoleSignIn"));
    if !idp.is_empty() {
        call.event
            .set("requestParameters", json!({ "identityProvider": idp }));
    }
}

/// A query parameter that may come at most once (OIDC-2).
fn parameter(query: &str, name: &str) -> Result<Option<String>, LoginError> {
    let mut found = None;
    for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if key == name && found.replace(value.into_owned()).is_some() {
            return Err(malformed("a parameter came twice"));
        }
    }
    Ok(found)
}

pub(super) fn unknown() -> LoginError {
    LoginError {
        status: StatusCode::NOT_FOUND,
        reason: "oidc.unknown",
        heading: "No such identity provider",
        sentence: "Choose one of those on the sign-in page.".to_owned(),
        cause: String::new(),
    }
}

fn malformed(cause: &str) -> LoginError {
    LoginError {
        status: StatusCode::BAD_REQUEST,
        reason: "oidc.malformed",
        heading: "Sign-in could not be completed",
        sentence: "What came back from the identity provider is not a sign-in.".to_owned(),
        cause: cause.to_owned(),
    }
}

pub(super) fn stale(cause: &str) -> LoginError {
    LoginError {
        status: StatusCode::FORBIDDEN,
        reason: "oidc.state",
        heading: "This sign-in cannot be used",
        sentence: "It was begun elsewhere, used already, or took longer than ten minutes. Sign in \
                   again from the start."
            .to_owned(),
        cause: cause.to_owned(),
    }
}

/// A form that did not come from a page of this session.
pub(super) fn forged() -> LoginError {
    LoginError {
        status: StatusCode::FORBIDDEN,
        reason: "web.csrf",
        heading: "This form cannot be used",
        sentence: "It does not come from a page of this session. Go back, reload, and try again."
            .to_owned(),
        cause: "csrf".to_owned(),
    }
}

pub(super) fn trouble(cause: &str) -> LoginError {
    LoginError {
        status: web_session::UNAVAILABLE,
        reason: "unavailable",
        heading: "Sign-in is not available just now",
        sentence: "This is our side's trouble, not yours. Try again in a moment.".to_owned(),
        cause: cause.to_owned(),
    }
}

pub(super) fn from_idp(name: &str, error: &SignInError) -> LoginError {
    tracing::warn!(idp = name, %error, "a sign-in came to nothing");
    match error.is_unavailable() {
        true => LoginError {
            status: match error.is_of_the_entry() {
                true => web_session::UNAVAILABLE,
                false => StatusCode::BAD_GATEWAY,
            },
            reason: error.reason(),
            heading: "The identity provider is not available",
            sentence: format!("{name} did not answer as it should. Try again, or choose another."),
            cause: error.to_string(),
        },
        false => LoginError {
            status: StatusCode::FORBIDDEN,
            reason: error.reason(),
            heading: "Sign-in was refused",
            sentence: format!(
                "What {name} sent back was not accepted. Your administrator can look the \
                 reference up."
            ),
            cause: error.to_string(),
        },
    }
}

pub(super) fn page_of(app: &App, refusal: LoginError, reference: &str) -> Response {
    let mut chrome = web_session::chrome(app, refusal.heading, None);
    chrome.request_id = reference.to_owned();
    let page = ErrorPage {
        chrome,
        status: refusal.status.as_u16(),
        heading: refusal.heading.to_owned(),
        sentence: refusal.sentence,
        hint: None,
        reference: reference.to_owned(),
        action: Some(Action {
            label: "Sign in again".to_owned(),
            href: "/".to_owned(),
        }),
    };
    page::html(refusal.status, page)
}

/// The page for whoever was refused too often.
pub fn throttled(app: &App) -> Response {
    let refusal = LoginError {
        status: StatusCode::TOO_MANY_REQUESTS,
        reason: "throttled",
        heading: "Too many attempts",
        sentence: "Too many sign-ins from this network were refused. Try again in a moment."
            .to_owned(),
        cause: String::new(),
    };
    page_of(app, refusal, &uuid_v4(&*app.random).to_string())
}

pub(super) fn refuse(app: &App, call: Call, refusal: LoginError) -> Response {
    let reference = call.request_id.clone();
    let counts = refusal.status.is_client_error();
    let detail = json!({ "cause": clean(&refusal.cause) });
    let unseen = counts && call.spent;
    match unseen {
        true => call.unseen(),
        false => call.refused(
            "AccessDenied",
            &refusal.sentence,
            refusal.reason,
            Some(detail),
        ),
    }
    let mut response = page_of(app, refusal, &reference);
    if counts {
        let issuer = None;
        response.extensions_mut().insert(Failed { issuer, unseen });
    }
    response
}
