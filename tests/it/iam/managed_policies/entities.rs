//! Who uses a policy.

use super::{DEMO, about, about_ok, arn_of, create, every, reading, refused, root, user_who_may};
use crate::harness::{DEV, PROD};

/// A role and a user it is attached to, and a role it bounds.
fn used(name: &str) -> String {
    let arn = create(name);
    let role = DEMO.role(DEV, &format!("{name}-role"), &reading());
    DEMO.attach(&role, &arn);
    DEMO.user(DEV, &format!("{name}-user"), None);
    DEMO.attach(&format!("arn:aws:iam::{DEV}:user/{name}-user"), &arn);
    DEMO.role_with(DEV, &format!("{name}-bounded"), &reading(), |role| {
        role.permissions_boundary = Some(arn.clone());
        role.path = "/edge/".to_owned();
        role.arn = format!("arn:aws:iam::{DEV}:role/edge/{}", role.name);
    });
    arn
}

#[test]
fn entities_are_listed_by_kind_usage_and_path() {
    let arn = used("entities-all");
    let list = |more: &[(&str, &str)]| {
        let reply = about_ok("ListEntitiesForPolicy", &arn, more);
        (every(&reply, "UserName"), every(&reply, "RoleName"))
    };
    let user = vec!["entities-all-user".to_owned()];
    let (role, bounded) = ("entities-all-role", "entities-all-bounded");
    let (role, bounded) = (role.to_owned(), bounded.to_owned());
    let none: Vec<String> = Vec::new();
    let both = vec![bounded.clone(), role.clone()];
    assert_eq!(list(&[]), (user.clone(), both.clone()));
    assert_eq!(list(&[("EntityFilter", "Role")]), (none.clone(), both));
    assert_eq!(
        list(&[("EntityFilter", "Group")]),
        (none.clone(), none.clone())
    );
    let only = [("PolicyUsageFilter", "PermissionsBoundary")];
    assert_eq!(list(&only), (none.clone(), vec![bounded.clone()]));
    let only = [("PolicyUsageFilter", "PermissionsPolicy")];
    assert_eq!(list(&only), (user, vec![role]));
    assert_eq!(list(&[("PathPrefix", "/edge/")]), (none, vec![bounded]));
}

#[test]
fn a_group_is_an_entity() {
    let arn = create("entities-group");
    DEMO.iam_ok(root(), "CreateGroup", &[("GroupName", "entities-group")]);
    DEMO.attach(&format!("arn:aws:iam::{DEV}:group/entities-group"), &arn);
    let reply = about_ok("ListEntitiesForPolicy", &arn, &[]);
    assert_eq!(every(&reply, "GroupName"), ["entities-group"]);
    assert!(reply.xml("GroupId").starts_with("AGPA"));
    let found = about_ok("GetPolicy", &arn, &[]);
    assert_eq!(found.xml("AttachmentCount"), "1");
}

#[test]
fn entities_come_in_pages_over_all_kinds() {
    let arn = used("entities-pages");
    let first = about_ok("ListEntitiesForPolicy", &arn, &[("MaxItems", "2")]);
    assert_eq!(every(&first, "RoleName").len(), 2);
    assert_eq!(first.xml("IsTruncated"), "true");
    let marker = first.xml("Marker");
    let second = about_ok("ListEntitiesForPolicy", &arn, &[("Marker", &marker)]);
    assert_eq!(every(&second, "UserName"), ["entities-pages-user"]);
    assert_eq!(second.xml("IsTruncated"), "false");
}

#[test]
fn a_policy_counts_who_uses_it() {
    let arn = used("entities-count");
    let found = about_ok("GetPolicy", &arn, &[]);
    assert_eq!(found.xml("AttachmentCount"), "2");
    assert_eq!(found.xml("PermissionsBoundaryUsageCount"), "1");
    let list = |more: &[(&str, &str)]| {
        let mut params = vec![("Scope", "Local")];
        params.extend(more);
        let reply = DEMO.iam_ok(root(), "ListPolicies", &params);
        let names = every(&reply, "PolicyName");
        names.contains(&"entities-count".to_owned())
    };
    create("entities-idle");
    assert!(list(&[("OnlyAttached", "true")]));
    assert!(list(&[("PolicyUsageFilter", "PermissionsBoundary")]));
    let reply = DEMO.iam_ok(root(), "ListPolicies", &[("OnlyAttached", "true")]);
    assert!(!every(&reply, "PolicyName").contains(&"entities-idle".to_owned()));
}

#[test]
fn a_policy_of_aws_is_counted_in_the_callers_account_alone() {
    let arn = "arn:aws:iam::aws:policy/PowerUserAccess";
    let role = DEMO.role(DEV, "entities-power", &reading());
    DEMO.attach(&role, arn);
    let count = |account: &str| {
        let params = [("PolicyArn", arn)];
        let reply = DEMO.iam_ok(DEMO.root(account), "GetPolicy", &params);
        reply.xml("AttachmentCount")
    };
    assert_eq!((count(DEV).as_str(), count(PROD).as_str()), ("1", "0"));
    let params = [("PolicyArn", arn)];
    let reply = DEMO.iam_ok(DEMO.root(PROD), "ListEntitiesForPolicy", &params);
    assert!(every(&reply, "RoleName").is_empty());
}

#[test]
fn nobody_uses_a_policy_that_is_not_there() {
    let arn = arn_of("entities-nowhere");
    let reply = about("ListEntitiesForPolicy", &arn, &[]);
    let text = format!("Policy {arn} was not found.");
    refused(&reply, 404, "NoSuchEntity", &text);
}

#[test]
fn an_unknown_entity_is_refused() {
    let arn = create("entities-filter");
    let reply = about("ListEntitiesForPolicy", &arn, &[("EntityFilter", "Robot")]);
    let text = "1 validation error detected: Value at 'entityFilter' failed to satisfy constraint: \
                Member must satisfy enum value set";
    refused(&reply, 400, "ValidationError", text);
}

#[test]
fn listing_entities_needs_the_permission() {
    let arn = create("entities-allowed");
    let stranger = DEMO.user(DEV, "entities-stranger", None);
    let reply = DEMO.iam(&stranger, "ListEntitiesForPolicy", &[("PolicyArn", &arn)]);
    let text = format!(
        "User: arn:aws:iam::{DEV}:user/entities-stranger is not authorized to perform: \
         iam:ListEntitiesForPolicy on resource: policy {arn} because no identity-based policy allows the \
         iam:ListEntitiesForPolicy action"
    );
    refused(&reply, 403, "AccessDenied", &text);
    let lister = user_who_may("entities-lister", &["iam:ListEntitiesForPolicy"]);
    DEMO.iam_ok(&lister, "ListEntitiesForPolicy", &[("PolicyArn", &arn)]);
}
