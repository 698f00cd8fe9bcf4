// The same sign-in by SAML 2.0, through SimpleSAMLphp: a request of ours, its pages, its response, and signing out of both.
// Both stand behind TLS: the response comes as a form of another site, and the cookie that it is matched with is sent along
// over https alone.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";

import { dev, freePort, makeCa, scratch, shell, startServe } from "../demo.mjs";
import { findSimpleSamlPhp, nameIdFormats, oids, startSimpleSamlPhp } from "../saml/simplesamlphp.mjs";
import { read, startTls } from "../tls.mjs";
import { accessible, at, launch, offered, role } from "./browser.mjs";

const ca = makeCa();

const trust = (condition) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: `arn:aws:iam::${dev}:saml-provider/elsewhere` },
        Action: "sts:AssumeRoleWithSAML",
        Condition: condition,
      },
    ],
  });

const configuration = (idp) => `
[server]
trusted_proxies = ["127.0.0.1"]

[metrics]
listen = ""

[outbound]
allow_private = ["localhost", "127.0.0.1"]
ca_file = "${join(ca, "ca.pem")}"

[[idp]]
id = "elsewhere"
kind = "saml"
name = "Elsewhere"
profile = "shibboleth"
metadata_url = "${idp.metadataUrl}"
groups_attribute = "${oids.groups}"
name_attribute = "${oids.displayName}"
email_attribute = "${oids.mail}"
sign_requests = true
allow_cbc = true
idp_initiated = true

[[sts]]
id = "local"
kind = "embedded"
accounts = [{ id = "${dev}", name = "dev" }]

[[saml_provider]]
account = "${dev}"
name = "elsewhere"
metadata_file = "elsewhere.xml"

[[role]]
arn = "arn:aws:iam::${dev}:role/Analyst"
alias = "dev/Analyst"
description = "For engineering"
trust_policy = '''${trust({ "ForAnyValue:StringEquals": { "saml:edupersonaffiliation": "engineering" } })}'''

[[role]]
arn = "arn:aws:iam::${dev}:role/Support"
alias = "dev/Support"
description = "For support"
trust_policy = '''${trust({ "ForAnyValue:StringEquals": { "saml:edupersonaffiliation": "support" } })}'''
`;

/** A broker that knows the provider as it is now. */
async function startBroker(idp) {
  const folder = scratch();
  const port = await freePort();
  const tls = await startTls(ca, port);
  const url = `https://localhost:${tls.port}`;
  writeFileSync(join(folder, "elsewhere.xml"), await read(ca, idp.metadataUrl));
  const { stop, log } = await startServe(folder, port, configuration(idp), url);
  const metadata = await read(ca, `${url}/saml/elsewhere/metadata`);
  return { url, metadata, log, stop: () => Promise.all([stop(), tls.stop()]) };
}

// "localhost" is the broker's own site for a browser; "127.0.0.1" is somebody else's, as in life.
for (const host of ["localhost", "127.0.0.1"]) {
  describe(`an identity provider at ${host}`, { skip: !findSimpleSamlPhp() && "no SimpleSAMLphp" }, () => {
    let idp, broker, browser, context, page, complaints;

    before(async () => {
      idp = await startSimpleSamlPhp({ host, ca });
      broker = await startBroker(idp);
      browser = await launch();
    });
    after(async () => {
      await browser?.close();
      await broker?.stop();
      await idp?.stop();
    });
    beforeEach(async () => {
      trustBroker();
      ({ context, page, complaints } = await browser.open({ ignoreHTTPSErrors: true, foreign: idp.url }));
    });
    afterEach(async () => {
      await context.close();
      assert.deepEqual(complaints, []);
    });

    const trustBroker = (more = {}, { metadata } = broker) =>
      idp.trustMetadata(metadata, { oids: true, nameId: nameIdFormats.persistent, validate: true, encrypt: false, ...more });

    /** Through the provider's own page, from wherever it was reached. */
    async function fillIn(person, password = person) {
      // It moves the focus here once it has loaded, and what is typed at that moment with it.
      await page.locator("input[name=username]:focus").fill(person);
      await page.locator("input[name=password]").fill(password);
      await page.getByRole("button", { name: "Login" }).click();
    }

    async function signIn(person, { url } = broker) {
      await page.goto(url);
      await page.getByRole("link", { name: "Elsewhere" }).click();
      await fillIn(person);
      await page.waitForURL(`${url}/`).catch(async (error) => {
        throw new Error(`${person} ends at ${page.url()}:\n${await page.innerText("body")}\n${idp.log()}`, { cause: error });
      });
    }

    /** Whether the browser has a session at the provider: then it is not asked for a password again. */
    async function signedInThere() {
      await page.goto(idp.unsolicited(`${broker.url}/saml/elsewhere/metadata`));
      await page.waitForLoadState();
      return (await page.locator("input[name=username]").count()) === 0;
    }

    test("its parser and the schema take our metadata", () => {
      const entry = idp.entry(`${broker.url}/saml/elsewhere/metadata`);
      assert.equal(entry.AssertionConsumerService[0].Location, `${broker.url}/saml/elsewhere/acs`);
      assert.equal(entry.SingleLogoutService[0].Location, `${broker.url}/saml/elsewhere/slo`);
    });

    test("ann signs in, and her groups choose her roles", async () => {
      await signIn("ann");
      await at(page, "Your roles");
      assert.deepEqual(await offered(page), ["dev/Analyst"]);
      assert.match(await page.innerText("header"), /Ann Archer/);
    });

    test("bob is offered what support may take", async () => {
      await signIn("bob");
      assert.deepEqual(await offered(page), ["dev/Support"]);
    });

    test("eve is offered nothing, and learns which attribute was missing", async () => {
      await signIn("eve");
      await at(page, "No roles yet");
      await page.getByRole("link", { name: "See why" }).click();
      await page.getByText("dev/Analyst").first().click();
      assert.match(await page.locator("details", { hasText: "dev/Analyst" }).innerText(), /saml:edupersonaffiliation/i);
    });

    test("an encrypted response", async () => {
      trustBroker({ encrypt: true });
      await signIn("ann");
      assert.deepEqual(await offered(page), ["dev/Analyst"]);
    });

    for (const [name, signed] of [
      ["assertion", { signAssertion: true, signResponse: false }],
      ["response", { signAssertion: false, signResponse: true }],
    ]) {
      test(`a response with a signature on the ${name} alone`, async () => {
        trustBroker(signed);
        await signIn("ann");
        assert.deepEqual(await offered(page), ["dev/Analyst"]);
      });
    }

    test("a response with no signature at all is refused", async () => {
      trustBroker({ signAssertion: false, signResponse: false });
      await page.goto(broker.url);
      await page.getByRole("link", { name: "Elsewhere" }).click();
      await fillIn("ann");
      await page.waitForURL(`${broker.url}/saml/elsewhere/acs`);
      await accessible(page, "Sign-in was refused");
      await page.goto(broker.url);
      await page.getByRole("link", { name: "Elsewhere" }).waitFor();
    });

    test("the credentials work in a shell", async () => {
      await signIn("ann");
      await role(page, "dev/Analyst").getByRole("link", { name: "Credentials" }).click();
      await page.getByRole("button", { name: "Get credentials" }).click();
      await page.getByRole("button", { name: "Copy" }).first().click();
      await page.getByText("Copied").first().waitFor();
      const text = await page.evaluate(() => navigator.clipboard.readText());
      const { stdout } = await shell(`${text}\naws sts get-caller-identity --query Arn --output text`, {
        AWS_CA_BUNDLE: join(ca, "ca.pem"),
      });
      assert.match(stdout, new RegExp(`^arn:aws:sts::${dev}:assumed-role/Analyst/`));
    });

    test("the same response a second time is refused", async () => {
      let posted;
      context.on("request", (request) => {
        if (request.url().endsWith("/saml/elsewhere/acs")) posted = request.postData();
      });
      await signIn("ann");
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const again = await context.request.post(`${broker.url}/saml/elsewhere/acs`, { data: posted, headers, maxRedirects: 0 });
      assert.equal(again.status(), 403);
    });

    test("a sign-in that begins at the provider asks before it counts", async () => {
      await page.goto(idp.unsolicited(`${broker.url}/saml/elsewhere/metadata`));
      await fillIn("ann");
      await accessible(page, "Is this you?");
      assert.match(await page.innerText("main"), /Ann Archer/);
      const meanwhile = await context.newPage();
      await meanwhile.goto(broker.url);
      await meanwhile.getByRole("link", { name: "Elsewhere" }).waitFor();
      await meanwhile.close();
      await page.getByRole("button", { name: "Sign in as Ann Archer" }).click();
      await at(page, "Your roles");
    });

    test("a long name stays within the page that asks", async () => {
      await page.goto(idp.unsolicited(`${broker.url}/saml/elsewhere/metadata`));
      await fillIn("pat");
      await accessible(page, "Is this you?");
      await page.getByRole("button", { name: "Sign in as _8e8dc5" }).click();
      await accessible(page, "No roles yet");
    });

    test("signing out at the broker ends the session at the provider", async () => {
      await signIn("ann");
      await page.getByRole("button", { name: "Sign out" }).click();
      // Once here, and once more when the provider has answered.
      await page.waitForURL(`${broker.url}/saml/elsewhere/slo?**`);
      await at(page, "You are signed out");
      assert.equal(await signedInThere(), false);
    });

    test("signing out at the provider ends the session at the broker", async () => {
      await signIn("ann");
      await page.goto(idp.signOut);
      await page.waitForURL(`${idp.url}/**`);
      await page.goto(broker.url);
      await page.getByRole("link", { name: "Elsewhere" }).waitFor();
      assert.deepEqual(await offered(page), []);
    });

    test("when its keys roll over, the announced one is taken", async () => {
      idp.announceKey();
      // A broker that starts now has read both; the one that signs is the new one.
      const other = await startBroker(idp);
      try {
        trustBroker({}, other);
        idp.promoteKey();
        await signIn("ann", other);
        assert.deepEqual(await offered(page), ["dev/Analyst"]);
      } finally {
        // The page may still be asking it for its icon.
        await context.close();
        await other.stop();
      }
    });
  });
}
