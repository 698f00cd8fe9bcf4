//! The slice of IAM that federation needs.
//!
//! `provision` brings accounts, roles and identity providers from the configuration into the store;
//! `root_keys` makes and lists the root access keys of accounts. The IAM query API stands on the same
//! store and follows.

pub mod provision;
pub mod root_keys;
