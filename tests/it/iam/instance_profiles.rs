//! Instance profiles.
