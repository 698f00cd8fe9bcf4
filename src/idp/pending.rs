//! A login between redirect and callback.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::{Random, random_bytes};
use crate::seal::{KeyRing, Purpose};
use crate::secret::Secret;

/// How long a person may take at the identity provider.
pub const LIFETIME_SECONDS: i64 = 600;

/// What must come back unchanged to the same browser: sealed in a cookie that is named by the state.
#[derive(Clone, Serialize, Deserialize)]
pub struct PendingLogin {
    /// The `[[idp]]` entry.
    pub idp: String,
    /// 256 random bits; one use. In SAML the `RelayState`.
    pub state: String,
    /// 256 random bits; the ID token must carry it. In SAML the `ID` of the request, which the response must answer.
    pub nonce: String,
    /// 256 random bits; only this browser's callback can redeem the code. Empty in SAML.
    pub pkce_verifier: String,
    /// A path of ours.
    pub return_to: String,
    /// Epoch seconds.
    pub started_at: i64,
}

impl std::fmt::Debug for PendingLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PendingLogin({})", self.idp)
    }
}

/// The cookie's name for a state: two logins in two tabs do not disturb each other.
pub fn cookie_name(state: &str) -> String {
    let digest = Sha256::digest(state.as_bytes());
    let short: String = URL_SAFE_NO_PAD.encode(digest).chars().take(16).collect();
    format!("drawbridge-login-{short}")
}

impl PendingLogin {
    /// Seals it for its cookie.
    pub fn seal(&self, ring: &KeyRing, random: &dyn Random) -> Option<Secret<String>> {
        let body = serde_json::to_vec(self).ok()?;
        let salt = random_bytes(random);
        let sealed = ring.seal(Purpose::PendingLogin, b"", &body, salt).ok()?;
        Some(Secret::new(URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// Opens the cookie of a callback; `None` for anything that is not a login of this state, at this
    /// identity provider, begun within the last ten minutes.
    pub fn open(
        ring: &KeyRing,
        cookie: &str,
        idp: &str,
        state: &str,
        now: i64,
    ) -> Option<PendingLogin> {
        let sealed = URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let (body, _) = ring.open(Purpose::PendingLogin, b"", &sealed).ok()?;
        let pending: PendingLogin = serde_json::from_slice(&body).ok()?;
        let same_state = Secret::new(pending.state.clone()) == Secret::new(state.to_owned());
        let fresh = (pending.started_at..=pending.started_at + LIFETIME_SECONDS).contains(&now);
        (same_state && pending.idp == idp && fresh).then_some(pending)
    }
}

/// A place to go after sign-in: a path of ours, or the front page. Refuses everything a browser could
/// read as another origin (OIDC-5).
pub fn safe_return(path: Option<&str>) -> String {
    let home = || "/".to_owned();
    let Some(path) = path else { return home() };
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8();
    let Ok(decoded) = decoded else { return home() };
    let safe = |text: &str| {
        let mut letters = text.chars();
        letters.next() == Some('/')
            && !matches!(letters.next(), Some('/' | '\\'))
            && text.chars().all(|c| !c.is_control() && c != '\\')
    };
    if path.len() <= 2048 && path.is_ascii() && safe(path) && safe(&decoded) {
        path.to_owned()
    } else {
        home()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FixedRandom;

    fn pending() -> PendingLogin {
        PendingLogin {
            idp: "acme".to_owned(),
            state: "s".to_owned(),
            nonce: "n".to_owned(),
            pkce_verifier: "v".to_owned(),
            return_to: "/".to_owned(),
            started_at: 1000,
        }
    }

    #[test]
    fn a_login_opens_for_its_state_provider_and_time_alone() {
        let ring = KeyRing::parse(&KeyRing::generate([1; 32], 0)).unwrap();
        let cookie = pending().seal(&ring, &FixedRandom::new(1)).unwrap();
        let open = |idp, state, now| PendingLogin::open(&ring, cookie.expose(), idp, state, now);
        assert!(open("acme", "s", 1600).is_some());
        assert!(open("acme", "s", 1601).is_none());
        assert!(open("acme", "s", 999).is_none());
        assert!(open("acme", "t", 1001).is_none());
        assert!(open("other", "s", 1001).is_none());
        assert!(PendingLogin::open(&ring, "AAAA", "acme", "s", 1001).is_none());
    }

    #[test]
    fn only_paths_of_ours_are_returned_to() {
        for good in ["/", "/credentials?role=dev/Developer", "/a%20b"] {
            assert_eq!(safe_return(Some(good)), good);
        }
        for bad in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "evil.example",
            "/%2fevil.example",
            "/%5cevil.example",
            "/a\nb",
            "/a%0d%0ab",
            "javascript:alert(1)",
            "/\t/evil.example",
            "\\/evil.example",
            "/é",
            "/%ff",
        ] {
            assert_eq!(safe_return(Some(bad)), "/", "{bad}");
        }
        assert_eq!(safe_return(None), "/");
    }
}
