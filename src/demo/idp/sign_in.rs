//! Signing in with name and password, at `acme` and at `contoso`: the form and its guards, and who is signed in.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use subtle::ConstantTimeEq as _;
use url::Url;

use super::browser::{cookie, error_page, set_cookie};
use super::layers::policy_with_form_to;
use super::memory::Remembered;
use super::params::Params;
use super::{DemoIdp, Person};
use crate::clock::random_token;
use crate::demo::pages::IdpSignInPage;
use crate::http::page::html;
use crate::secret::Secret;

/// How long somebody stays signed in.
pub(super) const SESSION_SECONDS: i64 = 8 * 3600;
const FORM_SECONDS: i64 = 600;
/// Wrong passwords for one name before it has to wait ...
const TRIES: u32 = 10;
/// ... until this many seconds after the first of them.
const TRIES_SECONDS: i64 = 60;

/// What somebody signs in for: a request in which everything was checked.
pub(super) trait Errand: Clone {
    /// Who asks for it.
    fn client_name(&self) -> &str;

    /// The name to fill in.
    fn login_hint(&self) -> Option<&str> {
        None
    }

    /// Where the answer to the form redirects, if it does.
    fn redirects_to(&self) -> Option<&Url> {
        None
    }
}

/// The door of one provider. Its paths are `{path}/sign-in` and whatever leads there.
pub(super) struct SignIns<E> {
    /// What the provider is called: `Acme`.
    name: &'static str,
    /// Where it lives: `/acme`.
    path: &'static str,
    /// The cookie of somebody who is signed in. Cookies know no ports: the name must not be one of the broker's.
    session_cookie: &'static str,
    /// The cookie that ties a form to the browser it was shown in.
    browser_cookie: &'static str,
    forms: Remembered<Form<E>>,
    sessions: Remembered<Session>,
    /// By name: since when, and how many wrong passwords. Only names of people are kept, and one for all others.
    failures: Mutex<HashMap<String, (i64, u32)>>,
}

/// A sign-in form that was shown.
#[derive(Clone)]
struct Form<E> {
    errand: E,
    csrf: String,
    browser: String,
}

/// Somebody is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) person: String,
    pub(super) auth_time: i64,
    /// What others may know it by: no secret.
    pub(super) index: String,
}

/// Somebody has just signed in; the answer still has to bring the cookie, by [`SignIns::remember`].
pub(super) struct Welcome<E> {
    pub(super) errand: E,
    pub(super) session: Session,
    /// What the cookie is to hold.
    pub(super) handle: String,
}

/// Why a password was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Name and password do not go together.
    Wrong,
    /// Too many wrong ones of late.
    TooMany,
}

impl<E: Errand> SignIns<E> {
    /// Nobody is signed in yet.
    pub(super) fn at(
        (name, path): (&'static str, &'static str),
        session_cookie: &'static str,
        browser_cookie: &'static str,
    ) -> SignIns<E> {
        SignIns {
            name,
            path,
            session_cookie,
            browser_cookie,
            forms: Remembered::for_seconds(FORM_SECONDS),
            sessions: Remembered::for_seconds(SESSION_SECONDS),
            failures: Mutex::default(),
        }
    }

    pub(super) fn clear(&self) {
        self.forms.clear();
        self.sessions.clear();
        self.lock_failures().clear();
    }

    /// Who is signed in in this browser.
    pub(super) fn session(&self, now: i64, headers: &HeaderMap) -> Option<Session> {
        self.sessions
            .get(now, &cookie(headers, self.session_cookie)?)
    }

    /// Ends what there is in this browser; the answer still has to say so to the browser, by [`SignIns::forget`].
    pub(super) fn sign_out(&self, now: i64, headers: &HeaderMap) -> Option<Session> {
        self.sessions
            .take(now, &cookie(headers, self.session_cookie)?)
    }

    /// Ends every session of which this is true.
    pub(super) fn end_where(&self, is_over: impl Fn(&Session) -> bool) {
        self.sessions.remove_where(is_over);
    }

    /// Takes the cookie away.
    pub(super) fn forget(&self, response: &mut Response) {
        set_cookie(response, (self.session_cookie, self.path), "", 0);
    }

    /// Gives the cookie to somebody who has just signed in.
    pub(super) fn remember(&self, response: &mut Response, handle: &str) {
        let cookie = (self.session_cookie, self.path);
        set_cookie(response, cookie, handle, SESSION_SECONDS);
    }

    /// Shows the form for the first time. It works in this browser, for this errand, once, for ten minutes.
    pub(super) fn show_form(&self, idp: &DemoIdp, headers: &HeaderMap, errand: E) -> Response {
        let random = &*idp.shared.random;
        let known = cookie(headers, self.browser_cookie).filter(|known| known.len() == 43);
        let browser = known.unwrap_or_else(|| random_token(random, 32));
        let username = errand.login_hint().unwrap_or_default().to_owned();
        let form = Form {
            errand,
            csrf: random_token(random, 32),
            browser: browser.clone(),
        };
        let handle = self.forms.put(idp.unix(), random, form.clone());
        let mut response = self.form_page(idp, StatusCode::OK, &form, handle, username, None);
        // Written anew so that it lives as long as the form.
        let cookie = (self.browser_cookie, self.path);
        set_cookie(&mut response, cookie, &browser, FORM_SECONDS);
        response
    }

    /// Takes a form that was sent: somebody is signed in, or the browser gets this answer.
    pub(super) fn take_form(
        &self,
        idp: &DemoIdp,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Welcome<E>, Box<Response>> {
        let refuse = |status, sentence: &str| Box::new(error_page(status, sentence));
        let now = idp.unix();
        let Ok(params) = Params::parse(body) else {
            let sentence = "The form was sent with a field twice.";
            return Err(refuse(StatusCode::BAD_REQUEST, sentence));
        };
        let field = |name| params.get(name).unwrap_or_default();
        let handle = field("request");
        let Some(form) = self.forms.get(now, handle) else {
            return Err(refuse(
                StatusCode::BAD_REQUEST,
                "This sign-in form is too old, or was used already. Go back to the application and start again.",
            ));
        };
        let browser = cookie(headers, self.browser_cookie).unwrap_or_default();
        let fetch_site = headers.get("sec-fetch-site").map(|site| site.as_bytes());
        if !equal(&browser, &form.browser)
            || !equal(field("csrf"), &form.csrf)
            || !matches!(fetch_site, None | Some(b"same-origin" | b"none"))
        {
            return Err(refuse(
                StatusCode::FORBIDDEN,
                "This sign-in form was not shown in this browser. Go back to the application and start again.",
            ));
        }
        let username = field("username").trim();
        let again = |status, error: &str| {
            let username = username.chars().take(100).collect();
            self.form_page(idp, status, &form, handle.to_owned(), username, Some(error))
        };
        let person = match self.check(idp, username, field("password")) {
            Ok(person) => person,
            Err(Refused::Wrong) => {
                let error = "That name and password do not go together.";
                return Err(Box::new(again(StatusCode::FORBIDDEN, error)));
            }
            Err(Refused::TooMany) => {
                let error = "Too many wrong passwords. Wait a minute and try again.";
                let mut response = again(StatusCode::TOO_MANY_REQUESTS, error);
                let wait = TRIES_SECONDS.into();
                response.headers_mut().insert(header::RETRY_AFTER, wait);
                return Err(Box::new(response));
            }
        };
        // Of two posts of one form, one goes on.
        let Some(form) = self.forms.take(now, handle) else {
            let sentence = "This sign-in form was used already.";
            return Err(refuse(StatusCode::BAD_REQUEST, sentence));
        };
        self.sign_out(now, headers);
        let random = &*idp.shared.random;
        let session = Session {
            person: person.name.clone(),
            auth_time: now,
            index: random_token(random, 16),
        };
        Ok(Welcome {
            errand: form.errand,
            handle: self.sessions.put(now, random, session.clone()),
            session,
        })
    }

    /// Whose name and password these are. Who guesses has to wait after some guesses.
    pub(super) fn check<'a>(
        &self,
        idp: &'a DemoIdp,
        name: &str,
        password: &str,
    ) -> Result<&'a Person, Refused> {
        let now = idp.unix();
        let person = idp.person(name);
        // All names that nobody has count as one, so that guessing names costs as much as guessing passwords.
        let counted = person.map_or("", |person| &person.name);
        if !self.may_try(now, counted) {
            return Err(Refused::TooMany);
        }
        // An unknown name costs the same comparison as a known one.
        let nobody = Secret::new(String::new());
        let expected = person.map_or(&nobody, |person| &person.password);
        let matches = expected.matches(password);
        match person.filter(|_| matches) {
            Some(person) => {
                self.lock_failures().remove(counted);
                Ok(person)
            }
            None => {
                self.failed(now, counted);
                Err(Refused::Wrong)
            }
        }
    }

    fn form_page(
        &self,
        idp: &DemoIdp,
        status: StatusCode,
        form: &Form<E>,
        handle: String,
        username: String,
        error: Option<&str>,
    ) -> Response {
        let people = idp.shared.people.iter().map(|person| person.name.clone());
        let page = IdpSignInPage {
            idp_name: self.name.to_owned(),
            client_name: form.errand.client_name().to_owned(),
            action: format!("{}/sign-in", self.path),
            csrf: form.csrf.clone(),
            username,
            error: error.map(str::to_owned),
            people: people.collect(),
            hidden: vec![("request".to_owned(), handle)],
        };
        let mut response = html(status, page);
        if let Some(target) = form.errand.redirects_to() {
            let policy = policy_with_form_to(target);
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }

    /// Whether another password may be tried for `name`.
    fn may_try(&self, now: i64, name: &str) -> bool {
        match self.lock_failures().get(name) {
            Some((since, count)) => now >= since + TRIES_SECONDS || *count < TRIES,
            None => true,
        }
    }

    fn failed(&self, now: i64, name: &str) {
        let mut failures = self.lock_failures();
        let (since, count) = failures.entry(name.to_owned()).or_insert((now, 0));
        if now >= *since + TRIES_SECONDS {
            (*since, *count) = (now, 0);
        }
        *count += 1;
    }

    fn lock_failures(&self) -> std::sync::MutexGuard<'_, HashMap<String, (i64, u32)>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn equal(left: &str, right: &str) -> bool {
    bool::from(left.as_bytes().ct_eq(right.as_bytes()))
}
