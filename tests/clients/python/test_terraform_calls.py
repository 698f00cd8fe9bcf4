"""What Terraform's AWS provider asks of IAM in a stack's life, asked again: for machines where Terraform is not to be had.

`terraform/calls.json` has the calls that `test_terraform.py` made with provider 5.100, in their order: applied, planned again,
changed in place, imported, mended and destroyed. A line is the action, its parameters, and the error it must be answered with.
"""

import json
import pathlib
import re

from test_iam_providers import saml_metadata

CALLS = pathlib.Path(__file__).resolve().parents[1] / "terraform" / "calls.json"


def test_the_calls_of_a_stacks_life_are_answered_as_they_were(demo, tmp_path):
    account = demo.account()
    known = {"$ACCOUNT": account.id, "$METADATA": saml_metadata(tmp_path)}
    made = 0
    for action, parameters, *error in json.loads(CALLS.read_text()):
        for name, value in known.items():
            parameters = {key: text.replace(name, value) for key, text in parameters.items()}
        answer = demo.signed(account.root, action, service="iam", **parameters)
        if error:
            assert f"{answer.error()[1]}Exception" == error[0], (action, parameters, answer.text)
            continue
        assert answer.status == 200, (action, parameters, answer.text)
        if action == "CreateAccessKey":
            known[f"$KEY{made}"] = re.search("<AccessKeyId>(.*)</AccessKeyId>", answer.text)[1]
            made += 1
    # Nothing stays of what it made.
    iam = demo.iam(account.root)
    assert iam.list_roles()["Roles"] == [] and iam.list_users()["Users"] == []
    assert iam.list_policies(Scope="Local")["Policies"] == [] and iam.list_saml_providers()["SAMLProviderList"] == []
