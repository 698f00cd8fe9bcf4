// The identity providers of these tests do what they are here for: their responses hold under xmlsec1, whatever is asked
// of them. What Drawbridge makes of them is judged elsewhere.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createPrivateKey, createSign } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { deflateRawSync } from "node:zlib";

import { scratch } from "../demo.mjs";
import { makeKey } from "./keys.mjs";
import { Person } from "./person.mjs";
import { startSamlpIdp } from "./samlp-idp.mjs";
import { nameIdFormats, startSimpleSamlPhp } from "./simplesamlphp.mjs";

const folder = scratch();
makeKey(join(folder, "sp"));
const certificate = readFileSync(join(folder, "sp.pem"), "utf8");
const key = createPrivateKey(readFileSync(join(folder, "sp.key")));
const sp = { entityId: "https://sp.test/metadata", acsUrl: "https://sp.test/acs", sloUrl: "https://sp.test/slo", certificate };

/** The address of a request in the redirect binding, signed where `sign`. */
function request(idp, { sign = false, relayState = "handle" } = {}) {
  const sso = idp.url + (idp.metadataUrl.endsWith(".php") ? "/saml2/idp/SSOService.php" : "/sso");
  const xml = `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_request" Version="2.0" IssueInstant="${now()}"
    Destination="${sso}" AssertionConsumerServiceURL="${sp.acsUrl}"><saml:Issuer
    xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${sp.entityId}</saml:Issuer></samlp:AuthnRequest>`;
  const query = new URLSearchParams({ SAMLRequest: deflateRawSync(xml).toString("base64"), RelayState: relayState });
  if (sign) {
    query.set("SigAlg", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256");
    query.set("Signature", createSign("RSA-SHA256").update(query.toString()).sign(key, "base64"));
  }
  return `${sso}?${query}`;
}
const now = () => new Date().toISOString().replace(/\.\d+/, "");
const xmlOf = ({ SAMLResponse }) => Buffer.from(SAMLResponse, "base64").toString();

const ids = ["assertion:Assertion", "protocol:Response"].flatMap((one) => ["--id-attr:ID", `urn:oasis:names:tc:SAML:2.0:${one}`]);
const place = (parent) => `//*[local-name()='${parent}']/*[local-name()='Signature']`;

/** Whether the signature right below `parent` holds under the provider's key, whatever KeyInfo says. */
function holds(idp, xml, parent) {
  writeFileSync(join(folder, "response.xml"), xml);
  writeFileSync(join(folder, "idp.pem"), idp.certificate());
  const keys = ["--pubkey-cert-pem", join(folder, "idp.pem"), "--enabled-key-data", "key-name"];
  return (
    spawnSync("xmlsec1", ["--verify", ...keys, ...ids, "--node-xpath", place(parent), join(folder, "response.xml")]).status === 0
  );
}

/** The response with its assertion in the clear. */
function decrypted(xml) {
  writeFileSync(join(folder, "encrypted.xml"), xml);
  return execFileSync("xmlsec1", ["--decrypt", "--privkey-pem", join(folder, "sp.key"), join(folder, "encrypted.xml")], {
    encoding: "utf8",
  });
}

for (const [name, start, encryption] of [
  ["SimpleSAMLphp", startSimpleSamlPhp, { encrypt: true }],
  ["samlp", startSamlpIdp, { encrypt: "aes256-gcm" }],
]) {
  describe(name, () => {
    let idp;
    before(async () => (idp = await start()));
    after(() => idp?.stop());

    test("its metadata is a description with a signing key", async () => {
      const xml = await (await fetch(idp.metadataUrl)).text();
      assert.ok(xml.includes(`entityID="${idp.entityId}"`));
      assert.ok(xml.replace(/\s/g, "").includes(idp.certificate().replace(/-----.*-----|\s/g, "")));
    });

    test("ann signs in, and both signatures hold", async () => {
      idp.trust({ ...sp, signAssertion: true, signResponse: true });
      const answer = await idp.respond(request(idp), "ann");
      assert.equal(answer.action, sp.acsUrl);
      assert.equal(answer.RelayState, "handle");
      const xml = xmlOf(answer);
      assert.match(xml, /InResponseTo="_request"/);
      for (const text of [">ann<", ">ann@example.com<", ">engineering<", ">admins<"]) assert.ok(xml.includes(text), text);
      assert.ok(holds(idp, xml, "Assertion"));
      assert.ok(holds(idp, xml, "Response"));
      assert.ok(!holds(idp, xml.replace(">admins<", ">owners<"), "Assertion"), "a changed group");
    });

    test("one of the two signatures, where one is asked for", async () => {
      idp.trust({ ...sp, signAssertion: true, signResponse: false });
      assert.equal(xmlOf(await idp.respond(request(idp), "bob")).match(/<(ds:)?Signature /g).length, 1);
      idp.trust({ ...sp, signAssertion: false, signResponse: true });
      const xml = xmlOf(await idp.respond(request(idp), "bob"));
      assert.ok(holds(idp, xml, "Response"));
      assert.equal(xml.match(/<(ds:)?Signature /g).length, 1);
    });

    test("an encrypted assertion opens with the service provider's key", async () => {
      idp.trust({ ...sp, ...encryption });
      const xml = xmlOf(await idp.respond(request(idp), "eve"));
      assert.ok(xml.includes("EncryptedAssertion") && !xml.includes("eve@example.com"));
      const open = decrypted(xml);
      assert.ok(open.includes("eve@example.com"));
      assert.ok(holds(idp, open, "Assertion"));
    });

    test("a response that nobody asked for", async () => {
      idp.trust(sp);
      const answer = await idp.respond(idp.unsolicited(sp.entityId, "/go?role=dev"), "ann");
      assert.ok(!xmlOf(answer).includes("InResponseTo"));
      assert.equal(answer.RelayState, "/go?role=dev");
    });

    test("an e-mail address as the name", async () => {
      idp.trust({ ...sp, nameId: nameIdFormats.email });
      assert.match(xmlOf(await idp.respond(request(idp), "ann")), /nameid-format:emailAddress"[^>]*>ann@example.com</);
    });

    test("a request that must be signed, and is not, is refused", async () => {
      idp.trust({ ...sp, validate: true });
      await assert.rejects(idp.respond(request(idp), "ann"), /sign/);
      await idp.respond(request(idp, { sign: true }), "ann");
    });
  });
}

describe("SimpleSAMLphp alone", () => {
  let idp;
  before(async () => (idp = await startSimpleSamlPhp()));
  after(() => idp?.stop());

  test("an assertion for AWS's sign-in", async () => {
    const pair = "arn:aws:iam::111111111111:role/Analyst,arn:aws:iam::111111111111:saml-provider/Elsewhere";
    const answer = await idp.awsResponse("bob", [pair], { tags: { Team: "core" }, duration: 3600 });
    assert.equal(answer.action, "https://signin.aws.amazon.com/saml");
    const xml = xmlOf(answer);
    assert.ok(xml.includes(`>${pair}<`));
    assert.match(xml, /Attributes\/RoleSessionName"[^>]*><saml:AttributeValue[^>]*>bob@example.com</);
    assert.match(xml, /<saml:Audience>urn:amazon:webservices</);
    assert.ok(!xml.includes('Name="groups"'));
    assert.ok(holds(idp, xml, "Assertion"));
  });

  test("attributes by the names of eduPerson", async () => {
    idp.trust({ ...sp, oids: true });
    const xml = xmlOf(await idp.respond(request(idp), "bob"));
    assert.match(xml, /Name="urn:oid:1\.3\.6\.1\.4\.1\.5923\.1\.1\.1\.1"[^>]*><saml:AttributeValue[^>]*>support</);
    assert.ok(!xml.includes('Name="mail"'));
  });

  test("a person who is signed in is not asked again, and is after signing out", async () => {
    idp.trust({ ...sp, sloUrl: undefined });
    const session = new Person();
    await idp.respond(request(idp), "ann", session);
    assert.ok((await session.get(request(idp))).form.fields.SAMLResponse);
    await session.get(idp.signOut);
    assert.ok((await session.get(request(idp))).form.fields.AuthState);
  });

  test("keys roll over in two steps", async () => {
    const old = idp.certificate();
    idp.announceKey();
    const both = await (await fetch(idp.metadataUrl)).text();
    assert.equal(both.match(/use="signing"/g).length, 2);
    idp.promoteKey();
    assert.notEqual(idp.certificate(), old);
    idp.trust(sp);
    assert.ok(holds(idp, xmlOf(await idp.respond(request(idp), "ann")), "Assertion"));
  });
});
