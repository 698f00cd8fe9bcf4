"""The programs that tests share, each started once, and what most tests ask them for."""

import os

import pytest

from broker import Broker
from harness import Account, Demo, Keys, clean_environment

# Nothing of this machine's own AWS set-up may take part.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ.update({name: value for name, value in clean_environment().items() if name.startswith("AWS_")})


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Demo:
    demo = Demo(tmp_path_factory.mktemp("drawbridge") / "demo")
    yield demo
    demo.stop()


@pytest.fixture(scope="session")
def root(demo) -> Keys:
    """The dev account's root key."""
    return demo.root


@pytest.fixture(scope="module")
def account(demo) -> Account:
    """An account of its own for each file of tests."""
    return demo.account()


@pytest.fixture(scope="module")
def iam(demo, account):
    """boto3's IAM with the root key of this file's account."""
    return demo.iam(account.root)


@pytest.fixture(scope="session")
def deploy(demo) -> Keys:
    """A session of the role `deploy`, taken with a job token of acme/app on main."""
    return demo.deploy_session()


@pytest.fixture(scope="session")
def broker(tmp_path_factory) -> Broker:
    """`drawbridge serve` with roles that trust each other and an issuer that tests may spoil."""
    broker = Broker(tmp_path_factory.mktemp("broker"))
    yield broker
    broker.stop()


@pytest.fixture(scope="session")
def broker_root(broker) -> Keys:
    """A root key of the broker's dev account, made on the command line."""
    return broker.root_key()


@pytest.fixture(scope="session")
def pipeline(broker) -> Keys:
    """A session of the role Pipeline, from which other roles are taken."""
    answer = broker.with_token(broker.token(), headers={"accept": "application/json"})
    assert answer.status == 200, answer.text
    result = answer.json()["AssumeRoleWithWebIdentityResponse"]["AssumeRoleWithWebIdentityResult"]
    return Keys.of(result["Credentials"])
