//! Session credentials: what is in a session, how its credentials are made, how they are handed out.
//!
//! Owns [`RoleSession`] and its sealed token (`session_token`), the making of key ids and secrets
//! (`mint`), and the output formats (`format`). Decides nothing: `sts` says what goes into a session.

pub mod format;
mod mint;
mod session_token;

pub use mint::{SessionCredentials, mint, session_secret};
pub use session_token::{RoleSession, SessionKind, TokenError, VouchedFor};
