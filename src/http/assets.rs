//! The files of `static/`, compiled into the program.
//!
//! Templates link them with [`asset_url`], whose `?v=` is the hash of the content. An address with the
//! current hash may be kept for a year; any other is revalidated, so that a page from before an upgrade
//! never keeps a wrong file under a right name.

use axum::extract::{Path, RawQuery};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

/// The address of a static file, for example `/static/app.css?v=5d41402abc4b2a76`.
///
/// A name that does not exist gets an address without a hash, which answers 404.
#[must_use]
pub fn asset_url(name: &str) -> String {
    match Files::get(name) {
        Some(file) => format!("/static/{name}?v={}", version(&file)),
        None => format!("/static/{name}"),
    }
}

/// `GET /static/{name}`.
pub async fn serve(
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let (Some(file), Some(kind)) = (Files::get(&name), content_type(&name)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let version = version(&file);
    let current = query.is_some_and(|query| query == format!("v={version}"));
    let etag = format!("\"{version}\"");
    let unchanged = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            // RFC 9110 §13.1.2: a list, compared weakly.
            value
                .split(',')
                .map(|tag| tag.trim().trim_start_matches("W/"))
                .any(|tag| tag == "*" || tag == etag)
        });

    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        file.data.into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(if current {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        }),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    response
}

/// Sixteen hex digits of the content's SHA-256, which is computed when the program is built.
fn version(file: &rust_embed::EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    hash.iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The kinds of files we have; a file of another kind is not served.
fn content_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(name: &str, query: Option<&str>, if_none_match: Option<&str>) -> Response {
        let mut headers = HeaderMap::new();
        if let Some(tag) = if_none_match {
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_str(tag).unwrap());
        }
        serve(Path(name.into()), RawQuery(query.map(Into::into)), headers).await
    }

    fn current(name: &str) -> String {
        asset_url(name).split_once('?').unwrap().1.to_owned()
    }

    #[tokio::test]
    async fn the_current_version_may_be_kept_for_a_year() {
        let response = get("app.css", Some(&current("app.css")), None).await;
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers();
        assert_eq!(
            headers[header::CACHE_CONTROL],
            "public, max-age=31536000, immutable"
        );
        assert_eq!(headers[header::CONTENT_TYPE], "text/css; charset=utf-8");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }

    #[tokio::test]
    async fn another_version_is_revalidated() {
        for query in [None, Some("v=0000000000000000"), Some("")] {
            let response = get("app.js", query, None).await;
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
        }
    }

    #[tokio::test]
    async fn an_etag_that_still_matches_is_answered_without_a_body() {
        let etag = get("favicon.svg", None, None).await.headers()[header::ETAG].clone();
        let etag = etag.to_str().unwrap();
        for tag in [
            etag.to_owned(),
            format!("\"old\", W/{etag}"),
            "*".to_owned(),
        ] {
            assert_eq!(
                get("favicon.svg", None, Some(&tag)).await.status(),
                StatusCode::NOT_MODIFIED
            );
        }
        assert_eq!(
            get("favicon.svg", None, Some("\"old\"")).await.status(),
            StatusCode::OK
        );
    }

    #[tokio::test]
    async fn an_unknown_name_is_not_found() {
        for name in ["nothing.css", "../Cargo.toml", "app"] {
            assert_eq!(get(name, None, None).await.status(), StatusCode::NOT_FOUND);
        }
        assert_eq!(asset_url("nothing.css"), "/static/nothing.css");
    }
}
