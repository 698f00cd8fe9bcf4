//! The AWS query protocol at `/`: STS and IAM, told apart by `Version`.
//!
//! Bounded body, parameters parsed once from the very bytes that the signature covers, the audit event
//! opened before anybody is authenticated and closed on every path, the operation looked up in the one
//! table. Credentials leave after the event is on disk.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::access::authenticate::Verifier;
use crate::access::{Call, Caller};
use crate::app::App;
use crate::aws::error::AwsError;
use crate::aws::query::Params;
use crate::aws::{sts as wire, xml};
use crate::clock::uuid_v4;
use crate::http::layers::{Peer, open_call};
use crate::http::query_body;
use crate::http::throttle::{self, Failed, tell_wait};
use crate::iam;
use crate::sigv4::SignedRequest;
use crate::sts::{self, Answer, Authentication, Denial, Operation};

const AUTHORIZATION_MESSAGE: HeaderName =
    HeaderName::from_static("x-drawbridge-authorization-message");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// Whether a `GET /` is meant for this door: SDKs, presigned requests, `curl`.
pub fn is_api_request(query: &str) -> bool {
    query.split('&').any(|piece| {
        let name = piece.split('=').next().unwrap_or_default();
        name == "Action" || name.eq_ignore_ascii_case("X-Amz-Signature")
    })
}

/// `POST /`.
pub async fn post(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response {
    answer(&app, peer, request).await
}

/// The answer to a request that never reached an operation.
pub fn failure(app: &App, error: &AwsError) -> Response {
    let form = Form {
        json: false,
        namespace: wire::NAMESPACE,
    };
    error_response(&form, error, &uuid_v4(&*app.random).to_string())
}

/// What is known of a request for the form of its answer.
struct Form {
    json: bool,
    namespace: &'static str,
}

/// Answers a request, whatever comes.
pub async fn answer(app: &App, peer: Peer, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let mut call = open_call(app, &head.headers, peer);
    let mut form = Form {
        json: accepts_json(&head.headers),
        namespace: wire::NAMESPACE,
    };
    let request_id = call.request_id.clone();
    let result = run(app, &mut call, &mut form, &head, body).await;
    let (operation, answer) = match result {
        Ok(done) => done,
        Err(denial) if denial.error.code == AwsError::throttled().code => {
            // Large bodies wait for each other; nobody was judged.
            call.unseen();
            let mut response = error_response(&form, &denial.error, &request_id);
            tell_wait(&mut response);
            return response;
        }
        Err(denial) => {
            let mut response = error_response(&form, &denial.error, &request_id);
            if is_failure(&call, &denial.error) {
                let (issuer, unseen) = (call.issuer.take(), call.spent);
                response.extensions_mut().insert(Failed { issuer, unseen });
                if unseen {
                    call.unseen();
                    return response;
                }
            }
            if let Some(message) = authorization_message(app, &call, &denial) {
                response
                    .headers_mut()
                    .insert(AUTHORIZATION_MESSAGE, message);
            }
            call.refused_with(&denial.error, denial.detail);
            return response;
        }
    };
    let closed = match answer.grants {
        true => call.granted(answer.elements).await,
        false => call.answered(answer.elements),
    };
    if let Err(error) = closed {
        tracing::error!(%error, request_id, "nothing is issued without a trace");
        return error_response(&form, &AwsError::unavailable(), &request_id);
    }
    let (text, kind) = match form.json {
        true => (
            xml::success_json(operation, answer.fields, &request_id),
            "application/json",
        ),
        false => (
            xml::success_xml(operation, form.namespace, &answer.fields, &request_id),
            "text/xml",
        ),
    };
    respond(StatusCode::OK, text, kind, &request_id)
}

/// Whether a refusal counts against its source: what a caller did wrong before anybody knew who it is. An identity
/// provider that does not answer is nobody's doing.
fn is_failure(call: &Call, error: &AwsError) -> bool {
    let theirs = error.fault() == "Sender" && error.code != AwsError::idp_communication().code;
    theirs && call.principal.is_none()
}

/// The answer to a source that was refused too often. Its body was not read, so nobody knows which API it meant.
pub fn throttled(json: bool, request_id: &str) -> Response {
    let form = Form {
        json,
        namespace: wire::NAMESPACE,
    };
    error_response(&form, &AwsError::throttled(), request_id)
}

/// The reason of a refusal, sealed, beside AWS's exact answer, which has no place for it. Whoever may call
/// DecodeAuthorizationMessage opens it; to everybody else it is noise.
fn authorization_message(app: &App, call: &Call, denial: &Denial) -> Option<HeaderValue> {
    if denial.error.code != "AccessDenied" {
        return None;
    }
    let text = sts::authorization_message::seal(&app.ring, &*app.random, call, denial)?;
    HeaderValue::from_str(&text).ok()
}

async fn run(
    app: &App,
    call: &mut Call,
    form: &mut Form,
    head: &http::request::Parts,
    body: Body,
) -> Result<(&'static str, Answer), Denial> {
    // Held to the end: with it goes the place that a large body takes.
    let body = query_body::read(app, head, body).await?;
    let body = &body.bytes;
    let params = Params::parse(head.uri.query().unwrap_or_default(), body)?;
    match which(&params, form)? {
        Which::Sts(name, operation, authentication) => {
            call.about(name, sts::is_read_only(operation));
            let caller = match authentication {
                Authentication::Token => None,
                Authentication::Signed => Some(signed_by(app, call, head, body, "sts").await?),
            };
            let answer = dispatch(app, call, operation, caller.as_ref(), &params).await?;
            Ok((name, answer))
        }
        Which::Iam(operation) => {
            call.about(operation.name, !operation.writes);
            call.event.set("eventSource", json!("iam.amazonaws.com"));
            call.event
                .set("requestParameters", iam::trail_parameters(&params));
            let caller = signed_by(app, call, head, body, "iam").await?;
            let answer = iam_answer(app, call, operation, &caller, &params).await?;
            Ok((operation.name, answer))
        }
    }
}

/// Verifies the signature and notes in the trail who made it.
async fn signed_by(
    app: &App,
    call: &mut Call,
    head: &http::request::Parts,
    body: &Bytes,
    service: &str,
) -> Result<Caller, AwsError> {
    let signed = SignedRequest {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers: &head.headers,
        body,
    };
    let verifier = Verifier {
        cache: &app.cache,
        ring: &app.ring,
    };
    let caller = verifier.authenticate(call, &signed, service).await?;
    call.principal = Some((caller.user_id().to_owned(), caller.arn().to_owned()));
    app.iam
        .last_uses
        .note(&caller, &call.region, service, call.unix());
    call.event.set("userIdentity", caller.trail());
    call.event
        .set("recipientAccountId", json!(caller.account()));
    Ok(caller)
}

/// Runs an operation of IAM. What it changed counts on this node before the answer leaves.
pub(super) async fn iam_answer(
    app: &App,
    call: &mut Call,
    operation: &iam::Operation,
    caller: &Caller,
    params: &Params,
) -> Result<Answer, Denial> {
    iam::may_use(caller)?;
    if operation.writes {
        // A trail that takes no events must stop a change before it is made.
        app.audit.flush().await.map_err(|error| {
            tracing::error!(%error, "nothing is changed without a trace");
            AwsError::unavailable()
        })?;
    }
    let mut ask = iam::Ask {
        call,
        caller,
        params,
        elements: Value::Null,
    };
    let fields = (operation.run)(&app.iam, &mut ask).await?;
    let elements = ask.elements;
    if operation.writes {
        app.cache.refresh().await?;
    }
    Ok(Answer {
        fields,
        elements,
        grants: operation.writes,
    })
}

/// The one place where an operation's name becomes its code. Signed operations get their caller from
/// `run`, which made one for every operation that the table says is signed.
async fn dispatch(
    app: &App,
    call: &mut Call,
    operation: Operation,
    caller: Option<&Caller>,
    params: &Params,
) -> Result<Answer, Denial> {
    let signed = || caller.ok_or_else(AwsError::missing_authentication_token);
    let sts = &app.broker.sts;
    match operation {
        Operation::AssumeRole => sts.assume_role(call, signed()?, params).await,
        Operation::AssumeRoleWithSaml => sts.assume_role_with_saml(call, params).await,
        Operation::AssumeRoleWithWebIdentity => {
            let token = params.get("WebIdentityToken").unwrap_or_default();
            throttle::watch_token(app, call, token);
            sts.assume_role_with_web_identity(call, params).await
        }
        Operation::AssumeRoot => sts.assume_root(call, signed()?, params).await,
        Operation::DecodeAuthorizationMessage => {
            sts.decode_authorization_message(call, signed()?, params)
                .await
        }
        Operation::GetAccessKeyInfo => {
            signed()?;
            sts.get_access_key_info(call, params).await
        }
        Operation::GetCallerIdentity => {
            Ok(sts::get_caller_identity::answer(signed()?, &call.region))
        }
        Operation::GetDelegatedAccessToken => {
            Ok(sts::get_delegated_access_token::answer(signed()?, params)?)
        }
        Operation::GetFederationToken => sts.get_federation_token(call, signed()?, params).await,
        Operation::GetSessionToken => sts.get_session_token(call, signed()?, params).await,
        Operation::GetWebIdentityToken => sts.get_web_identity_token(call, signed()?, params).await,
    }
}

/// An operation of one of the two APIs.
enum Which {
    Sts(&'static str, Operation, Authentication),
    Iam(&'static iam::Operation),
}

/// Looks the operation up. Which API is meant is told by `Version`.
fn which(params: &Params, form: &mut Form) -> Result<Which, AwsError> {
    let action = params.get("Action").ok_or_else(AwsError::missing_action)?;
    // The text goes into an answer that nobody has authenticated for.
    let shown: String = action.chars().take(128).collect();
    let version = match params.get("Version") {
        None => return Err(AwsError::invalid_action(&shown, "NO_VERSION_SPECIFIED")),
        Some(version) => version,
    };
    let found = match version {
        wire::VERSION => {
            let mut table = sts::OPERATIONS.iter();
            let found = table.find(|(name, _, _)| *name == action);
            found.map(|(name, operation, by)| Which::Sts(name, *operation, *by))
        }
        iam::VERSION => {
            form.namespace = iam::NAMESPACE;
            iam::operations()
                .find(|operation| operation.name == action)
                .map(Which::Iam)
        }
        other => {
            let other: String = other.chars().take(64).collect();
            return Err(AwsError::no_such_version(&other));
        }
    };
    found.ok_or_else(|| AwsError::invalid_action(&shown, version))
}

/// Whether the caller asks for JSON.
pub(super) fn accepts_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT);
    accept.is_some_and(|accept| accept.as_bytes().starts_with(b"application/json"))
}

fn error_response(form: &Form, error: &AwsError, request_id: &str) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (fault, code, message) = (error.fault(), error.code, error.message.as_ref());
    match form.json {
        true => {
            let text = xml::error_json(fault, code, message, request_id);
            respond(status, text, "application/json", request_id)
        }
        false => {
            let text = xml::error_xml(form.namespace, fault, code, message, request_id);
            respond(status, text, "text/xml", request_id)
        }
    }
}

fn respond(status: StatusCode, text: String, kind: &'static str, request_id: &str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, value);
    }
    response
}
