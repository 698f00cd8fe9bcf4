//! `/acme/*`: an OpenID provider for people (OpenID Connect Core 1.0, code flow with PKCE).
//!
//! ```text
//! authorize ─ no session, or prompt=login ─▶ the form ─▶ sign_in ─▶ code ─▶ token ─▶ ID token, access token
//!     └────── signed in here already ────────────────────────────────▲              └─▶ userinfo
//! ```

pub(super) mod authorize;
pub(super) mod discovery;
pub(super) mod end_session;
pub(super) mod sign_in;
pub(super) mod token;
pub(super) mod userinfo;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use url::Url;

use self::authorize::AuthorizeRequest;
use super::memory::Remembered;
use super::{DemoIdp, Person};
use crate::demo::pages::IdpErrorPage;
use crate::http::page::html;

/// The cookie of somebody who is signed in here. Cookies know no ports: the name must not be one of the broker's.
const SESSION_COOKIE: &str = "demo_idp_session";
/// The cookie that ties a form to the browser it was shown in.
const BROWSER_COOKIE: &str = "demo_idp_browser";
const SESSION_SECONDS: i64 = 8 * 3600;
const FORM_SECONDS: i64 = 600;
const CODE_SECONDS: i64 = 60;
const TOKEN_SECONDS: i64 = 600;
/// Wrong passwords for one name before it has to wait ...
const TRIES: u32 = 10;
/// ... until this many seconds after the first of them.
const TRIES_SECONDS: i64 = 60;

/// What `acme` remembers.
pub(super) struct Memory {
    forms: Remembered<Form>,
    sessions: Remembered<Session>,
    codes: Remembered<Code>,
    tokens: Remembered<String>,
    /// By name: since when, and how many wrong passwords. Only names of people are kept, and one for all others.
    failures: Mutex<HashMap<String, (i64, u32)>>,
}

/// A sign-in form that was shown.
#[derive(Clone)]
struct Form {
    request: AuthorizeRequest,
    csrf: String,
    browser: String,
}

/// Somebody is signed in here.
#[derive(Clone)]
struct Session {
    person: String,
    auth_time: i64,
}

/// An authorization code on its way.
#[derive(Clone)]
struct Code {
    request: AuthorizeRequest,
    session: Session,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory {
            forms: Remembered::for_seconds(FORM_SECONDS),
            sessions: Remembered::for_seconds(SESSION_SECONDS),
            codes: Remembered::for_seconds(CODE_SECONDS),
            tokens: Remembered::for_seconds(TOKEN_SECONDS),
            failures: Mutex::default(),
        }
    }
}

impl Memory {
    pub(super) fn clear(&self) {
        self.forms.clear();
        self.sessions.clear();
        self.codes.clear();
        self.tokens.clear();
        self.lock_failures().clear();
    }

    /// Whether another password may be tried for `name`.
    fn may_try(&self, now: i64, name: &str) -> bool {
        match self.lock_failures().get(name) {
            Some((since, count)) => now >= since + TRIES_SECONDS || *count < TRIES,
            None => true,
        }
    }

    fn failed(&self, now: i64, name: &str) {
        let mut failures = self.lock_failures();
        let (since, count) = failures.entry(name.to_owned()).or_insert((now, 0));
        if now >= *since + TRIES_SECONDS {
            (*since, *count) = (now, 0);
        }
        *count += 1;
    }

    fn succeeded(&self, name: &str) {
        self.lock_failures().remove(name);
    }

    fn lock_failures(&self) -> std::sync::MutexGuard<'_, HashMap<String, (i64, u32)>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is said of a person, in ID tokens and at userinfo alike.
///
/// Every claim always, whatever the scope: the demo has nothing to hide, and a relying party is tested best by
/// more than it asked for.
fn claims_of(person: &Person) -> Value {
    json!({
        "sub": person.name,
        "name": person.display_name,
        "preferred_username": person.name,
        "email": person.email,
        "email_verified": true,
        "groups": person.groups,
    })
}

/// Sends the browser back to the relying party (RFC 6749 §4.1.2), with `state` and `iss` (RFC 9207).
fn send_back(idp: &DemoIdp, request: &AuthorizeRequest, answer: &[(&str, &str)]) -> Response {
    let mut target = request.redirect_uri.clone();
    {
        let mut query = target.query_pairs_mut();
        query.extend_pairs(answer);
        if let Some(state) = &request.state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", &idp.acme_issuer());
    }
    see_other(&target)
}

fn send_code(idp: &DemoIdp, request: AuthorizeRequest, session: Session) -> Response {
    let shared = &idp.shared;
    let code = Code {
        request: request.clone(),
        session,
    };
    let code = shared.acme.codes.put(idp.unix(), &*shared.random, code);
    send_back(idp, &request, &[("code", &code)])
}

fn see_other(target: &Url) -> Response {
    match HeaderValue::from_str(target.as_str()) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A page for what cannot be told to the relying party, because it is not known where that is.
fn error_page(status: StatusCode, sentence: impl Into<String>) -> Response {
    let sentence = sentence.into();
    html(status, IdpErrorPage { sentence })
}

/// A cookie of the request.
fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(cookie::Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}

/// Sets a cookie, or deletes it where there are no seconds left. Its values are our own base64url.
fn set_cookie(response: &mut Response, name: &str, value: &str, seconds: i64) {
    let text = format!("{name}={value}; Path=/acme; Max-Age={seconds}; HttpOnly; SameSite=Lax");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}
