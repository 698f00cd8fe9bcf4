//! The demo's identity provider: a stand-in for a company's sign-in page and for a CI platform.
//!
//! It really speaks the protocols, so that the demo shows the whole story and the tests have an issuer that does
//! not know it is being tested. It shares no code with the relying party it talks to, but for reading and
//! signing tokens, and it runs on a port of its own:
//!
//! ```text
//! /acme/*     an OpenID provider for people: code flow, PKCE, RFC 9207, single sign-on    [`acme`]
//! /contoso/*  a SAML identity provider for the same people: single sign-on and logout     [`contoso`]
//! /ci/*       a CI platform that gives job tokens of GitHub's shape to whoever asks       [`ci`]
//! ```
//!
//! What it remembers (codes, sign-ins half done, its own sessions) lives in memory, bounded and short: a restart
//! signs everybody out *here*, and nowhere else. Its keys are kept ([`DemoKeys`]). It is for loopback alone: the
//! job tokens it hands out are worth whatever the demo's roles allow.

mod acme;
mod answer;
mod browser;
mod ci;
mod contoso;
mod home;
mod keys;
mod layers;
mod memory;
mod params;
mod sign_in;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::{get, post};

use crate::clock::{Clock, Random};
use crate::outbound::Outbound;
use crate::secret::Secret;

pub use contoso::metadata::document as contoso_metadata;
pub use contoso::{SamlRole, ServiceProviderConfig};
pub use keys::{DemoKeys, DemoKeysError};

/// The largest request body: forms of a few short fields.
const MAX_BODY: usize = 64 * 1024;

/// What the demo's identity provider is made of.
pub struct DemoIdpConfig {
    /// Where it is reached, without a slash at the end: `http://127.0.0.1:8081`.
    pub base_url: String,
    /// Where the broker is reached: the default audience of job tokens, and where people may go after signing out.
    pub broker_url: String,
    /// The relying parties of `acme`.
    pub clients: Vec<ClientConfig>,
    /// The service provider of `contoso`.
    pub service_provider: ServiceProviderConfig,
    /// The roles for which `contoso` gives assertions.
    pub saml_roles: Vec<SamlRole>,
    /// The people, at both.
    pub people: Vec<Person>,
    /// The signing keys.
    pub keys: DemoKeys,
    /// By which the metadata of the service provider is fetched.
    pub outbound: Outbound,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
}

/// A relying party that may send people here.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// Its `client_id`.
    pub client_id: String,
    /// Its secret, presented as `client_secret_basic`. A client without one is public and has PKCE alone.
    pub client_secret: Option<Secret<String>>,
    /// Where codes may be sent, compared exactly.
    pub redirect_uris: Vec<String>,
}

/// Somebody who can sign in.
#[derive(Debug, Clone)]
pub struct Person {
    /// What they type, and their `sub`.
    pub name: String,
    /// What they also type.
    pub password: Secret<String>,
    /// How they are called.
    pub display_name: String,
    /// Their e-mail address, which counts as verified.
    pub email: String,
    /// Their groups.
    pub groups: Vec<String>,
}

/// The demo's identity provider. Clones share one memory.
#[derive(Clone)]
pub struct DemoIdp {
    shared: Arc<Shared>,
}

struct Shared {
    base_url: String,
    broker_url: String,
    clients: Vec<ClientConfig>,
    service_provider: ServiceProviderConfig,
    saml_roles: Vec<SamlRole>,
    people: Vec<Person>,
    keys: DemoKeys,
    outbound: Outbound,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    acme: acme::Memory,
    contoso: contoso::Memory,
}

impl DemoIdp {
    /// Sets it up; nothing listens yet.
    pub fn new(config: DemoIdpConfig) -> DemoIdp {
        DemoIdp {
            shared: Arc::new(Shared {
                base_url: config.base_url.trim_end_matches('/').to_owned(),
                broker_url: config.broker_url.trim_end_matches('/').to_owned(),
                clients: config.clients,
                service_provider: config.service_provider,
                saml_roles: config.saml_roles,
                people: config.people,
                keys: config.keys,
                outbound: config.outbound,
                clock: config.clock,
                random: config.random,
                acme: acme::Memory::default(),
                contoso: contoso::Memory::default(),
            }),
        }
    }

    /// Forgets every sign-in, code and token, as a fresh start would.
    pub fn reset(&self) {
        self.shared.acme.clear();
        self.shared.contoso.clear();
    }

    /// Everything it answers.
    pub fn router(self) -> Router {
        Router::new()
            .route("/", get(home::home))
            .route("/static/{name}", get(crate::http::assets::serve))
            // People, by browser ...
            .route("/acme/authorize", get(acme::authorize::authorize))
            .route("/acme/sign-in", post(acme::sign_in::sign_in))
            .route(
                "/acme/end_session",
                get(acme::end_session::by_link).post(acme::end_session::by_form),
            )
            // ... and the relying party, by itself.
            .route(
                "/acme/.well-known/openid-configuration",
                get(acme::discovery::document),
            )
            .route("/acme/jwks", get(acme::discovery::keys))
            .route("/acme/token", post(acme::token::token))
            .route(
                "/acme/userinfo",
                get(acme::userinfo::userinfo).post(acme::userinfo::userinfo),
            )
            // The same by SAML ...
            .route(
                "/contoso/sso",
                get(contoso::sso::by_redirect).post(contoso::sso::by_form),
            )
            .route("/contoso/start", get(contoso::sso::start))
            .route("/contoso/sign-in", post(contoso::sso::sign_in))
            .route(
                "/contoso/slo",
                get(contoso::slo::by_redirect).post(contoso::slo::by_form),
            )
            // ... for its service providers, and for the command line.
            .route("/contoso/metadata", get(contoso::metadata::metadata))
            .route(
                "/contoso/assertion",
                get(contoso::assertion::by_link).post(contoso::assertion::by_form),
            )
            // Jobs, and whoever verifies what they carry.
            .route("/ci/.well-known/openid-configuration", get(ci::document))
            .route("/ci/jwks", get(ci::keys))
            .route("/ci/token", get(ci::token))
            .layer(DefaultBodyLimit::max(MAX_BODY))
            .layer(from_fn_with_state(self.clone(), layers::known_host))
            .layer(map_response(layers::security_headers))
            .with_state(self)
    }

    fn client(&self, client_id: &str) -> Option<&ClientConfig> {
        let clients = &self.shared.clients;
        clients.iter().find(|client| client.client_id == client_id)
    }

    fn person(&self, name: &str) -> Option<&Person> {
        self.shared.people.iter().find(|person| person.name == name)
    }

    fn acme_issuer(&self) -> String {
        format!("{}/acme", self.shared.base_url)
    }

    fn ci_issuer(&self) -> String {
        format!("{}/ci", self.shared.base_url)
    }

    fn unix(&self) -> i64 {
        self.shared.clock.unix()
    }
}
