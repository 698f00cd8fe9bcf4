//! Managed policies.
