//! `POST /acme/token`: a code becomes an ID token (OpenID Connect Core 1.0 §3.1.3).

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{Code, TOKEN_SECONDS, claims_of};
use crate::demo::idp::answer;
use crate::demo::idp::params::{Params, Repeated};
use crate::demo::idp::{ClientConfig, DemoIdp};

/// How long an ID token lives.
const ID_TOKEN_SECONDS: i64 = 600;

/// An error of RFC 6749 §5.2.
struct TokenError(&'static str, &'static str);

pub(in crate::demo::idp) async fn token(
    State(idp): State<DemoIdp>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    exchange(&idp, &headers, &body).unwrap_or_else(TokenError::into_response)
}

fn exchange(idp: &DemoIdp, headers: &HeaderMap, body: &[u8]) -> Result<Response, TokenError> {
    let params = Params::parse(body)
        .map_err(|Repeated(_)| TokenError("invalid_request", "a parameter is repeated"))?;
    let client = authenticate(idp, headers, &params)?;
    if params.text("grant_type") != Some("authorization_code") {
        let why = "grant_type is authorization_code";
        return Err(TokenError("unsupported_grant_type", why));
    }
    // Taken, whatever is wrong with the rest of the request: a code is good for one attempt.
    let code = params
        .text("code")
        .and_then(|code| idp.shared.acme.codes.take(idp.unix(), code))
        .ok_or(TokenError(
            "invalid_grant",
            "the code is unknown, used or expired",
        ))?;
    if code.request.client_id != client.client_id {
        return Err(TokenError("invalid_grant", "the code is another client's"));
    }
    if params.text("redirect_uri") != Some(&code.request.redirect_uri_sent) {
        let why = "redirect_uri is not that of the authorization request";
        return Err(TokenError("invalid_grant", why));
    }
    let verifier = params.text("code_verifier").unwrap_or_default();
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    let proven = challenge
        .as_bytes()
        .ct_eq(code.request.challenge.as_bytes());
    if !(43..=128).contains(&verifier.len()) || !bool::from(proven) {
        let why = "code_verifier does not fit the code_challenge";
        return Err(TokenError("invalid_grant", why));
    }
    issue(idp, &code).ok_or(TokenError("server_error", "the token could not be issued"))
}

fn issue(idp: &DemoIdp, code: &Code) -> Option<Response> {
    let shared = &idp.shared;
    let now = idp.unix();
    let person = idp.person(&code.session.person)?;
    let access_token = shared
        .acme
        .tokens
        .put(now, &*shared.random, person.name.clone());
    let at_hash = Sha256::digest(&access_token);
    let mut claims = claims_of(person);
    claims["iss"] = idp.acme_issuer().into();
    claims["aud"] = code.request.client_id.as_str().into();
    claims["iat"] = now.into();
    claims["exp"] = (now + ID_TOKEN_SECONDS).into();
    claims["auth_time"] = code.session.auth_time.into();
    claims["amr"] = json!(["pwd"]);
    // The left half (Core §3.1.3.6).
    claims["at_hash"] = at_hash
        .get(..16)
        .map(|half| URL_SAFE_NO_PAD.encode(half))
        .into();
    if let Some(nonce) = &code.request.nonce {
        claims["nonce"] = nonce.as_str().into();
    }
    let id_token = shared.keys.acme.sign(&claims).ok()?;
    Some(answer::json(
        StatusCode::OK,
        &json!({
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
            "scope": "openid profile email groups",
            "id_token": id_token,
        }),
    ))
}

/// Which client is asking: `client_secret_basic` for one that has a secret, its name alone for one that has none.
fn authenticate<'a>(
    idp: &'a DemoIdp,
    headers: &HeaderMap,
    params: &Params,
) -> Result<&'a ClientConfig, TokenError> {
    const REFUSED: TokenError = TokenError("invalid_client", "client authentication failed");
    if params.get("client_secret").is_some() {
        let why = "the secret is sent by client_secret_basic";
        return Err(TokenError("invalid_client", why));
    }
    let named = params.text("client_id");
    let Some(authorization) = headers.get(header::AUTHORIZATION) else {
        let client = named.and_then(|id| idp.client(id)).ok_or(REFUSED)?;
        return match client.client_secret {
            None => Ok(client),
            Some(_) => Err(REFUSED),
        };
    };
    let (id, secret) = basic(authorization).ok_or(REFUSED)?;
    let client = idp.client(&id).ok_or(REFUSED)?;
    let matches = client
        .client_secret
        .as_ref()
        .is_some_and(|known| known.matches(&secret));
    if !matches || named.is_some_and(|named| named != id) {
        return Err(REFUSED);
    }
    Ok(client)
}

/// `Basic` with both parts form-encoded first (RFC 6749 §2.3.1).
fn basic(authorization: &HeaderValue) -> Option<(String, String)> {
    let (scheme, encoded) = authorization.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let plain = |text: &str| {
        let text = text.replace('+', " ");
        let decoded = percent_encoding::percent_decode_str(&text)
            .decode_utf8()
            .ok()?;
        Some(decoded.into_owned())
    };
    Some((plain(id)?, plain(secret)?))
}

impl TokenError {
    fn into_response(self) -> Response {
        let TokenError(error, description) = self;
        let status = match error {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            "server_error" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        let body = json!({"error": error, "error_description": description});
        let mut response = answer::json(status, &body);
        if error == "invalid_client" {
            let challenge = HeaderValue::from_static("Basic realm=\"acme\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
