//! `GET /acme/authorize`: somebody comes to sign in (OpenID Connect Core 1.0 §3.1.2).

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use url::Url;

use super::{send_back, send_code};
use crate::demo::idp::DemoIdp;
use crate::demo::idp::browser::error_page;
use crate::demo::idp::params::{Params, Repeated};
use crate::demo::idp::sign_in::{Errand, Session};

/// An authentication request in which everything was checked.
#[derive(Clone, Debug)]
pub(super) struct AuthorizeRequest {
    pub(super) client_id: String,
    pub(super) redirect_uri: Url,
    /// The redirect URI as it was sent: the token request has to repeat it to the letter.
    pub(super) redirect_uri_sent: String,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    /// The S256 challenge (RFC 7636 §4.2).
    pub(super) challenge: String,
    pub(super) login_hint: Option<String>,
    prompt: Prompt,
    max_age: Option<i64>,
}

impl Errand for AuthorizeRequest {
    fn client_name(&self) -> &str {
        &self.client_id
    }

    fn login_hint(&self) -> Option<&str> {
        self.login_hint.as_deref()
    }

    fn redirects_to(&self) -> Option<&Url> {
        Some(&self.redirect_uri)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Prompt {
    IfNeeded,
    Never,
    Always,
}

pub(in crate::demo::idp) async fn authorize(
    State(idp): State<DemoIdp>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let request = match read(&idp, query.as_bytes()) {
        Ok(request) => request,
        Err(refusal) => return *refusal,
    };
    match (session(&idp, &headers, &request), request.prompt) {
        (Some(session), Prompt::IfNeeded | Prompt::Never) => send_code(&idp, request, session),
        (None, Prompt::Never) => send_back(&idp, &request, &[("error", "login_required")]),
        (_, Prompt::Always) | (None, Prompt::IfNeeded) => {
            idp.shared.acme.sign_ins.show_form(&idp, &headers, request)
        }
    }
}

/// Who is signed in here, unless that was longer ago than the relying party likes.
fn session(idp: &DemoIdp, headers: &HeaderMap, request: &AuthorizeRequest) -> Option<Session> {
    let now = idp.unix();
    let session = idp.shared.acme.sign_ins.session(now, headers)?;
    // `max_age=0` asks for a fresh sign-in, even within this very second.
    let recent = |max_age| max_age > 0 && now - session.auth_time <= max_age;
    request.max_age.is_none_or(recent).then_some(session)
}

/// Reads a request. What is wrong with the client or its redirect URI is told to the person, for it is not
/// known whom else to tell; everything after that is told to the client.
fn read(idp: &DemoIdp, query: &[u8]) -> Result<AuthorizeRequest, Box<Response>> {
    let refuse = |sentence: &str| Box::new(error_page(StatusCode::BAD_REQUEST, sentence));
    let params = Params::parse(query).map_err(|Repeated(_)| {
        refuse("The application sent a parameter twice. Please tell whoever runs it.")
    })?;
    let client = params.text("client_id").and_then(|id| idp.client(id));
    let Some(client) = client else {
        return Err(refuse("The application that sent you here is not known."));
    };
    let sent = params.text("redirect_uri").unwrap_or_default();
    let redirect_uri = match client.redirect_uris.iter().find(|known| *known == sent) {
        Some(known) => Url::parse(known).ok(),
        None => None,
    };
    let Some(redirect_uri) = redirect_uri else {
        return Err(refuse(
            "The application that sent you here wants you back at an address that is not registered for it.",
        ));
    };

    let owned = |name| params.text(name).map(str::to_owned);
    let request = AuthorizeRequest {
        client_id: client.client_id.clone(),
        redirect_uri,
        redirect_uri_sent: sent.to_owned(),
        state: owned("state"),
        nonce: owned("nonce"),
        challenge: owned("code_challenge").unwrap_or_default(),
        login_hint: owned("login_hint"),
        prompt: prompt(params.text("prompt")).unwrap_or(Prompt::IfNeeded),
        max_age: params.text("max_age").and_then(|age| age.parse().ok()),
    };
    match fault(&params, &request) {
        None => Ok(request),
        Some((error, description)) => {
            let answer = [("error", error), ("error_description", description)];
            Err(Box::new(send_back(idp, &request, &answer)))
        }
    }
}

fn fault(params: &Params, request: &AuthorizeRequest) -> Option<(&'static str, &'static str)> {
    let mut scopes = params.text("scope").unwrap_or_default().split(' ');
    let base64url = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if params.text("request").is_some() {
        Some(("request_not_supported", "request objects are not supported"))
    } else if params.text("request_uri").is_some() {
        Some((
            "request_uri_not_supported",
            "request objects are not supported",
        ))
    } else if params.text("response_type") != Some("code") {
        Some(("unsupported_response_type", "response_type is code"))
    } else if !matches!(params.text("response_mode"), None | Some("query")) {
        Some(("invalid_request", "response_mode is query"))
    } else if !scopes.any(|scope| scope == "openid") {
        Some(("invalid_scope", "scope contains openid"))
    } else if params.text("code_challenge_method") != Some("S256") {
        Some(("invalid_request", "code_challenge_method is S256"))
    } else if request.challenge.len() != 43 || !request.challenge.chars().all(base64url) {
        Some((
            "invalid_request",
            "code_challenge is a SHA-256 in base64url",
        ))
    } else if prompt(params.text("prompt")).is_none() {
        Some(("invalid_request", "prompt is not understood"))
    } else if params.text("max_age").is_some() && request.max_age.is_none_or(|age| age < 0) {
        Some(("invalid_request", "max_age is a number of seconds"))
    } else {
        None
    }
}

/// `prompt` (Core §3.1.2.1): `none` stands alone, and whoever wants an account chosen gets the form.
fn prompt(text: Option<&str>) -> Option<Prompt> {
    let Some(text) = text else {
        return Some(Prompt::IfNeeded);
    };
    let mut prompt = Prompt::IfNeeded;
    for value in text.split(' ') {
        match value {
            "none" if text == "none" => prompt = Prompt::Never,
            "login" | "select_account" => prompt = Prompt::Always,
            "consent" => {}
            _ => return None,
        }
    }
    Some(prompt)
}
