//! What Drawbridge publishes as an issuer: its metadata and the public halves of its keys.
//!
//! OpenID Connect Discovery 1.0 section 4; RFC 7517; SAML 2.0 Metadata 2.4.3.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::Value;

use crate::app::App;

/// How long others may keep it: a new key is published this long before it signs.
const CACHE: &str = "public, max-age=300";

/// `GET /.well-known/openid-configuration`.
pub async fn metadata(State(app): State<Arc<App>>) -> Response {
    let jwks_uri = app.urls.absolute("/oauth2/jwks");
    published(&app.issuer.metadata(&jwks_uri))
}

/// `GET /oauth2/jwks`.
pub async fn key_set(State(app): State<Arc<App>>) -> Response {
    match app.issuer.key_set(app.clock.unix()).await {
        Ok(keys) => published(&keys),
        Err(error) => unpublished(&error),
    }
}

/// How long others may keep our SAML metadata. A new key is published a day before it signs.
const METADATA_CACHE: &str = "public, max-age=3600";

/// `GET /saml/idp/metadata`.
pub async fn saml_metadata(State(app): State<Arc<App>>) -> Response {
    match app.assertions.metadata(app.clock.unix()).await {
        Ok(document) => {
            let headers = [
                (header::CONTENT_TYPE, "application/samlmetadata+xml"),
                (header::CACHE_CONTROL, METADATA_CACHE),
                // As for the key set (WEB-5).
                (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            ];
            (headers, document).into_response()
        }
        Err(error) => unpublished(&error),
    }
}

fn unpublished(error: &dyn std::error::Error) -> Response {
    tracing::error!(%error, "the signing keys cannot be published");
    let text = "Try again in a moment.\n";
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

fn published(document: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, CACHE),
        // Public by design, and nothing in it depends on who asks (WEB-5).
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, document.to_string()).into_response()
}
