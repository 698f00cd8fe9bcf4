"""What belongs to the account as a whole, as boto3 sees it (sts.md, 13)."""

import pytest

from harness import allow, policy, refusal, trust


def test_an_alias_is_made_listed_and_deleted(iam):
    assert iam.list_account_aliases()["AccountAliases"] == []
    iam.create_account_alias(AccountAlias="acme-clients")
    assert iam.list_account_aliases()["AccountAliases"] == ["acme-clients"]
    iam.delete_account_alias(AccountAlias="acme-clients")
    assert iam.list_account_aliases()["AccountAliases"] == []
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.delete_account_alias(AccountAlias="acme-clients")


def test_an_alias_of_another_account_is_taken(demo, iam):
    other = demo.iam(demo.account().root)
    other.create_account_alias(AccountAlias="acme-taken")
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_account_alias(AccountAlias="acme-taken")


def test_the_summary_counts(iam, account):
    def count() -> dict:
        return iam.get_account_summary()["SummaryMap"]

    before = count()
    iam.create_user(UserName="counted")
    iam.create_group(GroupName="counted")
    iam.create_role(RoleName="counted", AssumeRolePolicyDocument=trust({"AWS": account.id}))
    iam.create_policy(PolicyName="counted", PolicyDocument=policy(allow("s3:*")))
    after = count()
    for noun in ("Users", "Groups", "Roles", "Policies"):
        assert after[noun] == before[noun] + 1, noun
    assert after["UsersQuota"] == 5000 and after["AccessKeysPerUserQuota"] == 2


def test_the_version_of_tokens_is_the_account_s_choice(iam):
    iam.set_security_token_service_preferences(GlobalEndpointTokenVersion="v2Token")
    assert iam.get_account_summary()["SummaryMap"]["GlobalEndpointTokenVersion"] == 2


@pytest.fixture(scope="module")
def simulated(iam):
    iam.create_user(UserName="simulated")
    statements = [allow("s3:Get*", "arn:aws:s3:::b/*"), {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b/secret"}]
    iam.put_user_policy(UserName="simulated", PolicyName="p", PolicyDocument=policy(*statements))
    return iam.get_user(UserName="simulated")["User"]["Arn"]


@pytest.mark.parametrize(
    ("action", "resource", "decision"),
    [
        ("s3:GetObject", "arn:aws:s3:::b/open", "allowed"),
        ("s3:GetObject", "arn:aws:s3:::b/secret", "explicitDeny"),
        ("s3:PutObject", "arn:aws:s3:::b/open", "implicitDeny"),
    ],
)
def test_a_simulation_decides_as_the_real_thing_would(iam, simulated, action, resource, decision):
    answer = iam.simulate_principal_policy(PolicySourceArn=simulated, ActionNames=[action], ResourceArns=[resource])
    result = answer["EvaluationResults"][0]
    assert (result["EvalActionName"], result["EvalResourceName"], result["EvalDecision"]) == (action, resource, decision)


def test_a_policy_is_simulated_before_anybody_has_it(iam):
    answer = iam.simulate_custom_policy(
        PolicyInputList=[policy(allow("s3:GetObject", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}))],
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ContextEntries=[{"ContextKeyName": "aws:MultiFactorAuthPresent", "ContextKeyValues": ["true"], "ContextKeyType": "boolean"}],
    )
    assert [one["EvalDecision"] for one in answer["EvaluationResults"]] == ["allowed", "implicitDeny"]


def test_an_operation_nobody_knows_is_invalid(demo, account):
    answer = demo.signed(account.root, "MakeTea", service="iam")
    assert answer.error() == (400, "InvalidAction", "Could not find operation MakeTea for version 2010-05-08")


def test_the_answer_is_the_xml_that_aws_sends_byte_for_byte(demo, account, iam):
    iam.create_user(UserName="bytes", Path="/b/")
    answer = demo.signed(account.root, "GetUser", service="iam", UserName="bytes")
    user = iam.get_user(UserName="bytes")["User"]
    assert answer.text == (
        '<GetUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">\n'
        "  <GetUserResult>\n"
        "    <User>\n"
        "      <Path>/b/</Path>\n"
        "      <UserName>bytes</UserName>\n"
        f"      <UserId>{user['UserId']}</UserId>\n"
        f"      <Arn>arn:aws:iam::{account.id}:user/b/bytes</Arn>\n"
        f"      <CreateDate>{user['CreateDate'].strftime('%Y-%m-%dT%H:%M:%SZ')}</CreateDate>\n"
        "    </User>\n"
        "  </GetUserResult>\n"
        "  <ResponseMetadata>\n"
        f"    <RequestId>{answer.headers['x-amzn-requestid']}</RequestId>\n"
        "  </ResponseMetadata>\n"
        "</GetUserResponse>\n"
    )


def test_an_operation_without_a_result_answers_with_an_id_alone(demo, account, iam):
    iam.create_user(UserName="quiet")
    answer = demo.signed(account.root, "DeleteUser", service="iam", UserName="quiet")
    assert answer.text == (
        '<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">\n'
        "  <ResponseMetadata>\n"
        f"    <RequestId>{answer.headers['x-amzn-requestid']}</RequestId>\n"
        "  </ResponseMetadata>\n"
        "</DeleteUserResponse>\n"
    )


def test_every_operation_may_be_asked_by_get(demo, account, iam):
    iam.create_user(UserName="got")
    url = demo.boto3(account.root, "iam").generate_presigned_url("get_user", Params={"UserName": "got"}, ExpiresIn=60, HttpMethod="GET")
    answer = demo.http("GET", url.removeprefix(demo.url))
    assert answer.status == 200 and "<UserName>got</UserName>" in answer.text
