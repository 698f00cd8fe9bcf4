//! `POST /` and `GET /`: the AWS query protocol, and who is let through to the operations.

use std::sync::LazyLock;

use drawbridge::clock::Clock;
use drawbridge::credentials::RoleSession;
use drawbridge::sigv4::{Credentials, amz_date};
use drawbridge::store::revocations::{Revocation, RevocationKind};
use drawbridge::sts::{Authentication, OPERATIONS};
use serde_json::{Value, json};
use time::Duration;

use crate::harness::http::{Reply, Request, raw};
use crate::harness::{Broker, DEV, PROD, RUNTIME};

static DEMO: LazyLock<Broker> = LazyLock::new(Broker::demo);

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
    Secret Access Key and signing method. Consult the service documentation for details.";
const INVALID: &str = "The security token included in the request is invalid.";
const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";

fn root() -> &'static Credentials {
    DEMO.root(DEV)
}

fn developer() -> String {
    format!("arn:aws:iam::{DEV}:role/Developer")
}

/// A session of a role that may do things.
fn session() -> Credentials {
    DEMO.session_of(&developer(), |_| {})
}

fn whoami() -> Request {
    DEMO.sts("GetCallerIdentity", &[])
}

fn unsigned(body: &str) -> Reply {
    let request = DEMO.post("/");
    request
        .body("application/x-www-form-urlencoded", body)
        .send()
}

// --- the protocol ---------------------------------------------------------------------------------------------------

#[test]
fn a_success_has_the_recorded_layout() {
    let reply = DEMO.sign(whoami(), root()).send();
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), "text/xml");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(reply.text().ends_with("</GetCallerIdentityResponse>\n"));
    insta::assert_snapshot!(reply.text().replace(&reply.reference(), "[request id]"), @r#"
    <GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
      <GetCallerIdentityResult>
        <Arn>arn:aws:iam::111111111111:root</Arn>
        <UserId>111111111111</UserId>
        <Account>111111111111</Account>
      </GetCallerIdentityResult>
      <ResponseMetadata>
        <RequestId>[request id]</RequestId>
      </ResponseMetadata>
    </GetCallerIdentityResponse>
    "#);
}

#[test]
fn an_error_has_the_recorded_layout() {
    let reply = whoami().send();
    assert_eq!(reply.header("content-type"), "text/xml");
    assert_eq!(reply.header("cache-control"), "no-store");
    insta::assert_snapshot!(reply.text().replace(&reply.reference(), "[request id]"), @r#"
    <ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
      <Error>
        <Type>Sender</Type>
        <Code>MissingAuthenticationToken</Code>
        <Message>Request is missing Authentication Token</Message>
      </Error>
      <RequestId>[request id]</RequestId>
    </ErrorResponse>
    "#);
}

#[test]
fn json_is_answered_to_who_accepts_json() {
    let json = |request: Request| request.header("accept", "application/json");
    let reply = DEMO.sign(json(whoami()), root()).send();
    let expected = json!({ "GetCallerIdentityResponse": {
        "GetCallerIdentityResult": {
            "Arn": format!("arn:aws:iam::{DEV}:root"), "UserId": DEV, "Account": DEV,
        },
        "ResponseMetadata": { "RequestId": reply.reference() },
    }});
    assert_eq!(reply.json(), expected);
    let refused = json(whoami()).send();
    let expected = json!({
        "Error": {
            "Code": "MissingAuthenticationToken",
            "Message": "Request is missing Authentication Token",
            "Type": "Sender",
        },
        "RequestId": refused.reference(),
    });
    assert_eq!((refused.status, refused.json()), (403, expected));
}

#[test]
fn in_json_the_expiration_is_a_number_and_what_is_absent_is_null() {
    let fields = [
        ("RoleArn", format!("arn:aws:iam::{PROD}:role/ReadOnly")),
        ("RoleSessionName", "chained".to_owned()),
    ];
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let request = DEMO
        .sts("AssumeRole", &fields)
        .header("accept", "application/json");
    let answer = DEMO.sign(request, &session()).send().json();
    let result = &answer["AssumeRoleResponse"]["AssumeRoleResult"];
    assert_eq!(
        result["Credentials"]["Expiration"],
        json!(DEMO.clock.unix() + 3600)
    );
    assert_eq!(result["PackedPolicySize"], Value::Null);
    assert_eq!(result["SourceIdentity"], Value::Null);
}

#[test]
fn get_works_as_well_as_post() {
    let request = DEMO.get(&format!("/?{BODY}"));
    let reply = DEMO.sign(request, root()).send();
    assert_eq!(reply.xml("Account"), DEV);
}

#[test]
fn unknown_parameters_are_ignored_and_their_order_is_free() {
    let body = "Stray.member.1=x&Version=2011-06-15&Tags=&Action=GetCallerIdentity";
    let request = DEMO
        .post("/")
        .body("application/x-www-form-urlencoded; charset=utf-8", body);
    assert_eq!(DEMO.sign(request, root()).send().status, 200);
}

#[test]
fn a_request_without_an_action_is_refused() {
    for body in [
        "",
        "Version=2011-06-15",
        "action=GetCallerIdentity&Version=2011-06-15",
    ] {
        let message = "The request is missing an action or a required parameter.";
        DEMO.refuses(
            &unsigned(body),
            400,
            "MissingAction",
            message,
            "query.action.missing",
        );
    }
}

#[test]
fn an_unknown_action_is_refused() {
    for action in ["Foo", "getcalleridentity", "GetUser"] {
        let reply = unsigned(&format!("Action={action}&Version=2011-06-15"));
        let message = format!("Could not find operation {action} for version 2011-06-15");
        DEMO.refuses(
            &reply,
            400,
            "InvalidAction",
            &message,
            "query.action.unknown",
        );
    }
}

#[test]
fn an_action_without_a_version_is_refused() {
    let reply = unsigned("Action=GetCallerIdentity");
    let message = "Could not find operation GetCallerIdentity for version NO_VERSION_SPECIFIED";
    DEMO.refuses(
        &reply,
        400,
        "InvalidAction",
        message,
        "query.action.unknown",
    );
}

#[test]
fn an_unknown_version_is_refused() {
    let reply = unsigned("Action=GetCallerIdentity&Version=2014-01-01");
    let message = "The requested version ( 2014-01-01 ) is not valid.";
    DEMO.refuses(&reply, 400, "NoSuchVersion", message, "query.version");
}

#[test]
fn an_operation_of_iam_is_refused_in_the_words_of_iam() {
    let reply = unsigned("Action=GetRolls&Version=2010-05-08");
    let message = "Could not find operation GetRolls for version 2010-05-08";
    DEMO.refuses(
        &reply,
        400,
        "InvalidAction",
        message,
        "query.action.unknown",
    );
    assert!(
        reply
            .text()
            .contains("xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"")
    );
}

#[test]
fn a_repeated_parameter_is_refused_wherever_it_is() {
    let message = "The parameter Action was given more than once.";
    let twice = unsigned(&format!("{BODY}&Action=GetCallerIdentity"));
    DEMO.refuses(&twice, 400, "MalformedInput", message, "query.repeated");
    // Even signed, and whichever of the two would have been read.
    for (query, body) in [
        ("Action=AssumeRole", BODY),
        ("Action=GetCallerIdentity", BODY),
    ] {
        let request = DEMO.post(&format!("/?{query}"));
        let request = request.body("application/x-www-form-urlencoded", body);
        let across = DEMO.sign(request, root()).send();
        DEMO.refuses(&across, 400, "MalformedInput", message, "query.repeated");
    }
}

#[test]
fn broken_escapes_and_broken_text_are_refused() {
    for (broken, message) in [
        ("%zz", "The request has an incomplete percent-encoding."),
        ("%4", "The request has an incomplete percent-encoding."),
        ("%ff", "The request is not valid UTF-8."),
    ] {
        let reply = unsigned(&format!("{BODY}&X={broken}"));
        assert_eq!(
            reply.aws_error(),
            (400, "MalformedInput".into(), message.into())
        );
    }
}

#[test]
fn list_indexes_follow_the_recorded_rules() {
    for (index, message) in [
        ("one", "Start of list found where not expected"),
        ("%2B1", "Start of list found where not expected"),
        ("0", "0 is not a valid index"),
        ("-1", "Key -1 may not have a leading '-'"),
        ("13", "Excessively sparse input would skip 12 list elements"),
    ] {
        let body = format!(
            "Action=AssumeRole&Version=2011-06-15&RoleArn={}&RoleSessionName=me\
             &Tags.member.{index}.Key=a&Tags.member.{index}.Value=b",
            developer()
        );
        let request = DEMO
            .post("/")
            .body("application/x-www-form-urlencoded", &body);
        let reply = DEMO.sign(request, &session()).send();
        assert_eq!(
            reply.aws_error(),
            (400, "MalformedInput".into(), message.into()),
            "{index}"
        );
    }
}

#[test]
fn integers_are_read_as_aws_reads_them() {
    let asked = |seconds: &str| {
        let role = format!("arn:aws:iam::{PROD}:role/ReadOnly");
        DEMO.assume(&session(), &role, &[("DurationSeconds", seconds)])
    };
    for good in ["900", "0900", "+900"] {
        assert_eq!(asked(good).status, 200, "{good}");
    }
    for bad in [" 900 ", "900.0", "9e2", "2147483648", "", "x"] {
        let (status, code, _) = asked(bad).aws_error();
        assert_eq!((status, code.as_str()), (400, "MalformedInput"), "{bad:?}");
    }
    let (status, code, message) = asked("0").aws_error();
    assert_eq!((status, code.as_str()), (400, "ValidationError"));
    assert!(
        message.contains("Member must have value greater than or equal to 900"),
        "{message}"
    );
}

#[test]
fn more_than_a_thousand_parameters_are_refused() {
    let many: String = (0..1000).map(|i| format!("&p{i}=")).collect();
    let reply = unsigned(&format!("{BODY}{many}"));
    let message = "The request has more than 1000 parameters.";
    assert_eq!(
        reply.aws_error(),
        (400, "MalformedInput".into(), message.into())
    );
}

#[test]
fn a_body_over_the_limit_is_refused_before_it_arrives() {
    // Nothing of the body is ever sent: the answer must not wait for it.
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: 262145\r\n\r\n",
        DEMO.address
    );
    let reply = raw(&DEMO.address, head.as_bytes());
    let message = "Request body is larger than the limit of 262144 bytes.";
    DEMO.refuses(&reply, 413, "RequestEntityTooLarge", message, "query.size");
}

#[test]
fn a_signed_body_over_the_largest_limit_is_refused_before_it_arrives() {
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nauthorization: x\r\ncontent-length: 2097153\r\n\r\n",
        DEMO.address
    );
    let reply = raw(&DEMO.address, head.as_bytes());
    let message = "Request body is larger than the limit of 2097152 bytes.";
    DEMO.refuses(&reply, 413, "RequestEntityTooLarge", message, "query.size");
}

#[test]
fn a_signed_body_over_the_limit_of_its_action_is_refused_at_its_beginning() {
    let beginning =
        "Action=CreateRole&Version=2010-05-08&Description=".to_owned() + &"x".repeat(99);
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nauthorization: x\r\ncontent-length: 262145\r\n\r\n{beginning}",
        DEMO.address
    );
    let reply = raw(&DEMO.address, head.as_bytes());
    let message = "Request body is larger than the limit of 262144 bytes.";
    DEMO.refuses(&reply, 413, "RequestEntityTooLarge", message, "query.size");
}

#[test]
fn a_body_of_undeclared_length_is_refused_at_the_limit() {
    let mut bytes = format!(
        "POST / HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n",
        DEMO.address
    )
    .into_bytes();
    // One byte over the limit, and no last chunk: a server that reads on would wait for ever.
    bytes.extend(format!("{:x}\r\n", 262_145).into_bytes());
    bytes.extend(vec![b'a'; 262_145]);
    bytes.extend(b"\r\n");
    let reply = raw(&DEMO.address, &bytes);
    assert_eq!(reply.aws_error().1, "RequestEntityTooLarge");
    assert_eq!(reply.status, 413);
}

#[test]
fn a_body_at_the_limit_is_read() {
    let filling = "x".repeat(262_144 - BODY.len() - "&Stray=".len());
    let reply = unsigned(&format!("{BODY}&Stray={filling}"));
    assert_eq!(reply.aws_error().1, "MissingAuthenticationToken");
}

#[test]
fn a_head_over_the_limit_is_refused() {
    let reply = whoami().header("x-filling", &"x".repeat(17 * 1024)).send();
    assert_eq!(reply.status, 431);
}

#[test]
fn other_methods_are_not_taken() {
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        let reply = Request::new(&DEMO.address, method, "/").send();
        assert_eq!(reply.status, 405, "{method}");
    }
}

#[test]
fn what_is_echoed_stays_text() {
    let name = "a</Message><x>&\"']]>";
    let reply = DEMO.assume(&session(), &developer(), &[("RoleSessionName", name)]);
    let (_, code, message) = reply.aws_error();
    assert_eq!(code, "ValidationError");
    assert!(
        message.contains(&format!("Value '{name}' at 'roleSessionName'")),
        "{message}"
    );
    assert!(!reply.text().contains("<x>"), "{}", reply.text());
}

// --- constraints ----------------------------------------------------------------------------------------------------

#[test]
fn every_violated_constraint_is_told_in_one_message() {
    let reply = DEMO
        .signed(&session(), "AssumeRole", &[("DurationSeconds", "899")])
        .send();
    let message = "3 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be \
         null; Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null; Value '899' at \
         'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900";
    DEMO.refuses(&reply, 400, "ValidationError", message, "sts.validation");
}

#[test]
fn each_member_is_held_to_its_constraint() {
    for (name, value, expected) in [
        (
            "RoleSessionName",
            "Session1:2",
            r"'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*",
        ),
        (
            "RoleSessionName",
            "é.é",
            r"'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*",
        ),
        (
            "RoleSessionName",
            "a",
            "'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2",
        ),
        (
            "DurationSeconds",
            "43201",
            "'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200",
        ),
        (
            "ExternalId",
            "x",
            "'externalId' failed to satisfy constraint: Member must have length greater than or equal to 2",
        ),
        (
            "ExternalId",
            "a b",
            r"'externalId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@:\/-]*",
        ),
        (
            "SourceIdentity",
            "a",
            "'sourceIdentity' failed to satisfy constraint: Member must have length greater than or equal to 2",
        ),
        (
            "SerialNumber",
            "short",
            "'serialNumber' failed to satisfy constraint: Member must have length greater than or equal to 9",
        ),
        (
            "Policy",
            "\u{100}",
            r"'policy' failed to satisfy constraint: Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+",
        ),
        (
            "Tags.member.1.Key",
            "a",
            "'tags.1.member.value' failed to satisfy constraint: Member must not be null",
        ),
        (
            "PolicyArns.member.1.arn",
            "short",
            "'policyArns.1.member.arn' failed to satisfy constraint: Member must have length greater than or equal to 20",
        ),
    ] {
        let reply = DEMO.assume(&session(), &developer(), &[(name, value)]);
        let (status, code, message) = reply.aws_error();
        assert_eq!((status, code.as_str()), (400, "ValidationError"), "{name}");
        assert!(
            message.starts_with("1 validation error detected: Value "),
            "{message}"
        );
        assert!(message.ends_with(expected), "{name}: {message}");
    }
}

#[test]
fn a_one_time_code_is_not_echoed() {
    let reply = DEMO.assume(&session(), &developer(), &[("TokenCode", "12345x")]);
    let (_, _, message) = reply.aws_error();
    assert!(
        message.contains("Value at 'tokenCode'") && !message.contains("12345"),
        "{message}"
    );
}

#[test]
fn a_text_that_is_no_arn_is_refused_as_such() {
    for text in [
        "not-an-arn-but-long-enough",
        "arn:aws:iam::111111111111:",
        "arn::iam::111111111111:role/x",
        "arn:aws::111111111111:111111:role/x",
    ] {
        let reply = DEMO.assume(&session(), text, &[]);
        DEMO.refuses(
            &reply,
            400,
            "ValidationError",
            &format!("{text} is invalid"),
            "sts.arn",
        );
    }
}

// --- who may call ---------------------------------------------------------------------------------------------------

#[test]
fn every_signed_operation_refuses_an_unsigned_request() {
    let unsigned: Vec<_> = OPERATIONS
        .iter()
        .filter(|(_, _, authentication)| *authentication == Authentication::Token)
        .map(|(name, _, _)| *name)
        .collect();
    assert_eq!(
        unsigned,
        ["AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"],
        "the table of unsigned operations"
    );
    for (name, _, authentication) in OPERATIONS {
        let reply = DEMO.sts(name, &[]).send();
        match authentication {
            Authentication::Signed => {
                let message = "Request is missing Authentication Token";
                DEMO.refuses(
                    &reply,
                    403,
                    "MissingAuthenticationToken",
                    message,
                    "sigv4.missing",
                );
            }
            Authentication::Token => assert_eq!(reply.aws_error().1, "ValidationError"),
        }
    }
}

#[test]
fn every_operation_of_iam_refuses_an_unsigned_request() {
    let mut names: Vec<_> = drawbridge::iam::operations()
        .map(|found| found.name)
        .collect();
    for name in &names {
        let reply = unsigned(&format!("Action={name}&Version=2010-05-08"));
        assert_eq!(reply.aws_error().1, "MissingAuthenticationToken", "{name}");
    }
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "an operation stands in the table twice");
}

#[test]
fn whatever_parts_of_the_signature_are_missing_are_named() {
    let good = DEMO.sign(whoami(), root());
    let parts = good.value("authorization").to_owned();
    let (credential, rest) = parts.split_once(", ").unwrap();
    let (headers, signature) = rest.split_once(", ").unwrap();
    let only = |text: &str| good.clone().with("authorization", text).send();
    let no_credential = "Authorization header requires 'Credential' parameter.";
    let no_signature = "Authorization header requires 'Signature' parameter.";
    let no_headers = "Authorization header requires 'SignedHeaders' parameter.";
    let no_date =
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";
    for (reply, message) in [
        (
            only("AWS4-HMAC-SHA256"),
            [no_credential, no_signature, no_headers].join(" "),
        ),
        (
            only(&format!("AWS4-HMAC-SHA256 {headers}, {signature}")),
            no_credential.to_owned(),
        ),
        (
            only(&format!("{credential}, {headers}")),
            no_signature.to_owned(),
        ),
        (
            only(&format!("{credential}, {signature}")),
            no_headers.to_owned(),
        ),
        (
            good.clone().without("x-amz-date").send(),
            no_date.to_owned(),
        ),
    ] {
        DEMO.refuses(
            &reply,
            400,
            "IncompleteSignature",
            &message,
            "sigv4.incomplete",
        );
    }
}

#[test]
fn other_algorithms_and_schemes_are_refused() {
    let good = DEMO.sign(whoami(), root());
    let authorization = good.value("authorization");
    for other in [
        authorization.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
        authorization.replace("AWS4-HMAC-SHA256", "aws4-hmac-sha256"),
        "AWS AKIDEXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=".to_owned(),
        "Bearer abc".to_owned(),
    ] {
        let reply = good.clone().with("authorization", &other).send();
        let message = "The signature algorithm is not supported.";
        DEMO.refuses(
            &reply,
            400,
            "IncompleteSignature",
            message,
            "sigv4.algorithm",
        );
    }
}

#[test]
fn two_authorization_headers_are_refused() {
    let good = DEMO.sign(whoami(), root());
    let again = good.value("authorization").to_owned();
    let reply = good.header("authorization", &again).send();
    let message = "The header `authorization` is repeated or malformed.";
    DEMO.refuses(&reply, 400, "IncompleteSignature", message, "sigv4.form");
}

#[test]
fn a_signature_in_header_and_query_is_refused() {
    let presigned = DEMO
        .get(&format!("/?{BODY}"))
        .presign(root(), DEMO.clock.now(), 60);
    let both = DEMO.sign(presigned, root()).send();
    let message = "The request is signed in its header and in its query.";
    DEMO.refuses(
        &both,
        400,
        "IncompleteSignature",
        message,
        "sigv4.two_forms",
    );
}

#[test]
fn a_malformed_list_of_signed_headers_is_refused() {
    let good = DEMO.sign(whoami(), root());
    let authorization = good.value("authorization").to_owned();
    let list = "SignedHeaders=content-type;host;x-amz-date,";
    assert!(authorization.contains(list), "{authorization}");
    for other in [
        "content-type;x-amz-date",
        "host;content-type;x-amz-date",
        "content-type;host;host;x-amz-date",
        "Content-Type;host;x-amz-date",
    ] {
        let other = authorization.replace(list, &format!("SignedHeaders={other},"));
        let reply = good.clone().with("authorization", &other).send();
        let message = "The list of signed headers is malformed.";
        DEMO.refuses(
            &reply,
            400,
            "IncompleteSignature",
            message,
            "sigv4.signed_headers",
        );
    }
}

#[test]
fn an_amz_header_that_was_not_signed_is_refused() {
    let reply = DEMO
        .sign(whoami(), root())
        .header("x-amz-meta-added", "1")
        .send();
    let message =
        "There were headers present in the request which were not signed: x-amz-meta-added";
    DEMO.refuses(
        &reply,
        403,
        "AccessDenied",
        message,
        "sigv4.unsigned_headers",
    );
    let signed = DEMO
        .sign(whoami().header("x-amz-meta-added", "1"), root())
        .send();
    assert_eq!(signed.status, 200);
}

#[test]
fn a_content_type_that_was_not_signed_is_refused() {
    let kind = whoami().value("content-type").to_owned();
    let request = DEMO.sign(whoami().without("content-type"), root());
    let reply = request.header("content-type", &kind).send();
    let message = "There were headers present in the request which were not signed: content-type";
    DEMO.refuses(
        &reply,
        403,
        "AccessDenied",
        message,
        "sigv4.unsigned_headers",
    );
}

#[test]
fn a_body_that_is_not_signed_is_refused() {
    for payload in ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"] {
        let request = whoami().header("x-amz-content-sha256", payload);
        let reply = DEMO.sign(request, root()).send();
        let message = "The body must be signed.";
        DEMO.refuses(&reply, 400, "IncompleteSignature", message, "sigv4.payload");
    }
}

#[test]
fn a_hash_that_is_not_the_bodys_is_refused() {
    let request = whoami().header("x-amz-content-sha256", &"0".repeat(64));
    let reply = DEMO.sign(request, root()).send();
    DEMO.refuses(
        &reply,
        403,
        "SignatureDoesNotMatch",
        MISMATCH,
        "sigv4.payload",
    );
}

#[test]
fn whatever_is_changed_after_signing_is_refused() {
    let good = DEMO.sign(whoami(), root());
    let mut body = good.clone();
    body.body = format!("{BODY}&X=1").into_bytes();
    let mut query = good.clone();
    query.target = "/?X=1".to_owned();
    let port = DEMO.address.rsplit_once(':').unwrap().1;
    let host = good.clone().with("host", &format!("localhost:{port}"));
    let later = amz_date(DEMO.clock.now() + Duration::seconds(1));
    let date = good.clone().with("x-amz-date", &later);
    let method = DEMO.sign(DEMO.get(&format!("/?{BODY}")), root());
    let method = Request {
        method: "POST".to_owned(),
        ..method
    };
    for (what, spoiled) in [
        ("body", body),
        ("query", query),
        ("host", host),
        ("date", date),
        ("method", method),
    ] {
        let reply = spoiled.send();
        assert_eq!(reply.status, 403, "{what}");
        DEMO.refuses(
            &reply,
            403,
            "SignatureDoesNotMatch",
            MISMATCH,
            "sigv4.signature",
        );
    }
}

#[test]
fn a_wrong_secret_is_refused() {
    let wrong = Credentials {
        secret_access_key: "wrong".to_owned().into(),
        ..root().clone()
    };
    let reply = DEMO.sign(whoami(), &wrong).send();
    DEMO.refuses(
        &reply,
        403,
        "SignatureDoesNotMatch",
        MISMATCH,
        "sigv4.signature",
    );
}

#[test]
fn an_unknown_key_is_refused() {
    let unknown = Credentials {
        access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        ..root().clone()
    };
    let reply = DEMO.sign(whoami(), &unknown).send();
    DEMO.refuses(&reply, 403, "InvalidClientTokenId", INVALID, "sigv4.key");
}

#[test]
fn a_key_that_was_switched_off_is_refused() {
    let user = DEMO.user(DEV, "switched-off", None);
    assert_eq!(
        DEMO.who_is(&user),
        format!("arn:aws:iam::{DEV}:user/switched-off")
    );
    DEMO.deactivate(&user);
    let reply = DEMO.sign(whoami(), &user).send();
    DEMO.refuses(&reply, 403, "InvalidClientTokenId", INVALID, "sigv4.key");
}

// --- when and for what ----------------------------------------------------------------------------------------------

fn signed_at(offset: Duration) -> Reply {
    let at = DEMO.clock.now() + offset;
    whoami().sign_for("us-east-1", "sts", root(), at).send()
}

#[test]
fn a_signature_holds_for_fifteen_minutes_either_way() {
    for minutes in [-15, 0, 15] {
        assert_eq!(
            signed_at(Duration::minutes(minutes)).status,
            200,
            "{minutes}"
        );
    }
}

#[test]
fn an_old_signature_is_refused_and_tells_the_servers_time() {
    let now = DEMO.clock.now();
    let message = format!(
        "Signature expired: {} is now earlier than {} ({} - 15 min.)",
        amz_date(now - Duration::seconds(901)),
        amz_date(now - Duration::minutes(15)),
        amz_date(now)
    );
    let reply = signed_at(Duration::seconds(-901));
    DEMO.refuses(
        &reply,
        403,
        "SignatureDoesNotMatch",
        &message,
        "sigv4.expired",
    );
}

#[test]
fn a_signature_of_the_future_is_refused_and_tells_the_servers_time() {
    let now = DEMO.clock.now();
    let message = format!(
        "Signature not yet current: {} is still later than {} ({} + 15 min.)",
        amz_date(now + Duration::seconds(901)),
        amz_date(now + Duration::minutes(15)),
        amz_date(now)
    );
    let reply = signed_at(Duration::seconds(901));
    DEMO.refuses(
        &reply,
        403,
        "SignatureDoesNotMatch",
        &message,
        "sigv4.future",
    );
}

#[test]
fn any_region_is_served() {
    for region in ["us-east-1", "eu-central-1", "aws-global", "cn-north-1"] {
        let reply = whoami()
            .sign_for(region, "sts", root(), DEMO.clock.now())
            .send();
        assert_eq!(reply.status, 200, "{region}");
        assert_eq!(DEMO.event(&reply)["awsRegion"], json!(region));
    }
}

#[test]
fn a_caller_is_named_in_the_partition_of_the_signed_region() {
    let session = DEMO.session_of(&format!("arn:aws:iam::{DEV}:role/Deploy"), |_| {});
    for (region, partition) in [
        ("us-east-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
    ] {
        let ask = |who| {
            whoami()
                .sign_for(region, "sts", who, DEMO.clock.now())
                .send()
        };
        let arn = format!("arn:{partition}:iam::{DEV}:root");
        assert_eq!(ask(root()).xml("Arn"), arn);
        let arn = format!("arn:{partition}:sts::{DEV}:assumed-role/Deploy/session");
        assert_eq!(ask(&session).xml("Arn"), arn);
    }
}

#[test]
fn the_region_a_caller_chooses_does_not_rename_it_to_policies() {
    let request = DEMO.sts("GetDelegatedAccessToken", &[("TradeInToken", "t")]);
    let request = request.sign_for("cn-north-1", "sts", root(), DEMO.clock.now());
    let (_, _, message) = request.send().aws_error();
    let arn = format!("User: arn:aws:iam::{DEV}:root is not");
    assert!(message.starts_with(&arn), "{message}");
}

#[test]
fn a_region_that_can_be_none_is_refused() {
    let reply = whoami()
        .sign_for("US_EAST", "sts", root(), DEMO.clock.now())
        .send();
    let message = "Credential should be scoped to a valid region, not 'US_EAST'. ";
    DEMO.refuses(
        &reply,
        403,
        "SignatureDoesNotMatch",
        message,
        "sigv4.region",
    );
}

#[test]
fn a_signature_for_another_service_is_refused() {
    for service in ["s3", "iam", "STS"] {
        let reply = whoami()
            .sign_for("us-east-1", service, root(), DEMO.clock.now())
            .send();
        let message = "Credential should be scoped to correct service: 'sts'. ";
        DEMO.refuses(
            &reply,
            403,
            "SignatureDoesNotMatch",
            message,
            "sigv4.service",
        );
    }
}

#[test]
fn a_scope_of_another_day_or_ending_is_refused() {
    let good = DEMO.sign(whoami(), root());
    let authorization = good.value("authorization").to_owned();
    let day = &amz_date(DEMO.clock.now())[..8];
    let other = authorization.replace(&format!("/{day}/"), "/20200101/");
    let reply = good.clone().with("authorization", &other).send();
    assert_eq!(DEMO.reason(&reply), "sigv4.day");
    assert_eq!(reply.aws_error().1, "SignatureDoesNotMatch");
    let other = authorization.replace("/aws4_request", "/aws5_request");
    let reply = good.with("authorization", &other).send();
    let message = "Credential should be scoped with a valid terminator: 'aws4_request'. ";
    DEMO.refuses(
        &reply,
        403,
        "SignatureDoesNotMatch",
        message,
        "sigv4.credential",
    );
}

// --- presigned ------------------------------------------------------------------------------------------------------

fn presigned(seconds: i64) -> Request {
    DEMO.get(&format!("/?{BODY}"))
        .presign(root(), DEMO.clock.now(), seconds)
}

#[test]
fn a_presigned_request_works_until_its_last_second() {
    assert_eq!(presigned(900).send().xml("Account"), DEV);
    let at = |ago| DEMO.clock.now() - Duration::seconds(ago);
    let request = |ago| DEMO.get(&format!("/?{BODY}")).presign(root(), at(ago), 60);
    assert_eq!(request(60).send().status, 200);
    let reply = request(61).send();
    let message = format!(
        "Signature expired: {} is now earlier than {}",
        amz_date(at(1)),
        amz_date(DEMO.clock.now())
    );
    DEMO.refuses(
        &reply,
        403,
        "SignatureDoesNotMatch",
        &message,
        "sigv4.expired",
    );
}

#[test]
fn a_presigned_request_holds_fifteen_minutes_at_most() {
    for seconds in [0, 901, -1] {
        let message = "A presigned request holds between 1 and 900 seconds.";
        DEMO.refuses(
            &presigned(seconds).send(),
            400,
            "ValidationError",
            message,
            "sigv4.expires",
        );
    }
}

#[test]
fn a_presigned_request_does_not_outlive_its_session() {
    let ended = DEMO.session_of(&developer(), |session| {
        session.expires_at = DEMO.clock.unix()
    });
    let reply = DEMO
        .get(&format!("/?{BODY}"))
        .presign(&ended, DEMO.clock.now(), 900)
        .send();
    let message = "The security token included in the request is expired";
    DEMO.refuses(
        &reply,
        403,
        "ExpiredToken",
        message,
        "sigv4.session.expired",
    );
}

#[test]
fn presigned_parameters_may_not_be_repeated_or_in_another_case() {
    let good = presigned(60).target;
    for (target, message) in [
        (
            format!("{good}&X-Amz-Expires=900"),
            "The query repeats `X-Amz-Expires`.",
        ),
        (
            good.replace("X-Amz-Expires", "x-amz-expires"),
            "The query has `X-Amz-Expires` in the wrong case.",
        ),
    ] {
        let reply = DEMO.get(&target).send();
        DEMO.refuses(&reply, 400, "IncompleteSignature", message, "sigv4.form");
    }
}

#[test]
fn whatever_is_added_to_a_presigned_request_is_refused() {
    let good = presigned(60);
    let added = DEMO.get(&format!("{}&RoleArn=x", good.target)).send();
    DEMO.refuses(
        &added,
        403,
        "SignatureDoesNotMatch",
        MISMATCH,
        "sigv4.signature",
    );
    let header = good.clone().header("x-amz-meta-added", "1").send();
    assert_eq!(DEMO.reason(&header), "sigv4.unsigned_headers");
    let token = good.header("x-amz-security-token", "x").send();
    assert_eq!(DEMO.reason(&token), "sigv4.two_forms");
}

// --- session tokens -------------------------------------------------------------------------------------------------

#[test]
fn a_session_is_the_assumed_role() {
    let arn = format!("arn:aws:sts::{DEV}:assumed-role/Developer/session");
    assert_eq!(DEMO.who_is(&session()), arn);
    let reply = DEMO.sign(whoami(), &session()).send();
    let user_id = reply.xml("UserId");
    assert!(
        user_id.starts_with("AROA") && user_id.ends_with(":session"),
        "{user_id}"
    );
}

fn with_token(who: &Credentials, token: Option<&str>) -> Reply {
    let who = Credentials {
        session_token: token.map(|token| token.to_owned().into()),
        ..who.clone()
    };
    DEMO.sign(whoami(), &who).send()
}

#[test]
fn a_session_token_that_was_altered_is_refused() {
    let session = session();
    let token = session.session_token.as_ref().unwrap().expose();
    let middle = token.len() / 2;
    for place in [0, 5, 20, middle, token.len() - 1] {
        let mut altered = token.clone().into_bytes();
        altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        let reply = with_token(&session, Some(&altered));
        DEMO.refuses(
            &reply,
            403,
            "InvalidClientTokenId",
            INVALID,
            "sigv4.session",
        );
    }
}

#[test]
fn a_session_token_that_was_cut_or_lengthened_is_refused() {
    let session = session();
    let token = session.session_token.as_ref().unwrap().expose();
    let half = &token[..token.len() / 2];
    for other in [
        half,
        &token[..token.len() - 1],
        &format!("{token}A"),
        "AAAA",
        "not/base64=",
        "x",
    ] {
        let reply = with_token(&session, Some(other));
        DEMO.refuses(
            &reply,
            403,
            "InvalidClientTokenId",
            INVALID,
            "sigv4.session",
        );
    }
}

#[test]
fn the_token_of_another_session_is_refused() {
    let (one, two) = (session(), session());
    let token = two.session_token.as_ref().unwrap().expose();
    let reply = with_token(&one, Some(token));
    DEMO.refuses(
        &reply,
        403,
        "InvalidClientTokenId",
        INVALID,
        "sigv4.session",
    );
}

#[test]
fn a_temporary_key_without_its_token_is_refused() {
    let reply = with_token(&session(), None);
    DEMO.refuses(&reply, 403, "InvalidClientTokenId", INVALID, "sigv4.key");
}

#[test]
fn a_long_term_key_with_a_session_token_is_refused() {
    let token = session().session_token.unwrap();
    let reply = with_token(root(), Some(token.expose()));
    DEMO.refuses(
        &reply,
        403,
        "InvalidClientTokenId",
        INVALID,
        "sigv4.session",
    );
}

#[test]
fn a_session_token_that_was_not_signed_is_refused() {
    let session = session();
    let bare = Credentials {
        session_token: None,
        ..session.clone()
    };
    let token = session.session_token.unwrap();
    let request = DEMO.sign(whoami(), &bare);
    let reply = request
        .header("x-amz-security-token", token.expose())
        .send();
    assert_eq!(reply.aws_error().1, "AccessDenied");
    assert_eq!(DEMO.reason(&reply), "sigv4.unsigned_headers");
}

#[test]
fn a_session_of_another_broker_is_refused() {
    let other = Broker::configured("");
    let foreign = other.session_of(&developer(), |_| {});
    let reply = DEMO.sign(whoami(), &foreign).send();
    DEMO.refuses(
        &reply,
        403,
        "InvalidClientTokenId",
        INVALID,
        "sigv4.session",
    );
}

#[test]
fn a_session_is_over_at_its_last_second() {
    let until = |left| DEMO.session_of(&developer(), |s| s.expires_at = DEMO.clock.unix() + left);
    assert_eq!(DEMO.sign(whoami(), &until(1)).send().status, 200);
    let reply = DEMO.sign(whoami(), &until(0)).send();
    let message = "The security token included in the request is expired";
    DEMO.refuses(
        &reply,
        403,
        "ExpiredToken",
        message,
        "sigv4.session.expired",
    );
}

#[test]
fn a_session_that_was_cut_off_is_refused() {
    let cut = |spoil: fn(&mut RoleSession)| DEMO.session_of(&developer(), spoil);
    let (gone, other) = (cut(|s| s.session_name = "gone".to_owned()), session());
    let revocation = Revocation {
        kind: RevocationKind::Session,
        id: gone.access_key_id.clone(),
        issued_before: DEMO.clock.unix() + 1,
        revoked_by: "test".to_owned(),
        revoked_at: DEMO.clock.unix(),
    };
    RUNTIME.block_on(async {
        DEMO.app.store.revoke(&revocation).await.unwrap();
        DEMO.app.cache.refresh().await.unwrap();
    });
    let reply = DEMO.sign(whoami(), &gone).send();
    let message = "The security token included in the request is expired";
    DEMO.refuses(
        &reply,
        403,
        "ExpiredToken",
        message,
        "sigv4.session.revoked",
    );
    assert_eq!(DEMO.sign(whoami(), &other).send().status, 200);
}

// --- the small operations -------------------------------------------------------------------------------------------

#[test]
fn every_kind_of_caller_learns_who_it_is() {
    let user = DEMO.user(PROD, "who", None);
    for (who, arn) in [
        (root(), format!("arn:aws:iam::{DEV}:root")),
        (&user, format!("arn:aws:iam::{PROD}:user/who")),
        (
            &session(),
            format!("arn:aws:sts::{DEV}:assumed-role/Developer/session"),
        ),
    ] {
        assert_eq!(DEMO.who_is(who), arn);
    }
}

#[test]
fn nobody_can_be_denied_to_know_who_they_are() {
    let deny =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
    let user = DEMO.user(DEV, "denied", Some(deny));
    assert_eq!(
        DEMO.who_is(&user),
        format!("arn:aws:iam::{DEV}:user/denied")
    );
}

#[test]
fn an_access_key_id_tells_its_account() {
    let account = |id: &str| {
        DEMO.signed(root(), "GetAccessKeyInfo", &[("AccessKeyId", id)])
            .send()
    };
    assert_eq!(
        account("ASIAQNZGKIQY56JQ7WML").xml("Account"),
        "029608264753"
    );
    assert_eq!(account(&DEMO.root(PROD).access_key_id).xml("Account"), PROD);
}

#[test]
fn an_id_that_tells_no_account_is_refused() {
    for id in ["AKIAIOSFODNN7EXAMPLE", "XXXXIOSFODNN7EXAMPLE"] {
        let reply = DEMO
            .signed(root(), "GetAccessKeyInfo", &[("AccessKeyId", id)])
            .send();
        let message = "The access key ID provided does not exist in our records.";
        DEMO.refuses(&reply, 400, "ValidationError", message, "sts.key.unknown");
    }
}

#[test]
fn no_refusal_shows_a_secret_or_the_inside_of_the_program() {
    let session = session();
    let token = session.session_token.as_ref().unwrap().expose().clone();
    let altered = format!("{}AAAA", &token[..token.len() - 4]);
    for reply in [
        with_token(&session, Some(&altered)),
        with_token(&session, None),
        signed_at(Duration::hours(1)),
        DEMO.assume(&session, "arn:aws:iam::111111111111:role/Nobody", &[]),
    ] {
        let text = reply.text();
        assert!(reply.status >= 400);
        for inside in [
            token.as_str(),
            session.secret_access_key.expose(),
            "src/",
            ".rs",
            "panicked",
            "sqlx",
            "serde",
        ] {
            assert!(!text.contains(inside), "{inside} in {text}");
        }
    }
}
