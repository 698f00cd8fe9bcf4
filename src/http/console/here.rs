//! The console session of one request: who looks at a page, and what they may see of it.

use std::sync::Arc;

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::access::authenticate::caller_of;
use crate::access::{Call, Caller, Denial};
use crate::app::App;
use crate::broker::console_link::ConsoleSession;
use crate::http::console::{COOKIE, ended_page};
use crate::http::form::Form;
use crate::http::layers::{Peer, open_call};
use crate::http::login::{cookie_of, full_name};
use crate::http::page;
use crate::http::pages::{Chrome, Time};
use crate::http::web_session::{chrome, is_genuine, moment};
use crate::iam::{self, Target};
use crate::store::StoreError;
use crate::store::cache::CachedRole;

/// A part of the console, as the navigation names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Who you are here.
    Overview,
    /// Roles.
    Roles,
    /// Users.
    Users,
    /// Groups.
    Groups,
    /// Managed policies.
    Policies,
    /// Identity providers.
    Providers,
    /// Cutting sessions off.
    Sessions,
}

/// Everything that stands in the navigation, in this order.
const SECTIONS: [(Section, &str, &str); 7] = [
    (Section::Overview, "Overview", "/console"),
    (Section::Roles, "Roles", "/console/roles"),
    (Section::Users, "Users", "/console/users"),
    (Section::Groups, "Groups", "/console/groups"),
    (Section::Policies, "Policies", "/console/policies"),
    (Section::Providers, "Providers", "/console/providers"),
    (Section::Sessions, "Sessions", "/console/sessions"),
];

/// A link of the navigation.
#[derive(Clone, Debug)]
pub struct NavLink {
    /// What it is called.
    pub label: &'static str,
    /// Where it leads.
    pub href: &'static str,
    /// Whether this page belongs to it.
    pub current: bool,
}

/// What every page of the console has around its content.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Guards the forms.
    pub csrf: String,
    /// The account's short name.
    pub account_name: String,
    /// The role's name, or the federated user's.
    pub role_name: String,
    /// When the credentials behind this console end.
    pub expires: Time,
    /// The navigation.
    pub nav: Vec<NavLink>,
}

impl Frame {
    /// Around a page of this section.
    pub fn new(opened: &Opened, section: Section) -> Frame {
        let session = &opened.held.session;
        let links = SECTIONS.iter().map(|(known, label, href)| NavLink {
            label,
            href,
            current: *known == section,
        });
        let role = opened.role.as_deref();
        Frame {
            csrf: opened.held.csrf.clone(),
            account_name: role
                .map_or_else(|| session.account.clone(), |role| role.account_name.clone()),
            role_name: session.role_name().to_owned(),
            expires: moment(session.expires_at),
            nav: links.collect(),
        }
    }
}

/// A console session that counts.
pub struct Opened {
    /// The cookie's content.
    pub held: ConsoleSession,
    /// The role, where it is still the one the session was made for.
    pub role: Option<Arc<CachedRole>>,
}

/// The console session that a browser holds, whether it counts or not.
pub(super) fn held(app: &App, headers: &HeaderMap) -> Option<ConsoleSession> {
    let cookie = cookie_of(headers, &full_name(app, COOKIE))?;
    ConsoleSession::open(&app.ring, &cookie)
}

fn try_again() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "Try again in a moment.\n").into_response()
}

/// The console session of a request, or the page that says that there is none.
pub(super) async fn open(app: &App, headers: &HeaderMap) -> Result<Opened, Response> {
    let none = || ended_page(app, None, StatusCode::FORBIDDEN);
    let held = held(app, headers).ok_or_else(none)?;
    let session = &held.session;
    let now = app.clock.unix();
    match held.is_signed_out(&app.store).await {
        Ok(false) => {}
        Ok(true) => return Err(none()),
        Err(error) => {
            tracing::error!(%error, "whether a console session was signed out could not be read");
            return Err(try_again());
        }
    }
    if now >= session.expires_at || app.cache.is_revoked(session) {
        let ended = session.expires_at.min(now);
        return Err(ended_page(app, Some(moment(ended)), StatusCode::FORBIDDEN));
    }
    let role = app.cache.role(&session.role_arn).await.map_err(|error| {
        tracing::error!(%error, "the role of a console session could not be read");
        try_again()
    })?;
    // A role made again under the same name is another role.
    let role = role.filter(|role| role.role.unique_id == session.role_id);
    Ok(Opened { held, role })
}

/// An action that the session would need.
#[derive(Clone, Debug)]
pub struct Missing {
    /// `iam:ListRoles`.
    pub action: String,
    /// On what.
    pub resource: String,
    /// AWS's half sentence: `because no identity-based policy allows the iam:ListRoles action`.
    pub because: String,
    reason: &'static str,
}

/// Why a page is not shown.
#[derive(Debug)]
pub enum Refused {
    /// The session may not see it.
    Missing(Missing),
    /// There is no such thing.
    Absent(String),
    /// The form does not come from a page of this session.
    Form,
    /// An operation of the API refused.
    Api(Box<Denial>),
    /// The store cannot be asked.
    Store(StoreError),
}

impl From<Denial> for Refused {
    fn from(denial: Denial) -> Refused {
        Refused::Api(Box::new(denial))
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Refused {
        Refused::Store(error)
    }
}

/// A page of the console while it is put together.
pub struct Here {
    /// The session.
    pub opened: Opened,
    /// As policies know it.
    pub caller: Caller,
    /// The request, and its audit event.
    pub call: Call,
    /// `responseElements` of the event.
    pub elements: Value,
    section: Section,
    writes: bool,
}

/// A page that was put together, or why not.
pub type Made = Result<Response, Refused>;

impl Here {
    /// Begins a page. `event` is the operation of the API that shows the same.
    pub async fn enter(
        app: &App,
        headers: &HeaderMap,
        peer: Peer,
        section: Section,
        event: &str,
    ) -> Result<Here, Response> {
        let opened = open(app, headers).await?;
        let session = opened.held.session.clone();
        let caller = caller_of(&app.cache, session).await.map_err(|error| {
            match error.status {
                503 => try_again(),
                // A user who is gone takes the sessions made for them along.
                _ => ended_page(app, None, StatusCode::FORBIDDEN),
            }
        })?;
        let mut call = open_call(app, headers, peer);
        call.about(event, true);
        call.event.set("eventSource", json!("iam.amazonaws.com"));
        call.event.set("userIdentity", caller.trail());
        call.event
            .set("recipientAccountId", json!(caller.account()));
        Ok(Here {
            opened,
            caller,
            call,
            elements: Value::Null,
            section,
            writes: false,
        })
    }

    /// Says that the page changes something: its event is on disk before the answer leaves.
    pub fn writes(&mut self) {
        self.writes = true;
    }

    /// The account that all of this is about.
    pub fn account(&self) -> &str {
        self.caller.account()
    }

    /// What is around a page.
    pub fn around(&self, app: &App, title: &str) -> (Chrome, Frame) {
        let mut chrome = chrome(app, title, None);
        chrome.request_id.clone_from(&self.call.request_id);
        (chrome, Frame::new(&self.opened, self.section))
    }

    /// Asks whether the session may do `action`, and if not, what is missing.
    pub async fn may(
        &self,
        app: &App,
        action: &str,
        target: Target<'_>,
    ) -> Result<Option<Missing>, StoreError> {
        let missing = |because: String, reason| Missing {
            action: action.to_owned(),
            resource: target.resource.to_owned(),
            because,
            reason,
        };
        if iam::may_use(&self.caller).is_err() {
            let because = "because IAM is closed to sessions of this kind".to_owned();
            return Ok(Some(missing(because, "iam.session")));
        }
        let judged = app
            .iam
            .judge(&self.call, &self.caller, action, &target)
            .await?;
        Ok(judged
            .err()
            .map(|refused| missing(refused.because, refused.refusal.reason)))
    }

    /// Like [`Here::may`], for a page that is nothing without it.
    pub async fn must(&self, app: &App, action: &str, target: Target<'_>) -> Result<(), Refused> {
        match self.may(app, action, target).await? {
            None => Ok(()),
            Some(missing) => Err(Refused::Missing(missing)),
        }
    }

    /// Whether a form was sent by a page of this session.
    pub fn genuine(&self, app: &App, headers: &HeaderMap, form: &Form) -> Result<(), Refused> {
        match is_genuine(app, headers, &self.opened.held.csrf, form.get("csrf")) {
            true => Ok(()),
            false => Err(Refused::Form),
        }
    }

    /// Ends the page: closes the audit event, and says why where there is nothing to show.
    pub async fn answer(self, app: &App, made: Made) -> Response {
        let (chrome, frame) = self.around(app, "Console");
        let reference = self.call.request_id.clone();
        let page = |status: StatusCode, heading: &str, sentence: &str, missing| {
            let page = RefusedPage {
                chrome: Chrome {
                    title: heading.to_owned(),
                    ..chrome.clone()
                },
                frame: frame.clone(),
                heading: heading.to_owned(),
                sentence: sentence.to_owned(),
                missing,
                reference: reference.clone(),
            };
            page::html(status, page)
        };
        match made {
            Ok(response) => {
                let closed = match self.writes {
                    true => self.call.granted(self.elements).await,
                    false => self.call.answered(self.elements),
                };
                match closed {
                    Ok(()) => response,
                    Err(error) => {
                        tracing::error!(%error, "a page of the console is missing in the audit trail");
                        try_again()
                    }
                }
            }
            Err(Refused::Missing(missing)) => {
                let message = format!("{} on {}", missing.action, missing.resource);
                self.call
                    .refused("AccessDenied", &message, missing.reason, None);
                let sentence = "Your session is fine. Its policies do not let it see this.";
                let heading = "Not for this session";
                page(StatusCode::FORBIDDEN, heading, sentence, Some(missing))
            }
            Err(Refused::Absent(what)) => {
                self.call
                    .refused("NoSuchEntity", &what, "iam.not_found", None);
                page(StatusCode::NOT_FOUND, "Nothing here", &what, None)
            }
            Err(Refused::Form) => {
                let sentence =
                    "It does not come from a page of this session. Reload and try again.";
                self.call
                    .refused("AccessDenied", sentence, "web.csrf", None);
                let heading = "This form cannot be used";
                page(StatusCode::FORBIDDEN, heading, sentence, None)
            }
            Err(Refused::Api(denial)) => {
                let status = StatusCode::from_u16(denial.error.status);
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let message = denial.error.message.to_string();
                self.call.refused_with(&denial.error, denial.detail);
                page(status, "That was refused", &message, None)
            }
            Err(Refused::Store(error)) => {
                tracing::error!(%error, reference, "the store could not be asked");
                let sentence = "This is our side's trouble, not yours. Try again in a moment.";
                self.call
                    .refused("ServiceUnavailable", "store", "unavailable", None);
                let heading = "Not available just now";
                page(StatusCode::SERVICE_UNAVAILABLE, heading, sentence, None)
            }
        }
    }
}

/// A page that is not shown, and why.
#[derive(Clone, Debug, Template)]
#[template(path = "console_refused.html")]
struct RefusedPage {
    chrome: Chrome,
    frame: Frame,
    heading: String,
    sentence: String,
    missing: Option<Missing>,
    reference: String,
}

/// A day in UTC, for moments long past: `2026-11-22`.
pub fn day(unix: i64) -> String {
    let iso = moment(unix).iso;
    iso.split('T').next().unwrap_or_default().to_owned()
}
