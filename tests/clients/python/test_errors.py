"""What bad requests are told: status, code and message, as AWS words them, because clients match on them (sts.md, 2, 3, 6).

Each refusal is one good request with one thing spoiled.
"""

import datetime
import json
import re

import pytest

from harness import DEPLOY, DEV, STS_VERSION, Keys, access_key_id, encode, spoil_payload, unsigned

INVALID_TOKEN_ID = "The security token included in the request is invalid."
BAD_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)


def minutes(count: int) -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=count)


# Who is calling: signatures.


def test_a_request_without_credentials_misses_its_token(demo):
    answer = demo.sts("GetCallerIdentity")
    assert answer.error() == (403, "MissingAuthenticationToken", "Request is missing Authentication Token")


def test_a_wrong_secret_gives_a_signature_that_does_not_match(demo, root):
    answer = demo.signed(Keys(root.access_key_id, "not-the-secret"), "GetCallerIdentity")
    assert answer.error() == (403, "SignatureDoesNotMatch", BAD_SIGNATURE)


def test_an_unknown_access_key_is_an_invalid_token_id(demo, root):
    answer = demo.signed(Keys(access_key_id(DEV), root.secret_access_key), "GetCallerIdentity")
    assert answer.error() == (403, "InvalidClientTokenId", INVALID_TOKEN_ID)


def test_a_session_token_with_one_letter_changed_is_invalid(demo, deploy):
    token = deploy.session_token
    middle = len(token) // 2
    other = "A" if token[middle] != "A" else "B"
    spoiled = Keys(deploy.access_key_id, deploy.secret_access_key, token[:middle] + other + token[middle + 1 :])
    answer = demo.signed(spoiled, "GetCallerIdentity")
    assert answer.error() == (403, "InvalidClientTokenId", INVALID_TOKEN_ID)


def test_the_session_token_of_another_session_is_invalid(demo, deploy):
    other = demo.deploy_session()
    answer = demo.signed(Keys(deploy.access_key_id, deploy.secret_access_key, other.session_token), "GetCallerIdentity")
    assert answer.error() == (403, "InvalidClientTokenId", INVALID_TOKEN_ID)


def test_a_long_term_key_with_a_session_token_is_refused(demo, root, deploy):
    answer = demo.signed(Keys(root.access_key_id, root.secret_access_key, deploy.session_token), "GetCallerIdentity")
    assert answer.error() == (403, "InvalidClientTokenId", INVALID_TOKEN_ID)


@pytest.mark.parametrize("part", ["Credential", "Signature", "SignedHeaders"])
def test_an_authorization_header_without_one_part_is_incomplete(demo, root, part):
    def spoil(headers):
        headers["Authorization"] = re.sub(rf"{part}=[^,]+(, )?", "", headers["Authorization"]).rstrip(", ")

    status, code, message = demo.signed(root, "GetCallerIdentity", spoil=spoil).error()
    assert (status, code) == (400, "IncompleteSignature")
    assert f"Authorization header requires '{part}' parameter." in message


def test_a_signature_without_a_date_is_incomplete(demo, root):
    answer = demo.signed(root, "GetCallerIdentity", spoil=lambda headers: headers.pop("X-Amz-Date"))
    status, code, message = answer.error()
    assert (status, code) == (400, "IncompleteSignature")
    assert "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header." in message


def test_another_algorithm_is_refused(demo, root):
    def spoil(headers):
        headers["Authorization"] = headers["Authorization"].replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1")

    assert demo.signed(root, "GetCallerIdentity", spoil=spoil).error()[:2] == (400, "IncompleteSignature")


def test_a_date_twenty_minutes_ago_has_expired(demo, root):
    at = minutes(-20)
    status, code, message = demo.signed(root, "GetCallerIdentity", at=at).error()
    assert (status, code) == (403, "SignatureDoesNotMatch")
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    assert re.fullmatch(rf"Signature expired: {stamp} is now earlier than \d{{8}}T\d{{6}}Z \(\d{{8}}T\d{{6}}Z - 15 min\.\)", message)


def test_a_date_twenty_minutes_ahead_is_not_yet_current(demo, root):
    at = minutes(20)
    status, code, message = demo.signed(root, "GetCallerIdentity", at=at).error()
    assert (status, code) == (403, "SignatureDoesNotMatch")
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    assert re.fullmatch(rf"Signature not yet current: {stamp} is still later than \d{{8}}T\d{{6}}Z \(\d{{8}}T\d{{6}}Z \+ 15 min\.\)", message)


@pytest.mark.parametrize("at", [-14, 14])
def test_a_clock_fourteen_minutes_off_is_forgiven(demo, root, at):
    assert demo.signed(root, "GetCallerIdentity", at=minutes(at)).status == 200


def test_an_amz_header_that_was_not_signed_is_refused(demo, root):
    answer = demo.signed(root, "GetCallerIdentity", spoil=lambda headers: headers.update({"x-amz-more": "1"}))
    status, code, message = answer.error()
    assert (status, code) == (403, "AccessDenied")
    assert message.startswith("There were headers present in the request which were not signed")


def test_a_scope_for_another_service_is_refused(demo, root):
    def spoil(headers):
        headers["Authorization"] = headers["Authorization"].replace("/sts/", "/s3/")

    assert demo.signed(root, "GetCallerIdentity", spoil=spoil).error() == (
        403,
        "SignatureDoesNotMatch",
        "Credential should be scoped to correct service: 'sts'. ",
    )


def test_a_body_changed_after_signing_does_not_match(demo, root):
    headers = {}
    demo.signed(root, "GetCallerIdentity", spoil=headers.update)
    answer = demo.form({"Action": "GetAccessKeyInfo", "Version": STS_VERSION, "AccessKeyId": root.access_key_id}, headers)
    assert answer.error() == (403, "SignatureDoesNotMatch", BAD_SIGNATURE)


# What is asked: the protocol.


def test_an_unknown_action_is_invalid(demo, root):
    assert demo.signed(root, "Foo").error() == (
        400,
        "InvalidAction",
        f"Could not find operation Foo for version {STS_VERSION}",
    )


def test_a_request_without_an_action_misses_it(demo):
    assert demo.form({"Version": STS_VERSION}).error()[:2] == (400, "MissingAction")


def test_another_api_version_does_not_exist(demo):
    answer = demo.form({"Action": "GetCallerIdentity", "Version": "2001-01-01"})
    assert answer.error()[:2] == (400, "NoSuchVersion")


@pytest.mark.parametrize("name", ["Action", "RoleArn", "WebIdentityToken"])
def test_a_repeated_parameter_is_refused(demo, name):
    pairs = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", STS_VERSION),
        ("RoleArn", DEPLOY),
        ("RoleSessionName", "twice"),
        ("WebIdentityToken", demo.ci_token()),
    ]
    twice = next(pair for pair in pairs if pair[0] == name)
    assert demo.form([*pairs, twice]).status == 400


def test_a_parameter_in_query_and_body_is_refused(demo):
    body = f"Action=AssumeRoleWithWebIdentity&Version={STS_VERSION}&RoleArn={DEPLOY}&RoleSessionName=both"
    answer = demo.form(f"{body}&WebIdentityToken={demo.ci_token()}", path="/?Action=GetCallerIdentity")
    assert answer.status == 400


def test_a_body_over_the_limit_is_too_large(demo):
    answer = demo.sts("AssumeRoleWithWebIdentity", RoleArn=DEPLOY, RoleSessionName="big", WebIdentityToken="a" * 300_000)
    assert answer.status == 413


def test_headers_over_the_limit_are_too_large(demo):
    assert demo.http("GET", "/", headers={"x-much": "a" * 20_000}).status == 431


def test_garbage_is_refused_and_the_process_is_unharmed(demo):
    for body in ["%", "%zz=1", "=", "&&&", "\x00", "Action=%ff%fe", '{"Action": "GetCallerIdentity"}', "<xml/>"]:
        assert 400 <= demo.form(body).status < 500, body
    assert demo.http("GET", "/healthz").status == 200


def test_an_error_is_the_xml_that_aws_sends_byte_for_byte(demo):
    answer = demo.sts("GetCallerIdentity")
    request_id = answer.headers["x-amzn-requestid"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", request_id)
    assert answer.headers["content-type"] == "text/xml"
    assert answer.text == (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n'
        "  <Error>\n"
        "    <Type>Sender</Type>\n"
        "    <Code>MissingAuthenticationToken</Code>\n"
        "    <Message>Request is missing Authentication Token</Message>\n"
        "  </Error>\n"
        f"  <RequestId>{request_id}</RequestId>\n"
        "</ErrorResponse>\n"
    )


def test_accept_json_turns_an_error_into_json(demo):
    answer = demo.sts("GetCallerIdentity", headers={"accept": "application/json"})
    assert answer.status == 403
    assert answer.json() == {
        "Error": {
            "Code": "MissingAuthenticationToken",
            "Message": "Request is missing Authentication Token",
            "Type": "Sender",
        },
        "RequestId": answer.headers["x-amzn-requestid"],
    }


# What is asked: the parameters.

PATTERN = r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+"
CONSTRAINTS = {
    "a session name with a colon": (
        {"RoleSessionName": "Session1:2"},
        r"1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w+=,.@-]*",
    ),
    "a session name of one letter": (
        {"RoleSessionName": "x"},
        "1 validation error detected: Value 'x' at 'roleSessionName' failed to satisfy constraint: "
        "Member must have length greater than or equal to 2",
    ),
    "a session name of 65 letters": (
        {"RoleSessionName": "x" * 65},
        f"1 validation error detected: Value '{'x' * 65}' at 'roleSessionName' failed to satisfy constraint: "
        "Member must have length less than or equal to 64",
    ),
    "an empty role: pattern before length, both told": (
        {"RoleArn": ""},
        "2 validation errors detected: Value '' at 'roleArn' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {PATTERN}; "
        "Value '' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20",
    ),
    "no role": (
        {"RoleArn": None},
        "1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
    ),
    "too short a duration": (
        {"DurationSeconds": "899"},
        "1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: "
        "Member must have value greater than or equal to 900",
    ),
    "too long a duration": (
        {"DurationSeconds": "43201"},
        "1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: "
        "Member must have value less than or equal to 43200",
    ),
    "a role that is no ARN": ({"RoleArn": "not-an-arn-but-long-enough"}, "not-an-arn-but-long-enough is invalid"),
}


@pytest.mark.parametrize("what", CONSTRAINTS)
def test_a_parameter_outside_its_constraint_is_a_validation_error(demo, what):
    spoiled, message = CONSTRAINTS[what]
    good = {"RoleArn": DEPLOY, "RoleSessionName": "good", "WebIdentityToken": demo.ci_token()}
    parameters = {name: value for name, value in {**good, **spoiled}.items() if value is not None}
    assert demo.sts("AssumeRoleWithWebIdentity", **parameters).error() == (400, "ValidationError", message)


@pytest.mark.parametrize("seconds", ["900.0", "9e2", " 900 ", "2147483648", "many"])
def test_a_duration_that_is_no_integer_is_malformed(demo, seconds):
    good = {"RoleArn": DEPLOY, "RoleSessionName": "good", "WebIdentityToken": demo.ci_token()}
    answer = demo.sts("AssumeRoleWithWebIdentity", **good, DurationSeconds=seconds)
    assert answer.error()[:2] == (400, "MalformedInput")


@pytest.mark.parametrize("seconds", ["900", "0900", "+900"])
def test_an_integer_may_be_written_as_java_reads_it(demo, seconds):
    good = {"RoleArn": DEPLOY, "RoleSessionName": "good", "WebIdentityToken": demo.ci_token()}
    assert demo.sts("AssumeRoleWithWebIdentity", **good, DurationSeconds=seconds).status == 200


def test_a_token_is_never_echoed(demo):
    token = "x" * 20_001
    answer = demo.sts("AssumeRoleWithWebIdentity", RoleArn=DEPLOY, RoleSessionName="good", WebIdentityToken=token)
    assert answer.error()[:2] == (400, "ValidationError")
    assert "xxxx" not in answer.text


def test_a_malformed_session_policy_is_refused(demo):
    answer = demo.sts(
        "AssumeRoleWithWebIdentity",
        RoleArn=DEPLOY,
        RoleSessionName="good",
        WebIdentityToken=demo.ci_token(),
        Policy='{"Version": "2012-10-17", "Statement": [',
    )
    assert answer.error()[:2] == (400, "MalformedPolicyDocument")


def test_root_may_not_assume_roles(demo, root):
    answer = demo.signed(root, "AssumeRole", RoleArn=DEPLOY, RoleSessionName="root")
    assert answer.error() == (403, "AccessDenied", "Roles may not be assumed by root accounts.")


# What the token says.

NOT_A_JWT = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
NO_KEY = (
    "Couldn't retrieve verification key from your identity provider,  "
    "please reference AssumeRoleWithWebIdentity documentation for requirements"
)


def with_token(demo, token: str, role: str = DEPLOY):
    return demo.sts("AssumeRoleWithWebIdentity", RoleArn=role, RoleSessionName="good", WebIdentityToken=token)


@pytest.mark.parametrize("token", ["opaque-access-token", "a.bc", "a.b.c", "....", "a.b.c.d.e"])
def test_what_is_no_jwt_is_told_so(demo, token):
    assert with_token(demo, token).error() == (400, "InvalidIdentityToken", NOT_A_JWT)


def test_a_token_for_somebody_else_has_the_wrong_audience(demo):
    answer = with_token(demo, demo.ci_token(audience="https://somebody.example"))
    assert answer.error() == (400, "InvalidIdentityToken", "Incorrect token audience")


def test_a_token_with_claims_changed_after_signing_has_no_key(demo):
    token = spoil_payload(demo.ci_token(ref="refs/heads/other"), sub="repo:acme/app:ref:refs/heads/main")
    assert with_token(demo, token).error() == (400, "InvalidIdentityToken", NO_KEY)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS256"])
def test_an_unsigned_token_is_refused(demo, algorithm):
    status, code, _ = with_token(demo, unsigned(demo.ci_token(), algorithm)).error()
    assert (status, code) == (400, "InvalidIdentityToken")


def test_a_token_signed_with_the_public_key_as_a_shared_secret_is_refused(demo):
    # Algorithm confusion: HS256 with the issuer's public key.
    import hashlib
    import hmac
    import base64

    header, payload, _ = demo.ci_token().split(".")
    keys = demo_jwks(demo)
    head = encode({"alg": "HS256", "typ": "JWT", "kid": keys["keys"][0]["kid"]})
    mac = hmac.new(json.dumps(keys["keys"][0]).encode(), f"{head}.{payload}".encode(), hashlib.sha256).digest()
    token = f"{head}.{payload}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    assert with_token(demo, token).error()[:2] == (400, "InvalidIdentityToken")


def demo_jwks(demo):
    from harness import request

    discovery = request("GET", demo.info["ci_issuer"] + "/.well-known/openid-configuration").json()
    return request("GET", discovery["jwks_uri"]).json()


def test_a_token_of_an_unknown_issuer_finds_no_provider(demo):
    token = spoil_payload(demo.ci_token(), iss="https://nobody.example")
    assert with_token(demo, token).error() == (
        400,
        "InvalidIdentityToken",
        "No OpenIDConnect provider found in your account for https://nobody.example",
    )


@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "iat", "exp"])
def test_a_token_without_a_required_claim_is_told_which(demo, claim):
    from harness import decode

    header, payload, signature = demo.ci_token().split(".")
    claims = {name: value for name, value in decode(payload).items() if name != claim}
    answer = with_token(demo, ".".join([header, encode(claims), signature]))
    assert answer.error() == (400, "InvalidIdentityToken", f"Missing a required claim: {claim}")


def test_a_token_from_another_branch_is_not_authorized(demo):
    answer = with_token(demo, demo.ci_token(ref="refs/heads/feature"))
    assert answer.error() == (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")


@pytest.mark.parametrize(
    "role",
    [f"arn:aws:iam::{DEV}:role/NoSuchRole", f"arn:aws:iam::{DEV}:role/Developer", "arn:aws:iam::999999999999:role/Deploy"],
    ids=["unknown role", "role of other people", "unknown account"],
)
def test_a_role_that_does_not_exist_looks_like_one_that_refuses(demo, role):
    refused = with_token(demo, demo.ci_token(ref="refs/heads/feature"))
    answer = with_token(demo, demo.ci_token(), role)
    if role.startswith("arn:aws:iam::999999999999"):
        # No account, so no provider in it; which AWS says in these words.
        assert answer.error()[:2] in [(400, "InvalidIdentityToken"), (403, "AccessDenied")]
    else:
        assert answer.without_request_id() == refused.without_request_id()


def test_no_refusal_leaks_the_token(demo):
    token = demo.ci_token(ref="refs/heads/feature")
    for answer in [with_token(demo, token), with_token(demo, token[:-4] + "AAAA")]:
        assert token[:40] not in answer.text
