//! Inline policies.
