"""An issuer of job tokens that is ours to spoil, over https with a private certificate authority."""

import http.server
import json
import pathlib
import ssl
import subprocess
import threading
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

CLIENTS = pathlib.Path(__file__).resolve().parents[1]


def make_ca(folder: pathlib.Path) -> pathlib.Path:
    """ca.pem, leaf.pem and leaf.key for localhost."""
    subprocess.run([CLIENTS / "make-ca", folder], check=True)
    return folder


class Issuer:
    """Serves discovery and keys; counts who asks for keys."""

    def __init__(self, ca: pathlib.Path):
        self.key = rsa.generate_private_key(65537, 2048)
        self.ec_key = ec.generate_private_key(ec.SECP256R1())
        self.stranger = rsa.generate_private_key(65537, 2048)
        self.keys = [jwk(self.key, "rsa-1"), jwk(self.ec_key, "ec-1")]
        self.fetched = 0
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                documents = {
                    "/.well-known/openid-configuration": issuer.discovery,
                    "/keys": issuer.jwks,
                }
                document = documents.get(self.path)
                body = json.dumps(document()).encode() if document else b""
                self.send_response(200 if document else 404)
                self.send_header("content-type", "application/json")
                # Without a length the end of the connection would be the end of the answer, which anybody could forge.
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(ca / "leaf.pem", ca / "leaf.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.host = f"localhost:{self.server.server_address[1]}"
        self.url = f"https://{self.host}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()

    def discovery(self) -> dict:
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/keys",
            "authorization_endpoint": f"{self.url}/authorize",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "RS384", "RS512", "ES256"],
        }

    def jwks(self) -> dict:
        self.fetched += 1
        return {"keys": self.keys}

    def token(self, audience: str, key=None, algorithm="RS256", headers=None, **claims) -> str:
        """A job token for `audience`; claims given as None are left out."""
        now = int(time.time())
        good = {
            "iss": self.url,
            "sub": "job:acme/app:main",
            "aud": audience,
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "jti": f"{now}-{id(claims)}",
        }
        payload = {name: value for name, value in {**good, **claims}.items() if value is not None}
        kid = {"kid": "ec-1" if algorithm == "ES256" else "rsa-1"}
        header = {name: value for name, value in {**kid, **(headers or {})}.items() if value is not None}
        key = key or (self.ec_key if algorithm == "ES256" else self.key)
        # Not jwt.encode: it refuses to write some of the claims that we must see refused.
        return jwt.api_jws.encode(json.dumps(payload).encode(), key, algorithm=algorithm, headers=header)


def jwk(key, kid: str, **more) -> dict:
    """The public half as a JSON web key."""
    algorithm = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig", **more}
