//! Errors of the doors for programs with evidence: always JSON, never text a shell would run.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::access::Call;
use crate::broker::exchange::ExchangeError;
use crate::http::throttle::{Failed, tell_wait};
use crate::idp::evidence::EvidenceError;
use crate::policy::{ExplainedCondition, NearestRefusal};
use crate::sts::grant::{SAML, WEB_IDENTITY};

/// A refusal on its way out.
#[derive(Debug)]
pub struct JsonError {
    /// HTTP status.
    pub status: StatusCode,
    /// The error's name: RFC 6749 and RFC 6750 where they have one.
    pub error: &'static str,
    /// One sentence.
    pub message: String,
    /// The stable reason code, for the audit; told where the caller may know.
    pub reason: &'static str,
    /// Further members of the answer.
    pub more: Vec<(&'static str, Value)>,
    /// Only for the audit.
    pub detail: Option<Box<Value>>,
}

impl JsonError {
    /// A request that cannot be understood.
    pub fn invalid_request(message: impl Into<String>) -> JsonError {
        JsonError {
            status: StatusCode::BAD_REQUEST,
            error: "invalid_request",
            message: message.into(),
            reason: "request.invalid",
            more: Vec::new(),
            detail: None,
        }
    }

    /// A request from a page of another site.
    pub fn cross_site() -> JsonError {
        JsonError {
            status: StatusCode::FORBIDDEN,
            error: "access_denied",
            message: "Requests from pages of other sites are not answered.".to_owned(),
            reason: "web.csrf",
            more: Vec::new(),
            detail: None,
        }
    }

    /// Nothing to verify.
    pub fn missing_token() -> JsonError {
        JsonError {
            status: StatusCode::UNAUTHORIZED,
            error: "missing_token",
            message: "Send the token as `Authorization: Bearer TOKEN`.".to_owned(),
            reason: "jwt.missing",
            more: Vec::new(),
            detail: None,
        }
    }

    /// A source that was refused too often.
    pub fn throttled() -> JsonError {
        JsonError {
            status: StatusCode::TOO_MANY_REQUESTS,
            error: "too_many_requests",
            message: "Too many requests of this address were refused. Try again in a moment."
                .to_owned(),
            reason: "throttled",
            more: Vec::new(),
            detail: None,
        }
    }

    /// A dependency that is down.
    pub fn unavailable(reason: &'static str) -> JsonError {
        JsonError {
            status: StatusCode::SERVICE_UNAVAILABLE,
            error: "temporarily_unavailable",
            message: "This cannot be answered just now. Try again in a moment.".to_owned(),
            reason,
            more: Vec::new(),
            detail: None,
        }
    }

    /// Closes the call's event and answers. The request id is the reference to ask an administrator about.
    pub fn answer(mut self, mut call: Call) -> Response {
        let reference = call.request_id.clone();
        let issuer = call.issuer.take();
        let detail = self.detail.take().map(|detail| *detail);
        // Who was verified and may not take a role is refused, counted nowhere, and always in the trail.
        let counts = self.status.is_client_error() && !self.reason.starts_with("trust.");
        let unseen = call.spent && counts;
        match unseen {
            true => call.unseen(),
            false => call.refused(self.error, &self.message, self.reason, detail),
        }
        let mut response = self.response(&reference);
        if counts {
            response.extensions_mut().insert(Failed { issuer, unseen });
        }
        response
    }

    /// The answer alone.
    pub fn response(self, reference: &str) -> Response {
        let mut body = Map::new();
        body.insert("error".to_owned(), json!(self.error));
        // The member OAuth clients show.
        body.insert("error_description".to_owned(), json!(self.message));
        body.insert("message".to_owned(), json!(self.message));
        body.insert("reason".to_owned(), json!(self.reason));
        body.extend(
            self.more
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
        body.insert("reference".to_owned(), json!(reference));
        let mut text = serde_json::to_string_pretty(&body).unwrap_or_default();
        text.push('\n');
        let mut response = (self.status, text).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        match self.status {
            StatusCode::UNAUTHORIZED => {
                let challenge = match self.error {
                    "missing_token" => "Bearer",
                    _ => "Bearer error=\"invalid_token\"",
                };
                headers.insert(
                    header::WWW_AUTHENTICATE,
                    HeaderValue::from_static(challenge),
                );
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
            }
            StatusCode::TOO_MANY_REQUESTS => tell_wait(&mut response),
            _ => {}
        }
        response
    }
}

impl From<EvidenceError> for JsonError {
    fn from(error: EvidenceError) -> JsonError {
        let reason = error.reason();
        if error.is_transient() {
            tracing::warn!(%error, "evidence could not be verified just now");
            return JsonError::unavailable(reason);
        }
        let (status, name) = match error.is_malformed() {
            true => (StatusCode::BAD_REQUEST, "invalid_request"),
            false => (StatusCode::UNAUTHORIZED, "invalid_token"),
        };
        JsonError {
            status,
            error: name,
            message: format!("The token was refused: {error}."),
            reason,
            more: Vec::new(),
            detail: None,
        }
    }
}

impl JsonError {
    /// An exchange that came to nothing. `role` is the name that was asked for: what an unrelated caller
    /// reads must be the same whether such a role exists or not (STS-2, CI-5).
    pub fn from_exchange(error: ExchangeError, role: &str) -> JsonError {
        let (reason, detail) = (error.reason(), error.detail().map(Box::new));
        let forbidden = |message: String, reason, more| JsonError {
            status: StatusCode::FORBIDDEN,
            error: "access_denied",
            message,
            reason,
            more,
            detail: detail.clone(),
        };
        if let Some((refusal, known)) = error.tellable() {
            let mut more = Vec::new();
            more.push(("role", json!(known.role.arn)));
            more.push(("action", json!(refusal.action)));
            let mut message = match refusal.action.as_str() {
                SAML | WEB_IDENTITY => {
                    format!("The trust policy of {} does not admit you.", known.alias())
                }
                action => format!(
                    "The trust policy of {} does not allow you {action}.",
                    known.alias()
                ),
            };
            if let Some(nearest) = &refusal.nearest {
                message.push_str(&told(nearest));
                more.push(("statement", statement(nearest)));
                let failing: Vec<Value> = nearest.failing.iter().map(condition).collect();
                more.push(("condition", json!(failing.first())));
                more.push(("conditions", json!(failing)));
            }
            return forbidden(message, reason, more);
        }
        match error {
            ExchangeError::NoRole | ExchangeError::Refused { .. } => {
                let shown: String = crate::audit::clean(role).chars().take(256).collect();
                let message = format!("No role named {shown:?} admits you.");
                let mut answer = forbidden(message, "trust.no_match", Vec::new());
                let refusal = answer.detail.take();
                answer.detail = Some(Box::new(json!({ "cause": reason, "refusal": refusal })));
                answer
            }
            ExchangeError::LoginEnded => {
                forbidden("The sign-in has ended.".to_owned(), reason, Vec::new())
            }
            ExchangeError::Duration => JsonError {
                reason,
                ..JsonError::invalid_request("duration must be 15 minutes to 12 hours.")
            },
            ExchangeError::Invalid(denial) if denial.error.status < 500 => JsonError {
                reason,
                detail,
                ..JsonError::invalid_request(denial.error.message.into_owned())
            },
            ExchangeError::Invalid(_) => JsonError::unavailable(reason),
            ExchangeError::Unavailable(error) => {
                tracing::error!(%error, "the store could not be asked");
                JsonError::unavailable("unavailable")
            }
        }
    }
}

/// "Condition ... wants ... and saw ...".
fn told(nearest: &NearestRefusal) -> String {
    let mut text = String::new();
    for failed in &nearest.failing {
        text.push_str(&format!(
            " Condition {} {} wants {}, and saw {}.",
            failed.operator,
            failed.key,
            wanted(failed).join(" or "),
            match &failed.seen {
                Some(seen) => seen.join(", "),
                None => "nothing".to_owned(),
            }
        ));
    }
    text
}

fn wanted(failed: &ExplainedCondition) -> Vec<String> {
    let values = failed.wanted.iter();
    values
        .map(|value| {
            value
                .substituted
                .clone()
                .unwrap_or_else(|| value.written.clone())
        })
        .collect()
}

fn condition(failed: &ExplainedCondition) -> Value {
    json!({
        "operator": failed.operator,
        "key": failed.key,
        "wanted": wanted(failed),
        "seen": failed.seen,
    })
}

fn statement(nearest: &NearestRefusal) -> Value {
    json!({ "index": nearest.index, "sid": nearest.sid })
}
