"""Managed, inline and attached policies, as boto3 sees them (sts.md, 13)."""

import json

import pytest

from harness import allow, policy, refusal, trust

READ = policy(allow("s3:GetObject"))
WRITE = policy(allow("s3:PutObject"))
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
# White space, key order, escapes and letters of Latin-1 are the author's.
VERBATIM = '{ "Statement" : [{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::caf\u00e9/%20+\\u0041*"]}],\r\n\t"Version":"2012-10-17"}\n'


@pytest.fixture(scope="module")
def arn(iam):
    """Makes a managed policy and tells its ARN."""

    def make(name: str, document: str = READ, **more) -> str:
        return iam.create_policy(PolicyName=name, PolicyDocument=document, **more)["Policy"]["Arn"]

    return make


@pytest.fixture(scope="module")
def owners(iam, account):
    """A user, a role and a group, each with the methods of its kind."""
    iam.create_user(UserName="owner")
    iam.create_group(GroupName="owner")
    iam.create_role(RoleName="owner", AssumeRolePolicyDocument=trust({"AWS": account.id}))


KINDS = ["user", "role", "group"]


def test_a_managed_policy_is_made_read_and_deleted(iam, account):
    made = iam.create_policy(
        PolicyName="Reads", Path="/team/", Description="reads", PolicyDocument=READ, Tags=[{"Key": "a", "Value": "b"}]
    )["Policy"]
    assert made["Arn"] == f"arn:aws:iam::{account.id}:policy/team/Reads"
    assert made["PolicyId"].startswith("ANPA") and len(made["PolicyId"]) == 21
    assert (made["DefaultVersionId"], made["AttachmentCount"], made["IsAttachable"]) == ("v1", 0, True)
    assert made["CreateDate"] == made["UpdateDate"]
    read = iam.get_policy(PolicyArn=made["Arn"])["Policy"]
    assert read["Description"] == "reads" and read["Tags"] == [{"Key": "a", "Value": "b"}]
    assert {key: read[key] for key in made} == made
    assert read["PermissionsBoundaryUsageCount"] == 0
    # Lists tell no tags.
    listed = iam.list_policies(Scope="Local", PathPrefix="/team/")["Policies"]
    assert [one["PolicyName"] for one in listed] == ["Reads"] and "Tags" not in listed[0]
    iam.delete_policy(PolicyArn=made["Arn"])
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_policy(PolicyArn=made["Arn"])
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.delete_policy(PolicyArn=made["Arn"])


def test_a_name_is_taken_once(iam, arn):
    arn("Once")
    assert refusal(iam.create_policy, PolicyName="Once", PolicyDocument=READ) == (
        409,
        "EntityAlreadyExists",
        "A policy called Once already exists. Duplicate names are not allowed.",
    )


def test_documents_come_back_byte_for_byte(demo, iam, account, arn, owners):
    made = arn("Verbatim", VERBATIM)
    version = demo.as_written(account.root, "get_policy_version", PolicyArn=made, VersionId="v1")
    assert version["PolicyVersion"]["Document"] == VERBATIM
    for kind in KINDS:
        name = {f"{kind.title()}Name": "owner"}
        getattr(iam, f"put_{kind}_policy")(PolicyName="Verbatim", PolicyDocument=VERBATIM, **name)
        read = demo.as_written(account.root, f"get_{kind}_policy", PolicyName="Verbatim", **name)
        assert read["PolicyDocument"] == VERBATIM
        assert getattr(iam, f"get_{kind}_policy")(PolicyName="Verbatim", **name)["PolicyDocument"] == json.loads(VERBATIM)


def test_versions_are_made_chosen_and_deleted(iam, arn):
    made = arn("Versions")
    second = iam.create_policy_version(PolicyArn=made, PolicyDocument=WRITE)["PolicyVersion"]
    assert (second["VersionId"], second["IsDefaultVersion"]) == ("v2", False)
    assert iam.get_policy(PolicyArn=made)["Policy"]["DefaultVersionId"] == "v1"
    third = iam.create_policy_version(PolicyArn=made, PolicyDocument=WRITE, SetAsDefault=True)["PolicyVersion"]
    assert (third["VersionId"], third["IsDefaultVersion"]) == ("v3", True)
    read = iam.get_policy_version(PolicyArn=made, VersionId="v2")["PolicyVersion"]
    assert read["Document"] == json.loads(WRITE) and read["IsDefaultVersion"] is False

    listed = iam.list_policy_versions(PolicyArn=made)["Versions"]
    assert [(one["VersionId"], one["IsDefaultVersion"]) for one in listed] == [("v3", True), ("v2", False), ("v1", False)]
    assert all("Document" not in one for one in listed)

    iam.set_default_policy_version(PolicyArn=made, VersionId="v1")
    assert iam.get_policy(PolicyArn=made)["Policy"]["DefaultVersionId"] == "v1"
    assert refusal(iam.delete_policy_version, PolicyArn=made, VersionId="v1") == (
        409,
        "DeleteConflict",
        "Cannot delete the default version of a policy.",
    )
    assert refusal(iam.delete_policy, PolicyArn=made) == (
        409,
        "DeleteConflict",
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
        "The default version is deleted with the policy.",
    )
    for version in ("v2", "v3"):
        iam.delete_policy_version(PolicyArn=made, VersionId=version)
    # A number is used once.
    assert iam.create_policy_version(PolicyArn=made, PolicyDocument=READ)["PolicyVersion"]["VersionId"] == "v4"
    iam.delete_policy_version(PolicyArn=made, VersionId="v4")
    iam.delete_policy(PolicyArn=made)


def test_a_sixth_version_is_one_too_many(iam, arn):
    made = arn("Five")
    for _ in range(4):
        iam.create_policy_version(PolicyArn=made, PolicyDocument=WRITE)
    with pytest.raises(iam.exceptions.LimitExceededException) as refused:
        iam.create_policy_version(PolicyArn=made, PolicyDocument=WRITE)
    assert refused.value.response["Error"]["Message"] == (
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version."
    )


@pytest.mark.parametrize("kind", KINDS)
def test_policies_are_attached_listed_and_detached(iam, arn, owners, kind):
    name = {f"{kind.title()}Name": "owner"}
    attach, detach = getattr(iam, f"attach_{kind}_policy"), getattr(iam, f"detach_{kind}_policy")
    made = arn(f"attached-{kind}", Path="/at/")
    attach(PolicyArn=made, **name)
    attach(PolicyArn=made, **name)  # Twice is once.
    attach(PolicyArn=READ_ONLY, **name)
    list_attached = getattr(iam, f"list_attached_{kind}_policies")
    listed = list_attached(**name)["AttachedPolicies"]
    assert {one["PolicyArn"]: one["PolicyName"] for one in listed} == {
        made: f"attached-{kind}",
        READ_ONLY: "AmazonS3ReadOnlyAccess",
    }
    assert [one["PolicyArn"] for one in list_attached(PathPrefix="/at/", **name)["AttachedPolicies"]] == [made]
    assert iam.get_policy(PolicyArn=made)["Policy"]["AttachmentCount"] == 1

    entities = iam.list_entities_for_policy(PolicyArn=made)
    holders = {"user": "PolicyUsers", "role": "PolicyRoles", "group": "PolicyGroups"}
    for other, members in holders.items():
        assert [one[f"{other.title()}Name"] for one in entities[members]] == (["owner"] if other == kind else [])

    assert refusal(iam.delete_policy, PolicyArn=made) == (409, "DeleteConflict", "Cannot delete a policy attached to entities.")
    detach(PolicyArn=made, **name)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        detach(PolicyArn=made, **name)
    detach(PolicyArn=READ_ONLY, **name)
    iam.delete_policy(PolicyArn=made)


@pytest.mark.parametrize("kind", KINDS)
def test_inline_policies_are_put_listed_and_deleted(iam, owners, kind):
    name = {f"{kind.title()}Name": "owner"}
    put, get, delete = (getattr(iam, f"{verb}_{kind}_policy") for verb in ("put", "get", "delete"))
    put(PolicyName="Inline", PolicyDocument=READ, **name)
    put(PolicyName="Inline", PolicyDocument=WRITE, **name)
    read = get(PolicyName="Inline", **name)
    assert read[f"{kind.title()}Name"] == "owner" and read["PolicyDocument"] == json.loads(WRITE)
    assert "Inline" in getattr(iam, f"list_{kind}_policies")(**name)["PolicyNames"]
    # Look-ups ignore case, and the name comes back as it was asked for.
    assert get(PolicyName="iNLINE", **name)["PolicyName"] == "iNLINE"
    delete(PolicyName="Inline", **name)
    message = f"The {kind} policy with name Inline cannot be found."
    assert refusal(get, PolicyName="Inline", **name) == (404, "NoSuchEntity", message)
    assert refusal(delete, PolicyName="Inline", **name) == (404, "NoSuchEntity", message)


def test_a_policy_that_is_not_there(iam, account, owners):
    missing = f"arn:aws:iam::{account.id}:policy/Missing"
    not_found = (404, "NoSuchEntity")
    assert refusal(iam.attach_role_policy, RoleName="owner", PolicyArn=missing)[:2] == not_found
    assert refusal(iam.get_policy_version, PolicyArn=missing, VersionId="v1")[:2] == not_found
    assert refusal(iam.get_policy, PolicyArn=missing)[:2] == not_found
    assert refusal(iam.delete_policy, PolicyArn=missing)[:2] == not_found
    assert refusal(iam.detach_user_policy, UserName="owner", PolicyArn=missing)[:2] == not_found
    assert refusal(iam.list_entities_for_policy, PolicyArn=missing)[:2] == not_found


def test_what_belongs_to_aws_is_read_and_not_changed(iam):
    read = iam.get_policy(PolicyArn=READ_ONLY)["Policy"]
    assert read["PolicyName"] == "AmazonS3ReadOnlyAccess" and read["IsAttachable"] is True
    document = iam.get_policy_version(PolicyArn=READ_ONLY, VersionId=read["DefaultVersionId"])["PolicyVersion"]["Document"]
    assert document["Statement"]
    listed = [one for page in iam.get_paginator("list_policies").paginate(Scope="AWS") for one in page["Policies"]]
    assert READ_ONLY in [one["Arn"] for one in listed]
    assert all(one["Arn"].startswith("arn:aws:iam::aws:policy/") for one in listed)
    assert refusal(iam.delete_policy, PolicyArn=READ_ONLY)[:2] in [(403, "AccessDenied"), (400, "UnmodifiableEntity")]


def test_only_what_is_attached_is_listed_on_demand(iam, arn, owners):
    attached, _ = arn("Held"), arn("Free")
    iam.attach_user_policy(UserName="owner", PolicyArn=attached)
    listed = [one["PolicyName"] for one in iam.list_policies(Scope="Local", OnlyAttached=True)["Policies"]]
    assert "Held" in listed and "Free" not in listed
    iam.detach_user_policy(UserName="owner", PolicyArn=attached)


def test_the_waiter_ends_when_the_policy_is_there(iam, arn):
    iam.get_waiter("policy_exists").wait(PolicyArn=arn("Awaited"), WaiterConfig={"Delay": 0, "MaxAttempts": 1})


def test_tags_are_added_listed_and_taken_away(iam, arn):
    made = arn("Tagged", Tags=[{"Key": "a", "Value": "1"}])
    iam.tag_policy(PolicyArn=made, Tags=[{"Key": "b", "Value": ""}])
    iam.untag_policy(PolicyArn=made, TagKeys=["a"])
    assert iam.list_policy_tags(PolicyArn=made)["Tags"] == [{"Key": "b", "Value": ""}]


def test_an_eleventh_attachment_is_one_too_many(iam, account, arn):
    iam.create_role(RoleName="Ten", AssumeRolePolicyDocument=trust({"AWS": account.id}))
    for number in range(10):
        iam.attach_role_policy(RoleName="Ten", PolicyArn=arn(f"ten-{number}"))
    assert refusal(iam.attach_role_policy, RoleName="Ten", PolicyArn=arn("ten-10")) == (
        409,
        "LimitExceeded",
        "Cannot exceed quota for PoliciesPerRole: 10",
    )


def padded(size: int) -> str:
    """A document of so many characters that count, and white space that does not."""
    document = policy(allow("s3:GetObject", "arn:aws:s3:::b/"))
    bare = len("".join(document.split()))
    return document.replace("b/", "b/" + "x" * (size - bare)) + " " * 1000


def test_a_managed_policy_has_6144_characters_without_white_space(iam, arn):
    arn("big", padded(6144))
    assert refusal(iam.create_policy, PolicyName="bigger", PolicyDocument=padded(6145)) == (
        409,
        "LimitExceeded",
        "Cannot exceed quota for PolicySize: 6144",
    )


@pytest.mark.parametrize(("kind", "most"), [("user", 2048), ("role", 10240), ("group", 5120)])
def test_inline_policies_together_have_their_limit(iam, account, kind, most):
    name = {f"{kind.title()}Name": "heavy"}
    more = {"AssumeRolePolicyDocument": trust({"AWS": account.id})} if kind == "role" else {}
    getattr(iam, f"create_{kind}")(**name, **more)
    put = getattr(iam, f"put_{kind}_policy")
    put(PolicyName="first", PolicyDocument=padded(most // 2), **name)
    put(PolicyName="second", PolicyDocument=padded(most - most // 2), **name)
    assert refusal(put, PolicyName="second", PolicyDocument=padded(most - most // 2 + 1), **name) == (
        409,
        "LimitExceeded",
        f"Maximum policy size of {most} bytes exceeded for {kind} heavy",
    )
