//! What every request passes, in this order:
//!
//! 1. a deadline for the whole request;
//! 2. the `Host` header names us (DNS rebinding, WEB-5), and the path is text;
//! 3. a panic becomes a 500 for that request alone (GEN-2);
//! 4. security headers on every answer (WEB-3), `no-store` on everything but static files;
//! 5. a source that was refused too often goes no further (`throttle`, WEB-7).

use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::access::Call;
use crate::access::call::Source;
use crate::app::App;
use crate::aws::error::AwsError;
use crate::config::Config;
use crate::http::query;

/// The whole request, body included (GEN-5).
const DEADLINE: Duration = Duration::from_secs(30);

/// The other end of the connection; put into every request by `server`.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Whether its source is out of failures (`throttle`).
    pub spent: bool,
}

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                   connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The layer.
pub async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let is_static = request.uri().path().starts_with("/static/");
    // AWS's clients read errors as XML, whatever goes wrong.
    let is_aws = request.uri().path() == "/" && request.method() == Method::POST;
    let refused = |status: StatusCode, text: &'static str, error: AwsError| match is_aws {
        true => query::failure(&app, &error),
        false => (status, text).into_response(),
    };
    let strange = |text| {
        refused(
            StatusCode::MISDIRECTED_REQUEST,
            text,
            AwsError::wrong_host(),
        )
    };
    if let Some(refusal) = check_host(&app, &request, strange).or_else(|| check_path(&request)) {
        return finish(&app, refusal, is_static);
    }
    let answered =
        tokio::time::timeout(DEADLINE, AssertUnwindSafe(next.run(request)).catch_unwind());
    let response = match answered.await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            tracing::error!("a handler panicked; that request was answered with 500");
            let text = "Something went wrong.\n";
            refused(
                StatusCode::INTERNAL_SERVER_ERROR,
                text,
                AwsError::internal(),
            )
        }
        Err(_) => {
            let text = "The request took too long.\n";
            refused(StatusCode::REQUEST_TIMEOUT, text, AwsError::too_slow())
        }
    };
    finish(&app, response, is_static)
}

fn check_host(
    app: &App,
    request: &Request,
    refused: impl Fn(&'static str) -> Response,
) -> Option<Response> {
    // Load balancers ask for health by address.
    if matches!(request.uri().path(), "/healthz" | "/readyz") {
        return None;
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().unwrap_or_default(),
        _ => "",
    };
    if app.urls.is_our_host(host) {
        return None;
    }
    if app.urls.is_loopback_alias(host) {
        // A browser belongs on the one host whose cookies are ours; programs do not care.
        let browser = request.headers().contains_key("sec-fetch-mode");
        if browser && request.method() == Method::GET {
            let path = request
                .uri()
                .path_and_query()
                .map_or("/", |path| path.as_str());
            return Some(Redirect::temporary(&app.urls.absolute(path)).into_response());
        }
        return None;
    }
    Some(refused("This server does not answer for that host name.\n"))
}

/// A path that is no text, refused in the form that programs read: no door has to think of it.
fn check_path(request: &Request) -> Option<Response> {
    let path = percent_encoding::percent_decode_str(request.uri().path());
    if path.decode_utf8().is_ok() {
        return None;
    }
    let body =
        serde_json::json!({ "error": "invalid_request", "message": "The path is not text." });
    Some((StatusCode::BAD_REQUEST, axum::Json(body)).into_response())
}

fn finish(app: &App, mut response: Response, is_static: bool) -> Response {
    let html = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set("x-content-type-options", "nosniff");
    if html {
        set("content-security-policy", CSP);
        set("x-frame-options", "DENY");
        set("referrer-policy", "no-referrer");
        set("cross-origin-opener-policy", "same-origin");
        set("cross-origin-resource-policy", "same-origin");
        set(
            "permissions-policy",
            "camera=(), geolocation=(), microphone=()",
        );
    }
    if app.urls.secure() {
        set("strict-transport-security", "max-age=31536000");
    }
    // Files and published keys say for how long they may be kept.
    if !is_static && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// The client's address and scheme. Forwarding headers count only from a configured proxy, and then the
/// right-most address that is not a proxy itself (STS-9).
pub fn source(config: &Config, headers: &HeaderMap, peer: IpAddr) -> Source {
    let trusted = |ip: IpAddr| config.trusted_proxies.iter().any(|net| net.contains(ip));
    let mut ip = peer.to_canonical();
    let mut secure = false;
    if trusted(ip) {
        // By bytes: a client may begin the header with some that are no text, and must not make what its proxy adds
        // unreadable with them, or it would pass for the proxy.
        let hops = headers.get_all("x-forwarded-for").iter();
        let hops: Vec<&[u8]> = hops
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .collect();
        for hop in hops.iter().rev() {
            let hop = std::str::from_utf8(hop.trim_ascii()).ok();
            let Some(address) = hop.and_then(|hop| hop.parse::<IpAddr>().ok()) else {
                break;
            };
            ip = address.to_canonical();
            if !trusted(ip) {
                break;
            }
        }
        let scheme = headers.get("x-forwarded-proto");
        secure = scheme.is_some_and(|scheme| scheme.as_bytes() == b"https");
    }
    let agent = headers.get(header::USER_AGENT);
    Source {
        ip,
        secure,
        user_agent: agent
            .and_then(|agent| agent.to_str().ok())
            .map(str::to_owned),
    }
}

/// Opens the call of a request, and with it its audit event.
pub fn open_call(app: &App, headers: &HeaderMap, peer: Peer) -> Call {
    let source = source(&app.config, headers, peer.address.ip());
    let mut call = Call::open(&app.audit, &*app.clock, &*app.random, source);
    call.spent = peer.spent;
    call
}

/// A request that a page of another site made a browser send (CI-5, WEB-2).
pub fn is_cross_site(app: &App, headers: &HeaderMap) -> bool {
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        Some(b"same-origin" | b"none") => return false,
        Some(_) => return true,
        None => {}
    }
    let origin = headers.get(header::ORIGIN);
    origin.is_some_and(|origin| origin.as_bytes() != app.urls.origin().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sends_no_text_does_not_pass_for_the_proxy() {
        let text = "public_url = 'http://127.0.0.1:1'\nlisten = '127.0.0.1:1'\n\
                    [server]\ntrusted_proxies = ['10.0.0.0/8']\n\
                    [[sts]]\nid = 'local'\nkind = 'embedded'\n\
                    accounts = [{ id = '111111111111', name = 'dev' }]\n";
        let here = std::path::Path::new("/");
        let config = crate::config::parse(text, here, &|_| None, Vec::new(), true).unwrap();
        let seen = |lines: &[&[u8]], peer: &str| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", HeaderValue::from_bytes(line).unwrap());
            }
            let ip = source(&config, &headers, peer.parse().unwrap()).ip;
            ip.to_string()
        };
        // A proxy adds to what the client sent, in the same line or in one of its own.
        assert_eq!(seen(&[b"\xff, 192.0.2.1"], "10.0.0.1"), "192.0.2.1");
        assert_eq!(seen(&[b"\xff", b"192.0.2.1"], "10.0.0.1"), "192.0.2.1");
        let two = b"\xff, 192.0.2.1 ,10.0.0.2";
        assert_eq!(seen(&[two], "10.0.0.1"), "192.0.2.1");
        // Nobody but a proxy is asked.
        assert_eq!(seen(&[b"192.0.2.1"], "198.51.100.1"), "198.51.100.1");
    }

    #[test]
    fn a_path_that_is_no_text_is_refused_in_json() {
        let request = |path: &str| {
            let request = http::Request::get(path).body(axum::body::Body::empty());
            check_path(&request.unwrap())
        };
        assert!(request("/v1/creds/dev%2FDeveloper").is_none());
        let refusal = request("/v1/creds/%ff").unwrap();
        assert_eq!(refusal.status(), StatusCode::BAD_REQUEST);
        assert_eq!(refusal.headers()[header::CONTENT_TYPE], "application/json");
    }
}
