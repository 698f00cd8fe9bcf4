//! Sign-in with other people's identity providers; yields an `Identity` and knows no roles.
//!
//! `oidc` is the relying party: it sends a browser to the provider and checks what comes back. `pending`
//! is what must survive in between, sealed in a cookie. `evidence` takes tokens that somebody presents
//! without a browser: job tokens of CI platforms, ID tokens. `mapping` is the one way from a verified token
//! to an identity.

pub mod evidence;
pub mod mapping;
pub mod oidc;
pub mod pending;

pub use oidc::{IdpError, RelyingParty};
pub use pending::PendingLogin;
