"""Tokens that are not quite right, at the STS door and at the exchange (sts.md, 6; security.md, JWT-1 to JWT-5).

Every case is the good token of the first test with one thing spoiled.
"""

import base64
import json
import re
import time

import pytest

from broker import PIPELINE
from issuer import jwk

NOT_A_JWT = re.escape("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
NO_KEY = re.escape(
    "Couldn't retrieve verification key from your identity provider,  "
    "please reference AssumeRoleWithWebIdentity documentation for requirements"
)
ANYTHING = ".+"


def ago(seconds: int) -> int:
    return int(time.time()) - seconds


def at_creds(broker, token):
    return broker.http("GET", "/v1/creds/pipeline", headers={"Authorization": f"Bearer {token}"})


def test_the_good_token_is_accepted_at_both_doors(broker):
    assert broker.with_token(broker.token()).status == 200
    assert at_creds(broker, broker.token()).status == 200


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "ES256"])
def test_an_asymmetric_algorithm_is_accepted(broker, algorithm):
    answer = broker.with_token(broker.token(algorithm=algorithm))
    assert answer.status == 200, answer.text


def test_without_a_kid_the_one_key_that_fits_is_taken(broker):
    assert broker.with_token(broker.token(headers={"kid": None})).status == 200


SPOILED = {
    "expired beyond the tolerance": (
        lambda b: b.token(iat=ago(1000), nbf=ago(1000), exp=ago(400)),
        "ExpiredTokenException",
        r"Token expired: current date/time \d+ must be before the expiration date/time \d+",
    ),
    "not valid before a time to come": (
        lambda b: b.token(nbf=ago(-1000), exp=ago(-2000)),
        "InvalidIdentityToken",
        r"Token not yet valid: current date/time \d+ must be after or equal to the not-before date/time \d+",
    ),
    "issued in the future": (
        lambda b: b.token(iat=ago(-1000), nbf=None, exp=ago(-2000)),
        "InvalidIdentityToken",
        r"Token issued in the future: \d+",
    ),
    "a time as text": (
        lambda b: b.token(exp=str(ago(-300))),
        "InvalidIdentityToken",
        r"Invalid timestamp in token claims\.",
    ),
    "signed by a stranger": (lambda b: b.token(key=b.issuer.stranger), "InvalidIdentityToken", NO_KEY),
    "an unknown key id": (lambda b: b.token(headers={"kid": "nobody"}), "InvalidIdentityToken", NO_KEY),
    "the key id of a key of another kind": (lambda b: b.token(headers={"kid": "ec-1"}), "InvalidIdentityToken", NO_KEY),
    "its own key in the header": (
        lambda b: b.token(key=b.issuer.stranger, headers={"jwk": jwk(b.issuer.stranger, "x"), "kid": "x"}),
        "InvalidIdentityToken",
        ANYTHING,
    ),
    "an address of keys in the header": (
        lambda b: b.token(headers={"jku": f"{b.issuer.url}/keys"}),
        "InvalidIdentityToken",
        ANYTHING,
    ),
    "a critical extension": (lambda b: b.token(headers={"crit": ["x"], "x": 1}), "InvalidIdentityToken", NOT_A_JWT),
    "a logout token": (lambda b: b.token(headers={"typ": "logout+jwt"}), "InvalidIdentityToken", ANYTHING),
    "an empty subject": (lambda b: b.token(sub=""), "InvalidIdentityToken", ANYTHING),
    "a subject of null": (lambda b: respell(b, '"sub": "job:acme/app:main"', '"sub": null'), "InvalidIdentityToken", ANYTHING),
    "two audiences and no authorized party": (
        lambda b: b.token(audience=[b.url, "https://other.example"]),
        "InvalidIdentityToken",
        "Token audience contains more than one audience while authorized party is not present",
    ),
    "no audience at all": (lambda b: b.token(audience=[]), "InvalidIdentityToken", "Claim is not allowed to be empty: aud"),
    "another audience": (lambda b: b.token(audience="https://other.example"), "InvalidIdentityToken", "Incorrect token audience"),
    "an authorized party that is not registered": (
        lambda b: b.token(azp="somebody"),
        "InvalidIdentityToken",
        "Incorrect token audience",
    ),
    "the issuer with a slash more": (
        lambda b: b.token(iss=b.issuer.url + "/"),
        "InvalidIdentityToken",
        r"No OpenIDConnect provider found in your account for https://localhost:\d+/",
    ),
    "a claim twice": (
        lambda b: respell(b, '"sub": "job:acme/app:main"', '"sub": "job:evil", "sub": "job:acme/app:main"'),
        "InvalidIdentityToken",
        ANYTHING,
    ),
    "padded base64": (lambda b: b.token() + "==", "InvalidIdentityToken", NOT_A_JWT),
    "tags in another form": (
        lambda b: b.token(**{"https://aws.amazon.com/tags": {"principal_tags": {"Project": "Automation"}}}),
        "InvalidIdentityToken",
        "principal_tags passed in claim is not in correct format.",
    ),
}


@pytest.mark.parametrize("what", SPOILED)
def test_the_sts_refuses_a_token_with(broker, what):
    spoil, code, message = SPOILED[what]
    status, found, text = broker.with_token(spoil(broker)).error()
    assert (status, found) == (400, code), text
    assert re.fullmatch(message, text), text


# AWS's rules alone: the exchange wants our audience to be among those named, and knows no claims for session tags.
STS_ONLY = ("two audiences", "an authorized party", "tags")


@pytest.mark.parametrize("what", [what for what in SPOILED if not what.startswith(STS_ONLY)])
def test_the_exchange_refuses_a_token_with(broker, what):
    token = SPOILED[what][0](broker)
    answer = at_creds(broker, token)
    assert answer.status in (400, 401), answer.text
    assert answer.headers["content-type"].startswith("application/json")
    assert token[:60] not in answer.text


def test_the_sts_forgives_five_minutes_and_the_exchange_one(broker):
    token = broker.token(iat=ago(600), nbf=ago(600), exp=ago(150))
    assert broker.with_token(token).status == 200
    assert at_creds(broker, token).status == 401
    assert at_creds(broker, broker.token(iat=ago(600), nbf=ago(600), exp=ago(40))).status == 200


def test_a_token_older_than_an_hour_is_too_old_for_the_exchange(broker):
    token = broker.token(iat=ago(4000), nbf=ago(4000), exp=ago(-300))
    assert at_creds(broker, token).status == 401


def test_unknown_key_ids_do_not_make_us_fetch_keys_again_and_again(broker):
    broker.with_token(broker.token())
    before = broker.issuer.fetched
    for number in range(50):
        broker.with_token(broker.token(headers={"kid": f"unknown-{number}"}))
    assert broker.issuer.fetched - before <= 2


def test_a_token_of_an_issuer_that_is_not_configured_makes_us_call_nobody(broker):
    before = broker.issuer.fetched
    answer = broker.with_token(broker.token(iss="https://127.0.0.1:1/nobody"))
    assert answer.status == 400
    assert broker.issuer.fetched == before


def test_a_refused_token_leaves_no_trace_of_itself_in_the_log(broker):
    token = broker.token(exp=ago(400))
    broker.with_token(token)
    at_creds(broker, token)
    log = broker.log.read_text()
    assert token.split(".")[2] not in log and token not in log


def respell(broker, before: str, after: str) -> str:
    """The good token, signed over a payload whose text was changed."""
    import jwt

    payload = base64.urlsafe_b64decode(broker.token().split(".")[1] + "==").decode()
    assert before in payload
    return jwt.api_jws.encode(payload.replace(before, after).encode(), broker.issuer.key, "RS256", {"kid": "rsa-1"})


def test_the_token_explain_command_runs_the_same_verdict_offline(broker, tmp_path):
    # No secrets in what it prints.
    from harness import DRAWBRIDGE, clean_environment, run

    (tmp_path / "token").write_text(broker.token(exp=ago(4000), iat=ago(4300), nbf=ago(4300)))
    config = ["--config", str(broker.folder / "drawbridge.toml")]
    command = [str(DRAWBRIDGE), "token", "explain", "--token", str(tmp_path / "token"), "--json", *config]
    answer = run(command, {**clean_environment()})
    assert answer.returncode == 1, answer.stderr
    verdict = json.loads(answer.stdout)
    assert verdict["verdict"] == "refused"
    assert verdict["reason"] == "jwt.exp"
    assert verdict["identity"] is None
    assert PIPELINE not in answer.stdout
