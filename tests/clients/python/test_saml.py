"""AssumeRoleWithSAML with what xmlsec1 signs, as boto3 and the AWS CLI send it (sts.md, 5.5 and 7)."""

import datetime
import json
import shutil

import pytest

from harness import Keys, refusal, shell
from saml_idp import ENTITY, RECIPIENT, SamlIdp, encoded, program

pytestmark = pytest.mark.skipif(not shutil.which("xmlsec1"), reason="no xmlsec1 here")


@pytest.fixture(scope="module")
def idp(tmp_path_factory) -> SamlIdp:
    return SamlIdp(tmp_path_factory.mktemp("saml"))


@pytest.fixture(scope="module")
def provider(iam, idp) -> str:
    return iam.create_saml_provider(Name="Contoso", SAMLMetadataDocument=idp.metadata())["SAMLProviderArn"]


def trusting(provider: str, **condition) -> str:
    actions = ["sts:AssumeRoleWithSAML", "sts:TagSession", "sts:SetSourceIdentity"]
    statement = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": actions, "Condition": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def role(iam, provider) -> str:
    trust = trusting(provider, StringEquals={"saml:aud": RECIPIENT, "saml:iss": ENTITY})
    return iam.create_role(RoleName="Analyst", AssumeRolePolicyDocument=trust, MaxSessionDuration=7200)["Role"]["Arn"]


@pytest.fixture(scope="module")
def sts(demo):
    return demo.boto3()


def call(role: str, provider: str, assertion: str) -> dict:
    return {"RoleArn": role, "PrincipalArn": provider, "SAMLAssertion": assertion}


def test_the_story_as_people_paste_it(demo, idp, account, provider, role, tmp_path):
    (tmp_path / "assertion").write_text(idp.assertion(role, provider))
    script = f"""
        cd {tmp_path}
        aws sts assume-role-with-saml --role-arn {role} --principal-arn {provider} --saml-assertion file://assertion
    """
    answer = shell(script, demo.environment())
    assert answer.returncode == 0, answer.stderr
    result = json.loads(answer.stdout)
    assert result["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{account.id}:assumed-role/Analyst/ann@example.com"
    assert (result["Subject"], result["SubjectType"]) == ("ann", "persistent")
    assert (result["Issuer"], result["Audience"]) == (ENTITY, RECIPIENT)
    assert len(result["NameQualifier"]) == 28
    who = shell("aws sts get-caller-identity", demo.environment(Keys.of(result["Credentials"])))
    assert json.loads(who.stdout)["Arn"] == result["AssumedRoleUser"]["Arn"]


@pytest.mark.parametrize("key", [("rsa:3072",), ("ec", "-pkeyopt", "ec_paramgen_curve:P-384")], ids=["rsa-3072", "p-384"])
def test_other_keys_verify_too(iam, sts, key, tmp_path):
    idp = SamlIdp(tmp_path, key, f"{ENTITY}/{key[0]}")
    name = key[0].replace(":", "-")
    provider = iam.create_saml_provider(Name=name, SAMLMetadataDocument=idp.metadata())["SAMLProviderArn"]
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting(provider))["Role"]["Arn"]
    answer = sts.assume_role_with_saml(**call(role, provider, idp.assertion(role, provider)))
    assert answer["Issuer"] == idp.entity


def test_tags_and_source_identity_travel(demo, iam, idp, sts, provider, role):
    statement = {"StringEquals": {"aws:PrincipalTag/Team": "core", "aws:SourceIdentity": "ann", "saml:sub": "ann"}}
    trust = {"Effect": "Allow", "Principal": {"AWS": role}, "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]}
    document = json.dumps({"Version": "2012-10-17", "Statement": [{**trust, "Condition": statement}]})
    following = iam.create_role(RoleName="Next", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    said = {"Tag_Team": "core", "TransitiveTagKeys": ["Team"], "SourceIdentity": "ann"}
    first = sts.assume_role_with_saml(**call(role, provider, idp.assertion(role, provider, **said)))
    assert first["SourceIdentity"] == "ann" and first["PackedPolicySize"] > 0
    second = demo.boto3(Keys.of(first["Credentials"])).assume_role(RoleArn=following, RoleSessionName="next")
    assert second["SourceIdentity"] == "ann"


@pytest.mark.parametrize("said, asked, seconds", [("900", None, 900), ("7200", None, 3600), (None, 7200, 7200)])
def test_the_session_lasts_as_it_should(idp, sts, provider, role, said, asked, seconds):
    more = {"SessionDuration": said} if said else {}
    duration = {"DurationSeconds": asked} if asked else {}
    before = datetime.datetime.now(datetime.timezone.utc)
    answer = sts.assume_role_with_saml(**call(role, provider, idp.assertion(role, provider, **more)), **duration)
    lasts = (answer["Credentials"]["Expiration"] - before).total_seconds()
    assert seconds - 5 <= lasts <= seconds + 5


@pytest.mark.parametrize("content", ["http://www.w3.org/2009/xmlenc11#aes128-gcm", "http://www.w3.org/2009/xmlenc11#aes256-gcm"])
def test_an_encrypted_assertion_is_opened_with_the_key_that_was_added(iam, idp, sts, content, tmp_path):
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    program("openssl", "genrsa", "-out", private, "2048")
    program("openssl", "rsa", "-in", private, "-pubout", "-out", public)
    name = f"Sealed-{content[-10:-4]}"
    made = {"Name": name, "SAMLMetadataDocument": idp.metadata()}
    provider = iam.create_saml_provider(**made, AssertionEncryptionMode="Required", AddPrivateKey=private.read_text())["SAMLProviderArn"]
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting(provider))["Role"]["Arn"]
    signed = idp.sign(idp.unsigned(role, provider))
    answer = sts.assume_role_with_saml(**call(role, provider, encoded(idp.encrypt(signed, public, content))))
    assert answer["Subject"] == "ann"
    status, code, message = refusal(sts.assume_role_with_saml, **call(role, provider, encoded(signed)))
    assert (status, code) == (400, "InvalidIdentityToken") and message.startswith("Invalid base64 SAMLResponse (Service: ")


def test_refusals_are_those_of_aws(demo, idp, sts, provider, role, tmp_path):
    def refused(assertion: str, role=role, provider=provider):
        return refusal(sts.assume_role_with_saml, **call(role, provider, assertion))

    good = idp.unsigned(role, provider)
    signed = idp.sign(good)
    assert refused(encoded(signed.replace(">ann<", ">bob<"))) == (400, "InvalidIdentityToken", "Response signature invalid")
    status, code, message = refused(encoded(strip_signature(good)))
    assert (status, code) == (400, "InvalidIdentityToken")
    assert message.startswith("Response (with optional signature) must contain an assertion with a mandatory signature (Service: ")
    old = idp.assertion(role, provider, seconds_old=301)
    assert refused(old) == (400, "ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance")
    other = idp.assertion(role + "x", provider)
    expected = "SAML Assertion doesn't contain the requested Role and Metadata in the attributes"
    assert refused(other) == (400, "InvalidIdentityToken", expected)
    assert refused(encoded(signed), provider=provider + "x") == (400, "InvalidIdentityToken", "Specified provider doesn't exist")
    status, code, message = refused("!!!!")
    assert (status, code) == (400, "InvalidIdentityToken") and message.startswith("Invalid base64 SAMLResponse")
    stranger = SamlIdp(tmp_path)
    assert refused(stranger.assertion(role, provider)) == (400, "InvalidIdentityToken", "Response signature invalid")


def test_a_trust_policy_that_does_not_admit_says_so_in_awss_words(iam, idp, sts, provider):
    trust = trusting(provider, StringEquals={"saml:sub": "bob"})
    role = iam.create_role(RoleName="Bobs", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    answer = refusal(sts.assume_role_with_saml, **call(role, provider, idp.assertion(role, provider)))
    assert answer == (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML")


def strip_signature(response: str) -> str:
    before, rest = response.split("<ds:Signature ", 1)
    return before + rest.split("</ds:Signature>", 1)[1]
