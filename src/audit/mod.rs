//! The audit trail: one CloudTrail-shaped event for every grant and every refusal.
//!
//! `event` is what happened, opened before authentication and closed on every path; `log` writes events
//! to an append-only, hash-chained file, many at a time, and answers only when they are on disk. A grant
//! waits for that answer before its credentials leave. Never a secret in an event: evidence is told by
//! its hash, sessions by their key id.

mod event;
mod log;
mod queue;
mod tally;

pub use event::{AuditEvent, Outcome, clean};
pub use log::{AuditError, AuditLog};
pub use tally::Tally;
