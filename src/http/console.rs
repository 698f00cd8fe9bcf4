//! `/console`: the embedded console that a link lands in. Who you are, which role, what it may do, how much
//! time is left.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::access::authenticate::caller_of;
use crate::app::App;
use crate::broker::console_link::ConsoleSession;
use crate::credentials::RoleSession;
use crate::http::form::Form;
use crate::http::layers::{Peer, open_call};
use crate::http::login::{cookie_of, full_name, our_cookie, set_cookie};
use crate::http::page;
use crate::http::pages::{ConsoleEndedPage, ConsolePage, PolicyView, Time};
use crate::http::web_session::{chrome, is_genuine, moment};
use crate::identity::ClaimValue;
use crate::store::cache::CachedRole;

/// The console's cookie, without its prefix.
pub const COOKIE: &str = "drawbridge-console";

fn held(app: &App, headers: &HeaderMap) -> Option<ConsoleSession> {
    let cookie = cookie_of(headers, &full_name(app, COOKIE))?;
    ConsoleSession::open(&app.ring, &cookie)
}

/// The page for a session that is over, or that never was.
pub fn ended_page(app: &App, ended: Option<Time>, status: StatusCode) -> Response {
    let page = ConsoleEndedPage {
        chrome: chrome(app, "Console", None),
        ended,
        login_href: "/".to_owned(),
    };
    page::html(status, page)
}

/// `GET /console`.
pub async fn home(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let Some(held) = held(&app, &headers) else {
        return ended_page(&app, None, StatusCode::FORBIDDEN);
    };
    let session = &held.session;
    let now = app.clock.unix();
    match held.is_signed_out(&app.store).await {
        Ok(false) => {}
        Ok(true) => return ended_page(&app, None, StatusCode::FORBIDDEN),
        Err(error) => {
            tracing::error!(%error, "whether a console session was signed out could not be read");
            return (StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment.\n").into_response();
        }
    }
    if now >= session.expires_at || app.cache.is_revoked(session) {
        let ended = session.expires_at.min(now);
        return ended_page(&app, Some(moment(ended)), StatusCode::FORBIDDEN);
    }
    let role = match app.cache.role(&session.role_arn).await {
        // A role made again under the same name is another role.
        Ok(role) => role.filter(|role| role.role.unique_id == session.role_id),
        Err(error) => {
            tracing::error!(%error, "the role of a console session could not be read");
            return (StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment.\n").into_response();
        }
    };
    let page = ConsolePage {
        chrome: chrome(&app, "Console", None),
        csrf: held.csrf.clone(),
        principal_arn: session.arn(),
        account_id: session.account.clone(),
        account_name: role
            .as_ref()
            .map(|role| role.account_name.clone())
            .unwrap_or_default(),
        role_name: session.role_name().to_owned(),
        expires: moment(session.expires_at),
        seconds_left: (session.expires_at - now).unsigned_abs(),
        session_name: session.session_name.clone(),
        source: source(session),
        policies: policies(session, role.as_deref()),
        may: may(session, role.as_deref()),
    };
    page::html(StatusCode::OK, page)
}

/// Who vouched: the provider and the subject it named.
fn source(session: &RoleSession) -> String {
    let subject = session
        .federation
        .iter()
        .find(|(key, _)| key.ends_with(":sub"));
    match (&session.federated_provider, subject) {
        (Some(_), Some((key, ClaimValue::One(subject)))) => {
            let provider = key.strip_suffix(":sub").unwrap_or(key);
            format!("{subject}, by {provider}")
        }
        (Some(provider), _) => provider.clone(),
        (None, _) => "an IAM principal".to_owned(),
    }
}

fn policies(session: &RoleSession, role: Option<&CachedRole>) -> Vec<PolicyView> {
    let mut views: Vec<PolicyView> = role
        .into_iter()
        .flat_map(|role| &role.policies)
        .map(|policy| PolicyView {
            name: policy.name.clone(),
            document: policy.document.source().to_owned(),
        })
        .collect();
    if let Some(limit) = &session.inline_policy {
        views.push(PolicyView {
            name: "Session policy: limits all of the above".to_owned(),
            document: limit.clone(),
        });
    }
    for arn in &session.policy_arns {
        views.push(PolicyView {
            name: format!("Session policy {arn}"),
            document: String::new(),
        });
    }
    views
}

/// What the role's policies come to, one sentence a statement.
fn may(session: &RoleSession, role: Option<&CachedRole>) -> Vec<String> {
    let texts = |value: Option<&Value>| match value {
        Some(Value::String(one)) => one.clone(),
        Some(Value::Array(many)) => {
            let many: Vec<&str> = many.iter().filter_map(Value::as_str).collect();
            many.join(", ")
        }
        _ => String::new(),
    };
    let mut sentences = Vec::new();
    for policy in role.into_iter().flat_map(|role| &role.policies) {
        let document: Value = serde_json::from_str(policy.document.source()).unwrap_or_default();
        let statements = match document.get("Statement") {
            Some(Value::Array(many)) => many.clone(),
            Some(one) => vec![one.clone()],
            None => Vec::new(),
        };
        for statement in statements {
            let part = |name: &str, not: &str| match statement.get(name) {
                Some(value) => texts(Some(value)),
                None => format!("all but {}", texts(statement.get(not))),
            };
            let verb = match statement.get("Effect").and_then(Value::as_str) {
                Some("Deny") => "Never",
                _ => "May",
            };
            let condition = match statement.get("Condition").is_some() {
                true => ", under conditions",
                false => "",
            };
            let (actions, resources) =
                (part("Action", "NotAction"), part("Resource", "NotResource"));
            sentences.push(format!("{verb} {actions} on {resources}{condition}."));
        }
    }
    if session.inline_policy.is_some() || !session.policy_arns.is_empty() {
        sentences.push("And of that only what the session policy allows too.".to_owned());
    }
    sentences
}

/// `POST /console/signout`.
pub async fn sign_out(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let mut call = open_call(&app, &headers, peer);
    call.about("ConsoleSignOut", false);
    call.event.set("eventSource", json!("signin.amazonaws.com"));
    let Some(held) = held(&app, &headers) else {
        if let Err(error) = call.answered(Value::Null) {
            tracing::error!(%error, "a sign-out is missing in the audit trail");
        }
        return Redirect::to("/console").into_response();
    };
    if !is_genuine(&app, &headers, &held.csrf, form.get("csrf")) {
        let message = "The form does not come from a page of this session.";
        call.refused("AccessDenied", message, "web.csrf", None);
        return (StatusCode::FORBIDDEN, format!("{message}\n")).into_response();
    }
    if let Err(error) = held.sign_out(&app.store, call.unix()).await {
        tracing::error!(%error, "a console session could not be signed out");
        call.refused("ServiceUnavailable", "store", "unavailable", None);
        return (StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment.\n").into_response();
    }
    if let Ok(caller) = caller_of(&app.cache, held.session).await {
        call.event.set("userIdentity", caller.trail());
    }
    if let Err(error) = call.answered(Value::Null) {
        tracing::error!(%error, "a sign-out is missing in the audit trail");
    }
    let mut response = Redirect::to("/console").into_response();
    set_cookie(&mut response, &our_cookie(&app, COOKIE, String::new(), 0));
    response
}
