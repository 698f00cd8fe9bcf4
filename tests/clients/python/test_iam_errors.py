"""The texts of IAM that clients match on, each by the call that brings it about (sts.md, 13.4 and 13.5)."""

import json

import pytest

from harness import allow, policy, refusal, trust

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def without(*names, **more) -> str:
    return policy({key: value for key, value in {**ALLOW, **more}.items() if key not in names})


# sts.md, 13.5, for identity policies.
MALFORMED = {
    "no-json": ("{", None),
    "empty-object": ("{}", None),
    "old-version": (json.dumps({"Version": "2008-10-17", "Statement": [ALLOW]}), "Policy document must be version 2012-10-17 or greater."),
    "no-action": (without("Action"), "Policy statement must contain actions."),
    "no-resource": (without("Resource"), "Policy statement must contain resources."),
    "bare-action": (without(Action="GetObject"), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
    "two-colons": (without(Action="s3:Get:Object"), "Actions/Condition can contain only one colon."),
    "odd-vendor": (without(Action="s 3:GetObject"), "Vendor s 3 is not valid"),
    "same-sid": (policy({**ALLOW, "Sid": "a"}, {**ALLOW, "Sid": "a"}), "Statement IDs (SID) in a single policy must be unique."),
    "principal": (without(Principal="*"), None),
    "unknown-element": (without(Extra="x"), "Syntax errors in policy."),
    "iam-region": (
        without(Action="iam:GetUser", Resource="arn:aws:iam:us-east-1:111111111111:user/a"),
        "IAM resource arn:aws:iam:us-east-1:111111111111:user/a cannot contain region information.",
    ),
    "s3-region": (
        without(Resource="arn:aws:s3:us-east-1::bucket"),
        "Resource arn:aws:s3:us-east-1::bucket can not contain region information.",
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_policy_says_what_is_wrong(iam, account, case):
    document, text = MALFORMED[case]
    status, code, message = refusal(iam.create_policy, PolicyName="malformed", PolicyDocument=document)
    assert (status, code) == (400, "MalformedPolicyDocument")
    assert message == text if text else message
    assert refusal(iam.get_policy, PolicyArn=f"arn:aws:iam::{account.id}:policy/malformed")[1] == "NoSuchEntity"


@pytest.mark.parametrize("kind", ["user", "group", "role"])
def test_an_inline_policy_is_held_to_the_same(iam, account, kind):
    name = {f"{kind.title()}Name": "malformed"}
    more = {"AssumeRolePolicyDocument": trust({"AWS": account.id})} if kind == "role" else {}
    getattr(iam, f"create_{kind}")(**name, **more)
    put = getattr(iam, f"put_{kind}_policy")
    assert refusal(put, PolicyName="p", PolicyDocument=without("Action"), **name) == (
        400,
        "MalformedPolicyDocument",
        "Policy statement must contain actions.",
    )
    assert getattr(iam, f"list_{kind}_policies")(**name)["PolicyNames"] == []


TRUSTS = {
    "resource": (
        policy({"Effect": "Allow", "Principal": {"AWS": "ACCOUNT"}, "Action": "sts:AssumeRole", "Resource": "*"}),
        "Has prohibited field Resource",
    ),
    "other-action": (trust({"AWS": "ACCOUNT"}, "s3:GetObject"), "AssumeRole policy may only specify STS AssumeRole actions."),
    "anybody": (trust("*"), 'AssumeRolepolicy contained an invalid principal: "STAR":"*".'),
    "any-federation": (
        trust({"Federated": "*"}, "sts:AssumeRoleWithWebIdentity"),
        "Federated principals must be valid domain names or SAML metadata ARNs",
    ),
    "nobody": (
        trust({"AWS": "arn:aws:iam::ACCOUNT:user/nobody"}),
        'Invalid principal in policy: "AWS":"arn:aws:iam::ACCOUNT:user/nobody"',
    ),
    "no-role": (
        trust({"AWS": "arn:aws:iam::ACCOUNT:role/nobody"}),
        'Invalid principal in policy: "AWS":"arn:aws:iam::ACCOUNT:role/nobody"',
    ),
}


@pytest.mark.parametrize("case", TRUSTS)
def test_a_malformed_trust_policy_says_what_is_wrong(iam, account, case):
    document, text = (part.replace("ACCOUNT", account.id) for part in TRUSTS[case])
    expected = (400, "MalformedPolicyDocument", text)
    assert refusal(iam.create_role, RoleName="malformed-trust", AssumeRolePolicyDocument=document) == expected
    assert refusal(iam.get_role, RoleName="malformed-trust")[1] == "NoSuchEntity"


def test_a_trust_policy_is_held_to_it_again_when_it_changes(iam, account):
    document = trust({"AWS": account.id})
    iam.create_role(RoleName="changing", AssumeRolePolicyDocument=document)
    assert refusal(iam.update_assume_role_policy, RoleName="changing", PolicyDocument=trust("*")) == (
        400,
        "MalformedPolicyDocument",
        'AssumeRolepolicy contained an invalid principal: "STAR":"*".',
    )
    assert iam.get_role(RoleName="changing")["Role"]["AssumeRolePolicyDocument"] == json.loads(document)


def test_a_trust_policy_has_2048_characters(iam, account):
    document = trust({"AWS": account.id}, StringEquals={"sts:ExternalId": "x" * 2048})
    assert refusal(iam.create_role, RoleName="wordy", AssumeRolePolicyDocument=document) == (
        409,
        "LimitExceeded",
        "Cannot exceed quota for ACLSizePerRole: 2048",
    )


@pytest.mark.parametrize(
    ("operation", "parameters", "message"),
    [
        ("get_user", {"UserName": "x"}, "The user with name x cannot be found."),
        ("get_role", {"RoleName": "x"}, "The role with name x cannot be found."),
        ("get_group", {"GroupName": "x"}, "The group with name x cannot be found."),
        ("update_user", {"UserName": "x", "NewUserName": "y"}, "The user with name x cannot be found."),
        ("update_role", {"RoleName": "x"}, "The role with name x cannot be found."),
        ("update_group", {"GroupName": "x"}, "The group with name x cannot be found."),
        ("tag_user", {"UserName": "x", "Tags": [{"Key": "a", "Value": "b"}]}, "The user with name x cannot be found."),
        ("tag_role", {"RoleName": "x", "Tags": [{"Key": "a", "Value": "b"}]}, "The role with name x cannot be found."),
        ("create_access_key", {"UserName": "x"}, "The user with name x cannot be found."),
        ("list_access_keys", {"UserName": "x"}, "The user with name x cannot be found."),
        ("put_user_policy", {"UserName": "x", "PolicyName": "p", "PolicyDocument": policy(ALLOW)}, "The user with name x cannot be found."),
        ("put_role_policy", {"RoleName": "x", "PolicyName": "p", "PolicyDocument": policy(ALLOW)}, "The role with name x cannot be found."),
        ("put_group_policy", {"GroupName": "x", "PolicyName": "p", "PolicyDocument": policy(ALLOW)}, "The group with name x cannot be found."),
        ("list_role_policies", {"RoleName": "x"}, "The role with name x cannot be found."),
        ("list_attached_role_policies", {"RoleName": "x"}, "The role with name x cannot be found."),
        ("list_instance_profiles_for_role", {"RoleName": "x"}, "The role with name x cannot be found."),
        ("list_groups_for_user", {"UserName": "x"}, "The user with name x cannot be found."),
        ("list_mfa_devices", {"UserName": "x"}, "The user with name x cannot be found."),
    ],
)
def test_what_is_not_there_is_named(iam, operation, parameters, message):
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        getattr(iam, operation)(**parameters)
    assert refusal(getattr(iam, operation), **parameters) == (404, "NoSuchEntity", message)


@pytest.mark.parametrize("operation", ["get_policy", "delete_policy", "list_policy_versions"])
def test_an_arn_that_is_none_is_refused(iam, operation):
    status, code, _ = refusal(getattr(iam, operation), PolicyArn="not-an-arn-at-all-but-long")
    assert (status, code) in [(400, "ValidationError"), (400, "InvalidInput")]


def test_a_managed_policy_s_path_has_fewer_letters(iam):
    iam.create_user(UserName="odd-path", Path="/a!b/")
    status, code, _ = refusal(iam.create_policy, PolicyName="odd", Path="/a!b/", PolicyDocument=policy(ALLOW))
    assert (status, code) == (400, "ValidationError")


@pytest.mark.parametrize("path", ["no-slash", "/open", "//"])
def test_a_path_begins_and_ends_with_a_slash(iam, path):
    assert refusal(iam.create_user, UserName="pathless", Path=path)[:2] == (400, "ValidationError")


def test_a_list_of_several_mistakes_is_one_answer(demo, account):
    answer = demo.signed(account.root, "CreateUser", service="iam", UserName="a b", Path="x")
    status, code, message = answer.error()
    assert (status, code) == (400, "ValidationError")
    assert message.startswith("2 validation errors detected: ")


def test_a_status_of_nobody_s_is_refused_without_repeating_it(demo, account):
    answer = demo.signed(account.root, "UpdateAccessKey", service="iam", AccessKeyId="A" * 20, Status="Sleeping")
    assert answer.error() == (
        400,
        "ValidationError",
        "1 validation error detected: Value at 'status' failed to satisfy constraint: Member must satisfy enum value set",
    )
