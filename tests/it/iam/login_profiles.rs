//! Login profiles.
