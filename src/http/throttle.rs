//! Refusing without a word whoever was refused too often: `access::throttle` in the words of each door.
//!
//! [`gate`] stands before the doors that take evidence. A door that refuses says so by [`Failed`] in the answer's
//! extensions; what it grants, and what fails by our own fault, is not counted. Once a source is out of failures, its next
//! one is answered here, whatever the door said of it, and leaves no event; what holds is granted as before.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};

use crate::access::Call;
use crate::access::throttle::RETRY_AFTER;
use crate::app::App;
use crate::clock::uuid_v4;
use crate::http::json_error::JsonError;
use crate::http::layers::{Peer, source};
use crate::http::{login, query};
use crate::jwt;

/// In the extensions of an answer: evidence was refused.
#[derive(Clone, Debug)]
pub struct Failed {
    /// Whose token it was, where that is an issuer that is known.
    pub issuer: Option<String>,
    /// It left no event, because its source is out of failures.
    pub unseen: bool,
}

/// How a door speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    Aws,
    Json,
    Page,
    Text,
}

/// The doors that take evidence, and nothing else.
fn face(request: &Request) -> Option<Face> {
    let query = request.uri().query();
    match request.uri().path() {
        "/" if request.method() == Method::POST => Some(Face::Aws),
        "/" => query
            .filter(|query| query::is_api_request(query))
            .map(|_| Face::Aws),
        "/oauth2/token" | "/v1/explain" => Some(Face::Json),
        "/federation" => Some(Face::Text),
        path if path.starts_with("/v1/creds/") => Some(Face::Json),
        path if ["/oidc/", "/login/", "/saml/"]
            .iter()
            .any(|door| path.starts_with(door)) =>
        {
            Some(Face::Page)
        }
        _ => None,
    }
}

/// The layer.
pub async fn gate(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    let (Some(face), Some(peer)) = (face(&request), peer) else {
        return next.run(request).await;
    };
    let ip = source(&app.config, request.headers(), peer.address.ip()).ip;
    let spent = !app.throttle.admits(ip, None, Instant::now());
    request.extensions_mut().insert(Peer { spent, ..peer });
    let json = query::accepts_json(request.headers());
    let response = next.run(request).await;
    match response.extensions().get::<Failed>() {
        Some(failed) if failed.unseen || spent => {
            app.throttle.unseen(ip);
            refuse(&app, face, json)
        }
        Some(failed) => {
            app.throttle
                .failed(ip, failed.issuer.as_deref(), Instant::now());
            response
        }
        None => response,
    }
}

fn refuse(app: &App, face: Face, json: bool) -> Response {
    let mut response = match face {
        Face::Aws => {
            let request_id = uuid_v4(&*app.random).to_string();
            query::throttled(json, &request_id)
        }
        Face::Json => JsonError::throttled().response(&uuid_v4(&*app.random).to_string()),
        Face::Page => login::throttled(app),
        Face::Text => {
            let text = "Too many requests of this address were refused. Try again in a moment.\n";
            (StatusCode::TOO_MANY_REQUESTS, text).into_response()
        }
    };
    tell_wait(&mut response);
    response
}

/// Adds `Retry-After`.
pub fn tell_wait(response: &mut Response) {
    let seconds = HeaderValue::from(RETRY_AFTER);
    response.headers_mut().insert(header::RETRY_AFTER, seconds);
}

/// Notes whether failures with tokens of this one's issuer are beyond counting. The issuer is what the token says and
/// nobody has verified: it chooses a count and nothing else.
pub fn watch_token(app: &App, call: &mut Call, token: &str) {
    if !app.throttle.watches_issuers(call.source_ip) {
        return;
    }
    if let Ok(issuer) = jwt::read(token).map(|unverified| unverified.issuer) {
        let now = Instant::now();
        call.spent |= !app.throttle.admits(call.source_ip, Some(&issuer), now);
    }
}
