//! `GET /contoso/metadata`.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};

use super::PERSISTENT;
use crate::demo::idp::{DemoIdp, DemoKeys};
use crate::saml::WriteError;
use crate::saml::describe::IdentityProvider;

pub(in crate::demo::idp) async fn metadata(State(idp): State<DemoIdp>) -> Response {
    match document(&idp.shared.base_url, &idp.shared.keys) {
        Ok(document) => {
            let headers = [
                (header::CONTENT_TYPE, "application/samlmetadata+xml"),
                (header::CACHE_CONTROL, "public, max-age=300"),
            ];
            (headers, document).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the metadata could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// What `contoso` says about itself, where the demo's provider is at `base_url`.
///
/// # Errors
/// Never in practice: nothing in it comes from outside.
pub fn document(base_url: &str, keys: &DemoKeys) -> Result<String, WriteError> {
    let at = |endpoint: &str| format!("{base_url}/contoso/{endpoint}");
    let (entity_id, sso_url, slo_url) = (at("metadata"), at("sso"), at("slo"));
    let described = IdentityProvider {
        entity_id: &entity_id,
        signing: &[keys.contoso.certificate_der()],
        sso_url: &sso_url,
        slo_url: Some(&slo_url),
        name_id_formats: &[PERSISTENT],
        want_authn_requests_signed: false,
        valid_until: None,
    };
    described.element()?.canonical()
}
