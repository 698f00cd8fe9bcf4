//! Inline policies of users, roles and groups: one behaviour under twelve names.

use serde_json::json;

use super::roles::{make, refuses};
use super::{DEMO, root};
use crate::harness::DEV;
use crate::harness::http::Reply;
use crate::harness::iam::{allow, document};

/// Something that holds policies, made for one test.
#[derive(Clone, Copy)]
struct Owner {
    /// `Role`
    kind: &'static str,
    name: &'static str,
    /// Characters that its policies may have.
    most: usize,
}

impl Owner {
    fn role(name: &'static str) -> Owner {
        make(name, &[]);
        Owner {
            kind: "Role",
            name,
            most: 10_240,
        }
    }

    fn user(name: &'static str) -> Owner {
        DEMO.user(DEV, name, None);
        Owner {
            kind: "User",
            name,
            most: 2_048,
        }
    }

    fn group(name: &'static str) -> Owner {
        DEMO.iam_ok(root(), "CreateGroup", &[("GroupName", name)]);
        Owner {
            kind: "Group",
            name,
            most: 5_120,
        }
    }

    fn call(&self, verb: &str, noun: &str, more: &[(&str, &str)]) -> Reply {
        let parameter = format!("{}Name", self.kind);
        let mut params = vec![(parameter.as_str(), self.name)];
        params.extend(more);
        DEMO.iam(root(), &format!("{verb}{}{noun}", self.kind), &params)
    }

    fn put(&self, name: &str, text: &str) -> Reply {
        let params = [("PolicyName", name), ("PolicyDocument", text)];
        self.call("Put", "Policy", &params)
    }

    fn get(&self, name: &str) -> Reply {
        self.call("Get", "Policy", &[("PolicyName", name)])
    }

    fn delete(&self, name: &str) -> Reply {
        self.call("Delete", "Policy", &[("PolicyName", name)])
    }

    fn names(&self) -> Vec<String> {
        let reply = self.call("List", "Policies", &[]);
        assert_eq!(reply.status, 200, "{}", reply.text());
        let found = reply.text().split("<member>").skip(1);
        let name = |rest: &str| rest.split('<').next().unwrap().to_owned();
        found.map(name).collect()
    }
}

/// A policy of exactly so many characters.
fn of_size(size: usize) -> String {
    let empty = document(json!({ "Sid": "", "Effect": "Deny", "Action": "*", "Resource": "*" }));
    let fill = "x".repeat(size - empty.len());
    empty.replace("\"Sid\":\"\"", &format!("\"Sid\":\"{fill}\""))
}

/// Put, read, listed and deleted.
fn lives_and_dies(owner: Owner) {
    let kind = owner.kind.to_lowercase();
    let text = " {\"Version\":\"2012-10-17\",\r\n\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}}\t";
    let done = owner.put("Reading", text);
    assert_eq!(done.status, 200, "{}", done.text());
    assert!(!done.text().contains("Result"));
    let reply = owner.get("rEADING");
    assert_eq!(reply.xml(&format!("{}Name", owner.kind)), owner.name);
    assert_eq!(reply.xml("PolicyName"), "rEADING");
    let shown = reply.xml("PolicyDocument");
    let shown = percent_encoding::percent_decode_str(&shown).decode_utf8();
    assert_eq!(shown.unwrap(), text);

    owner.put("a", &allow(&["s3:*"], &["*"]));
    owner.put("READING", &allow(&["s3:*"], &["*"]));
    assert_eq!(owner.names(), ["a", "READING"]);
    let page = owner.call("List", "Policies", &[("MaxItems", "1")]);
    let marker = page.xml("Marker");
    let page = owner.call("List", "Policies", &[("Marker", &marker)]);
    assert_eq!(page.xml("member"), "READING");

    assert_eq!(owner.delete("reading").status, 200);
    let message = format!("The {kind} policy with name reading cannot be found.");
    refuses(&owner.get("reading"), 404, "NoSuchEntity", &message);
    refuses(&owner.delete("reading"), 404, "NoSuchEntity", &message);
    assert_eq!(owner.names(), ["a"]);
}

#[test]
fn a_policy_of_a_role_is_put_read_listed_and_deleted() {
    lives_and_dies(Owner::role("InlineRole"));
}

#[test]
fn a_policy_of_a_user_is_put_read_listed_and_deleted() {
    lives_and_dies(Owner::user("inline-user"));
}

#[test]
fn a_policy_of_a_group_is_put_read_listed_and_deleted() {
    lives_and_dies(Owner::group("InlineGroup"));
}

/// All together may be so large.
fn has_a_quota(owner: Owner) {
    let (kind, name, most) = (owner.kind.to_lowercase(), owner.name, owner.most);
    let message = format!("Maximum policy size of {most} bytes exceeded for {kind} {name}");
    refuses(
        &owner.put("one", &of_size(most + 1)),
        409,
        "LimitExceeded",
        &message,
    );
    let spread = of_size(most - 200).replace(',', " ,\n");
    assert_eq!(owner.put("one", &spread).status, 200);
    let second = owner.put("two", &of_size(201));
    refuses(&second, 409, "LimitExceeded", &message);
    assert_eq!(owner.names(), ["one"]);
    assert_eq!(owner.put("two", &of_size(200)).status, 200);
    // What is replaced makes room.
    assert_eq!(owner.put("ONE", &of_size(most - 200)).status, 200);
}

#[test]
fn the_policies_of_a_role_have_a_size_together() {
    has_a_quota(Owner::role("InlineLargeRole"));
}

#[test]
fn the_policies_of_a_user_have_a_size_together() {
    has_a_quota(Owner::user("inline-large-user"));
}

#[test]
fn the_policies_of_a_group_have_a_size_together() {
    has_a_quota(Owner::group("InlineLargeGroup"));
}

#[test]
fn the_policy_of_a_group_counts_for_its_users_from_the_next_request_on() {
    let owner = Owner::group("InlineCounts");
    let ann = DEMO.user(DEV, "inline-counts", None);
    let member = [("GroupName", owner.name), ("UserName", "inline-counts")];
    DEMO.iam_ok(root(), "AddUserToGroup", &member);
    let may = || {
        DEMO.iam(&ann, "GetRole", &[("RoleName", "Developer")])
            .status
    };
    assert_eq!(may(), 403);
    owner.put("p", &allow(&["iam:GetRole"], &["*"]));
    assert_eq!(may(), 200);
    owner.delete("p");
    assert_eq!(may(), 403);
}

#[test]
fn a_policy_that_is_none_is_refused() {
    let owner = Owner::role("InlineOdd");
    let refused = |text: &str, message: &str| {
        let reply = owner.put("p", text);
        refuses(&reply, 400, "MalformedPolicyDocument", message);
    };
    refused("{", "Syntax errors in policy.");
    refused(
        r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#,
        "Policy document must be version 2012-10-17 or greater.",
    );
    refused(
        &document(
            json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": "*" }),
        ),
        "Policy document should not specify a principal.",
    );
    assert!(owner.names().is_empty());
}

#[test]
fn names_and_documents_have_their_form() {
    let owner = Owner::role("InlineForm");
    let reply = owner.put("a b", "\u{100}");
    refuses(
        &reply,
        400,
        "ValidationError",
        r"2 validation errors detected: Value at 'policyDocument' failed to satisfy constraint: Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+; Value at 'policyName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+",
    );
}

#[test]
fn nobody_has_the_policies_of_who_is_not_there() {
    for kind in ["User", "Role", "Group"] {
        let owner = Owner {
            kind,
            name: "Nowhere",
            most: 0,
        };
        let message = format!(
            "The {} with name Nowhere cannot be found.",
            kind.to_lowercase()
        );
        for reply in [
            owner.put("p", "{}"),
            owner.get("p"),
            owner.delete("p"),
            owner.call("List", "Policies", &[]),
        ] {
            refuses(&reply, 404, "NoSuchEntity", &message);
        }
    }
}

#[test]
fn a_user_without_permission_learns_nothing_about_policies() {
    let bob = DEMO.user(DEV, "inline-bob", None);
    make("InlineShut", &[]);
    let policy = allow(&["*"], &["*"]);
    DEMO.iam_ok(root(), "CreateGroup", &[("GroupName", "InlineShut")]);
    for kind in ["User", "Role", "Group"] {
        let parameter = format!("{kind}Name");
        let lower = kind.to_lowercase();
        let there = if kind == "User" {
            "inline-bob"
        } else {
            "InlineShut"
        };
        let arn = format!("arn:aws:iam::{DEV}:{lower}/{there}");
        let missing = format!("{lower} Nowhere");
        for (name, resource) in [(there, arn), ("Nowhere", missing)] {
            for verb in ["Put", "Get", "Delete"] {
                let action = format!("{verb}{kind}Policy");
                let params = [
                    (parameter.as_str(), name),
                    ("PolicyName", "p"),
                    ("PolicyDocument", &policy),
                ];
                let reply = DEMO.iam(&bob, &action, &params);
                let message = format!(
                    "User: arn:aws:iam::{DEV}:user/inline-bob is not authorized to perform: iam:{action} on resource: {resource} because no identity-based policy allows the iam:{action} action"
                );
                refuses(&reply, 403, "AccessDenied", &message);
            }
        }
    }
}

#[test]
fn policies_are_put_only_on_whoever_has_the_boundary() {
    let edge = DEMO.managed_policy(DEV, "InlineEdge", &allow(&["s3:*"], &["*"]));
    let allowed = document(json!({
        "Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": "*",
        "Condition": { "StringEquals": { "iam:PermissionsBoundary": edge } },
    }));
    let ann = DEMO.user(DEV, "inline-ann", Some(&allowed));
    make("InlineBounded", &[("PermissionsBoundary", &edge)]);
    make("InlineFree", &[]);
    let policy = allow(&["*"], &["*"]);
    let put = |name| {
        let params = [
            ("RoleName", name),
            ("PolicyName", "p"),
            ("PolicyDocument", policy.as_str()),
        ];
        DEMO.iam(&ann, "PutRolePolicy", &params).status
    };
    assert_eq!(put("InlineBounded"), 200);
    assert_eq!(put("InlineFree"), 403);
}
