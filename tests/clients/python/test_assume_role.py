"""AssumeRole from a session: chaining, accounts, external ids, limits (sts.md, 5.3 and 8; stories.md, 2 to 6)."""

import datetime
import json

import botocore.exceptions
import pytest

from broker import ANYBODY, CLOSED, EXTERNAL_ID, PARTNER, PIPELINE, RELEASE, allow, policy
from harness import DEV, PROD, Keys

PIPELINE_SESSION = f"arn:aws:sts::{DEV}:assumed-role/Pipeline/job"


def denied(role: str, action: str = "sts:AssumeRole") -> tuple:
    message = f"User: {PIPELINE_SESSION} is not authorized to perform: {action} on resource: {role}"
    return (403, "AccessDenied", message)


def assume(broker, keys, role, **parameters):
    return broker.signed(keys, "AssumeRole", RoleArn=role, RoleSessionName="step", **parameters)


def test_a_session_takes_a_role_that_names_its_role(broker, pipeline):
    answer = broker.boto3(pipeline).assume_role(RoleArn=RELEASE, RoleSessionName="step")
    # A role's path is part of its ARN and not of the session's.
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{DEV}:assumed-role/Release/step"
    identity = broker.boto3(Keys.of(answer["Credentials"])).get_caller_identity()
    assert identity["Arn"] == answer["AssumedRoleUser"]["Arn"]
    assert identity["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    assert "PackedPolicySize" not in answer


def test_the_aws_cli_chains_by_source_profile(broker, pipeline, tmp_path):
    (tmp_path / "config").write_text(
        f"[profile job]\nregion = us-east-1\nservices = broker\n"
        f"aws_access_key_id = {pipeline.access_key_id}\naws_secret_access_key = {pipeline.secret_access_key}\n"
        f"aws_session_token = {pipeline.session_token}\n"
        f"[profile release]\nregion = us-east-1\nservices = broker\n"
        f"role_arn = {RELEASE}\nsource_profile = job\nrole_session_name = by-profile\n"
        f"[services broker]\nsts =\n  endpoint_url = {broker.url}\n"
    )
    answer = broker.aws(
        "sts", "get-caller-identity", "--profile", "release", "--query", "Arn", "--output", "text",
        AWS_CONFIG_FILE=str(tmp_path / "config"), HOME=str(tmp_path),
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == f"arn:aws:sts::{DEV}:assumed-role/Release/by-profile"


def test_a_chained_session_ends_after_an_hour_at_most(broker, pipeline):
    assert assume(broker, pipeline, RELEASE, DurationSeconds=3600).status == 200
    assert assume(broker, pipeline, RELEASE, DurationSeconds=3601).error() == (
        400,
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    )


def test_a_role_that_trusts_only_jobs_is_not_taken_by_a_session(broker, pipeline):
    assert assume(broker, pipeline, PIPELINE).error() == denied(PIPELINE)


def test_another_account_s_role_needs_both_sides(broker, pipeline):
    # CLOSED trusts the account; Pipeline's own policy does not name it.
    assert assume(broker, pipeline, CLOSED).error() == denied(CLOSED)
    assert assume(broker, pipeline, PARTNER, ExternalId=EXTERNAL_ID).status == 200


def test_without_the_external_id_and_with_a_wrong_one_the_refusals_look_the_same(broker, pipeline):
    without = assume(broker, pipeline, PARTNER)
    wrong = assume(broker, pipeline, PARTNER, ExternalId="unique-id:4/2")
    assert without.error() == denied(PARTNER)
    assert without.without_request_id() == wrong.without_request_id()


def test_the_aws_cli_with_the_external_id_is_let_in(broker, pipeline):
    answer = broker.aws(
        "sts", "assume-role", "--role-arn", PARTNER, "--role-session-name", "partner", "--external-id", EXTERNAL_ID,
        keys=pipeline,
    )
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{PROD}:assumed-role/Partner/partner"


def test_an_unknown_role_is_refused_in_the_same_words(broker, pipeline):
    role = f"arn:aws:iam::{DEV}:role/NoSuchRole"
    assert assume(broker, pipeline, role).error() == denied(role)


def test_a_refusal_carries_an_encoded_reason_beside_the_exact_answer(broker, pipeline):
    answer = assume(broker, pipeline, CLOSED)
    assert "because" not in answer.text
    assert answer.headers["x-drawbridge-authorization-message"]


def test_boto3_raises_access_denied(broker, pipeline):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        broker.boto3(pipeline).assume_role(RoleArn=CLOSED, RoleSessionName="step")
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_session_policy_takes_the_right_to_chain_away(broker):
    answer = broker.with_token(
        broker.token(),
        headers={"accept": "application/json"},
        Policy=policy(allow("s3:*", resource="*")),
    )
    result = answer.json()["AssumeRoleWithWebIdentityResponse"]["AssumeRoleWithWebIdentityResult"]
    limited = Keys.of(result["Credentials"])
    assert assume(broker, limited, RELEASE).error() == denied(RELEASE)
    assert assume(broker, limited, PARTNER, ExternalId=EXTERNAL_ID).error() == denied(PARTNER)


def test_tags_need_tag_session_in_the_trust_policy(broker, pipeline):
    tags = {"Tags.member.1.Key": "Project", "Tags.member.1.Value": "Automation"}
    assert assume(broker, pipeline, RELEASE, **tags).error() == denied(RELEASE, "sts:TagSession")


def test_a_source_identity_needs_its_own_permission(broker, pipeline):
    assert assume(broker, pipeline, RELEASE, SourceIdentity="alice").error() == denied(RELEASE, "sts:SetSourceIdentity")


def test_tag_keys_are_compared_without_case(broker, pipeline):
    tags = {
        "Tags.member.1.Key": "Project",
        "Tags.member.1.Value": "a",
        "Tags.member.2.Key": "project",
        "Tags.member.2.Value": "b",
    }
    assert assume(broker, pipeline, RELEASE, **tags).error() == (
        400,
        "InvalidParameterValue",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    )


def test_an_empty_list_is_an_empty_list(broker, pipeline):
    # What SDKs send for tags=[].
    assert assume(broker, pipeline, RELEASE, Tags="", PolicyArns="").status == 200


def test_a_token_brings_tags_and_a_source_identity_where_the_role_allows_it(broker):
    claims = {
        "https://aws.amazon.com/tags": {"principal_tags": {"Project": ["Automation"]}, "transitive_tag_keys": ["Project"]},
        "https://aws.amazon.com/source_identity": "alice",
    }
    granted = broker.with_token(broker.token(**claims), ANYBODY)
    assert granted.status == 200, granted.text
    assert "<SourceIdentity>alice</SourceIdentity>" in granted.text
    refused = broker.with_token(broker.token(**claims), PIPELINE)
    assert refused.error() == (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")


def test_a_duration_over_the_role_s_maximum_is_refused(broker):
    assert broker.with_token(broker.token(), PIPELINE, DurationSeconds=3601).error() == (
        400,
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )


def test_a_role_session_lasts_up_to_the_role_s_maximum(broker):
    answer = broker.with_token(broker.token(), ANYBODY, headers={"accept": "application/json"}, DurationSeconds=43200)
    assert answer.status == 200, answer.text
    result = answer.json()["AssumeRoleWithWebIdentityResponse"]["AssumeRoleWithWebIdentityResult"]
    left = result["Credentials"]["Expiration"] - datetime.datetime.now().timestamp()
    assert 43190 <= left <= 43201
