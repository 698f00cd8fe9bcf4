"""Requests per second of one core, beside the floor; run by scripts/bench.

The server is pinned to core 0 and wrk to core 1. Every request of a row is the same, which is what a verifier sees from a
busy client: nothing on the server remembers the last one.
"""

import json
import math
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse

from broker import PIPELINE, RELEASE, Broker, allow, policy
from harness import DEV, DRAWBRIDGE, STS_VERSION, Keys, Program, request

SERVER, LOAD = {0}, {1}
FLOOR = os.environ["FLOOR_BIN"]
ANALYST = f"arn:aws:iam::{DEV}:role/Analyst"
SAML_PROVIDER = f"arn:aws:iam::{DEV}:saml-provider/bench"
LIMITED = f"arn:aws:iam::{DEV}:role/Limited"
SESSIONS, ROLES = 1_000_000, 100_000
FIVE_TAGS = {
    f"Tags.member.{place}.{part}": text
    for place, tag in enumerate([("Team", "core"), ("Job", "4711"), ("Env", "prod"), ("Repo", "app"), ("Ref", "main")], 1)
    for part, text in zip(("Key", "Value"), tag)
}
SAML_CRYPTO = {"r": "rs256", "e": "es256"}
SESSION_POLICY = policy(allow("s3:GetObject", resource="arn:aws:s3:::artefacts/*"))


class Bench(Broker):
    """The broker of the tests with one more role, which sessions may be tagged for."""

    def configuration(self, port: int) -> str:
        """As the tests have it, and Pipeline may take and tag Limited, and a SAML provider's people Analyst."""
        saml_response(self.folder)
        actions = ["sts:AssumeRole", "sts:TagSession"]
        trust = policy(allow(actions, {"AWS": PIPELINE}))
        return super().configuration(port) + f"""
            [[role]]
            arn = "{LIMITED}"
            alias = "limited"
            trust_policy = '{trust}'
            policies = {{ permissions = '{policy(allow("s3:*", resource="*"))}' }}
            [[saml_provider]]
            account = "{DEV}"
            name = "bench"
            metadata_file = "idp.xml"
            [[role]]
            arn = "{ANALYST}"
            alias = "analyst"
            trust_policy = '{policy(allow("sts:AssumeRoleWithSAML", {"Federated": SAML_PROVIDER}))}'
            policies = {{ permissions = '{policy(allow("s3:*", resource="*"))}' }}
            """

    def halt(self):
        """Stops the broker and leaves its issuer running."""
        Program.stop(self)

    def again(self, **environment) -> float:
        """Starts it once more, with more environment; the seconds until it is ready."""
        begun = time.monotonic()
        with open(self.log, "ab") as output:
            command = [DRAWBRIDGE, "serve", "--config", self.folder / "drawbridge.toml"]
            self.process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, **environment})
        while True:
            try:
                if self.http("GET", "/readyz").status == 200:
                    return time.monotonic() - begun
            except OSError:
                pass
            time.sleep(0.002)


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    connections = int(sys.argv[2]) if len(sys.argv) > 2 else 32
    crypto = json.loads(pinned(SERVER, subprocess.check_output, [FLOOR, "crypto"]))
    bare = bare_get(seconds, connections)
    print(f"\none core, {connections} connections, {seconds} s each\n")
    print(f"  bare axum GET                        {bare['rate']:>8,.0f} /s   p50 {bare['p50']}   p99 {bare['p99']}")
    for name in crypto:
        print(f"  bare {name:<6} of aws-lc-rs and hmac     {crypto[name]:>8,} /s")
    verified = json.loads(pinned(SERVER, subprocess.check_output, [FLOOR, "verify"]))
    for name, rate in verified.items():
        print(f"  SAML response verified, {name:<12} {rate:>8,} /s   {rate / crypto[SAML_CRYPTO[name[0]]]:.0%} of the signature alone")
    print(f"\n  {'':<36} {'/s':>8} {'floor':>8} {'ratio':>6} {'p50':>9} {'p99':>9} {'failed':>7} {'RSS':>8}")

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        broker = pinned(SERVER, Bench, folder)

        def row(name, call, parts):
            found = wrk(broker.url, call, seconds, connections)
            # What one core could do at most: the bare GET and the job's cryptography, one after the other.
            floor = 1 / (1 / bare["rate"] + sum(1 / crypto[part] for part in parts))
            print(
                f"  {name:<36} {found['rate']:>8,.0f} {floor:>8,.0f} {found['rate'] / floor:>6.0%} "
                f"{found['p50']:>9} {found['p99']:>9} {found['failed']:>7} {memory(broker.process.pid):>8}",
                flush=True,
            )
            return found["rate"]

        try:
            rates = {name: row(name, call, parts) for name, call, parts in jobs(broker)}
            broker.halt()
            pinned(SERVER, lambda: broker.again(DRAWBRIDGE__SAML__SECOND_OPINION="false"))
            row("AssumeRoleWithSAML, 8 kB, ours alone", with_saml(folder), ["rs256", "seal"])
            broker.halt()
            pinned(SERVER, broker.again)
            print(f"\n  after {SESSIONS:,} sessions more", flush=True)
            all_jobs = {name: (call, parts) for name, call, parts in jobs(broker)}
            issuing, asking = "AssumeRole", "GetCallerIdentity, session"
            wrk(broker.url, all_jobs[issuing][0], math.ceil(SESSIONS / rates[issuing]), connections)
            row(asking, *all_jobs[asking])
            print(f"\n  with {ROLES:,} roles")
            broker.halt()
            many_roles(folder)
            ready = pinned(SERVER, broker.again)
            print(f"  {'start to ready':<36} {ready * 1000:>8,.0f} ms", flush=True)
            for name, call, parts in jobs(broker):
                if name in (issuing, asking) or name.startswith("/v1/creds, RS"):
                    row(name, call, parts)
        finally:
            broker.stop()


def jobs(broker):
    """Name, request, and the cryptography it cannot do without."""
    pipeline = session(broker)

    def signed(action, **parameters):
        seen = {}
        broker.signed(pipeline, action, spoil=seen.update, **parameters)
        return "POST", "/", seen, urllib.parse.urlencode({"Action": action, "Version": STS_VERSION, **parameters})

    def web_identity(algorithm):
        form = {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": STS_VERSION,
            "RoleArn": PIPELINE,
            "RoleSessionName": "bench",
            "WebIdentityToken": broker.token(algorithm=algorithm, exp=int(time.time()) + 3000),
        }
        return "POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}, urllib.parse.urlencode(form)

    def creds(algorithm):
        token = broker.token(algorithm=algorithm, exp=int(time.time()) + 3000)
        return "GET", "/v1/creds/pipeline?format=env", {"Authorization": f"Bearer {token}"}, ""

    # Opening a sealed token costs what sealing one does.
    yield "GetCallerIdentity, session", signed("GetCallerIdentity"), ["sigv4", "seal"]
    yield "AssumeRole", signed("AssumeRole", RoleArn=RELEASE, RoleSessionName="bench"), ["sigv4", "seal", "seal"]
    limited = signed("AssumeRole", RoleArn=LIMITED, RoleSessionName="bench", Policy=SESSION_POLICY, **FIVE_TAGS)
    yield "AssumeRole, session policy, 5 tags", limited, ["sigv4", "seal", "seal"]
    yield "AssumeRoleWithWebIdentity, RS256", web_identity("RS256"), ["rs256", "seal"]
    yield "AssumeRoleWithWebIdentity, ES256", web_identity("ES256"), ["es256", "seal"]
    yield "AssumeRoleWithSAML, 8 kB, both", with_saml(broker.folder), ["rs256", "seal"]
    yield "/v1/creds, RS256", creds("RS256"), ["rs256", "seal"]
    yield "/v1/creds, ES256", creds("ES256"), ["es256", "seal"]


def saml_response(folder: pathlib.Path) -> str:
    """A response for the embedded STS, good for five minutes; the first call makes the provider's metadata."""
    command = [FLOOR, "saml", folder, ANALYST, SAML_PROVIDER]
    return subprocess.check_output(command, text=True).strip()


def with_saml(folder: pathlib.Path):
    form = {
        "Action": "AssumeRoleWithSAML",
        "Version": STS_VERSION,
        "RoleArn": ANALYST,
        "PrincipalArn": SAML_PROVIDER,
        "SAMLAssertion": saml_response(folder),
    }
    return "POST", "/", {"Content-Type": "application/x-www-form-urlencoded"}, urllib.parse.urlencode(form)


def many_roles(folder: pathlib.Path):
    """Copies one role of the store until there are 100,000."""
    with sqlite3.connect(folder / "drawbridge.db") as store:
        columns = [row[1] for row in store.execute("PRAGMA table_info(iam_role)")]
        new = {
            "unique_id": "'AROA' || printf('%017d', n)",
            "name": "'many-' || n",
            "name_key": "'many-' || n",
            "arn": f"'arn:aws:iam::{DEV}:role/many-' || n",
            "arn_key": f"'arn:aws:iam::{DEV}:role/many-' || n",
            "alias": "NULL",
            "tags": "'[]'",
        }
        store.execute(
            f"""WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < {ROLES})
            INSERT INTO iam_role ({", ".join(columns)})
            SELECT {", ".join(new.get(name, "r." + name) for name in columns)} FROM count, iam_role r
            WHERE r.name = 'Limited'"""
        )
        store.execute("UPDATE iam_version SET value = value + 1")


def session(broker) -> Keys:
    answer = broker.boto3().assume_role_with_web_identity(
        RoleArn=PIPELINE, RoleSessionName="bench", WebIdentityToken=broker.token()
    )
    return Keys.of(answer["Credentials"])


def pinned(cores, call, *arguments):
    """Runs `call` with this process, and what it starts, on `cores`."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        return call(*arguments)
    finally:
        os.sched_setaffinity(0, before)


def bare_get(seconds, connections) -> dict:
    url = "http://127.0.0.1:18098"
    server = pinned(SERVER, subprocess.Popen, [FLOOR, "serve", "127.0.0.1:18098"])
    try:
        for _ in range(100):
            try:
                request("GET", url)
                break
            except OSError:
                time.sleep(0.05)
        return wrk(url, ("GET", "/", {}, ""), seconds, connections)
    finally:
        server.kill()


def wrk(url, call, seconds, connections) -> dict:
    """Runs the load generator with one request, after a second of warming up."""
    method, path, headers, body = call
    quote = json.dumps
    fields = ", ".join(f"[{quote(name)}] = {quote(str(value))}" for name, value in headers.items())
    script = f"wrk.method = {quote(method)}\nwrk.path = {quote(path)}\nwrk.body = {quote(body)}\nwrk.headers = {{ {fields} }}\n"
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = ["wrk", "-t1", f"-c{connections}", "--latency", "-s", file.name, url + path]
        pinned(LOAD, subprocess.check_output, [*command, "-d1"])
        text = pinned(LOAD, subprocess.check_output, [*command, f"-d{seconds}"]).decode()
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return {
        "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
        "p50": re.search(r"^ +50%\s+(\S+)", text, re.M)[1],
        "p99": re.search(r"^ +99%\s+(\S+)", text, re.M)[1],
        "failed": int(failed[1]) if failed else 0,
    }


def memory(pid: int) -> str:
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    kibibytes = re.search(r"VmRSS:\s+(\d+)", status)[1]
    return f"{int(kibibytes) // 1024} MiB"


if __name__ == "__main__":
    main()
