//! Forms and links of pages: bounded, each field at most once.

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::StatusCode;
use http::request::Parts;

/// A form that a page sent: bounded, each field at most once.
pub struct Form(Vec<(String, String)>);

impl Form {
    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Name and value of every field, in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.0.iter();
        fields.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = (StatusCode, &'static str);

    async fn from_request(request: Request, _: &S) -> Result<Form, Self::Rejection> {
        let body = to_bytes(request.into_body(), crate::http::MAX_BODY).await;
        let body = body.map_err(|_| (StatusCode::PAYLOAD_TOO_LARGE, "The form is too large.\n"))?;
        Form::read(&body)
    }
}

impl Form {
    pub(in crate::http) fn read(text: &[u8]) -> Result<Form, (StatusCode, &'static str)> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(text) {
            if fields.iter().any(|(known, _)| *known == name) {
                return Err((StatusCode::BAD_REQUEST, "A field was given twice.\n"));
            }
            if fields.len() >= 64 {
                return Err((StatusCode::BAD_REQUEST, "There are too many fields.\n"));
            }
            fields.push((name.into_owned(), value.into_owned()));
        }
        Ok(Form(fields))
    }
}

/// The parameters of a link to a page: each at most once, as in a form. (`axum::extract::Query` would answer with the
/// words of its parser.)
pub struct Link(pub(super) Form);

impl Link {
    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Link {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Link, Self::Rejection> {
        let query = parts.uri.query().unwrap_or_default();
        Form::read(query.as_bytes()).map(Link)
    }
}
