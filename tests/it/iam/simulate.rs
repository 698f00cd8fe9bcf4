//! The simulator.

use drawbridge::sigv4::Credentials;
use serde_json::{Value, json};

use super::{DEMO, root};
use crate::harness::http::Reply;
use crate::harness::iam::{allow, document};
use crate::harness::{DEV, PROD};

#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str, message: &str) {
    let expected = (status, code.to_owned(), message.to_owned());
    assert_eq!(reply.aws_error(), expected);
}

fn user_arn(name: &str) -> String {
    format!("arn:aws:iam::{DEV}:user/{name}")
}

/// Simulates one action on a user, group or role.
fn principal(arn: &str, action: &str, more: &[(&str, &str)]) -> Reply {
    let mut params = vec![("PolicySourceArn", arn), ("ActionNames.member.1", action)];
    params.extend(more);
    DEMO.iam(root(), "SimulatePrincipalPolicy", &params)
}

/// Simulates one action under one policy.
fn custom(policy: &str, action: &str, more: &[(&str, &str)]) -> Reply {
    let mut params = vec![
        ("PolicyInputList.member.1", policy),
        ("ActionNames.member.1", action),
    ];
    params.extend(more);
    DEMO.iam(root(), "SimulateCustomPolicy", &params)
}

#[track_caller]
fn decision(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.xml("EvalDecision")
}

/// Every `<name>` of an answer, in order.
fn every(reply: &Reply, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let pieces = reply.text().split(&open).skip(1);
    let texts = pieces.map(|piece| piece.split(&close).next().unwrap().to_owned());
    texts.collect()
}

/// `<member>` of the first list of this name that is not empty.
fn missing(reply: &Reply) -> Vec<String> {
    let Some(list) = reply.xml_if_any("MissingContextValues") else {
        return Vec::new();
    };
    let pieces = list.split("<member>").skip(1);
    let texts = pieces.map(|piece| piece.split('<').next().unwrap().to_owned());
    texts.collect()
}

fn statement(effect: &str, action: &str, resource: &str) -> Value {
    json!({ "Effect": effect, "Action": action, "Resource": resource })
}

#[test]
fn a_users_own_and_attached_policies_and_its_groups_count() {
    DEMO.user(DEV, "sim-ann", Some(&allow(&["s3:GetObject"], &["*"])));
    let managed = DEMO.managed_policy(DEV, "sim-managed", &allow(&["s3:PutObject"], &["*"]));
    DEMO.attach(&user_arn("sim-ann"), &managed);
    let aws = "arn:aws:iam::aws:policy/IAMReadOnlyAccess";
    DEMO.attach(&user_arn("sim-ann"), aws);
    DEMO.iam_ok(root(), "CreateGroup", &[("GroupName", "sim-group")]);
    let member = [("GroupName", "sim-group"), ("UserName", "sim-ann")];
    DEMO.iam_ok(root(), "AddUserToGroup", &member);
    let grouped = DEMO.managed_policy(DEV, "sim-grouped", &allow(&["s3:ListBucket"], &["*"]));
    DEMO.attach(&format!("arn:aws:iam::{DEV}:group/sim-group"), &grouped);
    for (action, id, kind) in [
        ("s3:GetObject", "user_sim-ann_inline", "user"),
        ("s3:PutObject", "sim-managed", "user-managed"),
        ("iam:GetUser", "IAMReadOnlyAccess", "aws-managed"),
        ("s3:ListBucket", "sim-grouped", "user-managed"),
    ] {
        let reply = principal(&user_arn("sim-ann"), action, &[]);
        assert_eq!(decision(&reply), "allowed", "{action}");
        assert_eq!(reply.xml("EvalActionName"), action);
        assert_eq!(reply.xml("EvalResourceName"), "*");
        assert_eq!(reply.xml("SourcePolicyId"), id);
        assert_eq!(reply.xml("SourcePolicyType"), kind);
    }
    let reply = principal(&user_arn("sim-ann"), "s3:DeleteObject", &[]);
    assert_eq!(decision(&reply), "implicitDeny");
    assert!(reply.text().contains("<MatchedStatements/>"));
    // A group by itself.
    let group = format!("arn:aws:iam::{DEV}:group/sim-group");
    assert_eq!(
        decision(&principal(&group, "s3:ListBucket", &[])),
        "allowed"
    );
    assert_eq!(
        decision(&principal(&group, "s3:GetObject", &[])),
        "implicitDeny"
    );
}

#[test]
fn a_role_is_held_to_its_boundary() {
    let edge = DEMO.managed_policy(DEV, "sim-edge", &allow(&["s3:Get*"], &["*"]));
    let role = DEMO.role_with(DEV, "sim-bounded", &allow(&["s3:*"], &["*"]), |role| {
        role.permissions_boundary = Some(edge.clone());
    });
    DEMO.role_policy(DEV, "sim-bounded", &allow(&["s3:*"], &["*"]));
    let reply = principal(&role, "s3:GetObject", &[]);
    assert_eq!(decision(&reply), "allowed");
    assert_eq!(reply.xml("AllowedByPermissionsBoundary"), "true");
    assert_eq!(every(&reply, "SourcePolicyId"), ["role_sim-bounded_inline"]);
    let reply = principal(&role, "s3:PutObject", &[]);
    assert_eq!(decision(&reply), "implicitDeny");
    assert_eq!(reply.xml("AllowedByPermissionsBoundary"), "false");
    // The call may bring another boundary, or leave the role's out.
    let other = allow(&["s3:Put*"], &["*"]);
    let other = [(
        "PermissionsBoundaryPolicyInputList.member.1",
        &other as &str,
    )];
    assert_eq!(
        decision(&principal(&role, "s3:PutObject", &other)),
        "allowed"
    );
    let without = [(
        "PolicyExclusionList.member.1.PolicyType",
        "permission-boundary",
    )];
    let reply = principal(&role, "s3:PutObject", &without);
    assert_eq!(decision(&reply), "allowed");
    assert_eq!(reply.xml_if_any("AllowedByPermissionsBoundary"), None);
}

#[test]
fn policies_can_be_brought_and_left_out() {
    DEMO.user(DEV, "sim-without", Some(&allow(&["s3:GetObject"], &["*"])));
    let arn = user_arn("sim-without");
    let brought = allow(&["s3:PutObject"], &["*"]);
    let brought = [("PolicyInputList.member.1", &brought as &str)];
    let reply = principal(&arn, "s3:PutObject", &brought);
    assert_eq!(decision(&reply), "allowed");
    assert_eq!(reply.xml("SourcePolicyId"), "PolicyInputList.1");
    assert_eq!(reply.xml("SourcePolicyType"), "none");
    let at = |field: &str| format!("PolicyExclusionList.member.1.InlinePolicyIdentifier.{field}");
    let fields = [at("PolicyName"), at("AttachmentType"), at("AttachmentName")];
    let [name, kind, of] = &fields;
    let left_out = [
        (name.as_str(), "inline"),
        (kind.as_str(), "user"),
        (of.as_str(), "sim-without"),
    ];
    let reply = principal(&arn, "s3:GetObject", &left_out);
    assert_eq!(decision(&reply), "implicitDeny");
}

#[test]
fn a_deny_decides_and_is_the_statement_that_matched() {
    let policy = document(json!([
        statement("Allow", "s3:*", "*"),
        statement("Deny", "s3:Delete*", "*"),
    ]));
    let reply = custom(&policy, "s3:DeleteObject", &[]);
    assert_eq!(decision(&reply), "explicitDeny");
    assert_eq!(every(&reply, "SourcePolicyId"), ["PolicyInputList.1"]);
    let column = policy.find(r#"{"Effect":"Deny""#).unwrap() + 1;
    assert_eq!(every(&reply, "Column")[0], column.to_string());
}

#[test]
fn statements_are_told_by_line_and_column() {
    let policy = "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [{\n    \"Effect\": \"Allow\",\n    \
                  \"Action\": \"s3:*\",\n    \"Resource\": \"*\"\n  }]\n}";
    let reply = custom(policy, "s3:GetObject", &[]);
    assert_eq!(decision(&reply), "allowed");
    assert_eq!(every(&reply, "Line"), ["3", "7"]);
    assert_eq!(every(&reply, "Column"), ["17", "4"]);
}

#[test]
fn every_resource_has_its_result() {
    let policy = allow(&["s3:GetObject"], &["arn:aws:s3:::mine/*"]);
    let more = [
        ("ResourceArns.member.1", "arn:aws:s3:::mine/a"),
        ("ResourceArns.member.2", "arn:aws:s3:::yours/a"),
    ];
    let reply = custom(&policy, "s3:GetObject", &more);
    assert_eq!(every(&reply, "EvalDecision"), ["allowed", "implicitDeny"]);
    assert_eq!(
        every(&reply, "EvalResourceDecision"),
        ["allowed", "implicitDeny"]
    );
    // Without a resource, a statement about one does not count.
    let reply = custom(&policy, "s3:GetObject", &[]);
    assert_eq!(decision(&reply), "implicitDeny");
    assert_eq!(reply.xml_if_any("ResourceSpecificResults"), None);
}

#[test]
fn results_come_in_pages() {
    let policy = allow(&["s3:Get*"], &["*"]);
    let more = [
        ("ActionNames.member.2", "s3:PutObject"),
        ("ActionNames.member.3", "s3:GetBucketAcl"),
        ("MaxItems", "2"),
    ];
    let first = custom(&policy, "s3:GetObject", &more);
    assert_eq!(every(&first, "EvalDecision"), ["allowed", "implicitDeny"]);
    assert_eq!(first.xml("IsTruncated"), "true");
    let marker = first.xml("Marker");
    let mut rest = more.to_vec();
    rest.push(("Marker", &marker));
    let second = custom(&policy, "s3:GetObject", &rest);
    assert_eq!(every(&second, "EvalActionName"), ["s3:GetBucketAcl"]);
    assert_eq!(second.xml("IsTruncated"), "false");
}

/// A condition on one key, and the decision on one value of one type.
fn under(operator: &str, wanted: &str, kind: &str, values: &[&str]) -> String {
    let policy = document(json!({
        "Effect": "Allow", "Action": "s3:*", "Resource": "*",
        "Condition": { operator: { "test:Key": wanted } },
    }));
    let names: Vec<String> = (1..=values.len())
        .map(|n| format!("ContextEntries.member.1.ContextKeyValues.member.{n}"))
        .collect();
    let mut more = vec![
        ("ContextEntries.member.1.ContextKeyName", "TEST:key"),
        ("ContextEntries.member.1.ContextKeyType", kind),
    ];
    let named = names.iter().zip(values);
    more.extend(named.map(|(name, value)| (name.as_str(), *value)));
    decision(&custom(&policy, "s3:GetObject", &more))
}

#[test]
fn context_entries_of_every_type_are_compared() {
    for (operator, wanted, kind, values) in [
        ("StringEquals", "a", "string", &["a"][..]),
        ("ForAnyValue:StringEquals", "b", "stringList", &["a", "b"]),
        ("ForAllValues:StringEquals", "a", "stringList", &["a"]),
        ("NumericLessThan", "10", "numeric", &["9"]),
        ("ForAnyValue:NumericEquals", "10", "numericList", &["10.0"]),
        ("Bool", "true", "boolean", &["true"]),
        (
            "ForAnyValue:Bool",
            "true",
            "booleanList",
            &["false", "true"],
        ),
        ("IpAddress", "203.0.113.0/24", "ip", &["203.0.113.9"]),
        (
            "ForAnyValue:IpAddress",
            "203.0.113.0/24",
            "ipList",
            &["203.0.113.9"],
        ),
        (
            "DateLessThan",
            "2026-01-01T00:00:00Z",
            "date",
            &["2025-12-31T23:59:59Z"],
        ),
        (
            "ForAnyValue:DateGreaterThan",
            "2026-01-01",
            "dateList",
            &["2027-01-01"],
        ),
        ("BinaryEquals", "aGVsbG8=", "binary", &["aGVsbG8="]),
        (
            "ForAnyValue:BinaryEquals",
            "aGVsbG8=",
            "binaryList",
            &["aGVsbG8="],
        ),
    ] {
        assert_eq!(
            under(operator, wanted, kind, values),
            "allowed",
            "{operator} {kind}"
        );
    }
    assert_eq!(under("StringEquals", "a", "string", &["b"]), "implicitDeny");
    // A list needs a set operator, with one value too.
    assert_eq!(
        under("StringEquals", "a", "stringList", &["a"]),
        "implicitDeny"
    );
}

#[test]
fn what_the_policies_want_and_nobody_gave_is_told() {
    let policy = document(json!([
        {
            "Effect": "Allow", "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::home/${aws:username}/*",
            "Condition": { "Bool": { "aws:MultiFactorAuthPresent": "true" } },
        },
        {
            "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*",
            "Condition": { "StringEquals": { "aws:userid": "x" } },
        },
    ]));
    let reply = custom(&policy, "s3:GetObject", &[]);
    assert_eq!(
        missing(&reply),
        ["aws:username", "aws:MultiFactorAuthPresent"]
    );
    let more = [
        ("ContextEntries.member.1.ContextKeyName", "aws:username"),
        ("ContextEntries.member.1.ContextKeyType", "string"),
        ("ContextEntries.member.1.ContextKeyValues.member.1", "ann"),
        ("ResourceArns.member.1", "arn:aws:s3:::home/ann/x"),
    ];
    let reply = custom(&policy, "s3:GetObject", &more);
    assert_eq!(decision(&reply), "implicitDeny");
    // Of a resource that is named, in the part that is its own.
    let (_, own) = reply
        .text()
        .split_once("<ResourceSpecificResults>")
        .unwrap();
    assert!(
        own.contains("<member>aws:MultiFactorAuthPresent</member>"),
        "{own}"
    );
    assert!(!own.contains("aws:username"));
}

#[test]
fn a_resources_policy_speaks_across_accounts() {
    let queue = format!("arn:aws:sqs:us-east-1:{PROD}:jobs");
    let caller = user_arn("anybody");
    let opens = document(json!({
        "Effect": "Allow", "Action": "sqs:*", "Resource": queue,
        "Principal": { "AWS": caller },
    }));
    let mine = allow(&["sqs:*"], &["*"]);
    let more = [
        ("ResourceArns.member.1", queue.as_str()),
        ("CallerArn", &caller),
        ("ResourcePolicy", &opens),
    ];
    let reply = custom(&mine, "sqs:SendMessage", &more);
    assert_eq!(decision(&reply), "allowed");
    assert!(every(&reply, "SourcePolicyId").contains(&"ResourcePolicy".to_owned()));
    let nothing = allow(&["s3:*"], &["*"]);
    let reply = custom(&nothing, "sqs:SendMessage", &more);
    assert_eq!(decision(&reply), "implicitDeny");
    let details = reply.xml("EvalDecisionDetails");
    let pairs: Vec<&str> = details.split_whitespace().collect();
    let (ours, theirs) = (
        pairs.join(""),
        "<key>ResourcePolicy</key><value>allowed</value>",
    );
    assert!(
        ours.contains("<key>IAMPolicy</key><value>implicitDeny</value>"),
        "{ours}"
    );
    assert!(ours.contains(theirs), "{ours}");
}

#[test]
fn within_an_account_a_resources_policy_may_be_enough() {
    let caller = user_arn("anybody");
    let opens = document(json!({
        "Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": { "AWS": caller },
    }));
    let more = [
        ("ResourceArns.member.1", "arn:aws:s3:::bucket/key"),
        ("CallerArn", caller.as_str()),
        ("ResourcePolicy", &opens),
    ];
    let nothing = allow(&["ec2:*"], &["*"]);
    let reply = custom(&nothing, "s3:GetObject", &more);
    assert_eq!(decision(&reply), "allowed");
    assert_eq!(reply.xml("SourcePolicyType"), "resource");
    // The same bucket in somebody else's account is not.
    let mut more = more.to_vec();
    let owner = format!("arn:aws:iam::{PROD}:root");
    more.push(("ResourceOwner", &owner));
    let reply = custom(&nothing, "s3:GetObject", &more);
    assert_eq!(decision(&reply), "implicitDeny");
}

#[test]
fn a_resources_policy_needs_somebody_who_asks() {
    let opens = document(json!({
        "Effect": "Allow", "Action": "s3:*", "Resource": "*", "Principal": "*",
    }));
    let more = [("ResourcePolicy", opens.as_str())];
    let reply = custom(&allow(&["s3:*"], &["*"]), "s3:GetObject", &more);
    let text = "CallerArn must be supplied with a ResourcePolicy.";
    refused(&reply, 400, "InvalidInput", text);
    let more = [("CallerArn", "somebody")];
    let reply = custom(&allow(&["s3:*"], &["*"]), "s3:GetObject", &more);
    refused(&reply, 400, "InvalidInput", "Invalid Caller Arn: somebody");
}

#[test]
fn a_malformed_policy_is_an_invalid_input() {
    let reply = custom("{", "s3:GetObject", &[]);
    refused(&reply, 400, "InvalidInput", "Syntax errors in policy.");
}

#[test]
fn what_is_not_given_or_too_much_is_refused() {
    let null = |member: &str| {
        format!(
            "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must \
             not be null"
        )
    };
    let policy = allow(&["s3:*"], &["*"]);
    let only = [("PolicyInputList.member.1", policy.as_str())];
    let reply = DEMO.iam(root(), "SimulateCustomPolicy", &only);
    refused(&reply, 400, "ValidationError", &null("actionNames"));
    let only = [("ActionNames.member.1", "s3:GetObject")];
    let reply = DEMO.iam(root(), "SimulateCustomPolicy", &only);
    refused(&reply, 400, "ValidationError", &null("policyInputList"));
    let reply = DEMO.iam(root(), "GetContextKeysForCustomPolicy", &[]);
    refused(&reply, 400, "ValidationError", &null("policyInputList"));
    let boundary = "PermissionsBoundaryPolicyInputList.member";
    let names = [1, 2].map(|number| format!("{boundary}.{number}"));
    let two = names
        .each_ref()
        .map(|name| (name.as_str(), policy.as_str()));
    let reply = custom(&policy, "s3:GetObject", &two);
    let text = "1 validation error detected: Value at 'permissionsBoundaryPolicyInputList' failed to \
                satisfy constraint: Member must have length less than or equal to 1";
    refused(&reply, 400, "ValidationError", text);
}

#[test]
fn a_context_entry_is_held_to_its_form() {
    let policy = allow(&["s3:*"], &["*"]);
    let entry = |kind: &'static str, values: [&'static str; 2]| {
        let [first, second] = values;
        let more = [
            ("ContextEntries.member.1.ContextKeyName", "test:Key"),
            ("ContextEntries.member.1.ContextKeyType", kind),
            ("ContextEntries.member.1.ContextKeyValues.member.1", first),
            ("ContextEntries.member.1.ContextKeyValues.member.2", second),
        ];
        custom(&policy, "s3:GetObject", &more)
    };
    let text = "The context key test:Key has several values and is no list.";
    refused(&entry("string", ["a", "b"]), 400, "InvalidInput", text);
    let text = "! is not the base64 of a text.";
    refused(&entry("binaryList", ["!", "!"]), 400, "InvalidInput", text);
    let text = "1 validation error detected: Value at 'contextEntries.1.member.contextKeyType' failed to \
                satisfy constraint: Member must satisfy enum value set";
    refused(&entry("colour", ["a", "b"]), 400, "ValidationError", text);
}

#[test]
fn policies_of_an_organization_are_not_simulated() {
    let name = "OrderedOrganizationPolicyInputList.member.1.ServiceControlPolicyInputList.member.1";
    let policy = allow(&["*"], &["*"]);
    let reply = custom(&policy, "s3:GetObject", &[(name, &policy)]);
    let text = "The parameter OrderedOrganizationPolicyInputList is not supported.";
    refused(&reply, 400, "InvalidParameterValue", text);
}

#[test]
fn what_holds_no_policies_is_no_source() {
    for arn in [
        format!("arn:aws:sts::{DEV}:assumed-role/Developer/session"),
        format!("arn:aws:iam::{DEV}:root"),
        "certainly-not-an-arn".to_owned(),
    ] {
        let text =
            format!("Invalid Entity Arn: {arn} does not clearly define entity type and name.");
        refused(
            &principal(&arn, "s3:GetObject", &[]),
            400,
            "InvalidInput",
            &text,
        );
    }
    for (kind, shown) in [("user", "user"), ("role", "role"), ("group", "group")] {
        let arn = format!("arn:aws:iam::{DEV}:{kind}/sim-nobody");
        let text = format!("The {shown} with name sim-nobody cannot be found.");
        refused(
            &principal(&arn, "s3:GetObject", &[]),
            404,
            "NoSuchEntity",
            &text,
        );
    }
}

#[test]
fn a_source_of_another_account_cannot_be_reached() {
    let arn = format!("arn:aws:iam::{PROD}:role/Developer");
    let reply = principal(&arn, "s3:GetObject", &[]);
    let text = format!(
        "User: arn:aws:iam::{DEV}:root is not authorized to perform: iam:SimulatePrincipalPolicy on \
         resource: {arn} because no resource-based policy allows the iam:SimulatePrincipalPolicy action"
    );
    refused(&reply, 403, "AccessDenied", &text);
}

#[test]
fn context_keys_are_named_by_the_documents() {
    let policy = document(json!({
        "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:username}",
        "Condition": { "IpAddress": { "aws:SourceIp": "203.0.113.0/24" } },
    }));
    let keys = |reply: &Reply| {
        assert_eq!(reply.status, 200, "{}", reply.text());
        every(reply, "member")
    };
    let params = [("PolicyInputList.member.1", policy.as_str())];
    let reply = DEMO.iam(root(), "GetContextKeysForCustomPolicy", &params);
    assert_eq!(keys(&reply), ["aws:username", "aws:SourceIp"]);
    DEMO.user(DEV, "sim-keys", Some(&policy));
    let more = document(json!({
        "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": { "StringEquals": { "AWS:userName": "bob", "aws:PrincipalTag/Team": "a" } },
    }));
    let arn = user_arn("sim-keys");
    let params = [
        ("PolicySourceArn", arn.as_str()),
        ("PolicyInputList.member.1", &more),
    ];
    let reply = DEMO.iam(root(), "GetContextKeysForPrincipalPolicy", &params);
    let expected = ["aws:username", "aws:SourceIp", "aws:PrincipalTag/Team"];
    assert_eq!(keys(&reply), expected);
}

#[test]
fn each_operation_needs_its_permission_on_its_source() {
    DEMO.user(DEV, "sim-target", None);
    let target = user_arn("sim-target");
    let policy = allow(&["s3:*"], &["*"]);
    let stranger: Credentials = DEMO.user(DEV, "sim-stranger", None);
    let source = ("PolicySourceArn", target.as_str());
    let action_name = ("ActionNames.member.1", "s3:GetObject");
    let input = ("PolicyInputList.member.1", policy.as_str());
    for (action, resource, params) in [
        (
            "SimulatePrincipalPolicy",
            target.as_str(),
            vec![source, action_name],
        ),
        ("GetContextKeysForPrincipalPolicy", &target, vec![source]),
        ("SimulateCustomPolicy", "*", vec![input, action_name]),
        ("GetContextKeysForCustomPolicy", "*", vec![input]),
    ] {
        let reply = DEMO.iam(&stranger, action, &params);
        let text = format!(
            "User: arn:aws:iam::{DEV}:user/sim-stranger is not authorized to perform: iam:{action} on \
             resource: {resource} because no identity-based policy allows the iam:{action} action"
        );
        refused(&reply, 403, "AccessDenied", &text);
        let allowed = allow(&[&format!("iam:{action}")], &[resource]);
        let allowed = DEMO.user(DEV, &format!("sim-{action}"), Some(&allowed));
        DEMO.iam_ok(&allowed, action, &params);
    }
}
