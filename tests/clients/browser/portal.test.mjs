// The portal against the demo's identity provider: sign in, roles, console, credentials, sign out.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";

import { dev, prod, shell, startDemo } from "../demo.mjs";
import { accessible, at, launch, offered, role, signIn, tabTo } from "./browser.mjs";

let demo, browser, context, page, complaints;

before(async () => {
  demo = await startDemo();
  browser = await launch();
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

test("ann sees the roles of engineering and of the admins", async () => {
  await signIn(page, demo.url, "ann");
  await at(page, "Your roles");
  assert.deepEqual(await offered(page), ["dev/Developer", "prod/Administrator", "prod/ReadOnly"]);
});

test("bob sees the role of support", async () => {
  await signIn(page, demo.url, "bob");
  assert.deepEqual(await offered(page), ["dev/Support"]);
});

test("eve sees no role and learns which condition did not hold", async () => {
  await signIn(page, demo.url, "eve");
  await at(page, "No roles yet");
  assert.deepEqual(await offered(page), []);
  await page.getByRole("link", { name: "See why" }).click();
  await page.getByText("dev/Developer").first().click();
  const reason = page.locator("details", { hasText: "dev/Developer" });
  assert.match(await reason.innerText(), /:groups/);
  assert.match(await reason.innerText(), /engineering/);
  assert.match(await reason.innerText(), /not in your sign-in/);
});

test("a console link lands in the embedded console as the assumed role", async () => {
  await signIn(page, demo.url, "ann");
  const opened = context.waitForEvent("page");
  await role(page, "dev/Developer").getByRole("button", { name: "Console" }).click();
  const console_ = await opened;
  await console_.getByRole("heading", { level: 1 }).waitFor();
  assert.equal(new URL(console_.url()).pathname, "/console");
  assert.match(await console_.innerText("main"), new RegExp(`arn:aws:sts::${dev}:assumed-role/Developer/`));
  assert.match(await console_.innerText("main"), /left/);
});

test("a console link works once", async () => {
  await signIn(page, demo.url, "ann");
  const links = [];
  context.on("request", (request) => request.url().includes("SigninToken=") && links.push(request.url()));
  const opened = context.waitForEvent("page");
  await role(page, "dev/Developer").getByRole("button", { name: "Console" }).click();
  const console_ = await opened;
  await console_.waitForURL("**/console");
  assert.ok(links.length > 0, "the link goes through /federation");
  const stranger = await browser.open();
  const again = await stranger.page.goto(links[0]);
  assert.ok(again.status() >= 400 || !(await stranger.page.content()).includes("assumed-role/Developer"));
  await stranger.context.close();
});

test("the credentials page's text, pasted into bash, is the assumed role", async () => {
  await signIn(page, demo.url, "ann");
  await role(page, "dev/Developer").getByRole("link", { name: "Credentials" }).click();
  await page.getByRole("button", { name: "Get credentials" }).click();
  await page.getByRole("button", { name: "Copy" }).first().click();
  await page.getByText("Copied").first().waitFor();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(text, /^export AWS_ACCESS_KEY_ID=ASIA/m);
  const { stdout } = await shell(`${text}\naws sts get-caller-identity --query Arn --output text`);
  assert.match(stdout, new RegExp(`^arn:aws:sts::${dev}:assumed-role/Developer/`));
});

test("the session that the portal gives takes another account's role", async () => {
  await signIn(page, demo.url, "ann");
  await role(page, "dev/Developer").getByRole("link", { name: "Credentials" }).click();
  await page.getByRole("button", { name: "Get credentials" }).click();
  await page.getByRole("button", { name: "Copy" }).first().click();
  await page.getByText("Copied").first().waitFor();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  const readOnly = `aws sts assume-role --role-arn arn:aws:iam::${prod}:role/ReadOnly --role-session-name look`;
  const { stdout } = await shell(`${text}\n${readOnly} --query '[AssumedRoleUser.Arn,SourceIdentity]' --output text`);
  assert.match(stdout, new RegExp(`^arn:aws:sts::${prod}:assumed-role/ReadOnly/look\\s+\\S*ann`));
});

test("secrets are out of the document until they are shown, and go again", async () => {
  await signIn(page, demo.url, "ann");
  await role(page, "dev/Developer").getByRole("link", { name: "Credentials" }).click();
  await page.getByRole("button", { name: "Get credentials" }).click();
  const shown = page.getByRole("tabpanel").locator("pre");
  assert.match(await shown.innerText(), /AWS_SECRET_ACCESS_KEY=•+/);
  await page.getByRole("button", { name: "Show" }).click();
  const secret = /AWS_SECRET_ACCESS_KEY=(\S+)/.exec(await shown.innerText())[1];
  assert.match(secret, /^[A-Za-z0-9_-]{40}$/);
  await page.getByRole("button", { name: "Hide" }).click();
  assert.ok(!(await page.content()).includes(secret));
});

test("loading the credentials page issues nothing", async () => {
  await signIn(page, demo.url, "ann");
  await role(page, "dev/Developer").getByRole("link", { name: "Credentials" }).click();
  await page.getByRole("button", { name: "Get credentials" }).waitFor();
  assert.ok(!/ASIA[A-Z2-7]{16}/.test(await page.content()));
});

test("a role of somebody else cannot be taken by its address", async () => {
  await signIn(page, demo.url, "bob");
  await page.goto(`${demo.url}/credentials?role=prod/Administrator`);
  const ask = page.getByRole("button", { name: "Get credentials" });
  if (await ask.isVisible()) await ask.click();
  assert.ok(!/ASIA[A-Z2-7]{16}/.test(await page.content()));
  assert.ok(!(await page.content()).includes(`arn:aws:sts::${prod}:assumed-role`));
});

test("signing out ends the session", async () => {
  await signIn(page, demo.url, "ann");
  const cookies = await context.cookies(demo.url);
  await page.getByRole("button", { name: "Sign out" }).click();
  await at(page, "You are signed out");
  await context.addCookies(cookies);
  await page.goto(demo.url);
  await page.getByRole("link", { name: "Acme" }).waitFor();
  assert.deepEqual(await offered(page), []);
});

test("a wrong password is refused, and the right one afterwards is not", async () => {
  await signIn(page, demo.url, "ann", "bob");
  await page.getByRole("alert").waitFor();
  assert.ok(!page.url().startsWith(demo.url), "still at the identity provider");
  await page.getByLabel("Name", { exact: true }).fill("ann");
  await page.getByLabel("Password").fill("ann");
  await page.getByRole("button", { name: "Sign in" }).click();
  await at(page, "Your roles");
});

/** Signs in at the identity provider, and stops with the address that it sends the browser back to. */
async function callback(person) {
  await page.goto(demo.url);
  await page.getByRole("link", { name: "Acme" }).click();
  await page.getByLabel("Name", { exact: true }).fill(person);
  await page.getByLabel("Password").fill(person);
  const [action, form] = await page.$eval("form", (form) => [form.action, Object.fromEntries(new FormData(form))]);
  const headers = { origin: new URL(page.url()).origin };
  const answer = await context.request.post(action, { form, headers, maxRedirects: 0 });
  const location = answer.headers().location;
  assert.ok(location?.startsWith(`${demo.url}/oidc/acme/callback?`), `${answer.status()} ${location}`);
  return new URL(location);
}

async function refused(url, where = page) {
  const answer = await where.goto(String(url));
  assert.equal(answer.status(), 403);
  await where.goto(demo.url);
  await where.getByRole("link", { name: "Acme" }).waitFor();
}

test("a callback with another state is refused", async () => {
  const url = await callback("ann");
  const state = url.searchParams.get("state");
  url.searchParams.set("state", (state[0] === "A" ? "B" : "A") + state.slice(1));
  await refused(url);
});

test("a callback in another browser is refused", async () => {
  const url = await callback("ann");
  const stranger = await browser.open();
  await refused(url, stranger.page);
  await stranger.context.close();
});

test("a callback from another issuer is refused", async () => {
  const url = await callback("ann");
  url.searchParams.set("iss", "https://evil.example");
  await refused(url);
});

test("a callback works once", async () => {
  const url = await callback("ann");
  await page.goto(String(url));
  await at(page, "Your roles");
  const answer = await page.goto(String(url));
  assert.equal(answer.status(), 403);
});

test("signing in changes the session's cookie", async () => {
  await page.goto(demo.url);
  const before_ = (await context.cookies(demo.url)).map((cookie) => cookie.value);
  await signIn(page, demo.url, "ann");
  const session = (await context.cookies(demo.url)).filter((cookie) => cookie.httpOnly && !before_.includes(cookie.value));
  assert.ok(session.length > 0);
  assert.ok(session.every((cookie) => cookie.sameSite === "Lax"));
});

test("the whole way works by keyboard alone", async () => {
  await page.goto(demo.url);
  await tabTo(page, /^.?\s*Acme/);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${demo.idp_url.replace(/\/$/, "")}/**`);
  await tabTo(page, /^Name$/);
  await page.keyboard.type("ann");
  await tabTo(page, /^Password$/);
  await page.keyboard.type("ann");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Your roles" }).waitFor();
  await tabTo(page, /^Credentials of dev\/Developer$/);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/credentials?**");
  await tabTo(page, /^Get credentials$/);
  await page.keyboard.press("Enter");
  await page.getByRole("timer").waitFor();
  await tabTo(page, /^Show$/);
  await page.keyboard.press("Enter");
  assert.match(await page.getByRole("tabpanel").innerText(), /AWS_SESSION_TOKEN=\S{100}/);
  await page.goto(demo.url);
  await tabTo(page, /^Sign out$/);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "You are signed out" }).waitFor();
});

test("every page satisfies axe in light and dark, wide and narrow", async () => {
  await page.goto(demo.url);
  await accessible(page, "Drawbridge");
  await page.getByRole("link", { name: "Acme" }).click();
  await accessible(page, "Acme");
  await signIn(page, demo.url, "ann", "wrong");
  await page.getByRole("alert").waitFor();
  await accessible(page, "Acme");
  await signIn(page, demo.url, "ann");
  await accessible(page, "Your roles");
  await page.getByRole("link", { name: "See why" }).click();
  await accessible(page, "Which roles, and why");
  await page.goto(demo.url);
  await role(page, "prod/ReadOnly").getByRole("link", { name: "Credentials" }).click();
  await accessible(page, "prod/ReadOnly");
  await page.getByRole("button", { name: "Get credentials" }).click();
  await page.getByRole("timer").waitFor();
  await accessible(page, "prod/ReadOnly");
  await page.goto(demo.url);
  const opened = context.waitForEvent("page");
  await role(page, "dev/Developer").getByRole("button", { name: "Console" }).click();
  await accessible(await opened, "dev / Developer");
  await page.getByRole("button", { name: "Sign out" }).click();
  await accessible(page, "You are signed out");
});

test("pages that refuse satisfy axe as well", async () => {
  await page.goto(`${demo.url}/no-such-page`);
  await accessible(page, "Nothing here");
  await page.goto(`${demo.url}/oidc/acme/callback?code=a&state=b`);
  await accessible(page, "This sign-in cannot be used");
  await page.goto(`${demo.url}/console`);
  await accessible(page, "This console has no credentials");
  await signIn(page, demo.url, "eve");
  await accessible(page, "No roles yet");
  await page.getByRole("link", { name: "See why" }).click();
  await accessible(page, "Which roles, and why");
  await page.goto(demo.idp_url);
  await accessible(page, "Demo identity provider");
});

/** Answers what the pages ask of `pattern` next with nothing, at which a browser stays where it is. */
async function staying(pattern, act) {
  await context.route(pattern, (route) => route.fulfill({ status: 204 }));
  await act();
  return () => context.unroute(pattern);
}

test("so do the pages of a sign-in by SAML, and of signing out of both", async () => {
  await page.goto(demo.url);
  await page.getByRole("link", { name: "Contoso" }).click();
  await accessible(page, "Contoso");
  const fillIn = async (person, password) => {
    await page.getByLabel("Name", { exact: true }).fill(person);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
  };
  await fillIn("ann", "wrong");
  await page.getByRole("alert").waitFor();
  await accessible(page, "Contoso");
  const send = await staying("**/saml/contoso/acs", () => fillIn("ann", "ann"));
  await page.getByText("Back to").waitFor();
  await accessible(page, "Contoso");
  await send();
  await page.getByRole("button", { name: "Continue" }).click();
  await at(page, "Your roles");
  assert.deepEqual(await offered(page), ["dev/Analyst"]);
  const leave = await staying("**/contoso/slo?**", () => page.getByRole("button", { name: "Sign out" }).click());
  await accessible(page, "You are signed out");
  await leave();
  await page.getByRole("link", { name: "Continue" }).click();
  await page.waitForURL(`${demo.url}/saml/contoso/slo?**`);
  await accessible(page, "You are signed out");
});

test("so do the refusals of SAML", async () => {
  const acs = `${demo.url}/saml/contoso/acs`;
  const post = async (SAMLResponse) => {
    const form = { method: "POST", postData: new URLSearchParams({ SAMLResponse }).toString() };
    const send = (route) =>
      route.continue({ ...form, headers: { ...route.request().headers(), "content-type": "application/x-www-form-urlencoded" } });
    await context.route(acs, send, { times: 1 });
    return (await page.goto(acs)).status();
  };
  assert.equal(await post("!"), 400);
  await accessible(page, "Sign-in could not be completed");
  const address = `${demo.idp_url.replace(/\/$/, "")}/contoso/assertion?role=dev/Analyst`;
  const forAws = await fetch(address, { headers: { authorization: `Basic ${btoa("ann:ann")}` } });
  assert.equal(await post((await forAws.json()).value), 403);
  await accessible(page, "Sign-in was refused");
  await page.goto(`${demo.idp_url.replace(/\/$/, "")}/contoso/sso?SAMLRequest=`);
  await accessible(page, "This sign-in cannot go on");
});

test("every page of the demo says that it is one", async () => {
  for (const path of ["/", "/console", "/no-such-page"]) {
    await page.goto(demo.url + path);
    assert.match(await page.innerText("body"), /demo/i, path);
  }
});
