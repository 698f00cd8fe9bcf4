//! Roles.

use super::{DEMO, root};

#[test]
fn a_role_is_answered_with_its_trust_policy_percent_encoded() {
    let reply = DEMO.iam_ok(root(), "GetRole", &[("RoleName", "developer")]);
    assert_eq!(reply.xml("RoleName"), "Developer");
    assert!(reply.xml("AssumeRolePolicyDocument").starts_with("%7B"));
}
