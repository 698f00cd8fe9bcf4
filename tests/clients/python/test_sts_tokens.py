"""Session tokens, federation tokens and the rarer calls of the STS, as boto3 sees them (sts.md, 5)."""

import datetime
import json

import jwt
import pytest

from harness import Keys, allow, policy, refusal


@pytest.fixture(scope="module")
def user(iam):
    """Makes a user with a policy and tells its keys."""

    def make(name: str, *statements) -> Keys:
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(*statements))
        return Keys.of(iam.create_access_key(UserName=name)["AccessKey"])

    return make


def left(credentials) -> float:
    return (credentials["Expiration"] - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


def test_a_session_of_a_user_is_the_user(demo, user, account):
    # No permission is needed, and none can be taken away.
    keys = user("plain", {"Effect": "Deny", "Action": "*", "Resource": "*"})
    credentials = demo.boto3(keys).get_session_token()["Credentials"]
    assert credentials["AccessKeyId"].startswith("ASIA") and 43190 < left(credentials) <= 43201
    assert demo.boto3(Keys.of(credentials)).get_caller_identity()["Arn"] == f"arn:aws:iam::{account.id}:user/plain"


@pytest.mark.parametrize("call", ["get_session_token", "get_federation_token"])
def test_root_s_session_is_cut_to_an_hour(demo, account, call):
    more = {"Name": "r1"} if call == "get_federation_token" else {}
    credentials = getattr(demo.boto3(account.root), call)(DurationSeconds=7200, **more)["Credentials"]
    assert 3590 < left(credentials) <= 3601


@pytest.mark.parametrize("seconds", [899, 129601])
def test_a_session_of_a_user_is_fifteen_minutes_to_thirty_six_hours(demo, account, seconds):
    # boto3 itself would not send it.
    status, code, message = demo.signed(account.root, "GetSessionToken", DurationSeconds=seconds).error()
    assert (status, code) == (400, "ValidationError") and "'durationSeconds'" in message


def test_a_role_s_session_gets_no_other(demo, deploy):
    refused = (403, "AccessDenied", "Cannot call GetSessionToken with session credentials")
    assert refusal(demo.boto3(deploy).get_session_token) == refused
    refused = (403, "AccessDenied", "Cannot call GetFederationToken with session credentials")
    assert refusal(demo.boto3(deploy).get_federation_token, Name="Bob") == refused


def test_a_user_s_session_gets_no_other(demo, user):
    session = Keys.of(demo.boto3(user("again")).get_session_token()["Credentials"])
    assert refusal(demo.boto3(session).get_session_token)[:2] == (403, "AccessDenied")


def test_a_federated_user_is_named_and_limited(demo, user, account):
    keys = user("broker", allow("sts:*"), allow("sts:GetFederationToken"))
    answer = demo.boto3(keys).get_federation_token(Name="Bob", Policy=policy(allow("s3:*")))
    assert answer["FederatedUser"] == {
        "FederatedUserId": f"{account.id}:Bob",
        "Arn": f"arn:aws:sts::{account.id}:federated-user/Bob",
    }
    bob = Keys.of(answer["Credentials"])
    identity = demo.boto3(bob).get_caller_identity()
    assert identity["Arn"] == answer["FederatedUser"]["Arn"] and identity["UserId"] == f"{account.id}:Bob"
    assert refusal(demo.boto3(bob).get_session_token)[:2] == (403, "AccessDenied")
    # IAM is closed to federated users.
    assert refusal(demo.iam(bob).list_users)[:2] == (403, "InvalidClientTokenId")


def test_a_federation_token_without_policy_or_tags_packs_nothing(demo, account):
    assert demo.boto3(account.root).get_federation_token(Name="Bob")["PackedPolicySize"] == 0


def test_a_federation_token_needs_its_permission(demo, user, account):
    status, code, message = refusal(demo.boto3(user("powerless")).get_federation_token, Name="Bob")
    assert (status, code) == (403, "AccessDenied")
    assert message.startswith(
        f"User: arn:aws:iam::{account.id}:user/powerless is not authorized to perform: sts:GetFederationToken "
        f"on resource: arn:aws:sts::{account.id}:federated-user/Bob"
    )


def test_a_malformed_session_policy_is_refused(demo, account):
    assert refusal(demo.boto3(account.root).get_federation_token, Name="Bob", Policy="{")[:2] == (400, "MalformedPolicyDocument")


def test_a_refusal_can_be_decoded_by_whoever_may(demo, iam, user, account):
    keys = user("refused")
    role = f"arn:aws:iam::{account.id}:role/none"
    answer = demo.signed(keys, "AssumeRole", RoleArn=role, RoleSessionName="s1")
    encoded = answer.headers["x-drawbridge-authorization-message"]
    decoded = json.loads(demo.boto3(account.root).decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"])
    assert decoded["allowed"] is False and decoded["explicitDeny"] is False
    assert decoded["context"]["action"] == "sts:AssumeRole" and decoded["context"]["resource"] == role
    assert decoded["context"]["principal"]["arn"] == f"arn:aws:iam::{account.id}:user/refused"
    assert refusal(demo.boto3(keys).decode_authorization_message, EncodedMessage=encoded)[:2] == (403, "AccessDenied")


def test_a_message_of_somebody_else_is_not_decoded(demo, account):
    decode = demo.boto3(account.root).decode_authorization_message
    assert refusal(decode, EncodedMessage="nonsense")[:2] == (400, "InvalidAuthorizationMessageException")


def test_no_account_is_managed_by_another(demo, account):
    task = {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}
    call = demo.boto3(account.root).assume_root
    assert refusal(call, TargetPrincipal="222222222222", TaskPolicyArn=task)[:2] == (403, "AccessDenied")


def test_root_takes_no_role(demo, account):
    role = f"arn:aws:iam::{account.id}:role/any"
    assert refusal(demo.boto3(account.root).assume_role, RoleArn=role, RoleSessionName="s1") == (
        403,
        "AccessDenied",
        "Roles may not be assumed by root accounts.",
    )


@pytest.mark.parametrize("algorithm", ["RS256", "ES384"])
def test_an_identity_is_taken_elsewhere_as_a_token(demo, iam, user, account, algorithm):
    keys = user(f"outbound-{algorithm}", allow("sts:GetWebIdentityToken"))
    call = {"Audience": ["https://elsewhere.example"], "SigningAlgorithm": algorithm}
    try:
        iam.enable_outbound_web_identity_federation()
    except iam.exceptions.FeatureEnabledException:
        pass
    answer = demo.boto3(keys).get_web_identity_token(**call)
    token = answer["WebIdentityToken"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert jwt.get_unverified_header(token)["alg"] == algorithm
    assert claims["sub"] == f"arn:aws:iam::{account.id}:user/outbound-{algorithm}"
    assert claims["aud"] == "https://elsewhere.example"
    assert claims["https://sts.amazonaws.com/"]["aws_account"] == account.id
    assert 290 < left(answer) <= 301 and claims["exp"] - claims["iat"] == 300
    issuer = claims["iss"]
    assert issuer.startswith(demo.url)
    discovery = demo.http("GET", issuer.removeprefix(demo.url) + "/.well-known/openid-configuration").json()
    assert discovery["issuer"] == issuer
    jwks = demo.http("GET", discovery["jwks_uri"].removeprefix(demo.url)).json()
    key = next(jwt.PyJWK(one) for one in jwks["keys"] if one["kid"] == jwt.get_unverified_header(token)["kid"])
    assert jwt.decode(token, key.key, algorithms=[algorithm], audience="https://elsewhere.example")["jti"]


def test_a_token_for_elsewhere_is_made_only_where_it_was_enabled(demo):
    fresh = demo.account()
    call = demo.boto3(fresh.root).get_web_identity_token
    status, code, _ = refusal(call, Audience=["https://elsewhere.example"], SigningAlgorithm="ES384")
    assert (status, code) == (403, "OutboundWebIdentityFederationDisabledException")


def test_a_delegated_token_is_aws_s_own_affair(demo, account):
    answer = demo.signed(account.root, "GetDelegatedAccessToken", TradeInToken="x")
    assert answer.error()[:2] == (403, "AccessDenied")
