"""OIDC and SAML providers, as boto3 sees them (sts.md, 13)."""

import base64
import datetime

import pytest

from harness import DEV, refusal, trust
from issuer import Issuer

THUMBPRINT = "990F4193972F2BECF12DDEDA5237F9C952F20D9E"
NOW = datetime.datetime.now(datetime.timezone.utc)


def test_an_oidc_provider_is_made_read_changed_and_deleted(iam, account):
    made = iam.create_open_id_connect_provider(
        Url="https://idp.example/tenant/",
        ClientIDList=["b", "a", "b"],
        ThumbprintList=[THUMBPRINT],
        Tags=[{"Key": "key", "Value": "1"}, {"Key": "Key", "Value": "2"}],
    )
    arn = made["OpenIDConnectProviderArn"]
    assert arn == f"arn:aws:iam::{account.id}:oidc-provider/idp.example/tenant/"
    # Case is part of a key here, where it is not for users and roles.
    assert {tag["Key"]: tag["Value"] for tag in made["Tags"]} == {"key": "1", "Key": "2"}
    read = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert read["Url"] == "idp.example/tenant/"
    assert read["ClientIDList"] == ["b", "a"]
    assert read["ThumbprintList"] == [THUMBPRINT.lower()]
    assert abs(read["CreateDate"] - NOW) < datetime.timedelta(minutes=10)
    assert {"Arn": arn} in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]

    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="c")
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="c")
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="a")
    iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="never")
    iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=["a" * 40, "b" * 40])
    read = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert read["ClientIDList"] == ["b", "c"] and read["ThumbprintList"] == ["a" * 40, "b" * 40]

    iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=arn, TagKeys=["key"])
    iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=arn, Tags=[{"Key": "new", "Value": ""}])
    tags = iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=arn)["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"Key": "2", "new": ""}

    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    with pytest.raises(iam.exceptions.NoSuchEntityException) as refused:
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert refused.value.response["Error"]["Message"] == f"OpenIDConnect Provider not found for arn {arn}"


def test_an_oidc_provider_that_is_not_there(iam, account):
    arn = f"arn:aws:iam::{account.id}:oidc-provider/nobody.example"
    assert refusal(iam.get_open_id_connect_provider, OpenIDConnectProviderArn=arn)[:2] == (404, "NoSuchEntity")
    assert refusal(iam.delete_open_id_connect_provider, OpenIDConnectProviderArn=arn) == (
        404,
        "NoSuchEntity",
        f"OpenId connect Provider {arn} cannot be found.",
    )


def test_an_oidc_provider_s_url_is_taken_once(iam):
    iam.create_open_id_connect_provider(Url="https://once.example")
    assert refusal(iam.create_open_id_connect_provider, Url="https://once.example") == (
        409,
        "EntityAlreadyExists",
        "Provider with url https://once.example already exists.",
    )
    # The port that https has anyway is no other place.
    assert refusal(iam.create_open_id_connect_provider, Url="https://once.example:443")[:2] == (409, "EntityAlreadyExists")


def test_an_oidc_provider_needs_no_thumbprint_to_begin_and_has_five_at_most(iam):
    arn = iam.create_open_id_connect_provider(Url="https://bare.example")["OpenIDConnectProviderArn"]
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ThumbprintList"] == []
    update = iam.update_open_id_connect_provider_thumbprint
    update(OpenIDConnectProviderArn=arn, ThumbprintList=["a" * 40] * 5)
    assert refusal(update, OpenIDConnectProviderArn=arn, ThumbprintList=["a" * 40] * 6) == (
        400,
        "InvalidInput",
        "Thumbprint list must contain fewer than 5 entries.",
    )
    assert refusal(update, OpenIDConnectProviderArn=arn, ThumbprintList=[]) == (
        400,
        "InvalidInput",
        "Thumbprint list must contain at least one entry.",
    )


def test_an_oidc_provider_has_a_hundred_client_ids_at_most(iam):
    arn = iam.create_open_id_connect_provider(Url="https://many.example", ClientIDList=[f"c{n}" for n in range(100)])
    add = iam.add_client_id_to_open_id_connect_provider
    assert refusal(add, OpenIDConnectProviderArn=arn["OpenIDConnectProviderArn"], ClientID="one-more") == (
        409,
        "LimitExceeded",
        "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100",
    )


@pytest.mark.parametrize("url", ["ftp://idp.example", "idp.example"])
def test_an_url_of_another_scheme_is_none(iam, url):
    assert refusal(iam.create_open_id_connect_provider, Url=url) == (400, "ValidationError", "Invalid Open ID Connect Provider URL")


@pytest.mark.parametrize("url", ["https://idp.example/?a=b", "https://idp.example/#a"])
def test_an_url_with_query_or_fragment_is_refused(iam, url):
    assert refusal(iam.create_open_id_connect_provider, Url=url) == (400, "InvalidInput", "Unknown")


def test_what_the_configuration_made_is_changed_only_there(broker, broker_root):
    iam = broker.iam(broker_root)
    arn = f"arn:aws:iam::{DEV}:oidc-provider/{broker.issuer.host}"
    assert broker.url in iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"]
    for call, name in [(iam.delete_open_id_connect_provider, {"OpenIDConnectProviderArn": arn}), (iam.delete_role, {"RoleName": "Pipeline"})]:
        with pytest.raises(iam.exceptions.UnmodifiableEntityException):
            call(**name)


def test_a_role_of_a_provider_that_iam_was_told_of_is_taken_with_its_token(broker, broker_root):
    iam, sts = broker.iam(broker_root), broker.boto3()
    issuer = Issuer(broker.folder)
    provider = iam.create_open_id_connect_provider(Url=issuer.url, ClientIDList=["sts.example"])["OpenIDConnectProviderArn"]
    condition = {"StringEquals": {f"{issuer.host}:aud": "sts.example"}, "StringLike": {f"{issuer.host}:sub": "job:acme/app:*"}}
    document = trust({"Federated": provider}, "sts:AssumeRoleWithWebIdentity", **condition)
    role = iam.create_role(RoleName="Jobs", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    call = {"RoleArn": role, "RoleSessionName": "job"}

    answer = sts.assume_role_with_web_identity(WebIdentityToken=issuer.token("sts.example"), **call)
    assert answer["Provider"] == provider and answer["Audience"] == "sts.example"
    assert answer["SubjectFromWebIdentityToken"] == "job:acme/app:main"

    def refused(**claims):
        return refusal(sts.assume_role_with_web_identity, WebIdentityToken=issuer.token(**{"audience": "sts.example", **claims}), **call)

    assert refused(sub="job:other/app:main") == (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    assert refused(audience="more.example") == (400, "InvalidIdentityToken", "Incorrect token audience")
    # A client id more, and the audience is known; the role still wants the first.
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=provider, ClientID="more.example")
    assert refused(audience="more.example") == (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    # Without the provider its tokens are nobody's, from the next call on.
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    assert refused() == (400, "InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {issuer.url}")
    issuer.stop()


@pytest.fixture(scope="module")
def metadata(tmp_path_factory) -> str:
    """What an identity provider publishes, with a certificate made for the occasion."""
    return saml_metadata(tmp_path_factory.mktemp("saml"))


def test_a_saml_provider_is_made_read_changed_and_deleted(iam, account, metadata):
    made = iam.create_saml_provider(Name="Contoso", SAMLMetadataDocument=metadata, Tags=[{"Key": "a", "Value": "1"}])
    arn = made["SAMLProviderArn"]
    assert arn == f"arn:aws:iam::{account.id}:saml-provider/Contoso" and made["Tags"] == [{"Key": "a", "Value": "1"}]
    read = iam.get_saml_provider(SAMLProviderArn=arn)
    assert read["SAMLMetadataDocument"] == metadata
    assert read["SAMLProviderUUID"].startswith("SAMLSP") and len(read["SAMLProviderUUID"]) == 22
    assert read["ValidUntil"].year == read["CreateDate"].year + 100
    assert read["AssertionEncryptionMode"] == "Allowed" and read["Tags"] == made["Tags"]
    assert arn in [one["Arn"] for one in iam.list_saml_providers()["SAMLProviderList"]]

    other = metadata.replace("contoso.example", "other.example")
    assert iam.update_saml_provider(SAMLProviderArn=arn, SAMLMetadataDocument=other)["SAMLProviderArn"] == arn
    assert iam.get_saml_provider(SAMLProviderArn=arn)["SAMLMetadataDocument"] == other
    assert refusal(iam.update_saml_provider, SAMLProviderArn=arn) == (
        400,
        "ValidationError",
        "Unable to update identity provider. No updates are defined for metadata or encryption assertion.",
    )
    assert refusal(iam.update_saml_provider, SAMLProviderArn=arn, AssertionEncryptionMode="Required") == (
        400,
        "InvalidInput",
        "Failed to set assertion encryption mode to Required because no private key is present.",
    )

    iam.tag_saml_provider(SAMLProviderArn=arn, Tags=[{"Key": "A", "Value": "2"}])
    iam.untag_saml_provider(SAMLProviderArn=arn, TagKeys=["a"])
    assert iam.list_saml_provider_tags(SAMLProviderArn=arn)["Tags"] == [{"Key": "A", "Value": "2"}]

    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_saml_provider(Name="Contoso", SAMLMetadataDocument=metadata)
    iam.delete_saml_provider(SAMLProviderArn=arn)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_saml_provider(SAMLProviderArn=arn)


def test_a_saml_provider_s_private_keys(iam, metadata, tmp_path):
    arn = iam.create_saml_provider(Name="Sealed", SAMLMetadataDocument=metadata, AddPrivateKey=private_key(tmp_path))["SAMLProviderArn"]
    update = iam.update_saml_provider
    keys = iam.get_saml_provider(SAMLProviderArn=arn)["PrivateKeyList"]
    assert len(keys) == 1 and keys[0]["KeyId"].startswith("SAMLPK") and keys[0]["Timestamp"]
    update(SAMLProviderArn=arn, AssertionEncryptionMode="Required")
    assert refusal(update, SAMLProviderArn=arn, RemovePrivateKey=keys[0]["KeyId"]) == (
        400,
        "InvalidInput",
        "Failed to remove private key.",
    )
    update(SAMLProviderArn=arn, AddPrivateKey=private_key(tmp_path))
    assert refusal(update, SAMLProviderArn=arn, AddPrivateKey=private_key(tmp_path)) == (
        409,
        "LimitExceeded",
        "Private key limit of 2 is reached.",
    )
    assert refusal(update, SAMLProviderArn=arn, AddPrivateKey=private_key(tmp_path), RemovePrivateKey=keys[0]["KeyId"]) == (
        400,
        "ValidationError",
        "Unable to add and remove private keys in the same request. Set a value for only one of the two parameters.",
    )
    update(SAMLProviderArn=arn, RemovePrivateKey=keys[0]["KeyId"])
    assert len(iam.get_saml_provider(SAMLProviderArn=arn)["PrivateKeyList"]) == 1


def private_key(folder) -> str:
    from harness import clean_environment, run

    answer = run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], clean_environment())
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def saml_metadata(folder) -> str:
    from harness import clean_environment, run

    certificate = folder / "certificate.der"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=contoso"]
    answer = run([*command, "-keyout", str(folder / "key.pem"), "-outform", "DER", "-out", str(certificate)], clean_environment())
    assert answer.returncode == 0, answer.stderr
    text = base64.b64encode(certificate.read_bytes()).decode()
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://contoso.example/saml">
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{text}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://contoso.example/saml/sso"/>
  </IDPSSODescriptor>
</EntityDescriptor>
"""
