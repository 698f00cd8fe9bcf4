"""Every list of IAM, page by page, through boto3's own paginators (sts.md, 13.2)."""

import pytest

from harness import allow, policy, refusal, trust

READ = policy(allow("s3:GetObject"))


@pytest.fixture(scope="module")
def full(iam, account):
    """Seven of everything."""
    numbers = range(7)
    iam.create_user(UserName="holder")
    iam.create_group(GroupName="holder")
    iam.create_role(RoleName="holder", AssumeRolePolicyDocument=trust({"AWS": account.id}))
    for number in numbers:
        # Capital and small letters by turns: the order ignores case.
        name = f"{'Aa'[number % 2]}{number}"
        iam.create_user(UserName=name, Path="/p/")
        iam.create_group(GroupName=name, Path="/p/")
        iam.create_role(RoleName=name, Path="/p/", AssumeRolePolicyDocument=trust({"AWS": account.id}))
        iam.create_instance_profile(InstanceProfileName=name, Path="/p/")
        arn = iam.create_policy(PolicyName=name, Path="/p/", PolicyDocument=READ)["Policy"]["Arn"]
        iam.add_user_to_group(GroupName="holder", UserName=name)
        iam.add_user_to_group(GroupName=name, UserName="holder")
        for kind in ("user", "role", "group"):
            named = {f"{kind.title()}Name": "holder"}
            getattr(iam, f"put_{kind}_policy")(PolicyName=name, PolicyDocument=READ, **named)
            getattr(iam, f"attach_{kind}_policy")(PolicyArn=arn, **named)
        for kind in ("user", "role"):
            getattr(iam, f"tag_{kind}")(Tags=[{"Key": name, "Value": ""}], **{f"{kind.title()}Name": "holder"})
        iam.create_virtual_mfa_device(VirtualMFADeviceName=name)


PAGED = [
    ("list_users", "Users", "UserName", {"PathPrefix": "/p/"}),
    ("list_groups", "Groups", "GroupName", {"PathPrefix": "/p/"}),
    ("list_roles", "Roles", "RoleName", {"PathPrefix": "/p/"}),
    ("list_instance_profiles", "InstanceProfiles", "InstanceProfileName", {"PathPrefix": "/p/"}),
    ("list_policies", "Policies", "PolicyName", {"Scope": "Local"}),
    ("list_groups_for_user", "Groups", "GroupName", {"UserName": "holder"}),
    ("get_group", "Users", "UserName", {"GroupName": "holder"}),
    ("list_attached_user_policies", "AttachedPolicies", "PolicyName", {"UserName": "holder"}),
    ("list_attached_role_policies", "AttachedPolicies", "PolicyName", {"RoleName": "holder"}),
    ("list_attached_group_policies", "AttachedPolicies", "PolicyName", {"GroupName": "holder"}),
    ("list_user_policies", "PolicyNames", None, {"UserName": "holder"}),
    ("list_role_policies", "PolicyNames", None, {"RoleName": "holder"}),
    ("list_group_policies", "PolicyNames", None, {"GroupName": "holder"}),
    ("list_user_tags", "Tags", "Key", {"UserName": "holder"}),
    ("list_role_tags", "Tags", "Key", {"RoleName": "holder"}),
    ("list_virtual_mfa_devices", "VirtualMFADevices", "SerialNumber", {}),
]


@pytest.mark.parametrize(("operation", "members", "key", "parameters"), PAGED, ids=[case[0] for case in PAGED])
def test_the_pages_of_a_list_are_the_whole_list(iam, full, operation, members, key, parameters):
    def names(page):
        found = [item[key] if key else item for item in page[members]]
        return [name.rpartition("/")[2] for name in found]

    whole = getattr(iam, operation)(**parameters)
    assert whole["IsTruncated"] is False and "Marker" not in whole
    assert sorted(names(whole), key=str.lower) == [f"{'Aa'[number % 2]}{number}" for number in range(7)]

    paginator = iam.get_paginator(operation) if iam.can_paginate(operation) else None
    if paginator:
        pages = list(paginator.paginate(PaginationConfig={"PageSize": 3}, **parameters))
        assert [len(page[members]) for page in pages] == [3, 3, 1]
        assert [page["IsTruncated"] for page in pages] == [True, True, False]
        assert [name for page in pages for name in names(page)] == names(whole)

    # By hand, and with another size on the way.
    first = getattr(iam, operation)(MaxItems=2, **parameters)
    rest = getattr(iam, operation)(MaxItems=5, Marker=first["Marker"], **parameters)
    assert names(first) + names(rest) == names(whole) and rest["IsTruncated"] is False


@pytest.mark.parametrize("size", [0, 1001])
def test_a_page_has_one_to_a_thousand_items(demo, account, size):
    answer = demo.signed(account.root, "ListUsers", service="iam", MaxItems=size)
    assert answer.error()[:2] == (400, "ValidationError")


def test_a_marker_of_somebody_s_own_making_is_refused(iam):
    assert refusal(iam.list_users, Marker="nonsense")[:2] == (400, "ValidationError")
