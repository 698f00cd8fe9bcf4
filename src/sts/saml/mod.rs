//! Assertions at the STS: judged as the account's service is configured, and read for what they say to AWS.
//!
//! ```text
//! bytes ──> judge (drawbridge-saml, and the second opinion) ──> VerifiedAssertion
//!                      ├─> attributes: what it says to STS itself: role pairs, session name, tags
//!                      └─> keys: condition keys of the trust decision
//! ```
//!
//! Strict by default. With `saml_compatibility = "aws"` audience, recipient, destination, `NotBefore`, the issuer of
//! the response, its age and `OneTimeUse` do not count, and AES-CBC is taken; everything that AWS checks is checked in
//! both.
//!
//! Reference: sts.md section 7, security.md SAML-23.

pub mod attributes;
mod judge;
pub mod keys;
mod refusal;

pub use judge::{NotVerified, SamlRules};
pub(super) use refusal::refusal;
