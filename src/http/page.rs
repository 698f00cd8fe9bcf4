//! From a page's data to an HTML answer.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// Renders a page. Security headers are not set here: one layer adds them to every answer (WEB-3).
///
/// A template that cannot be rendered is our fault: the cause goes to the log, the person gets a plain 500.
pub fn html<T: Template>(status: StatusCode, page: T) -> Response {
    match page.render() {
        Ok(body) => (status, [(header::CONTENT_TYPE, HTML)], body).into_response(),
        Err(error) => {
            tracing::error!(page = std::any::type_name::<T>(), %error, "a page could not be rendered");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                [(header::CONTENT_TYPE, HTML)],
                "<!doctype html><html lang=\"en\"><title>Something went wrong</title>\
                 <h1>Something went wrong</h1><p>The page could not be put together. This is our fault, not yours.",
            )
                .into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Template)]
    #[template(source = "<p>{{ text }}</p>", ext = "html")]
    struct Sample<T: fmt::Display> {
        text: T,
    }

    struct Broken;

    impl fmt::Display for Broken {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }

    #[test]
    fn a_page_keeps_the_status_it_was_given_and_is_html() {
        let response = html(StatusCode::FORBIDDEN, Sample { text: "no" });
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert_eq!(response.headers()[header::CONTENT_TYPE], HTML);
    }

    #[test]
    fn a_page_that_cannot_be_rendered_is_a_500() {
        let response = html(StatusCode::OK, Sample { text: Broken });
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
