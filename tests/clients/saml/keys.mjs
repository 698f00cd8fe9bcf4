// Keys and certificates, made for one run.

import { execFileSync } from "node:child_process";

/** Writes `${path}.key` and `${path}.pem`: RSA of 2048 bits, or an elliptic curve ("P-256", "P-384"). */
export function makeKey(path, curve) {
  const kind = curve ? ["-newkey", "ec", "-pkeyopt", `ec_paramgen_curve:${curve}`] : ["-newkey", "rsa:2048"];
  const files = ["-keyout", `${path}.key`, "-out", `${path}.pem`];
  execFileSync("openssl", ["req", "-x509", ...kind, "-nodes", "-days", "30", "-subj", "/CN=idp.test", ...files], {
    stdio: "pipe",
  });
}
