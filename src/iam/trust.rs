//! What a trust policy must be before it is saved.
