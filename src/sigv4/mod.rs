//! AWS Signature Version 4: verifying other people's requests and signing our own.
//!
//! ```text
//! SignedRequest ──> present ──> Presented (key id, session token) ──> (the caller finds the secret)
//!      └──────────> verify(presented, request, secret, rules) ──> VerifiedSignature
//! ```
//!
//! [`verify()`] is the only maker of a [`VerifiedSignature`]. Both forms are understood, the `Authorization` header and the
//! presigned query, and both cover the bytes that the door goes on to read. The room knows no keys and no sessions, and
//! the time is an argument. How a path is encoded and whether a body may stay unsigned depends on the service
//! ([`PathRule`], [`PayloadRule`]); streamed, chunk-signed bodies are not understood.
//!
//! Reference: *Signature Version 4 for API requests*, AWS IAM User Guide.

mod canonical;
mod error;
mod key;
mod moment;
mod present;
mod query;
mod sign;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod vectors;
mod verify;

pub use canonical::{PathRule, PayloadRule, SignedRequest};
pub use error::{MissingPart, SignatureError};
pub use moment::amz_date;
pub use present::{Presented, present};
pub use sign::{Credentials, presign, sign};
pub use verify::{Rules, VerifiedSignature, verify, verify_dummy};

/// The one algorithm. Version 2 and the asymmetric version 4a are refused.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What ends every credential scope.
const TERMINATOR: &str = "aws4_request";

/// How far a signature's time may be from ours, either way.
const SKEW: time::Duration = time::Duration::minutes(15);
