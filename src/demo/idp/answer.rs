//! JSON answers.

use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use serde_json::Value;

/// An answer for one asker.
pub(super) fn json(status: StatusCode, value: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json")];
    (status, headers, value.to_string()).into_response()
}

/// An answer that everybody may read and keep for five minutes.
pub(super) fn public(value: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, value.to_string()).into_response()
}
