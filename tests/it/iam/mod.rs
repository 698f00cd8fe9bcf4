//! IAM through its door: one module per noun, as `src/iam` has one file per noun.
//!
//! One broker serves them all; each test makes its own things in it, under names of its own.

mod access_keys;
mod account;
mod attachments;
mod groups;
mod inline_policies;
mod instance_profiles;
mod login_profiles;
mod managed_policies;
mod mfa_devices;
mod oidc_providers;
mod other_credentials;
mod roles;
mod saml_providers;
mod simulate;
mod trust;
mod users;

use std::sync::LazyLock;

use drawbridge::sigv4::Credentials;

use crate::harness::{Broker, DEV};

/// The broker of all these tests.
pub static DEMO: LazyLock<Broker> = LazyLock::new(Broker::demo);

/// The dev account's root key.
pub fn root() -> &'static Credentials {
    DEMO.root(DEV)
}

#[test]
fn what_is_not_an_operation_of_iam_is_said_to_be_none() {
    let reply = DEMO.iam(root(), "GetCloudFrontPublicKey", &[]);
    let message = "Could not find operation GetCloudFrontPublicKey for version 2010-05-08";
    assert_eq!(
        reply.aws_error(),
        (400, "InvalidAction".to_owned(), message.to_owned())
    );
}
