// A running demo for the JavaScript clients and the browser: everything a test needs in one or two lines.

import { execFile, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const clients = dirname(fileURLToPath(import.meta.url));
export const drawbridge = process.env.DRAWBRIDGE_BIN ?? join(clients, "../../target/debug/drawbridge");

export const dev = "111111111111";
export const prod = "222222222222";
export const deploy = `arn:aws:iam::${dev}:role/Deploy`;

/** A folder that is gone when the test process ends. */
export function scratch() {
  const folder = mkdtempSync(join(tmpdir(), "drawbridge-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts the program and waits until `ready` gives something; ends with the test process at the latest. */
export async function start(args, ready) {
  const log = join(scratch(), "log");
  const out = openSync(log, "w");
  const process_ = spawn(drawbridge, args, { stdio: ["ignore", out, out] });
  process.once("exit", () => process_.kill("SIGKILL"));
  const ended = new Promise((resolve) => process_.once("exit", resolve));
  for (let i = 0; i < 600 && process_.exitCode === null; i++) {
    const answer = await ready().catch(() => undefined);
    if (answer) return { answer, stop: () => (process_.kill("SIGTERM"), ended), log };
    await sleep(50);
  }
  process_.kill("SIGKILL");
  throw new Error(`drawbridge ${args[0]} did not start:\n${readFileSync(log, "utf8")}`);
}

/** `drawbridge demo` on free ports. */
export async function startDemo() {
  const data = scratch();
  const description = join(data, "demo.json");
  // Any AKIA id will do; this one carries the account 111111111111.
  const root = { accessKeyId: "AKIARTXV5AHD62TUECIB", secretAccessKey: randomBytes(20).toString("hex") };
  const args = ["demo", "--data", data, "--listen", "127.0.0.1:0", "--idp-listen", "127.0.0.1:0", "--reset-endpoint"];
  args.push("--root-key", `${dev}:${root.accessKeyId}:${root.secretAccessKey}`);
  const { answer, stop, log } = await start(args, async () => {
    if (!existsSync(description)) return undefined;
    const demo = JSON.parse(readFileSync(description, "utf8"));
    return (await fetch(`${demo.url}/healthz`)).ok && demo;
  });
  const url = answer.url.replace(/\/$/, "");
  const idp = answer.idp_url.replace(/\/$/, "");
  return {
    ...answer,
    url,
    root,
    stop,
    log,
    /** A job token, as GitHub gives one to a job. */
    async ciToken(ref = "refs/heads/main", more = {}) {
      const query = new URLSearchParams({ repository: "acme/app", ref, ...more });
      return (await (await fetch(`${idp}/ci/token?${query}`)).json()).value;
    },
  };
}

/**
 * `drawbridge serve` with a configuration of ours on `port`; files of the configuration stand in `folder`. `url` is what
 * browsers call it, where a proxy stands in front.
 */
export async function startServe(folder, port, toml, url = `http://localhost:${port}`) {
  const file = join(folder, "drawbridge.toml");
  writeFileSync(file, `public_url = "${url}"\nlisten = "127.0.0.1:${port}"\n${toml}`);
  const ready = async () => (await fetch(`http://localhost:${port}/healthz`)).ok;
  const { stop, log } = await start(["serve", "--config", file], ready);
  return { url, stop, log };
}

/** A port that was free a moment ago. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A certificate authority and a certificate for localhost: ca.pem, leaf.pem and leaf.key in a folder. */
export function makeCa() {
  const folder = scratch();
  execFileSync(join(clients, "make-ca"), [folder]);
  return folder;
}

const run = promisify(execFile);

/** Runs what a person would paste, in a shell that knows nothing of AWS but `environment`. */
export function shell(script, environment = {}) {
  const tools = join(clients, ".work/venv/bin");
  const env = {
    PATH: `${tools}:/usr/local/bin:/usr/bin:/bin`,
    HOME: "/nonexistent",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_PAGER: "",
    ...environment,
  };
  return run("bash", ["-c", script], { env, timeout: 60_000 });
}
