//! `POST /v1/explain`: evidence in, every condition of every candidate role out. For verified evidence only.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Extension, Request, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::access::Call;
use crate::app::App;
use crate::broker::roles::Candidate;
use crate::http::creds::{bearer, identify};
use crate::http::json_error::JsonError;
use crate::http::layers::{Peer, is_cross_site, open_call};
use crate::store::StoreError;

/// The body: all of it may be left out.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// An ARN, an alias or `account/Role`; absent means every candidate.
    role: Option<String>,
}

/// `POST /v1/explain`.
pub async fn answer(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let mut call = open_call(&app, &headers, peer);
    call.about("ExplainRoles", true);
    call.event.set("eventSource", json!("sso.amazonaws.com"));
    match explain(&app, &mut call, &headers, request).await {
        Ok(body) => {
            if let Err(error) = call.answered(Value::Null) {
                tracing::error!(%error, "an explanation is missing in the audit trail");
                let call = open_call(&app, &headers, peer);
                return JsonError::unavailable("unavailable").answer(call);
            }
            let mut text = serde_json::to_string_pretty(&body).unwrap_or_default();
            text.push('\n');
            ([("content-type", "application/json")], text).into_response()
        }
        Err(error) => error.answer(call),
    }
}

async fn explain(
    app: &App,
    call: &mut Call,
    headers: &HeaderMap,
    request: Request,
) -> Result<Value, JsonError> {
    if is_cross_site(app, headers) {
        return Err(JsonError::cross_site());
    }
    let body = to_bytes(request.into_body(), crate::http::MAX_BODY).await;
    let body = body.map_err(|_| JsonError {
        status: http::StatusCode::PAYLOAD_TOO_LARGE,
        ..JsonError::invalid_request("The body is too large.")
    })?;
    let asked: Asked = match body.trim_ascii() {
        [] => Asked::default(),
        text => serde_json::from_slice(text).map_err(|_| {
            JsonError::invalid_request("The body is {\"role\": \"NAME\"}, {} or nothing.")
        })?,
    };
    let identity = identify(app, call, bearer(headers)?).await?;
    let trouble = |error: StoreError| {
        tracing::error!(%error, "the store could not be asked");
        JsonError::unavailable("unavailable")
    };
    let candidates = match &asked.role {
        None => {
            app.broker
                .candidates(call, &identity, true)
                .await
                .map_err(trouble)?
                .0
        }
        Some(name) => match app.broker.role(name).await.map_err(trouble)? {
            None => Vec::new(),
            Some(role) => {
                let one = app.broker.candidate(call, &identity, role).await;
                one.map_err(trouble)?.into_iter().collect()
            }
        },
    };
    let mut roles: Vec<Value> = candidates.iter().filter_map(told).collect();
    if let Some(name) = &asked.role
        && roles.is_empty()
    {
        // An unknown role, one that does not know the caller, one that keeps its conditions to itself.
        roles.push(json!({ "role": name, "admitted": false, "statements": [] }));
    }
    Ok(json!({
        "identity": {
            "provider": identity.provider,
            "issuer": identity.issuer,
            "subject": identity.subject,
            "audience": identity.audience,
            "groups": identity.groups,
        },
        "roles": roles,
    }))
}

/// One role as the caller may see it; `None` for a role that the caller has no part in.
fn told(candidate: &Candidate) -> Option<Value> {
    let admitted = candidate.verdict.is_ok();
    let explanation = candidate.explanation.as_ref()?;
    if !admitted && !candidate.role.role.explain {
        return None;
    }
    let statements = explanation
        .policies
        .iter()
        .flat_map(|policy| &policy.statements);
    let mine: Vec<_> = statements
        .filter(|s| s.principal_matched == Some(true))
        .collect();
    if mine.is_empty() {
        return None;
    }
    Some(json!({
        "role": candidate.role.alias(),
        "arn": candidate.role.role.arn,
        "admitted": admitted,
        "decision": explanation.decision,
        "reason": candidate.verdict.as_ref().err().map(|refusal| refusal.reason),
        "statements": mine,
    }))
}
