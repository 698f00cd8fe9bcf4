//! Console links: from session credentials to a link that signs a browser in, and back.
//!
//! The shape is AWS's federation endpoint (sts.md section 11): credentials become a sign-in token, the
//! token a login. Ours is sealed, valid for fifteen minutes, and good for one login.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::{Random, random_bytes, random_token};
use crate::credentials::{RoleSession, SessionKind, session_secret};
use crate::seal::{KeyRing, Purpose};
use crate::secret::Secret;
use crate::store::cache::IamCache;
use crate::store::{Store, StoreError};

/// Seconds a sign-in token lives.
pub const TOKEN_SECONDS: i64 = 900;

/// A sign-in token, opened: the session that the console will show.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct SigninToken {
    session: RoleSession,
    /// Epoch seconds until which the token may be used.
    until: i64,
    /// Makes each token another one, so that each is good for one login.
    once: String,
}

/// A browser's session in the embedded console. It lives in a sealed cookie and ends with the
/// credentials it was made from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConsoleSession {
    /// Whom the console speaks for.
    pub session: RoleSession,
    /// Guards its forms.
    pub csrf: String,
    /// Where a new link is to be had, when this session is over.
    pub issuer: Option<String>,
}

/// What a program sends to `getSigninToken`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PresentedCredentials {
    session_id: String,
    session_key: String,
    session_token: String,
}

/// Opens the credentials that a program sends to `getSigninToken`: key, secret and token must all be of
/// one session that is still running. `None` for everything else, without saying what was wrong.
pub fn session_of_credentials(
    ring: &KeyRing,
    cache: &IamCache,
    json: &Secret<String>,
    now: i64,
) -> Option<RoleSession> {
    let presented: PresentedCredentials = serde_json::from_str(json.expose()).ok()?;
    let opened = RoleSession::open(ring, &presented.session_id, &presented.session_token, now);
    let (session, key) = opened.ok()?;
    let secret = session_secret(ring, key, &presented.session_id)?;
    let same = secret == Secret::new(presented.session_key);
    // AWS makes links for roles and federated users only.
    let linkable = matches!(session.kind, SessionKind::Role | SessionKind::FederatedUser);
    (same && linkable && !cache.is_revoked(&session)).then_some(session)
}

/// Makes the sign-in token of a session.
pub fn signin_token(
    ring: &KeyRing,
    random: &dyn Random,
    session: RoleSession,
    now: i64,
) -> Option<Secret<String>> {
    let token = SigninToken {
        until: session.expires_at.min(now + TOKEN_SECONDS),
        session,
        once: random_token(random, 16),
    };
    let body = serde_json::to_vec(&token).ok()?;
    let sealed = ring
        .seal(Purpose::SigninToken, b"", &body, random_bytes(random))
        .ok()?;
    Some(Secret::new(URL_SAFE_NO_PAD.encode(sealed)))
}

/// Uses a sign-in token up. `Ok(None)` for one that is not ours, over, revoked, or used before.
pub async fn redeem(
    ring: &KeyRing,
    cache: &IamCache,
    store: &Store,
    random: &dyn Random,
    token: &Secret<String>,
    now: i64,
) -> Result<Option<ConsoleSession>, StoreError> {
    let opened = (|| {
        let sealed = URL_SAFE_NO_PAD.decode(token.expose()).ok()?;
        let (body, _) = ring.open(Purpose::SigninToken, b"", &sealed).ok()?;
        serde_json::from_slice::<SigninToken>(&body).ok()
    })();
    let Some(opened) = opened.filter(|token| now < token.until) else {
        return Ok(None);
    };
    if cache.is_revoked(&opened.session) {
        return Ok(None);
    }
    let key: [u8; 32] = Sha256::digest(opened.once.as_bytes()).into();
    if !store
        .use_once("signin", &key, opened.until + 1, now)
        .await?
    {
        return Ok(None);
    }
    Ok(Some(ConsoleSession {
        session: opened.session,
        csrf: random_token(random, 32),
        issuer: None,
    }))
}

/// What the store calls console sessions that were signed out.
const SIGNED_OUT: &str = "console";

impl ConsoleSession {
    /// Ends it for good: a copy of its cookie is worth nothing from now on.
    pub async fn sign_out(&self, store: &Store, now: i64) -> Result<(), StoreError> {
        let until = self.session.expires_at + 1;
        store.use_once(SIGNED_OUT, &self.key(), until, now).await?;
        Ok(())
    }

    /// Whether it was signed out, here or on another node.
    pub async fn is_signed_out(&self, store: &Store) -> Result<bool, StoreError> {
        store.was_used(SIGNED_OUT, &self.key()).await
    }

    fn key(&self) -> [u8; 32] {
        Sha256::digest(self.csrf.as_bytes()).into()
    }
}

/// A cookie can carry this much; sessions with huge session policies do not fit.
const MAX_COOKIE: usize = 3800;

impl ConsoleSession {
    /// Seals it for its cookie; `None` where it does not fit into one.
    pub fn seal(&self, ring: &KeyRing, random: &dyn Random) -> Option<Secret<String>> {
        let body = serde_json::to_vec(self).ok()?;
        let salt = random_bytes(random);
        let sealed = ring.seal(Purpose::ConsoleSession, b"", &body, salt).ok()?;
        let text = URL_SAFE_NO_PAD.encode(sealed);
        (text.len() <= MAX_COOKIE).then(|| Secret::new(text))
    }

    /// Opens the cookie. The session may be over; [`RoleSession::expires_at`] tells.
    pub fn open(ring: &KeyRing, cookie: &str) -> Option<ConsoleSession> {
        let sealed = URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let (body, _) = ring.open(Purpose::ConsoleSession, b"", &sealed).ok()?;
        serde_json::from_slice(&body).ok()
    }
}
