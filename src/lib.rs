//! Drawbridge: a federation identity broker.
//!
//! The floor plan, ground floor first; imports go down only (`tests/floors.rs` keeps it so).
//!
//! Words: pure, no async, no IO, the time is an argument.
//! - [`secret`]: values that never show themselves
//! - [`aws`]: words of the AWS wire
//! - [`sigv4`]: Signature Version 4
//! - [`policy`]: the policy language
//! - [`jwt`]: JSON web tokens
//! - [`saml`]: SAML 2.0 (a crate of its own, so that it can be fuzzed alone)
//! - [`seal`]: sealing with a key ring
//! - [`identity`], [`credentials`]: who someone is, and what they get
//! - [`totp`]: one-time passwords
//!
//! Records: what is remembered, and the outside.
//! - [`clock`]: time and chance
//! - [`config`]: the configuration file
//! - [`store`]: what outlives a restart
//! - [`outbound`]: every call to somebody else's server
//! - [`audit`]: the trail
//!
//! Services: the rules.
//! - [`access`]: who is calling and may they
//! - [`issuer`]: Drawbridge as an issuer, and its keys
//! - [`idp`]: sign-in with other people's identity providers
//! - [`iam`]: accounts, roles and keys
//! - [`sts`]: the embedded STS
//! - [`broker`]: from an identity to credentials
//!
//! Doors: bytes in, bytes out.
//! - [`app`]: all shared parts, built once
//! - [`http`]: one file per door
//!
//! Shell: the program itself.
//! - [`demo`]: the whole story on this machine, and the tests' identity provider
//! - [`cli`]: the commands

pub mod access;
pub mod app;
pub mod audit;
pub mod aws;
pub mod broker;
pub mod cli;
pub mod clock;
pub mod config;
pub mod credentials;
pub mod demo;
pub mod http;
pub mod iam;
pub mod identity;
pub mod idp;
pub mod issuer;
pub mod jwt;
pub mod outbound;
pub mod policy;
pub mod seal;
pub mod secret;
pub mod sigv4;
pub mod store;
pub mod sts;
pub mod totp;

pub use drawbridge_saml as saml;
