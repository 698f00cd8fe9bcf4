//! `/contoso/*`: a SAML identity provider for the same people (SAML 2.0 Profiles 4.1 and 4.4).
//!
//! ```text
//! sso ─ no session, or ForceAuthn ─▶ the form ─▶ sign-in ─▶ a page that posts the response to the service provider
//!  └──────── signed in here already ───────────────────────▲
//! start ──── nobody asked ─────────────────────────────────┘
//! ```
//!
//! It knows one service provider for browsers, the broker, and gives assertions for AWS's own endpoint to whoever
//! asks for one with a password ([`assertion`]).

pub(super) mod assertion;
pub(super) mod metadata;
mod relying_party;
mod request;
mod respond;
pub(super) mod slo;
pub(super) mod sso;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use self::request::SignOn;
use super::memory::Remembered;
use super::sign_in::{Errand, SESSION_SECONDS, SignIns};
use super::{DemoIdp, Person};
use crate::clock::random_token;
use crate::saml::response::NameId;

/// Names that are the same at every sign-in and say nothing (Core 8.3.7).
const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
/// How people sign in here, and nothing else.
const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
/// How old a request may be.
const REQUEST_SECONDS: i64 = 300;
/// How far the clock of a service provider may be ahead.
const SKEW_SECONDS: i64 = 60;

/// A service provider that may send people here.
#[derive(Debug, Clone)]
pub struct ServiceProviderConfig {
    /// Its entity id, at which its metadata is.
    pub entity_id: String,
    /// Where responses are posted, compared exactly.
    pub acs_url: String,
    /// Where logout goes.
    pub slo_url: String,
}

/// A role of an embedded STS for which assertions may be asked.
#[derive(Debug, Clone)]
pub struct SamlRole {
    /// What people call it: `dev/Analyst`.
    pub alias: String,
    /// Its ARN.
    pub role_arn: String,
    /// The ARN of this provider in its account.
    pub provider_arn: String,
}

/// What `contoso` remembers.
pub(super) struct Memory {
    sign_ins: SignIns<SignOn>,
    /// Logout requests that were taken: each counts once.
    logouts: Remembered<()>,
    /// Logout requests of our own that are not answered yet.
    farewells: Remembered<()>,
}

impl Default for Memory {
    fn default() -> Memory {
        let cookies = ("demo_contoso_session", "demo_contoso_browser");
        Memory {
            sign_ins: SignIns::at(("Contoso", "/contoso"), cookies.0, cookies.1),
            // When it is forgotten, there is no session left that it could end.
            logouts: Remembered::for_seconds(SESSION_SECONDS),
            farewells: Remembered::for_seconds(REQUEST_SECONDS),
        }
    }
}

impl Memory {
    pub(super) fn clear(&self) {
        self.sign_ins.clear();
        self.logouts.clear();
        self.farewells.clear();
    }
}

impl Errand for SignOn {
    fn client_name(&self) -> &str {
        "drawbridge"
    }
}

impl DemoIdp {
    /// The entity id, at which the metadata is.
    pub(super) fn contoso_entity_id(&self) -> String {
        self.contoso("metadata")
    }

    /// An endpoint.
    fn contoso(&self, endpoint: &str) -> String {
        format!("{}/contoso/{endpoint}", self.shared.base_url)
    }

    /// A fresh identifier of a message: an NCName of 160 random bits.
    fn message_id(&self) -> String {
        format!("_{}", random_token(&*self.shared.random, 20))
    }

    /// The name that a person has at one service provider: another at each, and no telling whose.
    fn name_of(&self, person: &Person, service_provider: &str) -> NameId {
        let secret = self.shared.keys.contoso_names.expose();
        let mut value = String::new();
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) {
            mac.update(service_provider.as_bytes());
            mac.update(&[0]);
            mac.update(person.name.as_bytes());
            let digest = mac.finalize().into_bytes();
            value = digest
                .iter()
                .take(16)
                .map(|byte| format!("{byte:02x}"))
                .collect();
        }
        NameId {
            value,
            format: Some(PERSISTENT.to_owned()),
            name_qualifier: Some(self.contoso_entity_id()),
            sp_name_qualifier: Some(service_provider.to_owned()),
        }
    }
}
