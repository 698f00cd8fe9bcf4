// SimpleSAMLphp as the identity provider of a company: PHP's own server on a free port of loopback, and a folder of its
// own for everything it reads and writes. Over https there is a proxy in front of it.
//
// What to know of version 1.19, which Debian 12 and Ubuntu 22.04 and 24.04 package:
// - With a service provider's certificate it encrypts with RSA-OAEP (SHA-1) and AES-128-CBC, and nothing can be set; GCM it
//   does only with a key agreed beforehand (`sharedkey`), without an EncryptedKey. So its entry here needs `allow_cbc`.
// - It signs with RSA keys alone.
// - A signed message in the redirect binding must have a Destination.
// - AuthnRequests are checked only where their sender's entry says so (`validate.authnrequest`, `redirect.validate`).

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { clients, freePort, scratch } from "../demo.mjs";
import { startTls } from "../tls.mjs";
import { makeKey } from "./keys.mjs";
import { Person } from "./person.mjs";

export const people = {
  ann: { uid: "ann", mail: "ann@example.com", displayName: "Ann Archer", groups: ["engineering", "admins"] },
  bob: { uid: "bob", mail: "bob@example.com", displayName: "Bob Baker", groups: ["support"] },
  eve: { uid: "eve", mail: "eve@example.com", displayName: "Eve Stone", groups: [] },
  // A pseudonym, which is all that many providers tell.
  pat: { uid: "_8e8dc5f69a98cc4c1ff3427e5ce34606fd672f91e68e8dc5f69a98cc4c1ff342", groups: [] },
};

/** The folder of SimpleSAMLphp on this machine, if PHP is here to run it (scripts/clients.sh finds the same). */
export function findSimpleSamlPhp() {
  if (spawnSync("php", ["-r", "exit(extension_loaded('dom') ? 0 : 1);"]).status !== 0) return undefined;
  const folders = [
    process.env.SIMPLESAMLPHP,
    join(clients, ".work/simplesamlphp/usr/share/simplesamlphp"),
    "/usr/share/simplesamlphp",
  ];
  return folders.find((folder) => folder && existsSync(join(folder, "www/saml2/idp/SSOService.php")));
}

export const nameIdFormats = {
  persistent: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
  transient: "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
  email: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
  unspecified: "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
};

/** The names that `oids` gives to attributes. */
export const oids = {
  uid: "urn:oid:0.9.2342.19200300.100.1.1",
  mail: "urn:oid:0.9.2342.19200300.100.1.3",
  displayName: "urn:oid:2.16.840.1.113730.3.1.241",
  eduPersonAffiliation: "urn:oid:1.3.6.1.4.1.5923.1.1.1.1",
  groups: "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
};

const aws = "https://aws.amazon.com/SAML/Attributes/";
const basic = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic";
const uri = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";

/**
 * Starts it. `host` is what browsers call it: "localhost" is the same site as the broker's localhost, "127.0.0.1" another.
 * With `ca`, a folder made by make-ca, it is reached over https. It knows nobody until `trust` or `trustMetadata` names a
 * service provider.
 */
export async function startSimpleSamlPhp({ host = "localhost", ca } = {}) {
  const program = findSimpleSamlPhp();
  if (!program) throw new Error("SimpleSAMLphp is not here: scripts/install-test saml");
  const folder = scratch();
  const port = await freePort();
  const tls = ca && (await startTls(ca, port));
  const url = tls ? `https://${host}:${tls.port}` : `http://${host}:${port}`;
  const entityId = `${url}/saml2/idp/metadata.php`;
  const providers = {};
  for (const name of ["config", "metadata", "cert", "data", "log", "temp", "sessions"]) mkdirSync(join(folder, name));
  const write = (name, text) => writeFileSync(join(folder, name), text);
  const array = (name, variable, value) => write(name, `<?php\n$${variable} = ${php(value)};\n`);

  array("config/config.php", "config", configuration(folder, url));
  array("config/authsources.php", "config", authSources());
  array("metadata/saml20-sp-remote.php", "metadata", {});
  const hosted = (more = {}) =>
    array("metadata/saml20-idp-hosted.php", "metadata", {
      [entityId]: {
        host: "__DEFAULT__",
        auth: "people",
        privatekey: join(folder, "cert/current.key"),
        certificate: join(folder, "cert/current.pem"),
        NameIDFormat: [nameIdFormats.persistent, nameIdFormats.email, nameIdFormats.transient],
        "saml20.sign.response": true,
        "saml20.sign.assertion": true,
        "signature.algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        ...more,
      },
    });
  makeKey(join(folder, "cert/current"));
  hosted();
  write("router.php", router(join(program, "www")));

  const log = join(folder, "server.log");
  const out = openSync(log, "w");
  // Its own files change while it runs: opcache would serve the old ones for seconds.
  const settings = ["opcache.enable=0", "display_errors=0", `session.save_path=${join(folder, "sessions")}`].flatMap((one) => [
    "-d",
    one,
  ]);
  const server = spawn("php", [...settings, "-S", `127.0.0.1:${port}`, "-t", join(program, "www"), join(folder, "router.php")], {
    stdio: ["ignore", out, out],
    env: { ...process.env, SIMPLESAMLPHP_CONFIG_DIR: join(folder, "config") },
  });
  const kill = () => server.kill("SIGKILL");
  process.once("exit", kill);
  const ended = new Promise((resolve) => (server.once("exit", resolve), server.once("error", resolve)));
  const metadataUrl = entityId;
  const log_ = () => {
    const files = [log, join(folder, "log/idp.log")].filter(existsSync).map((file) => readFileSync(file, "utf8"));
    return files.join("").replace(/^.* (Accepted|Closing)\n/gm, "");
  };
  for (let i = 0; ; i++) {
    const ready = await fetch(`http://127.0.0.1:${port}/saml2/idp/metadata.php`)
      .then((answer) => answer.ok)
      .catch(() => false);
    if (ready) break;
    if (i > 200 || server.exitCode !== null) throw new Error(`SimpleSAMLphp did not start:\n${log_()}`);
    await sleep(50);
  }

  const remote = () => array("metadata/saml20-sp-remote.php", "metadata", providers);
  const idp = {
    url,
    metadataUrl,
    entityId,
    folder,
    /** What it and its server have logged. */
    log: log_,
    certificate: () => readFileSync(join(folder, "cert/current.pem"), "utf8"),

    /** Trusts a service provider from now on, and in this way; the options are those of `serviceProvider`. */
    trust(sp) {
      providers[sp.entityId] = serviceProvider(sp);
      remote();
    },

    /** The same from the service provider's own metadata, as SimpleSAMLphp itself reads it; throws where it objects. */
    trustMetadata(xml, sp = {}) {
      const { entityId, entry } = JSON.parse(readMetadata(program, folder, xml));
      providers[entityId] = { ...entry, ...serviceProvider({ ...sp, entityId }) };
      remote();
      return entityId;
    },

    /** What SimpleSAMLphp read of a service provider, and what options made of it. */
    entry: (entityId) => providers[entityId],

    /** Announces the next key in the metadata, beside the current one. */
    announceKey() {
      makeKey(join(folder, "cert/next"));
      hosted({ new_privatekey: join(folder, "cert/next.key"), new_certificate: join(folder, "cert/next.pem") });
    },

    /** Signs with the announced key from now on; the old one is gone from the metadata. */
    promoteKey() {
      for (const end of ["key", "pem"]) write(`cert/current.${end}`, readFileSync(join(folder, `cert/next.${end}`), "utf8"));
      hosted();
    },

    /** Where a sign-in without a request begins (IdP-initiated). */
    unsolicited(entityId, relayState) {
      const query = new URLSearchParams({ spentityid: entityId, ...(relayState && { RelayState: relayState }) });
      return `${url}/saml2/idp/SSOService.php?${query}`;
    },

    /** Where a person signs out of everything (IdP-initiated). */
    signOut: `${url}/saml2/idp/initSLO.php?${new URLSearchParams({ RelayState: `${url}/logout.php` })}`,

    /**
     * Signs `person` in at `address` (a request in the redirect binding, or `unsolicited`) without a browser; the form
     * that a browser would post next: `{ action, SAMLResponse, RelayState }`.
     */
    async respond(address, person, session = new Person()) {
      let page = await session.get(address);
      if (page.form?.fields.AuthState) {
        page = await session.submit(page, { username: person, password: person });
      }
      if (!page.form?.fields.SAMLResponse)
        throw new Error(`no response for ${person}, but ${page.url}:\n${page.text}\n${log_()}`);
      const { SAMLResponse, RelayState } = page.form.fields;
      return { action: page.form.action, SAMLResponse, RelayState };
    },

    /** A response for AWS's sign-in, which is what AssumeRoleWithSAML takes; `roles` are "role-arn,provider-arn". */
    awsResponse(person, roles, more = {}) {
      idp.trust({ ...awsProvider, aws: { roles, ...more } });
      return idp.respond(idp.unsolicited(awsProvider.entityId), person);
    },

    stop() {
      process.off("exit", kill);
      server.kill("SIGTERM");
      return Promise.all([ended, tls?.stop()]);
    },
  };
  return idp;
}

/** AWS's sign-in as a service provider: its name and where its responses go. */
export const awsProvider = { entityId: "urn:amazon:webservices", acsUrl: "https://signin.aws.amazon.com/saml" };

/**
 * An entry of saml20-sp-remote.php.
 *
 * - entityId, acsUrl, sloUrl, certificate (PEM: for its signatures and for encryption)
 * - nameId: one of `nameIdFormats`
 * - signAssertion, signResponse (both by default), algorithm: "rsa-sha1", "rsa-sha256", "rsa-sha384", "rsa-sha512"
 * - encrypt; sharedKey and sharedKeyAlgorithm: see the head of this file
 * - validate: its requests must be signed
 * - oids: attributes by their urn:oid names, as eduPerson has them, rather than short ones
 * - aws: { roles, sessionName = "mail", tags = {}, duration, sourceIdentity } instead of the attributes of a person
 * - more: anything else, as SimpleSAMLphp spells it
 */
function serviceProvider(sp) {
  const { entityId, acsUrl, sloUrl, certificate, nameId, signAssertion, signResponse, algorithm, encrypt, validate, more } = sp;
  const namespace = algorithm === "rsa-sha1" ? "http://www.w3.org/2000/09/xmldsig#" : "http://www.w3.org/2001/04/xmldsig-more#";
  const entry = {
    entityid: entityId,
    AssertionConsumerService: acsUrl && [
      { Binding: "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST", Location: acsUrl, index: 0 },
    ],
    SingleLogoutService: sloUrl && [{ Binding: "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect", Location: sloUrl }],
    certData: certificate?.replace(/-----.*-----|\s/g, ""),
    NameIDFormat: nameId,
    "saml20.sign.assertion": signAssertion,
    "saml20.sign.response": signResponse,
    "signature.algorithm": algorithm && namespace + algorithm,
    "assertion.encryption": encrypt,
    sharedkey: sp.sharedKey,
    sharedkey_algorithm: sp.sharedKeyAlgorithm,
    "validate.authnrequest": validate,
    "redirect.validate": validate,
    "sign.logout": true,
    "validate.logout": true,
    "attributes.NameFormat": sp.aws || sp.oids ? uri : basic,
    authproc: sp.oids && { 60: { class: "core:AttributeMap", ...oids } },
    ...(sp.aws && forAws(sp.aws)),
    ...more,
  };
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));
}

function forAws({ roles, sessionName = "mail", tags = {}, duration, sourceIdentity }) {
  const fixed = { [`${aws}Role`]: roles };
  for (const [key, value] of Object.entries(tags)) fixed[`${aws}PrincipalTag:${key}`] = [value];
  if (duration) fixed[`${aws}SessionDuration`] = [String(duration)];
  if (sourceIdentity) fixed[`${aws}SourceIdentity`] = [sourceIdentity];
  return {
    NameIDFormat: nameIdFormats.persistent,
    authproc: {
      60: { class: "core:AttributeAdd", ...fixed },
      61: { class: "core:AttributeCopy", [sessionName]: `${aws}RoleSessionName` },
      62: { class: "core:AttributeLimit", ...[`${aws}RoleSessionName`, ...Object.keys(fixed)] },
    },
  };
}

function configuration(folder, url) {
  return {
    baseurlpath: `${url}/`,
    certdir: join(folder, "cert/"),
    loggingdir: join(folder, "log/"),
    datadir: join(folder, "data/"),
    tempdir: join(folder, "temp"),
    metadatadir: join(folder, "metadata/"),
    "metadata.sources": [{ type: "flatfile", directory: join(folder, "metadata/") }],
    secretsalt: "for these tests alone",
    "auth.adminpassword": "for these tests alone",
    "admin.checkforupdates": false,
    timezone: "UTC",
    debug: { saml: false, backtraces: true, validatexml: true },
    showerrors: true,
    errorreporting: false,
    "logging.level": 7,
    "logging.handler": "file",
    "logging.logfile": "idp.log",
    "enable.saml20-idp": true,
    "module.enable": { exampleauth: true, core: true, saml: true },
    "store.type": "phpsession",
    "session.cookie.name": "SimpleSAMLSessionID",
    "session.cookie.secure": url.startsWith("https:"),
    "session.cookie.samesite": null,
    "session.phpsession.cookiename": "SimpleSAML",
    "session.phpsession.savepath": join(folder, "sessions"),
    "session.authtoken.cookiename": "SimpleSAMLAuthToken",
    "language.available": ["en"],
    "language.default": "en",
    "trusted.url.domains": null,
    production: true,
    "authproc.idp": {
      10: { class: "saml:AttributeNameID", attribute: "uid", Format: nameIdFormats.persistent },
      11: { class: "saml:AttributeNameID", attribute: "mail", Format: nameIdFormats.email },
      12: { class: "saml:AttributeNameID", attribute: "uid", Format: nameIdFormats.unspecified },
      13: { class: "saml:TransientNameID" },
      99: { class: "core:LanguageAdaptor" },
    },
  };
}

function authSources() {
  const accounts = {};
  for (const [name, person] of Object.entries(people)) {
    const attributes = { ...person, eduPersonAffiliation: person.groups };
    accounts[`${name}:${name}`] = Object.fromEntries(Object.entries(attributes).filter(([, value]) => value.length > 0));
  }
  return { people: { 0: "exampleauth:UserPass", ...accounts } };
}

// PHP's server looks no further than a name with a dot: the path behind a script is found here.
const router = (www) => `<?php
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (!preg_match('#^(/(?:[A-Za-z0-9_]+/)*[A-Za-z0-9_]+\\.php)(/.*)?$#', $path, $part) || !is_file('${www}' . $part[1])) {
    return false;
}
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = $part[1];
$_SERVER['SCRIPT_FILENAME'] = '${www}' . $part[1];
if (isset($part[2])) {
    $_SERVER['PATH_INFO'] = $part[2];
}
chdir(dirname($_SERVER['SCRIPT_FILENAME']));
require $_SERVER['SCRIPT_FILENAME'];
`;

/** Has SimpleSAMLphp read a service provider's metadata, against the schema first. */
function readMetadata(program, folder, xml) {
  const script = `
    require '${program}/lib/_autoload.php';
    $xml = stream_get_contents(STDIN);
    $valid = \\SimpleSAML\\Utils\\XML::isValid($xml, 'saml-schema-metadata-2.0.xsd');
    if ($valid !== true) { fwrite(STDERR, $valid); exit(1); }
    $entity = array_values(\\SimpleSAML\\Metadata\\SAMLParser::parseDescriptorsString($xml))[0];
    $entry = $entity->getMetadata20SP();
    unset($entry['entityDescriptor']);
    echo json_encode(['entityId' => $entity->getEntityID(), 'entry' => $entry]);`;
  const env = { ...process.env, SIMPLESAMLPHP_CONFIG_DIR: join(folder, "config") };
  return execFileSync("php", ["-d", "display_errors=0", "-r", script], { input: xml, env, encoding: "utf8" });
}

/** A value as PHP writes it. */
function php(value) {
  if (value === null || value === undefined) return "null";
  if (typeof value === "string") return `'${value.replace(/[\\']/g, "\\$&")}'`;
  if (typeof value !== "object") return String(value);
  // Keys that look like numbers are numbers in PHP.
  const pairs = Array.isArray(value) ? value.map(php) : Object.entries(value).map(([key, one]) => `${php(key)} => ${php(one)}`);
  return `[${pairs.join(", ")}]`;
}
