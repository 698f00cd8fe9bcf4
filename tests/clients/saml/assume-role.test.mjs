// AssumeRoleWithSAML of the embedded STS, called by the AWS CLI with what SimpleSAMLphp sends to AWS's sign-in.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { dev, scratch, shell, startDemo } from "../demo.mjs";
import { startSimpleSamlPhp } from "./simplesamlphp.mjs";

const folder = scratch();
const provider = `arn:aws:iam::${dev}:saml-provider/Elsewhere`;
const role = `arn:aws:iam::${dev}:role/Auditor`;
let demo, idp;

/** Runs AWS CLI lines with a key, or with none: AssumeRoleWithSAML needs none. */
async function aws(script, key = {}) {
  const place = {
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_ENDPOINT_URL_STS: demo.url,
    AWS_ENDPOINT_URL_IAM: demo.url,
  };
  const keys = key.accessKeyId && { AWS_ACCESS_KEY_ID: key.accessKeyId, AWS_SECRET_ACCESS_KEY: key.secretAccessKey };
  return (await shell(`set -e\ncd ${folder}\n${script}`, { ...place, ...keys })).stdout;
}

/** Signs `person` in there and gives the file that the CLI takes. */
async function assertion(person, more = {}, wanted = role) {
  const { SAMLResponse } = await idp.awsResponse(person, [`${wanted},${provider}`], more);
  writeFileSync(join(folder, "assertion"), SAMLResponse);
}
const assume = (wanted = role) =>
  aws(`aws sts assume-role-with-saml --role-arn ${wanted} --principal-arn ${provider} --saml-assertion file://assertion`);

before(async () => {
  [demo, idp] = await Promise.all([startDemo(), startSimpleSamlPhp()]);
  writeFileSync(join(folder, "metadata.xml"), await (await fetch(idp.metadataUrl)).text());
  const trust = (name, more = {}) => {
    const statement = {
      Effect: "Allow",
      Principal: { Federated: provider },
      Action: ["sts:AssumeRoleWithSAML", "sts:TagSession"],
      Condition: { StringEquals: { "saml:aud": "https://signin.aws.amazon.com/saml", ...more } },
    };
    writeFileSync(join(folder, name), JSON.stringify({ Version: "2012-10-17", Statement: [statement] }));
  };
  trust("anyone.json");
  trust("core.json", { "aws:RequestTag/Team": "core" });
  await aws(
    `aws iam create-saml-provider --name Elsewhere --saml-metadata-document file://metadata.xml
     aws iam create-role --role-name Auditor --assume-role-policy-document file://anyone.json
     aws iam create-role --role-name OfCore --assume-role-policy-document file://core.json`,
    demo.root,
  );
});
after(async () => {
  await idp?.stop();
  await demo?.stop();
});

test("the CLI gets credentials, and they are those of the role", async () => {
  await assertion("ann");
  const answer = JSON.parse(await assume());
  assert.equal(answer.AssumedRoleUser.Arn, `arn:aws:sts::${dev}:assumed-role/Auditor/ann@example.com`);
  assert.equal(answer.Audience, "https://signin.aws.amazon.com/saml");
  assert.equal(answer.Issuer, idp.entityId);
  assert.equal(answer.Subject, "ann");
  assert.equal(answer.SubjectType, "persistent");
  const { AccessKeyId, SecretAccessKey, SessionToken } = answer.Credentials;
  const who = await aws(
    `export AWS_SESSION_TOKEN='${SessionToken}'
     aws sts get-caller-identity --query Arn --output text`,
    { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey },
  );
  assert.equal(who.trim(), answer.AssumedRoleUser.Arn);
});

test("the duration of the assertion is taken", async () => {
  await assertion("bob", { duration: 900 });
  const { Credentials } = JSON.parse(await assume());
  assert.ok(Date.parse(Credentials.Expiration) - Date.now() <= 905_000);
});

test("the tags of the assertion are what the trust policy sees", async () => {
  const ofCore = `arn:aws:iam::${dev}:role/OfCore`;
  await assertion("bob", { tags: { Team: "core" } }, ofCore);
  await assume(ofCore);
  await assertion("bob", { tags: { Team: "edge" } }, ofCore);
  await assert.rejects(assume(ofCore), /AccessDenied/);
});

test("a role that the assertion does not name is refused", async () => {
  const { SAMLResponse } = await idp.awsResponse("ann", [`arn:aws:iam::${dev}:role/Other,${provider}`]);
  writeFileSync(join(folder, "assertion"), SAMLResponse);
  await assert.rejects(assume(), /InvalidIdentityToken.*SAML Assertion doesn't contain the requested Role and Metadata/);
});

test("a changed assertion is refused", async () => {
  const { SAMLResponse } = await idp.awsResponse("bob", [`${role},${provider}`]);
  const changed = Buffer.from(SAMLResponse, "base64").toString().replaceAll(">bob@example.com<", ">ann@example.com<");
  writeFileSync(join(folder, "assertion"), Buffer.from(changed).toString("base64"));
  await assert.rejects(assume(), /InvalidIdentityToken.*Response signature invalid/);
});

test("an assertion for a service provider that is not AWS is refused", async () => {
  const elsewhere = {
    entityId: "https://elsewhere.test",
    acsUrl: "https://elsewhere.test/acs",
    aws: { roles: [`${role},${provider}`] },
  };
  idp.trust(elsewhere);
  const { SAMLResponse } = await idp.respond(idp.unsolicited(elsewhere.entityId), "ann");
  writeFileSync(join(folder, "assertion"), SAMLResponse);
  await assert.rejects(assume(), /InvalidIdentityToken/);
});
