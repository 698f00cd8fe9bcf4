//! Credentials that nobody has here, and that are asked for before a user is deleted.

use super::{DEMO, root};
use crate::harness::DEV;
use crate::harness::iam::allow;

/// The operations, and what they list.
const LISTS: [(&str, &str); 3] = [
    ("ListSSHPublicKeys", "SSHPublicKeys"),
    ("ListSigningCertificates", "Certificates"),
    (
        "ListServiceSpecificCredentials",
        "ServiceSpecificCredentials",
    ),
];

#[test]
fn a_user_has_none_of_them() {
    DEMO.user(DEV, "other-none", None);
    for (operation, members) in LISTS {
        let reply = DEMO.iam_ok(root(), operation, &[("UserName", "other-none")]);
        let text = reply.text();
        assert!(text.contains(&format!("<{members}/>")), "{text}");
        assert!(text.contains("<IsTruncated>false</IsTruncated>"), "{text}");
    }
}

#[test]
fn a_user_asks_for_its_own_without_a_name() {
    let actions: Vec<String> = LISTS.map(|(name, _)| format!("iam:{name}")).into();
    let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
    let policy = allow(&actions, &[&format!("arn:aws:iam::{DEV}:user/other-own")]);
    let own = DEMO.user(DEV, "other-own", Some(&policy));
    for (operation, _) in LISTS {
        DEMO.iam_ok(&own, operation, &[]);
    }
}

#[test]
fn a_user_that_is_not_there_is_not_found() {
    for (operation, _) in LISTS {
        let reply = DEMO.iam(root(), operation, &[("UserName", "other-missing")]);
        let message = "The user with name other-missing cannot be found.";
        let expected = (404, "NoSuchEntity".to_owned(), message.to_owned());
        assert_eq!(reply.aws_error(), expected);
    }
}

#[test]
fn who_may_not_ask_is_refused() {
    let nobody = DEMO.user(DEV, "other-nobody", None);
    for (operation, _) in LISTS {
        let reply = DEMO.iam(&nobody, operation, &[]);
        let arn = format!("arn:aws:iam::{DEV}:user/other-nobody");
        let message = format!(
            "User: {arn} is not authorized to perform: iam:{operation} on resource: {arn} \
             because no identity-based policy allows the iam:{operation} action"
        );
        assert_eq!(reply.aws_error(), (403, "AccessDenied".to_owned(), message));
    }
}

#[test]
fn an_account_has_no_server_certificates() {
    let reply = DEMO.iam_ok(root(), "ListServerCertificates", &[("PathPrefix", "/web/")]);
    let text = reply.text();
    assert!(text.contains("<ServerCertificateMetadataList/>"), "{text}");
    assert!(text.contains("<IsTruncated>false</IsTruncated>"), "{text}");
    let nobody = DEMO.user(DEV, "other-server", None);
    let reply = DEMO.iam(&nobody, "ListServerCertificates", &[]);
    let message = format!(
        "User: arn:aws:iam::{DEV}:user/other-server is not authorized to perform: \
         iam:ListServerCertificates on resource: arn:aws:iam::{DEV}:server-certificate/ because no \
         identity-based policy allows the iam:ListServerCertificates action"
    );
    assert_eq!(reply.aws_error(), (403, "AccessDenied".to_owned(), message));
}
