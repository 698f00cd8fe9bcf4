//! Every call to somebody else's server.
//!
//! Discovery documents, key sets, metadata, token endpoints and remote STSs are fetched through one
//! [`Outbound`] client, so that time-outs, sizes and address rules are in one place (NET-1 to NET-3). It owns
//! *how* a call is made; *whom* to call is the caller's business and comes from configuration or from a
//! provider that somebody registered, never from a token or a request.
//!
//! ```text
//! URL ─ rules: https, no userinfo, literal address ─ resolver: every address classified ─ TLS ─ capped body
//! ```
//!
//! On top of it stand [`discovery`] (what an OpenID provider says about itself) and [`jwks`] (its keys, cached
//! so that a slow, dead or hostile provider delays nobody whose key is known). Read [`client`] next.

pub mod address;
pub mod client;
pub mod discovery;
pub mod error;
pub mod jwks;
mod resolver;
mod rules;

pub use client::{Fetched, Limits, Outbound};
pub use discovery::{Discovery, DiscoveryError};
pub use error::OutboundError;
pub use jwks::{KeyCache, KeyError};
pub use rules::OutboundRules;

#[cfg(test)]
mod test_server;
