"""Virtual MFA devices and what a code opens, as boto3 sees them (sts.md, 10 and 13)."""

import pytest

from harness import Keys, allow, policy, refusal, trust
from totp import code, codes

WRONG_CODE = (403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ")
WRONG_DEVICE = (
    403,
    "AccessDenied",
    "MultiFactorAuthentication failed, unable to validate MFA code.  "
    "Please verify your MFA serial number is valid and associated with this user.",
)


class Person:
    """A user with a key and a device."""

    def __init__(self, demo, iam, name: str, *statements):
        self.name = name
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=policy(*statements or [allow("iam:*")]))
        self.keys = Keys.of(iam.create_access_key(UserName=name)["AccessKey"])
        self.sts, self.iam = demo.boto3(self.keys), demo.iam(self.keys)
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
        self.serial, self.seed, self.picture = device["SerialNumber"], device["Base32StringSeed"], device["QRCodePNG"]

    def enable(self, iam):
        # Two steps of the past, so that those from now on are unspent.
        first, second = codes(self.seed, -2, -1)
        iam.enable_mfa_device(UserName=self.name, SerialNumber=self.serial, AuthenticationCode1=first, AuthenticationCode2=second)
        return self

    def session(self, ahead=0, **more) -> dict:
        return self.sts.get_session_token(SerialNumber=self.serial, TokenCode=code(self.seed, ahead), **more)["Credentials"]


def test_a_device_is_made_enabled_listed_put_away_and_deleted(demo, iam, account):
    person = Person(demo, iam, "mia")
    assert person.serial == f"arn:aws:iam::{account.id}:mfa/mia"
    assert len(person.seed) == 64 and person.picture.startswith(b"\x89PNG")
    assert refusal(iam.create_virtual_mfa_device, VirtualMFADeviceName="mia") == (409, "EntityAlreadyExists", "MFA device already exists.")
    unassigned = iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"]
    assert person.serial in [one["SerialNumber"] for one in unassigned]
    assert all("Base32StringSeed" not in one for one in unassigned)

    person.enable(iam)
    devices = iam.list_mfa_devices(UserName="mia")["MFADevices"]
    assert [(one["UserName"], one["SerialNumber"]) for one in devices] == [("mia", person.serial)]
    assigned = iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    mine = [one for one in assigned if one["SerialNumber"] == person.serial]
    assert mine[0]["User"]["UserName"] == "mia" and mine[0]["EnableDate"]

    in_use = (409, "DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.")
    assert refusal(iam.delete_virtual_mfa_device, SerialNumber=person.serial) == in_use
    iam.deactivate_mfa_device(UserName="mia", SerialNumber=person.serial)
    assert iam.list_mfa_devices(UserName="mia")["MFADevices"] == []
    iam.delete_virtual_mfa_device(SerialNumber=person.serial)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.delete_virtual_mfa_device(SerialNumber=person.serial)


def test_a_device_is_one_user_s(demo, iam):
    person, other = Person(demo, iam, "holder").enable(iam), Person(demo, iam, "other")
    call = {"SerialNumber": person.serial, "AuthenticationCode1": code(person.seed, 1), "AuthenticationCode2": code(person.seed, 2)}
    assert refusal(iam.enable_mfa_device, UserName="other", **call) == (409, "EntityAlreadyExists", "MFA Device is already in use.")
    mine = (409, "EntityAlreadyExists", "MFA Device for user holder already exists.")
    assert refusal(iam.enable_mfa_device, UserName="holder", **call) == mine
    invalid = (404, "NoSuchEntity", "MFA Device invalid for user.")
    assert refusal(iam.deactivate_mfa_device, UserName="other", SerialNumber=person.serial) == invalid
    assert refusal(iam.deactivate_mfa_device, UserName="other", SerialNumber=other.serial) == invalid


def test_two_codes_of_the_wrong_order_enable_nothing(demo, iam):
    person = Person(demo, iam, "reversed")
    invalid = (403, "InvalidAuthenticationCode", "Authentication code for device is not valid.")
    call = {"UserName": "reversed", "SerialNumber": person.serial}
    first, second = codes(person.seed, -1, 0)
    assert refusal(iam.enable_mfa_device, AuthenticationCode1=second, AuthenticationCode2=first, **call) == invalid
    assert refusal(iam.enable_mfa_device, AuthenticationCode1=first, AuthenticationCode2=first, **call) == invalid
    assert iam.list_mfa_devices(UserName="reversed")["MFADevices"] == []


def test_a_code_opens_a_session_once(demo, iam, account):
    person = Person(demo, iam, "once").enable(iam)
    session = person.session(0, DurationSeconds=900)
    assert demo.boto3(Keys.of(session)).get_caller_identity()["Arn"] == f"arn:aws:iam::{account.id}:user/once"
    assert refusal(person.session) == WRONG_CODE


def test_the_codes_that_enabled_a_device_are_spent(demo, iam):
    person = Person(demo, iam, "spent").enable(iam)
    assert refusal(person.session, ahead=-1) == WRONG_CODE


def test_a_code_of_another_time_opens_nothing(demo, iam):
    person = Person(demo, iam, "stale").enable(iam)
    assert refusal(person.session, ahead=10) == WRONG_CODE


def test_only_one_s_own_device_counts(demo, iam, account):
    person, other = Person(demo, iam, "owner").enable(iam), Person(demo, iam, "thief").enable(iam)
    call = other.sts.get_session_token
    assert refusal(call, SerialNumber=person.serial, TokenCode=code(person.seed)) == WRONG_DEVICE
    assert refusal(call, SerialNumber=f"arn:aws:iam::{account.id}:mfa/nobody", TokenCode=code(person.seed)) == WRONG_DEVICE


def test_a_serial_number_without_a_code_is_half_an_answer(demo, iam):
    person = Person(demo, iam, "half").enable(iam)
    status, error, message = refusal(person.sts.get_session_token, SerialNumber=person.serial)
    assert (status, error) == (403, "AccessDenied")
    assert message == "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."


def test_a_deletion_wants_a_code(demo, iam, account):
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    person = Person(demo, iam, "careful", allow("iam:GetUser"), allow("iam:DeleteUser", Condition=condition)).enable(iam)
    iam.create_user(UserName="victim")
    assert person.iam.get_user(UserName="victim")
    assert refusal(person.iam.delete_user, UserName="victim")[:2] == (403, "AccessDenied")
    demo.iam(Keys.of(person.session())).delete_user(UserName="victim")


def test_a_session_without_a_code_may_not_use_iam(demo, iam):
    person = Person(demo, iam, "bare")
    session = demo.iam(Keys.of(person.sts.get_session_token()["Credentials"]))
    assert refusal(session.list_users)[:2] == (403, "InvalidClientTokenId")


def test_a_role_that_wants_a_code_hears_it_in_the_call_itself(demo, iam, account):
    person = Person(demo, iam, "direct").enable(iam)
    document = trust({"AWS": f"arn:aws:iam::{account.id}:user/direct"}, Bool={"aws:MultiFactorAuthPresent": "true"})
    role = iam.create_role(RoleName="Guarded", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    call = {"RoleArn": role, "RoleSessionName": "s1"}
    assert refusal(person.sts.assume_role, **call) == (
        403,
        "AccessDenied",
        f"User: arn:aws:iam::{account.id}:user/direct is not authorized to perform: sts:AssumeRole on resource: {role}",
    )
    granted = person.sts.assume_role(SerialNumber=person.serial, TokenCode=code(person.seed), **call)
    assert granted["AssumedRoleUser"]["Arn"].endswith(":assumed-role/Guarded/s1")


def test_a_device_that_ran_away_is_brought_back(demo, iam):
    person = Person(demo, iam, "drift").enable(iam)
    first, second = codes(person.seed, 10, 11)
    iam.resync_mfa_device(UserName="drift", SerialNumber=person.serial, AuthenticationCode1=first, AuthenticationCode2=second)
    assert person.session(12)


def test_a_user_with_a_device_is_not_deleted(demo, iam):
    person = Person(demo, iam, "kept").enable(iam)
    iam.delete_user_policy(UserName="kept", PolicyName="may")
    iam.delete_access_key(UserName="kept", AccessKeyId=person.keys.access_key_id)
    assert refusal(iam.delete_user, UserName="kept") == (
        409,
        "DeleteConflict",
        "Cannot delete entity, must remove tokens from principal first.",
    )
