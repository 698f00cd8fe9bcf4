//! `/acme/*`: an OpenID provider for people (OpenID Connect Core 1.0, code flow with PKCE).
//!
//! ```text
//! authorize ─ no session, or prompt=login ─▶ the form ─▶ sign_in ─▶ code ─▶ token ─▶ ID token, access token
//!     └────── signed in here already ────────────────────────────────▲              └─▶ userinfo
//! ```

pub(super) mod authorize;
pub(super) mod discovery;
pub(super) mod end_session;
pub(super) mod sign_in;
pub(super) mod token;
pub(super) mod userinfo;

use axum::response::Response;
use serde_json::{Value, json};

use self::authorize::AuthorizeRequest;
use super::browser::see_other;
use super::memory::Remembered;
use super::sign_in::{Session, SignIns};
use super::{DemoIdp, Person};

const CODE_SECONDS: i64 = 60;
const TOKEN_SECONDS: i64 = 600;

/// What `acme` remembers.
pub(super) struct Memory {
    sign_ins: SignIns<AuthorizeRequest>,
    codes: Remembered<Code>,
    tokens: Remembered<String>,
}

/// An authorization code on its way.
#[derive(Clone)]
struct Code {
    request: AuthorizeRequest,
    session: Session,
}

impl Default for Memory {
    fn default() -> Memory {
        let cookies = ("demo_acme_session", "demo_acme_browser");
        Memory {
            sign_ins: SignIns::at(("Acme", "/acme"), cookies.0, cookies.1),
            codes: Remembered::for_seconds(CODE_SECONDS),
            tokens: Remembered::for_seconds(TOKEN_SECONDS),
        }
    }
}

impl Memory {
    pub(super) fn clear(&self) {
        self.sign_ins.clear();
        self.codes.clear();
        self.tokens.clear();
    }
}

/// What is said of a person, in ID tokens and at userinfo alike.
///
/// Every claim always, whatever the scope: the demo has nothing to hide, and a relying party is tested best by
/// more than it asked for.
fn claims_of(person: &Person) -> Value {
    json!({
        "sub": person.name,
        "name": person.display_name,
        "preferred_username": person.name,
        "email": person.email,
        "email_verified": true,
        "groups": person.groups,
    })
}

/// Sends the browser back to the relying party (RFC 6749 §4.1.2), with `state` and `iss` (RFC 9207).
fn send_back(idp: &DemoIdp, request: &AuthorizeRequest, answer: &[(&str, &str)]) -> Response {
    let mut target = request.redirect_uri.clone();
    {
        let mut query = target.query_pairs_mut();
        query.extend_pairs(answer);
        if let Some(state) = &request.state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", &idp.acme_issuer());
    }
    see_other(target.as_str())
}

fn send_code(idp: &DemoIdp, request: AuthorizeRequest, session: Session) -> Response {
    let shared = &idp.shared;
    let code = Code {
        request: request.clone(),
        session,
    };
    let code = shared.acme.codes.put(idp.unix(), &*shared.random, code);
    send_back(idp, &request, &[("code", &code)])
}
