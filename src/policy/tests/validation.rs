//! §2: the IAM API's checks, their texts and their order.

use super::*;
use crate::policy::{DocumentKind, validate, validate_managed};

const LEGACY: &str = "The policy failed legacy parsing";
const SYNTAX: &str = "Syntax errors in policy.";
const VENDOR_MISSING: &str =
    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
const NO_ACTIONS: &str = "Policy statement must contain actions.";
const NO_RESOURCES: &str = "Policy statement must contain resources.";
const VERSION: &str = "Policy document must be version 2012-10-17 or greater.";
const SID_TWICE: &str = "Statement IDs (SID) in a single policy must be unique.";
const PRINCIPAL: &str = "Policy document should not specify a principal.";
const IAM_PATH: &str = "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.";

fn refusal(document: &Value, kind: DocumentKind) -> String {
    match validate(&document.to_string(), kind) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

/// The answer to an identity document of one statement; empty when it is accepted.
fn identity(statement: Value) -> String {
    refusal(&policy(statement), DocumentKind::Identity)
}

fn trust(statement: Value) -> String {
    refusal(&policy(statement), DocumentKind::Trust)
}

fn action(action: &str) -> String {
    identity(json!({"Effect": "Allow", "Action": action, "Resource": "*"}))
}

fn resource(resource: &str) -> String {
    identity(json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": resource}))
}

fn date(value: &str) -> String {
    identity(
        json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*", "Condition": {"DateLessThan": {"a": value}}}),
    )
}

#[test]
fn a_plain_document_is_accepted() {
    assert_eq!(
        identity(
            json!({"Sid": "a b", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": ["arn:aws:s3:::b", "*"], "Condition": {}})
        ),
        ""
    );
}

#[test]
fn an_identity_document_of_2008_is_refused_and_others_are_not() {
    let statement = json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"});
    for document in [
        json!({"Statement": statement}),
        json!({"Version": "2008-10-17", "Statement": statement}),
    ] {
        assert_eq!(refusal(&document, DocumentKind::Identity), VERSION);
    }
    let trust = json!({"Version": "2008-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}});
    assert_eq!(refusal(&trust, DocumentKind::Trust), "");
    let resource = json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}});
    assert_eq!(refusal(&resource, DocumentKind::Resource), "");
}

#[test]
fn an_effect_in_another_case_fails_legacy_parsing() {
    assert_eq!(
        identity(json!({"Effect": "denY", "Action": "s3:ListBucket", "Resource": "*"})),
        LEGACY
    );
    assert_eq!(
        identity(json!({"Effect": "Permit", "Action": "s3:ListBucket", "Resource": "*"})),
        SYNTAX
    );
}

#[test]
fn dates_are_taken_as_the_older_parser_takes_them() {
    for good in [
        "01T",
        "-292275054",
        "2019-07-01T13:20:15Z",
        "2016-12-13T21:20:37.593194+00:00",
        "2016-12-13t2:00:00.593194+23",
        "1700000000",
        "2017-07",
        "2017-07-01T00:00:00-07:00",
    ] {
        assert_eq!(date(good), "", "{good}");
    }
    for bad in [
        "sdfdsf",
        "234-13",
        "2016-12-13t2:00:00.593194+1",
        "2016-12-13t2:00:00.1999999999+10:59",
        "9223372036854775808",
        "",
        "-5-5-5-5",
        "2016-12-32",
    ] {
        assert_eq!(date(bad), LEGACY, "{bad}");
    }
}

#[test]
fn statement_ids_are_unique() {
    let statement = |sid: &str| json!({"Sid": sid, "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"});
    assert_eq!(
        identity(json!([statement("a"), statement("b"), statement("a")])),
        SID_TWICE
    );
    assert_eq!(identity(json!([statement(""), statement("")])), "");
    assert_eq!(
        identity(
            json!([statement("a"), {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}])
        ),
        ""
    );
}

#[test]
fn statement_ids_of_managed_policies_are_alphanumeric() {
    let document = policy(
        json!({"Sid": "a b", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}),
    );
    assert_eq!(
        validate_managed(&document.to_string())
            .unwrap_err()
            .to_string(),
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
    );
}

#[test]
fn actions_must_be_there() {
    assert_eq!(
        identity(json!({"Effect": "Allow", "Resource": "*"})),
        NO_ACTIONS
    );
    assert_eq!(
        identity(json!({"Effect": "Allow", "NotAction": [], "Resource": "*"})),
        NO_ACTIONS
    );
    assert_eq!(
        identity(
            json!([{"Effect": "Deny"}, {"Effect": "Allow", "Action": "a:b", "Resource": "*"}])
        ),
        NO_ACTIONS
    );
}

#[test]
fn actions_have_a_vendor_and_one_colon() {
    for good in [
        "*",
        "s3:*",
        "*:*",
        "iam: asdf safdsf af ",
        "s3-s:ListBucket",
        "s3.s:ListBucket",
        "nosuch:Thing",
        "s3:",
    ] {
        assert_eq!(action(good), "", "{good}");
    }
    assert_eq!(action("invalid"), VENDOR_MISSING);
    assert_eq!(action(""), VENDOR_MISSING);
    assert_eq!(action("s3*"), VENDOR_MISSING);
    assert_eq!(
        action("s3:List:Bucket"),
        "Actions/Condition can contain only one colon."
    );
    assert_eq!(action("a a:ListBucket"), "Vendor a a is not valid");
    assert_eq!(action("s3*:Get"), "Vendor s3* is not valid");
}

#[test]
fn resources_must_be_there() {
    assert_eq!(
        identity(json!({"Effect": "Allow", "Action": "s3:ListBucket"})),
        NO_RESOURCES
    );
    assert_eq!(
        identity(json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": []})),
        NO_RESOURCES
    );
    assert_eq!(
        refusal(
            &policy(json!({"Effect": "Allow", "Principal": "*", "Action": "s3:ListBucket"})),
            DocumentKind::Resource
        ),
        NO_RESOURCES
    );
}

#[test]
fn resources_have_a_form() {
    for good in [
        "*",
        "arn:aws:s3:::b",
        "arn:aws:iam:::user/b",
        "arn:aws:iam::111122223333:*",
        "arn:aws:s33:::b",
        "arn:aws:fdsasf",
        "arn:aws:cloudwatch:us-east-1::b",
        "arn:*:s3:::b",
        "arn:aws-cn:s3:::b",
        "arn:aws-us-gov:s3:::b",
        "arn:aws:s3:us-east-1:111122223333:accesspoint/p",
    ] {
        assert_eq!(resource(good), "", "{good}");
    }
    for (bad, text) in [
        (
            "invalid resource",
            "Resource invalid resource must be in ARN format or \"*\".",
        ),
        ("", "Resource  must be in ARN format or \"*\"."),
        (
            "a:bsd",
            "Partition \"bsd\" is not valid for resource \"arn:bsd:*:*:*:*\".",
        ),
        (
            "a:bsd:",
            "Partition \"bsd\" is not valid for resource \"arn:bsd:*:*:*:*\".",
        ),
        (
            "a:b:cad",
            "Partition \"b\" is not valid for resource \"arn:b:cad:*:*:*\".",
        ),
        (
            "a:b:c:d:e:f:g:h",
            "Partition \"b\" is not valid for resource \"arn:b:c:d:e:f:g:h\".",
        ),
        (
            "aws:s3:::example_bucket",
            "Partition \"s3\" is not valid for resource \"arn:s3:::example_bucket:*\".",
        ),
        (
            "arn:foo:s3:::x",
            "Partition \"foo\" is not valid for resource \"arn:foo:s3:::x\".",
        ),
        (
            "arn:aws",
            "Resource vendor must be fully qualified and cannot contain regexes.",
        ),
        (
            "arn:aws:s3:us-east-1::b",
            "Resource arn:aws:s3:us-east-1::b can not contain region information.",
        ),
        (
            "arn:aws:iam:us-east-1::b",
            "IAM resource arn:aws:iam:us-east-1::b cannot contain region information.",
        ),
        ("arn:aws:iam:::b", IAM_PATH),
        ("arn:aws:s3::b", LEGACY),
        ("arn:aws::::b", LEGACY),
        ("arn:aws::fdsasf", LEGACY),
    ] {
        assert_eq!(resource(bad), text, "{bad}");
    }
}

#[test]
fn the_root_of_an_account_is_a_resource() {
    assert_eq!(resource("arn:aws:iam::*:root"), "");
    assert_eq!(resource("arn:aws:iam::*:roots"), IAM_PATH);
    assert_eq!(resource("arn:aws:iam::*:root/x"), IAM_PATH);
}

#[test]
fn of_a_list_the_first_in_the_alphabet_is_reported() {
    let statement = json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": ["arn:error:s3::example_bucket", "arn:error:s3:::example_bucket"]});
    assert_eq!(
        identity(statement),
        "Partition \"error\" is not valid for resource \"arn:error:s3:::example_bucket\"."
    );
}

#[test]
fn the_first_failing_check_wins() {
    let bad_date = json!({"DateGreaterThan": {"a": "sdfdsf"}});
    for (statement, text) in [
        // Syntax before version, version before legacy parsing.
        (
            json!({"Effect": "denY", "Action": "s3:ListBucket", "Resource": "*", "Comment": 1}),
            SYNTAX,
        ),
        // Legacy parsing before statement ids, actions and resources.
        (json!({"Effect": "Allow", "Condition": bad_date}), LEGACY),
        (
            json!({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:error:s3:::b", "Condition": bad_date}),
            LEGACY,
        ),
        (
            json!({"Effect": "Allow", "Resource": "arn:aws:s3::b"}),
            LEGACY,
        ),
        (
            json!([{"Sid": "s", "Effect": "aLLow", "Action": "a:b", "Resource": "*"}, {"Sid": "s", "Effect": "Allow"}]),
            LEGACY,
        ),
        // Statement ids before actions.
        (
            json!([{"Sid": "s", "Effect": "Allow", "Action": "a:b", "Resource": "*"}, {"Sid": "s", "Effect": "Allow"}]),
            SID_TWICE,
        ),
        (json!({"Effect": "Allow"}), NO_ACTIONS),
        // The form of resources before that of actions, that before a missing resource.
        (
            json!({"Effect": "Allow", "Action": "s:3:ListBucket", "Resource": "sdfsadf"}),
            "Resource sdfsadf must be in ARN format or \"*\".",
        ),
        (
            json!({"Effect": "Allow", "Action": "invalid"}),
            VENDOR_MISSING,
        ),
    ] {
        assert_eq!(identity(statement.clone()), text, "{statement}");
    }
    let old = json!({"Statement": [{"Sid": "s", "Effect": "denY", "Action": "a:b"}, {"Sid": "s", "Effect": "Allow"}]});
    assert_eq!(refusal(&old, DocumentKind::Identity), VERSION);
}

#[test]
fn an_identity_document_names_no_principal() {
    let trust_policy =
        json!({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"});
    assert_eq!(identity(trust_policy), PRINCIPAL);
    assert_eq!(
        identity(json!({"Effect": "Allow", "NotPrincipal": "*", "Action": "a:b", "Resource": "*"})),
        PRINCIPAL
    );
}

#[test]
fn a_trust_policy_names_principals_and_no_resource() {
    assert_eq!(
        trust(
            json!({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
        ),
        ""
    );
    assert_eq!(
        trust(
            json!({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole", "Resource": "*"})
        ),
        "Has prohibited field Resource"
    );
    assert_eq!(
        trust(json!({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "*"})),
        "Has prohibited field Resource"
    );
    assert_eq!(
        trust(json!({"Effect": "Allow", "Action": "sts:AssumeRole"})),
        "Missing required field Principal"
    );
    assert_eq!(
        trust(
            json!({"Effect": "Deny", "NotPrincipal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
        ),
        "Has prohibited field NotPrincipal"
    );
}

#[test]
fn a_trust_policy_has_actions_of_sts_alone() {
    let with = |action: &str| {
        trust(json!({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": action}))
    };
    for good in [
        "sts:AssumeRole",
        "STS:assumerole",
        "sts:*",
        "sts:Assume*",
        "sts:AssumeRoleWithSAML",
        "sts:AssumeRoleWithWebIdentity",
        "sts:TagSession",
        "sts:SetSourceIdentity",
        "sts:GetFederationToken",
        "sts:SetContext",
    ] {
        assert_eq!(with(good), "", "{good}");
    }
    for bad in [
        "sts:TagSessions",
        "s3:GetObject",
        "*",
        "*:*",
        "sts:Foo*",
        "st:AssumeRole",
    ] {
        assert_eq!(
            with(bad),
            "AssumeRole policy may only specify STS AssumeRole actions.",
            "{bad}"
        );
    }
}

#[test]
fn principals_have_a_form() {
    let with = |principal: Value| {
        trust(json!({"Effect": "Allow", "Principal": principal, "Action": "sts:*"}))
    };
    for good in [
        json!({"AWS": "*"}),
        json!({"AWS": [ACCOUNT, ROOT, USER, SESSION_ROLE, SESSION, FEDERATED_USER]}),
        json!({"Federated": "accounts.google.com"}),
        json!({"Federated": "arn:aws:iam::111122223333:saml-provider/adfs"}),
        json!({"Federated": "arn:aws:iam::111122223333:oidc-provider/127.0.0.1:8081/acme"}),
        json!({"Service": ["ec2.amazonaws.com", "states.eu-west-1.amazonaws.com"]}),
    ] {
        assert_eq!(with(good.clone()), "", "{good}");
    }
    for bad in [
        "arn:aws:iam::111122223333:role/*",
        "arn:aws:sts::111122223333:assumed-role/r/*",
        "arn:aws:iam::*:root",
        "arn:aws:iam::111122223333:group/g",
        "arn:aws:iam::111122223333:user/",
        "arn:aws:s3:::bucket",
        "someone",
        "",
        "11112222333",
    ] {
        assert_eq!(
            with(json!({"AWS": bad})),
            format!("Invalid principal in policy: \"AWS\":\"{bad}\"")
        );
    }
    assert_eq!(
        with(json!("*")),
        "AssumeRolepolicy contained an invalid principal: \"STAR\":\"*\"."
    );
    for bad in [
        "*",
        "",
        "google",
        "accounts.google.com/x",
        "arn:aws:iam::111122223333:role/x",
        "arn:aws:iam::1:saml-provider/x",
        "arn:aws:iam::111122223333:saml-provider/",
    ] {
        assert_eq!(
            with(json!({"Federated": bad})),
            "Federated principals must be valid domain names or SAML metadata ARNs",
            "{bad}"
        );
    }
    assert_eq!(
        with(json!({"Service": "*"})),
        "Invalid principal in policy: \"SERVICE\":\"*\""
    );
}

#[test]
fn a_resource_policy_takes_everyone_and_not_principal() {
    for principal in [
        json!({"Principal": "*"}),
        json!({"NotPrincipal": {"AWS": USER}}),
    ] {
        let mut statement = json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*"});
        for (name, value) in principal.as_object().unwrap() {
            statement[name] = value.clone();
        }
        assert_eq!(refusal(&policy(statement), DocumentKind::Resource), "");
    }
    assert_eq!(
        refusal(&allow_all(), DocumentKind::Resource),
        "Missing required field Principal"
    );
}

#[test]
fn unknown_services_actions_and_keys_are_accepted() {
    assert_eq!(
        identity(
            json!({"Effect": "Allow", "Action": "nosuch:Thing", "Resource": "arn:aws:nosuch:::x", "Condition": {"StringEquals": {"no:such": "key"}}})
        ),
        ""
    );
}

#[test]
fn an_unknown_operator_needs_an_empty_block() {
    let with = |condition: Value| {
        identity(
            json!({"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": condition}),
        )
    };
    assert_eq!(with(json!({"a": {}})), "");
    assert_eq!(with(json!({"DateGreaterThan": {"a": []}})), "");
    assert_eq!(with(json!({"x": {"a": "1"}})), SYNTAX);
    assert_eq!(
        with(json!({"ForAnyValue::StringEqualsIfExists": {"a": "asf"}})),
        SYNTAX
    );
}

#[test]
fn a_validated_document_is_the_parsed_one() {
    let text = format!(
        " {}",
        policy(json!({"Effect": "Allow", "Action": "a:b", "Resource": "*"}))
    );
    let document = validate(&text, DocumentKind::Identity).unwrap();
    assert_eq!(document.source(), text);
    assert_eq!(document.statements().len(), 1);
}
