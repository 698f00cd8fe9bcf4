//! The portal's session: a cookie, a sealed record in the store, and the checks on forms.
//!
//! Reference: security.md WEB-1 and WEB-2. The cookie is sealed as well: an id that we did not hand out is
//! never looked up.

use std::sync::Arc;

use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tower_sessions::cookie::{Key, SameSite};
use tower_sessions::service::PrivateCookie;
use tower_sessions::{Expiry, Session, SessionManagerLayer};

use crate::app::App;
use crate::clock::{random_bytes, random_token};
use crate::http::layers::is_cross_site;
use crate::http::pages::{Chrome, SignedIn, Time};
use crate::identity::Identity;
use crate::seal::Purpose;
use crate::secret::Secret;
use crate::store::web_sessions::WebSessionStore;

/// Without a request for this long, the session is over.
const IDLE: time::Duration = time::Duration::hours(1);
const LOGIN: &str = "login";
/// When the session was last seen, to within [`SEEN_SECONDS`].
const SEEN: &str = "seen";
const SEEN_SECONDS: i64 = 300;

/// What the session holds: who signed in, and the token that guards the forms.
#[derive(Clone, Serialize, Deserialize)]
pub struct WebSession {
    /// Who, by evidence verified at sign-in.
    pub identity: Identity,
    /// Name of the identity provider, for the bar.
    pub idp_name: String,
    /// 256 random bits.
    pub csrf: String,
}

/// The sessions in the store, sealed.
pub fn store(app: &App) -> WebSessionStore {
    let (ring, random) = (app.ring.clone(), app.random.clone());
    let seal = move |body: &[u8]| {
        let salt = random_bytes(&*random);
        // What cannot be sealed is stored as nothing, which opens as no session.
        ring.seal(Purpose::WebSession, b"", body, salt)
            .unwrap_or_default()
    };
    let ring = app.ring.clone();
    let open = move |sealed: &[u8]| {
        let opened = ring.open(Purpose::WebSession, b"", sealed).ok();
        opened.map(|(body, _)| body)
    };
    WebSessionStore::new(
        app.store.clone(),
        app.clock.clone(),
        Arc::new(seal),
        Arc::new(open),
    )
}

/// The cookie layer for people's paths.
pub fn layer(app: &App) -> SessionManagerLayer<WebSessionStore, PrivateCookie> {
    let secure = app.urls.secure();
    SessionManagerLayer::new(store(app))
        .with_private(cookie_key(app))
        .with_name(if secure {
            "__Host-drawbridge"
        } else {
            "drawbridge"
        })
        .with_secure(secure)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(IDLE))
}

/// Cookies are sealed with the oldest key of the ring, so that a promotion ends no session.
fn cookie_key(app: &App) -> Key {
    use sha2::{Digest, Sha512};
    let key = app.ring.key(app.ring.oldest(), Purpose::WebCookie);
    let bytes = Sha512::digest(key.map(Secret::expose).map_or(&[][..], |key| key));
    Key::from(&bytes)
}

/// Trouble with the session's store.
pub struct SessionTrouble;

/// The session of a request, if somebody is signed in and the sign-in still counts.
pub async fn current(app: &App, session: &Session) -> Result<Option<WebSession>, SessionTrouble> {
    let found: Option<WebSession> = session.get(LOGIN).await.map_err(|error| {
        tracing::error!(%error, "web sessions cannot be read");
        SessionTrouble
    })?;
    match found {
        Some(found) if counts(app, &found.identity) => {
            keep_alive(session, app.clock.now()).await?;
            Ok(Some(found))
        }
        Some(_) => {
            end(session).await?;
            Ok(None)
        }
        None => Ok(None),
    }
}

/// Whether a sign-in still counts: it has not ended, and nobody cut it off.
fn counts(app: &App, identity: &Identity) -> bool {
    let (issuer, subject) = (&identity.issuer, &identity.subject);
    app.clock.unix() < identity.valid_until
        && !app.cache.is_cut_off(issuer, subject, identity.issued_at)
}

/// Counts a request as activity. The layer stores a session, and with it a later end, only where something
/// in it changed; every five minutes is often enough.
async fn keep_alive(session: &Session, now: OffsetDateTime) -> Result<(), SessionTrouble> {
    let unix = now.unix_timestamp();
    let kept = async {
        let seen: Option<i64> = session.get(SEEN).await?;
        match seen {
            Some(seen) if unix - seen < SEEN_SECONDS => Ok(()),
            _ => {
                end_when_idle(session, now);
                session.insert(SEEN, unix).await
            }
        }
    };
    kept.await.map_err(|error| {
        tracing::error!(%error, "a web session cannot be kept alive");
        SessionTrouble
    })
}

/// The end by our own clock; the layer would take the system's.
fn end_when_idle(session: &Session, now: OffsetDateTime) {
    session.set_expiry(Some(Expiry::AtDateTime(now + IDLE)));
}

/// Signs somebody in: always under a new id, so that an id set beforehand is worth nothing.
pub async fn begin(
    app: &App,
    session: &Session,
    identity: Identity,
    idp_name: String,
) -> Result<(), SessionTrouble> {
    let begun = async {
        session.clear().await;
        session.cycle_id().await?;
        end_when_idle(session, app.clock.now());
        let held = WebSession {
            identity,
            idp_name,
            csrf: random_token(&*app.random, 32),
        };
        session.insert(LOGIN, held).await?;
        session.save().await
    };
    begun.await.map_err(|error| {
        tracing::error!(%error, "a web session cannot be stored");
        SessionTrouble
    })
}

/// Signs out: the record is deleted and the cookie removed.
pub async fn end(session: &Session) -> Result<(), SessionTrouble> {
    session.flush().await.map_err(|error| {
        tracing::error!(%error, "a web session cannot be deleted");
        SessionTrouble
    })
}

/// Whether a form was sent by a page of ours in this session.
pub fn is_genuine(app: &App, headers: &HeaderMap, expected: &str, csrf: Option<&str>) -> bool {
    // Neither header: no browser of today, and no proof of where the form came from.
    let told = headers.contains_key("sec-fetch-site") || headers.contains_key("origin");
    let given = Secret::new(csrf.unwrap_or_default().to_owned());
    told && !is_cross_site(app, headers) && given == Secret::new(expected.to_owned())
}

/// What is around a page.
pub fn chrome(app: &App, title: &str, held: Option<&WebSession>) -> Chrome {
    Chrome {
        title: title.to_owned(),
        product_version: version(),
        demo: app.config.demo,
        insecure: !app.urls.secure(),
        signed_in: held.map(|held| SignedIn {
            name: held.identity.display_name.clone(),
            idp_name: held.idp_name.clone(),
            until: moment(held.identity.valid_until),
            csrf: held.csrf.clone(),
        }),
        request_id: String::new(),
    }
}

/// Major and minor.
fn version() -> String {
    let mut parts = env!("CARGO_PKG_VERSION").split('.');
    let (major, minor) = (parts.next(), parts.next());
    format!("{}.{}", major.unwrap_or("0"), minor.unwrap_or("0"))
}

/// A moment for a page.
pub fn moment(unix: i64) -> Time {
    OffsetDateTime::from_unix_timestamp(unix).map_or_else(|_| Time::default(), Time::at)
}

/// 503, where the store is the trouble.
pub const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;
