//! The account itself.

mod credential_report;
mod details;
mod settings;

use std::sync::LazyLock;

use drawbridge::sigv4::Credentials;

use crate::harness::http::Reply;
use crate::harness::iam::allow;
use crate::harness::{Broker, DEV};

/// A broker of its own: what is counted and set here is the whole account's.
static DEMO: LazyLock<Broker> = LazyLock::new(Broker::demo);

fn root() -> &'static Credentials {
    DEMO.root(DEV)
}

#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str, message: &str) {
    let expected = (status, code.to_owned(), message.to_owned());
    assert_eq!(reply.aws_error(), expected);
}

/// A user without the permission is refused in AWS's words, and one with it is not refused.
#[track_caller]
fn needs_permission(action: &str, params: &[(&str, &str)]) {
    let stranger = DEMO.user(DEV, &format!("no-{action}"), None);
    let reply = DEMO.iam(&stranger, action, params);
    let text = format!(
        "User: arn:aws:iam::{DEV}:user/no-{action} is not authorized to perform: iam:{action} on \
         resource: * because no identity-based policy allows the iam:{action} action"
    );
    refused(&reply, 403, "AccessDenied", &text);
    let policy = allow(&[&format!("iam:{action}")], &["*"]);
    let allowed = DEMO.user(DEV, &format!("yes-{action}"), Some(&policy));
    assert_ne!(DEMO.iam(&allowed, action, params).status, 403, "{action}");
}
