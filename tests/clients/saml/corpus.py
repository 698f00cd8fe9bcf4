#!/usr/bin/env python3
"""Signed SAML responses for the verifier to be held against, by the program `xmlsec1`: an independent signer and judge.

    corpus.py DIRECTORY [--documents N] [--mutants N] [--seed N]

Each document is written here with spellings of its own (prefixes, quotes, white space, character references, comments,
line ends), signed by xmlsec1, and given back its own spelling: only the digest and the signature value are taken from
xmlsec1's output, for its serializer would undo all the rest. xmlsec1 then verifies what came of it. Mutants are documents
with one signed value, or one token, changed; xmlsec1 says of each whether its signatures still hold.

DIRECTORY gets the documents, the certificates (PEM), and `index.json`:

    {
      "seed": 7, "xmlsec": "xmlsec1 1.2.37 (openssl)",
      "issuer": the provider's entity id,
      "audience": ours, "recipient": our ACS URL,
      "documents": [{
        "file": "0001.xml",                 beside the index
        "certificate": "rsa-2048.pem",      whose key signed; beside the index
        "now": 1800000000,                  seconds since 1970, when the document is to be judged; all its times are good then
        "in_response_to": "_..." or null,   null: nobody asked for it, and it says nothing
        "signed": ["assertion", "response"], or one of them
        "algorithm": "rsa-sha256",          of the signatures, with "digest": "sha256" and so on
        "features": ["comments", ...],      what is unusual about the spelling, to count refusals by
        "identity": {                       what a verifier must read, each text with the white space around it trimmed
          "id": the assertion's ID, "issuer", "name_id": {"value", "format", "name_qualifier", "sp_name_qualifier"},
          "recipient", "audiences": [], "issued_at", "one_time_use": false,
          "authn": {"instant", "session_ends_at", "session_index", "context"},
          "attributes": [{"name", "friendly_name", "values": []}]    in order; null where there is none; times in seconds
        },
        "must": "accept" | "refuse" | "agree",
        "mutation": null or {"of": "0001.xml", "kind": "value" | "token", "what": words},
        "xmlsec": {"assertion": true, "response": null}     whether xmlsec1 says that it holds; null: not there
      }]
    }

`must`: "accept" means accepted, with exactly this identity. "refuse" means refused, for whatever reason. "agree" means:
may be refused, and if it is accepted then every signature that is there must hold for xmlsec1, at least one must be
there, and the identity must be exactly this one: nothing that is signed has changed.

Not here, because not every reader has to take them: CDATA, white space inside values other than spaces, elements inside
attribute values, several confirmations.
"""

import argparse
import concurrent.futures
import json
import pathlib
import random
import re
import subprocess
import sys

from mutants import mutant
from responses import AUDIENCE, ISSUERS, RECIPIENT, document
from xmlsec1 import judge, make_keys, reads_as, sign


def make(folder, documents, mutants, seed):
    """Everything, in the directory; the index."""
    rng = random.Random(seed)
    (folder / "unsigned").mkdir(parents=True, exist_ok=True)
    certificates = make_keys(folder)
    issuer = rng.choice(ISSUERS)
    texts, entries = {}, {}
    for number in range(documents):
        text, entry = document(rng, issuer, number)
        texts[entry["file"]] = re.sub("@C:([^@]*)@", lambda found: certificates[found[1]], text)
        entries[entry["file"]] = entry
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for place in ("assertion", "response"):
            sign(folder, pool, texts, entries, place)
        for file, text in texts.items():
            (folder / file).write_bytes(text.encode())
        judge(folder, pool, entries.values())
        wrong = [entry["file"] for entry in entries.values() if not all(entry["xmlsec"][place] for place in entry["signed"])]
        wrong += [file for file, entry in entries.items() if not reads_as((folder / file).read_bytes(), entry["identity"])]
        if wrong:
            sys.exit(f"xmlsec1 does not verify what it signed, or it reads otherwise: {wrong[:20]}, seed {seed}")

        originals = list(entries.values())
        changed = []
        for number in range(mutants):
            entry = rng.choice(originals)
            text, made = mutant(rng, texts[entry["file"]], entry, ["value", "token"][number % 2], number)
            (folder / made["file"]).write_bytes(text.encode("utf-8", "surrogatepass"))
            changed.append(made)
        # Few of them hold, and xmlsec1 stops at each that does not: nothing is won by many in one call.
        judge(folder, pool, changed, size=20)
        for made in changed:
            if made["must"] == "refuse" and all(value is not False for value in made["xmlsec"].values()):
                sys.exit(f"{made['file']} was to be spoilt, but xmlsec1 verifies it: {made['mutation']}, seed {seed}")
    version = subprocess.run(["xmlsec1", "--version"], capture_output=True, text=True).stdout.strip()
    index = {
        "seed": seed,
        "xmlsec": version,
        "issuer": issuer,
        "audience": AUDIENCE,
        "recipient": RECIPIENT,
        "documents": originals + changed,
    }
    (folder / "index.json").write_text(json.dumps(index, indent=1, ensure_ascii=False))
    return index


def main():
    parser = argparse.ArgumentParser(description="Signed SAML responses by xmlsec1, with an index.")
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--mutants", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=None, help="chosen by chance where it is not given, and told")
    arguments = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if arguments.seed is None else arguments.seed
    index = make(arguments.directory, arguments.documents, arguments.mutants, seed)
    still = sum(
        entry["mutation"] is not None and True in entry["xmlsec"].values() and False not in entry["xmlsec"].values()
        for entry in index["documents"]
    )
    print(f"{arguments.documents} documents, {arguments.mutants} mutants of which {still} still hold, seed {seed}")


if __name__ == "__main__":
    main()
