//! `/console`: the embedded console that a link lands in. Who you are, which role, what it may do, how much time is
//! left; and the pages about IAM: what there is, who may take it, what it may do.
//!
//! The console has no rights of its own. Each page asks for what it shows as the session that looks at it, with the
//! actions of the IAM API, and what that session may not see is not there: the page says which action is missing. What
//! changes something runs the operation of the API itself. [`here`] is that session for the length of one request;
//! [`sentences`] says policies in words; then one file for each page.

pub mod api;
pub mod groups;
pub mod here;
pub mod list;
pub mod new_role;
pub mod permissions;
pub mod policies;
pub mod providers;
pub mod roles;
pub mod sentences;
pub mod sessions;
pub mod trial;
pub mod users;

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::access::authenticate::caller_of;
use crate::app::App;
use crate::credentials::RoleSession;
use crate::http::console::here::{Frame, Section, held, open};
use crate::http::console::sentences::{Said, pretty, said};
use crate::http::form::Form;
use crate::http::layers::{Peer, open_call};
use crate::http::login::{our_cookie, set_cookie};
use crate::http::page;
use crate::http::pages::{ConsoleEndedPage, ConsolePage, PolicyView, Time};
use crate::http::web_session::{chrome, is_genuine};
use crate::identity::ClaimValue;
use crate::policy::DocumentKind;
use crate::store::cache::CachedRole;

/// The console's cookie, without its prefix.
pub const COOKIE: &str = "drawbridge-console";

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
    let opened = match open(&app, &headers).await {
        Ok(opened) => opened,
        Err(ended) => return ended,
    };
    let session = &opened.held.session;
    let role = opened.role.as_deref();
    let page = ConsolePage {
        chrome: chrome(&app, "Console", None),
        frame: Frame::new(&opened, Section::Overview),
        principal_arn: session.arn(),
        account_id: session.account.clone(),
        seconds_left: (session.expires_at - app.clock.unix()).unsigned_abs(),
        session_name: session.session_name.clone(),
        source: source(session),
        may: may(role),
        limited: session.is_limited(),
        policies: policies(session, role),
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
            let by_saml = session.vouched_for.as_ref();
            let provider = by_saml.map_or(key.strip_suffix(":sub").unwrap_or(key), |it| &it.issuer);
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
            document: pretty(policy.document.source()),
        })
        .collect();
    if let Some(limit) = &session.inline_policy {
        views.push(PolicyView {
            name: "Session policy: limits all of the above".to_owned(),
            document: pretty(limit),
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
fn may(role: Option<&CachedRole>) -> Vec<Said> {
    let policies = role.into_iter().flat_map(|role| &role.policies);
    policies
        .filter_map(|policy| said(policy.document.source(), DocumentKind::Identity))
        .flatten()
        .collect()
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
        // Nobody signs out: that anybody can do, as often as they like.
        call.unseen();
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
