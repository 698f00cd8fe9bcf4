"""The program xmlsec1: it signs, and it judges."""

import collections
import pathlib
import random
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

from spelling import DS, SAML, SAMLP

KEYS = {
    "rsa-2048": ["rsa:2048"],
    "rsa-3072": ["rsa:3072"],
    "p-256": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p-384": ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "p-521": ["ec", "-pkeyopt", "ec_paramgen_curve:P-521"],
}
PLACES = {
    name: f"/*[local-name()='Response']{path}/*[local-name()='Signature']"
    for name, path in {"response": "", "assertion": "/*[local-name()='Assertion']"}.items()
}
IDS = ["--id-attr:ID", f"{SAML}:Assertion", "--id-attr:ID", f"{SAMLP}:Response"]
# The key is the one that we name: KeyInfo is not asked.
ONLY = ["--enabled-key-data", "key-name"]


def run(*arguments):
    return subprocess.run(["xmlsec1", *arguments], capture_output=True)


def batches(items, size=150):
    return [items[start : start + size] for start in range(0, len(items), size)]


def sign(folder, pool, texts, entries, place):
    """Has xmlsec1 compute the signatures at one place of every document that has one there; the documents with them."""
    letter = {"assertion": "0", "response": "1"}[place]
    wanted = collections.defaultdict(list)
    for file, entry in entries.items():
        if place in entry["signed"]:
            wanted[entry["certificate"].removesuffix(".pem")].append(file)

    def one(key, files):
        for file in files:
            (folder / "unsigned" / file).write_bytes(re.sub("@[DS][01]@", "", texts[file]).encode())
        result = run(
            "--sign",
            "--privkey-pem",
            folder / f"{key}.key",
            *ONLY,
            *IDS,
            "--node-xpath",
            PLACES[place],
            *(folder / "unsigned" / file for file in files),
        )
        outputs = re.split(r'(?=<\?xml version="1\.0")', result.stdout.decode())[1:]
        if result.returncode or len(outputs) != len(files):
            sys.exit(f"xmlsec1 signed {len(outputs)} of {len(files)} with {key}: {result.stderr.decode()[:2000]}")
        return zip(files, outputs, strict=True)

    jobs = [pool.submit(one, key, files) for key, all_files in wanted.items() for files in batches(all_files)]
    for job in jobs:
        for file, output in job.result():
            # In the order of the document, the response's signature comes before the assertion's.
            last = -1 if place == "assertion" else 0
            values = {}
            for kind, local in (("D", "DigestValue"), ("S", "SignatureValue")):
                values[kind] = re.findall(rf"<(?:[\w.-]+:)?{local}\b[^>]*>([^<]*)<", output)[last]
            # The digest is signed as it stands, with xmlsec1's line breaks.
            texts[file] = texts[file].replace(f"@D{letter}@", values["D"])
            texts[file] = texts[file].replace(f"@S{letter}@", respell(random.Random(file + place), values["S"]))


def respell(rng, value):
    """Base64 as others write it."""
    value = "".join(value.split())
    width, line = rng.choice([(len(value), ""), (64, "\n"), (76, "\n"), (76, "\r\n"), (76, "&#13;\n")])
    lines = [value[start : start + width] for start in range(0, len(value), width)]
    return rng.choice(["", line]) + line.join(lines) + rng.choice(["", line])


def holding(folder, key, place, files):
    """Which of the documents' signatures at a place hold. xmlsec1 stops at the first that does not."""
    good = set()
    while files:
        result = run(
            "--verify",
            "--pubkey-cert-pem",
            folder / key,
            *ONLY,
            *IDS,
            "--node-xpath",
            PLACES[place],
            *(folder / file for file in files),
        )
        if result.returncode == 0:
            return good | set(files)
        failed = re.findall(rb'failed to verify file "([^"]*)"', result.stderr)
        if not failed:
            sys.exit(f"xmlsec1 --verify: {result.stderr.decode(errors='replace')[:2000]}")
        stopped = files.index(pathlib.Path(failed[0].decode()).name)
        good |= set(files[:stopped])
        files = files[stopped + 1 :]
    return good


def judge(folder, pool, entries, size=150):
    """Fills in `xmlsec`."""
    wanted = collections.defaultdict(list)
    for entry in entries:
        for place in present((folder / entry["file"]).read_bytes()):
            wanted[entry["certificate"], place].append(entry["file"])
    jobs = {
        (place, tuple(files)): pool.submit(holding, folder, key, place, files)
        for (key, place), all_files in wanted.items()
        for files in batches(all_files, size)
    }
    by_file = {entry["file"]: entry for entry in entries}
    for (place, files), job in jobs.items():
        good = job.result()
        for file in files:
            by_file[file]["xmlsec"][place] = file in good


def present(data):
    """The places where there is a signature, if the document can be read at all."""
    try:
        root = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError):
        return []
    places = [("response", root)] + [("assertion", child) for child in root if child.tag == f"{{{SAML}}}Assertion"]
    return sorted({name for name, parent in places if parent.find(f"{{{DS}}}Signature") is not None})


def reads_as(data, identity):
    """Whether Python's own parser reads the identity in a document: that it says what the index says."""
    find = f".//{{{SAML}}}%s"

    def trimmed(element):
        return (element.text or "").strip(" \t\r\n")

    root = ElementTree.fromstring(data)
    name_id = root.find(find % "NameID")
    attributes = [
        {
            "name": one.get("Name"),
            "friendly_name": one.get("FriendlyName"),
            "values": [trimmed(value) for value in one.findall(f"{{{SAML}}}AttributeValue")],
        }
        for one in root.findall(find % "Attribute")
    ]
    return (
        root.find(find % "Assertion").get("ID") == identity["id"]
        and (trimmed(name_id), name_id.get("Format")) == (identity["name_id"]["value"], identity["name_id"]["format"])
        and trimmed(root.find(f"{{{SAML}}}Assertion/{{{SAML}}}Issuer")) == identity["issuer"]
        and [trimmed(one) for one in root.findall(find % "Audience")] == identity["audiences"]
        and attributes == identity["attributes"]
    )


def make_keys(folder):
    for name, kind in KEYS.items():
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            *kind,
            "-nodes",
            "-days",
            "3650",
            "-subj",
            f"/CN={name}",
            "-keyout",
            folder / f"{name}.key",
            "-out",
            folder / f"{name}.pem",
        ]
        subprocess.run(command, check=True, capture_output=True)
    return {name: "".join((folder / f"{name}.pem").read_text().splitlines()[1:-1]) for name in KEYS}
