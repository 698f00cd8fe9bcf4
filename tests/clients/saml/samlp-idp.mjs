// An identity provider on npm `samlp` (Auth0's): the second hand that writes responses, with other habits than
// SimpleSAMLphp's. It signs by xml-crypto with default namespaces (`<Signature xmlns=...>`), encrypts with AES-GCM, and
// logs out in the POST binding as well.
//
// Test code alone: version 8, the newest, stands on old releases of its XML libraries, and reads here what our own broker
// sends. It signs with RSA-SHA256 or RSA-SHA1; its RSA-OAEP is that of SHA-1 with MGF1-SHA1.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createPublicKey, randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";

import { scratch } from "../demo.mjs";
import { makeKey } from "./keys.mjs";
import { Person } from "./person.mjs";
import { nameIdFormats, people } from "./simplesamlphp.mjs";

// Its folder of templates is found from its own file alone.
const samlp = createRequire(import.meta.url)("samlp");
const SessionParticipants = createRequire(import.meta.url)("samlp/lib/sessionParticipants/index.js");

const bindings = {
  redirect: "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
  post: "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
};
const contents = "http://www.w3.org/2009/xmlenc11#";
const oldContents = "http://www.w3.org/2001/04/xmlenc#";

/**
 * Starts it on a free port of loopback; it knows nobody until `trust` names a service provider. `host` as for
 * SimpleSAMLphp; the options of `trust`, of which any may be a default for all:
 *
 * - entityId, acsUrl, sloUrl, certificate (PEM: for its signatures and for encryption)
 * - nameId: a format, or `{ format, value }`
 * - signAssertion (default), signResponse; algorithm: "rsa-sha256", "rsa-sha1"; digest: "sha256", "sha1"
 * - prefix: of the signature's elements, "" by default
 * - validate: its requests must be signed
 * - encrypt: "aes128-gcm", "aes256-gcm", "aes128-cbc", "aes256-cbc"
 * - attributes: (person) => ({ name: value or values }); typed = false for `xs:anyType`
 * - authnContext, lifetime (seconds), audience, recipient, destination, inResponseTo: other than the request would have it
 * - binding: "redirect" (default) or "post", of logout messages
 * - respell: (xml) => xml, the last word on a response
 */
export async function startSamlpIdp(defaults = {}) {
  const folder = scratch();
  makeKey(join(folder, "idp"));
  const key = readFileSync(join(folder, "idp.key"));
  const cert = readFileSync(join(folder, "idp.pem"), "utf8");
  const signedIn = [];
  const participants = new SessionParticipants(signedIn);
  const providers = new Map();
  const states = new Map();
  const errors = [];

  const server = createServer(async (request, response) => {
    try {
      await answer(request, response);
    } catch (error) {
      errors.push(error.stack ?? String(error));
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://${defaults.host ?? "localhost"}:${server.address().port}`;
  const entityId = `${url}/metadata`;
  const options = { issuer: entityId, key, cert };

  async function answer(incoming, outgoing) {
    const { pathname, searchParams } = new URL(incoming.url, url);
    const chunks = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
    const request = {
      method: incoming.method,
      headers: incoming.headers,
      originalUrl: incoming.url,
      protocol: "http",
      query: Object.fromEntries(searchParams),
      body: form,
    };
    const response = {
      set: (name, value) => outgoing.setHeader(name, value),
      send: (body, text = "") => (typeof body === "number" ? outgoing.writeHead(body).end(String(text)) : outgoing.end(body)),
      redirect: (to) => outgoing.writeHead(302, { location: to }).end(),
    };
    const next = (error) => {
      errors.push(error?.stack ?? "nobody answered");
      outgoing.writeHead(400).end(String(error));
    };
    const asked = { ...request.query, ...form };

    if (pathname === "/metadata") {
      const paths = {
        redirectEndpointPath: "/sso",
        postEndpointPath: "/sso",
        logoutEndpointPaths: { redirect: "/slo", post: "/slo" },
      };
      samlp.metadata({ ...options, ...paths })(request, response);
    } else if (pathname === "/sso" && !form.username) {
      response.set("Content-Type", "text/html");
      response.send(signInPage(asked, incoming.method));
    } else if (pathname === "/sso") {
      if (form.password !== form.username || !people[form.username]) return response.send(403, "wrong password");
      // The request came by redirect unless the page says otherwise.
      const { username, password, method, ...message } = form;
      const original = { ...request, method, query: method === "GET" ? message : {}, body: method === "GET" ? {} : message };
      await respond(original, username, message, response);
    } else if (pathname === "/slo") {
      const protocolBinding = bindings[[...providers.values()][0]?.binding ?? "redirect"];
      samlp.logout({ ...options, deflate: true, protocolBinding, sessionParticipants: participants, store })(
        request,
        response,
        next,
      );
    } else {
      response.send(404, "nothing here");
    }
  }

  const store = {
    save: (_, state, done) => {
      const id = randomBytes(16).toString("hex");
      states.set(id, state);
      done(null, id);
    },
    load: (_, id, ...rest) => {
      const state = states.get(id);
      if (rest[0]?.destroy) states.delete(id);
      rest.at(-1)(null, state);
    },
    update: (_, id, state, done) => (states.set(id, state), done()),
  };

  async function respond(request, name, message, response) {
    const asked = await promised((done) => samlp.parseRequest(request, done));
    const issuer = asked?.issuer ?? message.sp;
    const sp = { ...defaults, ...providers.get(issuer) };
    if (!providers.has(issuer)) return response.send(403, `${issuer} is not known here`);
    if (sp.validate) await checkSignature(request, sp);
    const xml = await build(sp, name, asked?.id);
    response.set("Content-Type", "text/html");
    response.send(
      postPage(sp.acsUrl, {
        SAMLResponse: Buffer.from(xml).toString("base64"),
        ...(message.RelayState && { RelayState: message.RelayState }),
      }),
    );
  }

  // samlp's own check throws where a signature does not hold, and is content where there is none.
  function checkSignature(request, sp) {
    const { Signature, SigAlg, RelayState } = request.query;
    const posted = request.body.SAMLRequest && Buffer.from(request.body.SAMLRequest, "base64").toString();
    if (!Signature && !posted?.includes("SignatureValue")) throw new Error("the request is not signed");
    const way = { signingCert: sp.certificate, signature: Signature, sigAlg: SigAlg, relayState: RelayState };
    return promised((done) => samlp.parseRequest(request, way, done));
  }

  async function build(sp, name, inResponseTo) {
    const person = people[name];
    const nameId = typeof sp.nameId === "object" ? sp.nameId : { format: sp.nameId ?? nameIdFormats.persistent };
    const value = nameId.value ?? (nameId.format === nameIdFormats.email ? person.mail : person.uid);
    const sessionIndex = `_${randomBytes(12).toString("hex")}`;
    const attributes = sp.attributes?.(person) ?? {
      uid: person.uid,
      mail: person.mail,
      displayName: person.displayName,
      groups: person.groups,
    };
    const config = {
      ...options,
      signatureAlgorithm: sp.algorithm ?? "rsa-sha256",
      digestAlgorithm: sp.digest ?? "sha256",
      signAssertion: sp.signAssertion ?? true,
      signResponse: sp.signResponse ?? false,
      signatureNamespacePrefix: sp.prefix ?? "",
      audience: sp.audience ?? sp.entityId,
      recipient: sp.recipient ?? sp.acsUrl,
      destination: sp.destination ?? sp.acsUrl,
      inResponseTo: sp.inResponseTo ?? inResponseTo,
      lifetimeInSeconds: sp.lifetime ?? 300,
      authnContextClassRef: sp.authnContext ?? "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
      sessionIndex,
      typedAttributes: sp.typed ?? true,
      profileMapper: () => ({
        getClaims: () => attributes,
        getNameIdentifier: () => ({ nameIdentifier: value, nameIdentifierFormat: nameId.format }),
      }),
    };
    if (sp.encrypt) {
      config.encryptionCert = sp.certificate;
      config.encryptionPublicKey = createPublicKey(sp.certificate).export({ type: "spki", format: "pem" });
      config.encryptionAlgorithm = (sp.encrypt.endsWith("gcm") ? contents : oldContents) + sp.encrypt;
      config.disallowEncryptionWithInsecureAlgorithm = false;
      config.warnOnInsecureEncryptionAlgorithm = false;
    }
    const xml = await promised((done) => samlp.getSamlResponse(config, person, done));
    signedIn.push({
      serviceProviderId: sp.entityId,
      sessionIndex,
      nameId: value,
      nameIdFormat: nameId.format,
      serviceProviderLogoutURL: sp.sloUrl,
      cert: sp.certificate,
      binding: bindings[sp.binding ?? "redirect"],
    });
    return sp.respell ? sp.respell(xml) : xml;
  }

  return {
    url,
    metadataUrl: entityId,
    entityId,
    folder,
    certificate: () => cert,
    log: () => errors.join("\n"),

    /** Trusts a service provider from now on, and in this way. */
    trust: (sp) => providers.set(sp.entityId, sp),

    /** Where a sign-in without a request begins (IdP-initiated). */
    unsolicited: (sp, relayState) => `${url}/sso?${new URLSearchParams({ sp, ...(relayState && { RelayState: relayState }) })}`,

    /** Where a person signs out of everything (IdP-initiated). */
    signOut: `${url}/slo`,

    /** Signs `person` in at `address`; the form that a browser would post next. */
    async respond(address, person, session = new Person()) {
      const page = await session.get(address);
      const { form, text } = await session.submit(page, { username: person, password: person });
      if (!form?.fields.SAMLResponse) throw new Error(`no response for ${person}: ${text}\n${errors.join("\n")}`);
      return { action: form.action, SAMLResponse: form.fields.SAMLResponse, RelayState: form.fields.RelayState };
    },

    /** A response without any request or page, as XML. */
    response: (entityId, person, inResponseTo) => build({ ...defaults, ...providers.get(entityId) }, person, inResponseTo),

    stop: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  };
}

const promised = (call) => new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))));
const escape = (text) => String(text).replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);
const hidden = (fields) =>
  Object.entries(fields)
    .map(([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`)
    .join("");

const signInPage = (
  fields,
  method,
) => `<!doctype html><title>Sign in</title><form method="post" action="/sso">${hidden({ ...fields, method })}
<label>Name <input name="username"></label> <label>Password <input name="password" type="password"></label> <button>Sign in</button></form>`;

const postPage = (
  action,
  fields,
) => `<!doctype html><title>One moment</title><form method="post" action="${escape(action)}">${hidden(fields)}<button>Continue</button></form>
<script>document.forms[0].submit()</script>`;
