"""AssumeRoleWithWebIdentity: the pipeline's way in (sts.md, 5.4; clients.md, 3.1; stories.md, 10)."""

import datetime
import json
import urllib.parse

import boto3
import pytest

from harness import DEPLOY, DEV, STS_VERSION, Keys, shell

SESSION_ARN = f"arn:aws:sts::{DEV}:assumed-role/Deploy/"


def test_the_story_as_people_paste_it(demo):
    script = f"""
        aws sts assume-role-with-web-identity --role-arn {DEPLOY} --role-session-name story --web-identity-token "$TOKEN"
    """
    answer = shell(script, demo.environment(TOKEN=demo.ci_token()))
    assert answer.returncode == 0, answer.stderr
    result = json.loads(answer.stdout)
    assert result["AssumedRoleUser"]["Arn"] == SESSION_ARN + "story"
    assert result["SubjectFromWebIdentityToken"] == "repo:acme/app:ref:refs/heads/main"
    assert result["Provider"].startswith(f"arn:aws:iam::{DEV}:oidc-provider/")
    assert result["Credentials"]["AccessKeyId"].startswith("ASIA")


def test_boto3_gets_credentials_that_work(demo):
    answer = demo.boto3().assume_role_with_web_identity(
        RoleArn=DEPLOY, RoleSessionName="boto", WebIdentityToken=demo.ci_token()
    )
    identity = demo.boto3(Keys.of(answer["Credentials"])).get_caller_identity()
    assert identity["Arn"] == answer["AssumedRoleUser"]["Arn"] == SESSION_ARN + "boto"
    assert identity["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]


def test_the_answer_says_whose_token_it_was(demo):
    answer = demo.boto3().assume_role_with_web_identity(
        RoleArn=DEPLOY, RoleSessionName="boto", WebIdentityToken=demo.ci_token()
    )
    host = urllib.parse.urlsplit(demo.info["ci_issuer"])
    assert answer["Provider"] == f"arn:aws:iam::{DEV}:oidc-provider/{host.netloc}{host.path}"
    assert answer["Audience"] == demo.url
    assert answer["SubjectFromWebIdentityToken"] == "repo:acme/app:ref:refs/heads/main"
    assert answer["PackedPolicySize"] >= 0


@pytest.mark.parametrize("seconds", [900, 1800, 3600])
def test_the_session_lasts_as_long_as_asked(demo, seconds):
    before = datetime.datetime.now(datetime.timezone.utc)
    answer = demo.boto3().assume_role_with_web_identity(
        RoleArn=DEPLOY, RoleSessionName="boto", WebIdentityToken=demo.ci_token(), DurationSeconds=seconds
    )
    lasts = (answer["Credentials"]["Expiration"] - before).total_seconds()
    assert seconds - 5 <= lasts <= seconds + 5


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"], ids=["bare", "newline", "crlf"])
def test_a_token_file_may_end_in_a_newline(demo, tmp_path, ending):
    # botocore sends the file's text as it is; a mounted token often ends in a newline.
    path = tmp_path / "token"
    path.write_bytes((demo.ci_token() + ending).encode())
    variables = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(path), "AWS_ROLE_ARN": DEPLOY, "AWS_ROLE_SESSION_NAME": "file"}
    answer = demo.aws("sts", "get-caller-identity", "--query", "Arn", "--output", "text", **variables)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == SESSION_ARN + "file"


def test_a_profile_with_a_token_file_is_enough_for_boto3(demo, tmp_path, monkeypatch):
    (tmp_path / "token").write_text(demo.ci_token() + "\n")
    (tmp_path / "config").write_text(
        "[profile ci]\nregion = us-east-1\nservices = broker\n"
        f"role_arn = {DEPLOY}\nrole_session_name = profile\nweb_identity_token_file = {tmp_path}/token\n"
        f"[services broker]\nsts =\n  endpoint_url = {demo.url}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    identity = boto3.Session(profile_name="ci").client("sts").get_caller_identity()
    assert identity["Arn"] == SESSION_ARN + "profile"


def test_everything_in_the_query_string_of_an_empty_post_works(demo):
    # What object_store does, and with it Polars, DataFusion and delta-rs.
    query = urllib.parse.urlencode(
        {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": STS_VERSION,
            "RoleArn": DEPLOY,
            "RoleSessionName": "WebIdentitySession",
            "DurationSeconds": "3600",
            "WebIdentityToken": demo.ci_token() + "\n",
        }
    )
    answer = demo.http("POST", f"/?{query}")
    assert answer.status == 200, answer.text
    assert f"<Arn>{SESSION_ARN}WebIdentitySession</Arn>" in answer.text


def test_a_get_works_as_well(demo):
    query = urllib.parse.urlencode(
        {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": STS_VERSION,
            "RoleArn": DEPLOY,
            "RoleSessionName": "get",
            "WebIdentityToken": demo.ci_token(),
        }
    )
    answer = demo.http("GET", f"/?{query}")
    assert answer.status == 200, answer.text


def test_a_stray_authorization_header_does_no_harm(demo):
    answer = demo.sts(
        "AssumeRoleWithWebIdentity",
        headers={"authorization": "Bearer something"},
        RoleArn=DEPLOY,
        RoleSessionName="stray",
        WebIdentityToken=demo.ci_token(),
    )
    assert answer.status == 200, answer.text


def test_a_session_policy_travels_with_the_session(demo):
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
    answer = demo.boto3().assume_role_with_web_identity(
        RoleArn=DEPLOY, RoleSessionName="limited", WebIdentityToken=demo.ci_token(), Policy=json.dumps(policy)
    )
    assert answer["PackedPolicySize"] > 0
    assert demo.boto3(Keys.of(answer["Credentials"])).get_caller_identity()["Arn"] == SESSION_ARN + "limited"


def test_expiration_is_a_number_in_json_answers(demo):
    answer = demo.sts(
        "AssumeRoleWithWebIdentity",
        headers={"accept": "application/json"},
        RoleArn=DEPLOY,
        RoleSessionName="json",
        WebIdentityToken=demo.ci_token(),
    )
    result = answer.json()["AssumeRoleWithWebIdentityResponse"]["AssumeRoleWithWebIdentityResult"]
    assert isinstance(result["Credentials"]["Expiration"], (int, float))
    assert result["AssumedRoleUser"]["Arn"] == SESSION_ARN + "json"


def test_secrets_survive_unquoted_shell_words(demo):
    # stories.md, 4: people write export $(printf ... $(aws ...)).
    script = f"""
        export $(printf "AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s AWS_SESSION_TOKEN=%s" $(aws sts assume-role-with-web-identity --role-arn {DEPLOY} --role-session-name words --web-identity-token "$TOKEN" --query "Credentials.[AccessKeyId,SecretAccessKey,SessionToken]" --output text))
        aws sts get-caller-identity --query Arn --output text
    """
    answer = shell(script, demo.environment(TOKEN=demo.ci_token()))
    assert answer.stdout.strip() == SESSION_ARN + "words", answer.stderr
