//! The integration tests: the real program on a port of its own, talked to as its clients talk to it.
//!
//! One module per door, as `src/http` has one file per door; `harness` starts things; `store` and `postgres` hold the
//! store's contract on both engines.

#![expect(clippy::unwrap_used, reason = "tests")]

mod actions;
mod assume_role;
mod assume_role_with_saml;
mod assume_root;
mod audit;
mod cli;
mod console;
mod contoso;
mod creds;
mod demo;
mod explain;
mod faults;
mod harness;
mod iam;
mod message;
mod mfa;
mod nodes;
mod portal;
mod portal_saml;
mod postgres;
mod query;
mod revocation;
mod saml;
mod saml_idp;
mod sdk;
mod sessions;
mod sign_in;
mod store;
mod throttle;
mod token;
mod web_identity;
mod web_identity_token;
