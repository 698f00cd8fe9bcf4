"""`drawbridge serve` with a configuration of ours: roles that trust each other, and an issuer that we can spoil."""

import json
import pathlib
import socket
import time

from harness import DEV, DRAWBRIDGE, PROD, Keys, Program, clean_environment, run
from issuer import Issuer, make_ca

PIPELINE = f"arn:aws:iam::{DEV}:role/Pipeline"  # taken with a job token
RELEASE = f"arn:aws:iam::{DEV}:role/ops/Release"  # taken by sessions of Pipeline; up to 4 h, has a path
PARTNER = f"arn:aws:iam::{PROD}:role/Partner"  # in the other account; wants an external id
CLOSED = f"arn:aws:iam::{PROD}:role/Closed"  # trusts the account, but Pipeline has no permission for it
ANYBODY = f"arn:aws:iam::{DEV}:role/Tagged"  # tags and source identity allowed
EXTERNAL_ID = "Unique-Id:4/2"


def policy(*statements) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, principal=None, resource=None, **condition) -> dict:
    statement = {"Effect": "Allow", "Action": action, "Principal": principal, "Resource": resource, "Condition": condition}
    return {name: value for name, value in statement.items() if value}


class Broker(Program):
    """The broker on a port that was free, its issuer, and the folder with its configuration."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.issuer = Issuer(make_ca(folder))
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://localhost:{port}"
        (folder / "drawbridge.toml").write_text(self.configuration(port))
        super().__init__(["serve", "--config", folder / "drawbridge.toml"], folder / "log")

    def stop(self):
        super().stop()
        self.issuer.stop()

    def configuration(self, port: int) -> str:
        job = {"Federated": f"arn:aws:iam::{DEV}:oidc-provider/{self.issuer.host}"}
        subject = {f"{self.issuer.host}:sub": "job:acme/app:main"}
        by_job = allow("sts:AssumeRoleWithWebIdentity", job, StringEquals=subject)
        tagging = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"]
        roles = {
            PIPELINE: (
                policy(by_job),
                policy(allow("sts:AssumeRole", resource=[RELEASE, PARTNER, ANYBODY])),
                "1h",
            ),
            RELEASE: (policy(allow("sts:AssumeRole", {"AWS": PIPELINE})), policy(allow("s3:*", resource="*")), "4h"),
            PARTNER: (
                policy(allow("sts:AssumeRole", {"AWS": DEV}, StringEquals={"sts:ExternalId": EXTERNAL_ID})),
                policy(allow("s3:GetObject", resource="*")),
                "1h",
            ),
            CLOSED: (policy(allow("sts:AssumeRole", {"AWS": DEV})), policy(allow("s3:*", resource="*")), "1h"),
            ANYBODY: (policy(allow(tagging, job, StringEquals=subject)), policy(allow("s3:*", resource="*")), "12h"),
        }
        head = f"""
            public_url = "{self.url}"
            listen = "127.0.0.1:{port}"
            [metrics]
            listen = ""
            [outbound]
            allow_private = ["localhost"]
            ca_file = "ca.pem"
            [[ci]]
            issuer = "{self.issuer.url}"
            [[sts]]
            id = "local"
            kind = "embedded"
            accounts = [{{ id = "{DEV}", name = "dev" }}, {{ id = "{PROD}", name = "prod" }}]
            """
        entries = [
            f"""
            [[role]]
            arn = "{arn}"
            alias = "{arn.rsplit('/', 1)[1].lower()}"
            trust_policy = '{trust}'
            policies = {{ permissions = '{permissions}' }}
            max_session_duration = "{longest}"
            """
            for arn, (trust, permissions, longest) in roles.items()
        ]
        return head + "".join(entries)

    def root_key(self, account: str = DEV) -> Keys:
        """A new root key, as soon as the running broker has heard of it."""
        config = ["--config", self.folder / "drawbridge.toml", "--account", account, "--json"]
        answer = run([DRAWBRIDGE, "root-key", *config], clean_environment())
        assert answer.returncode == 0, answer.stderr
        made = json.loads(answer.stdout)
        keys = Keys(made["access_key_id"], made["secret_access_key"])
        for _ in range(50):
            if self.signed(keys, "GetCallerIdentity").status == 200:
                return keys
            time.sleep(0.1)
        raise AssertionError("the broker did not hear of its new root key")

    def token(self, **changes) -> str:
        """A good job token with `changes`."""
        return self.issuer.token(**{"audience": self.url, **changes})

    def with_token(self, token: str, role: str = PIPELINE, **more):
        return self.sts("AssumeRoleWithWebIdentity", RoleArn=role, RoleSessionName="job", WebIdentityToken=token, **more)
