"""Groups, and the permissions that users have through them, as boto3 sees them (sts.md, 13)."""

import pytest

from harness import Keys, allow, policy, refusal


def test_a_group_is_made_filled_renamed_and_deleted(iam, account):
    made = iam.create_group(GroupName="Devs", Path="/g/")["Group"]
    assert made["Arn"] == f"arn:aws:iam::{account.id}:group/g/Devs"
    assert made["GroupId"].startswith("AGPA") and len(made["GroupId"]) == 21
    read = iam.get_group(GroupName="Devs")
    assert read["Group"] == made and read["Users"] == [] and read["IsTruncated"] is False

    for name in ("zoe", "Ann"):
        iam.create_user(UserName=name)
        iam.add_user_to_group(GroupName="Devs", UserName=name)
    iam.add_user_to_group(GroupName="Devs", UserName="zoe")  # Twice is once.
    assert [user["UserName"] for user in iam.get_group(GroupName="Devs")["Users"]] == ["Ann", "zoe"]
    assert [group["GroupName"] for group in iam.list_groups_for_user(UserName="zoe")["Groups"]] == ["Devs"]

    iam.update_group(GroupName="Devs", NewGroupName="Engineers", NewPath="/")
    assert iam.get_group(GroupName="Engineers")["Group"]["Arn"] == f"arn:aws:iam::{account.id}:group/Engineers"
    assert [group["GroupName"] for group in iam.list_groups_for_user(UserName="Ann")["Groups"]] == ["Engineers"]

    assert refusal(iam.delete_group, GroupName="Engineers")[:2] == (409, "DeleteConflict")
    for name in ("zoe", "Ann"):
        iam.remove_user_from_group(GroupName="Engineers", UserName=name)
    iam.delete_group(GroupName="Engineers")
    gone = (404, "NoSuchEntity", "The group with name Engineers cannot be found.")
    assert refusal(iam.get_group, GroupName="Engineers") == gone
    assert refusal(iam.delete_group, GroupName="Engineers") == gone


def test_names_are_unique_whatever_their_case(iam):
    iam.create_group(GroupName="Twin")
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException) as refused:
        iam.create_group(GroupName="TWIN")
    assert refused.value.response["Error"]["Message"] == "Group with name TWIN already exists."


def test_a_user_may_what_its_group_may(demo, iam, account):
    iam.create_user(UserName="member")
    member = demo.iam(Keys.of(iam.create_access_key(UserName="member")["AccessKey"]))
    iam.create_group(GroupName="Readers")
    iam.put_group_policy(GroupName="Readers", PolicyName="read", PolicyDocument=policy(allow("iam:GetUser")))
    assert refusal(member.get_user)[:2] == (403, "AccessDenied")
    iam.add_user_to_group(GroupName="Readers", UserName="member")
    assert member.get_user()["User"]["UserName"] == "member"
    iam.remove_user_from_group(GroupName="Readers", UserName="member")
    assert refusal(member.get_user)[:2] == (403, "AccessDenied")


def test_who_does_not_exist_is_in_no_group(iam):
    iam.create_group(GroupName="Closed")
    assert refusal(iam.add_user_to_group, GroupName="Closed", UserName="missing") == (
        404,
        "NoSuchEntity",
        "The user with name missing cannot be found.",
    )
