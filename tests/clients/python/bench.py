"""Requests per second of one core, beside the floor; run by scripts/bench.

The server is pinned to core 0 and wrk to core 1. Every request of a row is the same, which is what a verifier sees from a
busy client: nothing on the server remembers the last one.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse

from broker import PIPELINE, RELEASE, Broker
from harness import STS_VERSION, Keys, request

SERVER, LOAD = {0}, {1}
FLOOR = os.environ["FLOOR_BIN"]


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    connections = int(sys.argv[2]) if len(sys.argv) > 2 else 32
    crypto = json.loads(pinned(SERVER, subprocess.check_output, [FLOOR, "crypto"]))
    bare = bare_get(seconds, connections)
    print(f"\none core, {connections} connections, {seconds} s each\n")
    print(f"  bare axum GET                        {bare['rate']:>8,.0f} /s   p50 {bare['p50']}   p99 {bare['p99']}")
    for name in crypto:
        print(f"  bare {name:<6} of aws-lc-rs and hmac     {crypto[name]:>8,} /s")
    print(f"\n  {'':<36} {'/s':>8} {'floor':>8} {'ratio':>6} {'p50':>9} {'p99':>9} {'failed':>7} {'RSS':>8}")

    with tempfile.TemporaryDirectory() as folder:
        broker = pinned(SERVER, Broker, pathlib.Path(folder))
        try:
            for name, call, parts in jobs(broker):
                found = wrk(broker.url, call, seconds, connections)
                # What one core could do at most: the bare GET and the job's cryptography, one after the other.
                floor = 1 / (1 / bare["rate"] + sum(1 / crypto[part] for part in parts))
                print(
                    f"  {name:<36} {found['rate']:>8,.0f} {floor:>8,.0f} {found['rate'] / floor:>6.0%} "
                    f"{found['p50']:>9} {found['p99']:>9} {found['failed']:>7} {memory(broker.process.pid):>8}"
                )
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
    yield "AssumeRoleWithWebIdentity, RS256", web_identity("RS256"), ["rs256", "seal"]
    yield "AssumeRoleWithWebIdentity, ES256", web_identity("ES256"), ["es256", "seal"]
    yield "/v1/creds, RS256", creds("RS256"), ["rs256", "seal"]
    yield "/v1/creds, ES256", creds("ES256"), ["es256", "seal"]


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
        "p50": re.search(r"50%\s+(\S+)", text)[1],
        "p99": re.search(r"99%\s+(\S+)", text)[1],
        "failed": int(failed[1]) if failed else 0,
    }


def memory(pid: int) -> str:
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    kibibytes = re.search(r"VmRSS:\s+(\d+)", status)[1]
    return f"{int(kibibytes) // 1024} MiB"


if __name__ == "__main__":
    main()
