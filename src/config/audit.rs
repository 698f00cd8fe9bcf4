//! `[audit]`: where every grant and refusal is written down.

use std::path::PathBuf;

use super::reader::Reader;
use super::schema::{Form, Key, Need, Section};

pub(super) const AUDIT: Section = Section {
    name: "audit",
    header: "[audit]",
    about: "The audit trail: one JSON object per line for every grant and refusal, each chained to the one before. Nothing is issued that could not be written here.",
    keys: &[Key {
        name: "file",
        form: Form::Path,
        need: Need::Default("\"drawbridge-audit.jsonl\""),
        about: "The file that events are appended to. `drawbridge audit verify` proves that it is whole.",
    }],
    reserved: &[],
};

/// Where the audit trail is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditConfig {
    /// The file that events are appended to.
    pub file: PathBuf,
}

pub(super) fn read(audit: &Reader<'_>) -> Option<AuditConfig> {
    let file = audit.path("file")?;
    Some(AuditConfig { file })
}
