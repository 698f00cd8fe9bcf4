//! What `acme` says about itself, and its keys.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use crate::demo::idp::DemoIdp;
use crate::demo::idp::answer;

/// `GET /acme/.well-known/openid-configuration` (OpenID Connect Discovery 1.0 §3).
pub(in crate::demo::idp) async fn document(State(idp): State<DemoIdp>) -> Response {
    let issuer = idp.acme_issuer();
    let at = |path: &str| format!("{issuer}/{path}");
    answer::public(&json!({
        "issuer": issuer,
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "userinfo_endpoint": at("userinfo"),
        "end_session_endpoint": at("end_session"),
        "jwks_uri": at("jwks"),
        "scopes_supported": ["openid", "profile", "email", "groups"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "amr", "name", "email",
            "email_verified", "preferred_username", "groups",
        ],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login"],
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    }))
}

/// `GET /acme/jwks`.
pub(in crate::demo::idp) async fn keys(State(idp): State<DemoIdp>) -> Response {
    answer::public(&json!({"keys": [idp.shared.keys.acme.jwk()]}))
}
