//! JSON web tokens: reading them, the keys that verify them, and signing our own.
//!
//! ```text
//! token ──> unverified::read ──> issuer and key id ──> (the caller finds that issuer's configuration and JWKS)
//!   └─────> verify(token, keys, expectations) ──> VerifiedIdToken
//! ```
//!
//! [`verify()`] is the only maker of a [`VerifiedIdToken`], and what it hands back was read from the bytes whose signature
//! held. The algorithm comes from the expectations and must agree with the token and with the key; nothing in the token
//! chooses how it is judged. The room is pure: it fetches no keys (that is `outbound`'s) and the time is an argument.
//! It is strict about form, so whoever reads a token from a file or a header trims white space first.

mod algorithm;
mod claims;
mod compact;
mod error;
mod json;
mod jwk;
mod jwks;
mod roca;
mod sign;
#[cfg(test)]
mod testing;
mod unverified;
mod verify;

pub use algorithm::Algorithm;
pub use claims::{Audience, Leeway};
pub use error::JwtError;
pub use jwk::KeyFault;
pub use jwks::{JwksError, KeySet, RejectedKey};
pub use sign::{SignError, SigningKey};
pub use unverified::{Unverified, read};
pub use verify::{Expectations, VerifiedIdToken, verify};

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;
