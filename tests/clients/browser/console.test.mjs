// The embedded console: what there is, who may take it, what it may do, and a form that makes a role.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { dev, prod, shell, startDemo } from "../demo.mjs";
import { accessible, at, launch, role, signIn, tabTo } from "./browser.mjs";

let demo, browser, context, page, complaints;

/** Runs lines of the AWS CLI as the root of an account. */
function aws(account, lines) {
  const { root } = demo.accounts.find(({ id }) => id === account);
  return shell(`set -e\n${lines}`, {
    AWS_ACCESS_KEY_ID: root.access_key_id,
    AWS_SECRET_ACCESS_KEY: root.secret_access_key,
    AWS_ENDPOINT_URL_IAM: demo.url,
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
  });
}

before(async () => {
  demo = await startDemo();
  browser = await launch();
  const readers = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*", Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } } }] };
  const open = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" }] };
  await aws(
    prod,
    `aws iam create-user --user-name carol --tags Key=team,Value=platform
    aws iam create-access-key --user-name carol
    aws iam create-group --group-name Staff
    aws iam add-user-to-group --group-name Staff --user-name carol
    aws iam create-policy --policy-name Readers --policy-document '${JSON.stringify(readers)}'
    aws iam attach-group-policy --group-name Staff --policy-arn arn:aws:iam::${prod}:policy/Readers
    aws iam create-role --role-name Open --assume-role-policy-document '${JSON.stringify(open)}'
    aws iam attach-role-policy --role-name Open --policy-arn arn:aws:iam::${prod}:policy/Readers`,
  );
});
after(async () => {
  await browser?.close();
  await demo?.stop();
});
beforeEach(async () => ({ context, page, complaints } = await browser.open()));
afterEach(async () => {
  await context.close();
  assert.deepEqual(complaints, []);
});

/** Opens the console of a role as ann, in the one page of the test. */
async function open(alias) {
  await signIn(page, demo.url, "ann");
  const opened = context.waitForEvent("page");
  await role(page, alias).getByRole("button", { name: "Console" }).click();
  page = await opened;
  await page.waitForURL("**/console");
}

const go = (name) => page.getByRole("navigation", { name: "Console" }).getByRole("link", { name, exact: true }).click();
const region = (name) => page.getByRole("region", { name, exact: true });

test("the sections lead from one page to the next, and say where one is", async () => {
  await open("prod/Administrator");
  for (const name of ["Roles", "Users", "Groups", "Policies", "Providers", "Sessions"]) {
    await go(name);
    await at(page, name);
    assert.equal(await page.locator("nav [aria-current=page]").innerText(), name);
  }
  await go("Overview");
  await at(page, "prod / Administrator");
});

test("a role is found, and says who may assume it", async () => {
  await open("dev/Developer");
  await go("Roles");
  await page.getByRole("searchbox").fill("main branch");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Deploy" }).click();
  await at(page, "Deploy");
  const who = await region("Who may assume it").innerText();
  assert.match(who, /Whoever \S+\/ci vouches for may take the role with an ID token/);
  assert.match(who, /the subject \S+:sub is repo:acme\/app:ref:refs\/heads\/main/);
});

test("a trial says what failed, and allows once that is mended", async () => {
  await open("prod/Administrator");
  await page.goto(`${demo.url}/console/roles/Open`);
  await page.getByLabel("Action").fill("s3:GetObject");
  await page.getByLabel("Resource").fill("arn:aws:s3:::b/x");
  await page.getByRole("button", { name: "Try it" }).click();
  assert.match(await region("Try it").innerText(), /✕ Denied[\s\S]*Fails: aws:SourceIp IpAddress 10\.0\.0\.0\/8; the request has no such key/);
  await page.getByLabel("Condition keys").fill("aws:SourceIp = 10.1.2.3");
  await page.getByRole("button", { name: "Try it" }).click();
  assert.match(await region("Try it").innerText(), /✓ Allowed[\s\S]*allows decided/);
});

test("who may not look is told the action that is missing", async () => {
  await signIn(page, demo.url, "bob");
  const opened = context.waitForEvent("page");
  await role(page, "dev/Support").getByRole("button", { name: "Console" }).click();
  page = await opened;
  await page.waitForURL("**/console");
  await go("Roles");
  await at(page, "Not for this session");
  assert.match(await page.innerText("main"), /iam:ListRoles/);
  await accessible(page, "Not for this session");
});

/** Fills in whom the role is for, as far as the preview. */
async function fillGitHub(name) {
  await go("Roles");
  await page.getByRole("link", { name: "Create a role" }).click();
  await page.getByRole("link", { name: /GitHub Actions/ }).click();
  await page.getByLabel("Owner", { exact: true }).fill("acme");
  await page.getByLabel("Repository", { exact: true }).fill("app");
  await page.getByLabel("Number of the owner").fill("11");
  await page.getByLabel("Number of the repository").fill("22");
  await page.getByLabel("Issuer").fill(`${demo.ci_issuer}`);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("What it is for").fill("Releases the app");
  await page.getByLabel(/AmazonS3ReadOnlyAccess/).check();
  await page.getByRole("button", { name: "Preview" }).click();
  await at(page, `Create ${name}?`);
}

test("a role is previewed, made, and taken by the jobs it is for and by no others", async () => {
  await open("prod/Administrator");
  await fillGitHub("Release");
  assert.match(await region("Who may assume it").innerText(), /repo:acme\/app:ref:refs\/heads\/main or repo:acme@11\/app@22:ref:refs\/heads\/main/);
  await page.getByRole("button", { name: "Create the role" }).click();
  await at(page, "Release");
  assert.match(await page.getByRole("status").first().innerText(), /The role is made/);
  assert.match(await region("What it may do").innerText(), /AmazonS3ReadOnlyAccess attached/);
  const take = async (ref) =>
    (await fetch(`${demo.url}/v1/creds/prod/Release`, { headers: { authorization: `Bearer ${await demo.ciToken(ref)}` } })).status;
  assert.equal(await take("refs/heads/main"), 200);
  assert.equal(await take("refs/heads/other"), 403);
});

test("the commands of the preview make the same role", async () => {
  await open("prod/Administrator");
  await fillGitHub("ByCommand");
  const trust = JSON.parse(await region("Who may assume it").locator("pre").innerText());
  await region("The same with the AWS CLI").getByRole("button", { name: "Copy" }).click();
  await region("The same with the AWS CLI").getByText("Copied").first().waitFor();
  const commands = await page.evaluate(() => navigator.clipboard.readText());
  await aws(prod, commands);
  const { stdout } = await aws(prod, "aws iam get-role --role-name ByCommand --output json");
  const made = JSON.parse(stdout).Role;
  assert.deepEqual(made.AssumeRolePolicyDocument, trust);
  assert.equal(made.Description, "Releases the app");
});

test("the Terraform of the preview is as its formatter writes it", async (t) => {
  try {
    execFileSync("terraform", ["version"], { stdio: "ignore" });
  } catch {
    return t.skip("no terraform here");
  }
  await open("prod/Administrator");
  await fillGitHub("ByTerraform");
  const text = await page.locator("#terraform-text").innerText();
  const formatted = execFileSync("terraform", ["fmt", "-"], { input: `${text.trimEnd()}\n`, encoding: "utf8" });
  assert.equal(formatted.trimEnd(), text.trimEnd());
});

test("a form that is wrong says at each field what to write", async () => {
  await open("prod/Administrator");
  await page.goto(`${demo.url}/console/roles/new?for=kubernetes`);
  await page.getByLabel("Issuer").fill("https://k8s.example.com");
  await page.getByLabel("Namespace").fill("Production");
  await page.getByLabel("Service account").fill("app");
  await page.getByLabel("Name", { exact: true }).fill("Pod");
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByRole("alert").waitFor();
  const namespace = page.getByLabel("Namespace");
  assert.equal(await namespace.getAttribute("aria-invalid"), "true");
  assert.equal(await namespace.inputValue(), "Production");
  await accessible(page, "Create a role");
});

test("a cut ends the console of the role it names", async () => {
  await open("dev/Developer");
  const cut = page;
  const guard = await browser.open();
  await aws(dev, `aws iam create-role --role-name Guard --assume-role-policy-document "$(aws iam get-role --role-name Developer --query Role.AssumeRolePolicyDocument --output json)"
    aws iam put-role-policy --role-name Guard --policy-name Cut --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"drawbridge:CutOff","Resource":"*"}]}'`);
  await signIn(guard.page, demo.url, "ann");
  const opened = guard.context.waitForEvent("page");
  await role(guard.page, "dev/Guard").getByRole("button", { name: "Console" }).click();
  const console_ = await opened;
  await console_.waitForURL("**/console");
  await console_.goto(`${demo.url}/console/sessions`);
  const form = console_.getByRole("region", { name: "One role", exact: true });
  await form.getByRole("textbox").fill(`arn:aws:iam::${dev}:role/Developer`);
  await form.getByRole("button").click();
  await accessible(console_, "Cut off?");
  await console_.getByRole("button", { name: "Cut off" }).click();
  await at(console_, "Sessions");
  await console_.getByText("Cut off. Whatever was issued before now").waitFor();
  await accessible(console_, "Sessions");
  await guard.context.close();
  assert.deepEqual(guard.complaints, []);
  await cut.goto(`${demo.url}/console/roles`);
  await cut.getByRole("heading", { name: /These credentials ended/ }).waitFor();
});

test("a role can be made with the keyboard alone", async () => {
  await open("prod/Administrator");
  await page.goto(`${demo.url}/console/roles`);
  await tabTo(page, /^Create a role$/);
  await page.keyboard.press("Enter");
  await at(page, "Create a role");
  await tabTo(page, /^A group of people/);
  await page.keyboard.press("Enter");
  await page.getByLabel("Group", { exact: true }).waitFor();
  const fill = async (name, text) => (await tabTo(page, name), await page.keyboard.type(text));
  await fill(/^Issuer/, demo.oidc_issuer);
  await fill(/^Group/, "support");
  await fill(/^Name/, "Helpers");
  await page.keyboard.press("Enter");
  await at(page, "Create Helpers?");
  await tabTo(page, /^Create the role$/);
  await page.keyboard.press("Enter");
  await at(page, "Helpers");
});

test("without JavaScript everything works as well", async () => {
  const plain = await browser.open({ javaScriptEnabled: false });
  await signIn(plain.page, demo.url, "ann");
  const opened = plain.context.waitForEvent("page");
  await role(plain.page, "prod/Administrator").getByRole("button", { name: "Console" }).click();
  page = await opened;
  await page.waitForURL("**/console");
  await fillGitHub("Plain");
  await page.getByRole("button", { name: "Create the role" }).click();
  await at(page, "Plain");
  await page.getByRole("link", { name: "Cut off…" }).click();
  await page.getByRole("button", { name: "Cut off" }).click();
  await page.getByText("Cut off. Whatever was issued before now").waitFor();
  await plain.context.close();
});

test("every page satisfies axe in light and dark, wide and narrow", async () => {
  await open("prod/Administrator");
  const issuer = demo.oidc_issuer.replace("http://", "");
  const preview = `for=github&step=preview&owner=acme&repository=app&scope=any&form=names&issuer=https://token.actions.githubusercontent.com&name=Weak&hours=1`;
  const pages = {
    "/console/roles": "Roles",
    "/console/roles?q=nothing+at+all": "Roles",
    "/console/roles/Open?action=s3:GetObject&resource=arn:aws:s3:::b/x": "Open",
    "/console/roles/Nobody": "Nothing here",
    "/console/roles/new": "Create a role",
    "/console/roles/new?for=github": "Create a role",
    "/console/roles/new?for=gitlab": "Create a role",
    "/console/roles/new?for=saml": "Create a role",
    [`/console/roles/new?${preview}`]: "Create Weak?",
    "/console/users": "Users",
    "/console/users/carol": "carol",
    "/console/groups": "Groups",
    "/console/groups/Staff": "Staff",
    "/console/policies": "Policies",
    [`/console/policy?arn=arn:aws:iam::${prod}:policy/Readers`]: "Readers",
    "/console/providers": "Providers",
    [`/console/provider?arn=arn:aws:iam::${prod}:oidc-provider/${issuer}`]: issuer,
    "/console/sessions": "Sessions",
  };
  for (const [path, heading] of Object.entries(pages)) {
    await page.goto(demo.url + path);
    await accessible(page, heading);
  }
});
