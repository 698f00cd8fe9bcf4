//! `/contoso/assertion`: a response for AssumeRoleWithSAML, for the command line.
//!
//! A real provider posts it to AWS's sign-in page, and tools dig it out of the page. Here it is answered plainly, to
//! whoever shows a person's password: as `curl -u ann:ann`, or in a form with `user` and `password`.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

use super::SamlRole;
use super::respond::{Audience, attributes_of, response_about};
use crate::clock::random_token;
use crate::demo::idp::params::Params;
use crate::demo::idp::sign_in::{Refused, Session};
use crate::demo::idp::{DemoIdp, Person, answer};
use crate::saml::issue::Attribute;

/// AWS as a service provider: who it is, and where it wants its responses.
const AWS: Audience<'static> = Audience {
    entity_id: "urn:amazon:webservices",
    acs_url: "https://signin.aws.amazon.com/saml",
    in_response_to: None,
};

/// An error in the manner of OAuth.
struct Refusal(StatusCode, &'static str, &'static str);

/// `GET /contoso/assertion?user=&role=` with `Authorization: Basic`; both parameters are optional.
pub(in crate::demo::idp) async fn by_link(
    State(idp): State<DemoIdp>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let asked = || {
        let params = read(query.as_bytes())?;
        let person = by_basic(&idp, &headers, &params)?;
        value(&idp, person, &params)
    };
    asked().unwrap_or_else(Refusal::into_response)
}

/// `POST /contoso/assertion` with `user`, `password` and perhaps `role`.
pub(in crate::demo::idp) async fn by_form(
    State(idp): State<DemoIdp>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = || {
        let params = read(&body)?;
        let person = match params.get("password") {
            Some(password) => check(&idp, params.get("user").unwrap_or_default(), password)?,
            None => by_basic(&idp, &headers, &params)?,
        };
        value(&idp, person, &params)
    };
    asked().unwrap_or_else(Refusal::into_response)
}

fn read(encoded: &[u8]) -> Result<Params, Refusal> {
    let why = "a parameter is repeated";
    Params::parse(encoded).map_err(|_| Refusal(StatusCode::BAD_REQUEST, "invalid_request", why))
}

/// Who asks, by `Basic` as a browser or `curl` sends it (RFC 7617).
fn by_basic<'a>(
    idp: &'a DemoIdp,
    headers: &HeaderMap,
    params: &Params,
) -> Result<&'a Person, Refusal> {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| {
        let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
        let decoded = STANDARD.decode(encoded.trim()).ok()?;
        let decoded = String::from_utf8(decoded).ok()?;
        let (name, password) = decoded.split_once(':')?;
        scheme
            .eq_ignore_ascii_case("basic")
            .then(|| (name.to_owned(), password.to_owned()))
    });
    let (name, password) = shown.unwrap_or_default();
    let person = check(idp, &name, &password)?;
    match params.text("user").is_none_or(|user| user == person.name) {
        true => Ok(person),
        false => Err(Refusal(
            StatusCode::FORBIDDEN,
            "access_denied",
            "user is not whose password was shown",
        )),
    }
}

fn check<'a>(idp: &'a DemoIdp, name: &str, password: &str) -> Result<&'a Person, Refusal> {
    let checked = idp.shared.contoso.sign_ins.check(idp, name, password);
    checked.map_err(|refused| match refused {
        Refused::Wrong => Refusal(
            StatusCode::UNAUTHORIZED,
            "access_denied",
            "show a name and its password: curl -u ann:ann",
        ),
        Refused::TooMany => Refusal(
            StatusCode::TOO_MANY_REQUESTS,
            "slow_down",
            "too many wrong passwords: wait a minute",
        ),
    })
}

/// `{"value": "<base64>"}`, as `/ci/token` answers.
fn value(idp: &DemoIdp, person: &Person, params: &Params) -> Result<Response, Refusal> {
    let wanted = params.text("role");
    let is_wanted = |role: &&SamlRole| {
        wanted.is_none_or(|wanted| wanted == role.alias || wanted == role.role_arn)
    };
    let roles: Vec<&SamlRole> = idp.shared.saml_roles.iter().filter(is_wanted).collect();
    if roles.is_empty() {
        let why = "role is none of those that trust this provider";
        return Err(Refusal(StatusCode::BAD_REQUEST, "invalid_request", why));
    }
    let session = Session {
        person: person.name.clone(),
        auth_time: idp.unix(),
        index: random_token(&*idp.shared.random, 16),
    };
    let mut attributes = attributes_of(person);
    attributes.extend(aws_attributes(person, &roles));
    let response = response_about(idp, person, &session, &AWS, &attributes);
    let response = response.map_err(|error| {
        tracing::error!(%error, "a SAML response could not be made");
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Refusal(status, "server_error", "the response could not be made")
    })?;
    let value = json!({ "value": STANDARD.encode(response) });
    Ok(answer::json(StatusCode::OK, &value))
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html>
fn aws_attributes(person: &Person, roles: &[&SamlRole]) -> [Attribute; 2] {
    let attribute = |name: &str, values| Attribute {
        name: format!("https://aws.amazon.com/SAML/Attributes/{name}"),
        values,
        ..Attribute::default()
    };
    let pair = |role: &&SamlRole| format!("{},{}", role.role_arn, role.provider_arn);
    [
        attribute("Role", roles.iter().map(pair).collect()),
        attribute("RoleSessionName", vec![person.name.clone()]),
    ]
}

impl Refusal {
    fn into_response(self) -> Response {
        let Refusal(status, error, description) = self;
        let body = json!({"error": error, "error_description": description});
        let mut response = answer::json(status, &body);
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"contoso\"");
            let headers = response.headers_mut();
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
