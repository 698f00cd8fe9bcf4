//! `drawbridge.toml`: what the operator says, checked as a whole before anything starts.
//!
//! Owns the keys, their documentation and defaults, the secrets that the file points to, and the
//! environment, which is read nowhere else. A [`Config`] that exists has no problem that can be
//! seen without asking a server; `drawbridge check` asks the servers. Policies are texts here, and
//! whoever stores a role judges them.
//!
//! One file per section, each with the table of its keys: the reader accepts what the table
//! documents, and `docs/configuration.md` is rendered from the same tables (`reference`). Start at
//! `load`; `reader` is what the sections are written with, `problems` is what an operator sees.

mod algorithms;
mod audit;
mod ci;
mod duration;
mod idp;
mod ip_net;
mod keys;
mod limits;
mod load;
mod metrics;
mod oidc_provider;
mod outbound;
mod overrides;
mod problems;
mod reader;
mod reference;
mod role;
mod saml;
mod saml_provider;
mod schema;
mod secrets;
mod server;
mod store;
mod sts;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tree;
mod urls;

use std::net::SocketAddr;

use url::Url;

pub use algorithms::ASYMMETRIC;
pub use audit::AuditConfig;
pub use ci::{CiConfig, Replay};
pub use idp::{
    IdpConfig, IdpEntry, MetadataSource, SamlIdpConfig, SamlProfile, SignRequests,
    TokenEndpointAuth,
};
pub use ip_net::{IpNet, NotAnIpNet};
pub use keys::KeysConfig;
pub use limits::LimitsConfig;
pub use load::{load, parse};
pub use oidc_provider::OidcProviderConfig;
pub use outbound::OutboundConfig;
pub use problems::{Problem, Problems};
pub use reference::reference;
pub use role::RoleConfig;
pub use saml::SamlConfig;
pub use saml_provider::SamlProviderConfig;
pub use store::StoreConfig;
pub use sts::{AccountConfig, SamlCompatibility, StsConfig, is_aws_saml_endpoint};
pub use urls::issuer_fault;

/// A whole configuration without problems.
#[derive(Debug)]
pub struct Config {
    /// Where people and programs find us; every link and issuer is built from it.
    pub public_url: Url,
    /// The address of the listener.
    pub listen: SocketAddr,
    /// Whether this is the demo; the demo command alone says so.
    pub demo: bool,
    /// Whether its roles and providers are examples: made once, and then everybody's to change. The demo command alone
    /// says so.
    pub examples: bool,
    /// What outlives a restart.
    pub store: StoreConfig,
    /// The key ring.
    pub keys: KeysConfig,
    /// The audit trail.
    pub audit: AuditConfig,
    /// The listener of `/metrics`; `None` when it is off.
    pub metrics: Option<SocketAddr>,
    /// Identity providers that people sign in with, of all kinds, in the order of the sign-in page.
    pub idps: Vec<IdpEntry>,
    /// Ourselves in SAML.
    pub saml: SamlConfig,
    /// Issuers whose job tokens the exchange takes.
    pub ci: Vec<CiConfig>,
    /// Security token services; all of them embedded.
    pub stss: Vec<StsConfig>,
    /// IAM OIDC providers beyond the automatic ones; see [`Config::oidc_providers_of`].
    pub oidc_providers: Vec<OidcProviderConfig>,
    /// IAM SAML providers.
    pub saml_providers: Vec<SamlProviderConfig>,
    /// Roles that are there from the first start.
    pub roles: Vec<RoleConfig>,
    /// Calls to other people's servers.
    pub outbound: OutboundConfig,
    /// What is taken on, and what is put up with.
    pub limits: LimitsConfig,
    /// Proxies whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<IpNet>,
}

/// The broker that `DRAWBRIDGE_URL` names, for commands that are clients of one.
pub fn broker_from_environment() -> Option<anyhow::Result<Url>> {
    #[expect(clippy::disallowed_methods, reason = "this room reads the environment")]
    let text = std::env::var("DRAWBRIDGE_URL").ok()?;
    Some(Url::parse(&text).map_err(|error| anyhow::anyhow!("DRAWBRIDGE_URL: {error}")))
}
