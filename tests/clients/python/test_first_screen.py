"""The demo's first screen: every line of it works when pasted, top to bottom, in one shell."""

import re

import pytest

from harness import DEV, clean_environment, shell


@pytest.fixture(scope="module")
def pasted(demo) -> str:
    """What a person sees who pastes all of it."""
    screen = demo.log.read_text()
    commands = re.findall(r"^    ((?:[A-Z]=|export |unset |curl |aws ).*)$", screen, re.MULTILINE)
    assert len(commands) >= 7, screen
    answer = shell("set -e\n" + "\n".join(commands), clean_environment())
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_the_pipeline_s_lines_end_as_the_role_deploy(pasted):
    assert f"arn:aws:sts::{DEV}:assumed-role/Deploy/" in pasted


def test_the_other_branch_hears_what_the_role_wants_and_what_it_saw(pasted):
    assert "repo:acme/app:ref:refs/heads/main" in pasted
    assert "repo:acme/app:ref:refs/heads/other" in pasted


def test_the_saml_lines_end_as_the_role_analyst(pasted):
    assert f"arn:aws:sts::{DEV}:assumed-role/Analyst/ann" in pasted


def test_the_terminal_s_lines_end_as_root(pasted):
    assert f"arn:aws:iam::{DEV}:root" in pasted


def test_the_addresses_it_names_answer(demo):
    from harness import request

    for address in re.findall(r"^    (http\S+)$", demo.log.read_text(), re.MULTILINE):
        assert request("GET", address + "/").status == 200


def test_demo_json_has_what_scripts_are_promised(demo):
    assert {"url", "s3_url", "idp_url", "oidc_issuer", "saml_metadata_url", "ci_issuer", "accounts", "roles", "users"} <= demo.info.keys()
    assert {"id", "name", "root"} <= demo.info["accounts"][0].keys()
    assert {"access_key_id", "secret_access_key"} <= demo.info["accounts"][0]["root"].keys()
    assert {"arn", "alias", "for"} <= demo.info["roles"][0].keys()
    assert [user["name"] for user in demo.info["users"]] == ["ann", "bob", "eve"]
