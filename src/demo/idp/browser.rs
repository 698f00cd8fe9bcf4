//! Answers to a browser: pages, redirects, cookies.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::demo::pages::IdpErrorPage;
use crate::http::page::html;

/// Sends the browser on, with GET.
pub(super) fn see_other(target: &str) -> Response {
    match HeaderValue::from_str(target) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A page for what cannot be told to whoever asked for the sign-in, because it is not known where that is.
pub(super) fn error_page(status: StatusCode, sentence: impl Into<String>) -> Response {
    let sentence = sentence.into();
    html(status, IdpErrorPage { sentence })
}

/// A cookie of the request.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(cookie::Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}

/// Sets a cookie under `path`, or deletes it where there are no seconds left. Its values are our own base64url.
pub(super) fn set_cookie(
    response: &mut Response,
    (name, path): (&str, &str),
    value: &str,
    seconds: i64,
) {
    let text = format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}
