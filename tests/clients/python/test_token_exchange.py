"""/oauth2/token: RFC 8693 for OAuth clients that know nothing of AWS (product.md, Doors; security.md, CI-5)."""

import pytest

from harness import DEPLOY, DEV, Keys

SESSION_PREFIX = f"arn:aws:sts::{DEV}:assumed-role/Deploy/"
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
JWT = "urn:ietf:params:oauth:token-type:jwt"


def exchange(demo, headers=None, **changes):
    good = {
        "grant_type": GRANT,
        "subject_token": demo.ci_token(),
        "subject_token_type": JWT,
        "audience": "deploy",
    }
    return demo.form({name: value for name, value in {**good, **changes}.items() if value is not None}, headers, "/oauth2/token")


@pytest.mark.parametrize("type_", [JWT, ID_TOKEN], ids=["jwt", "id_token"])
def test_a_job_token_becomes_credentials(demo, type_):
    answer = exchange(demo, subject_token_type=type_)
    assert answer.status == 200, answer.text
    credentials = answer.json()["credentials"]
    assert credentials["Version"] == 1
    assert demo.boto3(Keys.of(credentials)).get_caller_identity()["Arn"].startswith(SESSION_PREFIX)


def test_the_role_may_be_named_as_resource_by_its_arn(demo):
    assert exchange(demo, audience=None, resource=DEPLOY).status == 200


def test_the_answer_is_one_that_oauth_clients_understand(demo):
    answer = exchange(demo)
    body = answer.json()
    assert body["token_type"] == "Bearer"
    assert body["issued_token_type"].startswith("urn:ietf:params:oauth:token-type:")
    assert body["expires_in"] > 0
    assert "no-store" in answer.headers["cache-control"]


def test_the_access_token_is_evidence_at_the_creds_door(demo):
    bearer = exchange(demo).json()["access_token"]
    answer = demo.http("GET", "/v1/creds/deploy", headers={"Authorization": f"Bearer {bearer}"})
    assert answer.status == 200, answer.text
    assert demo.boto3(Keys.of(answer.json())).get_caller_identity()["Arn"].startswith(SESSION_PREFIX)


REFUSALS = {
    "no grant type": ({"grant_type": None}, 400, "invalid_request"),
    "another grant type": ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    "no subject token": ({"subject_token": None}, 400, "invalid_request"),
    "a subject token that is no token": ({"subject_token": "garbage"}, 400, "invalid_grant"),
    "no type of the subject token": ({"subject_token_type": None}, 400, "invalid_request"),
    "an unknown type of the subject token": (
        {"subject_token_type": "urn:ietf:params:oauth:token-type:saml1"},
        400,
        "invalid_request",
    ),
    "an unknown role": ({"audience": "no-such-role"}, 400, "invalid_target"),
    "no role": ({"audience": None}, 400, "invalid_request"),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_has_its_oauth_code(demo, what):
    changes, status, code = REFUSALS[what]
    answer = exchange(demo, **changes)
    assert (answer.status, answer.json()["error"]) == (status, code), answer.text


def test_an_untrusted_branch_is_an_invalid_target_and_hears_why(demo):
    answer = exchange(demo, subject_token=demo.ci_token(ref="refs/heads/feature"))
    assert (answer.status, answer.json()["error"]) == (400, "invalid_target")
    assert "repo:acme/app:ref:refs/heads/main" in answer.text


def test_a_token_for_another_audience_is_an_invalid_grant(demo):
    answer = exchange(demo, subject_token=demo.ci_token(audience="https://somebody.example"))
    assert (answer.status, answer.json()["error"]) == (400, "invalid_grant")


def test_the_subject_token_may_not_travel_in_the_query(demo):
    token = demo.ci_token()
    path = f"/oauth2/token?subject_token={token}"
    answer = demo.form({"grant_type": GRANT, "subject_token_type": JWT, "audience": "deploy"}, path=path)
    assert answer.status == 400


def test_a_repeated_parameter_is_refused(demo):
    pairs = [("grant_type", GRANT), ("subject_token", demo.ci_token()), ("subject_token_type", JWT)]
    answer = demo.form([*pairs, ("audience", "deploy"), ("audience", "dev/Developer")], path="/oauth2/token")
    assert (answer.status, answer.json()["error"]) == (400, "invalid_request")


def test_a_cross_site_page_cannot_use_the_door(demo):
    answer = exchange(demo, headers={"origin": "https://evil.example", "sec-fetch-site": "cross-site"})
    assert answer.status == 403


def test_the_token_is_never_reflected(demo):
    token = demo.ci_token(ref="refs/heads/feature")
    assert token[:60] not in exchange(demo, subject_token=token).text
