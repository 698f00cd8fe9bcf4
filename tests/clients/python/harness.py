"""A running demo and the programs that are held against it. Everything a test needs in one or two lines."""

import base64
import dataclasses
import datetime
import functools
import http.client
import json
import os
import pathlib
import re
import secrets
import shutil
import subprocess
import sys
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.config
import botocore.credentials
import botocore.exceptions
import botocore.handlers

from judge import judged

PROJECT = pathlib.Path(__file__).resolve().parents[3]
DRAWBRIDGE = os.environ.get("DRAWBRIDGE_BIN", PROJECT / "target" / "debug" / "drawbridge")
TOOLS = pathlib.Path(sys.executable).parent  # the venv, where `aws` is

DEV, PROD = "111111111111", "222222222222"
DEPLOY = f"arn:aws:iam::{DEV}:role/Deploy"
STS_VERSION, IAM_VERSION = "2011-06-15", "2010-05-08"


def access_key_id(account: str, prefix: str = "AKIA") -> str:
    """A key id that carries its account, as GetAccessKeyInfo's arithmetic reads it (sts.md, 4.2)."""
    number = int(account)
    head = base64.b32encode((2**39 + number // 2).to_bytes(5, "big")).decode()
    half = "QRSTUVWXYZ234567" if number % 2 else "ABCDEFGHIJKLMNOP"
    tail = "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(7))
    return prefix + head + secrets.choice(half) + tail


@dataclasses.dataclass(frozen=True)
class Keys:
    """An access key, with its session token if it is a temporary one."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    @staticmethod
    def of(credentials: dict) -> "Keys":
        """From an STS answer, or from any JSON form of /v1/creds."""
        token = credentials.get("SessionToken") or credentials.get("Token")
        return Keys(credentials["AccessKeyId"], credentials["SecretAccessKey"], token)

    def environment(self) -> dict:
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        return {name: value for name, value in zip(names, dataclasses.astuple(self)) if value}


@dataclasses.dataclass(frozen=True)
class Answer:
    """An HTTP answer, read to the end."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self):
        return json.loads(self.body)

    def error(self) -> tuple[int, str, str]:
        """Status, code and message of an AWS error answer."""
        root = ElementTree.fromstring(self.body)
        space = {"aws": root.tag[1:].split("}")[0]}
        return (
            self.status,
            root.findtext("aws:Error/aws:Code", namespaces=space),
            root.findtext("aws:Error/aws:Message", namespaces=space),
        )

    def without_request_id(self) -> bytes:
        return re.sub(rb"<RequestId>[^<]*</RequestId>", b"<RequestId/>", self.body)


class Program:
    """A running Drawbridge at `url`, and everything that can be asked of it."""

    url: str

    def __init__(self, arguments: list, log: pathlib.Path):
        self.log = log
        with open(log, "wb") as output:
            self.process = subprocess.Popen([DRAWBRIDGE, *arguments], stdout=output, stderr=output)
        deadline = time.monotonic() + 30
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"drawbridge {arguments[0]} did not start: {self.log.read_text()}")
            time.sleep(0.05)

    def is_ready(self) -> bool:
        try:
            return self.http("GET", "/healthz").status == 200
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=10)

    # Plain HTTP.

    def http(self, method: str, path: str, body=None, headers=None) -> Answer:
        return request(method, self.url + path, body, headers)

    def form(self, parameters, headers=None, path="/") -> Answer:
        """POST of a form: `parameters` is a dict, a list of pairs, or the text itself."""
        body = parameters if isinstance(parameters, str) else urllib.parse.urlencode(parameters)
        type_ = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        return self.http("POST", path, body.encode(), {**type_, **(headers or {})})

    def sts(self, action: str, headers=None, **parameters) -> Answer:
        """An unsigned call of the STS."""
        return self.form({"Action": action, "Version": STS_VERSION, **parameters}, headers)

    def signed(self, keys: Keys, action: str, at=None, spoil=None, service="sts", **parameters) -> Answer:
        """A call signed with `keys`, as if the clock showed `at`; `spoil` may change the headers afterwards."""
        version = {"sts": STS_VERSION, "iam": IAM_VERSION}[service]
        body = urllib.parse.urlencode({"Action": action, "Version": version, **parameters})
        call = botocore.awsrequest.AWSRequest("POST", self.url + "/", data=body)
        call.headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
        _SignerAt(botocore.credentials.Credentials(*dataclasses.astuple(keys)), service, at).add_auth(call)
        headers = dict(call.headers.items())
        if spoil:
            spoil(headers)
        return self.http("POST", "/", body.encode(), headers)

    # AWS's programs.

    def boto3(self, keys: Keys | None = None, service="sts", **options):
        """A boto3 client that talks to it; of the STS, where nothing else is said."""
        session = boto3.Session(region_name="us-east-1")
        names = {
            "aws_access_key_id": keys and keys.access_key_id,
            "aws_secret_access_key": keys and keys.secret_access_key,
            "aws_session_token": keys and keys.session_token,
        }
        config = botocore.config.Config(retries={"max_attempts": 1}, **options)
        return session.client(service, endpoint_url=self.url, config=config, **names)

    def iam(self, keys: Keys, **options):
        """A boto3 IAM client that holds every answer against the service model (judge.py)."""
        return judged(self.boto3(keys, "iam", **options))

    def as_written(self, keys: Keys, operation: str, **parameters) -> dict:
        """An IAM answer with its policy documents as text, where boto3 would parse them."""
        client = self.boto3(keys, "iam")
        client.meta.events.unregister("after-call.iam", botocore.handlers.json_decode_policies)

        def decoded(value):
            if isinstance(value, dict):
                return {key: decoded(inner) for key, inner in value.items()}
            return urllib.parse.unquote(value) if isinstance(value, str) else value

        return decoded(getattr(client, operation)(**parameters))

    def environment(self, keys: Keys | None = None, **more) -> dict:
        """A shell's environment that knows this STS, its IAM and nothing else of AWS."""
        return {
            **clean_environment(),
            "AWS_ENDPOINT_URL_STS": self.url,
            "AWS_ENDPOINT_URL_IAM": self.url,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            **(keys.environment() if keys else {}),
            **more,
        }

    def aws(self, *arguments: str, **environment) -> subprocess.CompletedProcess:
        """The AWS CLI."""
        return run(["aws", *arguments], self.environment(**environment))


@dataclasses.dataclass(frozen=True)
class Account:
    """An account and its root key."""

    id: str
    root: Keys

    @staticmethod
    def new(id: str) -> "Account":
        return Account(id, Keys(access_key_id(id), secrets.token_hex(20)))


class Demo(Program):
    """`drawbridge demo` on free ports, with its state in `data`."""

    FRESH = 40

    def __init__(self, data: pathlib.Path):
        self.data = data
        self.description = data / "demo.json"
        dev, self.partner, *self.fresh = [Account.new(id) for id in (DEV, PROD, *map(str, range(300000000001, 300000000001 + self.FRESH)))]
        self.root = dev.root
        command = ["demo", "--data", data, "--reset-endpoint"]
        command += ["--listen", "127.0.0.1:0", "--idp-listen", "127.0.0.1:0"]
        for account in (dev, self.partner, *self.fresh):
            command += ["--root-key", f"{account.id}:{account.root.access_key_id}:{account.root.secret_access_key}"]
        super().__init__(command, data.parent / f"{data.name}.log")

    def account(self) -> Account:
        """An account that nobody else has, with nothing in it."""
        return self.fresh.pop()

    def is_ready(self) -> bool:
        try:
            self.info = json.loads(self.description.read_text())
        except (OSError, ValueError):
            return False
        self.url, self.idp_url = self.info["url"].rstrip("/"), self.info["idp_url"].rstrip("/")
        return super().is_ready()

    def ci_token(self, ref="refs/heads/main", repository="acme/app", **more) -> str:
        """What a job gets from its CI platform."""
        query = urllib.parse.urlencode({"repository": repository, "ref": ref, **more})
        answer = request("GET", f"{self.idp_url}/ci/token?{query}")
        assert answer.status == 200, answer.text
        return answer.json()["value"]

    def deploy_session(self) -> Keys:
        """Credentials of the role that pipelines take."""
        answer = self.boto3().assume_role_with_web_identity(
            RoleArn=DEPLOY, RoleSessionName="pipeline", WebIdentityToken=self.ci_token()
        )
        return Keys.of(answer["Credentials"])


def policy(*statements) -> str:
    """A policy document with these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*", **more) -> dict:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(principal, action="sts:AssumeRole", **condition) -> str:
    """A trust policy that admits `principal`."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    return policy({**statement, "Condition": condition} if condition else statement)


class _SignerAt(botocore.auth.SigV4Auth):
    def __init__(self, credentials, service: str, at: datetime.datetime | None):
        super().__init__(credentials, service, "us-east-1")
        self.at = at or datetime.datetime.now(datetime.timezone.utc)

    def add_auth(self, request):
        request.context["timestamp"] = self.at.strftime("%Y%m%dT%H%M%SZ")
        self._modify_request_before_signing(request)
        text = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(text, request))


def request(method: str, url: str, body=None, headers=None) -> Answer:
    """One HTTP request, nothing added but what HTTP wants."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    target = parts.path or "/"
    if parts.query:
        target += "?" + parts.query
    try:
        try:
            connection.request(method, target, body, headers or {})
        except (BrokenPipeError, ConnectionResetError):
            pass  # Refused before everything was sent; the answer is there all the same.
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


@functools.cache
def clean_environment() -> dict:
    """No profile, no metadata service, no credentials: what is not set here does not exist."""
    return {
        "PATH": f"{TOOLS}:/usr/local/bin:/usr/bin:/bin",
        "HOME": "/nonexistent",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "LC_ALL": "C.UTF-8",
    }


def run(command: list, environment: dict) -> subprocess.CompletedProcess:
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def shell(script: str, environment: dict, program: str = "bash") -> subprocess.CompletedProcess:
    """Runs what a person would paste."""
    path = shutil.which(program)
    assert path, f"no {program} here"
    return run([path, "-c", script], environment)


def refusal(call, **parameters) -> tuple[int, str, str]:
    """Status, code and message of a boto3 call that must be refused."""
    try:
        call(**parameters)
    except botocore.exceptions.ClientError as refused:
        error = refused.response["Error"]
        return refused.response["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]
    raise AssertionError("it was granted")


def spoil_payload(token: str, **claims) -> str:
    """The token with other claims and the old signature."""
    header, payload, signature = token.split(".")
    return ".".join([header, encode({**decode(payload), **claims}), signature])


def unsigned(token: str, algorithm: str = "none") -> str:
    """The token with `alg` none and no signature."""
    header, payload, _ = token.split(".")
    return ".".join([encode({**decode(header), "alg": algorithm}), payload, ""])


def decode(part: str) -> dict:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def encode(value: dict) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
