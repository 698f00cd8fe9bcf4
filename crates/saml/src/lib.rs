//! SAML 2.0: reading and verifying what identity providers send, and writing what we send.
//!
//! ```text
//! form value ──> form::decode ──> document (gate: strict XML, limits, no DTD)
//!                                    └─> signature (profile, digest over our own canonical form, configured keys)
//!                                            └─> response::verify ──> VerifiedAssertion
//! ```
//!
//! [`response::verify`] is the only maker of a [`VerifiedAssertion`], and what it hands back was read from the very
//! tree whose bytes the signature covers: there is no second parse. Keys come from the configured provider, never from
//! the document. Where the feature `samael` is built, `second_opinion` asks libxmlsec1 about what was accepted, and
//! both must agree. The room is pure: it fetches nothing, opens nothing, and the time is an argument.
//!
//! `metadata` reads a provider's description, `request` and `redirect` write requests and logout messages, `issue`
//! signs responses of our own.
//!
//! Reference: SAML 2.0 Core, Bindings, Profiles, Metadata; XML Signature 1.1; Exclusive XML Canonicalization 1.0.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod algorithm;
mod canonical;
pub mod certificate;
pub mod decrypt;
pub mod describe;
pub mod document;
pub mod encrypt;
pub mod error;
pub mod form;
pub mod issue;
pub mod logout;
pub mod metadata;
pub mod names;
pub mod redirect;
pub mod request;
pub mod response;
#[cfg(feature = "samael")]
mod second_opinion;
pub mod self_signed;
pub mod sign;
mod signature;
pub mod signing_key;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod write;

pub use algorithm::SignatureAlgorithm;
pub use certificate::{Certificate, CertificateFault};
pub use error::SamlError;
pub use metadata::{IdpMetadata, MetadataError};
pub use response::VerifiedAssertion;
pub use signing_key::{Credential, KeyError, SigningKey};
pub use write::WriteError;

/// The C libraries of the second opinion and their versions when this was built; `None` where it is not built.
pub const SECOND_OPINION: Option<&str> = option_env!("SECOND_OPINION_LIBRARIES");
