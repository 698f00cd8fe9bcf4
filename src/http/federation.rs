//! `/federation`: the sign-in federation endpoint, for the portal's console links and for tools that make
//! such links themselves.
//!
//! Reference: sts.md section 11;
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html>

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use crate::access::Call;
use crate::access::authenticate::caller_of;
use crate::app::App;
use crate::broker::console_link;
use crate::http::console::{COOKIE, ended_page};
use crate::http::form::{Form, Link};
use crate::http::layers::{Peer, open_call};
use crate::http::login::{our_cookie, set_cookie};
use crate::http::throttle::Failed;
use crate::secret::Secret;

/// `GET /federation`.
pub async fn get(
    State(app): State<Arc<App>>,
    method: Method,
    link: Result<Link, (StatusCode, &'static str)>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Response {
    // A link that somebody's scanner looks at must not be used up by that.
    if method == Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let call = open_call(&app, &headers, peer);
    match link {
        Ok(link) => answer(&app, call, &link.0).await,
        Err((_, message)) => bad_request(call, message.trim_end()),
    }
}

/// `POST /federation`: for long tokens.
pub async fn post(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let call = open_call(&app, &headers, peer);
    answer(&app, call, &form).await
}

/// Marks an answer as a refusal that counts.
fn failed(mut response: Response) -> Response {
    // Whether it left an event, the gate knows as well as the call did.
    response.extensions_mut().insert(Failed {
        issuer: None,
        unseen: false,
    });
    response
}

fn bad_request(call: Call, message: &'static str) -> Response {
    call.failed("InvalidRequest", message, "federation.malformed", None);
    failed((StatusCode::BAD_REQUEST, format!("{message}\n")).into_response())
}

async fn answer(app: &App, mut call: Call, params: &Form) -> Response {
    call.event.set("eventSource", json!("signin.amazonaws.com"));
    match params.get("Action") {
        Some("getSigninToken") => {
            call.about("GetSigninToken", false);
            get_signin_token(app, call, params)
        }
        Some("login") => {
            call.about("ConsoleLogin", false);
            call.event.set("eventType", json!("AwsConsoleSignIn"));
            login(app, call, params).await
        }
        _ => bad_request(call, "Action must be getSigninToken or login."),
    }
}

fn get_signin_token(app: &App, mut call: Call, params: &Form) -> Response {
    let Some(credentials) = params.get("Session") else {
        return bad_request(call, "Session is missing.");
    };
    if let Some(wanted) = params.get("SessionDuration") {
        let seconds = wanted.parse::<i64>().ok();
        if !seconds.is_some_and(|seconds| (900..=43200).contains(&seconds)) {
            return bad_request(call, "SessionDuration must be 900 to 43200 seconds.");
        }
    }
    let now = call.unix();
    let credentials = Secret::new(credentials.to_owned());
    let session = console_link::session_of_credentials(&app.ring, &app.cache, &credentials, now);
    let Some(session) = session else {
        let message = "Invalid credentials parameter";
        call.failed("InvalidRequest", message, "federation.credentials", None);
        return failed((StatusCode::BAD_REQUEST, format!("{message}\n")).into_response());
    };
    call.event.set("recipientAccountId", json!(session.account));
    call.event
        .set("requestParameters", json!({ "arn": session.arn() }));
    let made = console_link::signin_token(&app.ring, &*app.random, session, now);
    match (made, call.answered(Value::Null)) {
        (Some(token), Ok(())) => {
            let body = json!({ "SigninToken": token.expose() }).to_string();
            ([("content-type", "application/json")], body).into_response()
        }
        _ => {
            tracing::error!("a sign-in token could not be made");
            (StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment.\n").into_response()
        }
    }
}

/// Only to our own console: anything else would make this an open redirect.
fn is_ours(app: &App, destination: &str) -> bool {
    let console = app.urls.absolute("/console");
    destination == console
        || destination
            .strip_prefix(&console)
            .is_some_and(|rest| rest.starts_with('/'))
}

async fn login(app: &App, mut call: Call, params: &Form) -> Response {
    let destination = params.get("Destination").unwrap_or("/console").to_owned();
    let relative = destination == "/console";
    if !relative && !is_ours(app, &destination) {
        return bad_request(call, "Destination must be this broker's console.");
    }
    let token = Secret::new(params.get("SigninToken").unwrap_or_default().to_owned());
    let (store, random, now) = (&app.store, &*app.random, call.unix());
    let redeemed = console_link::redeem(&app.ring, &app.cache, store, random, &token, now).await;
    let session = match redeemed {
        Ok(Some(session)) => session,
        Ok(None) => {
            let message = "The credentials in your login link were invalid.";
            call.failed("AccessDenied", message, "federation.token", None);
            return failed(ended_page(app, None, StatusCode::FORBIDDEN));
        }
        Err(error) => {
            tracing::error!(%error, "a sign-in token could not be used up");
            call.refused("ServiceUnavailable", "store", "unavailable", None);
            let text = "Try again in a moment.\n";
            return (StatusCode::SERVICE_UNAVAILABLE, text).into_response();
        }
    };
    let left = session.session.expires_at - now;
    call.event
        .set("recipientAccountId", json!(session.session.account));
    if let Ok(caller) = caller_of(&app.cache, session.session.clone()).await {
        call.event.set("userIdentity", caller.trail());
    }
    let Some(sealed) = session.seal(&app.ring, random) else {
        return bad_request(
            call,
            "The session's policies are too large for the console.",
        );
    };
    if let Err(error) = call.granted(json!({ "ConsoleLogin": "Success" })).await {
        tracing::error!(%error, "nobody is signed in without a trace");
        return (StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment.\n").into_response();
    }
    let mut response = Redirect::to("/console").into_response();
    let cookie = our_cookie(app, COOKIE, sealed.expose().clone(), left);
    set_cookie(&mut response, &cookie);
    response
}
