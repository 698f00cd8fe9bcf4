// The same sign-in through somebody else's identity provider: npm `oidc-provider`, over https with a private CA.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { dev, freePort, makeCa, shell, startServe } from "../demo.mjs";
import { at, launch, offered, role } from "./browser.mjs";
import { startNpmIdp } from "./npm-idp.mjs";

let idp, broker, browser, context, page, complaints;

before(async () => {
  const folder = makeCa();
  const port = await freePort();
  idp = await startNpmIdp(folder, `http://localhost:${port}/oidc/npm/callback`);
  writeFileSync(join(folder, "client-secret"), idp.client.client_secret, { mode: 0o600 });
  const provider = idp.issuer.replace("https://", "");
  const trust = {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: `arn:aws:iam::${dev}:oidc-provider/${provider}` },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: { "ForAnyValue:StringEquals": { [`${provider}:groups`]: "engineering" } },
      },
    ],
  };
  broker = await startServe(
    folder,
    port,
    `
[metrics]
listen = ""

[outbound]
allow_private = ["localhost"]
ca_file = "ca.pem"

[[idp]]
id = "npm"
kind = "oidc"
name = "Elsewhere"
issuer = "${idp.issuer}"
client_id = "${idp.client.client_id}"
client_secret_file = "client-secret"
scopes = ["openid", "profile", "email", "groups"]

[[sts]]
id = "local"
kind = "embedded"
accounts = [{ id = "${dev}", name = "dev" }]

[[role]]
arn = "arn:aws:iam::${dev}:role/Developer"
alias = "dev/Developer"
description = "Build and deploy"
trust_policy = '''${JSON.stringify(trust)}'''
`,
  );
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await broker?.stop();
  await idp?.stop();
});
beforeEach(async () => ({ context, page, complaints } = await browser.open({ ignoreHTTPSErrors: true, foreign: idp.issuer })));
afterEach(async () => {
  await context.close();
  assert.deepEqual(complaints, []);
});

/** Through the provider's own pages: its sign-in, then its consent. */
async function signIn(person) {
  await page.goto(broker.url);
  await page.getByRole("link", { name: "Elsewhere" }).click();
  await page.locator("input[name=login]").fill(person);
  await page.locator("input[name=password]").fill("anything");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.waitForURL(`${broker.url}/`);
}

test("ann signs in, and her groups choose her roles", async () => {
  await signIn("ann");
  await at(page, "Your roles");
  assert.deepEqual(await offered(page), ["dev/Developer"]);
  assert.match(await page.innerText("header"), /Ann Archer/);
});

test("eve signs in and is offered nothing", async () => {
  await signIn("eve");
  assert.deepEqual(await offered(page), []);
});

test("a console link lands in the embedded console", async () => {
  await signIn("ann");
  const opened = context.waitForEvent("page");
  await role(page, "dev/Developer").getByRole("button", { name: "Console" }).click();
  const console_ = await opened;
  await console_.waitForURL("**/console");
  assert.match(await console_.innerText("main"), new RegExp(`arn:aws:sts::${dev}:assumed-role/Developer/`));
});

test("the credentials work in a shell", async () => {
  await signIn("ann");
  await role(page, "dev/Developer").getByRole("link", { name: "Credentials" }).click();
  await page.getByRole("button", { name: "Get credentials" }).click();
  await page.getByRole("button", { name: "Copy" }).first().click();
  await page.getByText("Copied").first().waitFor();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  const { stdout } = await shell(`${text}\naws sts get-caller-identity --query Arn --output text`);
  assert.match(stdout, new RegExp(`^arn:aws:sts::${dev}:assumed-role/Developer/`));
});

test("a refusal of the provider is told without its words", async () => {
  await page.goto(broker.url);
  await page.getByRole("link", { name: "Elsewhere" }).click();
  await page.locator("input[name=login]").waitFor();
  await page.getByRole("link", { name: /cancel/i }).click();
  await page.waitForURL(`${broker.url}/**`);
  assert.ok(!(await page.innerText("body")).includes("End-User aborted interaction"));
});
