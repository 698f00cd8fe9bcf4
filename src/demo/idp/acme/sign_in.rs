//! `POST /acme/sign-in`: name and password.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use subtle::ConstantTimeEq as _;

use super::authorize::AuthorizeRequest;
use super::{
    BROWSER_COOKIE, FORM_SECONDS, Form, SESSION_COOKIE, SESSION_SECONDS, Session, cookie,
    error_page, send_code, set_cookie,
};
use crate::clock::random_token;
use crate::demo::idp::layers::policy_with_form_to;
use crate::demo::idp::params::Params;
use crate::demo::idp::{DemoIdp, Person};
use crate::demo::pages::IdpSignInPage;
use crate::http::page::html;
use crate::secret::Secret;

/// Shows the form for the first time. It works in this browser, for this request, once, for ten minutes.
pub(super) fn show_form(idp: &DemoIdp, headers: &HeaderMap, request: AuthorizeRequest) -> Response {
    let shared = &idp.shared;
    let random = &*shared.random;
    let known = cookie(headers, BROWSER_COOKIE).filter(|known| known.len() == 43);
    let browser = known.unwrap_or_else(|| random_token(random, 32));
    let username = request.login_hint.clone().unwrap_or_default();
    let form = Form {
        request,
        csrf: random_token(random, 32),
        browser: browser.clone(),
    };
    let handle = shared.acme.forms.put(idp.unix(), random, form.clone());
    let mut response = form_page(idp, StatusCode::OK, &form, handle, username, None);
    // Written anew so that it lives as long as the form.
    set_cookie(&mut response, BROWSER_COOKIE, &browser, FORM_SECONDS);
    response
}

pub(in crate::demo::idp) async fn sign_in(
    State(idp): State<DemoIdp>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let memory = &idp.shared.acme;
    let now = idp.unix();
    let Ok(params) = Params::parse(&body) else {
        return error_page(
            StatusCode::BAD_REQUEST,
            "The form was sent with a field twice.",
        );
    };
    let field = |name| params.get(name).unwrap_or_default();
    let handle = field("request");
    let Some(form) = memory.forms.get(now, handle) else {
        return error_page(
            StatusCode::BAD_REQUEST,
            "This sign-in form is too old, or was used already. Go back to the application and start again.",
        );
    };
    let browser = cookie(&headers, BROWSER_COOKIE).unwrap_or_default();
    let fetch_site = headers.get("sec-fetch-site").map(|site| site.as_bytes());
    if !equal(&browser, &form.browser)
        || !equal(field("csrf"), &form.csrf)
        || !matches!(fetch_site, None | Some(b"same-origin" | b"none"))
    {
        return error_page(
            StatusCode::FORBIDDEN,
            "This sign-in form was not shown in this browser. Go back to the application and start again.",
        );
    }

    let username = field("username").trim();
    let person = idp.person(username);
    // All names that nobody has count as one, so that guessing names costs as much as guessing passwords.
    let counted = person.map_or("", |person| &person.name);
    let again = |status, error: &str| {
        let username = username.chars().take(100).collect();
        let handle = handle.to_owned();
        form_page(&idp, status, &form, handle, username, Some(error))
    };
    if !memory.may_try(now, counted) {
        let error = "Too many wrong passwords. Wait a minute and try again.";
        let mut response = again(StatusCode::TOO_MANY_REQUESTS, error);
        let wait = super::TRIES_SECONDS.into();
        response.headers_mut().insert(header::RETRY_AFTER, wait);
        return response;
    }
    let Some(person) = person.filter(|person| password_matches(Some(person), field("password")))
    else {
        password_matches(None, field("password"));
        memory.failed(now, counted);
        return again(
            StatusCode::FORBIDDEN,
            "That name and password do not go together.",
        );
    };
    memory.succeeded(counted);
    // Of two posts of one form, one goes on.
    let Some(form) = memory.forms.take(now, handle) else {
        return error_page(
            StatusCode::BAD_REQUEST,
            "This sign-in form was used already.",
        );
    };
    signed_in(&idp, &headers, person, form.request)
}

fn signed_in(
    idp: &DemoIdp,
    headers: &HeaderMap,
    person: &Person,
    request: AuthorizeRequest,
) -> Response {
    let sessions = &idp.shared.acme.sessions;
    let now = idp.unix();
    if let Some(before) = cookie(headers, SESSION_COOKIE) {
        sessions.take(now, &before);
    }
    let session = Session {
        person: person.name.clone(),
        auth_time: now,
    };
    let handle = sessions.put(now, &*idp.shared.random, session.clone());
    let mut response = send_code(idp, request, session);
    set_cookie(&mut response, SESSION_COOKIE, &handle, SESSION_SECONDS);
    response
}

fn form_page(
    idp: &DemoIdp,
    status: StatusCode,
    form: &Form,
    handle: String,
    username: String,
    error: Option<&str>,
) -> Response {
    let people = idp.shared.people.iter().map(|person| person.name.clone());
    let page = IdpSignInPage {
        idp_name: "Acme".to_owned(),
        client_name: form.request.client_id.clone(),
        action: "/acme/sign-in".to_owned(),
        csrf: form.csrf.clone(),
        username,
        error: error.map(str::to_owned),
        people: people.collect(),
        hidden: vec![("request".to_owned(), handle)],
    };
    let mut response = html(status, page);
    let policy = policy_with_form_to(&form.request.redirect_uri);
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// An unknown name costs the same comparison as a known one.
fn password_matches(person: Option<&Person>, password: &str) -> bool {
    let nobody = Secret::new(String::new());
    let expected = person.map_or(&nobody, |person| &person.password);
    expected.matches(password) && person.is_some()
}

fn equal(left: &str, right: &str) -> bool {
    bool::from(left.as_bytes().ct_eq(right.as_bytes()))
}
