//! What every answer carries, and which requests get one.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{self, HeaderName, HeaderValue};
use http::{StatusCode, uri::Authority};
use url::Url;

use super::DemoIdp;

/// For pages without a form that leads elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const ALWAYS: [(HeaderName, &str); 6] = [
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    ),
];

/// Sets the headers of WEB-3 where the handler has not said something stricter or more exact.
pub(super) async fn security_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(POLICY));
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The policy of a page whose form ends with a redirect to `target`: browsers hold redirects after a form
/// against `form-action` too.
pub(super) fn policy_with_form_to(target: &Url) -> HeaderValue {
    let origin = target.origin().ascii_serialization();
    let policy = POLICY.replace(
        "form-action 'self'",
        &format!("form-action 'self' {origin}"),
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(POLICY))
}

/// Answers only under the names it is known by, so that a web page cannot reach it by a name of its own that
/// resolves to this machine (DNS rebinding) and read a job token.
pub(super) async fn known_host(
    State(idp): State<DemoIdp>,
    request: Request,
    next: Next,
) -> Response {
    let host = request.headers().get(header::HOST);
    let host = host
        .and_then(|host| host.to_str().ok())
        .and_then(|host| host.parse::<Authority>().ok());
    let known = host.is_some_and(|host| {
        let own = Url::parse(&idp.shared.base_url).ok();
        let own = own.as_ref().and_then(Url::host_str);
        matches!(host.host(), "127.0.0.1" | "localhost" | "[::1]") || Some(host.host()) == own
    });
    if known {
        next.run(request).await
    } else {
        (
            StatusCode::MISDIRECTED_REQUEST,
            "This host is not known here.\n",
        )
            .into_response()
    }
}
