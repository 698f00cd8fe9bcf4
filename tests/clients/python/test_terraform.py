"""Terraform's AWS provider keeps all of IAM that it knows here: create, plan again, change, import, lose, destroy."""

import pytest

import terraform
from harness import DEPLOY, DEV, Keys, trust
from terraform import Terraform
from test_iam_providers import saml_metadata

pytestmark = pytest.mark.skipif(not terraform.PROGRAM, reason="no Terraform here")

@pytest.fixture(scope="module")
def metadata(tmp_path_factory) -> str:
    return saml_metadata(tmp_path_factory.mktemp("saml"))


@pytest.fixture(scope="module")
def variables(account, metadata) -> dict:
    return {"metadata": metadata, "alias": f"tf-{account.id}"}


@pytest.fixture(scope="module")
def before(iam) -> dict:
    return everything(iam)


@pytest.fixture(scope="module")
def stack(demo, account, before, tmp_path_factory, variables):
    """Applied once; the tests below are its life, in this order."""
    stack = Terraform(demo, account.root, "everything", tmp_path_factory.mktemp("terraform") / "stack", **variables)
    stack.apply()
    return stack


def test_what_was_made_is_as_it_was_written(stack):
    assert stack.plan() == {}


def test_what_others_look_up_is_what_was_made(stack, account):
    facts = stack.output("facts")
    assert facts.pop("valid_until")
    assert facts == {
        "account": account.id,
        "role": f"arn:aws:iam::{account.id}:role/tf/TfRole",
        "user": f"arn:aws:iam::{account.id}:user/tf/tf-ali",
        "members": ["tf-ali"],
        "policy": f"arn:aws:iam::{account.id}:policy/tf/TfPolicy",
        "of_aws": "AmazonS3ReadOnlyAccess",
        "roles": ["TfBare", "TfRole"],
        "users": ["tf-ali"],
        "keys": ["Active"],
        "machine": "TfBare",
        "client_ids": ["sts.amazonaws.com"],
        "alias": f"tf-{account.id}",
    }


def test_a_change_is_made_in_place(stack, iam, account):
    assert set(stack.plan(changed=True).values()) == {"update"}
    stack("apply", "plan", changed=True)
    assert stack.plan(changed=True) == {}
    assert iam.get_user(UserName="tf-renamed-2")["User"]["Path"] == "/tf/"
    assert [version["VersionId"] for version in iam.list_policy_versions(PolicyArn=policy_arn(account))["Versions"]] == ["v2", "v1"]


def test_another_state_takes_it_over_by_its_names_alone(demo, account, stack, variables, tmp_path_factory):
    ids = stack.output("ids")
    other = Terraform(demo, account.root, "everything", tmp_path_factory.mktemp("terraform") / "import", **variables)
    blocks = [f'import {{\n  to = {address}\n  id = "{id_}"\n}}\n' for address, id_ in ids.items()]
    (other.folder / "import.tf").write_text("".join(blocks))
    planned = other.plan(changed=True)
    # Nothing is to be changed. What the provider cannot import, or what changes its own state by it, is left out.
    left_out = ["aws_iam_group_membership.group", "aws_iam_user_login_profile.ali", "aws_iam_user.thorough"]
    left_out += ["aws_iam_security_token_service_preferences.version"]
    assert planned == {**{address: "import" for address in ids}, **{address: "create" for address in left_out}}


def test_what_was_deleted_behind_its_back_is_made_again(stack, iam, account):
    iam.delete_role_policy(RoleName="TfRole", PolicyName="Inline")
    iam.detach_group_policy(GroupName="tf-group", PolicyArn=policy_arn(account))
    iam.delete_account_alias(AccountAlias=f"tf-{account.id}")
    provider = f"arn:aws:iam::{account.id}:oidc-provider/token.actions.githubusercontent.com"
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    assert stack.plan(changed=True) == {
        "aws_iam_role_policy.role": "create",
        "aws_iam_role_policies_exclusive.role": "update",
        "aws_iam_group_policy_attachment.group": "create",
        "aws_iam_account_alias.alias": "create",
        "aws_iam_openid_connect_provider.ci": "create",
    }
    stack("apply", "plan", changed=True)
    assert stack.plan(changed=True) == {}


def test_it_is_destroyed_and_nothing_stays(stack, iam, before):
    # One thing is gone already when its turn comes, and one user has more than Terraform knows.
    iam.remove_user_from_group(GroupName="tf-group", UserName="tf-renamed-2")
    iam.create_access_key(UserName="tf-thorough")
    iam.create_login_profile(UserName="tf-thorough", Password="correct-Horse-7-battery")
    iam.create_group(GroupName="tf-elsewhere")
    iam.add_user_to_group(GroupName="tf-elsewhere", UserName="tf-thorough")
    stack.destroy(changed=True)
    assert stack("state", "list") == ""
    iam.delete_group(GroupName="tf-elsewhere")
    assert everything(iam) == before


def test_the_provider_takes_roles_by_itself(demo, tmp_path):
    other = demo.account()
    iam = demo.iam(other.root)
    iam.create_user(UserName="terraform")
    user = f"arn:aws:iam::{other.id}:user/terraform"
    document = trust({"AWS": user}, ["sts:AssumeRole", "sts:TagSession"], StringEquals={"sts:ExternalId": "for-terraform"})
    role = iam.create_role(RoleName="Assumed", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    (tmp_path / "token").write_text(demo.ci_token() + "\n")
    keys = Keys.of(iam.create_access_key(UserName="terraform")["AccessKey"])
    files = {"ci_role": DEPLOY, "ci_token_file": str(tmp_path / "token")}
    stack = Terraform(demo, keys, "providers", tmp_path / "stack", role=role, external_id="for-terraform", **files)
    stack.apply()
    assert stack.output("arns") == [
        user,
        f"arn:aws:sts::{other.id}:assumed-role/Assumed/terraform",
        f"arn:aws:sts::{DEV}:assumed-role/Deploy/job",
    ]


def policy_arn(account) -> str:
    return f"arn:aws:iam::{account.id}:policy/tf/TfPolicy"


def everything(iam) -> dict:
    """All that is in the account."""
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_account_password_policy()
    return {
        "users": iam.list_users()["Users"],
        "groups": iam.list_groups()["Groups"],
        "roles": iam.list_roles()["Roles"],
        "policies": iam.list_policies(Scope="Local")["Policies"],
        "profiles": iam.list_instance_profiles()["InstanceProfiles"],
        "oidc": iam.list_open_id_connect_providers()["OpenIDConnectProviderList"],
        "saml": iam.list_saml_providers()["SAMLProviderList"],
        "devices": iam.list_virtual_mfa_devices()["VirtualMFADevices"],
        "aliases": iam.list_account_aliases()["AccountAliases"],
    }
