//! `POST /oauth2/token`: RFC 8693 token exchange, for a public client.
//!
//! `resource` is a role ARN, or `audience` its alias. The answer has an access token that counts as
//! evidence at `/v1/creds`, and the credentials in the shape of `credential_process`.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::access::Call;
use crate::app::App;
use crate::broker::exchange::{ExchangeRequest, Exchanged};
use crate::credentials::format::Format;
use crate::http::creds::{self, identify};
use crate::http::form::Form;
use crate::http::json_error::JsonError;
use crate::http::layers::{Peer, is_cross_site, open_call};
use crate::identity::Identity;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN_TYPE: &str = "urn:ietf:params:oauth:token-type:access_token";
const SUBJECT_TOKEN_TYPES: [&str; 3] = [
    "urn:ietf:params:oauth:token-type:jwt",
    "urn:ietf:params:oauth:token-type:id_token",
    ACCESS_TOKEN_TYPE,
];
/// Seconds an access token lives at most.
const TOKEN_SECONDS: i64 = 3600;

/// `POST /oauth2/token`.
pub async fn answer(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    form: Result<Form, (StatusCode, &'static str)>,
) -> Response {
    let mut call = open_call(&app, &headers, peer);
    call.about("AssumeRoleWithWebIdentity", true);
    let exchanged = match form {
        Ok(form) => exchange(&app, &mut call, &headers, &form).await,
        Err((status, message)) => Err(JsonError {
            status,
            ..JsonError::invalid_request(message.trim())
        }),
    };
    let (done, identity) = match exchanged {
        Ok(done) => done,
        Err(error) => return for_oauth(error).answer(call),
    };
    let answered = body(&app, &call, &done, &identity);
    let closed = call.granted(done.elements).await;
    match (answered, closed) {
        (Some(body), Ok(())) => {
            let mut text = body.to_string();
            text.push('\n');
            (
                [("content-type", "application/json"), ("pragma", "no-cache")],
                text,
            )
                .into_response()
        }
        _ => {
            tracing::error!("an exchange could not be answered");
            JsonError::unavailable("unavailable").answer(open_call(&app, &headers, peer))
        }
    }
}

/// RFC 6749 section 5.2 and RFC 8693 section 2.2.2: evidence that does not hold is an invalid grant, a role
/// that does not admit it an invalid target.
fn for_oauth(mut error: JsonError) -> JsonError {
    let bad_request = StatusCode::BAD_REQUEST;
    match error.error {
        "invalid_token" | "missing_token" => {
            (error.status, error.error) = (bad_request, "invalid_grant")
        }
        // The evidence holds and counts no longer.
        "access_denied" if error.reason == "web.session" => {
            (error.status, error.error) = (bad_request, "invalid_grant");
        }
        "access_denied" if error.reason.starts_with("trust.") => {
            (error.status, error.error) = (bad_request, "invalid_target");
        }
        "invalid_request" if error.reason.starts_with("jwt.") => error.error = "invalid_grant",
        _ => {}
    }
    error
}

async fn exchange(
    app: &App,
    call: &mut Call,
    headers: &HeaderMap,
    form: &Form,
) -> Result<(Exchanged, Identity), JsonError> {
    if is_cross_site(app, headers) {
        return Err(JsonError::cross_site());
    }
    match form.get("grant_type") {
        Some(GRANT_TYPE) => {}
        Some(_) => {
            return Err(JsonError {
                error: "unsupported_grant_type",
                ..JsonError::invalid_request(format!("grant_type must be {GRANT_TYPE}."))
            });
        }
        None => return Err(JsonError::invalid_request("grant_type is missing.")),
    }
    let token = form
        .get("subject_token")
        .map(str::trim)
        .filter(|token| !token.is_empty())
        .ok_or_else(|| JsonError::invalid_request("subject_token is missing."))?;
    let token_type = form.get("subject_token_type");
    if !token_type.is_some_and(|kind| SUBJECT_TOKEN_TYPES.contains(&kind)) {
        return Err(JsonError::invalid_request(format!(
            "subject_token_type must be one of {}.",
            SUBJECT_TOKEN_TYPES.join(", ")
        )));
    }
    let requested = form.get("requested_token_type");
    if requested.is_some_and(|kind| kind != ACCESS_TOKEN_TYPE) {
        return Err(JsonError::invalid_request(format!(
            "requested_token_type can only be {ACCESS_TOKEN_TYPE}."
        )));
    }
    if form.get("actor_token").is_some() {
        return Err(JsonError::invalid_request("actor_token is not supported."));
    }
    let role = match (form.get("resource"), form.get("audience")) {
        (Some(resource), None) if resource.starts_with("arn:") => resource,
        (Some(_), None) => {
            return Err(JsonError {
                error: "invalid_target",
                ..JsonError::invalid_request("resource must be the ARN of a role.")
            });
        }
        (None, Some(audience)) => audience,
        (None, None) => {
            return Err(JsonError::invalid_request(
                "Name the role: its ARN as resource, or its alias as audience.",
            ));
        }
        (Some(_), Some(_)) => {
            return Err(JsonError::invalid_request(
                "Name the role once: as resource or as audience.",
            ));
        }
    };
    let duration = match form.get("duration") {
        None => None,
        Some(text) => Some(creds::duration(text).ok_or_else(|| {
            JsonError::invalid_request("duration is seconds, or like 15m or 2h.")
        })?),
    };
    let identity = identify(app, call, token).await?;
    let request = ExchangeRequest {
        role: role.to_owned(),
        duration,
        ..ExchangeRequest::default()
    };
    let exchanged = app.broker.exchange(call, &identity, request).await;
    let done = exchanged.map_err(|error| JsonError::from_exchange(error, role))?;
    Ok((done, identity))
}

fn body(app: &App, call: &Call, done: &Exchanged, identity: &Identity) -> Option<Value> {
    let now = call.unix();
    let until = identity.valid_until.min(now + TOKEN_SECONDS);
    let token = creds::access_token(app, identity, until)?;
    let credentials: Value =
        serde_json::from_str(&creds::deliver(app, done, Format::Process)).ok()?;
    Some(json!({
        "access_token": token.expose(),
        "issued_token_type": ACCESS_TOKEN_TYPE,
        "token_type": "Bearer",
        "expires_in": until - now,
        "role": done.role.role.arn,
        "note": done.clamped,
        "credentials": credentials,
    }))
}
