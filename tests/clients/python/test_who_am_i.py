"""GetCallerIdentity in every way clients ask it (sts.md, 5.8; stories.md, 9)."""

import json
import time

import pytest

from harness import DEV, STS_VERSION, Keys

DEPLOY_SESSION = f"arn:aws:sts::{DEV}:assumed-role/Deploy/pipeline"


def test_boto3_with_a_root_key_is_told_the_account(demo, root):
    answer = demo.boto3(root).get_caller_identity()
    assert answer["Account"] == DEV
    assert answer["UserId"] == DEV
    assert answer["Arn"] == f"arn:aws:iam::{DEV}:root"


def test_boto3_with_a_web_identity_session_is_told_the_assumed_role(demo, deploy):
    answer = demo.boto3(deploy).get_caller_identity()
    assert answer["Account"] == DEV
    assert answer["Arn"] == DEPLOY_SESSION
    role_id, session = answer["UserId"].split(":")
    assert role_id.startswith("AROA") and len(role_id) == 21
    assert session == "pipeline"


def test_the_aws_cli_with_a_root_key_is_told_the_account(demo, root):
    answer = demo.aws("sts", "get-caller-identity", keys=root)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["Arn"] == f"arn:aws:iam::{DEV}:root"


def test_the_aws_cli_with_a_web_identity_session_is_told_the_assumed_role(demo, deploy):
    answer = demo.aws("sts", "get-caller-identity", "--query", "Arn", "--output", "text", keys=deploy)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == DEPLOY_SESSION


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "ap-southeast-2"])
def test_any_region_may_be_signed_for(demo, root, region):
    answer = demo.aws("sts", "get-caller-identity", "--region", region, keys=root)
    assert answer.returncode == 0, answer.stderr


def test_a_presigned_get_proves_who_made_it(demo, deploy):
    # The way EKS and Vault carry an identity: the URL is the proof.
    url = demo.boto3(deploy).generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    assert url.startswith(demo.url) and "X-Amz-Signature=" in url
    answer = demo.http("GET", url.removeprefix(demo.url))
    assert answer.status == 200, answer.text
    assert f"<Arn>{DEPLOY_SESSION}</Arn>" in answer.text


def test_a_presigned_get_with_another_parameter_added_is_refused(demo, deploy):
    url = demo.boto3(deploy).generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    answer = demo.http("GET", url.removeprefix(demo.url) + "&Extra=1")
    assert answer.error()[:2] == (403, "SignatureDoesNotMatch")


def test_the_answer_is_the_xml_that_aws_sends_byte_for_byte(demo, root):
    answer = demo.signed(root, "GetCallerIdentity")
    assert answer.status == 200
    request_id = answer.headers["x-amzn-requestid"]
    assert answer.headers["content-type"] == "text/xml"
    assert answer.text == (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n'
        "  <GetCallerIdentityResult>\n"
        f"    <Arn>arn:aws:iam::{DEV}:root</Arn>\n"
        f"    <UserId>{DEV}</UserId>\n"
        f"    <Account>{DEV}</Account>\n"
        "  </GetCallerIdentityResult>\n"
        "  <ResponseMetadata>\n"
        f"    <RequestId>{request_id}</RequestId>\n"
        "  </ResponseMetadata>\n"
        "</GetCallerIdentityResponse>\n"
    )


def test_accept_json_turns_the_answer_into_json(demo, root):
    answer = demo.signed(root, "GetCallerIdentity", spoil=lambda headers: headers.update({"accept": "application/json"}))
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/json")
    result = answer.json()["GetCallerIdentityResponse"]
    assert result["GetCallerIdentityResult"] == {"Account": DEV, "Arn": f"arn:aws:iam::{DEV}:root", "UserId": DEV}
    assert result["ResponseMetadata"]["RequestId"] == answer.headers["x-amzn-requestid"]


def test_the_account_of_a_key_id_is_told_to_whoever_signs(demo, root, deploy):
    client = demo.boto3(root)
    assert client.get_access_key_info(AccessKeyId=root.access_key_id)["Account"] == DEV
    assert client.get_access_key_info(AccessKeyId=deploy.access_key_id)["Account"] == DEV
    # A key of somebody else's, from the reference: the arithmetic needs no table.
    assert client.get_access_key_info(AccessKeyId="ASIAQNZGKIQY56JQ7WML")["Account"] == "029608264753"


def test_the_aws_cli_tells_the_account_of_a_key_id(demo, root):
    answer = demo.aws("sts", "get-access-key-info", "--access-key-id", root.access_key_id, keys=root)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout) == {"Account": DEV}


def test_a_root_key_made_by_the_command_line_works_and_can_be_deleted(broker):
    from harness import DRAWBRIDGE, clean_environment, run

    def root_key(*more):
        config = ["--config", str(broker.folder / "drawbridge.toml"), "--account", DEV]
        answer = run([str(DRAWBRIDGE), "root-key", *config, *more], clean_environment())
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    made = json.loads(root_key("--json"))
    keys = Keys(made["access_key_id"], made["secret_access_key"])
    # The broker that is running hears of it within a second or two.
    wait_until(lambda: broker.signed(keys, "GetCallerIdentity").status == 200)
    assert keys.access_key_id in root_key("--list") and keys.secret_access_key not in root_key("--list")
    root_key("--delete", keys.access_key_id)
    wait_until(lambda: broker.signed(keys, "GetCallerIdentity").status == 403)


def wait_until(holds, seconds=5):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.1)


def test_credentials_are_never_kept_by_a_cache(demo, root):
    answer = demo.signed(root, "GetCallerIdentity")
    assert "no-store" in answer.headers["cache-control"]


def test_parameters_may_come_by_query_string_of_a_signed_post(demo, root):
    # Signed over the query string by botocore, with an empty body.
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials

    query = f"/?Action=GetCallerIdentity&Version={STS_VERSION}"
    call = botocore.awsrequest.AWSRequest("POST", demo.url + query)
    signer = botocore.auth.SigV4Auth(
        botocore.credentials.Credentials(root.access_key_id, root.secret_access_key), "sts", "us-east-1"
    )
    signer.add_auth(call)
    answer = demo.http("POST", query, headers=dict(call.headers.items()))
    assert answer.status == 200, answer.text


def test_a_session_without_its_token_is_nobody(demo, deploy):
    bare = Keys(deploy.access_key_id, deploy.secret_access_key)
    answer = demo.signed(bare, "GetCallerIdentity")
    assert answer.error() == (403, "InvalidClientTokenId", "The security token included in the request is invalid.")
