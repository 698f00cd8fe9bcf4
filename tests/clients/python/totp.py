"""The codes that an authenticator app shows (RFC 6238)."""

import base64
import hashlib
import hmac
import struct
import sys
import time


def codes(seed: bytes | str, *ahead: int) -> list[str]:
    """The codes of so many steps from now, all of one moment, for a seed in base32."""
    key, now = base64.b32decode(seed.strip()), int(time.time()) // 30

    def code(counter: int) -> str:
        digest = hmac.new(key, struct.pack(">Q", counter), hashlib.sha1).digest()
        start = digest[-1] & 15
        return f"{(int.from_bytes(digest[start:start + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"

    return [code(now + step) for step in ahead]


def code(seed: bytes | str, ahead: int = 0) -> str:
    """One of them."""
    return codes(seed, ahead)[0]


if __name__ == "__main__":
    # totp.py FILE AHEAD...
    with open(sys.argv[1]) as file:
        print(*codes(file.read(), *map(int, sys.argv[2:])))
