//! The portal's front: sign-in picker, accounts and roles. Credentials and console links are in
//! `credentials`, the explanations in `why`.

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};
use serde_json::json;
use tower_sessions::Session;

use crate::access::Call;
use crate::app::App;
use crate::http::form::Link;
use crate::http::layers::{Peer, open_call};
use crate::http::login::{LAST_IDP, cookie_of, full_name};
use crate::http::page;
use crate::http::pages::{
    AccountRoles, Action, ErrorPage, IdpButton, RoleRow, RolesPage, SignInPage,
};
use crate::http::query;
use crate::http::web_session::{self, WebSession};
use crate::idp::pending::safe_return;
use crate::store::cache::CachedRole;

/// Who is signed in, or the page that says why that cannot be told.
pub(super) async fn signed_in(
    app: &App,
    session: &Session,
) -> Result<Option<WebSession>, Response> {
    let held = web_session::current(app, session).await;
    held.map_err(|_| {
        error_page(
            app,
            None,
            web_session::UNAVAILABLE,
            "Not available just now",
            "This is our side's trouble, not yours. Try again in a moment.",
            "",
        )
    })
}

pub(super) fn error_page(
    app: &App,
    held: Option<&WebSession>,
    status: StatusCode,
    heading: &str,
    sentence: &str,
    reference: &str,
) -> Response {
    let mut chrome = web_session::chrome(app, heading, held);
    chrome.request_id = reference.to_owned();
    let page = ErrorPage {
        chrome,
        status: status.as_u16(),
        heading: heading.to_owned(),
        sentence: sentence.to_owned(),
        hint: None,
        reference: reference.to_owned(),
        action: Some(Action {
            label: "To your roles".to_owned(),
            href: "/".to_owned(),
        }),
    };
    page::html(status, page)
}

/// `GET /`: the query door for programs, the picker or the roles for people.
pub async fn front(
    State(app): State<Arc<App>>,
    session: Session,
    Extension(peer): Extension<Peer>,
    request: Request,
) -> Response {
    if request.uri().query().is_some_and(query::is_api_request) {
        return query::answer(&app, peer, request).await;
    }
    match signed_in(&app, &session).await {
        Err(trouble) => trouble,
        Ok(None) => sign_in_page(&app, request.headers(), "/", None),
        Ok(Some(held)) => {
            let call = open_call(&app, request.headers(), peer);
            roles_page(&app, call, &held).await
        }
    }
}

/// `GET /start`: the front page under the name that links use.
pub async fn start() -> Redirect {
    Redirect::to("/")
}

/// `GET /go?account=&role=`: a deep link to a role's credentials.
pub async fn go(
    State(app): State<Arc<App>>,
    session: Session,
    wanted: Link,
    headers: HeaderMap,
) -> Response {
    let Some(role) = wanted.get("role") else {
        return Redirect::to("/").into_response();
    };
    let name = match wanted.get("account") {
        Some(account) if account.bytes().all(|b| b.is_ascii_digit()) => {
            format!("arn:aws:iam::{account}:role/{role}")
        }
        Some(account) => format!("{account}/{role}"),
        None => role.to_owned(),
    };
    let target = app.urls.credentials(&name);
    match signed_in(&app, &session).await {
        Err(trouble) => trouble,
        Ok(None) => sign_in_page(&app, &headers, &target, None),
        Ok(Some(_)) => Redirect::to(&target).into_response(),
    }
}

pub(super) fn sign_in_page(
    app: &App,
    headers: &HeaderMap,
    target: &str,
    notice: Option<&str>,
) -> Response {
    let last = cookie_of(headers, &full_name(app, LAST_IDP));
    let target = safe_return(Some(target));
    let buttons = app.idps.iter().map(|idp| IdpButton {
        id: idp.id().to_owned(),
        name: idp.name().to_owned(),
        href: app.urls.login(idp.id(), &target),
        last_used: last.as_deref() == Some(idp.id()),
        problem: idp.problem().map(|_| "did not answer last time".to_owned()),
    });
    let people = "ann, bob or eve; the password is the name";
    let page = SignInPage {
        chrome: web_session::chrome(app, "Sign in", None),
        idps: buttons.collect(),
        notice: notice.map(str::to_owned),
        demo_hint: app.config.demo.then(|| people.to_owned()),
    };
    page::html(StatusCode::OK, page)
}

async fn roles_page(app: &App, call: Call, held: &WebSession) -> Response {
    let found = app.broker.candidates(&call, &held.identity, false).await;
    // Looking at one's own roles decides nothing; the event says that the list was read.
    let reference = call.request_id.clone();
    read_event(call, held, "ListAccountRoles");
    let candidates = match found {
        Ok(candidates) => candidates,
        Err(error) => return store_trouble(app, held, &error, &reference),
    };
    let mut accounts: Vec<AccountRoles> = Vec::new();
    let mut total = 0;
    for role in candidates.offered() {
        total += 1;
        let row = role_row(app, role);
        match accounts
            .iter_mut()
            .find(|account| account.id == role.role.account)
        {
            Some(account) => account.roles.push(row),
            None => accounts.push(AccountRoles {
                id: role.role.account.clone(),
                name: role.account_name.clone(),
                roles: vec![row],
            }),
        }
    }
    let page = RolesPage {
        chrome: web_session::chrome(app, "Your roles", Some(held)),
        accounts,
        total,
        missing_href: "/why".to_owned(),
    };
    page::html(StatusCode::OK, page)
}

fn role_row(app: &App, role: &CachedRole) -> RoleRow {
    let alias = role.alias();
    RoleRow {
        name: role.role.name.clone(),
        arn: role.role.arn.clone(),
        description: role.role.description.clone(),
        production: role.role.production,
        href_credentials: app.urls.credentials(&alias),
        explain_href: app.urls.why(&alias),
        alias,
    }
}

pub(super) fn store_trouble(
    app: &App,
    held: &WebSession,
    error: &crate::store::StoreError,
    reference: &str,
) -> Response {
    tracing::error!(%error, reference, "the store could not be asked");
    let sentence = "This is our side's trouble, not yours. Try again in a moment.";
    let heading = "Not available just now";
    error_page(
        app,
        Some(held),
        web_session::UNAVAILABLE,
        heading,
        sentence,
        reference,
    )
}

pub(super) fn read_event(mut call: Call, held: &WebSession, name: &str) {
    call.about(name, true);
    call.event.set("eventSource", json!("sso.amazonaws.com"));
    call.event.set(
        "userIdentity",
        crate::broker::exchange::trail(&held.identity),
    );
    if let Err(error) = call.answered(json!(null)) {
        tracing::error!(%error, "a read is missing in the audit trail");
    }
}

pub(super) fn no_such_role(app: &App, held: &WebSession, reference: &str) -> Response {
    let sentence = "Your sign-in is fine, but no role of this name admits you.";
    let status = StatusCode::FORBIDDEN;
    error_page(
        app,
        Some(held),
        status,
        "No such role for you",
        sentence,
        reference,
    )
}
