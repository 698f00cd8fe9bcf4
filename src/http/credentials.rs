//! Credentials and console links for people: GET asks, POST issues.

use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use tower_sessions::Session;

use crate::access::Call;
use crate::app::App;
use crate::broker::console_link;
use crate::broker::exchange::{ExchangeError, ExchangeRequest, Exchanged};
use crate::credentials::RoleSession;
use crate::credentials::format::{Format, Part as FormatPart};
use crate::http::creds::{delivery, profile};
use crate::http::form::{Form, Link};
use crate::http::layers::{Peer, open_call};
use crate::http::page;
use crate::http::pages::{CredentialsPage, DurationChoice, FormatTab, Issued, Line, Part, Time};
use crate::http::portal::{
    error_page, no_such_role, read_event, sign_in_page, signed_in, store_trouble,
};
use crate::http::web_session::{self, WebSession, is_genuine};
use crate::http::why::why_one;
use crate::store::cache::CachedRole;

/// `GET /credentials?role=`: asks; never issues.
pub async fn ask(
    State(app): State<Arc<App>>,
    session: Session,
    wanted: Link,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Response {
    let name = wanted.get("role").unwrap_or_default().to_owned();
    let held = match signed_in(&app, &session).await {
        Err(trouble) => return trouble,
        Ok(None) => return sign_in_page(&app, &headers, &app.urls.credentials(&name), None),
        Ok(Some(held)) => held,
    };
    let call = open_call(&app, &headers, peer);
    let reference = call.request_id.clone();
    let found = match app.broker.role(&name).await {
        Ok(Some(role)) => app.broker.candidate(&call, &held.identity, role).await,
        Ok(None) => Ok(None),
        Err(error) => Err(error),
    };
    read_event(call, &held, "GetRole");
    match found {
        Err(error) => store_trouble(&app, &held, &error, &reference),
        Ok(Some(one)) if one.verdict.is_ok() => {
            credentials_page(&app, &held, &one.role, None, None, None)
        }
        Ok(Some(one)) if one.is_tellable() => {
            why_one(&app, &held, &one, &reference, StatusCode::FORBIDDEN)
        }
        Ok(_) => no_such_role(&app, &held, &reference),
    }
}

fn durations(role: &CachedRole, chosen: i64) -> Vec<DurationChoice> {
    let label = |seconds: i64| match seconds {
        900 => "15 minutes".to_owned(),
        3600 => "1 hour".to_owned(),
        other => format!("{} hours", other / 3600),
    };
    let longest = role.role.max_session_duration;
    let mut choices: Vec<i64> = [900, 3600, 4 * 3600, 8 * 3600, 12 * 3600]
        .into_iter()
        .filter(|seconds| *seconds <= longest)
        .collect();
    if !choices.contains(&chosen) && chosen <= longest && chosen % 3600 == 0 {
        choices.push(chosen);
    }
    choices
        .into_iter()
        .map(|seconds| DurationChoice {
            seconds: seconds.unsigned_abs(),
            label: label(seconds),
            selected: seconds == chosen,
        })
        .collect()
}

fn credentials_page(
    app: &App,
    held: &WebSession,
    role: &CachedRole,
    chosen: Option<i64>,
    issued: Option<Issued>,
    error: Option<String>,
) -> Response {
    let status = match error {
        Some(_) => StatusCode::FORBIDDEN,
        None => StatusCode::OK,
    };
    let alias = role.alias();
    let page = CredentialsPage {
        chrome: web_session::chrome(app, &alias, Some(held)),
        role_arn: role.role.arn.clone(),
        account: format!("{}, {}", role.account_name, role.role.account),
        durations: durations(role, chosen.unwrap_or(3600)),
        issued,
        // `aws login` is what would go here; until the broker speaks it, nothing is promised.
        config_block: String::new(),
        role_alias: alias,
        error,
    };
    page::html(status, page)
}

/// `POST /credentials`: issues.
pub async fn issue(
    State(app): State<Arc<App>>,
    session: Session,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let (mut call, held, name) = match asked(&app, &session, peer, &headers, &form).await {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    // What is no number is as wrong as a number out of range.
    let duration = form
        .get("duration")
        .map(|text| text.parse().unwrap_or_default());
    let request = ExchangeRequest {
        role: name.clone(),
        duration,
        ..ExchangeRequest::default()
    };
    let exchanged = app
        .broker
        .exchange(&mut call, &held.identity, request)
        .await;
    let done = match exchanged {
        Ok(done) => done,
        Err(error) => return refused(&app, call, &held, &name, error).await,
    };
    let issued = issued(&app, &call, &done);
    let reference = call.request_id.clone();
    if let Err(error) = call.granted(done.elements).await {
        tracing::error!(%error, "nothing is issued without a trace");
        let sentence = "The audit trail takes no events, so nothing is issued.";
        let status = web_session::UNAVAILABLE;
        let heading = "Not available just now";
        return error_page(&app, Some(&held), status, heading, sentence, &reference);
    }
    credentials_page(&app, &held, &done.role, duration, Some(issued), None)
}

/// What the two issuing forms have in common: a session, a genuine form, a role.
async fn asked(
    app: &App,
    session: &Session,
    peer: Peer,
    headers: &HeaderMap,
    form: &Form,
) -> Result<(Call, WebSession, String), Response> {
    let name = form.get("role").unwrap_or_default().to_owned();
    let Some(held) = signed_in(app, session).await? else {
        let target = app.urls.credentials(&name);
        let notice = "Your sign-in has ended. Sign in again to go on.";
        return Err(sign_in_page(app, headers, &target, Some(notice)));
    };
    let call = open_call(app, headers, peer);
    if !is_genuine(app, headers, &held.csrf, form.get("csrf")) {
        let reference = call.request_id.clone();
        let sentence = "It does not come from a page of this session. Reload and try again.";
        call.refused("AccessDenied", sentence, "web.csrf", None);
        let heading = "This form cannot be used";
        let status = StatusCode::FORBIDDEN;
        return Err(error_page(
            app,
            Some(&held),
            status,
            heading,
            sentence,
            &reference,
        ));
    }
    Ok((call, held, name))
}

async fn refused(
    app: &App,
    mut call: Call,
    held: &WebSession,
    name: &str,
    error: ExchangeError,
) -> Response {
    call.event.set("requestParameters", json!({ "role": name }));
    let reference = call.request_id.clone();
    let (reason, detail) = (error.reason(), error.detail());
    let tellable = error.tellable().map(|(_, role)| role.role.arn.clone());
    let unavailable = matches!(error, ExchangeError::Unavailable(_));
    if let Some(arn) = tellable
        && let Ok(Some(role)) = app.broker.role(&arn).await
        && let Ok(Some(candidate)) = app.broker.candidate(&call, &held.identity, role).await
    {
        call.refused(
            "AccessDenied",
            "The trust policy does not admit it.",
            reason,
            detail,
        );
        return why_one(app, held, &candidate, &reference, StatusCode::FORBIDDEN);
    }
    call.refused("AccessDenied", "No such role admits it.", reason, detail);
    match (unavailable, error) {
        (true, ExchangeError::Unavailable(error)) => store_trouble(app, held, &error, &reference),
        (_, ExchangeError::Duration) => error_page(
            app,
            Some(held),
            StatusCode::BAD_REQUEST,
            "No such duration",
            "Sessions last from 15 minutes to 12 hours.",
            &reference,
        ),
        _ => no_such_role(app, held, &reference),
    }
}

fn issued(app: &App, call: &Call, done: &Exchanged) -> Issued {
    let profile = profile(&done.role);
    let delivery = delivery(app, done, &profile);
    let tabs = [
        ("env", "macOS, Linux", Format::Env),
        ("windows-cmd", "Windows", Format::WindowsCmd),
        ("powershell", "PowerShell", Format::PowerShell),
        ("fish", "fish", Format::Fish),
        ("ini", "Profile", Format::Ini),
        ("dotenv", "File", Format::Dotenv),
        ("json", "JSON", Format::Json),
        ("process", "Process", Format::Process),
    ];
    let lines = |format| {
        let lines = delivery.lines(format).into_iter();
        lines
            .map(|line| {
                let parts = line.into_iter().map(|part| match part {
                    FormatPart::Plain(text) => Part::Plain(text),
                    FormatPart::Secret(text) => Part::Secret(text),
                });
                Line(parts.collect())
            })
            .collect()
    };
    let left = done.credentials.expires.unix_timestamp() - call.unix();
    Issued {
        access_key_id: done.credentials.access_key_id.clone(),
        expires: Time::at(done.credentials.expires),
        seconds_left: u64::try_from(left).unwrap_or(0),
        clamped: done.clamped.clone(),
        formats: tabs
            .into_iter()
            .map(|(id, label, format)| FormatTab {
                id: id.to_owned(),
                label: label.to_owned(),
                lines: lines(format),
            })
            .collect(),
    }
}

/// `POST /console-link`: credentials become a sign-in token, and the browser goes on to the console.
pub async fn console_link(
    State(app): State<Arc<App>>,
    session: Session,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let (mut call, held, name) = match asked(&app, &session, peer, &headers, &form).await {
        Ok(asked) => asked,
        Err(response) => return response,
    };
    let request = ExchangeRequest {
        role: name.clone(),
        ..ExchangeRequest::default()
    };
    let exchanged = app
        .broker
        .exchange(&mut call, &held.identity, request)
        .await;
    let done = match exchanged {
        Ok(done) => done,
        Err(error) => return refused(&app, call, &held, &name, error).await,
    };
    let now = call.unix();
    let credentials = &done.credentials;
    let token = credentials.session_token.expose();
    let opened = RoleSession::open(&app.ring, &credentials.access_key_id, token, now);
    let token = opened
        .ok()
        .and_then(|(session, _)| console_link::signin_token(&app.ring, &*app.random, session, now));
    let reference = call.request_id.clone();
    let closed = call.granted(done.elements).await;
    match (token, closed) {
        (Some(token), Ok(())) => {
            Redirect::to(&app.urls.federation_login(token.expose())).into_response()
        }
        _ => {
            tracing::error!(reference, "a console link could not be made");
            let heading = "Not available just now";
            let sentence = "This is our side's trouble, not yours. Try again in a moment.";
            let status = web_session::UNAVAILABLE;
            error_page(&app, Some(&held), status, heading, sentence, &reference)
        }
    }
}
