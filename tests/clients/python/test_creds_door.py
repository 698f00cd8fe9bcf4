"""/v1/creds: credentials by one curl, in every form, and what a refusal says (product.md, Doors)."""

import datetime
import json
import re
import shutil

import boto3
import pytest
from botocore.session import Session

from harness import DEPLOY, DEV, Keys, clean_environment, request, run, shell

SESSION_PREFIX = f"arn:aws:sts::{DEV}:assumed-role/Deploy/"
WHO = "aws sts get-caller-identity --query Arn --output text"


@pytest.fixture(scope="module")
def token(demo) -> str:
    return demo.ci_token()


def fetch(demo, token, query="", role="deploy", method="GET", **headers):
    return demo.http(method, f"/v1/creds/{role}{query}", headers={"Authorization": f"Bearer {token}", **headers})


def outside(demo, token) -> dict:
    """A job's environment: its token, the broker's URL, nothing of AWS; what is pasted must bring the rest."""
    return {**clean_environment(), "T": token, "BROKER": demo.url}


# The one-liner.

ONE_LINER = """C=$(curl -fsS -H "Authorization: Bearer $T" "$BROKER/v1/creds/deploy?format=env") && eval "$C" """


def test_the_one_liner_gives_credentials_that_the_aws_cli_uses(demo, token):
    answer = shell(f"{ONE_LINER} && {WHO}", outside(demo, token))
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith(SESSION_PREFIX)


def test_the_one_liner_of_another_branch_fails(demo):
    job = outside(demo, demo.ci_token(ref="refs/heads/feature"))
    answer = shell(ONE_LINER, job)
    assert answer.returncode == 22  # curl's own, so that a job's log says which program refused


def test_on_two_lines_it_stops_a_script_that_stops_at_errors(demo):
    # `set -e` does not see a failure on the left of `&&`; where a job is one script, two lines are the safe form.
    job = outside(demo, demo.ci_token(ref="refs/heads/feature"))
    answer = shell("set -e\n" + ONE_LINER.replace(" && ", "\n") + "\necho still-here", job)
    assert answer.returncode == 22
    assert "still-here" not in answer.stdout


def test_another_branch_is_told_the_condition_what_it_wants_and_what_it_saw(demo):
    job = outside(demo, demo.ci_token(ref="refs/heads/feature"))
    answer = shell("""curl -sS -w '\\n%{http_code}' -H "Authorization: Bearer $T" "$BROKER/v1/creds/deploy?format=env" """, job)
    body, status = answer.stdout.rsplit("\n", 1)
    assert status == "403"
    assert json.loads(body)
    assert ":sub" in body
    assert "repo:acme/app:ref:refs/heads/main" in body
    assert "repo:acme/app:ref:refs/heads/feature" in body


# Every form, taken up by the program that it is made for.


def eval_with(program: str, script: str, demo, token) -> str:
    if not shutil.which(program):
        pytest.skip(f"no {program} here")
    answer = shell(script, outside(demo, token), program)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip()


def test_env_is_evaluated_by_bash_and_by_sh(demo, token):
    for program in ["bash", "sh"]:
        assert eval_with(program, f"{ONE_LINER} && {WHO}", demo, token).startswith(SESSION_PREFIX)


def test_env_sets_both_region_variables_because_botocore_reads_only_one(demo, token):
    text = fetch(demo, token, "?format=env").text
    assert "export AWS_REGION=" in text and "export AWS_DEFAULT_REGION=" in text


def test_env_no_export_is_read_between_set_a(demo, token):
    script = f"""set -a; eval "$(curl -fsS -H "Authorization: Bearer $T" "$BROKER/v1/creds/deploy?format=env-no-export")"; {WHO}"""
    assert eval_with("bash", script, demo, token).startswith(SESSION_PREFIX)


def test_dotenv_is_sourced_from_a_file(demo, token, tmp_path):
    script = f"""curl -fsS -H "Authorization: Bearer $T" "$BROKER/v1/creds/deploy?format=dotenv" > {tmp_path}/.env
        set -a; . {tmp_path}/.env; {WHO}"""
    assert eval_with("bash", script, demo, token).startswith(SESSION_PREFIX)


def test_fish_is_sourced_by_fish(demo, token):
    script = f"""curl -fsS -H "Authorization: Bearer $T" "$BROKER/v1/creds/deploy?format=fish" | source; {WHO}"""
    assert eval_with("fish", script, demo, token).startswith(SESSION_PREFIX)


def test_powershell_and_windows_lines_have_the_form_of_export_credentials(demo, token):
    # As `aws configure export-credentials` writes them; no such shell on most build machines.
    for line in fetch(demo, token, "?format=powershell").text.splitlines():
        assert re.fullmatch(r'\$Env:[A-Z_]+="[^"`$]+"', line), line
    for line in fetch(demo, token, "?format=windows-cmd").text.splitlines():
        assert re.fullmatch(r"set [A-Z_]+=[^\"%^&|<>]+", line), line


def test_ini_is_a_credentials_file(demo, token, tmp_path):
    text = fetch(demo, token, "?format=ini").text
    (tmp_path / "credentials").write_text(text)
    profile = re.match(r"\[(.+)\]", text)[1]
    variables = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"), "AWS_PROFILE": profile}
    answer = demo.aws("sts", "get-caller-identity", "--query", "Arn", "--output", "text", **variables)
    assert answer.stdout.startswith(SESSION_PREFIX), answer.stderr


def test_process_is_what_credential_process_wants(demo, token, tmp_path):
    script = tmp_path / "broker-helper"
    script.write_text(f"#!/bin/sh\nexec curl -fsS -H 'Authorization: Bearer {token}' '{demo.url}/v1/creds/deploy?format=process'\n")
    script.chmod(0o700)
    (tmp_path / "config").write_text(f"[default]\nregion = us-east-1\ncredential_process = {script}\n")
    answer = demo.aws("sts", "get-caller-identity", "--query", "Arn", "--output", "text", AWS_CONFIG_FILE=str(tmp_path / "config"))
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith(SESSION_PREFIX)


def test_process_says_version_1_and_the_account(demo, token):
    answer = fetch(demo, token, "?format=process").json()
    assert answer["Version"] == 1
    assert answer["AccountId"] == DEV
    assert answer["Expiration"].endswith("Z")
    assert {"AccessKeyId", "SecretAccessKey", "SessionToken"} <= answer.keys()


def test_json_is_the_default_and_works_as_it_is(demo, token):
    answer = fetch(demo, token)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert demo.boto3(Keys.of(answer.json())).get_caller_identity()["Arn"].startswith(SESSION_PREFIX)


def test_github_masks_the_secrets_before_it_exports_them(demo, token, tmp_path):
    job = {**outside(demo, token), "GITHUB_ENV": str(tmp_path / "env")}
    script = """C=$(curl -fsS -H "Authorization: Bearer $T" "$BROKER/v1/creds/deploy?format=github") && eval "$C" """
    answer = shell(script, job)
    assert answer.returncode == 0, answer.stderr
    exported = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    for name in ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]:
        assert f"::add-mask::{exported[name]}" in answer.stdout
    next_step = run(["bash", "-c", WHO], {**clean_environment(), **exported})
    assert next_step.stdout.startswith(SESSION_PREFIX), next_step.stderr


def test_container_is_what_an_sdk_fetches(demo, token, monkeypatch):
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{demo.url}/v1/creds/deploy?format=container")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", f"Bearer {token}")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", demo.url)
    isolate(monkeypatch)
    session = boto3.Session(region_name="us-east-1")
    assert session.get_credentials().method == "container-role"
    assert session.client("sts").get_caller_identity()["Arn"].startswith(SESSION_PREFIX)


def test_container_takes_the_token_file_of_kubernetes_without_bearer(demo, token, tmp_path, monkeypatch):
    # botocore sends the file's text verbatim.
    (tmp_path / "token").write_text(token)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{demo.url}/v1/creds/deploy?format=container")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))
    isolate(monkeypatch)
    credentials = Session().get_credentials().get_frozen_credentials()
    keys = Keys(credentials.access_key, credentials.secret_key, credentials.token)
    assert demo.boto3(keys).get_caller_identity()["Arn"].startswith(SESSION_PREFIX)


def isolate(monkeypatch):
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


# The role, the method, the time.


@pytest.mark.parametrize("role", ["deploy", DEPLOY.replace("/", "%2F"), DEPLOY])
def test_a_role_is_named_by_alias_or_by_arn(demo, token, role):
    assert fetch(demo, token, role=role).status == 200


def test_post_gives_what_get_gives(demo, token):
    assert fetch(demo, token, method="POST").status == 200


def test_credentials_are_not_kept_by_anybody_between(demo, token):
    assert "no-store" in fetch(demo, token).headers["cache-control"]


def test_a_duration_is_cut_to_what_the_role_allows_and_the_answer_says_so(broker):
    bearer = {"Authorization": f"Bearer {broker.token()}"}
    answer = broker.http("GET", "/v1/creds/pipeline?duration=12h", headers=bearer)
    assert answer.status == 200, answer.text
    ends = datetime.datetime.fromisoformat(answer.json()["Expiration"].replace("Z", "+00:00"))
    assert ends - datetime.datetime.now(datetime.timezone.utc) <= datetime.timedelta(hours=1)
    assert answer.json()["Note"]


@pytest.mark.parametrize("duration", ["900", "900s", "15m"])
def test_a_duration_is_seconds_or_has_a_unit(demo, token, duration):
    answer = fetch(demo, token, f"?duration={duration}")
    ends = datetime.datetime.fromisoformat(answer.json()["Expiration"].replace("Z", "+00:00"))
    assert 890 <= (ends - datetime.datetime.now(datetime.timezone.utc)).total_seconds() <= 900
    assert answer.json()["Note"] is None


# Refusals: always JSON, never shell text.


def refusal(answer, status):
    assert answer.status == status, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    return answer.json()


@pytest.mark.parametrize("format_", ["env", "fish", "ini", "process", "github"])
def test_a_refusal_is_json_whatever_format_was_asked(demo, format_):
    refusal(fetch(demo, demo.ci_token(ref="refs/heads/feature"), f"?format={format_}"), 403)


def test_an_unknown_format_is_refused_with_the_known_ones(demo, token):
    answer = refusal(fetch(demo, token, "?format=yaml"), 400)
    assert "dotenv" in json.dumps(answer)


def test_a_request_without_evidence_is_refused(demo):
    refusal(demo.http("GET", "/v1/creds/deploy"), 401)


def test_evidence_for_another_audience_is_refused(demo):
    refusal(fetch(demo, demo.ci_token(audience="https://somebody.example")), 401)


def test_evidence_that_is_no_token_is_refused(demo):
    refusal(fetch(demo, "garbage"), 400)


def test_an_unknown_role_tells_nothing(demo, token):
    body = json.dumps(refusal(fetch(demo, token, role="no-such-role"), 403))
    assert "condition" not in body.lower()


def test_the_query_string_is_no_place_for_evidence(demo, token):
    answer = demo.http("GET", f"/v1/creds/deploy?access_token={token}")
    refusal(answer, 400)
    assert token not in answer.text


# Why not?


def test_explain_tells_every_condition_of_the_candidate_roles(demo):
    token = demo.ci_token(ref="refs/heads/feature")
    answer = demo.http("POST", "/v1/explain", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 200, answer.text
    assert "repo:acme/app:ref:refs/heads/main" in answer.text
    assert "repo:acme/app:ref:refs/heads/feature" in answer.text


def test_explain_tells_nothing_to_evidence_that_was_not_verified(demo):
    answer = demo.http("POST", "/v1/explain", headers={"Authorization": "Bearer garbage"})
    refusal(answer, 400)
    assert "acme" not in answer.text


# drawbridge exchange: the same for those who prefer it to curl.


def test_the_exchange_command_gives_the_same(demo, token, tmp_path):
    from harness import DRAWBRIDGE

    (tmp_path / "token").write_text(token + "\n")
    script = f"""eval "$({DRAWBRIDGE} exchange --role deploy --token-file {tmp_path}/token --broker {demo.url} --format env)"; {WHO}"""
    answer = shell(script, outside(demo, token))
    assert answer.stdout.startswith(SESSION_PREFIX), answer.stderr


def test_other_doors_are_not_there(demo):
    assert request("GET", f"{demo.url}/v1/no-such-door").status == 404
