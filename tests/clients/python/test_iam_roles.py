"""Roles and instance profiles, as boto3 sees them (sts.md, 13)."""

import datetime
import json

import pytest

from harness import Keys, allow, policy, refusal, trust

TAGS = [{"Key": "Team", "Value": "eng"}]


@pytest.fixture(scope="module")
def own(account) -> str:
    """A trust policy for the account itself."""
    return trust({"AWS": f"arn:aws:iam::{account.id}:root"})


def test_a_role_is_made_read_changed_and_deleted(iam, account, own):
    made = iam.create_role(
        RoleName="Reader", Path="/apps/", AssumeRolePolicyDocument=own, Description="Reads", MaxSessionDuration=7200, Tags=TAGS
    )["Role"]
    assert made["Arn"] == f"arn:aws:iam::{account.id}:role/apps/Reader"
    assert made["RoleId"].startswith("AROA") and len(made["RoleId"]) == 21
    assert made["AssumeRolePolicyDocument"] == json.loads(own)
    assert made["Tags"] == TAGS
    # CreateRole tells neither; GetRole does.
    assert "Description" not in made and "MaxSessionDuration" not in made
    read = iam.get_role(RoleName="Reader")["Role"]
    assert (read["Description"], read["MaxSessionDuration"], read["RoleLastUsed"]) == ("Reads", 7200, {})
    assert {**made, "Description": "Reads", "MaxSessionDuration": 7200, "RoleLastUsed": {}} == read

    listed = [role for role in iam.list_roles(PathPrefix="/apps/")["Roles"] if role["RoleName"] == "Reader"]
    assert len(listed) == 1
    assert not {"Tags", "PermissionsBoundary", "RoleLastUsed"} & set(listed[0])
    assert (listed[0]["Description"], listed[0]["MaxSessionDuration"]) == ("Reads", 7200)

    iam.update_role(RoleName="Reader", MaxSessionDuration=14400)
    read = iam.get_role(RoleName="Reader")["Role"]
    assert read["MaxSessionDuration"] == 14400
    iam.update_role(RoleName="Reader", Description="Reads more")
    assert iam.update_role_description(RoleName="Reader", Description="Reads it all")["Role"]["Description"] == "Reads it all"
    assert iam.get_role(RoleName="Reader")["Role"]["Description"] == "Reads it all"

    iam.delete_role(RoleName="Reader")
    gone = (404, "NoSuchEntity", "The role with name Reader cannot be found.")
    assert refusal(iam.get_role, RoleName="Reader") == gone
    assert refusal(iam.delete_role, RoleName="Reader") == gone


def test_defaults_are_an_hour_and_no_path(iam, own):
    iam.create_role(RoleName="Plain", AssumeRolePolicyDocument=own)
    role = iam.get_role(RoleName="Plain")["Role"]
    assert role["Path"] == "/" and role["MaxSessionDuration"] == 3600
    assert "Tags" not in role and "PermissionsBoundary" not in role


def test_the_trust_policy_comes_back_as_written(demo, iam, account):
    text = '{ "Version":"2012-10-17",\n\t"Statement": {"Effect":"Allow","Principal":{"AWS":"%s"},"Action":["sts:AssumeRole"]} }' % account.id
    iam.create_role(RoleName="Verbatim", AssumeRolePolicyDocument=text)
    assert demo.as_written(account.root, "get_role", RoleName="Verbatim")["Role"]["AssumeRolePolicyDocument"] == text
    other = trust({"AWS": account.id}, Bool={"aws:MultiFactorAuthPresent": "true"})
    iam.update_assume_role_policy(RoleName="Verbatim", PolicyDocument=other)
    assert demo.as_written(account.root, "get_role", RoleName="Verbatim")["Role"]["AssumeRolePolicyDocument"] == other


def test_names_are_unique_whatever_their_case(iam, own):
    iam.create_role(RoleName="Twin", AssumeRolePolicyDocument=own)
    assert refusal(iam.create_role, RoleName="tWIN", AssumeRolePolicyDocument=own) == (
        409,
        "EntityAlreadyExists",
        "Role with name tWIN already exists.",
    )


def test_tags_are_added_listed_and_taken_away(iam, own):
    iam.create_role(RoleName="Tagged", AssumeRolePolicyDocument=own)
    assert iam.list_role_tags(RoleName="Tagged")["Tags"] == []
    iam.tag_role(RoleName="Tagged", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
    iam.tag_role(RoleName="Tagged", Tags=[{"Key": "A", "Value": "2"}])
    tags = {tag["Key"].lower(): tag["Value"] for tag in iam.list_role_tags(RoleName="Tagged")["Tags"]}
    assert tags == {"a": "2", "b": ""}
    iam.untag_role(RoleName="Tagged", TagKeys=["a"])
    assert iam.list_role_tags(RoleName="Tagged")["Tags"] == [{"Key": "b", "Value": ""}]


def test_a_boundary_is_set_and_taken_away(iam, own):
    arn = iam.create_policy(PolicyName="role-fence", PolicyDocument=policy(allow("s3:*")))["Policy"]["Arn"]
    fence = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    assert iam.create_role(RoleName="Fenced", AssumeRolePolicyDocument=own, PermissionsBoundary=arn)["Role"]["PermissionsBoundary"] == fence
    iam.delete_role_permissions_boundary(RoleName="Fenced")
    assert "PermissionsBoundary" not in iam.get_role(RoleName="Fenced")["Role"]
    iam.put_role_permissions_boundary(RoleName="Fenced", PermissionsBoundary=arn)
    assert iam.get_role(RoleName="Fenced")["Role"]["PermissionsBoundary"] == fence
    assert iam.get_policy(PolicyArn=arn)["Policy"]["PermissionsBoundaryUsageCount"] == 1


def test_a_role_is_not_deleted_before_what_belongs_to_it(iam, own):
    iam.create_role(RoleName="Full", AssumeRolePolicyDocument=own)
    iam.put_role_policy(RoleName="Full", PolicyName="inline", PolicyDocument=policy(allow("s3:*")))
    managed = iam.create_policy(PolicyName="full-role", PolicyDocument=policy(allow("s3:*")))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="Full", PolicyArn=managed)
    iam.create_instance_profile(InstanceProfileName="Full")
    iam.add_role_to_instance_profile(InstanceProfileName="Full", RoleName="Full")
    steps = {
        "Cannot delete entity, must detach all policies first.": lambda: iam.detach_role_policy(RoleName="Full", PolicyArn=managed),
        "Cannot delete entity, must delete policies first.": lambda: iam.delete_role_policy(RoleName="Full", PolicyName="inline"),
        "Cannot delete entity, must remove roles from instance profile first.": lambda: iam.remove_role_from_instance_profile(
            InstanceProfileName="Full", RoleName="Full"
        ),
    }
    while steps:
        with pytest.raises(iam.exceptions.DeleteConflictException) as refused:
            iam.delete_role(RoleName="Full")
        steps.pop(refused.value.response["Error"]["Message"])()
    iam.delete_role(RoleName="Full")


def test_an_instance_profile_is_made_filled_and_deleted(iam, account, own):
    made = iam.create_instance_profile(InstanceProfileName="Machine", Path="/m/", Tags=TAGS)["InstanceProfile"]
    assert made["Arn"] == f"arn:aws:iam::{account.id}:instance-profile/m/Machine"
    assert made["InstanceProfileId"].startswith("AIPA") and made["Roles"] == [] and made["Tags"] == TAGS
    iam.create_role(RoleName="Machine", AssumeRolePolicyDocument=own)
    iam.add_role_to_instance_profile(InstanceProfileName="Machine", RoleName="Machine")
    assert refusal(iam.add_role_to_instance_profile, InstanceProfileName="Machine", RoleName="Machine")[:2] == (409, "LimitExceeded")

    read = iam.get_instance_profile(InstanceProfileName="Machine")["InstanceProfile"]
    assert [role["RoleName"] for role in read["Roles"]] == ["Machine"]
    assert read["Roles"][0]["AssumeRolePolicyDocument"] == json.loads(own)
    mine = iam.list_instance_profiles_for_role(RoleName="Machine")["InstanceProfiles"]
    assert [profile["InstanceProfileName"] for profile in mine] == ["Machine"]
    assert refusal(iam.delete_instance_profile, InstanceProfileName="Machine")[:2] == (409, "DeleteConflict")

    iam.tag_instance_profile(InstanceProfileName="Machine", Tags=[{"Key": "b", "Value": "2"}])
    iam.untag_instance_profile(InstanceProfileName="Machine", TagKeys=["Team"])
    assert iam.list_instance_profile_tags(InstanceProfileName="Machine")["Tags"] == [{"Key": "b", "Value": "2"}]
    iam.get_waiter("instance_profile_exists").wait(InstanceProfileName="Machine", WaiterConfig={"Delay": 0, "MaxAttempts": 1})

    iam.remove_role_from_instance_profile(InstanceProfileName="Machine", RoleName="Machine")
    iam.delete_instance_profile(InstanceProfileName="Machine")
    assert refusal(iam.get_instance_profile, InstanceProfileName="Machine") == (
        404,
        "NoSuchEntity",
        "Instance Profile Machine cannot be found.",
    )


def test_a_role_without_a_profile_has_an_empty_list(iam, own):
    # What Terraform asks before it deletes a role.
    iam.create_role(RoleName="Alone", AssumeRolePolicyDocument=own)
    answer = iam.list_instance_profiles_for_role(RoleName="Alone")
    assert answer["InstanceProfiles"] == [] and answer["IsTruncated"] is False


def test_a_role_that_is_made_can_be_taken_at_once(demo, iam, account):
    iam.create_user(UserName="taker")
    taker = Keys.of(iam.create_access_key(UserName="taker")["AccessKey"])
    iam.create_role(RoleName="Taken", AssumeRolePolicyDocument=trust({"AWS": f"arn:aws:iam::{account.id}:user/taker"}))
    sts = demo.boto3(taker)
    role = {"RoleArn": f"arn:aws:iam::{account.id}:role/Taken", "RoleSessionName": "now"}
    session = sts.assume_role(**role)
    assert session["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{account.id}:assumed-role/Taken/now"

    # And with the trust the right goes, at once.
    iam.create_user(UserName="other")
    iam.update_assume_role_policy(RoleName="Taken", PolicyDocument=trust({"AWS": f"arn:aws:iam::{account.id}:user/other"}))
    assert refusal(sts.assume_role, **role) == (
        403,
        "AccessDenied",
        f"User: arn:aws:iam::{account.id}:user/taker is not authorized to perform: sts:AssumeRole on resource: {role['RoleArn']}",
    )


def test_a_trust_policy_follows_the_user_and_not_the_name(iam, account):
    user = iam.create_user(UserName="gone")["User"]
    iam.create_role(RoleName="Orphan", AssumeRolePolicyDocument=trust({"AWS": user["Arn"]}))
    iam.delete_user(UserName="gone")
    iam.create_user(UserName="gone")
    shown = iam.get_role(RoleName="Orphan")["Role"]["AssumeRolePolicyDocument"]["Statement"]
    shown = shown[0] if isinstance(shown, list) else shown
    assert shown["Principal"]["AWS"] == user["UserId"]


def test_the_last_use_of_a_role_is_told(demo, iam, account):
    iam.create_user(UserName="user-of-roles")
    key = Keys.of(iam.create_access_key(UserName="user-of-roles")["AccessKey"])
    iam.create_role(RoleName="Used", AssumeRolePolicyDocument=trust({"AWS": f"arn:aws:iam::{account.id}:user/user-of-roles"}))
    demo.boto3(key).assume_role(RoleArn=f"arn:aws:iam::{account.id}:role/Used", RoleSessionName="s1")
    last = iam.get_role(RoleName="Used")["Role"]["RoleLastUsed"]
    assert not last or isinstance(last["LastUsedDate"], datetime.datetime)


def test_the_waiter_ends_when_the_role_is_there(iam, own):
    iam.create_role(RoleName="Awaited", AssumeRolePolicyDocument=own)
    iam.get_waiter("role_exists").wait(RoleName="Awaited", WaiterConfig={"Delay": 0, "MaxAttempts": 1})


@pytest.mark.parametrize("seconds", [3599, 43201])
def test_a_session_of_less_than_an_hour_or_more_than_twelve_is_refused(demo, account, own, seconds):
    # boto3 itself would not send it.
    answer = demo.signed(
        account.root, "CreateRole", service="iam", RoleName="Long", AssumeRolePolicyDocument=own, MaxSessionDuration=seconds
    )
    status, code, message = answer.error()
    assert (status, code) == (400, "ValidationError")
    assert message.startswith("1 validation error detected: Value at 'maxSessionDuration' failed to satisfy constraint: Member must have value ")
