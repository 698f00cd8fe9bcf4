"""Users, their access keys, tags and passwords, as boto3 sees them (sts.md, 13)."""

import datetime

import pytest

from harness import Keys, allow, policy, refusal

TAGS = [{"Key": "Team", "Value": "eng"}, {"Key": "empty", "Value": ""}]


def test_a_user_is_made_read_renamed_and_deleted(iam, account):
    made = iam.create_user(UserName="ali", Path="/people/", Tags=TAGS)["User"]
    assert made["Arn"] == f"arn:aws:iam::{account.id}:user/people/ali"
    assert made["UserId"].startswith("AIDA") and len(made["UserId"]) == 21
    assert made["Tags"] == TAGS
    assert abs(made["CreateDate"] - datetime.datetime.now(datetime.timezone.utc)) < datetime.timedelta(minutes=1)
    assert iam.get_user(UserName="ali")["User"] == made

    iam.update_user(UserName="ali", NewUserName="ali2", NewPath="/")
    read = iam.get_user(UserName="ali2")["User"]
    assert read["Arn"] == f"arn:aws:iam::{account.id}:user/ali2"
    assert read["UserId"] == made["UserId"]
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_user(UserName="ali")

    iam.delete_user(UserName="ali2")
    assert refusal(iam.get_user, UserName="ali2") == (404, "NoSuchEntity", "The user with name ali2 cannot be found.")
    assert refusal(iam.delete_user, UserName="ali2") == (404, "NoSuchEntity", "The user with name ali2 cannot be found.")


def test_a_user_who_is_named_by_nobody_is_the_caller(demo, iam, account):
    iam.create_user(UserName="self")
    iam.put_user_policy(UserName="self", PolicyName="p", PolicyDocument=policy(allow("iam:GetUser")))
    key = iam.create_access_key(UserName="self")["AccessKey"]
    own = demo.iam(Keys.of(key)).get_user()["User"]
    assert own["UserName"] == "self"
    # The root user has no name; the AWS account is its user.
    root = iam.get_user()["User"]
    assert root["Arn"] == f"arn:aws:iam::{account.id}:root" and root["UserId"] == account.id


def test_names_are_unique_whatever_their_case(iam):
    iam.create_user(UserName="Case")
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException) as refused:
        iam.create_user(UserName="cASE")
    assert refused.value.response["Error"]["Message"] == "User with name cASE already exists."
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert iam.get_user(UserName="CASE")["User"]["UserName"] == "Case"


def test_tags_are_added_listed_and_taken_away(iam):
    iam.create_user(UserName="tagged", Tags=TAGS)
    iam.tag_user(UserName="tagged", Tags=[{"Key": "Team", "Value": "ops"}, {"Key": "More", "Value": "x"}])
    assert values(iam.list_user_tags(UserName="tagged")) == {"Team": "ops", "empty": "", "More": "x"}
    iam.untag_user(UserName="tagged", TagKeys=["More", "empty", "never-there"])
    answer = iam.list_user_tags(UserName="tagged")
    assert values(answer) == {"Team": "ops"} and answer["IsTruncated"] is False


def test_tag_keys_are_compared_without_case(iam):
    twice = [{"Key": "Team", "Value": "a"}, {"Key": "team", "Value": "b"}]
    assert refusal(iam.create_user, UserName="twice", Tags=twice) == (
        400,
        "InvalidInput",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    )
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_user(UserName="twice")


def test_an_access_key_is_made_used_put_away_and_deleted(demo, iam, account):
    iam.create_user(UserName="keys")
    key = iam.create_access_key(UserName="keys")["AccessKey"]
    assert key["Status"] == "Active" and key["AccessKeyId"].startswith("AKIA") and len(key["SecretAccessKey"]) == 40
    assert demo.boto3(Keys.of(key)).get_caller_identity()["Arn"] == f"arn:aws:iam::{account.id}:user/keys"
    assert demo.boto3(Keys.of(key)).get_access_key_info(AccessKeyId=key["AccessKeyId"])["Account"] == account.id

    listed = iam.list_access_keys(UserName="keys")["AccessKeyMetadata"]
    assert [(one["UserName"], one["AccessKeyId"], one["Status"]) for one in listed] == [("keys", key["AccessKeyId"], "Active")]
    assert "SecretAccessKey" not in listed[0]

    iam.update_access_key(UserName="keys", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert refusal(demo.boto3(Keys.of(key)).get_caller_identity) == (
        403,
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
    )
    iam.update_access_key(UserName="keys", AccessKeyId=key["AccessKeyId"], Status="Active")
    demo.boto3(Keys.of(key)).get_caller_identity()

    iam.delete_access_key(UserName="keys", AccessKeyId=key["AccessKeyId"])
    assert refusal(demo.boto3(Keys.of(key)).get_caller_identity)[:2] == (403, "InvalidClientTokenId")
    assert iam.list_access_keys(UserName="keys")["AccessKeyMetadata"] == []


def test_the_last_use_of_a_key_is_told(demo, iam):
    iam.create_user(UserName="last")
    key = iam.create_access_key(UserName="last")["AccessKey"]
    before = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert before["UserName"] == "last"
    assert before["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}


def test_a_user_has_two_keys_and_no_third(iam):
    iam.create_user(UserName="two")
    for _ in range(2):
        iam.create_access_key(UserName="two")
    with pytest.raises(iam.exceptions.LimitExceededException) as refused:
        iam.create_access_key(UserName="two")
    assert refused.value.response["Error"]["Message"] == "Cannot exceed quota for AccessKeysPerUser: 2"


def test_a_key_of_somebody_else_is_not_found(iam):
    iam.create_user(UserName="one")
    iam.create_user(UserName="other")
    id_ = iam.create_access_key(UserName="one")["AccessKey"]["AccessKeyId"]
    expected = (404, "NoSuchEntity", f"The Access Key with id {id_} cannot be found.")
    assert refusal(iam.delete_access_key, UserName="other", AccessKeyId=id_) == expected
    assert refusal(iam.update_access_key, UserName="other", AccessKeyId=id_, Status="Inactive") == expected


def test_a_user_is_not_deleted_before_what_belongs_to_it(iam, account):
    iam.create_user(UserName="full")
    key = iam.create_access_key(UserName="full")["AccessKey"]["AccessKeyId"]
    iam.put_user_policy(UserName="full", PolicyName="inline", PolicyDocument=policy(allow("s3:*")))
    managed = iam.create_policy(PolicyName="full", PolicyDocument=policy(allow("s3:*")))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="full", PolicyArn=managed)
    iam.create_group(GroupName="full")
    iam.add_user_to_group(GroupName="full", UserName="full")
    iam.create_login_profile(UserName="full", Password="correct-Horse-7-battery")

    steps = {
        "Cannot delete entity, must detach all policies first.": lambda: iam.detach_user_policy(UserName="full", PolicyArn=managed),
        "Cannot delete entity, must delete policies first.": lambda: iam.delete_user_policy(UserName="full", PolicyName="inline"),
        "Cannot delete entity, must delete access keys first.": lambda: iam.delete_access_key(UserName="full", AccessKeyId=key),
        "Cannot delete entity, must remove users from group first.": lambda: iam.remove_user_from_group(GroupName="full", UserName="full"),
        "Cannot delete entity, must delete login profile first.": lambda: iam.delete_login_profile(UserName="full"),
    }
    seen = []
    while steps:
        with pytest.raises(iam.exceptions.DeleteConflictException) as refused:
            iam.delete_user(UserName="full")
        message = refused.value.response["Error"]["Message"]
        assert message in steps, f"{message!r}, after {seen}"
        steps.pop(message)()
        seen.append(message)
    iam.delete_user(UserName="full")


def test_a_password_is_made_changed_and_deleted(iam):
    iam.create_user(UserName="login")
    none = (404, "NoSuchEntity", "Login Profile for User login cannot be found.")
    assert refusal(iam.get_login_profile, UserName="login") == none
    made = iam.create_login_profile(UserName="login", Password="correct-Horse-7-battery", PasswordResetRequired=True)["LoginProfile"]
    assert made["UserName"] == "login" and made["PasswordResetRequired"] is True
    assert iam.get_login_profile(UserName="login")["LoginProfile"] == made
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_login_profile(UserName="login", Password="correct-Horse-7-battery")
    iam.update_login_profile(UserName="login", PasswordResetRequired=False)
    assert iam.get_login_profile(UserName="login")["LoginProfile"].get("PasswordResetRequired", False) is False
    iam.delete_login_profile(UserName="login")
    assert refusal(iam.delete_login_profile, UserName="login") == none


def test_the_waiter_ends_when_the_user_is_there(iam):
    iam.create_user(UserName="awaited")
    iam.get_waiter("user_exists").wait(UserName="awaited", WaiterConfig={"Delay": 0, "MaxAttempts": 1})


def test_a_boundary_is_set_and_taken_away(iam, account):
    arn = iam.create_policy(PolicyName="fence", PolicyDocument=policy(allow("s3:*")))["Policy"]["Arn"]
    fence = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    assert iam.create_user(UserName="fenced", PermissionsBoundary=arn)["User"]["PermissionsBoundary"] == fence
    assert iam.get_user(UserName="fenced")["User"]["PermissionsBoundary"] == fence
    iam.delete_user_permissions_boundary(UserName="fenced")
    assert "PermissionsBoundary" not in iam.get_user(UserName="fenced")["User"]
    iam.put_user_permissions_boundary(UserName="fenced", PermissionsBoundary=arn)
    assert iam.get_user(UserName="fenced")["User"]["PermissionsBoundary"] == fence


def test_a_user_without_permission_hears_which_one_it_lacks(demo, iam, account):
    iam.create_user(UserName="nobody")
    nobody = demo.iam(Keys.of(iam.create_access_key(UserName="nobody")["AccessKey"]))
    assert refusal(nobody.create_user, UserName="more", Path="/x/") == (
        403,
        "AccessDenied",
        f"User: arn:aws:iam::{account.id}:user/nobody is not authorized to perform: iam:CreateUser on resource: "
        f"arn:aws:iam::{account.id}:user/x/more because no identity-based policy allows the iam:CreateUser action",
    )


@pytest.mark.parametrize("name", ["a b", "a/b", "é", "a\n"])
def test_a_name_of_other_letters_is_refused(iam, name):
    status, code, message = refusal(iam.create_user, UserName=name)
    assert (status, code) == (400, "ValidationError")
    # IAM does not repeat the value.
    assert message.startswith("1 validation error detected: Value at 'userName' failed to satisfy constraint: ")


def values(answer) -> dict:
    return {tag["Key"]: tag["Value"] for tag in answer["Tags"]}
