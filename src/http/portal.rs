//! The portal: sign-in picker, accounts and roles, credentials, console links, and why not.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::{Extension, FromRequest, FromRequestParts, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde_json::json;
use tower_sessions::Session;

use crate::access::Call;
use crate::app::App;
use crate::broker::console_link;
use crate::broker::exchange::{ExchangeError, ExchangeRequest, Exchanged};
use crate::broker::roles::Candidate;
use crate::credentials::RoleSession;
use crate::credentials::format::{Delivery, Format, Part as FormatPart};
use crate::http::layers::{Peer, open_call};
use crate::http::login::{LAST_IDP, cookie_of, full_name};
use crate::http::page;
use crate::http::pages::{
    AccountRoles, Action, CredentialsPage, DurationChoice, ErrorPage, FormatTab, IdpButton, Issued,
    Line, Part, RoleRow, RolesPage, SignInPage, Time, WhyCondition, WhyPage, WhyRole, WhyStatement,
};
use crate::http::query;
use crate::http::web_session::{self, WebSession, is_genuine};
use crate::idp::pending::safe_return;
use crate::policy::{Effect, ExplainedCondition};
use crate::store::cache::CachedRole;

/// The region of the snippets: the embedded STS answers for every one.
pub const REGION: &str = "us-east-1";

/// A form that a page sent: bounded, each field at most once.
pub struct Form(Vec<(String, String)>);

impl Form {
    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl Form {
    /// All fields.
    pub fn into_fields(self) -> Vec<(String, String)> {
        self.0
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
    fn read(text: &[u8]) -> Result<Form, (StatusCode, &'static str)> {
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
pub struct Link(Form);

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

/// Who is signed in, or the page that says why that cannot be told.
async fn signed_in(app: &App, session: &Session) -> Result<Option<WebSession>, Response> {
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

fn error_page(
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

fn sign_in_page(app: &App, headers: &HeaderMap, target: &str, notice: Option<&str>) -> Response {
    let last = cookie_of(headers, &full_name(app, LAST_IDP));
    let target = safe_return(Some(target));
    let buttons = app.idps.iter().map(|idp| {
        let config = idp.config();
        IdpButton {
            id: config.id.clone(),
            name: config.name.clone(),
            href: app.urls.login(&config.id, &target),
            last_used: last.as_deref() == Some(&config.id),
            problem: idp.problem().map(|_| "did not answer last time".to_owned()),
        }
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

fn store_trouble(
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

fn read_event(mut call: Call, held: &WebSession, name: &str) {
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

/// `GET /credentials?role=`: asks; never issues.
pub async fn credentials(
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

fn no_such_role(app: &App, held: &WebSession, reference: &str) -> Response {
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
    let alias = done.role.alias();
    let profile = alias.replace('/', "-").to_lowercase();
    let delivery = Delivery {
        credentials: &done.credentials,
        account: &done.role.role.account,
        role_arn: &done.role.role.arn,
        session_arn: &done.session_arn,
        region: REGION,
        endpoint: Some(app.urls.origin()),
        profile: &profile,
        clamped: done.clamped.as_deref(),
    };
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

/// `GET /why`: every candidate role, or one, with every condition.
pub async fn why(
    State(app): State<Arc<App>>,
    session: Session,
    wanted: Link,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Response {
    let held = match signed_in(&app, &session).await {
        Err(trouble) => return trouble,
        Ok(None) => {
            let target = match wanted.get("role") {
                Some(role) => app.urls.why(role),
                None => "/why".to_owned(),
            };
            return sign_in_page(&app, &headers, &target, None);
        }
        Ok(Some(held)) => held,
    };
    let call = open_call(&app, &headers, peer);
    let reference = call.request_id.clone();
    let found = match wanted.get("role") {
        Some(name) => match app.broker.role(name).await {
            Ok(Some(role)) => app.broker.candidate(&call, &held.identity, role).await,
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        }
        .map(|candidate| candidate.into_iter().collect()),
        None => {
            let all = app.broker.candidates(&call, &held.identity, true).await;
            all.map(|candidates| candidates.0)
        }
    };
    read_event(call, &held, "ExplainRoles");
    let candidates: Vec<Candidate> = match found {
        Ok(candidates) => candidates,
        Err(error) => return store_trouble(&app, &held, &error, &reference),
    };
    // What a role keeps to itself, and what does not know this provider, is not there.
    let mut tellable: Vec<Candidate> = candidates
        .into_iter()
        .filter(Candidate::is_tellable)
        .collect();
    match (wanted.get("role"), tellable.as_slice()) {
        (Some(_), [one]) => why_one(&app, &held, one, &reference, StatusCode::OK),
        (Some(_), _) => no_such_role(&app, &held, &reference),
        (None, _) => {
            tellable.sort_by_key(|candidate| candidate.verdict.is_ok());
            let roles: Vec<WhyRole> = tellable.iter().map(why_role).collect();
            let lead = match roles.is_empty() {
                true => "Your sign-in is fine. No role names your identity provider.",
                false => "Your sign-in is fine. This is what each role's trust policy says to it.",
            };
            why_page(
                &app,
                &held,
                "Which roles, and why",
                lead,
                roles,
                &reference,
                StatusCode::OK,
            )
        }
    }
}

fn why_one(
    app: &App,
    held: &WebSession,
    candidate: &Candidate,
    reference: &str,
    status: StatusCode,
) -> Response {
    let alias = candidate.role.alias();
    let role = why_role(candidate);
    let (heading, lead) = match &candidate.verdict {
        Ok(()) => (
            format!("Why {alias}?"),
            "The role's trust policy admits you; every condition holds.".to_owned(),
        ),
        Err(_) => {
            let failing = role
                .statements
                .iter()
                .flat_map(|statement| &statement.conditions);
            let failed = failing.filter(|condition| !condition.held).count();
            let count = match failed {
                0 => "no statement is for you".to_owned(),
                1 => "one condition failed".to_owned(),
                more => format!("{more} conditions failed"),
            };
            (
                format!("Why not {alias}?"),
                format!(
                    "Your sign-in is fine. The role's trust policy did not admit you; {count}."
                ),
            )
        }
    };
    why_page(app, held, &heading, &lead, vec![role], reference, status)
}

fn why_page(
    app: &App,
    held: &WebSession,
    heading: &str,
    lead: &str,
    roles: Vec<WhyRole>,
    reference: &str,
    status: StatusCode,
) -> Response {
    let again = app
        .idps
        .iter()
        .find(|idp| idp.config().id == held.identity.provider);
    let mut chrome = web_session::chrome(app, heading, Some(held));
    chrome.request_id = reference.to_owned();
    let page = WhyPage {
        chrome,
        heading: heading.to_owned(),
        lead: lead.to_owned(),
        roles,
        again_href: again.map(|idp| app.urls.login(&idp.config().id, "/why")),
        reference: reference.to_owned(),
    };
    page::html(status, page)
}

fn why_role(candidate: &Candidate) -> WhyRole {
    let mut statements = Vec::new();
    let mut help = None;
    let explained = candidate.explanation.iter().flat_map(|e| &e.policies);
    for statement in explained.flat_map(|policy| &policy.statements) {
        if statement.principal_matched != Some(true) || !statement.action_matched {
            continue;
        }
        let verb = match statement.effect {
            Effect::Allow => "allows",
            Effect::Deny => "denies",
        };
        let name = match &statement.sid {
            Some(sid) => format!("Statement {} ({sid})", statement.index + 1),
            None => format!("Statement {}", statement.index + 1),
        };
        let failing = statement
            .conditions
            .iter()
            .find(|condition| !condition.held);
        if candidate.verdict.is_err() && statement.effect == Effect::Allow && help.is_none() {
            help = failing.and_then(what_would_help);
        }
        statements.push(WhyStatement {
            title: format!("{name} {verb} your identity provider"),
            conditions: statement.conditions.iter().map(why_condition).collect(),
        });
    }
    WhyRole {
        alias: candidate.role.alias(),
        arn: candidate.role.role.arn.clone(),
        summary: match &candidate.verdict {
            Ok(()) => "Admits you.".to_owned(),
            Err(refusal) if refusal.reason == "trust.denied" => "Denies you.".to_owned(),
            Err(_) => "Does not admit you.".to_owned(),
        },
        statements,
        help,
    }
}

fn why_condition(condition: &ExplainedCondition) -> WhyCondition {
    let wanted: Vec<&str> = condition
        .wanted
        .iter()
        .map(|value| value.substituted.as_deref().unwrap_or(&value.written))
        .collect();
    WhyCondition {
        held: condition.held,
        key: condition.key.clone(),
        operator: condition.operator.clone(),
        wanted: wanted.join(" or "),
        seen: condition
            .seen
            .as_ref()
            .map(|seen| seen.join(", "))
            .unwrap_or_default(),
    }
}

fn what_would_help(failing: &ExplainedCondition) -> Option<String> {
    let claim = failing.key.rsplit(':').next()?;
    let wanted: Vec<&str> = failing
        .wanted
        .iter()
        .map(|value| value.written.as_str())
        .collect();
    match claim {
        "groups" => Some(format!(
            "Being in the group {}. Group changes count from your next sign-in.",
            wanted.join(" or ")
        )),
        _ => None,
    }
}
