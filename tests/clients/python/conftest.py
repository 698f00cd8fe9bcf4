"""One demo for the whole run, and what most tests ask it for."""

import pytest

from harness import Demo, Keys


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Demo:
    demo = Demo(tmp_path_factory.mktemp("drawbridge") / "demo")
    yield demo
    demo.stop()


@pytest.fixture(scope="session")
def root(demo) -> Keys:
    """The dev account's root key."""
    return demo.root


@pytest.fixture(scope="session")
def deploy(demo) -> Keys:
    """A session of the role `deploy`, taken with a job token of acme/app on main."""
    return demo.deploy_session()
