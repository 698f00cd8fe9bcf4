//! `/acme/userinfo`: who an access token is about (OpenID Connect Core 1.0 §5.3).

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, header};

use super::claims_of;
use crate::demo::idp::DemoIdp;
use crate::demo::idp::answer;

pub(in crate::demo::idp) async fn userinfo(
    State(idp): State<DemoIdp>,
    headers: HeaderMap,
) -> Response {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let name = token.and_then(|(_, token)| idp.shared.acme.tokens.get(idp.unix(), token.trim()));
    match name.and_then(|name| idp.person(&name).map(claims_of)) {
        Some(claims) => answer::json(StatusCode::OK, &claims),
        None => {
            let challenge = [(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")];
            (StatusCode::UNAUTHORIZED, challenge).into_response()
        }
    }
}
