//! `/v1/creds/{role}`: evidence in, credentials out, in any format. The CI one-liner, and what an SDK's
//! container provider fetches. Errors are always JSON, never text a shell would run.

use std::sync::Arc;

use axum::extract::{Extension, Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};

use crate::access::Call;
use crate::app::App;
use crate::broker::exchange::{ExchangeRequest, Exchanged, trail};
use crate::clock::random_bytes;
use crate::credentials::format::{Delivery, Format};
use crate::http::json_error::JsonError;
use crate::http::layers::{Peer, is_cross_site, open_call};
use crate::http::throttle;
use crate::identity::Identity;
use crate::idp::evidence::EvidenceDesk;
use crate::seal::Purpose;
use crate::secret::Secret;
use crate::store::cache::CachedRole;

/// Marks an access token of ours among bearer tokens; a JWT cannot begin like this.
const TOKEN_PREFIX: &str = "drawbridge_";

/// An access token of the token exchange: the identity it was made from, sealed.
#[derive(Serialize, Deserialize)]
struct AccessToken {
    identity: Identity,
    until: i64,
}

/// Makes an access token for an identity; `until` is epoch seconds.
pub fn access_token(app: &App, identity: &Identity, until: i64) -> Option<Secret<String>> {
    let token = AccessToken {
        identity: identity.clone(),
        until,
    };
    let body = serde_json::to_vec(&token).ok()?;
    let salt = random_bytes(&*app.random);
    let sealed = app.ring.seal(Purpose::AccessToken, b"", &body, salt).ok()?;
    let text = URL_SAFE_NO_PAD.encode(sealed);
    Some(Secret::new(format!("{TOKEN_PREFIX}{text}")))
}

fn open_access_token(app: &App, token: &str, now: i64) -> Option<Identity> {
    let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (body, _) = app.ring.open(Purpose::AccessToken, b"", &sealed).ok()?;
    let token: AccessToken = serde_json::from_slice(&body).ok()?;
    (now < token.until).then_some(token.identity)
}

/// The bearer token of a request. SDKs send the text of a token file as it is, so the scheme may be
/// missing and white space may be around it.
pub fn bearer(headers: &HeaderMap) -> Result<&str, JsonError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, more) = (values.next(), values.next());
    if more.is_some() {
        return Err(JsonError::invalid_request("Send one Authorization header."));
    }
    let value = value.ok_or_else(JsonError::missing_token)?;
    let text = value
        .to_str()
        .map_err(|_| JsonError::invalid_request("The Authorization header is not text."))?
        .trim();
    let token = match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) => return Err(JsonError::missing_token()),
        None if text.eq_ignore_ascii_case("bearer") => "",
        None => text,
    };
    match token {
        "" => Err(JsonError::missing_token()),
        token => Ok(token),
    }
}

/// Verifies evidence, or an access token that was made from it.
pub async fn identify(app: &App, call: &mut Call, token: &str) -> Result<Identity, JsonError> {
    throttle::watch_token(app, call, token);
    let now = call.unix();
    let identity = match token.strip_prefix(TOKEN_PREFIX) {
        Some(ours) => open_access_token(app, ours, now).ok_or_else(|| JsonError {
            status: http::StatusCode::UNAUTHORIZED,
            error: "invalid_token",
            message: "The access token is not one of ours, or it has ended.".to_owned(),
            reason: "access_token.invalid",
            more: Vec::new(),
            detail: None,
        })?,
        None => {
            let idps: Vec<_> = app.config.oidc_idps().collect();
            let desk = EvidenceDesk {
                ci: &app.config.ci,
                idps: &idps,
                keys: &app.keys,
                store: &app.store,
            };
            let verified = desk.verify(token, now).await;
            call.issuer = match &verified {
                Ok(identity) => Some(identity.issuer.clone()),
                Err(_) => desk.known_issuer(token),
            };
            verified?
        }
    };
    call.event.set("userIdentity", trail(&identity));
    let (issuer, subject) = (&identity.issuer, &identity.subject);
    if app.cache.is_cut_off(issuer, subject, identity.issued_at) {
        return Err(JsonError {
            status: http::StatusCode::UNAUTHORIZED,
            error: "invalid_token",
            message: "This sign-in was cut off by an administrator. Sign in again.".to_owned(),
            reason: "cut_off",
            more: Vec::new(),
            detail: None,
        });
    }
    Ok(identity)
}

/// What the query string may say.
struct Asked {
    format: Format,
    duration: Option<i64>,
}

/// Reads `15m`, `2h`, `900s` or plain seconds.
pub fn duration(text: &str) -> Option<i64> {
    let (number, unit) = match text.char_indices().last()? {
        (at, 's') => (text.get(..at)?, 1),
        (at, 'm') => (text.get(..at)?, 60),
        (at, 'h') => (text.get(..at)?, 3600),
        _ => (text, 1),
    };
    let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let number = digits.then(|| number.parse::<i64>().ok()).flatten()?;
    number.checked_mul(unit)
}

fn asked(query: &str) -> Result<Asked, JsonError> {
    let (mut format, mut seconds) = (None, None);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let before = match name.as_ref() {
            "format" => {
                let known = Format::parse(&value).ok_or_else(|| {
                    let names: Vec<_> = Format::ALL.iter().map(|(name, _)| *name).collect();
                    JsonError::invalid_request(format!(
                        "There is no such format; formats are {}.",
                        names.join(", ")
                    ))
                })?;
                format.replace(known).is_some()
            }
            "duration" => {
                let read = duration(&value).ok_or_else(|| {
                    JsonError::invalid_request("duration is seconds, or like 15m or 2h.")
                })?;
                seconds.replace(read).is_some()
            }
            _ => {
                return Err(JsonError::invalid_request(
                    "Known parameters are format and duration.",
                ));
            }
        };
        if before {
            return Err(JsonError::invalid_request("A parameter was given twice."));
        }
    }
    Ok(Asked {
        format: format.unwrap_or(Format::Json),
        duration: seconds,
    })
}

/// `GET` and `POST /v1/creds/{role}`.
pub async fn answer(
    State(app): State<Arc<App>>,
    Path(role): Path<String>,
    RawQuery(query): RawQuery,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Response {
    let mut call = open_call(&app, &headers, peer);
    let done = exchange(&app, &mut call, &role, query.as_deref(), &headers).await;
    let (done, format) = match done {
        Ok(done) => done,
        Err(error) => return error.answer(call),
    };
    let text = deliver(&app, &done, format);
    let elements = done.elements;
    match call.granted(elements).await {
        Ok(()) => {
            let kind = HeaderValue::from_static(format.media_type());
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "nothing is issued without a trace");
            let call = open_call(&app, &headers, peer);
            JsonError::unavailable("unavailable").answer(call)
        }
    }
}

async fn exchange(
    app: &App,
    call: &mut Call,
    role: &str,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<(Exchanged, Format), JsonError> {
    call.about("AssumeRoleWithWebIdentity", true);
    if is_cross_site(app, headers) {
        return Err(JsonError::cross_site());
    }
    let asked = asked(query.unwrap_or_default())?;
    let token = bearer(headers)?;
    let identity = identify(app, call, token).await?;
    let request = ExchangeRequest {
        role: role.to_owned(),
        duration: asked.duration,
        ..ExchangeRequest::default()
    };
    let exchanged = app.broker.exchange(call, &identity, request).await;
    let done = exchanged.map_err(|error| JsonError::from_exchange(error, role))?;
    Ok((done, asked.format))
}

/// The region of the snippets: the embedded STS answers for every one.
const REGION: &str = "us-east-1";

/// The name of a role's section in a credentials file.
pub fn profile(role: &CachedRole) -> String {
    role.alias().replace('/', "-").to_lowercase()
}

/// The credentials of an exchange with what belongs beside them.
pub fn delivery<'a>(app: &'a App, done: &'a Exchanged, profile: &'a str) -> Delivery<'a> {
    Delivery {
        credentials: &done.credentials,
        account: &done.role.role.account,
        role_arn: &done.role.role.arn,
        session_arn: &done.session_arn,
        region: REGION,
        endpoint: Some(app.urls.origin()),
        profile,
        clamped: done.clamped.as_deref(),
    }
}

/// The text of a format.
pub fn deliver(app: &App, done: &Exchanged, format: Format) -> String {
    delivery(app, done, &profile(&done.role)).text(format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_or_are_seconds() {
        assert_eq!(duration("900"), Some(900));
        assert_eq!(duration("15m"), Some(900));
        assert_eq!(duration("2h"), Some(7200));
        for bad in ["", "h", "-5", "1.5h", "1d", "9999999999999999999", "９００"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_bearer_scheme_may_be_missing() {
        let header = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_str(text).unwrap());
            bearer(&headers).map(str::to_owned).ok()
        };
        assert_eq!(header("Bearer a.b.c").as_deref(), Some("a.b.c"));
        assert_eq!(header("bearer  a.b.c ").as_deref(), Some("a.b.c"));
        assert_eq!(header("a.b.c").as_deref(), Some("a.b.c"));
        assert_eq!(header("Basic abc"), None);
        assert_eq!(header("Bearer"), None);
        assert_eq!(header(""), None);
    }

    #[test]
    fn unknown_and_repeated_parameters_are_refused() {
        for bad in [
            "format=xml",
            "x=1",
            "format=env&format=env",
            "duration=soon",
        ] {
            assert!(asked(bad).is_err(), "{bad}");
        }
        assert_eq!(
            asked("format=env&duration=15m").unwrap().duration,
            Some(900)
        );
    }
}
