//! Health, and the answers to what is not there.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::json;

use crate::app::App;
use crate::http::page;
use crate::http::pages::{Action, ErrorPage};
use crate::http::web_session;
use crate::idp::SignIn;

/// The process runs.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether this node can issue: the store takes writes. An identity provider that is down is a note, not
/// a failure: the others, and running sessions, go on.
pub async fn readyz(State(app): State<Arc<App>>) -> Response {
    let store = match app.store.ping().await {
        Ok(()) => "ok",
        Err(error) => {
            tracing::error!(%error, "the store does not answer");
            "unavailable"
        }
    };
    let degraded: Vec<_> = app
        .idps
        .iter()
        .filter(|idp| idp.problem().is_some())
        .map(SignIn::id)
        .collect();
    let status = match store {
        "ok" => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let body = json!({ "store": store, "degraded_identity_providers": degraded });
    (status, axum::Json(body)).into_response()
}

/// `GET /metrics`, in the Prometheus text format; on a listener of its own.
pub async fn metrics(State(app): State<Arc<App>>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    let mut text = app.audit.tally().prometheus();
    text.push_str(&format!(
        "# HELP drawbridge_throttled_total Requests refused unseen, of sources that were refused too often.\n\
         # TYPE drawbridge_throttled_total counter\n\
         drawbridge_throttled_total {}\n",
        app.throttle.refused()
    ));
    ([("content-type", kind)], text).into_response()
}

/// Whether whoever asks reads HTML.
pub fn wants_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(http::header::ACCEPT);
    accept.is_some_and(|accept| String::from_utf8_lossy(accept.as_bytes()).contains("text/html"))
}

/// 404.
pub async fn not_found(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if !wants_html(&headers) {
        let body = json!({ "error": "not_found", "message": "There is nothing at this path." });
        return (StatusCode::NOT_FOUND, axum::Json(body)).into_response();
    }
    let mut chrome = web_session::chrome(&app, "Nothing here", None);
    chrome.request_id = crate::clock::uuid_v4(&*app.random).to_string();
    let page = ErrorPage {
        status: 404,
        heading: "Nothing here".to_owned(),
        sentence: "There is no page at this address.".to_owned(),
        hint: None,
        reference: chrome.request_id.clone(),
        action: Some(Action {
            label: "To your roles".to_owned(),
            href: "/".to_owned(),
        }),
        chrome,
    };
    page::html(StatusCode::NOT_FOUND, page)
}

/// 405.
pub async fn method_not_allowed() -> Response {
    let body =
        json!({ "error": "method_not_allowed", "message": "This path takes another method." });
    (StatusCode::METHOD_NOT_ALLOWED, axum::Json(body)).into_response()
}
